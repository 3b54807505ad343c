/* meeting.c - meetings are processed when their mail arrives: MS-OXOCAL 3.1.4.7, RFC 5546 3.2.
 *
 * What arrives, what is there, what happens: one table, which docs/dev/meetings.md explains. */
#include "meeting_private.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <okapi/error.h>

enum { MINUTE = 600000000, DEFAULT_REMINDER = 15, YEAR_DAYS = 366 };

/* ---- a new appointment ---- */

/* The start of the instance that a reminder is for: the next one. */
static okapi_time_t next_start(okapi__meeting_t *m, okapi_message_t *item)
{
    okapi_time_t now = okapi_time_now(), start = OKAPI__MEETING_INT(m, m->from, START_WHOLE, 0);
    apr_array_header_t *instances;
    if (start > now || !okapi_props_get(m->from, OKAPI__MEETING_TAG(m, RECUR)) ||
        okapi_message_instances(&instances, item, now,
                                now + (okapi_time_t)YEAR_DAYS * 1440 * MINUTE, 1000, m->pool,
                                m->pool) != APR_SUCCESS)
        return start;
    for (int i = 0; i < instances->nelts; i++) {
        const okapi_instance_t *instance = &APR_ARRAY_IDX(instances, i, okapi_instance_t);
        if (instance->start > now)
            return instance->start;
    }
    return start;
}

/* What is over reminds nobody. */
static void put_reminder(okapi__meeting_t *m, okapi_props_t *props, okapi_message_t *item)
{
    okapi_time_t start = next_start(m, item);
    apr_int64_t delta = OKAPI__MEETING_INT(m, m->from, REMINDER_DELTA, DEFAULT_REMINDER);
    if (delta < 0 || delta > 525600) /* MS-OXORMDR 2.2.1.1: by then it is a mistake */
        delta = DEFAULT_REMINDER;
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, REMINDER_SET), start > okapi_time_now());
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, REMINDER_DELTA), (apr_int32_t)delta);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, REMINDER_TIME), start);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, REMINDER_SIGNAL_TIME),
                         start - delta * MINUTE);
}

/* How busy it will make somebody who accepts: MS-OXOCAL 2.2.6.6. */
static int intended(const okapi__meeting_t *m)
{
    return (int)OKAPI__MEETING_INT(m, m->from, INTENDED_BUSY_STATUS,
                                   OKAPI__MEETING_INT(m, m->from, BUSY_STATUS, OKAPI__BUSY_BUSY));
}

/* Nobody has answered yet. */
static void put_unanswered(okapi__meeting_t *m, okapi_props_t *props)
{
    int busy = intended(m);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, INTENDED_BUSY_STATUS), busy);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, BUSY_STATUS),
                        busy == OKAPI__BUSY_FREE ? OKAPI__BUSY_FREE : OKAPI__BUSY_TENTATIVE);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, RESPONSE_STATUS), OKAPI_MEETING_NOT_RESPONDED);
}

/* What the appointment of an attendee always has: MS-OXOCAL 3.1.4.7.2. */
static void put_state(okapi__meeting_t *m, okapi_props_t *props)
{
    enum { SIDE_EFFECTS = 0x171 };
    int recurs = okapi_props_get(m->from, OKAPI__MEETING_TAG(m, RECUR)) != NULL;
    okapi_props_set_str(props, PR_MESSAGE_CLASS, "IPM.Appointment");
    okapi_props_set_i32(props, PR_MESSAGE_FLAGS, MSGFLAG_READ);
    okapi_props_set_i32(props, PR_ICON_INDEX,
                        recurs ? OKAPI__ICON_MEETING_SERIES : OKAPI__ICON_MEETING);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, SIDE_EFFECTS), SIDE_EFFECTS);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, STATE_FLAGS),
                        OKAPI__STATE_MEETING | OKAPI__STATE_RECEIVED);
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, RECURRING), recurs);
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, INVITED), 1);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, ATTENDEE_CRITICAL_CHANGE), okapi_time_now());
}

static apr_status_t mark_mail(okapi__meeting_t *m, int type, int highlight)
{
    const okapi_propval_t values[] = {
        okapi_propval_bool(PR_PROCESSED, 1), /* clients needn't do it again */
        okapi_propval_i32(OKAPI__MEETING_TAG(m, MEETING_TYPE), type),
        okapi_propval_i32(OKAPI__MEETING_TAG(m, CHANGE_HIGHLIGHT), highlight)};
    return okapi_object_set(okapi_message_object(m->mail), values, type ? 3 : 1, m->pool);
}

