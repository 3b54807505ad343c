/* ical_table.c - the properties that are one value in iCalendar and in MAPI:
 * MS-OXCICAL 2.1.3.1.1.20 and 2.1.3.1.1.19. One table says which; whoever adds one adds a row. */
#include "ical_item.h"

#include <stdlib.h>
#include <strings.h>
#include <apr_strings.h>

#include "charset.h"
#include "ical_time.h"

enum { CP_UTF8 = 65001 };

typedef struct code_t {
    const char *text;
    int value;
} code_t;

typedef struct row_t row_t;

/* How a value is read and written; *_NAMED are rows of calendar_props.def. */
struct row_t {
    const char *name;
    unsigned kinds;
    void (*read)(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                 const okapi__line_t *line);
    void (*write)(okapi__item_t *item, const row_t *row, const okapi_propval_t *value);
    okapi_proptag_t tag; /* 0: NAMED */
    int named;
    const code_t *codes;
};

static void add(okapi__item_t *item, const row_t *row, const char *value)
{
    okapi__comp_add(item->comp, row->name, NULL, value);
}

/* ---- text ---- */

/* Clients want CRLF. */
static const char *with_crlf(const char *text, apr_pool_t *pool)
{
    apr_size_t lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    char *out = apr_palloc(pool, strlen(text) + lines + 1), *to = out;
    for (const char *p = text; *p; p++) {
        if (*p == '\n' && (p == text || p[-1] != '\r'))
            *to++ = '\r';
        *to++ = *p;
    }
    *to = 0;
    return out;
}

static void read_text(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                      const okapi__line_t *line)
{
    okapi_props_set_str(item->props, tag, okapi__text_read(line->value, item->cal->pool));
}

static void read_body(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                      const okapi__line_t *line)
{
    apr_pool_t *pool = item->cal->pool;
    okapi_props_set_str(item->props, tag, with_crlf(okapi__text_read(line->value, pool), pool));
}

static void write_text(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    if (*value->v.str)
        add(item, row, okapi__text_write(value->v.str, item->cal->pool));
}

static void read_html(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                      const okapi__line_t *line)
{
    const char *type = okapi__line_param(line, "FMTTYPE");
    if (type && strcasecmp(type, "text/html") != 0)
        return;
    const char *html = okapi__text_read(line->value, item->cal->pool);
    okapi_props_set_bin(item->props, tag, html, strlen(html));
    okapi_props_set_i32(item->props, PR_INTERNET_CPID, CP_UTF8);
}

static void write_html(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    apr_pool_t *pool = item->cal->pool;
    const okapi__charset_t *utf8 = okapi__charset_by_name("utf-8");
    if (okapi_props_int(item->props, PR_INTERNET_CPID, CP_UTF8) != CP_UTF8)
        utf8 = okapi__charset_of(value->v.bin, NULL, NULL);
    const char *html = okapi__charset_decode(utf8, value->v.bin, NULL, pool);
    okapi__comp_add(item->comp, row->name, "FMTTYPE=text/html", okapi__text_write(html, pool));
}

static void read_list(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                      const okapi__line_t *line)
{
    apr_pool_t *pool = item->cal->pool;
    const okapi_propval_t *old = okapi_props_get(item->props, tag);
    apr_array_header_t *list = okapi__text_list(line->value, pool);
    apr_array_header_t *all = apr_array_make(pool, 8, sizeof(const char *));
    for (apr_uint32_t i = 0; old && i < old->v.mv.count; i++)
        APR_ARRAY_PUSH(all, const char *) = old->v.mv.v.str[i];
    apr_array_cat(all, list);
    okapi_propval_t value = {.tag = tag};
    value.v.mv.count = (apr_uint32_t)all->nelts;
    value.v.mv.v.str = (const char *const *)all->elts;
    if (all->nelts && all->nelts < 1000)
        okapi_props_set(item->props, &value);
}

static void write_list(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    apr_pool_t *pool = item->cal->pool;
    apr_array_header_t *parts = apr_array_make(pool, 8, sizeof(const char *));
    for (apr_uint32_t i = 0; i < value->v.mv.count; i++)
        APR_ARRAY_PUSH(parts, const char *) = okapi__text_write(value->v.mv.v.str[i], pool);
    if (parts->nelts)
        add(item, row, apr_array_pstrcat(pool, parts, ','));
}

/* ---- numbers ---- */

