/* property.c - property tags, values, sets and their codecs. */
#include <okapi/property.h>

#include "tap.h"

static void test_tags(void)
{
    static const okapi_proptag_t tags[] = {
#define OKAPI_PROP(symbol, tag, canonical) symbol,
#include <okapi/proptags.def>
#undef OKAPI_PROP
    };
    int n = (int)(sizeof(tags) / sizeof(tags[0]));
    int in_order = 1;

    for (int i = 1; i < n; i++)
        in_order &= tags[i - 1] < tags[i];
    ok(in_order, "%d tags are in order, none twice", n);
    ok(PR_EMS_AB_CONTAINERID == 0xFFFD0003u && PR_EMS_AB_MEMBER > PR_SUBJECT,
       "tags of the address book are unsigned");
    is_str(okapi_proptag_name(PR_SUBJECT), "PR_SUBJECT", "a tag's name");
    is_str(okapi_proptag_name(0x0037001E), "PR_SUBJECT", "with another type");
    is_str(okapi_proptag_name(0x10130102), "PR_HTML", "one id with two types");
    is_str(okapi_proptag_name(0x1013001F), "PR_BODY_HTML", "and the other");
    is_str(okapi_proptag_name(0xFFFD0003), "PR_EMS_AB_CONTAINERID", "the last");
    is_str(okapi_proptag_name(0x80010003), NULL, "none has it");
    is_str(okapi_proptag_name(0xFFFE0003), NULL, "beyond the last");
}

int main(void)
{
    tap_pool();
    test_tags();
    return done_testing();
}
