/* rule_send.c - rules that send: replies, forwarding, delegates, and what keeps mail from going
 * round. */
#include <okapi/delegate.h>
#include <okapi/stream.h>

#include "rules.h"

enum { ALL = FWD_PRESERVE_SENDER | FWD_DO_NOT_MUNGE_MSG };

/* ---- replies ---- */

/* A reply template of this class in the inbox: MS-OXORULE 3.1.4.2.5. */
static okapi_action_t reply(rules_t *f, okapi_action_e type, const char *message_class,
                            const char *subject, const char *recipient)
{
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_MESSAGE_CLASS, message_class), okapi_propval_str(PR_SUBJECT, subject),
        okapi_propval_str(PR_BODY, "I read it"),
        okapi_propval_bin(PR_REPLY_TEMPLATE_ID, "0123456789abcdef", 16)};
    okapi_message_t *template;
    mailbox_must(okapi_message_create(&template, f->m.store, okapi_folder_id(f->m.inbox), 1,
                                      f->pool, f->pool),
                 "template");
    mailbox_must(okapi_object_set(okapi_message_object(template), values, 4, f->pool), "set");
    if (recipient) {
        okapi_recipient_t *r = okapi_message_add_recipient(template, MAPI_TO);
        okapi_props_set_str(r->props, PR_ADDRTYPE, "SMTP");
        okapi_props_set_str(r->props, PR_EMAIL_ADDRESS, recipient);
    }
    mailbox_must(okapi_message_save(template, 0, f->pool), "save");
    return (okapi_action_t){.type = type,
                            .template_fid = okapi_eid_of(okapi_folder_id(f->m.inbox)),
                            .template_mid = okapi_eid_of(okapi_message_id(template))};
}

static const char reply_class[] = "IPM.Note.rules.ReplyTemplate.Test";
static const char oof_class[] = "IPM.Note.rules.OOFTemplate.Test";

