/* admin_group.c - okapi-admin group: groups and who is in them. */
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/group.h>

#include "admin.h"

static const output_column_t list_columns[] = {{"name", "Name", OUTPUT_TEXT},
                                               {"fullname", "Full name", OUTPUT_TEXT},
                                               {"members", "Members", OUTPUT_TEXT},
                                               {NULL, NULL, OUTPUT_TEXT}};

static const output_column_t show_columns[] = {{"name", "Name", OUTPUT_TEXT},
                                               {"fullname", "Full name", OUTPUT_TEXT},
                                               {"members", "Members", OUTPUT_TEXT},
                                               {"users", "All users", OUTPUT_TEXT},
                                               {"aliases", "Aliases", OUTPUT_TEXT},
                                               {NULL, NULL, OUTPUT_TEXT}};

static json_t *json_of_names(const apr_array_header_t *names)
{
    json_t *array = json_array();
    for (int i = 0; i < names->nelts; i++) {
        json_array_append_new(array, json_string(APR_ARRAY_IDX(names, i, const char *)));
    }
    return array;
}

/* *ROW has the group's members, and with ALL the users who are in it by way of other groups,
 * too. */
static apr_status_t describe(json_t **row, admin_t *admin, const okapi_group_t *group, int all,
                             apr_pool_t *pool)
{
    apr_array_header_t *members, *users = NULL;
    apr_status_t rv = okapi_group_members(&members, admin->tool.okapi, group, pool, pool);
    if (rv == APR_SUCCESS && all) {
        rv = okapi_group_users(&users, admin->tool.okapi, group, pool, pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    json_t *names = json_array();
    for (int i = 0; i < members->nelts; i++) {
        const okapi_group_member_t *member = &APR_ARRAY_IDX(members, i, okapi_group_member_t);
        json_array_append_new(names, json_string(member->name));
    }
    *row = json_pack("{s:I, s:s, s:s, s:o}", "id", (json_int_t)group->id, "name", group->name,
                     "fullname", group->fullname, "members", names);
    if (users) {
        json_object_set_new(*row, "users", json_of_names(users));
    }
    return APR_SUCCESS;
}

static int find_group(admin_t *admin, okapi_group_t **group)
{
    tool_t *tool = &admin->tool;
    const char *name = admin_arg(admin, 0);
    apr_status_t rv = okapi_group_by_name(group, tool->okapi, name, tool->pool, tool->pool);
    if (rv == OKAPI_ENOTFOUND) {
        tool_error(tool, "%s: there is no such group; 'okapi-admin group list' shows what there is",
                   name);
        return EX_NOUSER;
    }
    return rv == APR_SUCCESS ? 0 : tool_fail(tool, rv, "%s", name);
}

static int show(admin_t *admin, const okapi_group_t *group)
{
    json_t *record, *aliases;
    apr_status_t rv = describe(&record, admin, group, 1, admin->tool.pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the group %s can't be read", group->name);
    }
    int code = admin_list_aliases(admin, OKAPI_ADDRESS_OF_GROUP, group->id, &aliases);
    if (code) {
        return code;
    }
    json_object_set_new(record, "aliases", aliases);
    output_record(record, show_columns, admin->as_json, admin->tool.pool);
    return EX_OK;
}

int admin_group_show(admin_t *admin)
{
    okapi_group_t *group;
    int code = find_group(admin, &group);
    return code ? code : show(admin, group);
}

int admin_group_list(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool, *row_pool;
    apr_array_header_t *groups;
    apr_status_t rv = okapi_group_list(&groups, admin->tool.okapi, pool, pool);
    json_t *rows = json_array(), *row;
    apr_pool_create(&row_pool, pool);
    for (int i = 0; rv == APR_SUCCESS && i < groups->nelts; i++) {
        apr_pool_clear(row_pool);
        rv = describe(&row, admin, APR_ARRAY_IDX(groups, i, okapi_group_t *), 0, row_pool);
        if (rv == APR_SUCCESS) {
            json_array_append_new(rows, row);
        }
    }
    if (rv != APR_SUCCESS) {
        json_decref(rows);
        return tool_fail(&admin->tool, rv, "the groups can't be read");
    }
    output_table(rows, list_columns, admin->as_json, pool);
    return EX_OK;
}

int admin_group_create(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    const char *fullname = admin_option(admin, "fullname");
    okapi_group_t wanted = {.name = admin_arg(admin, 0), .fullname = fullname ? fullname : ""};
    okapi_group_t *group;
    apr_status_t rv = okapi_group_add(tool->okapi, &wanted, tool->pool);
    if (rv == OKAPI_EEXISTS) {
        tool_error(tool, "the name %s is taken by a user, a group or an address", wanted.name);
        return EX_CANTCREAT;
    }
    if (rv == OKAPI_EINVAL) {
        tool_error(tool, "\"%s\" can't be a group's name", wanted.name);
        return EX_DATAERR;
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "the group %s can't be created", wanted.name);
    }
    int code = find_group(admin, &group);
    return code ? code : show(admin, group);
}

int admin_group_set(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    const char *fullname = admin_option(admin, "fullname");
    okapi_group_t *group;
    int code = find_group(admin, &group);
    if (!code && fullname) {
        group->fullname = fullname;
        apr_status_t rv = okapi_group_update(tool->okapi, group, tool->pool);
        code = rv ? tool_fail(tool, rv, "the group %s can't be changed", group->name) : 0;
    }
    if (!code) {
        code = admin_change_aliases(admin, OKAPI_ADDRESS_OF_GROUP, group->id, group->name);
    }
    return code ? code : show(admin, group);
}

int admin_group_delete(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_group_t *group;
    int code = find_group(admin, &group);
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_group_delete(tool->okapi, group->name, tool->pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "the group %s can't be deleted", group->name);
    }
    output_done(json_pack("{s:s}", "name", group->name), admin->as_json,
                "Deleted the group %s and its permissions.", group->name);
    return EX_OK;
}

/* A user by any login, or a group's name as it is. */
static const char *member_name(admin_t *admin)
{
    okapi_user_t *user;
    const char *name = admin_arg(admin, 1);
    apr_pool_t *pool = admin->tool.pool;
    return okapi_user_by_login(&user, admin->tool.okapi, name, pool, pool) == APR_SUCCESS
               ? user->name
               : name;
}

int admin_group_add(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_group_t *group;
    int code = find_group(admin, &group);
    if (code) {
        return code;
    }
    const char *member = member_name(admin);
    apr_status_t rv = okapi_group_add_member(tool->okapi, group, member, tool->pool);
    if (rv == OKAPI_EUNKNOWNUSER) {
        tool_error(tool, "%s: there is no such user or group", member);
        return EX_NOUSER;
    }
    if (rv == OKAPI_EEXISTS) {
        tool_error(tool, "%s is in the group %s already", member, group->name);
        return EX_CANTCREAT;
    }
    return rv == APR_SUCCESS ? show(admin, group)
                             : tool_fail(tool, rv, "%s can't be added to %s", member, group->name);
}

int admin_group_remove(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_group_t *group;
    int code = find_group(admin, &group);
    if (code) {
        return code;
    }
    const char *member = member_name(admin);
    apr_status_t rv = okapi_group_remove_member(tool->okapi, group, member, tool->pool);
    if (rv == OKAPI_ENOTFOUND || rv == OKAPI_EUNKNOWNUSER) {
        tool_error(tool, "%s isn't in the group %s", member, group->name);
        return EX_DATAERR;
    }
    return rv == APR_SUCCESS
               ? show(admin, group)
               : tool_fail(tool, rv, "%s can't be removed from %s", member, group->name);
}
