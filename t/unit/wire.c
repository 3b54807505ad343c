/* wire.c - the bounded reader and writer, and the conversion between UTF-8 and UTF-16LE. */
#include <okapi/error.h>
#include <okapi/wire.h>

#include "tap.h"

static void test_integers(apr_pool_t *pool)
{
    static const unsigned char want[] = {
        0x12, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0xEF, 0xCD, 0xAB, 0x89, 0x67,
        0x45, 0x23, 0x01, 0x00, 0x00, 0x12, 0x34, 0x56, 0x78,
    };
    okapi_writer_t w;
    okapi_reader_t r;

    okapi_writer_init(&w, 0, 100, pool);
    okapi_write_u8(&w, 0x12);
    okapi_write_u16(&w, 0x1234);
    okapi_write_u32(&w, 0x12345678);
    okapi_write_u64(&w, 0x0123456789ABCDEFu);
    okapi_write_u48be(&w, 0x12345678);
    is_mem(w.data, w.len, want, sizeof(want), "integers are little-endian, counters big-endian");

    okapi_reader_init(&r, w.data, w.len);
    is_int(okapi_read_u8(&r), 0x12, "u8");
    is_int(okapi_read_u16(&r), 0x1234, "u16");
    is_int(okapi_read_u32(&r), 0x12345678, "u32");
    is_int(okapi_read_u64(&r), 0x0123456789ABCDEF, "u64");
    is_int(okapi_read_u48be(&r), 0x12345678, "u48be");
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "all was read");
    is_int(okapi_read_u8(&r), 0, "a read past the end yields zero");
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "and fails");
}

static void test_failure_sticks(void)
{
    okapi_reader_t r;
    okapi_reader_t sub;

    okapi_reader_init(&r, "\1\2\3", 3);
    is_int(okapi_read_u32(&r), 0, "four bytes of three yield zero");
    is_int(okapi_read_u8(&r), 0, "and so does everything after");
    ok(okapi_read_bytes(&r, 0) == NULL, "even nothing");
    is_int(okapi_reader_left(&r), 0, "nothing is left");
    is_str(okapi_read_str8z(&r), "", "a string is empty");
    sub = okapi_read_sub(&r, 0);
    is_int(okapi_reader_status(&sub, 0), OKAPI_EFORMAT, "a reader over nothing failed too");

    okapi_reader_init(&r, NULL, 0);
    ok(okapi_read_bytes(&r, 0) != NULL, "nothing of nothing is something");
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "and no failure");

    okapi_reader_init(&r, "ab", 2);
    is_int(okapi_reader_status(&r, 1), OKAPI_EFORMAT, "bytes left over are a failure at the end");
    is_int(okapi_reader_status(&r, 0), APR_SUCCESS, "but not before");
}

static void test_sub_and_count(void)
{
    okapi_reader_t r;
    okapi_reader_t sub;

    okapi_reader_init(&r, "\1\2\3\4\5\6", 6);
    sub = okapi_read_sub(&r, 2);
    is_int(okapi_read_u16(&sub), 0x0201, "a sub-reader has its bytes");
    is_int(okapi_read_u8(&sub), 0, "and no more");
    is_int(okapi_read_u8(&r), 3, "its failure is its own");
    is_int(okapi_read_count(&r, 3, 1), 3, "a count that fits");
    is_int(okapi_read_count(&r, 2, 2), 0, "one that does not");
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "fails");

    okapi_reader_init(&r, "\1\2\3\4\5\6", 6);
    is_int(okapi_read_count(&r, 0x8000000000000001u, 2), 0, "a count whose product overflows");
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "fails");
}

static void test_writer_limit(apr_pool_t *pool)
{
    okapi_writer_t w;

    okapi_writer_init(&w, 2, 6, pool);
    okapi_write_u32(&w, 1);
    is_int(okapi_writer_status(&w), APR_SUCCESS, "within the limit");
    okapi_write_u32(&w, 2);
    is_int(okapi_writer_status(&w), OKAPI_EBUFFERTOOSMALL, "beyond it");
    is_int(w.len, 4, "what does not fit is not begun");
    okapi_write_u8(&w, 3);
    is_int(w.len, 4, "and nothing follows it");
    okapi_writer_truncate(&w, 2);
    okapi_write_u32(&w, 0x04030201);
    is_int(okapi_writer_status(&w), APR_SUCCESS, "undone, it goes on");
    is_mem(w.data, w.len, "\1\0\1\2\3\4", 6, "from where it was cut");
    okapi_write_u16_at(&w, 0, 0x0605);
    is_mem(w.data, w.len, "\5\6\1\2\3\4", 6, "a value is filled in afterwards");
    okapi_write_u32_at(&w, 3, 0);
    is_int(okapi_writer_status(&w), OKAPI_EBUFFERTOOSMALL, "but not past the end");
}

