/* fuzz_rpc_ext.c - chains of extended buffers, obfuscated and compressed in any way. */
#include <stdlib.h>

#include <apr_general.h>

#include "rpc_ext.h"

static apr_pool_t *pool;

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    okapi_binary_t payload;
    okapi_reader_t r;
    int last = 0;

    if (pool == NULL && (apr_initialize() || apr_pool_create(&pool, NULL)))
        abort();
    apr_pool_clear(pool);
    okapi_reader_init(&r, data, size);
    while (!last && mapi_rpc_ext_read(&r, &payload, &last, pool) == APR_SUCCESS) {
        volatile unsigned char sum = 0;

        for (apr_size_t i = 0; i < payload.len; i++)
            sum ^= payload.data[i];
    }
    return 0;
}
