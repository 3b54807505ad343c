/* bench_delivery.c - durable deliveries a second by 1, 8 and 32 writers of one process, beside what
 * the same database needs for the same bytes: one prepared INSERT in a transaction of its own, by
 * as many writers; and for one writer an append with fdatasync.
 */
#include "bench.h"

#include <apr_dbd.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <fcntl.h>
#include <okapi/mime.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGES = 480, MAX_WRITERS = 32 };

/* Sizes as mailboxes have them: mostly a few KB, now and then an attachment. */
static okapi_binary_t message_of(int i, apr_pool_t *pool)
{
    static const int kilobytes[] = {2, 3, 5, 8, 4, 2, 12, 60, 3, 6};
    apr_size_t body = (apr_size_t)kilobytes[i % 10] * 1024, len;
    char *text = apr_palloc(pool, body + 1024);
    len = (apr_size_t)apr_snprintf(text, 1024,
                                   "From: Sender %d <sender%d@example.net>\r\n"
                                   "To: john@example.org\r\nSubject: message number %d\r\n"
                                   "Date: Mon, 2 Nov 2026 10:%02d:%02d +0000\r\n"
                                   "Message-ID: <%d@bench.example.net>\r\n\r\n",
                                   i % 40, i % 40, i, i / 60 % 60, i % 60, i);
    for (apr_size_t at = 0; at < body; at++)
        text[len + at] = at % 72 == 71 ? '\n' : (char)('a' + (at * 7 + (apr_size_t)i) % 26);
    return (okapi_binary_t){(unsigned char *)text, len + body};
}

/* ---- a crowd of writers ---- */

typedef struct bench_t bench_t;

typedef struct writer_t {
    bench_t *bench;
    int number;
    void *state; /* what a kind of writing keeps for each */
    apr_thread_t *thread;
    apr_pool_t *pool;
} writer_t;

struct bench_t {
    const char *folder;
    int writers;
    void (*write)(writer_t *writer, okapi_binary_t message, int i, apr_pool_t *pool);
    void *state; /* what they share */
    writer_t all[MAX_WRITERS];
    apr_pool_t *pool;
};

static void *APR_THREAD_FUNC run_writer(apr_thread_t *thread, void *data)
{
    writer_t *writer = data;
    apr_pool_t *one;
    apr_pool_create(&one, writer->pool);
    for (int i = writer->number; i < MESSAGES; i += writer->bench->writers) {
        writer->bench->write(writer, message_of(i, one), i, one);
        apr_pool_clear(one);
    }
    return NULL;
}

static void prepare(bench_t *bench, const char *folder, int writers, apr_pool_t *parent)
{
    memset(bench, 0, sizeof(*bench));
    apr_pool_create(&bench->pool, parent);
    bench->folder = folder;
    bench->writers = writers;
    for (int i = 0; i < writers; i++) {
        apr_allocator_t *allocator;
        apr_allocator_create(&allocator);
        apr_pool_create_ex(&bench->all[i].pool, bench->pool, NULL, allocator);
        apr_allocator_owner_set(allocator, bench->all[i].pool);
        bench->all[i].bench = bench;
        bench->all[i].number = i;
    }
}

/* Messages a second. */
static double run(bench_t *bench)
{
    apr_status_t rv;
    double start = bench_now(), seconds;
    for (int i = 0; i < bench->writers; i++)
        BENCH_TRY(apr_thread_create(&bench->all[i].thread, NULL, run_writer, &bench->all[i],
                                    bench->pool));
    for (int i = 0; i < bench->writers; i++)
        apr_thread_join(&rv, bench->all[i].thread);
    seconds = bench_now() - start;
    apr_pool_destroy(bench->pool);
    return MESSAGES / seconds;
}

/* ---- ours: each into a mailbox of his own ---- */

static void deliver_one(writer_t *writer, okapi_binary_t raw, int i, apr_pool_t *pool)
{
    okapi_store_t *store = writer->state;
    okapi_message_t *message;
    BENCH_TRY(okapi_message_create(&message, store,
                                   okapi_store_special(store, OKAPI_FOLDER_INBOX), 0, pool, pool));
    BENCH_TRY(okapi_mime_to_message(message, raw, pool, pool));
    BENCH_TRY(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool));
}

static double deliver(okapi_t *okapi, int writers, apr_pool_t *pool)
{
    bench_t bench;
    prepare(&bench, NULL, writers, pool);
    bench.write = deliver_one;
    for (int i = 0; i < writers; i++) {
        okapi_user_t *user;
        okapi_store_t *store;
        const char *name = apr_psprintf(bench.pool, "user%d", i);
        BENCH_TRY(okapi_user_by_login(&user, okapi, name, bench.pool, bench.pool));
        BENCH_TRY(okapi_store_open(&store, okapi, user, user, bench.pool, bench.pool));
        bench.all[i].state = store;
    }
    return run(&bench);
}

static okapi_t *open_engine(const char *folder, apr_pool_t *pool)
{
    okapi_config_t *config = bench_config(folder, pool);
    okapi_host_t host = {0};
    okapi_t *okapi;
    BENCH_TRY(okapi_create(config, &host, pool));
    BENCH_TRY(okapi_open(&okapi, config, &host, pool, pool));
    for (int i = 0; i < MAX_WRITERS; i++) {
        okapi_user_t user = {.name = apr_psprintf(pool, "user%d", i),
                             .email = apr_psprintf(pool, "user%d@example.org", i),
                             .fullname = "User"};
        BENCH_TRY(okapi_user_add(okapi, &user, NULL, pool));
    }
    return okapi;
}

