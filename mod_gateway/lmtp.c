/* lmtp.c - LMTP (RFC 2033), by which a mail server hands over mail on this side of the Internet.
 *
 * With 8BITMIME (RFC 6152), BINARYMIME and CHUNKING (RFC 3030), ENHANCEDSTATUSCODES (RFC 2034),
 * PIPELINING (RFC 2920), SIZE (RFC 1870) and SMTPUTF8 (RFC 6531). No answer says that a message was
 * delivered before it is on disk; each recipient has an answer of its own.
 */
#include "mod_gateway.h"
#include "dots.h"
#include "line.h"
#include "path.h"
#include "post.h"

#include <ap_mpm.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include <okapi/error.h>

APLOG_USE_MODULE(gateway);

#define IDLE apr_time_from_sec(300) /* RFC 5321 4.5.3.2 */

enum {
    LINE_MAX_LENGTH = 4096, /* of commands: RFC 5321 4.5.3.1.4 and what extensions add */
    RECIPIENTS_MAX = 1000,  /* RFC 5321 4.5.3.1.8 wants 100 */
    ERRORS_MAX = 20         /* in a connection: then it isn't a mail server */
};

typedef struct session_t {
    conn_rec *c;
    okapi_t *okapi;
    gw_line_t *line;
    int has_greeted, is_over, errors;
    apr_pool_t *pool;           /* of the transaction: from MAIL on */
    gw_post_t *post;            /* NULL: there is none */
    int is_utf8;                /* SMTPUTF8 */
    int is_chunked;             /* BDAT has begun */
    okapi_incoming_t *incoming; /* NULL: no data yet */
    apr_pool_t *scratch_pool;   /* of a command */
} session_t;

static void reply(session_t *s, int code, const char *enhanced, const char *text)
{
    s->errors += code >= 500;
    gw_line_printf(s->line, "%d %s %s\r\n", code, enhanced, text);
}

static void reset(session_t *s)
{
    s->post = NULL;
    s->incoming = NULL;
    s->is_utf8 = s->is_chunked = 0;
    apr_pool_clear(s->pool);
}

/* ---- what commands do ---- */

static void do_lhlo(session_t *s, char *args)
{
    const okapi_config_t *config = okapi_config(s->okapi);

    if (*args == '\0') {
        reply(s, 501, "5.5.4", "LHLO and a name are expected");
        return;
    }
    reset(s);
    s->has_greeted = 1;
    gw_line_printf(s->line,
                   "250-%s\r\n250-8BITMIME\r\n250-BINARYMIME\r\n250-CHUNKING\r\n"
                   "250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-SIZE %" APR_INT64_T_FMT
                   "\r\n250 SMTPUTF8\r\n",
                   config->server_name, config->max_message);
}

static void do_helo(session_t *s, char *args)
{
    reply(s, 500, "5.5.1", "this is LMTP: LHLO is expected");
}

/* The parameters of MAIL; 0 after an answer. */
static int read_parameters(session_t *s, char *parameters)
{
    apr_int64_t max = okapi_config(s->okapi)->max_message;
    char *word, *state;

    for (word = apr_strtok(parameters, " ", &state); word != NULL;
         word = apr_strtok(NULL, " ", &state)) {
        if (strncasecmp(word, "SIZE=", 5) == 0 && apr_isdigit(word[5])) {
            if (apr_strtoi64(word + 5, NULL, 10) > max) {
                reply(s, 552, "5.3.4", "the message is larger than this server accepts");
                return 0;
            }
        } else if (strcasecmp(word, "SMTPUTF8") == 0) {
            s->is_utf8 = 1;
        } else if (strcasecmp(word, "BODY=7BIT") != 0 && strcasecmp(word, "BODY=8BITMIME") != 0 &&
                   strcasecmp(word, "BODY=BINARYMIME") != 0) {
            reply(s, 555, "5.5.4", "a parameter isn't known or has no such value");
            return 0;
        }
    }
    return 1;
}

/* The argument of MAIL or RCPT; 0 after an answer. */
static int read_path(session_t *s, gw_path_t *path, const char *args, const char *keyword)
{
    const char *fault = gw_path_parse(path, args, keyword, s->scratch_pool);

    if (fault != NULL) {
        reply(s, 501, *keyword == 'F' ? "5.1.7" : "5.1.3", fault);
    }
    return fault == NULL;
}

/* An address beyond ASCII needs SMTPUTF8: RFC 6531 3.3. */
static int check_ascii(session_t *s, const gw_path_t *path)
{
    if (!path->is_ascii && !s->is_utf8) {
        reply(s, 553, "5.6.7", "an address that isn't ASCII needs SMTPUTF8");
    }
    return path->is_ascii || s->is_utf8;
}

