/* rop.h - what a ROP handler is given.
 *
 * A handler is named after its ROP and declared by rops_handlers.h (generated from rops.def):
 *
 *   apr_status_t rop_open_folder(mapi_rop_ctx_t *ctx, const rop_open_folder_request_t *req,
 *                                rop_open_folder_response_t *res);
 *
 * RES is zeroed before. The returned status goes into ReturnValue by okapi_error_mapi; handles and
 * their kinds have been checked against rops.def.
 */
#ifndef MAPI_ROP_H
#define MAPI_ROP_H

#include "rops_gen.h"
#include "session.h"

#define MAPI_ROP_OUT_MAX 0x8000 /* bytes of a ROP output buffer: MS-OXCRPC 3.1.4.2.1 */

typedef struct mapi_rop_ctx_t {
    mapi_session_t *session;
    okapi_t *engine;
    const okapi_user_t *user; /* who is authenticated */

    apr_byte_t logon_id;
    mapi_logon_t *logon;      /* of the ROP's LogonId; NULL in RopLogon only */
    mapi_handle_t *in;        /* NULL if rops.def names no in= */
    mapi_handle_t *dest;      /* NULL if rops.def names no dest= */
    mapi_handle_t *out;       /* what mapi_handle_create made */
    apr_byte_t in_index;      /* InputHandleIndex of the request, for the few that echo it */

    apr_size_t room;          /* bytes that the response's fields may take */
    apr_uint32_t warning;     /* ReturnValue of a success that isn't quite one: MAPI_W_... */
    rop_codec_t codec;

    void (*trace)(void *baton, const char *line); /* NULL: nobody reads it */
    void *trace_baton;

    apr_pool_t *pool;         /* this Execute: live objects, what handles refer to */
    apr_pool_t *scratch_pool; /* this ROP: request, response and everything between */
} mapi_rop_ctx_t;

#endif
