/* quota.c - how large a mailbox may become, and how large it is. */
#include <okapi/message.h>
#include <okapi/quota.h>
#include <okapi/table.h>
#include <okapi/transfer.h>

#include "db/db.h"
#include "mailbox.h"
#include "store_private.h"

static apr_status_t save(okapi_store_t *store, apr_size_t size, apr_uint32_t flags, okapi_id_t *id,
                         apr_pool_t *pool)
{
    okapi_message_t *message;
    char *bytes = apr_palloc(pool, size + 1);
    memset(bytes, 'x', size);
    bytes[size] = '\0';
    okapi_propval_t body = okapi_propval_str(PR_BODY, bytes);
    mailbox_must(okapi_message_create(&message, store, okapi_store_special(store,
                                                                           OKAPI_FOLDER_INBOX),
                                      0, pool, pool),
                 "message");
    mailbox_must(okapi_object_set(okapi_message_object(message), &body, 1, pool), "body");
    apr_status_t rv = okapi_message_save(message, flags, pool);
    *id = okapi_message_id(message);
    return rv;
}

static okapi_propval_t get(okapi_store_t *store, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value;
    mailbox_must(okapi_object_get(okapi_store_object(store), &tag, 1, 0, &value, pool, pool),
                 "get");
    return value;
}

static okapi_store_t *open_as(mailbox_t *mailbox, const okapi_user_t *actor)
{
    okapi_store_t *store;
    mailbox_must(okapi_store_open(&store, mailbox->okapi, actor, mailbox->user, mailbox->pool,
                                  mailbox->pool),
                 "store");
    return store;
}

static okapi_user_t *add_admin(mailbox_t *mailbox)
{
    const okapi_user_t row = {.name = "root", .email = "root@example.org", .fullname = "",
                              .flags = OKAPI_USER_ADMIN};
    okapi_user_t *user;
    mailbox_must(okapi_user_add(mailbox->okapi, &row, NULL, mailbox->pool), "root");
    okapi_user_by_login(&user, mailbox->okapi, "root", mailbox->pool, mailbox->pool);
    return user;
}

static void limits(mailbox_t *mailbox, okapi_store_t *store)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_quota_t quota;
    okapi_quota_effective(&quota, store);
    ok(!quota.warn && !quota.send && !quota.receive, "none by default");
    ok(OKAPI_PROP_TYPE(get(store, PR_PROHIBIT_RECEIVE_QUOTA, pool).tag) == PT_ERROR,
       "and no property (MS-OXCSTOR_R647)");
    mailbox->config.quota_warn = 10 * 1024;
    mailbox->config.quota_send = 20 * 1024;
    mailbox->config.quota_receive = 30 * 1024;
    okapi_quota_effective(&quota, store);
    is_int(quota.receive, 30 * 1024, "the server's");
    is_int(get(store, PR_PROHIBIT_RECEIVE_QUOTA, pool).v.i32, 30, "in kilobytes (MS-OXCSTOR_R646)");
    is_int(get(store, PR_PROHIBIT_SEND_QUOTA, pool).v.i32, 20, "(MS-OXCSTOR_R648)");
    is_int(get(store, PR_STORAGE_QUOTA_LIMIT, pool).v.i32, 10, "the warning");
    is_int(get(store, PR_QUOTA_WARNING, pool).v.i32, 10, "under its other name");

    const okapi_quota_t own = {OKAPI_QUOTA_NONE, 0, 40 * 1024};
    is_int(okapi_quota_set(mailbox->store, &own, pool), OKAPI_EACCESS, "not set by the owner");
    is_int(okapi_quota_set(store, &own, pool), APR_SUCCESS, "but by an administrator");
    store = open_as(mailbox, okapi_store_actor(store));
    okapi_quota_get(&quota, store);
    is_int(quota.receive, 40 * 1024, "the store's own");
    okapi_quota_effective(&quota, store);
    ok(!quota.warn && quota.send == 20 * 1024 && quota.receive == 40 * 1024,
       "none, the server's, its own");
    const okapi_quota_t wrong = {-2, 0, 0};
    is_int(okapi_quota_set(store, &wrong, pool), OKAPI_EINVAL, "no such limit");
}

