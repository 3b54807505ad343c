/* stream_private.h - the kinds of streams. */
#ifndef OKAPI_STREAM_PRIVATE_H
#define OKAPI_STREAM_PRIVATE_H

#include <okapi/stream.h>

/* A kind of stream has this as its first member. READ_AT is asked only for bytes that are there:
 * LEN is at least 1 and OFFSET + LEN at most SIZE. */
struct okapi_stream_t {
    apr_int64_t size;
    apr_status_t (*read_at)(okapi_stream_t *stream, apr_int64_t offset, void *buffer,
                            apr_size_t len, apr_pool_t *scratch_pool);
};

/* Over bytes in memory, which are not copied. */
okapi_stream_t *okapi__stream_memory(const void *data, apr_size_t len, apr_pool_t *result_pool);

#endif
