/* ical_write.c - messages as an iCalendar stream: MS-OXCICAL 2.1.3, 2.2. */
#include "ical_item.h"

#include <strings.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "ical_method.h"

enum { MAX_STREAM = 256 << 20 };

/* ---- one component ---- */

static unsigned kind_of(const okapi__item_t *item)
{
    const char *class = okapi_props_str(item->props, PR_MESSAGE_CLASS, "");
    if (strncasecmp(class, "IPM.Task", 8) == 0)
        return OKAPI__TODO;
    if (strncasecmp(class, "IPM.Activity", 12) == 0)
        return OKAPI__JOURNAL;
    if (strncasecmp(class, OKAPI__CLASS_FREEBUSY, strlen(OKAPI__CLASS_FREEBUSY)) == 0)
        return OKAPI__FREEBUSY;
    return OKAPI__EVENT;
}

static const char *component_of(unsigned kind)
{
    return kind == OKAPI__TODO       ? "VTODO"
           : kind == OKAPI__JOURNAL  ? "VJOURNAL"
           : kind == OKAPI__FREEBUSY ? "VFREEBUSY"
                                     : "VEVENT";
}

/* An item without PidLidGlobalObjectId still is one, and always the same. */
static const char *uid_of(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    okapi_proptag_t tag = OKAPI__CAL_TAG(item, GLOBAL_OBJECT_ID);
    const okapi_propval_t *goid = tag ? okapi_props_get(item->props, tag) : NULL;
    const char *uid = goid ? okapi__uid_of_goid(goid->v.bin, pool) : NULL;
    const okapi_propval_t *key = okapi_props_get(item->props, PR_SEARCH_KEY);
    if (uid || !key)
        return uid;
    uid = "";
    for (apr_size_t i = 0; i < key->v.bin.len && i < 32; i++)
        uid = apr_psprintf(pool, "%s%02x", uid, key->v.bin.data[i]);
    return uid;
}

static apr_status_t write_component(okapi__item_t *item, const char *uid)
{
    item->comp = okapi__comp_create(component_of(item->kind), item->cal->pool);
    if (uid)
        okapi__comp_add(item->comp, "UID", NULL, uid);
    okapi__table_write(item);
    if (item->kind == OKAPI__FREEBUSY) {
        okapi__freebusy_write(item);
    } else {
        okapi__times_write(item);
        okapi__series_write(item);
        okapi__alarm_write(item);
    }
    okapi__people_write(item);
    return okapi__attach_write(item);
}

/* RECURRENCE-ID of an exception that came alone. */
static void write_lone_exception(okapi__item_t *item)
{
    okapi_proptag_t tag = OKAPI__CAL_TAG(item, EXCEPTION_REPLACE_TIME);
    const okapi_propval_t *original = tag ? okapi_props_get(item->props, tag) : NULL;
    int all_day = OKAPI__CAL_TAG(item, ALL_DAY) &&
                  okapi_props_int(item->props, OKAPI__CAL_TAG(item, ALL_DAY), 0);
    if (original && !item->recurrence && item->kind == OKAPI__EVENT)
        okapi__when_write(item, "RECURRENCE-ID", item->zone, original->v.time, all_day);
}

/* ---- exceptions ---- */

/* The embedded message of the exception that replaces the instance at ORIGINAL; NULL if there is
 * none, as older clients leave it. */
static apr_status_t exception_message(okapi_message_t **message, okapi__item_t *series,
                                      okapi_time_t original)
{
    okapi_proptag_t tag = OKAPI__CAL_TAG(series, EXCEPTION_REPLACE_TIME);
    apr_pool_t *pool = series->cal->pool;
    int n = okapi_message_attachment_count(series->message);
    *message = NULL;
    for (int i = 0; tag && i < n; i++) {
        okapi_attachment_t *attachment;
        okapi_propval_t value;
        apr_status_t status = okapi_attachment_open(
            &attachment, series->message, okapi_message_attachment_num(series->message, i), pool);
        if (status != APR_SUCCESS)
            return status;
        status = okapi_attachment_embedded(message, attachment, pool);
        if (status != APR_SUCCESS && status != OKAPI_ENOTFOUND)
            return status;
        if (status == APR_SUCCESS) {
            status =
                okapi_object_get(okapi_message_object(*message), &tag, 1, 0, &value, pool, pool);
            if (status != APR_SUCCESS)
                return status;
            if (value.tag == tag && value.v.time == original)
                return APR_SUCCESS;
        }
        *message = NULL;
    }
    return APR_SUCCESS;
}

