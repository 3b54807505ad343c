/* recurrence_rule.h - MAPI's recurrence patterns as rules of iCalendar and back: MS-OXCICAL
 * 2.1.3.2.2. */
#ifndef OKAPI__RECURRENCE_RULE_H
#define OKAPI__RECURRENCE_RULE_H

#include <okapi/recurrence.h>

#include "rrule.h"

/* What one series may cost, in steps of okapi__rrule_expand: some tenths of a second. */
#define OKAPI__RECURRENCE_WORK 5000000

/* The rule of RECURRENCE; its UNTIL is in the series' zone. OKAPI_ENOSUPPORT for the calendars
 * whose months aren't the Gregorian ones, OKAPI_EFORMAT for a pattern without meaning. */
apr_status_t okapi__recurrence_to_rule(okapi__rrule_t *rule, const okapi_recurrence_t *recurrence);

/* When the first instance may be: what the rule is expanded from. */
okapi__civil_t okapi__recurrence_start(const okapi_recurrence_t *recurrence);

/* The pattern that has exactly the instances of RULE from START on, which last DURATION seconds.
 * UNTIL is in the zone of START. OKAPI_ENOSUPPORT if MAPI can't express it. */
apr_status_t okapi__recurrence_from_rule(okapi_recurrence_t **recurrence,
                                         const okapi__rrule_t *rule, okapi__civil_t start,
                                         apr_int64_t duration, apr_pool_t *result_pool);

#endif
