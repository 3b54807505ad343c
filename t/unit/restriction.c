/* restriction.c - restrictions and sort orders: codecs, evaluation, collation. */
#include <okapi/collate.h>
#include <okapi/error.h>
#include <okapi/restriction.h>

#include "tap.h"

#define COUNT_OF(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define LITERAL(s)  (s), sizeof(s) - 1

static const okapi_codec_t rop = {OKAPI_FORM_ROP, 1252};
static const okapi_codec_t wide = {OKAPI_FORM_WIDE, 1252};
static const okapi_codec_t packed = {OKAPI_FORM_PACKED, 0};

/* ---- the bytes, MS-OXCDATA 2.12.1 to 2.12.12 ---- */

#define EXIST_SUBJECT "\x08\x1F\x00\x37\x00"

static const struct {
    const char *name;
    const char *bytes;
    apr_size_t len;
} samples[] = {
    {"and", LITERAL("\x00\x02\x00" EXIST_SUBJECT EXIST_SUBJECT)},
    {"an empty and", LITERAL("\x00\x00\x00")},
    {"or", LITERAL("\x01\x01\x00" EXIST_SUBJECT)},
    {"not", LITERAL("\x02" EXIST_SUBJECT)},
    {"content", LITERAL("\x03\x02\x00\x01\x00\x1F\x00\x37\x00\x1F\x00\x37\x00"
                        "a\0b\0\0\0")},
    {"property", LITERAL("\x04\x04\x03\x00\x17\x00\x03\x00\x17\x00\x02\x00\x00\x00")},
    {"compare", LITERAL("\x05\x05\x40\x00\x39\x00\x40\x00\x06\x0E")},
    {"bitmask", LITERAL("\x06\x01\x03\x00\x07\x0E\x01\x00\x00\x00")},
    {"size", LITERAL("\x07\x02\x1F\x00\x37\x00\x10\x00\x00\x00")},
    {"exist", LITERAL(EXIST_SUBJECT)},
    {"subobject", LITERAL("\x09\x0D\x00\x12\x0E" EXIST_SUBJECT)},
    {"comment", LITERAL("\x0A\x01\x03\x00\x01\x68\x05\x00\x00\x00\x01" EXIST_SUBJECT)},
    {"a comment on nothing", LITERAL("\x0A\x00\x00")},
    {"count", LITERAL("\x0B\x05\x00\x00\x00" EXIST_SUBJECT)},
    {"a binary value", LITERAL("\x04\x04\x02\x01\xFF\x0F\x02\x01\xFF\x0F\x02\x00\x01\x02")},
};

static void check_form(const char *name, const okapi_restriction_t *res, const okapi_codec_t *codec,
                       const char *form, apr_pool_t *pool)
{
    okapi_restriction_t got;
    okapi_writer_t w;
    okapi_writer_t again;
    okapi_reader_t r;

    okapi_writer_init(&w, 0, 1000, pool);
    okapi_restriction_write(&w, res, codec);
    is_int(okapi_writer_status(&w), APR_SUCCESS, "%s, %s: written", name, form);
    okapi_reader_init(&r, w.data, w.len);
    okapi_restriction_read(&r, &got, codec, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "%s, %s: read", name, form);
    okapi_writer_init(&again, 0, 1000, pool);
    okapi_restriction_write(&again, &got, codec);
    is_mem(again.data, again.len, w.data, w.len, "%s, %s: written again", name, form);
}

static void test_codec(apr_pool_t *pool)
{
    for (int i = 0; i < COUNT_OF(samples); i++) {
        okapi_restriction_t res;
        okapi_writer_t w;
        okapi_reader_t r;
        int clean = 1;

        okapi_reader_init(&r, samples[i].bytes, samples[i].len);
        okapi_restriction_read(&r, &res, &rop, pool);
        is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "%s: read", samples[i].name);
        okapi_writer_init(&w, 0, 1000, pool);
        okapi_restriction_write(&w, &res, &rop);
        is_mem(w.data, w.len, samples[i].bytes, samples[i].len, "%s: written", samples[i].name);
        check_form(samples[i].name, &res, &wide, "wide", pool);
        check_form(samples[i].name, &res, &packed, "packed", pool);
        for (apr_size_t len = 0; len < samples[i].len; len++) {
            okapi_reader_init(&r, samples[i].bytes, len);
            okapi_restriction_read(&r, &res, &rop, pool);
            clean &= okapi_reader_status(&r, 1) == OKAPI_EFORMAT;
        }
        ok(clean, "%s: no part of it is one", samples[i].name);
    }
}

