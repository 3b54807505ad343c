/* delivery.h - mail that arrives for a mailbox.
 *
 * Whoever brings mail (a delivery agent, LMTP, an importer) makes a draft in the recipient's store
 * and gives it to okapi_deliver, which does everything a mailbox does with new mail.
 */
#ifndef OKAPI_DELIVERY_H
#define OKAPI_DELIVERY_H

#include <okapi/followup.h>

typedef struct okapi_envelope_t {
    const char *sender;   /* "" is the null sender, which reports have; NULL: not known */
    okapi_id_t folder_id; /* into this folder; 0: where messages of its class are received */
    okapi_follow_t follow; /* what follows from it, unless a rule refuses it; NULL: nothing */
    void *follow_baton;
    const char *digest;   /* what is delivered once only; NULL: whatever comes is new */
} okapi_envelope_t;

/* The field of a delegate's copy that has the address of whom it came for. */
#define OKAPI_DELEGATED_FIELD "X-Okapi-Delegated-By"

/* The digest of RAW, a message as it came; NULL if that fails. */
const char *okapi_delivery_digest(okapi_binary_t raw, apr_pool_t *result_pool);

/* Delivers DRAFT, a new message (okapi_message_create) in the store of its recipient opened for
 * its owner or an administrator; into the public store, then only into envelope's folder. Sets who
 * received it (PR_RECEIVED_BY_*, PR_RCVD_REPRESENTING_*), whether the owner is named as a recipient
 * (PR_MESSAGE_TO_ME, PR_MESSAGE_CC_ME, PR_MESSAGE_RECIP_ME) and PR_MESSAGE_DELIVERY_TIME, and runs
 * the rules of the folder (rule.h); delegates get copies of meeting requests (delegate.h) and its
 * sender may be told that nobody is there (oof.h), by way of the outgoing queue. All in one durable
 * commit. The draft's own folder doesn't count. Where a rule moves it, a copy is saved and the
 * draft stays one.
 *
 * OKAPI_EREPEATED if the store got a message with this digest for this folder_id not long ago
 * (DeliveryMemory in okapi.conf): nothing is done, the sender has only missed the answer.
 *
 * OKAPI_EOBJECTMODIFIED, OKAPI_EOBJECTDELETED: what FOLLOW has decided was overtaken by others, and
 * nothing is done; convert and deliver it once more.
 *
 * OKAPI_EREFUSED, OKAPI_EREFUSEDSIZE, OKAPI_EREFUSEDFORM if a rule wants it back at its sender, for
 * this reason: that is the caller's task. */
apr_status_t okapi_deliver(okapi_message_t *draft, const okapi_envelope_t *envelope,
                           apr_pool_t *scratch_pool);

/* Removes what is remembered of deliveries for longer than it has to be, in short transactions
 * between which STOP (may be NULL) is asked; *FORGOTTEN is how many they were. */
apr_status_t okapi_delivered_forget(okapi_t *okapi, int (*stop)(void *baton), void *baton,
                                    apr_int64_t *forgotten, apr_pool_t *scratch_pool);

#endif
