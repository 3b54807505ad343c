/* zone.c - time zones by their names and rules: ICU knows both kinds of name, and the clocks. */
#include "zone.h"

#include <string.h>
#include <apr_strings.h>
#include <unicode/ucal.h>
#include <unicode/uenum.h>
#include <unicode/ustring.h>

enum {
    NAME_SIZE = 128,
    LAST = 5,
    MAX_CANDIDATES = 100,
    SETTLED_YEAR = 2010 /* a zone that had its rule then already is preferred */
};

/* ---- ICU ---- */

static int to_icu(UChar *to, const char *name)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t len = 0;
    u_strFromUTF8(to, NAME_SIZE, &len, name, -1, &error);
    return U_SUCCESS(error) && len > 0 && len < NAME_SIZE;
}

static const char *from_icu(const UChar *from, apr_pool_t *pool)
{
    char name[NAME_SIZE * 3];
    UErrorCode error = U_ZERO_ERROR;
    u_strToUTF8(name, sizeof(name), NULL, from, -1, &error);
    return U_SUCCESS(error) && *name ? apr_pstrdup(pool, name) : NULL;
}

static const char *windows_of(const UChar *id, apr_pool_t *pool)
{
    UChar windows[NAME_SIZE];
    UErrorCode error = U_ZERO_ERROR;
    int32_t len = ucal_getWindowsTimeZoneID(id, -1, windows, NAME_SIZE, &error);
    return U_SUCCESS(error) && len > 0 ? from_icu(windows, pool) : NULL;
}

static int of_windows(UChar *id, const UChar *windows)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t len = ucal_getTimeZoneIDForWindowsID(windows, -1, NULL, id, NAME_SIZE, &error);
    return U_SUCCESS(error) && len > 0;
}

static int is_known(const UChar *id)
{
    UChar canonical[NAME_SIZE];
    UBool is_system = 0;
    UErrorCode error = U_ZERO_ERROR;
    ucal_getCanonicalTimeZoneID(id, -1, canonical, NAME_SIZE, &is_system, &error);
    return U_SUCCESS(error) && is_system;
}

static apr_status_t close_calendar(void *calendar)
{
    ucal_close(calendar);
    return APR_SUCCESS;
}

static UCalendar *open_calendar(const UChar *id)
{
    UErrorCode error = U_ZERO_ERROR;
    UCalendar *calendar = ucal_open(id, -1, "en_US", UCAL_GREGORIAN, &error);
    if (U_FAILURE(error))
        return NULL;
    ucal_setGregorianChange(calendar, -1e17, &error);
    ucal_setAttribute(calendar, UCAL_REPEATED_WALL_TIME, UCAL_WALLTIME_FIRST);
    ucal_setAttribute(calendar, UCAL_SKIPPED_WALL_TIME, UCAL_WALLTIME_LAST);
    return calendar;
}

/* Seconds east of UTC, and how many of them are summer's. */
static int offset_at(UCalendar *calendar, okapi__civil_t utc, int *summer)
{
    UErrorCode error = U_ZERO_ERROR;
    ucal_setMillis(calendar, (UDate)utc * 1000, &error);
    int dst = ucal_get(calendar, UCAL_DST_OFFSET, &error) / 1000;
    if (summer)
        *summer = dst;
    return ucal_get(calendar, UCAL_ZONE_OFFSET, &error) / 1000 + dst;
}

/* ---- the rule of a year ---- */

typedef struct changes_t {
    okapi__tz_change_t standard, daylight;
    int offset, summer; /* seconds */
    int daylight_is_last, standard_is_last;
} changes_t;

static void put_change(okapi__tz_change_t *change, int *is_last, okapi__civil_t clock)
{
    apr_int64_t day = okapi__civil_days(clock);
    okapi__date_t d = okapi__date_of(day);
    *change = (okapi__tz_change_t){d.month, okapi__weekday_of(day), (d.day - 1) / 7 + 1,
                                   okapi__civil_seconds(clock)};
    *is_last = d.day + 7 > okapi__month_days(d.year, d.month);
}

