/* meeting_send.c - requests, answers and cancellations that are made here, for whichever client:
 * MS-OXOCAL 3.1.4.6 to 3.1.4.9. */
#include "meeting_private.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/transfer.h>

/* ---- a message that is sent ---- */

typedef struct sending_t {
    okapi_message_t *message;
    okapi_props_t *props;
    apr_array_header_t *addresses;
} sending_t;

/* A new one of CLASS about what PROPS say, from the owner. */
static apr_status_t begin(sending_t *s, okapi__meeting_t *m, const char *class, const char *prefix,
                          const okapi_props_t *props)
{
    const okapi_user_t *owner = okapi_store_owner(m->store);
    s->props = okapi_props_create(m->pool);
    s->addresses = apr_array_make(m->pool, 4, sizeof(const char *));
    okapi__meeting_copy(m, s->props, props);
    okapi_props_set_str(s->props, PR_MESSAGE_CLASS, class);
    okapi_props_set_str(s->props, PR_SUBJECT,
                        apr_pstrcat(m->pool, prefix, okapi_props_str(props, PR_SUBJECT, ""), NULL));
    okapi_props_set_bool(s->props, OKAPI__MEETING_TAG(m, INVITED), 1);
    apr_status_t status = okapi__meeting_put_person(m, s->props, owner->fullname, owner->email,
                                                    &okapi__meeting_sender);
    if (status == APR_SUCCESS)
        status = okapi__meeting_put_person(m, s->props, owner->fullname, owner->email,
                                           &okapi__meeting_representing);
    return status == APR_SUCCESS
               ? okapi_message_create(&s->message, m->store,
                                      okapi_store_special(m->store, OKAPI_FOLDER_SPOOLER_QUEUE), 0,
                                      m->followup->pool, m->pool)
               : status;
}

static int is_among(const apr_array_header_t *addresses, const char *address)
{
    for (int i = 0; i < addresses->nelts; i++)
        if (strcasecmp(APR_ARRAY_IDX(addresses, i, const char *), address) == 0)
            return 1;
    return 0;
}

static apr_status_t add_recipient(sending_t *s, okapi__meeting_t *m, int type, const char *name,
                                  const char *address)
{
    if (!strchr(address, '@') || is_among(s->addresses, address))
        return APR_SUCCESS;
    okapi_recipient_t *r = okapi_message_add_recipient(s->message, type);
    APR_ARRAY_PUSH(s->addresses, const char *) = apr_pstrdup(m->followup->pool, address);
    okapi_props_set_i32(r->props, PR_RECIPIENT_TYPE, type);
    return okapi__meeting_put_person(m, r->props, name, address, &okapi__meeting_recipient);
}

/* Everybody but the organizer. */
static apr_status_t add_attendees(sending_t *s, okapi__meeting_t *m, okapi_message_t *item)
{
    apr_status_t status = APR_SUCCESS;
    okapi_message_clear_recipients(s->message);
    for (int i = 0; i < okapi_message_recipient_count(item) && status == APR_SUCCESS; i++) {
        const okapi_recipient_t *r = okapi_message_recipient(item, i);
        if (!(okapi_props_int(r->props, PR_RECIPIENT_FLAGS, 0) & OKAPI__RECIP_ORGANIZER))
            status =
                add_recipient(s, m, r->type & 3, okapi_props_str(r->props, PR_DISPLAY_NAME, ""),
                              okapi__meeting_address(r->props, &okapi__meeting_recipient));
    }
    return status;
}

static apr_status_t finish(sending_t *s, okapi__meeting_t *m)
{
    apr_status_t status = okapi__meeting_put(m, s->message, s->props);
    if (status == APR_SUCCESS && s->addresses->nelts)
        APR_ARRAY_PUSH(m->followup->sent, okapi_followup_sending_t) = (okapi_followup_sending_t){
            s->message, okapi_store_owner(m->store)->email, s->addresses};
    return status;
}

static void put_text(okapi_props_t *props, const char *text)
{
    okapi_props_unset(props, PR_HTML);
    okapi_props_unset(props, PR_BODY);
    if (text)
        okapi_props_set_str(props, PR_BODY, text);
}

