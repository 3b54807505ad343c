/* permission.c - who may do what: every call of the engine that has a folder behind it, with each
 * right, by everybody it may be given to (MS-OXCPERM). */
#include <okapi/change.h>
#include <okapi/group.h>
#include <okapi/message.h>
#include <okapi/named.h>
#include <okapi/permission.h>
#include <okapi/table.h>
#include <okapi/transfer.h>

#include "access.h"
#include "mailbox.h"

/* ---- who ---- */

typedef enum role_e {
    OWNER,     /* of the store */
    ADMIN,     /* of the server */
    NAMED,     /* has an entry */
    GROUPED,   /* is in a group in a group that has one */
    DEFAULT,   /* has none, so that the default entry counts (R176) */
    ANONYMOUS, /* isn't known */
    WITHOUT,   /* has an entry without rights, so that the default doesn't count (R175) */
    ROLES
} role_e;

static const char *const role_names[ROLES] = {"owner",   "admin",     "by name", "by group",
                                              "default", "anonymous", "without"};
static const char *const logins[ROLES] = {"john", "root", "mary", "peter", "paul", NULL, "judas"};

typedef struct world_t {
    mailbox_t mailbox;
    okapi_store_t *stores[ROLES];
    okapi_folder_t *folder; /* the owner's */
    okapi_id_t folder_id;
    okapi_id_t foreign;       /* a message of the owner's in it */
    okapi_id_t owned[ROLES];  /* one of each's own */
    okapi_cn_t since;         /* before all of them */
    int n;                    /* for names that are new */
    apr_pool_t *pool;
} world_t;

static okapi_user_t *add_user(world_t *w, const char *name, apr_uint32_t flags)
{
    okapi_user_t *user, row = {.name = name, .fullname = name, .flags = flags};
    row.email = apr_pstrcat(w->pool, name, "@example.org", NULL);
    mailbox_must(okapi_user_add(w->mailbox.okapi, &row, NULL, w->pool), name);
    mailbox_must(okapi_user_by_login(&user, w->mailbox.okapi, name, w->pool, w->pool), name);
    return user;
}

static void add_group(world_t *w, const char *name, const char *member)
{
    okapi_group_t *group, row = {.name = name, .fullname = name};
    mailbox_must(okapi_group_add(w->mailbox.okapi, &row, w->pool), name);
    mailbox_must(okapi_group_by_name(&group, w->mailbox.okapi, name, w->pool, w->pool), name);
    mailbox_must(okapi_group_add_member(w->mailbox.okapi, group, member, w->pool), member);
}

/* The same rights for all who get theirs from the folder's list. */
static void grant(world_t *w, apr_uint32_t rights)
{
    const okapi_permission_change_t changes[] = {
        {OKAPI_PERMISSION_MODIFY, NULL, OKAPI_MEMBER_DEFAULT, rights},
        {OKAPI_PERMISSION_MODIFY, NULL, OKAPI_MEMBER_ANONYMOUS, rights},
        {OKAPI_PERMISSION_ADD, "mary", 0, rights},
        {OKAPI_PERMISSION_ADD, "outer", 0, rights},
        {OKAPI_PERMISSION_ADD, "judas", 0, 0}};
    mailbox_must(okapi_permission_modify(w->folder, changes, 5, 0, w->pool), "permissions");
}

static okapi_id_t add_message(okapi_store_t *store, okapi_id_t folder_id, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_propval_t subject = okapi_propval_str(PR_SUBJECT, "a subject");
    mailbox_must(okapi_message_create(&message, store, folder_id, 0, pool, pool), "message");
    mailbox_must(okapi_object_set(okapi_message_object(message), &subject, 1, pool), "subject");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    return okapi_message_id(message);
}

