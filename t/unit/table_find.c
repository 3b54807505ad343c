/* table_find.c - what restrictions of each kind leave of a table, and finding rows by them: the
 * same whether the table jumps or looks at every row. MS-OXCDATA 2.12, MS-OXCTABL_R223 to R246,
 * R451 to R454, R534 to R536. */
#include "table_private.h"
#include "tables.h"
#include <okapi/entryid.h>

enum { MESSAGES = 400, SEARCHES = 400 };

static const char *const words[] = {
    "",          "alpha",     "Alpha centauri", "\xc3\x84pfel",     "apple",    "beta",
    "gamma ray", "RE: alpha", "zulu",           "\xce\xb1\xce\xb2", "10 things"};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

static okapi_time_t time_number(int i)
{
    return 130000000000000000 + i * (okapi_time_t)10000000;
}

static okapi_message_t *new_message(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    return message;
}

static okapi_id_t save(okapi_message_t *message, apr_pool_t *pool)
{
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    return okapi_message_id(message);
}

static okapi_id_t add_message(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = new_message(m, pool);
    okapi_propval_t values[5];
    int n = 0;
    values[n++] = okapi_propval_str(PR_SUBJECT, words[pick(WORDS)]);
    values[n++] = okapi_propval_i32(PR_IMPORTANCE, pick(3));
    if (pick(9)) {
        values[n++] = okapi_propval_str(PR_SENT_REPRESENTING_NAME, words[pick(WORDS)]);
    }
    if (pick(9)) {
        values[n++] = okapi_propval_time(PR_MESSAGE_DELIVERY_TIME, time_number(pick(60)));
    }
    mailbox_must(okapi_object_set(okapi_message_object(message), values, n, pool), "set");
    return save(message, pool);
}

static okapi_table_t *contents(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_SUBJECT, PR_MESSAGE_DELIVERY_TIME};
    okapi_table_t *table;
    apr_uint32_t count;
    mailbox_must(okapi_table_contents(&table, &count, m->inbox, 0, pool, pool), "contents");
    mailbox_must(okapi_table_set_columns(table, columns, 2), "columns");
    return table;
}

/* ---- searches ---- */

static void random_leaf(okapi_restriction_t *r, const mailbox_t *m, okapi_id_t id,
                        apr_pool_t *pool)
{
    static const apr_uint32_t fuzzies[] = {FL_PREFIX, FL_PREFIX | FL_IGNORECASE, FL_FULLSTRING,
                                           FL_PREFIX | FL_IGNORENONSPACE, FL_SUBSTRING,
                                           FL_FULLSTRING | FL_LOOSE};
    static const okapi_proptag_t texts[] = {PR_SUBJECT, PR_NORMALIZED_SUBJECT,
                                            PR_SENT_REPRESENTING_NAME};
    const char *text = words[pick(WORDS)];
    apr_size_t len = (apr_size_t)pick(4);
    *r = (okapi_restriction_t){.type = RES_PROPERTY, .relop = (apr_byte_t)pick(6)};
    switch (pick(6)) {
    case 0:
        r->prop = okapi_propval_time(PR_MESSAGE_DELIVERY_TIME, time_number(pick(70) - 5));
        break;
    case 1:
        r->prop = okapi_propval_i32(PR_MESSAGE_SIZE, 100 + pick(400));
        break;
    case 2:
        r->prop = okapi_propval_str(texts[pick(3)], text);
        break;
    case 3: /* perhaps in the middle of a character, which nothing begins with */
        r->type = RES_CONTENT;
        r->fuzzy = fuzzies[pick(6)];
        r->prop = okapi_propval_str(texts[pick(3)],
                                    pick(2) ? apr_pstrmemdup(pool, text,
                                                             len < strlen(text) ? len
                                                                                : strlen(text))
                                            : text);
        break;
    case 4:
        r->relop = RELOP_EQ;
        r->prop = okapi_propval_i64(pick(2) ? PR_MID : PR_INST_ID, (apr_int64_t)okapi_eid_of(id));
        break;
    default:
        r->relop = RELOP_EQ;
        r->prop.tag = PR_ENTRYID;
        r->prop.v.bin = okapi_entryid_message(&m->store->guid, okapi_folder_id(m->inbox), id, pool);
    }
    r->tag = r->prop.tag;
}

