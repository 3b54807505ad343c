/* recurrence.h - recurring appointments and tasks: the blob that describes a series (MS-OXOCAL
 * 2.2.1.44), and the instances that a calendar item has. */
#ifndef OKAPI_RECURRENCE_H
#define OKAPI_RECURRENCE_H

#include <okapi/message.h>

/* Wall-clock minutes since 1601-01-01 in the series' time zone. */
typedef apr_uint32_t okapi_minutes_t;

/* RecurFrequency */
enum { OKAPI_RECUR_DAILY = 0x200A, OKAPI_RECUR_WEEKLY, OKAPI_RECUR_MONTHLY, OKAPI_RECUR_YEARLY };

/* PatternType: which of the days of a period */
enum {
    OKAPI_PATTERN_DAY = 0x0,
    OKAPI_PATTERN_WEEK = 0x1,
    OKAPI_PATTERN_MONTH = 0x2,
    OKAPI_PATTERN_MONTH_NTH = 0x3,
    OKAPI_PATTERN_MONTH_END = 0x4,
    OKAPI_PATTERN_HJ_MONTH = 0xA,
    OKAPI_PATTERN_HJ_MONTH_NTH = 0xB,
    OKAPI_PATTERN_HJ_MONTH_END = 0xC
};

/* EndType */
enum {
    OKAPI_RECUR_END_DATE = 0x2021,
    OKAPI_RECUR_END_COUNT = 0x2022,
    OKAPI_RECUR_END_NEVER = 0x2023
};
#define OKAPI_RECUR_NO_END 0x5AE980DFu /* EndDate of a series that never ends */

/* OverrideFlags: what of an exception differs from the series */
enum {
    OKAPI_OVERRIDE_SUBJECT = 0x001,
    OKAPI_OVERRIDE_MEETING_TYPE = 0x002,
    OKAPI_OVERRIDE_REMINDER_DELTA = 0x004,
    OKAPI_OVERRIDE_REMINDER = 0x008,
    OKAPI_OVERRIDE_LOCATION = 0x010,
    OKAPI_OVERRIDE_BUSY_STATUS = 0x020,
    OKAPI_OVERRIDE_ATTACHMENT = 0x040,
    OKAPI_OVERRIDE_SUBTYPE = 0x080,
    OKAPI_OVERRIDE_COLOR = 0x100,
    OKAPI_OVERRIDE_BODY = 0x200
};

typedef struct okapi_exception_t {
    okapi_minutes_t start, end, original;
    apr_uint16_t overrides; /* OKAPI_OVERRIDE_*: which of the following count */
    const char *subject, *location;
    apr_uint32_t meeting_type, reminder_delta, reminder, busy_status, attachment, subtype, color;
    apr_uint32_t change_highlight;
} okapi_exception_t;

typedef struct okapi_recurrence_t {
    apr_uint16_t frequency, pattern, calendar;
    okapi_minutes_t first; /* FirstDateTime */
    apr_uint32_t period;   /* minutes (DAY), weeks (WEEK), months */
    apr_uint32_t sliding;  /* tasks only: the next is counted from completion */
    apr_uint32_t weekdays; /* WEEK, MONTH_NTH: 0x01 is Sunday ... 0x40 Saturday */
    apr_uint32_t day;      /* MONTH, MONTH_END: 1 to 31 */
    apr_uint32_t nth;      /* MONTH_NTH: 1 to 4, 5 is the last */
    apr_uint32_t end_type, count;
    apr_uint32_t first_weekday;   /* 0 is Sunday */
    apr_array_header_t *deleted;  /* okapi_minutes_t, midnights: deleted and modified instances */
    apr_array_header_t *modified; /* okapi_minutes_t, midnights: where modified ones are now */
    okapi_minutes_t start_date, end_date;  /* midnights */
    apr_uint32_t start_offset, end_offset; /* minutes after midnight */
    apr_array_header_t *exceptions;        /* okapi_exception_t */
} okapi_recurrence_t;

/* An empty one, its arrays made. */
okapi_recurrence_t *okapi_recurrence_create(apr_pool_t *result_pool);

/* PidLidAppointmentRecur, or PidLidTaskRecurrence, which ends where the first's exceptions begin.
 * OKAPI_EFORMAT for what isn't one. */
apr_status_t okapi_recurrence_decode(okapi_recurrence_t **recurrence, okapi_binary_t blob,
                                     apr_pool_t *result_pool);

/* Both arrays of instances and the exceptions are written as they stand: in order. WITH_TIMES 0
 * makes a task's. OKAPI_ETOOBIG above what a client reads. */
apr_status_t okapi_recurrence_encode(okapi_binary_t *blob, const okapi_recurrence_t *recurrence,
                                     int with_times, apr_pool_t *result_pool);

/* ---- instances ---- */

typedef struct okapi_instance_t {
    okapi_time_t start, end;
    okapi_time_t original; /* when the series has it: what an exception is known by */
    int exception;         /* index in okapi_recurrence_t.exceptions; -1 is none */
} okapi_instance_t;

/* Array of okapi_instance_t in order of start: the instances of a calendar item that overlap
 * FROM to TO, the item itself if it doesn't recur. OKAPI_ETOOCOMPLEX if there are more than MAX,
 * or if it takes unreasonably long to find them. */
apr_status_t okapi_message_instances(apr_array_header_t **instances, okapi_message_t *message,
                                     okapi_time_t from, okapi_time_t to, int max,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
