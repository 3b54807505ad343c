/* wait.c - okapi_httpd_wait: hold a request until something happens in a store or several. */
#include "wait.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <apr_portable.h>
#include <http_core.h>
#include <http_protocol.h>

APLOG_USE_MODULE(okapi);

okapi_wait_e okapi__wait_call(okapi_wait_t *wait, int events)
{
    request_rec *r = wait->r;
    okapi_wait_e next = wait->resume(wait, r, events, wait->baton, wait->scratch_pool);

    apr_pool_clear(wait->scratch_pool);
    if (next != OKAPI_WAIT_PARK) {
        return next;
    }
    if (events & (OKAPI_WAIT_DEADLINE | OKAPI_WAIT_STOP)) {
        return OKAPI_WAIT_CLOSE;
    }
    /* Without this filter nothing was written, and a flush would only send the headers. */
    if (r->output_filters->frec == ap_old_write_func && ap_rflush(r) < 0) {
        return OKAPI_WAIT_CLOSE;
    }
    return r->connection->aborted ? OKAPI_WAIT_CLOSE : OKAPI_WAIT_PARK;
}

/* Lets the kernel find out about a client that vanished without a word: the socket then reports
 * an error, which ends the wait. */
static void watch_for_silence(conn_rec *c)
{
    int fd = -1, on = 1, idle = 60, interval = 15, count = 3;
    unsigned int unacknowledged = 60 * 1000; /* ms */

    if (c->master != NULL || apr_os_sock_get(&fd, ap_get_conn_socket(c)) != APR_SUCCESS || fd < 0) {
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof(unacknowledged));
}

int okapi_httpd_wait(request_rec *r, const okapi_id_t *store_ids, int n, apr_interval_time_t tick,
                     apr_interval_time_t deadline, okapi_wait_resume_fn resume, void *baton)
{
    okapi__process_t *process = okapi__server_of(r->server)->process;
    okapi__waiter_t terms = {.ear_count = n, .tick = tick};
    okapi_wait_t *wait = apr_pcalloc(r->pool, sizeof(*wait));

    if (process == NULL || process->waits == NULL) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    wait->r = r;
    wait->resume = resume;
    wait->baton = baton;
    apr_pool_create(&wait->scratch_pool, r->pool);
    terms.ears = apr_pcalloc(r->pool, sizeof(*terms.ears) * (apr_size_t)n);
    for (int i = 0; i < n; i++) {
        terms.ears[i].store_id = store_ids[i];
    }
    terms.deadline = deadline ? apr_time_now() + deadline : 0;
    watch_for_silence(r->connection);
    if (okapi__wait_event_possible(r)) {
        return okapi__wait_event(wait, &terms);
    }
    return okapi__wait_block(wait, &terms, process->waits);
}
