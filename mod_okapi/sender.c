/* sender.c - a thread in each child that takes what is due from the outgoing queue, and a few more
 * that send it.
 *
 * It is woken by the bell, so mail leaves when it is submitted. All children are, and the one that
 * takes an entry has it: no child needs to be the one that sends.
 */
#include "sender.h"

#include <signal.h>

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_pool.h>
#include <apr_thread_proc.h>
#include <http_main.h>

#include <okapi/doorbell.h>

#include "send.h"

APLOG_USE_MODULE(okapi);

#define LONGEST_SLEEP  apr_time_from_sec(5) /* also: how long a missed ring delays a message */
#define SHORTEST_SLEEP apr_time_from_msec(20)

typedef struct sender_t {
    okapi__waiter_t waiter; /* for the bell; first: wake casts it back */
    okapi__ear_t ear;
    okapi__process_t *process;
    okapi__backend_t *backend;
    int max; /* messages at once */
    apr_thread_t *thread;
    apr_thread_pool_t *workers;

    apr_thread_mutex_t *lock; /* guards what follows */
    apr_thread_cond_t *cond;
    int busy;   /* messages that are being sent */
    int rung;   /* there may be something to do */
    int ending;
} sender_t;

/* ---- sending one ---- */

typedef struct task_t {
    sender_t *sender;
    okapi_t *okapi;
    okapi_queue_entry_t *entry;
    apr_pool_t *pool; /* the task's own */
} task_t;

static void ring(sender_t *sender, int finished)
{
    apr_thread_mutex_lock(sender->lock);
    sender->busy -= finished;
    sender->rung = 1;
    apr_thread_cond_signal(sender->cond);
    apr_thread_mutex_unlock(sender->lock);
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *baton)
{
    task_t *task = baton;
    sender_t *sender = task->sender;

    okapi__send_entry(task->okapi, task->entry, &sender->process->is_stopping, task->pool);
    apr_pool_destroy(task->pool);
    ring(sender, 1);
    return NULL;
}

/* ENTRY with all it points to. */
static okapi_queue_entry_t *entry_dup(const okapi_queue_entry_t *entry, apr_pool_t *pool)
{
    okapi_queue_entry_t *copy = apr_pmemdup(pool, entry, sizeof(*copy));
    int i;

    copy->sender = apr_pstrdup(pool, entry->sender);
    copy->error = apr_pstrdup(pool, entry->error);
    copy->holder = apr_pstrdup(pool, entry->holder);
    copy->recipients = apr_array_copy(pool, entry->recipients);
    for (i = 0; i < copy->recipients->nelts; i++) {
        okapi_queue_recipient_t *r = &APR_ARRAY_IDX(copy->recipients, i, okapi_queue_recipient_t);

        r->address = apr_pstrdup(pool, r->address);
        r->status = apr_pstrdup(pool, r->status);
    }
    return copy;
}

static void start(sender_t *sender, okapi_t *okapi, const okapi_queue_entry_t *entry)
{
    apr_pool_t *pool;
    task_t *task;

    apr_pool_create(&pool, NULL);
    task = apr_palloc(pool, sizeof(*task));
    *task = (task_t){sender, okapi, entry_dup(entry, pool), pool};
    apr_thread_mutex_lock(sender->lock);
    sender->busy++;
    apr_thread_mutex_unlock(sender->lock);
    if (apr_thread_pool_push(sender->workers, work, task, APR_THREAD_TASK_PRIORITY_NORMAL,
                             sender) != APR_SUCCESS) {
        work(NULL, task); /* no thread to be had: then here */
    }
}

/* ---- what is due ---- */

