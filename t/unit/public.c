/* public.c - the public store: its folders, who may do what there, and what each reader has
 * read. */
#include <okapi/change.h>
#include <okapi/entryid.h>
#include <okapi/message.h>
#include <okapi/permission.h>
#include <okapi/table.h>
#include <okapi/transfer.h>

#include "mailbox.h"
#include "store_private.h"

typedef struct reader_t {
    okapi_store_t *store;
    okapi_folder_t *folder; /* the news, to which all readers may post */
} reader_t;

typedef struct world_t {
    mailbox_t mailbox;
    okapi_id_t folder_id;
    reader_t admin, mary, peter;
    apr_pool_t *pool;
} world_t;

static okapi_user_t *add_user(mailbox_t *mailbox, const char *name, apr_uint32_t flags)
{
    okapi_user_t *user, row = {.name = name, .fullname = name, .flags = flags};
    row.email = apr_pstrcat(mailbox->pool, name, "@example.org", NULL);
    mailbox_must(okapi_user_add(mailbox->okapi, &row, NULL, mailbox->pool), name);
    okapi_user_by_login(&user, mailbox->okapi, name, mailbox->pool, mailbox->pool);
    return user;
}

static okapi_store_t *open_as(mailbox_t *mailbox, const okapi_user_t *actor)
{
    okapi_store_t *store;
    mailbox_must(okapi_store_open_public(&store, mailbox->okapi, actor, mailbox->pool,
                                         mailbox->pool),
                 "public store");
    return store;
}

static okapi_folder_t *folder_of(okapi_store_t *store, okapi_special_e which, apr_pool_t *pool)
{
    okapi_folder_t *folder = NULL;
    okapi_folder_open(&folder, store, okapi_store_special(store, which), pool, pool);
    return folder;
}

static okapi_propval_t get(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value;
    mailbox_must(okapi_object_get(object, &tag, 1, 0, &value, pool, pool), "get");
    return value;
}

static void creation(world_t *w)
{
    mailbox_t *mailbox = &w->mailbox;
    apr_pool_t *pool = w->pool;
    okapi_store_t *store;
    is_int(okapi_store_open_public(&store, mailbox->okapi, mailbox->user, pool, pool),
           OKAPI_ENOTFOUND, "there is none");
    is_int(okapi_store_create_public(mailbox->okapi, pool), APR_SUCCESS, "made");
    is_int(okapi_store_create_public(mailbox->okapi, pool), OKAPI_EEXISTS, "one is enough");
    store = open_as(mailbox, mailbox->user);
    ok(okapi_store_is_public(store), "it is public");
    ok(!okapi_store_is_public(mailbox->store), "a mailbox isn't");
    static const struct {
        okapi_special_e which, parent;
        const char *name;
        okapi_proptag_t tag;
    } folders[] = {
        {OKAPI_FOLDER_IPM_SUBTREE, OKAPI_FOLDER_ROOT, "IPM_SUBTREE", PR_IPM_PUBLIC_FOLDERS_ENTRYID},
        {OKAPI_FOLDER_NON_IPM_SUBTREE, OKAPI_FOLDER_ROOT, "NON_IPM_SUBTREE",
         PR_NON_IPM_SUBTREE_ENTRYID},
        {OKAPI_FOLDER_EFORMS_REGISTRY, OKAPI_FOLDER_NON_IPM_SUBTREE, "EFORMS REGISTRY",
         PR_EFORMS_REGISTRY_ENTRYID},
        {OKAPI_FOLDER_PUBLIC_FREEBUSY, OKAPI_FOLDER_NON_IPM_SUBTREE, "SCHEDULE+ FREE BUSY",
         PR_SPLUS_FREE_BUSY_ENTRYID},
        {OKAPI_FOLDER_OFFLINE_ADDRBOOK, OKAPI_FOLDER_NON_IPM_SUBTREE, "OFFLINE ADDRESS BOOK",
         PR_OFFLINE_ADDRBOOK_ENTRYID}};
    for (int i = 0; i < 5; i++) {
        okapi_folder_t *folder = folder_of(store, folders[i].which, pool);
        okapi_id_t folder_id, message_id;
        okapi_propval_t v = get(okapi_store_object(store), folders[i].tag, pool);
        if (ok(folder != NULL, "%s", folders[i].name)) {
            is_str(okapi_folder_name(folder), folders[i].name, "its name");
            is_int(okapi_folder_parent_id(folder), okapi_store_special(store, folders[i].parent),
                   "its parent");
            is_int(okapi_entryid_parse(v.v.bin, okapi_store_guid(store), &folder_id, &message_id),
                   APR_SUCCESS, "the store's property");
            is_int(folder_id, okapi_folder_id(folder), "names it");
            is_int(v.v.bin.data[20], 0x03, "as a public folder (MS-OXCDATA 2.2.4.1)");
        }
    }
    is_int(okapi_store_special(store, OKAPI_FOLDER_INBOX), 0, "there is no inbox");
    is_int(okapi_store_special(mailbox->store, OKAPI_FOLDER_EFORMS_REGISTRY), 0,
           "nor has a mailbox any of these");
    is_str(get(okapi_store_object(store), PR_DISPLAY_NAME, pool).v.str, "Public Folders", "a name");
    okapi_propval_t owner = get(okapi_store_object(store), PR_MAILBOX_OWNER_NAME, pool);
    is_int(OKAPI_PROP_TYPE(owner.tag), PT_ERROR, "but no owner");
}

