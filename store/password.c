/* password.c - passwords as bcrypt hashes. */
#include <string.h>

#include <apr_general.h>
#include <apr_md5.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "user_private.h"

enum {
    COST = 10, /* 2^10 rounds: some 50 ms */
    SALT_SIZE = 16,
    HASH_SIZE = 61,   /* "$2y$10$", 53 characters, zero */
    PASSWORD_MAX = 72 /* bcrypt ignores what follows */
};

/* Of a random password nobody knows: compared with where there is no hash, so that an answer
 * doesn't tell by its time whether the user exists. */
static const char nobody[] = "$2y$10$3Ue2vCSmxT0l6vYJ1iQ7..l1Rd5ZBGGfyhTYJTyeXK3MbG0bNPvnu";

apr_status_t okapi__password_hash(const char **hash, const char *password, apr_pool_t *result_pool)
{
    unsigned char salt[SALT_SIZE];
    char *text = apr_palloc(result_pool, HASH_SIZE);
    apr_size_t len = strlen(password);
    if (len == 0 || len > PASSWORD_MAX) {
        return OKAPI_EINVAL;
    }
    apr_status_t rv = apr_generate_random_bytes(salt, sizeof(salt));
    if (rv == APR_SUCCESS) {
        rv = apr_bcrypt_encode(password, COST, salt, sizeof(salt), text, HASH_SIZE);
    }
    *hash = text;
    return rv;
}

apr_status_t okapi_user_check_password(const okapi_user_t *user, const char *password)
{
    int has_hash = user && user->password && *user->password;
    apr_status_t rv = apr_password_validate(password, has_hash ? user->password : nobody);
    if (rv != APR_SUCCESS || !has_hash || (user->flags & OKAPI_USER_DISABLED) ||
        strlen(password) > PASSWORD_MAX) {
        return OKAPI_ELOGIN;
    }
    return APR_SUCCESS;
}
