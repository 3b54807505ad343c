/* table.c - tables: both plans agree, the cursor keeps its place, a table survives being
 * encoded. */
#include "table_private.h"
#include "tables.h"

enum { MESSAGES = 1000, ROUNDS = 60 };

static const char *const words[] = {"alpha", "Beta", "gamma", "Delta", "\xc3\x84pfel", "apple",
                                    "RE: alpha", "Zulu", "\xce\xb1\xce\xb2", "10 things", ""};

/* ---- making ---- */

static okapi_id_t add_message(mailbox_t *m, int associated, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_propval_t values[8];
    int n = 0;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), associated,
                                      pool, pool),
                 "create");
    values[n++] = okapi_propval_str(PR_SUBJECT, words[pick(11)]);
    values[n++] = okapi_propval_i32(PR_IMPORTANCE, pick(3));
    values[n++] = okapi_propval_str(PR_SENT_REPRESENTING_NAME, words[pick(10)]);
    if (pick(10)) {
        values[n++] = okapi_propval_time(PR_MESSAGE_DELIVERY_TIME,
                                         130000000000000000 + pick(300) * (okapi_time_t)10000000);
    }
    if (pick(3)) {
        values[n++] = okapi_propval_str(PR_CONVERSATION_TOPIC, words[pick(11)]);
    }
    if (pick(2)) {
        values[n++] = okapi_propval_i32(PR_ICON_INDEX, pick(5));
    }
    mailbox_must(okapi_object_set(okapi_message_object(message), values, n, pool), "set");
    okapi_props_set_str(okapi_message_add_recipient(message, MAPI_TO)->props, PR_DISPLAY_NAME,
                        words[pick(10)]);
    mailbox_must(okapi_message_save(message, pick(2) ? OKAPI_SAVE_DELIVERY : 0, pool), "save");
    return okapi_message_id(message);
}

static void change_message(mailbox_t *m, okapi_id_t id, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_open(&message, m->store, 0, id, pool, pool), "open");
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_SUBJECT, words[pick(11)]),
        okapi_propval_time(PR_MESSAGE_DELIVERY_TIME,
                           130000000000000000 + pick(300) * (okapi_time_t)10000000)};
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 2, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
}

static okapi_table_t *contents(mailbox_t *m, apr_uint32_t *count, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_MID, PR_SUBJECT, PR_IMPORTANCE, PR_DISPLAY_CC,
                                              PR_MESSAGE_DELIVERY_TIME};
    okapi_table_t *table;
    mailbox_must(okapi_table_contents(&table, count, m->inbox, 0, pool, pool), "contents");
    okapi_table_set_columns(table, columns, 5);
    return table;
}

static void sort_by(okapi_table_t *table, int n, const okapi_sort_key_t *keys)
{
    okapi_sort_t sort = {.n = n, .keys = (okapi_sort_key_t *)keys};
    mailbox_must(okapi_table_sort(table, &sort), "sort");
}

/* A restriction that every row matches, so that the plan is by array. */
static void restrict_to_all(okapi_table_t *table)
{
    const okapi_restriction_t all = {.type = RES_EXIST, .tag = PR_MID};
    mailbox_must(okapi_table_restrict(table, &all), "restrict");
}

static int same_rows(const apr_array_header_t *a, const apr_array_header_t *b)
{
    if (a->nelts != b->nelts) {
        diag("%d rows and %d", a->nelts, b->nelts);
        return 0;
    }
    for (int i = 0; i < a->nelts; i++) {
        const okapi_row_t *x = &APR_ARRAY_IDX(a, i, okapi_row_t);
        const okapi_row_t *y = &APR_ARRAY_IDX(b, i, okapi_row_t);
        if (x->id != y->id || strcmp(x->values[1].v.str, y->values[1].v.str) != 0) {
            diag("row %d is %d and %d", i, (int)x->id, (int)y->id);
            return 0;
        }
    }
    return 1;
}

/* ---- agreement ---- */

