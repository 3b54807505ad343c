/* blob.h - content-addressed bytes: what is large is stored once, in chunks, under its SHA-256. */
#ifndef OKAPI_BLOB_H
#define OKAPI_BLOB_H

#include "db/db.h"
#include "stream_private.h"

/* Bytes in one row of blob_chunk, before they are encoded: every engine takes them in one
 * argument. */
enum { OKAPI__BLOB_CHUNK = 262144 };

/* blobs.enc */
typedef enum okapi__blob_enc_e {
    OKAPI__BLOB_PLAIN = 0,
    OKAPI__BLOB_ZSTD = 1 /* each chunk is a frame of its own; one that has all its bytes is plain */
} okapi__blob_enc_e;

/* What compresses: its tables are more bytes than most of what they are used for. */
typedef struct okapi__packers_t okapi__packers_t;

/* Bytes on their way into the database. */
typedef struct okapi__blob_t {
    okapi_binary_t bytes;   /* not copied */
    char hash[65];          /* SHA-256, lower-case hexadecimal */
    okapi__blob_enc_e enc;
    okapi_binary_t *chunks; /* what the rows get, in order */
    int nchunks;
    okapi_id_t id;          /* for the blob if these bytes aren't stored yet, taken beforehand */
} okapi__blob_t;

/* The SHA-256 of BYTES in lower-case hexadecimal. */
apr_status_t okapi__blob_hash(char hash[65], okapi_binary_t bytes);

/* Hashes and encodes BYTES: the expensive part, which is why it is done outside of the
 * transaction, which may run more than once. What is encoded is in RESULT_POOL. */
apr_status_t okapi__blob_prepare(okapi__blob_t *blob, okapi_binary_t bytes,
                                 okapi__packers_t *packers, apr_pool_t *result_pool);

/* *ID is the blob that holds these bytes now: BLOB->id, or that of an earlier one. */
apr_status_t okapi__blob_put(okapi__conn_t *conn, const okapi__blob_t *blob, okapi_id_t *id,
                             apr_pool_t *scratch_pool);

/* Reads what is asked for, a chunk at a time, keeping the last one. Blobs never change. */
apr_status_t okapi__blob_stream(okapi_stream_t **stream, okapi__db_t *db, okapi_id_t id,
                                apr_int64_t size, apr_pool_t *result_pool);

/* ---- blob_collect.c ---- */

/* Removes a blob, unless something refers to it. */
apr_status_t okapi__blob_drop(okapi__conn_t *conn, okapi_id_t id, int *dropped,
                              apr_pool_t *scratch_pool);

/* ---- blob_code.c ---- */

/* Those of a process, for all of its threads. */
apr_status_t okapi__packers_create(okapi__packers_t **packers, apr_pool_t *result_pool);

/* Sets blob->enc and blob->chunks. */
void okapi__blob_encode(okapi__blob_t *blob, okapi__packers_t *packers,
                        apr_pool_t *result_pool);

/* *CHUNK as it is stored becomes the LEN bytes it stands for; OKAPI_ECORRUPT. */
apr_status_t okapi__blob_decode(okapi_binary_t *chunk, okapi__blob_enc_e enc, apr_size_t len,
                                apr_pool_t *result_pool);

#endif
