/* rtf_write.c - HTML and text in RTF that keeps them: MS-OXRTFEX.
 *
 * Tags, and whatever else of HTML isn't visible text, stand in groups that only who looks for HTML
 * reads; what they do to the text stands between \htmlrtf and \htmlrtf0, for everybody else. Text
 * is for both. Formats are switched on and off instead of put in groups, so nothing depends on
 * whether elements nest as they should.
 */
#include <okapi/rtf.h>

#include <string.h>
#include <unicode/utf8.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/wire.h>

#include "html.h"

enum { GROWTH_MAX = 48, OUTPUT_MIN = 4096, URL_MAX = 4096, ENTITY_MAX = 12 };

/* TagType of MS-OXRTFEX 2.1.3.1.4.1, and the flags beside it */
enum {
    TAG_HTML = 0x10,
    TAG_HEAD = 0x20,
    TAG_BODY = 0x30,
    TAG_P = 0x40,
    TAG_INLINE = 0x50,
    TAG_BLOCK = 0x60,
    TAG_BR = 0x70,
    TAG_PRE = 0x80,
    TAG_FONT = 0x90,
    TAG_HEADER = 0xA0,
    TAG_TITLE = 0xB0,
    TAG_OTHER = 0xF0,
    TAG_CLOSE = 0x08,
    IN_PARAGRAPH = 0x04,
    IN_BODY = 0,
    IN_HEAD = 1,
    IN_HTML = 2,
    OUTSIDE = 3
};

/* What an element does to text. */
typedef enum effect_e {
    EFFECT_NONE,
    EFFECT_BOLD,
    EFFECT_ITALIC,
    EFFECT_UNDERLINE,
    EFFECT_STRIKE,
    EFFECT_FORMATS, /* how many of those above there are */
    EFFECT_LINE,
    EFFECT_PARAGRAPH,
    EFFECT_HEADING,
    EFFECT_BREAK,
    EFFECT_ITEM,
    EFFECT_CELL,
    EFFECT_PRE,
    EFFECT_LINK,
    EFFECT_RAW, /* its content isn't text */
    EFFECT_HTML,
    EFFECT_HEAD,
    EFFECT_BODY
} effect_e;

static const struct {
    const char *name;
    int type;
    effect_e effect;
} elements[] = {
    {"a", TAG_INLINE, EFFECT_LINK},         {"b", TAG_INLINE, EFFECT_BOLD},
    {"blockquote", TAG_BLOCK, EFFECT_LINE}, {"body", TAG_BODY, EFFECT_BODY},
    {"br", TAG_BR, EFFECT_BREAK},           {"center", TAG_BLOCK, EFFECT_LINE},
    {"dd", TAG_BLOCK, EFFECT_LINE},         {"del", TAG_INLINE, EFFECT_STRIKE},
    {"div", TAG_BLOCK, EFFECT_LINE},        {"dl", TAG_BLOCK, EFFECT_LINE},
    {"dt", TAG_BLOCK, EFFECT_LINE},         {"em", TAG_INLINE, EFFECT_ITALIC},
    {"font", TAG_FONT, EFFECT_NONE},        {"h1", TAG_HEADER, EFFECT_HEADING},
    {"h2", TAG_HEADER, EFFECT_HEADING},     {"h3", TAG_HEADER, EFFECT_HEADING},
    {"h4", TAG_HEADER, EFFECT_HEADING},     {"h5", TAG_HEADER, EFFECT_HEADING},
    {"h6", TAG_HEADER, EFFECT_HEADING},     {"head", TAG_HEAD, EFFECT_HEAD},
    {"hr", TAG_BLOCK, EFFECT_LINE},         {"html", TAG_HTML, EFFECT_HTML},
    {"i", TAG_INLINE, EFFECT_ITALIC},       {"ins", TAG_INLINE, EFFECT_UNDERLINE},
    {"li", TAG_BLOCK, EFFECT_ITEM},         {"ol", TAG_BLOCK, EFFECT_LINE},
    {"p", TAG_P, EFFECT_PARAGRAPH},         {"pre", TAG_PRE, EFFECT_PRE},
    {"s", TAG_INLINE, EFFECT_STRIKE},       {"script", TAG_OTHER, EFFECT_RAW},
    {"span", TAG_FONT, EFFECT_NONE},        {"strike", TAG_INLINE, EFFECT_STRIKE},
    {"strong", TAG_INLINE, EFFECT_BOLD},    {"style", TAG_OTHER, EFFECT_RAW},
    {"table", TAG_BLOCK, EFFECT_LINE},      {"td", TAG_BLOCK, EFFECT_CELL},
    {"textarea", TAG_OTHER, EFFECT_RAW},    {"th", TAG_BLOCK, EFFECT_CELL},
    {"title", TAG_TITLE, EFFECT_RAW},       {"tr", TAG_BLOCK, EFFECT_LINE},
    {"u", TAG_INLINE, EFFECT_UNDERLINE},    {"ul", TAG_BLOCK, EFFECT_LINE},
};

