/* bench_rtf.c - megabytes a second of RTF, HTML and text made of one another, beside zstd
 * compressing or decompressing the same bytes in the same run. */
#include <okapi/rtf.h>

#include <zstd.h>

#include "bench.h"

enum { SAMPLE_SIZE = 1 << 20, ZSTD_LEVEL = 3 };
#define SECONDS 0.5 /* for each measurement */

typedef struct format_t {
    const char *name;
    okapi_binary_t (*sample)(apr_pool_t *pool);
    apr_status_t (*convert)(okapi_binary_t *result, okapi_binary_t bytes, apr_pool_t *pool);
    int is_reading; /* its rival reads, too */
} format_t;

/* ---- RTF ---- */

static okapi_binary_t html_sample(apr_pool_t *pool)
{
    char *text = apr_palloc(pool, SAMPLE_SIZE + 256);
    apr_size_t len = 0;
    for (unsigned i = 0; len < SAMPLE_SIZE; i++)
        len += (apr_size_t)apr_snprintf(
            text + len, 256,
            "<p class=\"MsoNormal\">Line %u of <b>%x</b>, %u%%, for "
            "J\xC3\xBCrgen &amp; <a href=\"http://x/%u\">others</a></p>\r\n",
            i, i * 2654435761u, i % 101, i % 977);
    return (okapi_binary_t){(unsigned char *)text, len};
}

static okapi_binary_t rtf_sample(apr_pool_t *pool)
{
    okapi_binary_t rtf;
    BENCH_TRY(okapi_rtf_from_html(&rtf, html_sample(pool), pool));
    return rtf;
}

/* The same, of which nobody knows that it was HTML. */
static okapi_binary_t native_sample(apr_pool_t *pool)
{
    okapi_binary_t rtf = rtf_sample(pool);
    memcpy(strstr((char *)rtf.data, "\\fromhtml1"), "\\unknown12", 10);
    return rtf;
}

static okapi_binary_t compressed_sample(apr_pool_t *pool)
{
    okapi_binary_t compressed;
    BENCH_TRY(okapi_rtf_compress(&compressed, rtf_sample(pool), pool));
    return compressed;
}

static apr_status_t decompress(okapi_binary_t *result, okapi_binary_t bytes, apr_pool_t *pool)
{
    return okapi_rtf_decompress(result, bytes, 64 << 20, pool);
}

static apr_status_t to_html(okapi_binary_t *result, okapi_binary_t bytes, apr_pool_t *pool)
{
    return okapi_rtf_to_html(result, bytes, pool, pool);
}

static apr_status_t to_text(okapi_binary_t *result, okapi_binary_t bytes, apr_pool_t *pool)
{
    return okapi_rtf_to_text(result, bytes, pool, pool);
}

static const format_t formats[] = {
    {"RTF compressed", rtf_sample, okapi_rtf_compress, 0},
    {"RTF decompressed", compressed_sample, decompress, 1},
    {"RTF to the HTML it was made of", rtf_sample, to_html, 1},
    {"RTF to HTML", native_sample, to_html, 1},
    {"RTF to text", native_sample, to_text, 1},
    {"HTML to RTF", html_sample, okapi_rtf_from_html, 0},
};

/* ---- measuring ---- */

static apr_status_t zstd_write(okapi_binary_t *result, okapi_binary_t bytes, apr_pool_t *pool)
{
    apr_size_t size = ZSTD_compressBound(bytes.len);
    void *data = apr_palloc(pool, size);
    *result = (okapi_binary_t){data, ZSTD_compress(data, size, bytes.data, bytes.len, ZSTD_LEVEL)};
    return ZSTD_isError(result->len) ? OKAPI_EFORMAT : APR_SUCCESS;
}

static apr_status_t zstd_read(okapi_binary_t *result, okapi_binary_t bytes, apr_pool_t *pool)
{
    apr_size_t size = (apr_size_t)ZSTD_getFrameContentSize(bytes.data, bytes.len);
    void *data = apr_palloc(pool, size);
    *result = (okapi_binary_t){data, ZSTD_decompress(data, size, bytes.data, bytes.len)};
    return ZSTD_isError(result->len) ? OKAPI_EFORMAT : APR_SUCCESS;
}

/* Bytes a second, counting LEN for each time. */
static double speed(apr_status_t (*convert)(okapi_binary_t *, okapi_binary_t, apr_pool_t *),
                    okapi_binary_t bytes, apr_size_t len, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    double start = bench_now(), now;
    int n = 0;
    apr_pool_create(&pool, scratch_pool);
    do {
        okapi_binary_t result;
        apr_pool_clear(pool);
        BENCH_TRY(convert(&result, bytes, pool));
        n++;
        now = bench_now();
    } while (now - start < SECONDS);
    apr_pool_destroy(pool);
    return (double)len * n / (now - start);
}

static void measure(const format_t *format, apr_pool_t *pool)
{
    okapi_binary_t sample = format->sample(pool), packed;
    double ours = speed(format->convert, sample, sample.len, pool), plain;
    if (format->is_reading) {
        BENCH_TRY(zstd_write(&packed, sample, pool));
        plain = speed(zstd_read, packed, sample.len, pool);
    } else {
        plain = speed(zstd_write, sample, sample.len, pool);
    }
    bench_line(format->name, ours / 1e6, plain / 1e6);
}

int main(void)
{
    apr_pool_t *root, *pool;
    if (apr_initialize() != APR_SUCCESS)
        return 1;
    apr_pool_create(&root, NULL);
    apr_pool_create(&pool, root);
    bench_title("bodies made of one another, beside zstd", "MB/s read");
    for (apr_size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        apr_pool_clear(pool);
        measure(&formats[i], pool);
    }
    apr_pool_destroy(root);
    apr_terminate();
    return 0;
}
