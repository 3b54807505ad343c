/* recurrence_rule.c - patterns of MAPI and rules of iCalendar: MS-OXCICAL 2.1.3.2.2. */
#include "recurrence_rule.h"

#include <okapi/error.h>

enum {
    WORKDAYS = 0x3E,
    ALL_DAYS = 0x7F,
    LAST = 5,           /* nth */
    DEFAULT_COUNT = 10, /* what clients write for a series that never ends */
    MAX_DURATION = 10 * 366 * OKAPI__DAY,
    /* CalendarType: the default one and those that only name the same months otherwise */
    GREGORIAN_CALENDARS = 0x1EBF
};

/* ---- to a rule ---- */

/* Day 29 to 31 is the last day in months that are shorter: MS-OXOCAL 2.2.1.44.1. */
static void month_day(okapi__rrule_t *rule, apr_uint32_t day)
{
    if (day == 31) {
        okapi__set_add(&rule->month_days.last, 1);
    } else if (day <= 28) {
        okapi__set_add(&rule->month_days.first, (int)day);
    } else {
        for (apr_uint32_t d = 28; d <= day; d++)
            okapi__set_add(&rule->month_days.first, (int)d);
        okapi__set_add(&rule->positions.last, 1);
    }
}

static void month_nth(okapi__rrule_t *rule, apr_uint32_t weekdays, apr_uint32_t nth)
{
    int single = (weekdays & (weekdays - 1)) == 0;
    okapi__by_t *by = single ? &rule->nth[__builtin_ctz(weekdays)] : &rule->positions;
    if (!single)
        rule->weekdays = weekdays;
    okapi__set_add(nth == LAST ? &by->last : &by->first, nth == LAST ? 1 : (int)nth);
}

/* A year's months are those of its pattern's start: periods are counted from FirstDateTime, which
 * has nothing but the month. */
static apr_status_t monthly_rule(okapi__rrule_t *rule, const okapi_recurrence_t *rec)
{
    int yearly = rec->frequency == OKAPI_RECUR_YEARLY && rec->period % 12 == 0;
    rule->freq = yearly ? OKAPI__YEARLY : OKAPI__MONTHLY;
    rule->interval = yearly ? rec->period / 12 : rec->period;
    if (yearly) {
        okapi__civil_t start = okapi__civil_of_minutes(rec->start_date);
        okapi__set_add(&rule->months, okapi__date_of(okapi__civil_days(start)).month);
    }
    if (rec->pattern == OKAPI_PATTERN_MONTH_NTH) {
        if (rec->nth < 1 || rec->nth > LAST || !rec->weekdays)
            return OKAPI_EFORMAT;
        month_nth(rule, rec->weekdays, rec->nth);
    } else if (rec->pattern == OKAPI_PATTERN_MONTH_END) {
        month_day(rule, 31);
    } else {
        if (rec->day < 1 || rec->day > 31)
            return OKAPI_EFORMAT;
        month_day(rule, rec->day);
    }
    return APR_SUCCESS;
}

apr_status_t okapi__recurrence_to_rule(okapi__rrule_t *rule, const okapi_recurrence_t *rec)
{
    apr_status_t status = APR_SUCCESS;
    *rule = (okapi__rrule_t){.interval = rec->period, .week_start = 1, .until = OKAPI__NO_UNTIL};
    switch (rec->pattern) {
    case OKAPI_PATTERN_DAY:
        if (rec->period % 1440)
            return OKAPI_EFORMAT;
        rule->freq = OKAPI__DAILY;
        rule->interval = rec->period / 1440;
        break;
    case OKAPI_PATTERN_WEEK:
        if (!rec->weekdays)
            return OKAPI_EFORMAT;
        rule->freq = OKAPI__WEEKLY;
        /* "Every weekday" is a daily pattern with a period that counts days. */
        if (rec->frequency == OKAPI_RECUR_DAILY)
            rule->interval = 1;
        rule->weekdays = rec->weekdays;
        rule->week_start = (int)rec->first_weekday;
        break;
    case OKAPI_PATTERN_MONTH:
    case OKAPI_PATTERN_MONTH_NTH:
    case OKAPI_PATTERN_MONTH_END:
        if (rec->calendar > 12 || !(GREGORIAN_CALENDARS >> rec->calendar & 1))
            return OKAPI_ENOSUPPORT;
        status = monthly_rule(rule, rec);
        break;
    default:
        return OKAPI_ENOSUPPORT;
    }
    if (rule->interval == 0 || rule->interval > 100000)
        return OKAPI_EFORMAT;
    if (rec->end_type == OKAPI_RECUR_END_COUNT)
        rule->count = rec->count ? rec->count : 1;
    else if (rec->end_type == OKAPI_RECUR_END_DATE)
        rule->until = okapi__civil_of_minutes(rec->end_date) + rec->start_offset * (apr_int64_t)60;
    return status;
}