static void random_restriction(okapi_restriction_t *r, const mailbox_t *m, okapi_id_t id,
                               apr_pool_t *pool)
{
    if (pick(3)) {
        random_leaf(r, m, id, pool);
        return;
    }
    *r = (okapi_restriction_t){.type = pick(2) ? RES_AND : RES_OR, .n = 2};
    r->children = apr_pcalloc(pool, 2 * sizeof(*r->children));
    random_leaf(&r->children[0], m, id, pool);
    random_leaf(&r->children[1], m, id, pool);
}

/* The number of the row that is to be found from row number AT on; -1: none. */
static int by_looking(okapi_table_t *table, const apr_array_header_t *refs,
                      const okapi_restriction_t *restriction, int at, int backward,
                      apr_pool_t *pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = backward ? at - 1 : at; i >= 0 && i < refs->nelts; i += backward ? -1 : 1) {
        if (okapi__cell_match(&APR_ARRAY_IDX(refs, i, okapi__ref_t), table->view, restriction, &rv,
                              pool)) {
            return i;
        }
    }
    return -1;
}

static int same_find(okapi_table_t *table, const apr_array_header_t *refs,
                     const okapi_restriction_t *restriction, apr_pool_t *pool)
{
    int at = pick(refs->nelts + 1), backward = pick(2);
    apr_uint32_t position, count;
    apr_int32_t moved;
    okapi_row_t *row;
    int expected = by_looking(table, refs, restriction, at, backward, pool);
    mailbox_must(okapi_table_seek(table, BOOKMARK_BEGINNING, at, &moved, pool), "seek");
    mailbox_must(okapi_table_find(table, restriction, backward, &row, pool, pool), "find");
    mailbox_must(okapi_table_position(table, &position, &count, pool), "position");
    if (row ? (int)position == expected : expected < 0) {
        return !row || row->id == APR_ARRAY_IDX(refs, expected, okapi__ref_t).id;
    }
    diag("from row %d %s: row %d instead of %d", at, backward ? "back" : "on",
         row ? (int)position : -1, expected);
    return 0;
}

static void test_searches(mailbox_t *m, const okapi_id_t *ids, apr_pool_t *pool)
{
    static const okapi_sort_key_t sorts[] = {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND},
                                             {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND},
                                             {PR_SUBJECT, TABLE_SORT_DESCEND},
                                             {PR_NORMALIZED_SUBJECT, TABLE_SORT_ASCEND},
                                             {PR_SENT_REPRESENTING_NAME, TABLE_SORT_ASCEND},
                                             {PR_SENT_REPRESENTING_NAME, TABLE_SORT_DESCEND},
                                             {PR_MESSAGE_SIZE, TABLE_SORT_DESCEND},
                                             {PR_IMPORTANCE, TABLE_SORT_ASCEND}};
    for (int i = 0; i < 8; i++) {
        okapi_sort_t sort = {.n = 1, .keys = (okapi_sort_key_t *)&sorts[i]};
        okapi_table_t *table = contents(m, pool);
        okapi__place_t begin;
        apr_array_header_t *refs;
        apr_pool_t *iterpool;
        int good = 1;
        apr_pool_create(&iterpool, pool);
        okapi__place_init(&begin, pool);
        mailbox_must(okapi_table_sort(table, &sort), "sort");
        mailbox_must(okapi__table_prepare(table, pool), "prepare");
        mailbox_must(okapi__table_fetch(&refs, table, &begin, 100000, 0, NULL, pool), "fetch");
        okapi__table_finish(table, APR_SUCCESS);
        for (int j = 0; good && j < SEARCHES; j++) {
            okapi_restriction_t restriction;
            apr_pool_clear(iterpool);
            random_restriction(&restriction, m, ids[pick(MESSAGES)], iterpool);
            good = same_find(table, refs, &restriction, iterpool);
            if (!good) {
                diag("search %d: type %d, relop %d, fuzzy 0x%x, %s", j, restriction.type,
                     restriction.relop, restriction.fuzzy, okapi_proptag_name(restriction.tag));
            }
        }
        ok(good, "%d searches by %s %s", SEARCHES, okapi_proptag_name(sorts[i].tag),
           sorts[i].order ? "down" : "up");
        apr_pool_destroy(iterpool);
    }
}

