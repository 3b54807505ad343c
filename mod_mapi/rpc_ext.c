/* rpc_ext.c - extended buffers: MS-OXCRPC 2.2.2.1, 3.1.4.1.1. */
#include "rpc_ext.h"

#include "lz77.h"

#define XOR_MAGIC 0xA5 /* MS-OXCRPC 3.1.4.1.1.3 */

/* The order is the sender's reversed: it compresses first, then obfuscates. */
apr_status_t mapi_rpc_ext_read(okapi_reader_t *r, okapi_binary_t *payload, int *last,
                               apr_pool_t *result_pool)
{
    apr_uint16_t version = okapi_read_u16(r);
    apr_uint16_t flags = okapi_read_u16(r);
    apr_size_t size = okapi_read_u16(r);
    apr_size_t actual = okapi_read_u16(r);
    const unsigned char *bytes = okapi_read_bytes(r, size);
    if (r->failed || version != 0 || (!(flags & RPC_EXT_COMPRESSED) && size != actual)) {
        okapi_reader_fail(r);
        return OKAPI_EFORMAT;
    }
    *last = (flags & RPC_EXT_LAST) != 0;
    if (flags & RPC_EXT_XOR) {
        unsigned char *clear = apr_palloc(result_pool, size);
        for (apr_size_t i = 0; i < size; i++)
            clear[i] = bytes[i] ^ XOR_MAGIC;
        bytes = clear;
    }
    if (flags & RPC_EXT_COMPRESSED) {
        unsigned char *plain = apr_palloc(result_pool, actual);
        apr_status_t rv = mapi_lz77_decompress(plain, actual, bytes, size);
        if (rv != APR_SUCCESS) {
            okapi_reader_fail(r);
            return rv;
        }
        bytes = plain;
    }
    payload->data = bytes;
    payload->len = actual;
    return APR_SUCCESS;
}

apr_size_t mapi_rpc_ext_begin(okapi_writer_t *w)
{
    apr_size_t begin = w->len;
    okapi_write_u64(w, 0);
    return begin;
}

void mapi_rpc_ext_end(okapi_writer_t *w, apr_size_t begin, int flags)
{
    apr_size_t size = w->len - begin - RPC_EXT_HEADER_SIZE;
    if (w->failed || size > RPC_EXT_PAYLOAD_MAX) {
        w->failed = 1;
        return;
    }
    okapi_write_u16_at(w, begin + 2, (apr_uint16_t)flags);
    okapi_write_u16_at(w, begin + 4, (apr_uint16_t)size);
    okapi_write_u16_at(w, begin + 6, (apr_uint16_t)size);
}
