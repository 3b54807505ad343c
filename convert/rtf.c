/* rtf.c - what a document in RTF says, as HTML and as text. */
#include <okapi/rtf.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "html.h"
#include "rtf_html.h"
#include "rtf_reader.h"

enum { ORIGIN_TOKENS = 10, GROWTH_MAX = 20, OUTPUT_MIN = 65536, OUTPUT_MAX = 256 << 20 };

okapi_rtf_origin_e okapi_rtf_origin(okapi_binary_t rtf)
{
    okapi__rtf_token_t token;
    if (!okapi__rtf_begin(&rtf))
        return OKAPI_RTF_NATIVE;
    for (int i = 0; i < ORIGIN_TOKENS; i++) {
        okapi__rtf_next(&token, &rtf);
        if (token.kind != OKAPI__RTF_OPEN && token.kind != OKAPI__RTF_WORD)
            break;
        if (token.kind == OKAPI__RTF_WORD && strcmp(token.name, "fromhtml") == 0)
            return OKAPI_RTF_FROM_HTML;
        if (token.kind == OKAPI__RTF_WORD && strcmp(token.name, "fromtext") == 0)
            return OKAPI_RTF_FROM_TEXT;
    }
    return OKAPI_RTF_NATIVE;
}

static apr_size_t max_output(okapi_binary_t rtf)
{
    apr_size_t max = rtf.len < OUTPUT_MAX / GROWTH_MAX ? rtf.len * GROWTH_MAX : OUTPUT_MAX;
    return max < OUTPUT_MIN ? OUTPUT_MIN : max;
}

static void write_text(void *baton, okapi__rtf_reader_t *reader, const char *text, apr_size_t len)
{
    okapi_write_bytes(baton, text, len);
}

/* Of a rendered document as text: what is between its texts. */
static void write_break(void *baton, okapi__rtf_reader_t *reader, okapi__rtf_event_e event)
{
    okapi_writer_t *out = baton;
    switch (event) {
    case OKAPI__RTF_PAR:
    case OKAPI__RTF_LINE:
        okapi_write_bytes(out, "\r\n", 2);
        break;
    case OKAPI__RTF_ROW:
        if (out->len && out->data[out->len - 1] == '\t')
            okapi_writer_truncate(out, out->len - 1);
        okapi_write_bytes(out, "\r\n", 2);
        break;
    case OKAPI__RTF_CELL:
        okapi_write_u8(out, '\t');
        break;
    default:
        break;
    }
}

/* The same, with the markers of lists. */
static void write_rendered(void *baton, okapi__rtf_reader_t *reader, const char *text,
                           apr_size_t len)
{
    if (reader->marker) {
        okapi_write_bytes(baton, reader->marker, strlen(reader->marker));
        reader->marker = NULL;
    }
    okapi_write_bytes(baton, text, len);
}

static apr_status_t finish(okapi_binary_t *result, okapi_writer_t *out, apr_status_t status)
{
    okapi_write_u8(out, 0);
    if (status == APR_SUCCESS && okapi_writer_status(out) != APR_SUCCESS)
        status = OKAPI_ETOOBIG;
    *result = status == APR_SUCCESS ? (okapi_binary_t){out->data, out->len - 1}
                                    : (okapi_binary_t){(const unsigned char *)"", 0};
    return status;
}

static apr_status_t extract(okapi_binary_t *result, okapi_binary_t rtf, okapi__rtf_mode_e mode,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_writer_t out;
    okapi_writer_init(&out, rtf.len / 2 + 64, max_output(rtf), result_pool);
    okapi__rtf_sink_t sink = {write_text, write_break, &out};
    if (mode == OKAPI__RTF_RENDER)
        sink.text = write_rendered;
    return finish(result, &out, okapi__rtf_read(rtf, mode, &sink, scratch_pool));
}

apr_status_t okapi_rtf_to_html(okapi_binary_t *html, okapi_binary_t rtf, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    okapi_writer_t out;
    okapi_binary_t text;
    apr_status_t status;
    switch (okapi_rtf_origin(rtf)) {
    case OKAPI_RTF_FROM_HTML:
        return extract(html, rtf, OKAPI__RTF_EXTRACT_HTML, result_pool, scratch_pool);
    case OKAPI_RTF_FROM_TEXT:
        status = extract(&text, rtf, OKAPI__RTF_EXTRACT_TEXT, scratch_pool, scratch_pool);
        html->data = (unsigned char *)okapi__html_from_text((const char *)text.data, text.len,
                                                            &html->len, result_pool);
        return status;
    case OKAPI_RTF_NATIVE:
        break;
    }
    okapi_writer_init(&out, rtf.len + 512, max_output(rtf), result_pool);
    return finish(html, &out, okapi__rtf_render_html(&out, rtf, scratch_pool));
}

apr_status_t okapi_rtf_to_text(okapi_binary_t *text, okapi_binary_t rtf, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    okapi_binary_t html;
    apr_size_t len;
    apr_status_t status;
    switch (okapi_rtf_origin(rtf)) {
    case OKAPI_RTF_FROM_HTML:
        status = extract(&html, rtf, OKAPI__RTF_EXTRACT_HTML, scratch_pool, scratch_pool);
        const char *plain =
            okapi__html_to_text((const char *)html.data, html.len, &len, scratch_pool);
        *text = okapi__text_crlf(plain, len, result_pool);
        return status;
    case OKAPI_RTF_FROM_TEXT:
        return extract(text, rtf, OKAPI__RTF_EXTRACT_TEXT, result_pool, scratch_pool);
    case OKAPI_RTF_NATIVE:
        break;
    }
    return extract(text, rtf, OKAPI__RTF_RENDER, result_pool, scratch_pool);
}
