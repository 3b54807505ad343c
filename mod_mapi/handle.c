/* handle.c - from a handle to the live store object behind it. */
#include "handle.h"

#include <string.h>

#include "rop.h"

static int is_object(mapi_kind_e kind)
{
    return kind >= MAPI_KIND_LOGON && kind <= MAPI_KIND_ATTACHMENT;
}

apr_status_t mapi_handle_create(mapi_rop_ctx_t *ctx, mapi_kind_e kind, const mapi_handle_t *parent,
                                mapi_handle_t **handle)
{
    mapi_handle_t *h = mapi_session_add(ctx->session, kind, ctx->logon_id);

    if (h == NULL)
        return OKAPI_ETOOCOMPLEX;
    if (parent != NULL) {
        h->place = parent->place;
        h->codepage = parent->codepage;
    }
    h->object = is_object(kind) || parent == NULL ? kind : parent->object;
    ctx->out = h;
    *handle = h;
    return APR_SUCCESS;
}

void mapi_handle_set_live(mapi_handle_t *handle, void *live)
{
    handle->live = live;
}

apr_status_t mapi_handle_create_table(mapi_rop_ctx_t *ctx, okapi_table_t *table, mapi_kind_e of,
                                      int silent)
{
    mapi_handle_t *handle;
    apr_status_t rv = mapi_handle_create(ctx, MAPI_KIND_TABLE, ctx->in, &handle);

    if (rv != APR_SUCCESS)
        return rv;
    handle->object = of;
    handle->u.table.kind = okapi_table_kind(table);
    handle->u.table.silent = silent;
    mapi_handle_set_live(handle, table);
    return APR_SUCCESS;
}

static int same_message(const mapi_place_t *a, const mapi_place_t *b)
{
    return a->folder_id == b->folder_id && a->message_id == b->message_id && a->depth == b->depth &&
           memcmp(a->embed, b->embed, (apr_size_t)a->depth * sizeof(a->embed[0])) == 0;
}

/* What another handle of this Execute has open already at the same place. */
static void *find_live(const mapi_rop_ctx_t *ctx, const mapi_handle_t *handle, mapi_kind_e kind)
{
    const apr_array_header_t *handles = ctx->session->handles;

    for (int i = 0; i < handles->nelts; i++) {
        const mapi_handle_t *h = APR_ARRAY_IDX(handles, i, const mapi_handle_t *);

        if (h->kind != kind || h->live == NULL || h->logon_id != handle->logon_id)
            continue;
        if (kind == MAPI_KIND_FOLDER ? h->place.folder_id == handle->place.folder_id
                                     : same_message(&h->place, &handle->place) &&
                                           (kind == MAPI_KIND_MESSAGE ||
                                            h->place.attach_num == handle->place.attach_num))
            return h->live;
    }
    return NULL;
}

/* ---- store and folder ---- */

apr_status_t mapi_handle_store(mapi_rop_ctx_t *ctx, mapi_handle_t *handle, okapi_store_t **store)
{
    mapi_logon_t *logon = ctx->session->logons[handle->logon_id];

    if (logon == NULL)
        return OKAPI_ENULLOBJECT;
    if (logon->store == NULL) {
        apr_status_t rv = mapi_logon_open(&logon->store, logon, ctx->engine, ctx->user, ctx->pool,
                                          ctx->scratch_pool);

        if (rv != APR_SUCCESS) {
            logon->store = NULL;
            return rv;
        }
    }
    *store = logon->store;
    return APR_SUCCESS;
}

apr_status_t mapi_handle_folder(mapi_rop_ctx_t *ctx, mapi_handle_t *handle, okapi_folder_t **folder)
{
    okapi_store_t *store;
    apr_status_t rv;

    if (handle->place.folder_id == 0)
        return OKAPI_ENOSUPPORT;
    *folder = find_live(ctx, handle, MAPI_KIND_FOLDER);
    if (*folder != NULL)
        return APR_SUCCESS;
    rv = mapi_handle_store(ctx, handle, &store);
    if (rv == APR_SUCCESS)
        rv =
            okapi_folder_open(folder, store, handle->place.folder_id, ctx->pool, ctx->scratch_pool);
    if (rv == APR_SUCCESS && handle->kind == MAPI_KIND_FOLDER)
        handle->live = *folder;
    return rv;
}

/* ---- message and attachment ---- */

