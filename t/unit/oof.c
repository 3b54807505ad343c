/* oof.c - out of office: the settings, PR_OOF_STATE, and who is told what, once. */
#include <sys/wait.h>

#include <okapi/oof.h>

#include "rules.h"

static okapi_oof_t settings(okapi_oof_e state)
{
    okapi_oof_t oof = {.state = state};
    oof.replies[OKAPI_OOF_INTERNAL] = (okapi_oof_reply_t){1, "<p>internal</p>"};
    oof.replies[OKAPI_OOF_EXTERNAL_KNOWN] = (okapi_oof_reply_t){1, "<p>known</p>"};
    oof.replies[OKAPI_OOF_EXTERNAL_UNKNOWN] = (okapi_oof_reply_t){0, "<p>unknown</p>"};
    return oof;
}

static void set(rules_t *f, const okapi_oof_t *oof)
{
    mailbox_must(okapi_oof_set(f->m.store, oof, f->pool), "set");
}

static int state_property(rules_t *f)
{
    const okapi_proptag_t tag = PR_OOF_STATE;
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_store_object(f->m.store), &tag, 1, 0, &v, f->pool, f->pool),
                 "get");
    return v.v.boolean;
}

static void switch_property(rules_t *f, int on)
{
    const okapi_propval_t v = okapi_propval_bool(PR_OOF_STATE, on);
    mailbox_must(okapi_object_set(okapi_store_object(f->m.store), &v, 1, f->pool), "switch");
}

static okapi_oof_e state(rules_t *f)
{
    okapi_oof_t oof;
    mailbox_must(okapi_oof_get(&oof, f->m.store, f->pool, f->pool), "get");
    return oof.state;
}

static okapi_time_t in_seconds(int seconds)
{
    return okapi_time_from_apr(apr_time_now() + apr_time_from_sec(seconds));
}

static void test_settings(rules_t *f)
{
    okapi_oof_t oof;
    mailbox_must(okapi_oof_get(&oof, f->m.store, f->pool, f->pool), "get");
    is_int(oof.state, OKAPI_OOF_OFF, "in the office at first");
    is_str(oof.replies[OKAPI_OOF_INTERNAL].html, "", "with nothing to say");
    is_int(state_property(f), 0, "the property says so");
    oof = settings(OKAPI_OOF_SCHEDULED);
    is_int(okapi_oof_set(f->m.store, &oof, f->pool), OKAPI_EINVAL, "a schedule has times");
    oof.start = in_seconds(3600);
    oof.end = in_seconds(7200);
    set(f, &oof);
    is_int(state_property(f), 0, "before it starts");
    oof.start = in_seconds(-7200);
    oof.end = in_seconds(-3600);
    set(f, &oof);
    is_int(state_property(f), 0, "after it has ended");
    oof.end = in_seconds(3600);
    set(f, &oof);
    is_int(state_property(f), 1, "within it");
    okapi_oof_t got;
    mailbox_must(okapi_oof_get(&got, f->m.store, f->pool, f->pool), "get");
    ok(got.state == OKAPI_OOF_SCHEDULED && got.start == oof.start && got.end == oof.end, "kept");
    is_str(got.replies[OKAPI_OOF_EXTERNAL_UNKNOWN].html, "<p>unknown</p>", "each text");
    ok(!got.replies[OKAPI_OOF_EXTERNAL_UNKNOWN].is_sent, "also that isn't sent");
    switch_property(f, 1);
    is_int(state(f), OKAPI_OOF_SCHEDULED, "who is away already stays on schedule");
    switch_property(f, 0);
    is_int(state(f), OKAPI_OOF_OFF, "the property switches it off");
    is_int(state_property(f), 0, "and says so");
    switch_property(f, 1);
    is_int(state(f), OKAPI_OOF_ON, "and on");
    mailbox_must(okapi_oof_get(&got, f->m.store, f->pool, f->pool), "get");
    is_str(got.replies[OKAPI_OOF_INTERNAL].html, "<p>internal</p>",
           "with the texts that were there");
    oof = settings(OKAPI_OOF_ON);
    char *text = memset(apr_palloc(f->pool, OKAPI_OOF_TEXT_MAX + 2), 'x', OKAPI_OOF_TEXT_MAX + 1);
    text[OKAPI_OOF_TEXT_MAX + 1] = '\0';
    oof.replies[0].html = text;
    is_int(okapi_oof_set(f->m.store, &oof, f->pool), OKAPI_ETOOBIG, "too long a text");
    text[OKAPI_OOF_TEXT_MAX] = '\0';
    is_int(okapi_oof_set(f->m.store, &oof, f->pool), APR_SUCCESS, "not too long");
    switch_property(f, 0);
}

