/* queue_private.h - the outgoing queue inside the engine. */
#ifndef OKAPI_QUEUE_PRIVATE_H
#define OKAPI_QUEUE_PRIVATE_H

#include <okapi/queue.h>

#include "store_private.h"

/* Queues the message MESSAGE_ID as entry ID in the transaction of CONN that saves it. */
apr_status_t okapi__queue_add(okapi__conn_t *conn, okapi_id_t id, okapi_id_t store_id,
                              okapi_id_t message_id, const okapi_queue_envelope_t *envelope,
                              apr_pool_t *scratch_pool);

/* In the transaction of CONN: the entry of the message *BATON, an okapi_id_t, is no more.
 * OKAPI_ENOTINQUEUE, OKAPI_EUNABLETOABORT as okapi_submit_abort has them. */
apr_status_t okapi__queue_withdraw(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool);

#endif
