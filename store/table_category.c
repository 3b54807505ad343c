/* table_category.c - categories: rows that are equal in the first sort columns, each behind a
 * header row that stands for them and may hide them (MS-OXCTABL 2.2.2.3.1, 3.1.4.1). */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "table_private.h"

enum { DEPTH_MAX = OKAPI__SORT_KEYS_MAX };

int okapi__sort_aggregate(const okapi_sort_t *sort)
{
    int i = sort->ncategories;
    return i > 0 && i < sort->n && sort->keys[i].order > TABLE_SORT_DESCEND ? i : -1;
}

/* ---- the tree ---- */

/* One category while the tree is made. Those of the last level may be put into another order. */
typedef struct group_t {
    int depth;
    int leaf, end;         /* its leaves */
    int sample;            /* the leaf whose values its header row shows */
    apr_uint16_t key_len;  /* of the beginning that its leaves' keys have in common */
    apr_uint16_t last;     /* where the part of its own column begins in it */
    okapi_binary_t order;  /* the aggregated value it is sorted by; LEN 0: none */
} group_t;

typedef struct tree_t {
    okapi__array_t *array;
    const okapi_sort_t *sort;
    int nleaves;
    apr_array_header_t *groups; /* of group_t, each before what is in it */
    apr_pool_t *pool;
} tree_t;

static int descends(const okapi_sort_t *sort, int key)
{
    return sort->keys[key].order == TABLE_SORT_DESCEND;
}

static okapi_binary_t key_of(const tree_t *tree, int leaf)
{
    return (okapi_binary_t){tree->array->leaves[leaf].key, tree->array->leaves[leaf].len};
}

/* Opens the groups of LEAF from DEPTH on; OPEN has those it is in. */
static void open_groups(tree_t *tree, int *open, int leaf, int depth)
{
    apr_size_t at = depth ? APR_ARRAY_IDX(tree->groups, open[depth - 1], group_t).key_len : 0;
    for (; depth < tree->sort->ncategories; depth++) {
        group_t *group = apr_array_push(tree->groups);
        apr_size_t end = okapi__key_part_end(key_of(tree, leaf), at,
                                             tree->sort->keys[depth].tag,
                                             descends(tree->sort, depth));
        *group = (group_t){.depth = depth, .leaf = leaf, .sample = leaf,
                           .key_len = (apr_uint16_t)end, .last = (apr_uint16_t)at};
        open[depth] = tree->groups->nelts - 1;
        at = end;
    }
}

/* The first level at which LEAF is in another group than the one before it. */
static int differs_at(const tree_t *tree, const int *open, int leaf)
{
    okapi_binary_t key = key_of(tree, leaf);
    for (int depth = 0; depth < tree->sort->ncategories; depth++) {
        const group_t *group = &APR_ARRAY_IDX(tree->groups, open[depth], group_t);
        if (key.len < group->key_len ||
            memcmp(key.data, key_of(tree, group->leaf).data, group->key_len) != 0) {
            return depth;
        }
    }
    return tree->sort->ncategories;
}

static void make_groups(tree_t *tree)
{
    int open[DEPTH_MAX];
    for (int leaf = 0; leaf < tree->nleaves; leaf++) {
        open_groups(tree, open, leaf, leaf ? differs_at(tree, open, leaf) : 0);
        for (int depth = 0; depth < tree->sort->ncategories; depth++) {
            APR_ARRAY_IDX(tree->groups, open[depth], group_t).end = leaf + 1;
        }
    }
}

/* ---- categories sorted by the greatest or least value of a column in them ---- */

/* The aggregated column's part of a leaf's key, behind those of all others. */
static okapi_binary_t aggregated_part(const tree_t *tree, int aggregate, int leaf)
{
    okapi_binary_t key = key_of(tree, leaf);
    apr_size_t at = 0;
    for (int i = 0; i < tree->sort->n; i++) {
        if (i != aggregate) {
            at = okapi__key_part_end(key, at, tree->sort->keys[i].tag, descends(tree->sort, i));
        }
    }
    apr_size_t end = okapi__key_part_end(key, at, tree->sort->keys[aggregate].tag,
                                         descends(tree->sort, aggregate - 1));
    return (okapi_binary_t){key.data + at, end - at};
}

