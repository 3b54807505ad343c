/* auth_cache.h - passwords known to be right, so that a phone's thousandth request costs no hash.
 *
 * What is kept is HMAC-SHA256(random key of this child, stored hash, user, password): no password,
 * nothing to be found by guessing without the key, and worthless from the moment the stored hash
 * changes. Of a fixed size.
 */
#ifndef OKAPI_AUTH_CACHE_H
#define OKAPI_AUTH_CACHE_H

#include <apr_pools.h>

typedef struct okapi__auth_cache_t okapi__auth_cache_t;

#define OKAPI__AUTH_DIGEST 32

apr_status_t okapi__auth_cache_create(okapi__auth_cache_t **cache, apr_pool_t *result_pool);

/* What the other two are asked with. */
apr_status_t okapi__auth_cache_digest(unsigned char digest[OKAPI__AUTH_DIGEST],
                                      const okapi__auth_cache_t *cache, const char *hash,
                                      const char *user, const char *password);

int okapi__auth_cache_has(okapi__auth_cache_t *cache,
                          const unsigned char digest[OKAPI__AUTH_DIGEST]);

void okapi__auth_cache_add(okapi__auth_cache_t *cache,
                           const unsigned char digest[OKAPI__AUTH_DIGEST]);

#endif
