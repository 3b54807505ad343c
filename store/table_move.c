/* table_move.c - the cursor of a table: seeking, bookmarks. */
#include <okapi/error.h>

#include "table_private.h"

/* ---- moving ---- */

apr_status_t okapi_table_seek(okapi_table_t *table, okapi_origin_e origin, apr_int32_t count,
                              apr_int32_t *moved, apr_pool_t *scratch_pool)
{
    *moved = 0;
    switch (origin) {
    case BOOKMARK_BEGINNING:
        okapi__place_begin(&table->cursor);
        break;
    case BOOKMARK_CURRENT:
        break;
    case BOOKMARK_END:
        okapi__place_end(&table->cursor);
        break;
    default:
        return OKAPI_EINVAL;
    }
    if (count == 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__table_prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__table_skip(table, &table->cursor, count, moved, scratch_pool);
    }
    return okapi__table_finish(table, rv);
}

apr_status_t okapi_table_seek_fraction(okapi_table_t *table, apr_uint32_t numerator,
                                       apr_uint32_t denominator, apr_pool_t *scratch_pool)
{
    apr_uint32_t count;
    apr_int32_t moved;
    if (denominator == 0) {
        return OKAPI_EINVAL;
    }
    if (numerator == 0 || numerator >= denominator) {
        return okapi_table_seek(table, numerator ? BOOKMARK_END : BOOKMARK_BEGINNING, 0, &moved,
                                scratch_pool);
    }
    apr_status_t rv = okapi__table_count(&count, table, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_int64_t target = (apr_int64_t)count * numerator / denominator;
    int from_end = target > count / 2; /* the shorter way */
    return okapi_table_seek(table, from_end ? BOOKMARK_END : BOOKMARK_BEGINNING,
                            (apr_int32_t)(from_end ? target - count : target), &moved,
                            scratch_pool);
}

/* ---- bookmarks ---- */

static okapi__bookmark_t *bookmark_of(okapi_table_t *table, okapi_binary_t bookmark)
{
    okapi_reader_t r;
    okapi_reader_init(&r, bookmark.data, bookmark.len);
    apr_uint32_t number = okapi_read_u32(&r);
    if (okapi_reader_status(&r, 1) != APR_SUCCESS || number == 0) {
        return NULL;
    }
    for (int i = 0; i < table->bookmarks->nelts; i++) {
        okapi__bookmark_t *b = &APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t);
        if (b->number == number) {
            return b;
        }
    }
    return NULL;
}

/* One that was freed, or a new one; NULL if there are too many. */
static okapi__bookmark_t *new_bookmark(okapi_table_t *table)
{
    okapi__bookmark_t *b = NULL;
    for (int i = 0; !b && i < table->bookmarks->nelts; i++) {
        if (APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t).number == 0) {
            b = &APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t);
        }
    }
    if (!b && table->bookmarks->nelts < OKAPI_TABLE_BOOKMARKS) {
        b = apr_array_push(table->bookmarks);
        okapi__place_init(&b->place, table->pool);
    }
    if (b) {
        b->number = ++table->last_bookmark;
    }
    return b;
}

/* The row at PLACE, as a place before it; the table's end if there is none. *SAME: PLACE was
 * before this very row. Between prepare and finish. */
static apr_status_t row_at(okapi_table_t *table, okapi__place_t *at, int *same,
                           const okapi__place_t *place, apr_pool_t *scratch_pool)
{
    apr_array_header_t *refs;
    apr_status_t rv = okapi__table_keys(&refs, table, place, 1, 0, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (refs->nelts == 0) {
        *same = place->at_end;
        okapi__place_end(at);
        return APR_SUCCESS;
    }
    okapi_binary_t key = APR_ARRAY_IDX(refs, 0, okapi__ref_t).key;
    *same = !place->at_end && place->before &&
            okapi__key_compare(key, (okapi_binary_t){place->key, place->len}) == 0;
    okapi__place_at(at, key, 1);
    return APR_SUCCESS;
}

static okapi_binary_t bytes_of(const okapi__bookmark_t *b, apr_pool_t *result_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 4, 4, result_pool);
    okapi_write_u32(&w, b->number);
    return (okapi_binary_t){w.data, w.len};
}

apr_status_t okapi__bookmark_at(okapi_table_t *table, okapi_binary_t *bookmark,
                                const okapi__place_t *place, apr_pool_t *result_pool)
{
    okapi__bookmark_t *b = new_bookmark(table);
    if (!b) {
        return OKAPI_ETOOCOMPLEX;
    }
    okapi__place_copy(&b->place, place);
    *bookmark = bytes_of(b, result_pool);
    return APR_SUCCESS;
}

apr_status_t okapi_table_bookmark_create(okapi_table_t *table, okapi_binary_t *bookmark,
                                         apr_pool_t *result_pool)
{
    okapi__place_t place;
    apr_pool_t *pool;
    int same;
    apr_pool_create(&pool, result_pool);
    okapi__place_init(&place, pool);
    apr_status_t rv = okapi__table_prepare(table, pool);
    if (rv == APR_SUCCESS) {
        rv = row_at(table, &place, &same, &table->cursor, pool);
    }
    okapi__table_finish(table, rv);
    if (rv == APR_SUCCESS) {
        rv = okapi__bookmark_at(table, bookmark, &place, result_pool);
    }
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t okapi_table_bookmark_free(okapi_table_t *table, okapi_binary_t bookmark)
{
    okapi__bookmark_t *b = bookmark_of(table, bookmark);
    if (!b) {
        return OKAPI_EINVALIDBOOKMARK;
    }
    b->number = 0;
    return APR_SUCCESS;
}

apr_status_t okapi_table_bookmark_seek(okapi_table_t *table, okapi_binary_t bookmark,
                                       apr_int32_t count, apr_int32_t *moved, int *row_gone,
                                       apr_pool_t *scratch_pool)
{
    const okapi__bookmark_t *b = bookmark_of(table, bookmark);
    int same = 1;
    *moved = 0;
    *row_gone = 0;
    if (!b) {
        return OKAPI_EINVALIDBOOKMARK;
    }
    apr_status_t rv = okapi__table_prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = row_at(table, &table->cursor, &same, &b->place, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        *row_gone = !same;
        rv = okapi__table_skip(table, &table->cursor, count, moved, scratch_pool);
    }
    return okapi__table_finish(table, rv);
}
