/* wire.h - the one bounded reader and the one bounded writer.
 *
 * Every decoder in the tree reads through okapi_reader_t: a read past the end sets the sticky
 * FAILED flag and yields zeros, so a decoder is straight-line code with one check at its end.
 * Every encoder writes through okapi_writer_t, which grows up to a maximum that its maker states.
 * Integers are little-endian unless the name says otherwise.
 */
#ifndef OKAPI_WIRE_H
#define OKAPI_WIRE_H

#include <string.h>

#include <okapi/types.h>

typedef struct okapi_reader_t {
    const unsigned char *p;
    const unsigned char *end;
    int failed; /* sticky */
} okapi_reader_t;

void okapi_reader_init(okapi_reader_t *r, const void *data, apr_size_t len);

static inline apr_size_t okapi_reader_left(const okapi_reader_t *r)
{
    return (apr_size_t)(r->end - r->p);
}

/* Mark the input as malformed: for what only the caller can see is wrong. */
void okapi_reader_fail(okapi_reader_t *r);

/* APR_SUCCESS or OKAPI_EFORMAT; with AT_END also demands that nothing is left. */
apr_status_t okapi_reader_status(const okapi_reader_t *r, int at_end);

/* LEN bytes inside the reader's own buffer; NULL (and failed) if there are fewer. */
static inline const unsigned char *okapi_read_bytes(okapi_reader_t *r, apr_size_t len)
{
    const unsigned char *bytes = r->p;

    if (r->failed || len > okapi_reader_left(r)) {
        okapi_reader_fail(r);
        return NULL;
    }
    r->p += len;
    return bytes;
}

/* Integers are read inline: a ROP is mostly these, and a call for each costs more than it does. */
#if APR_IS_BIGENDIAN
#define OKAPI__LE(v, bits) __builtin_bswap##bits(v)
#else
#define OKAPI__LE(v, bits) (v)
#endif
#define OKAPI__READ_LE(bits, type)                                                                 \
    static inline type okapi_read_u##bits(okapi_reader_t *r)                                       \
    {                                                                                              \
        const unsigned char *bytes = okapi_read_bytes(r, sizeof(type));                            \
        type v = 0;                                                                                \
                                                                                                   \
        if (bytes)                                                                                 \
            memcpy(&v, bytes, sizeof(v));                                                          \
        return OKAPI__LE(v, bits);                                                                 \
    }
OKAPI__READ_LE(16, apr_uint16_t)
OKAPI__READ_LE(32, apr_uint32_t)
OKAPI__READ_LE(64, apr_uint64_t)
#undef OKAPI__READ_LE
#undef OKAPI__LE

static inline apr_byte_t okapi_read_u8(okapi_reader_t *r)
{
    const unsigned char *bytes = okapi_read_bytes(r, 1);

    return bytes ? *bytes : 0;
}

apr_uint64_t okapi_read_u48be(okapi_reader_t *r); /* the counter of a FID or MID */
okapi_guid_t okapi_read_guid(okapi_reader_t *r);

/* Like okapi_read_bytes, as a reader over just these bytes. */
okapi_reader_t okapi_read_sub(okapi_reader_t *r, apr_size_t len);

/* A claimed number of elements, refused (failed, 0) unless COUNT * MIN_SIZE bytes are left, so
 * that nobody allocates by a number that came from outside. MIN_SIZE is at least 1. */
apr_size_t okapi_read_count(okapi_reader_t *r, apr_uint64_t count, apr_size_t min_size);

/* A zero-terminated string of 8-bit units, returned in place; "" when it fails. */
const char *okapi_read_str8z(okapi_reader_t *r);

/* A zero-terminated UTF-16LE string, as UTF-8 in RESULT_POOL; lone surrogates become U+FFFD. ""
 * when it fails. */
const char *okapi_read_str16z(okapi_reader_t *r, apr_pool_t *result_pool);

/* LEN bytes of UTF-16LE, up to the first zero unit if there is one, as UTF-8. */
const char *okapi_utf16_decode(const void *data, apr_size_t len, apr_pool_t *result_pool);

typedef struct okapi_writer_t {
    unsigned char *data;
    apr_size_t len;
    apr_size_t size; /* allocated */
    apr_size_t max;  /* never exceeded: the write that would sets failed */
    apr_pool_t *pool;
    int failed; /* sticky */
} okapi_writer_t;

/* Grows in POOL from FIRST bytes up to MAX. Use a pool that dies soon: growing leaves garbage. */
void okapi_writer_init(okapi_writer_t *w, apr_size_t first, apr_size_t max, apr_pool_t *pool);

/* APR_SUCCESS or OKAPI_EBUFFERTOOSMALL. */
apr_status_t okapi_writer_status(const okapi_writer_t *w);

/* Forget what was written after LEN, and the failure with it: undo of a row that did not fit. */
void okapi_writer_truncate(okapi_writer_t *w, apr_size_t len);

void okapi_write_u8(okapi_writer_t *w, apr_byte_t v);
void okapi_write_u16(okapi_writer_t *w, apr_uint16_t v);
void okapi_write_u32(okapi_writer_t *w, apr_uint32_t v);
void okapi_write_u64(okapi_writer_t *w, apr_uint64_t v);
void okapi_write_u48be(okapi_writer_t *w, apr_uint64_t v);
void okapi_write_guid(okapi_writer_t *w, const okapi_guid_t *guid);
void okapi_write_bytes(okapi_writer_t *w, const void *data, apr_size_t len);
void okapi_write_str8z(okapi_writer_t *w, const char *s);  /* bytes as they are, and a zero */
void okapi_write_utf16(okapi_writer_t *w, const char *s);  /* UTF-8 to UTF-16LE, no zero */
void okapi_write_str16z(okapi_writer_t *w, const char *s); /* UTF-8 to UTF-16LE, and a zero */

/* Overwrite a value written earlier at OFFSET, e.g. a count known only afterwards. */
void okapi_write_u16_at(okapi_writer_t *w, apr_size_t offset, apr_uint16_t v);
void okapi_write_u32_at(okapi_writer_t *w, apr_size_t offset, apr_uint32_t v);

#endif
