/* user.c - users: names, logins, addresses, passwords, adding and deleting. */
#include <okapi/message.h>

#include "blob.h"
#include "mailbox.h"
#include "user_private.h"

static void names(void)
{
    static const char *const good[] = {"john", "john.doe", "j-d_1", "j\xc3\xb6rg"};
    static const char *const bad[] = {"",    "jo hn", "a/b", "a\\b", "a@b",
                                      "a:b", "a+b",   "-x",  "a\tb"};
    for (int i = 0; i < (int)(sizeof(good) / sizeof(good[0])); i++) {
        is_str(okapi__user_name_fault(good[i]), NULL, "%s can be a name", good[i]);
    }
    for (int i = 0; i < (int)(sizeof(bad) / sizeof(bad[0])); i++) {
        ok(okapi__user_name_fault(bad[i]) != NULL, "\"%s\" can't be a name", bad[i]);
    }
    is_str(okapi__address_fault("john+x@example.org"), NULL, "an address");
    ok(okapi__address_fault("john") != NULL, "an address without @");
    ok(okapi__address_fault("@example.org") != NULL, "an address without a name");
    ok(okapi__address_fault("a@b@c") != NULL, "an address with two @");
    ok(okapi__address_fault("a b@example.org") != NULL, "an address with a blank");
}

static void check_login(okapi_t *okapi, const char *login, const char *want, apr_pool_t *pool)
{
    okapi_user_t *user;
    apr_status_t rv = okapi_user_by_login(&user, okapi, login, pool, pool);
    is_int(rv, want ? APR_SUCCESS : OKAPI_EUNKNOWNUSER, "login %s", login);
    if (rv == APR_SUCCESS) {
        is_str(user->name, want, "login %s is %s", login, want);
    }
}

static void logins(okapi_t *okapi, apr_pool_t *pool)
{
    check_login(okapi, "john", "john", pool);
    check_login(okapi, "John", "john", pool);
    check_login(okapi, "john@example.org", "john", pool);
    check_login(okapi, "JOHN@Example.ORG", "john", pool);
    check_login(okapi, "EXAMPLE\\john", "john", pool);
    check_login(okapi, "example.org\\JOHN", "john", pool);
    check_login(okapi, "OTHER\\john", NULL, pool);
    check_login(okapi, "\\john", NULL, pool);
    check_login(okapi, "john@other.org", NULL, pool);
    check_login(okapi, "j.doe@other.org", NULL, pool);
    check_login(okapi, "mary", NULL, pool);
    check_login(okapi, "", NULL, pool);
    check_login(okapi, "' OR 1=1 --", NULL, pool);
    check_login(okapi, "john\xff", NULL, pool);
}

static void check_address(okapi_t *okapi, const char *address, const char *want, apr_pool_t *pool)
{
    okapi_user_t *user;
    apr_status_t rv = okapi_user_by_address(&user, okapi, address, pool, pool);
    is_int(rv, want ? APR_SUCCESS : OKAPI_EUNKNOWNUSER, "address %s", address);
    if (rv == APR_SUCCESS) {
        is_str(user->name, want, "address %s is of %s", address, want);
    }
}

static void addresses(okapi_t *okapi, apr_pool_t *pool)
{
    okapi_user_t mary = {.name = "Mary",
                         .email = "Mary.Miller@Other.example",
                         .fullname = "Mary Miller",
                         .flags = OKAPI_USER_ADMIN};
    okapi_user_t *user;
    apr_array_header_t *aliases;
    is_int(okapi_user_add(okapi, &mary, "secret", pool), APR_SUCCESS, "mary is added");
    check_address(okapi, "mary.miller@other.example", "mary", pool);
    check_address(okapi, "mary.miller+news@other.example", "mary", pool);
    check_address(okapi, "mary@example.org", "mary", pool);
    check_address(okapi, "mary+x@example.org", "mary", pool);
    check_address(okapi, "mary", "mary", pool);
    check_address(okapi, "mary+x", "mary", pool);
    check_address(okapi, "info@example.org", NULL, pool);
    check_address(okapi, "+x@example.org", NULL, pool);

    okapi_user_by_login(&user, okapi, "mary", pool, pool);
    is_str(user->email, "Mary.Miller@Other.example", "an address keeps its case");
    is_str(user->fullname, "Mary Miller", "the full name");
    is_int(user->flags, OKAPI_USER_ADMIN, "flags");
    is_int(okapi_user_add_alias(okapi, user, "Info@example.org", pool), APR_SUCCESS, "an alias");
    check_address(okapi, "info@example.org", "mary", pool);
    check_address(okapi, "info+sales@EXAMPLE.org", "mary", pool);
    is_int(okapi_user_add_alias(okapi, user, "john@example.org", pool), OKAPI_EEXISTS,
           "not somebody else's address");
    okapi_user_aliases(&aliases, okapi, user, pool, pool);
    is_int(aliases->nelts, 1, "one alias");
    is_str(APR_ARRAY_IDX(aliases, 0, const char *), "info@example.org", "the alias");

    user->email = "info@example.org";
    is_int(okapi_user_update(okapi, user, pool), APR_SUCCESS, "an alias becomes the address");
    check_address(okapi, "info@example.org", "mary", pool);
    check_address(okapi, "mary.miller@other.example", NULL, pool);
    is_int(okapi_user_remove_alias(okapi, user, "info@example.org", pool), OKAPI_ENOTFOUND,
           "the primary address isn't removed as an alias");
    user->email = "john@example.org";
    is_int(okapi_user_update(okapi, user, pool), OKAPI_EEXISTS, "a taken address");
    check_address(okapi, "info@example.org", "mary", pool);
}