/* Parts of descending columns are turned round: their least is the greatest value. */
static void aggregate_group(tree_t *tree, group_t *group, int aggregate)
{
    int descending = descends(tree->sort, aggregate - 1);
    int greatest = (tree->sort->keys[aggregate].order == TABLE_SORT_MAX_CATEGORY) != descending;
    for (int leaf = group->leaf; leaf < group->end; leaf++) {
        okapi_binary_t part = aggregated_part(tree, aggregate, leaf);
        int order = group->order.len ? okapi__key_compare(part, group->order) : 0;
        int had = group->order.len && !okapi__key_part_is_absent(group->order.data, descending);
        int has = !okapi__key_part_is_absent(part.data, descending);
        if (group->order.len == 0 ||
            (has == had ? (greatest ? order > 0 : order < 0) : has)) {
            group->order = part;
            group->sample = leaf;
        }
    }
}

static int compare_groups(const void *a, const void *b)
{
    const group_t *x = a, *y = b;
    int order = okapi__key_compare(x->order, y->order);
    return order ? order : (x->leaf > y->leaf) - (x->leaf < y->leaf);
}

/* Gives the groups of the last level their values, and sorts those of each parent by them. */
static void aggregate_groups(tree_t *tree, int aggregate)
{
    group_t *groups = (group_t *)tree->groups->elts;
    int n = tree->groups->nelts, last = tree->sort->ncategories - 1;
    for (int i = 0; i < n;) {
        int first = i;
        for (; i < n && groups[i].depth == last; i++) {
            aggregate_group(tree, &groups[i], aggregate);
        }
        qsort(groups + first, (size_t)(i - first), sizeof(*groups), compare_groups);
        i += i == first; /* one of a higher level */
    }
}

/* ---- rows ---- */

/* What a category's header row is known by: from its values, so that it stays the same when rows
 * come and go, in every session. The replica number of a message's id is never 0, as here. */
static apr_int64_t id_of(const unsigned char *key, apr_size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    apr_uint64_t id = 0;
    EVP_Digest(key, len, digest, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < 6; i++) {
        id = id << 8 | digest[i];
    }
    return (apr_int64_t)(id << 16);
}

/* With the value it is sorted by before its own, as in the keys of its rows (table_array.c). */
static okapi_binary_t header_key(const tree_t *tree, const group_t *group)
{
    const unsigned char *key = key_of(tree, group->leaf).data;
    apr_size_t value = group->order.len;
    if (value == 0) {
        return (okapi_binary_t){key, group->key_len};
    }
    unsigned char *whole = apr_palloc(tree->array->pool, group->key_len + value);
    memcpy(whole, key, group->last);
    memcpy(whole + group->last, group->order.data, value);
    memcpy(whole + group->last + value, key + group->last,
           (apr_size_t)group->key_len - group->last);
    return (okapi_binary_t){whole, group->key_len + value};
}

static void add_header(tree_t *tree, const group_t *group)
{
    okapi__array_t *array = tree->array;
    okapi__category_t *category = &array->categories[array->ncategories];
    *category = (okapi__category_t){
        .id = id_of(key_of(tree, group->leaf).data, group->key_len), .depth = group->depth,
        .header = array->n, .content = group->end - group->leaf, .sample = group->sample,
        .key = header_key(tree, group), .order = group->order, .last = group->last};
    for (int leaf = group->leaf; leaf < group->end; leaf++) {
        category->unread += array->leaves[leaf].unread;
    }
    array->rows[array->n++] = ~array->ncategories++;
}

static void add_leaves(tree_t *tree, const group_t *group)
{
    for (int leaf = group->leaf; leaf < group->end; leaf++) {
        tree->array->rows[tree->array->n++] = leaf;
    }
}

