/* object.c - properties of stores, folders, messages and attachments alike. */
#include <string.h>

#include <okapi/error.h>

#include "object_private.h"
#include "propbag.h"
#include "stream_private.h"

static int is_text(okapi_proptag_t tag)
{
    okapi_proptag_t type = OKAPI_PROP_TYPE(tag) & ~(okapi_proptag_t)MV_FLAG;
    return type == PT_UNICODE || type == PT_STRING8;
}

/* Does the property HAVE answer a question for WANT? Opaque bytes may be asked for as binary or
 * as object, as PR_ATTACH_DATA_BIN and PR_ATTACH_DATA_OBJ of OLE attachments are. */
static int answers(okapi_proptag_t have, okapi_proptag_t want)
{
    if (have == want) {
        return 1;
    }
    if (OKAPI_PROP_ID(have) != OKAPI_PROP_ID(want)) {
        return 0;
    }
    return OKAPI_PROP_TYPE(want) == PT_UNSPECIFIED ||
           (is_text(have) && is_text(want) && (have & MV_FLAG) == (want & MV_FLAG)) ||
           (OKAPI_PROP_TYPE(want) == PT_OBJECT && OKAPI_PROP_TYPE(have) == PT_BINARY);
}

const okapi__computed_t *okapi__object_computed(const okapi_object_t *object, okapi_proptag_t tag)
{
    for (const okapi__computed_t *c = object->object_class->computed; c && c->tag; c++) {
        if (answers(c->tag, tag)) {
            return c;
        }
    }
    return NULL;
}

/* ---- reading ---- */

/* *LARGE is the value kept outside of the stored set that answers TAG, or NULL. */
static apr_status_t find_large(const okapi__large_t **large, okapi_object_t *object,
                               okapi_proptag_t tag, apr_pool_t *scratch_pool)
{
    const apr_array_header_t *all;
    *large = NULL;
    if (!object->object_class->large) {
        return APR_SUCCESS;
    }
    apr_status_t rv = object->object_class->large(&all, object, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < all->nelts; i++) {
        const okapi__large_t *l = &APR_ARRAY_IDX(all, i, okapi__large_t);
        if (l->tag < OKAPI__TAG_RAW && answers((okapi_proptag_t)l->tag, tag)) {
            *large = l;
            break;
        }
    }
    return rv;
}

/* Bytes a large value takes on the wire at most: a UTF-8 byte is at most one UTF-16 unit. */
static apr_uint64_t wire_size(const okapi__large_t *large, okapi_proptag_t tag)
{
    apr_uint64_t size = (apr_uint64_t)large->size;
    return is_text(tag) && OKAPI_PROP_TYPE(tag) != PT_STRING8 ? 2 * size + 2 : size + 2;
}

