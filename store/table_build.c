/* table_build.c - the plan by array: the rows of a contents table in an order that no index has, or
 * under a restriction. They are read once and kept for all tables of the process that show the
 * same; when the folder changed since, only what the change sequence names is read again. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/change.h>
#include <okapi/error.h>

#include "table_private.h"

enum {
    BUILD_BATCH = 256, /* messages read at a time */
    NAME_SIZE_MAX = 4 << 20,
    CHANGES_MAX = 4096, /* more of them, or of a quarter of the rows: everything is read again */
    CHANGES_MIN = 64
};

typedef struct build_t {
    okapi_table_t *table;
    int needs;
    okapi_id_t after;
    apr_array_header_t *messages; /* of okapi__ref_t: this batch */
    apr_array_header_t *leaves;   /* of okapi__leaf_t: all of them so far */
    apr_pool_t *key_pool;
    apr_pool_t *pool; /* of this batch */
} build_t;

/* OKAPI__NEED_* of the restriction, the sort order and the instances. */
static int needs_of(const okapi__view_t *view, apr_pool_t *scratch_pool)
{
    apr_array_header_t *tags = apr_array_make(scratch_pool, 16, sizeof(okapi_proptag_t));
    int needs = view->instance_tag ? OKAPI__NEED_PROPS : 0;
    if (view->restriction) {
        okapi_restriction_tags(view->restriction, tags);
    }
    needs |= okapi__cells_need((const okapi_proptag_t *)tags->elts, tags->nelts);
    for (int i = 0; view->sort && i < view->sort->n; i++) {
        okapi_proptag_t tag = view->sort->keys[i].tag;
        needs |= okapi__cell_needs(tag) | okapi__index_key_needs(tag);
    }
    return needs;
}

static apr_status_t begin(build_t *b, okapi_table_t *table, apr_pool_t *key_pool,
                          apr_pool_t *scratch_pool)
{
    *b = (build_t){.table = table, .key_pool = key_pool};
    b->needs = needs_of(table->view, scratch_pool);
    b->messages = apr_array_make(scratch_pool, BUILD_BATCH, sizeof(okapi__ref_t));
    b->leaves = apr_array_make(scratch_pool, BUILD_BATCH, sizeof(okapi__leaf_t));
    return apr_pool_create(&b->pool, scratch_pool);
}

/* Adds the rows of the messages of this batch that the actor may read. */
static apr_status_t add_batch(build_t *b)
{
    static const okapi_binary_t no_path = {NULL, 0};
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->messages->nelts; i++) {
        const okapi__ref_t *ref = &APR_ARRAY_IDX(b->messages, i, okapi__ref_t);
        if (((const okapi_message_t *)ref->object)->rights & OKAPI_RIGHT_READ_ANY) {
            rv = okapi__array_add(b->leaves, ref->object, ref->id, b->table->view, no_path,
                                  b->key_pool, b->pool);
        }
    }
    return rv;
}

/* ---- all of it ---- */

static apr_status_t list_batch(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    build_t *b = baton;
    apr_array_clear(b->messages);
    return okapi__rows_list(b->messages, b->table->folder, okapi__table_part(b->table), b->after,
                            BUILD_BATCH, b->needs, conn, b->pool, scratch_pool);
}

static apr_status_t build(okapi__array_t *array, okapi_table_t *table, apr_pool_t *scratch_pool)
{
    okapi__db_t *db = table->store->okapi->db;
    build_t b;
    int more;
    apr_status_t rv = begin(&b, table, array->pool, scratch_pool);
    do {
        apr_pool_clear(b.pool);
        rv = okapi__db_read(db, list_batch, &b, b.pool);
        /* A message that went away meanwhile is no longer in the batch, which may be short then. */
        more = rv == APR_SUCCESS && b.messages->nelts > 0;
        if (more) {
            b.after = APR_ARRAY_IDX(b.messages, b.messages->nelts - 1, okapi__ref_t).id;
            rv = add_batch(&b);
        }
    } while (rv == APR_SUCCESS && more);
    apr_pool_destroy(b.pool);
    okapi__array_sort(b.leaves);
    array->nleaves = b.leaves->nelts;
    array->leaves = apr_pmemdup(array->pool, b.leaves->elts,
                                sizeof(okapi__leaf_t) * (apr_size_t)array->nleaves);
    return rv;
}

/* ---- only what changed ---- */

