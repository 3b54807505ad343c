/* header.h - header fields: splitting, RFC 2047 text, RFC 2045/2231 parameters. */
#ifndef OKAPI__HEADER_H
#define OKAPI__HEADER_H

#include <okapi/types.h>

typedef struct okapi__field_t {
    okapi_binary_t name;
    okapi_binary_t value; /* as it stands: folded, encoded, without the last line end */
} okapi__field_t;

/* The next field of a header section, moving *REST behind it; 0 at the end or where what follows
 * is no header (then *REST starts there). EOL is the line end, '\n' or '\r'. "From " lines between
 * fields are skipped. */
int okapi__field_next(okapi_binary_t *rest, char eol, okapi__field_t *field);

int okapi__field_is(const okapi__field_t *field, const char *name);

/* The first field NAME of a header section; 0 if there is none. */
int okapi__field_find(okapi_binary_t headers, char eol, const char *name, okapi__field_t *field);

/* A value as human text: unfolded, RFC 2047 words decoded in all their broken forms, raw 8-bit
 * decoded as UTF-8, HINT (a charset or NULL) or what it looks like. */
char *okapi__header_text(okapi_binary_t value, const char *hint, apr_pool_t *result_pool);

/* A value for a parser of structured fields: every word decoded and made a quoted string (in a
 * comment or quoted string: escaped), so that what was encoded can't act as syntax. */
char *okapi__header_structured(okapi_binary_t value, const char *hint, apr_pool_t *result_pool);

/* A parameter of Content-Type or Content-Disposition by its lower-case name: RFC 2231
 * (continuations, charset), RFC 2047 and raw 8-bit values decoded. NULL if there is none. */
char *okapi__header_param(okapi_binary_t value, const char *name, const char *hint,
                          apr_pool_t *result_pool);

/* Blank or tab. */
int okapi__is_blank(int c);

/* The digit's value, or -1. */
int okapi__hex_digit(int c);

#endif
