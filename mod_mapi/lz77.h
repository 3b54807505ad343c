/* lz77.h - the LZ77 of MS-OXCRPC 3.1.4.1.1.2 (DIRECT2; MS-XCA calls it plain LZ77). */
#ifndef MAPI_LZ77_H
#define MAPI_LZ77_H

#include <okapi/error.h>
#include <okapi/types.h>

/* Decompresses IN to exactly OUT_LEN bytes at OUT; OKAPI_EFORMAT if IN isn't the compressed form
 * of that many. */
apr_status_t mapi_lz77_decompress(unsigned char *out, apr_size_t out_len, const unsigned char *in,
                                  apr_size_t in_len);

#endif
