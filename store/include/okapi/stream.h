/* stream.h - bytes of a property or a blob, read at any offset without loading them all. */
#ifndef OKAPI_STREAM_H
#define OKAPI_STREAM_H

#include <okapi/types.h>

typedef struct okapi_stream_t okapi_stream_t;

apr_int64_t okapi_stream_size(const okapi_stream_t *stream);

/* Up to *LEN bytes from OFFSET; sets *LEN to what was there, 0 at or after the end.
 * OKAPI_EOBJECTDELETED if what they belong to went for good since it was opened. */
apr_status_t okapi_stream_read_at(okapi_stream_t *stream, apr_int64_t offset, void *buffer,
                                  apr_size_t *len, apr_pool_t *scratch_pool);

/* Everything, zero-terminated for convenience; OKAPI_ETOOBIG above MAX. */
apr_status_t okapi_stream_read_all(okapi_stream_t *stream, apr_size_t max, okapi_binary_t *bytes,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
