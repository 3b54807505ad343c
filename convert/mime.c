/* mime.c - RFC 5322 / MIME to MAPI: the steps of a conversion. */
#include "converter.h"

#include <stdlib.h>
#include <apr_strings.h>
#include <gmime/gmime.h>

/* Whatever a message holds, this much work is done on it. What is beyond stays readable in the
 * kept bytes, the header text and an attachment. */
enum { MAX_PARTS = 1000, MAX_RECIPIENTS = 10000, MAX_LOOKUPS = 1000 };

void okapi_mime_init(void)
{
    g_mime_init();
}

void okapi__draft_put(okapi__draft_t *draft, okapi_propval_t value)
{
    APR_ARRAY_PUSH(draft->values, okapi_propval_t) = value;
}

void okapi__draft_put_str(okapi__draft_t *draft, okapi_proptag_t tag, const char *text)
{
    okapi__draft_put(draft, okapi_propval_str(tag, text));
}

/* ---- the message's own bytes ---- */

void okapi__mime_keep_part(okapi__mime_t *mime, okapi_binary_t body, okapi_binary_t value,
                           apr_size_t skip)
{
    const unsigned char *end = mime->raw.data + mime->raw.len;
    if (body.data < mime->raw.data || body.data > end) /* of a message that had to be decoded */
        return;
    okapi_raw_part_t *part = apr_array_push(mime->raw_parts);
    part->offset = (apr_size_t)(body.data - mime->raw.data);
    part->length = body.len;
    part->value = value;
    part->skip = skip;
}

static int by_offset(const void *a, const void *b)
{
    const okapi_raw_part_t *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static void keep_raw(okapi__mime_t *mime, okapi_message_t *message)
{
    apr_array_header_t *parts = mime->raw_parts;
    qsort(parts->elts, (apr_size_t)parts->nelts, sizeof(okapi_raw_part_t), by_offset);
    okapi_message_set_raw(message, mime->raw, (const okapi_raw_part_t *)parts->elts,
                          parts->nelts);
}

/* ---- the steps ---- */

/* The charset of the first text in the message: raw 8-bit headers are mostly in it too. */
static const char *text_charset(const okapi__entity_t *entity, apr_pool_t *pool)
{
    while (entity->first)
        entity = entity->first;
    okapi__field_t field;
    if (!okapi__field_find(entity->headers, entity->eol, "Content-Type", &field))
        return NULL;
    return okapi__header_param(field.value, "charset", NULL, pool);
}

apr_status_t okapi__draft_fill(okapi__mime_t *mime, okapi_message_t *message,
                               const okapi__entity_t *root, int depth)
{
    okapi__draft_t draft = {.mime = mime, .message = message, .root = root, .depth = depth};
    okapi__content_t *content;
    int is_meeting = 0;
    draft.charset = text_charset(root, mime->scratch_pool);
    draft.values = apr_array_make(mime->scratch_pool, 40, sizeof(okapi_propval_t));

    int is_report = okapi__report_find(&draft);
    apr_status_t status = okapi__draft_headers(&draft);
    if (status == APR_SUCCESS && is_report)
        status = okapi__draft_report(&draft);
    if (status != APR_SUCCESS)
        return status;
    int nheaders = draft.values->nelts;
    status = okapi__draft_smime(&draft, &content);
    if (status != APR_SUCCESS)
        return status;
    if (!content) {
        content = okapi__content_of(&draft, root);
        if (!is_report)
            status = okapi__draft_meeting(&draft, content, &is_meeting);
        if (status != APR_SUCCESS)
            return status;
        if (!is_report && !is_meeting)
            okapi__draft_put_str(&draft, PR_MESSAGE_CLASS, "IPM.Note");
    }
    if (depth) /* nobody delivers it: it isn't a draft nevertheless */
        okapi__draft_put(&draft, okapi_propval_i32(PR_MESSAGE_FLAGS, MSGFLAG_READ));
    okapi__draft_body(&draft, content);
    if (is_meeting)
        okapi__draft_meeting_body(&draft);
    status = okapi__draft_tnef(&draft, content, nheaders);
    if (status != APR_SUCCESS)
        return status;
    status = okapi__draft_attachments(&draft, content);
    if (status != APR_SUCCESS)
        return status;
    return okapi_object_set(okapi_message_object(message),
                            (const okapi_propval_t *)draft.values->elts, draft.values->nelts,
                            mime->scratch_pool);
}

static apr_status_t check_size(okapi_t *okapi, okapi_binary_t raw)
{
    const okapi_config_t *config = okapi_config(okapi);
    if ((apr_int64_t)raw.len > config->max_message) {
        okapi_log(okapi, OKAPI_LOG_WARNING, OKAPI_ETOOBIG,
                  "a message of %" APR_SIZE_T_FMT
                  " bytes is refused: MaxMessage is %" APR_INT64_T_FMT,
                  raw.len, config->max_message);
        return OKAPI_ETOOBIG;
    }
    apr_size_t max = (apr_size_t)config->max_header;
    if (okapi__entity_header_size(raw, max) > max) {
        okapi_log(okapi, OKAPI_LOG_WARNING, OKAPI_ETOOBIG,
                  "a message with a header section of more than %" APR_INT64_T_FMT
                  " bytes (MaxHeader) is refused",
                  config->max_header);
        return OKAPI_ETOOBIG;
    }
    return APR_SUCCESS;
}

int okapi_mime_has_header(okapi_binary_t raw, const char *name)
{
    okapi__field_t field;
    return raw.len && okapi__field_find(raw, okapi__entity_eol(raw), name, &field);
}

apr_status_t okapi_mime_to_message(okapi_message_t *message, okapi_binary_t raw,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = okapi_store_engine(okapi_message_store(message));
    const okapi_config_t *config = okapi_config(okapi);
    if (!raw.data)
        raw.data = (const unsigned char *)"";
    apr_status_t status = check_size(okapi, raw);
    if (status != APR_SUCCESS)
        return status;

    okapi__mime_t mime = {okapi};
    mime.limits.max_header = (apr_size_t)config->max_header;
    mime.limits.max_depth = (int)config->mime_depth;
    mime.limits.parts_left = MAX_PARTS;
    mime.users = apr_hash_make(scratch_pool);
    mime.lookups_left = MAX_LOOKUPS;
    mime.recipients_left = MAX_RECIPIENTS;
    mime.raw = raw;
    mime.raw_parts = apr_array_make(scratch_pool, 4, sizeof(okapi_raw_part_t));
    mime.result_pool = result_pool;
    mime.scratch_pool = scratch_pool;

    const okapi__entity_t *root = okapi__entity_parse(raw, &mime.limits, scratch_pool);
    status = okapi__draft_fill(&mime, message, root, 0);
    if (status == APR_SUCCESS)
        keep_raw(&mime, message);
    if (status == APR_SUCCESS && mime.limits.was_cut)
        okapi_log(okapi, OKAPI_LOG_WARNING, APR_SUCCESS,
                  "a message has parts nested deeper than %" APR_INT64_T_FMT
                  " (MimeDepth) or more than %d of them; the rest is kept in one attachment",
                  config->mime_depth, MAX_PARTS);
    if (status == APR_SUCCESS && mime.recipients_left == 0)
        okapi_log(okapi, OKAPI_LOG_WARNING, APR_SUCCESS,
                  "a message names more than %d people; the others are in its header text only",
                  MAX_RECIPIENTS);
    return status;
}
