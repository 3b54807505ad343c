/* rpc_ext.h - extended buffers: the header around ROP payloads (MS-OXCRPC 2.2.2.1). */
#ifndef MAPI_RPC_EXT_H
#define MAPI_RPC_EXT_H

#include <okapi/error.h>
#include <okapi/wire.h>

#define RPC_EXT_HEADER_SIZE 8
#define RPC_EXT_PAYLOAD_MAX 0xFFFF

enum { RPC_EXT_COMPRESSED = 0x0001, RPC_EXT_XOR = 0x0002, RPC_EXT_LAST = 0x0004 };

/* The next extended buffer of a chain, its payload unobfuscated and decompressed. *LAST is set at
 * the chain's end. The payload is inside R's buffer or in RESULT_POOL. */
apr_status_t mapi_rpc_ext_read(okapi_reader_t *r, okapi_binary_t *payload, int *last,
                               apr_pool_t *result_pool);

/* Leaves room for a header; what is written until mapi_rpc_ext_end is its payload, as it is. */
apr_size_t mapi_rpc_ext_begin(okapi_writer_t *w);
void mapi_rpc_ext_end(okapi_writer_t *w, apr_size_t begin, int flags);

#endif