static void changes_of(changes_t *c, UCalendar *calendar, int year)
{
    okapi__civil_t t = okapi__days_of(year, 1, 1) * OKAPI__DAY;
    okapi__civil_t end = okapi__days_of(year + 1, 1, 1) * OKAPI__DAY;
    memset(c, 0, sizeof(*c));
    int summer, offset = offset_at(calendar, t, &summer);
    c->offset = offset - summer;
    for (int i = 0; i < 4; i++) {
        UErrorCode error = U_ZERO_ERROR;
        UDate next;
        int before = offset;
        if (!ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, &next, &error) ||
            U_FAILURE(error) || (t = (okapi__civil_t)(next / 1000)) >= end)
            break;
        offset = offset_at(calendar, t, &summer);
        c->offset = offset - summer;
        if (summer) {
            c->summer = summer;
            put_change(&c->daylight, &c->daylight_is_last, t + before);
        } else {
            put_change(&c->standard, &c->standard_is_last, t + before);
        }
    }
}

static int this_year(void)
{
    return okapi__date_of(apr_time_sec(apr_time_now()) / OKAPI__DAY).year;
}

/* "The last Sunday" and "the fourth" are told apart by other years. */
static void rule_of(okapi__tz_rule_t *rule, UCalendar *calendar, int year)
{
    changes_t now, other;
    changes_of(&now, calendar, year);
    memset(rule, 0, sizeof(*rule));
    rule->bias = -now.offset / 60;
    if (!now.standard.month || !now.daylight.month)
        return;
    rule->daylight_bias = -now.summer / 60;
    for (int i = 1; i <= 6; i++) {
        changes_of(&other, calendar, year + i);
        now.daylight_is_last &= other.daylight_is_last;
        now.standard_is_last &= other.standard_is_last;
    }
    rule->daylight = now.daylight;
    rule->standard = now.standard;
    if (now.daylight_is_last)
        rule->daylight.nth = LAST;
    if (now.standard_is_last)
        rule->standard.nth = LAST;
}

/* ---- zones ---- */

static okapi__zone_t *zone_of(const UChar *id, apr_pool_t *pool)
{
    UCalendar *calendar = open_calendar(id);
    if (!calendar)
        return NULL;
    okapi__zone_t *zone = apr_pcalloc(pool, sizeof(*zone));
    apr_pool_cleanup_register(pool, calendar, close_calendar, apr_pool_cleanup_null);
    zone->pool = pool;
    zone->calendar = calendar;
    zone->id = from_icu(id, pool);
    zone->windows = windows_of(id, pool);
    if (!zone->windows)
        zone->windows = zone->id;
    rule_of(&zone->rule, calendar, this_year());
    return zone;
}

okapi__zone_t *okapi__zone_by_name(const char *name, apr_pool_t *result_pool)
{
    UChar wide[NAME_SIZE], id[NAME_SIZE];
    for (const char *p = name; p; p = strchr(p, '/')) {
        p += *p == '/';
        if (!to_icu(wide, p))
            continue;
        if (is_known(wide))
            return zone_of(wide, result_pool);
        if (of_windows(id, wide))
            return zone_of(id, result_pool);
    }
    return NULL;
}

okapi__zone_t *okapi__zone_utc(apr_pool_t *result_pool)
{
    okapi__zone_t *zone = okapi__zone_by_name("Etc/UTC", result_pool);
    if (zone)
        return zone;
    zone = apr_pcalloc(result_pool, sizeof(*zone)); /* an ICU without its data */
    zone->windows = "UTC";
    zone->pool = result_pool;
    return zone;
}

static int same_change(const okapi__tz_change_t *a, const okapi__tz_change_t *b)
{
    return a->month == b->month && (a->month == 0 || (a->weekday == b->weekday &&
                                                      a->nth == b->nth && a->second == b->second));
}

static int same_rule(const okapi__tz_rule_t *a, const okapi__tz_rule_t *b)
{
    return a->bias == b->bias && same_change(&a->standard, &b->standard) &&
           same_change(&a->daylight, &b->daylight) &&
           (a->standard.month == 0 || a->daylight_bias == b->daylight_bias);
}

