/* meeting_response.c - who comes, on the organizer's appointment: MS-OXOCAL 3.1.4.8.5, RFC 5546
 * 3.2.3. */
#include "meeting_private.h"

#include <string.h>
#include <strings.h>
#include <okapi/error.h>

/* What the class says. */
static okapi_meeting_answer_e answer_of(const char *message_class)
{
    static const struct {
        const char *suffix;
        okapi_meeting_answer_e answer;
    } classes[] = {{".Pos", OKAPI_MEETING_ACCEPTED},
                   {".Neg", OKAPI_MEETING_DECLINED},
                   {".Tent", OKAPI_MEETING_TENTATIVE}};
    const char *suffix = strrchr(message_class, '.');
    for (apr_size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (strcasecmp(suffix, classes[i].suffix) == 0)
            return classes[i].answer;
    return OKAPI_MEETING_NONE;
}

/* His row, by whichever of his addresses: whoever answers for him, he is represented. */
static apr_status_t find_row(const okapi_recipient_t **row, okapi__meeting_t *m,
                             okapi_message_t *item, const char *address)
{
    int same = 0;
    apr_status_t status = APR_SUCCESS;
    *row = NULL;
    for (int i = 0; i < okapi_message_recipient_count(item) && !same; i++) {
        const okapi_recipient_t *r = okapi_message_recipient(item, i);
        const char *his = okapi__meeting_address(r->props, &okapi__meeting_recipient);
        status = okapi__meeting_same_person(&same, m, his, address);
        if (status != APR_SUCCESS)
            return status;
        *row = same ? r : NULL;
    }
    return status;
}

/* Somebody else has passed the invitation on to him. */
static apr_status_t add_row(const okapi_recipient_t **row, okapi__meeting_t *m,
                            okapi_message_t *item, const char *address)
{
    okapi_recipient_t *r = okapi_message_add_recipient(item, MAPI_CC);
    *row = r;
    okapi_props_set_i32(r->props, PR_RECIPIENT_TYPE, MAPI_CC);
    okapi_props_set_i32(r->props, PR_RECIPIENT_FLAGS, OKAPI__RECIP_SENDABLE);
    return okapi__meeting_put_person(m, r->props,
                                     okapi_props_str(m->from, PR_SENT_REPRESENTING_NAME, ""),
                                     address, &okapi__meeting_recipient);
}

static void put_proposal(okapi__meeting_t *m, okapi_props_t *row, okapi_props_t *props)
{
    okapi_time_t start = OKAPI__MEETING_INT(m, m->from, PROPOSED_START, 0);
    okapi_time_t end = OKAPI__MEETING_INT(m, m->from, PROPOSED_END, 0);
    int proposes = OKAPI__MEETING_INT(m, m->from, COUNTER_PROPOSAL, 0) && start && end;
    int before = (int)okapi_props_int(row, PR_RECIPIENT_PROPOSED, 0);
    apr_int64_t n = OKAPI__MEETING_INT(m, props, PROPOSAL_NUMBER, 0) + proposes - before;
    okapi_props_set_bool(row, PR_RECIPIENT_PROPOSED, proposes);
    okapi_props_unset(row, PR_RECIPIENT_PROPOSEDSTARTTIME);
    okapi_props_unset(row, PR_RECIPIENT_PROPOSEDENDTIME);
    if (proposes) {
        okapi_props_set_time(row, PR_RECIPIENT_PROPOSEDSTARTTIME, start);
        okapi_props_set_time(row, PR_RECIPIENT_PROPOSEDENDTIME, end);
    }
    okapi_props_set_i32(props, OKAPI__MEETING_TAG(m, PROPOSAL_NUMBER),
                        (apr_int32_t)(n < 0 ? 0 : n));
    okapi_props_set_bool(props, OKAPI__MEETING_TAG(m, COUNTER_PROPOSAL), n > 0);
}

/* Counts the answer in ITEM, the series or an exception of it, whose properties are PROPS. *COUNTED
 * is 0 if a later one was. */
static apr_status_t count(int *counted, okapi__meeting_t *m, okapi_message_t *item,
                          okapi_props_t *props)
{
    const char *address = okapi__meeting_address(m->from, &okapi__meeting_representing);
    okapi_meeting_answer_e answer = answer_of(okapi_props_str(m->from, PR_MESSAGE_CLASS, "."));
    okapi_time_t when = OKAPI__MEETING_INT(m, m->from, ATTENDEE_CRITICAL_CHANGE, 0);
    const okapi_recipient_t *row;
    apr_status_t status = APR_SUCCESS;
    *counted = 0;
    if (!*address || answer == OKAPI_MEETING_NONE ||
        OKAPI__MEETING_INT(m, m->from, SEQUENCE, 0) < OKAPI__MEETING_INT(m, props, SEQUENCE, 0))
        return APR_SUCCESS; /* the meeting is another one by now */
    status = find_row(&row, m, item, address);
    if (status == APR_SUCCESS && !row)
        status = add_row(&row, m, item, address);
    if (status != APR_SUCCESS ||
        (okapi_props_int(row->props, PR_RECIPIENT_FLAGS, 0) & OKAPI__RECIP_ORGANIZER) ||
        (when && when <= okapi_props_int(row->props, PR_RECIPIENT_TRACKSTATUS_TIME, 0)))
        return status;
    *counted = 1;
    okapi_props_set_i32(row->props, PR_RECIPIENT_TRACKSTATUS, answer);
    okapi_props_set_time(row->props, PR_RECIPIENT_TRACKSTATUS_TIME, when ? when : okapi_time_now());
    put_proposal(m, row->props, props);
    return APR_SUCCESS;
}

apr_status_t okapi__meeting_count_response(okapi__meeting_t *m)
{
    const okapi_propval_t processed = okapi_propval_bool(PR_PROCESSED, 1);
    okapi_message_t *item = m->item ? m->item->message : NULL;
    okapi__exception_t *exception = NULL;
    int counted;
    if (!item || m->is_deleted)
        return APR_SUCCESS;
    apr_status_t status = okapi_object_set(okapi_message_object(m->mail), &processed, 1, m->pool);
    if (status == APR_SUCCESS && m->instance && m->item->recurrence)
        status = okapi__meeting_exception(&exception, m, 0);
    if (status == OKAPI_ENOTFOUND) /* the instance was deleted */
        return APR_SUCCESS;
    if (exception)
        okapi__meeting_need_message(m, exception);
    if (status == APR_SUCCESS)
        status = count(&counted, m, exception ? exception->message : item,
                       exception ? exception->props : m->item->props);
    if (status != APR_SUCCESS || !counted)
        return status;
    okapi__meeting_save(m, item);
    return exception ? okapi__meeting_put_exception(m, exception)
                     : okapi__meeting_put(m, item, m->item->props);
}
