/* proptag_name.c - the symbols of property tags. */
#include <okapi/property.h>

typedef struct tag_name_t {
    okapi_proptag_t tag;
    const char *name;
} tag_name_t;

/* In the order of proptags.def: by tag. */
static const tag_name_t tag_names[] = {
#define OKAPI_PROP(symbol, tag, canonical) {(tag), #symbol},
#include <okapi/proptags.def>
#undef OKAPI_PROP
};

#define N_NAMES (sizeof(tag_names) / sizeof(tag_names[0]))

/* The index of the first row that isn't below TAG. */
static apr_size_t lower_bound(okapi_proptag_t tag)
{
    apr_size_t low = 0;
    apr_size_t high = N_NAMES;

    while (low < high) {
        apr_size_t middle = (low + high) / 2;

        if (tag_names[middle].tag < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *okapi_proptag_name(okapi_proptag_t tag)
{
    apr_size_t i = lower_bound(tag);

    if (i < N_NAMES && tag_names[i].tag == tag)
        return tag_names[i].name;
    i = lower_bound(OKAPI_PROP_RETYPE(tag, 0));
    return i < N_NAMES && OKAPI_PROP_ID(tag_names[i].tag) == OKAPI_PROP_ID(tag) ? tag_names[i].name
                                                                              : NULL;
}