static void enforcement(mailbox_t *mailbox, okapi_store_t *admin)
{
    apr_pool_t *pool = mailbox->pool;
    const okapi_quota_t own = {10 * 1024, 20 * 1024, 30 * 1024};
    okapi_quota_e state;
    apr_int64_t bytes, before;
    okapi_id_t id, first;
    okapi_cn_t cn, cn_before;
    okapi_message_t *message;
    mailbox_must(okapi_quota_set(admin, &own, pool), "quota");
    okapi_store_t *store = open_as(mailbox, mailbox->user);
    okapi_quota_state(&state, &bytes, store, pool);
    is_int(state, OKAPI_QUOTA_FREE, "empty");
    is_int(save(store, 9000, 0, &first, pool), APR_SUCCESS, "a message");
    is_int(okapi_quota_check_send(store, pool), APR_SUCCESS, "may be sent");
    is_int(save(store, 9000, OKAPI_SAVE_DELIVERY, &id, pool), APR_SUCCESS, "another one");
    okapi_quota_state(&state, &bytes, store, pool);
    is_int(state, OKAPI_QUOTA_WARN, "time to warn");
    is_int(save(store, 9000, OKAPI_SAVE_DELIVERY, &id, pool), APR_SUCCESS, "a third");
    okapi_quota_state(&state, &before, store, pool);
    is_int(state, OKAPI_QUOTA_SEND, "too large to send");
    is_int(okapi_quota_check_send(store, pool), OKAPI_EQUOTA, "so nothing is");
    okapi_store_cn(store, &cn_before, pool);
    is_int(save(store, 9000, OKAPI_SAVE_DELIVERY, &id, pool), OKAPI_EQUOTA, "full: not delivered");
    is_int(id, 0, "it is nowhere");
    is_int(save(store, 9000, 0, &id, pool), OKAPI_EQUOTA, "nor saved by the owner");
    okapi_store_cn(store, &cn, pool);
    okapi_quota_state(&state, &bytes, store, pool);
    is_int(cn, cn_before, "nothing has changed");
    is_int(bytes, before, "nor grown");

    mailbox_must(okapi_message_open(&message, store, 0, first, pool, pool), "open");
    okapi_propval_t body = okapi_propval_str(PR_BODY, "short");
    okapi_object_set(okapi_message_object(message), &body, 1, pool);
    is_int(okapi_message_save(message, 0, pool), APR_SUCCESS, "smaller is always possible");
    okapi_quota_state(&state, &bytes, store, pool);
    ok(bytes < before, "and makes room");
    is_int(save(store, 8000, OKAPI_SAVE_DELIVERY, &id, pool), APR_SUCCESS, "for the next one");
}

static void copying(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_store_t *store = open_as(mailbox, mailbox->user);
    okapi_folder_t *inbox, *drafts;
    okapi_table_t *table;
    apr_uint32_t count;
    apr_array_header_t *rows;
    okapi_proptag_t size = PR_MESSAGE_SIZE;
    int partial;
    mailbox_must(okapi_folder_open(&inbox, store, okapi_store_special(store, OKAPI_FOLDER_INBOX),
                                   pool, pool),
                 "inbox");
    mailbox_must(okapi_folder_open(&drafts, store, okapi_store_special(store, OKAPI_FOLDER_DRAFTS),
                                   pool, pool),
                 "drafts");
    mailbox_must(okapi_table_contents(&table, &count, inbox, 0, pool, pool), "table");
    okapi_table_set_columns(table, &size, 1);
    mailbox_must(okapi_table_seek(table, BOOKMARK_END, 0, &partial, pool), "end");
    mailbox_must(okapi_table_rows(table, 1, 1, 0, &rows, pool, pool), "rows");
    okapi_id_t id = APR_ARRAY_IDX(rows, 0, okapi_row_t).id;
    is_int(okapi_messages_copy(inbox, drafts, &id, 1, NULL, &partial, pool), OKAPI_EQUOTA,
           "what is full takes no copies");
    is_int(okapi_messages_move(inbox, drafts, &id, 1, NULL, &partial, pool), APR_SUCCESS,
           "moving makes it no larger");
}

static apr_status_t spoil(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_CN_TAKE, NULL,
                          DB_ARGS(DB_I(0), DB_I(12345), DB_I(*(okapi_id_t *)baton)), scratch_pool);
}

static void recount(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_id_t store_id = okapi_store_id(mailbox->store);
    apr_int64_t difference, bytes;
    okapi_quota_e state;
    okapi_id_t id;
    int partial;
    mailbox_must(save(mailbox->store, 500, OKAPI_SAVE_DELIVERY, &id, pool), "save");
    mailbox_must(okapi_messages_delete(mailbox->inbox, &id, 1, 0, &partial, pool), "delete");
    is_int(okapi_quota_recount(mailbox->store, &difference, pool), APR_SUCCESS, "counted again");
    is_int(difference, 0, "it was right: what is deleted doesn't count");
    mailbox_must(okapi__db_write(mailbox->okapi->db, spoil, &store_id, pool), "spoil");
    okapi_quota_recount(mailbox->store, &difference, pool);
    is_int(difference, 12345, "a wrong one is found");
    okapi_quota_recount(mailbox->store, &difference, pool);
    is_int(difference, 0, "and put right");
    okapi_quota_state(&state, &bytes, mailbox->store, pool);
    ok(bytes > 0, "to what there is");
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    okapi_store_t *admin = open_as(&mailbox, add_admin(&mailbox));
    limits(&mailbox, admin);
    enforcement(&mailbox, admin);
    copying(&mailbox);
    recount(&mailbox);
    return done_testing();
}
