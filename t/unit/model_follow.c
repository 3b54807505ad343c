/* model_follow.c - a store as who follows its change sequence knows it, and nothing else.
 *
 * A change says that something changed, so what it says is read, which may be newer already; the
 * change that made it so comes later then.
 */
#include "model.h"

/* Of what is gone meanwhile a tombstone will tell. */
static void take_existing(model_follower_t *follower, const okapi_change_t *change,
                          apr_pool_t *pool)
{
    model_object_t *object = model_find(&follower->model, change->id);
    if (!object) {
        object = model_add(&follower->model, change->id);
    }
    object->is_gone = 0;
    object->parent = change->folder_id;
    object->is_folder = change->is_folder;
    object->is_associated = change->is_associated;
    object->is_read = (change->flags & MSGFLAG_READ) != 0;
    object->cn = change->cn;
    object->content_cn = change->content_cn;
    object->add_cn = change->add_cn;
    if (change->content_cn > follower->base) {
        apr_status_t rv = model_load(object, follower->store, pool);
        if (rv == OKAPI_ENOTFOUND || rv == OKAPI_EOBJECTDELETED) {
            model_remove(&follower->model, change->id);
        } else {
            mailbox_must(rv, "following");
        }
    }
}

/* What has a new place already stays: a tombstone is of the folder it left. Until the walk ends a
 * folder may still come, and so may what was in it and has left it before: if they have changed
 * again since, they come later. */
static void take_deletion(model_follower_t *follower, const okapi_change_t *change)
{
    model_object_t *object = model_find(&follower->model, change->id);
    if (!object || object->parent != change->folder_id) {
        return;
    }
    if (object->is_folder) {
        object->is_gone = 1;
    } else {
        model_remove(&follower->model, change->id);
    }
}

/* What is in no folder was in one that has come and gone meanwhile. */
static void end_walk(model_follower_t *follower)
{
    model_t *model = &follower->model;
    for (int i = 0; i < model->n;) {
        const model_object_t *object = &model->objects[i];
        if (object->is_gone || (object->parent && !model_find(model, object->parent))) {
            model_remove_tree(model, object->id);
            i = 0;
        } else {
            i++;
        }
    }
    follower->base = follower->cn;
}

int model_follow(model_follower_t *follower, int max, int *more, apr_pool_t *pool)
{
    apr_array_header_t *changes;
    okapi_cn_t upto, last = follower->cn, now;
    mailbox_must(okapi_changes(&changes, &upto, follower->store, 0, follower->cn, max, pool, pool),
                 "changes");
    for (int i = 0; i < changes->nelts; i++) {
        const okapi_change_t *change = &APR_ARRAY_IDX(changes, i, okapi_change_t);
        if (change->cn <= last || change->cn > upto) {
            diag("change %lld follows %lld in a step up to %lld", (long long)change->cn,
                 (long long)last, (long long)upto);
            return 0;
        }
        last = change->cn;
        if (change->kind == OKAPI_CHANGE_DELETED) {
            take_deletion(follower, change);
        } else {
            take_existing(follower, change, pool);
        }
    }
    if (changes->nelts > 0 && upto <= follower->cn) {
        diag("a step from %lld leads to %lld", (long long)follower->cn, (long long)upto);
        return 0;
    }
    follower->cn = upto;
    mailbox_must(okapi_store_cn(follower->store, &now, pool), "change number");
    *more = now > upto;
    if (!*more) {
        end_walk(follower);
    }
    return 1;
}

int model_follow_all(model_follower_t *follower, int max, apr_pool_t *parent_pool)
{
    apr_pool_t *pool;
    int more = 1, is_right = 1;
    apr_pool_create(&pool, parent_pool);
    while (more && is_right) {
        is_right = model_follow(follower, max, &more, pool);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return is_right;
}
