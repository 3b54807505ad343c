/* model_transfer.c - the random operations: what is copied, moved, deleted, recovered. */
#include <okapi/transfer.h>

#include "model_run.h"

enum { SOME = 20 };

/* Messages of one folder, one in five times with one that isn't there. */
typedef struct picked_t {
    okapi_id_t folder_id, ids[SOME + 1], new_ids[SOME + 1];
    int n, missing; /* MISSING is the index of what isn't there, or N */
} picked_t;

static int pick_some(model_run_t *run, picked_t *p, model_t *from)
{
    const model_object_t *first = NULL;
    apr_uint32_t messages = 0;
    *p = (picked_t){0};
    for (int i = 0; i < from->n; i++) {
        const model_object_t *object = &from->objects[i];
        if (!object->is_folder && object->writer == run->writer &&
            model_random(run, ++messages) == 0) {
            first = object;
        }
    }
    for (int i = 0; first && i < from->n && p->n < SOME; i++) {
        const model_object_t *object = &from->objects[i];
        if (object == first || (!object->is_folder && object->writer == run->writer &&
                                object->parent == first->parent && model_random(run, 3) == 0)) {
            p->ids[p->n++] = object->id;
        }
    }
    p->folder_id = first ? first->parent : 0;
    p->missing = p->n;
    if (first && model_random(run, 5) == 0) {
        p->ids[p->n++] = MODEL_ID_NONE;
    }
    run->may_skip = 1;
    return p->n > 0;
}

static int is_partial(model_run_t *run, const picked_t *p, int partial)
{
    return model_is(run, "partial", partial, p->missing < p->n);
}

/* Each of them is gone from FROM, and comes with its new id into the folder TO of the model. */
static int arrive(model_run_t *run, const picked_t *p, model_t *from, okapi_id_t to)
{
    int is_right = 1;
    for (int i = 0; i < p->missing; i++) {
        model_object_t object = *model_find(from, p->ids[i]);
        if (from == run->model) {
            model_expect(run, OKAPI_CHANGE_DELETED, &object);
        }
        model_remove(from, object.id);
        is_right &= model_is(run, "moved", p->new_ids[i] != 0, 1);
        object.id = p->new_ids[i];
        object.parent = to;
        *model_add(run->model, object.id) = object;
        model_expect(run, OKAPI_CHANGE_CREATED, &object);
    }
    run->touched[0] = p->missing ? p->folder_id : 0;
    run->touched[1] = p->missing ? to : 0;
    return is_right;
}

static int copy_messages(model_run_t *run)
{
    picked_t p;
    okapi_id_t to = model_pick_place(run)->id;
    int partial, is_right = 1;
    if (model_count(run->model, 0) + SOME > MODEL_MESSAGES_MAX || !pick_some(run, &p, run->model)) {
        return 1;
    }
    mailbox_must(okapi_messages_copy(model_open_folder(run, p.folder_id),
                                     model_open_folder(run, to), p.ids, p.n, p.new_ids, &partial,
                                     run->pool),
                 "copy");
    for (int i = 0; i < p.missing; i++) {
        model_object_t object = *model_find(run->model, p.ids[i]);
        is_right &= model_is(run, "copied", p.new_ids[i] != 0, 1);
        object.id = p.new_ids[i];
        object.parent = to;
        *model_add(run->model, object.id) = object;
        model_expect(run, OKAPI_CHANGE_CREATED, &object);
    }
    run->touched[0] = p.missing ? to : 0;
    return is_right & is_partial(run, &p, partial);
}

static int move_messages(model_run_t *run)
{
    picked_t p;
    okapi_id_t to = model_pick_place(run)->id;
    int partial;
    if (!pick_some(run, &p, run->model) || to == p.folder_id) {
        return 1;
    }
    mailbox_must(okapi_messages_move(model_open_folder(run, p.folder_id),
                                     model_open_folder(run, to), p.ids, p.n, p.new_ids, &partial,
                                     run->pool),
                 "move");
    return arrive(run, &p, run->model, to) & is_partial(run, &p, partial);
}