static apr_status_t open_message(mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                                 okapi_message_t **message)
{
    const mapi_place_t *place = &handle->place;
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, handle, &store);

    if (rv == APR_SUCCESS)
        rv = (place->is_deleted ? okapi_message_open_deleted : okapi_message_open)(
            message, store, place->folder_id, place->message_id, ctx->pool, ctx->scratch_pool);
    for (int i = 0; i < place->depth && rv == APR_SUCCESS; i++) {
        okapi_attachment_t *attachment;

        rv = okapi_attachment_open(&attachment, *message, place->embed[i], ctx->scratch_pool);
        if (rv == APR_SUCCESS)
            rv = okapi_attachment_embedded(message, attachment, ctx->scratch_pool);
    }
    return rv;
}

apr_status_t mapi_handle_message(mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                                 okapi_message_t **message)
{
    apr_status_t rv;

    if (handle->place.message_id == 0)
        return OKAPI_ENOSUPPORT;
    *message = find_live(ctx, handle, MAPI_KIND_MESSAGE);
    if (*message != NULL)
        return APR_SUCCESS;
    rv = open_message(ctx, handle, message);
    if (rv == APR_SUCCESS && handle->kind == MAPI_KIND_MESSAGE)
        handle->live = *message;
    return rv;
}

apr_status_t mapi_handle_attachment(mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                                    okapi_attachment_t **attachment)
{
    okapi_message_t *message;
    apr_status_t rv;

    if (handle->object != MAPI_KIND_ATTACHMENT)
        return OKAPI_ENOSUPPORT;
    *attachment = find_live(ctx, handle, MAPI_KIND_ATTACHMENT);
    if (*attachment != NULL)
        return APR_SUCCESS;
    rv = mapi_handle_message(ctx, handle, &message);
    if (rv == APR_SUCCESS)
        rv = okapi_attachment_open(attachment, message, handle->place.attach_num,
                                   ctx->scratch_pool);
    if (rv == APR_SUCCESS && handle->kind == MAPI_KIND_ATTACHMENT)
        handle->live = *attachment;
    return rv;
}

/* ---- tables, and properties of whatever ---- */

apr_status_t mapi_handle_table(mapi_rop_ctx_t *ctx, mapi_handle_t *handle, okapi_table_t **table)
{
    okapi_store_t *store;
    okapi_message_t *message = NULL;
    okapi_reader_t r;
    apr_status_t rv;

    if (handle->kind != MAPI_KIND_TABLE)
        return OKAPI_ENOSUPPORT;
    if (handle->live == NULL) {
        rv = mapi_handle_store(ctx, handle, &store);
        if (rv == APR_SUCCESS && handle->object == MAPI_KIND_MESSAGE)
            rv = mapi_handle_message(ctx, handle, &message);
        if (rv != APR_SUCCESS)
            return rv;
        okapi_reader_init(&r, handle->u.table.bytes.data, handle->u.table.bytes.len);
        rv = okapi_table_decode(table, &r, store, message, ctx->pool, ctx->scratch_pool);
        if (rv != APR_SUCCESS)
            return rv;
        handle->live = *table;
    }
    *table = handle->live;
    return APR_SUCCESS;
}

apr_status_t mapi_handle_object(mapi_rop_ctx_t *ctx, mapi_handle_t *handle, okapi_object_t **object)
{
    okapi_store_t *store;
    okapi_folder_t *folder;
    okapi_message_t *message;
    okapi_attachment_t *attachment;
    apr_status_t rv;

    switch (handle->object) {
    case MAPI_KIND_LOGON:
        rv = mapi_handle_store(ctx, handle, &store);
        *object = rv == APR_SUCCESS ? okapi_store_object(store) : NULL;
        return rv;
    case MAPI_KIND_FOLDER:
        rv = mapi_handle_folder(ctx, handle, &folder);
        *object = rv == APR_SUCCESS ? okapi_folder_object(folder) : NULL;
        return rv;
    case MAPI_KIND_MESSAGE:
        rv = mapi_handle_message(ctx, handle, &message);
        *object = rv == APR_SUCCESS ? okapi_message_object(message) : NULL;
        return rv;
    case MAPI_KIND_ATTACHMENT:
        rv = mapi_handle_attachment(ctx, handle, &attachment);
        *object = rv == APR_SUCCESS ? okapi_attachment_object(attachment) : NULL;
        return rv;
    default:
        return OKAPI_ENOSUPPORT;
    }
}
