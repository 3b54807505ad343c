/* bell.c - the doorbell between children: a lock-free ring and an eventfd for each of them. */
#include "bell.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING_SIZE       65536 /* rings a child may be behind before it has to wake everybody */
#define WRITER_PATIENCE 1000  /* yields granted to a writer between its two stores */

typedef struct ring_entry_t {
    apr_uint64_t number; /* of the ring that wrote it, plus one; stored last */
    okapi_id_t store_id;
} ring_entry_t;

typedef struct shared_t {
    apr_uint64_t head; /* number of the next ring */
    apr_uint64_t switches;
    apr_uint64_t gone[OKAPI__COUNTERS];
    ring_entry_t ring[RING_SIZE];
    okapi__bell_slot_t slots[];
} shared_t;

struct okapi__bell_t {
    shared_t *shared;
    int slots;
    int *fds; /* one eventfd per slot */
    int mine; /* the slot of this process, or -1 */
    apr_uint64_t seen;
};

apr_status_t okapi__bell_create(okapi__bell_t **bell, int slots)
{
    okapi__bell_t *b = calloc(1, sizeof(*b));
    int i;

    if (b == NULL || (b->fds = calloc(slots, sizeof(*b->fds))) == NULL) {
        return APR_ENOMEM;
    }
    b->slots = slots;
    b->mine = -1;
    b->shared = mmap(NULL, sizeof(shared_t) + slots * sizeof(okapi__bell_slot_t),
                     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b->shared == MAP_FAILED) {
        return errno;
    }
    for (i = 0; i < slots; i++) {
        b->fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (b->fds[i] < 0) {
            return errno;
        }
    }
    *bell = b;
    return APR_SUCCESS;
}

apr_status_t okapi__bell_join(okapi__bell_t *bell)
{
    int i;

    bell->seen = __atomic_load_n(&bell->shared->head, __ATOMIC_ACQUIRE);
    for (i = 0; i < bell->slots; i++) {
        pid_t nobody = 0;

        if (__atomic_compare_exchange_n(&bell->shared->slots[i].pid, &nobody, getpid(), 0,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            bell->mine = i;
            return APR_SUCCESS;
        }
    }
    return APR_ENOSPC;
}

void okapi__bell_leave(okapi__bell_t *bell, pid_t pid)
{
    int i, k;

    for (i = 0; i < bell->slots; i++) {
        okapi__bell_slot_t *slot = &bell->shared->slots[i];

        if (slot->pid != pid) {
            continue;
        }
        for (k = OKAPI__GAUGES; k < OKAPI__COUNTERS; k++) {
            bell->shared->gone[k] += slot->counts[k];
        }
        memset(slot->counts, 0, sizeof(slot->counts));
        __atomic_store_n(&slot->pid, 0, __ATOMIC_RELEASE);
    }
}

void okapi__bell_ring(okapi__bell_t *bell, okapi_id_t store_id)
{
    apr_uint64_t number = __atomic_fetch_add(&bell->shared->head, 1, __ATOMIC_ACQ_REL);
    ring_entry_t *entry = &bell->shared->ring[number % RING_SIZE];
    int i;

    __atomic_store_n(&entry->store_id, store_id, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->number, number + 1, __ATOMIC_RELEASE);
    for (i = 0; i < bell->slots; i++) {
        /* It fails only when the counter is full: then it is ringing already. */
        if (__atomic_load_n(&bell->shared->slots[i].pid, __ATOMIC_ACQUIRE) != 0) {
            (void)eventfd_write(bell->fds[i], 1);
        }
    }
}

int okapi__bell_fd(const okapi__bell_t *bell)
{
    return bell->mine < 0 ? -1 : bell->fds[bell->mine];
}

/* The store of ring NUMBER, or OKAPI__BELL_ALL if it can't be told any more. */
static okapi_id_t ring_store(shared_t *shared, apr_uint64_t number)
{
    ring_entry_t *entry = &shared->ring[number % RING_SIZE];
    okapi_id_t store_id;
    int i;

    for (i = 0; i < WRITER_PATIENCE; i++) {
        if (__atomic_load_n(&entry->number, __ATOMIC_ACQUIRE) >= number + 1) {
            break;
        }
        sched_yield();
    }
    store_id = __atomic_load_n(&entry->store_id, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&entry->number, __ATOMIC_ACQUIRE) != number + 1) {
        return OKAPI__BELL_ALL;
    }
    return store_id;
}

void okapi__bell_hear(okapi__bell_t *bell, void (*heard)(void *baton, okapi_id_t store_id),
                      void *baton)
{
    apr_uint64_t head;
    eventfd_t rung;

    if (bell->mine >= 0 && eventfd_read(bell->fds[bell->mine], &rung) == 0) {
        okapi__bell_count(bell, OKAPI__RINGS, 1);
    }
    head = __atomic_load_n(&bell->shared->head, __ATOMIC_ACQUIRE);
    if (head - bell->seen > RING_SIZE / 2) {
        bell->seen = head;
        heard(baton, OKAPI__BELL_ALL);
    }
    for (; bell->seen < head; bell->seen++) {
        heard(baton, ring_store(bell->shared, bell->seen));
    }
}

void okapi__bell_count(okapi__bell_t *bell, okapi__counter_e counter, int by)
{
    if (bell->mine >= 0) {
        __atomic_fetch_add(&bell->shared->slots[bell->mine].counts[counter], by, __ATOMIC_RELAXED);
    }
}

const okapi__bell_slot_t *okapi__bell_slots(const okapi__bell_t *bell, int *count,
                                            const apr_uint64_t **gone)
{
    *count = bell->slots;
    *gone = bell->shared->gone;
    return bell->shared->slots;
}

int okapi__bell_switch(okapi__bell_t *bell, int bit, int on)
{
    apr_uint64_t mask = (apr_uint64_t)1 << (bit & 63);
    apr_uint64_t before = on ? __atomic_fetch_or(&bell->shared->switches, mask, __ATOMIC_ACQ_REL)
                             : __atomic_fetch_and(&bell->shared->switches, ~mask, __ATOMIC_ACQ_REL);

    return (before & mask) != 0;
}

int okapi__bell_is_on(const okapi__bell_t *bell, int bit)
{
    apr_uint64_t mask = (apr_uint64_t)1 << (bit & 63);

    return (__atomic_load_n(&bell->shared->switches, __ATOMIC_ACQUIRE) & mask) != 0;
}
