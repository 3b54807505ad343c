/* rrule.c - recurrence rules as text: RFC 5545 3.3.10. */
#include "rrule.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "ical_time.h"

enum { MAX_INTERVAL = 100000000, MAX_COUNT = 100000000 };

static const char *const freqs[] = {"SECONDLY", "MINUTELY", "HOURLY", "DAILY",
                                    "WEEKLY",   "MONTHLY",  "YEARLY"};
static const char weekdays[][3] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

int okapi__set_count(const okapi__set_t *set)
{
    int n = 0;
    for (int i = 0; i < 6; i++)
        n += __builtin_popcountll(set->bits[i]);
    return n;
}

int okapi__set_next(const okapi__set_t *set, int from)
{
    for (int i = from / 64; i < 6; i++) {
        apr_uint64_t rest = set->bits[i];
        if (i == from / 64)
            rest &= ~(apr_uint64_t)0 << from % 64;
        if (rest)
            return i * 64 + __builtin_ctzll(rest);
    }
    return -1;
}

int okapi__rrule_has_nth(const okapi__rrule_t *rule)
{
    for (int i = 0; i < 7; i++)
        if (okapi__by_any(&rule->nth[i]))
            return 1;
    return 0;
}

/* ---- the parts ---- */

static int read_number(const char **p, int *value)
{
    int negative = **p == '-', n = 0, digits = 0;
    if (**p == '-' || **p == '+')
        ++*p;
    for (; apr_isdigit(**p) && digits < 9; digits++)
        n = n * 10 + *(*p)++ - '0';
    *value = negative ? -n : n;
    return digits > 0 && !apr_isdigit(**p);
}

static int read_weekday(const char **p, int *weekday)
{
    for (*weekday = 0; *weekday < 7; ++*weekday) {
        if (strncasecmp(*p, weekdays[*weekday], 2) == 0) {
            *p += 2;
            return 1;
        }
    }
    return 0;
}

/* A list of numbers from MIN to MAX, and from -MAX to -1 if LAST takes them. */
static int read_list(const char *p, int min, int max, okapi__set_t *first, okapi__set_t *last)
{
    for (;; p++) {
        int n;
        if (!read_number(&p, &n))
            return 0;
        if (n >= min && n <= max)
            okapi__set_add(first, n);
        else if (last && n < 0 && n >= -max)
            okapi__set_add(last, -n);
        else
            return 0;
        if (*p != ',')
            return *p == 0;
    }
}

static int read_by(const char *p, int max, okapi__by_t *by)
{
    return read_list(p, 1, max, &by->first, &by->last);
}

static int read_days(okapi__rrule_t *rule, const char *p)
{
    for (;; p++) {
        int n = 0, weekday;
        if (!apr_isalpha(*p) && (!read_number(&p, &n) || n == 0 || n > 53 || n < -53))
            return 0;
        if (!read_weekday(&p, &weekday))
            return 0;
        if (n == 0)
            rule->weekdays |= 1u << weekday;
        else
            okapi__set_add(n > 0 ? &rule->nth[weekday].first : &rule->nth[weekday].last, abs(n));
        if (*p != ',')
            return *p == 0;
    }
}

static int read_positive(const char *p, int max, apr_uint32_t *value)
{
    int n;
    if (!read_number(&p, &n) || *p || n < 1 || n > max)
        return 0;
    *value = (apr_uint32_t)n;
    return 1;
}

static int read_freq(okapi__rrule_t *rule, const char *p)
{
    for (int i = OKAPI__SECONDLY; i <= OKAPI__YEARLY; i++) {
        if (strcasecmp(p, freqs[i]) == 0) {
            rule->freq = (okapi__freq_e)i;
            return 1;
        }
    }
    return 0;
}

static int read_until(okapi__rrule_t *rule, const char *p)
{
    okapi__ical_time_t t;
    if (!okapi__ical_time_parse(&t, p))
        return 0;
    rule->until = t.civil;
    rule->until_is_utc = t.is_utc;
    rule->until_is_date = t.is_date;
    return 1;
}

