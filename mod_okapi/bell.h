/* bell.h - "something changed in this store", between the children of one httpd.
 *
 * A ring of store ids in shared memory and one eventfd per child. Made once by the parent and
 * kept over restarts, so that the old and the new generation hear each other. What is heard is a
 * hint: on any doubt (overrun, a writer killed half-way) everybody is told to look.
 */
#ifndef OKAPI_BELL_H
#define OKAPI_BELL_H

#include <sys/types.h>
#include <okapi/types.h>

#define OKAPI__BELL_ALL ((okapi_id_t)0) /* whoever listens, whatever for */

/* What a child counts; readable by all children, added up for /okapi/status. */
typedef enum okapi__counter_e {
    OKAPI__HELD,   /* waits now */
    OKAPI__PARKED, /* connections without a thread now */
    OKAPI__GAUGES, /* those before go with the child, those after only grow */

    OKAPI__RESUMES = OKAPI__GAUGES, /* times a parked connection got a thread back */
    OKAPI__RINGS,                   /* times the child was woken by the bell */
    OKAPI__PASSWORDS,               /* password hashes computed */
    OKAPI__CACHED,                  /* logins that needed none */
    OKAPI__REFUSED,                 /* failed logins */
    OKAPI__COUNTERS
} okapi__counter_e;

typedef struct okapi__bell_slot_t {
    pid_t pid; /* 0: free */
    apr_uint64_t counts[OKAPI__COUNTERS];
} okapi__bell_slot_t;

typedef struct okapi__bell_t okapi__bell_t;

/* In the parent: a bell for at most SLOTS children at a time. It is never freed. */
apr_status_t okapi__bell_create(okapi__bell_t **bell, int slots);

/* In the parent: the child PID is gone; what it counted is kept. */
void okapi__bell_leave(okapi__bell_t *bell, pid_t pid);

/* In a child: take a slot. APR_ENOSPC if there is none; then the child hears nothing at once and
 * has to call okapi__bell_hear from time to time. */
apr_status_t okapi__bell_join(okapi__bell_t *bell);

/* Any process, any thread, without a lock. */
void okapi__bell_ring(okapi__bell_t *bell, okapi_id_t store_id);

/* The descriptor that becomes readable when the bell rings, or -1. */
int okapi__bell_fd(const okapi__bell_t *bell);

/* Calls HEARD for each ring since the last call. One thread per process. */
void okapi__bell_hear(okapi__bell_t *bell, void (*heard)(void *baton, okapi_id_t store_id),
                      void *baton);

/* Adds BY to a counter of this child. */
void okapi__bell_count(okapi__bell_t *bell, okapi__counter_e counter, int by);

/* All slots, and in GONE what the children that have ended had counted. */
const okapi__bell_slot_t *okapi__bell_slots(const okapi__bell_t *bell, int *count,
                                            const apr_uint64_t **gone);

/* One switch for all children per BIT: sets it to ON, returns what it was. For messages that one
 * child should log and not each. */
int okapi__bell_switch(okapi__bell_t *bell, int bit, int on);
int okapi__bell_is_on(const okapi__bell_t *bell, int bit);

#endif