static int compare_ids(const void *a, const void *b)
{
    okapi_id_t x = *(const okapi_id_t *)a, y = *(const okapi_id_t *)b;
    return (x > y) - (x < y);
}

/* In the public store a message may have changed and, later, been read. */
static void remove_doubles(apr_array_header_t *ids)
{
    int kept = 0;
    for (int i = 0; i < ids->nelts; i++) {
        okapi_id_t id = APR_ARRAY_IDX(ids, i, okapi_id_t);
        if (!kept || APR_ARRAY_IDX(ids, kept - 1, okapi_id_t) != id) {
            APR_ARRAY_IDX(ids, kept++, okapi_id_t) = id;
        }
    }
    ids->nelts = kept;
}

/* The messages that changed in the folder after OLD, ascending. NULL if they are too many, or the
 * sequence doesn't reach back. */
static apr_status_t changed_ids(apr_array_header_t **ids, const okapi__array_t *old,
                                const okapi_table_t *table, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    int max = old->nleaves / 4 + CHANGES_MIN;
    apr_array_header_t *changes;
    okapi_cn_t upto;
    max = max < CHANGES_MAX ? max : CHANGES_MAX;
    *ids = NULL;
    apr_status_t rv = okapi_changes(&changes, &upto, table->store, table->folder_id, old->cn, max,
                                    scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS || changes->nelts >= max) {
        return rv == OKAPI_ESYNC ? APR_SUCCESS : rv;
    }
    *ids = apr_array_make(result_pool, changes->nelts, sizeof(okapi_id_t));
    for (int i = 0; i < changes->nelts; i++) {
        const okapi_change_t *change = &APR_ARRAY_IDX(changes, i, okapi_change_t);
        if (!change->is_folder) {
            APR_ARRAY_PUSH(*ids, okapi_id_t) = change->id;
        }
    }
    qsort((*ids)->elts, (size_t)(*ids)->nelts, sizeof(okapi_id_t), compare_ids);
    remove_doubles(*ids);
    return APR_SUCCESS;
}

static apr_status_t fetch_batch(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    build_t *b = baton;
    for (int i = 0; i < b->messages->nelts; i++) { /* tried again, perhaps */
        APR_ARRAY_IDX(b->messages, i, okapi__ref_t).object = NULL;
    }
    return okapi__rows_fetch(b->messages, b->table->folder, okapi__table_part(b->table), b->needs,
                             conn, b->pool, scratch_pool);
}

/* Reads the messages IDS, as far as they are still there. */
static apr_status_t read_again(build_t *b, const apr_array_header_t *ids)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < ids->nelts;) {
        apr_array_clear(b->messages);
        apr_pool_clear(b->pool);
        for (; i < ids->nelts && b->messages->nelts < BUILD_BATCH; i++) {
            okapi__ref_t *ref = apr_array_push(b->messages);
            *ref = (okapi__ref_t){.id = APR_ARRAY_IDX(ids, i, okapi_id_t)};
        }
        rv = okapi__db_read(b->table->store->okapi->db, fetch_batch, b, b->pool);
        rv = rv == APR_SUCCESS ? add_batch(b) : rv;
    }
    return rv;
}

static int is_changed(const apr_array_header_t *ids, okapi_id_t id)
{
    return ids->nelts && bsearch(&id, ids->elts, (size_t)ids->nelts, sizeof(id), compare_ids);
}

static int precedes(const okapi__leaf_t *a, const okapi__leaf_t *b)
{
    return okapi__key_compare((okapi_binary_t){a->key, a->len},
                              (okapi_binary_t){b->key, b->len}) < 0;
}

/* The leaves of OLD but for those of the messages IDS, and ADDED, which is in its order. */
static void merge(okapi__array_t *array, const okapi__array_t *old, const apr_array_header_t *ids,
                  const apr_array_header_t *added)
{
    const okapi__leaf_t *new = (const okapi__leaf_t *)added->elts, *end = new + added->nelts;
    apr_size_t size = 0;
    for (int i = 0; i < old->nleaves; i++) {
        size += old->leaves[i].len;
    }
    unsigned char *keys = apr_palloc(array->pool, size + 1);
    array->leaves = apr_palloc(array->pool, sizeof(*array->leaves) *
                                                (apr_size_t)(old->nleaves + added->nelts + 1));
    for (int i = 0; i < old->nleaves; i++) {
        const okapi__leaf_t *leaf = &old->leaves[i];
        if (is_changed(ids, leaf->id)) {
            continue;
        }
        for (; new < end && precedes(new, leaf); new++) {
            array->leaves[array->nleaves++] = *new;
        }
        array->leaves[array->nleaves] = *leaf;
        array->leaves[array->nleaves++].key = memcpy(keys, leaf->key, leaf->len);
        keys += leaf->len;
    }
    for (; new < end; new++) {
        array->leaves[array->nleaves++] = *new;
    }
}

