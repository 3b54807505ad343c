/* fuzz_rule.c - the actions of rules: what is accepted is written, read and written again, the
 * same.
 *
 * Input: a byte that chooses the form, and the bytes.
 */
#include <string.h>

#include <okapi/rule.h>

#include "fuzz.h"

static const okapi_codec_t codecs[] = {{OKAPI_FORM_ROP, 1252}, {OKAPI_FORM_WIDE, 65001}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    apr_array_header_t *actions;
    okapi_writer_t w[2];
    okapi_reader_t r;

    if (size > 0) {
        const okapi_codec_t *codec = &codecs[data[0] % 2];

        okapi_reader_init(&r, data + 1, size - 1);
        okapi_actions_read(&r, &actions, codec, pool);
        if (okapi_reader_status(&r, 0) == APR_SUCCESS) {
            for (int i = 0; i < actions->nelts; i++) {
                okapi_action_folder(&APR_ARRAY_IDX(actions, i, okapi_action_t));
            }
            /* A text may grow beyond a standard rule's 16-bit sizes when it is written. */
            okapi_writer_init(&w[0], 0, 1 << 24, pool);
            okapi_actions_write(&w[0], actions, codec);
            if (okapi_writer_status(&w[0]) == APR_SUCCESS) {
                okapi_reader_init(&r, w[0].data, w[0].len);
                okapi_actions_read(&r, &actions, codec, pool);
                MUST(okapi_reader_status(&r, 1) == APR_SUCCESS);
                okapi_writer_init(&w[1], 0, 1 << 24, pool);
                okapi_actions_write(&w[1], actions, codec);
                MUST(w[0].len == w[1].len && memcmp(w[0].data, w[1].data, w[0].len) == 0);
            }
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
