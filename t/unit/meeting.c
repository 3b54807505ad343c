/* meeting.c - what requests, answers and cancellations do to the calendar they come for: each cell
 * of the table in docs/dev/meetings.md. */
#include <okapi/calendar.h>
#include <okapi/ical.h>
#include <okapi/meeting.h>
#include <okapi/mime.h>
#include <okapi/queue.h>
#include <okapi/receive.h>
#include <okapi/recurrence.h>
#include <okapi/table.h>
#include <okapi/transfer.h>

#include "ical_item.h"
#include "mailbox.h"

typedef struct fixture_t {
    mailbox_t m;
    okapi__cal_t *cal;
    okapi_store_t *store; /* where mail comes */
    apr_pool_t *pool;
} fixture_t;

/* ---- mail ---- */

/* A mail from FROM with the event of LINES in it, as METHOD. */
static const char *mail_of(fixture_t *f, const char *from, const char *method, const char *lines)
{
    return apr_psprintf(
        f->pool,
        "From: %s\r\nTo: john@example.org\r\nSubject: Invitation: %s\r\nMIME-Version: 1.0\r\n"
        "Message-ID: <%s@example.net>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nPlease come.\r\n"
        "--b\r\nContent-Type: text/calendar; charset=UTF-8; method=%s\r\n\r\n"
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nMETHOD:%s\r\n"
        "BEGIN:VEVENT\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n\r\n--b--\r\n",
        from, method, method, method, method, lines);
}

static apr_status_t receive(fixture_t *f, const char *text)
{
    const okapi_envelope_t envelope = {0};
    okapi_binary_t raw = {(const unsigned char *)text, strlen(text)};
    return okapi_receive(f->store, raw, &envelope, f->pool);
}

#define HEAD(uid, sequence, stamp)                                                                 \
    "UID:" uid "\r\nSEQUENCE:" #sequence "\r\nDTSTAMP:" stamp "\r\nSUMMARY:Plans\r\n"
#define AT(start, end) "DTSTART:" start "\r\nDTEND:" end "\r\n"
#define TEN            AT("20310106T100000Z", "20310106T110000Z")
#define MARY           "ORGANIZER;CN=Mary:mailto:mary@example.net\r\n"
#define INVITED                                                                                    \
    "ATTENDEE;CN=John;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:john@example.org\r\n"                 \
    "ATTENDEE;CN=Ann;ROLE=OPT-PARTICIPANT:mailto:ann@example.net\r\n"

static void from_mary(fixture_t *f, const char *method, const char *lines)
{
    mailbox_must(receive(f, mail_of(f, "Mary <mary@example.net>", method,
                                    apr_pstrcat(f->pool, lines, MARY, INVITED, NULL))),
                 "receive");
}

/* ---- what is there ---- */

static okapi_binary_t goid_of(fixture_t *f, const char *uid)
{
    return okapi__uid_to_goid(uid, 0, 0, f->pool);
}

/* How many are in the calendar; *MESSAGE is the first. */
static int find(fixture_t *f, const char *uid, okapi_message_t **message)
{
    apr_array_header_t *hits;
    int n = 0;
    *message = NULL;
    mailbox_must(okapi_calendar_find(&hits, f->store, goid_of(f, uid), f->pool, f->pool), "find");
    for (int i = 0; i < hits->nelts; i++) {
        const okapi_calendar_hit_t *hit = &APR_ARRAY_IDX(hits, i, okapi_calendar_hit_t);
        if (hit->folder_id == okapi_store_special(f->store, OKAPI_FOLDER_CALENDAR) &&
            !hit->is_deleted && n++ == 0)
            mailbox_must(okapi_message_open(message, f->store, 0, hit->id, f->pool, f->pool),
                         "open");
    }
    return n;
}

static okapi_message_t *item_of(fixture_t *f, const char *uid)
{
    okapi_message_t *message;
    if (find(f, uid, &message) != 1)
        mailbox_must(OKAPI_ENOTFOUND, apr_pstrcat(f->pool, "one appointment ", uid, NULL));
    return message;
}

static okapi_propval_t get(fixture_t *f, okapi_message_t *message, okapi_proptag_t tag)
{
    okapi_propval_t value;
    mailbox_must(
        okapi_object_get(okapi_message_object(message), &tag, 1, 0, &value, f->pool, f->pool),
        "get");
    return value;
}

#define NAMED(f, message, symbol) get(f, message, (f)->cal->tags[OKAPI__CAL_##symbol])
#define INT(f, message, symbol)   NAMED(f, message, symbol).v.i32

