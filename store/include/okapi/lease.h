/* lease.h - what one process at a time does, of all that share a database, on whatever machine.
 *
 * A lease is taken for a time and ends by itself, should its holder die.
 */
#ifndef OKAPI_LEASE_H
#define OKAPI_LEASE_H

#include <okapi/engine.h>

/* Takes the lease NAME, at most 64 characters, for the time DURATION from now on, if nobody has it
 * or this engine does. *TAKEN is 0 if it is another's. */
apr_status_t okapi_lease_take(int *taken, okapi_t *okapi, const char *name,
                              apr_interval_time_t duration, apr_pool_t *scratch_pool);

/* Gives it back, if it is still this engine's; nobody gets it until the time PAUSE has passed. */
apr_status_t okapi_lease_end(okapi_t *okapi, const char *name, apr_interval_time_t pause,
                             apr_pool_t *scratch_pool);

#endif