/* ---- answers ---- */

void okapi__meeting_put_answer(okapi__meeting_t *m, okapi_props_t *props,
                               okapi_meeting_answer_e answer)
{
    int intended = (int)OKAPI__MEETING_INT(m, props, INTENDED_BUSY_STATUS, OKAPI__BUSY_BUSY);
    int busy = answer == OKAPI_MEETING_ACCEPTED   ? intended
               : answer == OKAPI_MEETING_DECLINED ? OKAPI__BUSY_FREE
               : intended == OKAPI__BUSY_FREE     ? OKAPI__BUSY_FREE
                                                  : OKAPI__BUSY_TENTATIVE;
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, RESPONSE_STATUS), answer);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, BUSY_STATUS), busy);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, REPLY_TIME), okapi_time_now());
    okapi_props_set_str(props, OKAPI__MEETING_TAG(m, REPLY_NAME),
                        okapi_store_owner(m->store)->fullname);
    if (answer == OKAPI_MEETING_DECLINED)
        okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, REMINDER_SET), 0);
}

static void put_proposal(okapi__meeting_t *m, okapi_props_t *props,
                         const okapi_meeting_reply_t *reply)
{
    if (!reply->start || reply->end <= reply->start)
        return;
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, COUNTER_PROPOSAL), 1);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, PROPOSED_START), reply->start);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, PROPOSED_END), reply->end);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, PROPOSED_DURATION),
                        (apr_int32_t)((reply->end - reply->start) / 600000000));
}

apr_status_t okapi__meeting_answer(okapi__meeting_t *m, const okapi_props_t *props,
                                   const okapi_meeting_reply_t *reply)
{
    static const struct {
        const char *message_class, *prefix;
    } kinds[] = {[OKAPI_MEETING_TENTATIVE] = {"IPM.Schedule.Meeting.Resp.Tent", "Tentative: "},
                 [OKAPI_MEETING_ACCEPTED] = {"IPM.Schedule.Meeting.Resp.Pos", "Accepted: "},
                 [OKAPI_MEETING_DECLINED] = {"IPM.Schedule.Meeting.Resp.Neg", "Declined: "}};
    const int series[] = {OKAPI__CAL_RECUR, OKAPI__CAL_KEPT, OKAPI__CAL_KEPT_CALENDAR};
    sending_t s;
    apr_status_t status =
        begin(&s, m, kinds[reply->answer].message_class, kinds[reply->answer].prefix, props);
    if (status != APR_SUCCESS)
        return status;
    for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++)
        okapi_props_unset(s.props, m->cal->tags[series[i]]); /* the id says which: RFC 5546 3.2.3 */
    okapi_props_unset(s.props, PR_RESPONSE_REQUESTED);
    put_text(s.props, reply->text);
    put_proposal(m, s.props, reply);
    okapi_props_set_time(s.props, OKAPI__MEETING_TAG(m, ATTENDEE_CRITICAL_CHANGE),
                         okapi_time_now());
    status = add_recipient(&s, m, MAPI_TO, okapi_props_str(props, PR_SENT_REPRESENTING_NAME, ""),
                           okapi__meeting_address(props, &okapi__meeting_representing));
    return status == APR_SUCCESS ? finish(&s, m) : status;
}

/* To Deleted Items, if there is still something to be moved. */
static apr_status_t remove_item(okapi__meeting_t *m)
{
    okapi_id_t id = okapi_message_id(m->item->message);
    okapi_folder_t *from, *to;
    int partial;
    apr_status_t status =
        okapi_folder_open(&from, m->store, okapi__meeting_calendar(m), m->pool, m->pool);
    if (status == APR_SUCCESS)
        status = okapi_folder_open(
            &to, m->store, okapi_store_special(m->store, OKAPI_FOLDER_DELETED), m->pool, m->pool);
    return status == APR_SUCCESS ? okapi_messages_move(from, to, &id, 1, NULL, &partial, m->pool)
                                 : status;
}

