/* blob.c - content-addressed bytes: stored once, read at any offset. */
#include <apr_thread_proc.h>

#include "blob.h"
#include "db/private.h"
#include "mailbox.h"

typedef struct put_t {
    const okapi__blob_t *blob;
    okapi_id_t id;
} put_t;

static apr_status_t put_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    put_t *p = baton;
    return okapi__blob_put(conn, p->blob, &p->id, scratch_pool);
}

static okapi_id_t put(mailbox_t *m, const unsigned char *data, apr_size_t len, apr_pool_t *pool)
{
    okapi__blob_t blob;
    put_t p = {&blob, 0};
    mailbox_must(okapi__blob_prepare(&blob, (okapi_binary_t){data, len}, m->okapi->packers, pool),
                 "prepare");
    mailbox_must(okapi__db_take_ids(m->okapi->db, 1, &blob.id, pool), "ids");
    mailbox_must(okapi__db_write(m->okapi->db, put_work, &p, pool), "put");
    return p.id;
}

static void test_read(mailbox_t *m, const unsigned char *data, apr_size_t len, apr_pool_t *pool)
{
    okapi_id_t id = put(m, data, len, pool);
    okapi_stream_t *stream;
    okapi_binary_t all;
    unsigned char *part = apr_palloc(pool, 300000);
    int same = 1;
    mailbox_must(okapi__blob_stream(&stream, m->okapi->db, id, (apr_int64_t)len, pool), "stream");
    is_int(okapi_stream_size(stream), (long long)len, "%d bytes", (int)len);
    mailbox_must(okapi_stream_read_all(stream, len, &all, pool, pool), "read all");
    ok(all.len == len && memcmp(all.data, data, len) == 0, "all of them");
    ok(all.data[len] == 0, "and a zero");
    if (len > 0) {
        is_int(okapi_stream_read_all(stream, len - 1, &all, pool, pool), OKAPI_ETOOBIG,
               "more than the maximum");
    }
    srand(7);
    for (int i = 0; i < 40; i++) {
        apr_size_t at = (apr_size_t)rand() % (len + 10), n = (apr_size_t)rand() % 300000;
        apr_size_t want = at >= len ? 0 : len - at < n ? len - at : n;
        mailbox_must(okapi_stream_read_at(stream, (apr_int64_t)at, part, &n, pool), "read");
        same &= n == want && memcmp(part, data + (at < len ? at : len), n) == 0;
    }
    ok(same, "at any offset");
}

/* Text is stored in fewer bytes, noise as it is, and what begins as noise too. */
static void test_encoding(mailbox_t *m, apr_pool_t *pool)
{
    enum { SIZE = 2 * OKAPI__BLOB_CHUNK + 5 };
    unsigned char *noise = apr_palloc(pool, SIZE), *text = apr_palloc(pool, SIZE);
    okapi__packers_t *packers = m->okapi->packers;
    okapi__blob_t blob;
    for (int i = 0; i < SIZE; i++) {
        noise[i] = (unsigned char)(rand() >> 7);
        text[i] = (unsigned char)"the same again, "[i % 16];
    }
    mailbox_must(okapi__blob_prepare(&blob, (okapi_binary_t){text, SIZE}, packers, pool),
                 "prepare");
    is_int(blob.enc, OKAPI__BLOB_ZSTD, "text is compressed");
    is_int(blob.nchunks, 3, "in three chunks");
    ok(blob.chunks[0].len < 1000 && blob.chunks[2].len == 5, "but for one that is too small");
    test_read(m, text, SIZE, pool);
    mailbox_must(okapi__blob_prepare(&blob, (okapi_binary_t){noise, SIZE}, packers, pool),
                 "prepare");
    is_int(blob.enc, OKAPI__BLOB_PLAIN, "noise isn't");
    memcpy(text + OKAPI__BLOB_CHUNK, noise, OKAPI__BLOB_CHUNK);
    mailbox_must(okapi__blob_prepare(&blob, (okapi_binary_t){text, SIZE}, packers, pool),
                 "prepare");
    is_int((long long)blob.chunks[1].len, OKAPI__BLOB_CHUNK, "noise in text stays as it is");
    test_read(m, text, SIZE, pool);

    okapi_binary_t chunk = blob.chunks[0];
    is_int(okapi__blob_decode(&chunk, OKAPI__BLOB_ZSTD, OKAPI__BLOB_CHUNK - 1, pool),
           OKAPI_ECORRUPT, "a chunk of another size");
    chunk = (okapi_binary_t){noise, 1000};
    is_int(okapi__blob_decode(&chunk, OKAPI__BLOB_ZSTD, 5000, pool), OKAPI_ECORRUPT, "no frame");
    chunk = (okapi_binary_t){noise, 1000};
    is_int(okapi__blob_decode(&chunk, 2, 1000, pool), OKAPI_ECORRUPT, "an unknown encoding");
}

