/* folder.c - folders: making, finding, listing, properties, rights. */
#include "mailbox.h"
#include "store_private.h"

static okapi_folder_t *open_folder(okapi_store_t *store, okapi_id_t id, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, store, id, pool, pool), "folder");
    return folder;
}

static void creation(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_id_t id, again, found, deep;
    okapi_cn_t before, after;
    okapi_store_cn(mailbox->store, &before, pool);
    is_int(okapi_folder_create(&id, mailbox->inbox, "Projects", NULL, pool), APR_SUCCESS, "made");
    okapi_store_cn(mailbox->store, &after, pool);
    is_int(after, before + 1, "one change");
    is_int(okapi_folder_create(&again, mailbox->inbox, "PROJECTS", NULL, pool),
           OKAPI_EDUPLICATENAME, "a name without case only once");
    is_int(again, id, "and which folder has it");
    is_int(okapi_folder_by_name(&found, mailbox->inbox, "projects", pool), APR_SUCCESS, "found");
    is_int(found, id, "by name");
    okapi_folder_t *projects = open_folder(mailbox->store, id, pool);
    is_str(okapi_folder_class(projects), "IPF.Note", "the class is the parent's");
    is_int(okapi_folder_create(&deep, projects,
                               "\xc3\x9c"
                               "bergr\xc3\xb6\xc3\x9f"
                               "e/1",
                               "IPF.Task", pool),
           APR_SUCCESS, "a name with a slash");
    is_int(okapi_folder_by_path(&found, mailbox->store, "inbox/PROJECTS", pool), APR_SUCCESS,
           "by path");
    is_int(found, id, "the same");
    is_int(okapi_folder_by_name(&found, projects,
                                "\xc3\xbc"
                                "BERGR\xc3\x96SSE/1",
                                pool),
           APR_SUCCESS, "full case folding");
    is_int(found, deep, "the same");
    is_int(okapi_folder_by_path(&found, mailbox->store, "Inbox/Nothing", pool), OKAPI_ENOTFOUND,
           "no such path");
    is_int(okapi_folder_by_path(&found, mailbox->store, "", pool), OKAPI_ENOTFOUND, "an empty one");
    is_int(okapi_folder_create(&found, projects, "", NULL, pool), OKAPI_EINVAL, "no empty name");
    is_int(okapi_folder_create(&found, projects, "a\tb", NULL, pool), OKAPI_EINVAL,
           "no control characters");
    char *name = apr_palloc(pool, 257);
    memset(name, 'x', 256);
    name[256] = '\0';
    is_int(okapi_folder_create(&found, projects, name, NULL, pool), OKAPI_EINVAL, "not too long");
    is_int(okapi_folder_create(&found, projects, name + 1, NULL, pool), APR_SUCCESS, "just so");
}

static int position(const apr_array_header_t *nodes, const char *name)
{
    for (int i = 0; i < nodes->nelts; i++) {
        if (strcmp(okapi_folder_name(APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).folder), name) ==
            0) {
            return i;
        }
    }
    return -1;
}

static void listing(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_folder_t *root =
        open_folder(mailbox->store, okapi_store_special(mailbox->store, OKAPI_FOLDER_ROOT), pool);
    apr_array_header_t *nodes, *children;
    is_int(okapi_folder_tree(&nodes, root, pool, pool), APR_SUCCESS, "the tree");
    is_int(nodes->nelts, OKAPI_FOLDER__LAST - 2 + 3, "everything but the root");
    int inbox = position(nodes, "Inbox"), projects = position(nodes, "Projects");
    is_int(projects, inbox + 1, "a folder's own follow it");
    is_int(APR_ARRAY_IDX(nodes, inbox, okapi_folder_node_t).depth, 2, "depth of the inbox");
    is_int(APR_ARRAY_IDX(nodes, projects, okapi_folder_node_t).depth, 3, "one below");
    ok(position(nodes, "Calendar") < position(nodes, "Contacts"), "siblings by name");
    is_int(okapi__folder_children(&children, root, 0, pool, pool), APR_SUCCESS, "children");
    is_int(children->nelts, 11, "of the root");
    for (int i = 0; i < children->nelts; i++) {
        okapi_folder_t *child = APR_ARRAY_IDX(children, i, okapi_folder_t *);
        is_int(okapi_folder_parent_id(child), okapi_folder_id(root), "%s is one",
               okapi_folder_name(child));
    }
    is_int(okapi__folder_children(&children, root, OKAPI__FOLDERS_DELETED, pool, pool), APR_SUCCESS,
           "deleted ones");
    is_int(children->nelts, 0, "none");
}

