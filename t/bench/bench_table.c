/* bench_table.c - what tables cost in folders of as many messages as the arguments say, beside a
 * plain prepared statement that brings the same rows in the same run.
 */
#include <okapi/entryid.h>
#include <okapi/table.h>

#include "bench.h"
#include "filled.h"

enum { ROWS = 50, ROW_COLUMNS = 9 };

typedef struct bench_t {
    filled_t filled;
    okapi_table_t *table; /* of the measures that don't open their own */
    const struct measure_t *measure;
    rival_stmt_t *plain;  /* its statement */
} bench_t;

/* ---- ours ---- */

static const okapi_proptag_t columns[] = {
    PR_MID, PR_INSTANCE_KEY, PR_ENTRYID, PR_MESSAGE_CLASS, PR_SUBJECT, PR_SENT_REPRESENTING_NAME,
    PR_MESSAGE_DELIVERY_TIME, PR_MESSAGE_SIZE, PR_MESSAGE_FLAGS, PR_HASATTACH, PR_IMPORTANCE,
    PR_CONVERSATION_TOPIC};

enum { HOT_COLUMNS = 11 }; /* all but the last, which isn't in the row */

static okapi_sort_key_t by_date = {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_DESCEND};
static okapi_sort_key_t by_sender = {PR_SENT_REPRESENTING_NAME, TABLE_SORT_ASCEND};
static okapi_sort_key_t by_importance = {PR_IMPORTANCE, TABLE_SORT_DESCEND};

static okapi_table_t *open_table(const bench_t *b, okapi_sort_key_t *by, int ncolumns,
                                 apr_pool_t *pool)
{
    const okapi_sort_t sort = {.n = 1, .keys = by};
    okapi_table_t *table;
    apr_uint32_t count;
    BENCH_TRY(okapi_table_contents(&table, &count, b->filled.folder, 0, pool, pool));
    BENCH_TRY(okapi_table_set_columns(table, columns, ncolumns));
    BENCH_TRY(okapi_table_sort(table, &sort));
    return table;
}

static void read_page(okapi_table_t *table, int n, apr_pool_t *pool)
{
    apr_array_header_t *rows;
    BENCH_TRY(okapi_table_rows(table, n, 0, 0, &rows, pool, pool));
    if (rows->nelts != n) {
        bench_die("number of rows", APR_EGENERAL);
    }
}

static void date(void *baton, apr_pool_t *pool)
{
    read_page(open_table(baton, &by_date, HOT_COLUMNS, pool), ROWS, pool);
}

static void further_property(void *baton, apr_pool_t *pool)
{
    read_page(open_table(baton, &by_date, HOT_COLUMNS + 1, pool), ROWS, pool);
}

static void middle(void *baton, apr_pool_t *pool)
{
    okapi_table_t *table = open_table(baton, &by_date, HOT_COLUMNS, pool);
    BENCH_TRY(okapi_table_seek_fraction(table, 1, 2, pool));
    read_page(table, ROWS, pool);
}

/* The cursor in the midst of all that one sender sent. */
static void open_among_ties(bench_t *b, apr_pool_t *pool)
{
    apr_int32_t moved;
    b->table = open_table(b, &by_sender, HOT_COLUMNS, pool);
    BENCH_TRY(okapi_table_seek(b->table, BOOKMARK_BEGINNING, b->filled.n / FILLED_SENDERS / 2,
                               &moved, pool));
}

static void ties(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    read_page(b->table, ROWS, pool);
}

static void open_by_date(bench_t *b, apr_pool_t *pool)
{
    b->table = open_table(b, &by_date, HOT_COLUMNS, pool);
}

static void find(bench_t *b, const okapi_propval_t *v, apr_byte_t relop, apr_pool_t *pool)
{
    const okapi_restriction_t r = {
        .type = RES_PROPERTY, .relop = relop, .tag = v->tag, .prop = *v};
    okapi_row_t *row;
    apr_int32_t moved;
    BENCH_TRY(okapi_table_seek(b->table, BOOKMARK_BEGINNING, 0, &moved, pool));
    BENCH_TRY(okapi_table_find(b->table, &r, 0, &row, pool, pool));
    if (!row) {
        bench_die("a row to be found", APR_EGENERAL);
    }
}

static void find_id(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    const okapi_id_t id = b->filled.first_id + rand() % b->filled.n;
    const okapi_propval_t v = okapi_propval_i64(PR_INST_ID, (apr_int64_t)okapi_eid_of(id));
    find(b, &v, RELOP_EQ, pool);
}

static void find_date(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    const okapi_propval_t v = okapi_propval_time(
        PR_MESSAGE_DELIVERY_TIME, FILLED_DATE + rand() % b->filled.n * FILLED_STEP);
    find(b, &v, RELOP_LE, pool);
}

static void importance(void *baton, apr_pool_t *pool)
{
    read_page(open_table(baton, &by_importance, HOT_COLUMNS, pool), ROWS, pool);
}

/* What no index helps with: every row is looked at once. */
static void subject_contains(void *baton, apr_pool_t *pool)
{
    const okapi_restriction_t r = {.type = RES_CONTENT,
                                   .fuzzy = FL_SUBSTRING | FL_IGNORECASE,
                                   .tag = PR_SUBJECT,
                                   .prop = okapi_propval_str(PR_SUBJECT, "NUMBER 77")};
    okapi_table_t *table = open_table(baton, &by_date, HOT_COLUMNS, pool);
    apr_array_header_t *rows;
    BENCH_TRY(okapi_table_restrict(table, &r));
    BENCH_TRY(okapi_table_rows(table, ROWS, 0, 0, &rows, pool, pool));
    if (rows->nelts == 0) {
        bench_die("rows that contain it", APR_EGENERAL);
    }
}

