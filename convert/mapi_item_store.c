/* mapi_item_store.c - a tree becomes a message of a store, and a message a tree. */
#include "mapi_item.h"

#include <apr_strings.h>
#include <okapi/error.h>

/* What a message from outside may say of itself. */
enum {
    SETTABLE_FLAGS = MSGFLAG_READ | MSGFLAG_UNMODIFIED | MSGFLAG_UNSENT | MSGFLAG_FROMME |
                     MSGFLAG_NOTIFYREAD | MSGFLAG_NOTIFYUNREAD | MSGFLAG_INTERNET
};

/* ---- to a message ---- */

apr_status_t okapi__item_values(apr_array_header_t **values, okapi_store_t *store,
                                const apr_array_header_t *props, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    apr_size_t n = (apr_size_t)props->nelts;
    okapi_propname_t *names = apr_palloc(scratch_pool, sizeof(*names) * (n + 1));
    apr_uint16_t *ids = apr_pcalloc(scratch_pool, sizeof(*ids) * (n + 1));
    int nnames = 0, at = 0;
    *values = apr_array_make(result_pool, props->nelts, sizeof(okapi_propval_t));
    for (int i = 0; i < props->nelts; i++) {
        const okapi_propname_t *name = APR_ARRAY_IDX(props, i, okapi__item_prop_t).name;
        if (name)
            names[nnames++] = *name;
    }
    apr_status_t status =
        nnames ? okapi__item_name_ids(store, names, nnames, ids, scratch_pool) : APR_SUCCESS;
    if (status != APR_SUCCESS)
        return status;
    for (int i = 0; i < props->nelts; i++) {
        const okapi__item_prop_t *prop = &APR_ARRAY_IDX(props, i, okapi__item_prop_t);
        okapi_propval_t value = prop->value;
        if (prop->name)
            value.tag = OKAPI_PROP_TAG(OKAPI_PROP_TYPE(value.tag), ids[at++]);
        else if (OKAPI_PROP_IS_NAMED(value.tag)) /* of a name nobody told */
            continue;
        if (OKAPI_PROP_ID(value.tag) && okapi__item_is_carried(value.tag))
            APR_ARRAY_PUSH(*values, okapi_propval_t) = value;
    }
    return APR_SUCCESS;
}

