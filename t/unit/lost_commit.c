/* lost_commit.c - each operation of the store that adds or removes something is done once, and
 * says so, whichever of its COMMITs goes unanswered, done or not. */
#include <okapi/transfer.h>

#include "fault.h"
#include "mailbox.h"

/* Does it for the Nth time, so under another name. */
typedef apr_status_t operation_t(mailbox_t *m, int n, apr_pool_t *pool);

static okapi_user_t nth_user(int n, apr_pool_t *pool)
{
    return (okapi_user_t){.name = apr_psprintf(pool, "user%d", n),
                          .email = apr_psprintf(pool, "user%d@example.org", n),
                          .fullname = "A user"};
}

static apr_status_t add_user(mailbox_t *m, int n, apr_pool_t *pool)
{
    okapi_user_t user = nth_user(n, pool);
    return okapi_user_add(m->okapi, &user, NULL, pool);
}

static apr_status_t add_alias(mailbox_t *m, int n, apr_pool_t *pool)
{
    return okapi_user_add_alias(m->okapi, m->user, apr_psprintf(pool, "alias%d@example.org", n),
                                pool);
}

static apr_status_t remove_alias(mailbox_t *m, int n, apr_pool_t *pool)
{
    return okapi_user_remove_alias(m->okapi, m->user, apr_psprintf(pool, "alias%d@example.org", n),
                                   pool);
}

static apr_status_t delete_user(mailbox_t *m, int n, apr_pool_t *pool)
{
    return okapi_user_delete(m->okapi, nth_user(n, pool).name, pool);
}

static apr_status_t create_folder(mailbox_t *m, int n, apr_pool_t *pool)
{
    okapi_id_t id;
    return okapi_folder_create(&id, m->inbox, apr_psprintf(pool, "folder %d", n), NULL, pool);
}

/* With an attachment of its own, and once more. */
static apr_status_t save_message(mailbox_t *m, int n, apr_pool_t *pool)
{
    okapi_message_t *message;
    char *data = apr_pcalloc(pool, 10000);
    apr_snprintf(data, 40, "message %d", n);
    const okapi_propval_t subject = okapi_propval_str(PR_SUBJECT, data);
    const okapi_propval_t changed = okapi_propval_str(PR_SUBJECT, "changed");
    apr_status_t rv = okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool,
                                           pool);
    if (rv == APR_SUCCESS) {
        okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                                  (okapi_binary_t){(const unsigned char *)data, 10000});
        rv = okapi_object_set(okapi_message_object(message), &subject, 1, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_message_save(message, 0, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_object_set(okapi_message_object(message), &changed, 1, pool);
    }
    return rv == APR_SUCCESS ? okapi_message_save(message, 0, pool) : rv;
}

/* To another folder, as a copy to a third one, from where it is deleted. */
static apr_status_t move_message(mailbox_t *m, int n, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_folder_t *outbox, *sent;
    okapi_id_t ids[3];
    int partial[3] = {0, 0, 0};
    mailbox_must(okapi_folder_open(&outbox, m->store,
                                   okapi_store_special(m->store, OKAPI_FOLDER_OUTBOX), pool, pool),
                 "outbox");
    mailbox_must(okapi_folder_open(&sent, m->store,
                                   okapi_store_special(m->store, OKAPI_FOLDER_SENT), pool, pool),
                 "sent items");
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    ids[0] = okapi_message_id(message);
    apr_status_t rv = okapi_messages_move(m->inbox, outbox, &ids[0], 1, &ids[1], &partial[0], pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_messages_copy(outbox, sent, &ids[1], 1, &ids[2], &partial[1], pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_messages_delete(sent, &ids[2], 1, OKAPI_DELETE_HARD, &partial[2], pool);
    }
    return partial[0] || partial[1] || partial[2] ? OKAPI_ENOTFOUND : rv;
}

enum { MOST_COMMITS = 6 }; /* some have one for each of many folders */

/* Runs OPERATION, each time with another of its COMMITs lost; how often. */
static int run(mailbox_t *m, operation_t *operation, const char *what)
{
    int n = 0;
    for (fault_e kind = FAULT_LOST_BEFORE; kind <= FAULT_LOST_AFTER; kind++) {
        int skip = 0;
        do {
            apr_pool_t *pool;
            apr_pool_create(&pool, m->pool);
            fault_at_commit(kind, skip);
            is_int(operation(m, n++, pool), APR_SUCCESS, "%s: COMMIT %d lost %s it was done", what,
                   skip + 1, kind == FAULT_LOST_BEFORE ? "before" : "after");
            apr_pool_destroy(pool);
            skip++;
        } while (fault.happened && skip < MOST_COMMITS);
    }
    fault.kind = FAULT_NONE;
    return n;
}

static int count(mailbox_t *m, const char *what)
{
    return atoi(test_rows(m->config.database, apr_pstrcat(m->pool, "SELECT COUNT(*) FROM ", what,
                                                          NULL),
                          1, m->pool));
}

int main(void)
{
    mailbox_t m;
    okapi_folder_stat_t stat;
    int n;
    if (test_engine_is("sqlite3")) {
        skip_all("SQLite answers every COMMIT");
    }
    mailbox_create(&m, tap_pool());
    n = run(&m, add_user, "a user is added");
    is_int(count(&m, "users"), n + 1, "each is there");
    is_int(count(&m, "store WHERE kind = 0"), n + 1, "with one mailbox");
    for (; n < 2 * MOST_COMMITS; n++) {
        mailbox_must(add_user(&m, n, m.pool), "more users"); /* deleting has more COMMITs */
    }
    n -= run(&m, delete_user, "a user is deleted");
    is_int(count(&m, "users"), n + 1, "each is gone");
    is_int(count(&m, "store WHERE kind = 0"), n + 1, "with the mailbox");
    n = run(&m, add_alias, "an alias is added");
    is_int(count(&m, "address WHERE kind = 1"), n, "each is there");
    n -= run(&m, remove_alias, "an alias is removed");
    is_int(count(&m, "address WHERE kind = 1"), n, "each is gone");
    n = run(&m, create_folder, "a folder is created");
    is_int(count(&m, "folder WHERE name LIKE 'folder %'"), n, "each is there");
    n = run(&m, save_message, "a message is saved twice");
    mailbox_must(okapi_folder_stat(m.inbox, &stat, m.pool), "counts");
    is_int(stat.content, n, "each is counted");
    is_int(count(&m, "message WHERE subject = 'changed'"), n, "each is there");
    is_int(count(&m, "msg_props WHERE rev = 2"), n, "and changed once");
    n = run(&m, move_message, "a message is moved, copied, and the copy deleted");
    is_int(count(&m, "message WHERE subject = ''"), n, "one of it is there");
    is_int(count(&m, "tombstone"), 2 * n, "it has left two folders");
    return done_testing();
}
