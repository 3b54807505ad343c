/* transfer.c - content transfer encodings undone (RFC 2045 6). */
#include "transfer.h"

#include <string.h>
#include <gmime/gmime.h>

okapi__transfer_e okapi__transfer_by_name(const char *name)
{
    static const struct {
        const char *name;
        okapi__transfer_e transfer;
    } names[] = {
        {"base64", OKAPI__TRANSFER_BASE64},     {"quoted-printable", OKAPI__TRANSFER_QUOTED},
        {"uuencode", OKAPI__TRANSFER_UUENCODE}, {"x-uuencode", OKAPI__TRANSFER_UUENCODE},
        {"uue", OKAPI__TRANSFER_UUENCODE},      {"x-uue", OKAPI__TRANSFER_UUENCODE},
    };
    name += strspn(name, " \"");
    apr_size_t n = strcspn(name, " ;(\"");
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == n && strncasecmp(name, names[i].name, n) == 0)
            return names[i].transfer;
    return OKAPI__TRANSFER_IDENTITY;
}

static apr_size_t decode_base64(okapi_binary_t bytes, unsigned char *to)
{
    int state = 0;
    guint32 save = 0;
    apr_size_t n = g_mime_encoding_base64_decode_step(bytes.data, bytes.len, to, &state, &save);
    /* The last group counts even if its padding was left away or cut off. */
    return n + g_mime_encoding_base64_decode_step((const unsigned char *)"==", 2, to + n, &state,
                                                  &save);
}

static apr_size_t decode_quoted(okapi_binary_t bytes, unsigned char *to)
{
    int state = 0;
    guint32 save = 0;
    return g_mime_encoding_quoted_decode_step(bytes.data, bytes.len, to, &state, &save);
}

/* Where the lines after "begin MODE NAME" start, or the end. */
static const unsigned char *after_begin(const unsigned char *p, const unsigned char *end)
{
    while (p < end) {
        const unsigned char *nl = memchr(p, '\n', (apr_size_t)(end - p));
        const unsigned char *next = nl ? nl + 1 : end;
        if (next - p > 6 && memcmp(p, "begin ", 6) == 0)
            return next;
        p = next;
    }
    return end;
}

static apr_size_t decode_uuencode(okapi_binary_t bytes, unsigned char *to)
{
    int state = GMIME_UUDECODE_STATE_BEGIN;
    guint32 save = 0;
    const unsigned char *end = bytes.data + bytes.len;
    const unsigned char *start = after_begin(bytes.data, end);
    return g_mime_encoding_uudecode_step(start, (apr_size_t)(end - start), to, &state, &save);
}

okapi_binary_t okapi__transfer_decode(okapi__transfer_e transfer, okapi_binary_t bytes,
                                      apr_pool_t *result_pool)
{
    static apr_size_t (*const decoders[])(okapi_binary_t bytes, unsigned char *to) = {
        [OKAPI__TRANSFER_BASE64] = decode_base64,
        [OKAPI__TRANSFER_QUOTED] = decode_quoted,
        [OKAPI__TRANSFER_UUENCODE] = decode_uuencode,
    };
    if (transfer == OKAPI__TRANSFER_IDENTITY)
        return bytes;
    unsigned char *decoded = apr_palloc(result_pool, bytes.len + 8); /* none makes it longer */
    okapi_binary_t content = {decoded, decoders[transfer](bytes, decoded)};
    return content;
}
