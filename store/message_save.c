/* message_save.c - making a message durable, all of it in one transaction.
 *
 * Before the transaction, which may run more than once, everything is prepared: what changed is
 * collected from the message and all that is embedded in it, packed and hashed, and ids are taken.
 * The order of writing is that of cn.h.
 */
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "access.h"
#include "cn.h"
#include "message_private.h"
#include "per_user_read.h"

/* Messages within messages. */
enum { DEPTH_MAX = 1000 };

/* A changed message or attachment. */
typedef struct part_t {
    okapi_message_t *message;
    okapi_attachment_t *attachment; /* NULL: the message itself */
    int is_new;
    okapi_id_t id;
    okapi_binary_t props, recipients;
    int first_blob, nblobs; /* its large values that aren't stored yet, in the bag's order */
} part_t;

typedef struct new_blob_t {
    okapi__blob_t blob;
    okapi_id_t id; /* where the bytes are, once the transaction has put them there */
} new_blob_t;

typedef struct save_t {
    okapi_message_t *message;
    okapi__message_row_t row;  /* as it will be */
    apr_int64_t old_size;
    apr_array_header_t *parts; /* of part_t; the message is the last one */
    apr_array_header_t *blobs; /* of new_blob_t */
    apr_array_header_t *delegates; /* NULL: it doesn't say who they are */
    const int *is_skipped;         /* NULL: never */
    apr_pool_t *pool;
} save_t;

/* ---- preparing ---- */

static okapi__propbag_t *bag_of(const part_t *part)
{
    return part->attachment ? &part->attachment->bag : &part->message->bag;
}

static apr_int64_t large_size(const okapi__propbag_t *bag)
{
    apr_int64_t size = 0;
    for (int i = 0; i < bag->large->nelts; i++) {
        const okapi__large_t *l = &APR_ARRAY_IDX(bag->large, i, okapi__large_t);
        /* The Internet's bytes are a second form of the rest. */
        size += l->tag < OKAPI__TAG_RAW ? l->size : 0;
    }
    return size;
}

/* Prepares BYTES for the database, once: what several values have is found by its address. */
static apr_status_t add_blob(save_t *s, okapi_binary_t bytes)
{
    new_blob_t *b = apr_array_push(s->blobs);
    for (int i = 0; i < s->blobs->nelts - 1; i++) {
        const new_blob_t *other = &APR_ARRAY_IDX(s->blobs, i, new_blob_t);
        if (other->blob.bytes.data == bytes.data && other->blob.bytes.len == bytes.len) {
            *b = *other;
            return APR_SUCCESS;
        }
    }
    return okapi__blob_prepare(&b->blob, bytes, s->message->store->okapi->packers, s->pool);
}

/* Adds what the message or attachment has to store; *SIZE is increased by its bytes. */
static apr_status_t add_part(save_t *s, okapi_message_t *message, okapi_attachment_t *attachment,
                             apr_int64_t *size)
{
    part_t *part = apr_array_push(s->parts);
    *part = (part_t){.message = message, .attachment = attachment};
    part->id = attachment ? attachment->id : message->id;
    part->is_new = part->id == 0;
    okapi__propbag_t *bag = bag_of(part);
    apr_status_t rv = okapi__propbag_pack(&part->props, bag, s->pool);
    if (rv == APR_SUCCESS && !attachment) {
        rv = okapi__recipients_pack(&part->recipients, message->recipients, s->pool);
    }
    part->first_blob = s->blobs->nelts;
    for (int i = 0; rv == APR_SUCCESS && i < bag->large->nelts; i++) {
        const okapi__large_t *l = &APR_ARRAY_IDX(bag->large, i, okapi__large_t);
        if (!l->blob_id) {
            rv = add_blob(s, l->pending);
        }
    }
    part->nblobs = s->blobs->nelts - part->first_blob;
    *size += (apr_int64_t)(part->props.len + part->recipients.len) + large_size(bag);
    return rv;
}

static apr_status_t prepare_message(save_t *s, okapi_message_t *message, int depth);

