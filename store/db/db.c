/* db.c - opening a database, and transactions.
 *
 * Work runs in a transaction and, if the engine says so, once more: the rows of okapi__failures
 * tell which failures pass and how often to try.
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "db/private.h"

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

/* ---- transactions ---- */

/* A server is told that a transaction begins together with its first statement. */
static okapi__failure_e begin(okapi__conn_t *conn)
{
    const okapi__dialect_t *dialect = conn->db->dialect;
    const char *const *sql = conn->mode == MODE_READ ? dialect->begin_read : dialect->begin_write;
    okapi__failure_e failure = FAILURE_NONE;

    if (conn->mode != MODE_READ && dialect->script[0] != NULL) {
        conn->to_begin = 1;
        return FAILURE_NONE;
    }
    for (; *sql != NULL && failure == FAILURE_NONE; sql++) {
        failure = okapi__conn_sql(conn, *sql);
    }
    return failure;
}

static int is_reading(okapi__mode_e mode)
{
    return mode == MODE_READ || mode == MODE_READ_LOOSE;
}

/* Ends a transaction whose work returned RV. */
static apr_status_t end(okapi__conn_t *conn, apr_status_t rv)
{
    int affected = 0, was_committing = rv == APR_SUCCESS, has_begun;

    if (was_committing) {
        conn->failure = conn->mode == MODE_READ ? okapi__conn_sql(conn, "COMMIT")
                                                : okapi__script_commit(conn);
        if (conn->failure == FAILURE_NONE) {
            conn->last_mark = conn->mark.id != 0 ? conn->mark : conn->last_mark;
            return APR_SUCCESS;
        }
        rv = okapi__failures[conn->failure].status;
    }
    has_begun = !conn->to_begin;
    okapi__script_forget(conn);
    /* The engine may have done it by itself and complain; who knows what state that leaves. */
    if (has_begun && apr_dbd_query(conn->db->driver, conn->handle, &affected, "ROLLBACK") != 0) {
        conn->discard = 1;
    }
    if (was_committing && conn->db->path != NULL && conn->mode != MODE_READ) {
        okapi__mark_bury(conn);
    }
    return rv;
}

/* Runs WORK once on CONN. conn->failure tells the failure of the engine, if it was one. */
static apr_status_t run_on(okapi__conn_t *conn, okapi__work_t work, void *baton,
                           apr_pool_t *scratch_pool)
{
    int loose = conn->mode == MODE_READ_LOOSE;
    apr_status_t rv;

    conn->failure = loose ? FAILURE_NONE : begin(conn);
    if (conn->failure != FAILURE_NONE) {
        return okapi__failures[conn->failure].status;
    }
    rv = work(conn, baton, scratch_pool);
    if (conn->failure == FAILURE_NONE) {
        __atomic_store_n(&conn->db->answers, 1, __ATOMIC_RELAXED);
    }
    if (conn->status != APR_SUCCESS) {
        rv = conn->status; /* also if WORK overlooked it */
    }
    if (!loose) {
        return end(conn, rv);
    }
    /* No ROLLBACK is there to fail on a connection that is lost. */
    conn->discard |= conn->failure != FAILURE_NONE;
    return rv;
}

/* A connection, maybe a new one. */
static apr_status_t acquire(okapi__conn_t **conn, okapi__db_t *db)
{
    void *resource;
    apr_status_t rv = apr_reslist_acquire(db->connections, &resource);

    if (APR_STATUS_IS_TIMEUP(rv)) {
        okapi__db_log(db, OKAPI_LOG_ERROR, rv,
                      "database %s: all connections of this process are in use; raise Connections",
                      db->label);
        return OKAPI_EBUSY;
    }
    *conn = rv == APR_SUCCESS ? resource : NULL;
    return rv;
}

/* One try, with a connection of its own. An id in *MARK: whether it committed is unknown. */
static apr_status_t run_once(okapi__failure_e *failure, okapi__mark_t *mark, okapi__db_t *db,
                             okapi__mode_e mode, okapi__work_t work, void *baton,
                             apr_pool_t *scratch_pool)
{
    int ordered = mode == MODE_WRITE_ORDERED && db->dialect->engine == OKAPI__SQLITE;
    okapi__conn_t *conn;
    apr_status_t rv = acquire(&conn, db);

    *mark = (okapi__mark_t){0, 0};
    if (rv) {
        *failure = rv == OKAPI_EBUSY         ? FAILURE_BUSY
                   : rv == OKAPI_ENODATABASE ? FAILURE_LOST
                                             : FAILURE_NONE;
        return rv;
    }
    conn->mode = mode;
    conn->status = APR_SUCCESS;
    conn->failure = FAILURE_NONE;
    conn->discard = 0;
    conn->wrote = 0;
    conn->to_begin = 0;
    conn->mark = *mark;
    if (ordered) {
        okapi__conn_pragma(conn, "PRAGMA synchronous=NORMAL", scratch_pool);
    }
    rv = run_on(conn, work, baton, scratch_pool);
    okapi__rows_forget(conn);
    if (ordered && okapi__conn_pragma(conn, "PRAGMA synchronous=FULL", scratch_pool)) {
        conn->discard = 1;
    }
    *failure = conn->failure;
    if (conn->failure == FAILURE_LOST) {
        *mark = conn->mark;
    }
    if (conn->discard) {
        apr_reslist_invalidate(db->connections, conn);
    } else {
        apr_reslist_release(db->connections, conn);
    }
    return rv;
}

