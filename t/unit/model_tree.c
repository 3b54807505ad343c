/* model_tree.c - the random operations: trees of folders that are copied, moved, deleted,
 * recovered, and the purge of what was softly deleted.
 *
 * What a copy or a recovery makes has new ids, which nobody tells: the new tree is read, and each
 * of its objects has to be one that is expected, under another id.
 */
#include <okapi/transfer.h>

#include "model_run.h"

static int is_below(model_t *model, okapi_id_t id, okapi_id_t top)
{
    while (id && id != top) {
        const model_object_t *object = model_find(model, id);
        id = object ? object->parent : 0;
    }
    return id == top;
}

static int has_child(const model_run_t *run, okapi_id_t parent, apr_uint32_t name, okapi_id_t but)
{
    for (int i = 0; i < run->model->n; i++) {
        const model_object_t *object = &run->model->objects[i];
        if (object->is_folder && object->parent == parent && object->values[0] == name &&
            object->id != but) {
            return 1;
        }
    }
    return 0;
}

static int is_status(model_run_t *run, const char *what, apr_status_t rv, apr_status_t want)
{
    char buffer[2][200];
    if (rv != want) {
        diag("%s, by %s: %s; expected: %s", what, model_actor_name(run->actor),
             okapi_strerror(rv, buffer[0], sizeof(buffer[0])),
             okapi_strerror(want, buffer[1], sizeof(buffer[1])));
    }
    return rv == want;
}

/* ---- a new tree ---- */

typedef struct tree_t {
    model_t *old;      /* what becomes the tree, parents first, as it will be but for the ids */
    model_t *found;    /* what is there */
    okapi_id_t *ids;   /* for each of OLD the id it has now */
    int *is_taken;     /* for each of FOUND */
    okapi_id_t parent; /* of the top */
    const char *name;  /* of the top, if it gets another */
} tree_t;

static tree_t make_tree(model_run_t *run, okapi_id_t parent)
{
    return (tree_t){.old = apr_pcalloc(run->pool, sizeof(model_t)),
                    .found = apr_pcalloc(run->pool, sizeof(model_t)),
                    .ids = apr_pcalloc(run->pool, MODEL_OBJECTS * sizeof(okapi_id_t)),
                    .is_taken = apr_pcalloc(run->pool, MODEL_OBJECTS * sizeof(int)),
                    .parent = parent};
}

static model_object_t *plan(tree_t *t, const model_object_t *object)
{
    model_object_t *planned = model_add(t->old, object->id);
    *planned = *object;
    planned->deleted = planned->cn = planned->content_cn = planned->add_cn = planned->last_cn = 0;
    return planned;
}

/* One in two times another name for the top. */
static void plan_name(model_run_t *run, tree_t *t)
{
    model_object_t *top = &t->old->objects[0];
    if (model_random(run, 2)) {
        top->values[0] = model_seed(run);
        t->name = model_value(1, 0, top->values[0], run->pool).v.str;
    }
}

static int is_like(const model_object_t *a, const model_object_t *b)
{
    return a->is_folder == b->is_folder && a->is_associated == b->is_associated &&
           a->is_read == b->is_read && a->is_soft == b->is_soft &&
           memcmp(a->values, b->values, sizeof(a->values)) == 0 &&
           (!a->is_folder || memcmp(a->entries, b->entries, sizeof(a->entries)) == 0);
}

/* Two that are equal in everything may stand for one another. */
static const model_object_t *take_like(tree_t *t, const model_object_t *planned, okapi_id_t parent)
{
    for (int i = 0; i < t->found->n; i++) {
        if (!t->is_taken[i] && t->found->objects[i].parent == parent &&
            is_like(planned, &t->found->objects[i])) {
            t->is_taken[i] = 1;
            return &t->found->objects[i];
        }
    }
    diag("%s %lld has nothing like it in the new %lld", planned->is_folder ? "folder" : "message",
         (long long)planned->id, (long long)parent);
    return NULL;
}