static int same_place(okapi_table_t *a, okapi_table_t *b, apr_pool_t *pool)
{
    apr_uint32_t na, nb, da, db;
    mailbox_must(okapi_table_position(a, &na, &da, pool), "position");
    mailbox_must(okapi_table_position(b, &nb, &db, pool), "position");
    if (na != nb || da != db) {
        diag("position %u/%u and %u/%u", na, da, nb, db);
    }
    return na == nb && da == db;
}

/* The same random call on both tables: it has to give the same. */
static int same_step(okapi_table_t *a, okapi_table_t *b, apr_pool_t *pool)
{
    apr_int32_t moved_a, moved_b;
    int n = pick(60), backward = pick(2), advance = pick(4) > 0, origin = pick(3);
    int count = pick(1500) - 750;
    switch (pick(4)) {
    case 0:
        mailbox_must(okapi_table_seek(a, origin, count, &moved_a, pool), "seek");
        mailbox_must(okapi_table_seek(b, origin, count, &moved_b, pool), "seek");
        if (moved_a != moved_b) {
            diag("moved %d and %d", moved_a, moved_b);
            return 0;
        }
        break;
    case 1:
        mailbox_must(okapi_table_seek_fraction(a, (apr_uint32_t)n, 59, pool), "fraction");
        mailbox_must(okapi_table_seek_fraction(b, (apr_uint32_t)n, 59, pool), "fraction");
        break;
    default:
        if (!same_rows(read_rows(a, n, backward, advance, pool),
                       read_rows(b, n, backward, advance, pool))) {
            return 0;
        }
    }
    return same_place(a, b, pool);
}

/* Changes the folder: a message comes, goes, or moves within the order. */
static void disturb(mailbox_t *m, apr_array_header_t *ids, apr_pool_t *pool)
{
    int at = pick(ids->nelts);
    okapi_id_t *id = &APR_ARRAY_IDX(ids, at, okapi_id_t);
    switch (pick(3)) {
    case 0:
        APR_ARRAY_PUSH(ids, okapi_id_t) = add_message(m, 0, pool);
        break;
    case 1:
        tables_remove(m, *id, pool);
        *id = *(okapi_id_t *)apr_array_pop(ids);
        break;
    default:
        change_message(m, *id, pool);
    }
}

static void test_agreement(mailbox_t *m, apr_array_header_t *ids, apr_pool_t *pool)
{
    static const okapi_sort_key_t sorts[][1] = {
        {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}},
        {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND}},
        {{PR_SUBJECT, TABLE_SORT_ASCEND}},
        {{PR_NORMALIZED_SUBJECT, TABLE_SORT_DESCEND}},
        {{PR_SENT_REPRESENTING_NAME, TABLE_SORT_ASCEND}},
        {{PR_SENT_REPRESENTING_NAME, TABLE_SORT_DESCEND}},
        {{PR_MESSAGE_SIZE, TABLE_SORT_ASCEND}},
        {{PR_MESSAGE_SIZE, TABLE_SORT_DESCEND}},
    };
    for (int i = -1; i < 8; i++) {
        apr_pool_t *iterpool;
        apr_uint32_t count;
        int good = 1, round;
        apr_pool_create(&iterpool, pool);
        okapi_table_t *a = contents(m, &count, iterpool), *b = contents(m, &count, iterpool);
        if (i >= 0) {
            sort_by(a, 1, sorts[i]);
            sort_by(b, 1, sorts[i]);
        }
        restrict_to_all(b);
        good = a->view->plan == &okapi__plan_index && b->view->plan == &okapi__plan_array;
        for (round = 0; good && round < ROUNDS; round++) {
            good = same_step(a, b, iterpool);
            if (good && pick(4) == 0) {
                disturb(m, ids, iterpool);
            }
        }
        ok(good, "plans agree by %s %s", i < 0 ? "default" : okapi_proptag_name(sorts[i][0].tag),
           good ? "" : apr_psprintf(pool, "until step %d", round));
        apr_pool_destroy(iterpool);
    }
}

/* ---- order ---- */

