/* per_user_read.h - the read flags of the public store's readers. For other stores each of these
 * leaves everything as it is. */
#ifndef OKAPI_PER_USER_READ_H
#define OKAPI_PER_USER_READ_H

#include "store_private.h"

/* Makes the read flag among a message's flags the actor's. */
apr_status_t okapi__per_user_flags(apr_uint32_t *flags, okapi__conn_t *conn,
                                   const okapi_store_t *store, okapi_id_t folder_id, okapi_id_t id,
                                   apr_pool_t *scratch_pool);

/* Makes the counts of a folder the actor's: how many are unread, and when something last changed
 * for him. Or those of FOLDERS, an array of okapi_folder_t *. */
apr_status_t okapi__per_user_stat(okapi_folder_stat_t *stat, okapi__conn_t *conn,
                                  const okapi_store_t *store, okapi_id_t folder_id,
                                  apr_pool_t *scratch_pool);
apr_status_t okapi__per_user_stats(apr_array_header_t *folders, okapi__conn_t *conn,
                                   const okapi_store_t *store, apr_pool_t *scratch_pool);

/* Under change number CN of the public store the actor has read a message, or not. */
apr_status_t okapi__per_user_mark(okapi__conn_t *conn, const okapi_store_t *store,
                                  okapi_id_t folder_id, okapi_id_t id, int read, okapi_cn_t cn,
                                  apr_pool_t *scratch_pool);

/* okapi_folder_set_read in the public store. */
apr_status_t okapi__per_user_set_read(okapi_folder_t *folder, const okapi_id_t *ids, int n,
                                      int read, int *changed, int *partial,
                                      apr_pool_t *scratch_pool);

#endif
