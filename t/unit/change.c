/* change.c - the change sequence: what synchronisation and notifications see. */
#include <okapi/change.h>
#include <okapi/message.h>
#include <okapi/transfer.h>

#include "cn.h"
#include "mailbox.h"
#include "message_private.h"
#include "store_private.h"

static okapi_id_t deliver(mailbox_t *mailbox, const char *subject)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, mailbox->store, okapi_folder_id(mailbox->inbox), 0,
                                      pool, pool),
                 "message");
    okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, subject),
                                okapi_propval_str(PR_MESSAGE_CLASS, "IPM.Note")};
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 2, pool), "properties");
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    return okapi_message_id(message);
}

static okapi_cn_t now(mailbox_t *mailbox)
{
    okapi_cn_t cn;
    mailbox_must(okapi_store_cn(mailbox->store, &cn, mailbox->pool), "change number");
    return cn;
}

static apr_array_header_t *changes(mailbox_t *mailbox, okapi_id_t folder_id, okapi_cn_t since,
                                   int max, okapi_cn_t *upto)
{
    apr_array_header_t *array;
    mailbox_must(okapi_changes(&array, upto, mailbox->store, folder_id, since, max, mailbox->pool,
                               mailbox->pool),
                 "changes");
    return array;
}

static const okapi_change_t *at(const apr_array_header_t *array, int i)
{
    static const okapi_change_t none;
    return i < array->nelts ? &APR_ARRAY_IDX(array, i, okapi_change_t) : &none;
}

static void new_mail(mailbox_t *mailbox)
{
    okapi_cn_t since = now(mailbox), upto;
    okapi_id_t id = deliver(mailbox, "one");
    apr_array_header_t *array = changes(mailbox, 0, since, 100, &upto);
    is_int(array->nelts, 1, "one change in the store");
    is_int(at(array, 0)->kind, OKAPI_CHANGE_CREATED, "created");
    is_int(at(array, 0)->id, id, "the message");
    is_int(at(array, 0)->folder_id, okapi_folder_id(mailbox->inbox), "in the inbox");
    is_int(at(array, 0)->is_delivered, 1, "new mail");
    is_str(at(array, 0)->message_class, "IPM.Note", "its class");
    is_int(upto, now(mailbox), "up to now");
    array = changes(mailbox, 0, upto, 100, &upto);
    is_int(array->nelts, 0, "nothing more");
    array = changes(mailbox, okapi_store_special(mailbox->store, OKAPI_FOLDER_DRAFTS), since, 100,
                    &upto);
    is_int(array->nelts, 0, "nothing in another folder");
    array = changes(mailbox, okapi_folder_id(mailbox->inbox), since, 100, &upto);
    is_int(array->nelts, 1, "the same in its folder");
}

static void read_state(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_id_t ids[3] = {deliver(mailbox, "two"), deliver(mailbox, "three"), 999999999};
    okapi_folder_stat_t stat;
    okapi_cn_t since = now(mailbox), upto;
    int changed, partial;
    okapi_folder_stat(mailbox->inbox, &stat, pool);
    is_int(stat.content, 3, "three messages");
    is_int(stat.unread, 3, "all unread");
    is_int(okapi_folder_set_read(mailbox->inbox, ids, 2, 1, &changed, &partial, pool), APR_SUCCESS,
           "two are read");
    is_int(changed, 2, "two changed");
    is_int(partial, 0, "all could");
    okapi_folder_stat(mailbox->inbox, &stat, pool);
    is_int(stat.unread, 1, "one is left");
    apr_array_header_t *array = changes(mailbox, 0, since, 100, &upto);
    is_int(array->nelts, 2, "two changes");
    is_int(at(array, 0)->kind, OKAPI_CHANGE_READ, "of the read state only");
    ok(at(array, 0)->cn < at(array, 1)->cn, "in order");
    ok(at(array, 0)->flags & MSGFLAG_READ, "with the flag");
    since = now(mailbox);
    is_int(okapi_folder_set_read(mailbox->inbox, ids, 2, 1, &changed, &partial, pool), APR_SUCCESS,
           "again");
    is_int(changed, 0, "changes nothing");
    is_int(now(mailbox), since, "and takes no number");
    is_int(okapi_folder_set_read(mailbox->inbox, ids + 1, 2, 0, &changed, &partial, pool),
           APR_SUCCESS, "unread, and one that isn't there");
    is_int(changed, 1, "one changed");
    is_int(partial, 1, "one could not");
    is_int(okapi_folder_set_read(mailbox->inbox, NULL, 0, 1, &changed, &partial, pool), APR_SUCCESS,
           "all read");
    is_int(changed, 2, "two were unread");
    okapi_folder_stat(mailbox->inbox, &stat, pool);
    is_int(stat.unread, 0, "none is");
}

static void folders(mailbox_t *mailbox)
{
    okapi_cn_t since = now(mailbox), upto;
    okapi_id_t id;
    mailbox_must(okapi_folder_create(&id, mailbox->inbox, "New", NULL, mailbox->pool), "folder");
    apr_array_header_t *array = changes(mailbox, 0, since, 100, &upto);
    is_int(array->nelts, 1, "a new folder is a change");
    is_int(at(array, 0)->is_folder, 1, "of a folder");
    is_int(at(array, 0)->id, id, "this one");
    is_int(at(array, 0)->folder_id, okapi_folder_id(mailbox->inbox), "in its parent");
    array = changes(mailbox, okapi_folder_id(mailbox->inbox), since, 100, &upto);
    is_int(array->nelts, 1, "seen in the parent too");
    array = changes(mailbox, 0, 0, 1000, &upto);
    is_int(array->nelts, OKAPI_FOLDER__LAST - 1 + 1 + 3, "everything since the beginning");
}

