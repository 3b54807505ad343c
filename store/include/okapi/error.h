/* error.h - every status of Okapi's own, in one registry.
 *
 * Functions return apr_status_t: APR_SUCCESS, an APR or system error, or one of these. A protocol
 * answers with its own column of the registry; it has no switch of its own.
 */
#ifndef OKAPI_ERROR_H
#define OKAPI_ERROR_H

#include <apr_errno.h>

#define OKAPI_ERR_START (APR_OS_START_USERERR + 4200)

enum {
    OKAPI__ERR_BEFORE_FIRST = OKAPI_ERR_START - 1,
#define OKAPI_ERR(symbol, mapi, http, eas, imap, text) symbol,
#include <okapi/okapi_err.def>
#undef OKAPI_ERR
    OKAPI__ERR_LAST
};

/* The MAPI return value of MS-OXCDATA 2.4; 0 for APR_SUCCESS, ecError for what has none. */
apr_uint32_t okapi_error_mapi(apr_status_t status);

/* The status of a MAPI return value: the inverse, for clients' and tests' use. */
apr_status_t okapi_error_from_mapi(apr_uint32_t code);

/* The HTTP status code, 500 for what has none. */
int okapi_error_http(apr_status_t status);

/* The symbol, "OKAPI_ENOTFOUND", for logs; NULL for a status that isn't ours. */
const char *okapi_error_symbol(apr_status_t status);

/* The sentence for a human, ours or APR's. BUFFER is used only where APR needs it. */
const char *okapi_strerror(apr_status_t status, char *buffer, apr_size_t size);

#endif