static void test_growth(apr_pool_t *pool)
{
    okapi_writer_t w;
    int same = 1;

    okapi_writer_init(&w, 1, 100000, pool);
    for (int i = 0; i < 100000; i++)
        okapi_write_u8(&w, (apr_byte_t)(i * 7));
    for (int i = 0; i < 100000; i++)
        same &= w.data[i] == (unsigned char)(i * 7);
    is_int(okapi_writer_status(&w), APR_SUCCESS, "100,000 bytes, one by one");
    ok(same, "are all there");
    okapi_write_u8(&w, 0);
    is_int(okapi_writer_status(&w), OKAPI_EBUFFERTOOSMALL, "and not one more");
}

static void check_utf16(const char *utf8, const char *utf16, apr_size_t len, const char *back,
                        const char *name, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_reader_t r;

    okapi_writer_init(&w, 0, 1000, pool);
    okapi_write_str16z(&w, utf8);
    is_mem(w.data, w.len, utf16, len, "%s to UTF-16", name);
    okapi_reader_init(&r, w.data, w.len);
    is_str(okapi_read_str16z(&r, pool), back, "%s and back", name);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "%s was read to the end", name);
}

#define LITERAL(s) (s), sizeof(s) - 1

static void test_strings(apr_pool_t *pool)
{
    okapi_reader_t r;

    check_utf16("", LITERAL("\0\0"), "", "nothing", pool);
    check_utf16("A\xC3\xA4\xE2\x82\xAC", LITERAL("A\0\xE4\0\xAC\x20\0\0"), "A\xC3\xA4\xE2\x82\xAC",
                "one, two and three bytes", pool);
    check_utf16("\xF0\x9F\x98\x80", LITERAL("\x3D\xD8\x00\xDE\0\0"), "\xF0\x9F\x98\x80",
                "a character beyond the first plane", pool);
    check_utf16("\xED\xA0\x80!", LITERAL("\xFD\xFF\xFD\xFF\xFD\xFF!\0\0\0"),
                "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD!", "a surrogate in UTF-8", pool);
    check_utf16("\xE2\x82", LITERAL("\xFD\xFF\0\0"), "\xEF\xBF\xBD", "a cut sequence", pool);
    check_utf16("\xC0\xAF\xF5", LITERAL("\xFD\xFF\xFD\xFF\xFD\xFF\0\0"),
                "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", "overlong and out of range", pool);

    is_str(okapi_utf16_decode(LITERAL("\x3D\xD8" "A\0"), pool), "\xEF\xBF\xBD" "A",
           "a lone high surrogate");
    is_str(okapi_utf16_decode(LITERAL("\x00\xDE" "A\0"), pool), "\xEF\xBF\xBD" "A",
           "a lone low surrogate");
    is_str(okapi_utf16_decode(LITERAL("A\0\x3D\xD8"), pool), "A\xEF\xBF\xBD",
           "a high surrogate at the end");
    is_str(okapi_utf16_decode(LITERAL("A\0\0\0B\0"), pool), "A", "text ends at a zero");
    is_str(okapi_utf16_decode(LITERAL("A\0B"), pool), "A", "an odd byte is no character");

    okapi_reader_init(&r, LITERAL("A\0B\0\0"));
    is_str(okapi_read_str16z(&r, pool), "", "no terminator: nothing");
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "and a failure");
    okapi_reader_init(&r, LITERAL("AB"));
    is_str(okapi_read_str8z(&r), "", "no terminator: nothing");
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "and a failure");
    okapi_reader_init(&r, LITERAL("AB\0C\0"));
    is_str(okapi_read_str8z(&r), "AB", "the first of two strings");
    is_str(okapi_read_str8z(&r), "C", "and the second");
}

static void test_guid(apr_pool_t *pool)
{
    static const okapi_guid_t guid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    okapi_writer_t w;
    okapi_reader_t r;
    okapi_guid_t got;

    okapi_writer_init(&w, 0, 16, pool);
    okapi_write_guid(&w, &guid);
    okapi_reader_init(&r, w.data, w.len);
    got = okapi_read_guid(&r);
    is_mem(got.bytes, 16, guid.bytes, 16, "a GUID");
    got = okapi_read_guid(&r);
    is_mem(got.bytes, 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "past the end it is null");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    test_integers(pool);
    test_failure_sticks();
    test_sub_and_count();
    test_writer_limit(pool);
    test_growth(pool);
    test_strings(pool);
    test_guid(pool);
    return done_testing();
}
