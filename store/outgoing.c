/* outgoing.c - messages that rules and automatic replies send: made in the Spooler Queue folder,
 * and queued in the transaction that saves them (rule_run.c). */
#include <string.h>

#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>
#include <okapi/named.h>

#include "delivery_private.h"
#include "text.h"

enum {
    ADDRESS_MAX = 320,
    REFERENCES_MAX = 4000,  /* bytes: the oldest are left out */
    INDEX_HEADER = 22,      /* bytes of PR_CONVERSATION_INDEX, MS-OXOMSG 2.2.1.3 */
    INDEX_CHILD = 5,
    INDEX_MAX = INDEX_HEADER + 100 * INDEX_CHILD
};

apr_status_t okapi__outgoing_create(okapi__sending_t **sending, okapi__rule_run_t *run)
{
    okapi_store_t *store = run->store;
    *sending = apr_pcalloc(run->pool, sizeof(**sending));
    (*sending)->sender = "";
    (*sending)->recipients = apr_array_make(run->pool, 2, sizeof(const char *));
    return okapi_message_create(&(*sending)->message, store,
                                okapi_store_special(store, OKAPI_FOLDER_SPOOLER_QUEUE), 0,
                                run->pool, run->pool);
}

/* ---- people ---- */

apr_status_t okapi__outgoing_from_owner(okapi__sending_t *sending, apr_pool_t *scratch_pool)
{
    static const okapi__person_tags_t sender = {
        PR_SENDER_ENTRYID,  PR_SENDER_SEARCH_KEY,    PR_SENDER_NAME,
        PR_SENDER_ADDRTYPE, PR_SENDER_EMAIL_ADDRESS, PR_SENDER_SMTP_ADDRESS};
    static const okapi__person_tags_t representing = {
        PR_SENT_REPRESENTING_ENTRYID,       PR_SENT_REPRESENTING_SEARCH_KEY,
        PR_SENT_REPRESENTING_NAME,          PR_SENT_REPRESENTING_ADDRTYPE,
        PR_SENT_REPRESENTING_EMAIL_ADDRESS, PR_SENT_REPRESENTING_SMTP_ADDRESS};
    okapi_message_t *message = sending->message;
    const okapi_user_t *owner = message->store->owner;
    apr_status_t rv = okapi__delivery_person(message, &sender, owner, scratch_pool);
    return rv == APR_SUCCESS ? okapi__delivery_person(message, &representing, owner, scratch_pool)
                             : rv;
}

/* The address of a user by the name Outlook knows him by. */
static apr_status_t address_of_dn(const char **address, okapi_t *okapi, const char *dn,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *name = okapi_user_name_of_dn(okapi, dn, scratch_pool);
    okapi_user_t *user;
    apr_status_t rv = name ? okapi_user_by_login(&user, okapi, name, result_pool, scratch_pool)
                           : OKAPI_EUNKNOWNUSER;
    *address = rv == APR_SUCCESS ? user->email : NULL;
    return rv == OKAPI_EUNKNOWNUSER ? APR_SUCCESS : rv;
}

apr_status_t okapi__outgoing_address(const char **address, okapi_t *okapi,
                                     const okapi_props_t *props, apr_pool_t *result_pool,
                                     apr_pool_t *scratch_pool)
{
    const okapi_propval_t *entryid = okapi_props_get(props, PR_ENTRYID);
    const char *type = okapi_props_str(props, PR_ADDRTYPE, "");
    const char *email = okapi_props_str(props, PR_EMAIL_ADDRESS, "");
    *address = okapi_props_str(props, PR_SMTP_ADDRESS, "");
    if (!strchr(*address, '@')) {
        *address = strcasecmp(type, "EX") != 0 && strchr(email, '@') ? email : NULL;
    }
    if (*address) {
        return APR_SUCCESS;
    }
    const char *dn = entryid ? okapi_entryid_addressbook_dn(entryid->v.bin, scratch_pool) : NULL;
    return address_of_dn(address, okapi, dn ? dn : email, result_pool, scratch_pool);
}

