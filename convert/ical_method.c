/* ical_method.c - METHOD and message classes: MS-OXCICAL 2.1.3.1.1.1. */
#include "ical_method.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "ical_item.h"

/* The first that fits counts, in either direction. */
static const struct {
    const char *method, *partstat, *message_class;
} methods[] = {
    {"REQUEST", NULL, "IPM.Schedule.Meeting.Request"},
    {"REPLY", "ACCEPTED", "IPM.Schedule.Meeting.Resp.Pos"},
    {"REPLY", "DECLINED", "IPM.Schedule.Meeting.Resp.Neg"},
    {"REPLY", "TENTATIVE", "IPM.Schedule.Meeting.Resp.Tent"},
    {"CANCEL", NULL, "IPM.Schedule.Meeting.Canceled"},
    {"COUNTER", NULL, "IPM.Schedule.Meeting.Resp.Tent"},
};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

const char *okapi__method_of_class(const char *message_class)
{
    for (int i = 0; i < METHODS; i++)
        if (strcasecmp(methods[i].message_class, message_class) == 0)
            return methods[i].method;
    return NULL;
}

const char *okapi__class_of_method(const char *method, const char *partstat)
{
    for (int i = 0; i < METHODS; i++)
        if (strcmp(methods[i].method, method) == 0 &&
            (!methods[i].partstat || (partstat && strcasecmp(methods[i].partstat, partstat) == 0)))
            return methods[i].message_class;
    return NULL;
}

/* ---- what an answer says otherwise than a request ---- */

static void move_time(okapi__item_t *item, okapi_proptag_t from, okapi_proptag_t to)
{
    const okapi_propval_t *value = okapi_props_get(item->props, from);
    if (value)
        okapi_props_set_time(item->props, to, value->v.time);
}

/* A time that is in the place of DTSTART if that is the proposed one. */
static void read_original(okapi__item_t *item, const char *name, okapi_proptag_t tag)
{
    okapi__when_t when;
    const okapi__line_t *line = okapi__comp_line(item->comp, name);
    if (line && okapi__when_read(&when, item->cal, line, line->value))
        okapi_props_set_time(item->props, tag, okapi__civil_time(when.utc));
}

void okapi__method_read(okapi__item_t *item)
{
    const char *method = item->method ? item->method : "";
    int is_counter = strcmp(method, "COUNTER") == 0;
    okapi_props_t *props = item->props;
    if (!is_counter && strcmp(method, "REPLY") != 0)
        return;
    /* DTSTAMP is the attendee's: MS-OXCICAL 2.1.3.1.1.20.9 */
    move_time(item, OKAPI__CAL_TAG(item, OWNER_CRITICAL_CHANGE),
              OKAPI__CAL_TAG(item, ATTENDEE_CRITICAL_CHANGE));
    okapi_props_unset(props, OKAPI__CAL_TAG(item, OWNER_CRITICAL_CHANGE));
    if (!is_counter)
        return;
    okapi_props_set_bool(props, OKAPI__CAL_TAG(item, COUNTER_PROPOSAL), 1);
    okapi_props_set_i32(props, OKAPI__CAL_TAG(item, PROPOSED_DURATION),
                        (apr_int32_t)okapi_props_int(props, OKAPI__CAL_TAG(item, DURATION), 0));
    move_time(item, OKAPI__CAL_TAG(item, START_WHOLE), OKAPI__CAL_TAG(item, PROPOSED_START));
    move_time(item, OKAPI__CAL_TAG(item, END_WHOLE), OKAPI__CAL_TAG(item, PROPOSED_END));
    read_original(item, "X-MS-OLK-ORIGINALSTART", OKAPI__CAL_TAG(item, START_WHOLE));
    read_original(item, "X-MS-OLK-ORIGINALEND", OKAPI__CAL_TAG(item, END_WHOLE));
}