static void populate(world_t *w)
{
    mailbox_t *mailbox = &w->mailbox;
    apr_pool_t *pool = w->pool;
    okapi_folder_t *top;
    okapi_id_t id;
    w->admin.store = open_as(mailbox, add_user(mailbox, "root", OKAPI_USER_ADMIN));
    w->mary.store = open_as(mailbox, add_user(mailbox, "mary", 0));
    w->peter.store = open_as(mailbox, add_user(mailbox, "peter", 0));
    top = folder_of(w->mary.store, OKAPI_FOLDER_IPM_SUBTREE, pool);
    is_int(okapi_folder_create(&id, top, "hers", NULL, pool), OKAPI_EACCESS,
           "not everybody makes folders");
    top = folder_of(w->admin.store, OKAPI_FOLDER_IPM_SUBTREE, pool);
    is_int(okapi_folder_create(&w->folder_id, top, "News", NULL, pool), APR_SUCCESS,
           "administrators do");
    reader_t *readers[] = {&w->admin, &w->mary, &w->peter};
    for (int i = 0; i < 3; i++) {
        mailbox_must(okapi_folder_open(&readers[i]->folder, readers[i]->store, w->folder_id, pool,
                                       pool),
                     "news");
    }
    is_int(okapi_folder_rights(w->mary.folder), 0x41B, "where everybody is an author");
    okapi_store_t *stranger = open_as(mailbox, &okapi_user_anonymous);
    okapi_folder_t *folder;
    is_int(okapi_folder_open(&folder, stranger, w->folder_id, pool, pool), OKAPI_ENOTFOUND,
           "who is known");
}

static okapi_id_t post(reader_t *reader, const char *subject, apr_uint32_t flags, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, subject);
    mailbox_must(okapi_message_create(&message, reader->store, okapi_folder_id(reader->folder), 0,
                                      pool, pool),
                 "post");
    okapi_object_set(okapi_message_object(message), &v, 1, pool);
    mailbox_must(okapi_message_save(message, flags, pool), "save");
    return okapi_message_id(message);
}

static apr_int64_t unread(reader_t *reader, apr_pool_t *pool)
{
    okapi_folder_stat_t stat;
    okapi_folder_t *folder;
    apr_array_header_t *listed;
    mailbox_must(okapi_folder_stat(reader->folder, &stat, pool), "counts");
    mailbox_must(okapi_folder_open(&folder, reader->store, okapi_folder_id(reader->folder), pool,
                                   pool),
                 "folder");
    is_int(get(okapi_folder_object(folder), PR_CONTENT_UNREAD, pool).v.i32, stat.unread,
           "opened, the same");
    okapi_folder_t *top = folder_of(reader->store, OKAPI_FOLDER_IPM_SUBTREE, pool);
    mailbox_must(okapi__folder_children(&listed, top, 0, pool, pool), "children");
    is_int(APR_ARRAY_IDX(listed, 0, okapi_folder_t *)->stat.unread, stat.unread, "listed, too");
    return stat.unread;
}

static int has_read(reader_t *reader, okapi_id_t id, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_open(&message, reader->store, 0, id, pool, pool), "open");
    return get(okapi_message_object(message), PR_READ, pool).v.boolean;
}

/* Unread ones as a table restricted to them has them. */
static int listed_unread(reader_t *reader, apr_pool_t *pool)
{
    okapi_table_t *table;
    apr_uint32_t count;
    apr_array_header_t *rows;
    okapi_proptag_t flags = PR_MESSAGE_FLAGS;
    okapi_restriction_t unread_only = {.type = RES_BITMASK, .relop = 0, .tag = PR_MESSAGE_FLAGS,
                                       .value = MSGFLAG_READ};
    int n = 0;
    mailbox_must(okapi_table_contents(&table, &count, reader->folder, 0, pool, pool), "table");
    okapi_table_set_columns(table, &flags, 1);
    mailbox_must(okapi_table_rows(table, 100, 0, 0, &rows, pool, pool), "rows");
    for (int i = 0; i < rows->nelts; i++) {
        n += !(APR_ARRAY_IDX(rows, i, okapi_row_t).values[0].v.i32 & MSGFLAG_READ);
    }
    mailbox_must(okapi_table_restrict(table, &unread_only), "restrict");
    mailbox_must(okapi_table_rows(table, 100, 0, 0, &rows, pool, pool), "rows");
    is_int(rows->nelts, n, "restricted to them, the same");
    return n;
}

