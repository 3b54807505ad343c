/* object_private.h - properties of any object, for tables and for the objects themselves. */
#ifndef OKAPI_OBJECT_PRIVATE_H
#define OKAPI_OBJECT_PRIVATE_H

#include "store_private.h"

/* The row of the class's computed table that answers TAG, or NULL. Strings of both types are one;
 * PT_UNSPECIFIED is any. */
const okapi__computed_t *okapi__object_computed(const okapi_object_t *object, okapi_proptag_t tag);

/* One value, computed or stored, of whatever size; text of PT_STRING8 tags stays UTF-8. *V is a
 * PT_ERROR value if there is none, or if it is larger than SIZE_LIMIT (0: none). */
apr_status_t okapi__object_value(okapi_propval_t *v, okapi_object_t *object, okapi_proptag_t tag,
                                 apr_size_t size_limit, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool);

#endif
