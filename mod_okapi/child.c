/* child.c - what one httpd process has: its engines, its notifier, its place in the bell.
 *
 * The parent makes the shared memory and the doorbell sockets; each child opens its own engines
 * after the fork. A database that isn't there doesn't keep httpd from starting: it is tried again
 * when somebody asks for it.
 */
#include "okapi_httpd.h"
#include "park.h"
#include "sender.h"
#include "smtp.h"

#include <ap_mpm.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <http_main.h>
#include <scoreboard.h>
#include <unistd.h>
#include <unixd.h>

#include <okapi/bodies.h>
#include <okapi/doorbell.h>
#include <okapi/mime.h>

APLOG_USE_MODULE(okapi);

#define BELL_KEY   "okapi-bell" /* in httpd's retained data */
#define OPEN_RETRY apr_time_from_sec(5)

struct okapi__backend_t {
    const okapi_config_t *config;
    server_rec *s;
    okapi__bell_t *bell;
    int number;   /* among the backends: its switch in the bell */
    int doorbell; /* the parent's listening socket, or -1 */

    /* in a child: */
    apr_pool_t *pool;
    apr_thread_mutex_t *lock; /* who opens */
    okapi_t *okapi;           /* NULL until it could be opened; set atomically */
    apr_time_t next_try;
    char complaint[512]; /* what the engine said while it was opened */
};

/* ---- in the parent ---- */

/* The bell outlives restarts, so that both generations hear each other. */
static apr_status_t keep_bell(okapi__bell_t **bell)
{
    okapi__bell_t **kept = ap_retained_data_get(BELL_KEY);
    int children = 0;
    apr_status_t rv;

    if (kept == NULL) {
        /* Twice the limit: while a graceful restart lasts there are two generations. */
        ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children);
        kept = ap_retained_data_create(BELL_KEY, sizeof(*kept));
        rv = okapi__bell_create(kept, children > 16 ? 2 * children : 32);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    *bell = *kept;
    return APR_SUCCESS;
}

/* The run directory and what is in it belong to the user the children and the tools run as. */
static apr_status_t give_to_children(const char *path)
{
    if (geteuid() == 0 && chown(path, ap_unixd_config.user_id, ap_unixd_config.group_id) < 0) {
        return errno;
    }
    return APR_SUCCESS;
}

static apr_status_t make_run_dir(const char *path, apr_pool_t *scratch_pool)
{
    apr_fileperms_t mode = APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE |
                           APR_FPROT_GREAD | APR_FPROT_GEXECUTE;
    apr_status_t rv = apr_dir_make_recursive(path, mode, scratch_pool);

    return rv == APR_SUCCESS ? give_to_children(path) : rv;
}

static apr_status_t close_doorbell(void *baton)
{
    okapi__backend_t *backend = baton;

    close(backend->doorbell);
    return APR_SUCCESS;
}

static okapi__backend_t *make_backend(const okapi__process_t *process, server_rec *s,
                                      const okapi_config_t *config, apr_pool_t *pconf,
                                      apr_pool_t *ptemp)
{
    okapi__backend_t *backend = apr_pcalloc(pconf, sizeof(*backend));
    apr_status_t rv;

    backend->config = config;
    backend->s = s;
    backend->bell = process->bell;
    backend->number = process->backends->nelts;
    backend->doorbell = -1;
    rv = make_run_dir(config->run_dir, ptemp);
    if (rv == APR_SUCCESS) {
        rv = okapi_doorbell_listen(&backend->doorbell, config, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = give_to_children(apr_pstrcat(ptemp, config->run_dir, "/" OKAPI_DOORBELL_SOCKET, NULL));
    }
    if (rv == APR_SUCCESS) {
        apr_pool_cleanup_register(pconf, backend, close_doorbell, apr_pool_cleanup_null);
    } else {
        backend->doorbell = -1;
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     OKLOGNO(00002) "no doorbell in the run directory %s: what the tools deliver "
                                    "is announced with delay",
                     config->run_dir);
    }
    return backend;
}

static okapi__backend_t *find_backend(const okapi__process_t *process, const char *path)
{
    int i;

    for (i = 0; i < process->backends->nelts; i++) {
        okapi__backend_t *backend = APR_ARRAY_IDX(process->backends, i, okapi__backend_t *);

        if (strcmp(backend->config->path, path) == 0) {
            return backend;
        }
    }
    return NULL;
}