/* The instance of a request, or all of it. */
static apr_status_t put_response(okapi__meeting_t *m, okapi_meeting_answer_e answer)
{
    okapi__exception_t *exception;
    apr_status_t status;
    okapi__meeting_save(m, m->item->message);
    if (!m->instance || !m->item->recurrence) {
        okapi__meeting_put_answer(m, m->item->props, answer);
        return okapi__meeting_put(m, m->item->message, m->item->props);
    }
    status = okapi__meeting_exception(&exception, m, 0);
    if (status == APR_SUCCESS) {
        okapi__meeting_put_answer(m, exception->props, answer);
        status = okapi__meeting_put_exception(m, exception);
    }
    return status;
}

/* The appointment, which a request may not have any more, or not yet. */
static apr_status_t find_item(okapi__meeting_t *m)
{
    apr_status_t status = okapi__meeting_find(m);
    if (status == APR_SUCCESS && m->item && !m->is_deleted)
        return APR_SUCCESS;
    m->item = NULL;
    if (status == APR_SUCCESS)
        status = okapi_meeting_follow(m->followup, m->mail, NULL, m->pool);
    return status;
}

apr_status_t okapi_meeting_respond(okapi_message_t *message, const okapi_meeting_reply_t *reply,
                                   apr_pool_t *scratch_pool)
{
    okapi__meeting_t m;
    apr_status_t status =
        okapi__meeting_open(&m, message, okapi_followup_create(scratch_pool), scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    int is_answer =
        reply->answer >= OKAPI_MEETING_TENTATIVE && reply->answer <= OKAPI_MEETING_DECLINED;
    int is_received = OKAPI__MEETING_INT(&m, m.from, STATE_FLAGS, 0) & OKAPI__STATE_RECEIVED;
    if (!is_answer || !is_received || !m.clean.data || okapi_store_is_public(m.store))
        return OKAPI_EINVAL;
    status = find_item(&m);
    if (status == APR_SUCCESS && m.item)
        status = put_response(&m, reply->answer);
    if (status == APR_SUCCESS && !reply->is_silent)
        status = okapi__meeting_answer(&m, m.from, reply);
    if (status == APR_SUCCESS)
        status = okapi_followup_commit(m.store, m.followup, scratch_pool);
    return status == APR_SUCCESS && m.item && !m.instance && reply->answer == OKAPI_MEETING_DECLINED
               ? remove_item(&m)
               : status;
}

/* ---- the organizer's ---- */

/* The id of a meeting that never had one. */
static void put_ids(okapi__meeting_t *m, okapi_props_t *props)
{
    okapi_guid_t guid = okapi_guid_create();
    if (m->clean.data)
        return;
    okapi_binary_t id = okapi__uid_to_goid(okapi_guid_format(&guid, m->pool), 0, 0, m->pool);
    okapi_props_set_bin(props, OKAPI__MEETING_TAG(m, GLOBAL_OBJECT_ID), id.data, id.len);
    okapi_props_set_bin(props, OKAPI__MEETING_TAG(m, CLEAN_GLOBAL_OBJECT_ID), id.data, id.len);
}

/* Has the time changed since it was saved? */
static apr_status_t has_moved(int *moved, okapi__meeting_t *m)
{
    okapi_id_t id = okapi_message_id(m->mail);
    okapi__item_t old = {.cal = m->cal};
    *moved = 0;
    if (!id)
        return APR_SUCCESS;
    apr_status_t status = okapi_message_open(&old.message, m->store, 0, id, m->pool, m->pool);
    if (status == APR_SUCCESS)
        status = okapi__item_load(&old);
    if (status == APR_SUCCESS)
        *moved = (okapi__meeting_changes(m, old.props, m->from) & OKAPI__CHANGED_TIME) != 0;
    return status;
}

/* Who has answered what isn't so any more has not: MS-OXOCAL 3.1.4.6.2.2. */
static void forget_answers(okapi__meeting_t *m)
{
    for (int i = 0; i < okapi_message_recipient_count(m->mail); i++) {
        okapi_props_t *row = okapi_message_recipient(m->mail, i)->props;
        if (!(okapi_props_int(row, PR_RECIPIENT_FLAGS, 0) & OKAPI__RECIP_ORGANIZER)) {
            okapi_props_set_i32(row, PR_RECIPIENT_TRACKSTATUS, OKAPI_MEETING_NONE);
            okapi_props_unset(row, PR_RECIPIENT_TRACKSTATUS_TIME);
        }
    }
}

/* The appointment as its organizer has it: MS-OXOCAL 3.1.4.6.1. */
static apr_status_t put_organizer(okapi__meeting_t *m, okapi_props_t *props, int next)
{
    const okapi_user_t *owner = okapi_store_owner(m->store);
    okapi_time_t now = okapi_time_now();
    int recurs = okapi_props_get(props, OKAPI__MEETING_TAG(m, RECUR)) != NULL;
    put_ids(m, props);
    okapi_props_set_i32(props, PR_ICON_INDEX,
                        recurs ? OKAPI__ICON_MEETING_SERIES : OKAPI__ICON_MEETING);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, STATE_FLAGS), OKAPI__STATE_MEETING);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, RESPONSE_STATUS), OKAPI_MEETING_ORGANIZED);
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, INVITED), 1);
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, RECURRING), recurs);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, OWNER_CRITICAL_CHANGE), now);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, SEQUENCE),
                        (apr_int32_t)OKAPI__MEETING_INT(m, props, SEQUENCE, 0) + next);
    if (next)
        okapi_props_set_time(props, OKAPI__MEETING_TAG(m, SEQUENCE_TIME), now);
    apr_status_t status =
        okapi__meeting_put_person(m, props, owner->fullname, owner->email, &okapi__meeting_sender);
    if (status == APR_SUCCESS)
        status = okapi__meeting_put_person(m, props, owner->fullname, owner->email,
                                           &okapi__meeting_representing);
    return status == APR_SUCCESS ? okapi__meeting_put(m, m->mail, props) : status;
}

