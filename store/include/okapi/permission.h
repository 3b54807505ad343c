/* permission.h - who may do what in a folder (MS-OXCPERM).
 *
 * A folder has a list of entries: for users, for groups, the default entry for everybody who is
 * known, and the anonymous one for everybody who isn't. A user's own entry counts; without one,
 * those of the user's groups together; without these, the default entry. Owner of the store and
 * administrators may do everything and need none. Rights are those of folder.h; the engine checks
 * them behind every call that has a store in it.
 */
#ifndef OKAPI_PERMISSION_H
#define OKAPI_PERMISSION_H

#include <okapi/folder.h>

/* PR_MEMBER_ID of the two reserved entries; others have the id of the user or group. */
enum { OKAPI_MEMBER_DEFAULT = 0, OKAPI_MEMBER_ANONYMOUS = -1 };

typedef struct okapi_permission_t {
    apr_int64_t member_id;
    int is_group;
    const char *name;         /* of the user or group; "" of the reserved ones */
    const char *display_name; /* PR_MEMBER_NAME */
    apr_uint32_t rights;
} okapi_permission_t;

/* For both calls, MS-OXCPERM 2.2.1.1 and 2.2.2.1: the free/busy rights count, too. Without it they
 * aren't listed, and stay as they are: on the calendar then FREEBUSY_SIMPLE for all but the
 * anonymous entry, FREEBUSY_DETAILED for those who may read it anyway. */
enum { OKAPI_PERMISSIONS_REPLACE = 0x1, OKAPI_PERMISSIONS_FREEBUSY = 0x2 };

/* Array of okapi_permission_t: the default entry first, others by name, the anonymous one last; the
 * reserved two are always there. Whoever sees the folder may see its list. */
apr_status_t okapi_permission_list(apr_array_header_t **entries, okapi_folder_t *folder, int flags,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool);

typedef enum okapi_permission_e {
    OKAPI_PERMISSION_ADD = 0x1,    /* of NAME; if there is one, its rights are set */
    OKAPI_PERMISSION_MODIFY = 0x2, /* of MEMBER_ID; nothing happens if there is none */
    OKAPI_PERMISSION_REMOVE = 0x4  /* likewise; the reserved entries lose their rights */
} okapi_permission_e;

typedef struct okapi_permission_change_t {
    okapi_permission_e what;
    const char *name; /* of a user or group, "" for the default entry; NULL: MEMBER_ID counts */
    apr_int64_t member_id;
    apr_uint32_t rights;
} okapi_permission_change_t;

/* All changes or none, in one transaction; the folder has then changed. With
 * OKAPI_PERMISSIONS_REPLACE all entries but the default one go before, and changes are ADDs only.
 * OKAPI_EACCESS without OKAPI_RIGHT_OWNER, OKAPI_EUNKNOWNUSER for a name nobody has. */
apr_status_t okapi_permission_modify(okapi_folder_t *folder,
                                     const okapi_permission_change_t *changes, int n, int flags,
                                     apr_pool_t *scratch_pool);

#endif
