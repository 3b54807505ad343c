/* property.c - property tags, values, sets and their codecs. */
#include <okapi/error.h>
#include <okapi/property.h>
#include <okapi/restriction.h>

#include "mapi/proptype.h"
#include "tap.h"

#define COUNT_OF(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define LITERAL(s)  (s), sizeof(s) - 1

static const okapi_codec_t rop = {OKAPI_FORM_ROP, 1252};
static const okapi_codec_t wide = {OKAPI_FORM_WIDE, 1252};
static const okapi_codec_t packed = {OKAPI_FORM_PACKED, 0};

/* ---- tags ---- */

static void test_tags(void)
{
    static const okapi_proptag_t tags[] = {
#define OKAPI_PROP(symbol, tag, canonical) symbol,
#include <okapi/proptags.def>
#undef OKAPI_PROP
    };
    int in_order = 1;
    int typed = 1;

    for (int i = 0; i < COUNT_OF(tags); i++) {
        int multiple;

        in_order &= i == 0 || tags[i - 1] < tags[i];
        typed &= okapi__proptype_find(OKAPI_PROP_TYPE(tags[i]), &multiple) != NULL;
    }
    ok(in_order, "%d tags are in order, none twice", COUNT_OF(tags));
    ok(typed, "and of known types");
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

/* ---- one value of each type ---- */

/* A subject restriction, PT_SRESTRICT's value: RES_EXIST of PR_SUBJECT. */
#define RESTRICTION_BYTES "\x08\x1F\x00\x37\x00"

/* RuleAction, MS-OXORULE 2.2.5, with the counts of a ROP: one OP_DELETE block. */
#define ACTIONS_BYTES "\x01\x00\x09\x00\x0A\x00\x00\x00\x00\x00\x00\x00\x00"

static const apr_int16_t shorts[] = {-2, 0x1234};
static const apr_int32_t longs[] = {-2, 0x12345678};
static const apr_int64_t bigs[] = {-2, 0x123456789ABCDEF0};
static const float floats[] = {1.5f, -0.25f};
static const double doubles[] = {1.5, -1e300};
static const char *const texts[] = {"", "z\xC3\xBCrich"};
static const okapi_guid_t guids[] = {{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
                                     {{0xFF}}};
static const okapi_binary_t binaries[] = {{(const unsigned char *)"", 0},
                                          {(const unsigned char *)"\0\1\2", 3}};

#define TAG(type) OKAPI_PROP_TAG(type, 0x6801)
#define BIN(s)    {(const unsigned char *)(s), sizeof(s) - 1}

static const struct {
    const char *name;
    okapi_propval_t v;
    const char *rop_bytes;
    apr_size_t rop_len;
    apr_size_t size; /* okapi_propval_size */
} samples[] = {
    {"PT_NULL", {.tag = TAG(PT_NULL)}, LITERAL(""), 0},
    {"PT_SHORT", {.tag = TAG(PT_SHORT), .v.i16 = -2}, LITERAL("\xFE\xFF"), 2},
    {"PT_LONG", {.tag = TAG(PT_LONG), .v.i32 = 0x12345678}, LITERAL("\x78\x56\x34\x12"), 4},
    {"PT_FLOAT", {.tag = TAG(PT_FLOAT), .v.flt = 1.5f}, LITERAL("\x00\x00\xC0\x3F"), 4},
    {"PT_DOUBLE",
     {.tag = TAG(PT_DOUBLE), .v.dbl = 1.5},
     LITERAL("\x00\x00\x00\x00\x00\x00\xF8\x3F"),
     8},
    {"PT_CURRENCY",
     {.tag = TAG(PT_CURRENCY), .v.i64 = 12345},
     LITERAL("\x39\x30\x00\x00\x00\x00\x00\x00"),
     8},
    {"PT_APPTIME",
     {.tag = TAG(PT_APPTIME), .v.dbl = -0.25},
     LITERAL("\x00\x00\x00\x00\x00\x00\xD0\xBF"),
     8},
    {"PT_ERROR", {.tag = TAG(PT_ERROR), .v.error = 0x8004010F}, LITERAL("\x0F\x01\x04\x80"), 4},
    {"PT_BOOLEAN", {.tag = TAG(PT_BOOLEAN), .v.boolean = 1}, LITERAL("\x01"), 1},
    {"PT_OBJECT", {.tag = TAG(PT_OBJECT), .v.bin = BIN("ab")}, LITERAL("\x02\x00" "ab"), 2},
    {"PT_I8",
     {.tag = TAG(PT_I8), .v.i64 = -2},
     LITERAL("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
     8},
    {"PT_STRING8",
     {.tag = TAG(PT_STRING8), .v.str = "z\xC3\xBCrich\xE2\x82\xAC"},
     LITERAL("z\xFCrich\x80\0"),
     11},
    {"PT_UNICODE",
     {.tag = TAG(PT_UNICODE), .v.str = "\xC3\xBC\xF0\x9F\x98\x80"},
     LITERAL("\xFC\x00\x3D\xD8\x00\xDE\x00\x00"),
     8},
    {"PT_SYSTIME",
     {.tag = TAG(PT_SYSTIME), .v.time = 0x01C9028FE39E4D80},
     LITERAL("\x80\x4D\x9E\xE3\x8F\x02\xC9\x01"),
     8},
    {"PT_CLSID",
     {.tag = TAG(PT_CLSID), .v.guid = {{0xFF, 1, 2}}},
     LITERAL("\xFF\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0"),
     16},
    {"PT_SVREID", {.tag = TAG(PT_SVREID), .v.bin = BIN("abc")}, LITERAL("\x03\x00" "abc"), 3},
    {"PT_SRESTRICT",
     {.tag = TAG(PT_SRESTRICT), .v.bin = BIN(RESTRICTION_BYTES)},
     LITERAL(RESTRICTION_BYTES),
     5},
    {"PT_ACTIONS",
     {.tag = TAG(PT_ACTIONS), .v.bin = BIN(ACTIONS_BYTES)},
     LITERAL(ACTIONS_BYTES),
     13},
    {"PT_BINARY", {.tag = TAG(PT_BINARY), .v.bin = BIN("a\0b")}, LITERAL("\x03\x00" "a\0b"), 3},
    {"PT_MV_SHORT",
     {.tag = TAG(PT_MV_SHORT), .v.mv = {2, {.i16 = shorts}}},
     LITERAL("\x02\x00\x00\x00\xFE\xFF\x34\x12"),
     4},
    {"PT_MV_LONG",
     {.tag = TAG(PT_MV_LONG), .v.mv = {2, {.i32 = longs}}},
     LITERAL("\x02\x00\x00\x00\xFE\xFF\xFF\xFF\x78\x56\x34\x12"),
     8},
    {"PT_MV_FLOAT",
     {.tag = TAG(PT_MV_FLOAT), .v.mv = {2, {.flt = floats}}},
     LITERAL("\x02\x00\x00\x00\x00\x00\xC0\x3F\x00\x00\x80\xBE"),
     8},
    {"PT_MV_DOUBLE",
     {.tag = TAG(PT_MV_DOUBLE), .v.mv = {1, {.dbl = doubles}}},
     LITERAL("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xF8\x3F"),
     8},
    {"PT_MV_CURRENCY",
     {.tag = TAG(PT_MV_CURRENCY), .v.mv = {1, {.i64 = bigs}}},
     LITERAL("\x01\x00\x00\x00\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
     8},
    {"PT_MV_APPTIME",
     {.tag = TAG(PT_MV_APPTIME), .v.mv = {1, {.dbl = doubles}}},
     LITERAL("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xF8\x3F"),
     8},
    {"PT_MV_I8",
     {.tag = TAG(PT_MV_I8), .v.mv = {1, {.i64 = bigs + 1}}},
     LITERAL("\x01\x00\x00\x00\xF0\xDE\xBC\x9A\x78\x56\x34\x12"),
     8},
    {"PT_MV_STRING8",
     {.tag = TAG(PT_MV_STRING8), .v.mv = {2, {.str = texts}}},
     LITERAL("\x02\x00\x00\x00\x00z\xFCrich\x00"),
     9},
    {"PT_MV_UNICODE",
     {.tag = TAG(PT_MV_UNICODE), .v.mv = {2, {.str = texts}}},
     LITERAL("\x02\x00\x00\x00\x00\x00z\x00\xFC\x00r\x00i\x00" "c\x00h\x00\x00\x00"),
     16},
    {"PT_MV_SYSTIME",
     {.tag = TAG(PT_MV_SYSTIME), .v.mv = {1, {.i64 = bigs}}},
     LITERAL("\x01\x00\x00\x00\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
     8},
    {"PT_MV_CLSID",
     {.tag = TAG(PT_MV_CLSID), .v.mv = {1, {.guid = guids}}},
     LITERAL("\x01\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F\x10"),
     16},
    {"PT_MV_BINARY",
     {.tag = TAG(PT_MV_BINARY), .v.mv = {2, {.bin = binaries}}},
     LITERAL("\x02\x00\x00\x00\x00\x00\x03\x00\x00\x01\x02"),
     3},
};

static void check_form(const char *name, const okapi_propval_t *v, const okapi_codec_t *codec,
                       const char *form, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_writer_t again;
    okapi_reader_t r;
    okapi_propval_t got;
    int clean = 1;

    okapi_writer_init(&w, 0, 1000, pool);
    okapi_tagged_write(&w, v, codec);
    is_int(okapi_writer_status(&w), APR_SUCCESS, "%s, %s: written", name, form);
    okapi_reader_init(&r, w.data, w.len);
    okapi_tagged_read(&r, &got, codec, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "%s, %s: read to the end", name, form);
    is_int(got.tag, v->tag, "%s, %s: the tag", name, form);
    is_int(okapi_propval_compare(&got, v, 0), 0, "%s, %s: the value", name, form);
    okapi_writer_init(&again, 0, 1000, pool);
    okapi_tagged_write(&again, &got, codec);
    is_mem(again.data, again.len, w.data, w.len, "%s, %s: written again", name, form);
    for (apr_size_t len = 0; len < w.len; len++) {
        okapi_reader_init(&r, w.data, len);
        okapi_tagged_read(&r, &got, codec, pool);
        clean &= okapi_reader_status(&r, 1) == OKAPI_EFORMAT;
    }
    ok(clean, "%s, %s: no part of it is a value", name, form);
}

static void test_values(apr_pool_t *pool)
{
    for (int i = 0; i < COUNT_OF(samples); i++) {
        const okapi_propval_t *v = &samples[i].v;
        okapi_propval_t copy = okapi_propval_dup(v, pool);
        okapi_writer_t w;

        okapi_writer_init(&w, 0, 1000, pool);
        okapi_propval_write(&w, v, &rop);
        is_mem(w.data, w.len, samples[i].rop_bytes, samples[i].rop_len, "%s: a ROP's bytes",
               samples[i].name);
        is_int(okapi_propval_size(v), samples[i].size, "%s: its size", samples[i].name);
        is_int(okapi_propval_compare(&copy, v, 0), 0, "%s: its copy", samples[i].name);
        check_form(samples[i].name, v, &rop, "ROP", pool);
        if (OKAPI_PROP_TYPE(v->tag) != PT_ACTIONS) /* whose own counts are a ROP's here */
            check_form(samples[i].name, v, &wide, "wide", pool);
        check_form(samples[i].name, v, &packed, "packed", pool);
    }
}

/* The request of MS-OXCPRPT 4.3, "Setting Properties": its PropertyValues. */
static void test_specified(apr_pool_t *pool)
{
    static const char bytes[] = "\x1F\x00\x3D\x00\x00\x00\x1F\x00\x1D\x0E\x48\x00\x65\x00\x6C\x00"
                                "\x6C\x00\x6F\x00\x20\x00\x57\x00\x6F\x00\x72\x00\x6C\x00\x64\x00"
                                "\x00\x00";
    okapi_propval_t values[2];
    okapi_writer_t w;
    okapi_reader_t r;

    okapi_reader_init(&r, LITERAL(bytes));
    okapi_tagged_read(&r, &values[0], &rop, pool);
    okapi_tagged_read(&r, &values[1], &rop, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "the specification's example");
    is_int(values[0].tag, PR_SUBJECT_PREFIX, "its first tag");
    is_str(values[0].v.str, "", "and value");
    is_int(values[1].tag, PR_NORMALIZED_SUBJECT, "its second tag");
    is_str(values[1].v.str, "Hello World", "and value");
    okapi_writer_init(&w, 0, 100, pool);
    okapi_tagged_write(&w, &values[0], &rop);
    okapi_tagged_write(&w, &values[1], &rop);
    is_mem(w.data, w.len, LITERAL(bytes), "written again");
}

static void check_refused(const char *bytes, apr_size_t len, const okapi_codec_t *codec,
                          const char *what, apr_pool_t *pool)
{
    okapi_reader_t r;
    okapi_propval_t v;

    okapi_reader_init(&r, bytes, len);
    okapi_tagged_read(&r, &v, codec, pool);
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "%s is refused", what);
}

static void test_hostile(apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_propval_t v = okapi_propval_bin(TAG(PT_BINARY), NULL, 0x10000);

    check_refused(LITERAL("\x02\x10\x01\x68\xFF\xFF\xFF\xFF\1\2\3\4"), &rop, "a count too large",
                  pool);
    check_refused(LITERAL("\x1F\x10\x01\x68\x03\x00\x00\x00\0\0\0\0"), &rop,
                  "a count of more strings than there are", pool);
    check_refused(LITERAL("\x02\x11\x01\x68\xFF\xFF\xFF\x7F\0\0\0\0"), &wide,
                  "a count of more binaries than there are", pool);
    check_refused(LITERAL("\x02\x01\x01\x68\xFF\xFF\xFF\xFF\0\0\0\0"), &wide,
                  "a length too large", pool);
    check_refused(LITERAL("\x1F\x00\x01\x68\x03\x00\x00\x00" "a\0b"), &packed, "a zero in text",
                  pool);
    check_refused(LITERAL("\x0B\x10\x01\x68\x01\x00\x00\x00\x01"), &rop, "PT_MV_BOOLEAN", pool);
    check_refused(LITERAL("\x00\x00\x01\x68\x01\x00\x00\x00\x01"), &rop, "PT_UNSPECIFIED", pool);
    check_refused(LITERAL("\x02\x20\x01\x68\x01\x00\x00\x00\x01"), &rop, "an instance of nothing",
                  pool);
    check_refused(LITERAL("\x33\x00\x01\x68\x01\x00\x00\x00\x01"), &rop, "an unknown type", pool);
    check_refused(LITERAL("\xFE\x00\x01\x68\xFF\xFF\x01\x00\x01"), &rop,
                  "more actions than there are", pool);
    okapi_writer_init(&w, 0, 100, pool);
    okapi_propval_write(&w, &v, &rop);
    is_int(okapi_writer_status(&w), OKAPI_EBUFFERTOOSMALL,
           "64 KB don't fit behind a ROP's 16-bit count");
}

static void test_codepages(apr_pool_t *pool)
{
    static const struct {
        apr_uint32_t codepage;
        const char *utf8;
        const char *bytes;
        const char *back;
    } cases[] = {
        {0, "\xE2\x82\xAC", "\x80", "\xE2\x82\xAC"},
        {1251, "\xD0\x96", "\xC6", "\xD0\x96"},
        {932, "\xE6\x97\xA5\xE6\x9C\xAC", "\x93\xFA\x96\x7B", "\xE6\x97\xA5\xE6\x9C\xAC"},
        {65001, "\xE6\x97\xA5", "\xE6\x97\xA5", "\xE6\x97\xA5"},
        {1252, "\xE6\x97\xA5", "?", "?"},
        {4711, "\xC3\xBC", "\xFC", "\xC3\xBC"},
    };

    for (int i = 0; i < COUNT_OF(cases); i++) {
        okapi_codec_t codec = {OKAPI_FORM_ROP, cases[i].codepage};
        okapi_propval_t v = okapi_propval_str(TAG(PT_STRING8), cases[i].utf8);
        okapi_writer_t w;
        okapi_reader_t r;

        okapi_writer_init(&w, 0, 100, pool);
        okapi_propval_write(&w, &v, &codec);
        is_mem(w.data, w.len, cases[i].bytes, strlen(cases[i].bytes) + 1, "code page %u",
               (unsigned)cases[i].codepage);
        okapi_reader_init(&r, w.data, w.len);
        okapi_propval_read(&r, TAG(PT_STRING8), &v, &codec, pool);
        is_str(v.v.str, cases[i].back, "code page %u, and back", (unsigned)cases[i].codepage);
    }
}

/* ---- comparing ---- */

static int order_of(const char *a, const char *b, int fold)
{
    okapi_propval_t va = okapi_propval_str(PR_SUBJECT, a);
    okapi_propval_t vb = okapi_propval_str(OKAPI_PROP_RETYPE(PR_SUBJECT, PT_STRING8), b);

    return okapi_propval_compare(&va, &vb, fold);
}

static void test_compare(void)
{
    okapi_propval_t a = okapi_propval_i32(PR_IMPORTANCE, -1);
    okapi_propval_t b = okapi_propval_i32(PR_IMPORTANCE, 1);
    okapi_propval_t c = okapi_propval_bin(PR_ENTRYID, "ab", 2);
    okapi_propval_t d = okapi_propval_bin(PR_ENTRYID, "ab\0", 3);

    ok(okapi_propval_compare(&a, &b, 0) < 0, "numbers are signed");
    ok(okapi_propval_compare(&c, &d, 0) < 0, "the shorter of two binaries comes first");
    ok(okapi_propval_compare(&a, &c, 0) != 0, "values of two types differ");
    ok(order_of("abc", "ABC", 0) > 0, "case counts");
    is_int(order_of("abc", "ABC", 1), 0, "or doesn't");
    is_int(order_of("STRASSE", "stra\xC3\x9F" "e", 1), 0, "in full: one letter folds to two");
    is_int(order_of("\xC3\x84rger", "\xC3\xA4RGER", 1), 0, "beyond ASCII");
    ok(order_of("a", "ab", 1) < 0, "a beginning comes first");
    ok(order_of("\xEF\xBF\xBD", "\xF0\x9F\x98\x80", 1) < 0, "by code points");
}

/* ---- rows ---- */

static void test_rows(apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {PR_SUBJECT, OKAPI_PROP_TAG(PT_STRING8, 0x0E1D),
                                           OKAPI_PROP_TAG(PT_UNSPECIFIED, 0x0017)};
    okapi_propval_t values[3] = {okapi_propval_str(PR_SUBJECT, "a"),
                                 okapi_propval_str(PR_NORMALIZED_SUBJECT, "b"),
                                 okapi_propval_i32(PR_IMPORTANCE, 2)};
    okapi_propval_t got[3];
    okapi_writer_t w;
    okapi_reader_t r;

    okapi_writer_init(&w, 0, 100, pool);
    okapi_proprow_write(&w, tags, values, 3, &rop);
    is_mem(w.data, w.len, LITERAL("\x00" "a\0\0\0" "b\0" "\x03\x00\x02\x00\x00\x00"),
           "a standard row: each text in its column's type, a type before what had none");
    okapi_reader_init(&r, w.data, w.len);
    okapi_proprow_read(&r, tags, 3, got, &rop, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "is read");
    is_int(got[2].tag, PR_IMPORTANCE, "with its types");
    is_str(got[1].v.str, "b", "and values");

    values[0] = okapi_propval_error(PR_SUBJECT, 0x8007000E);
    okapi_writer_init(&w, 0, 100, pool);
    okapi_proprow_write(&w, tags, values, 3, &rop);
    is_mem(w.data, w.len,
           LITERAL("\x01" "\x0A\x0E\x00\x07\x80" "\x00" "b\0" "\x03\x00\x00\x02\x00\x00\x00"),
           "a flagged row");
    okapi_reader_init(&r, w.data, w.len);
    okapi_proprow_read(&r, tags, 3, got, &rop, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "is read");
    is_int(got[0].tag, OKAPI_PROP_RETYPE(PR_SUBJECT, PT_ERROR), "with its error");
    is_int(got[0].v.error, 0x8007000E, "and its code");

    values[0] = okapi_propval_i32(PR_SUBJECT, 1);
    values[0].tag = OKAPI_PROP_RETYPE(PR_SUBJECT, PT_LONG);
    okapi_writer_init(&w, 0, 100, pool);
    okapi_proprow_write(&w, tags, values, 1, &rop);
    is_mem(w.data, w.len, LITERAL("\x01\x0A\x0F\x01\x04\x80"),
           "a value of a wrong type isn't there");

    okapi_reader_init(&r, LITERAL("\x01\x01"));
    okapi_proprow_read(&r, tags, 1, got, &rop, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "an absent value takes one byte");
    is_int(got[0].tag, OKAPI_PROP_RETYPE(PR_SUBJECT, PT_NULL), "and is null");
    okapi_reader_init(&r, LITERAL("\x02\x01"));
    okapi_proprow_read(&r, tags, 1, got, &rop, pool);
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "there is no third kind of row");
    okapi_reader_init(&r, LITERAL("\x01\x02" "a\0\0"));
    okapi_proprow_read(&r, tags, 1, got, &rop, pool);
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "nor a fourth flag");
}

/* One value of a multivalued column: MS-OXCTABL's MultivalueInstance. */
static void test_instance(apr_pool_t *pool)
{
    okapi_proptag_t tag = OKAPI_PROP_TAG(PT_MV_UNICODE | MV_INSTANCE, 0x8001);
    okapi_propval_t v = okapi_propval_str(tag, "red");
    okapi_propval_t single = okapi_propval_str(OKAPI_PROP_TAG(PT_UNICODE, 0x8001), "red");
    okapi_writer_t w;

    okapi_writer_init(&w, 0, 100, pool);
    okapi_proprow_write(&w, &tag, &v, 1, &rop);
    is_mem(w.data, w.len, LITERAL("\x00r\0e\0d\0\0\0"), "a column of instances has single values");
    okapi_writer_init(&w, 0, 100, pool);
    okapi_proprow_write(&w, &tag, &single, 1, &rop);
    is_mem(w.data, w.len, LITERAL("\x00r\0e\0d\0\0\0"), "whichever way they are tagged");
}

/* ---- sets ---- */

static void test_sets(apr_pool_t *pool)
{
    okapi_props_t *props = okapi_props_create(pool);
    okapi_propval_t v = okapi_propval_str(OKAPI_PROP_RETYPE(PR_BODY, PT_STRING8), "text");
    char subject[] = "subject";

    okapi_props_set_i32(props, PR_IMPORTANCE, 2);
    okapi_props_set_str(props, PR_SUBJECT, subject);
    okapi_props_set_bin(props, PR_ENTRYID, "\1\2", 2);
    okapi_props_set_bool(props, PR_HASATTACH, 7);
    okapi_props_set_time(props, PR_CREATION_TIME, 5);
    okapi_props_set(props, &v);
    subject[0] = 'X';
    is_int(okapi_props_count(props), 6, "six values");
    is_int(okapi_props_at(props, 0)->tag, PR_IMPORTANCE, "in the order of ids");
    is_int(okapi_props_at(props, 5)->tag, PR_CREATION_TIME, "to the last");
    is_str(okapi_props_str(props, PR_SUBJECT, NULL), "subject", "the set owns its text");
    is_str(okapi_props_str(props, PR_MESSAGE_CLASS, "absent"), "absent", "what stands for absence");
    is_int(okapi_props_int(props, PR_HASATTACH, -1), 1, "a boolean is 0 or 1");
    is_int(okapi_props_int(props, PR_CREATION_TIME, -1), 5, "a time");
    is_int(okapi_props_int(props, PR_SUBJECT, -1), -1, "a text isn't a number");
    is_int(okapi_props_get(props, PR_BODY)->tag, PR_BODY, "8-bit strings are kept as Unicode");
    ok(okapi_props_get(props, OKAPI_PROP_RETYPE(PR_BODY, PT_STRING8)) != NULL,
       "and found by either type");
    ok(okapi_props_get(props, OKAPI_PROP_RETYPE(PR_BODY, PT_UNSPECIFIED)) != NULL, "or by none");
    ok(okapi_props_get(props, OKAPI_PROP_RETYPE(PR_BODY, PT_BINARY)) == NULL, "not by another");
    okapi_props_set_bin(props, OKAPI_PROP_RETYPE(PR_BODY, PT_BINARY), "b", 1);
    is_int(okapi_props_count(props), 6, "an id has one value");
    ok(okapi_props_get(props, PR_BODY) == NULL, "of the type set last");
    is_int(okapi_props_unset(props, PR_BODY), 1, "removed");
    is_int(okapi_props_unset(props, PR_BODY), 0, "once");
    is_int(okapi_props_count(props), 5, "five are left");
    is_int(okapi_props_at(props, 4)->tag, PR_CREATION_TIME, "in order");
}

static void test_packed(apr_pool_t *pool)
{
    okapi_props_t *props = okapi_props_create(pool);
    okapi_props_t *back = NULL;
    okapi_writer_t w;
    okapi_writer_t again;
    int clean = 1;

    okapi_props_set_str(props, PR_SUBJECT, "\xC3\xBC");
    okapi_props_set_i32(props, PR_IMPORTANCE, 2);
    okapi_writer_init(&w, 0, 10000, pool);
    okapi_props_pack(&w, props);
    is_mem(w.data, w.len,
           LITERAL("\x01" "\x03\x00\x17\x00\x02\x00\x00\x00"
                   "\x1F\x00\x37\x00\x02\x00\x00\x00\xC3\xBC"),
           "a packed set");
    for (int i = 0; i < COUNT_OF(samples); i++) {
        okapi_propval_t v = samples[i].v;

        if (OKAPI_PROP_TYPE(v.tag) == PT_STRING8 || OKAPI_PROP_TYPE(v.tag) == PT_MV_STRING8)
            continue;
        v.tag = OKAPI_PROP_TAG(OKAPI_PROP_TYPE(v.tag), 0x8000 + i);
        okapi_props_set(props, &v);
    }
    okapi_writer_init(&w, 0, 10000, pool);
    okapi_props_pack(&w, props);
    is_int(okapi_props_unpack(&back, w.data, w.len, pool), APR_SUCCESS, "all types unpacked");
    is_int(okapi_props_count(back), okapi_props_count(props), "as many");
    okapi_writer_init(&again, 0, 10000, pool);
    okapi_props_pack(&again, back);
    is_mem(again.data, again.len, w.data, w.len, "and packed again");
    for (apr_size_t len = 0; len < w.len; len++)
        if (okapi_props_unpack(&back, w.data, len, pool) == APR_SUCCESS) {
            okapi_writer_init(&again, 0, 10000, pool);
            okapi_props_pack(&again, back);
            clean &= len <= 1 || (again.len == len && memcmp(again.data, w.data, len) == 0);
        }
    ok(clean, "a part of it is refused, unless it ends where a value does");
    is_int(okapi_props_unpack(&back, NULL, 0, pool), APR_SUCCESS, "nothing at all is empty");
    is_int(okapi_props_count(back), 0, "really");
    is_int(okapi_props_unpack(&back, LITERAL("\x02"), pool), OKAPI_ECORRUPT, "a later version");
    is_int(okapi_props_unpack(&back,
                              LITERAL("\x01\x03\x00\x17\x00\2\0\0\0\x03\x00\x17\x00\2\0\0\0"),
                              pool),
           OKAPI_ECORRUPT, "an id that comes twice");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    test_tags();
    test_values(pool);
    test_specified(pool);
    test_hostile(pool);
    test_codepages(pool);
    test_compare();
    test_rows(pool);
    test_instance(pool);
    test_sets(pool);
    test_packed(pool);
    return done_testing();
}
