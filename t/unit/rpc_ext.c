/* rpc_ext.c - extended buffers: MS-OXCRPC 2.2.2.1. */
#include "tap.h"

#include "rpc_ext.h"

static apr_pool_t *pool;

static apr_status_t read_one(const void *data, apr_size_t len, okapi_binary_t *payload, int *last)
{
    okapi_reader_t r;

    okapi_reader_init(&r, data, len);
    return mapi_rpc_ext_read(&r, payload, last, pool);
}

static void plain(void)
{
    static const unsigned char in[] = {0, 0, 4, 0, 3, 0, 3, 0, 'a', 'b', 'c'};
    okapi_binary_t payload;
    int last = 0;

    is_int(read_one(in, sizeof(in), &payload, &last), APR_SUCCESS, "as it is");
    is_mem(payload.data, payload.len, "abc", 3, "its payload");
    is_int(last, 1, "is the last one");
}

static void obfuscated(void)
{
    static const unsigned char in[] = {0,   0,   2,   0,         3,         0,
                                       3,   0,   'a' ^ 0xA5, 'b' ^ 0xA5, 'c' ^ 0xA5};
    okapi_binary_t payload;
    int last = 1;

    is_int(read_one(in, sizeof(in), &payload, &last), APR_SUCCESS, "obfuscated");
    is_mem(payload.data, payload.len, "abc", 3, "its payload");
    is_int(last, 0, "isn't the last one");
}

/* The example of MS-XCA 3.1, compressed and then obfuscated. */
static void compressed(void)
{
    static const unsigned char lz[] = {0xff, 0xff, 0xff, 0x1f, 'a',  'b', 'c',
                                       0x17, 0x00, 0x0f, 0xff, 0x26, 0x01};
    unsigned char in[8 + sizeof(lz)] = {0, 0, 7, 0, sizeof(lz), 0, 0x2c, 0x01};
    okapi_binary_t payload;
    int last;

    for (apr_size_t i = 0; i < sizeof(lz); i++)
        in[8 + i] = lz[i] ^ 0xA5;
    is_int(read_one(in, sizeof(in), &payload, &last), APR_SUCCESS, "compressed and obfuscated");
    is_int((long long)payload.len, 300, "has the size it announced");
    is_mem(payload.data, 6, "abcabc", 6, "and the content");
    in[6]++;
    is_int(read_one(in, sizeof(in), &payload, &last), OKAPI_EFORMAT, "announced wrongly");
}

static void malformed(void)
{
    static const unsigned char version[] = {1, 0, 4, 0, 0, 0, 0, 0};
    static const unsigned char sizes[] = {0, 0, 4, 0, 1, 0, 2, 0, 'a', 'b'};
    static const unsigned char cut[] = {0, 0, 4, 0, 3, 0, 3, 0, 'a', 'b'};
    okapi_binary_t payload;
    int last;

    is_int(read_one(version, sizeof(version), &payload, &last), OKAPI_EFORMAT, "another version");
    is_int(read_one(sizes, sizeof(sizes), &payload, &last), OKAPI_EFORMAT,
           "two sizes, but not compressed");
    is_int(read_one(cut, sizeof(cut), &payload, &last), OKAPI_EFORMAT, "cut off");
    is_int(read_one(cut, 7, &payload, &last), OKAPI_EFORMAT, "cut in the header");
}

static void written(void)
{
    static const unsigned char want[] = {9, 0, 0, 4, 0, 2, 0, 2, 0, 'o', 'k'};
    okapi_writer_t w;
    apr_size_t begin;

    okapi_writer_init(&w, 16, 100000, pool);
    okapi_write_u8(&w, 9);
    begin = mapi_rpc_ext_begin(&w);
    okapi_write_bytes(&w, "ok", 2);
    mapi_rpc_ext_end(&w, begin, RPC_EXT_LAST);
    is_mem(w.data, w.len, want, sizeof(want), "written");

    okapi_writer_truncate(&w, 0);
    begin = mapi_rpc_ext_begin(&w);
    okapi_write_bytes(&w, apr_pcalloc(pool, 0x10000), 0x10000);
    mapi_rpc_ext_end(&w, begin, RPC_EXT_LAST);
    is_int(okapi_writer_status(&w), OKAPI_EBUFFERTOOSMALL, "64 KB don't fit the size field");
}

int main(void)
{
    pool = tap_pool();
    plain();
    obfuscated();
    compressed();
    malformed();
    written();
    return done_testing();
}
