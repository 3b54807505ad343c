/* execute.c - Execute: extended buffers of ROPs in and out (MS-OXCMAPIHTTP 2.2.4.2). */
#include "transport.h"

#include <apr_strings.h>

#include "dispatch.h"
#include "rpc_ext.h"

APLOG_USE_MODULE(mapi);

#define RESPONSE_HEADER  16      /* StatusCode, ErrorCode, Flags, RopBufferSize */
#define BUFFER_MAX       0x40000 /* bytes of extended buffers, either way: MS-OXCRPC 3.1.4.2 */

#define STATUS_TOO_SMALL 0x0000047Du /* ecBufferTooSmall, MS-OXCROPS 3.2.4.3 */
#define STATUS_BAD_STUB  0x000006F7u /* RPC_X_BAD_STUB_DATA */
#define ERROR_RPC_FAILED 0x80040115u /* ecRpcFailed */

typedef struct execute_t {
    okapi_binary_t rops; /* a chain of extended buffers */
    apr_uint32_t max_out;
    okapi_writer_t answer;
    apr_uint32_t status_code; /* not 0: the answer is a failure body */
    apr_uint32_t error_code;  /* not 0: there are no responses */
} execute_t;

static apr_status_t read_request(mapi_request_t *q, execute_t *x)
{
    okapi_read_u32(&q->body); /* Flags: the answer is neither compressed nor obfuscated */
    x->rops.len = okapi_read_u32(&q->body);
    x->rops.data = okapi_read_bytes(&q->body, x->rops.len);
    x->max_out = okapi_read_u32(&q->body);
    return mapi_read_auxiliary(q);
}

static void trace(void *baton, const char *line)
{
    const mapi_request_t *q = baton;

    ap_log_rerror(APLOG_MARK, APLOG_TRACE2, 0, q->r, "%s: Rop%s", q->user->name, line);
}

static void init_context(mapi_rop_ctx_t *ctx, mapi_request_t *q)
{
    memset(ctx, 0, sizeof(*ctx));
    ctx->session = q->session;
    ctx->engine = q->engine;
    ctx->user = q->user;
    ctx->pool = q->r->pool;
    apr_pool_create(&ctx->scratch_pool, q->r->pool);
    ctx->codec.prop.form = OKAPI_FORM_ROP;
    ctx->codec.prop.codepage = q->session->codepage;
    ctx->codec.pool = ctx->scratch_pool;
    if (APLOGrtrace2(q->r)) {
        ctx->trace = trace;
        ctx->trace_baton = q;
    }
}

/* Each buffer of the chain is answered by one of its own; notifications are in the last. */
static apr_status_t run_chain(mapi_request_t *q, execute_t *x)
{
    okapi_writer_t *w = &x->answer;
    mapi_rop_ctx_t ctx;
    okapi_reader_t chain;
    int last;

    init_context(&ctx, q);
    okapi_reader_init(&chain, x->rops.data, x->rops.len);
    do {
        okapi_binary_t rops;
        apr_status_t rv = mapi_rpc_ext_read(&chain, &rops, &last, ctx.pool);
        if (rv != APR_SUCCESS)
            return rv;
        last |= okapi_reader_left(&chain) == 0;

        apr_size_t left = w->max - w->len;
        if (left < RPC_EXT_HEADER_SIZE)
            return OKAPI_EBUFFERTOOSMALL;
        left -= RPC_EXT_HEADER_SIZE;
        apr_size_t begin = mapi_rpc_ext_begin(w);
        rv = mapi_dispatch(&ctx, rops, w, left < MAPI_ROP_OUT_MAX ? left : MAPI_ROP_OUT_MAX, last);
        if (rv != APR_SUCCESS)
            return rv;
        mapi_rpc_ext_end(w, begin, last ? RPC_EXT_LAST : 0);
    } while (!last);
    return okapi_writer_status(w);
}

static void execute(mapi_request_t *q, execute_t *x)
{
    apr_status_t rv;

    if (x->rops.len > BUFFER_MAX || x->max_out > BUFFER_MAX) {
        x->status_code = STATUS_BAD_STUB;
        return;
    }
    if (x->rops.len < RPC_EXT_HEADER_SIZE || x->max_out < RPC_EXT_HEADER_SIZE) {
        x->error_code = ERROR_RPC_FAILED;
        return;
    }
    okapi_writer_init(&x->answer, 4096, RESPONSE_HEADER + x->max_out, q->r->pool);
    for (int i = 0; i < RESPONSE_HEADER / 4; i++)
        okapi_write_u32(&x->answer, 0);
    rv = run_chain(q, x);
    if (rv == OKAPI_EBUFFERTOOSMALL)
        x->status_code = STATUS_TOO_SMALL;
    else
        x->error_code = okapi_error_mapi(rv);
}

/* StatusCode and ErrorCode are those of the buffer as a whole; ROPs have their own. */
static void finish_answer(const mapi_request_t *q, execute_t *x)
{
    okapi_writer_t *w = &x->answer;

    if (x->status_code == 0 && x->error_code == 0) {
        okapi_write_u32_at(w, 12, (apr_uint32_t)(w->len - RESPONSE_HEADER));
        w->max += 4;
    } else {
        okapi_writer_init(w, 32, 32, q->r->pool);
        okapi_write_u32(w, x->status_code);
        if (x->status_code == 0) {
            okapi_write_u32(w, x->error_code);
            okapi_write_u32(w, 0); /* Flags */
            okapi_write_u32(w, 0); /* RopBufferSize */
        }
    }
    okapi_write_u32(w, 0); /* AuxiliaryBufferSize */
}

int mapi_execute(mapi_request_t *q)
{
    const char *reason;
    execute_t x = {{0}};
    apr_status_t rv;
    mapi_code_e code;

    if (read_request(q, &x) != APR_SUCCESS)
        return mapi_refuse(q, MAPI_INVALID_BODY, "The body isn't that of an Execute.");
    code = mapi_require_session(q, &reason);
    if (code != MAPI_SUCCESS)
        return mapi_refuse(q, code, reason);
    mapi_accept(q);
    execute(q, &x);
    finish_answer(q, &x);
    rv = mapi_session_store(q->session, &q->sessions, q->r->pool);
    if (rv != APR_SUCCESS)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, q->r,
                      OKLOGNO(01030) "the session %s can't be stored", q->session->id);
    mapi_done(q, rv == APR_SUCCESS ? MAPI_SUCCESS : MAPI_UNKNOWN_FAILURE, &x.answer);
    return OK;
}
