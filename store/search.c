/* search.c - search folders as callers know them: making one, its criteria, starting and
 * stopping. */
#include <okapi/error.h>

#include "cn.h"
#include "search_private.h"

enum {
    FLAGS_VALID = STOP_SEARCH | RESTART_SEARCH | RECURSIVE_SEARCH | SHALLOW_SEARCH |
                  FOREGROUND_SEARCH | BACKGROUND_SEARCH | CONTENT_INDEXED_SEARCH |
                  NON_CONTENT_INDEXED_SEARCH | STATIC_SEARCH
};

/* ---- making, and unmaking ---- */

int okapi_folder_is_search(const okapi_folder_t *folder)
{
    return folder->is_search;
}

apr_status_t okapi__folder_takes(const okapi_folder_t *folder)
{
    return folder->is_search ? OKAPI_ESEARCHFOLDER : APR_SUCCESS;
}

apr_status_t okapi_search_create(okapi_id_t *id, okapi_folder_t *parent, const char *name,
                                 const char *container_class, apr_pool_t *scratch_pool)
{
    okapi__new_folder_t folder = {.store = parent->store,
                                  .parent_id = parent->id,
                                  .name = name,
                                  .is_search = 1};
    folder.container_class = container_class ? container_class : parent->container_class;
    *id = 0;
    apr_status_t rv = okapi_store_is_public(parent->store)  ? OKAPI_ENOSUPPORT
                      : !parent->store->full_access         ? OKAPI_EACCESS
                                                            : okapi__folder_takes(parent);
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_add(&folder, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        *id = folder.id;
        parent->has_subfolders = 1;
    } else if (rv == OKAPI_EDUPLICATENAME) {
        *id = folder.existing;
    }
    return rv;
}

apr_status_t okapi__search_add(okapi__conn_t *conn, okapi_id_t store_id, okapi_id_t folder_id,
                               apr_pool_t *scratch_pool)
{
    /* An id of its own, which no other run will have. */
    return okapi__db_exec(conn, STMT_SEARCH_ADD, NULL,
                          DB_ARGS(DB_I(folder_id), DB_I(store_id), DB_I(folder_id)), scratch_pool);
}

/* What a run has found is swept away later. */
static apr_status_t end_run(okapi__conn_t *conn, okapi_id_t run_id, apr_pool_t *scratch_pool)
{
    apr_status_t rv =
        okapi__db_exec(conn, STMT_SCOPE_CLEAR, NULL, DB_ARGS(DB_I(run_id)), scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_SWEEP_ADD, NULL, DB_ARGS(DB_I(run_id)),
                                              scratch_pool)
                             : rv;
}

