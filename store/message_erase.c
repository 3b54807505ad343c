/* message_erase.c - taking messages out of the database, with everything that is their own.
 *
 * Blobs go with the last message that refers to them; when somebody stores the same bytes at that
 * moment, the foreign key of bigprop makes one of the two transactions run again.
 */
#include <string.h>

#include <apr_tables.h>

#include "message_private.h"

/* What the deletion has come across and has yet to do. */
typedef struct todo_t {
    apr_array_header_t *objects; /* ids of the messages, their attachments, embedded messages */
    apr_array_header_t *blobs;
} todo_t;

static apr_status_t find_parts(okapi__conn_t *conn, const okapi__arg_t *ids, todo_t *todo,
                               apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv =
        okapi__db_select(&rows, conn, STMT_ERASE_PARTS, ids, OKAPI__DB_IDS, scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(todo->objects, okapi_id_t) = okapi__rows_int(rows, 0);
        if (!okapi__rows_is_null(rows, 1)) {
            APR_ARRAY_PUSH(todo->objects, okapi_id_t) = okapi__rows_int(rows, 1);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t find_blobs(okapi__conn_t *conn, const okapi__arg_t *ids, todo_t *todo,
                               apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv =
        okapi__db_select(&rows, conn, STMT_ERASE_BLOBS, ids, OKAPI__DB_IDS, scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(todo->blobs, okapi_id_t) = okapi__rows_int(rows, 0);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Messages, attachments or embedded messages: no more than make a statement. */
static apr_status_t erase_objects(okapi__conn_t *conn, const okapi_id_t *ids, int n, todo_t *todo,
                                  apr_pool_t *scratch_pool)
{
    static const okapi__stmt_e stmts[] = {STMT_ERASE_BIGPROPS, STMT_ERASE_ATTACHMENTS,
                                          STMT_ERASE_PROPS};
    okapi__arg_t args[OKAPI__DB_IDS];
    okapi__db_ids(args, ids, n);
    apr_status_t rv = find_parts(conn, args, todo, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = find_blobs(conn, args, todo, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < 3; i++) {
        rv = okapi__db_post(conn, stmts[i], args, OKAPI__DB_IDS, scratch_pool);
    }
    return rv;
}

/* The rows that only messages in folders have. */
static apr_status_t erase_rows(okapi__conn_t *conn, okapi_id_t folder_id, const okapi_id_t *ids,
                               int n, apr_pool_t *scratch_pool)
{
    okapi__arg_t args[1 + OKAPI__DB_IDS];
    args[0] = DB_I(folder_id);
    okapi__db_ids(args + 1, ids, n);
    apr_status_t rv = okapi__db_post(conn, STMT_ERASE_MESSAGES, args, 1 + OKAPI__DB_IDS,
                                     scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_post(conn, STMT_ERASE_USER_READ, args, 1 + OKAPI__DB_IDS, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__db_post(conn, STMT_ERASE_FTS, args + 1, OKAPI__DB_IDS,
                                              scratch_pool)
                             : rv;
}

static int batch_of(int left)
{
    return left < OKAPI__DB_IDS ? left : OKAPI__DB_IDS;
}

apr_status_t okapi__messages_erase(okapi__conn_t *conn, okapi_id_t folder_id,
                                   const okapi_id_t *ids, int n, apr_pool_t *scratch_pool)
{
    todo_t todo = {apr_array_make(scratch_pool, n, sizeof(okapi_id_t)),
                   apr_array_make(scratch_pool, 8, sizeof(okapi_id_t))};
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < n; i += OKAPI__DB_IDS) {
        rv = erase_rows(conn, folder_id, ids + i, batch_of(n - i), scratch_pool);
    }
    for (int i = 0; i < n; i++) {
        APR_ARRAY_PUSH(todo.objects, okapi_id_t) = ids[i];
    }
    for (int i = 0, some; rv == APR_SUCCESS && i < todo.objects->nelts; i += some) {
        okapi_id_t batch[OKAPI__DB_IDS]; /* the array grows meanwhile */
        some = batch_of(todo.objects->nelts - i);
        memcpy(batch, &APR_ARRAY_IDX(todo.objects, i, okapi_id_t), sizeof(*batch) * (size_t)some);
        rv = erase_objects(conn, batch, some, &todo, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < todo.blobs->nelts; i++) {
        int dropped;
        rv = okapi__blob_drop(conn, APR_ARRAY_IDX(todo.blobs, i, okapi_id_t), &dropped,
                              scratch_pool);
    }
    return rv;
}
