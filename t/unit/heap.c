/* heap.c - the timer heap against a list that is searched. */
#include "heap.h"
#include "tap.h"

#define TIMERS 500
#define STEPS  20000

static okapi__timer_t timers[TIMERS];

static apr_time_t earliest(void)
{
    apr_time_t due = 0;
    int i;

    for (i = 0; i < TIMERS; i++) {
        if (timers[i].place != 0 && (due == 0 || timers[i].due < due)) {
            due = timers[i].due;
        }
    }
    return due;
}

int main(void)
{
    okapi__heap_t heap = {0};
    okapi__timer_t *first;
    apr_time_t last = 0;
    int i, right = 1, ordered = 1;

    tap_pool();
    ok(okapi__heap_first(&heap) == NULL, "an empty heap has no first timer");
    okapi__heap_remove(&heap, &timers[0]);
    ok(heap.count == 0, "removing what isn't in it does nothing");
    is_int(okapi__heap_reserve(&heap, TIMERS), APR_SUCCESS, "room");

    srand(1);
    for (i = 0; i < STEPS; i++) {
        okapi__timer_t *timer = &timers[rand() % TIMERS];
        if (rand() % 3 == 0) {
            okapi__heap_remove(&heap, timer);
        } else {
            okapi__heap_put(&heap, timer, 1 + rand() % 1000);
        }
        first = okapi__heap_first(&heap);
        right &= (first ? first->due : 0) == earliest();
    }
    ok(right, "the first is the earliest, whatever was put, moved and removed");

    while ((first = okapi__heap_first(&heap)) != NULL) {
        ordered &= first->due >= last;
        last = first->due;
        okapi__heap_remove(&heap, first);
    }
    ok(ordered, "they come in order");
    is_int(heap.count, 0, "and then it is empty");
    okapi__heap_destroy(&heap);
    return done_testing();
}