static void test_reply(rules_t *f)
{
    okapi_id_t inbox = okapi_folder_id(f->m.inbox);
    okapi_action_t action = reply(f, OP_REPLY, reply_class, "", NULL);
    rules_add_one(f, NULL, ST_ENABLED, action);
    okapi_message_t *message = rules_draft(f, "RE: a question", "");
    unsigned char parent[22] = {1};
    okapi_propval_t index = okapi_propval_bin(PR_CONVERSATION_INDEX, parent, sizeof(parent));
    okapi_object_set(okapi_message_object(message), &index, 1, f->pool);
    const okapi_queue_entry_t *entry = rules_deliver(f, message, "mary+out@example.net");
    is_str(rules_to(f, entry), "mary+out@example.net", "a reply to who sent it"); /* R525 */
    if (!entry) {
        return;
    }
    is_str(entry->sender, "", "which can't be answered");
    okapi_message_t *sent = rules_open(f, entry);
    is_int(okapi_message_folder_id(sent), rules_special(f, OKAPI_FOLDER_SPOOLER_QUEUE), "spooled");
    is_str(rules_text(f, sent, PR_SUBJECT), "Re: a question", "its subject");
    is_str(rules_text(f, sent, PR_BODY), "I read it", "the template's text");
    is_str(rules_text(f, sent, PR_MESSAGE_CLASS), reply_class, "and class");
    is_str(rules_text(f, sent, PR_IN_REPLY_TO_ID), "<1@example.net>", "an answer to this one");
    is_str(rules_text(f, sent, PR_SENDER_SMTP_ADDRESS), "john@example.org", "from the owner");
    is_str(rules_field(f, sent, "Auto-Submitted"), "auto-replied", "and says that nobody wrote it");
    is_int(rules_get(f, sent, PR_AUTO_RESPONSE_SUPPRESS).v.i32, -1, "so that nobody answers it");
    is_int((long long)rules_get(f, sent, PR_CONVERSATION_INDEX).v.bin.len, 27, "a level deeper");
    ok(rules_get(f, sent, PR_DELETE_AFTER_SUBMIT).v.boolean, "it goes when it is sent");
    ok(rules_get(f, sent, PR_MESSAGE_FLAGS).v.i32 & MSGFLAG_SUBMIT, "it is submitted");
    ok(strlen(rules_text(f, sent, PR_INTERNET_MESSAGE_ID)) > 10, "with an id of its own");
    rules_forget(f, inbox);

    action = reply(f, OP_REPLY, reply_class, "Thanks", "paul@example.com");
    action.flavor = DO_NOT_SEND_TO_ORIGINATOR;
    rules_add_one(f, NULL, ST_ENABLED, action);
    entry = rules_deliver(f, rules_draft(f, "hello", ""), "mary@example.net");
    is_str(rules_to(f, entry), "paul@example.com", "to whom the template names only"); /* R288 */
    is_str(entry ? rules_text(f, rules_open(f, entry), PR_SUBJECT) : "", "Thanks", "its subject");
    rules_forget(f, inbox);

    action = (okapi_action_t){.type = OP_REPLY, .flavor = STOCK_REPLY_TEMPLATE};
    rules_add_one(f, NULL, ST_ENABLED, action);
    entry = rules_deliver(f, rules_draft(f, "hello", ""), "mary@example.net");
    ok(entry && strstr(rules_text(f, rules_open(f, entry), PR_BODY), "automatic reply"),
       "the server's own text"); /* MS-OXORULE_R289 */
    rules_forget(f, inbox);

    action = (okapi_action_t){.type = OP_REPLY, .template_fid = 1, .template_mid = 2};
    rules_add_one(f, NULL, ST_ENABLED, action);
    is_str(rules_to(f, rules_deliver(f, rules_draft(f, "hello", ""), "mary@example.net")), "-",
           "no template, no reply");
    apr_array_header_t *rules;
    mailbox_must(okapi_rule_list(&rules, f->m.inbox, f->pool, f->pool), "list");
    is_int(APR_ARRAY_IDX(rules, 0, okapi_rule_t).state, ST_ENABLED | ST_ERROR, "a broken rule");
    rules_forget(f, inbox);
}

/* ---- whom nobody answers ---- */

static void check_answer(rules_t *f, const char *fields, const char *sender, int answered,
                         const char *what)
{
    const okapi_queue_entry_t *entry = rules_deliver(f, rules_draft(f, "hello", fields), sender);
    is_int(entry != NULL, answered, "%s", what);
}

