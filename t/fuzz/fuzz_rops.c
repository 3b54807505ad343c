/* fuzz_rops.c - ROP lists through the generated codec: whatever is accepted, is written and read
 * again to the same bytes. */
#include <stdlib.h>

#include <apr_general.h>

#include "rops_gen.h"

#define WRITTEN_MAX (1 << 20)

static apr_pool_t *pool;

static void encode(okapi_writer_t *w, const rop_request_t *q, const rop_codec_t *c)
{
    okapi_writer_init(w, 256, WRITTEN_MAX, c->pool);
    rop_request_write(w, q, c);
}

/* Ids of foreign replicas and the like come out in another form, but only once. */
static void round_trip(const rop_request_t *q, const rop_codec_t *c)
{
    okapi_writer_t first, second;
    okapi_reader_t r;
    rop_request_t again;

    encode(&first, q, c);
    if (first.failed)
        return;
    okapi_reader_init(&r, first.data, first.len);
    rop_request_read(&r, &again, c);
    if (okapi_reader_status(&r, 1) != APR_SUCCESS)
        abort();
    encode(&second, &again, c);
    if (second.len != first.len || memcmp(first.data, second.data, first.len) != 0)
        abort();
    rop_trace_request(q, c->pool);
}

static void response(const unsigned char *data, size_t size, const rop_codec_t *c)
{
    okapi_reader_t r;
    okapi_writer_t w;
    rop_response_t s;

    okapi_reader_init(&r, data, size);
    rop_response_read(&r, &s, c);
    if (r.failed)
        return;
    okapi_writer_init(&w, 256, WRITTEN_MAX, c->pool);
    rop_response_write(&w, &s, c);
    rop_trace_response(&s, c->pool);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    rop_codec_t codec = {.prop = {.form = OKAPI_FORM_ROP, .codepage = 1252}};
    okapi_reader_t r;
    rop_request_t q;

    if (pool == NULL && (apr_initialize() || apr_pool_create(&pool, NULL)))
        abort();
    apr_pool_clear(pool);
    codec.pool = pool;
    okapi_reader_init(&r, data, size);
    while (okapi_reader_left(&r) > 0) {
        rop_request_read(&r, &q, &codec);
        if (r.failed)
            break;
        round_trip(&q, &codec);
    }
    response(data, size, &codec);
    return 0;
}
