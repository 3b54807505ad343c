/* transfer_folder.c - moving, copying and recovering folders with what is in them.
 *
 * Within a store a move only gives the folder another parent, whatever it holds. Everything else
 * makes new folders and transfers the messages of each, in short transactions; a crash leaves a
 * part of the messages here and a part there, but none lost and none in both.
 */
#include <apr_strings.h>
#include <okapi/error.h>

#include "access.h"
#include "search_private.h"
#include "text.h"
#include "transfer_private.h"

enum { NAME_MAX_CHARS = 255 };

/* ---- within a store ---- */

typedef struct move_t {
    okapi_folder_t *folder, *to;
    const char *name, *key;
} move_t;

/* Walks up from BELOW: OKAPI_ECYCLE if FOLDER_ID is on the way. */
static apr_status_t check_cycle(okapi__conn_t *conn, okapi_id_t folder_id, okapi_id_t below,
                                apr_pool_t *scratch_pool)
{
    for (okapi_id_t id = below, last = 0; id != last;) {
        okapi__rows_t *rows;
        int found;
        if (id == folder_id) {
            return OKAPI_ECYCLE;
        }
        apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_FOR_EDIT,
                                               DB_ARGS(DB_I(id)), scratch_pool);
        if (rv != APR_SUCCESS || !found) {
            return rv != APR_SUCCESS ? rv : OKAPI_EOBJECTDELETED;
        }
        last = id; /* a root is its own parent */
        id = okapi__rows_int(rows, 0);
    }
    return APR_SUCCESS;
}

static apr_status_t read_parent(okapi__conn_t *conn, okapi_id_t id, okapi_id_t *parent_id,
                                apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_FOR_EDIT,
                                           DB_ARGS(DB_I(id)), scratch_pool);
    *parent_id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv == APR_SUCCESS && !found ? OKAPI_EOBJECTDELETED : rv;
}

/* The folder comes first and leaves then, so that who follows the sequence never loses it. */
static apr_status_t write_move(okapi__conn_t *conn, const move_t *m, okapi_id_t old_parent,
                               okapi_cn_t cn, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    okapi_id_t id = m->folder->id, parent = m->to->id;
    apr_status_t rv = okapi__db_exec(conn, STMT_MOVE_FOLDER, NULL,
                                     DB_ARGS(DB_I(parent), DB_S(m->name), DB_S(m->key), DB_I(cn),
                                             DB_I(cn), DB_I(cn), DB_I(okapi_time_now()), DB_I(id)),
                                     scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__stat_add(conn, parent, &no_delta, cn, scratch_pool);
    }
    if (rv == APR_SUCCESS && old_parent != parent) {
        rv = okapi__tombstone_add(conn, old_parent, cn + 1, id, OKAPI__TOMBSTONE_MOVED, 0,
                                  scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__stat_add(conn, old_parent, &no_delta, cn + 1, scratch_pool);
        }
    }
    return rv;
}

