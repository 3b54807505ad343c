/* attachment.c - the attachments of a message, and the messages embedded in them. */
#include <apr_strings.h>
#include <okapi/error.h>

#include "message_private.h"

static okapi_attachment_t *attachment_of(okapi_object_t *object)
{
    return (okapi_attachment_t *)object;
}

static okapi__db_t *db_of(const okapi_attachment_t *attachment)
{
    return attachment->message->store->okapi->db;
}

/* ---- as an object ---- */

static apr_status_t stored(const okapi_props_t **props, okapi_object_t *object,
                           apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = attachment_of(object);
    apr_status_t rv = okapi__attachment_need(attachment, scratch_pool);
    *props = attachment->bag.props;
    return rv;
}

static apr_status_t large(const apr_array_header_t **values, okapi_object_t *object,
                          apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = attachment_of(object);
    apr_status_t rv = okapi__attachment_need(attachment, scratch_pool);
    *values = attachment->bag.large;
    return rv;
}

static apr_status_t stream(okapi_stream_t **value, okapi_object_t *object, okapi_proptag_t tag,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = attachment_of(object);
    apr_status_t rv = okapi__attachment_need(attachment, scratch_pool);
    return rv == APR_SUCCESS ? okapi__propbag_stream(value, &attachment->bag, tag,
                                                     db_of(attachment), result_pool)
                             : rv;
}

static void touch(okapi_attachment_t *attachment)
{
    attachment->dirty = 1;
    okapi__message_touch(attachment->message);
}

static apr_status_t set(okapi_object_t *object, const okapi_propval_t *values, int n,
                        apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = attachment_of(object);
    apr_status_t rv = okapi__attachment_need(attachment, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        if (values[i].tag == PR_ATTACH_METHOD) {
            attachment->method = values[i].v.i32;
        } else {
            okapi__propbag_set(&attachment->bag, &values[i]);
        }
    }
    touch(attachment);
    return rv;
}

static apr_status_t unset(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                          apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = attachment_of(object);
    apr_status_t rv = okapi__attachment_need(attachment, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        okapi__propbag_unset(&attachment->bag, tags[i]);
    }
    touch(attachment);
    return rv;
}

static const okapi__object_class_t attachment_class = {
    .kind = OKAPI_OBJECT_ATTACHMENT,
    .computed = okapi__attachment_computed,
    .stored = stored,
    .set = set,
    .unset = unset,
    .large = large,
    .stream = stream,
};

okapi_object_t *okapi_attachment_object(okapi_attachment_t *attachment)
{
    return &attachment->object;
}

apr_uint32_t okapi_attachment_num(const okapi_attachment_t *attachment)
{
    return attachment->num;
}

okapi_message_t *okapi_attachment_message(const okapi_attachment_t *attachment)
{
    return attachment->message;
}

int okapi__attachment_hidden(const okapi_attachment_t *attachment)
{
    return okapi_props_int(attachment->bag.props, PR_ATTACHMENT_HIDDEN, 0) != 0;
}

/* ---- the list ---- */

static okapi_attachment_t *add(okapi_message_t *message, apr_uint32_t num)
{
    okapi_attachment_t *attachment = apr_pcalloc(message->pool, sizeof(*attachment));
    attachment->object.object_class = &attachment_class;
    attachment->message = message;
    attachment->num = num;
    APR_ARRAY_PUSH(message->attachments, okapi_attachment_t *) = attachment;
    return attachment;
}

apr_status_t okapi__attachments_load(okapi_message_t *message, okapi__conn_t *conn,
                                     apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    if (message->attachments) {
        return APR_SUCCESS;
    }
    if (message->hidden) {
        message->attachments = apr_array_make(message->pool, 0, sizeof(okapi_attachment_t *));
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_ATTACH_LIST, DB_ARGS(DB_I(message->id)),
                                       scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    message->attachments = apr_array_make(message->pool, 2, sizeof(okapi_attachment_t *));
    while (okapi__rows_next(rows)) {
        okapi_attachment_t *attachment = add(message, (apr_uint32_t)okapi__rows_int(rows, 0));
        attachment->id = okapi__rows_int(rows, 1);
        attachment->method = (int)okapi__rows_int(rows, 2);
        attachment->size = okapi__rows_int(rows, 3);
        attachment->embedded_id = okapi__rows_int(rows, 4);
    }
    rv = okapi__rows_status(rows);
    if (rv != APR_SUCCESS) {
        message->attachments = NULL;
    }
    return rv;
}

static apr_status_t list_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__attachments_load(baton, conn, scratch_pool);
}