/* More than one question to the database takes; the same person by several of them. */
static void many_addresses(okapi_t *okapi, apr_pool_t *pool)
{
    static const struct {
        const char *address, *name;
    } asked[] = {{"nobody@example.org", NULL},   {"John@Example.org", "john"},
                 {"mary@example.org", "mary"},   {"a@elsewhere.example", NULL},
                 {"", NULL},                     {"john+x@example.org", "john"},
                 {"info+x@example.org", "mary"}, {"b@elsewhere.example", NULL},
                 {"c@elsewhere.example", NULL},  {"d@elsewhere.example", NULL},
                 {"john@example.org", "john"},   {"john", "john"},
                 {"info@example.org", "mary"}};
    enum { N = sizeof(asked) / sizeof(asked[0]) };
    okapi_user_t *users[N];
    const char *addresses[N];
    for (int i = 0; i < N; i++) {
        addresses[i] = asked[i].address;
    }
    is_int(okapi_users_by_address(users, okapi, addresses, N, pool, pool), APR_SUCCESS,
           "%d at once", N);
    for (int i = 0; i < N; i++) {
        is_str(users[i] ? users[i]->name : "(nobody)", asked[i].name ? asked[i].name : "(nobody)",
               "\"%s\"", asked[i].address);
    }
    is_int(okapi_users_by_address(users, okapi, addresses, 0, pool, pool), APR_SUCCESS, "none");
}

static void passwords(okapi_t *okapi, apr_pool_t *pool)
{
    okapi_user_t *user;
    okapi_user_by_login(&user, okapi, "mary", pool, pool);
    ok(strncmp(user->password, "$2y$10$", 7) == 0, "bcrypt with cost 10");
    is_int(okapi_user_check_password(user, "secret"), APR_SUCCESS, "the password");
    is_int(okapi_user_check_password(user, "Secret"), OKAPI_ELOGIN, "a wrong password");
    is_int(okapi_user_check_password(user, ""), OKAPI_ELOGIN, "an empty password");
    is_int(okapi_user_set_password(okapi, "mary", "", pool), OKAPI_EINVAL, "not an empty one");
    is_int(okapi_user_set_password(
               okapi, "mary",
               "1234567890123456789012345678901234567890123456789012345678901234567890123", pool),
           OKAPI_EINVAL, "not one that bcrypt would cut");
    is_int(okapi_user_set_password(okapi, "mary",
                                   "n\xc3\xa4"
                                   "chster",
                                   pool),
           APR_SUCCESS, "a new one");
    okapi_user_by_login(&user, okapi, "mary", pool, pool);
    is_int(okapi_user_check_password(user, "n\xc3\xa4"
                                           "chster"),
           APR_SUCCESS, "it works");
    is_int(okapi_user_check_password(user, "secret"), OKAPI_ELOGIN, "the old one doesn't");
    user->flags |= OKAPI_USER_DISABLED;
    is_int(okapi_user_check_password(user, "n\xc3\xa4"
                                           "chster"),
           OKAPI_ELOGIN, "disabled");

    okapi_user_by_login(&user, okapi, "john", pool, pool);
    apr_time_t start = apr_time_now();
    is_int(okapi_user_check_password(user, "x"), OKAPI_ELOGIN, "without a hash nothing matches");
    ok(apr_time_now() - start > 5000, "and it costs the same");
}

static void distinguished_names(okapi_t *okapi, apr_pool_t *pool)
{
    okapi_user_t user = {.name = "john"};
    const char *dn = okapi_user_dn(okapi, &user, pool);
    is_str(dn, "/o=okapi/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=john",
           "a DN");
    is_str(okapi_user_name_of_dn(okapi, dn, pool), "john", "and back");
    is_str(okapi_user_name_of_dn(
               okapi,
               "/O=OKAPI/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/CN=JOHN",
               pool),
           "john", "without case");
    is_str(okapi_user_name_of_dn(okapi, "/o=other/cn=john", pool), NULL, "another's DN");
    is_str(okapi_user_name_of_dn(okapi, "", pool), NULL, "an empty DN");
}

