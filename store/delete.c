/* delete.c - deleting messages: softly, so that they can be recovered, or for good.
 *
 * Either way a message that was there leaves a tombstone. A softly deleted one keeps its row with
 * another `part`, which is what tells tables, counts and the change sequence that it is gone.
 */
#include <okapi/error.h>

#include "access.h"
#include "transfer_private.h"

typedef struct step_t {
    okapi__deletion_t *deletion;
    const okapi_id_t *ids;
    int n;
    int done;
    okapi__stat_delta_t delta;
    okapi_time_t now;
} step_t;

static apr_status_t delete_row(okapi__conn_t *conn, step_t *s, okapi_id_t id,
                               apr_pool_t *scratch_pool)
{
    const okapi__deletion_t *d = s->deletion;
    if (d->hard) {
        return okapi__message_erase(conn, d->folder_id, id, scratch_pool);
    }
    return okapi__db_exec(conn, STMT_DELETE_SOFTLY, NULL,
                          DB_ARGS(DB_I(s->now), DB_I(d->folder_id), DB_I(id)), scratch_pool);
}

static apr_status_t delete_one(okapi__conn_t *conn, step_t *s, okapi_id_t id, okapi_cn_t cn,
                               apr_pool_t *scratch_pool)
{
    const okapi__deletion_t *d = s->deletion;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_TRANSFER_ROW,
                                           DB_ARGS(DB_I(d->folder_id), DB_I(id)), scratch_pool);
    int part = found ? (int)okapi__rows_int(rows, 0) : 0;
    if (rv != APR_SUCCESS || !found || (part >= OKAPI__PART_SOFT_DELETED && !d->hard)) {
        return rv;
    }
    apr_uint32_t flags = (apr_uint32_t)okapi__rows_int(rows, 1);
    apr_int64_t size = okapi__rows_int(rows, 2), uid = okapi__rows_int(rows, 3);
    if (d->actor && !(okapi__message_rights(d->actor, d->rights, part, flags,
                                            okapi__rows_int(rows, 5)) &
                      OKAPI_RIGHT_DELETE_ANY)) {
        return APR_SUCCESS;
    }
    s->done++;
    okapi__stat_count(&s->delta, part, flags, size, -1);
    if (!d->hard) {
        okapi__stat_count(&s->delta, part + OKAPI__PART_SOFT_DELETED, flags, size, 1);
    }
    if (part < OKAPI__PART_SOFT_DELETED && !d->folder_deleted) {
        s->delta.deleted++;
        rv = okapi__tombstone_add(conn, d->folder_id, cn, id,
                                  part == OKAPI__PART_ASSOCIATED ? OKAPI__TOMBSTONE_ASSOCIATED
                                                                 : OKAPI__TOMBSTONE_MESSAGE,
                                  uid, scratch_pool);
    }
    return rv == APR_SUCCESS ? delete_row(conn, s, id, scratch_pool) : rv;
}

/* APR_EOF, which rolls back, if there is nothing to delete: then there is no change either. */
static apr_status_t delete_some(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    step_t *s = baton;
    const okapi__deletion_t *d = s->deletion;
    okapi_cn_t last;
    s->done = 0;
    s->delta = (okapi__stat_delta_t){0};
    s->now = okapi_time_now();
    apr_status_t rv = okapi__cn_take(conn, d->store_id, s->n, 0, &last, scratch_pool);
    if (rv == APR_SUCCESS && !d->folder_deleted) {
        rv = okapi__folder_check(conn, d->folder_id, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < s->n; i++) {
        rv = delete_one(conn, s, s->ids[i], last - s->n + 1 + i, scratch_pool);
    }
    if (rv == APR_SUCCESS && s->done == 0) {
        return APR_EOF;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__stat_add(conn, d->folder_id, &s->delta, last, scratch_pool);
    }
    return rv == APR_SUCCESS && !d->folder_deleted
               ? okapi__cn_add_bytes(conn, d->store_id, s->delta.bytes, scratch_pool)
               : rv;
}

apr_status_t okapi__delete_step(void *baton, const okapi_id_t *ids, int n,
                                apr_pool_t *scratch_pool)
{
    okapi__deletion_t *d = baton;
    step_t s = {.deletion = d, .ids = ids, .n = n};
    apr_status_t rv = okapi__db_write(d->okapi->db, delete_some, &s, scratch_pool);
    if (rv != APR_SUCCESS && rv != APR_EOF) {
        return rv;
    }
    d->done += s.done;
    d->missing |= s.done < n;
    if (rv == APR_SUCCESS && !d->folder_deleted) {
        okapi__changed(d->okapi, d->store_id);
    }
    return APR_SUCCESS;
}

apr_status_t okapi_messages_delete(okapi_folder_t *folder, const okapi_id_t *ids, int n, int flags,
                                   int *partial, apr_pool_t *scratch_pool)
{
    okapi__deletion_t d = {.okapi = folder->store->okapi,
                           .store_id = folder->store->id,
                           .folder_id = folder->id,
                           .actor = folder->store,
                           .rights = folder->rights,
                           .hard = (flags & OKAPI_DELETE_HARD) != 0};
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI__RIGHTS_DELETE);
    if (rv == APR_SUCCESS) {
        rv = okapi__pace_list(ids, n, okapi__delete_step, &d, scratch_pool);
    }
    *partial = d.missing;
    return rv;
}
