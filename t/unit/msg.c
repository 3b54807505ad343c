/* msg.c - .msg files as messages and back: all that a message has, 8-bit text, what is refused. */
#include "msg.h"
#include "item_sample.h"

static void test_round_trip(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = sample_message(m, pool), *again;
    okapi__item_t *before, *after;
    okapi__cfb_node_t *root;
    okapi_binary_t file;
    const char *why;
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_msg_from_message(&file, message, pool, pool), "write");
    mailbox_must(okapi_message_create(&again, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_msg_to_message(again, &why, file, pool, pool), "read");
    mailbox_must(okapi_message_save(again, 0, pool), "save");
    mailbox_must(okapi__item_of_message(&before, message, pool, pool), "before");
    mailbox_must(okapi__item_of_message(&after, again, pool, pool), "after");
    ok(sample_same(before, after, pool), "everything comes back");

    mailbox_must(okapi__cfb_read(&root, &why, file, pool), "compound file");
    okapi__cfb_node_t *ole = okapi__cfb_find(
        okapi__cfb_find(root, "__attach_version1.0_#00000001"), "__substg1.0_3701000D");
    ok(okapi__cfb_find(okapi__cfb_find(ole, "Inner"), "CONTENTS") != NULL, "OLE is a storage");
    okapi__cfb_node_t *names = okapi__cfb_find(root, "__nameid_version1.0");
    ok(okapi__cfb_find(names, "__substg1.0_00040102")->data.len == 4 + 16, "a name's string");
    okapi__cfb_node_t *props = okapi__cfb_find(root, OKAPI__MSG_PROPERTIES);
    is_int(props->data.len % 16, 0, "the property stream's header and entries");
    is_mem(props->data.data + 8, 16, "\1\0\0\0\3\0\0\0\1\0\0\0\3\0\0\0", 16, "and its counts");
}

/* ---- files made by hand ---- */

static void entry(okapi_writer_t *w, okapi_proptag_t tag, apr_uint32_t value)
{
    okapi_write_u32(w, tag);
    okapi_write_u32(w, 6);
    okapi_write_u32(w, value);
    okapi_write_u32(w, 0);
}

static void stream(okapi__cfb_node_t *storage, const char *name, const void *data, apr_size_t len)
{
    okapi_binary_t bytes = {data, len};
    okapi__cfb_add_stream(storage, name, bytes);
}

static void props(okapi__cfb_node_t *storage, apr_size_t header, const okapi_proptag_t *tags,
                  const apr_uint32_t *values, int n, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 256, 65536, pool);
    okapi_write_bytes(&w, apr_pcalloc(pool, header), header);
    for (int i = 0; i < n; i++)
        entry(&w, tags[i], values[i]);
    stream(storage, OKAPI__MSG_PROPERTIES, w.data, w.len);
}

static apr_status_t read_tree(okapi__item_t **item, const okapi__cfb_node_t *root, apr_pool_t *pool)
{
    okapi_writer_t w;
    const char *why;
    okapi_writer_init(&w, 65536, 64 * 1024 * 1024, pool);
    okapi__cfb_write(&w, root);
    okapi_binary_t file = {w.data, w.len};
    apr_status_t status = okapi__msg_read(item, &why, file, pool);
    if (status != APR_SUCCESS)
        diag("%s", why);
    return status;
}

static void test_ansi(apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {0x0037001E, PR_MESSAGE_LOCALE_ID, 0x6001101E, 0x6002101F,
                                           0x80050003};
    static const apr_uint32_t values[] = {3, 0x0419, 8, 0xFFFFFFFF, 1};
    okapi__cfb_node_t *root = okapi__cfb_root(pool);
    okapi__item_t *item;
    props(root, OKAPI__MSG_TOP_HEADER, tags, values, 5, pool);
    stream(root, "__substg1.0_0037001E", "\xD4\xE0", 2);
    stream(root, "__substg1.0_6001101E", "\2\0\0\0\2\0\0\0\2\0\0\0", 12);
    stream(root, "__substg1.0_6001101E-00000000", "\xD4", 2);
    stream(root, "__substg1.0_6001101E-00000001", "b", 2);
    is_int(read_tree(&item, root, pool), APR_SUCCESS, "a file of 8-bit text");
    is_str(okapi__item_str(item->props, PR_SUBJECT, ""), "\xD0\xA4\xD0\xB0", "is of its locale");
    const okapi_propval_t *multi =
        okapi__item_get(item->props, OKAPI_PROP_TAG(PT_MV_UNICODE, 0x6001));
    is_int(multi->v.mv.count, 2, "values that aren't there aren't counted");
    is_str(multi->v.mv.v.str[0], "\xD0\xA4", "of text, too");
    is_int(item->props->nelts, 3, "nor are properties without a value or a name");
}

static void test_refused(apr_pool_t *pool)
{
    static const okapi_proptag_t method = PR_ATTACH_METHOD;
    static const apr_uint32_t embedded = ATTACH_EMBEDDED_MSG;
    okapi__cfb_node_t *root = okapi__cfb_root(pool), *at = root;
    okapi__item_t *item;
    is_int(read_tree(&item, root, pool), OKAPI_EFORMAT, "a compound file without a message");
    props(root, OKAPI__MSG_TOP_HEADER, NULL, NULL, 0, pool);
    is_int(read_tree(&item, root, pool), APR_SUCCESS, "a message without properties");
    for (int i = 0; i < 25; i++) {
        at = okapi__cfb_add_storage(at, "__attach_version1.0_#00000000");
        props(at, OKAPI__MSG_SUB_HEADER, &method, &embedded, 1, pool);
        at = okapi__cfb_add_storage(at, "__substg1.0_3701000D");
        props(at, OKAPI__MSG_EMBEDDED_HEADER, NULL, NULL, 0, pool);
    }
    is_int(read_tree(&item, root, pool), OKAPI_ETOOCOMPLEX, "messages nested too deeply");
    root = okapi__cfb_root(pool);
    props(root, OKAPI__MSG_TOP_HEADER, NULL, NULL, 0, pool);
    for (int i = 0; i < 2100; i++)
        props(okapi__cfb_add_storage(root, apr_psprintf(pool, "__attach_version1.0_#%08X", i)),
              OKAPI__MSG_SUB_HEADER, NULL, NULL, 0, pool);
    is_int(read_tree(&item, root, pool), OKAPI_ETOOCOMPLEX, "too many attachments");
    root = okapi__cfb_root(pool);
    stream(root, OKAPI__MSG_PROPERTIES, "short", 5);
    is_int(read_tree(&item, root, pool), OKAPI_EFORMAT, "a header that ends early");
}

int main(void)
{
    static mailbox_t mailbox;
    apr_pool_t *pool = tap_pool();
    mailbox_create(&mailbox, pool);
    mailbox_open(&mailbox, pool);
    test_round_trip(&mailbox, pool);
    test_ansi(pool);
    test_refused(pool);
    return done_testing();
}
