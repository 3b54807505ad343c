/* store_private.h - how the engine's objects look inside: the base every object shares, the open
 * store, the open folder, and the access checks. */
#ifndef OKAPI_STORE_PRIVATE_H
#define OKAPI_STORE_PRIVATE_H

#include <okapi/folder.h>
#include <okapi/quota.h>

#include "engine_private.h"

/* ---- objects ---- */

enum {
    OKAPI__PROP_DEFAULT = 0x1, /* a stored value takes precedence, so it can be set */
    OKAPI__PROP_HIDDEN = 0x2,  /* answered when asked for, but not listed */
    OKAPI__PROP_ROW = 0x4 /* of a message: follows from its row in the folder alone, never stored */
};

/* A property that isn't stored but follows from what the object is. */
typedef struct okapi__computed_t {
    okapi_proptag_t tag; /* 0 ends a table */
    int flags;
    /* Sets *V but its tag, which the caller has set. OKAPI_ENOTFOUND if this object has none. */
    apr_status_t (*value)(okapi_propval_t *v, okapi_object_t *object, apr_pool_t *result_pool,
                          apr_pool_t *scratch_pool);
} okapi__computed_t;

/* What object.c needs to know about a kind of object. It answers a property from COMPUTED first
 * (but for OKAPI__PROP_DEFAULT ones), then from the stored set. A list of the object's tags has
 * those computed ones whose function finds a value. */
