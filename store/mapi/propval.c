/* propval.c - single property values: making, copying, measuring and comparing them. */
#include <string.h>

#include <apr_strings.h>

#include "mapi/fold.h"
#include "mapi/proptype.h"

okapi_propval_t okapi_propval_i32(okapi_proptag_t tag, apr_int32_t v)
{
    okapi_propval_t value = {.tag = tag, .v.i32 = v};

    return value;
}

okapi_propval_t okapi_propval_i64(okapi_proptag_t tag, apr_int64_t v)
{
    okapi_propval_t value = {.tag = tag, .v.i64 = v};

    return value;
}

okapi_propval_t okapi_propval_bool(okapi_proptag_t tag, int v)
{
    okapi_propval_t value = {.tag = tag, .v.boolean = v != 0};

    return value;
}

okapi_propval_t okapi_propval_time(okapi_proptag_t tag, okapi_time_t v)
{
    okapi_propval_t value = {.tag = tag, .v.time = v};

    return value;
}

okapi_propval_t okapi_propval_str(okapi_proptag_t tag, const char *v)
{
    okapi_propval_t value = {.tag = tag, .v.str = v};

    return value;
}

okapi_propval_t okapi_propval_bin(okapi_proptag_t tag, const void *data, apr_size_t len)
{
    okapi_propval_t value = {.tag = tag, .v.bin = {data, len}};

    return value;
}

okapi_propval_t okapi_propval_error(okapi_proptag_t tag, apr_uint32_t mapi_code)
{
    okapi_propval_t value = {.tag = OKAPI_PROP_RETYPE(tag, PT_ERROR), .v.error = mapi_code};

    return value;
}

/* Replaces what ELEMENT points to by a copy. */
static void own_element(apr_byte_t kind, void *element, apr_pool_t *result_pool)
{
    if (okapi__kind_is_text(kind)) {
        const char **text = element;

        *text = apr_pstrdup(result_pool, *text);
    } else if (okapi__kind_is_bytes(kind)) {
        okapi_binary_t *bin = element;

        if (bin->len)
            bin->data = apr_pmemdup(result_pool, bin->data, bin->len);
        else
            bin->data = (const unsigned char *)"";
    }
}

okapi_propval_t okapi_propval_dup(const okapi_propval_t *v, apr_pool_t *result_pool)
{
    int multiple;
    const okapi__proptype_t *type = okapi__proptype_find(OKAPI_PROP_TYPE(v->tag), &multiple);
    okapi_propval_t copy = *v;
    char *element = (char *)&copy.v;
    apr_uint32_t count;

    if (!type)
        return copy;
    if (multiple) {
        const void *elements = okapi__propval_elements(v, multiple, &count);
        apr_size_t size = (apr_size_t)count * type->size;

        element = apr_palloc(result_pool, size ? size : 1);
        if (size)
            memcpy(element, elements, size);
        copy.v.mv.v.bin = (void *)element;
    } else {
        count = 1;
    }
    for (; count > 0; count--, element += type->size)
        own_element(type->kind, element, result_pool);
    return copy;
}

/* Bytes of UTF-16 that a text of UTF-8 takes: four for what UTF-8 says in four bytes. */
static apr_size_t utf16_size(const char *text)
{
    apr_size_t size = 0;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        size += (*p & 0xC0) == 0x80 ? 0 : *p >= 0xF0 ? 4 : 2;
    return size;
}

static apr_size_t element_size(const okapi__proptype_t *type, const void *element)
{
    switch ((okapi__kind_e)type->kind) {
    case OKAPI__KIND_BOOLEAN:
        return 1;
    case OKAPI__KIND_TEXT8:
        return strlen(*(const char *const *)element) + 1;
    case OKAPI__KIND_TEXT16:
        return utf16_size(*(const char *const *)element) + 2;
    default:
        return okapi__kind_is_bytes(type->kind) ? ((const okapi_binary_t *)element)->len
                                                : type->size;
    }
}

