/* match.c - restrictions evaluated against a row, MS-OXCDATA 2.12.
 *
 * A property that isn't there matches nothing but NOT and NOT EXIST. A multivalued property
 * matches if one of its values does.
 */
#include "okapi-config.h" /* memmem */

#include <string.h>

#include <okapi/collate.h>
#include <okapi/restriction.h>

#include "mapi/fold.h"
#include "mapi/proptype.h"

typedef struct matching_t {
    const okapi_restriction_t *res;
    apr_pool_t *pool;
} matching_t;

static int match(const okapi_restriction_t *res, const okapi_row_getter_t *row, apr_pool_t *pool);

/* The value of the row, or NULL; an error is none. */
static const okapi_propval_t *value_of(const okapi_row_getter_t *row, okapi_proptag_t tag)
{
    const okapi_propval_t *v = row->get(row->baton, tag);

    return v && (OKAPI_PROP_TYPE(v->tag) != PT_ERROR || OKAPI_PROP_TYPE(tag) == PT_ERROR) ? v
                                                                                         : NULL;
}

/* ---- single values of multivalued ones ---- */

typedef int (*test_t)(const okapi_restriction_t *res, const okapi_propval_t *v, apr_pool_t *pool);

/* The test on V, or on each of its values until one passes. */
static int test_any(test_t test, const okapi_restriction_t *res, const okapi_propval_t *v,
                    apr_pool_t *pool)
{
    int multiple;
    okapi_propval_t single;

    if (!okapi__proptype_find(OKAPI_PROP_TYPE(v->tag), &multiple))
        return 0;
    if (!multiple)
        return test(res, v, pool);
    for (apr_uint32_t i = 0; okapi__propval_element(&single, v, i); i++)
        if (test(res, &single, pool))
            return 1;
    return 0;
}

static int compares(int order, apr_byte_t relop)
{
    switch (relop) {
    case RELOP_LT:
        return order < 0;
    case RELOP_LE:
        return order <= 0;
    case RELOP_GT:
        return order > 0;
    case RELOP_GE:
        return order >= 0;
    case RELOP_EQ:
        return order == 0;
    case RELOP_NE:
        return order != 0;
    default: /* RELOP_RE, RELOP_MEMBER_OF_DL */
        return 0;
    }
}

/* ---- RES_CONTENT ---- */

static int content_bytes(const void *bytes, apr_size_t len, const void *part, apr_size_t part_len,
                         apr_uint32_t level)
{
    switch (level) {
    case FL_FULLSTRING:
        return len == part_len && (len == 0 || memcmp(bytes, part, len) == 0);
    case FL_SUBSTRING:
        return part_len == 0 || (len > 0 && memmem(bytes, len, part, part_len) != NULL);
    case FL_PREFIX:
        return part_len == 0 || (len >= part_len && memcmp(bytes, part, part_len) == 0);
    default:
        return 0;
    }
}

static int test_content(const okapi_restriction_t *res, const okapi_propval_t *v, apr_pool_t *pool)
{
    apr_uint32_t level = res->fuzzy & FL_LEVEL_MASK;
    int multiple;
    const okapi__proptype_t *type = okapi__proptype_find(OKAPI_PROP_TYPE(v->tag), &multiple);
    const okapi__proptype_t *want =
        okapi__proptype_find(OKAPI_PROP_TYPE(res->prop.tag), &multiple);

    if (!type || !want || multiple)
        return 0;
    if (okapi__kind_is_text(type->kind) && okapi__kind_is_text(want->kind)) {
        const char *text = okapi__fold_text(v->v.str, res->fuzzy, pool);
        const char *part = okapi__fold_text(res->prop.v.str, res->fuzzy, pool);

        return content_bytes(text, strlen(text), part, strlen(part), level);
    }
    return okapi__kind_is_bytes(type->kind) && okapi__kind_is_bytes(want->kind) &&
           content_bytes(v->v.bin.data, v->v.bin.len, res->prop.v.bin.data, res->prop.v.bin.len,
                         level);
}

/* ---- RES_PROPERTY, RES_COMPAREPROPS ---- */

static int same_type(const okapi_propval_t *a, const okapi_propval_t *b)
{
    int a_multiple;
    int b_multiple;
    const okapi__proptype_t *a_type = okapi__proptype_find(OKAPI_PROP_TYPE(a->tag), &a_multiple);
    const okapi__proptype_t *b_type = okapi__proptype_find(OKAPI_PROP_TYPE(b->tag), &b_multiple);

    return a_type && b_type && a_multiple == b_multiple &&
           okapi__proptype_stored(a_type->type) == okapi__proptype_stored(b_type->type);
}

