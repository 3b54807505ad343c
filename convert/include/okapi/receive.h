/* receive.h - mail that comes from the Internet: the one way from bytes into a mailbox.
 *
 * Whoever brings mail (the delivery agent, LMTP, HTTP) collects the message's bytes in an
 * okapi_incoming_t, finds out where the recipient's mail goes (address.h), gives the message to
 * okapi_receive once for each place, and answers its sender by okapi_receive_reply.
 */
#ifndef OKAPI_RECEIVE_H
#define OKAPI_RECEIVE_H

#include <okapi/delivery.h>

/* ---- a message while it comes in ---- */

typedef struct okapi_incoming_t okapi_incoming_t;

/* One of at most MAX bytes, in memory of its own that is freed with RESULT_POOL. */
okapi_incoming_t *okapi_incoming_create(apr_int64_t max, apr_pool_t *result_pool);

/* OKAPI_ETOOBIG once it is more than MAX, APR_ENOMEM: the message is lost, and what else comes of
 * it is passed over with the same status. */
apr_status_t okapi_incoming_add(okapi_incoming_t *incoming, const void *data, apr_size_t len);

/* All bytes. If the message has no Return-Path, one with SENDER comes first (RFC 5321 4.4), in the
 * line ends of the rest; SENDER with or without angle brackets, NULL: not known. The status is that
 * of okapi_incoming_add. */
apr_status_t okapi_incoming_finish(okapi_binary_t *raw, okapi_incoming_t *incoming,
                                   const char *sender);

/* ---- receiving it ---- */

/* RAW, an RFC 5322 message, comes for STORE, opened for its owner or an administrator: it is
 * converted (mime.h) and delivered (okapi_deliver), and what follows from it is done. APR_SUCCESS
 * only when all of that is durable, also if that was done before and the same message comes once
 * more: ENVELOPE needs no digest. Refused for good are OKAPI_ETOOBIG and what okapi_deliver has
 * refused for a rule. */
apr_status_t okapi_receive(okapi_store_t *store, okapi_binary_t raw,
                           const okapi_envelope_t *envelope, apr_pool_t *scratch_pool);

/* What a sender is told of a delivery: RFC 5321 4.2 and RFC 3463. Codes from 500 on mean never,
 * from 400 on later: whatever an administrator can mend is worth another try. */
typedef struct okapi_reply_t {
    int code;             /* 250 */
    const char *enhanced; /* "2.1.5" */
} okapi_reply_t;

okapi_reply_t okapi_receive_reply(apr_status_t status, const okapi_config_t *config);

#endif