static okapi_id_t new_id(const tree_t *t, okapi_id_t old)
{
    for (int i = 0; i < t->old->n; i++) {
        if (t->old->objects[i].id == old) {
            return t->ids[i];
        }
    }
    return t->parent;
}

/* The tree whose top is TOP is the one that was planned: it is in the model now. */
static int grow(model_run_t *run, tree_t *t, okapi_id_t top)
{
    int is_right = model_read_tree(t->found, run->stores[MODEL_OWNER], top, run->pool);
    for (int i = 0; is_right && i < t->old->n; i++) {
        model_object_t object = t->old->objects[i];
        object.parent = new_id(t, object.parent);
        const model_object_t *found = take_like(t, &object, object.parent);
        if (!found) {
            return 0;
        }
        object.id = t->ids[i] = found->id;
        *model_add(object.is_soft ? run->trash : run->model, object.id) = object;
        if (!object.is_soft) {
            model_expect(run, OKAPI_CHANGE_CREATED, &object);
        }
        if (object.is_folder) {
            model_touch(run, object.id);
        }
    }
    run->may_skip = 1;
    return is_right & model_is(run, "what is in a new tree", t->found->n, t->old->n);
}

/* ---- copying ---- */

/* OBJECT, a folder the actor may copy, as the copy will be in PARENT; 0 if something isn't. */
static int plan_copy(model_run_t *run, tree_t *t, const model_object_t *object,
                     const model_object_t *parent, int recursive)
{
    model_object_t *folder = plan(t, object);
    int is_whole = 1;
    model_permit(run, folder, parent);
    for (int i = 0; i < run->model->n; i++) {
        const model_object_t *inner = &run->model->objects[i];
        if (inner->parent != object->id) {
            continue;
        }
        if (!inner->is_folder && model_may_message(run, inner, OKAPI_RIGHT_READ_ANY)) {
            plan(t, inner)->creator = run->actor;
        } else if (!inner->is_folder) {
            is_whole = 0;
        } else if (recursive && model_sees(inner, run->actor) && model_lists(inner, run->actor)) {
            is_whole &= plan_copy(run, t, inner, folder, recursive);
        } else if (recursive) {
            is_whole = 0;
        }
    }
    return is_whole;
}

static int copy_folder(model_run_t *run)
{
    const model_object_t *object = model_pick_folder(run), *to = model_pick_place(run);
    int recursive = model_random(run, 3) != 0, partial;
    okapi_folder_t *folder = object ? model_open_folder(run, object->id) : NULL;
    okapi_folder_t *target = folder ? model_open_folder(run, to->id) : NULL;
    okapi_id_t id;
    if (!target) {
        return 1;
    }
    tree_t t = make_tree(run, to->id);
    int is_whole = plan_copy(run, &t, object, to, recursive);
    plan_name(run, &t);
    if (!model_has_room(run, t.old->n) ||
        model_count(run, run->model, 1) + t.old->n > MODEL_FOLDERS_MAX) {
        return 1;
    }
    apr_status_t want =
        !model_lists(object, run->actor) || !model_may(run, to->id, OKAPI_RIGHT_CREATE_SUBFOLDER)
            ? OKAPI_EACCESS
        : recursive && is_below(run->model, to->id, object->id) ? OKAPI_ECYCLE
        : has_child(run, to->id, t.old->objects[0].values[0], 0) ? OKAPI_EDUPLICATENAME
                                                                 : APR_SUCCESS;
    apr_status_t rv =
        okapi_folder_copy(&id, folder, target, t.name, recursive, &partial, run->pool);
    if (!is_status(run, "copy a folder", rv, want)) {
        return 0;
    }
    return rv != APR_SUCCESS ||
           (grow(run, &t, id) & model_is(run, "partial", partial, !is_whole));
}

/* ---- moving ---- */

