/* ical_when.c - when an item is: MS-OXCICAL 2.1.3.1.1.20.10 (DTSTART), .8 (DTEND), .13 (DURATION),
 * and MS-OXOCAL 2.2.1.5 ff. */
#include "ical_item.h"

#include <apr_strings.h>
#include <okapi/error.h>

#include "ical_time.h"

/* What clients want to be told twice, under the names of their generations. */
static void put_time(okapi__item_t *item, okapi_proptag_t tag, okapi__civil_t t)
{
    if (tag)
        okapi_props_set_time(item->props, tag, okapi__civil_time(t));
}

static void put_zone(okapi__item_t *item, okapi_proptag_t tag, const okapi__zone_t *zone)
{
    okapi_binary_t blob = okapi__zone_definition(zone, 0, item->cal->pool);
    if (tag)
        okapi_props_set_bin(item->props, tag, blob.data, blob.len);
}

/* The end: DTEND, DUE or DURATION; a day, or no time at all, if there is none. */
static void read_end(okapi__item_t *item, const okapi__when_t *start, okapi__when_t *end)
{
    const okapi__line_t *line =
        okapi__comp_line(item->comp, item->kind == OKAPI__TODO ? "DUE" : "DTEND");
    const char *duration = okapi__comp_value(item->comp, "DURATION");
    apr_int64_t seconds;
    int days;
    if (line && okapi__when_read(end, item->cal, line, line->value)) {
        if (end->is_floating) { /* what has no zone beside a time that has one is in that */
            end->zone = start->zone;
            end->utc = okapi__zone_to_utc(end->zone, end->civil);
        }
        if (end->utc > start->utc || (end->utc == start->utc && !start->is_date))
            return;
    }
    *end = *start;
    if (duration && okapi__ical_duration_parse(&seconds, &days, duration) && seconds > 0) {
        if (start->is_date) /* whole days */
            seconds = (seconds + OKAPI__DAY - 1) / OKAPI__DAY * OKAPI__DAY;
        if (days || start->is_date) {
            end->civil += seconds;
            end->utc = okapi__zone_to_utc(end->zone, end->civil);
        } else {
            end->utc += seconds;
            end->civil = okapi__zone_from_utc(end->zone, end->utc);
        }
    } else if (start->is_date && item->kind == OKAPI__EVENT) {
        end->civil += OKAPI__DAY;
        end->utc = okapi__zone_to_utc(end->zone, end->civil);
    }
}

static void put_event(okapi__item_t *item, const okapi__when_t *start, const okapi__when_t *end)
{
    const char *all_day = okapi__comp_value(item->comp, "X-MICROSOFT-CDO-ALLDAYEVENT");
    put_time(item, OKAPI__CAL_TAG(item, START_WHOLE), start->utc);
    put_time(item, OKAPI__CAL_TAG(item, END_WHOLE), end->utc);
    put_time(item, PR_START_DATE, start->utc);
    put_time(item, PR_END_DATE, end->utc);
    put_time(item, OKAPI__CAL_TAG(item, CLIP_START), start->utc);
    put_time(item, OKAPI__CAL_TAG(item, CLIP_END), end->utc);
    apr_int64_t minutes = (end->utc - start->utc) / 60;
    okapi_props_set_i32(item->props, OKAPI__CAL_TAG(item, DURATION),
                        minutes < APR_INT32_MAX ? (apr_int32_t)minutes : APR_INT32_MAX);
    okapi_props_set_bool(item->props, OKAPI__CAL_TAG(item, ALL_DAY),
                         start->is_date || (all_day && strcmp(all_day, "TRUE") == 0 &&
                                            okapi__civil_seconds(start->civil) == 0 &&
                                            okapi__civil_seconds(end->civil) == 0));
    put_zone(item, OKAPI__CAL_TAG(item, ZONE_START_DISPLAY), start->zone);
    put_zone(item, OKAPI__CAL_TAG(item, ZONE_END_DISPLAY), end->zone);
}

/* A task's dates are days, as midnights that only look like UTC (MS-OXOTASK 2.2.2.2.4). */
static void put_task(okapi__item_t *item, const okapi__when_t *start, const okapi__when_t *due)
{
    if (start)
        put_time(item, OKAPI__CAL_TAG(item, TASK_START_DATE),
                 start->civil - okapi__civil_seconds(start->civil));
    if (due)
        put_time(item, OKAPI__CAL_TAG(item, TASK_DUE_DATE),
                 due->civil - okapi__civil_seconds(due->civil));
}

static void put_journal(okapi__item_t *item, const okapi__when_t *start, const okapi__when_t *end)
{
    put_time(item, OKAPI__CAL_TAG(item, LOG_START), start->utc);
    put_time(item, OKAPI__CAL_TAG(item, LOG_END), end->utc);
    okapi_props_set_i32(item->props, OKAPI__CAL_TAG(item, LOG_DURATION),
                        (apr_int32_t)((end->utc - start->utc) / 60));
    okapi_props_set_str(item->props, OKAPI__CAL_TAG(item, LOG_TYPE), "Note");
}

