/* per_user.h - what somebody has read in public folders, as clients carry it from one server to
 * another (MS-OXCSTOR 2.2.1.10 to 2.2.1.13): a set of change numbers (idset.h), in bytes.
 *
 * Clients don't look into it. They fetch it from the public store when they leave it, keep it in
 * their mailbox, and give it to the next public store they log on to.
 */
#ifndef OKAPI_PER_USER_H
#define OKAPI_PER_USER_H

#include <okapi/folder.h>

enum { OKAPI_PER_USER_MAX = 262144 }; /* bytes of a set */

/* What the actor has read in a folder of the public store; empty if it is nothing. */
apr_status_t okapi_per_user_get(okapi_binary_t *set, okapi_folder_t *folder,
                                apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* From now on this is it: what isn't in the set is unread. OKAPI_ECORRUPT if it isn't a set,
 * OKAPI_EACCESS for those who aren't known. */
apr_status_t okapi_per_user_set(okapi_folder_t *folder, okapi_binary_t set,
                                apr_pool_t *scratch_pool);

/* A set that a mailbox keeps, of the folder FOLDER_ID of a public store REPLICA, which SOURCE told
 * it. Mailboxes keep them for their owner: OKAPI_EACCESS for others. */
typedef struct okapi_per_user_t {
    okapi_guid_t replica;
    okapi_id_t folder_id;
    okapi_guid_t source;
    okapi_binary_t set;
} okapi_per_user_t;

/* That of KEPT's replica and folder. OKAPI_ENOTFOUND. */
apr_status_t okapi_per_user_kept(okapi_per_user_t *kept, okapi_store_t *mailbox,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* OKAPI_ECORRUPT as above, OKAPI_ETOOCOMPLEX for too many folders. */
apr_status_t okapi_per_user_keep(okapi_store_t *mailbox, const okapi_per_user_t *kept,
                                 apr_pool_t *scratch_pool);

/* Array of okapi_per_user_t, without their sets: all that SOURCE told. */
apr_status_t okapi_per_user_list(apr_array_header_t **list, okapi_store_t *mailbox,
                                 const okapi_guid_t *source, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool);

#endif
