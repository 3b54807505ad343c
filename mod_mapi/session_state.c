/* session_state.c - a session as bytes, and from them.
 *
 * Only this version of the module reads it: a session of another one is gone, and the client
 * connects anew.
 */
#include "session.h"

#include <apr_strings.h>

#define STATE_VERSION 4

/* ---- what handles of a kind hold beside their place ---- */

static void bytes_write(okapi_writer_t *w, okapi_binary_t bytes)
{
    okapi_write_u32(w, (apr_uint32_t)bytes.len);
    okapi_write_bytes(w, bytes.data, bytes.len);
}

/* In R's buffer, which lives as long as the session. */
static okapi_binary_t bytes_read(okapi_reader_t *r)
{
    okapi_binary_t bytes = {NULL, 0};
    apr_size_t len = okapi_read_count(r, okapi_read_u32(r), 1);

    bytes.data = okapi_read_bytes(r, len);
    bytes.len = bytes.data ? len : 0;
    return bytes;
}

/* A table that this Execute used is encoded anew, any other one goes on as it came. */
static void table_write(const mapi_handle_t *h, okapi_writer_t *w)
{
    if (h->live != NULL) {
        apr_size_t at = w->len;

        okapi_write_u32(w, 0);
        okapi_table_encode(h->live, w);
        okapi_write_u32_at(w, at, (apr_uint32_t)(w->len - at - 4));
    } else {
        bytes_write(w, h->u.table.bytes);
    }
    okapi_write_u8(w, (apr_byte_t)h->u.table.kind);
    okapi_write_u64(w, (apr_uint64_t)h->u.table.cn);
    okapi_write_u8(w, (apr_byte_t)h->u.table.silent);
}

static void table_read(mapi_handle_t *h, okapi_reader_t *r)
{
    h->u.table.bytes = bytes_read(r);
    h->u.table.kind = okapi_read_u8(r);
    h->u.table.cn = (okapi_cn_t)okapi_read_u64(r);
    h->u.table.silent = okapi_read_u8(r);
}

static void stream_write(const mapi_handle_t *h, okapi_writer_t *w)
{
    okapi_write_u32(w, h->u.stream.tag);
    okapi_write_u8(w, h->u.stream.open_mode);
    okapi_write_u64(w, (apr_uint64_t)h->u.stream.position);
}

static void stream_read(mapi_handle_t *h, okapi_reader_t *r)
{
    h->u.stream.tag = okapi_read_u32(r);
    h->u.stream.open_mode = okapi_read_u8(r);
    h->u.stream.position = (apr_int64_t)okapi_read_u64(r);
}

static void subscription_write(const mapi_handle_t *h, okapi_writer_t *w)
{
    okapi_write_u16(w, h->u.subscription.types);
    okapi_write_u8(w, (apr_byte_t)h->u.subscription.whole_store);
    okapi_write_u64(w, (apr_uint64_t)h->u.subscription.cn);
    okapi_write_u64(w, (apr_uint64_t)h->u.subscription.told_cn);
}

static void subscription_read(mapi_handle_t *h, okapi_reader_t *r)
{
    h->u.subscription.types = okapi_read_u16(r);
    h->u.subscription.whole_store = okapi_read_u8(r);
    h->u.subscription.cn = (okapi_cn_t)okapi_read_u64(r);
    h->u.subscription.told_cn = (okapi_cn_t)okapi_read_u64(r);
}

static const struct {
    void (*write)(const mapi_handle_t *h, okapi_writer_t *w);
    void (*read)(mapi_handle_t *h, okapi_reader_t *r);
} kinds[MAPI_KIND__LAST] = {
    [MAPI_KIND_TABLE] = {table_write, table_read},
    [MAPI_KIND_STREAM] = {stream_write, stream_read},
    [MAPI_KIND_SUBSCRIPTION] = {subscription_write, subscription_read},
};

/* ---- handles ---- */

static void handle_write(const mapi_handle_t *h, okapi_writer_t *w)
{
    okapi_write_u32(w, h->number);
    okapi_write_u8(w, (apr_byte_t)h->kind);
    okapi_write_u8(w, h->logon_id);
    okapi_write_u8(w, (apr_byte_t)h->object);
    okapi_write_u64(w, (apr_uint64_t)h->place.folder_id);
    okapi_write_u64(w, (apr_uint64_t)h->place.message_id);
    okapi_write_u8(w, (apr_byte_t)h->place.depth);
    for (int i = 0; i < h->place.depth; i++)
        okapi_write_u32(w, h->place.embed[i]);
    okapi_write_u32(w, h->place.attach_num);
    okapi_write_u8(w, (apr_byte_t)h->place.is_deleted);
    okapi_write_u16(w, h->codepage);
    if (kinds[h->kind].write != NULL)
        kinds[h->kind].write(h, w);
}