/* Takes as many as there is room for; *SLEEP is how long there will be nothing to do. */
static apr_status_t take(sender_t *sender, okapi_t *okapi, int room, apr_interval_time_t *sleep,
                         apr_pool_t *pool)
{
    apr_array_header_t *entries;
    okapi_time_t next = 0;
    apr_status_t rv = okapi_queue_take(&entries, okapi, room,
                                       okapi__send_lease(okapi_config(okapi)), pool, pool);
    int i;

    for (i = 0; rv == APR_SUCCESS && i < entries->nelts; i++) {
        start(sender, okapi, &APR_ARRAY_IDX(entries, i, okapi_queue_entry_t));
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_queue_next(&next, okapi, pool);
    }
    if (next != 0) {
        apr_interval_time_t until = okapi_time_to_apr(next) - apr_time_now();

        *sleep = until < SHORTEST_SLEEP ? SHORTEST_SLEEP : until < *sleep ? until : *sleep;
    }
    return rv;
}

/* Waits for SLEEP at most, and for room; returns how much there is, or -1 at the end. */
static int wait_for_room(sender_t *sender, apr_interval_time_t sleep)
{
    int room;

    apr_thread_mutex_lock(sender->lock);
    if (!sender->rung && !sender->ending) {
        apr_thread_cond_timedwait(sender->cond, sender->lock, sleep);
    }
    sender->rung = 0;
    while (sender->busy >= sender->max && !sender->ending) {
        apr_thread_cond_wait(sender->cond, sender->lock);
    }
    room = sender->ending ? -1 : sender->max - sender->busy;
    apr_thread_mutex_unlock(sender->lock);
    return room;
}

static void *APR_THREAD_FUNC dispatch(apr_thread_t *thread, void *baton)
{
    sender_t *sender = baton;
    apr_interval_time_t sleep = 0;
    sigset_t all;
    int room;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL); /* signals are the MPM's; workers inherit it */
    while ((room = wait_for_room(sender, sleep)) >= 0) {
        okapi_t *okapi = okapi__backend_engine(sender->backend);

        sleep = LONGEST_SLEEP;
        if (okapi != NULL && !__atomic_load_n(&sender->process->is_stopping, __ATOMIC_RELAXED)) {
            apr_pool_t *pool;

            apr_pool_create(&pool, NULL);
            (void)take(sender, okapi, room, &sleep, pool); /* the engine has logged what failed */
            apr_pool_destroy(pool);
        }
    }
    return NULL;
}

/* ---- its life ---- */

static void wake(okapi__waiter_t *waiter)
{
    ring((sender_t *)waiter, 0);
}

static apr_status_t end(void *baton)
{
    sender_t *sender = baton;
    okapi__waits_t *waits = sender->process->waits;
    apr_status_t ended;

    if (waits != NULL) {
        okapi__waits_lock(waits);
        okapi__waiter_remove(waits, &sender->waiter);
        okapi__waits_unlock(waits);
    }
    apr_thread_mutex_lock(sender->lock);
    sender->ending = 1;
    apr_thread_cond_signal(sender->cond);
    apr_thread_mutex_unlock(sender->lock);
    apr_thread_join(&ended, sender->thread);
    apr_thread_pool_destroy(sender->workers);
    return APR_SUCCESS;
}

apr_status_t okapi__sender_start(okapi__process_t *process, okapi__backend_t *backend,
                                 const okapi_config_t *config, apr_pool_t *pool)
{
    sender_t *sender = apr_pcalloc(pool, sizeof(*sender));
    apr_status_t rv;

    sender->process = process;
    sender->backend = backend;
    sender->max = (int)config->send_connections;
    rv = apr_thread_mutex_create(&sender->lock, APR_THREAD_MUTEX_DEFAULT, pool);
    if (rv == APR_SUCCESS) {
        rv = apr_thread_cond_create(&sender->cond, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_thread_pool_create(&sender->workers, 0, (apr_size_t)sender->max, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_thread_create(&sender->thread, NULL, dispatch, sender, pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_pool_cleanup_register(pool, sender, end, apr_pool_cleanup_null);
    sender->ear.store_id = OKAPI_DOORBELL_QUEUE;
    sender->waiter.ears = &sender->ear;
    sender->waiter.ear_count = 1;
    sender->waiter.wake = wake;
    return process->waits != NULL ? okapi__waiter_add(process->waits, &sender->waiter)
                                  : APR_SUCCESS;
}
