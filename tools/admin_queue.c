/* admin_queue.c - okapi-admin queue: mail on its way out. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/submit.h>

#include "admin.h"

enum { PAGE = 200 };

static const output_column_t list_columns[] = {{"id", "Entry", OUTPUT_NUMBER},
                                               {"sender", "From", OUTPUT_TEXT},
                                               {"to", "To", OUTPUT_TEXT},
                                               {"waiting", "Waiting", OUTPUT_NUMBER},
                                               {"since", "Since", OUTPUT_TEXT},
                                               {"next", "Next try", OUTPUT_TEXT},
                                               {"tries", "Tries", OUTPUT_NUMBER},
                                               {"error", "Last error", OUTPUT_TEXT},
                                               {NULL, NULL, OUTPUT_TEXT}};

static const output_column_t recipient_columns[] = {{"address", "To", OUTPUT_TEXT},
                                                    {"state", "State", OUTPUT_TEXT},
                                                    {"status", "Last answer", OUTPUT_TEXT},
                                                    {NULL, NULL, OUTPUT_TEXT}};

static const char *const states[] = {[OKAPI_QUEUE_WAITING] = "waiting",
                                     [OKAPI_QUEUE_DONE] = "sent",
                                     [OKAPI_QUEUE_FAILED] = "failed",
                                     [OKAPI_QUEUE_TOLD] = "failed, sender told"};

/* ---- as JSON ---- */

static const char *time_text(okapi_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t t;
    apr_time_exp_gmt(&t, okapi_time_to_apr(time));
    return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                        t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

static json_t *recipients_json(const okapi_queue_entry_t *entry, int *waiting)
{
    json_t *all = json_array();
    *waiting = 0;
    for (int i = 0; i < entry->recipients->nelts; i++) {
        const okapi_queue_recipient_t *r =
            &APR_ARRAY_IDX(entry->recipients, i, okapi_queue_recipient_t);
        *waiting += r->state == OKAPI_QUEUE_WAITING;
        json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "address", r->address, "state",
                                             states[r->state], "status", r->status));
    }
    return all;
}

static json_t *entry_json(const okapi_queue_entry_t *entry, apr_pool_t *pool)
{
    int waiting, n = entry->recipients->nelts;
    json_t *recipients = recipients_json(entry, &waiting);
    const char *to = n ? APR_ARRAY_IDX(entry->recipients, 0, okapi_queue_recipient_t).address : "";
    if (n > 1) {
        to = apr_psprintf(pool, "%s and %d more", to, n - 1);
    }
    return json_pack("{s:I, s:s, s:s, s:i, s:s, s:s, s:i, s:s, s:b, s:o}", "id",
                     (json_int_t)entry->id, "sender", *entry->sender ? entry->sender : "<>", "to",
                     to, "waiting", waiting, "since", time_text(entry->created, pool), "next",
                     entry->is_held ? "now" : time_text(entry->not_before, pool), "tries",
                     entry->tries, "error", entry->error, "held", entry->is_held, "recipients",
                     recipients);
}

/* ---- the commands ---- */

int admin_queue_list(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool;
    json_t *rows = json_array();
    okapi_id_t after = 0;
    apr_array_header_t *entries;
    do {
        apr_status_t rv = okapi_queue_list(&entries, admin->tool.okapi, after, PAGE, pool, pool);
        if (rv != APR_SUCCESS) {
            return tool_fail(&admin->tool, rv, "the queue can't be read");
        }
        for (int i = 0; i < entries->nelts; i++) {
            const okapi_queue_entry_t *entry = &APR_ARRAY_IDX(entries, i, okapi_queue_entry_t);
            json_array_append_new(rows, entry_json(entry, pool));
            after = entry->id;
        }
    } while (entries->nelts == PAGE);
    output_table(rows, list_columns, admin->as_json, pool);
    return EX_OK;
}

