/* send.c - one try to send one message: to the relay, what each recipient was answered, and what
 * follows from that.
 *
 * Each step is recorded before the next one, and each can be done again: whoever takes the entry
 * after a crash goes on from there. Only between the relay's answer to the message and its record
 * there is a moment whose crash sends it again, under the same Message-ID.
 */
#include "okapi_httpd.h"

#include <apr_strings.h>
#include <http_main.h>

#include <okapi/outgoing.h>
#include <okapi/submit.h>

#include "send.h"
#include "smtp.h"

APLOG_USE_MODULE(okapi);

#define AT_ONCE 100 /* recipients of one transaction: RFC 5321 4.5.3.1.8 */

typedef struct try_t {
    okapi_t *okapi;
    const okapi_config_t *config;
    okapi_queue_entry_t *entry;
    const int *stopping;
    apr_time_t begun;
    okapi_message_t *message;
    okapi_binary_t bytes;
    const char *error;           /* why there are some that wait still; "" */
    apr_array_header_t *changed; /* of okapi_queue_recipient_t: what isn't recorded yet */
    apr_pool_t *pool;
} try_t;

apr_interval_time_t okapi__send_lease(const okapi_config_t *config)
{
    return apr_time_from_sec(config->send_timeout) * 3 / 2;
}

/* ---- recipients ---- */

static okapi_queue_recipient_t *recipient(const try_t *t, int i)
{
    return &APR_ARRAY_IDX(t->entry->recipients, i, okapi_queue_recipient_t);
}

static int count(const try_t *t, okapi_queue_state_e state)
{
    int i, n = 0;

    for (i = 0; i < t->entry->recipients->nelts; i++) {
        n += recipient(t, i)->state == state;
    }
    return n;
}

static void set_state(try_t *t, okapi_queue_recipient_t *r, okapi_queue_state_e state,
                      const char *status)
{
    r->state = state;
    r->status = status;
    APR_ARRAY_PUSH(t->changed, okapi_queue_recipient_t) = *r;
    if (state == OKAPI_QUEUE_FAILED) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, ap_server_conf,
                     OKLOGNO(00043) "queue %" APR_INT64_T_FMT ": from <%s> to <%s>: not sent: %s",
                     t->entry->id, t->entry->sender, r->address, status);
    } else if (state == OKAPI_QUEUE_DONE) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, ap_server_conf,
                     OKLOGNO(00044) "queue %" APR_INT64_T_FMT ": from <%s> to <%s>: sent: %s",
                     t->entry->id, t->entry->sender, r->address, status);
    }
}

/* Everybody in the state FROM. STATUS NULL: the last answer stays, or else is the error. */
static void set_all(try_t *t, okapi_queue_state_e from, okapi_queue_state_e to, const char *status)
{
    int i;

    for (i = 0; i < t->entry->recipients->nelts; i++) {
        okapi_queue_recipient_t *r = recipient(t, i);

        if (r->state == from) {
            set_state(t, r, to, status != NULL ? status : *r->status ? r->status : t->error);
        }
    }
}

/* RETRY_AT 0: it stays ours. */
static apr_status_t record(try_t *t, okapi_time_t retry_at)
{
    const okapi_queue_report_t report = {(okapi_queue_recipient_t *)t->changed->elts,
                                         t->changed->nelts, t->error, retry_at};
    apr_status_t rv = okapi_queue_report(t->okapi, t->entry, &report, t->pool);

    if (rv == APR_SUCCESS) {
        apr_array_clear(t->changed);
    }
    return rv;
}

/* ---- the relay ---- */

static void take_reply(try_t *t, okapi_queue_recipient_t *r, const okapi__smtp_reply_t *reply)
{
    okapi_queue_state_e state = reply->code / 100 == 2   ? OKAPI_QUEUE_DONE
                                : reply->code / 100 == 5 ? OKAPI_QUEUE_FAILED
                                                         : OKAPI_QUEUE_WAITING;

    if (reply->code != 0) {
        set_state(t, r, state, reply->text);
    }
    if (state == OKAPI_QUEUE_WAITING) {
        t->error = reply->code != 0 ? reply->text : "the relay didn't answer";
    }
}

