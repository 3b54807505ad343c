/* emsmdb.c - Connect, Disconnect and PING (MS-OXCMAPIHTTP 2.2.4.1, 2.2.4.3, 2.2.6). */
#include "transport.h"

#include <apr_strings.h>

APLOG_USE_MODULE(mapi);

#define BODY_MAX 4096

/* What a client does about a server that doesn't answer: MS-OXCRPC 3.1.4.1. */
#define POLLS_MAX_MS   60000
#define RETRY_COUNT    6
#define RETRY_DELAY_MS 10000

/* ---- Connect ---- */

/* "Outlook/16.0.5134.1000" of X-ClientApplication; zeros for what isn't there. */
static void read_client_version(mapi_session_t *session, request_rec *r)
{
    const char *p = apr_table_get(r->headers_in, "X-ClientApplication");

    p = p != NULL ? strchr(p, '/') : NULL;
    for (int i = 0; i < 4 && p != NULL; i++) {
        char *end;

        session->client_version[i] = (apr_uint16_t)strtoul(p + 1, &end, 10);
        p = *end == '.' ? end : NULL;
    }
}

/* May the authenticated user connect as USER_DN? MS-OXCRPC 3.1.4.1. */
static apr_status_t check_dn(const mapi_request_t *q, const char *user_dn)
{
    const char *name;

    if (*user_dn == '\0')
        return OKAPI_EACCESS;
    name = okapi_user_name_of_dn(q->engine, user_dn, q->r->pool);
    if (name == NULL)
        return OKAPI_EUNKNOWNUSER;
    return strcmp(name, q->user->name) == 0 ? APR_SUCCESS : OKAPI_EACCESS;
}

/* The DN of recipients up to their own name: ".../cn=Recipients/cn=". */
static const char *dn_prefix(const mapi_request_t *q)
{
    const char *dn = okapi_user_dn(q->engine, q->user, q->r->pool);
    const char *end = strrchr(dn, '=');

    return end == NULL ? "" : apr_pstrndup(q->r->pool, dn, (apr_size_t)(end + 1 - dn));
}

static void write_connected(const mapi_request_t *q, apr_status_t status, okapi_writer_t *w)
{
    okapi_write_u32(w, 0); /* StatusCode */
    okapi_write_u32(w, okapi_error_mapi(status));
    okapi_write_u32(w, POLLS_MAX_MS);
    okapi_write_u32(w, RETRY_COUNT);
    okapi_write_u32(w, RETRY_DELAY_MS);
    okapi_write_str8z(w, status == APR_SUCCESS ? dn_prefix(q) : "");
    okapi_write_str16z(w, status == APR_SUCCESS ? q->user->fullname : "");
    okapi_write_u32(w, 0); /* AuxiliaryBufferSize */
}

/* A client that comes back starts afresh: 3.2.5.6. */
static void forget_previous(mapi_request_t *q)
{
    const char *reason;

    if (q->session_id != NULL && mapi_look_at_session(q, &reason, q->r->pool) == MAPI_SUCCESS)
        mapi_session_delete(&q->sessions, q->session_id, q->r->pool);
    q->session = NULL;
}

int mapi_connect(mapi_request_t *q)
{
    okapi_reader_t *body = &q->body;
    const char *user_dn = okapi_read_str8z(body);
    mapi_session_t *session = mapi_session_make(q->user->name, q->r->pool);
    okapi_writer_t answer;
    apr_status_t status, rv;

    okapi_read_u32(body); /* Flags: the kind of connection, which is the user's own */
    session->codepage = okapi_read_u32(body);
    session->lcid_sort = okapi_read_u32(body);
    session->lcid_string = okapi_read_u32(body);
    if (mapi_read_auxiliary(q) != APR_SUCCESS)
        return mapi_refuse(q, MAPI_INVALID_BODY, "The body isn't that of a Connect.");
    read_client_version(session, q->r);
    forget_previous(q);
    mapi_session_sweep(&q->sessions, q->r->pool);

    status = check_dn(q, user_dn);
    if (status == APR_SUCCESS) {
        rv = mapi_session_store(session, &q->sessions, q->r->pool);
        if (rv != APR_SUCCESS) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, q->r,
                          OKLOGNO(01020) "a session can't be stored in %s", q->sessions.dir);
            return mapi_refuse(q, MAPI_UNKNOWN_FAILURE, "The session could not be stored.");
        }
        q->session = session;
    }
    okapi_writer_init(&answer, 256, BODY_MAX, q->r->pool);
    write_connected(q, status, &answer);
    mapi_accept(q);
    mapi_done(q, MAPI_SUCCESS, &answer);
    return OK;
}

/* ---- Disconnect ---- */

/* The body may be missing: 3.1.5.4 says that there is none, 2.2.4.3.1 what is in it. */
int mapi_disconnect(mapi_request_t *q)
{
    const char *reason;
    mapi_code_e code;
    okapi_writer_t answer;

    if (okapi_reader_left(&q->body) > 0 && mapi_read_auxiliary(q) != APR_SUCCESS)
        return mapi_refuse(q, MAPI_INVALID_BODY, "The body isn't that of a Disconnect.");
    code = mapi_require_session(q, &reason);
    if (code != MAPI_SUCCESS)
        return mapi_refuse(q, code, reason);
    mapi_session_delete(&q->sessions, q->session->id, q->r->pool);
    okapi_writer_init(&answer, 16, BODY_MAX, q->r->pool);
    okapi_write_u32(&answer, 0); /* StatusCode */
    okapi_write_u32(&answer, 0); /* ErrorCode */
    okapi_write_u32(&answer, 0); /* AuxiliaryBufferSize */
    mapi_accept(q);
    mapi_done(q, MAPI_SUCCESS, &answer);
    return OK;
}

/* ---- PING ---- */

/* Without a session it tells that the endpoint is there. */
int mapi_ping(mapi_request_t *q)
{
    const char *reason;

    if (q->session_id != NULL) {
        mapi_code_e code = mapi_look_at_session(q, &reason, q->r->pool);

        if (code != MAPI_SUCCESS)
            return mapi_refuse(q, code, reason);
        mapi_session_touch(&q->sessions, q->session->id, q->r->pool);
    }
    mapi_accept(q);
    mapi_done(q, MAPI_SUCCESS, NULL);
    return OK;
}
