/* mod_mapi.c - MAPI over HTTP and Autodiscover inside httpd: configuration, directives, hooks. */
#include "mod_mapi.h"

#include <apr_strings.h>
#include <libxml/parser.h>

APLOG_USE_MODULE(mapi);

/* ---- configuration ---- */

#define DEFAULT_SESSION_LIFETIME apr_time_from_sec(15 * 60)
#define DEFAULT_MAX_REQUEST      (4 * 1024 * 1024)

static void *create_server(apr_pool_t *pool, server_rec *s)
{
    mapi_server_t *config = apr_palloc(pool, sizeof(*config));

    config->session_lifetime = -1;
    config->max_request = -1;
    return config;
}

static void *merge_server(apr_pool_t *pool, void *base_config, void *over_config)
{
    const mapi_server_t *base = base_config, *over = over_config;
    mapi_server_t *config = apr_palloc(pool, sizeof(*config));

    config->session_lifetime =
        over->session_lifetime >= 0 ? over->session_lifetime : base->session_lifetime;
    config->max_request = over->max_request >= 0 ? over->max_request : base->max_request;
    return config;
}

mapi_server_t mapi_server_of(const server_rec *s)
{
    mapi_server_t config =
        *(const mapi_server_t *)ap_get_module_config(s->module_config, &mapi_module);

    if (config.session_lifetime < 0)
        config.session_lifetime = DEFAULT_SESSION_LIFETIME;
    if (config.max_request < 0)
        config.max_request = DEFAULT_MAX_REQUEST;
    return config;
}

/* ---- directives ---- */

static const char *set_session_lifetime(cmd_parms *cmd, void *unused, const char *text)
{
    mapi_server_t *config = ap_get_module_config(cmd->server->module_config, &mapi_module);
    apr_interval_time_t lifetime;

    if (ap_timeout_parameter_parse(text, &lifetime, "s") != APR_SUCCESS ||
        lifetime < apr_time_from_sec(1))
        return apr_psprintf(cmd->pool,
                            "MapiSessionLifetime: %s isn't a time of a second or more, "
                            "like 900 or 15min",
                            text);
    config->session_lifetime = lifetime;
    return NULL;
}

static const char *set_max_request(cmd_parms *cmd, void *unused, const char *text)
{
    mapi_server_t *config = ap_get_module_config(cmd->server->module_config, &mapi_module);
    char *end;

    if (apr_strtoff(&config->max_request, text, &end, 10) != APR_SUCCESS || *end != '\0' ||
        config->max_request < 65536)
        return apr_psprintf(cmd->pool, "MapiMaxRequestSize: %s isn't a number of bytes from 65536",
                            text);
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("MapiSessionLifetime", set_session_lifetime, NULL, RSRC_CONF,
                  "How long an unused MAPI session is kept; 15min if not set."),
    AP_INIT_TAKE1("MapiMaxRequestSize", set_max_request, NULL, RSRC_CONF,
                  "Bytes that the body of a MAPI request may have; 4194304 if not set."),
    {NULL}};

/* ---- mod_okapi's functions ---- */

static mapi_okapi_t okapi_functions; /* written once, before there are threads */

mapi_okapi_t mapi_okapi(void)
{
    return okapi_functions;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    okapi_functions.engine = APR_RETRIEVE_OPTIONAL_FN(okapi_httpd_engine);
    okapi_functions.user = APR_RETRIEVE_OPTIONAL_FN(okapi_httpd_user);
    okapi_functions.wait = APR_RETRIEVE_OPTIONAL_FN(okapi_httpd_wait);
    if (okapi_functions.engine == NULL) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     OKLOGNO(01001) "mod_mapi needs mod_okapi: add LoadModule okapi_module");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    xmlInitParser(); /* before there are threads */
    return OK;
}

/* ---- hooks ---- */

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(mapi_transport_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(mapi_autodiscover_handler, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA mapi_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, create_server, merge_server, directives, register_hooks};
