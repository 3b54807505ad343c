/* bench_delivery.c - durable deliveries a second by one writer, beside what the same disk and the
 * same database need for the same bytes: an append with fdatasync, and one prepared INSERT in a
 * transaction of its own.
 */
#include "bench.h"

#include <apr_dbd.h>
#include <fcntl.h>
#include <okapi/mime.h>
#include <string.h>
#include <unistd.h>

#define MESSAGES 400

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

static double deliver(const char *folder, apr_pool_t *pool)
{
    okapi_config_t *config = bench_config(folder, pool);
    okapi_host_t host = {0};
    okapi_user_t john = {.name = "john", .email = "john@example.org", .fullname = "John"}, *user;
    okapi_t *okapi;
    okapi_store_t *store;
    apr_pool_t *one;
    double start;

    BENCH_TRY(okapi_create(config, &host, pool));
    BENCH_TRY(okapi_open(&okapi, config, &host, pool, pool));
    BENCH_TRY(okapi_user_add(okapi, &john, NULL, pool));
    BENCH_TRY(okapi_user_by_login(&user, okapi, "john", pool, pool));
    BENCH_TRY(okapi_store_open(&store, okapi, user, user, pool, pool));
    apr_pool_create(&one, pool);
    start = bench_now();
    for (int i = 0; i < MESSAGES; i++) {
        okapi_message_t *message;
        apr_pool_clear(one);
        BENCH_TRY(okapi_message_create(&message, store,
                                       okapi_store_special(store, OKAPI_FOLDER_INBOX), 0, one,
                                       one));
        BENCH_TRY(okapi_mime_to_message(message, message_of(i, one), one, one));
        BENCH_TRY(okapi_message_save(message, OKAPI_SAVE_DELIVERY, one));
    }
    return MESSAGES / (bench_now() - start);
}

/* The floor of the disk. */
static double append(const char *folder, apr_pool_t *pool)
{
    int fd = open(apr_pstrcat(pool, folder, "/append", NULL), O_CREAT | O_WRONLY, 0600);
    double start = bench_now();
    for (int i = 0; i < MESSAGES; i++) {
        okapi_binary_t m = message_of(i, pool);
        if (write(fd, m.data, m.len) != (ssize_t)m.len || fdatasync(fd) != 0)
            bench_die("append", APR_FROM_OS_ERROR(errno));
    }
    close(fd);
    return MESSAGES / (bench_now() - start);
}

/* The floor of the database: the same bytes, one statement, the same durability. */
static double insert(const char *folder, apr_pool_t *pool)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_results_t *pragma = NULL;
    apr_dbd_prepared_t *stmt = NULL;
    apr_dbd_t *handle;
    const char *error;
    double start;
    int n;

    apr_dbd_init(pool);
    BENCH_TRY(apr_dbd_get_driver(pool, "sqlite3", &driver));
    BENCH_TRY(apr_dbd_open_ex(driver, pool, apr_pstrcat(pool, folder, "/floor.db", NULL), &handle,
                              &error));
    apr_dbd_select(driver, pool, handle, &pragma, "PRAGMA journal_mode=WAL", 0);
    pragma = NULL;
    apr_dbd_select(driver, pool, handle, &pragma, "PRAGMA synchronous=FULL", 0);
    apr_dbd_query(driver, handle, &n, "CREATE TABLE m(id BIGINT PRIMARY KEY, data BLOB)");
    if (apr_dbd_prepare(driver, pool, handle, "INSERT INTO m VALUES(%lld, %pDb)", "i", &stmt) != 0)
        bench_die("prepare", APR_EGENERAL);
    start = bench_now();
    for (int i = 0; i < MESSAGES; i++) {
        okapi_binary_t m = message_of(i, pool);
        apr_int64_t id = i;
        const void *args[] = {&id, m.data, &m.len, "m", "data"};
        apr_dbd_query(driver, handle, &n, "BEGIN IMMEDIATE");
        if (apr_dbd_pbquery(driver, pool, handle, &n, stmt, args) != 0 ||
            apr_dbd_query(driver, handle, &n, "COMMIT") != 0)
            bench_die("insert", APR_EGENERAL);
    }
    return MESSAGES / (bench_now() - start);
}

int main(void)
{
    apr_pool_t *pool;
    const char *folder;
    double okapi, disk, database;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    okapi_mime_init();
    folder = bench_folder(pool);
    disk = append(folder, pool);
    database = insert(folder, pool);
    okapi = deliver(folder, pool);
    printf("delivery, one writer, durable: %.0f/s = %.2f of one prepared INSERT (%.0f/s), "
           "%.2f of an fdatasync'd append (%.0f/s)\n",
           okapi, okapi / database, database, okapi / disk, disk);
    bench_remove(folder, pool);
    return 0;
}
