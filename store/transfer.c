/* transfer.c - copying, moving and recovering messages, in short transactions.
 *
 * A message that goes away from a folder leaves a tombstone there; where it comes to it is new: it
 * has a new id, a new change number and a new IMAP uid. Within a store a move only changes what
 * the rows are found by; into another store it is a copy and an erasure in one transaction.
 */
#include <string.h>

#include <okapi/error.h>

#include "access.h"
#include "search_private.h"
#include "transfer_private.h"

/* Ids that are taken for attachments at first; doubled as often as they don't suffice. */
enum { IDS_FIRST = 32 };

/* Flags that stay with a message: it isn't new mail any more, wherever it goes. */
enum { FLAGS_KEPT = 0x3FFFFFFF };

/* How each kind is done. */
static const struct {
    int first_part, last_part; /* what it is about */
    int leaves;                /* nothing remains where it was */
    int revives;               /* part without OKAPI__PART_SOFT_DELETED */
} kinds[] = {
    [OKAPI__COPY] = {0, 1, 0, 0},
    [OKAPI__MOVE] = {0, 1, 1, 0},
    [OKAPI__RECOVER] = {2, 3, 1, 1},
    [OKAPI__MOVE_OUT] = {0, 3, 1, 0},
};

/* One transaction. */
typedef struct step_t {
    okapi__transfer_t *transfer;
    const okapi_id_t *ids;
    int n;
    char *done; /* for each */
    okapi_cn_t from_cn, to_cn; /* the next numbers */
    apr_int64_t uid;
    okapi__stock_t stock;
    okapi__stat_delta_t from_delta, to_delta;
} step_t;

/* A message's row in its folder. */
typedef struct row_t {
    okapi_id_t id, new_id;
    int part, new_part;
    apr_uint32_t flags;
    apr_int64_t size, imap_uid;
    okapi_time_t dtime;
    okapi_id_t creator;
} row_t;

okapi__pace_filter_t okapi__transfer_filter(okapi__transfer_e kind)
{
    return (okapi__pace_filter_t){.first_part = kinds[kind].first_part,
                                  .last_part = kinds[kind].last_part};
}

static int is_one_store(const okapi__transfer_t *t)
{
    return t->from_store->id == t->to_store->id;
}

/* ---- numbers ---- */

/* As many numbers as messages in each store; two for each message if there is only one store.
 * *FROM_LAST and *TO_LAST are the last ones. Stores are locked in the order of their ids. */
static apr_status_t take_numbers(okapi__conn_t *conn, step_t *s, okapi_cn_t *from_last,
                                 okapi_cn_t *to_last, apr_pool_t *scratch_pool)
{
    const okapi__transfer_t *t = s->transfer;
    okapi_id_t from = t->from_store->id, to = t->to_store->id;
    apr_status_t rv;
    if (is_one_store(t)) {
        rv = okapi__cn_take(conn, to, 2 * s->n, 0, to_last, scratch_pool);
        *from_last = *to_last - s->n;
    } else {
        rv = from < to ? okapi__cn_take(conn, from, s->n, 0, from_last, scratch_pool)
                       : okapi__cn_take(conn, to, s->n, 0, to_last, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = from < to ? okapi__cn_take(conn, to, s->n, 0, to_last, scratch_pool)
                           : okapi__cn_take(conn, from, s->n, 0, from_last, scratch_pool);
        }
    }
    s->from_cn = *from_last - s->n + 1;
    s->to_cn = *to_last - s->n + 1;
    return rv;
}

/* ---- one message ---- */

/* May the actor have it there, and, unless it stays, take it away here? */
static int is_allowed(const okapi__transfer_t *t, const row_t *row)
{
    const okapi_store_t *store = t->from_store;
    apr_uint32_t needed = OKAPI_RIGHT_READ_ANY |
                          (kinds[t->kind].leaves ? OKAPI_RIGHT_DELETE_ANY : 0);
    apr_uint32_t rights =
        okapi__message_rights(store, t->from_rights, row->part, row->flags, row->creator);
    return (rights & needed) == needed &&
           !okapi__message_hidden(store, row->flags, row->creator) &&
           okapi__create_check(t->to_rights, row->part & OKAPI__PART_ASSOCIATED) == APR_SUCCESS;
}

