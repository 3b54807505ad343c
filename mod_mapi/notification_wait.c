/* notification_wait.c - NotificationWait: held until there is something to tell (MS-OXCMAPIHTTP
 * 2.2.4.4, 3.2.5.5). */
#include "transport.h"

#include "notify.h"

APLOG_USE_MODULE(mapi);

#define WAIT_MAX apr_time_from_sec(5 * 60) /* 3.2.2 */

/* The stores of a session's logons, each once; they ring. */
typedef struct stores_t {
    okapi_id_t ids[MAPI_LOGON_MAX];
    int n;
} stores_t;

static void add_store(stores_t *stores, okapi_id_t id)
{
    for (int i = 0; i < stores->n; i++)
        if (stores->ids[i] == id)
            return;
    stores->ids[stores->n++] = id;
}

static void stores_of(stores_t *stores, const mapi_session_t *session)
{
    stores->n = 0;
    for (int i = 0; i < MAPI_LOGON_MAX; i++)
        if (session->logons[i] != NULL)
            add_store(stores, session->logons[i]->store_id);
}

static okapi_wait_e answer(const mapi_request_t *q, int pending, apr_pool_t *scratch_pool)
{
    okapi_writer_t body;

    mapi_session_touch(&q->sessions, q->session_id, scratch_pool);
    okapi_writer_init(&body, 16, 16, scratch_pool);
    okapi_write_u32(&body, 0); /* StatusCode */
    okapi_write_u32(&body, 0); /* ErrorCode */
    okapi_write_u32(&body, pending != 0);
    okapi_write_u32(&body, 0); /* AuxiliaryBufferSize */
    mapi_done(q, MAPI_SUCCESS, &body);
    return OKAPI_WAIT_DONE;
}

/* Looks at the session as its last Execute left it: what the client was told is in there. */
static okapi_wait_e resume(okapi_wait_t *wait, request_rec *r, int events, void *baton,
                           apr_pool_t *scratch_pool)
{
    const mapi_request_t *q = baton;
    mapi_session_t *session;
    int pending = 0;
    apr_status_t rv = mapi_session_read(&session, &q->sessions, q->session_id, scratch_pool);

    if (rv == OKAPI_ENOTFOUND) {
        mapi_done(q, MAPI_CONTEXT_NOT_FOUND, NULL);
        return OKAPI_WAIT_DONE;
    }
    if (rv == APR_SUCCESS)
        rv = mapi_session_has_events(session, q->engine, q->user, &pending, scratch_pool);
    if (rv != APR_SUCCESS)
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, rv, r,
                      OKLOGNO(01040) "whether %s has notifications can't be told", q->user->name);
    if (pending || (events & (OKAPI_WAIT_DEADLINE | OKAPI_WAIT_STOP)))
        return answer(q, pending, scratch_pool);
    if (events & OKAPI_WAIT_TICK) {
        mapi_session_touch(&q->sessions, q->session_id, scratch_pool);
        mapi_pending(q);
    }
    return OKAPI_WAIT_PARK;
}

/* Checks and answers the request as far as it can be now; the session itself is not kept. */
static mapi_code_e begin(mapi_request_t *q, stores_t *stores, const char **reason)
{
    apr_pool_t *scratch_pool;
    mapi_code_e code;

    apr_pool_create(&scratch_pool, q->r->pool);
    code = mapi_look_at_session(q, reason, scratch_pool);
    if (code == MAPI_SUCCESS) {
        stores_of(stores, q->session);
        mapi_accept(q);
    }
    q->session = NULL;
    apr_pool_destroy(scratch_pool);
    return code;
}

int mapi_notification_wait(mapi_request_t *q)
{
    const char *reason;
    stores_t stores;
    mapi_code_e code;

    okapi_read_u32(&q->body); /* Flags, reserved */
    if (mapi_read_auxiliary(q) != APR_SUCCESS)
        return mapi_refuse(q, MAPI_INVALID_BODY, "The body isn't that of a NotificationWait.");
    code = begin(q, &stores, &reason);
    if (code != MAPI_SUCCESS)
        return mapi_refuse(q, code, reason);
    return mapi_okapi().wait(q->r, stores.ids, stores.n, q->pending_period, WAIT_MAX, resume, q);
}