static void create_world(world_t *w)
{
    mailbox_t *mailbox = &w->mailbox;
    apr_pool_t *pool = w->pool = tap_pool();
    mailbox_create(mailbox, pool);
    w->stores[OWNER] = mailbox->store;
    for (int role = ADMIN; role < ROLES; role++) {
        const okapi_user_t *actor =
            logins[role] ? add_user(w, logins[role], role == ADMIN ? OKAPI_USER_ADMIN : 0)
                         : &okapi_user_anonymous;
        if (role == GROUPED) {
            add_group(w, "inner", "peter");
            add_group(w, "outer", "inner");
        }
        mailbox_must(okapi_store_open(&w->stores[role], mailbox->okapi, actor, mailbox->user, pool,
                                      pool),
                     "store");
    }
    mailbox_must(okapi_folder_create(&w->folder_id, mailbox->inbox, "Shared", NULL, pool),
                 "folder");
    mailbox_must(okapi_folder_open(&w->folder, mailbox->store, w->folder_id, pool, pool), "folder");
    grant(w, OKAPI_RIGHT_ALL);
    mailbox_must(okapi_store_cn(mailbox->store, &w->since, pool), "change number");
    w->foreign = add_message(mailbox->store, w->folder_id, pool);
    for (int role = OWNER; role < WITHOUT; role++) {
        w->owned[role] = add_message(w->stores[role], w->folder_id, pool);
    }
    w->owned[WITHOUT] = w->foreign;
}

/* ---- what ---- */

typedef struct attempt_t {
    world_t *w;
    role_e role;
    okapi_store_t *store;
    okapi_folder_t *folder; /* NULL if it can't be opened */
    apr_pool_t *pool;
} attempt_t;

#define ATTEMPT(name) static apr_status_t name(attempt_t *a)

ATTEMPT(open_folder)
{
    okapi_folder_t *folder;
    return okapi_folder_open(&folder, a->store, a->w->folder_id, a->pool, a->pool);
}

/* In the tree below the root, which is made as if it could be opened. */
ATTEMPT(see_in_tree)
{
    okapi_folder_t root = *a->w->mailbox.inbox;
    apr_array_header_t *nodes;
    root.store = a->store;
    apr_status_t rv = okapi_folder_tree(&nodes, &root, a->pool, a->pool);
    return rv == APR_SUCCESS && !nodes->nelts ? OKAPI_ENOTFOUND : rv;
}

ATTEMPT(see_in_hierarchy_table)
{
    okapi_folder_t inbox = *a->w->mailbox.inbox;
    okapi_table_t *table;
    apr_uint32_t count;
    inbox.store = a->store;
    apr_status_t rv = okapi_table_hierarchy(&table, &count, &inbox, 0, a->pool, a->pool);
    return rv == APR_SUCCESS && !count ? OKAPI_ENOTFOUND : rv;
}

static apr_status_t find_change(attempt_t *a, int is_folder, okapi_id_t id)
{
    apr_array_header_t *changes;
    okapi_cn_t upto;
    apr_status_t rv = okapi_changes(&changes, &upto, a->store, 0, is_folder ? 0 : a->w->since,
                                    10000, a->pool, a->pool);
    for (int i = 0; rv == APR_SUCCESS && i < changes->nelts; i++) {
        const okapi_change_t *change = &APR_ARRAY_IDX(changes, i, okapi_change_t);
        if (change->is_folder == is_folder && change->id == id) {
            return APR_SUCCESS;
        }
    }
    return rv == APR_SUCCESS ? OKAPI_ENOTFOUND : rv;
}

ATTEMPT(see_change_of_folder)
{
    return find_change(a, 1, a->w->folder_id);
}

ATTEMPT(see_change_of_foreign)
{
    return find_change(a, 0, a->w->foreign);
}

ATTEMPT(see_change_of_own)
{
    return find_change(a, 0, a->w->owned[a->role]);
}

ATTEMPT(create_folder)
{
    okapi_id_t id;
    return okapi_folder_create(&id, a->folder, apr_psprintf(a->pool, "new %d", a->w->n++), NULL,
                               a->pool);
}

ATTEMPT(set_folder)
{
    okapi_propval_t comment = okapi_propval_str(PR_COMMENT, "changed");
    return okapi_object_set(okapi_folder_object(a->folder), &comment, 1, a->pool);
}

ATTEMPT(unset_folder)
{
    okapi_proptag_t comment = PR_COMMENT;
    return okapi_object_unset(okapi_folder_object(a->folder), &comment, 1, a->pool);
}

ATTEMPT(list_permissions)
{
    apr_array_header_t *entries;
    return okapi_permission_list(&entries, a->folder, 0, a->pool, a->pool);
}