/* A resource answers at once; its mail needs nobody's attention. */
static apr_status_t let_resource_decide(okapi__meeting_t *m, okapi_message_t *item,
                                        okapi_props_t *props)
{
    okapi_meeting_reply_t reply = {OKAPI_MEETING_NONE};
    apr_status_t status = okapi__meeting_decide(&reply.answer, m, item);
    if (status != APR_SUCCESS || reply.answer == OKAPI_MEETING_NONE)
        return status;
    okapi__meeting_put_answer(m, props, reply.answer);
    m->followup->folder_id = okapi_store_special(m->store, OKAPI_FOLDER_DELETED);
    status = okapi__meeting_put(m, item, props);
    return status == APR_SUCCESS ? okapi__meeting_answer(m, m->from, &reply) : status;
}

static apr_status_t create(okapi__meeting_t *m)
{
    okapi_props_t *props = okapi_props_create(m->pool);
    okapi_message_t *item;
    apr_status_t status = okapi_message_create(&item, m->store, okapi__meeting_calendar(m), 0,
                                               m->followup->pool, m->pool);
    if (status == APR_SUCCESS)
        status = okapi_message_copy(item, m->mail, m->pool);
    if (status == APR_SUCCESS)
        status = okapi__meeting_adopt(m, item);
    if (status != APR_SUCCESS)
        return status;
    okapi__meeting_copy(m, props, m->from);
    okapi_props_unset(props, OKAPI__MEETING_TAG(m, KEPT_CALENDAR)); /* adopted */
    put_state(m, props);
    put_unanswered(m, props);
    put_reminder(m, props, item);
    status = okapi__meeting_put(m, item, props);
    if (status == APR_SUCCESS)
        status = mark_mail(m, OKAPI__MEETING_REQUEST, 0);
    if (status == APR_SUCCESS)
        status = let_resource_decide(m, item, props);
    if (status == APR_SUCCESS &&
        OKAPI__MEETING_INT(m, props, RESPONSE_STATUS, 0) != OKAPI_MEETING_DECLINED)
        okapi__meeting_save(m, item);
    return status;
}

/* ---- a change ---- */

/* What PROPS, of the appointment or of an exception, become by the mail. Another time has to be
 * accepted anew. */
static int take_over(okapi__meeting_t *m, okapi_props_t *props)
{
    int changes = okapi__meeting_changes(m, props, m->from);
    int is_full =
        (changes & OKAPI__CHANGED_TIME) ||
        OKAPI__MEETING_INT(m, m->from, SEQUENCE, 0) > OKAPI__MEETING_INT(m, props, SEQUENCE, 0) ||
        (OKAPI__MEETING_INT(m, props, STATE_FLAGS, 0) & OKAPI__STATE_CANCELED);
    okapi_propval_t blob = {0};
    const okapi_propval_t *old = okapi_props_get(props, OKAPI__MEETING_TAG(m, RECUR));
    if (old && !(changes & OKAPI__CHANGED_TIME))
        blob = *old; /* the same series keeps its exceptions */
    const char *kept = okapi_props_str(props, OKAPI__MEETING_TAG(m, KEPT_CALENDAR), NULL);
    okapi__meeting_copy(m, props, m->from);
    okapi_props_unset(props, OKAPI__MEETING_TAG(m, KEPT_CALENDAR));
    if (kept)
        okapi_props_set_str(props, OKAPI__MEETING_TAG(m, KEPT_CALENDAR), kept);
    if (blob.tag)
        okapi_props_set(props, &blob);
    if (is_full)
        put_unanswered(m, props);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, STATE_FLAGS),
                        OKAPI__STATE_MEETING | OKAPI__STATE_RECEIVED);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, CHANGE_HIGHLIGHT), changes);
    mark_mail(m, is_full ? OKAPI__MEETING_FULL : OKAPI__MEETING_INFORMATIONAL, changes);
    return is_full;
}

static apr_status_t update(okapi__meeting_t *m)
{
    okapi_message_t *item = m->item->message;
    okapi_props_t *props = m->item->props;
    int is_full = take_over(m, props);
    if (is_full) {
        put_state(m, props);
        okapi_props_unset(props, PR_MESSAGE_FLAGS);
        put_reminder(m, props, m->mail);
    }
    apr_status_t status = okapi__meeting_adopt(m, item);
    if (status == APR_SUCCESS)
        status = okapi__meeting_put(m, item, props);
    if (status == APR_SUCCESS && is_full)
        status = let_resource_decide(m, item, props);
    okapi__meeting_save(m, item);
    return status;
}

