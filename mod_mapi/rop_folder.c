/* rop_folder.c - folders and the tables of what is in them: MS-OXCFOLD. */
#include "rops_handlers.h"

enum {                          /* TableFlags, MS-OXCFOLD 2.2.1.13.1 and 2.2.1.14.1 */
       TABLE_ASSOCIATED = 0x02, /* contents only */
       TABLE_DEPTH = 0x04,      /* hierarchy only */
       TABLE_DEFERRED_ERRORS = 0x08,
       TABLE_NO_NOTIFICATIONS = 0x10,
       TABLE_SOFT_DELETES = 0x20,
       TABLE_USE_UNICODE = 0x40,            /* each column's type says it anyway */
       TABLE_SUPPRESS_NOTIFICATIONS = 0x80, /* hierarchy; contents: ConversationMembers */
       TABLE_CONVERSATION_MEMBERS = 0x80,
       TABLE_COMMON =
           TABLE_DEFERRED_ERRORS | TABLE_NO_NOTIFICATIONS | TABLE_SOFT_DELETES | TABLE_USE_UNICODE,
       TABLE_HIERARCHY_VALID = TABLE_COMMON | TABLE_DEPTH | TABLE_SUPPRESS_NOTIFICATIONS,
       TABLE_CONTENTS_VALID = TABLE_COMMON | TABLE_ASSOCIATED | TABLE_CONVERSATION_MEMBERS
};

apr_status_t rop_open_folder(mapi_rop_ctx_t *ctx, const rop_open_folder_request_t *req,
                             rop_open_folder_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_folder_t *folder;
    rv = okapi_folder_open(&folder, store, req->folder_id, ctx->pool, ctx->scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    mapi_handle_t *handle;
    rv = mapi_handle_create(ctx, MAPI_KIND_FOLDER, NULL, &handle);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    handle->object = MAPI_KIND_FOLDER;
    handle->place.folder_id = req->folder_id;
    mapi_handle_set_live(handle, folder);
    res->has_rules = okapi_folder_has_rules(folder);
    return APR_SUCCESS;
}

static apr_status_t table_handle(mapi_rop_ctx_t *ctx, okapi_table_t *table, int table_flags)
{
    return mapi_handle_create_table(ctx, table, MAPI_KIND_FOLDER,
                                    (table_flags & TABLE_NO_NOTIFICATIONS) != 0);
}

apr_status_t rop_get_hierarchy_table(mapi_rop_ctx_t *ctx,
                                     const rop_get_hierarchy_table_request_t *req,
                                     rop_get_hierarchy_table_response_t *res)
{
    if (req->table_flags & ~TABLE_HIERARCHY_VALID) {
        return OKAPI_ENOSUPPORT; /* MS-OXCFOLD 3.2.5.13 */
    }
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int flags = (req->table_flags & TABLE_DEPTH ? OKAPI_TABLE_DEEP : 0) |
                (req->table_flags & TABLE_SOFT_DELETES ? OKAPI_TABLE_SOFT_DELETED : 0);
    okapi_table_t *table;
    rv =
        okapi_table_hierarchy(&table, &res->row_count, folder, flags, ctx->pool, ctx->scratch_pool);
    return rv == APR_SUCCESS ? table_handle(ctx, table, req->table_flags) : rv;
}

apr_status_t rop_get_contents_table(mapi_rop_ctx_t *ctx,
                                    const rop_get_contents_table_request_t *req,
                                    rop_get_contents_table_response_t *res)
{
    if (req->table_flags & ~TABLE_CONTENTS_VALID) {
        return OKAPI_EINVAL; /* MS-OXCFOLD 3.2.5.14 */
    }
    if (req->table_flags & TABLE_CONVERSATION_MEMBERS) {
        return OKAPI_ENOSUPPORT;
    }
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int flags = (req->table_flags & TABLE_ASSOCIATED ? OKAPI_TABLE_ASSOCIATED : 0) |
                (req->table_flags & TABLE_SOFT_DELETES ? OKAPI_TABLE_SOFT_DELETED : 0);
    okapi_table_t *table;
    rv = okapi_table_contents(&table, &res->row_count, folder, flags, ctx->pool, ctx->scratch_pool);
    return rv == APR_SUCCESS ? table_handle(ctx, table, req->table_flags) : rv;
}
