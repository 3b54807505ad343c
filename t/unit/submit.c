/* submit.c - what somebody sends: as whom, to whom, when; and where it is when that is done. */
#include <okapi/delegate.h>
#include <okapi/entryid.h>
#include <okapi/group.h>
#include <okapi/named.h>
#include <okapi/send_as.h>
#include <okapi/submit.h>
#include <okapi/table.h>

#include "mailbox.h"

static okapi_user_t *add_user(mailbox_t *m, const char *name)
{
    okapi_user_t *user, row = {.name = name, .fullname = name};
    row.email = apr_pstrcat(m->pool, name, "@example.org", NULL);
    mailbox_must(okapi_user_add(m->okapi, &row, NULL, m->pool), name);
    mailbox_must(okapi_user_by_login(&user, m->okapi, name, m->pool, m->pool), name);
    return user;
}

static void set(okapi_message_t *message, okapi_propval_t v, apr_pool_t *pool)
{
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
}

static void address_to(okapi_message_t *message, int type, const char *address)
{
    okapi_recipient_t *r = okapi_message_add_recipient(message, type);
    okapi_props_set_str(r->props, PR_DISPLAY_NAME, address);
    okapi_props_set_str(r->props, PR_ADDRTYPE, "SMTP");
    okapi_props_set_str(r->props, PR_EMAIL_ADDRESS, address);
}

/* One to Zoe in the outbox. */
static okapi_message_t *draft(mailbox_t *m, const char *subject, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store,
                                      okapi_store_special(m->store, OKAPI_FOLDER_OUTBOX), 0, pool,
                                      pool),
                 "create");
    set(message, okapi_propval_str(PR_SUBJECT, subject), pool);
    address_to(message, MAPI_TO, "zoe@example.net");
    return message;
}

static void from(okapi_message_t *message, const char *address, apr_pool_t *pool)
{
    set(message, okapi_propval_str(PR_SENT_REPRESENTING_ADDRTYPE, "SMTP"), pool);
    set(message, okapi_propval_str(PR_SENT_REPRESENTING_EMAIL_ADDRESS, address), pool);
}

static const char *text(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool),
                 "get");
    return v.tag == tag ? v.v.str : NULL;
}

static int flags_of(okapi_message_t *message, apr_pool_t *pool)
{
    const okapi_proptag_t tag = PR_MESSAGE_FLAGS;
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool),
                 "get");
    return v.v.i32;
}

/* The last entry of the queue. */
static const okapi_queue_entry_t *last_entry(mailbox_t *m, apr_pool_t *pool)
{
    apr_array_header_t *entries;
    mailbox_must(okapi_queue_list(&entries, m->okapi, 0, 100, pool, pool), "list");
    return entries->nelts ? &APR_ARRAY_IDX(entries, entries->nelts - 1, okapi_queue_entry_t)
                          : NULL;
}

static const char *recipients(const okapi_queue_entry_t *entry, apr_pool_t *pool)
{
    const char *all = "";
    for (int i = 0; i < entry->recipients->nelts; i++) {
        all = apr_pstrcat(pool, all, i ? " " : "",
                          APR_ARRAY_IDX(entry->recipients, i, okapi_queue_recipient_t).address,
                          NULL);
    }
    return all;
}

static apr_int64_t count(mailbox_t *m, const okapi_user_t *owner, okapi_special_e which,
                         apr_pool_t *pool)
{
    okapi_store_t *store;
    okapi_folder_t *folder;
    okapi_folder_stat_t stat;
    mailbox_must(okapi_store_open(&store, m->okapi, owner, owner, pool, pool), "store");
    mailbox_must(okapi_folder_open(&folder, store, okapi_store_special(store, which), pool, pool),
                 "folder");
    mailbox_must(okapi_folder_stat(folder, &stat, pool), "stat");
    return stat.content;
}

