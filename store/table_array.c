/* table_array.c - the plan by array: the keys of all rows of a contents table in their order, built
 * once for each (folder, sort, restriction, last change) and shared within the process. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "table_private.h"

enum {
    BUILD_BATCH = 256,   /* messages read at a time */
    KEY_MAX = 4096,      /* bytes of a key */
    NAME_SIZE_MAX = 4 << 20
};

/* ---- keys ---- */

static apr_status_t value_key(okapi_writer_t *w, okapi_object_t *object, okapi_proptag_t tag,
                              apr_pool_t *scratch_pool)
{
    okapi_propval_t v;
    if (okapi_object_kind(object) == OKAPI_OBJECT_MESSAGE &&
        okapi__index_key(w, tag, &((okapi_message_t *)object)->row)) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__cell(&v, object, tag, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        okapi__key_value(w, OKAPI_PROP_TYPE(v.tag) == PT_ERROR ? NULL : &v);
    }
    return rv;
}

apr_status_t okapi__array_key(okapi_writer_t *w, okapi_object_t *object, okapi_id_t id,
                              const okapi_sort_t *sort, apr_pool_t *scratch_pool)
{
    static okapi_sort_key_t by_delivery = {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND};
    static const okapi_sort_t unsorted = {.n = 1, .keys = &by_delivery};
    apr_status_t rv = APR_SUCCESS;
    sort = sort ? sort : &unsorted;
    for (int i = 0; rv == APR_SUCCESS && i < sort->n; i++) {
        apr_size_t at = w->len;
        rv = value_key(w, object, sort->keys[i].tag, scratch_pool);
        if (sort->keys[i].order == TABLE_SORT_DESCEND) {
            okapi__key_descend(w, at);
        }
    }
    /* Rows that are equal stand in the order of their ids, turned round with the first column, as
     * in an index that is read backward. */
    apr_size_t at = w->len;
    okapi__key_id(w, id);
    if (sort->keys[0].order == TABLE_SORT_DESCEND) {
        okapi__key_descend(w, at);
    }
    return rv == APR_SUCCESS && okapi_writer_status(w) != APR_SUCCESS ? OKAPI_ETOOCOMPLEX : rv;
}

static int compare(const void *a, const void *b)
{
    const okapi__entry_t *x = a, *y = b;
    return okapi__key_compare((okapi_binary_t){x->key, x->len}, (okapi_binary_t){y->key, y->len});
}

void okapi__array_fill(okapi__array_t *array, const apr_array_header_t *refs)
{
    array->n = refs->nelts;
    array->entries = apr_palloc(array->pool, sizeof(*array->entries) * (apr_size_t)(array->n + 1));
    array->objects = NULL;
    array->bytes = sizeof(*array->entries) * (apr_size_t)array->n;
    for (int i = 0; i < array->n; i++) {
        const okapi__ref_t *ref = &APR_ARRAY_IDX(refs, i, okapi__ref_t);
        array->entries[i] = (okapi__entry_t){ref->key.data, (apr_uint32_t)ref->key.len, i};
        array->bytes += ref->key.len;
    }
    qsort(array->entries, (size_t)array->n, sizeof(*array->entries), compare);
}

/* ---- building ---- */

typedef struct build_t {
    okapi_table_t *table;
    int needs;
    okapi_id_t after;
    apr_array_header_t *messages; /* of okapi__ref_t: this batch */
    apr_pool_t *pool;             /* of this batch */
} build_t;

/* OKAPI__NEED_* of the restriction and the sort. */
static int needs_of(const okapi__view_t *view, apr_pool_t *scratch_pool)
{
    apr_array_header_t *tags = apr_array_make(scratch_pool, 16, sizeof(okapi_proptag_t));
    if (view->restriction) {
        okapi_restriction_tags(view->restriction, tags);
    }
    int needs = okapi__cells_need((const okapi_proptag_t *)tags->elts, tags->nelts);
    for (int i = 0; view->sort && i < view->sort->n; i++) {
        okapi_proptag_t tag = view->sort->keys[i].tag;
        needs |= okapi__cell_needs(tag) | okapi__index_key_needs(tag);
    }
    return needs;
}

static apr_status_t read_batch(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    build_t *b = baton;
    apr_array_clear(b->messages);
    return okapi__rows_list(b->messages, b->table->folder, okapi__table_part(b->table), b->after,
                            BUILD_BATCH, b->needs, conn, b->pool, scratch_pool);
}

/* Adds the messages of a batch that match, with keys in the array's pool. */
static apr_status_t add_batch(apr_array_header_t *refs, okapi__array_t *array, const build_t *b,
                              apr_pool_t *scratch_pool)
{
    const okapi__view_t *view = b->table->view;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->messages->nelts; i++) {
        okapi__ref_t *ref = &APR_ARRAY_IDX(b->messages, i, okapi__ref_t);
        okapi_writer_t w;
        if (!(((okapi_message_t *)ref->object)->rights & OKAPI_RIGHT_READ_ANY)) {
            continue;
        }
        if (view->restriction &&
            !okapi__cell_match(ref->object, view->restriction, &rv, scratch_pool)) {
            continue;
        }
        okapi_writer_init(&w, 128, KEY_MAX, scratch_pool);
        rv = okapi__array_key(&w, ref->object, ref->id, view->sort, scratch_pool);
        if (rv == APR_SUCCESS) {
            okapi__ref_t *kept = apr_array_push(refs);
            kept->key.data = apr_pmemdup(array->pool, w.data, w.len);
            kept->key.len = w.len;
        }
    }
    return rv;
}

