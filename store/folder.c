/* folder.c - opening folders, finding them by name, their counts. */
#include <string.h>

#include <apr_strings.h>

#include "per_user_read.h"
#include "search_private.h"
#include "text.h"

enum { NAME_MAX_CHARS = 255 };

/* ---- opening ---- */

okapi_folder_t *okapi__folder_of_row(okapi__rows_t *rows, okapi_store_t *store, apr_uint32_t rights,
                                     apr_pool_t *result_pool)
{
    okapi_folder_t *folder = apr_pcalloc(result_pool, sizeof(*folder));
    folder->object.object_class = &okapi__folder_class;
    folder->store = store;
    folder->pool = result_pool;
    folder->rights = rights;
    folder->id = okapi__rows_int(rows, 0);
    folder->parent_id = okapi__rows_int(rows, 1);
    if (folder->parent_id == folder->id) {
        folder->parent_id = 0;
    }
    folder->special = (int)okapi__rows_int(rows, 2);
    folder->name = apr_pstrdup(result_pool, okapi__rows_str(rows, 3));
    folder->container_class = apr_pstrdup(result_pool, okapi__rows_str(rows, 4));
    folder->cn = okapi__rows_int(rows, 5);
    folder->ctime = okapi__rows_int(rows, 6);
    folder->mtime = okapi__rows_int(rows, 7);
    folder->stat.content = okapi__rows_int(rows, 8);
    folder->stat.unread = okapi__rows_int(rows, 9);
    folder->stat.associated = okapi__rows_int(rows, 10);
    folder->stat.soft_deleted = okapi__rows_int(rows, 11);
    folder->stat.bytes = okapi__rows_int(rows, 12);
    folder->stat.last_cn = okapi__rows_int(rows, 13);
    folder->content_time = okapi__rows_int(rows, 14);
    folder->deleted_total = okapi__rows_int(rows, 15);
    folder->has_subfolders = okapi__rows_int(rows, 16) != 0;
    okapi_binary_t column = okapi__rows_blob(rows, 17);
    folder->has_rules = okapi__rows_int(rows, 19) != 0;
    folder->is_search = okapi__rows_int(rows, 20) != 0;
    if (column.data) {
        folder->packed.data = apr_pmemdup(result_pool, column.data, column.len);
        folder->packed.len = column.len;
    }
    folder->deleted = okapi__rows_int(rows, 18);
    return folder;
}

typedef struct open_t {
    okapi_store_t *store;
    okapi_id_t id;
    okapi_folder_t *folder;
    apr_pool_t *result_pool;
} open_t;

