/* attach.c - parts as attachments: MS-OXCMAIL 2.2.3.4. */
#include "converter.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "html.h"

enum { ATT_MHTML_REF = 4 }; /* PR_ATTACH_FLAGS, MS-OXCMSG 2.2.2.18 */

/* One attachment on its way. */
typedef struct item_t {
    const okapi__entity_t *entity;
    int number;           /* from 1 */
    const char *filename; /* as given, or NULL */
    const char *content_id;
    const char *location;
    int is_shown; /* the HTML body refers to it */
} item_t;

static const char *field_text(okapi__draft_t *draft, const okapi__entity_t *entity,
                              const char *name)
{
    okapi__field_t field;
    if (!okapi__field_find(entity->headers, entity->eol, name, &field))
        return NULL;
    const char *text = okapi__header_text(field.value, draft->charset, draft->mime->scratch_pool);
    return *text ? text : NULL;
}

/* "<id>" without its brackets. */
static const char *content_id(okapi__draft_t *draft, const okapi__entity_t *entity)
{
    const char *text = field_text(draft, entity, "Content-ID");
    if (!text)
        return NULL;
    text += *text == '<';
    return apr_pstrmemdup(draft->mime->scratch_pool, text, strcspn(text, "> "));
}

/* ---- names ---- */

/* The extension of a file that has no name, by its type. */
static const char *extension_of(const okapi__entity_t *entity)
{
    static const struct {
        const char *type, *subtype, *extension;
    } extensions[] = {
        {"application", "ms-tnef", ".dat"},
        {"application", "msword", ".doc"},
        {"application", "pdf", ".pdf"},
        {"application", "pgp-signature", ".asc"},
        {"application", "pkcs7-mime", ".p7m"},
        {"application", "pkcs7-signature", ".p7s"},
        {"application", "rtf", ".rtf"},
        {"application", "x-pkcs7-mime", ".p7m"},
        {"application", "x-pkcs7-signature", ".p7s"},
        {"application", "zip", ".zip"},
        {"audio", "mpeg", ".mp3"},
        {"audio", "wav", ".wav"},
        {"image", "bmp", ".bmp"},
        {"image", "gif", ".gif"},
        {"image", "jpeg", ".jpg"},
        {"image", "jpg", ".jpg"},
        {"image", "png", ".png"},
        {"image", "tiff", ".tif"},
        {"message", NULL, ".eml"},
        {"multipart", NULL, ".eml"},
        {"text", "calendar", ".ics"},
        {"text", "csv", ".csv"},
        {"text", "html", ".htm"},
        {"text", "vcard", ".vcf"},
        {"text", "x-vcard", ".vcf"},
        {"text", "xml", ".xml"},
        {"text", NULL, ".txt"},
    };
    for (apr_size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        if (okapi__entity_is(entity, extensions[i].type, extensions[i].subtype))
            return extensions[i].extension;
    return ".bin";
}

/* NAME in DOS's form, as MS-OXCMSG 2.2.2.11 wants it for old clients. */
static const char *short_name(const char *name, apr_pool_t *pool)
{
    const char *dot = strrchr(name, '.');
    apr_size_t stem_len = dot && dot > name ? (apr_size_t)(dot - name) : strlen(name);
    char stem[9], extension[4];
    apr_size_t n = 0, m = 0;
    int is_cut = 0;
    for (apr_size_t i = 0; i < stem_len; i++) {
        if (!apr_isalnum(name[i]) && name[i] != '_' && name[i] != '-') {
            is_cut = 1;
            continue;
        }
        if (n == 8) {
            is_cut = 1;
            break;
        }
        stem[n++] = name[i];
    }
    for (const char *p = dot && dot > name ? dot + 1 : ""; *p && m < 3; p++)
        if (apr_isalnum(*p))
            extension[m++] = *p;
    if (is_cut || n == 0) {
        if (n == 0)
            stem[n++] = '_';
        n = n > 6 ? 6 : n;
        stem[n++] = '~';
        stem[n++] = '1';
    }
    stem[n] = extension[m] = '\0';
    return apr_pstrcat(pool, stem, m ? "." : "", extension, NULL);
}

static void put(apr_array_header_t *values, okapi_propval_t value)
{
    APR_ARRAY_PUSH(values, okapi_propval_t) = value;
}

static void put_names(const item_t *item, apr_array_header_t *values, apr_pool_t *pool)
{
    const char *name = item->filename;
    if (!name)
        name = apr_psprintf(pool, "ATT%05d%s", item->number, extension_of(item->entity));
    const char *dot = strrchr(name, '.');
    put(values, okapi_propval_str(PR_ATTACH_LONG_FILENAME, name));
    put(values, okapi_propval_str(PR_ATTACH_FILENAME, short_name(name, pool)));
    put(values, okapi_propval_str(PR_DISPLAY_NAME, name));
    if (dot)
        put(values, okapi_propval_str(PR_ATTACH_EXTENSION, dot));
}

/* ---- one attachment ---- */

/* Another form of the body's text, which nobody misses. An invitation is one too, but to be seen.
 */
static int is_spare(const item_t *item)
{
    const okapi__entity_t *entity = item->entity;
    return entity->parent && okapi__entity_is(entity->parent, "multipart", "alternative") &&
           okapi__entity_is(entity, "text", NULL) &&
           !okapi__entity_is(entity, "text", "calendar") && !item->filename;
}

/* What every kind has. */
static void put_common(okapi__draft_t *draft, const item_t *item, apr_array_header_t *values)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    const okapi__entity_t *entity = item->entity;
    int is_whole = entity->kind == OKAPI__ENTITY_OPAQUE; /* then it is a message by itself */
    put(values,
        okapi_propval_str(PR_ATTACH_MIME_TAG,
                          is_whole ? "message/rfc822"
                                   : apr_pstrcat(pool, entity->type, "/", entity->subtype, NULL)));
    put(values, okapi_propval_i32(PR_RENDERING_POSITION, -1)); /* not in the text */
    if (item->content_id)
        put(values, okapi_propval_str(PR_ATTACH_CONTENT_ID, item->content_id));
    if (item->location)
        put(values, okapi_propval_str(PR_ATTACH_CONTENT_LOCATION, item->location));
    if (item->is_shown)
        put(values, okapi_propval_i32(PR_ATTACH_FLAGS, ATT_MHTML_REF));

    put(values, okapi_propval_bool(PR_ATTACHMENT_HIDDEN, item->is_shown || is_spare(item)));
}

