/* mod_mapi.h - what the module's httpd side shares: its configuration and mod_okapi's functions. */
#ifndef MOD_MAPI_H
#define MOD_MAPI_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include <mod_okapi.h>
#include <okapi_log.h>

extern module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) mapi_module;

typedef struct mapi_server_t {
    apr_interval_time_t session_lifetime; /* negative: not set */
    apr_off_t max_request;                /* bytes of a request's body; negative: not set */
} mapi_server_t;

/* With the defaults filled in. */
mapi_server_t mapi_server_of(const server_rec *s);

/* mod_okapi's, NULL if it isn't loaded. */
typedef struct mapi_okapi_t {
    APR_OPTIONAL_FN_TYPE(okapi_httpd_engine) * engine;
    APR_OPTIONAL_FN_TYPE(okapi_httpd_user) * user;
    APR_OPTIONAL_FN_TYPE(okapi_httpd_wait) * wait;
} mapi_okapi_t;

mapi_okapi_t mapi_okapi(void);

/* The body of R, at most MAX bytes, in r->pool. OKAPI_ETOOBIG: the connection will be closed. */
apr_status_t mapi_read_body(okapi_binary_t *body, request_rec *r, apr_off_t max);

/* ---- handlers ---- */

int mapi_transport_handler(request_rec *r);
int mapi_autodiscover_handler(request_rec *r);

#endif
