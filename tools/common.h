/* common.h - what every command line tool does alike: okapi.conf, the engine, errors, exit codes.
 *
 * Functions that return int return an exit code of sysexits.h, 0 for success, and have said on
 * standard error what went wrong and what to do about it.
 */
#ifndef OKAPI_TOOLS_COMMON_H
#define OKAPI_TOOLS_COMMON_H

#include <sysexits.h>

#include <apr_getopt.h>
#include <okapi/config.h>
#include <okapi/engine.h>
#include <okapi/store.h>

#define TOOL_DEFAULT_CONF "/etc/okapi/okapi.conf"

/* What tools call the public store where a mailbox is named; no user can have this name. */
#define TOOL_PUBLIC "@public"

typedef struct tool_t {
    const char *name; /* "okapi-admin", for messages */
    const char *conf; /* --conf; NULL: OKAPI_CONF, else TOOL_DEFAULT_CONF */
    okapi_config_t *config;
    okapi_t *okapi;
    okapi_host_t host;
    apr_pool_t *pool; /* as long as the process */
} tool_t;

/* Starts APR; ends the process if that fails. */
void tool_start(tool_t *tool, const char *name, int *argc, char ***argv);

/* Reads okapi.conf into tool->config. */
int tool_read_config(tool_t *tool);

/* The same, then opens the database. */
int tool_open(tool_t *tool);

/* The mailbox of OWNER, or the public store if that is NULL, as an administrator sees it. */
apr_status_t tool_open_mailbox(tool_t *tool, const okapi_user_t *owner, okapi_store_t **store,
                               apr_pool_t *pool);

/* The database for messages: SQLite's file, else the driver's name, as its parameters may hold a
 * password. */
const char *tool_database(const tool_t *tool);

/* One line on standard error, after the tool's name. */
void tool_error(const tool_t *tool, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The line, the reason and, if there is something to do about STATUS, that; returns the exit code
 * of STATUS. */
int tool_fail(const tool_t *tool, apr_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* EX_NOUSER, EX_TEMPFAIL for what may work later, ... */
int tool_exit_code(apr_status_t status);

/* Wrong usage: the line and where to find help. EX_USAGE. */
int tool_usage_error(const tool_t *tool, const char *help_command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
