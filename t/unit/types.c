/* types.c - GUIDs and times. */
#include <okapi/types.h>

#include "tap.h"

static void guids(apr_pool_t *pool)
{
    /* PS_MAPI, whose wire form MS-OXPROPS 1.3.2 and every packet show. */
    static const unsigned char wire[16] = {0x28, 0x03, 0x02, 0x00, 0, 0, 0, 0,
                                           0xC0, 0,    0,    0,    0, 0, 0, 0x46};
    static const char *const wrong[] = {"",
                                        "{",
                                        "00020328-0000-0000-C000-00000000004",
                                        "00020328-0000-0000-C000-0000000000466",
                                        "{00020328-0000-0000-C000-000000000046",
                                        "00020328-0000-0000-C000-000000000046}",
                                        "00020328x0000-0000-C000-000000000046",
                                        "0002032g-0000-0000-C000-000000000046"};
    okapi_guid_t guid, other;
    size_t i;
    const char *text;

    is_int(okapi_guid_parse(&guid, "{00020328-0000-0000-C000-000000000046}"), APR_SUCCESS,
           "with braces and capitals");
    is_mem(guid.bytes, 16, wire, 16, "wire order");
    is_str(okapi_guid_format(&guid, pool), "00020328-0000-0000-c000-000000000046", "printed");
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        is_int(okapi_guid_parse(&other, wrong[i]), APR_EINVAL, "refused: '%s'", wrong[i]);
    }
    guid = okapi_guid_create();
    other = okapi_guid_create();
    ok(!okapi_guid_equal(&guid, &other), "two new ones differ");
    text = okapi_guid_format(&guid, pool);
    ok(text[14] == '4' && strchr("89ab", text[19]) != NULL, "version 4: %s", text);
    is_int(okapi_guid_parse(&other, text), APR_SUCCESS, "read back");
    ok(okapi_guid_equal(&guid, &other), "the same");
}

static void times(void)
{
    apr_time_t now = apr_time_now();

    is_int(okapi_time_from_apr(0), 116444736000000000LL, "1970 as FILETIME");
    is_int(okapi_time_to_apr(0), -11644473600000000LL, "1601 as Unix time");
    is_int(okapi_time_to_apr(okapi_time_from_apr(now)), now, "there and back");
    is_int(okapi_time_to_apr(116444736000000000LL - 1), -1, "just before 1970");
    is_int(okapi_time_to_apr(116444736000000000LL - 10), -1, "a microsecond before 1970");
    is_int(okapi_time_to_apr(116444736000000000LL - 11), -2, "and a bit more");
    ok(okapi_time_now() >= okapi_time_from_apr(now), "now");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    guids(pool);
    times();
    return done_testing();
}
