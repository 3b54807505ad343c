/* address.c - where mail for an address goes. */
#include <okapi/address.h>
#include <okapi/group.h>
#include <okapi/transfer.h>

#include "mailbox.h"
#include "user_private.h"

/* "john mary public:12", "unknown" or "status N". */
static const char *targets_of(mailbox_t *m, const char *address)
{
    apr_pool_t *pool = m->pool;
    apr_array_header_t *targets;
    const char *text = "";
    apr_status_t rv = okapi_address_resolve(&targets, m->okapi, address, pool, pool);
    if (rv != APR_SUCCESS) {
        return rv == OKAPI_EUNKNOWNUSER ? "unknown" : apr_psprintf(pool, "status %d", rv);
    }
    for (int i = 0; i < targets->nelts; i++) {
        const okapi_target_t *t = &APR_ARRAY_IDX(targets, i, okapi_target_t);
        text = apr_pstrcat(pool, text, *text ? " " : "", t->user ? t->user->name : "public",
                           t->folder_id ? apr_psprintf(pool, ":%d", (int)t->folder_id) : "", NULL);
    }
    return text;
}

static void goes_to(mailbox_t *m, const char *address, const char *want)
{
    is_str(targets_of(m, address), want, "<%s>", address);
}

static void add_user(mailbox_t *m, const char *name, const char *email)
{
    const okapi_user_t user = {.name = name, .email = email, .fullname = ""};
    mailbox_must(okapi_user_add(m->okapi, &user, NULL, m->pool), "user add");
}

static okapi_group_t *add_group(mailbox_t *m, const char *name, const char *const *members)
{
    const okapi_group_t wanted = {.name = name, .fullname = ""};
    okapi_group_t *group;
    mailbox_must(okapi_group_add(m->okapi, &wanted, m->pool), "group add");
    mailbox_must(okapi_group_by_name(&group, m->okapi, name, m->pool, m->pool), "group");
    for (; *members; members++) {
        mailbox_must(okapi_group_add_member(m->okapi, group, *members, m->pool), *members);
    }
    return group;
}

static void test_users(mailbox_t *m)
{
    add_user(m, "mary", "mary.jones@example.com");
    mailbox_must(okapi_user_add_alias(m->okapi, m->user, "Info@Example.NET", m->pool), "alias");
    mailbox_must(okapi_user_add_alias(m->okapi, m->user, "a+b@example.org", m->pool), "alias");
    add_user(m, "jörg", "jörg@example.org");
    goes_to(m, "john@example.org", "john");
    goes_to(m, "John@EXAMPLE.org", "john");
    goes_to(m, "john", "john");
    goes_to(m, "info@example.net", "john");
    goes_to(m, "mary@example.org", "mary");
    goes_to(m, "mary.jones@example.com", "mary");
    goes_to(m, "mary.jones@example.org", "unknown");
    goes_to(m, "mary@example.com", "unknown");
    goes_to(m, "JÖRG@example.org", "jörg");
    goes_to(m, "nobody@example.org", "unknown");
    goes_to(m, "@example.org", "unknown");
    goes_to(m, "", "unknown");
    goes_to(m, "john@", "unknown");
}

static void test_quoted(mailbox_t *m)
{
    goes_to(m, "\"john\"@example.org", "john");
    goes_to(m, "\"j\\ohn\"@example.org", "john");
    goes_to(m, "\"john doe\"@example.org", "unknown");
    goes_to(m, "\"john@example.org", "unknown");
    goes_to(m, "\"john\\", "unknown");
    goes_to(m, "\"john\"", "john");
}

static void test_detail(mailbox_t *m)
{
    okapi_id_t lists;
    mailbox_must(okapi_folder_create(&lists, m->inbox, "Lists", NULL, m->pool), "folder");
    const char *there = apr_psprintf(m->pool, "john:%d", (int)lists);
    goes_to(m, "john+lists@example.org", "john");
    goes_to(m, "info+x@example.net", "john");
    goes_to(m, "john+", "john");
    goes_to(m, "a+b@example.org", "john");
    goes_to(m, "+john@example.org", "unknown");
    goes_to(m, "john-lists@example.org", "unknown");
    m->config.detail_folders = 1;
    goes_to(m, "john+LISTS@example.org", there);
    goes_to(m, "\"john+lists\"@example.org", there);
    goes_to(m, "john+lists+more@example.org", "john");
    goes_to(m, "john+nothing@example.org", "john");
    goes_to(m, "john+@example.org", "john");
    goes_to(m, "a+b@example.org", "john");
    m->config.address_separator = "-+";
    goes_to(m, "john-lists@example.org", there);
    m->config.address_separator = "none";
    goes_to(m, "john+lists@example.org", "unknown");
    m->config.address_separator = "+";
}

