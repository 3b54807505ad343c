/* db.c - the database layer in one process: values, transactions, migrations. */
#include "db_rows.h"

/* ---- values ---- */

typedef struct value_t {
    apr_int64_t id, number;
    okapi_binary_t blob;
    int blob_is_null, found;
    const char *text;
    apr_pool_t *pool; /* for what outlives the transaction */
} value_t;

static apr_status_t write_value(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    value_t *v = baton;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_PROPS_ADD, NULL,
                       DB_ARGS(DB_I(v->id), DB_I(1), DB_B(v->blob.data, v->blob.len),
                               v->blob_is_null ? DB_NULL : DB_B(v->blob.data, v->blob.len)),
                       scratch_pool);

    return rv ? rv
              : okapi__db_exec(conn, STMT_NAME_ADD, NULL,
                               DB_ARGS(DB_I(v->id), DB_I(v->number), DB_S(v->text)), scratch_pool);
}

static apr_status_t read_value(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    value_t *v = baton;
    okapi__rows_t *rows;
    apr_status_t rv;

    rv =
        okapi__db_select_one(&rows, &v->found, conn, STMT_PROPS_GET, DB_ARGS(DB_I(v->id)), v->pool);
    if (rv || !v->found) {
        return rv;
    }
    v->blob = okapi__rows_blob(rows, 2);
    v->blob_is_null = okapi__rows_is_null(rows, 2);
    rv = okapi__db_select_one(&rows, &v->found, conn, STMT_NAME_GET, DB_ARGS(DB_I(v->id)), v->pool);
    if (rv || !v->found) {
        return rv;
    }
    v->number = okapi__rows_int(rows, 0);
    v->text = okapi__rows_str(rows, 1);
    return okapi__rows_status(rows);
}

static void round_trip(okapi__db_t *db, const value_t *in, const char *what, apr_pool_t *pool)
{
    value_t out = {.id = in->id, .pool = pool};

    is_int(okapi__db_write(db, write_value, (void *)in, pool), APR_SUCCESS, "%s: written", what);
    is_int(okapi__db_read(db, read_value, &out, pool), APR_SUCCESS, "%s: read", what);
    ok(out.found, "%s: there", what);
    is_int(out.number, in->number, "%s: number", what);
    is_str(out.text, in->text, "%s: text", what);
    is_int(out.blob_is_null, in->blob_is_null, "%s: NULL or not", what);
    ok((out.blob.data == NULL) == in->blob_is_null, "%s: data is NULL for NULL only", what);
    if (!in->blob_is_null) {
        is_mem(out.blob.data, out.blob.len, in->blob.data, in->blob.len, "%s: bytes", what);
    }
}

static void values(okapi__db_t *db, apr_pool_t *pool)
{
    unsigned char *big = apr_palloc(pool, 300 * 1024);
    value_t v = {.id = 100, .text = ""};
    value_t none = {.id = 99999, .pool = pool};
    int i;

    for (i = 0; i < 300 * 1024; i++) {
        big[i] = (unsigned char)(i * 2654435761u >> 11);
    }
    v.blob_is_null = 1;
    round_trip(db, &v, "NULL", pool);
    v = (value_t){.id = 101, .text = "x", .number = APR_INT64_MAX};
    v.blob = (okapi_binary_t){NULL, 0};
    round_trip(db, &v, "empty", pool);
    v = (value_t){.id = 102, .number = APR_INT64_MIN, .blob = {big, 300 * 1024}};
    v.text = "\xc3\x9c\xe2\x82\xac\xf0\x9f\xa6\x8c 'quoted' 100% \\x";
    round_trip(db, &v, "300 KB", pool);
    v = (value_t){.id = 103, .number = -1, .text = "\\x41", .blob = {(void *)"a\0b\\x00", 7}};
    round_trip(db, &v, "NUL inside", pool);
    is_int(okapi__db_read(db, read_value, &none, pool), APR_SUCCESS, "no row is no error");
    is_int(none.found, 0, "but is told");
}

/* ---- many rows ---- */

enum { MANY = 10000, MANY_FROM = 1000000 };