static void check_refused(const void *bytes, apr_size_t len, const char *what, apr_pool_t *pool)
{
    okapi_restriction_t res;
    okapi_reader_t r;

    okapi_reader_init(&r, bytes, len);
    okapi_restriction_read(&r, &res, &rop, pool);
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "%s is refused", what);
}

static void test_limits(apr_pool_t *pool)
{
    char nots[100];
    okapi_writer_t w;
    okapi_restriction_t res;
    okapi_reader_t r;

    memset(nots, RES_NOT, sizeof(nots));
    memcpy(nots + 64, LITERAL(EXIST_SUBJECT));
    okapi_reader_init(&r, nots, 64 + 5);
    okapi_restriction_read(&r, &res, &rop, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "a depth of 64");
    memset(nots, RES_NOT, sizeof(nots));
    memcpy(nots + 65, LITERAL(EXIST_SUBJECT));
    check_refused(nots, 65 + 5, "a depth of 65", pool);

    okapi_writer_init(&w, 0, 100000, pool);
    okapi_write_bytes(&w, LITERAL("\x00\x11\x27")); /* AND of 10,001 empty ones */
    for (int i = 0; i < 10001; i++)
        okapi_write_bytes(&w, LITERAL("\x00\x00\x00"));
    check_refused(w.data, w.len, "more than 10,000 nodes", pool);

    check_refused(LITERAL("\x00\xFF\xFF" EXIST_SUBJECT), "more children than there are", pool);
    check_refused(LITERAL("\x0C\x00\x00\x00\x00"), "an unknown kind", pool);
    check_refused(LITERAL("\x04\x04\xFD\x00\x79\x66\xFD\x00\x79\x66" EXIST_SUBJECT),
                  "a restriction in a restriction's value", pool);
    check_refused(LITERAL("\x0A\xFF\x03\x00\x01\x68\x05\x00\x00\x00\x01"),
                  "more comments than there are", pool);
}

/* ---- evaluation ---- */

typedef struct fixture_t {
    okapi_props_t *props;
    okapi_props_t *recipients[2];
} fixture_t;

static const okapi_propval_t *get(void *baton, okapi_proptag_t tag)
{
    return okapi_props_get(baton, tag);
}

/* The fixture's row has its set as the baton of GET; the recipients hang on this one test. */
static fixture_t fixture;

static int subobjects(void *baton, okapi_proptag_t table,
                      int (*visit)(const okapi_row_getter_t *sub, void *visit_baton),
                      void *visit_baton)
{
    for (int i = 0; table == PR_MESSAGE_RECIPIENTS && i < 2; i++) {
        okapi_row_getter_t sub = {get, NULL, fixture.recipients[i]};

        if (visit(&sub, visit_baton))
            return 1;
    }
    return 0;
}

