/* recurrence_blob.c - the recurrence blob: RecurrencePattern (MS-OXOCAL 2.2.1.44.1), which a task
 * has alone, inside AppointmentRecurrencePattern (2.2.1.44.5). */
#include <okapi/recurrence.h>

#include <stddef.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "charset.h"

enum {
    VERSION = 0x3004,
    READER_VERSION_2 = 0x3006,
    WRITER_VERSION_2 = 0x3009,  /* from here on there are ChangeHighlights */
    END_NEVER_OLD = 0xFFFFFFFF, /* another way to say OKAPI_RECUR_END_NEVER */
    MIN_EXCEPTION = 14,         /* bytes of an ExceptionInfo without overrides */
    MAX_BLOB = 4 << 20
};

okapi_recurrence_t *okapi_recurrence_create(apr_pool_t *result_pool)
{
    okapi_recurrence_t *r = apr_pcalloc(result_pool, sizeof(*r));
    r->deleted = apr_array_make(result_pool, 4, sizeof(okapi_minutes_t));
    r->modified = apr_array_make(result_pool, 4, sizeof(okapi_minutes_t));
    r->exceptions = apr_array_make(result_pool, 4, sizeof(okapi_exception_t));
    r->end_date = OKAPI_RECUR_NO_END;
    return r;
}

/* ---- decoding ---- */

static void read_dates(okapi_reader_t *r, apr_array_header_t *dates)
{
    apr_size_t n = okapi_read_count(r, okapi_read_u32(r), 4);
    while (n-- > 0)
        APR_ARRAY_PUSH(dates, okapi_minutes_t) = okapi_read_u32(r);
}

/* PatternTypeSpecific, 2.2.1.44.1. */
static void read_specific(okapi_reader_t *r, okapi_recurrence_t *rec)
{
    switch (rec->pattern) {
    case OKAPI_PATTERN_DAY:
        break;
    case OKAPI_PATTERN_WEEK:
        rec->weekdays = okapi_read_u32(r) & 0x7F;
        break;
    case OKAPI_PATTERN_MONTH:
    case OKAPI_PATTERN_MONTH_END:
    case OKAPI_PATTERN_HJ_MONTH:
    case OKAPI_PATTERN_HJ_MONTH_END:
        rec->day = okapi_read_u32(r);
        break;
    case OKAPI_PATTERN_MONTH_NTH:
    case OKAPI_PATTERN_HJ_MONTH_NTH:
        rec->weekdays = okapi_read_u32(r) & 0x7F;
        rec->nth = okapi_read_u32(r);
        break;
    default:
        okapi_reader_fail(r);
    }
}

static void read_pattern(okapi_reader_t *r, okapi_recurrence_t *rec)
{
    if (okapi_read_u16(r) != VERSION || okapi_read_u16(r) != VERSION)
        okapi_reader_fail(r);
    rec->frequency = okapi_read_u16(r);
    if (rec->frequency < OKAPI_RECUR_DAILY || rec->frequency > OKAPI_RECUR_YEARLY)
        okapi_reader_fail(r);
    rec->pattern = okapi_read_u16(r);
    rec->calendar = okapi_read_u16(r);
    rec->first = okapi_read_u32(r);
    rec->period = okapi_read_u32(r);
    rec->sliding = okapi_read_u32(r);
    read_specific(r, rec);
    rec->end_type = okapi_read_u32(r);
    if (rec->end_type == END_NEVER_OLD)
        rec->end_type = OKAPI_RECUR_END_NEVER;
    if (rec->end_type < OKAPI_RECUR_END_DATE || rec->end_type > OKAPI_RECUR_END_NEVER)
        okapi_reader_fail(r);
    rec->count = okapi_read_u32(r);
    rec->first_weekday = okapi_read_u32(r);
    if (rec->first_weekday > 6)
        okapi_reader_fail(r);
    read_dates(r, rec->deleted);
    read_dates(r, rec->modified);
    rec->start_date = okapi_read_u32(r);
    rec->end_date = okapi_read_u32(r);
}

/* Two lengths, the first one too large by the terminator that isn't there, then 8-bit text. Which
 * charset isn't said; the ExtendedException has it in UTF-16. */
static const char *read_ansi(okapi_reader_t *r, apr_pool_t *pool)
{
    okapi_read_u16(r);
    okapi_binary_t text = {.len = okapi_read_u16(r)};
    text.data = okapi_read_bytes(r, text.len);
    return text.data ? okapi__charset_decode(okapi__charset_of(text, NULL, NULL), text, NULL, pool)
                     : "";
}

static const char *read_wide(okapi_reader_t *r, apr_pool_t *pool)
{
    apr_size_t len = okapi_read_u16(r) * (apr_size_t)2;
    const unsigned char *text = okapi_read_bytes(r, len);
    return text ? okapi_utf16_decode(text, len, pool) : "";
}

/* The numbers of an ExceptionInfo in their order among the two texts, which stand before those
 * flags that are greater than theirs. */
