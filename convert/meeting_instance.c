/* meeting_instance.c - one instance of a series that is otherwise than the others: an exception of
 * the recurrence (MS-OXOCAL 2.2.1.44.2) and the message embedded for it (2.2.10). */
#include "meeting_private.h"

#include <stdlib.h>
#include <string.h>
#include <okapi/error.h>

#include "ical_method.h"

enum { MINUTE = 600000000, DAY_MINUTES = 1440, AF_EXCEPTION = 2, MAX_EXCEPTIONS = 1000 };

static okapi_minutes_t clock_of(const okapi__meeting_t *m, okapi_time_t t)
{
    return okapi__civil_minutes(okapi__zone_from_utc(m->item->zone, okapi__civil_of_time(t)));
}

static okapi_time_t time_of(const okapi__meeting_t *m, okapi_minutes_t minutes)
{
    return okapi__civil_time(okapi__zone_to_utc(m->item->zone, okapi__civil_of_minutes(minutes)));
}

static okapi_minutes_t day_of(okapi_minutes_t minutes)
{
    return minutes - minutes % DAY_MINUTES;
}

/* ---- what is there ---- */

/* A series has at most one instance a day. */
static int find_info(const okapi_recurrence_t *r, okapi_minutes_t day)
{
    for (int i = 0; i < r->exceptions->nelts; i++)
        if (day_of(APR_ARRAY_IDX(r->exceptions, i, okapi_exception_t).original) == day)
            return i;
    return -1;
}

static int is_deleted(const okapi_recurrence_t *r, okapi_minutes_t day)
{
    for (int i = 0; i < r->deleted->nelts; i++)
        if (APR_ARRAY_IDX(r->deleted, i, okapi_minutes_t) == day)
            return 1;
    return 0;
}

static apr_status_t is_instance(int *found, okapi__meeting_t *m, okapi_time_t original)
{
    apr_array_header_t *instances;
    apr_status_t status = okapi_message_instances(&instances, m->item->message, original,
                                                  original + MINUTE, 100, m->pool, m->pool);
    *found = 0;
    for (int i = 0; status == APR_SUCCESS && i < instances->nelts; i++)
        *found |= APR_ARRAY_IDX(instances, i, okapi_instance_t).original == original;
    return status;
}

/* The embedded message of the instance that the series has at ORIGINAL. */
static apr_status_t open_embedded(okapi__exception_t *x, okapi__meeting_t *m, okapi_time_t original)
{
    okapi_message_t *series = m->item->message;
    for (int i = 0; i < okapi_message_attachment_count(series); i++) {
        okapi_attachment_t *attachment;
        okapi__item_t item = {.cal = m->cal};
        apr_status_t status = okapi_attachment_open(
            &attachment, series, okapi_message_attachment_num(series, i), m->pool);
        if (status == APR_SUCCESS)
            status = okapi_attachment_embedded(&item.message, attachment, m->pool);
        if (status == OKAPI_ENOTFOUND)
            continue;
        if (status == APR_SUCCESS)
            status = okapi__item_load(&item);
        if (status != APR_SUCCESS)
            return status;
        if (OKAPI__MEETING_INT(m, item.props, EXCEPTION_REPLACE_TIME, 0) == original) {
            x->message = item.message;
            x->attachment = attachment;
            x->props = item.props;
            return APR_SUCCESS;
        }
    }
    return APR_SUCCESS;
}

/* ---- a new one ---- */

static void copy_people(okapi_message_t *to, okapi_message_t *from)
{
    for (int i = 0; i < okapi_message_recipient_count(from); i++) {
        const okapi_recipient_t *r = okapi_message_recipient(from, i);
        okapi_recipient_t *copy = okapi_message_add_recipient(to, r->type);
        for (int k = 0; k < okapi_props_count(r->props); k++)
            okapi_props_set(copy->props, okapi_props_at(r->props, k));
    }
}

