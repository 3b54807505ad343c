/* delivery.c - what a mailbox does with new mail: who it is for, where it goes. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/delegate.h>
#include <okapi/delivery.h>
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "delivery_private.h"
#include "text.h"
#include "user_private.h"

enum { ADDRESS_MAX = 320, SENSITIVITY_PRIVATE = 2 };

/* ---- who received it: MS-OXOMSG 2.2.1.23 to 2.2.1.27, 2.2.1.35 to 2.2.1.39 ---- */

static const okapi__person_tags_t received_by = {
    PR_RECEIVED_BY_ENTRYID,  PR_RECEIVED_BY_SEARCH_KEY,    PR_RECEIVED_BY_NAME,
    PR_RECEIVED_BY_ADDRTYPE, PR_RECEIVED_BY_EMAIL_ADDRESS, PR_RECEIVED_BY_SMTP_ADDRESS};

static const okapi__person_tags_t rcvd_representing = {
    PR_RCVD_REPRESENTING_ENTRYID,       PR_RCVD_REPRESENTING_SEARCH_KEY,
    PR_RCVD_REPRESENTING_NAME,          PR_RCVD_REPRESENTING_ADDRTYPE,
    PR_RCVD_REPRESENTING_EMAIL_ADDRESS, PR_RCVD_REPRESENTING_SMTP_ADDRESS};

apr_status_t okapi__delivery_person(okapi_message_t *message, const okapi__person_tags_t *tags,
                                    const okapi_user_t *user, apr_pool_t *scratch_pool)
{
    const char *dn = okapi_user_dn(message->store->okapi, user, scratch_pool);
    okapi_binary_t entryid = okapi_entryid_addressbook(dn, 0, scratch_pool);
    char *key = apr_pstrcat(scratch_pool, "EX:", dn, NULL);
    for (char *p = key; *p; p++) {
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    }
    const okapi_propval_t values[] = {
        okapi_propval_bin(tags->entryid, entryid.data, entryid.len),
        okapi_propval_bin(tags->search_key, key, strlen(key) + 1), /* with its zero */
        okapi_propval_str(tags->name, user->fullname),
        okapi_propval_str(tags->addrtype, "EX"),
        okapi_propval_str(tags->address, dn),
        okapi_propval_str(tags->smtp, user->email)};
    return okapi_object_set(&message->object, values, sizeof(values) / sizeof(values[0]),
                            scratch_pool);
}

apr_status_t okapi__delivery_represent(okapi_message_t *message, const okapi_user_t *user,
                                       apr_pool_t *scratch_pool)
{
    return okapi__delivery_person(message, &rcvd_representing, user, scratch_pool);
}

/* ---- is it for me: MS-OXOMSG 2.2.1.31, 2.2.1.32, 2.2.1.33 ---- */

static void add_address(apr_hash_t *own, const char *address, apr_pool_t *pool)
{
    const char *folded = okapi__text_fold(address, ADDRESS_MAX, pool);
    apr_hash_set(own, folded, APR_HASH_KEY_STRING, folded);
}

