/* mime_write.c - a message as RFC 5322 / MIME: how its parts are put together, and written. */
#include "mime_write.h"

#include <string.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "entity.h"
#include "header.h"

enum { PIECE = 57 * 1024 /* bytes, whole lines of base64 */, MAX_FIELDS = 64 << 20 };

/* ---- nodes ---- */

okapi__part_t *okapi__part_create(okapi__letter_t *letter, okapi__source_e source)
{
    okapi__part_t *part = apr_pcalloc(letter->pool, sizeof(*part));
    part->source = source;
    okapi_writer_init(&part->fields, 256, MAX_FIELDS, letter->pool);
    return part;
}

okapi__part_t *okapi__part_multipart(okapi__letter_t *letter, const char *subtype)
{
    okapi__mime_out_t *out = letter->out;
    okapi__part_t *part = okapi__part_create(letter, OKAPI__SOURCE_MULTIPART);
    part->boundary = apr_psprintf(letter->pool, "%s_%d", out->boundary, ++out->boundaries);
    okapi__write_begin(&part->fields, "Content-Type",
                       apr_pstrcat(letter->pool, "multipart/", subtype, NULL));
    okapi__write_param(&part->fields, "boundary", part->boundary, letter->pool);
    return part;
}

void okapi__part_add(okapi__part_t *parent, okapi__part_t *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

void okapi__part_encode(okapi__part_t *part, okapi__encoding_e encoding)
{
    part->encoding = encoding;
    if (encoding != OKAPI__ENCODING_7BIT) {
        okapi__write_begin(&part->fields, "Content-Transfer-Encoding",
                           okapi__encoding_name(encoding));
        okapi__write_end(&part->fields);
    }
}

/* ---- the tree: MS-OXCMAIL 2.1.3.3 ---- */

/* FIRST with all of OTHERS in a multipart SUBTYPE; FIRST alone if there are none. */
static okapi__part_t *wrap(okapi__letter_t *letter, const char *subtype, okapi__part_t *first,
                           const apr_array_header_t *others)
{
    if (others->nelts == 0)
        return first;
    if (!first && others->nelts == 1 && strcmp(subtype, "mixed") != 0)
        return APR_ARRAY_IDX(others, 0, okapi__part_t *);
    okapi__part_t *multipart = okapi__part_multipart(letter, subtype);
    if (strcmp(subtype, "related") == 0)
        okapi__write_param(&multipart->fields, "type",
                           first->source == OKAPI__SOURCE_MULTIPART ? "multipart/alternative"
                                                                    : "text/html",
                           letter->pool);
    okapi__write_end(&multipart->fields);
    if (first)
        okapi__part_add(multipart, first);
    for (int i = 0; i < others->nelts; i++)
        okapi__part_add(multipart, APR_ARRAY_IDX(others, i, okapi__part_t *));
    return multipart;
}

/* Forms of the text besides those that BODY has. */
static okapi__part_t *with_forms(okapi__letter_t *letter, okapi__part_t *body,
                                 const apr_array_header_t *forms)
{
    if (!body || body->source != OKAPI__SOURCE_MULTIPART)
        return wrap(letter, "alternative", body, forms);
    for (int i = 0; i < forms->nelts; i++)
        okapi__part_add(body, APR_ARRAY_IDX(forms, i, okapi__part_t *));
    return body;
}

static int is_of_type(const okapi__part_t *part, const char *type)
{
    static const char name[] = "Content-Type: ";
    apr_size_t n = sizeof(name) - 1, len = strlen(type);
    return part->fields.len > n + len && memcmp(part->fields.data, name, n) == 0 &&
           strncasecmp((const char *)part->fields.data + n, type, len) == 0;
}

/* RFC 3156 4: the two parts that only a program makes something of. */
static int is_pgp(const okapi__part_t *body, const apr_array_header_t *parts)
{
    return !body && parts->nelts == 2 &&
           is_of_type(APR_ARRAY_IDX(parts, 0, okapi__part_t *), "application/pgp-encrypted");
}

static okapi__part_t *encrypted(okapi__letter_t *letter, const apr_array_header_t *parts)
{
    okapi__part_t *root = okapi__part_multipart(letter, "encrypted");
    okapi__write_param(&root->fields, "protocol", "application/pgp-encrypted", letter->pool);
    okapi__write_end(&root->fields);
    for (int i = 0; i < parts->nelts; i++)
        okapi__part_add(root, APR_ARRAY_IDX(parts, i, okapi__part_t *));
    return root;
}

/* BODY for people, what programs read, and the others: RFC 6522. */
static apr_status_t report(okapi__part_t **root, okapi__letter_t *letter, okapi__part_t *body,
                           const apr_array_header_t *others)
{
    const char *subtype = okapi__report_type(letter);
    const char *type = apr_pstrcat(letter->pool, "message/", subtype, NULL);
    okapi__part_t *machine = NULL;
    apr_status_t status = APR_SUCCESS;
    *root = okapi__part_multipart(letter, "report");
    okapi__write_param(&(*root)->fields, "report-type", subtype, letter->pool);
    okapi__write_end(&(*root)->fields);
    for (int i = 0; i < others->nelts && !machine; i++)
        if (is_of_type(APR_ARRAY_IDX(others, i, okapi__part_t *), type))
            machine = APR_ARRAY_IDX(others, i, okapi__part_t *);
    if (body)
        okapi__part_add(*root, body);
    if (!machine)
        status = okapi__report_part(&machine, letter);
    okapi__part_add(*root, machine);
    for (int i = 0; i < others->nelts; i++)
        if (APR_ARRAY_IDX(others, i, okapi__part_t *) != machine)
            okapi__part_add(*root, APR_ARRAY_IDX(others, i, okapi__part_t *));
    return status;
}

static apr_status_t build(okapi__part_t **root, okapi__letter_t *letter)
{
    okapi__enclosures_t enclosures;
    okapi__part_t *body;
    int has_html;
    apr_status_t status = okapi__letter_secured(root, letter);
    if (status != APR_SUCCESS || *root)
        return status;
    status = okapi__letter_body(&body, &has_html, letter);
    if (status == APR_SUCCESS)
        status = okapi__letter_has_tnef(letter)
                     ? okapi__letter_tnef(&enclosures, letter)
                     : okapi__letter_enclosures(&enclosures, letter, has_html);
    if (status != APR_SUCCESS)
        return status;
    body = with_forms(letter, body, enclosures.forms);
    if (enclosures.related->nelts)
        body = wrap(letter, "related", body, enclosures.related);
    if (okapi__report_type(letter))
        return report(root, letter, body, enclosures.mixed);
    *root = is_pgp(body, enclosures.mixed) ? encrypted(letter, enclosures.mixed)
                                           : wrap(letter, "mixed", body, enclosures.mixed);
    return APR_SUCCESS;
}

/* ---- writing ---- */

static apr_status_t flush(okapi__mime_out_t *out)
{
    apr_status_t status = okapi_writer_status(&out->buffer);
    if (status == APR_SUCCESS && out->buffer.len)
        status = out->sink(out->baton, out->buffer.data, out->buffer.len);
    okapi_writer_truncate(&out->buffer, 0);
    return status;
}

static apr_status_t say(okapi__mime_out_t *out, const void *data, apr_size_t len)
{
    apr_status_t status = flush(out);
    return status == APR_SUCCESS && len ? out->sink(out->baton, data, len) : status;
}

static apr_status_t write_bytes(okapi__mime_out_t *out, const okapi__part_t *part)
{
    okapi__encoder_t encoder = {part->encoding};
    apr_status_t status = APR_SUCCESS;
    for (apr_size_t at = 0; at < part->bytes.len && status == APR_SUCCESS; at += PIECE) {
        apr_size_t left = part->bytes.len - at;
        okapi__encode(&encoder, &out->buffer,
                      (okapi_binary_t){part->bytes.data + at, left < PIECE ? left : PIECE});
        status = flush(out);
    }
    okapi__encode_end(&encoder, &out->buffer);
    return status;
}

static apr_status_t write_data(okapi__mime_out_t *out, const okapi__part_t *part)
{
    okapi__encoder_t encoder = {part->encoding};
    apr_int64_t size = part->data ? okapi_stream_size(part->data) : 0;
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *pool;
    apr_pool_create(&pool, out->pool);
    unsigned char *piece = apr_palloc(out->pool, PIECE);
    for (apr_int64_t at = 0; at < size && status == APR_SUCCESS;) {
        apr_size_t len = PIECE;
        status = okapi_stream_read_at(part->data, at, piece, &len, pool);
        if (status == APR_SUCCESS && len == 0)
            status = OKAPI_ECORRUPT;
        if (status == APR_SUCCESS) {
            okapi__encode(&encoder, &out->buffer, (okapi_binary_t){piece, len});
            status = flush(out);
        }
        at += (apr_int64_t)len;
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    okapi__encode_end(&encoder, &out->buffer);
    return status;
}

static apr_status_t write_letter(okapi__mime_out_t *out, okapi_message_t *message);

static apr_status_t write_part(okapi__mime_out_t *out, const okapi__part_t *part)
{
    apr_status_t status = say(out, part->fields.data, part->fields.len);
    if (status == APR_SUCCESS && part->source != OKAPI__SOURCE_ENTITY)
        status = say(out, "\r\n", 2);
    if (status != APR_SUCCESS)
        return status;
    switch (part->source) {
    case OKAPI__SOURCE_BYTES:
    case OKAPI__SOURCE_ENTITY:
        return write_bytes(out, part);
    case OKAPI__SOURCE_DATA:
        return write_data(out, part);
    case OKAPI__SOURCE_MESSAGE:
        return write_letter(out, part->message);
    case OKAPI__SOURCE_MULTIPART:
        break;
    }
    apr_size_t len = strlen(part->boundary);
    for (const okapi__part_t *child = part->first; child && status == APR_SUCCESS;
         child = child->next) {
        okapi_write_bytes(&out->buffer, "\r\n--", child == part->first ? 0 : 2);
        okapi_write_bytes(&out->buffer, "--", 2);
        okapi_write_bytes(&out->buffer, part->boundary, len);
        okapi_write_bytes(&out->buffer, "\r\n", 2);
        status = write_part(out, child);
    }
    okapi_write_bytes(&out->buffer, "\r\n--", 4);
    okapi_write_bytes(&out->buffer, part->boundary, len);
    okapi_write_bytes(&out->buffer, "--\r\n", 4);
    return status == APR_SUCCESS ? flush(out) : status;
}

static apr_status_t write_letter(okapi__mime_out_t *out, okapi_message_t *message)
{
    okapi__letter_t letter = {.out = out, .message = message};
    okapi__part_t *root;
    if (out->depth > okapi_config(out->okapi)->mime_depth)
        return OKAPI_ETOOCOMPLEX;
    apr_pool_create(&letter.pool, out->pool);
    okapi_writer_init(&letter.fields, 4096, MAX_FIELDS, letter.pool);
    out->depth++;
    apr_status_t status = okapi__letter_load(&letter);
    if (status == APR_SUCCESS)
        status = okapi__letter_fields(&letter);
    if (status == APR_SUCCESS)
        status = build(&root, &letter);
    if (status == APR_SUCCESS)
        status = okapi_writer_status(&letter.fields);
    if (status == APR_SUCCESS)
        status = say(out, letter.fields.data, letter.fields.len);
    if (status == APR_SUCCESS)
        status = root ? write_part(out, root) : say(out, "\r\n", 2);
    if (status == APR_SUCCESS)
        status = flush(out);
    out->depth--;
    apr_pool_destroy(letter.pool);
    return status;
}

/* ---- the bytes as they came ---- */

/* Has the header SECTION a field NAME that says TEXT? */
static int says(okapi_binary_t section, const char *name, const char *text, apr_pool_t *pool)
{
    char eol = okapi__entity_eol(section);
    okapi__field_t field;
    while (okapi__field_next(&section, eol, &field))
        if (okapi__field_is(&field, name) &&
            strcmp(okapi__header_text(field.value, NULL, pool), text) == 0)
            return 1;
    return 0;
}

/* The fields that somebody passes it on with. */
static apr_status_t write_marks(okapi__mime_out_t *out, okapi_message_t *message,
                                okapi_stream_t *raw)
{
    okapi__letter_t letter = {.out = out, .message = message, .pool = out->pool};
    apr_size_t len = (apr_size_t)okapi_config(out->okapi)->max_header;
    if ((apr_int64_t)len > okapi_stream_size(raw))
        len = (apr_size_t)okapi_stream_size(raw);
    unsigned char *head = apr_palloc(out->pool, len + 1);
    okapi_writer_init(&letter.fields, 256, MAX_FIELDS, out->pool);
    apr_status_t status = okapi_stream_read_at(raw, 0, head, &len, out->pool);
    if (status == APR_SUCCESS)
        status = okapi__letter_load(&letter);
    for (int i = 0; status == APR_SUCCESS && i < letter.names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(letter.names, i, const char *);
        const char *text = okapi__letter_named(&letter, name);
        if (!says((okapi_binary_t){head, len}, name, text, out->pool))
            okapi__write_text(&letter.fields, name, text, out->pool);
    }
    return status == APR_SUCCESS ? say(out, letter.fields.data, letter.fields.len) : status;
}

static apr_status_t write_raw(okapi__mime_out_t *out, okapi_stream_t *raw)
{
    okapi__part_t part = {.source = OKAPI__SOURCE_DATA, .data = raw};
    apr_status_t status = write_data(out, &part);
    return status == APR_SUCCESS ? flush(out) : status;
}

/* ---- the calls ---- */

/* What no part of MESSAGE can have in it: nobody knew its change key when they were written. */
static apr_status_t choose_boundary(okapi__mime_out_t *out, okapi_message_t *message)
{
    const okapi_proptag_t tag = PR_CHANGE_KEY;
    okapi_propval_t key;
    apr_status_t status = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &key,
                                           out->pool, out->pool);
    okapi_guid_t guid = okapi_guid_create();
    okapi_binary_t bytes = {guid.bytes, sizeof(guid.bytes)};
    if (status == APR_SUCCESS && key.tag == tag && key.v.bin.len <= 24)
        bytes = key.v.bin;
    char *hex = apr_palloc(out->pool, bytes.len * 2 + 3), *to = hex;
    to += apr_snprintf(to, 3, "=_");
    for (apr_size_t i = 0; i < bytes.len; i++)
        to += apr_snprintf(to, 3, "%02x", bytes.data[i]);
    out->boundary = hex;
    return status;
}

apr_status_t okapi_mime_write(okapi_message_t *message, int flags, okapi_mime_sink_t sink,
                              void *baton, apr_pool_t *scratch_pool)
{
    okapi__mime_out_t out = {.okapi = okapi_store_engine(okapi_message_store(message)),
                             .flags = flags,
                             .sink = sink,
                             .baton = baton};
    okapi_stream_t *raw;
    apr_pool_create(&out.pool, scratch_pool);
    out.addresses = apr_hash_make(out.pool);
    okapi_writer_init(&out.buffer, PIECE * 2, PIECE * 8, out.pool);
    apr_status_t status = flags & OKAPI_MIME_PLAIN
                              ? OKAPI_ENOTFOUND
                              : okapi_message_raw(&raw, message, out.pool, out.pool);
    if (status == APR_SUCCESS) {
        if (flags & OKAPI_MIME_SEND)
            status = write_marks(&out, message, raw);
        if (status == APR_SUCCESS)
            status = write_raw(&out, raw);
    } else if (status == OKAPI_ENOTFOUND) {
        status = choose_boundary(&out, message);
        if (status == APR_SUCCESS)
            status = write_letter(&out, message);
    }
    apr_pool_destroy(out.pool);
    return status;
}

static apr_status_t collect(void *baton, const void *data, apr_size_t len)
{
    okapi_writer_t *w = baton;
    okapi_write_bytes(w, data, len);
    return okapi_writer_status(w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}

apr_status_t okapi_mime_from_message(okapi_binary_t *raw, okapi_message_t *message, int flags,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi_proptag_t tag = PR_MESSAGE_SIZE;
    okapi_propval_t size;
    okapi_writer_t w;
    okapi_t *okapi = okapi_store_engine(okapi_message_store(message));
    apr_status_t status = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &size,
                                           scratch_pool, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    apr_size_t guess = size.tag == tag && size.v.i32 > 0 ? (apr_size_t)size.v.i32 : 0;
    okapi_writer_init(&w, guess + guess / 2 + 4096,
                      (apr_size_t)okapi_config(okapi)->max_message * 2 + (1 << 20), result_pool);
    status = okapi_mime_write(message, flags, collect, &w, scratch_pool);
    *raw = (okapi_binary_t){w.data, w.len};
    return status;
}
