/* fulltext_text.c - the text of a message: its own, that of its attachments and of messages in
 * them. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "fulltext_private.h"
#include "message_private.h"

enum {
    TEXT_MAX = 2 << 20,   /* bytes of text of one message, */
    VALUE_MAX = 1 << 20,  /* and of one body or attachment */
    READS_MAX = 16 << 20, /* bytes of what is kept of large values, */
    READ_BYTES = 256,     /* beside the text of each */
    RECIPIENTS_MAX = 2000,
    DEPTH_MAX = 5         /* messages within messages */
};

/* ---- texts ---- */

static void add(okapi__text_t *t, int field, const char *text, int new_only, apr_pool_t *pool)
{
    apr_size_t len = text ? strlen(text) : 0;
    if (len > t->left) {
        t->flags |= OKAPI__DOC_PARTIAL;
        len = t->left;
        text = apr_pstrmemdup(pool, text, len);
    }
    if (len == 0) {
        return;
    }
    t->left -= len;
    t->fed->bytes += (apr_int64_t)len;
    if (!okapi__builder_add(t->builder, field, text, new_only, pool)) {
        t->flags |= OKAPI__DOC_PARTIAL;
    }
}

static void add_property(okapi__text_t *t, int field, const okapi_props_t *props,
                         okapi_proptag_t tag, apr_pool_t *pool)
{
    add(t, field, okapi_props_str(props, tag, ""), 0, pool);
}

/* Names and addresses of who is said to have sent it, and of who has. */
static void add_senders(okapi__text_t *t, int field, const okapi_props_t *props, apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {
        PR_SENT_REPRESENTING_NAME, PR_SENT_REPRESENTING_EMAIL_ADDRESS,
        PR_SENT_REPRESENTING_SMTP_ADDRESS, PR_SENDER_NAME, PR_SENDER_EMAIL_ADDRESS,
        PR_SENDER_SMTP_ADDRESS};
    for (apr_size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        int is_repeated = 0;
        for (apr_size_t j = 0; j < i; j++) {
            is_repeated |= strcmp(okapi_props_str(props, tags[i], ""),
                                  okapi_props_str(props, tags[j], "")) == 0;
        }
        if (!is_repeated) {
            add_property(t, field, props, tags[i], pool);
        }
    }
}

static void add_recipients(okapi__text_t *t, int field, const okapi_message_t *message,
                           apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {PR_DISPLAY_NAME, PR_EMAIL_ADDRESS, PR_SMTP_ADDRESS};
    for (int i = 0; i < message->recipients->nelts && i < RECIPIENTS_MAX; i++) {
        const okapi_recipient_t *r = APR_ARRAY_IDX(message->recipients, i, okapi_recipient_t *);
        const char *last = "";
        for (int j = 0; j < 3; j++) {
            const char *text = okapi_props_str(r->props, tags[j], "");
            if (strcmp(text, last) != 0) {
                add(t, field, text, 0, pool);
            }
            last = text;
        }
    }
    if (message->recipients->nelts > RECIPIENTS_MAX) {
        t->flags |= OKAPI__DOC_PARTIAL;
    }
}

/* ---- values ---- */

/* Is this trouble of the value, which another try would have again? */
static int is_hopeless(apr_status_t rv)
{
    return rv == OKAPI_ECORRUPT || rv == OKAPI_EFORMAT || rv == OKAPI_ETOOBIG ||
           rv == OKAPI_ENOTFOUND;
}

static apr_status_t open_value(okapi_stream_t **stream, const okapi__text_t *t,
                               const okapi__propbag_t *bag, okapi_proptag_t tag,
                               apr_pool_t *result_pool)
{
    const okapi_propval_t *v = okapi_props_get(bag->props, tag);
    if (!v) {
        return okapi__propbag_stream(stream, bag, tag, t->okapi->db, result_pool);
    }
    if (OKAPI_PROP_TYPE(v->tag) == PT_UNICODE) {
        *stream = okapi__stream_memory(v->v.str, strlen(v->v.str), result_pool);
    } else {
        *stream = okapi__stream_memory(v->v.bin.data, v->v.bin.len, result_pool);
    }
    return APR_SUCCESS;
}

/* A body that is text already. */
static apr_status_t add_text_value(okapi__text_t *t, int field, const okapi__propbag_t *bag,
                                   okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_stream_t *stream;
    apr_status_t rv = open_value(&stream, t, bag, tag, pool);
    if (rv != APR_SUCCESS) {
        return rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv;
    }
    apr_size_t len = VALUE_MAX;
    char *text = apr_palloc(pool, (apr_size_t)(okapi_stream_size(stream) < VALUE_MAX
                                                   ? okapi_stream_size(stream)
                                                   : VALUE_MAX) + 1);
    rv = okapi_stream_read_at(stream, 0, text, &len, pool);
    if (rv == APR_SUCCESS) {
        text[len] = '\0';
        t->flags |= okapi_stream_size(stream) > VALUE_MAX ? OKAPI__DOC_PARTIAL : 0;
        add(t, field, text, 0, pool);
    }
    return rv;
}

