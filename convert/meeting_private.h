/* meeting_private.h - what the steps of processing a meeting share. */
#ifndef OKAPI__MEETING_PRIVATE_H
#define OKAPI__MEETING_PRIVATE_H

#include <okapi/meeting.h>

#include "converter.h"
#include "ical_item.h"

/* PidLidBusyStatus */
enum { OKAPI__BUSY_FREE = 0, OKAPI__BUSY_TENTATIVE = 1, OKAPI__BUSY_BUSY = 2 };

/* PidLidAppointmentStateFlags */
enum { OKAPI__STATE_MEETING = 0x1, OKAPI__STATE_RECEIVED = 0x2, OKAPI__STATE_CANCELED = 0x4 };

/* PidLidMeetingType */
enum {
    OKAPI__MEETING_REQUEST = 0x1,
    OKAPI__MEETING_FULL = 0x10000,
    OKAPI__MEETING_INFORMATIONAL = 0x20000,
    OKAPI__MEETING_OUT_OF_DATE = 0x80000
};

/* PidLidChangeHighlight */
enum {
    OKAPI__CHANGED_START = 0x1,
    OKAPI__CHANGED_END = 0x2,
    OKAPI__CHANGED_RECURRENCE = 0x4,
    OKAPI__CHANGED_LOCATION = 0x8,
    OKAPI__CHANGED_SUBJECT = 0x10,
    OKAPI__CHANGED_BODY = 0x80,
    OKAPI__CHANGED_TIME = OKAPI__CHANGED_START | OKAPI__CHANGED_END | OKAPI__CHANGED_RECURRENCE
};

/* PR_RECIPIENT_FLAGS */
enum { OKAPI__RECIP_SENDABLE = 0x1, OKAPI__RECIP_ORGANIZER = 0x2 };

/* PR_ICON_INDEX */
enum { OKAPI__ICON_MEETING = 1026, OKAPI__ICON_MEETING_SERIES = 1027 };

/* What arrives, and what is there. */
typedef struct okapi__meeting_t {
    okapi_store_t *store;
    okapi__cal_t *cal;
    okapi__mime_t people; /* who was looked up */
    okapi_message_t *mail;
    okapi_props_t *from;        /* the mail's properties */
    okapi_binary_t goid, clean; /* data NULL: it has none */
    okapi_time_t instance;      /* the one it is about; 0: all of it */
    okapi__item_t *item;        /* the calendar's; NULL: there is none */
    int is_deleted;             /* ITEM isn't in the calendar any more */
    okapi_followup_t *followup;
    apr_pool_t *pool;
} okapi__meeting_t;

/* The tag of a named property, which everything here may ask for. */
#define OKAPI__MEETING_TAG(m, symbol) ((m)->cal->tags[OKAPI__CAL_##symbol])
#define OKAPI__MEETING_INT(m, props, symbol, absent)                                               \
    okapi_props_int(props, OKAPI__MEETING_TAG(m, symbol), absent)

static inline okapi_id_t okapi__meeting_calendar(const okapi__meeting_t *m)
{
    return okapi_store_special(m->store, OKAPI_FOLDER_CALENDAR);
}

/* ---- meeting_item.c ---- */

/* Begins with MAIL, or with an appointment. */
apr_status_t okapi__meeting_open(okapi__meeting_t *m, okapi_message_t *mail,
                                 okapi_followup_t *followup, apr_pool_t *pool);

/* Looks for the appointment. */
apr_status_t okapi__meeting_find(okapi__meeting_t *m);

/* The zone and the recurrence of M's item. */
apr_status_t okapi__meeting_load_series(okapi__meeting_t *m);

/* Do both addresses belong to one person? */
apr_status_t okapi__meeting_same_person(int *same, okapi__meeting_t *m, const char *a,
                                        const char *b);
apr_status_t okapi__meeting_is_owner(int *is_owner, okapi__meeting_t *m, const char *address);

/* The address the properties say somebody has in this role. */
extern const okapi__person_tags_t okapi__meeting_sender, okapi__meeting_representing,
    okapi__meeting_recipient;