static void make_fixture(apr_pool_t *pool)
{
    static const char *const keywords[] = {"Red", "Gr\xC3\xBCn"};
    static const apr_int32_t numbers[] = {3, 5};
    okapi_propval_t categories = {.tag = OKAPI_PROP_TAG(PT_MV_UNICODE, 0x8001),
                                  .v.mv = {2, {.str = keywords}}};
    okapi_propval_t months = {.tag = OKAPI_PROP_TAG(PT_MV_LONG, 0x8002),
                              .v.mv = {2, {.i32 = numbers}}};

    fixture.props = okapi_props_create(pool);
    okapi_props_set_str(fixture.props, PR_SUBJECT,
                        "Re: M\xC3\xBCnchner Caf\xC3\xA9 Stra\xC3\x9F"
                        "e");
    okapi_props_set_i32(fixture.props, PR_IMPORTANCE, 2);
    okapi_props_set_i32(fixture.props, PR_MESSAGE_FLAGS, 0x11);
    okapi_props_set_bool(fixture.props, PR_HASATTACH, 1);
    okapi_props_set_time(fixture.props, PR_CLIENT_SUBMIT_TIME, 100);
    okapi_props_set_time(fixture.props, PR_MESSAGE_DELIVERY_TIME, 200);
    okapi_props_set_bin(fixture.props, PR_SEARCH_KEY, "SMTP:A@B\0", 9);
    okapi_props_set(fixture.props, &categories);
    okapi_props_set(fixture.props, &months);
    for (int i = 0; i < 2; i++) {
        fixture.recipients[i] = okapi_props_create(pool);
        okapi_props_set_str(fixture.recipients[i], PR_DISPLAY_NAME, i ? "Mary" : "John");
    }
}

static int matches(const okapi_restriction_t *res, apr_pool_t *pool)
{
    okapi_row_getter_t row = {get, subobjects, fixture.props};

    return okapi_restriction_match(res, &row, pool);
}

static int content(okapi_proptag_t tag, const char *text, apr_uint32_t fuzzy, apr_pool_t *pool)
{
    okapi_restriction_t res = {
        .type = RES_CONTENT,
        .fuzzy = fuzzy,
        .tag = tag,
        .prop = okapi_propval_str(OKAPI_PROP_TAG(PT_UNICODE, OKAPI_PROP_ID(tag)), text)};

    return matches(&res, pool);
}

static int property(okapi_proptag_t tag, okapi_propval_t value, apr_byte_t relop, apr_pool_t *pool)
{
    okapi_restriction_t res = {.type = RES_PROPERTY, .relop = relop, .tag = tag, .prop = value};

    return matches(&res, pool);
}

static void test_content(apr_pool_t *pool)
{
    okapi_proptag_t keywords = OKAPI_PROP_TAG(PT_MV_UNICODE, 0x8001);
    okapi_restriction_t binary = {.type = RES_CONTENT,
                                  .fuzzy = FL_PREFIX,
                                  .tag = PR_SEARCH_KEY,
                                  .prop = okapi_propval_bin(PR_SEARCH_KEY, "SMTP:", 5)};
    static const struct {
        const char *text;
        apr_uint32_t fuzzy;
        int want;
        const char *why;
    } cases[] = {
        {"Caf\xC3\xA9", FL_SUBSTRING, 1, "a part"},
        {"caf\xC3\xA9", FL_SUBSTRING, 0, "case counts"},
        {"caf\xC3\xA9", FL_SUBSTRING | FL_IGNORECASE, 1, "unless it doesn't"},
        {"Cafe", FL_SUBSTRING | FL_IGNORECASE, 0, "accents count"},
        {"Cafe", FL_SUBSTRING | FL_IGNORENONSPACE, 1, "unless they don't"},
        {"cafe", FL_SUBSTRING | FL_IGNORENONSPACE, 0, "case counts without accents"},
        {"Cafe\xCC\x81", FL_SUBSTRING | FL_IGNORENONSPACE, 1, "an accent apart"},
        {"CAFE", FL_SUBSTRING | FL_LOOSE, 1, "loose: neither case nor accents"},
        {"\xEF\xBC\xA3\xEF\xBC\xA1\xEF\xBC\xA6\xEF\xBC\xA5", FL_SUBSTRING | FL_LOOSE, 1,
         "nor width"},
        {"strasse", FL_SUBSTRING | FL_IGNORECASE, 1, "one letter that folds to two"},
        {"Re: m", FL_PREFIX | FL_IGNORECASE, 1, "a beginning"},
        {"M\xC3\xBCnchner", FL_PREFIX, 0, "not at the beginning"},
        {"re: m\xC3\xBCnchner caf\xC3\xA9 strasse", FL_FULLSTRING | FL_IGNORECASE, 1, "all of it"},
        {"re:", FL_FULLSTRING | FL_IGNORECASE, 0, "not all of it"},
        {"", FL_SUBSTRING, 1, "nothing is a part of everything"},
        {"", FL_FULLSTRING, 0, "but not all of it"},
        {"Re", 3, 0, "an unknown level"},
    };

    for (int i = 0; i < COUNT_OF(cases); i++)
        is_int(content(PR_SUBJECT, cases[i].text, cases[i].fuzzy, pool), cases[i].want,
               "content: %s", cases[i].why);
    is_int(content(OKAPI_PROP_RETYPE(PR_SUBJECT, PT_STRING8), "Re:", FL_PREFIX, pool), 1,
           "content: by an 8-bit tag");
    is_int(content(keywords, "gr\xC3\xBCn", FL_FULLSTRING | FL_IGNORECASE, pool), 1,
           "content: one of many values");
    is_int(content(keywords, "blau", FL_FULLSTRING | FL_IGNORECASE, pool), 0,
           "content: none of many values");
    is_int(content(PR_BODY, "", FL_SUBSTRING, pool), 0, "content: what isn't there has none");
    is_int(content(PR_IMPORTANCE, "2", FL_SUBSTRING, pool), 0, "content: a number has none");
    is_int(content(OKAPI_PROP_TAG(PT_UNICODE, 0x7777), "", FL_SUBSTRING, pool), 0,
           "content: of an unknown property");
    is_int(matches(&binary, pool), 1, "content: bytes");
}

