/* message_body.c - the forms of a message's body: what is made of another one, and which of them go
 * when one is set. */
#include <string.h>

#include <okapi/body.h>
#include <okapi/error.h>

#include "message_private.h"

/* PR_NATIVE_BODY_INFO: MS-OXCMSG 2.2.1.58.2 */
enum { BODY_UNDEFINED = 0, BODY_PLAIN = 1, BODY_RTF = 2, BODY_HTML = 3 };

enum { BODY_MAX = 64 << 20 }; /* bytes: of a larger one nothing is made */

static int has_html(const okapi__propbag_t *bag)
{
    return okapi__propbag_has(bag, PR_HTML) || okapi__propbag_has(bag, PR_BODY_HTML);
}

static int native(const okapi__propbag_t *bag)
{
    return has_html(bag)                                ? BODY_HTML
           : okapi__propbag_has(bag, PR_RTF_COMPRESSED) ? BODY_RTF
           : okapi__propbag_has(bag, PR_BODY)           ? BODY_PLAIN
                                                        : BODY_UNDEFINED;
}

OKAPI__BODY(native)
{
    okapi_message_t *message = (okapi_message_t *)object;
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    v->v.i32 = native(&message->bag);
    return rv;
}

/* Says to who doesn't ask for the native body which one is best. The RTF of plain text is in sync
 * with it, being made of it; where HTML is best, RTF isn't. */
OKAPI__BODY(rtf_in_sync)
{
    okapi_message_t *message = (okapi_message_t *)object;
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    int best = native(&message->bag);
    v->v.boolean = best == BODY_RTF || (best == BODY_PLAIN && message->store->okapi->host.bodies);
    return rv;
}

/* ---- made of another one ---- */

static apr_status_t stored(okapi_body_t *body, const okapi_message_t *message, okapi_proptag_t tag,
                           apr_pool_t *result_pool)
{
    const okapi_propval_t *v = okapi_props_get(message->bag.props, tag);
    const okapi__large_t *large = okapi__propbag_large(&message->bag, tag);
    okapi_stream_t *stream;
    body->tag = tag;
    body->codepage = (int)okapi_props_int(message->bag.props, PR_INTERNET_CPID, 0);
    if (v && OKAPI_PROP_TYPE(tag) == PT_UNICODE) {
        body->value = (okapi_binary_t){(const unsigned char *)v->v.str, strlen(v->v.str)};
        return APR_SUCCESS;
    }
    if (v) {
        body->value = v->v.bin;
        return APR_SUCCESS;
    }
    if (!large || large->size > BODY_MAX) {
        return OKAPI_ENOTFOUND;
    }
    apr_status_t rv = okapi__large_stream(&stream, large, message->store->okapi->db, result_pool);
    return rv == APR_SUCCESS
               ? okapi_stream_read_all(stream, BODY_MAX, &body->value, result_pool, result_pool)
               : rv;
}

/* The value of WANTED out of the first of SOURCES (0 ends them) that is there. */
static apr_status_t make(okapi_binary_t *made, okapi_object_t *object, okapi_proptag_t wanted,
                         const okapi_proptag_t *sources, apr_pool_t *result_pool,
                         apr_pool_t *scratch_pool)
{
    okapi_message_t *message = (okapi_message_t *)object;
    const okapi_body_converter_t *bodies = message->store->okapi->host.bodies;
    okapi_body_t body;
    apr_status_t rv = bodies ? okapi__message_need(message, scratch_pool) : OKAPI_ENOTFOUND;
    while (rv == APR_SUCCESS && *sources && !okapi__propbag_has(&message->bag, *sources)) {
        sources++;
    }
    if (rv == APR_SUCCESS) {
        rv = *sources ? stored(&body, message, *sources, scratch_pool) : OKAPI_ENOTFOUND;
    }
    if (rv == APR_SUCCESS) {
        rv = bodies->convert(made, wanted, &body, result_pool, scratch_pool);
    }
    return rv == OKAPI_EFORMAT || rv == OKAPI_ETOOBIG || rv == OKAPI_ETOOCOMPLEX ? OKAPI_ENOTFOUND
                                                                                 : rv;
}

static apr_status_t make_text(okapi_propval_t *v, okapi_object_t *object, okapi_proptag_t wanted,
                              const okapi_proptag_t *sources, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    okapi_binary_t made;
    apr_status_t rv = make(&made, object, wanted, sources, result_pool, scratch_pool);
    v->v.str = rv == APR_SUCCESS ? (const char *)made.data : NULL;
    return rv;
}

OKAPI__BODY(text)
{
    static const okapi_proptag_t sources[] = {PR_HTML, PR_BODY_HTML, PR_RTF_COMPRESSED, 0};
    return make_text(v, object, PR_BODY, sources, result_pool, scratch_pool);
}

OKAPI__BODY(html)
{
    static const okapi_proptag_t sources[] = {PR_BODY_HTML, PR_RTF_COMPRESSED, 0};
    return make(&v->v.bin, object, PR_HTML, sources, result_pool, scratch_pool);
}

OKAPI__BODY(html_text)
{
    static const okapi_proptag_t sources[] = {PR_HTML, PR_RTF_COMPRESSED, 0};
    return make_text(v, object, PR_BODY_HTML, sources, result_pool, scratch_pool);
}

OKAPI__BODY(rtf)
{
    static const okapi_proptag_t sources[] = {PR_HTML, PR_BODY_HTML, PR_BODY, 0};
    return make(&v->v.bin, object, PR_RTF_COMPRESSED, sources, result_pool, scratch_pool);
}

/* ---- when one is set ---- */

static const okapi_proptag_t forms[] = {PR_BODY, PR_HTML, PR_RTF_COMPRESSED,
                                        /* what says something of those */
                                        PR_RTF_IN_SYNC, PR_NATIVE_BODY_INFO};

enum { FORMS = sizeof(forms) / sizeof(forms[0]), BODIES = 3 };

/* A client that saves several forms sets them one after the other, so what was set since the last
 * save stays; what is older is of another text. */
void okapi__bodies_set(okapi_message_t *message, const okapi_propval_t *values, int n)
{
    unsigned set = 0;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < FORMS; k++) {
            set |= (unsigned)(OKAPI_PROP_ID(values[i].tag) == OKAPI_PROP_ID(forms[k])) << k;
        }
    }
    if (message->bodies_rev != message->rev) {
        message->bodies_set = 0;
    }
    message->bodies_rev = message->rev;
    message->bodies_set |= set;
    for (int k = 0; k < FORMS && set & ((1u << BODIES) - 1); k++) {
        if (!(message->bodies_set & 1u << k)) {
            okapi__propbag_unset(&message->bag, forms[k]);
        }
    }
}
