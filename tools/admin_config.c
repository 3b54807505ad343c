/* admin_config.c - okapi-admin config. */
#include <stdio.h>

#include "admin.h"

int admin_config_template(admin_t *admin)
{
    const char *text = okapi_config_template(admin->tool.pool);
    if (admin->as_json) {
        output_done(json_pack("{s:s}", "template", text), 1, "%s", "");
    } else {
        fputs(text, stdout);
    }
    return EX_OK;
}
