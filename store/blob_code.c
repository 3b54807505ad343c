/* blob_code.c - chunks of blobs in fewer bytes, where that pays.
 *
 * Text shrinks to a quarter, what people attach is mostly compressed already. The first chunk
 * decides for the whole blob, so that an hour of video costs the try of a quarter of a megabyte.
 */
#include <apr_thread_mutex.h>
#include <okapi/error.h>
#include <zstd.h>

#include "blob.h"

enum {
    LEVEL = 3,
    LEVEL_SMALL = 1, /* of whole blobs up to SMALL bytes, which it makes almost as small */
    SMALL = 65536,
    GAIN = 8,      /* at least an eighth has to be saved */
    SMALLEST = 64, /* bytes below which nothing is ever saved */
    IDLE_MAX = 8   /* contexts that wait, of a megabyte at most */
};

/* ---- contexts ---- */

struct okapi__packers_t {
    apr_thread_mutex_t *mutex;
    ZSTD_CCtx *idle[IDLE_MAX];
    int n;
};

static apr_status_t free_all(void *baton)
{
    okapi__packers_t *packers = baton;
    while (packers->n > 0) {
        ZSTD_freeCCtx(packers->idle[--packers->n]);
    }
    return APR_SUCCESS;
}

apr_status_t okapi__packers_create(okapi__packers_t **packers, apr_pool_t *result_pool)
{
    okapi__packers_t *created = apr_pcalloc(result_pool, sizeof(*created));
    *packers = created;
    apr_status_t rv = apr_thread_mutex_create(&created->mutex, APR_THREAD_MUTEX_DEFAULT,
                                              result_pool);
    if (rv == APR_SUCCESS) {
        apr_pool_cleanup_register(result_pool, created, free_all, apr_pool_cleanup_null);
    }
    return rv;
}

/* One that nobody uses, or a new one; NULL without memory. */
static ZSTD_CCtx *take(okapi__packers_t *packers)
{
    ZSTD_CCtx *context = NULL;
    apr_thread_mutex_lock(packers->mutex);
    if (packers->n > 0) {
        context = packers->idle[--packers->n];
    }
    apr_thread_mutex_unlock(packers->mutex);
    return context ? context : ZSTD_createCCtx();
}

static void give_back(okapi__packers_t *packers, ZSTD_CCtx *context)
{
    apr_thread_mutex_lock(packers->mutex);
    if (packers->n < IDLE_MAX) {
        packers->idle[packers->n++] = context;
        context = NULL;
    }
    apr_thread_mutex_unlock(packers->mutex);
    ZSTD_freeCCtx(context);
}

/* ---- encoding ---- */

/* *CHUNK as a frame in RESULT_POOL; 0 if it doesn't become small enough. */
static int compress_chunk(okapi_binary_t *chunk, ZSTD_CCtx *context, int level,
                          apr_pool_t *result_pool)
{
    apr_size_t room = chunk->len - chunk->len / GAIN;
    unsigned char *frame = apr_palloc(result_pool, room);
    apr_size_t len = ZSTD_compressCCtx(context, frame, room, chunk->data, chunk->len, level);
    if (ZSTD_isError(len)) { /* it doesn't fit */
        return 0;
    }
    *chunk = (okapi_binary_t){frame, len};
    return 1;
}

void okapi__blob_encode(okapi__blob_t *blob, okapi__packers_t *packers,
                        apr_pool_t *result_pool)
{
    apr_size_t left = blob->bytes.len;
    int level = left <= SMALL ? LEVEL_SMALL : LEVEL;
    ZSTD_CCtx *context = left < SMALLEST ? NULL : take(packers);
    blob->nchunks = (int)((left + OKAPI__BLOB_CHUNK - 1) / OKAPI__BLOB_CHUNK);
    blob->chunks = apr_palloc(result_pool, sizeof(okapi_binary_t) * (apr_size_t)blob->nchunks);
    blob->enc = context ? OKAPI__BLOB_ZSTD : OKAPI__BLOB_PLAIN;
    for (int i = 0; i < blob->nchunks; i++) {
        okapi_binary_t *chunk = &blob->chunks[i];
        chunk->data = blob->bytes.data + (apr_size_t)i * OKAPI__BLOB_CHUNK;
        chunk->len = left < OKAPI__BLOB_CHUNK ? left : OKAPI__BLOB_CHUNK;
        left -= chunk->len;
        if (blob->enc == OKAPI__BLOB_ZSTD && !compress_chunk(chunk, context, level, result_pool) &&
            i == 0) {
            blob->enc = OKAPI__BLOB_PLAIN;
        }
    }
    if (context) {
        give_back(packers, context);
    }
}

apr_status_t okapi__blob_decode(okapi_binary_t *chunk, okapi__blob_enc_e enc, apr_size_t len,
                                apr_pool_t *result_pool)
{
    if (enc == OKAPI__BLOB_ZSTD && chunk->len < len) {
        unsigned char *bytes = apr_palloc(result_pool, len);
        apr_size_t got = ZSTD_decompress(bytes, len, chunk->data, chunk->len);
        *chunk = (okapi_binary_t){bytes, ZSTD_isError(got) ? 0 : got};
    } else if (enc != OKAPI__BLOB_PLAIN && enc != OKAPI__BLOB_ZSTD) {
        return OKAPI_ECORRUPT; /* of a newer program */
    }
    return chunk->data && chunk->len == len ? APR_SUCCESS : OKAPI_ECORRUPT;
}
