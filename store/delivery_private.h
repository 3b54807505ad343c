/* delivery_private.h - what delivery, rules and automatic replies share. */
#ifndef OKAPI_DELIVERY_PRIVATE_H
#define OKAPI_DELIVERY_PRIVATE_H

#include <apr_hash.h>
#include <okapi/delivery.h>

#include "message_private.h"

/* ---- delivery.c ---- */

/* PR_RCVD_REPRESENTING_* of USER. */
apr_status_t okapi__delivery_represent(okapi_message_t *message, const okapi_user_t *user,
                                       apr_pool_t *scratch_pool);

/* Every address of the store's owner, and whether ADDRESS is one of them, "+detail" or not. */
apr_status_t okapi__delivery_own_addresses(apr_hash_t **own, okapi_store_t *store,
                                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
int okapi__delivery_is_own(apr_hash_t *own, const char *address, apr_pool_t *scratch_pool);

#endif