static int is_among(const apr_array_header_t *addresses, const char *folded,
                    apr_pool_t *scratch_pool)
{
    for (int i = 0; i < addresses->nelts; i++) {
        const char *other = APR_ARRAY_IDX(addresses, i, const char *);
        if (strcmp(okapi__text_fold(other, ADDRESS_MAX, scratch_pool), folded) == 0) {
            return 1;
        }
    }
    return 0;
}

void okapi__outgoing_add(okapi__sending_t *sending, int type, const char *name,
                         const char *address, apr_pool_t *scratch_pool)
{
    if (is_among(sending->recipients, okapi__text_fold(address, ADDRESS_MAX, scratch_pool),
                 scratch_pool)) {
        return;
    }
    APR_ARRAY_PUSH(sending->recipients, const char *) =
        apr_pstrdup(sending->recipients->pool, address);
    if (type == MAPI_ORIG) {
        return;
    }
    name = *name ? name : address;
    okapi_binary_t entryid = okapi_entryid_oneoff(name, "SMTP", address, scratch_pool);
    okapi_recipient_t *r = okapi_message_add_recipient(sending->message, type);
    okapi_props_set_str(r->props, PR_DISPLAY_NAME, name);
    okapi_props_set_str(r->props, PR_ADDRTYPE, "SMTP");
    okapi_props_set_str(r->props, PR_EMAIL_ADDRESS, address);
    okapi_props_set_str(r->props, PR_SMTP_ADDRESS, address);
    okapi_props_set_bin(r->props, PR_ENTRYID, entryid.data, entryid.len);
}

/* ---- what it says of itself ---- */

apr_status_t okapi__outgoing_field(okapi__sending_t *sending, const char *name, const char *value,
                                   apr_pool_t *scratch_pool)
{
    const okapi_propname_t propname = {okapi_ps_internet_headers, MNID_STRING, 0, name};
    apr_uint16_t id;
    apr_status_t rv = okapi_named_ids(sending->message->store, &propname, 1, 1, &id, scratch_pool);
    if (rv != APR_SUCCESS || !id) {
        return rv;
    }
    const okapi_propval_t v = okapi_propval_str(OKAPI_PROP_TAG(PT_UNICODE, id), value);
    return okapi_object_set(&sending->message->object, &v, 1, scratch_pool);
}

apr_status_t okapi__outgoing_subject(okapi__sending_t *sending, okapi_message_t *message,
                                     const char *prefix, apr_pool_t *scratch_pool)
{
    const char *subject = okapi_props_str(message->bag.props, PR_NORMALIZED_SUBJECT, "");
    const okapi_propval_t v =
        okapi_propval_str(PR_SUBJECT, apr_pstrcat(scratch_pool, prefix, subject, NULL));
    okapi__propbag_unset(&sending->message->bag, PR_SUBJECT_PREFIX);
    return okapi_object_set(&sending->message->object, &v, 1, scratch_pool);
}

void okapi__outgoing_forget(okapi__sending_t *sending)
{
    static const okapi_proptag_t tags[] = {
        PR_TRANSPORT_MESSAGE_HEADERS, PR_INTERNET_MESSAGE_ID, PR_MESSAGE_DELIVERY_TIME,
        PR_READ_RECEIPT_REQUESTED, PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED, PR_MESSAGE_TO_ME,
        PR_MESSAGE_CC_ME, PR_MESSAGE_RECIP_ME, PR_REPLY_RECIPIENT_ENTRIES,
        PR_REPLY_RECIPIENT_NAMES, PR_REPLY_TEMPLATE_ID};
    for (apr_size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        okapi__propbag_unset(&sending->message->bag, tags[i]);
    }
    apr_array_clear(sending->message->recipients);
}

/* ---- answers ---- */

/* That of an answer now to a message of the index PARENT: its header's time, top six bytes of a
 * FILETIME, counts the time of each level. Empty if PARENT isn't one, or as long as one gets. */