static const struct number_t {
    apr_uint16_t flag;
    apr_size_t offset;
} numbers[] = {
    {OKAPI_OVERRIDE_MEETING_TYPE, offsetof(okapi_exception_t, meeting_type)},
    {OKAPI_OVERRIDE_REMINDER_DELTA, offsetof(okapi_exception_t, reminder_delta)},
    {OKAPI_OVERRIDE_REMINDER, offsetof(okapi_exception_t, reminder)},
    {OKAPI_OVERRIDE_LOCATION, 0},
    {OKAPI_OVERRIDE_BUSY_STATUS, offsetof(okapi_exception_t, busy_status)},
    {OKAPI_OVERRIDE_ATTACHMENT, offsetof(okapi_exception_t, attachment)},
    {OKAPI_OVERRIDE_SUBTYPE, offsetof(okapi_exception_t, subtype)},
    {OKAPI_OVERRIDE_COLOR, offsetof(okapi_exception_t, color)},
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

/* ExceptionInfo, 2.2.1.44.2. */
static void read_exception(okapi_reader_t *r, okapi_exception_t *e, apr_pool_t *pool)
{
    e->start = okapi_read_u32(r);
    e->end = okapi_read_u32(r);
    e->original = okapi_read_u32(r);
    e->overrides = okapi_read_u16(r);
    if (e->overrides & OKAPI_OVERRIDE_SUBJECT)
        e->subject = read_ansi(r, pool);
    for (int i = 0; i < NUMBERS; i++) {
        if (!(e->overrides & numbers[i].flag))
            continue;
        if (numbers[i].flag == OKAPI_OVERRIDE_LOCATION)
            e->location = read_ansi(r, pool);
        else
            *(apr_uint32_t *)((char *)e + numbers[i].offset) = okapi_read_u32(r);
    }
}

static void skip_block(okapi_reader_t *r)
{
    okapi_read_bytes(r, okapi_read_u32(r));
}

/* ExtendedException, 2.2.1.44.4. */
static void read_extended(okapi_reader_t *r, okapi_exception_t *e, apr_uint32_t version,
                          apr_pool_t *pool)
{
    if (version >= WRITER_VERSION_2) {
        okapi_reader_t highlight = okapi_read_sub(r, okapi_read_u32(r));
        if (okapi_reader_left(&highlight) >= 4)
            e->change_highlight = okapi_read_u32(&highlight);
    }
    skip_block(r);
    if (!(e->overrides & (OKAPI_OVERRIDE_SUBJECT | OKAPI_OVERRIDE_LOCATION)))
        return;
    okapi_read_bytes(r, 12); /* the three times once more */
    if (e->overrides & OKAPI_OVERRIDE_SUBJECT)
        e->subject = read_wide(r, pool);
    if (e->overrides & OKAPI_OVERRIDE_LOCATION)
        e->location = read_wide(r, pool);
    skip_block(r);
}

static void read_times(okapi_reader_t *r, okapi_recurrence_t *rec, apr_pool_t *pool)
{
    okapi_read_u32(r); /* ReaderVersion2 */
    apr_uint32_t version = okapi_read_u32(r);
    rec->start_offset = okapi_read_u32(r);
    rec->end_offset = okapi_read_u32(r);
    apr_size_t n = okapi_read_count(r, okapi_read_u16(r), MIN_EXCEPTION);
    for (apr_size_t i = 0; i < n && !r->failed; i++)
        read_exception(r, apr_array_push(rec->exceptions), pool);
    if (r->failed || okapi_reader_left(r) == 0) /* Outlook's oldest blobs end here */
        return;
    skip_block(r);
    for (apr_size_t i = 0; i < n && !r->failed; i++)
        read_extended(r, &APR_ARRAY_IDX(rec->exceptions, i, okapi_exception_t), version, pool);
    skip_block(r);
}

apr_status_t okapi_recurrence_decode(okapi_recurrence_t **recurrence, okapi_binary_t blob,
                                     apr_pool_t *result_pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, blob.data, blob.len);
    *recurrence = okapi_recurrence_create(result_pool);
    read_pattern(&r, *recurrence);
    if (!r.failed && okapi_reader_left(&r) > 0)
        read_times(&r, *recurrence, result_pool);
    return okapi_reader_status(&r, 0); /* clients pad */
}

/* ---- encoding ---- */

static void write_dates(okapi_writer_t *w, const apr_array_header_t *dates)
{
    okapi_write_u32(w, (apr_uint32_t)dates->nelts);
    for (int i = 0; i < dates->nelts; i++)
        okapi_write_u32(w, APR_ARRAY_IDX(dates, i, okapi_minutes_t));
}

static void write_specific(okapi_writer_t *w, const okapi_recurrence_t *rec)
{
    int nth = rec->pattern == OKAPI_PATTERN_MONTH_NTH || rec->pattern == OKAPI_PATTERN_HJ_MONTH_NTH;
    if (rec->pattern == OKAPI_PATTERN_DAY)
        return;
    okapi_write_u32(w, nth || rec->pattern == OKAPI_PATTERN_WEEK ? rec->weekdays : rec->day);
    if (nth)
        okapi_write_u32(w, rec->nth);
}

