/* lease.c - leases: one holder at a time, until it gives back or its time is over. */
#include <sys/wait.h>

#include <okapi/lease.h>

#include "mailbox.h"

enum { CROWD = 4, ROUNDS = 25 };

static int take(mailbox_t *m, const char *name, apr_interval_time_t duration, apr_pool_t *pool)
{
    int taken;
    mailbox_must(okapi_lease_take(&taken, m->okapi, name, duration, pool), "take");
    return taken;
}

static void give_back(mailbox_t *m, const char *name, apr_interval_time_t pause, apr_pool_t *pool)
{
    mailbox_must(okapi_lease_end(m->okapi, name, pause, pool), "end");
}

static void test_two(mailbox_t *m, apr_pool_t *pool)
{
    const apr_interval_time_t minute = apr_time_from_sec(60);
    mailbox_t other = *m;
    mailbox_open(&other, pool);
    ok(take(m, "a", minute, pool), "a lease nobody has");
    ok(!take(&other, "a", minute, pool), "isn't another's then");
    ok(take(&other, "b", minute, pool), "another one is");
    ok(take(m, "a", minute, pool), "its holder may renew it");
    give_back(&other, "a", 0, pool);
    ok(!take(&other, "a", minute, pool), "only the holder gives it back");
    give_back(m, "a", 0, pool);
    ok(take(&other, "a", minute, pool), "then another has it");
    give_back(&other, "a", minute, pool);
    ok(!take(m, "a", minute, pool) && !take(&other, "a", minute, pool), "nobody, during a pause");
    ok(take(m, "c", apr_time_from_msec(50), pool), "for a short time");
    apr_sleep(apr_time_from_msec(60));
    ok(take(&other, "c", minute, pool), "which is over");
    give_back(m, "c", 0, pool);
    ok(!take(m, "c", minute, pool), "and it isn't the first one's any more");
}

/* In the file: a byte for each who is inside. */
static int contend(mailbox_t *m, const char *path, apr_pool_t *root)
{
    apr_pool_t *pool;
    int met = 0;
    apr_pool_create(&pool, root);
    for (int done = 0; done < ROUNDS;) {
        apr_file_t *file;
        apr_pool_clear(pool);
        if (!take(m, "crowd", apr_time_from_sec(60), pool)) {
            apr_sleep(500);
            continue;
        }
        met += apr_file_open(&file, path, APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_WRITE,
                             APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS;
        apr_file_remove(path, pool);
        done++;
        give_back(m, "crowd", 0, pool);
    }
    return met;
}

static void test_crowd(mailbox_t *m, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, m->config.run_dir, "/inside", NULL);
    pid_t pids[CROWD];
    int alone = 1;
    for (int i = 0; i < CROWD; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            mailbox_t own = *m;
            apr_pool_t *own_pool;
            apr_pool_create(&own_pool, NULL);
            mailbox_open(&own, own_pool);
            _exit(contend(&own, path, own_pool) != 0);
        }
    }
    for (int i = 0; i < CROWD; i++) {
        int status;
        alone &= waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status) &&
                 WEXITSTATUS(status) == 0;
    }
    ok(alone, "of %d processes none met another", CROWD);
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t m;
    mailbox_create(&m, pool);
    test_two(&m, pool);
    test_crowd(&m, pool);
    return done_testing();
}
