/* delete.c - deleting messages and folders, softly and for good; recovering, purging. */
#include <okapi/message.h>
#include <okapi/table.h>
#include <okapi/transfer.h>

#include "follower.h"

enum { FOR_GOOD = OKAPI_DELETE_HARD,
       ALL = OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS };

static follower_t *followers[2];

static void all_is_right(const char *when)
{
    follower_is_right(followers[0], when);
    follower_is_right(followers[1], when);
}

static okapi_folder_t *open_folder(okapi_store_t *store, okapi_id_t id, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, store, id, pool, pool), "open");
    return folder;
}

static okapi_folder_t *make_folder(okapi_folder_t *parent, const char *name, apr_pool_t *pool)
{
    okapi_id_t id;
    mailbox_must(okapi_folder_create(&id, parent, name, NULL, pool), "folder create");
    return open_folder(okapi_folder_store(parent), id, pool);
}

/* With a body that is a blob of its own and an attachment. */
static okapi_id_t make_message(okapi_folder_t *folder, const char *subject, int associated,
                               apr_pool_t *pool)
{
    okapi_message_t *message;
    char *body = apr_palloc(pool, 6001);
    memset(body, 'x', 6000);
    body[6000] = '\0';
    memcpy(body, subject, strlen(subject));
    okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, subject),
                                okapi_propval_str(PR_BODY, body)};
    mailbox_must(okapi_message_create(&message, okapi_folder_store(folder), okapi_folder_id(folder),
                                      associated, pool, pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 2, pool), "set");
    okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                              (okapi_binary_t){(const unsigned char *)"data", 4});
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    return okapi_message_id(message);
}

static okapi_folder_stat_t stat_of(okapi_folder_t *folder, apr_pool_t *pool)
{
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_stat(folder, &stat, pool), "stat");
    return stat;
}

static apr_int64_t bytes_of(okapi_store_t *store, apr_pool_t *pool)
{
    okapi_store_t *again;
    mailbox_must(okapi_store_open(&again, store->okapi, store->actor, store->owner, pool, pool),
                 "store");
    return again->bytes;
}

static apr_status_t open_message(mailbox_t *m, okapi_id_t id, apr_pool_t *pool)
{
    okapi_message_t *message;
    return okapi_message_open(&message, m->store, 0, id, pool, pool);
}

static void softly(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *a = make_folder(m->inbox, "Soft", pool);
    okapi_id_t ids[3] = {make_message(a, "one", 0, pool), make_message(a, "two", 0, pool),
                         123456789};
    okapi_id_t kept = make_message(a, "three", 1, pool), new_id;
    apr_int64_t bytes = stat_of(a, pool).bytes;
    okapi_time_t before = okapi_time_now();
    okapi_message_t *message;
    okapi_table_t *table;
    apr_uint32_t count;
    int partial;
    all_is_right("before a deletion");
    is_int(okapi_messages_delete(a, ids, 3, 0, &partial, pool), APR_SUCCESS, "deleted");
    is_int(partial, 1, "one wasn't there");
    okapi_folder_stat_t stat = stat_of(a, pool);
    is_int(stat.content, 0, "none is left");
    is_int(stat.unread, 0, "no unread one either");
    is_int(stat.soft_deleted, 2, "two can be recovered");
    is_int(stat.associated, 1, "another one is there");
    ok(stat.bytes > 0 && stat.bytes < bytes, "they take no room");
    is_int(bytes_of(m->store, pool), stat.bytes, "in the store either");
    is_int(open_message(m, ids[0], pool), OKAPI_ENOTFOUND, "it can't be opened");
    is_int(open_message(m, kept, pool), APR_SUCCESS, "the other one can");
    all_is_right("after a deletion");

    is_int(okapi_message_open_deleted(&message, m->store, okapi_folder_id(a), ids[0], pool, pool),
           APR_SUCCESS, "but as a deleted one");
    okapi_proptag_t tag = PR_DELETED_ON;
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, "changed");
    okapi_object_set(okapi_message_object(message), &v, 1, pool);
    is_int(okapi_message_save(message, 0, pool), OKAPI_EACCESS, "to be read only");
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool),
                 "PR_DELETED_ON");
    ok(OKAPI_PROP_TYPE(v.tag) == PT_SYSTIME && v.v.time >= before, "it knows when it was deleted");
    is_int(okapi_table_contents(&table, &count, a, OKAPI_TABLE_SOFT_DELETED, pool, pool),
           APR_SUCCESS, "a table of what was deleted");
    is_int(count, 2, "has both");

    is_int(okapi_messages_delete(a, ids, 1, 0, &partial, pool), APR_SUCCESS, "again");
    is_int(partial, 1, "it isn't there any more");
    is_int(okapi_messages_recover(a, a, ids, 1, &new_id, &partial, pool), APR_SUCCESS, "recovered");
    is_int(open_message(m, new_id, pool), APR_SUCCESS, "it is back, as another one");
    stat = stat_of(a, pool);
    is_int(stat.content, 1, "and counts");
    is_int(stat.unread, 1, "as unread");
    is_int(stat.soft_deleted, 1, "the other one doesn't");
    is_int(bytes_of(m->store, pool), stat.bytes, "the room it takes, too");
    all_is_right("after a recovery");
    is_int(okapi_messages_delete(a, ids + 1, 1, FOR_GOOD, &partial, pool), APR_SUCCESS,
           "what was deleted can be deleted for good");
    is_int(stat_of(a, pool).soft_deleted, 0, "then it is gone");
    is_int(okapi_messages_recover(a, a, ids + 1, 1, &new_id, &partial, pool), APR_SUCCESS,
           "and can't");
    is_int(partial, 1, "be recovered");
    all_is_right("after that");
}

