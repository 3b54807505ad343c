/* model_sequence.c - the change sequence against the model, to the last number. */
#include "model_run.h"

static const char *const kinds[] = {"", "created", "modified", "read", "deleted"};

static void tell(const char *what, const okapi_change_t *change)
{
    diag("%s: %lld %s %s%s %lld in %lld%s", what, (long long)change->cn, kinds[change->kind],
         change->is_associated ? "associated " : "", change->is_folder ? "folder" : "message",
         (long long)change->id, (long long)change->folder_id,
         change->is_delivered ? ", delivered" : "");
}

static int is_same(const okapi_change_t *a, const okapi_change_t *b)
{
    return a->kind == b->kind && a->is_folder == b->is_folder && a->id == b->id &&
           a->is_associated == b->is_associated && a->folder_id == b->folder_id;
}

/* ---- the last operation ---- */

static void note_folder(model_run_t *run, okapi_id_t folder_id, okapi_cn_t cn)
{
    model_object_t *folder = model_find(run->model, folder_id);
    if (folder) {
        folder->last_cn = cn;
    }
}

/* The numbers of CHANGE become those of what the model has. */
static void note(model_run_t *run, const okapi_change_t *change)
{
    model_object_t *object = model_find(run->model, change->id);
    if (change->kind == OKAPI_CHANGE_DELETED) {
        run->tombstones[run->ntombstones++ % MODEL_TOMBSTONES] = *change;
    } else {
        object->cn = change->cn;
        object->content_cn = change->kind == OKAPI_CHANGE_READ ? object->content_cn : change->cn;
        if (change->kind == OKAPI_CHANGE_CREATED) {
            object->last_cn = object->add_cn ? object->last_cn : change->cn; /* a new folder */
            object->add_cn = change->cn;
        }
    }
    note_folder(run, change->folder_id, change->cn);
}

static int take_expected(model_run_t *run, const okapi_change_t *change)
{
    for (int i = 0; i < run->nexpected; i++) {
        if (is_same(&run->expected[i], change) &&
            (change->kind != OKAPI_CHANGE_CREATED ||
             run->expected[i].is_delivered == change->is_delivered)) {
            run->expected[i] = run->expected[--run->nexpected];
            return 1;
        }
    }
    return 0;
}

/* Some numbers were taken for what nobody is told of. */
static int take_touched(model_run_t *run, okapi_cn_t upto)
{
    int is_right = 1;
    for (int i = 0; i < run->ntouched; i++) {
        model_object_t *object = model_find(run->model, run->touched[i]);
        okapi_folder_t *folder;
        okapi_folder_stat_t stat;
        if (object) {
            mailbox_must(okapi_folder_open(&folder, run->stores[MODEL_OWNER], object->id, run->pool,
                                           run->pool),
                         "touched");
            mailbox_must(okapi_folder_stat(folder, &stat, run->pool), "counts");
            is_right &= model_is(run, "the last number in a folder is possible",
                                 stat.last_cn >= object->last_cn && stat.last_cn <= upto, 1);
            object->last_cn = stat.last_cn;
        }
    }
    return is_right;
}

static int take_changes(model_run_t *run, const apr_array_header_t *changes)
{
    int is_right = model_is(run, "changes", changes->nelts, run->nexpected);
    for (int i = 0; i < changes->nelts; i++) {
        const okapi_change_t *change = &APR_ARRAY_IDX(changes, i, okapi_change_t);
        if (run->may_skip ? change->cn <= run->cn : change->cn != run->cn + 1) {
            is_right = 0;
            tell("its number is wrong", change);
        }
        run->cn = change->cn;
        if (take_expected(run, change)) {
            note(run, change);
        } else {
            is_right = 0;
            tell("not expected", change);
        }
    }
    for (int i = 0; i < run->nexpected; i++) {
        tell("expected", &run->expected[i]);
    }
    return is_right;
}

int model_observe(model_run_t *run)
{
    apr_array_header_t *changes;
    okapi_cn_t upto;
    mailbox_must(okapi_changes(&changes, &upto, run->stores[MODEL_OWNER], 0, run->cn,
                               MODEL_OBJECTS, run->pool, run->pool),
                 "changes");
    okapi_cn_t end = run->may_skip ? upto : run->cn + changes->nelts;
    int is_right = take_changes(run, changes);
    run->cn = upto;
    note_folder(run, run->ended[0], upto);
    note_folder(run, run->ended[1], upto);
    return is_right & take_touched(run, upto) & model_is(run, "the sequence's end", upto, end);
}

/* ---- from any moment on ---- */

static int by_number(const void *a, const void *b)
{
    okapi_cn_t x = ((const okapi_change_t *)a)->cn, y = ((const okapi_change_t *)b)->cn;
    return (x > y) - (x < y);
}

/* A step says what happened since its own beginning; this is since that of the whole walk. */
static okapi_change_e kind_since(const okapi_change_t *change, okapi_cn_t since)
{
    return change->add_cn > since       ? OKAPI_CHANGE_CREATED
           : change->content_cn > since ? OKAPI_CHANGE_MODIFIED
                                        : OKAPI_CHANGE_READ;
}