static apr_status_t wants_report(int *wanted, const try_t *t)
{
    const okapi_proptag_t tag = PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED;
    okapi_propval_t v;
    apr_status_t rv = okapi_object_get(okapi_message_object(t->message), &tag, 1, 0, &v, t->pool,
                                       t->pool);

    *wanted = rv == APR_SUCCESS && v.tag == tag && v.v.boolean;
    return rv;
}

/* The next of those that wait, from *FROM on. */
static apr_status_t send_some(try_t *t, okapi__smtp_t *smtp, int *from, apr_pool_t *pool)
{
    okapi_queue_recipient_t *chosen[AT_ONCE];
    const char *addresses[AT_ONCE];
    okapi__smtp_reply_t replies[AT_ONCE];
    okapi__smtp_mail_t mail = {t->entry->sender, addresses, 0, t->bytes, 0};
    apr_status_t rv = wants_report(&mail.wants_report, t), recorded;
    int i;

    for (; *from < t->entry->recipients->nelts && mail.n < AT_ONCE; ++*from) {
        if (recipient(t, *from)->state == OKAPI_QUEUE_WAITING) {
            chosen[mail.n] = recipient(t, *from);
            addresses[mail.n] = chosen[mail.n]->address;
            replies[mail.n++] = (okapi__smtp_reply_t){0, ""};
        }
    }
    if (rv != APR_SUCCESS || mail.n == 0) {
        return rv;
    }
    rv = okapi__smtp_send(smtp, &mail, replies, pool);
    for (i = 0; i < mail.n; i++) {
        take_reply(t, chosen[i], &replies[i]);
    }
    recorded = record(t, 0);
    if (recorded == OKAPI_EOBJECTMODIFIED || recorded == OKAPI_ENOTFOUND) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                     OKLOGNO(00045) "queue %" APR_INT64_T_FMT ": somebody else has taken it "
                                    "meanwhile, it may be sent twice: raise SendTimeout",
                     t->entry->id);
    }
    return recorded != APR_SUCCESS ? recorded : rv;
}

static void complain(try_t *t, const char *error)
{
    t->error = apr_psprintf(t->pool, "the relay %s can't be used: %s", t->config->send_relay,
                            error);
}

/* Only what the database says is an error; what the relay says stands in the recipients. */
static apr_status_t send_waiting(try_t *t)
{
    apr_time_t deadline = t->begun + apr_time_from_sec(t->config->send_timeout);
    okapi__smtp_t *smtp;
    apr_pool_t *pool; /* the connection ends with it */
    const char *error;
    apr_status_t rv;
    int from = 0;

    apr_pool_create(&pool, t->pool);
    rv = okapi__smtp_connect(&smtp, &error, t->config, deadline, t->stopping, pool);
    if (rv != APR_SUCCESS) {
        complain(t, error);
        apr_pool_destroy(pool);
        return APR_SUCCESS;
    }
    while (rv == APR_SUCCESS && from < t->entry->recipients->nelts) {
        rv = send_some(t, smtp, &from, t->pool);
    }
    apr_pool_destroy(pool);
    if (rv != APR_SUCCESS && okapi_error_symbol(rv) == NULL) {
        complain(t, apr_strerror(rv, apr_palloc(t->pool, 128), 128));
        rv = APR_SUCCESS;
    }
    return rv;
}

/* ---- what comes of it ---- */

static okapi_time_t next_try(const try_t *t)
{
    apr_int64_t seconds = t->config->send_retry;
    int i;

    for (i = 0; i < t->entry->tries && seconds < t->config->send_retry_max; i++) {
        seconds *= 2;
    }
    if (seconds > t->config->send_retry_max) {
        seconds = t->config->send_retry_max;
    }
    return okapi_time_from_apr(apr_time_now() + apr_time_from_sec(seconds));
}

static int is_stopping(const try_t *t)
{
    return __atomic_load_n(t->stopping, __ATOMIC_RELAXED);
}

static void give_up_if_late(try_t *t)
{
    apr_interval_time_t age = apr_time_now() - okapi_time_to_apr(t->entry->created);

    if (age > apr_time_from_sec(t->config->send_give_up) && !is_stopping(t)) {
        set_all(t, OKAPI_QUEUE_WAITING, OKAPI_QUEUE_FAILED, NULL);
    }
}

