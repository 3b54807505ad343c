/* table_array.c - the sorted rows of a table in memory: making their keys, and what a table reads
 * of them. Contents tables get theirs from table_build.c, short ones from table_list.c. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "table_private.h"

enum {
    KEY_MAX = 32767,     /* bytes of a key */
    SORT_BYTES = 64,     /* of a text or binary value that count in a sort */
    CATEGORY_BYTES = 510 /* and that make a category: all that a cell shows */
};

/* ---- keys ---- */

/* The part of one column. Messages have in arrays the order they have in indexes; but what makes
 * categories or sorts them counts as it is, to its end. */
static apr_status_t write_part(okapi_writer_t *w, const okapi__ref_t *ref,
                               const okapi__view_t *view, okapi_proptag_t tag, int as_it_is,
                               apr_pool_t *scratch_pool)
{
    okapi_propval_t v;
    if (!as_it_is && okapi_object_kind(ref->object) == OKAPI_OBJECT_MESSAGE &&
        okapi__index_key(w, tag, &((okapi_message_t *)ref->object)->row)) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__cell(&v, ref, view, tag, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        okapi__key_value(w, tag, &v, as_it_is ? CATEGORY_BYTES : SORT_BYTES);
    }
    return rv;
}

/* The values of the sort columns. What categories are sorted by (MS-OXCTABL 2.2.2.3.1) comes last:
 * it depends on the other rows of the category where it stands (table_category.c). */
static apr_status_t write_values(okapi_writer_t *w, const okapi__ref_t *ref,
                                 const okapi__view_t *view, apr_pool_t *scratch_pool)
{
    const okapi_sort_t *sort = view->sort;
    int aggregate = okapi__sort_aggregate(sort);
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < sort->n; i++) {
        apr_size_t at = w->len;
        if (i == aggregate) {
            continue;
        }
        rv = write_part(w, ref, view, sort->keys[i].tag, i < sort->ncategories, scratch_pool);
        if (sort->keys[i].order == TABLE_SORT_DESCEND) {
            okapi__key_descend(w, at);
        }
    }
    if (rv == APR_SUCCESS && aggregate >= 0) {
        apr_size_t at = w->len;
        rv = write_part(w, ref, view, sort->keys[aggregate].tag, 1, scratch_pool);
        if (sort->keys[aggregate - 1].order == TABLE_SORT_DESCEND) {
            okapi__key_descend(w, at);
        }
    }
    return rv;
}

static apr_status_t write_key(okapi_writer_t *w, const okapi__ref_t *ref,
                              const okapi__view_t *view, okapi_binary_t path,
                              apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    if (view->sort) {
        rv = write_values(w, ref, view, scratch_pool);
    } else if (path.len > 0) {
        okapi_write_bytes(w, path.data, path.len);
    } else {
        rv = write_part(w, ref, view, PR_MESSAGE_DELIVERY_TIME, 0, scratch_pool);
    }
    /* Rows that are equal stand in the order of their ids, turned round with the first column, as
     * in an index that is read backward. */
    apr_size_t at = w->len;
    okapi__key_id(w, ref->id);
    if (view->instance_tag) {
        okapi__key_instance(w, ref->instance);
    }
    if (view->sort && view->sort->keys[0].order == TABLE_SORT_DESCEND) {
        okapi__key_descend(w, at);
    }
    return rv == APR_SUCCESS && okapi_writer_status(w) != APR_SUCCESS ? OKAPI_ETOOCOMPLEX : rv;
}

/* ---- making ---- */

static int is_unread(const okapi_object_t *object)
{
    return okapi_object_kind(object) == OKAPI_OBJECT_MESSAGE &&
           !(((const okapi_message_t *)object)->row.flags & MSGFLAG_READ);
}

apr_status_t okapi__array_add(apr_array_header_t *leaves, okapi_object_t *object, okapi_id_t id,
                              const okapi__view_t *view, okapi_binary_t path, apr_pool_t *key_pool,
                              apr_pool_t *scratch_pool)
{
    okapi__ref_t ref = {.id = id, .object = object};
    apr_uint32_t n;
    apr_status_t rv = okapi__cell_instances(&n, object, view, scratch_pool);
    for (; rv == APR_SUCCESS && ref.instance < n; ref.instance++) {
        okapi_writer_t w;
        if (view->restriction &&
            !okapi__cell_match(&ref, view, view->restriction, &rv, scratch_pool)) {
            continue;
        }
        okapi_writer_init(&w, 128, KEY_MAX, scratch_pool);
        rv = rv == APR_SUCCESS ? write_key(&w, &ref, view, path, scratch_pool) : rv;
        if (rv == APR_SUCCESS) {
            okapi__leaf_t *leaf = apr_array_push(leaves);
            *leaf = (okapi__leaf_t){.key = apr_pmemdup(key_pool, w.data, w.len),
                                    .len = (apr_uint16_t)w.len,
                                    .unread = is_unread(object) != 0,
                                    .instance = ref.instance,
                                    .id = id};
        }
    }
    return rv;
}