apr_status_t okapi__search_forget(okapi__conn_t *conn, okapi_id_t folder_id, int *found,
                                  apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select_one(&rows, found, conn, STMT_SEARCH_GET,
                                           DB_ARGS(DB_I(folder_id)), scratch_pool);
    if (rv != APR_SUCCESS || !*found) {
        return rv;
    }
    okapi_id_t run_id = okapi__rows_int(rows, 0);
    rv = okapi__db_exec(conn, STMT_SEARCH_OUTDATE, NULL, DB_ARGS(DB_I(folder_id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = end_run(conn, run_id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_SEARCH_DROP, NULL, DB_ARGS(DB_I(folder_id)), scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_SEARCH_STAT_CLEAR, NULL,
                                              DB_ARGS(DB_I(folder_id)), scratch_pool)
                             : rv;
}

/* ---- criteria ---- */

typedef struct criteria_t {
    okapi_id_t folder_id, run_id;
    int found;
    okapi__search_e state;
    apr_uint32_t flags;
    okapi_restriction_t *restriction;
    const okapi_id_t *ids;
    int n;
    apr_pool_t *pool;
} criteria_t;

static apr_status_t read_criteria(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    criteria_t *c = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select_one(&rows, &c->found, conn, STMT_SEARCH_GET,
                                           DB_ARGS(DB_I(c->folder_id)), scratch_pool);
    if (rv != APR_SUCCESS || !c->found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTSEARCHFOLDER;
    }
    c->run_id = okapi__rows_int(rows, 0);
    c->state = (okapi__search_e)okapi__rows_int(rows, 1);
    c->flags = (apr_uint32_t)okapi__rows_int(rows, 2);
    return okapi__search_unpack(&c->restriction, &c->ids, &c->n, okapi__rows_blob(rows, 3),
                                okapi__rows_blob(rows, 4), c->pool);
}

static apr_status_t get_criteria(criteria_t *c, const okapi_store_t *store, okapi_id_t folder_id,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    *c = (criteria_t){.folder_id = folder_id, .pool = result_pool};
    return okapi__db_read(store->okapi->db, read_criteria, c, scratch_pool);
}

apr_status_t okapi_search_get(okapi_folder_t *folder, okapi_search_t *search,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    criteria_t c;
    apr_status_t rv = okapi__search_look(folder->store, 1, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = get_criteria(&c, folder->store, folder->id, result_pool, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    search->restriction = c.restriction;
    search->folder_ids = c.ids;
    search->n = c.n;
    search->flags = (c.state == OKAPI__SEARCH_FILLING ? SEARCH_RUNNING | SEARCH_REBUILD : 0) |
                    (c.state == OKAPI__SEARCH_COMPLETE ? SEARCH_COMPLETE : 0) |
                    (c.flags & RECURSIVE_SEARCH ? SEARCH_RECURSIVE : 0) |
                    (c.flags & FOREGROUND_SEARCH ? SEARCH_FOREGROUND : 0) |
                    (c.flags & STATIC_SEARCH ? SEARCH_STATIC : 0) |
                    (c.state == OKAPI__SEARCH_NEW ? 0 : TWIR_TOTALLY);
    return APR_SUCCESS;
}

/* ---- starting ---- */

typedef struct start_t {
    okapi_store_t *store;
    okapi_id_t folder_id, run_id;
    apr_uint32_t flags;
    okapi_binary_t restriction, scope;
    int again; /* with the folders of the last time, as far as they are there */
    const apr_array_header_t *folders; /* of okapi_id_t: to look through */
    apr_int64_t rev;                   /* of the searches when that was found out */
} start_t;

static apr_status_t add_scopes(okapi__conn_t *conn, const start_t *b, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->folders->nelts; i++) {
        rv = okapi__db_exec(conn, STMT_SCOPE_ADD, NULL,
                            DB_ARGS(DB_I(0), DB_I(b->run_id),
                                    DB_I(APR_ARRAY_IDX(b->folders, i, okapi_id_t))),
                            scratch_pool);
    }
    return rv;
}

/* The new run, and an empty folder. */
static apr_status_t write_run(okapi__conn_t *conn, const start_t *b, okapi_cn_t cn,
                              apr_pool_t *scratch_pool)
{
    okapi__arg_t number = DB_I(cn), id = DB_I(b->folder_id);
    apr_status_t rv = okapi__db_exec(
        conn, STMT_SEARCH_SET, NULL,
        DB_ARGS(DB_I(b->run_id), DB_I(OKAPI__SEARCH_FILLING), DB_I(b->flags), number,
                DB_B(b->restriction.data, b->restriction.len), DB_B(b->scope.data, b->scope.len),
                id),
        scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = add_scopes(conn, b, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_SEARCH_STAT_RESET, NULL,
                            DB_ARGS(number, DB_I(okapi_time_now()), id), scratch_pool);
    }
    return rv;
}

/* APR_EOF, which rolls back, if a step came in between, which may have seen other folders. */
static apr_status_t start_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    start_t *b = baton;
    okapi__rows_t *rows;
    apr_int64_t affected;
    okapi_cn_t cn;
    int found;
    apr_status_t rv = okapi__cn_take(conn, b->store->id, 1, 0, &cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_SEARCH_DISTURB, &affected,
                            DB_ARGS(DB_I(b->store->id), DB_I(b->rev)), scratch_pool);
    }
    if (rv != APR_SUCCESS || affected == 0) {
        return rv != APR_SUCCESS ? rv : APR_EOF;
    }
    rv = okapi__db_select_one(&rows, &found, conn, STMT_SEARCH_GET, DB_ARGS(DB_I(b->folder_id)),
                              scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = found ? end_run(conn, okapi__rows_int(rows, 0), scratch_pool)
                   : OKAPI_EOBJECTDELETED;
    }
    return rv == APR_SUCCESS ? write_run(conn, b, cn, scratch_pool) : rv;
}

/* The first search of a store follows its changes from now on. */
static apr_status_t add_position(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi_store_t *store = baton;
    okapi_cn_t cn = 0;
    apr_status_t rv = okapi__cn_read(conn, store->id, &cn, NULL, scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_SEARCH_POSITION_ADD, NULL,
                                              DB_ARGS(DB_I(store->id), DB_I(cn)), scratch_pool)
                             : rv;
}

static apr_status_t read_rev(start_t *b, apr_pool_t *scratch_pool)
{
    okapi__searches_t s;
    int found;
    apr_status_t rv = okapi__searches_position(&s, &found, b->store, scratch_pool);
    if (rv == APR_SUCCESS && !found) {
        rv = okapi__db_write(b->store->okapi->db, add_position, b->store, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__searches_position(&s, &found, b->store, scratch_pool);
        }
    }
    b->rev = s.rev;
    return rv;
}

static apr_status_t start(start_t *b, const okapi_id_t *ids, int n, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = b->store->okapi;
    apr_array_header_t *folders;
    apr_status_t rv = okapi__db_take_ids(okapi->db, 1, &b->run_id, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    do {
        rv = read_rev(b, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__search_scope(&folders, b->store, ids, n,
                                     (b->flags & RECURSIVE_SEARCH) != 0, b->again, scratch_pool,
                                     scratch_pool);
        }
        if (rv == APR_SUCCESS) {
            b->folders = folders;
            rv = okapi__db_write(okapi->db, start_work, b, scratch_pool);
        }
    } while (rv == APR_EOF);
    if (rv == APR_SUCCESS) {
        okapi__changed(okapi, b->store->id);
    }
    return rv;
}

apr_status_t okapi__search_start(okapi_folder_t *folder, const okapi_restriction_t *restriction,
                                 const okapi_id_t *folder_ids, int n, apr_uint32_t flags,
                                 apr_pool_t *scratch_pool)
{
    start_t b = {.store = folder->store, .folder_id = folder->id, .flags = flags, .again = n == 0};
    criteria_t last;
    apr_status_t rv =
        get_criteria(&last, folder->store, folder->id, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!restriction) {
        restriction = last.restriction;
    }
    if (n == 0) {
        folder_ids = last.ids;
        n = last.n;
    }
    if (!restriction || n == 0) {
        return OKAPI_ENOTINITIALIZED; /* MS-OXCFOLD 3.2.5.4 */
    }
    rv = okapi__search_pack(&b.restriction, &b.scope, restriction, folder_ids, n, scratch_pool);
    return rv == APR_SUCCESS ? start(&b, folder_ids, n, scratch_pool) : rv;
}

apr_status_t okapi__search_copy(okapi_store_t *store, okapi_id_t from, okapi_id_t to,
                                apr_pool_t *scratch_pool)
{
    okapi_folder_t folder = okapi__search_folder(store, to);
    criteria_t c;
    apr_status_t rv = get_criteria(&c, store, from, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS || !c.restriction) {
        return rv;
    }
    rv = okapi__search_start(&folder, c.restriction, c.ids, c.n, c.flags, scratch_pool);
    return rv == OKAPI_ENOTFOUND || rv == OKAPI_ESEARCHSCOPE ? APR_SUCCESS : rv;
}

/* ---- stopping ---- */

static apr_status_t stop_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const start_t *b = baton;
    apr_int64_t affected;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_SEARCH_DISTURB, &affected,
                       DB_ARGS(DB_I(b->store->id), DB_I(b->rev)), scratch_pool);
    if (rv != APR_SUCCESS || affected == 0) {
        return rv != APR_SUCCESS ? rv : APR_EOF;
    }
    return okapi__db_exec(conn, STMT_SEARCH_STOP, NULL,
                          DB_ARGS(DB_I(OKAPI__SEARCH_STOPPED), DB_I(b->folder_id),
                                  DB_I(OKAPI__SEARCH_FILLING)),
                          scratch_pool);
}

/* Only the filling stops, MS-OXCFOLD 3.2.5.4. */
static apr_status_t stop(okapi_folder_t *folder, apr_pool_t *scratch_pool)
{
    start_t b = {.store = folder->store, .folder_id = folder->id};
    criteria_t c;
    apr_status_t rv = get_criteria(&c, folder->store, folder->id, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS && c.state == OKAPI__SEARCH_NEW) {
        rv = OKAPI_ENOTINITIALIZED;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    do {
        rv = read_rev(&b, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__db_write(folder->store->okapi->db, stop_work, &b, scratch_pool);
        }
    } while (rv == APR_EOF);
    return rv;
}

static int has_both(apr_uint32_t flags, apr_uint32_t a, apr_uint32_t b)
{
    return (flags & a) && (flags & b);
}

apr_status_t okapi_search_set(okapi_folder_t *folder, const okapi_restriction_t *restriction,
                              const okapi_id_t *folder_ids, int n, apr_uint32_t flags,
                              apr_pool_t *scratch_pool)
{
    if (!folder->is_search) {
        return OKAPI_ENOTSEARCHFOLDER;
    }
    if ((flags & ~(apr_uint32_t)FLAGS_VALID) || has_both(flags, STOP_SEARCH, RESTART_SEARCH) ||
        has_both(flags, RECURSIVE_SEARCH, SHALLOW_SEARCH) ||
        has_both(flags, FOREGROUND_SEARCH, BACKGROUND_SEARCH) ||
        has_both(flags, CONTENT_INDEXED_SEARCH, NON_CONTENT_INDEXED_SEARCH)) {
        return OKAPI_EINVAL;
    }
    if (n > OKAPI_SEARCH_FOLDERS_MAX) {
        return OKAPI_ETOOCOMPLEX;
    }
    apr_status_t rv = flags & STOP_SEARCH
                          ? stop(folder, scratch_pool)
                          : okapi__search_start(folder, restriction, folder_ids, n,
                                                flags & ~(apr_uint32_t)RESTART_SEARCH,
                                                scratch_pool);
    return rv == APR_SUCCESS ? okapi__search_look(folder->store, !(flags & STOP_SEARCH),
                                                  scratch_pool)
                             : rv;
}
