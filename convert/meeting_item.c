/* meeting_item.c - a meeting's mail and its appointment: finding one by the other, and what passes
 * between them. */
#include "meeting_private.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <okapi/calendar.h>
#include <okapi/error.h>

enum { MAX_LOOKUPS = 1000 };

const okapi__person_tags_t okapi__meeting_sender = {PR_SENDER_NAME,          PR_SENDER_ADDRTYPE,
                                                    PR_SENDER_EMAIL_ADDRESS, PR_SENDER_SMTP_ADDRESS,
                                                    PR_SENDER_ENTRYID,       PR_SENDER_SEARCH_KEY};
const okapi__person_tags_t okapi__meeting_representing = {
    PR_SENT_REPRESENTING_NAME,          PR_SENT_REPRESENTING_ADDRTYPE,
    PR_SENT_REPRESENTING_EMAIL_ADDRESS, PR_SENT_REPRESENTING_SMTP_ADDRESS,
    PR_SENT_REPRESENTING_ENTRYID,       PR_SENT_REPRESENTING_SEARCH_KEY};
const okapi__person_tags_t okapi__meeting_recipient = {
    PR_DISPLAY_NAME, PR_ADDRTYPE, PR_EMAIL_ADDRESS, PR_SMTP_ADDRESS, PR_ENTRYID, PR_SEARCH_KEY};

/* ---- people ---- */

const char *okapi__meeting_address(const okapi_props_t *props, const okapi__person_tags_t *tags)
{
    const char *smtp = okapi_props_str(props, tags->smtp, "");
    return strchr(smtp, '@') ? smtp : okapi_props_str(props, tags->email, "");
}

/* The local user of an address or of the directory's name for him; NULL for anybody else. */
static apr_status_t local_user(okapi_user_t **user, okapi__meeting_t *m, const char *address)
{
    okapi_t *okapi = okapi_store_engine(m->store);
    const char *name = okapi_user_name_of_dn(okapi, address, m->pool);
    *user = NULL;
    if (!*address || (!name && !strchr(address, '@')))
        return APR_SUCCESS;
    apr_status_t status =
        okapi_user_by_address(user, okapi, name ? name : address, m->pool, m->pool);
    return status == OKAPI_EUNKNOWNUSER ? APR_SUCCESS : status;
}

apr_status_t okapi__meeting_same_person(int *same, okapi__meeting_t *m, const char *a,
                                        const char *b)
{
    okapi_user_t *x, *y = NULL;
    *same = *a && strcasecmp(a, b) == 0;
    if (*same)
        return APR_SUCCESS;
    apr_status_t status = local_user(&x, m, a);
    if (status == APR_SUCCESS && x)
        status = local_user(&y, m, b);
    *same = x && y && x->id == y->id;
    return status;
}

apr_status_t okapi__meeting_is_owner(int *is_owner, okapi__meeting_t *m, const char *address)
{
    okapi_user_t *user;
    apr_status_t status = local_user(&user, m, address);
    *is_owner = user && user->id == okapi_store_owner(m->store)->id;
    return status;
}

apr_status_t okapi__meeting_put_person(okapi__meeting_t *m, okapi_props_t *props, const char *name,
                                       const char *address, const okapi__person_tags_t *tags)
{
    okapi__draft_t draft = {&m->people, NULL};
    const okapi__address_t person = {.name = name, .address = address};
    apr_array_header_t *values = apr_array_make(m->pool, 6, sizeof(okapi_propval_t));
    apr_status_t status = okapi__person_values(&draft, &person, tags, values);
    for (int i = 0; i < values->nelts && status == APR_SUCCESS; i++)
        okapi_props_set(props, &APR_ARRAY_IDX(values, i, okapi_propval_t));
    return status;
}

int okapi__meeting_attends(const okapi__meeting_t *m, const okapi_recipient_t *recipient)
{
    int is_ical = okapi_props_get(m->from, OKAPI__MEETING_TAG(m, KEPT_CALENDAR)) != NULL;
    return !is_ical || okapi_props_get(recipient->props, PR_RECIPIENT_TRACKSTATUS) != NULL;
}

/* ---- finding ---- */

static apr_status_t load(okapi__item_t **item, okapi__meeting_t *m, okapi_message_t *message)
{
    *item = apr_pcalloc(m->pool, sizeof(**item));
    (*item)->cal = m->cal;
    (*item)->kind = OKAPI__EVENT;
    (*item)->message = message;
    return okapi__item_load(*item);
}

