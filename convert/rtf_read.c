/* rtf_read.c - reading RTF: groups and their state, destinations, what control words do.
 *
 * Nothing recurses and every token costs a constant, so what a document can do is bounded by its
 * length, and by the depth of its groups. */
#include "rtf_reader.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>

enum {
    GROUPS_MAX = 10000, /* open ones */
    NAME_MAX_BYTES = 64,
    INSTRUCTION_MAX = 8192,
    MARKER_MAX = 256,
    FALLBACKS_MAX = 1000,
    COLORS_MAX = 4096,
    FONTS_MAX = 65536,
    DEFAULT_SIZE = 24
};

/* ---- tables ---- */

const okapi__rtf_font_t *okapi__rtf_font(const okapi__rtf_reader_t *reader, int number)
{
    static const okapi__rtf_font_t unknown = {0, 0, ""};
    const okapi__rtf_font_t *font = apr_hash_get(reader->fonts, &number, sizeof(number));
    return font ? font : &unknown;
}

int okapi__rtf_color(const okapi__rtf_reader_t *reader, int number)
{
    return number >= 0 && number < reader->colors->nelts
               ? APR_ARRAY_IDX(reader->colors, number, int)
               : -1;
}

/* What was captured, without what could be more than text somewhere, and empty again. */
static char *take(okapi_writer_t *w, apr_pool_t *pool)
{
    char *text = apr_pstrmemdup(pool, w->len ? (const char *)w->data : "", w->len);
    okapi_writer_truncate(w, 0);
    return text;
}

static void end_font(okapi__rtf_reader_t *reader)
{
    char *name = take(&reader->name, reader->pool), *end = name + strlen(name);
    int is_cut = end - name == NAME_MAX_BYTES; /* maybe inside of a character */
    while (is_cut && end > name && (unsigned char)end[-1] >= 0x80)
        *--end = '\0';
    while (end > name && (end[-1] == ';' || end[-1] == ' '))
        *--end = '\0';
    if (apr_hash_count(reader->fonts) < FONTS_MAX) {
        okapi__rtf_font_t *font = apr_pmemdup(reader->pool, &reader->font, sizeof(*font));
        font->name = name + strspn(name, " ");
        apr_hash_set(reader->fonts,
                     apr_pmemdup(reader->pool, &reader->font_number, sizeof(reader->font_number)),
                     sizeof(reader->font_number), font);
    }
    reader->font = (okapi__rtf_font_t){0, 0, ""};
}

static void font_text(okapi__rtf_reader_t *reader, const char *text, apr_size_t len)
{
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] == ';')
            end_font(reader);
        else if (reader->name.len < NAME_MAX_BYTES)
            okapi_write_u8(&reader->name, (unsigned char)text[i]);
    }
}

static void color_text(okapi__rtf_reader_t *reader, const char *text, apr_size_t len)
{
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] != ';' || reader->colors->nelts == COLORS_MAX)
            continue;
        APR_ARRAY_PUSH(reader->colors, int) =
            reader->has_color ? reader->red << 16 | reader->green << 8 | reader->blue : -1;
        reader->has_color = reader->red = reader->green = reader->blue = 0;
    }
}

static void table_word(okapi__rtf_reader_t *reader, int what, int number)
{
    int color = number < 0 ? 0 : number > 255 ? 255 : number;
    switch (what) {
    case OKAPI__RTF_CHARSET:
        reader->font.is_symbol = number == 2;
        reader->font.codepage = okapi__rtf_codepage_of(number);
        break;
    case OKAPI__RTF_FONT_CODEPAGE:
        reader->font.codepage = number;
        break;
    case OKAPI__RTF_PNG:
        reader->picture_type = "image/png";
        break;
    case OKAPI__RTF_JPEG:
        reader->picture_type = "image/jpeg";
        break;
    default:
        reader->has_color = 1;
        *(what == OKAPI__RTF_RED     ? &reader->red
          : what == OKAPI__RTF_GREEN ? &reader->green
                                     : &reader->blue) = color;
    }
}

/* ---- where text goes ---- */

static void capture(okapi_writer_t *w, const char *text, apr_size_t len)
{
    if (w->len + len <= w->max)
        okapi_write_bytes(w, text, len);
}

