/* blob_collect.c - bytes that nothing refers to go, also while others begin to use them. */
#include <signal.h>
#include <sys/wait.h>

#include <okapi/blob.h>
#include <okapi/error.h>
#include <okapi/message.h>
#include <okapi/transfer.h>

#include "mailbox.h"
#include "message_private.h"

enum { SIZE = 300000, CONTENTS = 4, WRITERS = 3, COLLECTORS = 2, ROUNDS = 60 };

/* One of a few files that people send around. */
static okapi_binary_t content(int i, apr_pool_t *pool)
{
    unsigned char *bytes = apr_palloc(pool, SIZE);
    for (int j = 0; j < SIZE; j++) {
        bytes[j] = (unsigned char)((j * 7 + i * 31) >> (j % 5));
    }
    return (okapi_binary_t){bytes, SIZE};
}

static okapi_message_t *deliver(mailbox_t *m, okapi_binary_t data, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "message create");
    okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE), data);
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    return message;
}

static okapi_attachment_t *attachment(mailbox_t *m, okapi_id_t id, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_attachment_t *a;
    mailbox_must(okapi_message_open(&message, m->store, 0, id, pool, pool), "message open");
    mailbox_must(okapi_attachment_open(&a, message, 0, pool), "attachment open");
    return a;
}

static int has(mailbox_t *m, okapi_id_t id, okapi_binary_t data, apr_pool_t *pool)
{
    okapi_propval_t v;
    okapi_proptag_t tag = PR_ATTACH_DATA_BIN;
    mailbox_must(okapi_object_get(okapi_attachment_object(attachment(m, id, pool)), &tag, 1, 0, &v,
                                  pool, pool),
                 "attachment's bytes");
    return v.tag == tag && v.v.bin.len == data.len &&
           memcmp(v.v.bin.data, data.data, data.len) == 0;
}

static void replace(mailbox_t *m, okapi_id_t id, okapi_binary_t data, apr_pool_t *pool)
{
    okapi_attachment_t *a = attachment(m, id, pool);
    okapi_attachment_set_data(a, data);
    mailbox_must(okapi_message_save(okapi_attachment_message(a), 0, pool), "replace");
}

/* Older than a second in the future: all. */
static okapi_blob_garbage_t collect(mailbox_t *m, apr_pool_t *pool)
{
    okapi_blob_garbage_t garbage;
    mailbox_must(okapi_blob_collect(m->okapi, -apr_time_from_sec(1), NULL, NULL, &garbage, pool),
                 "collect");
    return garbage;
}

static int after(void *baton)
{
    return (*(int *)baton)-- == 0;
}

static void test_collect(mailbox_t *m, apr_pool_t *pool)
{
    okapi_binary_t first = content(1, pool), second = content(2, pool), small = {first.data, 5000};
    okapi_id_t one = okapi_message_id(deliver(m, first, pool));
    okapi_id_t two = okapi_message_id(deliver(m, first, pool));
    okapi_blob_garbage_t garbage = collect(m, pool);
    int calls = 0;
    is_int(garbage.blobs, 0, "nothing is garbage");
    replace(m, one, second, pool);
    is_int(collect(m, pool).blobs, 0, "another message has the bytes still");
    replace(m, two, small, pool);
    mailbox_must(okapi_blob_collect(m->okapi, apr_time_from_sec(3600), NULL, NULL, &garbage, pool),
                 "collect");
    is_int(garbage.blobs, 0, "what is young is left alone");
    mailbox_must(okapi_blob_collect(m->okapi, -apr_time_from_sec(1), after, &calls, &garbage, pool),
                 "collect");
    is_int(garbage.blobs, 0, "it stops when it is told to");
    garbage = collect(m, pool);
    is_int(garbage.blobs, 1, "one blob has gone");
    is_int(garbage.bytes, SIZE, "with its bytes");
    ok(has(m, one, second, pool) && has(m, two, small, pool), "what is in use is there");
    for (int i = 0; i < 120; i++) {
        small.data++;
        replace(m, two, small, pool);
    }
    is_int(collect(m, pool).blobs, 120, "more than one transaction's");
    is_int(collect(m, pool).blobs, 0, "and then there is no more");
}

