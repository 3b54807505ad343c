/* change.c - what happened in a store after a change number.
 *
 * Three kinds of rows carry numbers: messages and folders that exist, and tombstones. No two rows
 * of a store carry the same, so their union in order of the numbers is the sequence itself.
 */
#include <stdlib.h>

#include <apr_strings.h>
#include <okapi/change.h>

#include "access.h"
#include "cn.h"
#include "message_private.h"
#include "per_user_read.h"
#include "search_private.h"

typedef struct walk_t {
    okapi_store_t *store;
    okapi_id_t folder_id; /* 0: all */
    okapi_cn_t since, upto;
    int max;
    apr_hash_t *rights;
    apr_array_header_t *changes;
    apr_pool_t *result_pool;
} walk_t;

/* Rows of what the actor can't see are passed over. */
static int is_visible(const walk_t *walk, okapi_id_t folder_id)
{
    return okapi__rights_visible(okapi__rights_in(walk->rights, folder_id));
}

okapi_change_e okapi_change_kind(const okapi_change_t *change, okapi_cn_t since)
{
    if (change->kind == OKAPI_CHANGE_DELETED) {
        return OKAPI_CHANGE_DELETED;
    }
    if (change->add_cn > since) {
        return OKAPI_CHANGE_CREATED;
    }
    return change->content_cn > since ? OKAPI_CHANGE_MODIFIED : OKAPI_CHANGE_READ;
}

/* Messages are told of to those who may read them. */
static int is_readable(const walk_t *walk, okapi_id_t folder_id, okapi__rows_t *rows)
{
    apr_uint32_t rights = okapi__message_rights(
        walk->store, okapi__rights_in(walk->rights, folder_id), (int)okapi__rows_int(rows, 5),
        (apr_uint32_t)okapi__rows_int(rows, 6), okapi__rows_int(rows, 8));
    return is_visible(walk, folder_id) && (rights & OKAPI_RIGHT_READ_ANY);
}

/* A row of STMT_CHANGE_MESSAGES. Softly deleted messages have a tombstone besides. */
static void push_message(walk_t *walk, okapi__rows_t *rows)
{
    apr_int64_t part = okapi__rows_int(rows, 5), flags = okapi__rows_int(rows, 6);
    okapi_id_t folder_id = okapi__rows_int(rows, 0);
    if (part >= OKAPI__PART_SOFT_DELETED || !is_readable(walk, folder_id, rows)) {
        return;
    }
    okapi_change_t *change = apr_array_push(walk->changes);
    *change = (okapi_change_t){
        .is_associated = part == OKAPI__PART_ASSOCIATED,
        .is_delivered = (flags & OKAPI__MSGFLAG_DELIVERED) != 0,
        .folder_id = folder_id,
        .id = okapi__rows_int(rows, 1),
        .cn = okapi__rows_int(rows, 2),
        .content_cn = okapi__rows_int(rows, 3),
        .add_cn = okapi__rows_int(rows, 4),
        .flags = (apr_uint32_t)(flags & OKAPI__MSGFLAG_MASK),
        .message_class = apr_pstrdup(walk->result_pool, okapi__rows_str(rows, 7)),
    };
    change->kind = okapi_change_kind(change, walk->since);
}

/* A row of STMT_CHANGE_FOLDERS; the root is in no folder. */
static void push_folder(walk_t *walk, okapi__rows_t *rows)
{
    okapi_id_t parent = okapi__rows_int(rows, 0), id = okapi__rows_int(rows, 1);
    if (is_visible(walk, id)) {
        okapi_change_t *change = apr_array_push(walk->changes);
        *change = (okapi_change_t){
            .is_folder = 1,
            .folder_id = parent == id ? 0 : parent,
            .id = id,
            .cn = okapi__rows_int(rows, 2),
            .content_cn = okapi__rows_int(rows, 3),
            .add_cn = okapi__rows_int(rows, 4),
            .found_cn = okapi__rows_int(rows, 5),
        };
        change->kind = okapi_change_kind(change, walk->since);
    }
}

/* Of a message that is gone nobody knows any more whose it was. */
static int is_tomb_visible(const walk_t *walk, okapi_id_t folder_id, apr_int64_t kind)
{
    apr_uint32_t rights = okapi__rights_in(walk->rights, folder_id);
    return okapi__rights_visible(rights) &&
           (kind == OKAPI__TOMBSTONE_FOLDER ||
            (rights & (OKAPI_RIGHT_READ_ANY | OKAPI__RIGHTS_OWN)));
}

