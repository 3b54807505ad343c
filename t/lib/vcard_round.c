/* vcard_round.c - for t/40-corpus/vcf.t: vCard files through a store and back.
 *
 * vcard_round DIR < names: for file number N on standard input, DIR/N.vcf is what comes back,
 * DIR/N.plain.vcf what comes back of MAPI's properties alone. Standard output has a line for each:
 * "N ok cards failed" and what made cards fail, or "N error why". */
#include <okapi/error.h>
#include <okapi/vcard.h>

#include "mailbox.h"

static okapi_binary_t slurp(const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    okapi_binary_t text = {NULL, 0};
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

static void write_back(okapi_message_t **messages, int n, int flags, const char *name,
                       apr_pool_t *pool)
{
    okapi_binary_t text;
    FILE *file = fopen(name, "w");
    if (!file)
        mailbox_must(errno, name);
    mailbox_must(
        okapi_vcard_from_messages(&text, messages, n, OKAPI_VCARD_AS_IT_CAME, flags, pool, pool),
        "writing");
    fwrite(text.data, 1, text.len, file);
    fclose(file);
}

/* Card I as a message that was saved and is read again; NULL if it is refused. */
static okapi_message_t *through_store(mailbox_t *m, const okapi_vcard_t *vcard, int i,
                                      const char **why, apr_pool_t *pool)
{
    okapi_message_t *message, *again;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    apr_status_t status = okapi_vcard_to_message(message, why, vcard, i, pool, pool);
    if (status == OKAPI_EFORMAT && **why)
        return NULL;
    mailbox_must(status, "reading");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_message_open(&again, m->store, 0, okapi_message_id(message), pool, pool),
                 "open");
    return again;
}

static void round_trip(mailbox_t *m, const char *dir, int number, const char *name)
{
    apr_pool_t *pool;
    okapi_vcard_t *vcard;
    const char *why, *failures = "";
    int n = 0;
    apr_pool_create(&pool, m->pool);
    if (okapi_vcard_parse(&vcard, &why, slurp(name, pool), pool) != APR_SUCCESS) {
        printf("%d error %s\n", number, why);
    } else {
        int count = okapi_vcard_count(vcard);
        okapi_message_t **messages = apr_palloc(pool, sizeof(*messages) * (apr_size_t)count);
        for (int i = 0; i < count; i++) {
            messages[n] = through_store(m, vcard, i, &why, pool);
            if (messages[n])
                n++;
            else
                failures = apr_pstrcat(pool, failures, "; ", why, NULL);
        }
        write_back(messages, n, 0, apr_psprintf(pool, "%s/%d.vcf", dir, number), pool);
        write_back(messages, n, OKAPI_VCARD_PLAIN,
                   apr_psprintf(pool, "%s/%d.plain.vcf", dir, number), pool);
        printf("%d ok %d %d%s\n", number, n, count - n, failures);
    }
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    static mailbox_t mailbox;
    char name[4096];
    apr_pool_t *pool = tap_pool();
    mailbox_create(&mailbox, pool);
    mailbox_open(&mailbox, pool);
    for (int n = 0; argc > 1 && fgets(name, sizeof(name), stdin); n++) {
        name[strcspn(name, "\n")] = 0;
        round_trip(&mailbox, argv[1], n, name);
    }
    return 0;
}
