/* oof.h - out of office: whether, when, and what people are told who write (MS-OXWOOF).
 *
 * The settings are those that clients of every protocol have: EWS's UserOofSettings, whose external
 * audience is which of the two external replies are sent, ActiveSync's Oof with a message for each
 * of three audiences, and PR_OOF_STATE of the store, which is whether the owner is out of office
 * now and switches that on and off when it is set.
 *
 * Each sender is told once, until the state is set anew. A rule with OP_OOF_REPLY that applies
 * takes the place of these replies. Nobody is told whose mail wasn't addressed to the owner, or is
 * automatic itself.
 */
#ifndef OKAPI_OOF_H
#define OKAPI_OOF_H

#include <okapi/store.h>

typedef enum okapi_oof_e {
    OKAPI_OOF_OFF = 0,
    OKAPI_OOF_ON = 1,
    OKAPI_OOF_SCHEDULED = 2 /* on from START to END */
} okapi_oof_e;

typedef enum okapi_oof_audience_e {
    OKAPI_OOF_INTERNAL,         /* has a mailbox here, or an address in the server's domain */
    OKAPI_OOF_EXTERNAL_KNOWN,   /* is among the owner's contacts */
    OKAPI_OOF_EXTERNAL_UNKNOWN,
    OKAPI_OOF__AUDIENCES
} okapi_oof_audience_e;

/* Bytes of a reply's text. */
enum { OKAPI_OOF_TEXT_MAX = 128 * 1024 };

typedef struct okapi_oof_reply_t {
    int is_sent;
    const char *html; /* kept though it isn't sent; never NULL */
} okapi_oof_reply_t;

typedef struct okapi_oof_t {
    okapi_oof_e state;
    okapi_time_t start, end; /* kept though the state is another one; 0: none */
    okapi_oof_reply_t replies[OKAPI_OOF__AUDIENCES];
} okapi_oof_t;

/* OKAPI_EACCESS but for the owner and administrators. */
apr_status_t okapi_oof_get(okapi_oof_t *oof, okapi_store_t *store, apr_pool_t *result_pool,
                           apr_pool_t *scratch_pool);

/* Durable at once. OKAPI_EINVAL for a schedule that doesn't end after it starts, OKAPI_ETOOBIG for
 * a text over OKAPI_OOF_TEXT_MAX, OKAPI_EACCESS. */
apr_status_t okapi_oof_set(okapi_store_t *store, const okapi_oof_t *oof, apr_pool_t *scratch_pool);

/* Is the owner of these settings out of office at NOW? */
int okapi_oof_is_on(const okapi_oof_t *oof, okapi_time_t now);

#endif
