/* mime_write_body.c - the body of a message that is written, in all the forms it has: MS-OXCMAIL
 * 2.1.3.3. */
#include "mime_write.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/ical.h>
#include <okapi/rtf.h>

#include "charset.h"
#include "html.h"
#include "ical_method.h"

enum { UTF_8 = 65001, FLOW = 72 /* columns of a flowed line */ };

/* A leaf "Content-Type: TYPE; charset=CHARSET" of BYTES; its field is still open. */
static okapi__part_t *begin_text(okapi__letter_t *letter, const char *type, const char *charset,
                                 okapi_binary_t bytes)
{
    okapi__part_t *part = okapi__part_create(letter, OKAPI__SOURCE_BYTES);
    part->bytes = bytes;
    okapi__write_begin(&part->fields, "Content-Type", type);
    okapi__write_param(&part->fields, "charset", charset, letter->pool);
    return part;
}

static void end_text(okapi__letter_t *letter, okapi__part_t *part)
{
    okapi__content_scan_t scan;
    okapi__write_end(&part->fields);
    okapi__scan_init(&scan);
    okapi__scan(&scan, part->bytes);
    okapi__part_encode(part, okapi__encoding_for(&scan, letter->out->flags & OKAPI_MIME_8BIT));
}

/* ---- plain text ---- */

/* The code page of the message if all of TEXT fits it, else UTF-8. */
static const char *encode(okapi_binary_t *text, int codepage, apr_pool_t *pool)
{
    const char *name = okapi__charset_mime_name(codepage);
    const okapi__charset_t *charset = name ? okapi__charset_by_codepage(codepage) : NULL;
    okapi_binary_t bytes;
    if (!charset || charset->codepage == 20127) {
        for (apr_size_t i = 0; i < text->len; i++)
            if (text->data[i] & 0x80)
                return "utf-8";
        return codepage == UTF_8 ? "utf-8" : "us-ascii";
    }
    if (okapi__charset_encode(charset, (const char *)text->data, text->len, &bytes, pool)) {
        *text = bytes;
        return name;
    }
    return "utf-8";
}

/* Does it pay to flow TEXT (RFC 3676)? Only where it has paragraphs longer than a line and stays
 * what it is: a blank before a line's end would flow. */
static int is_worth_flowing(okapi_binary_t text)
{
    apr_size_t line = 0, longest = 0;
    for (apr_size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];
        int ends = c == '\r' && i + 1 < text.len && text.data[i + 1] == '\n';
        if ((c < ' ' && c != '\r' && c != '\n') || c > '~' ||
            (ends && i && text.data[i - 1] == ' '))
            return 0;
        line = ends ? 0 : line + 1;
        longest = line > longest ? line : longest;
    }
    return longest > FLOW + 6 && (!text.len || text.data[text.len - 1] != ' ');
}

/* How many ">" a line of text is quoted with; 0 too for what isn't written as clients quote, which
 * has to be told from a quote. */
static apr_size_t quotes_of(const unsigned char *line, apr_size_t len)
{
    apr_size_t n = 0;
    while (n < len && line[n] == '>')
        n++;
    return n < len && line[n] == ' ' ? n : 0;
}

static void flow_line(okapi_writer_t *w, const unsigned char *line, apr_size_t len)
{
    apr_size_t quotes = quotes_of(line, len);
    const unsigned char *text = line + quotes + (quotes > 0);
    apr_size_t left = len - quotes - (quotes > 0);
    do {
        apr_size_t n = left;
        if (n > FLOW - quotes % 30) {
            n = FLOW - quotes % 30;
            while (n && text[n - 1] != ' ')
                n--;
            while (n == 0 || (n < left && text[n - 1] != ' '))
                n++;
        }
        for (apr_size_t i = 0; i < quotes; i++)
            okapi_write_u8(w, '>');
        if (quotes || (n && (*text == ' ' || *text == '>')) ||
            (n > 4 && memcmp(text, "From ", 5) == 0))
            okapi_write_u8(w, ' ');
        okapi_write_bytes(w, text, n);
        text += n;
        left -= n;
        okapi_write_bytes(w, "\r\n", left ? 2 : 0);
    } while (left);
}

static okapi_binary_t flow(okapi_binary_t text, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, text.len + text.len / 8 + 64, text.len * 3 + 1024, pool);
    for (apr_size_t at = 0; at < text.len;) {
        const unsigned char *line = text.data + at;
        const unsigned char *nl = memchr(line, '\n', text.len - at);
        apr_size_t len = nl ? (apr_size_t)(nl - line) - 1 : text.len - at;
        flow_line(&w, line, len);
        okapi_write_bytes(&w, "\r\n", nl ? 2 : 0);
        at += len + (nl ? 2 : 0);
    }
    return okapi_writer_status(&w) == APR_SUCCESS ? (okapi_binary_t){w.data, w.len} : text;
}

static okapi__part_t *plain_part(okapi__letter_t *letter, const char *body, int codepage)
{
    okapi_binary_t text = okapi__crlf(body, strlen(body), letter->pool);
    int flows = is_worth_flowing(text);
    const char *charset = encode(&text, codepage, letter->pool);
    flows = flows && okapi__utf8_valid(text) && !memchr(text.data, 0x1B, text.len);
    okapi__part_t *part =
        begin_text(letter, "text/plain", charset, flows ? flow(text, letter->pool) : text);
    if (flows)
        okapi__write_param(&part->fields, "format", "flowed", letter->pool);
    end_text(letter, part);
    return part;
}

/* ---- HTML ---- */

