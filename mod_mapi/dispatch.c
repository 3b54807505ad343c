/* dispatch.c - runs the ROPs of a buffer one after the other. */
#include "dispatch.h"

#include <string.h>

#include "notify.h"
#include "rops_handlers.h"

#define NO_HANDLE        0xFFFFFFFFu
#define HANDLES_MAX      256 /* indices are bytes: what is behind them can't be meant */
#define RESPONSE_HEADER  6   /* RopId, handle index, ReturnValue */
#define TOO_SMALL_HEADER 3   /* RopId, SizeNeeded */

typedef struct dispatch_t {
    mapi_rop_ctx_t *ctx;
    okapi_writer_t *w;
    apr_size_t begin; /* of this buffer's payload in W */
    apr_size_t limit; /* bytes the payload may take */
    apr_uint32_t handles[HANDLES_MAX];
    int n_handles;
    apr_byte_t is_public[MAPI_LOGON_MAX]; /* logons to public folders, at this point of the list */
} dispatch_t;

/* ---- the input buffer ---- */

/* RopSize counts itself and the list; the rest is the handle table. */
static apr_status_t split(dispatch_t *d, okapi_binary_t in, okapi_reader_t *rops)
{
    okapi_reader_t r;

    okapi_reader_init(&r, in.data, in.len);
    apr_uint16_t size = okapi_read_u16(&r);
    if (size < 2)
        return OKAPI_EFORMAT;
    *rops = okapi_read_sub(&r, size - 2u);
    while (okapi_reader_left(&r) >= 4 && d->n_handles < HANDLES_MAX)
        d->handles[d->n_handles++] = okapi_read_u32(&r);
    return r.failed ? OKAPI_EFORMAT : APR_SUCCESS;
}

/* The list begins: which logons there are. */
static void begin_list(dispatch_t *d)
{
    for (int i = 0; i < MAPI_LOGON_MAX; i++)
        d->is_public[i] = (apr_byte_t)mapi_logon_is_public(d->ctx->session->logons[i]);
}

/* The next request. A few look different if the logon is to public folders (MS-OXCMSG 2.2.3.11,
 * MS-OXCSTOR 2.2.1.13): that of its LogonId, or the one that a RopLogon asks for. */
static void read_request(dispatch_t *d, okapi_reader_t *rops, rop_request_t *q)
{
    rop_codec_t *codec = &d->ctx->codec;
    apr_byte_t logon_id = okapi_reader_left(rops) > 1 ? rops->p[1] : 0;

    codec->public_logon = d->is_public[logon_id];
    rop_request_read(rops, q, codec);
    if (q->h.id == ROP_LOGON && !rops->failed)
        d->is_public[logon_id] = codec->public_logon =
            !(q->u.rop_logon.logon_flags & MAPI_LOGON_PRIVATE);
}

/* Can all of it be parsed? Asked first, so that a malformed buffer changes nothing. */
static apr_status_t check(dispatch_t *d, okapi_reader_t rops)
{
    rop_request_t q;

    begin_list(d);
    while (okapi_reader_left(&rops) > 0 && !rops.failed) {
        apr_pool_clear(d->ctx->scratch_pool);
        read_request(d, &rops, &q);
    }
    return rops.failed ? OKAPI_EFORMAT : APR_SUCCESS;
}

/* ---- handles ---- */

/* MS-OXCROPS 3.2.5.4. */
static apr_status_t input_handle(const dispatch_t *d, int index, apr_uint32_t kinds, int flags,
                                 mapi_handle_t **handle)
{
    const mapi_session_t *session = d->ctx->session;
    apr_uint32_t number = index < d->n_handles ? d->handles[index] : NO_HANDLE;

    *handle = mapi_session_handle(session, number);
    if (*handle == NULL)
        return number != 0 && number < session->next_handle ? OKAPI_EINVALIDOBJECT
                                                            : OKAPI_ENULLOBJECT;
    if ((*handle)->logon_id != d->ctx->logon_id)
        return OKAPI_EACCESS;
    if (MAPI_KIND_BIT((*handle)->kind) & kinds)
        return APR_SUCCESS;
    return flags & ROP_NULL ? OKAPI_ENULLOBJECT : OKAPI_ENOSUPPORT;
}