static apr_status_t add_file(okapi__draft_t *draft, const item_t *item)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    const okapi__entity_t *entity = item->entity;
    apr_array_header_t *values = apr_array_make(pool, 12, sizeof(okapi_propval_t));
    okapi_attachment_t *attachment = okapi_attachment_create(draft->message, ATTACH_BY_VALUE);
    okapi_binary_t data;
    if (entity->kind == OKAPI__ENTITY_OPAQUE && !okapi__entity_is(entity, "message", NULL)) {
        data = okapi__entity_bytes(entity);
        okapi__mime_keep_part(draft->mime, data, data, 0);
    } else {
        data = okapi__entity_content(entity, draft->mime->result_pool);
        okapi__mime_keep_part(draft->mime, entity->body, data, 0);
    }
    okapi_attachment_set_data(attachment, data);

    put_common(draft, item, values);
    put_names(item, values, pool);
    put(values, okapi_propval_bin(PR_ATTACH_ENCODING, "", 0)); /* not MacBinary */
    okapi__field_t field;
    if (okapi__entity_is(entity, "text", NULL) &&
        okapi__field_find(entity->headers, entity->eol, "Content-Type", &field)) {
        const char *charset = okapi__header_param(field.value, "charset", NULL, pool);
        if (charset && *charset)
            put(values, okapi_propval_str(PR_TEXT_ATTACHMENT_CHARSET, charset));
    }
    return okapi_object_set(okapi_attachment_object(attachment),
                            (const okapi_propval_t *)values->elts, values->nelts, pool);
}