/* As it is, if mail has a name for its code page. */
static okapi__part_t *html_part(okapi__letter_t *letter, okapi_binary_t html, int codepage)
{
    const char *name = okapi__charset_mime_name(codepage);
    if (!name || codepage == 20127) {
        const okapi__charset_t *charset = codepage ? okapi__charset_by_codepage(codepage) : NULL;
        charset = okapi__charset_of(html, charset ? charset->name : NULL,
                                    okapi__html_charset(html, letter->pool));
        html.data = (const unsigned char *)okapi__charset_decode(charset, html, &html.len,
                                                                 letter->pool);
        name = encode(&html, codepage, letter->pool);
    }
    okapi__part_t *part = begin_text(letter, "text/html", name, html);
    end_text(letter, part);
    return part;
}

static const char *text_of_html(okapi_binary_t html, int codepage, apr_pool_t *pool)
{
    const okapi__charset_t *charset = codepage ? okapi__charset_by_codepage(codepage) : NULL;
    apr_size_t len;
    charset = okapi__charset_of(html, charset ? charset->name : NULL,
                                okapi__html_charset(html, pool));
    const char *text = okapi__charset_decode(charset, html, &len, pool);
    return okapi__html_to_text(text, len, &len, pool);
}

/* ---- RTF ---- */

/* The HTML that stands for PR_RTF_COMPRESSED where nothing else does, *HTML.data NULL if there is
 * none. What is made of plain text or is damaged has nothing to say that PR_BODY doesn't. */
static apr_status_t html_of_rtf(okapi_binary_t *html, okapi__letter_t *letter)
{
    const okapi_proptag_t tag = PR_RTF_COMPRESSED;
    apr_size_t max = (apr_size_t)okapi_config(letter->out->okapi)->max_message;
    apr_pool_t *pool = letter->pool;
    okapi_propval_t value;
    okapi_binary_t rtf;
    *html = (okapi_binary_t){NULL, 0};
    apr_status_t status = okapi_object_get(okapi_message_object(letter->message), &tag, 1, 0,
                                           &value, pool, pool);
    if (status != APR_SUCCESS || value.tag != tag ||
        okapi_rtf_decompress(&rtf, value.v.bin, max, pool) != APR_SUCCESS ||
        okapi_rtf_origin(rtf) == OKAPI_RTF_FROM_TEXT ||
        okapi_rtf_to_html(html, rtf, pool, pool) != APR_SUCCESS)
        *html = (okapi_binary_t){NULL, 0};
    return status;
}

/* ---- calendar ---- */

/* A meeting is told to those who don't know MAPI: MS-OXCICAL 2.1.3. */
static apr_status_t calendar_part(okapi__part_t **part, okapi__letter_t *letter)
{
    const char *class = okapi_props_str(letter->props, PR_MESSAGE_CLASS, "");
    const char *method = okapi__method_of_class(class);
    int is_appointment = strcasecmp(class, "IPM.Appointment") == 0;
    okapi_binary_t text;
    *part = NULL;
    if (!method && !is_appointment)
        return APR_SUCCESS;
    apr_status_t status = okapi_ical_from_messages(
        &text, &letter->message, 1, letter->out->flags & OKAPI_MIME_PLAIN ? OKAPI_ICAL_PLAIN : 0,
        letter->pool, letter->pool);
    if (status != APR_SUCCESS)
        return status;
    *part = begin_text(letter, "text/calendar", "utf-8", text);
    okapi__write_param(&(*part)->fields, "method", method ? method : "PUBLISH", letter->pool);
    end_text(letter, *part);
    return APR_SUCCESS;
}

/* ---- all of them ---- */

static okapi__part_t *alternative(okapi__letter_t *letter, okapi__part_t *const *forms, int n)
{
    okapi__part_t *only = NULL;
    int count = 0;
    for (int i = 0; i < n; i++) {
        only = forms[i] ? forms[i] : only;
        count += forms[i] != NULL;
    }
    if (count < 2)
        return only;
    okapi__part_t *multipart = okapi__part_multipart(letter, "alternative");
    okapi__write_end(&multipart->fields);
    for (int i = 0; i < n; i++)
        if (forms[i])
            okapi__part_add(multipart, forms[i]);
    return multipart;
}

apr_status_t okapi__letter_body(okapi__part_t **body, int *has_html, okapi__letter_t *letter)
{
    const okapi_proptag_t tags[] = {PR_BODY, PR_HTML};
    okapi_propval_t values[2];
    okapi__part_t *forms[3] = {NULL, NULL, NULL}; /* the best is the last: RFC 2046 5.1.4 */
    int codepage = (int)okapi_props_int(letter->props, PR_INTERNET_CPID, 0);
    apr_status_t status = okapi_object_get(okapi_message_object(letter->message), tags, 2, 0,
                                           values, letter->pool, letter->pool);
    if (status != APR_SUCCESS)
        return status;
    okapi_binary_t html = {NULL, 0};
    int html_codepage = codepage;
    if (values[1].tag == PR_HTML) {
        html = values[1].v.bin;
    } else {
        html_codepage = UTF_8;
        status = html_of_rtf(&html, letter);
    }
    *has_html = html.data != NULL;
    const char *text = values[0].tag == PR_BODY ? values[0].v.str : NULL;
    if (!text && *has_html)
        text = text_of_html(html, html_codepage, letter->pool);
    if (text)
        forms[0] = plain_part(letter, text, codepage);
    if (*has_html)
        forms[1] = html_part(letter, html, html_codepage);
    if (status == APR_SUCCESS)
        status = calendar_part(&forms[2], letter);
    *body = alternative(letter, forms, 3);
    return status;
}
