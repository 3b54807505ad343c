/* rop_property.c - properties of whatever a handle refers to, and the names of named ones:
 * MS-OXCPRPT. */
#include "rops_handlers.h"

/* ---- values ---- */

/* A value in a row may need a flag before it, a PT_UNSPECIFIED one a type, a tagged one a tag. */
#define VALUE_OVERHEAD 4
#define ERROR_SIZE     4

static void not_enough_memory(okapi_propval_t *v, okapi_proptag_t tag)
{
    *v = okapi_propval_error(OKAPI_PROP_RETYPE(tag, PT_ERROR), okapi_error_mapi(OKAPI_ENOMEMORY));
}

/* Replaces the largest values by errors until all fit into ROOM: the client opens streams on them
 * (MS-OXCPRPT 3.2.5.1). */
static apr_status_t fit_values(okapi_propval_t *values, int n, apr_size_t room)
{
    apr_size_t total = 0;
    for (int i = 0; i < n; i++) {
        total += VALUE_OVERHEAD + okapi_propval_size(&values[i]);
    }
    while (total > room) {
        int largest = -1;
        apr_size_t size = ERROR_SIZE;
        for (int i = 0; i < n; i++) {
            apr_size_t s = okapi_propval_size(&values[i]);
            if (s > size) {
                largest = i;
                size = s;
            }
        }
        if (largest < 0) {
            return OKAPI_EBUFFERTOOSMALL;
        }
        not_enough_memory(&values[largest], values[largest].tag);
        total -= size - ERROR_SIZE;
    }
    return APR_SUCCESS;
}

/* Text that was asked for without a type comes in the code page unless Unicode is wanted. */
static void choose_text(okapi_propval_t *v, int want_unicode)
{
    if (want_unicode) {
        return;
    }
    if (OKAPI_PROP_TYPE(v->tag) == PT_UNICODE) {
        v->tag = OKAPI_PROP_RETYPE(v->tag, PT_STRING8);
    } else if (OKAPI_PROP_TYPE(v->tag) == PT_MV_UNICODE) {
        v->tag = OKAPI_PROP_RETYPE(v->tag, PT_MV_STRING8);
    }
}

#define ROW_FIXED 1 /* the PropertyRow's flag */

