/* park.c - the parking place of a connection: the exchange of descriptors and the wake-up. */
#include "park.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <apr_portable.h>
#include <http_core.h>

struct okapi__parking_t {
    okapi__waits_t *waits;
    int underway; /* woken, and not yet parked again or ended */
    int limit;
    APR_RING_HEAD(okapi__queue_t, okapi__park_t) queue; /* to be woken when there is room */
};

okapi__parking_t *okapi__parking_create(okapi__waits_t *waits, int threads, apr_pool_t *pool)
{
    okapi__parking_t *parking = apr_pcalloc(pool, sizeof(*parking));

    parking->waits = waits;
    parking->limit = threads > 3 ? threads / 2 : 1;
    APR_RING_INIT(&parking->queue, okapi__park_t, link);
    return parking;
}

/* ---- waking; the lock is held ---- */

static int client_writable(const okapi__park_t *park)
{
    struct pollfd polled = {park->client_fd, POLLOUT, 0};

    return poll(&polled, 1, 0) == 1;
}

static void wake_now(okapi__park_t *park)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLOUT};

    park->woken = 1;
    /* A client that doesn't read is woken when it does; it must not hold a place until then. */
    if (client_writable(park)) {
        park->counted = 1;
        park->parking->underway++;
    }
    epoll_ctl(park->epoll_fd, EPOLL_CTL_MOD, park->client_fd, &event);
}

static void dequeue(okapi__park_t *park)
{
    if (park->queued) {
        APR_RING_REMOVE(park, link);
        park->queued = 0;
    }
}

static void wake(okapi__waiter_t *waiter)
{
    okapi__park_t *park = (okapi__park_t *)waiter;
    okapi__parking_t *parking = park->parking;

    if (!park->parked || park->woken || park->queued) {
        return; /* a worker has it, or will have, and takes all events */
    }
    if (parking->underway < parking->limit) {
        wake_now(park);
    } else {
        APR_RING_INSERT_TAIL(&parking->queue, park, okapi__park_t, link);
        park->queued = 1;
    }
}

/* PARK's wake-up has been dealt with: the next ones in the queue get its place. */
static void wake_dealt_with(okapi__park_t *park)
{
    okapi__parking_t *parking = park->parking;

    if (park->counted) {
        park->counted = 0;
        parking->underway--;
    }
    while (parking->underway < parking->limit &&
           !APR_RING_EMPTY(&parking->queue, okapi__park_t, link)) {
        okapi__park_t *first = APR_RING_FIRST(&parking->queue);

        dequeue(first);
        wake_now(first);
    }
}

/* ---- the connection ---- */

/* Whatever way the connection ends. If it ends while the descriptors are exchanged, the socket
 * gets its own back, so that its cleanup closes the right one. */
static apr_status_t park_cleanup(void *baton)
{
    okapi__park_t *park = baton;

    okapi__park_end(park);
    if (park->swapped) {
        apr_socket_t *socket = ap_get_conn_socket(park->c);

        apr_os_sock_put(&socket, &park->client_fd, park->c->pool);
    }
    if (park->epoll_fd >= 0) {
        close(park->epoll_fd);
    }
    return APR_SUCCESS;
}

okapi__park_t *okapi__park_of(conn_rec *c)
{
    okapi__process_t *process = okapi__server_of(c->base_server)->process;
    okapi__park_t *park;

    if (c->master != NULL || c->cs == NULL || process == NULL || process->parking == NULL) {
        return NULL;
    }
    park = ap_get_module_config(c->conn_config, &okapi_module);
    if (park == NULL) {
        park = apr_pcalloc(c->pool, sizeof(*park));
        park->parking = process->parking;
        park->c = c;
        park->epoll_fd = -1;
        ap_set_module_config(c->conn_config, &okapi_module, park);
        apr_pool_pre_cleanup_register(c->pool, park, park_cleanup);
    }
    return park;
}

apr_status_t okapi__park_begin(okapi__park_t *park)
{
    if (park->epoll_fd < 0) {
        park->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    }
    if (park->epoll_fd < 0) {
        return errno;
    }
    park->waiter.wake = wake;
    park->waiter.events = 0;
    park->ignore_input = 0;
    return okapi__waiter_add(park->parking->waits, &park->waiter);
}

