/* base64.c - base64 in lines of one length, any part of it without what comes before. */
#include <string.h>

#include "base64.h"

static apr_uint64_t characters(const okapi__base64_t *form)
{
    return (form->size + 2) / 3 * 4;
}

/* Bytes from the beginning of one line to that of the next. */
static apr_uint64_t stride(const okapi__base64_t *form)
{
    return (apr_uint64_t)form->line + form->eol;
}

apr_uint64_t okapi__base64_length(const okapi__base64_t *form)
{
    apr_uint64_t n = characters(form);
    return form->line && n ? n + (n - 1) / form->line * form->eol : n;
}

/* How many characters come before OFFSET in the text. */
static apr_uint64_t characters_before(const okapi__base64_t *form, apr_uint64_t offset)
{
    if (!form->line) {
        return offset;
    }
    apr_uint64_t column = offset % stride(form);
    return offset / stride(form) * form->line + (column < form->line ? column : form->line);
}

void okapi__base64_span(const okapi__base64_t *form, apr_uint64_t offset, apr_size_t len,
                        apr_uint64_t *first, apr_size_t *n)
{
    apr_uint64_t end = (characters_before(form, offset + len) + 3) / 4 * 3;
    *first = characters_before(form, offset) / 4 * 3;
    end = end < form->size ? end : form->size;
    *n = end > *first ? (apr_size_t)(end - *first) : 0;
}

/* The four characters of the N bytes at BYTES. */
static void encode_group(unsigned char out[4], const unsigned char *bytes, apr_uint64_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned b0 = bytes[0], b1 = n > 1 ? bytes[1] : 0, b2 = n > 2 ? bytes[2] : 0;
    out[0] = (unsigned char)alphabet[b0 >> 2];
    out[1] = (unsigned char)alphabet[(b0 & 3) << 4 | b1 >> 4];
    out[2] = n > 1 ? (unsigned char)alphabet[(b1 & 15) << 2 | b2 >> 6] : '=';
    out[3] = n > 2 ? (unsigned char)alphabet[b2 & 63] : '=';
}

/* N characters from the one of number AT; BYTES are those from number FIRST on. */
static void encode(unsigned char *out, const okapi__base64_t *form, apr_uint64_t at, apr_size_t n,
                   const unsigned char *bytes, apr_uint64_t first)
{
    while (n > 0) {
        apr_uint64_t from = at / 4 * 3;
        apr_size_t skip = (apr_size_t)(at % 4), take = 4 - skip < n ? 4 - skip : n;
        unsigned char group[4];
        encode_group(take == 4 ? out : group, bytes + (from - first), form->size - from);
        if (take < 4) {
            memcpy(out, group + skip, take);
        }
        out += take;
        at += take;
        n -= take;
    }
}

void okapi__base64_write(unsigned char *out, const okapi__base64_t *form, apr_uint64_t offset,
                         apr_size_t len, const unsigned char *bytes)
{
    apr_uint64_t first = characters_before(form, offset) / 4 * 3;
    while (len > 0) {
        apr_uint64_t column = form->line ? offset % stride(form) : 0;
        apr_uint64_t left = form->line ? form->line - column : len;
        apr_size_t n = 1;
        if (form->line && column >= form->line) {
            *out = form->eol == 2 && column == form->line ? '\r' : '\n';
        } else {
            n = left < len ? (apr_size_t)left : len;
            encode(out, form, characters_before(form, offset), n, bytes, first);
        }
        out += n;
        offset += n;
        len -= n;
    }
}

int okapi__base64_match(okapi__base64_t *form, okapi_binary_t text, okapi_binary_t bytes)
{
    enum { WINDOW = 16384 };
    unsigned char window[WINDOW];
    const unsigned char *lf = memchr(text.data, '\n', text.len);
    apr_size_t line = lf ? (apr_size_t)(lf - text.data) : 0;
    int is_crlf = line > 0 && lf[-1] == '\r';
    form->size = bytes.len;
    form->line = line - is_crlf <= APR_UINT16_MAX ? (apr_uint16_t)(line - is_crlf) : 0;
    form->eol = is_crlf ? 2 : 1;
    if ((lf && !form->line) || bytes.len == 0 || okapi__base64_length(form) != text.len) {
        return 0;
    }
    for (apr_size_t at = 0; at < text.len; at += WINDOW) {
        apr_size_t n = text.len - at < WINDOW ? text.len - at : WINDOW, len;
        apr_uint64_t first;
        okapi__base64_span(form, at, n, &first, &len);
        okapi__base64_write(window, form, at, n, bytes.data + first);
        if (memcmp(window, text.data + at, n) != 0) {
            return 0;
        }
    }
    return 1;
}