/* A row of STMT_CHANGE_TOMBSTONES. */
static void push_tombstone(walk_t *walk, okapi__rows_t *rows)
{
    apr_int64_t kind = okapi__rows_int(rows, 3);
    if (is_tomb_visible(walk, okapi__rows_int(rows, 0), kind)) {
        okapi_change_t *change = apr_array_push(walk->changes);
        *change = (okapi_change_t){
            .kind = OKAPI_CHANGE_DELETED,
            .is_folder = kind == OKAPI__TOMBSTONE_FOLDER || kind == OKAPI__TOMBSTONE_MOVED,
            .is_moved = kind == OKAPI__TOMBSTONE_MOVED,
            .is_associated = kind == OKAPI__TOMBSTONE_ASSOCIATED,
            .is_link = kind == OKAPI__TOMBSTONE_LINK,
            .folder_id = okapi__rows_int(rows, 0),
            .id = okapi__rows_int(rows, 1),
            .cn = okapi__rows_int(rows, 2),
        };
    }
}

/* A row of STMT_USER_READ_CHANGES: the actor has read something in the public store, or not. */
static void push_read(walk_t *walk, okapi__rows_t *rows)
{
    okapi_id_t folder_id = okapi__rows_int(rows, 0);
    int is_new = okapi__rows_int(rows, 2) == okapi__rows_int(rows, 4); /* his own: told already */
    if (!is_new && okapi__rows_int(rows, 5) < OKAPI__PART_SOFT_DELETED &&
        is_readable(walk, folder_id, rows)) {
        okapi_change_t *change = apr_array_push(walk->changes);
        *change = (okapi_change_t){
            .kind = OKAPI_CHANGE_READ,
            .folder_id = folder_id,
            .id = okapi__rows_int(rows, 1),
            .cn = okapi__rows_int(rows, 2),
            .flags = (apr_uint32_t)okapi__rows_int(rows, 6) & OKAPI__MSGFLAG_MASK,
            .message_class = apr_pstrdup(walk->result_pool, okapi__rows_str(rows, 7)),
        };
    }
}

/* Reads at most MAX rows. If there may be more, nothing above the last one counts this time:
 * another kind of row may have a number in between. */
