/* mime_encode.c - header fields as mail has them: RFC 5322 2.2.3 (folding), RFC 2047 (words),
 * RFC 2231 (parameters), RFC 6532 (addresses that aren't ASCII). */
#include "mime_encode.h"

#include <string.h>
#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>

enum {
    LINE = 76,
    WORD = 75,      /* of an encoded word: RFC 2047 2 */
    FRAME = 12,     /* of it "=?utf-8?q?" and "?=" */
    UNBROKEN = 900, /* longer stretches without a blank are encoded: lines end at 998 */
    SECTION = 60    /* of a parameter in sections */
};

static int column_of(const okapi_writer_t *w)
{
    apr_size_t n = 0;
    while (n < w->len && w->data[w->len - n - 1] != '\n')
        n++;
    return (int)n;
}

static void put(okapi_writer_t *w, const char *text)
{
    okapi_write_bytes(w, text, strlen(text));
}

/* ---- encoded words ---- */

static int is_plain_in_q(unsigned char c)
{
    return apr_isalnum(c) || (c && c < 0x80 && strchr("!*+-/", c));
}

static void put_q(okapi_writer_t *w, const char *text, apr_size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    for (apr_size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        const char hex[3] = {'=', digits[c >> 4], digits[c & 15]};
        if (c == ' ')
            okapi_write_u8(w, '_');
        else
            okapi_write_bytes(w, is_plain_in_q(c) ? text + i : hex, is_plain_in_q(c) ? 1 : 3);
    }
}

static void put_b(okapi_writer_t *w, const char *text, apr_size_t len)
{
    char encoded[512];
    for (apr_size_t n; len; text += n, len -= n) {
        n = len < 300 ? len : 300;
        apr_base64_encode_binary(encoded, (const unsigned char *)text, (int)n);
        put(w, encoded);
    }
}

