/* fold.h - text compared without case, accents or width. */
#ifndef OKAPI_FOLD_H
#define OKAPI_FOLD_H

#include <apr_pools.h>

/* strcmp of A and B with case folded (Unicode's full folding), by code points. */
int okapi__fold_compare(const char *a, const char *b);

/* TEXT as the FL_IGNORECASE, FL_IGNORENONSPACE and FL_LOOSE in FUZZY want it compared. Loose
 * ignores all that the other two do, and width and the two scripts of Japanese syllables. */
const char *okapi__fold_text(const char *text, apr_uint32_t fuzzy, apr_pool_t *result_pool);

#endif
