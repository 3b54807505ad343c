/* tnef.h - Transport Neutral Encapsulation Format, "winmail.dat": MS-OXTNEF. */
#ifndef OKAPI_TNEF_H
#define OKAPI_TNEF_H

#include <okapi/message.h>

/* Fills the new MESSAGE with properties, recipients and attachments of STREAM, which outlives its
 * saving. OKAPI_EFORMAT or OKAPI_ETOOCOMPLEX with *WHY, a sentence for people. What follows the
 * last whole attribute is ignored, as are checksums: real streams have wrong ones. */
apr_status_t okapi_tnef_to_message(okapi_message_t *message, const char **why,
                                   okapi_binary_t stream, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool);

typedef struct okapi_tnef_file_t {
    const char *name;    /* "" if it has none */
    const char *type;    /* of MIME, or "" */
    okapi_binary_t data; /* inside the stream; of an embedded message a TNEF stream */
} okapi_tnef_file_t;

/* The attachments of STREAM, without any store: array of okapi_tnef_file_t. */
apr_status_t okapi_tnef_files(apr_array_header_t **files, const char **why, okapi_binary_t stream,
                              apr_pool_t *result_pool);

/* MESSAGE as a stream. MESSAGE_ID, or NULL, is the header that ties the stream to the mail it is
 * sent in (PR_TNEF_CORRELATION_KEY, MS-OXCMAIL 2.1.3.2.26). OKAPI_ETOOBIG above what a message may
 * have. */
apr_status_t okapi_tnef_from_message(okapi_binary_t *stream, okapi_message_t *message,
                                     const char *message_id, apr_pool_t *result_pool,
                                     apr_pool_t *scratch_pool);

#endif
