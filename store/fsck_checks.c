/* fsck_checks.c - the table of checks: what FORMAT.md promises, how it is seen that it isn't so,
 * and what to do about it. Their order is that of repairing: counts come last. */
#include <string.h>

#include "fsck_private.h"
#include "message_private.h"
#include "text.h"

#define OLD_MARK (APR_INT64_C(24) * 60 * 60 * 10000000) /* a day */

/* ---- what SQL can't decide ---- */

static int key_is_wrong(const okapi__damage_t *d, apr_pool_t *scratch_pool)
{
    return strcmp(okapi__text_fold(d->s, 255, scratch_pool), d->t) != 0;
}

static int props_are_damaged(const okapi__damage_t *d, apr_pool_t *scratch_pool)
{
    okapi_props_t *props;
    return okapi__props_of_column(&props, d->bytes, scratch_pool) != APR_SUCCESS;
}

/* `b` is the store's kind. */
static int is_known_special(const okapi__damage_t *d, apr_pool_t *scratch_pool)
{
    const okapi__special_t *special;
    if (d->b != OKAPI__STORE_PUBLIC) {
        return okapi__special((int)d->a) != NULL;
    }
    for (int i = 0; (special = okapi__public_special(i)); i++) {
        if ((int)special->which == d->a) {
            return 1;
        }
    }
    return 0;
}

/* A mark is of use for an hour; nobody waits for a day. */
static int mark_is_old(const okapi__damage_t *d, apr_pool_t *scratch_pool)
{
    return d->key < okapi_time_now() - OLD_MARK;
}

/* ---- the table ---- */

