/* admin_permission.c - okapi-admin permission: who may do what in a folder. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/group.h>
#include <okapi/permission.h>

#include "admin.h"
#include "admin_rights.h"

#define WHO_DEFAULT   "@default"
#define WHO_ANONYMOUS "@anonymous"

static const output_column_t columns[] = {{"who", "Who", OUTPUT_TEXT},
                                          {"name", "Name", OUTPUT_TEXT},
                                          {"role", "Role", OUTPUT_TEXT},
                                          {"rights", "Rights", OUTPUT_TEXT},
                                          {NULL, NULL, OUTPUT_TEXT}};

static json_t *row_of(const okapi_permission_t *entry)
{
    const char *kind = entry->member_id == OKAPI_MEMBER_DEFAULT     ? "default"
                       : entry->member_id == OKAPI_MEMBER_ANONYMOUS ? "anonymous"
                       : entry->is_group                            ? "group"
                                                                    : "user";
    const char *who = entry->member_id == OKAPI_MEMBER_DEFAULT     ? WHO_DEFAULT
                      : entry->member_id == OKAPI_MEMBER_ANONYMOUS ? WHO_ANONYMOUS
                                                                   : entry->name;
    const char *name = entry->member_id == OKAPI_MEMBER_DEFAULT     ? "everybody else"
                       : entry->member_id == OKAPI_MEMBER_ANONYMOUS ? "without a login"
                                                                    : entry->display_name;
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I}", "who", who, "kind", kind, "name", name,
                     "role", admin_rights_role(entry->rights), "rights",
                     admin_rights_json(entry->rights), "mask", (json_int_t)entry->rights);
}

/* The folder that the first two arguments name. */
static int open_folder(admin_t *admin, okapi_folder_t **folder)
{
    okapi_store_t *store;
    int code = admin_open_mailbox(admin, 0, &store);
    return code ? code : admin_open_folder(admin, 1, store, folder);
}

static int print(admin_t *admin, okapi_folder_t *folder)
{
    apr_pool_t *pool = admin->tool.pool;
    apr_array_header_t *entries;
    apr_status_t rv =
        okapi_permission_list(&entries, folder, OKAPI_PERMISSIONS_FREEBUSY, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the permissions on %s can't be read",
                         admin_arg(admin, 1));
    }
    json_t *rows = json_array();
    for (int i = 0; i < entries->nelts; i++) {
        json_array_append_new(rows, row_of(&APR_ARRAY_IDX(entries, i, okapi_permission_t)));
    }
    output_table(rows, columns, admin->as_json, pool);
    return EX_OK;
}

int admin_permission_list(admin_t *admin)
{
    okapi_folder_t *folder;
    int code = open_folder(admin, &folder);
    return code ? code : print(admin, folder);
}

/* Whom the third argument means: a user by any login, a group, everybody else, nobody known. */
static int find_who(admin_t *admin, okapi_permission_change_t *change)
{
    tool_t *tool = &admin->tool;
    const char *who = admin_arg(admin, 2);
    okapi_user_t *user;
    okapi_group_t *group;
    change->name = NULL;
    if (strcmp(who, WHO_DEFAULT) == 0 || strcmp(who, WHO_ANONYMOUS) == 0) {
        change->member_id =
            strcmp(who, WHO_DEFAULT) == 0 ? OKAPI_MEMBER_DEFAULT : OKAPI_MEMBER_ANONYMOUS;
        return 0;
    }
    apr_status_t rv = okapi_user_by_login(&user, tool->okapi, who, tool->pool, tool->pool);
    if (rv == APR_SUCCESS) {
        change->name = user->name;
        change->member_id = user->id;
        return 0;
    }
    if (rv == OKAPI_EUNKNOWNUSER) {
        rv = okapi_group_by_name(&group, tool->okapi, who, tool->pool, tool->pool);
    }
    if (rv == APR_SUCCESS) {
        change->name = group->name;
        change->member_id = group->id;
        return 0;
    }
    if (rv != OKAPI_ENOTFOUND) {
        return tool_fail(tool, rv, "%s", who);
    }
    tool_error(tool,
               "%s: there is no such user or group; %s is everybody else, %s who isn't logged in",
               who, WHO_DEFAULT, WHO_ANONYMOUS);
    return EX_NOUSER;
}

static int change(admin_t *admin, okapi_folder_t *folder, const okapi_permission_change_t *change,
                  int flags)
{
    apr_status_t rv = okapi_permission_modify(folder, change, 1, flags, admin->tool.pool);
    return rv == APR_SUCCESS ? print(admin, folder)
                             : tool_fail(&admin->tool, rv, "the permissions on %s can't be changed",
                                         admin_arg(admin, 1));
}

int admin_permission_set(admin_t *admin)
{
    okapi_folder_t *folder;
    okapi_permission_change_t wanted;
    int flags;
    const char *wrong =
        admin_rights_parse(&wanted.rights, &flags, admin_arg(admin, 3), admin->tool.pool);
    if (wrong) {
        return tool_usage_error(&admin->tool, "okapi-admin permission set",
                                "'%s' is neither a role nor a right", wrong);
    }
    int code = open_folder(admin, &folder);
    if (!code) {
        code = find_who(admin, &wanted);
    }
    wanted.what = code || wanted.name ? OKAPI_PERMISSION_ADD : OKAPI_PERMISSION_MODIFY;
    return code ? code : change(admin, folder, &wanted, flags);
}

static int is_listed(const apr_array_header_t *entries, apr_int64_t member_id)
{
    for (int i = 0; i < entries->nelts; i++) {
        if (APR_ARRAY_IDX(entries, i, okapi_permission_t).member_id == member_id) {
            return 1;
        }
    }
    return 0;
}

int admin_permission_remove(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool;
    okapi_folder_t *folder;
    apr_array_header_t *entries;
    okapi_permission_change_t wanted = {.what = OKAPI_PERMISSION_REMOVE};
    int code = open_folder(admin, &folder);
    if (!code) {
        code = find_who(admin, &wanted);
    }
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_permission_list(&entries, folder, 0, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the permissions on %s can't be read",
                         admin_arg(admin, 1));
    }
    if (!is_listed(entries, wanted.member_id)) {
        tool_error(&admin->tool, "%s isn't in the list of %s", admin_arg(admin, 2),
                   admin_arg(admin, 1));
        return EX_DATAERR;
    }
    wanted.name = NULL;
    return change(admin, folder, &wanted, 0);
}
