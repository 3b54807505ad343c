/* recurrence.c - recurring series: the blob's bytes, patterns as rules and back, and the times that
 * rules stand for. */
#include <okapi/error.h>
#include <okapi/recurrence.h>

#include <apr_strings.h>

#include "ical_time.h"
#include "recurrence_rule.h"
#include "tap.h"

/* ---- the specification's examples ---- */

static okapi_binary_t bytes_of(const char *hex, apr_pool_t *pool)
{
    okapi_binary_t bytes = {NULL, strlen(hex) / 2};
    unsigned char *data = apr_palloc(pool, bytes.len + 1);
    for (apr_size_t i = 0; i < bytes.len; i++) {
        unsigned value;
        sscanf(hex + 2 * i, "%2x", &value);
        data[i] = (unsigned char)value;
    }
    bytes.data = data;
    return bytes;
}

/* MS-OXOCAL 4.1.1.1: Monday, Thursday and Friday, 12 times. */
static const char weekly[] = "043004300B2001000000C0210000010000000000000032000000222000000C0000000"
                             "000000000000000000000008020"
                             "BC0C20ADBC0C063000000930000058020000760200000000"
                             "0000000000000000";

/* 4.1.1.2: the same, with one instance that has another subject, place and time. */
static const char weekly_exception[] = "043004300B2001000000C02100000100000000000000320000002220000"
                                       "00C0000000000000001000000A096BC0C0100"
                                       "0000A096BC0C8020BC0C20ADBC0C0630000009300000580200007602000"
                                       "001003499BC0C5299BC0CF898BC0C11002200"
                                       "210053696D706C6520526563757272656E6365207769746820657863657"
                                       "074696F6E730800070033342F343134310000"
                                       "00000400000000000000000000003499BC0C5299BC0CF898BC0C2100530"
                                       "069006D0070006C0065002000520065006300"
                                       "75007200720065006E00630065002000770069007400680020006500780"
                                       "0630065007000740069006F006E0073000700"
                                       "330034002F0034003100340031000000000000000000";

/* 4.1.1.3: every three days until a date, two instances deleted. */
static const char daily[] =
    "043004300A2000000000A0050000E010000000000000212000000A0000000000000002000000A0C1DC0C80D2DC0C00"
    "00"
    "0000207EDC0C0016DD0C0630000009300000E0010000FE01000000000000000000000000";

static okapi_recurrence_t *round_trip(const char *hex, const char *what, apr_pool_t *pool)
{
    okapi_binary_t blob = bytes_of(hex, pool), again = {NULL, 0};
    okapi_recurrence_t *r;
    is_int(okapi_recurrence_decode(&r, blob, pool), APR_SUCCESS, "%s is read", what);
    is_int(okapi_recurrence_encode(&again, r, 1, pool), APR_SUCCESS, "and written");
    is_mem(again.data, again.len, blob.data, blob.len, "with the same bytes");
    return r;
}

static const char *rule_of(const okapi_recurrence_t *r, apr_pool_t *pool)
{
    okapi__rrule_t rule;
    apr_status_t status = okapi__recurrence_to_rule(&rule, r);
    return status == APR_SUCCESS ? okapi__rrule_format(&rule, pool)
                                 : apr_psprintf(pool, "error %d", status);
}

static const char *time_text(okapi__civil_t t, apr_pool_t *pool)
{
    okapi__ical_time_t time = {t, 0, 0};
    return okapi__ical_time_format(&time, pool);
}

static void test_examples(apr_pool_t *pool)
{
    okapi_recurrence_t *r = round_trip(weekly, "4.1.1.1", pool);
    is_str(rule_of(r, pool), "FREQ=WEEKLY;COUNT=12;BYDAY=MO,TH,FR;WKST=SU", "its rule");
    is_str(time_text(okapi__recurrence_start(r), pool), "20070326T100000", "its start");

    r = round_trip(weekly_exception, "4.1.1.2", pool);
    is_int(r->exceptions->nelts, 1, "an exception");
    const okapi_exception_t *e = &APR_ARRAY_IDX(r->exceptions, 0, okapi_exception_t);
    is_str(e->subject, "Simple Recurrence with exceptions", "its subject");
    is_str(e->location, "34/4141", "its place");
    is_int(e->overrides, OKAPI_OVERRIDE_SUBJECT | OKAPI_OVERRIDE_LOCATION, "that is all");
    is_str(time_text(okapi__civil_of_minutes(e->original), pool), "20070416T100000", "moved from");
    is_str(time_text(okapi__civil_of_minutes(e->start), pool), "20070416T110000", "to");

    r = round_trip(daily, "4.1.1.3", pool);
    is_str(rule_of(r, pool), "FREQ=DAILY;UNTIL=20110504T080000;INTERVAL=3", "its rule");
    is_int(r->deleted->nelts, 2, "two are deleted");
    is_str(time_text(okapi__civil_of_minutes(APR_ARRAY_IDX(r->deleted, 1, okapi_minutes_t)), pool),
           "20110422T000000", "the second of them");
}