/* The newest message of a folder. */
static okapi_message_t *newest(fixture_t *f, okapi_special_e which)
{
    const okapi_proptag_t column = PR_MID;
    okapi_sort_key_t key = {PR_CREATION_TIME, TABLE_SORT_DESCEND};
    const okapi_sort_t sort = {1, 0, 0, &key};
    okapi_folder_t *folder;
    okapi_table_t *table;
    okapi_message_t *message;
    apr_array_header_t *rows;
    apr_uint32_t n;
    mailbox_must(okapi_folder_open(&folder, f->store, okapi_store_special(f->store, which), f->pool,
                                   f->pool),
                 "folder");
    mailbox_must(okapi_table_contents(&table, &n, folder, 0, f->pool, f->pool), "table");
    okapi_table_set_columns(table, &column, 1);
    okapi_table_sort(table, &sort);
    mailbox_must(okapi_table_rows(table, 1, 0, 0, &rows, f->pool, f->pool), "rows");
    mailbox_must(rows->nelts ? APR_SUCCESS : OKAPI_ENOTFOUND, "a message");
    mailbox_must(okapi_message_open(&message, f->store, 0, APR_ARRAY_IDX(rows, 0, okapi_row_t).id,
                                    f->pool, f->pool),
                 "open");
    return message;
}

static okapi_message_t *mail(fixture_t *f)
{
    return newest(f, OKAPI_FOLDER_INBOX);
}

/* The last entry of the queue, and its message; "" if there is none. */
static const char *queued(fixture_t *f, okapi_message_t **message)
{
    apr_array_header_t *entries;
    mailbox_must(okapi_queue_list(&entries, f->m.okapi, 0, 100, f->pool, f->pool), "queue");
    *message = NULL;
    if (entries->nelts == 0)
        return "";
    okapi_queue_entry_t *e = &APR_ARRAY_IDX(entries, entries->nelts - 1, okapi_queue_entry_t);
    mailbox_must(okapi_message_open(message, f->store, 0, e->message_id, f->pool, f->pool),
                 "queued");
    mailbox_must(okapi_queue_remove(f->m.okapi, e->id, f->pool), "remove");
    return APR_ARRAY_IDX(e->recipients, 0, okapi_queue_recipient_t).address;
}

static const char *text_of(fixture_t *f, okapi_message_t *message)
{
    okapi_binary_t text;
    mailbox_must(okapi_ical_from_messages(&text, &message, 1, 0, f->pool, f->pool), "iCalendar");
    return apr_pstrmemdup(f->pool, (const char *)text.data, text.len);
}

static okapi_props_t *row_of(okapi_message_t *message, const char *address)
{
    for (int i = 0; i < okapi_message_recipient_count(message); i++) {
        const okapi_recipient_t *r = okapi_message_recipient(message, i);
        if (strcmp(okapi_props_str(r->props, PR_SMTP_ADDRESS, ""), address) == 0)
            return r->props;
    }
    return NULL;
}

static int track(okapi_message_t *message, const char *address)
{
    okapi_props_t *row = row_of(message, address);
    return row ? (int)okapi_props_int(row, PR_RECIPIENT_TRACKSTATUS, -1) : -2;
}

static apr_array_header_t *instances(fixture_t *f, okapi_message_t *message)
{
    apr_array_header_t *all;
    okapi_time_t from = okapi_time_from_apr(apr_time_from_sec(1924992000)); /* 2031 */
    mailbox_must(okapi_message_instances(&all, message, from,
                                         from + (okapi_time_t)400 * 86400 * 10000000, 1000, f->pool,
                                         f->pool),
                 "instances");
    return all;
}

static const char *utc(fixture_t *f, okapi_time_t t)
{
    apr_time_exp_t x;
    apr_time_exp_gmt(&x, okapi_time_to_apr(t));
    return apr_psprintf(f->pool, "%04d%02d%02dT%02d%02d%02dZ", x.tm_year + 1900, x.tm_mon + 1,
                        x.tm_mday, x.tm_hour, x.tm_min, x.tm_sec);
}

static void remove_item(fixture_t *f, okapi_message_t *item)
{
    okapi_folder_t *from, *to;
    okapi_id_t id = okapi_message_id(item);
    int partial;
    mailbox_must(
        okapi_folder_open(&from, f->store, okapi_message_folder_id(item), f->pool, f->pool),
        "from");
    mailbox_must(okapi_folder_open(&to, f->store,
                                   okapi_store_special(f->store, OKAPI_FOLDER_DELETED), f->pool,
                                   f->pool),
                 "to");
    mailbox_must(okapi_messages_move(from, to, &id, 1, NULL, &partial, f->pool), "move");
}

/* ---- an attendee's ---- */

