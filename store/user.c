/* user.c - the users of the database and their addresses.
 *
 * Each address, and each name at the server's own domain, is one row of `address`, folded: its
 * primary key says that no two users share one.
 */
#include <string.h>

#include <apr_strings.h>
#include <okapi/address.h>

#include "access.h"
#include "text.h"
#include "user_private.h"

enum { ADDRESS_MAX = 254, FULLNAME_MAX = 255 };

/* address.kind */
enum { ADDRESS_PRIMARY = 0, ADDRESS_ALIAS = OKAPI_ADDRESS_OF_USER, ADDRESS_OF_NAME = 2 };

const okapi_user_t okapi_user_anonymous = {0, "", "", "Anonymous", 0, ""};

okapi_user_t *okapi__user_of_row(okapi__rows_t *rows, apr_pool_t *result_pool)
{
    okapi_user_t row = {
        .id = okapi__rows_int(rows, 0),
        .name = okapi__rows_str(rows, 1),
        .email = okapi__rows_str(rows, 2),
        .fullname = okapi__rows_str(rows, 3),
        .flags = (apr_uint32_t)okapi__rows_int(rows, 4),
        .password = okapi__rows_str(rows, 5),
    };
    return okapi__user_dup(&row, result_pool);
}

/* ---- finding ---- */

/* Who is looked for: by an address as it is, else without its detail, else by a name. */
typedef struct lookup_t {
    const char *address, *plain, *name; /* folded; NULL: not by that */
    int rank;                           /* of what found USER: the higher the better */
    okapi_user_t *user;
} lookup_t;

typedef struct lookups_t {
    lookup_t *all;
    int n;
    apr_pool_t *result_pool;
} lookups_t;

enum { LOOKUPS_AT_ONCE = 8 }; /* that STMT_USERS_BY_ADDRESS takes */

static int is_same(const char *key, const char *value)
{
    return key && strcmp(key, value) == 0;
}

/* ADDRESS is the one that led to USER; "" if it was his name. */
static void match(lookup_t *l, const okapi_user_t *user, const char *address,
                  apr_pool_t *result_pool)
{
    int rank = *address ? is_same(l->address, address) ? 3 : is_same(l->plain, address) ? 2 : 0
                        : is_same(l->name, user->name);
    if (rank > l->rank) {
        l->rank = rank;
        l->user = okapi__user_dup(user, result_pool);
    }
}