static int in_order(const okapi_row_t *a, const okapi_row_t *b)
{
    int order = b->values[2].v.i32 - a->values[2].v.i32; /* importance descending */
    apr_int64_t ta = OKAPI_PROP_TYPE(a->values[4].tag) == PT_ERROR ? 0 : a->values[4].v.time;
    apr_int64_t tb = OKAPI_PROP_TYPE(b->values[4].tag) == PT_ERROR ? 0 : b->values[4].v.time;
    if (order == 0) {
        order = ta < tb ? -1 : ta > tb; /* delivery time ascending */
    }
    return order < 0 || (order == 0 && a->id > b->id);
}

static void test_order(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_sort_key_t keys[] = {{PR_IMPORTANCE, TABLE_SORT_DESCEND},
                                            {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}};
    static const okapi_sort_key_t topic[] = {{PR_CONVERSATION_TOPIC, TABLE_SORT_ASCEND}};
    static const okapi_proptag_t topics[] = {PR_CONVERSATION_TOPIC};
    static const char *const order[] = {"", "10 things", "alpha", "\xc3\x84pfel", "apple", "Beta",
                                        "Delta", "gamma", "RE: alpha", "Zulu", "\xce\xb1\xce\xb2"};
    apr_uint32_t count;
    okapi_table_t *table = contents(m, &count, pool);
    sort_by(table, 2, keys);
    apr_array_header_t *rows = read_rows(table, 100000, 0, 1, pool);
    is_int(rows->nelts, count, "all rows by two columns");
    int good = 1;
    for (int i = 1; i < rows->nelts; i++) {
        good &= in_order(&APR_ARRAY_IDX(rows, i - 1, okapi_row_t),
                         &APR_ARRAY_IDX(rows, i, okapi_row_t));
    }
    ok(good, "in their order");

    sort_by(table, 1, topic);
    okapi_table_set_columns(table, topics, 1);
    rows = read_rows(table, 100000, 0, 1, pool);
    int at = -1;
    good = rows->nelts == (int)count;
    for (int i = 0; i < rows->nelts; i++) {
        const okapi_propval_t *v = &APR_ARRAY_IDX(rows, i, okapi_row_t).values[0];
        if (OKAPI_PROP_TYPE(v->tag) == PT_ERROR) {
            good &= at == -1 && v->v.error == 0x8004010F;
            continue;
        }
        at = at < 0 ? 0 : at;
        while (at < 11 && strcmp(order[at], v->v.str) != 0) {
            at++;
        }
    }
    ok(good && at < 11, "text by Unicode's order, absent values first");
}

/* ---- cells ---- */

