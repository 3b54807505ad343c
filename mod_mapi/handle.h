/* handle.h - the objects behind a session's handles (MS-OXCROPS 1.3.1), as values.
 *
 * A handle says by ids what it refers to; the live store object is opened when a ROP first asks
 * for it and lives as long as the Execute. So a handle needs nothing from its parent's handle,
 * and a session fits in a file.
 */
#ifndef MAPI_HANDLE_H
#define MAPI_HANDLE_H

#include <okapi/change.h>
#include <okapi/message.h>
#include <okapi/table.h>

#include "rop_codec.h"

struct mapi_rop_ctx_t;
struct mapi_session_t;

#define MAPI_EMBED_MAX 64 /* embedded messages within embedded messages: above MimeDepth */

/* Where in a store the object is. A message is FOLDER_ID, MESSAGE_ID and DEPTH 0; one embedded in
 * its attachment 2 is DEPTH 1, EMBED {2}. */
typedef struct mapi_place_t {
    okapi_id_t folder_id;
    okapi_id_t message_id;
    int depth;
    apr_uint32_t embed[MAPI_EMBED_MAX];
    apr_uint32_t attach_num; /* of an attachment, in the message that the rest names */
    int is_deleted;          /* the message was softly deleted when it was opened */
} mapi_place_t;

typedef struct mapi_table_state_t {
    okapi_binary_t bytes; /* okapi_table_encode's, as of the last Execute */
    okapi_table_e kind;
    okapi_cn_t cn;        /* what the client knows of; 0: it has not looked yet, wants no news */
    int silent;           /* TABLE_FLAG_NONOTIFICATIONS: it wants none */
} mapi_table_state_t;

typedef struct mapi_stream_state_t {
    okapi_proptag_t tag;
    apr_byte_t open_mode;
    apr_int64_t position;
} mapi_stream_state_t;

typedef struct mapi_subscription_t { /* MS-OXCNOTIF 2.2.1.2.1 */
    apr_uint16_t types;
    int whole_store;
    okapi_cn_t cn;      /* changes after this one are news */
    okapi_cn_t told_cn; /* up to this one the client knows all; less than CN within a walk */
} mapi_subscription_t;

typedef struct mapi_handle_t {
    apr_uint32_t number; /* never 0 nor 0xFFFFFFFF, never used twice in a session */
    mapi_kind_e kind;
    apr_byte_t logon_id;
    mapi_kind_e object; /* kind of what PLACE means: of a table, stream or subscription its base */
    mapi_place_t place;
    apr_uint16_t codepage; /* of 8-bit strings in a message and what is in it; 0: the session's.
                            * mapi_handle_create copies the parent's, ctx->codec has it */
    union {
        mapi_table_state_t table;
        mapi_stream_state_t stream;
        mapi_subscription_t subscription;
    } u;
    void *live; /* this Execute's okapi_folder_t, okapi_message_t, ...; NULL: not opened yet */
} mapi_handle_t;

/* ---- for ROP handlers ---- */

/* A new handle of the ROP's logon, to be filled in; it becomes ctx->out and is given to the client
 * if the handler returns APR_SUCCESS. PARENT's place is copied if it isn't NULL. OKAPI_ETOOCOMPLEX
 * when the session holds too many. */
apr_status_t mapi_handle_create(struct mapi_rop_ctx_t *ctx, mapi_kind_e kind,
                                const mapi_handle_t *parent, mapi_handle_t **handle);

/* A new handle of TABLE, which the handler has opened on what its input handle names: OF says what
 * that is. SILENT: it has no notifications. */
apr_status_t mapi_handle_create_table(struct mapi_rop_ctx_t *ctx, okapi_table_t *table,
                                      mapi_kind_e of, int silent);

/* The live object behind a handle, opened with its rights checked when first asked for in this
 * Execute. Asked for a kind it isn't: OKAPI_ENOSUPPORT. STORE works for any handle; FOLDER also for
 * the tables and messages of a folder; MESSAGE also for attachments, streams and tables in it. */
apr_status_t mapi_handle_store(struct mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                               okapi_store_t **store);
apr_status_t mapi_handle_folder(struct mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                                okapi_folder_t **folder);
apr_status_t mapi_handle_message(struct mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                                 okapi_message_t **message);
apr_status_t mapi_handle_attachment(struct mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                                    okapi_attachment_t **attachment);
apr_status_t mapi_handle_table(struct mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                               okapi_table_t **table);

/* What properties are read from: logon, folder, message or attachment; a stream's base. */
apr_status_t mapi_handle_object(struct mapi_rop_ctx_t *ctx, mapi_handle_t *handle,
                                okapi_object_t **object);

/* Give a handle the object the handler has opened already, so that it isn't opened again: HANDLE's
 * kind says what LIVE is. It lives in ctx->pool. */
void mapi_handle_set_live(mapi_handle_t *handle, void *live);

#endif
