/* transfer.c - copying and moving messages and folders, in a store and across stores. */
#include <okapi/message.h>
#include <okapi/named.h>
#include <okapi/permission.h>
#include <okapi/transfer.h>

#include "follower.h"
#include "transfer_private.h"

enum { BIG = 20000 };

static follower_t *followers[2];

static void all_is_right(const char *when)
{
    follower_is_right(followers[0], when);
    follower_is_right(followers[1], when);
}

static okapi_folder_t *make_folder(okapi_folder_t *parent, const char *name, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    okapi_id_t id;
    mailbox_must(okapi_folder_create(&id, parent, name, NULL, pool), "folder create");
    mailbox_must(okapi_folder_open(&folder, okapi_folder_store(parent), id, pool, pool), "open");
    return folder;
}

static void put(okapi_object_t *object, okapi_propval_t v, apr_pool_t *pool)
{
    mailbox_must(okapi_object_set(object, &v, 1, pool), "set");
}

static okapi_propval_t get(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(object, &tag, 1, 0, &v, pool, pool), "get");
    return v;
}

/* What a message of ours has of everything: a named property, a recipient with one, large values,
 * an attachment, an embedded message with an attachment. */
static okapi_proptag_t named_tag(okapi_store_t *store, const char *name, apr_pool_t *pool)
{
    okapi_propname_t names[] = {{.guid = okapi_ps_public_strings, .kind = 1, .name = name}};
    apr_uint16_t id;
    mailbox_must(okapi_named_ids(store, names, 1, 1, &id, pool), "named");
    return (okapi_proptag_t)id << 16 | PT_UNICODE;
}

static const char *big_text(apr_pool_t *pool)
{
    char *text = apr_palloc(pool, BIG + 1);
    memset(text, 'b', BIG);
    text[BIG] = '\0';
    return text;
}

static okapi_id_t rich_message(okapi_folder_t *folder, apr_pool_t *pool)
{
    okapi_store_t *store = okapi_folder_store(folder);
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, store, okapi_folder_id(folder), 0, pool, pool),
                 "create");
    okapi_object_t *object = okapi_message_object(message);
    put(object, okapi_propval_str(PR_SUBJECT, "Rich"), pool);
    put(object, okapi_propval_str(PR_BODY, big_text(pool)), pool);
    put(object, okapi_propval_str(named_tag(store, "colour", pool), "red"), pool);
    okapi_recipient_t *to = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(to->props, PR_DISPLAY_NAME, "Mary");
    okapi_props_set_str(to->props, named_tag(store, "shoe size", pool), "38");
    okapi_attachment_t *file = okapi_attachment_create(message, ATTACH_BY_VALUE);
    okapi_attachment_set_data(file, (okapi_binary_t){(const unsigned char *)big_text(pool), BIG});
    put(okapi_attachment_object(file), okapi_propval_str(named_tag(store, "origin", pool), "here"),
        pool);
    okapi_attachment_t *inner = okapi_attachment_create(message, ATTACH_EMBEDDED_MSG);
    okapi_message_t *embedded = okapi_attachment_create_embedded(inner);
    put(okapi_message_object(embedded), okapi_propval_str(PR_SUBJECT, "Inner"), pool);
    put(okapi_message_object(embedded),
        okapi_propval_str(named_tag(store, "colour", pool), "green"), pool);
    okapi_attachment_t *deep = okapi_attachment_create(embedded, ATTACH_BY_VALUE);
    okapi_attachment_set_data(deep, (okapi_binary_t){(const unsigned char *)"deep", 4});
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    return okapi_message_id(message);
}

