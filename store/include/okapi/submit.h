/* submit.h - mail that somebody sends, whatever protocol he does it with.
 *
 * What may be sent is checked here, once: who it says it is from, for whom it is, and whether the
 * mailbox may send anything. What is submitted waits in the outgoing queue (queue.h) until it has
 * been sent, and goes to Sent Items then.
 */
#ifndef OKAPI_SUBMIT_H
#define OKAPI_SUBMIT_H

#include <okapi/queue.h>

/* The bytes that were set (okapi_message_set_raw) are what is sent, because the client made them
 * and the properties come from them: signatures stay what they are. */
enum { OKAPI_SUBMIT_RAW = 0x1 };

/* Saves MESSAGE with all pending changes and queues it for its recipients, as the store's actor.
 * PR_SENT_REPRESENTING_* says as whom: the actor, whom they are set to if there are none, by any of
 * his addresses; somebody as whom he may send (send_as.h); somebody whose delegate he is, and then
 * PR_SENDER_* tells of it. The actor of a tool, who is nobody, sends as the owner of the mailbox.
 * Groups and personal lists among the recipients become their members. Nothing is sent before
 * PR_DEFERRED_SEND_TIME, or what PR_DEFERRED_SEND_NUMBER and _UNITS make of it.
 *
 * OKAPI_EACCESS if he may not, OKAPI_EQUOTA, OKAPI_EINVAL without recipients,
 * OKAPI_ETOOMANYRECIPIENTS, OKAPI_EEXISTS if it is queued already. A recipient without an address
 * isn't an error here: a report tells of it. */
apr_status_t okapi_submit(okapi_message_t *message, int flags, apr_pool_t *scratch_pool);

/* Takes a message back that isn't being sent. OKAPI_ENOTINQUEUE,
 * OKAPI_EUNABLETOABORT if somebody is sending it, or some have got it. */
apr_status_t okapi_submit_abort(okapi_message_t *message, apr_pool_t *scratch_pool);

/* ---- for those who send what is in the queue ---- */

/* The message of ENTRY, opened by the server itself. OKAPI_ENOTFOUND if it isn't there any more. */
apr_status_t okapi_submit_open(okapi_message_t **message, okapi_t *okapi,
                               const okapi_queue_entry_t *entry, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);

/* MESSAGE has been sent, as far as it can be: it is no draft any more, and deleted or moved to the
 * folder it names, else to Sent Items; who it was sent as gets a copy (SentCopy of okapi.conf). */
apr_status_t okapi_submit_finish(okapi_message_t *message, apr_pool_t *scratch_pool);

#endif
