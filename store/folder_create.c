/* folder_create.c - new folders. */
#include "access.h"
#include "cn.h"
#include "search_private.h"
#include "text.h"

enum { NAME_MAX_CHARS = 255, CLASS_MAX_CHARS = 128 };

const char *okapi__folder_name_fault(const char *name)
{
    if (!*name) {
        return "it is empty";
    }
    if (okapi__text_chars(name) > NAME_MAX_CHARS) {
        return "it is longer than 255 characters";
    }
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if (*p < ' ' || *p == 0x7F) {
            return "it contains a control character";
        }
    }
    return NULL;
}

apr_status_t okapi__folder_check(okapi__conn_t *conn, okapi_id_t id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_FOR_EDIT,
                                           DB_ARGS(DB_I(id)), scratch_pool);
    return rv == APR_SUCCESS && !found ? OKAPI_EOBJECTDELETED : rv;
}

apr_status_t okapi__folder_name_check(okapi__conn_t *conn, okapi_id_t parent_id, const char *key,
                                      okapi_id_t id, okapi_id_t *existing,
                                      apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_BY_NAME,
                                           DB_ARGS(DB_I(parent_id), DB_S(key)), scratch_pool);
    *existing = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv == APR_SUCCESS && *existing && *existing != id ? OKAPI_EDUPLICATENAME : rv;
}

typedef struct creation_t {
    okapi__new_folder_t *folder;
    const char *name, *key, *container_class;
} creation_t;

/* Who makes a folder in somebody else's store owns it: Exchange's public folders are that way. */
static apr_status_t own_folder(okapi__conn_t *conn, const okapi__new_folder_t *f,
                               apr_pool_t *scratch_pool)
{
    okapi__arg_t id = DB_I(f->id);
    okapi__arg_t member = DB_S(okapi__member_of(f->store->actor));
    apr_status_t rv =
        okapi__db_exec(conn, STMT_PERMISSION_REMOVE, NULL, DB_ARGS(id, member), scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__db_exec(conn, STMT_PERMISSION_ADD, NULL,
                                DB_ARGS(id, member, DB_I(OKAPI_RIGHT_ALL | OKAPI_RIGHT_CONTACT)),
                                scratch_pool)
               : rv;
}

static apr_status_t insert_folder(okapi__conn_t *conn, const creation_t *c, okapi_cn_t cn,
                                  apr_pool_t *scratch_pool)
{
    const okapi__new_folder_t *f = c->folder;
    okapi_time_t now = okapi_time_now();
    okapi__arg_t props = f->props.len ? DB_B(f->props.data, f->props.len) : DB_NULL;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_FOLDER_ADD, NULL,
        DB_ARGS(DB_I(f->id), DB_I(f->store->id), DB_I(f->parent_id), DB_I(OKAPI_FOLDER_NONE),
                DB_S(c->name), DB_S(c->key), DB_S(c->container_class), DB_I(cn), DB_I(cn),
                DB_I(cn), DB_I(now), DB_I(now), props),
        scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_STAT_NEW, NULL,
                            DB_ARGS(DB_I(f->id), DB_I(apr_time_sec(okapi_time_to_apr(now))),
                                    DB_I(cn), DB_I(now)),
                            scratch_pool);
    }
    if (rv == APR_SUCCESS && f->is_search) {
        return okapi__search_add(conn, f->store->id, f->id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_PERMISSION_COPY, NULL,
                            DB_ARGS(DB_I(f->id), DB_I(f->permissions_of)), scratch_pool);
    }
    return rv == APR_SUCCESS && !f->store->full_access ? own_folder(conn, f, scratch_pool) : rv;
}

static apr_status_t create(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    creation_t *c = baton;
    okapi__new_folder_t *f = c->folder;
    okapi_cn_t cn;
    f->existing = 0;
    apr_status_t rv = okapi__cn_take(conn, f->store->id, 1, 0, &cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_check(conn, f->parent_id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_name_check(conn, f->parent_id, c->key, 0, &f->existing, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = insert_folder(conn, c, cn, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__stat_add(conn, f->parent_id, &no_delta, cn, scratch_pool)
                             : rv;
}

apr_status_t okapi__folder_add(okapi__new_folder_t *folder, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = folder->store->okapi;
    creation_t c = {.folder = folder};
    if (okapi__folder_name_fault(folder->name)) {
        return OKAPI_EINVAL;
    }
    c.name = okapi__text_clean(folder->name, NAME_MAX_CHARS, scratch_pool);
    c.key = okapi__text_fold(folder->name, NAME_MAX_CHARS, scratch_pool);
    c.container_class = okapi__text_clean(folder->container_class, CLASS_MAX_CHARS, scratch_pool);
    apr_status_t rv = okapi__db_take_ids(okapi->db, 1, &folder->id, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(okapi->db, create, &c, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        okapi__changed(okapi, folder->store->id);
    }
    return rv;
}

apr_status_t okapi_folder_create(okapi_id_t *id, okapi_folder_t *parent, const char *name,
                                 const char *container_class, apr_pool_t *scratch_pool)
{
    /* A new folder is for the same people as the one around it. */
    okapi__new_folder_t folder = {.store = parent->store,
                                  .parent_id = parent->id,
                                  .permissions_of = parent->id,
                                  .name = name};
    *id = 0;
    folder.container_class = container_class ? container_class : parent->container_class;
    apr_status_t rv = okapi__rights_check(parent->rights, OKAPI_RIGHT_CREATE_SUBFOLDER);
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_takes(parent);
    }
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
