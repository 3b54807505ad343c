/* rop_stream.c - reading a property piecewise: MS-OXCPRPT 2.2.14 to 2.2.19. */
#include "rops_handlers.h"

enum { /* OpenModeFlags, MS-OXCPRPT 2.2.14.1 */
       OPEN_READ_ONLY = 0x00,
       OPEN_READ_WRITE = 0x01,
       OPEN_CREATE = 0x02,
       OPEN_BEST_ACCESS = 0x03
};

enum { SEEK_FROM_BEGINNING = 0x00, SEEK_FROM_CURRENT = 0x01, SEEK_FROM_END = 0x02 };

#define STREAM_MAX          0x80000000 /* MS-OXCPRPT 3.2.5.18 */
#define COUNT_IN_NEXT_FIELD 0xBABE     /* MS-OXCPRPT 2.2.15.1 */

static int is_stream_type(okapi_proptag_t tag)
{
    switch (OKAPI_PROP_TYPE(tag)) {
    case PT_BINARY:
    case PT_UNICODE:
    case PT_STRING8:
    case PT_OBJECT:
        return 1;
    default:
        return 0;
    }
}

/* The stream behind HANDLE, which is ctx->in or being made. */
static apr_status_t get_stream(mapi_rop_ctx_t *ctx, mapi_handle_t *handle, okapi_stream_t **stream)
{
    if (handle->live != NULL) {
        *stream = handle->live;
        return APR_SUCCESS;
    }
    okapi_object_t *object;
    apr_status_t rv = mapi_handle_object(ctx, handle, &object);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_stream(stream, object, handle->u.stream.tag, ctx->codec.prop.codepage,
                                 ctx->pool, ctx->scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        mapi_handle_set_live(handle, *stream);
    }
    return rv;
}

apr_status_t rop_open_stream(mapi_rop_ctx_t *ctx, const rop_open_stream_request_t *req,
                             rop_open_stream_response_t *res)
{
    if (!is_stream_type(req->property_tag)) {
        return OKAPI_ENOSUPPORT;
    }
    if (req->open_mode_flags == OPEN_READ_WRITE || req->open_mode_flags == OPEN_CREATE) {
        return OKAPI_EACCESS;
    }
    if (req->open_mode_flags > OPEN_BEST_ACCESS) {
        return OKAPI_EINVAL;
    }
    mapi_handle_t *handle;
    apr_status_t rv = mapi_handle_create(ctx, MAPI_KIND_STREAM, ctx->in, &handle);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    handle->object = ctx->in->object;
    handle->u.stream.tag = req->property_tag;
    handle->u.stream.open_mode = OPEN_READ_ONLY;
    okapi_stream_t *stream;
    rv = get_stream(ctx, handle, &stream);
    if (rv == APR_SUCCESS) {
        apr_int64_t size = okapi_stream_size(stream);
        res->stream_size = (apr_uint32_t)(size < STREAM_MAX ? size : STREAM_MAX);
    }
    return rv;
}

#define READ_FIXED 2      /* DataSize before the data */
#define READ_MAX   0xFFFF /* DataSize is 16 bits */

apr_status_t rop_read_stream(mapi_rop_ctx_t *ctx, const rop_read_stream_request_t *req,
                             rop_read_stream_response_t *res)
{
    okapi_stream_t *stream;
    apr_status_t rv = get_stream(ctx, ctx->in, &stream);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_size_t len =
        req->byte_count == COUNT_IN_NEXT_FIELD ? req->maximum_byte_count : req->byte_count;
    apr_size_t room = ctx->room > READ_FIXED ? ctx->room - READ_FIXED : 0;
    if (len > room) {
        len = room;
    }
    if (len > READ_MAX) {
        len = READ_MAX;
    }
    unsigned char *data = apr_palloc(ctx->scratch_pool, len);
    mapi_stream_state_t *state = &ctx->in->u.stream;
    rv = okapi_stream_read_at(stream, state->position, data, &len, ctx->scratch_pool);
    if (rv == APR_SUCCESS) {
        state->position += (apr_int64_t)len;
        res->data = (okapi_binary_t){data, len};
    }
    return rv;
}

/* A position behind the end is kept: reading there yields nothing. */
apr_status_t rop_seek_stream(mapi_rop_ctx_t *ctx, const rop_seek_stream_request_t *req,
                             rop_seek_stream_response_t *res)
{
    okapi_stream_t *stream;
    apr_status_t rv = get_stream(ctx, ctx->in, &stream);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    mapi_stream_state_t *state = &ctx->in->u.stream;
    apr_int64_t from;
    switch (req->origin) {
    case SEEK_FROM_BEGINNING:
        from = 0;
        break;
    case SEEK_FROM_CURRENT:
        from = state->position;
        break;
    case SEEK_FROM_END:
        from = okapi_stream_size(stream);
        break;
    default:
        return OKAPI_ESEEKORIGIN;
    }
    /* Written so that no offset overflows. */
    if (req->offset < -from || req->offset > STREAM_MAX - from) {
        return OKAPI_ESEEK;
    }
    state->position = from + req->offset;
    res->new_position = (apr_uint64_t)state->position;
    return APR_SUCCESS;
}

apr_status_t rop_get_stream_size(mapi_rop_ctx_t *ctx, const rop_get_stream_size_request_t *req,
                                 rop_get_stream_size_response_t *res)
{
    okapi_stream_t *stream;
    apr_status_t rv = get_stream(ctx, ctx->in, &stream);
    if (rv == APR_SUCCESS) {
        apr_int64_t size = okapi_stream_size(stream);
        res->stream_size = (apr_uint32_t)(size < STREAM_MAX ? size : STREAM_MAX);
    }
    return rv;
}