static apr_status_t update_instance(okapi__meeting_t *m)
{
    okapi__exception_t *exception;
    int is_newer = OKAPI__MEETING_INT(m, m->from, SEQUENCE, 0) >
                   OKAPI__MEETING_INT(m, m->item->props, SEQUENCE, 0);
    apr_status_t status = okapi__meeting_exception(&exception, m, is_newer);
    if (status == OKAPI_ENOTFOUND)
        return mark_mail(m, OKAPI__MEETING_OUT_OF_DATE, 0);
    if (status != APR_SUCCESS)
        return status;
    if (!exception->is_new && okapi__meeting_compare(m, exception->props) <= 0)
        return mark_mail(m, OKAPI__MEETING_OUT_OF_DATE, 0);
    take_over(m, exception->props);
    okapi__meeting_save(m, m->item->message);
    okapi__meeting_need_message(m, exception);
    status = okapi__meeting_adopt(m, exception->message);
    if (status == APR_SUCCESS)
        status = okapi__meeting_put_exception(m, exception);
    if (status == APR_SUCCESS)
        status = let_resource_decide(m, exception->message, exception->props);
    return status == APR_SUCCESS ? okapi__meeting_put_exception(m, exception) : status;
}

/* ---- the end ---- */

/* It stays where it was, as a thing that isn't: MS-OXOCAL 3.1.4.9.1. */
static void call_off(okapi__meeting_t *m, okapi_props_t *props)
{
    static const char prefix[] = "Canceled: ";
    const char *subject = okapi_props_str(props, PR_SUBJECT, "");
    apr_int64_t state = OKAPI__MEETING_INT(m, props, STATE_FLAGS, 0);
    if (!(state & OKAPI__STATE_CANCELED) && strncmp(subject, prefix, sizeof(prefix) - 1) != 0)
        okapi_props_set_str(props, PR_SUBJECT, apr_pstrcat(m->pool, prefix, subject, NULL));
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, STATE_FLAGS),
                        (apr_int32_t)state | OKAPI__STATE_MEETING | OKAPI__STATE_RECEIVED |
                            OKAPI__STATE_CANCELED);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, BUSY_STATUS), OKAPI__BUSY_FREE);
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, REMINDER_SET), 0);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, SEQUENCE),
                        (apr_int32_t)OKAPI__MEETING_INT(m, m->from, SEQUENCE, 0));
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, OWNER_CRITICAL_CHANGE),
                         OKAPI__MEETING_INT(m, m->from, OWNER_CRITICAL_CHANGE, 0));
}

static void hide_from_people(okapi__meeting_t *m)
{
    if (okapi_store_owner(m->store)->flags & OKAPI_USER_ANSWERS)
        m->followup->folder_id = okapi_store_special(m->store, OKAPI_FOLDER_DELETED);
}

static apr_status_t cancel(okapi__meeting_t *m)
{
    okapi__exception_t *exception;
    okapi_message_t *item = m->item->message;
    apr_status_t status;
    hide_from_people(m);
    if (!m->instance || !m->item->recurrence) {
        call_off(m, m->item->props);
        status = okapi__meeting_put(m, item, m->item->props);
    } else {
        status = okapi__meeting_exception(&exception, m, 0);
        if (status == OKAPI_ENOTFOUND)
            return mark_mail(m, 0, 0);
        if (status == APR_SUCCESS) {
            call_off(m, exception->props);
            status = okapi__meeting_put_exception(m, exception);
        }
    }
    okapi__meeting_save(m, item);
    return status == APR_SUCCESS ? mark_mail(m, 0, 0) : status;
}

/* ---- the table ---- */

typedef enum arrival_e { REQUEST, CANCELLATION, RESPONSE, ARRIVALS } arrival_e;

/* What is there; the last four are somebody else's meeting, by how old the appointment is compared
 * to the mail. */
typedef enum state_e { NONE, DELETED, OURS, FOREIGN, OLDER, SAME, NEWER, STATES } state_e;

static apr_status_t ignore(okapi__meeting_t *m)
{
    return APR_SUCCESS;
}

static apr_status_t note(okapi__meeting_t *m)
{
    hide_from_people(m);
    return mark_mail(m, 0, 0);
}

static apr_status_t outdate(okapi__meeting_t *m)
{
    hide_from_people(m);
    return mark_mail(m, OKAPI__MEETING_OUT_OF_DATE, 0);
}

/* An instance whose series isn't there is an appointment of its own. */
static apr_status_t change(okapi__meeting_t *m)
{
    return m->instance && m->item->recurrence ? update_instance(m) : update(m);
}

static apr_status_t (*const actions[ARRIVALS][STATES])(okapi__meeting_t *m) = {
    [REQUEST] = {[NONE] = create,
                 [DELETED] = outdate,
                 [OURS] = ignore,
                 [FOREIGN] = ignore,
                 [OLDER] = change,
                 [SAME] = note,
                 [NEWER] = outdate},
    [CANCELLATION] = {[NONE] = note,
                      [DELETED] = note,
                      [OURS] = ignore,
                      [FOREIGN] = ignore,
                      [OLDER] = cancel,
                      [SAME] = cancel,
                      [NEWER] = outdate},
    [RESPONSE] = {[NONE] = ignore,
                  [DELETED] = ignore,
                  [OURS] = okapi__meeting_count_response,
                  [FOREIGN] = ignore,
                  [OLDER] = ignore,
                  [SAME] = ignore,
                  [NEWER] = ignore},
};

