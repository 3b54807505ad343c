/* mime_meeting.c - mail with a text/calendar part that invites, answers or cancels (RFC 6047): the
 * meeting's properties beside the mail's subject, text and files. */
#include "converter.h"

#include <string.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/ical.h>

#include "ical_item.h"
#include "ical_method.h"

/* ---- the part ---- */

/* The only text/calendar below ENTITY but for attached messages; *N counts them. */
static void find_part(const okapi__entity_t *entity, const okapi__entity_t **part, int *n)
{
    if (entity->kind == OKAPI__ENTITY_LEAF && okapi__entity_is(entity, "text", "calendar")) {
        *part = entity;
        ++*n;
    }
    for (const okapi__entity_t *child = entity->first;
         child && entity->kind == OKAPI__ENTITY_MULTIPART; child = child->next)
        find_part(child, part, n);
}

/* Is it about one event, and something that a class of messages is for? Without UID nobody could
 * tell which. */
static int is_for_meeting(const okapi_ical_t *ical)
{
    const char *method = okapi_ical_method(ical);
    return method && okapi__class_of_method(method, "TENTATIVE") && okapi_ical_count(ical) == 1 &&
           strcmp(okapi_ical_component(ical, 0), "VEVENT") == 0 && okapi_ical_uid(ical, 0);
}

/* ---- properties that mail and calendar both have ---- */

static const okapi_propval_t *value_of(const okapi__draft_t *draft, okapi_proptag_t tag)
{
    for (int i = draft->values->nelts - 1; i >= 0; i--) {
        const okapi_propval_t *v = &APR_ARRAY_IDX(draft->values, i, okapi_propval_t);
        if (v->tag == tag)
            return v;
    }
    return NULL;
}

static void drop_value(okapi__draft_t *draft, okapi_proptag_t tag)
{
    apr_array_header_t *values = draft->values;
    int n = 0;
    for (int i = 0; i < values->nelts; i++) {
        okapi_propval_t v = APR_ARRAY_IDX(values, i, okapi_propval_t);
        if (v.tag != tag)
            APR_ARRAY_IDX(values, n++, okapi_propval_t) = v;
    }
    values->nelts = n;
}

/* Whom it represents is the organizer, or whose answer it is, whoever has sent the mail. */
static void drop_author(okapi__draft_t *draft)
{
    static const okapi_proptag_t tags[] = {
        PR_SENT_REPRESENTING_NAME,          PR_SENT_REPRESENTING_ADDRTYPE,
        PR_SENT_REPRESENTING_EMAIL_ADDRESS, PR_SENT_REPRESENTING_SMTP_ADDRESS,
        PR_SENT_REPRESENTING_ENTRYID,       PR_SENT_REPRESENTING_SEARCH_KEY};
    for (apr_size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        drop_value(draft, tags[i]);
}

/* The mail's subject is what is shown, the calendar's is the meeting's. */
static apr_status_t keep_summary(okapi__draft_t *draft, const char *summary)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    okapi_object_t *object = okapi_message_object(draft->message);
    const okapi_propval_t *subject = value_of(draft, PR_SUBJECT);
    const okapi_proptag_t prefix = PR_SUBJECT_PREFIX;
    okapi__cal_t *cal;
    if (!subject || strcmp(subject->v.str, summary) == 0)
        return APR_SUCCESS;
    apr_status_t status =
        okapi__cal_open(&cal, okapi_message_store(draft->message), NULL, 1, pool, pool);
    if (status == APR_SUCCESS && cal->tags[OKAPI__CAL_SUMMARY]) {
        const okapi_propval_t value = okapi_propval_str(cal->tags[OKAPI__CAL_SUMMARY], summary);
        status = okapi_object_set(object, &value, 1, pool);
    }
    return status == APR_SUCCESS ? okapi_object_unset(object, &prefix, 1, pool) : status;
}

/* ---- both together ---- */

static apr_status_t settle(okapi__draft_t *draft, okapi__content_t *content,
                           const okapi__entity_t *part, int *is_meeting)
{
    static const okapi_proptag_t tags[] = {PR_MESSAGE_CLASS, PR_SENT_REPRESENTING_NAME, PR_SUBJECT};
    apr_pool_t *pool = draft->mime->scratch_pool;
    okapi_propval_t values[3];
    apr_status_t status =
        okapi_object_get(okapi_message_object(draft->message), tags, 3, 0, values, pool, pool);
    if (status != APR_SUCCESS || values[0].tag != tags[0] ||
        strncmp(values[0].v.str, "IPM.Schedule.", 13) != 0)
        return status; /* an answer that says neither yes nor no */
    *is_meeting = 1;
    if (values[1].tag == tags[1])
        drop_author(draft);
    int n = 0;
    for (int i = 0; i < content->attachments->nelts; i++) {
        const okapi__entity_t *entity = APR_ARRAY_IDX(content->attachments, i, okapi__entity_t *);
        if (entity != part)
            APR_ARRAY_IDX(content->attachments, n++, const okapi__entity_t *) = entity;
    }
    content->attachments->nelts = n;
    return keep_summary(draft, values[2].tag == tags[2] ? values[2].v.str : "");
}

apr_status_t okapi__draft_meeting(okapi__draft_t *draft, okapi__content_t *content, int *is_meeting)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    const okapi__entity_t *part = NULL;
    okapi_ical_t *ical;
    const char *why;
    int parts = 0;
    *is_meeting = 0;
    find_part(draft->root, &part, &parts);
    if (parts != 1 ||
        okapi_ical_parse(&ical, &why, okapi__entity_content(part, pool), pool) != APR_SUCCESS ||
        !is_for_meeting(ical))
        return APR_SUCCESS;
    apr_status_t status =
        okapi_ical_to_message(draft->message, &why, ical, 0, NULL, draft->mime->result_pool, pool);
    if (status == APR_SUCCESS)
        return settle(draft, content, part, is_meeting);
    okapi_log(draft->mime->okapi, OKAPI_LOG_INFO, status, "a text/calendar part stays a file: %s",
              why);
    return status == OKAPI_EFORMAT || status == OKAPI_ETOOCOMPLEX || status == OKAPI_ETOOBIG
               ? APR_SUCCESS
               : status;
}

void okapi__draft_meeting_body(okapi__draft_t *draft)
{
    const okapi_propval_t *body = value_of(draft, PR_BODY);
    if (body && !value_of(draft, PR_HTML) && !body->v.str[strspn(body->v.str, " \t\r\n")])
        drop_value(draft, PR_BODY);
}