static void picture_text(okapi__rtf_reader_t *reader, const char *text, apr_size_t len)
{
    static const signed char digits[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
        ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
        ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
        ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};
    for (apr_size_t i = 0; reader->picture_type && i < len; i++) {
        int digit = digits[(unsigned char)text[i]] - 1;
        if (digit < 0)
            continue;
        if (reader->nibble < 0) {
            reader->nibble = digit;
        } else {
            okapi_write_u8(&reader->bytes, (unsigned char)(reader->nibble << 4 | digit));
            reader->nibble = -1;
        }
    }
}

static int is_extracting(const okapi__rtf_reader_t *reader)
{
    return reader->mode != OKAPI__RTF_RENDER;
}

/* Is what stands here shown, or part of what is extracted? */
static int is_content(const okapi__rtf_reader_t *reader)
{
    int destination = reader->group->destination;
    if (reader->mode == OKAPI__RTF_EXTRACT_HTML)
        return !reader->group->htmlrtf &&
               (destination == OKAPI__RTF_NORMAL || destination == OKAPI__RTF_RESULT ||
                destination == OKAPI__RTF_HTMLTAG);
    return (destination == OKAPI__RTF_NORMAL || destination == OKAPI__RTF_RESULT) &&
           (is_extracting(reader) || !reader->look.hidden);
}

void okapi__rtf_emit(okapi__rtf_reader_t *reader, const char *text, apr_size_t len)
{
    if (is_content(reader)) {
        reader->sink->text(reader->sink->baton, reader, text, len);
        return;
    }
    switch (reader->group->destination) {
    case OKAPI__RTF_FONTS:
        font_text(reader, text, len);
        break;
    case OKAPI__RTF_COLORS:
        color_text(reader, text, len);
        break;
    case OKAPI__RTF_INSTRUCTION:
        capture(&reader->instruction, text, len);
        break;
    case OKAPI__RTF_MARKER:
        capture(&reader->marker_text, text, len);
        break;
    default:
        break;
    }
}

static void event(okapi__rtf_reader_t *reader, okapi__rtf_event_e what)
{
    okapi__rtf_flush(reader);
    if (!is_content(reader))
        return;
    if (!is_extracting(reader))
        reader->sink->event(reader->sink->baton, reader, what);
    else if (what == OKAPI__RTF_PAR || what == OKAPI__RTF_LINE)
        reader->sink->text(reader->sink->baton, reader, "\r\n", 2);
}

static void character(okapi__rtf_reader_t *reader, int code, const char *html)
{
    if (reader->mode == OKAPI__RTF_EXTRACT_HTML && html) {
        okapi__rtf_flush(reader);
        okapi__rtf_emit(reader, html, strlen(html));
    } else if (code < 0x80) {
        char c = (char)code;
        okapi__rtf_put_bytes(reader, &c, 1);
    } else {
        okapi__rtf_put_unicode(reader, code);
    }
}

/* ---- fields ---- */

/* The argument at *P, in quotes or not, moving behind it; NULL at the end. */
static char *argument(char **p)
{
    char *start = *p + strspn(*p, " \t\r\n");
    if (!*start)
        return NULL;
    int is_quoted = *start == '"';
    start += is_quoted;
    char *end = start + strcspn(start, is_quoted ? "\"" : " \t\r\n");
    *p = *end ? end + 1 : end;
    *end = '\0';
    return start;
}

/* Where a HYPERLINK goes; NULL for any other field. */
static const char *link_of(char *instruction, apr_pool_t *pool)
{
    char *word = argument(&instruction), *target = NULL, *place = NULL;
    if (!word || strcasecmp(word, "HYPERLINK") != 0)
        return NULL;
    while ((word = argument(&instruction))) {
        if (strcmp(word, "\\l") == 0)
            place = argument(&instruction);
        else if (*word == '\\')
            continue;
        else if (!target)
            target = word;
    }
    return place ? apr_pstrcat(pool, target ? target : "", "#", place, NULL) : target;
}

static void begin_result(okapi__rtf_reader_t *reader)
{
    const char *link = link_of(take(&reader->instruction, reader->pool), reader->pool);
    if (link && *link && reader->links == 0 && is_content(reader) && !is_extracting(reader)) {
        reader->link = link;
        reader->links = reader->group->is_link = 1;
        reader->sink->event(reader->sink->baton, reader, OKAPI__RTF_LINK);
    }
}

/* ---- groups ---- */

