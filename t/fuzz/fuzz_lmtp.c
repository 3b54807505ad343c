/* fuzz_lmtp.c - the arguments of MAIL and RCPT, and texts that end with a dot: the same text comes
 * out wherever it is cut, and one without dots at the beginnings of lines as it is. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "dots.h"
#include "path.h"

static apr_pool_t *pool;

typedef struct text_t {
    char *data;
    apr_size_t len;
} text_t;

static void add(void *baton, const char *data, apr_size_t len)
{
    text_t *text = baton;

    memcpy(text->data + text->len, data, len);
    text->len += len;
}

/* The text of DATA, given in pieces of at most PIECE bytes; returns how many bytes were used. */
static apr_size_t decode(text_t *text, gw_dots_e *state, const char *data, apr_size_t size,
                         apr_size_t piece)
{
    apr_size_t at = 0;

    *text = (text_t){apr_palloc(pool, size + 1), 0};
    *state = GW_DOTS_BEGIN;
    while (at < size && *state != GW_DOTS_END) {
        at += gw_dots(state, data + at, size - at < piece ? size - at : piece, add, text);
    }
    return at;
}

static void check_dots(const char *data, apr_size_t size)
{
    text_t whole, cut;
    gw_dots_e state, cut_state;
    apr_size_t used = decode(&whole, &state, data, size, size + 1);

    for (apr_size_t piece = 1; piece < 5; piece++) {
        if (decode(&cut, &cut_state, data, size, piece) != used || cut_state != state ||
            cut.len != whole.len || memcmp(cut.data, whole.data, cut.len) != 0) {
            abort();
        }
    }
    if (whole.len > used) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    gw_path_t path;

    if (pool == NULL && (apr_initialize() || apr_pool_create(&pool, NULL))) {
        abort();
    }
    apr_pool_clear(pool);
    check_dots((const char *)data, size);
    const char *text = apr_pstrcat(pool, "TO:", apr_pstrmemdup(pool, (const char *)data, size),
                                   NULL);
    if (gw_path_parse(&path, text, "TO:", pool) == NULL &&
        (strlen(path.address) > 320 || strpbrk(path.address, "\r\n") != NULL)) {
        abort();
    }
    return 0;
}
