/* mod_okapi.c - Okapi inside httpd: configuration, directives, hooks, the module record. */
#include "okapi_httpd.h"

#include <apr_strings.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <mpm_common.h>

APLOG_USE_MODULE(okapi);

/* ---- configuration ---- */

static void *create_server(apr_pool_t *pool, server_rec *s)
{
    return apr_pcalloc(pool, sizeof(okapi__server_t));
}

static void *merge_server(apr_pool_t *pool, void *base, void *over)
{
    okapi__server_t *merged = apr_pmemdup(pool, over, sizeof(*merged));

    if (merged->config == NULL) {
        merged->config = ((okapi__server_t *)base)->config;
    }
    return merged;
}

/* ---- directives ---- */

static const char *set_store(cmd_parms *cmd, void *unused, const char *path)
{
    okapi__server_t *sc = okapi__server_of(cmd->server);
    okapi_config_t *config;
    const char *message = NULL;
    apr_status_t rv;

    path = ap_server_root_relative(cmd->pool, path);
    if (path == NULL) {
        return "OkapiStore: the path is invalid";
    }
    rv = okapi_config_read(&config, &message, path, cmd->pool);
    if (rv != APR_SUCCESS) {
        char buffer[256];

        if (message == NULL) {
            message = okapi_strerror(rv, buffer, sizeof(buffer));
        }
        return apr_psprintf(cmd->pool, "OkapiStore %s: %s", path, message);
    }
    sc->config = config;
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("OkapiStore", set_store, NULL, RSRC_CONF,
                  "The okapi.conf that names the database and the run directory."),
    {NULL}};

/* ---- hooks ---- */

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    okapi__process_t *process;
    apr_status_t rv;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    rv = okapi__process_create(&process, s, pconf, ptemp);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     OKLOGNO(00001) "the memory shared by the children can't be made");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (process->backends->nelts > 0) {
        okapi__jobs_register(process, s, pconf);
    }
    return OK;
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(okapi__child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_stopping(okapi__child_stopping, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_status(okapi__child_status, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_process_connection(okapi__wait_process_connection, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_suspend_connection(okapi__park_suspend, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_resume_connection(okapi__park_resume, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(okapi__status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    okapi__auth_register(pool);
    APR_REGISTER_OPTIONAL_FN(okapi_httpd_engine);
    APR_REGISTER_OPTIONAL_FN(okapi_httpd_user);
    APR_REGISTER_OPTIONAL_FN(okapi_httpd_wait);
}

module AP_MODULE_DECLARE_DATA okapi_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, create_server, merge_server, directives, register_hooks};
