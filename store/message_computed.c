/* message_computed.c - the properties of messages and attachments that follow from what they are:
 * one table for each, {tag, flags, function}. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "message_private.h"

/* PR_OBJECT_TYPE: MS-OXCPRPT 2.2.1.7 */
enum { OBJECT_TYPE_MESSAGE = 5, OBJECT_TYPE_ATTACHMENT = 7 };

/* PR_ACCESS: MS-OXCPRPT 2.2.1.1 */
enum { ACCESS_MODIFY = 0x1, ACCESS_READ = 0x2, ACCESS_DELETE = 0x4 };

enum { ROW_TYPE_LEAF = 1 }; /* PR_ROW_TYPE: MS-OXCTABL 2.2.1.3 */

#define COMPUTE(name)                                                                             \
    static apr_status_t name(okapi_propval_t *v, okapi_object_t *object, apr_pool_t *result_pool, \
                             apr_pool_t *scratch_pool)

static okapi_message_t *message_of(okapi_object_t *object)
{
    return (okapi_message_t *)object;
}

static const okapi__message_row_t *row_of(okapi_object_t *object)
{
    return &message_of(object)->row;
}

static apr_status_t give_bin(okapi_propval_t *v, okapi_binary_t bin)
{
    v->v.bin = bin;
    return APR_SUCCESS;
}

static apr_status_t give_str(okapi_propval_t *v, const char *str)
{
    v->v.str = str;
    return APR_SUCCESS;
}

static apr_status_t give_i32(okapi_propval_t *v, apr_int64_t i)
{
    v->v.i32 = (apr_int32_t)(i > APR_INT32_MAX ? APR_INT32_MAX : i);
    return APR_SUCCESS;
}

static apr_status_t give_i64(okapi_propval_t *v, apr_int64_t i)
{
    v->v.i64 = i;
    return APR_SUCCESS;
}

static apr_status_t give_bool(okapi_propval_t *v, int b)
{
    v->v.boolean = b != 0;
    return APR_SUCCESS;
}

/* 0 is no time. */
static apr_status_t give_time(okapi_propval_t *v, okapi_time_t t)
{
    v->v.time = t;
    return t ? APR_SUCCESS : OKAPI_ENOTFOUND;
}

/* ---- identity: of messages in a folder only, and not before they are saved ---- */

COMPUTE(entryid)
{
    const okapi__message_row_t *row = row_of(object);
    const okapi_store_t *store = message_of(object)->store;
    return row->id
               ? give_bin(v, okapi__message_entryid(store, row->folder_id, row->id, result_pool))
               : OKAPI_ENOTFOUND;
}

COMPUTE(parent_entryid)
{
    const okapi__message_row_t *row = row_of(object);
    const okapi_store_t *store = message_of(object)->store;
    return row->folder_id ? give_bin(v, okapi__folder_entryid(store, row->folder_id, result_pool))
                          : OKAPI_ENOTFOUND;
}

/* The id as a client knows it, in the eight bytes of the wire. */
COMPUTE(instance_key)
{
    apr_uint64_t eid = okapi_eid_of(row_of(object)->id);
    if (!row_of(object)->id) {
        return OKAPI_ENOTFOUND;
    }
    unsigned char *key = apr_palloc(result_pool, 8);
    for (int i = 0; i < 8; i++) {
        key[i] = (unsigned char)(eid >> 8 * i);
    }
    return give_bin(v, (okapi_binary_t){key, 8});
}

COMPUTE(source_key)
{
    const okapi_guid_t *guid = &message_of(object)->store->guid;
    okapi_id_t id = row_of(object)->id;
    return id ? give_bin(v, okapi_xid(guid, id, result_pool)) : OKAPI_ENOTFOUND;
}

COMPUTE(parent_source_key)
{
    const okapi_guid_t *guid = &message_of(object)->store->guid;
    okapi_id_t id = row_of(object)->folder_id;
    return id ? give_bin(v, okapi_xid(guid, id, result_pool)) : OKAPI_ENOTFOUND;
}

COMPUTE(change_key)
{
    const okapi_guid_t *guid = &message_of(object)->store->guid;
    okapi_cn_t cn = row_of(object)->cn;
    return cn ? give_bin(v, okapi_xid(guid, cn, result_pool)) : OKAPI_ENOTFOUND;
}

