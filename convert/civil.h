/* civil.h - the calendar's arithmetic: wall-clock time as seconds since 1970-01-01T00:00, in
 * whatever time zone the clock hangs. Proleptic Gregorian. */
#ifndef OKAPI__CIVIL_H
#define OKAPI__CIVIL_H

#include <okapi/types.h>

typedef apr_int64_t okapi__civil_t;

enum { OKAPI__DAY = 86400 };

/* Years that are admitted from outside. What a blob can say ends with them. */
enum { OKAPI__YEAR_MIN = 1601, OKAPI__YEAR_MAX = 4500 };

typedef struct okapi__date_t {
    int year, month, day; /* 1 to 12, 1 to 31 */
} okapi__date_t;

apr_int64_t okapi__days_of(int year, int month, int day); /* since 1970-01-01 */
okapi__date_t okapi__date_of(apr_int64_t days);
int okapi__month_days(int year, int month);

/* 0 is Sunday. */
static inline int okapi__weekday_of(apr_int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

/* The day a time is in, and the second of it. */
static inline apr_int64_t okapi__civil_days(okapi__civil_t t)
{
    return t / OKAPI__DAY - (t % OKAPI__DAY < 0);
}

static inline int okapi__civil_seconds(okapi__civil_t t)
{
    return (int)(t - okapi__civil_days(t) * OKAPI__DAY);
}

/* Minutes since 1601, as the recurrence blob counts; those of UTC are FILETIME. */
#define OKAPI__1601 (-11644473600)

static inline okapi__civil_t okapi__civil_of_minutes(apr_uint32_t minutes)
{
    return (apr_int64_t)minutes * 60 + OKAPI__1601;
}

static inline apr_uint32_t okapi__civil_minutes(okapi__civil_t t)
{
    return (apr_uint32_t)((t - OKAPI__1601) / 60);
}

static inline okapi__civil_t okapi__civil_of_time(okapi_time_t t)
{
    return t / 10000000 + OKAPI__1601;
}

static inline okapi_time_t okapi__civil_time(okapi__civil_t t)
{
    return (t - OKAPI__1601) * 10000000;
}

#endif