okapi__civil_t okapi__recurrence_start(const okapi_recurrence_t *rec)
{
    return okapi__civil_of_minutes(rec->start_date) + rec->start_offset * (apr_int64_t)60;
}

/* ---- from a rule ---- */

/* The only number in SET; 0 if there isn't exactly one. */
static int only(const okapi__set_t *set)
{
    return okapi__set_count(set) == 1 ? okapi__set_next(set, 0) : 0;
}

/* Nothing but what a pattern has: one time a day, which is the start's. */
static int is_plain(const okapi__rrule_t *rule, okapi__civil_t start)
{
    const struct {
        const okapi__set_t *set;
        int value;
    } times[] = {{&rule->hours, okapi__civil_seconds(start) / 3600},
                 {&rule->minutes, okapi__civil_seconds(start) / 60 % 60},
                 {&rule->seconds, okapi__civil_seconds(start) % 60}};
    for (int i = 0; i < 3; i++) {
        int n = okapi__set_count(times[i].set);
        if (n > 1 || (n == 1 && !okapi__set_has(times[i].set, times[i].value)))
            return 0;
    }
    return start % 60 == 0 && rule->interval <= 999 && !okapi__by_any(&rule->weeks) &&
           !okapi__by_any(&rule->year_days);
}

/* BYDAY=2TU, BYDAY=MO,TU;BYSETPOS=-1 as the days and which of them. */
static int nth_of(const okapi__rrule_t *rule, okapi_recurrence_t *rec)
{
    const okapi__by_t *by = &rule->positions;
    rec->weekdays = rule->weekdays;
    if (okapi__rrule_has_nth(rule)) {
        if (rule->weekdays || okapi__by_any(&rule->positions))
            return 0;
        for (int i = 0; i < 7; i++) {
            if (!okapi__by_any(&rule->nth[i]))
                continue;
            if (rec->weekdays)
                return 0;
            rec->weekdays = 1u << i;
            by = &rule->nth[i];
        }
    }
    int first = only(&by->first), last = only(&by->last);
    if (okapi__set_count(&by->first) + okapi__set_count(&by->last) != 1 || first > 4 || last > 1)
        return 0;
    rec->nth = first ? (apr_uint32_t)first : LAST;
    return 1;
}

/* BYMONTHDAY=15, -1, and 28,29,30 with BYSETPOS=-1, which is what day 30 becomes. In one month of
 * each year (MONTH, or 0) only the days it always has are safe. */
