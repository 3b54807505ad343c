/* rule_run.c - rules run on mail that is delivered: MS-OXORULE 3.2.5.1. */
#include "rules.h"

static okapi_folder_stat_t stat_of(rules_t *f, okapi_id_t folder_id)
{
    okapi_folder_t *folder;
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_open(&folder, f->m.store, folder_id, f->pool, f->pool), "folder");
    mailbox_must(okapi_folder_stat(folder, &stat, f->pool), "stat");
    return stat;
}

/* Delivers a message; *MADE says how many more there are in the inbox, in Notes, in Journal and in
 * the Deferred Action folder. */
typedef struct made_t {
    int inbox, notes, journal, deferred, unread;
} made_t;

static void count(rules_t *f, made_t *n, int sign)
{
    n->inbox += sign * (int)stat_of(f, rules_special(f, OKAPI_FOLDER_INBOX)).content;
    n->notes += sign * (int)stat_of(f, rules_special(f, OKAPI_FOLDER_NOTES)).content;
    n->journal += sign * (int)stat_of(f, rules_special(f, OKAPI_FOLDER_JOURNAL)).content;
    n->deferred += sign * (int)stat_of(f, rules_special(f, OKAPI_FOLDER_DEFERRED_ACTION)).content;
    n->unread += sign * (int)stat_of(f, rules_special(f, OKAPI_FOLDER_INBOX)).unread;
}

static okapi_message_t *deliver(rules_t *f, const char *subject, apr_status_t expected,
                                made_t *made)
{
    const okapi_envelope_t envelope = {.sender = "mary@example.net"};
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, subject);
    okapi_message_t *message;
    *made = (made_t){0};
    count(f, made, -1);
    mailbox_must(okapi_message_create(&message, f->m.store, okapi_folder_id(f->m.inbox), 0, f->pool,
                                      f->pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, f->pool), "set");
    okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                              (okapi_binary_t){(const unsigned char *)"bytes", 5});
    is_int(okapi_deliver(message, &envelope, f->pool), expected, "%s", subject);
    count(f, made, 1);
    return message;
}

static void check(rules_t *f, const char *subject, made_t want)
{
    made_t got;
    deliver(f, subject, APR_SUCCESS, &got);
    ok(got.inbox == want.inbox && got.notes == want.notes && got.journal == want.journal &&
           got.deferred == want.deferred && got.unread == want.unread,
       "%s: inbox %d, notes %d, journal %d, deferred %d, unread %d", subject, got.inbox, got.notes,
       got.journal, got.deferred, got.unread);
}

/* ---- actions ---- */

static void test_actions(rules_t *f)
{
    okapi_id_t inbox = rules_special(f, OKAPI_FOLDER_INBOX),
               notes = rules_special(f, OKAPI_FOLDER_NOTES);
    okapi_action_t both[2], tag = {.type = OP_TAG, .value = okapi_propval_i32(PR_IMPORTANCE, 2)};
    made_t made;
    rules_add_one(f, "copy", ST_ENABLED, rules_to_folder(f, OP_COPY, notes));
    rules_add_one(f, "move", ST_ENABLED, rules_to_folder(f, OP_MOVE, notes));
    rules_add_one(f, "twice", ST_ENABLED,
                  rules_to_folder(f, OP_MOVE, rules_special(f, OKAPI_FOLDER_JOURNAL)));
    rules_add_one(f, "delete", ST_ENABLED, rules_simple(OP_DELETE));
    rules_add_one(f, "known", ST_ENABLED, rules_simple(OP_MARK_AS_READ));
    rules_add_one(f, "urgent", ST_ENABLED, tag);
    okapi_action_t bounce = {.type = OP_BOUNCE, .code = 0x26},
                   large = {.type = OP_BOUNCE, .code = 0x0D},
                   odd = {.type = OP_BOUNCE, .code = 0x1F};
    rules_add_one(f, "refuse", ST_ENABLED, bounce);
    rules_add_one(f, "large", ST_ENABLED, large);
    rules_add_one(f, "odd", ST_ENABLED, odd);
    both[0] = rules_to_folder(f, OP_COPY, notes);
    both[1] = rules_simple(OP_MARK_AS_READ);
    rules_add(f, inbox, "both", ST_ENABLED, both, 2);
    check(f, "plain", (made_t){.inbox = 1, .unread = 1});
    check(f, "COPY it", (made_t){.inbox = 1, .notes = 1, .unread = 1}); /* MS-OXORULE_R792 */
    check(f, "move it", (made_t){.notes = 1});                          /* MS-OXORULE_R790 */
    check(f, "move it twice", (made_t){.notes = 1, .journal = 1});      /* MS-OXORULE_R791 */
    check(f, "delete it", (made_t){0});                                 /* MS-OXORULE_R549 */
    check(f, "known", (made_t){.inbox = 1});                            /* MS-OXORULE_R551 */
    check(f, "both of it", (made_t){.inbox = 1, .notes = 1});
    okapi_message_t *message = deliver(f, "urgent", APR_SUCCESS, &made);
    const okapi_proptag_t importance = PR_IMPORTANCE;
    okapi_propval_t v;
    okapi_object_get(okapi_message_object(message), &importance, 1, 0, &v, f->pool, f->pool);
    is_int(v.v.i32, 2, "has the property a rule gave it"); /* MS-OXORULE_R548 */
    deliver(f, "refuse it", OKAPI_EREFUSED, &made);        /* MS-OXORULE_R547 */
    is_int(made.inbox, 0, "it isn't in the mailbox");
    deliver(f, "too large", OKAPI_EREFUSEDSIZE, &made); /* MS-OXORULE_R341 */
    deliver(f, "odd", OKAPI_EREFUSEDFORM, &made);       /* MS-OXORULE_R342 */
    rules_forget(f, inbox);
}

