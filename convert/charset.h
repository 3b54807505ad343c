/* charset.h - text of any charset, declared, undeclared or wrongly declared, to UTF-8. */
#ifndef OKAPI__CHARSET_H
#define OKAPI__CHARSET_H

#include <okapi/types.h>

typedef struct okapi__charset_t {
    const char *name; /* how mail names it: lower case, letters and digits only */
    const char *icu;  /* ICU's converter; NULL is UTF-8 */
    int codepage;     /* Windows' number, for PR_INTERNET_CPID; 0 if clients can't be told one */
} okapi__charset_t;

/* A charset by one of its names, in any spelling; NULL if it is unknown or no charset. */
const okapi__charset_t *okapi__charset_by_name(const char *name);

/* By Windows' number; NULL if it has none. */
const okapi__charset_t *okapi__charset_by_codepage(int codepage);

/* The charset BYTES are in: DECLARED (may be NULL) if it can be true, else what the bytes look
 * like, with HINT (may be NULL) as first candidate. Never NULL. */
const okapi__charset_t *okapi__charset_of(okapi_binary_t bytes, const char *declared,
                                          const char *hint);

/* BYTES as zero-terminated UTF-8 without NULs or a byte order mark; what is invalid becomes
 * U+FFFD. *LEN may be NULL. */
char *okapi__charset_decode(const okapi__charset_t *charset, okapi_binary_t bytes, apr_size_t *len,
                            apr_pool_t *result_pool);

int okapi__utf8_valid(okapi_binary_t bytes);

/* ---- charset_encode.c ---- */

/* How mail calls a code page; NULL: text is better sent as UTF-8. */
const char *okapi__charset_mime_name(int codepage);

/* UTF-8 TEXT in CHARSET; 0 if it has characters that CHARSET hasn't. */
int okapi__charset_encode(const okapi__charset_t *charset, const char *text, apr_size_t len,
                          okapi_binary_t *bytes, apr_pool_t *result_pool);

#endif