static void test_unanswered(rules_t *f)
{
    okapi_propval_t v;
    okapi_message_t *message;
    rules_add_one(f, NULL, ST_ENABLED, reply(f, OP_REPLY, reply_class, "", NULL));
    check_answer(f, "", "mary@example.net", 1, "people");
    check_answer(f, "", NULL, 1, "who it says it is from");
    check_answer(f, "Return-Path: <anna@example.net>\r\n", NULL, 1, "its return path");
    check_answer(f, "Return-Path: <>\r\n", NULL, 0, "not one without");
    check_answer(f, "", "", 0, "not the null sender");
    check_answer(f, "", "<>", 0, "however it is written");
    check_answer(f, "Auto-Submitted: auto-generated\r\n", "mary@example.net", 0, "not a machine");
    check_answer(f, "Auto-Submitted:\r\n no (really)\r\n", "mary@example.net", 1, "but who isn't");
    check_answer(f, "Precedence: Bulk\r\n", "mary@example.net", 0, "not bulk mail");
    check_answer(f, "Precedence: junk\r\n", "mary@example.net", 0, "not junk");
    check_answer(f, "Precedence: urgent\r\n", "mary@example.net", 1, "but urgent mail");
    check_answer(f, "List-Id: <x.example.net>\r\n", "mary@example.net", 0, "not a list");
    check_answer(f, "list-unsubscribe: <x>\r\n", "mary@example.net", 0, "not a newsletter");
    check_answer(f, "Listening: to you\r\n", "mary@example.net", 1, "but who listens");
    check_answer(f, "", "John+x@example.org", 0, "not oneself");
    check_answer(f, "", "MAILER-DAEMON@example.net", 0, "not a mail server");
    check_answer(f, "", "no-reply@example.net", 0, "not who says so");
    check_answer(f, "", "news-request@example.net", 0, "not who runs a list");
    message = rules_draft(f, "hello", "");
    v = okapi_propval_i32(PR_AUTO_RESPONSE_SUPPRESS, 0x20);
    okapi_object_set(okapi_message_object(message), &v, 1, f->pool);
    ok(!rules_deliver(f, message, "mary@example.net"), "not who wants none"); /* MS-OXORULE_R526 */
    message = rules_draft(f, "hello", "");
    v = okapi_propval_i32(PR_AUTO_RESPONSE_SUPPRESS, 0x10);
    okapi_object_set(okapi_message_object(message), &v, 1, f->pool);
    ok(rules_deliver(f, message, "mary@example.net") != NULL, "but who wants no other ones");
    message = rules_draft(f, "hello", "");
    v = okapi_propval_bool(PR_AUTO_FORWARDED, 1);
    okapi_object_set(okapi_message_object(message), &v, 1, f->pool);
    ok(!rules_deliver(f, message, "mary@example.net"), "not what was forwarded"); /* R528 */
    message = rules_draft(f, "hello", "");
    v = okapi_propval_str(PR_MESSAGE_CLASS, "REPORT.IPM.Note.NDR");
    okapi_object_set(okapi_message_object(message), &v, 1, f->pool);
    ok(!rules_deliver(f, message, "mary@example.net"), "not a report");
    rules_forget(f, okapi_folder_id(f->m.inbox));
}

static void test_oof_rule(rules_t *f)
{
    okapi_propval_t on = okapi_propval_bool(PR_OOF_STATE, 1),
                    off = okapi_propval_bool(PR_OOF_STATE, 0);
    okapi_object_t *store = okapi_store_object(f->m.store);
    rules_add_one(f, NULL, ST_ENABLED | ST_ONLY_WHEN_OOF | ST_KEEP_OOF_HIST,
                  reply(f, OP_OOF_REPLY, oof_class, "", NULL));
    check_answer(f, "", "mary@example.net", 0, "in the office");
    mailbox_must(okapi_object_set(store, &on, 1, f->pool), "on");
    check_answer(f, "", "mary@example.net", 1, "out of it");
    check_answer(f, "", "Mary@example.net", 0, "once"); /* MS-OXORULE_R557 */
    check_answer(f, "", "paul@example.com", 1, "each"); /* MS-OXORULE_R558 */
    mailbox_must(okapi_object_set(store, &off, 1, f->pool), "off");
    mailbox_must(okapi_object_set(store, &on, 1, f->pool), "on");
    const okapi_queue_entry_t *entry =
        rules_deliver(f, rules_draft(f, "hello", ""), "mary@example.net");
    is_str(rules_to(f, entry), "mary@example.net", "and anew the next time"); /* MS-OXORULE_R585 */
    is_str(entry ? rules_text(f, rules_open(f, entry), PR_MESSAGE_CLASS) : "", oof_class,
           "the template's class");
    is_str(entry ? rules_text(f, rules_open(f, entry), PR_SUBJECT) : "", "Automatic reply: hello",
           "its subject");
    mailbox_must(okapi_object_set(store, &off, 1, f->pool), "off");
    rules_forget(f, okapi_folder_id(f->m.inbox));
}

/* ---- forwarding ---- */

static okapi_action_t forward(rules_t *f, okapi_action_e type, const char *address,
                              apr_uint32_t flavor)
{
    okapi_propval_t *values = apr_palloc(f->pool, 3 * sizeof(*values));
    okapi_action_recipient_t *r = apr_palloc(f->pool, sizeof(*r));
    values[0] = okapi_propval_str(PR_DISPLAY_NAME, "Paul");
    values[1] = okapi_propval_str(PR_EMAIL_ADDRESS, address);
    values[2] = okapi_propval_i32(PR_RECIPIENT_TYPE, MAPI_TO);
    *r = (okapi_action_recipient_t){.nvalues = 3, .values = values};
    return (okapi_action_t){.type = type, .flavor = flavor, .nrecipients = 1, .recipients = r};
}

