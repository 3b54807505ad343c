/* instances.c - when a calendar item takes place, in a window of time: for calendars of all
 * protocols and for free/busy times.
 *
 * A series is MAPI's blob, or, where MAPI can't express it, the rules that were kept with it. */
#include "ical_item.h"

#include <stdlib.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "ical_time.h"
#include "recurrence_rule.h"

/* An instance that is elsewhere. */
typedef struct moved_t {
    okapi__civil_t original, start, end; /* UTC */
    int exception;
} moved_t;

typedef struct search_t {
    okapi__zone_t *zone;
    okapi__civil_t start;    /* of the series, on its clock */
    apr_int64_t duration;    /* of the clock */
    okapi__civil_t from, to; /* UTC */
    int max;
    apr_int64_t work;
    apr_array_header_t *times;   /* okapi__civil_t: the series', on its clock */
    apr_array_header_t *without; /* okapi__civil_t: not these */
    apr_array_header_t *moved;   /* moved_t */
    apr_array_header_t *instances;
} search_t;

static int collect(void *baton, okapi__civil_t t)
{
    APR_ARRAY_PUSH((apr_array_header_t *)baton, okapi__civil_t) = t;
    return 1;
}

/* All of RULE that can overlap the window, whatever the zone makes of it. */
static apr_status_t expand(search_t *s, const okapi__rrule_t *rule, apr_array_header_t *times)
{
    return okapi__rrule_expand(rule, s->start, s->from - s->duration - 2 * OKAPI__DAY,
                               s->to + 2 * OKAPI__DAY, &s->work, collect, times);
}

/* ---- the blob ---- */

static apr_status_t read_blob(search_t *s, okapi__item_t *item, okapi_binary_t blob)
{
    okapi_recurrence_t *r;
    okapi__rrule_t rule;
    apr_status_t status = okapi_recurrence_decode(&r, blob, item->cal->pool);
    if (status == APR_SUCCESS)
        status = okapi__recurrence_to_rule(&rule, r);
    if (status != APR_SUCCESS)
        return status;
    s->start = okapi__recurrence_start(r);
    s->duration = ((apr_int64_t)r->end_offset - r->start_offset) * 60;
    if (s->duration < 0)
        s->duration = 0;
    for (int i = 0; i < r->deleted->nelts; i++)
        APR_ARRAY_PUSH(s->without, okapi__civil_t) =
            okapi__civil_of_minutes(APR_ARRAY_IDX(r->deleted, i, okapi_minutes_t)) +
            r->start_offset * (apr_int64_t)60;
    for (int i = 0; i < r->exceptions->nelts; i++) {
        const okapi_exception_t *e = &APR_ARRAY_IDX(r->exceptions, i, okapi_exception_t);
        APR_ARRAY_PUSH(s->moved, moved_t) =
            (moved_t){okapi__zone_to_utc(s->zone, okapi__civil_of_minutes(e->original)),
                      okapi__zone_to_utc(s->zone, okapi__civil_of_minutes(e->start)),
                      okapi__zone_to_utc(s->zone, okapi__civil_of_minutes(e->end)), i};
    }
    return expand(s, &rule, s->times);
}

/* ---- kept rules ---- */

/* A value of RDATE may be a period; its start is what counts. */
static void read_dates(search_t *s, okapi__item_t *item, const okapi__line_t *line,
                       apr_array_header_t *times)
{
    char *last, *values = apr_pstrdup(item->cal->pool, line->value);
    for (char *v = apr_strtok(values, ",", &last); v; v = apr_strtok(NULL, ",", &last)) {
        okapi__when_t when;
        v[strcspn(v, "/")] = 0;
        if (okapi__when_read(&when, item->cal, line, v))
            APR_ARRAY_PUSH(times, okapi__civil_t) =
                when.is_date ? when.civil + okapi__civil_seconds(s->start)
                             : okapi__zone_from_utc(s->zone, when.utc);
    }
}