static apr_status_t add_many(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    apr_pool_t *iterpool;
    apr_status_t rv = APR_SUCCESS;
    int i;

    apr_pool_create(&iterpool, scratch_pool);
    for (i = 0; i < MANY && rv == APR_SUCCESS; i++) {
        apr_pool_clear(iterpool);
        rv = okapi__db_exec(conn, STMT_PROPS_ADD, NULL,
                            DB_ARGS(DB_I(MANY_FROM + i), DB_I(0), DB_B(&i, sizeof(i)), DB_NULL),
                            iterpool);
    }
    apr_pool_destroy(iterpool);
    return rv;
}

/* Counts the rows that come in order and whole; runs other statements meanwhile. */
static apr_status_t read_many(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    int *good = baton;
    okapi__rows_t *rows;
    row_t all = {MANY_FROM, 0, 0};
    apr_status_t rv;

    *good = 0;
    rv = okapi__db_select(&rows, conn, STMT_PROPS_LIST,
                          DB_ARGS(DB_I(MANY_FROM), DB_I(MANY_FROM + MANY - 1)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_binary_t blob = okapi__rows_blob(rows, 1);
        *good += okapi__rows_int(rows, 0) == MANY_FROM + *good && blob.len == sizeof(*good) &&
                 memcmp(blob.data, good, sizeof(*good)) == 0;
        if (*good % 1000 == 0) {
            rv = count_rows(conn, &all, scratch_pool);
        }
    }
    return rv ? rv : okapi__rows_status(rows);
}

static apr_status_t touch_many(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_PROPS_TOUCH, baton,
                          DB_ARGS(DB_I(MANY_FROM), DB_I(MANY_FROM + MANY)), scratch_pool);
}

static void many_rows(okapi__db_t *db, apr_pool_t *pool)
{
    apr_int64_t affected = 0;
    int good = 0;

    is_int(okapi__db_write(db, add_many, NULL, pool), APR_SUCCESS, "10,000 rows written");
    is_int(okapi__db_read(db, read_many, &good, pool), APR_SUCCESS, "and read");
    is_int(good, MANY, "all, whole and in order");
    is_int(okapi__db_write(db, touch_many, &affected, pool), APR_SUCCESS, "updated");
    is_int(affected, MANY, "rows are affected though they hold the same values afterwards");
}

/* ---- transactions ---- */

typedef struct poison_t {
    apr_status_t first, second, third;
} poison_t;

/* Ignores what happened to it. */
static apr_status_t overlook(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    poison_t *p = baton;
    row_t fresh = {201, 0, 0}, duplicate = {200, 0, 0}, other = {202, 0, 0};

    add_row(conn, &fresh, scratch_pool);
    p->first = add_row(conn, &duplicate, scratch_pool);
    p->second = add_row(conn, &other, scratch_pool);
    p->third = count_rows(conn, &other, scratch_pool);
    return APR_SUCCESS;
}

static apr_status_t wrong_count(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_PROPS_TOUCH, NULL, DB_ARGS(DB_I(1)), scratch_pool);
}

static apr_status_t wrong_kind(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_PROPS_TOUCH, NULL, DB_ARGS(DB_I(1), DB_S("2")), scratch_pool);
}

static apr_status_t missing_table(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;

    return okapi__db_select(&rows, conn, STMT_MISSING, DB_NO_ARGS, scratch_pool);
}

static void transactions(okapi__db_t *db, apr_pool_t *pool)
{
    row_t row = {200, 0, OKAPI_EACCESS};
    poison_t p;

    is_int(okapi__db_write(db, add_row, &row, pool), OKAPI_EACCESS, "the work's own error");
    is_int(row.runs, 1, "isn't tried again");
    ok(!has_row(db, 200, pool), "and rolls back");
    row.rv = APR_SUCCESS;
    is_int(okapi__db_write(db, add_row, &row, pool), APR_SUCCESS, "without it");
    ok(has_row(db, 200, pool), "the row is there");
    row.runs = 0;
    is_int(okapi__db_write(db, add_row, &row, pool), OKAPI_EEXISTS, "a duplicate key");
    is_int(row.runs, 1, "isn't tried again either");

    is_int(okapi__db_write(db, overlook, &p, pool), OKAPI_EEXISTS, "an overlooked error is told");
    is_int(p.first, OKAPI_EEXISTS, "it poisons the transaction:");
    is_int(p.second, OKAPI_EEXISTS, "a later statement fails alike");
    is_int(p.third, OKAPI_EEXISTS, "and a later query");
    ok(!has_row(db, 201, pool), "and what was before it is rolled back");

    is_int(okapi__db_write(db, wrong_count, NULL, pool), APR_EINVAL, "too few arguments");
    is_int(okapi__db_write(db, wrong_kind, NULL, pool), APR_EINVAL, "arguments of a wrong kind");
    ok(logged("STMT_PROPS_TOUCH"), "the log names the statement");
    is_int(okapi__db_read(db, add_row, &row, pool), APR_EINVAL, "writing in a reading transaction");
    ok(logged("STMT_PROPS_ADD"), "is told, too");
    is_int(okapi__db_read(db, missing_table, NULL, pool), OKAPI_EDATABASE, "a missing table");
    ok(logged("STMT_MISSING: ") && logged("no_such_table"), "the log has the engine's words");
}