apr_status_t rop_get_properties_specific(mapi_rop_ctx_t *ctx,
                                         const rop_get_properties_specific_request_t *req,
                                         rop_get_properties_specific_response_t *res)
{
    okapi_object_t *object;
    apr_status_t rv = mapi_handle_object(ctx, ctx->in, &object);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int n = req->n_property_tags;
    okapi_propval_t *values = apr_palloc(ctx->scratch_pool, (apr_size_t)n * sizeof(*values));
    /* PropertySizeLimit is ignored, as MS-OXCPRPT 3.2.5.1 has it: the buffer is the limit. */
    rv = okapi_object_get(object, req->property_tags, n, ctx->room, values, ctx->scratch_pool,
                          ctx->scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        if (OKAPI_PROP_TYPE(req->property_tags[i]) == PT_UNSPECIFIED) {
            choose_text(&values[i], req->want_unicode);
        }
    }
    if (rv == APR_SUCCESS) {
        rv = fit_values(values, n, ctx->room - ROW_FIXED);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_writer_t w;
    okapi_writer_init(&w, 1024, ctx->room, ctx->scratch_pool);
    okapi_proprow_write(&w, req->property_tags, values, n, &ctx->codec.prop);
    res->row_data = (okapi_binary_t){w.data, w.len};
    return okapi_writer_status(&w);
}

#define COUNT_FIXED 2 /* a 16-bit count before an array */

apr_status_t rop_get_properties_all(mapi_rop_ctx_t *ctx,
                                    const rop_get_properties_all_request_t *req,
                                    rop_get_properties_all_response_t *res)
{
    okapi_object_t *object;
    apr_array_header_t *tags;
    apr_status_t rv = mapi_handle_object(ctx, ctx->in, &object);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_tags(object, &tags, ctx->scratch_pool, ctx->scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int n = tags->nelts;
    res->property_values = apr_palloc(ctx->scratch_pool, (apr_size_t)n * sizeof(okapi_propval_t));
    res->n_property_values = n;
    rv = okapi_object_get(object, (const okapi_proptag_t *)tags->elts, n, ctx->room,
                          res->property_values, ctx->scratch_pool, ctx->scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        choose_text(&res->property_values[i], req->want_unicode);
    }
    return rv == APR_SUCCESS ? fit_values(res->property_values, n, ctx->room - COUNT_FIXED) : rv;
}

apr_status_t rop_get_properties_list(mapi_rop_ctx_t *ctx,
                                     const rop_get_properties_list_request_t *req,
                                     rop_get_properties_list_response_t *res)
{
    okapi_object_t *object;
    apr_array_header_t *tags;
    apr_status_t rv = mapi_handle_object(ctx, ctx->in, &object);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_tags(object, &tags, ctx->scratch_pool, ctx->scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        res->property_tags = (okapi_proptag_t *)tags->elts;
        res->n_property_tags = tags->nelts;
    }
    return rv;
}

/* ---- names ---- */

#define MAPI_W_ERRORS_RETURNED 0x00040380u

enum { NAMES_CREATE = 0x02 };                          /* Flags, MS-OXCPRPT 2.2.12.1 */
enum { QUERY_NO_STRINGS = 0x01, QUERY_NO_IDS = 0x02 }; /* QueryFlags, MS-OXCPRPT 2.2.13.1 */

static apr_status_t all_ids(mapi_rop_ctx_t *ctx, okapi_store_t *store,
                            rop_get_property_ids_from_names_response_t *res)
{
    apr_array_header_t *ids, *names;
    apr_status_t rv =
        okapi_named_list(store, NULL, &ids, &names, ctx->scratch_pool, ctx->scratch_pool);
    if (rv == APR_SUCCESS) {
        res->property_ids = (apr_uint16_t *)ids->elts;
        res->n_property_ids = ids->nelts;
    }
    return rv;
}

apr_status_t rop_get_property_ids_from_names(mapi_rop_ctx_t *ctx,
                                             const rop_get_property_ids_from_names_request_t *req,
                                             rop_get_property_ids_from_names_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int n = req->n_property_names;
    if (n == 0 && ctx->in->kind == MAPI_KIND_LOGON) {
        return all_ids(ctx, store, res);
    }
    res->property_ids = apr_pcalloc(ctx->scratch_pool, (apr_size_t)n * sizeof(apr_uint16_t));
    res->n_property_ids = n;
    rv = okapi_named_ids(store, req->property_names, n, req->flags & NAMES_CREATE,
                         res->property_ids, ctx->scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        if (res->property_ids[i] == 0) {
            ctx->warning = MAPI_W_ERRORS_RETURNED;
        }
    }
    return rv;
}

apr_status_t rop_get_names_from_property_ids(mapi_rop_ctx_t *ctx,
                                             const rop_get_names_from_property_ids_request_t *req,
                                             rop_get_names_from_property_ids_response_t *res)
{
    okapi_store_t *store;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int n = req->n_property_ids;
    res->property_names = apr_pcalloc(ctx->scratch_pool, (apr_size_t)n * sizeof(okapi_propname_t));
    res->n_property_names = n;
    rv = okapi_named_names(store, req->property_ids, n, res->property_names, ctx->scratch_pool,
                           ctx->scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        if (res->property_names[i].kind < 0) {
            ctx->warning = MAPI_W_ERRORS_RETURNED;
        }
    }
    return rv;
}

apr_status_t rop_query_named_properties(mapi_rop_ctx_t *ctx,
                                        const rop_query_named_properties_request_t *req,
                                        rop_query_named_properties_response_t *res)
{
    okapi_store_t *store;
    apr_array_header_t *ids, *names;
    apr_status_t rv = mapi_handle_store(ctx, ctx->in, &store);
    if (rv == APR_SUCCESS) {
        rv = okapi_named_list(store, req->has_guid ? &req->property_guid : NULL, &ids, &names,
                              ctx->scratch_pool, ctx->scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    res->property_ids = (apr_uint16_t *)ids->elts;
    res->property_names = (okapi_propname_t *)names->elts;
    for (int i = 0; i < ids->nelts; i++) {
        int without = res->property_names[i].kind == MNID_STRING ? QUERY_NO_STRINGS : QUERY_NO_IDS;
        if (!(req->query_flags & without)) {
            res->property_ids[res->id_count] = res->property_ids[i];
            res->property_names[res->id_count++] = res->property_names[i];
        }
    }
    return APR_SUCCESS;
}