static apr_status_t set_props(okapi_object_t *object, okapi_store_t *store,
                              const apr_array_header_t *props, apr_pool_t *scratch_pool)
{
    apr_array_header_t *values;
    apr_status_t status = okapi__item_values(&values, store, props, scratch_pool, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    for (int i = 0; i < values->nelts; i++) {
        okapi_propval_t *value = &APR_ARRAY_IDX(values, i, okapi_propval_t);
        if (value->tag == PR_MESSAGE_FLAGS)
            value->v.i32 &= SETTABLE_FLAGS;
    }
    return okapi_object_set(object, (const okapi_propval_t *)values->elts, values->nelts,
                            scratch_pool);
}

apr_status_t okapi__item_recipient_to_message(okapi_message_t *message,
                                              const apr_array_header_t *props,
                                              apr_pool_t *scratch_pool)
{
    apr_array_header_t *values;
    apr_status_t status = okapi__item_values(&values, okapi_message_store(message), props,
                                             scratch_pool, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    int type = (int)okapi__item_int(props, PR_RECIPIENT_TYPE, MAPI_TO);
    okapi_recipient_t *recipient = okapi_message_add_recipient(message, type);
    /* Who it is, is the recipient's own property here. */
    static const okapi_proptag_t identity[] = {PR_ENTRYID, PR_OBJECT_TYPE};
    for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++) {
        const okapi_propval_t *value = okapi__item_get(props, identity[i]);
        if (value)
            okapi_props_set(recipient->props, value);
    }
    for (int i = 0; i < values->nelts; i++)
        okapi_props_set(recipient->props, &APR_ARRAY_IDX(values, i, okapi_propval_t));
    return APR_SUCCESS;
}

apr_status_t okapi__item_file_to_message(okapi_message_t *message, const okapi__item_file_t *file,
                                         apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = okapi_attachment_create(message, file->method);
    apr_status_t status = set_props(okapi_attachment_object(attachment),
                                    okapi_message_store(message), file->props, scratch_pool);
    okapi_object_t *object = okapi_attachment_object(attachment);
    if (status == APR_SUCCESS) { /* a file's own word for it says nothing of what is in it */
        okapi_propval_t method = okapi_propval_i32(PR_ATTACH_METHOD, file->method);
        status = okapi_object_set(object, &method, 1, scratch_pool);
    }
    if (status == APR_SUCCESS && file->message)
        status = okapi__item_to_message(okapi_attachment_create_embedded(attachment),
                                        file->message, scratch_pool);
    else if (status == APR_SUCCESS && file->data.data)
        okapi_attachment_set_data(attachment, file->data);
    return status;
}

apr_status_t okapi__item_to_message(okapi_message_t *message, const okapi__item_t *item,
                                    apr_pool_t *scratch_pool)
{
    apr_status_t status = APR_SUCCESS;
    if (!okapi__item_get(item->props, PR_MESSAGE_FLAGS)) { /* what was sent is no draft */
        okapi_propval_t flags = okapi_propval_i32(PR_MESSAGE_FLAGS, MSGFLAG_READ);
        status = okapi_object_set(okapi_message_object(message), &flags, 1, scratch_pool);
    }
    if (status == APR_SUCCESS)
        status = set_props(okapi_message_object(message), okapi_message_store(message),
                           item->props, scratch_pool);
    for (int i = 0; status == APR_SUCCESS && i < item->recipients->nelts; i++)
        status = okapi__item_recipient_to_message(
            message, APR_ARRAY_IDX(item->recipients, i, apr_array_header_t *), scratch_pool);
    for (int i = 0; status == APR_SUCCESS && i < item->attachments->nelts; i++)
        status = okapi__item_file_to_message(
            message, &APR_ARRAY_IDX(item->attachments, i, okapi__item_file_t), scratch_pool);
    return status;
}

/* ---- of a message ---- */

/* Gives each named property of PROPS its name; those without one aren't carried. */
static apr_status_t name_props(apr_array_header_t *props, okapi_store_t *store,
                               apr_pool_t *scratch_pool)
{
    apr_size_t n = (apr_size_t)props->nelts;
    apr_uint16_t *ids = apr_palloc(scratch_pool, sizeof(*ids) * (n + 1));
    okapi_propname_t *names = apr_palloc(props->pool, sizeof(*names) * (n + 1));
    int nids = 0, at = 0, kept = 0;
    for (int i = 0; i < props->nelts; i++) {
        okapi_proptag_t tag = APR_ARRAY_IDX(props, i, okapi__item_prop_t).value.tag;
        if (OKAPI_PROP_IS_NAMED(tag))
            ids[nids++] = OKAPI_PROP_ID(tag);
    }
    apr_status_t status =
        nids ? okapi_named_names(store, ids, nids, names, props->pool, scratch_pool) : APR_SUCCESS;
    for (int i = 0; status == APR_SUCCESS && i < props->nelts; i++) {
        okapi__item_prop_t prop = APR_ARRAY_IDX(props, i, okapi__item_prop_t);
        if (OKAPI_PROP_IS_NAMED(prop.value.tag)) {
            prop.name = &names[at++];
            if (prop.name->kind < 0)
                continue;
        }
        APR_ARRAY_IDX(props, kept++, okapi__item_prop_t) = prop;
    }
    props->nelts = kept;
    return status;
}

static apr_status_t props_of(apr_array_header_t *props, okapi_object_t *object,
                             okapi_store_t *store, apr_pool_t *scratch_pool)
{
    apr_array_header_t *tags;
    apr_status_t status = okapi_object_tags(object, &tags, scratch_pool, scratch_pool);
    for (int i = 0; status == APR_SUCCESS && i < tags->nelts; i++) {
        okapi_proptag_t tag = APR_ARRAY_IDX(tags, i, okapi_proptag_t);
        okapi_propval_t value;
        if (!okapi__item_is_carried(tag) || tag == PR_ATTACH_DATA_BIN || tag == PR_ATTACH_METHOD)
            continue;
        status = okapi_object_get(object, &tag, 1, 0, &value, props->pool, scratch_pool);
        if (status == APR_SUCCESS && OKAPI_PROP_TYPE(value.tag) != PT_ERROR)
            okapi__item_put(props, value, NULL);
    }
    return status == APR_SUCCESS ? name_props(props, store, scratch_pool) : status;
}

static apr_status_t recipients_of(okapi__item_t *item, okapi_message_t *message,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_status_t status = APR_SUCCESS;
    int n = okapi_message_recipient_count(message);
    for (int i = 0; status == APR_SUCCESS && i < n; i++) {
        const okapi_recipient_t *recipient = okapi_message_recipient(message, i);
        apr_array_header_t *props = apr_array_make(result_pool, 12, sizeof(okapi__item_prop_t));
        for (int k = 0; k < okapi_props_count(recipient->props); k++) {
            const okapi_propval_t *value = okapi_props_at(recipient->props, k);
            int is_identity = value->tag == PR_ENTRYID || value->tag == PR_OBJECT_TYPE;
            if ((is_identity || okapi__item_is_carried(value->tag)) &&
                value->tag != PR_RECIPIENT_TYPE)
                okapi__item_put(props, *value, NULL);
        }
        okapi__item_put(props, okapi_propval_i32(PR_RECIPIENT_TYPE, recipient->type), NULL);
        okapi__item_put(props, okapi_propval_i32(PR_ROWID, i), NULL);
        status = name_props(props, okapi_message_store(message), scratch_pool);
        APR_ARRAY_PUSH(item->recipients, apr_array_header_t *) = props;
    }
    return status;
}

static apr_status_t file_of(okapi__item_file_t *file, okapi_message_t *message, apr_uint32_t num,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    static const okapi_proptag_t tags[] = {PR_ATTACH_METHOD, PR_ATTACH_DATA_BIN};
    okapi_attachment_t *attachment;
    okapi_message_t *embedded;
    okapi_propval_t values[2];
    file->props = apr_array_make(result_pool, 16, sizeof(okapi__item_prop_t));
    apr_status_t status = okapi_attachment_open(&attachment, message, num, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    okapi_object_t *object = okapi_attachment_object(attachment);
    status = props_of(file->props, object, okapi_message_store(message), scratch_pool);
    if (status == APR_SUCCESS)
        status = okapi_object_get(object, tags, 2, 0, values, result_pool, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    file->method = values[0].tag == PR_ATTACH_METHOD ? values[0].v.i32 : 0;
    if (values[1].tag == PR_ATTACH_DATA_BIN)
        file->data = values[1].v.bin;
    if (file->method != ATTACH_EMBEDDED_MSG)
        return APR_SUCCESS;
    status = okapi_attachment_embedded(&embedded, attachment, scratch_pool);
    return status == APR_SUCCESS
               ? okapi__item_of_message(&file->message, embedded, result_pool, scratch_pool)
           : status == OKAPI_ENOTFOUND ? APR_SUCCESS
                                       : status;
}

apr_status_t okapi__item_of_message(okapi__item_t **result, okapi_message_t *message,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__item_t *item = *result = okapi__item_create(result_pool);
    apr_status_t status = props_of(item->props, okapi_message_object(message),
                                   okapi_message_store(message), scratch_pool);
    if (status == APR_SUCCESS)
        status = recipients_of(item, message, result_pool, scratch_pool);
    for (int i = 0; status == APR_SUCCESS && i < okapi_message_attachment_count(message); i++) {
        okapi__item_file_t *file = apr_array_push(item->attachments);
        memset(file, 0, sizeof(*file));
        status = file_of(file, message, okapi_message_attachment_num(message, i), result_pool,
                         scratch_pool);
    }
    return status;
}
