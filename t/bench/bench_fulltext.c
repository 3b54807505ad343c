/* bench_fulltext.c - the index of words of a mailbox of as many messages as the argument says,
 * copies of the corpus: how fast it is fed, what it takes, how fast it finds, beside plain INSERTs
 * of the same texts, LIKE, and the database's own full text.
 */
#include "bench.h"
#include "rival.h"

#include <apr_fnmatch.h>
#include <okapi/extract.h>
#include <okapi/fulltext.h>
#include <okapi/mime.h>
#include <okapi/transfer.h>
#include <string.h>

enum { MESSAGES = 4000, BATCH = 200, ROUNDS = 21 };

typedef struct bench_t {
    okapi_t *okapi;
    okapi_store_t *store;
    okapi_folder_t *inbox;
    rival_t *rival;
    apr_array_header_t *ids;   /* of the corpus, in the inbox */
    apr_array_header_t *texts; /* their subjects and bodies */
    int n;
    apr_pool_t *pool;
} bench_t;

enum { QUERIES = 6 };

/* What is looked for: in our words, and by LIKE. */
static const struct {
    const char *what, *query, *like;
} queries[QUERIES] = {{"a word nobody wrote", "zyzzyva", "%zyzzyva%"},
                      {"a word", "attachment", "%attachment%"},
                      {"a common word", "the", "% the %"},
                      {"two words", "the please", "%please%"},
                      {"a phrase", "\"linux kernel\"", "%linux kernel%"},
                      {"the beginning of a word", "attach*", "%attach%"}};

/* The database's own full text: how it is made and asked, how large it is, the queries in its
 * words. */
static const struct {
    const char *create[2], *insert, *select, *size, *queries[QUERIES];
} *own, engines[] = {
    {{"CREATE VIRTUAL TABLE plain_fts USING fts5(body, content='', tokenize='unicode61')", NULL},
     "INSERT INTO plain_fts(rowid, body) VALUES(%lld, %s)",
     "SELECT rowid FROM plain_fts WHERE plain_fts MATCH %s",
     "SELECT SUM(LENGTH(block)) FROM plain_fts_data",
     {"zyzzyva", "attachment", "the", "the please", "\"linux kernel\"", "attach*"}},
    {{"CREATE TABLE plain_fts(id BIGINT PRIMARY KEY, body MEDIUMTEXT, FULLTEXT(body)) "
      "DEFAULT CHARSET utf8mb4", NULL},
     "INSERT INTO plain_fts(id, body) VALUES(%lld, %s)",
     "SELECT id FROM plain_fts WHERE MATCH(body) AGAINST(%s IN BOOLEAN MODE)",
     "SELECT SUM(file_size) FROM information_schema.innodb_sys_tablespaces WHERE name LIKE "
     "CONCAT(DATABASE(), '/FTS_0%')",
     {"+zyzzyva", "+attachment", "+the", "+the +please", "\"linux kernel\"", "+attach*"}},
    {{"CREATE TABLE plain_fts(id BIGINT PRIMARY KEY, body tsvector)",
      "CREATE INDEX plain_fts_body ON plain_fts USING gin(body)"},
     "INSERT INTO plain_fts(id, body) VALUES(%lld, to_tsvector('simple', LEFT(%s, 500000)))",
     "SELECT id FROM plain_fts WHERE body @@ to_tsquery('simple', %s)",
     "SELECT pg_total_relation_size('plain_fts')",
     {"zyzzyva", "attachment", "the", "the & please", "linux <-> kernel", "attach:*"}}};

/* ---- the corpus ---- */

static void deliver(bench_t *b, const char *path, apr_size_t len, apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {PR_SUBJECT, PR_BODY};
    unsigned char *data = apr_palloc(pool, len + 1);
    okapi_message_t *message;
    okapi_propval_t v[2];
    apr_file_t *file;
    BENCH_TRY(apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool));
    BENCH_TRY(apr_file_read_full(file, data, len, NULL));
    apr_file_close(file);
    BENCH_TRY(okapi_message_create(&message, b->store, okapi_folder_id(b->inbox), 0, pool, pool));
    BENCH_TRY(okapi_mime_to_message(message, (okapi_binary_t){data, len}, pool, pool));
    BENCH_TRY(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool));
    BENCH_TRY(okapi_object_get(okapi_message_object(message), tags, 2, 0, v, pool, pool));
    APR_ARRAY_PUSH(b->ids, okapi_id_t) = okapi_message_id(message);
    APR_ARRAY_PUSH(b->texts, const char *) =
        apr_pstrcat(b->pool, v[0].tag == tags[0] ? v[0].v.str : "", "\n",
                    v[1].tag == tags[1] ? v[1].v.str : "", NULL);
}

