/* auth.c - AuthBasicProvider okapi: the users of the database, by any of their names.
 *
 * A provider can't say that it is asked too early: mod_auth_basic makes an error 500 of all that is
 * neither a yes nor a no. With AuthBasicAuthoritative Off it passes such an answer on, and an
 * unknown user too, to answer_rest, which says 503 while the database is away.
 */
#include "okapi_httpd.h"
#include "auth_cache.h"

#include <ap_provider.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>

#include <okapi/error.h>

APLOG_USE_MODULE(okapi);

#define RETRY_AFTER "10" /* seconds */

/* In the request's configuration: whom the provider has looked for, to be looked for once. */
typedef struct found_t {
    const char *login; /* as typed */
    apr_status_t status;
    const okapi_user_t *user; /* if that is APR_SUCCESS */
} found_t;

static apr_status_t look_up(okapi_user_t **user, request_rec *r, const char *login)
{
    okapi_t *okapi = okapi_httpd_engine(r->server);
    apr_pool_t *scratch_pool;
    apr_status_t rv;

    if (okapi == NULL) {
        return OKAPI_ENODATABASE;
    }
    apr_pool_create(&scratch_pool, r->pool);
    rv = okapi_user_by_login(user, okapi, login, r->pool, scratch_pool);
    apr_pool_destroy(scratch_pool);
    return rv;
}

static apr_status_t find_user(const okapi_user_t **user_p, request_rec *r, const char *login)
{
    found_t *found = ap_get_module_config(r->request_config, &okapi_module);
    okapi_user_t *user = NULL;

    if (found == NULL || strcmp(found->login, login) != 0) {
        found = apr_palloc(r->pool, sizeof(*found));
        found->login = apr_pstrdup(r->pool, login);
        found->status = look_up(&user, r, login);
        found->user = user;
        ap_set_module_config(r->request_config, &okapi_module, found);
    }
    if (found->status == APR_SUCCESS) {
        *user_p = found->user;
    }
    return found->status;
}

apr_status_t okapi_httpd_user(const okapi_user_t **user, request_rec *r)
{
    if (r->user == NULL) {
        return OKAPI_ELOGIN;
    }
    return find_user(user, r, r->user);
}

/* Is it USER's password? A hash is computed only for what this child hasn't seen yet. */
static apr_status_t check(const okapi_user_t *user, const char *password, okapi__process_t *process)
{
    okapi__auth_cache_t *cache = process->auth_cache;
    unsigned char digest[OKAPI__AUTH_DIGEST];
    apr_status_t rv;

    if (user->flags & OKAPI_USER_DISABLED) {
        return OKAPI_ELOGIN;
    }
    rv = cache == NULL
             ? APR_ENOTIMPL
             : okapi__auth_cache_digest(digest, cache, user->password, user->name, password);
    if (rv == APR_SUCCESS && okapi__auth_cache_has(cache, digest)) {
        okapi__bell_count(process->bell, OKAPI__CACHED, 1);
        return APR_SUCCESS;
    }
    okapi__bell_count(process->bell, OKAPI__PASSWORDS, 1);
    if (okapi_user_check_password(user, password) != APR_SUCCESS) {
        return OKAPI_ELOGIN;
    }
    if (rv == APR_SUCCESS) {
        okapi__auth_cache_add(cache, digest);
    }
    return APR_SUCCESS;
}

static const char *reason(apr_status_t rv, const okapi_user_t *user)
{
    if (rv == OKAPI_EUNKNOWNUSER) {
        return "there is no such user";
    }
    return user->flags & OKAPI_USER_DISABLED ? "the user is disabled" : "the password is wrong";
}

static authn_status check_password(request_rec *r, const char *login, const char *password)
{
    static const okapi_user_t nobody = {.name = "", .password = ""};
    okapi__process_t *process = okapi__server_of(r->server)->process;
    const okapi_user_t *user = &nobody;
    char buffer[256];
    apr_status_t rv = find_user(&user, r, login);

    if (rv == APR_SUCCESS) {
        rv = check(user, password, process);
    } else if (rv == OKAPI_EUNKNOWNUSER) {
        /* As slow as a wrong password: the time must not tell who exists. */
        okapi__bell_count(process->bell, OKAPI__PASSWORDS, 1);
        okapi_user_check_password(&nobody, password);
    } else {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      OKLOGNO(00031) "user %.100s can't be looked up: %s", login,
                      okapi_strerror(rv, buffer, sizeof(buffer)));
        return AUTH_GENERAL_ERROR;
    }
    if (rv == APR_SUCCESS) {
        return AUTH_GRANTED;
    }
    okapi__bell_count(process->bell, OKAPI__REFUSED, 1);
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, OKLOGNO(00030) "failed login as %.100s: %s",
                  login, reason(rv, user));
    return rv == OKAPI_EUNKNOWNUSER ? AUTH_USER_NOT_FOUND : AUTH_DENIED;
}

/* What mod_auth_basic has left open after the provider was asked. */
static int answer_rest(request_rec *r)
{
    const found_t *found = ap_get_module_config(r->request_config, &okapi_module);

    if (found == NULL || found->status == APR_SUCCESS) {
        return DECLINED;
    }
    if (found->status == OKAPI_EUNKNOWNUSER) {
        ap_note_auth_failure(r);
        return HTTP_UNAUTHORIZED;
    }
    apr_table_setn(r->err_headers_out, "Retry-After", RETRY_AFTER);
    return HTTP_SERVICE_UNAVAILABLE;
}

static const authn_provider provider = {check_password, NULL};

void okapi__auth_register(apr_pool_t *pool)
{
    static const char *const before[] = {"mod_authn_core.c", NULL}; /* which tells of a mistake */

    ap_register_auth_provider(pool, AUTHN_PROVIDER_GROUP, "okapi", AUTHN_PROVIDER_VERSION,
                              &provider, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(answer_rest, NULL, before, APR_HOOK_LAST, AP_AUTH_INTERNAL_PER_CONF);
}