static apr_status_t prepare_attachment(save_t *s, okapi_attachment_t *attachment, int depth)
{
    okapi_message_t *embedded = attachment->embedded;
    apr_int64_t size = 0;
    apr_status_t rv = okapi__attachment_need(attachment, s->pool);
    if (rv != APR_SUCCESS || !attachment->dirty) {
        return rv;
    }
    if (attachment->embedded_id && !embedded) { /* for its size */
        rv = okapi_attachment_embedded(&embedded, attachment, s->pool);
    }
    if (rv == APR_SUCCESS && embedded) {
        rv = embedded->dirty ? prepare_message(s, embedded, depth + 1) : APR_SUCCESS;
        size = embedded->row.size;
    }
    if (rv == APR_SUCCESS) {
        rv = add_part(s, attachment->message, attachment, &size);
        attachment->size = size;
    }
    return rv;
}

/* An embedded message has no row in a folder, so what a row holds goes to its properties.
 * ATTACHED is the size of its attachments. */
static apr_status_t keep_row(save_t *s, okapi_message_t *message, apr_int64_t attached)
{
    okapi_props_t *props = message->bag.props;
    okapi_binary_t packed, recipients;
    message->row.flags &= ~(apr_uint32_t)MSGFLAG_HASATTACH;
    for (int i = 0; i < message->attachments->nelts; i++) {
        if (!okapi__attachment_hidden(APR_ARRAY_IDX(message->attachments, i,
                                                    okapi_attachment_t *))) {
            message->row.flags |= MSGFLAG_HASATTACH;
        }
    }
    okapi_props_set_i32(props, PR_MESSAGE_FLAGS, (apr_int32_t)message->row.flags);
    okapi_props_set_time(props, PR_CREATION_TIME, message->row.ctime);
    okapi_props_set_time(props, PR_LAST_MODIFICATION_TIME, message->row.mtime);
    okapi_props_set_i32(props, PR_MESSAGE_SIZE, 0); /* takes its place in what is measured */
    apr_status_t rv = okapi__propbag_pack(&packed, &message->bag, s->pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__recipients_pack(&recipients, message->recipients, s->pool);
    }
    if (rv == APR_SUCCESS) {
        apr_int64_t size = attached + (apr_int64_t)(packed.len + recipients.len) +
                           large_size(&message->bag);
        okapi_props_set_i32(props, PR_MESSAGE_SIZE,
                            (apr_int32_t)(size > APR_INT32_MAX ? APR_INT32_MAX : size));
    }
    return rv;
}

/* What is inside comes before what it is in, whose size includes it. */
static apr_status_t prepare_message(save_t *s, okapi_message_t *message, int depth)
{
    apr_int64_t size = 0;
    apr_status_t rv = depth > DEPTH_MAX ? OKAPI_ETOOCOMPLEX : APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < message->attachments->nelts; i++) {
        okapi_attachment_t *a = APR_ARRAY_IDX(message->attachments, i, okapi_attachment_t *);
        rv = prepare_attachment(s, a, depth);
        size += a->size;
    }
    if (rv == APR_SUCCESS && message->parent) {
        rv = keep_row(s, message, size);
    }
    if (rv == APR_SUCCESS) {
        rv = add_part(s, message, NULL, &size);
        message->row.size = size;
    }
    return rv;
}

/* Who writes: MS-OXCMSG 3.2.5.2 and 3.2.5.3. */
static void sign(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    const okapi_store_t *store = message->store;
    okapi_props_t *props = message->bag.props;
    const char *name = store->actor->fullname;
    okapi_binary_t entryid = okapi_entryid_addressbook(
        okapi_user_dn(store->okapi, store->actor, scratch_pool), 0, scratch_pool);
    if (!message->id) {
        okapi_props_set_str(props, PR_CREATOR_NAME, name);
        okapi_props_set_bin(props, PR_CREATOR_ENTRYID, entryid.data, entryid.len);
    }
    okapi_props_set_str(props, PR_LAST_MODIFIER_NAME, name);
    okapi_props_set_bin(props, PR_LAST_MODIFIER_ENTRYID, entryid.data, entryid.len);
}

