/* transfer_private.h - what copying, moving, deleting and recovering share. */
#ifndef OKAPI_TRANSFER_PRIVATE_H
#define OKAPI_TRANSFER_PRIVATE_H

#include <okapi/transfer.h>

#include "cn.h"
#include "message_private.h"
#include "pace.h"

/* With one of these on a folder there may be messages in it the actor may delete. */
#define OKAPI__RIGHTS_DELETE (OKAPI_RIGHT_DELETE_ANY | OKAPI_RIGHT_DELETE_OWNED)

/* ---- delete.c: messages ---- */

/* A deletion of messages of one folder; the baton of okapi__delete_step, in steps of pace.h. */
typedef struct okapi__deletion_t {
    okapi_t *okapi;
    okapi_id_t store_id, folder_id;
    const okapi_store_t *actor; /* the store as who deletes opened it; NULL: nobody asked */
    apr_uint32_t rights;        /* on the folder */
    int hard;
    int folder_deleted; /* the folder is, so nobody looks at its messages any more */
    apr_int64_t done;   /* messages deleted so far */
    int missing;        /* some weren't there, or not for the actor to delete */
} okapi__deletion_t;

apr_status_t okapi__delete_step(void *baton, const okapi_id_t *ids, int n,
                                apr_pool_t *scratch_pool);

/* ---- delete_folder.c: folders ---- */

/* Deletes the folder ID and what is in it in one transaction, for who may: the rows stay, marked.
 * *REFUSED is set instead if FLAGS or the actor's rights don't allow it. */
apr_status_t okapi__folder_remove(okapi_store_t *store, okapi_id_t id, int flags, int *refused,
                                  apr_pool_t *scratch_pool);

/* Deletes it for good, with what is below it, if these are NFOLDERS and there are no messages in
 * any of them: whoever has moved what was there doesn't take with it what has come since. */
apr_status_t okapi__folder_remove_empty(okapi_store_t *store, okapi_id_t id, int nfolders,
                                        int *refused, apr_pool_t *scratch_pool);

/* Takes away what the deleted folder FOLDER_ID still holds: all that is left of it is its row,
 * with its tombstones. */
apr_status_t okapi__folder_clear(okapi_t *okapi, okapi_id_t store_id, okapi_id_t folder_id,
                                 apr_int64_t *messages, apr_pool_t *scratch_pool);

/* ---- translate.c: named properties across stores ---- */

typedef struct okapi__translation_t okapi__translation_t;

okapi__translation_t *okapi__translation_create(okapi_store_t *from, okapi_store_t *to,
                                                apr_pool_t *result_pool);

/* Packed properties, packed recipients and a tag of one store as the other has them. APR_INCOMPLETE
 * if there are names in it that have to be learned first, outside of the transaction. A tag of no
 * name becomes 0. */
apr_status_t okapi__translate_props(okapi_binary_t *packed, okapi__translation_t *translation,
                                    apr_pool_t *result_pool);
apr_status_t okapi__translate_recipients(okapi_binary_t *packed,
                                         okapi__translation_t *translation,
                                         apr_pool_t *result_pool);
apr_status_t okapi__translate_tag(apr_int64_t *tag, okapi__translation_t *translation);

/* Finds out what was missing. */
apr_status_t okapi__translation_learn(okapi__translation_t *translation, apr_pool_t *scratch_pool);

/* ---- transfer.c: messages ---- */

typedef enum okapi__transfer_e {
    OKAPI__COPY,
    OKAPI__MOVE,
    OKAPI__RECOVER,      /* softly deleted messages, as others */
    OKAPI__MOVE_OUT      /* all messages, softly deleted ones as such */
} okapi__transfer_e;

/* A transfer of messages from one folder to another; the baton of okapi__transfer_step. */
typedef struct okapi__transfer_t {
    okapi__transfer_e kind;
    okapi_store_t *from_store, *to_store;
    okapi_id_t from, to;
    apr_uint32_t from_rights, to_rights;
    int from_deleted;                  /* the folder FROM is */
    okapi__translation_t *translation; /* NULL within a store */
    okapi_id_t *new_ids;               /* for the messages to come, or NULL */
    int missing;                       /* some weren't there, or not for the actor */
    okapi_id_t first_id;               /* ids that were taken, beginning with the messages' */
    int nids;
} okapi__transfer_t;

apr_status_t okapi__transfer_step(void *baton, const okapi_id_t *ids, int n,
                                  apr_pool_t *scratch_pool);

/* The filter of pace.h for the messages it is about. */
okapi__pace_filter_t okapi__transfer_filter(okapi__transfer_e kind);

/* ---- transfer_copy.c ---- */

/* Ids for what is copied. */
typedef struct okapi__stock_t {
    okapi_id_t next, end;
} okapi__stock_t;

/* Copies everything of a message but its row, for which it has the id TO. APR_INCOMPLETE if ids or
 * names run out. TRANSLATION as above. */
apr_status_t okapi__message_copy_parts(okapi__conn_t *conn, okapi_id_t from, okapi_id_t to,
                                       okapi__stock_t *stock, okapi__translation_t *translation,
                                       apr_pool_t *scratch_pool);

/* The same for a message that stays in its store and leaves nothing behind. */
apr_status_t okapi__message_rekey_parts(okapi__conn_t *conn, okapi_id_t from, okapi_id_t to,
                                        apr_pool_t *scratch_pool);

#endif
