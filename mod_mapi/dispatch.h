/* dispatch.h - from a ROP input buffer to a ROP output buffer (MS-OXCROPS 2.2.1, 3.2.5). */
#ifndef MAPI_DISPATCH_H
#define MAPI_DISPATCH_H

#include "rop.h"

/* Executes the ROPs of IN and writes at most LIMIT bytes to W: the responses and the handle table.
 * With NOTIFY, pending notifications follow the responses. Nothing has been executed if it returns
 * OKAPI_EFORMAT: IN can't be parsed. OKAPI_EBUFFERTOOSMALL: a response can't ever fit. */
apr_status_t mapi_dispatch(mapi_rop_ctx_t *ctx, okapi_binary_t in, okapi_writer_t *w,
                           apr_size_t limit, int notify);

#endif
