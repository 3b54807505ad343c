/* notify.c - the registry of waiters of one child, and its notifier thread. */
#include "notify.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include <okapi/doorbell.h>

#define BUCKETS           16384
#define DOORBELLS_MAX     62
#define DATAGRAMS_AT_ONCE 256  /* then the others get their turn */
#define HOMELESS_POLL     1000 /* ms between two looks at a bell that can't ring here */

struct okapi__waits_t {
    apr_thread_mutex_t *lock;
    okapi__bell_t *bell;
    apr_thread_t *thread;
    int self;     /* eventfd: the heap's first timer changed, or the thread has to end */
    int ending;   /* the thread has to end */
    int stopping; /* the child is stopping */
    struct pollfd polled[2 + DOORBELLS_MAX]; /* self, bell, doorbells */
    int polled_count;
    okapi__heap_t heap;
    okapi__waiter_t *all;
    okapi__ear_t *buckets[BUCKETS]; /* by store */
};

void okapi__waits_lock(okapi__waits_t *waits)
{
    apr_thread_mutex_lock(waits->lock);
}

void okapi__waits_unlock(okapi__waits_t *waits)
{
    apr_thread_mutex_unlock(waits->lock);
}

okapi__bell_t *okapi__waits_bell(okapi__waits_t *waits)
{
    return waits->bell;
}

static okapi__waiter_t *waiter_of(okapi__timer_t *timer)
{
    return (okapi__waiter_t *)((char *)timer - offsetof(okapi__waiter_t, timer));
}

/* Is it a client's? Somebody of the house may listen, too. */
static int is_held(const okapi__waiter_t *waiter)
{
    return waiter->ear_count > 0 && waiter->ears[0].store_id != OKAPI_DOORBELL_QUEUE;
}

static void post(okapi__waiter_t *waiter, int events)
{
    waiter->events |= events;
    waiter->wake(waiter);
}

static okapi__ear_t **bucket_of(okapi__waits_t *waits, okapi_id_t store_id)
{
    return &waits->buckets[(apr_uint64_t)store_id % BUCKETS];
}

/* To every waiter of STORE_ID; OKAPI__BELL_ALL is everybody who listens to a bell at all. */
static void post_store(okapi__waits_t *waits, okapi_id_t store_id)
{
    if (store_id != OKAPI__BELL_ALL) {
        for (okapi__ear_t *ear = *bucket_of(waits, store_id); ear; ear = ear->next) {
            if (ear->store_id == store_id) {
                post(ear->waiter, OKAPI_WAIT_NOTIFY);
            }
        }
        return;
    }
    for (okapi__waiter_t *waiter = waits->all; waiter; waiter = waiter->next) {
        if (waiter->ear_count > 0) {
            post(waiter, OKAPI_WAIT_NOTIFY);
        }
    }
}

static void earliest(apr_time_t *due, apr_time_t t)
{
    if (t && (*due == 0 || t < *due)) {
        *due = t;
    }
}

/* Sets the waiter's timer; heap room has been reserved when it was added. */
static void schedule(okapi__waits_t *waits, okapi__waiter_t *waiter, apr_time_t now)
{
    apr_time_t due = waiter->deadline;

    earliest(&due, waiter->next_tick);
    earliest(&due, waiter->rearm ? now + waiter->rearm : 0);
    if (due) {
        okapi__heap_put(&waits->heap, &waiter->timer, due);
    } else {
        okapi__heap_remove(&waits->heap, &waiter->timer);
    }
}

/* Posts what the clock has brought; returns the milliseconds to the next timer, -1: none. */
static int post_due(okapi__waits_t *waits)
{
    apr_time_t now = apr_time_now();
    okapi__timer_t *first;

    while ((first = okapi__heap_first(&waits->heap)) != NULL && first->due <= now) {
        okapi__waiter_t *waiter = waiter_of(first);
        int events = 0;

        if (waiter->deadline && waiter->deadline <= now) {
            waiter->deadline = 0;
            events |= OKAPI_WAIT_DEADLINE;
        }
        if (waiter->next_tick && waiter->next_tick <= now) {
            waiter->next_tick = now + waiter->tick;
            events |= OKAPI_WAIT_TICK;
        }
        schedule(waits, waiter, now);
        post(waiter, events ? events : OKAPI__WAIT_REARM);
    }
    if (first == NULL) {
        return -1;
    }
    return (int)((first->due - now) / 1000) + 1;
}

/* A tool has rung at the run directory's socket. One child gets the datagram and tells all. */
static void answer_doorbell(okapi__waits_t *waits, int fd)
{
    okapi_id_t store_id;
    int i;

    for (i = 0; i < DATAGRAMS_AT_ONCE && (store_id = okapi_doorbell_receive(fd)) != 0; i++) {
        okapi__bell_ring(waits->bell, store_id);
    }
}

static void heard(void *baton, okapi_id_t store_id)
{
    post_store(baton, store_id);
}