static int is_text(const okapi_propval_t *v)
{
    return OKAPI_PROP_TYPE(v->tag) == PT_UNICODE || OKAPI_PROP_TYPE(v->tag) == PT_STRING8;
}

/* What comes before or after a text is what a table sorts there; but texts that only differ in
 * accents that the order ignores, say, aren't equal. */
static int holds(const okapi_propval_t *a, apr_byte_t relop, const okapi_propval_t *b)
{
    int by_order = relop != RELOP_EQ && relop != RELOP_NE && is_text(a) && is_text(b);

    return compares(by_order ? okapi_text_compare(a->v.str, b->v.str)
                             : okapi_propval_compare(a, b, 1),
                    relop);
}

static int test_property(const okapi_restriction_t *res, const okapi_propval_t *v, apr_pool_t *pool)
{
    return same_type(v, &res->prop) && holds(v, res->relop, &res->prop);
}

static int match_property(const okapi_restriction_t *res, const okapi_propval_t *v,
                          apr_pool_t *pool)
{
    return same_type(v, &res->prop) ? test_property(res, v, pool)
                                    : test_any(test_property, res, v, pool);
}

static int match_compare(const okapi_restriction_t *res, const okapi_row_getter_t *row)
{
    const okapi_propval_t *a = value_of(row, res->tag);
    const okapi_propval_t *b = value_of(row, res->tag2);

    return a && b && same_type(a, b) && holds(a, res->relop, b);
}

/* ---- RES_BITMASK, RES_SIZE ---- */

static int test_bitmask(const okapi_restriction_t *res, const okapi_propval_t *v, apr_pool_t *pool)
{
    return OKAPI_PROP_TYPE(v->tag) == PT_LONG &&
           (((apr_uint32_t)v->v.i32 & res->value) != 0) == (res->relop != 0);
}

static int test_size(const okapi_restriction_t *res, const okapi_propval_t *v, apr_pool_t *pool)
{
    apr_size_t size = okapi_propval_size(v);

    return compares((size > res->value) - (size < res->value), res->relop);
}

/* ---- RES_SUBRESTRICTION ---- */

static int visit_subobject(const okapi_row_getter_t *sub, void *baton)
{
    const matching_t *m = baton;

    return match(m->res, sub, m->pool);
}

static int match_subobjects(const okapi_restriction_t *res, const okapi_row_getter_t *row,
                            apr_pool_t *pool)
{
    matching_t m = {res->children, pool};

    return row->subobjects && row->subobjects(row->baton, res->tag, visit_subobject, &m);
}

/* ---- all kinds ---- */

static int match_value(test_t test, const okapi_restriction_t *res, const okapi_row_getter_t *row,
                       apr_pool_t *pool)
{
    const okapi_propval_t *v = value_of(row, res->tag);

    return v && test_any(test, res, v, pool);
}

static int match_children(const okapi_restriction_t *res, const okapi_row_getter_t *row,
                          int until, apr_pool_t *pool)
{
    for (int i = 0; i < res->n; i++)
        if (match(&res->children[i], row, pool) == until)
            return until;
    return !until;
}

static int match(const okapi_restriction_t *res, const okapi_row_getter_t *row, apr_pool_t *pool)
{
    const okapi_propval_t *v;

    switch (res->type) {
    case RES_AND:
    case RES_COMMENT: /* what it comments, or nothing at all */
    case RES_COUNT:   /* limits how many rows a search returns, not which */
        return match_children(res, row, 0, pool);
    case RES_OR:
        return match_children(res, row, 1, pool);
    case RES_NOT:
        return !match_children(res, row, 0, pool);
    case RES_CONTENT:
        return match_value(test_content, res, row, pool);
    case RES_PROPERTY:
        v = value_of(row, res->tag);
        return v && match_property(res, v, pool);
    case RES_COMPAREPROPS:
        return match_compare(res, row);
    case RES_BITMASK:
        return match_value(test_bitmask, res, row, pool);
    case RES_SIZE:
        return match_value(test_size, res, row, pool);
    case RES_EXIST:
        return value_of(row, res->tag) != NULL;
    case RES_SUBRESTRICTION:
        return match_subobjects(res, row, pool);
    }
    return 0;
}

int okapi_restriction_match(const okapi_restriction_t *res, const okapi_row_getter_t *row,
                            apr_pool_t *scratch_pool)
{
    return match(res, row, scratch_pool) != 0;
}