static void test_groups(mailbox_t *m)
{
    static const char *const inner_members[] = {"john", NULL};
    static const char *const outer_members[] = {"mary", "inner", "john", NULL};
    static const char *const nobody[] = {NULL};
    okapi_group_t *inner = add_group(m, "inner", inner_members);
    okapi_group_t *outer = add_group(m, "outer", outer_members);
    add_group(m, "empty", nobody);
    mailbox_must(okapi_group_add_member(m->okapi, inner, "outer", m->pool), "a circle");
    goes_to(m, "outer@example.org", "john mary");
    goes_to(m, "INNER@example.org", "john mary");
    goes_to(m, "outer", "john mary");
    goes_to(m, "outer+lists@example.org", "john mary");
    goes_to(m, "outer@example.com", "unknown");
    goes_to(m, "empty@example.org", "unknown");
    is_int(okapi_address_add(m->okapi, OKAPI_ADDRESS_OF_GROUP, outer->id, "Staff@example.com",
                             m->pool),
           APR_SUCCESS, "another address of a group");
    goes_to(m, "staff@example.com", "john mary");
    mailbox_must(okapi_group_delete(m->okapi, "outer", m->pool), "delete");
    goes_to(m, "staff@example.com", "unknown");
}

static void test_folders(mailbox_t *m)
{
    okapi_store_t *public;
    okapi_folder_t *top;
    okapi_id_t id, own;
    int partial;
    apr_pool_t *pool = m->pool;
    const okapi_user_t admin = {.name = "", .flags = OKAPI_USER_ADMIN};
    mailbox_must(okapi_store_create_public(m->okapi, pool), "public");
    mailbox_must(okapi_store_open_public(&public, m->okapi, &admin, pool, pool), "public");
    mailbox_must(okapi_folder_open(&top, public,
                                   okapi_store_special(public, OKAPI_FOLDER_IPM_SUBTREE), pool,
                                   pool),
                 "top");
    mailbox_must(okapi_folder_create(&id, top, "Orders", NULL, pool), "folder");
    mailbox_must(okapi_folder_create(&own, m->inbox, "Own", NULL, pool), "folder");
    is_int(okapi_address_add(m->okapi, OKAPI_ADDRESS_OF_FOLDER, id, "orders@example.org", pool),
           APR_SUCCESS, "a public folder's address");
    is_int(okapi_address_add(m->okapi, OKAPI_ADDRESS_OF_FOLDER, own, "orders@example.org", pool),
           OKAPI_EEXISTS, "only one folder's");
    is_int(okapi_address_add(m->okapi, OKAPI_ADDRESS_OF_FOLDER, own, "own", pool), OKAPI_EINVAL,
           "that is none");
    mailbox_must(okapi_address_add(m->okapi, OKAPI_ADDRESS_OF_FOLDER, own, "own@example.org", pool),
                 "own");
    goes_to(m, "Orders@example.org", apr_psprintf(pool, "public:%d", (int)id));
    goes_to(m, "orders+x@example.org", apr_psprintf(pool, "public:%d", (int)id));
    goes_to(m, "own@example.org", apr_psprintf(pool, "john:%d", (int)own));
    mailbox_must(okapi_folder_open(&top, m->store, own, pool, pool), "open");
    mailbox_must(okapi_folder_delete(top, 0, &partial, pool), "delete");
    goes_to(m, "own@example.org", "unknown");
    is_int(okapi_address_remove(m->okapi, OKAPI_ADDRESS_OF_FOLDER, own, "orders@example.org", pool),
           OKAPI_ENOTFOUND, "not another folder's");
    is_int(okapi_address_remove(m->okapi, OKAPI_ADDRESS_OF_FOLDER, id, "ORDERS@example.org", pool),
           APR_SUCCESS, "taken away");
    goes_to(m, "orders@example.org", "unknown");
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    test_users(&mailbox);
    test_quoted(&mailbox);
    test_detail(&mailbox);
    test_groups(&mailbox);
    test_folders(&mailbox);
    return done_testing();
}
