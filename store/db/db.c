/* db.c - opening a database, its connections, and transactions.
 *
 * Work runs in a transaction and, if the engine says so, once more: the rows of okapi__failures
 * tell which failures pass and how often to try.
 */
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include <apr_dso.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "db/private.h"

#define ACQUIRE_TIMEOUT apr_time_from_sec(30)  /* for a connection while all are in use */
#define IDLE_MAX        apr_time_from_sec(300) /* servers and firewalls drop idle connections */

void okapi__db_log(const okapi__db_t *db, okapi_log_e level, apr_status_t status,
                   const char *format, ...)
{
    char line[1024];
    va_list args;

    if (db->host.log == NULL) {
        return;
    }
    va_start(args, format);
    apr_vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    db->host.log(db->host.baton, level, status, line);
}

okapi__engine_e okapi__db_engine(const okapi__db_t *db)
{
    return db->dialect->engine;
}

/* ---- connections ---- */

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

/* Runs the session's settings. SQLite's answer with a row, which the driver's query call takes for
 * a failure; on MariaDB its select call isn't safe without a prepared statement. */
static apr_status_t start_session(okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    const okapi__db_t *db = conn->db;
    const char *const *sql;

    if (db->dialect->engine == OKAPI__PGSQL) {
        show_sqlstate(conn);
    }
    for (sql = db->dialect->session; *sql != NULL; sql++) {
        okapi__failure_e failure;
        if (db->dialect->engine == OKAPI__SQLITE) {
            apr_dbd_results_t *results = NULL;
            failure = okapi__conn_failure(
                conn, apr_dbd_select(db->driver, scratch_pool, conn->handle, &results, *sql, 0),
                *sql);
        } else {
            failure = okapi__conn_sql(conn, *sql);
        }
        if (failure != FAILURE_NONE) {
            return okapi__failures[failure].status;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t conn_close(void *resource, void *params, apr_pool_t *pool)
{
    okapi__conn_t *conn = resource;

    apr_pool_destroy(conn->stmt_pool);
    apr_dbd_close(conn->db->driver, conn->handle);
    apr_pool_destroy(conn->pool);
    return APR_SUCCESS;
}

/* A pool with an allocator of its own, which no other thread's work can get in the way of. */
static apr_status_t create_pool(apr_pool_t **pool, apr_pool_t *parent)
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

/* Constructor for apr_reslist, which calls it and the destructor under its lock. */
static apr_status_t conn_open(void **resource, void *params, apr_pool_t *pool)
{
    okapi__db_t *db = params;
    okapi__conn_t *conn;
    apr_pool_t *conn_pool, *scratch_pool;
    const char *error = NULL;
    apr_status_t rv;

    rv = create_pool(&conn_pool, pool);
    if (rv) {
        return rv;
    }
    conn = apr_pcalloc(conn_pool, sizeof(*conn));
    conn->db = db;
    conn->pool = conn_pool;
    if (apr_dbd_open_ex(db->driver, conn_pool, db->params, &conn->handle, &error)) {
        okapi__db_log(db, OKAPI_LOG_ERROR, OKAPI_ENODATABASE, "database %s can't be opened: %s: %s",
                      db->label, error != NULL ? error : "no reason given",
                      okapi__failures[FAILURE_UNREACHABLE].advice);
        apr_pool_destroy(conn_pool);
        return OKAPI_ENODATABASE;
    }
    apr_pool_create(&conn->stmt_pool, conn_pool);
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

/* ---- transactions ---- */

/* SQLite: a commit is synced to disk (FULL), or only the next synced one makes it durable. */
static okapi__failure_e set_synchronous(okapi__conn_t *conn, const char *sql, apr_pool_t *pool)
{
    apr_dbd_results_t *results = NULL;

    return okapi__conn_failure(
        conn, apr_dbd_select(conn->db->driver, pool, conn->handle, &results, sql, 0), sql);
}

static okapi__failure_e begin(okapi__conn_t *conn, okapi__mode_e mode)
{
    const okapi__dialect_t *dialect = conn->db->dialect;
    const char *const *sql = mode == MODE_READ ? dialect->begin_read : dialect->begin_write;
    okapi__failure_e failure = FAILURE_NONE;

    for (; *sql != NULL && failure == FAILURE_NONE; sql++) {
        failure = okapi__conn_sql(conn, *sql);
    }
    return failure;
}

/* Ends a transaction whose work returned RV. */
static apr_status_t end(okapi__conn_t *conn, apr_status_t rv)
{
    okapi__db_t *db = conn->db;
    int affected = 0;

    if (rv == APR_SUCCESS) {
        conn->failure = okapi__conn_sql(conn, "COMMIT");
        if (conn->failure == FAILURE_NONE) {
            return APR_SUCCESS;
        }
        conn->maybe_committed = conn->failure == FAILURE_LOST;
        rv = okapi__failures[conn->failure].status;
    }
    /* What can be rolled back is; an engine that did it by itself may complain, not we. */
    if (conn->failure != FAILURE_LOST) {
        apr_dbd_query(db->driver, conn->handle, &affected, "ROLLBACK");
    }
    return rv;
}

/* Runs WORK once on CONN. conn->failure tells the failure of the engine, if it was one. */
static apr_status_t run_on(okapi__conn_t *conn, okapi__mode_e mode, okapi__work_t work, void *baton,
                           apr_pool_t *scratch_pool)
{
    apr_status_t rv;

    conn->failure = begin(conn, mode);
    if (conn->failure != FAILURE_NONE) {
        return okapi__failures[conn->failure].status;
    }
    rv = work(conn, baton, scratch_pool);
    if (conn->status != APR_SUCCESS) {
        rv = conn->status; /* also if WORK overlooked it */
    }
    return end(conn, rv);
}

/* One try: with the lock, a connection and a pool of its own. */
static apr_status_t run_once(okapi__failure_e *failure, int *maybe_committed, okapi__db_t *db,
                             okapi__mode_e mode, okapi__work_t work, void *baton,
                             apr_pool_t *scratch_pool)
{
    int ordered = mode == MODE_WRITE_ORDERED && db->dialect->engine == OKAPI__SQLITE;
    okapi__conn_t *conn;
    void *resource;
    apr_status_t rv;

    rv = apr_reslist_acquire(db->connections, &resource);
    if (rv) {
        *failure = FAILURE_NONE;
        return APR_STATUS_IS_TIMEUP(rv) ? OKAPI_EBUSY : rv;
    }
    conn = resource;
    conn->status = APR_SUCCESS;
    conn->failure = FAILURE_NONE;
    conn->discard = 0;
    conn->maybe_committed = *maybe_committed;
    if (ordered) {
        set_synchronous(conn, "PRAGMA synchronous=NORMAL", scratch_pool);
    }
    rv = run_on(conn, mode, work, baton, scratch_pool);
    if (ordered && set_synchronous(conn, "PRAGMA synchronous=FULL", scratch_pool)) {
        conn->discard = 1;
    }
    *failure = conn->failure;
    *maybe_committed = conn->maybe_committed;
    if (conn->discard) {
        apr_reslist_invalidate(db->connections, conn);
    } else {
        apr_reslist_release(db->connections, conn);
    }
    return rv;
}

/* Sleeps a random time, so that those who collided don't do it again in step. */
static void back_off(const okapi__failure_t *meaning, int try)
{
    apr_uint32_t random = 0;

    if (meaning->pause > 0) {
        apr_generate_random_bytes((unsigned char *)&random, sizeof(random));
        apr_sleep(200 + random % (apr_uint32_t)(meaning->pause * (try < 10 ? try : 10)));
    }
}

apr_status_t okapi__db_run(okapi__db_t *db, okapi__mode_e mode, okapi__work_t work, void *baton,
                           apr_pool_t *scratch_pool)
{
    okapi__writelock_t *lock = mode == MODE_READ ? NULL : db->writelock;
    const okapi__failure_t *meaning;
    okapi__failure_e failure;
    int maybe_committed = 0, try;
    apr_status_t rv;
    apr_pool_t *pool;

    apr_pool_create(&pool, scratch_pool);
    for (try = 1;; try++) {
        apr_pool_clear(pool);
        rv = lock != NULL ? okapi__writelock_acquire(lock) : APR_SUCCESS;
        if (rv) {
            break;
        }
        rv = run_once(&failure, &maybe_committed, db, mode, work, baton, pool);
        if (lock != NULL) {
            okapi__writelock_release(lock);
        }
        meaning = &okapi__failures[failure];
        if (try >= meaning->tries) {
            if (meaning->tries > 1) {
                okapi__db_log(db, OKAPI_LOG_ERROR, rv, "database %s: gave up after %d tries: %s",
                              db->label, try, meaning->advice);
            }
            break;
        }
        back_off(meaning, try);
    }
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t okapi__db_read(okapi__db_t *db, okapi__work_t work, void *baton,
                            apr_pool_t *scratch_pool)
{
    return okapi__db_run(db, MODE_READ, work, baton, scratch_pool);
}

apr_status_t okapi__db_write(okapi__db_t *db, okapi__work_t work, void *baton,
                             apr_pool_t *scratch_pool)
{
    return okapi__db_run(db, MODE_WRITE, work, baton, scratch_pool);
}

int okapi__db_maybe_committed(const okapi__conn_t *conn)
{
    return conn->maybe_committed;
}

/* ---- opening ---- */

/* What SQLite would only say in general terms, or make by itself, is looked at first. */
static apr_status_t check_file(const okapi__db_t *db, int create, apr_pool_t *scratch_pool)
{
    const char *slash = strrchr(db->path, '/');
    const char *dir = slash == NULL ? "."
                      : slash == db->path
                          ? "/"
                          : apr_pstrmemdup(scratch_pool, db->path, (apr_size_t)(slash - db->path));
    apr_finfo_t finfo;
    apr_status_t rv;

    rv = apr_stat(&finfo, dir, APR_FINFO_TYPE, scratch_pool);
    if (rv || finfo.filetype != APR_DIR) {
        okapi__db_log(db, OKAPI_LOG_ERROR, rv,
                      "database %s: its directory %s is missing: create it, owned by the user that "
                      "httpd runs as",
                      db->path, dir);
        return OKAPI_ENODATABASE;
    }
    rv = apr_stat(&finfo, db->path, APR_FINFO_TYPE, scratch_pool);
    if (rv && !(create && APR_STATUS_IS_ENOENT(rv))) {
        okapi__db_log(db, OKAPI_LOG_ERROR, rv,
                      "database %s can't be found: create it with okapi-admin, or correct the "
                      "Database setting",
                      db->path);
        return OKAPI_ENODATABASE;
    }
    /* The journal and the lock stand beside the file, so the directory has to be writable too. */
    if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0 ||
        (rv == APR_SUCCESS && faccessat(AT_FDCWD, db->path, R_OK | W_OK, AT_EACCESS) != 0)) {
        okapi__db_log(db, OKAPI_LOG_ERROR, apr_get_os_error(),
                      "database %s: it and its directory %s", db->path,
                      okapi__failures[FAILURE_READONLY].advice);
        return OKAPI_EREADONLY;
    }
    return APR_SUCCESS;
}

static apr_status_t load_driver(okapi__db_t *db, apr_pool_t *pool)
{
    apr_status_t rv = apr_dbd_init(pool);

    if (rv == APR_SUCCESS) {
        rv = apr_dbd_get_driver(pool, db->dialect->driver, &db->driver);
    }
    if (rv) {
        okapi__db_log(db, OKAPI_LOG_ERROR, rv,
                      "APR's driver for %s can't be loaded: install the package "
                      "libaprutil1-dbd-%s",
                      db->dialect->name, db->dialect->driver);
        return OKAPI_ENODATABASE;
    }
    return APR_SUCCESS;
}

/* The value of okapi.conf taken apart. */
static apr_status_t describe(okapi__db_t *db, const okapi_config_t *config, apr_pool_t *pool)
{
    const char *params;

    db->dialect = okapi__dialect_of(config->database, &params);
    if (db->dialect == NULL) {
        okapi__db_log(db, OKAPI_LOG_ERROR, APR_SUCCESS,
                      "%s: Database must begin with sqlite3:, mysql: or pgsql:", config->path);
        return OKAPI_ECONFIG;
    }
    db->params = apr_pstrcat(pool, params, db->dialect->params, NULL);
    db->label = db->dialect->name;
    if (db->dialect->engine == OKAPI__SQLITE) {
        db->label = db->path = db->params;
    }
    return APR_SUCCESS;
}

static apr_status_t open_file(okapi__db_t *db, int create, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    const char *lock_path = apr_pstrcat(scratch_pool, db->path, ".lock", NULL);
    apr_status_t rv = check_file(db, create, scratch_pool);

    if (rv) {
        return rv;
    }
    rv = okapi__writelock_create(&db->writelock, lock_path, result_pool);
    if (rv) {
        okapi__db_log(db, OKAPI_LOG_ERROR, rv, "the lock %s can't be opened: it %s", lock_path,
                      okapi__failures[FAILURE_READONLY].advice);
        return OKAPI_EREADONLY;
    }
    return APR_SUCCESS;
}

static apr_status_t close_connections(void *connections)
{
    return apr_reslist_destroy(connections);
}

/* The connections, in a pool of the database's own. They close before it destroys its subpools,
 * which are theirs. */
static apr_status_t create_connections(okapi__db_t *db, int max, apr_pool_t *result_pool)
{
    apr_interval_time_t idle_max = db->path != NULL ? 0 : IDLE_MAX;
    apr_pool_t *pool;
    apr_status_t rv = create_pool(&pool, result_pool);

    if (rv) {
        return rv;
    }
    rv = apr_reslist_create(&db->connections, 0, max, max, idle_max, conn_open, conn_close, db,
                            pool);
    if (rv) {
        return rv;
    }
    apr_reslist_timeout_set(db->connections, ACQUIRE_TIMEOUT);
    apr_pool_pre_cleanup_register(pool, db->connections, close_connections);
    return APR_SUCCESS;
}

apr_status_t okapi__db_open(okapi__db_t **db, const okapi_config_t *config, int create,
                            const okapi_host_t *host, apr_pool_t *result_pool,
                            apr_pool_t *scratch_pool)
{
    okapi__db_t *d = apr_pcalloc(result_pool, sizeof(*d));
    int connections = host != NULL && host->short_lived ? 1 : (int)config->connections;
    apr_status_t rv;

    if (host != NULL) {
        d->host = *host;
    }
    rv = describe(d, config, result_pool);
    if (rv == APR_SUCCESS) {
        rv = load_driver(d, result_pool);
    }
    if (rv == APR_SUCCESS && d->path != NULL) {
        rv = open_file(d, create, result_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_thread_mutex_create(&d->ids.mutex, APR_THREAD_MUTEX_DEFAULT, result_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = create_connections(d, connections, result_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__schema_migrate(d, create, scratch_pool);
    }
    *db = rv == APR_SUCCESS ? d : NULL;
    return rv;
}
