/* transport.c - MAPI over HTTP: from an HTTP request to a request type's function, and back. */
#include "transport.h"

#include <apr_date.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

APLOG_USE_MODULE(mapi);

#define CONTENT_TYPE "application/mapi-http"
#define SERVER_APPLICATION                                                                         \
    "Exchange/15.00.0847.032" /* the first version to speak this protocol                          \
                               */
#define CONTEXT_COOKIE     "MapiContext"
#define SEQUENCE_COOKIE    "MapiSequence"

#define PENDING_PERIOD_MAX apr_time_from_sec(15) /* 3.2.2 */

enum { EMSMDB = 0x1, NSPI = 0x2 };

static const struct {
    const char *name;
    int endpoints;
    int (*serve)(mapi_request_t *q);
} request_types[] = {
    {"Connect", EMSMDB, mapi_connect},  {"Disconnect", EMSMDB, mapi_disconnect},
    {"Execute", EMSMDB, mapi_execute},  {"NotificationWait", EMSMDB, mapi_notification_wait},
    {"PING", EMSMDB | NSPI, mapi_ping},
};

/* ---- what comes in ---- */

/* The value of cookie NAME among all Cookie headers, which httpd has joined with commas. */
static const char *find_cookie(request_rec *r, const char *name)
{
    const char *header = apr_table_get(r->headers_in, "Cookie");
    apr_size_t len = strlen(name);

    for (const char *p = header; p != NULL && *p != '\0';) {
        p += strspn(p, " \t;,");
        apr_size_t end = strcspn(p, ";,");
        if (end > len && p[len] == '=' && strncmp(p, name, len) == 0)
            return apr_pstrndup(r->pool, p + len + 1, end - len - 1);
        p += end;
    }
    return NULL;
}

/* The endpoint is the last part of the path, wherever the handler is configured. */
static int find_endpoint(const char *uri)
{
    apr_size_t len = strlen(uri);

    while (len > 0 && uri[len - 1] == '/')
        len--;
    if (len >= 7 && strncmp(uri + len - 7, "/emsmdb", 7) == 0)
        return EMSMDB;
    if (len >= 5 && strncmp(uri + len - 5, "/nspi", 5) == 0)
        return NSPI;
    return 0;
}

static int has_type(request_rec *r, const char *type)
{
    const char *header = apr_table_get(r->headers_in, "Content-Type");
    apr_size_t len = strlen(type);

    return strncasecmp(header, type, len) == 0 && strchr("; \t", header[len]) != NULL;
}

/* What every request has to have: 2.2.2.1. */
static mapi_code_e check_headers(const mapi_request_t *q, const char **reason)
{
    static const char *const required[] = {"X-RequestType", "X-RequestId", "Content-Type"};
    const apr_table_t *headers = q->r->headers_in;

    for (apr_size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        const char *value = apr_table_get(headers, required[i]);

        if (value == NULL || *value == '\0') {
            *reason = apr_pstrcat(q->r->pool, "The header ", required[i], " is missing.", NULL);
            return MAPI_MISSING_HEADER;
        }
    }
    if (apr_table_get(headers, "Content-Length") == NULL &&
        apr_table_get(headers, "Transfer-Encoding") == NULL) {
        *reason = "The header Content-Length is missing.";
        return MAPI_MISSING_HEADER;
    }
    if (!has_type(q->r, CONTENT_TYPE)) {
        *reason = "The Content-Type isn't " CONTENT_TYPE ".";
        return MAPI_INVALID_HEADER;
    }
    return MAPI_SUCCESS;
}

apr_status_t mapi_read_body(okapi_binary_t *body, request_rec *r, apr_off_t max)
{
    char buffer[8192];
    okapi_writer_t w;
    long n;

    r->connection->keepalive = AP_CONN_CLOSE; /* unless all of it was read */
    if (ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK) != OK)
        return OKAPI_EFORMAT;
    if (r->remaining > max)
        return OKAPI_ETOOBIG;
    okapi_writer_init(&w, r->remaining > 0 ? (apr_size_t)r->remaining : sizeof(buffer),
                      (apr_size_t)max, r->pool);
    if (ap_should_client_block(r)) {
        while ((n = ap_get_client_block(r, buffer, sizeof(buffer))) > 0 && !w.failed)
            okapi_write_bytes(&w, buffer, (apr_size_t)n);
        if (n < 0)
            return APR_ECONNABORTED;
        if (w.failed)
            return OKAPI_ETOOBIG;
    }
    r->connection->keepalive = AP_CONN_UNKNOWN;
    body->data = w.data;
    body->len = w.len;
    return APR_SUCCESS;
}

