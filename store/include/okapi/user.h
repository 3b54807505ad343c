/* user.h - people and how they log in. */
#ifndef OKAPI_USER_H
#define OKAPI_USER_H

#include <okapi/engine.h>
#include <apr_tables.h>

enum {
    OKAPI_USER_ADMIN = 0x1,
    OKAPI_USER_DISABLED = 0x2,
    OKAPI_USER_HIDDEN = 0x4,
    OKAPI_USER_ROOM = 0x8, /* not somebody, but something that takes part in meetings */
    OKAPI_USER_EQUIPMENT = 0x10,
    OKAPI_USER_ANSWERS = 0x20,           /* it accepts by itself, ... */
    OKAPI_USER_DECLINE_CONFLICTS = 0x40, /* ... and declines what it has no time for, */
    OKAPI_USER_DECLINE_RECURRING = 0x80  /* and series */
};

typedef struct okapi_user_t {
    okapi_id_t id;
    const char *name;     /* "john", folded to lower case, unique */
    const char *email;    /* primary SMTP address */
    const char *fullname;
    apr_uint32_t flags;   /* OKAPI_USER_* */
    const char *password; /* the hash, "$2y$..."; "" if no password is set */
} okapi_user_t;

/* Somebody who isn't known: the actor of a store that is opened without a login. */
extern const okapi_user_t okapi_user_anonymous;

/* OKAPI_EEXISTS if the name or the address is taken. Makes the user's mailbox too.
 * PASSWORD may be NULL: nobody can log in with one then. */
apr_status_t okapi_user_add(okapi_t *okapi, const okapi_user_t *user, const char *password,
                            apr_pool_t *scratch_pool);

/* LOGIN in any of the three forms: john, john@example.org, EXAMPLE\john. OKAPI_EUNKNOWNUSER. */
apr_status_t okapi_user_by_login(okapi_user_t **user, okapi_t *okapi, const char *login,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* An address a message is for, or a name; plus-addressing is cut off. OKAPI_EUNKNOWNUSER. */
apr_status_t okapi_user_by_address(okapi_user_t **user, okapi_t *okapi, const char *address,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* The same for N ADDRESSES at once, in a question to the database for every eight of them. USERS
 * has room for N; NULL for whom there isn't. */
apr_status_t okapi_users_by_address(okapi_user_t **users, okapi_t *okapi,
                                    const char *const *addresses, int n, apr_pool_t *result_pool,
                                    apr_pool_t *scratch_pool);

/* Array of okapi_user_t *, by name. */
apr_status_t okapi_user_list(apr_array_header_t **users, okapi_t *okapi, apr_pool_t *result_pool,
                             apr_pool_t *scratch_pool);

/* Stores every field but id, name and password. */
apr_status_t okapi_user_update(okapi_t *okapi, const okapi_user_t *user, apr_pool_t *scratch_pool);

/* Further addresses of a user. Array of const char *, by address; OKAPI_EEXISTS if somebody has
 * it; OKAPI_ENOTFOUND if it isn't one of the user's. */
apr_status_t okapi_user_aliases(apr_array_header_t **aliases, okapi_t *okapi,
                                const okapi_user_t *user, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);
apr_status_t okapi_user_add_alias(okapi_t *okapi, const okapi_user_t *user, const char *address,
                                  apr_pool_t *scratch_pool);
apr_status_t okapi_user_remove_alias(okapi_t *okapi, const okapi_user_t *user,
                                     const char *address, apr_pool_t *scratch_pool);

/* OKAPI_EINVAL if it is empty or longer than the 72 bytes bcrypt looks at. */
apr_status_t okapi_user_set_password(okapi_t *okapi, const char *name, const char *password,
                                     apr_pool_t *scratch_pool);

/* APR_SUCCESS or OKAPI_ELOGIN; costs a bcrypt (some 50 ms) on purpose, also when there is no hash.
 * Callers that are asked often cache the answer beside user->password. */
apr_status_t okapi_user_check_password(const okapi_user_t *user, const char *password);

/* The user and the mailbox with everything in it. */
apr_status_t okapi_user_delete(okapi_t *okapi, const char *name, apr_pool_t *scratch_pool);

/* The X.500 name of this server, whichever node it is: one server to Outlook. */
const char *okapi_server_dn(const okapi_t *okapi, apr_pool_t *result_pool);

/* The X.500 name Outlook knows a user by ("/o=okapi/ou=.../cn=Recipients/cn=john"), and back:
 * the user's name in RESULT_POOL or NULL. */
const char *okapi_user_dn(const okapi_t *okapi, const okapi_user_t *user, apr_pool_t *result_pool);
const char *okapi_user_name_of_dn(const okapi_t *okapi, const char *dn, apr_pool_t *result_pool);

#endif