static void deliver_folder(bench_t *b, const char *folder, apr_pool_t *pool)
{
    apr_dir_t *dir;
    apr_finfo_t entry;
    apr_pool_t *one;
    apr_pool_create(&one, pool);
    if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS)
        return;
    while (apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_TYPE | APR_FINFO_SIZE, dir) ==
           APR_SUCCESS) {
        const char *path = apr_pstrcat(one, folder, "/", entry.name, NULL);
        if (entry.filetype == APR_DIR && entry.name[0] != '.')
            deliver_folder(b, path, one);
        else if (entry.filetype == APR_REG && apr_fnmatch("*.eml", entry.name, 0) == APR_SUCCESS)
            deliver(b, path, (apr_size_t)entry.size, one);
        apr_pool_clear(one);
    }
    apr_dir_close(dir);
    apr_pool_destroy(one);
}

static const char *text_of(const bench_t *b, int i)
{
    return APR_ARRAY_IDX(b->texts, i % b->texts->nelts, const char *);
}

/* ---- feeding ---- */

static double feed(bench_t *b, okapi_fulltext_fed_t *fed, apr_pool_t *pool)
{
    okapi_fulltext_reader_t reader = okapi_extract_reader(b->okapi, pool);
    double start = bench_now();
    BENCH_TRY(okapi_fulltext_feed(b->okapi, okapi_store_id(b->store), &reader, NULL, NULL, fed,
                                  pool));
    return (double)fed->messages / (bench_now() - start);
}

static double insert(bench_t *b, const char *sql, apr_pool_t *pool)
{
    rival_stmt_t *stmt = rival_prepare(b->rival, sql);
    apr_pool_t *one;
    double start = bench_now();
    apr_pool_create(&one, pool);
    for (int i = 0; i < b->n; i += BATCH) {
        rival_begin(b->rival);
        for (int j = i; j < i + BATCH && j < b->n; j++) {
            const apr_int64_t id = j + 1;
            const void *args[] = {&id, text_of(b, j)};
            rival_exec(stmt, args, one);
            apr_pool_clear(one);
        }
        rival_commit(b->rival);
    }
    return b->n / (bench_now() - start);
}

/* ---- finding ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median, in microseconds; *FOUND is how many rows there were. */
static double find(bench_t *b, const char *query, int *found, apr_pool_t *pool)
{
    double times[ROUNDS];
    apr_pool_t *one;
    apr_pool_create(&one, pool);
    for (int i = 0; i < ROUNDS; i++) {
        apr_array_header_t *terms = okapi_fulltext_parse(query, 0, one), *hits;
        double start = bench_now();
        BENCH_TRY(okapi_fulltext_search(&hits, b->store, (okapi_fulltext_term_t *)terms->elts,
                                        terms->nelts, NULL, 0, one, one));
        times[i] = (bench_now() - start) * 1e6;
        *found = hits->nelts;
        apr_pool_clear(one);
    }
    qsort(times, ROUNDS, sizeof(*times), by_value);
    return times[ROUNDS / 2];
}

static double find_plain(rival_stmt_t *stmt, const char *query, int rounds, apr_pool_t *pool)
{
    double times[ROUNDS];
    const void *args[] = {query};
    apr_pool_t *one;
    apr_pool_create(&one, pool);
    for (int i = 0; i < rounds; i++) {
        double start = bench_now();
        rival_rows(stmt, args, 1, one);
        times[i] = (bench_now() - start) * 1e6;
        apr_pool_clear(one);
    }
    qsort(times, (size_t)rounds, sizeof(*times), by_value);
    return times[rounds / 2];
}

