/* table_seek.c - moving by any number of rows from any row: among equal values, over both ends, by
 * index and by array. MS-OXCTABL 2.2.2.8, 2.2.2.9. */
#include "tables.h"

enum { MESSAGES = 60, MOVES = 300 };

static const char *const senders[] = {"", "Alice", "Bob", "carol"};

static void add_message(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_SENT_REPRESENTING_NAME, senders[pick(4)]),
        okapi_propval_time(PR_MESSAGE_DELIVERY_TIME,
                           130000000000000000 + pick(6) * (okapi_time_t)10000000)};
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 2, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
}

static okapi_table_t *contents(mailbox_t *m, const okapi_sort_key_t *key, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_MID};
    const okapi_sort_t sort = {.n = 1, .keys = (okapi_sort_key_t *)key};
    okapi_table_t *table;
    apr_uint32_t count;
    mailbox_must(okapi_table_contents(&table, &count, m->inbox, 0, pool, pool), "contents");
    mailbox_must(okapi_table_set_columns(table, columns, 1), "columns");
    mailbox_must(okapi_table_sort(table, &sort), "sort");
    return table;
}

/* Where the cursor is, found by reading on to the end. */
static int rows_left(okapi_table_t *table, apr_pool_t *pool)
{
    return read_rows(table, MESSAGES + 1, 0, 0, pool)->nelts;
}

/* From every row, by a number of rows that may be too many. */
static int moves_well(okapi_table_t *table, apr_pool_t *pool)
{
    int at = 0;
    apr_int32_t moved;
    mailbox_must(okapi_table_seek(table, BOOKMARK_BEGINNING, 0, &moved, pool), "seek");
    for (int i = 0; i < MOVES; i++) {
        int count = pick(2 * MESSAGES + 1) - MESSAGES - (i & 1), to = at + count;
        to = to < 0 ? 0 : to > MESSAGES ? MESSAGES : to;
        mailbox_must(okapi_table_seek(table, BOOKMARK_CURRENT, count, &moved, pool), "seek");
        int left = rows_left(table, pool);
        if (moved != to - at || left != MESSAGES - to) {
            diag("%d rows from row %d: moved %d, %d rows left", count, at, moved, left);
            return 0;
        }
        at = to;
    }
    return 1;
}

static void test_moves(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_sort_key_t sorts[] = {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND},
                                             {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND},
                                             {PR_SENT_REPRESENTING_NAME, TABLE_SORT_ASCEND},
                                             {PR_SENT_REPRESENTING_NAME, TABLE_SORT_DESCEND},
                                             {PR_IMPORTANCE, TABLE_SORT_ASCEND}};
    for (int i = 0; i < 5; i++) {
        okapi_table_t *table = contents(m, &sorts[i], pool);
        ok(moves_well(table, pool), "%d moves by %s %s", MOVES, okapi_proptag_name(sorts[i].tag),
           sorts[i].order ? "down" : "up");
    }
}

static void test_empty(mailbox_t *m, apr_pool_t *pool)
{
    static const okapi_sort_key_t by_date = {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND};
    okapi_table_t *table = contents(m, &by_date, pool);
    apr_int32_t moved;
    mailbox_must(okapi_table_seek(table, BOOKMARK_BEGINNING, 3, &moved, pool), "seek");
    is_int(moved, 0, "forward in a folder without messages");
    mailbox_must(okapi_table_seek(table, BOOKMARK_END, -3, &moved, pool), "seek");
    is_int(moved, 0, "and back");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t mailbox;
    srand(23);
    mailbox_create(&mailbox, pool);
    test_empty(&mailbox, pool);
    for (int i = 0; i < MESSAGES; i++) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, pool);
        add_message(&mailbox, iterpool);
        apr_pool_destroy(iterpool);
    }
    test_moves(&mailbox, pool);
    return done_testing();
}
