/* folder_read.c - the read flag of messages.
 *
 * A change of the flag is a change of the message's mod_cn, not of its cn: synchronisation tells
 * read state from content by that (FORMAT.md).
 */
#include "access.h"
#include "cn.h"
#include "message_private.h"
#include "per_user_read.h"

typedef struct reading_t {
    okapi_folder_t *folder;
    const okapi_id_t *ids;
    int n; /* 0: all messages */
    int read;
    apr_array_header_t *todo; /* ids of messages whose flag differs */
    int missing;              /* some are not there, or may not be changed */
} reading_t;

/* A row of STMT_READ_CANDIDATES or STMT_READ_FLAGS. Whoever may change a message may mark it. */
static void consider(reading_t *b, okapi__rows_t *rows)
{
    apr_uint32_t flags = (apr_uint32_t)okapi__rows_int(rows, 2);
    int part = (int)okapi__rows_int(rows, 1);
    apr_uint32_t rights = okapi__message_rights(b->folder->store, b->folder->rights, part, flags,
                                                okapi__rows_int(rows, 3));
    if (!(rights & OKAPI_RIGHT_EDIT_ANY)) {
        b->missing = 1;
    } else if (part == OKAPI__PART_NORMAL && ((flags & MSGFLAG_READ) != 0) != b->read) {
        APR_ARRAY_PUSH(b->todo, okapi_id_t) = okapi__rows_int(rows, 0);
    }
}

static apr_status_t find_all(okapi__conn_t *conn, reading_t *b, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_READ_CANDIDATES,
                                       DB_ARGS(DB_I(b->folder->id), DB_I(!b->read)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        consider(b, rows);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t find_named(okapi__conn_t *conn, reading_t *b, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->n; i++) {
        okapi__rows_t *rows;
        int found;
        rv = okapi__db_select_one(&rows, &found, conn, STMT_READ_FLAGS,
                                  DB_ARGS(DB_I(b->folder->id), DB_I(b->ids[i])), scratch_pool);
        if (rv != APR_SUCCESS || !found) {
            b->missing = 1;
            continue;
        }
        consider(b, rows);
    }
    return rv;
}

/* The conditions of the statements make an id that was named twice count once. */
static apr_status_t set_flags(okapi__conn_t *conn, const reading_t *b, okapi_cn_t first,
                              apr_int64_t *changed, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    *changed = 0;
    for (int i = 0; rv == APR_SUCCESS && i < b->todo->nelts; i++) {
        apr_int64_t affected = 0;
        rv = okapi__db_exec(conn, b->read ? STMT_READ_SET : STMT_READ_CLEAR, &affected,
                            DB_ARGS(DB_I(first + i), DB_I(b->folder->id),
                                    DB_I(APR_ARRAY_IDX(b->todo, i, okapi_id_t))),
                            scratch_pool);
        *changed += affected;
    }
    return rv;
}

static apr_status_t set_read(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *b = baton;
    okapi_cn_t last;
    apr_int64_t changed;
    apr_array_clear(b->todo);
    b->missing = 0;
    apr_status_t rv = b->n ? find_named(conn, b, scratch_pool) : find_all(conn, b, scratch_pool);
    if (rv != APR_SUCCESS || b->todo->nelts == 0) {
        return rv;
    }
    rv = okapi__cn_take(conn, b->folder->store->id, b->todo->nelts, 0, &last, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = set_flags(conn, b, last - b->todo->nelts + 1, &changed, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi__stat_delta_t delta = {.unread = b->read ? -changed : changed};
    return okapi__stat_add(conn, b->folder->id, &delta, last, scratch_pool);
}

apr_status_t okapi_folder_set_read(okapi_folder_t *folder, const okapi_id_t *ids, int n, int read,
                                   int *changed, int *partial, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = folder->store->okapi;
    reading_t baton = {.folder = folder,
                       .ids = ids,
                       .n = n,
                       .read = read != 0,
                       .todo = apr_array_make(scratch_pool, 16, sizeof(okapi_id_t))};
    *partial = 0;
    if (okapi_store_is_public(folder->store)) {
        return okapi__per_user_set_read(folder, ids, n, read, changed, partial, scratch_pool);
    }
    apr_status_t rv = okapi__rights_check(
        folder->rights, OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_EDIT_OWNED);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(okapi->db, set_read, &baton, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *partial = baton.missing;
    if (changed) {
        *changed = baton.todo->nelts;
    }
    if (baton.todo->nelts) {
        okapi__changed(okapi, folder->store->id);
    }
    return APR_SUCCESS;
}
