/* fuzz_restriction.c - restrictions: what is accepted is written, read and written again, the
 * same; and evaluated against a row and its recipients.
 *
 * Input: a byte that chooses the form, and the bytes.
 */
#include <string.h>

#include <okapi/restriction.h>

#include "fuzz.h"

static const okapi_codec_t codecs[] = {
    {OKAPI_FORM_ROP, 1252}, {OKAPI_FORM_WIDE, 65001}, {OKAPI_FORM_PACKED, 0}};

static const char *const categories[] = {"Red", "Gr\xC3\xBCn"};

static const okapi_propval_t row[] = {
    {.tag = PR_IMPORTANCE, .v.i32 = 2},
    {.tag = PR_SUBJECT, .v.str = "Re: M\xC3\xBCnchner Caf\xC3\xA9 \xE3\x82\xAB"},
    {.tag = PR_CLIENT_SUBMIT_TIME, .v.time = 100},
    {.tag = PR_MESSAGE_DELIVERY_TIME, .v.time = 200},
    {.tag = PR_HASATTACH, .v.boolean = 1},
    {.tag = PR_ENTRYID, .v.bin = {(const unsigned char *)"\0\1\2", 3}},
    {.tag = OKAPI_PROP_TAG(PT_MV_UNICODE, 0x8001), .v.mv = {2, {.str = categories}}},
};

/* By the low bits of the id, so that most restrictions find something to look at. */
static const okapi_propval_t *get(void *baton, okapi_proptag_t tag)
{
    unsigned i = OKAPI_PROP_ID(tag) % 8;

    return i < sizeof(row) / sizeof(row[0]) ? &row[i] : NULL;
}

static int subobjects(void *baton, okapi_proptag_t table,
                      int (*visit)(const okapi_row_getter_t *sub, void *visit_baton),
                      void *visit_baton)
{
    okapi_row_getter_t sub = {get, NULL, NULL};

    return visit(&sub, visit_baton);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_row_getter_t getter = {get, subobjects, NULL};
    okapi_restriction_t res;
    okapi_writer_t w[2];
    okapi_reader_t r;

    if (size > 0) {
        const okapi_codec_t *codec = &codecs[data[0] % 3];

        okapi_reader_init(&r, data + 1, size - 1);
        okapi_restriction_read(&r, &res, codec, pool);
        if (okapi_reader_status(&r, 0) == APR_SUCCESS) {
            int matched = okapi_restriction_match(&res, &getter, pool);

            for (int i = 0; i < 2; i++) {
                okapi_writer_init(&w[i], 0, 1 << 24, pool);
                okapi_restriction_write(&w[i], &res, codec);
                okapi_reader_init(&r, w[i].data, w[i].len);
                okapi_restriction_read(&r, &res, codec, pool);
                MUST(okapi_reader_status(&r, 1) == APR_SUCCESS);
            }
            MUST(w[0].len == w[1].len && memcmp(w[0].data, w[1].data, w[0].len) == 0);
            MUST(okapi_restriction_match(&res, &getter, pool) == matched);
        }
        okapi_restriction_tags(&res, apr_array_make(pool, 4, sizeof(okapi_proptag_t)));
    }
    apr_pool_destroy(pool);
    return 0;
}