static int arrival_of(arrival_e *arrival, const char *message_class)
{
    static const struct {
        const char *prefix;
        arrival_e arrival;
    } classes[] = {{"IPM.Schedule.Meeting.Request", REQUEST},
                   {"IPM.Schedule.Meeting.Canceled", CANCELLATION},
                   {"IPM.Schedule.Meeting.Resp.", RESPONSE}};
    for (apr_size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (strncasecmp(message_class, classes[i].prefix, strlen(classes[i].prefix)) == 0) {
            *arrival = classes[i].arrival;
            return 1;
        }
    return 0;
}

/* Whose meeting is it, and is the mail about what is there? */
static apr_status_t owner_state(state_e *state, okapi__meeting_t *m, arrival_e arrival)
{
    const okapi_props_t *props = m->item ? m->item->props : m->from;
    const char *mails = okapi__meeting_address(m->from, &okapi__meeting_representing);
    const char *items = okapi__meeting_address(props, &okapi__meeting_representing);
    int is_received = OKAPI__MEETING_INT(m, props, STATE_FLAGS, 0) & OKAPI__STATE_RECEIVED;
    int is_own = 0, is_same = 1;
    apr_status_t status = APR_SUCCESS;
    if (arrival != RESPONSE)
        status = okapi__meeting_is_owner(&is_own, m, mails);
    if (status == APR_SUCCESS && m->item && arrival != RESPONSE && *items)
        status = okapi__meeting_same_person(&is_same, m, mails, items);
    if (is_own || (m->item && !is_received))
        *state = OURS;
    else if (m->item && !is_same)
        *state = FOREIGN;
    return status;
}

static apr_status_t state_of(state_e *state, okapi__meeting_t *m, arrival_e arrival)
{
    *state = NONE;
    apr_status_t status = owner_state(state, m, arrival);
    if (status != APR_SUCCESS || *state != NONE || !m->item)
        return status;
    int newer = okapi__meeting_compare(m, m->item->props);
    if (!m->is_deleted)
        *state = newer > 0 ? OLDER : newer < 0 ? NEWER : SAME;
    else if (newer <= 0 || m->instance) /* who deleted a series has no part in its instances */
        *state = DELETED;
    return status;
}

/* ---- all of it ---- */

static apr_status_t process(okapi__meeting_t *m, arrival_e arrival)
{
    state_e state;
    int is_own;
    apr_status_t status = okapi__meeting_is_for_owner(&is_own, m);
    if (status != APR_SUCCESS || !is_own || !m->clean.data || !okapi__meeting_calendar(m))
        return status;
    status = okapi__meeting_find(m);
    if (status == APR_SUCCESS)
        status = state_of(&state, m, arrival);
    return status == APR_SUCCESS ? actions[arrival][state](m) : status;
}

/* Does the failure come of what is in the mail or in the calendar? Then people have to look. */
static int is_peoples(apr_status_t status)
{
    return status == OKAPI_EFORMAT || status == OKAPI_ECORRUPT || status == OKAPI_ETOOBIG ||
           status == OKAPI_ETOOCOMPLEX || status == OKAPI_EINVAL || status == OKAPI_ENOTFOUND;
}

apr_status_t okapi_meeting_follow(okapi_followup_t *followup, okapi_message_t *message, void *baton,
                                  apr_pool_t *scratch_pool)
{
    const okapi_proptag_t tag = PR_MESSAGE_CLASS;
    okapi_store_t *store = okapi_message_store(message);
    okapi__meeting_t m;
    okapi_propval_t value;
    arrival_e arrival;
    apr_status_t status = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &value,
                                           scratch_pool, scratch_pool);
    if (status != APR_SUCCESS || value.tag != tag || okapi_store_is_public(store) ||
        !arrival_of(&arrival, value.v.str))
        return status;
    status = okapi__meeting_open(&m, message, followup, followup->pool);
    if (status == APR_SUCCESS)
        status = process(&m, arrival);
    if (!is_peoples(status))
        return status;
    okapi_log(okapi_store_engine(store), OKAPI_LOG_WARNING, status,
              "a message of class %s for %s is not processed in the calendar", value.v.str,
              okapi_store_owner(store)->name);
    apr_array_clear(followup->saved);
    apr_array_clear(followup->sent);
    followup->folder_id = 0;
    return APR_SUCCESS;
}
