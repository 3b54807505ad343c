/* object.h - what stores, folders, messages and attachments have in common: properties.
 *
 * An okapi_object_t is the first member of each of them, so a protocol reads and writes
 * properties of whatever a handle refers to through these few calls.
 */
#ifndef OKAPI_OBJECT_H
#define OKAPI_OBJECT_H

#include <okapi/engine.h>
#include <okapi/property.h>
#include <okapi/stream.h>

typedef enum okapi_object_e {
    OKAPI_OBJECT_STORE = 1,
    OKAPI_OBJECT_FOLDER,
    OKAPI_OBJECT_MESSAGE,
    OKAPI_OBJECT_ATTACHMENT,
    OKAPI_OBJECT_RULE, /* a row of a table, as is the next */
    OKAPI_OBJECT_PERMISSION
} okapi_object_e;

typedef struct okapi_object_t okapi_object_t;

okapi_object_e okapi_object_kind(const okapi_object_t *object);

/* VALUES[i] answers TAGS[i], a PT_ERROR value (ecNotFound, ecNotEnoughMemory above SIZE_LIMIT
 * bytes; 0 is no limit) where there is none. PT_UNSPECIFIED asks for the stored type. Stored and
 * computed properties (entry ids, keys, counts, ...) alike. */
apr_status_t okapi_object_get(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                              apr_size_t size_limit, okapi_propval_t *values,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Array of okapi_proptag_t: every property a client may see on the object. */
apr_status_t okapi_object_tags(okapi_object_t *object, apr_array_header_t **tags,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Pending until the object is saved (messages, attachments) or at once (folders, store).
 * A computed, read-only property is skipped with OKAPI_ECOMPUTED semantics: ignored. */
apr_status_t okapi_object_set(okapi_object_t *object, const okapi_propval_t *values, int n,
                              apr_pool_t *scratch_pool);
apr_status_t okapi_object_unset(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                                apr_pool_t *scratch_pool);

/* Read one PT_BINARY, PT_UNICODE, PT_STRING8 (the bytes of the code page) or PT_OBJECT property
 * piecewise: text is UTF-16LE without terminator. OKAPI_ENOTFOUND if it is absent. */
apr_status_t okapi_object_stream(okapi_stream_t **stream, okapi_object_t *object,
                                 okapi_proptag_t tag, apr_uint32_t codepage,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