static int recover_messages(model_run_t *run)
{
    picked_t p;
    okapi_id_t to = model_pick_place(run)->id;
    int partial;
    if (!pick_some(run, &p, run->trash)) {
        return 1;
    }
    mailbox_must(okapi_messages_recover(model_open_folder(run, p.folder_id),
                                        model_open_folder(run, to), p.ids, p.n, p.new_ids,
                                        &partial, run->pool),
                 "recover");
    return arrive(run, &p, run->trash, to) & is_partial(run, &p, partial);
}

static int delete_messages(model_run_t *run, model_t *from, int flags)
{
    picked_t p;
    int partial;
    if (!pick_some(run, &p, from)) {
        return 1;
    }
    mailbox_must(okapi_messages_delete(model_open_folder(run, p.folder_id), p.ids, p.n, flags,
                                       &partial, run->pool),
                 "delete");
    for (int i = 0; i < p.missing; i++) {
        model_object_t object = *model_find(from, p.ids[i]);
        if (from == run->model) {
            model_expect(run, OKAPI_CHANGE_DELETED, &object);
        }
        model_remove(from, object.id);
        if (!(flags & OKAPI_DELETE_HARD)) {
            *model_add(run->trash, object.id) = object;
        }
    }
    run->touched[0] = p.missing ? p.folder_id : 0;
    return is_partial(run, &p, partial);
}

static int delete_softly(model_run_t *run)
{
    return model_count(run->trash, 0) > MODEL_MESSAGES_MAX
               ? delete_messages(run, run->trash, OKAPI_DELETE_HARD)
               : delete_messages(run, run->model, 0);
}

static int delete_hard(model_run_t *run)
{
    return delete_messages(run, run->model, OKAPI_DELETE_HARD);
}

static int delete_again(model_run_t *run)
{
    return delete_messages(run, run->trash, OKAPI_DELETE_HARD);
}

/* ---- folders ---- */

static int is_below(model_run_t *run, okapi_id_t id, okapi_id_t top)
{
    while (id && id != top) {
        id = model_find(run->model, id)->parent;
    }
    return id == top;
}

/* What was softly deleted in a deleted folder went with it. */
static void forget_trash(model_run_t *run, okapi_id_t folder_id)
{
    for (int i = 0; i < run->trash->n;) {
        if (is_below(run, run->trash->objects[i].parent, folder_id)) {
            run->trash->objects[i] = run->trash->objects[--run->trash->n];
        } else {
            i++;
        }
    }
}

static int delete_folder(model_run_t *run)
{
    const model_object_t *folder = model_pick_folder(run);
    int flags = OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS, partial;
    if (!folder) {
        return 1;
    }
    okapi_id_t id = folder->id;
    mailbox_must(okapi_folder_delete(model_open_folder(run, id),
                                     flags | (model_random(run, 2) ? OKAPI_DELETE_HARD : 0),
                                     &partial, run->pool),
                 "delete a folder");
    model_expect(run, OKAPI_CHANGE_DELETED, folder);
    forget_trash(run, id);
    model_remove_tree(run->model, id);
    run->may_skip = 1;
    return model_is(run, "partial", partial, 0);
}

static int move_folder(model_run_t *run)
{
    model_object_t *folder = model_pick_folder(run);
    const model_object_t *to = model_pick_place(run);
    okapi_id_t id;
    int partial;
    if (!folder || folder->parent == to->id) {
        return 1;
    }
    apr_status_t rv = okapi_folder_move(&id, model_open_folder(run, folder->id),
                                        model_open_folder(run, to->id), NULL, &partial, run->pool);
    if (is_below(run, to->id, folder->id)) {
        return model_is(run, "into itself", rv, OKAPI_ECYCLE);
    }
    mailbox_must(rv, "move a folder");
    model_expect(run, OKAPI_CHANGE_DELETED, folder);
    folder->parent = to->id;
    model_expect(run, OKAPI_CHANGE_CREATED, folder);
    return model_is(run, "id", id, folder->id) & model_is(run, "partial", partial, 0);
}

const model_operation_t model_transfers[] = {
    {"copy messages", 3, copy_messages},
    {"move messages", 8, move_messages},
    {"recover messages", 2, recover_messages},
    {"delete messages softly", 3, delete_softly},
    {"delete messages for good", 2, delete_hard},
    {"delete softly deleted messages for good", 1, delete_again},
    {"delete a folder", 1, delete_folder},
    {"move a folder", 2, move_folder},
};

const int model_transfers_count = sizeof(model_transfers) / sizeof(model_transfers[0]);