static apr_status_t send_request(okapi__meeting_t *m, int is_update, int next)
{
    int busy = (int)OKAPI__MEETING_INT(m, m->from, BUSY_STATUS, OKAPI__BUSY_BUSY);
    int type = !is_update ? OKAPI__MEETING_REQUEST
               : next     ? OKAPI__MEETING_FULL
                          : OKAPI__MEETING_INFORMATIONAL;
    sending_t s;
    apr_status_t status = begin(&s, m, "IPM.Schedule.Meeting.Request", "", m->from);
    if (status == APR_SUCCESS) /* with its files and exceptions */
        status = okapi_message_copy(s.message, m->mail, m->pool);
    if (status != APR_SUCCESS)
        return status;
    okapi_props_set_i32(s.props, OKAPI__MEETING_TAG(m, INTENDED_BUSY_STATUS), busy);
    okapi_props_set_i32(s.props, OKAPI__MEETING_TAG(m, BUSY_STATUS), OKAPI__BUSY_TENTATIVE);
    okapi_props_set_i32(s.props, OKAPI__MEETING_TAG(m, STATE_FLAGS),
                        OKAPI__STATE_MEETING | OKAPI__STATE_RECEIVED);
    okapi_props_set_i32(s.props, OKAPI__MEETING_TAG(m, RESPONSE_STATUS),
                        OKAPI_MEETING_NOT_RESPONDED);
    okapi_props_set_i32(s.props, OKAPI__MEETING_TAG(m, MEETING_TYPE), type);
    okapi_props_set_bool(s.props, PR_RESPONSE_REQUESTED, 1);
    status = add_attendees(&s, m, m->mail);
    if (status == APR_SUCCESS && s.addresses->nelts == 0)
        return OKAPI_EINVAL;
    return status == APR_SUCCESS ? finish(&s, m) : status;
}

apr_status_t okapi_meeting_request(okapi_message_t *item, int is_update, int needs_answer,
                                   apr_pool_t *scratch_pool)
{
    okapi__meeting_t m;
    int moved = 0;
    apr_status_t status =
        okapi__meeting_open(&m, item, okapi_followup_create(scratch_pool), scratch_pool);
    if (status == APR_SUCCESS && is_update && !needs_answer)
        status = has_moved(&moved, &m);
    int next = is_update && (needs_answer || moved);
    if (status != APR_SUCCESS)
        return status;
    if (next)
        forget_answers(&m);
    status = put_organizer(&m, m.from, next);
    if (status == APR_SUCCESS)
        status = send_request(&m, is_update, next);
    okapi__meeting_save(&m, item);
    return status == APR_SUCCESS ? okapi_followup_commit(m.store, m.followup, scratch_pool)
                                 : status;
}

