/* db_procs.c - the database layer between processes: locks, retries, blocks of ids, and the order
 * of change numbers.
 */
#include <signal.h>
#include <sys/mman.h>

#include <apr_thread_proc.h>

#include "db_rows.h"

/* What the processes of this test tell each other. */
static struct shared_t {
    volatile int ready, stop;
    volatile apr_int64_t committed, seen, last_cn;
    volatile int out_of_order;
} * shared;

static void wait_ready(void)
{
    while (!shared->ready) {
        apr_sleep(1000);
    }
}

/* ---- a writer that doesn't know our lock, as the command line tool ---- */

static apr_status_t hold(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    apr_status_t rv = add_row(conn, baton, scratch_pool);

    shared->ready = 1;
    apr_sleep(apr_time_from_msec(300));
    return rv;
}

static void write_unlocked(okapi__db_t *db, int n, apr_pool_t *pool)
{
    row_t row = {n, 0, 0};

    db->writelock = NULL;
    _exit(okapi__db_write(db, hold, &row, pool) != APR_SUCCESS);
}

static void busy(okapi__db_t *db, apr_pool_t *pool)
{
    row_t row = {2, 0, 0};
    pid_t pid;

    shared->ready = 0;
    pid = spawn(write_unlocked, 1, pool);
    wait_ready();
    is_int(okapi__db_write(db, add_row, &row, pool), APR_SUCCESS,
           "while a stranger writes, a writer waits");
    ok(ended_well(pid), "the stranger has succeeded too");
    ok(has_row(db, 1, pool) && has_row(db, 2, pool), "both rows are there");
}

/* ---- a writer that is killed ---- */

static apr_status_t hang(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    add_row(conn, baton, scratch_pool);
    shared->ready = 1;
    apr_sleep(apr_time_from_sec(60));
    return APR_SUCCESS;
}

static void write_hanging(okapi__db_t *db, int n, apr_pool_t *pool)
{
    row_t row = {n, 0, 0};

    okapi__db_write(db, hang, &row, pool);
}

static void killed(okapi__db_t *db, apr_pool_t *pool)
{
    row_t row = {4, 0, 0};
    apr_time_t start;
    pid_t pid;

    shared->ready = 0;
    pid = spawn(write_hanging, 3, pool);
    wait_ready();
    start = apr_time_now();
    kill(pid, SIGKILL);
    is_int(okapi__db_write(db, add_row, &row, pool), APR_SUCCESS, "after a killed writer: written");
    ok(apr_time_now() - start < apr_time_from_sec(2), "at once");
    waitpid(pid, NULL, 0);
    ok(!has_row(db, 3, pool) && has_row(db, 4, pool), "nothing of the killed one's is there");
}

/* ---- blocks of ids ---- */

enum { PROCESSES = 4, TAKES = 400, MOST_IDS = 3000 * PROCESSES * TAKES };

static unsigned char *taken; /* shared: one byte for each id */

static void take_many(okapi__db_t *db, int n, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    int i, j;

    apr_pool_create(&iterpool, pool);
    db->host.short_lived = n % 2;
    for (i = 0; i < TAKES; i++) {
        int wanted = 1 + (i * 7 + n) % 40;
        apr_int64_t first;
        apr_pool_clear(iterpool);
        if (okapi__db_take_ids(db, wanted, &first, iterpool) || first + wanted > MOST_IDS) {
            _exit(1);
        }
        for (j = 0; j < wanted; j++) {
            __atomic_add_fetch(&taken[first + j], 1, __ATOMIC_RELAXED);
        }
    }
    _exit(0);
}

static void no_id_twice(apr_pool_t *pool)
{
    pid_t pids[PROCESSES];
    int i, good = 1, once = 0, more = 0;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = spawn(take_many, i, pool);
    }
    for (i = 0; i < PROCESSES; i++) {
        good &= ended_well(pids[i]);
    }
    for (i = 0; i < MOST_IDS; i++) {
        once += taken[i] == 1;
        more += taken[i] > 1;
    }
    ok(good, "%d processes take ids", PROCESSES);
    is_int(more, 0, "no id is taken twice, of %d", once);
}

/* ---- change numbers: who follows them misses nothing ---- */

enum { WRITERS = 3, CHANGES = 150 };

static apr_status_t change(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    row_t *row = baton;
    okapi__rows_t *rows;
    int found;
    apr_int64_t cn;
    apr_status_t rv = add_row(conn, row, scratch_pool);

    if (row->id % 4 == 0) {
        apr_sleep(row->id % 1500);
    }
    rv = rv ? rv : okapi__db_exec(conn, STMT_CN_TAKE, NULL, DB_ARGS(DB_I(1)), scratch_pool);
    rv = rv ? rv
            : okapi__db_select_one(&rows, &found, conn, STMT_CN_READ, DB_ARGS(DB_I(1)),
                                   scratch_pool);
    if (rv) {
        return rv;
    }
    cn = okapi__rows_int(rows, 0);
    return okapi__db_exec(conn, STMT_CHANGE_ADD, NULL, DB_ARGS(DB_I(cn), DB_I(row->id)),
                          scratch_pool);
}

