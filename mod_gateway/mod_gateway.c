/* mod_gateway.c - protocols other than HTTP on httpd's connections, and mail that is posted:
 * directives and hooks. */
#include "mod_gateway.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_connection.h>
#include <http_protocol.h>
#include <string.h>

#include <okapi/mime.h>

APLOG_USE_MODULE(gateway);

enum { HELPERS = 8 };

static const gw_protocol_t *const protocols[] = {&gw_lmtp};

static APR_OPTIONAL_FN_TYPE(okapi_httpd_engine) *engine_of;
static apr_thread_pool_t *helpers; /* of this child */

apr_thread_pool_t *gw_helpers(void)
{
    return helpers;
}

okapi_t *gw_engine(server_rec *s)
{
    return engine_of != NULL ? engine_of(s) : NULL;
}

/* ---- configuration ---- */

static void *create_server(apr_pool_t *pool, server_rec *s)
{
    return apr_pcalloc(pool, sizeof(gw_server_t));
}

static gw_server_t *server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &gateway_module);
}

/* ---- directives ---- */

static const char *set_protocol(cmd_parms *cmd, void *unused, const char *name)
{
    apr_size_t i;

    for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (strcasecmp(protocols[i]->name, name) == 0) {
            server_of(cmd->server)->protocol = protocols[i];
            return NULL;
        }
    }
    return apr_pstrcat(cmd->pool, "OkapiProtocol: ", name, " isn't known; it can be lmtp", NULL);
}

static const char *add_from(cmd_parms *cmd, void *unused, const char *network)
{
    gw_server_t *server = server_of(cmd->server);
    char *address = apr_pstrdup(cmd->pool, network), *mask = strchr(address, '/');
    apr_ipsubnet_t *subnet;

    if (mask != NULL) {
        *mask++ = '\0';
    }
    if (apr_ipsubnet_create(&subnet, address, mask, cmd->pool) != APR_SUCCESS) {
        return apr_pstrcat(cmd->pool, "OkapiFrom: ", network,
                           " is neither an address nor a network as 10.0.0.0/8", NULL);
    }
    if (server->from == NULL) {
        server->from = apr_array_make(cmd->pool, 2, sizeof(apr_ipsubnet_t *));
    }
    APR_ARRAY_PUSH(server->from, apr_ipsubnet_t *) = subnet;
    return NULL;
}

static const char *add_deliverer(cmd_parms *cmd, void *unused, const char *subject)
{
    gw_server_t *server = server_of(cmd->server);

    if (server->deliverers == NULL) {
        server->deliverers = apr_array_make(cmd->pool, 2, sizeof(const char *));
    }
    APR_ARRAY_PUSH(server->deliverers, const char *) = subject;
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("OkapiProtocol", set_protocol, NULL, RSRC_CONF,
                  "What this virtual host speaks instead of HTTP: lmtp."),
    AP_INIT_ITERATE("OkapiFrom", add_from, NULL, RSRC_CONF,
                    "The addresses and networks that may connect, besides this machine."),
    AP_INIT_ITERATE("OkapiDeliverer", add_deliverer, NULL, RSRC_CONF,
                    "The subjects of the certificates (as SSL_CLIENT_S_DN has them) with which "
                    "okapi-dagent --server may deliver."),
    {NULL}};

/* ---- hooks ---- */

static int is_in(apr_sockaddr_t *address, const char *network, const char *mask, apr_pool_t *pool)
{
    apr_ipsubnet_t *subnet;

    return apr_ipsubnet_create(&subnet, network, mask, pool) == APR_SUCCESS &&
           apr_ipsubnet_test(subnet, address);
}

/* Who speaks to us has not proved who he is. */
static int is_welcome(conn_rec *c, const gw_server_t *server)
{
    int i;

    for (i = 0; server->from != NULL && i < server->from->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(server->from, i, apr_ipsubnet_t *), c->client_addr)) {
            return 1;
        }
    }
    return is_in(c->client_addr, "127.0.0.0", "8", c->pool) ||
           is_in(c->client_addr, "::1", NULL, c->pool);
}

static int process_connection(conn_rec *c)
{
    const gw_server_t *server = server_of(c->base_server);

    if (server->protocol == NULL || c->outgoing) {
        return DECLINED;
    }
    if (is_welcome(c, server)) {
        server->protocol->serve(c, gw_engine(c->base_server));
    } else {
        ap_log_cerror(APLOG_MARK, APLOG_WARNING, 0, c,
                      OKLOGNO(02001) "%s from %s isn't allowed: OkapiFrom", server->protocol->name,
                      c->client_ip);
    }
    c->keepalive = AP_CONN_CLOSE;
    if (c->cs != NULL) {
        c->cs->state = CONN_STATE_LINGER;
    }
    return OK;
}

static void child_init(apr_pool_t *pchild, server_rec *s)
{
    apr_status_t rv;

    okapi_mime_init();
    for (; s != NULL && server_of(s)->protocol == NULL; s = s->next) {
    }
    if (s == NULL) {
        return;
    }
    rv = apr_thread_pool_create(&helpers, 0, HELPERS, pchild);
    if (rv != APR_SUCCESS) {
        helpers = NULL;
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     OKLOGNO(02002) "no threads to deliver to several mailboxes at once: a message "
                                    "gets to them one after the other");
    }
}

static void retrieve_functions(void)
{
    engine_of = APR_RETRIEVE_OPTIONAL_FN(okapi_httpd_engine);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_optional_fn_retrieve(retrieve_functions, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(gw_deliver_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_process_connection(process_connection, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA gateway_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, create_server, NULL, directives, register_hooks};
