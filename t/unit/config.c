/* config.c - reading okapi.conf, and what it says about a wrong one. */
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <okapi/config.h>
#include <okapi/error.h>

#include "tap.h"

static const char *dir;

static const char *conf(const char *text, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, dir, "/okapi.conf", NULL);
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
    return path;
}

/* Reads TEXT; NULL with *MESSAGE set if it is refused. */
static okapi_config_t *read_text(const char *text, const char **message, apr_pool_t *pool)
{
    okapi_config_t *config = NULL;
    apr_status_t rv = okapi_config_read(&config, message, conf(text, pool), pool);

    return rv == APR_SUCCESS ? config : NULL;
}

static void refused(const char *text, const char *want, apr_pool_t *pool)
{
    const char *message = NULL;
    okapi_config_t *config = NULL;
    apr_status_t rv = okapi_config_read(&config, &message, conf(text, pool), pool);

    is_int(rv, OKAPI_ECONFIG, "refused: %s", want);
    is_str(message, apr_pstrcat(pool, dir, "/okapi.conf: ", want, NULL), "says so");
}

static void values(apr_pool_t *pool)
{
    const char *message;
    okapi_config_t *config = read_text("# a comment\n"
                                       "\n"
                                       "  database\tpgsql:host=db password=a#b\r\n"
                                       "RunDirectory run\n"
                                       "DOMAIN example.org\n"
                                       "ServerName \"mail.example.org\"\n"
                                       "MaxMessage 64M\n"
                                       "MaxHeader 2048k\n"
                                       "MimeDepth 7\n"
                                       "SendTLS Must\nSendRetry 90s\nSendGiveUp 2d\nSendCAFile ca.pem\n"
                                       "Connections 3",
                                       &message, pool);

    if (!ok(config != NULL, "read")) {
        diag("%s", message);
        return;
    }
    is_str(config->database, "pgsql:host=db password=a#b", "Database");
    is_str(config->run_dir, apr_pstrcat(pool, dir, "/run", NULL), "RunDirectory");
    is_str(config->domain, "example.org", "Domain");
    is_str(config->server_name, "mail.example.org", "ServerName");
    is_int(config->send_tls, OKAPI_SEND_TLS_MUST, "a choice");
    is_int(config->send_retry, 90, "seconds");
    is_int(config->send_give_up, 2 * 86400, "days");
    is_str(config->send_ca_file, apr_pstrcat(pool, dir, "/ca.pem", NULL), "a file beside it");
    is_str(config->send_credentials, "", "none");
    is_str(config->send_helo, "mail.example.org", "the name of the server");
    is_int(config->max_message, 64 << 20, "MaxMessage");
    is_int(config->max_header, 2 << 20, "MaxHeader");
    is_int(config->mime_depth, 7, "MimeDepth");
    is_int(config->connections, 3, "Connections");

    config = read_text("Database sqlite3:store.db\n", &message, pool);
    is_str(config->database, apr_pstrcat(pool, "sqlite3:", dir, "/store.db", NULL),
           "a relative path begins beside okapi.conf");
}

/* An empty file gives the defaults, and the template says the same. */
static void defaults(apr_pool_t *pool)
{
    const char *message;
    okapi_config_t *empty = read_text("", &message, pool), *config;
    char *text = apr_pstrdup(pool, okapi_config_template(pool)), *p;

    is_str(empty->database, "sqlite3:/var/lib/okapi/store.db", "default Database");
    is_int(empty->connections, 8, "default Connections");
    ok(empty->server_name[0] != '\0', "default ServerName: %s", empty->server_name);
    ok(read_text(text, &message, pool) != NULL, "the template is a configuration");
    for (p = text; (p = strstr(p, "\n#")) != NULL; p++) {
        if (p[2] != ' ') {
            p[1] = ' ';
        }
    }
    config = read_text(text, &message, pool);
    if (ok(config != NULL, "so it is with its settings")) {
        is_str(config->database, empty->database, "the template's Database");
        is_str(config->server_name, empty->server_name, "the template's ServerName");
        is_int(config->max_message, empty->max_message, "the template's MaxMessage");
    }
}

static void errors(apr_pool_t *pool)
{
    char *line = apr_palloc(pool, 5001);
    const char *message;
    okapi_config_t *config;

    refused("Domain a\nDatabsae sqlite3:x\n",
            "line 2: unknown setting Databsae; did you mean "
            "Database?",
            pool);
    refused("server mail\n", "line 1: unknown setting server; did you mean ServerName?", pool);
    refused("Domain\n", "line 1: Domain has no value", pool);
    refused("SendRelay mail:25\n",
            "line 1: SendRelay expects smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT or "
            "none",
            pool);
    refused("SendTLS yes\n", "line 1: SendTLS expects one of none, may, must", pool);
    refused("SendRetry 1x\n", "line 1: SendRetry expects a time, like 90s, 10m, 12h or 5d", pool);
    refused("SendRetry 2d\n", "line 1: SendRetry must be between 1 and 86400 seconds", pool);
    refused("Domain a\n\nDomain b\n", "line 3: Domain is set in line 1 already", pool);
    refused("Database oracle:x\n",
            "line 1: Database expects sqlite3:PATH, mysql:PARAMETERS or "
            "pgsql:PARAMETERS",
            pool);
    refused("MaxMessage lots\n", "line 1: MaxMessage expects a number of bytes, like 64M", pool);
    refused("MimeDepth 5M\n", "line 1: MimeDepth expects a number", pool);
    refused("MimeDepth 0\n", "line 1: MimeDepth must be between 1 and 1000", pool);
    refused("MimeDepth -3\n", "line 1: MimeDepth must be between 1 and 1000", pool);
    refused("Connections 99999999999999999999\n", "line 1: Connections must be between 1 and 1000",
            pool);
    refused("MaxHeader 9999999G\n", "line 1: MaxHeader must be between 1024 and 1073741824", pool);
    memset(line, 'x', 5000);
    line[5000] = '\0';
    refused(line, "line 1: the line is too long", pool);

    ok(APR_STATUS_IS_ENOENT(
           okapi_config_read(&config, &message, apr_pstrcat(pool, dir, "/none", NULL), pool)),
       "a missing file");
    ok(strstr(message, "/none can't be read: No such file") != NULL, "%s", message);
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    char template[] = "/tmp/okapi-config-XXXXXX";

    dir = mkdtemp(template);
    values(pool);
    defaults(pool);
    errors(pool);
    unlink(apr_pstrcat(pool, dir, "/okapi.conf", NULL));
    rmdir(dir);
    return done_testing();
}