/* One question to the database for N of them. */
static apr_status_t find_some(okapi__conn_t *conn, lookup_t *some, int n, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    okapi__arg_t args[3 * LOOKUPS_AT_ONCE];
    okapi__rows_t *rows;
    for (int i = 0; i < LOOKUPS_AT_ONCE; i++) {
        const lookup_t *l = &some[i < n ? i : 0];
        args[2 * i] = DB_S(l->address ? l->address : "");
        args[2 * i + 1] = DB_S(l->plain ? l->plain : "");
        args[2 * LOOKUPS_AT_ONCE + i] = DB_S(l->name ? l->name : "");
    }
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_USERS_BY_ADDRESS, args,
                                       3 * LOOKUPS_AT_ONCE, scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        const okapi_user_t *user = okapi__user_of_row(rows, scratch_pool);
        const char *address = okapi__rows_str(rows, 6);
        for (int i = 0; i < n; i++) {
            match(&some[i], user, address, result_pool);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t find(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lookups_t *lookups = baton;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; i < lookups->n; i++) {
        lookups->all[i].rank = 0;
        lookups->all[i].user = NULL;
    }
    for (int i = 0; rv == APR_SUCCESS && i < lookups->n; i += LOOKUPS_AT_ONCE) {
        int n = lookups->n - i < LOOKUPS_AT_ONCE ? lookups->n - i : LOOKUPS_AT_ONCE;
        rv = find_some(conn, &lookups->all[i], n, lookups->result_pool, scratch_pool);
    }
    return rv;
}

static apr_status_t find_one(okapi_user_t **user, okapi_t *okapi, lookup_t *lookup,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    lookups_t lookups = {lookup, 1, result_pool};
    apr_status_t rv = okapi__db_read_loose(okapi->db, find, &lookups, scratch_pool);
    *user = lookup->user;
    return rv == APR_SUCCESS && !lookup->user ? OKAPI_EUNKNOWNUSER : rv;
}

apr_status_t okapi_user_by_login(okapi_user_t **user, okapi_t *okapi, const char *login,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__identity_t identity = okapi__login_parse(login, okapi->config->domain, scratch_pool);
    lookup_t lookup = {.address = identity.address, .name = identity.name};
    return find_one(user, okapi, &lookup, result_pool, scratch_pool);
}

static lookup_t lookup_of(const okapi_t *okapi, const char *address, apr_pool_t *result_pool)
{
    const char *domain = okapi->config->domain;
    const char *detail, *plain = okapi__address_plain(
                             &detail, address, okapi->config->address_separator, result_pool);
    okapi__identity_t identity = okapi__login_parse(address, domain, result_pool);
    lookup_t lookup = {.address = identity.address, .name = identity.name};
    if (plain) {
        identity = okapi__login_parse(plain, domain, result_pool);
        lookup.plain = identity.address;
        lookup.name = identity.name;
    }
    return lookup;
}

apr_status_t okapi_user_by_address(okapi_user_t **user, okapi_t *okapi, const char *address,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    lookup_t lookup = lookup_of(okapi, address, scratch_pool);
    return find_one(user, okapi, &lookup, result_pool, scratch_pool);
}

apr_status_t okapi_users_by_address(okapi_user_t **users, okapi_t *okapi,
                                    const char *const *addresses, int n, apr_pool_t *result_pool,
                                    apr_pool_t *scratch_pool)
{
    lookups_t lookups = {.n = n, .result_pool = result_pool};
    lookups.all = apr_palloc(scratch_pool, sizeof(lookup_t) * (apr_size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        lookups.all[i] = lookup_of(okapi, addresses[i], scratch_pool);
    }
    apr_status_t rv = n > 0 ? okapi__db_read_loose(okapi->db, find, &lookups, scratch_pool)
                            : APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        users[i] = lookups.all[i].user;
    }
    return rv;
}

typedef struct list_t {
    apr_array_header_t *items;
    apr_pool_t *result_pool;
} list_t;

static apr_status_t list_users(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *list = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_USER_LIST, DB_NO_ARGS, scratch_pool);
    apr_array_clear(list->items);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(list->items, okapi_user_t *) = okapi__user_of_row(rows, list->result_pool);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_user_list(apr_array_header_t **users, okapi_t *okapi, apr_pool_t *result_pool,
                             apr_pool_t *scratch_pool)
{
    list_t list = {.items = apr_array_make(result_pool, 16, sizeof(okapi_user_t *)),
                   .result_pool = result_pool};
    *users = list.items;
    return okapi__db_read(okapi->db, list_users, &list, scratch_pool);
}

/* ---- changing ---- */

typedef struct edit_t {
    const okapi_t *okapi;
    const okapi_user_t *user;
    const char *password; /* hash */
    const char *address;  /* folded */
    const char *own;      /* name@domain, folded; NULL if it is the address */
    okapi_id_t first_id;
} edit_t;

static apr_status_t check_fields(const okapi_t *okapi, const okapi_user_t *user)
{
    const char *fault = okapi__user_name_fault(user->name);
    if (fault) {
        okapi_log(okapi, OKAPI_LOG_ERROR, OKAPI_EINVAL, "\"%s\" can't be a user's name: %s",
                  user->name, fault);
        return OKAPI_EINVAL;
    }
    fault = okapi__address_fault(user->email);
    if (fault) {
        okapi_log(okapi, OKAPI_LOG_ERROR, OKAPI_EINVAL, "\"%s\" can't be a mail address: %s",
                  user->email, fault);
        return OKAPI_EINVAL;
    }
    return APR_SUCCESS;
}

static apr_status_t hash_password(const char **hash, const okapi_t *okapi, const char *password,
                                  apr_pool_t *result_pool)
{
    apr_status_t rv = okapi__password_hash(hash, password, result_pool);
    if (rv == OKAPI_EINVAL) {
        okapi_log(okapi, OKAPI_LOG_ERROR, rv, "a password has 1 to 72 bytes");
    }
    return rv;
}

static void set_addresses(edit_t *edit, apr_pool_t *result_pool)
{
    const char *own =
        apr_pstrcat(result_pool, edit->user->name, "@", edit->okapi->config->domain, NULL);
    edit->address = okapi__text_fold(edit->user->email, ADDRESS_MAX, result_pool);
    edit->own = okapi__text_fold(own, ADDRESS_MAX, result_pool);
    if (strcmp(edit->own, edit->address) == 0) {
        edit->own = NULL;
    }
}

static apr_status_t insert_addresses(okapi__conn_t *conn, const edit_t *edit,
                                     apr_pool_t *scratch_pool)
{
    okapi_id_t id = edit->user->id;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_ADDRESS_ADD, NULL,
                       DB_ARGS(DB_S(edit->address), DB_I(id), DB_I(ADDRESS_PRIMARY)), scratch_pool);
    if (rv == APR_SUCCESS && edit->own) {
        rv =
            okapi__db_exec(conn, STMT_ADDRESS_ADD, NULL,
                           DB_ARGS(DB_S(edit->own), DB_I(id), DB_I(ADDRESS_OF_NAME)), scratch_pool);
    }
    return rv;
}