static void check_rich(okapi_store_t *store, okapi_id_t folder_id, okapi_id_t id, const char *where,
                       apr_pool_t *pool)
{
    okapi_message_t *message, *embedded;
    okapi_attachment_t *file, *inner, *deep;
    int good = okapi_message_open(&message, store, folder_id, id, pool, pool) == APR_SUCCESS;
    if (!ok(good, "the message is there %s", where)) {
        return;
    }
    okapi_object_t *object = okapi_message_object(message);
    is_str(get(object, PR_SUBJECT, pool).v.str, "Rich", "subject");
    is_str(get(object, PR_BODY, pool).v.str, big_text(pool), "body");
    is_str(get(object, named_tag(store, "colour", pool), pool).v.str, "red", "named property");
    const okapi_recipient_t *to = okapi_message_recipient(message, 0);
    is_str(okapi_props_str(to->props, named_tag(store, "shoe size", pool), NULL), "38",
           "named property of a recipient");
    mailbox_must(okapi_attachment_open(&file, message, 0, pool), "file");
    is_int((long long)get(okapi_attachment_object(file), PR_ATTACH_DATA_BIN, pool).v.bin.len, BIG,
           "attachment");
    is_str(get(okapi_attachment_object(file), named_tag(store, "origin", pool), pool).v.str, "here",
           "named property of an attachment");
    mailbox_must(okapi_attachment_open(&inner, message, 1, pool), "inner");
    mailbox_must(okapi_attachment_embedded(&embedded, inner, pool), "embedded");
    is_str(get(okapi_message_object(embedded), PR_SUBJECT, pool).v.str, "Inner", "embedded");
    is_str(get(okapi_message_object(embedded), named_tag(store, "colour", pool), pool).v.str,
           "green", "its named property");
    mailbox_must(okapi_attachment_open(&deep, embedded, 0, pool), "deep");
    is_mem(get(okapi_attachment_object(deep), PR_ATTACH_DATA_BIN, pool).v.bin.data, 4, "deep", 4,
           "what is attached to it");
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

static void messages_in_store(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *a = make_folder(m->inbox, "A", pool), *b = make_folder(m->inbox, "B", pool);
    okapi_id_t id = rich_message(a, pool), ids[2] = {id, 987654321}, new_ids[2];
    apr_int64_t size = stat_of(a, pool).bytes;
    int partial = 1;
    all_is_right("before");
    is_int(okapi_messages_copy(a, b, ids, 1, new_ids, &partial, pool), APR_SUCCESS, "copy");
    is_int(partial, 0, "all of it");
    check_rich(m->store, okapi_folder_id(a), id, "still", pool);
    check_rich(m->store, okapi_folder_id(b), new_ids[0], "as a copy", pool);
    is_int(stat_of(b, pool).content, 1, "it counts");
    is_int(stat_of(b, pool).unread, 1, "unread as it was");
    is_int(stat_of(b, pool).bytes, size, "as large");
    is_int(bytes_of(m->store, pool), 2 * size, "in the store too");
    all_is_right("after a copy");

    is_int(okapi_messages_move(a, b, ids, 2, new_ids, &partial, pool), APR_SUCCESS, "move");
    is_int(partial, 1, "one wasn't there");
    is_int(new_ids[1], 0, "that has no new id");
    ok(new_ids[0] && new_ids[0] != id, "the other one has");
    check_rich(m->store, okapi_folder_id(b), new_ids[0], "where it was moved", pool);
    is_int(stat_of(a, pool).content, 0, "nothing is left");
    is_int(stat_of(a, pool).bytes, 0, "no bytes either");
    is_int(stat_of(b, pool).content, 2, "two are here");
    is_int(bytes_of(m->store, pool), 2 * size, "the store is as large");
    okapi_message_t *gone;
    is_int(okapi_message_open(&gone, m->store, 0, id, pool, pool), OKAPI_ENOTFOUND,
           "the old id is nobody's");
    all_is_right("after a move");

    okapi_cn_t before, after;
    okapi_store_cn(m->store, &before, pool);
    is_int(okapi_messages_move(a, b, ids, 2, NULL, &partial, pool), APR_SUCCESS, "move nothing");
    is_int(partial, 1, "partial");
    okapi_store_cn(m->store, &after, pool);
    is_int(after, before, "which is no change");
}

static void many(mailbox_t *m, apr_pool_t *pool)
{
    enum { MANY = 300 };
    okapi_folder_t *a = make_folder(m->inbox, "Many", pool),
                   *b = make_folder(m->inbox, "Many moved", pool);
    okapi_id_t ids[MANY], new_ids[MANY];
    int partial, good = 1;
    for (int i = 0; i < MANY; i++) {
        okapi_message_t *message;
        mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(a), i % 10 == 0,
                                          pool, pool),
                     "create");
        put(okapi_message_object(message), okapi_propval_str(PR_SUBJECT, "one of many"), pool);
        for (int j = 0; j < (i == 77 ? 100 : 0); j++) { /* more ids than are taken at first */
            okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                                      (okapi_binary_t){(const unsigned char *)"x", 1});
        }
        mailbox_must(okapi_message_save(message, 0, pool), "save");
        ids[i] = okapi_message_id(message);
    }
    is_int(okapi_messages_copy(a, b, ids, MANY, new_ids, &partial, pool), APR_SUCCESS, "copied");
    is_int(partial, 0, "all");
    is_int(stat_of(b, pool).content, MANY - MANY / 10, "all are there");
    is_int(stat_of(b, pool).associated, MANY / 10, "those behind the scenes too");
    for (int i = 0; i < MANY; i++) {
        okapi_message_t *message;
        good = good && okapi_message_open(&message, m->store, okapi_folder_id(b), new_ids[i], pool,
                                          pool) == APR_SUCCESS;
        good = good && okapi_message_attachment_count(message) == (i == 77 ? 100 : 0);
    }
    ok(good, "under the ids that were told");
    is_int(okapi_messages_move(a, b, ids, MANY, NULL, &partial, pool), APR_SUCCESS, "moved");
    is_int(stat_of(a, pool).associated + stat_of(a, pool).content, 0, "nothing is left");
    is_int(stat_of(b, pool).associated + stat_of(b, pool).content, 2 * MANY, "all are there");
    all_is_right("after many moves");
}