/* Messages in all folders. */
static int content_of(okapi_store_t *store, apr_pool_t *pool)
{
    okapi_proptag_t tag = PR_CONTENT_COUNT;
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_store_object(store), &tag, 1, 0, &v, pool, pool), "count");
    return v.v.i32;
}

static void for_good(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *a = make_folder(m->inbox, "Hard", pool);
    okapi_id_t ids[2] = {make_message(a, "one", 0, pool), make_message(a, "two", 0, pool)};
    okapi_message_t *message;
    int partial;
    mailbox_must(okapi_message_open(&message, m->store, 0, ids[0], pool, pool), "open");
    is_int(okapi_messages_delete(a, ids, 1, FOR_GOOD, &partial, pool), APR_SUCCESS, "for good");
    is_int(stat_of(a, pool).content, 1, "one is left");
    is_int(stat_of(a, pool).soft_deleted, 0, "nothing to recover");
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, "late");
    okapi_object_set(okapi_message_object(message), &v, 1, pool);
    is_int(okapi_message_save(message, 0, pool), OKAPI_EOBJECTDELETED,
           "who had it open can't save it");
    mailbox_must(okapi_message_open(&message, m->store, 0, ids[1], pool, pool), "open");
    mailbox_must(okapi_messages_delete(a, ids + 1, 1, 0, &partial, pool), "delete");
    okapi_object_set(okapi_message_object(message), &v, 1, pool);
    is_int(okapi_message_save(message, 0, pool), OKAPI_EOBJECTDELETED, "nor a softly deleted one");
    all_is_right("after a deletion for good");
}

static void folders(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *top = make_folder(m->inbox, "Tree", pool),
                   *child = make_folder(top, "Child", pool),
                   *leaf = make_folder(child, "Leaf", pool);
    okapi_id_t id = make_message(leaf, "leaf", 0, pool), new_id, found, gone;
    apr_int64_t bytes = bytes_of(m->store, pool);
    int before;
    apr_array_header_t *deleted;
    okapi_message_t *message;
    int partial;
    make_message(top, "top", 0, pool);
    all_is_right("before a folder is deleted");
    is_int(okapi_folder_delete(m->inbox, ALL, &partial, pool), OKAPI_ENOSUPPORT,
           "no special folder is deleted");
    is_int(okapi_folder_delete(top, OKAPI_DELETE_FOLDERS, &partial, pool), APR_SUCCESS,
           "one with messages");
    is_int(partial, 1, "isn't");
    is_int(okapi_folder_delete(top, OKAPI_DELETE_MESSAGES, &partial, pool), APR_SUCCESS,
           "one with folders");
    is_int(partial, 1, "neither");
    is_int(open_message(m, id, pool), APR_SUCCESS, "everything is there");
    all_is_right("after nothing was deleted");
    before = content_of(m->store, pool);
    mailbox_must(okapi_message_open(&message, m->store, 0, id, pool, pool), "open");

    is_int(okapi_folder_delete(top, ALL, &partial, pool), APR_SUCCESS, "deleted");
    is_int(partial, 0, "all of it");
    is_int(okapi_folder_open(&child, m->store, okapi_folder_id(child), pool, pool), OKAPI_ENOTFOUND,
           "with its subfolders");
    is_int(open_message(m, id, pool), OKAPI_ENOTFOUND, "and messages");
    ok(bytes_of(m->store, pool) < bytes, "which take no room");
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, "late");
    okapi_object_set(okapi_message_object(message), &v, 1, pool);
    is_int(okapi_message_save(message, 0, pool), OKAPI_EOBJECTDELETED, "and can't be saved");
    all_is_right("after a folder was deleted");
    make_folder(m->inbox, "Tree", pool);
    mailbox_must(okapi__folder_children(&deleted, m->inbox, OKAPI__FOLDERS_DELETED, pool, pool),
                 "deleted folders");
    is_int(deleted->nelts, 1, "it is among the deleted ones");

    gone = okapi_folder_id(top);
    is_int(okapi_folder_recover(&new_id, m->store, gone, m->inbox, NULL, &partial, pool),
           OKAPI_EDUPLICATENAME, "its name is another's now");
    is_int(okapi_folder_recover(&new_id, m->store, gone, m->inbox, "Old tree", &partial, pool),
           APR_SUCCESS, "recovered");
    is_int(partial, 0, "all of it");
    is_int(okapi_folder_by_path(&found, m->store, "Inbox/Old tree/Child/Leaf", pool), APR_SUCCESS,
           "with its subfolders");
    is_int(stat_of(open_folder(m->store, found, pool), pool).content, 1, "and messages");
    is_int(content_of(m->store, pool), before, "as many as before");
    is_int(okapi_folder_recover(&new_id, m->store, gone, m->inbox, "Once more", &partial, pool),
           OKAPI_ENOTFOUND, "once");
    mailbox_must(okapi__folder_children(&deleted, m->inbox, OKAPI__FOLDERS_DELETED, pool, pool),
                 "deleted folders");
    is_int(deleted->nelts, 0, "it isn't among the deleted ones any more");
    all_is_right("after a folder was recovered");
}