static void do_mail(session_t *s, char *args)
{
    gw_path_t path;

    if (s->post != NULL) {
        reply(s, 503, "5.5.1", "there is a message already: RSET");
        return;
    }
    s->is_utf8 = 0;
    if (read_path(s, &path, args, "FROM:") && read_parameters(s, path.parameters) &&
        check_ascii(s, &path)) {
        s->post = gw_post_create(s->okapi, path.address, s->pool);
        reply(s, 250, "2.1.0", "OK");
    }
}

/* The reply of STATUS, about ADDRESS. */
static void answer(session_t *s, apr_status_t status, const char *address, const char *text)
{
    okapi_reply_t r = okapi_receive_reply(status, okapi_config(s->okapi));
    char reason[200];

    if (status != APR_SUCCESS) {
        text = okapi_strerror(status, reason, sizeof(reason));
    }
    gw_line_printf(s->line, "%d %s <%s> %s\r\n", r.code, r.enhanced, address, text);
}

static void do_rcpt(session_t *s, char *args)
{
    gw_path_t path;

    if (s->post == NULL || s->is_chunked) {
        reply(s, 503, "5.5.1", "MAIL comes before RCPT");
    } else if (!read_path(s, &path, args, "TO:") || !check_ascii(s, &path)) {
        return;
    } else if (path.parameters[strspn(path.parameters, " ")] != '\0') {
        reply(s, 555, "5.5.4", "a parameter isn't known");
    } else if (gw_post_count(s->post) == RECIPIENTS_MAX) {
        reply(s, 452, "4.5.3", "too many recipients at once");
    } else {
        answer(s, gw_post_add(s->post, path.address, s->scratch_pool), path.address, "OK");
    }
}

static void do_rset(session_t *s, char *args)
{
    reset(s);
    reply(s, 250, "2.0.0", "OK");
}

static void do_noop(session_t *s, char *args)
{
    reply(s, 250, "2.0.0", "OK");
}

static void do_vrfy(session_t *s, char *args)
{
    gw_post_t *post = gw_post_create(s->okapi, "", s->scratch_pool);
    gw_path_t path;

    if (*args == '<' && gw_path_parse(&path, args, "", s->scratch_pool) == NULL) {
        args = (char *)path.address;
    }
    if (*args == '\0') {
        reply(s, 501, "5.5.4", "VRFY and an address are expected");
        return;
    }
    answer(s, gw_post_add(post, args, s->scratch_pool), args, "is an address of this server");
}

static void do_quit(session_t *s, char *args)
{
    reply(s, 221, "2.0.0", "bye");
    s->is_over = 1;
}

/* ---- the message ---- */

/* All of it is there: deliver it and answer for each recipient (RFC 2033 4.2). */
static void finish(session_t *s)
{
    gw_post_t *post = s->post;
    okapi_binary_t raw;
    apr_status_t rv = okapi_incoming_finish(&raw, s->incoming, gw_post_sender(post));
    int i;

    if (rv == APR_SUCCESS) {
        gw_post_deliver(post, raw, s->scratch_pool);
    }
    for (i = 0; i < gw_post_count(post); i++) {
        apr_status_t status = rv == APR_SUCCESS ? gw_post_status(post, i) : rv;

        if (status != APR_SUCCESS) {
            char reason[200];
            ap_log_cerror(APLOG_MARK, APLOG_WARNING, 0, s->c,
                          OKLOGNO(02010) "a message for %s isn't delivered: %s",
                          gw_post_address(post, i),
                          okapi_strerror(status, reason, sizeof(reason)));
        }
        answer(s, status, gw_post_address(post, i), "delivered");
    }
    reset(s);
}

static void add(void *baton, const char *data, apr_size_t len)
{
    okapi_incoming_add(baton, data, len); /* it keeps its status */
}

static void begin_data(session_t *s)
{
    s->incoming = okapi_incoming_create(okapi_config(s->okapi)->max_message, s->pool);
}

/* The connection has died, or somebody is too slow. */
static void lose(session_t *s)
{
    s->is_over = 1;
    reset(s);
}

static void do_data(session_t *s, char *args)
{
    gw_dots_e state = GW_DOTS_BEGIN;

    if (s->post == NULL || gw_post_count(s->post) == 0 || s->is_chunked) {
        reply(s, 503, "5.5.1", "MAIL and RCPT come before DATA, and BDAT isn't followed by it");
        return;
    }
    begin_data(s);
    gw_line_printf(s->line, "354 end with a dot in a line of its own\r\n");
    while (state != GW_DOTS_END) {
        const char *data;
        apr_size_t len;

        if (gw_line_peek(s->line, &data, &len) != APR_SUCCESS) {
            lose(s);
            return;
        }
        gw_line_take(s->line, gw_dots(&state, data, len, add, s->incoming));
    }
    finish(s);
}

