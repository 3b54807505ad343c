/* delivery.c - new mail: who received it, whether it is for the owner, where it goes. */
#include <okapi/delivery.h>
#include <okapi/message.h>

#include "mailbox.h"

static okapi_message_t *draft(mailbox_t *m, const char *message_class, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool,
                                      pool),
                 "message create");
    okapi_propval_t v = okapi_propval_str(PR_MESSAGE_CLASS, message_class);
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
    return message;
}

static void add_recipient(okapi_message_t *message, int type, const char *address)
{
    okapi_recipient_t *r = okapi_message_add_recipient(message, type);
    okapi_props_set_str(r->props, PR_ADDRTYPE, "SMTP");
    okapi_props_set_str(r->props, PR_SMTP_ADDRESS, address);
}

static okapi_propval_t get(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool),
                 "get");
    return v;
}

static void deliver(okapi_message_t *message, okapi_id_t folder_id, apr_pool_t *pool)
{
    const okapi_envelope_t envelope = {.sender = "mary@example.net", .folder_id = folder_id};
    mailbox_must(okapi_deliver(message, &envelope, pool), "deliver");
}

/* A message to TO with a copy to CC is for me as EXPECTED says: bit 0 to, 1 copy, 2 either. */
static void check_me(mailbox_t *m, const char *to, const char *cc, int expected, apr_pool_t *pool)
{
    okapi_message_t *message = draft(m, "IPM.Note", pool);
    add_recipient(message, MAPI_TO, to);
    add_recipient(message, MAPI_CC, cc);
    deliver(message, 0, pool);
    int got = get(message, PR_MESSAGE_TO_ME, pool).v.boolean |
              get(message, PR_MESSAGE_CC_ME, pool).v.boolean << 1 |
              get(message, PR_MESSAGE_RECIP_ME, pool).v.boolean << 2;
    is_int(got, expected, "to %s, copy to %s", to, cc);
}

static void test_for_me(mailbox_t *m, apr_pool_t *pool)
{
    mailbox_must(okapi_user_add_alias(m->okapi, m->user, "doe@example.com", pool), "alias");
    check_me(m, "JOHN@Example.org", "peter@example.net", 5, pool);
    check_me(m, "peter@example.net", "doe@example.com", 6, pool);
    check_me(m, "john+lists@example.org", "john@example.org", 7, pool);
    check_me(m, "list@example.org", "johnny@example.org", 0, pool);
    okapi_message_t *message = draft(m, "IPM.Note", pool);
    okapi_recipient_t *r = okapi_message_add_recipient(message, MAPI_BCC);
    okapi_props_set_str(r->props, PR_ADDRTYPE, "EX");
    okapi_props_set_str(r->props, PR_EMAIL_ADDRESS, okapi_user_dn(m->okapi, m->user, pool));
    deliver(message, 0, pool);
    ok(get(message, PR_MESSAGE_RECIP_ME, pool).v.boolean &&
           !get(message, PR_MESSAGE_TO_ME, pool).v.boolean,
       "a blind copy by the name Outlook knows");
}

static void test_received(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = draft(m, "IPM.Note", pool);
    const char *dn = okapi_user_dn(m->okapi, m->user, pool);
    deliver(message, 0, pool);
    is_str(get(message, PR_RECEIVED_BY_NAME, pool).v.str, "John Doe", "received by");
    is_str(get(message, PR_RECEIVED_BY_ADDRTYPE, pool).v.str, "EX", "by address type");
    is_str(get(message, PR_RECEIVED_BY_EMAIL_ADDRESS, pool).v.str, dn, "by address");
    is_str(get(message, PR_RCVD_REPRESENTING_NAME, pool).v.str, "John Doe", "representing");
    is_str(get(message, PR_RCVD_REPRESENTING_EMAIL_ADDRESS, pool).v.str, dn, "its address");
    okapi_propval_t key = get(message, PR_RECEIVED_BY_SEARCH_KEY, pool);
    is_int((long long)key.v.bin.len, (long long)strlen(dn) + 4, "search key");
    ok(get(message, PR_MESSAGE_DELIVERY_TIME, pool).v.time > 0, "delivery time");
    is_int(get(message, PR_MESSAGE_FLAGS, pool).v.i32 & MSGFLAG_READ, 0, "unread");
    const okapi_envelope_t envelope = {0};
    is_int(okapi_deliver(message, &envelope, pool), OKAPI_EINVAL, "once only");
}

static okapi_id_t deliver_class(mailbox_t *m, const char *message_class, apr_pool_t *pool)
{
    okapi_message_t *message = draft(m, message_class, pool);
    deliver(message, 0, pool);
    return okapi_message_folder_id(message);
}

