/* store.c - mailboxes: the default folders, receive folders, properties. */
#include <okapi/entryid.h>

#include "cn.h"
#include "mailbox.h"

static okapi_propval_t get(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value;
    mailbox_must(okapi_object_get(object, &tag, 1, 0, &value, pool, pool), "get");
    return value;
}

static int is_absent(const okapi_propval_t *value)
{
    return OKAPI_PROP_TYPE(value->tag) == PT_ERROR && value->v.error == 0x8004010F;
}

static void check_special(mailbox_t *mailbox, okapi_special_e which, okapi_special_e parent,
                          const char *name, const char *container_class)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_id_t id = okapi_store_special(mailbox->store, which);
    okapi_folder_t *folder;
    if (!is_int(okapi_folder_open(&folder, mailbox->store, id, pool, pool), APR_SUCCESS, "%s",
                name)) {
        return;
    }
    is_str(okapi_folder_name(folder), name, "%s: name", name);
    is_str(okapi_folder_class(folder), container_class, "%s: class", name);
    is_int(okapi_folder_parent_id(folder), okapi_store_special(mailbox->store, parent),
           "%s: parent", name);
    okapi_propval_t type = get(okapi_folder_object(folder), PR_FOLDER_TYPE, pool);
    is_int(type.v.i32,
           which == OKAPI_FOLDER_ROOT                                      ? 0
           : which == OKAPI_FOLDER_REMINDERS || which == OKAPI_FOLDER_TODO ? 2
                                                                           : 1,
           "%s: type", name);
}

static void default_folders(mailbox_t *mailbox)
{
#define OKAPI_SPECIAL(symbol, number, parent, name, container_class, entryid_tag)                  \
    check_special(mailbox, symbol, parent, name, container_class);
#include <okapi/special_folders.def>
#undef OKAPI_SPECIAL
    is_int(okapi_store_special(mailbox->store, OKAPI_FOLDER_NONE), 0, "none is none");
    is_int(okapi_store_special(mailbox->store, OKAPI_FOLDER__LAST), 0, "nor what isn't");
}

/* The entry id in V means the folder WHICH. */
static void check_entryid(mailbox_t *mailbox, okapi_binary_t entryid, okapi_special_e which,
                          const char *what)
{
    okapi_id_t folder = 0, message = 0;
    is_int(okapi_entryid_parse(entryid, okapi_store_guid(mailbox->store), &folder, &message),
           APR_SUCCESS, "%s: an entry id", what);
    is_int(folder, okapi_store_special(mailbox->store, which), "%s: the right one", what);
    is_int(message, 0, "%s: of a folder", what);
}

static void entryids_on(mailbox_t *mailbox, okapi_object_t *object, const char *where)
{
    apr_pool_t *pool = mailbox->pool;
    static const struct {
        okapi_proptag_t tag;
        okapi_special_e which;
    } entryids[] = {{PR_IPM_APPOINTMENT_ENTRYID, OKAPI_FOLDER_CALENDAR},
                    {PR_IPM_CONTACT_ENTRYID, OKAPI_FOLDER_CONTACTS},
                    {PR_IPM_JOURNAL_ENTRYID, OKAPI_FOLDER_JOURNAL},
                    {PR_IPM_NOTE_ENTRYID, OKAPI_FOLDER_NOTES},
                    {PR_IPM_TASK_ENTRYID, OKAPI_FOLDER_TASKS},
                    {PR_IPM_DRAFTS_ENTRYID, OKAPI_FOLDER_DRAFTS},
                    {PR_REM_ONLINE_ENTRYID, OKAPI_FOLDER_REMINDERS}};
    for (int i = 0; i < (int)(sizeof(entryids) / sizeof(entryids[0])); i++) {
        okapi_propval_t v = get(object, entryids[i].tag, pool);
        check_entryid(mailbox, v.v.bin, entryids[i].which, where);
    }
    okapi_propval_t ren = get(object, PR_ADDITIONAL_REN_ENTRYIDS, pool);
    is_int(ren.v.mv.count, 5, "%s: five additional folders", where);
    check_entryid(mailbox, ren.v.mv.v.bin[0], OKAPI_FOLDER_CONFLICTS, where);
    check_entryid(mailbox, ren.v.mv.v.bin[4], OKAPI_FOLDER_JUNK, where);
    okapi_propval_t freebusy = get(object, PR_FREEBUSY_ENTRYIDS, pool);
    is_int(freebusy.v.mv.count, 4, "%s: four of free/busy", where);
    check_entryid(mailbox, freebusy.v.mv.v.bin[3], OKAPI_FOLDER_FREEBUSY, where);
}

