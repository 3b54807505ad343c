/* propbag.h - the stored properties of a message or an attachment: small values in one packed
 * row, large ones as blobs that are read only when asked for. */
#ifndef OKAPI_PROPBAG_H
#define OKAPI_PROPBAG_H

#include <okapi/property.h>

#include "blob.h"

/* Strings (as UTF-8) and binaries of more bytes than this are kept as blobs. */
enum { OKAPI__LARGE_VALUE = 4096 };

/* A message as it came from the Internet: its skeleton, and the value of each piece (skeleton.h).
 * A client's tags have 32 bits, so these cannot be asked for, set or listed. */
#define OKAPI__TAG_RAW      ((apr_int64_t)1 << 32)
#define OKAPI__TAG_PIECE(i) (OKAPI__TAG_RAW + (((apr_int64_t)(i) + 1) << 16))

typedef struct okapi__large_t {
    apr_int64_t tag; /* as a client names it, strings PT_UNICODE; or OKAPI__TAG_RAW and above */
    apr_int64_t size;       /* bytes */
    okapi_id_t blob_id;     /* 0 as long as only PENDING has them */
    okapi_binary_t pending;
} okapi__large_t;

typedef struct okapi__propbag_t {
    okapi_props_t *props;      /* the small ones */
    apr_array_header_t *large; /* of okapi__large_t, in no order */
    apr_pool_t *pool;
} okapi__propbag_t;

/* Empty, in RESULT_POOL. */
void okapi__propbag_init(okapi__propbag_t *bag, apr_pool_t *result_pool);

/* Fills an empty bag from a packed row; OKAPI_ECORRUPT. */
apr_status_t okapi__propbag_unpack(okapi__propbag_t *bag, okapi_binary_t packed);

/* Adds the references to the large values of the object ID. */
apr_status_t okapi__propbag_load_large(okapi__propbag_t *bag, okapi__conn_t *conn, okapi_id_t id,
                                       apr_pool_t *scratch_pool);
void okapi__propbag_add_large(okapi__propbag_t *bag, apr_int64_t tag, okapi_id_t blob_id,
                              apr_int64_t size);

/* Copies the value, whatever its size; replaces one of the same id. */
void okapi__propbag_set(okapi__propbag_t *bag, const okapi_propval_t *v);

/* Keeps a pointer to BYTES. */
void okapi__propbag_set_bytes(okapi__propbag_t *bag, apr_int64_t tag, okapi_binary_t bytes);
void okapi__propbag_unset(okapi__propbag_t *bag, apr_int64_t tag);

/* The large value of exactly TAG, or NULL. */
okapi__large_t *okapi__propbag_large(const okapi__propbag_t *bag, apr_int64_t tag);

/* Has the bag a value of this tag, small or large? */
int okapi__propbag_has(const okapi__propbag_t *bag, okapi_proptag_t tag);

apr_status_t okapi__large_stream(okapi_stream_t **stream, const okapi__large_t *large,
                                 okapi__db_t *db, apr_pool_t *result_pool);

/* OKAPI_ENOTFOUND if there is no large value of TAG. */
apr_status_t okapi__propbag_stream(okapi_stream_t **stream, const okapi__propbag_t *bag,
                                   apr_int64_t tag, okapi__db_t *db, apr_pool_t *result_pool);

/* The small values as the row keeps them; OKAPI_ETOOBIG. */
apr_status_t okapi__propbag_pack(okapi_binary_t *packed, const okapi__propbag_t *bag,
                                 apr_pool_t *result_pool);

#endif
