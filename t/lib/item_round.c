/* item_round.c - for t/40-corpus/tnef.t and msg.t: files through a store and back.
 *
 * item_round tnef|msg DIR < names: for file number N on standard input, DIR/N.props is what the
 * message has that was made of it, DIR/N.K the bytes of its attachment K, DIR/N.back the message as
 * a file again, and DIR/N.again what the message of that has. Standard output has a line for each:
 * "N ok" and "size name" of each attachment, with tabs between them, or "N error why". */
#include <okapi/msg.h>
#include <okapi/tnef.h>

#include "mailbox.h"
#include "mapi_item.h"

typedef apr_status_t (*reader_t)(okapi_message_t *message, const char **why, okapi_binary_t file,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

static apr_status_t write_tnef(okapi_binary_t *file, okapi_message_t *message,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    return okapi_tnef_from_message(file, message, "<1@example.org>", result_pool, scratch_pool);
}

static const struct format_t {
    const char *name;
    reader_t read;
    apr_status_t (*write)(okapi_binary_t *file, okapi_message_t *message, apr_pool_t *result_pool,
                          apr_pool_t *scratch_pool);
} formats[] = {{"tnef", okapi_tnef_to_message, write_tnef},
               {"msg", okapi_msg_to_message, okapi_msg_from_message}};

static okapi_binary_t slurp(const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    okapi_binary_t bytes = {NULL, 0};
    mailbox_must(apr_file_open(&file, name, APR_READ | APR_BINARY, 0, pool), name);
    mailbox_must(apr_file_info_get(&info, APR_FINFO_SIZE, file), name);
    unsigned char *data = apr_palloc(pool, (apr_size_t)info.size + 1);
    bytes.data = data;
    bytes.len = (apr_size_t)info.size;
    if (bytes.len)
        mailbox_must(apr_file_read_full(file, data, bytes.len, NULL), name);
    apr_file_close(file);
    return bytes;
}

static FILE *create(const char *dir, int n, const char *suffix, apr_pool_t *pool)
{
    FILE *file = fopen(apr_psprintf(pool, "%s/%d.%s", dir, n, suffix), "w");
    if (!file)
        mailbox_must(errno, dir);
    return file;
}

/* ---- what a message has, as text ---- */

static const char *name_of(const okapi__item_prop_t *prop, apr_pool_t *pool)
{
    const okapi_propname_t *name = prop->name;
    int type = OKAPI_PROP_TYPE(prop->value.tag);
    if (!name)
        return apr_psprintf(pool, "%08x", prop->value.tag);
    if (name->kind == MNID_ID)
        return apr_psprintf(pool, "%s:%x:%04x", okapi_guid_format(&name->guid, pool), name->lid,
                            type);
    return apr_psprintf(pool, "%s:%s:%04x", okapi_guid_format(&name->guid, pool), name->name, type);
}

static const char *value_of(const okapi_propval_t *value, apr_pool_t *pool)
{
    const char *text = "";
    apr_array_header_t *pieces = okapi__pieces_of_value(value, pool);
    for (int i = 0; i < pieces->nelts; i++) {
        okapi_binary_t piece = APR_ARRAY_IDX(pieces, i, okapi_binary_t);
        unsigned long hash = 5381;
        for (apr_size_t k = 0; k < piece.len; k++)
            hash = hash * 33 + piece.data[k];
        text = apr_psprintf(pool, "%s %lu:%lx", text, (unsigned long)piece.len, hash);
    }
    if (OKAPI_PROP_TYPE(value->tag) == PT_UNICODE && strlen(value->v.str) < 200)
        text = apr_pstrcat(pool, text, " ", value->v.str, NULL);
    return text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_props(FILE *file, const char *where, const apr_array_header_t *props,
                        apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, props->nelts, sizeof(const char *));
    for (int i = 0; i < props->nelts; i++) {
        const okapi__item_prop_t *prop = &APR_ARRAY_IDX(props, i, okapi__item_prop_t);
        okapi_proptag_t tag = prop->value.tag;
        if (tag != PR_LAST_MODIFICATION_TIME && tag != PR_CREATION_TIME &&
            tag != PR_LOCAL_COMMIT_TIME)
            APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(
                pool, where, name_of(prop, pool), value_of(&prop->value, pool), "\n", NULL);
    }
    qsort(lines->elts, (size_t)lines->nelts, sizeof(const char *), by_text);
    for (int i = 0; i < lines->nelts; i++)
        fputs(APR_ARRAY_IDX(lines, i, const char *), file);
}

static void print_item(FILE *file, const char *where, const okapi__item_t *item, apr_pool_t *pool)
{
    print_props(file, where, item->props, pool);
    for (int i = 0; i < item->recipients->nelts; i++)
        print_props(file, apr_psprintf(pool, "%srecipient %d ", where, i),
                    APR_ARRAY_IDX(item->recipients, i, apr_array_header_t *), pool);
    for (int i = 0; i < item->attachments->nelts; i++) {
        const okapi__item_file_t *f = &APR_ARRAY_IDX(item->attachments, i, okapi__item_file_t);
        const char *at = apr_psprintf(pool, "%sattachment %d ", where, i);
        okapi_propval_t data = okapi_propval_bin(PR_ATTACH_DATA_BIN, f->data.data, f->data.len);
        print_props(file, at, f->props, pool);
        fprintf(file, "%smethod %d data%s\n", at, f->method, value_of(&data, pool));
        if (f->message)
            print_item(file, at, f->message, pool);
    }
}

/* ---- one file ---- */

/* The message made of FILE, saved and read again as a tree; NULL if it is refused. */
static okapi__item_t *through_store(mailbox_t *m, const struct format_t *format,
                                    okapi_binary_t file, okapi_message_t **message,
                                    const char **why, apr_pool_t *pool)
{
    okapi__item_t *item;
    mailbox_must(okapi_message_create(message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    apr_status_t status = format->read(*message, why, file, pool, pool);
    if (status == OKAPI_EFORMAT || status == OKAPI_ETOOCOMPLEX)
        return NULL;
    mailbox_must(status, "reading");
    mailbox_must(okapi_message_save(*message, 0, pool), "save");
    mailbox_must(okapi_message_open(message, m->store, 0, okapi_message_id(*message), pool, pool),
                 "open");
    mailbox_must(okapi__item_of_message(&item, *message, pool, pool), "item");
    return item;
}

static void round_trip(mailbox_t *m, const struct format_t *format, const char *dir, int number,
                       const char *name)
{
    apr_pool_t *pool;
    okapi_message_t *message;
    const char *why;
    okapi_binary_t back;
    apr_pool_create(&pool, m->pool);
    okapi__item_t *item = through_store(m, format, slurp(name, pool), &message, &why, pool);
    if (!item) {
        printf("%d error %s\n", number, why);
        apr_pool_destroy(pool);
        return;
    }
    printf("%d ok", number);
    for (int i = 0; i < item->attachments->nelts; i++) {
        const okapi__item_file_t *file = &APR_ARRAY_IDX(item->attachments, i, okapi__item_file_t);
        FILE *bytes = create(dir, number, apr_itoa(pool, i), pool);
        fwrite(file->data.len ? file->data.data : (const void *)"", 1, file->data.len, bytes);
        fclose(bytes);
        printf("\t%ld %s", file->message ? -1L : (long)file->data.len,
               okapi__item_file_name(file));
    }
    FILE *props = create(dir, number, "props", pool);
    print_item(props, "", item, pool);
    fclose(props);
    mailbox_must(format->write(&back, message, pool, pool), "writing");
    FILE *bytes = create(dir, number, "back", pool);
    fwrite(back.data, 1, back.len, bytes);
    fclose(bytes);
    item = through_store(m, format, back, &message, &why, pool);
    FILE *again = create(dir, number, "again", pool);
    if (item)
        print_item(again, "", item, pool);
    else
        fputs(why, again);
    fclose(again);
    printf("\n");
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    static mailbox_t mailbox;
    char name[4096];
    apr_pool_t *pool = tap_pool();
    const struct format_t *format = &formats[argc > 1 && strcmp(argv[1], "msg") == 0];
    mailbox_create(&mailbox, pool);
    mailbox_open(&mailbox, pool);
    for (int n = 0; argc > 2 && fgets(name, sizeof(name), stdin); n++) {
        name[strcspn(name, "\n")] = 0;
        round_trip(&mailbox, format, argv[2], n, name);
    }
    return 0;
}
