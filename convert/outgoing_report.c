/* outgoing_report.c - what the sender is told of a message that couldn't be sent: RFC 3462,
 * RFC 3464, and in words for people. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/mime.h>
#include <okapi/outgoing.h>
#include <okapi/receive.h>

#include "entity.h"
#include "mime_encode.h"

enum { HEADER_MAX = 65536 /* bytes that are sent back of the message */ };

/* ---- why, in words ---- */

typedef struct reason_t {
    const char *status; /* as its diagnostic has it, or the beginning of that */
    const char *text;
} reason_t;

/* RFC 3463; more special ones first. */
static const reason_t reasons[] = {
    {"5.1.1", "There is no mailbox with this address. Look for a typing error."},
    {"5.1.2", "The part of the address behind the @ doesn't exist. Look for a typing error."},
    {"5.1.3", "This isn't a mail address. Look for a typing error."},
    {"5.1.", "The address doesn't work."},
    {"5.2.1", "The mailbox is switched off."},
    {"5.2.2", "The mailbox is full."},
    {"5.2.3", "The message is larger than this mailbox accepts."},
    {"5.3.4", "The message is larger than the mail server accepts."},
    {"4.4.", "The mail server at the other end couldn't be reached, or didn't take the message for "
             "too long."},
    {"5.4.4", "Nobody takes mail for this domain. Look for a typing error behind the @."},
    {"5.4.", "There is no way to the mail server at the other end."},
    {"5.6.", "The mail server at the other end can't handle a message of this form."},
    {"5.7.", "You may not send to this address, or the mail server at the other end takes the "
             "message for unwanted."},
};

/* "5.1.1" of "550 5.1.1 no such user": its own, else what its code means. */
static const char *status_of(const char *diagnostic, apr_pool_t *result_pool)
{
    const char *p = strlen(diagnostic) > 4 ? diagnostic + 4 : "";
    apr_size_t n = strspn(p, "0123456789.");
    if (n >= 5 && n <= 9 && (p[0] == '4' || p[0] == '5') && p[1] == '.') {
        return apr_pstrmemdup(result_pool, p, n);
    }
    return diagnostic[0] == '5' ? "5.0.0" : "4.4.7";
}

static const char *reason_of(const char *status)
{
    for (apr_size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strncmp(status, reasons[i].status, strlen(reasons[i].status)) == 0) {
            return reasons[i].text;
        }
    }
    return *status == '4' ? "It couldn't be delivered for too long."
                          : "The mail server refused the message.";
}

/* ---- the parts ---- */

typedef struct report_t {
    const okapi_config_t *config;
    const okapi_queue_entry_t *entry;
    const char *subject, *boundary;
    apr_pool_t *pool;
    apr_array_header_t *text; /* of const char * */
} report_t;

static void say(report_t *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(report_t *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    APR_ARRAY_PUSH(r->text, const char *) = apr_pvsprintf(r->pool, format, args);
    va_end(args);
}

/* TEXT as one line of it. */
static const char *line_of(const char *text, apr_pool_t *result_pool)
{
    char *line = apr_pstrdup(result_pool, text);
    for (char *p = line; *p; p++) {
        *p = (unsigned char)*p < ' ' || *p == 0x7F ? ' ' : *p;
    }
    return line;
}

static const char *date_of(okapi_time_t time, apr_pool_t *result_pool)
{
    char *date = apr_palloc(result_pool, APR_RFC822_DATE_LEN);
    apr_rfc822_date(date, okapi_time_to_apr(time));
    char *zone = strstr(date, "GMT"); /* RFC 5322 4.3 has it as obsolete */
    return zone ? apr_pstrcat(result_pool, apr_pstrmemdup(result_pool, date,
                                                          (apr_size_t)(zone - date)),
                              "+0000", NULL)
                : date;
}

static const char *subject_field(const report_t *r)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 256, 8 * strlen(r->subject) + 4096, r->pool);
    okapi__write_text(&w, "Subject",
                      apr_pstrcat(r->pool, "Undeliverable: ", line_of(r->subject, r->pool), NULL),
                      r->pool);
    return apr_pstrmemdup(r->pool, (const char *)w.data, w.len);
}

