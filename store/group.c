/* group.c - groups and who is in them.
 *
 * A group's name at the server's own domain is a row of `address`, as a user's is: the primary key
 * there keeps names of users and groups apart.
 */
#include <apr_strings.h>
#include <okapi/group.h>

#include "access.h"
#include "text.h"
#include "user_private.h"

enum { ADDRESS_OF_GROUP = 3, ADDRESS_MAX = 254, NAME_MAX_CHARS = 64, FULLNAME_MAX = 255 };

static const char *fold_name(const char *name, apr_pool_t *result_pool)
{
    return okapi__text_fold(name, NAME_MAX_CHARS, result_pool);
}

/* ---- finding ---- */

static okapi_group_t *group_of_row(okapi__rows_t *rows, apr_pool_t *result_pool)
{
    okapi_group_t *group = apr_palloc(result_pool, sizeof(*group));
    group->id = okapi__rows_int(rows, 0);
    group->name = apr_pstrdup(result_pool, okapi__rows_str(rows, 1));
    group->fullname = apr_pstrdup(result_pool, okapi__rows_str(rows, 2));
    return group;
}

typedef struct lookup_t {
    const char *name;
    okapi_id_t group_id;
    okapi_group_t *group;
    apr_array_header_t *items;
    apr_pool_t *result_pool;
} lookup_t;

static apr_status_t find(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lookup_t *b = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_GROUP_BY_NAME,
                                           DB_ARGS(DB_S(b->name)), scratch_pool);
    b->group = rv == APR_SUCCESS && found ? group_of_row(rows, b->result_pool) : NULL;
    return rv;
}

apr_status_t okapi_group_by_name(okapi_group_t **group, okapi_t *okapi, const char *name,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    lookup_t b = {.name = fold_name(name, scratch_pool), .result_pool = result_pool};
    apr_status_t rv = okapi__db_read(okapi->db, find, &b, scratch_pool);
    *group = b.group;
    return rv == APR_SUCCESS && !b.group ? OKAPI_ENOTFOUND : rv;
}

static apr_status_t list(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lookup_t *b = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_GROUP_LIST, DB_NO_ARGS, scratch_pool);
    apr_array_clear(b->items);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(b->items, okapi_group_t *) = group_of_row(rows, b->result_pool);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_group_list(apr_array_header_t **groups, okapi_t *okapi, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    lookup_t b = {.items = apr_array_make(result_pool, 8, sizeof(okapi_group_t *)),
                  .result_pool = result_pool};
    *groups = b.items;
    return okapi__db_read(okapi->db, list, &b, scratch_pool);
}

/* ---- members ---- */

static apr_status_t list_members(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lookup_t *b = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_GROUP_MEMBERS, DB_ARGS(DB_I(b->group_id)),
                                       scratch_pool);
    apr_array_clear(b->items);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_group_member_t *member = apr_array_push(b->items);
        member->id = okapi__rows_int(rows, 0);
        member->is_group = okapi__rows_int(rows, 1) != 0;
        member->name = apr_pstrdup(b->result_pool, okapi__rows_str(rows, 2));
        member->fullname = apr_pstrdup(b->result_pool, okapi__rows_str(rows, 3));
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_group_members(apr_array_header_t **members, okapi_t *okapi,
                                 const okapi_group_t *group, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool)
{
    lookup_t b = {.group_id = group->id,
                  .items = apr_array_make(result_pool, 8, sizeof(okapi_group_member_t)),
                  .result_pool = result_pool};
    *members = b.items;
    return okapi__db_read(okapi->db, list_members, &b, scratch_pool);
}

/* Names a statement finds, in the order it has, at column 0. */
static apr_status_t names_of(apr_array_header_t *names, okapi__conn_t *conn, okapi__stmt_e stmt,
                             okapi_id_t id, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, stmt, DB_ARGS(DB_I(id)), scratch_pool);
    apr_array_clear(names);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(result_pool, okapi__rows_str(rows, 0));
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t list_users(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lookup_t *b = baton;
    return names_of(b->items, conn, STMT_GROUP_USERS, b->group_id, b->result_pool, scratch_pool);
}

apr_status_t okapi_group_users(apr_array_header_t **names, okapi_t *okapi,
                               const okapi_group_t *group, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    lookup_t b = {.group_id = group->id,
                  .items = apr_array_make(result_pool, 8, sizeof(const char *)),
                  .result_pool = result_pool};
    *names = b.items;
    return okapi__db_read(okapi->db, list_users, &b, scratch_pool);
}

apr_status_t okapi__groups_of(apr_array_header_t **names, okapi__conn_t *conn, okapi_id_t user_id,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    *names = apr_array_make(result_pool, 4, sizeof(const char *));
    return names_of(*names, conn, STMT_GROUPS_OF, user_id, result_pool, scratch_pool);
}

