/* mime_tnef.c - a message that carries "winmail.dat": what is in it is the message's own,
 * MS-OXCMAIL 2.2 and MS-OXTNEF. Where both say something, the headers say who it is from and for,
 * and the stream what it is. */
#include "converter.h"

#include <string.h>
#include <apr_lib.h>

#include "tnef.h"

/* The part that is the message's stream, not something that was attached or forwarded with it: the
 * whole message, or a part at its top. */
static int find_part(okapi__draft_t *draft, const okapi__content_t *content)
{
    for (int i = 0; i < content->attachments->nelts; i++) {
        const okapi__entity_t *entity =
            APR_ARRAY_IDX(content->attachments, i, const okapi__entity_t *);
        if (entity->kind == OKAPI__ENTITY_LEAF &&
            (entity == draft->root || entity->parent == draft->root) &&
            (okapi__entity_is(entity, "application", "ms-tnef") ||
             okapi__entity_is(entity, "application", "vnd.ms-tnef")))
            return i;
    }
    return -1;
}

/* A stream says which message it was made for, by the identifier it had. Without blanks, which get
 * in and out on the way. */
static int same_id(const unsigned char *key, apr_size_t len, const char *id)
{
    for (;; key++, len--) {
        while (len && *key && apr_isspace(*key)) {
            key++;
            len--;
        }
        while (*id && apr_isspace(*id))
            id++;
        if (!len || !*key || !*id)
            return (!len || !*key) && !*id;
        if (*key != (unsigned char)*id++)
            return 0;
    }
}

/* One that was made for another message is just a file: MS-OXCMAIL 2.1.3.2.26. */
static int belongs(okapi__draft_t *draft, const okapi__item_t *item)
{
    static const char *const names[] = {"X-MS-TNEF-Correlator", "Message-ID"};
    const okapi_propval_t *key = okapi__item_get(item->props, PR_TNEF_CORRELATION_KEY);
    int is_told = 0;
    for (size_t i = 0; key && key->v.bin.len && i < sizeof(names) / sizeof(names[0]); i++) {
        okapi__field_t field;
        if (!okapi__field_find(draft->root->headers, draft->root->eol, names[i], &field))
            continue;
        is_told = 1;
        const char *id =
            okapi__header_text(field.value, draft->charset, draft->mime->scratch_pool);
        if (same_id(key->v.bin.data, key->v.bin.len, id))
            return 1;
    }
    return !is_told;
}

/* What delivery decides, whatever the sender's copy had. */
static int is_of_delivery(okapi_proptag_t tag)
{
    static const okapi_proptag_t tags[] = {
        PR_MESSAGE_FLAGS,           PR_MESSAGE_DELIVERY_TIME,  PR_RECEIVED_BY_NAME,
        PR_RECEIVED_BY_ENTRYID,     PR_RECEIVED_BY_ADDRTYPE,   PR_RECEIVED_BY_EMAIL_ADDRESS,
        PR_RCVD_REPRESENTING_NAME,  PR_RCVD_REPRESENTING_ENTRYID,
        PR_RCVD_REPRESENTING_ADDRTYPE, PR_RCVD_REPRESENTING_EMAIL_ADDRESS};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        if (OKAPI_PROP_ID(tags[i]) == OKAPI_PROP_ID(tag))
            return 1;
    return 0;
}

/* Of the draft's values, the first NHEADERS are what the headers say. */
static void put_values(okapi__draft_t *draft, const apr_array_header_t *values, int nheaders)
{
    for (int i = 0; i < values->nelts; i++) {
        okapi_propval_t value = APR_ARRAY_IDX(values, i, okapi_propval_t);
        int is_said = is_of_delivery(value.tag);
        for (int k = 0; k < nheaders && !is_said; k++)
            is_said = OKAPI_PROP_ID(APR_ARRAY_IDX(draft->values, k, okapi_propval_t).tag) ==
                      OKAPI_PROP_ID(value.tag);
        if (!is_said)
            okapi__draft_put(draft, value);
    }
}

apr_status_t okapi__draft_tnef(okapi__draft_t *draft, okapi__content_t *content, int nheaders)
{
    okapi__mime_t *mime = draft->mime;
    okapi__item_limits_t limits = OKAPI__ITEM_LIMITS;
    apr_array_header_t *attachments = content->attachments, *values;
    const char *why;
    okapi__item_t *item;
    int at = find_part(draft, content);
    if (at < 0)
        return APR_SUCCESS;
    okapi__entity_t **parts = (okapi__entity_t **)attachments->elts;
    okapi_binary_t stream = okapi__entity_content(parts[at], mime->result_pool);
    if (okapi__tnef_read(&item, &why, stream, &limits, mime->result_pool) != APR_SUCCESS ||
        !belongs(draft, item))
        return APR_SUCCESS; /* it stays an attachment */
    memmove(&parts[at], &parts[at + 1], sizeof(*parts) * (size_t)(attachments->nelts - at - 1));
    attachments->nelts--;

    okapi_store_t *store = okapi_message_store(draft->message);
    apr_status_t status =
        okapi__item_values(&values, store, item->props, mime->scratch_pool, mime->scratch_pool);
    if (status == APR_SUCCESS)
        put_values(draft, values, nheaders);
    if (okapi_message_recipient_count(draft->message) == 0)
        for (int i = 0; status == APR_SUCCESS && i < item->recipients->nelts; i++)
            status = okapi__item_recipient_to_message(
                draft->message, APR_ARRAY_IDX(item->recipients, i, apr_array_header_t *),
                mime->scratch_pool);
    for (int i = 0; status == APR_SUCCESS && i < item->attachments->nelts; i++)
        status = okapi__item_file_to_message(
            draft->message, &APR_ARRAY_IDX(item->attachments, i, okapi__item_file_t),
            mime->scratch_pool);
    return status;
}