/* A category ends where the next one begins that isn't in it. */
static void close_categories(okapi__array_t *array)
{
    int end[DEPTH_MAX];
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        end[depth] = array->n;
    }
    for (int i = array->ncategories - 1; i >= 0; i--) {
        okapi__category_t *category = &array->categories[i];
        category->end = end[category->depth];
        for (int depth = category->depth; depth < DEPTH_MAX; depth++) {
            end[depth] = category->header;
        }
    }
}

void okapi__categorise(okapi__array_t *array, int nleaves, const okapi_sort_t *sort)
{
    tree_t tree = {.array = array, .sort = sort, .nleaves = nleaves};
    int aggregate = okapi__sort_aggregate(sort);
    apr_pool_create(&tree.pool, array->pool);
    tree.groups = apr_array_make(tree.pool, 64, sizeof(group_t));
    make_groups(&tree);
    if (aggregate >= 0) {
        aggregate_groups(&tree, aggregate);
    }
    apr_size_t ngroups = (apr_size_t)tree.groups->nelts;
    array->categories = apr_palloc(array->pool, sizeof(*array->categories) * (ngroups + 1));
    array->rows = apr_palloc(array->pool,
                             sizeof(*array->rows) * (ngroups + (apr_size_t)nleaves + 1));
    array->n = array->ncategories = 0;
    for (int i = 0; i < tree.groups->nelts; i++) {
        const group_t *group = &APR_ARRAY_IDX(tree.groups, i, group_t);
        add_header(&tree, group);
        if (group->depth == sort->ncategories - 1) {
            add_leaves(&tree, group);
        }
    }
    close_categories(array);
    apr_pool_destroy(tree.pool);
}

/* ---- what a table shows ---- */

static int compare_ids(const void *a, const void *b)
{
    apr_int64_t x = *(const apr_int64_t *)a, y = *(const apr_int64_t *)b;
    return (x > y) - (x < y);
}

int okapi__is_expanded(const okapi_table_t *table, const okapi__category_t *category)
{
    int at_first = category->depth < table->view->sort->nexpanded;
    return at_first ^ (bsearch(&category->id, table->toggled->elts, (size_t)table->toggled->nelts,
                               sizeof(apr_int64_t), compare_ids) != NULL);
}

int okapi__toggle(okapi_table_t *table, const okapi__category_t *category)
{
    apr_int64_t *ids = (apr_int64_t *)table->toggled->elts;
    int n = table->toggled->nelts, at = 0;
    while (at < n && ids[at] < category->id) {
        at++;
    }
    if (at < n && ids[at] == category->id) {
        memmove(&ids[at], &ids[at + 1], sizeof(*ids) * (apr_size_t)(n - at - 1));
        table->toggled->nelts--;
        return 1;
    }
    if (n >= OKAPI__TOGGLED_MAX) {
        return 0;
    }
    apr_array_push(table->toggled);
    ids = (apr_int64_t *)table->toggled->elts;
    memmove(&ids[at + 1], &ids[at], sizeof(*ids) * (apr_size_t)(n - at));
    ids[at] = category->id;
    return 1;
}

static void add_run(okapi_table_t *table, int first, int end)
{
    const okapi__run_t *last = table->nruns ? &table->runs[table->nruns - 1] : NULL;
    if (end > first) {
        table->runs[table->nruns++] = (okapi__run_t){
            .first = first, .n = end - first, .before = last ? last->before + last->n : 0};
    }
}

void okapi__visible(okapi_table_t *table, apr_pool_t *result_pool)
{
    const okapi__array_t *array = table->array;
    int first = 0;
    table->nruns = 0;
    table->runs = apr_palloc(result_pool,
                             sizeof(*table->runs) * (apr_size_t)(array->ncategories + 1));
    for (int i = 0; i < array->ncategories; i++) {
        const okapi__category_t *category = &array->categories[i];
        if (category->header >= first && !okapi__is_expanded(table, category)) {
            add_run(table, first, category->header + 1);
            first = category->end;
        }
    }
    add_run(table, first, array->n);
}
