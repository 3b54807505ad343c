/* wait_event.c - holding an HTTP request on mpm_event: handler, way back, end of the response.
 *
 * The handler returns SUSPENDED, which event has no way to resume; our process_connection hook,
 * which runs around all others, turns it into CONN_STATE_ASYNC_WAITIO.
 */
#include "wait.h"
#include "park.h"

#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

APLOG_USE_MODULE(okapi);

int okapi__wait_event_possible(request_rec *r)
{
    return r->main == NULL && r->prev == NULL && !r->connection->clogging_input_filters &&
           okapi__park_of(r->connection) != NULL;
}

/* The MPM gives a waiting connection up after Timeout: take it back before. */
static apr_interval_time_t rearm_interval(const conn_rec *c)
{
    return c->base_server->timeout / 4 * 3;
}

int okapi__wait_event(okapi_wait_t *wait, const okapi__waiter_t *terms)
{
    conn_rec *c = wait->r->connection;
    okapi__park_t *park = okapi__park_of(c);
    apr_status_t rv;

    park->waiter = *terms;
    park->waiter.rearm = rearm_interval(c);
    rv = okapi__park_begin(park); /* subscribe first, then look at the state, then park */
    if (rv != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, wait->r,
                      OKLOGNO(00020) "the request can't be held; raise the limit of open files "
                                     "(ulimit -n)");
        return HTTP_SERVICE_UNAVAILABLE;
    }
    switch (okapi__wait_call(wait, 0)) {
    case OKAPI_WAIT_PARK:
        park->wait = wait;
        return SUSPENDED;
    case OKAPI_WAIT_CLOSE:
        c->keepalive = AP_CONN_CLOSE;
        break;
    case OKAPI_WAIT_DONE:
        break;
    }
    okapi__park_end(park);
    return OK;
}

/* Between a held response and the next request the connection is held, too: event shuts down the
 * connections it keeps alive itself whenever all workers are busy, as after a broadcast. */
static void keep_alive(okapi__park_t *park)
{
    conn_rec *c = park->c;

    if (c->keepalive != AP_CONN_KEEPALIVE || c->aborted || c->data_in_input_filters ||
        c->cs->state != CONN_STATE_WRITE_COMPLETION) {
        return;
    }
    park->waiter = (okapi__waiter_t){.rearm = rearm_interval(c)};
    park->waiter.deadline = apr_time_now() + c->base_server->keep_alive_timeout;
    if (okapi__park_begin(park) == APR_SUCCESS) {
        okapi__park_enter(park);
    }
}

/* Sends the end of the response that the output filters may still hold back. */
static void flush_connection(okapi__park_t *park)
{
    conn_rec *c = park->c;

    if (park->bb == NULL) {
        park->bb = apr_brigade_create(c->pool, c->bucket_alloc);
    }
    APR_BRIGADE_INSERT_TAIL(park->bb, apr_bucket_flush_create(c->bucket_alloc));
    if (ap_pass_brigade(c->output_filters, park->bb) != APR_SUCCESS) {
        c->aborted = 1;
    }
    apr_brigade_cleanup(park->bb);
}

/* The held request is over. It is dead when this returns. */
static void finish(okapi__park_t *park, int gone)
{
    request_rec *r = park->wait->r;
    conn_rec *c = park->c;

    okapi__park_end(park);
    park->wait = NULL;
    if (gone) {
        c->aborted = 1;
        c->keepalive = AP_CONN_CLOSE;
    } else {
        ap_finalize_request_protocol(r);
    }
    ap_process_request_after_handler(r);
    if (!gone) {
        flush_connection(park);
    }
    if (c->aborted) {
        c->cs->state = CONN_STATE_LINGER;
    } else {
        keep_alive(park);
    }
}

/* A parked connection comes back with a held request. */
static int resume_request(okapi__park_t *park)
{
    int events = okapi__park_take(park);
    okapi_wait_e next = OKAPI_WAIT_PARK;

    switch (okapi__client_state(park->c)) {
    case OKAPI__CLIENT_GONE:
        finish(park, 1);
        return OK;
    case OKAPI__CLIENT_TALKS:
        park->ignore_input = 1; /* its next request, for later: no spinning on it */
        break;
    case OKAPI__CLIENT_QUIET:
        break;
    }
    events &= ~OKAPI__WAIT_REARM;
    if (events) {
        next = okapi__wait_call(park->wait, events);
    }
    if (next == OKAPI_WAIT_PARK) {
        okapi__park_enter(park);
        return OK;
    }
    if (next == OKAPI_WAIT_CLOSE) {
        park->c->keepalive = AP_CONN_CLOSE;
    }
    finish(park, park->c->aborted);
    return OK;
}

/* A parked connection comes back between two requests. OK: nothing to be read from it. */
static int resume_idle(okapi__park_t *park)
{
    int events = okapi__park_take(park);

    if (okapi__client_state(park->c) == OKAPI__CLIENT_TALKS) {
        okapi__park_end(park);
        return DECLINED;
    }
    if (events == OKAPI__WAIT_REARM) {
        okapi__park_enter(park);
        return OK;
    }
    okapi__park_end(park);
    park->c->cs->state = CONN_STATE_LINGER;
    return OK;
}

int okapi__wait_process_connection(conn_rec *c)
{
    okapi__park_t *park = okapi__park_of(c);
    int rc;

    if (park == NULL || park->entered) {
        return DECLINED;
    }
    if (park->wait != NULL) {
        return resume_request(park);
    }
    if (park->waiter.link != NULL && resume_idle(park) == OK) {
        return OK;
    }
    park->entered = 1;
    rc = ap_run_process_connection(c);
    park->entered = 0;
    if (park->wait != NULL && c->cs->state == CONN_STATE_SUSPENDED) {
        okapi__park_enter(park);
    }
    return rc;
}