static apr_status_t read_row(okapi__conn_t *conn, const step_t *s, row_t *row, int *found,
                             apr_pool_t *scratch_pool)
{
    const okapi__transfer_t *t = s->transfer;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select_one(&rows, found, conn, STMT_TRANSFER_ROW,
                                           DB_ARGS(DB_I(t->from), DB_I(row->id)), scratch_pool);
    if (rv != APR_SUCCESS || !*found) {
        return rv;
    }
    row->part = (int)okapi__rows_int(rows, 0);
    row->flags = (apr_uint32_t)okapi__rows_int(rows, 1);
    row->size = okapi__rows_int(rows, 2);
    row->imap_uid = okapi__rows_int(rows, 3);
    row->dtime = okapi__rows_int(rows, 4);
    row->creator = okapi__rows_int(rows, 5);
    row->new_part = row->part;
    if (kinds[t->kind].revives) {
        row->new_part &= ~OKAPI__PART_SOFT_DELETED;
        row->dtime = 0;
    }
    *found = row->part >= kinds[t->kind].first_part && row->part <= kinds[t->kind].last_part &&
             is_allowed(t, row);
    return rv;
}

static apr_status_t copy_one(okapi__conn_t *conn, step_t *s, const row_t *row, okapi_cn_t cn,
                             apr_pool_t *scratch_pool)
{
    const okapi__transfer_t *t = s->transfer;
    okapi_id_t creator = kinds[t->kind].leaves ? row->creator : t->to_store->actor->id;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_COPY_MESSAGE, NULL,
        DB_ARGS(DB_I(t->to), DB_I(row->new_id), DB_I(t->to_store->id), DB_I(row->new_part),
                DB_I(cn), DB_I(cn), DB_I(cn), DB_I(FLAGS_KEPT), DB_I(s->uid), DB_I(row->dtime),
                DB_I(creator), DB_I(t->from), DB_I(row->id)),
        scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__message_copy_parts(conn, row->id, row->new_id, &s->stock, t->translation,
                                       scratch_pool);
    }
    return rv == APR_SUCCESS && kinds[t->kind].leaves
               ? okapi__messages_erase(conn, t->from, &row->id, 1, scratch_pool)
               : rv;
}

