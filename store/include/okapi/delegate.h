/* delegate.h - who acts for the owner of a mailbox (MS-OXODLGT).
 *
 * What a delegate may do in which folder are permissions (permission.h); this is the list of them
 * and what else they have.
 */
#ifndef OKAPI_DELEGATE_H
#define OKAPI_DELEGATE_H

#include <okapi/store.h>

enum {
    OKAPI_DELEGATE_MEETINGS = 0x1, /* gets a copy of each meeting request to the owner */
    OKAPI_DELEGATE_PRIVATE = 0x2   /* sees private messages: PidTagDelegateFlags' ShowPrivate */
};

typedef struct okapi_delegate_t {
    const okapi_user_t *user; /* its password isn't told */
    apr_uint32_t flags;
} okapi_delegate_t;

/* Array of okapi_delegate_t, by name. OKAPI_EACCESS but for the owner and administrators. */
apr_status_t okapi_delegate_list(apr_array_header_t **delegates, okapi_store_t *store,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Makes USER a delegate with these flags, or changes them. OKAPI_EINVAL for the owner himself. The
 * Delegate Information object that clients write (MS-OXODLGT 2.2.2.2) does the same when the owner
 * saves it: then the list is its list. */
apr_status_t okapi_delegate_set(okapi_store_t *store, const okapi_user_t *user, apr_uint32_t flags,
                                apr_pool_t *scratch_pool);

/* OKAPI_ENOTFOUND if USER is none. */
apr_status_t okapi_delegate_remove(okapi_store_t *store, const okapi_user_t *user,
                                   apr_pool_t *scratch_pool);

#endif