static int compare(const void *a, const void *b)
{
    const okapi__leaf_t *x = a, *y = b;
    return okapi__key_compare((okapi_binary_t){x->key, x->len}, (okapi_binary_t){y->key, y->len});
}

void okapi__array_sort(apr_array_header_t *leaves)
{
    qsort(leaves->elts, (size_t)leaves->nelts, sizeof(okapi__leaf_t), compare);
}

void okapi__array_finish(okapi__array_t *array, const okapi__view_t *view)
{
    array->n = view->limited && view->limit < array->nleaves ? view->limit : array->nleaves;
    if (view->sort && view->sort->ncategories > 0) {
        okapi__categorise(array, array->n, view->sort);
        array->bytes += sizeof(*array->rows) * (apr_size_t)array->n;
        array->bytes += sizeof(*array->categories) * (apr_size_t)array->ncategories;
    }
    array->bytes += sizeof(*array->leaves) * (apr_size_t)array->nleaves;
    for (int i = 0; i < array->nleaves; i++) {
        array->bytes += array->leaves[i].len;
    }
}

/* ---- rows ---- */

/* A key in pieces that follow one another: what a category is sorted by isn't kept in each of its
 * rows. */
typedef struct pieces_t {
    okapi_binary_t piece[3];
    int n;
} pieces_t;

/* The category whose leaf rows row number ROW is one of. */
static const okapi__category_t *around(const okapi__array_t *array, int row)
{
    int low = 0, high = array->ncategories - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (array->categories[middle].header < row) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return &array->categories[low];
}

/* Of which category a row is the header row; NULL: of none. */
static const okapi__category_t *category_of(const okapi__array_t *array, int row)
{
    return array->rows && array->rows[row] < 0 ? &array->categories[~array->rows[row]] : NULL;
}

/* The leaf, or the one whose values the header row shows. */
static const okapi__leaf_t *leaf_of(const okapi__array_t *array, int row)
{
    const okapi__category_t *category = category_of(array, row);
    return &array->leaves[category ? category->sample : array->rows ? array->rows[row] : row];
}

static pieces_t key_of(const okapi__array_t *array, int row)
{
    const okapi__category_t *category = category_of(array, row);
    if (category) {
        return (pieces_t){{category->key}, 1};
    }
    const okapi__leaf_t *leaf = leaf_of(array, row);
    category = array->rows ? around(array, row) : NULL;
    if (!category || !category->order.len) {
        return (pieces_t){{{leaf->key, leaf->len}}, 1};
    }
    apr_size_t last = (apr_size_t)category->last;
    return (pieces_t){{{leaf->key, last}, category->order, {leaf->key + last, leaf->len - last}},
                      3};
}

static okapi_binary_t joined(const pieces_t *key, apr_pool_t *result_pool)
{
    apr_size_t len = 0;
    for (int i = 0; i < key->n; i++) {
        len += key->piece[i].len;
    }
    unsigned char *data = apr_palloc(result_pool, len + 1);
    okapi_binary_t whole = {data, len};
    for (int i = 0; i < key->n; i++) {
        memcpy(data, key->piece[i].data, key->piece[i].len);
        data += key->piece[i].len;
    }
    return whole;
}

static int compare_pieces(const pieces_t *key, okapi_binary_t with)
{
    for (int i = 0; i < key->n; i++) {
        apr_size_t len = key->piece[i].len < with.len ? key->piece[i].len : with.len;
        int order = len ? memcmp(key->piece[i].data, with.data, len) : 0;
        if (order || len < key->piece[i].len) {
            return order ? order : 1;
        }
        with.data += len;
        with.len -= len;
    }
    return with.len ? -1 : 0;
}

/* ---- reading: rows are counted without what collapsed categories hide ---- */

