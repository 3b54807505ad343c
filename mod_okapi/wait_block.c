/* wait_block.c - holding a request together with its thread: mpm_worker, mpm_prefork, HTTP/2. */
#include "wait.h"
#include "park.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <ap_mpm.h>
#include <apr_portable.h>
#include <http_core.h>

APLOG_USE_MODULE(okapi);

#define LOOK_AROUND 1000 /* ms: prefork stops without telling, a stream of HTTP/2 closes so, too   \
                          */

typedef struct blocked_t {
    okapi__waiter_t waiter; /* first: wake casts it back */
    int fd;                 /* eventfd */
} blocked_t;

static void wake(okapi__waiter_t *waiter)
{
    (void)eventfd_write(((blocked_t *)waiter)->fd, 1);
}

static int mpm_is_stopping(void)
{
    int state = AP_MPMQ_RUNNING;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

/* Sleeps until there are events, and returns them; 0 if the client is gone. */
static int next_events(blocked_t *blocked, okapi__waits_t *waits, conn_rec *c)
{
    struct pollfd polled[2] = {{blocked->fd, POLLIN, 0}, {-1, POLLRDHUP, 0}};
    eventfd_t count;
    int events;

    if (c->master == NULL) {
        apr_os_sock_get(&polled[1].fd, ap_get_conn_socket(c));
    }
    for (;;) {
        events = okapi__waiter_take(waits, &blocked->waiter);
        if (mpm_is_stopping()) {
            events |= OKAPI_WAIT_STOP;
        }
        if (events) {
            return events;
        }
        if (poll(polled, 2, LOOK_AROUND) > 0 && polled[0].revents) {
            (void)eventfd_read(blocked->fd, &count);
        }
        if (polled[1].revents || c->aborted) {
            return 0;
        }
    }
}

int okapi__wait_block(okapi_wait_t *wait, const okapi__waiter_t *terms, okapi__waits_t *waits)
{
    conn_rec *c = wait->r->connection;
    blocked_t blocked = {.waiter = *terms};
    okapi_wait_e next;
    int events = 0;
    apr_status_t rv;

    blocked.waiter.wake = wake;
    blocked.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rv = blocked.fd < 0 ? errno : okapi__waiter_add(waits, &blocked.waiter);
    if (rv != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, wait->r,
                      OKLOGNO(00021) "the request can't be held; raise the limit of open files "
                                     "(ulimit -n)");
        if (blocked.fd >= 0) {
            close(blocked.fd);
        }
        return HTTP_SERVICE_UNAVAILABLE;
    }
    while ((next = okapi__wait_call(wait, events)) == OKAPI_WAIT_PARK) {
        events = next_events(&blocked, waits, c);
        if (events == 0) {
            c->aborted = 1;
            break;
        }
    }
    okapi__waits_lock(waits);
    okapi__waiter_remove(waits, &blocked.waiter);
    okapi__waits_unlock(waits);
    close(blocked.fd);
    if (next != OKAPI_WAIT_DONE) {
        c->keepalive = AP_CONN_CLOSE;
    }
    return OK;
}
