/* heap.c - a binary heap of timers that know their own place in it. */
#include "heap.h"

#include <stdlib.h>

apr_status_t okapi__heap_reserve(okapi__heap_t *heap, int extra)
{
    okapi__timer_t **timers;
    int capacity = heap->capacity ? heap->capacity : 1024;

    while (capacity < heap->count + extra) {
        capacity *= 2;
    }
    if (capacity == heap->capacity) {
        return APR_SUCCESS;
    }
    timers = realloc(heap->timers, capacity * sizeof(*timers));
    if (timers == NULL) {
        return APR_ENOMEM;
    }
    heap->timers = timers;
    heap->capacity = capacity;
    return APR_SUCCESS;
}

static void set(okapi__heap_t *heap, int i, okapi__timer_t *timer)
{
    heap->timers[i] = timer;
    timer->place = i + 1;
}

/* Moves the timer at I up or down to where it belongs. */
static void settle(okapi__heap_t *heap, int i)
{
    okapi__timer_t *timer = heap->timers[i];

    while (i > 0 && heap->timers[(i - 1) / 2]->due > timer->due) {
        set(heap, i, heap->timers[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        int child = 2 * i + 1;

        if (child + 1 < heap->count && heap->timers[child + 1]->due < heap->timers[child]->due) {
            child++;
        }
        if (child >= heap->count || heap->timers[child]->due >= timer->due) {
            break;
        }
        set(heap, i, heap->timers[child]);
        i = child;
    }
    set(heap, i, timer);
}

void okapi__heap_put(okapi__heap_t *heap, okapi__timer_t *timer, apr_time_t due)
{
    timer->due = due;
    if (timer->place == 0) {
        set(heap, heap->count++, timer);
    }
    settle(heap, timer->place - 1);
}

void okapi__heap_remove(okapi__heap_t *heap, okapi__timer_t *timer)
{
    int i = timer->place - 1;

    if (i < 0) {
        return;
    }
    timer->place = 0;
    if (--heap->count > i) {
        set(heap, i, heap->timers[heap->count]);
        settle(heap, i);
    }
}

okapi__timer_t *okapi__heap_first(const okapi__heap_t *heap)
{
    return heap->count ? heap->timers[0] : NULL;
}

void okapi__heap_destroy(okapi__heap_t *heap)
{
    free(heap->timers);
    *heap = (okapi__heap_t){0};
}
