/* ical_item.h - what the steps of a conversion between iCalendar and MAPI share. */
#ifndef OKAPI__ICAL_ITEM_H
#define OKAPI__ICAL_ITEM_H

#include <apr_hash.h>
#include <okapi/ical.h>
#include <okapi/named.h>
#include <okapi/recurrence.h>

#include "civil.h"
#include "ical_tree.h"
#include "keep.h"
#include "zone.h"

/* The named properties: those of calendar_props.def, and these by their names. */
enum {
#define CAL_PROP(symbol, set, lid, type) OKAPI__CAL_##symbol,
#include "calendar_props.def"
#undef CAL_PROP
    OKAPI__CAL_KEYWORDS,
    OKAPI__CAL_SUMMARY, /* the meeting's subject, where mail has another one */
    OKAPI__CAL_KEPT,          /* see keep.h */
    OKAPI__CAL_KEPT_CALENDAR, /* lines and components beside the item's own */
    OKAPI__CAL_PROPS
};

/* The kinds of components, and of items. */
enum { OKAPI__EVENT = 0x1, OKAPI__TODO = 0x2, OKAPI__JOURNAL = 0x4, OKAPI__FREEBUSY = 0x8 };

/* A conversion, in either direction. */
typedef struct okapi__cal_t {
    okapi_store_t *store;
    okapi_proptag_t tags[OKAPI__CAL_PROPS]; /* 0: the store doesn't have it */
    okapi__zone_t *floating;                /* where times without zone are */
    apr_hash_t *zones;                      /* okapi__zone_t by name */
    apr_hash_t *vtimezones;                 /* okapi__comp_t by TZID */
    apr_pool_t *pool;
} okapi__cal_t;

#define OKAPI__CAL_TAG(item, symbol) ((item)->cal->tags[OKAPI__CAL_##symbol])

/* One component and the message it is or becomes. */
typedef struct okapi__item_t {
    okapi__cal_t *cal;
    unsigned kind;
    const char *method; /* NULL: it isn't sent anywhere */
    okapi__comp_t *comp;
    okapi_message_t *message;
    okapi_props_t *props;           /* of the message: to be set, or as they are */
    int known;                      /* recipients that the message has from its header */
    okapi__zone_t *zone;            /* of its start */
    okapi_recurrence_t *recurrence; /* NULL if it has none that MAPI can express */
} okapi__item_t;

/* ---- ical_item.c ---- */

apr_status_t okapi__cal_open(okapi__cal_t **cal, okapi_store_t *store, const char *floating,
                             int create, apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* The zone that a TZID names: by its name or by its VTIMEZONE. NULL if there is none. */
okapi__zone_t *okapi__cal_zone(okapi__cal_t *cal, const char *tzid);

/* The message's properties that matter here, without those of TAGS it doesn't have. */
apr_status_t okapi__item_load(okapi__item_t *item);

/* How it starts and ends, read from or written to a line; 0 if the line tells no time. */
typedef struct okapi__when_t {
    okapi__civil_t civil, utc;
    okapi__zone_t *zone;
    int is_date, is_floating;
} okapi__when_t;

int okapi__when_read(okapi__when_t *when, okapi__cal_t *cal, const okapi__line_t *line,
                     const char *value);
void okapi__when_write(okapi__item_t *item, const char *name, const okapi__zone_t *zone,
                       okapi_time_t t, int is_date);

/* ---- ical_table.c ---- */

/* The properties that are a value each. */
void okapi__table_read(okapi__item_t *item);
void okapi__table_write(okapi__item_t *item);

/* ---- ical_when.c, ical_series.c ---- */

/* OKAPI_EFORMAT with *WHY for an event that has no start. */
apr_status_t okapi__times_read(okapi__item_t *item, const char **why);
void okapi__times_write(okapi__item_t *item);

/* OVERRIDES: array of okapi__comp_t *; those that MAPI can't express are left in it. *EXCEPTIONS:
 * array of okapi__item_t *, without their messages, in the order of the recurrence's. */
apr_status_t okapi__series_read(okapi__item_t *item, apr_array_header_t *overrides,
                                apr_array_header_t **exceptions);
void okapi__series_write(okapi__item_t *item);

/* What the exception X has otherwise than the series, into E. */
void okapi__series_overrides(okapi_exception_t *e, okapi__item_t *x, const okapi__item_t *series);

/* ---- ical_people.c ---- */

apr_status_t okapi__people_read(okapi__item_t *item);
void okapi__people_write(okapi__item_t *item);

/* ---- ical_words.c ---- */

/* Who attends and when it recurs, in words: of the message's recipients and properties. */
void okapi__words_put(okapi__item_t *item);

/* ---- ical_attach.c ---- */

/* The files' bytes are in DATA_POOL, which lives until the message is saved. */
apr_status_t okapi__attach_read(okapi__item_t *item, apr_pool_t *data_pool);
apr_status_t okapi__attach_write(okapi__item_t *item);

/* ---- ical_method.c ---- */

/* What the properties of an answer mean. */
void okapi__method_read(okapi__item_t *item);

/* ---- ical_alarm.c ---- */

void okapi__alarm_read(okapi__item_t *item);
void okapi__alarm_write(okapi__item_t *item);

/* ---- ical_uid.c ---- */

/* PidLidGlobalObjectId of UID, for the instance on the day of INSTANCE, or for all: 0. */
okapi_binary_t okapi__uid_to_goid(const char *uid, okapi__civil_t instance, int is_instance,
                                  apr_pool_t *result_pool);
/* NULL if it isn't one. */
const char *okapi__uid_of_goid(okapi_binary_t goid, apr_pool_t *result_pool);

/* ---- ical_freebusy.c ---- */

void okapi__freebusy_read(okapi__item_t *item);
void okapi__freebusy_write(okapi__item_t *item);

/* ---- ical_zone.c ---- */

/* The rule of a VTIMEZONE; 0 if it has none. */
int okapi__vtimezone_rule(okapi__tz_rule_t *rule, const okapi__comp_t *vtimezone);
okapi__comp_t *okapi__vtimezone_create(const okapi__zone_t *zone, const char *tzid,
                                       apr_pool_t *result_pool);

/* ---- ical_write.c ---- */

/* Array of okapi__item_t *: the item itself and its exceptions, with what their components say
 * without anything kept. */
apr_status_t okapi__item_write(apr_array_header_t **items, okapi__cal_t *cal,
                               okapi_message_t *message);

/* The component of ITEM with what was kept of it. */
void okapi__item_restore(okapi__item_t *item);

/* What was kept beside ITEM: a component of lines and components; NULL if there is nothing. */
okapi__comp_t *okapi__item_beside(okapi__item_t *item);

#endif
