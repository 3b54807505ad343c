/* ical_words.c - what is told in words too, for who shows an item without understanding it: who
 * attends (MS-OXOCAL 2.2.1.16 to 2.2.1.18) and when it recurs (2.2.1.46). */
#include <apr_strings.h>

#include "ical_item.h"

/* ---- who attends ---- */

enum { RECIP_ORGANIZER = 0x2, MAX_NAMES = 64 * 1024 };

static void add_name(okapi_writer_t *w, const char *name)
{
    apr_size_t before = w->len;
    okapi_write_bytes(w, "; ", w->len ? 2 : 0);
    okapi_write_bytes(w, name, strlen(name));
    if (okapi_writer_status(w) != APR_SUCCESS)
        okapi_writer_truncate(w, before);
}

static void put_attendees(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    const okapi_proptag_t tags[] = {OKAPI__CAL_TAG(item, ALL_ATTENDEES),
                                    OKAPI__CAL_TAG(item, TO_ATTENDEES),
                                    OKAPI__CAL_TAG(item, CC_ATTENDEES)};
    okapi_writer_t all, to, cc, *names[] = {&all, &to, &cc};
    for (int i = 0; i < 3; i++)
        okapi_writer_init(names[i], 128, MAX_NAMES, pool);
    for (int i = 0; i < okapi_message_recipient_count(item->message); i++) {
        const okapi_recipient_t *r = okapi_message_recipient(item->message, i);
        const char *name = okapi_props_str(r->props, PR_DISPLAY_NAME, "");
        int type = r->type & 3;
        if (!*name || (okapi_props_int(r->props, PR_RECIPIENT_FLAGS, 0) & RECIP_ORGANIZER))
            continue;
        add_name(&all, name);
        if (type == MAPI_TO || type == MAPI_CC)
            add_name(type == MAPI_TO ? &to : &cc, name);
    }
    for (int i = 0; i < 3; i++)
        if (all.len)
            okapi_props_set_str(item->props, tags[i],
                                apr_pstrmemdup(pool, (const char *)names[i]->data, names[i]->len));
}

/* ---- when it recurs ---- */

enum { EVERY_DAY = 0x7F, WORKING_DAYS = 0x3E, WEEKEND = 0x41 };

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

static const char *days_of(unsigned weekdays, apr_pool_t *pool)
{
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    const char *text = "";
    unsigned left = weekdays & EVERY_DAY;
    if (left == EVERY_DAY || left == WORKING_DAYS || left == WEEKEND)
        return left == EVERY_DAY ? "day" : left == WEEKEND ? "weekend day" : "weekday";
    for (int i = 0; i < 7; i++) {
        if (!(left & 1u << i))
            continue;
        left &= ~(1u << i);
        text = apr_pstrcat(pool, text, !*text ? "" : left ? ", " : " and ", days[i], NULL);
    }
    return text;
}

/* "every month", "every 2 months" */
static const char *every(unsigned n, const char *unit, apr_pool_t *pool)
{
    return n <= 1 ? apr_pstrcat(pool, "every ", unit, NULL)
                  : apr_psprintf(pool, "every %u %ss", n, unit);
}

/* The day of a month: "day 5", "the last Friday". */
static const char *day_of(const okapi_recurrence_t *r, apr_pool_t *pool)
{
    static const char *const nth[] = {"first", "second", "third", "fourth", "last"};
    if (r->pattern == OKAPI_PATTERN_MONTH_NTH && r->nth >= 1 && r->nth <= 5)
        return apr_pstrcat(pool, "the ", nth[r->nth - 1], " ", days_of(r->weekdays, pool), NULL);
    if (r->pattern == OKAPI_PATTERN_MONTH && r->day < 31)
        return apr_psprintf(pool, "day %u", r->day);
    return "the last day";
}

static const char *pattern_of(const okapi_recurrence_t *r, apr_pool_t *pool)
{
    okapi__date_t start = okapi__date_of(okapi__civil_days(okapi__civil_of_minutes(r->start_date)));
    const char *days = days_of(r->weekdays, pool);
    if (r->pattern == OKAPI_PATTERN_DAY)
        return every(r->period / 1440, "day", pool);
    if (r->pattern == OKAPI_PATTERN_WEEK)
        return r->period <= 1
                   ? apr_pstrcat(pool, "every ", days, NULL)
                   : apr_pstrcat(pool, every(r->period, "week", pool), " on ", days, NULL);
    if (r->frequency == OKAPI_RECUR_YEARLY)
        return apr_pstrcat(pool, day_of(r, pool), " of ", months[start.month - 1], " ",
                           every(r->period / 12, "year", pool), NULL);
    return apr_pstrcat(pool, day_of(r, pool), " of ", every(r->period, "month", pool), NULL);
}

static void put_pattern(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    const okapi_propval_t *blob = okapi_props_get(item->props, OKAPI__CAL_TAG(item, RECUR));
    okapi_recurrence_t *r;
    if (!blob || okapi_recurrence_decode(&r, blob->v.bin, pool) != APR_SUCCESS)
        return;
    const char *text = pattern_of(r, pool);
    if (!okapi_props_int(item->props, OKAPI__CAL_TAG(item, ALL_DAY), 0))
        text = apr_psprintf(pool, "%s from %u:%02u to %u:%02u", text, r->start_offset / 60 % 24,
                            r->start_offset % 60, r->end_offset / 60 % 24, r->end_offset % 60);
    okapi_props_set_str(item->props, OKAPI__CAL_TAG(item, RECURRENCE_PATTERN), text);
}

void okapi__words_put(okapi__item_t *item)
{
    if (item->kind != OKAPI__EVENT)
        return;
    put_attendees(item);
    put_pattern(item);
}
