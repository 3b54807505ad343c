/* mapi_item.c - the tree of a message outside of a store, and which properties it carries. */
#include "mapi_item.h"

#include <apr_strings.h>

okapi__item_t *okapi__item_create(apr_pool_t *result_pool)
{
    okapi__item_t *item = apr_palloc(result_pool, sizeof(*item));
    item->props = apr_array_make(result_pool, 32, sizeof(okapi__item_prop_t));
    item->recipients = apr_array_make(result_pool, 2, sizeof(apr_array_header_t *));
    item->attachments = apr_array_make(result_pool, 2, sizeof(okapi__item_file_t));
    return item;
}

void okapi__item_put(apr_array_header_t *props, okapi_propval_t value, const okapi_propname_t *name)
{
    okapi__item_prop_t *prop = apr_array_push(props);
    prop->value = value;
    prop->name = name;
}

const okapi_propval_t *okapi__item_get(const apr_array_header_t *props, okapi_proptag_t tag)
{
    for (int i = props->nelts - 1; i >= 0; i--) {
        const okapi__item_prop_t *prop = &APR_ARRAY_IDX(props, i, okapi__item_prop_t);
        if (prop->value.tag == tag && !prop->name)
            return &prop->value;
    }
    return NULL;
}

const char *okapi__item_str(const apr_array_header_t *props, okapi_proptag_t tag,
                            const char *absent)
{
    const okapi_propval_t *value = okapi__item_get(props, tag);
    return value ? value->v.str : absent;
}

apr_int64_t okapi__item_int(const apr_array_header_t *props, okapi_proptag_t tag,
                            apr_int64_t absent)
{
    const okapi_propval_t *value = okapi__item_get(props, tag);
    return value ? value->v.i32 : absent;
}

const char *okapi__item_file_name(const okapi__item_file_t *file)
{
    static const okapi_proptag_t names[] = {PR_ATTACH_LONG_FILENAME, PR_ATTACH_FILENAME,
                                            PR_ATTACH_TRANSPORT_NAME, PR_DISPLAY_NAME};
    const char *name = "";
    for (size_t i = 0; !*name && i < sizeof(names) / sizeof(names[0]); i++)
        name = okapi__item_str(file->props, names[i], "");
    return name;
}

/* What an object has by where it is: its identifiers, rights and sizes, and what the store it was
 * in was told to do with it. */
static const okapi_proptag_t local_props[] = {
    PR_ACCESS,
    PR_ACCESS_LEVEL,
    PR_ASSOCIATED,
    PR_ATTACH_NUM,
    PR_ATTACH_SIZE,
    PR_CHANGE_KEY,
    PR_DELETED_ON,
    PR_DELETE_AFTER_SUBMIT,
    PR_ENTRYID,
    PR_HAS_NAMED_PROPERTIES,
    PR_INTERNET_ARTICLE_NUMBER,
    PR_MAPPING_SIGNATURE,
    PR_MESSAGE_SIZE,
    PR_MESSAGE_SIZE_EXTENDED,
    PR_NATIVE_BODY_INFO,
    PR_OBJECT_TYPE,
    PR_PARENT_ENTRYID,
    PR_PARENT_SOURCE_KEY,
    PR_PREDECESSOR_CHANGE_LIST,
    PR_READ,
    PR_RECORD_KEY,
    PR_ROWID,
    PR_SENTMAIL_ENTRYID,
    PR_SOURCE_KEY,
    PR_STORE_ENTRYID,
    PR_STORE_RECORD_KEY,
    PR_STORE_SUPPORT_MASK,
    PR_SUBMIT_FLAGS,
    PR_TARGET_ENTRYID,
    PR_TNEF_CORRELATION_KEY,
    PR_TRUST_SENDER,
};

int okapi__item_is_carried(okapi_proptag_t tag)
{
    apr_uint16_t id = OKAPI_PROP_ID(tag);
    int multiple;
    if (!okapi__shape_of(tag, &multiple) || OKAPI_PROP_TYPE(tag) == PT_ERROR ||
        OKAPI_PROP_TYPE(tag) == PT_OBJECT)
        return 0;
    if (id >= 0x6600 && id < 0x6800) /* a store's own: MS-OXCDATA 2.9 */
        return 0;
    for (size_t i = 0; i < sizeof(local_props) / sizeof(local_props[0]); i++)
        if (OKAPI_PROP_ID(local_props[i]) == id)
            return 0;
    return 1;
}