static okapi_binary_t child_index(okapi_binary_t parent, apr_pool_t *result_pool)
{
    okapi_binary_t child = {NULL, 0};
    okapi_time_t time = 0;
    if (parent.len < INDEX_HEADER || parent.len >= INDEX_MAX) {
        return child;
    }
    for (int i = 0; i < 6; i++) {
        time = time << 8 | parent.data[i];
    }
    okapi_time_t delta = okapi_time_now() - time * 65536;
    delta = delta < 0 ? 0 : delta;
    apr_uint32_t code = delta >> 49 ? 0x80000000u | (apr_uint32_t)(delta >> 23 & 0x7FFFFFFF)
                                    : (apr_uint32_t)(delta >> 18);
    unsigned char *data = apr_palloc(result_pool, parent.len + INDEX_CHILD);
    memcpy(data, parent.data, parent.len);
    for (int i = 0; i < 4; i++) {
        data[parent.len + (apr_size_t)i] = (unsigned char)(code >> (24 - 8 * i));
    }
    data[parent.len + 4] = (unsigned char)(delta >> 4 & 0xF0);
    return (okapi_binary_t){data, parent.len + INDEX_CHILD};
}

/* The references of an answer, RFC 5322 3.6.4. */
static const char *references(const okapi_props_t *props, const char *id, apr_pool_t *result_pool)
{
    const char *all = okapi_props_str(props, PR_INTERNET_REFERENCES, NULL);
    all = all ? all : okapi_props_str(props, PR_IN_REPLY_TO_ID, "");
    while (strlen(all) > REFERENCES_MAX && strchr(all, ' ')) {
        all = strchr(all, ' ') + 1;
    }
    return *all ? apr_pstrcat(result_pool, all, " ", id, NULL) : id;
}

apr_status_t okapi__outgoing_answer(okapi__sending_t *sending, okapi_message_t *message,
                                    apr_pool_t *scratch_pool)
{
    const okapi_props_t *props = message->bag.props;
    okapi_props_t *own = sending->message->bag.props;
    const char *id = okapi_props_str(props, PR_INTERNET_MESSAGE_ID, "");
    const okapi_propval_t *parent = okapi_props_get(props, PR_CONVERSATION_INDEX);
    const char *subject = okapi_props_str(props, PR_NORMALIZED_SUBJECT, "");
    okapi_props_set_str(own, PR_CONVERSATION_TOPIC,
                        okapi_props_str(props, PR_CONVERSATION_TOPIC, subject));
    okapi_binary_t index = parent ? child_index(parent->v.bin, scratch_pool)
                                  : (okapi_binary_t){NULL, 0};
    if (index.len) {
        okapi_props_set_bin(own, PR_CONVERSATION_INDEX, index.data, index.len);
    }
    if (*id) {
        okapi_props_set_str(own, PR_IN_REPLY_TO_ID, id);
        okapi_props_set_str(own, PR_INTERNET_REFERENCES, references(props, id, scratch_pool));
    }
    okapi_props_set_i32(own, PR_AUTO_RESPONSE_SUPPRESS, -1); /* nothing is to come back */
    return okapi__outgoing_field(sending, "Auto-Submitted", "auto-replied", scratch_pool);
}

/* ---- sending ---- */

apr_status_t okapi__outgoing_send(okapi__sending_t *sending, okapi__rule_run_t *run)
{
    okapi_message_t *message = sending->message;
    okapi_props_t *props = message->bag.props;
    okapi_guid_t guid = okapi_guid_create();
    if (sending->recipients->nelts == 0) {
        return APR_SUCCESS;
    }
    okapi_props_set_bool(props, PR_DELETE_AFTER_SUBMIT, 1);
    okapi_props_set_time(props, PR_CLIENT_SUBMIT_TIME, okapi_time_now());
    if (!okapi_props_get(props, PR_INTERNET_MESSAGE_ID)) {
        okapi_props_set_str(props, PR_INTERNET_MESSAGE_ID,
                            apr_pstrcat(run->pool, "<", okapi_guid_format(&guid, run->pool), "@",
                                        run->store->okapi->config->domain, ">", NULL));
    }
    message->row.flags = (message->row.flags & MSGFLAG_HASATTACH) | MSGFLAG_SUBMIT |
                         MSGFLAG_FROMME | OKAPI__MSGFLAG_READ;
    APR_ARRAY_PUSH(run->sendings, okapi__sending_t *) = sending;
    APR_ARRAY_PUSH(run->savings, okapi__saving_t) = (okapi__saving_t){
        .message = message, .flags = OKAPI__SAVE_ANY_SIZE, .is_skipped = &sending->is_skipped};
    return okapi__db_take_ids(run->store->okapi->db, 1, &sending->entry_id, run->pool);
}
