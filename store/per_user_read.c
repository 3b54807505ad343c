/* per_user_read.c - the public store's read flags, of which each reader has his own.
 *
 * The message isn't touched: message.flags never has MSGFLAG_READ there, and what somebody has read
 * stands in user_read. A change takes a number of the store's one sequence, like any other, and is
 * told of to this reader only; others see a number at which nothing happened.
 */
#include "access.h"
#include "cn.h"
#include "message_private.h"
#include "per_user_read.h"

static okapi__arg_t reader_of(const okapi_store_t *store)
{
    return DB_I(store->actor->id);
}

/* ---- reading ---- */

apr_status_t okapi__per_user_flags(apr_uint32_t *flags, okapi__conn_t *conn,
                                   const okapi_store_t *store, okapi_id_t folder_id, okapi_id_t id,
                                   apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    if (store->kind != OKAPI__STORE_PUBLIC) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__db_select_one(
        &rows, &found, conn, STMT_USER_READ_GET,
        DB_ARGS(DB_I(folder_id), DB_I(id), reader_of(store)), scratch_pool);
    *flags &= ~(apr_uint32_t)OKAPI__MSGFLAG_READ;
    if (rv == APR_SUCCESS && found && okapi__rows_int(rows, 0)) {
        *flags |= OKAPI__MSGFLAG_READ;
    }
    return rv;
}

/* A row of STMT_USER_READ_FOLDER or STMT_USER_READ_STORE, from COLUMN on. */
static void add_stat(okapi_folder_stat_t *stat, okapi__rows_t *rows, int column)
{
    okapi_cn_t cn = okapi__rows_int(rows, column + 1);
    stat->unread = stat->content - okapi__rows_int(rows, column);
    stat->last_cn = cn > stat->last_cn ? cn : stat->last_cn;
}

