/* folder_create.c - new folders. */
#include "access.h"
#include "cn.h"
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

typedef struct creation_t {
    const okapi_folder_t *parent;
    okapi_id_t id;
    okapi_id_t existing; /* the folder that has the name */
    const char *name, *key;
    const char *container_class;
} creation_t;

static apr_status_t check_parent(okapi__conn_t *conn, okapi_id_t parent_id,
                                 apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_FOR_EDIT,
                                           DB_ARGS(DB_I(parent_id)), scratch_pool);
    return rv == APR_SUCCESS && !found ? OKAPI_EOBJECTDELETED : rv;
}

static apr_status_t find_existing(okapi__conn_t *conn, creation_t *creation,
                                  apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FOLDER_BY_NAME,
                                           DB_ARGS(DB_I(creation->parent->id), DB_S(creation->key)),
                                           scratch_pool);
    creation->existing = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

/* Who makes a folder in somebody else's store owns it: Exchange's public folders are that way. */
static apr_status_t own_folder(okapi__conn_t *conn, const creation_t *creation,
                               apr_pool_t *scratch_pool)
{
    okapi__arg_t id = DB_I(creation->id);
    okapi__arg_t member = DB_S(okapi__member_of(creation->parent->store->actor));
    apr_status_t rv =
        okapi__db_exec(conn, STMT_PERMISSION_REMOVE, NULL, DB_ARGS(id, member), scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__db_exec(conn, STMT_PERMISSION_ADD, NULL,
                                DB_ARGS(id, member, DB_I(OKAPI_RIGHT_ALL | OKAPI_RIGHT_CONTACT)),
                                scratch_pool)
               : rv;
}

static apr_status_t insert_folder(okapi__conn_t *conn, const creation_t *creation, okapi_cn_t cn,
                                  apr_pool_t *scratch_pool)
{
    const okapi_folder_t *parent = creation->parent;
    okapi_time_t now = okapi_time_now();
    apr_status_t rv =
        okapi__db_exec(conn, STMT_FOLDER_ADD, NULL,
                       DB_ARGS(DB_I(creation->id), DB_I(parent->store->id), DB_I(parent->id),
                               DB_I(OKAPI_FOLDER_NONE), DB_S(creation->name), DB_S(creation->key),
                               DB_S(creation->container_class), DB_I(cn), DB_I(cn), DB_I(cn),
                               DB_I(now), DB_I(now), DB_NULL),
                       scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_STAT_NEW, NULL,
                            DB_ARGS(DB_I(creation->id), DB_I(apr_time_sec(okapi_time_to_apr(now))),
                                    DB_I(cn), DB_I(now)),
                            scratch_pool);
    }
    /* A new folder is for the same people as the one around it. */
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_PERMISSION_COPY, NULL,
                            DB_ARGS(DB_I(creation->id), DB_I(parent->id)), scratch_pool);
    }
    return rv == APR_SUCCESS && !parent->store->full_access ? own_folder(conn, creation, scratch_pool)
                                                            : rv;
}

static apr_status_t create(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    creation_t *creation = baton;
    const okapi_folder_t *parent = creation->parent;
    okapi_cn_t cn;
    apr_status_t rv = okapi__cn_take(conn, parent->store->id, 1, 0, &cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = check_parent(conn, parent->id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = find_existing(conn, creation, scratch_pool);
    }
    if (rv != APR_SUCCESS || creation->existing) {
        return rv != APR_SUCCESS ? rv : OKAPI_EDUPLICATENAME;
    }
    rv = insert_folder(conn, creation, cn, scratch_pool);
    return rv == APR_SUCCESS ? okapi__stat_add(conn, parent->id, &no_delta, cn, scratch_pool) : rv;
}

apr_status_t okapi_folder_create(okapi_id_t *id, okapi_folder_t *parent, const char *name,
                                 const char *container_class, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = parent->store->okapi;
    creation_t creation = {.parent = parent};
    *id = 0;
    apr_status_t rv = okapi__rights_check(parent->rights, OKAPI_RIGHT_CREATE_SUBFOLDER);
    if (rv == APR_SUCCESS && okapi__folder_name_fault(name)) {
        rv = OKAPI_EINVAL;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_take_ids(okapi->db, 1, &creation.id, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    creation.name = okapi__text_clean(name, NAME_MAX_CHARS, scratch_pool);
    creation.key = okapi__text_fold(name, NAME_MAX_CHARS, scratch_pool);
    creation.container_class = okapi__text_clean(
        container_class ? container_class : parent->container_class, CLASS_MAX_CHARS, scratch_pool);
    rv = okapi__db_write(okapi->db, create, &creation, scratch_pool);
    if (rv == APR_SUCCESS) {
        *id = creation.id;
        parent->has_subfolders = 1;
        okapi__changed(okapi, parent->store->id);
    } else if (rv == OKAPI_EDUPLICATENAME) {
        *id = creation.existing;
    }
    return rv;
}