/* ---- the floor of the database: the same bytes, one statement, the same durability ---- */

typedef struct floor_t {
    const apr_dbd_driver_t *driver;
    apr_thread_mutex_t *turn; /* SQLite has one writer at a time: a queue without sleeping */
} floor_t;

typedef struct connection_t {
    apr_dbd_t *handle;
    apr_dbd_prepared_t *insert;
} connection_t;

static void insert_one(writer_t *writer, okapi_binary_t m, int i, apr_pool_t *pool)
{
    const floor_t *floor = writer->bench->state;
    connection_t *c = writer->state;
    apr_int64_t id = i;
    const void *args[] = {&id, m.data, &m.len, "m", "data"};
    int n;
    apr_thread_mutex_lock(floor->turn);
    apr_dbd_query(floor->driver, c->handle, &n, "BEGIN IMMEDIATE");
    if (apr_dbd_pbquery(floor->driver, pool, c->handle, &n, c->insert, args) != 0 ||
        apr_dbd_query(floor->driver, c->handle, &n, "COMMIT") != 0)
        bench_die("insert", APR_EGENERAL);
    apr_thread_mutex_unlock(floor->turn);
}

static connection_t *connect_floor(const floor_t *floor, const char *path, apr_pool_t *pool)
{
    static const char *const pragmas[] = {"PRAGMA page_size=8192", "PRAGMA journal_mode=WAL",
                                          "PRAGMA synchronous=FULL"};
    connection_t *c = apr_pcalloc(pool, sizeof(*c));
    const char *error;
    int n;
    BENCH_TRY(apr_dbd_open_ex(floor->driver, pool, path, &c->handle, &error));
    for (int i = 0; i < 3; i++) {
        apr_dbd_results_t *results = NULL;
        apr_dbd_select(floor->driver, pool, c->handle, &results, pragmas[i], 0);
    }
    apr_dbd_query(floor->driver, c->handle, &n,
                  "CREATE TABLE IF NOT EXISTS m(id BIGINT PRIMARY KEY, data BLOB)");
    return c;
}

static double insert(const char *folder, int writers, apr_pool_t *pool)
{
    static int count;
    const char *path = apr_psprintf(pool, "%s/floor%d.db", folder, count++);
    floor_t floor;
    bench_t bench;
    prepare(&bench, folder, writers, pool);
    bench.write = insert_one;
    bench.state = &floor;
    BENCH_TRY(apr_thread_mutex_create(&floor.turn, APR_THREAD_MUTEX_DEFAULT, bench.pool));
    BENCH_TRY(apr_dbd_get_driver(bench.pool, "sqlite3", &floor.driver));
    for (int i = 0; i < writers; i++)
        bench.all[i].state = connect_floor(&floor, path, bench.all[i].pool);
    for (int i = 0; i < writers; i++) {
        connection_t *c = bench.all[i].state;
        if (apr_dbd_prepare(floor.driver, bench.all[i].pool, c->handle,
                            "INSERT INTO m VALUES(%lld, %pDb)", "i", &c->insert) != 0)
            bench_die("prepare", APR_EGENERAL);
    }
    return run(&bench);
}

/* ---- the floor of the disk ---- */

static void append_one(writer_t *writer, okapi_binary_t m, int i, apr_pool_t *pool)
{
    int fd = *(int *)writer->bench->state;
    if (write(fd, m.data, m.len) != (ssize_t)m.len || fdatasync(fd) != 0)
        bench_die("append", APR_FROM_OS_ERROR(errno));
}

static double append(const char *folder, apr_pool_t *pool)
{
    int fd = open(apr_pstrcat(pool, folder, "/append", NULL), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    double rate;
    bench_t bench;
    prepare(&bench, folder, 1, pool);
    bench.write = append_one;
    bench.state = &fd;
    rate = run(&bench);
    close(fd);
    return rate;
}

/* ---- */

/* What others do to the disk meanwhile hits both: a round each in turn, and the best of all. */
static void compare(okapi_t *okapi, const char *folder, int writers, apr_pool_t *pool)
{
    enum { ROUNDS = 5 };
    double best = 0, floor = 0, disk = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double rate = insert(folder, writers, pool);
        floor = rate > floor ? rate : floor;
        rate = deliver(okapi, writers, pool);
        best = rate > best ? rate : best;
        rate = writers == 1 ? append(folder, pool) : 0;
        disk = rate > disk ? rate : disk;
    }
    printf("delivery, %d writer%s, durable: %.0f/s = %.2f of one prepared INSERT each (%.0f/s)",
           writers, writers == 1 ? "" : "s", best, best / floor, floor);
    if (writers == 1)
        printf(", %.2f of an fdatasync'd append (%.0f/s)", best / disk, disk);
    putchar('\n');
}

int main(void)
{
    apr_pool_t *pool;
    const char *folder;
    okapi_t *okapi;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_dbd_init(pool);
    okapi_mime_init();
    folder = bench_folder(pool);
    okapi = open_engine(folder, pool);
    compare(okapi, folder, 1, pool);
    compare(okapi, folder, 8, pool);
    compare(okapi, folder, MAX_WRITERS, pool);
    bench_remove(folder, pool);
    return 0;
}
