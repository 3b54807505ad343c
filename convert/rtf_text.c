/* rtf_text.c - the characters of RTF: bytes of the code page that the font says, and Unicode. */
#include "rtf_reader.h"

#include <apr_strings.h>

#include "charset.h"

enum { CODEPAGE_SYMBOL = 42, CODEPAGE_ANSI = 1252, UPPER_HALF = 128, REPLACEMENT = 0xFFFD };

int okapi__rtf_codepage_of(int charset)
{
    static const int codepages[][2] = {
        {0, 1252},   {2, 42},     {77, 10000}, {128, 932},  {129, 949},  {134, 936},
        {136, 950},  {161, 1253}, {162, 1254}, {163, 1258}, {177, 1255}, {178, 1256},
        {186, 1257}, {204, 1251}, {222, 874},  {238, 1250}, {254, 437},  {255, 850}};
    for (apr_size_t i = 0; i < sizeof(codepages) / sizeof(codepages[0]); i++)
        if (codepages[i][0] == charset)
            return codepages[i][1];
    return 0;
}

/* What the upper half of a code page is whose characters are single bytes. */
typedef struct half_t {
    int is_multibyte;
    char utf8[UPPER_HALF][5];
} half_t;

/* Those of which a byte may be less than a character. */
static int is_multibyte(int codepage)
{
    return codepage == 932 || codepage == 936 || codepage == 949 || codepage == 950 ||
           codepage == 54936 || codepage >= 50000;
}

static const okapi__charset_t *charset_of(const okapi__rtf_reader_t *reader, int codepage)
{
    const okapi__charset_t *charset = okapi__charset_by_codepage(codepage);
    if (!charset)
        charset = okapi__charset_by_codepage(reader->codepage);
    return charset ? charset : okapi__charset_by_codepage(CODEPAGE_ANSI);
}

static const half_t *half_of(okapi__rtf_reader_t *reader, int codepage)
{
    half_t *half = apr_hash_get(reader->tables, &codepage, sizeof(codepage));
    if (half)
        return half;
    half = apr_pcalloc(reader->pool, sizeof(*half));
    apr_hash_set(reader->tables, apr_pmemdup(reader->pool, &codepage, sizeof(codepage)),
                 sizeof(codepage), half);
    const okapi__charset_t *charset = charset_of(reader, codepage);
    half->is_multibyte = is_multibyte(charset->codepage);
    unsigned char bytes[UPPER_HALF];
    for (int i = 0; i < UPPER_HALF; i++)
        bytes[i] = (unsigned char)(UPPER_HALF + i);
    const char *p = half->is_multibyte
                        ? ""
                        : okapi__charset_decode(charset, (okapi_binary_t){bytes, UPPER_HALF}, NULL,
                                                reader->pool);
    for (int i = 0; i < UPPER_HALF && *p; i++) {
        apr_size_t n = 1;
        while (n < 4 && ((unsigned char)p[n] & 0xC0) == 0x80)
            n++;
        memcpy(half->utf8[i], p, n);
        p += n;
    }
    return half;
}

