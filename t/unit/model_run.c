/* model_run.c - the random operations: making and changing messages and folders. */
#include <okapi/permission.h>

#include "model_run.h"

enum { FOLDERS_MAX = 60 };

/* Without one of these a folder isn't there for somebody. */
enum { VISIBLE = OKAPI_RIGHT_VISIBLE | OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_OWNER };

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

okapi_folder_t *model_open_folder(model_run_t *run, okapi_id_t id)
{
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, run->store, id, run->pool, run->pool), "folder");
    return folder;
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

int model_count(const model_t *model, int is_folder)
{
    int n = 0;
    for (int i = 0; i < model->n; i++) {
        n += model->objects[i].is_folder == is_folder;
    }
    return n;
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

static int make_message(model_run_t *run, okapi_store_t *store, int is_associated, int flags)
{
    const model_object_t *place = model_pick_place(run);
    model_object_t made = {.parent = place->id, .is_associated = is_associated,
                           .is_read = !(flags & OKAPI_SAVE_DELIVERY), .writer = run->writer};
    okapi_message_t *message;
    apr_uint32_t rights = store == run->visitor ? place->rights : OKAPI_RIGHT_ALL;
    apr_status_t rv = okapi_message_create(&message, store, place->id, is_associated, run->pool,
                                           run->pool);
    if (rv == APR_SUCCESS) {
        set_values(run, &made, okapi_message_object(message));
        rv = okapi_message_save(message, (apr_uint32_t)flags, run->pool);
    }
    if (!(rights & OKAPI_RIGHT_CREATE) || !(rights & VISIBLE)) {
        return model_is(run, "without the right to", rv != APR_SUCCESS, 1);
    }
    mailbox_must(rv, "new message");
    made.id = okapi_message_id(message);
    *model_add(run->model, made.id) = made;
    model_expect(run, OKAPI_CHANGE_CREATED, &made);
    run->expected[0].is_delivered = (flags & OKAPI_SAVE_DELIVERY) != 0;
    return 1;
}

static int change_message(model_run_t *run)
{
    model_object_t *object = model_pick_message(run, 0);
    okapi_message_t *message;
    if (!object) {
        return 1;
    }
    mailbox_must(okapi_message_open(&message, run->store, model_random(run, 2) ? object->parent : 0,
                                    object->id, run->pool, run->pool),
                 "open");
    set_values(run, object, okapi_message_object(message));
    mailbox_must(okapi_message_save(message, 0, run->pool), "save");
    model_expect(run, OKAPI_CHANGE_MODIFIED, object);
    return 1;
}

static int create_message(model_run_t *run)
{
    return model_count(run->model, 0) < MODEL_MESSAGES_MAX
               ? make_message(run, run->store, model_random(run, 8) == 0, 0)
               : change_message(run);
}

static int deliver_message(model_run_t *run)
{
    return model_count(run->model, 0) < MODEL_MESSAGES_MAX ? make_message(run, run->store, 0, OKAPI_SAVE_DELIVERY)
                                        : change_message(run);
}

static int visitor_writes(model_run_t *run)
{
    return model_count(run->model, 0) < MODEL_MESSAGES_MAX ? make_message(run, run->visitor, 0, 0)
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
        mailbox_must(okapi_message_open(&message, run->store, 0, run->counter, run->pool,
                                        run->pool),
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

static int mark(model_run_t *run, okapi_id_t folder_id, const okapi_id_t *ids, int n, int read)
{
    int changed, partial, expect_missing = 0;
    for (int i = 0; i < run->model->n; i++) {
        model_object_t *object = &run->model->objects[i];
        int is_named = n == 0 && object->parent == folder_id;
        for (int j = 0; j < n; j++) {
            is_named |= ids[j] == object->id;
        }
        if (is_named && !object->is_folder && !object->is_associated && object->is_read != read) {
            object->is_read = read;
            model_expect(run, OKAPI_CHANGE_READ, object);
        }
    }
    for (int j = 0; j < n; j++) {
        expect_missing |= ids[j] == MODEL_ID_NONE;
    }
    mailbox_must(okapi_folder_set_read(model_open_folder(run, folder_id), ids, n, read, &changed,
                                       &partial, run->pool),
                 "read flags");
    return model_is(run, "changed", changed, run->nexpected) &
           model_is(run, "partial", partial, expect_missing);
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

/* ---- folders ---- */

static int change_folder(model_run_t *run)
{
    model_object_t *object = model_pick_folder(run);
    int i = (int)model_random(run, MODEL_VALUES);
    if (!object) {
        return 1;
    }
    okapi_object_t *folder = okapi_folder_object(model_open_folder(run, object->id));
    if (i > 0 && model_random(run, 3) == 0) {
        okapi_proptag_t tag = model_tag(1, i);
        mailbox_must(okapi_object_unset(folder, &tag, 1, run->pool), "unset");
        object->values[i] = MODEL_ABSENT;
    } else {
        object->values[i] = model_seed(run);
        okapi_propval_t value = model_value(1, i, object->values[i], run->pool);
        mailbox_must(okapi_object_set(folder, &value, 1, run->pool), "set");
    }
    model_expect(run, OKAPI_CHANGE_MODIFIED, object);
    return 1;
}

static int create_folder(model_run_t *run)
{
    const model_object_t *place = model_pick_place(run);
    model_object_t made = {.is_folder = 1, .writer = run->writer, .parent = place->id,
                           .rights = place->rights, .values = {model_seed(run)}};
    if (model_count(run->model, 1) >= FOLDERS_MAX) {
        return change_folder(run);
    }
    okapi_propval_t name = model_value(1, 0, made.values[0], run->pool);
    mailbox_must(okapi_folder_create(&made.id, model_open_folder(run, place->id), name.v.str, NULL,
                                     run->pool),
                 "new folder");
    *model_add(run->model, made.id) = made;
    model_expect(run, OKAPI_CHANGE_CREATED, &made);
    return 1;
}

/* Nothing happens. */
static int create_duplicate(model_run_t *run)
{
    const model_object_t *object = model_pick_folder(run);
    okapi_id_t id;
    if (!object) {
        return 1;
    }
    okapi_propval_t name = model_value(1, 0, object->values[0], run->pool);
    apr_status_t rv = okapi_folder_create(&id, model_open_folder(run, object->parent), name.v.str,
                                          NULL, run->pool);
    return model_is(run, "status", rv, OKAPI_EDUPLICATENAME) & model_is(run, "id", id, object->id);
}

static int permit(model_run_t *run)
{
    model_object_t *object = model_pick_folder(run);
    okapi_permission_change_t change = {OKAPI_PERMISSION_MODIFY, NULL, OKAPI_MEMBER_DEFAULT,
                                        model_random(run, 0x800) & OKAPI_RIGHT_ALL};
    if (!object) {
        return 1;
    }
    mailbox_must(okapi_permission_modify(model_open_folder(run, object->id), &change, 1, 0,
                                         run->pool),
                 "permission");
    object->rights = change.rights;
    model_expect(run, OKAPI_CHANGE_MODIFIED, object);
    return 1;
}

/* What isn't visible to somebody isn't there. */
static int visitor_looks(model_run_t *run)
{
    const model_object_t *object = model_pick_folder(run);
    okapi_folder_t *folder;
    if (!object) {
        return 1;
    }
    apr_status_t rv =
        okapi_folder_open(&folder, run->visitor, object->id, run->pool, run->pool);
    return model_is(run, "seen", rv == APR_SUCCESS, (object->rights & VISIBLE) != 0) &&
           (rv != APR_SUCCESS || model_is(run, "rights", okapi_folder_rights(folder) &
                                                             OKAPI_RIGHT_ALL, object->rights));
}

/* ---- which ---- */

static const model_operation_t operations[] = {
    {"create a message", 12, create_message},
    {"deliver a message", 12, deliver_message},
    {"a visitor writes a message", 3, visitor_writes},
    {"change a message", 25, change_message},
    {"raise the counter", 5, raise_counter},
    {"mark some messages", 12, mark_some},
    {"mark all of a folder", 2, mark_all},
    {"create a folder", 3, create_folder},
    {"create a folder that exists", 1, create_duplicate},
    {"change a folder", 4, change_folder},
    {"change permissions", 4, permit},
    {"a visitor looks at a folder", 2, visitor_looks},
};

static const model_operation_t *pick_operation(model_run_t *run)
{
    const int n = (int)(sizeof(operations) / sizeof(operations[0]));
    int sum = 0;
    for (int i = 0; i < n; i++) {
        sum += operations[i].weight;
    }
    for (int i = 0; i < model_transfers_count; i++) {
        sum += model_transfers[i].weight;
    }
    int left = (int)model_random(run, (apr_uint32_t)sum);
    for (int i = 0;; i++) {
        const model_operation_t *operation = i < n ? &operations[i] : &model_transfers[i - n];
        left -= operation->weight;
        if (left < 0) {
            return operation;
        }
    }
}

int model_run_operation(model_run_t *run, const char **name)
{
    const model_operation_t *operation = pick_operation(run);
    *name = operation->name;
    run->nexpected = run->may_skip = 0;
    run->touched[0] = run->touched[1] = 0;
    return operation->run(run);
}
