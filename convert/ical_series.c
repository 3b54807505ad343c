/* ical_series.c - recurring items: RRULE, EXDATE and RECURRENCE-ID as PidLidAppointmentRecur and
 * its exceptions (MS-OXCICAL 2.1.3.2, MS-OXOCAL 2.2.1.44 and 2.2.10). A series that MAPI can't
 * express stays one appointment, and its rules are kept beside. */
#include "ical_item.h"

#include <stdlib.h>
#include <strings.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "ical_time.h"
#include "recurrence_rule.h"

typedef struct series_t {
    okapi__item_t *item;
    okapi__rrule_t rule;
    okapi__civil_t start;
    apr_int64_t duration; /* of the clock */
    apr_int64_t work;
    okapi_recurrence_t *recurrence;
} series_t;

/* An exception and what it is made of, sorted together. */
typedef struct exception_t {
    okapi_exception_t info;
    okapi__item_t *item;
} exception_t;

/* ---- the rule ---- */

/* The only rule there is; NULL if there is none, or more than MAPI has room for. Its semicolons
 * should not be escaped, but sometimes are. */
static const char *only_rule(const okapi__comp_t *comp)
{
    const char *rule = NULL;
    int others = 0;
    for (int i = 0; i < comp->lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        if (strcmp(line->name, "RRULE") == 0 && !rule)
            rule = line->value;
        else if (strcmp(line->name, "RRULE") == 0 || strcmp(line->name, "EXRULE") == 0 ||
                 strcmp(line->name, "RDATE") == 0)
            others++;
    }
    return others || !rule ? NULL : okapi__text_read(rule, comp->lines->pool);
}

static int start_series(series_t *s, okapi__item_t *item)
{
    okapi_props_t *props = item->props;
    const char *text = only_rule(item->comp);
    okapi_time_t start = okapi_props_int(props, OKAPI__CAL_TAG(item, COMMON_START), 0);
    okapi_time_t end = okapi_props_int(props, OKAPI__CAL_TAG(item, COMMON_END), start);
    if (!start)
        start = end;
    if (!text || !start || okapi__rrule_parse(&s->rule, text) != APR_SUCCESS)
        return 0;
    s->item = item;
    s->work = OKAPI__RECURRENCE_WORK;
    s->start = okapi__zone_from_utc(item->zone, okapi__civil_of_time(start));
    s->duration = okapi__zone_from_utc(item->zone, okapi__civil_of_time(end)) - s->start;
    if (s->rule.until != OKAPI__NO_UNTIL && s->rule.until_is_utc)
        s->rule.until = okapi__zone_from_utc(item->zone, s->rule.until);
    else if (s->rule.until != OKAPI__NO_UNTIL && s->rule.until_is_date)
        s->rule.until += OKAPI__DAY - 1;
    if (item->kind == OKAPI__TODO) { /* a task is of a day */
        s->start -= okapi__civil_seconds(s->start);
        s->duration = 0;
    }
    return okapi__recurrence_from_rule(&s->recurrence, &s->rule, s->start, s->duration,
                                       item->cal->pool) == APR_SUCCESS;
}

/* ---- instances that are missing or changed ---- */

static int see_one(void *baton, okapi__civil_t t)
{
    *(int *)baton = 1;
    return 0;
}

/* The instance that LINE means by VALUE, on the series' clock; 0 if it means none. */
static int instance_of(series_t *s, const okapi__line_t *line, const char *value,
                       okapi__civil_t *instance)
{
    okapi__when_t when;
    int found = 0;
    if (!okapi__when_read(&when, s->item->cal, line, value))
        return 0;
    *instance = when.is_date       ? when.civil + okapi__civil_seconds(s->start)
                : when.is_floating ? when.civil
                                   : okapi__zone_from_utc(s->item->zone, when.utc);
    if (s->item->kind == OKAPI__TODO)
        *instance -= okapi__civil_seconds(*instance);
    okapi__rrule_expand(&s->rule, s->start, *instance, *instance, &s->work, see_one, &found);
    return found;
}

static okapi_minutes_t midnight(okapi__civil_t t)
{
    return okapi__civil_minutes(t - okapi__civil_seconds(t));
}

