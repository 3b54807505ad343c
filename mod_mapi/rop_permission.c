/* rop_permission.c - who may do what in a folder: MS-OXCPERM. */
#include <okapi/permission.h>

#include "rops_handlers.h"

enum { INCLUDE_FREE_BUSY = 0x02 };                                   /* TableFlags, 2.2.1.1 */
enum { MODIFY_REPLACE_ROWS = 0x01, MODIFY_INCLUDE_FREE_BUSY = 0x02 }; /* ModifyFlags, 2.2.2.1 */

apr_status_t rop_get_permissions_table(mapi_rop_ctx_t *ctx,
                                       const rop_get_permissions_table_request_t *req,
                                       rop_get_permissions_table_response_t *res)
{
    if (req->table_flags & ~INCLUDE_FREE_BUSY) {
        return OKAPI_EINVAL;
    }
    int flags = req->table_flags & INCLUDE_FREE_BUSY ? OKAPI_TABLE_FREEBUSY : 0;
    okapi_folder_t *folder;
    okapi_table_t *table;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv == APR_SUCCESS) {
        rv = okapi_table_permissions(&table, folder, flags, ctx->pool, ctx->scratch_pool);
    }
    /* Silent: permissions have no events. */
    return rv == APR_SUCCESS ? mapi_handle_create_table(ctx, table, MAPI_KIND_FOLDER, 1) : rv;
}

/* Whom an AddRow is for: whoever the entry id names; one of the two reserved entries, which have
 * none, may be named by its member id. */
static apr_status_t find_added(okapi_permission_change_t *change, const mapi_rop_ctx_t *ctx,
                               const okapi_propval_t *entryid, const okapi_propval_t *member_id)
{
    if (entryid && entryid->v.bin.len > 0) {
        const char *dn = okapi_entryid_addressbook_dn(entryid->v.bin, ctx->scratch_pool);
        change->name = dn ? okapi_user_name_of_dn(ctx->engine, dn, ctx->scratch_pool) : NULL;
        return !dn ? OKAPI_EINVAL : change->name ? APR_SUCCESS : OKAPI_EUNKNOWNUSER;
    }
    change->member_id = member_id ? member_id->v.i64 : OKAPI_MEMBER_DEFAULT;
    return (entryid || member_id) && (change->member_id == OKAPI_MEMBER_DEFAULT ||
                                      change->member_id == OKAPI_MEMBER_ANONYMOUS)
               ? APR_SUCCESS
               : OKAPI_EINVAL;
}

/* A PermissionData, 2.2.2.1.1; which properties it has to have: 3.1.4.2 to 3.1.4.4. */
static apr_status_t read_change(okapi_permission_change_t *change, const mapi_rop_ctx_t *ctx,
                                const rop_permission_data_t *data)
{
    const okapi_propval_t *entryid = NULL, *member_id = NULL, *rights = NULL;
    for (int i = 0; i < data->n_property_values; i++) {
        const okapi_propval_t *v = &data->property_values[i];
        entryid = v->tag == PR_ENTRYID ? v : entryid;
        member_id = v->tag == PR_MEMBER_ID ? v : member_id;
        rights = v->tag == PR_MEMBER_RIGHTS ? v : rights;
    }
    *change = (okapi_permission_change_t){.what = data->permission_data_flags};
    if (change->what != OKAPI_PERMISSION_REMOVE) {
        if (!rights) {
            return OKAPI_EINVAL;
        }
        change->rights = (apr_uint32_t)rights->v.i32;
    }
    if (change->what == OKAPI_PERMISSION_ADD) {
        return find_added(change, ctx, entryid, member_id);
    }
    if (!member_id) {
        return OKAPI_EINVAL;
    }
    change->member_id = member_id->v.i64;
    return APR_SUCCESS;
}

apr_status_t rop_modify_permissions(mapi_rop_ctx_t *ctx,
                                    const rop_modify_permissions_request_t *req,
                                    rop_modify_permissions_response_t *res)
{
    if (req->modify_flags & ~(MODIFY_REPLACE_ROWS | MODIFY_INCLUDE_FREE_BUSY)) {
        return OKAPI_EINVAL;
    }
    int flags = (req->modify_flags & MODIFY_REPLACE_ROWS ? OKAPI_PERMISSIONS_REPLACE : 0) |
                (req->modify_flags & MODIFY_INCLUDE_FREE_BUSY ? OKAPI_PERMISSIONS_FREEBUSY : 0);
    int n = req->n_permissions_data;
    okapi_permission_change_t *changes =
        apr_palloc(ctx->scratch_pool, sizeof(*changes) * (apr_size_t)(n + 1));
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv == APR_SUCCESS && !(okapi_folder_rights(folder) & OKAPI_RIGHT_OWNER)) {
        rv = OKAPI_EACCESS; /* before what is wrong with the rows is told: 3.2.5.2 */
    }
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        rv = read_change(&changes[i], ctx, &req->permissions_data[i]);
    }
    return rv == APR_SUCCESS ? okapi_permission_modify(folder, changes, n, flags, ctx->scratch_pool)
                             : rv;
}