/* As the series has it. */
static void make_props(okapi__exception_t *x, okapi__meeting_t *m, okapi_time_t original)
{
    const okapi_props_t *series = m->item->props;
    const okapi_proptag_t own[] = {OKAPI__MEETING_TAG(m, RECUR),
                                   OKAPI__MEETING_TAG(m, ZONE_RECUR),
                                   OKAPI__MEETING_TAG(m, TIME_ZONE_STRUCT),
                                   OKAPI__MEETING_TAG(m, TIME_ZONE_DESCRIPTION),
                                   OKAPI__MEETING_TAG(m, RECURRENCE_TYPE),
                                   OKAPI__MEETING_TAG(m, CLIP_START),
                                   OKAPI__MEETING_TAG(m, CLIP_END),
                                   OKAPI__MEETING_TAG(m, KEPT),
                                   OKAPI__MEETING_TAG(m, KEPT_CALENDAR)};
    okapi_time_t length =
        OKAPI__MEETING_INT(m, series, END_WHOLE, 0) - OKAPI__MEETING_INT(m, series, START_WHOLE, 0);
    x->props = okapi_props_create(m->pool);
    for (int i = 0; i < okapi_props_count(series); i++)
        okapi_props_set(x->props, okapi_props_at(series, i));
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        okapi_props_unset(x->props, own[i]);
    okapi_props_unset(x->props, PR_SEARCH_KEY);
    okapi_props_unset(x->props, PR_LAST_MODIFICATION_TIME);
    okapi_props_set_time(x->props, OKAPI__MEETING_TAG(m, START_WHOLE), original);
    okapi_props_set_time(x->props, OKAPI__MEETING_TAG(m, END_WHOLE), original + length);
    okapi_props_set_bool(x->props, OKAPI__MEETING_TAG(m, RECURRING), 0);
    okapi_props_set_bool(x->props, OKAPI__MEETING_TAG(m, IS_RECURRING), 1);
}

/* The message itself is made once there is something to be said in it. */
void okapi__meeting_need_message(okapi__meeting_t *m, okapi__exception_t *x)
{
    if (!x->message) {
        x->attachment = okapi_attachment_create(m->item->message, ATTACH_EMBEDDED_MSG);
        x->message = okapi_attachment_create_embedded(x->attachment);
        copy_people(x->message, m->item->message);
    }
}

apr_status_t okapi__meeting_exception(okapi__exception_t **exception, okapi__meeting_t *m,
                                      int revive)
{
    okapi_recurrence_t *r = m->item->recurrence;
    okapi_minutes_t day = day_of(clock_of(m, m->instance));
    okapi_minutes_t minutes = day + r->start_offset;
    okapi_time_t original = time_of(m, minutes);
    okapi__exception_t *x = *exception = apr_pcalloc(m->pool, sizeof(*x));
    int index = find_info(r, day), found = 1;
    apr_status_t status = APR_SUCCESS;
    if (index < 0 && is_deleted(r, day))
        found = revive;
    else if (index < 0)
        status = is_instance(&found, m, original);
    if (status != APR_SUCCESS)
        return status;
    if (!found || r->exceptions->nelts >= MAX_EXCEPTIONS)
        return OKAPI_ENOTFOUND;
    x->original = minutes;
    x->is_new = index < 0;
    if (index >= 0)
        status = open_embedded(x, m, original);
    if (status == APR_SUCCESS && !x->message)
        make_props(x, m, original);
    return status;
}

/* ---- into the series ---- */

