/* bench_convert.c - MB/s of each format that becomes messages, each way, beside a library that only
 * parses the same bytes. Real files, below the folder of test data; each is converted many times,
 * in memory: nothing is saved.
 */
#include <apr_file_info.h>
#include <gmime/gmime.h>
#include <okapi/folder.h>
#include <okapi/mime.h>
#include <okapi/user.h>

#include "bench.h"

enum { FILES_MAX = 2000, FILE_MAX = 4 << 20, ROUNDS = 3 };

typedef struct corpus_t {
    okapi_binary_t files[FILES_MAX];
    int n;
    apr_size_t bytes;
} corpus_t;

typedef struct bench_t {
    okapi_store_t *store;
    okapi_id_t folder_id;
    corpus_t corpus;
    okapi_message_t *messages[FILES_MAX]; /* what the files became */
    apr_pool_t *pool;
} bench_t;

/* How one format is read and written, and parsed by somebody else. */
typedef struct format_t {
    const char *name, *folder;
    void (*read)(bench_t *b, okapi_message_t *message, okapi_binary_t file, apr_pool_t *pool);
    apr_size_t (*write)(bench_t *b, okapi_message_t *message, apr_pool_t *pool);
    const char *rival;
    void (*parse)(okapi_binary_t file);
} format_t;

/* ---- MIME ---- */

static void read_mime(bench_t *b, okapi_message_t *message, okapi_binary_t file, apr_pool_t *pool)
{
    BENCH_TRY(okapi_mime_to_message(message, file, pool, pool));
}

static apr_size_t write_mime(bench_t *b, okapi_message_t *message, apr_pool_t *pool)
{
    okapi_binary_t raw;
    BENCH_TRY(okapi_mime_from_message(&raw, message, OKAPI_MIME_PLAIN, pool, pool));
    return raw.len;
}

/* The parts of what GMime made, their contents decoded. */
static void decode_part(GMimeObject *parent, GMimeObject *part, gpointer data)
{
    GMimeDataWrapper *content;
    GMimeStream *null = g_mime_stream_null_new();
    if (GMIME_IS_PART(part) && (content = g_mime_part_get_content(GMIME_PART(part))))
        g_mime_data_wrapper_write_to_stream(content, null);
    g_object_unref(null);
}

static void parse_mime(okapi_binary_t file)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)file.data, file.len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message) {
        g_mime_message_foreach(message, decode_part, NULL);
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
}

static const format_t formats[] = {
    {"MIME", "mail", read_mime, write_mime, "GMime", parse_mime},
};

/* ---- files ---- */

static void add_file(corpus_t *corpus, const char *path, apr_size_t len, apr_pool_t *pool)
{
    apr_file_t *file;
    char *data = apr_palloc(pool, len + 1);
    BENCH_TRY(apr_file_open(&file, path, APR_READ | APR_BINARY, 0, pool));
    BENCH_TRY(len ? apr_file_read_full(file, data, len, &len) : APR_SUCCESS);
    apr_file_close(file);
    corpus->files[corpus->n++] = (okapi_binary_t){(unsigned char *)data, len};
    corpus->bytes += len;
}

static void add_folder(corpus_t *corpus, const char *folder, apr_pool_t *pool)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS)
        return;
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE | APR_FINFO_SIZE, dir) ==
           APR_SUCCESS) {
        const char *path = apr_pstrcat(pool, folder, "/", info.name, NULL);
        if (info.filetype == APR_DIR && info.name[0] != '.')
            add_folder(corpus, path, pool);
        else if (info.filetype == APR_REG && info.size < FILE_MAX && corpus->n < FILES_MAX)
            add_file(corpus, path, (apr_size_t)info.size, pool);
    }
    apr_dir_close(dir);
}

/* ---- measuring: MB/s of what is read or written ---- */

static double reading(bench_t *b, const format_t *format)
{
    double start = bench_now();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < b->corpus.n; i++) {
            apr_pool_t *pool;
            okapi_message_t *message;
            apr_pool_create(&pool, b->pool);
            BENCH_TRY(okapi_message_create(&message, b->store, b->folder_id, 0, pool, pool));
            format->read(b, message, b->corpus.files[i], pool);
            apr_pool_destroy(pool);
        }
    return (double)b->corpus.bytes * ROUNDS / (bench_now() - start) / 1e6;
}

static double writing(bench_t *b, const format_t *format)
{
    apr_size_t bytes = 0;
    for (int i = 0; i < b->corpus.n; i++) {
        BENCH_TRY(okapi_message_create(&b->messages[i], b->store, b->folder_id, 0, b->pool,
                                       b->pool));
        format->read(b, b->messages[i], b->corpus.files[i], b->pool);
    }
    double start = bench_now();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < b->corpus.n; i++) {
            apr_pool_t *pool;
            apr_pool_create(&pool, b->pool);
            bytes += format->write(b, b->messages[i], pool);
            apr_pool_destroy(pool);
        }
    return (double)bytes / (bench_now() - start) / 1e6;
}

static double parsing(bench_t *b, const format_t *format)
{
    double start = bench_now();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < b->corpus.n; i++)
            format->parse(b->corpus.files[i]);
    return (double)b->corpus.bytes * ROUNDS / (bench_now() - start) / 1e6;
}

static void measure(bench_t *b, const format_t *format, const char *data)
{
    apr_pool_t *parent = b->pool;
    apr_pool_create(&b->pool, parent);
    memset(&b->corpus, 0, sizeof(b->corpus));
    add_folder(&b->corpus, apr_pstrcat(b->pool, data, "/", format->folder, NULL), b->pool);
    if (b->corpus.n > 0) {
        double plain = format->parse ? parsing(b, format) : 0;
        bench_line(apr_psprintf(b->pool, "%s to MAPI, beside %s parsing it", format->name,
                                format->rival),
                   reading(b, format), plain);
        bench_line(apr_psprintf(b->pool, "MAPI to %s, beside the same", format->name),
                   writing(b, format), plain);
    }
    apr_pool_destroy(b->pool);
    b->pool = parent;
}

int main(void)
{
    static bench_t b;
    const char *data = getenv("OKAPI_TEST_DATA");
    const okapi_user_t someone = {.name = "john", .email = "john@example.org"};
    okapi_t *okapi;
    okapi_user_t *user;

    apr_initialize();
    apr_pool_create(&b.pool, NULL);
    const char *folder = bench_folder(b.pool);
    okapi_config_t *config = bench_config(folder, b.pool);
    static const okapi_host_t host;
    BENCH_TRY(okapi_create(config, &host, b.pool));
    BENCH_TRY(okapi_open(&okapi, config, &host, b.pool, b.pool));
    BENCH_TRY(okapi_user_add(okapi, &someone, NULL, b.pool));
    BENCH_TRY(okapi_user_by_login(&user, okapi, "john", b.pool, b.pool));
    BENCH_TRY(okapi_store_open(&b.store, okapi, user, user, b.pool, b.pool));
    b.folder_id = okapi_store_special(b.store, OKAPI_FOLDER_INBOX);
    okapi_mime_init();
    bench_title("conversion of real files, in memory", "MB/s");
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        measure(&b, &formats[i], data ? data : BENCH_DATA);
    bench_remove(folder, b.pool);
    return 0;
}
