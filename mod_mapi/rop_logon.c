/* rop_logon.c - logging on to a mailbox and letting handles go: MS-OXCSTOR 2.2.1.1. */
#include <apr_strings.h>

#include "rops_handlers.h"

enum { /* LogonFlags, MS-OXCSTOR 2.2.1.1.1 */
       LOGON_PRIVATE = MAPI_LOGON_PRIVATE,
       LOGON_UNDERCOVER = 0x02,
       LOGON_GHOSTED = 0x04
};

enum { /* OpenFlags, MS-OXCSTOR 2.2.1.1.1; the others make no difference here */
       OPEN_PUBLIC = 0x00000002,
       OPEN_ALTERNATE_SERVER = 0x00000100
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

/* MS-OXCSTOR 2.2.1.1.4: behind these come folders of a language and of a site, which there
 * aren't. */
static const okapi_special_e public_folders[LOGON_FOLDERS] = {
    OKAPI_FOLDER_ROOT,           OKAPI_FOLDER_IPM_SUBTREE,     OKAPI_FOLDER_NON_IPM_SUBTREE,
    OKAPI_FOLDER_EFORMS_REGISTRY, OKAPI_FOLDER_PUBLIC_FREEBUSY, OKAPI_FOLDER_OFFLINE_ADDRBOOK};

static void fill_response(rop_logon_response_t *res, const mapi_rop_ctx_t *ctx,
                          const okapi_store_t *store, apr_byte_t logon_flags)
{
    res->logon_flags = logon_flags & (LOGON_PRIVATE | LOGON_UNDERCOVER | LOGON_GHOSTED);
    int is_public = okapi_store_is_public(store);
    for (int i = 0; i < LOGON_FOLDERS; i++) {
        okapi_special_e which =
            is_public ? public_folders[i] : (okapi_special_e)(OKAPI_FOLDER_ROOT + i);
        res->folder_ids[i] = okapi_store_special(store, which);
    }
    res->response_flags = RESPONSE_RESERVED;
    if (!is_public && okapi_store_owner(store)->id == ctx->user->id) {
        res->response_flags |= RESPONSE_OWNER_RIGHT | RESPONSE_SEND_AS_RIGHT;
    }
    res->mailbox_guid = *okapi_store_guid(store);
    res->repl_id = 1;
    res->repl_guid = *okapi_store_guid(store);
    res->logon_time = logon_time();
    res->gwart_time = GWART_TIME;
}

/* MS-OXCSTOR 3.2.5.1.1: whoever is known may log on to any mailbox; the folders decide what can be
 * seen in it. */
static apr_status_t open_mailbox(okapi_store_t **store, mapi_rop_ctx_t *ctx, okapi_binary_t essdn)
{
    okapi_user_t *owner;
    apr_status_t rv = find_owner(&owner, ctx, essdn);
    return rv == APR_SUCCESS ? okapi_store_open(store, ctx->engine, ctx->user, owner, ctx->pool,
                                                ctx->scratch_pool)
                             : rv;
}

/* MS-OXCSTOR 3.2.5.1.2: there is one server to all clients, so no other one can be asked for, and
 * it doesn't matter what ESSDN says. */
static apr_status_t open_public(okapi_store_t **store, mapi_rop_ctx_t *ctx,
                                apr_uint32_t open_flags)
{
    if (!(open_flags & OPEN_PUBLIC) || (open_flags & OPEN_ALTERNATE_SERVER)) {
        return OKAPI_ELOGIN;
    }
    apr_status_t rv =
        okapi_store_open_public(store, ctx->engine, ctx->user, ctx->pool, ctx->scratch_pool);
    return rv == OKAPI_ENOTFOUND ? OKAPI_ELOGIN : rv;
}

apr_status_t rop_logon(mapi_rop_ctx_t *ctx, const rop_logon_request_t *req,
                       rop_logon_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = req->logon_flags & LOGON_PRIVATE
                          ? open_mailbox(&store, ctx, req->essdn)
                          : open_public(&store, ctx, req->open_flags);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    mapi_logon_t *logon = mapi_session_logon(ctx->session, ctx->logon_id, okapi_store_id(store),
                                             okapi_store_owner(store)->name);
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