ATTEMPT(modify_permissions)
{
    const okapi_permission_change_t change = {OKAPI_PERMISSION_MODIFY, NULL, 4711, 0};
    return okapi_permission_modify(a->folder, &change, 1, 0, a->pool);
}

/* OKAPI_EACCESS if the message isn't in it. */
static apr_status_t list_message(attempt_t *a, okapi_id_t id, int flags)
{
    okapi_table_t *table;
    apr_uint32_t count;
    apr_array_header_t *rows;
    okapi_proptag_t subject = PR_SUBJECT;
    apr_status_t rv =
        okapi_table_contents(&table, &count, a->folder, flags, a->pool, a->pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_table_set_columns(table, &subject, 1);
    rv = okapi_table_rows(table, 1000, 0, 0, &rows, a->pool, a->pool);
    if (rv == APR_SUCCESS && rows->nelts != (int)count) {
        return OKAPI_ECORRUPT;
    }
    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        if (APR_ARRAY_IDX(rows, i, okapi_row_t).id == id) {
            return APR_SUCCESS;
        }
    }
    return rv == APR_SUCCESS ? OKAPI_EACCESS : rv;
}

ATTEMPT(list_foreign)
{
    return list_message(a, a->w->foreign, 0);
}

ATTEMPT(list_own)
{
    return list_message(a, a->w->owned[a->role], 0);
}

static apr_status_t open_message(okapi_message_t **message, attempt_t *a, okapi_id_t id)
{
    return okapi_message_open(message, a->store, a->w->folder_id, id, a->pool, a->pool);
}

ATTEMPT(open_foreign)
{
    okapi_message_t *message;
    return open_message(&message, a, a->w->foreign);
}

ATTEMPT(open_foreign_anywhere)
{
    okapi_message_t *message;
    return okapi_message_open(&message, a->store, 0, a->w->foreign, a->pool, a->pool);
}

ATTEMPT(open_own)
{
    okapi_message_t *message;
    return open_message(&message, a, a->w->owned[a->role]);
}

static apr_status_t change_message(attempt_t *a, okapi_id_t id)
{
    okapi_message_t *message;
    okapi_propval_t body = okapi_propval_str(PR_BODY, "changed");
    apr_status_t rv = open_message(&message, a, id);
    if (rv == APR_SUCCESS) {
        mailbox_must(okapi_object_set(okapi_message_object(message), &body, 1, a->pool), "set");
        rv = okapi_message_save(message, 0, a->pool);
    }
    return rv;
}

ATTEMPT(change_foreign)
{
    return change_message(a, a->w->foreign);
}

ATTEMPT(change_own)
{
    return change_message(a, a->w->owned[a->role]);
}

static apr_status_t attach_to(attempt_t *a, okapi_id_t id)
{
    okapi_message_t *message;
    apr_status_t rv = open_message(&message, a, id);
    if (rv == APR_SUCCESS) {
        okapi_attachment_t *attachment = okapi_attachment_create(message, ATTACH_BY_VALUE);
        okapi_attachment_set_data(attachment, (okapi_binary_t){(const unsigned char *)"x", 1});
        rv = okapi_message_save(message, 0, a->pool);
    }
    return rv;
}

ATTEMPT(attach_to_foreign)
{
    return attach_to(a, a->w->foreign);
}

ATTEMPT(add_recipient_to_foreign)
{
    okapi_message_t *message;
    apr_status_t rv = open_message(&message, a, a->w->foreign);
    if (rv == APR_SUCCESS) {
        okapi_message_add_recipient(message, MAPI_TO);
        rv = okapi_message_save(message, 0, a->pool);
    }
    return rv;
}

static apr_status_t create(attempt_t *a, int associated)
{
    okapi_message_t *message;
    apr_status_t rv =
        okapi_message_create(&message, a->store, a->w->folder_id, associated, a->pool, a->pool);
    return rv == APR_SUCCESS ? okapi_message_save(message, 0, a->pool) : rv;
}

ATTEMPT(create_message)
{
    return create(a, 0);
}

ATTEMPT(create_associated)
{
    return create(a, 1);
}

static apr_status_t mark(attempt_t *a, okapi_id_t id)
{
    int partial;
    apr_status_t rv = okapi_folder_set_read(a->folder, &id, 1, 1, NULL, &partial, a->pool);
    return rv == APR_SUCCESS && partial ? OKAPI_EACCESS : rv;
}

