/* store.c - opening a mailbox, and what can be told of it at once. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/delegate.h>

#include "access.h"
#include "cache.h"
#include "cn.h"
#include "text.h"
#include "user_private.h"

/* ---- special folders: their ids never change, so a process asks for them once ---- */

static int specials_cached(okapi_store_t *store)
{
    okapi_t *okapi = store->okapi;
    apr_thread_mutex_lock(okapi->mutex);
    const okapi_id_t *ids = okapi__cache_get(okapi->stores, store->id);
    if (ids) {
        memcpy(store->special, ids, sizeof(store->special));
    }
    apr_thread_mutex_unlock(okapi->mutex);
    return ids != NULL;
}

static void specials_cache(const okapi_store_t *store)
{
    okapi_t *okapi = store->okapi;
    apr_thread_mutex_lock(okapi->mutex);
    apr_pool_t *pool = okapi__cache_add(okapi->stores, store->id);
    okapi__cache_set(okapi->stores, store->id,
                     apr_pmemdup(pool, store->special, sizeof(store->special)));
    apr_thread_mutex_unlock(okapi->mutex);
}

static apr_status_t specials_read(okapi__conn_t *conn, okapi_store_t *store,
                                  apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv =
        okapi__db_select(&rows, conn, STMT_STORE_SPECIALS, DB_ARGS(DB_I(store->id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        apr_int64_t which = okapi__rows_int(rows, 1);
        if (which > OKAPI_FOLDER_NONE && which < OKAPI_FOLDER__PUBLIC_LAST) {
            store->special[which] = okapi__rows_int(rows, 0);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* ---- opening ---- */

typedef struct open_t {
    okapi_store_t *store;
    int is_cached; /* its special folders were known */
} open_t;

/* What the actor is to the store, whoever hasn't full access. */
static apr_status_t read_standing(okapi__conn_t *conn, okapi_store_t *store,
                                  apr_pool_t *scratch_pool)
{
    apr_array_header_t *groups;
    apr_uint32_t flags = 0;
    apr_status_t rv =
        okapi__groups_of(&groups, conn, store->actor->id, store->pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__delegate_flags(&flags, conn, store->id, store->actor->id, scratch_pool);
    }
    store->groups = groups;
    store->sees_private = (flags & OKAPI_DELEGATE_PRIVATE) != 0;
    return rv;
}

static apr_status_t read_store(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    open_t *b = baton;
    okapi_store_t *store = b->store;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(
        &rows, &found, conn, STMT_STORE_BY_OWNER,
        DB_ARGS(DB_S(store->owner->name), DB_I(store->kind)), scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!found) {
        return store->kind == OKAPI__STORE_PUBLIC ? OKAPI_ENOTFOUND : OKAPI_EUNKNOWNUSER;
    }
    store->id = okapi__rows_int(rows, 0);
    store->quota.receive = okapi__rows_int(rows, 2);
    store->bytes = okapi__rows_int(rows, 3);
    store->quota.warn = okapi__rows_int(rows, 4);
    store->quota.send = okapi__rows_int(rows, 5);
    rv = okapi__guid_of_hex(&store->guid, okapi__rows_str(rows, 1));
    if (rv == APR_SUCCESS && !store->full_access && store->actor->id) {
        rv = read_standing(conn, store, scratch_pool);
    }
    b->is_cached = specials_cached(store);
    return rv == APR_SUCCESS && !b->is_cached ? specials_read(conn, store, scratch_pool) : rv;
}

static apr_status_t open_store(okapi_store_t **store, okapi_t *okapi, int kind,
                               const okapi_user_t *actor, const okapi_user_t *owner,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_store_t *opened = apr_pcalloc(result_pool, sizeof(*opened));
    open_t baton = {.store = opened};
    opened->object.object_class = &okapi__store_class;
    opened->okapi = okapi;
    opened->pool = result_pool;
    opened->owner = okapi__user_dup(owner, result_pool);
    opened->actor = okapi__user_dup(actor, result_pool);
    opened->kind = kind;
    opened->full_access =
        (owner->id && actor->id == owner->id) || (actor->flags & OKAPI_USER_ADMIN);
    opened->sees_private = opened->full_access;
    apr_status_t rv = okapi__db_read(okapi->db, read_store, &baton, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!baton.is_cached) {
        specials_cache(opened);
    }
    *store = opened;
    return APR_SUCCESS;
}

apr_status_t okapi_store_open(okapi_store_t **store, okapi_t *okapi, const okapi_user_t *actor,
                              const okapi_user_t *owner, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    return open_store(store, okapi, OKAPI__STORE_MAILBOX, actor, owner, result_pool, scratch_pool);
}

apr_status_t okapi_store_open_public(okapi_store_t **store, okapi_t *okapi,
                                     const okapi_user_t *actor, apr_pool_t *result_pool,
                                     apr_pool_t *scratch_pool)
{
    return open_store(store, okapi, OKAPI__STORE_PUBLIC, actor, &okapi__public_owner, result_pool,
                      scratch_pool);
}

okapi_object_t *okapi_store_object(okapi_store_t *store)
{
    return &store->object;
}

okapi_t *okapi_store_engine(const okapi_store_t *store)
{
    return store->okapi;
}

okapi_id_t okapi_store_id(const okapi_store_t *store)
{
    return store->id;
}

const okapi_guid_t *okapi_store_guid(const okapi_store_t *store)
{
    return &store->guid;
}

const okapi_user_t *okapi_store_owner(const okapi_store_t *store)
{
    return store->owner;
}

const okapi_user_t *okapi_store_actor(const okapi_store_t *store)
{
    return store->actor;
}

okapi_id_t okapi_store_special(const okapi_store_t *store, okapi_special_e which)
{
    return which > OKAPI_FOLDER_NONE && which < OKAPI_FOLDER__PUBLIC_LAST ? store->special[which]
                                                                          : 0;
}

/* ---- the change number ---- */

typedef struct cn_t {
    okapi_id_t store_id;
    okapi_cn_t cn;
} cn_t;

static apr_status_t read_cn(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    cn_t *b = baton;
    return okapi__cn_read(conn, b->store_id, &b->cn, NULL, scratch_pool);
}

apr_status_t okapi_store_cn_by_id(okapi_t *okapi, okapi_id_t store_id, okapi_cn_t *cn,
                                  apr_pool_t *scratch_pool)
{
    cn_t baton = {store_id, 0};
    apr_status_t rv = okapi__db_read_loose(okapi->db, read_cn, &baton, scratch_pool);
    *cn = baton.cn;
    return rv;
}

apr_status_t okapi_store_cn(okapi_store_t *store, okapi_cn_t *cn, apr_pool_t *scratch_pool)
{
    return okapi_store_cn_by_id(store->okapi, store->id, cn, scratch_pool);
}
