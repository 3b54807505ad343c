/* search_run.c - runs of searches: filled by processes that are killed, by several at once,
 * stopped, limited, static; begun anew when the sequence was forgotten; copied; hidden from others.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <okapi/delivery.h>
#include <okapi/fsck.h>
#include <okapi/search.h>

#include "db/private.h"
#include "search_private.h"
#include "tables.h"

enum { MESSAGES = 600, WORKERS = 3, KILLS = 60 };

static okapi_id_t make_message(mailbox_t *m, okapi_id_t folder_id, const char *subject,
                               apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, subject);
    mailbox_must(okapi_message_create(&message, m->store, folder_id, 0, pool, pool), "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    return okapi_message_id(message);
}

static okapi_folder_t *open_folder(mailbox_t *m, okapi_id_t id, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, m->store, id, pool, pool), "open a folder");
    return folder;
}

static okapi_restriction_t contains(const char *text)
{
    okapi_restriction_t r = {.type = RES_CONTENT, .fuzzy = FL_SUBSTRING, .tag = PR_SUBJECT};
    r.prop = okapi_propval_str(PR_SUBJECT, text);
    return r;
}

static okapi_folder_t *make_search(mailbox_t *m, const char *name, apr_pool_t *pool)
{
    okapi_id_t id;
    okapi_folder_t *finder =
        open_folder(m, okapi_store_special(m->store, OKAPI_FOLDER_FINDER), pool);
    mailbox_must(okapi_search_create(&id, finder, name, NULL, pool), "create a search folder");
    return open_folder(m, id, pool);
}

/* Without looking through anything yet. */
static void start(okapi_folder_t *search, const char *text, apr_uint32_t flags, mailbox_t *m,
                  apr_pool_t *pool)
{
    okapi_restriction_t r = contains(text);
    okapi_id_t inbox = okapi_folder_id(m->inbox);
    mailbox_must(okapi__search_start(search, &r, &inbox, 1, flags, pool), "start");
}

static void set(okapi_folder_t *search, const char *text, apr_uint32_t flags, mailbox_t *m,
                apr_pool_t *pool)
{
    okapi_restriction_t r = contains(text);
    okapi_id_t inbox = okapi_folder_id(m->inbox);
    mailbox_must(okapi_search_set(search, &r, &inbox, 1, flags, pool), "set criteria");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
}

static int rows_of(okapi_folder_t *folder, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_SUBJECT};
    okapi_table_t *table;
    apr_uint32_t count;
    mailbox_must(okapi_table_contents(&table, &count, folder, 0, pool, pool), "contents");
    mailbox_must(okapi_table_set_columns(table, columns, 1), "columns");
    return read_rows(table, 100000, 0, 0, pool)->nelts;
}

static int content_of(okapi_folder_t *folder, apr_pool_t *pool)
{
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_stat(folder, &stat, pool), "stat");
    return (int)stat.content;
}

static apr_uint32_t flags_of(okapi_folder_t *folder, apr_pool_t *pool)
{
    okapi_search_t search;
    mailbox_must(okapi_search_get(folder, &search, pool, pool), "criteria");
    return search.flags;
}

static void show(void *baton, const okapi_fsck_finding_t *f)
{
    diag("%s: %s", f->check, f->sentence);
}

static int is_clean(mailbox_t *m, apr_pool_t *pool)
{
    okapi_fsck_t fsck = {.found = show};
    return okapi_fsck(m->okapi, &fsck, pool) == APR_SUCCESS && fsck.damaged == 0;
}

/* ---- many processes ---- */

/* A process with an engine of its own that fills searches until there are none. */
static pid_t begin_worker(const mailbox_t *mailbox)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        mailbox_t mine = *mailbox;
        apr_pool_t *pool;
        apr_pool_create(&pool, NULL);
        mailbox_open(&mine, pool);
        mailbox_must(okapi_search_run(mine.okapi, NULL, NULL, pool), "run");
        _exit(0);
    }
    return pid;
}

static void test_killed(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Killed", pool);
    int due = 1, good = 1, kills = 0, status;
    start(search, "1", RECURSIVE_SEARCH, m, pool);
    for (; due && kills < KILLS; kills++) {
        pid_t pid = begin_worker(m);
        apr_sleep(1000 * (apr_interval_time_t)(10 + pick(150)));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        good &= is_clean(m, pool);
        mailbox_must(okapi_search_due(&due, m->okapi, pool), "due");
    }
    ok(good, "whenever a process that fills it is killed, the counts are right");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    diag("killed %d times", kills);
    is_int(content_of(search, pool), rows_of(m->inbox, pool) - MESSAGES / 2,
           "it finds everything in the end");
    is_int(rows_of(search, pool), content_of(search, pool), "and shows it");
}