/* ---- many threads at once ---- */

typedef struct packing_t {
    okapi__packers_t *packers;
    int number, same;
    apr_thread_t *thread;
    apr_pool_t *pool;
} packing_t;

static void *APR_THREAD_FUNC pack_again(apr_thread_t *thread, void *data)
{
    packing_t *p = data;
    apr_pool_t *pool;
    apr_pool_create(&pool, p->pool);
    for (int i = 0; i < 100; i++) {
        apr_size_t len = (apr_size_t)(1000 + (i * 7919 + p->number * 104729) % 60000);
        unsigned char *text = apr_palloc(pool, len);
        okapi__blob_t blob = {.bytes = {text, len}};
        for (apr_size_t j = 0; j < len; j++) {
            text[j] = (unsigned char)('a' + (j * (apr_size_t)(p->number + 3) >> 4) % 17);
        }
        okapi__blob_encode(&blob, p->packers, pool);
        okapi_binary_t chunk = blob.chunks[0];
        p->same += blob.enc == OKAPI__BLOB_ZSTD &&
                   okapi__blob_decode(&chunk, blob.enc, len, pool) == APR_SUCCESS &&
                   memcmp(chunk.data, text, len) == 0;
        apr_pool_clear(pool);
    }
    return NULL;
}

/* More threads than contexts are kept for. */
static void test_threads(mailbox_t *m, apr_pool_t *pool)
{
    enum { THREADS = 12 };
    packing_t all[THREADS] = {{0}};
    apr_status_t rv;
    int same = 0;
    for (int i = 0; i < THREADS; i++) {
        all[i].packers = m->okapi->packers;
        all[i].number = i;
        mailbox_must(okapi__pool_create(&all[i].pool, pool), "pool");
        mailbox_must(apr_thread_create(&all[i].thread, NULL, pack_again, &all[i], pool), "thread");
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, all[i].thread);
        same += all[i].same;
    }
    is_int(same, THREADS * 100, "what many threads pack at once is what it was");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    unsigned char *data = apr_palloc(pool, 3 * OKAPI__BLOB_CHUNK + 2);
    okapi__blob_t blob;
    okapi_stream_t *stream;
    mailbox_t m;
    apr_size_t len = 1;
    mailbox_create(&m, pool);
    for (int i = 0; i < 3 * OKAPI__BLOB_CHUNK + 2; i++) {
        data[i] = (unsigned char)(i * 2654435761u >> 13);
    }
    mailbox_must(okapi__blob_prepare(&blob, (okapi_binary_t){(const unsigned char *)"abc", 3},
                                     m.okapi->packers, pool),
                 "prepare");
    is_str(blob.hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
           "SHA-256 of FIPS 180-4's example");
    test_read(&m, data, 0, pool);
    test_read(&m, data, 1, pool);
    test_read(&m, data, OKAPI__BLOB_CHUNK - 1, pool);
    test_read(&m, data, OKAPI__BLOB_CHUNK, pool);
    test_read(&m, data, OKAPI__BLOB_CHUNK + 1, pool);
    test_read(&m, data, 3 * OKAPI__BLOB_CHUNK + 2, pool);
    test_encoding(&m, pool);
    test_threads(&m, pool);
    okapi_id_t first = put(&m, data, 100000, pool);
    is_int(put(&m, data, 100000, pool), first, "the same bytes are stored once");
    ok(put(&m, data + 1, 100000, pool) != first, "others elsewhere");
    mailbox_must(okapi__blob_stream(&stream, m.okapi->db, 999999, 10, pool), "stream");
    is_int(okapi_stream_read_at(stream, 0, data, &len, pool), OKAPI_EOBJECTDELETED,
           "bytes that are gone");
    is_int(okapi_stream_read_at(stream, -1, data, &len, pool), OKAPI_EINVAL, "a negative offset");
    return done_testing();
}
