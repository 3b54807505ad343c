/* rop_search.c - the criteria of search folders: MS-OXCFOLD 2.2.1.4, 2.2.1.5. */
#include <apr_strings.h>
#include <okapi/search.h>

#include "rops_handlers.h"

apr_status_t rop_set_search_criteria(mapi_rop_ctx_t *ctx,
                                     const rop_set_search_criteria_request_t *req,
                                     rop_set_search_criteria_response_t *res)
{
    okapi_folder_t *folder;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    return rv == APR_SUCCESS ? okapi_search_set(folder, req->restriction, req->folder_ids,
                                                req->n_folder_ids, req->search_flags,
                                                ctx->scratch_pool)
                             : rv;
}

/* ---- strings as the client wants them ---- */

static void retype(okapi_proptag_t *tag, int want_unicode)
{
    int type = OKAPI_PROP_TYPE(*tag), wide = type & ~MV_FLAG;
    if (wide == PT_STRING8 || wide == PT_UNICODE) {
        *tag = OKAPI_PROP_RETYPE(*tag,
                                 (type & MV_FLAG) | (want_unicode ? PT_UNICODE : PT_STRING8));
    }
}

/* Values are UTF-8 inside whatever their type says. */
static void retype_all(okapi_restriction_t *r, int want_unicode)
{
    retype(&r->tag, want_unicode);
    retype(&r->tag2, want_unicode);
    retype(&r->prop.tag, want_unicode);
    for (int i = 0; i < r->ncomments; i++) {
        retype(&r->comments[i].tag, want_unicode);
    }
    for (int i = 0; i < r->n; i++) {
        retype_all(&r->children[i], want_unicode);
    }
}

apr_status_t rop_get_search_criteria(mapi_rop_ctx_t *ctx,
                                     const rop_get_search_criteria_request_t *req,
                                     rop_get_search_criteria_response_t *res)
{
    okapi_folder_t *folder;
    okapi_search_t search;
    apr_status_t rv = mapi_handle_folder(ctx, ctx->in, &folder);
    if (rv == APR_SUCCESS && !okapi_folder_is_search(folder)) {
        rv = OKAPI_ENOTSEARCHFOLDER;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_search_get(folder, &search, ctx->scratch_pool, ctx->scratch_pool);
    }
    if (rv == APR_SUCCESS && !search.restriction) {
        rv = OKAPI_ENOTINITIALIZED;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (req->include_restriction) {
        retype_all(search.restriction, req->use_unicode);
        res->restriction = search.restriction;
    }
    if (req->include_folders) {
        res->folder_ids = apr_pmemdup(ctx->scratch_pool, search.folder_ids,
                                      sizeof(*search.folder_ids) * (apr_size_t)search.n);
        res->n_folder_ids = search.n;
    }
    res->logon_id = ctx->logon_id;
    res->search_flags = search.flags;
    return APR_SUCCESS;
}