static void write_changes(okapi__db_t *db, int n, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    int i;

    apr_pool_create(&iterpool, pool);
    for (i = 0; i < CHANGES; i++) {
        row_t row = {100000 * (n + 1) + i, 0, 0};
        apr_pool_clear(iterpool);
        if (okapi__db_write(db, change, &row, iterpool) != APR_SUCCESS) {
            _exit(1);
        }
        __atomic_add_fetch(&shared->committed, 1, __ATOMIC_SEQ_CST);
    }
    _exit(0);
}

static apr_status_t follow(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    apr_array_header_t *cns = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_CHANGE_SINCE,
                                       DB_ARGS(DB_I(shared->last_cn)), scratch_pool);

    apr_array_clear(cns);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(cns, apr_int64_t) = okapi__rows_int(rows, 0);
    }
    return rv ? rv : okapi__rows_status(rows);
}

/* One number after the other, or something is missed. */
static void read_changes(okapi__db_t *db, int n, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    apr_array_header_t *cns = apr_array_make(pool, 100, sizeof(apr_int64_t));
    int i, last_round = 0;

    apr_pool_create(&iterpool, pool);
    while (!last_round) {
        last_round = shared->stop;
        if (okapi__db_read(db, follow, cns, iterpool) != APR_SUCCESS) {
            _exit(1);
        }
        for (i = 0; i < cns->nelts; i++) {
            apr_int64_t cn = APR_ARRAY_IDX(cns, i, apr_int64_t);
            shared->out_of_order += cn != shared->last_cn + 1;
            shared->last_cn = cn;
            shared->seen++;
        }
        apr_pool_clear(iterpool);
    }
    _exit(0);
}

static apr_status_t start_counter(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_CN_START, NULL, DB_ARGS(DB_I(1)), scratch_pool);
}

static void change_numbers(okapi__db_t *db, apr_pool_t *pool)
{
    pid_t writers[WRITERS], reader;
    int i, good = 1;

    okapi__db_write(db, start_counter, NULL, pool);
    reader = spawn(read_changes, 0, pool);
    for (i = 0; i < WRITERS; i++) {
        writers[i] = spawn(write_changes, i, pool);
    }
    for (i = 0; i < WRITERS; i++) {
        good &= ended_well(writers[i]);
    }
    shared->stop = 1;
    good &= ended_well(reader);
    ok(good, "%d writers and a reader", WRITERS);
    is_int(shared->committed, WRITERS * CHANGES, "all has been committed");
    is_int(shared->seen, WRITERS * CHANGES, "the reader has seen all of it");
    is_int(shared->out_of_order, 0, "in the order of the numbers");
}

/* ---- threads share connections ---- */

enum { THREADS = 8, ROUNDS = 40 };

typedef struct worker_t {
    okapi__db_t *db;
    apr_thread_t *thread;
    int n, failures;
} worker_t;

static void *APR_THREAD_FUNC work_along(apr_thread_t *thread, void *data)
{
    worker_t *worker = data;
    apr_pool_t *pool;
    int i;

    apr_pool_create(&pool, apr_thread_pool_get(thread));
    for (i = 0; i < ROUNDS; i++) {
        row_t row = {10000000 + worker->n * ROUNDS + i, 0, 0};
        worker->failures += okapi__db_write(worker->db, add_row, &row, pool) != APR_SUCCESS;
        worker->failures += !has_row(worker->db, row.id, pool);
        apr_pool_clear(pool);
    }
    return NULL;
}

static void threads(okapi__db_t *db, apr_pool_t *pool)
{
    worker_t workers[THREADS];
    row_t all = {10000000, 0, 0};
    apr_status_t rv;
    int i, failures = 0;

    for (i = 0; i < THREADS; i++) {
        workers[i] = (worker_t){db, NULL, i, 0};
        apr_thread_create(&workers[i].thread, NULL, work_along, &workers[i], pool);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&rv, workers[i].thread);
        failures += workers[i].failures;
    }
    is_int(failures, 0, "%d threads write and read over 4 connections", THREADS);
    okapi__db_read(db, count_rows, &all, pool);
    is_int(all.id, THREADS * ROUNDS, "all their rows are there");
}

/* ---- a database that several create at once ---- */

static void create(okapi__db_t *db, int n, apr_pool_t *pool)
{
    row_t row = {10 + n, 0, 0};

    _exit(okapi__db_write(db, add_row, &row, pool) != APR_SUCCESS);
}

static void created_together(apr_pool_t *pool)
{
    pid_t pids[PROCESSES];
    int i, good = 1;

    for (i = 0; i < PROCESSES; i++) {
        pids[i] = spawn(create, i, pool);
    }
    for (i = 0; i < PROCESSES; i++) {
        good &= ended_well(pids[i]);
    }
    ok(good, "%d processes create the database together", PROCESSES);
}

static void *map(apr_size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    okapi__db_t *db;

    make_test_dir(pool);
    shared = map(sizeof(*shared));
    taken = map(MOST_IDS);
    created_together(pool);
    no_id_twice(pool);
    /* From here on this process has the database open: its children open it anew, by themselves,
     * and only after the fork. */
    db = open_db(0, pool);
    busy(db, pool);
    killed(db, pool);
    change_numbers(db, pool);
    threads(db, pool);
    remove_test_dir(pool);
    return done_testing();
}
