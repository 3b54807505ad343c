/* okapi_dagent.c - delivers one message from standard input to a user's mailbox.
 *
 * What a mail server's pipe transport or a .qmail file runs. Exit 0 means the message is on disk;
 * any other code says whether to try again, and standard error what to do.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_lib.h>
#include <okapi/address.h>
#include <okapi/bodies.h>
#include <okapi/error.h>
#include <okapi/mime.h>
#include <okapi/receive.h>

#include "common.h"
#include "dagent_server.h"

typedef struct dagent_t {
    tool_t tool;
    int is_qmail;
    const char *sender; /* -f; NULL if not given */
    const char *folder; /* -d */
    const char *user;
    dagent_server_t server; /* url NULL: on this machine */
} dagent_t;

static const char usage[] =
    "Usage: okapi-dagent [--conf FILE] [-q] [-f SENDER] [-d FOLDER] USER < MESSAGE\n"
    "\n"
    "Delivers one RFC 5322 message from standard input to USER, a name or an address; with -d\n"
    "also to " TOOL_PUBLIC ", the public store.\n"
    "\n"
    "  -f SENDER    the envelope's sender; written as Return-Path if the message has none\n"
    "  -d FOLDER    into this folder instead of the inbox: a path as Inbox/Projects\n"
    "  -q           exit codes of qmail: 0, 100 (refused for good), 111 (try again)\n"
    "  --server URL deliver to the Okapi at https://HOST instead of this machine's; needs no\n"
    "               okapi.conf\n"
    "  --cert FILE  the certificate that this machine has there, and its key, in one PEM file\n"
    "  --cacert FILE  who has signed the server's certificate, if the system doesn't know\n"
    "  --conf FILE  okapi.conf; default: OKAPI_CONF, else " TOOL_DEFAULT_CONF "\n"
    "  --help       this text\n"
    "\n"
    "Exit codes: 0 the message is on disk, 64 wrong usage, 65 refused for good (too\n"
    "big, or a rule of the user's), 67 no such user, 75 try again later.\n";

/* ---- exit codes ---- */

static int exit_code(const dagent_t *d, apr_status_t status)
{
    int code = status ? okapi_receive_reply(status, d->tool.config).code : 0;
    return code < 400 ? EX_OK : code < 500 ? EX_TEMPFAIL
           : status == OKAPI_EUNKNOWNUSER  ? EX_NOUSER
                                           : EX_DATAERR;
}

static int fail(dagent_t *d, apr_status_t status, const char *what)
{
    tool_fail(&d->tool, status, "%s: %s", d->user, what);
    return exit_code(d, status);
}

static int qmail_code(int code)
{
    return code == EX_OK ? 0 : code == EX_TEMPFAIL ? 111 : 100;
}

/* ---- the message ---- */

/* Who writes to us must not fail because we don't read. */
static void drain(void)
{
    char buffer[65536];
    ssize_t n;
    do {
        n = read(STDIN_FILENO, buffer, sizeof(buffer));
    } while (n > 0 || (n < 0 && errno == EINTR));
}

static apr_status_t read_message(okapi_incoming_t *incoming)
{
    char buffer[65536];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : APR_SUCCESS;
        apr_status_t status = okapi_incoming_add(incoming, buffer, (apr_size_t)n);
        if (status != APR_SUCCESS)
            return status;
    }
}

/* ---- delivery ---- */

/* Where the message goes. */
static int resolve(dagent_t *d, apr_array_header_t **targets)
{
    static const okapi_target_t public_store = {NULL, 0};
    apr_pool_t *pool = d->tool.pool;
    int code = tool_open(&d->tool);
    if (code)
        return EX_TEMPFAIL; /* whatever it is, it can be mended while the mail server waits */
    if (strcmp(d->user, TOOL_PUBLIC) == 0) {
        *targets = apr_array_make(pool, 1, sizeof(okapi_target_t));
        APR_ARRAY_PUSH(*targets, okapi_target_t) = public_store;
        return EX_OK;
    }
    apr_status_t status = okapi_address_resolve(targets, d->tool.okapi, d->user, pool, pool);
    return status == APR_SUCCESS ? EX_OK : fail(d, status, "nothing can be delivered");
}

static int deliver(dagent_t *d, const okapi_target_t *target, okapi_binary_t raw,
                   apr_pool_t *pool)
{
    okapi_envelope_t envelope = {.sender = d->sender, .folder_id = target->folder_id};
    okapi_store_t *store;
    apr_status_t status = okapi_target_open(&store, d->tool.okapi, target, pool, pool);
    if (status != APR_SUCCESS)
        return fail(d, status, "the mailbox can't be opened");
    if (d->folder) {
        status = okapi_folder_by_path(&envelope.folder_id, store, d->folder, pool);
        if (status != APR_SUCCESS) {
            tool_fail(&d->tool, status, "%s: folder \"%s\"", d->user, d->folder);
            return exit_code(d, status);
        }
    }
    status = okapi_receive(store, raw, &envelope, pool);
    return status == APR_SUCCESS ? EX_OK : fail(d, status, "the message is not delivered");
}

/* As long as one of several may get it later the message has to come again: those who have it
 * don't get it twice (okapi_receive). */
