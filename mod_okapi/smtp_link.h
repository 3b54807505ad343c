/* smtp_link.h - the connection below an SMTP conversation: lines in, bytes out. */
#ifndef OKAPI_SMTP_LINK_H
#define OKAPI_SMTP_LINK_H

#include "smtp.h"

/* What the server offers: EHLO's answer. */
enum {
    OKAPI__SMTP_PIPELINING = 0x01,
    OKAPI__SMTP_8BITMIME = 0x02,
    OKAPI__SMTP_SMTPUTF8 = 0x04,
    OKAPI__SMTP_SIZE = 0x08,
    OKAPI__SMTP_DSN = 0x10,
    OKAPI__SMTP_LMTP = 0x20 /* not offered but spoken: an answer for each recipient at the end */
};

int okapi__smtp_offers(const okapi__smtp_t *smtp, int feature);

/* All of it. IS_LAST: it ends a message, so it isn't interrupted any more. */
apr_status_t okapi__smtp_write(okapi__smtp_t *smtp, const void *data, apr_size_t len, int is_last);

/* One answer, of however many lines. */
apr_status_t okapi__smtp_read(okapi__smtp_t *smtp, okapi__smtp_reply_t *reply,
                              apr_pool_t *result_pool);

#endif