static int depth_of(const okapi__draft_t *draft, const okapi__entity_t *entity)
{
    int depth = draft->depth;
    while (entity != draft->root && entity->parent) {
        entity = entity->parent;
        depth++;
    }
    return depth;
}

/* The message ROOT, itself inside DEPTH containers, as an embedded message. */
static apr_status_t add_message(okapi__draft_t *draft, const item_t *item,
                                const okapi__entity_t *root, int depth)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    okapi_attachment_t *attachment = okapi_attachment_create(draft->message, ATTACH_EMBEDDED_MSG);
    okapi_message_t *embedded = okapi_attachment_create_embedded(attachment);
    apr_status_t status = okapi__draft_fill(draft->mime, embedded, root, depth);
    if (status != APR_SUCCESS)
        return status;

    apr_array_header_t *values = apr_array_make(pool, 8, sizeof(okapi_propval_t));
    okapi__field_t field;
    const char *subject = "";
    if (okapi__field_find(root->headers, root->eol, "Subject", &field))
        subject = okapi__header_text(field.value, draft->charset, pool);
    put_common(draft, item, values);
    put(values, okapi_propval_str(PR_DISPLAY_NAME, subject));
    if (item->filename)
        put(values, okapi_propval_str(PR_ATTACH_LONG_FILENAME, item->filename));
    return okapi_object_set(okapi_attachment_object(attachment),
                            (const okapi_propval_t *)values->elts, values->nelts, pool);
}

/* A message that was sent in a transfer encoding, which RFC 2046 5.2.1 forbids, has to be decoded
 * and parsed by itself. NULL if it lies too deep. */
static const okapi__entity_t *parse_encoded(okapi__draft_t *draft, const okapi__entity_t *entity,
                                            int depth)
{
    okapi__mime_t *mime = draft->mime;
    okapi__entity_limits_t limits = mime->limits;
    limits.max_depth -= depth;
    if (limits.max_depth <= 0 || limits.parts_left <= 0) {
        mime->limits.was_cut = 1;
        return NULL;
    }
    okapi_binary_t raw = okapi__entity_content(entity, mime->result_pool);
    const okapi__entity_t *root = okapi__entity_parse(raw, &limits, mime->scratch_pool);
    mime->limits.parts_left = limits.parts_left;
    mime->limits.was_cut |= limits.was_cut;
    return root;
}

static apr_status_t add_item(okapi__draft_t *draft, const item_t *item)
{
    const okapi__entity_t *entity = item->entity;
    const okapi__entity_t *root = NULL;
    int depth = depth_of(draft, entity) + 1;
    if (entity->kind == OKAPI__ENTITY_MESSAGE)
        root = entity->first;
    else if (entity->kind == OKAPI__ENTITY_LEAF && okapi__entity_is(entity, "message", "rfc822"))
        root = parse_encoded(draft, entity, depth);
    return root ? add_message(draft, item, root, depth) : add_file(draft, item);
}

/* ---- all of them ---- */

apr_status_t okapi__draft_attachments(okapi__draft_t *draft, okapi__content_t *content)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    int n = content->attachments->nelts;
    item_t *items = apr_pcalloc(pool, sizeof(*items) * (apr_size_t)(n + 1));
    apr_hash_t *targets = apr_hash_make(pool);
    for (int i = 0; i < n; i++) {
        const okapi__entity_t *entity = APR_ARRAY_IDX(content->attachments, i, okapi__entity_t *);
        item_t *item = &items[i];
        item->entity = entity;
        item->number = i + 1;
        item->filename = okapi__part_filename(draft, entity);
        item->content_id = content_id(draft, entity);
        item->location = field_text(draft, entity, "Content-Location");
        if (item->content_id)
            apr_hash_set(targets, apr_pstrcat(pool, "cid:", item->content_id, NULL),
                         APR_HASH_KEY_STRING, &item->is_shown);
        if (item->location)
            apr_hash_set(targets, item->location, APR_HASH_KEY_STRING, &item->is_shown);
    }
    if (content->html)
        okapi__html_mark_references(content->html, content->html_len, targets, pool);

    for (int i = 0; i < n; i++) {
        apr_status_t status = add_item(draft, &items[i]);
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}