/* What an exception doesn't say itself is as in the series, but for what only a series has. */
static void inherit(okapi__item_t *item, const okapi__item_t *series)
{
    const okapi_proptag_t own[] = {OKAPI__CAL_TAG(item, RECUR),
                                   OKAPI__CAL_TAG(item, ZONE_RECUR),
                                   OKAPI__CAL_TAG(item, TIME_ZONE_STRUCT),
                                   OKAPI__CAL_TAG(item, KEPT),
                                   OKAPI__CAL_TAG(item, KEPT_CALENDAR),
                                   OKAPI__CAL_TAG(item, START_WHOLE),
                                   OKAPI__CAL_TAG(item, END_WHOLE),
                                   OKAPI__CAL_TAG(item, REMINDER_SIGNAL_TIME)};
    for (int i = 0; i < okapi_props_count(series->props); i++) {
        const okapi_propval_t *value = okapi_props_at(series->props, i);
        int inherited = okapi_props_get(item->props, value->tag) == NULL;
        for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++)
            inherited &= value->tag != own[k];
        if (inherited)
            okapi_props_set(item->props, value);
    }
}

static void put_info(okapi__item_t *item, const okapi__item_t *series, const okapi_exception_t *e)
{
    const struct {
        okapi_proptag_t tag;
        int flag;
        apr_uint32_t value;
    } numbers[] = {
        {OKAPI__CAL_TAG(item, REMINDER_DELTA), OKAPI_OVERRIDE_REMINDER_DELTA, e->reminder_delta},
        {OKAPI__CAL_TAG(item, BUSY_STATUS), OKAPI_OVERRIDE_BUSY_STATUS, e->busy_status}};
    const okapi_proptag_t times[] = {OKAPI__CAL_TAG(item, START_WHOLE),
                                     OKAPI__CAL_TAG(item, END_WHOLE)};
    const okapi_minutes_t minutes[] = {e->start, e->end};
    for (int i = 0; i < 2; i++)
        if (times[i] && !okapi_props_get(item->props, times[i]))
            okapi_props_set_time(item->props, times[i],
                                 okapi__civil_time(okapi__zone_to_utc(
                                     series->zone, okapi__civil_of_minutes(minutes[i]))));
    if (item->message)
        return; /* which says the rest itself */
    for (int i = 0; i < 2; i++)
        if (numbers[i].tag && (e->overrides & numbers[i].flag))
            okapi_props_set_i32(item->props, numbers[i].tag, (apr_int32_t)numbers[i].value);
    if ((e->overrides & OKAPI_OVERRIDE_REMINDER) && OKAPI__CAL_TAG(item, REMINDER_SET))
        okapi_props_set_bool(item->props, OKAPI__CAL_TAG(item, REMINDER_SET), e->reminder != 0);
    if ((e->overrides & OKAPI_OVERRIDE_SUBTYPE) && OKAPI__CAL_TAG(item, ALL_DAY))
        okapi_props_set_bool(item->props, OKAPI__CAL_TAG(item, ALL_DAY), e->subtype != 0);
    if (e->overrides & OKAPI_OVERRIDE_SUBJECT)
        okapi_props_set_str(item->props, PR_SUBJECT, e->subject);
    if ((e->overrides & OKAPI_OVERRIDE_LOCATION) && OKAPI__CAL_TAG(item, LOCATION))
        okapi_props_set_str(item->props, OKAPI__CAL_TAG(item, LOCATION), e->location);
}