typedef struct read_t {
    const char *text; /* NULL: there is none */
    apr_status_t status;
} read_t;

static apr_status_t read_value(read_t *read, const okapi__text_t *t, const okapi__propbag_t *bag,
                               okapi_proptag_t tag, const okapi_fulltext_source_t *source,
                               apr_pool_t *pool)
{
    okapi_stream_t *stream;
    apr_status_t rv = open_value(&stream, t, bag, tag, pool);
    if (rv == APR_SUCCESS) {
        read->status = t->reader->read(t->reader->baton, &read->text, source, stream, VALUE_MAX,
                                       pool, pool);
        /* Other trouble is the system's, or the database's: it has another try. */
        rv = is_hopeless(read->status) ? APR_SUCCESS : read->status;
    }
    return rv;
}

/* The same for what may have been read before. */
static apr_status_t read_once(read_t *read, const okapi__text_t *t, const okapi__propbag_t *bag,
                              okapi_proptag_t tag, const okapi_fulltext_source_t *source,
                              apr_pool_t *pool)
{
    const okapi__large_t *large = okapi__propbag_large(bag, tag);
    okapi__reads_t *reads = t->reads;
    if (!large) {
        return read_value(read, t, bag, tag, source, pool);
    }
    const char *key = apr_psprintf(pool, "%" APR_INT64_T_FMT " %d %s %s", large->blob_id,
                                   source->codepage, source->mime_type, source->filename);
    const read_t *known = apr_hash_get(reads->by_key, key, APR_HASH_KEY_STRING);
    if (known) {
        *read = *known;
        return APR_SUCCESS;
    }
    apr_status_t rv = read_value(read, t, bag, tag, source, pool);
    if (rv == APR_SUCCESS) {
        if (reads->bytes > READS_MAX) {
            apr_pool_clear(reads->pool);
            reads->by_key = apr_hash_make(reads->pool);
            reads->bytes = 0;
        }
        read_t *copy = apr_pmemdup(reads->pool, read, sizeof(*read));
        copy->text = apr_pstrdup(reads->pool, read->text);
        reads->bytes += READ_BYTES + (read->text ? strlen(read->text) : 0);
        apr_hash_set(reads->by_key, apr_pstrdup(reads->pool, key), APR_HASH_KEY_STRING, copy);
    }
    return rv;
}

/* A value that the reader makes text of. */
static apr_status_t add_read_value(okapi__text_t *t, int field, const okapi__propbag_t *bag,
                                   okapi_proptag_t tag, const okapi_fulltext_source_t *source,
                                   int new_only, apr_pool_t *pool)
{
    read_t read = {NULL, APR_SUCCESS};
    apr_status_t rv =
        t->reader ? read_once(&read, t, bag, tag, source, pool) : OKAPI_ENOTFOUND;
    if (rv != APR_SUCCESS) {
        return rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv;
    }
    if (read.status == OKAPI_ETOOBIG) {
        t->flags |= OKAPI__DOC_PARTIAL;
    } else if (read.status != APR_SUCCESS) {
        t->flags |= OKAPI__DOC_UNREADABLE;
        t->fed->unreadable++;
        read.text = NULL;
    }
    add(t, field, read.text, new_only, pool);
    return APR_SUCCESS;
}

/* ---- messages ---- */

static apr_status_t add_attachments(okapi__text_t *t, okapi_message_t *message, int depth,
                                    apr_pool_t *scratch_pool);

/* Of a message in another one everything belongs to an attachment. The HTML says mostly what the
 * text says: what it has beside that is added. RTF is read where there is nothing else. */
