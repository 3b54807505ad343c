/* model_run.c - the random operations: making and changing messages. */
#include "model_run.h"

/* ---- what operations share ---- */

/* xorshift64*: the same numbers everywhere. */
apr_uint32_t model_random(model_run_t *run, apr_uint32_t below)
{
    run->random ^= run->random >> 12;
    run->random ^= run->random << 25;
    run->random ^= run->random >> 27;
    return (apr_uint32_t)((run->random * 2685821657736338717u) >> 33) % below;
}

apr_uint32_t model_seed(model_run_t *run)
{
    return ((apr_uint32_t)run->writer << 25) + ++run->seeds;
}

typedef int (*test_t)(const model_run_t *run, const model_object_t *object, okapi_id_t in);

static model_object_t *pick(model_run_t *run, test_t test, okapi_id_t in)
{
    model_object_t *picked = NULL;
    apr_uint32_t n = 0;
    for (int i = 0; i < run->model->n; i++) {
        if (test(run, &run->model->objects[i], in) && model_random(run, ++n) == 0) {
            picked = &run->model->objects[i];
        }
    }
    return picked;
}

static int is_message(const model_run_t *run, const model_object_t *object, okapi_id_t in)
{
    return !object->is_folder && object->writer == run->writer && (!in || object->parent == in);
}

static int is_own_folder(const model_run_t *run, const model_object_t *object, okapi_id_t in)
{
    return object->is_folder && object->writer == run->writer;
}

static int is_place(const model_run_t *run, const model_object_t *object, okapi_id_t in)
{
    return object->is_folder && object->parent &&
           (!object->writer || object->writer == run->writer);
}

model_object_t *model_pick_message(model_run_t *run, okapi_id_t folder_id)
{
    return pick(run, is_message, folder_id);
}

model_object_t *model_pick_folder(model_run_t *run)
{
    return pick(run, is_own_folder, 0);
}

model_object_t *model_pick_place(model_run_t *run)
{
    return pick(run, is_place, 0);
}

int model_may(model_run_t *run, okapi_id_t folder_id, apr_uint32_t one_of)
{
    return (model_rights(model_find(run->model, folder_id), run->actor) & one_of) != 0;
}

int model_may_message(model_run_t *run, const model_object_t *message, apr_uint32_t right)
{
    const model_object_t *folder = model_find(run->model, message->parent);
    return (model_message_rights(folder, message, run->actor) & right) != 0;
}

int model_done(model_run_t *run, const char *what, apr_status_t rv, int may)
{
    char buffer[200];
    int is_refused = rv == OKAPI_EACCESS || rv == OKAPI_ENOTFOUND;
    if (may ? rv != APR_SUCCESS : !is_refused) {
        diag("%s, by %s, who may%s: %s", what, model_actor_name(run->actor), may ? "" : " not",
             okapi_strerror(rv, buffer, sizeof(buffer)));
        run->is_wrong = 1;
    }
    return may && rv == APR_SUCCESS;
}

okapi_folder_t *model_open_folder(model_run_t *run, okapi_id_t id)
{
    okapi_folder_t *folder;
    apr_status_t rv = okapi_folder_open(&folder, run->stores[run->actor], id, run->pool, run->pool);
    int sees = model_sees(model_find(run->model, id), run->actor);
    return model_done(run, "open a folder", rv, sees) ? folder : NULL;
}

void model_touch(model_run_t *run, okapi_id_t folder_id)
{
    if (run->ntouched < MODEL_TOUCHED) {
        run->touched[run->ntouched++] = folder_id;
    }
}

void model_expect(model_run_t *run, okapi_change_e kind, const model_object_t *object)
{
    run->expected[run->nexpected++] = (okapi_change_t){
        .kind = kind,
        .is_folder = object->is_folder,
        .is_associated = object->is_associated,
        .folder_id = object->parent,
        .id = object->id,
    };
}

int model_is(model_run_t *run, const char *what, long long got, long long want)
{
    if (got != want) {
        diag("%s: got %lld, expected %lld", what, got, want);
    }
    return got == want;
}

int model_count(const model_run_t *run, const model_t *model, int is_folder)
{
    int n = 0;
    for (int i = 0; i < model->n; i++) {
        n += model->objects[i].is_folder == is_folder && model->objects[i].writer == run->writer;
    }
    return n;
}

int model_has_room(const model_run_t *run, int messages)
{
    return model_count(run, run->model, 0) + messages <= run->messages_max;
}

