/* heap.h - timers: the earliest of many, in O(log n). Not locked; its owner locks. */
#ifndef OKAPI_HEAP_H
#define OKAPI_HEAP_H

#include <apr_errno.h>
#include <apr_time.h>

/* Part of what is to be woken. Zeroed, it isn't in a heap. */
typedef struct okapi__timer_t {
    apr_time_t due;
    int place; /* position in the heap plus one; 0: in none */
} okapi__timer_t;

typedef struct okapi__heap_t {
    okapi__timer_t **timers;
    int count;
    int capacity;
} okapi__heap_t;

/* Room for EXTRA more timers, so that okapi__heap_put can't fail. */
apr_status_t okapi__heap_reserve(okapi__heap_t *heap, int extra);

/* Puts TIMER in, or moves it, to be DUE. */
void okapi__heap_put(okapi__heap_t *heap, okapi__timer_t *timer, apr_time_t due);

void okapi__heap_remove(okapi__heap_t *heap, okapi__timer_t *timer);

/* The earliest timer, or NULL. */
okapi__timer_t *okapi__heap_first(const okapi__heap_t *heap);

void okapi__heap_destroy(okapi__heap_t *heap);

#endif
