/* rop_codec.h - ROP buffers (MS-OXCROPS 2.2) to structures and back.
 *
 * rops_gen.h holds a structure for each ROP's request and response, made from rops.def; this is
 * what they have in common, and the leaves that are written by hand. The codec knows neither
 * httpd nor sessions, so that unit tests and the fuzzer reach it.
 */
#ifndef MAPI_ROP_CODEC_H
#define MAPI_ROP_CODEC_H

#include <okapi/entryid.h>
#include <okapi/named.h>
#include <okapi/restriction.h>
#include <okapi/wire.h>

/* What a handle refers to (handle.h). Never renumbered: kinds are in session files. */
typedef enum mapi_kind_e {
    MAPI_KIND_LOGON = 1,
    MAPI_KIND_FOLDER,
    MAPI_KIND_MESSAGE,
    MAPI_KIND_ATTACHMENT,
    MAPI_KIND_TABLE,
    MAPI_KIND_STREAM,
    MAPI_KIND_SUBSCRIPTION,
    MAPI_KIND_TRANSFER, /* a FastTransfer context */
    MAPI_KIND_SYNC,     /* an ICS context */
    MAPI_KIND__LAST
} mapi_kind_e;

#define MAPI_KIND_BIT(kind) (1u << (kind)) /* in a set of kinds */
#define MAPI_KIND_ANY       0xFFFFFFFFu

/* What decoding or encoding a ROP needs beside its bytes. */
typedef struct rop_codec_t {
    okapi_codec_t prop;  /* OKAPI_FORM_ROP and the code page of 8-bit strings */
    int public_logon;    /* "@public" in rops.def */
    apr_pool_t *pool;    /* decoded values that are not in the buffer itself */
} rop_codec_t;

typedef struct rop_request_t rop_request_t;   /* a header and the union of all requests */
typedef struct rop_response_t rop_response_t; /* a header and the union of all responses */

/* Indices into the Server object handle table; those that a ROP doesn't have are 0. */
typedef struct rop_request_header_t {
    apr_byte_t id;
    apr_byte_t logon_id;
    apr_byte_t response_index; /* ROP_SAVE */
    apr_byte_t in_index;
    apr_byte_t dest_index;
    apr_byte_t out_index;
} rop_request_header_t;

typedef struct rop_response_header_t {
    apr_byte_t id;
    apr_byte_t index;          /* input, output or response handle index, as rops.def says */
    apr_byte_t dest_index;     /* of the request: goes out with ROP_NULL_DESTINATION */
    apr_uint32_t status;       /* ReturnValue */
} rop_response_header_t;

#define ROP_NULL_DESTINATION 0x00000503u /* ecDstNullObject */

enum { /* which header a ROP has: MS-OXCROPS 2.2.3 to 2.2.15 */
    ROP_HAS_IN = 0x01,
    ROP_HAS_DEST = 0x02,
    ROP_HAS_OUT = 0x04,
    ROP_SAVE = 0x08,
    ROP_NOREPLY = 0x10,
    ROP_PUSH = 0x20,
    ROP_NULL = 0x40,   /* a handle of another kind is ecNullObject, not ecNotSupported */
    ROP_PRIVATE = 0x80 /* for logons to mailboxes only */
};

/* A row of rops.def. A NULL function has nothing to do. */
typedef struct rop_info_t {
    const char *name;  /* NULL: there is no such ROP */
    apr_byte_t answer; /* RopId of the response: its own but for RopGetMessageStatus */
    int flags;
    apr_uint32_t in;   /* kinds of objects it takes, MAPI_KIND_BIT */
    apr_uint32_t dest;
    apr_size_t request_size;  /* sizeof its structures */
    apr_size_t response_size;
    void (*request_read)(okapi_reader_t *r, rop_request_t *q, const rop_codec_t *c);
    void (*request_write)(okapi_writer_t *w, const rop_request_t *q, const rop_codec_t *c);
    void (*request_trace)(okapi_writer_t *t, const rop_request_t *q);
    void (*response_read)(okapi_reader_t *r, rop_response_t *q, const rop_codec_t *c);
    void (*response_write)(okapi_writer_t *w, const rop_response_t *q, const rop_codec_t *c);
    void (*response_trace)(okapi_writer_t *t, const rop_response_t *q);
} rop_info_t;