/* ---- every kind of restriction ---- */

typedef struct kinds_t {
    mailbox_t *m;
    okapi_id_t invitation; /* the one with everything */
    okapi_table_t *table;
    apr_pool_t *pool;
} kinds_t;

/* One message that has a large body, recipients and attachments, beside all the others. */
static void make_invitation(kinds_t *k)
{
    okapi_message_t *message = new_message(k->m, k->pool);
    apr_size_t size = 100000;
    char *body = apr_palloc(k->pool, size + 1);
    memset(body, 'x', size);
    memcpy(body + size - 6, "needle", 7);
    okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, "Fwd: party"),
                                okapi_propval_str(PR_BODY, body),
                                okapi_propval_str(PR_SENDER_NAME, "Mary"),
                                okapi_propval_str(PR_SENT_REPRESENTING_NAME, "mary"),
                                okapi_propval_i32(PR_SENSITIVITY, 3),
                                okapi_propval_time(PR_START_DATE, time_number(1)),
                                okapi_propval_time(PR_END_DATE, time_number(2))};
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 7, k->pool), "set");
    okapi_props_set_str(okapi_message_add_recipient(message, MAPI_TO)->props, PR_DISPLAY_NAME,
                        "Peter");
    okapi_props_set_str(okapi_message_add_recipient(message, MAPI_CC)->props, PR_DISPLAY_NAME,
                        "Anna");
    okapi_propval_t name = okapi_propval_str(PR_ATTACH_LONG_FILENAME, "plan.pdf");
    okapi_attachment_t *attachment = okapi_attachment_create(message, ATTACH_BY_VALUE);
    mailbox_must(okapi_object_set(okapi_attachment_object(attachment), &name, 1, k->pool), "set");
    k->invitation = save(message, k->pool);
}

/* Is the invitation in the table under the restriction, and is it all there is? */
static void has_it(kinds_t *k, const okapi_restriction_t *restriction, const char *name)
{
    mailbox_must(okapi_table_restrict(k->table, restriction), "restrict");
    apr_array_header_t *rows = read_rows(k->table, 10, 0, 1, k->pool);
    ok(rows->nelts == 1 && APR_ARRAY_IDX(rows, 0, okapi_row_t).id == k->invitation, "%s", name);
}

static void has_none(kinds_t *k, const okapi_restriction_t *restriction, const char *name)
{
    mailbox_must(okapi_table_restrict(k->table, restriction), "restrict");
    is_int(read_rows(k->table, 10, 0, 1, k->pool)->nelts, 0, "%s", name);
}

static okapi_restriction_t content(okapi_proptag_t tag, const char *text, apr_uint32_t fuzzy)
{
    return (okapi_restriction_t){.type = RES_CONTENT, .tag = tag, .fuzzy = fuzzy,
                                 .prop = okapi_propval_str(tag, text)};
}

static void test_values(kinds_t *k)
{
    okapi_restriction_t r = content(PR_BODY, "NEEDLE", FL_SUBSTRING | FL_IGNORECASE);
    has_it(k, &r, "content at the end of a large body");
    r = content(PR_BODY, "needle", FL_PREFIX);
    has_none(k, &r, "which isn't its beginning");
    r = (okapi_restriction_t){.type = RES_SIZE, .relop = RELOP_GE, .tag = PR_BODY, .value = 200002};
    has_it(k, &r, "size of a large body");
    r.relop = RELOP_LT;
    has_none(k, &r, "nobody has a smaller one");
    r = (okapi_restriction_t){.type = RES_EXIST, .tag = PR_BODY};
    has_it(k, &r, "exist, of a large value");
    r = (okapi_restriction_t){.type = RES_COMPAREPROPS, .relop = RELOP_LT, .tag = PR_START_DATE,
                              .tag2 = PR_END_DATE};
    has_it(k, &r, "compare, of times");
    r = (okapi_restriction_t){.type = RES_COMPAREPROPS, .relop = RELOP_EQ, .tag = PR_SENDER_NAME,
                              .tag2 = PR_SENT_REPRESENTING_NAME};
    has_it(k, &r, "compare, of texts without case");
    r = (okapi_restriction_t){.type = RES_BITMASK, .relop = 1, .tag = PR_SENSITIVITY, .value = 2};
    has_it(k, &r, "bitmask");
    r = (okapi_restriction_t){.type = RES_PROPERTY, .relop = RELOP_EQ, .tag = PR_HASATTACH,
                              .prop = {.tag = PR_HASATTACH, .v.boolean = 1}};
    has_it(k, &r, "property, computed");
}

