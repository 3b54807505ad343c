/* delivery.h - mail that arrives for a mailbox.
 *
 * Whoever brings mail (a delivery agent, LMTP, an importer) makes a draft in the recipient's store
 * and gives it to okapi_deliver, which does everything a mailbox does with new mail.
 */
#ifndef OKAPI_DELIVERY_H
#define OKAPI_DELIVERY_H

#include <okapi/message.h>

typedef struct okapi_envelope_t {
    const char *sender;   /* "" is the null sender, which reports have; NULL: not known */
    okapi_id_t folder_id; /* into this folder; 0: where messages of its class are received */
} okapi_envelope_t;

/* Delivers DRAFT, a new message (okapi_message_create) in the store of its recipient opened for
 * its owner or an administrator; into the public store, then only into envelope's folder. Sets who received it (PR_RECEIVED_BY_*, PR_RCVD_REPRESENTING_*), whether the owner is
 * named as a recipient (PR_MESSAGE_TO_ME, PR_MESSAGE_CC_ME, PR_MESSAGE_RECIP_ME) and
 * PR_MESSAGE_DELIVERY_TIME, and runs the rules of the folder (rule.h); delegates get copies of
 * meeting requests (delegate.h) and its sender may be told that nobody is there (oof.h), by way of
 * the outgoing queue. All in one durable commit. The draft's own folder doesn't count. Where a rule
 * moves it, a copy is saved and the draft stays one.
 *
 * OKAPI_EREFUSED, OKAPI_EREFUSEDSIZE, OKAPI_EREFUSEDFORM if a rule wants it back at its sender, for
 * this reason: that is the caller's task. */
apr_status_t okapi_deliver(okapi_message_t *draft, const okapi_envelope_t *envelope,
                           apr_pool_t *scratch_pool);

#endif
