/* rop_message.c - opening messages, their recipients and attachments; read flags: MS-OXCMSG. */
#include <string.h>

#include <apr_strings.h>

#include "leaf_recipient.h"
#include "rops_handlers.h"

#define CODEPAGE_OF_LOGON 0x0FFF /* CodePageId, MS-OXCMSG 2.2.3.1.1 */

/* ---- what the ROPs that open a message tell of it ---- */

#define SUBJECT_MAX    510 /* bytes of UTF-8; the whole one is PR_SUBJECT */
#define OPEN_ROWS_MAX  0xFF
#define READ_ROWS_MAX  0xFE
#define SUMMARY_FIXED  6  /* HasNamedProperties and the three counts */
#define OPEN_ROW_FIXED 7  /* of an OpenRecipientRow before RecipientRow */
#define READ_ROW_FIXED 11 /* of a ReadRecipientRow */

/* S, cut between characters. */
static const char *shortened(const char *s, apr_pool_t *pool)
{
    apr_size_t len = strlen(s);
    if (len <= SUBJECT_MAX) {
        return s;
    }
    len = SUBJECT_MAX;
    while (len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80) {
        len--;
    }
    return apr_pstrmemdup(pool, s, len);
}

/* Most bytes that a TypedString takes: a type, and UTF-16 for each byte of UTF-8. */
static apr_size_t typedstr_size(const char *s)
{
    return s == NULL ? 1 : 3 + 2 * strlen(s);
}