static void test_plain(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = draft(m, "plain", pool);
    address_to(message, MAPI_BCC, "Zoe@Example.NET");
    okapi_message_set_raw(message, (okapi_binary_t){(const unsigned char *)"x", 1}, NULL, 0);
    is_int(okapi_submit(message, 0, pool), APR_SUCCESS, "a message is submitted");
    const okapi_queue_entry_t *entry = last_entry(m, pool);
    is_str(entry->sender, "john@example.org", "by the actor");
    is_str(recipients(entry, pool), "zoe@example.net", "to everybody once");
    is_str(text(message, PR_SENDER_SMTP_ADDRESS, pool), "john@example.org", "it says so");
    is_str(text(message, PR_SENT_REPRESENTING_SMTP_ADDRESS, pool), "john@example.org",
           "and in whose name");
    ok(text(message, PR_INTERNET_MESSAGE_ID, pool) != NULL, "it has a Message-ID");
    okapi_stream_t *raw;
    is_int(okapi_message_raw(&raw, message, pool, pool), OKAPI_ENOTFOUND,
           "bytes that it isn't said to be are gone");
    is_int(okapi_submit(message, 0, pool), OKAPI_EEXISTS, "it is submitted once");
    is_int(okapi_submit_abort(message, pool), APR_SUCCESS, "it is taken back");
    is_int(flags_of(message, pool) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT), MSGFLAG_UNSENT,
           "and a draft again");
    is_int(okapi_submit_abort(message, pool), OKAPI_ENOTINQUEUE, "once");
    is_int(okapi_submit(message, 0, pool), APR_SUCCESS, "it can be submitted again");
    apr_array_header_t *taken;
    okapi_queue_take(&taken, m->okapi, 1, apr_time_from_sec(60), pool, pool);
    is_int(okapi_submit_abort(message, pool), OKAPI_EUNABLETOABORT, "but not while it is sent");
    mailbox_must(okapi_queue_remove(m->okapi, last_entry(m, pool)->id, pool), "remove");
}

static void test_recipients(mailbox_t *m, const okapi_user_t *mary, apr_pool_t *pool)
{
    const okapi_group_t group = {.name = "team", .fullname = "The team"};
    okapi_group_t *team;
    okapi_message_t *message = draft(m, "to a group", pool);
    mailbox_must(okapi_group_add(m->okapi, &group, pool), "group");
    mailbox_must(okapi_group_by_name(&team, m->okapi, "team", pool, pool), "group");
    okapi_group_add_member(m->okapi, team, "mary", pool);
    okapi_group_add_member(m->okapi, team, "john", pool);
    address_to(message, MAPI_CC, "Team@example.org");
    address_to(message, MAPI_CC, "mary@example.org");
    okapi_props_set_str(okapi_message_add_recipient(message, MAPI_TO)->props, PR_DISPLAY_NAME,
                        "Nobody knows");
    okapi_recipient_t *r = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(r->props, PR_ADDRTYPE, "EX");
    okapi_props_set_str(r->props, PR_EMAIL_ADDRESS, okapi_user_dn(m->okapi, mary, pool));
    is_int(okapi_submit(message, 0, pool), APR_SUCCESS, "to all sorts of people");
    is_str(recipients(last_entry(m, pool), pool),
           "zoe@example.net john@example.org mary@example.org Nobody knows",
           "groups are their members, nobody is there twice, who isn't known has a name");
    is_str(okapi_props_str(r->props, PR_SMTP_ADDRESS, ""), "mary@example.org",
           "and who has an address is told to have it");
    message = draft(m, "again", pool);
    set(message, okapi_propval_i32(PR_MESSAGE_FLAGS, MSGFLAG_UNSENT | MSGFLAG_RESEND), pool);
    address_to(message, MAPI_TO | 0x10000000, "ann@example.net");
    is_int(okapi_submit(message, 0, pool), APR_SUCCESS, "what is sent again");
    is_str(recipients(last_entry(m, pool), pool), "ann@example.net",
           "goes to those who missed it");
    message = draft(m, "nobody", pool);
    set(message, okapi_propval_i32(PR_MESSAGE_FLAGS, MSGFLAG_UNSENT | MSGFLAG_RESEND), pool);
    is_int(okapi_submit(message, 0, pool), OKAPI_EINVAL, "nobody missed it");
    m->config.max_recipients = 1;
    message = draft(m, "many", pool);
    address_to(message, MAPI_TO, "ann@example.net");
    is_int(okapi_submit(message, 0, pool), OKAPI_ETOOMANYRECIPIENTS, "there may be too many");
    m->config.max_recipients = 1000;
}

static okapi_binary_t wrapped(int type, okapi_binary_t id, apr_pool_t *pool)
{
    static const unsigned char head[20] = {0,    0,    0,    0,    0xC0, 0x91, 0xAD,
                                           0xD3, 0x51, 0x9D, 0xCF, 0x11, 0xA4, 0xA9,
                                           0x00, 0xAA, 0x00, 0x47, 0xFA, 0xA4};
    unsigned char *data = apr_palloc(pool, id.len + 21);
    memcpy(data, head, sizeof(head));
    data[20] = (unsigned char)type;
    memcpy(data + 21, id.data, id.len);
    return (okapi_binary_t){data, id.len + 21};
}

