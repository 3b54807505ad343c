/* quota.h - how large a store may become: it is warned of, then nothing can be sent from it, then
 * nothing gets into it any more. */
#ifndef OKAPI_QUOTA_H
#define OKAPI_QUOTA_H

#include <okapi/store.h>

/* A limit in bytes: 0 is the server's (okapi.conf), OKAPI_QUOTA_NONE none at all. */
enum { OKAPI_QUOTA_NONE = -1 };

typedef struct okapi_quota_t {
    apr_int64_t warn;    /* PR_STORAGE_QUOTA_LIMIT */
    apr_int64_t send;    /* PR_PROHIBIT_SEND_QUOTA */
    apr_int64_t receive; /* PR_PROHIBIT_RECEIVE_QUOTA: deliveries, and whatever makes it larger */
} okapi_quota_t;

/* As of opening: the store's own, or those that are in force, 0 then being no limit. */
void okapi_quota_get(okapi_quota_t *quota, const okapi_store_t *store);
void okapi_quota_effective(okapi_quota_t *quota, const okapi_store_t *store);

/* The store's own. OKAPI_EACCESS but for administrators, OKAPI_EINVAL below OKAPI_QUOTA_NONE. */
apr_status_t okapi_quota_set(okapi_store_t *store, const okapi_quota_t *quota,
                             apr_pool_t *scratch_pool);

/* Which limit is exceeded now; the store has *BYTES. A message that would exceed the last one isn't
 * saved: OKAPI_EQUOTA of okapi_message_save. */
typedef enum okapi_quota_e {
    OKAPI_QUOTA_FREE,
    OKAPI_QUOTA_WARN,
    OKAPI_QUOTA_SEND,
    OKAPI_QUOTA_RECEIVE
} okapi_quota_e;
apr_status_t okapi_quota_state(okapi_quota_e *state, apr_int64_t *bytes, okapi_store_t *store,
                               apr_pool_t *scratch_pool);

/* OKAPI_EQUOTA if nothing may be sent from the store. Who submits a message asks. */
apr_status_t okapi_quota_check_send(okapi_store_t *store, apr_pool_t *scratch_pool);

/* Counts the bytes of the messages anew; *DIFFERENCE is what the store was thought to have too
 * much. */
apr_status_t okapi_quota_recount(okapi_store_t *store, apr_int64_t *difference,
                                 apr_pool_t *scratch_pool);

#endif
