/* cache.h - a bounded map from a number to what is known about it, each entry in its own pool.
 *
 * Not locked: the owner's mutex is held around every call and as long as an entry is looked at.
 */
#ifndef OKAPI_CACHE_H
#define OKAPI_CACHE_H

#include <okapi/types.h>

typedef struct okapi__cache_t okapi__cache_t;

/* Keeps up to MAX entries; a new one more takes the place of the least recently used. */
okapi__cache_t *okapi__cache_create(int max, apr_pool_t *result_pool);

/* The entry, or NULL; it becomes the most recently used. */
void *okapi__cache_get(okapi__cache_t *cache, apr_int64_t key);

/* A pool for a new entry of KEY, whose former entry is destroyed; set its value at once. */
apr_pool_t *okapi__cache_add(okapi__cache_t *cache, apr_int64_t key);
void okapi__cache_set(okapi__cache_t *cache, apr_int64_t key, void *value);

/* The pool of an entry, to let it grow; NULL if there is none. */
apr_pool_t *okapi__cache_pool(okapi__cache_t *cache, apr_int64_t key);

void okapi__cache_remove(okapi__cache_t *cache, apr_int64_t key);

#endif
