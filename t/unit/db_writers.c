/* db_writers.c - writers that meet share a commit, and nothing else: what fails is one's own. */
#include <apr_portable.h>
#include <apr_thread_proc.h>

#include "db_rows.h"

enum { THREADS = 12, PROCESSES = 3, ROUNDS = 40 };

/* ---- who come while another writes ---- */

typedef enum trouble_e {
    TROUBLE_NONE,
    TROUBLE_OWN,       /* the work gives up */
    TROUBLE_DUPLICATE, /* its key is there */
    TROUBLE_OVERLOOKED /* the same, and the work goes on as if nothing were */
} trouble_e;

typedef struct job_t {
    okapi__db_t *db;
    row_t row;
    trouble_e trouble;
    okapi__stmt_e stmt;    /* run first; 0: none */
    apr_status_t status;
    apr_os_thread_t ran_on; /* whose thread did the work */
    int runs;
    apr_thread_t *thread;
    apr_pool_t *pool;
} job_t;

static volatile int holding;

static apr_status_t job_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    job_t *job = baton;
    okapi__rows_t *rows;
    apr_status_t rv;
    int found;

    job->runs++;
    job->ran_on = apr_os_thread_current();
    if (job->stmt) {
        rv = okapi__db_select_one(&rows, &found, conn, job->stmt, DB_NO_ARGS, scratch_pool);
        if (rv) {
            return rv;
        }
    }
    rv = add_row(conn, &job->row, scratch_pool);
    if (rv == APR_SUCCESS && job->trouble == TROUBLE_OWN) {
        rv = OKAPI_EOBJECTMODIFIED;
    }
    if (rv == APR_SUCCESS && job->trouble >= TROUBLE_DUPLICATE) {
        rv = add_row(conn, &job->row, scratch_pool);
    }
    return job->trouble == TROUBLE_OVERLOOKED ? APR_SUCCESS : rv;
}

static apr_status_t hold_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    apr_status_t rv = job_work(conn, baton, scratch_pool);

    holding = 1;
    apr_sleep(apr_time_from_msec(300));
    return rv;
}

static void *APR_THREAD_FUNC run_holder(apr_thread_t *thread, void *data)
{
    job_t *job = data;

    job->status = okapi__db_write(job->db, hold_work, job, job->pool);
    return NULL;
}

static void *APR_THREAD_FUNC run_job(apr_thread_t *thread, void *data)
{
    job_t *job = data;

    job->status = okapi__db_write(job->db, job_work, job, job->pool);
    return NULL;
}

static void start(job_t *job, apr_thread_start_t function, okapi__db_t *db, apr_int64_t id,
                  apr_pool_t *pool)
{
    job->db = db;
    job->row.id = id;
    okapi__pool_create(&job->pool, pool);
    if (apr_thread_create(&job->thread, NULL, function, job, pool)) {
        puts("Bail out! no thread");
        exit(1);
    }
}

static void join(job_t *job)
{
    apr_status_t rv;

    apr_thread_join(&rv, job->thread);
}

/* While one writes, N others get in line, JOBS[i] with the id FIRST + i + 1. */
static void meet(job_t *jobs, int n, okapi__db_t *db, apr_int64_t first, apr_pool_t *pool)
{
    job_t holder = {0};
    int i;

    holding = 0;
    start(&holder, run_holder, db, first, pool);
    while (!holding) {
        apr_sleep(1000);
    }
    for (i = 0; i < n; i++) {
        start(&jobs[i], run_job, db, first + i + 1, pool);
    }
    join(&holder);
    for (i = 0; i < n; i++) {
        join(&jobs[i]);
    }
    is_int(holder.status, APR_SUCCESS, "who came first has written");
}

/* How many of the jobs the thread of the first one did. */
static int by_one_thread(const job_t *jobs, int n)
{
    int i, count = 0;

    for (i = 0; i < n; i++) {
        count += apr_os_thread_equal(jobs[i].ran_on, jobs[0].ran_on) != 0;
    }
    return count;
}

static void shared(okapi__db_t *db, apr_pool_t *pool)
{
    job_t jobs[THREADS] = {{0}};
    int i, good = 1;

    meet(jobs, THREADS, db, 100, pool);
    for (i = 0; i < THREADS; i++) {
        good &= jobs[i].status == APR_SUCCESS && has_row(db, jobs[i].row.id, pool);
    }
    ok(good, "all who waited have written");
    is_int(by_one_thread(jobs, THREADS), THREADS, "in one transaction");
}

