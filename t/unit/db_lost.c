/* db_lost.c - connections to a server that go away, at rest and in the middle of a transaction,
 * before a COMMIT and after one; transactions that the server ends; schemas that change under open
 * statements. On SQLite, where no connection goes away, only what concerns it.
 */
#include <apr_thread_proc.h>

#include "db_rows.h"
#include "fault.h"

/* ---- connections that are refused ---- */

static int refused;       /* so many more are */
static int refused_later; /* that becomes so when a connection is killed */

int __real_apr_dbd_open_ex(const apr_dbd_driver_t *driver, apr_pool_t *pool, const char *params,
                           apr_dbd_t **handle, const char **error);
int __wrap_apr_dbd_open_ex(const apr_dbd_driver_t *driver, apr_pool_t *pool, const char *params,
                           apr_dbd_t **handle, const char **error);

int __wrap_apr_dbd_open_ex(const apr_dbd_driver_t *driver, apr_pool_t *pool, const char *params,
                           apr_dbd_t **handle, const char **error)
{
    if (refused > 0) {
        refused--;
        *error = "Connection refused\n";
        return APR_EGENERAL;
    }
    return __real_apr_dbd_open_ex(driver, pool, params, handle, error);
}

/* ---- what a connection is to the server ---- */

static apr_int64_t connection_id(okapi__conn_t *conn, apr_pool_t *pool)
{
    const char *sql = test_engine_is("mysql") ? "SELECT CONNECTION_ID()"
                                              : "SELECT pg_backend_pid()";
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_int64_t id = 0;

    if (apr_dbd_select(conn->db->driver, pool, conn->handle, &results, sql, 1) == 0 &&
        apr_dbd_get_row(conn->db->driver, pool, results, &row, 1) == 0) {
        id = apr_atoi64(apr_dbd_get_entry(conn->db->driver, row, 0));
    }
    return id;
}

/* From another connection, as an administrator or the server's own watchdog would. */
static void kill_connection(apr_int64_t id, apr_pool_t *pool)
{
    const char *number = apr_ltoa(pool, (long)id);
    const char *sql = test_engine_is("mysql")
                          ? apr_pstrcat(pool, "KILL ", number, NULL)
                          : apr_pstrcat(pool, "SELECT pg_terminate_backend(", number, ", 5000)",
                                        NULL);

    if (test_sql(test_url, sql, pool) != 0) {
        diag("connection %ld can't be killed", (long)id);
    }
    apr_sleep(apr_time_from_msec(20)); /* KILL only asks for it */
    refused = refused_later;
    refused_later = 0;
}

static int is_server(void)
{
    return !test_engine_is("sqlite3");
}

/* ---- a connection that is killed ---- */

typedef struct pair_t {
    apr_int64_t first, second; /* ids of rows */
    int runs;
    int killed_at; /* in the first run, behind so many rows */
} pair_t;

static void kill_own(okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    kill_connection(connection_id(conn, scratch_pool), scratch_pool);
}

static apr_status_t add_pair(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    pair_t *pair = baton;
    row_t first = {pair->first, 0, 0}, second = {pair->second, 0, 0};
    int dies = pair->runs++ == 0;
    apr_status_t rv = add_row(conn, &first, scratch_pool);

    if (dies && pair->killed_at == 1) {
        kill_own(conn, scratch_pool);
    }
    rv = rv ? rv : add_row(conn, &second, scratch_pool);
    if (dies && pair->killed_at == 2) {
        kill_own(conn, scratch_pool);
    }
    return rv;
}

static void killed_in_transaction(okapi__db_t *db, apr_pool_t *pool)
{
    pair_t pair = {.first = 1, .second = 2, .killed_at = 1};

    is_int(okapi__db_write(db, add_pair, &pair, pool), APR_SUCCESS,
           "a connection killed between two statements");
    is_int(pair.runs, 2, "the work runs again");
    ok(has_row(db, 1, pool) && has_row(db, 2, pool), "both rows are there");
    pair = (pair_t){.first = 3, .second = 4, .killed_at = 2};
    is_int(okapi__db_write(db, add_pair, &pair, pool), APR_SUCCESS,
           "a connection killed before COMMIT");
    is_int(pair.runs, 2, "the work runs again");
    ok(has_row(db, 3, pool) && has_row(db, 4, pool), "both rows are there");
}

