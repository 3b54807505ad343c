/* doorbell.h - "something changed in this store", between processes of one machine.
 *
 * A datagram of 8 bytes (store id, little-endian) on the Unix socket doorbell.sock in the run
 * directory. It is a hint: whoever hears it looks at the change numbers; a lost one is caught by
 * the waiter's tick.
 */
#ifndef OKAPI_DOORBELL_H
#define OKAPI_DOORBELL_H

#include <okapi/engine.h>

#define OKAPI_DOORBELL_SOCKET "doorbell.sock"

/* Not a store: something was put into the outgoing queue, or is due there at once. */
#define OKAPI_DOORBELL_QUEUE OKAPI_ID_MAX

/* Send one; silently nothing if nobody listens. */
void okapi_doorbell_ring(const okapi_config_t *config, okapi_id_t store_id);

/* The listening socket, a non-blocking datagram descriptor; the file is replaced. */
apr_status_t okapi_doorbell_listen(int *fd, const okapi_config_t *config, apr_pool_t *scratch_pool);

/* One waiting datagram; 0 if there is none. */
okapi_id_t okapi_doorbell_receive(int fd);

#endif