extern const rop_info_t rop_table[256]; /* by RopId */

/* One request from a ROP list; Q is overwritten. Fails R if there is no such ROP. */
void rop_request_read(okapi_reader_t *r, rop_request_t *q, const rop_codec_t *c);
void rop_request_write(okapi_writer_t *w, const rop_request_t *q, const rop_codec_t *c);

void rop_response_read(okapi_reader_t *r, rop_response_t *q, const rop_codec_t *c);
void rop_response_write(okapi_writer_t *w, const rop_response_t *q, const rop_codec_t *c);

/* "OpenFolder logon=0 in=1 out=2 folder_id=5 open_mode_flags=0": numbers and lengths only. */
const char *rop_trace_request(const rop_request_t *q, apr_pool_t *result_pool);
const char *rop_trace_response(const rop_response_t *q, apr_pool_t *result_pool);

/* Is this ReturnValue followed by the fields of success: 0 or a warning, MAPI_W_...? */
int rop_succeeded(apr_uint32_t status);

/* ---- leaves ---- */

/* LongTermID, MS-OXCDATA 2.2.1.3.1. */
typedef struct mapi_longtermid_t {
    okapi_guid_t replica;
    okapi_id_t id;
} mapi_longtermid_t;

okapi_id_t rop_id_read(okapi_reader_t *r); /* 0 if it is of a foreign replica */
void rop_id_write(okapi_writer_t *w, okapi_id_t id);

void rop_longtermid_read(okapi_reader_t *r, mapi_longtermid_t *v);
void rop_longtermid_write(okapi_writer_t *w, const mapi_longtermid_t *v);

okapi_binary_t rop_bin_read(okapi_reader_t *r, apr_size_t len);
void rop_bin8_write(okapi_writer_t *w, const okapi_binary_t *v);
void rop_bin16_write(okapi_writer_t *w, const okapi_binary_t *v);
void rop_bin32_write(okapi_writer_t *w, const okapi_binary_t *v);
void rop_raw_write(okapi_writer_t *w, const okapi_binary_t *v);

const char *rop_strz_read(okapi_reader_t *r, int is_unicode, const rop_codec_t *c);
void rop_strz_write(okapi_writer_t *w, const char *s, int is_unicode, const rop_codec_t *c);

/* TypedString, MS-OXCDATA 2.11.7; written in the shortest form that holds the text. */
const char *rop_typedstr_read(okapi_reader_t *r, const rop_codec_t *c);
void rop_typedstr_write(okapi_writer_t *w, const char *s, const rop_codec_t *c);

void rop_tagged_read(okapi_reader_t *r, okapi_propval_t *v, const rop_codec_t *c);
void rop_tagged_write(okapi_writer_t *w, const okapi_propval_t *v, const rop_codec_t *c);

void rop_propname_read(okapi_reader_t *r, okapi_propname_t *v, const rop_codec_t *c);
void rop_propname_write(okapi_writer_t *w, const okapi_propname_t *v);

okapi_propval_t *rop_props16_read(okapi_reader_t *r, int *n, const rop_codec_t *c);
void rop_props16_write(okapi_writer_t *w, const okapi_propval_t *v, int n, const rop_codec_t *c);

okapi_restriction_t *rop_restriction16_read(okapi_reader_t *r, const rop_codec_t *c);
void rop_restriction16_write(okapi_writer_t *w, const okapi_restriction_t *v, const rop_codec_t *c);

void rop_trace_number(okapi_writer_t *t, const char *name, apr_int64_t value);

#endif