static apr_status_t note_id(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    *(apr_int64_t *)baton = connection_id(conn, scratch_pool);
    return APR_SUCCESS;
}

static void killed_at_rest(okapi__db_t *db, apr_pool_t *pool)
{
    pair_t pair = {.first = 5, .second = 6};
    apr_int64_t id = 0;
    row_t row = {0, 0, 0};

    okapi__db_read(db, note_id, &id, pool);
    kill_connection(id, pool);
    is_int(okapi__db_write(db, add_pair, &pair, pool), APR_SUCCESS,
           "a connection killed at rest is replaced for a writer");
    okapi__db_read(db, note_id, &id, pool);
    kill_connection(id, pool);
    is_int(okapi__db_read(db, count_rows, &row, pool), APR_SUCCESS, "and for a reader");
    is_int(row.id, 6, "who finds all that was written");
}

/* ---- a server that is away ---- */

static void server_away(apr_pool_t *pool)
{
    okapi__db_t *db = open_db(0, pool); /* of one connection */
    pair_t pair = {.first = 7, .second = 8, .killed_at = 1};
    apr_int64_t id = 0;

    refused_later = 5;
    is_int(okapi__db_write(db, add_pair, &pair, pool), APR_SUCCESS,
           "no connection can be had when one is lost: it is tried until one can");
    is_int(refused, 0, "again and again");
    ok(has_row(db, 7, pool) && has_row(db, 8, pool), "both rows are there");

    okapi__db_read(db, note_id, &id, pool);
    refused_later = 5;
    kill_connection(id, pool);
    db->answers = 0; /* somebody has waited in vain */
    pair = (pair_t){.first = 9, .second = 12};
    is_int(okapi__db_write(db, add_pair, &pair, pool), OKAPI_ENODATABASE, "a lost connection");
    is_int(okapi__db_write(db, add_pair, &pair, pool), OKAPI_ENODATABASE, "to who stays away");
    is_int(refused, 4, "is told after one try");
    ok(logged("Connection refused: check the Database setting"), "with the reason");
    refused = 0;
    is_int(okapi__db_write(db, add_pair, &pair, pool), APR_SUCCESS, "until it answers");
    is_int(db->answers, 1, "and is waited for from then on");
}

static apr_status_t read_killed(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    row_t *row = baton;
    int first = row->runs == 0;
    apr_status_t rv = count_rows(conn, row, scratch_pool);

    if (first) {
        kill_own(conn, scratch_pool);
    }
    row->id = 0;
    row->runs -= rv == APR_SUCCESS;
    return rv ? rv : count_rows(conn, row, scratch_pool);
}

static void killed_while_reading(okapi__db_t *db, apr_pool_t *pool)
{
    row_t row = {0, 0, 0};

    is_int(okapi__db_read(db, read_killed, &row, pool), APR_SUCCESS,
           "a connection killed between two queries");
    is_int(row.runs, 2, "both run again");
}

/* ---- a COMMIT of which nobody knows ---- */

static apr_int64_t count_marks(apr_pool_t *pool)
{
    return apr_atoi64(test_rows(test_url, "SELECT COUNT(*) FROM commit_mark", 1, pool));
}

