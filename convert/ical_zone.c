/* ical_zone.c - VTIMEZONE: RFC 5545 3.6.5, MS-OXCICAL 2.1.3.1.1.19. */
#include <apr_strings.h>

#include "ical_item.h"
#include "ical_time.h"
#include "rrule.h"

/* ---- reading ---- */

typedef struct observance_t {
    int found, recurs, offset;
    okapi__civil_t start;
    okapi__tz_change_t change;
} observance_t;

/* "BYDAY=1SU", and "BYDAY=SU;BYMONTHDAY=8,9,...,14", which says the second as well. */
static void change_of_rule(okapi__tz_change_t *change, const okapi__rrule_t *rule)
{
    int month = okapi__set_next(&rule->months, 0);
    if (month > 0)
        change->month = month;
    for (int day = 0; day < 7; day++) {
        const okapi__by_t *nth = &rule->nth[day];
        int monthday = okapi__set_next(&rule->month_days.first, 0);
        if (okapi__by_any(nth)) {
            change->weekday = day;
            change->nth = okapi__set_has(&nth->last, 1) ? 5 : okapi__set_next(&nth->first, 0);
        } else if (rule->weekdays == 1u << day && monthday > 0) {
            change->weekday = day;
            change->nth = monthday > 22 ? 5 : (monthday - 1) / 7 + 1;
        }
    }
    if (change->nth < 1 || change->nth > 5)
        change->nth = 5;
}

/* Of all the observances of a kind, that of the present: the one that goes on, or the latest. */
static void see(observance_t *o, const okapi__comp_t *comp)
{
    const char *to = okapi__comp_value(comp, "TZOFFSETTO");
    const char *text = okapi__comp_value(comp, "DTSTART");
    const char *rrule = okapi__comp_value(comp, "RRULE");
    okapi__ical_time_t start;
    okapi__rrule_t rule;
    int offset;
    if (!to || !text || !okapi__ical_offset_parse(&offset, to) ||
        !okapi__ical_time_parse(&start, text))
        return;
    const char *again = okapi__comp_value(comp, "RDATE"); /* a rule of those who write none */
    int by_rule = rrule && okapi__rrule_parse(&rule, rrule) == APR_SUCCESS &&
                  (rule.until == OKAPI__NO_UNTIL || rule.until > apr_time_sec(apr_time_now()));
    int recurs = by_rule || (!rrule && again && strcmp(again, text) != 0);
    if (o->found && (recurs < o->recurs || (recurs == o->recurs && start.civil < o->start)))
        return;
    apr_int64_t day = okapi__civil_days(start.civil);
    okapi__date_t d = okapi__date_of(day);
    *o = (observance_t){
        1,
        recurs,
        offset,
        start.civil,
        {d.month, okapi__weekday_of(day), (d.day - 1) / 7 + 1, okapi__civil_seconds(start.civil)}};
    if (by_rule)
        change_of_rule(&o->change, &rule);
    else if (d.day + 7 > okapi__month_days(d.year, d.month))
        o->change.nth = 5;
}

int okapi__vtimezone_rule(okapi__tz_rule_t *rule, const okapi__comp_t *vtimezone)
{
    observance_t standard = {0}, daylight = {0};
    for (int i = 0; i < vtimezone->children->nelts; i++) {
        const okapi__comp_t *comp = APR_ARRAY_IDX(vtimezone->children, i, okapi__comp_t *);
        see(strcmp(comp->name, "DAYLIGHT") == 0 ? &daylight : &standard, comp);
    }
    if (!standard.found)
        standard = daylight;
    if (!standard.found)
        return 0;
    *rule = (okapi__tz_rule_t){.bias = -standard.offset / 60};
    if (daylight.recurs && standard.recurs && daylight.offset != standard.offset) {
        rule->daylight_bias = -(daylight.offset - standard.offset) / 60;
        rule->standard = standard.change;
        rule->daylight = daylight.change;
    }
    return 1;
}

/* ---- writing ---- */

static void add_observance(okapi__comp_t *vtimezone, const char *name,
                           const okapi__tz_change_t *change, int from, int to)
{
    static const char weekdays[][3] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    apr_pool_t *pool = vtimezone->lines->pool;
    okapi__comp_t *comp = okapi__comp_create(name, pool);
    okapi__ical_time_t start = {0};
    if (change->month) {
        apr_int64_t first = okapi__days_of(1970, change->month, 1);
        int day = (change->weekday - okapi__weekday_of(first) + 7) % 7 + (change->nth - 1) * 7;
        if (day >= okapi__month_days(1970, change->month))
            day -= 7;
        start.civil = (first + day) * OKAPI__DAY + change->second;
    }
    okapi__comp_add(comp, "DTSTART", NULL, okapi__ical_time_format(&start, pool));
    okapi__comp_add(comp, "TZOFFSETFROM", NULL, okapi__ical_offset_format(from, pool));
    okapi__comp_add(comp, "TZOFFSETTO", NULL, okapi__ical_offset_format(to, pool));
    if (change->month)
        okapi__comp_add(comp, "RRULE", NULL,
                        apr_psprintf(pool, "FREQ=YEARLY;BYDAY=%d%s;BYMONTH=%d",
                                     change->nth == 5 ? -1 : change->nth, weekdays[change->weekday],
                                     change->month));
    APR_ARRAY_PUSH(vtimezone->children, okapi__comp_t *) = comp;
}

okapi__comp_t *okapi__vtimezone_create(const okapi__zone_t *zone, const char *tzid,
                                       apr_pool_t *result_pool)
{
    const okapi__tz_rule_t *rule = &zone->rule;
    int standard = -60 * rule->bias, daylight = standard - 60 * rule->daylight_bias;
    okapi__comp_t *comp = okapi__comp_create("VTIMEZONE", result_pool);
    okapi__comp_add(comp, "TZID", NULL, okapi__text_write(tzid, result_pool));
    if (!rule->standard.month)
        daylight = standard;
    add_observance(comp, "STANDARD", &rule->standard, daylight, standard);
    if (rule->standard.month)
        add_observance(comp, "DAYLIGHT", &rule->daylight, standard, daylight);
    return comp;
}
