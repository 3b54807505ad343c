/* mod_okapi.h - what mod_okapi gives the protocol modules, as APR optional functions: retrieve
 * them in an optional_fn_retrieve hook; each is there whenever mod_okapi is loaded.
 */
#ifndef MOD_OKAPI_H
#define MOD_OKAPI_H

#include <httpd.h>
#include <apr_optional.h>
#include <okapi/user.h>

/* This child's engine for the server of a request; NULL if OkapiStore isn't set or could not be
 * opened (the error log says why): answer 503. */
APR_DECLARE_OPTIONAL_FN(okapi_t *, okapi_httpd_engine, (server_rec *s));

/* The Okapi user behind the authenticated r->user, whichever provider authenticated it.
 * OKAPI_EUNKNOWNUSER if there is none of this name. Lives in r->pool. */
APR_DECLARE_OPTIONAL_FN(apr_status_t, okapi_httpd_user,
                        (const okapi_user_t **user, request_rec *r));

/* ---- held requests ---- */

typedef struct okapi_wait_t okapi_wait_t;

enum { /* events, a bit mask */
    OKAPI_WAIT_NOTIFY = 0x1,   /* the store rang (a hint: look at the change number) */
    OKAPI_WAIT_TICK = 0x2,
    OKAPI_WAIT_DEADLINE = 0x4,
    OKAPI_WAIT_STOP = 0x8      /* the child is going away: answer now */
};

typedef enum okapi_wait_e {
    OKAPI_WAIT_PARK, /* go on waiting */
    OKAPI_WAIT_DONE, /* the response is complete, keep the connection */
    OKAPI_WAIT_CLOSE /* the response is complete or hopeless, end the connection */
} okapi_wait_e;

/* Called in a worker thread with the request's own memory to itself. Writes what it has to say
 * with ap_rwrite and friends (they go out before the next park). SCRATCH_POOL is cleared after
 * each call; allocate nothing per call from r->pool. After DEADLINE and STOP there is nothing to
 * wait for: PARK then means CLOSE. It isn't called again when the client has gone; clean-ups of
 * r->pool are run. */
typedef okapi_wait_e (*okapi_wait_resume_fn)(okapi_wait_t *wait, request_rec *r, int events,
                                             void *baton, apr_pool_t *scratch_pool);

/* Hold R without a thread until RESUME ends it; it is called the first time at once, with events
 * 0, after the wait has been subscribed to the N stores, none of them named twice. The handler
 * returns what this returns. TICK and DEADLINE are intervals from now; 0 is none. Where the MPM
 * can't hold requests (worker, prefork, HTTP/2) the thread blocks instead, with the same calls. The
 * body must have been read. */
APR_DECLARE_OPTIONAL_FN(int, okapi_httpd_wait,
                        (request_rec *r, const okapi_id_t *store_ids, int n,
                         apr_interval_time_t tick, apr_interval_time_t deadline,
                         okapi_wait_resume_fn resume, void *baton));

#endif
