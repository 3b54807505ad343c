/* admin_user.c - okapi-admin user: adding, showing, changing and deleting users. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "admin.h"

enum { LINE_SIZE = 256 };

static const output_column_t list_columns[] = {
    {"name", "Name", OUTPUT_TEXT},         {"fullname", "Full name", OUTPUT_TEXT},
    {"email", "Address", OUTPUT_TEXT},     {"admin", "Admin", OUTPUT_TEXT},
    {"disabled", "Disabled", OUTPUT_TEXT}, {NULL, NULL, OUTPUT_TEXT}};

static const output_column_t show_columns[] = {
    {"name", "Name", OUTPUT_TEXT},       {"fullname", "Full name", OUTPUT_TEXT},
    {"email", "Address", OUTPUT_TEXT},   {"aliases", "Aliases", OUTPUT_TEXT},
    {"admin", "Admin", OUTPUT_TEXT},     {"disabled", "Disabled", OUTPUT_TEXT},
    {"hidden", "Hidden", OUTPUT_TEXT},   {"resource", "Resource", OUTPUT_TEXT},
    {"accepts", "Accepts", OUTPUT_TEXT}, {"password", "Password set", OUTPUT_TEXT},
    {"dn", "X.500 name", OUTPUT_TEXT},   {NULL, NULL, OUTPUT_TEXT}};

static const char *resource_of(const okapi_user_t *user)
{
    return user->flags & OKAPI_USER_ROOM        ? "room"
           : user->flags & OKAPI_USER_EQUIPMENT ? "equipment"
                                                : "none";
}

/* Which requests it accepts by itself. */
static const char *accepts(const okapi_user_t *user)
{
    static const char *const words[] = {"all", "no conflicts", "no series",
                                        "no conflicts, no series"};
    int i = (user->flags & OKAPI_USER_DECLINE_CONFLICTS ? 1 : 0) +
            (user->flags & OKAPI_USER_DECLINE_RECURRING ? 2 : 0);
    return user->flags & OKAPI_USER_ANSWERS ? words[i] : "none";
}

static json_t *json_of_user(const okapi_user_t *user)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:s, s:s}", "id",
                     (json_int_t)user->id, "name", user->name, "fullname", user->fullname, "email",
                     user->email, "admin", (user->flags & OKAPI_USER_ADMIN) != 0, "disabled",
                     (user->flags & OKAPI_USER_DISABLED) != 0, "hidden",
                     (user->flags & OKAPI_USER_HIDDEN) != 0, "password", *user->password != '\0',
                     "resource", resource_of(user), "accepts", accepts(user));
}

/* ---- passwords ---- */

static int read_line(char line[LINE_SIZE])
{
    if (!fgets(line, LINE_SIZE, stdin)) {
        return 0;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return 1;
}

/* *PASSWORD from standard input or the terminal; NULL if neither is asked for. */
static int read_password(admin_t *admin, int ask, const char **password)
{
    *password = NULL;
    if (admin_option(admin, "password-stdin")) {
        char line[LINE_SIZE];
        if (!read_line(line) || !*line) {
            tool_error(&admin->tool, "there is no password on the first line of standard input");
            return EX_DATAERR;
        }
        *password = apr_pstrdup(admin->tool.pool, line);
    } else if (ask && isatty(STDIN_FILENO)) {
        const char *first = apr_pstrdup(admin->tool.pool, getpass("New password: "));
        if (strcmp(first, getpass("Once more: ")) != 0) {
            tool_error(&admin->tool, "the two passwords differ; nothing was changed");
            return EX_DATAERR;
        }
        *password = first;
    } else if (ask) {
        return tool_usage_error(&admin->tool, "okapi-admin user passwd",
                                "give the password on standard input, with --password-stdin");
    }
    return 0;
}

/* ---- commands ---- */

int admin_user_add(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    const char *email = admin_option(admin, "email"), *fullname = admin_option(admin, "fullname");
    const char *password;
    okapi_user_t user = {.name = admin_arg(admin, 0),
                         .email = email,
                         .fullname = fullname ? fullname : "",
                         .flags = admin_option(admin, "admin") ? OKAPI_USER_ADMIN : 0},
                 *added;
    if (!email) {
        return tool_usage_error(tool, "okapi-admin user add", "--email ADDRESS is missing");
    }
    int code = read_password(admin, 0, &password);
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_user_add(tool->okapi, &user, password, tool->pool);
    if (rv == OKAPI_EEXISTS) {
        tool_error(tool,
                   "the name %s or the address %s is taken; 'okapi-admin user list' shows "
                   "by whom",
                   user.name, email);
        return EX_CANTCREAT;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_user_by_login(&added, tool->okapi, user.name, tool->pool, tool->pool);
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "%s can't be added", user.name);
    }
    output_done(json_of_user(added), admin->as_json, "Added %s <%s>%s.", added->name, added->email,
                password ? "" : ", who has no password yet");
    return EX_OK;
}

