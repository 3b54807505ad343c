/* ical.c - iCalendar as messages and back: what each property becomes, and what is kept. */
#include <okapi/ical.h>
#include <okapi/recurrence.h>

#include "ical_item.h"
#include "mailbox.h"

static okapi_ical_t *parse(const char *text, apr_pool_t *pool)
{
    okapi_ical_t *ical;
    const char *why;
    okapi_binary_t bytes = {(const unsigned char *)text, strlen(text)};
    apr_status_t status = okapi_ical_parse(&ical, &why, bytes, pool);
    if (status != APR_SUCCESS)
        diag("%s", why);
    mailbox_must(status, "parse");
    return ical;
}

/* The first item of a calendar with METHOD (or "") and the lines BODY, saved and opened again. */
static okapi_message_t *message_of(mailbox_t *m, const char *method, const char *body,
                                   apr_pool_t *pool)
{
    okapi_message_t *message, *again;
    const char *why;
    okapi_ical_t *ical = parse(apr_pstrcat(pool, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", method, body,
                                           "END:VCALENDAR\r\n", NULL),
                               pool);
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_ical_to_message(message, &why, ical, 0, "Europe/Berlin", pool, pool),
                 "to message");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_message_open(&again, m->store, 0, okapi_message_id(message), pool, pool),
                 "open");
    return again;
}

static const char *text_of(okapi_message_t *message, int flags, apr_pool_t *pool)
{
    okapi_binary_t text;
    mailbox_must(okapi_ical_from_messages(&text, &message, 1, flags, pool, pool), "writing");
    return apr_pstrmemdup(pool, (const char *)text.data, text.len);
}

/* Does TEXT, unfolded, have the line? */
static int has_line(const char *text, const char *line, apr_pool_t *pool)
{
    char *unfolded = apr_palloc(pool, strlen(text) + 1), *to = unfolded;
    for (const char *p = text; *p; p++)
        if (strncmp(p, "\r\n ", 3) == 0)
            p += 2;
        else
            *to++ = *p;
    *to = 0;
    const char *found = strstr(unfolded, apr_pstrcat(pool, "\n", line, "\r\n", NULL));
    if (!found)
        diag("%s", unfolded);
    return found != NULL;
}

static okapi_propval_t get(mailbox_t *m, okapi_message_t *message, int named, okapi_proptag_t tag,
                           apr_pool_t *pool)
{
    okapi__cal_t *cal;
    okapi_propval_t value;
    mailbox_must(okapi__cal_open(&cal, m->store, NULL, 1, pool, pool), "names");
    if (!tag)
        tag = cal->tags[named];
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &value, pool, pool),
                 "get");
    return value;
}

#define NAMED(m, message, symbol) get(m, message, OKAPI__CAL_##symbol, 0, (m)->pool)
#define FIXED(m, message, tag)    get(m, message, 0, tag, (m)->pool)

/* ---- properties that are a value ---- */