static int by_start(const void *a, const void *b)
{
    const okapi_exception_t *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static int by_minutes(const void *a, const void *b)
{
    const okapi_minutes_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The days of exceptions are deleted ones of the pattern, and where they are now is listed. */
static void put_days(okapi_recurrence_t *r, okapi_minutes_t day)
{
    if (!is_deleted(r, day))
        APR_ARRAY_PUSH(r->deleted, okapi_minutes_t) = day;
    qsort(r->deleted->elts, (size_t)r->deleted->nelts, sizeof(okapi_minutes_t), by_minutes);
    qsort(r->exceptions->elts, (size_t)r->exceptions->nelts, sizeof(okapi_exception_t), by_start);
    r->modified->nelts = 0;
    for (int i = 0; i < r->exceptions->nelts; i++)
        APR_ARRAY_PUSH(r->modified, okapi_minutes_t) =
            day_of(APR_ARRAY_IDX(r->exceptions, i, okapi_exception_t).start);
}

static void put_info(okapi__meeting_t *m, okapi__exception_t *x)
{
    okapi_recurrence_t *r = m->item->recurrence;
    okapi__item_t item = *m->item;
    okapi_exception_t info = {
        .start = clock_of(m, OKAPI__MEETING_INT(m, x->props, START_WHOLE, 0)),
        .end = clock_of(m, OKAPI__MEETING_INT(m, x->props, END_WHOLE, 0)),
        .original = x->original,
        .change_highlight = (apr_uint32_t)OKAPI__MEETING_INT(m, x->props, CHANGE_HIGHLIGHT, 0)};
    item.message = x->message;
    item.props = x->props;
    okapi__series_overrides(&info, &item, m->item);
    int index = find_info(r, day_of(x->original));
    if (index < 0)
        APR_ARRAY_PUSH(r->exceptions, okapi_exception_t) = info;
    else
        APR_ARRAY_IDX(r->exceptions, index, okapi_exception_t) = info;
    put_days(r, day_of(x->original));
}

static apr_status_t put_attachment(okapi__meeting_t *m, okapi__exception_t *x)
{
    okapi_time_t start = OKAPI__MEETING_INT(m, x->props, START_WHOLE, 0);
    okapi_time_t end = OKAPI__MEETING_INT(m, x->props, END_WHOLE, 0);
    const okapi_propval_t values[] = {
        /* on the series' clock */
        okapi_propval_time(PR_EXCEPTION_STARTTIME, (okapi_time_t)clock_of(m, start) * MINUTE),
        okapi_propval_time(PR_EXCEPTION_ENDTIME, (okapi_time_t)clock_of(m, end) * MINUTE),
        okapi_propval_bool(PR_ATTACHMENT_HIDDEN, 1),
        okapi_propval_i32(PR_ATTACHMENT_FLAGS, AF_EXCEPTION),
        okapi_propval_i32(PR_RENDERING_POSITION, -1)};
    return okapi_object_set(okapi_attachment_object(x->attachment), values,
                            sizeof(values) / sizeof(values[0]), m->pool);
}

apr_status_t okapi__meeting_put_recurrence(okapi__meeting_t *m)
{
    okapi_binary_t blob;
    apr_status_t status = okapi_recurrence_encode(&blob, m->item->recurrence, 1, m->pool);
    if (status != APR_SUCCESS)
        return status;
    const okapi_propval_t value =
        okapi_propval_bin(OKAPI__MEETING_TAG(m, RECUR), blob.data, blob.len);
    okapi_props_set(m->item->props, &value);
    return okapi_object_set(okapi_message_object(m->item->message), &value, 1, m->pool);
}

apr_status_t okapi__meeting_put_exception(okapi__meeting_t *m, okapi__exception_t *x)
{
    okapi_props_t *props = x->props;
    okapi__meeting_need_message(m, x);
    if (m->goid.data)
        okapi_props_set_bin(props, OKAPI__MEETING_TAG(m, GLOBAL_OBJECT_ID), m->goid.data,
                            m->goid.len);
    okapi_props_set_str(props, PR_MESSAGE_CLASS, OKAPI__CLASS_EXCEPTION);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, EXCEPTION_REPLACE_TIME),
                         time_of(m, x->original));
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, IS_EXCEPTION), 1);
    put_info(m, x);
    apr_status_t status = put_attachment(m, x);
    if (status == APR_SUCCESS)
        status = okapi__meeting_put(m, x->message, props);
    return status == APR_SUCCESS ? okapi__meeting_put_recurrence(m) : status;
}

apr_status_t okapi__meeting_put_deleted(okapi__meeting_t *m, const okapi__exception_t *x)
{
    okapi_recurrence_t *r = m->item->recurrence;
    okapi_minutes_t day = day_of(x->original);
    int n = 0;
    for (int i = 0; i < r->exceptions->nelts; i++) {
        okapi_exception_t info = APR_ARRAY_IDX(r->exceptions, i, okapi_exception_t);
        if (day_of(info.original) != day)
            APR_ARRAY_IDX(r->exceptions, n++, okapi_exception_t) = info;
    }
    r->exceptions->nelts = n;
    put_days(r, day);
    return okapi__meeting_put_recurrence(m);
}
