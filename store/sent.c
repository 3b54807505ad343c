/* sent.c - what becomes of a message that was submitted: once it is sent, or isn't to be. */
#include <string.h>

#include <okapi/entryid.h>
#include <okapi/error.h>
#include <okapi/transfer.h>

#include "queue_private.h"
#include "submit_private.h"
#include "user_private.h"

/* As whom the server itself works on messages. */
static const okapi_user_t server = {0, "", "", "", OKAPI_USER_ADMIN, ""};

/* ---- opening ---- */

typedef struct owner_t {
    okapi_id_t store_id;
    okapi_user_t *user;
    apr_pool_t *result_pool;
} owner_t;

static apr_status_t read_owner(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    owner_t *b = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_STORE_OWNER,
                                           DB_ARGS(DB_I(b->store_id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    const okapi_user_t user = {okapi__rows_int(rows, 0),
                               okapi__rows_str(rows, 1),
                               okapi__rows_str(rows, 2),
                               okapi__rows_str(rows, 3),
                               (apr_uint32_t)okapi__rows_int(rows, 4),
                               ""};
    b->user = okapi__user_dup(&user, b->result_pool);
    return APR_SUCCESS;
}

apr_status_t okapi_submit_open(okapi_message_t **message, okapi_t *okapi,
                               const okapi_queue_entry_t *entry, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    owner_t b = {entry->store_id, NULL, scratch_pool};
    okapi_store_t *store;
    apr_status_t rv = okapi__db_read(okapi->db, read_owner, &b, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_open(&store, okapi, &server, b.user, result_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_message_open(message, store, 0, entry->message_id, result_pool, scratch_pool);
    }
    return rv == OKAPI_EUNKNOWNUSER ? OKAPI_ENOTFOUND : rv;
}

/* ---- where it goes ---- */

/* The folder a client has named, PR_SENT_MAIL_SVREID (MS-OXCDATA 2.11.1.4) or PR_SENTMAIL_ENTRYID;
 * else Sent Items. */
static okapi_id_t sent_folder(const okapi_message_t *message)
{
    const okapi_store_t *store = message->store;
    const okapi_propval_t *id = okapi_props_get(message->bag.props, PR_SENT_MAIL_SVREID);
    const okapi_propval_t *entryid = okapi_props_get(message->bag.props, PR_SENTMAIL_ENTRYID);
    okapi_id_t folder = 0, none;
    if (id) {
        okapi_reader_t r;
        okapi_reader_init(&r, id->v.bin.data, id->v.bin.len);
        int is_ours = okapi_read_u8(&r) == 1;
        apr_uint64_t eid = okapi_read_u64(&r);
        folder = is_ours && !r.failed ? okapi_id_of_eid(eid) : 0;
    } else if (entryid &&
               okapi_entryid_parse(entryid->v.bin, &store->guid, &folder, &none) != APR_SUCCESS) {
        folder = 0;
    }
    return folder ? folder : okapi_store_special(store, OKAPI_FOLDER_SENT);
}

/* No draft any more, and nothing that is only for who sends it. */
static apr_status_t clean(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    static const okapi_proptag_t tags[] = {PR_SENT_MAIL_SVREID, PR_SENTMAIL_ENTRYID,
                                           PR_DEFERRED_SEND_TIME, PR_DEFERRED_SEND_NUMBER,
                                           PR_DEFERRED_SEND_UNITS, PR_SUBMIT_FLAGS};
    for (apr_size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        okapi__propbag_unset(&message->bag, tags[i]);
    }
    message->row.flags &= ~(apr_uint32_t)(MSGFLAG_SUBMIT | MSGFLAG_UNSENT | MSGFLAG_RESEND |
                                          OKAPI__MSGFLAG_DELIVERED);
    okapi__message_touch(message);
    return okapi_message_save(message, 0, scratch_pool);
}

static apr_status_t open_both(okapi_folder_t **from, okapi_folder_t **to,
                              const okapi_message_t *message, okapi_store_t *to_store,
                              okapi_id_t to_id, apr_pool_t *pool)
{
    apr_status_t rv = okapi_folder_open(from, message->store, message->row.folder_id, pool, pool);
    return rv == APR_SUCCESS ? okapi_folder_open(to, to_store, to_id, pool, pool) : rv;
}

static apr_status_t move(okapi_message_t *message, okapi_id_t to_id, apr_pool_t *scratch_pool)
{
    okapi_id_t id = message->id;
    okapi_folder_t *from, *to;
    int partial;
    if (to_id == message->row.folder_id) {
        return APR_SUCCESS;
    }
    apr_status_t rv = open_both(&from, &to, message, message->store, to_id, scratch_pool);
    return rv == APR_SUCCESS
               ? okapi_messages_move(from, to, &id, 1, NULL, &partial, scratch_pool)
               : rv;
}

static apr_status_t erase(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    okapi_id_t id = message->id;
    okapi_folder_t *folder;
    int partial;
    apr_status_t rv = okapi_folder_open(&folder, message->store, message->row.folder_id,
                                        scratch_pool, scratch_pool);
    return rv == APR_SUCCESS ? okapi_messages_delete(folder, &id, 1, OKAPI_DELETE_HARD, &partial,
                                                     scratch_pool)
                             : rv;
}

/* ---- the copy for who it was sent as ---- */

/* *USER is NULL if nobody else is to have one. */
static apr_status_t copy_for(okapi_user_t **user, okapi_message_t *message,
                             apr_pool_t *scratch_pool)
{
    const okapi_store_t *store = message->store;
    const okapi_props_t *props = message->bag.props;
    const char *address;
    int wanted = store->okapi->config->sent_copy;
    apr_status_t rv = okapi__submit_represented(user, &address, message, scratch_pool,
                                                scratch_pool);
    if (rv != APR_SUCCESS || !*user) {
        return rv;
    }
    int is_as = strcmp(okapi_props_str(props, PR_SENDER_EMAIL_ADDRESS, ""),
                       okapi_props_str(props, PR_SENT_REPRESENTING_EMAIL_ADDRESS, "")) == 0;
    if ((*user)->id == store->owner->id ||
        !(wanted & (is_as ? OKAPI_SENT_COPY_AS : OKAPI_SENT_COPY_BEHALF))) {
        *user = NULL;
    }
    return APR_SUCCESS;
}

static apr_status_t copy_to(const okapi_user_t *user, okapi_message_t *message,
                            apr_pool_t *scratch_pool)
{
    okapi_id_t id = message->id;
    okapi_folder_t *from, *to;
    okapi_store_t *store;
    int partial;
    apr_status_t rv = okapi_store_open(&store, message->store->okapi, &server, user, scratch_pool,
                                       scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = open_both(&from, &to, message, store,
                       okapi_store_special(store, OKAPI_FOLDER_SENT), scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi_messages_copy(from, to, &id, 1, NULL, &partial, scratch_pool)
               : rv;
}

/* A full mailbox doesn't keep what was sent from being sent. */
static apr_status_t make_copy(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    okapi_user_t *user;
    apr_status_t rv = copy_for(&user, message, scratch_pool);
    if (rv == APR_SUCCESS && user) {
        rv = copy_to(user, message, scratch_pool);
        if (rv == OKAPI_EQUOTA || rv == OKAPI_EUNKNOWNUSER) {
            okapi_log(message->store->okapi, OKAPI_LOG_WARNING, rv,
                      "%s gets no copy of what %s has sent in this name", user->name,
                      message->store->owner->name);
            rv = APR_SUCCESS;
        }
    }
    return rv;
}

apr_status_t okapi_submit_finish(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (okapi_props_int(message->bag.props, PR_DELETE_AFTER_SUBMIT, 0)) {
        return erase(message, scratch_pool);
    }
    okapi_id_t folder = sent_folder(message);
    rv = clean(message, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = make_copy(message, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = move(message, folder, scratch_pool);
    }
    return rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv; /* its folder has gone, or it has */
}

/* ---- taking it back ---- */

apr_status_t okapi_submit_abort(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    const okapi__saving_t saving = {.message = message};
    okapi_id_t id = message->id;
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_uint32_t flags = message->row.flags;
    message->row.flags &= ~(apr_uint32_t)MSGFLAG_SUBMIT;
    okapi__message_touch(message);
    rv = okapi__messages_save(message->store, &saving, 1,
                              &(okapi__batch_t){.first = okapi__queue_withdraw, .baton = &id},
                              scratch_pool);
    message->row.flags = rv == APR_SUCCESS ? message->row.flags : flags;
    return rv;
}
