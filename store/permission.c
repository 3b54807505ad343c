/* permission.c - what the actor of an open store may do in a folder and with a message in it
 * (MS-OXCPERM 3.1.4.5). */
#include <string.h>

#include <apr_strings.h>

#include "access.h"
#include "message_private.h"

/* ---- who counts ---- */

/* What the entries of one folder say about the actor. */
typedef struct grant_t {
    apr_uint32_t by_name, by_group, by_default;
    int is_named, is_grouped;
} grant_t;

const char *okapi__member_of(const okapi_user_t *user)
{
    return user->id ? user->name : OKAPI__MEMBER_ANONYMOUS;
}

static int in_group(const okapi_store_t *store, const char *name)
{
    for (int i = 0; store->groups && i < store->groups->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(store->groups, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

static void add_entry(grant_t *grant, const okapi_store_t *store, const char *member,
                      apr_uint32_t rights)
{
    if (strcmp(member, okapi__member_of(store->actor)) == 0) {
        grant->by_name = rights;
        grant->is_named = 1;
    } else if (!store->actor->id) {
        return; /* the default entry is for those who are known */
    } else if (!*member) {
        grant->by_default = rights;
    } else if (in_group(store, member)) {
        grant->by_group |= rights;
        grant->is_grouped = 1;
    }
}

/* The entry of the user comes before those of the user's groups, and these before the default. */
static apr_uint32_t rights_of(const grant_t *grant)
{
    return grant->is_named     ? grant->by_name
           : grant->is_grouped ? grant->by_group
                               : grant->by_default;
}

apr_status_t okapi__rights(apr_uint32_t *rights, okapi__conn_t *conn, const okapi_store_t *store,
                           okapi_id_t folder_id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    grant_t grant = {0};
    *rights = OKAPI_RIGHT_ALL;
    if (store->full_access) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_PERMISSION_OF_FOLDER,
                                       DB_ARGS(DB_I(folder_id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        add_entry(&grant, store, okapi__rows_str(rows, 1), (apr_uint32_t)okapi__rows_int(rows, 2));
    }
    *rights = rights_of(&grant);
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* ---- a whole store ---- */

static grant_t *grant_of(apr_hash_t *grants, okapi_id_t folder_id)
{
    apr_pool_t *pool = apr_hash_pool_get(grants);
    grant_t *grant = apr_hash_get(grants, &folder_id, sizeof(folder_id));
    if (!grant) {
        grant = apr_pcalloc(pool, sizeof(*grant));
        apr_hash_set(grants, apr_pmemdup(pool, &folder_id, sizeof(folder_id)), sizeof(folder_id),
                     grant);
    }
    return grant;
}

apr_status_t okapi__rights_of_store(apr_hash_t **rights, okapi__conn_t *conn,
                                    const okapi_store_t *store, apr_pool_t *result_pool)
{
    okapi__rows_t *rows;
    *rights = NULL;
    if (store->full_access) {
        return APR_SUCCESS;
    }
    *rights = apr_hash_make(result_pool);
    apr_status_t rv = okapi__db_select(
        &rows, conn, STMT_PERMISSION_OF_STORE,
        DB_ARGS(DB_I(store->id), DB_S(okapi__member_of(store->actor))), result_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        add_entry(grant_of(*rights, okapi__rows_int(rows, 0)), store, okapi__rows_str(rows, 1),
                  (apr_uint32_t)okapi__rows_int(rows, 2));
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_uint32_t okapi__rights_in(apr_hash_t *rights, okapi_id_t folder_id)
{
    if (!rights) {
        return OKAPI_RIGHT_ALL;
    }
    const grant_t *grant = apr_hash_get(rights, &folder_id, sizeof(folder_id));
    return grant ? rights_of(grant) : 0;
}

apr_status_t okapi__store_entered(okapi__conn_t *conn, const okapi_store_t *store,
                                  apr_uint32_t needed, apr_pool_t *scratch_pool)
{
    apr_hash_t *rights;
    apr_uint32_t all = 0;
    if (store->full_access) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__rights_of_store(&rights, conn, store, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (apr_hash_index_t *hi = apr_hash_first(scratch_pool, rights); hi; hi = apr_hash_next(hi)) {
        all |= rights_of(apr_hash_this_val(hi));
    }
    return okapi__rights_check(all, needed);
}

/* ---- checks ---- */

/* MS-OXCPERM 2.2.7: clients set FolderVisible along with ReadAny and FolderOwner. */
int okapi__rights_visible(apr_uint32_t rights)
{
    return (rights & OKAPI__RIGHTS_VISIBLE) != 0;
}

apr_status_t okapi__rights_check(apr_uint32_t rights, apr_uint32_t needed)
{
    return (rights & needed) ? APR_SUCCESS : OKAPI_EACCESS;
}

/* ---- messages ---- */

static int is_own(const okapi_store_t *store, okapi_id_t creator)
{
    return store->actor->id && creator == store->actor->id;
}

int okapi__message_hidden(const okapi_store_t *store, apr_uint32_t flags, okapi_id_t creator)
{
    return (flags & OKAPI__MSGFLAG_PRIVATE) && !store->sees_private && !is_own(store, creator);
}

apr_uint32_t okapi__message_rights(const okapi_store_t *store, apr_uint32_t rights, int part,
                                   apr_uint32_t flags, okapi_id_t creator)
{
    const apr_uint32_t changing = OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_DELETE_ANY;
    if (is_own(store, creator)) {
        rights |= OKAPI_RIGHT_READ_ANY;
        rights |= rights & OKAPI_RIGHT_EDIT_OWNED ? OKAPI_RIGHT_EDIT_ANY : 0;
        rights |= rights & OKAPI_RIGHT_DELETE_OWNED ? OKAPI_RIGHT_DELETE_ANY : 0;
    }
    /* Rules, views and forms act for everybody who uses the folder. */
    if ((part & OKAPI__PART_ASSOCIATED) && !(rights & OKAPI_RIGHT_OWNER)) {
        rights &= ~changing;
    }
    /* What isn't seen whole can't be saved without loss. */
    if (okapi__message_hidden(store, flags, creator)) {
        rights &= ~changing;
    }
    return rights;
}

apr_status_t okapi__contents_check(apr_uint32_t rights)
{
    return okapi__rights_check(rights, OKAPI_RIGHT_READ_ANY | OKAPI__RIGHTS_OWN);
}

apr_status_t okapi__create_check(apr_uint32_t rights, int associated)
{
    apr_status_t rv = okapi__rights_check(rights, OKAPI_RIGHT_CREATE);
    return rv == APR_SUCCESS && associated ? okapi__rights_check(rights, OKAPI_RIGHT_OWNER) : rv;
}