/* The zone that Windows takes for all like it. */
static int is_principal(const UChar *id)
{
    UChar windows[NAME_SIZE], principal[NAME_SIZE];
    UErrorCode error = U_ZERO_ERROR;
    int32_t len = ucal_getWindowsTimeZoneID(id, -1, windows, NAME_SIZE, &error);
    return U_SUCCESS(error) && len > 0 && of_windows(principal, windows) &&
           u_strcmp(principal, id) == 0;
}

okapi__zone_t *okapi__zone_by_rule(const okapi__tz_rule_t *rule, const char *name,
                                   apr_pool_t *result_pool)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t raw = -rule->bias * 60000;
    UEnumeration *ids =
        ucal_openTimeZoneIDEnumeration(UCAL_ZONE_TYPE_CANONICAL, NULL, &raw, &error);
    UChar found[NAME_SIZE] = {0};
    const UChar *id;
    for (int i = 0; i < MAX_CANDIDATES && (id = uenum_unext(ids, NULL, &error)) != NULL; i++) {
        okapi__tz_rule_t now, before;
        UCalendar *calendar = is_principal(id) ? open_calendar(id) : NULL;
        if (!calendar)
            continue;
        rule_of(&now, calendar, this_year());
        rule_of(&before, calendar, SETTLED_YEAR);
        ucal_close(calendar);
        if (!same_rule(rule, &now))
            continue;
        if (!*found || same_rule(rule, &before))
            u_strncpy(found, id, NAME_SIZE - 1);
        if (same_rule(rule, &before))
            break;
    }
    uenum_close(ids);
    if (*found)
        return zone_of(found, result_pool);
    okapi__zone_t *zone = apr_pcalloc(result_pool, sizeof(*zone));
    zone->windows = apr_pstrdup(result_pool, name && *name ? name : "Custom");
    zone->rule = *rule;
    zone->pool = result_pool;
    return zone;
}

/* ---- clocks ---- */

/* On which second of the clock CHANGE is in YEAR. */
static okapi__civil_t change_in(const okapi__tz_change_t *change, int year)
{
    apr_int64_t first = okapi__days_of(year, change->month, 1);
    int day = (change->weekday - okapi__weekday_of(first) + 7) % 7 + (change->nth - 1) * 7;
    if (day >= okapi__month_days(year, change->month))
        day -= 7;
    return (first + day) * OKAPI__DAY + change->second;
}

static int is_summer(const okapi__tz_rule_t *rule, okapi__civil_t t, int is_utc)
{
    if (!rule->standard.month || !rule->daylight.month)
        return 0;
    int year = okapi__date_of(okapi__civil_days(t)).year;
    okapi__civil_t begin = change_in(&rule->daylight, year);
    okapi__civil_t end = change_in(&rule->standard, year);
    if (is_utc) {
        begin += rule->bias * 60;
        end += (rule->bias + rule->daylight_bias) * 60;
    } else {
        begin -= rule->daylight_bias * 60; /* what was skipped is still winter's */
    }
    return begin < end ? t >= begin && t < end : t >= begin || t < end;
}

static int rule_offset(const okapi__tz_rule_t *rule, okapi__civil_t t, int is_utc)
{
    return -60 * (rule->bias + (is_summer(rule, t, is_utc) ? rule->daylight_bias : 0));
}

okapi__civil_t okapi__zone_to_utc(const okapi__zone_t *zone, okapi__civil_t civil)
{
    if (!zone->calendar)
        return civil - rule_offset(&zone->rule, civil, 0);
    UErrorCode error = U_ZERO_ERROR;
    okapi__date_t d = okapi__date_of(okapi__civil_days(civil));
    int s = okapi__civil_seconds(civil);
    ucal_clear(zone->calendar);
    ucal_setDateTime(zone->calendar, d.year, d.month - 1, d.day, s / 3600, s / 60 % 60, s % 60,
                     &error);
    double ms = ucal_getMillis(zone->calendar, &error);
    return U_SUCCESS(error) ? (okapi__civil_t)(ms / 1000) : civil;
}

okapi__civil_t okapi__zone_from_utc(const okapi__zone_t *zone, okapi__civil_t utc)
{
    if (!zone->calendar)
        return utc + rule_offset(&zone->rule, utc, 1);
    return utc + offset_at(zone->calendar, utc, NULL);
}
