/* utf16.c - UTF-8, which the engine keeps, and UTF-16LE, which MAPI speaks.
 *
 * Both directions are total: what is not well-formed becomes U+FFFD, one for each maximal part of
 * a sequence (Unicode 3.9), so text from outside is always valid text inside.
 */
#include <okapi/wire.h>

#define REPLACEMENT 0xFFFD

static unsigned char *put_utf8(unsigned char *out, apr_uint32_t c)
{
    if (c < 0x80) {
        *out++ = (unsigned char)c;
    } else if (c < 0x800) {
        *out++ = (unsigned char)(0xC0 | c >> 6);
        *out++ = (unsigned char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *out++ = (unsigned char)(0xE0 | c >> 12);
        *out++ = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (unsigned char)(0x80 | (c & 0x3F));
    } else {
        *out++ = (unsigned char)(0xF0 | c >> 18);
        *out++ = (unsigned char)(0x80 | (c >> 12 & 0x3F));
        *out++ = (unsigned char)(0x80 | (c >> 6 & 0x3F));
        *out++ = (unsigned char)(0x80 | (c & 0x3F));
    }
    return out;
}

static apr_uint32_t unit_at(const unsigned char *p)
{
    return p[0] | (apr_uint32_t)p[1] << 8;
}

const char *okapi_utf16_decode(const void *data, apr_size_t len, apr_pool_t *result_pool)
{
    const unsigned char *p = data;
    const unsigned char *end = p + (len & ~(apr_size_t)1);
    /* A unit takes up to three bytes; a pair of units four. */
    unsigned char *text = apr_palloc(result_pool, len / 2 * 3 + 1);
    unsigned char *out = text;

    while (p < end) {
        apr_uint32_t c = unit_at(p);

        if (c == 0)
            break;
        p += 2;
        if (c >= 0xD800 && c < 0xE000) {
            apr_uint32_t low = c < 0xDC00 && p < end ? unit_at(p) : 0;

            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                p += 2;
            } else {
                c = REPLACEMENT;
            }
        }
        out = put_utf8(out, c);
    }
    *out = '\0';
    return (const char *)text;
}

/* The next character of a zero-terminated string. The second byte's limits (Unicode 3.9, table
 * 3-7) rule out overlong forms, surrogates and what is above U+10FFFF. */
static apr_uint32_t next_utf8(const unsigned char **s)
{
    const unsigned char *p = *s;
    unsigned char lead = *p++;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    apr_uint32_t c;
    int more;

    if (lead < 0x80) {
        more = 0;
        c = lead;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
        more = 1;
        c = lead & 0x1F;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        more = 2;
        c = lead & 0x0F;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        more = 3;
        c = lead & 0x07;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        more = 0;
        c = REPLACEMENT;
    }
    for (; more > 0; more--, p++, low = 0x80, high = 0xBF) {
        if (*p < low || *p > high) {
            c = REPLACEMENT;
            break;
        }
        c = c << 6 | (*p & 0x3F);
    }
    *s = p;
    return c;
}

void okapi_write_utf16(okapi_writer_t *w, const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    while (*p && !w->failed) {
        apr_uint32_t c = next_utf8(&p);

        if (c >= 0x10000) {
            okapi_write_u16(w, (apr_uint16_t)(0xD800 + ((c - 0x10000) >> 10)));
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        okapi_write_u16(w, (apr_uint16_t)c);
    }
}

void okapi_write_str16z(okapi_writer_t *w, const char *s)
{
    okapi_write_utf16(w, s);
    okapi_write_u16(w, 0);
}
