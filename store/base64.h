/* base64.h - base64 as mail programs write it, so exactly that its text needn't be kept. */
#ifndef OKAPI_BASE64_H
#define OKAPI_BASE64_H

#include <okapi/types.h>

/* The text of SIZE bytes: lines of LINE characters with line ends between them, none after the
 * last one (RFC 2045 6.8). LINE 0: all in one line. */
typedef struct okapi__base64_t {
    apr_uint64_t size;
    apr_uint16_t line;
    apr_byte_t eol; /* bytes of a line end: 1 is LF, 2 is CRLF */
} okapi__base64_t;

/* Bytes of the text. */
apr_uint64_t okapi__base64_length(const okapi__base64_t *form);

/* The LEN bytes of the text from OFFSET on, at least one, and all there. BYTES is what
 * okapi__base64_span says they are made of. */
void okapi__base64_write(unsigned char *out, const okapi__base64_t *form, apr_uint64_t offset,
                         apr_size_t len, const unsigned char *bytes);

/* Which bytes, *N from number *FIRST on, this part of the text is made of. */
void okapi__base64_span(const okapi__base64_t *form, apr_uint64_t offset, apr_size_t len,
                        apr_uint64_t *first, apr_size_t *n);

/* Is there a form in which BYTES are exactly TEXT? */
int okapi__base64_match(okapi__base64_t *form, okapi_binary_t text, okapi_binary_t bytes);

#endif