static void unknown_commit(okapi__db_t *db, apr_pool_t *pool)
{
    row_t row = {10, 0, 0};
    apr_int64_t id;
    int i;

    fault_at_commit(FAULT_LOST_AFTER, 0);
    is_int(okapi__db_write(db, add_row, &row, pool), APR_SUCCESS,
           "a COMMIT that was done, and its connection lost");
    is_int(row.runs, 1, "nothing is done again");
    ok(has_row(db, 10, pool), "the row is there");
    row = (row_t){11, 0, 0};
    fault_at_commit(FAULT_LOST_BEFORE, 0);
    is_int(okapi__db_write(db, add_row, &row, pool), APR_SUCCESS, "a COMMIT that was not");
    is_int(row.runs, 2, "the work runs again");
    ok(has_row(db, 11, pool), "the row is there");
    fault_at_commit(FAULT_LOST_AFTER, 0);
    is_int(okapi__db_take_ids(db, 5000, &id, pool), APR_SUCCESS, "ids may be taken twice");
    fault.kind = FAULT_NONE;

    for (i = 0; i < 20; i++) {
        row = (row_t){100 + i, 0, 0};
        okapi__db_write(db, add_row, &row, pool);
    }
    ok(count_marks(pool) < 10, "a connection keeps one mark: %d", (int)count_marks(pool));
    test_sql(test_url, "UPDATE commit_mark SET time = time - 36000000000", pool);
    okapi__db_take_ids(db, 5000, &id, pool);
    is_int(count_marks(pool), 0, "old marks go");
}

/* The server is still about a COMMIT whose connection was lost: who asks for its mark waits. */
typedef struct question_t {
    okapi__db_t *db;
    okapi__mark_t mark;
    volatile int committed; /* the answer; -1: not yet */
} question_t;

static void *APR_THREAD_FUNC ask(apr_thread_t *thread, void *data)
{
    question_t *question = data;
    int committed = -1;
    apr_status_t rv = okapi__mark_find_out(&committed, question->db, &question->mark,
                                           apr_thread_pool_get(thread));

    question->committed = rv ? 2 : committed;
    return NULL;
}

typedef struct slow_t {
    question_t question;
    apr_thread_t *asking;
    apr_pool_t *pool; /* the thread's */
    apr_status_t rv;  /* to return in the end */
} slow_t;

static apr_status_t commit_slowly(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    slow_t *slow = baton;
    const okapi__mark_t *mark = &slow->question.mark;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_MARK_ADD, NULL, DB_ARGS(DB_I(mark->time), DB_I(mark->id)),
                       scratch_pool);

    apr_thread_create(&slow->asking, NULL, ask, &slow->question, slow->pool);
    apr_sleep(apr_time_from_msec(200));
    is_int(slow->question.committed, -1, "while it isn't decided there is no answer");
    return rv ? rv : slow->rv;
}

static void undecided(okapi__db_t *db, apr_pool_t *pool)
{
    slow_t slow = {.question = {db, {1, 1}, -1}, .pool = pool};
    apr_status_t rv;

    okapi__db_write(db, commit_slowly, &slow, pool);
    apr_thread_join(&rv, slow.asking);
    is_int(slow.question.committed, 1, "then it has committed");
    slow = (slow_t){.question = {db, {1, 2}, -1}, .pool = pool, .rv = OKAPI_EACCESS};
    okapi__db_write(db, commit_slowly, &slow, pool);
    apr_thread_join(&rv, slow.asking);
    is_int(slow.question.committed, 0, "or it hasn't");
    slow.rv = APR_SUCCESS;
    slow.question.committed = -1;
    is_int(test_sql(test_url, "INSERT INTO commit_mark(time, id) VALUES(1, 2)", pool) != 0, 1,
           "and can't any more");
}

/* ---- transactions in each other's way ---- */

enum { MANY_TIMES = 10 };

typedef struct rival_t {
    okapi__db_t *db;
    apr_int64_t first, second; /* the rows it updates, in this order */
    int reads;                 /* the first, instead of updating it */
    int runs;
    volatile int *ready;       /* how many have come half way */
    apr_status_t rv;
} rival_t;

static apr_status_t touch(okapi__conn_t *conn, apr_int64_t id, apr_pool_t *scratch_pool)
{
    apr_int64_t affected = 0;
    apr_status_t rv = okapi__db_exec(conn, STMT_PROPS_COUNT, &affected, DB_ARGS(DB_I(id)),
                                     scratch_pool);

    return rv ? rv : affected == 1 ? APR_SUCCESS : OKAPI_ENOTFOUND;
}

