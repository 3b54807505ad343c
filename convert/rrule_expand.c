/* rrule_expand.c - the times that a recurrence rule stands for: RFC 5545 3.3.10.
 *
 * A rule is a sequence of periods (years, ..., seconds), each with the set of those of its days
 * that fit, times the hours, minutes and seconds. Nothing is ever as large as what a rule claims:
 * a set is counted, not made, and all work is paid for. */
#include "rrule.h"

#include <stdlib.h>
#include <string.h>
#include <okapi/error.h>

enum { MAX_DAYS = 366, MAX_POSITIONS = 2 * 366 };

typedef struct numbers_t {
    int n;
    int of[61];
} numbers_t;

typedef struct expansion_t {
    okapi__rrule_t rule; /* with what it takes from the start */
    okapi__civil_t start, from, to;
    apr_int64_t *work;
    okapi__visit_t visit;
    void *baton;
    apr_uint32_t found;
    int filters_days, has_nth;
    int done;
    apr_int64_t days[MAX_DAYS]; /* of the period */
    int ndays;
    numbers_t hours, minutes, seconds; /* of the period */
} expansion_t;

static int spend(expansion_t *e)
{
    if (--*e->work < 0)
        e->done = 1;
    return !e->done;
}

/* ---- does a day fit? ---- */

/* The Monday, or whatever weeks begin with, of the week with 4 January. */
static apr_int64_t first_week(const expansion_t *e, int year)
{
    apr_int64_t fourth = okapi__days_of(year, 1, 4);
    return fourth - (okapi__weekday_of(fourth) - e->rule.week_start + 7) % 7;
}

static int fits_week(const expansion_t *e, apr_int64_t day, int year)
{
    apr_int64_t first = first_week(e, year), next = first_week(e, year + 1);
    if (day < first) {
        next = first;
        first = first_week(e, year - 1);
    } else if (day >= next) {
        first = next;
        next = first_week(e, year + 2);
    }
    return okapi__by_has(&e->rule.weeks, (int)(day - first) / 7 + 1, (int)(next - first) / 7);
}

/* The number of a weekday is counted in the month, or in the year if no month is named. */
static int fits_nth(const expansion_t *e, apr_int64_t day, okapi__date_t date, int weekday)
{
    int n = date.day, count = okapi__month_days(date.year, date.month);
    if (e->rule.freq == OKAPI__YEARLY && okapi__set_next(&e->rule.months, 0) < 0) {
        apr_int64_t january = okapi__days_of(date.year, 1, 1);
        n = (int)(day - january) + 1;
        count = (int)(okapi__days_of(date.year + 1, 1, 1) - january);
    }
    return okapi__set_has(&e->rule.nth[weekday].first, (n - 1) / 7 + 1) ||
           okapi__set_has(&e->rule.nth[weekday].last, (count - n) / 7 + 1);
}

static int day_fits(const expansion_t *e, apr_int64_t day)
{
    const okapi__rrule_t *rule = &e->rule;
    if (!e->filters_days)
        return 1;
    okapi__date_t d = okapi__date_of(day);
    if (okapi__set_next(&rule->months, 0) >= 0 && !okapi__set_has(&rule->months, d.month))
        return 0;
    if (okapi__by_any(&rule->month_days) &&
        !okapi__by_has(&rule->month_days, d.day, okapi__month_days(d.year, d.month)))
        return 0;
    if (okapi__by_any(&rule->year_days)) {
        apr_int64_t january = okapi__days_of(d.year, 1, 1);
        int count = (int)(okapi__days_of(d.year + 1, 1, 1) - january);
        if (!okapi__by_has(&rule->year_days, (int)(day - january) + 1, count))
            return 0;
    }
    if (okapi__by_any(&rule->weeks) && !fits_week(e, day, d.year))
        return 0;
    if (!rule->weekdays && !e->has_nth)
        return 1;
    int weekday = okapi__weekday_of(day);
    return rule->weekdays >> weekday & 1 || (e->has_nth && fits_nth(e, day, d, weekday));
}

static void add_days(expansion_t *e, apr_int64_t first, int n)
{
    for (apr_int64_t day = first; day < first + n && spend(e); day++)
        if (day_fits(e, day))
            e->days[e->ndays++] = day;
}

/* ---- the set of a period ---- */

static void show(expansion_t *e, okapi__civil_t t)
{
    if (t < e->start || !spend(e))
        return;
    if (t > e->rule.until || t > e->to || (e->rule.count && e->found == e->rule.count)) {
        e->done = 1;
        return;
    }
    e->found++;
    if (t >= e->from && !e->visit(e->baton, t))
        e->done = 1;
}

