/* collate.h - the order of text, the same for every table and every database. */
#ifndef OKAPI_COLLATE_H
#define OKAPI_COLLATE_H

#include <okapi/types.h>

/* A key of at most MAX bytes, none of them zero, whose order by bytes is the order of the texts:
 * Unicode's root collation (UTS #10), where accents count and case doesn't. A key that was cut
 * orders by what its beginning says. */
okapi_binary_t okapi_sort_key_of_text(const char *text, apr_size_t max, apr_pool_t *result_pool);

/* The same order of two texts, as strcmp. */
int okapi_text_compare(const char *a, const char *b);

#endif