/* The series without the instance; PROPS become that instance's. */
static apr_status_t delete_instance(okapi__meeting_t *m, okapi_time_t instance,
                                    okapi_props_t *props)
{
    okapi__exception_t *exception;
    okapi_recurrence_t *r = m->item->recurrence;
    m->instance = instance;
    if (!r)
        return OKAPI_EINVAL;
    apr_status_t status = okapi__meeting_exception(&exception, m, 0);
    if (status != APR_SUCCESS)
        return status;
    okapi__meeting_copy(m, props, exception->props);
    const char *uid = okapi__uid_of_goid(m->clean, m->pool);
    okapi_binary_t goid = okapi__uid_to_goid(
        uid ? uid : "", okapi__civil_of_minutes(exception->original), 1, m->pool);
    okapi_props_set_bin(props, OKAPI__MEETING_TAG(m, GLOBAL_OBJECT_ID), goid.data, goid.len);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, EXCEPTION_REPLACE_TIME), instance);
    m->goid = goid;
    return okapi__meeting_put_deleted(m, exception);
}

static void call_off(okapi__meeting_t *m, okapi_props_t *props)
{
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, STATE_FLAGS),
                        OKAPI__STATE_MEETING | OKAPI__STATE_CANCELED);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, BUSY_STATUS), OKAPI__BUSY_FREE);
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, REMINDER_SET), 0);
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, SEQUENCE),
                        (apr_int32_t)OKAPI__MEETING_INT(m, props, SEQUENCE, 0) + 1);
    okapi_props_set_time(props, OKAPI__MEETING_TAG(m, OWNER_CRITICAL_CHANGE), okapi_time_now());
}

static apr_status_t send_cancellation(okapi__meeting_t *m, const okapi_props_t *props,
                                      const char *text)
{
    sending_t s;
    apr_status_t status = begin(&s, m, "IPM.Schedule.Meeting.Canceled", "Canceled: ", props);
    if (status != APR_SUCCESS)
        return status;
    put_text(s.props, text);
    okapi_props_set_i32(s.props, OKAPI__MEETING_TAG(m, BUSY_STATUS), OKAPI__BUSY_FREE);
    okapi_props_set_i32(s.props, OKAPI__MEETING_TAG(m, STATE_FLAGS),
                        OKAPI__STATE_MEETING | OKAPI__STATE_RECEIVED | OKAPI__STATE_CANCELED);
    status = add_attendees(&s, m, m->mail);
    return status == APR_SUCCESS ? finish(&s, m) : status;
}

apr_status_t okapi_meeting_cancel(okapi_message_t *item, okapi_time_t instance, const char *text,
                                  apr_pool_t *scratch_pool)
{
    okapi__meeting_t m;
    apr_status_t status =
        okapi__meeting_open(&m, item, okapi_followup_create(scratch_pool), scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    if (!m.clean.data || (OKAPI__MEETING_INT(&m, m.from, STATE_FLAGS, 0) & OKAPI__STATE_RECEIVED))
        return OKAPI_EINVAL;
    okapi__item_t series = {.cal = m.cal, .message = item, .props = m.from};
    okapi_props_t *props = m.from;
    m.item = &series;
    status = okapi__meeting_load_series(&m);
    if (status == APR_SUCCESS && instance) {
        props = okapi_props_create(scratch_pool);
        status = delete_instance(&m, instance, props);
        call_off(&m, props);
    } else if (status == APR_SUCCESS) {
        call_off(&m, props);
        status = okapi__meeting_put(&m, item, props);
    }
    if (status == APR_SUCCESS)
        status = send_cancellation(&m, props, text);
    okapi__meeting_save(&m, item);
    return status == APR_SUCCESS ? okapi_followup_commit(m.store, m.followup, scratch_pool)
                                 : status;
}