/* MS-OXOSFLD 2.2.5: blocks of a PersistID, its size and one element with an entry id. */
static void persist_data(mailbox_t *mailbox)
{
    static const struct {
        apr_uint16_t id;
        okapi_special_e which;
    } blocks[] = {{0x8001, OKAPI_FOLDER_RSS},
                  {0x8004, OKAPI_FOLDER_TODO},
                  {0x8006, OKAPI_FOLDER_CONVERSATION_ACTIONS},
                  {0x8008, OKAPI_FOLDER_SUGGESTED_CONTACTS}};
    okapi_propval_t v =
        get(okapi_folder_object(mailbox->inbox), PR_ADDITIONAL_REN_ENTRYIDS_EX, mailbox->pool);
    okapi_reader_t r;
    okapi_reader_init(&r, v.v.bin.data, v.v.bin.len);
    for (int i = 0; i < 4; i++) {
        is_int(okapi_read_u16(&r), blocks[i].id, "PersistID");
        is_int(okapi_read_u16(&r), 50, "DataElementsSize");
        is_int(okapi_read_u16(&r), 1, "ElementID RSF_ELID_ENTRYID");
        is_int(okapi_read_u16(&r), 46, "ElementDataSize");
        okapi_binary_t id = {okapi_read_bytes(&r, 46), 46};
        check_entryid(mailbox, id, blocks[i].which, "element");
    }
    is_int(okapi_read_u32(&r), 0, "PERSIST_SENTINEL");
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "and nothing more");
}

static void check_receive(mailbox_t *mailbox, const char *message_class, const char *matched,
                          okapi_special_e which)
{
    okapi_id_t id = 0;
    const char *class_of_entry = NULL;
    apr_status_t rv = okapi_store_receive_folder(mailbox->store, message_class, &id,
                                                 &class_of_entry, mailbox->pool, mailbox->pool);
    is_int(rv, matched ? APR_SUCCESS : OKAPI_EINVAL, "receive folder of \"%s\"", message_class);
    if (matched) {
        is_str(class_of_entry, matched, "\"%s\" is of \"%s\"", message_class, matched);
        is_int(id, okapi_store_special(mailbox->store, which), "the folder");
    }
}

static void receive_folders(mailbox_t *mailbox)
{
    apr_array_header_t *entries;
    check_receive(mailbox, "", "", OKAPI_FOLDER_INBOX);
    check_receive(mailbox, "IPM", "IPM", OKAPI_FOLDER_INBOX);
    check_receive(mailbox, "IPM.MY.Class", "IPM", OKAPI_FOLDER_INBOX);
    check_receive(mailbox, "ipm.note.SMIME", "IPM.Note", OKAPI_FOLDER_INBOX);
    check_receive(mailbox, "IPM.Notebook", "IPM", OKAPI_FOLDER_INBOX);
    check_receive(mailbox, "Report.IPM.Note.NDR", "Report.IPM", OKAPI_FOLDER_INBOX);
    check_receive(mailbox, "IPC.Paper", "IPC", OKAPI_FOLDER_ROOT);
    check_receive(mailbox, "MY.Class", "", OKAPI_FOLDER_INBOX);
    check_receive(mailbox, ".IPM", NULL, 0);
    check_receive(mailbox, "IPM.", NULL, 0);
    check_receive(mailbox, "IPM..Note", NULL, 0);
    check_receive(mailbox, "IPM.N\xc3\xb6te", NULL, 0);
    okapi_store_receive_folders(mailbox->store, &entries, mailbox->pool, mailbox->pool);
    is_int(entries->nelts, 5, "five entries");
}

