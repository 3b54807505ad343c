/* conn.c - connections to the database, and the pool that keeps them. */
#include <string.h>

#include <apr_dso.h>

#include "db/private.h"

#define ACQUIRE_TIMEOUT apr_time_from_sec(30)  /* for a connection while all are in use */
#define MEMORY_MAX      1048576                /* a connection keeps for later, in bytes */
#define IDLE_MAX        apr_time_from_sec(300) /* servers and firewalls drop idle connections */

apr_status_t okapi__pool_create(apr_pool_t **pool, apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_status_t rv = apr_allocator_create(&allocator);

    if (rv) {
        return rv;
    }
    rv = apr_pool_create_ex(pool, parent, NULL, allocator);
    if (rv) {
        apr_allocator_destroy(allocator);
        return rv;
    }
    apr_allocator_owner_set(allocator, *pool);
    return APR_SUCCESS;
}

/* Makes libpq put the SQLSTATE into its messages. The driver has loaded libpq; it has no call
 * for this. */
static void show_sqlstate(okapi__conn_t *conn)
{
    enum { PQERRORS_VERBOSE = 2 };
    typedef int set_verbosity_t(void *connection, int verbosity);
    apr_dso_handle_t *libpq;
    apr_dso_handle_sym_t set_verbosity;

    if (apr_dso_load(&libpq, "libpq.so.5", conn->pool) == APR_SUCCESS &&
        apr_dso_sym(&set_verbosity, libpq, "PQsetErrorVerbosity") == APR_SUCCESS) {
        ((set_verbosity_t *)set_verbosity)(apr_dbd_native_handle(conn->db->driver, conn->handle),
                                           PQERRORS_VERBOSE);
    }
}

okapi__failure_e okapi__conn_pragma(okapi__conn_t *conn, const char *sql, apr_pool_t *scratch_pool)
{
    apr_dbd_results_t *results = NULL;

    return okapi__conn_failure(
        conn, apr_dbd_select(conn->db->driver, scratch_pool, conn->handle, &results, sql, 0), sql);
}

static apr_status_t start_session(okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    const okapi__dialect_t *dialect = conn->db->dialect;
    okapi__failure_e failure = FAILURE_NONE;
    const char *const *sql;

    if (dialect->engine == OKAPI__PGSQL) {
        show_sqlstate(conn);
    }
    for (sql = dialect->session; *sql != NULL && failure == FAILURE_NONE; sql++) {
        failure = dialect->engine == OKAPI__SQLITE ? okapi__conn_pragma(conn, *sql, scratch_pool)
                                                   : okapi__conn_sql(conn, *sql);
    }
    return okapi__failures[failure].status;
}

static apr_status_t conn_close(void *resource, void *params, apr_pool_t *pool)
{
    okapi__conn_t *conn = resource;

    apr_pool_destroy(conn->stmt_pool);
    apr_dbd_close(conn->db->driver, conn->handle);
    apr_pool_destroy(conn->pool);
    return APR_SUCCESS;
}

/* Of a server that has just been there, okapi__db_run tells in the end. */
static void log_unreachable(const okapi__db_t *db, const char *error)
{
    int answers = __atomic_load_n(&db->answers, __ATOMIC_RELAXED);

    error = error != NULL ? error : "no reason given";
    okapi__db_log(db, answers ? OKAPI_LOG_DEBUG : OKAPI_LOG_ERROR, OKAPI_ENODATABASE,
                  "database %s can't be opened: %.*s: %s", db->label, (int)strcspn(error, "\r\n"),
                  error, okapi__failures[FAILURE_UNREACHABLE].advice);
}

/* Constructor for apr_reslist, which calls it and the destructor under its lock. */
static apr_status_t conn_open(void **resource, void *params, apr_pool_t *pool)
{
    okapi__db_t *db = params;
    okapi__conn_t *conn;
    apr_pool_t *conn_pool, *scratch_pool;
    const char *error = NULL;
    apr_status_t rv;

    rv = okapi__pool_create(&conn_pool, pool);
    if (rv) {
        return rv;
    }
    conn = apr_pcalloc(conn_pool, sizeof(*conn));
    conn->db = db;
    conn->pool = conn_pool;
    if (apr_dbd_open_ex(db->driver, conn_pool, db->params, &conn->handle, &error)) {
        log_unreachable(db, error);
        apr_pool_destroy(conn_pool);
        return OKAPI_ENODATABASE;
    }
    apr_pool_create(&conn->stmt_pool, conn_pool);
    apr_pool_create(&conn->posted.pool, conn_pool);
    conn->results = apr_pool_allocator_get(conn_pool);
    apr_allocator_max_free_set(conn->results, MEMORY_MAX);
    conn->scripts = apr_hash_make(conn->stmt_pool);
    okapi__script_forget(conn);
    conn->brigade = apr_brigade_create(conn_pool, apr_bucket_alloc_create(conn_pool));
    apr_pool_create(&scratch_pool, conn_pool);
    rv = start_session(conn, scratch_pool);
    apr_pool_destroy(scratch_pool);
    if (rv) {
        conn_close(conn, db, pool);
        return rv;
    }
    *resource = conn;
    return APR_SUCCESS;
}

static apr_status_t close_connections(void *connections)
{
    return apr_reslist_destroy(connections);
}

/* They close before POOL destroys its subpools, which are theirs. */
apr_status_t okapi__connections_create(okapi__db_t *db, int max, apr_pool_t *pool)
{
    apr_interval_time_t idle_max = db->path != NULL ? 0 : IDLE_MAX;
    apr_status_t rv = apr_reslist_create(&db->connections, 0, max, max, idle_max, conn_open,
                                         conn_close, db, pool);

    if (rv) {
        return rv;
    }
    apr_reslist_timeout_set(db->connections, ACQUIRE_TIMEOUT);
    apr_pool_pre_cleanup_register(pool, db->connections, close_connections);
    return APR_SUCCESS;
}