static void handle_read(mapi_session_t *session, okapi_reader_t *r)
{
    apr_uint32_t number = okapi_read_u32(r);
    apr_byte_t kind = okapi_read_u8(r), logon_id = okapi_read_u8(r);
    mapi_handle_t *h = kind < MAPI_KIND__LAST ? mapi_session_add(session, kind, logon_id) : NULL;

    if (h == NULL) {
        okapi_reader_fail(r);
        return;
    }
    h->number = number;
    h->object = okapi_read_u8(r);
    h->place.folder_id = (okapi_id_t)okapi_read_u64(r);
    h->place.message_id = (okapi_id_t)okapi_read_u64(r);
    h->place.depth = okapi_read_u8(r);
    if (h->place.depth > MAPI_EMBED_MAX)
        okapi_reader_fail(r);
    for (int i = 0; i < h->place.depth && !r->failed; i++)
        h->place.embed[i] = okapi_read_u32(r);
    h->place.attach_num = okapi_read_u32(r);
    h->place.is_deleted = okapi_read_u8(r);
    h->codepage = okapi_read_u16(r);
    if (kinds[kind].read != NULL)
        kinds[kind].read(h, r);
}

/* ---- logons ---- */

static void logons_write(const mapi_session_t *session, okapi_writer_t *w)
{
    for (int i = 0; i < MAPI_LOGON_MAX; i++) {
        const mapi_logon_t *logon = session->logons[i];

        if (logon == NULL)
            continue;
        okapi_write_u8(w, 1);
        okapi_write_u8(w, (apr_byte_t)i);
        okapi_write_u64(w, (apr_uint64_t)logon->store_id);
        okapi_write_str8z(w, logon->owner);
        okapi_write_u8(w, logon->logon_flags);
        okapi_write_u32(w, logon->open_flags);
        rop_longtermid_write(w, &logon->per_user.folder_id);
        okapi_write_guid(w, &logon->per_user.source);
        bytes_write(w, logon->per_user.data);
    }
    okapi_write_u8(w, 0);
}

static void logons_read(mapi_session_t *session, okapi_reader_t *r)
{
    while (okapi_read_u8(r) && !r->failed) {
        mapi_logon_t *logon = apr_pcalloc(session->pool, sizeof(*logon));

        session->logons[okapi_read_u8(r)] = logon;
        logon->store_id = (okapi_id_t)okapi_read_u64(r);
        logon->owner = okapi_read_str8z(r);
        logon->logon_flags = okapi_read_u8(r);
        logon->open_flags = okapi_read_u32(r);
        rop_longtermid_read(r, &logon->per_user.folder_id);
        logon->per_user.source = okapi_read_guid(r);
        logon->per_user.data = bytes_read(r);
    }
}

/* ---- the whole ---- */

void mapi_session_encode(const mapi_session_t *session, okapi_writer_t *w)
{
    okapi_write_u8(w, STATE_VERSION);
    okapi_write_str8z(w, session->user);
    okapi_write_u64(w, session->generation);
    okapi_write_u32(w, session->sequence);
    for (int i = 0; i < 4; i++)
        okapi_write_u16(w, session->client_version[i]);
    okapi_write_u32(w, session->codepage);
    okapi_write_u32(w, session->lcid_string);
    okapi_write_u32(w, session->lcid_sort);
    logons_write(session, w);
    okapi_write_u32(w, (apr_uint32_t)session->handles->nelts);
    for (int i = 0; i < session->handles->nelts; i++)
        handle_write(APR_ARRAY_IDX(session->handles, i, mapi_handle_t *), w);
    okapi_write_u32(w, session->next_handle);
}

apr_status_t mapi_session_decode(mapi_session_t **session, const char *id, const void *data,
                                 apr_size_t len, apr_pool_t *result_pool)
{
    mapi_session_t *s = apr_pcalloc(result_pool, sizeof(*s));
    okapi_reader_t r;

    okapi_reader_init(&r, data, len);
    if (okapi_read_u8(&r) != STATE_VERSION)
        return OKAPI_EFORMAT;
    s->id = id;
    s->pool = result_pool;
    s->user = okapi_read_str8z(&r);
    s->generation = okapi_read_u64(&r);
    s->sequence = okapi_read_u32(&r);
    for (int i = 0; i < 4; i++)
        s->client_version[i] = okapi_read_u16(&r);
    s->codepage = okapi_read_u32(&r);
    s->lcid_string = okapi_read_u32(&r);
    s->lcid_sort = okapi_read_u32(&r);
    logons_read(s, &r);

    apr_size_t n = okapi_read_count(&r, okapi_read_u32(&r), 1);
    s->handles = apr_array_make(result_pool, (int)n + 8, sizeof(mapi_handle_t *));
    for (apr_size_t i = 0; i < n && !r.failed; i++)
        handle_read(s, &r);
    s->next_handle = okapi_read_u32(&r);
    *session = s;
    return okapi_reader_status(&r, 1);
}
