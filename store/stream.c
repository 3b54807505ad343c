/* stream.c - reading bytes at any offset: what all streams share, and those over memory. */
#include <string.h>

#include <okapi/error.h>
#include <okapi/wire.h>

#include "stream_private.h"

apr_int64_t okapi_stream_size(const okapi_stream_t *stream)
{
    return stream->size;
}

apr_status_t okapi_stream_read_at(okapi_stream_t *stream, apr_int64_t offset, void *buffer,
                                  apr_size_t *len, apr_pool_t *scratch_pool)
{
    if (offset < 0) {
        return OKAPI_EINVAL;
    }
    apr_int64_t left = offset < stream->size ? stream->size - offset : 0;
    if ((apr_uint64_t)left < *len) {
        *len = (apr_size_t)left;
    }
    return *len ? stream->read_at(stream, offset, buffer, *len, scratch_pool) : APR_SUCCESS;
}

apr_status_t okapi_stream_read_all(okapi_stream_t *stream, apr_size_t max, okapi_binary_t *bytes,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    if ((apr_uint64_t)stream->size > max) {
        return OKAPI_ETOOBIG;
    }
    apr_size_t len = (apr_size_t)stream->size;
    unsigned char *data = apr_palloc(result_pool, len + 1);
    data[len] = '\0';
    bytes->data = data;
    bytes->len = len;
    return okapi_stream_read_at(stream, 0, data, &len, scratch_pool);
}

/* ---- over memory ---- */

typedef struct memory_t {
    okapi_stream_t stream;
    const unsigned char *data;
} memory_t;

static apr_status_t memory_read_at(okapi_stream_t *stream, apr_int64_t offset, void *buffer,
                                   apr_size_t len, apr_pool_t *scratch_pool)
{
    memcpy(buffer, ((memory_t *)stream)->data + offset, len);
    return APR_SUCCESS;
}

okapi_stream_t *okapi__stream_memory(const void *data, apr_size_t len, apr_pool_t *result_pool)
{
    memory_t *memory = apr_palloc(result_pool, sizeof(*memory));
    memory->stream.size = (apr_int64_t)len;
    memory->stream.read_at = memory_read_at;
    memory->data = data;
    return &memory->stream;
}