static apr_status_t look(okapi__conn_t *conn, apr_int64_t id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;

    return okapi__db_select_one(&rows, &found, conn, STMT_PROPS_GET, DB_ARGS(DB_I(id)),
                                scratch_pool);
}

/* Waits in the middle until its rival is there too, but not for ever: on SQLite it can't be. */
static apr_status_t quarrel(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    rival_t *rival = baton;
    apr_status_t rv;
    int i;

    rival->runs++;
    rv = rival->reads ? look(conn, rival->first, scratch_pool)
                      : touch(conn, rival->first, scratch_pool);
    __atomic_add_fetch(rival->ready, 1, __ATOMIC_SEQ_CST);
    for (i = 0; i < 100 && *rival->ready < 2; i++) {
        apr_sleep(apr_time_from_msec(2));
    }
    return rv ? rv : touch(conn, rival->second, scratch_pool);
}

static void *APR_THREAD_FUNC rival_main(apr_thread_t *thread, void *data)
{
    rival_t *rival = data;

    rival->rv = okapi__db_write(rival->db, quarrel, rival, apr_thread_pool_get(thread));
    return NULL;
}

static apr_status_t sum_of(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    apr_int64_t *sum = baton;
    okapi__rows_t *rows;
    apr_status_t rv;
    int found, id;

    *sum = 0;
    for (id = 20; id <= 21; id++) {
        rv = okapi__db_select_one(&rows, &found, conn, STMT_PROPS_GET, DB_ARGS(DB_I(id)),
                                  scratch_pool);
        if (rv) {
            return rv;
        }
        *sum += okapi__rows_int(rows, 0);
    }
    return APR_SUCCESS;
}

/* Two threads that meet in the middle; how many runs they needed. */
static int run_rivals(okapi__db_t *db, int reads, apr_pool_t *pool)
{
    volatile int ready = 0;
    rival_t rivals[2] = {{db, 20, 21, reads, 0, &ready, 0}, {db, 21, 20, reads, 0, &ready, 0}};
    apr_thread_t *threads[2];
    apr_status_t rv;
    int i;

    for (i = 0; i < 2; i++) {
        apr_thread_create(&threads[i], NULL, rival_main, &rivals[i], pool);
    }
    for (i = 0; i < 2; i++) {
        apr_thread_join(&rv, threads[i]);
        if (rivals[i].rv) {
            is_int(rivals[i].rv, APR_SUCCESS, "a rival");
        }
    }
    return rivals[0].runs + rivals[1].runs;
}

static void quarrels(okapi__db_t *db, int reads, const char *what, apr_pool_t *pool)
{
    apr_int64_t before = 0, after = 0;
    int i, runs = 0;

    okapi__db_read(db, sum_of, &before, pool);
    for (i = 0; i < MANY_TIMES; i++) {
        runs += run_rivals(db, reads, pool);
    }
    okapi__db_read(db, sum_of, &after, pool);
    is_int(after - before, (reads ? 2 : 4) * MANY_TIMES, "after %s every change is there once",
           what);
    if (is_server()) {
        ok(runs > 2 * MANY_TIMES, "%s: %d runs for %d transactions", what, runs, 2 * MANY_TIMES);
    }
}

static void conflicts(okapi__db_t *db, apr_pool_t *pool)
{
    static const char *const mysql[] = {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                                        "START TRANSACTION", NULL};
    static const char *const pgsql[] = {"BEGIN ISOLATION LEVEL SERIALIZABLE", NULL};
    const okapi__dialect_t *usual = db->dialect;
    okapi__dialect_t serialisable = *usual;
    pair_t pair = {.first = 20, .second = 21};

    okapi__db_write(db, add_pair, &pair, pool);
    quarrels(db, 0, "deadlocks", pool);
    if (is_server()) {
        serialisable.begin_write = test_engine_is("mysql") ? mysql : pgsql;
        db->dialect = &serialisable;
    }
    quarrels(db, 1, "serialisation failures", pool);
    db->dialect = usual;
}