enum { ELEMENTS = sizeof(elements) / sizeof(elements[0]) };

typedef struct encoder_t {
    okapi_writer_t out;
    const char *p, *end;
    int place; /* IN_BODY, ... */
    int in_paragraph, in_pre;
    int formats[EFFECT_FORMATS]; /* open elements of each */
    int in_link;
    int has_text;       /* that is visible */
    int is_after_blank; /* a blank here would be one too many */
    int lines_due, cell_due, item_due;
    apr_pool_t *pool; /* for moments */
} encoder_t;

static void put(okapi_writer_t *out, const char *text)
{
    okapi_write_bytes(out, text, strlen(text));
}

static void put_unit(okapi_writer_t *out, int unit)
{
    char text[16];
    apr_snprintf(text, sizeof(text), "\\u%d?", unit > 0x7FFF ? unit - 0x10000 : unit);
    put(out, text);
}

/* TEXT, of any characters. */
static void put_text(okapi_writer_t *out, const char *text, apr_size_t len)
{
    while (len) {
        UChar32 c;
        int32_t i = 0, left = len < 4 ? (int32_t)len : 4;
        U8_NEXT_OR_FFFD((const unsigned char *)text, i, left, c);
        if (c == '\n' || (c == '\r' && (len == 1 || text[1] != '\n'))) {
            put(out, "\\par\r\n");
        } else if (c == '\t') {
            put(out, "\\tab ");
        } else if (c == '\\' || c == '{' || c == '}') {
            okapi_write_u8(out, '\\');
            okapi_write_u8(out, (unsigned char)c);
        } else if (c > 0xFFFF) {
            put_unit(out, U16_LEAD(c));
            put_unit(out, U16_TRAIL(c));
        } else if (c >= 0x7F) {
            put_unit(out, c);
        } else if (c >= ' ') {
            okapi_write_u8(out, (unsigned char)c);
        } else if (c && c != '\r') {
            put(out, c < 0x10 ? "\\'0" : "\\'1");
            okapi_write_u8(out, (unsigned char)"0123456789abcdef"[c & 15]);
        }
        text += i;
        len -= (apr_size_t)i;
    }
}

/* ---- what only readers of HTML see, and what only the others do ---- */

static void put_tag(encoder_t *e, int type, const char *html, apr_size_t len)
{
    char number[32];
    int flags = e->place == IN_BODY && e->in_paragraph ? IN_PARAGRAPH : e->place;
    apr_snprintf(number, sizeof(number), "{\\*\\htmltag%d ", type | flags);
    put(&e->out, number);
    put_text(&e->out, html, len);
    put(&e->out, "}");
}

