/* ical_people.c - attendees and the organizer: MS-OXCICAL 2.1.3.1.1.20.2 and .18, MS-OXOCAL
 * 2.2.4. */
#include <strings.h>
#include <apr_strings.h>

#include "converter.h"
#include "ical_item.h"

enum { MAX_ATTENDEES = 5000, MAX_LOOKUPS = 1000 };
enum { RECIP_SENDABLE = 0x1, RECIP_ORGANIZER = 0x2 }; /* PR_RECIPIENT_FLAGS */
enum {
    TRACK_NONE,
    TRACK_ORGANIZED,
    TRACK_TENTATIVE,
    TRACK_ACCEPTED,
    TRACK_DECLINED,
    TRACK_NOT_RESPONDED
};
enum { STATE_MEETING = 0x1, STATE_RECEIVED = 0x2, STATE_CANCELED = 0x4 };
enum { MEETING_REQUEST = 1 };

static const struct status_t {
    const char *partstat;
    int track;
} states[] = {{"NEEDS-ACTION", TRACK_NOT_RESPONDED}, {"ACCEPTED", TRACK_ACCEPTED},
              {"DECLINED", TRACK_DECLINED},          {"TENTATIVE", TRACK_TENTATIVE},
              {"NEEDS-ACTION", TRACK_NONE},          {"DELEGATED", TRACK_DECLINED}};
enum { STATES = sizeof(states) / sizeof(states[0]) };

static const okapi__person_tags_t recipient_tags = {PR_DISPLAY_NAME, PR_ADDRTYPE, PR_EMAIL_ADDRESS,
                                                    PR_SMTP_ADDRESS, PR_ENTRYID,  PR_SEARCH_KEY};
static const okapi__person_tags_t representing_tags = {
    PR_SENT_REPRESENTING_NAME,          PR_SENT_REPRESENTING_ADDRTYPE,
    PR_SENT_REPRESENTING_EMAIL_ADDRESS, PR_SENT_REPRESENTING_SMTP_ADDRESS,
    PR_SENT_REPRESENTING_ENTRYID,       PR_SENT_REPRESENTING_SEARCH_KEY};
static const okapi__person_tags_t sender_tags = {PR_SENDER_NAME,          PR_SENDER_ADDRTYPE,
                                                 PR_SENDER_EMAIL_ADDRESS, PR_SENDER_SMTP_ADDRESS,
                                                 PR_SENDER_ENTRYID,       PR_SENDER_SEARCH_KEY};

/* ---- reading ---- */

/* "mailto:john@example.org" with its CN; 0 for an address of another kind. */
static int read_address(okapi__address_t *address, const okapi__line_t *line, apr_pool_t *pool)
{
    const char *cn = okapi__line_param(line, "CN"), *value = line->value;
    if (strncasecmp(value, "mailto:", 7) == 0)
        value += 7;
    else if (!strchr(value, '@') || strchr(value, ':'))
        return 0;
    address->name = cn ? cn : "";
    address->address = apr_pstrmemdup(pool, value, strcspn(value, "?"));
    return *address->address != 0;
}

/* The roles of RFC 5545 are the types of recipients: resources are those of blind copies. */
static int type_of(const okapi__line_t *line)
{
    const char *type = okapi__line_param(line, "CUTYPE"), *role = okapi__line_param(line, "ROLE");
    if (type && (strcasecmp(type, "RESOURCE") == 0 || strcasecmp(type, "ROOM") == 0))
        return MAPI_BCC;
    return role && (strcasecmp(role, "OPT-PARTICIPANT") == 0 ||
                    strcasecmp(role, "NON-PARTICIPANT") == 0)
               ? MAPI_CC
               : MAPI_TO;
}

static int track_of(const okapi__line_t *line)
{
    const char *partstat = okapi__line_param(line, "PARTSTAT");
    for (int i = 0; partstat && i < STATES; i++)
        if (strcasecmp(partstat, states[i].partstat) == 0)
            return states[i].track;
    return TRACK_NOT_RESPONDED;
}

/* Whom the message's header named is a recipient already, and so is an organizer who attends. */
static const okapi_recipient_t *known_recipient(const okapi__item_t *item, const char *address)
{
    for (int i = 0; item->known && i < okapi_message_recipient_count(item->message); i++) {
        const okapi_recipient_t *r = okapi_message_recipient(item->message, i);
        if (strcasecmp(okapi_props_str(r->props, PR_SMTP_ADDRESS, ""), address) == 0)
            return r;
    }
    return NULL;
}