static void test_overrides(apr_pool_t *pool)
{
    okapi_recurrence_t *r = okapi_recurrence_create(pool), *again;
    okapi_exception_t e = {.start = 5000,
                           .end = 5030,
                           .original = 4000,
                           .overrides = 0x3FF,
                           .subject = "Gr\xC3\xBC\xC3\x9F"
                                      "e",
                           .location = "\xF0\x9F\x8F\xA0",
                           .meeting_type = 1,
                           .reminder_delta = 15,
                           .reminder = 1,
                           .busy_status = 3,
                           .attachment = 1,
                           .subtype = 1,
                           .color = 7,
                           .change_highlight = 9};
    okapi_binary_t blob;
    r->frequency = OKAPI_RECUR_DAILY;
    r->period = 1440;
    r->end_type = OKAPI_RECUR_END_NEVER;
    APR_ARRAY_PUSH(r->exceptions, okapi_exception_t) = e;
    is_int(okapi_recurrence_encode(&blob, r, 1, pool), APR_SUCCESS, "every override is written");
    is_int(okapi_recurrence_decode(&again, blob, pool), APR_SUCCESS, "and read");
    const okapi_exception_t *got = &APR_ARRAY_IDX(again->exceptions, 0, okapi_exception_t);
    is_str(got->subject, e.subject, "subject");
    is_str(got->location, e.location, "location");
    is_int(got->overrides, 0x3FF, "flags");
    ok(got->meeting_type == 1 && got->reminder_delta == 15 && got->reminder == 1, "reminder");
    ok(got->busy_status == 3 && got->attachment == 1 && got->subtype == 1, "status");
    ok(got->color == 7 && got->change_highlight == 9, "colour, highlight");
}

static void test_malformed(apr_pool_t *pool)
{
    okapi_recurrence_t *r;
    okapi_binary_t blob = bytes_of(weekly_exception, pool);
    int failed = 0, lengths = (int)blob.len;
    for (blob.len = 0; blob.len < (apr_size_t)lengths; blob.len++)
        failed += okapi_recurrence_decode(&r, blob, pool) == OKAPI_EFORMAT;
    /* the pattern alone is a task's; after its exceptions a blob may end */
    is_int(failed, lengths - 2, "a blob that was cut is refused");
    blob = bytes_of("043004300A2000000000A0050000E010000000000000212000000A00000000000000FFFFFFFF",
                    pool);
    is_int(okapi_recurrence_decode(&r, blob, pool), OKAPI_EFORMAT, "a count beyond the bytes");
}

/* ---- rules and patterns ---- */