static void compare(bench_t *b, apr_pool_t *pool)
{
    rival_stmt_t *like = rival_prepare(b->rival, "SELECT id FROM plain_text WHERE body LIKE %s");
    rival_stmt_t *fts = rival_prepare(b->rival, own->select);
    for (int i = 0; i < QUERIES; i++) {
        int found;
        double ours = find(b, queries[i].query, &found, pool);
        bench_line(apr_psprintf(pool, "%s, %d times; LIKE", queries[i].what, found), ours,
                   find_plain(like, queries[i].like, 3, pool));
        bench_line("  its own full text", ours, find_plain(fts, own->queries[i], ROUNDS, pool));
    }
}

static void measure(bench_t *b, apr_pool_t *pool)
{
    okapi_fulltext_state_t state;
    okapi_fulltext_fed_t corpus, copies;
    feed(b, &corpus, pool); /* with its documents */
    for (int have = b->ids->nelts; have < b->n; have += b->ids->nelts) {
        int partial, some = b->n - have < b->ids->nelts ? b->n - have : b->ids->nelts;
        BENCH_TRY(okapi_messages_copy(b->inbox, b->inbox, (okapi_id_t *)b->ids->elts, some, NULL,
                                      &partial, pool));
    }
    rival_sql(b->rival, test_engine_is("mysql") ? "CREATE TABLE plain_text(id BIGINT PRIMARY KEY, "
                                                  "body MEDIUMTEXT) DEFAULT CHARSET utf8mb4"
                                                : "CREATE TABLE plain_text(id BIGINT PRIMARY KEY, "
                                                  "body TEXT)");
    for (int i = 0; i < 2 && own->create[i]; i++) {
        rival_sql(b->rival, own->create[i]);
    }
    bench_title(apr_psprintf(pool, "words of %d messages, beside plain statements", b->n),
                "messages/s");
    double ours = feed(b, &copies, pool);
    bench_line("feed; INSERT of the texts", ours,
               insert(b, "INSERT INTO plain_text(id, body) VALUES(%lld, %s)", pool));
    bench_line("feed; its own full text", ours, insert(b, own->insert, pool));
    BENCH_TRY(okapi_fulltext_state(&state, b->okapi, okapi_store_id(b->store), pool));
    printf("  %" APR_INT64_T_FMT " bytes of text a message, %" APR_INT64_T_FMT " segments\n",
           (corpus.bytes + copies.bytes) / b->n, state.segments);
    bench_title("the same", "bytes each");
    bench_line("the index; its own full text", (double)state.bytes / b->n,
               (double)rival_number(b->rival, own->size) / b->n);
    rival_settle(b->rival, "plain_text");
    rival_settle(b->rival, "plain_fts");
    bench_title("the same", "microseconds");
    compare(b, pool);
}

int main(int argc, char **argv)
{
    apr_pool_t *pool, *open;
    bench_t b = {.n = argc > 1 ? atoi(argv[1]) : MESSAGES};
    okapi_host_t host = {0};
    okapi_user_t john = {.name = "john", .email = "john@example.org", .fullname = "John"}, *user;
    const char *data = getenv("OKAPI_TEST_DATA"), *folder;
    okapi_config_t *config;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_pool_create(&open, pool);
    okapi_mime_init();
    own = &engines[test_engine_is("mysql") ? 1 : test_engine_is("pgsql") ? 2 : 0];
    folder = bench_folder(pool);
    config = bench_config(folder, pool);
    config->extract_program = BENCH_EXTRACT;
    b.pool = open;
    b.ids = apr_array_make(open, 1000, sizeof(okapi_id_t));
    b.texts = apr_array_make(open, 1000, sizeof(char *));
    BENCH_TRY(okapi_create(config, &host, pool));
    BENCH_TRY(okapi_open(&b.okapi, config, &host, open, pool));
    BENCH_TRY(okapi_user_add(b.okapi, &john, NULL, pool));
    BENCH_TRY(okapi_user_by_login(&user, b.okapi, "john", pool, pool));
    BENCH_TRY(okapi_store_open(&b.store, b.okapi, user, user, open, pool));
    BENCH_TRY(okapi_folder_open(&b.inbox, b.store, okapi_store_special(b.store, OKAPI_FOLDER_INBOX),
                                open, pool));
    b.rival = rival_open(config->database, open);
    deliver_folder(&b, apr_pstrcat(pool, data ? data : BENCH_DATA, "/mail", NULL), pool);
    if (b.ids->nelts)
        measure(&b, pool);
    else
        printf("fulltext: skipped, no corpus of mail\n");
    apr_pool_destroy(open);
    bench_remove(folder, pool);
    return 0;
}
