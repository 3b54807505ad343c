/* jobs.c - what is done in the background, now and then, by one httpd child of all there are.
 *
 * mod_watchdog gives each child a thread that looks every few seconds whether a job is due. Who
 * finds one takes its lease in the database, which also holds off the children of other machines;
 * the lease ends when the job's interval has passed since it was done.
 */
#include "okapi_httpd.h"

#include <apr_strings.h>
#include <http_main.h>
#include <mod_watchdog.h>

#include <okapi/blob.h>
#include <okapi/delivery.h>
#include <okapi/extract.h>
#include <okapi/lease.h>
#include <okapi/search.h>

APLOG_USE_MODULE(okapi);

#define TICK apr_time_from_sec(5)

struct job_t;

/* A job while it runs. */
typedef struct run_t {
    const struct job_t *job;
    okapi_t *okapi;
    const okapi__process_t *process;
    const char *lease;
    apr_time_t renew; /* when */
    apr_time_t until; /* when it shall end, to go on at its next run */
    apr_pool_t *pool; /* for one renewal */
} run_t;

typedef struct job_t {
    const char *name;
    apr_interval_time_t interval; /* between the end of one run and the next */
    apr_interval_time_t lease;    /* renewed while the job goes on */
    apr_interval_time_t longest;  /* of one run, if the job asks between its steps */
    /* *RESULT is a line for the log, or NULL if there was nothing to do. */
    apr_status_t (*run)(run_t *run, const char **result, apr_pool_t *pool);
    /* Asked before anything is written, of jobs that run often; NULL: it always is. */
    apr_status_t (*is_due)(int *is_due, okapi_t *okapi, apr_pool_t *pool);
} job_t;

/* Asked by long jobs between their steps: ends them with the child, and keeps the lease. */
static int should_stop(void *baton)
{
    run_t *run = baton;
    int taken = 1;

    if (apr_time_now() >= run->renew) {
        run->renew = apr_time_now() + run->job->lease / 2;
        apr_pool_clear(run->pool);
        if (okapi_lease_take(&taken, run->okapi, run->lease, run->job->lease, run->pool) !=
            APR_SUCCESS) {
            taken = 1; /* the job will see for itself */
        }
    }
    return !taken || apr_time_now() >= run->until ||
           __atomic_load_n(&run->process->is_stopping, __ATOMIC_RELAXED);
}

/* ---- the jobs ---- */

/* Young bytes are left alone: whose are they, if not of somebody who is about to use them? */
static apr_status_t collect_blobs(run_t *run, const char **result, apr_pool_t *pool)
{
    okapi_blob_garbage_t garbage;
    apr_status_t rv = okapi_blob_collect(run->okapi, apr_time_from_sec(3600), should_stop, run,
                                         &garbage, pool);

    if (garbage.blobs > 0) {
        *result = apr_psprintf(pool,
                               "%" APR_INT64_T_FMT " values of %" APR_INT64_T_FMT
                               " bytes that nothing refers to were removed",
                               garbage.blobs, garbage.bytes);
    }
    return rv;
}

static apr_status_t index_words(run_t *run, const char **result, apr_pool_t *pool)
{
    okapi_fulltext_reader_t reader = okapi_extract_reader(run->okapi, pool);
    okapi_fulltext_fed_t fed;
    apr_status_t rv =
        okapi_fulltext_feed(run->okapi, 0, &reader, should_stop, run, &fed, pool);

    if (fed.messages > 0) {
        *result = apr_psprintf(pool,
                               "the words of %" APR_INT64_T_FMT " messages, %" APR_INT64_T_FMT
                               " bodies and attachments couldn't be read",
                               fed.messages, fed.unreadable);
    }
    return rv;
}

static apr_status_t forget_deliveries(run_t *run, const char **result, apr_pool_t *pool)
{
    apr_int64_t forgotten;
    apr_status_t rv = okapi_delivered_forget(run->okapi, should_stop, run, &forgotten, pool);

    if (forgotten > 0) {
        *result = apr_psprintf(pool, "%" APR_INT64_T_FMT " old deliveries are forgotten",
                               forgotten);
    }
    return rv;
}

