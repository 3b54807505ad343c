/* queue.c - the outgoing queue: envelopes of messages that are to be sent. */
#include <apr_strings.h>
#include <okapi/doorbell.h>
#include <okapi/error.h>

#include "message_private.h"
#include "queue_private.h"
#include "text.h"

enum { ADDRESS_MAX = 320, STATUS_MAX = 255, RECIPIENTS_MAX = 10000 };

/* ---- adding ---- */

apr_status_t okapi__queue_add(okapi__conn_t *conn, okapi_id_t id, okapi_id_t store_id,
                              okapi_id_t message_id, const okapi_queue_envelope_t *envelope,
                              apr_pool_t *scratch_pool)
{
    okapi_time_t now = okapi_time_now();
    okapi_time_t due = envelope->not_before > now ? envelope->not_before : now;
    const char *sender = okapi__text_clean(envelope->sender, ADDRESS_MAX, scratch_pool);
    apr_status_t rv = okapi__db_exec(conn, STMT_QUEUE_ADD, NULL,
                                     DB_ARGS(DB_I(id), DB_I(store_id), DB_I(message_id),
                                             DB_S(sender), DB_I(due), DB_I(due)),
                                     scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < envelope->recipients->nelts; i++) {
        const char *address = APR_ARRAY_IDX(envelope->recipients, i, const char *);
        rv = okapi__db_exec(conn, STMT_QUEUE_ADD_RECIPIENT, NULL,
                            DB_ARGS(DB_I(id), DB_I(i),
                                    DB_S(okapi__text_clean(address, ADDRESS_MAX, scratch_pool))),
                            scratch_pool);
    }
    return rv;
}

typedef struct submit_t {
    okapi_id_t id;
    const okapi_message_t *message;
    const okapi_queue_envelope_t *envelope;
} submit_t;

static apr_status_t add_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const submit_t *b = baton;
    return okapi__queue_add(conn, b->id, b->message->store->id, b->message->saving_id, b->envelope,
                            scratch_pool);
}

apr_status_t okapi_queue_submit(okapi_message_t *message, const okapi_queue_envelope_t *envelope,
                                apr_pool_t *scratch_pool)
{
    const okapi__saving_t saving = {.message = message};
    submit_t b = {.message = message, .envelope = envelope};
    if (envelope->recipients->nelts < 1 || envelope->recipients->nelts > RECIPIENTS_MAX) {
        return OKAPI_EINVAL;
    }
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_take_ids(message->store->okapi->db, 1, &b.id, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_uint32_t flags = message->row.flags;
    message->row.flags |= MSGFLAG_SUBMIT;
    okapi__message_touch(message);
    rv = okapi__messages_save(message->store, &saving, 1,
                              &(okapi__batch_t){.last = add_work, .baton = &b}, scratch_pool);
    if (rv == APR_SUCCESS) {
        okapi__changed(message->store->okapi, OKAPI_DOORBELL_QUEUE);
    } else {
        message->row.flags = flags;
    }
    return rv;
}

/* ---- reading ---- */

static apr_status_t read_recipients(okapi_queue_entry_t *entry, okapi__conn_t *conn,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_QUEUE_RECIPIENTS, DB_ARGS(DB_I(entry->id)),
                                       scratch_pool);
    entry->recipients = apr_array_make(result_pool, 2, sizeof(okapi_queue_recipient_t));
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_queue_recipient_t *r = apr_array_push(entry->recipients);
        r->number = (int)okapi__rows_int(rows, 0);
        r->state = (okapi_queue_state_e)okapi__rows_int(rows, 1);
        r->address = apr_pstrdup(result_pool, okapi__rows_str(rows, 2));
        r->status = apr_pstrdup(result_pool, okapi__rows_str(rows, 3));
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static void read_entry(okapi_queue_entry_t *entry, okapi__rows_t *rows, okapi_time_t now,
                       apr_pool_t *result_pool)
{
    entry->id = okapi__rows_int(rows, 0);
    entry->store_id = okapi__rows_int(rows, 1);
    entry->message_id = okapi__rows_int(rows, 2);
    entry->sender = apr_pstrdup(result_pool, okapi__rows_str(rows, 3));
    entry->created = okapi__rows_int(rows, 4);
    entry->not_before = okapi__rows_int(rows, 5);
    entry->tries = (int)okapi__rows_int(rows, 6);
    entry->holder = apr_pstrdup(result_pool, okapi__rows_str(rows, 7));
    entry->is_held = okapi__rows_int(rows, 8) > now;
    entry->error = apr_pstrdup(result_pool, okapi__rows_str(rows, 9));
}

typedef struct list_t {
    apr_array_header_t *entries;
    okapi_id_t after;
    int max;
    okapi_time_t now, until;
    const char *holder; /* NULL: they are only listed */
    apr_pool_t *result_pool;
} list_t;

/* What the select brought, then the recipients of each. */
static apr_status_t read_entries(list_t *list, okapi__conn_t *conn, okapi__rows_t *rows,
                                 apr_pool_t *scratch_pool)
{
    apr_array_clear(list->entries);
    while (okapi__rows_next(rows)) {
        read_entry(apr_array_push(list->entries), rows, list->now, list->result_pool);
    }
    apr_status_t rv = okapi__rows_status(rows);
    for (int i = 0; rv == APR_SUCCESS && i < list->entries->nelts; i++) {
        rv = read_recipients(&APR_ARRAY_IDX(list->entries, i, okapi_queue_entry_t), conn,
                             list->result_pool, scratch_pool);
    }
    return rv;
}

static apr_status_t list_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *list = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_QUEUE_LIST,
                                       DB_ARGS(DB_I(list->after), DB_I(list->max)), scratch_pool);
    return rv == APR_SUCCESS ? read_entries(list, conn, rows, scratch_pool) : rv;
}