static void set_output_handle(dispatch_t *d, int index, apr_uint32_t number)
{
    while (d->n_handles <= index)
        d->handles[d->n_handles++] = NO_HANDLE;
    d->handles[index] = number;
}

/* ---- one ROP ---- */

static apr_status_t call(dispatch_t *d, const rop_request_t *q, rop_response_t *s)
{
    mapi_rop_ctx_t *ctx = d->ctx;
    const rop_info_t *info = &rop_table[q->h.id];
    apr_status_t rv;

    ctx->logon_id = q->h.logon_id;
    ctx->in_index = q->h.in_index;
    ctx->in = ctx->dest = ctx->out = NULL;
    ctx->warning = 0;
    ctx->logon = q->h.id == ROP_LOGON ? NULL : ctx->session->logons[q->h.logon_id];
    if (rop_handlers[q->h.id] == NULL) {
        okapi_log(ctx->engine, OKAPI_LOG_INFO, APR_SUCCESS, "%s asks for Rop%s, which isn't there",
                  ctx->user->name, info->name);
        return OKAPI_ENOSUPPORT;
    }
    if (ctx->logon == NULL && q->h.id != ROP_LOGON)
        return OKAPI_ENULLOBJECT;
    if ((info->flags & ROP_PRIVATE) && mapi_logon_is_public(ctx->logon))
        return OKAPI_ENOSUPPORT;
    if (info->flags & ROP_HAS_IN) {
        rv = input_handle(d, q->h.in_index, info->in, info->flags, &ctx->in);
        if (rv != APR_SUCCESS)
            return rv;
    }
    if (info->flags & ROP_HAS_DEST) {
        rv = input_handle(d, q->h.dest_index, info->dest, info->flags, &ctx->dest);
        if (rv != APR_SUCCESS)
            return rv == OKAPI_ENULLOBJECT ? OKAPI_EDSTNULLOBJECT : rv;
    }
    ctx->codec.prop.codepage =
        ctx->in != NULL && ctx->in->codepage != 0 ? ctx->in->codepage : ctx->session->codepage;
    return rop_handlers[q->h.id](ctx, q, s);
}

/* What makes a handler fail and isn't the client's doing is for the administrator. */
static void log_failure(const mapi_rop_ctx_t *ctx, const rop_request_t *q, apr_status_t rv)
{
    if (okapi_error_http(rv) >= 500 && rv != OKAPI_ENOSUPPORT && rv != OKAPI_ENOMEMORY)
        okapi_log(ctx->engine, OKAPI_LOG_ERROR, rv, "Rop%s of %s failed", rop_table[q->h.id].name,
                  ctx->user->name);
}

static void run(dispatch_t *d, const rop_request_t *q, rop_response_t *s)
{
    mapi_rop_ctx_t *ctx = d->ctx;
    const rop_info_t *info = &rop_table[q->h.id];

    memset(&s->u, 0, info->response_size);
    s->h.id = q->h.id;
    s->h.dest_index = q->h.dest_index;
    s->h.index = info->flags & ROP_SAVE      ? q->h.response_index
                 : info->flags & ROP_HAS_OUT ? q->h.out_index
                                             : q->h.in_index;
    if (ctx->trace != NULL)
        ctx->trace(ctx->trace_baton, rop_trace_request(q, ctx->scratch_pool));

    apr_status_t rv = call(d, q, s);
    s->h.status = rv == APR_SUCCESS ? ctx->warning : okapi_error_mapi(rv);
    if (rv != APR_SUCCESS)
        log_failure(ctx, q, rv);
    if (rv == APR_SUCCESS && ctx->out != NULL)
        set_output_handle(d, q->h.out_index, ctx->out->number);
    else if (ctx->out != NULL)
        mapi_session_release(ctx->session, ctx->out);
    if (ctx->trace != NULL && !(info->flags & ROP_NOREPLY))
        ctx->trace(ctx->trace_baton, rop_trace_response(s, ctx->scratch_pool));
}

/* ---- the output buffer ---- */

/* Responses may fill the buffer but for the handle table and, as long as requests are LEFT, a
 * RopBufferTooSmall that hands these back. */
static void set_max(dispatch_t *d, apr_size_t left)
{
    apr_size_t reserved = 4 * (apr_size_t)d->n_handles + (left > 0 ? TOO_SMALL_HEADER + left : 0);
    apr_size_t max = d->limit > reserved ? d->begin + d->limit - reserved : d->begin;

    d->w->max = max > d->w->len ? max : d->w->len;
}