static void begin_destination(okapi__rtf_reader_t *reader, int destination)
{
    okapi__rtf_group_t *group = reader->group;
    if (group->destination == OKAPI__RTF_SKIP || group->destination == OKAPI__RTF_PICT ||
        (group->destination == OKAPI__RTF_MARKER && destination == OKAPI__RTF_NORMAL))
        return;
    okapi__rtf_flush(reader);
    group->destination = destination;
    group->begins = 1;
    switch (destination) {
    case OKAPI__RTF_INSTRUCTION:
        okapi_writer_truncate(&reader->instruction, 0);
        break;
    case OKAPI__RTF_MARKER:
        okapi_writer_truncate(&reader->marker_text, 0);
        break;
    case OKAPI__RTF_RESULT:
        begin_result(reader);
        break;
    case OKAPI__RTF_PICT:
        okapi_writer_truncate(&reader->bytes, 0);
        reader->picture_type = NULL;
        reader->nibble = -1;
        break;
    default:
        break;
    }
}

/* Of the innermost group, in whose parent we are again. */
static void end_destination(okapi__rtf_reader_t *reader, const okapi__rtf_group_t *ended)
{
    if (ended->is_link) {
        reader->links = 0;
        reader->sink->event(reader->sink->baton, reader, OKAPI__RTF_LINK_END);
    }
    if (!ended->begins)
        return;
    if (ended->destination == OKAPI__RTF_MARKER && !is_extracting(reader) && is_content(reader))
        reader->marker = take(&reader->marker_text, reader->pool);
    if (ended->destination == OKAPI__RTF_FONTS && reader->name.len)
        end_font(reader);
    if (ended->destination == OKAPI__RTF_PICT && reader->picture_type && reader->bytes.len) {
        reader->picture = (okapi_binary_t){reader->bytes.data, reader->bytes.len};
        event(reader, OKAPI__RTF_PICTURE);
    }
}

static apr_status_t open_group(okapi__rtf_reader_t *reader)
{
    okapi__rtf_flush(reader);
    if (reader->groups->nelts == GROUPS_MAX)
        return OKAPI_ETOOCOMPLEX;
    okapi__rtf_group_t *outer = reader->group;
    if (outer) {
        outer->look = reader->look;
        outer->para = reader->para;
    }
    okapi__rtf_group_t group = outer ? *outer : (okapi__rtf_group_t){.fallbacks = 1};
    group.begins = group.is_link = 0;
    APR_ARRAY_PUSH(reader->groups, okapi__rtf_group_t) = group;
    reader->group = &APR_ARRAY_IDX(reader->groups, reader->groups->nelts - 1, okapi__rtf_group_t);
    reader->to_skip = reader->is_optional = 0;
    return APR_SUCCESS;
}

/* Returns whether the document goes on. */
static int close_group(okapi__rtf_reader_t *reader)
{
    okapi__rtf_flush(reader);
    okapi__rtf_group_t ended = *(okapi__rtf_group_t *)apr_array_pop(reader->groups);
    reader->to_skip = reader->is_optional = 0;
    if (reader->groups->nelts == 0) {
        reader->group = NULL;
        return 0;
    }
    reader->group = &APR_ARRAY_IDX(reader->groups, reader->groups->nelts - 1, okapi__rtf_group_t);
    reader->look = reader->group->look;
    reader->para = reader->group->para;
    end_destination(reader, &ended);
    return 1;
}

/* ---- control words ---- */

static void look_word(okapi__rtf_reader_t *reader, int what, const okapi__rtf_token_t *token)
{
    okapi__rtf_look_t *look = &reader->look;
    int is_on = !token->has_number || token->number != 0;
    switch (what) {
    case OKAPI__RTF_PLAIN:
        *look = (okapi__rtf_look_t){.font = reader->default_font, .size = DEFAULT_SIZE};
        break;
    case OKAPI__RTF_BOLD:
        look->bold = is_on & 1;
        break;
    case OKAPI__RTF_ITALIC:
        look->italic = is_on & 1;
        break;
    case OKAPI__RTF_UNDERLINE:
        look->underline = is_on & 1;
        break;
    case OKAPI__RTF_NO_UNDERLINE:
        look->underline = 0;
        break;
    case OKAPI__RTF_STRIKE:
        look->strike = is_on & 1;
        break;
    case OKAPI__RTF_HIDDEN:
        look->hidden = is_on & 1;
        break;
    case OKAPI__RTF_SUB:
        look->subscript = is_on & 1;
        look->superscript = 0;
        break;
    case OKAPI__RTF_SUPER:
        look->superscript = is_on & 1;
        look->subscript = 0;
        break;
    case OKAPI__RTF_NO_SUPER_SUB:
        look->superscript = look->subscript = 0;
        break;
    case OKAPI__RTF_FONT:
        look->font = token->number;
        break;
    case OKAPI__RTF_SIZE:
        look->size = token->number;
        break;
    case OKAPI__RTF_COLOR:
        look->color = token->number;
        break;
    default:
        look->background = token->number;
    }
}