static apr_status_t write_exception(okapi__item_t **result, okapi__item_t *series,
                                    const okapi_exception_t *e, const char *uid)
{
    okapi__item_t *item = apr_pmemdup(series->cal->pool, series, sizeof(*item));
    okapi_time_t original =
        okapi__civil_time(okapi__zone_to_utc(series->zone, okapi__civil_of_minutes(e->original)));
    const char *value = okapi__line_param(okapi__comp_line(series->comp, "DTSTART"), "VALUE");
    apr_status_t status = exception_message(&item->message, series, original);
    item->recurrence = NULL;
    if (status == APR_SUCCESS && item->message)
        status = okapi__item_load(item);
    else
        item->props = okapi_props_create(series->cal->pool);
    if (status != APR_SUCCESS)
        return status;
    put_info(item, series, e);
    inherit(item, series);
    if (!item->message) {
        item->message = series->message; /* for its people */
        okapi_props_unset(item->props, OKAPI__CAL_TAG(item, KEPT));
    }
    status = write_component(item, uid);
    okapi__zone_t *zone = item->zone;
    item->zone = series->zone;
    okapi__when_write(item, "RECURRENCE-ID", series->zone, original, value != NULL);
    item->zone = zone;
    *result = item;
    return status;
}

apr_status_t okapi__item_write(apr_array_header_t **items, okapi__cal_t *cal,
                               okapi_message_t *message)
{
    okapi__item_t *item = apr_pcalloc(cal->pool, sizeof(*item));
    item->cal = cal;
    item->message = message;
    *items = apr_array_make(cal->pool, 4, sizeof(okapi__item_t *));
    apr_status_t status = okapi__item_load(item);
    if (status != APR_SUCCESS)
        return status;
    item->kind = kind_of(item);
    item->method = okapi__method_of_class(okapi_props_str(item->props, PR_MESSAGE_CLASS, ""));
    const char *uid = uid_of(item);
    status = write_component(item, uid);
    write_lone_exception(item);
    APR_ARRAY_PUSH(*items, okapi__item_t *) = item;
    int n = item->recurrence ? item->recurrence->exceptions->nelts : 0;
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        okapi__item_t *exception;
        status = write_exception(&exception, item,
                                 &APR_ARRAY_IDX(item->recurrence->exceptions, i, okapi_exception_t),
                                 uid);
        if (status == APR_SUCCESS)
            APR_ARRAY_PUSH(*items, okapi__item_t *) = exception;
    }
    return status;
}

void okapi__item_restore(okapi__item_t *item)
{
    okapi_proptag_t tag = OKAPI__CAL_TAG(item, KEPT);
    const char *kept = tag ? okapi_props_str(item->props, tag, NULL) : NULL;
    if (kept)
        okapi__keep_apply(item->comp, kept, item->cal->pool);
}

okapi__comp_t *okapi__item_beside(okapi__item_t *item)
{
    okapi_proptag_t tag = OKAPI__CAL_TAG(item, KEPT_CALENDAR);
    const char *kept = tag ? okapi_props_str(item->props, tag, NULL) : NULL, *why;
    okapi__comp_t *beside;
    if (!kept || okapi__comp_parse(&beside, &why, kept, item->cal->pool) != APR_SUCCESS)
        return NULL;
    return beside;
}

/* ---- the stream ---- */

typedef struct stream_t {
    okapi__cal_t *cal;
    okapi__comp_t *calendar;
    apr_array_header_t *items; /* okapi__comp_t * */
    apr_hash_t *written;       /* TZIDs */
} stream_t;

/* What was kept beside an item: zones to be used, components of the item or its calendar, lines of
 * the calendar. */
static void add_beside(stream_t *s, const okapi__comp_t *beside)
{
    for (int i = 0; i < beside->lines->nelts; i++) {
        okapi__line_t line = APR_ARRAY_IDX(beside->lines, i, okapi__line_t);
        if (!okapi__comp_line(s->calendar, line.name))
            APR_ARRAY_PUSH(s->calendar->lines, okapi__line_t) = line;
    }
    for (int i = 0; i < beside->children->nelts; i++) {
        okapi__comp_t *child = APR_ARRAY_IDX(beside->children, i, okapi__comp_t *);
        const char *tzid = okapi__comp_value(child, "TZID");
        if (strcmp(child->name, "VTIMEZONE") != 0)
            APR_ARRAY_PUSH(s->items, okapi__comp_t *) = child;
        else if (tzid)
            apr_hash_set(s->cal->vtimezones, okapi__text_read(tzid, s->cal->pool),
                         APR_HASH_KEY_STRING, child);
    }
}

