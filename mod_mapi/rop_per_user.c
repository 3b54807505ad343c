/* rop_per_user.c - what somebody has read in public folders, in bytes: MS-OXCSTOR 2.2.1.10 to
 * 2.2.1.13, 3.2.5.10 to 3.2.5.13. */
#include <string.h>

#include <okapi/per_user.h>

#include "rops_handlers.h"

enum { DATA_DEFAULT = 4096 }; /* MaxDataSize 0 */

apr_status_t rop_get_per_user_long_term_ids(mapi_rop_ctx_t *ctx,
                                            const rop_get_per_user_long_term_ids_request_t *req,
                                            rop_get_per_user_long_term_ids_response_t *res)
{
    okapi_store_t *store;
    apr_array_header_t *list;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        rv = okapi_per_user_list(&list, store, &req->database_guid, ctx->scratch_pool,
                                 ctx->scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    res->n_long_term_ids = list->nelts;
    res->long_term_ids = apr_palloc(ctx->scratch_pool,
                                    sizeof(*res->long_term_ids) * (apr_size_t)(list->nelts + 1));
    for (int i = 0; i < list->nelts; i++) {
        const okapi_per_user_t *kept = &APR_ARRAY_IDX(list, i, okapi_per_user_t);
        res->long_term_ids[i] = (mapi_longtermid_t){kept->replica, kept->folder_id};
    }
    return APR_SUCCESS;
}

apr_status_t rop_get_per_user_guid(mapi_rop_ctx_t *ctx, const rop_get_per_user_guid_request_t *req,
                                   rop_get_per_user_guid_response_t *res)
{
    okapi_store_t *store;
    okapi_per_user_t kept = {.replica = req->long_term_id.replica,
                             .folder_id = req->long_term_id.id};
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        rv = okapi_per_user_kept(&kept, store, ctx->scratch_pool, ctx->scratch_pool);
    }
    res->database_guid = kept.source;
    return rv;
}

/* ---- reading ---- */

/* The folder of a public store; OKAPI_ENOTFOUND if it is another one's. */
static apr_status_t open_folder(okapi_folder_t **folder, mapi_rop_ctx_t *ctx,
                                const mapi_longtermid_t *id)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS && !okapi_guid_equal(&id->replica, okapi_store_guid(store))) {
        rv = OKAPI_ENOTFOUND;
    }
    return rv == APR_SUCCESS ? okapi_folder_open(folder, store, id->id, ctx->scratch_pool,
                                                 ctx->scratch_pool)
                             : rv;
}

/* Of a folder nobody has told of, or that isn't there, the set is empty. */
static apr_status_t get_set(okapi_binary_t *set, mapi_rop_ctx_t *ctx, const mapi_longtermid_t *id)
{
    okapi_per_user_t kept = {.replica = id->replica, .folder_id = id->id};
    okapi_folder_t *folder;
    okapi_store_t *store;
    apr_status_t rv;
    if (mapi_logon_is_public(ctx->logon)) {
        rv = open_folder(&folder, ctx, id);
        if (rv == APR_SUCCESS) {
            rv = okapi_per_user_get(&kept.set, folder, ctx->scratch_pool, ctx->scratch_pool);
        }
    } else {
        rv = mapi_handle_store(ctx, ctx->in, &store);
        if (rv == APR_SUCCESS) {
            rv = okapi_per_user_kept(&kept, store, ctx->scratch_pool, ctx->scratch_pool);
        }
    }
    *set = kept.set;
    return rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv;
}

apr_status_t rop_read_per_user_information(mapi_rop_ctx_t *ctx,
                                           const rop_read_per_user_information_request_t *req,
                                           rop_read_per_user_information_response_t *res)
{
    okapi_binary_t set;
    apr_size_t max = req->max_data_size ? req->max_data_size : DATA_DEFAULT;
    apr_status_t rv = get_set(&set, ctx, &req->folder_id);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (req->data_offset > set.len) {
        return OKAPI_EFAIL;
    }
    apr_size_t left = set.len - req->data_offset, room = ctx->room > 3 ? ctx->room - 3 : 0;
    max = max < room ? max : room;
    res->data.data = left ? set.data + req->data_offset : NULL;
    res->data.len = left < max ? left : max;
    res->has_finished = res->data.len == left;
    return APR_SUCCESS;
}

/* ---- writing ---- */

static void forget(mapi_logon_t *logon)
{
    memset(&logon->per_user, 0, sizeof(logon->per_user));
}

static int is_same(const mapi_longtermid_t *a, const mapi_longtermid_t *b)
{
    return a->id == b->id && okapi_guid_equal(&a->replica, &b->replica);
}

/* 3.2.5.13.1: a block that isn't the next one ends what was begun. */
static apr_status_t collect(mapi_rop_ctx_t *ctx,
                            const rop_write_per_user_information_request_t *req)
{
    mapi_per_user_t *p = &ctx->logon->per_user;
    if (req->data_offset == 0) {
        forget(ctx->logon);
        p->folder_id = req->folder_id;
        p->source = req->repl_guid;
    }
    if (!is_same(&p->folder_id, &req->folder_id) || req->data_offset != p->data.len) {
        return OKAPI_EFAIL;
    }
    if (p->data.len + req->data.len > OKAPI_PER_USER_MAX) {
        return OKAPI_ETOOBIG;
    }
    unsigned char *bytes = apr_palloc(ctx->session->pool, p->data.len + req->data.len + 1);
    if (p->data.len) {
        memcpy(bytes, p->data.data, p->data.len);
    }
    if (req->data.len) {
        memcpy(bytes + p->data.len, req->data.data, req->data.len);
    }
    p->data = (okapi_binary_t){bytes, p->data.len + req->data.len};
    return APR_SUCCESS;
}

static apr_status_t establish(mapi_rop_ctx_t *ctx)
{
    const mapi_per_user_t *p = &ctx->logon->per_user;
    const okapi_per_user_t kept = {p->folder_id.replica, p->folder_id.id, p->source, p->data};
    okapi_folder_t *folder;
    okapi_store_t *store;
    if (mapi_logon_is_public(ctx->logon)) {
        apr_status_t rv = open_folder(&folder, ctx, &p->folder_id);
        return rv == APR_SUCCESS ? okapi_per_user_set(folder, p->data, ctx->scratch_pool) : rv;
    }
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    return rv == APR_SUCCESS ? okapi_per_user_keep(store, &kept, ctx->scratch_pool) : rv;
}

apr_status_t rop_write_per_user_information(mapi_rop_ctx_t *ctx,
                                            const rop_write_per_user_information_request_t *req,
                                            rop_write_per_user_information_response_t *res)
{
    apr_status_t rv = collect(ctx, req);
    if (rv == APR_SUCCESS && !req->has_finished) {
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        rv = establish(ctx);
    }
    forget(ctx->logon);
    return rv;
}