static void para_word(okapi__rtf_reader_t *reader, int what, const okapi__rtf_token_t *token)
{
    okapi__rtf_para_t *para = &reader->para;
    switch (what) {
    case OKAPI__RTF_PARD:
        *para = (okapi__rtf_para_t){.align = OKAPI__RTF_LEFT};
        break;
    case OKAPI__RTF_ALIGN_LEFT:
    case OKAPI__RTF_ALIGN_CENTER:
    case OKAPI__RTF_ALIGN_RIGHT:
    case OKAPI__RTF_ALIGN_JUSTIFY:
        para->align = (okapi__rtf_align_e)(what - OKAPI__RTF_ALIGN_LEFT);
        break;
    case OKAPI__RTF_INDENT:
        para->indent = token->number;
        break;
    case OKAPI__RTF_LEVEL:
        para->level = token->number < 0 ? 0 : token->number > 8 ? 8 : token->number;
        break;
    case OKAPI__RTF_IN_TABLE:
        para->in_table = !token->has_number || token->number != 0;
        break;
    default:
        para->is_rtl = what == OKAPI__RTF_RTL;
    }
}

static void text_state(okapi__rtf_reader_t *reader, int what, const okapi__rtf_token_t *token)
{
    int n = token->number;
    switch (what) {
    case OKAPI__RTF_UNICODE:
        if (token->has_number) {
            okapi__rtf_put_unicode(reader, n);
            reader->to_skip = reader->group->fallbacks;
        }
        break;
    case OKAPI__RTF_FALLBACKS:
        reader->group->fallbacks = n < 0 ? 0 : n > FALLBACKS_MAX ? FALLBACKS_MAX : n;
        break;
    case OKAPI__RTF_HTMLRTF:
        okapi__rtf_flush(reader);
        reader->group->htmlrtf = !token->has_number || n != 0;
        break;
    default:
        reader->default_font = reader->look.font = n;
    }
}

/* \f in the table of fonts begins an entry. */
static void font_number(okapi__rtf_reader_t *reader, int number)
{
    if (reader->name.len)
        end_font(reader);
    reader->font_number = number;
}

static void word(okapi__rtf_reader_t *reader, const okapi__rtf_token_t *token)
{
    const okapi__rtf_entry_t *w = okapi__rtf_word(token->name);
    int is_optional = reader->is_optional;
    reader->is_optional = 0;
    if (!w) {
        if (is_optional)
            begin_destination(reader, OKAPI__RTF_SKIP);
        return;
    }
    switch (w->kind) {
    case OKAPI__RTF_CHARACTER:
        character(reader, w->value, w->html);
        break;
    case OKAPI__RTF_EVENT:
        event(reader, (okapi__rtf_event_e)w->value);
        break;
    case OKAPI__RTF_DESTINATION:
        begin_destination(reader, w->value);
        break;
    case OKAPI__RTF_CODEPAGE:
        reader->codepage = w->value ? w->value : token->number;
        break;
    case OKAPI__RTF_LOOK:
        okapi__rtf_flush(reader);
        if (w->value == OKAPI__RTF_FONT && reader->group->destination == OKAPI__RTF_FONTS)
            font_number(reader, token->number);
        else
            look_word(reader, w->value, token);
        break;
    case OKAPI__RTF_PARA:
        okapi__rtf_flush(reader);
        para_word(reader, w->value, token);
        break;
    case OKAPI__RTF_TABLE:
        okapi__rtf_flush(reader);
        table_word(reader, w->value, token->number);
        break;
    case OKAPI__RTF_TEXT_STATE:
        text_state(reader, w->value, token);
        break;
    case OKAPI__RTF_UNKNOWN:
        break;
    }
}

