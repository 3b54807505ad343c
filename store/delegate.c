/* delegate.c - the delegates of a mailbox (MS-OXODLGT). */
#include <string.h>

#include <apr_strings.h>
#include <okapi/delegate.h>
#include <okapi/entryid.h>

#include "access.h"
#include "message_private.h"
#include "user_private.h"

enum { KNOWN_FLAGS = OKAPI_DELEGATE_MEETINGS | OKAPI_DELEGATE_PRIVATE };

/* ---- reading ---- */

apr_status_t okapi__delegate_flags(apr_uint32_t *flags, okapi__conn_t *conn, okapi_id_t store_id,
                                   okapi_id_t user_id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_DELEGATE_FLAGS,
                                           DB_ARGS(DB_I(store_id), DB_I(user_id)), scratch_pool);
    *flags = rv == APR_SUCCESS && found ? (apr_uint32_t)okapi__rows_int(rows, 0) : 0;
    return rv;
}

typedef struct list_t {
    okapi_id_t store_id;
    apr_array_header_t *delegates;
    apr_pool_t *result_pool;
} list_t;

static apr_status_t list(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *b = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_DELEGATE_LIST, DB_ARGS(DB_I(b->store_id)),
                                       scratch_pool);
    apr_array_clear(b->delegates);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        const okapi_user_t user = {.id = okapi__rows_int(rows, 1),
                                   .name = okapi__rows_str(rows, 2),
                                   .email = okapi__rows_str(rows, 3),
                                   .fullname = okapi__rows_str(rows, 4),
                                   .flags = (apr_uint32_t)okapi__rows_int(rows, 5),
                                   .password = ""};
        okapi_delegate_t *delegate = apr_array_push(b->delegates);
        delegate->flags = (apr_uint32_t)okapi__rows_int(rows, 0);
        delegate->user = okapi__user_dup(&user, b->result_pool);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_delegate_list(apr_array_header_t **delegates, okapi_store_t *store,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    list_t b = {store->id, apr_array_make(result_pool, 4, sizeof(okapi_delegate_t)), result_pool};
    *delegates = b.delegates;
    return store->full_access ? okapi__db_read(store->okapi->db, list, &b, scratch_pool)
                              : OKAPI_EACCESS;
}

/* ---- changing ---- */

static apr_status_t put(okapi__conn_t *conn, okapi_id_t store_id, okapi_id_t user_id,
                        apr_uint32_t flags, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_DELEGATE_FLAGS,
                                           DB_ARGS(DB_I(store_id), DB_I(user_id)), scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__db_exec(conn, found ? STMT_DELEGATE_SET : STMT_DELEGATE_ADD, NULL,
                                DB_ARGS(DB_I(flags), DB_I(store_id), DB_I(user_id)), scratch_pool)
               : rv;
}

typedef struct edit_t {
    okapi_id_t store_id, user_id;
    apr_uint32_t flags;
} edit_t;

/* The lock of the store's row makes those who change a list do it one after the other. */
static apr_status_t set(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_STORE_LOCK, NULL, DB_ARGS(DB_I(b->store_id)), scratch_pool);
    return rv == APR_SUCCESS ? put(conn, b->store_id, b->user_id, b->flags, scratch_pool) : rv;
}

apr_status_t okapi_delegate_set(okapi_store_t *store, const okapi_user_t *user, apr_uint32_t flags,
                                apr_pool_t *scratch_pool)
{
    edit_t b = {store->id, user->id, flags};
    if (!store->full_access) {
        return OKAPI_EACCESS;
    }
    if (user->id == store->owner->id || (flags & ~(apr_uint32_t)KNOWN_FLAGS)) {
        return OKAPI_EINVAL;
    }
    return okapi__db_write(store->okapi->db, set, &b, scratch_pool);
}

static apr_status_t remove_one(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    apr_int64_t affected = 0;
    apr_status_t rv = okapi__db_exec(conn, STMT_DELEGATE_REMOVE, &affected,
                                     DB_ARGS(DB_I(b->store_id), DB_I(b->user_id)), scratch_pool);
    return rv == APR_SUCCESS && !affected ? OKAPI_ENOTFOUND : rv;
}

apr_status_t okapi_delegate_remove(okapi_store_t *store, const okapi_user_t *user,
                                   apr_pool_t *scratch_pool)
{
    edit_t b = {store->id, user->id, 0};
    return store->full_access ? okapi__db_write(store->okapi->db, remove_one, &b, scratch_pool)
                              : OKAPI_EACCESS;
}

/* ---- the Delegate Information object ---- */

typedef struct listed_t {
    const char *name;
    int shows_private;
} listed_t;

apr_array_header_t *okapi__delegates_named(const okapi_message_t *message, apr_pool_t *result_pool)
{
    const okapi_store_t *store = message->store;
    const okapi_props_t *props = message->bag.props;
    const okapi_propval_t *ids = okapi_props_get(props, PR_SCHDINFO_DELEGATE_ENTRYIDS);
    const okapi_propval_t *flags = okapi_props_get(props, PR_DELEGATE_FLAGS);
    if (!ids || message->row.folder_id != okapi_store_special(store, OKAPI_FOLDER_FREEBUSY) ||
        !store->full_access) {
        return NULL;
    }
    apr_array_header_t *listed = apr_array_make(result_pool, 4, sizeof(listed_t));
    for (apr_uint32_t i = 0; i < ids->v.mv.count; i++) {
        const char *dn = okapi_entryid_addressbook_dn(ids->v.mv.v.bin[i], result_pool);
        const char *name = dn ? okapi_user_name_of_dn(store->okapi, dn, result_pool) : NULL;
        if (name && strcmp(name, store->owner->name) != 0) {
            APR_ARRAY_PUSH(listed, listed_t) = (listed_t){
                name, flags && i < flags->v.mv.count && flags->v.mv.v.i32[i] != 0};
        }
    }
    return listed;
}

/* What the object doesn't say of a delegate stays as it is: copies are a matter of rules there. */
apr_status_t okapi__delegates_replace(okapi__conn_t *conn, const okapi_store_t *store,
                                      const apr_array_header_t *listed, apr_pool_t *scratch_pool)
{
    apr_array_header_t *ids = apr_array_make(scratch_pool, 4, sizeof(edit_t));
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < listed->nelts; i++) {
        const listed_t *l = &APR_ARRAY_IDX(listed, i, listed_t);
        okapi__rows_t *rows;
        int found;
        rv = okapi__db_select_one(&rows, &found, conn, STMT_USER_BY_NAME, DB_ARGS(DB_S(l->name)),
                                  scratch_pool);
        if (rv == APR_SUCCESS && found) {
            edit_t edit = {store->id, okapi__rows_int(rows, 0), 0};
            rv = okapi__delegate_flags(&edit.flags, conn, store->id, edit.user_id, scratch_pool);
            edit.flags &= ~(apr_uint32_t)OKAPI_DELEGATE_PRIVATE;
            edit.flags |= l->shows_private ? OKAPI_DELEGATE_PRIVATE : 0;
            APR_ARRAY_PUSH(ids, edit_t) = edit;
        }
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_DELEGATE_CLEAR, NULL, DB_ARGS(DB_I(store->id)),
                            scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < ids->nelts; i++) {
        const edit_t *edit = &APR_ARRAY_IDX(ids, i, edit_t);
        rv = put(conn, edit->store_id, edit->user_id, edit->flags, scratch_pool);
    }
    return rv;
}
