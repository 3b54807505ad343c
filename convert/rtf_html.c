/* rtf_html.c - a document in RTF as HTML that looks like it: paragraphs, lists, tables, and runs of
 * text with one look.
 *
 * Everything opens as late as possible and is closed in the order it was opened, so what comes out
 * nests whatever the document does.
 */
#include "rtf_html.h"

#include <stdlib.h>

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "rtf_reader.h"

enum { LEVELS = 9, SIZE_DEFAULT = 24, SIZE_MAX_HALF = 400, TWIPS = 20, PICTURE_MAX = 16 << 20 };

typedef struct html_t {
    okapi_writer_t *out;
    apr_pool_t *pool;
    int in_table, in_row, in_cell;
    int lists;            /* open ones, each with an open item */
    char ordered[LEVELS]; /* which of them are <ol> */
    int in_block;         /* a paragraph or list item is being written */
    int is_div;           /* a paragraph */
    int is_after_blank;   /* a blank here would be lost */
    const char *link;     /* that text belongs to, or NULL */
    int in_run;
    okapi__rtf_look_t look; /* of the run */
    const char *run_link;
    int attachments; /* whose places were seen */
} html_t;

static void put(html_t *h, const char *text)
{
    okapi_write_bytes(h->out, text, strlen(text));
}

static void put_escaped(html_t *h, const char *text, apr_size_t len)
{
    for (apr_size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '&':
            put(h, "&amp;");
            break;
        case '<':
            put(h, "&lt;");
            break;
        case '>':
            put(h, "&gt;");
            break;
        case '"':
            put(h, "&quot;");
            break;
        default:
            if ((unsigned char)text[i] >= ' ')
                okapi_write_u8(h->out, (unsigned char)text[i]);
        }
    }
}

/* ---- runs ---- */

static int same_look(const okapi__rtf_look_t *a, const okapi__rtf_look_t *b)
{
    return a->font == b->font && a->size == b->size && a->color == b->color &&
           a->background == b->background && a->bold == b->bold && a->italic == b->italic &&
           a->underline == b->underline && a->strike == b->strike && a->subscript == b->subscript &&
           a->superscript == b->superscript;
}

typedef struct element_t {
    const char *begin, *end;
    int is_on;
} element_t;

enum { ELEMENTS = 6 };

static void elements_of(element_t elements[ELEMENTS], const okapi__rtf_look_t *look)
{
    const element_t all[ELEMENTS] = {
        {"<b>", "</b>", look->bold},          {"<i>", "</i>", look->italic},
        {"<u>", "</u>", look->underline},     {"<s>", "</s>", look->strike},
        {"<sub>", "</sub>", look->subscript}, {"<sup>", "</sup>", look->superscript}};
    memcpy(elements, all, sizeof(all));
}

static const char *color_style(const okapi__rtf_reader_t *reader, const char *name, int number,
                               apr_pool_t *pool)
{
    int color = number ? okapi__rtf_color(reader, number) : -1;
    return color < 0 ? "" : apr_psprintf(pool, "%s:#%06x;", name, (unsigned)color);
}

static const char *size_style(int size, apr_pool_t *pool)
{
    return size == SIZE_DEFAULT || size <= 0 || size > SIZE_MAX_HALF
               ? ""
               : apr_psprintf(pool, "font-size:%d%spt;", size / 2, size % 2 ? ".5" : "");
}

/* Names of fonts come from outside: nothing of theirs may end the attribute. */
static const char *font_style(const okapi__rtf_reader_t *reader, int number, apr_pool_t *pool)
{
    char *name = apr_pstrdup(pool, okapi__rtf_font(reader, number)->name), *to = name;
    for (const char *p = name; *p; p++)
        if (apr_isalnum(*p) || *p == ' ' || *p == '-' || *p == '_' || (unsigned char)*p >= 0x80)
            *to++ = *p;
    *to = '\0';
    return *name ? apr_pstrcat(pool, "font-family:'", name, "';", NULL) : "";
}

