/* lz77.c - decompression of the payloads Outlook sends (MS-OXCRPC 3.1.4.1.1.2.2). */
#include "lz77.h"

#include <string.h>

#include <okapi/wire.h>

#define MATCH_MIN 3

typedef struct lz77_t {
    okapi_reader_t in;
    apr_uint32_t flags; /* one bit for each token, the first in the highest */
    int flags_left;
    int nibble; /* the high half of the last length nibble's byte; -1: none is left */
} lz77_t;

/* 1 if the next token is a match, 0 if it is a literal byte. */
static int next_is_match(lz77_t *lz)
{
    if (lz->flags_left == 0) {
        lz->flags = okapi_read_u32(&lz->in);
        lz->flags_left = 32;
    }
    lz->flags_left--;
    return (lz->flags >> lz->flags_left) & 1;
}

/* Two lengths share a byte: the first takes its low nibble, the next one the high nibble. */
static apr_uint32_t next_nibble(lz77_t *lz)
{
    apr_uint32_t v;
    if (lz->nibble >= 0) {
        v = (apr_uint32_t)lz->nibble;
        lz->nibble = -1;
    } else {
        apr_byte_t shared = okapi_read_u8(&lz->in);
        v = shared & 0xF;
        lz->nibble = shared >> 4;
    }
    return v;
}

/* 3 bits, then a nibble, a byte, 16 and 32 bits, each when the one before is all ones (the last one
 * when its 16 bits are zero). From the 16 bits on the whole length is given at once. */
static apr_uint32_t match_length(lz77_t *lz, apr_uint32_t bits)
{
    if (bits < 7)
        return bits + MATCH_MIN;
    apr_uint32_t more = next_nibble(lz);
    if (more < 15)
        return 7 + more + MATCH_MIN;
    more = okapi_read_u8(&lz->in);
    if (more < 255)
        return 7 + 15 + more + MATCH_MIN;
    apr_uint32_t whole = okapi_read_u16(&lz->in);
    if (whole == 0)
        whole = okapi_read_u32(&lz->in);
    if (whole < 7 + 15 || whole > 0x7FFFFFFF) {
        okapi_reader_fail(&lz->in);
        return 0;
    }
    return whole + MATCH_MIN;
}

apr_status_t mapi_lz77_decompress(unsigned char *out, apr_size_t out_len, const unsigned char *in,
                                  apr_size_t in_len)
{
    lz77_t lz = {.nibble = -1};
    okapi_reader_init(&lz.in, in, in_len);
    apr_size_t done = 0;
    while (done < out_len && !lz.in.failed) {
        if (!next_is_match(&lz)) {
            out[done++] = okapi_read_u8(&lz.in);
            continue;
        }
        apr_uint32_t token = okapi_read_u16(&lz.in);
        apr_size_t distance = (token >> 3) + 1;
        apr_size_t length = match_length(&lz, token & 7);
        if (distance > done || length > out_len - done)
            return OKAPI_EFORMAT;
        for (; length > 0; length--, done++) /* it may overlap itself: byte by byte */
            out[done] = out[done - distance];
    }
    return okapi_reader_status(&lz.in, 0);
}
