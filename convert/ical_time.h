/* ical_time.h - dates, times and durations as iCalendar writes them: RFC 5545 3.3.4 to 3.3.6. */
#ifndef OKAPI__ICAL_TIME_H
#define OKAPI__ICAL_TIME_H

#include "civil.h"

typedef struct okapi__ical_time_t {
    okapi__civil_t civil; /* what is written, in whatever zone */
    int is_date, is_utc;
} okapi__ical_time_t;

/* A DATE or a DATE-TIME and nothing after it; 0 if TEXT is neither. */
int okapi__ical_time_parse(okapi__ical_time_t *t, const char *text);
const char *okapi__ical_time_format(const okapi__ical_time_t *t, apr_pool_t *result_pool);

/* A DURATION in seconds; *DAYS tells of one of weeks and days only, which a change of the clock
 * doesn't shorten. It may be NULL. */
int okapi__ical_duration_parse(apr_int64_t *seconds, int *days, const char *text);
const char *okapi__ical_duration_format(apr_int64_t seconds, apr_pool_t *result_pool);

/* "+0100", "-033015": seconds east of UTC. */
int okapi__ical_offset_parse(int *seconds, const char *text);
const char *okapi__ical_offset_format(int seconds, apr_pool_t *result_pool);

#endif