static void open_run(html_t *h, const okapi__rtf_reader_t *reader)
{
    const okapi__rtf_look_t *look = &reader->look;
    element_t elements[ELEMENTS];
    apr_pool_t *pool;
    apr_pool_create(&pool, h->pool);
    if (h->link) {
        put(h, "<a href=\"");
        put_escaped(h, h->link, strlen(h->link));
        put(h, "\">");
    }
    put(h, "<span style=\"");
    put(h, font_style(reader, look->font, pool));
    put(h, size_style(look->size, pool));
    put(h, color_style(reader, "color", look->color, pool));
    put(h, color_style(reader, "background-color", look->background, pool));
    put(h, "\">");
    elements_of(elements, look);
    for (int i = 0; i < ELEMENTS; i++)
        if (elements[i].is_on)
            put(h, elements[i].begin);
    h->in_run = 1;
    h->look = *look;
    h->run_link = h->link;
    apr_pool_destroy(pool);
}

static void close_run(html_t *h)
{
    element_t elements[ELEMENTS];
    if (!h->in_run)
        return;
    elements_of(elements, &h->look);
    for (int i = ELEMENTS - 1; i >= 0; i--)
        if (elements[i].is_on)
            put(h, elements[i].end);
    put(h, "</span>");
    if (h->run_link)
        put(h, "</a>");
    h->in_run = 0;
}

/* ---- blocks ---- */

static void close_block(html_t *h)
{
    close_run(h);
    if (h->in_block && h->is_div)
        put(h, "</div>\r\n");
    h->in_block = h->is_div = 0;
}

static void close_lists(html_t *h, int to)
{
    for (; h->lists > to; h->lists--)
        put(h, h->ordered[h->lists - 1] ? "</li></ol>\r\n" : "</li></ul>\r\n");
}

static void close_cell(html_t *h)
{
    close_block(h);
    close_lists(h, 0);
    if (h->in_cell)
        put(h, "</td>");
    h->in_cell = 0;
}

static void close_row(html_t *h)
{
    close_cell(h);
    if (h->in_row)
        put(h, "</tr>\r\n");
    h->in_row = 0;
}

static void close_table(html_t *h)
{
    close_row(h);
    if (h->in_table)
        put(h, "</table>\r\n");
    h->in_table = 0;
}

static void open_cell(html_t *h)
{
    if (!h->in_cell) {
        close_block(h);
        close_lists(h, 0);
    }
    if (!h->in_table)
        put(h, "<table border=\"1\" cellspacing=\"0\" cellpadding=\"3\">\r\n");
    if (!h->in_row)
        put(h, "<tr>");
    if (!h->in_cell)
        put(h, "<td>");
    h->in_table = h->in_row = h->in_cell = 1;
}

/* A marker that counts: "1.", "a)", "(iv)". */
static int is_ordered(const char *marker)
{
    marker += strspn(marker, " (\t");
    apr_size_t n = 0;
    while (n < 8 && apr_isalnum(marker[n]))
        n++;
    return n > 0 && (marker[n] == '.' || marker[n] == ')');
}

static void open_item(html_t *h, const char *marker, int level)
{
    int ordered = is_ordered(marker);
    close_lists(h, level + 1);
    if (h->lists == level + 1 && h->ordered[level] != ordered)
        close_lists(h, level);
    if (h->lists == level + 1)
        put(h, "</li>\r\n");
    while (h->lists < level + 1) {
        int start = atoi(marker + strspn(marker, " (\t"));
        h->ordered[h->lists] = (char)ordered;
        if (ordered && start > 1 && h->lists == level)
            put(h, apr_psprintf(h->pool, "<ol start=\"%d\">", start));
        else
            put(h, ordered ? "<ol>" : "<ul>");
        if (++h->lists < level + 1)
            put(h, "<li>");
    }
    put(h, "<li>");
}

static void open_paragraph(html_t *h, const okapi__rtf_para_t *para)
{
    static const char *const aligns[] = {"", "text-align:center;", "text-align:right;",
                                         "text-align:justify;"};
    put(h, para->is_rtl ? "<div dir=\"rtl\"" : "<div");
    if (para->align != OKAPI__RTF_LEFT || para->indent >= TWIPS) {
        put(h, " style=\"");
        put(h, aligns[para->align]);
        if (para->indent >= TWIPS) {
            char indent[40];
            apr_snprintf(indent, sizeof(indent), "margin-left:%dpt;", para->indent / TWIPS);
            put(h, indent);
        }
        put(h, "\"");
    }
    put(h, ">");
    h->is_div = 1;
}