static void test_folders(mailbox_t *m, apr_pool_t *pool)
{
    okapi_id_t inbox = okapi_folder_id(m->inbox), journal, projects;
    journal = okapi_store_special(m->store, OKAPI_FOLDER_JOURNAL);
    projects = okapi_store_special(m->store, OKAPI_FOLDER_NOTES);
    is_int(deliver_class(m, "IPM.Activity", pool), inbox, "mail of any class goes to the inbox");
    /* MS-OXCSTOR_R59754 */
    is_int(okapi_store_set_receive_folder(m->store, "IPM.Activity", journal, pool), APR_SUCCESS,
           "but that of a class to the journal");
    is_int(deliver_class(m, "ipm.activity.call", pool), journal, "with what is below it");
    is_int(deliver_class(m, "IPM.ActivityLog", pool), inbox, "not beside it");
    /* MS-OXCSTOR_R862 R1235 */
    is_int(okapi_store_set_receive_folder(m->store, "ipm.ACTIVITY", projects, pool), APR_SUCCESS,
           "set anew in another case");
    is_int(deliver_class(m, "IPM.Activity", pool), projects, "to another folder");
    is_int(okapi_store_set_receive_folder(m->store, "IPM.Activity", 0, pool), APR_SUCCESS,
           "removed"); /* MS-OXCSTOR_R864 */
    is_int(deliver_class(m, "IPM.Activity", pool), inbox, "to the inbox again");
    is_int(deliver_class(m, "..what?", pool), inbox, "what is no class, too");
    okapi_message_t *message = draft(m, "IPM.Note", pool);
    deliver(message, projects, pool);
    is_int(okapi_message_folder_id(message), projects, "into the folder the envelope says");
    const okapi_envelope_t nowhere = {.folder_id = 4711};
    is_int(okapi_deliver(draft(m, "IPM.Note", pool), &nowhere, pool), OKAPI_ENOTFOUND,
           "into one that isn't there");
    is_int(okapi_store_set_receive_folder(m->store, "IPM.X", 4711, pool), OKAPI_ENOTFOUND,
           "which can't receive either"); /* MS-OXCSTOR_R871 */
    is_int(okapi_store_set_receive_folder(m->store, "ipm", journal, pool), OKAPI_EACCESS,
           "the class IPM stays"); /* MS-OXCSTOR_R859 R272 */
}

/* What delivering a new message with DIGEST into the folder says. */
static apr_status_t once(mailbox_t *m, const char *digest, okapi_id_t folder_id, int max_age)
{
    apr_pool_t *pool = m->pool;
    okapi_message_t *message = draft(m, "IPM.Note", pool);
    const okapi_envelope_t envelope = {.folder_id = folder_id, .digest = digest};
    apr_int64_t forgotten;
    apr_status_t rv = okapi_deliver(message, &envelope, pool);
    m->config.delivery_memory = max_age;
    mailbox_must(okapi_delivered_forget(m->okapi, NULL, NULL, &forgotten, pool), "forget");
    return rv == APR_SUCCESS && !okapi_message_id(message) ? OKAPI_EFAIL : rv;
}

static long long count(mailbox_t *m)
{
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_stat(m->inbox, &stat, m->pool), "stat");
    return stat.content;
}

static void test_repeated(mailbox_t *m, apr_pool_t *pool)
{
    static const char raw[] = "Received: x\r\n\r\n", other[] = "Received: y\r\n\r\n";
    const char *a = okapi_delivery_digest((okapi_binary_t){(const unsigned char *)raw, 15}, pool);
    const char *b = okapi_delivery_digest((okapi_binary_t){(const unsigned char *)other, 15}, pool);
    okapi_id_t notes = okapi_store_special(m->store, OKAPI_FOLDER_NOTES);
    long long before = count(m);
    is_int((long long)strlen(a), 32, "a digest");
    is_int(once(m, a, 0, 24), APR_SUCCESS, "once");
    is_int(once(m, a, 0, 24), OKAPI_EREPEATED, "not twice");
    is_int(once(m, b, 0, 24), APR_SUCCESS, "another one");
    is_int(once(m, a, notes, 24), APR_SUCCESS, "into another folder");
    is_int(once(m, NULL, 0, 24), APR_SUCCESS, "without a digest");
    is_int(once(m, NULL, 0, 24), APR_SUCCESS, "as often as it comes");
    is_int(count(m), before + 4, "so many are there");
    is_int(once(m, a, 0, 0), OKAPI_EREPEATED, "the time isn't over yet");
    is_int(once(m, a, 0, 24), APR_SUCCESS, "now it is");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t m;
    mailbox_create(&m, pool);
    test_for_me(&m, pool);
    test_received(&m, pool);
    test_folders(&m, pool);
    test_repeated(&m, pool);
    return done_testing();
}