static apr_size_t encode(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    apr_size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (apr_size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(0xF00u >> n | c);
    return n;
}

static void emit_code(okapi__rtf_reader_t *reader, unsigned c)
{
    char utf8[4];
    okapi__rtf_emit(reader, utf8, encode(utf8, c));
}

/* The bullets of fonts without letters, which lists are made of: elsewhere, they look as they
 * should. 0 for what stays. */
static unsigned bullet(unsigned char c)
{
    switch (c) {
    case 0xB7:
        return 0x2022;
    case 0xA7:
        return 0x25AA;
    case 0xD8:
        return 0x27A2;
    case 0xFC:
        return 0x2713;
    default:
        return 0;
    }
}

static void flush_symbols(okapi__rtf_reader_t *reader, okapi_binary_t bytes)
{
    const half_t *half = half_of(reader, CODEPAGE_ANSI);
    for (apr_size_t i = 0; i < bytes.len; i++) {
        unsigned char c = bytes.data[i];
        if (reader->mode == OKAPI__RTF_RENDER && bullet(c))
            emit_code(reader, bullet(c));
        else if (c < UPPER_HALF)
            okapi__rtf_emit(reader, (const char *)&bytes.data[i], 1);
        else
            okapi__rtf_emit(reader, half->utf8[c - UPPER_HALF], strlen(half->utf8[c - UPPER_HALF]));
    }
}

/* Bytes of single-byte code pages: stretches of ASCII, and what is between. */
static void flush_bytes(okapi__rtf_reader_t *reader, okapi_binary_t bytes, const half_t *half)
{
    apr_size_t start = 0;
    for (apr_size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < UPPER_HALF)
            continue;
        const char *utf8 = half->utf8[bytes.data[i] - UPPER_HALF];
        if (i > start)
            okapi__rtf_emit(reader, (const char *)bytes.data + start, i - start);
        okapi__rtf_emit(reader, utf8, strlen(utf8));
        start = i + 1;
    }
    if (bytes.len > start)
        okapi__rtf_emit(reader, (const char *)bytes.data + start, bytes.len - start);
}

void okapi__rtf_flush(okapi__rtf_reader_t *reader)
{
    okapi_binary_t bytes = {reader->pending.data, reader->pending.len};
    if (reader->high_surrogate) {
        reader->high_surrogate = 0;
        emit_code(reader, REPLACEMENT);
    }
    if (bytes.len == 0)
        return;
    const okapi__rtf_font_t *font = okapi__rtf_font(reader, reader->look.font);
    int codepage = font->codepage ? font->codepage : reader->codepage;
    if (font->is_symbol) {
        flush_symbols(reader, bytes);
    } else if (!reader->pending_is_8bit) {
        okapi__rtf_emit(reader, (const char *)bytes.data, bytes.len);
    } else {
        const half_t *half = half_of(reader, codepage);
        if (half->is_multibyte) {
            apr_pool_t *pool;
            apr_size_t len;
            apr_pool_create(&pool, reader->pool);
            const char *text =
                okapi__charset_decode(charset_of(reader, codepage), bytes, &len, pool);
            okapi__rtf_emit(reader, text, len);
            apr_pool_destroy(pool);
        } else {
            flush_bytes(reader, bytes, half);
        }
    }
    okapi_writer_truncate(&reader->pending, 0);
    reader->pending_is_8bit = 0;
}

void okapi__rtf_put_bytes(okapi__rtf_reader_t *reader, const void *bytes, apr_size_t len)
{
    const unsigned char *p = bytes;
    if (reader->high_surrogate)
        okapi__rtf_flush(reader);
    for (apr_size_t i = 0; !reader->pending_is_8bit && i < len; i++)
        reader->pending_is_8bit = p[i] >= UPPER_HALF;
    okapi_write_bytes(&reader->pending, p, len);
}

void okapi__rtf_put_unicode(okapi__rtf_reader_t *reader, int unit)
{
    unsigned c = (unsigned)(unit < 0 ? unit + 0x10000 : unit);
    if (reader->high_surrogate && c >= 0xDC00 && c < 0xE000) {
        c = 0x10000u + (((unsigned)reader->high_surrogate & 0x3FF) << 10) + (c & 0x3FF);
        reader->high_surrogate = 0;
    }
    okapi__rtf_flush(reader);
    if (c >= 0xD800 && c < 0xDC00) {
        reader->high_surrogate = (int)c;
        return;
    }
    if (c >= 0xF020 && c < 0xF100 && bullet((unsigned char)c) && reader->mode == OKAPI__RTF_RENDER)
        c = bullet((unsigned char)c);
    if (c == 0 || c > 0x10FFFF || (c >= 0xDC00 && c < 0xE000))
        c = REPLACEMENT;
    emit_code(reader, c);
}
