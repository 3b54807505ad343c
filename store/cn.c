/* cn.c - change numbers, folder counts, tombstones. */
#include <okapi/error.h>

#include "cn.h"
#include "message_private.h"

static apr_status_t advance(okapi__conn_t *conn, okapi_id_t store_id, int n, apr_int64_t bytes,
                            apr_pool_t *scratch_pool)
{
    return okapi__db_post(conn, STMT_CN_TAKE, DB_ARGS(DB_I(n), DB_I(bytes), DB_I(store_id)),
                          scratch_pool);
}

/* If the store was deleted meanwhile, there is nothing to read. */
apr_status_t okapi__cn_take(okapi__conn_t *conn, okapi_id_t store_id, int n, apr_int64_t bytes,
                            okapi_cn_t *last, apr_pool_t *scratch_pool)
{
    apr_status_t rv = advance(conn, store_id, n, bytes, scratch_pool);
    return rv == APR_SUCCESS ? okapi__cn_read(conn, store_id, last, NULL, scratch_pool) : rv;
}

apr_status_t okapi__cn_take_uid(okapi__conn_t *conn, okapi_id_t store_id, okapi_id_t folder_id,
                                apr_int64_t bytes, okapi_cn_t *cn, apr_int64_t *uid,
                                apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = advance(conn, store_id, 1, bytes, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_select_one(&rows, &found, conn, STMT_CN_UID,
                                  DB_ARGS(DB_I(folder_id), DB_I(store_id)), scratch_pool);
    }
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    *cn = okapi__rows_int(rows, 0);
    *uid = okapi__rows_int(rows, 1);
    return APR_SUCCESS;
}

apr_status_t okapi__cn_read(okapi__conn_t *conn, okapi_id_t store_id, okapi_cn_t *cn,
                            okapi_cn_t *tomb_floor, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_CN_READ,
                                           DB_ARGS(DB_I(store_id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    *cn = okapi__rows_int(rows, 0);
    if (tomb_floor) {
        *tomb_floor = okapi__rows_int(rows, 1);
    }
    return APR_SUCCESS;
}

apr_status_t okapi__stat_add(okapi__conn_t *conn, okapi_id_t folder_id,
                             const okapi__stat_delta_t *delta, okapi_cn_t cn,
                             apr_pool_t *scratch_pool)
{
    return okapi__db_post(conn, STMT_STAT_ADD,
                          DB_ARGS(DB_I(delta->content), DB_I(delta->unread),
                                  DB_I(delta->associated), DB_I(delta->soft_deleted),
                                  DB_I(delta->bytes), DB_I(delta->uids), DB_I(delta->deleted),
                                  DB_I(cn), DB_I(okapi_time_now()), DB_I(folder_id)),
                          scratch_pool);
}

void okapi__stat_count(okapi__stat_delta_t *delta, int part, apr_uint32_t flags, apr_int64_t size,
                       int sign)
{
    if (part & OKAPI__PART_SOFT_DELETED) {
        delta->soft_deleted += sign;
        return;
    }
    if (part & OKAPI__PART_ASSOCIATED) {
        delta->associated += sign;
    } else {
        delta->content += sign;
        delta->unread += flags & MSGFLAG_READ ? 0 : sign;
    }
    delta->bytes += sign * size;
}

apr_status_t okapi__cn_add_bytes(okapi__conn_t *conn, okapi_id_t store_id, apr_int64_t bytes,
                                 apr_pool_t *scratch_pool)
{
    return bytes ? okapi__db_post(conn, STMT_CN_BYTES, DB_ARGS(DB_I(bytes), DB_I(store_id)),
                                  scratch_pool)
                 : APR_SUCCESS;
}

apr_status_t okapi__uid_next(okapi__conn_t *conn, okapi_id_t folder_id, apr_int64_t *uid,
                             apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_STAT_UID_NEXT,
                                           DB_ARGS(DB_I(folder_id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    *uid = okapi__rows_int(rows, 0);
    return APR_SUCCESS;
}

apr_status_t okapi__tombstone_add(okapi__conn_t *conn, okapi_id_t folder_id, okapi_cn_t cn,
                                  okapi_id_t object_id, okapi__tombstone_e kind,
                                  apr_int64_t imap_uid, apr_pool_t *scratch_pool)
{
    return okapi__db_post(conn, STMT_TOMBSTONE_ADD,
                          DB_ARGS(DB_I(folder_id), DB_I(cn), DB_I(object_id), DB_I(kind),
                                  DB_I(imap_uid), DB_I(okapi_time_now())),
                          scratch_pool);
}
