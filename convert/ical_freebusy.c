/* ical_freebusy.c - VFREEBUSY and the free/busy properties of a mailbox: MS-OXOPFFB 2.2.1. For each
 * status there are months, and for each month times of two minutes since its beginning, in UTC. */
#include <stdlib.h>
#include <strings.h>
#include <apr_strings.h>

#include "ical_item.h"
#include "ical_time.h"

enum { MAX_PERIODS = 20000, MAX_MONTHS = 1200 };

static const struct {
    const char *type; /* FBTYPE */
    okapi_proptag_t months, times;
} states[] = {
    {"BUSY", PR_SCHDINFO_MONTHS_BUSY, PR_SCHDINFO_FREEBUSY_BUSY},
    {"BUSY-TENTATIVE", PR_SCHDINFO_MONTHS_TENTATIVE, PR_SCHDINFO_FREEBUSY_TENTATIVE},
    {"BUSY-UNAVAILABLE", PR_SCHDINFO_MONTHS_OOF, PR_SCHDINFO_FREEBUSY_OOF},
};
enum { STATES = sizeof(states) / sizeof(states[0]) };

typedef struct period_t {
    okapi__civil_t start, end; /* UTC */
} period_t;

/* ---- reading ---- */

/* "start/end" or "start/duration". */
static int read_period(okapi__item_t *item, const okapi__line_t *line, char *text, period_t *period)
{
    okapi__when_t start, end;
    apr_int64_t seconds;
    char *slash = strchr(text, '/');
    if (!slash)
        return 0;
    *slash++ = 0;
    if (!okapi__when_read(&start, item->cal, line, text))
        return 0;
    period->start = start.utc;
    if (okapi__ical_duration_parse(&seconds, NULL, slash))
        period->end = start.utc + seconds;
    else if (okapi__when_read(&end, item->cal, line, slash))
        period->end = end.utc;
    else
        return 0;
    return period->end > period->start;
}