ATTEMPT(mark_foreign)
{
    return mark(a, a->w->foreign);
}

ATTEMPT(mark_own)
{
    return mark(a, a->w->owned[a->role]);
}

/* To a folder of the role's own mailbox, if there is one; OKAPI_EACCESS if it is left behind. */
static apr_status_t send_to_own(attempt_t *a, okapi_id_t id, int move)
{
    const okapi_user_t *actor = okapi_store_actor(a->store);
    okapi_store_t *own;
    okapi_folder_t *to;
    int partial;
    if (!actor->id) {
        return okapi_folder_rights(a->folder) &
                       (move ? OKAPI_RIGHT_DELETE_ANY : OKAPI_RIGHT_READ_ANY)
                   ? APR_SUCCESS
                   : OKAPI_EACCESS;
    }
    mailbox_must(okapi_store_open(&own, a->w->mailbox.okapi, actor, actor, a->pool, a->pool),
                 "own");
    mailbox_must(okapi_folder_open(&to, own, okapi_store_special(own, OKAPI_FOLDER_DRAFTS), a->pool,
                                   a->pool),
                 "drafts");
    apr_status_t rv = move ? okapi_messages_move(a->folder, to, &id, 1, NULL, &partial, a->pool)
                           : okapi_messages_copy(a->folder, to, &id, 1, NULL, &partial, a->pool);
    return rv == APR_SUCCESS && partial ? OKAPI_EACCESS : rv;
}

ATTEMPT(copy_foreign)
{
    return send_to_own(a, a->w->foreign, 0);
}

ATTEMPT(move_foreign)
{
    return send_to_own(a, add_message(a->w->mailbox.store, a->w->folder_id, a->pool), 1);
}

static apr_status_t erase(attempt_t *a, okapi_id_t id)
{
    int partial;
    apr_status_t rv = okapi_messages_delete(a->folder, &id, 1, 0, &partial, a->pool);
    return rv == APR_SUCCESS && partial ? OKAPI_EACCESS : rv;
}

ATTEMPT(delete_foreign)
{
    return erase(a, add_message(a->w->mailbox.store, a->w->folder_id, a->pool));
}

/* As if everybody could create one. */
ATTEMPT(delete_own)
{
    okapi_store_t maker = *a->store;
    maker.full_access = 1;
    return erase(a, add_message(&maker, a->w->folder_id, a->pool));
}

ATTEMPT(delete_folder)
{
    okapi_id_t id;
    okapi_folder_t *folder;
    int partial;
    mailbox_must(okapi_folder_create(&id, a->w->folder, apr_psprintf(a->pool, "gone %d", a->w->n++),
                                     NULL, a->pool),
                 "folder");
    apr_status_t rv = okapi_folder_open(&folder, a->store, id, a->pool, a->pool);
    return rv == APR_SUCCESS ? okapi_folder_delete(folder, 0, &partial, a->pool) : rv;
}

/* Whoever may write something in the store may need a name for it. */
ATTEMPT(name_property)
{
    const okapi_propname_t name = {okapi_ps_public_strings, MNID_STRING, 0,
                                   apr_psprintf(a->pool, "name %d", a->w->n++)};
    apr_uint16_t id;
    apr_status_t rv = okapi_named_ids(a->store, &name, 1, 1, &id, a->pool);
    return rv == APR_SUCCESS && !id ? OKAPI_EACCESS : rv;
}

/* ---- all of it ---- */

enum {
    VISIBLE = OKAPI_RIGHT_VISIBLE,
    READ = OKAPI_RIGHT_READ_ANY,
    EDIT = OKAPI_RIGHT_EDIT_ANY,
    REMOVE = OKAPI_RIGHT_DELETE_ANY,
    OWN = OKAPI_RIGHT_OWNER,
    SEEN = OKAPI__RIGHTS_VISIBLE
};

typedef struct call_t {
    const char *name;
    apr_status_t (*attempt)(attempt_t *a);
    int in_folder;        /* it is done with the open folder */
    apr_uint32_t base;    /* rights everybody gets besides the one that is tried */
    apr_uint32_t one_of;  /* of these one is needed */
    apr_status_t refused; /* for those who see the folder; others: OKAPI_ENOTFOUND */
} call_t;