/* What SENDER is told; "-" for nothing. */
static const char *told(rules_t *f, const char *sender)
{
    const okapi_queue_entry_t *entry = rules_deliver(f, rules_draft(f, "hello", ""), sender);
    if (!entry) {
        return "-";
    }
    is_str(rules_to(f, entry), sender, "a reply to %s", sender);
    okapi_propval_t html = rules_get(f, rules_open(f, entry), PR_HTML);
    return apr_pstrmemdup(f->pool, (const char *)html.v.bin.data, html.v.bin.len);
}

static void add_contact(rules_t *f, const char *address)
{
    const okapi_propname_t name = {okapi_psetid_address, MNID_ID, 0x8093, NULL};
    apr_uint16_t id;
    okapi_message_t *contact;
    mailbox_must(okapi_named_ids(f->m.store, &name, 1, 1, &id, f->pool), "name");
    mailbox_must(okapi_message_create(&contact, f->m.store, rules_special(f, OKAPI_FOLDER_CONTACTS),
                                      0, f->pool, f->pool),
                 "contact");
    const okapi_propval_t v = okapi_propval_str(OKAPI_PROP_TAG(PT_UNICODE, id), address);
    mailbox_must(okapi_object_set(okapi_message_object(contact), &v, 1, f->pool), "set");
    mailbox_must(okapi_message_save(contact, 0, f->pool), "save");
}

static void test_replies(rules_t *f)
{
    okapi_oof_t oof = settings(OKAPI_OOF_ON);
    is_str(told(f, "mary@example.net"), "-", "nobody is told as long as somebody is there");
    set(f, &oof);
    is_str(told(f, "mary@example.net"), "-", "nor strangers who aren't to be");
    add_contact(f, "Mary@Example.net");
    is_str(told(f, "mary@example.net"), "<p>known</p>", "friends are");
    is_str(told(f, "mary@example.net"), "-", "once");
    is_str(told(f, "somebody@example.org"), "<p>internal</p>", "who is of the house");
    is_str(told(f, "anna@example.net"), "-", "strangers still not");
    oof.replies[OKAPI_OOF_EXTERNAL_UNKNOWN].is_sent = 1;
    oof.replies[OKAPI_OOF_EXTERNAL_KNOWN].html = "<p>new</p>";
    set(f, &oof);
    is_str(told(f, "anna@example.net"), "<p>unknown</p>", "but now");
    is_str(told(f, "mary@example.net"), "-", "another text is no reason to tell it again");
    switch_property(f, 0);
    is_str(told(f, "paul@example.com"), "-", "somebody is there again");
    switch_property(f, 1);
    is_str(told(f, "mary@example.net"), "<p>new</p>", "the next time begins anew");

    okapi_message_t *message = rules_draft(f, "hello", "");
    const okapi_propval_t suppress = okapi_propval_i32(PR_AUTO_RESPONSE_SUPPRESS, 0x10);
    okapi_object_set(okapi_message_object(message), &suppress, 1, f->pool);
    ok(!rules_deliver(f, message, "eva@example.net"), "not who doesn't want it");
    ok(!rules_deliver(f, rules_draft(f, "hello", "List-Id: <x>\r\n"), "eva@example.net"),
       "not a list");
    message = rules_draft(f, "hello", "");
    okapi_props_set_str(okapi_message_recipient(message, 0)->props, PR_SMTP_ADDRESS,
                        "all@example.org");
    ok(!rules_deliver(f, message, "eva@example.net"), "not who wrote to others");
    const okapi_queue_entry_t *entry =
        rules_deliver(f, rules_draft(f, "RE: hello", ""), "eva@example.net");
    ok(entry != NULL, "but who wrote to the owner");
    if (entry) {
        okapi_message_t *sent = rules_open(f, entry);
        is_str(rules_text(f, sent, PR_SUBJECT), "Automatic reply: hello", "the subject");
        is_str(rules_field(f, sent, "Auto-Submitted"), "auto-replied", "it says what it is");
        is_str(rules_text(f, sent, PR_SENDER_SMTP_ADDRESS), "john@example.org", "from the owner");
        is_str(entry->sender, "", "to be answered by nobody");
    }
}