static apr_status_t read_rows(walk_t *walk, okapi__conn_t *conn, okapi__stmt_e stmt,
                              const okapi__arg_t *args, int nargs,
                              void (*push)(walk_t *, okapi__rows_t *), apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int n = 0;
    okapi_cn_t last = 0;
    apr_status_t rv = okapi__db_select(&rows, conn, stmt, args, nargs, scratch_pool);
    for (; rv == APR_SUCCESS && okapi__rows_next(rows); n++) {
        last = okapi__rows_int(rows, 2);
        push(walk, rows);
    }
    if (n >= walk->max && last < walk->upto) {
        walk->upto = last;
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* A row of STMT_CHANGE_LINKS: a message as this search folder shows it. */
static void push_link(walk_t *walk, okapi__rows_t *rows)
{
    int before = walk->changes->nelts;
    push_message(walk, rows);
    if (walk->changes->nelts > before) {
        okapi_change_t *change = &APR_ARRAY_IDX(walk->changes, before, okapi_change_t);
        change->is_link = 1;
        change->is_delivered = 0; /* that was told of where it is */
    }
}

/* What a search folder shows, if FOLDER_ID is one. It began with nothing. */
static apr_status_t read_links(okapi__conn_t *conn, walk_t *walk, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_SEARCH_START,
                                           DB_ARGS(DB_I(walk->folder_id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv;
    }
    if (walk->since < okapi__rows_int(rows, 0)) {
        return OKAPI_ESYNC;
    }
    return read_rows(walk, conn, STMT_CHANGE_LINKS,
                     DB_ARGS(DB_I(walk->folder_id), DB_I(walk->since), DB_I(walk->upto),
                             DB_I(walk->max)),
                     push_link, scratch_pool);
}

static apr_status_t read_of_folder(okapi__conn_t *conn, walk_t *walk, apr_pool_t *scratch_pool)
{
    okapi__arg_t folder = DB_I(walk->folder_id), since = DB_I(walk->since), upto = DB_I(walk->upto),
                 max = DB_I(walk->max);
    apr_status_t rv = read_rows(walk, conn, STMT_CHANGE_MESSAGES, DB_ARGS(folder, since, upto, max),
                                push_message, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = read_rows(walk, conn, STMT_CHANGE_TOMBSTONES, DB_ARGS(folder, since, upto, max),
                       push_tombstone, scratch_pool);
    }
    if (rv == APR_SUCCESS && walk->store->full_access) {
        rv = read_links(conn, walk, scratch_pool);
    }
    return rv;
}

static apr_status_t read_of_store(okapi__conn_t *conn, walk_t *walk, apr_pool_t *scratch_pool)
{
    okapi__arg_t store = DB_I(walk->store->id), since = DB_I(walk->since), upto = DB_I(walk->upto),
                 max = DB_I(walk->max);
    apr_status_t rv =
        read_rows(walk, conn, STMT_CHANGE_MESSAGES_ALL, DB_ARGS(since, since, store, upto, max),
                  push_message, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = read_rows(walk, conn, STMT_CHANGE_TOMBSTONES_ALL,
                       DB_ARGS(since, since, store, upto, max), push_tombstone, scratch_pool);
    }
    if (rv == APR_SUCCESS && walk->store->full_access) {
        rv = read_rows(walk, conn, STMT_CHANGE_LINKS_ALL, DB_ARGS(store, since, upto, max),
                       push_link, scratch_pool);
    }
    return rv;
}

/* In the public store: what the actor has read since, and which of all messages he has. */
static apr_status_t read_per_user(okapi__conn_t *conn, walk_t *walk, apr_pool_t *scratch_pool)
{
    const okapi_store_t *store = walk->store;
    okapi__arg_t reader = DB_I(store->actor->id), since = DB_I(walk->since),
                 upto = DB_I(walk->upto), max = DB_I(walk->max);
    if (!okapi_store_is_public(walk->store)) {
        return APR_SUCCESS;
    }
    apr_status_t rv =
        walk->folder_id
            ? read_rows(walk, conn, STMT_USER_READ_CHANGES,
                        DB_ARGS(reader, DB_I(walk->folder_id), since, upto, max), push_read,
                        scratch_pool)
            : read_rows(walk, conn, STMT_USER_READ_CHANGES_ALL,
                        DB_ARGS(reader, DB_I(store->id), since, upto, max), push_read,
                        scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < walk->changes->nelts; i++) {
        okapi_change_t *change = &APR_ARRAY_IDX(walk->changes, i, okapi_change_t);
        if (!change->is_folder && change->kind != OKAPI_CHANGE_DELETED) {
            rv = okapi__per_user_flags(&change->flags, conn, store, change->folder_id, change->id,
                                       scratch_pool);
        }
    }
    return rv;
}

static int by_number(const void *a, const void *b)
{
    okapi_cn_t x = ((const okapi_change_t *)a)->cn, y = ((const okapi_change_t *)b)->cn;
    return (x > y) - (x < y);
}

static apr_status_t collect(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    walk_t *walk = baton;
    okapi_id_t store_id = walk->store->id;
    okapi_cn_t floor;
    apr_array_clear(walk->changes);
    apr_status_t rv = okapi__cn_read(conn, store_id, &walk->upto, &floor, scratch_pool);
    if (rv == APR_SUCCESS && walk->since < floor) {
        rv = OKAPI_ESYNC;
    }
    if (rv != APR_SUCCESS || walk->since >= walk->upto) {
        return rv;
    }
    rv = okapi__rights_of_store(&walk->rights, conn, walk->store, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = walk->folder_id ? read_of_folder(conn, walk, scratch_pool)
                             : read_of_store(conn, walk, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = read_rows(walk, conn, STMT_CHANGE_FOLDERS,
                       DB_ARGS(DB_I(store_id), DB_I(walk->since), DB_I(walk->upto),
                               DB_I(walk->folder_id), DB_I(walk->folder_id), DB_I(walk->max)),
                       push_folder, scratch_pool);
    }
    return rv == APR_SUCCESS ? read_per_user(conn, walk, scratch_pool) : rv;
}

/* In order, without what lies above UPTO, and at most MAX. */
static void sort_and_cut(walk_t *walk)
{
    apr_array_header_t *changes = walk->changes;
    okapi_change_t *all = (okapi_change_t *)changes->elts;
    qsort(all, (size_t)changes->nelts, sizeof(*all), by_number);
    while (changes->nelts > 0 && all[changes->nelts - 1].cn > walk->upto) {
        changes->nelts--;
    }
    if (changes->nelts > walk->max) {
        changes->nelts = walk->max;
        walk->upto = all[walk->max - 1].cn;
    }
}

apr_status_t okapi_changes(apr_array_header_t **changes, okapi_cn_t *upto, okapi_store_t *store,
                           okapi_id_t folder_id, okapi_cn_t since, int max, apr_pool_t *result_pool,
                           apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi__search_look(store, 0, scratch_pool);
    if (rv != APR_SUCCESS) {
        *changes = apr_array_make(result_pool, 0, sizeof(okapi_change_t));
        *upto = since;
        return rv;
    }
    return okapi__changes(changes, upto, store, folder_id, since, max, result_pool, scratch_pool);
}

apr_status_t okapi__changes(apr_array_header_t **changes, okapi_cn_t *upto, okapi_store_t *store,
                            okapi_id_t folder_id, okapi_cn_t since, int max,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    walk_t walk = {.store = store,
                   .folder_id = folder_id,
                   .since = since,
                   .upto = since,
                   .max = max > 0 ? max : 1,
                   .result_pool = result_pool};
    walk.changes = apr_array_make(result_pool, 16, sizeof(okapi_change_t));
    apr_status_t rv = okapi__db_read(store->okapi->db, collect, &walk, scratch_pool);
    sort_and_cut(&walk);
    *changes = walk.changes;
    *upto = walk.upto > since ? walk.upto : since;
    return rv;
}