static void read_exdates(series_t *s)
{
    const okapi__comp_t *comp = s->item->comp;
    for (int i = 0; i < comp->lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        char *last, *values = apr_pstrdup(s->item->cal->pool, line->value);
        okapi__civil_t t;
        if (strcmp(line->name, "EXDATE") != 0)
            continue;
        for (char *v = apr_strtok(values, ",", &last); v; v = apr_strtok(NULL, ",", &last))
            if (instance_of(s, line, v, &t))
                APR_ARRAY_PUSH(s->recurrence->deleted, okapi_minutes_t) = midnight(t);
    }
}

static int differs(const okapi__item_t *a, const okapi__item_t *b, okapi_proptag_t tag)
{
    const okapi_propval_t *x = okapi_props_get(a->props, tag), *y = okapi_props_get(b->props, tag);
    return x && (!y || okapi_propval_compare(x, y, 0) != 0);
}

void okapi__series_overrides(okapi_exception_t *e, okapi__item_t *x, const okapi__item_t *series)
{
    const struct {
        okapi_proptag_t tag;
        int flag;
        apr_uint32_t *value;
    } numbers[] = {
        {OKAPI__CAL_TAG(x, STATE_FLAGS), OKAPI_OVERRIDE_MEETING_TYPE, &e->meeting_type},
        {OKAPI__CAL_TAG(x, REMINDER_DELTA), OKAPI_OVERRIDE_REMINDER_DELTA, &e->reminder_delta},
        {OKAPI__CAL_TAG(x, REMINDER_SET), OKAPI_OVERRIDE_REMINDER, &e->reminder},
        {OKAPI__CAL_TAG(x, BUSY_STATUS), OKAPI_OVERRIDE_BUSY_STATUS, &e->busy_status},
        {OKAPI__CAL_TAG(x, ALL_DAY), OKAPI_OVERRIDE_SUBTYPE, &e->subtype}};
    okapi_proptag_t location = OKAPI__CAL_TAG(x, LOCATION);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (differs(x, series, numbers[i].tag)) {
            e->overrides |= (apr_uint16_t)numbers[i].flag;
            *numbers[i].value = (apr_uint32_t)okapi_props_int(x->props, numbers[i].tag, 0);
        }
    if (differs(x, series, PR_SUBJECT)) {
        e->overrides |= OKAPI_OVERRIDE_SUBJECT;
        e->subject = okapi_props_str(x->props, PR_SUBJECT, "");
    }
    if (differs(x, series, location)) {
        e->overrides |= OKAPI_OVERRIDE_LOCATION;
        e->location = okapi_props_str(x->props, location, "");
    }
    if (differs(x, series, PR_BODY))
        e->overrides |= OKAPI_OVERRIDE_BODY;
}

/* 0 if COMP can't be an exception of the series. */
static int read_exception(series_t *s, okapi__comp_t *comp, exception_t *exception)
{
    okapi__item_t *series = s->item;
    const okapi__line_t *id = okapi__comp_line(comp, "RECURRENCE-ID");
    const char *why;
    okapi__civil_t original;
    if (!id || okapi__line_param(id, "RANGE") || !instance_of(s, id, id->value, &original) ||
        only_rule(comp))
        return 0;
    okapi__item_t *x = apr_pmemdup(series->cal->pool, series, sizeof(*x));
    x->comp = comp;
    x->message = NULL;
    x->recurrence = NULL;
    x->props = okapi_props_create(series->cal->pool);
    okapi__table_read(x);
    if (okapi__times_read(x, &why) != APR_SUCCESS)
        return 0;
    okapi__alarm_read(x);
    okapi__civil_t utc = okapi__zone_to_utc(series->zone, original);
    okapi_props_set_time(x->props, OKAPI__CAL_TAG(x, EXCEPTION_REPLACE_TIME),
                         okapi__civil_time(utc));
    okapi_props_set_bool(x->props, OKAPI__CAL_TAG(x, IS_EXCEPTION), 1);
    const okapi_propval_t *start = okapi_props_get(x->props, OKAPI__CAL_TAG(x, START_WHOLE));
    const okapi_propval_t *end = okapi_props_get(x->props, OKAPI__CAL_TAG(x, END_WHOLE));
    okapi__civil_t from = okapi__zone_from_utc(series->zone, okapi__civil_of_time(start->v.time));
    okapi__civil_t to = okapi__zone_from_utc(series->zone, okapi__civil_of_time(end->v.time));
    exception->item = x;
    exception->info = (okapi_exception_t){okapi__civil_minutes(from), okapi__civil_minutes(to),
                                          okapi__civil_minutes(original)};
    okapi__series_overrides(&exception->info, x, series);
    return 1;
}