const char *okapi__meeting_address(const okapi_props_t *props, const okapi__person_tags_t *tags);

/* Sets the properties of a person. */
apr_status_t okapi__meeting_put_person(okapi__meeting_t *m, okapi_props_t *props, const char *name,
                                       const char *address, const okapi__person_tags_t *tags);

/* Is the recipient somebody who attends? Mail is sent to lists, too. */
int okapi__meeting_attends(const okapi__meeting_t *m, const okapi_recipient_t *recipient);

/* Is the mail's version of the meeting newer than PROPS'? <0, 0, >0: MS-OXOCAL 3.1.4.7.1. */
int okapi__meeting_compare(const okapi__meeting_t *m, const okapi_props_t *props);

/* Changes PROPS into MESSAGE's. */
apr_status_t okapi__meeting_put(okapi__meeting_t *m, okapi_message_t *message,
                                const okapi_props_t *props);

/* The properties that are the organizer's to say, from one set into another. */
void okapi__meeting_copy(okapi__meeting_t *m, okapi_props_t *to, const okapi_props_t *from);

/* Which of them differ: OKAPI__CHANGED_*. */
int okapi__meeting_changes(okapi__meeting_t *m, const okapi_props_t *was, const okapi_props_t *is);

/* What an appointment has of the mail but doesn't need is removed; those who attend become its
 * recipients. */
apr_status_t okapi__meeting_adopt(okapi__meeting_t *m, okapi_message_t *item);

/* It will be saved, once. */
void okapi__meeting_save(okapi__meeting_t *m, okapi_message_t *item);

/* ---- meeting_instance.c ---- */

/* An exception of the series M's item. */
typedef struct okapi__exception_t {
    okapi_message_t *message; /* NULL as long as nothing was said of it; embedded in */
    okapi_attachment_t *attachment;
    okapi_props_t *props;
    okapi_minutes_t original; /* on the series' clock */
    int is_new;               /* it was as the series until now */
} okapi__exception_t;

/* The instance of the mail as an exception, made if it isn't one. OKAPI_ENOTFOUND if the series
 * hasn't such an instance, or had one that was deleted, unless REVIVE. */
apr_status_t okapi__meeting_exception(okapi__exception_t **exception, okapi__meeting_t *m,
                                      int revive);

/* Its message, if it hasn't one yet, with the recipients of the series. */
void okapi__meeting_need_message(okapi__meeting_t *m, okapi__exception_t *exception);

/* Writes what the exception's properties say into it and into the series. */
apr_status_t okapi__meeting_put_exception(okapi__meeting_t *m, okapi__exception_t *exception);

/* The series doesn't have the instance any more. */
apr_status_t okapi__meeting_put_deleted(okapi__meeting_t *m, const okapi__exception_t *exception);

/* Writes the item's recurrence. */
apr_status_t okapi__meeting_put_recurrence(okapi__meeting_t *m);

/* ---- meeting_delegate.c ---- */

/* Is the mail for the owner of the mailbox? What its own server has sent to a delegate of somebody
 * says for whom it came; it is marked so. */
apr_status_t okapi__meeting_is_for_owner(int *is_own, okapi__meeting_t *m);

/* ---- meeting_response.c ---- */

apr_status_t okapi__meeting_count_response(okapi__meeting_t *m);

/* ---- meeting_resource.c ---- */

/* Decides for a room or a piece of equipment about the request in ITEM, which isn't saved yet.
 * *ANSWER is OKAPI_MEETING_NONE if people do. */
apr_status_t okapi__meeting_decide(okapi_meeting_answer_e *answer, okapi__meeting_t *m,
                                   okapi_message_t *item);

/* ---- meeting_send.c ---- */

/* Queues the answer to what PROPS say of a meeting. */
apr_status_t okapi__meeting_answer(okapi__meeting_t *m, const okapi_props_t *props,
                                   const okapi_meeting_reply_t *reply);

/* What an answer makes of the appointment's own properties. */
void okapi__meeting_put_answer(okapi__meeting_t *m, okapi_props_t *props,
                               okapi_meeting_answer_e answer);

#endif
