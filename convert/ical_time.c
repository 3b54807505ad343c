/* ical_time.c - dates, times and durations: RFC 5545 3.3. */
#include "ical_time.h"

#include <stdlib.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* N decimal digits at *P, which moves behind them; -1 if they aren't there. */
static int digits(const char **p, int n)
{
    int value = 0;
    while (n-- > 0) {
        if (!apr_isdigit(**p))
            return -1;
        value = value * 10 + *(*p)++ - '0';
    }
    return value;
}

int okapi__ical_time_parse(okapi__ical_time_t *t, const char *text)
{
    const char *p = text;
    int year = digits(&p, 4), month = year < 0 ? -1 : digits(&p, 2);
    int day = month < 0 ? -1 : digits(&p, 2);
    if (year < OKAPI__YEAR_MIN || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > okapi__month_days(year, month))
        return 0;
    t->civil = okapi__days_of(year, month, day) * OKAPI__DAY;
    t->is_date = *p == 0;
    t->is_utc = 0;
    if (t->is_date)
        return 1;
    if (*p++ != 'T')
        return 0;
    int hour = digits(&p, 2), minute = hour < 0 ? -1 : digits(&p, 2);
    int second = minute < 0 ? -1 : digits(&p, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return 0;
    t->civil += hour * 3600 + minute * 60 + (second == 60 ? 59 : second);
    if (*p == 'Z' || *p == 'z') {
        t->is_utc = 1;
        p++;
    }
    return *p == 0;
}

const char *okapi__ical_time_format(const okapi__ical_time_t *t, apr_pool_t *result_pool)
{
    okapi__date_t d = okapi__date_of(okapi__civil_days(t->civil));
    int s = okapi__civil_seconds(t->civil);
    if (t->is_date)
        return apr_psprintf(result_pool, "%04d%02d%02d", d.year, d.month, d.day);
    return apr_psprintf(result_pool, "%04d%02d%02dT%02d%02d%02d%s", d.year, d.month, d.day,
                        s / 3600, s / 60 % 60, s % 60, t->is_utc ? "Z" : "");
}

int okapi__ical_duration_parse(apr_int64_t *seconds, int *days, const char *text)
{
    static const struct {
        char letter;
        int seconds;
    } units[] = {{'W', 604800}, {'D', 86400}, {'H', 3600}, {'M', 60}, {'S', 1}};
    int negative = *text == '-', in_time = 0, any = 0;
    if (*text == '-' || *text == '+')
        text++;
    if (*text++ != 'P')
        return 0;
    for (*seconds = 0; *text; text++) {
        if (*text == 'T' && !in_time) {
            in_time = 1;
            continue;
        }
        apr_int64_t n = 0;
        int len = 0;
        for (; apr_isdigit(*text) && len < 9; len++)
            n = n * 10 + *text++ - '0';
        int unit = in_time ? 2 : 0, end = in_time ? 5 : 2;
        while (unit < end && units[unit].letter != *text)
            unit++;
        if (len == 0 || unit == end)
            return 0;
        *seconds += n * units[unit].seconds;
        any = 1;
    }
    if (days)
        *days = !in_time;
    if (negative)
        *seconds = -*seconds;
    return any && llabs(*seconds) < (apr_int64_t)OKAPI__DAY * 366 * 100;
}

const char *okapi__ical_duration_format(apr_int64_t seconds, apr_pool_t *result_pool)
{
    const char *sign = seconds < 0 ? "-" : "";
    apr_int64_t s = llabs(seconds), days = s / OKAPI__DAY;
    if (s == 0)
        return "PT0S";
    if (s % 604800 == 0)
        return apr_psprintf(result_pool, "%sP%" APR_INT64_T_FMT "W", sign, s / 604800);
    const char *text = apr_psprintf(result_pool, "%sP", sign);
    if (days)
        text = apr_psprintf(result_pool, "%s%" APR_INT64_T_FMT "D", text, days);
    s %= OKAPI__DAY;
    if (s)
        text = apr_pstrcat(result_pool, text, "T", NULL);
    if (s / 3600)
        text = apr_psprintf(result_pool, "%s%dH", text, (int)(s / 3600));
    if (s / 60 % 60)
        text = apr_psprintf(result_pool, "%s%dM", text, (int)(s / 60 % 60));
    if (s % 60)
        text = apr_psprintf(result_pool, "%s%dS", text, (int)(s % 60));
    return text;
}

int okapi__ical_offset_parse(int *seconds, const char *text)
{
    int negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    int hours = digits(&text, 2), minutes = hours < 0 ? -1 : digits(&text, 2);
    int rest = minutes < 0 ? -1 : *text ? digits(&text, 2) : 0;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || rest < 0 || rest > 59 || *text)
        return 0;
    *seconds = hours * 3600 + minutes * 60 + rest;
    if (negative)
        *seconds = -*seconds;
    return 1;
}

const char *okapi__ical_offset_format(int seconds, apr_pool_t *result_pool)
{
    int s = abs(seconds);
    char sign = seconds < 0 ? '-' : '+';
    if (s % 60)
        return apr_psprintf(result_pool, "%c%02d%02d%02d", sign, s / 3600, s / 60 % 60, s % 60);
    return apr_psprintf(result_pool, "%c%02d%02d", sign, s / 3600, s / 60 % 60);
}
