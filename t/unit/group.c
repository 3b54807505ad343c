/* group.c - groups of users and of groups. */
#include <okapi/group.h>

#include "access.h"
#include "mailbox.h"

static okapi_group_t *group_of(mailbox_t *mailbox, const char *name)
{
    okapi_group_t *group = NULL;
    mailbox_must(okapi_group_by_name(&group, mailbox->okapi, name, mailbox->pool, mailbox->pool),
                 name);
    return group;
}

static void add(mailbox_t *mailbox, const char *name, apr_status_t want, const char *why)
{
    const okapi_group_t group = {.name = name, .fullname = "The Group"};
    is_int(okapi_group_add(mailbox->okapi, &group, mailbox->pool), want, "%s: %s", name, why);
}

static void join(mailbox_t *mailbox, const char *name, const char *member, apr_status_t want,
                 const char *why)
{
    is_int(okapi_group_add_member(mailbox->okapi, group_of(mailbox, name), member, mailbox->pool),
           want, "%s in %s: %s", member, name, why);
}

static const char *users_of(mailbox_t *mailbox, const char *name)
{
    apr_array_header_t *names;
    mailbox_must(okapi_group_users(&names, mailbox->okapi, group_of(mailbox, name), mailbox->pool,
                                   mailbox->pool),
                 "users");
    return apr_array_pstrcat(mailbox->pool, names, ' ');
}

static void names(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_group_t *group;
    apr_array_header_t *groups;
    add(mailbox, "Sales", APR_SUCCESS, "a group");
    add(mailbox, "sales", OKAPI_EEXISTS, "only once, without case");
    add(mailbox, "john", OKAPI_EEXISTS, "a user has the name");
    add(mailbox, "a b", OKAPI_EINVAL, "no name");
    add(mailbox, "*", OKAPI_EINVAL, "nor the anonymous entry");
    const okapi_user_t user = {.name = "sales", .email = "s@example.org", .fullname = ""};
    is_int(okapi_user_add(mailbox->okapi, &user, NULL, pool), OKAPI_EEXISTS,
           "nor can a user have a group's name");
    is_int(okapi_group_by_name(&group, mailbox->okapi, "SALES", pool, pool), APR_SUCCESS, "found");
    is_str(group->name, "sales", "folded");
    is_str(group->fullname, "The Group", "its full name");
    group->fullname = "Those who sell";
    is_int(okapi_group_update(mailbox->okapi, group, pool), APR_SUCCESS, "changed");
    is_str(group_of(mailbox, "sales")->fullname, "Those who sell", "it is");
    is_int(okapi_group_by_name(&group, mailbox->okapi, "john", pool, pool), OKAPI_ENOTFOUND,
           "a user is no group");
    add(mailbox, "all", APR_SUCCESS, "another one");
    okapi_group_list(&groups, mailbox->okapi, pool, pool);
    is_int(groups->nelts, 2, "two of them");
    is_str(APR_ARRAY_IDX(groups, 0, okapi_group_t *)->name, "all", "by name");
}

static void members(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    apr_array_header_t *list;
    const okapi_user_t mary = {.name = "mary", .email = "mary@example.org", .fullname = "Mary"};
    mailbox_must(okapi_user_add(mailbox->okapi, &mary, NULL, pool), "mary");
    join(mailbox, "sales", "Mary", APR_SUCCESS, "a user");
    join(mailbox, "sales", "mary", OKAPI_EEXISTS, "only once");
    join(mailbox, "sales", "nobody", OKAPI_EUNKNOWNUSER, "nobody");
    join(mailbox, "all", "sales", APR_SUCCESS, "a group");
    join(mailbox, "all", "john", APR_SUCCESS, "and a user");
    is_str(users_of(mailbox, "all"), "john mary", "all in all");
    is_str(users_of(mailbox, "sales"), "mary", "one");
    okapi_group_members(&list, mailbox->okapi, group_of(mailbox, "all"), pool, pool);
    is_int(list->nelts, 2, "members themselves");
    const okapi_group_member_t *member = &APR_ARRAY_IDX(list, 0, okapi_group_member_t);
    is_str(member[0].name, "john", "a user");
    is_int(member[0].is_group, 0, "who is none");
    is_str(member[1].name, "sales", "and a group");
    is_int(member[1].is_group, 1, "which is one");
    is_str(member[1].fullname, "Those who sell", "with its name");
}

typedef struct lookup_t {
    okapi_id_t user_id;
    apr_array_header_t *names;
    apr_pool_t *pool;
} lookup_t;

static apr_status_t groups_of(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lookup_t *b = baton;
    return okapi__groups_of(&b->names, conn, b->user_id, b->pool, scratch_pool);
}

static void circles(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_user_t *mary;
    join(mailbox, "sales", "all", APR_SUCCESS, "a circle");
    join(mailbox, "sales", "sales", APR_SUCCESS, "a small one");
    is_str(users_of(mailbox, "all"), "john mary", "ends");
    is_str(users_of(mailbox, "sales"), "john mary", "wherever one begins");
    okapi_user_by_login(&mary, mailbox->okapi, "mary", pool, pool);
    lookup_t b = {.user_id = mary->id, .pool = pool};
    is_int(okapi__db_read(mailbox->okapi->db, groups_of, &b, pool), APR_SUCCESS, "and upward");
    is_int(b.names->nelts, 2, "both, once each");
}

static void removal(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_group_t *sales = group_of(mailbox, "sales"), *group;
    apr_array_header_t *list;
    is_int(okapi_group_remove_member(mailbox->okapi, sales, "all", pool), APR_SUCCESS, "removed");
    is_int(okapi_group_remove_member(mailbox->okapi, sales, "all", pool), OKAPI_ENOTFOUND, "gone");
    is_str(users_of(mailbox, "sales"), "mary", "one is left");
    mailbox_must(okapi_user_delete(mailbox->okapi, "mary", pool), "mary");
    is_str(users_of(mailbox, "all"), "john", "who is deleted is in no group");
    is_int(okapi_group_delete(mailbox->okapi, "sales", pool), APR_SUCCESS, "a group goes");
    is_int(okapi_group_by_name(&group, mailbox->okapi, "sales", pool, pool), OKAPI_ENOTFOUND,
           "it is gone");
    okapi_group_members(&list, mailbox->okapi, group_of(mailbox, "all"), pool, pool);
    is_int(list->nelts, 1, "and in no other");
    is_int(okapi_group_delete(mailbox->okapi, "sales", pool), OKAPI_ENOTFOUND, "only once");
    add(mailbox, "sales", APR_SUCCESS, "its name is free");
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    names(&mailbox);
    members(&mailbox);
    circles(&mailbox);
    removal(&mailbox);
    return done_testing();
}