static apr_array_header_t *changes(reader_t *reader, okapi_id_t folder_id, okapi_cn_t since,
                                   apr_pool_t *pool)
{
    apr_array_header_t *array;
    okapi_cn_t upto;
    mailbox_must(okapi_changes(&array, &upto, reader->store, folder_id, since, 100, pool, pool),
                 "changes");
    return array;
}

static void reading(world_t *w)
{
    apr_pool_t *pool = w->pool;
    okapi_cn_t since;
    okapi_id_t first = post(&w->mary, "one", 0, pool), second = post(&w->peter, "two", 0, pool);
    okapi_id_t third = post(&w->admin, "three", OKAPI_SAVE_DELIVERY, pool), ids[] = {first, 4711};
    int changed, partial;
    is_int(unread(&w->mary, pool), 2, "mary has read her own");
    is_int(unread(&w->peter, pool), 2, "peter his");
    is_int(unread(&w->admin, pool), 3, "the administrator none: the third was delivered");
    is_int(listed_unread(&w->mary, pool), 2, "in a table");
    is_int(listed_unread(&w->admin, pool), 3, "to each the own");

    okapi_store_cn(w->admin.store, &since, pool);
    is_int(okapi_folder_set_read(w->peter.folder, ids, 2, 1, &changed, &partial, pool), APR_SUCCESS,
           "peter reads one of mary's, which he may not change");
    is_int(changed, 1, "one changed");
    is_int(partial, 1, "one isn't there");
    is_int(unread(&w->peter, pool), 1, "one less for him");
    is_int(unread(&w->admin, pool), 3, "not for others");
    ok(has_read(&w->peter, first, pool) && !has_read(&w->admin, first, pool), "opened, likewise");
    is_int(listed_unread(&w->peter, pool), 1, "in his table");
    is_int(listed_unread(&w->admin, pool), 3, "not in others'");

    apr_array_header_t *his = changes(&w->peter, 0, since, pool);
    is_int(his->nelts, 1, "news for him");
    const okapi_change_t *change = &APR_ARRAY_IDX(his, 0, okapi_change_t);
    is_int(change->kind, OKAPI_CHANGE_READ, "that it is read");
    is_int(change->id, first, "this one");
    ok(change->flags & MSGFLAG_READ, "with the flag");
    is_int(change->cn, since + 1, "at the next number");
    is_int(changes(&w->peter, w->folder_id, since, pool)->nelts, 1, "in the folder, too");
    is_int(changes(&w->mary, 0, since, pool)->nelts, 0, "none for others");
    is_int(changes(&w->admin, w->folder_id, since, pool)->nelts, 0, "nobody");

    okapi_store_cn(w->admin.store, &since, pool);
    okapi_folder_set_read(w->peter.folder, ids, 1, 1, &changed, &partial, pool);
    is_int(changed, 0, "reading it again is nothing");
    okapi_folder_set_read(w->peter.folder, ids, 1, 0, &changed, &partial, pool);
    is_int(unread(&w->peter, pool), 2, "unread again");
    his = changes(&w->peter, 0, since, pool);
    is_int(his->nelts, 1, "is news as well");
    ok(!(APR_ARRAY_IDX(his, 0, okapi_change_t).flags & MSGFLAG_READ), "without the flag");
    okapi_folder_set_read(w->peter.folder, NULL, 0, 1, &changed, &partial, pool);
    is_int(changed, 2, "all that is left");
    is_int(unread(&w->peter, pool), 0, "everything");
    okapi_id_t twice[] = {third, third};
    okapi_folder_set_read(w->mary.folder, twice, 2, 1, &changed, &partial, pool);
    is_int(changed, 1, "named twice it counts once");
    ok(!has_read(&w->mary, second, pool), "others stay");
}

static int sorted_by_flags(reader_t *reader, apr_pool_t *pool)
{
    okapi_table_t *table;
    apr_uint32_t count;
    apr_array_header_t *rows;
    okapi_proptag_t flags = PR_MESSAGE_FLAGS;
    okapi_sort_key_t key = {PR_MESSAGE_FLAGS, TABLE_SORT_ASCEND};
    okapi_sort_t sort = {.n = 1, .keys = &key};
    mailbox_must(okapi_table_contents(&table, &count, reader->folder, 0, pool, pool), "table");
    okapi_table_set_columns(table, &flags, 1);
    mailbox_must(okapi_table_sort(table, &sort), "sort");
    mailbox_must(okapi_table_rows(table, 100, 0, 0, &rows, pool, pool), "rows");
    return rows->nelts;
}

