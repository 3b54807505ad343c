/* outgoing.h - what leaves: the bytes of a message that is sent, and the report to its sender if it
 * can't be. */
#ifndef OKAPI_OUTGOING_H
#define OKAPI_OUTGOING_H

#include <okapi/queue.h>

/* MESSAGE as it is sent: okapi_mime_from_message for OKAPI_MIME_SEND, and of the bytes as they came
 * what doesn't leave is left out, Bcc above all. */
apr_status_t okapi_outgoing_bytes(okapi_binary_t *bytes, okapi_message_t *message,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Tells the sender of ENTRY, whose message had these BYTES, which of its recipients it could not be
 * sent to: all that are in the state OKAPI_QUEUE_FAILED. The report (RFC 3464) comes for the
 * mailbox of the sender, who is one of this server, as any other message; nobody is told if it is
 * the null sender. */
apr_status_t okapi_outgoing_report(okapi_t *okapi, const okapi_queue_entry_t *entry,
                                   okapi_message_t *message, okapi_binary_t bytes,
                                   apr_pool_t *scratch_pool);

#endif
