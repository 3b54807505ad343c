/* mime_round.c - for t/40-corpus/roundtrip.t: mail through a store and back.
 *
 * mime_round DIR < names: DIR/N.eml is what comes back of MAPI's properties of file number N on
 * standard input. Standard output has a line for each: "N exact" if what comes back otherwise is
 * the file, "N different" if not. */
#include <okapi/mime.h>

#include "mailbox.h"

static okapi_binary_t slurp(const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    okapi_binary_t text = {(const unsigned char *)"", 0};
    mailbox_must(apr_file_open(&file, name, APR_READ | APR_BINARY, 0, pool), name);
    mailbox_must(apr_file_info_get(&info, APR_FINFO_SIZE, file), name);
    char *data = apr_pcalloc(pool, (apr_size_t)info.size + 1);
    text.len = (apr_size_t)info.size;
    if (text.len)
        mailbox_must(apr_file_read_full(file, data, text.len, &text.len), name);
    text.data = (unsigned char *)data;
    apr_file_close(file);
    return text;
}

static void store(const char *name, okapi_binary_t bytes)
{
    FILE *file = fopen(name, "w");
    if (!file)
        mailbox_must(errno, name);
    fwrite(bytes.data, 1, bytes.len, file);
    fclose(file);
}

static void round_trip(mailbox_t *m, const char *dir, int number, const char *name)
{
    apr_pool_t *pool, *saving;
    okapi_message_t *message;
    okapi_binary_t same, plain;
    apr_pool_create(&pool, m->pool);
    apr_pool_create(&saving, pool);
    okapi_binary_t raw = slurp(name, pool);
    mailbox_must(
        okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, saving, saving),
        "create");
    mailbox_must(okapi_mime_to_message(message, raw, saving, saving), name);
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, saving), name);
    okapi_id_t id = okapi_message_id(message);
    apr_pool_destroy(saving);
    mailbox_must(okapi_message_open(&message, m->store, 0, id, pool, pool), name);
    mailbox_must(okapi_mime_from_message(&same, message, 0, pool, pool), name);
    mailbox_must(okapi_mime_from_message(&plain, message, OKAPI_MIME_PLAIN, pool, pool), name);
    store(apr_psprintf(pool, "%s/%d.eml", dir, number), plain);
    int is_exact = same.len == raw.len && memcmp(same.data, raw.data, raw.len) == 0;
    printf("%d %s\n", number, is_exact ? "exact" : "different");
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    static mailbox_t mailbox;
    char name[4096];
    apr_pool_t *pool = tap_pool();
    mailbox_create(&mailbox, pool);
    mailbox_open(&mailbox, pool);
    okapi_mime_init();
    for (int n = 0; argc > 1 && fgets(name, sizeof(name), stdin); n++) {
        name[strcspn(name, "\n")] = 0;
        round_trip(&mailbox, argv[1], n, name);
    }
    return 0;
}
