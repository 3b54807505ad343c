/* calendar.h - finding appointments by what everybody who takes part knows them by. */
#ifndef OKAPI_CALENDAR_H
#define OKAPI_CALENDAR_H

#include <okapi/message.h>

typedef struct okapi_calendar_hit_t {
    okapi_id_t id, folder_id;
    int is_deleted; /* softly */
} okapi_calendar_hit_t;

/* Array of okapi_calendar_hit_t: the messages of the store, in whatever folder, whose
 * PidLidCleanGlobalObjectId should be GOID; those that are softly deleted come last. It is the hash
 * that is looked for: whoever opens one compares. */
apr_status_t okapi_calendar_find(apr_array_header_t **hits, okapi_store_t *store,
                                 okapi_binary_t goid, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool);

#endif