static void across_stores(mailbox_t *m, okapi_store_t *other, apr_pool_t *pool)
{
    okapi_folder_t *a = make_folder(m->inbox, "Across", pool), *inbox;
    okapi_id_t id = rich_message(a, pool), new_id, copy;
    apr_int64_t size = stat_of(a, pool).bytes, before = bytes_of(m->store, pool);
    follower_t *follower = follower_create(other, 2, pool);
    int partial;
    mailbox_must(okapi_folder_open(&inbox, other, okapi_store_special(other, OKAPI_FOLDER_INBOX),
                                   pool, pool),
                 "mary's inbox");
    named_tag(other, "something else", pool); /* so that the ids differ */
    follower_run(follower);
    is_int(okapi_messages_copy(a, inbox, &id, 1, &copy, &partial, pool), APR_SUCCESS,
           "copy to another store");
    check_rich(other, okapi_folder_id(inbox), copy, "as a copy in another store", pool);
    is_int(okapi_messages_move(a, inbox, &id, 1, &new_id, &partial, pool), APR_SUCCESS,
           "move to another store");
    is_int(partial, 0, "all of it");
    check_rich(other, okapi_folder_id(inbox), new_id, "in another store", pool);
    is_int(stat_of(a, pool).content, 0, "nothing is left");
    is_int(bytes_of(m->store, pool), before - size, "the store is smaller");
    is_int(bytes_of(other, pool), stat_of(inbox, pool).bytes, "the other one larger");
    ok(stat_of(inbox, pool).bytes > size, "by what came");
    all_is_right("after a move to another store");
    follower_is_right(follower, "in the other store");
}

static void folders_in_store(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *top = make_folder(m->inbox, "Top", pool),
                   *child = make_folder(top, "Child", pool),
                   *leaf = make_folder(child, "Leaf", pool),
                   *target = make_folder(m->inbox, "Target", pool), *opened;
    okapi_id_t in_leaf = rich_message(leaf, pool), id;
    okapi_cn_t before, after;
    int partial;
    all_is_right("before folders are moved");
    is_int(okapi_folder_move(&id, top, leaf, NULL, &partial, pool), OKAPI_ECYCLE,
           "not into its own subtree");
    is_int(okapi_folder_move(&id, top, top, NULL, &partial, pool), OKAPI_ECYCLE, "nor into itself");
    okapi_folder_t *twin = make_folder(target, "CHILD", pool);
    is_int(okapi_folder_move(&id, child, target, NULL, &partial, pool), OKAPI_EDUPLICATENAME,
           "names must differ");
    is_int(okapi_folder_move(&id, m->inbox, target, NULL, &partial, pool), OKAPI_ENOSUPPORT,
           "no special folder");
    is_int(okapi_folder_move(&id, child, target, "a\nb", &partial, pool), OKAPI_EINVAL,
           "no such name");
    okapi_store_cn(m->store, &before, pool);
    is_int(okapi_folder_move(&id, child, target, "Second", &partial, pool), APR_SUCCESS, "moved");
    okapi_store_cn(m->store, &after, pool);
    is_int(id, okapi_folder_id(child), "it keeps its id");
    ok(after <= before + 2, "whatever is in it");
    mailbox_must(okapi_folder_open(&opened, m->store, id, pool, pool), "open");
    is_int(okapi_folder_parent_id(opened), okapi_folder_id(target), "its parent");
    is_str(okapi_folder_name(opened), "Second", "its name");
    ok(opened->cn > before, "a change number of its own");
    check_rich(m->store, okapi_folder_id(leaf), in_leaf, "in a moved folder", pool);
    all_is_right("after a folder was moved");

    apr_array_header_t *changes;
    okapi_cn_t upto;
    okapi_changes(&changes, &upto, m->store, okapi_folder_id(top), before, 10, pool, pool);
    is_int(changes->nelts, 1, "who looks at the old parent");
    is_int(APR_ARRAY_IDX(changes, 0, okapi_change_t).is_moved, 1, "sees that it went elsewhere");

    is_int(okapi_folder_copy(&id, target, top, "Copy", 1, &partial, pool), APR_SUCCESS, "copied");
    ok(id && !partial, "all of it");
    okapi_id_t found;
    is_int(okapi_folder_by_path(&found, m->store, "Inbox/Top/Copy/Second/Leaf", pool), APR_SUCCESS,
           "with its subfolders");
    mailbox_must(okapi_folder_open(&opened, m->store, found, pool, pool), "open");
    is_int(stat_of(opened, pool).content, 1, "and messages");
    is_int(okapi_folder_copy(&id, target, top, "Copy", 1, &partial, pool), OKAPI_EDUPLICATENAME,
           "not twice");
    is_int(okapi_folder_copy(&id, target, top, "Flat", 0, &partial, pool), APR_SUCCESS,
           "without subfolders");
    is_int(okapi_folder_by_path(&found, m->store, "Inbox/Top/Flat/Second", pool), OKAPI_ENOTFOUND,
           "there is none");
    is_int(okapi_folder_copy(&id, target, twin, NULL, 1, &partial, pool), OKAPI_ECYCLE,
           "not into itself");
    is_int(okapi_folder_rename(twin, "Brother", pool), APR_SUCCESS, "renamed");
    is_int(okapi_folder_by_path(&found, m->store, "Inbox/Target/brother", pool), APR_SUCCESS,
           "found by its new name");
    all_is_right("after copies of folders");

    /* What is moved out of a folder stays, though the folder goes and it changes afterwards. */
    int deleted = OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS | OKAPI_DELETE_HARD;
    is_int(okapi_folder_move(NULL, leaf, m->inbox, NULL, &partial, pool), APR_SUCCESS, "leaf out");
    is_int(okapi_folder_delete(child, deleted, &partial, pool), APR_SUCCESS, "its parent deleted");
    mailbox_must(okapi_folder_open(&leaf, m->store, okapi_folder_id(leaf), pool, pool), "open");
    is_int(okapi_folder_rename(leaf, "Survivor", pool), APR_SUCCESS, "renamed");
    check_rich(m->store, okapi_folder_id(leaf), in_leaf, "in a folder that was saved", pool);
    all_is_right("after a folder survived its parent");
}

