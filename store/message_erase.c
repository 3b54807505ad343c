/* message_erase.c - taking a message out of the database, with everything that is its own.
 *
 * Blobs go with the last message that refers to them; when somebody stores the same bytes at that
 * moment, the foreign key of bigprop makes one of the two transactions run again.
 */
#include <apr_tables.h>

#include "message_private.h"

/* What the deletion of a message has come across and has yet to do. */
typedef struct todo_t {
    apr_array_header_t *objects; /* ids of the message, its attachments, embedded messages */
    apr_array_header_t *blobs;
} todo_t;

static apr_status_t find_parts(okapi__conn_t *conn, okapi_id_t id, todo_t *todo,
                               apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv =
        okapi__db_select(&rows, conn, STMT_PURGE_ATTACHMENTS, DB_ARGS(DB_I(id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(todo->objects, okapi_id_t) = okapi__rows_int(rows, 0);
        if (!okapi__rows_is_null(rows, 1)) {
            APR_ARRAY_PUSH(todo->objects, okapi_id_t) = okapi__rows_int(rows, 1);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t find_blobs(okapi__conn_t *conn, okapi_id_t id, todo_t *todo,
                               apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv =
        okapi__db_select(&rows, conn, STMT_BIGPROP_LIST, DB_ARGS(DB_I(id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(todo->blobs, okapi_id_t) = okapi__rows_int(rows, 1);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t delete_object(okapi__conn_t *conn, okapi_id_t id, todo_t *todo,
                                  apr_pool_t *scratch_pool)
{
    static const okapi__stmt_e stmts[] = {STMT_PURGE_BIGPROP, STMT_PURGE_ATTACH,
                                          STMT_PURGE_MSG_PROPS};
    apr_status_t rv = find_parts(conn, id, todo, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = find_blobs(conn, id, todo, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < 3; i++) {
        rv = okapi__db_exec(conn, stmts[i], NULL, DB_ARGS(DB_I(id)), scratch_pool);
    }
    return rv;
}

apr_status_t okapi__message_erase(okapi__conn_t *conn, okapi_id_t folder_id, okapi_id_t id,
                                  apr_pool_t *scratch_pool)
{
    todo_t todo = {apr_array_make(scratch_pool, 8, sizeof(okapi_id_t)),
                   apr_array_make(scratch_pool, 8, sizeof(okapi_id_t))};
    apr_status_t rv = okapi__db_exec(conn, STMT_PURGE_MESSAGE, NULL,
                                     DB_ARGS(DB_I(folder_id), DB_I(id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_USER_READ_ERASE, NULL, DB_ARGS(DB_I(folder_id), DB_I(id)),
                            scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_FTS_DOC_DROP, NULL, DB_ARGS(DB_I(id)), scratch_pool);
    }
    APR_ARRAY_PUSH(todo.objects, okapi_id_t) = id;
    for (int i = 0; rv == APR_SUCCESS && i < todo.objects->nelts; i++) {
        rv = delete_object(conn, APR_ARRAY_IDX(todo.objects, i, okapi_id_t), &todo, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < todo.blobs->nelts; i++) {
        int dropped;
        rv = okapi__blob_drop(conn, APR_ARRAY_IDX(todo.blobs, i, okapi_id_t), &dropped,
                              scratch_pool);
    }
    return rv;
}
