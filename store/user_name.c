/* user_name.c - what users may be called, and in which forms others call them. */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "text.h"
#include "user_private.h"

enum { NAME_MAX_BYTES = 64, ADDRESS_MAX_BYTES = 254, LOGIN_MAX = 320 };

#define DN_GROUP "/o=okapi/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"

static const char dn_prefix[] = DN_GROUP "/cn=Recipients/cn=";

const char *okapi__user_name_fault(const char *name)
{
    if (!*name) {
        return "it is empty";
    }
    if (strlen(name) > NAME_MAX_BYTES) {
        return "it is longer than 64 bytes";
    }
    if (*name == '-') {
        return "it begins with '-', as options do";
    }
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if (*p <= ' ' || *p == 0x7F) {
            return "it contains a blank or a control character";
        }
        /* Separators of logins, addresses, paths and of HTTP's Basic authentication. */
        if (strchr("/\\@:+\"<>,;*?", *p)) {
            return "it contains one of / \\ @ : + \" < > , ; * ?";
        }
    }
    return NULL;
}

const char *okapi__address_fault(const char *address)
{
    const char *at = strrchr(address, '@');
    if (!at || at == address || !at[1]) {
        return "it isn't of the form name@domain";
    }
    if (strlen(address) > ADDRESS_MAX_BYTES) {
        return "it is longer than 254 bytes";
    }
    for (const unsigned char *p = (const unsigned char *)address; *p; p++) {
        if (*p <= ' ' || *p == 0x7F || strchr("\"<>,;:\\()[]", *p)) {
            return "it contains a blank, a control character or one of \" < > , ; : \\ ( ) [ ]";
        }
    }
    return memchr(address, '@', (apr_size_t)(at - address)) ? "it has two @" : NULL;
}

/* Is LABEL the configured domain, or its first label as in EXAMPLE\john? */
static int is_our_domain(const char *label, apr_size_t len, const char *domain)
{
    apr_size_t first = strcspn(domain, ".");
    return (len == strlen(domain) || len == first) && len > 0 &&
           strncasecmp(label, domain, len) == 0;
}

okapi__identity_t okapi__login_parse(const char *login, const char *domain, apr_pool_t *result_pool)
{
    okapi__identity_t identity = {NULL, NULL};
    const char *folded = okapi__text_fold(login, LOGIN_MAX, result_pool);
    const char *backslash = strchr(folded, '\\');
    const char *at = strrchr(folded, '@');
    if (backslash) {
        if (is_our_domain(folded, (apr_size_t)(backslash - folded), domain)) {
            identity.name = backslash + 1;
        }
    } else if (at) {
        identity.address = folded;
        if (strcasecmp(at + 1, domain) == 0) {
            identity.name = apr_pstrmemdup(result_pool, folded, (apr_size_t)(at - folded));
        }
    } else {
        identity.name = folded;
    }
    return identity;
}

const char *okapi__address_plain(const char **detail, const char *address,
                                 const char *separators, apr_pool_t *result_pool)
{
    const char *at = strrchr(address, '@');
    apr_size_t local = at ? (apr_size_t)(at - address) : strlen(address);
    apr_size_t user = separators && strcmp(separators, "none") != 0
                          ? strcspn(address, separators)
                          : local;
    if (user == 0 || user >= local) {
        return NULL;
    }
    *detail = apr_pstrmemdup(result_pool, address + user + 1, local - user - 1);
    return apr_pstrcat(result_pool, apr_pstrmemdup(result_pool, address, user), at ? at : "", NULL);
}

okapi_user_t *okapi__user_dup(const okapi_user_t *user, apr_pool_t *result_pool)
{
    okapi_user_t *copy = apr_pmemdup(result_pool, user, sizeof(*user));
    copy->name = apr_pstrdup(result_pool, user->name);
    copy->email = apr_pstrdup(result_pool, user->email);
    copy->fullname = apr_pstrdup(result_pool, user->fullname);
    copy->password = apr_pstrdup(result_pool, user->password);
    return copy;
}

const char *okapi_server_dn(const okapi_t *okapi, apr_pool_t *result_pool)
{
    return apr_pstrcat(result_pool, DN_GROUP "/cn=Configuration/cn=Servers/cn=",
                       okapi_config(okapi)->server_name, NULL);
}

const char *okapi_user_dn(const okapi_t *okapi, const okapi_user_t *user, apr_pool_t *result_pool)
{
    return apr_pstrcat(result_pool, dn_prefix, user->name, NULL);
}

const char *okapi_user_name_of_dn(const okapi_t *okapi, const char *dn, apr_pool_t *result_pool)
{
    if (strncasecmp(dn, dn_prefix, sizeof(dn_prefix) - 1) != 0) {
        return NULL;
    }
    const char *name = okapi__text_fold(dn + sizeof(dn_prefix) - 1, LOGIN_MAX, result_pool);
    return okapi__user_name_fault(name) ? NULL : name;
}
