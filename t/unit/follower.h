/* follower.h - somebody who knows a store from its change sequence only, and the comparison of
 * what it knows with what there is. */
#ifndef FOLLOWER_H
#define FOLLOWER_H

#include <okapi/change.h>
#include <okapi/fsck.h>

#include "mailbox.h"
#include "store_private.h"

typedef struct followed_t {
    okapi_id_t id, parent; /* of a folder its parent, of a message its folder */
    int is_folder, is_read, is_associated;
} followed_t;

typedef struct follower_t {
    okapi_store_t *store;
    okapi_cn_t cn;
    int page;            /* changes at once */
    apr_hash_t *objects; /* id: followed_t * */
    apr_pool_t *pool;
} follower_t;

static inline follower_t *follower_create(okapi_store_t *store, int page, apr_pool_t *pool)
{
    follower_t *f = apr_pcalloc(pool, sizeof(*f));
    f->store = store;
    f->page = page;
    f->objects = apr_hash_make(pool);
    f->pool = pool;
    return f;
}

static inline followed_t *follower_find(const follower_t *f, okapi_id_t id)
{
    return apr_hash_get(f->objects, &id, sizeof(id));
}

/* The object with all that is in it. */
static inline void follower_drop(follower_t *f, followed_t *object)
{
    apr_hash_set(f->objects, &object->id, sizeof(object->id), NULL);
    if (!object->is_folder) {
        return;
    }
    for (apr_hash_index_t *i = apr_hash_first(f->pool, f->objects); i; i = apr_hash_next(i)) {
        followed_t *o = apr_hash_this_val(i);
        if (o->parent == object->id && follower_find(f, o->id)) {
            follower_drop(f, o);
            i = apr_hash_first(f->pool, f->objects);
            if (!i) {
                return;
            }
        }
    }
}

static inline void follower_apply(follower_t *f, const okapi_change_t *c)
{
    followed_t *o = follower_find(f, c->id);
    if (c->kind == OKAPI_CHANGE_DELETED) {
        if (o && o->parent == c->folder_id && c->is_moved) {
            o->parent = 0;
        } else if (o && o->parent == c->folder_id) {
            follower_drop(f, o);
        }
        return;
    }
    if (!o) {
        o = apr_pcalloc(f->pool, sizeof(*o));
        o->id = c->id;
        apr_hash_set(f->objects, &o->id, sizeof(o->id), o);
    }
    o->parent = c->folder_id;
    o->is_folder = c->is_folder;
    o->is_read = (c->flags & MSGFLAG_READ) != 0;
    o->is_associated = c->is_associated;
}

static inline void follower_run(follower_t *f)
{
    apr_array_header_t *changes;
    okapi_cn_t upto, end;
    mailbox_must(okapi_store_cn(f->store, &end, f->pool), "change number");
    while (f->cn < end) {
        mailbox_must(okapi_changes(&changes, &upto, f->store, 0, f->cn, f->page, f->pool, f->pool),
                     "changes");
        for (int i = 0; i < changes->nelts; i++) {
            follower_apply(f, &APR_ARRAY_IDX(changes, i, okapi_change_t));
        }
        f->cn = upto;
    }
}

/* ---- what there is ---- */

typedef struct comparison_t {
    follower_t *follower;
    okapi_id_t folder_id;
    int found, wrong;
} comparison_t;

static inline apr_status_t follower_compare_messages(okapi__conn_t *conn, void *baton,
                                                     apr_pool_t *scratch_pool)
{
    comparison_t *c = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(
        &rows, conn, STMT_PACE_MESSAGES,
        DB_ARGS(DB_I(c->folder_id), DB_I(0), DB_I(0), DB_I(1), DB_I(APR_INT64_MAX),
                DB_I(APR_INT64_MAX), DB_I(0), DB_I(0), DB_I(1000000)),
        scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_id_t id = okapi__rows_int(rows, 0);
        const followed_t *o = follower_find(c->follower, id);
        okapi__rows_t *row;
        int there;
        c->found++;
        rv = okapi__db_select_one(&row, &there, conn, STMT_TRANSFER_ROW,
                                  DB_ARGS(DB_I(c->folder_id), DB_I(id)), scratch_pool);
        if (!o || o->parent != c->folder_id || o->is_folder ||
            o->is_associated != (okapi__rows_int(row, 0) == 1) ||
            o->is_read != (okapi__rows_int(row, 1) & MSGFLAG_READ)) {
            diag("message %" APR_INT64_T_FMT " isn't known as it is", id);
            c->wrong++;
        }
    }
    return rv;
}

/* Does the follower, having read on, know exactly what there is? */
static inline void follower_is_right(follower_t *f, const char *when)
{
    apr_array_header_t *nodes;
    okapi_folder_t *root;
    comparison_t c = {.follower = f, .found = 1};
    okapi_id_t root_id = okapi_store_special(f->store, OKAPI_FOLDER_ROOT);
    follower_run(f);
    mailbox_must(okapi_folder_open(&root, f->store, root_id, f->pool, f->pool), "root");
    mailbox_must(okapi_folder_tree(&nodes, root, f->pool, f->pool), "tree");
    for (int i = 0; i < nodes->nelts; i++) {
        okapi_folder_t *folder = APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).folder;
        const followed_t *o = follower_find(f, okapi_folder_id(folder));
        c.found++;
        if (!o || !o->is_folder || o->parent != okapi_folder_parent_id(folder)) {
            diag("folder %s isn't known as it is", okapi_folder_name(folder));
            c.wrong++;
        }
        c.folder_id = okapi_folder_id(folder);
        mailbox_must(okapi__db_read(f->store->okapi->db, follower_compare_messages, &c, f->pool),
                     "messages");
    }
    ok(c.wrong == 0 && c.found == (int)apr_hash_count(f->objects),
       "a follower of the changes, %d at once, knows what there is %s", f->page, when);
    if (c.found != (int)apr_hash_count(f->objects)) {
        diag("there are %d objects, it knows %u", c.found, apr_hash_count(f->objects));
    }
}

/* The database is what it should be. */
static inline void fsck_finding(void *baton, const okapi_fsck_finding_t *f)
{
    diag("%s: %s: %s", f->check, f->owner, f->sentence);
}

static inline void nothing_is_damaged(okapi_t *okapi, apr_pool_t *pool)
{
    okapi_fsck_t fsck = {.deep = 1, .found = fsck_finding};
    apr_status_t rv = okapi_fsck(okapi, &fsck, pool);
    ok(rv == APR_SUCCESS && fsck.damaged == 0, "okapi_fsck finds nothing");
}

#endif