/* The VTIMEZONE of each TZID that a line names. */
static void add_zones(stream_t *s, const okapi__comp_t *comp)
{
    for (int i = 0; i < comp->lines->nelts; i++) {
        const char *tzid = okapi__line_param(&APR_ARRAY_IDX(comp->lines, i, okapi__line_t), "TZID");
        if (!tzid || apr_hash_get(s->written, tzid, APR_HASH_KEY_STRING))
            continue;
        apr_hash_set(s->written, tzid, APR_HASH_KEY_STRING, tzid);
        okapi__comp_t *vtimezone = apr_hash_get(s->cal->vtimezones, tzid, APR_HASH_KEY_STRING);
        okapi__zone_t *zone = vtimezone ? NULL : okapi__cal_zone(s->cal, tzid);
        if (zone)
            vtimezone = okapi__vtimezone_create(zone, tzid, s->cal->pool);
        if (vtimezone)
            APR_ARRAY_PUSH(s->calendar->children, okapi__comp_t *) = vtimezone;
    }
    for (int i = 0; i < comp->children->nelts; i++)
        add_zones(s, APR_ARRAY_IDX(comp->children, i, okapi__comp_t *));
}

static apr_status_t add_message(stream_t *s, okapi_message_t *message, int flags)
{
    apr_array_header_t *items;
    apr_status_t status = okapi__item_write(&items, s->cal, message);
    if (status != APR_SUCCESS)
        return status;
    okapi__item_t *first = APR_ARRAY_IDX(items, 0, okapi__item_t *);
    okapi__comp_t *beside = flags & OKAPI_ICAL_PLAIN ? NULL : okapi__item_beside(first);
    for (int i = 0; i < items->nelts; i++) {
        okapi__item_t *item = APR_ARRAY_IDX(items, i, okapi__item_t *);
        if (!(flags & OKAPI_ICAL_PLAIN))
            okapi__item_restore(item);
        APR_ARRAY_PUSH(s->items, okapi__comp_t *) = item->comp;
        /* a zone that has no name but in this item */
        if (item->zone && !item->zone->id)
            apr_hash_set(s->cal->zones, item->zone->windows, APR_HASH_KEY_STRING, item->zone);
    }
    if (first->method && !okapi__comp_line(s->calendar, "METHOD"))
        okapi__comp_add(s->calendar, "METHOD", NULL, first->method);
    if (beside)
        add_beside(s, beside);
    return APR_SUCCESS;
}

apr_status_t okapi_ical_from_messages(okapi_binary_t *text, okapi_message_t *const *messages, int n,
                                      int flags, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    stream_t s = {.calendar = okapi__comp_create("VCALENDAR", scratch_pool),
                  .items = apr_array_make(scratch_pool, 8, sizeof(okapi__comp_t *)),
                  .written = apr_hash_make(scratch_pool)};
    okapi_writer_t w;
    apr_status_t status = APR_SUCCESS;
    okapi__comp_add(s.calendar, "PRODID", NULL, "-//Okapi//Okapi//EN");
    okapi__comp_add(s.calendar, "VERSION", NULL, "2.0");
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        okapi_store_t *store = okapi_message_store(messages[i]);
        if (!s.cal || s.cal->store != store)
            status = okapi__cal_open(&s.cal, store, NULL, 0, scratch_pool, scratch_pool);
        if (status == APR_SUCCESS)
            status = add_message(&s, messages[i], flags);
    }
    if (status != APR_SUCCESS)
        return status;
    for (int i = 0; i < s.items->nelts; i++)
        add_zones(&s, APR_ARRAY_IDX(s.items, i, okapi__comp_t *));
    apr_array_cat(s.calendar->children, s.items);
    okapi_writer_init(&w, 4096, MAX_STREAM, result_pool);
    okapi__comp_write(&w, s.calendar);
    *text = (okapi_binary_t){w.data, w.len};
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}