static void test_cells(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {
        PR_SUBJECT, PR_BODY, PR_HTML, PR_MESSAGE_FLAGS, PR_INSTANCE_KEY, PR_DISPLAY_CC,
        PR_HASATTACH, PR_ENTRYID, OKAPI_PROP_RETYPE(PR_SUBJECT, PT_STRING8), PR_SENDER_NAME,
        PR_SENT_REPRESENTING_NAME, PR_ROW_TYPE};
    okapi_message_t *message;
    apr_uint32_t count;
    char *body = apr_palloc(pool, 20001), *name = apr_palloc(pool, 201);
    memset(body, 'b', 20000);
    memset(name, 'n', 200);
    body[20000] = name[200] = '\0';
    okapi_propval_t values[] = {
        okapi_propval_str(PR_SUBJECT, "Fwd: cells"), okapi_propval_str(PR_BODY, body),
        okapi_propval_bin(PR_HTML, body, 1000), okapi_propval_str(PR_SENT_REPRESENTING_NAME, name),
        okapi_propval_time(PR_MESSAGE_DELIVERY_TIME, 140000000000000000)};
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 5, pool), "set");
    okapi_props_set_str(okapi_message_add_recipient(message, MAPI_CC)->props, PR_DISPLAY_NAME,
                        "Mary");
    okapi_attachment_create(message, ATTACH_BY_VALUE);
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    okapi_table_t *table = contents(m, &count, pool);
    okapi_table_set_columns(table, columns, 12);
    apr_int32_t moved;
    mailbox_must(okapi_table_seek(table, BOOKMARK_END, 0, &moved, pool), "seek");
    apr_array_header_t *rows = read_rows(table, 1, 1, 0, pool);
    is_int(APR_ARRAY_IDX(rows, 0, okapi_row_t).id, okapi_message_id(message), "the last row");
    is_str(cell(rows, 0, 0)->v.str, "Fwd: cells", "subject");
    is_int((long long)strlen(cell(rows, 0, 1)->v.str), 255, "a large text is cut");
    is_int((long long)cell(rows, 0, 2)->v.bin.len, 510, "a binary is cut");
    is_int(cell(rows, 0, 3)->v.i32, MSGFLAG_UNMODIFIED | MSGFLAG_HASATTACH, "flags");
    is_int((long long)cell(rows, 0, 4)->v.bin.len, 8, "instance key");
    is_str(cell(rows, 0, 5)->v.str, "Mary", "display cc, from the recipients");
    is_int(cell(rows, 0, 6)->v.boolean, 1, "attachments");
    is_int((long long)cell(rows, 0, 7)->v.bin.len, 70, "entry id");
    is_int(cell(rows, 0, 8)->tag, OKAPI_PROP_RETYPE(PR_SUBJECT, PT_STRING8), "PT_STRING8 stays");
    is_int(cell(rows, 0, 9)->v.error, 0x8004010F, "absent");
    is_str(cell(rows, 0, 10)->v.str, name, "longer than its column of the database");
    is_int(cell(rows, 0, 11)->v.i32, 1, "row type");
    okapi_table_set_columns(table, NULL, 0);
    is_int(okapi_table_rows(table, 1, 0, 0, &rows, pool, pool), OKAPI_ENOTSET, "no columns");
}

static void test_restriction(mailbox_t *m, apr_pool_t *pool)
{
    okapi_restriction_t cc = {.type = RES_CONTENT, .fuzzy = FL_SUBSTRING | FL_IGNORECASE,
                              .tag = PR_DISPLAY_NAME};
    okapi_restriction_t of = {.type = RES_SUBRESTRICTION, .tag = PR_MESSAGE_RECIPIENTS, .n = 1,
                              .children = &cc};
    okapi_restriction_t high = {.type = RES_PROPERTY, .relop = RELOP_EQ, .tag = PR_IMPORTANCE};
    apr_uint32_t count, all, numerator;
    okapi_table_t *table = contents(m, &all, pool);
    int expected = 0;
    apr_array_header_t *rows = read_rows(table, 100000, 0, 0, pool);
    for (int i = 0; i < rows->nelts; i++) {
        expected += cell(rows, i, 2)->v.i32 == 2;
    }
    high.prop = okapi_propval_i32(PR_IMPORTANCE, 2);
    mailbox_must(okapi_table_restrict(table, &high), "restrict");
    mailbox_must(okapi_table_position(table, &numerator, &count, pool), "position");
    is_int(count, expected, "rows of high importance");
    cc.prop = okapi_propval_str(PR_DISPLAY_NAME, "mar");
    mailbox_must(okapi_table_restrict(table, &of), "restrict");
    rows = read_rows(table, 100, 0, 1, pool);
    is_int(rows->nelts, 1, "by a recipient");
    is_str(cell(rows, 0, 1)->v.str, "Fwd: cells", "the right one");
    okapi_table_reset(table);
    int n;
    okapi_table_columns(table, &n);
    is_int(n, 0, "reset");
    mailbox_must(okapi_table_position(table, &numerator, &count, pool), "position");
    is_int(count, all, "all rows again");
}

/* ---- the table as a value ---- */

