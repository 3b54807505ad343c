/* send.h - sending what is in the outgoing queue (okapi/queue.h). */
#ifndef OKAPI_SEND_H
#define OKAPI_SEND_H

#include <okapi/queue.h>

/* One try with ENTRY, which has been taken for long enough: okapi__send_lease. It is given back or
 * removed, unless the database fails; then it is due again when that time is over. *STOPPING makes
 * it end before the relay has the message. */
void okapi__send_entry(okapi_t *okapi, okapi_queue_entry_t *entry, const int *stopping,
                       apr_pool_t *pool);

/* For how long an entry is taken: what a try may take, and some more to record what came of it. */
apr_interval_time_t okapi__send_lease(const okapi_config_t *config);

#endif