static void test_property(apr_pool_t *pool)
{
    static const apr_byte_t relops[] = {RELOP_LT, RELOP_LE, RELOP_GT, RELOP_GE, RELOP_EQ, RELOP_NE};
    static const char want[3][7] = {"001101", "010110", "110001"}; /* against 1, 2 and 3 */
    okapi_proptag_t months = OKAPI_PROP_TAG(PT_MV_LONG, 0x8002);
    okapi_proptag_t month = OKAPI_PROP_TAG(PT_LONG, 0x8002);

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < COUNT_OF(relops); j++)
            is_int(
                property(PR_IMPORTANCE, okapi_propval_i32(PR_IMPORTANCE, i + 1), relops[j], pool),
                want[i][j] - '0', "property: 2 by operator %d against %d", relops[j], i + 1);
    is_int(property(PR_IMPORTANCE, okapi_propval_i32(PR_IMPORTANCE, 2), RELOP_RE, pool), 0,
           "property: no regular expressions");
    is_int(property(PR_SUBJECT,
                    okapi_propval_str(PR_SUBJECT, "RE: M\xC3\x9CNCHNER CAF\xC3\x89 STRASSE"),
                    RELOP_EQ, pool),
           1, "property: text without case");
    is_int(property(PR_IMPORTANCE, okapi_propval_str(PR_SUBJECT, "2"), RELOP_EQ, pool), 0,
           "property: of two types");
    is_int(property(PR_PRIORITY, okapi_propval_i32(PR_PRIORITY, 0), RELOP_NE, pool), 0,
           "property: what isn't there doesn't differ");
    is_int(property(months, okapi_propval_i32(month, 5), RELOP_EQ, pool), 1,
           "property: one of many values");
    is_int(property(months, okapi_propval_i32(month, 4), RELOP_EQ, pool), 0,
           "property: none of many values");
    is_int(property(months, okapi_propval_i32(month, 4), RELOP_LT, pool), 1,
           "property: one of many values is less");
    is_int(property(PR_HASATTACH, okapi_propval_bool(PR_HASATTACH, 1), RELOP_EQ, pool), 1,
           "property: a boolean");
}

static int test_one(okapi_restriction_t res, apr_pool_t *pool)
{
    return matches(&res, pool);
}

#define RES(...) ((okapi_restriction_t){__VA_ARGS__})