static apr_status_t fill_properties(rop_message_summary_t *s, mapi_rop_ctx_t *ctx,
                                    okapi_object_t *object)
{
    enum { PREFIX, SUBJECT, HAS_NAMED, N };
    static const okapi_proptag_t tags[N] = {PR_SUBJECT_PREFIX, PR_NORMALIZED_SUBJECT,
                                            PR_HAS_NAMED_PROPERTIES};
    okapi_propval_t values[N];
    apr_status_t rv =
        okapi_object_get(object, tags, N, 0, values, ctx->scratch_pool, ctx->scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (values[PREFIX].tag == PR_SUBJECT_PREFIX) {
        s->subject_prefix = shortened(values[PREFIX].v.str, ctx->scratch_pool);
    }
    if (values[SUBJECT].tag == PR_NORMALIZED_SUBJECT) {
        s->normalized_subject = shortened(values[SUBJECT].v.str, ctx->scratch_pool);
    }
    s->has_named_properties =
        values[HAS_NAMED].tag == PR_HAS_NAMED_PROPERTIES && values[HAS_NAMED].v.boolean;
    return APR_SUCCESS;
}

/* As many recipients as fit into ROOM: the client asks for the rest with RopReadRecipients. */
static void fill_recipients(rop_message_summary_t *s, const mapi_rop_ctx_t *ctx,
                            const okapi_message_t *message, const apr_array_header_t *columns,
                            apr_size_t room)
{
    int n = okapi_message_recipient_count(message);
    s->recipient_count = (apr_uint16_t)(n < 0xFFFF ? n : 0xFFFF);
    s->recipient_rows = apr_pcalloc(ctx->scratch_pool, OPEN_ROWS_MAX * sizeof(*s->recipient_rows));
    for (int i = 0; i < n && i < OPEN_ROWS_MAX; i++) {
        const okapi_recipient_t *recipient = okapi_message_recipient(message, i);
        rop_open_recipient_row_t *row = &s->recipient_rows[i];
        row->recipient_row = rop_recipient_row(recipient, columns, &ctx->codec, ctx->scratch_pool);
        apr_size_t size = OPEN_ROW_FIXED + row->recipient_row.len;
        if (row->recipient_row.len == 0 || size > room) {
            break;
        }
        row->recipient_type = (apr_byte_t)recipient->type;
        row->code_page_id = (apr_uint16_t)ctx->codec.prop.codepage;
        room -= size;
        s->n_recipient_rows++;
    }
}

/* FIXED is what the response holds before the summary. */
static apr_status_t fill_summary(rop_message_summary_t *s, mapi_rop_ctx_t *ctx,
                                 okapi_message_t *message, apr_size_t fixed)
{
    apr_status_t rv = fill_properties(s, ctx, okapi_message_object(message));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_array_header_t *columns = rop_recipient_columns(message, ctx->scratch_pool);
    s->recipient_columns = (okapi_proptag_t *)columns->elts;
    s->n_recipient_columns = columns->nelts;
    fixed += SUMMARY_FIXED + typedstr_size(s->subject_prefix) +
             typedstr_size(s->normalized_subject) + 4 * (apr_size_t)columns->nelts;
    fill_recipients(s, ctx, message, columns, ctx->room > fixed ? ctx->room - fixed : 0);
    return APR_SUCCESS;
}

/* ---- messages ---- */

/* The 8-bit strings of the message behind HANDLE, in this response already. */
static void set_codepage(mapi_rop_ctx_t *ctx, mapi_handle_t *handle, apr_uint16_t code_page_id)
{
    if (code_page_id == CODEPAGE_OF_LOGON) {
        handle->codepage = 0;
        return;
    }
    handle->codepage = code_page_id;
    ctx->codec.prop.codepage = code_page_id;
}

#define OPEN_SOFT_DELETED 0x04 /* OpenModeFlags, MS-OXCMSG 2.2.3.1.1: such a one, too */

apr_status_t rop_open_message(mapi_rop_ctx_t *ctx, const rop_open_message_request_t *req,
                              rop_open_message_response_t *res)
{
    okapi_store_t *store = NULL;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS && req->message_id == 0) {
        rv = OKAPI_ENOTFOUND;
    }
    okapi_message_t *message;
    if (rv == APR_SUCCESS) {
        rv = okapi_message_open(&message, store, req->folder_id, req->message_id, ctx->pool,
                                ctx->scratch_pool);
    }
    int is_deleted = rv == OKAPI_ENOTFOUND && store != NULL && req->message_id != 0 &&
                     (req->open_mode_flags & OPEN_SOFT_DELETED);
    if (is_deleted) {
        rv = okapi_message_open_deleted(&message, store, req->folder_id, req->message_id,
                                        ctx->pool, ctx->scratch_pool);
    }
    mapi_handle_t *handle;
    if (rv == APR_SUCCESS) {
        rv = mapi_handle_create(ctx, MAPI_KIND_MESSAGE, NULL, &handle);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    handle->object = MAPI_KIND_MESSAGE;
    handle->place.folder_id = okapi_message_folder_id(message);
    handle->place.message_id = req->message_id;
    handle->place.is_deleted = is_deleted;
    set_codepage(ctx, handle, req->code_page_id);
    mapi_handle_set_live(handle, message);
    return fill_summary(&res->summary, ctx, message, 0);
}

apr_status_t rop_reload_cached_information(mapi_rop_ctx_t *ctx,
                                           const rop_reload_cached_information_request_t *req,
                                           rop_reload_cached_information_response_t *res)
{
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_message(ctx, ctx->in, &message);
    return rv == APR_SUCCESS ? fill_summary(&res->summary, ctx, message, 0) : rv;
}

apr_status_t rop_get_message_status(mapi_rop_ctx_t *ctx,
                                    const rop_get_message_status_request_t *req,
                                    rop_get_message_status_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    okapi_message_t *message;
    if (rv == APR_SUCCESS) {
        rv = okapi_message_open(&message, store, ctx->in->place.folder_id, req->message_id,
                                ctx->scratch_pool, ctx->scratch_pool);
    }
    okapi_proptag_t tag = PR_MSG_STATUS;
    okapi_propval_t value;
    if (rv == APR_SUCCESS) {
        rv = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &value, ctx->scratch_pool,
                              ctx->scratch_pool);
    }
    if (rv == APR_SUCCESS && value.tag == PR_MSG_STATUS) {
        res->message_status_flags = (apr_uint32_t)value.v.i32;
    }
    return rv;
}

