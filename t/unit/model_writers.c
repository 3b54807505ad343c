/* model_writers.c - threads of several processes write into one store while another follows it.
 *
 * Each writer knows what it made itself, in folders of its own and in those all have. Together that
 * is what has to be there, whatever the order was, and the numbers are as many as the changes.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "model_writers.h"

enum { COUNTER_VALUE = 2 };

/* In memory of all processes. */
typedef struct writer_t {
    model_run_t run;
    model_t model;
    model_t trash;
    mailbox_t *mailbox; /* its process' */
    int wanted;         /* operations */
    apr_time_t deadline;
    int done, changes; /* operations, numbers they need */
    int is_right;
} writer_t;

static void *shared(apr_size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mailbox_must(memory == MAP_FAILED ? errno : APR_SUCCESS, "mmap");
    return memory;
}

/* ---- in a writer ---- */

static void *work(void *data)
{
    writer_t *w = data;
    model_run_t *run = &w->run;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    apr_pool_create(&run->pool, pool);
    run->okapi = w->mailbox->okapi;
    model_actors_open(run->stores, w->mailbox, pool);
    run->expected = apr_palloc(pool, MODEL_OBJECTS * sizeof(*run->expected));
    while (w->is_right && w->done < w->wanted && apr_time_now() < w->deadline) {
        const char *name;
        w->is_right = model_run_operation(run, &name);
        w->changes += run->nexpected;
        w->done++;
        if (!w->is_right) {
            diag("writer %d, operation %d: %s", run->writer, w->done, name);
        }
        apr_pool_clear(run->pool);
    }
    apr_pool_destroy(pool);
    return NULL;
}

/* A process in which WRITERS work at the same time, on one engine. */
static void start(writer_t *writers, int n, const mailbox_t *mailbox)
{
    if (fork() == 0) {
        mailbox_t own = {.config = mailbox->config};
        pthread_t threads[16];
        apr_pool_t *pool;
        apr_pool_create(&pool, NULL);
        mailbox_open(&own, pool);
        for (int i = 0; i < n; i++) {
            writers[i].mailbox = &own;
            mailbox_must(pthread_create(&threads[i], NULL, work, &writers[i]), "thread");
        }
        for (int i = 0; i < n; i++) {
            pthread_join(threads[i], NULL);
        }
        fflush(stdout);
        _exit(0);
    }
}

/* ---- beside them ---- */

/* One process that still runs has ended, or none has. */
static int reap(int *running, int *is_right, int flags)
{
    int status;
    pid_t pid = waitpid(-1, &status, flags);
    if (pid > 0) {
        (*running)--;
        *is_right &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return pid > 0;
}

static int follow_while(model_follower_t *follower, int running, model_run_t *dice,
                        apr_pool_t *parent_pool)
{
    int is_right = 1, more;
    apr_pool_t *pool;
    apr_pool_create(&pool, parent_pool);
    while (running > 0) {
        int max = 1 + (int)model_random(dice, 100);
        is_right = is_right && model_follow(follower, max, &more, pool);
        apr_pool_clear(pool);
        reap(&running, &is_right, is_right ? WNOHANG : 0);
    }
    apr_pool_destroy(pool);
    return is_right;
}

static void merge(model_t *model, const writer_t *w)
{
    for (int i = 0; i < w->model.n; i++) {
        if (w->model.objects[i].writer == w->run.writer) {
            *model_add(model, w->model.objects[i].id) = w->model.objects[i];
        }
    }
}

/* What all writers know and what the store has. */
static int agree(const writer_t *writers, int n, const model_t *before, model_follower_t *follower,
                 model_t *models, apr_pool_t *pool)
{
    model_t *expected = &models[0], *found = &models[1];
    int counted = 0, is_right;
    *expected = *before;
    for (int i = 0; i < n; i++) {
        merge(expected, &writers[i]);
        counted += writers[i].run.counted;
    }
    model_find(expected, writers[0].run.counter)->values[COUNTER_VALUE] += (apr_uint32_t)counted;
    is_right = model_read(found, follower->store, pool);
    is_right &= model_equal(expected, "what was written", found, "what is listed", MODEL_CONTENT);
    return is_right & model_equal(expected, "what was written", &follower->model,
                                  "what was followed", MODEL_CONTENT);
}

static void prepare(writer_t *w, const model_run_t *dice, int i, int wanted, apr_time_t deadline)
{
    w->is_right = 1;
    w->wanted = wanted;
    w->deadline = deadline;
    w->model = *dice->model;
    w->run = (model_run_t){.writer = dice->writer + i + 1,
                           .counter = dice->counter,
                           .messages_max = dice->messages_max,
                           .random = dice->random + (apr_uint64_t)i + 1,
                           .model = &w->model,
                           .trash = &w->trash};
}

int model_writers(mailbox_t *mailbox, model_follower_t *follower, model_run_t *dice, int processes,
                  int threads, int *operations, apr_time_t deadline)
{
    int n = processes * threads, is_right = 1, changes = 0, done = 0;
    writer_t *writers = shared((apr_size_t)n * sizeof(*writers));
    model_t *models = shared(2 * sizeof(*models));
    okapi_cn_t first, last;
    mailbox_must(okapi_store_cn(mailbox->store, &first, mailbox->pool), "change number");
    fflush(stdout);
    for (int i = 0; i < n; i++) {
        prepare(&writers[i], dice, i, *operations / n, deadline);
    }
    for (int i = 0; i < processes; i++) {
        start(&writers[i * threads], threads, mailbox);
    }
    is_right &= follow_while(follower, processes, dice, mailbox->pool);
    is_right &= is_right && model_follow_all(follower, 100, mailbox->pool);
    for (int i = 0; i < n; i++) {
        is_right &= writers[i].is_right;
        changes += writers[i].changes;
        done += writers[i].done;
    }
    mailbox_must(okapi_store_cn(mailbox->store, &last, mailbox->pool), "change number");
    is_right &= model_is(dice, "numbers for all", last - first >= changes, 1);
    is_right &= agree(writers, n, dice->model, follower, models, mailbox->pool);
    *dice->model = models[0];
    dice->writer += n;
    *operations = done;
    munmap(models, 2 * sizeof(*models));
    munmap(writers, (apr_size_t)n * sizeof(*writers));
    return is_right;
}
