/* idset.c - sets of counters as bytes: the specification's examples, there and back, and
 * garbage. */
#include <inttypes.h>

#include <apr_strings.h>
#include <okapi/idset.h>

#include "tap.h"

static const okapi_guid_t replica = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
                          other = {{9}};

/* "1-3 5 7-9" */
static const char *shown(const apr_array_header_t *ranges, apr_pool_t *pool)
{
    const char *text = "";
    for (int i = 0; i < ranges->nelts; i++) {
        const okapi_idrange_t *r = &APR_ARRAY_IDX(ranges, i, okapi_idrange_t);
        text = apr_psprintf(pool, "%s%s%" PRIx64, text, i ? " " : "", r->low);
        if (r->low != r->high) {
            text = apr_psprintf(pool, "%s-%" PRIx64, text, r->high);
        }
    }
    return text;
}

/* What LEN bytes are a GLOBSET of; "?" if they aren't one. */
static const char *read_as(const void *bytes, apr_size_t len, apr_pool_t *pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, bytes, len);
    apr_array_header_t *ranges = okapi_globset_read(&r, pool);
    return okapi_reader_status(&r, 1) == APR_SUCCESS ? shown(ranges, pool) : "?";
}

#define READS(bytes, wanted, what) is_str(read_as(bytes, sizeof(bytes) - 1, pool), wanted, what)

static void reading(apr_pool_t *pool)
{
    READS("\x00", "", "nothing");
    READS("\x06\0\0\0\0\0\x05\x00", "5", "a single one");
    READS("\x52\0\0\0\0\0\x05\0\0\0\0\x01\x00\x00", "5-100", "a range");
    /* MS-OXCFXICS 3.1.5.4.3.1.3 */
    READS("\x05\0\0\0\0\0\x42\x01\xEB\x50\x00", "1-3 5 7-9", "a bitmask");
    READS("\x03\0\0\0\x02\0\x01\x01\x07\x01\x09\x50\x52\0\x02\0\0\x03\0\x50\x00",
          "107 109 200-300", "a stack");
    READS("\x04\0\0\0\0\x02\x01\x07\x52\x02\x00\x02\x05\x50\x00", "107 200-205", "pushed once");
    READS("\x05\0\0\0\0\0\x01\x09\x01\x03\x01\x04\x01\x08\x50\x00", "3-4 8-9", "in any order");
    READS("\x52\0\0\0\0\0\x05\0\0\0\0\0\x09\x52\0\0\0\0\0\x07\0\0\0\0\0\x0C\x00", "5-c",
          "what overlaps is one");
    READS("", "?", "no end");
    READS("\x50\x00", "?", "nothing to pop");
    READS("\x02\0\0\x00", "?", "something on the stack at the end");
    READS("\x04\0\0\0\0\x42\x01\x01\x50\x00", "?", "a bitmask on four bytes");
    READS("\x05\0\0\0\0\0\x42\xFF\x01\x50\x00", "?", "a bitmask beyond the last byte");
    READS("\x52\0\0\0\0\0\x05\0\0\0\0\0\x04\x00", "?", "a range that ends before it begins");
    READS("\x05\0\0\0\0\0\x02\0\0\x00", "?", "seven bytes");
    READS("\x07\0\0\0\0\0\0\0\x00", "?", "no such command");
    READS("\x06\0\0\0\0", "?", "too short");
}

static apr_array_header_t *set_of(const apr_int64_t *numbers, int n, apr_pool_t *pool)
{
    apr_array_header_t *ranges = apr_array_make(pool, 4, sizeof(okapi_idrange_t));
    for (int i = 0; i < n; i++) {
        okapi_idset_add(ranges, numbers[i]);
    }
    return ranges;
}

static void there_and_back(apr_pool_t *pool)
{
    static const apr_int64_t numbers[] = {1, 2, 3, 7, 0x100, 0x101, 0x12345, 0xFFFFFFFFFFFE,
                                          0xFFFFFFFFFFFF};
    static const char *const wanted[] = {
        "",         "1",        "1-2",          "1-3",
        "1-3 7",    "1-3 7 100", "1-3 7 100-101", "1-3 7 100-101 12345",
        "1-3 7 100-101 12345 fffffffffffe", "1-3 7 100-101 12345 fffffffffffe-ffffffffffff"};
    for (int n = 0; n <= 9; n++) {
        apr_array_header_t *ranges = set_of(numbers, n, pool), *back;
        okapi_writer_t w;
        okapi_reader_t r;
        is_str(shown(ranges, pool), wanted[n], "%d of them", n);
        okapi_writer_init(&w, 64, 1024, pool);
        okapi_globset_write(&w, ranges);
        is_str(read_as(w.data, w.len, pool), wanted[n], "there and back");
        okapi_writer_init(&w, 64, 1024, pool);
        okapi_idset_write(&w, &replica, ranges);
        okapi_idset_write(&w, &other, set_of(numbers, 1, pool));
        okapi_reader_init(&r, w.data, w.len);
        is_int(okapi_idset_read(&back, &r, &replica, pool), APR_SUCCESS, "with a replica");
        is_str(shown(back, pool), wanted[n], "of which the others don't count");
    }
    apr_array_header_t *ranges = set_of(numbers, 9, pool);
    for (int i = 0; i < 9; i++) {
        ok(okapi_idset_has(ranges, numbers[i]), "it has them");
    }
    ok(!okapi_idset_has(ranges, 0) && !okapi_idset_has(ranges, 4) && !okapi_idset_has(ranges, 6) &&
           !okapi_idset_has(ranges, 0x102),
       "and no others");
}

static void sizes(apr_pool_t *pool)
{
    apr_array_header_t *ranges = apr_array_make(pool, 4, sizeof(okapi_idrange_t));
    okapi_writer_t w;
    for (int i = 0; i < 100; i++) {
        okapi_idset_add(ranges, 0x10000 + 2 * i);
    }
    okapi_writer_init(&w, 64, 4096, pool);
    okapi_globset_write(&w, ranges);
    ok(w.len < 220, "what they have in common is said once");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    reading(pool);
    there_and_back(pool);
    sizes(pool);
    return done_testing();
}