COMPUTE(predecessors)
{
    const okapi_guid_t *guid = &message_of(object)->store->guid;
    okapi_cn_t cn = row_of(object)->cn;
    return cn ? give_bin(v, okapi_pcl(guid, cn, result_pool)) : OKAPI_ENOTFOUND;
}

/* eid_of numbers: an id or a change number behind the store's replica id. */
COMPUTE(mid)
{
    okapi_id_t id = row_of(object)->id;
    return id ? give_i64(v, (apr_int64_t)okapi_eid_of(id)) : OKAPI_ENOTFOUND;
}

COMPUTE(fid)
{
    okapi_id_t id = row_of(object)->folder_id;
    return id ? give_i64(v, (apr_int64_t)okapi_eid_of(id)) : OKAPI_ENOTFOUND;
}

COMPUTE(change_num)
{
    okapi_cn_t cn = row_of(object)->cn;
    return cn ? give_i64(v, (apr_int64_t)okapi_eid_of(cn)) : OKAPI_ENOTFOUND;
}

COMPUTE(imap_uid)
{
    apr_int64_t uid = row_of(object)->imap_uid;
    return uid ? give_i32(v, uid) : OKAPI_ENOTFOUND;
}

/* ---- the store ---- */

COMPUTE(store_entryid)
{
    return give_bin(v, okapi__store_entryid(message_of(object)->store, result_pool));
}

COMPUTE(store_record_key)
{
    return give_bin(v, (okapi_binary_t){message_of(object)->store->guid.bytes, 16});
}

/* ---- access and kind ---- */

COMPUTE(access_rights)
{
    apr_uint32_t rights = message_of(object)->rights;
    return give_i32(v, (rights & OKAPI_RIGHT_EDIT_ANY ? ACCESS_MODIFY : 0) |
                           (rights & OKAPI_RIGHT_READ_ANY ? ACCESS_READ : 0) |
                           (rights & OKAPI_RIGHT_DELETE_ANY ? ACCESS_DELETE : 0));
}

COMPUTE(access_level)
{
    return give_i32(v, (message_of(object)->rights & OKAPI_RIGHT_EDIT_ANY) != 0);
}

COMPUTE(object_type)
{
    return give_i32(v, OBJECT_TYPE_MESSAGE);
}

COMPUTE(row_type)
{
    return give_i32(v, ROW_TYPE_LEAF);
}

COMPUTE(zero)
{
    return give_i32(v, 0);
}

COMPUTE(one)
{
    return give_i32(v, 1);
}

COMPUTE(no)
{
    return give_bool(v, 0);
}

/* ---- state ---- */

COMPUTE(message_flags)
{
    return give_i32(v, row_of(object)->flags & OKAPI__MSGFLAG_MASK);
}

COMPUTE(is_read)
{
    return give_bool(v, row_of(object)->flags & MSGFLAG_READ);
}

COMPUTE(is_associated)
{
    return give_bool(v, row_of(object)->part & OKAPI__PART_ASSOCIATED);
}

COMPUTE(message_size)
{
    return give_i32(v, row_of(object)->size);
}

COMPUTE(message_size_extended)
{
    return give_i64(v, row_of(object)->size);
}

COMPUTE(creation_time)
{
    return give_time(v, row_of(object)->ctime);
}

COMPUTE(deleted_on)
{
    return give_time(v, row_of(object)->deleted);
}

COMPUTE(modification_time)
{
    return give_time(v, row_of(object)->mtime);
}

/* Of pending changes too, so not from the row. */
COMPUTE(has_attachments)
{
    okapi_message_t *message = message_of(object);
    if (!message->dirty) {
        return give_bool(v, message->row.flags & MSGFLAG_HASATTACH);
    }
    apr_status_t rv = okapi__attachments_need(message, scratch_pool);
    int visible = 0;
    for (int i = 0; rv == APR_SUCCESS && i < message->attachments->nelts; i++) {
        okapi_attachment_t *a = APR_ARRAY_IDX(message->attachments, i, okapi_attachment_t *);
        rv = okapi__attachment_need(a, scratch_pool);
        visible |= rv == APR_SUCCESS && !okapi__attachment_hidden(a);
    }
    return rv == APR_SUCCESS ? give_bool(v, visible) : rv;
}

