/* fsck.c - each kind of damage is found, and repaired if it can be. */
#include <okapi/change.h>
#include <okapi/fsck.h>
#include <okapi/message.h>
#include <okapi/transfer.h>

#include "db/private.h"
#include "mailbox.h"
#include "store_private.h"

/* ---- what is told ---- */

typedef struct told_t {
    const char *check; /* the only one that found something; "" several did */
    int n, states[4];
} told_t;

static void found(void *baton, const okapi_fsck_finding_t *finding)
{
    told_t *told = baton;
    told->n++;
    told->states[finding->state]++;
    told->check = told->check && strcmp(told->check, finding->check) != 0 ? "" : finding->check;
}

static told_t run_fsck(mailbox_t *m, int repair, int deep, apr_pool_t *pool)
{
    told_t told = {0};
    okapi_fsck_t fsck = {.repair = repair, .deep = deep, .found = found, .baton = &told};
    is_int(okapi_fsck(m->okapi, &fsck, pool), APR_SUCCESS, "it looks everywhere");
    is_int(fsck.damaged, told.n, "and counts what it tells");
    return told;
}

static void show(void *baton, const okapi_fsck_finding_t *f)
{
    diag("%s: %s: %s (%s)", f->check, f->owner, f->sentence, f->remedy);
}

static int is_clean(mailbox_t *m, const char *when, apr_pool_t *pool)
{
    okapi_fsck_t fsck = {.deep = 1, .found = show};
    apr_status_t rv = okapi_fsck(m->okapi, &fsck, pool);
    return ok(rv == APR_SUCCESS && fsck.damaged == 0, "nothing is wrong %s", when);
}

/* ---- damage ---- */

static apr_status_t run_sql(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__conn_sql(conn, baton) == FAILURE_NONE ? APR_SUCCESS : OKAPI_EDATABASE;
}

static void damage(mailbox_t *m, const char *sql, apr_pool_t *pool)
{
    mailbox_must(okapi__db_write(m->okapi->db, run_sql, (void *)sql, pool), sql);
}

/* What there is to be damaged; ids go into the statements. */
typedef struct things_t {
    okapi_id_t store, folder, child, message, other, associated, embedded, attachment, blob, gone;
    okapi_id_t inbox, drafts, tree, nobody; /* which is no object's */
    okapi_id_t user, news, posted;          /* a public folder, and what is in it */
} things_t;

typedef struct case_t {
    const char *check; /* the one that finds it */
    okapi_fsck_state_e state; /* after a repair */
    const char *sql;   /* {message} and so on are ids; statements are divided by ';' */
} case_t;