/* Whoever has a message open while it goes for good learns that, not that the store is damaged. */
static void test_gone(mailbox_t *m, apr_pool_t *pool)
{
    okapi_id_t id = okapi_message_id(deliver(m, content(3, pool), pool));
    okapi_attachment_t *opened = attachment(m, id, pool);
    okapi_proptag_t tag = PR_ATTACH_DATA_BIN;
    okapi_propval_t v;
    int partial;
    is_int(okapi_messages_delete(m->inbox, &id, 1, OKAPI_DELETE_HARD, &partial, pool), APR_SUCCESS,
           "a message somebody reads is deleted for good");
    is_int(okapi_object_get(okapi_attachment_object(opened), &tag, 1, 0, &v, pool, pool),
           OKAPI_EOBJECTDELETED, "its bytes are gone for him, too");
}

/* ---- others begin to use what is collected ---- */

static volatile sig_atomic_t ended;

static void end(int sig)
{
    ended = 1;
}

/* Gives a message of its own one content after the other; what it was told is saved stays. */
static int write_on(mailbox_t *m, int number, apr_pool_t *root)
{
    apr_pool_t *pool;
    okapi_binary_t contents[CONTENTS];
    int lost = 0;
    for (int i = 0; i < CONTENTS; i++) {
        contents[i] = content(100 + i, root);
    }
    okapi_id_t id = okapi_message_id(deliver(m, contents[0], root));
    apr_pool_create(&pool, root);
    for (int i = 0; i < ROUNDS; i++) {
        okapi_binary_t data = contents[(i * (number + 1) + i / 3) % CONTENTS];
        replace(m, id, data, pool);
        lost += !has(m, id, data, pool);
        apr_pool_clear(pool);
    }
    return lost > 0;
}

static int collect_on(mailbox_t *m, apr_pool_t *root)
{
    apr_pool_t *pool;
    apr_int64_t blobs = 0;
    apr_pool_create(&pool, root);
    while (!ended) {
        blobs += collect(m, pool).blobs;
        apr_pool_clear(pool);
    }
    return blobs == 0;
}

static pid_t spawn(const mailbox_t *m, int is_writer, int number)
{
    pid_t pid = fork();
    if (pid == 0) {
        mailbox_t own = *m;
        apr_pool_t *pool;
        apr_pool_create(&pool, NULL);
        mailbox_open(&own, pool);
        _exit(is_writer ? write_on(&own, number, pool) : collect_on(&own, pool));
    }
    return pid;
}

static int ended_well(pid_t pid)
{
    int status;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_race(mailbox_t *m, apr_pool_t *pool)
{
    pid_t writers[WRITERS], collectors[COLLECTORS];
    int good = 1;
    signal(SIGTERM, end);
    for (int i = 0; i < COLLECTORS; i++) {
        collectors[i] = spawn(m, 0, i);
    }
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = spawn(m, 1, i);
    }
    for (int i = 0; i < WRITERS; i++) {
        good &= ended_well(writers[i]);
    }
    ok(good, "%d writers lose nothing to %d collectors", WRITERS, COLLECTORS);
    good = 1;
    for (int i = 0; i < COLLECTORS; i++) {
        kill(collectors[i], SIGTERM);
        good &= ended_well(collectors[i]);
    }
    ok(good, "who have found something, and no error");
    collect(m, pool);
    is_int(collect(m, pool).blobs, 0, "in the end there is no garbage");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t m;
    mailbox_create(&m, pool);
    test_collect(&m, pool);
    test_gone(&m, pool);
    test_race(&m, pool);
    return done_testing();
}