apr_status_t okapi__member_id(okapi_id_t *id, okapi__conn_t *conn, const char *name,
                              apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_MEMBER_BY_NAME,
                                           DB_ARGS(DB_S(name), DB_S(name)), scratch_pool);
    *id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv == APR_SUCCESS && !found ? OKAPI_EUNKNOWNUSER : rv;
}

/* ---- changing ---- */

typedef struct edit_t {
    okapi_id_t id;
    const char *name, *fullname;
    const char *address; /* name@domain */
    const char *member;
} edit_t;

static apr_status_t insert(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_ADDRESS_ADD, NULL,
        DB_ARGS(DB_S(b->address), DB_I(b->id), DB_I(ADDRESS_OF_GROUP)), scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_GROUP_ADD, NULL,
                                              DB_ARGS(DB_I(b->id), DB_S(b->name),
                                                      DB_S(b->fullname), DB_I(okapi_time_now())),
                                              scratch_pool)
                             : rv;
}

apr_status_t okapi_group_add(okapi_t *okapi, const okapi_group_t *group, apr_pool_t *scratch_pool)
{
    edit_t b = {.name = fold_name(group->name, scratch_pool)};
    const char *fault = okapi__user_name_fault(b.name);
    if (fault) {
        okapi_log(okapi, OKAPI_LOG_ERROR, OKAPI_EINVAL, "\"%s\" can't be a group's name: %s",
                  b.name, fault);
        return OKAPI_EINVAL;
    }
    b.fullname =
        okapi__text_clean(group->fullname ? group->fullname : "", FULLNAME_MAX, scratch_pool);
    b.address =
        okapi__text_fold(apr_pstrcat(scratch_pool, b.name, "@", okapi->config->domain, NULL),
                         ADDRESS_MAX, scratch_pool);
    apr_status_t rv = okapi__db_take_ids(okapi->db, 1, &b.id, scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_write(okapi->db, insert, &b, scratch_pool) : rv;
}

static apr_status_t update(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    return okapi__db_exec(conn, STMT_GROUP_UPDATE, NULL, DB_ARGS(DB_S(b->fullname), DB_S(b->name)),
                          scratch_pool);
}

apr_status_t okapi_group_update(okapi_t *okapi, const okapi_group_t *group,
                                apr_pool_t *scratch_pool)
{
    okapi_group_t *stored;
    apr_status_t rv = okapi_group_by_name(&stored, okapi, group->name, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    edit_t b = {.name = stored->name,
                .fullname = okapi__text_clean(group->fullname, FULLNAME_MAX, scratch_pool)};
    return okapi__db_write(okapi->db, update, &b, scratch_pool);
}

static apr_status_t delete_group(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    apr_status_t rv = okapi__access_forget(conn, b->id, b->name, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_ADDRESS_DELETE_ALL, NULL, DB_ARGS(DB_I(b->id)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_GROUP_DELETE, NULL, DB_ARGS(DB_I(b->id)),
                                              scratch_pool)
                             : rv;
}

apr_status_t okapi_group_delete(okapi_t *okapi, const char *name, apr_pool_t *scratch_pool)
{
    okapi_group_t *group;
    apr_status_t rv = okapi_group_by_name(&group, okapi, name, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    edit_t b = {.id = group->id, .name = group->name};
    return okapi__db_write(okapi->db, delete_group, &b, scratch_pool);
}

static apr_status_t add_member(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    okapi_id_t member_id;
    apr_status_t rv = okapi__member_id(&member_id, conn, b->member, scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_GROUP_MEMBER_ADD, NULL,
                                              DB_ARGS(DB_I(b->id), DB_I(member_id)), scratch_pool)
                             : rv;
}

static apr_status_t remove_member(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *b = baton;
    okapi_id_t member_id;
    apr_int64_t affected = 0;
    apr_status_t rv = okapi__member_id(&member_id, conn, b->member, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_GROUP_MEMBER_REMOVE, &affected,
                            DB_ARGS(DB_I(b->id), DB_I(member_id)), scratch_pool);
    }
    return rv == APR_SUCCESS && !affected ? OKAPI_ENOTFOUND : rv;
}

apr_status_t okapi_group_add_member(okapi_t *okapi, const okapi_group_t *group, const char *member,
                                    apr_pool_t *scratch_pool)
{
    edit_t b = {.id = group->id, .member = fold_name(member, scratch_pool)};
    return okapi__db_write(okapi->db, add_member, &b, scratch_pool);
}

apr_status_t okapi_group_remove_member(okapi_t *okapi, const okapi_group_t *group,
                                       const char *member, apr_pool_t *scratch_pool)
{
    edit_t b = {.id = group->id, .member = fold_name(member, scratch_pool)};
    return okapi__db_write(okapi->db, remove_member, &b, scratch_pool);
}
