/* model_value.c - values that are made from a number and tell it again.
 *
 * Text and bytes begin with the number; the rest, whose length follows from it, too, is checked.
 * Some are above the size from which a value is stored apart.
 */
#include <okapi/permission.h>

#include "model.h"

typedef struct kind_t {
    okapi_proptag_t message_tag, folder_tag;
    int length_max; /* of text and bytes behind the number */
} kind_t;

static const kind_t kinds[MODEL_VALUES] = {
    {PR_SUBJECT, PR_DISPLAY_NAME, 60},
    {PR_BODY, PR_COMMENT, 6000},
    {OKAPI_PROP_TAG(PT_LONG, 0x6789), OKAPI_PROP_TAG(PT_LONG, 0x6789), 0},
    {OKAPI_PROP_TAG(PT_BINARY, 0x678A), OKAPI_PROP_TAG(PT_BINARY, 0x678A), 6000},
};

okapi_proptag_t model_tag(int is_folder, int i)
{
    return is_folder ? kinds[i].folder_tag : kinds[i].message_tag;
}

/* Most are short. */
static const char *text_of(apr_uint32_t seed, int length_max, apr_size_t *len, apr_pool_t *pool)
{
    apr_uint32_t n = seed * 2654435761u % (apr_uint32_t)length_max;
    n = seed % 8 ? n / 32 : n;
    char *text = apr_psprintf(pool, "%s%u %*s", seed % 5 ? "" : "RE: ", seed, (int)n, "");
    *len = strlen(text);
    for (apr_size_t i = *len - n; i < *len; i++) {
        text[i] = (char)('a' + (seed + i) % 26);
    }
    return text;
}

okapi_propval_t model_value(int is_folder, int i, apr_uint32_t seed, apr_pool_t *pool)
{
    okapi_proptag_t tag = model_tag(is_folder, i);
    apr_size_t len;
    if (OKAPI_PROP_TYPE(tag) == PT_LONG) {
        return okapi_propval_i32(tag, (apr_int32_t)seed);
    }
    const char *text = text_of(seed, kinds[i].length_max, &len, pool);
    return OKAPI_PROP_TYPE(tag) == PT_BINARY ? okapi_propval_bin(tag, text, len)
                                             : okapi_propval_str(tag, text);
}

/* A message without subject has an empty one. */
static apr_uint32_t seed_of_text(const char *text)
{
    if (!*text) {
        return MODEL_ABSENT;
    }
    const char *number = strncmp(text, "RE: ", 4) == 0 ? text + 4 : text;
    unsigned long seed = strtoul(number, NULL, 10);
    return seed > 0 && seed < MODEL_FOREIGN ? (apr_uint32_t)seed : MODEL_FOREIGN;
}

static apr_uint32_t seed_of(const okapi_propval_t *v, int is_folder, int i, apr_pool_t *pool)
{
    apr_uint32_t seed;
    switch (OKAPI_PROP_TYPE(v->tag)) {
    case PT_ERROR:
        return MODEL_ABSENT;
    case PT_LONG:
        return (apr_uint32_t)v->v.i32;
    case PT_BINARY:
        seed = seed_of_text(apr_pstrmemdup(pool, (const char *)v->v.bin.data, v->v.bin.len));
        break;
    default:
        seed = seed_of_text(v->v.str);
    }
    if (seed == MODEL_ABSENT) {
        return seed;
    }
    okapi_propval_t again = model_value(is_folder, i, seed, pool);
    return okapi_propval_compare(v, &again, 0) == 0 ? seed : MODEL_FOREIGN;
}

static apr_status_t load_entries(model_object_t *object, okapi_folder_t *folder, apr_pool_t *pool)
{
    apr_array_header_t *entries;
    apr_status_t rv = okapi_permission_list(&entries, folder, 0, pool, pool);
    for (int i = 0; i < MODEL_MEMBERS; i++) {
        object->entries[i] = MODEL_NO_ENTRY;
    }
    for (int i = 0; rv == APR_SUCCESS && i < entries->nelts; i++) {
        const okapi_permission_t *entry = &APR_ARRAY_IDX(entries, i, okapi_permission_t);
        int member = entry->member_id == OKAPI_MEMBER_ANONYMOUS ? -1 : model_member(entry->name);
        if (member >= 0) {
            object->entries[member] = entry->rights;
        }
    }
    return rv;
}

apr_status_t model_load(model_object_t *object, okapi_store_t *store, apr_pool_t *pool)
{
    okapi_object_t *opened = NULL;
    okapi_folder_t *folder;
    okapi_message_t *message;
    okapi_proptag_t tags[MODEL_VALUES];
    okapi_propval_t values[MODEL_VALUES];
    apr_status_t rv;
    if (object->is_folder) {
        rv = okapi_folder_open(&folder, store, object->id, pool, pool);
        rv = rv == APR_SUCCESS ? load_entries(object, folder, pool) : rv;
        opened = rv == APR_SUCCESS ? okapi_folder_object(folder) : NULL;
    } else {
        rv = object->is_soft
                 ? okapi_message_open_deleted(&message, store, object->parent, object->id, pool,
                                              pool)
                 : okapi_message_open(&message, store, object->parent, object->id, pool, pool);
        opened = rv == APR_SUCCESS ? okapi_message_object(message) : NULL;
    }
    for (int i = 0; i < MODEL_VALUES; i++) {
        tags[i] = model_tag(object->is_folder, i);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_object_get(opened, tags, MODEL_VALUES, 0, values, pool, pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < MODEL_VALUES; i++) {
        object->values[i] = seed_of(&values[i], object->is_folder, i, pool);
    }
    return rv;
}