/* Instead of response S, which didn't fit: the requests from the one it answers on (MS-OXCROPS
 * 2.2.15.1). Doesn't help if it is the first and wouldn't fit the largest buffer either. */
static apr_status_t too_small(dispatch_t *d, const rop_response_t *s, okapi_binary_t requests)
{
    okapi_writer_t probe;
    rop_response_t answer = {.h.id = ROP_BUFFER_TOO_SMALL};
    apr_size_t needed;

    okapi_writer_init(&probe, 1024, 2 * MAPI_ROP_OUT_MAX, d->ctx->scratch_pool);
    rop_response_write(&probe, s, &d->ctx->codec);
    needed = d->w->len - d->begin + probe.len + 4 * (apr_size_t)d->n_handles + TOO_SMALL_HEADER +
             requests.len;
    if (needed > MAPI_ROP_OUT_MAX && d->w->len == d->begin + 2)
        return OKAPI_EBUFFERTOOSMALL;
    answer.u.rop_buffer_too_small.size_needed =
        (apr_uint16_t)(needed < MAPI_ROP_OUT_MAX ? needed : MAPI_ROP_OUT_MAX);
    answer.u.rop_buffer_too_small.request_buffers = requests;
    set_max(d, 0);
    rop_response_write(d->w, &answer, &d->ctx->codec);
    return okapi_writer_status(d->w);
}

/* *FULL is set when a response didn't fit and the rest was given back. */
static apr_status_t run_all(dispatch_t *d, okapi_reader_t rops, int *full)
{
    mapi_rop_ctx_t *ctx = d->ctx;
    rop_request_t q;
    rop_response_t s;

    begin_list(d);
    while (okapi_reader_left(&rops) > 0) {
        okapi_binary_t requests = {rops.p, okapi_reader_left(&rops)};
        apr_size_t before = d->w->len;

        apr_pool_clear(ctx->scratch_pool);
        ctx->codec.prop.codepage = ctx->session->codepage;
        read_request(d, &rops, &q);
        set_max(d, okapi_reader_left(&rops));
        ctx->room =
            d->w->max - d->w->len > RESPONSE_HEADER ? d->w->max - d->w->len - RESPONSE_HEADER : 0;
        run(d, &q, &s);
        d->is_public[q.h.logon_id] =
            (apr_byte_t)mapi_logon_is_public(ctx->session->logons[q.h.logon_id]);
        if (rop_table[q.h.id].flags & ROP_NOREPLY)
            continue;
        set_max(d, okapi_reader_left(&rops));
        rop_response_write(d->w, &s, &ctx->codec);
        if (d->w->failed) {
            okapi_writer_truncate(d->w, before);
            if (ctx->out != NULL && rop_succeeded(s.h.status)) {
                mapi_session_release(ctx->session, ctx->out);
                d->handles[q.h.out_index] = NO_HANDLE;
            }
            *full = 1;
            return too_small(d, &s, requests);
        }
    }
    return APR_SUCCESS;
}

apr_status_t mapi_dispatch(mapi_rop_ctx_t *ctx, okapi_binary_t in, okapi_writer_t *w,
                           apr_size_t limit, int notify)
{
    dispatch_t d = {.ctx = ctx, .w = w, .begin = w->len, .limit = limit};
    apr_size_t max = w->max;
    okapi_reader_t rops;
    int full = 0;
    apr_status_t rv = split(&d, in, &rops);

    if (rv == APR_SUCCESS)
        rv = check(&d, rops);
    if (rv != APR_SUCCESS)
        return rv;
    okapi_write_u16(w, 0);
    rv = run_all(&d, rops, &full);
    if (rv == APR_SUCCESS && notify && !full) {
        apr_pool_clear(ctx->scratch_pool);
        set_max(&d, 0);
        rv = mapi_notify_append(ctx, w);
    }
    if (rv != APR_SUCCESS)
        return rv;
    w->max = max;
    okapi_write_u16_at(w, d.begin, (apr_uint16_t)(w->len - d.begin));
    for (int i = 0; i < d.n_handles; i++)
        okapi_write_u32(w, d.handles[i]);
    return okapi_writer_status(w);
}
