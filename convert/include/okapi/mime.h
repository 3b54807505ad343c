/* mime.h - RFC 5322 / MIME to MAPI (MS-OXCMAIL). */
#ifndef OKAPI_MIME_H
#define OKAPI_MIME_H

#include <okapi/message.h>

/* Call once per process before the first conversion. */
void okapi_mime_init(void);

/* Fills the new MESSAGE with the properties, recipients and attachments of RAW, and keeps RAW with
 * it. RAW and RESULT_POOL, where decoded attachments live, must outlive the message's saving.
 * However broken, a message is never refused for its form: what can't be understood stays readable
 * as text or attachment. Refused, with a line in the engine's log, are only OKAPI_ETOOBIG (message
 * or header section over the configured maximum); other errors are the store's. */
apr_status_t okapi_mime_to_message(okapi_message_t *message, okapi_binary_t raw,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Has the header section of RAW a field NAME? */
int okapi_mime_has_header(okapi_binary_t raw, const char *name);

#endif
