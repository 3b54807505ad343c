/* purge_deleted.c - what was softly deleted goes for good when its time is over.
 *
 * In short transactions that let others go first (pace.h), so it may run at any time. Everything
 * is looked for anew each time: interrupted, the next one goes on.
 */
#include <okapi/error.h>

#include "transfer_private.h"

enum { FOLDERS_AT_ONCE = 100 }; /* the statements' limit */

typedef struct found_t {
    okapi_id_t id, store_id;
    int deleted;    /* the folder is */
    int recoverable; /* it could still be recovered */
} found_t;

typedef struct search_t {
    okapi__stmt_e stmt;
    int nargs;
    okapi_time_t before;
    okapi_id_t after; /* folders with a higher id */
    apr_array_header_t *folders; /* of found_t */
} search_t;

static apr_status_t find_folders(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    search_t *s = baton;
    okapi__rows_t *rows;
    okapi__arg_t args[] = {DB_I(s->after), DB_I(s->before)};
    apr_array_clear(s->folders);
    apr_status_t rv = okapi__db_select(&rows, conn, s->stmt, args, s->nargs, scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        found_t *f = apr_array_push(s->folders);
        *f = (found_t){.id = okapi__rows_int(rows, 0), .store_id = okapi__rows_int(rows, 1)};
        f->deleted = okapi__rows_int(rows, 2) > 0;
        f->recoverable = okapi__rows_int(rows, 3) > 0;
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Its messages whose time is over. */
static apr_status_t purge_messages(okapi_t *okapi, const found_t *f, okapi_time_t before,
                                   okapi_purged_t *purged, apr_pool_t *scratch_pool)
{
    okapi__pace_filter_t filter = {.first_part = OKAPI__PART_SOFT_DELETED,
                                   .last_part = OKAPI__PART_SOFT_DELETED |
                                                OKAPI__PART_ASSOCIATED,
                                   .deleted_before = before};
    okapi__deletion_t d = {.okapi = okapi,
                           .store_id = f->store_id,
                           .folder_id = f->id,
                           .hard = 1,
                           .folder_deleted = f->deleted};
    apr_status_t rv =
        okapi__pace_folder(okapi->db, f->id, &filter, okapi__delete_step, &d, scratch_pool);
    purged->messages += d.done;
    return rv == OKAPI_EOBJECTDELETED ? APR_SUCCESS : rv; /* meanwhile: the next time */
}

/* A folder whose time is over, with all that is in it. */
static apr_status_t purge_folder(okapi_t *okapi, const found_t *f, okapi_time_t before,
                                 okapi_purged_t *purged, apr_pool_t *scratch_pool)
{
    apr_status_t rv =
        okapi__folder_clear(okapi, f->store_id, f->id, &purged->messages, scratch_pool);
    purged->folders += rv == APR_SUCCESS && f->recoverable;
    return rv;
}

static apr_status_t purge(okapi_t *okapi, search_t s,
                          apr_status_t (*each)(okapi_t *, const found_t *, okapi_time_t,
                                               okapi_purged_t *, apr_pool_t *),
                          okapi_purged_t *purged, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    s.folders = apr_array_make(scratch_pool, FOLDERS_AT_ONCE, sizeof(found_t));
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    do {
        if (rv == APR_SUCCESS) {
            rv = okapi__db_read(okapi->db, find_folders, &s, pool);
        }
        for (int i = 0; rv == APR_SUCCESS && i < s.folders->nelts; i++) {
            const found_t *f = &APR_ARRAY_IDX(s.folders, i, found_t);
            apr_pool_clear(pool);
            rv = each(okapi, f, s.before, purged, pool);
            s.after = f->id;
        }
    } while (rv == APR_SUCCESS && s.folders->nelts == FOLDERS_AT_ONCE);
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t okapi_purge(okapi_t *okapi, okapi_time_t before, okapi_purged_t *purged,
                         apr_pool_t *scratch_pool)
{
    search_t folders = {.stmt = STMT_PURGE_DELETED_FOLDERS, .nargs = 2, .before = before};
    search_t messages = {.stmt = STMT_PURGE_DELETED_MESSAGES, .nargs = 1, .before = before};
    *purged = (okapi_purged_t){0};
    apr_status_t rv = purge(okapi, folders, purge_folder, purged, scratch_pool);
    return rv == APR_SUCCESS ? purge(okapi, messages, purge_messages, purged, scratch_pool) : rv;
}
