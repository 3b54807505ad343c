/* mime_transfer.c - content transfer encodings (RFC 2045 6): which one, and bytes in it. */
#include "mime_encode.h"

#include <string.h>

enum { LINE = 76, LINE_LIMIT = 998 };

/* ---- which one ---- */

void okapi__scan_init(okapi__content_scan_t *scan)
{
    memset(scan, 0, sizeof(*scan));
    scan->last = -1;
}

void okapi__scan(okapi__content_scan_t *scan, okapi_binary_t bytes)
{
    static const char from[] = "From ";
    for (apr_size_t i = 0; i < bytes.len; i++) {
        int c = bytes.data[i];
        scan->bare |= (scan->last == '\r') != (c == '\n');
        if (c == '\n') {
            scan->line = 0;
        } else if (c != '\r') {
            scan->high += (apr_size_t)c >> 7;
            scan->controls += (c < ' ' && c != '\t') || c == 0x7F;
            scan->line++;
            /* FROM counts how much of the word the line begins with */
            if (scan->from < 5)
                scan->from = scan->line == (apr_size_t)scan->from + 1 && c == from[scan->from]
                                 ? scan->from + 1
                             : scan->line == 1 && c == 'F' ? 1
                                                           : 0;
        }
        if (scan->line > scan->longest)
            scan->longest = scan->line;
        scan->last = c;
    }
    scan->len += bytes.len;
}

okapi__encoding_e okapi__encoding_for(const okapi__content_scan_t *scan, int is_8bit_allowed)
{
    int stands = !scan->controls && !scan->bare && scan->last != '\r' &&
                 scan->longest <= LINE_LIMIT && scan->from < 5;
    if (stands && !scan->high)
        return OKAPI__ENCODING_7BIT;
    if (stands && is_8bit_allowed)
        return OKAPI__ENCODING_8BIT;
    return scan->high * 6 + scan->controls * 6 > scan->len ? OKAPI__ENCODING_BASE64
                                                           : OKAPI__ENCODING_QUOTED;
}

const char *okapi__encoding_name(okapi__encoding_e encoding)
{
    static const char *const names[] = {"7bit", "8bit", "quoted-printable", "base64"};
    return names[encoding];
}

okapi_binary_t okapi__crlf(const char *text, apr_size_t len, apr_pool_t *result_pool)
{
    apr_size_t more = 0;
    for (apr_size_t i = 0; i < len; i++)
        more += text[i] == '\n' || text[i] == '\r';
    unsigned char *bytes = apr_palloc(result_pool, len + more + 1), *to = bytes;
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] == '\r' || text[i] == '\n') {
            *to++ = '\r';
            *to++ = '\n';
            i += text[i] == '\r' && i + 1 < len && text[i + 1] == '\n';
        } else {
            *to++ = (unsigned char)text[i];
        }
    }
    return (okapi_binary_t){bytes, (apr_size_t)(to - bytes)};
}

/* ---- base64 ---- */

static void write_group(okapi__encoder_t *e, okapi_writer_t *w)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char *h = e->held;
    for (apr_size_t i = e->nheld; i < 3; i++)
        h[i] = 0;
    char group[6] = {digits[h[0] >> 2], digits[(h[0] & 3) << 4 | h[1] >> 4],
                     e->nheld > 1 ? digits[(h[1] & 15) << 2 | h[2] >> 6] : '=',
                     e->nheld > 2 ? digits[h[2] & 63] : '=', '\r', '\n'};
    e->column += 4;
    okapi_write_bytes(w, group, e->column == LINE ? 6 : 4);
    e->column %= LINE;
    e->nheld = 0;
}

static void encode_base64(okapi__encoder_t *e, okapi_writer_t *w, okapi_binary_t bytes)
{
    for (apr_size_t i = 0; i < bytes.len; i++) {
        e->held[e->nheld++] = bytes.data[i];
        if (e->nheld == 3)
            write_group(e, w);
    }
}

/* ---- quoted-printable ---- */

/* One character of N bytes, on the next line if this one is full: 75 and the "=". */
static void put_quoted(okapi__encoder_t *e, okapi_writer_t *w, const char *text, int n)
{
    if (e->column + n > LINE - 1) {
        okapi_write_bytes(w, "=\r\n", 3);
        e->column = 0;
    }
    okapi_write_bytes(w, text, (apr_size_t)n);
    e->column += n;
}

static void put_hex(okapi__encoder_t *e, okapi_writer_t *w, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[3] = {'=', digits[c >> 4], digits[c & 15]};
    put_quoted(e, w, text, 3);
}

/* The blank that was held back: as it is within a line, encoded at its end. */
static void put_blank(okapi__encoder_t *e, okapi_writer_t *w, int is_last)
{
    char c = (char)e->blank;
    e->blank = 0;
    if (c && is_last)
        put_hex(e, w, (unsigned char)c);
    else if (c)
        put_quoted(e, w, &c, 1);
}

/* A CR is held until it is known whether it is a line's end. */
static void put_cr(okapi__encoder_t *e, okapi_writer_t *w)
{
    if (e->nheld) {
        e->nheld = 0;
        put_blank(e, w, 0);
        put_hex(e, w, '\r');
    }
}

static void encode_quoted(okapi__encoder_t *e, okapi_writer_t *w, okapi_binary_t bytes)
{
    for (apr_size_t i = 0; i < bytes.len; i++) {
        unsigned char c = bytes.data[i];
        if (c == '\n' && e->nheld) {
            e->nheld = 0;
            put_blank(e, w, 1);
            okapi_write_bytes(w, "\r\n", 2);
            e->column = 0;
            continue;
        }
        put_cr(e, w);
        if (c == '\r') {
            e->nheld = 1;
            continue;
        }
        put_blank(e, w, 0);
        if (c == ' ' || c == '\t')
            e->blank = c;
        else if (c < ' ' || c > '~' || c == '=' || ((c == 'F' || c == '.') && e->column == 0))
            put_hex(e, w, c);
        else
            put_quoted(e, w, (const char *)&c, 1);
    }
}

/* ---- either ---- */

void okapi__encode(okapi__encoder_t *e, okapi_writer_t *w, okapi_binary_t bytes)
{
    if (e->encoding == OKAPI__ENCODING_BASE64)
        encode_base64(e, w, bytes);
    else if (e->encoding == OKAPI__ENCODING_QUOTED)
        encode_quoted(e, w, bytes);
    else
        okapi_write_bytes(w, bytes.data, bytes.len);
}

void okapi__encode_end(okapi__encoder_t *e, okapi_writer_t *w)
{
    if (e->encoding == OKAPI__ENCODING_BASE64 && e->nheld)
        write_group(e, w);
    if (e->encoding == OKAPI__ENCODING_BASE64 && e->column)
        okapi_write_bytes(w, "\r\n", 2);
    if (e->encoding == OKAPI__ENCODING_QUOTED) {
        put_cr(e, w);
        put_blank(e, w, 1);
    }
}
