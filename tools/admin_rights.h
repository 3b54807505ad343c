/* admin_rights.h - rights on folders in words: Outlook's roles, and each right by itself. */
#ifndef OKAPI_TOOLS_ADMIN_RIGHTS_H
#define OKAPI_TOOLS_ADMIN_RIGHTS_H

#include <jansson.h>
#include <okapi/permission.h>

#define ADMIN_RIGHTS_HELP                                                                          \
    "RIGHTS is a role: owner, publishing-editor, editor, publishing-author, author,\n"             \
    "nonediting-author, reviewer, contributor, none, and for a calendar also\n"                    \
    "free-busy-time-only, free-busy-time-subject-location. Or rights by themselves, joined by\n"   \
    "commas, with a role among them if you like: read, create, edit-own, delete-own, edit-all,\n"  \
    "delete-all, create-subfolders, folder-owner, folder-contact, folder-visible,\n"               \
    "free-busy-time, free-busy-details, no-free-busy. Where nothing is said of free and busy\n"    \
    "times, everybody sees those of a calendar."

/* WORDS is a role or a list of roles and rights joined by commas, in any case. *FLAGS is
 * OKAPI_PERMISSIONS_FREEBUSY if they say something about free/busy times. Returns NULL, or the
 * word that is none. */
const char *admin_rights_parse(apr_uint32_t *rights, int *flags, const char *words,
                               apr_pool_t *scratch_pool);

/* "reviewer"; "custom" if there is no role of exactly these rights. */
const char *admin_rights_role(apr_uint32_t rights);

/* Each right's word, as an array of strings. */
json_t *admin_rights_json(apr_uint32_t rights);

#endif
