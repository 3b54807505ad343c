/* model_object.c - the list a model is, and whether two are equal. */
#include "model.h"

model_object_t *model_find(model_t *model, okapi_id_t id)
{
    for (int i = 0; i < model->n; i++) {
        if (model->objects[i].id == id) {
            return &model->objects[i];
        }
    }
    return NULL;
}

model_object_t *model_add(model_t *model, okapi_id_t id)
{
    if (model->n == MODEL_OBJECTS) {
        printf("Bail out! the model is full\n");
        exit(1);
    }
    model_object_t *object = &model->objects[model->n++];
    *object = (model_object_t){.id = id};
    return object;
}

void model_remove(model_t *model, okapi_id_t id)
{
    model_object_t *object = model_find(model, id);
    if (object) {
        *object = model->objects[--model->n];
    }
}

void model_remove_tree(model_t *model, okapi_id_t id)
{
    for (int i = 0; i < model->n;) {
        const model_object_t *object = &model->objects[i];
        if (object->parent != id) {
            i++;
        } else if (object->is_folder) {
            model_remove_tree(model, object->id);
            i = 0;
        } else {
            model->objects[i] = model->objects[--model->n];
        }
    }
    model_remove(model, id);
}

/* ---- comparing ---- */

enum { TOLD = 5 }; /* differences, then it's clear */

static int differs(const model_object_t *object, const char *what, long long a, long long b)
{
    if (a == b) {
        return 0;
    }
    diag("%s %lld in %lld: %s is %lld and %lld", object->is_folder ? "folder" : "message",
         (long long)object->id, (long long)object->parent, what, a, b);
    return 1;
}

static int objects_differ(const model_object_t *a, const model_object_t *b, int what)
{
    static const char *const names[MODEL_VALUES] = {"name", "text", "number", "bytes"};
    int n = differs(a, "parent", a->parent, b->parent) +
            differs(a, "kind", a->is_folder, b->is_folder);
    if (what & MODEL_CONTENT) {
        n += differs(a, "associated", a->is_associated, b->is_associated) +
             differs(a, "read", a->is_read, b->is_read);
        for (int i = 0; a->is_folder && i < MODEL_MEMBERS; i++) {
            n += differs(a, i ? model_member_name(i) : "default", a->entries[i], b->entries[i]);
        }
        for (int i = 0; i < MODEL_VALUES; i++) {
            n += differs(a, names[i], a->values[i], b->values[i]);
        }
    }
    return what & MODEL_NUMBERS ? n + differs(a, "change number", a->cn, b->cn) : n;
}

int model_equal(model_t *a, const char *a_name, model_t *b, const char *b_name, int what)
{
    int found = 0, differences = 0;
    for (int i = 0; i < a->n && differences < TOLD; i++) {
        const model_object_t *object = &a->objects[i], *other = model_find(b, object->id);
        if (other) {
            found++;
            differences += objects_differ(object, other, what);
        } else {
            differences++;
            diag("%lld in %lld isn't in %s", (long long)object->id, (long long)object->parent,
                 b_name);
        }
    }
    for (int i = 0; i < b->n && differences < TOLD && found < b->n; i++) {
        if (!model_find(a, b->objects[i].id)) {
            differences++;
            diag("%lld in %lld isn't in %s", (long long)b->objects[i].id,
                 (long long)b->objects[i].parent, a_name);
        }
    }
    if (differences) {
        diag("the first is %s, the second %s", a_name, b_name);
    }
    return differences == 0;
}
