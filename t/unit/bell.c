/* bell.c - the ring between processes: every ring is heard, by each, once; an overrun by all. */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bell.h"
#include "tap.h"

#define RINGERS 3
#define RINGS   10000

typedef struct ear_t {
    int rings[RINGERS + 1]; /* by store */
    int all;
} ear_t;

static void heard(void *baton, okapi_id_t store_id)
{
    ear_t *ear = baton;

    if (store_id == OKAPI__BELL_ALL) {
        ear->all++;
    } else if (store_id <= RINGERS) {
        ear->rings[store_id]++;
    }
}

/* A child that rings for its own store and listens until it has heard all of it. A ring whose
 * writer lost the processor in the middle is heard as one for all stores. */
static void ringer(okapi__bell_t *bell, int store_id)
{
    struct pollfd polled = {-1, POLLIN, 0};
    ear_t ear = {{0}, 0};
    int i, complete = 0;

    if (okapi__bell_join(bell) != APR_SUCCESS) {
        _exit(1);
    }
    polled.fd = okapi__bell_fd(bell);
    for (i = 0; i < RINGS; i++) {
        okapi__bell_ring(bell, store_id);
    }
    while (!complete && poll(&polled, 1, 5000) == 1) {
        okapi__bell_hear(bell, heard, &ear);
        complete = ear.rings[store_id] + ear.all >= RINGS;
    }
    _exit(complete && ear.rings[store_id] <= RINGS ? 0 : 1);
}

static void processes(okapi__bell_t *bell)
{
    pid_t pids[RINGERS];
    int i, status, well = 0;

    for (i = 0; i < RINGERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            ringer(bell, i + 1);
        }
    }
    for (i = 0; i < RINGERS; i++) {
        waitpid(pids[i], &status, 0);
        well += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        okapi__bell_leave(bell, pids[i]);
    }
    is_int(well, RINGERS, "processes that ring at once hear their own, each ring once");
}

int main(void)
{
    const okapi__bell_slot_t *slots;
    const apr_uint64_t *gone;
    static okapi__bell_t *bell; /* for ever, as in httpd: nothing takes it down */
    ear_t ear = {{0}, 0};
    int i, count;

    tap_pool();
    is_int(okapi__bell_create(&bell, RINGERS + 1), APR_SUCCESS, "created");
    is_int(okapi__bell_join(bell), APR_SUCCESS, "joined");
    processes(bell);
    okapi__bell_hear(bell, heard, &ear);
    is_int(ear.rings[1] + ear.rings[2] + ear.rings[3] + ear.all, RINGERS * RINGS,
           "so does a bystander");

    memset(&ear, 0, sizeof(ear));
    for (i = 0; i < 100000; i++) {
        okapi__bell_ring(bell, 1);
    }
    okapi__bell_hear(bell, heard, &ear);
    is_int(ear.all, 1, "who was too slow is told to look at everything");
    is_int(ear.rings[1], 0, "and nothing else");
    okapi__bell_ring(bell, 2);
    okapi__bell_hear(bell, heard, &ear);
    is_int(ear.rings[2], 1, "then it hears as before");

    slots = okapi__bell_slots(bell, &count, &gone);
    is_int(slots[0].counts[OKAPI__RINGS] > 0, 1, "it counts");
    okapi__bell_leave(bell, getpid());
    ok(gone[OKAPI__RINGS] > 0, "what a child counted stays when it is gone");
    is_int(okapi__bell_switch(bell, 3, 1), 0, "a switch is off");
    is_int(okapi__bell_switch(bell, 3, 1), 1, "then on");
    ok(okapi__bell_is_on(bell, 3) && !okapi__bell_is_on(bell, 2), "and no other");
    return done_testing();
}