static const case_t cases[] = {
    {"ids", OKAPI_FSCK_REPAIRED, "UPDATE id_seq SET next_id = 100"},
    {"address.user", OKAPI_FSCK_REPAIRED,
     "INSERT INTO address(address, user_id, kind) VALUES('lost@example.org', 77777777, 1)"},
    {"commit.mark", OKAPI_FSCK_REPAIRED, "INSERT INTO commit_mark(time, id) VALUES(5, 7)"},
    {"user.address", OKAPI_FSCK_REPAIRED, "DELETE FROM address WHERE user_id = {user} AND kind = 0"},
    {"store.rows", OKAPI_FSCK_REPAIRED,
     "INSERT INTO named_prop(store_id, propid, guid, kind, lid, name) VALUES(77777777, 32769, '0', 0, 1, '')"},
    {"store.rows", OKAPI_FSCK_REPAIRED,
     "INSERT INTO per_user(store_id, replica, folder_id, source, mtime, data) VALUES(77777777, '', 1, '', 1, 'x')"},
    {"store.rows", OKAPI_FSCK_REPAIRED,
     "INSERT INTO delivered(store_id, digest, folder_id, time) VALUES(77777777, 'x', 0, 1)"},
    {"store.properties", OKAPI_FSCK_REPAIRED, "UPDATE store SET props = 'x' WHERE id = {store}"},
    {"sequence.floor", OKAPI_FSCK_REPAIRED, "UPDATE store_cn SET tomb_floor = cn + 1 WHERE store_id = {store}"},
    {"group.member", OKAPI_FSCK_REPAIRED,
     "INSERT INTO group_member(group_id, member_id) VALUES(77777777, 1)"},
    {"user.send_as", OKAPI_FSCK_REPAIRED,
     "INSERT INTO send_as(owner_id, member) VALUES(77777777, 'x')"},
    {"store.oof", OKAPI_FSCK_REPAIRED,
     "INSERT INTO oof(store_id, state, start_t, end_t, sent) VALUES(77777777, 1, 0, 0, 1)"},
    {"store.told", OKAPI_FSCK_REPAIRED,
     "INSERT INTO oof_sent(store_id, rule_id, address, time) VALUES(77777777, 0, 'x', 1)"},
    {"queue.store", OKAPI_FSCK_REPAIRED,
     "INSERT INTO outq(id, store_id, msg_id, sender, ctime, not_before, tries, held_by, held_until, "
     "error) VALUES(1, 77777777, 1, '', 1, 1, 0, '', 0, '')"},
    {"queue.recipient", OKAPI_FSCK_REPAIRED,
     "INSERT INTO outq_rcpt(q_id, num, state, address, status) VALUES(77777777, 0, 0, 'x', '')"},
    {"store.delegate", OKAPI_FSCK_REPAIRED,
     "INSERT INTO delegate(store_id, user_id, flags) VALUES({store}, 77777777, 0)"},
    {"store.names", OKAPI_FSCK_LOST,
     "INSERT INTO named_prop(store_id, propid, guid, kind, lid, name) VALUES({store}, 32800, "
     "'0', 0, 1, '')"},
    {"folder.root", OKAPI_FSCK_LOST,
     "UPDATE folder SET kind = 99 WHERE id = (SELECT root_id FROM store WHERE id = {store})"},
    {"folder.twins", OKAPI_FSCK_REPAIRED, "UPDATE folder SET kind = 5 WHERE id = {folder}"},
    {"folder.special", OKAPI_FSCK_REPAIRED,
     "UPDATE folder SET deleted_cn = mod_cn WHERE id = {drafts}"},
    {"folder.tree", OKAPI_FSCK_REPAIRED,
     "UPDATE folder SET parent_id = 77777777 WHERE id = {folder}"},
    {"folder.tree", OKAPI_FSCK_REPAIRED,
     "UPDATE folder SET parent_id = {child} WHERE id = {folder}"},
    {"folder.time", OKAPI_FSCK_REPAIRED, "UPDATE folder SET dtime = 5 WHERE id = {folder}"},
    {"folder.numbers", OKAPI_FSCK_REPAIRED, "UPDATE folder SET cn = cn + 1000 WHERE id = {folder}"},
    {"folder.key", OKAPI_FSCK_REPAIRED, "UPDATE folder SET name_key = 'other' WHERE id = {folder}"},
    {"folder.key", OKAPI_FSCK_REPAIRED, "UPDATE folder SET name = 'twin' WHERE id = {folder}"},
    {"folder.properties", OKAPI_FSCK_REPAIRED,
     "UPDATE folder SET props = '\1garbage' WHERE id = {folder}"},
    {"folder.stat", OKAPI_FSCK_REPAIRED, "DELETE FROM folder_stat WHERE folder_id = {tree}"},
    {"stat.folder", OKAPI_FSCK_REPAIRED,
     "INSERT INTO folder_stat SELECT 77777777, content, unread, assoc, softdel, bytes, uid_next, "
     "uid_validity,"
     " deleted, last_cn, last_time FROM folder_stat WHERE folder_id = {folder}"},
    {"permission.folder", OKAPI_FSCK_REPAIRED,
     "INSERT INTO permission(folder_id, member, rights, flags) VALUES(77777777, '', 1, 0)"},
    {"search.folder", OKAPI_FSCK_REPAIRED,
     "INSERT INTO search(folder_id, store_id, run_id, state, flags, start_cn, complete_cn) "
     "VALUES(77777777, {store}, 1, 0, 0, 0, 0)"},
    {"search.counts", OKAPI_FSCK_REPAIRED,
     "UPDATE folder_stat SET unread = 5 WHERE folder_id = (SELECT MAX(folder_id) FROM search)"},
    {"permission.member", OKAPI_FSCK_REPAIRED,
     "INSERT INTO permission(folder_id, member, rights, flags) VALUES({folder}, 'nobody', 1, 0)"},
    {"rule.folder", OKAPI_FSCK_REPAIRED,
     "INSERT INTO rule(folder_id, id, seq, state, props) VALUES(77777777, 1, 1, 1, '')"},
    {"rule.properties", OKAPI_FSCK_REPAIRED,
     "INSERT INTO rule(folder_id, id, seq, state, props) VALUES({folder}, 1, 1, 1, 'x')"},
    {"receive.folder", OKAPI_FSCK_REPAIRED,
     "INSERT INTO receive_folder(store_id, class, folder_id, mtime) VALUES({store}, 'x', "
     "77777777, 1)"},
    {"receive.all", OKAPI_FSCK_REPAIRED, "DELETE FROM receive_folder WHERE class = ''"},
    {"", OKAPI_FSCK_REPAIRED, "UPDATE message SET folder_id = 77777777 WHERE id = {message}"},
    {"", OKAPI_FSCK_REPAIRED, "UPDATE message SET folder_id = 77777777 WHERE id = {posted}"},
    {"read.message", OKAPI_FSCK_REPAIRED,
     "INSERT INTO user_read(folder_id, user_id, msg_id, is_read, cn) VALUES({news}, {user}, 77777777, 1, 1)"},
    {"read.message", OKAPI_FSCK_REPAIRED, "UPDATE user_read SET user_id = 77777777 WHERE msg_id = {posted}"},
    {"", OKAPI_FSCK_REPAIRED, "UPDATE message SET flags = flags + 1 WHERE id = {posted}"},
    {"message.store", OKAPI_FSCK_REPAIRED,
     "UPDATE message SET store_id = 77777777 WHERE id = {message}"},
    {"message.part", OKAPI_FSCK_REPAIRED, "UPDATE message SET part = 4 WHERE id = {gone}"},
    {"message.deleted", OKAPI_FSCK_REPAIRED, "UPDATE message SET dtime = 0 WHERE id = {gone}"},
    {"message.deleted", OKAPI_FSCK_REPAIRED, "UPDATE message SET dtime = 7 WHERE id = {message}"},
    {"message.numbers", OKAPI_FSCK_REPAIRED,
     "UPDATE message SET add_cn = mod_cn + 1 WHERE id = {message}"},
    {"message.flags", OKAPI_FSCK_REPAIRED,
     "UPDATE message SET flags = flags + 64 WHERE id = {message}"},
    {"message.flags", OKAPI_FSCK_REPAIRED,
     "UPDATE message SET flags = flags - 16 WHERE id = {message}"},
    {"attachment.message", OKAPI_FSCK_REPAIRED,
     "INSERT INTO attach SELECT {nobody}, num, {nobody}, method, size, NULL, props FROM attach "
     "WHERE id = {attachment}"},
    {"properties.message", OKAPI_FSCK_REPAIRED,
     "INSERT INTO msg_props SELECT {nobody}, rev, props, recips, NULL FROM msg_props "
     "WHERE id = {message}"},
    {"value.object", OKAPI_FSCK_REPAIRED,
     "INSERT INTO bigprop(obj_id, tag, blob_id, size) SELECT 77777777, 5, id, size FROM blobs "
     "WHERE id = {blob}"},
    {"value.size", OKAPI_FSCK_REPAIRED,
     "UPDATE bigprop SET size = size + 1 WHERE blob_id = {blob}"},
    {"chunk.blob", OKAPI_FSCK_REPAIRED,
     "INSERT INTO blob_chunk(blob_id, seq, data) VALUES(77777777, 0, 'x')"},
    {"tombstone.folder", OKAPI_FSCK_REPAIRED,
     "INSERT INTO tombstone(folder_id, cn, obj_id, kind, imap_uid, dtime) VALUES(77777777, 1, 1, "
     "1, 1, 1)"},
    {"tombstone.kind", OKAPI_FSCK_REPAIRED,
     "INSERT INTO tombstone(folder_id, cn, obj_id, kind, imap_uid, dtime) VALUES({folder}, 0, 1, 9, 0, 1)"},
    {"tombstone.message", OKAPI_FSCK_REPAIRED,
     "INSERT INTO tombstone(folder_id, cn, obj_id, kind, imap_uid, dtime)"
     " SELECT folder_id, 0, id, 1, imap_uid, 1 FROM message WHERE id = {message}"},
    {"tombstone.alive", OKAPI_FSCK_REPAIRED,
     "INSERT INTO tombstone(folder_id, cn, obj_id, kind, imap_uid, dtime) VALUES({inbox}, 0, "
     "{folder}, 3, 0, 1)"},
    {"sequence.twice", OKAPI_FSCK_REPAIRED,
     "UPDATE folder SET mod_cn = (SELECT mod_cn FROM message WHERE id = {message}), cn = 1, "
     "add_cn = 1 WHERE id = {folder}"},
    {"folder.last", OKAPI_FSCK_REPAIRED,
     "UPDATE folder_stat SET last_cn = 1 WHERE folder_id = {folder}"},
    {"sequence.behind", OKAPI_FSCK_REPAIRED, "UPDATE store_cn SET cn = 40 WHERE store_id = {store}"},
    {"folder.counts", OKAPI_FSCK_REPAIRED,
     "UPDATE folder_stat SET content = 17 WHERE folder_id = {folder}"},
    {"folder.counts", OKAPI_FSCK_REPAIRED,
     "UPDATE folder_stat SET unread = unread + 1 WHERE folder_id = {folder}"},
    {"folder.counts", OKAPI_FSCK_REPAIRED,
     "UPDATE folder_stat SET softdel = 0 WHERE folder_id = {folder}"},
    {"folder.counts", OKAPI_FSCK_REPAIRED,
     "UPDATE folder_stat SET uid_next = 1 WHERE folder_id = {folder}"},
    {"folder.counts", OKAPI_FSCK_REPAIRED,
     "UPDATE tombstone SET imap_uid = 1000 WHERE folder_id = {folder} AND obj_id = {gone}"},
    {"store.bytes", OKAPI_FSCK_REPAIRED, "UPDATE store_cn SET bytes = bytes - 1 WHERE store_id = {store}"},
    {"message.row", OKAPI_FSCK_REPAIRED,
     "UPDATE message SET subject = 'another' WHERE id = {other}"},
    {"message.row", OKAPI_FSCK_REPAIRED, "UPDATE message SET importance = 2 WHERE id = {other}"},
    {"message.row", OKAPI_FSCK_REPAIRED, "UPDATE message SET conv_id = conv_id + 1 WHERE id = {other}"},
    {"message.row", OKAPI_FSCK_REPAIRED, "UPDATE message SET subject = 'another' WHERE id = {posted}"},
    /* What can't be had again. */
    {"message.raw", OKAPI_FSCK_LOST, "UPDATE msg_props SET skeleton = 'x' WHERE id = {message}"},
    {"ids.twice", OKAPI_FSCK_LOST, "UPDATE attach SET id = {inbox} WHERE id = {attachment}"},
    {"message.properties", OKAPI_FSCK_REPAIRED, "DELETE FROM msg_props WHERE id = {associated}"},
    {"attachment.embedded", OKAPI_FSCK_REPAIRED,
     "DELETE FROM msg_props WHERE id = {embedded}"},
    {"blob.bytes", OKAPI_FSCK_LOST, "UPDATE blob_chunk SET data = 'x' WHERE blob_id = {blob}"},
    {"blob.chunks", OKAPI_FSCK_LOST, "DELETE FROM blob_chunk WHERE blob_id = {blob}"},
    {"message.readable", OKAPI_FSCK_LOST, "UPDATE msg_props SET props = 'x' WHERE id = {message}"},
    {"user.mailbox", OKAPI_FSCK_LOST, "UPDATE store SET owner = 'nobody' WHERE id = {store}"},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static const char *fill_in(const char *sql, const things_t *t, apr_pool_t *pool)
{
    const struct {
        const char *name;
        okapi_id_t id;
    } ids[] = {{"store", t->store},           {"folder", t->folder},     {"child", t->child},
               {"message", t->message},       {"other", t->other},       {"gone", t->gone},
               {"associated", t->associated}, {"embedded", t->embedded}, {"blob", t->blob},
               {"attachment", t->attachment}, {"inbox", t->inbox},       {"drafts", t->drafts},
               {"tree", t->tree},             {"nobody", t->nobody},
               {"user", t->user},             {"news", t->news},
               {"posted", t->posted}};
    const char *out = "";
    for (const char *p; (p = strchr(sql, '{')); sql = strchr(p, '}') + 1) {
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, sql, (apr_size_t)(p - sql)), NULL);
        for (apr_size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
            if (strncmp(p + 1, ids[i].name, strlen(ids[i].name)) == 0 &&
                p[1 + strlen(ids[i].name)] == '}') {
                out = apr_psprintf(pool, "%s%" APR_INT64_T_FMT, out, ids[i].id);
            }
        }
    }
    return apr_pstrcat(pool, out, sql, NULL);
}

