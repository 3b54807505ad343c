/* search_scope.c - which folders a search looks through. */
#include <okapi/error.h>

#include "search_private.h"

typedef struct node_t {
    okapi_id_t id, parent_id;
    int is_search;
    enum { UNKNOWN, INSIDE, OUTSIDE } side; /* of the search that is being looked at */
} node_t;

/* The folders of a store that exist. */
typedef struct tree_t {
    okapi_id_t store_id;
    apr_hash_t *nodes;         /* folder id: node_t * */
    apr_array_header_t *order; /* of node_t *, by id */
    apr_pool_t *pool;
} tree_t;

static apr_status_t read_tree(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    tree_t *tree = baton;
    okapi__rows_t *rows;
    apr_hash_clear(tree->nodes);
    apr_array_clear(tree->order);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_SCOPE_FOLDERS,
                                       DB_ARGS(DB_I(tree->store_id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        node_t *node = apr_palloc(tree->pool, sizeof(*node));
        *node = (node_t){okapi__rows_int(rows, 0), okapi__rows_int(rows, 1),
                         okapi__rows_int(rows, 2) != 0, UNKNOWN};
        apr_hash_set(tree->nodes, &node->id, sizeof(node->id), node);
        APR_ARRAY_PUSH(tree->order, node_t *) = node;
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t load(tree_t *tree, const okapi_store_t *store, apr_pool_t *pool)
{
    *tree = (tree_t){store->id, apr_hash_make(pool),
                     apr_array_make(pool, 64, sizeof(node_t *)), pool};
    return okapi__db_read(store->okapi->db, read_tree, tree, pool);
}

static node_t *node_of(const tree_t *tree, okapi_id_t id)
{
    return apr_hash_get(tree->nodes, &id, sizeof(id));
}

/* Walks up to where it is known, then down again. */
static void find_side(const tree_t *tree, node_t *node)
{
    int side = OUTSIDE;
    for (node_t *at = node; at; at = node_of(tree, at->parent_id)) {
        if (at->side != UNKNOWN) {
            side = at->side;
            break;
        }
        if (at->parent_id == at->id) {
            break; /* the root */
        }
    }
    for (node_t *at = node; at && at->side == UNKNOWN; at = node_of(tree, at->parent_id)) {
        at->side = side;
        if (at->parent_id == at->id) {
            break;
        }
    }
}

/* Sets the side of every node; what is below a named folder is inside too if RECURSIVE. */
static void divide(tree_t *tree, const okapi_id_t *ids, int n, int recursive)
{
    for (int i = 0; i < tree->order->nelts; i++) {
        APR_ARRAY_IDX(tree->order, i, node_t *)->side = recursive ? UNKNOWN : OUTSIDE;
    }
    for (int i = 0; i < n; i++) {
        node_t *node = node_of(tree, ids[i]);
        if (node) {
            node->side = INSIDE;
        }
    }
    for (int i = 0; i < tree->order->nelts; i++) {
        find_side(tree, APR_ARRAY_IDX(tree->order, i, node_t *));
    }
}

/* Search folders have no messages of their own. */
static int is_inside(const node_t *node)
{
    return node && node->side == INSIDE && !node->is_search;
}

apr_status_t okapi__search_scope(apr_array_header_t **folders, okapi_store_t *store,
                                 const okapi_id_t *ids, int n, int recursive, int again,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    tree_t tree;
    apr_status_t rv = load(&tree, store, scratch_pool);
    *folders = apr_array_make(result_pool, 16, sizeof(okapi_id_t));
    for (int i = 0; rv == APR_SUCCESS && !again && i < n; i++) {
        const node_t *node = node_of(&tree, ids[i]);
        rv = !node ? OKAPI_ENOTFOUND : node->is_search ? OKAPI_ESEARCHSCOPE : APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    divide(&tree, ids, n, recursive);
    for (int i = 0; i < tree.order->nelts; i++) {
        const node_t *node = APR_ARRAY_IDX(tree.order, i, node_t *);
        if (is_inside(node)) {
            APR_ARRAY_PUSH(*folders, okapi_id_t) = node->id;
        }
    }
    return APR_SUCCESS;
}

/* A folder that came in is looked through from its beginning, also one that was just leaving; of
 * one that left, what was found there goes. */
static void rescope(okapi__search_t *search, tree_t *tree, apr_pool_t *scratch_pool)
{
    divide(tree, search->asked, search->nasked, (search->flags & RECURSIVE_SEARCH) != 0);
    int is_dynamic = !(search->flags & STATIC_SEARCH);
    for (int i = 0; is_dynamic && i < tree->order->nelts; i++) {
        const node_t *node = APR_ARRAY_IDX(tree->order, i, node_t *);
        const okapi__scope_t *scope = apr_hash_get(search->scopes, &node->id, sizeof(node->id));
        if (is_inside(node) && (!scope || scope->after == OKAPI__SCOPE_LEAVING)) {
            APR_ARRAY_PUSH(search->moves, okapi__scope_t) = (okapi__scope_t){node->id, 0};
        }
    }
    for (apr_hash_index_t *hi = apr_hash_first(scratch_pool, search->scopes); hi;
         hi = apr_hash_next(hi)) {
        const okapi__scope_t *scope = apr_hash_this_val(hi);
        const node_t *node = node_of(tree, scope->folder_id);
        int stays = is_dynamic ? is_inside(node) : node != NULL;
        if (!stays && scope->after != OKAPI__SCOPE_LEAVING) {
            APR_ARRAY_PUSH(search->moves, okapi__scope_t) =
                (okapi__scope_t){scope->folder_id, OKAPI__SCOPE_LEAVING};
        }
    }
}

apr_status_t okapi__searches_rescope(okapi__searches_t *s, apr_pool_t *scratch_pool)
{
    tree_t tree;
    apr_status_t rv = load(&tree, s->store, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < s->all->nelts; i++) {
        okapi__search_t *search = APR_ARRAY_IDX(s->all, i, okapi__search_t *);
        rescope(search, &tree, scratch_pool);
        s->busy |= search->moves->nelts > 0;
    }
    return rv;
}