static const call_t calls[] = {
    /* first, as long as nobody has a folder of their own */
    {"okapi_named_ids: a new name", name_property, 0, 0,
     OKAPI_RIGHT_CREATE | OKAPI_RIGHT_EDIT_OWNED | EDIT | OKAPI_RIGHT_CREATE_SUBFOLDER | OWN,
     OKAPI_EACCESS},
    {"okapi_folder_open (R1120)", open_folder, 0, 0, SEEN, OKAPI_ENOTFOUND},
    {"okapi_folder_tree (R103)", see_in_tree, 0, 0, SEEN, OKAPI_ENOTFOUND},
    {"okapi_table_hierarchy (R103)", see_in_hierarchy_table, 0, 0, SEEN, OKAPI_ENOTFOUND},
    {"okapi_changes: the folder", see_change_of_folder, 0, 0, SEEN, OKAPI_ENOTFOUND},
    {"okapi_changes: a foreign message (R144)", see_change_of_foreign, 0, VISIBLE, READ,
     OKAPI_ENOTFOUND},
    {"okapi_changes: an own message", see_change_of_own, 0, VISIBLE, VISIBLE, OKAPI_ENOTFOUND},
    {"okapi_folder_create (R118, R119)", create_folder, 1, VISIBLE, OKAPI_RIGHT_CREATE_SUBFOLDER,
     OKAPI_EACCESS},
    {"okapi_object_set of a folder (R115, R116)", set_folder, 1, VISIBLE, OWN, OKAPI_EACCESS},
    {"okapi_object_unset of a folder (R115, R116)", unset_folder, 1, VISIBLE, OWN,
     OKAPI_EACCESS},
    {"okapi_permission_list (R177, R179)", list_permissions, 1, 0, SEEN, OKAPI_ENOTFOUND},
    {"okapi_permission_modify (R180, R181)", modify_permissions, 1, VISIBLE, OWN, OKAPI_EACCESS},
    {"okapi_table_contents: a foreign message (R143, R144)", list_foreign, 1, VISIBLE, READ,
     OKAPI_EACCESS},
    {"okapi_table_contents: an own message", list_own, 1, VISIBLE, READ | OKAPI__RIGHTS_OWN,
     OKAPI_EACCESS},
    {"okapi_message_open: a foreign one (R143, R144)", open_foreign, 0, VISIBLE, READ,
     OKAPI_EACCESS},
    {"okapi_message_open: by its id alone", open_foreign_anywhere, 0, VISIBLE, READ,
     OKAPI_EACCESS},
    {"okapi_message_open: an own one", open_own, 0, VISIBLE, VISIBLE, OKAPI_EACCESS},
    {"okapi_message_create (R140, R141)", create_message, 0, VISIBLE, OKAPI_RIGHT_CREATE,
     OKAPI_EACCESS},
    {"okapi_message_create: associated", create_associated, 0, VISIBLE | OKAPI_RIGHT_CREATE, OWN,
     OKAPI_EACCESS},
    {"okapi_message_save: a foreign one (R124, R125)", change_foreign, 0, VISIBLE | READ, EDIT,
     OKAPI_EACCESS},
    {"okapi_message_save: an own one (R131, R132)", change_own, 0, VISIBLE,
     EDIT | OKAPI_RIGHT_EDIT_OWNED, OKAPI_EACCESS},
    {"okapi_attachment_create", attach_to_foreign, 0, VISIBLE | READ, EDIT, OKAPI_EACCESS},
    {"okapi_message_add_recipient", add_recipient_to_foreign, 0, VISIBLE | READ, EDIT,
     OKAPI_EACCESS},
    {"okapi_folder_set_read: a foreign message", mark_foreign, 1, VISIBLE, EDIT, OKAPI_EACCESS},
    {"okapi_folder_set_read: an own message", mark_own, 1, VISIBLE,
     EDIT | OKAPI_RIGHT_EDIT_OWNED, OKAPI_EACCESS},
    {"okapi_messages_copy: a foreign message", copy_foreign, 1, VISIBLE, READ, OKAPI_EACCESS},
    {"okapi_messages_move: a foreign message", move_foreign, 1, VISIBLE | READ, REMOVE,
     OKAPI_EACCESS},
    {"okapi_messages_delete: a foreign message (R121, R122)", delete_foreign, 1, VISIBLE, REMOVE,
     OKAPI_EACCESS},
    {"okapi_messages_delete: an own message (R127, R128)", delete_own, 1, VISIBLE,
     REMOVE | OKAPI_RIGHT_DELETE_OWNED, OKAPI_EACCESS},
    {"okapi_folder_delete", delete_folder, 1, VISIBLE, OWN, OKAPI_EACCESS},
};

