/* session.h - a Session Context (MS-OXCMAPIHTTP 3.2.1): logons and handles, as one value.
 *
 * It is decoded from its file into the pool of the request that uses it, and encoded into it
 * before the answer leaves: any child may serve the next request. Opening one with 60 handles
 * takes 5 microseconds, so no child keeps it.
 */
#ifndef MAPI_SESSION_H
#define MAPI_SESSION_H

#include <apr_file_io.h>
#include <apr_tables.h>
#include <okapi/user.h>

#include "handle.h"

/* Blocks of RopWritePerUserInformation that have come so far, in the session's pool. */
typedef struct mapi_per_user_t {
    mapi_longtermid_t folder_id;
    okapi_guid_t source;
    okapi_binary_t data;
} mapi_per_user_t;

typedef struct mapi_logon_t {
    okapi_id_t store_id;
    const char *owner;      /* name of the mailbox' user; "": the public store */
    apr_byte_t logon_flags; /* MS-OXCSTOR 2.2.1.1.1 */
    apr_uint32_t open_flags;
    mapi_per_user_t per_user;
    okapi_store_t *store; /* this Execute's; NULL: not opened yet */
} mapi_logon_t;

#define MAPI_LOGON_PRIVATE 0x01 /* of logon_flags: to a mailbox, not to public folders */

#define MAPI_LOGON_MAX  256  /* a logon id is a byte */
#define MAPI_HANDLE_MAX 2000 /* objects that a session may hold open */

typedef struct mapi_session_t {
    const char *id;                /* 32 hexadecimal digits, unguessable: cookie and file name */
    const char *user;              /* who authenticated; nobody else may use it */
    apr_uint64_t generation;       /* how often it was stored */
    apr_uint32_t sequence;         /* that the next request's sequence cookie has to name */
    apr_uint16_t client_version[4];
    apr_uint32_t codepage;         /* MS-OXCMAPIHTTP 2.2.4.1.1, as are the two below */
    apr_uint32_t lcid_string;
    apr_uint32_t lcid_sort;
    mapi_logon_t *logons[MAPI_LOGON_MAX]; /* NULL: not in use */
    apr_array_header_t *handles;          /* of mapi_handle_t *, by rising number */
    apr_uint32_t next_handle;
    apr_file_t *lock; /* session_file.c; NULL: not locked */
    apr_pool_t *pool; /* everything above */
} mapi_session_t;

/* An empty one with a fresh id. */
mapi_session_t *mapi_session_make(const char *user, apr_pool_t *result_pool);

/* NULL if there is none of this number. */
mapi_handle_t *mapi_session_handle(const mapi_session_t *session, apr_uint32_t number);

/* A new handle, all zero but for its number, kind and logon; NULL if there are too many. */
mapi_handle_t *mapi_session_add(mapi_session_t *session, mapi_kind_e kind, apr_byte_t logon_id);

/* Makes LOGON_ID a logon to OWNER's mailbox; whatever was opened under this id before is released
 * (MS-OXCROPS 3.1.4.2). */
mapi_logon_t *mapi_session_logon(mapi_session_t *session, apr_byte_t logon_id, okapi_id_t store_id,
                                 const char *owner);

int mapi_logon_is_public(const mapi_logon_t *logon); /* NULL: no */

/* Opens a logon's store for USER, who is authenticated. */
apr_status_t mapi_logon_open(okapi_store_t **store, const mapi_logon_t *logon, okapi_t *engine,
                             const okapi_user_t *user, apr_pool_t *result_pool,
                             apr_pool_t *scratch_pool);

/* Forgets a handle; a logon's with all that was opened under its logon id. Handles that were
 * opened from any other stay. */
void mapi_session_release(mapi_session_t *session, mapi_handle_t *handle);

/* ---- session_state.c: the value as bytes ---- */

void mapi_session_encode(const mapi_session_t *session, okapi_writer_t *w);

/* OKAPI_EFORMAT if it was written by another version, or is damaged. */
apr_status_t mapi_session_decode(mapi_session_t **session, const char *id, const void *data,
                                 apr_size_t len, apr_pool_t *result_pool);

#endif