/* Delivers, with a rule that forwards so, a message with the bytes RAW. */
static const okapi_queue_entry_t *forwarded(rules_t *f, apr_uint32_t flavor, const char *fields,
                                            const char *sender)
{
    static const char raw[] = "Subject: hello\r\n\r\nThe text";
    okapi_message_t *message = rules_draft(f, "hello", fields);
    okapi_message_set_raw(message, (okapi_binary_t){(const unsigned char *)raw, sizeof(raw) - 1},
                          NULL, 0);
    const okapi_propval_t html = okapi_propval_bin(PR_HTML, "<html><BODY x='1'>T</body>", 26);
    okapi_object_set(okapi_message_object(message), &html, 1, f->pool);
    rules_add_one(f, NULL, ST_ENABLED, forward(f, OP_FORWARD, "paul@example.com", flavor));
    const okapi_queue_entry_t *entry = rules_deliver(f, message, sender);
    rules_forget(f, okapi_folder_id(f->m.inbox));
    return entry;
}

static int has_raw(rules_t *f, okapi_message_t *message)
{
    okapi_stream_t *stream;
    return okapi_message_raw(&stream, message, f->pool, f->pool) == APR_SUCCESS;
}

static void test_forward(rules_t *f)
{
    const okapi_queue_entry_t *entry = forwarded(f, 0, "", "mary@example.net");
    is_str(rules_to(f, entry), "paul@example.com", "forwarded"); /* MS-OXORULE_R537 */
    if (!entry) {
        return;
    }
    is_str(entry->sender, "john@example.org", "reports come to the owner");
    okapi_message_t *sent = rules_open(f, entry);
    is_str(rules_text(f, sent, PR_SUBJECT), "FW: hello", "its subject");
    is_str(rules_text(f, sent, PR_SENT_REPRESENTING_SMTP_ADDRESS), "john@example.org", "from him");
    ok(strstr(rules_text(f, sent, PR_BODY), "From: Mary <mary@example.net>\r\n") &&
           strstr(rules_text(f, sent, PR_BODY), "The text"),
       "it says whose it was");
    okapi_propval_t html = rules_get(f, sent, PR_HTML);
    const char *text = apr_pstrmemdup(f->pool, (const char *)html.v.bin.data, html.v.bin.len);
    ok(strncmp(text, "<html><BODY x='1'><div><b>From:</b> Mary &#60;mary", 49) == 0, "%s", text);
    ok(strstr(text, "</div><hr>T</body>") != NULL, "in each form");
    is_int(okapi_message_recipient_count(sent), 1, "to whom the rule names");
    is_str(rules_text(f, sent, PR_TRANSPORT_MESSAGE_HEADERS), "", "without the header it had");
    is_str(rules_field(f, sent, "X-Okapi-Forwarded"), "john@example.org", "but with a mark");
    ok(rules_get(f, sent, PR_AUTO_FORWARDED).v.boolean, "which Outlook understands too");
    ok(!has_raw(f, sent), "not with its own bytes");

    entry = forwarded(f, ALL, "", "mary@example.net"); /* MS-OXORULE_R275 R277 */
    sent = rules_open(f, entry);
    is_str(rules_to(f, entry), "paul@example.com", "redirected");
    is_str(rules_text(f, sent, PR_SUBJECT), "hello", "as it is");
    is_str(rules_text(f, sent, PR_SENT_REPRESENTING_SMTP_ADDRESS), "mary@example.net",
           "from who wrote it");
    is_str(rules_text(f, sent, PR_DISPLAY_TO), "John Doe", "to whom it was written");
    ok(has_raw(f, sent), "with its own bytes");
    is_str(rules_text(f, sent, PR_INTERNET_MESSAGE_ID), "<1@example.net>", "its id among them");

    entry = forwarded(f, FWD_AS_ATTACHMENT, "", "mary@example.net"); /* MS-OXORULE_R279 */
    sent = rules_open(f, entry);
    is_str(rules_text(f, sent, PR_SUBJECT), "FW: hello", "attached");
    okapi_attachment_t *attachment;
    okapi_message_t *embedded = NULL;
    mailbox_must(
        okapi_attachment_open(&attachment, sent, okapi_message_attachment_num(sent, 0), f->pool),
        "attachment");
    mailbox_must(okapi_attachment_embedded(&embedded, attachment, f->pool), "embedded");
    is_str(rules_text(f, embedded, PR_SUBJECT), "hello", "it is in it");
    ok(has_raw(f, embedded), "to the byte");

    entry = forwarded(f, FWD_AS_SMS, "", "mary@example.net"); /* MS-OXORULE_R698 */
    is_str(rules_text(f, rules_open(f, entry), PR_BODY), "Mary: hello\r\nThe text", "short");
}