/* The bytes MESSAGE came with. */
static const char *bytes_of(okapi_message_t *message, apr_pool_t *pool)
{
    okapi_stream_t *stream;
    okapi_binary_t bytes;
    apr_status_t rv = okapi_message_raw(&stream, message, pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_stream_read_all(stream, 1 << 20, &bytes, pool, pool);
    }
    return rv == APR_SUCCESS ? (const char *)bytes.data : "none";
}

static okapi_message_t *newest_in(rules_t *f, okapi_special_e which)
{
    static const okapi_proptag_t column = PR_MID;
    okapi_folder_t *folder;
    okapi_table_t *table;
    okapi_message_t *message;
    apr_array_header_t *rows;
    apr_uint32_t n;
    okapi_id_t id = 0;
    mailbox_must(okapi_folder_open(&folder, f->m.store, rules_special(f, which), f->pool, f->pool),
                 "folder");
    mailbox_must(okapi_table_contents(&table, &n, folder, 0, f->pool, f->pool), "table");
    okapi_table_set_columns(table, &column, 1);
    mailbox_must(okapi_table_rows(table, 1000, 0, 0, &rows, f->pool, f->pool), "rows");
    for (int i = 0; i < rows->nelts; i++) {
        okapi_id_t row_id = APR_ARRAY_IDX(rows, i, okapi_row_t).id;
        id = row_id > id ? row_id : id;
    }
    mailbox_must(okapi_message_open(&message, f->m.store, 0, id, f->pool, f->pool), "message");
    return message;
}

/* A copy that a rule makes is what came in, to the byte: signatures hold. */
static void test_bytes(rules_t *f)
{
    static const char raw[] = "Subject: copy it\r\nX-Odd:   blanks\t\r\n\r\nbody\r\n\r\n";
    const okapi_envelope_t envelope = {.sender = "mary@example.net"};
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, "copy it");
    okapi_message_t *message;
    rules_add_one(f, "copy", ST_ENABLED,
                  rules_to_folder(f, OP_COPY, rules_special(f, OKAPI_FOLDER_NOTES)));
    mailbox_must(okapi_message_create(&message, f->m.store, okapi_folder_id(f->m.inbox), 0, f->pool,
                                      f->pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, f->pool), "set");
    okapi_message_set_raw(message, (okapi_binary_t){(const unsigned char *)raw, sizeof(raw) - 1},
                          NULL, 0);
    is_int(okapi_deliver(message, &envelope, f->pool), APR_SUCCESS, "delivered");
    is_str(bytes_of(newest_in(f, OKAPI_FOLDER_INBOX), f->pool), raw, "the message");
    is_str(bytes_of(newest_in(f, OKAPI_FOLDER_NOTES), f->pool), raw, "and its copy");
    rules_forget(f, rules_special(f, OKAPI_FOLDER_INBOX));
}

/* ---- which rules are tried ---- */

static void set_oof(rules_t *f, int oof)
{
    okapi_propval_t v = okapi_propval_bool(PR_OOF_STATE, oof);
    mailbox_must(okapi_object_set(okapi_store_object(f->m.store), &v, 1, f->pool), "oof");
}