/* ---- a schema that changes under open statements ---- */

static void run_ddl(const char *sql, apr_pool_t *pool)
{
    is_int(test_sql(test_url, sql, pool), 0, "%s", sql);
}

/* Work: reads and writes by statements that were prepared long ago. */
static apr_status_t use_all(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    row_t *row = baton;
    row_t found = *row;
    apr_status_t rv = look(conn, 20, scratch_pool);

    row->runs++;
    rv = rv ? rv : touch(conn, 20, scratch_pool);
    rv = rv ? rv : add_row(conn, &found, scratch_pool);
    return rv ? rv : find_row(conn, &found, scratch_pool);
}

static void changing_schema(okapi__db_t *db, apr_pool_t *pool)
{
    /* The second makes what a SELECT gives another type; SQLite can't, and makes another table. */
    const char *const changes[] = {
        "ALTER TABLE msg_props ADD COLUMN later INTEGER",
        test_engine_is("mysql")   ? "ALTER TABLE msg_props MODIFY rev BIGINT"
        : test_engine_is("pgsql") ? "ALTER TABLE msg_props ALTER rev TYPE BIGINT"
                                  : "CREATE TABLE third(id INTEGER)",
        "CREATE INDEX later ON msg_props(rev)",
        "CREATE TABLE elsewhere(id INTEGER)",
        "DROP TABLE elsewhere",
        test_engine_is("mysql") ? "ANALYZE TABLE msg_props" : "ANALYZE",
        test_engine_is("mysql") ? "OPTIMIZE TABLE msg_props" : "VACUUM",
    };
    row_t row = {30, 0, 0};
    apr_size_t i;

    is_int(okapi__db_write(db, use_all, &row, pool), APR_SUCCESS, "statements are prepared");
    for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        run_ddl(changes[i], pool);
        row = (row_t){31 + (apr_int64_t)i, 0, 0};
        is_int(okapi__db_write(db, use_all, &row, pool), APR_SUCCESS, "its users go on");
        ok(has_row(db, row.id, pool), "and have written once (%d runs)", row.runs);
    }
}

/* ---- a schema that changes inside a reading transaction ---- */

static apr_status_t read_over_ddl(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    row_t *row = baton, first = {0, 0, 0};
    okapi__rows_t *rows;
    apr_status_t rv = count_rows(conn, &first, scratch_pool);
    int found;

    if (row->runs++ == 0) {
        /* A table this transaction hasn't touched: nobody has to wait for anybody. */
        test_sql(test_url, "ALTER TABLE named_prop ADD COLUMN later INTEGER", scratch_pool);
    }
    return rv ? rv
              : okapi__db_select_one(&rows, &found, conn, STMT_NAME_GET, DB_ARGS(DB_I(1)),
                                     scratch_pool);
}

static void ddl_while_reading(okapi__db_t *db, apr_pool_t *pool)
{
    row_t row = {0, 1, 0};
    apr_status_t rv;

    okapi__db_read(db, read_over_ddl, &row, pool); /* prepares */
    row.runs = 0;
    rv = okapi__db_read(db, read_over_ddl, &row, pool);
    is_int(rv, APR_SUCCESS, "a table changes before an open transaction reads it (%d runs)",
           row.runs);
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    okapi__db_t *db;

    make_test_dir(pool);
    db = open_db(1, pool);
    if (is_server()) {
        killed_in_transaction(db, pool);
        killed_at_rest(db, pool);
        killed_while_reading(db, pool);
        unknown_commit(db, pool);
        undecided(db, pool);
        server_away(pool);
    }
    conflicts(db, pool);
    changing_schema(db, pool);
    ddl_while_reading(db, pool);
    remove_test_dir(pool);
    return done_testing();
}