static void test_several(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Several", pool);
    pid_t pids[WORKERS];
    int status, failed = 0;
    start(search, "0", SHALLOW_SEARCH, m, pool);
    for (int i = 0; i < WORKERS; i++) {
        pids[i] = begin_worker(m);
    }
    for (int i = 0; i < 20; i++) {
        make_message(m, okapi_folder_id(m->inbox), "number 0", pool);
    }
    for (int i = 0; i < WORKERS; i++) {
        waitpid(pids[i], &status, 0);
        failed |= status;
    }
    ok(!failed, "several processes fill it at once");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    is_int(rows_of(search, pool), MESSAGES / 2 + 20, "nothing is there twice, nothing missing");
    ok(is_clean(m, pool), "and the counts are right");
}

/* ---- kinds of searches ---- */

static void test_static(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Static", pool);
    okapi_id_t id = make_message(m, okapi_folder_id(m->inbox), "still", pool);
    int partial;
    make_message(m, okapi_folder_id(m->inbox), "still there", pool);
    set(search, "still", STATIC_SEARCH, m, pool);
    is_int(flags_of(search, pool), SEARCH_STATIC | SEARCH_COMPLETE | TWIR_TOTALLY, "it is static");
    make_message(m, okapi_folder_id(m->inbox), "still later", pool);
    is_int(content_of(search, pool), 2, "what comes later isn't found");
    mailbox_must(okapi_folder_set_read(m->inbox, &id, 1, 0, NULL, &partial, pool), "unread");
    mailbox_must(okapi_messages_delete(m->inbox, &id, 1, 0, &partial, pool), "delete");
    is_int(rows_of(search, pool), 1, "what is gone can't be shown");
    is_int(content_of(search, pool), 1, "and doesn't count");
    mailbox_must(okapi_search_set(search, NULL, NULL, 0, RESTART_SEARCH | STATIC_SEARCH, pool),
                 "again");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    is_int(content_of(search, pool), 2, "until it begins again");
}

static void test_stopped(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Stopped", pool);
    start(search, "1", RECURSIVE_SEARCH, m, pool);
    mailbox_must(okapi_search_set(search, NULL, NULL, 0, STOP_SEARCH, pool), "stop");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    is_int(content_of(search, pool), 0, "it is no longer filled");
    is_int(flags_of(search, pool), SEARCH_RECURSIVE | TWIR_TOTALLY, "neither runs nor is complete");
    make_message(m, okapi_folder_id(m->inbox), "number 1", pool);
    is_int(content_of(search, pool), 1, "but stays dynamic");
    mailbox_must(okapi_search_set(search, NULL, NULL, 0, 0, pool), "again");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    is_int(flags_of(search, pool), SEARCH_COMPLETE | TWIR_TOTALLY, "it can begin again");
    ok(content_of(search, pool) > MESSAGES / 2, "and finds everything");
}

static void test_limited(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Limited", pool);
    okapi_restriction_t inner = contains("1"),
                        r = {.type = RES_COUNT, .value = 5, .n = 1, .children = &inner};
    okapi_id_t inbox = okapi_folder_id(m->inbox);
    mailbox_must(okapi_search_set(search, &r, &inbox, 1, 0, pool), "set");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    is_int(rows_of(search, pool), 5, "so many messages and no more");
    make_message(m, inbox, "number 1", pool);
    is_int(rows_of(search, pool), 5, "nor later");
}

/* ---- what happens to them ---- */

static apr_status_t forget_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__conn_sql(conn, "UPDATE store_cn SET tomb_floor = cn") == FAILURE_NONE
               ? APR_SUCCESS
               : OKAPI_EDATABASE;
}

static void test_forgotten(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Forgotten", pool);
    okapi_id_t id = make_message(m, okapi_folder_id(m->inbox), "lost", pool);
    int partial;
    make_message(m, okapi_folder_id(m->inbox), "lost, too", pool);
    set(search, "lost", 0, m, pool);
    is_int(content_of(search, pool), 2, "two are found");
    mailbox_must(okapi_messages_delete(m->inbox, &id, 1, OKAPI_DELETE_HARD, &partial, pool),
                 "delete");
    mailbox_must(okapi__db_write(m->okapi->db, forget_work, NULL, pool), "forget");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    is_int(content_of(search, pool), 1, "of what was forgotten it finds anew what there is");
    is_int(rows_of(search, pool), 1, "and shows that");
    ok(is_clean(m, pool), "all others are right as well");
}