apr_status_t okapi_queue_list(apr_array_header_t **entries, okapi_t *okapi, okapi_id_t after,
                              int max, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    list_t list = {apr_array_make(result_pool, 8, sizeof(okapi_queue_entry_t)), after, max,
                   .now = okapi_time_now(), .result_pool = result_pool};
    *entries = list.entries;
    return okapi__db_read(okapi->db, list_work, &list, scratch_pool);
}

/* ---- taking ---- */

/* Those that somebody else took since they were read fall out: each is held by one update that
 * looks again. */
static apr_status_t hold(list_t *list, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    int kept = 0;
    for (int i = 0; i < list->entries->nelts; i++) {
        okapi_queue_entry_t *entry = &APR_ARRAY_IDX(list->entries, i, okapi_queue_entry_t);
        apr_int64_t affected;
        apr_status_t rv = okapi__db_exec(conn, STMT_QUEUE_HOLD, &affected,
                                         DB_ARGS(DB_S(list->holder), DB_I(list->until),
                                                 DB_I(entry->id), DB_I(list->now)),
                                         scratch_pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        entry->holder = list->holder;
        entry->is_held = 1;
        if (affected) {
            APR_ARRAY_IDX(list->entries, kept++, okapi_queue_entry_t) = *entry;
        }
    }
    list->entries->nelts = kept;
    return APR_SUCCESS;
}

static apr_status_t due_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *list = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_QUEUE_DUE,
                                       DB_ARGS(DB_I(list->now), DB_I(list->now), DB_I(list->max)),
                                       scratch_pool);
    return rv == APR_SUCCESS ? read_entries(list, conn, rows, scratch_pool) : rv;
}

static apr_status_t take_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    apr_status_t rv = due_work(conn, baton, scratch_pool);
    return rv == APR_SUCCESS ? hold(baton, conn, scratch_pool) : rv;
}

/* Looks first, since mostly there is nothing to take. */
apr_status_t okapi_queue_take(apr_array_header_t **entries, okapi_t *okapi, int max,
                              apr_interval_time_t duration, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    apr_time_t now = apr_time_now();
    okapi_guid_t guid = okapi_guid_create();
    list_t list = {apr_array_make(result_pool, 8, sizeof(okapi_queue_entry_t)), .max = max,
                   .now = okapi_time_from_apr(now), .until = okapi_time_from_apr(now + duration),
                   .holder = okapi_guid_format(&guid, result_pool), .result_pool = result_pool};
    *entries = list.entries;
    apr_status_t rv = okapi__db_read(okapi->db, due_work, &list, scratch_pool);
    return rv == APR_SUCCESS && list.entries->nelts > 0
               ? okapi__db_write(okapi->db, take_work, &list, scratch_pool)
               : rv;
}

/* ---- what became of it ---- */

typedef struct settle_t {
    const okapi_queue_entry_t *entry;
    const okapi_queue_report_t *report;
} settle_t;