apr_status_t okapi__delivery_own_addresses(apr_hash_t **own, okapi_store_t *store,
                                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi_user_t *user = store->owner;
    const char *domain = store->okapi->config->domain;
    apr_array_header_t *aliases;
    apr_status_t rv = okapi_user_aliases(&aliases, store->okapi, user, result_pool, scratch_pool);
    *own = apr_hash_make(result_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    add_address(*own, user->email, result_pool);
    add_address(*own, apr_pstrcat(result_pool, user->name, "@", domain, NULL), result_pool);
    add_address(*own, okapi_user_dn(store->okapi, user, result_pool), result_pool);
    for (int i = 0; i < aliases->nelts; i++) {
        add_address(*own, APR_ARRAY_IDX(aliases, i, const char *), result_pool);
    }
    return APR_SUCCESS;
}

int okapi__delivery_is_own(const okapi_store_t *store, apr_hash_t *own, const char *address,
                           apr_pool_t *scratch_pool)
{
    const char *folded = okapi__text_fold(address, ADDRESS_MAX, scratch_pool);
    const char *detail, *plain = okapi__address_plain(
                            &detail, folded, store->okapi->config->address_separator, scratch_pool);
    return apr_hash_get(own, folded, APR_HASH_KEY_STRING) != NULL ||
           (plain && apr_hash_get(own, plain, APR_HASH_KEY_STRING) != NULL);
}

/* Sets bit N for a recipient of type N (MAPI_TO, ...) that is one of OWN. */
static int types_for_me(okapi_message_t *message, apr_hash_t *own, apr_pool_t *scratch_pool)
{
    static const okapi_proptag_t tags[] = {PR_SMTP_ADDRESS, PR_EMAIL_ADDRESS};
    int types = 0;
    for (int i = 0; i < okapi_message_recipient_count(message); i++) {
        const okapi_recipient_t *r = okapi_message_recipient(message, i);
        for (int j = 0; j < 2; j++) {
            const char *address = okapi_props_str(r->props, tags[j], "");
            if (*address && okapi__delivery_is_own(message->store, own, address, scratch_pool)) {
                types |= 1 << (r->type & 0x0F);
            }
        }
    }
    return types;
}

/* *OWN are the addresses of who gets it: to a public folder it comes for nobody. */
static apr_status_t address_draft(apr_hash_t **own, okapi_message_t *draft,
                                  apr_pool_t *scratch_pool)
{
    const okapi_user_t *owner = draft->store->owner;
    const okapi_propval_t now = okapi_propval_time(PR_MESSAGE_DELIVERY_TIME, okapi_time_now());
    if (okapi_store_is_public(draft->store)) {
        *own = apr_hash_make(scratch_pool);
        return okapi_object_set(&draft->object, &now, 1, scratch_pool);
    }
    apr_status_t rv = okapi__delivery_own_addresses(own, draft->store, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int types = types_for_me(draft, *own, scratch_pool);
    const okapi_propval_t values[] = {
        okapi_propval_bool(PR_MESSAGE_TO_ME, (types & 1 << MAPI_TO) != 0),
        okapi_propval_bool(PR_MESSAGE_CC_ME, (types & 1 << MAPI_CC) != 0),
        okapi_propval_bool(PR_MESSAGE_RECIP_ME, types != 0),
        now};
    rv = okapi_object_set(&draft->object, values, sizeof(values) / sizeof(values[0]),
                          scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__delivery_person(draft, &received_by, owner, scratch_pool);
    }
    /* Nobody else's: a delegate's copy says already whom it represents (MS-OXORULE_R540). */
    if (rv == APR_SUCCESS && !okapi__propbag_has(&draft->bag, PR_RCVD_REPRESENTING_ENTRYID)) {
        rv = okapi__delivery_represent(draft, owner, scratch_pool);
    }
    return rv;
}

/* ---- where it goes ---- */

/* A class that can't be one, or a receive folder that is gone, is no reason to refuse mail. */
static apr_status_t find_folder(okapi_folder_t **folder, okapi_message_t *draft,
                                const okapi_envelope_t *envelope, apr_pool_t *scratch_pool)
{
    okapi_store_t *store = draft->store;
    const char *matched, *message_class =
                              okapi_props_str(draft->bag.props, PR_MESSAGE_CLASS, "IPM.Note");
    okapi_id_t folder_id = envelope->folder_id;
    apr_status_t rv;
    if (folder_id) {
        rv = okapi_folder_open(folder, store, folder_id, scratch_pool, scratch_pool);
        return rv == APR_SUCCESS ? okapi__folder_takes(*folder) : rv;
    }
    rv = okapi_store_receive_folder(store, message_class, &folder_id, &matched, scratch_pool,
                                    scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_open(folder, store, folder_id, scratch_pool, scratch_pool);
    }
    if (rv == OKAPI_EINVAL || rv == OKAPI_ENOTFOUND) {
        rv = okapi_folder_open(folder, store, okapi_store_special(store, OKAPI_FOLDER_INBOX),
                               scratch_pool, scratch_pool);
    }
    return rv;
}

/* ---- what is done with it ---- */

typedef struct work_t {
    okapi_id_t store_id, folder_id;
    int is_there;
} work_t;

/* Is there anything that may want to do something with the message? */
static apr_status_t look_for_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    work_t *work = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_DELIVERY_WORK,
                                       DB_ARGS(DB_I(work->store_id), DB_I(work->store_id),
                                               DB_I(work->folder_id)),
                                       scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    work->is_there = okapi__rows_next(rows);
    return okapi__rows_status(rows);
}

/* Meeting requests and what belongs to them go to delegates too, unless a rule has seen to it:
 * Outlook makes one where it manages delegates (MS-OXODLGT 3.3.4.3). */
static apr_status_t copy_to_delegates(okapi__rule_run_t *run, okapi_message_t *message)
{
    static const char meeting[] = "IPM.Schedule.Meeting.";
    const okapi_props_t *props = message->bag.props;
    apr_array_header_t *delegates;
    int is_private = okapi_props_int(props, PR_SENSITIVITY, 0) >= SENSITIVITY_PRIVATE;
    if (strncasecmp(okapi_props_str(props, PR_MESSAGE_CLASS, ""), meeting,
                    sizeof(meeting) - 1) != 0 ||
        okapi_props_int(props, PR_DELEGATED_BY_RULE, 0) ||
        okapi__arrival_loops(run->arrival, run->pool)) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi_delegate_list(&delegates, run->store, run->pool, run->pool);
    for (int i = 0; rv == APR_SUCCESS && i < delegates->nelts; i++) {
        const okapi_delegate_t *d = &APR_ARRAY_IDX(delegates, i, okapi_delegate_t);
        if ((d->flags & OKAPI_DELEGATE_MEETINGS) &&
            (!is_private || (d->flags & OKAPI_DELEGATE_PRIVATE))) {
            rv = okapi__delegate_copy(run, message, d->user->fullname, d->user->email);
        }
    }
    return rv;
}

/* Rules, delegates, replies, in one commit with what becomes of the message. */
static apr_status_t run_and_save(okapi_message_t *draft, const okapi_envelope_t *envelope,
                                 apr_hash_t *own, okapi__delivered_t *delivered,
                                 const okapi_followup_t *followup, apr_pool_t *scratch_pool)
{
    okapi__arrival_t arrival;
    okapi__rule_run_t run;
    apr_status_t rv = okapi__arrival_read(&arrival, draft, envelope, own, scratch_pool,
                                          scratch_pool);
    if (rv == APR_SUCCESS) {
        okapi__rule_run_init(&run, draft->store, &arrival, scratch_pool);
        rv = okapi__rule_run(&run, draft);
    }
    if (rv == APR_SUCCESS && run.refusal == APR_SUCCESS) {
        rv = copy_to_delegates(&run, draft);
        rv = rv == APR_SUCCESS ? okapi__oof_reply(&run, draft) : rv;
        rv = rv == APR_SUCCESS ? okapi__followup_add(&run, followup) : rv;
        run.delivered = delivered; /* what is refused may come again, to be refused again */
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__rule_run_save(&run, scratch_pool);
    }
    return rv == APR_SUCCESS ? run.refusal : rv;
}

static apr_status_t save(okapi_message_t *draft, okapi__delivered_t *delivered,
                         apr_pool_t *scratch_pool)
{
    const okapi__saving_t saving = {.message = draft, .flags = OKAPI_SAVE_DELIVERY};
    const okapi__batch_t also = {.first = okapi__delivered_add, .baton = delivered};
    return okapi__messages_save(draft->store, &saving, 1, delivered ? &also : NULL, scratch_pool);
}

/* What the caller says that follows; it may have another folder for the message. */
static apr_status_t follow(okapi_followup_t *followup, okapi_folder_t **folder,
                           okapi_message_t *draft, const okapi_envelope_t *envelope,
                           apr_pool_t *scratch_pool)
{
    apr_status_t rv = envelope->follow ? envelope->follow(followup, draft, envelope->follow_baton,
                                                          scratch_pool)
                                       : APR_SUCCESS;
    return rv == APR_SUCCESS && followup->folder_id
               ? okapi_folder_open(folder, draft->store, followup->folder_id, scratch_pool,
                                   scratch_pool)
               : rv;
}

apr_status_t okapi_deliver(okapi_message_t *draft, const okapi_envelope_t *envelope,
                           apr_pool_t *scratch_pool)
{
    apr_hash_t *own;
    okapi_folder_t *folder;
    if (draft->id || draft->parent || !draft->store->full_access) {
        return OKAPI_EINVAL;
    }
    apr_status_t rv = find_folder(&folder, draft, envelope, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = address_draft(&own, draft, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_followup_t *followup = okapi_followup_create(scratch_pool);
    rv = follow(followup, &folder, draft, envelope, scratch_pool);
    work_t work = {draft->store->id, folder->id, folder->has_rules};
    work.is_there |= followup->saved->nelts > 0 || followup->sent->nelts > 0;
    if (rv == APR_SUCCESS && !work.is_there) {
        rv = okapi__db_read_loose(draft->store->okapi->db, look_for_work, &work, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi__delivered_t delivered = {draft->store->id, envelope};
    okapi__delivered_t *remembered = envelope->digest ? &delivered : NULL;
    draft->row.folder_id = folder->id;
    rv = work.is_there ? run_and_save(draft, envelope, own, remembered, followup, scratch_pool)
                       : save(draft, remembered, scratch_pool);
    return rv != APR_SUCCESS && delivered.is_repeated ? OKAPI_EREPEATED : rv;
}
