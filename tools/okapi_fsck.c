/* okapi_fsck.c - checks that the database is what it should be, and repairs it.
 *
 *   okapi-fsck [--repair] [--deep] [--quiet] [--conf FILE]
 *   okapi-fsck --list
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <okapi/fsck.h>

#include "common.h"

static const char usage[] =
    "Usage: okapi-fsck [OPTIONS]\n"
    "\n"
    "Checks that the database is what it should be, beside whatever else works on it.\n"
    "\n"
    "  --repair     mend what can be mended\n"
    "  --deep       read every message and every stored byte too\n"
    "  --quiet      only say what is wrong\n"
    "  --list       print the checks there are\n"
    "  --conf FILE  the configuration; else OKAPI_CONF, else " TOOL_DEFAULT_CONF "\n"
    "  --help       print this help\n"
    "\n"
    "Exit codes: 0 nothing is wrong any more, 64 wrong usage, 65 something is damaged,\n"
    "75 try again, 78 wrong configuration.\n";

enum { OPTION_REPAIR = 256, OPTION_DEEP, OPTION_QUIET, OPTION_LIST, OPTION_CONF, OPTION_HELP };

typedef struct checker_t {
    tool_t tool;
    okapi_fsck_t fsck;
    int quiet, list;
    int on_terminal; /* there the check that runs is shown */
} checker_t;

static void clear_line(const checker_t *c)
{
    if (c->on_terminal) {
        fputs("\r\033[K", stderr);
    }
}

static void begin(void *baton, const char *check, const char *what)
{
    const checker_t *c = baton;
    if (c->on_terminal) {
        fprintf(stderr, "\r\033[K%s ...", what);
        fflush(stderr);
    }
}

static void found(void *baton, const okapi_fsck_finding_t *f)
{
    static const char *const states[] = {[OKAPI_FSCK_FOUND] = "can be repaired",
                                         [OKAPI_FSCK_REPAIRED] = "repaired",
                                         [OKAPI_FSCK_LOST] = "can't be repaired"};
    const checker_t *c = baton;
    clear_line(c);
    printf("%s: %s%s%s\n    %s: %s\n", f->check, f->owner, *f->owner ? ": " : "", f->sentence,
           states[f->state], f->remedy ? f->remedy : "restore a backup");
}

static int parse(checker_t *c, int argc, char **argv)
{
    static const apr_getopt_option_t options[] = {
        {"repair", OPTION_REPAIR, 0, NULL}, {"deep", OPTION_DEEP, 0, NULL},
        {"quiet", OPTION_QUIET, 0, NULL},   {"list", OPTION_LIST, 0, NULL},
        {"conf", OPTION_CONF, 1, NULL},     {"help", OPTION_HELP, 0, NULL},
        {NULL, 0, 0, NULL}};
    apr_getopt_t *getopt;
    const char *value;
    int option;
    apr_status_t status;
    apr_getopt_init(&getopt, c->tool.pool, argc, (const char *const *)argv);
    while ((status = apr_getopt_long(getopt, options, &option, &value)) == APR_SUCCESS) {
        switch (option) {
        case OPTION_REPAIR:
            c->fsck.repair = 1;
            break;
        case OPTION_DEEP:
            c->fsck.deep = 1;
            break;
        case OPTION_QUIET:
            c->quiet = 1;
            break;
        case OPTION_LIST:
            c->list = 1;
            break;
        case OPTION_CONF:
            c->tool.conf = value;
            break;
        default:
            fputs(usage, stdout);
            exit(EX_OK);
        }
    }
    return status == APR_EOF && getopt->ind == argc
               ? EX_OK
               : tool_usage_error(&c->tool, c->tool.name, "it takes options only");
}

static void summarize(const checker_t *c)
{
    const okapi_fsck_t *fsck = &c->fsck;
    clear_line(c);
    if (c->quiet) {
        return;
    }
    if (!fsck->damaged) {
        printf("%s: nothing is wrong.\n", tool_database(&c->tool));
    } else if (fsck->repair) {
        printf("%s: %d %s wrong, %d %s repaired.\n", tool_database(&c->tool), fsck->damaged,
               fsck->damaged == 1 ? "thing was" : "things were", fsck->repaired,
               fsck->repaired == 1 ? "is" : "are");
    } else {
        printf("%s: %d %s wrong; --repair mends what can be.\n", tool_database(&c->tool),
               fsck->damaged, fsck->damaged == 1 ? "thing is" : "things are");
    }
}

static void print_check(void *baton, const char *check, const char *what, int deep)
{
    printf("%-22s %s%s\n", check, what, deep ? " (--deep)" : "");
}

int main(int argc, char **argv)
{
    checker_t c = {.quiet = 0};
    tool_start(&c.tool, "okapi-fsck", &argc, &argv);
    int code = parse(&c, argc, argv);
    if (code == EX_OK && c.list) {
        okapi_fsck_checks(print_check, NULL);
        return EX_OK;
    }
    if (code == EX_OK) {
        code = tool_open(&c.tool);
    }
    if (code != EX_OK) {
        return code;
    }
    c.fsck.begin = begin;
    c.fsck.found = found;
    c.fsck.baton = &c;
    c.on_terminal = !c.quiet && isatty(STDERR_FILENO);
    apr_status_t rv = okapi_fsck(c.tool.okapi, &c.fsck, c.tool.pool);
    if (rv != APR_SUCCESS) {
        clear_line(&c);
        return tool_fail(&c.tool, rv, "the database can't be checked to the end");
    }
    summarize(&c);
    return c.fsck.damaged > c.fsck.repaired ? EX_DATAERR : EX_OK;
}