static okapi_binary_t binary_of(const okapi_props_t *props, okapi_proptag_t tag)
{
    const okapi_propval_t *value = okapi_props_get(props, tag);
    return value ? value->v.bin : (okapi_binary_t){NULL, 0};
}

static int equal(okapi_binary_t a, okapi_binary_t b)
{
    return a.data && b.data && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The day in the id, for who says which instance only so. */
static int names_instance(okapi_binary_t goid)
{
    enum { DATE_AT = 16 };
    return goid.len >= DATE_AT + 4 && memcmp(goid.data + DATE_AT, "\0\0\0\0", 4) != 0;
}

apr_status_t okapi__meeting_open(okapi__meeting_t *m, okapi_message_t *mail,
                                 okapi_followup_t *followup, apr_pool_t *pool)
{
    okapi_store_t *store = okapi_message_store(mail);
    okapi__item_t *item;
    *m = (okapi__meeting_t){.store = store, .mail = mail, .followup = followup, .pool = pool};
    m->people = (okapi__mime_t){.okapi = okapi_store_engine(store),
                                .users = apr_hash_make(pool),
                                .lookups_left = MAX_LOOKUPS,
                                .result_pool = pool,
                                .scratch_pool = pool};
    apr_status_t status = okapi__cal_open(&m->cal, store, NULL, 1, pool, pool);
    if (status == APR_SUCCESS)
        status = load(&item, m, mail);
    if (status != APR_SUCCESS)
        return status;
    m->from = item->props;
    m->goid = binary_of(m->from, OKAPI__MEETING_TAG(m, GLOBAL_OBJECT_ID));
    m->clean = binary_of(m->from, OKAPI__MEETING_TAG(m, CLEAN_GLOBAL_OBJECT_ID));
    if (names_instance(m->goid))
        m->instance = okapi_props_int(m->from, OKAPI__MEETING_TAG(m, EXCEPTION_REPLACE_TIME), 0);
    return APR_SUCCESS;
}

/* The series before an instance of it that came alone, what is in the calendar before what was
 * deleted. *RANK 0: it isn't this meeting's. */
static int rank_of(const okapi__meeting_t *m, const okapi__item_t *item, int is_deleted)
{
    okapi_binary_t goid = binary_of(item->props, OKAPI__MEETING_TAG(m, GLOBAL_OBJECT_ID));
    okapi_binary_t clean = binary_of(item->props, OKAPI__MEETING_TAG(m, CLEAN_GLOBAL_OBJECT_ID));
    if (!equal(clean, m->clean) || (names_instance(goid) && !equal(goid, m->goid)))
        return 0;
    return (is_deleted ? 1 : 3) + !names_instance(goid);
}

/* Where only the id says which instance, it is the one of that day. */
static okapi_time_t instance_of_id(const okapi__meeting_t *m)
{
    const unsigned char *date = m->goid.data + 16;
    int year = date[0] << 8 | date[1];
    if (date[2] < 1 || date[2] > 12 || date[3] < 1 || date[3] > 31 || year < OKAPI__YEAR_MIN ||
        year > OKAPI__YEAR_MAX)
        return 0;
    okapi__civil_t day = okapi__days_of(year, date[2], date[3]) * OKAPI__DAY;
    return okapi__civil_time(okapi__zone_to_utc(
        m->item->zone, day + m->item->recurrence->start_offset * (apr_int64_t)60));
}

apr_status_t okapi__meeting_load_series(okapi__meeting_t *m)
{
    apr_array_header_t *items;
    if (!okapi_props_get(m->item->props, OKAPI__MEETING_TAG(m, RECUR)))
        return APR_SUCCESS;
    apr_status_t status = okapi__item_write(&items, m->cal, m->item->message);
    if (status == APR_SUCCESS)
        m->item = APR_ARRAY_IDX(items, 0, okapi__item_t *);
    if (status == APR_SUCCESS && m->item->recurrence && !m->instance && names_instance(m->goid))
        m->instance = instance_of_id(m);
    return status;
}

apr_status_t okapi__meeting_find(okapi__meeting_t *m)
{
    apr_array_header_t *hits;
    int best = 0;
    apr_status_t status = okapi_store_cn(m->store, &m->followup->decided_at, m->pool);
    m->followup->decided_by = okapi__meeting_calendar(m);
    if (status == APR_SUCCESS)
        status = okapi_calendar_find(&hits, m->store, m->clean, m->pool, m->pool);
    for (int i = 0; status == APR_SUCCESS && i < hits->nelts; i++) {
        const okapi_calendar_hit_t *hit = &APR_ARRAY_IDX(hits, i, okapi_calendar_hit_t);
        int is_deleted = hit->is_deleted || hit->folder_id != okapi__meeting_calendar(m);
        okapi_message_t *message;
        okapi__item_t *item;
        status = hit->is_deleted
                     ? okapi_message_open_deleted(&message, m->store, 0, hit->id, m->pool, m->pool)
                     : okapi_message_open(&message, m->store, 0, hit->id, m->pool, m->pool);
        if (status == APR_SUCCESS)
            status = load(&item, m, message);
        int rank = status == APR_SUCCESS ? rank_of(m, item, is_deleted) : 0;
        if (rank > best) {
            best = rank;
            m->item = item;
            m->is_deleted = is_deleted;
        }
        if (status == OKAPI_ENOTFOUND || status == OKAPI_EOBJECTDELETED)
            status = APR_SUCCESS;
    }
    return status == APR_SUCCESS && m->item ? okapi__meeting_load_series(m) : status;
}

/* ---- versions ---- */

/* Their sequence numbers count, then when the organizer wrote them. An id of all zeros in time says
 * nothing. */
int okapi__meeting_compare(const okapi__meeting_t *m, const okapi_props_t *props)
{
    apr_int64_t a = OKAPI__MEETING_INT(m, m->from, SEQUENCE, 0);
    apr_int64_t b = OKAPI__MEETING_INT(m, props, SEQUENCE, 0);
    if (a == b) {
        a = OKAPI__MEETING_INT(m, m->from, OWNER_CRITICAL_CHANGE, 0);
        b = OKAPI__MEETING_INT(m, props, OWNER_CRITICAL_CHANGE, 0);
    }
    return (a > b) - (a < b);
}

/* ---- what passes ---- */

static const int organizers[] = {OKAPI__CAL_OWNER_CRITICAL_CHANGE,
                                 OKAPI__CAL_GLOBAL_OBJECT_ID,
                                 OKAPI__CAL_CLEAN_GLOBAL_OBJECT_ID,
                                 OKAPI__CAL_SEQUENCE,
                                 OKAPI__CAL_SEQUENCE_TIME,
                                 OKAPI__CAL_LAST_SEQUENCE,
                                 OKAPI__CAL_LOCATION,
                                 OKAPI__CAL_START_WHOLE,
                                 OKAPI__CAL_END_WHOLE,
                                 OKAPI__CAL_DURATION,
                                 OKAPI__CAL_ALL_DAY,
                                 OKAPI__CAL_RECUR,
                                 OKAPI__CAL_RECURRING,
                                 OKAPI__CAL_IS_RECURRING,
                                 OKAPI__CAL_RECURRENCE_TYPE,
                                 OKAPI__CAL_TIME_ZONE_STRUCT,
                                 OKAPI__CAL_TIME_ZONE_DESCRIPTION,
                                 OKAPI__CAL_CLIP_START,
                                 OKAPI__CAL_CLIP_END,
                                 OKAPI__CAL_NOT_ALLOW_PROPOSE,
                                 OKAPI__CAL_ZONE_START_DISPLAY,
                                 OKAPI__CAL_ZONE_END_DISPLAY,
                                 OKAPI__CAL_ZONE_RECUR,
                                 OKAPI__CAL_COMMON_START,
                                 OKAPI__CAL_COMMON_END,
                                 OKAPI__CAL_PRIVATE,
                                 OKAPI__CAL_CONTACTS,
                                 OKAPI__CAL_KEPT,
                                 OKAPI__CAL_KEPT_CALENDAR,
                                 OKAPI__CAL_EXCEPTION_REPLACE_TIME};
static const okapi_proptag_t fixed[] = {
    PR_SUBJECT,     PR_BODY,       PR_HTML,          PR_INTERNET_CPID,
    PR_SENSITIVITY, PR_IMPORTANCE, PR_OWNER_APPT_ID, PR_RESPONSE_REQUESTED,
    PR_START_DATE,  PR_END_DATE};
enum {
    ORGANIZERS = sizeof(organizers) / sizeof(organizers[0]),
    FIXED = sizeof(fixed) / sizeof(fixed[0])
};

static okapi_proptag_t passing(const okapi__meeting_t *m, int i)
{
    return i < ORGANIZERS ? m->cal->tags[organizers[i]] : fixed[i - ORGANIZERS];
}

void okapi__meeting_copy(okapi__meeting_t *m, okapi_props_t *to, const okapi_props_t *from)
{
    for (int i = 0; i < ORGANIZERS + FIXED; i++) {
        okapi_proptag_t tag = passing(m, i);
        const okapi_propval_t *value = okapi_props_get(from, tag);
        if (value)
            okapi_props_set(to, value);
        else
            okapi_props_unset(to, tag);
    }
}

apr_status_t okapi__meeting_put(okapi__meeting_t *m, okapi_message_t *message,
                                const okapi_props_t *props)
{
    apr_array_header_t *gone = apr_array_make(m->pool, 8, sizeof(okapi_proptag_t));
    apr_array_header_t *values = apr_array_make(m->pool, 40, sizeof(okapi_propval_t));
    okapi_object_t *object = okapi_message_object(message);
    for (int i = 0; i < ORGANIZERS + FIXED; i++)
        if (!okapi_props_get(props, passing(m, i)))
            APR_ARRAY_PUSH(gone, okapi_proptag_t) = passing(m, i);
    for (int i = 0; i < okapi_props_count(props); i++)
        APR_ARRAY_PUSH(values, okapi_propval_t) = *okapi_props_at(props, i);
    APR_ARRAY_PUSH(gone, okapi_proptag_t) = PR_SUBJECT_PREFIX; /* of the subject as it was */
    apr_status_t status =
        okapi_object_unset(object, (const okapi_proptag_t *)gone->elts, gone->nelts, m->pool);
    return status == APR_SUCCESS ? okapi_object_set(object, (const okapi_propval_t *)values->elts,
                                                    values->nelts, m->pool)
                                 : status;
}

/* The pattern of a series without what is otherwise on some days. */
static okapi_binary_t pattern_of(okapi__meeting_t *m, const okapi_props_t *props)
{
    okapi_binary_t blob = binary_of(props, OKAPI__MEETING_TAG(m, RECUR));
    okapi_recurrence_t *r;
    if (blob.data && okapi_recurrence_decode(&r, blob, m->pool) == APR_SUCCESS) {
        r->deleted->nelts = r->modified->nelts = r->exceptions->nelts = 0;
        if (okapi_recurrence_encode(&blob, r, 1, m->pool) != APR_SUCCESS)
            blob.data = NULL;
    }
    return blob;
}

static int text_differs(const okapi_props_t *a, const okapi_props_t *b, okapi_proptag_t tag)
{
    return strcmp(okapi_props_str(a, tag, ""), okapi_props_str(b, tag, "")) != 0;
}

int okapi__meeting_changes(okapi__meeting_t *m, const okapi_props_t *was, const okapi_props_t *is)
{
    okapi_binary_t old = pattern_of(m, was), new = pattern_of(m, is);
    int changes = 0;
    if (OKAPI__MEETING_INT(m, was, START_WHOLE, 0) != OKAPI__MEETING_INT(m, is, START_WHOLE, 0))
        changes |= OKAPI__CHANGED_START;
    if (OKAPI__MEETING_INT(m, was, END_WHOLE, 0) != OKAPI__MEETING_INT(m, is, END_WHOLE, 0))
        changes |= OKAPI__CHANGED_END;
    if ((old.data || new.data) && !equal(old, new))
        changes |= OKAPI__CHANGED_RECURRENCE;
    if (text_differs(was, is, OKAPI__MEETING_TAG(m, LOCATION)))
        changes |= OKAPI__CHANGED_LOCATION;
    if (text_differs(was, is, PR_SUBJECT))
        changes |= OKAPI__CHANGED_SUBJECT;
    if (text_differs(was, is, PR_BODY))
        changes |= OKAPI__CHANGED_BODY;
    return changes;
}

/* ---- from mail to appointment ---- */

static apr_status_t add_recipient(okapi__meeting_t *m, okapi_message_t *item,
                                  const okapi_recipient_t *from, int flags)
{
    okapi_recipient_t *to = okapi_message_add_recipient(item, from->type & 3);
    for (int i = 0; i < okapi_props_count(from->props); i++)
        okapi_props_set(to->props, okapi_props_at(from->props, i));
    okapi_props_set_i32(to->props, PR_RECIPIENT_FLAGS, flags);
    return APR_SUCCESS;
}

/* The organizer comes first, whoever else does: clients look for him there. */
static apr_status_t add_people(okapi__meeting_t *m, okapi_message_t *item)
{
    const char *organizer = okapi__meeting_address(m->from, &okapi__meeting_representing);
    const char *name = okapi_props_str(m->from, PR_SENT_REPRESENTING_NAME, "");
    okapi_message_clear_recipients(item);
    apr_status_t status = APR_SUCCESS;
    if (strchr(organizer, '@')) {
        okapi_recipient_t *r = okapi_message_add_recipient(item, MAPI_TO);
        okapi_props_set_i32(r->props, PR_RECIPIENT_TYPE, MAPI_TO);
        okapi_props_set_i32(r->props, PR_RECIPIENT_FLAGS,
                            OKAPI__RECIP_SENDABLE | OKAPI__RECIP_ORGANIZER);
        okapi_props_set_i32(r->props, PR_RECIPIENT_TRACKSTATUS, OKAPI_MEETING_ORGANIZED);
        status = okapi__meeting_put_person(m, r->props, name, organizer, &okapi__meeting_recipient);
    }
    for (int i = 0; i < okapi_message_recipient_count(m->mail) && status == APR_SUCCESS; i++) {
        const okapi_recipient_t *r = okapi_message_recipient(m->mail, i);
        int flags = (int)okapi_props_int(r->props, PR_RECIPIENT_FLAGS, 0);
        if (okapi__meeting_attends(m, r) && !(flags & OKAPI__RECIP_ORGANIZER) &&
            strcasecmp(okapi__meeting_address(r->props, &okapi__meeting_recipient), organizer) != 0)
            status = add_recipient(m, item, r, OKAPI__RECIP_SENDABLE);
    }
    return status;
}

/* METHOD belongs to the mail: RFC 4791 4.1 has none in calendars. */
static const char *without_method(const char *kept, apr_pool_t *pool)
{
    const char *line = strncmp(kept, "METHOD:", 7) == 0 ? kept : strstr(kept, "\nMETHOD:");
    if (!line)
        return kept;
    line += *line == '\n';
    const char *next = strchr(line, '\n');
    return apr_pstrcat(pool, apr_pstrmemdup(pool, kept, (apr_size_t)(line - kept)),
                       next ? next + 1 : "", NULL);
}

apr_status_t okapi__meeting_adopt(okapi__meeting_t *m, okapi_message_t *item)
{
    const okapi_proptag_t mails[] = {PR_TRANSPORT_MESSAGE_HEADERS,
                                     PR_INTERNET_MESSAGE_ID,
                                     PR_IN_REPLY_TO_ID,
                                     PR_INTERNET_REFERENCES,
                                     PR_MESSAGE_DELIVERY_TIME,
                                     PR_MESSAGE_TO_ME,
                                     PR_MESSAGE_CC_ME,
                                     PR_MESSAGE_RECIP_ME,
                                     PR_READ_RECEIPT_REQUESTED,
                                     PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED,
                                     PR_REPLY_RECIPIENT_ENTRIES,
                                     PR_REPLY_RECIPIENT_NAMES,
                                     PR_AUTO_RESPONSE_SUPPRESS,
                                     PR_RECEIVED_BY_ENTRYID,
                                     PR_RECEIVED_BY_SEARCH_KEY,
                                     PR_RECEIVED_BY_NAME,
                                     PR_RECEIVED_BY_ADDRTYPE,
                                     PR_RECEIVED_BY_EMAIL_ADDRESS,
                                     PR_RECEIVED_BY_SMTP_ADDRESS,
                                     PR_PROCESSED,
                                     OKAPI__MEETING_TAG(m, SUMMARY),
                                     OKAPI__MEETING_TAG(m, KEPT_CALENDAR)};
    const okapi_proptag_t tag = OKAPI__MEETING_TAG(m, KEPT_CALENDAR);
    const char *kept = okapi_props_str(m->from, tag, NULL);
    apr_status_t status = okapi_object_unset(okapi_message_object(item), mails,
                                             sizeof(mails) / sizeof(mails[0]), m->pool);
    kept = kept ? without_method(kept, m->pool) : NULL;
    if (status == APR_SUCCESS && kept && *kept) {
        const okapi_propval_t value = okapi_propval_str(tag, kept);
        status = okapi_object_set(okapi_message_object(item), &value, 1, m->pool);
    }
    return status == APR_SUCCESS ? add_people(m, item) : status;
}

void okapi__meeting_save(okapi__meeting_t *m, okapi_message_t *item)
{
    for (int i = 0; i < m->followup->saved->nelts; i++)
        if (APR_ARRAY_IDX(m->followup->saved, i, okapi_message_t *) == item)
            return;
    APR_ARRAY_PUSH(m->followup->saved, okapi_message_t *) = item;
}