static void test_loops(rules_t *f)
{
    const okapi_queue_entry_t *entry =
        forwarded(f, 0, "X-Okapi-Forwarded: anna@example.net\r\n", "mary@example.net");
    ok(entry != NULL, "what somebody else has forwarded is");
    is_str(entry ? rules_field(f, rules_open(f, entry), "X-Okapi-Forwarded") : "",
           "anna@example.net, john@example.org", "with both marks");
    ok(!forwarded(f, 0, "X-Okapi-Forwarded: anna@example.net,\r\n John@example.org\r\n",
                  "mary@example.net"),
       "what was forwarded from here isn't again");
    ok(!forwarded(f, 0, "X-Okapi-Forwarded: 1@x, 2@x, 3@x, 4@x, 5@x, 6@x, 7@x, 8@x, 9@x, 10@x\r\n",
                  "mary@example.net"),
       "nor what has come too far");
    ok(!forwarded(f, 0, "", "Paul@example.com"), "nor to who sent it"); /* MS-OXORULE_R798 */
    entry = forwarded(f, 0, "", "");
    is_str(entry ? entry->sender : "-", "", "a report that can't be forwarded doesn't come back");
    ok(forwarded(f, 0, "List-Id: <x>\r\n", "mary@example.net") != NULL, "a list's mail is");
}

/* ---- delegates ---- */

static okapi_message_t *meeting(rules_t *f, const char *message_class, int sensitivity)
{
    okapi_message_t *message = rules_draft(f, "a meeting", "");
    const okapi_propval_t values[] = {okapi_propval_str(PR_MESSAGE_CLASS, message_class),
                                      okapi_propval_i32(PR_SENSITIVITY, sensitivity)};
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 2, f->pool), "set");
    return message;
}

