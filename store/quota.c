/* quota.c - limits of a store's size, and that size. */
#include <okapi/quota.h>

#include "access.h"
#include "cn.h"

void okapi_quota_get(okapi_quota_t *quota, const okapi_store_t *store)
{
    *quota = store->quota;
}

static apr_int64_t in_force(apr_int64_t own, apr_int64_t of_server)
{
    return own == OKAPI_QUOTA_NONE ? 0 : own ? own : of_server;
}

void okapi_quota_effective(okapi_quota_t *quota, const okapi_store_t *store)
{
    const okapi_config_t *config = store->okapi->config;
    const okapi_quota_t *own = &store->quota;
    *quota = (okapi_quota_t){in_force(own->warn, config->quota_warn),
                             in_force(own->send, config->quota_send),
                             in_force(own->receive, config->quota_receive)};
}

/* ---- setting ---- */

static apr_status_t write_quota(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi_store_t *store = baton;
    return okapi__db_exec(conn, STMT_QUOTA_SET, NULL,
                          DB_ARGS(DB_I(store->quota.warn), DB_I(store->quota.send),
                                  DB_I(store->quota.receive), DB_I(store->id)),
                          scratch_pool);
}

apr_status_t okapi_quota_set(okapi_store_t *store, const okapi_quota_t *quota,
                             apr_pool_t *scratch_pool)
{
    okapi_quota_t before = store->quota;
    if (!(store->actor->flags & OKAPI_USER_ADMIN)) {
        return OKAPI_EACCESS;
    }
    if (quota->warn < OKAPI_QUOTA_NONE || quota->send < OKAPI_QUOTA_NONE ||
        quota->receive < OKAPI_QUOTA_NONE) {
        return OKAPI_EINVAL;
    }
    store->quota = *quota;
    apr_status_t rv = okapi__db_write(store->okapi->db, write_quota, store, scratch_pool);
    if (rv != APR_SUCCESS) {
        store->quota = before;
    }
    return rv;
}

/* ---- the size ---- */

static apr_status_t select_bytes(apr_int64_t *bytes, okapi__conn_t *conn, okapi__stmt_e stmt,
                                 okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv =
        okapi__db_select_one(&rows, &found, conn, stmt, DB_ARGS(DB_I(store_id)), scratch_pool);
    *bytes = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

apr_status_t okapi__quota_check(okapi__conn_t *conn, const okapi_store_t *store, apr_int64_t added,
                                apr_pool_t *scratch_pool)
{
    okapi_quota_t quota;
    apr_int64_t bytes;
    okapi_quota_effective(&quota, store);
    if (!quota.receive || added <= 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = select_bytes(&bytes, conn, STMT_QUOTA_BYTES, store->id, scratch_pool);
    return rv == APR_SUCCESS && bytes > quota.receive ? OKAPI_EQUOTA : rv;
}

typedef struct sizing_t {
    okapi_store_t *store;
    apr_int64_t bytes, counted;
} sizing_t;

static apr_status_t read_bytes(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    sizing_t *b = baton;
    return select_bytes(&b->bytes, conn, STMT_QUOTA_BYTES, b->store->id, scratch_pool);
}

static int exceeds(apr_int64_t bytes, apr_int64_t limit)
{
    return limit && bytes > limit;
}

apr_status_t okapi_quota_state(okapi_quota_e *state, apr_int64_t *bytes, okapi_store_t *store,
                               apr_pool_t *scratch_pool)
{
    sizing_t b = {.store = store};
    okapi_quota_t quota;
    apr_status_t rv = okapi__db_read_loose(store->okapi->db, read_bytes, &b, scratch_pool);
    okapi_quota_effective(&quota, store);
    *bytes = b.bytes;
    *state = exceeds(b.bytes, quota.receive) ? OKAPI_QUOTA_RECEIVE
             : exceeds(b.bytes, quota.send)  ? OKAPI_QUOTA_SEND
             : exceeds(b.bytes, quota.warn)  ? OKAPI_QUOTA_WARN
                                             : OKAPI_QUOTA_FREE;
    return rv;
}

apr_status_t okapi_quota_check_send(okapi_store_t *store, apr_pool_t *scratch_pool)
{
    okapi_quota_e state;
    apr_int64_t bytes;
    apr_status_t rv = okapi_quota_state(&state, &bytes, store, scratch_pool);
    return rv == APR_SUCCESS && state >= OKAPI_QUOTA_SEND ? OKAPI_EQUOTA : rv;
}

/* Under the lock of the change number nobody saves anything. */
static apr_status_t recount(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    sizing_t *b = baton;
    okapi_id_t id = b->store->id;
    okapi_cn_t cn;
    apr_status_t rv = okapi__cn_take(conn, id, 0, 0, &cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = select_bytes(&b->bytes, conn, STMT_QUOTA_BYTES, id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = select_bytes(&b->counted, conn, STMT_QUOTA_COUNT, id, scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi__cn_take(conn, id, 0, b->counted - b->bytes, &cn, scratch_pool)
               : rv;
}

apr_status_t okapi_quota_recount(okapi_store_t *store, apr_int64_t *difference,
                                 apr_pool_t *scratch_pool)
{
    sizing_t b = {.store = store};
    apr_status_t rv = store->full_access
                          ? okapi__db_write(store->okapi->db, recount, &b, scratch_pool)
                          : OKAPI_EACCESS;
    *difference = b.bytes - b.counted;
    return rv;
}