/* ---- recipients ---- */

apr_status_t rop_read_recipients(mapi_rop_ctx_t *ctx, const rop_read_recipients_request_t *req,
                                 rop_read_recipients_response_t *res)
{
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_message(ctx, ctx->in, &message);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int n = okapi_message_recipient_count(message), i = 0;
    while (i < n && okapi_message_recipient(message, i)->row_id < req->row_id) {
        i++;
    }
    if (i == n) {
        return OKAPI_ENOTFOUND;
    }
    apr_array_header_t *columns = rop_recipient_columns(message, ctx->scratch_pool);
    res->recipient_rows =
        apr_pcalloc(ctx->scratch_pool, READ_ROWS_MAX * sizeof(*res->recipient_rows));
    apr_size_t room = ctx->room > 1 ? ctx->room - 1 : 0; /* RowCount */
    for (; i < n && res->n_recipient_rows < READ_ROWS_MAX; i++) {
        const okapi_recipient_t *recipient = okapi_message_recipient(message, i);
        rop_read_recipient_row_t *row = &res->recipient_rows[res->n_recipient_rows];
        row->recipient_row = rop_recipient_row(recipient, columns, &ctx->codec, ctx->scratch_pool);
        apr_size_t size = READ_ROW_FIXED + row->recipient_row.len;
        if (row->recipient_row.len == 0 || size > room) {
            break;
        }
        row->row_id = recipient->row_id;
        row->recipient_type = (apr_byte_t)recipient->type;
        row->code_page_id = (apr_uint16_t)ctx->codec.prop.codepage;
        room -= size;
        res->n_recipient_rows++;
    }
    return res->n_recipient_rows > 0 ? APR_SUCCESS : OKAPI_EBUFFERTOOSMALL;
}

/* ---- read flags ---- */

enum { /* ReadFlags, MS-OXCMSG 2.2.3.10.1 */
       RF_CLEAR_READ_FLAG = 0x04,
       RF_GENERATE_RECEIPT_ONLY = 0x10,
       RF_CLEAR_NOTIFY_READ = 0x20,
       RF_CLEAR_NOTIFY_UNREAD = 0x40,
       RF_LEAVES_READ_FLAG =
           RF_GENERATE_RECEIPT_ONLY | RF_CLEAR_NOTIFY_READ | RF_CLEAR_NOTIFY_UNREAD
};

static apr_status_t set_read(mapi_rop_ctx_t *ctx, const okapi_id_t *ids, int n, int read_flags,
                             int *changed, int *partial)
{
    if (read_flags & RF_LEAVES_READ_FLAG) {
        return APR_SUCCESS; /* about receipts only */
    }
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return okapi_folder_set_read(folder, ids, n, !(read_flags & RF_CLEAR_READ_FLAG), changed,
                                 partial, ctx->scratch_pool);
}

apr_status_t rop_set_read_flags(mapi_rop_ctx_t *ctx, const rop_set_read_flags_request_t *req,
                                rop_set_read_flags_response_t *res)
{
    return set_read(ctx, req->message_ids, req->n_message_ids, req->read_flags,
                    NULL, &res->partial_completion);
}

apr_status_t rop_set_message_read_flag(mapi_rop_ctx_t *ctx,
                                       const rop_set_message_read_flag_request_t *req,
                                       rop_set_message_read_flag_response_t *res)
{
    const mapi_place_t *place = &ctx->in->place;
    if (place->depth > 0 || place->message_id == 0) {
        return OKAPI_ENOSUPPORT; /* only what lies in a folder is read or unread */
    }
    int changed = 0, partial = 0;
    apr_status_t rv =
        set_read(ctx, &place->message_id, 1, req->read_flags, &changed, &partial);
    if (rv != APR_SUCCESS || partial) {
        return partial ? OKAPI_EACCESS : rv;
    }
    if (ctx->codec.public_logon && changed) { /* MS-OXCMSG 2.2.3.11.2 */
        res->read_status_changed = 1;
        res->logon_id = ctx->logon_id;
        memcpy(res->client_data, req->client_data, sizeof(res->client_data));
    }
    return APR_SUCCESS;
}