apr_status_t okapi__per_user_stat(okapi_folder_stat_t *stat, okapi__conn_t *conn,
                                  const okapi_store_t *store, okapi_id_t folder_id,
                                  apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    if (store->kind != OKAPI__STORE_PUBLIC) {
        return APR_SUCCESS;
    }
    apr_status_t rv =
        okapi__db_select_one(&rows, &found, conn, STMT_USER_READ_FOLDER,
                             DB_ARGS(reader_of(store), DB_I(folder_id)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        add_stat(stat, rows, 0);
    }
    return rv;
}

apr_status_t okapi__per_user_stats(apr_array_header_t *folders, okapi__conn_t *conn,
                                   const okapi_store_t *store, apr_pool_t *scratch_pool)
{
    apr_hash_t *by_id = apr_hash_make(scratch_pool);
    okapi__rows_t *rows;
    if (store->kind != OKAPI__STORE_PUBLIC) {
        return APR_SUCCESS;
    }
    for (int i = 0; i < folders->nelts; i++) {
        okapi_folder_t *folder = APR_ARRAY_IDX(folders, i, okapi_folder_t *);
        folder->stat.unread = folder->stat.content;
        apr_hash_set(by_id, &folder->id, sizeof(folder->id), folder);
    }
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_USER_READ_STORE,
                                       DB_ARGS(reader_of(store), DB_I(store->id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_id_t id = okapi__rows_int(rows, 0);
        okapi_folder_t *folder = apr_hash_get(by_id, &id, sizeof(id));
        if (folder) {
            add_stat(&folder->stat, rows, 1);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* ---- marking ---- */

apr_status_t okapi__per_user_mark(okapi__conn_t *conn, const okapi_store_t *store,
                                  okapi_id_t folder_id, okapi_id_t id, int read, okapi_cn_t cn,
                                  apr_pool_t *scratch_pool)
{
    okapi__arg_t is_read = DB_I(read), number = DB_I(cn), folder = DB_I(folder_id),
                 message = DB_I(id), reader = reader_of(store);
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(conn, STMT_USER_READ_SET, &affected,
                                     DB_ARGS(is_read, number, folder, message, reader),
                                     scratch_pool);
    return rv == APR_SUCCESS && !affected
               ? okapi__db_post(conn, STMT_USER_READ_ADD,
                                DB_ARGS(is_read, number, folder, message, reader), scratch_pool)
               : rv;
}

typedef struct marking_t {
    okapi_folder_t *folder;
    const okapi_id_t *ids;
    int n; /* 0: all messages */
    int read;
    apr_array_header_t *todo; /* ids of messages whose flag differs */
    int missing;
} marking_t;

/* A row of STMT_USER_READ_ALL or STMT_USER_READ_ONE. Whoever may read a message may have read
 * it. */
static void consider(marking_t *b, okapi__rows_t *rows)
{
    int part = (int)okapi__rows_int(rows, 1);
    apr_uint32_t rights = okapi__message_rights(b->folder->store, b->folder->rights, part,
                                                (apr_uint32_t)okapi__rows_int(rows, 2),
                                                okapi__rows_int(rows, 3));
    if (!(rights & OKAPI_RIGHT_READ_ANY)) {
        b->missing = 1;
    } else if (part == OKAPI__PART_NORMAL && okapi__rows_int(rows, 4) != b->read) {
        APR_ARRAY_PUSH(b->todo, okapi_id_t) = okapi__rows_int(rows, 0);
    }
}

static apr_status_t find_all(okapi__conn_t *conn, marking_t *b, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv =
        okapi__db_select(&rows, conn, STMT_USER_READ_ALL,
                         DB_ARGS(reader_of(b->folder->store), DB_I(b->folder->id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        consider(b, rows);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static int is_taken(const marking_t *b, okapi_id_t id)
{
    for (int i = 0; i < b->todo->nelts; i++) {
        if (APR_ARRAY_IDX(b->todo, i, okapi_id_t) == id) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t find_named(okapi__conn_t *conn, marking_t *b, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->n; i++) {
        okapi__rows_t *rows;
        int found;
        if (is_taken(b, b->ids[i])) {
            continue;
        }
        rv = okapi__db_select_one(&rows, &found, conn, STMT_USER_READ_ONE,
                                  DB_ARGS(reader_of(b->folder->store), DB_I(b->folder->id),
                                          DB_I(b->ids[i])),
                                  scratch_pool);
        if (rv == APR_SUCCESS && found) {
            consider(b, rows);
        } else {
            b->missing = 1;
        }
    }
    return rv;
}

static apr_status_t mark_all(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    marking_t *b = baton;
    const okapi_store_t *store = b->folder->store;
    okapi_cn_t last;
    apr_array_clear(b->todo);
    b->missing = 0;
    apr_status_t rv = b->n ? find_named(conn, b, scratch_pool) : find_all(conn, b, scratch_pool);
    if (rv != APR_SUCCESS || b->todo->nelts == 0) {
        return rv;
    }
    rv = okapi__cn_take(conn, store->id, b->todo->nelts, 0, &last, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < b->todo->nelts; i++) {
        rv = okapi__per_user_mark(conn, store, b->folder->id,
                                  APR_ARRAY_IDX(b->todo, i, okapi_id_t), b->read,
                                  last - b->todo->nelts + 1 + i, scratch_pool);
    }
    return rv;
}

apr_status_t okapi__per_user_set_read(okapi_folder_t *folder, const okapi_id_t *ids, int n,
                                      int read, int *changed, int *partial,
                                      apr_pool_t *scratch_pool)
{
    okapi_t *okapi = folder->store->okapi;
    marking_t b = {.folder = folder,
                   .ids = ids,
                   .n = n,
                   .read = read != 0,
                   .todo = apr_array_make(scratch_pool, 16, sizeof(okapi_id_t))};
    apr_status_t rv = okapi__contents_check(folder->rights);
    if (rv == APR_SUCCESS && !folder->store->actor->id) {
        rv = OKAPI_EACCESS; /* who isn't known has nothing of his own */
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(okapi->db, mark_all, &b, scratch_pool);
    }
    *partial = b.missing;
    if (changed) {
        *changed = b.todo->nelts;
    }
    if (rv == APR_SUCCESS && b.todo->nelts) {
        okapi__changed(okapi, folder->store->id);
    }
    return rv;
}
