/* send_as.c - who may send as whom. */
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/send_as.h>

#include "access.h"
#include "submit_private.h"
#include "text.h"

enum { NAME_MAX_LENGTH = 64 };

/* ---- reading ---- */

typedef struct list_t {
    okapi_id_t owner_id;
    apr_array_header_t *members;
    apr_pool_t *result_pool;
} list_t;

static apr_status_t list(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *b = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_SEND_AS_LIST, DB_ARGS(DB_I(b->owner_id)),
                                       scratch_pool);
    apr_array_clear(b->members);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(b->members, const char *) =
            apr_pstrdup(b->result_pool, okapi__rows_str(rows, 0));
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_send_as_list(apr_array_header_t **members, okapi_t *okapi,
                                const okapi_user_t *owner, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    list_t b = {owner->id, apr_array_make(result_pool, 4, sizeof(const char *)), result_pool};
    *members = b.members;
    return okapi__db_read(okapi->db, list, &b, scratch_pool);
}

static apr_status_t is_member(int *found, okapi__conn_t *conn, okapi_id_t owner_id,
                              const char *name, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    return okapi__db_select_one(&rows, found, conn, STMT_SEND_AS_GET,
                                DB_ARGS(DB_I(owner_id), DB_S(name)), scratch_pool);
}

apr_status_t okapi__send_as_check(int *may, okapi__conn_t *conn, okapi_id_t owner_id,
                                  const okapi_user_t *actor, apr_pool_t *scratch_pool)
{
    apr_array_header_t *groups;
    apr_status_t rv = is_member(may, conn, owner_id, actor->name, scratch_pool);
    if (rv != APR_SUCCESS || *may) {
        return rv;
    }
    rv = okapi__groups_of(&groups, conn, actor->id, scratch_pool, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && !*may && i < groups->nelts; i++) {
        rv = is_member(may, conn, owner_id, APR_ARRAY_IDX(groups, i, const char *), scratch_pool);
    }
    return rv;
}

/* ---- changing ---- */

typedef struct edit_t {
    okapi_id_t owner_id;
    const char *member;
} edit_t;

static apr_status_t add(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    okapi_id_t id;
    apr_status_t rv = okapi__member_id(&id, conn, b->member, scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_SEND_AS_ADD, NULL,
                                              DB_ARGS(DB_I(b->owner_id), DB_S(b->member)),
                                              scratch_pool)
                             : rv;
}

apr_status_t okapi_send_as_add(okapi_t *okapi, const okapi_user_t *owner, const char *member,
                               apr_pool_t *scratch_pool)
{
    edit_t b = {owner->id, okapi__text_fold(member, NAME_MAX_LENGTH, scratch_pool)};
    return okapi__db_write(okapi->db, add, &b, scratch_pool);
}

static apr_status_t remove_one(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    apr_int64_t affected = 0;
    apr_status_t rv = okapi__db_exec(conn, STMT_SEND_AS_REMOVE, &affected,
                                     DB_ARGS(DB_I(b->owner_id), DB_S(b->member)), scratch_pool);
    return rv == APR_SUCCESS && !affected ? OKAPI_ENOTFOUND : rv;
}

apr_status_t okapi_send_as_remove(okapi_t *okapi, const okapi_user_t *owner, const char *member,
                                  apr_pool_t *scratch_pool)
{
    edit_t b = {owner->id, okapi__text_fold(member, NAME_MAX_LENGTH, scratch_pool)};
    return okapi__db_write(okapi->db, remove_one, &b, scratch_pool);
}
