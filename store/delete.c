/* delete.c - deleting messages: softly, so that they can be recovered, or for good.
 *
 * Either way a message that was there leaves a tombstone. A softly deleted one keeps its row with
 * another `part`, which is what tells tables, counts and the change sequence that it is gone.
 */
#include <okapi/error.h>

#include "access.h"
#include "search_private.h"
#include "transfer_private.h"

typedef struct step_t {
    okapi__deletion_t *deletion;
    const okapi_id_t *ids;
    int n;
    int done;
    okapi__stat_delta_t delta;
    okapi_time_t now;
} step_t;

/* As many of a step's messages as one statement takes. */
typedef struct batch_t {
    okapi_id_t ids[OKAPI__DB_IDS]; /* that are there and may be deleted */
    int n;
    int there; /* they are no softly deleted ones */
} batch_t;

/* A row of STMT_DELETE_ROWS. */
static void consider(batch_t *batch, step_t *s, okapi__rows_t *rows)
{
    const okapi__deletion_t *d = s->deletion;
    int part = (int)okapi__rows_int(rows, 1), is_there = part < OKAPI__PART_SOFT_DELETED;
    apr_uint32_t flags = (apr_uint32_t)okapi__rows_int(rows, 2);
    apr_int64_t size = okapi__rows_int(rows, 3);
    if ((!is_there && !d->hard) ||
        (d->actor && !(okapi__message_rights(d->actor, d->rights, part, flags,
                                             okapi__rows_int(rows, 4)) &
                       OKAPI_RIGHT_DELETE_ANY))) {
        return;
    }
    batch->ids[batch->n++] = okapi__rows_int(rows, 0);
    batch->there += is_there;
    okapi__stat_count(&s->delta, part, flags, size, -1);
    if (!d->hard) {
        okapi__stat_count(&s->delta, part + OKAPI__PART_SOFT_DELETED, flags, size, 1);
    }
}

static apr_status_t find_batch(batch_t *batch, okapi__conn_t *conn, step_t *s,
                               const okapi_id_t *ids, int n, apr_pool_t *scratch_pool)
{
    okapi__arg_t args[1 + OKAPI__DB_IDS];
    okapi__rows_t *rows;
    batch->n = batch->there = 0;
    args[0] = DB_I(s->deletion->folder_id);
    okapi__db_ids(args + 1, ids, n);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_DELETE_ROWS, args, 1 + OKAPI__DB_IDS,
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        consider(batch, s, rows);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Numbers from CN on, one for each that was there. */
static apr_status_t add_tombstones(okapi__conn_t *conn, step_t *s, const batch_t *batch,
                                   okapi_cn_t cn, apr_pool_t *scratch_pool)
{
    okapi__arg_t args[3 + OKAPI__DB_IDS];
    if (!batch->there || s->deletion->folder_deleted) {
        return APR_SUCCESS;
    }
    s->delta.deleted += batch->there;
    args[0] = DB_I(cn - 1);
    args[1] = DB_I(s->now);
    args[2] = DB_I(s->deletion->folder_id);
    okapi__db_ids(args + 3, batch->ids, batch->n);
    return okapi__db_post(conn, STMT_DELETE_TOMBSTONES, args, 3 + OKAPI__DB_IDS, scratch_pool);
}

static apr_status_t delete_rows(okapi__conn_t *conn, const step_t *s, const batch_t *batch,
                                apr_pool_t *scratch_pool)
{
    const okapi__deletion_t *d = s->deletion;
    okapi__arg_t args[2 + OKAPI__DB_IDS];
    if (d->hard) {
        return okapi__messages_erase(conn, d->folder_id, batch->ids, batch->n, scratch_pool);
    }
    args[0] = DB_I(s->now);
    args[1] = DB_I(d->folder_id);
    okapi__db_ids(args + 2, batch->ids, batch->n);
    return okapi__db_post(conn, STMT_DELETE_SOFTLY, args, 2 + OKAPI__DB_IDS, scratch_pool);
}

/* N messages from number AT on, which have the numbers from CN on. */
static apr_status_t delete_batch(okapi__conn_t *conn, step_t *s, int at, int n, okapi_cn_t cn,
                                 apr_pool_t *scratch_pool)
{
    batch_t batch;
    apr_status_t rv = find_batch(&batch, conn, s, s->ids + at, n, scratch_pool);
    if (rv != APR_SUCCESS || batch.n == 0) {
        return rv;
    }
    s->done += batch.n;
    rv = add_tombstones(conn, s, &batch, cn, scratch_pool);
    return rv == APR_SUCCESS ? delete_rows(conn, s, &batch, scratch_pool) : rv;
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
    for (int i = 0; rv == APR_SUCCESS && i < s->n; i += OKAPI__DB_IDS) {
        int n = s->n - i < OKAPI__DB_IDS ? s->n - i : OKAPI__DB_IDS;
        rv = delete_batch(conn, s, i, n, last - s->n + 1 + i, scratch_pool);
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

static apr_status_t delete_in(okapi_folder_t *folder, const okapi_id_t *ids, int n, int flags,
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

/* What a search folder shows, where it is. */
static apr_status_t delete_there(void *baton, okapi_folder_t *folder, const okapi_id_t *ids,
                                 const int *at, int n, int *partial, apr_pool_t *scratch_pool)
{
    const int *flags = baton;
    return delete_in(folder, ids, n, *flags, partial, scratch_pool);
}

apr_status_t okapi_messages_delete(okapi_folder_t *folder, const okapi_id_t *ids, int n, int flags,
                                   int *partial, apr_pool_t *scratch_pool)
{
    *partial = 0;
    if (n > 0 && folder->is_search) {
        return okapi__search_sources(folder, ids, n, partial, delete_there, &flags, scratch_pool);
    }
    return delete_in(folder, ids, n, flags, partial, scratch_pool);
}