/* ---- a mailbox with something of everything ---- */

static okapi_folder_t *make_folder(okapi_folder_t *parent, const char *name, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    okapi_id_t id;
    mailbox_must(okapi_folder_create(&id, parent, name, NULL, pool), "create");
    mailbox_must(okapi_folder_open(&folder, parent->store, id, pool, pool), "open");
    return folder;
}

static okapi_id_t make_message(okapi_folder_t *folder, const char *subject, int associated,
                               apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, subject);
    mailbox_must(okapi_message_create(&message, folder->store, folder->id, associated, pool, pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    return okapi_message_id(message);
}

static apr_status_t look_inside(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    things_t *t = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_ATTACH_LIST, DB_ARGS(DB_I(t->message)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        t->attachment = okapi__rows_int(rows, 1);
        if (!okapi__rows_is_null(rows, 4)) {
            t->embedded = okapi__rows_int(rows, 4);
        }
    }
    rv = okapi__db_select(&rows, conn, STMT_BIGPROP_LIST, DB_ARGS(DB_I(t->message)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        t->blob = okapi__rows_int(rows, 1);
    }
    return rv;
}

/* A message in a public folder, which the user has read. */
static void make_public(mailbox_t *m, things_t *t, apr_pool_t *pool)
{
    okapi_store_t *store;
    okapi_folder_t *top;
    int partial;
    apr_status_t rv = okapi_store_create_public(m->okapi, pool);
    mailbox_must(rv == OKAPI_EEXISTS ? APR_SUCCESS : rv, "public store");
    mailbox_must(okapi_store_open_public(&store, m->okapi, m->user, pool, pool), "open");
    mailbox_must(okapi_folder_open(&top, store,
                                   okapi_store_special(store, OKAPI_FOLDER_IPM_SUBTREE), pool, pool),
                 "public folders");
    t->user = m->user->id;
    t->news = top->id;
    t->posted = make_message(top, "Posted", 0, pool);
    mailbox_must(okapi_folder_set_read(top, &t->posted, 1, 1, NULL, &partial, pool), "read");
}

static void make_things(mailbox_t *m, things_t *t, apr_pool_t *pool)
{
    static const char raw[] = "Subject: Rich\r\n\r\nbody\r\n";
    okapi_id_t unused;
    mailbox_must(okapi__db_take_ids(m->okapi->db, 1, &unused, pool), "id");
    okapi_folder_t *top = make_folder(m->inbox, apr_psprintf(pool, "%d", (int)unused), pool),
                   *folder = make_folder(top, "Folder", pool),
                   *twin = make_folder(top, "Twin", pool);
    okapi_message_t *message, *embedded;
    int partial;
    char *body = apr_palloc(pool, 9001);
    memset(body, 'b', 9000);
    body[9000] = '\0';
    okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, "Rich"),
                                okapi_propval_str(PR_BODY, body)};
    *t = (things_t){.store = m->store->id, .folder = folder->id, .inbox = top->id};
    t->nobody = unused;
    t->drafts = okapi_store_special(m->store, OKAPI_FOLDER_DRAFTS);
    t->child = make_folder(folder, "Child", pool)->id;
    t->tree = make_folder(twin, "Tree", pool)->id;
    mailbox_must(okapi_message_create(&message, m->store, folder->id, 0, pool, pool), "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 2, pool), "set");
    okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                              (okapi_binary_t){(const unsigned char *)"data", 4});
    embedded = okapi_attachment_create_embedded(okapi_attachment_create(message,
                                                                        ATTACH_EMBEDDED_MSG));
    mailbox_must(okapi_object_set(okapi_message_object(embedded), values, 1, pool), "set");
    okapi_message_set_raw(message, (okapi_binary_t){(const unsigned char *)raw, sizeof(raw) - 1},
                          NULL, 0);
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    t->message = okapi_message_id(message);
    t->other = make_message(folder, "Other", 0, pool);
    t->associated = make_message(folder, "Associated", 1, pool);
    t->gone = make_message(folder, "Gone", 0, pool);
    mailbox_must(okapi_messages_delete(folder, &t->gone, 1, 0, &partial, pool), "delete");
    mailbox_must(okapi__db_read(m->okapi->db, look_inside, t, pool), "look inside");
    okapi_folder_t *deleted = make_folder(top, "Deleted", pool);
    make_message(deleted, "In it", 0, pool);
    mailbox_must(okapi_folder_delete(deleted, OKAPI_DELETE_MESSAGES, &partial, pool), "delete");
    make_public(m, t, pool);
}

