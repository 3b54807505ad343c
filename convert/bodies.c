/* bodies.c - a body of a message made of another one: text, HTML and RTF. */
#include <okapi/bodies.h>

#include <string.h>
#include <unicode/utf8.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/rtf.h>

#include "charset.h"
#include "html.h"

enum { RTF_MAX = 64 << 20, REFERENCE_MAX = 11 };

/* HTML as UTF-8. What its code page is needn't be known, or true. */
static okapi_binary_t decode_html(const okapi_body_t *body, apr_pool_t *pool)
{
    const okapi__charset_t *charset = okapi__charset_by_codepage(body->codepage);
    apr_size_t len;
    if (body->tag == PR_BODY_HTML)
        return body->value;
    if (!charset)
        charset = okapi__charset_of(body->value, okapi__html_charset(body->value, pool), NULL);
    const char *text = okapi__charset_decode(charset, body->value, &len, pool);
    return (okapi_binary_t){(const unsigned char *)text, len};
}

/* The same HTML in ASCII, which is right in whatever code page the message says it has. */
static apr_status_t ascii_html(okapi_binary_t *made, okapi_binary_t html, apr_pool_t *result_pool)
{
    okapi_writer_t out;
    okapi_writer_init(&out, html.len + html.len / 4 + 64, html.len * REFERENCE_MAX + 1,
                      result_pool);
    for (apr_size_t at = 0; at < html.len;) {
        UChar32 c = html.data[at];
        if (c < 0x80) {
            okapi_write_u8(&out, (unsigned char)c);
            at++;
            continue;
        }
        int32_t i = 0, left = html.len - at < 4 ? (int32_t)(html.len - at) : 4;
        char reference[REFERENCE_MAX + 1];
        U8_NEXT_OR_FFFD(html.data + at, i, left, c);
        apr_snprintf(reference, sizeof(reference), "&#%d;", (int)c);
        okapi_write_bytes(&out, reference, strlen(reference));
        at += (apr_size_t)i;
    }
    okapi_write_u8(&out, 0);
    *made = (okapi_binary_t){out.data, out.len - 1};
    return okapi_writer_status(&out) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}

static apr_status_t of_html(okapi_binary_t *made, okapi_proptag_t wanted, okapi_binary_t html,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_binary_t rtf;
    apr_size_t len;
    apr_status_t status;
    const char *text;
    switch (wanted) {
    case PR_BODY:
        text = okapi__html_to_text((const char *)html.data, html.len, &len, scratch_pool);
        *made = okapi__text_crlf(text, len, result_pool);
        return APR_SUCCESS;
    case PR_HTML:
        return ascii_html(made, html, result_pool);
    case PR_BODY_HTML:
        made->data =
            (unsigned char *)apr_pstrmemdup(result_pool, (const char *)html.data, html.len);
        made->len = html.len;
        return APR_SUCCESS;
    default:
        status = okapi_rtf_from_html(&rtf, html, scratch_pool);
        return status == APR_SUCCESS ? okapi_rtf_compress(made, rtf, result_pool) : status;
    }
}

static apr_status_t of_rtf(okapi_binary_t *made, okapi_proptag_t wanted, okapi_binary_t compressed,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_binary_t rtf, html;
    apr_status_t status = okapi_rtf_decompress(&rtf, compressed, RTF_MAX, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    if (wanted == PR_BODY)
        return okapi_rtf_to_text(made, rtf, result_pool, scratch_pool);
    status = okapi_rtf_to_html(&html, rtf, scratch_pool, scratch_pool);
    return status == APR_SUCCESS ? of_html(made, wanted, html, result_pool, scratch_pool) : status;
}

static apr_status_t of_text(okapi_binary_t *made, okapi_binary_t text, apr_pool_t *result_pool,
                            apr_pool_t *scratch_pool)
{
    okapi_binary_t rtf;
    apr_status_t status = okapi_rtf_from_text(&rtf, text, scratch_pool);
    return status == APR_SUCCESS ? okapi_rtf_compress(made, rtf, result_pool) : status;
}

static apr_status_t convert(okapi_binary_t *made, okapi_proptag_t wanted, const okapi_body_t *body,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    switch (body->tag) {
    case PR_RTF_COMPRESSED:
        return of_rtf(made, wanted, body->value, result_pool, scratch_pool);
    case PR_BODY:
        return wanted == PR_RTF_COMPRESSED ? of_text(made, body->value, result_pool, scratch_pool)
                                           : OKAPI_EFORMAT;
    default:
        return of_html(made, wanted, decode_html(body, scratch_pool), result_pool, scratch_pool);
    }
}

const okapi_body_converter_t *okapi_body_converter(void)
{
    static const okapi_body_converter_t converter = {convert};
    return &converter;
}