static int by_start(const void *a, const void *b)
{
    const exception_t *x = a, *y = b;
    return (x->info.start > y->info.start) - (x->info.start < y->info.start);
}

static int by_minutes(const void *a, const void *b)
{
    const okapi_minutes_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void sort_unique(apr_array_header_t *dates)
{
    okapi_minutes_t *d = (okapi_minutes_t *)dates->elts;
    int n = 0;
    qsort(d, (size_t)dates->nelts, sizeof(*d), by_minutes);
    for (int i = 0; i < dates->nelts; i++)
        if (i == 0 || d[i] != d[i - 1])
            d[n++] = d[i];
    dates->nelts = n;
}

static int is_known(const apr_array_header_t *exceptions, okapi_minutes_t original)
{
    for (int i = 0; i < exceptions->nelts; i++)
        if (APR_ARRAY_IDX(exceptions, i, exception_t).info.original == original)
            return 1;
    return 0;
}

static void read_exceptions(series_t *s, apr_array_header_t *overrides,
                            apr_array_header_t *exceptions)
{
    enum { MAX_EXCEPTIONS = 1000 };
    apr_array_header_t *found = apr_array_make(s->item->cal->pool, 4, sizeof(exception_t));
    int left = 0;
    for (int i = 0; i < overrides->nelts; i++) {
        okapi__comp_t *comp = APR_ARRAY_IDX(overrides, i, okapi__comp_t *);
        exception_t exception;
        if (s->item->kind == OKAPI__EVENT && found->nelts < MAX_EXCEPTIONS &&
            read_exception(s, comp, &exception) && !is_known(found, exception.info.original))
            APR_ARRAY_PUSH(found, exception_t) = exception;
        else
            APR_ARRAY_IDX(overrides, left++, okapi__comp_t *) = comp;
    }
    overrides->nelts = left;
    qsort(found->elts, (size_t)found->nelts, sizeof(exception_t), by_start);
    for (int i = 0; i < found->nelts; i++) {
        const exception_t *x = &APR_ARRAY_IDX(found, i, exception_t);
        APR_ARRAY_PUSH(s->recurrence->exceptions, okapi_exception_t) = x->info;
        APR_ARRAY_PUSH(s->recurrence->modified, okapi_minutes_t) =
            x->info.start - x->info.start % 1440;
        APR_ARRAY_PUSH(s->recurrence->deleted, okapi_minutes_t) =
            x->info.original - x->info.original % 1440;
        APR_ARRAY_PUSH(exceptions, okapi__item_t *) = x->item;
    }
}

/* ---- the series' properties ---- */

static void put_task_series(series_t *s, okapi_binary_t blob)
{
    okapi__item_t *item = s->item;
    okapi_props_set_bin(item->props, OKAPI__CAL_TAG(item, TASK_RECURRENCE), blob.data, blob.len);
    okapi_props_set_bool(item->props, OKAPI__CAL_TAG(item, TASK_IS_RECURRING), 1);
}

static void put_series(series_t *s, okapi_binary_t blob)
{
    okapi__item_t *item = s->item;
    okapi_props_t *props = item->props;
    const okapi_recurrence_t *r = s->recurrence;
    apr_pool_t *pool = item->cal->pool;
    okapi_binary_t zone = okapi__zone_definition(item->zone, 1, pool);
    okapi_binary_t old = okapi__zone_struct(item->zone, pool);
    okapi__civil_t end = okapi__civil_of_minutes(r->end_date);
    okapi_props_set_bin(props, OKAPI__CAL_TAG(item, RECUR), blob.data, blob.len);
    okapi_props_set_bool(props, OKAPI__CAL_TAG(item, RECURRING), 1);
    okapi_props_set_bool(props, OKAPI__CAL_TAG(item, IS_RECURRING), 1);
    okapi_props_set_i32(props, OKAPI__CAL_TAG(item, RECURRENCE_TYPE),
                        r->frequency - OKAPI_RECUR_DAILY + 1);
    okapi_props_set_bin(props, OKAPI__CAL_TAG(item, ZONE_RECUR), zone.data, zone.len);
    okapi_props_set_bin(props, OKAPI__CAL_TAG(item, TIME_ZONE_STRUCT), old.data, old.len);
    okapi_props_set_str(props, OKAPI__CAL_TAG(item, TIME_ZONE_DESCRIPTION), item->zone->windows);
    okapi_props_set_time(props, OKAPI__CAL_TAG(item, CLIP_END), okapi__civil_time(end));
}

apr_status_t okapi__series_read(okapi__item_t *item, apr_array_header_t *overrides,
                                apr_array_header_t **exceptions)
{
    series_t s;
    okapi_binary_t blob;
    *exceptions = apr_array_make(item->cal->pool, 4, sizeof(okapi__item_t *));
    if ((item->kind & (OKAPI__EVENT | OKAPI__TODO)) == 0 ||
        okapi__comp_line(item->comp, "RECURRENCE-ID") || !start_series(&s, item))
        return APR_SUCCESS;
    apr_array_header_t *left = apr_array_copy(item->cal->pool, overrides);
    read_exdates(&s);
    read_exceptions(&s, left, *exceptions);
    sort_unique(s.recurrence->deleted);
    if (s.work < 0 || okapi_recurrence_encode(&blob, s.recurrence, item->kind == OKAPI__EVENT,
                                              item->cal->pool) != APR_SUCCESS) {
        (*exceptions)->nelts = 0;
        return APR_SUCCESS;
    }
    overrides->nelts = 0;
    apr_array_cat(overrides, left);
    if (item->kind == OKAPI__EVENT)
        put_series(&s, blob);
    else
        put_task_series(&s, blob);
    return APR_SUCCESS;
}

/* ---- writing ---- */

static int is_exceptional(const okapi_recurrence_t *r, okapi_minutes_t date)
{
    for (int i = 0; i < r->exceptions->nelts; i++) {
        okapi_minutes_t original = APR_ARRAY_IDX(r->exceptions, i, okapi_exception_t).original;
        if (original - original % 1440 == date)
            return 1;
    }
    return 0;
}

static void write_rule(okapi__item_t *item, okapi__rrule_t *rule, int is_date)
{
    if (rule->until != OKAPI__NO_UNTIL) {
        rule->until_is_date = is_date;
        rule->until_is_utc = !is_date;
        if (!is_date)
            rule->until = okapi__zone_to_utc(item->zone, rule->until);
    }
    okapi__comp_add(item->comp, "RRULE", NULL, okapi__rrule_format(rule, item->cal->pool));
}

void okapi__series_write(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    int is_task = item->kind == OKAPI__TODO;
    okapi_proptag_t tag =
        is_task ? OKAPI__CAL_TAG(item, TASK_RECURRENCE) : OKAPI__CAL_TAG(item, RECUR);
    const okapi_propval_t *blob = tag ? okapi_props_get(item->props, tag) : NULL;
    const okapi__line_t *start = okapi__comp_line(item->comp, is_task ? "DUE" : "DTSTART");
    okapi_recurrence_t *r;
    okapi__rrule_t rule;
    if (is_task && okapi__comp_line(item->comp, "DTSTART"))
        start = okapi__comp_line(item->comp, "DTSTART");
    if (!blob || !start || okapi_recurrence_decode(&r, blob->v.bin, pool) != APR_SUCCESS)
        return;
    const char *value = okapi__line_param(start, "VALUE");
    int is_date = value && strcmp(value, "DATE") == 0;
    okapi__ical_time_t t;
    if (is_task && !is_date && okapi__ical_time_parse(&t, start->value))
        r->start_offset = (apr_uint32_t)okapi__civil_seconds(t.civil) / 60;
    if (okapi__recurrence_to_rule(&rule, r) != APR_SUCCESS)
        return;
    item->recurrence = r;
    write_rule(item, &rule, is_date);
    for (int i = 0; i < r->deleted->nelts; i++) {
        okapi_minutes_t date = APR_ARRAY_IDX(r->deleted, i, okapi_minutes_t);
        okapi__civil_t at = okapi__civil_of_minutes(date) + r->start_offset * (apr_int64_t)60;
        if (!is_exceptional(r, date))
            okapi__when_write(item, "EXDATE", item->zone,
                              okapi__civil_time(okapi__zone_to_utc(item->zone, at)), is_date);
    }
}
