/* fuzz_rtf.c - any bytes as PR_RTF_COMPRESSED, as RTF, as HTML and as text: what is made of them is
 * valid UTF-8, comes back from what they are made into, and takes bounded time. */
#include <okapi/error.h>
#include <okapi/rtf.h>

#include <string.h>

#include "charset.h"
#include "fuzz.h"

enum { RTF_MAX = 1 << 20 };

static int same(okapi_binary_t a, okapi_binary_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void read_rtf(okapi_binary_t rtf, apr_pool_t *pool)
{
    okapi_binary_t html, text;
    apr_status_t status = okapi_rtf_to_html(&html, rtf, pool, pool);
    MUST(status == APR_SUCCESS || status == OKAPI_EFORMAT || status == OKAPI_ETOOCOMPLEX ||
         status == OKAPI_ETOOBIG);
    MUST(okapi__utf8_valid(html) && html.data[html.len] == 0);
    okapi_rtf_to_text(&text, rtf, pool, pool);
    MUST(okapi__utf8_valid(text) && text.data[text.len] == 0);
}

/* Text without what RTF and lines don't keep as it is. */
static okapi_binary_t plain(okapi_binary_t bytes, apr_pool_t *pool)
{
    unsigned char *text = apr_palloc(pool, bytes.len + 1);
    apr_size_t len = 0;
    for (apr_size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] && bytes.data[i] != '\r' && bytes.data[i] != '\n')
            text[len++] = bytes.data[i];
    return (okapi_binary_t){text, len};
}

static void write_rtf(okapi_binary_t bytes, apr_pool_t *pool)
{
    okapi_binary_t rtf, back, text = plain(bytes, pool);
    int is_text = okapi__utf8_valid(text);
    MUST(okapi_rtf_from_html(&rtf, text, pool) == APR_SUCCESS);
    MUST(okapi_rtf_to_html(&back, rtf, pool, pool) == APR_SUCCESS);
    MUST(!is_text || same(text, back));
    MUST(okapi_rtf_from_text(&rtf, text, pool) == APR_SUCCESS);
    MUST(okapi_rtf_to_text(&back, rtf, pool, pool) == APR_SUCCESS);
    MUST(!is_text || same(text, back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_binary_t input = {data, size}, rtf, compressed, back;
    if (okapi_rtf_decompress(&rtf, input, RTF_MAX, pool) == APR_SUCCESS)
        read_rtf(rtf, pool);
    MUST(okapi_rtf_compress(&compressed, input, pool) == APR_SUCCESS);
    MUST(okapi_rtf_decompress(&back, compressed, size, pool) == APR_SUCCESS);
    MUST(same(input, back));
    read_rtf(input, pool);
    write_rtf(input, pool);
    apr_pool_destroy(pool);
    return 0;
}