static apr_status_t expected(const call_t *call, role_e role, apr_uint32_t rights)
{
    if (role == WITHOUT) {
        rights = 0;
    }
    if (role == OWNER || role == ADMIN || (rights & call->one_of)) {
        return APR_SUCCESS;
    }
    if (call->attempt == name_property) {
        return call->refused;
    }
    return rights & SEEN ? call->refused : OKAPI_ENOTFOUND;
}

static void try_call(world_t *w, const call_t *call, apr_uint32_t right)
{
    int good = 1;
    for (int role = OWNER; role < ROLES; role++) {
        apr_pool_t *pool;
        apr_pool_create(&pool, w->pool);
        attempt_t a = {w, role, w->stores[role], NULL, pool};
        /* Nobody who isn't known has something of their own. */
        int no_own =
            role == ANONYMOUS && (call->attempt == see_change_of_own || call->attempt == list_own ||
                                  call->attempt == open_own || call->attempt == change_own ||
                                  call->attempt == mark_own || call->attempt == delete_own);
        apr_status_t want = expected(call, role, call->base | right), got = APR_SUCCESS;
        if (call->in_folder) {
            got = okapi_folder_open(&a.folder, a.store, w->folder_id, pool, pool);
        }
        if (got == APR_SUCCESS) {
            got = call->attempt(&a);
        }
        if (got != want && !no_own) {
            char buffer[200];
            good = 0;
            diag("%s: %s", role_names[role], okapi_strerror(got, buffer, sizeof(buffer)));
        }
        apr_pool_destroy(pool);
    }
    ok(good, "%s with 0x%03x", call->name, call->base | right);
}

static void try_all(world_t *w)
{
    for (apr_size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        for (apr_uint32_t right = 0; right <= OKAPI_RIGHT_FREEBUSY_DETAILED;
             right = right ? right << 1 : 1) {
            grant(w, calls[i].base | right);
            try_call(w, &calls[i], right);
        }
    }
}

/* ---- the list ---- */

static const okapi_permission_t *entry_of(okapi_folder_t *folder, apr_int64_t member_id, int flags,
                                          apr_pool_t *pool)
{
    apr_array_header_t *entries;
    mailbox_must(okapi_permission_list(&entries, folder, flags, pool, pool), "list");
    for (int i = 0; i < entries->nelts; i++) {
        const okapi_permission_t *entry = &APR_ARRAY_IDX(entries, i, okapi_permission_t);
        if (entry->member_id == member_id) {
            return entry;
        }
    }
    return NULL;
}

static void modify(okapi_folder_t *folder, okapi_permission_e what, const char *name,
                   apr_int64_t member_id, apr_uint32_t rights, int flags, apr_pool_t *pool)
{
    const okapi_permission_change_t change = {what, name, member_id, rights};
    is_int(okapi_permission_modify(folder, &change, 1, flags, pool), APR_SUCCESS, "%s 0x%x",
           what == OKAPI_PERMISSION_ADD      ? "add"
           : what == OKAPI_PERMISSION_MODIFY ? "modify"
                                             : "remove",
           rights);
}