/* ---- content ---- */

COMPUTE(message_class)
{
    return give_str(v, "IPM.Note");
}

COMPUTE(empty)
{
    return give_str(v, "");
}

COMPUTE(subject)
{
    okapi_message_t *message = message_of(object);
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    const okapi_props_t *props = message->bag.props;
    return give_str(v, apr_pstrcat(result_pool, okapi_props_str(props, PR_SUBJECT_PREFIX, ""),
                                   okapi_props_str(props, PR_NORMALIZED_SUBJECT, ""), NULL));
}

static apr_status_t display(okapi_propval_t *v, okapi_object_t *object, int type,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_message_t *message = message_of(object);
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    return rv == APR_SUCCESS ? give_str(v, okapi__recipients_display(message->recipients, type,
                                                                     result_pool))
                             : rv;
}

COMPUTE(display_to)
{
    return display(v, object, MAPI_TO, result_pool, scratch_pool);
}

COMPUTE(display_cc)
{
    return display(v, object, MAPI_CC, result_pool, scratch_pool);
}

COMPUTE(display_bcc)
{
    return display(v, object, MAPI_BCC, result_pool, scratch_pool);
}

COMPUTE(has_named)
{
    okapi_message_t *message = message_of(object);
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    const okapi_props_t *props = message->bag.props; /* in the order of tags */
    int n = okapi_props_count(props);
    int named = n && OKAPI_PROP_IS_NAMED(okapi_props_at(props, n - 1)->tag);
    for (int i = 0; i < message->bag.large->nelts; i++) {
        apr_int64_t tag = APR_ARRAY_IDX(message->bag.large, i, okapi__large_t).tag;
        named |= tag < OKAPI__TAG_RAW && OKAPI_PROP_IS_NAMED(tag);
    }
    return give_bool(v, named);
}

enum {
    DEFAULT = OKAPI__PROP_DEFAULT,
    HIDDEN = OKAPI__PROP_HIDDEN,
    ROW = OKAPI__PROP_ROW
};

const okapi__computed_t okapi__message_computed[] = {
    {PR_IMPORTANCE, DEFAULT, one},
    {PR_MESSAGE_CLASS, DEFAULT, message_class},
    {PR_PRIORITY, DEFAULT, zero},
    {PR_SENSITIVITY, DEFAULT, zero},
    {PR_SUBJECT, DEFAULT, subject}, /* never stored: set divides it */
    {PR_SUBJECT_PREFIX, DEFAULT, empty},
    {PR_NORMALIZED_SUBJECT, DEFAULT, empty},
    {PR_DISPLAY_BCC, 0, display_bcc},
    {PR_DISPLAY_CC, 0, display_cc},
    {PR_DISPLAY_TO, 0, display_to},
    {PR_MESSAGE_FLAGS, DEFAULT | ROW, message_flags}, /* never stored: the row has them */
    {PR_MESSAGE_SIZE, ROW, message_size},
    {PR_MESSAGE_SIZE_EXTENDED, ROW, message_size_extended},
    {PR_PARENT_ENTRYID, ROW, parent_entryid},
    {PR_MSG_STATUS, DEFAULT, zero},
    {PR_HASATTACH, ROW, has_attachments},
    {PR_RTF_IN_SYNC, DEFAULT, okapi__body_rtf_in_sync}, /* absent means yes to Outlook */
    {PR_INTERNET_ARTICLE_NUMBER, ROW, imap_uid},
    {PR_READ, ROW, is_read},
    {PR_TRUST_SENDER, DEFAULT, one},
    {PR_ACCESS, ROW, access_rights},
    {PR_ROW_TYPE, ROW | HIDDEN, row_type},
    {PR_INSTANCE_KEY, ROW | HIDDEN, instance_key},
    {PR_ACCESS_LEVEL, ROW, access_level},
    {PR_MAPPING_SIGNATURE, ROW, store_record_key},
    {PR_RECORD_KEY, ROW, entryid},
    {PR_STORE_RECORD_KEY, ROW, store_record_key},
    {PR_STORE_ENTRYID, ROW, store_entryid},
    {PR_OBJECT_TYPE, ROW, object_type},
    {PR_ENTRYID, ROW, entryid},
    {PR_BODY, DEFAULT | HIDDEN, okapi__body_text},
    {PR_RTF_COMPRESSED, DEFAULT | HIDDEN, okapi__body_rtf},
    {PR_HTML, DEFAULT | HIDDEN, okapi__body_html},
    {PR_BODY_HTML, DEFAULT | HIDDEN, okapi__body_html_text},
    {PR_NATIVE_BODY_INFO, DEFAULT, okapi__body_native},
    {PR_DEPTH, ROW | HIDDEN, zero},
    {PR_CREATION_TIME, ROW, creation_time},
    {PR_LAST_MODIFICATION_TIME, ROW, modification_time},
    {PR_DELETED_ON, ROW, deleted_on},
    {PR_SOURCE_KEY, ROW, source_key},
    {PR_PARENT_SOURCE_KEY, ROW, parent_source_key},
    {PR_CHANGE_KEY, ROW, change_key},
    {PR_PREDECESSOR_CHANGE_LIST, ROW, predecessors},
    {PR_HAS_NAMED_PROPERTIES, 0, has_named},
    {PR_LOCAL_COMMIT_TIME, ROW, modification_time},
    {PR_FID, ROW, fid},
    {PR_PARENT_FID, ROW, fid},
    {PR_MID, ROW, mid},
    {PR_INST_ID, ROW | HIDDEN, mid},
    {PR_INSTANCE_NUM, ROW | HIDDEN, zero},
    {PR_CHANGE_NUM, ROW, change_num},
    {PR_ASSOCIATED, ROW, is_associated},
    {0}
};

