/* folder.h - folders and their tree. */
#ifndef OKAPI_FOLDER_H
#define OKAPI_FOLDER_H

#include <okapi/store.h>

typedef struct okapi_folder_t okapi_folder_t; /* is an okapi_object_t */

/* Rights, MS-OXCPERM 2.2.7. */
enum {
    OKAPI_RIGHT_READ_ANY = 0x0001,
    OKAPI_RIGHT_CREATE = 0x0002,
    OKAPI_RIGHT_EDIT_OWNED = 0x0008,
    OKAPI_RIGHT_DELETE_OWNED = 0x0010,
    OKAPI_RIGHT_EDIT_ANY = 0x0020,
    OKAPI_RIGHT_DELETE_ANY = 0x0040,
    OKAPI_RIGHT_CREATE_SUBFOLDER = 0x0080,
    OKAPI_RIGHT_OWNER = 0x0100,
    OKAPI_RIGHT_CONTACT = 0x0200,
    OKAPI_RIGHT_VISIBLE = 0x0400,
    OKAPI_RIGHT_FREEBUSY_SIMPLE = 0x0800,
    OKAPI_RIGHT_FREEBUSY_DETAILED = 0x1000,
    OKAPI_RIGHT_ALL = 0x05FB
};

/* OKAPI_ENOTFOUND if it isn't in this store or the actor may not see it. */
apr_status_t okapi_folder_open(okapi_folder_t **folder, okapi_store_t *store, okapi_id_t id,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);

okapi_object_t *okapi_folder_object(okapi_folder_t *folder);
okapi_store_t *okapi_folder_store(const okapi_folder_t *folder);
okapi_id_t okapi_folder_id(const okapi_folder_t *folder);
okapi_id_t okapi_folder_parent_id(const okapi_folder_t *folder);
const char *okapi_folder_name(const okapi_folder_t *folder);
const char *okapi_folder_class(const okapi_folder_t *folder);
apr_uint32_t okapi_folder_rights(const okapi_folder_t *folder); /* of the actor */
int okapi_folder_has_rules(const okapi_folder_t *folder);
int okapi_folder_has_subfolders(const okapi_folder_t *folder);

typedef struct okapi_folder_stat_t {
    apr_int64_t content, unread, associated, soft_deleted, bytes;
    okapi_cn_t last_cn; /* of the last change inside the folder */
} okapi_folder_stat_t;

apr_status_t okapi_folder_stat(okapi_folder_t *folder, okapi_folder_stat_t *stat,
                               apr_pool_t *scratch_pool);

typedef struct okapi_folder_node_t {
    okapi_folder_t *folder;
    int depth; /* 1 for the children of where the tree begins */
    okapi_folder_stat_t stat;
} okapi_folder_node_t;

/* Every folder below TOP the actor may see, each followed by its own, siblings by name, as an
 * array of okapi_folder_node_t. */
apr_status_t okapi_folder_tree(apr_array_header_t **nodes, okapi_folder_t *top,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* OKAPI_EDUPLICATENAME if PARENT has a folder NAME (compared without case); *ID is then its id.
 * CONTAINER_CLASS NULL is the parent's. OKAPI_EINVAL if it can't be a name. */
apr_status_t okapi_folder_create(okapi_id_t *id, okapi_folder_t *parent, const char *name,
                                 const char *container_class, apr_pool_t *scratch_pool);

/* A folder below PARENT by its name without case. OKAPI_ENOTFOUND. */
apr_status_t okapi_folder_by_name(okapi_id_t *id, okapi_folder_t *parent, const char *name,
                                  apr_pool_t *scratch_pool);

/* By a path of names below the IPM subtree, "Inbox/Projects". OKAPI_ENOTFOUND. */
apr_status_t okapi_folder_by_path(okapi_id_t *id, okapi_store_t *store, const char *path,
                                  apr_pool_t *scratch_pool);

/* Sets or clears the read flag of messages (all of the folder if N is 0); *PARTIAL is set if
 * some could not be changed. CHANGED may be NULL. */
apr_status_t okapi_folder_set_read(okapi_folder_t *folder, const okapi_id_t *ids, int n, int read,
                                   int *changed, int *partial, apr_pool_t *scratch_pool);

#endif