static void folders_across(mailbox_t *m, okapi_store_t *other, apr_pool_t *pool)
{
    okapi_folder_t *top = make_folder(m->inbox, "Wanderer", pool),
                   *child = make_folder(top, "Child", pool), *inbox, *opened;
    okapi_id_t id, found;
    follower_t *follower = follower_create(other, 3, pool);
    int partial;
    rich_message(top, pool);
    rich_message(child, pool);
    follower_run(follower);
    mailbox_must(okapi_folder_open(&inbox, other, okapi_store_special(other, OKAPI_FOLDER_INBOX),
                                   pool, pool),
                 "mary's inbox");
    put(okapi_folder_object(child), okapi_propval_str(named_tag(m->store, "hue", pool), "blue"),
        pool);
    is_int(okapi_folder_move(&id, top, inbox, NULL, &partial, pool), APR_SUCCESS,
           "a tree into another store");
    is_int(partial, 0, "all of it");
    is_int(okapi_folder_by_path(&found, m->store, "Inbox/Wanderer", pool), OKAPI_ENOTFOUND,
           "it is no longer here");
    is_int(okapi_folder_by_path(&found, other, "Inbox/Wanderer/Child", pool), APR_SUCCESS,
           "but there");
    mailbox_must(okapi_folder_open(&opened, other, found, pool, pool), "open");
    is_int(stat_of(opened, pool).content, 1, "with its message");
    is_str(get(okapi_folder_object(opened), named_tag(other, "hue", pool), pool).v.str, "blue",
           "and its named property");
    all_is_right("after a tree went to another store");
    follower_is_right(follower, "where it went to");
}

/* What is left after a move into another store goes only if nothing has come meanwhile. */
static void leftovers(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *top = make_folder(m->inbox, "Left", pool);
    okapi_folder_t *child = make_folder(top, "Child", pool);
    okapi_id_t top_id = okapi_folder_id(top), id = rich_message(child, pool), found;
    int refused, partial;
    mailbox_must(okapi__folder_remove_empty(m->store, top_id, 2, &refused, pool), "remove");
    is_int(refused, 1, "a message has come into a folder below it");
    mailbox_must(okapi_messages_delete(child, &id, 1, 0, &partial, pool), "delete");
    mailbox_must(okapi__folder_remove_empty(m->store, top_id, 1, &refused, pool), "remove");
    is_int(refused, 1, "a folder has");
    is_int(okapi_folder_by_path(&found, m->store, "Inbox/Left/Child", pool), APR_SUCCESS,
           "so it stays");
    mailbox_must(okapi__folder_remove_empty(m->store, top_id, 2, &refused, pool), "remove");
    is_int(refused, 0, "nothing has");
    is_int(okapi_folder_by_path(&found, m->store, "Inbox/Left", pool), OKAPI_ENOTFOUND,
           "it is gone");
}