static apr_status_t add_content(okapi__text_t *t, okapi_message_t *message, int depth,
                                apr_pool_t *pool)
{
    const okapi__propbag_t *bag = &message->bag;
    const okapi_fulltext_source_t rtf = {OKAPI_FULLTEXT_RTF_COMPRESSED, "", 0};
    okapi_fulltext_source_t html = {"text/html", "", 0};
    int inner = depth > 0 ? OKAPI_FULLTEXT_ATTACHMENTS : 0;
    int body = inner ? inner : OKAPI_FULLTEXT_BODY;
    okapi_proptag_t html_tag = okapi__propbag_has(bag, PR_BODY_HTML) ? PR_BODY_HTML : PR_HTML;
    html.codepage = html_tag == PR_BODY_HTML
                        ? 65001
                        : (int)okapi_props_int(bag->props, PR_INTERNET_CPID, 0);
    add(t, inner ? inner : OKAPI_FULLTEXT_SUBJECT,
        apr_pstrcat(pool, okapi_props_str(bag->props, PR_SUBJECT_PREFIX, ""),
                    okapi_props_str(bag->props, PR_NORMALIZED_SUBJECT, ""), NULL),
        0, pool);
    apr_status_t rv = add_text_value(t, body, bag, PR_BODY, pool);
    if (rv == APR_SUCCESS) {
        rv = add_read_value(t, body, bag, html_tag, &html, 1, pool);
    }
    if (rv == APR_SUCCESS && !okapi__propbag_has(bag, PR_BODY) &&
        !okapi__propbag_has(bag, html_tag)) {
        rv = add_read_value(t, body, bag, PR_RTF_COMPRESSED, &rtf, 0, pool);
    }
    add_senders(t, inner ? inner : OKAPI_FULLTEXT_SENDER, bag->props, pool);
    add_recipients(t, inner ? inner : OKAPI_FULLTEXT_RECIPIENTS, message, pool);
    return rv == APR_SUCCESS ? add_attachments(t, message, depth, pool) : rv;
}

static const char *name_of(const okapi_props_t *props)
{
    const char *name = okapi_props_str(props, PR_ATTACH_LONG_FILENAME, "");
    return *name ? name : okapi_props_str(props, PR_ATTACH_FILENAME, "");
}

static apr_status_t add_attachment(okapi__text_t *t, okapi_attachment_t *attachment, int depth,
                                   apr_pool_t *pool)
{
    const okapi_props_t *props = attachment->bag.props;
    okapi_fulltext_source_t source = {okapi_props_str(props, PR_ATTACH_MIME_TAG, ""),
                                      name_of(props), 0};
    okapi_message_t *embedded;
    add(t, OKAPI_FULLTEXT_ATTACHMENTS, source.filename, 0, pool);
    if (attachment->method == ATTACH_BY_VALUE) {
        return t->left ? add_read_value(t, OKAPI_FULLTEXT_ATTACHMENTS, &attachment->bag,
                                        PR_ATTACH_DATA_BIN, &source, 0, pool)
                       : APR_SUCCESS;
    }
    if (depth >= DEPTH_MAX) {
        t->flags |= OKAPI__DOC_PARTIAL;
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi_attachment_embedded(&embedded, attachment, pool);
    return rv == APR_SUCCESS        ? add_content(t, embedded, depth + 1, pool)
           : rv == OKAPI_ENOTFOUND ? APR_SUCCESS
                                   : rv;
}

static apr_status_t add_attachments(okapi__text_t *t, okapi_message_t *message, int depth,
                                    apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    apr_status_t rv = okapi__attachments_need(message, scratch_pool);
    apr_pool_create(&pool, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < message->attachments->nelts; i++) {
        okapi_attachment_t *a = APR_ARRAY_IDX(message->attachments, i, okapi_attachment_t *);
        apr_pool_clear(pool);
        rv = okapi__attachment_need(a, pool);
        if (rv == APR_SUCCESS) {
            rv = add_attachment(t, a, depth, pool);
        }
        if (is_hopeless(rv)) {
            t->flags |= OKAPI__DOC_UNREADABLE;
            t->fed->unreadable++;
            rv = APR_SUCCESS;
        }
    }
    apr_pool_destroy(pool);
    return rv;
}

static apr_status_t read_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi_message_t *message = baton;
    message->loaded = 0;
    message->attachments = NULL;
    return okapi__message_read(message, conn, scratch_pool);
}

apr_status_t okapi__text_add_message(okapi__text_t *t, okapi_id_t store_id, okapi_id_t id,
                                     apr_pool_t *scratch_pool)
{
    /* As much of a store as a message needs that is only read, for nobody. */
    okapi_store_t store = {.okapi = t->okapi,
                           .id = store_id,
                           .full_access = 1,
                           .sees_private = 1,
                           .pool = scratch_pool};
    okapi_message_t *message = okapi__message_make(&store, scratch_pool);
    message->id = id;
    t->left = TEXT_MAX;
    t->flags = 0;
    apr_status_t rv = okapi__db_read(t->okapi->db, read_work, message, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = add_content(t, message, 0, scratch_pool);
    }
    if (is_hopeless(rv)) {
        okapi_log(t->okapi, OKAPI_LOG_WARNING, rv,
                  "message %" APR_INT64_T_FMT " can't be read for the index of words", id);
        t->flags |= OKAPI__DOC_UNREADABLE;
        t->fed->unreadable++;
        rv = APR_SUCCESS;
    }
    return rv;
}