apr_size_t okapi_propval_size(const okapi_propval_t *v)
{
    int multiple;
    const okapi__proptype_t *type = okapi__proptype_find(OKAPI_PROP_TYPE(v->tag), &multiple);
    apr_size_t size = 0;
    const char *element;
    apr_uint32_t count;

    if (!type)
        return 0;
    element = okapi__propval_elements(v, multiple, &count);
    for (; count > 0; count--, element += type->size)
        size += element_size(type, element);
    return size;
}

int okapi__propval_element(okapi_propval_t *v, const okapi_propval_t *all, apr_uint32_t i)
{
    int multiple;
    const okapi__proptype_t *type = okapi__proptype_find(OKAPI_PROP_TYPE(all->tag), &multiple);
    apr_uint32_t count;

    if (!type || OKAPI_PROP_TYPE(all->tag) == PT_ERROR)
        return 0;
    const char *elements = okapi__propval_elements(all, multiple, &count);
    if (i >= count)
        return 0;
    v->tag = OKAPI_PROP_RETYPE(all->tag, type->type);
    memcpy(&v->v, elements + (apr_size_t)i * type->size, type->size);
    return 1;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_fixed(apr_uint16_t type, const void *a, const void *b)
{
    switch (type) {
    case PT_SHORT:
        return ORDER(*(const apr_int16_t *)a, *(const apr_int16_t *)b);
    case PT_LONG:
        return ORDER(*(const apr_int32_t *)a, *(const apr_int32_t *)b);
    case PT_ERROR:
        return ORDER(*(const apr_uint32_t *)a, *(const apr_uint32_t *)b);
    case PT_FLOAT:
        return ORDER(*(const float *)a, *(const float *)b);
    case PT_DOUBLE:
    case PT_APPTIME:
        return ORDER(*(const double *)a, *(const double *)b);
    default:
        return ORDER(*(const apr_int64_t *)a, *(const apr_int64_t *)b);
    }
}

static int compare_bytes(const okapi_binary_t *a, const okapi_binary_t *b)
{
    apr_size_t len = a->len < b->len ? a->len : b->len;
    int order = len ? memcmp(a->data, b->data, len) : 0;

    return order ? order : ORDER(a->len, b->len);
}

static int compare_elements(const okapi__proptype_t *type, const void *a, const void *b, int fold)
{
    switch ((okapi__kind_e)type->kind) {
    case OKAPI__KIND_NONE:
        return 0;
    case OKAPI__KIND_FIXED:
        return compare_fixed(type->type, a, b);
    case OKAPI__KIND_BOOLEAN:
        return ORDER(*(const int *)a, *(const int *)b);
    case OKAPI__KIND_GUID:
        return memcmp(a, b, sizeof(okapi_guid_t));
    case OKAPI__KIND_TEXT8:
    case OKAPI__KIND_TEXT16:
        return fold ? okapi__fold_compare(*(const char *const *)a, *(const char *const *)b)
                    : strcmp(*(const char *const *)a, *(const char *const *)b);
    default:
        return compare_bytes(a, b);
    }
}

int okapi_propval_compare(const okapi_propval_t *a, const okapi_propval_t *b, int fold)
{
    int multiple;
    int b_multiple;
    const okapi__proptype_t *type = okapi__proptype_find(OKAPI_PROP_TYPE(a->tag), &multiple);
    const okapi__proptype_t *b_type = okapi__proptype_find(OKAPI_PROP_TYPE(b->tag), &b_multiple);
    const char *a_element;
    const char *b_element;
    apr_uint32_t a_count;
    apr_uint32_t b_count;

    if (!type || !b_type || multiple != b_multiple ||
        okapi__proptype_stored(type->type) != okapi__proptype_stored(b_type->type))
        return ORDER(OKAPI_PROP_TYPE(a->tag), OKAPI_PROP_TYPE(b->tag));
    a_element = okapi__propval_elements(a, multiple, &a_count);
    b_element = okapi__propval_elements(b, multiple, &b_count);
    for (apr_uint32_t i = 0; i < a_count && i < b_count; i++) {
        int order = compare_elements(type, a_element, b_element, fold);

        if (order)
            return order;
        a_element += type->size;
        b_element += type->size;
    }
    return ORDER(a_count, b_count);
}