static void put_rtf(encoder_t *e, const char *rtf)
{
    put(&e->out, "\\htmlrtf ");
    put(&e->out, rtf);
    put(&e->out, "\\htmlrtf0 ");
}

/* Before visible text: the lines that are due. */
static void settle(encoder_t *e)
{
    for (; e->has_text && e->lines_due > 0; e->lines_due--)
        put_rtf(e, "\\par\r\n");
    if (e->cell_due && e->has_text && !e->is_after_blank)
        put_rtf(e, "\\tab ");
    if (e->item_due)
        put_rtf(e, "\\bullet\\tab ");
    e->lines_due = e->cell_due = e->item_due = e->is_after_blank = 0;
    e->has_text = 1;
}

static void owe_lines(encoder_t *e, int n)
{
    if (e->lines_due < n)
        e->lines_due = n;
    e->is_after_blank = 1;
    e->cell_due = 0;
}

/* ---- elements ---- */

/* The value of href in the tag from P to END, as it is meant; NULL if it has none. */
static const char *link_target(const char *p, const char *end, apr_pool_t *pool)
{
    apr_size_t len;
    for (; end - p > 6; p++)
        if (apr_isspace(p[0]) && strncasecmp(p + 1, "href=", 5) == 0)
            break;
    if (end - p <= 6)
        return NULL;
    p += 6;
    char quote = *p == '"' || *p == '\'' ? *p++ : 0;
    apr_size_t n = 0;
    while (p + n < end && n < URL_MAX &&
           (quote ? p[n] != quote : !apr_isspace(p[n]) && p[n] != '>'))
        n++;
    char *url = okapi__html_to_text(p, n, &len, pool), *to = url;
    for (const char *from = url; *from; from++)
        if ((unsigned char)*from > ' ' && *from != '"')
            *to++ = *from;
    *to = '\0';
    return *url ? url : NULL;
}

static void end_link(encoder_t *e)
{
    if (e->in_link)
        put_rtf(e, "}}");
    e->in_link = 0;
}

static void begin_link(encoder_t *e, const char *tag, const char *end)
{
    const char *target = link_target(tag, end, e->pool);
    end_link(e);
    if (!target)
        return;
    settle(e);
    put(&e->out, "\\htmlrtf {\\field{\\*\\fldinst{HYPERLINK \"");
    put_text(&e->out, target, strlen(target));
    put(&e->out, "\"}}{\\fldrslt\\cf1\\ul \\htmlrtf0 ");
    e->in_link = 1;
}

static void set_format(encoder_t *e, effect_e format, int is_end)
{
    static const char *const words[EFFECT_FORMATS][2] = {
        [EFFECT_BOLD] = {"\\b", "\\b0"},
        [EFFECT_ITALIC] = {"\\i", "\\i0"},
        [EFFECT_UNDERLINE] = {"\\ul", "\\ul0"},
        [EFFECT_STRIKE] = {"\\strike", "\\strike0"}};
    int *count = &e->formats[format];
    if (is_end ? *count == 1 : *count == 0)
        put_rtf(e, words[format][is_end]);
    *count += is_end ? *count ? -1 : 0 : 1;
}

/* Moves behind the content of the raw element NAME. */
static void skip_raw(encoder_t *e, const char *name)
{
    const char *start = e->p;
    apr_size_t n = strlen(name);
    while (e->p < e->end) {
        const char *close = memchr(e->p, '<', (apr_size_t)(e->end - e->p));
        e->p = close ? close : e->end;
        if (!close || (e->end - close > (apr_ssize_t)n + 1 && close[1] == '/' &&
                       strncasecmp(close + 2, name, n) == 0))
            break;
        e->p++;
    }
    if (e->p > start)
        put_tag(e, TAG_OTHER, start, (apr_size_t)(e->p - start));
}

