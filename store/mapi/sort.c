/* sort.c - SortOrderSet, MS-OXCDATA 2.13.2. */
#include <string.h>

#include <okapi/restriction.h>

#define SORT_ORDER_SIZE 5

void okapi_sort_read(okapi_reader_t *r, okapi_sort_t *sort, apr_pool_t *result_pool)
{
    apr_uint16_t n = okapi_read_u16(r);

    memset(sort, 0, sizeof(*sort));
    sort->ncategories = okapi_read_u16(r);
    sort->nexpanded = okapi_read_u16(r);
    sort->n = (int)okapi_read_count(r, n, SORT_ORDER_SIZE);
    sort->keys = apr_pcalloc(result_pool, (apr_size_t)(sort->n + 1) * sizeof(*sort->keys));
    for (int i = 0; i < sort->n; i++) {
        sort->keys[i].tag = okapi_read_u32(r);
        sort->keys[i].order = okapi_read_u8(r);
        if (sort->keys[i].order > TABLE_SORT_DESCEND &&
            sort->keys[i].order != TABLE_SORT_MAX_CATEGORY &&
            sort->keys[i].order != TABLE_SORT_MIN_CATEGORY)
            okapi_reader_fail(r);
    }
    if (sort->ncategories > sort->n || sort->nexpanded > sort->ncategories)
        okapi_reader_fail(r);
}

void okapi_sort_write(okapi_writer_t *w, const okapi_sort_t *sort)
{
    okapi_write_u16(w, (apr_uint16_t)sort->n);
    okapi_write_u16(w, (apr_uint16_t)sort->ncategories);
    okapi_write_u16(w, (apr_uint16_t)sort->nexpanded);
    for (int i = 0; i < sort->n; i++) {
        okapi_write_u32(w, sort->keys[i].tag);
        okapi_write_u8(w, sort->keys[i].order);
    }
}