typedef struct okapi__object_class_t {
    okapi_object_e kind;
    const okapi__computed_t *computed;

    /* The stored properties as they are now, pending changes included; the object owns the set. */
    apr_status_t (*stored)(const okapi_props_t **props, okapi_object_t *object,
                           apr_pool_t *scratch_pool);

    /* Of properties that aren't computed, or are OKAPI__PROP_DEFAULT. */
    apr_status_t (*set)(okapi_object_t *object, const okapi_propval_t *values, int n,
                        apr_pool_t *scratch_pool);
    apr_status_t (*unset)(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                          apr_pool_t *scratch_pool);

    /* Values kept outside of the stored set because they are large, as okapi__large_t
     * (propbag.h), and one of them piecewise. NULL: the kind has none. */
    apr_status_t (*large)(const apr_array_header_t **large, okapi_object_t *object,
                          apr_pool_t *scratch_pool);
    apr_status_t (*stream)(okapi_stream_t **stream, okapi_object_t *object, okapi_proptag_t tag,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
} okapi__object_class_t;

struct okapi_object_t {
    const okapi__object_class_t *object_class;
};

/* ---- stored properties of stores and folders, one packed column ---- */

/* A change of stored properties, applied to what is there in the transaction that writes it. */
typedef struct okapi__prop_edit_t {
    const okapi_propval_t *values;
    int nvalues;
    const okapi_proptag_t *unset;
    int nunset;
} okapi__prop_edit_t;

void okapi__prop_edit_apply(const okapi__prop_edit_t *edit, okapi_props_t *props);

/* From the column (NULL: nothing is stored yet) and to it; OKAPI_ETOOBIG above a megabyte. */
apr_status_t okapi__props_of_column(okapi_props_t **props, okapi_binary_t column,
                                    apr_pool_t *result_pool);
apr_status_t okapi__props_to_column(okapi_binary_t *column, const okapi_props_t *props,
                                    apr_pool_t *result_pool);

/* ---- the open store ---- */

/* store.kind; REMOVED has no owner any more, only contents that are being deleted */
enum { OKAPI__STORE_MAILBOX = 0, OKAPI__STORE_PUBLIC = 1, OKAPI__STORE_REMOVED = 2 };

struct okapi_store_t {
    okapi_object_t object;
    okapi_t *okapi;
    okapi_id_t id;
    okapi_guid_t guid;
    const okapi_user_t *owner;
    const okapi_user_t *actor;
    int kind;          /* OKAPI__STORE_* */
    int full_access;   /* the actor owns the store or administers the server */
    int sees_private;  /* the same, or a delegate who may */
    const apr_array_header_t *groups; /* names of those the actor is in; NULL with full access */
    const apr_uint16_t *open_ids;     /* private.c: named properties that aren't private */
    okapi_quota_t quota; /* its own limits */
    apr_int64_t bytes; /* as of opening */
    okapi_id_t special[OKAPI_FOLDER__PUBLIC_LAST];
    okapi_props_t *props; /* NULL until asked for */
    apr_pool_t *pool;     /* the one it was opened in */
};

extern const okapi__object_class_t okapi__store_class;

/* Makes the mailbox of OWNER with its default folders inside the transaction of CONN. FIRST_ID is
 * the first of okapi__store_ids_needed() ids taken before. */
int okapi__store_ids_needed(void);
apr_status_t okapi__store_create(okapi__conn_t *conn, const char *owner, okapi_id_t first_id,
                                 apr_pool_t *scratch_pool);

struct okapi__special_t;

/* The steps of that: the store's row with CN as its first change number, and a folder of it, whose
 * id is the store's and the folder's number. */
typedef struct okapi__store_creation_t {
    okapi__conn_t *conn;
    int kind;            /* OKAPI__STORE_* */
    okapi_id_t store_id; /* those that follow are the folders' */
    okapi_time_t now;
} okapi__store_creation_t;
apr_status_t okapi__store_add(const okapi__store_creation_t *creation, const char *owner,
                              okapi_cn_t cn, apr_pool_t *scratch_pool);
apr_status_t okapi__store_add_folder(const okapi__store_creation_t *creation,
                                     const struct okapi__special_t *special,
                                     apr_pool_t *scratch_pool);

/* Whose the public store is said to be; and its I-th special folder, NULL after the last. */
extern const okapi_user_t okapi__public_owner;
const struct okapi__special_t *okapi__public_special(int i);

/* Entry ids of what is in the store: those of the public store are of a kind of their own. */
okapi_binary_t okapi__store_entryid(const okapi_store_t *store, apr_pool_t *result_pool);
okapi_binary_t okapi__folder_entryid(const okapi_store_t *store, okapi_id_t folder_id,
                                     apr_pool_t *result_pool);
okapi_binary_t okapi__message_entryid(const okapi_store_t *store, okapi_id_t folder_id,
                                      okapi_id_t id, apr_pool_t *result_pool);

/* Removes what is left of stores whose user was deleted, in short transactions. */
apr_status_t okapi__store_purge(okapi_t *okapi, apr_pool_t *scratch_pool);

/* The special folder of number WHICH; NULL if there is no such row in special_folders.def. */
typedef struct okapi__special_t {
    okapi_special_e which, parent;
    const char *name;
    const char *container_class;
    okapi_proptag_t entryid_tag; /* 0: none */
} okapi__special_t;
const okapi__special_t *okapi__special(int which);

/* Rows of a table of computed properties: the entry ids of special folders that the store, the
 * inbox and the root carry (MS-OXOSFLD 2.2.3 to 2.2.6). */
apr_status_t okapi__special_entryid(okapi_propval_t *v, const okapi_store_t *store,
                                    apr_pool_t *result_pool);
apr_status_t okapi__special_ren_entryids(okapi_propval_t *v, const okapi_store_t *store,
                                         apr_pool_t *result_pool);
apr_status_t okapi__special_ren_entryids_ex(okapi_propval_t *v, const okapi_store_t *store,
                                            apr_pool_t *result_pool);
apr_status_t okapi__special_freebusy_entryids(okapi_propval_t *v, const okapi_store_t *store,
                                              apr_pool_t *result_pool);

/* ---- access ---- */

/* The actor's rights on a folder: all for the owner and administrators, else what the folder's
 * permissions grant the user by name or everybody (MS-OXCPERM). */
apr_status_t okapi__rights(apr_uint32_t *rights, okapi__conn_t *conn, const okapi_store_t *store,
                           okapi_id_t folder_id, apr_pool_t *scratch_pool);

/* The actor's rights on every folder of the store where there are any: folder id to apr_uint32_t *.
 * NULL for who has full access. */
apr_status_t okapi__rights_of_store(apr_hash_t **rights, okapi__conn_t *conn,
                                    const okapi_store_t *store, apr_pool_t *result_pool);
apr_uint32_t okapi__rights_in(apr_hash_t *rights, okapi_id_t folder_id);

/* May somebody with RIGHTS see the folder at all? Whoever may not is told OKAPI_ENOTFOUND. */
int okapi__rights_visible(apr_uint32_t rights);

/* OKAPI_EACCESS unless RIGHTS has one of NEEDED. */
apr_status_t okapi__rights_check(apr_uint32_t rights, apr_uint32_t needed);

/* ---- the open folder ---- */

struct okapi_folder_t {
    okapi_object_t object;
    okapi_store_t *store;
    okapi_id_t id;
    okapi_id_t parent_id; /* 0 for the root, which in the database is its own parent */
    int special;          /* okapi_special_e; 0 for what users made */
    const char *name;
    const char *container_class;
    okapi_cn_t cn;
    okapi_time_t ctime, mtime;
    okapi_time_t deleted; /* softly; 0: it isn't */
    apr_uint32_t rights; /* of the actor */
    int has_subfolders, has_rules;
    int is_search;            /* it shows what it finds in others: search_private.h */
    int depth;                /* below the folder a hierarchy was listed from; 1 for its children */
    okapi_folder_stat_t stat; /* as of opening or listing, as are the two below */
    okapi_time_t content_time; /* of the last change inside the folder */
    apr_int64_t deleted_total; /* messages that ever left it */
    okapi_binary_t packed;     /* the stored properties as they are in the database */
    okapi_props_t *props;      /* the same unpacked; NULL until asked for */
    apr_pool_t *pool;
};

extern const okapi__object_class_t okapi__folder_class;
extern const okapi__computed_t okapi__folder_computed[];

/* OKAPI_ESEARCHFOLDER if messages, or folders, can't be put into it. */
apr_status_t okapi__folder_takes(const okapi_folder_t *folder);

/* Why NAME can't be a folder's; NULL if it can. */
const char *okapi__folder_name_fault(const char *name);

/* Inside a transaction, under the lock of okapi__cn_take: OKAPI_EOBJECTDELETED unless the folder
 * exists; OKAPI_EDUPLICATENAME if PARENT_ID has another one than ID of the folded name KEY, which
 * is *EXISTING then. */
apr_status_t okapi__folder_check(okapi__conn_t *conn, okapi_id_t id, apr_pool_t *scratch_pool);
apr_status_t okapi__folder_name_check(okapi__conn_t *conn, okapi_id_t parent_id, const char *key,
                                      okapi_id_t id, okapi_id_t *existing,
                                      apr_pool_t *scratch_pool);

/* A folder to be made, without a look at the actor's rights. */
typedef struct okapi__new_folder_t {
    okapi_store_t *store;
    okapi_id_t parent_id;
    okapi_id_t permissions_of; /* the folder whose permissions it gets */
    const char *name;
    const char *container_class;
    okapi_binary_t props;      /* packed */
    int is_search;             /* a search folder, which is for its owner only */
    okapi_id_t id;             /* set: the new one */
    okapi_id_t existing;       /* set: the folder that has the name, with OKAPI_EDUPLICATENAME */
} okapi__new_folder_t;
apr_status_t okapi__folder_add(okapi__new_folder_t *folder, apr_pool_t *scratch_pool);

/* A folder of the current row of a STMT_FOLDER_* select, with everything in RESULT_POOL. */
okapi_folder_t *okapi__folder_of_row(okapi__rows_t *rows, okapi_store_t *store, apr_uint32_t rights,
                                     apr_pool_t *result_pool);

/* okapi_changes (change.h) without a look at what search folders show. */
apr_status_t okapi__changes(apr_array_header_t **changes, okapi_cn_t *upto, okapi_store_t *store,
                            okapi_id_t folder_id, okapi_cn_t since, int max,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* In message.flags only, never shown: it came by delivery, so it is announced as new mail; and it
 * is private (MS-OXCMSG 2.2.1.13), for the owner and some delegates only. */
#define OKAPI__MSGFLAG_DELIVERED 0x40000000
#define OKAPI__MSGFLAG_PRIVATE   0x20000000

/* The folders below PARENT the actor may see, as an array of okapi_folder_t * by name; with DEEP
 * those of all levels, each followed by its own. Soft-deleted ones instead with DELETED. */
enum { OKAPI__FOLDERS_DEEP = 0x1, OKAPI__FOLDERS_DELETED = 0x2 };
apr_status_t okapi__folder_children(apr_array_header_t **folders, okapi_folder_t *parent, int flags,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