static void test_subobjects(kinds_t *k)
{
    okapi_restriction_t two[2], inner, not;
    okapi_restriction_t r = {.type = RES_SUBRESTRICTION, .tag = PR_MESSAGE_RECIPIENTS, .n = 1,
                             .children = &inner};
    inner = content(PR_DISPLAY_NAME, "pet", FL_PREFIX | FL_IGNORECASE);
    has_it(k, &r, "a recipient");
    two[0] = inner;
    two[1] = (okapi_restriction_t){.type = RES_PROPERTY, .relop = RELOP_EQ,
                                   .tag = PR_RECIPIENT_TYPE,
                                   .prop = okapi_propval_i32(PR_RECIPIENT_TYPE, MAPI_CC)};
    inner = (okapi_restriction_t){.type = RES_AND, .n = 2, .children = two};
    has_none(k, &r, "one recipient has to match all of it");
    two[1].prop.v.i32 = MAPI_TO;
    has_it(k, &r, "which this one does");
    r.tag = PR_MESSAGE_ATTACHMENTS;
    inner = content(PR_ATTACH_LONG_FILENAME, ".PDF", FL_SUBSTRING | FL_IGNORECASE);
    has_it(k, &r, "an attachment");
    inner = content(PR_ATTACH_LONG_FILENAME, ".doc", FL_SUBSTRING);
    has_none(k, &r, "of another name");
    inner = (okapi_restriction_t){.type = RES_EXIST, .tag = PR_ATTACH_SIZE};
    not = (okapi_restriction_t){.type = RES_NOT, .n = 1, .children = &r};
    mailbox_must(okapi_table_restrict(k->table, &not), "restrict");
    is_int(read_rows(k->table, 10000, 0, 1, k->pool)->nelts, MESSAGES, "and not");
}

static void test_wrapped(kinds_t *k)
{
    okapi_restriction_t inner = content(PR_SUBJECT, "party", FL_SUBSTRING);
    okapi_propval_t note = okapi_propval_str(PR_SUBJECT, "for the user interface");
    okapi_restriction_t r = {.type = RES_COMMENT, .n = 1, .children = &inner, .ncomments = 1,
                             .comments = &note};
    has_it(k, &r, "comment");
    inner = (okapi_restriction_t){.type = RES_EXIST, .tag = PR_SUBJECT};
    r = (okapi_restriction_t){.type = RES_COUNT, .n = 1, .children = &inner, .value = 7};
    mailbox_must(okapi_table_restrict(k->table, &r), "restrict");
    apr_array_header_t *rows = read_rows(k->table, 100, 0, 1, k->pool);
    is_int(rows->nelts, 7, "count: the first seven");
    r.value = 0;
    has_none(k, &r, "count: none");
    mailbox_must(okapi_table_restrict(k->table, NULL), "restrict");
    is_int(read_rows(k->table, 10000, 0, 1, k->pool)->nelts, MESSAGES + 1, "all without one");
}

/* A restriction on one value of several looks at the row's own: MS-OXCTABL_R433. */
static void test_instances(kinds_t *k)
{
    const okapi_proptag_t all = OKAPI_PROP_TAG(PT_MV_UNICODE, 0x6801);
    const okapi_proptag_t one = all | MV_INSTANCE;
    const char *values[] = {"red", "blue", "green"};
    okapi_propval_t v = {.tag = all, .v.mv = {.count = 3, .v.str = values}};
    okapi_message_t *message = new_message(k->m, k->pool);
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, k->pool), "set");
    okapi_id_t id = save(message, k->pool);
    okapi_restriction_t r = content(all, "blue", FL_FULLSTRING);
    okapi_table_t *table = contents(k->m, k->pool);
    r.prop.tag = PR_SUBJECT; /* a text */
    mailbox_must(okapi_table_set_columns(table, &one, 1), "columns");
    mailbox_must(okapi_table_restrict(table, &r), "restrict");
    is_int(read_rows(table, 10, 0, 1, k->pool)->nelts, 3, "any value matches: all rows");
    r.tag = one;
    mailbox_must(okapi_table_restrict(table, &r), "restrict");
    apr_array_header_t *rows = read_rows(table, 10, 0, 1, k->pool);
    is_int(rows->nelts, 1, "this value matches: its row");
    is_str(cell(rows, 0, 0)->v.str, "blue", "which shows it");
    is_int(APR_ARRAY_IDX(rows, 0, okapi_row_t).id, id, "of the message");
}

