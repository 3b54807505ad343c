/* change.h - the change sequence: the one iterator every synchronisation and notification uses. */
#ifndef OKAPI_CHANGE_H
#define OKAPI_CHANGE_H

#include <okapi/store.h>
#include <apr_tables.h>

typedef enum okapi_change_e {
    OKAPI_CHANGE_CREATED = 1, /* came into the folder after SINCE */
    OKAPI_CHANGE_MODIFIED,    /* its content changed */
    OKAPI_CHANGE_READ,        /* only its read state changed */
    OKAPI_CHANGE_DELETED
} okapi_change_e;

typedef struct okapi_change_t {
    okapi_change_e kind;
    int is_folder;        /* the object is a folder and FOLDER_ID its parent */
    int is_associated;
    int is_delivered;     /* a message that came by delivery: new mail when it is created */
    int is_moved; /* a deleted folder: it has left FOLDER_ID, but is elsewhere in the store */
    int is_link; /* FOLDER_ID is a search folder that shows, or shows no longer, a message */
    okapi_id_t folder_id;
    okapi_id_t id;
    okapi_cn_t cn;        /* of its last change */
    okapi_cn_t content_cn, add_cn; /* of what exists: when its content last changed, when it came */
    okapi_cn_t found_cn;  /* of a search folder: when its search became complete; 0: it isn't */
    apr_uint32_t flags;   /* PR_MESSAGE_FLAGS of a message that still exists */
    const char *message_class;
} okapi_change_t;

/* What a search folder shows is told of as if it were in there, by numbers of its own; what becomes
 * of the message itself is told of besides, where it is.
 *
 * A folder that is deleted takes along what is in it, which isn't told of. One that is moved comes
 * first where it goes to, then it is deleted, with is_moved, where it was; its contents stay. A
 * message that is moved is one that is deleted and another that is created.
 *
 * What has changed again since is told of at its last number only. So, in a walk of several steps,
 * a message may come before its folder, and a folder may leave where it was before it comes where
 * it is, or never come because it was deleted with that one: only at the end of the walk is what is
 * in no folder gone.
 *
 * The changes of (SINCE, *UPTO] in FOLDER_ID (0: the whole store), at most MAX, in order of their
 * last change number, as an array of okapi_change_t; *UPTO is the number to go on from.
 * OKAPI_ESYNC if SINCE is older than the tombstones reach, or than the search of a search folder.
 *
 * KIND is what happened since SINCE. Who takes several steps to get from one state to the next asks
 * okapi_change_kind what happened since the first step began: an object that a step passed over,
 * because it has changed again, comes with its last number only. */
apr_status_t okapi_changes(apr_array_header_t **changes, okapi_cn_t *upto, okapi_store_t *store,
                           okapi_id_t folder_id, okapi_cn_t since, int max,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* What happened since SINCE to the object of CHANGE, which has changed since. */
okapi_change_e okapi_change_kind(const okapi_change_t *change, okapi_cn_t since);

#endif