static void listing(world_t *w)
{
    apr_pool_t *pool = w->pool;
    apr_array_header_t *entries;
    okapi_id_t id;
    okapi_folder_t *folder;
    okapi_user_t *mary;
    okapi_group_t *outer;
    okapi_user_by_login(&mary, w->mailbox.okapi, "mary", pool, pool);
    okapi_group_by_name(&outer, w->mailbox.okapi, "outer", pool, pool);
    mailbox_must(okapi_folder_create(&id, w->mailbox.inbox, "List", NULL, pool), "folder");
    mailbox_must(okapi_folder_open(&folder, w->mailbox.store, id, pool, pool), "folder");

    is_int(okapi_permission_list(&entries, folder, 0, pool, pool), APR_SUCCESS, "a new folder");
    is_int(entries->nelts, 2, "has the two reserved entries");
    const okapi_permission_t *first = &APR_ARRAY_IDX(entries, 0, okapi_permission_t);
    is_int(first[0].member_id, 0, "the default one (R190)");
    is_str(first[0].display_name, "", "without a name (R1080)");
    is_int(first[1].member_id, -1, "the anonymous one (R189)");
    is_str(first[1].display_name, "Anonymous", "with this name (R1079)");

    modify(folder, OKAPI_PERMISSION_ADD, "Mary", 0, VISIBLE | READ, 0, pool);
    modify(folder, OKAPI_PERMISSION_ADD, "outer", 0, VISIBLE, 0, pool);
    const okapi_permission_t *entry = entry_of(folder, mary->id, 0, pool);
    ok(entry && entry->rights == (VISIBLE | READ), "AddRow (R47, R51)");
    is_str(entry ? entry->name : NULL, "mary", "by name");
    entry = entry_of(folder, outer->id, 0, pool);
    ok(entry && entry->is_group, "groups too");
    modify(folder, OKAPI_PERMISSION_MODIFY, NULL, mary->id, VISIBLE | 0xFFFF0000, 0, pool);
    entry = entry_of(folder, mary->id, 0, pool);
    ok(entry && entry->rights == VISIBLE, "ModifyRow (R1187, R52), and no other flags (R1093)");
    modify(folder, OKAPI_PERMISSION_MODIFY, NULL, w->folder_id, VISIBLE, 0, pool);
    modify(folder, OKAPI_PERMISSION_REMOVE, NULL, w->folder_id, 0, 0, pool);
    okapi_permission_list(&entries, folder, 0, pool, pool);
    is_int(entries->nelts, 4, "who isn't in the list is passed over (R1175)");
    modify(folder, OKAPI_PERMISSION_REMOVE, NULL, mary->id, 0, 0, pool);
    ok(!entry_of(folder, mary->id, 0, pool), "RemoveRow (R1188, R186)");
    modify(folder, OKAPI_PERMISSION_MODIFY, NULL, OKAPI_MEMBER_DEFAULT, VISIBLE, 0, pool);
    modify(folder, OKAPI_PERMISSION_ADD, "mary", 0, READ, OKAPI_PERMISSIONS_REPLACE, pool);
    ok(!entry_of(folder, outer->id, 0, pool), "ReplaceRows: the others go");
    is_int(entry_of(folder, 0, 0, pool)->rights, VISIBLE, "but the default entry (R1197)");
    const okapi_permission_change_t wrong = {OKAPI_PERMISSION_REMOVE, NULL, mary->id, 0};
    is_int(okapi_permission_modify(folder, &wrong, 1, OKAPI_PERMISSIONS_REPLACE, pool),
           OKAPI_EINVAL, "and entries can only be added (R45)");
    ok(entry_of(folder, mary->id, 0, pool) != NULL, "nothing happened");
    const okapi_permission_change_t nobody[] = {{OKAPI_PERMISSION_REMOVE, NULL, mary->id, 0},
                                                {OKAPI_PERMISSION_ADD, "nobody", 0, READ}};
    is_int(okapi_permission_modify(folder, nobody, 2, 0, pool), OKAPI_EUNKNOWNUSER, "nobody");
    ok(entry_of(folder, mary->id, 0, pool) != NULL, "all or nothing");
}

