/* store.h - a mailbox, opened for somebody.
 *
 * An open store is a light value in a pool: who acts, whose store it is. Every permission check
 * of every protocol happens behind it.
 */
#ifndef OKAPI_STORE_H
#define OKAPI_STORE_H

#include <okapi/object.h>
#include <okapi/user.h>

typedef struct okapi_store_t okapi_store_t; /* is an okapi_object_t */

typedef enum okapi_special_e { /* well-known folders: rows of special_folders.def */
    OKAPI_FOLDER_NONE = 0,
#define OKAPI_SPECIAL(symbol, number, parent, name, container_class, entryid_tag) symbol = number,
#include <okapi/special_folders.def>
#undef OKAPI_SPECIAL
    OKAPI_FOLDER__LAST,

    /* of the public store, which has a root and an IPM subtree, too */
    OKAPI_FOLDER_NON_IPM_SUBTREE = 64,
    OKAPI_FOLDER_EFORMS_REGISTRY,
    OKAPI_FOLDER_PUBLIC_FREEBUSY,
    OKAPI_FOLDER_OFFLINE_ADDRBOOK,
    OKAPI_FOLDER__PUBLIC_LAST
} okapi_special_e;

/* The mailbox of OWNER as ACTOR sees it. Anyone known may open it; the folders decide what can be
 * seen. OKAPI_EUNKNOWNUSER if OWNER has none. */
apr_status_t okapi_store_open(okapi_store_t **store, okapi_t *okapi, const okapi_user_t *actor,
                              const okapi_user_t *owner, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool);

/* The public store, of which there is one: what is in it belongs to nobody, and each reader has
 * read flags and counts of unread messages of his own. OKAPI_ENOTFOUND if it hasn't been made. */
apr_status_t okapi_store_open_public(okapi_store_t **store, okapi_t *okapi,
                                     const okapi_user_t *actor, apr_pool_t *result_pool,
                                     apr_pool_t *scratch_pool);

/* OKAPI_EEXISTS if there is one. */
apr_status_t okapi_store_create_public(okapi_t *okapi, apr_pool_t *scratch_pool);

int okapi_store_is_public(const okapi_store_t *store);

okapi_object_t *okapi_store_object(okapi_store_t *store);
okapi_t *okapi_store_engine(const okapi_store_t *store);
okapi_id_t okapi_store_id(const okapi_store_t *store);
const okapi_guid_t *okapi_store_guid(const okapi_store_t *store); /* also its replica GUID */
const okapi_user_t *okapi_store_owner(const okapi_store_t *store); /* public: its id is 0 */
const okapi_user_t *okapi_store_actor(const okapi_store_t *store);

/* 0 if the store has no such folder. */
okapi_id_t okapi_store_special(const okapi_store_t *store, okapi_special_e which);

/* The change number of the last commit. */
apr_status_t okapi_store_cn(okapi_store_t *store, okapi_cn_t *cn, apr_pool_t *scratch_pool);

/* Of a store that isn't open, by id: what a notifier compares. */
apr_status_t okapi_store_cn_by_id(okapi_t *okapi, okapi_id_t store_id, okapi_cn_t *cn,
                                  apr_pool_t *scratch_pool);

/* Where messages of CLASS are delivered: the longest matching prefix (MS-OXCSTOR 3.2.5.2);
 * *MATCHED is the class of the entry that matched. */
apr_status_t okapi_store_receive_folder(okapi_store_t *store, const char *message_class,
                                        okapi_id_t *folder_id, const char **matched,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool);

typedef struct okapi_receive_folder_t {
    const char *message_class;
    okapi_id_t folder_id;
    okapi_time_t mtime;
} okapi_receive_folder_t;

/* Array of okapi_receive_folder_t. */
apr_status_t okapi_store_receive_folders(okapi_store_t *store, apr_array_header_t **entries,
                                         apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Messages of CLASS and below go to a folder of this store from now on; 0 removes the entry.
 * OKAPI_EINVAL if it can't be a class, OKAPI_EFAIL to remove the entry for everything else,
 * OKAPI_EACCESS for the classes IPM and REPORT.IPM, which stay (MS-OXCSTOR 3.2.5.3), and for
 * everybody but the owner; OKAPI_ENOTFOUND if there is no such folder. */
apr_status_t okapi_store_set_receive_folder(okapi_store_t *store, const char *message_class,
                                            okapi_id_t folder_id, apr_pool_t *scratch_pool);

#endif