static apr_status_t add_recipient(const okapi__item_t *item, okapi__draft_t *draft,
                                  const okapi__address_t *address, int type, int flags, int track)
{
    const okapi_recipient_t *known = known_recipient(item, address->address);
    if (known && (okapi_props_int(known->props, PR_RECIPIENT_FLAGS, 0) & RECIP_ORGANIZER))
        return APR_SUCCESS;
    if (known) {
        okapi_props_set_i32(known->props, PR_RECIPIENT_FLAGS, flags);
        okapi_props_set_i32(known->props, PR_RECIPIENT_TRACKSTATUS, track);
        return APR_SUCCESS;
    }
    if (item->known) /* the mail wasn't sent to him */
        flags &= ~RECIP_SENDABLE;
    apr_array_header_t *values =
        apr_array_make(draft->mime->scratch_pool, 12, sizeof(okapi_propval_t));
    apr_status_t status = okapi__person_values(draft, address, &recipient_tags, values);
    if (status != APR_SUCCESS)
        return status;
    APR_ARRAY_PUSH(values, okapi_propval_t) = okapi_propval_i32(PR_RECIPIENT_TYPE, type);
    APR_ARRAY_PUSH(values, okapi_propval_t) = okapi_propval_i32(PR_RECIPIENT_FLAGS, flags);
    APR_ARRAY_PUSH(values, okapi_propval_t) = okapi_propval_i32(PR_RECIPIENT_TRACKSTATUS, track);
    APR_ARRAY_PUSH(values, okapi_propval_t) = okapi_propval_i32(PR_OBJECT_TYPE, 6);
    APR_ARRAY_PUSH(values, okapi_propval_t) = okapi_propval_i32(PR_DISPLAY_TYPE, 0);
    okapi_recipient_t *recipient = okapi_message_add_recipient(draft->message, type);
    for (int i = 0; i < values->nelts; i++)
        okapi_props_set(recipient->props, &APR_ARRAY_IDX(values, i, okapi_propval_t));
    return APR_SUCCESS;
}

/* Whom the message is from: the organizer, but an answer is its attendee's. */
static apr_status_t put_senders(okapi__item_t *item, okapi__draft_t *draft,
                                const okapi__address_t *address)
{
    apr_array_header_t *values = apr_array_make(item->cal->pool, 12, sizeof(okapi_propval_t));
    apr_status_t status = okapi__person_values(draft, address, &representing_tags, values);
    if (status == APR_SUCCESS && item->method)
        status = okapi__person_values(draft, address, &sender_tags, values);
    for (int i = 0; i < values->nelts && status == APR_SUCCESS; i++)
        okapi_props_set(item->props, &APR_ARRAY_IDX(values, i, okapi_propval_t));
    return status;
}

static apr_status_t read_attendees(okapi__item_t *item, okapi__draft_t *draft, int is_reply, int *n)
{
    apr_status_t status = APR_SUCCESS;
    for (int i = 0; i < item->comp->lines->nelts && status == APR_SUCCESS; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(item->comp->lines, i, okapi__line_t);
        okapi__address_t address;
        if (strcmp(line->name, "ATTENDEE") != 0 || *n >= MAX_ATTENDEES ||
            !read_address(&address, line, item->cal->pool))
            continue;
        if (is_reply && *n == 0)
            status = put_senders(item, draft, &address);
        else if (!is_reply)
            status =
                add_recipient(item, draft, &address, type_of(line), RECIP_SENDABLE, track_of(line));
        ++*n;
    }
    return status;
}

apr_status_t okapi__people_read(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    okapi__mime_t mime = {.okapi = okapi_store_engine(item->cal->store),
                          .users = apr_hash_make(pool),
                          .lookups_left = MAX_LOOKUPS,
                          .result_pool = pool,
                          .scratch_pool = pool};
    okapi__draft_t draft = {&mime, item->message};
    item->known = okapi_message_recipient_count(item->message);
    const okapi__line_t *line = okapi__comp_line(item->comp, "ORGANIZER");
    okapi__address_t organizer;
    int is_reply = item->method &&
                   (strcmp(item->method, "REPLY") == 0 || strcmp(item->method, "COUNTER") == 0);
    int has_organizer = line && read_address(&organizer, line, pool), attendees = 0;
    apr_status_t status = APR_SUCCESS;
    if (has_organizer) {
        status = add_recipient(item, &draft, &organizer, MAPI_TO,
                               RECIP_SENDABLE | (is_reply ? 0 : RECIP_ORGANIZER),
                               is_reply ? TRACK_NONE : TRACK_ORGANIZED);
        if (status == APR_SUCCESS && !is_reply)
            status = put_senders(item, &draft, &organizer);
    }
    if (status == APR_SUCCESS)
        status = read_attendees(item, &draft, is_reply, &attendees);
    if (item->kind != OKAPI__EVENT || (!has_organizer && attendees == 0))
        return status;

    int state = STATE_MEETING | (item->method ? STATE_RECEIVED : 0);
    const char *text = okapi__comp_value(item->comp, "STATUS");
    if ((text && strcasecmp(text, "CANCELLED") == 0) ||
        (item->method && strcmp(item->method, "CANCEL") == 0))
        state |= STATE_CANCELED;
    okapi_props_set_i32(item->props, OKAPI__CAL_TAG(item, STATE_FLAGS), state);
    okapi_props_set_bool(item->props, OKAPI__CAL_TAG(item, INVITED), 1);
    if (item->method && strcmp(item->method, "REQUEST") == 0) {
        okapi_props_set_i32(item->props, OKAPI__CAL_TAG(item, MEETING_TYPE), MEETING_REQUEST);
        okapi_props_set_bool(item->props, PR_RESPONSE_REQUESTED, 1);
    }
    return status;
}