static apr_status_t read_rule(search_t *s, const char *text, apr_array_header_t *times)
{
    okapi__rrule_t rule;
    if (okapi__rrule_parse(&rule, okapi__text_read(text, times->pool)) != APR_SUCCESS)
        return APR_SUCCESS; /* nobody knows what it meant */
    if (rule.until != OKAPI__NO_UNTIL && rule.until_is_utc)
        rule.until = okapi__zone_from_utc(s->zone, rule.until);
    else if (rule.until != OKAPI__NO_UNTIL && rule.until_is_date)
        rule.until += OKAPI__DAY - 1;
    return expand(s, &rule, times);
}

static apr_status_t read_component(search_t *s, okapi__item_t *item)
{
    apr_status_t status = APR_SUCCESS;
    if (okapi__comp_line(item->comp, "RECURRENCE-ID")) /* an exception is one instance */
        return APR_SUCCESS;
    for (int i = 0; i < item->comp->lines->nelts && status == APR_SUCCESS; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(item->comp->lines, i, okapi__line_t);
        if (strcmp(line->name, "RRULE") == 0)
            status = read_rule(s, line->value, s->times);
        else if (strcmp(line->name, "EXRULE") == 0)
            status = read_rule(s, line->value, s->without);
        else if (strcmp(line->name, "RDATE") == 0)
            read_dates(s, item, line, s->times);
        else if (strcmp(line->name, "EXDATE") == 0)
            read_dates(s, item, line, s->without);
    }
    return status;
}

/* An override that MAPI has no exception for stands for the instance it names, or for itself. */
static void read_override(search_t *s, const okapi__item_t *item, okapi__comp_t *comp)
{
    const okapi__line_t *id = okapi__comp_line(comp, "RECURRENCE-ID");
    okapi__item_t other = *item;
    okapi__when_t original;
    const char *why;
    other.comp = comp;
    other.props = okapi_props_create(item->cal->pool);
    if (!id || !okapi__when_read(&original, item->cal, id, id->value) ||
        okapi__times_read(&other, &why) != APR_SUCCESS)
        return;
    if (original.is_date || original.is_floating)
        original.utc = okapi__zone_to_utc(
            s->zone, original.civil + (original.is_date ? okapi__civil_seconds(s->start) : 0));
    okapi_time_t start = okapi_props_int(other.props, OKAPI__CAL_TAG(item, START_WHOLE), 0);
    okapi_time_t end = okapi_props_int(other.props, OKAPI__CAL_TAG(item, END_WHOLE), start);
    APR_ARRAY_PUSH(s->moved, moved_t) =
        (moved_t){original.utc, okapi__civil_of_time(start), okapi__civil_of_time(end), -1};
}

/* Zones first: the overrides are in them. */
static void read_beside(search_t *s, okapi__item_t *item)
{
    okapi__comp_t *beside = okapi__item_beside(item);
    for (int pass = 0; beside && pass < 2; pass++) {
        for (int i = 0; i < beside->children->nelts; i++) {
            okapi__comp_t *child = APR_ARRAY_IDX(beside->children, i, okapi__comp_t *);
            const char *tzid = okapi__comp_value(child, "TZID");
            if (strcmp(child->name, "VTIMEZONE") != 0 && pass == 1)
                read_override(s, item, child);
            else if (tzid && pass == 0)
                apr_hash_set(item->cal->vtimezones, okapi__text_read(tzid, item->cal->pool),
                             APR_HASH_KEY_STRING, child);
        }
    }
}

static apr_status_t read_kept(search_t *s, okapi__item_t *item)
{
    okapi__item_restore(item);
    APR_ARRAY_PUSH(s->times, okapi__civil_t) = s->start;
    return read_component(s, item);
}

/* ---- the answer ---- */