static void deliver(okapi_message_t *message, apr_uint32_t flags, okapi_time_t now)
{
    const apr_uint32_t drop = OKAPI__MSGFLAG_READ | MSGFLAG_UNSENT | MSGFLAG_SUBMIT;
    message->row.flags = (message->row.flags & ~drop) | MSGFLAG_UNMODIFIED |
                         OKAPI__MSGFLAG_DELIVERED;
    if (flags & OKAPI__SAVE_READ) {
        message->row.flags |= OKAPI__MSGFLAG_READ;
    }
    if (!okapi_props_get(message->bag.props, PR_MESSAGE_DELIVERY_TIME)) {
        okapi_props_set_time(message->bag.props, PR_MESSAGE_DELIVERY_TIME, now);
    }
}

static apr_status_t prepare(save_t *s, apr_uint32_t flags)
{
    okapi_message_t *message = s->message;
    apr_int64_t max = message->store->okapi->config->max_message;
    okapi_time_t now = okapi_time_now();
    s->old_size = message->id ? message->row.size : 0;
    if (flags & OKAPI_SAVE_DELIVERY) {
        deliver(message, flags, now);
    } else {
        sign(message, s->pool);
        if (!message->id) {
            message->row.creator = message->store->actor->id;
        }
    }
    message->row.mtime = now;
    apr_status_t rv = prepare_message(s, message, 0);
    /* Mail was measured before it was converted, which can make it larger. */
    if (rv == APR_SUCCESS && max && !(flags & (OKAPI_SAVE_DELIVERY | OKAPI__SAVE_ANY_SIZE)) &&
        message->row.size > max) {
        rv = OKAPI_ETOOBIG;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__rule_check_extended(message);
    }
    if (rv == APR_SUCCESS) {
        s->row = message->row;
        rv = okapi__message_row_fill(&s->row, message, message->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__private_mark(message, &s->row, s->pool);
        s->delegates = okapi__delegates_named(message, s->pool);
        if (message->id) {
            s->row.flags &= ~(apr_uint32_t)MSGFLAG_UNMODIFIED;
        }
    }
    return rv;
}

static apr_status_t take_ids(save_t *s)
{
    okapi_id_t next = 0;
    int n = s->blobs->nelts;
    for (int i = 0; i < s->parts->nelts; i++) {
        n += APR_ARRAY_IDX(s->parts, i, part_t).is_new;
    }
    if (n > 0) {
        apr_status_t rv = okapi__db_take_ids(s->message->store->okapi->db, n, &next, s->pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    for (int i = 0; i < s->blobs->nelts; i++) {
        APR_ARRAY_IDX(s->blobs, i, new_blob_t).blob.id = next++;
    }
    for (int i = 0; i < s->parts->nelts; i++) {
        part_t *part = &APR_ARRAY_IDX(s->parts, i, part_t);
        if (part->is_new) {
            okapi_id_t reserved = part->attachment ? 0 : part->message->reserved_id;
            part->id = reserved ? reserved : next++;
        }
        if (!part->attachment) {
            part->message->saving_id = part->id;
        }
    }
    s->row.id = APR_ARRAY_IDX(s->parts, s->parts->nelts - 1, part_t).id;
    return APR_SUCCESS;
}

/* ---- writing ---- */

static apr_status_t write_large(save_t *s, okapi__conn_t *conn, const part_t *part,
                                apr_pool_t *scratch_pool)
{
    const okapi__propbag_t *bag = bag_of(part);
    int next = part->first_blob;
    apr_status_t rv = APR_SUCCESS;
    if (!part->is_new) {
        rv = okapi__db_post(conn, STMT_BIGPROP_CLEAR, DB_ARGS(DB_I(part->id)),
                            scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < bag->large->nelts; i++) {
        const okapi__large_t *l = &APR_ARRAY_IDX(bag->large, i, okapi__large_t);
        okapi_id_t blob_id = l->blob_id;
        if (!blob_id) {
            new_blob_t *b = &APR_ARRAY_IDX(s->blobs, next++, new_blob_t);
            rv = okapi__blob_put(conn, &b->blob, &b->id, scratch_pool);
            blob_id = b->id;
        }
        if (rv == APR_SUCCESS) {
            rv = okapi__db_post(conn, STMT_BIGPROP_ADD,
                                DB_ARGS(DB_I(part->id), DB_I(l->tag), DB_I(blob_id),
                                        DB_I(l->size)),
                                scratch_pool);
        }
    }
    return rv;
}

static apr_status_t write_attachment(okapi__conn_t *conn, const part_t *part,
                                     apr_pool_t *scratch_pool)
{
    const okapi_attachment_t *a = part->attachment;
    okapi_id_t message_id = a->message->saving_id;
    okapi_id_t embedded_id = a->embedded ? a->embedded->saving_id : a->embedded_id;
    okapi__arg_t embedded = embedded_id ? DB_I(embedded_id) : DB_NULL;
    okapi__arg_t props = DB_B(part->props.data, part->props.len);
    if (part->is_new) {
        return okapi__db_post(conn, STMT_ATTACH_ADD,
                              DB_ARGS(DB_I(message_id), DB_I(a->num), DB_I(part->id),
                                      DB_I(a->method), DB_I(a->size), embedded, props),
                              scratch_pool);
    }
    return okapi__db_post(conn, STMT_ATTACH_UPDATE,
                          DB_ARGS(DB_I(a->method), DB_I(a->size), embedded, props,
                                  DB_I(message_id), DB_I(a->num)),
                          scratch_pool);
}

/* Why no row had the revision that was read. */
static apr_status_t conflict(okapi__conn_t *conn, okapi_id_t id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_MSG_PROPS_REV,
                                           DB_ARGS(DB_I(id)), scratch_pool);
    return rv != APR_SUCCESS ? rv : found ? OKAPI_EOBJECTMODIFIED : OKAPI_EOBJECTDELETED;
}

static apr_status_t write_message(okapi__conn_t *conn, const part_t *part,
                                  apr_pool_t *scratch_pool)
{
    okapi__arg_t props = DB_B(part->props.data, part->props.len);
    okapi__arg_t recipients = DB_B(part->recipients.data, part->recipients.len);
    okapi_binary_t raw = part->message->skeleton;
    okapi__arg_t skeleton = raw.data ? DB_B(raw.data, raw.len) : DB_NULL;
    apr_int64_t affected;
    if (part->is_new) {
        return okapi__db_post(conn, STMT_MSG_PROPS_ADD,
                              DB_ARGS(DB_I(part->id), props, recipients, skeleton), scratch_pool);
    }
    apr_status_t rv = okapi__db_exec(conn, STMT_MSG_PROPS_UPDATE, &affected,
                                     DB_ARGS(props, recipients, DB_I(part->id),
                                             DB_I(part->message->rev)),
                                     scratch_pool);
    if (rv == APR_SUCCESS && !affected) {
        rv = conflict(conn, part->id, scratch_pool);
    }
    if (rv == APR_SUCCESS && part->message->is_raw_set) {
        rv = okapi__db_exec(conn, STMT_MSG_SKELETON_SET, NULL, DB_ARGS(skeleton, DB_I(part->id)),
                            scratch_pool);
    }
    return rv;
}

static okapi__arg_t time_or_null(okapi_time_t t)
{
    return t ? DB_I(t) : DB_NULL;
}

static apr_status_t insert_row(okapi__conn_t *conn, const okapi__message_row_t *row,
                               okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    return okapi__db_post(
        conn, STMT_MESSAGE_ADD,
        DB_ARGS(DB_I(row->folder_id), DB_I(row->id), DB_I(row->part), DB_I(row->cn),
                DB_I(row->flags), DB_I(row->delivered), DB_I(row->submitted), DB_I(row->ctime),
                DB_I(row->mtime), DB_I(row->size), DB_I(row->imap_uid), DB_I(row->importance),
                DB_I(row->flag_status), DB_I(row->icon), DB_S(row->message_class),
                DB_S(row->prefix), DB_S(row->subject), DB_S(row->subject_key), DB_S(row->sender),
                DB_S(row->sender_key), DB_S(row->display_to), time_or_null(row->start),
                time_or_null(row->end), DB_I(row->creator), DB_I(row->deleted), DB_I(store_id),
                DB_I(row->cn), DB_I(row->cn), DB_I(row->attachments), DB_I(row->conversation),
                DB_I(row->message_id_hash)),
        scratch_pool);
}

static apr_status_t update_row(okapi__conn_t *conn, const okapi__message_row_t *row,
                               apr_pool_t *scratch_pool)
{
    apr_int64_t affected;
    const apr_uint32_t kept = OKAPI__MSGFLAG_READ;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_MESSAGE_UPDATE, &affected,
        DB_ARGS(DB_I(row->cn), DB_I(row->cn), DB_I(kept), DB_I(row->flags & ~kept),
                DB_I(row->delivered), DB_I(row->submitted), DB_I(row->mtime), DB_I(row->size),
                DB_I(row->importance), DB_I(row->flag_status), DB_I(row->icon),
                DB_I(row->attachments), DB_I(row->conversation), DB_I(row->message_id_hash),
                DB_S(row->message_class), DB_S(row->prefix), DB_S(row->subject),
                DB_S(row->subject_key), DB_S(row->sender), DB_S(row->sender_key),
                DB_S(row->display_to), time_or_null(row->start), time_or_null(row->end),
                DB_I(row->folder_id), DB_I(row->id)),
        scratch_pool);
    return rv == APR_SUCCESS && !affected ? OKAPI_EOBJECTDELETED : rv;
}

/* Nobody's message is read by nobody in the public store, but for who wrote it. */
static apr_status_t add_row(const save_t *s, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    const okapi_store_t *store = s->message->store;
    okapi__message_row_t row = s->row;
    if (!okapi_store_is_public(store)) {
        return insert_row(conn, &row, store->id, scratch_pool);
    }
    row.flags &= ~(apr_uint32_t)OKAPI__MSGFLAG_READ;
    apr_status_t rv = insert_row(conn, &row, store->id, scratch_pool);
    return rv == APR_SUCCESS && (s->row.flags & MSGFLAG_READ) && store->actor->id
               ? okapi__per_user_mark(conn, store, row.folder_id, row.id, 1, row.cn, scratch_pool)
               : rv;
}

/* What the folder's counts get. */
static okapi__stat_delta_t delta_of(const save_t *s)
{
    const okapi__message_row_t *row = &s->row;
    okapi__stat_delta_t delta = {.bytes = row->size - s->old_size};
    if (!s->message->id) {
        delta.associated = row->part == OKAPI__PART_ASSOCIATED;
        delta.content = row->part == OKAPI__PART_NORMAL;
        delta.unread = delta.content && (!(row->flags & MSGFLAG_READ) ||
                                         okapi_store_is_public(s->message->store));
        delta.uids = 1;
    }
    return delta;
}

/* Takes the change number and writes what carries it. */
static apr_status_t write_row(save_t *s, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    okapi__message_row_t *row = &s->row;
    const okapi_store_t *store = s->message->store;
    okapi__stat_delta_t delta = delta_of(s);
    int is_new = !s->message->id;
    apr_status_t rv =
        is_new ? okapi__cn_take_uid(conn, store->id, row->folder_id, delta.bytes, &row->cn,
                                    &row->imap_uid, scratch_pool)
               : okapi__cn_take(conn, store->id, 1, delta.bytes, &row->cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__quota_check(conn, store, delta.bytes, scratch_pool);
    }
    if (rv == APR_SUCCESS && s->delegates) {
        rv = okapi__delegates_replace(conn, store, s->delegates, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = is_new ? add_row(s, conn, scratch_pool) : update_row(conn, row, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__stat_add(conn, row->folder_id, &delta, row->cn,
                                               scratch_pool)
                             : rv;
}

static apr_status_t write_parts(save_t *s, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < s->parts->nelts; i++) {
        const part_t *part = &APR_ARRAY_IDX(s->parts, i, part_t);
        rv = write_large(s, conn, part, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = part->attachment ? write_attachment(conn, part, scratch_pool)
                                  : write_message(conn, part, scratch_pool);
        }
    }
    return rv;
}

/* Everything that goes into one transaction. */
typedef struct batch_t {
    save_t *saves;
    int n;
    okapi__batch_t also;
} batch_t;

static int is_skipped(const save_t *s)
{
    return s->is_skipped && *s->is_skipped;
}

static apr_status_t write_all(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    batch_t *b = baton;
    apr_status_t rv = b->also.first ? b->also.first(conn, b->also.baton, scratch_pool)
                                    : APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->n; i++) {
        rv = is_skipped(&b->saves[i]) ? APR_SUCCESS : write_parts(&b->saves[i], conn, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < b->n; i++) {
        rv = is_skipped(&b->saves[i]) ? APR_SUCCESS : write_row(&b->saves[i], conn, scratch_pool);
    }
    return rv == APR_SUCCESS && b->also.last ? b->also.last(conn, b->also.baton, scratch_pool) : rv;
}

/* ---- after it ---- */

/* The message in memory becomes what is in the database. */
static void settle(save_t *s)
{
    for (int i = 0; i < s->parts->nelts; i++) {
        const part_t *part = &APR_ARRAY_IDX(s->parts, i, part_t);
        okapi__propbag_t *bag = bag_of(part);
        int next = part->first_blob;
        for (int j = 0; j < bag->large->nelts; j++) {
            okapi__large_t *l = &APR_ARRAY_IDX(bag->large, j, okapi__large_t);
            if (!l->blob_id) {
                l->blob_id = APR_ARRAY_IDX(s->blobs, next++, new_blob_t).id;
                l->pending = (okapi_binary_t){NULL, 0};
            }
        }
        if (part->attachment) {
            part->attachment->id = part->id;
            part->attachment->dirty = 0;
        } else {
            part->message->id = part->id;
            part->message->rev++;
            part->message->dirty = 0;
            part->message->is_raw_set = 0;
        }
    }
    for (int i = 0; i < s->parts->nelts; i++) {
        okapi_attachment_t *a = APR_ARRAY_IDX(s->parts, i, part_t).attachment;
        if (a && a->embedded) {
            a->embedded_id = a->embedded->id;
        }
    }
    s->message->row = s->row;
    okapi__message_admit(s->message, s->message->rights);
}

/* Everything that can be done before the transaction. */
static apr_status_t begin(save_t *s, const okapi__saving_t *saving, apr_pool_t *scratch_pool)
{
    okapi_message_t *message = saving->message;
    *s = (save_t){.message = message, .is_skipped = saving->is_skipped, .pool = scratch_pool};
    s->parts = apr_array_make(scratch_pool, 4, sizeof(part_t));
    s->blobs = apr_array_make(scratch_pool, 4, sizeof(new_blob_t));
    if (message->parent) {
        return OKAPI_ENOSUPPORT; /* it is saved with its outermost message */
    }
    apr_status_t rv =
        message->id ? okapi__rights_check(message->rights, OKAPI_RIGHT_EDIT_ANY)
                    : okapi__create_check(message->rights,
                                          message->row.part & OKAPI__PART_ASSOCIATED);
    if (rv == APR_SUCCESS) {
        rv = prepare(s, saving->flags);
    }
    return rv == APR_SUCCESS ? take_ids(s) : rv;
}

apr_status_t okapi__messages_save(okapi_store_t *store, const okapi__saving_t *savings, int n,
                                  const okapi__batch_t *also, apr_pool_t *scratch_pool)
{
    batch_t b = {.n = n};
    apr_status_t rv = APR_SUCCESS;
    b.saves = apr_palloc(scratch_pool, sizeof(save_t) * (apr_size_t)(n + 1));
    if (also) {
        b.also = *also;
    }
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        rv = begin(&b.saves[i], &savings[i], scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(store->okapi->db, write_all, &b, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (int i = 0; i < n; i++) {
        if (!is_skipped(&b.saves[i])) {
            settle(&b.saves[i]);
        }
    }
    if (n > 0) {
        okapi__changed(store->okapi, store->id);
    }
    return APR_SUCCESS;
}

apr_status_t okapi_message_save(okapi_message_t *message, apr_uint32_t flags,
                                apr_pool_t *scratch_pool)
{
    const okapi__saving_t saving = {.message = message, .flags = flags};
    return okapi__messages_save(message->store, &saving, 1, NULL, scratch_pool);
}

apr_status_t okapi__message_reserve(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    return message->id || message->reserved_id
               ? APR_SUCCESS
               : okapi__db_take_ids(message->store->okapi->db, 1, &message->reserved_id,
                                    scratch_pool);
}