/* An item among the contacts with a named property; its entry id. */
static okapi_binary_t contact(mailbox_t *m, apr_uint32_t lid, okapi_propval_t v, apr_pool_t *pool)
{
    const okapi_propname_t name = {okapi_psetid_address, MNID_ID, lid, NULL};
    okapi_id_t folder = okapi_store_special(m->store, OKAPI_FOLDER_CONTACTS);
    okapi_message_t *message;
    apr_uint16_t id;
    mailbox_must(okapi_named_ids(m->store, &name, 1, 1, &id, pool), "name");
    mailbox_must(okapi_message_create(&message, m->store, folder, 0, pool, pool), "create");
    v.tag = OKAPI_PROP_TAG(OKAPI_PROP_TYPE(v.tag), id);
    set(message, v, pool);
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    return okapi_entryid_message(okapi_store_guid(m->store), folder, okapi_message_id(message),
                                 pool);
}

static okapi_binary_t list_of(mailbox_t *m, const okapi_binary_t *members, apr_uint32_t n,
                              apr_pool_t *pool)
{
    okapi_propval_t v = {.tag = PT_MV_BINARY};
    v.v.mv.count = n;
    v.v.mv.v.bin = members;
    return contact(m, 0x8055, v, pool);
}

static void test_list(mailbox_t *m, const okapi_user_t *mary, apr_pool_t *pool)
{
    okapi_binary_t bob = contact(m, 0x8093, okapi_propval_str(PT_UNICODE, "bob@example.net"), pool);
    const char *dn = okapi_user_dn(m->okapi, mary, pool);
    okapi_binary_t inner[2] = {
        okapi_entryid_oneoff("Ann", "SMTP", "ann@example.net", pool),
        {(const unsigned char *)"broken", 6}};
    okapi_binary_t outer[4] = {
        wrapped(0xB4, list_of(m, inner, 2, pool), pool), wrapped(0x93, bob, pool),
        wrapped(0xB5, okapi_entryid_addressbook(dn, 0, pool), pool),
        wrapped(0xB4, bob, pool)};
    okapi_binary_t list = list_of(m, outer, 4, pool);
    okapi_message_t *message = draft(m, "to a list", pool);
    okapi_recipient_t *r = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(r->props, PR_DISPLAY_NAME, "Friends");
    okapi_props_set_str(r->props, PR_ADDRTYPE, "MAPIPDL");
    okapi_props_set_bin(r->props, PR_ENTRYID, list.data, list.len);
    is_int(okapi_submit(message, 0, pool), APR_SUCCESS, "to a personal list");
    is_str(recipients(last_entry(m, pool), pool),
           "zoe@example.net ann@example.net bob@example.net mary@example.org",
           "which has lists, contacts and people of the directory");
}

static apr_status_t submit_from(mailbox_t *m, const char *address, okapi_message_t **message,
                                apr_pool_t *pool)
{
    *message = draft(m, address, pool);
    from(*message, address, pool);
    return okapi_submit(*message, 0, pool);
}

static void test_people(mailbox_t *m, const okapi_user_t *info, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_store_t *theirs;
    mailbox_must(okapi_store_open(&theirs, m->okapi, info, info, pool, pool), "store");
    mailbox_must(okapi_user_add_alias(m->okapi, m->user, "jd@example.org", pool), "alias");
    is_int(submit_from(m, "jd@example.org", &message, pool), APR_SUCCESS, "by an alias");
    is_str(last_entry(m, pool)->sender, "jd@example.org", "which is the envelope's, too");
    is_str(text(message, PR_SENDER_SMTP_ADDRESS, pool), "jd@example.org", "nothing else is said");
    is_int(submit_from(m, "info@example.org", &message, pool), OKAPI_EACCESS, "as somebody else");
    is_int(submit_from(m, "no@example.com", &message, pool), OKAPI_EACCESS, "as nobody known");
    okapi_delegate_set(theirs, m->user, 0, pool);
    is_int(submit_from(m, "info@example.org", &message, pool), APR_SUCCESS, "as a delegate");
    is_str(last_entry(m, pool)->sender, "john@example.org", "he is the sender");
    is_str(text(message, PR_SENDER_SMTP_ADDRESS, pool), "john@example.org", "it says so");
    is_str(text(message, PR_SENT_REPRESENTING_SMTP_ADDRESS, pool), "info@example.org",
           "and for whom");
    is_int(okapi_submit_finish(message, pool), APR_SUCCESS, "it is sent");
    is_int(count(m, info, OKAPI_FOLDER_SENT, pool), 1, "they get a copy");
    is_int(okapi_send_as_add(m->okapi, info, "Team", pool), APR_SUCCESS, "a group with the right");
    is_int(okapi_send_as_add(m->okapi, info, "team", pool), OKAPI_EEXISTS, "once");
    is_int(okapi_send_as_add(m->okapi, info, "fred", pool), OKAPI_EUNKNOWNUSER, "of known ones");
    is_int(submit_from(m, "info@example.org", &message, pool), APR_SUCCESS, "as a member");
    is_str(last_entry(m, pool)->sender, "info@example.org", "they are the sender");
    is_str(text(message, PR_SENDER_SMTP_ADDRESS, pool), "info@example.org", "nothing else is said");
    m->config.sent_copy = OKAPI_SENT_COPY_BEHALF;
    is_int(okapi_submit_finish(message, pool), APR_SUCCESS, "it is sent");
    is_int(count(m, info, OKAPI_FOLDER_SENT, pool), 1, "they get no copy if that isn't wanted");
    okapi_delegate_remove(theirs, m->user, pool);
    is_int(okapi_send_as_remove(m->okapi, info, "team", pool), APR_SUCCESS, "without the right");
    is_int(okapi_send_as_remove(m->okapi, info, "team", pool), OKAPI_ENOTFOUND, "any more");
    is_int(submit_from(m, "info@example.org", &message, pool), OKAPI_EACCESS, "he may not");
}