static int move_folder(model_run_t *run)
{
    model_object_t *object = model_pick_folder(run);
    const model_object_t *to = model_pick_place(run);
    okapi_folder_t *folder = object ? model_open_folder(run, object->id) : NULL;
    okapi_folder_t *target = folder ? model_open_folder(run, to->id) : NULL;
    okapi_id_t id;
    int partial;
    if (!target || object->parent == to->id) {
        return 1;
    }
    apr_status_t want = !model_may(run, object->id, OKAPI_RIGHT_OWNER) ||
                                !model_may(run, to->id, OKAPI_RIGHT_CREATE_SUBFOLDER)
                            ? OKAPI_EACCESS
                        : is_below(run->model, to->id, object->id) ? OKAPI_ECYCLE
                        : has_child(run, to->id, object->values[0], object->id)
                            ? OKAPI_EDUPLICATENAME
                            : APR_SUCCESS;
    apr_status_t rv = okapi_folder_move(&id, folder, target, NULL, &partial, run->pool);
    if (!is_status(run, "move a folder", rv, want)) {
        return 0;
    }
    if (rv == APR_SUCCESS) {
        model_expect(run, OKAPI_CHANGE_DELETED, object);
        object->parent = to->id;
        model_expect(run, OKAPI_CHANGE_CREATED, object);
    }
    return rv != APR_SUCCESS || (model_is(run, "id", id, object->id) &
                                 model_is(run, "partial", partial, 0));
}

/* ---- deleting ---- */

/* A folder with everything below it goes, to the trash or for good. */
static void fell(model_run_t *run, const model_object_t *top, int is_hard)
{
    okapi_id_t id = top->id;
    model_expect(run, OKAPI_CHANGE_DELETED, top);
    for (int i = 0; i < run->trash->n;) {
        model_object_t *object = &run->trash->objects[i];
        int is_in = !object->deleted && is_below(run->model, object->parent, id);
        object->deleted = is_in ? id : object->deleted;
        if (is_in && is_hard) {
            *object = run->trash->objects[--run->trash->n];
        } else {
            i++;
        }
    }
    for (int i = 0; i < run->model->n && !is_hard; i++) {
        if (is_below(run->model, run->model->objects[i].id, id)) {
            model_object_t *object = model_add(run->trash, 0);
            *object = run->model->objects[i];
            object->deleted = id;
        }
    }
    model_remove_tree(run->model, id);
}

static int owns_tree(model_run_t *run, okapi_id_t top)
{
    for (int i = 0; i < run->model->n; i++) {
        const model_object_t *object = &run->model->objects[i];
        if (object->is_folder && is_below(run->model, object->id, top) &&
            !model_may(run, object->id, OKAPI_RIGHT_OWNER)) {
            return 0;
        }
    }
    return 1;
}

static int delete_folder(model_run_t *run)
{
    const model_object_t *object = model_pick_folder(run);
    okapi_folder_t *folder = object ? model_open_folder(run, object->id) : NULL;
    int is_hard = model_random(run, 2) || run->trash->n > MODEL_OBJECTS / 2, partial;
    if (!folder) {
        return 1;
    }
    int may_all = owns_tree(run, object->id);
    apr_status_t rv = okapi_folder_delete(
        folder, OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS | (is_hard ? OKAPI_DELETE_HARD : 0),
        &partial, run->pool);
    run->may_skip = 1;
    if (!model_done(run, "delete a folder", rv, model_may(run, object->id, OKAPI_RIGHT_OWNER))) {
        return 1;
    }
    if (may_all) {
        fell(run, object, is_hard);
    }
    return model_is(run, "partial", partial, !may_all);
}

static int empty_folder(model_run_t *run)
{
    const model_object_t *object = model_pick_folder(run);
    int flags = OKAPI_DELETE_HARD | (model_random(run, 2) ? OKAPI_DELETE_ASSOCIATED : 0), partial;
    run->actor = MODEL_OWNER;
    if (!object) {
        return 1;
    }
    okapi_id_t id = object->id;
    mailbox_must(okapi_folder_empty(model_open_folder(run, id), flags, &partial, run->pool),
                 "empty a folder");
    for (int i = 0; i < run->model->n;) {
        const model_object_t *inner = &run->model->objects[i];
        if (inner->parent != id || (inner->is_associated && !(flags & OKAPI_DELETE_ASSOCIATED))) {
            i++;
            continue;
        }
        if (inner->is_folder) {
            fell(run, inner, 1);
        } else {
            model_expect(run, OKAPI_CHANGE_DELETED, inner);
            model_remove(run->model, inner->id);
        }
        i = 0;
    }
    if (run->nexpected) {
        model_touch(run, id);
    }
    run->may_skip = 1;
    return model_is(run, "partial", partial, 0);
}

