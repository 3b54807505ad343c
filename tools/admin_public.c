/* admin_public.c - okapi-admin public: the store that belongs to nobody. */
#include <okapi/error.h>
#include <okapi/store.h>

#include "admin.h"

int admin_public_create(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    apr_status_t rv = okapi_store_create_public(tool->okapi, tool->pool);
    if (rv == OKAPI_EEXISTS) {
        tool_error(tool, "there is a public store already; 'okapi-admin public list' shows what "
                         "is in it");
        return EX_CANTCREAT;
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "the public store can't be created");
    }
    output_done(json_pack("{s:s}", "mailbox", TOOL_PUBLIC), admin->as_json,
                "The public store is ready; other commands know it as %s.", TOOL_PUBLIC);
    return EX_OK;
}

int admin_public_list(admin_t *admin)
{
    APR_ARRAY_PUSH(admin->args, const char *) = TOOL_PUBLIC;
    return admin_folder_list(admin);
}
