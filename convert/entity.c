/* entity.c - the tree of a message's MIME entities (RFC 2046 5.1), in one bounded pass. */
#include "entity.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "header.h"

/* A multipart or message that is open at the place being read. */
typedef struct frame_t {
    okapi__entity_t *entity;
    okapi_binary_t boundary; /* empty for a message */
    int is_closed;           /* its closing delimiter was seen: what follows is its epilogue */
} frame_t;

typedef struct scan_t {
    const unsigned char *p, *end;
    char eol;
    frame_t *stack;
    int depth;
    okapi__entity_t *leaf; /* whose body is being read, or NULL */
    okapi__entity_limits_t *limits;
    apr_pool_t *pool;
} scan_t;

/* ---- lines ---- */

/* The line at P without its end; *NEXT is behind it. */
static okapi_binary_t line_at(const scan_t *scan, const unsigned char *p,
                              const unsigned char **next)
{
    const unsigned char *nl = memchr(p, scan->eol, (apr_size_t)(scan->end - p));
    okapi_binary_t line = {p, (apr_size_t)((nl ? nl : scan->end) - p)};
    *next = nl ? nl + 1 : scan->end;
    while (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* P without the line end before it, which belongs to the delimiter that begins at P. */
static const unsigned char *before_delimiter(const unsigned char *p, const unsigned char *start,
                                             char eol)
{
    if (p > start && p[-1] == (unsigned char)eol) {
        p--;
        if (eol == '\n' && p > start && p[-1] == '\r')
            p--;
    }
    return p;
}

char okapi__entity_eol(okapi_binary_t raw)
{
    return raw.len && !memchr(raw.data, '\n', raw.len) && memchr(raw.data, '\r', raw.len) ? '\r'
                                                                                          : '\n';
}

/* ---- header sections ---- */

/* The header section at *REST, moving *REST behind the empty line that ends it. Where a line is
 * no header the section ends and the body begins with that line: the empty line was forgotten. */
static okapi_binary_t header_section(okapi_binary_t *rest, char eol, apr_size_t max)
{
    okapi_binary_t section = {rest->data, 0};
    okapi__field_t field;
    while (section.len <= max && okapi__field_next(rest, eol, &field))
        section.len = (apr_size_t)(rest->data - section.data);

    const unsigned char *p = rest->data, *end = p + rest->len;
    while (p < end && *p == '\r' && eol == '\n')
        p++;
    if (p < end && *p == (unsigned char)eol) {
        rest->data = p + 1;
        rest->len = (apr_size_t)(end - rest->data);
    }
    return section;
}

apr_size_t okapi__entity_header_size(okapi_binary_t raw, apr_size_t max)
{
    char eol = okapi__entity_eol(raw);
    return header_section(&raw, eol, max).len;
}

/* ---- what an entity is ---- */

/* Type and subtype of ENTITY, and of a multipart the boundary. A missing or malformed type is
 * text/plain, in a digest message/rfc822 (RFC 2046 5.1.5). */
static void classify(okapi__entity_t *entity, char **boundary, apr_pool_t *pool)
{
    okapi__field_t field;
    *boundary = NULL;
    if (okapi__field_find(entity->headers, entity->eol, "Content-Transfer-Encoding", &field))
        entity->transfer = okapi__transfer_by_name(okapi__header_text(field.value, NULL, pool));
    if (okapi__field_find(entity->headers, entity->eol, "Content-Type", &field)) {
        char *type = okapi__header_text(field.value, NULL, pool);
        type[strcspn(type, "; \t,")] = '\0';
        for (char *p = type; *p; p++)
            *p = (char)apr_tolower(*p);
        char *slash = strchr(type, '/');
        if (slash && slash > type && slash[1]) {
            *slash = '\0';
            entity->type = type;
            entity->subtype = slash + 1;
            if (strcmp(type, "multipart") == 0)
                *boundary = okapi__header_param(field.value, "boundary", NULL, pool);
            return;
        }
    }
    int is_digest = entity->parent && okapi__entity_is(entity->parent, "multipart", "digest");
    entity->type = is_digest ? "message" : "text";
    entity->subtype = is_digest ? "rfc822" : "plain";
}

static int is_message(const okapi__entity_t *entity)
{
    return strcmp(entity->type, "message") == 0 &&
           (strcmp(entity->subtype, "rfc822") == 0 || strcmp(entity->subtype, "global") == 0 ||
            strcmp(entity->subtype, "news") == 0);
}

/* ---- the pass ---- */

static okapi__entity_t *add_entity(scan_t *scan, okapi__entity_t *parent)
{
    okapi__entity_t *entity = apr_pcalloc(scan->pool, sizeof(*entity));
    entity->eol = scan->eol;
    entity->parent = parent;
    if (parent) {
        if (parent->last)
            parent->last->next = entity;
        else
            parent->first = entity;
        parent->last = entity;
    }
    scan->limits->parts_left--;
    return entity;
}

static void push(scan_t *scan, okapi__entity_t *entity, const char *boundary)
{
    frame_t *frame = &scan->stack[scan->depth++];
    frame->entity = entity;
    frame->boundary.data = (const unsigned char *)boundary;
    frame->boundary.len = boundary ? strlen(boundary) : 0;
    frame->is_closed = 0;
}

/* The entity that begins here, and the messages that begin with it, up to a body. */
static okapi__entity_t *open_entity(scan_t *scan, okapi__entity_t *parent)
{
    okapi__entity_t *first = NULL;
    for (;;) {
        okapi__entity_t *entity = add_entity(scan, parent);
        okapi_binary_t rest = {scan->p, (apr_size_t)(scan->end - scan->p)};
        entity->headers = header_section(&rest, scan->eol, scan->limits->max_header);
        entity->body.data = scan->p = rest.data;
        char *boundary;
        classify(entity, &boundary, scan->pool);
        if (!first)
            first = entity;

        int is_container = (boundary && *boundary) ||
                           (is_message(entity) && entity->transfer == OKAPI__TRANSFER_IDENTITY);
        if (is_container && scan->depth == scan->limits->max_depth) {
            entity->kind = OKAPI__ENTITY_OPAQUE;
            scan->limits->was_cut = 1;
            is_container = 0;
        }
        if (!is_container) {
            scan->leaf = entity;
            return first;
        }
        push(scan, entity, boundary);
        scan->leaf = NULL;
        if (boundary) {
            entity->kind = OKAPI__ENTITY_MULTIPART;
            return first;
        }
        entity->kind = OKAPI__ENTITY_MESSAGE;
        parent = entity;
    }
}

/* Everything above DEPTH ends at P. */
static void close_to(scan_t *scan, int depth, const unsigned char *p)
{
    if (scan->leaf) {
        okapi_binary_t *body = &scan->leaf->body;
        body->len = p > body->data ? (apr_size_t)(p - body->data) : 0;
        scan->leaf = NULL;
    }
    while (scan->depth > depth) {
        okapi_binary_t *body = &scan->stack[--scan->depth].entity->body;
        body->len = p > body->data ? (apr_size_t)(p - body->data) : 0;
    }
}

/* Whose delimiter LINE is: the innermost frame's number, or -1. */
static int delimiter_of(const scan_t *scan, okapi_binary_t line, int *is_closing)
{
    if (line.len < 3 || line.data[0] != '-' || line.data[1] != '-')
        return -1;
    while (line.len && okapi__is_blank(line.data[line.len - 1]))
        line.len--;
    for (int i = scan->depth - 1; i >= 0; i--) {
        const frame_t *frame = &scan->stack[i];
        apr_size_t n = frame->boundary.len;
        if (n == 0 || frame->is_closed || line.len < n + 2 ||
            memcmp(line.data + 2, frame->boundary.data, n) != 0)
            continue;
        *is_closing = line.len == n + 4 && memcmp(line.data + n + 2, "--", 2) == 0;
        if (line.len == n + 2 || *is_closing)
            return i;
    }
    return -1;
}

/* Too many parts: all from P on stays in one opaque entity of the outermost multipart. */
static void cut(scan_t *scan, const unsigned char *p)
{
    int i = 0;
    while (scan->stack[i].boundary.len == 0)
        i++;
    close_to(scan, i + 1, p);
    okapi__entity_t *rest = add_entity(scan, scan->stack[i].entity);
    rest->kind = OKAPI__ENTITY_OPAQUE;
    rest->type = "text";
    rest->subtype = "plain";
    rest->headers.data = rest->body.data = p;
    scan->limits->was_cut = 1;
    scan->leaf = rest;
    scan->p = scan->end;
}

static void read_bodies(scan_t *scan)
{
    while (scan->p < scan->end && scan->depth) {
        const unsigned char *start = scan->p;
        int is_closing = 0;
        okapi_binary_t line = line_at(scan, start, &scan->p);
        int i = delimiter_of(scan, line, &is_closing);
        if (i < 0)
            continue;
        if (!is_closing && scan->limits->parts_left <= 0) {
            cut(scan, start);
            return;
        }
        okapi__entity_t *multipart = scan->stack[i].entity;
        close_to(scan, i + 1, before_delimiter(start, multipart->body.data, scan->eol));
        if (is_closing)
            scan->stack[i].is_closed = 1;
        else
            open_entity(scan, multipart);
    }
}

/* A multipart without a boundary, or whose boundary never came, is text as it stands. */
static void settle(okapi__entity_t *entity)
{
    if (okapi__entity_is(entity, "multipart", NULL) && !entity->first &&
        entity->kind != OKAPI__ENTITY_OPAQUE) {
        entity->kind = OKAPI__ENTITY_LEAF;
        entity->type = "text";
        entity->subtype = "plain";
    }
    for (okapi__entity_t *child = entity->first; child; child = child->next)
        settle(child);
}

okapi__entity_t *okapi__entity_parse(okapi_binary_t raw, okapi__entity_limits_t *limits,
                                     apr_pool_t *result_pool)
{
    scan_t scan = {raw.data, raw.data + raw.len, okapi__entity_eol(raw)};
    scan.limits = limits;
    scan.pool = result_pool;
    scan.stack = apr_palloc(result_pool, sizeof(frame_t) * ((apr_size_t)limits->max_depth + 1));
    okapi__entity_t *root = open_entity(&scan, NULL);
    read_bodies(&scan);
    close_to(&scan, 0, scan.end);
    settle(root);
    return root;
}

/* ---- reading it ---- */

int okapi__entity_is(const okapi__entity_t *entity, const char *type, const char *subtype)
{
    return strcmp(entity->type, type) == 0 && (!subtype || strcmp(entity->subtype, subtype) == 0);
}

okapi_binary_t okapi__entity_content(const okapi__entity_t *entity, apr_pool_t *result_pool)
{
    return okapi__transfer_decode(entity->transfer, entity->body, result_pool);
}

okapi_binary_t okapi__entity_bytes(const okapi__entity_t *entity)
{
    const unsigned char *end = entity->body.data + entity->body.len;
    okapi_binary_t bytes = {entity->headers.data, (apr_size_t)(end - entity->headers.data)};
    return bytes;
}
