/* admin_address.c - further mail addresses of users, groups and folders. */
#include <string.h>

#include <okapi/error.h>

#include "admin.h"

typedef struct aliases_t {
    admin_t *admin;
    okapi_address_kind_e kind;
    okapi_id_t id;
    const char *name;
    int code;
} aliases_t;

/* Called for each --alias and --remove-alias; 0 ends it. */
static int change_alias(void *baton, const char *option, const char *address)
{
    aliases_t *b = baton;
    tool_t *tool = &b->admin->tool;
    int adding = strcmp(option, "alias") == 0;
    apr_status_t rv =
        adding ? okapi_address_add(tool->okapi, b->kind, b->id, address, tool->pool)
               : okapi_address_remove(tool->okapi, b->kind, b->id, address, tool->pool);
    if (rv != APR_SUCCESS) {
        b->code = tool_fail(tool, rv, "the alias %s of %s can't be %s", address, b->name,
                            adding ? "added" : "removed");
    }
    return rv == APR_SUCCESS;
}

int admin_change_aliases(admin_t *admin, okapi_address_kind_e kind, okapi_id_t id,
                         const char *name)
{
    aliases_t baton = {admin, kind, id, name, 0};
    apr_table_do(change_alias, &baton, admin->options, "alias", "remove-alias", NULL);
    return baton.code;
}

int admin_list_aliases(admin_t *admin, okapi_address_kind_e kind, okapi_id_t id, json_t **aliases)
{
    tool_t *tool = &admin->tool;
    apr_array_header_t *addresses;
    apr_status_t rv =
        okapi_address_list(&addresses, tool->okapi, kind, id, tool->pool, tool->pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "the addresses can't be read");
    }
    *aliases = json_array();
    for (int i = 0; i < addresses->nelts; i++) {
        json_array_append_new(*aliases, json_string(APR_ARRAY_IDX(addresses, i, const char *)));
    }
    return 0;
}
