/* bench_delivery.c - durable deliveries a second by 1, 8 and 32 writers of one process, each into a
 * mailbox of his own, beside as many writers who put the same bytes into the same database with
 * prepared statements, in a transaction each; and the disk.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_atomic.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <okapi/mime.h>

#include "bench.h"
#include "rival.h"

enum { MESSAGES = 480, MAX_WRITERS = 32 };

/* Words of which a compressor leaves about as much as of a mail's text. */
static void write_words(char *text, apr_size_t len, apr_uint32_t seed)
{
    apr_uint32_t word = seed;
    for (apr_size_t at = 0, column = 0; at < len; at++) {
        if (at % 7 == 0) {
            seed = seed * 1664525 + 1013904223;
            word = seed >> 22;
        }
        text[at] = column == 70   ? '\r'
                   : column == 71 ? '\n'
                   : at % 7 == 6  ? ' '
                                  : (char)('a' + (word >> at % 7) % 26);
        column = column == 71 ? 0 : column + 1;
    }
}

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
    write_words(text + len, body, (apr_uint32_t)i);
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

static void prepare(bench_t *bench, int writers, apr_pool_t *parent)
{
    memset(bench, 0, sizeof(*bench));
    apr_pool_create(&bench->pool, parent);
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
    prepare(&bench, writers, pool);
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

/* ---- the rival: the same bytes in one durable transaction of prepared statements ---- */

/* Either the mail alone, in a table of nothing else; or the row a list of mails needs, with its
 * indexes, and the mail. */
typedef struct floor_t {
    const char *database;
    int with_row;
    apr_thread_mutex_t *turn; /* SQLite has one writer at a time: a queue without sleeping */
} floor_t;

typedef struct connection_t {
    rival_t *rival;
    rival_stmt_t *row, *mail;
} connection_t;

static apr_uint32_t next_id = 1;

static void insert_row(const connection_t *c, apr_int64_t id, int number, apr_pool_t *pool)
{
    const apr_int64_t folder = number + 1, date = 130000000000000000 + id, hash = id * 7919;
    const char *subject = apr_psprintf(pool, "message number %d", (int)id),
               *sender = apr_psprintf(pool, "Sender %d", (int)id % 40);
    const void *args[] = {&folder, &id, &id, &id, &id, &date, &date, &date, &date,
                          &id, &id, &hash, &hash, subject, subject, sender, sender};
    rival_exec(c->row, args, pool);
}

static void insert_one(writer_t *writer, okapi_binary_t m, int i, apr_pool_t *pool)
{
    const floor_t *floor = writer->bench->state;
    const connection_t *c = writer->state;
    const apr_int64_t id = apr_atomic_inc32(&next_id);
    const void *args[] = {&id, m.data, &m.len, "", ""};
    if (floor->turn) {
        apr_thread_mutex_lock(floor->turn);
    }
    rival_begin(c->rival);
    if (floor->with_row) {
        insert_row(c, id, writer->number, pool);
    }
    rival_exec(c->mail, args, pool);
    rival_commit(c->rival);
    if (floor->turn) {
        apr_thread_mutex_unlock(floor->turn);
    }
}

static connection_t *connect_floor(const floor_t *floor, apr_pool_t *pool)
{
    connection_t *c = apr_pcalloc(pool, sizeof(*c));
    c->rival = rival_open(floor->database, pool);
    c->mail = rival_prepare(
        c->rival, floor->with_row
                      ? "INSERT INTO msg_props(id, rev, props) VALUES(%lld, 1, %pDb)"
                      : "INSERT INTO mail(id, data) VALUES(%lld, %pDb)");
    if (floor->with_row) {
        c->row = rival_prepare(
            c->rival,
            "INSERT INTO message(folder_id, id, store_id, part, cn, mod_cn, add_cn, flags, deliv,"
            " submit, ctime, mtime, size, imap_uid, importance, flag_status, icon, natt, conv_id,"
            " msgid_hash, class, prefix, subject, subject_key, sender, sender_key, disp_to)"
            " VALUES(%lld, %lld, 1, 0, %lld, %lld, %lld, 0, %lld, %lld, %lld, %lld, %lld, %lld,"
            " 1, 0, -1, 0, %lld, %lld, 'IPM.Note', '', %s, %s, %s, %s, 'John Doe')");
    }
    return c;
}

static double insert(const char *database, int with_row, int writers, apr_pool_t *pool)
{
    floor_t floor = {.database = database, .with_row = with_row};
    bench_t bench;
    prepare(&bench, writers, pool);
    bench.write = insert_one;
    bench.state = &floor;
    if (test_engine_is("sqlite3")) {
        BENCH_TRY(apr_thread_mutex_create(&floor.turn, APR_THREAD_MUTEX_DEFAULT, bench.pool));
    }
    for (int i = 0; i < writers; i++) {
        bench.all[i].state = connect_floor(&floor, bench.all[i].pool);
    }
    return run(&bench);
}

/* A database of the same tables, and one more for mails. */
static const char *make_floor(const char *folder, apr_pool_t *pool)
{
    static const okapi_host_t host = {0};
    const char *below = apr_pstrcat(pool, folder, "/floor", NULL);
    apr_pool_t *making;
    apr_pool_create(&making, pool);
    BENCH_TRY(apr_dir_make(below, APR_FPROT_OS_DEFAULT, pool));
    okapi_config_t *config = bench_config(below, pool);
    BENCH_TRY(okapi_create(config, &host, making));
    rival_sql(rival_open(config->database, making),
              apr_psprintf(making,
                           "CREATE TABLE mail(id BIGINT NOT NULL, data %s, PRIMARY KEY(id))",
                           test_engine_is("pgsql") ? "BYTEA" : "MEDIUMBLOB"));
    apr_pool_destroy(making);
    return config->database;
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
    prepare(&bench, 1, pool);
    bench.write = append_one;
    bench.state = &fd;
    rate = run(&bench);
    close(fd);
    return rate;
}

/* ---- */

/* What others do to the disk meanwhile hits all of them: a round each in turn, and the best of
 * all. */
static void compare(okapi_t *okapi, const char *floor, int writers, apr_pool_t *pool)
{
    enum { ROUNDS = 5 };
    double ours = 0, row = 0, mail = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double rate = insert(floor, 0, writers, pool);
        mail = rate > mail ? rate : mail;
        rate = insert(floor, 1, writers, pool);
        row = rate > row ? rate : row;
        rate = deliver(okapi, writers, pool);
        ours = rate > ours ? rate : ours;
    }
    const char *name = apr_psprintf(pool, "%d writer%s", writers, writers == 1 ? "" : "s");
    bench_line(apr_pstrcat(pool, name, ", beside a row with indexes and the mail", NULL), ours,
               row);
    bench_line(apr_pstrcat(pool, name, ", beside the mail and nothing else", NULL), ours, mail);
}

int main(void)
{
    apr_pool_t *pool, *open;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_pool_create(&open, pool);
    okapi_mime_init();
    const char *folder = bench_folder(pool), *floor = make_floor(folder, open);
    okapi_t *okapi = open_engine(folder, open);
    bench_title("durable deliveries, beside one transaction of prepared statements",
                "per second, best of 5");
    compare(okapi, floor, 1, open);
    compare(okapi, floor, 8, open);
    compare(okapi, floor, MAX_WRITERS, open);
    double disk = append(folder, open);
    printf("  the disk: %.0f appends with fdatasync a second\n", disk);
    apr_pool_destroy(open);
    bench_remove(folder, pool);
    return 0;
}