static void test_delegates(rules_t *f)
{
    static const char request[] = "IPM.Schedule.Meeting.Request";
    const okapi_user_t new_user = {
        .name = "anna", .email = "anna@example.org", .fullname = "Anna Bell"};
    okapi_user_t *anna;
    mailbox_must(okapi_user_add(f->m.okapi, &new_user, NULL, f->pool), "anna");
    mailbox_must(okapi_user_by_login(&anna, f->m.okapi, "anna", f->pool, f->pool), "anna");
    const char *dn = okapi_user_dn(f->m.okapi, anna, f->pool);

    rules_add_one(f, NULL, ST_ENABLED, forward(f, OP_DELEGATE, dn, 0));
    const okapi_queue_entry_t *entry = rules_deliver(f, meeting(f, request, 0), "mary@example.net");
    is_str(rules_to(f, entry), "anna@example.org", "a rule's delegate"); /* MS-OXORULE_R539 */
    okapi_message_t *sent = rules_open(f, entry);
    is_str(rules_text(f, sent, PR_RCVD_REPRESENTING_NAME), "John Doe", "for whom it is"); /* R543 */
    is_str(rules_text(f, sent, PR_RCVD_REPRESENTING_EMAIL_ADDRESS),
           okapi_user_dn(f->m.okapi, f->m.user, f->pool), "by address"); /* MS-OXORULE_R542 */
    ok(rules_get(f, sent, PR_DELEGATED_BY_RULE).v.boolean, "delegated"); /* MS-OXORULE_R545 */
    is_str(rules_text(f, sent, PR_SENT_REPRESENTING_NAME), "Mary", "from who wrote it");

    mailbox_must(okapi_delegate_set(f->m.store, anna, OKAPI_DELEGATE_MEETINGS, f->pool), "set");
    const okapi_envelope_t envelope = {.sender = "mary@example.net"};
    mailbox_must(okapi_deliver(meeting(f, request, 0), &envelope, f->pool), "deliver");
    is_int(rules_queue(f)->nelts, 1, "not twice if there is a rule");
    rules_sent(f);
    rules_forget(f, okapi_folder_id(f->m.inbox));
    is_str(rules_to(f, rules_deliver(f, meeting(f, request, 0), "mary@example.net")),
           "anna@example.org", "once without");
    is_str(rules_to(f, rules_deliver(f, meeting(f, "IPM.Note", 0), "mary@example.net")), "-",
           "no other mail");
    is_str(rules_to(f, rules_deliver(f, meeting(f, request, 2), "mary@example.net")), "-",
           "nothing that is private");
    mailbox_must(okapi_delegate_set(f->m.store, anna,
                                    OKAPI_DELEGATE_MEETINGS | OKAPI_DELEGATE_PRIVATE, f->pool),
                 "set");
    is_str(rules_to(f, rules_deliver(f, meeting(f, request, 2), "mary@example.net")),
           "anna@example.org", "unless it is for this one");
    okapi_message_t *message = meeting(f, request, 0);
    const okapi_propval_t v = okapi_propval_bool(PR_DELEGATED_BY_RULE, 1);
    okapi_object_set(okapi_message_object(message), &v, 1, f->pool);
    is_str(rules_to(f, rules_deliver(f, message, "mary@example.net")), "-",
           "nor from hand to hand");
}

/* ---- the public store, from which nothing is sent ---- */

static void test_public(rules_t *f)
{
    okapi_user_t admin = *f->m.user;
    okapi_store_t *store;
    okapi_message_t *message;
    admin.flags |= OKAPI_USER_ADMIN;
    mailbox_must(okapi_store_create_public(f->m.okapi, f->pool), "public store");
    mailbox_must(okapi_store_open_public(&store, f->m.okapi, &admin, f->pool, f->pool), "open");
    okapi_id_t folder_id = okapi_store_special(store, OKAPI_FOLDER_IPM_SUBTREE);
    okapi_store_t *mailbox = f->m.store;
    f->m.store = store;
    okapi_action_t action = forward(f, OP_FORWARD, "paul@example.com", 0);
    rules_add(f, folder_id, NULL, ST_ENABLED, &action, 1);
    f->m.store = mailbox;
    mailbox_must(okapi_message_create(&message, store, folder_id, 0, f->pool, f->pool), "create");
    const okapi_envelope_t envelope = {.sender = "mary@example.net", .folder_id = folder_id};
    is_int(okapi_deliver(message, &envelope, f->pool), APR_SUCCESS, "a public folder gets mail");
    ok(okapi_message_id(message) != 0, "and keeps it");
    is_int(rules_queue(f)->nelts, 0, "and sends none");
}

int main(void)
{
    rules_t f = {.pool = tap_pool()};
    mailbox_create(&f.m, f.pool);
    test_reply(&f);
    test_unanswered(&f);
    test_oof_rule(&f);
    test_forward(&f);
    test_loops(&f);
    test_delegates(&f);
    test_public(&f);
    return done_testing();
}
