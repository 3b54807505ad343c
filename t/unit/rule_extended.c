/* rule_extended.c - extended rules: MS-OXORULE 2.2.4. */
#include "rules.h"

static const okapi_codec_t wide = {OKAPI_FORM_WIDE, 0};

typedef struct extended_t {
    int sequence;
    apr_uint32_t state;
    okapi_binary_t condition, actions;
} extended_t;

/* NamedPropertyInformation of one name, which stands for the id 0x8000. */
static void write_name(okapi_writer_t *w, const char *name)
{
    apr_size_t size = 2 * strlen(name) + 2;
    okapi_write_u16(w, 1);
    okapi_write_u16(w, 0x8000);
    okapi_write_u32(w, (apr_uint32_t)(1 + 16 + 1 + size));
    okapi_write_u8(w, MNID_STRING);
    okapi_write_guid(w, &okapi_ps_public_strings);
    okapi_write_u8(w, (apr_byte_t)size);
    okapi_write_str16z(w, name);
}

/* The named property NAME is TEXT; or, without NAME, the subject has it. */
static okapi_binary_t condition(rules_t *f, const char *name, const char *text)
{
    okapi_proptag_t tag = name ? OKAPI_PROP_TAG(PT_UNICODE, 0x8000) : PR_SUBJECT;
    const okapi_restriction_t contains = {.type = RES_CONTENT,
                                          .fuzzy = FL_SUBSTRING | FL_IGNORECASE,
                                          .tag = tag,
                                          .prop = okapi_propval_str(tag, text)};
    okapi_writer_t w;
    okapi_writer_init(&w, 64, 4096, f->pool);
    if (name) {
        write_name(&w, name);
    } else {
        okapi_write_u16(&w, 0);
    }
    okapi_restriction_write(&w, &contains, &wide);
    return (okapi_binary_t){w.data, w.len};
}

static okapi_binary_t actions(rules_t *f, const okapi_action_t *action, int version)
{
    apr_array_header_t *list = apr_array_make(f->pool, 1, sizeof(okapi_action_t));
    okapi_writer_t w;
    APR_ARRAY_PUSH(list, okapi_action_t) = *action;
    okapi_writer_init(&w, 64, 4096, f->pool);
    okapi_write_u16(&w, 0);
    okapi_write_u32(&w, (apr_uint32_t)version);
    okapi_actions_write(&w, list, &wide);
    return (okapi_binary_t){w.data, w.len};
}

static okapi_action_t to_folder(rules_t *f, okapi_action_e type, okapi_special_e which)
{
    okapi_action_t action = {.type = type, .store = {(const unsigned char *)"s", 1}};
    action.folder =
        okapi_entryid_folder(okapi_store_guid(f->m.store), rules_special(f, which), f->pool);
    return action;
}

static apr_status_t add(rules_t *f, extended_t rule)
{
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_MESSAGE_CLASS, "IPM.ExtendedRule.Message"),
        okapi_propval_str(PR_RULE_MSG_PROVIDER, "test"),
        okapi_propval_i32(PR_RULE_MSG_SEQUENCE, rule.sequence),
        okapi_propval_i32(PR_RULE_MSG_STATE, (apr_int32_t)rule.state),
        okapi_propval_bin(PR_EXTENDED_RULE_MSG_CONDITION, rule.condition.data, rule.condition.len),
        okapi_propval_bin(PR_EXTENDED_RULE_MSG_ACTIONS, rule.actions.data, rule.actions.len)};
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, f->m.store, okapi_folder_id(f->m.inbox), 1, f->pool,
                                      f->pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 6, f->pool), "set");
    return okapi_message_save(message, 0, f->pool);
}

/* How many messages there are. */
static int count(rules_t *f, okapi_special_e which)
{
    okapi_folder_t *folder;
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_open(&folder, f->m.store, rules_special(f, which), f->pool, f->pool),
                 "folder");
    mailbox_must(okapi_folder_stat(folder, &stat, f->pool), "stat");
    return (int)stat.content;
}

/* Delivers a message and says how many of it are in the inbox, in Notes, in Journal. */
static void check(rules_t *f, okapi_message_t *message, int inbox, int notes, int journal,
                  const char *what)
{
    int was[] = {count(f, OKAPI_FOLDER_INBOX), count(f, OKAPI_FOLDER_NOTES),
                 count(f, OKAPI_FOLDER_JOURNAL), count(f, OKAPI_FOLDER_DEFERRED_ACTION)};
    rules_deliver(f, message, "mary@example.net");
    int got[] = {count(f, OKAPI_FOLDER_INBOX) - was[0], count(f, OKAPI_FOLDER_NOTES) - was[1],
                 count(f, OKAPI_FOLDER_JOURNAL) - was[2]};
    ok(got[0] == inbox && got[1] == notes && got[2] == journal, "%s: %d %d %d", what, got[0],
       got[1], got[2]);
    is_int(count(f, OKAPI_FOLDER_DEFERRED_ACTION), was[3], "and no message about it"); /* R376 */
}

