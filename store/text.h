/* text.h - text as the database's hot columns need it: valid, short, comparable. */
#ifndef OKAPI_TEXT_H
#define OKAPI_TEXT_H

#include <okapi/types.h>

/* TEXT with case folded (Unicode's full folding, no locale), cut to at most MAX characters: what
 * name_key, subject_key and logins are compared by. Valid UTF-8 whatever came in. */
const char *okapi__text_fold(const char *text, apr_size_t max, apr_pool_t *result_pool);

/* TEXT as valid UTF-8 (U+FFFD for what isn't), cut to at most MAX characters. */
const char *okapi__text_clean(const char *text, apr_size_t max, apr_pool_t *result_pool);

/* How many characters that are, ill-formed bytes counted as one each. */
apr_size_t okapi__text_chars(const char *text);

/* A GUID as the database keeps it: 32 hexadecimal digits. OKAPI_ECORRUPT if it isn't one. */
const char *okapi__guid_hex(const okapi_guid_t *guid, apr_pool_t *result_pool);
apr_status_t okapi__guid_of_hex(okapi_guid_t *guid, const char *hex);

#endif
