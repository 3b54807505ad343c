/* ical.c - an iCalendar stream as items, and each of them as a message: MS-OXCICAL 2.1.3. */
#include "ical_item.h"

#include <strings.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "charset.h"
#include "ical_method.h"

enum { MAX_BESIDE = 256 * 1024 };

/* One component with its exceptions. */
typedef struct entry_t {
    okapi__comp_t *comp;
    const okapi__comp_t *calendar;
    unsigned kind;
    int is_first;                  /* of its calendar: it has what belongs to nobody */
    const char *uid;               /* or NULL */
    apr_array_header_t *overrides; /* okapi__comp_t * */
} entry_t;

struct okapi_ical_t {
    okapi__comp_t *root;
    apr_array_header_t *entries;
    apr_hash_t *vtimezones; /* okapi__comp_t by TZID */
    const char *method;
};

/* ---- items ---- */

static unsigned kind_of(const char *name)
{
    static const struct {
        const char *name;
        unsigned kind;
    } kinds[] = {{"VEVENT", OKAPI__EVENT},
                 {"VTODO", OKAPI__TODO},
                 {"VJOURNAL", OKAPI__JOURNAL},
                 {"VFREEBUSY", OKAPI__FREEBUSY}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(name, kinds[i].name) == 0)
            return kinds[i].kind;
    return 0;
}

static entry_t *add_entry(okapi_ical_t *ical, okapi__comp_t *comp, const okapi__comp_t *calendar,
                          int is_first)
{
    apr_pool_t *pool = ical->entries->pool;
    const char *uid = okapi__comp_value(comp, "UID");
    entry_t *entry = apr_array_push(ical->entries);
    *entry = (entry_t){comp,
                       calendar,
                       kind_of(comp->name),
                       is_first,
                       uid && *uid ? okapi__text_read(uid, pool) : NULL,
                       apr_array_make(pool, 2, sizeof(okapi__comp_t *))};
    return entry;
}

/* Series first, so that their exceptions find them whatever the order. */
static void read_calendar(okapi_ical_t *ical, const okapi__comp_t *calendar)
{
    apr_pool_t *pool = ical->entries->pool;
    apr_hash_t *series = apr_hash_make(pool); /* index in entries, plus one */
    int before = ical->entries->nelts;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < calendar->children->nelts; i++) {
            okapi__comp_t *comp = APR_ARRAY_IDX(calendar->children, i, okapi__comp_t *);
            int is_exception = okapi__comp_line(comp, "RECURRENCE-ID") != NULL;
            const char *tzid = okapi__comp_value(comp, "TZID");
            if (pass == 0 && tzid && strcmp(comp->name, "VTIMEZONE") == 0)
                apr_hash_set(ical->vtimezones, okapi__text_read(tzid, pool), APR_HASH_KEY_STRING,
                             comp);
            if (!kind_of(comp->name) || is_exception != pass)
                continue;
            const char *uid = okapi__comp_value(comp, "UID");
            const char *key = apr_pstrcat(pool, comp->name, " ", uid, NULL);
            apr_size_t at = (apr_size_t)apr_hash_get(series, key, APR_HASH_KEY_STRING);
            if (is_exception && uid && at) {
                entry_t *entry = &APR_ARRAY_IDX(ical->entries, at - 1, entry_t);
                APR_ARRAY_PUSH(entry->overrides, okapi__comp_t *) = comp;
                continue;
            }
            add_entry(ical, comp, calendar, ical->entries->nelts == before);
            if (uid && !is_exception)
                apr_hash_set(series, key, APR_HASH_KEY_STRING,
                             (void *)(apr_size_t)ical->entries->nelts);
        }
    }
}

apr_status_t okapi_ical_parse(okapi_ical_t **result, const char **why, okapi_binary_t text,
                              apr_pool_t *result_pool)
{
    okapi_ical_t *ical = apr_pcalloc(result_pool, sizeof(*ical));
    int calendars = 0;
    *why = "";
    const char *utf8 =
        okapi__charset_decode(okapi__charset_of(text, NULL, NULL), text, NULL, result_pool);
    apr_status_t status = okapi__comp_parse(&ical->root, why, utf8, result_pool);
    if (status != APR_SUCCESS)
        return status;
    ical->entries = apr_array_make(result_pool, 4, sizeof(entry_t));
    ical->vtimezones = apr_hash_make(result_pool);
    for (int i = 0; i < ical->root->children->nelts; i++) {
        const okapi__comp_t *calendar = APR_ARRAY_IDX(ical->root->children, i, okapi__comp_t *);
        if (strcmp(calendar->name, "VCALENDAR") != 0)
            continue;
        calendars++;
        const char *method = okapi__comp_value(calendar, "METHOD");
        const char *version = okapi__comp_value(calendar, "VERSION");
        if (version && strcmp(version, "1.0") == 0) {
            *why = "this is vCalendar 1.0, not iCalendar";
            return OKAPI_EFORMAT;
        }
        if (method && !ical->method) {
            char *upper = apr_pstrdup(result_pool, method);
            for (char *p = upper; *p; p++)
                *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
            ical->method = upper;
        }
        read_calendar(ical, calendar);
    }
    read_calendar(ical, ical->root); /* items that somebody took out of their calendar */
    if (calendars == 0 && ical->entries->nelts == 0) {
        *why = "there is no VCALENDAR";
        return OKAPI_EFORMAT;
    }
    *result = ical;
    return APR_SUCCESS;
}

