/* fuzz_msg.c - any bytes as a compound file and as a .msg file: what is read is written, and that
 * is read again with as much in it. */
#include "fuzz.h"
#include "msg.h"

static okapi_binary_t written(const okapi_writer_t *w)
{
    okapi_binary_t file = {w->data, w->len};
    MUST(okapi_writer_status(w) == APR_SUCCESS);
    return file;
}

static void try_tree(okapi_binary_t file, apr_pool_t *pool)
{
    okapi__cfb_node_t *root, *again;
    const char *why;
    okapi_writer_t w;
    if (okapi__cfb_read(&root, &why, file, pool) != APR_SUCCESS) {
        MUST(*why);
        return;
    }
    okapi_writer_init(&w, 4096, 64 * 1024 * 1024, pool);
    okapi__cfb_write(&w, root);
    MUST(okapi__cfb_read(&again, &why, written(&w), pool) == APR_SUCCESS);
    MUST(again->children->nelts == root->children->nelts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_binary_t file = {data, size};
    okapi__item_t *item, *again;
    const char *why;
    try_tree(file, pool);
    if (okapi__msg_read(&item, &why, file, pool) == APR_SUCCESS) {
        okapi_writer_t w;
        okapi_writer_init(&w, 4096, 64 * 1024 * 1024, pool);
        okapi__msg_write(&w, item);
        MUST(okapi__msg_read(&again, &why, written(&w), pool) == APR_SUCCESS);
        MUST(again->recipients->nelts == item->recipients->nelts);
        MUST(again->attachments->nelts == item->attachments->nelts);
    } else {
        MUST(*why);
    }
    apr_pool_destroy(pool);
    return 0;
}