static void read_code(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                      const okapi__line_t *line)
{
    for (const code_t *c = row->codes; c->text; c++)
        if (strcasecmp(line->value, c->text) == 0) {
            okapi_props_set_i32(item->props, tag, c->value);
            return;
        }
}

static void write_code(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    for (const code_t *c = row->codes; c->text; c++)
        if (c->value == value->v.i32) {
            add(item, row, c->text);
            return;
        }
}

static void read_int(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                     const okapi__line_t *line)
{
    char *end;
    long value = strtol(line->value, &end, 10);
    if (end > line->value && value >= APR_INT32_MIN && value <= APR_INT32_MAX)
        okapi_props_set_i32(item->props, tag, (apr_int32_t)value);
}

static void write_int(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    add(item, row, apr_itoa(item->cal->pool, value->v.i32));
}

static void read_bool(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                      const okapi__line_t *line)
{
    okapi_props_set_bool(item->props, tag, strcasecmp(line->value, "TRUE") == 0);
}

static void write_bool(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    if (value->v.boolean)
        add(item, row, "TRUE");
}

/* 1 is the highest priority, 9 the lowest, 0 none. */
static void read_priority(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                          const okapi__line_t *line)
{
    int n = atoi(line->value);
    if (n >= 1 && n <= 9)
        okapi_props_set_i32(item->props, tag, n < 5 ? 2 : n == 5 ? 1 : 0);
}

static void read_percent(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                         const okapi__line_t *line)
{
    okapi_propval_t value = {.tag = tag};
    int percent = atoi(line->value);
    value.v.dbl = percent / 100.0;
    if (percent >= 0 && percent <= 100)
        okapi_props_set(item->props, &value);
}

static void write_percent(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    if (value->v.dbl >= 0 && value->v.dbl <= 1)
        add(item, row, apr_itoa(item->cal->pool, (int)(value->v.dbl * 100 + 0.5)));
}

static void read_time(okapi__item_t *item, const row_t *row, okapi_proptag_t tag,
                      const okapi__line_t *line)
{
    okapi__when_t when;
    if (okapi__when_read(&when, item->cal, line, line->value))
        okapi_props_set_time(item->props, tag, okapi__civil_time(when.utc));
}

static void write_time(okapi__item_t *item, const row_t *row, const okapi_propval_t *value)
{
    okapi__ical_time_t t = {okapi__civil_of_time(value->v.time), 0, 1};
    add(item, row, okapi__ical_time_format(&t, item->cal->pool));
}

/* ---- the table: of two rows with one property, the second counts ---- */

/* What isn't written is the default of both sides. */
static const code_t classes[] = {{"CONFIDENTIAL", 3}, {"PRIVATE", 2}, {"X-PERSONAL", 1}, {NULL, 0}};
static const code_t priorities[] = {{"1", 2}, {"9", 0}, {NULL, 0}};
static const code_t transparencies[] = {{"TRANSPARENT", 0}, {"OPAQUE", 2}, {"OPAQUE", 1},
                                        {"OPAQUE", 3},      {"OPAQUE", 4}, {NULL, 0}};
static const code_t busy[] = {{"FREE", 0}, {"TENTATIVE", 1},        {"BUSY", 2},
                              {"OOF", 3},  {"WORKINGELSEWHERE", 4}, {NULL, 0}};
static const code_t task_states[] = {
    {"NEEDS-ACTION", 0}, {"IN-PROCESS", 1}, {"COMPLETED", 2}, {"CANCELLED", 4}, {NULL, 0}};

#define TEXT          read_text, write_text
#define BODY          read_body, write_text
#define HTML          read_html, write_html
#define LIST          read_list, write_list
#define CODE          read_code, write_code
#define INT           read_int, write_int
#define BOOL          read_bool, write_bool
#define TIME          read_time, write_time
#define NAMED(symbol) 0, OKAPI__CAL_##symbol
#define ITEMS         (OKAPI__EVENT | OKAPI__TODO | OKAPI__JOURNAL)

