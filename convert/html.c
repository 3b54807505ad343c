/* html.c - the little of HTML that mail conversion needs: one pass, no tree, no recursion. */
#include "html.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/wire.h>

#include "header.h"

/* ---- to text ---- */

typedef enum tag_e {
    TAG_LINE,      /* ends a line */
    TAG_PARAGRAPH, /* and leaves one empty */
    TAG_BREAK,
    TAG_ITEM,
    TAG_CELL,
    TAG_PRE,
    TAG_SKIP /* its content isn't text */
} tag_e;

/* A table of names, in the order of strcmp. */
typedef struct name_t {
    const char *name;
    tag_e tag;
    const char *text;
} name_t;

static const name_t tags[] = {
    {"address", TAG_LINE}, {"article", TAG_LINE}, {"blockquote", TAG_PARAGRAPH},
    {"br", TAG_BREAK},     {"center", TAG_LINE},  {"dd", TAG_LINE},
    {"div", TAG_LINE},     {"dl", TAG_LINE},      {"dt", TAG_LINE},
    {"footer", TAG_LINE},  {"form", TAG_LINE},    {"h1", TAG_PARAGRAPH},
    {"h2", TAG_PARAGRAPH}, {"h3", TAG_PARAGRAPH}, {"h4", TAG_PARAGRAPH},
    {"h5", TAG_PARAGRAPH}, {"h6", TAG_PARAGRAPH}, {"header", TAG_LINE},
    {"hr", TAG_LINE},      {"li", TAG_ITEM},      {"ol", TAG_LINE},
    {"p", TAG_PARAGRAPH},  {"pre", TAG_PRE},      {"script", TAG_SKIP},
    {"section", TAG_LINE}, {"style", TAG_SKIP},   {"table", TAG_LINE},
    {"td", TAG_CELL},      {"th", TAG_CELL},      {"title", TAG_SKIP},
    {"tr", TAG_LINE},      {"ul", TAG_LINE},
};

