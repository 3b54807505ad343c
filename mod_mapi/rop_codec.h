/* rop_codec.h - what the generated ROP codec stands on: its context and the hand-written leaves.
 *
 * The codec knows neither httpd nor sessions, so that unit tests and the fuzzer reach it.
 */
#ifndef MAPI_ROP_CODEC_H
#define MAPI_ROP_CODEC_H

#include <okapi/entryid.h>
#include <okapi/named.h>
#include <okapi/restriction.h>
#include <okapi/wire.h>

/* What decoding or encoding a ROP needs beside its bytes. */
typedef struct rop_codec_t {
    okapi_codec_t prop;  /* OKAPI_FORM_ROP and the code page of 8-bit strings */
    int public_logon;    /* "@public" in rops.def */
    apr_pool_t *pool;    /* decoded values that are not in the buffer itself */
} rop_codec_t;

/* LongTermID, MS-OXCDATA 2.2.1.3.1. */
typedef struct mapi_longtermid_t {
    okapi_guid_t replica;
    okapi_id_t id;
} mapi_longtermid_t;

#endif
