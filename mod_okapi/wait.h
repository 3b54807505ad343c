/* wait.h - a held request, whichever way it is held. */
#ifndef OKAPI_WAIT_H
#define OKAPI_WAIT_H

#include "okapi_httpd.h"

struct okapi_wait_t { /* in r->pool */
    request_rec *r;
    okapi_wait_resume_fn resume;
    void *baton;
    apr_pool_t *scratch_pool;
};

/* Calls resume and sends what it wrote. Never says PARK when the client is gone, or after the
 * last event there is. */
okapi_wait_e okapi__wait_call(okapi_wait_t *wait, int events);

/* wait_event.c: SUSPENDED, or the answer if the first call had one. WAITER holds the terms. */
int okapi__wait_event(okapi_wait_t *wait, const okapi__waiter_t *waiter);

/* Can the connection of R give up its thread? */
int okapi__wait_event_possible(request_rec *r);

/* wait_block.c: the same with the thread held. */
int okapi__wait_block(okapi_wait_t *wait, const okapi__waiter_t *waiter, okapi__waits_t *waits);

#endif