typedef struct removal_t {
    mailbox_t *mailbox;
    okapi_id_t id;
} removal_t;

/* As a deletion of a message writes it. */
static apr_status_t remove_message(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    removal_t *b = baton;
    okapi_id_t folder_id = okapi_folder_id(b->mailbox->inbox);
    okapi__stat_delta_t delta = {.content = -1, .deleted = 1};
    okapi_cn_t cn;
    apr_status_t rv =
        okapi__cn_take(conn, okapi_store_id(b->mailbox->store), 1, 0, &cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__messages_erase(conn, folder_id, &b->id, 1, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__tombstone_add(conn, folder_id, cn, b->id, OKAPI__TOMBSTONE_MESSAGE, 1,
                                  scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__stat_add(conn, folder_id, &delta, cn, scratch_pool) : rv;
}

/* Walked in steps of any size, the sequence is the same. */
static void paging(mailbox_t *mailbox)
{
    okapi_cn_t end, upto;
    removal_t removal = {mailbox, deliver(mailbox, "gone")};
    deliver(mailbox, "stays");
    mailbox_must(okapi__db_write(mailbox->okapi->db, remove_message, &removal, mailbox->pool),
                 "removal");
    apr_array_header_t *all = changes(mailbox, 0, 0, 1000, &end);
    is_int(at(all, all->nelts - 1)->kind, OKAPI_CHANGE_DELETED, "the deletion is last");
    is_int(at(all, all->nelts - 1)->id, removal.id, "of the message");
    for (int max = 1; max <= 7; max++) {
        okapi_cn_t since = 0;
        int n = 0, same = 1, steps = 0;
        while (since < end && steps++ < 1000) {
            apr_array_header_t *some = changes(mailbox, 0, since, max, &upto);
            same = same && some->nelts <= max && upto > since;
            for (int i = 0; i < some->nelts; i++, n++) {
                same =
                    same && at(some, i)->cn == at(all, n)->cn && at(some, i)->id == at(all, n)->id;
            }
            since = upto;
        }
        ok(same && n == all->nelts, "in steps of %d", max);
    }
}

static void too_old(mailbox_t *mailbox)
{
    apr_array_header_t *array;
    okapi_cn_t upto;
    is_int(okapi_changes(&array, &upto, mailbox->store, 0, -1, 10, mailbox->pool, mailbox->pool),
           OKAPI_ESYNC, "before the tombstones begin");
    is_int(array->nelts, 0, "nothing is told");
}

/* COUNT changes of the kind, one number each. */
static int numbered(const apr_array_header_t *array, int count, okapi_change_e kind)
{
    for (int i = 0; i < array->nelts; i++) {
        if (at(array, i)->kind != kind || (i > 0 && at(array, i)->cn <= at(array, i - 1)->cn)) {
            return 0;
        }
    }
    if (array->nelts != count) {
        diag("%d changes instead of %d", array->nelts, count);
    }
    return array->nelts == count;
}

/* More than a statement and a transaction take. */
static void many(mailbox_t *mailbox)
{
    enum { MANY = 150 };
    apr_pool_t *pool = mailbox->pool;
    okapi_id_t twice[2 * MANY];
    okapi_folder_stat_t before, stat;
    okapi_cn_t since, upto;
    int changed, partial;
    for (int i = 0; i < MANY; i++) {
        twice[i] = twice[2 * MANY - 1 - i] = deliver(mailbox, "many");
    }
    okapi_folder_stat(mailbox->inbox, &before, pool);
    since = now(mailbox);
    is_int(okapi_folder_set_read(mailbox->inbox, twice, 2 * MANY, 1, &changed, &partial, pool),
           APR_SUCCESS, "many are read, each named twice");
    is_int(changed, MANY, "each changed once");
    is_int(partial, 0, "all could");
    ok(numbered(changes(mailbox, 0, since, 1000, &upto), MANY, OKAPI_CHANGE_READ),
       "each with a number");
    okapi_folder_stat(mailbox->inbox, &stat, pool);
    is_int(stat.unread, before.unread - MANY, "and counted");
    since = now(mailbox);
    is_int(okapi_folder_set_read(mailbox->inbox, NULL, 0, 0, &changed, &partial, pool),
           APR_SUCCESS, "all are unread");
    ok(changed >= MANY && numbered(changes(mailbox, 0, since, 1000, &upto), changed,
                                   OKAPI_CHANGE_READ),
       "each that wasn't with a number");
    since = now(mailbox);
    is_int(okapi_messages_delete(mailbox->inbox, twice, MANY, 0, &partial, pool), APR_SUCCESS,
           "many are deleted");
    is_int(partial, 0, "all of them");
    ok(numbered(changes(mailbox, 0, since, 1000, &upto), MANY, OKAPI_CHANGE_DELETED),
       "each with a number");
    is_int(okapi_messages_delete(mailbox->inbox, twice, MANY, OKAPI_DELETE_HARD, &partial, pool),
           APR_SUCCESS, "and then for good");
    is_int(now(mailbox) > upto, 1, "which takes numbers");
    is_int(changes(mailbox, 0, upto, 1000, &upto)->nelts, 0, "but is no change any more");
    okapi_folder_stat(mailbox->inbox, &stat, pool);
    is_int(stat.content, before.content - MANY, "they are counted no longer");
    is_int(okapi_messages_delete(mailbox->inbox, twice, MANY, 0, &partial, pool), APR_SUCCESS,
           "once more");
    is_int(partial, 1, "there is nothing to delete");
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    new_mail(&mailbox);
    read_state(&mailbox);
    folders(&mailbox);
    paging(&mailbox);
    many(&mailbox);
    too_old(&mailbox);
    return done_testing();
}