static okapi_table_t *again(mailbox_t *m, const okapi_table_t *table, apr_pool_t *pool)
{
    okapi_table_t *decoded;
    okapi_writer_t w;
    okapi_reader_t r;
    okapi_writer_init(&w, 64, 1 << 20, pool);
    okapi_table_encode(table, &w);
    okapi_reader_init(&r, w.data, w.len);
    mailbox_must(okapi_table_decode(&decoded, &r, m->store, NULL, pool, pool), "decode");
    ok(okapi_reader_left(&r) == 0 && !w.failed, "decoded to the end");
    for (apr_size_t len = 0; len < w.len; len++) {
        okapi_table_t *broken;
        okapi_reader_init(&r, w.data, len);
        if (okapi_table_decode(&broken, &r, m->store, NULL, pool, pool) == APR_SUCCESS) {
            ok(0, "decoded from %d bytes", (int)len);
        }
    }
    return decoded;
}

static void test_state(mailbox_t *m, int by_array, apr_pool_t *pool)
{
    static const okapi_sort_key_t key[] = {{PR_SUBJECT, TABLE_SORT_DESCEND}};
    apr_uint32_t count;
    apr_int32_t moved;
    int gone;
    okapi_binary_t bookmark, other;
    okapi_table_t *table = contents(m, &count, pool);
    sort_by(table, 1, key);
    if (by_array) {
        restrict_to_all(table);
    }
    read_rows(table, 333, 0, 1, pool);
    mailbox_must(okapi_table_bookmark_create(table, &bookmark, pool), "bookmark");
    mailbox_must(okapi_table_bookmark_create(table, &other, pool), "bookmark");
    is_int((long long)bookmark.len, 4, "a bookmark is four bytes");
    apr_array_header_t *expected = read_rows(table, 20, 0, 0, pool);
    okapi_table_t *decoded = again(m, table, pool);
    ok(same_rows(read_rows(decoded, 20, 0, 1, pool), expected), "it goes on at the same row");
    read_rows(decoded, 100, 1, 1, pool);
    mailbox_must(okapi_table_bookmark_seek(decoded, bookmark, 0, &moved, &gone, pool), "seek");
    ok(same_rows(read_rows(decoded, 20, 0, 0, pool), expected), "to the bookmark");
    is_int(gone, 0, "whose row is there");
    mailbox_must(okapi_table_bookmark_seek(decoded, bookmark, -10, &moved, &gone, pool), "seek");
    is_int(moved, -10, "moved back from it");
    mailbox_must(okapi_table_bookmark_free(decoded, other), "free");
    is_int(okapi_table_bookmark_seek(decoded, other, 0, &moved, &gone, pool),
           OKAPI_EINVALIDBOOKMARK, "a freed bookmark");
    is_int(okapi_table_bookmark_free(decoded, (okapi_binary_t){bookmark.data, 3}),
           OKAPI_EINVALIDBOOKMARK, "no bookmark at all");
    sort_by(decoded, 1, key);
    is_int(okapi_table_bookmark_seek(decoded, bookmark, 0, &moved, &gone, pool),
           OKAPI_EINVALIDBOOKMARK, "sorting voids bookmarks");
}

static void test_gone(mailbox_t *m, apr_pool_t *pool)
{
    apr_uint32_t count;
    apr_int32_t moved;
    int gone;
    okapi_binary_t bookmark, end;
    okapi_table_t *table = contents(m, &count, pool);
    read_rows(table, 100, 0, 1, pool);
    mailbox_must(okapi_table_bookmark_create(table, &bookmark, pool), "bookmark");
    apr_array_header_t *rows = read_rows(table, 10, 0, 0, pool);
    tables_remove(m, APR_ARRAY_IDX(rows, 0, okapi_row_t).id, pool);
    mailbox_must(okapi_table_bookmark_seek(table, bookmark, 0, &moved, &gone, pool), "seek");
    is_int(gone, 1, "the bookmark's row is gone");
    apr_array_header_t *left = read_rows(table, 1, 0, 0, pool);
    is_int(APR_ARRAY_IDX(left, 0, okapi_row_t).id, APR_ARRAY_IDX(rows, 1, okapi_row_t).id,
           "the cursor is before the next one");
    mailbox_must(okapi_table_seek(table, BOOKMARK_END, 0, &moved, pool), "seek");
    mailbox_must(okapi_table_bookmark_create(table, &end, pool), "bookmark");
    mailbox_must(okapi_table_bookmark_seek(table, end, -1, &moved, &gone, pool), "seek");
    is_int(gone, 0, "the table's end isn't a row");
    is_int(moved, -1, "back from the end");
}