static void categories(void *baton, apr_pool_t *pool)
{
    okapi_sort_key_t keys[] = {by_sender, {PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_MAX_CATEGORY}};
    const okapi_sort_t sort = {.n = 2, .ncategories = 1, .keys = keys};
    okapi_table_t *table = open_table(baton, &by_sender, HOT_COLUMNS, pool);
    BENCH_TRY(okapi_table_sort(table, &sort));
    read_page(table, ROWS, pool);
}

/* What somebody reads or receives meanwhile; its durable commit isn't the table's. */
static void change(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    const okapi_id_t id = b->filled.first_id + rand() % b->filled.n;
    int partial;
    BENCH_TRY(okapi_folder_set_read(b->filled.folder, &id, 1, rand() % 2, NULL, &partial, pool));
}

/* ---- the plain statements ---- */

#define ROW                                                                                       \
    "SELECT id, class, prefix, subject, sender, deliv, size, flags, importance FROM message"      \
    " WHERE folder_id = %lld AND part = 0"

/* Their second argument, behind the folder's id. */
typedef enum argument_e { HALF, SOME_ID, SOME_DATE, PATTERN } argument_e;

typedef struct measure_t {
    const char *name;
    const char *plain; /* NULL: the same as above */
    argument_e argument;
    int rows; /* that it brings; 0: some */
    filled_work_t run;
    void (*before)(bench_t *b, apr_pool_t *pool); /* all of them */
    filled_work_t before_each;
    int array; /* the first time makes one, of all rows */
} measure_t;

static void plain(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    const filled_t *filled = &b->filled;
    const apr_int64_t folder = okapi_folder_id(filled->folder), at = rand() % filled->n;
    const apr_int64_t arguments[] = {[HALF] = filled->n / 2,
                                     [SOME_ID] = filled->first_id + at,
                                     [SOME_DATE] = FILLED_DATE + at * FILLED_STEP};
    const argument_e argument = b->measure->argument;
    const void *args[] = {&folder, "%number 77%"};
    if (argument != PATTERN) {
        args[1] = &arguments[argument];
    }
    int n = rival_rows(b->plain, args, ROW_COLUMNS, pool);
    if (b->measure->rows ? n != b->measure->rows : n == 0) {
        bench_die("number of plain rows", APR_EGENERAL);
    }
}

static const measure_t measures[] = {
    {"open, 50 rows by date", ROW " ORDER BY deliv DESC, id DESC LIMIT 50", HALF, ROWS, date},
    {"with a property that isn't in the row",
     "SELECT m.id, class, prefix, subject, sender, deliv, size, flags, p.props FROM message m"
     " JOIN msg_props p ON p.id = m.id WHERE folder_id = %lld AND part = 0"
     " ORDER BY deliv DESC, m.id DESC LIMIT 50",
     HALF, ROWS, further_property},
    {"open, 50 rows in the middle", ROW " ORDER BY deliv DESC, id DESC LIMIT 50 OFFSET %lld", HALF,
     ROWS, middle},
    {"some more rows of one sender, who has a hundredth",
     ROW " AND sender_key = 's7' AND id > %lld ORDER BY id LIMIT 50", HALF, 0, ties,
     open_among_ties},
    {"find a row by its id", ROW " AND id = %lld", SOME_ID, 1, find_id, open_by_date},
    {"find a row by the date that sorts",
     ROW " AND deliv <= %lld ORDER BY deliv DESC, id DESC LIMIT 1", SOME_DATE, 1, find_date,
     open_by_date},
    {"by importance, which has no index: 50 rows",
     ROW " ORDER BY importance DESC, id DESC LIMIT 50", HALF, ROWS, importance, NULL, NULL, 1},
    {"  after a message has changed", NULL, HALF, ROWS, importance, NULL, change},
    {"subject contains a text: 50 rows by date",
     ROW " AND subject LIKE %s ORDER BY deliv DESC, id DESC LIMIT 50", PATTERN, 0,
     subject_contains, NULL, NULL, 1},
    {"  after a message has changed", NULL, PATTERN, 0, subject_contains, NULL, change},
    {"50 senders by the latest date of each",
     "SELECT sender_key, MAX(sender), MAX(deliv), COUNT(*), SUM(1 - (flags & 1)), 1, 1, 1, 1"
     " FROM message WHERE folder_id = %lld AND part = 0 GROUP BY sender_key ORDER BY MAX(deliv)"
     " DESC LIMIT 50",
     HALF, ROWS, categories, NULL, NULL, 1},
    {"  after a message has changed", NULL, HALF, ROWS, categories, NULL, change},
};

static void measure(bench_t *b, int n, apr_pool_t *pool)
{
    filled_add(&b->filled, n, pool);
    bench_title(apr_psprintf(pool, "a folder of %d messages, beside one prepared statement", n),
                "microseconds, medians");
    for (apr_size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
        const measure_t *m = &measures[i];
        double first;
        b->measure = m;
        if (m->before) {
            m->before(b, pool);
        }
        if (m->plain) {
            b->plain = rival_prepare(b->filled.rival, m->plain);
        }
        double floor = filled_median(NULL, plain, NULL, b, pool);
        double us = filled_median(&first, m->run, m->before_each, b, pool);
        bench_line(m->name, us, floor);
        if (m->array) {
            bench_line("  the first time", first, floor);
        }
    }
}

int main(int argc, char **argv)
{
    apr_pool_t *pool, *open;
    bench_t b;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_pool_create(&open, pool);
    const char *folder = bench_folder(pool);
    filled_create(&b.filled, folder, open);
    for (int i = 1; i < argc; i++) {
        measure(&b, atoi(argv[i]), open);
    }
    apr_pool_destroy(open);
    bench_remove(folder, pool);
    return 0;
}