/* A damage by itself, in a mailbox that has none. */
static void try(mailbox_t *m, const case_t *c, apr_pool_t *pool)
{
    things_t things;
    make_things(m, &things, pool);
    diag("%s: %s", c->check, fill_in(c->sql, &things, pool));
    damage(m, fill_in(c->sql, &things, pool), pool);
    told_t told = run_fsck(m, 0, 1, pool);
    ok(told.n > 0, "it is found");
    if (*c->check && c->state == OKAPI_FSCK_REPAIRED) {
        is_str(told.check, c->check, "by the check for it");
    }
    ok(!told.states[OKAPI_FSCK_REPAIRED], "nothing is repaired unasked");
    told = run_fsck(m, 1, 1, pool);
    ok(told.states[c->state] > 0, "then what can be done is done");
    if (c->state == OKAPI_FSCK_REPAIRED) {
        is_clean(m, "after the repair", pool);
        make_message(m->inbox, "goes on", 0, pool);
        is_clean(m, "after something more", pool);
    } else {
        ok(!told.states[OKAPI_FSCK_REPAIRED] || told.states[OKAPI_FSCK_LOST], "which isn't all");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_pool(), *case_pool, *mailbox_pool = NULL;
    mailbox_t m;
    for (int i = 0; i < CASES; i++) {
        if (!mailbox_pool) {
            apr_pool_create(&mailbox_pool, pool);
            mailbox_create(&m, mailbox_pool);
            is_clean(&m, "in a new mailbox", pool);
        }
        apr_pool_create(&case_pool, mailbox_pool);
        try(&m, &cases[i], case_pool);
        apr_pool_destroy(case_pool);
        if (cases[i].state == OKAPI_FSCK_LOST) {
            apr_pool_destroy(mailbox_pool);
            mailbox_pool = NULL;
        }
    }
    return done_testing();
}