static void open_block(html_t *h, okapi__rtf_reader_t *reader)
{
    if (reader->para.in_table)
        open_cell(h);
    else if (h->in_table)
        close_table(h);
    if (h->in_block)
        return;
    if (reader->marker) {
        open_item(h, reader->marker, reader->para.level);
        reader->marker = NULL;
    } else {
        close_lists(h, 0);
        open_paragraph(h, &reader->para);
    }
    h->in_block = h->is_after_blank = 1;
}

/* ---- content ---- */

static void write_character(html_t *h, char c)
{
    if (c == ' ') {
        put(h, h->is_after_blank ? "&nbsp;" : " ");
    } else if (c == '\t') {
        put(h, "&emsp;");
    } else {
        put_escaped(h, &c, 1);
    }
    h->is_after_blank = c == ' ';
}

static void on_text(void *baton, okapi__rtf_reader_t *reader, const char *text, apr_size_t len)
{
    html_t *h = baton;
    open_block(h, reader);
    if (h->in_run && (!same_look(&h->look, &reader->look) || h->run_link != h->link))
        close_run(h);
    if (!h->in_run)
        open_run(h, reader);
    for (apr_size_t i = 0; i < len; i++)
        write_character(h, text[i]);
}

/* Is it a link that is safe to follow, by its scheme? */
static int is_safe(const char *link)
{
    static const char *const schemes[] = {"#",       "cid:",  "file:", "ftp:", "http:", "https:",
                                          "mailto:", "news:", "nntp:", "sip:", "tel:"};
    for (apr_size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strncasecmp(link, schemes[i], strlen(schemes[i])) == 0)
            return 1;
    return 0;
}

static void put_picture(html_t *h, okapi__rtf_reader_t *reader)
{
    apr_pool_t *pool;
    if (reader->picture.len > PICTURE_MAX)
        return;
    open_block(h, reader);
    close_run(h);
    apr_pool_create(&pool, h->pool);
    char *text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)reader->picture.len));
    apr_base64_encode_binary(text, reader->picture.data, (int)reader->picture.len);
    put(h, "<img alt=\"\" src=\"data:");
    put(h, reader->picture_type);
    put(h, ";base64,");
    put(h, text);
    put(h, "\">");
    apr_pool_destroy(pool);
    h->is_after_blank = 0;
}

static void on_event(void *baton, okapi__rtf_reader_t *reader, okapi__rtf_event_e event)
{
    html_t *h = baton;
    char place[60];
    switch (event) {
    case OKAPI__RTF_PAR:
        if (!h->in_block) {
            open_block(h, reader);
            put(h, "<br>");
        }
        close_block(h);
        break;
    case OKAPI__RTF_LINE:
        open_block(h, reader);
        put(h, "<br>\r\n");
        h->is_after_blank = 1;
        break;
    case OKAPI__RTF_CELL:
        open_cell(h);
        close_cell(h);
        break;
    case OKAPI__RTF_ROW:
        close_row(h);
        break;
    case OKAPI__RTF_LINK:
        h->link = is_safe(reader->link) ? reader->link : NULL;
        break;
    case OKAPI__RTF_LINK_END:
        h->link = NULL;
        break;
    case OKAPI__RTF_PICTURE:
        put_picture(h, reader);
        break;
    case OKAPI__RTF_ATTACHMENT:
        open_block(h, reader);
        apr_snprintf(place, sizeof(place), "<span id=\"attachment-%d\"></span>", h->attachments++);
        put(h, place);
        break;
    }
}

apr_status_t okapi__rtf_render_html(okapi_writer_t *out, okapi_binary_t rtf,
                                    apr_pool_t *scratch_pool)
{
    html_t h = {.out = out, .pool = scratch_pool};
    okapi__rtf_sink_t sink = {on_text, on_event, &h};
    put(&h, "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"></head>\r\n<body>\r\n");
    apr_status_t status = okapi__rtf_read(rtf, OKAPI__RTF_RENDER, &sink, scratch_pool);
    close_table(&h);
    put(&h, "</body></html>\r\n");
    return status;
}