static void test_request(fixture_t *f)
{
    okapi_message_t *item;
    from_mary(f, "REQUEST", HEAD("new", 0, "20300101T100000Z") "LOCATION:Room 1\r\n" TEN);
    item = item_of(f, "new");
    is_str(get(f, mail(f), PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Request", "a request");
    is_str(get(f, mail(f), PR_SUBJECT).v.str, "Invitation: REQUEST", "with the mail's subject");
    is_str(get(f, mail(f), PR_BODY).v.str, "Please come.", "and text");
    is_int(okapi_message_attachment_count(mail(f)), 0, "and no attachment");
    is_int(INT(f, mail(f), MEETING_TYPE), 1, "of the first kind");
    is_int(get(f, mail(f), PR_PROCESSED).v.boolean, 1, "which is processed");
    is_str(get(f, item, PR_MESSAGE_CLASS).v.str, "IPM.Appointment", "an appointment");
    is_str(get(f, item, PR_SUBJECT).v.str, "Plans", "with the meeting's subject");
    is_str(NAMED(f, item, LOCATION).v.str, "Room 1", "place");
    is_str(utc(f, NAMED(f, item, START_WHOLE).v.time), "20310106T100000Z", "and time");
    is_int(INT(f, item, BUSY_STATUS), 1, "is tentative");
    is_int(INT(f, item, INTENDED_BUSY_STATUS), 2, "until it is accepted");
    is_int(INT(f, item, RESPONSE_STATUS), 5, "not answered");
    is_int(INT(f, item, STATE_FLAGS), 3, "a meeting of somebody else's");
    is_int(NAMED(f, item, RECURRING).v.boolean, 0, "no series");
    is_int(NAMED(f, item, REMINDER_SET).v.boolean, 1, "reminds");
    is_str(get(f, item, PR_SENT_REPRESENTING_SMTP_ADDRESS).v.str, "mary@example.net", "of Mary");
    is_int(get(f, item, PR_INTERNET_MESSAGE_ID).tag, OKAPI_PROP_TAG(PT_ERROR, 0x1035), "not mail");
    is_int(okapi_message_recipient_count(item), 3, "three take part");
    is_int(okapi_props_int(okapi_message_recipient(item, 0)->props, PR_RECIPIENT_FLAGS, 0), 3,
           "the organizer first");
    is_int(track(item, "john@example.org"), 5, "John hasn't answered");
    is_int(okapi_message_recipient(item, 2)->type, MAPI_CC, "Ann needn't come");
    ok(strstr(text_of(f, item), "METHOD") == NULL, "METHOD stays with the mail");
    ok(strstr(text_of(f, mail(f)), "SUMMARY:Plans\r\n") != NULL, "which says what it did");
}

static void test_update(fixture_t *f)
{
    okapi_message_t *item, *again;
    from_mary(f, "REQUEST", HEAD("upd", 0, "20300101T100000Z") TEN);
    okapi_id_t id = okapi_message_id(item_of(f, "upd"));
    from_mary(f, "REQUEST", HEAD("upd", 0, "20300101T100000Z") TEN);
    is_int(find(f, "upd", &item), 1, "the same again is the same");

    const okapi_meeting_reply_t yes = {OKAPI_MEETING_ACCEPTED, .is_silent = 1};
    mailbox_must(okapi_meeting_respond(item, &yes, f->pool), "accept");
    from_mary(f, "REQUEST", HEAD("upd", 0, "20300102T100000Z") "LOCATION:Elsewhere\r\n" TEN);
    item = item_of(f, "upd");
    is_int(okapi_message_id(item), id, "an update is made in place");
    is_str(NAMED(f, item, LOCATION).v.str, "Elsewhere", "the place changes");
    is_int(INT(f, item, RESPONSE_STATUS), 3, "who accepted still does");
    is_int(INT(f, mail(f), MEETING_TYPE), 0x20000, "for information");
    is_int(INT(f, mail(f), CHANGE_HIGHLIGHT), 0x8, "of the place");

    from_mary(f, "REQUEST",
              HEAD("upd", 1, "20300103T100000Z") AT("20310107T100000Z", "20310107T120000Z"));
    item = item_of(f, "upd");
    is_str(utc(f, NAMED(f, item, START_WHOLE).v.time), "20310107T100000Z", "another time");
    is_int(INT(f, item, RESPONSE_STATUS), 5, "has to be answered anew");
    is_int(INT(f, item, BUSY_STATUS), 1, "is tentative");
    is_int(INT(f, mail(f), MEETING_TYPE), 0x10000, "a full update");
    is_int(INT(f, mail(f), CHANGE_HIGHLIGHT), 0xB, "of time and place");
    is_int(NAMED(f, item, LOCATION).tag == 0 ||
               OKAPI_PROP_TYPE(NAMED(f, item, LOCATION).tag) == PT_ERROR,
           1, "no place");

    from_mary(f, "REQUEST",
              HEAD("upd", 0, "20300109T100000Z") AT("20310101T100000Z", "20310101T110000Z"));
    again = item_of(f, "upd");
    is_str(utc(f, NAMED(f, again, START_WHOLE).v.time), "20310107T100000Z",
           "an old one changes nothing");
    is_int(INT(f, mail(f), MEETING_TYPE), 0x80000, "and says so");

    mailbox_must(
        receive(f, mail_of(f, "eve@example.com", "REQUEST",
                           HEAD("upd", 9, "20300201T100000Z") AT(
                               "20310101T100000Z",
                               "20310101T110000Z") "ORGANIZER:mailto:eve@example.com\r\n" INVITED)),
        "receive");
    mailbox_must(
        receive(f,
                mail_of(f, "eve@example.com", "CANCEL",
                        HEAD("upd", 9, "20300201T100000Z") "ORGANIZER:mailto:eve@example.com\r\n")),
        "receive");
    again = item_of(f, "upd");
    is_int(INT(f, again, SEQUENCE), 1, "somebody else can't change it");
    is_int(INT(f, again, STATE_FLAGS), 3, "nor call it off");
}

static void test_cancel(fixture_t *f)
{
    okapi_message_t *item;
    from_mary(f, "REQUEST", HEAD("can", 1, "20300101T100000Z") TEN);
    from_mary(f, "CANCEL", HEAD("can", 0, "20300102T100000Z"));
    is_int(INT(f, item_of(f, "can"), STATE_FLAGS), 3, "an old cancellation");
    from_mary(f, "CANCEL", HEAD("can", 1, "20300103T100000Z"));
    item = item_of(f, "can");
    is_str(get(f, mail(f), PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Canceled",
           "a cancellation");
    is_int(INT(f, item, STATE_FLAGS), 7, "is called off");
    is_int(INT(f, item, BUSY_STATUS), 0, "free");
    is_str(get(f, item, PR_SUBJECT).v.str, "Canceled: Plans", "says so");
    is_int(NAMED(f, item, REMINDER_SET).v.boolean, 0, "and is silent");
    from_mary(f, "CANCEL", HEAD("can", 1, "20300103T100000Z"));
    is_str(get(f, item_of(f, "can"), PR_SUBJECT).v.str, "Canceled: Plans", "once");
    from_mary(f, "REQUEST", HEAD("can", 2, "20300104T100000Z") TEN);
    item = item_of(f, "can");
    is_int(INT(f, item, STATE_FLAGS), 3, "it takes place after all");
    is_str(get(f, item, PR_SUBJECT).v.str, "Plans", "as it was");
    from_mary(f, "CANCEL", HEAD("never", 1, "20300103T100000Z"));
    is_int(find(f, "never", &item), 0, "what never was isn't made to be called off");
}

static void test_deleted(fixture_t *f)
{
    okapi_message_t *item;
    from_mary(f, "REQUEST", HEAD("del", 1, "20300101T100000Z") TEN);
    remove_item(f, item_of(f, "del"));
    from_mary(f, "REQUEST", HEAD("del", 1, "20300101T100000Z") TEN);
    is_int(find(f, "del", &item), 0, "what was deleted doesn't come back");
    from_mary(f, "CANCEL", HEAD("del", 2, "20300102T100000Z"));
    is_int(find(f, "del", &item), 0, "nor when it is called off");
    from_mary(f, "REQUEST",
              HEAD("del", 2, "20300103T100000Z") AT("20310108T100000Z", "20310108T110000Z"));
    is_int(find(f, "del", &item), 1, "but when it is another time");
}

static void test_series(fixture_t *f)
{
    okapi_message_t *item;
    from_mary(f, "REQUEST", HEAD("ser", 0, "20300101T100000Z") "RRULE:FREQ=DAILY;COUNT=5\r\n" TEN);
    item = item_of(f, "ser");
    is_int(NAMED(f, item, RECURRING).v.boolean, 1, "a series");
    is_int(instances(f, item)->nelts, 5, "of five");

    from_mary(f, "REQUEST",
              HEAD("ser", 0, "20300102T100000Z") "RECURRENCE-ID:20310107T100000Z\r\n" AT(
                  "20310107T150000Z", "20310107T160000Z"));
    item = item_of(f, "ser");
    apr_array_header_t *all = instances(f, item);
    is_int(all->nelts, 5, "one of which is otherwise");
    is_str(utc(f, APR_ARRAY_IDX(all, 1, okapi_instance_t).start), "20310107T150000Z", "later");
    is_int(okapi_message_attachment_count(item), 1, "with a message of its own");
    from_mary(f, "REQUEST",
              HEAD("ser", 0, "20300101T110000Z") "RECURRENCE-ID:20310107T100000Z\r\n" AT(
                  "20310107T180000Z", "20310107T190000Z"));
    is_int(INT(f, mail(f), MEETING_TYPE), 0x80000, "an old one is out of date");
    from_mary(f, "REQUEST",
              HEAD("ser", 0, "20300103T100000Z") "RECURRENCE-ID:20310107T100000Z\r\n" AT(
                  "20310107T170000Z", "20310107T180000Z"));
    item = item_of(f, "ser");
    all = instances(f, item);
    is_str(utc(f, APR_ARRAY_IDX(all, 1, okapi_instance_t).start), "20310107T170000Z",
           "still later");
    is_int(okapi_message_attachment_count(item), 1, "in the same message");

    from_mary(f, "CANCEL", HEAD("ser", 1, "20300104T100000Z") "RECURRENCE-ID:20310109T100000Z\r\n");
    item = item_of(f, "ser");
    const char *text = text_of(f, item);
    ok(strstr(text, "SUMMARY:Canceled: Plans") != NULL, "one is called off");
    is_int(INT(f, item, STATE_FLAGS), 3, "but not the others");
    from_mary(f, "CANCEL", HEAD("ser", 1, "20300104T100000Z") "RECURRENCE-ID:20310309T100000Z\r\n");
    is_int(instances(f, item_of(f, "ser"))->nelts, 5, "what is no instance isn't made one");

    from_mary(f, "REQUEST",
              HEAD("ser", 0, "20300105T100000Z") "RRULE:FREQ=DAILY;COUNT=5\r\nLOCATION:X\r\n" TEN);
    all = instances(f, item_of(f, "ser"));
    is_str(utc(f, APR_ARRAY_IDX(all, 1, okapi_instance_t).start), "20310107T170000Z",
           "another place for all leaves the times");

    from_mary(f, "REQUEST",
              HEAD("lone", 0, "20300101T100000Z") "RECURRENCE-ID:20310107T100000Z\r\n" AT(
                  "20310107T150000Z", "20310107T160000Z"));
    item = item_of(f, "lone");
    is_int(NAMED(f, item, RECURRING).v.boolean, 0, "an instance alone is an appointment");
    from_mary(f, "CANCEL",
              HEAD("lone", 1, "20300104T100000Z") "RECURRENCE-ID:20310107T100000Z\r\n");
    is_int(INT(f, item_of(f, "lone"), STATE_FLAGS), 7, "that can be called off");
}

static void test_answer(fixture_t *f)
{
    okapi_message_t *sent, *item;
    from_mary(f, "REQUEST", HEAD("ans", 3, "20300101T100000Z") TEN);
    const okapi_meeting_reply_t yes = {OKAPI_MEETING_ACCEPTED, "Gladly."};
    mailbox_must(okapi_meeting_respond(mail(f), &yes, f->pool), "accept the request");
    is_str(queued(f, &sent), "mary@example.net", "Mary is told");
    is_str(get(f, sent, PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Resp.Pos", "yes");
    is_str(get(f, sent, PR_SUBJECT).v.str, "Accepted: Plans", "in the subject, too");
    is_str(get(f, sent, PR_BODY).v.str, "Gladly.", "with the text");
    const char *text = text_of(f, sent);
    ok(strstr(text, "METHOD:REPLY") && strstr(text, "PARTSTAT=ACCEPTED:mailto:john@example.org") &&
           strstr(text, "UID:ans\r\n") && strstr(text, "SEQUENCE:3"),
       "as iCalendar");
    item = item_of(f, "ans");
    is_int(INT(f, item, RESPONSE_STATUS), 3, "the calendar has it");
    is_int(INT(f, item, BUSY_STATUS), 2, "as busy");

    const okapi_meeting_reply_t other = {OKAPI_MEETING_TENTATIVE, NULL,
                                         NAMED(f, item, START_WHOLE).v.time + 36000000000,
                                         NAMED(f, item, END_WHOLE).v.time + 36000000000};
    mailbox_must(okapi_meeting_respond(item, &other, f->pool), "propose another time");
    queued(f, &sent);
    is_int(NAMED(f, sent, COUNTER_PROPOSAL).v.boolean, 1, "a proposal");
    is_str(utc(f, NAMED(f, sent, PROPOSED_START).v.time), "20310106T110000Z", "an hour later");

    const okapi_meeting_reply_t no = {OKAPI_MEETING_DECLINED};
    mailbox_must(okapi_meeting_respond(item_of(f, "ans"), &no, f->pool), "decline");
    queued(f, &sent);
    is_str(get(f, sent, PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Resp.Neg", "no");
    is_int(find(f, "ans", &item), 0, "takes it out of the calendar");
    is_int(
        okapi_meeting_respond(mail(f), &(okapi_meeting_reply_t){OKAPI_MEETING_ORGANIZED}, f->pool),
        OKAPI_EINVAL, "what is no answer");
}

/* ---- the organizer's ---- */

static okapi_message_t *create_item(fixture_t *f, const char *uid, const char *lines)
{
    okapi_message_t *message;
    okapi_ical_t *ical;
    const char *why;
    const char *text =
        apr_pstrcat(f->pool, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:", uid,
                    "\r\nSUMMARY:Mine\r\nSEQUENCE:1\r\nORGANIZER:mailto:john@example.org\r\n"
                    "ATTENDEE:mailto:ann@example.net\r\nATTENDEE:mailto:jane@example.org\r\n",
                    lines, "END:VEVENT\r\nEND:VCALENDAR\r\n", NULL);
    okapi_binary_t bytes = {(const unsigned char *)text, strlen(text)};
    mailbox_must(okapi_ical_parse(&ical, &why, bytes, f->pool), "parse");
    mailbox_must(okapi_message_create(&message, f->store,
                                      okapi_store_special(f->store, OKAPI_FOLDER_CALENDAR), 0,
                                      f->pool, f->pool),
                 "create");
    mailbox_must(okapi_ical_to_message(message, &why, ical, 0, NULL, f->pool, f->pool), "fill");
    mailbox_must(okapi_meeting_request(message, 0, 0, f->pool), "request");
    return message;
}

#define JOHN "ORGANIZER:mailto:john@example.org\r\n"

static void reply(fixture_t *f, const char *from, const char *method, const char *lines)
{
    mailbox_must(receive(f, mail_of(f, from, method, apr_pstrcat(f->pool, lines, JOHN, NULL))),
                 "receive");
}

static void test_responses(fixture_t *f)
{
    okapi_message_t *sent;
    create_item(f, "own", TEN);
    is_str(queued(f, &sent), "ann@example.net", "Ann is invited");
    is_str(get(f, sent, PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Request", "by a request");
    ok(strstr(text_of(f, sent), "ORGANIZER") && strstr(text_of(f, sent), "RSVP=TRUE"), "that asks");
    is_int(INT(f, item_of(f, "own"), RESPONSE_STATUS), 1, "John organizes");
    is_int(INT(f, item_of(f, "own"), STATE_FLAGS), 1, "his own meeting");

    reply(
        f, "ann@example.net", "REPLY",
        HEAD("own", 1, "20300102T100000Z") "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Ann@example.net\r\n");
    is_str(get(f, mail(f), PR_MESSAGE_CLASS).v.str, "IPM.Schedule.Meeting.Resp.Pos", "an answer");
    is_int(track(item_of(f, "own"), "ann@example.net"), 3, "Ann comes");
    is_str(utc(f, okapi_props_int(row_of(item_of(f, "own"), "ann@example.net"),
                                  PR_RECIPIENT_TRACKSTATUS_TIME, 0)),
           "20300102T100000Z", "as she said then");
    reply(
        f, "ann@example.net", "REPLY",
        HEAD("own", 1, "20300101T100000Z") "ATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.net\r\n");
    is_int(track(item_of(f, "own"), "ann@example.net"), 3, "what she said before doesn't count");
    reply(
        f, "ann@example.net", "REPLY",
        HEAD("own", 0, "20300105T100000Z") "ATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.net\r\n");
    is_int(track(item_of(f, "own"), "ann@example.net"), 3, "nor of an older version");
    reply(f, "secretary@example.org", "REPLY",
          HEAD("own", 1,
               "20300103T100000Z") "ATTENDEE;PARTSTAT=DECLINED:mailto:jane.doe@example.org\r\n");
    is_int(track(item_of(f, "own"), "jane@example.org"), 4, "Jane's secretary, by another address");
    reply(f, "bob@example.com", "REPLY",
          HEAD("own", 1,
               "20300103T100000Z") "ATTENDEE;CN=Bob;PARTSTAT=TENTATIVE:mailto:bob@example.com\r\n");
    is_int(track(item_of(f, "own"), "bob@example.com"), 2, "somebody else may come");
    is_int(okapi_props_int(row_of(item_of(f, "own"), "bob@example.com"), PR_RECIPIENT_TYPE, 0),
           MAPI_CC, "who needn't");
    reply(f, "ann@example.net", "COUNTER",
          HEAD("own", 1, "20300104T100000Z")
              AT("20310108T100000Z",
                 "20310108T110000Z") "ATTENDEE;PARTSTAT=TENTATIVE:mailto:ann@example.net\r\n");
    okapi_message_t *item = item_of(f, "own");
    is_int(NAMED(f, item, COUNTER_PROPOSAL).v.boolean, 1, "a proposal");
    is_int(INT(f, item, PROPOSAL_NUMBER), 1, "is one");
    is_str(
        utc(f, okapi_props_int(row_of(item, "ann@example.net"), PR_RECIPIENT_PROPOSEDSTARTTIME, 0)),
        "20310108T100000Z", "for another day");
    is_str(utc(f, NAMED(f, item, START_WHOLE).v.time), "20310106T100000Z", "it isn't then yet");
    reply(f, "ann@example.net", "REPLY",
          HEAD("nobodys", 1,
               "20300102T100000Z") "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.net\r\n");
    is_int(find(f, "nobodys", &item), 0, "an answer to nothing");

    item = item_of(f, "own");
    mailbox_must(okapi_meeting_request(item, 1, 1, f->pool), "update");
    is_int(INT(f, item_of(f, "own"), SEQUENCE), 2, "another version");
    is_int(track(item_of(f, "own"), "ann@example.net"), 0, "has other answers");
    queued(f, &sent);
    is_int(INT(f, sent, MEETING_TYPE), 0x10000, "a full update");
    mailbox_must(okapi_meeting_request(item_of(f, "own"), 1, 0, f->pool), "update");
    is_int(INT(f, item_of(f, "own"), SEQUENCE), 2, "for information: the same version");
    queued(f, &sent);
    mailbox_must(okapi_meeting_cancel(item_of(f, "own"), 0, "Sorry", f->pool), "cancel");
    queued(f, &sent);
    ok(strstr(text_of(f, sent), "METHOD:CANCEL") != NULL, "called off");
    is_int(INT(f, item_of(f, "own"), STATE_FLAGS), 5, "here as well");
}

static void test_series_responses(fixture_t *f)
{
    okapi_message_t *sent, *item;
    create_item(f, "owns", "RRULE:FREQ=DAILY;COUNT=5\r\n" TEN);
    queued(f, &sent);
    reply(f, "ann@example.net", "REPLY",
          HEAD("owns", 1, "20300102T100000Z") "RECURRENCE-ID:20310107T100000Z\r\nATTENDEE;PARTSTAT="
                                              "DECLINED:mailto:ann@example.net\r\n");
    item = item_of(f, "owns");
    is_int(track(item, "ann@example.net"), 5, "not of the series");
    is_int(okapi_message_attachment_count(item), 1, "but of the instance");
    okapi_attachment_t *attachment;
    okapi_message_t *embedded;
    mailbox_must(
        okapi_attachment_open(&attachment, item, okapi_message_attachment_num(item, 0), f->pool),
        "attachment");
    mailbox_must(okapi_attachment_embedded(&embedded, attachment, f->pool), "embedded");
    is_int(track(embedded, "ann@example.net"), 4, "she is away");
    is_int(track(embedded, "jane@example.org"), 5, "the others aren't asked");
    is_int(instances(f, item)->nelts, 5, "which takes place");
    apr_array_header_t *all = instances(f, item);
    mailbox_must(
        okapi_meeting_cancel(item, APR_ARRAY_IDX(all, 3, okapi_instance_t).original, NULL, f->pool),
        "cancel one");
    queued(f, &sent);
    ok(strstr(text_of(f, sent), "RECURRENCE-ID:20310109T100000Z") != NULL, "one is called off");
    ok(strstr(text_of(f, sent), "UID:owns\r\n") != NULL, "of this series");
    is_int(instances(f, item_of(f, "owns"))->nelts, 4, "and gone");
}

static void test_own(fixture_t *f)
{
    okapi_message_t *item, *sent;
    mailbox_must(receive(f, mail_of(f, "john@example.org", "REQUEST",
                                    HEAD("self", 0, "20300101T100000Z") JOHN INVITED TEN)),
                 "receive");
    is_int(find(f, "self", &item), 0, "one's own request makes no second item");
    create_item(f, "mine", TEN);
    queued(f, &sent);
    mailbox_must(receive(f, mail_of(f, "mary@example.net", "REQUEST",
                                    HEAD("mine", 9, "20310101T100000Z")
                                        MARY INVITED AT("20310206T100000Z", "20310206T110000Z"))),
                 "receive");
    is_int(INT(f, item_of(f, "mine"), RESPONSE_STATUS), 1, "nor does anybody take it over");
}

/* ---- mail that stays mail ---- */

static void test_mail(fixture_t *f)
{
    static const char *const texts[] = {
        "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n",
        "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:m1\r\n"
        "DTSTART:20310106T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n"
        "UID:m1\r\nDTSTART:20310106T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
        "DTSTART:20310106T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
        "UID:m1\r\nDTSTART:whenever\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n"
        "UID:m1\r\nATTENDEE;PARTSTAT=DELEGATED:mailto:a@b.c\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "Content-Type: text/calendar\r\n\r\nnothing of the kind\r\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        mailbox_must(
            receive(f, apr_pstrcat(f->pool, "From: a@b.c\r\nSubject: S\r\n", texts[i], NULL)),
            "receive");
        is_str(get(f, mail(f), PR_MESSAGE_CLASS).v.str, "IPM.Note", "mail stays mail");
        is_int(okapi_message_attachment_count(mail(f)), 1, "with its file");
    }
    const char *part =
        strstr(mail_of(f, "a@b.c", "REQUEST", HEAD("m1", 0, "20300101T100000Z") MARY TEN),
               "--b\r\nContent-Type: text/calendar");
    const char *body = apr_pstrmemdup(f->pool, part, (apr_size_t)(strstr(part, "--b--") - part));
    mailbox_must(receive(f, apr_pstrcat(f->pool,
                                        "Subject: S\r\nContent-Type: multipart/mixed; "
                                        "boundary=b\r\n\r\n",
                                        body, body, "--b--\r\n", NULL)),
                 "receive");
    is_int(okapi_message_attachment_count(mail(f)), 2, "two of them are files");
}

/* ---- rooms ---- */

static okapi_store_t *open_user(fixture_t *f, const char *name, apr_uint32_t flags)
{
    okapi_user_t *user;
    okapi_store_t *store;
    const okapi_user_t new = {.name = name,
                              .email = apr_pstrcat(f->pool, name, "@example.org", NULL),
                              .fullname = name,
                              .flags = flags};
    mailbox_must(okapi_user_add(f->m.okapi, &new, NULL, f->pool), "add");
    mailbox_must(okapi_user_by_login(&user, f->m.okapi, name, f->pool, f->pool), "user");
    mailbox_must(okapi_store_open(&store, f->m.okapi, user, user, f->pool, f->pool), "store");
    return store;
}

/* Books the room for HOURS from DAY, HOUR on. */
static const char *book(fixture_t *f, const char *uid, int day, int hour, const char *rule,
                        okapi_message_t **sent)
{
    okapi_time_t t =
        okapi_time_now() / 864000000000 * 864000000000 + day * 864000000000 + hour * 36000000000;
    mailbox_must(receive(f, mail_of(f, "mary@example.net", "REQUEST",
                                    apr_psprintf(f->pool,
                                                 "UID:%s\r\nDTSTAMP:20300101T100000Z\r\n%s"
                                                 "DTSTART:%s\r\nDTEND:%s\r\n" MARY INVITED,
                                                 uid, rule, utc(f, t), utc(f, t + 36000000000)))),
                 "receive");
    queued(f, sent);
    return *sent ? get(f, *sent, PR_MESSAGE_CLASS).v.str + strlen("IPM.Schedule.Meeting.Resp.")
                 : "";
}

static void test_room(fixture_t *f)
{
    okapi_message_t *sent, *item;
    f->store =
        open_user(f, "room", OKAPI_USER_ROOM | OKAPI_USER_ANSWERS | OKAPI_USER_DECLINE_CONFLICTS);
    is_str(book(f, "r1", 3, 10, "", &sent), "Pos", "a room that is free accepts");
    ok(strstr(text_of(f, sent), "PARTSTAT=ACCEPTED:mailto:room@example.org") != NULL, "by itself");
    is_int(INT(f, item_of(f, "r1"), BUSY_STATUS), 2, "and is busy then");
    is_int(INT(f, item_of(f, "r1"), RESPONSE_STATUS), 3, "as accepted");
    is_str(get(f, newest(f, OKAPI_FOLDER_DELETED), PR_MESSAGE_CLASS).v.str,
           "IPM.Schedule.Meeting.Request", "the request needs nobody");
    is_str(book(f, "r2", 3, 10, "", &sent), "Neg", "it can't be twice");
    is_int(find(f, "r2", &item), 0, "and doesn't stand there");
    is_str(book(f, "r3", 3, 11, "", &sent), "Pos", "but after that");
    is_str(book(f, "r1", 3, 10, "", &sent), "", "the same again isn't answered twice");
    is_str(book(f, "r1", 3, 9, "SEQUENCE:1\r\n", &sent), "Pos", "its own time is no conflict");
    is_str(book(f, "r4", 1, 11, "RRULE:FREQ=DAILY;COUNT=10\r\n", &sent), "Neg", "a series over it");
    is_str(book(f, "r5", 1, 14, "RRULE:FREQ=DAILY;COUNT=10\r\n", &sent), "Pos",
           "a series beside it");
    is_str(book(f, "r6", 7, 14, "", &sent), "Neg", "and what is over that");
    is_str(book(f, "r7", 7, 14, "TRANSP:TRANSPARENT\r\n", &sent), "Pos", "that takes no time");
    f->store = open_user(f, "beamer",
                         OKAPI_USER_EQUIPMENT | OKAPI_USER_ANSWERS | OKAPI_USER_DECLINE_RECURRING);
    is_str(book(f, "e1", 1, 14, "RRULE:FREQ=DAILY;COUNT=10\r\n", &sent), "Neg", "not for series");
    is_str(book(f, "e2", 3, 10, "", &sent), "Pos", "once");
    is_str(book(f, "e3", 3, 10, "", &sent), "Pos", "and twice");
    f->store = f->m.store;
}

/* ---- decisions that are overtaken ---- */

static void test_overtaken(fixture_t *f)
{
    okapi_message_t *a, *b;
    okapi_followup_t *followup = okapi_followup_create(f->pool);
    okapi_id_t calendar = okapi_store_special(f->store, OKAPI_FOLDER_CALENDAR);
    mailbox_must(okapi_store_cn(f->store, &followup->decided_at, f->pool), "cn");
    followup->decided_by = calendar;
    mailbox_must(okapi_message_create(&a, f->store, calendar, 0, f->pool, f->pool), "create");
    mailbox_must(okapi_message_create(&b, f->store, calendar, 0, f->pool, f->pool), "create");
    APR_ARRAY_PUSH(followup->saved, okapi_message_t *) = a;
    mailbox_must(okapi_message_save(b, 0, f->pool), "save");
    is_int(okapi_followup_commit(f->store, followup, f->pool), OKAPI_EOBJECTMODIFIED,
           "what was decided by another calendar isn't done");
    mailbox_must(okapi_store_cn(f->store, &followup->decided_at, f->pool), "cn");
    is_int(okapi_followup_commit(f->store, followup, f->pool), APR_SUCCESS, "by this one is");
}

int main(void)
{
    fixture_t f = {0};
    f.pool = tap_pool();
    mailbox_create(&f.m, f.pool);
    f.store = f.m.store;
    okapi_mime_init();
    mailbox_must(okapi__cal_open(&f.cal, f.store, NULL, 1, f.pool, f.pool), "names");
    open_user(&f, "jane", 0);
    okapi_user_t *jane;
    mailbox_must(okapi_user_by_login(&jane, f.m.okapi, "jane", f.pool, f.pool), "jane");
    mailbox_must(okapi_user_add_alias(f.m.okapi, jane, "jane.doe@example.org", f.pool), "alias");
    test_request(&f);
    test_update(&f);
    test_cancel(&f);
    test_deleted(&f);
    test_series(&f);
    test_answer(&f);
    test_responses(&f);
    test_series_responses(&f);
    test_own(&f);
    test_mail(&f);
    test_room(&f);
    test_overtaken(&f);
    return done_testing();
}
