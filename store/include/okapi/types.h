/* types.h - the small types that every other header shares.
 *
 * Times are FILETIME everywhere (100 ns since 1601-01-01 UTC, MS-DTYP 2.3.3): in memory, in the
 * database and on the wire. Text is UTF-8 without NUL everywhere but on the wire.
 */
#ifndef OKAPI_TYPES_H
#define OKAPI_TYPES_H

#include <apr_pools.h>
#include <apr_errno.h>
#include <apr_time.h>

/* An object's number: the 48-bit global counter of MS-OXCDATA 2.2.1. Folders, messages and
 * embedded messages draw from one sequence, so an id names one object in all stores. 0 is none. */
typedef apr_int64_t okapi_id_t;
#define OKAPI_ID_MAX ((okapi_id_t)0xFFFFFFFFFFFF)

/* A change number: position in a store's single change sequence. 0 is before all changes. */
typedef apr_int64_t okapi_cn_t;

typedef apr_int64_t okapi_time_t; /* FILETIME */

typedef struct okapi_guid_t {
    unsigned char bytes[16]; /* in wire order: MS-DTYP 2.3.4.2 */
} okapi_guid_t;

typedef struct okapi_binary_t {
    const unsigned char *data;
    apr_size_t len;
} okapi_binary_t;

/* A fresh random GUID, version 4. */
okapi_guid_t okapi_guid_create(void);

/* "8-4-4-4-12" lower case, 36 characters, as Windows prints it. */
const char *okapi_guid_format(const okapi_guid_t *guid, apr_pool_t *result_pool);

/* APR_EINVAL if TEXT isn't a GUID. Braces are accepted. */
apr_status_t okapi_guid_parse(okapi_guid_t *guid, const char *text);

int okapi_guid_equal(const okapi_guid_t *a, const okapi_guid_t *b);

okapi_time_t okapi_time_from_apr(apr_time_t t);
apr_time_t okapi_time_to_apr(okapi_time_t t);
okapi_time_t okapi_time_now(void);

#endif
