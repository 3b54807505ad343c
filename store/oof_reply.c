/* oof_reply.c - the reply that people get who write to somebody out of office. */
#include <string.h>

#include <okapi/error.h>
#include <okapi/named.h>
#include <okapi/oof.h>
#include <okapi/table.h>

#include "delivery_private.h"

enum { UTF_8 = 65001, NADDRESSES = 3 };

/* ---- who writes ---- */

/* Does the owner have a contact with this address? PidLidEmail1EmailAddress and its like. */
static apr_status_t is_contact(int *found, okapi__rule_run_t *run)
{
    static const apr_uint32_t lids[NADDRESSES] = {0x8083, 0x8093, 0x80A3};
    static const okapi_proptag_t columns[] = {PR_ENTRYID};
    okapi_store_t *store = run->store;
    okapi_propname_t names[NADDRESSES];
    okapi_restriction_t equal[NADDRESSES], any = {.type = RES_OR, .n = 0, .children = equal};
    apr_uint16_t ids[NADDRESSES];
    okapi_folder_t *folder;
    okapi_table_t *table;
    okapi_row_t *row = NULL;
    apr_uint32_t count;
    for (int i = 0; i < NADDRESSES; i++) {
        names[i] = (okapi_propname_t){okapi_psetid_address, MNID_ID, lids[i], NULL};
    }
    *found = 0;
    apr_status_t rv = okapi_named_ids(store, names, NADDRESSES, 0, ids, run->pool);
    for (int i = 0; rv == APR_SUCCESS && i < NADDRESSES; i++) {
        okapi_proptag_t tag = OKAPI_PROP_TAG(PT_UNICODE, ids[i]);
        if (ids[i]) {
            equal[any.n++] = (okapi_restriction_t){
                .type = RES_CONTENT, .fuzzy = FL_FULLSTRING | FL_IGNORECASE, .tag = tag,
                .prop = okapi_propval_str(tag, run->arrival->sender)};
        }
    }
    if (rv != APR_SUCCESS || any.n == 0) {
        return rv;
    }
    rv = okapi_folder_open(&folder, store, okapi_store_special(store, OKAPI_FOLDER_CONTACTS),
                           run->pool, run->pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_table_contents(&table, &count, folder, 0, run->pool, run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_table_set_columns(table, columns, 1);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_table_find(table, &any, 0, &row, run->pool, run->pool);
    }
    *found = row != NULL;
    return rv;
}

static apr_status_t is_internal(int *found, okapi__rule_run_t *run)
{
    okapi_t *okapi = run->store->okapi;
    const char *at = strrchr(run->arrival->sender, '@');
    okapi_user_t *user;
    *found = at && strcasecmp(at + 1, okapi->config->domain) == 0;
    if (*found) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi_user_by_address(&user, okapi, run->arrival->sender, run->pool,
                                            run->pool);
    *found = rv == APR_SUCCESS;
    return rv == OKAPI_EUNKNOWNUSER ? APR_SUCCESS : rv;
}

/* Contacts are looked through only if that makes a difference. */
static apr_status_t audience_of(okapi_oof_audience_e *audience, okapi__rule_run_t *run,
                                const okapi_oof_t *oof)
{
    const okapi_oof_reply_t *known = &oof->replies[OKAPI_OOF_EXTERNAL_KNOWN];
    const okapi_oof_reply_t *unknown = &oof->replies[OKAPI_OOF_EXTERNAL_UNKNOWN];
    int found;
    apr_status_t rv = is_internal(&found, run);
    *audience = OKAPI_OOF_INTERNAL;
    if (rv != APR_SUCCESS || found) {
        return rv;
    }
    *audience = OKAPI_OOF_EXTERNAL_UNKNOWN;
    if (known->is_sent == unknown->is_sent &&
        (!known->is_sent || strcmp(known->html, unknown->html) == 0)) {
        return APR_SUCCESS;
    }
    rv = is_contact(&found, run);
    *audience = found ? OKAPI_OOF_EXTERNAL_KNOWN : OKAPI_OOF_EXTERNAL_UNKNOWN;
    return rv;
}

/* ---- what they are told ---- */

static apr_status_t send_reply(okapi__rule_run_t *run, okapi_message_t *message, const char *html)
{
    okapi__sending_t *sending;
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_MESSAGE_CLASS, "IPM.Note.Rules.OofTemplate.Microsoft"),
        okapi_propval_i32(PR_INTERNET_CPID, UTF_8),
        okapi_propval_bin(PR_HTML, html, strlen(html))};
    apr_status_t rv = okapi__outgoing_create(&sending, run);
    if (rv == APR_SUCCESS) {
        rv = okapi__outgoing_from_owner(sending, run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__outgoing_answer(sending, message, run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__outgoing_subject(sending, message, "Automatic reply: ", run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_object_set(&sending->message->object, values,
                              sizeof(values) / sizeof(values[0]), run->pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    sending->is_once = 1;
    okapi__outgoing_add(sending, MAPI_TO, "", run->arrival->sender, run->pool);
    return okapi__outgoing_send(sending, run);
}

typedef struct question_t {
    const okapi__rule_run_t *run;
    int told;
} question_t;

static apr_status_t ask(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    question_t *q = baton;
    return okapi__oof_told(&q->told, conn, q->run->store->id, 0, q->run->arrival->sender,
                           scratch_pool);
}

apr_status_t okapi__oof_reply(okapi__rule_run_t *run, okapi_message_t *message)
{
    question_t q = {run, 0};
    okapi_oof_audience_e audience;
    okapi_oof_t oof;
    if (run->has_oof_reply || !okapi__arrival_answered(run->arrival, OKAPI__SUPPRESS_OOF) ||
        !okapi_props_int(message->bag.props, PR_MESSAGE_RECIP_ME, 0)) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi_oof_get(&oof, run->store, run->pool, run->pool);
    if (rv != APR_SUCCESS || !okapi_oof_is_on(&oof, okapi_time_now())) {
        return rv;
    }
    rv = okapi__db_read(run->store->okapi->db, ask, &q, run->pool);
    if (rv != APR_SUCCESS || q.told) {
        return rv;
    }
    rv = audience_of(&audience, run, &oof);
    const okapi_oof_reply_t *reply = &oof.replies[rv == APR_SUCCESS ? audience : 0];
    return rv == APR_SUCCESS && reply->is_sent && *reply->html
               ? send_reply(run, message, reply->html)
               : rv;
}