/* ---- writing ---- */

static const char *address_of(const okapi_props_t *props, const okapi__person_tags_t *tags)
{
    const char *address = okapi_props_str(props, tags->smtp, "");
    if (!*address && strcmp(okapi_props_str(props, tags->addrtype, ""), "SMTP") == 0)
        address = okapi_props_str(props, tags->email, "");
    return *address ? address : NULL;
}

static void write_person(okapi__item_t *item, const char *name, const okapi_props_t *props,
                         const okapi__person_tags_t *tags, const char *params)
{
    apr_pool_t *pool = item->cal->pool;
    const char *address = address_of(props, tags), *cn = okapi_props_str(props, tags->name, "");
    if (!address)
        return;
    if (*cn && strcmp(cn, address) != 0)
        params = apr_pstrcat(pool, "CN=", okapi__param_write(cn, pool), params ? ";" : "",
                             params ? params : "", NULL);
    okapi__comp_add(item->comp, name, params, apr_pstrcat(pool, "mailto:", address, NULL));
}

static void write_attendee(okapi__item_t *item, const okapi_recipient_t *recipient)
{
    const char *partstat = "NEEDS-ACTION";
    int track = (int)okapi_props_int(recipient->props, PR_RECIPIENT_TRACKSTATUS, 0);
    int type = recipient->type & 3;
    for (int i = STATES - 1; i >= 0; i--)
        if (states[i].track == track && strcmp(states[i].partstat, "DELEGATED") != 0)
            partstat = states[i].partstat;
    write_person(
        item, "ATTENDEE", recipient->props, &recipient_tags,
        apr_pstrcat(item->cal->pool, type == MAPI_BCC ? "CUTYPE=RESOURCE;" : "",
                    type == MAPI_CC ? "ROLE=OPT-PARTICIPANT" : "ROLE=REQ-PARTICIPANT",
                    ";PARTSTAT=", partstat,
                    item->method && strcmp(item->method, "REQUEST") == 0 ? ";RSVP=TRUE" : "",
                    NULL));
}

/* An answer is from its attendee, to the organizer. */
static void write_reply(okapi__item_t *item)
{
    const char *class = okapi_props_str(item->props, PR_MESSAGE_CLASS, "");
    const char *partstat = strstr(class, ".Pos")   ? "PARTSTAT=ACCEPTED"
                           : strstr(class, ".Neg") ? "PARTSTAT=DECLINED"
                                                   : "PARTSTAT=TENTATIVE";
    write_person(item, "ATTENDEE", item->props, &representing_tags, partstat);
    if (okapi_message_recipient_count(item->message) > 0)
        write_person(item, "ORGANIZER", okapi_message_recipient(item->message, 0)->props,
                     &recipient_tags, NULL);
}

void okapi__people_write(okapi__item_t *item)
{
    int n = okapi_message_recipient_count(item->message), organizers = 0;
    int is_mail = item->method && OKAPI__CAL_TAG(item, KEPT_CALENDAR) &&
                  okapi_props_get(item->props, OKAPI__CAL_TAG(item, KEPT_CALENDAR));
    if (item->method &&
        (strcmp(item->method, "REPLY") == 0 || strcmp(item->method, "COUNTER") == 0)) {
        write_reply(item);
        return;
    }
    for (int i = 0; i < n; i++) {
        const okapi_recipient_t *recipient = okapi_message_recipient(item->message, i);
        if (is_mail && !okapi_props_get(recipient->props, PR_RECIPIENT_TRACKSTATUS))
            continue; /* a list that the mail went to, but nobody who attends */
        if (!(okapi_props_int(recipient->props, PR_RECIPIENT_FLAGS, 0) & RECIP_ORGANIZER))
            write_attendee(item, recipient);
        else if (organizers++ == 0)
            write_person(item, "ORGANIZER", recipient->props, &recipient_tags, NULL);
    }
    if (organizers == 0 && n > 0)
        write_person(item, "ORGANIZER", item->props, &representing_tags, NULL);
}
