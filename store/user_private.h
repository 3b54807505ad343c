/* user_private.h - names, logins and addresses of users. */
#ifndef OKAPI_USER_PRIVATE_H
#define OKAPI_USER_PRIVATE_H

#include <okapi/user.h>

#include "db/db.h"

/* Why NAME (folded) can't be a user's name, or ADDRESS an address; NULL if it can. */
const char *okapi__user_name_fault(const char *name);
const char *okapi__address_fault(const char *address);

/* What a login or a recipient means: an address to look for, and a name to look for if that isn't
 * known; either may be NULL. All folded. */
typedef struct okapi__identity_t {
    const char *address;
    const char *name;
} okapi__identity_t;

/* "john", "john@example.org", "EXAMPLE\john". Of another domain than DOMAIN: no name. */
okapi__identity_t okapi__login_parse(const char *login, const char *domain,
                                     apr_pool_t *result_pool);

/* ADDRESS without its "+detail" (RFC 5233), which is *DETAIL; NULL if it has none. SEPARATORS is
 * okapi.conf's AddressSeparator. */
const char *okapi__address_plain(const char **detail, const char *address,
                                 const char *separators, apr_pool_t *result_pool);

/* From the columns id, name, email, fullname, flags, password, which come first. */
okapi_user_t *okapi__user_of_row(okapi__rows_t *rows, apr_pool_t *result_pool);

okapi_user_t *okapi__user_dup(const okapi_user_t *user, apr_pool_t *result_pool);

/* The bcrypt hash of PASSWORD. OKAPI_EINVAL if it is empty or longer than bcrypt looks at. */
apr_status_t okapi__password_hash(const char **hash, const char *password, apr_pool_t *result_pool);

#endif