static apr_status_t read_folder(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    open_t *b = baton;
    okapi__rows_t *rows;
    apr_uint32_t rights;
    int found;
    apr_status_t rv = okapi__rights(&rights, conn, b->store, b->id, scratch_pool);
    if (rv != APR_SUCCESS || !okapi__rights_visible(rights)) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_BY_ID,
                              DB_ARGS(DB_I(b->id), DB_I(b->store->id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    b->folder = okapi__folder_of_row(rows, b->store, rights, b->result_pool);
    if (b->folder->is_search && !b->store->full_access) {
        return OKAPI_ENOTFOUND;
    }
    return okapi__per_user_stat(&b->folder->stat, conn, b->store, b->id, scratch_pool);
}

apr_status_t okapi_folder_open(okapi_folder_t **folder, okapi_store_t *store, okapi_id_t id,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    open_t baton = {store, id, NULL, result_pool};
    apr_status_t rv = okapi__db_read_loose(store->okapi->db, read_folder, &baton, scratch_pool);
    if (rv == APR_SUCCESS && baton.folder->is_search) {
        rv = okapi_folder_stat(baton.folder, &baton.folder->stat, scratch_pool);
    }
    *folder = rv == APR_SUCCESS ? baton.folder : NULL;
    return rv;
}

okapi_object_t *okapi_folder_object(okapi_folder_t *folder)
{
    return &folder->object;
}

okapi_store_t *okapi_folder_store(const okapi_folder_t *folder)
{
    return folder->store;
}

okapi_id_t okapi_folder_id(const okapi_folder_t *folder)
{
    return folder->id;
}

okapi_id_t okapi_folder_parent_id(const okapi_folder_t *folder)
{
    return folder->parent_id;
}

const char *okapi_folder_name(const okapi_folder_t *folder)
{
    return folder->name;
}

const char *okapi_folder_class(const okapi_folder_t *folder)
{
    return folder->container_class;
}

apr_uint32_t okapi_folder_rights(const okapi_folder_t *folder)
{
    return folder->rights;
}

int okapi_folder_has_rules(const okapi_folder_t *folder)
{
    return folder->has_rules;
}

int okapi_folder_has_subfolders(const okapi_folder_t *folder)
{
    return folder->has_subfolders;
}

/* ---- counts ---- */

static apr_status_t read_stat(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi_folder_t *folder = baton;
    okapi_folder_stat_t *stat = &folder->stat;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_STAT_READ,
                                           DB_ARGS(DB_I(folder->id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_EOBJECTDELETED;
    }
    stat->content = okapi__rows_int(rows, 0);
    stat->unread = okapi__rows_int(rows, 1);
    stat->associated = okapi__rows_int(rows, 2);
    stat->soft_deleted = okapi__rows_int(rows, 3);
    stat->bytes = okapi__rows_int(rows, 4);
    stat->last_cn = okapi__rows_int(rows, 5);
    return okapi__per_user_stat(stat, conn, folder->store, folder->id, scratch_pool);
}

apr_status_t okapi_folder_stat(okapi_folder_t *folder, okapi_folder_stat_t *stat,
                               apr_pool_t *scratch_pool)
{
    apr_status_t rv =
        folder->is_search ? okapi__search_look(folder->store, 1, scratch_pool) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(folder->store->okapi->db, read_stat, folder, scratch_pool);
    }
    *stat = folder->stat;
    return rv;
}

/* ---- by name ---- */

typedef struct path_t {
    const okapi_store_t *store;
    okapi_id_t id;      /* where it begins, then where it leads */
    const char **names; /* folded, ended by NULL */
} path_t;

/* Walks down the names. Each folder on the way has to be visible to the actor. */
static apr_status_t walk(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    path_t *path = baton;
    okapi_id_t id = path->id;
    for (const char **name = path->names; *name; name++) {
        okapi__rows_t *rows;
        apr_uint32_t rights = 0;
        int found;
        apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_BY_NAME,
                                               DB_ARGS(DB_I(id), DB_S(*name)), scratch_pool);
        if (rv == APR_SUCCESS && found) {
            id = okapi__rows_int(rows, 0);
            rv = okapi__rights(&rights, conn, path->store, id, scratch_pool);
        }
        if (rv != APR_SUCCESS || !okapi__rights_visible(rights)) {
            return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
        }
    }
    path->id = id;
    return APR_SUCCESS;
}

static apr_status_t find(okapi_id_t *id, const okapi_store_t *store, okapi_id_t start,
                         const char **names, apr_pool_t *scratch_pool)
{
    path_t path = {store, start, names};
    apr_status_t rv = okapi__db_read(store->okapi->db, walk, &path, scratch_pool);
    *id = rv == APR_SUCCESS ? path.id : 0;
    return rv;
}

apr_status_t okapi_folder_by_name(okapi_id_t *id, okapi_folder_t *parent, const char *name,
                                  apr_pool_t *scratch_pool)
{
    const char *names[] = {okapi__text_fold(name, NAME_MAX_CHARS, scratch_pool), NULL};
    return find(id, parent->store, parent->id, names, scratch_pool);
}

apr_status_t okapi_folder_by_path(okapi_id_t *id, okapi_store_t *store, const char *path,
                                  apr_pool_t *scratch_pool)
{
    apr_array_header_t *names = apr_array_make(scratch_pool, 8, sizeof(const char *));
    char *state, *copy = apr_pstrdup(scratch_pool, path);
    for (char *name = apr_strtok(copy, "/", &state); name; name = apr_strtok(NULL, "/", &state)) {
        APR_ARRAY_PUSH(names, const char *) = okapi__text_fold(name, NAME_MAX_CHARS, scratch_pool);
    }
    if (names->nelts == 0) {
        return OKAPI_ENOTFOUND;
    }
    APR_ARRAY_PUSH(names, const char *) = NULL;
    return find(id, store, okapi_store_special(store, OKAPI_FOLDER_IPM_SUBTREE),
                (const char **)names->elts, scratch_pool);
}
