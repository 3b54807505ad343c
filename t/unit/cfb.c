/* cfb.c - compound files: what is written is read, and no chain or tree of a broken one runs on. */
#include "cfb.h"

#include <apr_strings.h>
#include <okapi/error.h>

#include "tap.h"

static okapi_binary_t filled(apr_size_t len, int byte, apr_pool_t *pool)
{
    okapi_binary_t data = {memset(apr_palloc(pool, len + 1), byte, len + 1), len};
    return data;
}

static okapi_binary_t image_of(const okapi__cfb_node_t *root, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 65536, 100 * 1024 * 1024, pool);
    okapi__cfb_write(&w, root);
    okapi_binary_t image = {w.data, w.len};
    return image;
}

static apr_status_t read_image(okapi__cfb_node_t **root, okapi_binary_t image, apr_pool_t *pool)
{
    const char *why;
    apr_status_t status = okapi__cfb_read(root, &why, image, pool);
    if (status != APR_SUCCESS)
        diag("%s", why);
    return status;
}

/* Streams around all sizes that matter; one needs a list of FAT sectors beyond the header's. */
static void test_sizes(apr_pool_t *pool)
{
    static const apr_size_t sizes[] = {0,    1,    63,   64,    65,         511,     512,
                                       4095, 4096, 4097, 70000, 120 * 1024, 9000000, 130};
    enum { N = sizeof(sizes) / sizeof(sizes[0]) };
    okapi__cfb_node_t *root = okapi__cfb_root(pool), *again;
    for (int i = 0; i < N; i++)
        okapi__cfb_add_stream(root, apr_psprintf(pool, "stream %d", i),
                              filled(sizes[i], 'a' + i, pool));
    is_int(read_image(&again, image_of(root, pool), pool), APR_SUCCESS, "it is read again");
    is_int(again->children->nelts, N, "with all streams");
    for (int i = 0; i < N; i++) {
        okapi__cfb_node_t *node = okapi__cfb_find(again, apr_psprintf(pool, "STREAM %d", i));
        okapi_binary_t want = filled(sizes[i], 'a' + i, pool);
        is_mem(node->data.data, node->data.len, want.data, want.len, "%ld bytes", (long)sizes[i]);
    }
}

static void test_tree(apr_pool_t *pool)
{
    okapi__cfb_node_t *root = okapi__cfb_root(pool), *at = root, *again;
    for (int i = 0; i < 500; i++)
        okapi__cfb_add_stream(root, apr_psprintf(pool, "%d", i), filled(8, i, pool));
    for (int i = 0; i < 40; i++)
        at = okapi__cfb_add_storage(at, "deeper");
    okapi__cfb_add_stream(at, "bottom", filled(3, 'b', pool));
    is_int(read_image(&again, image_of(root, pool), pool), APR_SUCCESS, "a tree is read again");
    is_int(again->children->nelts, 501, "as broad");
    for (int i = 0; i < 40; i++)
        again = okapi__cfb_find(again, "Deeper");
    ok(okapi__cfb_find(again, "bottom") != NULL, "and as deep");
    for (int i = 0; i < 100; i++)
        at = okapi__cfb_add_storage(at, "deeper");
    is_int(read_image(&again, image_of(root, pool), pool), OKAPI_ETOOCOMPLEX, "but not too deep");
}

/* ---- broken ones ---- */

static void put_u32(unsigned char *p, apr_uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

static apr_uint32_t get_u32(const unsigned char *p)
{
    return p[0] | (apr_uint32_t)p[1] << 8 | (apr_uint32_t)p[2] << 16 | (apr_uint32_t)p[3] << 24;
}

typedef struct broken_t {
    unsigned char *image, *fat, *directory;
    apr_size_t len;
} broken_t;

/* Two large streams and a small one in a file of its own. */
static broken_t broken(apr_pool_t *pool)
{
    okapi__cfb_node_t *root = okapi__cfb_root(pool);
    okapi__cfb_add_stream(root, "a", filled(5000, 'a', pool));
    okapi__cfb_add_stream(root, "b", filled(6000, 'b', pool));
    okapi__cfb_add_stream(root, "c", filled(60, 'c', pool));
    okapi_binary_t image = image_of(root, pool);
    broken_t b = {apr_pmemdup(pool, image.data, image.len), NULL, NULL, image.len};
    b.directory = b.image + 512 + (apr_size_t)get_u32(b.image + 48) * 512;
    b.fat = b.image + 512 + (apr_size_t)get_u32(b.image + 76) * 512;
    return b;
}

static void refused(const broken_t *b, const char *what, apr_pool_t *pool)
{
    okapi__cfb_node_t *root;
    okapi_binary_t image = {b->image, b->len};
    is_int(read_image(&root, image, pool), OKAPI_EFORMAT, "%s", what);
}

static void test_broken(apr_pool_t *pool)
{
    broken_t b = broken(pool);
    put_u32(b.fat, 0);
    refused(&b, "a chain in a circle", pool);
    b = broken(pool);
    put_u32(b.fat + 4 * 3, 0x00FFFFFF);
    refused(&b, "a chain out of the file", pool);
    b = broken(pool);
    put_u32(b.fat + 4 * 3, OKAPI__CFB_ENDOFCHAIN);
    refused(&b, "a chain that is too short", pool);
    b = broken(pool);
    put_u32(b.directory + 128 * 2 + 116, 0);
    refused(&b, "two streams in one place", pool);
    b = broken(pool);
    put_u32(b.directory + 128 + 120, 0x7FFFFFFF);
    refused(&b, "a stream longer than the file", pool);
    b = broken(pool);
    put_u32(b.directory + 128 * 2 + 72, 2);
    refused(&b, "an entry beside itself", pool);
    b = broken(pool);
    put_u32(b.directory + 76, 77777);
    refused(&b, "an entry that isn't there", pool);
    b = broken(pool);
    put_u32(b.image + 48, get_u32(b.image + 76));
    refused(&b, "a directory in the allocation table", pool);
    b = broken(pool);
    put_u32(b.image + 68, get_u32(b.image + 76));
    refused(&b, "a list of the table in the table", pool);
    b = broken(pool);
    b.image[30] = 31;
    refused(&b, "sectors of 2 GB", pool);
    b = broken(pool);
    for (apr_size_t n = 0; n < b.len; n += 7) {
        okapi__cfb_node_t *root;
        const char *why;
        okapi_binary_t part = {apr_pmemdup(pool, b.image, n + 1), n};
        okapi__cfb_read(&root, &why, part, pool);
    }
    b.len -= 100;
    okapi__cfb_node_t *root;
    okapi_binary_t cut = {b.image, b.len};
    is_int(read_image(&root, cut, pool), APR_SUCCESS, "a last sector may be cut off");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    test_sizes(pool);
    test_tree(pool);
    test_broken(pool);
    return done_testing();
}
