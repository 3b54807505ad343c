/* codepage.h - the 8-bit strings of MAPI: bytes of a Windows code page. */
#ifndef OKAPI_CODEPAGE_H
#define OKAPI_CODEPAGE_H

#include <okapi/wire.h>

/* LEN bytes of CODEPAGE, up to the first zero if there is one, as UTF-8. What the code page
 * doesn't have becomes U+FFFD; an unknown code page, and 0, is windows-1252. */
const char *okapi__codepage_decode(const char *bytes, apr_size_t len, apr_uint32_t codepage,
                                   apr_pool_t *result_pool);

/* UTF-8 in CODEPAGE, without a zero at its end. What it doesn't have becomes '?'. */
void okapi__codepage_write(okapi_writer_t *w, const char *text, apr_uint32_t codepage);

#endif