static void test_values(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const lines[] = {"SUMMARY:Caf\xC3\xA9\\, at noon",
                                        "DESCRIPTION:one\\ntwo",
                                        "LOCATION:Room 1\\; left",
                                        "CATEGORIES:red,blue\\, dark",
                                        "CLASS:PRIVATE",
                                        "PRIORITY:1",
                                        "SEQUENCE:3",
                                        "DTSTAMP:20240101T120000Z",
                                        "TRANSP:TRANSPARENT",
                                        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
                                        "DTSTART;TZID=Europe/Berlin:20240701T100000",
                                        "DTEND;TZID=Europe/Berlin:20240701T113000",
                                        "X-ALT-DESC;FMTTYPE=text/html:<b>one</b>\\, two",
                                        "X-MICROSOFT-DISALLOW-COUNTER:TRUE",
                                        "TRIGGER:-PT15M",
                                        "UID:values@example.org"};
    const char *body = "BEGIN:VEVENT\r\n";
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        body = apr_pstrcat(
            pool, body, strncmp(lines[i], "TRIGGER", 7) ? "" : "BEGIN:VALARM\r\nACTION:DISPLAY\r\n",
            lines[i], "\r\n", strncmp(lines[i], "TRIGGER", 7) ? "" : "END:VALARM\r\n", NULL);
    okapi_message_t *message =
        message_of(m, "", apr_pstrcat(pool, body, "END:VEVENT\r\n", NULL), pool);
    is_str(FIXED(m, message, PR_MESSAGE_CLASS).v.str, "IPM.Appointment", "an appointment");
    is_str(FIXED(m, message, PR_SUBJECT).v.str, "Caf\xC3\xA9, at noon", "SUMMARY");
    is_str(FIXED(m, message, PR_BODY).v.str, "one\r\ntwo", "DESCRIPTION");
    is_str(NAMED(m, message, LOCATION).v.str, "Room 1; left", "LOCATION");
    is_int(NAMED(m, message, KEYWORDS).v.mv.count, 2, "CATEGORIES");
    is_int(FIXED(m, message, PR_SENSITIVITY).v.i32, 2, "CLASS");
    is_int(NAMED(m, message, PRIVATE).v.boolean, 1, "is private");
    is_int(FIXED(m, message, PR_IMPORTANCE).v.i32, 2, "PRIORITY");
    is_int(NAMED(m, message, SEQUENCE).v.i32, 3, "SEQUENCE");
    is_int(NAMED(m, message, BUSY_STATUS).v.i32, 0, "TRANSP");
    is_int(NAMED(m, message, DURATION).v.i32, 90, "duration");
    is_int(NAMED(m, message, REMINDER_SET).v.boolean, 1, "VALARM");
    is_int(NAMED(m, message, REMINDER_DELTA).v.i32, 15, "TRIGGER");
    is_int(okapi__civil_of_time(NAMED(m, message, START_WHOLE).v.time), 1719820800, "DTSTART");
    const char *text = text_of(message, OKAPI_ICAL_PLAIN, pool);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ok(has_line(text, lines[i], pool), "comes back: %s", lines[i]);
}

/* ---- series ---- */

static const char series[] =
    "BEGIN:VEVENT\r\nUID:series\r\nSUMMARY:Daily\r\nLOCATION:Here\r\n"
    "DTSTART;TZID=America/New_York:20240304T090000\r\nDTEND;TZID=America/"
    "New_York:20240304T093000\r\n"
    "RRULE:FREQ=DAILY;COUNT=10\r\nEXDATE;TZID=America/New_York:20240306T090000\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:series\r\nSUMMARY:Later\r\n"
    "RECURRENCE-ID;TZID=America/New_York:20240311T090000\r\n"
    "DTSTART;TZID=America/New_York:20240311T140000\r\nDTEND;TZID=America/"
    "New_York:20240311T150000\r\n"
    "END:VEVENT\r\n";

