/* purge.c - deleting what is left of a mailbox whose user is gone, in short transactions.
 *
 * Interrupted, it goes on at the next call: the store's row goes last.
 */
#include <apr_tables.h>

#include "fulltext_private.h"
#include "search_private.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

typedef struct purge_t {
    okapi_id_t store_id;
    okapi_id_t folder_id;
    int done; /* messages deleted in this step */
} purge_t;

static apr_status_t next_store(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    purge_t *purge = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_PURGE_STORE,
                                           DB_ARGS(DB_I(OKAPI__STORE_REMOVED)), scratch_pool);
    purge->store_id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

static apr_status_t next_folder(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    purge_t *purge = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_PURGE_FOLDER,
                                           DB_ARGS(DB_I(purge->store_id)), scratch_pool);
    purge->folder_id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

/* Deletes by each of the statements, which take one id. */
static apr_status_t delete_all(okapi__conn_t *conn, const okapi__stmt_e *stmts, int n,
                               okapi_id_t id, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        rv = okapi__db_exec(conn, stmts[i], NULL, DB_ARGS(DB_I(id)), scratch_pool);
    }
    return rv;
}

/* Some messages, or the folder itself once it is empty. */
static apr_status_t purge_folder(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stmt_e stmts[] = {STMT_PURGE_TOMBSTONES, STMT_PURGE_PERMISSIONS,
                                          STMT_USER_READ_GONE, STMT_PURGE_STAT, STMT_RULE_CLEAR,
                                          STMT_ADDRESS_DELETE_ALL,
                                          STMT_PURGE_FOLDER_ROW};
    purge_t *purge = baton;
    okapi__rows_t *rows;
    apr_array_header_t *ids = apr_array_make(scratch_pool, 50, sizeof(okapi_id_t));
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_PURGE_MESSAGES,
                                       DB_ARGS(DB_I(purge->folder_id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(ids, okapi_id_t) = okapi__rows_int(rows, 0);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__rows_status(rows);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__messages_erase(conn, purge->folder_id, (const okapi_id_t *)ids->elts,
                                   ids->nelts, scratch_pool);
    }
    purge->done = ids->nelts;
    if (rv == APR_SUCCESS && ids->nelts == 0) {
        int is_search;
        rv = okapi__search_forget(conn, purge->folder_id, &is_search, scratch_pool);
    }
    if (rv == APR_SUCCESS && ids->nelts == 0) {
        rv = delete_all(conn, stmts, COUNT(stmts), purge->folder_id, scratch_pool);
    }
    return rv;
}

static apr_status_t delete_store(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stmt_e stmts[] = {STMT_PURGE_NAMED, STMT_PURGE_RECEIVE,
                                          STMT_DELEGATE_CLEAR, STMT_OOF_GONE,
                                          STMT_OOF_SENT_CLEAR, STMT_PER_USER_GONE,
                                          STMT_DELIVERED_GONE,
                                          STMT_QUEUE_FORGET_RECIPIENTS, STMT_QUEUE_FORGET,
                                          STMT_SEARCH_POSITION_DROP, STMT_PURGE_CN,
                                          STMT_PURGE_STORE_ROW};
    purge_t *purge = baton;
    return delete_all(conn, stmts, COUNT(stmts), purge->store_id, scratch_pool);
}

static apr_status_t purge_store(okapi_t *okapi, purge_t *purge, apr_pool_t *scratch_pool)
{
    apr_pool_t *step_pool;
    apr_status_t rv = apr_pool_create(&step_pool, scratch_pool);
    while (rv == APR_SUCCESS) {
        apr_pool_clear(step_pool);
        rv = okapi__db_read(okapi->db, next_folder, purge, step_pool);
        if (rv != APR_SUCCESS || !purge->folder_id) {
            break;
        }
        do {
            apr_pool_clear(step_pool);
            rv = okapi__db_write(okapi->db, purge_folder, purge, step_pool);
        } while (rv == APR_SUCCESS && purge->done > 0);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__fulltext_purge(okapi, purge->store_id, step_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(okapi->db, delete_store, purge, step_pool);
    }
    apr_pool_destroy(step_pool);
    return rv;
}

apr_status_t okapi__store_purge(okapi_t *okapi, apr_pool_t *scratch_pool)
{
    purge_t purge = {0};
    apr_status_t rv = okapi__db_read(okapi->db, next_store, &purge, scratch_pool);
    while (rv == APR_SUCCESS && purge.store_id) {
        rv = purge_store(okapi, &purge, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__db_read(okapi->db, next_store, &purge, scratch_pool);
        }
    }
    return rv;
}