static void test_states(rules_t *f)
{
    okapi_id_t inbox = rules_special(f, OKAPI_FOLDER_INBOX),
               notes = rules_special(f, OKAPI_FOLDER_NOTES),
               journal = rules_special(f, OKAPI_FOLDER_JOURNAL);
    okapi_action_t copy = rules_to_folder(f, OP_COPY, notes),
                   other = rules_to_folder(f, OP_COPY, journal);
    rules_add_one(f, NULL, 0, rules_simple(OP_DELETE)); /* MS-OXORULE_R516 */
    rules_add_one(f, "last", ST_ENABLED | ST_EXIT_LEVEL, copy);
    rules_add_one(f, "away", ST_ENABLED | ST_ONLY_WHEN_OOF, other);
    rules_add_one(f, "last", ST_ENABLED, rules_simple(OP_DELETE));
    check(f, "nothing", (made_t){.inbox = 1, .unread = 1});
    check(f, "the last", (made_t){.inbox = 1, .notes = 1, .unread = 1}); /* MS-OXORULE_R857 */
    check(f, "away", (made_t){.inbox = 1, .unread = 1});                 /* MS-OXORULE_R517 */
    set_oof(f, 1);
    check(f, "away", (made_t){.inbox = 1, .journal = 1, .unread = 1}); /* MS-OXORULE_R582 */
    check(f, "last, away", (made_t){.inbox = 1, .notes = 1, .journal = 1, .unread = 1}); /* R560 */
    set_oof(f, 0);
    check(f, "away", (made_t){.inbox = 1, .unread = 1}); /* MS-OXORULE_R584 */
    rules_forget(f, inbox);

    /* The rules of the folder it is moved to: MS-OXORULE_R512. */
    okapi_action_t on = rules_to_folder(f, OP_MOVE, journal),
                   back = rules_to_folder(f, OP_MOVE, inbox);
    rules_add_one(f, NULL, ST_ENABLED, rules_to_folder(f, OP_MOVE, notes));
    rules_add(f, notes, "on", ST_ENABLED, &on, 1);
    rules_add(f, notes, "back", ST_ENABLED, &back, 1);
    check(f, "going", (made_t){.notes = 1});
    check(f, "going on", (made_t){.journal = 1});
    check(f, "going back", (made_t){.inbox = 1, .unread = 1}); /* not round and round */
    rules_forget(f, inbox);
    rules_forget(f, notes);
}

/* ---- the client's ---- */

/* The value of TAG in the only message of the Deferred Action folder of this class. */
static okapi_propval_t deferred(rules_t *f, const char *message_class, okapi_proptag_t tag)
{
    const okapi_proptag_t columns[] = {PR_MESSAGE_CLASS, tag};
    okapi_propval_t found = {0};
    apr_array_header_t *rows;
    apr_uint32_t n;
    okapi_table_t *table;
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, f->m.store,
                                   rules_special(f, OKAPI_FOLDER_DEFERRED_ACTION), f->pool,
                                   f->pool),
                 "folder");
    mailbox_must(okapi_table_contents(&table, &n, folder, 0, f->pool, f->pool), "table");
    okapi_table_set_columns(table, columns, 2);
    mailbox_must(okapi_table_rows(table, 100, 0, 0, &rows, f->pool, f->pool), "rows");
    for (int i = 0; i < rows->nelts; i++) {
        const okapi_row_t *row = &APR_ARRAY_IDX(rows, i, okapi_row_t);
        if (strcmp(row->values[0].v.str, message_class) == 0) {
            found = row->values[1];
        }
    }
    return found;
}