static void test_series(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = message_of(m, "", series, pool), *embedded;
    okapi_recurrence_t *r;
    is_int(okapi_recurrence_decode(&r, NAMED(m, message, RECUR).v.bin, pool), APR_SUCCESS,
           "a recurrence");
    is_int(r->deleted->nelts, 2, "one instance deleted, one changed");
    is_int(r->exceptions->nelts, 1, "an exception");
    const okapi_exception_t *e = &APR_ARRAY_IDX(r->exceptions, 0, okapi_exception_t);
    is_int(e->overrides & OKAPI_OVERRIDE_SUBJECT, OKAPI_OVERRIDE_SUBJECT, "with a subject");
    is_str(e->subject, "Later", "which is this");
    is_int(e->start - e->original, 300, "five hours later");
    is_int(NAMED(m, message, RECURRING).v.boolean, 1, "recurs");
    is_int(okapi_message_attachment_count(message), 1, "its message is an attachment");
    okapi_attachment_t *attachment;
    mailbox_must(
        okapi_attachment_open(&attachment, message, okapi_message_attachment_num(message, 0), pool),
        "attachment");
    mailbox_must(okapi_attachment_embedded(&embedded, attachment, pool), "embedded");
    is_str(FIXED(m, embedded, PR_SUBJECT).v.str, "Later", "with the subject too");
    okapi_proptag_t tag = PR_EXCEPTION_STARTTIME;
    okapi_propval_t start;
    okapi_object_get(okapi_attachment_object(attachment), &tag, 1, 0, &start, pool, pool);
    is_int(okapi__civil_of_time(start.v.time), 1710165600, "on its clock");

    const char *text = text_of(message, OKAPI_ICAL_PLAIN, pool);
    ok(has_line(text, "RRULE:FREQ=DAILY;COUNT=10", pool), "RRULE");
    ok(has_line(text, "EXDATE;TZID=America/New_York:20240306T090000", pool), "EXDATE");
    ok(has_line(text, "RECURRENCE-ID;TZID=America/New_York:20240311T090000", pool),
       "RECURRENCE-ID");
    ok(has_line(text, "DTSTART;TZID=America/New_York:20240311T140000", pool), "its start");
    ok(has_line(text, "LOCATION:Here", pool), "what the exception doesn't say is the series'");

    apr_array_header_t *times;
    const okapi_time_t day = (okapi_time_t)OKAPI__DAY * 10000000;
    const okapi_time_t from = okapi__civil_time(okapi__days_of(2024, 3, 1) * OKAPI__DAY);
    is_int(okapi_message_instances(&times, message, from, from + 31 * day, 100, pool, pool),
           APR_SUCCESS, "instances");
    is_int(times->nelts, 9, "nine of ten");
    const okapi_instance_t *x = &APR_ARRAY_IDX(times, 6, okapi_instance_t);
    is_int(x->exception, 0, "the exception is among them");
    is_int(okapi__civil_of_time(x->start), 1710180000, "when it is now, in summer time");
    is_int(okapi_message_instances(&times, message, from, from + 31 * day, 8, pool, pool),
           OKAPI_ETOOCOMPLEX, "more than one wants to have");
}

static void test_inexpressible(mailbox_t *m, apr_pool_t *pool)
{
    static const char body[] = "BEGIN:VEVENT\r\nUID:hourly\r\nDTSTART:20240101T100000Z\r\n"
                               "DTEND:20240101T101500Z\r\nRRULE:FREQ=HOURLY;INTERVAL=2;COUNT=5\r\n"
                               "RDATE:20240102T030000Z\r\nEND:VEVENT\r\n";
    okapi_message_t *message = message_of(m, "", body, pool);
    apr_array_header_t *times;
    const okapi_time_t from = okapi__civil_time(okapi__days_of(2024, 1, 1) * OKAPI__DAY);
    is_int(OKAPI_PROP_TYPE(NAMED(m, message, RECUR).tag), PT_ERROR,
           "no pattern for every two hours");
    ok(has_line(text_of(message, 0, pool), "RRULE:FREQ=HOURLY;INTERVAL=2;COUNT=5", pool),
       "but the rule comes back");
    is_int(okapi_message_instances(&times, message, from, from + 31 * (okapi_time_t)864000000000,
                                   100, pool, pool),
           APR_SUCCESS, "and is expanded");
    is_int(times->nelts, 6, "with what is added");
}

/* ---- zones ---- */

#define ZONE(tzid, standard, daylight)                                                             \
    "BEGIN:VTIMEZONE\r\nTZID:" tzid "\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n"            \
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;" standard "\r\nEND:STANDARD\r\n" \
    "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"      \
    "RRULE:FREQ=YEARLY;" daylight "\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"

static const char *zone_of(mailbox_t *m, const char *vtimezone, const char *tzid, apr_pool_t *pool)
{
    okapi_message_t *message =
        message_of(m, "",
                   apr_pstrcat(pool, vtimezone, "BEGIN:VEVENT\r\nUID:z\r\nDTSTART;TZID=", tzid,
                               ":20240701T100000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n", NULL),
                   pool);
    okapi__zone_t *zone = okapi__zone_from_definition(NAMED(m, message, ZONE_RECUR).v.bin, pool);
    okapi__zone_t *old =
        okapi__zone_from_struct(NAMED(m, message, TIME_ZONE_STRUCT).v.bin, NULL, pool);
    ok(zone && old && old->rule.bias == zone->rule.bias, "both blobs of %s are read", tzid);
    return apr_psprintf(pool, "%s %" APR_INT64_T_FMT, zone ? zone->windows : "",
                        okapi__civil_of_time(NAMED(m, message, START_WHOLE).v.time));
}