int okapi_ical_count(const okapi_ical_t *ical)
{
    return ical->entries->nelts;
}

const char *okapi_ical_uid(const okapi_ical_t *ical, int i)
{
    return APR_ARRAY_IDX(ical->entries, i, entry_t).uid;
}

const char *okapi_ical_component(const okapi_ical_t *ical, int i)
{
    return APR_ARRAY_IDX(ical->entries, i, entry_t).comp->name;
}

const char *okapi_ical_method(const okapi_ical_t *ical)
{
    return ical->method;
}

/* ---- a message ---- */

static const char *class_of(const okapi__item_t *item)
{
    const okapi__line_t *attendee = okapi__comp_line(item->comp, "ATTENDEE");
    const char *class =
        item->method && item->kind == OKAPI__EVENT
            ? okapi__class_of_method(item->method,
                                     attendee ? okapi__line_param(attendee, "PARTSTAT") : NULL)
            : NULL;
    if (class)
        return class;
    return item->kind == OKAPI__TODO       ? "IPM.Task"
           : item->kind == OKAPI__JOURNAL  ? "IPM.Activity"
           : item->kind == OKAPI__FREEBUSY ? OKAPI__CLASS_FREEBUSY
                                           : "IPM.Appointment";
}

static void put_uid(okapi__item_t *item, const char *uid)
{
    apr_pool_t *pool = item->cal->pool;
    const okapi__line_t *id = okapi__comp_line(item->comp, "RECURRENCE-ID");
    okapi__when_t original = {0};
    int is_exception = id && okapi__when_read(&original, item->cal, id, id->value);
    if (is_exception && item->zone)
        original.civil =
            original.is_date ? original.civil : okapi__zone_from_utc(item->zone, original.utc);
    okapi_binary_t goid = okapi__uid_to_goid(uid, original.civil, is_exception, pool);
    okapi_binary_t clean = okapi__uid_to_goid(uid, 0, 0, pool);
    okapi_props_set_bin(item->props, OKAPI__CAL_TAG(item, GLOBAL_OBJECT_ID), goid.data, goid.len);
    okapi_props_set_bin(item->props, OKAPI__CAL_TAG(item, CLEAN_GLOBAL_OBJECT_ID), clean.data,
                        clean.len);
    if (is_exception) {
        okapi_props_set_time(item->props, OKAPI__CAL_TAG(item, EXCEPTION_REPLACE_TIME),
                             okapi__civil_time(original.utc));
        okapi_props_set_bool(item->props, OKAPI__CAL_TAG(item, IS_EXCEPTION), 1);
    }
}

static apr_status_t put_props(okapi_message_t *message, const okapi_props_t *props,
                              apr_pool_t *pool)
{
    apr_array_header_t *values = apr_array_make(pool, 40, sizeof(okapi_propval_t));
    for (int i = 0; i < okapi_props_count(props); i++)
        APR_ARRAY_PUSH(values, okapi_propval_t) = *okapi_props_at(props, i);
    return okapi_object_set(okapi_message_object(message), (const okapi_propval_t *)values->elts,
                            values->nelts, pool);
}

/* The message that stands for an exception: MS-OXOCAL 2.2.10. */
static apr_status_t put_exception(okapi__item_t *series, okapi__item_t *item,
                                  const okapi_exception_t *info, apr_pool_t *data_pool)
{
    apr_pool_t *pool = series->cal->pool;
    okapi_attachment_t *attachment = okapi_attachment_create(series->message, ATTACH_EMBEDDED_MSG);
    const okapi_propval_t values[] = {
        okapi_propval_time(PR_EXCEPTION_STARTTIME,
                           okapi__civil_time(okapi__civil_of_minutes(info->start))),
        okapi_propval_time(PR_EXCEPTION_ENDTIME,
                           okapi__civil_time(okapi__civil_of_minutes(info->end))),
        okapi_propval_bool(PR_ATTACHMENT_HIDDEN, 1),
        okapi_propval_i32(PR_ATTACHMENT_FLAGS, 2 /* afException */),
        okapi_propval_i32(PR_RENDERING_POSITION, -1)};
    apr_status_t status = okapi_object_set(okapi_attachment_object(attachment), values,
                                           sizeof(values) / sizeof(values[0]), pool);
    if (status != APR_SUCCESS)
        return status;
    item->message = okapi_attachment_create_embedded(attachment);
    okapi_props_set_str(item->props, PR_MESSAGE_CLASS, OKAPI__CLASS_EXCEPTION);
    status = okapi__people_read(item);
    if (status == APR_SUCCESS)
        status = okapi__attach_read(item, data_pool);
    okapi__words_put(item);
    return status == APR_SUCCESS ? put_props(item->message, item->props, pool) : status;
}

