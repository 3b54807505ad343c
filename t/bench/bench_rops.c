/* bench_rops.c - decoding a ROP list as Outlook sends it when it opens a folder, beside copying
 * the same bytes, the least that anybody who looks at them can do.
 */
#include "bench.h"

#include "rops_gen.h"
#include <okapi/wire.h>
#include <string.h>

#define ROUNDS 2000000

/* OpenFolder, GetContentsTable, SetColumns (20), SortTable, QueryRows, QueryPosition, Release. */
static apr_size_t rop_list(unsigned char *list, apr_size_t size)
{
    static const unsigned char head[] = {0x02, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 13, 0, /* OpenFolder */
                                         0x05, 0, 1, 2, 0,                /* GetContentsTable */
                                         0x12, 0, 2, 0, 20, 0};           /* SetColumns */
    static const unsigned char tail[] = {0x13, 0, 2,    0, 1, 0,  0, 0,
                                         0,    0, 0x40, 0, 6, 14, 1, /* SortTable */
                                         0x15, 0, 2,    0, 1, 50, 0, /* QueryRows */
                                         0x17, 0, 2,                 /* QueryPosition */
                                         0x01, 0, 2};                /* Release */
    apr_size_t len = sizeof head;

    memcpy(list, head, len);
    for (int i = 0; i < 20; i++, len += 4)
        memcpy(list + len, (unsigned char[]){0x1f, 0, (unsigned char)(0x30 + i), 0}, 4);
    memcpy(list + len, tail, sizeof tail);
    len += sizeof tail;
    return len <= size ? len : 0;
}

static double copy_ns(const unsigned char *list, apr_size_t len)
{
    static unsigned char to[512];
    double start = bench_now();

    for (int i = 0; i < ROUNDS; i++) {
        memcpy(to, list, len);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    return (bench_now() - start) * 1e9 / ROUNDS;
}

static double decode_ns(const unsigned char *list, apr_size_t len, int *rops, apr_pool_t *pool)
{
    rop_codec_t codec = {.prop.form = OKAPI_FORM_ROP, .pool = pool};
    rop_request_t request;
    double start = bench_now();

    for (int i = 0; i < ROUNDS; i++) {
        okapi_reader_t r;

        okapi_reader_init(&r, list, len);
        for (*rops = 0; okapi_reader_left(&r); ++*rops)
            rop_request_read(&r, &request, &codec);
        if (okapi_reader_status(&r, 1) != APR_SUCCESS)
            bench_die("the ROP list", OKAPI_EFORMAT);
        if (i % 1000 == 0)
            apr_pool_clear(pool);
    }
    return (bench_now() - start) * 1e9 / ROUNDS;
}

int main(void)
{
    unsigned char list[512];
    apr_size_t len = rop_list(list, sizeof list);
    apr_pool_t *pool;
    double copy, decode;
    int rops = 0;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    copy = copy_ns(list, len);
    decode = decode_ns(list, len, &rops, pool);
    printf("ROP decode: %.1f ns each (%d ROPs, %d bytes: %.0f ns, %.0f times copying them)\n",
           decode / rops, rops, (int)len, decode, decode / copy);
    return 0;
}