static void *APR_THREAD_FUNC notifier(apr_thread_t *thread, void *baton)
{
    okapi__waits_t *waits = baton;
    sigset_t all;
    eventfd_t count;
    int i, timeout;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL); /* signals are the MPM's */
    while (!__atomic_load_n(&waits->ending, __ATOMIC_ACQUIRE)) {
        okapi__waits_lock(waits);
        timeout = post_due(waits);
        okapi__waits_unlock(waits);
        if (waits->polled[1].fd < 0 && (timeout < 0 || timeout > HOMELESS_POLL)) {
            timeout = HOMELESS_POLL;
        }
        if (poll(waits->polled, waits->polled_count, timeout) < 0) {
            continue;
        }
        if (waits->polled[0].revents) {
            (void)eventfd_read(waits->self, &count);
        }
        for (i = 2; i < waits->polled_count; i++) {
            if (waits->polled[i].revents) {
                answer_doorbell(waits, waits->polled[i].fd);
            }
        }
        okapi__waits_lock(waits);
        okapi__bell_hear(waits->bell, heard, waits);
        okapi__waits_unlock(waits);
    }
    return NULL;
}

static apr_status_t end_notifier(void *baton)
{
    okapi__waits_t *waits = baton;
    apr_status_t ended;

    __atomic_store_n(&waits->ending, 1, __ATOMIC_RELEASE);
    (void)eventfd_write(waits->self, 1);
    apr_thread_join(&ended, waits->thread);
    close(waits->self);
    okapi__heap_destroy(&waits->heap);
    return APR_SUCCESS;
}

apr_status_t okapi__waits_start(okapi__waits_t **waits_p, okapi__bell_t *bell, const int *doorbells,
                                int doorbell_count, apr_pool_t *pool)
{
    okapi__waits_t *waits = apr_pcalloc(pool, sizeof(*waits));
    apr_status_t rv;
    int i;

    waits->bell = bell;
    waits->self = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (waits->self < 0) {
        return errno;
    }
    waits->polled[0].fd = waits->self;
    waits->polled[1].fd = okapi__bell_fd(bell);
    for (i = 0; i < doorbell_count && i < DOORBELLS_MAX; i++) {
        waits->polled[2 + i].fd = doorbells[i];
    }
    waits->polled_count = 2 + i;
    for (i = 0; i < waits->polled_count; i++) {
        waits->polled[i].events = POLLIN;
    }
    rv = apr_thread_mutex_create(&waits->lock, APR_THREAD_MUTEX_DEFAULT, pool);
    if (rv == APR_SUCCESS) {
        rv = apr_thread_create(&waits->thread, NULL, notifier, waits, pool);
    }
    if (rv != APR_SUCCESS) {
        close(waits->self);
        return rv;
    }
    apr_pool_cleanup_register(pool, waits, end_notifier, apr_pool_cleanup_null);
    *waits_p = waits;
    return APR_SUCCESS;
}

void okapi__waits_stop(okapi__waits_t *waits)
{
    okapi__waits_lock(waits);
    waits->stopping = 1;
    for (okapi__waiter_t *waiter = waits->all; waiter; waiter = waiter->next) {
        post(waiter, OKAPI_WAIT_STOP);
    }
    okapi__waits_unlock(waits);
}

/* ---- the lists ---- */

static void link_ears(okapi__waits_t *waits, okapi__waiter_t *waiter)
{
    for (int i = 0; i < waiter->ear_count; i++) {
        okapi__ear_t *ear = &waiter->ears[i], **bucket = bucket_of(waits, ear->store_id);
        ear->waiter = waiter;
        ear->next = *bucket;
        if (ear->next) {
            ear->next->link = &ear->next;
        }
        ear->link = bucket;
        *bucket = ear;
    }
}

static void unlink_ears(okapi__waiter_t *waiter)
{
    for (int i = 0; i < waiter->ear_count; i++) {
        okapi__ear_t *ear = &waiter->ears[i];
        *ear->link = ear->next;
        if (ear->next) {
            ear->next->link = ear->link;
        }
    }
}

apr_status_t okapi__waiter_add(okapi__waits_t *waits, okapi__waiter_t *waiter)
{
    apr_time_t now = apr_time_now();
    apr_status_t rv;

    waiter->next_tick = waiter->tick ? now + waiter->tick : 0;
    okapi__waits_lock(waits);
    rv = okapi__heap_reserve(&waits->heap, 1);
    if (rv == APR_SUCCESS) {
        waiter->next = waits->all;
        if (waiter->next) {
            waiter->next->link = &waiter->next;
        }
        waiter->link = &waits->all;
        waits->all = waiter;
        link_ears(waits, waiter);
        schedule(waits, waiter, now);
        if (okapi__heap_first(&waits->heap) == &waiter->timer) {
            (void)eventfd_write(waits->self, 1); /* the notifier sleeps too long */
        }
        if (waits->stopping) {
            waiter->events |= OKAPI_WAIT_STOP;
        }
        if (is_held(waiter)) {
            okapi__bell_count(waits->bell, OKAPI__HELD, 1);
        }
    }
    okapi__waits_unlock(waits);
    return rv;
}

void okapi__waiter_remove(okapi__waits_t *waits, okapi__waiter_t *waiter)
{
    if (waiter->link == NULL) {
        return;
    }
    *waiter->link = waiter->next;
    if (waiter->next) {
        waiter->next->link = waiter->link;
    }
    waiter->link = NULL;
    unlink_ears(waiter);
    okapi__heap_remove(&waits->heap, &waiter->timer);
    if (is_held(waiter)) {
        okapi__bell_count(waits->bell, OKAPI__HELD, -1);
    }
}

int okapi__waiter_take(okapi__waits_t *waits, okapi__waiter_t *waiter)
{
    int events;

    okapi__waits_lock(waits);
    events = waiter->events;
    waiter->events = 0;
    okapi__waits_unlock(waits);
    return events;
}
