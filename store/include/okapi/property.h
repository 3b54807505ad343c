/* property.h - property tags, typed values and property sets (MS-OXCDATA 2.11, MS-OXPROPS). */
#ifndef OKAPI_PROPERTY_H
#define OKAPI_PROPERTY_H

#include <apr_tables.h>
#include <okapi/types.h>
#include <okapi/wire.h>

typedef apr_uint32_t okapi_proptag_t; /* id in the high half, type in the low half */

#define OKAPI_PROP_TAG(type, id)    (((okapi_proptag_t)(id) << 16) | (type))
#define OKAPI_PROP_ID(tag)          ((apr_uint16_t)((tag) >> 16))
#define OKAPI_PROP_TYPE(tag)        ((apr_uint16_t)((tag)&0xFFFF))
#define OKAPI_PROP_RETYPE(tag, t)   (((tag)&0xFFFF0000u) | (t))
#define OKAPI_PROP_IS_NAMED(tag)    ((tag) >= 0x80000000u)

/* Property types, MS-OXCDATA 2.11.1. Strings are kept as PT_UNICODE; PT_STRING8 exists on the
 * wire and in requests only, and a value that answers it is still UTF-8 in memory. */
enum {
    PT_UNSPECIFIED = 0x0000,
    PT_NULL = 0x0001,
    PT_SHORT = 0x0002,
    PT_LONG = 0x0003,
    PT_FLOAT = 0x0004,
    PT_DOUBLE = 0x0005,
    PT_CURRENCY = 0x0006,
    PT_APPTIME = 0x0007,
    PT_ERROR = 0x000A,
    PT_BOOLEAN = 0x000B,
    PT_OBJECT = 0x000D,
    PT_I8 = 0x0014,
    PT_STRING8 = 0x001E,
    PT_UNICODE = 0x001F,
    PT_SYSTIME = 0x0040,
    PT_CLSID = 0x0048,
    PT_SVREID = 0x00FB,
    PT_SRESTRICT = 0x00FD,
    PT_ACTIONS = 0x00FE,
    PT_BINARY = 0x0102,
    MV_FLAG = 0x1000,
    MV_INSTANCE = 0x2000,
    PT_MV_SHORT = 0x1002,
    PT_MV_LONG = 0x1003,
    PT_MV_FLOAT = 0x1004,
    PT_MV_DOUBLE = 0x1005,
    PT_MV_CURRENCY = 0x1006,
    PT_MV_APPTIME = 0x1007,
    PT_MV_I8 = 0x1014,
    PT_MV_STRING8 = 0x101E,
    PT_MV_UNICODE = 0x101F,
    PT_MV_SYSTIME = 0x1040,
    PT_MV_CLSID = 0x1048,
    PT_MV_BINARY = 0x1102
};

/* One enumerator per row of proptags.def: PR_SUBJECT = 0x0037001F, ... The last enumerator keeps
 * the type unsigned, so that those of the address book (0x8000 and above) compare with tags. */
typedef enum okapi_proptag_e {
#define OKAPI_PROP(symbol, tag, canonical) symbol = (tag),
#include <okapi/proptags.def>
#undef OKAPI_PROP
    OKAPI__PROPTAG_END = 0xFFFFFFFFu
} okapi_proptag_e;

/* Second names: tags with another meaning on search folder definitions (MS-OXOSRCH 2.2.1),
 * navigation shortcuts (MS-OXOCFG 2.2.9) and permission tables (MS-OXCPERM 2.2). */
#define PR_WB_SF_TEMPLATE_ID     PR_SCHDINFO_RESOURCE_TYPE
#define PR_WB_SF_TAG             PR_FREEBUSY_PUBLISH_START
#define PR_WB_SF_EFP_FLAGS       PR_FREEBUSY_PUBLISH_END
#define PR_WLINK_GROUP_HEADER_ID PR_WB_SF_ID
#define PR_WLINK_SAVE_STAMP      PR_FREEBUSY_PUBLISH_START
#define PR_MEMBER_ENTRYID        PR_ENTRYID

/* The symbol of a tag ("PR_SUBJECT"), of its id if no row has the tag's type; NULL if none has the
 * id. For logs and traces. */
const char *okapi_proptag_name(okapi_proptag_t tag);

/* One value. Everything pointed to belongs to the pool the value was made in. PT_SRESTRICT,
 * PT_ACTIONS, PT_SVREID and PT_OBJECT carry their wire bytes in bin. */
typedef struct okapi_propval_t {
    okapi_proptag_t tag;
    union {
        apr_int16_t i16;     /* PT_SHORT */
        apr_int32_t i32;     /* PT_LONG */
        float flt;           /* PT_FLOAT */
        double dbl;          /* PT_DOUBLE, PT_APPTIME */
        apr_int64_t i64;     /* PT_I8, PT_CURRENCY */
        okapi_time_t time;   /* PT_SYSTIME */
        int boolean;         /* PT_BOOLEAN: 0 or 1 */
        apr_uint32_t error;  /* PT_ERROR: a MAPI return value */
        const char *str;     /* PT_UNICODE, PT_STRING8: UTF-8, never NULL */
        okapi_guid_t guid;   /* PT_CLSID */
        okapi_binary_t bin;  /* PT_BINARY and the opaque ones */
        struct {             /* PT_MV_*: COUNT elements of the matching array */
            apr_uint32_t count;
            union {
                const apr_int16_t *i16;
                const apr_int32_t *i32;
                const float *flt;
                const double *dbl;
                const apr_int64_t *i64; /* also PT_MV_SYSTIME, PT_MV_CURRENCY */
                const char *const *str;
                const okapi_guid_t *guid;
                const okapi_binary_t *bin;
            } v;
        } mv;
    } v;
} okapi_propval_t;

