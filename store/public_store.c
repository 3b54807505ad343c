/* public_store.c - the public store: the one that belongs to nobody (MS-OXCSTOR 1.3.2). */
#include <okapi/permission.h>

#include "access.h"

enum {
    AUTHOR = OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_CREATE | OKAPI_RIGHT_EDIT_OWNED |
             OKAPI_RIGHT_DELETE_OWNED | OKAPI_RIGHT_VISIBLE,
    EDITOR = AUTHOR | OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_DELETE_ANY,
    REVIEWER = OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_VISIBLE
};

/* Its folders, what they are called and by which property of the store, and what everybody who is
 * known may do there. What users make inherits from the IPM subtree. */
static const struct {
    okapi__special_t folder;
    apr_uint32_t everybody;
} folders[] = {
    {{OKAPI_FOLDER_ROOT, OKAPI_FOLDER_NONE, "Root", "", 0}, REVIEWER},
    {{OKAPI_FOLDER_IPM_SUBTREE, OKAPI_FOLDER_ROOT, "IPM_SUBTREE", "IPF.Note",
      PR_IPM_PUBLIC_FOLDERS_ENTRYID}, AUTHOR},
    {{OKAPI_FOLDER_NON_IPM_SUBTREE, OKAPI_FOLDER_ROOT, "NON_IPM_SUBTREE", "",
      PR_NON_IPM_SUBTREE_ENTRYID}, REVIEWER},
    {{OKAPI_FOLDER_EFORMS_REGISTRY, OKAPI_FOLDER_NON_IPM_SUBTREE, "EFORMS REGISTRY", "",
      PR_EFORMS_REGISTRY_ENTRYID}, REVIEWER},
    {{OKAPI_FOLDER_PUBLIC_FREEBUSY, OKAPI_FOLDER_NON_IPM_SUBTREE, "SCHEDULE+ FREE BUSY", "",
      PR_SPLUS_FREE_BUSY_ENTRYID}, EDITOR},
    {{OKAPI_FOLDER_OFFLINE_ADDRBOOK, OKAPI_FOLDER_NON_IPM_SUBTREE, "OFFLINE ADDRESS BOOK", "",
      PR_OFFLINE_ADDRBOOK_ENTRYID}, REVIEWER},
};

enum { NFOLDERS = sizeof(folders) / sizeof(folders[0]) };

/* In the database its owner has no name; people see this one. */
const okapi_user_t okapi__public_owner = {0, "", "", "Public Folders", 0, ""};

const okapi__special_t *okapi__public_special(int i)
{
    return i < NFOLDERS ? &folders[i].folder : NULL;
}

int okapi_store_is_public(const okapi_store_t *store)
{
    return store->kind == OKAPI__STORE_PUBLIC;
}

static apr_status_t create(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi_id_t first_id = *(okapi_id_t *)baton;
    okapi__store_creation_t creation = {conn, OKAPI__STORE_PUBLIC, first_id, okapi_time_now()};
    apr_status_t rv = okapi__store_add(&creation, "", OKAPI_FOLDER__PUBLIC_LAST - 1, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < NFOLDERS; i++) {
        rv = okapi__store_add_folder(&creation, &folders[i].folder, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__db_exec(conn, STMT_PERMISSION_ADD, NULL,
                                DB_ARGS(DB_I(first_id + folders[i].folder.which),
                                        DB_S(OKAPI__MEMBER_DEFAULT), DB_I(folders[i].everybody)),
                                scratch_pool);
        }
    }
    return rv;
}

apr_status_t okapi_store_create_public(okapi_t *okapi, apr_pool_t *scratch_pool)
{
    okapi_id_t first_id;
    apr_status_t rv =
        okapi__db_take_ids(okapi->db, OKAPI_FOLDER__PUBLIC_LAST, &first_id, scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_write(okapi->db, create, &first_id, scratch_pool) : rv;
}