static apr_status_t rekey_one(okapi__conn_t *conn, const step_t *s, const row_t *row,
                              okapi_cn_t cn, apr_pool_t *scratch_pool)
{
    const okapi__transfer_t *t = s->transfer;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_REKEY_MESSAGE, NULL,
        DB_ARGS(DB_I(t->to), DB_I(row->new_id), DB_I(row->new_part), DB_I(cn), DB_I(cn), DB_I(cn),
                DB_I(FLAGS_KEPT), DB_I(s->uid), DB_I(row->dtime), DB_I(t->from), DB_I(row->id)),
        scratch_pool);
    /* Who has read it in the public store still has. */
    if (rv == APR_SUCCESS && okapi_store_is_public(t->to_store)) {
        rv = okapi__db_post(conn, STMT_USER_READ_MOVE,
                            DB_ARGS(DB_I(t->to), DB_I(row->new_id), DB_I(t->from), DB_I(row->id)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__message_rekey_parts(conn, row->id, row->new_id, scratch_pool)
                             : rv;
}

/* The counts, and the tombstone if somebody may have seen it where it was. */
static apr_status_t account(okapi__conn_t *conn, step_t *s, const row_t *row, okapi_cn_t from_cn,
                            apr_pool_t *scratch_pool)
{
    const okapi__transfer_t *t = s->transfer;
    okapi__stat_count(&s->to_delta, row->new_part, row->flags, row->size, 1);
    s->to_delta.uids++;
    s->uid++;
    if (!kinds[t->kind].leaves) {
        return APR_SUCCESS;
    }
    okapi__stat_count(&s->from_delta, row->part, row->flags, row->size, -1);
    if (row->part >= OKAPI__PART_SOFT_DELETED || t->from_deleted) {
        return APR_SUCCESS;
    }
    s->from_delta.deleted++;
    return okapi__tombstone_add(conn, t->from, from_cn, row->id,
                                row->part == OKAPI__PART_ASSOCIATED ? OKAPI__TOMBSTONE_ASSOCIATED
                                                                    : OKAPI__TOMBSTONE_MESSAGE,
                                row->imap_uid, scratch_pool);
}

static apr_status_t transfer_one(okapi__conn_t *conn, step_t *s, int i, apr_pool_t *scratch_pool)
{
    const okapi__transfer_t *t = s->transfer;
    row_t row = {.id = s->ids[i], .new_id = t->first_id + i};
    int found;
    apr_status_t rv = read_row(conn, s, &row, &found, scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv;
    }
    s->done[i] = 1;
    rv = kinds[t->kind].leaves && is_one_store(t)
             ? rekey_one(conn, s, &row, s->to_cn + i, scratch_pool)
             : copy_one(conn, s, &row, s->to_cn + i, scratch_pool);
    return rv == APR_SUCCESS ? account(conn, s, &row, s->from_cn + i, scratch_pool) : rv;
}

/* ---- one transaction ---- */

static apr_status_t write_stats(okapi__conn_t *conn, step_t *s, okapi_cn_t from_last,
                                okapi_cn_t to_last, apr_pool_t *scratch_pool)
{
    const okapi__transfer_t *t = s->transfer;
    okapi_cn_t last = is_one_store(t) ? to_last : from_last;
    apr_status_t rv = okapi__stat_add(conn, t->to, &s->to_delta, to_last, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__cn_add_bytes(conn, t->to_store->id, s->to_delta.bytes, scratch_pool);
    }
    if (rv == APR_SUCCESS && !(is_one_store(t) && kinds[t->kind].leaves)) {
        rv = okapi__quota_check(conn, t->to_store, s->to_delta.bytes, scratch_pool);
    }
    if (rv == APR_SUCCESS && kinds[t->kind].leaves) {
        rv = okapi__stat_add(conn, t->from, &s->from_delta, last, scratch_pool);
    }
    return rv == APR_SUCCESS && !t->from_deleted
               ? okapi__cn_add_bytes(conn, t->from_store->id, s->from_delta.bytes, scratch_pool)
               : rv;
}

static int nothing_done(const step_t *s)
{
    return memchr(s->done, 1, (apr_size_t)s->n) == NULL;
}

/* APR_EOF, which rolls back, if none of the messages is there: then there is no change either. */
static apr_status_t transfer_some(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    step_t *s = baton;
    const okapi__transfer_t *t = s->transfer;
    okapi_cn_t from_last, to_last;
    memset(s->done, 0, (apr_size_t)s->n);
    s->from_delta = s->to_delta = (okapi__stat_delta_t){0};
    s->stock = (okapi__stock_t){t->first_id + s->n, t->first_id + t->nids};
    apr_status_t rv = take_numbers(conn, s, &from_last, &to_last, scratch_pool);
    if (rv == APR_SUCCESS && !t->from_deleted) {
        rv = okapi__folder_check(conn, t->from, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_check(conn, t->to, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__uid_next(conn, t->to, &s->uid, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < s->n; i++) {
        rv = transfer_one(conn, s, i, scratch_pool);
    }
    if (rv == APR_SUCCESS && nothing_done(s)) {
        return APR_EOF;
    }
    return rv == APR_SUCCESS ? write_stats(conn, s, from_last, to_last, scratch_pool) : rv;
}

/* Enough ids for N messages and, at least on the second try, for their attachments. */
static apr_status_t take_ids(okapi__transfer_t *t, int n, int again, apr_pool_t *scratch_pool)
{
    int more = t->nids > n && again ? 2 * (t->nids - n) : IDS_FIRST;
    if (kinds[t->kind].leaves && is_one_store(t)) {
        more = 0;
    }
    t->nids = n + more;
    return okapi__db_take_ids(t->to_store->okapi->db, t->nids, &t->first_id, scratch_pool);
}

static void settle(okapi__transfer_t *t, const step_t *s)
{
    for (int i = 0; i < s->n; i++) {
        t->missing |= !s->done[i];
        if (t->new_ids) {
            *t->new_ids++ = s->done[i] ? t->first_id + i : 0;
        }
    }
}

apr_status_t okapi__transfer_step(void *baton, const okapi_id_t *ids, int n,
                                  apr_pool_t *scratch_pool)
{
    okapi__transfer_t *t = baton;
    okapi__db_t *db = t->to_store->okapi->db;
    step_t s = {.transfer = t, .ids = ids, .n = n};
    s.done = apr_pcalloc(scratch_pool, (apr_size_t)n + 1);
    apr_status_t rv = take_ids(t, n, 0, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(db, transfer_some, &s, scratch_pool);
    }
    while (rv == APR_INCOMPLETE) {
        rv = take_ids(t, n, 1, scratch_pool);
        if (rv == APR_SUCCESS && t->translation) {
            rv = okapi__translation_learn(t->translation, scratch_pool);
        }
        if (rv == APR_SUCCESS) {
            rv = okapi__db_write(db, transfer_some, &s, scratch_pool);
        }
    }
    if (rv != APR_SUCCESS && rv != APR_EOF) {
        return rv;
    }
    settle(t, &s);
    if (rv == APR_SUCCESS) {
        okapi__changed(t->to_store->okapi, t->to_store->id);
        if (!is_one_store(t) && kinds[t->kind].leaves) {
            okapi__changed(t->from_store->okapi, t->from_store->id);
        }
    }
    return APR_SUCCESS;
}

/* ---- from outside ---- */

static apr_status_t transfer_from(okapi__transfer_e kind, okapi_folder_t *from, okapi_folder_t *to,
                                  const okapi_id_t *ids, int n, okapi_id_t *new_ids, int *partial,
                                  apr_pool_t *scratch_pool)
{
    okapi__transfer_t t = {.kind = kind,
                           .from_store = from->store,
                           .to_store = to->store,
                           .from = from->id,
                           .to = to->id,
                           .from_rights = from->rights,
                           .to_rights = to->rights,
                           .new_ids = new_ids};
    if (new_ids) {
        memset(new_ids, 0, sizeof(*new_ids) * (apr_size_t)n);
    }
    if (!is_one_store(&t)) {
        t.translation = okapi__translation_create(from->store, to->store, scratch_pool);
    }
    *partial = 0;
    apr_status_t rv = okapi__rights_check(to->rights, OKAPI_RIGHT_CREATE);
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_takes(to);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__pace_list(ids, n, okapi__transfer_step, &t, scratch_pool);
    }
    *partial = t.missing;
    return rv;
}

/* What a search folder shows, from where it is. */
typedef struct found_t {
    okapi__transfer_e kind;
    okapi_folder_t *to;
    okapi_id_t *new_ids;
} found_t;

static apr_status_t transfer_there(void *baton, okapi_folder_t *folder, const okapi_id_t *ids,
                                   const int *at, int n, int *partial, apr_pool_t *scratch_pool)
{
    const found_t *b = baton;
    okapi_id_t *new_ids = apr_pcalloc(scratch_pool, sizeof(*new_ids) * (apr_size_t)n);
    apr_status_t rv = APR_SUCCESS;
    if (b->kind == OKAPI__MOVE && folder->id == b->to->id) { /* they are there */
        memcpy(new_ids, ids, sizeof(*ids) * (apr_size_t)n);
    } else {
        rv = transfer_from(b->kind, folder, b->to, ids, n, new_ids, partial, scratch_pool);
    }
    for (int i = 0; b->new_ids && i < n; i++) {
        b->new_ids[at[i]] = new_ids[i];
    }
    return rv;
}

static apr_status_t transfer(okapi__transfer_e kind, okapi_folder_t *from, okapi_folder_t *to,
                             const okapi_id_t *ids, int n, okapi_id_t *new_ids, int *partial,
                             apr_pool_t *scratch_pool)
{
    found_t found = {kind, to, new_ids};
    if (n == 0 || !from->is_search) {
        return transfer_from(kind, from, to, ids, n, new_ids, partial, scratch_pool);
    }
    if (new_ids) {
        memset(new_ids, 0, sizeof(*new_ids) * (apr_size_t)n);
    }
    return okapi__search_sources(from, ids, n, partial, transfer_there, &found, scratch_pool);
}

apr_status_t okapi_messages_copy(okapi_folder_t *from, okapi_folder_t *to, const okapi_id_t *ids,
                                 int n, okapi_id_t *new_ids, int *partial,
                                 apr_pool_t *scratch_pool)
{
    *partial = 0;
    apr_status_t rv = okapi__contents_check(from->rights);
    return rv == APR_SUCCESS
               ? transfer(OKAPI__COPY, from, to, ids, n, new_ids, partial, scratch_pool)
               : rv;
}

/* Reading and deleting together: who can't read it can't have it elsewhere. */
static apr_status_t check_move(const okapi_folder_t *from)
{
    apr_status_t rv = okapi__contents_check(from->rights);
    return rv == APR_SUCCESS ? okapi__rights_check(from->rights, OKAPI__RIGHTS_DELETE) : rv;
}

apr_status_t okapi_messages_move(okapi_folder_t *from, okapi_folder_t *to, const okapi_id_t *ids,
                                 int n, okapi_id_t *new_ids, int *partial,
                                 apr_pool_t *scratch_pool)
{
    *partial = 0;
    apr_status_t rv = check_move(from);
    if (rv == APR_SUCCESS && from->id == to->id && !from->is_search) { /* they are there */
        if (new_ids) {
            memcpy(new_ids, ids, sizeof(*ids) * (apr_size_t)n);
        }
        return APR_SUCCESS;
    }
    return rv == APR_SUCCESS
               ? transfer(OKAPI__MOVE, from, to, ids, n, new_ids, partial, scratch_pool)
               : rv;
}

apr_status_t okapi_messages_recover(okapi_folder_t *from, okapi_folder_t *to,
                                    const okapi_id_t *ids, int n, okapi_id_t *new_ids,
                                    int *partial, apr_pool_t *scratch_pool)
{
    *partial = 0;
    apr_status_t rv = check_move(from);
    return rv == APR_SUCCESS
               ? transfer(OKAPI__RECOVER, from, to, ids, n, new_ids, partial, scratch_pool)
               : rv;
}