okapi_propval_t okapi_propval_i32(okapi_proptag_t tag, apr_int32_t v);
okapi_propval_t okapi_propval_i64(okapi_proptag_t tag, apr_int64_t v);
okapi_propval_t okapi_propval_bool(okapi_proptag_t tag, int v);
okapi_propval_t okapi_propval_time(okapi_proptag_t tag, okapi_time_t v);
okapi_propval_t okapi_propval_str(okapi_proptag_t tag, const char *v); /* not copied */
okapi_propval_t okapi_propval_bin(okapi_proptag_t tag, const void *data, apr_size_t len);
okapi_propval_t okapi_propval_error(okapi_proptag_t tag, apr_uint32_t mapi_code);

/* A deep copy into RESULT_POOL. */
okapi_propval_t okapi_propval_dup(const okapi_propval_t *v, apr_pool_t *result_pool);

/* Bytes the value itself takes on the wire, as size restrictions and size limits count them. */
apr_size_t okapi_propval_size(const okapi_propval_t *v);

/* <0, 0, >0. Both of one type (PT_STRING8 and PT_UNICODE count as one); strings compare with
 * case folded when FOLD. Types that have no order compare equal or by bytes. */
int okapi_propval_compare(const okapi_propval_t *a, const okapi_propval_t *b, int fold);

/* ---- property sets: values ordered by tag, at most one per property id ---- */

typedef struct okapi_props_t okapi_props_t;

okapi_props_t *okapi_props_create(apr_pool_t *result_pool);
apr_pool_t *okapi_props_pool(const okapi_props_t *props);
int okapi_props_count(const okapi_props_t *props);

/* The I-th value in tag order. */
const okapi_propval_t *okapi_props_at(const okapi_props_t *props, int i);

/* By id and type; a PT_STRING8 tag finds the PT_UNICODE value, PT_UNSPECIFIED any type.
 * NULL if absent. */
const okapi_propval_t *okapi_props_get(const okapi_props_t *props, okapi_proptag_t tag);

/* The value, or what stands for absence. */
const char *okapi_props_str(const okapi_props_t *props, okapi_proptag_t tag, const char *absent);
apr_int64_t okapi_props_int(const okapi_props_t *props, okapi_proptag_t tag, apr_int64_t absent);

/* Copies the value into the set's pool; replaces a value of the same id, of whatever type. */
void okapi_props_set(okapi_props_t *props, const okapi_propval_t *v);
void okapi_props_set_i32(okapi_props_t *props, okapi_proptag_t tag, apr_int32_t v);
void okapi_props_set_bool(okapi_props_t *props, okapi_proptag_t tag, int v);
void okapi_props_set_time(okapi_props_t *props, okapi_proptag_t tag, okapi_time_t v);
void okapi_props_set_str(okapi_props_t *props, okapi_proptag_t tag, const char *v);
void okapi_props_set_bin(okapi_props_t *props, okapi_proptag_t tag, const void *d, apr_size_t len);
int okapi_props_unset(okapi_props_t *props, okapi_proptag_t tag); /* 1 if it was there */

/* ---- codecs ---- */

/* How strings and counts look: on the wire a ROP's (16-bit counts for PT_BINARY and
 * multivalues' 32-bit counts, MS-OXCDATA 2.11.1.1), in NSPI's and the extended-rule form
 * 32-bit counts; in the database UTF-8 with 32-bit lengths. */
typedef enum okapi_form_e { OKAPI_FORM_ROP, OKAPI_FORM_WIDE, OKAPI_FORM_PACKED } okapi_form_e;

/* What an encoder or decoder has to know beside the bytes. */
typedef struct okapi_codec_t {
    okapi_form_e form;
    apr_uint32_t codepage; /* of PT_STRING8 on the wire; 0 is windows-1252 */
} okapi_codec_t;

/* The value alone: its tag is known to both sides. Decoding sets v->tag from TAG, whose type has
 * to be known: PT_UNSPECIFIED fails the reader. */
void okapi_propval_write(okapi_writer_t *w, const okapi_propval_t *v, const okapi_codec_t *codec);
void okapi_propval_read(okapi_reader_t *r, okapi_proptag_t tag, okapi_propval_t *v,
                        const okapi_codec_t *codec, apr_pool_t *result_pool);

/* TaggedPropertyValue, MS-OXCDATA 2.11.4. */
void okapi_tagged_write(okapi_writer_t *w, const okapi_propval_t *v, const okapi_codec_t *codec);
void okapi_tagged_read(okapi_reader_t *r, okapi_propval_t *v, const okapi_codec_t *codec,
                       apr_pool_t *result_pool);

/* PropertyRow, MS-OXCDATA 2.8.1: VALUES[i] answers TAGS[i] (PT_UNSPECIFIED tags write a typed
 * value; a value of type PT_ERROR makes it a flagged row, and so does PT_NULL, which stands for a
 * value that is left out). Text is written in the column's width; a value of another type than its
 * column's is written as ecNotFound. */
void okapi_proprow_write(okapi_writer_t *w, const okapi_proptag_t *tags,
                         const okapi_propval_t *values, int n, const okapi_codec_t *codec);
void okapi_proprow_read(okapi_reader_t *r, const okapi_proptag_t *tags, int n,
                        okapi_propval_t *values, const okapi_codec_t *codec,
                        apr_pool_t *result_pool);

/* A whole set in the database's packed form (store/FORMAT.md) and back. */
void okapi_props_pack(okapi_writer_t *w, const okapi_props_t *props);
apr_status_t okapi_props_unpack(okapi_props_t **props, const void *data, apr_size_t len,
                                apr_pool_t *result_pool);

#endif