void okapi__park_end(okapi__park_t *park)
{
    okapi__waits_t *waits = park->parking->waits;

    okapi__waits_lock(waits);
    okapi__waiter_remove(waits, &park->waiter);
    park->parked = 0;
    dequeue(park);
    wake_dealt_with(park);
    okapi__waits_unlock(waits);
}

int okapi__park_take(okapi__park_t *park)
{
    return okapi__waiter_take(park->parking->waits, &park->waiter);
}

void okapi__park_enter(okapi__park_t *park)
{
    park->wanted = 1;
    park->c->cs->state = CONN_STATE_ASYNC_WAITIO;
    park->c->cs->sense = CONN_SENSE_WANT_READ;
}

okapi__client_e okapi__client_state(conn_rec *c)
{
    struct pollfd polled = {-1, POLLIN | POLLRDHUP, 0};

    apr_os_sock_get(&polled.fd, ap_get_conn_socket(c));
    if (poll(&polled, 1, 0) <= 0) {
        return OKAPI__CLIENT_QUIET;
    }
    if (polled.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) {
        return OKAPI__CLIENT_GONE;
    }
    return OKAPI__CLIENT_TALKS;
}

/* ---- the exchange ---- */

/* Makes the nested descriptor report what the parked connection waits for. */
static int watch_client(okapi__park_t *park)
{
    struct epoll_event event = {0};

    event.events = EPOLLRDHUP | (park->ignore_input ? 0 : EPOLLIN);
    if (park->waiter.events) {
        event.events |= EPOLLOUT; /* something happened meanwhile: come back at once */
    }
    if (epoll_ctl(park->epoll_fd, EPOLL_CTL_MOD, park->client_fd, &event) == 0) {
        return 1;
    }
    return errno == ENOENT &&
           epoll_ctl(park->epoll_fd, EPOLL_CTL_ADD, park->client_fd, &event) == 0;
}

/* The worker is about to give the connection to the MPM's poll set. */
void okapi__park_suspend(conn_rec *c, request_rec *r)
{
    okapi__park_t *park = okapi__park_of(c);
    apr_socket_t *socket;
    int watched;

    if (park == NULL || !park->wanted || c->cs->state != CONN_STATE_ASYNC_WAITIO) {
        return;
    }
    park->wanted = 0;
    socket = ap_get_conn_socket(c);
    apr_os_sock_get(&park->client_fd, socket);
    okapi__waits_lock(park->parking->waits);
    wake_dealt_with(park);
    park->woken = park->waiter.events != 0;
    watched = watch_client(park);
    park->parked = watched;
    okapi__waits_unlock(park->parking->waits);
    if (!watched) {
        return; /* the kernel is out of memory: the client and Timeout still wake it */
    }
    okapi__bell_count(okapi__waits_bell(park->parking->waits), OKAPI__PARKED, 1);
    apr_os_sock_put(&socket, &park->epoll_fd, c->pool);
    park->swapped = 1;
}

/* The MPM takes the connection up, for whatever reason. */
void okapi__park_resume(conn_rec *c, request_rec *r)
{
    okapi__park_t *park = okapi__park_of(c);
    okapi__bell_t *bell;
    apr_socket_t *socket;
    int fd = -1;

    if (park == NULL || !park->swapped) {
        return;
    }
    park->swapped = 0;
    bell = okapi__waits_bell(park->parking->waits);
    okapi__bell_count(bell, OKAPI__PARKED, -1);
    okapi__bell_count(bell, OKAPI__RESUMES, 1);
    okapi__waits_lock(park->parking->waits);
    park->parked = 0;
    dequeue(park);
    okapi__waits_unlock(park->parking->waits);
    socket = ap_get_conn_socket(c);
    apr_os_sock_get(&fd, socket);
    if (fd == -1) { /* the MPM has closed "the socket" after an error: ours; close the other */
        close(park->client_fd);
        park->epoll_fd = -1;
        return;
    }
    apr_os_sock_put(&socket, &park->client_fd, c->pool);
    if (c->cs->state == CONN_STATE_LINGER) { /* it ran into Timeout */
        okapi__park_end(park);
        park->wait = NULL;
    }
}