static void test_find(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_sort_key_t key[] = {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND}};
    okapi_restriction_t is = {.type = RES_CONTENT, .fuzzy = FL_FULLSTRING, .tag = PR_SUBJECT};
    apr_uint32_t count, at, forward = 0;
    apr_int32_t moved;
    okapi_row_t *row;
    okapi_table_t *table = contents(m, &count, pool);
    sort_by(table, 1, key);
    is.prop = okapi_propval_str(PR_SUBJECT, "gamma");
    apr_array_header_t *rows = read_rows(table, 100000, 0, 0, pool);
    while (strcmp(cell(rows, (int)forward, 1)->v.str, "gamma") != 0) {
        forward++;
    }
    mailbox_must(okapi_table_find(table, &is, 0, &row, pool, pool), "find");
    is_int(row ? row->id : 0, APR_ARRAY_IDX(rows, forward, okapi_row_t).id, "the first match");
    mailbox_must(okapi_table_position(table, &at, &count, pool), "position");
    is_int(at, forward, "the cursor is on it");
    mailbox_must(okapi_table_find(table, &is, 0, &row, pool, pool), "find");
    is_int(row ? row->id : 0, APR_ARRAY_IDX(rows, forward, okapi_row_t).id, "and finds it again");
    mailbox_must(okapi_table_find(table, &is, 1, &row, pool, pool), "find");
    ok(!row, "there is none before it");
    mailbox_must(okapi_table_seek(table, BOOKMARK_END, 0, &moved, pool), "seek");
    mailbox_must(okapi_table_find(table, &is, 1, &row, pool, pool), "find");
    int last = rows->nelts - 1;
    while (strcmp(cell(rows, last, 1)->v.str, "gamma") != 0) {
        last--;
    }
    is_int(row ? row->id : 0, APR_ARRAY_IDX(rows, last, okapi_row_t).id, "the last match");
    is.prop = okapi_propval_str(PR_SUBJECT, "no such subject");
    mailbox_must(okapi_table_seek(table, BOOKMARK_BEGINNING, 0, &moved, pool), "seek");
    mailbox_must(okapi_table_find(table, &is, 0, &row, pool, pool), "find");
    ok(!row, "no match");
}

/* ---- other tables ---- */

static void test_hierarchy(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_DISPLAY_NAME, PR_DEPTH};
    static const okapi_sort_key_t key[] = {{PR_DISPLAY_NAME, TABLE_SORT_DESCEND}};
    okapi_folder_t *subtree, *child;
    okapi_table_t *table;
    apr_uint32_t count, deep, at;
    okapi_id_t id, last;
    mailbox_must(okapi_folder_open(&subtree, m->store,
                                   okapi_store_special(m->store, OKAPI_FOLDER_IPM_SUBTREE), pool,
                                   pool),
                 "folder");
    mailbox_must(okapi_table_hierarchy(&table, &count, subtree, 0, pool, pool), "hierarchy");
    mailbox_must(okapi_folder_create(&id, subtree, "Anna", NULL, pool), "create");
    mailbox_must(okapi_folder_open(&child, m->store, id, pool, pool), "folder");
    mailbox_must(okapi_folder_create(&last, child, "Zoe", NULL, pool), "create");
    okapi_table_set_columns(table, columns, 2);
    apr_array_header_t *rows = read_rows(table, 100, 0, 1, pool);
    is_int(rows->nelts, count + 1, "the new folder is a row");
    is_str(cell(rows, 0, 0)->v.str, "Anna", "by name");
    mailbox_must(okapi_table_position(table, &at, &count, pool), "position");
    is_int(at, count, "the cursor is at the end");
    mailbox_must(okapi_table_hierarchy(&table, &deep, subtree, OKAPI_TABLE_DEEP, pool, pool),
                 "hierarchy");
    ok(deep > count, "deep has more");
    okapi_table_set_columns(table, columns, 2);
    rows = read_rows(table, 2, 0, 1, pool);
    is_str(cell(rows, 1, 0)->v.str, "Zoe", "a folder is followed by its own");
    is_int(cell(rows, 1, 1)->v.i32, 2, "depth");
    sort_by(table, 1, key);
    rows = read_rows(table, 1, 0, 1, pool);
    is_str(cell(rows, 0, 0)->v.str, "Zoe", "sorted");
    table = again(m, table, pool);
    rows = read_rows(table, 100, 0, 1, pool);
    is_int(rows->nelts, deep - 1, "and decoded");
}

