/* props.c - property sets: an array ordered by property id. */
#include <string.h>

#include <okapi/error.h>

#include "mapi/proptype.h"

struct okapi_props_t {
    apr_pool_t *pool;
    apr_array_header_t *values; /* okapi_propval_t */
};

okapi_props_t *okapi_props_create(apr_pool_t *result_pool)
{
    okapi_props_t *props = apr_palloc(result_pool, sizeof(*props));

    props->pool = result_pool;
    props->values = apr_array_make(result_pool, 16, sizeof(okapi_propval_t));
    return props;
}

apr_pool_t *okapi_props_pool(const okapi_props_t *props)
{
    return props->pool;
}

int okapi_props_count(const okapi_props_t *props)
{
    return props->values->nelts;
}

const okapi_propval_t *okapi_props_at(const okapi_props_t *props, int i)
{
    return &APR_ARRAY_IDX(props->values, i, okapi_propval_t);
}

/* The index of the first value whose id isn't below ID. */
static int lower_bound(const okapi_props_t *props, apr_uint16_t id)
{
    int low = 0;
    int high = props->values->nelts;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (OKAPI_PROP_ID(okapi_props_at(props, middle)->tag) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Its index, or -1. */
static int find(const okapi_props_t *props, apr_uint16_t id)
{
    int i = lower_bound(props, id);

    return i < props->values->nelts && OKAPI_PROP_ID(okapi_props_at(props, i)->tag) == id ? i : -1;
}

const okapi_propval_t *okapi_props_get(const okapi_props_t *props, okapi_proptag_t tag)
{
    int i = find(props, OKAPI_PROP_ID(tag));
    apr_uint16_t want = okapi__proptype_stored(OKAPI_PROP_TYPE(tag));
    const okapi_propval_t *v;

    if (i < 0)
        return NULL;
    v = okapi_props_at(props, i);
    return want == PT_UNSPECIFIED || OKAPI_PROP_TYPE(v->tag) == want ? v : NULL;
}

const char *okapi_props_str(const okapi_props_t *props, okapi_proptag_t tag, const char *absent)
{
    const okapi_propval_t *v = okapi_props_get(props, tag);

    return v && OKAPI_PROP_TYPE(v->tag) == PT_UNICODE ? v->v.str : absent;
}

apr_int64_t okapi_props_int(const okapi_props_t *props, okapi_proptag_t tag, apr_int64_t absent)
{
    const okapi_propval_t *v = okapi_props_get(props, tag);

    switch (v ? OKAPI_PROP_TYPE(v->tag) : PT_UNSPECIFIED) {
    case PT_SHORT:
        return v->v.i16;
    case PT_LONG:
        return v->v.i32;
    case PT_BOOLEAN:
        return v->v.boolean;
    case PT_I8:
    case PT_CURRENCY:
    case PT_SYSTIME:
        return v->v.i64;
    default:
        return absent;
    }
}

/* Like okapi_props_set, for a value that is in the set's pool already. */
static void put(okapi_props_t *props, const okapi_propval_t *v)
{
    int i = lower_bound(props, OKAPI_PROP_ID(v->tag));
    int after = props->values->nelts - i;
    okapi_propval_t *slot;

    if (after == 0 || OKAPI_PROP_ID(okapi_props_at(props, i)->tag) != OKAPI_PROP_ID(v->tag)) {
        apr_array_push(props->values);
        slot = &APR_ARRAY_IDX(props->values, i, okapi_propval_t);
        memmove(slot + 1, slot, (apr_size_t)after * sizeof(*slot));
    } else {
        slot = &APR_ARRAY_IDX(props->values, i, okapi_propval_t);
    }
    *slot = *v;
    slot->tag = OKAPI_PROP_RETYPE(v->tag, okapi__proptype_stored(OKAPI_PROP_TYPE(v->tag)));
}

void okapi_props_set(okapi_props_t *props, const okapi_propval_t *v)
{
    okapi_propval_t copy = okapi_propval_dup(v, props->pool);

    put(props, &copy);
}

void okapi_props_set_i32(okapi_props_t *props, okapi_proptag_t tag, apr_int32_t v)
{
    okapi_propval_t value = okapi_propval_i32(tag, v);

    put(props, &value);
}

void okapi_props_set_bool(okapi_props_t *props, okapi_proptag_t tag, int v)
{
    okapi_propval_t value = okapi_propval_bool(tag, v);

    put(props, &value);
}

void okapi_props_set_time(okapi_props_t *props, okapi_proptag_t tag, okapi_time_t v)
{
    okapi_propval_t value = okapi_propval_time(tag, v);

    put(props, &value);
}

void okapi_props_set_str(okapi_props_t *props, okapi_proptag_t tag, const char *v)
{
    okapi_propval_t value = okapi_propval_str(tag, v);

    okapi_props_set(props, &value);
}

void okapi_props_set_bin(okapi_props_t *props, okapi_proptag_t tag, const void *d, apr_size_t len)
{
    okapi_propval_t value = okapi_propval_bin(tag, d, len);

    okapi_props_set(props, &value);
}

int okapi_props_unset(okapi_props_t *props, okapi_proptag_t tag)
{
    int i = find(props, OKAPI_PROP_ID(tag));
    okapi_propval_t *slot;

    if (i < 0)
        return 0;
    slot = &APR_ARRAY_IDX(props->values, i, okapi_propval_t);
    props->values->nelts--;
    memmove(slot, slot + 1, (apr_size_t)(props->values->nelts - i) * sizeof(*slot));
    return 1;
}

/* ---- the packed form: store/FORMAT.md ---- */

#define PACKED_VERSION 1

static const okapi_codec_t packed = {OKAPI_FORM_PACKED, 0};

void okapi_props_pack(okapi_writer_t *w, const okapi_props_t *props)
{
    okapi_write_u8(w, PACKED_VERSION);
    for (int i = 0; i < props->values->nelts; i++)
        okapi_tagged_write(w, okapi_props_at(props, i), &packed);
}

apr_status_t okapi_props_unpack(okapi_props_t **props, const void *data, apr_size_t len,
                                apr_pool_t *result_pool)
{
    okapi_props_t *set = okapi_props_create(result_pool);
    apr_int32_t last_id = -1;
    okapi_reader_t r;

    okapi_reader_init(&r, data, len);
    if (len && okapi_read_u8(&r) != PACKED_VERSION)
        return OKAPI_ECORRUPT;
    while (okapi_reader_left(&r)) {
        okapi_propval_t v;

        okapi_tagged_read(&r, &v, &packed, result_pool);
        if (OKAPI_PROP_ID(v.tag) <= last_id)
            return OKAPI_ECORRUPT;
        last_id = OKAPI_PROP_ID(v.tag);
        put(set, &v);
    }
    if (okapi_reader_status(&r, 1))
        return OKAPI_ECORRUPT;
    *props = set;
    return APR_SUCCESS;
}