static int deliver_to_all(dagent_t *d, const apr_array_header_t *targets, okapi_binary_t raw)
{
    int worst = EX_OK;
    apr_pool_t *pool;
    apr_pool_create(&pool, d->tool.pool);
    for (int i = 0; i < targets->nelts; i++) {
        int code = deliver(d, &APR_ARRAY_IDX(targets, i, okapi_target_t), raw, pool);
        if (worst != EX_TEMPFAIL && code != EX_OK)
            worst = code;
        apr_pool_clear(pool);
    }
    return worst;
}

/* The other machine knows how large a message may be, and adds the sender to it. */
static int run_server(dagent_t *d)
{
    okapi_incoming_t *incoming = okapi_incoming_create(APR_INT32_MAX, d->tool.pool);
    okapi_binary_t raw;
    apr_status_t status = read_message(incoming);
    if (status == APR_SUCCESS)
        status = okapi_incoming_finish(&raw, incoming, NULL);
    if (status != APR_SUCCESS) {
        tool_fail(&d->tool, status, "%s: the message on standard input", d->user);
        return status == OKAPI_ETOOBIG ? EX_DATAERR : EX_TEMPFAIL;
    }
    return dagent_post(&d->tool, &d->server, d->sender, d->user, raw);
}

static int run(dagent_t *d)
{
    apr_array_header_t *targets;
    okapi_binary_t raw;
    int code = resolve(d, &targets);
    if (code)
        return code;
    okapi_incoming_t *incoming = okapi_incoming_create(d->tool.config->max_message, d->tool.pool);
    apr_status_t status = read_message(incoming);
    if (status == APR_SUCCESS)
        status = okapi_incoming_finish(&raw, incoming, d->sender);
    if (status != APR_SUCCESS) {
        tool_fail(&d->tool, status, "%s: the message on standard input", d->user);
        if (status == OKAPI_ETOOBIG)
            tool_error(&d->tool, "MaxMessage in okapi.conf is %" APR_INT64_T_FMT " bytes",
                       d->tool.config->max_message);
        return exit_code(d, status);
    }
    okapi_mime_init();
    return deliver_to_all(d, targets, raw);
}

/* ---- the command line ---- */

enum { OPTION_CONF = 256, OPTION_SERVER, OPTION_CERT, OPTION_CACERT };

static int is_one_line(const char *text)
{
    for (; *text; text++)
        if (apr_iscntrl(*text))
            return 0;
    return 1;
}

static int parse_options(dagent_t *d, int argc, char **argv)
{
    static const apr_getopt_option_t options[] = {
        {"cacert", OPTION_CACERT, 1, NULL}, {"cert", OPTION_CERT, 1, NULL},
        {"conf", OPTION_CONF, 1, NULL},     {NULL, 'd', 1, NULL},
        {NULL, 'f', 1, NULL},               {"help", 'h', 0, NULL},
        {NULL, 'q', 0, NULL},               {"server", OPTION_SERVER, 1, NULL},
        {NULL, 0, 0, NULL}};
    apr_getopt_t *getopt;
    const char *value;
    int option;
    apr_status_t status;
    apr_getopt_init(&getopt, d->tool.pool, argc, (const char *const *)argv);
    while ((status = apr_getopt_long(getopt, options, &option, &value)) == APR_SUCCESS) {
        switch (option) {
        case OPTION_CONF:
            d->tool.conf = value;
            break;
        case OPTION_CACERT:
            d->server.authority = value;
            break;
        case OPTION_CERT:
            d->server.certificate = value;
            break;
        case OPTION_SERVER:
            d->server.url = value;
            break;
        case 'd':
            d->folder = value;
            break;
        case 'f':
            d->sender = value;
            break;
        case 'q':
            d->is_qmail = 1;
            break;
        default:
            fputs(usage, stdout);
            exit(EX_OK);
        }
    }
    if (status != APR_EOF || getopt->ind != argc - 1)
        return tool_usage_error(&d->tool, d->tool.name, "one USER is expected after the options");
    d->user = argv[getopt->ind];
    if (strcmp(d->user, TOOL_PUBLIC) == 0 && !d->folder)
        return tool_usage_error(&d->tool, d->tool.name, "-d FOLDER is needed with " TOOL_PUBLIC);
    if (d->sender && !is_one_line(d->sender))
        return tool_usage_error(&d->tool, d->tool.name, "-f: control characters in the sender");
    if (d->server.url && (!d->server.certificate || strncmp(d->server.url, "https://", 8) != 0))
        return tool_usage_error(&d->tool, d->tool.name,
                                "--server https://HOST is expected, and --cert FILE with it");
    if (d->server.url && d->folder)
        return tool_usage_error(&d->tool, d->tool.name, "-d can't be used with --server: give the "
                                                        "folder an address there");
    return EX_OK;
}

int main(int argc, char **argv)
{
    dagent_t d = {0};
    tool_start(&d.tool, "okapi-dagent", &argc, &argv);
    d.tool.host.bodies = okapi_body_converter();
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a full disk, not an end */
    int code = parse_options(&d, argc, argv);
    if (code == EX_OK)
        code = d.server.url ? run_server(&d) : run(&d);
    drain();
    return d.is_qmail ? qmail_code(code) : code;
}
