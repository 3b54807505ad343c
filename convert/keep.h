/* keep.h - what MAPI has no property for, or not quite, is kept with the item (keep.c). */
#ifndef OKAPI__KEEP_H
#define OKAPI__KEEP_H

#include <okapi/engine.h>

#include "ical_tree.h"

/* Lines belong together by their names, or by their slots, which are words with a colon, that no
 * name has: those that were read into one of the item's values, and those written from it. */

/* What has to be kept so that GENERATED becomes ORIGINAL again; NULL if nothing. What is too large
 * for that is logged. */
const char *okapi__keep_difference(const okapi_t *okapi, const okapi__comp_t *original,
                                   const okapi__comp_t *generated, apr_pool_t *result_pool);

/* All of COMP's lines in one number, as text. */
const char *okapi__keep_hash(const okapi__comp_t *comp, apr_pool_t *result_pool);

/* Undoes the difference as far as GENERATED is what it was. */
void okapi__keep_apply(okapi__comp_t *generated, const char *kept, apr_pool_t *result_pool);

#endif
