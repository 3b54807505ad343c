/* zone.h - time zones by their three names: ICU's (Europe/Berlin), Windows' (W. Europe Standard
 * Time), and the rule that both stand for (MS-OXOCAL 2.2.1.39 to 2.2.1.43). */
#ifndef OKAPI__ZONE_H
#define OKAPI__ZONE_H

#include "civil.h"

/* When the clock changes: the NTH (5 is the last) WEEKDAY of MONTH; MONTH 0 is never. */
typedef struct okapi__tz_change_t {
    int month, weekday, nth;
    int second; /* of the day, on the clock before the change */
} okapi__tz_change_t;

typedef struct okapi__tz_rule_t {
    int bias, daylight_bias; /* minutes to add for UTC: BIAS, in summer both */
    okapi__tz_change_t standard, daylight;
} okapi__tz_rule_t;

typedef struct okapi__zone_t {
    const char *id;        /* ICU's; NULL if only the rule is known */
    const char *windows;   /* key in the registry, or what stands for it; never NULL */
    okapi__tz_rule_t rule; /* of the present */
    void *calendar;        /* ICU's, if there is ID */
    apr_pool_t *pool;
} okapi__zone_t;

/* By a name of any kind, also behind a path as in "/example.com/1/Europe/Berlin". NULL if nobody
 * knows it. */
okapi__zone_t *okapi__zone_by_name(const char *name, apr_pool_t *result_pool);

/* The zone that changes its clock by RULE now, preferably one that Windows knows; a nameless one,
 * called NAME, if there is none. */
okapi__zone_t *okapi__zone_by_rule(const okapi__tz_rule_t *rule, const char *name,
                                   apr_pool_t *result_pool);

okapi__zone_t *okapi__zone_utc(apr_pool_t *result_pool);

/* Time on the zone's clock and in UTC. What the clock shows twice is the first of both; what it
 * skips is counted on from before (RFC 5545 3.3.5). */
okapi__civil_t okapi__zone_to_utc(const okapi__zone_t *zone, okapi__civil_t civil);
okapi__civil_t okapi__zone_from_utc(const okapi__zone_t *zone, okapi__civil_t utc);

/* ---- as MAPI has them ---- */

/* PidLidTimeZoneStruct. */
okapi_binary_t okapi__zone_struct(const okapi__zone_t *zone, apr_pool_t *result_pool);

/* PidLidAppointmentTimeZoneDefinition*; RECUR says which. */
okapi_binary_t okapi__zone_definition(const okapi__zone_t *zone, int recur,
                                      apr_pool_t *result_pool);

/* NULL for malformed ones. */
okapi__zone_t *okapi__zone_from_struct(okapi_binary_t blob, const char *description,
                                       apr_pool_t *result_pool);
okapi__zone_t *okapi__zone_from_definition(okapi_binary_t blob, apr_pool_t *result_pool);

#endif
