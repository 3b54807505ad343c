/* queue.c - the outgoing queue: submitting, taking, reporting. */
#include <sys/wait.h>

#include <okapi/queue.h>

#include "mailbox.h"

static okapi_message_t *draft(mailbox_t *m, const char *subject, apr_pool_t *pool)
{
    okapi_propval_t v = okapi_propval_str(PR_SUBJECT, subject);
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store,
                                      okapi_store_special(m->store, OKAPI_FOLDER_OUTBOX), 0, pool,
                                      pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
    return message;
}

static const apr_array_header_t *people(const char *first, const char *second, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));
    if (first) {
        APR_ARRAY_PUSH(list, const char *) = first;
    }
    if (second) {
        APR_ARRAY_PUSH(list, const char *) = second;
    }
    return list;
}

static const okapi_queue_entry_t *entry_at(const apr_array_header_t *entries, int i)
{
    return &APR_ARRAY_IDX(entries, i, okapi_queue_entry_t);
}

static const okapi_queue_recipient_t *recipient_at(const okapi_queue_entry_t *entry, int i)
{
    return &APR_ARRAY_IDX(entry->recipients, i, okapi_queue_recipient_t);
}

static apr_array_header_t *list(mailbox_t *m, apr_pool_t *pool)
{
    apr_array_header_t *entries;
    mailbox_must(okapi_queue_list(&entries, m->okapi, 0, 100, pool, pool), "list");
    return entries;
}

static apr_array_header_t *take(mailbox_t *m, apr_interval_time_t duration, apr_pool_t *pool)
{
    apr_array_header_t *entries;
    mailbox_must(okapi_queue_take(&entries, m->okapi, 100, duration, pool, pool), "take");
    return entries;
}

static void test_submit(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = draft(m, "first", pool);
    okapi_queue_envelope_t envelope = {"john@example.org", people(NULL, NULL, pool), 0};
    is_int(okapi_queue_submit(message, &envelope, pool), OKAPI_EINVAL, "to nobody");
    is_int(okapi_message_id(message), 0, "so it isn't saved");
    envelope.recipients = people("mary@example.net", "paul@example.com", pool);
    is_int(okapi_queue_submit(message, &envelope, pool), APR_SUCCESS, "to two");
    ok(okapi_message_id(message) != 0, "it is saved");
    is_int(okapi_queue_submit(message, &envelope, pool), OKAPI_EEXISTS, "once only");
    envelope.recipients = people("zoe@example.net", NULL, pool);
    envelope.not_before = okapi_time_from_apr(apr_time_now() + apr_time_from_sec(3600));
    is_int(okapi_queue_submit(draft(m, "later", pool), &envelope, pool), APR_SUCCESS, "for later");
    const apr_array_header_t *entries = list(m, pool);
    is_int(entries->nelts, 2, "both are listed");
    const okapi_queue_entry_t *entry = entry_at(entries, 0);
    is_int(entry->message_id, okapi_message_id(message), "the message");
    is_int(entry->store_id, okapi_store_id(m->store), "the mailbox");
    is_str(entry->sender, "john@example.org", "the sender");
    is_int(entry->recipients->nelts, 2, "the recipients");
    is_str(recipient_at(entry, 1)->address, "paul@example.com", "in their order");
    ok(!entry->is_held && entry->tries == 0 && entry->created > 0, "nobody has tried");
    okapi_message_t *again;
    const okapi_proptag_t flags = PR_MESSAGE_FLAGS;
    okapi_propval_t v;
    mailbox_must(okapi_message_open(&again, m->store, 0, entry->message_id, pool, pool), "open");
    okapi_object_get(okapi_message_object(again), &flags, 1, 0, &v, pool, pool);
    ok(v.v.i32 & MSGFLAG_SUBMIT, "the message says that it is submitted");
}