static void apply(encoder_t *e, int i, int is_end, const char *tag, const char *end)
{
    effect_e effect = elements[i].effect;
    switch (effect) {
    case EFFECT_BOLD:
    case EFFECT_ITALIC:
    case EFFECT_UNDERLINE:
    case EFFECT_STRIKE:
        set_format(e, effect, is_end);
        break;
    case EFFECT_HEADING:
        set_format(e, EFFECT_BOLD, is_end);
        owe_lines(e, 2);
        break;
    case EFFECT_LINE:
        owe_lines(e, 1);
        break;
    case EFFECT_PARAGRAPH:
        owe_lines(e, 2);
        e->in_paragraph = !is_end;
        break;
    case EFFECT_PRE:
        owe_lines(e, 2);
        e->in_pre = !is_end;
        break;
    case EFFECT_BREAK:
        put_rtf(e, "\\line\r\n");
        e->is_after_blank = 1;
        break;
    case EFFECT_ITEM:
        owe_lines(e, 1);
        e->item_due = !is_end;
        break;
    case EFFECT_CELL:
        e->cell_due |= is_end;
        break;
    case EFFECT_LINK:
        if (is_end)
            end_link(e);
        else
            begin_link(e, tag, end);
        break;
    case EFFECT_RAW:
        if (!is_end)
            skip_raw(e, elements[i].name);
        break;
    case EFFECT_HTML:
        e->place = is_end ? OUTSIDE : IN_HTML;
        break;
    case EFFECT_HEAD:
        e->place = is_end ? IN_HTML : IN_HEAD;
        break;
    case EFFECT_BODY:
        e->place = is_end ? IN_HTML : IN_BODY;
        break;
    case EFFECT_NONE:
    case EFFECT_FORMATS:
        break;
    }
}

static int element_of(const char *name, apr_size_t len)
{
    for (int i = 0; i < ELEMENTS; i++)
        if (strncasecmp(elements[i].name, name, len) == 0 && !elements[i].name[len])
            return i;
    return -1;
}

/* The end of the tag or comment at e->p, behind its '>'; NULL if it has none. */
static const char *tag_end(const encoder_t *e)
{
    const char *p = e->p + 1, *end = e->end;
    if (end - p >= 3 && memcmp(p, "!--", 3) == 0) {
        for (p += 3; end - p >= 3; p++)
            if (memcmp(p, "-->", 3) == 0)
                return p + 3;
        return end;
    }
    if (p == end || !(apr_isalpha(*p) || *p == '/' || *p == '!' || *p == '?'))
        return NULL;
    for (char quote = 0; p < end; p++) {
        if (quote) {
            quote = *p == quote ? 0 : quote;
        } else if (*p == '>') {
            return p + 1;
        } else if ((*p == '"' || *p == '\'') && p[-1] == '=') {
            quote = *p;
        }
    }
    return end;
}

static void encode_tag(encoder_t *e, const char *end)
{
    const char *tag = e->p, *name = tag + 1;
    int is_end = name < end && *name == '/';
    apr_size_t len = 0;
    name += is_end;
    while (name + len < end && apr_isalnum(name[len]))
        len++;
    int i = len ? element_of(name, len) : -1;
    int type = i >= 0 ? elements[i].type : e->place == IN_BODY ? TAG_INLINE : TAG_OTHER;
    if (i >= 0 && elements[i].effect == EFFECT_HTML && !is_end)
        e->place = OUTSIDE;
    put_tag(e, type | (is_end ? TAG_CLOSE : 0), tag, (apr_size_t)(end - tag));
    e->p = end;
    if (i >= 0)
        apply(e, i, is_end, tag, end);
}

/* ---- text ---- */

