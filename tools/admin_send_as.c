/* admin_send_as.c - okapi-admin send-as: who may send mail in somebody else's name. */
#include <okapi/error.h>
#include <okapi/send_as.h>

#include "admin.h"

static const output_column_t columns[] = {{"name", "May send as it", OUTPUT_TEXT},
                                          {NULL, NULL, OUTPUT_TEXT}};

static int print(admin_t *admin, const okapi_user_t *owner)
{
    apr_pool_t *pool = admin->tool.pool;
    apr_array_header_t *members;
    apr_status_t rv = okapi_send_as_list(&members, admin->tool.okapi, owner, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "who may send as %s can't be read", owner->name);
    }
    json_t *rows = json_array();
    for (int i = 0; i < members->nelts; i++) {
        json_array_append_new(rows,
                              json_pack("{s:s}", "name", APR_ARRAY_IDX(members, i, const char *)));
    }
    output_table(rows, columns, admin->as_json, pool);
    return EX_OK;
}

int admin_send_as_list(admin_t *admin)
{
    okapi_user_t *owner;
    int code = admin_find_user(admin, 0, &owner);
    return code ? code : print(admin, owner);
}

int admin_send_as_add(admin_t *admin)
{
    okapi_user_t *owner;
    const char *member = admin_arg(admin, 1);
    int code = admin_find_user(admin, 0, &owner);
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_send_as_add(admin->tool.okapi, owner, member, admin->tool.pool);
    return rv == APR_SUCCESS || rv == OKAPI_EEXISTS
               ? print(admin, owner)
               : tool_fail(&admin->tool, rv, "%s can't be given the right", member);
}

int admin_send_as_remove(admin_t *admin)
{
    okapi_user_t *owner;
    const char *member = admin_arg(admin, 1);
    int code = admin_find_user(admin, 0, &owner);
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_send_as_remove(admin->tool.okapi, owner, member, admin->tool.pool);
    if (rv == OKAPI_ENOTFOUND) {
        tool_error(&admin->tool, "%s hasn't the right to send as %s", member, owner->name);
        return EX_DATAERR;
    }
    return rv == APR_SUCCESS
               ? print(admin, owner)
               : tool_fail(&admin->tool, rv, "the right can't be taken from %s", member);
}