static int day_of(const okapi__rrule_t *rule, okapi__date_t start, int month,
                  okapi_recurrence_t *rec)
{
    static const char always[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const okapi__set_t *first = &rule->month_days.first, *last = &rule->month_days.last;
    int n = okapi__set_count(first), from_end = okapi__set_count(last);
    if (n + from_end == 0) {
        rec->day = (apr_uint32_t)start.day;
    } else if (n == 0) {
        rec->day = 31;
        return only(last) == 1 && !okapi__by_any(&rule->positions);
    } else if (from_end > 0) {
        return 0;
    } else if (n > 1) {
        rec->day = (apr_uint32_t)(27 + n);
        return okapi__set_next(first, 0) == 28 && okapi__set_has(first, (int)rec->day) &&
               okapi__set_count(&rule->positions.first) == 0 && only(&rule->positions.last) == 1;
    } else {
        rec->day = (apr_uint32_t)only(first);
    }
    return !okapi__by_any(&rule->positions) &&
           rec->day <= (apr_uint32_t)(month ? always[month - 1] : 28);
}

static int month_pattern(const okapi__rrule_t *rule, okapi__date_t start, okapi_recurrence_t *rec)
{
    int yearly = rule->freq == OKAPI__YEARLY, months = okapi__set_count(&rule->months);
    int by_weekday = rule->weekdays || okapi__rrule_has_nth(rule);
    if (yearly ? months > 1 || (months == 1 && !okapi__set_has(&rule->months, start.month))
               : months > 0)
        return 0;
    if (yearly && months == 0 && (by_weekday || okapi__by_any(&rule->month_days)))
        return 0; /* counted in the year, or in all its months */
    rec->frequency = yearly ? OKAPI_RECUR_YEARLY : OKAPI_RECUR_MONTHLY;
    rec->period = rule->interval * (yearly ? 12 : 1);
    rec->pattern = by_weekday ? OKAPI_PATTERN_MONTH_NTH : OKAPI_PATTERN_MONTH;
    if (by_weekday)
        return !okapi__by_any(&rule->month_days) && nth_of(rule, rec);
    return day_of(rule, start, yearly ? start.month : 0, rec);
}

static int day_pattern(const okapi__rrule_t *rule, okapi__civil_t start, okapi_recurrence_t *rec)
{
    if (okapi__by_any(&rule->month_days) || okapi__set_count(&rule->months) ||
        okapi__by_any(&rule->positions) || okapi__rrule_has_nth(rule))
        return 0;
    int daily = rule->freq == OKAPI__DAILY;
    rec->frequency = daily ? OKAPI_RECUR_DAILY : OKAPI_RECUR_WEEKLY;
    rec->pattern = OKAPI_PATTERN_WEEK;
    rec->period = rule->interval;
    rec->weekdays = rule->weekdays;
    if (daily && (!rule->weekdays || rule->weekdays == ALL_DAYS)) {
        rec->pattern = OKAPI_PATTERN_DAY;
        rec->period = rule->interval * 1440;
    } else if (daily) {
        if (rule->interval != 1)
            return 0;
        if (rule->weekdays != WORKDAYS)
            rec->frequency = OKAPI_RECUR_WEEKLY;
    } else if (!rule->weekdays) {
        rec->weekdays = 1u << okapi__weekday_of(okapi__civil_days(start));
    }
    return 1;
}

/* FirstDateTime, MS-OXOCAL 2.2.1.44.1.1. */
static okapi_minutes_t first_date(const okapi_recurrence_t *rec)
{
    apr_int64_t day = rec->start_date / 1440;
    if (rec->pattern == OKAPI_PATTERN_DAY)
        return rec->start_date % rec->period;
    if (rec->pattern == OKAPI_PATTERN_WEEK) {
        int weekday =
            okapi__weekday_of(okapi__civil_days(okapi__civil_of_minutes(rec->start_date)));
        day -= (weekday - (int)rec->first_weekday + 7) % 7;
        return (okapi_minutes_t)(day % (rec->period * 7) * 1440);
    }
    okapi__date_t d = okapi__date_of(okapi__civil_days(okapi__civil_of_minutes(rec->start_date)));
    apr_uint32_t month =
        ((apr_uint32_t)(d.year - 1601) * 12 + (apr_uint32_t)d.month - 1) % rec->period;
    apr_int64_t days = okapi__days_of(1601 + (int)month / 12, (int)month % 12 + 1, 1);
    return okapi__civil_minutes(days * OKAPI__DAY);
}

typedef struct ends_t {
    okapi__civil_t first, last;
    apr_uint32_t count;
} ends_t;

static int see_ends(void *baton, okapi__civil_t t)
{
    ends_t *ends = baton;
    if (ends->count++ == 0)
        ends->first = t;
    ends->last = t;
    return 1;
}

/* How many instances there are and when the last is: clients show it, and want it to be right. */
static apr_status_t put_end(okapi_recurrence_t *rec, const okapi__rrule_t *rule,
                            okapi__civil_t start)
{
    apr_int64_t work = OKAPI__RECURRENCE_WORK;
    ends_t ends = {0};
    int endless = !rule->count && rule->until == OKAPI__NO_UNTIL;
    okapi__civil_t to = endless ? start : APR_INT64_MAX;
    apr_status_t status = okapi__rrule_expand(rule, start, start, to, &work, see_ends, &ends);
    if (status != APR_SUCCESS || ends.count == 0 || ends.first != start)
        return OKAPI_ENOSUPPORT; /* the start isn't one of the rule's times */
    if (rule->count && ends.count != rule->count)
        return OKAPI_ENOSUPPORT; /* beyond the last year */
    rec->end_type = endless       ? OKAPI_RECUR_END_NEVER
                    : rule->count ? OKAPI_RECUR_END_COUNT
                                  : OKAPI_RECUR_END_DATE;
    rec->count = endless ? DEFAULT_COUNT : ends.count;
    if (!endless)
        rec->end_date = okapi__civil_minutes(okapi__civil_days(ends.last) * OKAPI__DAY);
    return APR_SUCCESS;
}

apr_status_t okapi__recurrence_from_rule(okapi_recurrence_t **recurrence,
                                         const okapi__rrule_t *rule, okapi__civil_t start,
                                         apr_int64_t duration, apr_pool_t *result_pool)
{
    okapi_recurrence_t *rec = okapi_recurrence_create(result_pool);
    okapi__date_t date = okapi__date_of(okapi__civil_days(start));
    *recurrence = rec;
    if (!is_plain(rule, start) || duration < 0 || duration > MAX_DURATION || duration % 60 ||
        date.year > OKAPI__YEAR_MAX)
        return OKAPI_ENOSUPPORT;
    int fits = rule->freq < OKAPI__DAILY     ? 0
               : rule->freq < OKAPI__MONTHLY ? day_pattern(rule, start, rec)
                                             : month_pattern(rule, date, rec);
    if (!fits)
        return OKAPI_ENOSUPPORT;
    rec->first_weekday = (apr_uint32_t)rule->week_start;
    rec->start_date = okapi__civil_minutes(okapi__civil_days(start) * OKAPI__DAY);
    rec->start_offset = (apr_uint32_t)okapi__civil_seconds(start) / 60;
    rec->end_offset = rec->start_offset + (apr_uint32_t)(duration / 60);
    rec->first = first_date(rec);
    return put_end(rec, rule, start);
}