static okapi_propval_t get(okapi_folder_t *folder, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value;
    mailbox_must(okapi_object_get(okapi_folder_object(folder), &tag, 1, 0, &value, pool, pool),
                 "get");
    return value;
}

static void properties(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_id_t id;
    okapi_folder_by_path(&id, mailbox->store, "Inbox/Projects", pool);
    okapi_folder_t *folder = open_folder(mailbox->store, id, pool);
    is_int(get(folder, PR_SUBFOLDERS, pool).v.boolean, 1, "it has subfolders");
    is_int(get(folder, PR_CONTENT_COUNT, pool).v.i32, 0, "no messages");
    is_int((apr_int32_t)get(folder, PR_RIGHTS, pool).v.i32, OKAPI_RIGHT_ALL, "all rights");
    is_int(get(folder, PR_ACCESS, pool).v.i32, 0x3F, "all access");
    is_str(get(folder, PR_CONTAINER_CLASS, pool).v.str, "IPF.Note", "class");
    okapi_propval_t before = get(folder, PR_CHANGE_KEY, pool);
    is_int(before.v.bin.len, 22, "a change key");

    okapi_propval_t values[] = {
        okapi_propval_str(PR_DISPLAY_NAME, "Plans"), okapi_propval_str(PR_COMMENT, "for later"),
        okapi_propval_str(PR_CONTAINER_CLASS, "IPF.Task"), okapi_propval_i32(PR_CONTENT_COUNT, 77)};
    is_int(okapi_object_set(okapi_folder_object(folder), values, 4, pool), APR_SUCCESS, "set");
    folder = open_folder(mailbox->store, id, pool);
    is_str(okapi_folder_name(folder), "Plans", "a new name");
    is_str(okapi_folder_class(folder), "IPF.Task", "a new class");
    is_str(get(folder, PR_COMMENT, pool).v.str, "for later", "a comment");
    is_int(get(folder, PR_CONTENT_COUNT, pool).v.i32, 0, "counts can't be set");
    okapi_propval_t after = get(folder, PR_CHANGE_KEY, pool);
    ok(memcmp(before.v.bin.data, after.v.bin.data, 22) != 0, "a new change key");

    okapi_id_t other;
    mailbox_must(okapi_folder_create(&other, mailbox->inbox, "Other", NULL, pool), "Other");
    okapi_propval_t name = okapi_propval_str(PR_DISPLAY_NAME, "PLANS");
    is_int(okapi_object_set(okapi_folder_object(open_folder(mailbox->store, other, pool)), &name, 1,
                            pool),
           OKAPI_EDUPLICATENAME, "not a sibling's name");
    is_int(okapi_object_set(okapi_folder_object(folder), &name, 1, pool), APR_SUCCESS,
           "but one's own in another case");
    okapi_proptag_t comment = PR_COMMENT;
    is_int(okapi_object_unset(okapi_folder_object(folder), &comment, 1, pool), APR_SUCCESS,
           "unset");
    is_int(OKAPI_PROP_TYPE(get(folder, PR_COMMENT, pool).tag), PT_ERROR, "it is gone");
    ok(OKAPI_PROP_TYPE(get(folder, PR_IPM_TASK_ENTRYID, pool).tag) == PT_ERROR,
       "special folders are named on the inbox, not here");
}

typedef struct grant_t {
    okapi_id_t folder_id;
    const char *member;
    apr_uint32_t rights;
} grant_t;

static apr_status_t grant(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const grant_t *g = baton;
    return okapi__db_exec(conn, STMT_PERMISSION_ADD, NULL,
                          DB_ARGS(DB_I(g->folder_id), DB_S(g->member), DB_I(g->rights)),
                          scratch_pool);
}