static void test_attachments(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_ATTACH_NUM, PR_ATTACH_METHOD,
                                              PR_ATTACH_LONG_FILENAME};
    okapi_message_t *message;
    okapi_table_t *table, *decoded;
    okapi_writer_t w;
    okapi_reader_t r;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    for (int i = 0; i < 12; i++) {
        okapi_propval_t v = okapi_propval_str(PR_ATTACH_LONG_FILENAME,
                                              apr_psprintf(pool, "file%d", i));
        okapi_attachment_t *a = okapi_attachment_create(message, ATTACH_BY_VALUE);
        mailbox_must(okapi_object_set(okapi_attachment_object(a), &v, 1, pool), "set");
    }
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_message_open(&message, m->store, 0, okapi_message_id(message), pool, pool),
                 "open");
    mailbox_must(okapi_table_attachments(&table, message, pool, pool), "attachments");
    okapi_table_set_columns(table, columns, 3);
    is_int(read_rows(table, 5, 0, 1, pool)->nelts, 5, "five attachments");
    okapi_writer_init(&w, 64, 1 << 16, pool);
    okapi_table_encode(table, &w);
    okapi_reader_init(&r, w.data, w.len);
    mailbox_must(okapi_table_decode(&decoded, &r, m->store, message, pool, pool), "decode");
    apr_array_header_t *rows = read_rows(decoded, 100, 0, 1, pool);
    is_int(rows->nelts, 7, "and the rest, decoded");
    is_int(cell(rows, 6, 0)->v.i32, 11, "by number");
    is_str(cell(rows, 6, 2)->v.str, "file11", "with their properties");
}

static void test_associated(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_ASSOCIATED};
    okapi_table_t *table;
    apr_uint32_t normal, count;
    contents(m, &normal, pool);
    add_message(m, 1, pool);
    mailbox_must(okapi_table_contents(&table, &count, m->inbox, OKAPI_TABLE_ASSOCIATED, pool, pool),
                 "contents");
    is_int(count, 1, "one associated message");
    okapi_table_set_columns(table, columns, 1);
    apr_array_header_t *rows = read_rows(table, 10, 0, 1, pool);
    is_int(rows->nelts, 1, "is the table's");
    is_int(cell(rows, 0, 0)->v.boolean, 1, "only row");
    contents(m, &count, pool);
    is_int(count, normal, "and not one of the others");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    apr_array_header_t *ids = apr_array_make(pool, MESSAGES, sizeof(okapi_id_t));
    mailbox_t m;
    srand(20);
    mailbox_create(&m, pool);
    for (int i = 0; i < MESSAGES; i++) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, pool);
        APR_ARRAY_PUSH(ids, okapi_id_t) = add_message(&m, 0, iterpool);
        apr_pool_destroy(iterpool);
    }
    test_agreement(&m, ids, pool);
    test_order(&m, pool);
    test_cells(&m, pool);
    test_restriction(&m, pool);
    test_state(&m, 0, pool);
    test_state(&m, 1, pool);
    test_gone(&m, pool);
    test_find(&m, pool);
    test_hierarchy(&m, pool);
    test_attachments(&m, pool);
    test_associated(&m, pool);
    return done_testing();
}