/* Search folders that nobody looks at are up to date, too, before somebody does. */
static apr_status_t run_searches(run_t *run, const char **result, apr_pool_t *pool)
{
    *result = "search folders are up to date";
    return okapi_search_run(run->okapi, should_stop, run, pool);
}

static const job_t jobs[] = {
    {"collect", apr_time_from_sec(3600), apr_time_from_sec(600), apr_time_from_sec(3600),
     collect_blobs, NULL},
    {"forget", apr_time_from_sec(3600), apr_time_from_sec(600), apr_time_from_sec(3600),
     forget_deliveries, NULL},
    /* Two that feed the same index do no harm, so the lease may be short. */
    {"index", apr_time_from_sec(10), apr_time_from_sec(30), apr_time_from_sec(60), index_words,
     okapi_fulltext_is_behind},
    {"search", apr_time_from_sec(1), apr_time_from_sec(30), apr_time_from_sec(60), run_searches,
     okapi_search_due},
};

/* ---- running them ---- */

static void report(const job_t *job, apr_status_t rv, const char *result)
{
    char buffer[256];

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ap_server_conf,
                     OKLOGNO(00040) "job %s: %s; it is tried again in %d seconds", job->name,
                     okapi_strerror(rv, buffer, sizeof(buffer)),
                     (int)apr_time_sec(job->interval));
    } else {
        ap_log_error(APLOG_MARK, result != NULL || job->is_due == NULL ? APLOG_INFO : APLOG_DEBUG,
                     0, ap_server_conf, OKLOGNO(00041) "job %s: %s", job->name,
                     result != NULL ? result : "nothing to do");
    }
}

static void run_job(const job_t *job, okapi_t *okapi, const okapi__process_t *process,
                    apr_pool_t *pool)
{
    run_t run = {.job = job, .okapi = okapi, .process = process};
    const char *result = NULL;
    int taken = 0, is_due = 1;
    apr_status_t rv = job->is_due != NULL ? job->is_due(&is_due, okapi, pool) : APR_SUCCESS;

    run.lease = apr_pstrcat(pool, "job ", job->name, NULL);
    if (rv == APR_SUCCESS && is_due) {
        rv = okapi_lease_take(&taken, okapi, run.lease, job->lease, pool);
    }
    if (rv != APR_SUCCESS || !taken) {
        return;
    }
    run.renew = apr_time_now() + job->lease / 2;
    run.until = apr_time_now() + job->longest;
    apr_pool_create(&run.pool, pool);
    rv = job->run(&run, &result, pool);
    report(job, rv, result);
    okapi_lease_end(okapi, run.lease, job->interval, pool);
}

/* Called by the watchdog's thread of each child. */
static apr_status_t tick(int state, void *data, apr_pool_t *unused)
{
    const okapi__process_t *process = data;
    apr_size_t i;
    int b;

    for (b = 0; state == AP_WATCHDOG_STATE_RUNNING && b < process->backends->nelts; b++) {
        okapi_t *okapi =
            okapi__backend_engine(APR_ARRAY_IDX(process->backends, b, okapi__backend_t *));

        for (i = 0; okapi != NULL && i < sizeof(jobs) / sizeof(jobs[0]); i++) {
            apr_pool_t *pool;

            apr_pool_create(&pool, NULL);
            run_job(&jobs[i], okapi, process, pool);
            apr_pool_destroy(pool);
        }
    }
    return APR_SUCCESS;
}

void okapi__jobs_register(okapi__process_t *process, server_rec *s, apr_pool_t *pconf)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get_instance =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *register_callback =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    apr_status_t rv = APR_ENOTIMPL;

    if (get_instance != NULL && register_callback != NULL) {
        rv = get_instance(&watchdog, "okapi", 0, 0, pconf);
        if (rv == APR_SUCCESS) {
            rv = register_callback(watchdog, TICK, process, tick);
        }
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     OKLOGNO(00042) "nothing is done in the background: load mod_watchdog, or run "
                                    "okapi-admin store collect now and then");
    }
}
