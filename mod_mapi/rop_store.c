/* rop_store.c - what a store as a whole is asked: receive folders and identifiers: MS-OXCSTOR. */
#include <string.h>

#include "rops_handlers.h"

#define MESSAGE_CLASS_MAX 255 /* with the terminating zero: MS-OXCSTOR 2.2.1.2.1 */

/* Printable ASCII; no period at either end, nor two together. */
static int is_message_class(const char *s)
{
    apr_size_t len = strlen(s);
    if (len >= MESSAGE_CLASS_MAX || *s == '.' || (len > 0 && s[len - 1] == '.') ||
        strstr(s, "..") != NULL) {
        return 0;
    }
    for (; *s != '\0'; s++) {
        if (*s < ' ' || *s > '~') {
            return 0;
        }
    }
    return 1;
}

apr_status_t rop_get_receive_folder(mapi_rop_ctx_t *ctx,
                                    const rop_get_receive_folder_request_t *req,
                                    rop_get_receive_folder_response_t *res)
{
    if (!is_message_class(req->message_class)) {
        return OKAPI_EINVAL;
    }
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return okapi_store_receive_folder(store, req->message_class, &res->folder_id,
                                      &res->explicit_message_class, ctx->scratch_pool,
                                      ctx->scratch_pool);
}

/* A folder of another replica isn't in this mailbox (MS-OXCSTOR_R871). */
apr_status_t rop_set_receive_folder(mapi_rop_ctx_t *ctx,
                                    const rop_set_receive_folder_request_t *req,
                                    rop_set_receive_folder_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    return rv == APR_SUCCESS
               ? okapi_store_set_receive_folder(store, req->message_class, req->folder_id,
                                                ctx->scratch_pool)
               : rv;
}

apr_status_t rop_get_receive_folder_table(mapi_rop_ctx_t *ctx,
                                          const rop_get_receive_folder_table_request_t *req,
                                          rop_get_receive_folder_table_response_t *res)
{
    okapi_store_t *store;
    apr_array_header_t *entries;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_receive_folders(store, &entries, ctx->scratch_pool, ctx->scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (entries->nelts == 0) {
        return OKAPI_ENORECEIVEFOLDER;
    }
    res->n_rows = entries->nelts;
    res->rows = apr_pcalloc(ctx->scratch_pool, (apr_size_t)entries->nelts * sizeof(*res->rows));
    for (int i = 0; i < entries->nelts; i++) {
        const okapi_receive_folder_t *e = &APR_ARRAY_IDX(entries, i, okapi_receive_folder_t);
        res->rows[i].folder_id = e->folder_id;
        res->rows[i].message_class = e->message_class;
        res->rows[i].last_modification_time = e->mtime;
    }
    return APR_SUCCESS;
}

/* The one flag there is says that the store has persistent search folders (MS-OXCSTOR 2.2.1.5.2);
 * it has none. */
apr_status_t rop_get_store_state(mapi_rop_ctx_t *ctx, const rop_get_store_state_request_t *req,
                                 rop_get_store_state_response_t *res)
{
    return APR_SUCCESS;
}

/* OKAPI_ENOTFOUND unless the public folder is there and may be seen. */
static apr_status_t find_public_folder(mapi_rop_ctx_t *ctx, okapi_id_t folder_id)
{
    okapi_store_t *store;
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    return rv == APR_SUCCESS ? okapi_folder_open(&folder, store, folder_id, ctx->scratch_pool,
                                                 ctx->scratch_pool)
                             : rv;
}

/* Nothing is ever elsewhere (MS-OXCSTOR 3.2.5.7): every node has every folder, and to clients all
 * of them are one server. */
apr_status_t rop_public_folder_is_ghosted(mapi_rop_ctx_t *ctx,
                                          const rop_public_folder_is_ghosted_request_t *req,
                                          rop_public_folder_is_ghosted_response_t *res)
{
    return mapi_logon_is_public(ctx->logon) ? find_public_folder(ctx, req->folder_id)
                                            : APR_SUCCESS;
}

apr_status_t rop_get_owning_servers(mapi_rop_ctx_t *ctx,
                                    const rop_get_owning_servers_request_t *req,
                                    rop_get_owning_servers_response_t *res)
{
    if (!mapi_logon_is_public(ctx->logon)) {
        return OKAPI_ENOSUPPORT;
    }
    apr_status_t rv = find_public_folder(ctx, req->folder_id);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    res->owning_servers = apr_palloc(ctx->scratch_pool, sizeof(*res->owning_servers));
    res->owning_servers[0] = okapi_server_dn(ctx->engine, ctx->scratch_pool);
    res->owning_servers_count = res->cheap_servers_count = 1;
    return APR_SUCCESS;
}

apr_status_t rop_long_term_id_from_id(mapi_rop_ctx_t *ctx,
                                      const rop_long_term_id_from_id_request_t *req,
                                      rop_long_term_id_from_id_response_t *res)
{
    if (req->object_id == 0) {
        return OKAPI_ENOTFOUND; /* of another replica than 1 */
    }
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        res->long_term_id.replica = *okapi_store_guid(store);
        res->long_term_id.id = req->object_id;
    }
    return rv;
}

apr_status_t rop_id_from_long_term_id(mapi_rop_ctx_t *ctx,
                                      const rop_id_from_long_term_id_request_t *req,
                                      rop_id_from_long_term_id_response_t *res)
{
    static const okapi_guid_t none = {{0}};
    if (okapi_guid_equal(&req->long_term_id.replica, &none) || req->long_term_id.id == 0) {
        return OKAPI_EINVAL;
    }
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS &&
        !okapi_guid_equal(&req->long_term_id.replica, okapi_store_guid(store))) {
        return OKAPI_ENOTFOUND;
    }
    res->object_id = req->long_term_id.id;
    return rv;
}