static mapi_code_e read_body(mapi_request_t *q, const char **reason)
{
    apr_off_t max = mapi_server_of(q->r->server).max_request;
    okapi_binary_t body;

    switch (mapi_read_body(&body, q->r, max)) {
    case APR_SUCCESS:
        okapi_reader_init(&q->body, body.data, body.len);
        return MAPI_SUCCESS;
    case OKAPI_ETOOBIG:
        *reason = apr_psprintf(q->r->pool, "The body has more than %" APR_OFF_T_FMT " bytes.", max);
        return MAPI_TOO_LARGE;
    default:
        *reason = "The body could not be read.";
        return MAPI_INVALID_BODY;
    }
}

apr_status_t mapi_read_auxiliary(mapi_request_t *q)
{
    okapi_read_bytes(&q->body, okapi_read_u32(&q->body));
    return okapi_reader_status(&q->body, 0);
}

/* ---- sessions ---- */

/* Whose it isn't can't tell it from one that isn't there: 3.2.5.1. */
static mapi_code_e find_session(mapi_request_t *q, int lock, const char **reason, apr_pool_t *pool)
{
    apr_status_t rv;

    if (q->session_id == NULL) {
        *reason = "The cookie " CONTEXT_COOKIE " is missing.";
        return MAPI_MISSING_COOKIE;
    }
    if (!mapi_session_id_valid(q->session_id)) {
        *reason = "The cookie " CONTEXT_COOKIE " is none of this server's.";
        return MAPI_INVALID_CONTEXT_COOKIE;
    }
    rv = lock ? mapi_session_open(&q->session, &q->sessions, q->session_id, pool)
              : mapi_session_read(&q->session, &q->sessions, q->session_id, pool);
    if (rv == OKAPI_EBUSY) {
        *reason = "Another request of this session is being worked on.";
        return MAPI_INVALID_SEQUENCE;
    }
    if (rv == OKAPI_ENOTFOUND || (rv == APR_SUCCESS && strcmp(q->session->user, q->user->name))) {
        mapi_session_unlock(q->session);
        *reason = "There is no such session any more: connect again.";
        q->session = NULL;
        return MAPI_CONTEXT_NOT_FOUND;
    }
    if (rv != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, q->r,
                      OKLOGNO(01011) "the session %s can't be read", q->session_id);
        *reason = "The session could not be read.";
        return MAPI_UNKNOWN_FAILURE;
    }
    return MAPI_SUCCESS;
}

mapi_code_e mapi_require_session(mapi_request_t *q, const char **reason)
{
    mapi_code_e code = find_session(q, 1, reason, q->r->pool);

    if (code != MAPI_SUCCESS)
        return code;
    if (q->sequence == NULL) {
        *reason = "The cookie " SEQUENCE_COOKIE " is missing.";
        return MAPI_MISSING_COOKIE;
    }
    if (strcmp(q->sequence, apr_psprintf(q->r->pool, "%u", q->session->sequence)) != 0) {
        *reason = "The cookie " SEQUENCE_COOKIE " isn't that of the last answer.";
        return MAPI_INVALID_SEQUENCE;
    }
    q->session->sequence++;
    return MAPI_SUCCESS;
}

mapi_code_e mapi_look_at_session(mapi_request_t *q, const char **reason, apr_pool_t *result_pool)
{
    return find_session(q, 0, reason, result_pool);
}

/* ---- what goes out ---- */

static void echo(request_rec *r, const char *header)
{
    const char *value = apr_table_get(r->headers_in, header);

    if (value != NULL)
        apr_table_setn(r->headers_out, header, value);
}

static void set_cookie(request_rec *r, const char *name, const char *value)
{
    const char *secure = strcmp(ap_http_scheme(r), "https") == 0 ? "; Secure" : "";

    apr_table_addn(r->headers_out, "Set-Cookie",
                   apr_psprintf(r->pool, "%s=%s; Path=%s; HttpOnly%s", name, value,
                                ap_escape_uri(r->pool, r->uri), secure));
}

static void set_headers(mapi_request_t *q, mapi_code_e code)
{
    request_rec *r = q->r;

    echo(r, "X-RequestType");
    echo(r, "X-RequestId");
    echo(r, "X-ClientInfo");
    apr_table_setn(r->headers_out, "X-ResponseCode", apr_itoa(r->pool, code));
    apr_table_setn(r->headers_out, "X-ServerApplication", SERVER_APPLICATION);
    apr_table_setn(r->headers_out, "X-PendingPeriod",
                   apr_psprintf(r->pool, "%" APR_TIME_T_FMT, apr_time_as_msec(q->pending_period)));
    apr_table_setn(
        r->headers_out, "X-ExpirationInfo",
        apr_psprintf(r->pool, "%" APR_TIME_T_FMT, apr_time_as_msec(q->sessions.lifetime)));
    apr_table_setn(r->headers_out, "Cache-Control", "private");
    if (q->session != NULL) {
        set_cookie(r, CONTEXT_COOKIE, q->session->id);
        set_cookie(r, SEQUENCE_COOKIE, apr_psprintf(r->pool, "%u", q->session->sequence));
    }
}

