/* group.h - groups of users, to give permissions to.
 *
 * A group has users and groups as members; circles are harmless. A group's name is no user's.
 */
#ifndef OKAPI_GROUP_H
#define OKAPI_GROUP_H

#include <okapi/user.h>

typedef struct okapi_group_t {
    okapi_id_t id;
    const char *name; /* folded to lower case, unique among users and groups */
    const char *fullname;
} okapi_group_t;

/* OKAPI_EEXISTS if the name is taken, OKAPI_EINVAL if it can't be one. */
apr_status_t okapi_group_add(okapi_t *okapi, const okapi_group_t *group, apr_pool_t *scratch_pool);

/* Sets the full name of the group of GROUP's name. */
apr_status_t okapi_group_update(okapi_t *okapi, const okapi_group_t *group,
                                apr_pool_t *scratch_pool);

/* And its permissions and memberships. OKAPI_ENOTFOUND. */
apr_status_t okapi_group_delete(okapi_t *okapi, const char *name, apr_pool_t *scratch_pool);

/* OKAPI_ENOTFOUND. */
apr_status_t okapi_group_by_name(okapi_group_t **group, okapi_t *okapi, const char *name,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Array of okapi_group_t *, by name. */
apr_status_t okapi_group_list(apr_array_header_t **groups, okapi_t *okapi, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool);

typedef struct okapi_group_member_t {
    okapi_id_t id;
    int is_group;
    const char *name, *fullname;
} okapi_group_member_t;

/* Array of okapi_group_member_t, by name: users and groups that are members themselves. */
apr_status_t okapi_group_members(apr_array_header_t **members, okapi_t *okapi,
                                 const okapi_group_t *group, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool);

/* Array of const char *: the names of all users in it, also by way of other groups. */
apr_status_t okapi_group_users(apr_array_header_t **names, okapi_t *okapi,
                               const okapi_group_t *group, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);

/* MEMBER is the name of a user or a group. OKAPI_EUNKNOWNUSER if it is nobody's, OKAPI_EEXISTS if
 * it is one already, OKAPI_ENOTFOUND if it isn't one. */
apr_status_t okapi_group_add_member(okapi_t *okapi, const okapi_group_t *group, const char *member,
                                    apr_pool_t *scratch_pool);
apr_status_t okapi_group_remove_member(okapi_t *okapi, const okapi_group_t *group,
                                       const char *member, apr_pool_t *scratch_pool);

#endif
