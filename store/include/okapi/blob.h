/* blob.h - upkeep of the bytes of large values, which all mailboxes share. */
#ifndef OKAPI_BLOBS_H
#define OKAPI_BLOBS_H

#include <okapi/engine.h>

typedef struct okapi_blob_garbage_t {
    apr_int64_t blobs;
    apr_int64_t bytes; /* of their values; compressed they took less */
} okapi_blob_garbage_t;

/* Removes what nothing refers to and what is older than AGE, in short transactions beside which
 * others work as usual; who stores the same bytes at that moment stores them anew. STOP (may be
 * NULL) is asked between them and ends it early if it isn't 0. *GARBAGE is what was removed, also
 * when it fails. */
apr_status_t okapi_blob_collect(okapi_t *okapi, apr_interval_time_t age, int (*stop)(void *baton),
                                void *baton, okapi_blob_garbage_t *garbage,
                                apr_pool_t *scratch_pool);

#endif