static apr_status_t large_value(okapi_propval_t *v, okapi_object_t *object,
                                const okapi__large_t *large, okapi_proptag_t want,
                                apr_size_t limit, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    okapi_stream_t *stream;
    okapi_binary_t bytes;
    okapi_proptag_t tag = (okapi_proptag_t)large->tag;
    if (limit && wire_size(large, OKAPI_PROP_TYPE(want) ? want : tag) > limit) {
        return OKAPI_ENOMEMORY;
    }
    apr_status_t rv = object->object_class->stream(&stream, object, tag, scratch_pool,
                                                   scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_stream_read_all(stream, (apr_size_t)large->size, &bytes, result_pool,
                                   scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        *v = is_text(tag) ? okapi_propval_str(tag, (const char *)bytes.data)
                          : okapi_propval_bin(tag, bytes.data, bytes.len);
    }
    return rv;
}

static apr_status_t stored_value(okapi_propval_t *v, okapi_object_t *object, okapi_proptag_t tag,
                                 apr_size_t limit, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool)
{
    const okapi_props_t *props;
    const okapi__large_t *large;
    apr_status_t rv = object->object_class->stored(&props, object, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    const okapi_propval_t *found = okapi_props_get(props, tag);
    if (!found && OKAPI_PROP_TYPE(tag) == PT_OBJECT) {
        found = okapi_props_get(props, OKAPI_PROP_RETYPE(tag, PT_BINARY));
    }
    if (found) {
        *v = okapi_propval_dup(found, result_pool);
        return APR_SUCCESS;
    }
    rv = find_large(&large, object, tag, scratch_pool);
    if (rv != APR_SUCCESS || !large) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    return large_value(v, object, large, tag, limit, result_pool, scratch_pool);
}

apr_status_t okapi__object_value(okapi_propval_t *v, okapi_object_t *object, okapi_proptag_t tag,
                                 apr_size_t size_limit, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool)
{
    const okapi__computed_t *computed = okapi__object_computed(object, tag);
    apr_status_t rv = OKAPI_ENOTFOUND;
    if (!computed || (computed->flags & (OKAPI__PROP_DEFAULT | OKAPI__PROP_ROW)) ==
                         OKAPI__PROP_DEFAULT) {
        rv = stored_value(v, object, tag, size_limit, result_pool, scratch_pool);
    }
    if (rv == OKAPI_ENOTFOUND && computed) {
        v->tag = computed->tag;
        rv = computed->value(v, object, result_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        if (OKAPI_PROP_TYPE(tag) != PT_UNSPECIFIED) {
            v->tag = tag;
        }
        if (size_limit && okapi_propval_size(v) > size_limit) {
            rv = OKAPI_ENOMEMORY;
        }
    }
    if (rv == OKAPI_ENOTFOUND || rv == OKAPI_ENOMEMORY) {
        *v = okapi_propval_error(tag, okapi_error_mapi(rv));
        rv = APR_SUCCESS;
    }
    return rv;
}

okapi_object_e okapi_object_kind(const okapi_object_t *object)
{
    return object->object_class->kind;
}

apr_status_t okapi_object_get(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                              apr_size_t size_limit, okapi_propval_t *values,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        rv = okapi__object_value(&values[i], object, tags[i], size_limit, result_pool,
                                 scratch_pool);
    }
    return rv;
}

/* ---- listing ---- */

static void add_tag(apr_array_header_t *tags, okapi_proptag_t tag)
{
    APR_ARRAY_PUSH(tags, okapi_proptag_t) = tag;
}

/* Is TAG among those listed before the stored ones? */
static int listed(const apr_array_header_t *tags, int ncomputed, okapi_proptag_t tag)
{
    for (int i = 0; i < ncomputed; i++) {
        if (APR_ARRAY_IDX(tags, i, okapi_proptag_t) == tag) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t add_computed(apr_array_header_t *tags, okapi_object_t *object,
                                 apr_pool_t *scratch_pool)
{
    for (const okapi__computed_t *c = object->object_class->computed; c && c->tag; c++) {
        okapi_propval_t v;
        apr_status_t rv = OKAPI_ENOTFOUND;
        if (!(c->flags & OKAPI__PROP_HIDDEN)) {
            v.tag = c->tag;
            rv = c->value(&v, object, scratch_pool, scratch_pool);
        }
        if (rv == APR_SUCCESS) {
            add_tag(tags, c->tag);
        } else if (rv != OKAPI_ENOTFOUND) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

apr_status_t okapi_object_tags(okapi_object_t *object, apr_array_header_t **tags,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi_props_t *props;
    const apr_array_header_t *large = NULL;
    *tags = apr_array_make(result_pool, 64, sizeof(okapi_proptag_t));
    apr_status_t rv = add_computed(*tags, object, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = object->object_class->stored(&props, object, scratch_pool);
    }
    if (rv == APR_SUCCESS && object->object_class->large) {
        rv = object->object_class->large(&large, object, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int ncomputed = (*tags)->nelts;
    for (int i = 0; i < okapi_props_count(props); i++) {
        okapi_proptag_t tag = okapi_props_at(props, i)->tag;
        if (!listed(*tags, ncomputed, tag)) {
            add_tag(*tags, tag);
        }
    }
    for (int i = 0; large && i < large->nelts; i++) {
        apr_int64_t tag = APR_ARRAY_IDX(large, i, okapi__large_t).tag;
        if (tag < OKAPI__TAG_RAW && !listed(*tags, ncomputed, (okapi_proptag_t)tag)) {
            add_tag(*tags, (okapi_proptag_t)tag);
        }
    }
    return APR_SUCCESS;
}

/* ---- writing ---- */

/* Computed properties that nothing stored takes precedence of are read-only. */
static int settable(const okapi_object_t *object, okapi_proptag_t tag)
{
    const okapi__computed_t *computed = okapi__object_computed(object, tag);
    return !computed || computed->flags & OKAPI__PROP_DEFAULT;
}

static int is_value_type(okapi_proptag_t tag)
{
    return OKAPI_PROP_TYPE(tag) != PT_UNSPECIFIED && OKAPI_PROP_TYPE(tag) != PT_NULL &&
           OKAPI_PROP_TYPE(tag) != PT_ERROR;
}

apr_status_t okapi_object_set(okapi_object_t *object, const okapi_propval_t *values, int n,
                              apr_pool_t *scratch_pool)
{
    okapi_propval_t *kept = apr_palloc(scratch_pool, sizeof(*kept) * (apr_size_t)(n + 1));
    int nkept = 0;
    for (int i = 0; i < n; i++) {
        if (!is_value_type(values[i].tag)) {
            return OKAPI_EINVAL;
        }
        if (settable(object, values[i].tag)) {
            kept[nkept++] = values[i];
        }
    }
    return nkept ? object->object_class->set(object, kept, nkept, scratch_pool) : APR_SUCCESS;
}

apr_status_t okapi_object_unset(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                                apr_pool_t *scratch_pool)
{
    okapi_proptag_t *kept = apr_palloc(scratch_pool, sizeof(*kept) * (apr_size_t)(n + 1));
    int nkept = 0;
    for (int i = 0; i < n; i++) {
        if (settable(object, tags[i])) {
            kept[nkept++] = tags[i];
        }
    }
    return nkept ? object->object_class->unset(object, kept, nkept, scratch_pool) : APR_SUCCESS;
}

/* ---- piecewise ---- */

/* TEXT as a client reads it from a stream, without terminator. */
static apr_status_t text_stream(okapi_stream_t **stream, const char *text, okapi_proptag_t tag,
                                apr_uint32_t codepage, apr_pool_t *result_pool)
{
    okapi_codec_t codec = {OKAPI_FORM_ROP, codepage};
    apr_size_t terminator = OKAPI_PROP_TYPE(tag) == PT_STRING8 ? 1 : 2;
    okapi_propval_t v = okapi_propval_str(tag, text);
    okapi_writer_t w;
    apr_size_t size = strlen(text) * 4 + 4; /* of the widest code page */
    okapi_writer_init(&w, size, size, result_pool);
    okapi_propval_write(&w, &v, &codec);
    if (okapi_writer_status(&w) != APR_SUCCESS || w.len < terminator) {
        return OKAPI_ETOOBIG;
    }
    *stream = okapi__stream_memory(w.data, w.len - terminator, result_pool);
    return APR_SUCCESS;
}

apr_status_t okapi_object_stream(okapi_stream_t **stream, okapi_object_t *object,
                                 okapi_proptag_t tag, apr_uint32_t codepage,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__large_t *large;
    okapi_propval_t v;
    if (!is_text(tag) && settable(object, tag)) {
        apr_status_t rv = find_large(&large, object, tag, scratch_pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        if (large) {
            return object->object_class->stream(stream, object, (okapi_proptag_t)large->tag,
                                                result_pool, scratch_pool);
        }
    }
    apr_status_t rv = okapi__object_value(&v, object, tag, 0, result_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    switch (OKAPI_PROP_TYPE(v.tag)) {
    case PT_ERROR:
        return OKAPI_ENOTFOUND;
    case PT_UNICODE:
    case PT_STRING8:
        return text_stream(stream, v.v.str, v.tag, codepage, result_pool);
    case PT_BINARY:
    case PT_OBJECT:
        *stream = okapi__stream_memory(v.v.bin.data, v.v.bin.len, result_pool);
        return APR_SUCCESS;
    default: /* the others have no piecewise form: MS-OXCPRPT 3.2.5.13 */
        return OKAPI_ENOSUPPORT;
    }
}