static void test_zones(mailbox_t *m, apr_pool_t *pool)
{
    const char *berlin = "W. Europe Standard Time 1719820800";
    is_str(zone_of(m, "", "Europe/Berlin", pool), berlin, "ICU's name");
    is_str(zone_of(m, "", "W. Europe Standard Time", pool), berlin, "Windows' name");
    is_str(zone_of(m, "", "/example.com/2020/Europe/Berlin", pool), berlin, "behind a path");
    is_str(zone_of(m, ZONE("Ours", "BYDAY=-1SU;BYMONTH=10", "BYDAY=-1SU;BYMONTH=3"), "Ours", pool),
           berlin, "by its rule");
    is_str(zone_of(m, ZONE("Odd", "BYDAY=2TU;BYMONTH=9", "BYDAY=1WE;BYMONTH=2"), "Odd", pool),
           "Odd 1719820800", "a rule that no zone has");
    is_str(zone_of(m, "", "Nowhere", pool), berlin, "an unknown one is the user's");
}

/* ---- meetings ---- */

static void test_meeting(mailbox_t *m, apr_pool_t *pool)
{
    static const char body[] =
        "BEGIN:VEVENT\r\nUID:meeting\r\nDTSTART:20240101T100000Z\r\nDTEND:20240101T110000Z\r\n"
        "ORGANIZER;CN=Ann:mailto:ann@example.net\r\n"
        "ATTENDEE;CN=\"Ben, "
        "B\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:ben@example.net\r\n"
        "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=DECLINED:mailto:cat@example.net\r\n"
        "ATTENDEE;CUTYPE=ROOM:mailto:room@example.net\r\nEND:VEVENT\r\n";
    okapi_message_t *message = message_of(m, "METHOD:REQUEST\r\n", body, pool);
    is_str(FIXED(m, message, PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Request", "a request");
    is_str(FIXED(m, message, PR_SENT_REPRESENTING_SMTP_ADDRESS).v.str, "ann@example.net", "from");
    is_int(NAMED(m, message, STATE_FLAGS).v.i32, 3, "a meeting, received");
    is_int(okapi_message_recipient_count(message), 4, "all of them");
    const struct {
        int type, flags, track;
    } people[] = {{MAPI_TO, 3, 1}, {MAPI_TO, 1, 3}, {MAPI_CC, 1, 4}, {MAPI_BCC, 1, 5}};
    for (int i = 0; i < 4; i++) {
        const okapi_recipient_t *r = okapi_message_recipient(message, i);
        ok(r->type == people[i].type &&
               okapi_props_int(r->props, PR_RECIPIENT_FLAGS, -1) == people[i].flags &&
               okapi_props_int(r->props, PR_RECIPIENT_TRACKSTATUS, -1) == people[i].track,
           "recipient %d", i);
    }
    const char *text = text_of(message, OKAPI_ICAL_PLAIN, pool);
    ok(has_line(text, "METHOD:REQUEST", pool), "METHOD");
    ok(has_line(text, "ORGANIZER;CN=Ann:mailto:ann@example.net", pool), "ORGANIZER");
    ok(has_line(text,
                "ATTENDEE;CN=\"Ben, B\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE:"
                "mailto:ben@example.net",
                pool),
       "ATTENDEE");
    ok(has_line(text,
                "ATTENDEE;CUTYPE=RESOURCE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;"
                "RSVP=TRUE:mailto:room@example.net",
                pool),
       "the room");

    message = message_of(m, "METHOD:REPLY\r\n",
                         "BEGIN:VEVENT\r\nUID:meeting\r\nORGANIZER:mailto:ann@example.net\r\n"
                         "ATTENDEE;PARTSTAT=DECLINED:mailto:ben@example.net\r\nEND:VEVENT\r\n",
                         pool);
    is_str(FIXED(m, message, PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Resp.Neg", "an answer");
    is_str(FIXED(m, message, PR_SENT_REPRESENTING_SMTP_ADDRESS).v.str, "ben@example.net", "from");
    ok(has_line(text_of(message, OKAPI_ICAL_PLAIN, pool),
                "ATTENDEE;PARTSTAT=DECLINED:mailto:ben@example.net", pool),
       "who declines");
}

/* MS-OXOCAL 4.1.2's value, and a UID of somebody else. */
static void test_uid(apr_pool_t *pool)
{
    const char *hex =
        "040000008200E00074C5B7101A82E008000000005025D461E473C8010000000000000000100000"
        "002A5844B3A444F74A9C246C60886F116B";
    okapi_binary_t goid =
        okapi__uid_to_goid(hex, okapi__days_of(2008, 3, 25) * OKAPI__DAY, 1, pool);
    is_mem(goid.data + 16, 4, "\x07\xD8\x03\x19", 4, "the day of an exception");
    is_int(goid.len, 56, "its length");
    is_str(okapi__uid_of_goid(goid, pool), hex, "its UID is the series'");
    goid = okapi__uid_to_goid("1@example.org", 0, 0, pool);
    is_mem(goid.data + 36, 16, "\x1A\0\0\0vCal-Uid\1\0\0\0", 16, "vCal-Uid");
    is_str(okapi__uid_of_goid(goid, pool), "1@example.org", "and back");
}

/* ---- other kinds ---- */

static void test_kinds(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *task = message_of(
        m, "",
        "BEGIN:VTODO\r\nUID:t\r\nSUMMARY:Do\r\nDUE;VALUE=DATE:20240105\r\nSTATUS:IN-PROCESS\r\n"
        "PERCENT-COMPLETE:40\r\nRRULE:FREQ=WEEKLY;BYDAY=FR\r\nEND:VTODO\r\n",
        pool);
    is_str(FIXED(m, task, PR_MESSAGE_CLASS).v.str, "IPM.Task", "VTODO");
    is_int(NAMED(m, task, TASK_STATUS).v.i32, 1, "its status");
    ok(NAMED(m, task, PERCENT_COMPLETE).v.dbl == 0.4, "how far it is");
    is_int(okapi__civil_of_time(NAMED(m, task, TASK_DUE_DATE).v.time), 1704412800,
           "when it is due");
    const char *text = text_of(task, OKAPI_ICAL_PLAIN, pool);
    ok(has_line(text, "DUE;VALUE=DATE:20240105", pool), "DUE");
    ok(has_line(text, "RRULE:FREQ=WEEKLY;BYDAY=FR", pool), "RRULE");

    okapi_message_t *entry = message_of(m, "",
                                        "BEGIN:VJOURNAL\r\nUID:j\r\nSUMMARY:Said\r\n"
                                        "DTSTART:20240105T100000Z\r\nEND:VJOURNAL\r\n",
                                        pool);
    is_str(FIXED(m, entry, PR_MESSAGE_CLASS).v.str, "IPM.Activity", "VJOURNAL");

    okapi_message_t *busy = message_of(
        m, "",
        "BEGIN:VFREEBUSY\r\nUID:f\r\nDTSTART:20240101T000000Z\r\nDTEND:20240301T000000Z\r\n"
        "FREEBUSY:20240131T230000Z/PT2H,20240102T100000Z/20240102T103000Z\r\n"
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20240103T100000Z/PT1H\r\nEND:VFREEBUSY\r\n",
        pool);
    okapi_propval_t months = FIXED(m, busy, PR_SCHDINFO_MONTHS_BUSY);
    is_int(months.v.mv.count, 2, "busy in two months");
    is_int(months.v.mv.v.i32[0], 2024 * 16 + 1, "the first of them");
    okapi_propval_t times = FIXED(m, busy, PR_SCHDINFO_FREEBUSY_BUSY);
    is_mem(times.v.mv.v.bin[1].data, times.v.mv.v.bin[1].len, "\0\0\x3C\0", 4,
           "an hour of February");
    text = text_of(busy, OKAPI_ICAL_PLAIN, pool);
    ok(has_line(text,
                "FREEBUSY;FBTYPE=BUSY:20240102T100000Z/20240102T103000Z,"
                "20240131T230000Z/20240201T010000Z",
                pool),
       "FREEBUSY");
}

/* A task is of a day: what doesn't take place is a day too, however it is written. */
static void test_task_series(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const exdates[] = {"EXDATE:20240112T090000Z\r\n",
                                          "EXDATE;VALUE=DATE:20240112\r\n"};
    for (int i = 0; i < 2; i++) {
        okapi_message_t *task = message_of(
            m, "",
            apr_pstrcat(pool, "BEGIN:VTODO\r\nUID:s\r\nDUE:20240105T090000Z\r\n", exdates[i],
                        "RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=4\r\nEND:VTODO\r\n", NULL),
            pool);
        okapi_recurrence_t *r;
        mailbox_must(okapi_recurrence_decode(&r, NAMED(m, task, TASK_RECURRENCE).v.bin, pool),
                     "PidLidTaskRecurrence");
        is_int(r->deleted->nelts, 1, "a week without it");
        is_int(okapi__civil_of_minutes(APR_ARRAY_IDX(r->deleted, 0, okapi_minutes_t)),
               okapi__days_of(2024, 1, 12) * OKAPI__DAY, "the second");
        ok(has_line(text_of(task, OKAPI_ICAL_PLAIN, pool), "EXDATE:20240112T090000Z", pool),
           "EXDATE");
    }
}

/* ---- words ---- */

static void test_words(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const patterns[][2] = {
        {"FREQ=DAILY", "every day from 10:00 to 11:30"},
        {"FREQ=DAILY;INTERVAL=3", "every 3 days from 10:00 to 11:30"},
        {"FREQ=WEEKLY;BYDAY=MO,WE,FR", "every Monday, Wednesday and Friday from 10:00 to 11:30"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "every 2 weeks on Monday from 10:00 to 11:30"},
        {"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday from 10:00 to 11:30"},
        {"FREQ=MONTHLY;BYMONTHDAY=1", "day 1 of every month from 10:00 to 11:30"},
        {"FREQ=MONTHLY;INTERVAL=2;BYDAY=MO;BYSETPOS=1",
         "the first Monday of every 2 months from 10:00 to 11:30"},
        {"FREQ=YEARLY", "day 1 of July every year from 10:00 to 11:30"},
    };
    okapi_message_t *message;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        message = message_of(m, "",
                             apr_pstrcat(pool,
                                         "BEGIN:VEVENT\r\nUID:w\r\nDTSTART:20240701T100000Z\r\n"
                                         "DTEND:20240701T113000Z\r\nRRULE:",
                                         patterns[i][0], "\r\nEND:VEVENT\r\n", NULL),
                             pool);
        is_str(NAMED(m, message, RECURRENCE_PATTERN).v.str, patterns[i][1], "%s", patterns[i][0]);
    }
    message = message_of(m, "",
                         "BEGIN:VEVENT\r\nUID:w\r\nDTSTART;VALUE=DATE:20240131\r\n"
                         "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1\r\nEND:VEVENT\r\n",
                         pool);
    is_str(NAMED(m, message, RECURRENCE_PATTERN).v.str, "the last day of every month", "all day");
    message = message_of(m, "",
                         "BEGIN:VEVENT\r\nUID:w\r\nDTSTART:20240105T100000Z\r\n"
                         "ORGANIZER;CN=Ann:mailto:ann@example.net\r\n"
                         "ATTENDEE;CN=\"Ben\":mailto:ben@example.net\r\n"
                         "ATTENDEE;ROLE=OPT-PARTICIPANT;CN=Cat:mailto:cat@example.net\r\n"
                         "ATTENDEE;CUTYPE=ROOM;CN=Hall:mailto:hall@example.net\r\nEND:VEVENT\r\n",
                         pool);
    is_str(NAMED(m, message, ALL_ATTENDEES).v.str, "Ben; Cat; Hall", "all but the organizer");
    is_str(NAMED(m, message, TO_ATTENDEES).v.str, "Ben", "who is needed");
    is_str(NAMED(m, message, CC_ATTENDEES).v.str, "Cat", "who may come");
}

/* ---- files ---- */

static void test_files(mailbox_t *m, apr_pool_t *pool)
{
    static const char uri[] = "ATTACH;FMTTYPE=text/plain:http://example.org/a.txt";
    static const char file[] =
        "ATTACH;FMTTYPE=image/png;ENCODING=BASE64;VALUE=BINARY;FILENAME=\"a, b.png\":AAECAwQF/w==";
    static const char named[] =
        "ATTACH;VALUE=BINARY;X-FILENAME=\"..\\x/c.txt\";ENCODING=base64:YWJj";
    okapi_message_t *message =
        message_of(m, "",
                   apr_pstrcat(pool, "BEGIN:VEVENT\r\nUID:f\r\nDTSTART:20240105T100000Z\r\n", uri,
                               "\r\n", file, "\r\n", named, "\r\nEND:VEVENT\r\n", NULL),
                   pool);
    is_int(okapi_message_attachment_count(message), 2, "two files, and one that is elsewhere");
    static const struct {
        const char *name, *data;
        apr_size_t len;
    } files[] = {{"a, b.png", "\0\1\2\3\4\5\xFF", 7}, {"c.txt", "abc", 3}};
    for (int i = 0; i < 2; i++) {
        static const okapi_proptag_t tags[] = {PR_ATTACH_LONG_FILENAME, PR_ATTACH_DATA_BIN};
        okapi_attachment_t *attachment;
        okapi_propval_t v[2];
        mailbox_must(okapi_attachment_open(&attachment, message,
                                           okapi_message_attachment_num(message, i), pool),
                     "attachment");
        mailbox_must(
            okapi_object_get(okapi_attachment_object(attachment), tags, 2, 0, v, pool, pool),
            "get");
        is_str(v[0].v.str, files[i].name, "its name");
        is_mem(v[1].v.bin.data, v[1].v.bin.len, files[i].data, files[i].len, "its bytes");
    }
    const char *text = text_of(message, OKAPI_ICAL_PLAIN, pool);
    ok(has_line(text, file, pool), "the file alone");
    ok(has_line(text, "ATTACH;ENCODING=BASE64;VALUE=BINARY;FILENAME=c.txt:YWJj", pool),
       "without the folder that it was to go to");
    text = text_of(message, 0, pool);
    ok(has_line(text, uri, pool) && has_line(text, file, pool) && has_line(text, named, pool),
       "all as they came");
}

/* ---- alarms ---- */

static void test_alarms(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message =
        message_of(m, "",
                   "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20240105T100000Z\r\n"
                   "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT20M\r\nEND:VALARM\r\n"
                   "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n",
                   pool);
    is_int(NAMED(m, message, REMINDER_DELTA).v.i32, 20, "the first alarm is the reminder");
    const char *text = text_of(message, 0, pool);
    ok(has_line(text, "TRIGGER:-PT20M", pool) && has_line(text, "TRIGGER:-PT5M", pool),
       "both come back");
    text = text_of(message, OKAPI_ICAL_PLAIN, pool);
    ok(has_line(text, "TRIGGER:-PT20M", pool) && !strstr(text, "-PT5M"), "MAPI has one");
}

/* ---- what is kept ---- */

static void test_kept(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const lines[] = {
        "SUMMARY;LANGUAGE=de:Alt",  "X-FOO;X-BAR=1:some\\,thing",     "URL:http://example.org/",
        "TRIGGER;RELATED=END:PT5M", "LOCATION;ALTREP=\"cid:1\":Here", "X-WR-CALNAME:Mine"};
    static const char body[] =
        "X-WR-CALNAME:Mine\r\nBEGIN:VEVENT\r\nUID:kept\r\nDTSTART:20240101T100000Z\r\n"
        "DTSTAMP:20240101T100000Z\r\nSUMMARY;LANGUAGE=de:Alt\r\nLOCATION;ALTREP=\"cid:1\":Here\r\n"
        "X-FOO;X-BAR=1:some\\,thing\r\nURL:http://example.org/\r\nBEGIN:VALARM\r\nACTION:EMAIL\r\n"
        "TRIGGER;RELATED=END:PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:X-OTHER\r\nX-A:b\r\nEND:X-"
        "OTHER\r\n";
    okapi_message_t *message = message_of(m, "", body, pool);
    const char *text = text_of(message, 0, pool);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ok(has_line(text, lines[i], pool), "is kept: %s", lines[i]);
    ok(has_line(text, "BEGIN:X-OTHER", pool), "a component that nobody knows too");
    ok(!strstr(text, "X-MICROSOFT-CDO-BUSYSTATUS"), "nothing is added");

    const okapi_propval_t subject = okapi_propval_str(PR_SUBJECT, "Neu");
    mailbox_must(okapi_object_set(okapi_message_object(message), &subject, 1, pool), "set");
    text = text_of(message, 0, pool);
    ok(has_line(text, "SUMMARY:Neu", pool) && !strstr(text, "Alt"), "what a client changed counts");
    ok(has_line(text, "LOCATION;ALTREP=\"cid:1\":Here", pool), "the rest is as it was");
}

/* ---- broken ones ---- */

static void test_broken(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const broken[][2] = {
        {"", "there is no VCALENDAR"},
        {"Hello\r\n", "there is no VCALENDAR"},
        {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "line 2: VEVENT has no end"},
        {"BEGIN:VCALENDAR\r\nEND:VEVENT\r\n", "line 2: END:VEVENT inside of VCALENDAR"},
        {"END:VCALENDAR\r\n", "line 1: END:VCALENDAR without BEGIN"},
        {"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nEND:VCALENDAR\r\n",
         "this is vCalendar 1.0, not iCalendar"}};
    okapi_ical_t *ical;
    const char *why;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        okapi_binary_t bytes = {(const unsigned char *)broken[i][0], strlen(broken[i][0])};
        is_int(okapi_ical_parse(&ical, &why, bytes, pool), OKAPI_EFORMAT, "refused");
        is_str(why, broken[i][1], "because");
    }
    char *deep = apr_pcalloc(pool, 100000 * 9 + 1);
    for (int i = 0; i < 100000; i++)
        memcpy(deep + 9 * i, "BEGIN:A\r\n", 9);
    okapi_binary_t bytes = {(const unsigned char *)deep, strlen(deep)};
    is_int(okapi_ical_parse(&ical, &why, bytes, pool), OKAPI_ETOOCOMPLEX, "nested without end");
    is_str(why, "line 9: components are nested deeper than 8", "because");

    okapi_message_t *message;
    ical = parse("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:soon\r\nEND:VEVENT\r\n"
                 "END:VCALENDAR\r\n",
                 pool);
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    is_int(okapi_ical_to_message(message, &why, ical, 0, NULL, pool, pool), OKAPI_EFORMAT,
           "an event that doesn't start");
    is_str(why, "DTSTART can't be understood: soon", "because");
}

int main(void)
{
    static mailbox_t mailbox;
    apr_pool_t *pool = tap_pool();
    mailbox_create(&mailbox, pool);
    mailbox_open(&mailbox, pool);
    test_values(&mailbox, pool);
    test_series(&mailbox, pool);
    test_inexpressible(&mailbox, pool);
    test_zones(&mailbox, pool);
    test_meeting(&mailbox, pool);
    test_uid(pool);
    test_kinds(&mailbox, pool);
    test_task_series(&mailbox, pool);
    test_words(&mailbox, pool);
    test_files(&mailbox, pool);
    test_alarms(&mailbox, pool);
    test_kept(&mailbox, pool);
    test_broken(&mailbox, pool);
    return done_testing();
}