static void refusals(okapi_t *okapi, apr_pool_t *pool)
{
    okapi_user_t john = {.name = "JOHN", .email = "other@example.org", .fullname = ""};
    okapi_user_t taken = {.name = "peter", .email = "John@Example.org", .fullname = ""};
    okapi_user_t own = {.name = "info", .email = "info@other.example", .fullname = ""};
    okapi_user_t bad = {.name = "a b", .email = "ab@example.org", .fullname = ""};
    okapi_user_t *user;
    is_int(okapi_user_add(okapi, &john, NULL, pool), OKAPI_EEXISTS, "a taken name");
    is_int(okapi_user_add(okapi, &taken, NULL, pool), OKAPI_EEXISTS, "a taken address");
    is_int(okapi_user_add(okapi, &own, NULL, pool), OKAPI_EEXISTS,
           "a name whose address at our domain is taken");
    is_int(okapi_user_add(okapi, &bad, NULL, pool), OKAPI_EINVAL, "an impossible name");
    is_int(okapi_user_by_login(&user, okapi, "peter", pool, pool), OKAPI_EUNKNOWNUSER,
           "nothing is left of a refused user");
}

/* A message in the mailbox of USER with one attachment of DATA and one embedded message that has
 * the same again. */
static void fill(okapi_t *okapi, const okapi_user_t *user, const okapi_binary_t *data,
                 apr_pool_t *pool)
{
    okapi_store_t *store;
    okapi_message_t *message;
    mailbox_must(okapi_store_open(&store, okapi, user, user, pool, pool), "store");
    mailbox_must(okapi_message_create(&message, store,
                                      okapi_store_special(store, OKAPI_FOLDER_DRAFTS), 0, pool,
                                      pool),
                 "message");
    okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE), *data);
    okapi_message_t *embedded =
        okapi_attachment_create_embedded(okapi_attachment_create(message, ATTACH_EMBEDDED_MSG));
    okapi_attachment_set_data(okapi_attachment_create(embedded, ATTACH_BY_VALUE), *data);
    mailbox_must(okapi_message_save(message, 0, pool), "save");
}

typedef struct blob_t {
    okapi__blob_t blob;
    int found;
} blob_t;

static apr_status_t find_blob(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    blob_t *b = baton;
    okapi__rows_t *rows;
    return okapi__db_select_one(&rows, &b->found, conn, STMT_BLOB_BY_HASH,
                                DB_ARGS(DB_S(b->blob.hash)), scratch_pool);
}

static int is_stored(okapi_t *okapi, okapi_binary_t bytes, apr_pool_t *pool)
{
    blob_t b;
    mailbox_must(okapi__blob_prepare(&b.blob, bytes, okapi->packers, pool), "prepare");
    mailbox_must(okapi__db_read(okapi->db, find_blob, &b, pool), "blob");
    return b.found;
}

static apr_status_t find_removed(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    return okapi__db_select_one(&rows, baton, conn, STMT_PURGE_STORE, DB_ARGS(DB_I(2)),
                                scratch_pool);
}

static void deletion(okapi_t *okapi, apr_pool_t *pool)
{
    okapi_user_t *user, *john;
    okapi_store_t *store;
    apr_array_header_t *users;
    int left = 1;
    okapi_binary_t hers = {memset(apr_palloc(pool, 600000), 'm', 600000), 600000};
    okapi_binary_t both = {memset(apr_palloc(pool, 300000), 'b', 300000), 300000};
    okapi_user_by_login(&user, okapi, "mary", pool, pool);
    okapi_user_by_login(&john, okapi, "john", pool, pool);
    fill(okapi, user, &hers, pool);
    fill(okapi, user, &both, pool);
    fill(okapi, john, &both, pool);
    ok(is_stored(okapi, hers, pool) && is_stored(okapi, both, pool), "attachments are stored");
    is_int(okapi_user_list(&users, okapi, pool, pool), APR_SUCCESS, "a list of users");
    is_int(users->nelts, 2, "two users");
    is_str(APR_ARRAY_IDX(users, 0, okapi_user_t *)->name, "john", "by name");
    is_int(okapi_user_delete(okapi, "mary", pool), APR_SUCCESS, "mary is deleted");
    check_login(okapi, "mary", NULL, pool);
    check_address(okapi, "info@example.org", NULL, pool);
    is_int(okapi_store_open(&store, okapi, john, user, pool, pool), OKAPI_EUNKNOWNUSER,
           "so is the mailbox");
    okapi__db_read(okapi->db, find_removed, &left, pool);
    is_int(left, 0, "nothing is left of it");
    ok(!is_stored(okapi, hers, pool), "nor of what was attached");
    ok(is_stored(okapi, both, pool), "but what others have too");
    is_int(okapi_user_delete(okapi, "mary", pool), OKAPI_EUNKNOWNUSER, "only once");
    okapi_user_t again = {.name = "mary", .email = "mary@example.org", .fullname = ""};
    is_int(okapi_user_add(okapi, &again, NULL, pool), APR_SUCCESS, "the name is free again");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t mailbox;
    mailbox_create(&mailbox, pool);
    names();
    logins(mailbox.okapi, pool);
    addresses(mailbox.okapi, pool);
    many_addresses(mailbox.okapi, pool);
    passwords(mailbox.okapi, pool);
    distinguished_names(mailbox.okapi, pool);
    refusals(mailbox.okapi, pool);
    deletion(mailbox.okapi, pool);
    return done_testing();
}