/* A rule that tells people takes the place of the settings. */
static void test_rule(rules_t *f)
{
    okapi_action_t reply = {.type = OP_OOF_REPLY, .flavor = STOCK_REPLY_TEMPLATE};
    okapi_propval_t v;
    switch_property(f, 0);
    switch_property(f, 1);
    rules_add_one(f, "rule", ST_ENABLED | ST_ONLY_WHEN_OOF | ST_KEEP_OOF_HIST, reply);
    for (int i = 0; i < 2; i++) {
        const okapi_queue_entry_t *entry =
            rules_deliver(f, rules_draft(f, "a rule", ""), "mary@example.net");
        is_int(entry != NULL, i == 0, "the rule tells it %s", i == 0 ? "once" : "not twice");
        if (entry) {
            v = rules_get(f, rules_open(f, entry), PR_HTML);
            ok(v.tag != PR_HTML, "in its own words");
        }
    }
    is_str(told(f, "mary@example.net"), "-", "who was told by a rule isn't told again");
    is_str(told(f, "ida@example.net"), "<p>unknown</p>", "where no rule applies the settings do");
    rules_forget(f, okapi_folder_id(f->m.inbox));
}

/* Two that don't know of each other's reply: the transaction decides. */
static void test_race(rules_t *f)
{
    okapi_envelope_t envelope = {.sender = "zoe@example.net"};
    pid_t children[2];
    int failed = 0, status;
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            rules_t child = {.m = {.config = f->m.config}, .pool = f->pool};
            mailbox_open(&child.m, f->pool);
            for (int n = 0; n < 10; n++) {
                envelope.sender = apr_psprintf(f->pool, "zoe%d@example.net", n);
                failed |= okapi_deliver(rules_draft(&child, "hello", ""), &envelope, f->pool) != 0;
            }
            _exit(failed);
        }
    }
    for (int i = 0; i < 2; i++) {
        waitpid(children[i], &status, 0);
        failed |= status;
    }
    is_int(failed, 0, "two at once deliver ten messages each");
    is_int(rules_queue(f)->nelts, 10, "each of the ten senders is told once");
    okapi_folder_t *spooler;
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_open(&spooler, f->m.store,
                                   rules_special(f, OKAPI_FOLDER_SPOOLER_QUEUE), f->pool, f->pool),
                 "folder");
    mailbox_must(okapi_folder_stat(spooler, &stat, f->pool), "stat");
    int before = (int)stat.content - 10;
    ok(before >= 0, "no reply is left over (%d before)", before);
}

int main(void)
{
    rules_t f = {.pool = tap_pool()};
    mailbox_create(&f.m, f.pool);
    test_settings(&f);
    test_replies(&f);
    test_rule(&f);
    test_race(&f);
    return done_testing();
}
