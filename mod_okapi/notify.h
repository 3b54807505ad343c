/* notify.h - who waits in this child, and the thread that wakes them.
 *
 * A waiter has an ear at each store it is subscribed to, and a tick, a deadline or both. The
 * notifier thread listens to the bell, to the tools' doorbell sockets and to the clock, notes the
 * event in the waiter and calls its wake function; what waking means is wait_event.c's and
 * wait_block.c's affair.
 */
#ifndef OKAPI_NOTIFY_H
#define OKAPI_NOTIFY_H

#include "bell.h"
#include "heap.h"

#include <mod_okapi.h>

typedef struct okapi__waits_t okapi__waits_t;
typedef struct okapi__waiter_t okapi__waiter_t;
typedef struct okapi__ear_t okapi__ear_t;

#define OKAPI__WAIT_REARM 0x100 /* an event of ours: only to be parked anew */

struct okapi__ear_t {
    okapi_id_t store_id;

    okapi__waiter_t *waiter;    /* from here on the registry's, with the lock held */
    okapi__ear_t *next, **link; /* chain of its hash bucket */
};

/* Zero it, fill in the first part, add it. Belongs to whoever added it; the second part is read
 * and written with the lock held. */
struct okapi__waiter_t {
    okapi__ear_t *ears; /* live as long as the waiter */
    int ear_count;      /* 0: no bell rings for it */
    apr_interval_time_t tick;              /* 0: none */
    apr_interval_time_t rearm;             /* longest silence between two events; 0: any */
    apr_time_t deadline;                   /* 0: none */
    void (*wake)(okapi__waiter_t *waiter); /* lock held; any thread; called for each event */

    int events; /* not yet taken */
    apr_time_t next_tick;
    okapi__timer_t timer;
    okapi__waiter_t *next, **link; /* chain of all; link is NULL when not added */
};

/* Starts the notifier. DOORBELLS are descriptors of okapi_doorbell_listen, or -1. The cleanup of
 * POOL ends the thread. */
apr_status_t okapi__waits_start(okapi__waits_t **waits, okapi__bell_t *bell, const int *doorbells,
                                int doorbell_count, apr_pool_t *pool);

/* The child is stopping: OKAPI_WAIT_STOP to everybody, now and from now on. */
void okapi__waits_stop(okapi__waits_t *waits);

void okapi__waits_lock(okapi__waits_t *waits);
void okapi__waits_unlock(okapi__waits_t *waits);
okapi__bell_t *okapi__waits_bell(okapi__waits_t *waits);

apr_status_t okapi__waiter_add(okapi__waits_t *waits, okapi__waiter_t *waiter);

/* After it returns nobody calls wake any more. Harmless if it wasn't added. Lock held. */
void okapi__waiter_remove(okapi__waits_t *waits, okapi__waiter_t *waiter);

/* The events since the last call. */
int okapi__waiter_take(okapi__waits_t *waits, okapi__waiter_t *waiter);

#endif
