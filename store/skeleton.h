/* skeleton.h - a message as it came from the Internet, without what other values say anyway.
 *
 * A skeleton lists the pieces whose bytes stand in blobs (an attachment's, a body's), and has
 * literally all bytes that are in no piece. It names blobs by position only, so that equal messages
 * in several mailboxes share it. FORMAT.md has its bytes.
 */
#ifndef OKAPI_SKELETON_H
#define OKAPI_SKELETON_H

#include <okapi/stream.h>

#include "base64.h"

enum { OKAPI__PIECES_MAX = 1000 };

/* Where a piece stands in the message, and what it is made of. */
typedef struct okapi__piece_t {
    apr_uint64_t at, length; /* in the message */
    apr_uint64_t skip;       /* the value's bytes before the first one used */
    int is_base64;           /* else as they are */
    okapi__base64_t form;    /* its size is the number of the value's bytes, encoded or not */
} okapi__piece_t;

typedef struct okapi__skeleton_t {
    apr_uint64_t size; /* of the message */
    apr_size_t head;   /* bytes of the encoded skeleton before the literal ones */
    okapi__piece_t *pieces; /* in order */
    int npieces;
} okapi__skeleton_t;

/* The encoded skeleton of the message RAW. */
okapi_binary_t okapi__skeleton_encode(const okapi__skeleton_t *skeleton, okapi_binary_t raw,
                                      apr_pool_t *result_pool);

/* Reads the head of the encoded one. OKAPI_ECORRUPT. */
apr_status_t okapi__skeleton_decode(okapi__skeleton_t *skeleton, okapi_stream_t *encoded,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
