/* item_sample.h - a message that has something of everything, for tests of files of messages. */
#ifndef ITEM_SAMPLE_H
#define ITEM_SAMPLE_H

#include "cfb.h"
#include "mailbox.h"
#include "mapi_item.h"

enum { SAMPLE_LARGE = 70000 };

static inline okapi_proptag_t sample_named(mailbox_t *m, const okapi_guid_t *guid, int lid,
                                           const char *text, apr_uint16_t type, apr_pool_t *pool)
{
    okapi_propname_t name = {*guid, text ? MNID_STRING : MNID_ID, (apr_uint32_t)lid, text};
    apr_uint16_t id;
    mailbox_must(okapi_named_ids(m->store, &name, 1, 1, &id, pool), "names");
    return OKAPI_PROP_TAG(type, id);
}

static inline void sample_set(okapi_object_t *object, okapi_propval_t value, apr_pool_t *pool)
{
    mailbox_must(okapi_object_set(object, &value, 1, pool), "set");
}

/* A compound file with a storage in it, as OLE makes it. */
static inline okapi_binary_t sample_object(apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_binary_t text = {(const unsigned char *)"drawn", 5};
    okapi__cfb_node_t *root = okapi__cfb_root(pool);
    okapi__cfb_add_stream(root, "\001Ole", text);
    okapi__cfb_add_stream(okapi__cfb_add_storage(root, "Inner"), "CONTENTS", text);
    okapi_writer_init(&w, 4096, 65536, pool);
    okapi__cfb_write(&w, root);
    okapi_binary_t file = {w.data, w.len};
    return file;
}

static inline void sample_attach(okapi_message_t *message, apr_pool_t *pool)
{
    char *large = memset(apr_palloc(pool, SAMPLE_LARGE), 'x', SAMPLE_LARGE);
    okapi_binary_t data = {(unsigned char *)large, SAMPLE_LARGE};
    okapi_attachment_t *file = okapi_attachment_create(message, ATTACH_BY_VALUE);
    okapi_attachment_set_data(file, data);
    sample_set(okapi_attachment_object(file),
               okapi_propval_str(PR_ATTACH_LONG_FILENAME, "Gr\xC3\xB6\xC3\x9F" "e.txt"), pool);
    okapi_attachment_t *ole = okapi_attachment_create(message, ATTACH_OLE);
    okapi_attachment_set_data(ole, sample_object(pool));
    sample_set(okapi_attachment_object(ole), okapi_propval_str(PR_DISPLAY_NAME, "Drawing"), pool);
    okapi_attachment_t *inner = okapi_attachment_create(message, ATTACH_EMBEDDED_MSG);
    okapi_message_t *embedded = okapi_attachment_create_embedded(inner);
    sample_set(okapi_message_object(embedded), okapi_propval_str(PR_SUBJECT, "RE: inside"), pool);
    sample_set(okapi_message_object(embedded), okapi_propval_str(PR_BODY, "within"), pool);
    okapi_message_add_recipient(embedded, MAPI_CC);
}

static inline okapi_message_t *sample_message(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const words[] = {"red", "", "bl\xC3\xA4u"};
    static const apr_int32_t numbers[] = {1, -2, 3};
    static const okapi_binary_t blobs[] = {{(const unsigned char *)"abc", 3},
                                           {(const unsigned char *)"", 0}};
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    okapi_object_t *object = okapi_message_object(message);
    okapi_propval_t multi = {0};
    sample_set(object, okapi_propval_str(PR_MESSAGE_CLASS, "IPM.Schedule.Meeting.Request"), pool);
    sample_set(object, okapi_propval_str(PR_SUBJECT, "\xE2\x82\xAC 5"), pool);
    sample_set(object, okapi_propval_i32(PR_IMPORTANCE, 2), pool);
    sample_set(object, okapi_propval_i32(PR_MESSAGE_FLAGS, MSGFLAG_UNSENT), pool);
    sample_set(object, okapi_propval_time(PR_CLIENT_SUBMIT_TIME, 132223104000000000), pool);
    sample_set(object, okapi_propval_bin(PR_RTF_COMPRESSED, "rtf", 3), pool);
    sample_set(object,
               okapi_propval_bool(sample_named(m, &okapi_psetid_common, 0x8506, NULL, PT_BOOLEAN,
                                               pool), 1), pool);
    multi.tag = sample_named(m, &okapi_ps_public_strings, 0, "Keywords", PT_MV_UNICODE, pool);
    multi.v.mv.count = 3;
    multi.v.mv.v.str = words;
    sample_set(object, multi, pool);
    multi.tag = sample_named(m, &okapi_psetid_task, 0x8150, NULL, PT_MV_LONG, pool);
    multi.v.mv.v.i32 = numbers;
    sample_set(object, multi, pool);
    multi.tag = OKAPI_PROP_TAG(PT_MV_BINARY, 0x6001);
    multi.v.mv.count = 2;
    multi.v.mv.v.bin = blobs;
    sample_set(object, multi, pool);
    okapi_recipient_t *to = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(to->props, PR_DISPLAY_NAME, "Mary \xC3\x9C");
    okapi_props_set_str(to->props, PR_EMAIL_ADDRESS, "mary@example.org");
    okapi_props_set_bin(to->props, PR_ENTRYID, "id", 2);
    sample_attach(message, pool);
    return message;
}

/* ---- what is told of two trees that aren't the same ---- */

static inline int sample_same_props(const apr_array_header_t *a, const apr_array_header_t *b,
                                    const char *what, apr_pool_t *pool)
{
    int same = 1;
    for (int i = 0; i < a->nelts; i++) {
        const okapi__item_prop_t *x = &APR_ARRAY_IDX(a, i, okapi__item_prop_t), *y = NULL;
        if (x->value.tag == PR_CREATION_TIME || x->value.tag == PR_LAST_MODIFICATION_TIME)
            continue;
        for (int k = 0; k < b->nelts && !y; k++) {
            y = &APR_ARRAY_IDX(b, k, okapi__item_prop_t);
            if (y->value.tag != x->value.tag || okapi_propval_compare(&x->value, &y->value, 0))
                y = NULL;
        }
        if (!y)
            diag("%s: %08x is lost or changed", what, x->value.tag);
        same &= y != NULL;
    }
    return same;
}

static inline int sample_same(const okapi__item_t *a, const okapi__item_t *b, apr_pool_t *pool)
{
    int same = sample_same_props(a->props, b->props, "message", pool) &&
               a->recipients->nelts == b->recipients->nelts &&
               a->attachments->nelts == b->attachments->nelts;
    for (int i = 0; same && i < a->recipients->nelts; i++)
        same &= sample_same_props(APR_ARRAY_IDX(a->recipients, i, apr_array_header_t *),
                                  APR_ARRAY_IDX(b->recipients, i, apr_array_header_t *),
                                  "recipient", pool);
    for (int i = 0; same && i < a->attachments->nelts; i++) {
        const okapi__item_file_t *x = &APR_ARRAY_IDX(a->attachments, i, okapi__item_file_t);
        const okapi__item_file_t *y = &APR_ARRAY_IDX(b->attachments, i, okapi__item_file_t);
        same &= sample_same_props(x->props, y->props, "attachment", pool) &&
                x->method == y->method && !x->message == !y->message &&
                x->data.len == y->data.len &&
                (!x->data.len || memcmp(x->data.data, y->data.data, x->data.len) == 0) &&
                (!x->message || sample_same(x->message, y->message, pool));
    }
    return same;
}

#endif
