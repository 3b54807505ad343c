/* park.h - a connection waits in the MPM without a thread, until we or its client wake it.
 *
 * mpm_event polls the socket of a connection in CONN_STATE_ASYNC_WAITIO, but offers no wake-up
 * from outside. So between its suspend_connection and resume_connection hooks the descriptor in
 * the connection's socket is replaced by an epoll descriptor that holds the client's: making that
 * one report EPOLLOUT makes the MPM take the connection up. It is level-triggered, hence can't be
 * lost; it waits where the client's window is full; and the client's FIN or RST still is seen.
 */
#ifndef OKAPI_PARK_H
#define OKAPI_PARK_H

#include "okapi_httpd.h"

#include <apr_ring.h>

typedef struct okapi__park_t okapi__park_t;

/* A connection's parking place, in c->pool. The worker thread that has the connection owns it;
 * the third part is read and written under the lock of the waits. */
struct okapi__park_t {
    okapi__waiter_t waiter; /* first: the waiter's wake function casts it back */
    okapi__parking_t *parking;
    conn_rec *c;

    okapi_wait_t *wait; /* the held request; NULL: no request, or between two (keep-alive) */
    int entered;        /* process_connection is running its other hooks */
    int wanted;         /* the MPM has been asked to park it */
    int swapped;        /* the socket's descriptor is ours */
    int ignore_input;   /* the client has sent its next request already */
    int client_fd;
    int epoll_fd;           /* or -1 */
    apr_bucket_brigade *bb; /* empty; made once, for c->pool only grows */

    int parked;
    int woken;   /* the MPM has been told */
    int counted; /* as a wake-up under way */
    int queued;  /* for its turn to be woken */
    APR_RING_ENTRY(okapi__park_t) link;
};

/* At most half of THREADS wake-ups are under way at a time: a broadcast that took every worker
 * would make event close all keep-alive connections. */
okapi__parking_t *okapi__parking_create(okapi__waits_t *waits, int threads, apr_pool_t *pool);

/* The connection's place, made when first asked for. NULL if it can't be parked: an MPM that
 * can't, or a stream of HTTP/2. */
okapi__park_t *okapi__park_of(conn_rec *c);

/* Subscribes park->waiter, whose first part has been set but for wake. */
apr_status_t okapi__park_begin(okapi__park_t *park);
void okapi__park_end(okapi__park_t *park);
int okapi__park_take(okapi__park_t *park);

/* Asks the MPM to wait; from process_connection only, which then returns. */
void okapi__park_enter(okapi__park_t *park);

typedef enum okapi__client_e {
    OKAPI__CLIENT_QUIET,
    OKAPI__CLIENT_TALKS, /* input is waiting */
    OKAPI__CLIENT_GONE
} okapi__client_e;

/* Looks at the socket only: a read through the filters would run into mod_reqtimeout. */
okapi__client_e okapi__client_state(conn_rec *c);

#endif
