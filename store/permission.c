/* permission.c - what the actor of an open store may do in a folder (MS-OXCPERM). */
#include <apr_strings.h>

#include "store_private.h"

/* Rows of `permission` with this member are for everybody who is known. */
static const char everybody[] = "";

apr_status_t okapi__rights(apr_uint32_t *rights, okapi__conn_t *conn, const okapi_store_t *store,
                           okapi_id_t folder_id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    *rights = OKAPI_RIGHT_ALL;
    if (store->full_access) {
        return APR_SUCCESS;
    }
    *rights = 0;
    apr_status_t rv = okapi__db_select_one(
        &rows, &found, conn, STMT_PERMISSION_OF,
        DB_ARGS(DB_I(folder_id), DB_S(store->actor->name), DB_S(everybody)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        *rights = (apr_uint32_t)okapi__rows_int(rows, 0);
    }
    return rv;
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
        DB_ARGS(DB_I(store->id), DB_S(store->actor->name), DB_S(everybody)), result_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_id_t *id = apr_palloc(result_pool, sizeof(*id));
        apr_uint32_t *value = apr_palloc(result_pool, sizeof(*value));
        *id = okapi__rows_int(rows, 0);
        *value = (apr_uint32_t)okapi__rows_int(rows, 1);
        apr_hash_set(*rights, id, sizeof(*id), value); /* the named member follows everybody */
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_uint32_t okapi__rights_in(apr_hash_t *rights, okapi_id_t folder_id)
{
    if (!rights) {
        return OKAPI_RIGHT_ALL;
    }
    const apr_uint32_t *value = apr_hash_get(rights, &folder_id, sizeof(folder_id));
    return value ? *value : 0;
}

/* MS-OXCPERM 2.2.7: clients set FolderVisible along with ReadAny and FolderOwner. */
int okapi__rights_visible(apr_uint32_t rights)
{
    return (rights & (OKAPI_RIGHT_VISIBLE | OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_OWNER)) != 0;
}

apr_status_t okapi__rights_check(apr_uint32_t rights, apr_uint32_t needed)
{
    return (rights & needed) ? APR_SUCCESS : OKAPI_EACCESS;
}
