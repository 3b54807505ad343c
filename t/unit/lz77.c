/* lz77.c - decompression, with the examples of MS-XCA 3.1 and what a hostile client may send. */
#include "tap.h"

#include "lz77.h"

static const unsigned char alphabet[] = {0x3f, 0x00, 0x00, 0x00, 'a', 'b', 'c', 'd', 'e', 'f',
                                         'g',  'h',  'i',  'j',  'k', 'l', 'm', 'n', 'o', 'p',
                                         'q',  'r',  's',  't',  'u', 'v', 'w', 'x', 'y', 'z'};
static const unsigned char abc100[] = {0xff, 0xff, 0xff, 0x1f, 'a',  'b', 'c',
                                       0x17, 0x00, 0x0f, 0xff, 0x26, 0x01};

static void spec_examples(void)
{
    unsigned char out[300], want[300];
    apr_status_t rv = mapi_lz77_decompress(out, 26, alphabet, sizeof(alphabet));

    is_int(rv, APR_SUCCESS, "literals only");
    is_mem(out, 26, "abcdefghijklmnopqrstuvwxyz", 26, "the alphabet");
    for (int i = 0; i < 300; i++)
        want[i] = "abc"[i % 3];
    rv = mapi_lz77_decompress(out, 300, abc100, sizeof(abc100));
    is_int(rv, APR_SUCCESS, "one long match that overlaps itself");
    is_mem(out, 300, want, 300, "abc 100 times");
}

/* Flags: a literal, then matches. Each match is of 'a', one byte back. */
static void lengths(void)
{
    static const unsigned char shared[] = {
        0xff, 0xff, 0xff, 0x7f, 'a',
        0x07, 0x00, 0x21, 0x07, 0x00}; /* nibbles 1 and 2 in one byte */
    static const unsigned char byte[] = {0xff, 0xff, 0xff, 0x7f, 'a', 0x07, 0x00, 0x0f, 0x02};
    static const unsigned char word[] = {0xff, 0xff, 0xff, 0x7f, 'a', 0x07,
                                         0x00, 0x0f, 0xff, 0x26, 0x01};
    static const unsigned char dword[] = {0xff, 0xff, 0xff, 0x7f, 'a',  0x07, 0x00, 0x0f,
                                          0xff, 0x00, 0x00, 0x26, 0x01, 0x00, 0x00};
    unsigned char out[512];

    is_int(mapi_lz77_decompress(out, 1 + 11 + 12, shared, sizeof(shared)), APR_SUCCESS,
           "two lengths share a byte");
    is_int(mapi_lz77_decompress(out, 1 + 27, byte, sizeof(byte)), APR_SUCCESS, "in a byte");
    is_int(mapi_lz77_decompress(out, 1 + 297, word, sizeof(word)), APR_SUCCESS, "in 16 bits");
    is_int(mapi_lz77_decompress(out, 1 + 297, dword, sizeof(dword)), APR_SUCCESS, "in 32 bits");
}

static void malformed(void)
{
    static const unsigned char before[] = {0xff, 0xff, 0xff, 0x7f, 'a', 0x08, 0x00};
    static const unsigned char small[] = {0xff, 0xff, 0xff, 0x7f, 'a', 0x07,
                                          0x00, 0x0f, 0xff, 0x15, 0x00};
    unsigned char out[300];

    for (apr_size_t n = 0; n < sizeof(abc100); n++)
        is_int(mapi_lz77_decompress(out, 300, abc100, n), OKAPI_EFORMAT, "cut after %d bytes",
               (int)n);
    is_int(mapi_lz77_decompress(out, 299, abc100, sizeof(abc100)), OKAPI_EFORMAT,
           "a match beyond the end");
    is_int(mapi_lz77_decompress(out, 27, alphabet, sizeof(alphabet)), OKAPI_EFORMAT,
           "less than announced");
    is_int(mapi_lz77_decompress(out, 5, before, sizeof(before)), OKAPI_EFORMAT,
           "a match before the beginning");
    is_int(mapi_lz77_decompress(out, 24, small, sizeof(small)), OKAPI_EFORMAT,
           "16 bits for a length that needs fewer");
    is_int(mapi_lz77_decompress(out, 0, abc100, 0), APR_SUCCESS, "nothing is nothing");
}

int main(void)
{
    tap_pool();
    spec_examples();
    lengths();
    malformed();
    return done_testing();
}
