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
            okapi__entry_t *leaf = apr_array_push(leaves);
            *leaf = (okapi__entry_t){.key = apr_pmemdup(key_pool, w.data, w.len),
                                     .len = (apr_uint16_t)w.len,
                                     .unread = is_unread(object) != 0,
                                     .instance = ref.instance,
                                     .id = id,
                                     .index = -1};
        }
    }
    return rv;
}

static okapi_binary_t key_of(const okapi__entry_t *entry)
{
    return (okapi_binary_t){entry->key, entry->len};
}

static int compare(const void *a, const void *b)
{
    return okapi__key_compare(key_of(a), key_of(b));
}

void okapi__array_sort(apr_array_header_t *leaves)
{
    qsort(leaves->elts, (size_t)leaves->nelts, sizeof(okapi__entry_t), compare);
}

void okapi__array_finish(okapi__array_t *array, const okapi__view_t *view)
{
    int n = view->limited && view->limit < array->nleaves ? view->limit : array->nleaves;
    array->entries = array->leaves;
    array->n = n;
    if (view->sort && view->sort->ncategories > 0) {
        okapi__categorise(array, n, view->sort);
    }
    array->bytes = sizeof(okapi__entry_t) * (apr_size_t)array->nleaves;
    if (array->entries != array->leaves) {
        array->bytes += sizeof(okapi__entry_t) * (apr_size_t)array->n;
    }
    for (int i = 0; i < array->nleaves; i++) {
        array->bytes += array->leaves[i].len;
    }
}

/* ---- reading: rows are counted without what collapsed categories hide ---- */

/* The run that has entry ENTRY, or the last one before it; -1 if there is none. */
static int run_of_entry(const okapi_table_t *table, int entry)
{
    int low = 0, high = table->nruns;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (table->runs[middle].first <= entry) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* How many rows stand before entry ENTRY. */
static int rows_before(const okapi_table_t *table, int entry)
{
    int at = run_of_entry(table, entry);
    if (at < 0) {
        return 0;
    }
    const okapi__run_t *run = &table->runs[at];
    return run->before + (entry - run->first < run->n ? entry - run->first : run->n);
}

static int rows_of(const okapi_table_t *table)
{
    const okapi__run_t *last = table->nruns ? &table->runs[table->nruns - 1] : NULL;
    return last ? last->before + last->n : 0;
}

/* The entry that is row number ROW; there is one. */
static int entry_of_row(const okapi_table_t *table, int row)
{
    int low = 0, high = table->nruns - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (table->runs[middle].before <= row) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return table->runs[low].first + row - table->runs[low].before;
}

/* How many rows stand before PLACE. */
static int rank(const okapi_table_t *table, const okapi__place_t *place)
{
    const okapi__array_t *array = table->array;
    int low = 0, high = array->n;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (place->at_end || !okapi__place_precedes(place, key_of(&array->entries[middle]))) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return rows_before(table, low);
}

static void add_ref(apr_array_header_t *refs, const okapi_table_t *table, int entry,
                    apr_pool_t *result_pool)
{
    const okapi__array_t *array = table->array;
    const okapi__entry_t *e = &array->entries[entry];
    okapi__ref_t *ref = apr_array_push(refs);
    *ref = (okapi__ref_t){.id = e->id, .instance = e->instance};
    ref->key.data = apr_pmemdup(result_pool, e->key, e->len);
    ref->key.len = e->len;
    if (array->objects) {
        ref->object = array->objects[e->index];
    } else if (e->index >= 0) {
        ref->category = &array->categories[e->index];
        ref->expanded = okapi__is_expanded(table, ref->category);
    }
}

apr_status_t okapi__array_refs(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                               const okapi__scan_t *scan, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    int at = rank(table, scan->place), n = rows_of(table);
    for (int i = 0; i < scan->max; i++) {
        int row = scan->backward ? at - 1 - i : at + i;
        if (row < 0 || row >= n) {
            break;
        }
        add_ref(refs, table, entry_of_row(table, row), result_pool);
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
            const okapi__entry_t *e = &array->entries[i];
            if (array->ncategories && e->index >= 0 ? array->categories[e->index].id == inst_id
                                                    : id && e->id == id) {
                add_ref(refs, table, i, result_pool);
            }
        }
    }
    return APR_SUCCESS;
}

apr_status_t okapi__array_count(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                                apr_pool_t *scratch_pool)
{
    *count = (apr_uint32_t)rows_of(table);
    return APR_SUCCESS;
}

apr_status_t okapi__array_number(apr_uint32_t *number, okapi_table_t *table, okapi__conn_t *conn,
                                 const okapi__place_t *place, apr_pool_t *scratch_pool)
{
    *number = (apr_uint32_t)rank(table, place);
    return APR_SUCCESS;
}