/* ---- attachments ---- */

apr_status_t rop_get_attachment_table(mapi_rop_ctx_t *ctx,
                                      const rop_get_attachment_table_request_t *req,
                                      rop_get_attachment_table_response_t *res)
{
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_message(ctx, ctx->in, &message);
    okapi_table_t *table;
    if (rv == APR_SUCCESS) {
        rv = okapi_table_attachments(&table, message, ctx->pool, ctx->scratch_pool);
    }
    return rv == APR_SUCCESS ? mapi_handle_create_table(ctx, table, MAPI_KIND_MESSAGE, 1) : rv;
}

apr_status_t rop_get_valid_attachments(mapi_rop_ctx_t *ctx,
                                       const rop_get_valid_attachments_request_t *req,
                                       rop_get_valid_attachments_response_t *res)
{
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_message(ctx, ctx->in, &message);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int n = okapi_message_attachment_count(message);
    res->n_attachment_ids = n;
    res->attachment_ids = apr_palloc(ctx->scratch_pool, (apr_size_t)n * sizeof(apr_uint32_t));
    for (int i = 0; i < n; i++) {
        res->attachment_ids[i] = okapi_message_attachment_num(message, i);
    }
    return APR_SUCCESS;
}

apr_status_t rop_open_attachment(mapi_rop_ctx_t *ctx, const rop_open_attachment_request_t *req,
                                 rop_open_attachment_response_t *res)
{
    okapi_message_t *message;
    apr_status_t rv = mapi_handle_message(ctx, ctx->in, &message);
    okapi_attachment_t *attachment;
    if (rv == APR_SUCCESS) {
        rv = okapi_attachment_open(&attachment, message, req->attachment_id, ctx->scratch_pool);
    }
    mapi_handle_t *handle;
    if (rv == APR_SUCCESS) {
        rv = mapi_handle_create(ctx, MAPI_KIND_ATTACHMENT, ctx->in, &handle);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    handle->object = MAPI_KIND_ATTACHMENT;
    handle->place.attach_num = req->attachment_id;
    mapi_handle_set_live(handle, attachment);
    return APR_SUCCESS;
}

#define EMBEDDED_FIXED 9 /* Reserved and MessageId before the summary */

apr_status_t rop_open_embedded_message(mapi_rop_ctx_t *ctx,
                                       const rop_open_embedded_message_request_t *req,
                                       rop_open_embedded_message_response_t *res)
{
    if (ctx->in->place.depth >= MAPI_EMBED_MAX) {
        return OKAPI_ETOOCOMPLEX;
    }
    okapi_attachment_t *attachment;
    apr_status_t rv = mapi_handle_attachment(ctx, ctx->in, &attachment);
    okapi_message_t *message;
    if (rv == APR_SUCCESS) {
        rv = okapi_attachment_embedded(&message, attachment, ctx->scratch_pool);
    }
    mapi_handle_t *handle;
    if (rv == APR_SUCCESS) {
        rv = mapi_handle_create(ctx, MAPI_KIND_MESSAGE, ctx->in, &handle);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    handle->object = MAPI_KIND_MESSAGE;
    handle->place.embed[handle->place.depth++] = handle->place.attach_num;
    set_codepage(ctx, handle, req->code_page_id);
    mapi_handle_set_live(handle, message);
    res->message_id = okapi_message_id(message);
    return fill_summary(&res->summary, ctx, message, EMBEDDED_FIXED);
}
