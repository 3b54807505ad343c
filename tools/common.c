/* common.c - what every command line tool does alike. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "common.h"

/* Statuses with an exit code of their own, and what a person can do about them. */
static const struct {
    apr_status_t status;
    int exit_code;
    const char *advice;
} known[] = {
    {OKAPI_EUNKNOWNUSER, EX_NOUSER, "'okapi-admin user list' shows who there is"},
    {OKAPI_ENOTFOUND, EX_DATAERR, NULL},
    {OKAPI_EINVAL, EX_DATAERR, NULL},
    {OKAPI_EFORMAT, EX_DATAERR, NULL},
    {OKAPI_ETOOBIG, EX_DATAERR, NULL},
    {OKAPI_ETOOCOMPLEX, EX_DATAERR, NULL},
    {OKAPI_EEXISTS, EX_CANTCREAT, NULL},
    {OKAPI_EDUPLICATENAME, EX_CANTCREAT, NULL},
    {OKAPI_EACCESS, EX_NOPERM, NULL},
    {OKAPI_ELOGIN, EX_NOPERM, NULL},
    {OKAPI_ECONFIG, EX_CONFIG, "'okapi-admin config template' prints a commented okapi.conf"},
    {OKAPI_ENODATABASE, EX_TEMPFAIL,
     "check Database in okapi.conf; 'okapi-admin store create-database' makes a new one"},
    {OKAPI_EREADONLY, EX_TEMPFAIL,
     "the database file and its directory must be writable for this user"},
    {OKAPI_EDISKFULL, EX_TEMPFAIL, "make room on the database's disk and try again"},
    {OKAPI_EBUSY, EX_TEMPFAIL, "try again"},
    {OKAPI_EDATABASE, EX_TEMPFAIL, NULL},
    {OKAPI_EQUOTA, EX_TEMPFAIL, NULL},
    {OKAPI_ECORRUPT, EX_SOFTWARE, NULL},
};

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static int find_known(apr_status_t status)
{
    for (int i = 0; i < KNOWN; i++) {
        if (known[i].status == status) {
            return i;
        }
    }
    return -1;
}

int tool_exit_code(apr_status_t status)
{
    int i = find_known(status);
    if (i >= 0) {
        return known[i].exit_code;
    }
    if (APR_STATUS_IS_ENOENT(status)) {
        return EX_NOINPUT;
    }
    if (APR_STATUS_IS_EACCES(status)) {
        return EX_NOPERM;
    }
    return status == APR_SUCCESS ? EX_OK : EX_OSERR;
}

static void vsay(const tool_t *tool, const char *format, va_list args)
{
    char line[1024];
    apr_vsnprintf(line, sizeof(line), format, args);
    fprintf(stderr, "%s: %s\n", tool->name, line);
}

void tool_error(const tool_t *tool, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsay(tool, format, args);
    va_end(args);
}

int tool_fail(const tool_t *tool, apr_status_t status, const char *format, ...)
{
    char line[1024], reason[256];
    va_list args;
    int i = find_known(status);
    va_start(args, format);
    apr_vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "%s: %s: %s\n", tool->name, line,
            okapi_strerror(status, reason, sizeof(reason)));
    if (i >= 0 && known[i].advice) {
        fprintf(stderr, "%s: %s\n", tool->name, known[i].advice);
    }
    return tool_exit_code(status);
}

int tool_usage_error(const tool_t *tool, const char *help_command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsay(tool, format, args);
    va_end(args);
    fprintf(stderr, "%s: '%s --help' shows how it is used\n", tool->name, help_command);
    return EX_USAGE;
}

static void log_line(void *baton, okapi_log_e level, apr_status_t status, const char *line)
{
    const tool_t *tool = baton;
    if (level <= OKAPI_LOG_WARNING) {
        fprintf(stderr, "%s: %s\n", tool->name, line);
    }
}

void tool_start(tool_t *tool, const char *name, int *argc, char ***argv)
{
    if (apr_app_initialize(argc, (const char *const **)argv, NULL) != APR_SUCCESS) {
        fprintf(stderr, "%s: the runtime library can't be started\n", name);
        exit(EX_OSERR);
    }
    atexit(apr_terminate);
    *tool = (tool_t){.name = name};
    apr_pool_create(&tool->pool, NULL);
    tool->host.log = log_line;
    tool->host.baton = tool;
    tool->host.short_lived = 1;
}

int tool_read_config(tool_t *tool)
{
    const char *message = NULL;
    if (!tool->conf) {
        const char *env = getenv("OKAPI_CONF");
        tool->conf = env && *env ? env : TOOL_DEFAULT_CONF;
    }
    apr_status_t rv = okapi_config_read(&tool->config, &message, tool->conf, tool->pool);
    if (rv == APR_SUCCESS) {
        return 0;
    }
    tool_error(tool, "%s", message ? message : tool->conf);
    tool_error(tool, "give the configuration with --conf FILE or in OKAPI_CONF; "
                     "'okapi-admin config template' prints a commented one");
    return EX_CONFIG;
}

const char *tool_database(const tool_t *tool)
{
    const char *url = tool->config->database;
    return strncmp(url, "sqlite3:", 8) == 0 ? url
                                            : apr_pstrmemdup(tool->pool, url, strcspn(url, ":"));
}

int tool_open(tool_t *tool)
{
    apr_pool_t *scratch_pool;
    int code = tool_read_config(tool);
    if (code) {
        return code;
    }
    apr_pool_create(&scratch_pool, tool->pool);
    apr_status_t rv = okapi_open(&tool->okapi, tool->config, &tool->host, tool->pool, scratch_pool);
    apr_pool_destroy(scratch_pool);
    return rv == APR_SUCCESS
               ? 0
               : tool_fail(tool, rv, "the database %s can't be opened", tool_database(tool));
}

apr_status_t tool_open_mailbox(tool_t *tool, const okapi_user_t *owner, okapi_store_t **store,
                               apr_pool_t *pool)
{
    static const okapi_user_t administrator = {0, "", "", "Administrator", OKAPI_USER_ADMIN, ""};
    return owner ? okapi_store_open(store, tool->okapi, &administrator, owner, pool, pool)
                 : okapi_store_open_public(store, tool->okapi, &administrator, pool, pool);
}
