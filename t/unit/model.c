/* model.c - random operations on a mailbox, alone and by several processes at a time: the mailbox,
 * its counts and its change sequence are at any moment what a simple model says.
 *
 * OKAPI_MODEL_OPERATIONS is how many; without it, 10,000 or as many as a minute is enough for.
 * OKAPI_MODEL_SEED repeats a run.
 */
#include <okapi/fsck.h>
#include <okapi/permission.h>
#include <okapi/search.h>

#include "model_writers.h"

enum {
    OPERATIONS = 10000,
    OPERATIONS_OF_ONE = 20000, /* mailbox; then it is another one's turn */
    SECONDS = 60,
    COMPARE_EVERY = 1000, /* operations, on average; the sequence more often */
    PROCESSES = 2,
    THREADS = 2, /* in each */
    WRITERS = PROCESSES * THREADS,
    ROUNDS = 2,
    MESSAGES_ALONE = 1000,
    MESSAGES_TOGETHER = 250 /* of each writer */
};

typedef struct limits_t {
    int operations;
    apr_time_t start, duration;
    apr_uint64_t seed;
} limits_t;

static limits_t read_limits(void)
{
    const char *operations = getenv("OKAPI_MODEL_OPERATIONS"), *seed = getenv("OKAPI_MODEL_SEED");
    limits_t limits = {.operations = operations ? atoi(operations) : OPERATIONS,
                       .start = apr_time_now(),
                       .duration = apr_time_from_sec(operations ? 1000000 : SECONDS)};
    limits.seed = seed ? strtoull(seed, NULL, 10) : (apr_uint64_t)limits.start;
    return limits;
}

/* ---- one writer ---- */

static int compare(model_run_t *run, model_follower_t *follower, model_t *found, apr_pool_t *pool)
{
    apr_pool_t *scratch_pool;
    apr_pool_create(&scratch_pool, pool);
    int is_right = model_follow_all(follower, 1 + (int)model_random(run, 300), scratch_pool);
    is_right &= model_equal(run->model, "the model", &follower->model, "what was followed",
                            MODEL_CONTENT | MODEL_NUMBERS);
    is_right &= model_read(found, run->stores[MODEL_OWNER], scratch_pool);
    is_right &= model_equal(run->model, "the model", found, "what is listed", MODEL_CONTENT);
    for (int i = 0; i < found->n; i++) {
        const model_object_t *object = model_find(run->model, found->objects[i].id);
        if (object && object->is_folder) {
            is_right &= model_is(run, "the last number in a folder", found->objects[i].last_cn,
                                 object->last_cn);
        }
    }
    apr_pool_destroy(scratch_pool);
    return is_right;
}

static int step(model_run_t *run, model_follower_t *follower, model_t *found, apr_pool_t *pool)
{
    const char *name;
    int is_right = model_run_operation(run, &name), more;
    is_right &= model_observe(run);
    if (!is_right) {
        diag("the operation was: %s", name);
    } else if (model_random(run, 10) == 0) {
        is_right = model_check_sequence(run);
    }
    if (is_right && model_random(run, 20) == 0) {
        apr_uint32_t max = model_random(run, 4) ? 9 : 100;
        is_right = model_follow(follower, 1 + (int)model_random(run, max), &more, run->pool);
    }
    if (is_right && model_random(run, COMPARE_EVERY) == 0) {
        is_right = compare(run, follower, found, pool);
    }
    apr_pool_clear(run->pool);
    return is_right;
}

static void show(void *baton, const okapi_fsck_finding_t *f)
{
    diag("%s: %s: %s (%s)", f->check, f->owner, f->sentence, f->remedy);
}

/* The store keeps what FORMAT.md promises. */
static int check(mailbox_t *mailbox, const char *when)
{
    okapi_fsck_t fsck = {.deep = 1, .found = show};
    apr_status_t rv = okapi_fsck(mailbox->okapi, &fsck, mailbox->pool);
    return ok(rv == APR_SUCCESS && fsck.damaged == 0, "okapi-fsck finds nothing %s", when);
}

static int alone(model_run_t *run, model_follower_t *follower, model_t *found,
                 const limits_t *limits, apr_pool_t *pool)
{
    apr_time_t deadline = limits->start + limits->duration / 2;
    int n = 0, is_right = 1, wanted = limits->operations / 2;
    while (is_right && n < wanted && apr_time_now() < deadline) {
        is_right = step(run, follower, found, pool);
        n++;
    }
    if (is_right && n < wanted) {
        diag("only %d operations of %d: the disk is slow", n, wanted);
    }
    ok(is_right, "one writer: %d operations, each took the numbers it should", n);
    return ok(is_right && compare(run, follower, found, pool),
              "one writer: the store, its counts and its sequence are the model's");
}

/* ---- several ---- */

static okapi_id_t make_counter(mailbox_t *mailbox, model_run_t *run)
{
    okapi_message_t *message;
    okapi_id_t folder_id = okapi_folder_id(mailbox->inbox);
    mailbox_must(okapi_message_create(&message, mailbox->store, folder_id, 0, mailbox->pool,
                                      mailbox->pool),
                 "counter");
    okapi_propval_t values[] = {model_value(0, 0, 1, mailbox->pool),
                                model_value(0, 2, 1000, mailbox->pool)};
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 2, mailbox->pool), "set");
    mailbox_must(okapi_message_save(message, 0, mailbox->pool), "save");
    model_object_t *object = model_add(run->model, okapi_message_id(message));
    object->parent = folder_id;
    object->is_read = 1;
    object->values[0] = 1;
    object->values[2] = 1000;
    return object->id;
}