apr_status_t okapi__process_create(okapi__process_t **process_p, server_rec *s, apr_pool_t *pconf,
                                   apr_pool_t *ptemp)
{
    okapi__process_t *process = apr_pcalloc(pconf, sizeof(*process));
    apr_status_t rv;

    process->backends = apr_array_make(pconf, 1, sizeof(okapi__backend_t *));
    rv = keep_bell(&process->bell);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (; s; s = s->next) {
        okapi__server_t *sc = okapi__server_of(s);

        sc->process = process;
        if (sc->config == NULL) {
            continue;
        }
        sc->backend = find_backend(process, sc->config->path);
        if (sc->backend == NULL) {
            sc->backend = make_backend(process, s, sc->config, pconf, ptemp);
            APR_ARRAY_PUSH(process->backends, okapi__backend_t *) = sc->backend;
        }
    }
    *process_p = process;
    return APR_SUCCESS;
}

void okapi__child_status(server_rec *s, pid_t pid, ap_generation_t generation, int slot,
                         mpm_child_status state)
{
    okapi__process_t *process = okapi__server_of(s)->process;

    if (state == MPM_CHILD_EXITED && process != NULL) {
        okapi__bell_leave(process->bell, pid);
    }
}

/* ---- the engine of a child ---- */

static void log_line(void *baton, okapi_log_e level, apr_status_t status, const char *line)
{
    static const int levels[] = {APLOG_ERR, APLOG_WARNING, APLOG_INFO, APLOG_DEBUG};
    okapi__backend_t *backend = baton;

    if (__atomic_load_n(&backend->okapi, __ATOMIC_ACQUIRE) == NULL) {
        /* Being opened: open_engine says it, once for all children. */
        if (level == OKAPI_LOG_ERROR) {
            apr_cpystrn(backend->complaint, line, sizeof(backend->complaint));
        }
        if (level == OKAPI_LOG_ERROR || level == OKAPI_LOG_WARNING) {
            level = OKAPI_LOG_DEBUG;
        }
    }
    ap_log_error(APLOG_MARK, levels[level], status, backend->s, OKLOGNO(00003) "%s", line);
}

static void ring(void *baton, okapi_id_t store_id)
{
    okapi__backend_t *backend = baton;

    okapi__bell_ring(backend->bell, store_id);
}

static void report_open(okapi__backend_t *backend, apr_status_t rv)
{
    char buffer[256];
    int was_down = okapi__bell_switch(backend->bell, backend->number, rv != APR_SUCCESS);

    if (rv != APR_SUCCESS && !was_down) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, backend->s,
                     OKLOGNO(00004) "the database of %s can't be opened: %s; it is tried again "
                                    "every %d seconds",
                     backend->config->path,
                     backend->complaint[0] ? backend->complaint
                                           : okapi_strerror(rv, buffer, sizeof(buffer)),
                     (int)apr_time_sec(OPEN_RETRY));
    } else if (rv == APR_SUCCESS && was_down) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, backend->s,
                     OKLOGNO(00005) "the database of %s is open again", backend->config->path);
    }
}

static okapi_t *open_engine(okapi__backend_t *backend)
{
    okapi_host_t host = {log_line, ring, backend, 0, okapi_body_converter()};
    okapi_t *okapi = NULL;
    apr_pool_t *pool, *scratch;
    apr_status_t rv;

    apr_pool_create(&pool, backend->pool);
    apr_pool_create(&scratch, pool);
    backend->complaint[0] = '\0';
    rv = okapi_open(&okapi, backend->config, &host, pool, scratch);
    apr_pool_destroy(scratch);
    report_open(backend, rv);
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(pool);
        backend->next_try = apr_time_now() + OPEN_RETRY;
        return NULL;
    }
    __atomic_store_n(&backend->okapi, okapi, __ATOMIC_RELEASE);
    return okapi;
}

/* Time has passed, or another child has opened it meanwhile. */
static int worth_a_try(const okapi__backend_t *backend)
{
    return apr_time_now() >= backend->next_try ||
           !okapi__bell_is_on(backend->bell, backend->number);
}

