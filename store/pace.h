/* pace.h - work on many messages in transactions so short that others get their turn.
 *
 * A step is one transaction of as many messages as take about 20 ms; after it whoever waits for
 * the store, or on SQLite for the database, has a moment to get in: locks are handed over to who
 * waits, so it need not be long.
 */
#ifndef OKAPI_PACE_H
#define OKAPI_PACE_H

#include "db/db.h"

/* One transaction's work on N messages. Whatever isn't APR_SUCCESS ends the walk. */
typedef apr_status_t (*okapi__step_t)(void *baton, const okapi_id_t *ids, int n,
                                      apr_pool_t *scratch_pool);

/* The messages IDS, in their order. */
apr_status_t okapi__pace_list(const okapi_id_t *ids, int n, okapi__step_t step, void *baton,
                              apr_pool_t *scratch_pool);

/* Which messages of a folder. */
typedef struct okapi__pace_filter_t {
    int first_part, last_part;     /* of message.part */
    okapi_cn_t upto;               /* that were there at this change number; 0: all */
    okapi_time_t deleted_before;   /* 0: whenever */
    apr_uint32_t mask, flags;      /* whose message.flags have these values */
} okapi__pace_filter_t;

/* Those of a folder that pass the filter, by id, each once whatever the step does to it. */
apr_status_t okapi__pace_folder(okapi__db_t *db, okapi_id_t folder_id,
                                const okapi__pace_filter_t *filter, okapi__step_t step,
                                void *baton, apr_pool_t *scratch_pool);

#endif
