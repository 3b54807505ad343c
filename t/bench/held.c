/* held.c - the load of t/bench/held.pl: N requests held at once, and how soon they are woken.
 *
 *   held PORT DOORBELL N RINGS
 *
 * Holds N requests of t/lib/mod_wait_test.c, each for a store of its own, tells standard output
 * "held" and waits for a line on standard input. Then it rings for one store at a time, RINGS
 * times, and last for all of them. It prints latencies in milliseconds, from the ring to the
 * answer's arrival.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define OPENING_MAX 128  /* connections that may be on their way at once */
#define PATIENCE    30.0 /* seconds for anything to happen */

typedef struct client_t {
    int fd;
    int held;
    int woken;
    int len;
    char buffer[512];
} client_t;

typedef struct load_t {
    int port;
    struct sockaddr_un doorbell;
    int bell;
    int poll;
    int count, held, woken, lost;
    client_t *clients;
} load_t;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void request(client_t *client, int number)
{
    char text[200];
    int len = snprintf(text, sizeof(text),
                       "GET /wait?store=%d&tick=15000 HTTP/1.1\r\nHost: localhost\r\n\r\n", number);

    client->held = client->woken = client->len = 0;
    if (write(client->fd, text, (size_t)len) != len) {
        die("write");
    }
}

static void open_client(load_t *load, int number)
{
    client_t *client = &load->clients[number];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)load->port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        die("connect");
    }
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (epoll_ctl(load->poll, EPOLL_CTL_ADD, client->fd, &event) != 0) {
        die("epoll_ctl");
    }
    request(client, number + 1);
}

/* What the server sent to one client. */
static void receive(load_t *load, client_t *client)
{
    ssize_t n = recv(client->fd, client->buffer + client->len,
                     sizeof(client->buffer) - 1 - (size_t)client->len, MSG_DONTWAIT);

    if (n <= 0) {
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        load->lost++;
        load->held -= client->held;
        close(client->fd);
        return;
    }
    client->len += (int)n;
    client->buffer[client->len] = '\0';
    if (!client->held && strstr(client->buffer, "HELD\n")) {
        client->held = 1;
        load->held++;
    }
    if (!client->woken && strstr(client->buffer, "0\r\n\r\n")) {
        client->woken = 1;
        client->held = 0;
        load->woken++;
        load->held--;
    }
    if (client->len > 400) { /* ticks */
        memmove(client->buffer, client->buffer + 300, (size_t)(client->len -= 300));
        client->buffer[client->len] = '\0';
    }
}

static void run(load_t *load, double seconds)
{
    struct epoll_event events[256];
    int i, n = epoll_wait(load->poll, events, 256, (int)(seconds * 1000));

    for (i = 0; i < n; i++) {
        receive(load, events[i].data.ptr);
    }
}

static void wait_until(load_t *load, const int *counter, int value, const char *what)
{
    double deadline = now() + PATIENCE;

    while (*counter < value) {
        run(load, 0.05);
        if (now() > deadline) {
            fprintf(stderr, "%s: %d of %d after %g s, %d lost\n", what, *counter, value, PATIENCE,
                    load->lost);
            exit(1);
        }
    }
}

static void ring(load_t *load, int number)
{
    unsigned char datagram[8] = {0};
    int i;

    for (i = 0; i < 4; i++) {
        datagram[i] = (unsigned char)((unsigned int)number >> (8 * i));
    }
    while (sendto(load->bell, datagram, sizeof(datagram), 0, (struct sockaddr *)&load->doorbell,
                  sizeof(load->doorbell)) < 0) {
        if (errno != ENOBUFS && errno != EAGAIN) {
            die("doorbell");
        }
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(const char *name, double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), by_value);
    printf("%s p50 %.3f p99 %.3f max %.3f\n", name, values[count / 2] * 1e3,
           values[(count - 1) * 99 / 100] * 1e3, values[count - 1] * 1e3);
}

static void ring_one_by_one(load_t *load, int rings)
{
    double *values = calloc((size_t)rings, sizeof(*values));
    int i;

    for (i = 0; i < rings; i++) {
        int number = (int)(random() % load->count);
        double start = now();

        load->woken = 0;
        ring(load, number + 1);
        wait_until(load, &load->woken, 1, "one ring");
        values[i] = now() - start;
        request(&load->clients[number], number + 1);
        wait_until(load, &load->held, load->count, "held again");
    }
    report("one", values, rings);
    free(values);
}

static void ring_all(load_t *load)
{
    double start = now();
    int i;

    load->woken = 0;
    for (i = 0; i < load->count; i++) {
        ring(load, i + 1);
        if (i % 64 == 0) {
            run(load, 0);
        }
    }
    wait_until(load, &load->woken, load->count, "all rings");
    printf("all %.1f\n", (now() - start) * 1e3);
}

int main(int argc, char **argv)
{
    struct rlimit files;
    load_t load = {0};
    int i;

    if (argc != 5) {
        fprintf(stderr, "held PORT DOORBELL N RINGS\n");
        return 64;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    load.port = atoi(argv[1]);
    load.doorbell.sun_family = AF_UNIX;
    snprintf(load.doorbell.sun_path, sizeof(load.doorbell.sun_path), "%s", argv[2]);
    load.count = atoi(argv[3]);
    load.clients = calloc((size_t)load.count, sizeof(*load.clients));
    load.bell = socket(AF_UNIX, SOCK_DGRAM, 0);
    load.poll = epoll_create1(0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (i = 0; i < load.count; i++) {
        open_client(&load, i);
        wait_until(&load, &load.held, i + 1 - OPENING_MAX, "opening");
    }
    wait_until(&load, &load.held, load.count, "holding");
    puts("held");
    if (getchar() == EOF) {
        return 1;
    }
    ring_one_by_one(&load, atoi(argv[4]));
    ring_all(&load);
    printf("lost %d\n", load.lost);
    return 0;
}
