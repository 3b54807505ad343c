/* rop_notify.c - subscribing to notifications: MS-OXCNOTIF 2.2.1.2. */
#include "rops_handlers.h"

apr_status_t rop_register_notification(mapi_rop_ctx_t *ctx,
                                       const rop_register_notification_request_t *req,
                                       rop_register_notification_response_t *res)
{
    okapi_store_t *store;
    okapi_cn_t cn;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_cn(store, &cn, ctx->scratch_pool);
    }
    mapi_handle_t *handle;
    if (rv == APR_SUCCESS) {
        rv = mapi_handle_create(ctx, MAPI_KIND_SUBSCRIPTION, NULL, &handle);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    mapi_subscription_t *subscription = &handle->u.subscription;
    subscription->types = req->notification_types;
    subscription->whole_store = req->want_whole_store;
    subscription->cn = subscription->told_cn = cn;
    handle->object = MAPI_KIND_LOGON;
    if (!req->want_whole_store) {
        handle->object = req->message_id != 0 ? MAPI_KIND_MESSAGE : MAPI_KIND_FOLDER;
        handle->place.folder_id = req->folder_id;
        handle->place.message_id = req->message_id;
    }
    return APR_SUCCESS;
}
