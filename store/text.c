/* text.c - text as the database's hot columns need it. */
#include <string.h>

#include <apr_escape.h>
#include <okapi/error.h>
#include <unicode/ucasemap.h>
#include <unicode/utf8.h>

#include "text.h"

/* Bytes of the first MAX characters of valid UTF-8. */
static apr_size_t prefix_of(const char *text, apr_size_t len, apr_size_t max)
{
    int32_t at = 0;
    while (max-- > 0 && at < (int32_t)len) {
        U8_FWD_1(text, at, (int32_t)len);
    }
    return (apr_size_t)at;
}

const char *okapi__text_clean(const char *text, apr_size_t max, apr_pool_t *result_pool)
{
    int32_t len = (int32_t)strlen(text);
    int32_t from = 0, to = 0;
    /* U+FFFD takes three bytes where at least one was wrong. */
    char *clean = apr_palloc(result_pool, (apr_size_t)len * 3 + 1);
    while (from < len && max-- > 0) {
        UChar32 c;
        U8_NEXT_OR_FFFD(text, from, len, c);
        U8_APPEND_UNSAFE(clean, to, c);
    }
    clean[to] = '\0';
    return clean;
}

const char *okapi__text_fold(const char *text, apr_size_t max, apr_pool_t *result_pool)
{
    UErrorCode error = U_ZERO_ERROR;
    UCaseMap *map = ucasemap_open("", U_FOLD_CASE_DEFAULT, &error);
    const char *clean = okapi__text_clean(text, max, result_pool);
    int32_t len = (int32_t)strlen(clean);
    int32_t size = len * 3 + 1; /* no folding is longer than three times its source */
    char *folded = apr_palloc(result_pool, (apr_size_t)size);
    int32_t n = ucasemap_utf8FoldCase(map, folded, size, clean, len, &error);
    ucasemap_close(map);
    if (U_FAILURE(error)) {
        return clean;
    }
    folded[prefix_of(folded, (apr_size_t)n, max)] = '\0';
    return folded;
}

apr_size_t okapi__text_chars(const char *text)
{
    int32_t len = (int32_t)strlen(text), at = 0;
    apr_size_t n = 0;
    for (; at < len; n++) {
        U8_FWD_1(text, at, len);
    }
    return n;
}

const char *okapi__guid_hex(const okapi_guid_t *guid, apr_pool_t *result_pool)
{
    return apr_pescape_hex(result_pool, guid->bytes, sizeof(guid->bytes), 0);
}

apr_status_t okapi__guid_of_hex(okapi_guid_t *guid, const char *hex)
{
    apr_size_t len;
    if (strlen(hex) != 2 * sizeof(guid->bytes) ||
        apr_unescape_hex(guid->bytes, hex, 2 * sizeof(guid->bytes), 0, &len) != APR_SUCCESS ||
        len != sizeof(guid->bytes)) {
        return OKAPI_ECORRUPT;
    }
    return APR_SUCCESS;
}
