/* rtf.c - RTF: compression (the examples of MS-OXRTFCP), what a document is as HTML and as text,
 * and HTML and text as RTF (the example of MS-OXRTFEX). */
#include <okapi/error.h>
#include <okapi/rtf.h>

#include <apr_strings.h>

#include "tap.h"

#define BYTES(literal) ((okapi_binary_t){(const unsigned char *)(literal), sizeof(literal) - 1})

static int same(okapi_binary_t a, okapi_binary_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ---- compression ---- */

/* MS-OXRTFCP 3.1 and 3.2 */
static const struct {
    okapi_binary_t raw, compressed;
} examples[] = {
    {BYTES("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"),
     BYTES("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72"
           "\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0"
           "\x6c\x64\x7d\x0a\x80\x0f\xa0")},
    {BYTES("{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"),
     BYTES("\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57"
           "\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0")},
};

static void test_examples(apr_pool_t *pool)
{
    for (int i = 0; i < 2; i++) {
        okapi_binary_t bytes;
        is_int(okapi_rtf_decompress(&bytes, examples[i].compressed, 1000, pool), APR_SUCCESS,
               "example %d is decompressed", i);
        ok(same(bytes, examples[i].raw), "... as the specification says");
        is_int(okapi_rtf_compress(&bytes, examples[i].raw, pool), APR_SUCCESS, "and compressed");
        ok(same(bytes, examples[i].compressed), "... as the specification says");
    }
}

/* The specification's search, byte by byte. */
static apr_size_t slow_match(const unsigned char *all, apr_size_t at, apr_size_t end,
                             apr_size_t *position)
{
    apr_size_t best = 0;
    for (apr_size_t from = at < 4096 ? 0 : at - 4095; from < at; from++) {
        apr_size_t len = 0;
        while (len < 17 && at + len < end && all[from + len] == all[at + len])
            len++;
        if (len > best) {
            best = len;
            *position = from;
        }
    }
    return best;
}

/* Do the tokens of COMPRESSED say what the slow search finds in RAW? */
static int is_by_rule(okapi_binary_t compressed, okapi_binary_t raw, apr_pool_t *pool)
{
    static const char start[] =
        "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
        "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0"
        "\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
    apr_size_t at = strlen(start), end = at + raw.len, position = 0;
    unsigned char *all = apr_palloc(pool, end + 1);
    const unsigned char *p = compressed.data + 16;
    memcpy(all, start, at);
    memcpy(all + at, raw.data, raw.len);
    for (unsigned control = 1; at < end; control >>= 1) {
        if (control == 1)
            control = 0x100u | *p++;
        apr_size_t len = slow_match(all, at, end, &position);
        if ((control & 1) != (len >= 2))
            return 0;
        if (len < 2) {
            at++;
            p++;
            continue;
        }
        if ((unsigned)(p[0] << 8 | p[1]) != ((position & 4095) << 4 | (len - 2)))
            return 0;
        at += len;
        p += 2;
    }
    return 1;
}

/* Texts of LEN bytes from few letters, so that matches are long, short, many and overlapping. */
static void test_rule(apr_pool_t *pool)
{
    unsigned seed = 4711;
    for (int letters = 1; letters <= 64; letters *= 2) {
        enum { LEN = 20000 };
        unsigned char *text = apr_palloc(pool, LEN);
        for (int i = 0; i < LEN; i++) {
            seed = seed * 1103515245u + 12345u;
            text[i] = (unsigned char)('a' + (seed >> 16) % (unsigned)letters);
        }
        okapi_binary_t raw = {text, LEN}, compressed, back;
        okapi_rtf_compress(&compressed, raw, pool);
        ok(is_by_rule(compressed, raw, pool), "of %d letters, the first longest match", letters);
        is_int(okapi_rtf_decompress(&back, compressed, LEN, pool), APR_SUCCESS, "decompressed");
        ok(same(raw, back), "and the same again");
    }
}

static void put_u32(unsigned char *p, apr_size_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

/* The LEN bytes of CONTENTS behind a header that says SIZE. */
static okapi_binary_t with_header(const char *type, apr_size_t size, const void *contents,
                                  apr_size_t len, apr_pool_t *pool)
{
    unsigned char *bytes = apr_pcalloc(pool, 16 + len);
    apr_uint32_t crc = 0;
    memcpy(bytes + 16, contents, len);
    for (apr_size_t i = 0; i < len; i++) {
        crc ^= bytes[16 + i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    put_u32(bytes, len + 12);
    put_u32(bytes + 4, size);
    memcpy(bytes + 8, type, 4);
    put_u32(bytes + 12, strcmp(type, "LZFu") == 0 ? crc : 0);
    return (okapi_binary_t){bytes, 16 + len};
}

static void test_sizes(apr_pool_t *pool)
{
    okapi_binary_t bytes, empty = {(const unsigned char *)"", 0}, raw;
    is_int(okapi_rtf_compress(&bytes, empty, pool), APR_SUCCESS, "nothing is compressed");
    is_int(okapi_rtf_decompress(&raw, bytes, 0, pool), APR_SUCCESS, "and decompressed");
    is_int((int)raw.len, 0, "to nothing");

    okapi_binary_t stored = with_header("MELA", 7, "{\\rtf1}", 7, pool);
    is_int(okapi_rtf_decompress(&raw, stored, 7, pool), APR_SUCCESS, "uncompressed");
    ok(same(raw, BYTES("{\\rtf1}")), "as it stands");
    is_int(okapi_rtf_decompress(&raw, stored, 6, pool), OKAPI_ETOOBIG, "one byte too many");
    is_int(okapi_rtf_decompress(&raw, with_header("MELA", 8, "{\\rtf1}", 7, pool), 100, pool),
           OKAPI_EFORMAT, "one byte is missing");
    is_int(okapi_rtf_decompress(&raw, with_header("LZFz", 7, "{\\rtf1}", 7, pool), 100, pool),
           OKAPI_EFORMAT, "no such compression");

    is_int(okapi_rtf_decompress(&raw, examples[0].compressed, 42, pool), OKAPI_ETOOBIG,
           "more than allowed");
    unsigned char *damaged =
        apr_pmemdup(pool, examples[0].compressed.data, examples[0].compressed.len);
    damaged[20] ^= 1;
    is_int(okapi_rtf_decompress(&raw, (okapi_binary_t){damaged, examples[0].compressed.len}, 100,
                                pool),
           OKAPI_EFORMAT, "a damaged byte is noticed by the CRC");
    for (apr_size_t len = 0; len < examples[0].compressed.len; len++)
        if (okapi_rtf_decompress(&raw, (okapi_binary_t){examples[0].compressed.data, len}, 100,
                                 pool) != OKAPI_EFORMAT)
            ok(0, "cut at %d", (int)len);
    unsigned char *padded = apr_pcalloc(pool, examples[0].compressed.len + 9);
    memcpy(padded, examples[0].compressed.data, examples[0].compressed.len);
    okapi_binary_t longer = {padded, examples[0].compressed.len + 9};
    is_int(okapi_rtf_decompress(&raw, longer, 100, pool), APR_SUCCESS, "bytes behind are ignored");
}

static void test_references(apr_pool_t *pool)
{
    okapi_binary_t raw;
    is_int(okapi_rtf_decompress(&raw, with_header("LZFu", 4, "\x01\x0d\x00", 3, pool), 100, pool),
           OKAPI_EFORMAT, "a reference to what was never written");
    is_int(okapi_rtf_decompress(&raw, with_header("LZFu", 3, "\x02\x61\x0c\xf0", 4, pool), 100,
                                pool),
           APR_SUCCESS, "a reference to the byte just written");
    ok(same(raw, BYTES("aaa")), "repeats it");

    /* A bomb says 4 GB; it has two bytes. */
    is_int(okapi_rtf_decompress(&raw, with_header("LZFu", 0xFFFFFFFF, "\x00\x61", 2, pool),
                                0xFFFFFFFF, pool),
           APR_SUCCESS, "a size that is a lie");
    is_int((int)raw.len, 1, "gives what there is");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    test_examples(pool);
    test_rule(pool);
    test_sizes(pool);
    test_references(pool);
    return done_testing();
}
