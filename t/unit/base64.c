/* base64.c - base64 as mail programs write it: recognized, and any part of it made again. */
#include "base64.h"
#include "tap.h"

/* DATA in lines of LINE characters (0: one), with EOL between them: written the plain way. */
static okapi_binary_t encode(const unsigned char *data, size_t len, size_t line, const char *eol,
                             apr_pool_t *pool)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char *out = apr_palloc(pool, len * 6 + 16);
    size_t n = 0, column = 0;
    for (size_t i = 0; i < len; i += 3) {
        unsigned v = (unsigned)data[i] << 16 | (i + 1 < len ? (unsigned)data[i + 1] << 8 : 0) |
                     (i + 2 < len ? data[i + 2] : 0);
        for (int j = 0; j < 4; j++) {
            if (line && column == line) {
                memcpy(out + n, eol, strlen(eol));
                n += strlen(eol);
                column = 0;
            }
            out[n++] = i + (size_t)j > len ? '=' : (unsigned char)alphabet[v >> (18 - 6 * j) & 63];
            column++;
        }
    }
    return (okapi_binary_t){out, n};
}

static int any_part(const okapi__base64_t *form, okapi_binary_t text, const unsigned char *data)
{
    unsigned char part[1000];
    for (int i = 0; i < 300; i++) {
        apr_size_t at = (apr_size_t)rand() % text.len, n = 1 + (apr_size_t)rand() % sizeof(part);
        apr_uint64_t first;
        apr_size_t count;
        n = n < text.len - at ? n : text.len - at;
        okapi__base64_span(form, at, n, &first, &count);
        if (first + count > form->size) {
            return 0;
        }
        okapi__base64_write(part, form, at, n, data + first);
        if (memcmp(part, text.data + at, n) != 0) {
            diag("%d bytes at %d", (int)n, (int)at);
            return 0;
        }
    }
    return 1;
}

static void test_forms(const unsigned char *data, apr_pool_t *pool)
{
    static const size_t sizes[] = {1, 2, 3, 4, 56, 57, 58, 114, 4097, 50000};
    static const size_t lines[] = {0, 1, 4, 60, 64, 71, 72, 76, 998};
    static const char *const eols[] = {"\n", "\r\n"};
    int matched = 1, parts = 1;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t j = 0; j < 2 * sizeof(lines) / sizeof(lines[0]); j++) {
            okapi__base64_t form;
            okapi_binary_t text = encode(data, sizes[i], lines[j / 2], eols[j % 2], pool);
            matched &= okapi__base64_match(&form, text, (okapi_binary_t){data, sizes[i]});
            matched &= okapi__base64_length(&form) == text.len;
            parts &= any_part(&form, text, data);
        }
    }
    ok(matched, "every length of line, with both line ends");
    ok(parts, "any part of each");
}

static void test_others(const unsigned char *data, apr_pool_t *pool)
{
    okapi__base64_t form;
    okapi_binary_t bytes = {data, 300};
    struct {
        const char *name;
        okapi_binary_t text;
    } rows[] = {
        {"empty", {(const unsigned char *)"", 0}},
        {"another byte", encode(data + 1, 300, 76, "\n", pool)},
        {"one byte less", encode(data, 299, 76, "\n", pool)},
        {"line ends of another kind", encode(data, 300, 76, "\r", pool)},
        {"an empty line first", encode(data, 300, 76, "\n", pool)},
        {"a blank", encode(data, 300, 76, "\n", pool)},
        {"mixed line ends", encode(data, 300, 76, "\r\n", pool)},
    };
    ((unsigned char *)rows[4].text.data)[0] = '\n';
    ((unsigned char *)rows[5].text.data)[100] = ' ';
    ((unsigned char *)rows[6].text.data)[2 * 78 - 2] = '\n';
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ok(!okapi__base64_match(&form, rows[i].text, bytes), "no form: %s", rows[i].name);
    }
    ok(!okapi__base64_match(&form, rows[0].text, rows[0].text), "nothing isn't base64");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    unsigned char *data = apr_palloc(pool, 50000);
    srand(3);
    for (int i = 0; i < 50000; i++) {
        data[i] = (unsigned char)(rand() >> 7);
    }
    test_forms(data, pool);
    test_others(data, pool);
    return done_testing();
}
