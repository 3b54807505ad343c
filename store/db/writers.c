/* writers.c - writers that meet share one durable commit, on SQLite.
 *
 * There a commit costs a sync of the disk, whatever it commits, and one transaction writes at a
 * time. Who comes while another writes gets in line. Whoever is first in it leads: once it has the
 * lock of writers it runs the work of all who are there by then, commits once, and tells everybody.
 * Each one's work is inside a savepoint, so what fails takes nothing of the others' with it. If the
 * transaction itself fails, each of them tries alone.
 *
 * Servers share the syncs of concurrent transactions themselves; to run these one after the other
 * would only make them wait.
 */
#include <apr_thread_cond.h>

#include "db/private.h"

/* At most this many share a commit: other processes wait for the lock meanwhile. */
#define BATCH_MAX 64

typedef enum state_e {
    STATE_WAITS,
    STATE_LEADS,
    STATE_DONE,  /* STATUS is what became of it */
    STATE_ALONE  /* nothing became of it; it has to try by itself */
} state_e;

typedef struct writer_t {
    struct writer_t *next;
    okapi__work_t work;
    void *baton;
    apr_pool_t *pool; /* for the work: cleared before each run */
    apr_status_t status;
    state_e state;
    apr_thread_cond_t *changed; /* the state */
} writer_t;

struct okapi__writers_t {
    apr_thread_mutex_t *mutex; /* guards what follows, and the states */
    writer_t *first, **end;    /* the line */
    int is_led;                /* somebody leads; else the line is empty */
};

/* Those whose work one transaction does. */
typedef struct batch_t {
    okapi__writers_t *line;
    writer_t *first; /* the leader, and then who came with it; NULL until it has begun */
} batch_t;

apr_status_t okapi__writers_create(okapi__writers_t **line, apr_pool_t *result_pool)
{
    okapi__writers_t *l = apr_pcalloc(result_pool, sizeof(*l));

    l->end = &l->first;
    *line = l;
    return apr_thread_mutex_create(&l->mutex, APR_THREAD_MUTEX_DEFAULT, result_pool);
}

/* ---- the transaction ---- */

/* Takes the first out of the line, at most N of them. Called with the mutex held. */
static writer_t *leave(okapi__writers_t *line, int n)
{
    writer_t *first = line->first, *last = first;

    while (--n > 0 && last->next != NULL) {
        last = last->next;
    }
    line->first = last->next;
    if (line->first == NULL) {
        line->end = &line->first;
    }
    last->next = NULL;
    return first;
}

/* Poisons the transaction if the engine doesn't understand. */
static apr_status_t savepoint(okapi__conn_t *conn, const char *sql)
{
    okapi__failure_e failure = okapi__conn_sql(conn, sql);

    if (failure != FAILURE_NONE) {
        conn->failure = failure;
        conn->status = okapi__failures[failure].status;
    }
    return conn->status;
}

/* Runs one writer's work; what fails in it is undone, and doesn't poison the transaction unless
 * the failure is the engine's. A duplicate key isn't. */
static apr_status_t run_one(okapi__conn_t *conn, writer_t *writer)
{
    apr_status_t rv = savepoint(conn, "SAVEPOINT writer");

    if (rv) {
        return rv;
    }
    writer->status = writer->work(conn, writer->baton, writer->pool);
    if (conn->failure == FAILURE_DUPLICATE) {
        writer->status = conn->status;
        conn->failure = FAILURE_NONE;
        conn->status = APR_SUCCESS;
    }
    if (conn->status == APR_SUCCESS && writer->status != APR_SUCCESS) {
        savepoint(conn, "ROLLBACK TO writer");
    }
    return conn->status == APR_SUCCESS ? savepoint(conn, "RELEASE writer") : conn->status;
}

static apr_status_t run_batch(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    batch_t *batch = baton;
    apr_status_t rv = APR_SUCCESS;
    writer_t *writer;

    if (batch->first == NULL) {
        apr_thread_mutex_lock(batch->line->mutex);
        batch->first = leave(batch->line, BATCH_MAX);
        apr_thread_mutex_unlock(batch->line->mutex);
    }
    for (writer = batch->first; writer != NULL; writer = writer->next) {
        apr_pool_clear(writer->pool);
    }
    writer = batch->first;
    if (writer->next == NULL) {
        return writer->work(conn, writer->baton, writer->pool);
    }
    for (; writer != NULL && rv == APR_SUCCESS; writer = writer->next) {
        rv = run_one(conn, writer);
    }
    return rv;
}

/* ---- the line ---- */

static void tell(writer_t *writer, state_e state)
{
    writer->state = state;
    if (writer->changed != NULL) {
        apr_thread_cond_signal(writer->changed);
    }
}

/* Ends a transaction that returned RV, and lets the next in line lead. */
static void finish(batch_t *batch, apr_status_t rv)
{
    okapi__writers_t *line = batch->line;
    writer_t *writer, *next;

    apr_thread_mutex_lock(line->mutex);
    if (batch->first == NULL) { /* it has not even begun: only the leader is told */
        batch->first = leave(line, 1);
    }
    if (batch->first->next == NULL) {
        batch->first->status = rv;
        rv = APR_SUCCESS;
    }
    for (writer = batch->first; writer != NULL; writer = next) {
        next = writer->next; /* told, its owner goes on and it is gone */
        tell(writer, rv == APR_SUCCESS ? STATE_DONE : STATE_ALONE);
    }
    line->is_led = line->first != NULL;
    if (line->is_led) {
        tell(line->first, STATE_LEADS);
    }
    apr_thread_mutex_unlock(line->mutex);
}

static void lead(okapi__db_t *db, apr_pool_t *scratch_pool)
{
    batch_t batch = {db->writers, NULL};
    apr_status_t rv = okapi__db_run(db, MODE_WRITE, run_batch, &batch, scratch_pool);

    finish(&batch, rv);
}

/* Gets in line and waits until it is WRITER's turn to lead or its work is done. */
static apr_status_t wait_turn(okapi__writers_t *line, writer_t *writer, apr_pool_t *pool)
{
    apr_status_t rv = APR_SUCCESS;

    apr_thread_mutex_lock(line->mutex);
    if (line->is_led) {
        rv = apr_thread_cond_create(&writer->changed, pool);
    }
    if (rv == APR_SUCCESS) {
        *line->end = writer;
        line->end = &writer->next;
        writer->state = line->is_led ? STATE_WAITS : STATE_LEADS;
        line->is_led = 1;
        while (writer->state == STATE_WAITS) {
            apr_thread_cond_wait(writer->changed, line->mutex);
        }
    }
    apr_thread_mutex_unlock(line->mutex);
    return rv;
}

apr_status_t okapi__writers_write(okapi__db_t *db, okapi__work_t work, void *baton,
                                apr_pool_t *scratch_pool)
{
    writer_t writer = {.work = work, .baton = baton};
    apr_pool_t *pool;
    apr_status_t rv;

    apr_pool_create(&pool, scratch_pool);
    apr_pool_create(&writer.pool, pool);
    rv = wait_turn(db->writers, &writer, pool);
    if (rv == APR_SUCCESS && writer.state == STATE_LEADS) {
        lead(db, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = writer.state == STATE_ALONE ? okapi__db_run(db, MODE_WRITE, work, baton, scratch_pool)
                                         : writer.status;
    }
    apr_pool_destroy(pool);
    return rv;
}