/* The entry of the first argument. */
static int find_entry(admin_t *admin, const okapi_queue_entry_t **entry)
{
    apr_pool_t *pool = admin->tool.pool;
    apr_array_header_t *entries;
    char *end;
    okapi_id_t id = apr_strtoi64(admin_arg(admin, 0), &end, 10);
    if (id < 1 || *end) {
        tool_error(&admin->tool, "%s isn't the number of an entry", admin_arg(admin, 0));
        return EX_USAGE;
    }
    apr_status_t rv = okapi_queue_list(&entries, admin->tool.okapi, id - 1, 1, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the queue can't be read");
    }
    *entry = entries->nelts ? &APR_ARRAY_IDX(entries, 0, okapi_queue_entry_t) : NULL;
    if (!*entry || (*entry)->id != id) {
        tool_error(&admin->tool, "the queue has no entry %s; 'okapi-admin queue list' shows all",
                   admin_arg(admin, 0));
        return EX_DATAERR;
    }
    return EX_OK;
}

int admin_queue_show(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool;
    const okapi_queue_entry_t *entry;
    int waiting, code = find_entry(admin, &entry);
    if (code) {
        return code;
    }
    output_record(entry_json(entry, pool), list_columns, admin->as_json, pool);
    if (!admin->as_json) {
        output_table(recipients_json(entry, &waiting), recipient_columns, 0, pool);
    }
    return EX_OK;
}

static int retry_all(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool;
    apr_array_header_t *entries;
    okapi_id_t after = 0;
    int n = 0;
    do {
        apr_status_t rv = okapi_queue_list(&entries, admin->tool.okapi, after, PAGE, pool, pool);
        for (int i = 0; rv == APR_SUCCESS && i < entries->nelts; i++, n++) {
            after = APR_ARRAY_IDX(entries, i, okapi_queue_entry_t).id;
            rv = okapi_queue_hurry(admin->tool.okapi, after, pool);
            rv = rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv; /* it has been sent meanwhile */
        }
        if (rv != APR_SUCCESS) {
            return tool_fail(&admin->tool, rv, "the queue can't be changed");
        }
    } while (entries->nelts == PAGE);
    output_done(json_pack("{s:i}", "entries", n), admin->as_json, "%d entries are tried now", n);
    return EX_OK;
}

int admin_queue_retry(admin_t *admin)
{
    const okapi_queue_entry_t *entry;
    if (strcmp(admin_arg(admin, 0), "all") == 0) {
        return retry_all(admin);
    }
    int code = find_entry(admin, &entry);
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_queue_hurry(admin->tool.okapi, entry->id, admin->tool.pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the entry can't be changed");
    }
    output_done(json_pack("{s:I}", "id", (json_int_t)entry->id), admin->as_json,
                "entry %" APR_INT64_T_FMT " is tried now", entry->id);
    return EX_OK;
}

/* What nobody has got becomes a draft again; what some have got is as if it had been sent. */
static apr_status_t drop(admin_t *admin, const okapi_queue_entry_t *entry)
{
    apr_pool_t *pool = admin->tool.pool;
    okapi_message_t *message;
    okapi_propval_t v;
    const okapi_proptag_t tag = PR_DELETE_AFTER_SUBMIT;
    apr_status_t rv = okapi_submit_open(&message, admin->tool.okapi, entry, pool, pool);
    if (rv == OKAPI_ENOTFOUND) {
        return okapi_queue_remove(admin->tool.okapi, entry->id, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_submit_abort(message, pool);
    }
    if (rv == OKAPI_EUNABLETOABORT) {
        rv = okapi_queue_remove(admin->tool.okapi, entry->id, pool);
        return rv == APR_SUCCESS ? okapi_submit_finish(message, pool) : rv;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool);
    }
    return rv == APR_SUCCESS && v.tag == tag && v.v.boolean ? okapi_submit_finish(message, pool)
                                                            : rv;
}

int admin_queue_drop(admin_t *admin)
{
    const okapi_queue_entry_t *entry;
    int code = find_entry(admin, &entry);
    if (code) {
        return code;
    }
    if (entry->is_held) {
        tool_error(&admin->tool, "entry %s is being sent just now; try again", admin_arg(admin, 0));
        return EX_TEMPFAIL;
    }
    apr_status_t rv = drop(admin, entry);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "entry %s can't be dropped", admin_arg(admin, 0));
    }
    output_done(json_pack("{s:I}", "id", (json_int_t)entry->id), admin->as_json,
                "entry %" APR_INT64_T_FMT " isn't sent any more", entry->id);
    return EX_OK;
}
