/* statements.c - every statement of the engine's table is one its database understands. */
#include <apr_time.h>

#include "db_fixture.h"

static const char *const names[STMT__COUNT] = {
#define OKAPI_STMT(name, sqlite, mysql, pgsql) [name] = #name,
#include "db/statements.def"
#undef OKAPI_STMT
};

static apr_status_t prepare(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__stmt_prepare(conn, *(okapi__stmt_e *)baton);
}

static apr_status_t prepare_all(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi__stmt_e stmt;
    apr_status_t rv = APR_SUCCESS;

    for (stmt = 0; stmt < STMT__COUNT && rv == APR_SUCCESS; stmt++) {
        rv = okapi__stmt_prepare(conn, stmt);
    }
    return rv;
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    okapi__db_t *db;
    okapi__stmt_e stmt;
    apr_time_t start;

    make_test_dir(pool);
    db = open_db(1, pool);
    for (stmt = 0; stmt < STMT__COUNT; stmt++) {
        if (!ok(okapi__db_write(db, prepare, &stmt, pool) == APR_SUCCESS, "%s", names[stmt])) {
            diag("%s", last_line);
        }
    }
    db = open_db(0, pool);
    start = apr_time_now();
    is_int(okapi__db_write(db, prepare_all, NULL, pool), APR_SUCCESS, "all of them at once");
    diag("%d statements are prepared in %ld us", STMT__COUNT, (long)(apr_time_now() - start));
    remove_test_dir(pool);
    return done_testing();
}
