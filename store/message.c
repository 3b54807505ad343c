/* message.c - messages: opening, creating, reading and changing properties. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "access.h"
#include "message_private.h"
#include "per_user_read.h"
#include "search_private.h"
#include "text.h"

/* Characters of a subject that are kept; MS-OXCMSG 2.2.1.10 knows no more than 253, but real mail
 * does. Small enough never to be a large value. */
enum { SUBJECT_MAX = 1000 };

static okapi_message_t *message_of(okapi_object_t *object)
{
    return (okapi_message_t *)object;
}

/* ---- as an object ---- */

static apr_status_t stored(const okapi_props_t **props, okapi_object_t *object,
                           apr_pool_t *scratch_pool)
{
    okapi_message_t *message = message_of(object);
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    *props = message->bag.props;
    return rv;
}

static apr_status_t large(const apr_array_header_t **values, okapi_object_t *object,
                          apr_pool_t *scratch_pool)
{
    okapi_message_t *message = message_of(object);
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    *values = message->bag.large;
    return rv;
}

static apr_status_t stream(okapi_stream_t **value, okapi_object_t *object, okapi_proptag_t tag,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_message_t *message = message_of(object);
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    return rv == APR_SUCCESS ? okapi__propbag_stream(value, &message->bag, tag,
                                                     message->store->okapi->db, result_pool)
                             : rv;
}

static void set_text(okapi_message_t *message, okapi_proptag_t tag, const char *text,
                     apr_pool_t *scratch_pool)
{
    okapi_propval_t v = okapi_propval_str(tag, okapi__text_clean(text, SUBJECT_MAX, scratch_pool));
    okapi__propbag_set(&message->bag, &v);
}

/* A subject is kept in its two parts (MS-OXCMSG 2.2.1.46). */
static void set_subject(okapi_message_t *message, const char *subject, apr_pool_t *scratch_pool)
{
    const char *prefix = okapi_props_str(message->bag.props, PR_SUBJECT_PREFIX, NULL);
    const char *normalized;
    okapi__subject_split(&prefix, &normalized, subject, prefix, scratch_pool);
    set_text(message, PR_SUBJECT_PREFIX, prefix, scratch_pool);
    set_text(message, PR_NORMALIZED_SUBJECT, normalized, scratch_pool);
}

/* Before the first save only, and what doesn't follow from something else: MS-OXCMSG 2.2.1.6. */
static void set_flags(okapi_message_t *message, apr_uint32_t flags)
{
    const apr_uint32_t settable = MSGFLAG_READ | MSGFLAG_UNMODIFIED | MSGFLAG_SUBMIT |
                                  MSGFLAG_UNSENT | MSGFLAG_FROMME | MSGFLAG_RESEND |
                                  MSGFLAG_NOTIFYREAD | MSGFLAG_NOTIFYUNREAD | MSGFLAG_INTERNET;
    if (!message->id) {
        message->row.flags = flags & settable;
        message->row.flags |= flags & MSGFLAG_READ ? MSGFLAG_EVERREAD : 0;
    }
}

static apr_status_t set(okapi_object_t *object, const okapi_propval_t *values, int n,
                        apr_pool_t *scratch_pool)
{
    okapi_message_t *message = message_of(object);
    const char *subject = NULL;
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv == APR_SUCCESS) {
        okapi__bodies_set(message, values, n);
    }
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        const okapi_propval_t *v = &values[i];
        int text8 = OKAPI_PROP_TYPE(v->tag) == PT_STRING8;
        okapi_proptag_t tag = text8 ? OKAPI_PROP_RETYPE(v->tag, PT_UNICODE) : v->tag;
        switch (tag) {
        case PR_SUBJECT:
            subject = v->v.str;
            break;
        case PR_SUBJECT_PREFIX:
        case PR_NORMALIZED_SUBJECT:
            set_text(message, tag, v->v.str, scratch_pool);
            break;
        case PR_MESSAGE_FLAGS:
            set_flags(message, (apr_uint32_t)v->v.i32);
            break;
        default:
            okapi__propbag_set(&message->bag, v);
        }
    }
    if (rv == APR_SUCCESS && subject) {
        set_subject(message, subject, scratch_pool); /* after a prefix set with it */
    }
    okapi__message_touch(message);
    return rv;
}