/* LEN bytes of the message; with INCOMING NULL they are passed over. */
static int read_chunk(session_t *s, okapi_incoming_t *incoming, apr_int64_t len)
{
    while (len > 0) {
        const char *data;
        apr_size_t n;

        if (gw_line_peek(s->line, &data, &n) != APR_SUCCESS) {
            lose(s);
            return 0;
        }
        n = (apr_int64_t)n < len ? n : (apr_size_t)len;
        if (incoming != NULL) {
            okapi_incoming_add(incoming, data, n);
        }
        gw_line_take(s->line, n);
        len -= (apr_int64_t)n;
    }
    return 1;
}

/* RFC 3030 2: its bytes come whether it is accepted or not. */
static void do_bdat(session_t *s, char *args)
{
    char *end;
    apr_int64_t len = apr_isdigit(*args) ? apr_strtoi64(args, &end, 10) : -1;
    int is_last;

    if (len < 0 || len == APR_INT64_MAX || (*end != '\0' && strcasecmp(end, " LAST") != 0)) {
        reply(s, 501, "5.5.4", "BDAT, a number and perhaps LAST are expected");
        s->is_over = 1; /* nobody knows where the next command begins */
        return;
    }
    is_last = *end != '\0';
    if (s->post == NULL || gw_post_count(s->post) == 0) {
        if (read_chunk(s, NULL, len)) {
            reply(s, 503, "5.5.1", "MAIL and RCPT come before BDAT");
        }
        return;
    }
    if (s->incoming == NULL) {
        begin_data(s);
        s->is_chunked = 1;
    }
    if (!read_chunk(s, s->incoming, len)) {
        return;
    }
    if (is_last) {
        finish(s);
    } else {
        reply(s, 250, "2.0.0", "OK");
    }
}

/* ---- the table of commands ---- */

typedef struct command_t {
    const char *name;
    void (*run)(session_t *s, char *args);
    int is_early; /* before LHLO, too */
} command_t;

static const command_t commands[] = {
    {"BDAT", do_bdat, 0}, {"DATA", do_data, 0}, {"EHLO", do_helo, 1}, {"HELO", do_helo, 1},
    {"LHLO", do_lhlo, 1}, {"MAIL", do_mail, 0}, {"NOOP", do_noop, 1}, {"QUIT", do_quit, 1},
    {"RCPT", do_rcpt, 0}, {"RSET", do_rset, 1}, {"VRFY", do_vrfy, 0}};

static const command_t *find_command(const char *text, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strlen(commands[i].name) == len && strncasecmp(commands[i].name, text, len) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void run_command(session_t *s, char *text, apr_size_t len)
{
    apr_size_t n = strcspn(text, " ");
    const command_t *command = strlen(text) == len ? find_command(text, n) : NULL;
    char *args = text + n + strspn(text + n, " ");
    apr_size_t end = strlen(args);

    while (end > 0 && args[end - 1] == ' ') {
        args[--end] = '\0';
    }
    if (command == NULL) {
        reply(s, 500, "5.5.2", "there is no such command");
    } else if (!command->is_early && !s->has_greeted) {
        reply(s, 503, "5.5.1", "LHLO comes first");
    } else {
        command->run(s, args);
    }
}

static void serve(conn_rec *c, okapi_t *okapi)
{
    session_t s = {.c = c, .okapi = okapi};
    apr_status_t rv = APR_SUCCESS;
    char *text;
    apr_size_t len;

    s.line = gw_line_create(c, LINE_MAX_LENGTH, IDLE);
    if (okapi == NULL) {
        reply(&s, 421, "4.3.0", "the database can't be reached; try again later");
        gw_line_flush(s.line);
        return;
    }
    apr_pool_create(&s.pool, c->pool);
    apr_pool_create(&s.scratch_pool, c->pool);
    gw_line_printf(s.line, "220 %s LMTP Okapi\r\n", okapi_config(okapi)->server_name);
    while (!s.is_over) {
        apr_pool_clear(s.scratch_pool);
        rv = gw_line_read(s.line, &text, &len);
        if (rv == OKAPI_ETOOBIG) {
            reply(&s, 500, "5.5.6", "the line is too long");
        } else if (rv != APR_SUCCESS) {
            break;
        } else {
            run_command(&s, text, len);
        }
        if (s.errors > ERRORS_MAX) {
            reply(&s, 421, "4.7.0", "too many errors");
            s.is_over = 1;
        }
    }
    if (rv == OKAPI_EBUSY || APR_STATUS_IS_TIMEUP(rv)) {
        reply(&s, 421, rv == OKAPI_EBUSY ? "4.3.2" : "4.4.2",
              rv == OKAPI_EBUSY ? "the server is being stopped" : "nothing came for too long");
    }
    gw_line_flush(s.line);
}

const gw_protocol_t gw_lmtp = {"lmtp", serve};