static apr_status_t insert_user(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *edit = baton;
    const okapi_user_t *user = edit->user;
    apr_status_t rv = okapi__db_exec(conn, STMT_USER_ADD, NULL,
                                     DB_ARGS(DB_I(user->id), DB_S(user->name), DB_S(user->email),
                                             DB_S(user->fullname), DB_I(user->flags),
                                             DB_S(edit->password), DB_I(okapi_time_now())),
                                     scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = insert_addresses(conn, edit, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__store_create(conn, user->name, edit->first_id, scratch_pool);
    }
    return rv;
}

apr_status_t okapi_user_add(okapi_t *okapi, const okapi_user_t *user, const char *password,
                            apr_pool_t *scratch_pool)
{
    okapi_user_t row = *user;
    edit_t edit = {.okapi = okapi, .user = &row, .password = ""};
    row.name = okapi__text_fold(user->name, ADDRESS_MAX, scratch_pool);
    row.fullname =
        okapi__text_clean(user->fullname ? user->fullname : "", FULLNAME_MAX, scratch_pool);
    apr_status_t rv = check_fields(okapi, &row);
    if (rv == APR_SUCCESS && password) {
        rv = hash_password(&edit.password, okapi, password, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_take_ids(okapi->db, 1 + okapi__store_ids_needed(), &row.id, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    edit.first_id = row.id + 1;
    set_addresses(&edit, scratch_pool);
    return okapi__db_write(okapi->db, insert_user, &edit, scratch_pool);
}

static apr_status_t update_user(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *edit = baton;
    const okapi_user_t *user = edit->user;
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_USER_UPDATE, &affected,
        DB_ARGS(DB_S(user->email), DB_S(user->fullname), DB_I(user->flags), DB_I(user->id)),
        scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* An alias that becomes the primary address stops being an alias. */
    rv = okapi__db_exec(conn, STMT_ADDRESS_DELETE_ALIAS, &affected,
                        DB_ARGS(DB_I(user->id), DB_S(edit->address), DB_I(ADDRESS_ALIAS)),
                        scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_ADDRESS_DELETE_KINDS, NULL,
                            DB_ARGS(DB_I(user->id), DB_I(ADDRESS_PRIMARY), DB_I(ADDRESS_OF_NAME)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS ? insert_addresses(conn, edit, scratch_pool) : rv;
}

apr_status_t okapi_user_update(okapi_t *okapi, const okapi_user_t *user, apr_pool_t *scratch_pool)
{
    okapi_user_t *stored;
    apr_status_t rv = okapi_user_by_login(&stored, okapi, user->name, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_user_t row = *user;
    edit_t edit = {.okapi = okapi, .user = &row};
    row.id = stored->id;
    row.name = stored->name;
    row.fullname = okapi__text_clean(user->fullname, FULLNAME_MAX, scratch_pool);
    rv = check_fields(okapi, &row);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    set_addresses(&edit, scratch_pool);
    return okapi__db_write(okapi->db, update_user, &edit, scratch_pool);
}

static apr_status_t update_password(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *edit = baton;
    return okapi__db_exec(conn, STMT_USER_SET_PASSWORD, NULL,
                          DB_ARGS(DB_S(edit->password), DB_I(edit->user->id)), scratch_pool);
}

apr_status_t okapi_user_set_password(okapi_t *okapi, const char *name, const char *password,
                                     apr_pool_t *scratch_pool)
{
    okapi_user_t *user;
    edit_t edit = {.okapi = okapi};
    apr_status_t rv = okapi_user_by_login(&user, okapi, name, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = hash_password(&edit.password, okapi, password, scratch_pool);
    }
    edit.user = user;
    return rv == APR_SUCCESS ? okapi__db_write(okapi->db, update_password, &edit, scratch_pool)
                             : rv;
}

/* The name is free for a new user, and nobody can log in, before the mailbox's contents go. */
static apr_status_t delete_user(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const edit_t *edit = baton;
    apr_status_t rv = okapi__db_exec(conn, STMT_ADDRESS_DELETE_ALL, NULL,
                                     DB_ARGS(DB_I(edit->user->id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_USER_DELETE, NULL, DB_ARGS(DB_I(edit->user->id)),
                            scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__access_forget(conn, edit->user->id, edit->user->name, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(
            conn, STMT_STORE_DISOWN, NULL,
            DB_ARGS(DB_I(OKAPI__STORE_REMOVED), DB_S(edit->user->name), DB_I(OKAPI__STORE_MAILBOX)),
            scratch_pool);
    }
    return rv;
}

apr_status_t okapi_user_delete(okapi_t *okapi, const char *name, apr_pool_t *scratch_pool)
{
    okapi_user_t *user;
    edit_t edit = {.okapi = okapi};
    apr_status_t rv = okapi_user_by_login(&user, okapi, name, scratch_pool, scratch_pool);
    edit.user = user;
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(okapi->db, delete_user, &edit, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__store_purge(okapi, scratch_pool) : rv;
}