static void permissions(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_user_t mary = {.name = "mary", .email = "mary@example.org", .fullname = ""}, *actor;
    okapi_store_t *store;
    okapi_folder_t *folder;
    apr_array_header_t *children;
    okapi_id_t id, inbox = okapi_folder_id(mailbox->inbox);
    mailbox_must(okapi_user_add(mailbox->okapi, &mary, NULL, pool), "mary");
    mailbox_must(okapi_user_by_login(&actor, mailbox->okapi, "mary", pool, pool), "mary");
    mailbox_must(okapi_store_open(&store, mailbox->okapi, actor, mailbox->user, pool, pool),
                 "store");
    is_int(okapi_folder_open(&folder, store, inbox, pool, pool), OKAPI_ENOTFOUND,
           "who has no rights doesn't see it");
    is_int(okapi_folder_open(&folder, store, okapi_store_special(store, OKAPI_FOLDER_CALENDAR),
                             pool, pool),
           OKAPI_ENOTFOUND, "free/busy isn't visible");
    is_int(okapi_folder_by_path(&id, store, "Inbox", pool), OKAPI_ENOTFOUND, "not by path either");

    grant_t reader = {inbox, "mary", OKAPI_RIGHT_VISIBLE | OKAPI_RIGHT_READ_ANY};
    mailbox_must(okapi__db_write(mailbox->okapi->db, grant, &reader, pool), "grant");
    is_int(okapi_folder_open(&folder, store, inbox, pool, pool), APR_SUCCESS, "a reader sees it");
    is_int(okapi_folder_rights(folder), reader.rights, "with these rights");
    is_int(okapi_folder_create(&id, folder, "hers", NULL, pool), OKAPI_EACCESS, "but makes none");
    okapi_propval_t comment = okapi_propval_str(PR_COMMENT, "x");
    is_int(okapi_object_set(okapi_folder_object(folder), &comment, 1, pool), OKAPI_EACCESS,
           "and changes nothing");
    is_int(okapi__folder_children(&children, folder, OKAPI__FOLDERS_DEEP, pool, pool), APR_SUCCESS,
           "a list");
    is_int(children->nelts, 0, "of what is visible: nothing below");
    is_int(okapi_folder_create(&id, mailbox->inbox, "shared", NULL, pool), APR_SUCCESS,
           "a new folder");
    is_int(okapi_folder_open(&folder, store, id, pool, pool), APR_SUCCESS,
           "is for the same people as its parent");

    grant_t everybody = {okapi_store_special(store, OKAPI_FOLDER_CONTACTS), "",
                         OKAPI_RIGHT_VISIBLE};
    mailbox_must(okapi__db_write(mailbox->okapi->db, grant, &everybody, pool), "grant");
    is_int(okapi_folder_open(&folder, store, everybody.folder_id, pool, pool), APR_SUCCESS,
           "everybody is mary too");
    actor->flags |= OKAPI_USER_ADMIN;
    mailbox_must(okapi_store_open(&store, mailbox->okapi, actor, mailbox->user, pool, pool),
                 "store");
    is_int(okapi_folder_open(&folder, store, okapi_store_special(store, OKAPI_FOLDER_DRAFTS), pool,
                             pool),
           APR_SUCCESS, "an administrator sees all");
}

static void strangers(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_user_t *mary;
    okapi_store_t *hers;
    okapi_folder_t *folder;
    mailbox_must(okapi_user_by_login(&mary, mailbox->okapi, "mary", pool, pool), "mary");
    mailbox_must(okapi_store_open(&hers, mailbox->okapi, mary, mary, pool, pool), "her store");
    is_int(okapi_folder_open(&folder, hers, okapi_folder_id(mailbox->inbox), pool, pool),
           OKAPI_ENOTFOUND, "a folder of another store");
    is_int(okapi_folder_open(&folder, hers, 0, pool, pool), OKAPI_ENOTFOUND, "no folder at all");
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    creation(&mailbox);
    listing(&mailbox);
    properties(&mailbox);
    permissions(&mailbox);
    strangers(&mailbox);
    return done_testing();
}