/* The time number I of the set. */
static okapi__civil_t member(const expansion_t *e, apr_int64_t i)
{
    int second = e->seconds.of[i % e->seconds.n];
    i /= e->seconds.n;
    int minute = e->minutes.of[i % e->minutes.n];
    i /= e->minutes.n;
    int hour = e->hours.of[i % e->hours.n];
    return e->days[i / e->hours.n] * OKAPI__DAY + hour * 3600 + minute * 60 + second;
}

static int by_number(const void *a, const void *b)
{
    const apr_int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* BYSETPOS */
static void show_positions(expansion_t *e, apr_int64_t count)
{
    const okapi__by_t *by = &e->rule.positions;
    apr_int64_t picked[MAX_POSITIONS];
    int n = 0;
    for (int i = okapi__set_next(&by->first, 0); i >= 0; i = okapi__set_next(&by->first, i + 1))
        if (i <= count)
            picked[n++] = i - 1;
    for (int i = okapi__set_next(&by->last, 0); i >= 0; i = okapi__set_next(&by->last, i + 1))
        if (i <= count)
            picked[n++] = count - i;
    qsort(picked, (size_t)n, sizeof(picked[0]), by_number);
    for (int i = 0; i < n && !e->done; i++)
        if (i == 0 || picked[i] != picked[i - 1])
            show(e, member(e, picked[i]));
}

static void show_set(expansion_t *e)
{
    apr_int64_t count = (apr_int64_t)e->ndays * e->hours.n * e->minutes.n * e->seconds.n;
    if (okapi__by_any(&e->rule.positions)) {
        show_positions(e, count);
        return;
    }
    for (apr_int64_t i = 0; i < count && !e->done; i++) {
        if (!spend(e))
            return;
        show(e, member(e, i));
    }
}

/* ---- periods of days ---- */

/* How many intervals of STEP lie wholly before what is wanted; an index may be skipped only if
 * nobody counts. */
static apr_int64_t skippable(const expansion_t *e, apr_int64_t distance, apr_int64_t step)
{
    return e->rule.count || distance <= 0 ? 0 : distance / step;
}

static void expand_months(expansion_t *e)
{
    int per_period = e->rule.freq == OKAPI__YEARLY ? 12 : 1;
    apr_int64_t step = (apr_int64_t)e->rule.interval * per_period;
    okapi__date_t start = okapi__date_of(okapi__civil_days(e->start));
    okapi__date_t from = okapi__date_of(okapi__civil_days(e->from));
    apr_int64_t base = start.year * 12 + (per_period == 1 ? start.month - 1 : 0);
    base += skippable(e, from.year * 12 + from.month - 1 - base - (per_period - 1), step) * step;
    for (; !e->done && base / 12 <= OKAPI__YEAR_MAX; base += step) {
        int year = (int)(base / 12);
        if (!spend(e))
            return;
        e->ndays = 0;
        for (int month = (int)(base % 12); month < (int)(base % 12) + per_period; month++)
            if (okapi__set_next(&e->rule.months, 0) < 0 ||
                okapi__set_has(&e->rule.months, month + 1))
                add_days(e, okapi__days_of(year, month + 1, 1), okapi__month_days(year, month + 1));
        show_set(e);
        if (okapi__days_of(year, (int)(base % 12) + 1, 1) * OKAPI__DAY > e->to)
            return;
    }
}

static void expand_days(expansion_t *e)
{
    int per_period = e->rule.freq == OKAPI__WEEKLY ? 7 : 1;
    apr_int64_t step = (apr_int64_t)e->rule.interval * per_period;
    apr_int64_t day = okapi__civil_days(e->start), end = okapi__civil_days(e->to);
    if (per_period == 7)
        day -= (okapi__weekday_of(day) - e->rule.week_start + 7) % 7;
    day += skippable(e, okapi__civil_days(e->from) - day - (per_period - 1), step) * step;
    for (; !e->done && day <= end; day += step) {
        e->ndays = 0;
        add_days(e, day, per_period);
        show_set(e);
    }
}

/* ---- periods of a day's parts ---- */

static int admits(const okapi__set_t *set, int n)
{
    return okapi__set_next(set, 0) < 0 || okapi__set_has(set, n);
}

/* Where to go on if the period beginning at T isn't one of the rule's; T itself if it is. */
static okapi__civil_t next_candidate(const expansion_t *e, okapi__civil_t t)
{
    apr_int64_t day = okapi__civil_days(t);
    int second = okapi__civil_seconds(t);
    if (!day_fits(e, day))
        return (day + 1) * OKAPI__DAY;
    if (!admits(&e->rule.hours, second / 3600))
        return t - second % 3600 + 3600;
    if (e->rule.freq <= OKAPI__MINUTELY && !admits(&e->rule.minutes, second / 60 % 60))
        return t - second % 60 + 60;
    if (e->rule.freq == OKAPI__SECONDLY && !admits(&e->rule.seconds, second % 60))
        return t + 1;
    return t;
}

static void expand_times(expansion_t *e)
{
    static const int units[] = {1, 60, 3600};
    int unit = units[e->rule.freq];
    apr_int64_t step = (apr_int64_t)e->rule.interval * unit;
    okapi__civil_t t = e->start - okapi__civil_seconds(e->start) % unit;
    t += skippable(e, e->from - t - (unit - 1), step) * step;
    while (!e->done && t <= e->to && t <= e->rule.until && spend(e)) {
        okapi__civil_t next = next_candidate(e, t);
        if (next > t) {
            t += (next - t + step - 1) / step * step;
            continue;
        }
        int second = okapi__civil_seconds(t);
        e->days[0] = okapi__civil_days(t);
        e->ndays = 1;
        e->hours = (numbers_t){1, {second / 3600}};
        if (e->rule.freq <= OKAPI__MINUTELY)
            e->minutes = (numbers_t){1, {second / 60 % 60}};
        if (e->rule.freq == OKAPI__SECONDLY)
            e->seconds = (numbers_t){1, {second % 60}};
        show_set(e);
        t += step;
    }
}

/* ---- what a rule leaves to the start ---- */

static void list(numbers_t *numbers, const okapi__set_t *set, int absent)
{
    numbers->n = 0;
    for (int i = okapi__set_next(set, 0); i >= 0; i = okapi__set_next(set, i + 1))
        numbers->of[numbers->n++] = i < 60 ? i : 59;
    if (numbers->n == 0)
        numbers->of[numbers->n++] = absent;
}

static void complete(expansion_t *e)
{
    okapi__rrule_t *rule = &e->rule;
    okapi__date_t start = okapi__date_of(okapi__civil_days(e->start));
    int second = okapi__civil_seconds(e->start);
    if (rule->freq < OKAPI__MONTHLY) /* a number has no meaning: RFC 5545 forbids it */
        for (int i = 0; i < 7; i++) {
            rule->weekdays |= (apr_uint32_t)okapi__by_any(&rule->nth[i]) << i;
            rule->nth[i] = (okapi__by_t){{{0}}, {{0}}};
        }
    e->has_nth = okapi__rrule_has_nth(rule);
    if (!rule->weekdays && !e->has_nth && !okapi__by_any(&rule->month_days) &&
        !okapi__by_any(&rule->year_days) && !okapi__by_any(&rule->weeks)) {
        if (rule->freq == OKAPI__YEARLY && okapi__set_next(&rule->months, 0) < 0)
            okapi__set_add(&rule->months, start.month);
        if (rule->freq == OKAPI__YEARLY || rule->freq == OKAPI__MONTHLY)
            okapi__set_add(&rule->month_days.first, start.day);
        if (rule->freq == OKAPI__WEEKLY)
            rule->weekdays = 1u << okapi__weekday_of(okapi__civil_days(e->start));
    }
    e->filters_days = rule->weekdays || e->has_nth || okapi__by_any(&rule->month_days) ||
                      okapi__by_any(&rule->year_days) || okapi__by_any(&rule->weeks) ||
                      okapi__set_next(&rule->months, 0) >= 0;
    list(&e->hours, &rule->hours, second / 3600);
    list(&e->minutes, &rule->minutes, second / 60 % 60);
    list(&e->seconds, &rule->seconds, second % 60);
}

apr_status_t okapi__rrule_expand(const okapi__rrule_t *rule, okapi__civil_t start,
                                 okapi__civil_t from, okapi__civil_t to, apr_int64_t *work,
                                 okapi__visit_t visit, void *baton)
{
    const okapi__civil_t latest = okapi__days_of(OKAPI__YEAR_MAX, 12, 31) * OKAPI__DAY;
    expansion_t e = {.rule = *rule,
                     .start = start,
                     .from = from,
                     .to = to,
                     .work = work,
                     .visit = visit,
                     .baton = baton};
    if (e.rule.until < e.to)
        e.to = e.rule.until;
    if (e.to > latest)
        e.to = latest;
    if (e.from < start)
        e.from = start;
    if (e.from > e.to)
        return APR_SUCCESS;
    complete(&e);
    if (rule->freq < OKAPI__DAILY)
        expand_times(&e);
    else if (rule->freq < OKAPI__MONTHLY)
        expand_days(&e);
    else
        expand_months(&e);
    return *work < 0 ? OKAPI_ETOOCOMPLEX : APR_SUCCESS;
}
