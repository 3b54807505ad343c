/* engine_private.h - what a process shares around one open database. */
#ifndef OKAPI_ENGINE_PRIVATE_H
#define OKAPI_ENGINE_PRIVATE_H

#include <apr_hash.h>
#include <apr_thread_mutex.h>
#include <okapi/engine.h>

#include "db/db.h"

struct okapi_t {
    okapi__db_t *db;
    const okapi_config_t *config;
    okapi_host_t host;
    char id[40]; /* a GUID: as whom it holds leases */

    /* Guards everything below. The caches hold what never changes once it is in the database, so
     * they need no invalidation; lookups copy out, no pointer into a cache leaves the mutex. */
    apr_thread_mutex_t *mutex;
    apr_pool_t *cache_pool;        /* with an allocator of its own, used under the mutex only */
    struct okapi__cache_t *stores; /* store id: its special folders (store.c) */
    struct okapi__cache_t *named;  /* store id: its named properties (named.c) */

    struct okapi__packers_t *packers; /* of blobs (blob_code.c); have their own mutex */

    struct okapi__arrays_t *arrays; /* sorted rows of tables (table_cache.c); has its own mutex */
};

/* Tell whoever waits for STORE_ID that a commit changed it. After the commit, never inside. */
void okapi__changed(okapi_t *okapi, okapi_id_t store_id);

#endif
