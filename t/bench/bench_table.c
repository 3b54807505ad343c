/* bench_table.c - opening a folder, sorting it by date and reading 50 rows, in folders of 1,000,
 * 10,000 and 100,000 messages, beside a plain prepared SQLite statement that reads the same rows in
 * the same run. Prints a line for each size; medians in microseconds.
 */
#include "bench.h"

#include <okapi/table.h>
#include <sqlite3.h>

enum { ROWS = 50, RUNS = 400 };

typedef struct bench_t {
    okapi_store_t *store;
    okapi_folder_t *folder;
    sqlite3 *raw;
} bench_t;

static void open_mailbox(bench_t *b, const char *folder, apr_pool_t *pool)
{
    static const okapi_host_t host = {0};
    okapi_config_t *config = bench_config(folder, pool);
    okapi_user_t john = {.name = "john", .email = "john@example.org", .fullname = "John"}, *user;
    okapi_t *okapi;
    BENCH_TRY(okapi_create(config, &host, pool));
    BENCH_TRY(okapi_open(&okapi, config, &host, pool, pool));
    BENCH_TRY(okapi_user_add(okapi, &john, NULL, pool));
    BENCH_TRY(okapi_user_by_login(&user, okapi, "john", pool, pool));
    BENCH_TRY(okapi_store_open(&b->store, okapi, user, user, pool, pool));
    if (sqlite3_open(strchr(config->database, ':') + 1, &b->raw) != SQLITE_OK) {
        bench_die("sqlite3_open", APR_EGENERAL);
    }
}

static void sql(bench_t *b, const char *text)
{
    if (sqlite3_exec(b->raw, text, NULL, NULL, NULL) != SQLITE_OK) {
        bench_die(sqlite3_errmsg(b->raw), APR_EGENERAL);
    }
}

/* The stored properties of each message, in hexadecimal. */
static const char *packed_props(apr_pool_t *pool)
{
    okapi_props_t *props = okapi_props_create(pool);
    okapi_writer_t w;
    okapi_props_set_str(props, PR_CONVERSATION_TOPIC, "a topic of some words");
    okapi_writer_init(&w, 128, 4096, pool);
    okapi_props_pack(&w, props);
    char *hex = apr_palloc(pool, w.len * 2 + 1);
    for (apr_size_t i = 0; i < w.len; i++) {
        apr_snprintf(hex + 2 * i, 3, "%02x", w.data[i]);
    }
    return hex;
}

/* N messages in a new folder. Through the engine they would cost one durable commit each. */
static void fill(bench_t *b, int n, apr_pool_t *pool)
{
    okapi_folder_t *subtree;
    okapi_id_t id;
    BENCH_TRY(okapi_folder_open(&subtree, b->store,
                                okapi_store_special(b->store, OKAPI_FOLDER_IPM_SUBTREE), pool,
                                pool));
    BENCH_TRY(okapi_folder_create(&id, subtree, apr_psprintf(pool, "%d", n), NULL, pool));
    BENCH_TRY(okapi_folder_open(&b->folder, b->store, id, pool, pool));
    /* 7919 is prime: dates come in no order of ids. */
    sql(b, apr_psprintf(pool,
        "BEGIN; WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < %d - 1)"
        " INSERT INTO message SELECT %" APR_INT64_T_FMT ", next_id + i, %" APR_INT64_T_FMT ","
        " 0, 1, 1, 1, 2, 130000000000000000 + (i * 7919 %% %d) * 10000000, 0, 130000000000000000,"
        " 130000000000000000, 2000 + i, i + 1, i %% 3, 0, -1, 0, 0, i, 'IPM.Note', '',"
        " 'A subject of some length, number ' || i, 'k' || i, 'Sender ' || (i %% 100),"
        " 's' || (i %% 100), 'John Doe; Mary Major', NULL, NULL FROM c, id_seq;"
        "INSERT INTO msg_props SELECT id, 1, x'%s', x'00000000' FROM message"
        " WHERE folder_id = %" APR_INT64_T_FMT ";"
        "UPDATE id_seq SET next_id = next_id + %d;"
        "UPDATE folder_stat SET content = %d, last_cn = 1 WHERE folder_id = %" APR_INT64_T_FMT ";"
        "COMMIT",
        n, id, okapi_store_id(b->store), n, packed_props(pool), id, n, n, id));
}

/* ---- what is measured ---- */

static const okapi_proptag_t columns[] = {
    PR_MID, PR_INSTANCE_KEY, PR_ENTRYID, PR_MESSAGE_CLASS, PR_SUBJECT, PR_SENT_REPRESENTING_NAME,
    PR_MESSAGE_DELIVERY_TIME, PR_MESSAGE_SIZE, PR_MESSAGE_FLAGS, PR_HASATTACH, PR_IMPORTANCE,
    PR_CONVERSATION_TOPIC};