int admin_user_list(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool;
    apr_array_header_t *users;
    apr_status_t rv = okapi_user_list(&users, admin->tool.okapi, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the users can't be read");
    }
    json_t *rows = json_array();
    for (int i = 0; i < users->nelts; i++) {
        json_array_append_new(rows, json_of_user(APR_ARRAY_IDX(users, i, okapi_user_t *)));
    }
    output_table(rows, list_columns, admin->as_json, pool);
    return EX_OK;
}

int admin_user_show(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_user_t *user;
    json_t *aliases;
    int code = admin_find_user(admin, 0, &user);
    if (!code) {
        code = admin_list_aliases(admin, OKAPI_ADDRESS_OF_USER, user->id, &aliases);
    }
    if (code) {
        return code;
    }
    json_t *record = json_of_user(user);
    json_object_set_new(record, "aliases", aliases);
    json_object_set_new(record, "dn", json_string(okapi_user_dn(tool->okapi, user, tool->pool)));
    output_record(record, show_columns, admin->as_json, tool->pool);
    return EX_OK;
}

/* The flags of --X and --no-X alike. */
static void change_flag(const admin_t *admin, okapi_user_t *user, apr_uint32_t flag, const char *on,
                        const char *off)
{
    if (admin_option(admin, on)) {
        user->flags |= flag;
    }
    if (admin_option(admin, off)) {
        user->flags &= ~flag;
    }
}

/* A person answers for himself. */
static int change_resource(admin_t *admin, okapi_user_t *user)
{
    const apr_uint32_t kinds = OKAPI_USER_ROOM | OKAPI_USER_EQUIPMENT;
    const char *kind = admin_option(admin, "resource");
    if (kind && strcmp(kind, "room") != 0 && strcmp(kind, "equipment") != 0 &&
        strcmp(kind, "none") != 0) {
        return tool_usage_error(&admin->tool, "okapi-admin user set",
                                "--resource is room, equipment or none");
    }
    if (kind) {
        user->flags &= ~kinds;
        user->flags |= strcmp(kind, "room") == 0        ? OKAPI_USER_ROOM
                       : strcmp(kind, "equipment") == 0 ? OKAPI_USER_EQUIPMENT
                                                        : 0;
    }
    if (kind && strcmp(kind, "none") == 0) {
        user->flags &= ~(apr_uint32_t)OKAPI_USER_ANSWERS;
    }
    if ((user->flags & OKAPI_USER_ANSWERS) && !(user->flags & kinds)) {
        return tool_usage_error(&admin->tool, "okapi-admin user set",
                                "--accept is for what has been made a --resource");
    }
    return 0;
}

int admin_user_set(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_user_t *user;
    const char *email = admin_option(admin, "email"), *fullname = admin_option(admin, "fullname");
    int code = admin_find_user(admin, 0, &user);
    if (code) {
        return code;
    }
    user->email = email ? email : user->email;
    user->fullname = fullname ? fullname : user->fullname;
    change_flag(admin, user, OKAPI_USER_ADMIN, "admin", "no-admin");
    change_flag(admin, user, OKAPI_USER_DISABLED, "disable", "enable");
    change_flag(admin, user, OKAPI_USER_HIDDEN, "hide", "unhide");
    change_flag(admin, user, OKAPI_USER_ANSWERS, "accept", "no-accept");
    change_flag(admin, user, OKAPI_USER_DECLINE_CONFLICTS, "decline-conflicts", "allow-conflicts");
    change_flag(admin, user, OKAPI_USER_DECLINE_RECURRING, "decline-recurring", "allow-recurring");
    code = change_resource(admin, user);
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_user_update(tool->okapi, user, tool->pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "%s can't be changed", user->name);
    }
    code = admin_change_aliases(admin, OKAPI_ADDRESS_OF_USER, user->id, user->name);
    return code ? code : admin_user_show(admin);
}

int admin_user_passwd(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_user_t *user;
    const char *password;
    int code = admin_find_user(admin, 0, &user);
    if (!code) {
        code = read_password(admin, 1, &password);
    }
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_user_set_password(tool->okapi, user->name, password, tool->pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "the password of %s can't be set", user->name);
    }
    output_done(json_pack("{s:s}", "name", user->name), admin->as_json,
                "The password of %s is set.", user->name);
    return EX_OK;
}

static int is_confirmed(const admin_t *admin, const okapi_user_t *user)
{
    char line[LINE_SIZE];
    if (admin_option(admin, "yes") || !isatty(STDIN_FILENO)) {
        return 1;
    }
    printf("Delete %s <%s> and the mailbox with everything in it? [y/N] ", user->name, user->email);
    fflush(stdout);
    return read_line(line) && apr_tolower(line[0]) == 'y';
}

int admin_user_delete(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_user_t *user;
    int code = admin_find_user(admin, 0, &user);
    if (code) {
        return code;
    }
    if (!is_confirmed(admin, user)) {
        tool_error(tool, "nothing was deleted");
        return EX_OK;
    }
    apr_status_t rv = okapi_user_delete(tool->okapi, user->name, tool->pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "%s can't be deleted", user->name);
    }
    output_done(json_pack("{s:s}", "name", user->name), admin->as_json,
                "Deleted %s and the mailbox.", user->name);
    return EX_OK;
}
