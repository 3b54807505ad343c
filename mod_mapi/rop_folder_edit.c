/* rop_folder_edit.c - making folders, and moving, copying and deleting folders and messages:
 * MS-OXCFOLD.
 *
 * What a client wants done asynchronously is done at once: the answer may always be that it has
 * completed already (MS-OXCFOLD 3.2.5.6). */
#include <okapi/search.h>
#include <okapi/transfer.h>

#include "rops_handlers.h"

/* ---- making: 2.2.1.2 ---- */

enum { FOLDER_GENERIC = 1, FOLDER_SEARCH = 2 }; /* FolderType, 2.2.1.2.1 */

static apr_status_t create(okapi_id_t *id, mapi_rop_ctx_t *ctx,
                           const rop_create_folder_request_t *req)
{
    okapi_folder_t *parent;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &parent);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    switch (req->folder_type) {
    case FOLDER_GENERIC:
        return okapi_folder_create(id, parent, req->display_name, NULL, ctx->scratch_pool);
    case FOLDER_SEARCH:
        return okapi_search_create(id, parent, req->display_name, NULL, ctx->scratch_pool);
    default:
        return OKAPI_EINVAL;
    }
}

static apr_status_t set_comment(okapi_folder_t *folder, const char *comment, apr_pool_t *pool)
{
    okapi_propval_t v = okapi_propval_str(PR_COMMENT, comment);
    return *comment ? okapi_object_set(okapi_folder_object(folder), &v, 1, pool) : APR_SUCCESS;
}

apr_status_t rop_create_folder(mapi_rop_ctx_t *ctx, const rop_create_folder_request_t *req,
                               rop_create_folder_response_t *res)
{
    okapi_store_t *store;
    okapi_folder_t *folder;
    okapi_id_t id;
    apr_status_t rv = create(&id, ctx, req);
    int exists = rv == OKAPI_EDUPLICATENAME && req->open_existing;
    if (exists) {
        rv = APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        rv = mapi_handle_store(ctx, ctx->in, &store);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_open(&folder, store, id, ctx->pool, ctx->scratch_pool);
    }
    if (rv == APR_SUCCESS && !exists) {
        rv = set_comment(folder, req->comment, ctx->scratch_pool);
    }
    mapi_handle_t *handle;
    if (rv == APR_SUCCESS) {
        rv = mapi_handle_create(ctx, MAPI_KIND_FOLDER, NULL, &handle);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    handle->object = MAPI_KIND_FOLDER;
    handle->place.folder_id = id;
    mapi_handle_set_live(handle, folder);
    res->folder_id = id;
    res->is_existing_folder = exists;
    res->has_rules = okapi_folder_has_rules(folder);
    return APR_SUCCESS;
}

/* ---- folders that go somewhere ---- */

/* A folder of the store of the object that the ROP is called on. */
static apr_status_t open_folder(okapi_folder_t **folder, mapi_rop_ctx_t *ctx, okapi_id_t id)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    return rv == APR_SUCCESS
               ? okapi_folder_open(folder, store, id, ctx->scratch_pool, ctx->scratch_pool)
               : rv;
}

apr_status_t rop_move_folder(mapi_rop_ctx_t *ctx, const rop_move_folder_request_t *req,
                             rop_move_folder_response_t *res)
{
    okapi_folder_t *folder, *to;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->dest, &to);
    if (rv == APR_SUCCESS) {
        rv = open_folder(&folder, ctx, req->folder_id);
    }
    return rv == APR_SUCCESS ? okapi_folder_move(NULL, folder, to, req->new_folder_name,
                                                 &res->partial_completion, ctx->scratch_pool)
                             : rv;
}

apr_status_t rop_copy_folder(mapi_rop_ctx_t *ctx, const rop_copy_folder_request_t *req,
                             rop_copy_folder_response_t *res)
{
    okapi_folder_t *folder, *to;
    okapi_id_t id;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->dest, &to);
    if (rv == APR_SUCCESS) {
        rv = open_folder(&folder, ctx, req->folder_id);
    }
    return rv == APR_SUCCESS
               ? okapi_folder_copy(&id, folder, to, req->new_folder_name, req->want_recursive,
                                   &res->partial_completion, ctx->scratch_pool)
               : rv;
}

enum { /* DeleteFolderFlags, 2.2.1.3.1: okapi/transfer.h has the same bits */
       DELETE_VALID = OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS | OKAPI_DELETE_HARD
};

apr_status_t rop_delete_folder(mapi_rop_ctx_t *ctx, const rop_delete_folder_request_t *req,
                               rop_delete_folder_response_t *res)
{
    okapi_folder_t *folder;
    if (req->delete_folder_flags & ~DELETE_VALID) {
        return OKAPI_EINVAL;
    }
    apr_status_t rv = open_folder(&folder, ctx, req->folder_id);
    return rv == APR_SUCCESS ? okapi_folder_delete(folder, req->delete_folder_flags,
                                                   &res->partial_completion, ctx->scratch_pool)
                             : rv;
}

/* ---- what is in a folder ---- */

static apr_status_t empty(mapi_rop_ctx_t *ctx, int flags, int *partial)
{
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    return rv == APR_SUCCESS ? okapi_folder_empty(folder, flags, partial, ctx->scratch_pool) : rv;
}

apr_status_t rop_empty_folder(mapi_rop_ctx_t *ctx, const rop_empty_folder_request_t *req,
                              rop_empty_folder_response_t *res)
{
    return empty(ctx, req->want_delete_associated ? OKAPI_DELETE_ASSOCIATED : 0,
                 &res->partial_completion);
}

apr_status_t rop_hard_delete_messages_and_subfolders(
    mapi_rop_ctx_t *ctx, const rop_hard_delete_messages_and_subfolders_request_t *req,
    rop_hard_delete_messages_and_subfolders_response_t *res)
{
    return empty(ctx,
                 OKAPI_DELETE_HARD | (req->want_delete_associated ? OKAPI_DELETE_ASSOCIATED : 0),
                 &res->partial_completion);
}

static apr_status_t delete_messages(mapi_rop_ctx_t *ctx, const okapi_id_t *ids, int n, int flags,
                                    int *partial)
{
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    return rv == APR_SUCCESS
               ? okapi_messages_delete(folder, ids, n, flags, partial, ctx->scratch_pool)
               : rv;
}

apr_status_t rop_delete_messages(mapi_rop_ctx_t *ctx, const rop_delete_messages_request_t *req,
                                 rop_delete_messages_response_t *res)
{
    return delete_messages(ctx, req->message_ids, req->n_message_ids, 0, &res->partial_completion);
}

apr_status_t rop_hard_delete_messages(mapi_rop_ctx_t *ctx,
                                      const rop_hard_delete_messages_request_t *req,
                                      rop_hard_delete_messages_response_t *res)
{
    return delete_messages(ctx, req->message_ids, req->n_message_ids, OKAPI_DELETE_HARD,
                           &res->partial_completion);
}

apr_status_t rop_move_copy_messages(mapi_rop_ctx_t *ctx,
                                    const rop_move_copy_messages_request_t *req,
                                    rop_move_copy_messages_response_t *res)
{
    okapi_folder_t *from, *to;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &from);
    if (rv == APR_SUCCESS) {
        rv = mapi_handle_folder(ctx, ctx->dest, &to);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return (req->want_copy ? okapi_messages_copy : okapi_messages_move)(
        from, to, req->message_ids, req->n_message_ids, NULL, &res->partial_completion,
        ctx->scratch_pool);
}