static const row_t rows[] = {
    {"SUMMARY", ITEMS, TEXT, PR_SUBJECT},
    {"DESCRIPTION", ITEMS, BODY, PR_BODY},
    {"X-ALT-DESC", ITEMS, HTML, PR_HTML},
    {"LOCATION", ITEMS, TEXT, NAMED(LOCATION)},
    {"CATEGORIES", ITEMS, LIST, NAMED(KEYWORDS)},
    {"CONTACT", ITEMS, LIST, NAMED(CONTACTS)},
    {"CLASS", ITEMS, CODE, PR_SENSITIVITY, 0, classes},
    {"PRIORITY", ITEMS, read_priority, write_code, PR_IMPORTANCE, 0, priorities},
    {"DTSTAMP", ITEMS | OKAPI__FREEBUSY, TIME, NAMED(OWNER_CRITICAL_CHANGE)},
    {"SEQUENCE", ITEMS, INT, NAMED(SEQUENCE)},
    {"TRANSP", OKAPI__EVENT, CODE, NAMED(BUSY_STATUS), transparencies},
    {"X-MICROSOFT-CDO-BUSYSTATUS", OKAPI__EVENT, CODE, NAMED(BUSY_STATUS), busy},
    {"X-MICROSOFT-CDO-INTENDEDSTATUS", OKAPI__EVENT, CODE, NAMED(INTENDED_BUSY_STATUS), busy},
    {"X-MICROSOFT-CDO-OWNERAPPTID", OKAPI__EVENT, INT, PR_OWNER_APPT_ID},
    {"X-MICROSOFT-CDO-REPLYTIME", OKAPI__EVENT, TIME, NAMED(REPLY_TIME)},
    {"X-MICROSOFT-CDO-ATTENDEE-CRITICAL-CHANGE", OKAPI__EVENT, TIME,
     NAMED(ATTENDEE_CRITICAL_CHANGE)},
    {"X-MICROSOFT-DISALLOW-COUNTER", OKAPI__EVENT, BOOL, NAMED(NOT_ALLOW_PROPOSE)},
    {"X-MS-OLK-APPTLASTSEQUENCE", OKAPI__EVENT, INT, NAMED(LAST_SEQUENCE)},
    {"X-MS-OLK-APPTSEQTIME", OKAPI__EVENT, TIME, NAMED(SEQUENCE_TIME)},
    {"STATUS", OKAPI__TODO, CODE, NAMED(TASK_STATUS), task_states},
    {"PERCENT-COMPLETE", OKAPI__TODO, read_percent, write_percent, NAMED(PERCENT_COMPLETE)},
    {"COMPLETED", OKAPI__TODO, TIME, NAMED(TASK_DATE_COMPLETED)},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static okapi_proptag_t tag_of(const okapi__item_t *item, const row_t *row)
{
    return row->tag ? row->tag : item->cal->tags[row->named];
}

/* What one of the lines says about other properties too. */
static void put_consequences(okapi__item_t *item)
{
    okapi_props_t *props = item->props;
    const char *status = okapi__comp_value(item->comp, "STATUS");
    if (okapi_props_int(props, PR_SENSITIVITY, 0) == 2)
        okapi_props_set_bool(props, OKAPI__CAL_TAG(item, PRIVATE), 1);
    if (item->kind == OKAPI__EVENT && !okapi_props_get(props, OKAPI__CAL_TAG(item, BUSY_STATUS)))
        okapi_props_set_i32(props, OKAPI__CAL_TAG(item, BUSY_STATUS),
                            status && strcasecmp(status, "TENTATIVE") == 0 ? 1 : 2);
    if (item->kind == OKAPI__TODO)
        okapi_props_set_bool(props, OKAPI__CAL_TAG(item, TASK_COMPLETE),
                             okapi_props_int(props, OKAPI__CAL_TAG(item, TASK_STATUS), 0) == 2);
}

void okapi__table_read(okapi__item_t *item)
{
    for (int k = 0; k < ROWS; k++) {
        const row_t *row = &rows[k];
        okapi_proptag_t tag = tag_of(item, row);
        int lines = 0;
        for (int i = 0; tag && (row->kinds & item->kind) && i < item->comp->lines->nelts; i++) {
            const okapi__line_t *line = &APR_ARRAY_IDX(item->comp->lines, i, okapi__line_t);
            if (strcmp(line->name, row->name) == 0 && (lines++ == 0 || row->read == read_list))
                row->read(item, row, tag, line);
        }
    }
    put_consequences(item);
}

void okapi__table_write(okapi__item_t *item)
{
    for (int k = 0; k < ROWS; k++) {
        okapi_proptag_t tag = tag_of(item, &rows[k]);
        const okapi_propval_t *value =
            tag && (rows[k].kinds & item->kind) ? okapi_props_get(item->props, tag) : NULL;
        if (value)
            rows[k].write(item, &rows[k], value);
    }
}
