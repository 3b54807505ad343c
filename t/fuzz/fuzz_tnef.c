/* fuzz_tnef.c - any bytes as a TNEF stream: what is read is written, and that is read again with as
 * much in it. */
#include "fuzz.h"
#include "tnef.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_binary_t stream = {data, size};
    okapi__item_limits_t limits = OKAPI__ITEM_LIMITS, same = OKAPI__ITEM_LIMITS;
    okapi__item_t *item, *again;
    const char *why;
    if (okapi__tnef_read(&item, &why, stream, &limits, pool) == APR_SUCCESS) {
        okapi_writer_t w;
        okapi_writer_init(&w, 4096, 64 * 1024 * 1024, pool);
        okapi__tnef_write(&w, item);
        MUST(okapi_writer_status(&w) == APR_SUCCESS);
        stream.data = w.data;
        stream.len = w.len;
        MUST(okapi__tnef_read(&again, &why, stream, &same, pool) == APR_SUCCESS);
        MUST(again->recipients->nelts == item->recipients->nelts);
        MUST(again->attachments->nelts == item->attachments->nelts);
    } else {
        MUST(*why);
    }
    apr_pool_destroy(pool);
    return 0;
}
