/* types.c - GUIDs and times. */
#include <string.h>

#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <okapi/types.h>

/* ---- GUIDs: the first three fields are little-endian on the wire (MS-DTYP 2.3.4.2) but written
 * with the most significant digit first (2.3.4.3) ---- */

/* The byte in wire order that the Nth pair of digits shows. */
static const unsigned char printed[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

/* A '-' stands before these pairs. */
static int dash_before(int pair)
{
    return pair == 4 || pair == 6 || pair == 8 || pair == 10;
}

okapi_guid_t okapi_guid_create(void)
{
    okapi_guid_t guid;

    apr_generate_random_bytes(guid.bytes, sizeof(guid.bytes));
    guid.bytes[7] = (unsigned char)((guid.bytes[7] & 0x0f) | 0x40); /* version 4, RFC 4122 4.4 */
    guid.bytes[8] = (unsigned char)((guid.bytes[8] & 0x3f) | 0x80);
    return guid;
}

const char *okapi_guid_format(const okapi_guid_t *guid, apr_pool_t *result_pool)
{
    static const char digits[] = "0123456789abcdef";
    char *text = apr_palloc(result_pool, 37), *p = text;
    int i;

    for (i = 0; i < 16; i++) {
        unsigned char byte = guid->bytes[printed[i]];
        if (dash_before(i)) {
            *p++ = '-';
        }
        *p++ = digits[byte >> 4];
        *p++ = digits[byte & 0x0f];
    }
    *p = '\0';
    return text;
}

static int hex_digit(char c)
{
    if (!apr_isxdigit(c)) {
        return -1;
    }
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

apr_status_t okapi_guid_parse(okapi_guid_t *guid, const char *text)
{
    okapi_guid_t result;
    int braces = *text == '{', i;

    text += braces;
    for (i = 0; i < 16; i++) {
        int high, low;
        if (dash_before(i) && *text++ != '-') {
            return APR_EINVAL;
        }
        high = hex_digit(text[0]);
        low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0) {
            return APR_EINVAL;
        }
        result.bytes[printed[i]] = (unsigned char)(high << 4 | low);
        text += 2;
    }
    if (strcmp(text, braces ? "}" : "") != 0) {
        return APR_EINVAL;
    }
    *guid = result;
    return APR_SUCCESS;
}

int okapi_guid_equal(const okapi_guid_t *a, const okapi_guid_t *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* ---- times ---- */

#define FILETIME_OF_1970 APR_INT64_C(116444736000000000)

okapi_time_t okapi_time_from_apr(apr_time_t t)
{
    return t * 10 + FILETIME_OF_1970;
}

apr_time_t okapi_time_to_apr(okapi_time_t t)
{
    okapi_time_t since = t - FILETIME_OF_1970;

    /* Towards the past, so that times before 1970 keep their order with those after it. */
    return since >= 0 ? since / 10 : -((9 - since) / 10);
}

okapi_time_t okapi_time_now(void)
{
    return okapi_time_from_apr(apr_time_now());
}