static void test_copied(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Original", pool);
    okapi_folder_t *finder =
        open_folder(m, okapi_store_special(m->store, OKAPI_FOLDER_FINDER), pool);
    okapi_id_t id;
    int partial;
    make_message(m, okapi_folder_id(m->inbox), "copied", pool);
    set(search, "copied", 0, m, pool);
    mailbox_must(okapi_folder_copy(&id, search, finder, "Copy", 1, &partial, pool), "copy");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "run");
    okapi_folder_t *copy = open_folder(m, id, pool);
    ok(okapi_folder_is_search(copy), "a copy of a search folder is one");
    is_int(content_of(copy, pool), 1, "it looks for the same");
    mailbox_must(okapi_folder_move(&id, copy, m->inbox, "Moved", &partial, pool), "move");
    is_int(content_of(open_folder(m, id, pool), pool), 1, "moved it is the same");
    mailbox_must(okapi_folder_delete(open_folder(m, id, pool), 0, &partial, pool), "delete");
    is_int(partial, 0, "it is deleted, although it shows something");
    is_int(okapi_folder_recover(&id, m->store, id, m->inbox, NULL, &partial, pool), OKAPI_ENOTFOUND,
           "for good");
    mailbox_must(okapi_search_run(m->okapi, NULL, NULL, pool), "sweep");
    ok(is_clean(m, pool), "nothing is left of it");
}

static void test_refused(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *search = make_search(m, "Refused", pool);
    okapi_message_t *message;
    okapi_id_t id, child, one = make_message(m, okapi_folder_id(m->inbox), "refused", pool);
    int partial;
    is_int(okapi_message_create(&message, m->store, okapi_folder_id(search), 0, pool, pool),
           OKAPI_ESEARCHFOLDER, "no message is made in it");
    is_int(okapi_message_create(&message, m->store, okapi_folder_id(search), 1, pool, pool),
           APR_SUCCESS, "but an associated one");
    is_int(okapi_messages_copy(m->inbox, search, &one, 1, &id, &partial, pool),
           OKAPI_ESEARCHFOLDER, "none copied into it");
    okapi_envelope_t envelope = {.folder_id = okapi_folder_id(search)};
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "a draft");
    is_int(okapi_deliver(message, &envelope, pool), OKAPI_ESEARCHFOLDER, "no mail is delivered");
    is_int(okapi_folder_create(&child, search, "Child", NULL, pool), OKAPI_ESEARCHFOLDER,
           "no folder below it");
    is_int(okapi_folder_move(&child, make_search(m, "Other", pool), search, NULL, &partial, pool),
           OKAPI_ESEARCHFOLDER, "nor moved there");
    is_int(okapi_folder_empty(search, 0, &partial, pool), OKAPI_ENOSUPPORT, "it isn't emptied");
    is_int(okapi_store_set_receive_folder(m->store, "IPM.Test", okapi_folder_id(search), pool),
           OKAPI_ESEARCHFOLDER, "and receives nothing");
}

static void test_hidden(mailbox_t *m, apr_pool_t *pool)
{
    const okapi_user_t mary = {.name = "mary", .email = "mary@example.org", .fullname = "Mary"};
    okapi_folder_t *search = make_search(m, "Hidden", pool), *folder;
    okapi_user_t *other;
    okapi_store_t *store;
    okapi_id_t id;
    mailbox_must(okapi_user_add(m->okapi, &mary, NULL, pool), "mary");
    mailbox_must(okapi_user_by_login(&other, m->okapi, "mary", pool, pool), "mary");
    mailbox_must(okapi_store_open(&store, m->okapi, other, m->user, pool, pool), "john's store");
    is_int(okapi_folder_open(&folder, store, okapi_folder_id(search), pool, pool),
           OKAPI_ENOTFOUND, "others don't see it");
    is_int(okapi_message_open(&(okapi_message_t *){NULL}, store, okapi_folder_id(search),
                              make_message(m, okapi_folder_id(m->inbox), "hidden", pool), pool,
                              pool),
           OKAPI_ENOTFOUND, "nor by way of it");
    okapi_folder_t shared = *m->inbox;
    shared.store = store; /* mary may do everything there */
    is_int(okapi_search_create(&id, &shared, "Hers", NULL, pool), OKAPI_EACCESS,
           "and make none in this mailbox");
}

int main(void)
{
    apr_pool_t *pool;
    mailbox_t m;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    srand((unsigned)getpid());
    mailbox_create(&m, pool);
    for (int i = 0; i < MESSAGES; i++) {
        apr_pool_t *each;
        apr_pool_create(&each, pool);
        make_message(&m, okapi_folder_id(m.inbox), i % 2 ? "number 1" : "number 0", each);
        apr_pool_destroy(each);
    }
    test_killed(&m, pool);
    test_several(&m, pool);
    test_static(&m, pool);
    test_stopped(&m, pool);
    test_limited(&m, pool);
    test_forgotten(&m, pool);
    test_copied(&m, pool);
    test_refused(&m, pool);
    test_hidden(&m, pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done_testing();
}
