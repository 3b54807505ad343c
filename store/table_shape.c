/* table_shape.c - the cells that a table makes itself: of header rows, and what tells the rows of
 * one message apart. */
#include <string.h>

#include <okapi/entryid.h>
#include <okapi/error.h>

#include "table_private.h"

/* PR_ROW_TYPE: MS-OXCTABL 2.2.1.3. A category without rows isn't shown. */
enum { TBL_LEAF_ROW = 1, TBL_EXPANDED_CATEGORY = 3, TBL_COLLAPSED_CATEGORY = 4 };

static okapi_binary_t key_of(apr_uint64_t inst_id, apr_uint32_t instance, int ninstance,
                             apr_pool_t *result_pool)
{
    unsigned char *key = apr_palloc(result_pool, 12);
    for (int i = 0; i < 8; i++) {
        key[i] = (unsigned char)(inst_id >> 8 * i);
    }
    for (int i = 0; i < ninstance; i++) {
        key[8 + i] = (unsigned char)(instance >> 8 * i);
    }
    return (okapi_binary_t){key, (apr_size_t)(8 + ninstance)};
}

/* Both of them a string of any width, or the same. */
static int same_column(okapi_proptag_t a, okapi_proptag_t b)
{
    int type = OKAPI_PROP_TYPE(a) & ~MV_FLAG & ~MV_INSTANCE;
    return a == b || (type == PT_STRING8 && OKAPI_PROP_RETYPE(a, OKAPI_PROP_TYPE(a) + 1) == b) ||
           (type == PT_UNICODE && OKAPI_PROP_RETYPE(a, OKAPI_PROP_TYPE(a) - 1) == b);
}

/* Has a category's header row the value that all its rows have in this column? Or, in the column
 * that such categories are sorted by, that of the row which stands for them? */
static int shows(const okapi__category_t *category, const okapi_sort_t *sort, okapi_proptag_t tag)
{
    int aggregate = okapi__sort_aggregate(sort);
    for (int i = 0; i <= category->depth; i++) {
        if (same_column(sort->keys[i].tag, tag)) {
            return 1;
        }
    }
    return aggregate == category->depth + 1 && same_column(sort->keys[aggregate].tag, tag);
}

static int header_value(okapi_propval_t *v, const okapi__ref_t *ref, const okapi__view_t *view,
                        okapi_proptag_t tag, apr_pool_t *result_pool)
{
    const okapi__category_t *category = ref->category;
    switch (tag) {
    case PR_ROW_TYPE:
        *v = okapi_propval_i32(tag, ref->expanded ? TBL_EXPANDED_CATEGORY
                                                  : TBL_COLLAPSED_CATEGORY);
        return 1;
    case PR_DEPTH:
        *v = okapi_propval_i32(tag, category->depth);
        return 1;
    case PR_CONTENT_COUNT:
        *v = okapi_propval_i32(tag, category->content);
        return 1;
    case PR_CONTENT_UNREAD:
        *v = okapi_propval_i32(tag, category->unread);
        return 1;
    case PR_INST_ID:
        *v = okapi_propval_i64(tag, category->id);
        return 1;
    case PR_INSTANCE_NUM:
        *v = okapi_propval_i32(tag, 0);
        return 1;
    case PR_INSTANCE_KEY:
        v->tag = tag;
        v->v.bin = key_of((apr_uint64_t)category->id, 0, 0, result_pool);
        return 1;
    default:
        if (shows(category, view->sort, tag)) {
            return 0;
        }
        *v = okapi_propval_error(tag, okapi_error_mapi(OKAPI_ENOTFOUND));
        return 1;
    }
}

int okapi__shaped_value(okapi_propval_t *v, const okapi__ref_t *ref, const okapi__view_t *view,
                        okapi_proptag_t tag, apr_pool_t *result_pool)
{
    if (ref->category) {
        return header_value(v, ref, view, tag, result_pool);
    }
    switch (tag) {
    case PR_DEPTH:
        if (!view->sort || view->sort->ncategories == 0) {
            return 0; /* of a folder it is another depth */
        }
        *v = okapi_propval_i32(tag, view->sort->ncategories);
        return 1;
    case PR_INSTANCE_NUM:
        if (!view->instance_tag) {
            return 0;
        }
        *v = okapi_propval_i32(tag, (apr_int32_t)ref->instance);
        return 1;
    case PR_INSTANCE_KEY:
        if (ref->instance == 0) {
            return 0;
        }
        v->tag = tag;
        v->v.bin = key_of(okapi_eid_of(ref->id), ref->instance, 4, result_pool);
        return 1;
    default:
        return 0;
    }
}
