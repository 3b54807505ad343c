/* body.c - which parts are the message's body, and that body as PR_BODY and PR_HTML. */
#include "converter.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "charset.h"
#include "html.h"

/* A stretch of the body with its two forms, each an array of text parts; NULL if it lacks one. */
typedef struct piece_t {
    apr_array_header_t *text;
    apr_array_header_t *html;
} piece_t;

/* ---- which parts ---- */

typedef struct collector_t {
    okapi__draft_t *draft;
    okapi__content_t *content;
    int is_first;     /* nothing came before the part looked at */
    int is_body_done; /* text from here on is an attachment */
} collector_t;

const char *okapi__part_filename(okapi__draft_t *draft, const okapi__entity_t *entity)
{
    static const char *const places[][2] = {{"Content-Disposition", "filename"},
                                            {"Content-Type", "name"}};
    for (int i = 0; i < 2; i++) {
        okapi__field_t field;
        if (!okapi__field_find(entity->headers, entity->eol, places[i][0], &field))
            continue;
        char *name = okapi__header_param(field.value, places[i][1], draft->charset,
                                         draft->mime->scratch_pool);
        for (char *p = name; p && *p; p++) {
            if (apr_iscntrl(*p))
                *p = ' ';
            if (*p == '/' || *p == '\\')
                name = p + 1;
        }
        if (name && name[strspn(name, ". ")])
            return name;
    }
    return NULL;
}

static int is_attachment(const okapi__entity_t *entity)
{
    okapi__field_t field;
    if (!okapi__field_find(entity->headers, entity->eol, "Content-Disposition", &field))
        return 0;
    apr_size_t i = 0;
    while (i < field.value.len && apr_isspace(field.value.data[i]))
        i++;
    return field.value.len - i >= 10 &&
           strncasecmp((const char *)field.value.data + i, "attachment", 10) == 0;
}

/* Text that isn't sent as a file. A name alone makes a file only of what isn't the first part. */
static int is_body(collector_t *c, const okapi__entity_t *entity)
{
    return entity->kind == OKAPI__ENTITY_LEAF && !c->is_body_done &&
           (okapi__entity_is(entity, "text", "plain") ||
            okapi__entity_is(entity, "text", "html")) &&
           !is_attachment(entity) && (c->is_first || !okapi__part_filename(c->draft, entity));
}

static void add_attachment(collector_t *c, const okapi__entity_t *entity)
{
    APR_ARRAY_PUSH(c->content->attachments, const okapi__entity_t *) = entity;
}

static void collect(collector_t *c, const okapi__entity_t *entity, apr_array_header_t *pieces);

/* All of PIECES in one form, the other standing in where it is missing. */
static apr_array_header_t *flatten(const apr_array_header_t *pieces, int is_html, apr_pool_t *pool)
{
    apr_array_header_t *all = apr_array_make(pool, 2, sizeof(okapi__entity_t *));
    for (int i = 0; i < pieces->nelts; i++) {
        const piece_t *piece = &APR_ARRAY_IDX(pieces, i, piece_t);
        const apr_array_header_t *form = is_html ? piece->html : piece->text;
        if (!form)
            form = is_html ? piece->text : piece->html;
        apr_array_cat(all, form);
    }
    return all;
}

static int has_html(const apr_array_header_t *pieces)
{
    for (int i = 0; i < pieces->nelts; i++)
        if (APR_ARRAY_IDX(pieces, i, piece_t).html)
            return 1;
    return 0;
}

/* The first child that is text and the first with HTML make one piece; others are attached. */
static void collect_alternative(collector_t *c, const okapi__entity_t *entity,
                                apr_array_header_t *pieces)
{
    apr_pool_t *pool = c->draft->mime->scratch_pool;
    apr_array_header_t *marked_up = NULL; /* the first child with HTML */
    piece_t piece = {NULL, NULL};
    for (const okapi__entity_t *child = entity->first; child; child = child->next) {
        apr_array_header_t *found = apr_array_make(pool, 1, sizeof(piece_t));
        collect(c, child, found);
        if (found->nelts == 0)
            continue;
        if (has_html(found) && !marked_up) {
            marked_up = found;
        } else if (!has_html(found) && !piece.text) {
            piece.text = flatten(found, 0, pool);
        } else {
            apr_array_header_t *other = flatten(found, 1, pool);
            for (int i = 0; i < other->nelts; i++)
                add_attachment(c, APR_ARRAY_IDX(other, i, okapi__entity_t *));
        }
    }
    if (marked_up) {
        piece.html = flatten(marked_up, 1, pool);
        if (!piece.text)
            piece.text = flatten(marked_up, 0, pool);
    }
    if (piece.text || piece.html)
        APR_ARRAY_PUSH(pieces, piece_t) = piece;
}

