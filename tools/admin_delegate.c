/* admin_delegate.c - okapi-admin delegate: who acts for the owner of a mailbox. */
#include <okapi/delegate.h>
#include <okapi/error.h>

#include "admin.h"

static const output_column_t columns[] = {{"name", "Delegate", OUTPUT_TEXT},
                                          {"fullname", "Full name", OUTPUT_TEXT},
                                          {"meetings", "Meeting requests", OUTPUT_TEXT},
                                          {"private", "Sees private", OUTPUT_TEXT},
                                          {NULL, NULL, OUTPUT_TEXT}};

static int print(admin_t *admin, okapi_store_t *store)
{
    apr_pool_t *pool = admin->tool.pool;
    apr_array_header_t *delegates;
    apr_status_t rv = okapi_delegate_list(&delegates, store, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the delegates of %s can't be read",
                         admin_arg(admin, 0));
    }
    json_t *rows = json_array();
    for (int i = 0; i < delegates->nelts; i++) {
        const okapi_delegate_t *delegate = &APR_ARRAY_IDX(delegates, i, okapi_delegate_t);
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:b, s:b}", "name", delegate->user->name, "fullname",
                            delegate->user->fullname, "meetings",
                            (delegate->flags & OKAPI_DELEGATE_MEETINGS) != 0, "private",
                            (delegate->flags & OKAPI_DELEGATE_PRIVATE) != 0));
    }
    output_table(rows, columns, admin->as_json, pool);
    return EX_OK;
}

/* The mailbox of the first argument's user; the public store has no delegates. */
static int open_mailbox(admin_t *admin, okapi_store_t **store)
{
    okapi_user_t *user;
    int code = admin_find_user(admin, 0, &user);
    return code ? code : admin_open_mailbox(admin, 0, store);
}

int admin_delegate_list(admin_t *admin)
{
    okapi_store_t *store;
    int code = open_mailbox(admin, &store);
    return code ? code : print(admin, store);
}

int admin_delegate_add(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_store_t *store;
    okapi_user_t *user;
    apr_uint32_t flags = (admin_option(admin, "meetings") ? OKAPI_DELEGATE_MEETINGS : 0) |
                         (admin_option(admin, "private") ? OKAPI_DELEGATE_PRIVATE : 0);
    int code = open_mailbox(admin, &store);
    if (!code) {
        code = admin_find_user(admin, 1, &user);
    }
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_delegate_set(store, user, flags, tool->pool);
    if (rv == OKAPI_EINVAL) {
        tool_error(tool, "the mailbox is %s's own", user->name);
        return EX_DATAERR;
    }
    return rv == APR_SUCCESS
               ? print(admin, store)
               : tool_fail(tool, rv, "%s can't be made a delegate", user->name);
}

int admin_delegate_remove(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_store_t *store;
    okapi_user_t *user;
    int code = open_mailbox(admin, &store);
    if (!code) {
        code = admin_find_user(admin, 1, &user);
    }
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_delegate_remove(store, user, tool->pool);
    if (rv == OKAPI_ENOTFOUND) {
        tool_error(tool, "%s is no delegate of %s", user->name, admin_arg(admin, 0));
        return EX_DATAERR;
    }
    return rv == APR_SUCCESS ? print(admin, store)
                             : tool_fail(tool, rv, "%s can't be removed", user->name);
}
