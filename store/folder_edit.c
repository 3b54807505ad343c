/* folder_edit.c - setting properties of a folder, which is durable at once. */
#include <apr_strings.h>

#include "cn.h"
#include "store_private.h"
#include "text.h"

enum { NAME_MAX_CHARS = 255, CLASS_MAX_CHARS = 128 };

/* A folder as it is to be after the transaction. */
typedef struct edit_t {
    okapi_folder_t *folder;
    const okapi__prop_edit_t *edit;
    okapi_id_t parent_id;
    const char *name, *key, *container_class;
    okapi_props_t *props;
    okapi_binary_t column;
    okapi_cn_t cn;
    okapi_time_t now;
} edit_t;

static apr_status_t read_current(okapi__conn_t *conn, edit_t *b, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_FOR_EDIT,
                                           DB_ARGS(DB_I(b->folder->id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_EOBJECTDELETED;
    }
    b->parent_id = okapi__rows_int(rows, 0);
    b->name = apr_pstrdup(b->folder->pool, okapi__rows_str(rows, 1));
    b->container_class = apr_pstrdup(b->folder->pool, okapi__rows_str(rows, 2));
    return okapi__props_of_column(&b->props, okapi__rows_blob(rows, 3), b->folder->pool);
}

/* The name and the class have columns of their own. */
static apr_status_t move_to_columns(edit_t *b)
{
    apr_pool_t *pool = b->folder->pool;
    const char *name = okapi_props_str(b->props, PR_DISPLAY_NAME, NULL);
    const char *container_class = okapi_props_str(b->props, PR_CONTAINER_CLASS, NULL);
    if (name) {
        if (okapi__folder_name_fault(name)) {
            return OKAPI_EINVAL;
        }
        b->name = okapi__text_clean(name, NAME_MAX_CHARS, pool);
        okapi_props_unset(b->props, PR_DISPLAY_NAME);
    }
    if (container_class) {
        b->container_class = okapi__text_clean(container_class, CLASS_MAX_CHARS, pool);
        okapi_props_unset(b->props, PR_CONTAINER_CLASS);
    }
    for (int i = 0; i < b->edit->nunset; i++) {
        if (OKAPI_PROP_ID(b->edit->unset[i]) == OKAPI_PROP_ID(PR_CONTAINER_CLASS)) {
            b->container_class = "";
        }
    }
    return APR_SUCCESS;
}

static apr_status_t write_edit(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    edit_t *b = baton;
    okapi_id_t existing;
    apr_status_t rv = okapi__cn_take(conn, b->folder->store->id, 1, 0, &b->cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = read_current(conn, b, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        okapi__prop_edit_apply(b->edit, b->props);
        rv = move_to_columns(b);
    }
    if (rv == APR_SUCCESS) {
        b->key = okapi__text_fold(b->name, NAME_MAX_CHARS, scratch_pool);
        rv = okapi__folder_name_check(conn, b->parent_id, b->key, b->folder->id, &existing,
                                      scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__props_to_column(&b->column, b->props, b->folder->pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    b->now = okapi_time_now();
    rv = okapi__db_exec(conn, STMT_FOLDER_EDIT, NULL,
                        DB_ARGS(DB_S(b->name), DB_S(b->key), DB_S(b->container_class),
                                DB_B(b->column.data, b->column.len), DB_I(b->cn), DB_I(b->cn),
                                DB_I(b->now), DB_I(b->folder->id)),
                        scratch_pool);
    return rv == APR_SUCCESS ? okapi__stat_add(conn, b->parent_id, &no_delta, b->cn, scratch_pool)
                             : rv;
}

static apr_status_t edit_folder(okapi_folder_t *folder, const okapi__prop_edit_t *edit,
                                apr_pool_t *scratch_pool)
{
    okapi_t *okapi = folder->store->okapi;
    edit_t baton = {.folder = folder, .edit = edit};
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI_RIGHT_OWNER);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(okapi->db, write_edit, &baton, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    folder->name = baton.name;
    folder->container_class = baton.container_class;
    folder->props = baton.props;
    folder->packed = baton.column;
    folder->cn = baton.cn;
    folder->mtime = baton.now;
    okapi__changed(okapi, folder->store->id);
    return APR_SUCCESS;
}

static apr_status_t set(okapi_object_t *object, const okapi_propval_t *values, int n,
                        apr_pool_t *scratch_pool)
{
    okapi__prop_edit_t edit = {.values = values, .nvalues = n};
    return edit_folder((okapi_folder_t *)object, &edit, scratch_pool);
}

static apr_status_t unset(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                          apr_pool_t *scratch_pool)
{
    okapi__prop_edit_t edit = {.unset = tags, .nunset = n};
    return edit_folder((okapi_folder_t *)object, &edit, scratch_pool);
}

static apr_status_t stored(const okapi_props_t **props, okapi_object_t *object,
                           apr_pool_t *scratch_pool)
{
    okapi_folder_t *folder = (okapi_folder_t *)object;
    if (!folder->props) {
        apr_status_t rv = okapi__props_of_column(&folder->props, folder->packed, folder->pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    *props = folder->props;
    return APR_SUCCESS;
}

const okapi__object_class_t okapi__folder_class = {
    .kind = OKAPI_OBJECT_FOLDER,
    .computed = okapi__folder_computed,
    .stored = stored,
    .set = set,
    .unset = unset,
};