/* The root of a multipart/related: the part its start parameter names, else the first. */
static const okapi__entity_t *related_root(collector_t *c, const okapi__entity_t *entity)
{
    apr_pool_t *pool = c->draft->mime->scratch_pool;
    okapi__field_t field, id;
    char *start = NULL;
    if (okapi__field_find(entity->headers, entity->eol, "Content-Type", &field))
        start = okapi__header_param(field.value, "start", NULL, pool);
    for (const okapi__entity_t *child = entity->first; start && child; child = child->next)
        if (okapi__field_find(child->headers, child->eol, "Content-ID", &id) &&
            strcmp(okapi__header_text(id.value, NULL, pool), start) == 0)
            return child;
    return entity->first;
}

/* One child is for reading; the others belong to it (images, signature, report). */
static void collect_led(collector_t *c, const okapi__entity_t *entity,
                        const okapi__entity_t *leader, apr_array_header_t *pieces)
{
    int was_done = c->is_body_done, n = pieces->nelts;
    collect(c, leader, pieces);
    if (pieces->nelts > n)
        c->is_body_done = 1;
    for (const okapi__entity_t *child = entity->first; child; child = child->next)
        if (child != leader)
            collect(c, child, pieces);
    c->is_body_done = was_done;
}

static void collect(collector_t *c, const okapi__entity_t *entity, apr_array_header_t *pieces)
{
    if (entity->kind != OKAPI__ENTITY_MULTIPART) {
        if (is_body(c, entity)) {
            apr_array_header_t *form =
                apr_array_make(c->draft->mime->scratch_pool, 1, sizeof(okapi__entity_t *));
            APR_ARRAY_PUSH(form, const okapi__entity_t *) = entity;
            piece_t *piece = apr_array_push(pieces);
            piece->text = okapi__entity_is(entity, "text", "plain") ? form : NULL;
            piece->html = piece->text ? NULL : form;
        } else {
            add_attachment(c, entity);
        }
        c->is_first = 0;
    } else if (strcmp(entity->subtype, "alternative") == 0) {
        collect_alternative(c, entity, pieces);
    } else if (strcmp(entity->subtype, "related") == 0) {
        collect_led(c, entity, related_root(c, entity), pieces);
    } else if (strcmp(entity->subtype, "signed") == 0 || strcmp(entity->subtype, "report") == 0) {
        collect_led(c, entity, entity->first, pieces);
    } else {
        for (const okapi__entity_t *child = entity->first; child; child = child->next)
            collect(c, child, pieces);
    }
}

okapi__content_t *okapi__content_of(okapi__draft_t *draft, const okapi__entity_t *root)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    okapi__content_t *content = apr_pcalloc(pool, sizeof(*content));
    content->pieces = apr_array_make(pool, 2, sizeof(piece_t));
    content->attachments = apr_array_make(pool, 4, sizeof(okapi__entity_t *));
    content->decoded = apr_hash_make(pool);
    collector_t collector = {draft, content, 1, 0};
    collect(&collector, root, content->pieces);
    return content;
}

/* ---- text of a part ---- */

static const char *type_param(const okapi__entity_t *entity, const char *name, apr_pool_t *pool)
{
    okapi__field_t field;
    if (!okapi__field_find(entity->headers, entity->eol, "Content-Type", &field))
        return NULL;
    return okapi__header_param(field.value, name, NULL, pool);
}

static const okapi__charset_t *part_charset(const okapi__entity_t *entity, okapi_binary_t content,
                                            apr_pool_t *pool)
{
    const char *declared = type_param(entity, "charset", pool);
    if (declared)
        declared = apr_pstrmemdup(pool, declared, strcspn(declared, " ("));
    const char *hint = NULL;
    if (strcmp(entity->subtype, "html") == 0)
        hint = okapi__html_charset(content, pool);
    return okapi__charset_of(content, declared, hint);
}

/* One line of format=flowed text (RFC 3676 4). */
typedef struct flowed_line_t {
    int quotes;
    const char *text;
    apr_size_t len;
    int is_signature;
} flowed_line_t;

static flowed_line_t flowed_line(const char *p, const char *end)
{
    flowed_line_t line = {0};
    while (p < end && *p == '>') {
        line.quotes++;
        p++;
    }
    if (p < end && *p == ' ') /* space-stuffing */
        p++;
    line.text = p;
    line.len = (apr_size_t)(end - p);
    line.is_signature = line.len == 3 && memcmp(p, "-- ", 3) == 0;
    return line;
}