static okapi_message_t *named(rules_t *f, const char *name, const char *text)
{
    const okapi_propname_t propname = {okapi_ps_public_strings, MNID_STRING, 0, name};
    okapi_message_t *message = rules_draft(f, "named", "");
    apr_uint16_t id;
    mailbox_must(okapi_named_ids(f->m.store, &propname, 1, 1, &id, f->pool), "name");
    const okapi_propval_t v = okapi_propval_str(OKAPI_PROP_TAG(PT_UNICODE, id), text);
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, f->pool), "set");
    return message;
}

static void test_run(rules_t *f)
{
    okapi_action_t to_notes = to_folder(f, OP_MOVE, OKAPI_FOLDER_NOTES);
    okapi_action_t to_journal = to_folder(f, OP_MOVE, OKAPI_FOLDER_JOURNAL);
    okapi_action_t copy = to_folder(f, OP_COPY, OKAPI_FOLDER_JOURNAL);
    check(f, rules_draft(f, "hello", ""), 1, 0, 0, "no rules");
    add(f, (extended_t){20, ST_ENABLED, condition(f, NULL, "hello"), actions(f, &to_notes, 1)});
    check(f, rules_draft(f, "hello", ""), 0, 1, 0, "moved"); /* MS-OXORULE_R978 */
    check(f, rules_draft(f, "other", ""), 1, 0, 0, "not this one");
    add(f, (extended_t){10, ST_ENABLED | ST_EXIT_LEVEL, condition(f, NULL, "first"),
                        actions(f, &to_journal, 1)});
    check(f, rules_draft(f, "hello first", ""), 0, 0, 1, "in their sequence");
    add(f, (extended_t){30, 0, condition(f, NULL, "other"), actions(f, &to_notes, 1)});
    check(f, rules_draft(f, "other", ""), 1, 0, 0, "not one that is switched off");
    add(f, (extended_t){40, ST_ENABLED, condition(f, "Color", "red"), actions(f, &to_notes, 1)});
    check(f, named(f, "Color", "dark red"), 0, 1, 0, "by a name"); /* MS-OXORULE_R217 */
    check(f, named(f, "Shape", "red"), 1, 0, 0, "not by another one");
    rules_add_one(f, "hello", ST_ENABLED | ST_EXIT_LEVEL,
                  rules_to_folder(f, OP_COPY, rules_special(f, OKAPI_FOLDER_JOURNAL)));
    check(f, rules_draft(f, "hello", ""), 1, 0, 1, "after the others, which may end it");
    rules_forget(f, okapi_folder_id(f->m.inbox));
    add(f, (extended_t){50, ST_ENABLED, condition(f, NULL, "bad"), actions(f, &copy, 2)});
    check(f, rules_draft(f, "bad", ""), 1, 0, 0, "not of another version"); /* MS-OXORULE_R208 */
    okapi_binary_t half = condition(f, NULL, "half");
    add(f, (extended_t){60, ST_ENABLED, {half.data, half.len - 1}, actions(f, &copy, 1)});
    check(f, rules_draft(f, "half", ""), 1, 0, 0, "not half of one");
    check(f, rules_draft(f, "hello", ""), 0, 1, 0, "the others are run all the same");
    okapi_action_t defer = {.type = OP_DEFER_ACTION, .data = {(const unsigned char *)"x", 1}};
    add(f, (extended_t){70, ST_ENABLED, condition(f, NULL, "client"), actions(f, &defer, 1)});
    check(f, rules_draft(f, "client", ""), 1, 0, 0, "nor is the client asked");
}

static void test_limit(rules_t *f)
{
    okapi_action_t copy = to_folder(f, OP_COPY, OKAPI_FOLDER_JOURNAL);
    unsigned char *bytes = apr_pcalloc(f->pool, OKAPI_EXTENDED_RULE_MAX + 1);
    extended_t rule = {70, 0, {bytes, OKAPI_EXTENDED_RULE_MAX + 1}, actions(f, &copy, 1)};
    is_int(add(f, rule), OKAPI_ETOOBIG, "too long a condition"); /* MS-OXORULE_R1016 */
    rule.condition.len--;
    is_int(add(f, rule), APR_SUCCESS, "as long as one may be");
}

int main(void)
{
    rules_t f = {.pool = tap_pool()};
    mailbox_create(&f.m, f.pool);
    test_run(&f);
    test_limit(&f);
    return done_testing();
}
