/* meeting.h - meetings: what requests, answers and cancellations do to calendars (MS-OXOCAL
 * 3.1.4.7, RFC 5546), for every protocol alike.
 *
 * The table of what arrives, what is there and what happens is in docs/dev/meetings.md.
 */
#ifndef OKAPI_MEETING_H
#define OKAPI_MEETING_H

#include <okapi/followup.h>

/* What follows from a message of IPM.Schedule.Meeting.* that arrives, in the calendar of the
 * mailbox: an okapi_follow_t, whose baton is NULL. Everything else passes. What can't be
 * understood is left to people and is no reason to refuse mail. */
apr_status_t okapi_meeting_follow(okapi_followup_t *followup, okapi_message_t *message, void *baton,
                                  apr_pool_t *scratch_pool);

/* ---- for those who write ---- */

/* PidLidResponseStatus, PR_RECIPIENT_TRACKSTATUS */
typedef enum okapi_meeting_answer_e {
    OKAPI_MEETING_NONE = 0,
    OKAPI_MEETING_ORGANIZED = 1,
    OKAPI_MEETING_TENTATIVE = 2,
    OKAPI_MEETING_ACCEPTED = 3,
    OKAPI_MEETING_DECLINED = 4,
    OKAPI_MEETING_NOT_RESPONDED = 5
} okapi_meeting_answer_e;

typedef struct okapi_meeting_reply_t {
    okapi_meeting_answer_e answer; /* TENTATIVE, ACCEPTED or DECLINED */
    const char *text;              /* for the organizer; NULL: none */
    okapi_time_t start, end;       /* another time is proposed; 0: none. TENTATIVE or DECLINED */
    int is_silent;                 /* the organizer isn't told */
} okapi_meeting_reply_t;

/* Answers MESSAGE, an appointment of somebody else's meeting or the request for it, in a store
 * opened for its owner: the appointment in the calendar says so, or is gone to Deleted Items if
 * it was declined, and the answer is queued; in one durable commit. OKAPI_EINVAL for what isn't
 * one, OKAPI_EOBJECTMODIFIED: open it again. */
apr_status_t okapi_meeting_respond(okapi_message_t *message, const okapi_meeting_reply_t *reply,
                                   apr_pool_t *scratch_pool);

/* Saves ITEM, an appointment of the owner's with all pending changes, as his meeting, and invites
 * its recipients. IS_UPDATE says that they were before: whoever has it then gets what has
 * changed, and has to answer anew if NEEDS_ANSWER, as they have when the time is another.
 * OKAPI_EINVAL without recipients. */
apr_status_t okapi_meeting_request(okapi_message_t *item, int is_update, int needs_answer,
                                   apr_pool_t *scratch_pool);

/* Calls the meeting off, or its instance that the series has at INSTANCE (0: all of it), and tells
 * the recipients. TEXT may be NULL. */
apr_status_t okapi_meeting_cancel(okapi_message_t *item, okapi_time_t instance, const char *text,
                                  apr_pool_t *scratch_pool);

#endif