static int by_start(const void *a, const void *b)
{
    const period_t *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static apr_array_header_t *read_periods(okapi__item_t *item, const char *type)
{
    apr_pool_t *pool = item->cal->pool;
    apr_array_header_t *periods = apr_array_make(pool, 16, sizeof(period_t));
    for (int i = 0; i < item->comp->lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(item->comp->lines, i, okapi__line_t);
        const char *its = okapi__line_param(line, "FBTYPE");
        char *last, *values = apr_pstrdup(pool, line->value);
        if (strcmp(line->name, "FREEBUSY") != 0 || strcasecmp(its ? its : "BUSY", type) != 0)
            continue;
        for (char *v = apr_strtok(values, ",", &last); v && periods->nelts < MAX_PERIODS;
             v = apr_strtok(NULL, ",", &last)) {
            period_t period;
            if (read_period(item, line, v, &period))
                APR_ARRAY_PUSH(periods, period_t) = period;
        }
    }
    qsort(periods->elts, (size_t)periods->nelts, sizeof(period_t), by_start);
    return periods;
}

typedef struct months_t {
    apr_array_header_t *numbers; /* apr_int32_t: year * 16 + month */
    apr_array_header_t *times;   /* okapi_binary_t */
    okapi_writer_t w;
} months_t;

static void put_times(months_t *m, int month, okapi__civil_t from, okapi__civil_t to,
                      apr_pool_t *pool)
{
    const apr_array_header_t *numbers = m->numbers;
    if (numbers->nelts == 0 || APR_ARRAY_IDX(numbers, numbers->nelts - 1, apr_int32_t) != month) {
        APR_ARRAY_PUSH(m->numbers, apr_int32_t) = month;
        apr_array_push(m->times);
        okapi_writer_init(&m->w, 64, 256 * 1024, pool);
    }
    okapi_write_u16(&m->w, (apr_uint16_t)(from / 60));
    okapi_write_u16(&m->w, (apr_uint16_t)((to + 59) / 60));
    APR_ARRAY_IDX(m->times, m->times->nelts - 1, okapi_binary_t) =
        (okapi_binary_t){m->w.data, m->w.len};
}

/* A period of several months is one in each of them. */
static void put_period(months_t *m, period_t p, apr_pool_t *pool)
{
    while (p.start < p.end && m->numbers->nelts < MAX_MONTHS) {
        okapi__date_t d = okapi__date_of(okapi__civil_days(p.start));
        okapi__civil_t begin = okapi__days_of(d.year, d.month, 1) * OKAPI__DAY;
        okapi__civil_t next = begin + okapi__month_days(d.year, d.month) * (apr_int64_t)OKAPI__DAY;
        okapi__civil_t end = p.end < next ? p.end : next;
        put_times(m, d.year * 16 + d.month, p.start - begin, end - begin, pool);
        p.start = end;
    }
}

static void put_limit(okapi__item_t *item, const char *name, okapi_proptag_t tag)
{
    const okapi__line_t *line = okapi__comp_line(item->comp, name);
    okapi__when_t when;
    if (line && okapi__when_read(&when, item->cal, line, line->value))
        okapi_props_set_i32(item->props, tag, (apr_int32_t)okapi__civil_minutes(when.utc));
}

void okapi__freebusy_read(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    put_limit(item, "DTSTART", PR_FREEBUSY_PUBLISH_START);
    put_limit(item, "DTEND", PR_FREEBUSY_PUBLISH_END);
    for (int i = 0; i < STATES; i++) {
        apr_array_header_t *periods = read_periods(item, states[i].type);
        months_t m = {apr_array_make(pool, 8, sizeof(apr_int32_t)),
                      apr_array_make(pool, 8, sizeof(okapi_binary_t))};
        for (int k = 0; k < periods->nelts; k++)
            put_period(&m, APR_ARRAY_IDX(periods, k, period_t), pool);
        okapi_propval_t months = {.tag = states[i].months}, times = {.tag = states[i].times};
        months.v.mv.count = times.v.mv.count = (apr_uint32_t)m.numbers->nelts;
        months.v.mv.v.i32 = (const apr_int32_t *)m.numbers->elts;
        times.v.mv.v.bin = (const okapi_binary_t *)m.times->elts;
        if (m.numbers->nelts) {
            okapi_props_set(item->props, &months);
            okapi_props_set(item->props, &times);
        }
    }
}

/* ---- writing ---- */

static void write_limit(okapi__item_t *item, const char *name, okapi_proptag_t tag)
{
    const okapi_propval_t *value = okapi_props_get(item->props, tag);
    if (!value)
        return;
    okapi__ical_time_t t = {okapi__civil_of_minutes((apr_uint32_t)value->v.i32), 0, 1};
    okapi__comp_add(item->comp, name, NULL, okapi__ical_time_format(&t, item->cal->pool));
}

/* Array of period_t; those that meet at the end of a month are one again. */
static apr_array_header_t *periods_of(const okapi_propval_t *months, const okapi_propval_t *times,
                                      apr_pool_t *pool)
{
    apr_array_header_t *periods = apr_array_make(pool, 16, sizeof(period_t));
    for (apr_uint32_t i = 0; i < months->v.mv.count && i < times->v.mv.count; i++) {
        int number = months->v.mv.v.i32[i], year = number / 16, month = number % 16;
        okapi_binary_t blob = times->v.mv.v.bin[i];
        okapi_reader_t r;
        if (year < OKAPI__YEAR_MIN || year > OKAPI__YEAR_MAX || month < 1 || month > 12)
            continue;
        okapi__civil_t begin = okapi__days_of(year, month, 1) * OKAPI__DAY;
        okapi_reader_init(&r, blob.data, blob.len);
        while (okapi_reader_left(&r) >= 4 && periods->nelts < MAX_PERIODS) {
            okapi__civil_t start = begin + okapi_read_u16(&r) * (apr_int64_t)60;
            okapi__civil_t end = begin + okapi_read_u16(&r) * (apr_int64_t)60;
            period_t *last =
                periods->nelts ? &APR_ARRAY_IDX(periods, periods->nelts - 1, period_t) : NULL;
            if (last && start == begin && last->end == start)
                last->end = end;
            else if (end > start)
                APR_ARRAY_PUSH(periods, period_t) = (period_t){start, end};
        }
    }
    return periods;
}

void okapi__freebusy_write(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    write_limit(item, "DTSTART", PR_FREEBUSY_PUBLISH_START);
    write_limit(item, "DTEND", PR_FREEBUSY_PUBLISH_END);
    for (int i = 0; i < STATES; i++) {
        const okapi_propval_t *months = okapi_props_get(item->props, states[i].months);
        const okapi_propval_t *times = okapi_props_get(item->props, states[i].times);
        if (!months || !times)
            continue;
        apr_array_header_t *periods = periods_of(months, times, pool);
        apr_array_header_t *texts = apr_array_make(pool, 16, sizeof(const char *));
        for (int k = 0; k < periods->nelts; k++) {
            const period_t *p = &APR_ARRAY_IDX(periods, k, period_t);
            okapi__ical_time_t start = {p->start, 0, 1}, end = {p->end, 0, 1};
            APR_ARRAY_PUSH(texts, const char *) =
                apr_pstrcat(pool, okapi__ical_time_format(&start, pool), "/",
                            okapi__ical_time_format(&end, pool), NULL);
        }
        if (texts->nelts)
            okapi__comp_add(item->comp, "FREEBUSY",
                            apr_pstrcat(pool, "FBTYPE=", states[i].type, NULL),
                            apr_array_pstrcat(pool, texts, ','));
    }
}