static void write_header(report_t *r)
{
    okapi_guid_t guid = okapi_guid_create();
    say(r, "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n", r->config->domain);
    say(r, "To: <%s>\r\n", line_of(r->entry->sender, r->pool));
    say(r, "%s", subject_field(r));
    say(r, "Date: %s\r\n", date_of(okapi_time_now(), r->pool));
    say(r, "Message-ID: <%s@%s>\r\n", okapi_guid_format(&guid, r->pool), r->config->domain);
    say(r, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
    say(r, "Content-Type: multipart/report; report-type=delivery-status;\r\n"
           "\tboundary=\"%s\"\r\n\r\n", r->boundary);
}

static const okapi_queue_recipient_t *failed(const report_t *r, int i)
{
    const okapi_queue_recipient_t *one =
        &APR_ARRAY_IDX(r->entry->recipients, i, okapi_queue_recipient_t);
    return one->state == OKAPI_QUEUE_FAILED ? one : NULL;
}

static void write_words(report_t *r)
{
    say(r, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Content-Transfer-Encoding: 8bit\r\n\r\n", r->boundary);
    say(r, "Your message\r\n\r\n    %s\r\n\r\ncould not be delivered to:\r\n",
        line_of(r->subject, r->pool));
    for (int i = 0; i < r->entry->recipients->nelts; i++) {
        const okapi_queue_recipient_t *one = failed(r, i);
        if (one) {
            say(r, "\r\n%s\r\n    %s\r\n    (%s)\r\n", line_of(one->address, r->pool),
                reason_of(status_of(one->status, r->pool)), line_of(one->status, r->pool));
        }
    }
    say(r, "\r\nThose who aren't named here get it all the same. This message was made by the\r\n"
           "mail server %s.\r\n\r\n", r->config->server_name);
}

static void write_fields(report_t *r)
{
    say(r, "--%s\r\nContent-Type: message/delivery-status\r\n\r\n", r->boundary);
    say(r, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", r->config->server_name,
        date_of(r->entry->created, r->pool));
    for (int i = 0; i < r->entry->recipients->nelts; i++) {
        const okapi_queue_recipient_t *one = failed(r, i);
        if (one) {
            say(r, "\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s\r\n"
                   "Diagnostic-Code: smtp; %s\r\nLast-Attempt-Date: %s\r\n",
                line_of(one->address, r->pool), status_of(one->status, r->pool),
                line_of(one->status, r->pool), date_of(okapi_time_now(), r->pool));
        }
    }
    say(r, "\r\n");
}

/* RFC 3462 2: the header is enough. */
static void write_returned(report_t *r, okapi_binary_t bytes)
{
    apr_size_t n = okapi__entity_header_size(bytes, HEADER_MAX);
    say(r, "--%s\r\nContent-Type: text/rfc822-headers; charset=utf-8\r\n"
           "Content-Transfer-Encoding: 8bit\r\n\r\n", r->boundary);
    say(r, "%s\r\n--%s--\r\n",
        apr_pstrmemdup(r->pool, (const char *)bytes.data, n < HEADER_MAX ? n : HEADER_MAX),
        r->boundary);
}

static okapi_binary_t make_report(okapi_t *okapi, const okapi_queue_entry_t *entry,
                                  const char *subject, okapi_binary_t bytes,
                                  apr_pool_t *result_pool)
{
    okapi_guid_t guid = okapi_guid_create();
    report_t r = {okapi_config(okapi), entry, subject, okapi_guid_format(&guid, result_pool),
                  result_pool, apr_array_make(result_pool, 32, sizeof(const char *))};
    write_header(&r);
    write_words(&r);
    write_fields(&r);
    write_returned(&r, bytes);
    const char *all = apr_array_pstrcat(result_pool, r.text, '\0');
    return (okapi_binary_t){(const unsigned char *)all, strlen(all)};
}

/* ---- to whom ---- */

static apr_status_t deliver(okapi_t *okapi, const okapi_queue_entry_t *entry,
                            okapi_binary_t report, apr_pool_t *scratch_pool)
{
    static const okapi_user_t server = {0, "", "", "", OKAPI_USER_ADMIN, ""};
    const okapi_envelope_t envelope = {"", 0};
    okapi_user_t *user;
    okapi_store_t *store;
    apr_status_t rv = okapi_user_by_address(&user, okapi, entry->sender, scratch_pool,
                                            scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_open(&store, okapi, &server, user, scratch_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_receive(store, report, &envelope, scratch_pool);
    }
    return rv;
}

apr_status_t okapi_outgoing_report(okapi_t *okapi, const okapi_queue_entry_t *entry,
                                   okapi_message_t *message, okapi_binary_t bytes,
                                   apr_pool_t *scratch_pool)
{
    const okapi_proptag_t tag = PR_SUBJECT;
    okapi_propval_t subject;
    if (!*entry->sender) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &subject,
                                       scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = deliver(okapi, entry,
                 make_report(okapi, entry, subject.tag == tag ? subject.v.str : "", bytes,
                             scratch_pool),
                 scratch_pool);
    if (rv == OKAPI_EUNKNOWNUSER || rv == OKAPI_EREFUSED || rv == OKAPI_EREFUSEDSIZE ||
        rv == OKAPI_EREFUSEDFORM || rv == OKAPI_ETOOBIG || rv == OKAPI_EQUOTA) {
        okapi_log(okapi, OKAPI_LOG_WARNING, rv, "nobody can be told that mail from %s failed",
                  entry->sender);
        return APR_SUCCESS;
    }
    return rv;
}
