/* delete_folder.c - deleting folders, and what is in them.
 *
 * A folder is deleted with everything below it in one short transaction that marks their rows:
 * `deleted_cn` is the number of the deletion, `dtime` its time, or 0 if it is for good. Messages
 * stay as they are; in a deleted folder nobody sees them. Softly deleted folders can be recovered;
 * what deleted ones hold is taken away here, or by the next okapi_purge. Their rows remain,
 * because they have tombstones that readers of the change sequence may not have seen yet.
 */
#include <okapi/error.h>

#include "search_private.h"
#include "transfer_private.h"

typedef struct removal_t {
    okapi_store_t *store;
    okapi_id_t id;
    int flags;
    int nfolders; /* 0, or only these many folders, with no messages, may go */
    int refused;
    apr_array_header_t *ids; /* the folder and those below it, parents first */
    apr_int64_t bytes;       /* in all of them */
    okapi_id_t parent_id;
} removal_t;

/* May it go? What is below it is looked at when its turn comes. */
static apr_status_t check_top(okapi__conn_t *conn, removal_t *r, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_DELETE_TOP,
                                           DB_ARGS(DB_I(r->id), DB_I(r->store->id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    r->parent_id = okapi__rows_int(rows, 0);
    r->bytes = okapi__rows_int(rows, 3);
    if (okapi__rows_int(rows, 1) != OKAPI_FOLDER_NONE) {
        return OKAPI_ENOSUPPORT;
    }
    r->refused = (okapi__rows_int(rows, 2) > 0 && !(r->flags & OKAPI_DELETE_MESSAGES)) ||
                 (r->nfolders && okapi__rows_int(rows, 4) > 0);
    return APR_SUCCESS;
}

static apr_status_t add_children(okapi__conn_t *conn, removal_t *r, okapi_id_t parent_id,
                                 apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_DELETE_CHILDREN, DB_ARGS(DB_I(parent_id)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(r->ids, okapi_id_t) = okapi__rows_int(rows, 0);
        r->refused |= okapi__rows_int(rows, 1) != OKAPI_FOLDER_NONE ||
                      !(r->flags & OKAPI_DELETE_FOLDERS) ||
                      (r->nfolders && okapi__rows_int(rows, 3) > 0);
        r->bytes += okapi__rows_int(rows, 2);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t find_tree(okapi__conn_t *conn, removal_t *r, apr_pool_t *scratch_pool)
{
    apr_status_t rv = check_top(conn, r, scratch_pool);
    apr_array_clear(r->ids);
    APR_ARRAY_PUSH(r->ids, okapi_id_t) = r->id;
    for (int i = 0; rv == APR_SUCCESS && i < r->ids->nelts; i++) {
        okapi_id_t id = APR_ARRAY_IDX(r->ids, i, okapi_id_t);
        apr_uint32_t rights;
        rv = okapi__rights(&rights, conn, r->store, id, scratch_pool);
        if (rv == APR_SUCCESS && !(rights & OKAPI_RIGHT_OWNER)) {
            if (i == 0) {
                return OKAPI_EACCESS;
            }
            r->refused = 1;
        }
        if (rv == APR_SUCCESS) {
            rv = add_children(conn, r, id, scratch_pool);
        }
    }
    r->refused |= r->nfolders && r->ids->nelts != r->nfolders;
    return rv;
}

static apr_status_t mark(okapi__conn_t *conn, const removal_t *r, okapi_cn_t cn,
                         apr_pool_t *scratch_pool)
{
    okapi_time_t dtime = r->flags & OKAPI_DELETE_HARD ? 0 : okapi_time_now();
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < r->ids->nelts; i++) {
        okapi_id_t id = APR_ARRAY_IDX(r->ids, i, okapi_id_t);
        int is_search; /* which can't be recovered: it has nothing of its own */
        rv = okapi__search_forget(conn, id, &is_search, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__db_exec(conn, STMT_DELETE_FOLDER, NULL,
                                DB_ARGS(DB_I(cn), DB_I(is_search ? 0 : dtime), DB_I(id)),
                                scratch_pool);
        }
        if (rv == APR_SUCCESS) { /* the next less specific class decides then */
            rv = okapi__db_exec(conn, STMT_DELETE_RECEIVE, NULL,
                                DB_ARGS(DB_I(r->store->id), DB_I(id)), scratch_pool);
        }
    }
    return rv;
}

/* APR_EOF, which rolls back, if it is refused. */
static apr_status_t remove_tree(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    removal_t *r = baton;
    okapi_cn_t cn;
    apr_status_t rv = okapi__cn_take(conn, r->store->id, 1, 0, &cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = find_tree(conn, r, scratch_pool);
    }
    if (rv != APR_SUCCESS || r->refused) {
        return rv != APR_SUCCESS ? rv : APR_EOF;
    }
    rv = mark(conn, r, cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__tombstone_add(conn, r->parent_id, cn, r->id, OKAPI__TOMBSTONE_FOLDER, 0,
                                  scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__stat_add(conn, r->parent_id, &no_delta, cn, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__cn_add_bytes(conn, r->store->id, -r->bytes, scratch_pool)
                             : rv;
}

static apr_status_t remove_folder(okapi_store_t *store, okapi_id_t id, int flags, int nfolders,
                                  int *refused, apr_pool_t *scratch_pool)
{
    removal_t r = {.store = store, .id = id, .flags = flags, .nfolders = nfolders};
    r.ids = apr_array_make(scratch_pool, 16, sizeof(okapi_id_t));
    apr_status_t rv = okapi__db_write(store->okapi->db, remove_tree, &r, scratch_pool);
    *refused = rv == APR_EOF;
    if (rv != APR_SUCCESS) {
        return rv == APR_EOF ? APR_SUCCESS : rv;
    }
    okapi__changed(store->okapi, store->id);
    for (int i = 0; rv == APR_SUCCESS && (flags & OKAPI_DELETE_HARD) && i < r.ids->nelts; i++) {
        rv = okapi__folder_clear(store->okapi, store->id, APR_ARRAY_IDX(r.ids, i, okapi_id_t),
                                 NULL, scratch_pool);
    }
    return rv;
}

apr_status_t okapi__folder_remove(okapi_store_t *store, okapi_id_t id, int flags, int *refused,
                                  apr_pool_t *scratch_pool)
{
    return remove_folder(store, id, flags, 0, refused, scratch_pool);
}

apr_status_t okapi__folder_remove_empty(okapi_store_t *store, okapi_id_t id, int nfolders,
                                        int *refused, apr_pool_t *scratch_pool)
{
    return remove_folder(store, id, OKAPI_DELETE_FOLDERS | OKAPI_DELETE_HARD, nfolders, refused,
                         scratch_pool);
}

static apr_status_t reduce_to_row(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi__deletion_t *d = baton;
    apr_status_t rv = okapi__db_exec(conn, STMT_PURGE_PERMISSIONS, NULL,
                                     DB_ARGS(DB_I(d->folder_id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_RULE_CLEAR, NULL, DB_ARGS(DB_I(d->folder_id)),
                            scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_ADDRESS_DELETE_ALL, NULL, DB_ARGS(DB_I(d->folder_id)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_DELETE_REST, NULL,
                                              DB_ARGS(DB_I(d->folder_id)), scratch_pool)
                             : rv;
}

apr_status_t okapi__folder_clear(okapi_t *okapi, okapi_id_t store_id, okapi_id_t folder_id,
                                 apr_int64_t *messages, apr_pool_t *scratch_pool)
{
    static const okapi__pace_filter_t all = {.first_part = 0, .last_part = 3};
    okapi__deletion_t d = {.okapi = okapi,
                           .store_id = store_id,
                           .folder_id = folder_id,
                           .hard = 1,
                           .folder_deleted = 1};
    apr_status_t rv =
        okapi__pace_folder(okapi->db, folder_id, &all, okapi__delete_step, &d, scratch_pool);
    if (messages) {
        *messages += d.done;
    }
    return rv == APR_SUCCESS ? okapi__db_write(okapi->db, reduce_to_row, &d, scratch_pool) : rv;
}

apr_status_t okapi_folder_delete(okapi_folder_t *folder, int flags, int *partial,
                                 apr_pool_t *scratch_pool)
{
    *partial = 0;
    return okapi__folder_remove(folder->store, folder->id, flags, partial, scratch_pool);
}

/* ---- emptying ---- */

typedef struct children_t {
    okapi_id_t parent_id;
    apr_array_header_t *ids;
} children_t;

static apr_status_t list_children(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    children_t *b = baton;
    okapi__rows_t *rows;
    apr_array_clear(b->ids);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_DELETE_CHILDREN,
                                       DB_ARGS(DB_I(b->parent_id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(b->ids, okapi_id_t) = okapi__rows_int(rows, 0);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Every one that may go, with all of its own. */
static apr_status_t remove_children(okapi_folder_t *folder, int flags, int *partial,
                                    apr_pool_t *scratch_pool)
{
    children_t children = {folder->id, apr_array_make(scratch_pool, 16, sizeof(okapi_id_t))};
    okapi_store_t *store = folder->store;
    apr_status_t rv = okapi__db_read(store->okapi->db, list_children, &children, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < children.ids->nelts; i++) {
        int refused = 0;
        rv = okapi__folder_remove(store, APR_ARRAY_IDX(children.ids, i, okapi_id_t),
                                  flags | OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS, &refused,
                                  scratch_pool);
        if (rv == OKAPI_EACCESS || rv == OKAPI_ENOSUPPORT) {
            refused = 1;
            rv = APR_SUCCESS;
        } else if (rv == OKAPI_ENOTFOUND) {
            rv = APR_SUCCESS; /* somebody else was faster */
        }
        *partial |= refused;
    }
    return rv;
}

apr_status_t okapi_folder_empty(okapi_folder_t *folder, int flags, int *partial,
                                apr_pool_t *scratch_pool)
{
    okapi_store_t *store = folder->store;
    okapi__deletion_t d = {.okapi = store->okapi,
                           .store_id = store->id,
                           .folder_id = folder->id,
                           .actor = store,
                           .rights = folder->rights,
                           .hard = (flags & OKAPI_DELETE_HARD) != 0};
    okapi__pace_filter_t filter = {.first_part = OKAPI__PART_NORMAL,
                                   .last_part = flags & OKAPI_DELETE_ASSOCIATED
                                                    ? OKAPI__PART_ASSOCIATED
                                                    : OKAPI__PART_NORMAL};
    *partial = 0;
    if (folder->special == OKAPI_FOLDER_ROOT || folder->is_search) {
        return OKAPI_ENOSUPPORT; /* MS-OXCFOLD 3.2.5.9 */
    }
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI__RIGHTS_DELETE);
    if (rv == APR_SUCCESS) { /* what arrives meanwhile stays */
        rv = okapi_store_cn(store, &filter.upto, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__pace_folder(store->okapi->db, folder->id, &filter, okapi__delete_step, &d,
                                scratch_pool);
    }
    *partial = d.missing;
    return rv == APR_SUCCESS
               ? remove_children(folder, flags & OKAPI_DELETE_HARD, partial, scratch_pool)
               : rv;
}
