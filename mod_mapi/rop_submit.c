/* rop_submit.c - sending messages: MS-OXCROPS 2.2.7, MS-OXOMSG 2.2.3.
 *
 * This server sends to everybody itself. So no client has to be its spooler (MS-OXOMSG 3.2.4.8),
 * and nothing ever is in a queue for one.
 */
#include <string.h>

#include <okapi/submit.h>

#include "rops_handlers.h"

enum { SUBMIT_FLAGS = 0x03 };   /* PreProcess, NeedsSpooler: MS-OXOMSG 2.2.3.1.1 */
enum { LOCK_STATE_LAST = 0x02 }; /* lstFinished: MS-OXOMSG 2.2.5.3.1 */

/* ---- sending ---- */

apr_status_t rop_submit_message(mapi_rop_ctx_t *ctx, const rop_submit_message_request_t *req,
                                rop_submit_message_response_t *res)
{
    okapi_message_t *message;
    if (req->submit_flags & ~SUBMIT_FLAGS) {
        return OKAPI_EINVAL;
    }
    apr_status_t rv = mapi_handle_message(ctx, ctx->in, &message);
    return rv == APR_SUCCESS ? okapi_submit(message, 0, ctx->scratch_pool) : rv;
}

apr_status_t rop_abort_submit(mapi_rop_ctx_t *ctx, const rop_abort_submit_request_t *req,
                              rop_abort_submit_response_t *res)
{
    okapi_store_t *store;
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        rv = okapi_message_open(&message, store, req->folder_id, req->message_id,
                                ctx->scratch_pool, ctx->scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi_submit_abort(message, ctx->scratch_pool) : rv;
}

/* What a client sends so is a temporary object (MS-OXOMSG 3.2.4.8), of which nothing stays. */
apr_status_t rop_transport_send(mapi_rop_ctx_t *ctx, const rop_transport_send_request_t *req,
                                rop_transport_send_response_t *res)
{
    const okapi_propval_t temporary = okapi_propval_bool(PR_DELETE_AFTER_SUBMIT, 1);
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_message(ctx, ctx->in, &message);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_set(okapi_message_object(message), &temporary, 1, ctx->scratch_pool);
    }
    res->no_properties_returned = 1;
    return rv == APR_SUCCESS ? okapi_submit(message, 0, ctx->scratch_pool) : rv;
}

apr_status_t rop_get_transport_folder(mapi_rop_ctx_t *ctx,
                                      const rop_get_transport_folder_request_t *req,
                                      rop_get_transport_folder_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        res->folder_id = okapi_store_special(store, OKAPI_FOLDER_SPOOLER_QUEUE);
    }
    return rv;
}

/* ---- spoolers ---- */

apr_status_t rop_set_spooler(mapi_rop_ctx_t *ctx, const rop_set_spooler_request_t *req,
                             rop_set_spooler_response_t *res)
{
    return APR_SUCCESS;
}

apr_status_t rop_spooler_lock_message(mapi_rop_ctx_t *ctx,
                                      const rop_spooler_lock_message_request_t *req,
                                      rop_spooler_lock_message_response_t *res)
{
    return req->lock_state > LOCK_STATE_LAST ? OKAPI_EINVAL : OKAPI_ENOTINQUEUE;
}

/* Everybody sees mail that a client has brought as soon as it is saved. */
apr_status_t rop_transport_new_mail(mapi_rop_ctx_t *ctx,
                                    const rop_transport_new_mail_request_t *req,
                                    rop_transport_new_mail_response_t *res)
{
    okapi_store_t *store;
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    return rv == APR_SUCCESS ? okapi_message_open(&message, store, req->folder_id,
                                                  req->message_id, ctx->scratch_pool,
                                                  ctx->scratch_pool)
                             : rv;
}

/* ---- what can be sent to ---- */

apr_status_t rop_get_address_types(mapi_rop_ctx_t *ctx, const rop_get_address_types_request_t *req,
                                   rop_get_address_types_response_t *res)
{
    static const char *types[] = {"EX", "SMTP"};
    res->address_type_count = sizeof(types) / sizeof(types[0]);
    res->address_types = types;
    for (int i = 0; i < res->address_type_count; i++) {
        res->address_type_size = (apr_uint16_t)(res->address_type_size + strlen(types[i]) + 1);
    }
    return APR_SUCCESS;
}

/* There is nothing to set: MS-OXCROPS_R2577. */
apr_status_t rop_options_data(mapi_rop_ctx_t *ctx, const rop_options_data_request_t *req,
                              rop_options_data_response_t *res)
{
    return APR_SUCCESS;
}