static apr_status_t move_within(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const move_t *m = baton;
    okapi_id_t old_parent, existing;
    okapi_cn_t last;
    apr_status_t rv = okapi__cn_take(conn, m->folder->store->id, 2, 0, &last, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = read_parent(conn, m->folder->id, &old_parent, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = check_cycle(conn, m->folder->id, m->to->id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_name_check(conn, m->to->id, m->key, m->folder->id, &existing,
                                      scratch_pool);
    }
    return rv == APR_SUCCESS ? write_move(conn, m, old_parent, last - 1, scratch_pool) : rv;
}

/* ---- folder by folder ---- */

typedef struct node_t {
    okapi_id_t id, new_id;
    int parent; /* index of the node above it; -1: none */
    int kind;
    int is_search;
    apr_uint32_t rights;
    const char *name, *container_class;
    okapi_binary_t props;
} node_t;

typedef struct tree_t {
    okapi__transfer_e kind;
    okapi_store_t *from_store, *to_store;
    okapi_id_t top;
    int deleted;               /* the tree is a deleted one */
    int recursive;
    okapi_id_t to;             /* what it goes below */
    const char *name;          /* of the top; NULL: as it was */
    apr_array_header_t *nodes; /* parents first */
    int partial;
    okapi__translation_t *translation;
    apr_pool_t *pool;
} tree_t;

static void add_node(tree_t *t, int parent, okapi__rows_t *rows)
{
    okapi_binary_t props = okapi__rows_blob(rows, 4);
    node_t *node = apr_array_push(t->nodes);
    *node = (node_t){.id = okapi__rows_int(rows, 0), .parent = parent};
    node->kind = (int)okapi__rows_int(rows, 1);
    node->is_search = okapi__rows_int(rows, 7) != 0;
    node->name = apr_pstrdup(t->pool, okapi__rows_str(rows, 2));
    node->container_class = apr_pstrdup(t->pool, okapi__rows_str(rows, 3));
    node->props = (okapi_binary_t){apr_pmemdup(t->pool, props.data, props.len), props.len};
}

/* Those that went in the same deletion have the same number. */
static apr_status_t add_nodes(okapi__conn_t *conn, tree_t *t, int parent, okapi_cn_t deleted_cn,
                              apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    okapi_id_t id = APR_ARRAY_IDX(t->nodes, parent, node_t).id;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_TREE_CHILDREN,
                                       DB_ARGS(DB_I(id), DB_I(deleted_cn)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        if (!deleted_cn || okapi__rows_int(rows, 6) > 0) { /* else a search folder that was */
            add_node(t, parent, rows);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* A search looks into the folders of its own store. */
static int is_allowed(const tree_t *t, const node_t *node)
{
    if (t->kind != OKAPI__COPY) {
        return node->rights & OKAPI_RIGHT_OWNER && !node->kind && !node->is_search;
    }
    return okapi__rights_visible(node->rights) &&
           okapi__contents_check(node->rights) == APR_SUCCESS &&
           (!node->is_search || (t->from_store->id == t->to_store->id && t->to_store->full_access));
}

/* Of the nodes from FIRST on. */
static apr_status_t drop_forbidden(okapi__conn_t *conn, tree_t *t, int first,
                                   apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    int to = first;
    for (int i = first; rv == APR_SUCCESS && i < t->nodes->nelts; i++) {
        node_t node = APR_ARRAY_IDX(t->nodes, i, node_t);
        rv = okapi__rights(&node.rights, conn, t->from_store, node.id, scratch_pool);
        if (is_allowed(t, &node)) {
            APR_ARRAY_IDX(t->nodes, to++, node_t) = node;
        } else {
            t->partial = 1;
        }
    }
    t->nodes->nelts = to;
    return rv;
}

static apr_status_t read_tree(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    tree_t *t = baton;
    okapi__rows_t *rows;
    okapi_cn_t deleted_cn = 0;
    int found;
    apr_array_clear(t->nodes);
    t->partial = 0;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_TREE_TOP,
                                           DB_ARGS(DB_I(t->top), DB_I(t->from_store->id)),
                                           scratch_pool);
    if (rv == APR_SUCCESS && found) {
        deleted_cn = okapi__rows_int(rows, 5);
        found = t->deleted == (deleted_cn > 0) && (!deleted_cn || okapi__rows_int(rows, 6) > 0);
    }
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    add_node(t, -1, rows);
    rv = drop_forbidden(conn, t, 0, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && t->recursive && i < t->nodes->nelts; i++) {
        int first = t->nodes->nelts;
        rv = add_nodes(conn, t, i, deleted_cn, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = drop_forbidden(conn, t, first, scratch_pool);
        }
    }
    return rv;
}

/* The new folder for a node. */
static apr_status_t make_folder(tree_t *t, node_t *node, apr_pool_t *scratch_pool)
{
    okapi_id_t parent =
        node->parent < 0 ? t->to : APR_ARRAY_IDX(t->nodes, node->parent, node_t).new_id;
    okapi__new_folder_t folder = {.store = t->to_store,
                                  .parent_id = parent,
                                  .permissions_of = t->deleted ? node->id : parent,
                                  .name = node->parent < 0 && t->name ? t->name : node->name,
                                  .container_class = node->container_class,
                                  .props = node->props,
                                  .is_search = node->is_search};
    apr_status_t rv = APR_SUCCESS;
    if (t->translation && folder.props.len) {
        do {
            rv = okapi__translate_props(&folder.props, t->translation, scratch_pool);
        } while (rv == APR_INCOMPLETE &&
                 (rv = okapi__translation_learn(t->translation, scratch_pool)) == APR_SUCCESS);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_add(&folder, scratch_pool);
    }
    node->new_id = folder.id;
    return rv;
}

static apr_status_t transfer_node(tree_t *t, node_t *node, apr_pool_t *scratch_pool)
{
    okapi__pace_filter_t filter = okapi__transfer_filter(t->kind);
    okapi__transfer_t messages = {.kind = t->kind,
                                  .from_store = t->from_store,
                                  .to_store = t->to_store,
                                  .from = node->id,
                                  .from_rights = node->rights,
                                  .to_rights = OKAPI_RIGHT_ALL, /* it is a new one */
                                  .from_deleted = t->deleted,
                                  .translation = t->translation};
    apr_status_t rv = make_folder(t, node, scratch_pool);
    messages.to = node->new_id;
    if (rv == APR_SUCCESS && node->is_search) {
        rv = okapi__search_copy(t->to_store, node->id, node->new_id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__pace_folder(t->to_store->okapi->db, node->id, &filter, okapi__transfer_step,
                                &messages, scratch_pool);
    }
    t->partial |= messages.missing;
    return rv;
}

/* Folders made for a part that failed stay, with what is already in them. */
static apr_status_t transfer_tree(tree_t *t, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    t->pool = scratch_pool;
    t->nodes = apr_array_make(scratch_pool, 16, sizeof(node_t));
    if (t->from_store->id != t->to_store->id) {
        t->translation = okapi__translation_create(t->from_store, t->to_store, scratch_pool);
    }
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(t->from_store->okapi->db, read_tree, t, pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < t->nodes->nelts; i++) {
        apr_pool_clear(pool);
        rv = transfer_node(t, &APR_ARRAY_IDX(t->nodes, i, node_t), pool);
    }
    apr_pool_destroy(pool);
    return rv;
}

static okapi_id_t new_id_of(const tree_t *t)
{
    return t->nodes->nelts ? APR_ARRAY_IDX(t->nodes, 0, node_t).new_id : 0;
}

/* ---- from outside ---- */

apr_status_t okapi_folder_rename(okapi_folder_t *folder, const char *name,
                                 apr_pool_t *scratch_pool)
{
    okapi_propval_t v = okapi_propval_str(PR_DISPLAY_NAME, name);
    return okapi_object_set(&folder->object, &v, 1, scratch_pool);
}

static apr_status_t check_move(const okapi_folder_t *folder, const okapi_folder_t *to)
{
    apr_status_t rv = folder->special ? OKAPI_ENOSUPPORT : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = okapi__rights_check(folder->rights, OKAPI_RIGHT_OWNER);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_takes(to);
    }
    return rv == APR_SUCCESS ? okapi__rights_check(to->rights, OKAPI_RIGHT_CREATE_SUBFOLDER) : rv;
}

/* What couldn't be moved, or has come meanwhile, keeps the folder it is in. */
static apr_status_t move_across(okapi_id_t *id, okapi_folder_t *folder, okapi_folder_t *to,
                                const char *name, int *partial, apr_pool_t *scratch_pool)
{
    tree_t t = {.kind = OKAPI__MOVE_OUT,
                .from_store = folder->store,
                .to_store = to->store,
                .top = folder->id,
                .recursive = 1,
                .to = to->id,
                .name = name};
    apr_status_t rv = transfer_tree(&t, scratch_pool);
    *partial = t.partial;
    *id = rv == APR_SUCCESS ? new_id_of(&t) : 0;
    return rv == APR_SUCCESS && !t.partial
               ? okapi__folder_remove_empty(folder->store, folder->id, t.nodes->nelts, partial,
                                            scratch_pool)
               : rv;
}

apr_status_t okapi_folder_move(okapi_id_t *id, okapi_folder_t *folder, okapi_folder_t *to,
                               const char *name, int *partial, apr_pool_t *scratch_pool)
{
    move_t m = {folder, to, name ? name : folder->name, NULL};
    okapi_id_t ignored;
    apr_status_t rv = check_move(folder, to);
    *partial = 0;
    id = id ? id : &ignored;
    *id = 0;
    if (rv != APR_SUCCESS || folder->store->id != to->store->id) {
        return rv != APR_SUCCESS ? rv
                                 : move_across(id, folder, to, name, partial, scratch_pool);
    }
    if (okapi__folder_name_fault(m.name)) {
        return OKAPI_EINVAL;
    }
    m.name = okapi__text_clean(m.name, NAME_MAX_CHARS, scratch_pool);
    m.key = okapi__text_fold(m.name, NAME_MAX_CHARS, scratch_pool);
    rv = okapi__db_write(folder->store->okapi->db, move_within, &m, scratch_pool);
    if (rv == APR_SUCCESS) {
        *id = folder->id;
        okapi__changed(folder->store->okapi, folder->store->id);
    }
    return rv;
}

typedef struct cycle_t {
    okapi_id_t id, below;
} cycle_t;

static apr_status_t cycle_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const cycle_t *c = baton;
    return check_cycle(conn, c->id, c->below, scratch_pool);
}

apr_status_t okapi_folder_copy(okapi_id_t *id, okapi_folder_t *folder, okapi_folder_t *to,
                               const char *name, int recursive, int *partial,
                               apr_pool_t *scratch_pool)
{
    tree_t t = {.kind = OKAPI__COPY,
                .from_store = folder->store,
                .to_store = to->store,
                .top = folder->id,
                .recursive = recursive,
                .to = to->id,
                .name = name};
    cycle_t cycle = {folder->id, to->id};
    *partial = 0;
    *id = 0;
    apr_status_t rv = okapi__contents_check(folder->rights);
    if (rv == APR_SUCCESS) {
        rv = okapi__rights_check(to->rights, OKAPI_RIGHT_CREATE_SUBFOLDER);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_takes(to);
    }
    if (rv == APR_SUCCESS && recursive && folder->store->id == to->store->id) {
        rv = okapi__db_read(to->store->okapi->db, cycle_work, &cycle, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = transfer_tree(&t, scratch_pool);
    *partial = t.partial;
    *id = new_id_of(&t);
    return rv;
}

static apr_status_t forget(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const tree_t *t = baton;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < t->nodes->nelts; i++) {
        rv = okapi__db_exec(conn, STMT_DELETE_REST, NULL,
                            DB_ARGS(DB_I(APR_ARRAY_IDX(t->nodes, i, node_t).id)), scratch_pool);
    }
    return rv;
}

apr_status_t okapi_folder_recover(okapi_id_t *id, okapi_store_t *store, okapi_id_t deleted,
                                  okapi_folder_t *to, const char *name, int *partial,
                                  apr_pool_t *scratch_pool)
{
    tree_t t = {.kind = OKAPI__MOVE_OUT,
                .from_store = store,
                .to_store = to->store,
                .top = deleted,
                .deleted = 1,
                .recursive = 1,
                .to = to->id,
                .name = name};
    *partial = 0;
    *id = 0;
    apr_status_t rv = store->full_access ? APR_SUCCESS : OKAPI_EACCESS;
    if (rv == APR_SUCCESS) {
        rv = okapi__rights_check(to->rights, OKAPI_RIGHT_CREATE_SUBFOLDER);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_takes(to);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = transfer_tree(&t, scratch_pool);
    *partial = t.partial;
    *id = new_id_of(&t);
    return rv == APR_SUCCESS ? okapi__db_write(store->okapi->db, forget, &t, scratch_pool) : rv;
}