static const struct {
    const char *start, *rule;
    const char *back; /* NULL: MAPI can't have it; "": as it is */
    int pattern, period;
} patterns[] = {
    {"20240101T090000", "FREQ=DAILY", "", OKAPI_PATTERN_DAY, 1440},
    {"20240101T090000", "FREQ=DAILY;COUNT=3;INTERVAL=2", "", OKAPI_PATTERN_DAY, 2880},
    {"20240101T090000", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
     OKAPI_PATTERN_WEEK, 1},
    {"20240102T090000", "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU", OKAPI_PATTERN_WEEK, 1},
    {"20240102T090000", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "", OKAPI_PATTERN_WEEK, 2},
    {"20240115T090000", "FREQ=MONTHLY;UNTIL=20250115T090000;INTERVAL=3;BYMONTHDAY=15", "",
     OKAPI_PATTERN_MONTH, 3},
    {"20240131T090000", "FREQ=MONTHLY;BYMONTHDAY=-1", "", OKAPI_PATTERN_MONTH, 1},
    {"20240130T090000", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "", OKAPI_PATTERN_MONTH, 1},
    {"20240131T090000", "FREQ=MONTHLY;BYMONTHDAY=31", NULL},
    {"20240109T090000", "FREQ=MONTHLY;BYDAY=2TU", "", OKAPI_PATTERN_MONTH_NTH, 1},
    {"20240126T090000", "FREQ=MONTHLY;BYDAY=-1FR", "", OKAPI_PATTERN_MONTH_NTH, 1},
    {"20240131T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "",
     OKAPI_PATTERN_MONTH_NTH, 1},
    {"20240129T090000", "FREQ=MONTHLY;BYDAY=5MO", NULL},
    {"20240109T090000", "FREQ=MONTHLY;BYDAY=2TU,4TU", NULL},
    {"20240305T090000", "FREQ=YEARLY", "FREQ=YEARLY;BYMONTHDAY=5;BYMONTH=3", OKAPI_PATTERN_MONTH,
     12},
    {"20240331T090000", "FREQ=YEARLY;INTERVAL=4;BYDAY=-1SU;BYMONTH=3", "", OKAPI_PATTERN_MONTH_NTH,
     48},
    {"20240229T090000", "FREQ=YEARLY", NULL},
    {"20240101T090000", "FREQ=YEARLY;BYDAY=1MO", NULL},
    {"20240101T090000", "FREQ=YEARLY;BYMONTH=1,7", NULL},
    {"20240101T090000", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", NULL},
    {"20240101T090000", "FREQ=HOURLY;INTERVAL=6", NULL},
    {"20240101T090000", "FREQ=DAILY;BYHOUR=9,12", NULL},
    {"20240101T090000", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "FREQ=DAILY", OKAPI_PATTERN_DAY, 1440},
    {"20240101T090030", "FREQ=DAILY", NULL},
    {"20240101T090000", "FREQ=WEEKLY;BYDAY=TU", NULL}, /* its start is no instance */
};

static void test_patterns(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        const char *text = patterns[i].rule, *back = patterns[i].back;
        okapi__ical_time_t start;
        okapi__rrule_t rule;
        okapi_recurrence_t *r;
        ok(okapi__ical_time_parse(&start, patterns[i].start) &&
               okapi__rrule_parse(&rule, text) == APR_SUCCESS,
           "%s is read", text);
        apr_status_t status = okapi__recurrence_from_rule(&r, &rule, start.civil, 1800, pool);
        is_int(status, back ? APR_SUCCESS : OKAPI_ENOSUPPORT, "%s as a pattern", text);
        if (status != APR_SUCCESS || !back)
            continue;
        is_str(rule_of(r, pool), *back ? back : text, "and back");
        is_int(r->pattern, patterns[i].pattern, "its pattern");
        is_int(r->period, patterns[i].period, "its period");
    }
}

/* The end that clients show: the count for a date, the date for a count. */
static void test_ends(apr_pool_t *pool)
{
    okapi__rrule_t rule;
    okapi_recurrence_t *r;
    const okapi__civil_t start = okapi__days_of(2024, 1, 1) * OKAPI__DAY;
    okapi__rrule_parse(&rule, "FREQ=WEEKLY;COUNT=10");
    okapi__recurrence_from_rule(&r, &rule, start, 0, pool);
    is_str(time_text(okapi__civil_of_minutes(r->end_date), pool), "20240304T000000", "COUNT");
    okapi__rrule_parse(&rule, "FREQ=WEEKLY;UNTIL=20240310T000000");
    okapi__recurrence_from_rule(&r, &rule, start, 0, pool);
    is_str(time_text(okapi__civil_of_minutes(r->end_date), pool), "20240304T000000", "UNTIL");
    is_int(r->count, 10, "instances until then");
    okapi__rrule_parse(&rule, "FREQ=WEEKLY");
    okapi__recurrence_from_rule(&r, &rule, start, 0, pool);
    ok(r->end_date == OKAPI_RECUR_NO_END && r->end_type == OKAPI_RECUR_END_NEVER, "never");
}

/* ---- expansion ---- */

typedef struct shown_t {
    char text[4000];
    int left;
    apr_pool_t *pool;
} shown_t;

static int show(void *baton, okapi__civil_t t)
{
    shown_t *shown = baton;
    apr_size_t len = strlen(shown->text);
    apr_snprintf(shown->text + len, sizeof(shown->text) - len, "%s%s", len ? " " : "",
                 time_text(t, shown->pool));
    return --shown->left > 0;
}

static apr_status_t expand(shown_t *shown, const char *text, const char *start, const char *from,
                           int max, apr_pool_t *pool)
{
    okapi__rrule_t rule;
    okapi__ical_time_t first, begin;
    apr_int64_t work = OKAPI__RECURRENCE_WORK;
    *shown = (shown_t){"", max, pool};
    ok(okapi__rrule_parse(&rule, text) == APR_SUCCESS && okapi__ical_time_parse(&first, start) &&
           okapi__ical_time_parse(&begin, from),
       "%s from %s", text, from);
    return okapi__rrule_expand(&rule, first.civil, begin.civil,
                               begin.civil + (apr_int64_t)OKAPI__DAY * 36525, &work, show, shown);
}