static void test_time(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = draft(m, "later", pool);
    okapi_time_t now = okapi_time_now(), then = now + 3600 * APR_INT64_C(10000000);
    set(message, okapi_propval_time(PR_DEFERRED_SEND_TIME, then), pool);
    mailbox_must(okapi_submit(message, 0, pool), "submit");
    is_int(last_entry(m, pool)->not_before, then, "a time is waited for");
    message = draft(m, "in two hours", pool);
    set(message, okapi_propval_i32(PR_DEFERRED_SEND_NUMBER, 2), pool);
    set(message, okapi_propval_i32(PR_DEFERRED_SEND_UNITS, 1), pool);
    mailbox_must(okapi_submit(message, 0, pool), "submit");
    apr_int64_t wait = last_entry(m, pool)->not_before - now;
    ok(wait >= 7200 * APR_INT64_C(10000000) && wait < 7300 * APR_INT64_C(10000000), "so are hours");
}

static void test_finish(mailbox_t *m, apr_pool_t *pool)
{
    okapi_id_t deleted = okapi_store_special(m->store, OKAPI_FOLDER_DELETED);
    okapi_binary_t entryid = okapi_entryid_folder(okapi_store_guid(m->store), deleted, pool);
    okapi_message_t *message = draft(m, "done", pool);
    apr_int64_t sent = count(m, m->user, OKAPI_FOLDER_SENT, pool);
    mailbox_must(okapi_submit(message, 0, pool), "submit");
    okapi_message_t *opened;
    is_int(okapi_submit_open(&opened, m->okapi, last_entry(m, pool), pool, pool), APR_SUCCESS,
           "who sends opens it");
    is_int(okapi_submit_finish(opened, pool), APR_SUCCESS, "and is done with it");
    is_int(flags_of(opened, pool) & (MSGFLAG_SUBMIT | MSGFLAG_UNSENT), 0, "it is no draft");
    is_int(count(m, m->user, OKAPI_FOLDER_SENT, pool), sent + 1, "and in Sent Items");
    is_int(okapi_submit_open(&opened, m->okapi, last_entry(m, pool), pool, pool), OKAPI_ENOTFOUND,
           "so that nobody sends it again");
    message = draft(m, "elsewhere", pool);
    set(message, okapi_propval_bin(PR_SENTMAIL_ENTRYID, entryid.data, entryid.len), pool);
    mailbox_must(okapi_submit(message, 0, pool), "submit");
    is_int(okapi_submit_finish(message, pool), APR_SUCCESS, "a client may say where it goes");
    is_int(count(m, m->user, OKAPI_FOLDER_DELETED, pool), 1, "there");
    message = draft(m, "gone", pool);
    set(message, okapi_propval_bool(PR_DELETE_AFTER_SUBMIT, 1), pool);
    mailbox_must(okapi_submit(message, 0, pool), "submit");
    is_int(okapi_submit_finish(message, pool), APR_SUCCESS, "or that it goes away");
    is_int(count(m, m->user, OKAPI_FOLDER_SENT, pool), sent + 1, "altogether");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t m;
    mailbox_create(&m, pool);
    m.config.max_recipients = 1000;
    m.config.sent_copy = OKAPI_SENT_COPY_AS | OKAPI_SENT_COPY_BEHALF;
    okapi_user_t *mary = add_user(&m, "mary"), *info = add_user(&m, "info");
    test_plain(&m, pool);
    test_recipients(&m, mary, pool);
    test_list(&m, mary, pool);
    test_people(&m, info, pool);
    test_time(&m, pool);
    test_finish(&m, pool);
    return done_testing();
}
