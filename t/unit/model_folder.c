/* model_folder.c - the random operations: folders, who may do what in them, what each sees. */
#include <okapi/permission.h>
#include <okapi/table.h>

#include "model_run.h"

void model_permit(model_run_t *run, model_object_t *folder, const model_object_t *parent)
{
    memcpy(folder->entries, parent->entries, sizeof(folder->entries));
    if (run->actor != MODEL_OWNER) { /* it is his own */
        folder->entries[model_member_of(run->actor)] = OKAPI_RIGHT_ALL | OKAPI_RIGHT_CONTACT;
    }
}

/* ---- making and changing ---- */

static int change_folder(model_run_t *run)
{
    model_object_t *object = model_pick_folder(run);
    int i = (int)model_random(run, MODEL_VALUES);
    okapi_folder_t *folder = object ? model_open_folder(run, object->id) : NULL;
    apr_uint32_t seed = i > 0 && model_random(run, 3) == 0 ? MODEL_ABSENT : model_seed(run);
    apr_status_t rv;
    if (!folder) {
        return 1;
    }
    if (seed == MODEL_ABSENT) {
        okapi_proptag_t tag = model_tag(1, i);
        rv = okapi_object_unset(okapi_folder_object(folder), &tag, 1, run->pool);
    } else {
        okapi_propval_t value = model_value(1, i, seed, run->pool);
        rv = okapi_object_set(okapi_folder_object(folder), &value, 1, run->pool);
    }
    if (model_done(run, "change a folder", rv, model_may(run, object->id, OKAPI_RIGHT_OWNER))) {
        object->values[i] = seed;
        model_expect(run, OKAPI_CHANGE_MODIFIED, object);
    }
    return 1;
}

static int create_folder(model_run_t *run)
{
    const model_object_t *place = model_pick_place(run);
    model_object_t made = {.is_folder = 1, .writer = run->writer, .parent = place->id};
    if (model_count(run, run->model, 1) >= MODEL_FOLDERS_MAX) {
        return change_folder(run);
    }
    okapi_folder_t *parent = model_open_folder(run, place->id);
    if (!parent) {
        return 1;
    }
    made.values[0] = model_seed(run);
    okapi_propval_t name = model_value(1, 0, made.values[0], run->pool);
    apr_status_t rv = okapi_folder_create(&made.id, parent, name.v.str, NULL, run->pool);
    if (model_done(run, "make a folder", rv,
                   model_may(run, place->id, OKAPI_RIGHT_CREATE_SUBFOLDER))) {
        model_permit(run, &made, place);
        *model_add(run->model, made.id) = made;
        model_expect(run, OKAPI_CHANGE_CREATED, &made);
    }
    return 1;
}

/* Nothing happens. */
static int create_duplicate(model_run_t *run)
{
    const model_object_t *object = model_pick_folder(run);
    okapi_id_t id;
    run->actor = MODEL_OWNER;
    if (!object) {
        return 1;
    }
    okapi_propval_t name = model_value(1, 0, object->values[0], run->pool);
    apr_status_t rv = okapi_folder_create(&id, model_open_folder(run, object->parent), name.v.str,
                                          NULL, run->pool);
    return model_is(run, "status", rv, OKAPI_EDUPLICATENAME) & model_is(run, "id", id, object->id);
}

/* ---- rights ---- */

static int permit(model_run_t *run)
{
    model_object_t *object = model_pick_folder(run);
    int member = (int)model_random(run, MODEL_MEMBERS);
    apr_uint32_t few = model_random(run, 0x800), more = few | model_random(run, 0x800);
    apr_uint32_t rights = model_random(run, 3) ? more : few & model_random(run, 0x800);
    okapi_permission_change_t change = {OKAPI_PERMISSION_ADD, model_member_name(member), 0,
                                        rights & OKAPI_RIGHT_ALL};
    okapi_folder_t *folder = object ? model_open_folder(run, object->id) : NULL;
    if (!folder) {
        return 1;
    }
    if (member > 0 && model_random(run, 3) == 0) {
        change.what = OKAPI_PERMISSION_REMOVE;
    }
    apr_status_t rv = okapi_permission_modify(folder, &change, 1, 0, run->pool);
    if (model_done(run, "permit", rv, model_may(run, object->id, OKAPI_RIGHT_OWNER))) {
        object->entries[member] =
            change.what == OKAPI_PERMISSION_REMOVE ? MODEL_NO_ENTRY : change.rights;
        model_expect(run, OKAPI_CHANGE_MODIFIED, object);
    }
    return 1;
}