enum part_e {
    FREQ,
    INTERVAL,
    COUNT,
    UNTIL,
    WKST,
    BYSECOND,
    BYMINUTE,
    BYHOUR,
    BYDAY,
    BYMONTHDAY,
    BYYEARDAY,
    BYWEEKNO,
    BYMONTH,
    BYSETPOS,
    RSCALE,
    PARTS
};
static const char *const parts[PARTS] = {
    "FREQ",  "INTERVAL",   "COUNT",     "UNTIL",    "WKST",    "BYSECOND", "BYMINUTE", "BYHOUR",
    "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "RSCALE"};

static int read_part(okapi__rrule_t *rule, enum part_e part, const char *p)
{
    switch (part) {
    case FREQ:
        return read_freq(rule, p);
    case INTERVAL:
        return read_positive(p, MAX_INTERVAL, &rule->interval);
    case COUNT:
        return read_positive(p, MAX_COUNT, &rule->count);
    case UNTIL:
        return read_until(rule, p);
    case WKST:
        return read_weekday(&p, &rule->week_start) && !*p;
    case BYSECOND:
        return read_list(p, 0, 60, &rule->seconds, NULL);
    case BYMINUTE:
        return read_list(p, 0, 59, &rule->minutes, NULL);
    case BYHOUR:
        return read_list(p, 0, 23, &rule->hours, NULL);
    case BYDAY:
        return read_days(rule, p);
    case BYMONTHDAY:
        return read_by(p, 31, &rule->month_days);
    case BYYEARDAY:
        return read_by(p, 366, &rule->year_days);
    case BYWEEKNO:
        return read_by(p, 53, &rule->weeks);
    case BYMONTH:
        return read_list(p, 1, 12, &rule->months, NULL);
    case BYSETPOS:
        return read_by(p, 366, &rule->positions);
    case RSCALE:
    case PARTS:
        break;
    }
    return strcasecmp(p, "GREGORIAN") == 0;
}

apr_status_t okapi__rrule_parse(okapi__rrule_t *rule, const char *text)
{
    char name[16], value[2048];
    unsigned seen = 0;
    memset(rule, 0, sizeof(*rule));
    rule->interval = 1;
    rule->week_start = 1;
    rule->until = OKAPI__NO_UNTIL;
    for (const char *p = text; *p; p += *p == ';') {
        apr_size_t len = strcspn(p, ";"), name_len = strcspn(p, "=;");
        if (len == 0)
            continue;
        if (name_len == len || name_len >= sizeof(name) || len - name_len > sizeof(value))
            return OKAPI_EFORMAT;
        apr_cpystrn(name, p, name_len + 1);
        apr_cpystrn(value, p + name_len + 1, len - name_len);
        p += len;
        int part = 0;
        while (part < PARTS && strcasecmp(name, parts[part]) != 0)
            part++;
        if (part == PARTS)
            return OKAPI_ENOSUPPORT;
        if (seen & 1u << part || !read_part(rule, (enum part_e)part, value))
            return part == RSCALE ? OKAPI_ENOSUPPORT : OKAPI_EFORMAT;
        seen |= 1u << part;
    }
    return seen & 1u << FREQ ? APR_SUCCESS : OKAPI_EFORMAT;
}

/* ---- writing ---- */

static const char *put_list(const char *text, const char *part, const okapi__set_t *first,
                            const okapi__set_t *last, apr_pool_t *pool)
{
    char separator = '=';
    if (okapi__set_next(first, 0) < 0 && (!last || okapi__set_next(last, 0) < 0))
        return text;
    text = apr_pstrcat(pool, text, ";", part, NULL);
    for (int i = okapi__set_next(first, 0); i >= 0; i = okapi__set_next(first, i + 1)) {
        text = apr_psprintf(pool, "%s%c%d", text, separator, i);
        separator = ',';
    }
    for (int i = last ? okapi__set_next(last, 0) : -1; i >= 0; i = okapi__set_next(last, i + 1)) {
        text = apr_psprintf(pool, "%s%c-%d", text, separator, i);
        separator = ',';
    }
    return text;
}

/* Weekdays begin with Monday, as people write them. */
static const char *put_days(const char *text, const okapi__rrule_t *rule, apr_pool_t *pool)
{
    const char *separator = ";BYDAY=";
    for (int k = 1; k <= 7; k++) {
        int d = k % 7;
        const okapi__by_t *nth = &rule->nth[d];
        if (rule->weekdays & 1u << d) {
            text = apr_pstrcat(pool, text, separator, weekdays[d], NULL);
            separator = ",";
        }
        for (int i = 1; i <= 53; i++) {
            if (okapi__set_has(&nth->first, i)) {
                text = apr_psprintf(pool, "%s%s%d%s", text, separator, i, weekdays[d]);
                separator = ",";
            }
            if (okapi__set_has(&nth->last, i)) {
                text = apr_psprintf(pool, "%s%s-%d%s", text, separator, i, weekdays[d]);
                separator = ",";
            }
        }
    }
    return text;
}

const char *okapi__rrule_format(const okapi__rrule_t *rule, apr_pool_t *result_pool)
{
    apr_pool_t *p = result_pool;
    const char *text = apr_pstrcat(p, "FREQ=", freqs[rule->freq], NULL);
    if (rule->count)
        text = apr_psprintf(p, "%s;COUNT=%u", text, rule->count);
    if (rule->until != OKAPI__NO_UNTIL) {
        okapi__ical_time_t until = {rule->until, rule->until_is_date, rule->until_is_utc};
        text = apr_pstrcat(p, text, ";UNTIL=", okapi__ical_time_format(&until, p), NULL);
    }
    if (rule->interval != 1)
        text = apr_psprintf(p, "%s;INTERVAL=%u", text, rule->interval);
    text = put_list(text, "BYSECOND", &rule->seconds, NULL, p);
    text = put_list(text, "BYMINUTE", &rule->minutes, NULL, p);
    text = put_list(text, "BYHOUR", &rule->hours, NULL, p);
    text = put_days(text, rule, p);
    text = put_list(text, "BYMONTHDAY", &rule->month_days.first, &rule->month_days.last, p);
    text = put_list(text, "BYYEARDAY", &rule->year_days.first, &rule->year_days.last, p);
    text = put_list(text, "BYWEEKNO", &rule->weeks.first, &rule->weeks.last, p);
    text = put_list(text, "BYMONTH", &rule->months, NULL, p);
    text = put_list(text, "BYSETPOS", &rule->positions.first, &rule->positions.last, p);
    if (rule->week_start != 1)
        text = apr_pstrcat(p, text, ";WKST=", weekdays[rule->week_start], NULL);
    return text;
}