/* A table in an order of its own is kept up with the sequence. */
static void following(world_t *w)
{
    apr_pool_t *pool = w->pool;
    int before = sorted_by_flags(&w->mary, pool), partial;
    okapi_id_t id = post(&w->admin, "new", 0, pool);
    okapi_folder_set_read(w->mary.folder, &id, 1, 1, NULL, &partial, pool);
    is_int(sorted_by_flags(&w->mary, pool), before + 1, "new and read is one row more");
    okapi_folder_set_read(w->mary.folder, &id, 1, 0, NULL, &partial, pool);
    is_int(sorted_by_flags(&w->mary, pool), before + 1, "unread again is still one");
    is_int(okapi_messages_delete(w->admin.folder, &id, 1, OKAPI_DELETE_HARD, &partial, pool),
           APR_SUCCESS, "deleted");
    is_int(sorted_by_flags(&w->mary, pool), before, "it is gone");
}

/* The whole sequence as one reader sees it: each message once, with what he has read. */
static void sequence(world_t *w)
{
    apr_pool_t *pool = w->pool;
    apr_array_header_t *all = changes(&w->mary, w->folder_id, 0, pool);
    int created = 0, read = 0;
    okapi_cn_t last = 0;
    for (int i = 0; i < all->nelts; i++) {
        const okapi_change_t *change = &APR_ARRAY_IDX(all, i, okapi_change_t);
        ok(change->cn > last, "number %d", (int)change->cn);
        last = change->cn;
        created += change->kind == OKAPI_CHANGE_CREATED;
        read += change->kind == OKAPI_CHANGE_CREATED && (change->flags & MSGFLAG_READ);
    }
    is_int(created, 3, "three messages");
    is_int(read, 2, "of which she has read two");
}

static void owned(world_t *w)
{
    apr_pool_t *pool = w->pool;
    okapi_id_t hers = post(&w->mary, "mine", 0, pool);
    okapi_message_t *message;
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, "changed");
    mailbox_must(okapi_message_open(&message, w->mary.store, 0, hers, pool, pool), "open");
    okapi_object_set(okapi_message_object(message), &v, 1, pool);
    is_int(okapi_message_save(message, 0, pool), APR_SUCCESS, "an author changes his own");
    ok(has_read(&w->mary, hers, pool), "which stays read");
    mailbox_must(okapi_message_open(&message, w->peter.store, 0, hers, pool, pool), "open");
    okapi_object_set(okapi_message_object(message), &v, 1, pool);
    is_int(okapi_message_save(message, 0, pool), OKAPI_EACCESS, "nobody else's");
    v = get(okapi_message_object(message), PR_ENTRYID, pool);
    is_int(v.v.bin.data[20], 0x09, "it is a public message (MS-OXCDATA 2.2.4.2)");
}

static void moving(world_t *w)
{
    apr_pool_t *pool = w->pool;
    okapi_folder_t *top = folder_of(w->admin.store, OKAPI_FOLDER_IPM_SUBTREE, pool), *old;
    okapi_id_t id, read = post(&w->mary, "read", 0, pool), moved;
    int partial;
    mailbox_must(okapi_folder_create(&id, top, "Old news", NULL, pool), "folder");
    mailbox_must(okapi_folder_open(&old, w->admin.store, id, pool, pool), "folder");
    is_int(okapi_messages_move(w->admin.folder, old, &read, 1, &moved, &partial, pool), APR_SUCCESS,
           "moved within the public store");
    ok(has_read(&w->mary, moved, pool), "who has read it still has");
    ok(!has_read(&w->admin, moved, pool), "who hasn't, hasn't");
    is_int(listed_unread(&w->mary, pool), 1, "where it was it counts no longer");
}

static void forgetting(world_t *w)
{
    apr_pool_t *pool = w->pool;
    okapi_user_t *peter;
    mailbox_must(okapi_user_delete(w->mailbox.okapi, "peter", pool), "peter");
    peter = add_user(&w->mailbox, "peter", 0);
    w->peter.store = open_as(&w->mailbox, peter);
    mailbox_must(okapi_folder_open(&w->peter.folder, w->peter.store, w->folder_id, pool, pool),
                 "news");
    is_int(unread(&w->peter, pool), 4, "a new peter has read nothing");
}

int main(void)
{
    world_t w = {.pool = tap_pool()};
    mailbox_create(&w.mailbox, w.pool);
    creation(&w);
    populate(&w);
    reading(&w);
    sequence(&w);
    following(&w);
    owned(&w);
    moving(&w);
    forgetting(&w);
    return done_testing();
}
