/* rop_rule.c - the rules of a folder: MS-OXORULE. */
#include <okapi/rule.h>

#include "rops_handlers.h"

enum { MODIFY_REPLACE = 0x01 };      /* ModifyRulesFlags, MS-OXORULE 2.2.1.1 */
enum { RULES_TABLE_UNICODE = 0x40 }; /* TableFlags, MS-OXORULE 2.2.2.1 */

apr_status_t rop_modify_rules(mapi_rop_ctx_t *ctx, const rop_modify_rules_request_t *req,
                              rop_modify_rules_response_t *res)
{
    if (req->modify_rules_flags & ~MODIFY_REPLACE) {
        return OKAPI_EINVAL; /* MS-OXORULE_R822 */
    }
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_rule_change_t *changes =
        apr_palloc(ctx->scratch_pool, sizeof(*changes) * (apr_size_t)(req->n_rules_data + 1));
    for (int i = 0; i < req->n_rules_data; i++) {
        changes[i].what = req->rules_data[i].rule_data_flags;
        changes[i].values = req->rules_data[i].property_values;
        changes[i].n = req->rules_data[i].n_property_values;
    }
    return okapi_rule_modify(folder, changes, req->n_rules_data,
                             req->modify_rules_flags & MODIFY_REPLACE, ctx->scratch_pool);
}

apr_status_t rop_get_rules_table(mapi_rop_ctx_t *ctx, const rop_get_rules_table_request_t *req,
                                 rop_get_rules_table_response_t *res)
{
    if (req->table_flags & ~RULES_TABLE_UNICODE) {
        return OKAPI_ENOSUPPORT; /* MS-OXORULE_R827 */
    }
    okapi_folder_t *folder;
    okapi_table_t *table;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv == APR_SUCCESS) {
        rv = okapi_table_rules(&table, folder, ctx->pool, ctx->scratch_pool);
    }
    /* Silent: rules have no events. */
    return rv == APR_SUCCESS ? mapi_handle_create_table(ctx, table, MAPI_KIND_FOLDER, 1) : rv;
}

apr_status_t rop_update_deferred_action_messages(
    mapi_rop_ctx_t *ctx, const rop_update_deferred_action_messages_request_t *req,
    rop_update_deferred_action_messages_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    return rv == APR_SUCCESS ? okapi_rule_update_deferred(store, req->server_entry_id,
                                                          req->client_entry_id, ctx->scratch_pool)
                             : rv;
}