static int by_time(const void *a, const void *b)
{
    const okapi__civil_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int by_start(const void *a, const void *b)
{
    const okapi_instance_t *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static int has(const apr_array_header_t *sorted, okapi__civil_t t)
{
    return bsearch(&t, sorted->elts, (size_t)sorted->nelts, sizeof(t), by_time) != NULL;
}

static apr_status_t add(search_t *s, okapi__civil_t start, okapi__civil_t end,
                        okapi__civil_t original, int exception)
{
    if (start >= s->to || (end <= s->from && (end > start || start < s->from)))
        return APR_SUCCESS;
    if (s->instances->nelts == s->max)
        return OKAPI_ETOOCOMPLEX;
    APR_ARRAY_PUSH(s->instances, okapi_instance_t) = (okapi_instance_t){
        okapi__civil_time(start), okapi__civil_time(end), okapi__civil_time(original), exception};
    return APR_SUCCESS;
}

static apr_status_t answer(search_t *s, apr_pool_t *pool)
{
    apr_array_header_t *moved = apr_array_make(pool, s->moved->nelts + 1, sizeof(okapi__civil_t));
    apr_status_t status = APR_SUCCESS;
    for (int i = 0; i < s->moved->nelts && status == APR_SUCCESS; i++) {
        const moved_t *m = &APR_ARRAY_IDX(s->moved, i, moved_t);
        APR_ARRAY_PUSH(moved, okapi__civil_t) = m->original;
        status = add(s, m->start, m->end, m->original, m->exception);
    }
    qsort(moved->elts, (size_t)moved->nelts, sizeof(okapi__civil_t), by_time);
    qsort(s->times->elts, (size_t)s->times->nelts, sizeof(okapi__civil_t), by_time);
    qsort(s->without->elts, (size_t)s->without->nelts, sizeof(okapi__civil_t), by_time);
    for (int i = 0; i < s->times->nelts && status == APR_SUCCESS; i++) {
        okapi__civil_t t = APR_ARRAY_IDX(s->times, i, okapi__civil_t);
        if ((i > 0 && t == APR_ARRAY_IDX(s->times, i - 1, okapi__civil_t)) || has(s->without, t))
            continue;
        okapi__civil_t start = okapi__zone_to_utc(s->zone, t);
        if (!has(moved, start))
            status = add(s, start, okapi__zone_to_utc(s->zone, t + s->duration), start, -1);
    }
    qsort(s->instances->elts, (size_t)s->instances->nelts, sizeof(okapi_instance_t), by_start);
    return status;
}

apr_status_t okapi_message_instances(apr_array_header_t **instances, okapi_message_t *message,
                                     okapi_time_t from, okapi_time_t to, int max,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__cal_t *cal;
    apr_array_header_t *items;
    search_t s = {.from = okapi__civil_of_time(from),
                  .to = okapi__civil_of_time(to),
                  .max = max,
                  .work = OKAPI__RECURRENCE_WORK};
    s.times = apr_array_make(scratch_pool, 64, sizeof(okapi__civil_t));
    s.without = apr_array_make(scratch_pool, 8, sizeof(okapi__civil_t));
    s.moved = apr_array_make(scratch_pool, 8, sizeof(moved_t));
    *instances = s.instances = apr_array_make(result_pool, 16, sizeof(okapi_instance_t));
    apr_status_t status =
        okapi__cal_open(&cal, okapi_message_store(message), NULL, 0, scratch_pool, scratch_pool);
    if (status == APR_SUCCESS)
        status = okapi__item_write(&items, cal, message);
    if (status != APR_SUCCESS)
        return status;
    okapi__item_t *item = APR_ARRAY_IDX(items, 0, okapi__item_t *);
    okapi_proptag_t start_tag = OKAPI__CAL_TAG(item, START_WHOLE);
    okapi_proptag_t end_tag = OKAPI__CAL_TAG(item, END_WHOLE);
    const okapi_propval_t *start = start_tag ? okapi_props_get(item->props, start_tag) : NULL;
    if (!start)
        return APR_SUCCESS; /* a thing without time is never */
    okapi_time_t end = okapi_props_int(item->props, end_tag, start->v.time);
    s.zone = item->zone;
    s.start = okapi__zone_from_utc(s.zone, okapi__civil_of_time(start->v.time));
    s.duration = okapi__zone_from_utc(s.zone, okapi__civil_of_time(end)) - s.start;
    const okapi_propval_t *blob = okapi_props_get(item->props, OKAPI__CAL_TAG(item, RECUR));
    read_beside(&s, item);
    status = blob ? read_blob(&s, item, blob->v.bin) : read_kept(&s, item);
    return status == APR_SUCCESS ? answer(&s, scratch_pool) : status;
}
