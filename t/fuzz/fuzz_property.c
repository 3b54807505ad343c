/* fuzz_property.c - tagged values in every form, rows, and packed sets. What is accepted is
 * written, read and written again: the second writing equals the first.
 *
 * Input: a byte that chooses what to decode, and the bytes.
 */
#include <string.h>

#include <okapi/property.h>

#include "fuzz.h"

static const okapi_codec_t codecs[] = {
    {OKAPI_FORM_ROP, 1252}, {OKAPI_FORM_WIDE, 65001}, {OKAPI_FORM_PACKED, 0}};

static const okapi_proptag_t columns[] = {
    PR_SUBJECT, PR_IMPORTANCE, OKAPI_PROP_TAG(PT_UNSPECIFIED, 0x3001),
    OKAPI_PROP_TAG(PT_MV_UNICODE | MV_INSTANCE, 0x8001), PR_ENTRYID};

#define N_COLUMNS ((int)(sizeof(columns) / sizeof(columns[0])))

static void same(const okapi_writer_t *a, const okapi_writer_t *b)
{
    MUST(!a->failed && !b->failed && a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

static void fuzz_tagged(okapi_reader_t *r, const okapi_codec_t *codec, apr_pool_t *pool)
{
    okapi_propval_t v;
    okapi_propval_t copy;
    okapi_writer_t w[2];
    okapi_reader_t again;

    okapi_tagged_read(r, &v, codec, pool);
    copy = okapi_propval_dup(&v, pool);
    MUST(okapi_propval_compare(&v, &copy, 0) == 0 && okapi_propval_compare(&v, &copy, 1) == 0);
    MUST(okapi_propval_size(&v) == okapi_propval_size(&copy));
    if (okapi_reader_status(r, 0))
        return;
    for (int i = 0; i < 2; i++) {
        okapi_writer_init(&w[i], 0, 1 << 24, pool);
        okapi_tagged_write(&w[i], &v, codec);
        okapi_reader_init(&again, w[i].data, w[i].len);
        okapi_tagged_read(&again, &v, codec, pool);
        MUST(okapi_reader_status(&again, 1) == APR_SUCCESS);
    }
    same(&w[0], &w[1]);
}

static void fuzz_row(okapi_reader_t *r, const okapi_codec_t *codec, apr_pool_t *pool)
{
    okapi_propval_t values[N_COLUMNS];
    okapi_writer_t w[2];
    okapi_reader_t again;

    okapi_proprow_read(r, columns, N_COLUMNS, values, codec, pool);
    if (okapi_reader_status(r, 0))
        return;
    for (int i = 0; i < 2; i++) {
        okapi_writer_init(&w[i], 0, 1 << 24, pool);
        okapi_proprow_write(&w[i], columns, values, N_COLUMNS, codec);
        okapi_reader_init(&again, w[i].data, w[i].len);
        okapi_proprow_read(&again, columns, N_COLUMNS, values, codec, pool);
        MUST(okapi_reader_status(&again, 1) == APR_SUCCESS);
    }
    same(&w[0], &w[1]);
}

static void fuzz_set(const uint8_t *data, size_t size, apr_pool_t *pool)
{
    okapi_props_t *props;
    okapi_writer_t w[2];

    if (okapi_props_unpack(&props, data, size, pool))
        return;
    for (int i = 0; i < 2; i++) {
        okapi_writer_init(&w[i], 0, 1 << 24, pool);
        okapi_props_pack(&w[i], props);
        MUST(okapi_props_unpack(&props, w[i].data, w[i].len, pool) == APR_SUCCESS);
    }
    same(&w[0], &w[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_reader_t r;

    if (size > 0) {
        okapi_reader_init(&r, data + 1, size - 1);
        if (data[0] % 7 < 3)
            fuzz_tagged(&r, &codecs[data[0] % 7], pool);
        else if (data[0] % 7 < 6)
            fuzz_row(&r, &codecs[data[0] % 7 - 3], pool);
        else
            fuzz_set(data + 1, size - 1, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
