/* fuzz.h - what the fuzz targets share: a pool per input, and a check that aborts. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <apr_general.h>
#include <apr_pools.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A pool of its own allocator: what an input made is gone, and seen by ASan, when it is
 * destroyed. */
static inline apr_pool_t *fuzz_pool(void)
{
    static int initialized;
    apr_pool_t *pool;

    if (!initialized++ && apr_initialize())
        abort();
    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL))
        abort();
    return pool;
}

#define MUST(condition) \
    do { \
        if (!(condition)) \
            abort(); \
    } while (0)

#endif
