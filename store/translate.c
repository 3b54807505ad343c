/* translate.c - named properties of one store as another has them.
 *
 * A store has ids of its own for names (MS-OXCPRPT 3.1.1.1.4), so what goes from one store to
 * another is unpacked and gets the other's. Names are made outside of transactions: whoever meets
 * one that isn't known here notes it and begins anew once it was learned.
 */
#include <okapi/error.h>
#include <okapi/named.h>

#include "transfer_private.h"

enum { FIRST_NAMED = 0x8000, NAMED = 0x10000 - FIRST_NAMED, PACKED_MAX = 16000000 };

enum { UNKNOWN = 0, WANTED, KNOWN };

typedef struct word_t {
    unsigned char state;
    apr_uint16_t id; /* 0: the id has no name */
} word_t;

struct okapi__translation_t {
    okapi_store_t *from, *to;
    word_t *words; /* by id, from FIRST_NAMED on */
    apr_pool_t *pool;
};

okapi__translation_t *okapi__translation_create(okapi_store_t *from, okapi_store_t *to,
                                                apr_pool_t *result_pool)
{
    okapi__translation_t *t = apr_pcalloc(result_pool, sizeof(*t));
    t->from = from;
    t->to = to;
    t->words = apr_pcalloc(result_pool, sizeof(*t->words) * NAMED);
    t->pool = result_pool;
    return t;
}

/* *ID becomes the other store's. */
static apr_status_t translate_id(apr_uint32_t *id, okapi__translation_t *t)
{
    if (*id < FIRST_NAMED) {
        return APR_SUCCESS;
    }
    word_t *word = &t->words[*id - FIRST_NAMED];
    if (word->state != KNOWN) {
        word->state = WANTED;
        return APR_INCOMPLETE;
    }
    *id = word->id;
    return APR_SUCCESS;
}

apr_status_t okapi__translate_tag(apr_int64_t *tag, okapi__translation_t *translation)
{
    if (*tag >= OKAPI__TAG_RAW) {
        return APR_SUCCESS;
    }
    apr_uint32_t id = OKAPI_PROP_ID((okapi_proptag_t)*tag);
    apr_status_t rv = translate_id(&id, translation);
    *tag = id ? (apr_int64_t)(OKAPI_PROP_TYPE((okapi_proptag_t)*tag) | id << 16) : 0;
    return rv;
}

/* A set with the other store's ids; goes on to note every unknown one. */
static apr_status_t translate_set(okapi_props_t **translated, const okapi_props_t *props,
                                  okapi__translation_t *t, apr_pool_t *result_pool)
{
    apr_status_t rv = APR_SUCCESS;
    *translated = okapi_props_create(result_pool);
    for (int i = 0; i < okapi_props_count(props); i++) {
        okapi_propval_t v = *okapi_props_at(props, i);
        apr_uint32_t id = OKAPI_PROP_ID(v.tag);
        apr_status_t found = translate_id(&id, t);
        v.tag = OKAPI_PROP_TYPE(v.tag) | id << 16;
        if (found != APR_SUCCESS) {
            rv = found;
        } else if (id) {
            okapi_props_set(*translated, &v);
        }
    }
    return rv;
}

apr_status_t okapi__translate_props(okapi_binary_t *packed, okapi__translation_t *translation,
                                    apr_pool_t *result_pool)
{
    okapi_props_t *props, *translated;
    okapi_writer_t w;
    apr_status_t rv = okapi_props_unpack(&props, packed->data, packed->len, result_pool);
    if (rv == APR_SUCCESS) {
        rv = translate_set(&translated, props, translation, result_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv == OKAPI_EFORMAT ? OKAPI_ECORRUPT : rv;
    }
    okapi_writer_init(&w, packed->len, PACKED_MAX, result_pool);
    okapi_props_pack(&w, translated);
    *packed = (okapi_binary_t){w.data, w.len};
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}

apr_status_t okapi__translate_recipients(okapi_binary_t *packed,
                                         okapi__translation_t *translation,
                                         apr_pool_t *result_pool)
{
    apr_array_header_t *recipients;
    apr_status_t rv = okapi__recipients_unpack(&recipients, *packed, result_pool);
    for (int i = 0; rv == APR_SUCCESS && i < recipients->nelts; i++) {
        okapi_recipient_t *r = APR_ARRAY_IDX(recipients, i, okapi_recipient_t *);
        rv = translate_set(&r->props, r->props, translation, result_pool);
    }
    return rv == APR_SUCCESS ? okapi__recipients_pack(packed, recipients, result_pool) : rv;
}

apr_status_t okapi__translation_learn(okapi__translation_t *translation, apr_pool_t *scratch_pool)
{
    apr_array_header_t *ids = apr_array_make(scratch_pool, 16, sizeof(apr_uint16_t));
    apr_array_header_t *named = apr_array_make(scratch_pool, 16, sizeof(okapi_propname_t));
    for (int i = 0; i < NAMED; i++) {
        if (translation->words[i].state == WANTED) {
            APR_ARRAY_PUSH(ids, apr_uint16_t) = (apr_uint16_t)(FIRST_NAMED + i);
        }
    }
    const apr_uint16_t *from = (const apr_uint16_t *)ids->elts;
    apr_size_t n = (apr_size_t)ids->nelts;
    okapi_propname_t *names = apr_palloc(scratch_pool, sizeof(*names) * (n + 1));
    apr_uint16_t *to = apr_pcalloc(scratch_pool, sizeof(*to) * (n + 1));
    apr_status_t rv = okapi_named_names(translation->from, from, ids->nelts, names, scratch_pool,
                                        scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < ids->nelts; i++) {
        if (names[i].kind >= 0) {
            APR_ARRAY_PUSH(named, okapi_propname_t) = names[i];
        }
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_named_ids(translation->to, (const okapi_propname_t *)named->elts, named->nelts,
                             1, to, scratch_pool);
    }
    for (int i = 0, j = 0; rv == APR_SUCCESS && i < ids->nelts; i++) {
        word_t *word = &translation->words[from[i] - FIRST_NAMED];
        word->id = names[i].kind >= 0 ? to[j++] : 0;
        word->state = KNOWN;
    }
    return rv;
}