static void emptying(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *a = make_folder(m->inbox, "Full", pool), *root;
    int partial;
    make_folder(make_folder(a, "Sub", pool), "Subsub", pool);
    for (int i = 0; i < 100; i++) {
        make_message(a, "mail", i % 4 == 0, pool);
    }
    is_int(okapi_folder_empty(a, 0, &partial, pool), APR_SUCCESS, "emptied");
    is_int(partial, 0, "all of it");
    okapi_folder_stat_t stat = stat_of(a, pool);
    is_int(stat.content, 0, "no messages");
    is_int(stat.associated, 25, "but associated ones");
    is_int(stat.soft_deleted, 75, "they can be recovered");
    a = open_folder(m->store, okapi_folder_id(a), pool);
    is_int(okapi_folder_has_subfolders(a), 0, "no folders");
    all_is_right("after a folder was emptied");
    is_int(okapi_folder_empty(a, OKAPI_DELETE_ASSOCIATED | FOR_GOOD, &partial, pool), APR_SUCCESS,
           "the associated ones, for good");
    stat = stat_of(a, pool);
    is_int(stat.associated, 0, "are gone");
    is_int(stat.soft_deleted, 75, "what was deleted before can still be recovered");
    root = open_folder(m->store, okapi_store_special(m->store, OKAPI_FOLDER_ROOT), pool);
    is_int(okapi_folder_empty(root, 0, &partial, pool), OKAPI_ENOSUPPORT, "the root isn't emptied");
    okapi_folder_t *issues =
        open_folder(m->store, okapi_store_special(m->store, OKAPI_FOLDER_SYNC_ISSUES), pool);
    make_folder(issues, "Mine", pool);
    is_int(okapi_folder_empty(issues, 0, &partial, pool), APR_SUCCESS, "special folders");
    is_int(partial, 1, "stay");
    okapi_id_t found;
    is_int(okapi_folder_by_name(&found, issues, "Mine", pool), OKAPI_ENOTFOUND, "others don't");
    all_is_right("after more were emptied");
}

static void purging(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *a = make_folder(m->inbox, "Purge", pool), *b = make_folder(a, "Below", pool);
    okapi_id_t old = make_message(a, "old", 0, pool), young = make_message(a, "young", 0, pool);
    okapi_purged_t purged;
    okapi_time_t between;
    int partial;
    mailbox_must(okapi_purge(m->okapi, okapi_time_now(), &purged, pool), "purge");
    ok(purged.messages > 75, "what was deleted before goes");
    mailbox_must(okapi_messages_delete(a, &old, 1, 0, &partial, pool), "delete");
    make_message(b, "below", 0, pool);
    mailbox_must(okapi_folder_delete(b, ALL, &partial, pool), "delete");
    between = okapi_time_now() + 1;
    apr_sleep(2000);
    mailbox_must(okapi_messages_delete(a, &young, 1, 0, &partial, pool), "delete");
    is_int(okapi_purge(m->okapi, between, &purged, pool), APR_SUCCESS, "purge");
    is_int(purged.messages, 2, "a message and what was in a folder");
    is_int(purged.folders, 1, "the folder");
    is_int(stat_of(a, pool).soft_deleted, 1, "the younger one stays");
    okapi_id_t new_id;
    is_int(okapi_folder_recover(&new_id, m->store, okapi_folder_id(b), a, NULL, &partial, pool),
           OKAPI_ENOTFOUND, "the folder can't be recovered");
    is_int(okapi_purge(m->okapi, between, &purged, pool), APR_SUCCESS, "again");
    is_int(purged.messages + purged.folders, 0, "nothing is left to do");
    all_is_right("after a purge");
}

int main(void)
{
    mailbox_t m;
    apr_pool_t *pool = tap_pool();
    mailbox_create(&m, pool);
    followers[0] = follower_create(m.store, 1000, pool);
    followers[1] = follower_create(m.store, 1, pool);
    softly(&m, pool);
    for_good(&m, pool);
    folders(&m, pool);
    emptying(&m, pool);
    purging(&m, pool);
    nothing_is_damaged(m.okapi, pool);
    return done_testing();
}