/* Bytes of the character at TEXT. */
static apr_size_t char_len(const char *text, apr_size_t left)
{
    apr_size_t n = 1;
    while (n < left && n < 4 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* How much of TEXT fits ROOM characters of a word. */
static apr_size_t fitting(const char *text, apr_size_t len, int is_b, apr_size_t room)
{
    apr_size_t n = 0, used = 0;
    while (n < len) {
        apr_size_t step = char_len(text + n, len - n), cost = 0;
        for (apr_size_t i = 0; i < step; i++) {
            unsigned char c = (unsigned char)text[n + i];
            cost += is_plain_in_q(c) || c == ' ' ? 1 : 3;
        }
        if (n && (is_b ? (n + step + 2) / 3 * 4 : used + cost) > room)
            break;
        n += step;
        used += cost;
    }
    return n;
}

static int prefers_b(const char *text, apr_size_t len)
{
    apr_size_t quoted = 0;
    for (apr_size_t i = 0; i < len; i++)
        quoted += !is_plain_in_q((unsigned char)text[i]) && text[i] != ' ';
    return quoted * 2 > len - quoted;
}

/* TEXT as words, on as many lines as it takes; ROOM is that of the first. */
static void put_words(okapi_writer_t *w, const char *text, apr_size_t len, int room)
{
    int is_b = prefers_b(text, len);
    while (len) {
        apr_size_t n = fitting(text, len, is_b, (apr_size_t)(room - FRAME));
        put(w, is_b ? "=?utf-8?B?" : "=?utf-8?Q?");
        (is_b ? put_b : put_q)(w, text, n);
        put(w, "?=");
        text += n;
        len -= n;
        room = WORD;
        if (len)
            put(w, "\r\n ");
    }
}

/* From here to where the line is to end; begins a new one if that is too near. */
static int room_for_word(okapi_writer_t *w, int least)
{
    int room = LINE - column_of(w);
    if (room >= least)
        return room < WORD ? room : WORD;
    put(w, "\r\n ");
    return WORD;
}

/* ---- unstructured fields ---- */

/* Must the LEN bytes without blanks be encoded? */
static int is_foreign(const char *text, apr_size_t len)
{
    for (apr_size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~' ||
            (text[i] == '=' && i + 1 < len && text[i + 1] == '?'))
            return 1;
    return len > UNBROKEN;
}

/* TEXT[0..LEN) that is ASCII, folded before blanks. */
static void put_plain(okapi_writer_t *w, const char *text, apr_size_t len)
{
    int column = column_of(w);
    for (apr_size_t i = 0; i < len;) {
        apr_size_t blanks = 0, n;
        while (i + blanks < len && text[i + blanks] == ' ')
            blanks++;
        n = blanks;
        while (i + n < len && text[i + n] != ' ')
            n++;
        if (blanks && n > blanks && column > 1 && column + (int)n > LINE) {
            put(w, "\r\n");
            column = 0;
        }
        okapi_write_bytes(w, text + i, n);
        column += (int)n;
        i += n;
    }
}

/* The stretch of TEXT from the first to the last word that must be encoded; 0 if none must. */
static int foreign_stretch(const char *text, apr_size_t len, apr_size_t *start, apr_size_t *end)
{
    int found = 0;
    for (apr_size_t i = 0; i < len;) {
        apr_size_t n = 0;
        while (i + n < len && text[i + n] != ' ')
            n++;
        if (n && is_foreign(text + i, n)) {
            *start = found ? *start : i;
            *end = i + n;
            found = 1;
        }
        i += n + 1;
    }
    return found;
}

/* Without what would end the field. */
static char *one_line(const char *text, apr_pool_t *pool)
{
    char *line = apr_pstrdup(pool, text);
    for (char *p = line; *p; p++)
        if (*p == '\r' || *p == '\n' || *p == '\t')
            *p = ' ';
    return line;
}

static void put_unstructured(okapi_writer_t *w, const char *text)
{
    apr_size_t len = strlen(text), start, end;
    if (!foreign_stretch(text, len, &start, &end)) {
        put_plain(w, text, len);
        return;
    }
    put_plain(w, text, start);
    put_words(w, text + start, end - start, room_for_word(w, 30));
    put_plain(w, text + end, len - end);
}

void okapi__write_text(okapi_writer_t *w, const char *name, const char *text, apr_pool_t *pool)
{
    if (!*text)
        return;
    okapi__write_begin(w, name, "");
    put_unstructured(w, one_line(text, pool));
    put(w, "\r\n");
}

void okapi__write_tokens(okapi_writer_t *w, const char *name, const char *text, apr_pool_t *pool)
{
    const char *line = one_line(text, pool);
    apr_size_t start, end;
    if (!*line)
        return;
    okapi__write_begin(w, name, "");
    if (foreign_stretch(line, strlen(line), &start, &end) && end - start <= UNBROKEN)
        put_unstructured(w, line);
    else
        put_plain(w, line, strlen(line));
    put(w, "\r\n");
}

const char *okapi__base64(okapi_binary_t bytes, apr_pool_t *result_pool)
{
    char *text = apr_palloc(result_pool, (apr_size_t)apr_base64_encode_len((int)bytes.len));
    apr_base64_encode_binary(text, bytes.data, (int)bytes.len);
    return text;
}

/* ---- phrases and addresses ---- */

static int is_atom(const char *text, const char *also)
{
    for (; *text; text++)
        if (!apr_isalnum(*text) && !strchr("!#$%&'*+-/=?^_`{|}~", *text) && !strchr(also, *text))
            return 0;
    return 1;
}

static void put_quoted_string(okapi_writer_t *w, const char *text, apr_size_t len)
{
    okapi_write_u8(w, '"');
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            okapi_write_u8(w, '\\');
        okapi_write_u8(w, (unsigned char)text[i]);
    }
    okapi_write_u8(w, '"');
}

static int is_phrase_plain(const char *text)
{
    apr_size_t len = strlen(text);
    return len && is_atom(text, " ") && *text != ' ' && text[len - 1] != ' ' &&
           !strstr(text, "  ") && !strstr(text, "=?");
}

/* A new line, if LEN more characters don't fit into this one. */
static void fold_for(okapi_writer_t *w, apr_size_t len)
{
    if (column_of(w) > 1 && column_of(w) + (int)len > LINE)
        put(w, "\r\n ");
}

/* TEXT as a phrase of RFC 5322. */
static void put_phrase(okapi_writer_t *w, const char *text)
{
    apr_size_t start, end, len = strlen(text);
    int is_plain = is_phrase_plain(text);
    if (foreign_stretch(text, len, &start, &end) || len > UNBROKEN) {
        put_words(w, text, len, room_for_word(w, 30));
        return;
    }
    fold_for(w, len + 2);
    if (is_plain)
        put(w, text);
    else
        put_quoted_string(w, text, len);
}

void okapi__write_phrases(okapi_writer_t *w, const char *name, const apr_array_header_t *phrases,
                          apr_pool_t *pool)
{
    if (!phrases->nelts)
        return;
    okapi__write_begin(w, name, "");
    for (int i = 0; i < phrases->nelts; i++) {
        put(w, i ? ", " : "");
        put_phrase(w, one_line(APR_ARRAY_IDX(phrases, i, const char *), pool));
    }
    put(w, "\r\n");
}

/* ADDRESS as an addr-spec: what it can't contain is left away, what must be is quoted. */
static const char *addr_spec(const char *address, apr_pool_t *pool)
{
    char *clean = apr_pstrdup(pool, address), *to = clean;
    for (const char *p = address; *p; p++)
        if ((unsigned char)*p >= ' ' && *p != 0x7F && *p != '<' && *p != '>')
            *to++ = *p;
    *to = '\0';
    const char *at = strrchr(clean, '@');
    const char *local = apr_pstrmemdup(pool, clean, at ? (apr_size_t)(at - clean) : 0);
    int is_plain = *local == '"' || !at;
    if (!is_plain) {
        is_plain = 1;
        for (const unsigned char *p = (const unsigned char *)local; *p; p++)
            is_plain &= !strchr(" \"(),:;@[\\]", *p);
    }
    if (is_plain)
        return clean;
    okapi_writer_t w;
    okapi_writer_init(&w, strlen(clean) * 2 + 8, strlen(clean) * 2 + 8, pool);
    put_quoted_string(&w, local, strlen(local));
    okapi_write_str8z(&w, at);
    return (const char *)w.data;
}

void okapi__write_addresses(okapi_writer_t *w, const char *name,
                            const apr_array_header_t *addresses, apr_pool_t *pool)
{
    if (!addresses->nelts)
        return;
    okapi__write_begin(w, name, "");
    for (int i = 0; i < addresses->nelts; i++) {
        const okapi__address_t *a = &APR_ARRAY_IDX(addresses, i, okapi__address_t);
        const char *spec = addr_spec(a->address, pool);
        const char *phrase = one_line(a->name, pool);
        int is_named = *phrase && strcmp(a->name, a->address) != 0;
        put(w, i ? ", " : "");
        if (!strchr(spec, '@') && !is_named) { /* nobody's address: a name is all there is */
            const char *only = one_line(a->address, pool);
            apr_size_t start, end;
            if (is_atom(only, ".") || strlen(only) > UNBROKEN ||
                foreign_stretch(only, strlen(only), &start, &end)) {
                put_phrase(w, only);
            } else {
                fold_for(w, strlen(only) + 2);
                put_quoted_string(w, only, strlen(only));
            }
            continue;
        }
        if (is_named)
            put_phrase(w, phrase);
        if (column_of(w) > 1 && column_of(w) + (int)strlen(spec) + 4 > LINE)
            put(w, "\r\n ");
        else if (is_named)
            put(w, " ");
        put(w, is_named ? "<" : "");
        put(w, spec);
        put(w, is_named ? ">" : "");
    }
    put(w, "\r\n");
}

/* ---- parameters ---- */

void okapi__write_begin(okapi_writer_t *w, const char *name, const char *value)
{
    put(w, name);
    put(w, ": ");
    put(w, value);
}

void okapi__write_end(okapi_writer_t *w)
{
    put(w, "\r\n");
}

/* RFC 2231 3, 4: for those who don't read encoded words here, which are not allowed. */
static void put_sections(okapi_writer_t *w, const char *name, const char *value, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    int n = 0, is_single = strlen(value) * 3 <= SECTION;
    while (*value) {
        int used = 0;
        put(w, is_single ? apr_pstrcat(pool, ";\r\n\t", name, "*=", NULL)
                         : apr_psprintf(pool, ";\r\n\t%s*%d*=", name, n));
        put(w, n++ ? "" : "utf-8''");
        for (; *value && used < SECTION; value++) {
            unsigned char c = (unsigned char)*value;
            const char hex[3] = {'%', digits[c >> 4], digits[c & 15]};
            int is_plain = apr_isalnum(c) || strchr("-._~", c);
            okapi_write_bytes(w, is_plain ? value : hex, is_plain ? 1 : 3);
            used += is_plain ? 1 : 3;
        }
    }
}

void okapi__write_param(okapi_writer_t *w, const char *name, const char *value, apr_pool_t *pool)
{
    char *line = one_line(value, pool);
    apr_size_t start, end, len = strlen(line);
    if (foreign_stretch(line, len, &start, &end)) {
        /* One word, however long: nobody joins them here. */
        put(w, apr_pstrcat(pool, ";\r\n\t", name, "=\"", NULL));
        int is_b = prefers_b(line, len);
        put(w, is_b ? "=?utf-8?B?" : "=?utf-8?Q?");
        (is_b ? put_b : put_q)(w, line, len < 250 ? len : fitting(line, len, 1, 320));
        put(w, "?=\"");
        put_sections(w, name, line, pool);
        return;
    }
    put(w, column_of(w) + (int)(strlen(name) + len) + 5 > LINE ? ";\r\n\t" : "; ");
    put(w, name);
    put(w, "=");
    if (len && len < LINE && is_atom(line, ".") && !strchr(line, '\'') && !strchr(line, '*') &&
        !strpbrk(line, "=/?%"))
        put(w, line);
    else
        put_quoted_string(w, line, len < UNBROKEN ? len : UNBROKEN);
}