static void test_take(mailbox_t *m, apr_pool_t *pool)
{
    const apr_time_t hour = apr_time_from_sec(3600);
    const apr_array_header_t *first = take(m, 0, pool), *entries;
    is_int(first->nelts, 1, "what is for later isn't taken");
    entries = take(m, hour, pool);
    is_int(entries->nelts, 1, "whose time is over is given to the next one");
    is_int(take(m, hour, pool)->nelts, 0, "but to one only");
    ok(entry_at(list(m, pool), 0)->is_held, "the list says so");

    okapi_queue_recipient_t results[] = {{0, NULL, OKAPI_QUEUE_DONE, "250 ok"},
                                         {1, NULL, OKAPI_QUEUE_WAITING, "451 not now"}};
    okapi_queue_report_t report = {results, 2, "451 not now", okapi_time_now()};
    is_int(okapi_queue_report(m->okapi, entry_at(first, 0), &report, pool), OKAPI_EOBJECTMODIFIED,
           "who was too slow has nothing to say");
    is_int(okapi_queue_report(m->okapi, entry_at(entries, 0), &report, pool), APR_SUCCESS,
           "a report");
    const okapi_queue_entry_t *entry = entry_at(list(m, pool), 0);
    is_int(entry->tries, 1, "a try");
    is_str(entry->error, "451 not now", "its error");
    is_int(recipient_at(entry, 0)->state, OKAPI_QUEUE_DONE, "one has it");
    is_str(recipient_at(entry, 1)->status, "451 not now", "the other one waits");

    entries = take(m, hour, pool);
    is_int(entries->nelts, 1, "it is due again");
    results[1].state = OKAPI_QUEUE_FAILED;
    report = (okapi_queue_report_t){&results[1], 1, "", 0};
    is_int(okapi_queue_report(m->okapi, entry_at(entries, 0), &report, pool), APR_SUCCESS,
           "the last one failed");
    is_int(take(m, hour, pool)->nelts, 0, "it stays taken");
    okapi_id_t id = entry_at(entries, 0)->id;
    is_int(okapi_queue_remove(m->okapi, id, pool), APR_SUCCESS, "until it is removed");
    is_int(okapi_queue_remove(m->okapi, id, pool), OKAPI_ENOTFOUND, "which it is now");
    is_int(okapi_queue_report(m->okapi, entry_at(entries, 0), &report, pool), OKAPI_ENOTFOUND,
           "nothing is left to report on");
    is_int(list(m, pool)->nelts, 1, "the other one is still there");
}

/* Several who take at the same time: each entry is taken by one of them. */
static void test_takers(mailbox_t *m, apr_pool_t *pool)
{
    enum { ENTRIES = 40, TAKERS = 3 };
    okapi_queue_envelope_t envelope = {"john@example.org", people("x@example.net", NULL, pool), 0};
    pid_t takers[TAKERS];
    int taken = 0, failed = 0;
    for (int i = 0; i < ENTRIES; i++) {
        failed |= okapi_queue_submit(draft(m, "many", pool), &envelope, pool) != APR_SUCCESS;
    }
    is_int(failed, 0, "forty are queued");
    for (int i = 0; i < TAKERS; i++) {
        takers[i] = fork();
        if (takers[i] == 0) {
            mailbox_t child = {.config = m->config};
            apr_array_header_t *entries;
            int n = 0;
            mailbox_open(&child, pool);
            do {
                mailbox_must(okapi_queue_take(&entries, child.okapi, 4, apr_time_from_sec(3600),
                                              pool, pool),
                             "take");
                n += entries->nelts;
            } while (entries->nelts > 0);
            _exit(n);
        }
    }
    for (int i = 0; i < TAKERS; i++) {
        int status = 0;
        waitpid(takers[i], &status, 0);
        taken += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    }
    ok(taken <= ENTRIES, "nobody gets what somebody has (%d)", taken);
    taken += take(m, apr_time_from_sec(3600), pool)->nelts;
    is_int(taken, ENTRIES, "and nothing is left out");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t m;
    mailbox_create(&m, pool);
    test_submit(&m, pool);
    test_take(&m, pool);
    test_takers(&m, pool);
    is_int(okapi_user_delete(m.okapi, "john", pool), APR_SUCCESS, "the user goes");
    is_int(list(&m, pool)->nelts, 0, "with what he had in the queue");
    return done_testing();
}