static void symbol(okapi__rtf_reader_t *reader, unsigned char c)
{
    switch (c) {
    case '*':
        reader->is_optional = 1;
        break;
    case '~':
        character(reader, 0xA0, "&nbsp;");
        break;
    case '_':
        character(reader, 0x2011, "&shy;");
        break;
    case '-':
        character(reader, 0xAD, "&shy;");
        break;
    case '\r':
    case '\n':
        event(reader, OKAPI__RTF_PAR);
        break;
    case '\t':
    case '\\':
    case '{':
    case '}':
        okapi__rtf_put_bytes(reader, &c, 1);
        break;
    default:
        break;
    }
}

/* ---- tokens ---- */

/* Takes what stands for a \u before it. Returns whether something of TOKEN is left. */
static int skip_fallback(okapi__rtf_reader_t *reader, okapi__rtf_token_t *token)
{
    apr_size_t n = 1;
    if (token->kind == OKAPI__RTF_TEXT) {
        n = (apr_size_t)reader->to_skip;
        if (n > token->bytes.len)
            n = token->bytes.len;
        token->bytes.data += n;
        token->bytes.len -= n;
    } else if (token->kind == OKAPI__RTF_WORD && okapi__rtf_word(token->name) &&
               okapi__rtf_word(token->name)->kind != OKAPI__RTF_CHARACTER) {
        reader->to_skip = 0; /* it was one too few */
        return 1;
    }
    reader->to_skip -= (int)n;
    return token->kind == OKAPI__RTF_TEXT && token->bytes.len > 0;
}

static void content(okapi__rtf_reader_t *reader, okapi__rtf_token_t *token)
{
    if (reader->to_skip > 0 && !skip_fallback(reader, token))
        return;
    switch (token->kind) {
    case OKAPI__RTF_WORD:
        word(reader, token);
        break;
    case OKAPI__RTF_SYMBOL:
        symbol(reader, token->value);
        break;
    case OKAPI__RTF_HEX:
        okapi__rtf_put_bytes(reader, &token->value, 1);
        break;
    case OKAPI__RTF_TEXT:
        if (reader->group->destination == OKAPI__RTF_PICT)
            picture_text(reader, (const char *)token->bytes.data, token->bytes.len);
        else if (reader->group->destination != OKAPI__RTF_SKIP)
            okapi__rtf_put_bytes(reader, token->bytes.data, token->bytes.len);
        break;
    case OKAPI__RTF_BINARY:
        if (reader->group->destination == OKAPI__RTF_PICT && reader->picture_type)
            okapi_write_bytes(&reader->bytes, token->bytes.data, token->bytes.len);
        break;
    default:
        break;
    }
}

static void reader_init(okapi__rtf_reader_t *reader, apr_size_t len, apr_pool_t *pool)
{
    reader->groups = apr_array_make(pool, 64, sizeof(okapi__rtf_group_t));
    reader->fonts = apr_hash_make(pool);
    reader->colors = apr_array_make(pool, 16, sizeof(int));
    reader->tables = apr_hash_make(pool);
    reader->codepage = 1252;
    reader->look.size = DEFAULT_SIZE;
    reader->font.name = "";
    reader->pool = pool;
    okapi_writer_init(&reader->name, 64, NAME_MAX_BYTES + 1, pool);
    okapi_writer_init(&reader->instruction, 256, INSTRUCTION_MAX, pool);
    okapi_writer_init(&reader->marker_text, 64, MARKER_MAX, pool);
    okapi_writer_init(&reader->bytes, 256, len, pool);
    okapi_writer_init(&reader->pending, 256, len + 1, pool);
}

apr_status_t okapi__rtf_read(okapi_binary_t rtf, okapi__rtf_mode_e mode,
                             const okapi__rtf_sink_t *sink, apr_pool_t *scratch_pool)
{
    okapi__rtf_reader_t reader = {.mode = mode, .sink = sink};
    okapi__rtf_token_t token;
    int goes_on = 1;
    apr_status_t rv = APR_SUCCESS;
    if (!okapi__rtf_begin(&rtf))
        return OKAPI_EFORMAT;
    reader_init(&reader, rtf.len, scratch_pool);
    while (rv == APR_SUCCESS && goes_on) {
        okapi__rtf_next(&token, &rtf);
        switch (token.kind) {
        case OKAPI__RTF_OPEN:
            rv = open_group(&reader);
            break;
        case OKAPI__RTF_CLOSE:
        case OKAPI__RTF_END: /* before what is open is closed */
            goes_on = close_group(&reader);
            break;
        default:
            content(&reader, &token);
        }
    }
    return rv;
}