/* Who failed for good is told of to the sender; that is recorded after it, so a crash in between
 * tells it twice. */
static apr_status_t tell(try_t *t)
{
    apr_status_t rv = record(t, 0);

    if (rv != APR_SUCCESS || count(t, OKAPI_QUEUE_FAILED) == 0) {
        return rv;
    }
    rv = okapi_outgoing_report(t->okapi, t->entry, t->message, t->bytes, t->pool);
    if (rv == APR_SUCCESS) {
        set_all(t, OKAPI_QUEUE_FAILED, OKAPI_QUEUE_TOLD, NULL);
        rv = record(t, 0);
    }
    return rv;
}

static apr_status_t settle(try_t *t)
{
    apr_status_t rv;

    give_up_if_late(t);
    rv = tell(t);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (count(t, OKAPI_QUEUE_WAITING) > 0) {
        okapi_time_t then = is_stopping(t) ? okapi_time_now() : next_try(t);

        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                     OKLOGNO(00046) "queue %" APR_INT64_T_FMT ": from <%s>: %s; it is tried again "
                                    "in %d seconds",
                     t->entry->id, t->entry->sender, t->error,
                     (int)((then - okapi_time_now()) / 10000000));
        return record(t, then);
    }
    rv = okapi_submit_finish(t->message, t->pool);
    return rv == APR_SUCCESS ? okapi_queue_remove(t->okapi, t->entry->id, t->pool) : rv;
}

/* What can't be made a mail is not to be tried again; what the database can't give is. */
static apr_status_t read_bytes(try_t *t)
{
    apr_status_t rv = okapi_outgoing_bytes(&t->bytes, t->message, t->pool, t->pool);

    if (rv == OKAPI_EINVAL || rv == OKAPI_EFORMAT || rv == OKAPI_ETOOBIG || rv == OKAPI_ECORRUPT ||
        rv == OKAPI_ETOOCOMPLEX) {
        char buffer[256];

        t->bytes = (okapi_binary_t){(const unsigned char *)"", 0};
        set_all(t, OKAPI_QUEUE_WAITING, OKAPI_QUEUE_FAILED,
                apr_pstrcat(t->pool, "554 5.6.0 no mail can be made of the message: ",
                            okapi_strerror(rv, buffer, sizeof(buffer)), NULL));
        rv = APR_SUCCESS;
    }
    return rv;
}

static apr_status_t run(try_t *t)
{
    apr_status_t rv = okapi_submit_open(&t->message, t->okapi, t->entry, t->pool, t->pool);

    if (rv == OKAPI_ENOTFOUND) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, ap_server_conf,
                     OKLOGNO(00047) "queue %" APR_INT64_T_FMT ": from <%s>: the message was "
                                    "deleted, so it isn't sent",
                     t->entry->id, t->entry->sender);
        return okapi_queue_remove(t->okapi, t->entry->id, t->pool);
    }
    if (rv == APR_SUCCESS &&
        (count(t, OKAPI_QUEUE_WAITING) > 0 || count(t, OKAPI_QUEUE_FAILED) > 0)) {
        rv = read_bytes(t);
    }
    if (rv == APR_SUCCESS && count(t, OKAPI_QUEUE_WAITING) > 0) {
        rv = send_waiting(t);
    }
    return rv == APR_SUCCESS ? settle(t) : rv;
}

void okapi__send_entry(okapi_t *okapi, okapi_queue_entry_t *entry, const int *stopping,
                       apr_pool_t *pool)
{
    try_t t = {.okapi = okapi, .config = okapi_config(okapi), .entry = entry,
               .stopping = stopping, .begun = apr_time_now(), .error = "", .pool = pool};
    char buffer[256];
    apr_status_t rv;

    t.changed = apr_array_make(pool, 8, sizeof(okapi_queue_recipient_t));
    rv = run(&t);
    if (rv != APR_SUCCESS && rv != OKAPI_ENOTFOUND) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                     OKLOGNO(00048) "queue %" APR_INT64_T_FMT ": from <%s>: %s; it is tried again "
                                    "later",
                     entry->id, entry->sender, okapi_strerror(rv, buffer, sizeof(buffer)));
        (void)record(&t, next_try(&t)); /* with what isn't recorded yet */
    }
}