static void write_pattern(okapi_writer_t *w, const okapi_recurrence_t *rec)
{
    okapi_write_u16(w, VERSION);
    okapi_write_u16(w, VERSION);
    okapi_write_u16(w, rec->frequency);
    okapi_write_u16(w, rec->pattern);
    okapi_write_u16(w, rec->calendar);
    okapi_write_u32(w, rec->first);
    okapi_write_u32(w, rec->period);
    okapi_write_u32(w, rec->sliding);
    write_specific(w, rec);
    okapi_write_u32(w, rec->end_type);
    okapi_write_u32(w, rec->count);
    okapi_write_u32(w, rec->first_weekday);
    write_dates(w, rec->deleted);
    write_dates(w, rec->modified);
    okapi_write_u32(w, rec->start_date);
    okapi_write_u32(w, rec->end_date);
}

/* TEXT as far as its length fits into 16 bits, in whole characters. */
static apr_size_t fitting(const char *text)
{
    apr_size_t len = strlen(text);
    if (len < 0xFFFF)
        return len;
    len = 0xFFFE;
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static void write_ansi(okapi_writer_t *w, const char *text)
{
    apr_size_t at = w->len, len = fitting(text), n = 0;
    okapi_write_u32(w, 0);
    for (const char *p = text; p < text + len; p++) {
        if (((unsigned char)*p & 0xC0) == 0x80)
            continue;
        okapi_write_u8(w, (unsigned char)*p < 0x80 ? (apr_byte_t)*p : '?');
        n++;
    }
    okapi_write_u16_at(w, at, (apr_uint16_t)(n + 1));
    okapi_write_u16_at(w, at + 2, (apr_uint16_t)n);
}

static void write_wide(okapi_writer_t *w, const char *text, apr_pool_t *pool)
{
    apr_size_t at = w->len;
    okapi_write_u16(w, 0);
    okapi_write_utf16(w, apr_pstrmemdup(pool, text, fitting(text)));
    okapi_write_u16_at(w, at, (apr_uint16_t)((w->len - at - 2) / 2));
}

static void write_exception(okapi_writer_t *w, const okapi_exception_t *e)
{
    okapi_write_u32(w, e->start);
    okapi_write_u32(w, e->end);
    okapi_write_u32(w, e->original);
    okapi_write_u16(w, e->overrides);
    if (e->overrides & OKAPI_OVERRIDE_SUBJECT)
        write_ansi(w, e->subject);
    for (int i = 0; i < NUMBERS; i++) {
        if (!(e->overrides & numbers[i].flag))
            continue;
        if (numbers[i].flag == OKAPI_OVERRIDE_LOCATION)
            write_ansi(w, e->location);
        else
            okapi_write_u32(w, *(const apr_uint32_t *)((const char *)e + numbers[i].offset));
    }
}

static void write_extended(okapi_writer_t *w, const okapi_exception_t *e, apr_pool_t *pool)
{
    okapi_write_u32(w, 4);
    okapi_write_u32(w, e->change_highlight);
    okapi_write_u32(w, 0);
    if (!(e->overrides & (OKAPI_OVERRIDE_SUBJECT | OKAPI_OVERRIDE_LOCATION)))
        return;
    okapi_write_u32(w, e->start);
    okapi_write_u32(w, e->end);
    okapi_write_u32(w, e->original);
    if (e->overrides & OKAPI_OVERRIDE_SUBJECT)
        write_wide(w, e->subject, pool);
    if (e->overrides & OKAPI_OVERRIDE_LOCATION)
        write_wide(w, e->location, pool);
    okapi_write_u32(w, 0);
}

static void write_times(okapi_writer_t *w, const okapi_recurrence_t *rec, apr_pool_t *pool)
{
    const apr_array_header_t *exceptions = rec->exceptions;
    okapi_write_u32(w, READER_VERSION_2);
    okapi_write_u32(w, WRITER_VERSION_2);
    okapi_write_u32(w, rec->start_offset);
    okapi_write_u32(w, rec->end_offset);
    okapi_write_u16(w, (apr_uint16_t)exceptions->nelts);
    for (int i = 0; i < exceptions->nelts; i++)
        write_exception(w, &APR_ARRAY_IDX(exceptions, i, okapi_exception_t));
    okapi_write_u32(w, 0);
    for (int i = 0; i < exceptions->nelts; i++)
        write_extended(w, &APR_ARRAY_IDX(exceptions, i, okapi_exception_t), pool);
    okapi_write_u32(w, 0);
}

apr_status_t okapi_recurrence_encode(okapi_binary_t *blob, const okapi_recurrence_t *recurrence,
                                     int with_times, apr_pool_t *result_pool)
{
    okapi_writer_t w;
    if (recurrence->exceptions->nelts > 0xFFFF)
        return OKAPI_ETOOBIG;
    okapi_writer_init(&w, 256, MAX_BLOB, result_pool);
    write_pattern(&w, recurrence);
    if (with_times)
        write_times(&w, recurrence, result_pool);
    blob->data = w.data;
    blob->len = w.len;
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}
