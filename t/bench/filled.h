/* filled.h - a mailbox with folders of any number of messages, put there by the engine's own SQL:
 * through the store each of them would cost a durable commit.
 */
#ifndef OKAPI_BENCH_FILLED_H
#define OKAPI_BENCH_FILLED_H

#include <okapi/folder.h>

#include "rival.h"

enum { FILLED_SENDERS = 100 };

/* The date of the first message, and between two. */
#define FILLED_DATE ((okapi_time_t)130000000000000000)
#define FILLED_STEP ((okapi_time_t)10000000)

typedef struct filled_t {
    okapi_store_t *store;
    rival_t *rival;         /* on the same database */
    okapi_folder_t *folder; /* the one that was filled last */
    okapi_id_t first_id;    /* its messages have consecutive ids */
    int n;
} filled_t;

/* A new mailbox with its database below FOLDER. */
void filled_create(filled_t *filled, const char *folder, apr_pool_t *pool);

/* N messages in a new folder. Dates come in no order of ids, all subjects differ, a sender has
 * every FILLED_SENDERSth of them, two thirds are unread. */
void filled_add(filled_t *filled, int n, apr_pool_t *pool);

/* Microseconds: *FIRST time (may be NULL), and the median of the others, as many as fit into a
 * few seconds. BEFORE (may be NULL) comes before each and isn't measured. */
typedef void (*filled_work_t)(void *baton, apr_pool_t *pool);
double filled_median(double *first, filled_work_t work, filled_work_t before, void *baton,
                     apr_pool_t *pool);

#endif
