/* proptype.h - property types as data: what one value of a type is in memory and on the wire. */
#ifndef OKAPI_PROPTYPE_H
#define OKAPI_PROPTYPE_H

#include <okapi/property.h>

typedef enum okapi__kind_e {
    OKAPI__KIND_NONE,    /* PT_NULL: no bytes at all */
    OKAPI__KIND_FIXED,   /* an integer or a floating point number: SIZE bytes, little-endian */
    OKAPI__KIND_BOOLEAN, /* an int, one byte on the wire */
    OKAPI__KIND_GUID,
    OKAPI__KIND_TEXT8,   /* const char *, bytes of a code page on the wire */
    OKAPI__KIND_TEXT16,  /* const char *, UTF-16LE on the wire */
    OKAPI__KIND_BINARY,  /* okapi_binary_t behind a count as wide as the form says */
    OKAPI__KIND_SVREID,  /* okapi_binary_t behind a 16-bit count, MS-OXCDATA 2.11.1.4 */
    OKAPI__KIND_RESTRICTION, /* okapi_binary_t that has to be walked to find its end */
    OKAPI__KIND_ACTIONS      /* likewise */
} okapi__kind_e;

typedef struct okapi__proptype_t {
    apr_uint16_t type; /* without MV_FLAG */
    apr_byte_t kind;   /* okapi__kind_e */
    apr_byte_t size;   /* of one value in memory */
    apr_byte_t multi;  /* there is a PT_MV_ type of it */
} okapi__proptype_t;

/* The row of TYPE, and whether it has MV_FLAG; NULL for what isn't a type of values. A type with
 * MV_FLAG and MV_INSTANCE, a table's column of one value a row, is the single value. */
const okapi__proptype_t *okapi__proptype_find(apr_uint16_t type, int *multiple);

/* The type with PT_STRING8 as PT_UNICODE, single or multiple: as values are kept. */
apr_uint16_t okapi__proptype_stored(apr_uint16_t type);

static inline int okapi__kind_is_text(apr_byte_t kind)
{
    return kind == OKAPI__KIND_TEXT8 || kind == OKAPI__KIND_TEXT16;
}

static inline int okapi__kind_is_bytes(apr_byte_t kind)
{
    return kind >= OKAPI__KIND_BINARY;
}

/* The first of the value's elements, which lie TYPE->size bytes apart. */
static inline const void *okapi__propval_elements(const okapi_propval_t *v, int multiple,
                                                  apr_uint32_t *count)
{
    *count = multiple ? v->v.mv.count : 1;
    return multiple ? (const void *)v->v.mv.v.bin : (const void *)&v->v;
}

/* Value number I of those of ALL, which own its memory; 0 if there is none. */
int okapi__propval_element(okapi_propval_t *v, const okapi_propval_t *all, apr_uint32_t i);

#endif