/* Folders are told of to those who see them, messages to those who may read them, and what is gone
 * to who lists the folder it was in, or sees it if it was a folder. */
static int may_know(model_run_t *run, const model_object_t *object)
{
    const model_object_t *folder = model_find(run->model, object->parent);
    return object->is_folder ? model_sees(object, run->actor)
                             : model_sees(folder, run->actor) &&
                                   model_may_message(run, object, OKAPI_RIGHT_READ_ANY);
}

static int may_know_gone(model_run_t *run, const okapi_change_t *tombstone)
{
    const model_object_t *folder = model_find(run->model, tombstone->folder_id);
    if (!folder) { /* gone with its permissions */
        return run->actor == MODEL_OWNER;
    }
    return model_sees(folder, run->actor) &&
           ((tombstone->is_folder && !tombstone->is_moved) || model_lists(folder, run->actor));
}

static void expect_since(model_run_t *run, okapi_cn_t since, okapi_id_t folder_id)
{
    run->nexpected = 0;
    for (int i = 0; i < run->model->n; i++) {
        const model_object_t *o = &run->model->objects[i];
        if (o->cn > since && (!folder_id || o->parent == folder_id) && may_know(run, o)) {
            const okapi_change_t numbers = {.content_cn = o->content_cn, .add_cn = o->add_cn};
            model_expect(run, kind_since(&numbers, since), o);
            run->expected[run->nexpected - 1].cn = o->cn;
        }
    }
    for (int i = 0; i < run->ntombstones && i < MODEL_TOMBSTONES; i++) {
        const okapi_change_t *tombstone = &run->tombstones[i];
        if (tombstone->cn > since && (!folder_id || tombstone->folder_id == folder_id) &&
            may_know_gone(run, tombstone)) {
            run->expected[run->nexpected++] = *tombstone;
        }
    }
    qsort(run->expected, (size_t)run->nexpected, sizeof(*run->expected), by_number);
}

/* As far back as all tombstones are known, and no more than LENGTH_MAX changes ago. */
static okapi_cn_t random_moment(model_run_t *run, int length_max)
{
    okapi_cn_t first = run->cn > length_max ? run->cn - length_max : 0;
    if (run->ntombstones > MODEL_TOMBSTONES) {
        okapi_cn_t known = run->tombstones[run->ntombstones % MODEL_TOMBSTONES].cn;
        first = known > first ? known : first;
    }
    return first + model_random(run, (apr_uint32_t)(run->cn - first + 1));
}

/* Whether CHANGE is the Nth that is expected of a walk that began at FIRST. */
static int is_expected(model_run_t *run, okapi_change_t change, int n, okapi_cn_t first)
{
    if (n >= run->nexpected || change.cn != run->expected[n].cn) {
        tell("not expected", &change);
        return 0;
    }
    if (change.kind != OKAPI_CHANGE_DELETED) {
        change.kind = kind_since(&change, first);
    }
    if (!is_same(&change, &run->expected[n])) {
        tell("got", &change);
        tell("expected", &run->expected[n]);
        return 0;
    }
    return 1;
}

static int walk(model_run_t *run, okapi_cn_t first, okapi_id_t folder_id, int max)
{
    okapi_cn_t since = first;
    int n = 0;
    while (since < run->cn) {
        apr_array_header_t *changes;
        okapi_cn_t upto;
        mailbox_must(okapi_changes(&changes, &upto, run->stores[run->actor], folder_id, since, max,
                                   run->pool, run->pool),
                     "changes");
        for (int i = 0; i < changes->nelts; i++) {
            const okapi_change_t *change = &APR_ARRAY_IDX(changes, i, okapi_change_t);
            int is_of_gone = change->kind == OKAPI_CHANGE_DELETED && run->actor != MODEL_OWNER &&
                             !model_find(run->model, change->folder_id);
            if (!is_of_gone && !is_expected(run, *change, n++, first)) {
                return 0;
            }
        }
        if (upto <= since) {
            diag("a step from %lld leads to %lld", (long long)since, (long long)upto);
            return 0;
        }
        since = upto;
    }
    return model_is(run, "changes", n, run->nexpected);
}

int model_check_sequence(model_run_t *run)
{
    enum { STEPS_MAX = 30 };
    int max = 1 + (int)model_random(run, model_random(run, 2) ? 10 : 1000);
    okapi_cn_t first = random_moment(run, max * STEPS_MAX);
    okapi_id_t folder_id = model_random(run, 2) ? model_pick_place(run)->id : 0;
    run->actor = (int)model_random(run, MODEL_ACTORS);
    expect_since(run, first, folder_id);
    if (walk(run, first, folder_id, max)) {
        return 1;
    }
    diag("for %s, from %lld on, in folder %lld", model_actor_name(run->actor), (long long)first,
         (long long)folder_id);
    return 0;
}
