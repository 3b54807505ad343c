/* model_transfer.c - the random operations: messages that are copied, moved, deleted, recovered. */
#include <okapi/transfer.h>

#include "model_run.h"

enum { SOME = 20, DELETING = OKAPI_RIGHT_DELETE_ANY | OKAPI_RIGHT_DELETE_OWNED };

/* Messages of one folder, one in five times with one that isn't there. */
typedef struct picked_t {
    okapi_id_t folder_id, ids[SOME + 1], new_ids[SOME + 1];
    int n, done;
    okapi_folder_t *folder; /* as the actor has it open */
} picked_t;

/* 0: there are none, or the actor doesn't see their folder. */
static int pick_some(model_run_t *run, picked_t *p, model_t *from)
{
    const model_object_t *first = NULL;
    apr_uint32_t messages = 0;
    *p = (picked_t){0};
    for (int i = 0; i < from->n; i++) {
        const model_object_t *object = &from->objects[i];
        if (!object->is_folder && object->writer == run->writer && !object->deleted &&
            model_random(run, ++messages) == 0) {
            first = object;
        }
    }
    for (int i = 0; first && i < from->n && p->n < SOME; i++) {
        const model_object_t *object = &from->objects[i];
        if (object == first ||
            (!object->is_folder && object->writer == run->writer && !object->deleted &&
             object->parent == first->parent && model_random(run, 3) == 0)) {
            p->ids[p->n++] = object->id;
        }
    }
    if (!first) {
        return 0;
    }
    p->folder_id = first->parent;
    if (model_random(run, 5) == 0) {
        p->ids[p->n++] = MODEL_ID_NONE;
    }
    run->may_skip = 1;
    p->folder = model_open_folder(run, p->folder_id);
    return p->folder != NULL;
}

static int is_partial(model_run_t *run, const picked_t *p, int partial)
{
    return model_is(run, "partial", partial, p->done < p->n);
}

/* Each that may be read here, taken away if it LEAVES, and made there, is at its new place. */
static int arrive(model_run_t *run, picked_t *p, model_t *from, okapi_id_t to, int leaves)
{
    int is_right = 1;
    for (int i = 0; i < p->n; i++) {
        const model_object_t *there = model_find(from, p->ids[i]);
        int may = there && model_may_message(run, there, OKAPI_RIGHT_READ_ANY) &&
                  (!leaves || model_may_message(run, there, OKAPI_RIGHT_DELETE_ANY)) &&
                  (!there->is_associated || model_may(run, to, OKAPI_RIGHT_OWNER));
        is_right &= model_is(run, "done", p->new_ids[i] != 0, may);
        if (!may || !is_right) {
            continue;
        }
        model_object_t object = *there;
        if (leaves && from == run->model) {
            model_expect(run, OKAPI_CHANGE_DELETED, &object);
        }
        if (leaves) {
            model_remove(from, object.id);
        } else {
            object.creator = run->actor;
        }
        object.id = p->new_ids[i];
        object.parent = to;
        object.is_soft = 0;
        *model_add(run->model, object.id) = object;
        model_expect(run, OKAPI_CHANGE_CREATED, &object);
        p->done++;
    }
    run->ended[0] = p->done && leaves ? p->folder_id : 0;
    run->ended[1] = p->done ? to : 0;
    return is_right;
}

static int copy_messages(model_run_t *run)
{
    picked_t p;
    okapi_id_t to_id = model_pick_place(run)->id;
    okapi_folder_t *to;
    int partial;
    if (!model_has_room(run, SOME) || !pick_some(run, &p, run->model) ||
        !(to = model_open_folder(run, to_id))) {
        return 1;
    }
    apr_status_t rv = okapi_messages_copy(p.folder, to, p.ids, p.n, p.new_ids, &partial, run->pool);
    int may = model_lists(model_find(run->model, p.folder_id), run->actor) &&
              model_may(run, to_id, OKAPI_RIGHT_CREATE);
    return !model_done(run, "copy messages", rv, may) ||
           (arrive(run, &p, run->model, to_id, 0) & is_partial(run, &p, partial));
}