/* ---- messages ---- */

/* Some values of OBJECT get others, at least one. */
static void set_values(model_run_t *run, model_object_t *object, okapi_object_t *opened)
{
    int first = (int)model_random(run, MODEL_VALUES);
    for (int i = 0; i < MODEL_VALUES; i++) {
        if (i == first || model_random(run, 3) == 0) {
            apr_uint32_t seed = model_seed(run);
            okapi_propval_t value = model_value(0, i, seed, run->pool);
            mailbox_must(okapi_object_set(opened, &value, 1, run->pool), "set");
            object->values[i] = seed;
        } else if (i > 0 && model_random(run, 6) == 0) {
            okapi_proptag_t tag = model_tag(0, i);
            mailbox_must(okapi_object_unset(opened, &tag, 1, run->pool), "unset");
            object->values[i] = MODEL_ABSENT;
        }
    }
}

static int make_message(model_run_t *run, int is_associated, int flags)
{
    const model_object_t *place = model_pick_place(run);
    model_object_t made = {.parent = place->id, .is_associated = is_associated,
                           .is_read = !(flags & OKAPI_SAVE_DELIVERY), .writer = run->writer,
                           .creator = run->actor};
    okapi_message_t *message;
    int may = model_sees(place, run->actor) && model_may(run, place->id, OKAPI_RIGHT_CREATE) &&
              (!is_associated || model_may(run, place->id, OKAPI_RIGHT_OWNER));
    apr_status_t rv = okapi_message_create(&message, run->stores[run->actor], place->id,
                                           is_associated, run->pool, run->pool);
    if (!model_done(run, "make a message", rv, may)) {
        return 1;
    }
    set_values(run, &made, okapi_message_object(message));
    mailbox_must(okapi_message_save(message, (apr_uint32_t)flags, run->pool), "new message");
    made.id = okapi_message_id(message);
    *model_add(run->model, made.id) = made;
    model_expect(run, OKAPI_CHANGE_CREATED, &made);
    run->expected[0].is_delivered = (flags & OKAPI_SAVE_DELIVERY) != 0;
    return 1;
}

static int change_message(model_run_t *run)
{
    model_object_t *object = model_pick_message(run, 0), changed;
    okapi_message_t *message;
    if (!object) {
        return 1;
    }
    int may = model_sees(model_find(run->model, object->parent), run->actor) &&
              model_may_message(run, object, OKAPI_RIGHT_READ_ANY);
    apr_status_t rv = okapi_message_open(&message, run->stores[run->actor],
                                         model_random(run, 2) ? object->parent : 0, object->id,
                                         run->pool, run->pool);
    if (!model_done(run, "open a message", rv, may)) {
        return 1;
    }
    changed = *object;
    set_values(run, &changed, okapi_message_object(message));
    rv = okapi_message_save(message, 0, run->pool);
    if (model_done(run, "save a message", rv,
                   model_may_message(run, object, OKAPI_RIGHT_EDIT_ANY))) {
        *object = changed;
        model_expect(run, OKAPI_CHANGE_MODIFIED, object);
    }
    return 1;
}

static int create_message(model_run_t *run)
{
    return model_has_room(run, 1) ? make_message(run, model_random(run, 8) == 0, 0)
                                  : change_message(run);
}

static int deliver_message(model_run_t *run)
{
    run->actor = MODEL_OWNER;
    return model_has_room(run, 1) ? make_message(run, 0, OKAPI_SAVE_DELIVERY)
                                  : change_message(run);
}

/* A message that all writers change: none of the changes may be lost. */
static int raise_counter(model_run_t *run)
{
    apr_status_t rv = run->counter ? OKAPI_EOBJECTMODIFIED : APR_SUCCESS;
    okapi_proptag_t tag = model_tag(0, 2);
    while (rv == OKAPI_EOBJECTMODIFIED) {
        okapi_message_t *message;
        okapi_propval_t number;
        mailbox_must(okapi_message_open(&message, run->stores[MODEL_OWNER], 0, run->counter,
                                        run->pool, run->pool),
                     "open");
        okapi_object_t *object = okapi_message_object(message);
        mailbox_must(okapi_object_get(object, &tag, 1, 0, &number, run->pool, run->pool), "get");
        number.v.i32++;
        mailbox_must(okapi_object_set(object, &number, 1, run->pool), "set");
        rv = okapi_message_save(message, 0, run->pool);
    }
    mailbox_must(rv, "raising");
    run->counted += run->counter != 0;
    run->nexpected += run->counter != 0;
    return 1;
}