apr_status_t okapi__attachments_need(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    return message->attachments ? APR_SUCCESS
                                : okapi__db_read(message->store->okapi->db, list_work, message,
                                                 scratch_pool);
}

int okapi_message_attachment_count(const okapi_message_t *message)
{
    return message->attachments->nelts;
}

apr_uint32_t okapi_message_attachment_num(const okapi_message_t *message, int i)
{
    return APR_ARRAY_IDX(message->attachments, i, okapi_attachment_t *)->num;
}

/* ---- one ---- */

static apr_status_t load_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_ATTACH_PROPS,
                                           DB_ARGS(DB_I(attachment->message->id),
                                                   DB_I(attachment->num)),
                                           scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_EOBJECTDELETED;
    }
    okapi__propbag_init(&attachment->bag, attachment->message->pool);
    rv = okapi__propbag_unpack(&attachment->bag, okapi__rows_blob(rows, 0));
    if (rv == APR_SUCCESS) {
        rv = okapi__propbag_load_large(&attachment->bag, conn, attachment->id, scratch_pool);
    }
    attachment->loaded = rv == APR_SUCCESS;
    return rv;
}

apr_status_t okapi__attachment_need(okapi_attachment_t *attachment, apr_pool_t *scratch_pool)
{
    return attachment->loaded ? APR_SUCCESS
                              : okapi__db_read(db_of(attachment), load_work, attachment,
                                               scratch_pool);
}

apr_status_t okapi_attachment_open(okapi_attachment_t **attachment, okapi_message_t *message,
                                   apr_uint32_t num, apr_pool_t *scratch_pool)
{
    *attachment = NULL;
    apr_status_t rv = okapi__attachments_need(message, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < message->attachments->nelts; i++) {
        okapi_attachment_t *a = APR_ARRAY_IDX(message->attachments, i, okapi_attachment_t *);
        if (a->num == num) {
            rv = okapi__attachment_need(a, scratch_pool);
            *attachment = rv == APR_SUCCESS ? a : NULL;
            return rv;
        }
    }
    return rv == APR_SUCCESS ? OKAPI_ENOTFOUND : rv;
}

okapi_attachment_t *okapi_attachment_create(okapi_message_t *message, int method)
{
    const apr_array_header_t *all = message->attachments;
    apr_uint32_t num = all->nelts ? APR_ARRAY_IDX(all, all->nelts - 1,
                                                  okapi_attachment_t *)->num + 1 : 0;
    okapi_attachment_t *attachment = add(message, num);
    okapi__propbag_init(&attachment->bag, message->pool);
    /* MS-OXCMSG 3.2.5.13 */
    okapi_time_t now = okapi_time_now();
    okapi_props_set_time(attachment->bag.props, PR_CREATION_TIME, now);
    okapi_props_set_time(attachment->bag.props, PR_LAST_MODIFICATION_TIME, now);
    okapi_props_set_i32(attachment->bag.props, PR_RENDERING_POSITION, -1);
    attachment->method = method;
    attachment->loaded = 1;
    touch(attachment);
    return attachment;
}

void okapi_attachment_set_data(okapi_attachment_t *attachment, okapi_binary_t data)
{
    if (data.len > OKAPI__LARGE_VALUE) {
        okapi__propbag_set_bytes(&attachment->bag, PR_ATTACH_DATA_BIN, data);
    } else {
        okapi_propval_t v = okapi_propval_bin(PR_ATTACH_DATA_BIN, data.data, data.len);
        okapi__propbag_set(&attachment->bag, &v);
    }
    touch(attachment);
}

/* ---- embedded messages ---- */

static apr_status_t embedded_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__message_read(baton, conn, scratch_pool);
}

apr_status_t okapi_attachment_embedded(okapi_message_t **embedded, okapi_attachment_t *attachment,
                                       apr_pool_t *scratch_pool)
{
    okapi_message_t *outer = attachment->message;
    *embedded = attachment->embedded;
    if (*embedded) {
        return APR_SUCCESS;
    }
    if (attachment->method != ATTACH_EMBEDDED_MSG || !attachment->embedded_id) {
        return OKAPI_ENOTFOUND;
    }
    okapi_message_t *message = okapi__message_make(outer->store, outer->pool);
    message->id = attachment->embedded_id;
    message->parent = attachment;
    message->rights = outer->rights;
    apr_status_t rv = okapi__db_read(db_of(attachment), embedded_work, message, scratch_pool);
    if (rv == APR_SUCCESS) {
        *embedded = attachment->embedded = message;
    }
    return rv;
}
