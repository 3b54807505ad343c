/* bench_size.c - bytes a database takes for each byte of mail: all messages of the corpus
 * delivered to one new mailbox, everything counted that the database then holds.
 */
#include "bench.h"
#include "rival.h"

#include <apr_fnmatch.h>
#include <okapi/mime.h>
#include <string.h>

typedef struct corpus_t {
    okapi_store_t *store;
    apr_int64_t raw; /* bytes delivered */
    int messages;
} corpus_t;

static okapi_binary_t read_file(const char *path, apr_size_t len, apr_pool_t *pool)
{
    unsigned char *data = apr_palloc(pool, len + 1);
    apr_file_t *file;
    BENCH_TRY(apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool));
    BENCH_TRY(apr_file_read_full(file, data, len, NULL));
    apr_file_close(file);
    return (okapi_binary_t){data, len};
}

static void deliver(corpus_t *corpus, okapi_binary_t raw, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_id_t inbox = okapi_store_special(corpus->store, OKAPI_FOLDER_INBOX);
    BENCH_TRY(okapi_message_create(&message, corpus->store, inbox, 0, pool, pool));
    BENCH_TRY(okapi_mime_to_message(message, raw, pool, pool));
    BENCH_TRY(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool));
    corpus->raw += (apr_int64_t)raw.len;
    corpus->messages++;
}

static void deliver_folder(corpus_t *corpus, const char *folder, apr_pool_t *pool)
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
            deliver_folder(corpus, path, one);
        else if (entry.filetype == APR_REG && apr_fnmatch("*.eml", entry.name, 0) == APR_SUCCESS)
            deliver(corpus, read_file(path, (apr_size_t)entry.size, one), one);
        apr_pool_clear(one);
    }
    apr_dir_close(dir);
    apr_pool_destroy(one);
}

int main(int argc, char **argv)
{
    apr_pool_t *pool, *open;
    corpus_t corpus = {0};
    okapi_host_t host = {0};
    okapi_user_t john = {.name = "john", .email = "john@example.org", .fullname = "John"}, *user;
    okapi_t *okapi;
    const char *data = getenv("OKAPI_TEST_DATA"), *folder;
    okapi_config_t *config;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_pool_create(&open, pool);
    okapi_mime_init();
    folder = bench_folder(pool);
    config = bench_config(folder, pool);
    BENCH_TRY(okapi_create(config, &host, pool));
    BENCH_TRY(okapi_open(&okapi, config, &host, open, pool));
    BENCH_TRY(okapi_user_add(okapi, &john, NULL, pool));
    BENCH_TRY(okapi_user_by_login(&user, okapi, "john", pool, pool));
    BENCH_TRY(okapi_store_open(&corpus.store, okapi, user, user, open, pool));
    apr_int64_t empty = rival_size(config->database, pool);
    deliver_folder(&corpus, apr_pstrcat(pool, data ? data : BENCH_DATA, "/mail", NULL), pool);
    apr_pool_destroy(open); /* the last connection brings the write-ahead log into the file */
    if (corpus.messages) {
        apr_int64_t size = rival_size(config->database, pool) - empty;
        printf("\n%s: %d messages of %.1f MB take %.1f MB, %.2f of them\n", bench_engine(),
               corpus.messages, (double)corpus.raw / 1e6, (double)size / 1e6,
               (double)size / (double)corpus.raw);
    } else {
        printf("size: skipped, no corpus of mail\n");
    }
    if (argc > 1)
        printf("%s\n", config->database);
    else
        bench_remove(folder, pool);
    return 0;
}
