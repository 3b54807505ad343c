/* text.h - text as the database's hot columns need it: valid, short, comparable. */
#ifndef OKAPI_TEXT_H
#define OKAPI_TEXT_H

#include <apr_pools.h>

/* TEXT with case folded (Unicode's full folding, no locale), cut to at most MAX characters: what
 * name_key, subject_key and logins are compared by. Valid UTF-8 whatever came in. */
const char *okapi__text_fold(const char *text, apr_size_t max, apr_pool_t *result_pool);

/* TEXT as valid UTF-8 (U+FFFD for what isn't), cut to at most MAX characters. */
const char *okapi__text_clean(const char *text, apr_size_t max, apr_pool_t *result_pool);

#endif