/* Is it worth waiting for the server? It is when it has just been there: perhaps it is restarted.
 * Once somebody has waited in vain nobody does, until it answers again: the threads of httpd are
 * for those who can be served. */
static int worth_waiting(const okapi__db_t *db, okapi__failure_e failure)
{
    return okapi__failures[failure].patience > 0 &&
           (failure != FAILURE_LOST || __atomic_load_n(&db->answers, __ATOMIC_RELAXED));
}

/* Nobody knows whether it will pass. */
static void give_up(okapi__db_t *db, okapi__failure_e failure, apr_status_t rv, int tries)
{
    okapi__db_log(db, OKAPI_LOG_ERROR, rv, "database %s: gave up after %d tries: %s", db->label,
                  tries, okapi__failures[failure].advice);
    if (failure == FAILURE_LOST) {
        __atomic_store_n(&db->answers, 0, __ATOMIC_RELAXED);
    }
}

/* Sleeps a random time, so that those who collided don't do it again in step. */
static void back_off(const okapi__failure_t *meaning, int try)
{
    apr_uint32_t most = (apr_uint32_t)meaning->pause * 1000 * (apr_uint32_t)(try < 10 ? try : 10);
    apr_uint32_t random = 0;

    apr_generate_random_bytes((unsigned char *)&random, sizeof(random));
    apr_sleep(200 + random % most);
}

apr_status_t okapi__db_run(okapi__db_t *db, okapi__mode_e mode, okapi__work_t work, void *baton,
                           apr_pool_t *scratch_pool)
{
    okapi__writelock_t *lock = is_reading(mode) ? NULL : db->writelock;
    apr_time_t start = apr_time_now();
    int committed = 0, try;
    okapi__mark_t mark;
    apr_status_t rv;
    apr_pool_t *pool;

    apr_pool_create(&pool, scratch_pool);
    for (try = 1;; try++) {
        okapi__failure_e failure;
        const okapi__failure_t *meaning;
        rv = lock != NULL ? okapi__writelock_acquire(lock) : APR_SUCCESS;
        if (rv) {
            okapi__db_log(db, OKAPI_LOG_ERROR, rv, "database %s: the lock of its writers fails",
                          db->label);
            break;
        }
        rv = run_once(&failure, &mark, db, mode, work, baton, pool);
        if (lock != NULL) {
            okapi__writelock_release(lock);
        }
        if (mark.id != 0) {
            apr_status_t found = okapi__mark_find_out(&committed, db, &mark, pool);
            if (found || committed) {
                rv = found;
                break;
            }
        }
        if (!worth_waiting(db, failure)) {
            break;
        }
        meaning = &okapi__failures[failure];
        if (apr_time_now() - start >= apr_time_from_msec(meaning->patience)) {
            give_up(db, failure, rv, try);
            break;
        }
        back_off(meaning, try);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t okapi__db_read(okapi__db_t *db, okapi__work_t work, void *baton,
                            apr_pool_t *scratch_pool)
{
    return okapi__db_run(db, MODE_READ, work, baton, scratch_pool);
}

apr_status_t okapi__db_read_loose(okapi__db_t *db, okapi__work_t work, void *baton,
                                  apr_pool_t *scratch_pool)
{
    return okapi__db_run(db, MODE_READ_LOOSE, work, baton, scratch_pool);
}

apr_status_t okapi__db_write(okapi__db_t *db, okapi__work_t work, void *baton,
                             apr_pool_t *scratch_pool)
{
    return db->writers != NULL ? okapi__writers_write(db, work, baton, scratch_pool)
                             : okapi__db_run(db, MODE_WRITE, work, baton, scratch_pool);
}

/* ---- opening ---- */

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

static apr_status_t open_in(okapi__db_t *db, const okapi_config_t *config, int create,
                            apr_pool_t *pool, apr_pool_t *scratch_pool)
{
    int connections = db->host.short_lived ? 1 : (int)config->connections;
    apr_status_t rv = describe(db, config, pool);

    if (rv == APR_SUCCESS) {
        rv = load_driver(db, pool);
    }
    if (rv == APR_SUCCESS && db->path != NULL) {
        rv = okapi__file_open(db, create, pool, scratch_pool);
    }
    if (rv == APR_SUCCESS && db->path != NULL) {
        rv = okapi__writers_create(&db->writers, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_thread_mutex_create(&db->ids.mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__connections_create(db, connections, pool);
    }
    return rv ? rv : okapi__schema_migrate(db, create, scratch_pool);
}

/* Everything is in a pool of the database's own: nothing is left of one that can't be opened. */
apr_status_t okapi__db_open(okapi__db_t **db, const okapi_config_t *config, int create,
                            const okapi_host_t *host, apr_pool_t *result_pool,
                            apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    apr_status_t rv;

    *db = NULL;
    rv = okapi__pool_create(&pool, result_pool);
    if (rv) {
        return rv;
    }
    *db = apr_pcalloc(pool, sizeof(**db));
    if (host != NULL) {
        (*db)->host = *host;
    }
    rv = open_in(*db, config, create, pool, scratch_pool);
    if (rv) {
        apr_pool_destroy(pool);
        *db = NULL;
    }
    return rv;
}
