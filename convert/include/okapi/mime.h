/* mime.h - RFC 5322 / MIME to MAPI and back (MS-OXCMAIL). */
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

enum {
    OKAPI_MIME_PLAIN = 0x1, /* what properties say, though the message has bytes as they came */
    OKAPI_MIME_SEND = 0x2,  /* as it goes out: without Bcc and what others had told of it */
    OKAPI_MIME_8BIT = 0x4,  /* whoever gets it takes 8BITMIME */
    OKAPI_MIME_TNEF = 0x8   /* whoever gets it knows TNEF: with all that properties say in one */
};

/* Takes LEN bytes of a message. What it returns but APR_SUCCESS ends the conversion with that. */
typedef apr_status_t (*okapi_mime_sink_t)(void *baton, const void *data, apr_size_t len);

/* MESSAGE as RFC 5322 has it, in pieces to SINK; attachments are never in memory as a whole. Lines
 * end with CRLF and aren't longer than 998 bytes; all bytes are ASCII but for OKAPI_MIME_8BIT and
 * the addresses that can't be (SMTPUTF8). One that was received is the bytes as they came, whatever
 * has been changed of its properties since: OKAPI_MIME_PLAIN is for who wants that. With
 * OKAPI_MIME_SEND these bytes have the fields before them that PS_INTERNET_HEADERS has and they
 * don't. Two calls give the same bytes for a message that is saved.
 * OKAPI_ETOOCOMPLEX if messages are embedded deeper than MimeDepth. */
apr_status_t okapi_mime_write(okapi_message_t *message, int flags, okapi_mime_sink_t sink,
                              void *baton, apr_pool_t *scratch_pool);

/* The same in one piece; OKAPI_ETOOBIG above twice the configured maximum of a message. */
apr_status_t okapi_mime_from_message(okapi_binary_t *raw, okapi_message_t *message, int flags,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
