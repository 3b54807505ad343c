/* engine.h - one open database and what a process shares around it. */
#ifndef OKAPI_ENGINE_H
#define OKAPI_ENGINE_H

#include <okapi/body.h>
#include <okapi/config.h>
#include <okapi/error.h>

/* The engine of one process: httpd child, tool or delivery agent. Thread-safe. */
typedef struct okapi_t okapi_t;

typedef enum okapi_log_e { OKAPI_LOG_ERROR, OKAPI_LOG_WARNING, OKAPI_LOG_INFO, OKAPI_LOG_DEBUG }
    okapi_log_e;

/* What the process provides. Any function may be NULL. */
typedef struct okapi_host_t {
    /* One line, without newline. STATUS may be APR_SUCCESS. */
    void (*log)(void *baton, okapi_log_e level, apr_status_t status, const char *line);
    /* A commit changed STORE_ID. Without it the engine sends the doorbell datagram (doorbell.h). */
    void (*ring)(void *baton, okapi_id_t store_id);
    void *baton;
    int short_lived; /* a tool that saves one thing and ends: takes few ids, one connection */
    /* Makes the forms of bodies that aren't stored. Without it there are none. */
    const okapi_body_converter_t *bodies;
} okapi_host_t;

/* Opens the database; migrates it first if it is older. Call once per process, after fork.
 * OKAPI_ENODATABASE with a log line if it can't be reached or its directory is missing. */
apr_status_t okapi_open(okapi_t **okapi, const okapi_config_t *config, const okapi_host_t *host,
                        apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Creates the database (SQLite: the file) and its schema if it isn't there. */
apr_status_t okapi_create(const okapi_config_t *config, const okapi_host_t *host,
                          apr_pool_t *scratch_pool);

const okapi_config_t *okapi_config(const okapi_t *okapi);

void okapi_log(const okapi_t *okapi, okapi_log_e level, apr_status_t status, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* Is the database there and writable? For /okapi/status. */
apr_status_t okapi_ping(okapi_t *okapi, apr_pool_t *scratch_pool);

#endif