/* ---- recovering ---- */

static const model_object_t *pick_felled(model_run_t *run)
{
    const model_object_t *picked = NULL;
    apr_uint32_t n = 0;
    for (int i = 0; i < run->trash->n; i++) {
        const model_object_t *object = &run->trash->objects[i];
        if (object->is_folder && object->id == object->deleted && model_random(run, ++n) == 0) {
            picked = object;
        }
    }
    return picked;
}

static void plan_recovery(model_run_t *run, tree_t *t, const model_object_t *folder)
{
    plan(t, folder);
    for (int i = 0; i < run->trash->n; i++) {
        const model_object_t *inner = &run->trash->objects[i];
        if (inner->parent != folder->id || inner->deleted != folder->deleted) {
            continue;
        }
        if (inner->is_folder) {
            plan_recovery(run, t, inner);
        } else {
            plan(t, inner);
        }
    }
}

static int recover_folder(model_run_t *run)
{
    const model_object_t *top = pick_felled(run), *to = model_pick_place(run);
    okapi_id_t id, deleted = top ? top->id : 0;
    int partial;
    run->actor = MODEL_OWNER;
    if (!top) {
        return 1;
    }
    tree_t t = make_tree(run, to->id);
    plan_recovery(run, &t, top);
    plan_name(run, &t);
    if (!model_has_room(run, t.old->n) ||
        model_count(run, run->model, 1) + t.old->n > MODEL_FOLDERS_MAX) {
        return 1;
    }
    apr_status_t want = has_child(run, to->id, t.old->objects[0].values[0], 0)
                            ? OKAPI_EDUPLICATENAME
                            : APR_SUCCESS;
    apr_status_t rv =
        okapi_folder_recover(&id, run->stores[MODEL_OWNER], deleted,
                             model_open_folder(run, to->id), t.name, &partial, run->pool);
    if (!is_status(run, "recover a folder", rv, want) || rv != APR_SUCCESS) {
        return rv == want;
    }
    for (int i = 0; i < run->trash->n;) {
        if (run->trash->objects[i].deleted == deleted) {
            run->trash->objects[i] = run->trash->objects[--run->trash->n];
        } else {
            i++;
        }
    }
    return grow(run, &t, id) & model_is(run, "partial", partial, 0);
}

/* ---- when its time is over ---- */

static int purge(model_run_t *run)
{
    okapi_purged_t purged;
    int messages = 0, folders = 0;
    run->may_skip = run->is_alone;
    if (!run->is_alone) { /* what others have deleted would go, too */
        return 1;
    }
    mailbox_must(okapi_purge(run->okapi, okapi_time_now() + 1, &purged, run->pool), "purge");
    for (int i = 0; i < run->trash->n; i++) {
        const model_object_t *object = &run->trash->objects[i];
        messages += !object->is_folder;
        folders += object->is_folder;
        if (!object->deleted) {
            model_touch(run, object->parent);
        }
    }
    run->trash->n = 0;
    return model_is(run, "messages purged", purged.messages, messages) &
           model_is(run, "folders purged", purged.folders, folders);
}

const model_operation_t model_trees[] = {
    {"copy a folder", 2, copy_folder},       {"move a folder", 3, move_folder},
    {"delete a folder", 2, delete_folder},   {"empty a folder", 1, empty_folder},
    {"recover a folder", 1, recover_folder}, {"purge", 1, purge},
};

const int model_trees_count = sizeof(model_trees) / sizeof(model_trees[0]);
