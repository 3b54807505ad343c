/* deliver.c - mail from the delivery agent of another machine, over HTTPS.
 *
 *   POST /okapi/deliver?from=SENDER&to=ADDRESS&to=ADDRESS   with the message as body
 *
 * answers 200 and a line for each recipient, as LMTP does. Who posts is known by the subject of a
 * certificate that mod_ssl has verified, and has to be in the list of OkapiDeliverer.
 */
#include "mod_gateway.h"
#include "post.h"

#include <apr_escape.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <http_ssl.h>
#include <string.h>

#include <okapi/error.h>

APLOG_USE_MODULE(gateway);

enum { CHUNK = 32768, RECIPIENTS_MAX = 1000 };

/* ---- who posts ---- */

static const char *ssl_variable(request_rec *r, const char *name)
{
    const char *value = ap_ssl_var_lookup(r->pool, r->server, r->connection, r, name);

    return value != NULL ? value : "";
}

static int is_deliverer(request_rec *r)
{
    const gw_server_t *server = ap_get_module_config(r->server->module_config, &gateway_module);
    const char *subject = ssl_variable(r, "SSL_CLIENT_S_DN");
    int i;

    if (strcmp(ssl_variable(r, "SSL_CLIENT_VERIFY"), "SUCCESS") != 0) {
        subject = "";
    }
    for (i = 0; *subject && server->deliverers && i < server->deliverers->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(server->deliverers, i, const char *), subject) == 0) {
            return 1;
        }
    }
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                  OKLOGNO(02020) "mail from %s isn't taken: its certificate (%s) isn't one of "
                                 "OkapiDeliverer",
                  r->useragent_ip, *subject ? subject : "none that is verified");
    return 0;
}

/* ---- what is posted ---- */

typedef struct recipient_t {
    const char *address;
    apr_status_t status; /* of looking for it */
} recipient_t;

typedef struct envelope_t {
    const char *sender;
    apr_array_header_t *recipients; /* of recipient_t */
} envelope_t;

/* The query's values. OKAPI_EINVAL if it can't be one. */
static apr_status_t read_envelope(envelope_t *envelope, request_rec *r)
{
    char *query = apr_pstrdup(r->pool, r->args != NULL ? r->args : ""), *word, *state;

    envelope->sender = "";
    envelope->recipients = apr_array_make(r->pool, 1, sizeof(recipient_t));
    for (word = apr_strtok(query, "&", &state); word; word = apr_strtok(NULL, "&", &state)) {
        char *value = strchr(word, '=');

        if (value == NULL || apr_unescape_url(value + 1, value + 1, APR_ESCAPE_STRING, NULL, NULL,
                                              0, NULL) == APR_EINVAL) {
            return OKAPI_EINVAL;
        }
        *value++ = '\0';
        if (strpbrk(value, "\r\n") != NULL) {
            return OKAPI_EINVAL;
        }
        if (strcmp(word, "from") == 0) {
            envelope->sender = value;
        } else if (strcmp(word, "to") == 0) {
            ((recipient_t *)apr_array_push(envelope->recipients))->address = value;
        } else {
            return OKAPI_EINVAL;
        }
    }
    return envelope->recipients->nelts > 0 && envelope->recipients->nelts <= RECIPIENTS_MAX
               ? APR_SUCCESS
               : OKAPI_EINVAL;
}

/* OK or an HTTP status; *STATUS is OKAPI_ETOOBIG for a message that is. */
static int read_message(request_rec *r, okapi_incoming_t *incoming, apr_status_t *status)
{
    char buffer[CHUNK];
    long n;
    int rv = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);

    *status = APR_SUCCESS;
    if (rv != OK || !ap_should_client_block(r)) {
        return rv;
    }
    while ((n = ap_get_client_block(r, buffer, sizeof(buffer))) > 0) {
        *status = okapi_incoming_add(incoming, buffer, (apr_size_t)n);
    }
    return n < 0 || r->connection->aborted ? HTTP_BAD_REQUEST : OK;
}

/* ---- answering ---- */

static void answer(request_rec *r, okapi_t *okapi, const recipient_t *recipient,
                   apr_status_t status)
{
    okapi_reply_t reply = okapi_receive_reply(status, okapi_config(okapi));
    char reason[200];

    ap_rprintf(r, "%d %s <%s> %s\n", reply.code, reply.enhanced, recipient->address,
               status == APR_SUCCESS ? "delivered"
                                     : okapi_strerror(status, reason, sizeof(reason)));
}

static void deliver(request_rec *r, okapi_t *okapi, const envelope_t *envelope,
                    okapi_incoming_t *incoming, apr_status_t status)
{
    gw_post_t *post = gw_post_create(okapi, envelope->sender, r->pool);
    okapi_binary_t raw;
    int i, known = 0;

    for (i = 0; i < envelope->recipients->nelts; i++) {
        recipient_t *recipient = &APR_ARRAY_IDX(envelope->recipients, i, recipient_t);
        recipient->status = gw_post_add(post, recipient->address, r->pool);
    }
    if (status == APR_SUCCESS) {
        status = okapi_incoming_finish(&raw, incoming, envelope->sender);
    }
    if (status == APR_SUCCESS) {
        gw_post_deliver(post, raw, r->pool);
    }
    ap_set_content_type(r, "text/plain; charset=utf-8");
    for (i = 0; i < envelope->recipients->nelts; i++) {
        const recipient_t *recipient = &APR_ARRAY_IDX(envelope->recipients, i, recipient_t);
        apr_status_t its = recipient->status;

        if (its == APR_SUCCESS) {
            its = status == APR_SUCCESS ? gw_post_status(post, known) : status;
            known++;
        }
        answer(r, okapi, recipient, its);
    }
}

int gw_deliver_handler(request_rec *r)
{
    okapi_incoming_t *incoming;
    envelope_t envelope;
    apr_status_t status;
    okapi_t *okapi;
    int rv;

    if (r->handler == NULL || strcmp(r->handler, "okapi-deliver") != 0) {
        return DECLINED;
    }
    r->allowed = AP_METHOD_BIT << M_POST;
    if (r->method_number != M_POST) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (!is_deliverer(r)) {
        return HTTP_FORBIDDEN;
    }
    okapi = gw_engine(r->server);
    if (okapi == NULL) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    if (read_envelope(&envelope, r) != APR_SUCCESS) {
        return HTTP_BAD_REQUEST;
    }
    incoming = okapi_incoming_create(okapi_config(okapi)->max_message, r->pool);
    rv = read_message(r, incoming, &status);
    if (rv == OK) {
        deliver(r, okapi, &envelope, incoming, status);
    }
    return rv;
}
