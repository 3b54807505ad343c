/* mod_gateway.h - what the files of mod_gateway share. */
#ifndef MOD_GATEWAY_H
#define MOD_GATEWAY_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include <apr_thread_pool.h>
#include <mod_okapi.h>
#include <okapi_log.h>

extern module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) gateway_module;

/* What a server speaks instead of HTTP. */
typedef struct gw_protocol_t {
    const char *name; /* as OkapiProtocol has it */
    void (*serve)(conn_rec *c, okapi_t *okapi); /* OKAPI is NULL while the database is away */
} gw_protocol_t;

typedef struct gw_server_t {
    const gw_protocol_t *protocol; /* NULL: HTTP */
    apr_array_header_t *from;      /* of apr_ipsubnet_t *; NULL: this machine only */
    apr_array_header_t *deliverers; /* of const char *: subjects of certificates; NULL: none */
} gw_server_t;

/* The threads that deliver beside the one that has read a message; NULL: there are none. */
apr_thread_pool_t *gw_helpers(void);

/* The child's engine; NULL while the database is away. */
okapi_t *gw_engine(server_rec *s);

/* deliver.c */
int gw_deliver_handler(request_rec *r);

/* lmtp.c */
extern const gw_protocol_t gw_lmtp;

#endif
