/* blob.c - content-addressed bytes in chunks. */
#include <string.h>

#include <openssl/evp.h>
#include <okapi/error.h>

#include "blob.h"

/* ---- writing ---- */

apr_status_t okapi__blob_hash(char hash[65], okapi_binary_t bytes)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[32];
    if (!EVP_Digest(bytes.data, bytes.len, digest, NULL, EVP_sha256(), NULL)) {
        return APR_EGENERAL;
    }
    for (int i = 0; i < 32; i++) {
        hash[2 * i] = hex[digest[i] >> 4];
        hash[2 * i + 1] = hex[digest[i] & 15];
    }
    hash[64] = '\0';
    return APR_SUCCESS;
}

apr_status_t okapi__blob_prepare(okapi__blob_t *blob, okapi_binary_t bytes,
                                 okapi__packers_t *packers, apr_pool_t *result_pool)
{
    apr_status_t rv = okapi__blob_hash(blob->hash, bytes);
    blob->bytes = bytes;
    if (rv == APR_SUCCESS) {
        okapi__blob_encode(blob, packers, result_pool);
    }
    return rv;
}

static apr_status_t find(okapi__conn_t *conn, const okapi__blob_t *blob, okapi_id_t *id,
                         apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_BLOB_BY_HASH,
                                           DB_ARGS(DB_S(blob->hash)), scratch_pool);
    *id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

static apr_status_t put_chunks(okapi__conn_t *conn, const okapi__blob_t *blob,
                               apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    for (int seq = 0; rv == APR_SUCCESS && seq < blob->nchunks; seq++) {
        const okapi_binary_t *chunk = &blob->chunks[seq];
        rv = okapi__db_post(conn, STMT_BLOB_CHUNK_ADD,
                            DB_ARGS(DB_I(blob->id), DB_I(seq), DB_B(chunk->data, chunk->len)),
                            pool);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return rv;
}

static apr_status_t add_row(okapi__conn_t *conn, const okapi__blob_t *blob, int *added,
                            apr_pool_t *scratch_pool)
{
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(conn, STMT_BLOB_ADD, &affected,
                                     DB_ARGS(DB_I(blob->id), DB_S(blob->hash),
                                             DB_I((apr_int64_t)blob->bytes.len), DB_I(blob->enc),
                                             DB_I(okapi_time_now())),
                                     scratch_pool);
    *added = affected > 0;
    return rv;
}

/* Most bytes are new. Between two of the statements the collector may remove those that aren't. */
apr_status_t okapi__blob_put(okapi__conn_t *conn, const okapi__blob_t *blob, okapi_id_t *id,
                             apr_pool_t *scratch_pool)
{
    enum { TRIES = 10 };
    for (int i = 0; i < TRIES; i++) {
        int added;
        apr_status_t rv = add_row(conn, blob, &added, scratch_pool);
        if (rv == APR_SUCCESS && added) {
            *id = blob->id;
            return put_chunks(conn, blob, scratch_pool);
        }
        rv = rv == APR_SUCCESS ? find(conn, blob, id, scratch_pool) : rv;
        if (rv != APR_SUCCESS || *id) {
            return rv;
        }
    }
    return OKAPI_EBUSY;
}

/* ---- reading ---- */

typedef struct blob_stream_t {
    okapi_stream_t stream;
    okapi__db_t *db;
    okapi_id_t id;
    apr_int64_t seq;      /* of the chunk at hand; -1: none */
    okapi_binary_t chunk;
    okapi__blob_enc_e enc;
    apr_pool_t *pool;     /* holds it */
} blob_stream_t;

/* Without its row the whole blob is gone: what it belonged to was purged since it was opened. */
static apr_status_t read_chunk(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    blob_stream_t *s = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_BLOB_CHUNK,
                                           DB_ARGS(DB_I(s->seq), DB_I(s->id)), s->pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_EOBJECTDELETED;
    }
    s->chunk = okapi__rows_blob(rows, 0);
    s->enc = (okapi__blob_enc_e)okapi__rows_int(rows, 1);
    return APR_SUCCESS;
}

/* Fills the stream with chunk SEQ, unless it is the one at hand. */
static apr_status_t take_chunk(blob_stream_t *s, apr_int64_t seq, apr_pool_t *scratch_pool)
{
    if (s->seq == seq) {
        return APR_SUCCESS;
    }
    apr_pool_clear(s->pool);
    s->seq = seq;
    apr_status_t rv = okapi__db_read_loose(s->db, read_chunk, s, scratch_pool);
    apr_int64_t left = s->stream.size - seq * OKAPI__BLOB_CHUNK;
    apr_size_t expected = left < OKAPI__BLOB_CHUNK ? (apr_size_t)left : OKAPI__BLOB_CHUNK;
    if (rv == APR_SUCCESS) {
        rv = okapi__blob_decode(&s->chunk, s->enc, expected, s->pool);
    }
    if (rv != APR_SUCCESS) {
        s->seq = -1;
    }
    return rv;
}

static apr_status_t blob_read_at(okapi_stream_t *stream, apr_int64_t offset, void *buffer,
                                 apr_size_t len, apr_pool_t *scratch_pool)
{
    blob_stream_t *s = (blob_stream_t *)stream;
    unsigned char *out = buffer;
    while (len > 0) {
        apr_status_t rv = take_chunk(s, offset / OKAPI__BLOB_CHUNK, scratch_pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        apr_size_t at = (apr_size_t)(offset % OKAPI__BLOB_CHUNK);
        apr_size_t n = s->chunk.len - at < len ? s->chunk.len - at : len;
        memcpy(out, s->chunk.data + at, n);
        out += n;
        offset += (apr_int64_t)n;
        len -= n;
    }
    return APR_SUCCESS;
}

apr_status_t okapi__blob_stream(okapi_stream_t **stream, okapi__db_t *db, okapi_id_t id,
                                apr_int64_t size, apr_pool_t *result_pool)
{
    blob_stream_t *s = apr_pcalloc(result_pool, sizeof(*s));
    s->stream.size = size;
    s->stream.read_at = blob_read_at;
    s->db = db;
    s->id = id;
    s->seq = -1;
    *stream = &s->stream;
    return apr_pool_create(&s->pool, result_pool);
}