static void rights(mailbox_t *m, okapi_store_t *others, apr_pool_t *pool)
{
    okapi_folder_t *mine = make_folder(m->inbox, "Mine", pool), *theirs;
    okapi_id_t id = rich_message(mine, pool);
    int partial;
    mailbox_must(okapi_folder_open(&theirs, others, okapi_store_special(others, OKAPI_FOLDER_INBOX),
                                   pool, pool),
                 "inbox");
    okapi_folder_t reader = *mine;
    reader.rights = OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_VISIBLE;
    is_int(okapi_messages_copy(mine, &reader, &id, 1, NULL, &partial, pool), OKAPI_EACCESS,
           "who may only read can't add");
    is_int(okapi_messages_move(&reader, theirs, &id, 1, NULL, &partial, pool), OKAPI_EACCESS,
           "nor take away");
    is_int(okapi_messages_delete(&reader, &id, 1, 0, &partial, pool), OKAPI_EACCESS,
           "nor delete");
    is_int(okapi_folder_move(NULL, &reader, m->inbox, NULL, &partial, pool), OKAPI_EACCESS,
           "nor move the folder");
    is_int(okapi_folder_copy(&id, mine, &reader, NULL, 0, &partial, pool), OKAPI_EACCESS,
           "nor make folders in it");
}

/* A visitor's copy of a tree has nothing of what the visitor doesn't see. */
static void unseen(mailbox_t *m, okapi_user_t *visitor, okapi_store_t *hers, apr_pool_t *pool)
{
    okapi_folder_t *shown = make_folder(m->inbox, "Shown", pool), *from, *to;
    okapi_folder_t *hidden = make_folder(shown, "Hidden", pool);
    okapi_permission_change_t change = {OKAPI_PERMISSION_MODIFY, NULL, OKAPI_MEMBER_DEFAULT,
                                        OKAPI_RIGHT_VISIBLE | OKAPI_RIGHT_READ_ANY};
    okapi_store_t *visited;
    okapi_id_t id;
    int partial;
    mailbox_must(okapi_permission_modify(shown, &change, 1, 0, pool), "permissions");
    change.rights = OKAPI_RIGHT_CREATE;
    mailbox_must(okapi_permission_modify(hidden, &change, 1, 0, pool), "permissions");
    mailbox_must(okapi_store_open(&visited, m->okapi, visitor, m->user, pool, pool), "visit");
    mailbox_must(okapi_folder_open(&from, visited, okapi_folder_id(shown), pool, pool), "shown");
    mailbox_must(okapi_folder_open(&to, hers, okapi_store_special(hers, OKAPI_FOLDER_INBOX), pool,
                                   pool),
                 "inbox");
    is_int(okapi_folder_copy(&id, from, to, NULL, 1, &partial, pool), APR_SUCCESS,
           "a visitor copies a tree");
    is_int(partial, 1, "and is told that something isn't in it");
    is_int(okapi_folder_by_path(&id, hers, "Inbox/Shown/Hidden", pool), OKAPI_ENOTFOUND,
           "what can't be seen isn't copied");
}

int main(void)
{
    const okapi_user_t mary = {.name = "mary", .email = "mary@example.org", .fullname = "Mary"};
    mailbox_t m;
    okapi_user_t *user;
    okapi_store_t *other;
    apr_pool_t *pool = tap_pool();
    mailbox_create(&m, pool);
    mailbox_must(okapi_user_add(m.okapi, &mary, NULL, pool), "mary");
    mailbox_must(okapi_user_by_login(&user, m.okapi, "mary", pool, pool), "mary");
    mailbox_must(okapi_store_open(&other, m.okapi, user, user, pool, pool), "her store");
    followers[0] = follower_create(m.store, 1000, pool);
    followers[1] = follower_create(m.store, 1, pool);
    messages_in_store(&m, pool);
    many(&m, pool);
    across_stores(&m, other, pool);
    folders_in_store(&m, pool);
    folders_across(&m, other, pool);
    leftovers(&m, pool);
    rights(&m, other, pool);
    unseen(&m, user, other, pool);
    nothing_is_damaged(m.okapi, pool);
    return done_testing();
}
