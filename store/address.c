/* address.c - where mail for an address goes, and the addresses that users, groups and folders have
 * beside their own.
 */
#include <string.h>

#include <apr_strings.h>
#include <okapi/address.h>
#include <okapi/error.h>
#include <okapi/folder.h>

#include "access.h"
#include "text.h"
#include "user_private.h"

enum { ADDRESS_MAX = 254, GROUP_NAME = 3 /* address.kind */ };

int okapi_target_equal(const okapi_target_t *a, const okapi_target_t *b)
{
    return (a->user ? a->user->id : 0) == (b->user ? b->user->id : 0) &&
           a->folder_id == b->folder_id;
}

/* ---- resolving ---- */

typedef struct resolution_t {
    const char *address; /* as it is */
    const char *plain;   /* without its detail; NULL: the same */
    const char *name;    /* a user's or a group's; NULL: it is of another domain */
    int is_plain;        /* it was found without its detail */
    apr_array_header_t *targets;
    apr_pool_t *result_pool;
} resolution_t;

static void add_target(resolution_t *r, const okapi_user_t *user, okapi_id_t folder_id)
{
    okapi_target_t *target = apr_array_push(r->targets);
    target->user = user;
    target->folder_id = folder_id;
}

static apr_status_t find_user(resolution_t *r, okapi__conn_t *conn, okapi__stmt_e stmt,
                              const char *key, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv =
        okapi__db_select_one(&rows, &found, conn, stmt, DB_ARGS(DB_S(key)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        add_target(r, okapi__user_of_row(rows, r->result_pool), 0);
    }
    return rv;
}

static apr_status_t add_members(resolution_t *r, okapi__conn_t *conn, okapi_id_t group_id,
                                apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_ADDRESS_GROUP, DB_ARGS(DB_I(group_id)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        add_target(r, okapi__user_of_row(rows, r->result_pool), 0);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t add_folder(resolution_t *r, okapi__conn_t *conn, okapi_id_t folder_id,
                               apr_pool_t *scratch_pool)
{
    enum { STORE_KIND = 6 };
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_ADDRESS_FOLDER,
                                           DB_ARGS(DB_I(folder_id)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        int is_public = okapi__rows_int(rows, STORE_KIND) == OKAPI__STORE_PUBLIC;
        const okapi_user_t *user = okapi__user_of_row(rows, r->result_pool);
        if (is_public || user->id) {
            add_target(r, is_public ? NULL : user, folder_id);
        }
    }
    return rv;
}

/* Whose is the address ADDRESS, exactly? */
static apr_status_t find_address(resolution_t *r, okapi__conn_t *conn, const char *address,
                                 apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = find_user(r, conn, STMT_USER_BY_ADDRESS, address, scratch_pool);
    if (rv != APR_SUCCESS || r->targets->nelts > 0) {
        return rv;
    }
    rv = okapi__db_select_one(&rows, &found, conn, STMT_ADDRESS_OBJECT, DB_ARGS(DB_S(address)),
                              scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv;
    }
    okapi_id_t id = okapi__rows_int(rows, 1);
    switch (okapi__rows_int(rows, 0)) {
    case GROUP_NAME:
    case OKAPI_ADDRESS_OF_GROUP:
        return add_members(r, conn, id, scratch_pool);
    case OKAPI_ADDRESS_OF_FOLDER:
        return add_folder(r, conn, id, scratch_pool);
    }
    return APR_SUCCESS;
}

static apr_status_t find_name(resolution_t *r, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = find_user(r, conn, STMT_USER_BY_NAME, r->name, scratch_pool);
    if (rv != APR_SUCCESS || r->targets->nelts > 0) {
        return rv;
    }
    rv = okapi__db_select_one(&rows, &found, conn, STMT_GROUP_BY_NAME, DB_ARGS(DB_S(r->name)),
                              scratch_pool);
    return rv == APR_SUCCESS && found
               ? add_members(r, conn, okapi__rows_int(rows, 0), scratch_pool)
               : rv;
}

static apr_status_t resolve(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    resolution_t *r = baton;
    apr_status_t rv = APR_SUCCESS;
    apr_array_clear(r->targets);
    r->is_plain = 0;
    if (r->address) {
        rv = find_address(r, conn, r->address, scratch_pool);
    }
    if (rv == APR_SUCCESS && r->targets->nelts == 0) {
        r->is_plain = 1;
        rv = r->plain ? find_address(r, conn, r->plain, scratch_pool) : APR_SUCCESS;
    }
    if (rv == APR_SUCCESS && r->targets->nelts == 0 && r->name) {
        rv = find_name(r, conn, scratch_pool);
    }
    return rv;
}

/* What RFC 5322 3.2.4 lets be written as "john\ doe"@example.org. */
static const char *unquote(const char *address, apr_pool_t *result_pool)
{
    char *plain = apr_pstrdup(result_pool, address), *to = plain;
    const char *from = address + 1;
    if (*address != '"') {
        return address;
    }
    while (*from && *from != '"') {
        from += *from == '\\' && from[1];
        *to++ = *from++;
    }
    if (*from != '"') {
        return address;
    }
    memcpy(to, from + 1, strlen(from + 1) + 1);
    return plain;
}

/* The folder below the inbox that is called DETAIL, if there is one. */
static apr_status_t find_detail(okapi_target_t *target, okapi_t *okapi, const char *detail,
                                apr_pool_t *scratch_pool)
{
    okapi_store_t *store;
    okapi_folder_t *inbox;
    apr_status_t rv = okapi_target_open(&store, okapi, target, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_open(&inbox, store, okapi_store_special(store, OKAPI_FOLDER_INBOX),
                               scratch_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_by_name(&target->folder_id, inbox, detail, scratch_pool);
    }
    return rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv;
}

apr_status_t okapi_address_resolve(apr_array_header_t **targets, okapi_t *okapi,
                                   const char *address, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool)
{
    const okapi_config_t *config = okapi->config;
    const char *detail, *whole = unquote(address, scratch_pool);
    const char *plain =
        okapi__address_plain(&detail, whole, config->address_separator, scratch_pool);
    okapi__identity_t identity = okapi__login_parse(whole, config->domain, scratch_pool);
    resolution_t r = {.address = identity.address, .name = identity.name,
                      .result_pool = result_pool};
    r.targets = *targets = apr_array_make(result_pool, 1, sizeof(okapi_target_t));
    if (plain) {
        identity = okapi__login_parse(plain, config->domain, scratch_pool);
        r.plain = identity.address;
        r.name = identity.name;
    }
    apr_status_t rv = okapi__db_read(okapi->db, resolve, &r, scratch_pool);
    if (rv == APR_SUCCESS && r.targets->nelts == 0) {
        rv = OKAPI_EUNKNOWNUSER;
    }
    if (rv == APR_SUCCESS && plain && r.is_plain && config->detail_folders) {
        okapi_target_t *target = &APR_ARRAY_IDX(r.targets, 0, okapi_target_t);
        if (r.targets->nelts == 1 && target->user && !target->folder_id && *detail) {
            rv = find_detail(target, okapi, detail, scratch_pool);
        }
    }
    return rv;
}

apr_status_t okapi_target_open(okapi_store_t **store, okapi_t *okapi,
                               const okapi_target_t *target, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    static const okapi_user_t administrator = {0, "", "", "Administrator", OKAPI_USER_ADMIN, ""};
    return target->user
               ? okapi_store_open(store, okapi, target->user, target->user, result_pool,
                                  scratch_pool)
               : okapi_store_open_public(store, okapi, &administrator, result_pool, scratch_pool);
}

/* ---- further addresses ---- */

typedef struct edit_t {
    okapi_address_kind_e kind;
    okapi_id_t id;
    const char *address; /* folded */
    apr_array_header_t *list;
    apr_pool_t *result_pool;
} edit_t;

static apr_status_t list(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    edit_t *edit = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_ADDRESS_LIST,
                                       DB_ARGS(DB_I(edit->id), DB_I(edit->kind)), scratch_pool);
    apr_array_clear(edit->list);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(edit->list, const char *) =
            apr_pstrdup(edit->result_pool, okapi__rows_str(rows, 0));
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_address_list(apr_array_header_t **addresses, okapi_t *okapi,
                                okapi_address_kind_e kind, okapi_id_t id, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    edit_t edit = {.kind = kind, .id = id, .result_pool = result_pool};
    edit.list = *addresses = apr_array_make(result_pool, 4, sizeof(const char *));
    return okapi__db_read_loose(okapi->db, list, &edit, scratch_pool);
}

static apr_status_t add(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *edit = baton;
    return okapi__db_exec(conn, STMT_ADDRESS_ADD, NULL,
                          DB_ARGS(DB_S(edit->address), DB_I(edit->id), DB_I(edit->kind)),
                          scratch_pool);
}

apr_status_t okapi_address_add(okapi_t *okapi, okapi_address_kind_e kind, okapi_id_t id,
                               const char *address, apr_pool_t *scratch_pool)
{
    const char *fault = okapi__address_fault(address);
    edit_t edit = {.kind = kind, .id = id};
    if (fault) {
        okapi_log(okapi, OKAPI_LOG_ERROR, OKAPI_EINVAL, "\"%s\" can't be a mail address: %s",
                  address, fault);
        return OKAPI_EINVAL;
    }
    edit.address = okapi__text_fold(address, ADDRESS_MAX, scratch_pool);
    return okapi__db_write(okapi->db, add, &edit, scratch_pool);
}

static apr_status_t take_away(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *edit = baton;
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_ADDRESS_DELETE_ALIAS, &affected,
        DB_ARGS(DB_I(edit->id), DB_S(edit->address), DB_I(edit->kind)), scratch_pool);
    return rv == APR_SUCCESS && affected == 0 ? OKAPI_ENOTFOUND : rv;
}

apr_status_t okapi_address_remove(okapi_t *okapi, okapi_address_kind_e kind, okapi_id_t id,
                                  const char *address, apr_pool_t *scratch_pool)
{
    edit_t edit = {.kind = kind,
                   .id = id,
                   .address = okapi__text_fold(address, ADDRESS_MAX, scratch_pool)};
    return okapi__db_write(okapi->db, take_away, &edit, scratch_pool);
}

/* ---- those of users ---- */

apr_status_t okapi_user_aliases(apr_array_header_t **aliases, okapi_t *okapi,
                                const okapi_user_t *user, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    return okapi_address_list(aliases, okapi, OKAPI_ADDRESS_OF_USER, user->id, result_pool,
                              scratch_pool);
}

apr_status_t okapi_user_add_alias(okapi_t *okapi, const okapi_user_t *user, const char *address,
                                  apr_pool_t *scratch_pool)
{
    return okapi_address_add(okapi, OKAPI_ADDRESS_OF_USER, user->id, address, scratch_pool);
}

apr_status_t okapi_user_remove_alias(okapi_t *okapi, const okapi_user_t *user, const char *address,
                                     apr_pool_t *scratch_pool)
{
    return okapi_address_remove(okapi, OKAPI_ADDRESS_OF_USER, user->id, address, scratch_pool);
}
