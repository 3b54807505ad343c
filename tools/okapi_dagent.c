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
#include <apr_strings.h>
#include <okapi/delivery.h>
#include <okapi/error.h>
#include <okapi/mime.h>

#include "common.h"

typedef struct dagent_t {
    tool_t tool;
    int is_qmail;
    const char *sender; /* -f; NULL if not given */
    const char *folder; /* -d */
    const char *user;
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
    "  --conf FILE  okapi.conf; default: OKAPI_CONF, else " TOOL_DEFAULT_CONF "\n"
    "  --help       this text\n"
    "\n"
    "Exit codes: 0 the message is on disk, 64 wrong usage, 65 refused for good (too\n"
    "big, or a rule of the user's), 67 no such user, 75 try again later.\n";

/* ---- exit codes ---- */

/* A sender gives up on 65 and 67 only: anything an administrator can mend is worth another try. */
static int exit_code(apr_status_t status)
{
    if (status == APR_SUCCESS)
        return EX_OK;
    if (status == OKAPI_EUNKNOWNUSER)
        return EX_NOUSER;
    return status == OKAPI_ETOOBIG || status == OKAPI_EREFUSED || status == OKAPI_EREFUSEDSIZE ||
                   status == OKAPI_EREFUSEDFORM
               ? EX_DATAERR
               : EX_TEMPFAIL;
}

static int fail(dagent_t *d, apr_status_t status, const char *what)
{
    tool_fail(&d->tool, status, "%s: %s", d->user, what);
    return exit_code(status);
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

static apr_status_t free_buffer(void *buffer)
{
    free(buffer);
    return APR_SUCCESS;
}

/* Standard input behind ROOM free bytes, in memory of its own because it may be large; it is freed
 * with POOL. */
static apr_status_t read_message(okapi_binary_t *raw, apr_size_t room, apr_int64_t max,
                                 apr_pool_t *pool)
{
    apr_size_t size = room + 65536, len = 0;
    unsigned char *buffer = malloc(size);
    apr_status_t status = APR_SUCCESS;
    while (buffer) {
        ssize_t n = read(STDIN_FILENO, buffer + room + len, size - room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = errno;
        if (n <= 0)
            break;
        len += (apr_size_t)n;
        if ((apr_int64_t)len > max) {
            status = OKAPI_ETOOBIG;
            break;
        }
        if (room + len == size) {
            size *= 2;
            buffer = realloc(buffer, size);
        }
    }
    if (!buffer)
        return APR_ENOMEM;
    apr_pool_cleanup_register(pool, buffer, free_buffer, apr_pool_cleanup_null);
    raw->data = buffer + room;
    raw->len = len;
    return status;
}

/* The line that records SENDER, in the line ends of RAW. */
static const char *return_path(const char *sender, okapi_binary_t raw, apr_pool_t *pool)
{
    const unsigned char *nl = raw.len ? memchr(raw.data, '\n', raw.len) : NULL;
    int is_crlf = nl && nl > raw.data && nl[-1] == '\r';
    apr_size_t n = strlen(sender);
    if (n >= 2 && sender[0] == '<' && sender[n - 1] == '>')
        sender = apr_pstrmemdup(pool, sender + 1, n - 2);
    return apr_pstrcat(pool, "Return-Path: <", sender, is_crlf ? ">\r\n" : ">\n", NULL);
}

/* ---- delivery ---- */

static apr_status_t convert(okapi_message_t **message, okapi_store_t *store, okapi_id_t folder_id,
                            okapi_binary_t raw, apr_pool_t *pool)
{
    apr_pool_t *scratch_pool;
    okapi_id_t id = folder_id ? folder_id : okapi_store_special(store, OKAPI_FOLDER_INBOX);
    apr_status_t status = okapi_message_create(message, store, id, 0, pool, pool);
    if (status != APR_SUCCESS)
        return status;
    apr_pool_create(&scratch_pool, pool);
    status = okapi_mime_to_message(*message, raw, pool, scratch_pool);
    apr_pool_destroy(scratch_pool);
    return status;
}

static int deliver(dagent_t *d, okapi_store_t *store, okapi_binary_t raw)
{
    apr_pool_t *pool = d->tool.pool;
    okapi_envelope_t envelope = {.sender = d->sender};
    okapi_message_t *message;
    apr_status_t status;
    if (d->folder) {
        status = okapi_folder_by_path(&envelope.folder_id, store, d->folder, pool);
        if (status != APR_SUCCESS) {
            tool_fail(&d->tool, status, "%s: folder \"%s\"", d->user, d->folder);
            return exit_code(status);
        }
    }
    status = convert(&message, store, envelope.folder_id, raw, pool);
    if (status != APR_SUCCESS)
        return fail(d, status, "the message is not accepted");
    status = okapi_deliver(message, &envelope, pool);
    return status == APR_SUCCESS ? EX_OK : fail(d, status, "the message is not saved");
}

static int open_mailbox(dagent_t *d, okapi_store_t **store)
{
    okapi_user_t *user;
    apr_pool_t *pool = d->tool.pool;
    int code = tool_open(&d->tool);
    if (code)
        return EX_TEMPFAIL; /* whatever it is, it can be mended while the mail server waits */
    if (strcmp(d->user, TOOL_PUBLIC) == 0) {
        apr_status_t status = tool_open_mailbox(&d->tool, NULL, store, pool);
        return status == APR_SUCCESS ? EX_OK : fail(d, status, "the public store can't be opened");
    }
    apr_status_t status = okapi_user_by_address(&user, d->tool.okapi, d->user, pool, pool);
    if (status == APR_SUCCESS)
        status = okapi_store_open(store, d->tool.okapi, user, user, pool, pool);
    return status == APR_SUCCESS ? EX_OK : fail(d, status, "the mailbox can't be opened");
}

static int run(dagent_t *d)
{
    okapi_store_t *store;
    okapi_binary_t raw;
    apr_size_t room = d->sender ? strlen(d->sender) + 64 : 0;
    int code = open_mailbox(d, &store);
    if (code)
        return code;
    apr_status_t status = read_message(&raw, room, d->tool.config->max_message, d->tool.pool);
    if (status != APR_SUCCESS) {
        tool_fail(&d->tool, status, "%s: the message on standard input", d->user);
        if (status == OKAPI_ETOOBIG)
            tool_error(&d->tool, "MaxMessage in okapi.conf is %" APR_INT64_T_FMT " bytes",
                       d->tool.config->max_message);
        return exit_code(status);
    }
    if (d->sender && !okapi_mime_has_header(raw, "Return-Path")) {
        const char *line = return_path(d->sender, raw, d->tool.pool);
        apr_size_t n = strlen(line);
        raw.data -= n;
        raw.len += n;
        memcpy((unsigned char *)raw.data, line, n);
    }
    okapi_mime_init();
    return deliver(d, store, raw);
}

/* ---- the command line ---- */

enum { OPTION_CONF = 256 };

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
        {"conf", OPTION_CONF, 1, NULL}, {NULL, 'd', 1, NULL}, {NULL, 'f', 1, NULL},
        {"help", 'h', 0, NULL},         {NULL, 'q', 0, NULL}, {NULL, 0, 0, NULL}};
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
    return EX_OK;
}

int main(int argc, char **argv)
{
    dagent_t d = {0};
    tool_start(&d.tool, "okapi-dagent", &argc, &argv);
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a full disk, not an end */
    int code = parse_options(&d, argc, argv);
    if (code == EX_OK)
        code = run(&d);
    drain();
    return d.is_qmail ? qmail_code(code) : code;
}