static apr_status_t unset(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                          apr_pool_t *scratch_pool)
{
    okapi_message_t *message = message_of(object);
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        if (OKAPI_PROP_ID(tags[i]) == OKAPI_PROP_ID(PR_SUBJECT)) {
            okapi__propbag_unset(&message->bag, PR_SUBJECT_PREFIX);
            okapi__propbag_unset(&message->bag, PR_NORMALIZED_SUBJECT);
        } else {
            okapi__propbag_unset(&message->bag, tags[i]);
        }
    }
    okapi__message_touch(message);
    return rv;
}

static const okapi__object_class_t message_class = {
    .kind = OKAPI_OBJECT_MESSAGE,
    .computed = okapi__message_computed,
    .stored = stored,
    .set = set,
    .unset = unset,
    .large = large,
    .stream = stream,
};

okapi_object_t *okapi_message_object(okapi_message_t *message)
{
    return &message->object;
}

okapi_store_t *okapi_message_store(const okapi_message_t *message)
{
    return message->store;
}

okapi_id_t okapi_message_id(const okapi_message_t *message)
{
    return message->id;
}

okapi_id_t okapi_message_folder_id(const okapi_message_t *message)
{
    return message->row.folder_id;
}

void okapi__message_touch(okapi_message_t *message)
{
    while (message) {
        message->dirty = 1;
        if (message->parent) {
            message->parent->dirty = 1;
            message = message->parent->message;
        } else {
            message = NULL;
        }
    }
}

/* ---- making ---- */

okapi_message_t *okapi__message_make(okapi_store_t *store, apr_pool_t *result_pool)
{
    okapi_message_t *message = apr_pcalloc(result_pool, sizeof(*message));
    message->object.object_class = &message_class;
    message->store = store;
    message->pool = result_pool;
    return message;
}

/* What a new message has before anybody sets anything: MS-OXCMSG 3.2.5.2. */
static void begin(okapi_message_t *message)
{
    okapi_guid_t search_key = okapi_guid_create();
    okapi__propbag_init(&message->bag, message->pool);
    okapi_props_set_bin(message->bag.props, PR_SEARCH_KEY, search_key.bytes, 16);
    message->recipients = apr_array_make(message->pool, 0, sizeof(okapi_recipient_t *));
    message->attachments = apr_array_make(message->pool, 0, sizeof(okapi_attachment_t *));
    message->row.flags = OKAPI__MSGFLAG_READ | MSGFLAG_UNSENT;
    message->row.ctime = message->row.mtime = okapi_time_now();
    message->loaded = 1;
    message->dirty = 1;
}