static void free_busy(world_t *w)
{
    enum { SIMPLE = OKAPI_RIGHT_FREEBUSY_SIMPLE, DETAILED = OKAPI_RIGHT_FREEBUSY_DETAILED };
    apr_pool_t *pool = w->pool;
    okapi_store_t *store = w->mailbox.store;
    okapi_user_t *mary;
    okapi_folder_t *calendar;
    okapi_user_by_login(&mary, w->mailbox.okapi, "mary", pool, pool);
    mailbox_must(okapi_folder_open(&calendar, store, okapi_store_special(store,
                                                                         OKAPI_FOLDER_CALENDAR),
                                   pool, pool),
                 "calendar");
    is_int(entry_of(calendar, 0, OKAPI_PERMISSIONS_FREEBUSY, pool)->rights, SIMPLE,
           "everybody sees when somebody is busy (R1182)");
    is_int(entry_of(calendar, 0, 0, pool)->rights, 0, "not listed without the flag (R3001)");
    modify(calendar, OKAPI_PERMISSION_ADD, "mary", 0, VISIBLE | READ | DETAILED, 0, pool);
    is_int(entry_of(calendar, mary->id, OKAPI_PERMISSIONS_FREEBUSY, pool)->rights,
           VISIBLE | READ | SIMPLE | DETAILED, "who reads it knows with what");
    modify(calendar, OKAPI_PERMISSION_MODIFY, NULL, mary->id, VISIBLE, 0, pool);
    is_int(entry_of(calendar, mary->id, OKAPI_PERMISSIONS_FREEBUSY, pool)->rights, VISIBLE | SIMPLE,
           "and who doesn't, doesn't");
    modify(calendar, OKAPI_PERMISSION_MODIFY, NULL, mary->id, VISIBLE | DETAILED,
           OKAPI_PERMISSIONS_FREEBUSY, pool);
    is_int(entry_of(calendar, mary->id, OKAPI_PERMISSIONS_FREEBUSY, pool)->rights,
           VISIBLE | DETAILED, "IncludeFreeBusy sets them (R40)");
    modify(calendar, OKAPI_PERMISSION_MODIFY, NULL, mary->id, VISIBLE | READ, 0, pool);
    is_int(entry_of(calendar, mary->id, OKAPI_PERMISSIONS_FREEBUSY, pool)->rights,
           VISIBLE | READ | DETAILED, "for good");
}

static void inheritance(world_t *w)
{
    apr_pool_t *pool = w->pool;
    okapi_folder_t *hers, *folder;
    okapi_id_t id;
    okapi_user_t *mary;
    grant(w, VISIBLE | READ | OKAPI_RIGHT_CREATE_SUBFOLDER);
    okapi_user_by_login(&mary, w->mailbox.okapi, "mary", pool, pool);
    mailbox_must(okapi_folder_open(&hers, w->stores[NAMED], w->folder_id, pool, pool), "folder");
    mailbox_must(okapi_folder_create(&id, hers, "of mary's", NULL, pool), "subfolder");
    mailbox_must(okapi_folder_open(&folder, w->stores[GROUPED], id, pool, pool), "by a group");
    is_int(okapi_folder_rights(folder), VISIBLE | READ | OKAPI_RIGHT_CREATE_SUBFOLDER,
           "a new folder is for the same people");
    mailbox_must(okapi_folder_open(&folder, w->stores[NAMED], id, pool, pool), "her own");
    is_int(okapi_folder_rights(folder), OKAPI_RIGHT_ALL | OKAPI_RIGHT_CONTACT,
           "and belongs to who made it");
    is_int(okapi_folder_open(&folder, w->stores[WITHOUT], id, pool, pool), OKAPI_ENOTFOUND,
           "who was kept out still is");
}

static void sequence(world_t *w)
{
    okapi_cn_t before, upto;
    apr_array_header_t *changes;
    okapi_store_cn(w->mailbox.store, &before, w->pool);
    grant(w, VISIBLE);
    okapi_changes(&changes, &upto, w->mailbox.store, 0, before, 10, w->pool, w->pool);
    is_int(changes->nelts, 1, "a change of permissions is one change");
    is_int(APR_ARRAY_IDX(changes, 0, okapi_change_t).id, w->folder_id, "of the folder");
}

static void forgetting(world_t *w)
{
    apr_pool_t *pool = w->pool;
    apr_array_header_t *entries;
    mailbox_must(okapi_user_delete(w->mailbox.okapi, "mary", pool), "mary");
    mailbox_must(okapi_group_delete(w->mailbox.okapi, "outer", pool), "outer");
    okapi_permission_list(&entries, w->folder, 0, pool, pool);
    is_int(entries->nelts, 3, "who is deleted is in no list");
    is_str(APR_ARRAY_IDX(entries, 1, okapi_permission_t).name, "judas", "others are");
}

int main(void)
{
    world_t w = {.n = 0};
    create_world(&w);
    try_all(&w);
    listing(&w);
    free_busy(&w);
    inheritance(&w);
    sequence(&w);
    forgetting(&w);
    return done_testing();
}