static int together(mailbox_t *mailbox, model_run_t *run, model_follower_t *follower,
                    const limits_t *limits)
{
    int is_right = 1, wanted = limits->operations / 2 / ROUNDS;
    run->counter = make_counter(mailbox, run);
    run->messages_max = MESSAGES_TOGETHER;
    for (int round = 1; is_right && round <= ROUNDS; round++) {
        int n = wanted;
        apr_time_t deadline =
            limits->start + limits->duration / 2 + limits->duration / 2 / ROUNDS * round;
        is_right = model_writers(mailbox, follower, run, PROCESSES, THREADS, &n, deadline);
        if (is_right && n < wanted / WRITERS * WRITERS) {
            diag("only %d operations of %d: the disk is slow", n, wanted);
        }
        ok(is_right, "%d writers in %d processes: %d operations, nothing lost, nothing twice",
           WRITERS, PROCESSES, n);
    }
    return is_right;
}

/* Everybody sees everything there is and may do a little; some more in the inbox. New folders are
 * for the same people as those around them. */
static void open_doors(mailbox_t *mailbox)
{
    okapi_permission_change_t change = {OKAPI_PERMISSION_MODIFY, NULL, OKAPI_MEMBER_DEFAULT,
                                        OKAPI_RIGHT_VISIBLE | OKAPI_RIGHT_CREATE |
                                            OKAPI_RIGHT_CREATE_SUBFOLDER |
                                            OKAPI_RIGHT_EDIT_OWNED | OKAPI_RIGHT_DELETE_OWNED};
    apr_pool_t *pool = mailbox->pool;
    okapi_folder_t *root;
    apr_array_header_t *nodes;
    mailbox_must(okapi_folder_open(&root, mailbox->store,
                                   okapi_store_special(mailbox->store, OKAPI_FOLDER_ROOT), pool,
                                   pool),
                 "root");
    mailbox_must(okapi_folder_tree(&nodes, root, pool, pool), "folders");
    mailbox_must(okapi_permission_modify(root, &change, 1, 0, pool), "root");
    for (int i = 0; i < nodes->nelts; i++) {
        okapi_folder_t *folder = APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).folder;
        if (!okapi_folder_is_search(folder)) {
            mailbox_must(okapi_permission_modify(folder, &change, 1, 0, pool), "permissions");
        }
    }
    change.rights |= OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_DELETE_ANY;
    mailbox_must(okapi_permission_modify(mailbox->inbox, &change, 1, 0, pool), "inbox");
}

static void begin(model_run_t *run, model_t *model, model_t *trash, mailbox_t *mailbox,
                  const limits_t *limits)
{
    apr_pool_t *pool = mailbox->pool;
    *run = (model_run_t){.okapi = mailbox->okapi, .model = model, .trash = trash, .writer = 1,
                         .is_alone = 1, .messages_max = MESSAGES_ALONE,
                         .random = limits->seed * 2 + 1};
    trash->n = 0;
    model_actors_open(run->stores, mailbox, pool);
    run->expected = apr_palloc(pool, MODEL_OBJECTS * sizeof(*run->expected));
    apr_pool_create(&run->pool, pool);
}

/* A mailbox from its first change to its last. */
static int live(const limits_t *limits, apr_pool_t *pool)
{
    static model_t model, found, trash;
    static model_run_t run;
    static model_follower_t follower;
    mailbox_t mailbox;
    diag("OKAPI_MODEL_SEED=%llu", (unsigned long long)limits->seed);
    mailbox_create(&mailbox, pool);
    model_actors_add(&mailbox);
    open_doors(&mailbox);
    follower.store = mailbox.store;
    follower.cn = follower.base = follower.model.n = 0;
    ok(model_follow_all(&follower, 7, pool), "a new mailbox is followed");
    ok(model_read(&model, mailbox.store, pool), "and listed");
    if (!ok(model_equal(&model, "what is listed", &follower.model, "what was followed",
                        MODEL_CONTENT),
            "which is the same")) {
        return 0;
    }
    for (int i = 0; i < model.n; i++) {
        model_object_t *object = &model.objects[i];
        const model_object_t *followed = model_find(&follower.model, object->id);
        object->cn = followed->cn;
        object->content_cn = followed->content_cn;
        object->add_cn = followed->add_cn;
    }
    begin(&run, &model, &trash, &mailbox, limits);
    run.cn = follower.cn;
    return alone(&run, &follower, &found, limits, pool) && check(&mailbox, "after one writer") &&
           together(&mailbox, &run, &follower, limits) && check(&mailbox, "after several");
}

int main(void)
{
    limits_t limits = read_limits();
    int left = limits.operations, is_right = 1;
    while (left > 0 && is_right) {
        apr_pool_t *pool;
        apr_pool_create(&pool, tap_pool());
        limits.operations = left < OPERATIONS_OF_ONE ? left : OPERATIONS_OF_ONE;
        is_right = live(&limits, pool);
        left -= limits.operations;
        limits.seed++;
        apr_pool_destroy(pool);
    }
    return done_testing();
}
