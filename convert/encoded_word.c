/* encoded_word.c - RFC 2047: what people wrote, out of what their programs made of it.
 *
 * Decoded leniently: blanks inside words, missing padding, characters split between words, wrong
 * charsets and raw 8-bit text beside them all occur in real mail.
 */
#include "header.h"

#include <string.h>
#include <apr_strings.h>
#include <okapi/wire.h>

#include "charset.h"
#include "transfer.h"

/* One header value being decoded. */
typedef struct decoder_t {
    const char *p, *end; /* unfolded */
    const char *hint;
    const okapi__charset_t *raw; /* of what isn't encoded */
    int is_unterminated;         /* no "?=" is left: what looks like a word isn't one */
    okapi_writer_t out;
    apr_pool_t *pool;
} decoder_t;

typedef struct word_t {
    char charset[64]; /* without RFC 2231's language */
    char encoding;    /* 'b' or 'q' */
    const char *text, *text_end;
    const char *end; /* behind the word */
} word_t;

/* "=?charset*language?B?text?=" at P. */
static int parse_word(decoder_t *d, const char *p, word_t *word)
{
    if (d->is_unterminated || d->end - p < 8 || p[0] != '=' || p[1] != '?')
        return 0;
    p += 2;
    apr_size_t limit = sizeof(word->charset) - 1;
    apr_size_t n = 0;
    while (n < limit && p + n < d->end && p[n] != '?' && p[n] > ' ')
        n++;
    if (d->end - p < (apr_ssize_t)n + 3 || p[n] != '?' || p[n + 2] != '?')
        return 0;
    word->encoding = (char)(p[n + 1] | 0x20);
    if (word->encoding != 'b' && word->encoding != 'q')
        return 0;
    memcpy(word->charset, p, n);
    word->charset[n] = '\0';
    word->charset[strcspn(word->charset, "*")] = '\0';
    word->text = p + n + 3;
    word->text_end = memmem(word->text, (apr_size_t)(d->end - word->text), "?=", 2);
    if (!word->text_end) {
        d->is_unterminated = 1;
        return 0;
    }
    word->end = word->text_end + 2;
    return 1;
}

static void decode_q(okapi_writer_t *bytes, const char *p, const char *end)
{
    while (p < end) {
        int high = *p == '=' && end - p > 2 ? okapi__hex_digit((unsigned char)p[1]) : -1;
        int low = high < 0 ? -1 : okapi__hex_digit((unsigned char)p[2]);
        if (low >= 0) {
            okapi_write_u8(bytes, (unsigned char)(high << 4 | low));
            p += 3;
        } else {
            okapi_write_u8(bytes, *p == '_' ? ' ' : (unsigned char)*p);
            p++;
        }
    }
}

static void decode_b(okapi_writer_t *bytes, const char *p, const char *end, apr_pool_t *pool)
{
    okapi_binary_t encoded = {(const unsigned char *)p, (apr_size_t)(end - p)};
    okapi_binary_t decoded = okapi__transfer_decode(OKAPI__TRANSFER_BASE64, encoded, pool);
    okapi_write_bytes(bytes, decoded.data, decoded.len);
}

static void write_text(decoder_t *d, okapi_binary_t bytes, const okapi__charset_t *charset)
{
    apr_size_t len;
    const char *text = okapi__charset_decode(charset, bytes, &len, d->pool);
    okapi_write_bytes(&d->out, text, len);
}

/* Decodes the words from d->p that only blanks separate, or returns 0. Neighbours of one charset
 * are decoded together: a character may be split between them. */
static int decode_words(decoder_t *d)
{
    word_t word, next;
    if (!parse_word(d, d->p, &word))
        return 0;
    for (int more = 1; more;) {
        okapi_writer_t bytes;
        char charset[sizeof(word.charset)];
        memcpy(charset, word.charset, sizeof(charset));
        okapi_writer_init(&bytes, 128, (apr_size_t)(d->end - d->p), d->pool);
        do {
            if (word.encoding == 'b')
                decode_b(&bytes, word.text, word.text_end, d->pool);
            else
                decode_q(&bytes, word.text, word.text_end);
            d->p = word.end;
            const char *p = word.end;
            while (p < d->end && okapi__is_blank(*p))
                p++;
            more = parse_word(d, p, &next);
            if (more)
                word = next;
        } while (more && strcasecmp(charset, word.charset) == 0);
        okapi_binary_t decoded = {bytes.data, bytes.len};
        write_text(d, decoded, okapi__charset_of(decoded, charset, d->hint));
    }
    return 1;
}

