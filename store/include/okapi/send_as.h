/* send_as.h - who may send mail as somebody else, because an administrator says so.
 *
 * Such mail shows nothing of who sent it. Who may send on behalf of somebody, which mail shows, are
 * his delegates (delegate.h).
 */
#ifndef OKAPI_SEND_AS_H
#define OKAPI_SEND_AS_H

#include <okapi/user.h>

/* Array of const char *: the names of users and groups that may send as OWNER, by name. */
apr_status_t okapi_send_as_list(apr_array_header_t **members, okapi_t *okapi,
                                const okapi_user_t *owner, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);

/* MEMBER is the name of a user or a group. OKAPI_EUNKNOWNUSER if it is nobody's, OKAPI_EEXISTS,
 * OKAPI_ENOTFOUND. */
apr_status_t okapi_send_as_add(okapi_t *okapi, const okapi_user_t *owner, const char *member,
                               apr_pool_t *scratch_pool);
apr_status_t okapi_send_as_remove(okapi_t *okapi, const okapi_user_t *owner, const char *member,
                                  apr_pool_t *scratch_pool);

#endif