/* Each of the messages of a folder, if it is of this kind and the actor may read it, and no other
 * is in TABLE. */
static int lists(model_run_t *run, okapi_table_t *table, okapi_id_t folder_id, int is_associated)
{
    static const okapi_proptag_t columns[] = {PR_MESSAGE_FLAGS};
    apr_array_header_t *rows;
    int wanted = 0, found = 0, all = 0;
    for (int i = 0; i < run->model->n; i++) {
        const model_object_t *object = &run->model->objects[i];
        wanted += !object->is_folder && object->parent == folder_id &&
                  object->is_associated == is_associated &&
                  model_may_message(run, object, OKAPI_RIGHT_READ_ANY);
    }
    okapi_table_set_columns(table, columns, 1);
    do {
        mailbox_must(okapi_table_rows(table, 100, 0, 1, &rows, run->pool, run->pool), "rows");
        for (int i = 0; i < rows->nelts; i++) {
            const okapi_row_t *row = &APR_ARRAY_IDX(rows, i, okapi_row_t);
            const model_object_t *object = model_find(run->model, row->id);
            found += object && object->parent == folder_id &&
                     object->is_associated == is_associated &&
                     model_may_message(run, object, OKAPI_RIGHT_READ_ANY) &&
                     model_is(run, "read", (row->values[0].v.i32 & MSGFLAG_READ) != 0,
                              object->is_read);
        }
        all += rows->nelts;
    } while (rows->nelts > 0);
    return model_is(run, "messages somebody sees", found, wanted) &
           model_is(run, "and what else he sees", all - found, 0);
}

/* What isn't for somebody's eyes isn't there. */
static int look(model_run_t *run)
{
    const model_object_t *object = model_pick_folder(run);
    okapi_folder_t *folder = object ? model_open_folder(run, object->id) : NULL;
    int is_associated = model_random(run, 3) == 0;
    okapi_table_t *table;
    apr_uint32_t count;
    if (!folder) {
        return 1;
    }
    apr_status_t rv = okapi_table_contents(
        &table, &count, folder, is_associated ? OKAPI_TABLE_ASSOCIATED : 0, run->pool, run->pool);
    if (model_done(run, "list messages", rv, model_lists(object, run->actor)) &&
        !lists(run, table, object->id, is_associated)) {
        return 0;
    }
    return model_is(run, "rights", okapi_folder_rights(folder) & OKAPI_RIGHT_ALL,
                    model_rights(object, run->actor) & OKAPI_RIGHT_ALL);
}

/* Others may make theirs at this moment. */
static int is_mine(const model_run_t *run, const model_object_t *object)
{
    return object && object->is_folder && (!object->writer || object->writer == run->writer);
}

/* All folders somebody sees. */
static int look_around(model_run_t *run)
{
    const model_object_t *root =
        model_find(run->model, okapi_store_special(run->stores[MODEL_OWNER], OKAPI_FOLDER_ROOT));
    apr_array_header_t *nodes;
    int wanted = 0, found = 0;
    okapi_folder_t *folder = model_open_folder(run, root->id);
    if (!folder) {
        return 1;
    }
    mailbox_must(okapi_folder_tree(&nodes, folder, run->pool, run->pool), "folders");
    for (int i = 0; i < run->model->n; i++) {
        const model_object_t *object = &run->model->objects[i];
        wanted += is_mine(run, object) && object->parent && model_sees(object, run->actor);
    }
    for (int i = 0; i < nodes->nelts; i++) {
        folder = APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).folder;
        const model_object_t *object = model_find(run->model, okapi_folder_id(folder));
        found += is_mine(run, object) && model_sees(object, run->actor) &&
                 okapi_folder_parent_id(folder) == object->parent;
    }
    return model_is(run, "folders somebody sees", found, wanted);
}

const model_operation_t model_folders[] = {
    {"create a folder", 3, create_folder},
    {"create a folder that exists", 1, create_duplicate},
    {"change a folder", 4, change_folder},
    {"change permissions", 5, permit},
    {"look at a folder", 4, look},
    {"look at all folders", 1, look_around},
};

const int model_folders_count = sizeof(model_folders) / sizeof(model_folders[0]);