int mapi_refuse(mapi_request_t *q, mapi_code_e code, const char *reason)
{
    request_rec *r = q->r;
    const char *text = apr_psprintf(r->pool,
                                    "<!DOCTYPE html>\n<title>MAPI over HTTP</title>\n"
                                    "<p>X-ResponseCode %d: %s</p>\n",
                                    code, ap_escape_html(r->pool, reason));

    mapi_session_unlock(q->session);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  OKLOGNO(01010) "%s of %s is refused with code %d: %s",
                  q->type ? q->type : r->method, r->user ? r->user : "nobody", code, reason);
    set_headers(q, code);
    ap_set_content_type(r, "text/html");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    ap_rputs(text, r);
    return OK;
}

void mapi_accept(mapi_request_t *q)
{
    set_headers(q, MAPI_SUCCESS);
    ap_set_content_type(q->r, CONTENT_TYPE);
    ap_rputs("PROCESSING\r\n", q->r);
    ap_rflush(q->r);
}

void mapi_pending(const mapi_request_t *q)
{
    ap_rputs("PENDING\r\n", q->r);
}

void mapi_done(const mapi_request_t *q, mapi_code_e code, const okapi_writer_t *body)
{
    char start[APR_RFC822_DATE_LEN];

    mapi_session_unlock(q->session);
    apr_rfc822_date(start, q->start);
    ap_rprintf(q->r, "DONE\r\nX-ElapsedTime: %" APR_TIME_T_FMT "\r\nX-StartTime: %s\r\n",
               apr_time_as_msec(apr_time_now() - q->start), start);
    if (code != MAPI_SUCCESS)
        ap_rprintf(q->r, "X-ResponseCode: %d\r\n", code);
    ap_rputs("\r\n", q->r);
    if (code == MAPI_SUCCESS && body != NULL)
        ap_rwrite(body->data, (int)body->len, q->r);
}

/* ---- the handler ---- */

static mapi_code_e check(mapi_request_t *q, const char **reason)
{
    mapi_code_e code;

    if (q->r->method_number != M_POST) {
        *reason = "The method has to be POST.";
        return MAPI_INVALID_VERB;
    }
    if (q->r->user == NULL) {
        *reason = "Requests have to be authenticated.";
        return MAPI_ANONYMOUS_NOT_ALLOWED;
    }
    code = check_headers(q, reason);
    if (code != MAPI_SUCCESS)
        return code;
    if (mapi_okapi().user(&q->user, q->r) != APR_SUCCESS) {
        *reason = "There is no such user.";
        return MAPI_NO_PRIVILEGE;
    }
    return read_body(q, reason);
}

static int serve(mapi_request_t *q, int endpoint)
{
    const char *reason = NULL;
    mapi_code_e code = endpoint == 0 ? MAPI_INVALID_PATH : check(q, &reason);

    if (code == MAPI_INVALID_PATH)
        reason = "The path ends in neither /emsmdb/ nor /nspi/.";
    if (code != MAPI_SUCCESS)
        return mapi_refuse(q, code, reason);
    for (apr_size_t i = 0; i < sizeof(request_types) / sizeof(request_types[0]); i++)
        if ((request_types[i].endpoints & endpoint) && strcmp(request_types[i].name, q->type) == 0)
            return request_types[i].serve(q);
    return mapi_refuse(q, MAPI_INVALID_REQUEST_TYPE, "The endpoint has no such X-RequestType.");
}

int mapi_transport_handler(request_rec *r)
{
    mapi_request_t *q;

    if (r->handler == NULL || strcmp(r->handler, "mapi") != 0)
        return DECLINED;
    q = apr_pcalloc(r->pool, sizeof(*q));
    q->r = r;
    q->start = apr_time_now();
    q->engine = mapi_okapi().engine(r->server);
    if (q->engine == NULL)
        return HTTP_SERVICE_UNAVAILABLE;
    q->sessions.dir = apr_pstrcat(r->pool, okapi_config(q->engine)->run_dir, "/sessions", NULL);
    q->sessions.lifetime = mapi_server_of(r->server).session_lifetime;
    q->pending_period = q->sessions.lifetime / 2 < PENDING_PERIOD_MAX ? q->sessions.lifetime / 2
                                                                      : PENDING_PERIOD_MAX;
    q->type = apr_table_get(r->headers_in, "X-RequestType");
    q->session_id = find_cookie(r, CONTEXT_COOKIE);
    q->sequence = find_cookie(r, SEQUENCE_COOKIE);
    return serve(q, find_endpoint(r->uri));
}
