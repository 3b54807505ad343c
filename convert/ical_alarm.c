/* ical_alarm.c - VALARM and the one reminder that MAPI has: MS-OXCICAL 2.1.3.1.1.20.62, MS-OXORMDR
 * 2.2.1. */
#include <strings.h>
#include <apr_strings.h>

#include "ical_item.h"
#include "ical_time.h"

enum { MAX_MINUTES = 10 * 366 * 1440 };

/* When COMP rings, as minutes before the item's start. 0 if it says nothing of the kind. */
static int minutes_before(okapi__item_t *item, const okapi__comp_t *comp, apr_int64_t *minutes)
{
    const okapi__line_t *line = okapi__comp_line(comp, "TRIGGER");
    okapi_proptag_t start_tag = OKAPI__CAL_TAG(item, COMMON_START);
    okapi_proptag_t end_tag = OKAPI__CAL_TAG(item, COMMON_END);
    okapi_time_t start = okapi_props_int(item->props, start_tag, 0);
    okapi_time_t end = okapi_props_int(item->props, end_tag, start);
    apr_int64_t seconds;
    okapi__when_t at;
    if (!line)
        return 0;
    if (!start)
        start = end;
    if (okapi__ical_duration_parse(&seconds, NULL, line->value)) {
        const char *related = okapi__line_param(line, "RELATED");
        if (related && strcasecmp(related, "END") == 0)
            seconds += (end - start) / 10000000;
    } else if (start && okapi__when_read(&at, item->cal, line, line->value)) {
        seconds = at.utc - okapi__civil_of_time(start);
    } else {
        return 0;
    }
    *minutes = -seconds / 60;
    return *minutes >= 0 && *minutes < MAX_MINUTES;
}

void okapi__alarm_read(okapi__item_t *item)
{
    okapi_props_t *props = item->props;
    okapi_time_t start = okapi_props_int(props, OKAPI__CAL_TAG(item, COMMON_START), 0);
    apr_int64_t minutes = 0;
    int set = 0;
    if (!start)
        start = okapi_props_int(props, OKAPI__CAL_TAG(item, COMMON_END), 0);
    for (int i = 0; i < item->comp->children->nelts && !set; i++) {
        const okapi__comp_t *comp = APR_ARRAY_IDX(item->comp->children, i, okapi__comp_t *);
        const char *action = okapi__comp_value(comp, "ACTION");
        set = strcmp(comp->name, "VALARM") == 0 && (!action || strcasecmp(action, "EMAIL") != 0) &&
              minutes_before(item, comp, &minutes);
    }
    okapi_props_set_bool(props, OKAPI__CAL_TAG(item, REMINDER_SET), set);
    if (!set)
        return;
    okapi_props_set_i32(props, OKAPI__CAL_TAG(item, REMINDER_DELTA), (apr_int32_t)minutes);
    if (start) {
        okapi_props_set_time(props, OKAPI__CAL_TAG(item, REMINDER_TIME), start);
        okapi_props_set_time(props, OKAPI__CAL_TAG(item, REMINDER_SIGNAL_TIME),
                             start - minutes * 600000000);
    }
}

void okapi__alarm_write(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    okapi_proptag_t set = OKAPI__CAL_TAG(item, REMINDER_SET);
    okapi_proptag_t delta = OKAPI__CAL_TAG(item, REMINDER_DELTA);
    if (!set || !okapi_props_int(item->props, set, 0))
        return;
    apr_int64_t minutes = delta ? okapi_props_int(item->props, delta, 0) : 0;
    okapi__comp_t *comp = okapi__comp_create("VALARM", pool);
    okapi__comp_add(comp, "ACTION", NULL, "DISPLAY");
    okapi__comp_add(comp, "DESCRIPTION", NULL, "REMINDER");
    okapi__comp_add(comp, "TRIGGER", item->kind == OKAPI__TODO ? "RELATED=START" : NULL,
                    okapi__ical_duration_format(-60 * minutes, pool));
    APR_ARRAY_PUSH(item->comp->children, okapi__comp_t *) = comp;
}