static apr_status_t build(okapi__array_t *array, okapi_table_t *table, apr_pool_t *scratch_pool)
{
    okapi__db_t *db = table->store->okapi->db;
    build_t b = {.table = table, .needs = needs_of(table->view, scratch_pool)};
    apr_array_header_t *refs = apr_array_make(scratch_pool, 256, sizeof(okapi__ref_t));
    apr_status_t rv = apr_pool_create(&b.pool, scratch_pool);
    b.messages = apr_array_make(scratch_pool, BUILD_BATCH, sizeof(okapi__ref_t));
    do {
        apr_pool_clear(b.pool);
        rv = okapi__db_read(db, read_batch, &b, b.pool);
        if (rv == APR_SUCCESS) {
            rv = add_batch(refs, array, &b, b.pool);
        }
        if (b.messages->nelts > 0) {
            b.after = APR_ARRAY_IDX(b.messages, b.messages->nelts - 1, okapi__ref_t).id;
        }
    } while (rv == APR_SUCCESS && b.messages->nelts == BUILD_BATCH);
    apr_pool_destroy(b.pool);
    const okapi_sort_t *sort = table->view->sort;
    array->descending = sort && sort->keys[0].order == TABLE_SORT_DESCEND;
    okapi__array_fill(array, refs);
    return rv;
}

/* What the array is of. A change in the folder makes another one. */
static okapi_binary_t name_of(const okapi_table_t *table, okapi_cn_t last_cn,
                              apr_pool_t *result_pool)
{
    const okapi__view_t *view = table->view;
    okapi_id_t viewer = okapi__table_viewer(table);
    okapi_writer_t w;
    okapi_writer_init(&w, 64, NAME_SIZE_MAX, result_pool);
    okapi_write_u64(&w, (apr_uint64_t)table->folder_id);
    okapi_write_u64(&w, (apr_uint64_t)last_cn);
    okapi_write_u64(&w, (apr_uint64_t)viewer);
    okapi_write_u32(&w, viewer ? table->folder->rights : 0); /* they change without the folder */
    okapi_write_u8(&w, (apr_byte_t)okapi__table_part(table));
    okapi_write_u32(&w, (apr_uint32_t)view->sort_bytes.len);
    okapi_write_bytes(&w, view->sort_bytes.data, view->sort_bytes.len);
    okapi_write_bytes(&w, view->restriction_bytes.data, view->restriction_bytes.len);
    return (okapi_binary_t){w.data, w.len};
}

static apr_status_t prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    okapi__arrays_t *arrays = table->store->okapi->arrays;
    okapi_folder_stat_t stat;
    apr_status_t rv = okapi__table_need_folder(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        /* Before the rows are read: a change meanwhile only makes the array be built again. */
        rv = okapi_folder_stat(table->folder, &stat, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_binary_t name = name_of(table, stat.last_cn, scratch_pool);
    table->array = okapi__arrays_get(arrays, name);
    if (table->array) {
        return APR_SUCCESS;
    }
    rv = okapi__array_create(&table->array);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    table->array->name.data = apr_pmemdup(table->array->pool, name.data, name.len);
    table->array->name.len = name.len;
    rv = build(table->array, table, scratch_pool);
    if (rv == APR_SUCCESS) {
        okapi__arrays_put(arrays, table->array);
    }
    return rv;
}

static void finish(okapi_table_t *table)
{
    if (table->array) {
        okapi__arrays_release(table->store->okapi->arrays, table->array);
        table->array = NULL;
    }
}

/* ---- reading ---- */

/* How many entries stand before PLACE. */
static int rank(const okapi__array_t *array, const okapi__place_t *place)
{
    okapi_binary_t key = {place->key, place->len};
    int low = 0, high = array->n;
    if (place->at_end) {
        return array->n;
    }
    while (low < high) {
        int middle = low + (high - low) / 2;
        const okapi__entry_t *e = &array->entries[middle];
        int order = okapi__key_compare((okapi_binary_t){e->key, e->len}, key);
        if (order < 0 || (order == 0 && !place->before)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

apr_status_t okapi__array_refs(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                               const okapi__scan_t *scan, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    const okapi__array_t *array = table->array;
    int at = rank(array, scan->place);
    for (int i = 0; i < scan->max; i++) {
        int entry = scan->backward ? at - 1 - i : at + i;
        if (entry < 0 || entry >= array->n) {
            break;
        }
        const okapi__entry_t *e = &array->entries[entry];
        okapi__ref_t *ref = apr_array_push(refs);
        ref->key.data = apr_pmemdup(result_pool, e->key, e->len);
        ref->key.len = e->len;
        ref->id = okapi__key_id_of(ref->key, array->descending);
        ref->object = array->objects ? array->objects[e->object] : NULL;
    }
    return APR_SUCCESS;
}

apr_status_t okapi__array_count(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                                apr_pool_t *scratch_pool)
{
    *count = (apr_uint32_t)table->array->n;
    return APR_SUCCESS;
}

apr_status_t okapi__array_number(apr_uint32_t *number, okapi_table_t *table, okapi__conn_t *conn,
                                 const okapi__place_t *place, apr_pool_t *scratch_pool)
{
    *number = (apr_uint32_t)rank(table->array, place);
    return APR_SUCCESS;
}

const okapi__plan_t okapi__plan_array = {prepare, finish, okapi__array_refs, okapi__array_count,
                                         okapi__array_number};