/* *DONE 0: it isn't worth it. */
static apr_status_t update(okapi__array_t *array, int *done, const okapi__array_t *old,
                           okapi_table_t *table, apr_pool_t *scratch_pool)
{
    apr_array_header_t *ids;
    build_t b;
    *done = 0;
    apr_status_t rv = changed_ids(&ids, old, table, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS || !ids) {
        return rv;
    }
    rv = begin(&b, table, array->pool, scratch_pool);
    rv = rv == APR_SUCCESS ? read_again(&b, ids) : rv;
    apr_pool_destroy(b.pool);
    if (rv == APR_SUCCESS) {
        okapi__array_sort(b.leaves);
        merge(array, old, ids, b.leaves);
        *done = 1;
    }
    return rv;
}

/* ---- the plan ---- */

/* What the array is of. Which categories are expanded doesn't belong to it. */
static okapi_binary_t name_of(const okapi_table_t *table, apr_pool_t *result_pool)
{
    const okapi__view_t *view = table->view;
    okapi_id_t viewer = okapi__table_viewer(table);
    okapi_writer_t w;
    okapi_writer_init(&w, 64, NAME_SIZE_MAX, result_pool);
    okapi_write_u64(&w, (apr_uint64_t)table->folder_id);
    okapi_write_u64(&w, (apr_uint64_t)viewer);
    okapi_write_u32(&w, viewer ? table->folder->rights : 0); /* they change without the folder */
    okapi_write_u8(&w, (apr_byte_t)okapi__table_part(table));
    okapi_write_u32(&w, view->instance_tag);
    if (view->sort) {
        okapi_sort_t sort = *view->sort;
        sort.nexpanded = 0;
        okapi_sort_write(&w, &sort);
    }
    okapi_write_bytes(&w, view->restriction_bytes.data, view->restriction_bytes.len);
    return (okapi_binary_t){w.data, w.len};
}

/* The table's array as of CN, in part from OLD (may be NULL). */
static apr_status_t make(okapi_table_t *table, okapi_binary_t name, okapi_cn_t cn,
                         const okapi__array_t *old, apr_pool_t *scratch_pool)
{
    int done = 0;
    apr_status_t rv = okapi__array_create(&table->array);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi__array_t *array = table->array;
    array->name.data = apr_pmemdup(array->pool, name.data, name.len);
    array->name.len = name.len;
    array->cn = cn;
    if (old) {
        rv = update(array, &done, old, table, scratch_pool);
    }
    if (rv == APR_SUCCESS && !done) {
        rv = build(array, table, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        okapi__array_finish(array, table->view);
    }
    return rv;
}

static apr_status_t prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    okapi__arrays_t *arrays = table->store->okapi->arrays;
    /* What is purged of softly deleted messages leaves no trace in the sequence. */
    int keep = !(okapi__table_part(table) & OKAPI__PART_SOFT_DELETED);
    okapi__array_t *old = NULL;
    okapi_folder_stat_t stat;
    apr_status_t rv = okapi__table_need_folder(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        /* Before the rows are read: what changes meanwhile is only read once more. */
        rv = okapi_folder_stat(table->folder, &stat, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_binary_t name = name_of(table, scratch_pool);
    old = keep ? okapi__arrays_get(arrays, name) : NULL;
    if (old && old->cn == stat.last_cn) {
        table->array = old;
    } else {
        rv = make(table, name, stat.last_cn, old, scratch_pool);
        if (old) {
            okapi__arrays_release(arrays, old);
        }
        if (rv == APR_SUCCESS && keep) {
            okapi__arrays_put(arrays, table->array);
        }
    }
    if (rv == APR_SUCCESS) {
        okapi__visible(table, scratch_pool);
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

const okapi__plan_t okapi__plan_array = {prepare,
                                         finish,
                                         okapi__array_refs,
                                         okapi__array_of_id,
                                         okapi__array_skip,
                                         okapi__array_count,
                                         okapi__array_number};