/* ---- read state ---- */

/* Of OBJECT, which was named or one of all; *MISSING is set if it can't be. */
static void expect_mark(model_run_t *run, model_object_t *object, int is_named, int read,
                        int *missing)
{
    int is_other = !object->is_associated && object->is_read != read;
    if (!model_may_message(run, object, OKAPI_RIGHT_EDIT_ANY)) {
        *missing |= is_named || is_other;
    } else if (is_other) {
        object->is_read = read;
        model_expect(run, OKAPI_CHANGE_READ, object);
    }
}

static int mark(model_run_t *run, okapi_id_t folder_id, const okapi_id_t *ids, int n, int read)
{
    int changed, partial, missing = 0;
    okapi_folder_t *folder = model_open_folder(run, folder_id);
    if (!folder) {
        return 1;
    }
    apr_status_t rv = okapi_folder_set_read(folder, ids, n, read, &changed, &partial, run->pool);
    int may = model_may(run, folder_id, OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_EDIT_OWNED);
    if (!model_done(run, "set read flags", rv, may)) {
        return 1;
    }
    for (int i = 0; n == 0 && i < run->model->n; i++) {
        model_object_t *object = &run->model->objects[i];
        if (object->parent == folder_id && !object->is_folder) {
            expect_mark(run, object, 0, read, &missing);
        }
    }
    for (int i = 0; i < n; i++) {
        if (ids[i] == MODEL_ID_NONE) {
            missing = 1;
        } else {
            expect_mark(run, model_find(run->model, ids[i]), 1, read, &missing);
        }
    }
    return model_is(run, "changed", changed, run->nexpected) &
           model_is(run, "partial", partial, missing);
}

static int mark_some(model_run_t *run)
{
    enum { SOME = 20 };
    const model_object_t *object = model_pick_message(run, 0);
    okapi_id_t ids[SOME];
    int n = 0;
    for (int i = 0; object && i < run->model->n && n < SOME - 1; i++) {
        const model_object_t *other = &run->model->objects[i];
        if (is_message(run, other, object->parent) && model_random(run, 3) == 0) {
            ids[n++] = other->id;
        }
    }
    if (model_random(run, 5) == 0) {
        ids[n++] = MODEL_ID_NONE;
    }
    return !object || n == 0 || mark(run, object->parent, ids, n, (int)model_random(run, 2));
}

static int mark_all(model_run_t *run)
{
    const model_object_t *folder = model_pick_folder(run);
    return !folder || mark(run, folder->id, NULL, 0, (int)model_random(run, 2));
}

/* ---- which ---- */

static const model_operation_t operations[] = {
    {"create a message", 12, create_message},
    {"deliver a message", 12, deliver_message},
    {"change a message", 25, change_message},
    {"raise the counter", 5, raise_counter},
    {"mark some messages", 12, mark_some},
    {"mark all of a folder", 2, mark_all},
};

/* Owners do more than others. */
static int pick_actor(model_run_t *run)
{
    return model_random(run, 2) ? MODEL_OWNER : MODEL_MARY + (int)model_random(run, 3);
}

static const model_operation_t *pick_operation(model_run_t *run)
{
    const struct {
        const model_operation_t *operations;
        int n;
    } tables[] = {{operations, sizeof(operations) / sizeof(operations[0])},
                  {model_transfers, model_transfers_count},
                  {model_folders, model_folders_count},
                  {model_trees, model_trees_count}};
    enum { TABLES = sizeof(tables) / sizeof(tables[0]) };
    int sum = 0;
    for (int i = 0; i < TABLES; i++) {
        for (int j = 0; j < tables[i].n; j++) {
            sum += tables[i].operations[j].weight;
        }
    }
    int left = (int)model_random(run, (apr_uint32_t)sum);
    for (int i = 0;; i++) {
        for (int j = 0; j < tables[i].n; j++) {
            left -= tables[i].operations[j].weight;
            if (left < 0) {
                return &tables[i].operations[j];
            }
        }
    }
}

int model_run_operation(model_run_t *run, const char **name)
{
    const model_operation_t *operation = pick_operation(run);
    *name = operation->name;
    run->actor = pick_actor(run);
    run->is_wrong = run->may_skip = run->nexpected = run->ntouched = 0;
    run->ended[0] = run->ended[1] = 0;
    return operation->run(run) && !run->is_wrong;
}