static const char *next_or_end(const char *p, int c, const char *end)
{
    const char *found = memchr(p, c, (apr_size_t)(end - p));
    return found ? found : end;
}

/* Appends TEXT with CRLF line ends, whatever they were; flowed paragraphs become one line. */
static void write_lines(okapi_writer_t *out, const char *text, apr_size_t len, int is_flowed,
                        int is_delsp)
{
    const char *p = text, *end = text + len, *feed = text;
    int flowing = -1; /* quote depth of the paragraph that goes on, or -1 */
    while (p < end) {
        if (p >= feed) /* in text of nothing but CRs, the one search for it is enough */
            feed = next_or_end(p, '\n', end);
        const char *stop = next_or_end(p, '\r', feed);
        int is_last = stop == end;
        const char *next =
            is_last ? end : stop + 1 + (*stop == '\r' && stop + 1 < end && stop[1] == '\n');
        flowed_line_t line = {0, p, (apr_size_t)(stop - p), 0};
        if (is_flowed)
            line = flowed_line(p, stop);
        if (flowing >= 0 && (flowing != line.quotes || line.is_signature)) {
            okapi_write_bytes(out, "\r\n", 2);
            flowing = -1;
        }
        if (flowing < 0 && is_flowed) {
            for (int i = 0; i < line.quotes; i++)
                okapi_write_u8(out, '>');
            if (line.quotes)
                okapi_write_u8(out, ' ');
        }
        int flows = is_flowed && line.len && line.text[line.len - 1] == ' ' && !line.is_signature;
        okapi_write_bytes(out, line.text, line.len - (flows && is_delsp));
        flowing = flows && !is_last ? line.quotes : -1;
        if (!flows && !is_last)
            okapi_write_bytes(out, "\r\n", 2);
        p = next;
    }
}

typedef struct decoded_t {
    const okapi__entity_t *entity;
    const okapi__charset_t *charset;
    okapi_binary_t content; /* as it was sent */
    char *text;             /* as UTF-8 */
    apr_size_t len;
} decoded_t;

/* Once for each part, though it may be shown as text and as HTML. */
static const decoded_t *decode_part(okapi__content_t *content, const okapi__entity_t *entity,
                                    apr_pool_t *pool)
{
    decoded_t *d = apr_hash_get(content->decoded, &entity, sizeof(entity));
    if (d)
        return d;
    d = apr_palloc(pool, sizeof(*d));
    d->entity = entity;
    d->content = okapi__entity_content(entity, pool);
    d->charset = part_charset(entity, d->content, pool);
    d->text = okapi__charset_decode(d->charset, d->content, &d->len, pool);
    apr_hash_set(content->decoded, &d->entity, sizeof(d->entity), d);
    return d;
}

static int is_empty_text(const okapi_writer_t *out)
{
    for (apr_size_t i = 0; i < out->len; i++)
        if (!apr_isspace(out->data[i]))
            return 0;
    return 1;
}

/* A writer for PARTS. Text becomes at most 3 times longer as UTF-8, and 6 times again as HTML. */
static void writer_for(okapi_writer_t *out, const apr_array_header_t *parts, apr_pool_t *pool)
{
    apr_size_t len = 0;
    for (int i = 0; i < parts->nelts; i++)
        len += APR_ARRAY_IDX(parts, i, okapi__entity_t *)->body.len + 64;
    okapi_writer_init(out, len + len / 8, len * 20, pool);
}

static void end_line(okapi_writer_t *out)
{
    if (out->len && out->data[out->len - 1] != '\n')
        okapi_write_bytes(out, "\r\n", 2);
}

/* PARTS one below the other as plain text. */
static okapi_writer_t render_text(okapi__content_t *content, const apr_array_header_t *parts,
                                  apr_pool_t *pool)
{
    okapi_writer_t out;
    writer_for(&out, parts, pool);
    for (int i = 0; i < parts->nelts; i++) {
        const okapi__entity_t *entity = APR_ARRAY_IDX(parts, i, okapi__entity_t *);
        const decoded_t *d = decode_part(content, entity, pool);
        end_line(&out);
        if (strcmp(entity->subtype, "html") == 0) {
            apr_size_t len;
            const char *text = okapi__html_to_text(d->text, d->len, &len, pool);
            write_lines(&out, text, len, 0, 0);
        } else {
            const char *format = type_param(entity, "format", pool);
            const char *delsp = type_param(entity, "delsp", pool);
            write_lines(&out, d->text, d->len, format && strcasecmp(format, "flowed") == 0,
                        delsp && strcasecmp(delsp, "yes") == 0);
        }
    }
    return out;
}

