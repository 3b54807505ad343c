/* folder_list.c - the folders below a folder: what hierarchy tables and trees are made of. */
#include "per_user_read.h"
#include "search_private.h"

typedef struct listing_t {
    okapi_folder_t *parent;
    int flags;
    apr_array_header_t *folders;
    apr_pool_t *result_pool;
} listing_t;

/* Everything of a store, by parent, to be put into the order of the tree. */
typedef struct tree_t {
    apr_hash_t *children; /* parent id: array of okapi_folder_t *, by name */
    apr_hash_t *rights;
    apr_array_header_t *folders;
} tree_t;

static apr_array_header_t *children_of(tree_t *tree, const okapi_id_t *parent)
{
    return apr_hash_get(tree->children, parent, sizeof(*parent));
}

static int is_listed(const okapi_folder_t *folder)
{
    return okapi__rights_visible(folder->rights) &&
           (!folder->is_search || folder->store->full_access);
}

/* Pushes every visible folder below PARENT. An invisible one's own are listed all the same: the
 * actor may have rights on them. Takes a stack of its own, so no depth is too deep. */
static void push_tree(tree_t *tree, const okapi_folder_t *parent, apr_pool_t *scratch_pool)
{
    apr_array_header_t *stack = apr_array_make(scratch_pool, 32, sizeof(okapi_folder_t *));
    const okapi_folder_t *at = parent;
    for (;;) {
        apr_array_header_t *children = children_of(tree, &at->id);
        for (int i = children ? children->nelts : 0; i-- > 0;) {
            okapi_folder_t *child = APR_ARRAY_IDX(children, i, okapi_folder_t *);
            child->depth = at == parent ? 1 : at->depth + 1;
            APR_ARRAY_PUSH(stack, okapi_folder_t *) = child;
        }
        okapi_folder_t **next = apr_array_pop(stack);
        if (!next) {
            return;
        }
        at = *next;
        if (is_listed(at)) {
            APR_ARRAY_PUSH(tree->folders, const okapi_folder_t *) = at;
        }
    }
}

static apr_status_t list_deep(okapi__conn_t *conn, listing_t *listing, apr_hash_t *rights,
                              apr_pool_t *scratch_pool)
{
    tree_t tree = {apr_hash_make(scratch_pool), rights, listing->folders};
    okapi_store_t *store = listing->parent->store;
    okapi__rows_t *rows;
    apr_status_t rv =
        okapi__db_select(&rows, conn, STMT_FOLDER_ALL, DB_ARGS(DB_I(store->id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_folder_t *folder = okapi__folder_of_row(
            rows, store, okapi__rights_in(rights, okapi__rows_int(rows, 0)), listing->result_pool);
        apr_array_header_t *siblings = children_of(&tree, &folder->parent_id);
        if (!siblings) {
            siblings = apr_array_make(scratch_pool, 8, sizeof(okapi_folder_t *));
            apr_hash_set(tree.children, &folder->parent_id, sizeof(folder->parent_id), siblings);
        }
        APR_ARRAY_PUSH(siblings, okapi_folder_t *) = folder;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__rows_status(rows);
    }
    if (rv == APR_SUCCESS) {
        push_tree(&tree, listing->parent, scratch_pool);
    }
    return rv;
}

static apr_status_t list_children(okapi__conn_t *conn, listing_t *listing, apr_hash_t *rights,
                                  apr_pool_t *scratch_pool)
{
    okapi_folder_t *parent = listing->parent;
    okapi__stmt_e stmt = (listing->flags & OKAPI__FOLDERS_DELETED) ? STMT_FOLDER_CHILDREN_DELETED
                                                                   : STMT_FOLDER_CHILDREN;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, stmt, DB_ARGS(DB_I(parent->id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_folder_t *folder = okapi__folder_of_row(
            rows, parent->store, okapi__rights_in(rights, okapi__rows_int(rows, 0)),
            listing->result_pool);
        if (is_listed(folder)) {
            folder->depth = 1;
            APR_ARRAY_PUSH(listing->folders, okapi_folder_t *) = folder;
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t list(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    listing_t *listing = baton;
    apr_hash_t *rights;
    apr_array_clear(listing->folders);
    apr_status_t rv = okapi__rights_of_store(&rights, conn, listing->parent->store, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = (listing->flags & OKAPI__FOLDERS_DEEP)
             ? list_deep(conn, listing, rights, scratch_pool)
             : list_children(conn, listing, rights, scratch_pool);
    return rv == APR_SUCCESS ? okapi__per_user_stats(listing->folders, conn, listing->parent->store,
                                                     scratch_pool)
                             : rv;
}

apr_status_t okapi__folder_children(apr_array_header_t **folders, okapi_folder_t *parent, int flags,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    listing_t listing = {parent, flags, apr_array_make(result_pool, 16, sizeof(okapi_folder_t *)),
                         result_pool};
    *folders = listing.folders;
    /* Their counts are shown, too. */
    apr_status_t rv = okapi__search_look(parent->store, 1, scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__db_read(parent->store->okapi->db, list, &listing, scratch_pool)
               : rv;
}

apr_status_t okapi_folder_tree(apr_array_header_t **nodes, okapi_folder_t *top,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_array_header_t *folders;
    apr_status_t rv =
        okapi__folder_children(&folders, top, OKAPI__FOLDERS_DEEP, result_pool, scratch_pool);
    *nodes = apr_array_make(result_pool, rv == APR_SUCCESS ? folders->nelts : 0,
                            sizeof(okapi_folder_node_t));
    for (int i = 0; rv == APR_SUCCESS && i < folders->nelts; i++) {
        okapi_folder_node_t *node = apr_array_push(*nodes);
        node->folder = APR_ARRAY_IDX(folders, i, okapi_folder_t *);
        node->depth = node->folder->depth;
        node->stat = node->folder->stat;
    }
    return rv;
}