static const struct {
    const char *rule, *start, *from, *times;
} expansions[] = {
    /* RFC 5545 3.8.5.3 */
    {"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805T090000", "19970805T090000",
     "19970805T090000 19970810T090000 19970819T090000 19970824T090000"},
    {"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805T090000", "19970805T090000",
     "19970805T090000 19970817T090000 19970819T090000 19970831T090000"},
    {"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "19970902T090000", "19970902T090000",
     "19980213T090000 19980313T090000 19981113T090000 19990813T090000"},
    {"FREQ=YEARLY;BYDAY=20MO", "19970519T090000", "19970519T090000",
     "19970519T090000 19980518T090000 19990517T090000 20000515T090000"},
    {"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512T090000", "19970512T090000",
     "19970512T090000 19980511T090000 19990517T090000 20000515T090000"},
    {"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "19961105T090000",
     "19961105T090000", "19961105T090000 20001107T090000 20041102T090000 20081104T090000"},
    {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929T090000", "19970929T090000",
     "19970929T090000 19971030T090000 19971127T090000 19971230T090000"},
    {"FREQ=MINUTELY;INTERVAL=90;COUNT=4", "19970902T090000", "19970902T090000",
     "19970902T090000 19970902T103000 19970902T120000 19970902T133000"},
    {"FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,40", "19970902T090000", "19970902T093000",
     "19970902T094000 19970902T100000 19970902T104000 19970903T090000"},
    /* far from the start, in its rhythm */
    {"FREQ=MONTHLY;INTERVAL=5", "20000102T090000", "20300101T000000",
     "20300102T090000 20300602T090000 20301102T090000 20310402T090000"},
    {"FREQ=SECONDLY;INTERVAL=7", "20000101T000000", "20300101T000000",
     "20300101T000003 20300101T000010 20300101T000017 20300101T000024"},
};

static void test_expansion(apr_pool_t *pool)
{
    shown_t shown;
    for (size_t i = 0; i < sizeof(expansions) / sizeof(expansions[0]); i++) {
        is_int(expand(&shown, expansions[i].rule, expansions[i].start, expansions[i].from, 4, pool),
               APR_SUCCESS, "is expanded");
        is_str(shown.text, expansions[i].times, "its times");
    }
}

static void test_bombs(apr_pool_t *pool)
{
    static const char *const bombs[] = {
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1", "FREQ=MINUTELY;BYHOUR=5;BYMINUTE=7,8,9",
        "FREQ=YEARLY;BYSECOND=0,1,2,3,4,5,6,7,8,9;BYMINUTE=0,1,2,3,4,5,6,7,8,9;BYHOUR=0,1,2,3,4,5,"
        "6,7,8,9;BYYEARDAY=-366,-365,-364,1,2,3,4,5,6,7,8,9,10,11,12;COUNT=99999999",
        "FREQ=SECONDLY;COUNT=100000000"};
    shown_t shown;
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        apr_status_t status =
            expand(&shown, bombs[i], "16010101T000000", "40000101T000000", 1, pool);
        ok(status == OKAPI_ETOOCOMPLEX || shown.left == 0 || !*shown.text, "ends");
    }
    is_int(expand(&shown, bombs[3], "16010101T000000", "40000101T000000", 1, pool),
           OKAPI_ETOOCOMPLEX, "what has to be counted and can't is an error");
}

static void test_broken_rules(void)
{
    static const char *const broken[] = {
        "",
        "FREQ",
        "FREQ=",
        "FREQ=DAILY;FREQ=DAILY",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=340282366920938463463374607431768211455",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=WEEKLY;BYDAY=250MO",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=MO,",
        "FREQ=HOURLY;BYMINUTE=55,,",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=DAILY;UNTIL=20240230"};
    okapi__rrule_t rule;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        is_int(okapi__rrule_parse(&rule, broken[i]), OKAPI_EFORMAT, "refused: %s", broken[i]);
    is_int(okapi__rrule_parse(&rule, "RSCALE=HEBREW;FREQ=YEARLY"), OKAPI_ENOSUPPORT,
           "another calendar isn't supported");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    test_examples(pool);
    test_overrides(pool);
    test_malformed(pool);
    test_patterns(pool);
    test_ends(pool);
    test_expansion(pool);
    test_bombs(pool);
    test_broken_rules();
    return done_testing();
}