/* A stretch of white space. */
static void encode_space(encoder_t *e)
{
    const char *start = e->p;
    int is_plain = *start == ' ';
    while (e->p < e->end && apr_isspace(*e->p))
        e->p++;
    is_plain = is_plain && e->p - start == 1;
    if (e->in_pre) {
        settle(e);
        put_text(&e->out, start, (apr_size_t)(e->p - start));
    } else if (e->is_after_blank) {
        put_tag(e, TAG_INLINE, start, (apr_size_t)(e->p - start));
    } else {
        if (is_plain) {
            settle(e);
            put(&e->out, " ");
        } else {
            put_tag(e, TAG_INLINE, start, (apr_size_t)(e->p - start));
            put_rtf(e, " ");
        }
        e->is_after_blank = 1;
    }
}

/* A character reference, or an ampersand that begins none. */
static void encode_reference(encoder_t *e)
{
    apr_size_t n = 1, len;
    const char *start = e->p;
    while (start + n < e->end && n < ENTITY_MAX && (apr_isalnum(start[n]) || start[n] == '#'))
        n++;
    n += start + n < e->end && start[n] == ';';
    settle(e);
    put_tag(e, TAG_INLINE, start, n);
    const char *text = okapi__html_to_text(start, n, &len, e->pool);
    put(&e->out, "\\htmlrtf ");
    put_text(&e->out, text, len);
    put(&e->out, "\\htmlrtf0 ");
    e->p += n;
}

static void encode_run(encoder_t *e)
{
    const char *start = e->p;
    while (e->p < e->end && *e->p != '&' && (*e->p != '<' || e->p == start) && !apr_isspace(*e->p))
        e->p++;
    settle(e);
    put_text(&e->out, start, (apr_size_t)(e->p - start));
}

static apr_status_t finish(okapi_binary_t *rtf, okapi_writer_t *out)
{
    put(out, "}\r\n");
    okapi_write_u8(out, 0);
    *rtf = (okapi_binary_t){out->data, out->len - 1};
    return okapi_writer_status(out) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}

static void begin(okapi_writer_t *out, okapi_binary_t source, const char *header,
                  apr_pool_t *result_pool)
{
    okapi_writer_init(out, source.len * 2 + 512, source.len * GROWTH_MAX + OUTPUT_MIN, result_pool);
    put(out, header);
}

apr_status_t okapi_rtf_from_html(okapi_binary_t *rtf, okapi_binary_t html, apr_pool_t *result_pool)
{
    encoder_t e = {.p = (const char *)html.data, .end = (const char *)html.data + html.len};
    e.place = IN_BODY;
    e.is_after_blank = 1;
    apr_pool_create(&e.pool, result_pool);
    begin(&e.out, html,
          "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl\r\n"
          "{\\f0\\fswiss\\fcharset0 Arial;}}\r\n"
          "{\\colortbl;\\red0\\green0\\blue255;}\r\n"
          "\\uc1\\pard\\plain\\deftab360 \\f0\\fs20\r\n{\\*\\htmltag64}\r\n",
          result_pool);
    while (e.p < e.end && !e.out.failed) {
        const char *end = *e.p == '<' ? tag_end(&e) : NULL;
        if (end)
            encode_tag(&e, end);
        else if (apr_isspace(*e.p))
            encode_space(&e);
        else if (*e.p == '&')
            encode_reference(&e);
        else
            encode_run(&e);
        apr_pool_clear(e.pool);
    }
    end_link(&e);
    apr_pool_destroy(e.pool);
    return finish(rtf, &e.out);
}

apr_status_t okapi_rtf_from_text(okapi_binary_t *rtf, okapi_binary_t text, apr_pool_t *result_pool)
{
    okapi_writer_t out;
    begin(&out, text,
          "{\\rtf1\\ansi\\ansicpg1252\\fromtext \\deff0{\\fonttbl\r\n"
          "{\\f0\\fswiss\\fcharset0 Arial;}}\r\n"
          "{\\colortbl;\\red0\\green0\\blue255;}\r\n"
          "\\uc1\\pard\\plain\\deftab360 \\f0\\fs20 ",
          result_pool);
    put_text(&out, (const char *)text.data, text.len);
    return finish(rtf, &out);
}