static void properties(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_object_t *store = okapi_store_object(mailbox->store);
    okapi_propval_t v = get(store, PR_MAILBOX_OWNER_NAME, pool);
    is_str(v.v.str, "John Doe", "the owner's name");
    v = get(store, PR_RECORD_KEY, pool);
    is_mem(v.v.bin.data, v.v.bin.len, okapi_store_guid(mailbox->store)->bytes, 16, "record key");
    v = get(store, PR_IPM_SUBTREE_ENTRYID, pool);
    check_entryid(mailbox, v.v.bin, OKAPI_FOLDER_IPM_SUBTREE, "IPM subtree");
    v = get(store, PR_IPM_WASTEBASKET_ENTRYID, pool);
    check_entryid(mailbox, v.v.bin, OKAPI_FOLDER_DELETED, "deleted items");
    v = get(store, PR_MAX_SUBMIT_MESSAGE_SIZE, pool);
    is_int(v.v.i32, 100 * 1024, "the largest message, in kilobytes");
    v = get(store, PR_CONTENT_COUNT, pool);
    is_int(v.v.i32, 0, "no messages");
    v = get(store, PR_PROHIBIT_SEND_QUOTA, pool);
    ok(is_absent(&v), "no quota");
    v = get(store, PR_DISPLAY_NAME, pool);
    is_str(v.v.str, "Mailbox - John Doe", "display name");

    okapi_propval_t values[] = {okapi_propval_str(PR_COMMENT, "mine"),
                                okapi_propval_str(PR_DISPLAY_NAME, "Private"),
                                okapi_propval_i32(PR_STORE_STATE, 99)};
    okapi_proptag_t comment = PR_COMMENT;
    is_int(okapi_object_set(store, values, 3, pool), APR_SUCCESS, "set");
    mailbox_t again = {.config = mailbox->config};
    mailbox_open(&again, pool);
    store = okapi_store_object(again.store);
    v = get(store, PR_COMMENT, pool);
    is_str(v.v.str, "mine", "a stored property");
    v = get(store, PR_DISPLAY_NAME, pool);
    is_str(v.v.str, "Private", "stored in place of the default");
    v = get(store, PR_STORE_STATE, pool);
    is_int(v.v.i32, 0, "a computed one can't be set");
    is_int(okapi_object_unset(store, &comment, 1, pool), APR_SUCCESS, "unset");
    v = get(store, PR_COMMENT, pool);
    ok(is_absent(&v), "it is gone");
}

static void strangers(mailbox_t *mailbox)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_user_t mary = {.name = "mary", .email = "mary@example.org", .fullname = ""}, *actor;
    okapi_store_t *store;
    okapi_propval_t comment = okapi_propval_str(PR_COMMENT, "hers");
    mailbox_must(okapi_user_add(mailbox->okapi, &mary, NULL, pool), "mary");
    mailbox_must(okapi_user_by_login(&actor, mailbox->okapi, "mary", pool, pool), "mary");
    is_int(okapi_store_open(&store, mailbox->okapi, actor, mailbox->user, pool, pool), APR_SUCCESS,
           "anyone known may open a store");
    is_int(okapi_object_set(okapi_store_object(store), &comment, 1, pool), OKAPI_EACCESS,
           "but not change it");
}

static void change_number(mailbox_t *mailbox)
{
    okapi_cn_t cn = 0, by_id = 0;
    is_int(okapi_store_cn(mailbox->store, &cn, mailbox->pool), APR_SUCCESS, "the change number");
    is_int(cn, OKAPI_FOLDER__LAST - 1, "is that of the last folder");
    is_int(
        okapi_store_cn_by_id(mailbox->okapi, okapi_store_id(mailbox->store), &by_id, mailbox->pool),
        APR_SUCCESS, "by id");
    is_int(by_id, cn, "it is the same");
    is_int(okapi_store_cn_by_id(mailbox->okapi, 999999999, &by_id, mailbox->pool), OKAPI_ENOTFOUND,
           "of no store");
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    change_number(&mailbox);
    default_folders(&mailbox);
    entryids_on(&mailbox, okapi_folder_object(mailbox.inbox), "inbox");
    entryids_on(&mailbox, okapi_store_object(mailbox.store), "store");
    persist_data(&mailbox);
    receive_folders(&mailbox);
    properties(&mailbox);
    strangers(&mailbox);
    return done_testing();
}