/* The entities that text in mail is written with; the rest of HTML's 2,000 stays as it is. */
static const name_t entities[] = {
    {"AElig", 0, "Æ"},  {"AMP", 0, "&"},    {"Aacute", 0, "Á"}, {"Acirc", 0, "Â"},
    {"Agrave", 0, "À"}, {"Aring", 0, "Å"},  {"Atilde", 0, "Ã"}, {"Auml", 0, "Ä"},
    {"Ccedil", 0, "Ç"}, {"Eacute", 0, "É"}, {"Ecirc", 0, "Ê"},  {"Egrave", 0, "È"},
    {"Euml", 0, "Ë"},   {"Iacute", 0, "Í"}, {"Ntilde", 0, "Ñ"}, {"Oacute", 0, "Ó"},
    {"Ocirc", 0, "Ô"},  {"Oslash", 0, "Ø"}, {"Otilde", 0, "Õ"}, {"Ouml", 0, "Ö"},
    {"Uacute", 0, "Ú"}, {"Uuml", 0, "Ü"},   {"aacute", 0, "á"}, {"acirc", 0, "â"},
    {"aelig", 0, "æ"},  {"agrave", 0, "à"}, {"amp", 0, "&"},    {"apos", 0, "'"},
    {"aring", 0, "å"},  {"atilde", 0, "ã"}, {"auml", 0, "ä"},   {"bdquo", 0, "„"},
    {"bull", 0, "•"},   {"ccedil", 0, "ç"}, {"cent", 0, "¢"},   {"copy", 0, "©"},
    {"deg", 0, "°"},    {"eacute", 0, "é"}, {"ecirc", 0, "ê"},  {"egrave", 0, "è"},
    {"euml", 0, "ë"},   {"euro", 0, "€"},   {"frac12", 0, "½"}, {"gt", 0, ">"},
    {"hellip", 0, "…"}, {"iacute", 0, "í"}, {"icirc", 0, "î"},  {"iexcl", 0, "¡"},
    {"igrave", 0, "ì"}, {"iquest", 0, "¿"}, {"iuml", 0, "ï"},   {"laquo", 0, "«"},
    {"larr", 0, "←"},   {"ldquo", 0, "“"},  {"lsaquo", 0, "‹"}, {"lsquo", 0, "‘"},
    {"lt", 0, "<"},     {"mdash", 0, "—"},  {"middot", 0, "·"}, {"nbsp", 0, " "},
    {"ndash", 0, "–"},  {"ntilde", 0, "ñ"}, {"oacute", 0, "ó"}, {"ocirc", 0, "ô"},
    {"ograve", 0, "ò"}, {"oslash", 0, "ø"}, {"otilde", 0, "õ"}, {"ouml", 0, "ö"},
    {"para", 0, "¶"},   {"pound", 0, "£"},  {"quot", 0, "\""},  {"raquo", 0, "»"},
    {"rarr", 0, "→"},   {"rdquo", 0, "”"},  {"reg", 0, "®"},    {"rsaquo", 0, "›"},
    {"rsquo", 0, "’"},  {"sbquo", 0, "‚"},  {"sect", 0, "§"},   {"shy", 0, ""},
    {"szlig", 0, "ß"},  {"times", 0, "×"},  {"trade", 0, "™"},  {"uacute", 0, "ú"},
    {"ucirc", 0, "û"},  {"ugrave", 0, "ù"}, {"uuml", 0, "ü"},   {"yen", 0, "¥"},
    {"zwnj", 0, ""},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The row of the LEN bytes at NAME, or NULL. */
static const name_t *find_name(const name_t *table, apr_size_t count, const char *name,
                               apr_size_t len)
{
    apr_size_t low = 0, high = count;
    while (low < high) {
        apr_size_t middle = (low + high) / 2;
        int order = strncmp(name, table[middle].name, len);
        if (order == 0 && table[middle].name[len])
            order = -1;
        if (order == 0)
            return &table[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

typedef struct text_t {
    const char *p, *end;
    okapi_writer_t out;
    int pending_lines; /* line ends owed before the next text */
    int is_blank_due;  /* a blank owed before the next text of the same line */
    int is_cell_due;
    int preformatted;
    int is_unclosed; /* no '>' is left: what looks like a tag is text */
} text_t;

/* Line ends and blanks become real only when text follows. */
static void settle(text_t *t)
{
    if (t->out.len) {
        for (; t->pending_lines; t->pending_lines--)
            okapi_write_u8(&t->out, '\n');
        char last = (char)t->out.data[t->out.len - 1];
        if (t->is_cell_due && last != '\n')
            okapi_write_u8(&t->out, '\t');
        else if (t->is_blank_due && last != '\n')
            okapi_write_u8(&t->out, ' ');
    }
    t->pending_lines = t->is_blank_due = t->is_cell_due = 0;
}

static void owe_lines(text_t *t, int n)
{
    if (t->pending_lines < n)
        t->pending_lines = n;
    t->is_blank_due = t->is_cell_due = 0;
}

static void write_utf8(okapi_writer_t *out, unsigned long c)
{
    if (c < 0x80) {
        okapi_write_u8(out, (unsigned char)c);
    } else if (c < 0x800) {
        okapi_write_u8(out, (unsigned char)(0xC0 | c >> 6));
        okapi_write_u8(out, (unsigned char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        okapi_write_u8(out, (unsigned char)(0xE0 | c >> 12));
        okapi_write_u8(out, (unsigned char)(0x80 | (c >> 6 & 0x3F)));
        okapi_write_u8(out, (unsigned char)(0x80 | (c & 0x3F)));
    } else {
        okapi_write_u8(out, (unsigned char)(0xF0 | c >> 18));
        okapi_write_u8(out, (unsigned char)(0x80 | (c >> 12 & 0x3F)));
        okapi_write_u8(out, (unsigned char)(0x80 | (c >> 6 & 0x3F)));
        okapi_write_u8(out, (unsigned char)(0x80 | (c & 0x3F)));
    }
}

/* "&#228;" or "&#xE4;": P is behind the '#'. Returns the end, or NULL if it is none. */
static const char *numeric_entity(okapi_writer_t *out, const char *p, const char *end)
{
    unsigned long c = 0;
    int digits = 0, is_hex = p < end && (*p | 0x20) == 'x';
    for (p += is_hex; p < end && digits < 8; p++, digits++) {
        int digit = okapi__hex_digit((unsigned char)*p);
        if (digit < 0 || (!is_hex && digit > 9))
            break;
        c = c * (is_hex ? 16 : 10) + (unsigned long)digit;
    }
    if (!digits)
        return NULL;
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    write_utf8(out, c == 0xA0 ? ' ' : c);
    return p < end && *p == ';' ? p + 1 : p;
}

/* The character reference at t->p, or the ampersand itself. */
static void read_entity(text_t *t)
{
    const char *p = t->p + 1;
    if (p < t->end && *p == '#') {
        const char *next = numeric_entity(&t->out, p + 1, t->end);
        if (next) {
            t->p = next;
            return;
        }
    }
    apr_size_t n = 0;
    while (n < 8 && p + n < t->end && apr_isalnum(p[n]))
        n++;
    const name_t *entity = find_name(entities, COUNT(entities), p, n);
    if (entity) {
        okapi_write_bytes(&t->out, entity->text, strlen(entity->text));
        t->p = p + n + (p + n < t->end && p[n] == ';');
        return;
    }
    okapi_write_u8(&t->out, '&');
    t->p++;
}

/* The next NEEDLE, which is lower case or no letters, or the end. */
static const char *find(const char *p, const char *end, const char *needle)
{
    apr_size_t n = strlen(needle);
    for (; (apr_size_t)(end - p) >= n; p++)
        if (apr_tolower(*p) == needle[0] && strncasecmp(p, needle, n) == 0)
            return p;
    return end;
}

/* What a tag does to the layout. */
static void apply_tag(text_t *t, const name_t *tag, int is_end)
{
    switch (tag->tag) {
    case TAG_PRE:
        t->preformatted = !is_end;
        owe_lines(t, 2);
        break;
    case TAG_LINE:
        owe_lines(t, 1);
        break;
    case TAG_PARAGRAPH:
        owe_lines(t, 2);
        break;
    case TAG_BREAK:
        t->pending_lines++;
        t->is_blank_due = 0;
        break;
    case TAG_ITEM:
        owe_lines(t, 1);
        if (!is_end) {
            settle(t);
            okapi_write_bytes(&t->out, "* ", 2);
        }
        break;
    case TAG_CELL:
        t->is_cell_due |= !is_end;
        break;
    case TAG_SKIP:
        if (!is_end)
            t->p = find(t->p, t->end, apr_pstrcat(t->out.pool, "</", tag->name, NULL));
        break;
    }
}

/* The tag at t->p, or the text that looks like one. */
static void read_tag(text_t *t)
{
    const char *p = t->p + 1;
    if (t->end - p >= 3 && memcmp(p, "!--", 3) == 0) {
        p = find(p + 3, t->end, "-->");
        t->p = p == t->end ? p : p + 3;
        return;
    }
    int is_end = p < t->end && *p == '/';
    p += is_end;
    const char *close = t->is_unclosed ? NULL : memchr(p, '>', (apr_size_t)(t->end - p));
    t->is_unclosed = !close;
    if (!close || !(apr_isalpha(*p) || *p == '!' || *p == '?')) {
        settle(t);
        okapi_write_u8(&t->out, '<');
        t->p++;
        return;
    }
    char name[12];
    apr_size_t n = 0;
    for (; n < sizeof(name) && p + n < t->end && apr_isalnum(p[n]); n++)
        name[n] = (char)apr_tolower(p[n]);
    t->p = close + 1;
    const name_t *tag = find_name(tags, COUNT(tags), name, n);
    if (tag)
        apply_tag(t, tag, is_end);
}

char *okapi__html_to_text(const char *html, apr_size_t len, apr_size_t *text_len,
                          apr_pool_t *result_pool)
{
    text_t t = {html, html + len};
    okapi_writer_init(&t.out, len / 4 + 64, len * 2 + 64, result_pool);
    while (t.p < t.end) {
        char c = *t.p;
        if (c == '<') {
            read_tag(&t);
        } else if (apr_isspace(c) && t.preformatted) {
            if (c == '\n') {
                t.pending_lines++;
            } else if (c != '\r') {
                settle(&t);
                okapi_write_u8(&t.out, ' ');
            }
            t.p++;
        } else if (apr_isspace(c)) {
            t.is_blank_due = 1;
            t.p++;
        } else {
            settle(&t);
            if (c == '&') {
                read_entity(&t);
            } else {
                okapi_write_u8(&t.out, (unsigned char)c);
                t.p++;
            }
        }
    }
    okapi_write_u8(&t.out, 0);
    *text_len = t.out.len - 1;
    return (char *)t.out.data;
}

okapi_binary_t okapi__text_crlf(const char *text, apr_size_t len, apr_pool_t *result_pool)
{
    okapi_writer_t out;
    okapi_writer_init(&out, len + len / 16 + 64, len * 2 + 1, result_pool);
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
            okapi_write_u8(&out, '\r');
        okapi_write_u8(&out, (unsigned char)text[i]);
    }
    okapi_write_u8(&out, 0);
    return (okapi_binary_t){out.data, out.len - 1};
}

/* ---- from text ---- */

char *okapi__html_from_text(const char *text, apr_size_t len, apr_size_t *html_len,
                            apr_pool_t *result_pool)
{
    okapi_writer_t out;
    okapi_writer_init(&out, len + len / 4 + 64, len * 8 + 64, result_pool);
    int is_after_blank = 1; /* a blank here would be lost */
    for (apr_size_t i = 0; i < len; i++) {
        const char *as = NULL;
        switch (text[i]) {
        case '&':
            as = "&amp;";
            break;
        case '<':
            as = "&lt;";
            break;
        case '>':
            as = "&gt;";
            break;
        case '\n':
            as = "<br>\r\n";
            break;
        case '\r':
            continue;
        case ' ':
            as = is_after_blank ? "&nbsp;" : " ";
            break;
        default:
            okapi_write_u8(&out, (unsigned char)text[i]);
        }
        if (as)
            okapi_write_bytes(&out, as, strlen(as));
        is_after_blank = text[i] == ' ' || text[i] == '\n';
    }
    *html_len = out.len;
    okapi_write_u8(&out, 0);
    return (char *)out.data;
}

/* ---- references ---- */

enum { REFERENCE_MAX = 512 };

/* SCHEME and the reference at P up to one of ENDS, percent escapes decoded, marked if it is a
 * target's. Returns the end of what was looked at. */
static const char *mark(const char *scheme, const char *p, const char *end, const char *ends,
                        apr_hash_t *targets)
{
    char key[REFERENCE_MAX];
    apr_size_t n = strlen(scheme);
    memcpy(key, scheme, n);
    while (p < end && n < sizeof(key) && !strchr(ends, *p)) {
        int high = *p == '%' && end - p > 2 ? okapi__hex_digit((unsigned char)p[1]) : -1;
        int low = high < 0 ? -1 : okapi__hex_digit((unsigned char)p[2]);
        key[n++] = low < 0 ? *p : (char)(high << 4 | low);
        p += low < 0 ? 1 : 3;
    }
    int *is_used = apr_hash_get(targets, key, (apr_ssize_t)n);
    if (is_used)
        *is_used = 1;
    return p;
}

void okapi__html_mark_references(const char *html, apr_size_t len, apr_hash_t *targets,
                                 apr_pool_t *scratch_pool)
{
    static const char *const attributes[] = {"src=", "background="};
    const char *end = html + len;
    if (apr_hash_count(targets) == 0)
        return;
    for (const char *p = html; (p = find(p, end, "cid:")) < end;)
        p = mark("cid:", p + 4, end, "\"' \t\r\n<>)", targets);
    for (int i = 0; i < 2; i++) {
        for (const char *p = html; (p = find(p, end, attributes[i])) < end;) {
            p += strlen(attributes[i]);
            if (p < end && (*p == '"' || *p == '\''))
                p = mark("", p + 1, end, *p == '"' ? "\"" : "'", targets);
            else
                p = mark("", p, end, " \t\r\n>", targets);
        }
    }
}

/* ---- charset ---- */

const char *okapi__html_charset(okapi_binary_t bytes, apr_pool_t *result_pool)
{
    const char *p = (const char *)bytes.data;
    const char *end = p + (bytes.len < 2048 ? bytes.len : 2048);
    for (;;) {
        p = find(p, end, "<meta");
        if (p == end)
            return NULL;
        const char *close = memchr(p, '>', (apr_size_t)(end - p));
        if (!close)
            close = end;
        const char *value = find(p, close, "charset=");
        value += value < close ? strlen("charset=") : 0;
        value += value < close && (*value == '"' || *value == '\'');
        apr_size_t n = 0;
        while (value + n < close && (apr_isalnum(value[n]) || strchr("-_:.", value[n])))
            n++;
        if (n)
            return apr_pstrmemdup(result_pool, value, n);
        p = close;
    }
}