static int may_move(model_run_t *run, const picked_t *p, okapi_id_t to)
{
    return model_lists(model_find(run->model, p->folder_id), run->actor) &&
           model_may(run, p->folder_id, DELETING) && model_may(run, to, OKAPI_RIGHT_CREATE);
}

static int move_messages(model_run_t *run)
{
    picked_t p;
    okapi_id_t to_id = model_pick_place(run)->id;
    okapi_folder_t *to;
    int partial;
    if (!pick_some(run, &p, run->model) || to_id == p.folder_id ||
        !(to = model_open_folder(run, to_id))) {
        return 1;
    }
    apr_status_t rv = okapi_messages_move(p.folder, to, p.ids, p.n, p.new_ids, &partial, run->pool);
    return !model_done(run, "move messages", rv, may_move(run, &p, to_id)) ||
           (arrive(run, &p, run->model, to_id, 1) & is_partial(run, &p, partial));
}

static int recover_messages(model_run_t *run)
{
    picked_t p;
    okapi_id_t to_id = model_pick_place(run)->id;
    okapi_folder_t *to;
    int partial;
    if (!pick_some(run, &p, run->trash) || !(to = model_open_folder(run, to_id))) {
        return 1;
    }
    apr_status_t rv =
        okapi_messages_recover(p.folder, to, p.ids, p.n, p.new_ids, &partial, run->pool);
    return !model_done(run, "recover messages", rv, may_move(run, &p, to_id)) ||
           (arrive(run, &p, run->trash, to_id, 1) & is_partial(run, &p, partial));
}

static int delete_messages(model_run_t *run, model_t *from, int flags)
{
    picked_t p;
    int partial;
    if (!pick_some(run, &p, from)) {
        return 1;
    }
    apr_status_t rv = okapi_messages_delete(p.folder, p.ids, p.n, flags, &partial, run->pool);
    if (!model_done(run, "delete messages", rv, model_may(run, p.folder_id, DELETING))) {
        return 1;
    }
    for (int i = 0; i < p.n; i++) {
        const model_object_t *there = model_find(from, p.ids[i]);
        if (!there || (there->is_soft && !(flags & OKAPI_DELETE_HARD)) ||
            !model_may_message(run, there, OKAPI_RIGHT_DELETE_ANY)) {
            continue;
        }
        model_object_t object = *there;
        if (from == run->model) {
            model_expect(run, OKAPI_CHANGE_DELETED, &object);
        }
        model_remove(from, object.id);
        if (!(flags & OKAPI_DELETE_HARD)) {
            object.is_soft = 1;
            *model_add(run->trash, object.id) = object;
        }
        p.done++;
    }
    run->ended[0] = p.done ? p.folder_id : 0;
    return is_partial(run, &p, partial);
}

static int delete_softly(model_run_t *run)
{
    return model_count(run, run->trash, 0) > run->messages_max
               ? delete_messages(run, run->trash, OKAPI_DELETE_HARD)
               : delete_messages(run, run->model, 0);
}

static int delete_hard(model_run_t *run)
{
    return delete_messages(run, run->model, OKAPI_DELETE_HARD);
}

/* Softly it can't be done again. */
static int delete_again(model_run_t *run)
{
    return delete_messages(run, run->trash, model_random(run, 3) ? OKAPI_DELETE_HARD : 0);
}

const model_operation_t model_transfers[] = {
    {"copy messages", 3, copy_messages},
    {"move messages", 8, move_messages},
    {"recover messages", 2, recover_messages},
    {"delete messages softly", 3, delete_softly},
    {"delete messages for good", 2, delete_hard},
    {"delete softly deleted messages again", 1, delete_again},
};

const int model_transfers_count = sizeof(model_transfers) / sizeof(model_transfers[0]);