const okapi__check_t okapi__checks[] = {
    {.name = "ids", .what = "no id is given twice", .stmt = STMT_FSCK_IDS,
     .sentence = "the next id is %a, but higher ones are in use",
     .remedy = "it goes on far above all of them", .repairs = {{STMT_FSCK_IDS_SET, "b"}}},

    {.name = "ids.twice", .what = "no two objects share an id", .stmt = STMT_FSCK_ID_TWICE, .ranges = 8,
     .sentence = "%a objects have the id %k"},
    {.name = "commit.mark", .what = "marks of commits go away", .stmt = STMT_FSCK_MARK,
     .is_damaged = mark_is_old, .sentence = "a mark of a commit is left from long ago",
     .remedy = "it is gone", .repairs = {{STMT_FSCK_MARK_DROP, "ka"}}},

    {.name = "address.user", .what = "addresses belong to somebody", .stmt = STMT_FSCK_ADDRESS,
     .columns = DAMAGE_TEXTS, .sentence = "the address %s belongs to nobody",
     .remedy = "it is free again", .repairs = {{STMT_FSCK_ADDRESS_DROP, "k"}}},
    {.name = "user.address", .what = "users have their addresses", .stmt = STMT_FSCK_USER_ADDRESS,
     .columns = DAMAGE_TEXTS, .sentence = "mail for %t doesn't get to the user %s",
     .remedy = "it does", .repair = okapi__repair_address},
    {.name = "user.mailbox", .what = "users have mailboxes", .stmt = STMT_FSCK_MAILBOX,
     .columns = DAMAGE_TEXTS, .sentence = "the user %s has no mailbox",
     .remedy = "delete the user and add it again, or restore the mailbox"},
    {.name = "store.owner", .what = "mailboxes have owners", .stmt = STMT_FSCK_STORE_OWNER,
     .columns = DAMAGE_TEXTS, .sentence = "the mailbox of %s has an owner that doesn't exist",
     .remedy = "add a user of this name to get at it"},
    {.name = "store.rows", .what = "what is of mailboxes has one", .stmt = STMT_FSCK_STORE_ROWS,
     .ranges = 5, .sentence = "%a rows are of mailbox %k, which doesn't exist",
     .remedy = "they are gone",
     .repairs = {{STMT_PURGE_NAMED, "k"}, {STMT_PURGE_RECEIVE, "k"}, {STMT_PURGE_CN, "k"},
                 {STMT_PER_USER_GONE, "k"}, {STMT_DELIVERED_GONE, "k"}}},
    {.name = "store.properties", .what = "properties of mailboxes are readable",
     .stmt = STMT_FSCK_STORE_PROPS, .columns = DAMAGE_BYTES, .is_damaged = props_are_damaged,
     .sentence = "the properties of the mailbox are damaged", .remedy = "it has none any more",
     .repairs = {{STMT_FSCK_STORE_PROPS_DROP, "k"}}},
    {.name = "group.member", .what = "groups have members that exist",
     .stmt = STMT_FSCK_GROUP_MEMBER, .sentence = "group %k has a member %a that doesn't exist",
     .remedy = "it has no longer", .repairs = {{STMT_FSCK_GROUP_MEMBER_DROP, "ka"}}},
    {.name = "store.delegate", .what = "delegates exist", .stmt = STMT_FSCK_DELEGATE,
     .sentence = "user %a, who doesn't exist, is a delegate", .remedy = "nobody is any longer",
     .repairs = {{STMT_FSCK_DELEGATE_DROP, "ka"}}},
    {.name = "store.oof", .what = "who is out of office has a mailbox", .stmt = STMT_FSCK_OOF,
     .sentence = "mailbox %k, which doesn't exist, has somebody out of office",
     .remedy = "it has no longer", .repairs = {{STMT_OOF_GONE, "k"}}},
    {.name = "store.told", .what = "who was told of it was told by a mailbox",
     .stmt = STMT_FSCK_OOF_SENT,
     .sentence = "somebody was told so by mailbox %k, which doesn't exist",
     .remedy = "nobody was", .repairs = {{STMT_OOF_SENT_CLEAR, "k"}}},
    {.name = "queue.store", .what = "what waits to be sent is in a mailbox",
     .stmt = STMT_FSCK_QUEUE,
     .sentence = "entry %k of the queue is for mailbox %a, which doesn't exist",
     .remedy = "it isn't sent",
     .repairs = {{STMT_QUEUE_REMOVE_RECIPIENTS, "k"}, {STMT_QUEUE_REMOVE, "k"}}},
    {.name = "queue.recipient", .what = "recipients are those of something",
     .stmt = STMT_FSCK_QUEUE_RECIPIENT,
     .sentence = "entry %k of the queue has recipients, but isn't there",
     .remedy = "they are removed", .repairs = {{STMT_QUEUE_REMOVE_RECIPIENTS, "k"}}},
    {.name = "store.sequence", .what = "mailboxes have a change sequence",
     .stmt = STMT_FSCK_SEQUENCE, .sentence = "mailbox %k has no change sequence",
     .remedy = "it has one that goes on above all numbers in use",
     .repairs = {{STMT_FSCK_SEQUENCE_ADD, "k"}}},
    {.name = "sequence.behind", .what = "no change number is given twice",
     .stmt = STMT_FSCK_BEHIND, .ranges = 5,
     .sentence = "mailbox %k is at change %a, but higher ones are in use",
     .remedy = "it goes on far above all of them", .repairs = {{STMT_FSCK_BEHIND_SET, "bk"}}},
    {.name = "sequence.floor", .what = "nothing is forgotten before it has happened",
     .stmt = STMT_FSCK_FLOOR,
     .sentence = "what is gone is told of from change %a on, but only %b has been reached",
     .remedy = "it is told of from there on", .repairs = {{STMT_FSCK_FLOOR_SET, "k"}}},
    {.name = "store.names", .what = "named properties are numbered without gaps",
     .stmt = STMT_FSCK_NAMES, .sentence = "of %b named properties there are %a",
     .remedy = "values of the others can't be named; restore the mailbox"},
    {.name = "store.name", .what = "named properties have a name or a number",
     .stmt = STMT_FSCK_NAME_KIND, .sentence = "named property %a is of kind %b, but isn't",
     .remedy = "restore the mailbox"},

    {.name = "folder.root", .what = "mailboxes have a root", .stmt = STMT_FSCK_ROOT,
     .sentence = "the root %a isn't there", .remedy = "restore the mailbox"},
    {.name = "folder.twins", .what = "special folders are there once", .stmt = STMT_FSCK_SPECIAL,
     .flags = CHECK_NUMBERED, .sentence = "there are %c special folders of number %a",
     .remedy = "the younger ones are folders like others",
     .repairs = {{STMT_FSCK_SPECIAL_CLEAR, "nnb"}}},
    {.name = "folder.special", .what = "special folders are there", .stmt = STMT_FSCK_SPECIAL_GONE,
     .is_damaged = is_known_special, .flags = CHECK_NUMBERED | CHECK_ONE,
     .sentence = "the special folder of number %a isn't there",
     .remedy = "the deleted one is back", .repair = okapi__repair_special},
    {.name = "folder.tree", .what = "folders are below their root", .stmt = STMT_FSCK_TREE,
     .ranges = 2, .columns = DAMAGE_TEXTS, .flags = CHECK_NUMBERED | CHECK_ONE,
     .sentence = "folder %a, \"%s\", is in no other", .remedy = "it is at the top of the mailbox",
     .repair = okapi__repair_tree},
    {.name = "folder.time", .what = "only deleted folders have been deleted",
     .stmt = STMT_FSCK_FOLDER_TIME, .sentence = "folder %k exists, but was deleted once",
     .remedy = "it wasn't", .repairs = {{STMT_FSCK_FOLDER_TIME_SET, "k"}}},
    {.name = "folder.numbers", .what = "folders changed when they last changed",
     .stmt = STMT_FSCK_FOLDER_NUMBERS, .flags = CHECK_NUMBERED,
     .sentence = "folder %k changed at %b and %c, but not after %a",
     .remedy = "it changes now", .repairs = {{STMT_FSCK_FOLDER_NUMBER_SET, "nnnk"}}},
    {.name = "folder.key", .what = "folders are found by their names",
     .stmt = STMT_FSCK_FOLDER_KEY, .columns = DAMAGE_TEXTS, .is_damaged = key_is_wrong,
     .flags = CHECK_NUMBERED, .sentence = "folder %k, \"%s\", is not found by its name",
     .remedy = "it is", .repair = okapi__repair_key},
    {.name = "folder.properties", .what = "properties of folders are readable",
     .stmt = STMT_FSCK_FOLDER_PROPS, .columns = DAMAGE_BYTES, .is_damaged = props_are_damaged,
     .flags = CHECK_NUMBERED, .sentence = "the properties of folder %k are damaged",
     .remedy = "it has none any more but name and class",
     .repairs = {{STMT_FSCK_FOLDER_PROPS_DROP, "nnk"}}},
    {.name = "folder.stat", .what = "folders have counts", .stmt = STMT_FSCK_STAT,
     .flags = CHECK_NUMBERED, .sentence = "folder %k has no counts", .remedy = "it has",
     .repairs = {{STMT_FSCK_STAT_ADD, "knt"}}},
    {.name = "stat.folder", .what = "counts are of folders", .stmt = STMT_FSCK_STAT_OF,
     .sentence = "there are counts of folder %k, which doesn't exist", .remedy = "they are gone",
     .repairs = {{STMT_PURGE_STAT, "k"}}},
    {.name = "permission.folder", .what = "permissions are of folders",
     .stmt = STMT_FSCK_PERMISSION, .columns = DAMAGE_TEXTS,
     .sentence = "\"%s\" has permissions on folder %k, which doesn't exist",
     .remedy = "they are gone", .repairs = {{STMT_PURGE_PERMISSIONS, "k"}}},
    {.name = "permission.member", .what = "permissions are somebody's", .stmt = STMT_FSCK_MEMBER,
     .columns = DAMAGE_TEXTS, .sentence = "\"%s\", who doesn't exist, has permissions on folder %k",
     .remedy = "nobody has them", .repairs = {{STMT_PERMISSION_REMOVE, "kw"}}},
    {.name = "rule.folder", .what = "rules are of folders", .stmt = STMT_FSCK_RULE,
     .sentence = "%a rules are of folder %k, which doesn't exist", .remedy = "they are gone",
     .repairs = {{STMT_RULE_CLEAR, "k"}}},
    {.name = "rule.properties", .what = "rules are readable", .stmt = STMT_FSCK_RULE_PROPS,
     .columns = DAMAGE_BYTES, .is_damaged = props_are_damaged,
     .sentence = "rule %a of folder %k is damaged", .remedy = "it is gone",
     .repairs = {{STMT_FSCK_RULE_DROP, "ka"}}},
    {.name = "receive.folder", .what = "mail is received by folders", .stmt = STMT_FSCK_RECEIVE,
     .columns = DAMAGE_TEXTS,
     .sentence = "mail of class \"%s\" goes to folder %a, which isn't there",
     .remedy = "it goes where others go", .repairs = {{STMT_DELETE_RECEIVE, "ka"}}},
    {.name = "receive.all", .what = "all mail is received", .stmt = STMT_FSCK_RECEIVE_ALL,
     .sentence = "no folder receives mail of any class", .remedy = "the inbox does",
     .repairs = {{STMT_FSCK_RECEIVE_ADD, "kat"}}},

    {.name = "message.folder", .what = "messages are in folders", .stmt = STMT_FSCK_LOST,
     .flags = CHECK_NUMBERED, .sentence = "message %k is in folder %a, which doesn't exist",
     .remedy = "it is in the inbox, or at the top of public folders", .repair = okapi__repair_lost},
    {.name = "message.store", .what = "messages are in the mailbox of their folder",
     .stmt = STMT_FSCK_STORE, .flags = CHECK_NUMBERED,
     .sentence = "message %k is said to be in mailbox %a", .remedy = "it is in its folder's",
     .repairs = {{STMT_FSCK_STORE_SET, "snnnk"}}},
    {.name = "message.properties", .what = "messages have properties", .stmt = STMT_FSCK_PROPS,
     .columns = DAMAGE_TEXTS, .flags = CHECK_NUMBERED,
     .sentence = "the contents of message %k, \"%s\" from \"%t\", are gone",
     .remedy = "what lists show of it is kept",
     .repairs = {{STMT_FSCK_PROPS_ADD, "k"}, {STMT_FSCK_TOUCH, "nnk"}}},
    {.name = "message.part", .what = "messages are normal, associated or deleted",
     .stmt = STMT_FSCK_PART, .flags = CHECK_NUMBERED, .sentence = "message %k is of part %a",
     .remedy = "it is a normal one", .repairs = {{STMT_FSCK_PART_SET, "nnk"}}},
    {.name = "message.deleted", .what = "deleted messages know when", .stmt = STMT_FSCK_DELETED,
     .sentence = "message %k of part %a was deleted at %b", .remedy = "now, or it wasn't",
     .repairs = {{STMT_FSCK_DELETED_SET, "tk"}}},
    {.name = "message.numbers", .what = "messages changed when they last changed",
     .stmt = STMT_FSCK_NUMBERS, .flags = CHECK_NUMBERED,
     .sentence = "message %k changed at %b and %c, but not after %a", .remedy = "it changes now",
     .repairs = {{STMT_FSCK_NUMBER_SET, "nnnk"}}},
    {.name = "message.flags", .what = "flags of messages are right", .stmt = STMT_FSCK_FLAGS,
     .flags = CHECK_NUMBERED, .sentence = "the flags %a of message %k aren't those of what it is",
     .remedy = "they are", .repairs = {{STMT_FSCK_FLAGS_SET, "nk"}}},
    {.name = "message.public", .what = "public messages are read by each for himself",
     .stmt = STMT_FSCK_PUBLIC_READ, .flags = CHECK_NUMBERED,
     .sentence = "message %k is read for everybody", .remedy = "it is for those who have read it",
     .repairs = {{STMT_FSCK_PUBLIC_READ_SET, "nk"}}},
    {.name = "read.message", .what = "what is read was a message to somebody", .stmt = STMT_FSCK_READ,
     .sentence = "user %b has read message %a in folder %k, but one of them doesn't exist",
     .remedy = "nobody has read nothing", .repairs = {{STMT_FSCK_READ_DROP, "kab"}}},
    {.name = "attachment.message", .what = "attachments are of messages", .stmt = STMT_FSCK_ATTACH,
     .sentence = "attachment %b is of message %k, which doesn't exist", .remedy = "it is gone",
     .repairs = {{STMT_PURGE_BIGPROP, "b"}, {STMT_FSCK_ATTACH_DROP, "ka"}}},
    {.name = "attachment.embedded", .what = "embedded messages are there",
     .stmt = STMT_FSCK_EMBEDDED, .sentence = "the message in attachment %a of message %k is gone",
     .remedy = "the attachment is kept, without it",
     .repairs = {{STMT_FSCK_EMBEDDED_DROP, "ka"}}},
    {.name = "properties.message", .what = "properties are of messages", .stmt = STMT_FSCK_UNOWNED,
     .sentence = "properties %k are of no message", .remedy = "they are gone",
     .repairs = {{STMT_PURGE_BIGPROP, "k"}, {STMT_PURGE_MSG_PROPS, "k"}}},

    {.name = "value.object", .what = "large values are of something", .stmt = STMT_FSCK_VALUE,
     .sentence = "a large value belongs to %k, which doesn't exist", .remedy = "it is gone",
     .repairs = {{STMT_FSCK_VALUE_DROP, "ka"}}},
    {.name = "value.blob", .what = "large values have their bytes", .stmt = STMT_FSCK_VALUE_BLOB,
     .sentence = "the bytes %b of a large value of %k are gone", .remedy = "the value is, too",
     .repairs = {{STMT_FSCK_VALUE_DROP, "ka"}}},
    {.name = "value.size", .what = "large values know their sizes", .stmt = STMT_FSCK_VALUE_SIZE,
     .sentence = "a large value of %k has %c bytes, not %b", .remedy = "it says so",
     .repairs = {{STMT_FSCK_VALUE_SIZE_SET, "cka"}}},
    {.name = "blob.chunks", .what = "blobs are complete", .stmt = STMT_FSCK_CHUNKS,
     .sentence = "blob %k of %a bytes has %b chunks",
     .remedy = "restore the messages that have it"},
    {.name = "chunk.blob", .what = "chunks are of blobs", .stmt = STMT_FSCK_CHUNK_OF,
     .sentence = "%a chunks are of blob %k, which doesn't exist", .remedy = "they are gone",
     .repairs = {{STMT_FSCK_CHUNK_DROP, "k"}}},

    {.name = "tombstone.folder", .what = "what is gone was in a folder",
     .stmt = STMT_FSCK_TOMBSTONE, .sentence = "%a tombstones are in folder %k, which doesn't exist",
     .remedy = "they are gone", .repairs = {{STMT_PURGE_TOMBSTONES, "k"}}},
    {.name = "tombstone.kind", .what = "what is gone was a message or a folder",
     .stmt = STMT_FSCK_TOMBSTONE_KIND, .sentence = "%a, that is gone from folder %k, was of kind %c",
     .remedy = "it is forgotten", .repairs = {{STMT_FSCK_ALIVE_DROP, "kba"}}},
    {.name = "tombstone.message", .what = "messages that are gone are gone",
     .stmt = STMT_FSCK_ALIVE, .flags = CHECK_NUMBERED,
     .sentence = "message %a is in folder %k, but has a tombstone there", .remedy = "it is back",
     .repairs = {{STMT_FSCK_ALIVE_DROP, "kba"}, {STMT_FSCK_NUMBER_SET, "nnna"}}},
    {.name = "tombstone.alive", .what = "folders that are gone are gone",
     .stmt = STMT_FSCK_ALIVE_FOLDER, .flags = CHECK_NUMBERED,
     .sentence = "folder %a exists, but has a tombstone in folder %k", .remedy = "it is back",
     .repairs = {{STMT_FSCK_ALIVE_DROP, "kba"}, {STMT_FSCK_FOLDER_NUMBER_SET, "nnna"}}},
    {.name = "sequence.twice", .what = "every change has a number of its own",
     .stmt = STMT_FSCK_TWICE, .ranges = 4, .flags = CHECK_NUMBERED,
     .sentence = "%b things changed at number %a", .remedy = "one of them changes again",
     .repair = okapi__repair_number},
    {.name = "folder.last", .what = "folders know their last change", .stmt = STMT_FSCK_LAST,
     .sentence = "folder %k says its last change was %a, but it was %b", .remedy = "it says so",
     .repairs = {{STMT_FSCK_LAST_SET, "bk"}}},

    {.name = "folder.counts", .what = "folders count what is in them", .stmt = STMT_FSCK_COUNTS,
     .flags = CHECK_NUMBERED,
     .sentence = "the counts of folder %k are wrong: they say %a messages, there are %b",
     .remedy = "they are counted anew",
     .repairs = {{STMT_FSCK_RECOUNT, "nk"}, {STMT_FSCK_RECOUNT_UID, "kkkkk"}}},
    {.name = "search.folder", .what = "searches are of folders", .stmt = STMT_FSCK_SEARCH,
     .sentence = "there is a search of folder %k, which doesn't exist", .remedy = "it is gone",
     .repairs = {{STMT_FSCK_SEARCH_SWEEP, "k"}, {STMT_SEARCH_DROP, "k"}}},
    {.name = "search.counts", .what = "search folders count what they have found",
     .stmt = STMT_FSCK_FOUND, .flags = CHECK_NUMBERED,
     .sentence = "search folder %k says it has found %a messages, there are %b",
     .remedy = "they are counted anew", .repairs = {{STMT_FSCK_FOUND_RECOUNT, "nk"}}},
    {.name = "store.bytes", .what = "mailboxes know their sizes", .stmt = STMT_FSCK_BYTES,
     .flags = CHECK_NUMBERED, .sentence = "the mailbox has %b bytes, but says %a",
     .remedy = "they are counted anew", .repairs = {{STMT_FSCK_BYTES_SET, "k"}}},
    {0}};