okapi_t *okapi__backend_engine(okapi__backend_t *backend)
{
    okapi_t *okapi;

    if (backend->lock == NULL) {
        return NULL;
    }
    okapi = __atomic_load_n(&backend->okapi, __ATOMIC_ACQUIRE);
    if (okapi != NULL) {
        return okapi;
    }
    apr_thread_mutex_lock(backend->lock);
    okapi = backend->okapi;
    if (okapi == NULL && worth_a_try(backend)) {
        okapi = open_engine(backend);
    }
    apr_thread_mutex_unlock(backend->lock);
    return okapi;
}

okapi_t *okapi_httpd_engine(server_rec *s)
{
    okapi__backend_t *backend = okapi__server_of(s)->backend;

    return backend != NULL ? okapi__backend_engine(backend) : NULL;
}

static apr_status_t destroy_pool(void *pool)
{
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* Engines have a pool of their own, because they are opened by any thread. */
static void start_backend(okapi__backend_t *backend, apr_pool_t *pchild)
{
    apr_status_t rv = apr_pool_create(&backend->pool, NULL);

    if (rv == APR_SUCCESS) {
        apr_pool_cleanup_register(pchild, backend->pool, destroy_pool, apr_pool_cleanup_null);
        rv = apr_thread_mutex_create(&backend->lock, APR_THREAD_MUTEX_DEFAULT, pchild);
    }
    if (rv == APR_SUCCESS) {
        open_engine(backend);
    } else {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, backend->s,
                     OKLOGNO(00006) "the child has no memory for its engine");
    }
}

/* ---- the child's life ---- */

static void start_waits(okapi__process_t *process, apr_pool_t *pchild, server_rec *s)
{
    int *doorbells = apr_palloc(pchild, (process->backends->nelts + 1) * sizeof(*doorbells));
    apr_status_t rv = okapi__bell_join(process->bell);
    int i, can_wait = 0, threads = 1;

    if (rv != APR_SUCCESS) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, rv, s,
            OKLOGNO(00007) "more children than places at the bell: this one hears of "
                           "changes a second late; raise ServerLimit and start httpd anew");
    }
    for (i = 0; i < process->backends->nelts; i++) {
        doorbells[i] = APR_ARRAY_IDX(process->backends, i, okapi__backend_t *)->doorbell;
    }
    rv = okapi__waits_start(&process->waits, process->bell, doorbells, i, pchild);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     OKLOGNO(00008) "the notifier thread can't be started");
        return;
    }
    if (ap_mpm_query(AP_MPMQ_CAN_WAITIO, &can_wait) == APR_SUCCESS && can_wait) {
        ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
        process->parking = okapi__parking_create(process->waits, threads, pchild);
    } else if (!okapi__bell_switch(process->bell, 63, 1)) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                     OKLOGNO(00009) "this MPM can't hold requests: each waiting client takes a "
                                    "thread; use mpm_event");
    }
}

static void start_senders(okapi__process_t *process, apr_pool_t *pchild, server_rec *s)
{
    apr_status_t rv = okapi__smtp_init();
    int i;

    okapi_mime_init();
    for (i = 0; i < process->backends->nelts; i++) {
        okapi__backend_t *backend = APR_ARRAY_IDX(process->backends, i, okapi__backend_t *);

        if (rv == APR_SUCCESS && strcasecmp(backend->config->send_relay, "none") != 0) {
            rv = okapi__sender_start(process, backend, backend->config, pchild);
        }
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     OKLOGNO(00049) "this child can't send mail");
    }
}

void okapi__child_init(apr_pool_t *pchild, server_rec *s)
{
    okapi__process_t *process = okapi__server_of(s)->process;
    apr_status_t rv;
    int i;

    if (process == NULL || process->backends->nelts == 0) {
        return;
    }
    rv = okapi__auth_cache_create(&process->auth_cache, pchild);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     OKLOGNO(00010) "no cache of passwords: each request costs a hash");
    }
    for (i = 0; i < process->backends->nelts; i++) {
        start_backend(APR_ARRAY_IDX(process->backends, i, okapi__backend_t *), pchild);
    }
    start_waits(process, pchild, s);
    start_senders(process, pchild, s);
}

void okapi__child_stopping(apr_pool_t *pchild, int graceful)
{
    okapi__process_t *process = okapi__server_of(ap_server_conf)->process;

    if (process != NULL) {
        __atomic_store_n(&process->is_stopping, 1, __ATOMIC_RELAXED);
    }
    if (process != NULL && process->waits != NULL) {
        okapi__waits_stop(process->waits);
    }
}