/* PARTS one below the other as HTML in UTF-8. */
static okapi_writer_t render_html(okapi__content_t *content, const apr_array_header_t *parts,
                                  apr_pool_t *pool)
{
    okapi_writer_t out;
    writer_for(&out, parts, pool);
    for (int i = 0; i < parts->nelts; i++) {
        const okapi__entity_t *entity = APR_ARRAY_IDX(parts, i, okapi__entity_t *);
        if (strcmp(entity->subtype, "html") == 0) {
            const decoded_t *d = decode_part(content, entity, pool);
            okapi_write_bytes(&out, d->text, d->len);
            continue;
        }
        apr_array_header_t *one = apr_array_make(pool, 1, sizeof(okapi__entity_t *));
        APR_ARRAY_PUSH(one, const okapi__entity_t *) = entity;
        okapi_writer_t text = render_text(content, one, pool);
        apr_size_t len;
        const char *html = okapi__html_from_text((const char *)text.data, text.len, &len, pool);
        okapi_write_bytes(&out, "<div>", 5);
        okapi_write_bytes(&out, html, len);
        okapi_write_bytes(&out, "</div>\r\n", 8);
    }
    return out;
}

/* ---- the properties ---- */

/* Tells that the body VALUE is what PARTS consists of, which needn't be kept twice then. */
static void keep_part(okapi__draft_t *draft, const apr_array_header_t *parts, okapi_binary_t value)
{
    if (parts->nelts != 1)
        return;
    const okapi__entity_t *entity = APR_ARRAY_IDX(parts, 0, okapi__entity_t *);
    okapi_binary_t body = entity->body;
    if (body.len == value.len && memcmp(body.data, value.data, body.len) == 0)
        value = body;
    else if (entity->transfer == OKAPI__TRANSFER_BASE64)
        value.data = apr_pmemdup(draft->mime->result_pool, value.data, value.len);
    else
        return;
    okapi__mime_keep_part(draft->mime, body, value, 0);
}

/* PR_HTML: the bytes of a single part as they are if clients can be told their code page, else
 * UTF-8. Returns the code page. */
static int put_html(okapi__draft_t *draft, okapi__content_t *content,
                    const apr_array_header_t *parts)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    if (parts->nelts == 1) {
        const decoded_t *d = decode_part(content, APR_ARRAY_IDX(parts, 0, okapi__entity_t *), pool);
        content->html = d->text;
        content->html_len = d->len;
        int is_told = d->charset->codepage != 0;
        okapi_binary_t text = {(const unsigned char *)d->text, d->len};
        okapi_binary_t html = is_told ? d->content : text;
        okapi__draft_put(draft, okapi_propval_bin(PR_HTML, html.data, html.len));
        keep_part(draft, parts, html);
        return is_told ? d->charset->codepage : 65001;
    }
    okapi_writer_t out = render_html(content, parts, pool);
    content->html = (const char *)out.data;
    content->html_len = out.len;
    okapi__draft_put(draft, okapi_propval_bin(PR_HTML, out.data, out.len));
    return 65001;
}

/* Code page of text that is a single part; that of UTF-8 otherwise. */
static int text_codepage(okapi__content_t *content, const apr_array_header_t *parts,
                         apr_pool_t *pool)
{
    if (parts->nelts != 1)
        return 65001;
    const decoded_t *d = decode_part(content, APR_ARRAY_IDX(parts, 0, okapi__entity_t *), pool);
    return d->charset->codepage ? d->charset->codepage : 65001;
}

void okapi__draft_body(okapi__draft_t *draft, okapi__content_t *content)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    if (content->pieces->nelts == 0)
        return;
    apr_array_header_t *texts = flatten(content->pieces, 0, pool);
    int is_html = has_html(content->pieces);
    int codepage = is_html ? put_html(draft, content, flatten(content->pieces, 1, pool))
                           : text_codepage(content, texts, pool);

    okapi_writer_t text = render_text(content, texts, pool);
    if (is_html && is_empty_text(&text))
        text = render_text(content, flatten(content->pieces, 1, pool), pool);
    keep_part(draft, texts, (okapi_binary_t){text.data, text.len});
    okapi_write_u8(&text, 0);
    okapi__draft_put_str(draft, PR_BODY, (const char *)text.data);
    okapi__draft_put(draft, okapi_propval_i32(PR_INTERNET_CPID, codepage));
}
