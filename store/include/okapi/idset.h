/* idset.h - sets of ids and of change numbers, as MS-OXCFXICS 2.2.2.4 sends them. */
#ifndef OKAPI_IDSET_H
#define OKAPI_IDSET_H

#include <apr_tables.h>
#include <okapi/types.h>
#include <okapi/wire.h>

/* Both belong to it. A set is an array of these in order, none touching another. */
typedef struct okapi_idrange_t {
    apr_int64_t low, high;
} okapi_idrange_t;

/* A NUMBER above all that RANGES has. */
void okapi_idset_add(apr_array_header_t *ranges, apr_int64_t number);

int okapi_idset_has(const apr_array_header_t *ranges, apr_int64_t number);

/* A GLOBSET, 2.2.2.6. Reading fails R if it isn't one; RESULT_POOL gets the array. */
void okapi_globset_write(okapi_writer_t *w, const apr_array_header_t *ranges);
apr_array_header_t *okapi_globset_read(okapi_reader_t *r, apr_pool_t *result_pool);

/* An IDSET of one replica, 2.2.2.4.2; no bytes at all if it is empty. */
void okapi_idset_write(okapi_writer_t *w, const okapi_guid_t *replica,
                       const apr_array_header_t *ranges);

/* What an IDSET, which is all that R has left, has of REPLICA. OKAPI_EFORMAT. */
apr_status_t okapi_idset_read(apr_array_header_t **ranges, okapi_reader_t *r,
                              const okapi_guid_t *replica, apr_pool_t *result_pool);

#endif
