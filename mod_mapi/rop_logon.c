/* rop_logon.c - logging on to a mailbox and letting handles go: MS-OXCSTOR 2.2.1.1. */
#include <apr_strings.h>

#include "rops_handlers.h"

enum { /* LogonFlags, MS-OXCSTOR 2.2.1.1.1 */
       LOGON_PRIVATE = 0x01,
       LOGON_UNDERCOVER = 0x02,
       LOGON_GHOSTED = 0x04
};

enum {                           /* ResponseFlags, MS-OXCSTOR 2.2.1.1.3 */
       RESPONSE_RESERVED = 0x01, /* always set */
       RESPONSE_OWNER_RIGHT = 0x02,
       RESPONSE_SEND_AS_RIGHT = 0x04
};

#define LOGON_FOLDERS 13

/* Address types don't change while the server runs, so neither does the time of their table. */
#define GWART_TIME 1

static apr_status_t find_owner(okapi_user_t **owner, mapi_rop_ctx_t *ctx, okapi_binary_t essdn)
{
    const char *dn = apr_pstrmemdup(ctx->scratch_pool, (const char *)essdn.data, essdn.len);
    const char *name = okapi_user_name_of_dn(ctx->engine, dn, ctx->scratch_pool);
    if (name == NULL) {
        return OKAPI_EUNKNOWNUSER;
    }
    apr_status_t rv = okapi_user_by_login(owner, ctx->engine, name, ctx->pool, ctx->scratch_pool);
    if (rv == APR_SUCCESS && ((*owner)->flags & OKAPI_USER_DISABLED)) {
        return OKAPI_EDISABLED;
    }
    return rv;
}

static rop_logon_time_t logon_time(void)
{
    apr_time_exp_t now;
    apr_time_exp_gmt(&now, apr_time_now());
    return (rop_logon_time_t){.seconds = (apr_byte_t)now.tm_sec,
                              .minutes = (apr_byte_t)now.tm_min,
                              .hour = (apr_byte_t)now.tm_hour,
                              .day_of_week = (apr_byte_t)now.tm_wday,
                              .day = (apr_byte_t)now.tm_mday,
                              .month = (apr_byte_t)(now.tm_mon + 1),
                              .year = (apr_uint16_t)(now.tm_year + 1900)};
}

static void fill_response(rop_logon_response_t *res, const mapi_rop_ctx_t *ctx,
                          const okapi_store_t *store, apr_byte_t logon_flags)
{
    res->logon_flags = logon_flags & (LOGON_PRIVATE | LOGON_UNDERCOVER | LOGON_GHOSTED);
    for (int i = 0; i < LOGON_FOLDERS; i++) {
        res->folder_ids[i] = okapi_store_special(store, (okapi_special_e)(OKAPI_FOLDER_ROOT + i));
    }
    res->response_flags = RESPONSE_RESERVED;
    if (okapi_store_owner(store)->id == ctx->user->id) {
        res->response_flags |= RESPONSE_OWNER_RIGHT | RESPONSE_SEND_AS_RIGHT;
    }
    res->mailbox_guid = *okapi_store_guid(store);
    res->repl_id = 1;
    res->repl_guid = *okapi_store_guid(store);
    res->logon_time = logon_time();
    res->gwart_time = GWART_TIME;
}

apr_status_t rop_logon(mapi_rop_ctx_t *ctx, const rop_logon_request_t *req,
                       rop_logon_response_t *res)
{
    if (!(req->logon_flags & LOGON_PRIVATE)) {
        return OKAPI_ELOGIN; /* there are no public folders */
    }
    okapi_user_t *owner;
    apr_status_t rv = find_owner(&owner, ctx, req->essdn);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_store_t *store;
    rv = okapi_store_open(&store, ctx->engine, ctx->user, owner, ctx->pool, ctx->scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    mapi_logon_t *logon =
        mapi_session_logon(ctx->session, ctx->logon_id, okapi_store_id(store), owner->name);
    logon->logon_flags = req->logon_flags;
    logon->open_flags = req->open_flags;
    logon->store = store;
    ctx->logon = logon;
    mapi_handle_t *handle;
    rv = mapi_handle_create(ctx, MAPI_KIND_LOGON, NULL, &handle);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    fill_response(res, ctx, store, req->logon_flags);
    return APR_SUCCESS;
}

apr_status_t rop_release(mapi_rop_ctx_t *ctx, const rop_release_request_t *req,
                         rop_release_response_t *res)
{
    mapi_session_release(ctx->session, ctx->in);
    return APR_SUCCESS;
}