/* ---- attachments ---- */

static const okapi_attachment_t *attachment_of(okapi_object_t *object)
{
    return (const okapi_attachment_t *)object;
}

COMPUTE(attachment_num)
{
    return give_i32(v, attachment_of(object)->num);
}

COMPUTE(attachment_size)
{
    return give_i32(v, attachment_of(object)->size);
}

COMPUTE(attachment_method)
{
    return give_i32(v, attachment_of(object)->method);
}

COMPUTE(attachment_type)
{
    return give_i32(v, OBJECT_TYPE_ATTACHMENT);
}

COMPUTE(attachment_access_level)
{
    return give_i32(v, (attachment_of(object)->message->rights & OKAPI_RIGHT_EDIT_ANY) != 0);
}

/* Unique within its message, which is all that MS-OXCPRPT 2.2.1.8 asks for. */
COMPUTE(attachment_key)
{
    apr_uint32_t num = attachment_of(object)->num;
    unsigned char *key = apr_palloc(result_pool, 4);
    for (int i = 0; i < 4; i++) {
        key[i] = (unsigned char)(num >> 8 * i);
    }
    return give_bin(v, (okapi_binary_t){key, 4});
}

COMPUTE(attachment_store_key)
{
    return give_bin(v, (okapi_binary_t){attachment_of(object)->message->store->guid.bytes, 16});
}

COMPUTE(attachment_store_entryid)
{
    return give_bin(v, okapi__store_entryid(attachment_of(object)->message->store, result_pool));
}

const okapi__computed_t okapi__attachment_computed[] = {
    {PR_ATTACH_SIZE, 0, attachment_size},
    {PR_ATTACH_NUM, 0, attachment_num},
    {PR_ROW_TYPE, HIDDEN, row_type},
    {PR_INSTANCE_KEY, HIDDEN, attachment_key},
    {PR_ACCESS_LEVEL, 0, attachment_access_level},
    {PR_MAPPING_SIGNATURE, 0, attachment_store_key},
    {PR_RECORD_KEY, 0, attachment_key},
    {PR_STORE_RECORD_KEY, 0, attachment_store_key},
    {PR_STORE_ENTRYID, 0, attachment_store_entryid},
    {PR_OBJECT_TYPE, 0, attachment_type},
    {PR_DEPTH, HIDDEN, zero},
    {PR_ATTACH_METHOD, DEFAULT, attachment_method}, /* never stored: the row has it */
    {PR_ATTACHMENT_HIDDEN, DEFAULT, no},
    {PR_ATTACHMENT_FLAGS, DEFAULT, zero},
    {PR_ATTACHMENT_LINKID, DEFAULT, zero},
    {0}
};