static void test_others(apr_pool_t *pool)
{
    is_int(test_one(RES(RES_COMPAREPROPS, .relop = RELOP_LT, .tag = PR_CLIENT_SUBMIT_TIME,
                        .tag2 = PR_MESSAGE_DELIVERY_TIME),
                    pool),
           1, "compare: sent before received");
    is_int(test_one(RES(RES_COMPAREPROPS, .relop = RELOP_EQ, .tag = PR_CLIENT_SUBMIT_TIME,
                        .tag2 = PR_CREATION_TIME),
                    pool),
           0, "compare: with nothing");
    is_int(test_one(RES(RES_BITMASK, .relop = 1, .tag = PR_MESSAGE_FLAGS, .value = 0x10), pool), 1,
           "bitmask: a bit is set");
    is_int(test_one(RES(RES_BITMASK, .relop = 0, .tag = PR_MESSAGE_FLAGS, .value = 0x10), pool), 0,
           "bitmask: and not clear");
    is_int(test_one(RES(RES_BITMASK, .relop = 0, .tag = PR_MESSAGE_FLAGS, .value = 0x2), pool), 1,
           "bitmask: another is clear");
    is_int(test_one(RES(RES_SIZE, .relop = RELOP_EQ, .tag = PR_SEARCH_KEY, .value = 9), pool), 1,
           "size: of bytes");
    is_int(test_one(RES(RES_SIZE, .relop = RELOP_GT, .tag = PR_SUBJECT, .value = 50), pool), 0,
           "size: of text");
    is_int(test_one(RES(RES_EXIST, .tag = PR_SUBJECT), pool), 1, "exist");
    is_int(test_one(RES(RES_EXIST, .tag = PR_BODY), pool), 0, "doesn't exist");
}

static void test_composed(apr_pool_t *pool)
{
    okapi_restriction_t both[2] = {RES(RES_EXIST, .tag = PR_SUBJECT),
                                   RES(RES_EXIST, .tag = PR_BODY)};
    okapi_restriction_t mary = RES(RES_PROPERTY, .relop = RELOP_EQ, .tag = PR_DISPLAY_NAME,
                                   .prop = okapi_propval_str(PR_DISPLAY_NAME, "mary"));

    is_int(test_one(RES(RES_AND, .n = 2, .children = both), pool), 0, "and");
    is_int(test_one(RES(RES_OR, .n = 2, .children = both), pool), 1, "or");
    is_int(test_one(RES(RES_AND, .n = 0), pool), 1, "an empty and");
    is_int(test_one(RES(RES_OR, .n = 0), pool), 0, "an empty or");
    is_int(test_one(RES(RES_NOT, .n = 1, .children = both), pool), 0, "not");
    is_int(test_one(RES(RES_COUNT, .value = 1, .n = 1, .children = both), pool), 1, "count");
    is_int(test_one(RES(RES_COMMENT, .n = 1, .children = both + 1), pool), 0, "comment");
    is_int(test_one(RES(RES_COMMENT, .n = 0), pool), 1, "a comment on nothing");
    is_int(
        test_one(RES(RES_SUBRESTRICTION, .tag = PR_MESSAGE_RECIPIENTS, .n = 1, .children = &mary),
                 pool),
        1, "one of the recipients");
    is_int(
        test_one(RES(RES_SUBRESTRICTION, .tag = PR_MESSAGE_ATTACHMENTS, .n = 1, .children = &mary),
                 pool),
        0, "none of the attachments");
    is_int(matches(&mary, pool), 0, "a recipient's name isn't the message's");
}

static void test_tags(apr_pool_t *pool)
{
    okapi_restriction_t inner = RES(RES_EXIST, .tag = PR_DISPLAY_NAME);
    okapi_restriction_t list[4] = {
        RES(RES_EXIST, .tag = PR_SUBJECT),
        RES(RES_COMPAREPROPS, .tag = PR_SUBJECT, .tag2 = PR_BODY),
        RES(RES_SUBRESTRICTION, .tag = PR_MESSAGE_RECIPIENTS, .n = 1, .children = &inner),
        RES(RES_BITMASK, .tag = PR_MESSAGE_FLAGS)};
    okapi_restriction_t all = RES(RES_AND, .n = 4, .children = list);
    apr_array_header_t *tags = apr_array_make(pool, 1, sizeof(okapi_proptag_t));

    okapi_restriction_tags(&all, tags);
    is_int(tags->nelts, 3, "three tags are read, each once");
    is_int(APR_ARRAY_IDX(tags, 0, okapi_proptag_t), PR_SUBJECT, "the first");
    is_int(APR_ARRAY_IDX(tags, 1, okapi_proptag_t), PR_BODY, "the second");
    is_int(APR_ARRAY_IDX(tags, 2, okapi_proptag_t), PR_MESSAGE_FLAGS, "the third");
}