static void test_deferred(rules_t *f)
{
    static const char dam[] = "IPC.Microsoft Exchange 4.0.Deferred Action";
    static const char dem[] = "IPC.Microsoft Exchange 4.0.Deferred Error";
    const okapi_proptag_t tags[] = {PR_ENTRYID, PR_HAS_DAMS};
    okapi_action_t play = {.type = OP_DEFER_ACTION, .data = {(const unsigned char *)"ping", 4}};
    okapi_propval_t v[2];
    made_t made;
    rules_add_one(f, "sound", ST_ENABLED, play);
    okapi_message_t *message = deliver(f, "a sound", APR_SUCCESS, &made);
    is_int(made.inbox, 1, "it stays"); /* MS-OXORULE_R535 */
    is_int(made.deferred, 1, "with a message for the client");
    okapi_object_get(okapi_message_object(message), tags, 2, 0, v, f->pool, f->pool);
    ok(v[1].v.boolean, "it has something deferred"); /* MS-OXORULE_R536 R564 */
    okapi_propval_t id = deferred(f, dam, PR_DAM_ORIGINAL_ENTRYID);
    is_mem(id.v.bin.data, id.v.bin.len, v[0].v.bin.data, v[0].v.bin.len,
           "which is for it"); /* MS-OXORULE_R740 */
    is_int(deferred(f, dam, PR_DAM_BACK_PATCHED).v.boolean, 0, "as it was made");        /* R354 */
    is_int((long long)deferred(f, dam, PR_CLIENT_ACTIONS).v.bin.len, 17, "the actions"); /* R365 */
    is_int((long long)deferred(f, dam, PR_RULE_IDS).v.bin.len, 8, "the rule"); /* R368 R369 */
    is_str(deferred(f, dam, PR_RULE_PROVIDER).v.str, "test", "the provider");  /* R359 */
    const okapi_binary_t taken = {(const unsigned char *)"taken", 5};
    okapi_binary_t original = deferred(f, dam, PR_DAM_ORIG_MSG_SVREID).v.bin;
    is_int((long long)original.len, 21, "the message as the server knows it");
    is_int(okapi_rule_update_deferred(f->m.store, taken, taken, f->pool), APR_SUCCESS,
           "a client takes another message");
    is_int(deferred(f, dam, PR_DAM_BACK_PATCHED).v.boolean, 0, "which isn't this one");
    is_int(okapi_rule_update_deferred(f->m.store, original, taken, f->pool), APR_SUCCESS,
           "it takes this one"); /* MS-OXORULE_R618 */
    is_int(deferred(f, dam, PR_DAM_BACK_PATCHED).v.boolean, 1, "which is noted"); /* R620 */
    okapi_binary_t now = deferred(f, dam, PR_DAM_ORIG_MSG_SVREID).v.bin;
    is_mem(now.data, now.len, taken.data, taken.len, "with where it is"); /* R619 */
    rules_forget(f, rules_special(f, OKAPI_FOLDER_INBOX));

    rules_add_one(f, "sound", ST_ENABLED, play);
    rules_add_one(f, "sound", ST_ENABLED, play);
    deliver(f, "two sounds", APR_SUCCESS, &made);
    is_int(made.deferred, 1, "one message for both rules"); /* MS-OXORULE_R569 */
    is_int((long long)deferred(f, dam, PR_CLIENT_ACTIONS).v.bin.len, 32, "the actions of both");
    is_mem(deferred(f, dam, PR_CLIENT_ACTIONS).v.bin.data, 2, "\2", 2, "are two"); /* R366 */
    okapi_binary_t ids = deferred(f, dam, PR_RULE_IDS).v.bin;
    ok(ids.len == 16 && memcmp(ids.data, ids.data + 8, 8) == 0, "the first's id twice"); /* R368 */
    rules_forget(f, rules_special(f, OKAPI_FOLDER_INBOX));

    rules_add_one(f, NULL, ST_ENABLED, rules_to_folder(f, OP_MOVE, 4711));
    check(f, "to nowhere", (made_t){.inbox = 1, .deferred = 1, .unread = 1}); /* R805 R806 */
    is_int(deferred(f, dem, PR_RULE_ERROR).v.i32, 6, "the error");            /* MS-OXORULE_R387 */
    is_int(deferred(f, dem, PR_RULE_ACTION_TYPE).v.i32, OP_MOVE, "the action"); /* R750 */
    check(f, "again", (made_t){.inbox = 1, .unread = 1}); /* told once: MS-OXORULE_R581 */
    apr_array_header_t *rules;
    mailbox_must(okapi_rule_list(&rules, f->m.inbox, f->pool, f->pool), "list");
    is_int(APR_ARRAY_IDX(rules, 0, okapi_rule_t).state, ST_ENABLED | ST_ERROR,
           "the rule is marked"); /* MS-OXORULE_R813 */
    rules_forget(f, rules_special(f, OKAPI_FOLDER_INBOX));

    okapi_action_recipient_t mary = {.nvalues = 1};
    okapi_propval_t name = okapi_propval_str(PR_DISPLAY_NAME, "Mary");
    okapi_action_t forward[] = {{.type = OP_FORWARD, .nrecipients = 1, .recipients = &mary},
                                rules_simple(OP_DELETE)};
    mary.values = &name;
    rules_add(f, rules_special(f, OKAPI_FOLDER_INBOX), NULL, ST_ENABLED, forward, 2);
    check(f, "what can't be sent isn't deleted",
          (made_t){.inbox = 1, .deferred = 1, .unread = 1}); /* an address is missing */
    rules_forget(f, rules_special(f, OKAPI_FOLDER_INBOX));
}

int main(void)
{
    rules_t f = {.pool = tap_pool()};
    mailbox_create(&f.m, f.pool);
    test_actions(&f);
    test_bytes(&f);
    test_states(&f);
    test_deferred(&f);
    return done_testing();
}
