/* submit.c - sending a message: as whom, when, and whether at all. MS-OXOMSG 3.3.5.1. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/quota.h>

#include "access.h"
#include "delivery_private.h"
#include "submit_private.h"

static const okapi__person_tags_t sender_tags = {
    PR_SENDER_ENTRYID,  PR_SENDER_SEARCH_KEY,    PR_SENDER_NAME,
    PR_SENDER_ADDRTYPE, PR_SENDER_EMAIL_ADDRESS, PR_SENDER_SMTP_ADDRESS};

static const okapi__person_tags_t representing_tags = {
    PR_SENT_REPRESENTING_ENTRYID,       PR_SENT_REPRESENTING_SEARCH_KEY,
    PR_SENT_REPRESENTING_NAME,          PR_SENT_REPRESENTING_ADDRTYPE,
    PR_SENT_REPRESENTING_EMAIL_ADDRESS, PR_SENT_REPRESENTING_SMTP_ADDRESS};

/* ---- as whom ---- */

typedef struct standing_t {
    const okapi_user_t *actor, *represented;
    int as, behalf; /* set */
} standing_t;

/* What the actor may do in the name of somebody else. */
static apr_status_t read_standing(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    standing_t *s = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__send_as_check(&s->as, conn, s->represented->id, s->actor,
                                           scratch_pool);
    if (rv != APR_SUCCESS || s->as) {
        return rv;
    }
    rv = okapi__db_select_one(&rows, &found, conn, STMT_DELEGATE_OF_USER,
                              DB_ARGS(DB_S(s->represented->name), DB_I(s->actor->id)),
                              scratch_pool);
    s->behalf = rv == APR_SUCCESS && found;
    return rv;
}

/* The one that is told: sender_tags, the header field Sender. */
static apr_status_t find_sender(const okapi_user_t **sender, okapi_message_t *message,
                                const okapi_user_t *actor, const okapi_user_t *represented,
                                apr_pool_t *scratch_pool)
{
    standing_t s = {actor, represented, 0, 0};
    apr_status_t rv = APR_SUCCESS;
    *sender = represented;
    if (represented->id != actor->id) {
        rv = okapi__db_read(message->store->okapi->db, read_standing, &s, scratch_pool);
        *sender = s.as ? represented : actor;
        rv = rv == APR_SUCCESS && !s.as && !s.behalf ? OKAPI_EACCESS : rv;
    }
    return rv;
}

/* Says who USER is, by ADDRESS, which is one of his. */
static apr_status_t set_person(okapi_message_t *message, const okapi__person_tags_t *tags,
                               const okapi_user_t *user, const char *address,
                               apr_pool_t *scratch_pool)
{
    const okapi_propval_t v = okapi_propval_str(tags->smtp, address);
    apr_status_t rv = okapi__delivery_person(message, tags, user, scratch_pool);
    return rv == APR_SUCCESS ? okapi_object_set(&message->object, &v, 1, scratch_pool) : rv;
}