/* ---- other views of folders ---- */

static int count_of(mailbox_t *m, int flags, apr_pool_t *pool)
{
    okapi_table_t *table;
    apr_uint32_t count;
    mailbox_must(okapi_table_contents(&table, &count, m->inbox, flags, pool, pool), "contents");
    return (int)count;
}

/* By both plans. */
static void test_soft_deleted(mailbox_t *m, okapi_id_t id, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_SUBJECT, PR_MESSAGE_DELIVERY_TIME};
    okapi_sort_key_t key = {PR_IMPORTANCE, TABLE_SORT_ASCEND};
    okapi_sort_t sort = {.n = 1, .keys = &key};
    okapi_table_t *table;
    apr_uint32_t count;
    int partial, before = count_of(m, 0, pool);
    mailbox_must(okapi_messages_delete(m->inbox, &id, 1, 0, &partial, pool), "delete");
    is_int(count_of(m, 0, pool), before - 1, "a message less");
    mailbox_must(okapi_table_contents(&table, &count, m->inbox, OKAPI_TABLE_SOFT_DELETED, pool,
                                      pool),
                 "contents");
    is_int(count, 1, "one that was softly deleted");
    mailbox_must(okapi_table_set_columns(table, columns, 2), "columns");
    for (int i = 0; i < 2; i++) {
        apr_array_header_t *rows = read_rows(table, 10, 0, 1, pool);
        ok(rows->nelts == 1 && APR_ARRAY_IDX(rows, 0, okapi_row_t).id == id, "is the one row");
        mailbox_must(okapi_table_sort(table, &sort), "sort");
    }
    mailbox_must(okapi_messages_recover(m->inbox, m->inbox, &id, 1, NULL, &partial, pool),
                 "recover");
    is_int(read_rows(table, 10, 0, 1, pool)->nelts, 0, "recovered, it is gone from there");
    is_int(count_of(m, OKAPI_TABLE_SOFT_DELETED, pool), 0, "by both plans");
    is_int(count_of(m, 0, pool), before, "and is back");
}

static int folders(mailbox_t *m, okapi_folder_t *parent, int flags, apr_pool_t *pool)
{
    okapi_table_t *table;
    apr_uint32_t count;
    mailbox_must(okapi_table_hierarchy(&table, &count, parent, flags, pool, pool), "hierarchy");
    return (int)count;
}

static void test_deleted_folders(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    okapi_id_t id;
    int partial, before = folders(m, m->inbox, 0, pool);
    mailbox_must(okapi_folder_create(&id, m->inbox, "gone", NULL, pool), "create");
    is_int(folders(m, m->inbox, 0, pool), before + 1, "a folder");
    mailbox_must(okapi_folder_open(&folder, m->store, id, pool, pool), "open");
    mailbox_must(okapi_folder_delete(folder, OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS,
                                     &partial, pool),
                 "delete");
    is_int(folders(m, m->inbox, 0, pool), before, "softly deleted, it is no longer there");
    is_int(folders(m, m->inbox, OKAPI_TABLE_SOFT_DELETED, pool), 1, "but among the deleted ones");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    okapi_id_t ids[MESSAGES];
    mailbox_t mailbox;
    srand(22);
    mailbox_create(&mailbox, pool);
    for (int i = 0; i < MESSAGES; i++) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, pool);
        ids[i] = add_message(&mailbox, iterpool);
        apr_pool_destroy(iterpool);
    }
    test_searches(&mailbox, ids, pool);
    kinds_t kinds = {.m = &mailbox, .table = contents(&mailbox, pool), .pool = pool};
    make_invitation(&kinds);
    test_values(&kinds);
    test_subobjects(&kinds);
    test_wrapped(&kinds);
    test_instances(&kinds);
    test_soft_deleted(&mailbox, ids[0], pool);
    test_deleted_folders(&mailbox, pool);
    return done_testing();
}
