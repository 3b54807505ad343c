/* propbag.c - stored properties: small values together, large ones by reference. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "propbag.h"

void okapi__propbag_init(okapi__propbag_t *bag, apr_pool_t *result_pool)
{
    bag->props = okapi_props_create(result_pool);
    bag->large = apr_array_make(result_pool, 0, sizeof(okapi__large_t));
    bag->pool = result_pool;
}

apr_status_t okapi__propbag_unpack(okapi__propbag_t *bag, okapi_binary_t packed)
{
    apr_status_t rv = okapi_props_unpack(&bag->props, packed.data, packed.len, bag->pool);
    return rv == OKAPI_EFORMAT ? OKAPI_ECORRUPT : rv;
}

void okapi__propbag_add_large(okapi__propbag_t *bag, apr_int64_t tag, okapi_id_t blob_id,
                              apr_int64_t size)
{
    okapi__large_t *large = apr_array_push(bag->large);
    large->tag = tag;
    large->size = size;
    large->blob_id = blob_id;
    large->pending = (okapi_binary_t){NULL, 0};
}

apr_status_t okapi__propbag_load_large(okapi__propbag_t *bag, okapi__conn_t *conn, okapi_id_t id,
                                       apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_BIGPROP_LIST, DB_ARGS(DB_I(id)),
                                       scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    while (okapi__rows_next(rows)) {
        okapi__propbag_add_large(bag, okapi__rows_int(rows, 0), okapi__rows_int(rows, 1),
                                 okapi__rows_int(rows, 2));
    }
    return okapi__rows_status(rows);
}

/* ---- values ---- */

/* The bytes of a value that may be kept as a blob. */
static int bytes_of(const okapi_propval_t *v, okapi_binary_t *bytes)
{
    switch (OKAPI_PROP_TYPE(v->tag)) {
    case PT_UNICODE:
        bytes->data = (const unsigned char *)v->v.str;
        bytes->len = strlen(v->v.str);
        return 1;
    case PT_BINARY:
    case PT_OBJECT:
    case PT_SRESTRICT:
    case PT_ACTIONS:
        *bytes = v->v.bin;
        return 1;
    default:
        return 0;
    }
}

/* Strings are stored as PT_UNICODE whatever the client called them. */
static okapi_proptag_t stored_tag(okapi_proptag_t tag)
{
    okapi_proptag_t type = OKAPI_PROP_TYPE(tag);
    if (type == PT_STRING8 || type == PT_MV_STRING8) {
        return OKAPI_PROP_RETYPE(tag, type + (PT_UNICODE - PT_STRING8));
    }
    return tag;
}

void okapi__propbag_set(okapi__propbag_t *bag, const okapi_propval_t *v)
{
    okapi_propval_t value = *v;
    okapi_binary_t bytes;
    value.tag = stored_tag(v->tag);
    okapi__propbag_unset(bag, value.tag);
    if (bytes_of(&value, &bytes) && bytes.len > OKAPI__LARGE_VALUE) {
        bytes.data = apr_pmemdup(bag->pool, bytes.data, bytes.len);
        okapi__propbag_set_bytes(bag, value.tag, bytes);
    } else {
        okapi_props_set(bag->props, &value);
    }
}

void okapi__propbag_set_bytes(okapi__propbag_t *bag, apr_int64_t tag, okapi_binary_t bytes)
{
    okapi__propbag_unset(bag, tag);
    okapi__large_t *large = apr_array_push(bag->large);
    large->tag = tag;
    large->size = (apr_int64_t)bytes.len;
    large->blob_id = 0;
    large->pending = bytes;
}

/* By id: an object has one value of it, of whatever type. */
void okapi__propbag_unset(okapi__propbag_t *bag, apr_int64_t tag)
{
    okapi__large_t *large = (okapi__large_t *)bag->large->elts;
    for (int i = 0; i < bag->large->nelts; i++) {
        if (large[i].tag >> 16 == tag >> 16) {
            large[i] = large[--bag->large->nelts];
            break;
        }
    }
    if (tag < OKAPI__TAG_RAW) {
        okapi_props_unset(bag->props, (okapi_proptag_t)tag);
    }
}

okapi__large_t *okapi__propbag_large(const okapi__propbag_t *bag, apr_int64_t tag)
{
    okapi__large_t *large = (okapi__large_t *)bag->large->elts;
    for (int i = 0; i < bag->large->nelts; i++) {
        if (large[i].tag == tag) {
            return &large[i];
        }
    }
    return NULL;
}

int okapi__propbag_has(const okapi__propbag_t *bag, okapi_proptag_t tag)
{
    return okapi_props_get(bag->props, tag) || okapi__propbag_large(bag, tag);
}

apr_status_t okapi__large_stream(okapi_stream_t **stream, const okapi__large_t *large,
                                 okapi__db_t *db, apr_pool_t *result_pool)
{
    if (large->blob_id) {
        return okapi__blob_stream(stream, db, large->blob_id, large->size, result_pool);
    }
    *stream = okapi__stream_memory(large->pending.data, large->pending.len, result_pool);
    return APR_SUCCESS;
}

apr_status_t okapi__propbag_stream(okapi_stream_t **stream, const okapi__propbag_t *bag,
                                   apr_int64_t tag, okapi__db_t *db, apr_pool_t *result_pool)
{
    const okapi__large_t *large = okapi__propbag_large(bag, tag);
    return large ? okapi__large_stream(stream, large, db, result_pool) : OKAPI_ENOTFOUND;
}

apr_status_t okapi__propbag_pack(okapi_binary_t *packed, const okapi__propbag_t *bag,
                                 apr_pool_t *result_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 1024, OKAPI__DB_ARGS_MAX, result_pool);
    okapi_props_pack(&w, bag->props);
    packed->data = w.data;
    packed->len = w.len;
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}