static apr_status_t report_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const settle_t *b = baton;
    apr_int64_t affected;
    okapi_id_t id = b->entry->id;
    const char *error = okapi__text_clean(b->report->error, STATUS_MAX, scratch_pool);
    apr_status_t rv = okapi__db_exec(conn, STMT_QUEUE_KEEP, &affected,
                                     DB_ARGS(DB_S(error), DB_I(id), DB_S(b->entry->holder)),
                                     scratch_pool);
    if (rv == APR_SUCCESS && !affected) {
        okapi__rows_t *rows;
        int found;
        rv = okapi__db_select_one(&rows, &found, conn, STMT_QUEUE_LIST,
                                  DB_ARGS(DB_I(id - 1), DB_I(1)), scratch_pool);
        return rv != APR_SUCCESS ? rv
               : found && okapi__rows_int(rows, 0) == id ? OKAPI_EOBJECTMODIFIED
                                                         : OKAPI_ENOTFOUND;
    }
    for (int i = 0; rv == APR_SUCCESS && i < b->report->n; i++) {
        const okapi_queue_recipient_t *r = &b->report->recipients[i];
        const char *status = okapi__text_clean(r->status, STATUS_MAX, scratch_pool);
        rv = okapi__db_exec(conn, STMT_QUEUE_SET_RECIPIENT, NULL,
                            DB_ARGS(DB_I(r->state), DB_S(status), DB_I(id), DB_I(r->number)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS && b->report->retry_at
               ? okapi__db_exec(conn, STMT_QUEUE_RETRY, NULL,
                                DB_ARGS(DB_I(b->report->retry_at), DB_I(id)), scratch_pool)
               : rv;
}

apr_status_t okapi_queue_report(okapi_t *okapi, const okapi_queue_entry_t *entry,
                                const okapi_queue_report_t *report, apr_pool_t *scratch_pool)
{
    settle_t b = {entry, report};
    return okapi__db_write(okapi->db, report_work, &b, scratch_pool);
}

static apr_status_t remove_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi_id_t *id = baton;
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(conn, STMT_QUEUE_REMOVE, &affected, DB_ARGS(DB_I(*id)),
                                     scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_QUEUE_REMOVE_RECIPIENTS, NULL, DB_ARGS(DB_I(*id)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS && !affected ? OKAPI_ENOTFOUND : rv;
}

apr_status_t okapi_queue_remove(okapi_t *okapi, okapi_id_t id, apr_pool_t *scratch_pool)
{
    return okapi__db_write(okapi->db, remove_work, &id, scratch_pool);
}

/* ---- when ---- */

typedef struct when_t {
    okapi_id_t id;
    okapi_time_t time; /* 0: none */
} when_t;

static apr_status_t next_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    when_t *b = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_QUEUE_NEXT, DB_NO_ARGS,
                                           scratch_pool);
    b->time = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

apr_status_t okapi_queue_next(okapi_time_t *time, okapi_t *okapi, apr_pool_t *scratch_pool)
{
    when_t b = {0, 0};
    apr_status_t rv = okapi__db_read(okapi->db, next_work, &b, scratch_pool);
    *time = b.time;
    return rv;
}

static apr_status_t hurry_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const when_t *b = baton;
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(conn, STMT_QUEUE_HURRY, &affected,
                                     DB_ARGS(DB_I(b->time), DB_I(b->id)), scratch_pool);
    return rv == APR_SUCCESS && !affected ? OKAPI_ENOTFOUND : rv;
}

apr_status_t okapi_queue_hurry(okapi_t *okapi, okapi_id_t id, apr_pool_t *scratch_pool)
{
    when_t b = {id, okapi_time_now()};
    apr_status_t rv = okapi__db_write(okapi->db, hurry_work, &b, scratch_pool);
    if (rv == APR_SUCCESS) {
        okapi__changed(okapi, OKAPI_DOORBELL_QUEUE);
    }
    return rv;
}

/* ---- taking back ---- */

apr_status_t okapi__queue_withdraw(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi_id_t *message_id = baton;
    okapi__rows_t *rows;
    apr_int64_t affected;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_QUEUE_OF_MESSAGE,
                                           DB_ARGS(DB_I(*message_id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTINQUEUE;
    }
    okapi_id_t id = okapi__rows_int(rows, 0);
    rv = okapi__db_exec(conn, STMT_QUEUE_WITHDRAW, &affected,
                        DB_ARGS(DB_I(id), DB_I(okapi_time_now())), scratch_pool);
    if (rv != APR_SUCCESS || !affected) {
        return rv != APR_SUCCESS ? rv : OKAPI_EUNABLETOABORT;
    }
    return okapi__db_exec(conn, STMT_QUEUE_REMOVE_RECIPIENTS, NULL, DB_ARGS(DB_I(id)),
                          scratch_pool);
}
