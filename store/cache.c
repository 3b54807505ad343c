/* cache.c - a bounded map from a number to what is known about it. */
#include <stddef.h> /* offsetof: without it apr_ring.h reaches through a null pointer */

#include <apr_hash.h>
#include <apr_ring.h>

#include "cache.h"

typedef struct entry_t entry_t;
struct entry_t {
    APR_RING_ENTRY(entry_t) link; /* most recently used first; or in the list of free entries */
    apr_int64_t key;
    void *value;
    apr_pool_t *pool; /* of the value */
};

APR_RING_HEAD(entries_t, entry_t);

struct okapi__cache_t {
    apr_hash_t *by_key;
    struct entries_t used, unused;
    apr_pool_t *pool;
};

okapi__cache_t *okapi__cache_create(int max, apr_pool_t *result_pool)
{
    okapi__cache_t *cache = apr_pcalloc(result_pool, sizeof(*cache));
    cache->pool = result_pool;
    cache->by_key = apr_hash_make(result_pool);
    APR_RING_INIT(&cache->used, entry_t, link);
    APR_RING_INIT(&cache->unused, entry_t, link);
    for (int i = 0; i < max; i++) {
        entry_t *entry = apr_pcalloc(result_pool, sizeof(*entry));
        APR_RING_INSERT_TAIL(&cache->unused, entry, entry_t, link);
    }
    return cache;
}

static entry_t *find(okapi__cache_t *cache, apr_int64_t key)
{
    return apr_hash_get(cache->by_key, &key, sizeof(key));
}

static void drop(okapi__cache_t *cache, entry_t *entry)
{
    apr_hash_set(cache->by_key, &entry->key, sizeof(entry->key), NULL);
    apr_pool_destroy(entry->pool);
    entry->value = NULL;
    entry->pool = NULL;
    APR_RING_REMOVE(entry, link);
    APR_RING_INSERT_TAIL(&cache->unused, entry, entry_t, link);
}

void *okapi__cache_get(okapi__cache_t *cache, apr_int64_t key)
{
    entry_t *entry = find(cache, key);
    if (!entry) {
        return NULL;
    }
    APR_RING_REMOVE(entry, link);
    APR_RING_INSERT_HEAD(&cache->used, entry, entry_t, link);
    return entry->value;
}

apr_pool_t *okapi__cache_add(okapi__cache_t *cache, apr_int64_t key)
{
    entry_t *entry = find(cache, key);
    if (entry) {
        drop(cache, entry);
    } else if (APR_RING_EMPTY(&cache->unused, entry_t, link)) {
        drop(cache, APR_RING_LAST(&cache->used));
    }
    entry = APR_RING_FIRST(&cache->unused);
    APR_RING_REMOVE(entry, link);
    APR_RING_INSERT_HEAD(&cache->used, entry, entry_t, link);
    entry->key = key;
    apr_pool_create(&entry->pool, cache->pool);
    apr_hash_set(cache->by_key, &entry->key, sizeof(entry->key), entry);
    return entry->pool;
}

void okapi__cache_set(okapi__cache_t *cache, apr_int64_t key, void *value)
{
    entry_t *entry = find(cache, key);
    if (entry) {
        entry->value = value;
    }
}

apr_pool_t *okapi__cache_pool(okapi__cache_t *cache, apr_int64_t key)
{
    entry_t *entry = find(cache, key);
    return entry ? entry->pool : NULL;
}

void okapi__cache_remove(okapi__cache_t *cache, apr_int64_t key)
{
    entry_t *entry = find(cache, key);
    if (entry) {
        drop(cache, entry);
    }
}