enum { HOT_COLUMNS = 11 }; /* all but the last, which isn't in the row */

static void open_and_read(bench_t *b, okapi_proptag_t by, int ncolumns, apr_pool_t *pool)
{
    okapi_sort_key_t key = {by, TABLE_SORT_DESCEND};
    okapi_sort_t sort = {.n = 1, .keys = &key};
    apr_array_header_t *rows;
    okapi_table_t *table;
    apr_uint32_t count;
    BENCH_TRY(okapi_table_contents(&table, &count, b->folder, 0, pool, pool));
    okapi_table_set_columns(table, columns, ncolumns);
    BENCH_TRY(okapi_table_sort(table, &sort));
    BENCH_TRY(okapi_table_rows(table, ROWS, 0, 1, &rows, pool, pool));
    if (rows->nelts != ROWS) {
        bench_die("number of rows", APR_EGENERAL);
    }
}

/* The same keyset query and the same columns of the row. */
static void plain(bench_t *b, sqlite3_stmt *statement, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, ROWS * 4, sizeof(char *));
    int n = 0;
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, okapi_folder_id(b->folder));
    sqlite3_bind_int64(statement, 2, APR_INT64_MAX);
    sqlite3_bind_int64(statement, 3, APR_INT64_MAX);
    sqlite3_bind_int64(statement, 4, APR_INT64_MAX);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(statement); c++) {
            APR_ARRAY_PUSH(texts, const char *) =
                apr_pstrdup(pool, (const char *)sqlite3_column_text(statement, c));
        }
        n++;
    }
    if (n != ROWS) {
        bench_die("number of plain rows", APR_EGENERAL);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef enum what_e { TABLE_ROW, TABLE_PROPS, TABLE_ARRAY, PLAIN } what_e;

/* Microseconds. */
static double median(bench_t *b, what_e what, sqlite3_stmt *statement, apr_pool_t *pool)
{
    double took[RUNS];
    for (int i = 0; i < RUNS; i++) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, pool);
        double start = bench_now();
        switch (what) {
        case TABLE_ROW:
            open_and_read(b, PR_MESSAGE_DELIVERY_TIME, HOT_COLUMNS, iterpool);
            break;
        case TABLE_PROPS:
            open_and_read(b, PR_MESSAGE_DELIVERY_TIME, HOT_COLUMNS + 1, iterpool);
            break;
        case TABLE_ARRAY:
            open_and_read(b, PR_IMPORTANCE, HOT_COLUMNS, iterpool);
            break;
        case PLAIN:
            plain(b, statement, iterpool);
            break;
        }
        took[i] = (bench_now() - start) * 1e6;
        apr_pool_destroy(iterpool);
    }
    qsort(took, RUNS, sizeof(took[0]), compare);
    return took[RUNS / 2];
}

static void measure(bench_t *b, int n, apr_pool_t *pool)
{
    sqlite3_stmt *statement;
    fill(b, n, pool);
    sqlite3_prepare_v2(b->raw,
                       "SELECT id, class, prefix, subject, sender, deliv, size, flags, importance"
                       " FROM message WHERE folder_id = ? AND part = 0 AND deliv <= ?"
                       " AND (deliv < ? OR id < ?) ORDER BY deliv DESC, id DESC LIMIT 50",
                       -1, &statement, NULL);
    double start = bench_now();
    open_and_read(b, PR_IMPORTANCE, HOT_COLUMNS, pool);
    double build = (bench_now() - start) * 1e6;
    double sqlite = median(b, PLAIN, statement, pool);
    double row = median(b, TABLE_ROW, NULL, pool);
    double props = median(b, TABLE_PROPS, NULL, pool);
    double array = median(b, TABLE_ARRAY, NULL, pool);
    sqlite3_finalize(statement);
    printf("%7d messages: by date %.0f us, with a further property %.0f us; plain SQLite %.0f us,"
           " ratio %.1f; by importance %.0f us, the first time %.0f us\n",
           n, row, props, sqlite, row / sqlite, array, build);
}

int main(void)
{
    apr_pool_t *pool;
    bench_t b;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    const char *folder = bench_folder(pool);
    open_mailbox(&b, folder, pool);
    measure(&b, 1000, pool);
    measure(&b, 10000, pool);
    measure(&b, 100000, pool);
    sqlite3_close(b.raw);
    bench_remove(folder, pool);
    return 0;
}
