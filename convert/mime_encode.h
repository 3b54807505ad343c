/* mime_encode.h - what mail is written in: header fields with RFC 2047 words, parameters and
 * addresses, and bodies in a transfer encoding. */
#ifndef OKAPI__MIME_ENCODE_H
#define OKAPI__MIME_ENCODE_H

#include <okapi/wire.h>

#include "address_list.h"
#include "transfer.h"

/* ---- mime_encode.c: fields; all text is UTF-8, whatever it has in it ---- */

/* Unstructured: what isn't ASCII becomes encoded words. Nothing if TEXT is empty. */
void okapi__write_text(okapi_writer_t *w, const char *name, const char *text, apr_pool_t *pool);

/* Ids, URLs: folded at blanks, never encoded if ASCII. */
void okapi__write_tokens(okapi_writer_t *w, const char *name, const char *text, apr_pool_t *pool);

/* Array of okapi__address_t. Nothing if it is empty. */
void okapi__write_addresses(okapi_writer_t *w, const char *name,
                            const apr_array_header_t *addresses, apr_pool_t *pool);

/* Array of const char *: phrases with commas between them. */
void okapi__write_phrases(okapi_writer_t *w, const char *name, const apr_array_header_t *phrases,
                          apr_pool_t *pool);

/* In one line. */
const char *okapi__base64(okapi_binary_t bytes, apr_pool_t *result_pool);

/* "NAME: VALUE", to be followed by parameters and okapi__write_end. */
void okapi__write_begin(okapi_writer_t *w, const char *name, const char *value);
void okapi__write_param(okapi_writer_t *w, const char *name, const char *value, apr_pool_t *pool);
void okapi__write_end(okapi_writer_t *w);

/* ---- mime_transfer.c: bodies ---- */

/* What is known of bytes before they are written. */
typedef struct okapi__content_scan_t {
    apr_size_t high, controls; /* bytes above 0x7F, and NULs and other controls */
    apr_size_t line, longest;  /* bytes of the line it is in, and of the longest */
    apr_size_t len;
    int bare;    /* a CR or LF that isn't one of a CRLF */
    int from;    /* a line begins with "From " */
    int last;    /* byte, -1: none */
} okapi__content_scan_t;

void okapi__scan_init(okapi__content_scan_t *scan);
void okapi__scan(okapi__content_scan_t *scan, okapi_binary_t bytes);

/* TEXT with CRLF line ends, whatever they were. */
okapi_binary_t okapi__crlf(const char *text, apr_size_t len, apr_pool_t *result_pool);

typedef enum okapi__encoding_e {
    OKAPI__ENCODING_7BIT,
    OKAPI__ENCODING_8BIT,
    OKAPI__ENCODING_QUOTED,
    OKAPI__ENCODING_BASE64
} okapi__encoding_e;

/* The shortest that mail stands without a change; 8BIT only if it IS_ALLOWED. */
okapi__encoding_e okapi__encoding_for(const okapi__content_scan_t *scan, int is_8bit_allowed);
const char *okapi__encoding_name(okapi__encoding_e encoding);

/* Encodes piece after piece; what is left is written by an empty one. */
typedef struct okapi__encoder_t {
    okapi__encoding_e encoding;
    unsigned char held[3]; /* not yet encoded */
    apr_size_t nheld;
    int column;
    int blank; /* 0, or a blank that may be the last of a line */
} okapi__encoder_t;

void okapi__encode(okapi__encoder_t *encoder, okapi_writer_t *w, okapi_binary_t bytes);
void okapi__encode_end(okapi__encoder_t *encoder, okapi_writer_t *w);

#endif