/* ---- what is kept ---- */

/* The VTIMEZONEs of the zones that COMP names, unless everybody knows them. */
static void keep_zones(okapi__cal_t *cal, const okapi__comp_t *comp, apr_hash_t *seen,
                       okapi__comp_t *beside)
{
    for (int i = 0; i < comp->lines->nelts; i++) {
        const char *tzid = okapi__line_param(&APR_ARRAY_IDX(comp->lines, i, okapi__line_t), "TZID");
        if (!tzid || apr_hash_get(seen, tzid, APR_HASH_KEY_STRING))
            continue;
        apr_hash_set(seen, tzid, APR_HASH_KEY_STRING, tzid);
        const okapi__zone_t *zone = okapi__cal_zone(cal, tzid);
        okapi__comp_t *vtimezone = apr_hash_get(cal->vtimezones, tzid, APR_HASH_KEY_STRING);
        if (vtimezone && (!zone || !zone->id || strcmp(zone->id, tzid) != 0))
            APR_ARRAY_PUSH(beside->children, okapi__comp_t *) = vtimezone;
    }
    for (int i = 0; i < comp->children->nelts; i++)
        keep_zones(cal, APR_ARRAY_IDX(comp->children, i, okapi__comp_t *), seen, beside);
}

/* What the calendar says beside its items goes with the first of them. */
static void keep_calendar(const entry_t *entry, okapi__comp_t *beside)
{
    const okapi__comp_t *calendar = entry->calendar;
    for (int i = 0; i < calendar->lines->nelts; i++) {
        okapi__line_t line = APR_ARRAY_IDX(calendar->lines, i, okapi__line_t);
        if (strcmp(line.name, "PRODID") != 0 && strcmp(line.name, "VERSION") != 0 &&
            (entry->is_first || strcmp(line.name, "METHOD") == 0))
            APR_ARRAY_PUSH(beside->lines, okapi__line_t) = line;
    }
    for (int i = 0; i < calendar->children->nelts && entry->is_first; i++) {
        okapi__comp_t *child = APR_ARRAY_IDX(calendar->children, i, okapi__comp_t *);
        if (!kind_of(child->name) && strcmp(child->name, "VTIMEZONE") != 0 &&
            strcmp(child->name, "VCALENDAR") != 0)
            APR_ARRAY_PUSH(beside->children, okapi__comp_t *) = child;
    }
}

/* As much of BESIDE as there is room for: what comes first is needed most. */
static const char *beside_text(const okapi__comp_t *beside, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 1024, MAX_BESIDE, pool);
    for (int i = 0; i < beside->children->nelts; i++) {
        apr_size_t before = w.len;
        okapi__comp_write(&w, APR_ARRAY_IDX(beside->children, i, okapi__comp_t *));
        if (okapi_writer_status(&w) != APR_SUCCESS)
            okapi_writer_truncate(&w, before);
    }
    apr_size_t before = w.len;
    const okapi__comp_t lines = {"", beside->lines, apr_array_make(pool, 1, sizeof(void *))};
    okapi__comp_write(&w, &lines);
    if (okapi_writer_status(&w) != APR_SUCCESS)
        okapi_writer_truncate(&w, before);
    return w.len ? apr_pstrmemdup(pool, (const char *)w.data, w.len) : NULL;
}