/* Sets who sends, and as whom; *ADDRESS is the envelope's. */
static apr_status_t set_people(const char **address, okapi_message_t *message,
                               apr_pool_t *scratch_pool)
{
    const okapi_store_t *store = message->store;
    const okapi_user_t *actor = store->actor->id ? store->actor : store->owner, *sender;
    okapi_user_t *found;
    const char *given;
    apr_status_t rv = okapi__submit_represented(&found, &given, message, scratch_pool,
                                                scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (given && !found) {
        return OKAPI_EACCESS; /* nobody here has this address */
    }
    const okapi_user_t *represented = found ? found : actor;
    rv = find_sender(&sender, message, actor, represented, scratch_pool);
    given = given && *given ? given : represented->email;
    *address = sender == represented ? given : sender->email;
    if (rv == APR_SUCCESS) {
        rv = set_person(message, &representing_tags, represented, given, scratch_pool);
    }
    return rv == APR_SUCCESS
               ? set_person(message, &sender_tags, sender, *address, scratch_pool)
               : rv;
}

/* ---- when: MS-OXOMSG 2.2.3.2 to 2.2.3.4 ---- */

static okapi_time_t deferred_until(okapi_message_t *message, okapi_time_t now)
{
    static const apr_int64_t minutes[] = {1, 60, 24 * 60, 7 * 24 * 60};
    okapi_props_t *props = message->bag.props;
    const okapi_propval_t *time = okapi_props_get(props, PR_DEFERRED_SEND_TIME);
    apr_int64_t number = okapi_props_int(props, PR_DEFERRED_SEND_NUMBER, 0);
    apr_int64_t units = okapi_props_int(props, PR_DEFERRED_SEND_UNITS, -1);
    if (time) {
        return time->v.time;
    }
    if (number < 1 || number > 999 || units < 0 || units > 3) {
        return 0;
    }
    okapi_time_t until = now + number * minutes[units] * 60 * 10000000;
    okapi_props_set_time(props, PR_DEFERRED_SEND_TIME, until);
    return until;
}

/* ---- what it says of itself ---- */

static const char *new_message_id(const okapi_t *okapi, apr_pool_t *result_pool)
{
    okapi_guid_t guid = okapi_guid_create();
    return apr_pstrcat(result_pool, "<", okapi_guid_format(&guid, result_pool), "@",
                       okapi->config->domain, ">", NULL);
}

/* MS-OXOMSG 3.3.5.1: what the server sets. The identifier stays, however often it is tried. */
static void stamp(okapi_message_t *message, okapi_time_t now, apr_pool_t *scratch_pool)
{
    okapi_props_t *props = message->bag.props;
    if (!*okapi_props_str(props, PR_INTERNET_MESSAGE_ID, "")) {
        okapi_props_set_str(props, PR_INTERNET_MESSAGE_ID,
                            new_message_id(message->store->okapi, scratch_pool));
    }
    okapi_props_set_time(props, PR_CLIENT_SUBMIT_TIME, now);
    okapi_props_set_time(props, PR_MESSAGE_DELIVERY_TIME, now);
    message->row.flags |= OKAPI__MSGFLAG_READ | MSGFLAG_FROMME;
}

/* Of what a client made itself the header says it, too: the server's are fields of the message that
 * come before the client's (queue.h). */
static apr_status_t set_field(okapi_message_t *message, const char *name, const char *value,
                              apr_pool_t *scratch_pool)
{
    okapi__sending_t sending = {.message = message};
    return okapi__outgoing_field(&sending, name, value, scratch_pool);
}

/* RFC 5322 3.6.2, 3.6.4. */
static apr_status_t set_fields(okapi_message_t *message, int had_id, apr_pool_t *scratch_pool)
{
    const okapi_props_t *props = message->bag.props;
    const char *sender = okapi_props_str(props, PR_SENDER_SMTP_ADDRESS, "");
    apr_status_t rv = APR_SUCCESS;
    if (strcmp(sender, okapi_props_str(props, PR_SENT_REPRESENTING_SMTP_ADDRESS, "")) != 0) {
        rv = set_field(message, "Sender", apr_pstrcat(scratch_pool, "<", sender, ">", NULL),
                       scratch_pool);
    }
    return rv == APR_SUCCESS && !had_id
               ? set_field(message, "Message-ID",
                           okapi_props_str(props, PR_INTERNET_MESSAGE_ID, ""), scratch_pool)
               : rv;
}

static apr_status_t prepare(okapi_queue_envelope_t *envelope, okapi_message_t *message, int flags,
                            apr_pool_t *scratch_pool)
{
    okapi_time_t now = okapi_time_now();
    apr_array_header_t *addresses;
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_quota_check_send(message->store, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = set_people(&envelope->sender, message, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__submit_recipients(&addresses, message, scratch_pool, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    envelope->recipients = addresses;
    envelope->not_before = deferred_until(message, now);
    int had_id = *okapi_props_str(message->bag.props, PR_INTERNET_MESSAGE_ID, "") != '\0';
    stamp(message, now, scratch_pool);
    if (flags & OKAPI_SUBMIT_RAW) {
        return set_fields(message, had_id, scratch_pool);
    }
    okapi__raw_drop(message); /* of what this was made from, whoever that is from */
    return APR_SUCCESS;
}

apr_status_t okapi_submit(okapi_message_t *message, int flags, apr_pool_t *scratch_pool)
{
    okapi_queue_envelope_t envelope = {"", NULL, 0};
    if (message->parent || okapi_store_is_public(message->store)) {
        return OKAPI_ENOSUPPORT;
    }
    if (message->row.flags & MSGFLAG_SUBMIT) {
        return OKAPI_EEXISTS;
    }
    apr_status_t rv = prepare(&envelope, message, flags, scratch_pool);
    return rv == APR_SUCCESS ? okapi_queue_submit(message, &envelope, scratch_pool) : rv;
}
