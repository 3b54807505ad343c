/* transport.h - one request of MAPI over HTTP (MS-OXCMAPIHTTP 2.2.2), and its answer. */
#ifndef MAPI_TRANSPORT_H
#define MAPI_TRANSPORT_H

#include "mod_mapi.h"
#include "session_file.h"

typedef enum mapi_code_e { /* X-ResponseCode, 2.2.3.3.3 */
    MAPI_SUCCESS = 0,
    MAPI_UNKNOWN_FAILURE = 1,
    MAPI_INVALID_VERB = 2,
    MAPI_INVALID_PATH = 3,
    MAPI_INVALID_HEADER = 4,
    MAPI_INVALID_REQUEST_TYPE = 5,
    MAPI_INVALID_CONTEXT_COOKIE = 6,
    MAPI_MISSING_HEADER = 7,
    MAPI_ANONYMOUS_NOT_ALLOWED = 8,
    MAPI_TOO_LARGE = 9,
    MAPI_CONTEXT_NOT_FOUND = 10,
    MAPI_NO_PRIVILEGE = 11,
    MAPI_INVALID_BODY = 12,
    MAPI_MISSING_COOKIE = 13,
    MAPI_INVALID_SEQUENCE = 15,
    MAPI_ENDPOINT_SHUTTING_DOWN = 18
} mapi_code_e;

typedef struct mapi_request_t {
    request_rec *r;
    okapi_t *engine;
    const okapi_user_t *user;
    mapi_sessions_t sessions;
    const char *type;         /* X-RequestType */
    const char *session_id;   /* from the cookie, not checked yet; NULL: there was none */
    const char *sequence;     /* likewise */
    mapi_session_t *session;  /* what mapi_require_session opened, or Connect made */
    okapi_reader_t body;
    apr_time_t start;
    apr_interval_time_t pending_period; /* between PENDINGs, which keep the session too */
} mapi_request_t;

/* Opens and locks the session of the request's cookies, for the only request at a time (3.2.5.1).
 * The reason of a failure is in *REASON. */
mapi_code_e mapi_require_session(mapi_request_t *q, const char **reason);

/* The session as it is, in RESULT_POOL, for requests that may come beside another one:
 * NotificationWait, PING. */
mapi_code_e mapi_look_at_session(mapi_request_t *q, const char **reason, apr_pool_t *result_pool);

/* The whole answer of a request that wasn't accepted: text for a human, and CODE. */
int mapi_refuse(mapi_request_t *q, mapi_code_e code, const char *reason);

/* The request is accepted: headers, cookies and PROCESSING go out at once. */
void mapi_accept(mapi_request_t *q);

/* The request is still being worked on. */
void mapi_pending(const mapi_request_t *q);

/* The end of an accepted request: DONE, additional headers, and BODY (may be empty). With another
 * CODE than MAPI_SUCCESS it failed after all, and the body is empty. */
void mapi_done(const mapi_request_t *q, mapi_code_e code, const okapi_writer_t *body);

/* ---- the request types ---- */

int mapi_connect(mapi_request_t *q);
int mapi_disconnect(mapi_request_t *q);
int mapi_ping(mapi_request_t *q);
int mapi_execute(mapi_request_t *q);
int mapi_notification_wait(mapi_request_t *q);

/* AuxiliaryBufferSize and AuxiliaryBuffer, the end of every request's body: looked at by nobody,
 * but it has to be there. */
apr_status_t mapi_read_auxiliary(mapi_request_t *q);

#endif