/* D over VALUE without line ends and NULs. */
static void decoder_init(decoder_t *d, okapi_binary_t value, const char *hint, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, value.len + 1), *to = text;
    for (apr_size_t i = 0; i < value.len; i++) {
        char c = (char)value.data[i];
        if (c != '\0' && c != '\r' && c != '\n')
            *to++ = c;
    }
    d->p = text;
    d->end = to;
    d->hint = hint;
    d->raw = okapi__charset_of(value, NULL, hint);
    d->is_unterminated = 0;
    d->pool = pool;
    okapi_writer_init(&d->out, value.len + 64, value.len * 8 + 64, pool);
}

/* What was written as a string, without control characters and blanks around it. */
static char *decoder_string(decoder_t *d)
{
    okapi_write_u8(&d->out, 0);
    char *s = (char *)d->out.data;
    for (char *p = s; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            *p = ' ';
    while (*s == ' ')
        s++;
    apr_size_t n = strlen(s);
    while (n && s[n - 1] == ' ')
        s[--n] = '\0';
    return s;
}

char *okapi__header_text(okapi_binary_t value, const char *hint, apr_pool_t *result_pool)
{
    decoder_t d;
    decoder_init(&d, value, hint, result_pool);
    const char *raw = d.p;
    while (d.p < d.end) {
        word_t word;
        if (*d.p != '=' || !parse_word(&d, d.p, &word)) {
            d.p++;
            continue;
        }
        okapi_binary_t before = {(const unsigned char *)raw, (apr_size_t)(d.p - raw)};
        write_text(&d, before, d.raw);
        decode_words(&d);
        raw = d.p;
    }
    okapi_binary_t rest = {(const unsigned char *)raw, (apr_size_t)(d.end - raw)};
    write_text(&d, rest, d.raw);
    return decoder_string(&d);
}

/* ---- structured fields ---- */

/* What was decoded from START of the output on gets a backslash before each of SPECIALS. */
static void escape_from(decoder_t *d, apr_size_t start, const char *specials)
{
    apr_size_t n = d->out.len - start;
    char *text = apr_pstrmemdup(d->pool, (const char *)d->out.data + start, n);
    okapi_writer_truncate(&d->out, start);
    for (apr_size_t i = 0; i < n; i++) {
        if (strchr(specials, text[i]))
            okapi_write_u8(&d->out, '\\');
        okapi_write_u8(&d->out, (unsigned char)text[i]);
    }
}

/* Raw 8-bit text from d->p on. */
static void copy_8bit(decoder_t *d)
{
    const char *start = d->p;
    while (d->p < d->end && (*d->p & 0x80))
        d->p++;
    okapi_binary_t bytes = {(const unsigned char *)start, (apr_size_t)(d->p - start)};
    write_text(d, bytes, d->raw);
}

char *okapi__header_structured(okapi_binary_t value, const char *hint, apr_pool_t *result_pool)
{
    decoder_t d;
    decoder_init(&d, value, hint, result_pool);
    int is_quoted = 0, is_angle = 0, comments = 0;
    while (d.p < d.end) {
        char c = *d.p;
        apr_size_t start = d.out.len;
        int is_word = !is_quoted && !comments && !is_angle;
        if (c & 0x80) {
            copy_8bit(&d);
            continue;
        }
        if (c == '=') {
            if (is_word)
                okapi_write_u8(&d.out, '"');
            if (decode_words(&d)) {
                if (!is_angle)
                    escape_from(&d, is_word ? start + 1 : start, comments ? "()\\" : "\"\\");
                if (is_word)
                    okapi_write_u8(&d.out, '"');
                continue;
            }
            okapi_writer_truncate(&d.out, start);
        }
        if (c == '\\' && (is_quoted || comments) && d.p + 1 < d.end && !(d.p[1] & 0x80)) {
            okapi_write_bytes(&d.out, d.p, 2);
            d.p += 2;
            continue;
        }
        if (c == '"' && !comments)
            is_quoted = !is_quoted;
        else if (c == '(' && !is_quoted)
            comments++;
        else if (c == ')' && comments)
            comments--;
        else if (!is_quoted && !comments && (c == '<' || c == '>'))
            is_angle = c == '<';
        okapi_write_u8(&d.out, (unsigned char)c);
        d.p++;
    }
    return decoder_string(&d);
}