apr_status_t okapi_message_create(okapi_message_t **message, okapi_store_t *store,
                                  okapi_id_t folder_id, int associated, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    okapi_folder_t *folder;
    *message = NULL;
    apr_status_t rv = okapi_folder_open(&folder, store, folder_id, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__create_check(okapi_folder_rights(folder), associated);
    }
    if (rv == APR_SUCCESS && !associated) {
        rv = okapi__folder_takes(folder);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *message = okapi__message_make(store, result_pool);
    begin(*message);
    (*message)->rights = okapi_folder_rights(folder);
    (*message)->row.folder_id = folder_id;
    (*message)->row.part = associated ? OKAPI__PART_ASSOCIATED : OKAPI__PART_NORMAL;
    return APR_SUCCESS;
}

okapi_message_t *okapi_attachment_create_embedded(okapi_attachment_t *attachment)
{
    okapi_message_t *outer = attachment->message;
    okapi_message_t *message = okapi__message_make(outer->store, outer->pool);
    begin(message);
    message->parent = attachment;
    message->rights = outer->rights;
    attachment->embedded = message;
    okapi__message_touch(message);
    return message;
}

/* ---- reading ---- */

apr_status_t okapi__message_fill(okapi_message_t *message, okapi_binary_t props,
                                 okapi_binary_t recipients)
{
    okapi__propbag_init(&message->bag, message->pool);
    apr_status_t rv = okapi__propbag_unpack(&message->bag, props);
    if (rv == APR_SUCCESS) {
        rv = okapi__recipients_unpack(&message->recipients, recipients, message->pool);
    }
    if (rv == APR_SUCCESS && message->hidden) {
        okapi__private_veil(message);
    }
    message->loaded = rv == APR_SUCCESS;
    return rv;
}

apr_status_t okapi__message_load(okapi_message_t *message, okapi__conn_t *conn,
                                 apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    if (message->loaded) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_MSG_PROPS,
                                           DB_ARGS(DB_I(message->id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_EOBJECTDELETED;
    }
    message->rev = okapi__rows_int(rows, 0);
    rv = okapi__message_fill(message, okapi__rows_blob(rows, 1), okapi__rows_blob(rows, 2));
    if (rv == APR_SUCCESS && !message->hidden) {
        rv = okapi__propbag_load_large(&message->bag, conn, message->id, scratch_pool);
    }
    message->loaded = rv == APR_SUCCESS;
    return rv;
}

static apr_status_t load_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__message_load(baton, conn, scratch_pool);
}

apr_status_t okapi__message_need(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    return message->loaded ? APR_SUCCESS
                           : okapi__db_read(message->store->okapi->db, load_work, message,
                                            scratch_pool);
}

/* An embedded message has no row in a folder: what a row holds stands in its properties. */
static void row_of_embedded(okapi_message_t *message)
{
    const okapi_props_t *props = message->bag.props;
    message->row.flags = (apr_uint32_t)okapi_props_int(props, PR_MESSAGE_FLAGS, 0);
    const okapi_propval_t *t = okapi_props_get(props, PR_CREATION_TIME);
    message->row.ctime = t ? t->v.time : 0;
    t = okapi_props_get(props, PR_LAST_MODIFICATION_TIME);
    message->row.mtime = t ? t->v.time : 0;
    message->row.size = okapi_props_int(props, PR_MESSAGE_SIZE, 0);
}

apr_status_t okapi__message_read(okapi_message_t *message, okapi__conn_t *conn,
                                 apr_pool_t *scratch_pool)
{
    message->saving_id = message->id;
    apr_status_t rv = okapi__message_load(message, conn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__attachments_load(message, conn, scratch_pool);
    }
    if (rv == APR_SUCCESS && message->parent) {
        row_of_embedded(message);
    }
    return rv;
}

typedef struct open_t {
    okapi_message_t *message;
    okapi_id_t folder_id; /* 0: any */
    int deleted;          /* one that was softly deleted, else one that wasn't */
} open_t;

static apr_status_t open_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    open_t *o = baton;
    okapi_message_t *message = o->message;
    okapi__rows_t *rows;
    apr_uint32_t rights;
    int found;
    message->loaded = 0;
    message->attachments = NULL;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_MESSAGE_BY_ID,
                                           DB_ARGS(DB_I(message->id), DB_I(message->store->id)),
                                           scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    okapi__message_row_read(&message->row, rows, message->pool);
    found = o->deleted == (message->row.part >= OKAPI__PART_SOFT_DELETED);
    if (found && o->folder_id && o->folder_id != message->row.folder_id) {
        rv = okapi__search_shows(&found, conn, o->folder_id, message->id, scratch_pool);
        found = found && message->store->full_access;
    }
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    rv = okapi__rights(&rights, conn, message->store, message->row.folder_id, scratch_pool);
    if (rv == APR_SUCCESS && !okapi__rights_visible(rights)) {
        rv = OKAPI_ENOTFOUND;
    }
    if (rv == APR_SUCCESS) {
        okapi__message_admit(message, rights);
        rv = okapi__rights_check(message->rights, OKAPI_RIGHT_READ_ANY);
    }
    if (rv == APR_SUCCESS && o->deleted) {
        message->rights &= OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_VISIBLE;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__per_user_flags(&message->row.flags, conn, message->store,
                                   message->row.folder_id, message->id, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__message_read(message, conn, scratch_pool) : rv;
}

static apr_status_t open_one(okapi_message_t **message, okapi_store_t *store, okapi_id_t folder_id,
                             okapi_id_t id, int deleted, apr_pool_t *result_pool,
                             apr_pool_t *scratch_pool)
{
    open_t o = {okapi__message_make(store, result_pool), folder_id, deleted};
    o.message->id = id;
    apr_status_t rv = okapi__private_prepare(store, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(store->okapi->db, open_work, &o, scratch_pool);
    }
    *message = rv == APR_SUCCESS ? o.message : NULL;
    return rv;
}

apr_status_t okapi_message_open(okapi_message_t **message, okapi_store_t *store,
                                okapi_id_t folder_id, okapi_id_t id, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    return open_one(message, store, folder_id, id, 0, result_pool, scratch_pool);
}

apr_status_t okapi_message_open_deleted(okapi_message_t **message, okapi_store_t *store,
                                        okapi_id_t folder_id, okapi_id_t id,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    return open_one(message, store, folder_id, id, 1, result_pool, scratch_pool);
}