/* ---- order ---- */

static void test_sort(apr_pool_t *pool)
{
    static const char bytes[] = "\x02\x00\x01\x00\x01\x00"
                                "\x1F\x00\x1A\x0C\x00"
                                "\x40\x00\x06\x0E\x01";
    okapi_sort_t sort;
    okapi_writer_t w;
    okapi_reader_t r;

    okapi_reader_init(&r, LITERAL(bytes));
    okapi_sort_read(&r, &sort, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "a sort order");
    is_int(sort.n, 2, "of two keys");
    is_int(sort.ncategories, 1, "one of them a category");
    is_int(sort.nexpanded, 1, "expanded");
    is_int(sort.keys[0].tag, PR_SENDER_NAME, "by sender");
    is_int(sort.keys[1].order, TABLE_SORT_DESCEND, "the newest first");
    okapi_writer_init(&w, 0, 100, pool);
    okapi_sort_write(&w, &sort);
    is_mem(w.data, w.len, LITERAL(bytes), "written again");

    okapi_reader_init(&r, LITERAL("\x01\x00\x02\x00\x00\x00\x1F\x00\x1A\x0C\x00"));
    okapi_sort_read(&r, &sort, pool);
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "more categories than keys are refused");
    okapi_reader_init(&r, LITERAL("\xFF\xFF\x00\x00\x00\x00\x1F\x00\x1A\x0C\x00"));
    okapi_sort_read(&r, &sort, pool);
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "and more keys than there are");
    okapi_reader_init(&r, LITERAL("\x01\x00\x00\x00\x00\x00\x1F\x00\x1A\x0C\x03"));
    okapi_sort_read(&r, &sort, pool);
    is_int(okapi_reader_status(&r, 0), OKAPI_EFORMAT, "and an unknown order");
}

static int key_order(const char *a, const char *b, apr_size_t max, apr_pool_t *pool)
{
    okapi_binary_t ka = okapi_sort_key_of_text(a, max, pool);
    okapi_binary_t kb = okapi_sort_key_of_text(b, max, pool);
    apr_size_t len = ka.len < kb.len ? ka.len : kb.len;
    int order = memcmp(ka.data, kb.data, len);

    return order ? order : (ka.len > kb.len) - (ka.len < kb.len);
}

static void test_collation(apr_pool_t *pool)
{
    static const char *const words[] = {"",       "10",        "apfel",   "\xC3\x84pfel",
                                        "Banane", "z\xC3\xBC", "\xD0\x96"};
    okapi_binary_t key;

    for (int i = 1; i < COUNT_OF(words); i++)
        ok(key_order(words[i - 1], words[i], 64, pool) < 0, "\"%s\" before \"%s\"", words[i - 1],
           words[i]);
    is_int(key_order("apfel", "APFEL", 64, pool), 0, "case doesn't count");
    ok(key_order("a", "\xC3\xA4", 64, pool) < 0, "accents do");
    key = okapi_sort_key_of_text("a text that is longer than its key may be", 8, pool);
    is_int(key.len, 8, "a key is cut");
    ok(memchr(key.data, 0, key.len) == NULL, "and has no zero");
    is_int(okapi_sort_key_of_text("abc", 0, pool).len, 0, "even to nothing");
    ok(okapi_sort_key_of_text("\xFF\xC3", 64, pool).len > 0, "what isn't text has a key too");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    test_codec(pool);
    test_limits(pool);
    make_fixture(pool);
    test_content(pool);
    test_property(pool);
    test_others(pool);
    test_composed(pool);
    test_tags(pool);
    test_sort(pool);
    test_collation(pool);
    return done_testing();
}
