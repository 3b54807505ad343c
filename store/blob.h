/* blob.h - content-addressed bytes: what is large is stored once, in chunks, under its SHA-256. */
#ifndef OKAPI_BLOB_H
#define OKAPI_BLOB_H

#include "db/db.h"
#include "stream_private.h"

/* Bytes in one row of blob_chunk: every engine takes them in one argument. */
enum { OKAPI__BLOB_CHUNK = 262144 };

/* Bytes on their way into the database. */
typedef struct okapi__blob_t {
    okapi_binary_t bytes; /* not copied */
    char hash[65];        /* SHA-256, lower-case hexadecimal */
    okapi_id_t id;        /* for the blob if these bytes aren't stored yet, taken beforehand */
} okapi__blob_t;

/* Outside of the transaction, which may run more than once: hashing is the expensive part. */
apr_status_t okapi__blob_hash(okapi__blob_t *blob, okapi_binary_t bytes);

/* *ID is the blob that holds these bytes now: BLOB->id, or that of an earlier one. */
apr_status_t okapi__blob_put(okapi__conn_t *conn, const okapi__blob_t *blob, okapi_id_t *id,
                             apr_pool_t *scratch_pool);

/* Reads what is asked for, a chunk at a time, keeping the last one. Blobs never change. */
apr_status_t okapi__blob_stream(okapi_stream_t **stream, okapi__db_t *db, okapi_id_t id,
                                apr_int64_t size, apr_pool_t *result_pool);

#endif