/* The run that has row ROW of the array, or the last one before it; -1 if there is none. */
static int run_of(const okapi_table_t *table, int row)
{
    int low = 0, high = table->nruns;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (table->runs[middle].first <= row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* How many rows the table shows before row ROW of the array. */
static int shown_before(const okapi_table_t *table, int row)
{
    int at = run_of(table, row);
    if (at < 0) {
        return 0;
    }
    const okapi__run_t *run = &table->runs[at];
    return run->before + (row - run->first < run->n ? row - run->first : run->n);
}

static int shown(const okapi_table_t *table)
{
    const okapi__run_t *last = table->nruns ? &table->runs[table->nruns - 1] : NULL;
    return last ? last->before + last->n : 0;
}

/* The row of the array that the table shows as number NUMBER; there is one. */
static int row_of(const okapi_table_t *table, int number)
{
    int low = 0, high = table->nruns - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (table->runs[middle].before <= number) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return table->runs[low].first + number - table->runs[low].before;
}

/* How many rows stand before PLACE. */
static int rank(const okapi_table_t *table, const okapi__place_t *place)
{
    const okapi__array_t *array = table->array;
    int low = 0, high = array->n;
    if (place->at_end) {
        return shown(table);
    }
    while (low < high) {
        int middle = low + (high - low) / 2;
        pieces_t key = key_of(array, middle);
        int order = compare_pieces(&key, (okapi_binary_t){place->key, place->len});
        if (order < 0 || (order == 0 && !place->before)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return shown_before(table, low);
}

static void add_ref(apr_array_header_t *refs, const okapi_table_t *table, int row,
                    apr_pool_t *result_pool)
{
    const okapi__array_t *array = table->array;
    const okapi__leaf_t *leaf = leaf_of(array, row);
    okapi__ref_t *ref = apr_array_push(refs);
    pieces_t key = key_of(array, row);
    *ref = (okapi__ref_t){.id = leaf->id,
                          .instance = leaf->instance,
                          .key = joined(&key, result_pool),
                          .category = category_of(array, row)};
    if (array->objects) {
        ref->object = array->objects[leaf->object];
    }
    if (ref->category) {
        ref->expanded = okapi__is_expanded(table, ref->category);
    }
}

apr_status_t okapi__array_refs(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                               const okapi__scan_t *scan, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    int at = rank(table, scan->place), n = shown(table);
    for (int i = 0; i < scan->max; i++) {
        int number = scan->backward ? at - 1 - i : at + i;
        if (number < 0 || number >= n) {
            break;
        }
        add_ref(refs, table, row_of(table, number), result_pool);
    }
    return APR_SUCCESS;
}

apr_status_t okapi__array_of_id(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                                apr_int64_t inst_id, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    const okapi__array_t *array = table->array;
    okapi_id_t id = okapi_id_of_eid((apr_uint64_t)inst_id);
    for (int r = 0; r < table->nruns; r++) {
        const okapi__run_t *run = &table->runs[r];
        for (int i = run->first; i < run->first + run->n; i++) {
            const okapi__category_t *category = category_of(array, i);
            if (category ? category->id == inst_id : id && leaf_of(array, i)->id == id) {
                add_ref(refs, table, i, result_pool);
            }
        }
    }
    return APR_SUCCESS;
}

apr_status_t okapi__array_skip(okapi__place_t *place, apr_int32_t count, apr_int32_t *moved,
                               okapi_table_t *table, okapi__conn_t *conn,
                               apr_pool_t *scratch_pool)
{
    int at = rank(table, place), n = shown(table);
    apr_int64_t to = (apr_int64_t)at + count;
    if (to < 0 || to > n) {
        *moved = to < 0 ? -at : n - at;
        (to < 0 ? okapi__place_begin : okapi__place_end)(place);
    } else if (count != 0) {
        pieces_t key = key_of(table->array, row_of(table, (int)(count < 0 ? to : to - 1)));
        *moved = count;
        okapi__place_at(place, joined(&key, scratch_pool), count < 0);
    }
    return APR_SUCCESS;
}

apr_status_t okapi__array_count(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                                apr_pool_t *scratch_pool)
{
    *count = (apr_uint32_t)shown(table);
    return APR_SUCCESS;
}

apr_status_t okapi__array_number(apr_uint32_t *number, okapi_table_t *table, okapi__conn_t *conn,
                                 const okapi__place_t *place, apr_pool_t *scratch_pool)
{
    *number = (apr_uint32_t)rank(table, place);
    return APR_SUCCESS;
}