/* ---- one view ---- */

typedef struct view_t {
    okapi__db_t *other; /* the same database a second time */
    apr_int64_t before, after;
} view_t;

static apr_status_t look_twice(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    view_t *view = baton;
    row_t first = {0, 0, 0}, second = {0, 0, 0}, add = {300, 0, 0};
    apr_status_t rv = count_rows(conn, &first, scratch_pool);

    okapi__db_write(view->other, add_row, &add, scratch_pool);
    view->before = first.id;
    rv = rv ? rv : count_rows(conn, &second, scratch_pool);
    view->after = second.id;
    return rv;
}

static void one_view(okapi__db_t *db, apr_pool_t *pool)
{
    view_t view = {open_db(0, pool), 0, 0};

    is_int(okapi__db_read(db, look_twice, &view, pool), APR_SUCCESS, "reading during a write");
    is_int(view.after, view.before, "a reading transaction has one view");
    ok(has_row(db, 300, pool), "the next one sees what was written");
}

/* ---- stale statements ---- */

static apr_status_t run_ddl(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__conn_sql(conn, baton) == FAILURE_NONE ? APR_SUCCESS : OKAPI_EDATABASE;
}

static void stale(okapi__db_t *db, apr_pool_t *pool)
{
    okapi__db_t *other = open_db(0, pool);
    row_t row = {0, 0, 0};

    okapi__db_read(db, count_rows, &row, pool);
    is_int(okapi__db_write(other, run_ddl, "CREATE TABLE elsewhere(id INTEGER)", pool), APR_SUCCESS,
           "somebody changes the schema");
    row = (row_t){0, 0, 0};
    is_int(okapi__db_read(db, count_rows, &row, pool), APR_SUCCESS, "a reader goes on");
    is_int(row.runs, okapi__db_engine(db) == OKAPI__SQLITE ? 2 : 1,
           "where needed by a new connection");
    okapi__db_write(other, run_ddl, "DROP TABLE elsewhere", pool);
    row = (row_t){400, 0, 0};
    is_int(okapi__db_write(db, add_row, &row, pool), APR_SUCCESS, "so does a writer");
    ok(has_row(db, 400, pool), "and has written once");
}

/* ---- ids ---- */

static void ids(okapi__db_t *db, apr_pool_t *pool)
{
    apr_int64_t first = 0, next = 0;
    okapi__db_t *other = open_db(0, pool);

    is_int(okapi__db_take_ids(db, 1, &first, pool), APR_SUCCESS, "an id");
    okapi__db_take_ids(db, 10, &next, pool);
    is_int(next, first + 1, "the next ones follow");
    okapi__db_take_ids(db, 2500, &next, pool);
    is_int(next, first + 11, "more than a block, which goes on where the old one ended");
    okapi__db_take_ids(other, 1, &first, pool);
    ok(first >= next + 2500, "another process has its own");
    okapi__db_take_ids(db, 3000, &next, pool);
    ok(next > first, "a block that doesn't continue the old one is used from its beginning");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    okapi__db_t *db;

    make_test_dir(pool);
    db = open_db(1, pool);
    values(db, pool);
    many_rows(db, pool);
    transactions(db, pool);
    one_view(db, pool);
    stale(db, pool);
    ids(db, pool);
    remove_test_dir(pool);
    return done_testing();
}