apr_status_t okapi__times_read(okapi__item_t *item, const char **why)
{
    okapi__when_t start, end;
    const okapi__line_t *line = okapi__comp_line(item->comp, "DTSTART");
    int has_start = line && okapi__when_read(&start, item->cal, line, line->value), has_end = 0;
    if (!line && item->kind == OKAPI__EVENT && item->method)
        return APR_SUCCESS; /* an answer or a cancellation needn't say it again: RFC 5546 3.2 */
    if (!has_start && item->kind == OKAPI__EVENT) {
        *why =
            line ? apr_psprintf(item->cal->pool, "DTSTART can't be understood: %.100s", line->value)
                 : "an event has no DTSTART";
        return OKAPI_EFORMAT;
    }
    item->zone = has_start ? start.zone : item->cal->floating;
    if (has_start) {
        read_end(item, &start, &end);
        has_end = end.utc > start.utc || okapi__comp_line(item->comp, "DUE");
    } else {
        line = okapi__comp_line(item->comp, "DUE");
        has_end = line && okapi__when_read(&end, item->cal, line, line->value);
        if (has_end)
            item->zone = end.zone;
    }
    if (has_start)
        put_time(item, OKAPI__CAL_TAG(item, COMMON_START), start.utc);
    if (has_end || (has_start && item->kind != OKAPI__TODO))
        put_time(item, OKAPI__CAL_TAG(item, COMMON_END), end.utc);
    if (item->kind == OKAPI__EVENT)
        put_event(item, &start, &end);
    else if (item->kind == OKAPI__TODO)
        put_task(item, has_start ? &start : NULL, has_end ? &end : NULL);
    else if (has_start)
        put_journal(item, &start, &end);
    return APR_SUCCESS;
}

/* ---- writing ---- */

static okapi__zone_t *zone_of(okapi__item_t *item, okapi_proptag_t tag)
{
    const okapi_propval_t *value = tag ? okapi_props_get(item->props, tag) : NULL;
    return value ? okapi__zone_from_definition(value->v.bin, item->cal->pool) : NULL;
}

/* Which zone its start is in: the series', the one it was entered in, an older client's. */
static okapi__zone_t *start_zone(okapi__item_t *item)
{
    okapi_props_t *props = item->props;
    okapi_proptag_t tag = OKAPI__CAL_TAG(item, TIME_ZONE_STRUCT);
    int recurs =
        OKAPI__CAL_TAG(item, RECUR) && okapi_props_get(props, OKAPI__CAL_TAG(item, RECUR)) != NULL;
    okapi__zone_t *zone = recurs ? zone_of(item, OKAPI__CAL_TAG(item, ZONE_RECUR)) : NULL;
    const okapi_propval_t *value = recurs && !zone && tag ? okapi_props_get(props, tag) : NULL;
    if (value)
        zone = okapi__zone_from_struct(
            value->v.bin,
            OKAPI__CAL_TAG(item, TIME_ZONE_DESCRIPTION)
                ? okapi_props_str(props, OKAPI__CAL_TAG(item, TIME_ZONE_DESCRIPTION), NULL)
                : NULL,
            item->cal->pool);
    if (!zone)
        zone = zone_of(item, OKAPI__CAL_TAG(item, ZONE_START_DISPLAY));
    return zone ? zone : item->cal->floating;
}

static const okapi_propval_t *time_of(okapi__item_t *item, okapi_proptag_t tag)
{
    return tag ? okapi_props_get(item->props, tag) : NULL;
}

static void write_event(okapi__item_t *item)
{
    const okapi_propval_t *start = time_of(item, OKAPI__CAL_TAG(item, START_WHOLE));
    const okapi_propval_t *end = time_of(item, OKAPI__CAL_TAG(item, END_WHOLE));
    okapi__zone_t *end_zone = zone_of(item, OKAPI__CAL_TAG(item, ZONE_END_DISPLAY));
    int all_day = OKAPI__CAL_TAG(item, ALL_DAY) &&
                  okapi_props_int(item->props, OKAPI__CAL_TAG(item, ALL_DAY), 0);
    if (!start)
        start = time_of(item, OKAPI__CAL_TAG(item, COMMON_START));
    if (!end)
        end = time_of(item, OKAPI__CAL_TAG(item, COMMON_END));
    if (!start)
        start = time_of(item, PR_START_DATE);
    if (start)
        okapi__when_write(item, "DTSTART", item->zone, start->v.time, all_day);
    if (end && (!start || end->v.time > start->v.time))
        okapi__when_write(item, "DTEND", end_zone && !all_day ? end_zone : item->zone, end->v.time,
                          all_day);
}

/* COMMON says the time, in UTC; a client that changed the day left it as it was. */
static void write_day(okapi__item_t *item, const char *name, okapi_proptag_t day,
                      okapi_proptag_t common)
{
    const okapi_propval_t *date = time_of(item, day), *time = time_of(item, common);
    if (!date)
        return;
    okapi__civil_t clock =
        time ? okapi__zone_from_utc(item->zone, okapi__civil_of_time(time->v.time)) : 0;
    if (time && okapi__civil_days(clock) == okapi__civil_days(okapi__civil_of_time(date->v.time)) &&
        okapi__civil_seconds(clock))
        okapi__when_write(item, name, item->zone, time->v.time, 0);
    else
        okapi__when_write(item, name, okapi__zone_utc(item->cal->pool), date->v.time, 1);
}

void okapi__times_write(okapi__item_t *item)
{
    item->zone = start_zone(item);
    if (item->kind == OKAPI__EVENT) {
        write_event(item);
    } else if (item->kind == OKAPI__TODO) {
        write_day(item, "DTSTART", OKAPI__CAL_TAG(item, TASK_START_DATE),
                  OKAPI__CAL_TAG(item, COMMON_START));
        write_day(item, "DUE", OKAPI__CAL_TAG(item, TASK_DUE_DATE),
                  OKAPI__CAL_TAG(item, COMMON_END));
    } else if (item->kind == OKAPI__JOURNAL) {
        const okapi_propval_t *start = time_of(item, OKAPI__CAL_TAG(item, LOG_START));
        if (start)
            okapi__when_write(item, "DTSTART", item->zone, start->v.time, 0);
    }
}
