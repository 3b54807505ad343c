/* transfer.h - messages and folders that go somewhere: copied, moved, deleted, recovered.
 *
 * What concerns many messages is done in short transactions. *PARTIAL is set if some could not be
 * done, because they aren't there or the actor may not; the others are (MS-OXCFOLD 3.2.5.6). An
 * error that ends the work leaves done what was done so far.
 *
 * A message that is copied, moved or recovered has a new id where it goes to. A folder that is
 * moved within its store keeps its id, else it has a new one.
 */
#ifndef OKAPI_TRANSFER_H
#define OKAPI_TRANSFER_H

#include <okapi/message.h>

/* ---- messages ---- */

/* To the folder TO, of whatever store of the same database. NEW_IDS, if it isn't NULL, has room
 * for N ids and gets 0 for what wasn't done. The actor needs OKAPI_RIGHT_READ_ANY or
 * OKAPI_RIGHT_DELETE_ANY here and OKAPI_RIGHT_CREATE there: OKAPI_EACCESS. */
apr_status_t okapi_messages_copy(okapi_folder_t *from, okapi_folder_t *to, const okapi_id_t *ids,
                                 int n, okapi_id_t *new_ids, int *partial,
                                 apr_pool_t *scratch_pool);
apr_status_t okapi_messages_move(okapi_folder_t *from, okapi_folder_t *to, const okapi_id_t *ids,
                                 int n, okapi_id_t *new_ids, int *partial,
                                 apr_pool_t *scratch_pool);

/* Softly deleted messages of FROM come back, to TO, which may be the same. */
apr_status_t okapi_messages_recover(okapi_folder_t *from, okapi_folder_t *to,
                                    const okapi_id_t *ids, int n, okapi_id_t *new_ids,
                                    int *partial, apr_pool_t *scratch_pool);

/* Bits of how to delete; the first three are MS-OXCFOLD 2.2.1.3.1's. */
enum {
    OKAPI_DELETE_MESSAGES = 0x01,
    OKAPI_DELETE_FOLDERS = 0x04,
    OKAPI_DELETE_HARD = 0x10,       /* for good, otherwise it can be recovered for some time */
    OKAPI_DELETE_ASSOCIATED = 0x100 /* okapi_folder_empty: these messages too */
};

/* FLAGS: OKAPI_DELETE_HARD, which also takes away what was softly deleted before. */
apr_status_t okapi_messages_delete(okapi_folder_t *folder, const okapi_id_t *ids, int n, int flags,
                                   int *partial, apr_pool_t *scratch_pool);

/* ---- folders ---- */

/* FOLDER goes below TO with everything in it; NAME NULL is its old one. OKAPI_EDUPLICATENAME,
 * OKAPI_ECYCLE into itself, OKAPI_ENOSUPPORT for a special folder. Within a store this is one
 * step; into another store everything is moved one by one. FOLDER isn't to be used after that.
 * *ID is where it is then; ID may be NULL. */
apr_status_t okapi_folder_move(okapi_id_t *id, okapi_folder_t *folder, okapi_folder_t *to,
                               const char *name, int *partial, apr_pool_t *scratch_pool);

/* A copy of FOLDER, for the people of the folder TO below which it is. RECURSIVE: with all of its
 * subfolders the actor may read. */
apr_status_t okapi_folder_copy(okapi_id_t *id, okapi_folder_t *folder, okapi_folder_t *to,
                               const char *name, int recursive, int *partial,
                               apr_pool_t *scratch_pool);

apr_status_t okapi_folder_rename(okapi_folder_t *folder, const char *name,
                                 apr_pool_t *scratch_pool);

/* The folder and what is in it. Nothing is deleted and *PARTIAL is set if there is something in it
 * FLAGS don't allow to delete, or that the actor may not. OKAPI_ENOSUPPORT for a special folder. */
apr_status_t okapi_folder_delete(okapi_folder_t *folder, int flags, int *partial,
                                 apr_pool_t *scratch_pool);

/* What is in the folder as of now, subfolders included; special folders stay. OKAPI_ENOSUPPORT for
 * the root. */
apr_status_t okapi_folder_empty(okapi_folder_t *folder, int flags, int *partial,
                                apr_pool_t *scratch_pool);

/* The softly deleted folder DELETED comes back below TO with everything that was in it; NAME NULL
 * is its old one. *ID is its new id. OKAPI_ENOTFOUND, OKAPI_EDUPLICATENAME. */
apr_status_t okapi_folder_recover(okapi_id_t *id, okapi_store_t *store, okapi_id_t deleted,
                                  okapi_folder_t *to, const char *name, int *partial,
                                  apr_pool_t *scratch_pool);

/* ---- what was softly deleted ---- */

typedef struct okapi_purged_t {
    apr_int64_t messages, folders;
} okapi_purged_t;

/* Removes for good what was softly deleted before BEFORE, in all mailboxes, and what is left of
 * folders that were hard deleted. It may be interrupted and run in several processes. */
apr_status_t okapi_purge(okapi_t *okapi, okapi_time_t before, okapi_purged_t *purged,
                         apr_pool_t *scratch_pool);

#endif
