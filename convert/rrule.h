/* rrule.h - recurrence rules: RFC 5545 3.3.10. */
#ifndef OKAPI__RRULE_H
#define OKAPI__RRULE_H

#include "civil.h"

typedef enum okapi__freq_e {
    OKAPI__SECONDLY,
    OKAPI__MINUTELY,
    OKAPI__HOURLY,
    OKAPI__DAILY,
    OKAPI__WEEKLY,
    OKAPI__MONTHLY,
    OKAPI__YEARLY
} okapi__freq_e;

/* A set of numbers 0 to 383: those of a BY part. */
typedef struct okapi__set_t {
    apr_uint64_t bits[6];
} okapi__set_t;

static inline void okapi__set_add(okapi__set_t *set, int n)
{
    set->bits[n / 64] |= (apr_uint64_t)1 << n % 64;
}

static inline int okapi__set_has(const okapi__set_t *set, int n)
{
    return n >= 0 && n < 384 && set->bits[n / 64] >> n % 64 & 1;
}

int okapi__set_count(const okapi__set_t *set);

/* The lowest number in SET, at least FROM; -1 if there is none. */
int okapi__set_next(const okapi__set_t *set, int from);

/* Numbers that count from either end. */
typedef struct okapi__by_t {
    okapi__set_t first, last;
} okapi__by_t;

static inline int okapi__by_any(const okapi__by_t *by)
{
    return okapi__set_next(&by->first, 0) >= 0 || okapi__set_next(&by->last, 0) >= 0;
}

/* Is number N of COUNT in it? */
static inline int okapi__by_has(const okapi__by_t *by, int n, int count)
{
    return okapi__set_has(&by->first, n) || okapi__set_has(&by->last, count + 1 - n);
}

typedef struct okapi__rrule_t {
    okapi__freq_e freq;
    apr_uint32_t interval;           /* at least 1 */
    apr_uint32_t count;              /* 0: no limit */
    okapi__civil_t until;            /* in the time zone of the start; OKAPI__NO_UNTIL */
    int until_is_utc, until_is_date; /* as it is written; okapi__rrule_expand takes UNTIL as is */
    int week_start;                  /* 0 is Sunday */
    okapi__set_t seconds, minutes, hours, months;
    apr_uint32_t weekdays; /* of BYDAY, those without a number: 1 is Sunday, ... 64 */
    okapi__by_t nth[7];    /* of BYDAY, those with one, by weekday */
    okapi__by_t month_days, year_days, weeks, positions;
} okapi__rrule_t;

#define OKAPI__NO_UNTIL APR_INT64_MAX

/* Some BYDAY has a number. */
int okapi__rrule_has_nth(const okapi__rrule_t *rule);

/* OKAPI_EFORMAT for what isn't a rule, OKAPI_ENOSUPPORT for one in another calendar than the
 * Gregorian or with parts that nobody specified. */
apr_status_t okapi__rrule_parse(okapi__rrule_t *rule, const char *text);

const char *okapi__rrule_format(const okapi__rrule_t *rule, apr_pool_t *result_pool);

/* Gets the times one after another; stops by returning 0. */
typedef int (*okapi__visit_t)(void *baton, okapi__civil_t t);

/* Shows VISIT the times of RULE with the start START (which isn't one unless it fits) that lie in
 * FROM to TO, in order. *WORK is what may still be done, in steps of some ten nanoseconds;
 * OKAPI_ETOOCOMPLEX when it is used up. */
apr_status_t okapi__rrule_expand(const okapi__rrule_t *rule, okapi__civil_t start,
                                 okapi__civil_t from, okapi__civil_t to, apr_int64_t *work,
                                 okapi__visit_t visit, void *baton);

#endif
