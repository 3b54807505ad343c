/* smtp.c - handing over a message: envelope, recipients with their answers, content. */
#include "smtp.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "smtp_link.h"

#define CHUNK 65536 /* bytes of content that are written at once */

/* ---- what the message needs ---- */

static int is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80) {
            return 0;
        }
    }
    return 1;
}

static int has_8bit(const unsigned char *data, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len; i++) {
        if (data[i] >= 0x80) {
            return 1;
        }
    }
    return 0;
}

/* Of the header section: up to the first empty line. */
static apr_size_t header_length(okapi_binary_t bytes)
{
    apr_size_t i;

    for (i = 0; i + 1 < bytes.len; i++) {
        if (bytes.data[i] == '\n' &&
            (bytes.data[i + 1] == '\n' ||
             (i + 2 < bytes.len && bytes.data[i + 1] == '\r' && bytes.data[i + 2] == '\n'))) {
            return i + 1;
        }
    }
    return bytes.len;
}

/* Something that can stand between < and > in a command. */
static int is_path(const char *address)
{
    const unsigned char *p;

    for (p = (const unsigned char *)address; *p; p++) {
        if (*p <= ' ' || *p == 0x7F || *p == '<' || *p == '>') {
            return 0;
        }
    }
    return 1;
}

/* What this server can't be asked to do, so it needn't be; NULL: it can. */
static const char *fault(const okapi__smtp_t *smtp, const char *recipient)
{
    if (!is_path(recipient) || strrchr(recipient, '@') == NULL) {
        return "553 5.1.3 this isn't a mail address";
    }
    return !is_ascii(recipient) && !okapi__smtp_offers(smtp, OKAPI__SMTP_SMTPUTF8)
               ? "553 5.6.7 the mail server can't send to an address with such letters"
               : NULL;
}

/* ---- the envelope ---- */

static const char *mail_command(const okapi__smtp_t *smtp, const okapi__smtp_mail_t *mail,
                                apr_pool_t *pool)
{
    apr_size_t header = header_length(mail->bytes);
    int is_utf8 = !is_ascii(mail->sender) || has_8bit(mail->bytes.data, header);
    const char *size = "", *body = "", *utf8 = "";
    int i;

    for (i = 0; i < mail->n; i++) {
        is_utf8 |= !is_ascii(mail->recipients[i]);
    }
    if (okapi__smtp_offers(smtp, OKAPI__SMTP_SIZE)) {
        size = apr_psprintf(pool, " SIZE=%" APR_SIZE_T_FMT, mail->bytes.len);
    }
    if (okapi__smtp_offers(smtp, OKAPI__SMTP_8BITMIME) &&
        has_8bit(mail->bytes.data, mail->bytes.len)) {
        body = " BODY=8BITMIME";
    }
    if (is_utf8 && okapi__smtp_offers(smtp, OKAPI__SMTP_SMTPUTF8)) {
        utf8 = " SMTPUTF8";
    }
    return apr_psprintf(pool, "MAIL FROM:<%s>%s%s%s\r\n", mail->sender, size, body, utf8);
}

static const char *recipient_command(const okapi__smtp_t *smtp, const okapi__smtp_mail_t *mail,
                                     int i, apr_pool_t *pool)
{
    return apr_psprintf(pool, "RCPT TO:<%s>%s\r\n", mail->recipients[i],
                        mail->wants_report && okapi__smtp_offers(smtp, OKAPI__SMTP_DSN)
                            ? " NOTIFY=SUCCESS,FAILURE,DELAY"
                            : "");
}

static apr_status_t ask(okapi__smtp_t *smtp, const char *command, okapi__smtp_reply_t *reply,
                        apr_pool_t *pool)
{
    apr_status_t rv = okapi__smtp_write(smtp, command, strlen(command), 0);

    return rv == APR_SUCCESS ? okapi__smtp_read(smtp, reply, pool) : rv;
}

/* All commands in one go, if the server likes that (RFC 2920). REPLIES that are set already have
 * said enough. */
static apr_status_t offer(okapi__smtp_t *smtp, const okapi__smtp_mail_t *mail,
                          okapi__smtp_reply_t *first, okapi__smtp_reply_t *replies,
                          apr_pool_t *pool)
{
    int is_pipelined = okapi__smtp_offers(smtp, OKAPI__SMTP_PIPELINING);
    const char *command = mail_command(smtp, mail, pool);
    apr_array_header_t *commands = apr_array_make(pool, mail->n + 1, sizeof(const char *));
    apr_status_t rv;
    int i;

    if (!is_pipelined) {
        rv = ask(smtp, command, first, pool);
        for (i = 0; rv == APR_SUCCESS && first->code == 250 && i < mail->n; i++) {
            if (replies[i].code == 0) {
                rv = ask(smtp, recipient_command(smtp, mail, i, pool), &replies[i], pool);
            }
        }
        return rv;
    }
    APR_ARRAY_PUSH(commands, const char *) = command;
    for (i = 0; i < mail->n; i++) {
        if (replies[i].code == 0) {
            APR_ARRAY_PUSH(commands, const char *) = recipient_command(smtp, mail, i, pool);
        }
    }
    command = apr_array_pstrcat(pool, commands, '\0');
    rv = okapi__smtp_write(smtp, command, strlen(command), 0);
    if (rv == APR_SUCCESS) {
        rv = okapi__smtp_read(smtp, first, pool);
    }
    for (i = 0; rv == APR_SUCCESS && i < mail->n; i++) {
        if (replies[i].code == 0) {
            rv = okapi__smtp_read(smtp, &replies[i], pool);
        }
    }
    return rv;
}