static void own_failures(okapi__db_t *db, apr_pool_t *pool)
{
    static const trouble_e troubles[] = {TROUBLE_NONE, TROUBLE_OWN,        TROUBLE_NONE,
                                         TROUBLE_DUPLICATE, TROUBLE_OVERLOOKED, TROUBLE_NONE};
    static const apr_status_t statuses[] = {APR_SUCCESS, OKAPI_EOBJECTMODIFIED, APR_SUCCESS,
                                            OKAPI_EEXISTS, OKAPI_EEXISTS, APR_SUCCESS};
    job_t jobs[6] = {{0}};
    int i;

    for (i = 0; i < 6; i++) {
        jobs[i].trouble = troubles[i];
    }
    meet(jobs, 6, db, 200, pool);
    is_int(by_one_thread(jobs, 6), 6, "six share a transaction");
    for (i = 0; i < 6; i++) {
        is_int(jobs[i].status, statuses[i], "number %d is told what became of its own", i);
        is_int(has_row(db, jobs[i].row.id, pool), statuses[i] == APR_SUCCESS,
               "and so it is in the database");
        is_int(jobs[i].runs, 1, "after one run");
    }
}

/* A failure of the engine ends the transaction; everybody tries alone then. */
static void engine_failures(okapi__db_t *db, apr_pool_t *pool)
{
    job_t jobs[4] = {{0}};
    int i, good = 1;

    jobs[2].stmt = STMT_MISSING;
    meet(jobs, 4, db, 300, pool);
    for (i = 0; i < 4; i++) {
        good &= jobs[i].status == (i == 2 ? OKAPI_EDATABASE : APR_SUCCESS) &&
                has_row(db, jobs[i].row.id, pool) == (i != 2);
    }
    ok(good, "whose statement fails is alone with that");
}

/* ---- many at once ---- */

typedef struct crowd_t {
    okapi__db_t *db;
    apr_int64_t first;
    int lost;
    apr_thread_t *thread;
    apr_pool_t *pool;
} crowd_t;

/* What was told to be written is there at once, for another connection. */
static void *APR_THREAD_FUNC run_crowd(apr_thread_t *thread, void *data)
{
    crowd_t *crowd = data;
    apr_pool_t *pool;
    int i;

    apr_pool_create(&pool, crowd->pool);
    for (i = 0; i < ROUNDS; i++) {
        row_t row = {crowd->first + i, 0, 0};
        crowd->lost += okapi__db_write(crowd->db, add_row, &row, pool) != APR_SUCCESS ||
                       !has_row(crowd->db, row.id, pool);
        apr_pool_clear(pool);
    }
    return NULL;
}

static void crowd_process(okapi__db_t *db, int n, apr_pool_t *pool)
{
    crowd_t crowds[THREADS] = {{0}};
    apr_status_t rv;
    int i, lost = 0;

    for (i = 0; i < THREADS; i++) {
        crowds[i].db = db;
        crowds[i].first = 1000 + (n * THREADS + i) * ROUNDS;
        okapi__pool_create(&crowds[i].pool, pool);
        apr_thread_create(&crowds[i].thread, NULL, run_crowd, &crowds[i], pool);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, crowds[i].thread);
        lost += crowds[i].lost;
    }
    if (lost != 0) {
        _exit(1);
    }
}

static void crowd(okapi__db_t *db, apr_pool_t *pool)
{
    pid_t pids[PROCESSES];
    int i, good = 1, there = 0;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = spawn(crowd_process, i, pool);
    }
    for (i = 0; i < PROCESSES; i++) {
        good &= ended_well(pids[i]);
    }
    ok(good, "%d processes of %d threads: what is told to be written is there", PROCESSES, THREADS);
    for (i = 0; i < PROCESSES * THREADS * ROUNDS; i++) {
        there += has_row(db, 1000 + i, pool);
    }
    is_int(there, PROCESSES * THREADS * ROUNDS, "all of it, in the end");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    okapi__db_t *db;

    if (!test_engine_is("sqlite3")) {
        skip_all("servers share the commits of transactions themselves");
    }
    make_test_dir(pool);
    db = open_db(1, pool);
    shared(db, pool);
    own_failures(db, pool);
    engine_failures(db, pool);
    crowd(db, pool);
    remove_test_dir(pool);
    return done_testing();
}