/* What is said of the message's properties is compared with what was said of the item. */
static apr_status_t keep(okapi__item_t *item, const entry_t *entry, apr_array_header_t *exceptions)
{
    okapi__cal_t *cal = item->cal;
    apr_pool_t *pool = cal->pool;
    const okapi_t *okapi = okapi_store_engine(okapi_message_store(item->message));
    okapi__comp_t *beside = okapi__comp_create("", pool);
    apr_hash_t *seen = apr_hash_make(pool);
    apr_array_header_t *written;
    apr_status_t status = okapi__item_write(&written, cal, item->message);
    for (int i = 0; i < written->nelts && i <= exceptions->nelts && status == APR_SUCCESS; i++) {
        okapi__item_t *original = i == 0 ? item : APR_ARRAY_IDX(exceptions, i - 1, okapi__item_t *);
        const okapi__comp_t *comp = APR_ARRAY_IDX(written, i, okapi__item_t *)->comp;
        const char *text = okapi__keep_difference(okapi, original->comp, comp, pool);
        okapi_propval_t value = okapi_propval_str(OKAPI__CAL_TAG(item, KEPT), text);
        keep_zones(cal, original->comp, seen, beside);
        if (text)
            status = okapi_object_set(okapi_message_object(original->message), &value, 1, pool);
    }
    if (status != APR_SUCCESS)
        return status;
    for (int i = 0; i < entry->overrides->nelts; i++) { /* those that aren't exceptions */
        okapi__comp_t *comp = APR_ARRAY_IDX(entry->overrides, i, okapi__comp_t *);
        keep_zones(cal, comp, seen, beside);
        APR_ARRAY_PUSH(beside->children, okapi__comp_t *) = comp;
    }
    keep_calendar(entry, beside);
    const char *text = beside_text(beside, pool);
    okapi_propval_t value = okapi_propval_str(OKAPI__CAL_TAG(item, KEPT_CALENDAR), text);
    return text ? okapi_object_set(okapi_message_object(item->message), &value, 1, pool)
                : APR_SUCCESS;
}

/* ---- all of it ---- */

static apr_status_t fill(okapi__item_t *item, const entry_t *entry, const char **why,
                         apr_array_header_t **exceptions)
{
    enum { SIDE_EFFECTS = 0x171, ICON_APPOINTMENT = 1024, ICON_SERIES = 1025 };
    apr_status_t status = APR_SUCCESS;
    *exceptions = apr_array_make(item->cal->pool, 1, sizeof(okapi__item_t *));
    okapi_props_set_str(item->props, PR_MESSAGE_CLASS, class_of(item));
    okapi__table_read(item);
    if (item->kind == OKAPI__FREEBUSY) {
        okapi__freebusy_read(item);
    } else {
        status = okapi__times_read(item, why);
        if (status != APR_SUCCESS)
            return status;
        okapi__alarm_read(item);
        status = okapi__series_read(item, entry->overrides, exceptions);
    }
    if (entry->uid)
        put_uid(item, entry->uid);
    if (item->kind == OKAPI__EVENT) {
        int recurs = okapi_props_get(item->props, OKAPI__CAL_TAG(item, RECUR)) != NULL;
        okapi_props_set_i32(item->props, OKAPI__CAL_TAG(item, SIDE_EFFECTS), SIDE_EFFECTS);
        okapi_props_set_i32(item->props, PR_ICON_INDEX, recurs ? ICON_SERIES : ICON_APPOINTMENT);
        okapi__method_read(item);
    }
    if (status == APR_SUCCESS)
        status = okapi__people_read(item);
    okapi__words_put(item);
    return status;
}

apr_status_t okapi_ical_to_message(okapi_message_t *message, const char **why,
                                   const okapi_ical_t *ical, int i, const char *zone,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    entry_t entry = APR_ARRAY_IDX(ical->entries, i, entry_t);
    okapi__cal_t *cal;
    apr_array_header_t *exceptions;
    *why = "";
    apr_status_t status =
        okapi__cal_open(&cal, okapi_message_store(message), zone, 1, scratch_pool, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    cal->vtimezones = ical->vtimezones;
    entry.overrides = apr_array_copy(scratch_pool, entry.overrides);
    okapi__item_t item = {.cal = cal,
                          .kind = entry.kind,
                          .method = ical->method,
                          .comp = entry.comp,
                          .message = message,
                          .props = okapi_props_create(scratch_pool),
                          .zone = cal->floating};
    if (!okapi__class_of_method(item.method ? item.method : "", "TENTATIVE"))
        item.method = NULL; /* PUBLISH and the like send nothing to anybody */
    status = fill(&item, &entry, why, &exceptions);
    if (status == APR_SUCCESS)
        status = put_props(message, item.props, scratch_pool);
    if (status == APR_SUCCESS)
        status = okapi__attach_read(&item, result_pool);
    const okapi_propval_t *blob = okapi_props_get(item.props, cal->tags[OKAPI__CAL_RECUR]);
    if (status == APR_SUCCESS && blob && exceptions->nelts)
        status = okapi_recurrence_decode(&item.recurrence, blob->v.bin, scratch_pool);
    for (int k = 0; k < exceptions->nelts && status == APR_SUCCESS; k++)
        status = put_exception(&item, APR_ARRAY_IDX(exceptions, k, okapi__item_t *),
                               &APR_ARRAY_IDX(item.recurrence->exceptions, k, okapi_exception_t),
                               result_pool);
    return status == APR_SUCCESS ? keep(&item, &entry, exceptions) : status;
}