/* ---- the content ---- */

/* Lines end with CRLF, and one that begins with a dot gets another one: RFC 5321 4.5.2. */
static apr_status_t write_content(okapi__smtp_t *smtp, okapi_binary_t bytes, apr_pool_t *pool)
{
    char *chunk = apr_palloc(pool, CHUNK);
    apr_size_t n = 0, i;
    unsigned char before = '\n';
    apr_status_t rv = APR_SUCCESS;

    for (i = 0; rv == APR_SUCCESS && i < bytes.len; i++) {
        unsigned char c = bytes.data[i];

        if ((c == '.' && before == '\n') || (c == '\n' && before != '\r')) {
            chunk[n++] = c == '.' ? '.' : '\r';
        }
        chunk[n++] = (char)c;
        before = c;
        if (n > CHUNK - 16) {
            rv = okapi__smtp_write(smtp, chunk, n, 0);
            n = 0;
        }
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (before != '\n') {
        memcpy(chunk + n, "\r\n", 2);
        n += 2;
    }
    memcpy(chunk + n, ".\r\n", 3);
    return okapi__smtp_write(smtp, chunk, n + 3, 1);
}

/* ---- all of it ---- */

/* The answer to the whole message is that to each recipient who was accepted. */
static void answer_accepted(okapi__smtp_reply_t *replies, int n, const okapi__smtp_reply_t *reply)
{
    int i;

    for (i = 0; i < n; i++) {
        if (replies[i].code / 100 == 2) {
            replies[i] = *reply;
        }
    }
}

static int is_anybody_accepted(const okapi__smtp_reply_t *replies, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (replies[i].code / 100 == 2) {
            return 1;
        }
    }
    return 0;
}

/* Those that nothing is known of get REPLY. */
static void answer_rest(okapi__smtp_reply_t *replies, int n, const okapi__smtp_reply_t *reply)
{
    int i;

    for (i = 0; i < n; i++) {
        if (replies[i].code == 0) {
            replies[i] = *reply;
        }
    }
}

/* LMTP answers to each recipient who was accepted, in their order: RFC 2033 4.2. */
static apr_status_t read_each(okapi__smtp_t *smtp, okapi__smtp_reply_t *replies, int n,
                              apr_pool_t *pool)
{
    static const okapi__smtp_reply_t unknown = {0, ""};
    apr_status_t rv = APR_SUCCESS;
    int i;

    for (i = 0; i < n; i++) {
        if (replies[i].code / 100 == 2) {
            okapi__smtp_reply_t reply = unknown;

            rv = rv == APR_SUCCESS ? okapi__smtp_read(smtp, &reply, pool) : rv;
            replies[i] = rv == APR_SUCCESS ? reply : unknown;
        }
    }
    return rv;
}

static apr_status_t give(okapi__smtp_t *smtp, const okapi__smtp_mail_t *mail,
                         okapi__smtp_reply_t *replies, apr_pool_t *pool)
{
    static const okapi__smtp_reply_t unknown = {0, ""};
    okapi__smtp_reply_t reply = unknown;
    apr_status_t rv = ask(smtp, "DATA\r\n", &reply, pool);

    if (rv == APR_SUCCESS && reply.code == 354) {
        reply = unknown;
        rv = write_content(smtp, mail->bytes, pool);
        if (rv == APR_SUCCESS && okapi__smtp_offers(smtp, OKAPI__SMTP_LMTP)) {
            return read_each(smtp, replies, mail->n, pool);
        }
        if (rv == APR_SUCCESS) {
            rv = okapi__smtp_read(smtp, &reply, pool);
        }
    }
    answer_accepted(replies, mail->n, &reply);
    return rv;
}

apr_status_t okapi__smtp_send(okapi__smtp_t *smtp, const okapi__smtp_mail_t *mail,
                              okapi__smtp_reply_t *replies, apr_pool_t *result_pool)
{
    static const okapi__smtp_reply_t unknown = {0, ""};
    static const okapi__smtp_reply_t bad_sender = {
        553, "553 5.1.7 the sender's address can't be sent"};
    okapi__smtp_reply_t first = unknown, ignored;
    apr_status_t rv;
    int i, n = 0;

    for (i = 0; i < mail->n; i++) {
        const char *text = fault(smtp, mail->recipients[i]);

        replies[i] = text != NULL ? (okapi__smtp_reply_t){553, text} : unknown;
        n += text == NULL;
    }
    if (!is_path(mail->sender)) {
        answer_rest(replies, mail->n, &bad_sender);
        return APR_SUCCESS;
    }
    if (n == 0) {
        return APR_SUCCESS;
    }
    rv = offer(smtp, mail, &first, replies, result_pool);
    if (rv == APR_SUCCESS && first.code != 250) {
        for (i = 0; i < mail->n; i++) {
            replies[i] = fault(smtp, mail->recipients[i]) != NULL ? replies[i] : first;
        }
    } else if (rv == APR_SUCCESS && is_anybody_accepted(replies, mail->n)) {
        return give(smtp, mail, replies, result_pool);
    }
    if (rv != APR_SUCCESS) {
        answer_accepted(replies, mail->n, &unknown); /* of no worth without the message */
        return rv;
    }
    return ask(smtp, "RSET\r\n", &ignored, result_pool);
}
