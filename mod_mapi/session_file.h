/* session_file.h - sessions in files of the run directory, one each (a tmpfs: nothing is synced).
 *
 * A file is replaced as a whole, so whoever reads it sees one state; who changes a session holds
 * its lock. The file's time is that of the session's last use.
 */
#ifndef MAPI_SESSION_FILE_H
#define MAPI_SESSION_FILE_H

#include "session.h"

/* Where sessions are: the run directory's "sessions", made when it is missing. */
typedef struct mapi_sessions_t {
    const char *dir;
    apr_interval_time_t lifetime; /* unused for so long, a session is gone */
} mapi_sessions_t;

/* Locks an existing session for this request, until its pool ends or mapi_session_unlock.
 * OKAPI_ENOTFOUND if there is none, or it expired, or is damaged; OKAPI_EBUSY if another request
 * has it at this moment. */
apr_status_t mapi_session_open(mapi_session_t **session, const mapi_sessions_t *sessions,
                               const char *id, apr_pool_t *result_pool);

/* The session as it was last stored, without a lock: to look at, not to store. */
apr_status_t mapi_session_read(mapi_session_t **session, const mapi_sessions_t *sessions,
                               const char *id, apr_pool_t *result_pool);

/* Before the answer goes out: the client's next request may be there at once. NULL is fine. */
void mapi_session_unlock(mapi_session_t *session);

/* Stores a new session or one that is locked. */
apr_status_t mapi_session_store(mapi_session_t *session, const mapi_sessions_t *sessions,
                                apr_pool_t *scratch_pool);

void mapi_session_delete(const mapi_sessions_t *sessions, const char *id, apr_pool_t *scratch_pool);

/* Begin its lifetime anew. */
void mapi_session_touch(const mapi_sessions_t *sessions, const char *id, apr_pool_t *scratch_pool);

/* Deletes those that expired. */
void mapi_session_sweep(const mapi_sessions_t *sessions, apr_pool_t *scratch_pool);

/* 32 lower-case hexadecimal digits? Anything else never gets near a file name. */
int mapi_session_id_valid(const char *id);

#endif
