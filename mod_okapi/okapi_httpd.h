/* okapi_httpd.h - what the files of mod_okapi share: the configuration, and what hangs on it. */
#ifndef OKAPI_HTTPD_H
#define OKAPI_HTTPD_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include <ap_mpm.h>

#include <mod_okapi.h>
#include <okapi_log.h>

#include "auth_cache.h"
#include "notify.h"

extern module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) okapi_module;

typedef struct okapi__backend_t okapi__backend_t;
typedef struct okapi__parking_t okapi__parking_t;

/* One per httpd process: made in the parent by post_config, completed in each child. */
typedef struct okapi__process_t {
    okapi__bell_t *bell;
    apr_array_header_t *backends; /* okapi__backend_t *, one for each distinct OkapiStore */

    /* in a child: */
    int is_stopping; /* set atomically */
    okapi__auth_cache_t *auth_cache;
    okapi__waits_t *waits;
    okapi__parking_t *parking; /* NULL if the MPM can't hold a request */
} okapi__process_t;

typedef struct okapi__server_t {
    const okapi_config_t *config; /* of OkapiStore; NULL if it isn't set */
    okapi__backend_t *backend;
    okapi__process_t *process;
} okapi__server_t;

#define okapi__server_of(s)                                                                        \
    ((okapi__server_t *)ap_get_module_config((s)->module_config, &okapi_module))

/* child.c */
apr_status_t okapi__process_create(okapi__process_t **process, server_rec *s, apr_pool_t *pconf,
                                   apr_pool_t *ptemp);
void okapi__child_init(apr_pool_t *pchild, server_rec *s);
void okapi__child_stopping(apr_pool_t *pchild, int graceful);
void okapi__child_status(server_rec *s, pid_t pid, ap_generation_t generation, int slot,
                         mpm_child_status state);
okapi_t *okapi_httpd_engine(server_rec *s);
okapi_t *okapi__backend_engine(okapi__backend_t *backend); /* NULL: it can't be opened */

/* jobs.c */
void okapi__jobs_register(okapi__process_t *process, server_rec *s, apr_pool_t *pconf);

/* auth.c */
void okapi__auth_register(apr_pool_t *pool);
apr_status_t okapi_httpd_user(const okapi_user_t **user, request_rec *r);

/* wait.c, wait_event.c, park.c */
int okapi_httpd_wait(request_rec *r, const okapi_id_t *store_ids, int n, apr_interval_time_t tick,
                     apr_interval_time_t deadline, okapi_wait_resume_fn resume, void *baton);
int okapi__wait_process_connection(conn_rec *c);
void okapi__park_suspend(conn_rec *c, request_rec *r);
void okapi__park_resume(conn_rec *c, request_rec *r);

/* status.c */
int okapi__status_handler(request_rec *r);

#endif
