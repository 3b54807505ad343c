/* table_list.c - the plan of all but contents tables, which are short: their rows are listed,
 * sorted and restricted anew for each call. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/collate.h>
#include <okapi/error.h>

#include "access.h"
#include "rule_private.h"
#include "table_private.h"

enum {
    PATH_MAX_BYTES = 16384,
    NAME_KEY_MAX = 16,  /* bytes of each name in a path */
    PATH_DEPTH_MAX = 500 /* names of it */
};

typedef struct list_t {
    okapi_table_t *table;
    okapi__array_t *array;
    apr_array_header_t *leaves;  /* of okapi__leaf_t */
    apr_array_header_t *objects; /* of okapi_object_t * */
    apr_pool_t *scratch_pool;
} list_t;

/* Adds the object if it matches. Its key begins with PATH, unless the table is sorted. */
static apr_status_t add(list_t *list, okapi_object_t *object, okapi_id_t id, okapi_binary_t path)
{
    int before = list->leaves->nelts;
    apr_status_t rv = okapi__array_add(list->leaves, object, id, list->table->view, path,
                                       list->array->pool, list->scratch_pool);
    for (int i = before; i < list->leaves->nelts; i++) {
        APR_ARRAY_IDX(list->leaves, i, okapi__leaf_t).object = list->objects->nelts;
    }
    APR_ARRAY_PUSH(list->objects, okapi_object_t *) = object;
    return rv;
}

/* ---- folders: each followed by its own, siblings by name ---- */

/* The path's part for one folder. The id makes it unique, so that what is below one folder doesn't
 * come between that of another. */
static void write_name(okapi_writer_t *w, const okapi_folder_t *folder)
{
    okapi_binary_t name = okapi_sort_key_of_text(folder->name, NAME_KEY_MAX, w->pool);
    okapi__key_text(w, name.data, name.len);
    okapi__key_id(w, folder->id);
}

/* Paths grow and shrink as the tree is walked: ENDS has the path's length at each depth. */
static apr_status_t add_folders(list_t *list, const apr_array_header_t *folders)
{
    apr_size_t ends[PATH_DEPTH_MAX + 1] = {0};
    apr_status_t rv = APR_SUCCESS;
    int last = 0;
    okapi_writer_t path;
    okapi_writer_init(&path, 256, PATH_MAX_BYTES, list->scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < folders->nelts; i++) {
        okapi_folder_t *folder = APR_ARRAY_IDX(folders, i, okapi_folder_t *);
        int depth = folder->depth < 1 ? 1 : folder->depth;
        depth = depth > PATH_DEPTH_MAX ? PATH_DEPTH_MAX : depth;
        for (; last < depth - 1; last++) { /* the actor can't see those between */
            ends[last + 1] = ends[last];
        }
        okapi_writer_truncate(&path, ends[depth - 1]);
        write_name(&path, folder);
        ends[depth] = path.len;
        last = depth;
        rv = add(list, okapi_folder_object(folder), folder->id,
                 (okapi_binary_t){path.data, path.len});
    }
    return rv;
}

static apr_status_t list_folders(list_t *list)
{
    okapi_table_t *table = list->table;
    apr_array_header_t *folders;
    int flags = (table->flags & OKAPI_TABLE_DEEP ? OKAPI__FOLDERS_DEEP : 0) |
                (table->flags & OKAPI_TABLE_SOFT_DELETED ? OKAPI__FOLDERS_DELETED : 0);
    apr_status_t rv = okapi__table_need_folder(table, list->scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__folder_children(&folders, table->folder, flags, list->array->pool,
                                    list->scratch_pool);
    }
    return rv == APR_SUCCESS ? add_folders(list, folders) : rv;
}

/* ---- attachments: by number ---- */

static apr_status_t list_attachments(list_t *list)
{
    okapi_message_t *message = list->table->message;
    apr_status_t rv = okapi__attachments_need(message, list->scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < message->attachments->nelts; i++) {
        okapi_attachment_t *a = APR_ARRAY_IDX(message->attachments, i, okapi_attachment_t *);
        okapi_writer_t w;
        okapi_writer_init(&w, 8, 8, list->scratch_pool);
        okapi__key_id(&w, a->num);
        rv = add(list, okapi_attachment_object(a), a->num, (okapi_binary_t){w.data, w.len});
    }
    return rv;
}

/* ---- rules: by sequence ---- */

static apr_status_t list_rules(list_t *list)
{
    apr_array_header_t *rules;
    apr_pool_t *pool = list->array->pool;
    apr_status_t rv = okapi__table_need_folder(list->table, list->scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_rule_list(&rules, list->table->folder, pool, list->scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < rules->nelts; i++) {
        const okapi_rule_t *rule = &APR_ARRAY_IDX(rules, i, okapi_rule_t);
        okapi_writer_t w;
        okapi_writer_init(&w, 24, 24, list->scratch_pool);
        okapi__key_number(&w, rule->sequence);
        okapi__key_id(&w, rule->id);
        rv = add(list, okapi__rule_object(rule, pool), rule->id, (okapi_binary_t){w.data, w.len});
    }
    return rv;
}

/* ---- permissions: the default entry, then by name, then the anonymous one ---- */

static apr_status_t list_permissions(list_t *list)
{
    okapi_table_t *table = list->table;
    apr_array_header_t *entries;
    apr_pool_t *pool = list->array->pool;
    int flags = table->flags & OKAPI_TABLE_FREEBUSY ? OKAPI_PERMISSIONS_FREEBUSY : 0;
    apr_status_t rv = okapi__table_need_folder(table, list->scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_permission_list(&entries, table->folder, flags, pool, list->scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < entries->nelts; i++) {
        const okapi_permission_t *entry = &APR_ARRAY_IDX(entries, i, okapi_permission_t);
        okapi_id_t id = entry->member_id - OKAPI_MEMBER_ANONYMOUS + 1; /* 0 is a header row's */
        okapi_writer_t w;
        okapi_writer_init(&w, 256, 512, list->scratch_pool);
        okapi__key_number(&w, i == entries->nelts - 1);
        okapi__key_text(&w, entry->name, strlen(entry->name));
        okapi__key_id(&w, id);
        rv = add(list, okapi__permission_object(table->store->okapi, entry, pool), id,
                 (okapi_binary_t){w.data, w.len});
    }
    /* Who may no longer see the folder may no longer see the list (MS-OXCPERM 3.2.5.1). */
    return rv == OKAPI_ENOTFOUND ? OKAPI_EACCESS : rv;
}

/* ---- the kinds ---- */

/* What makes a kind of table: how its rows are listed and which columns they have. */
static const struct kind_t {
    apr_status_t (*list)(list_t *list);
    const okapi__computed_t *computed;
    const okapi_proptag_t *(*tags)(int *n); /* where nothing is computed */
} kinds[OKAPI_TABLE__LAST] = {
    [OKAPI_TABLE_HIERARCHY] = {list_folders, okapi__folder_computed, NULL},
    [OKAPI_TABLE_ATTACHMENTS] = {list_attachments, okapi__attachment_computed, NULL},
    [OKAPI_TABLE_RULES] = {list_rules, NULL, okapi__rule_tags},
    [OKAPI_TABLE_PERMISSIONS] = {list_permissions, NULL, okapi__permission_tags}};

void okapi__list_tags(apr_array_header_t *tags, okapi_table_e kind)
{
    const okapi__computed_t *computed = kinds[kind].computed;
    int n = 0;
    const okapi_proptag_t *own = kinds[kind].tags ? kinds[kind].tags(&n) : NULL;
    for (int i = 0; i < n; i++) {
        APR_ARRAY_PUSH(tags, okapi_proptag_t) = own[i];
    }
    for (; computed && computed->tag; computed++) {
        APR_ARRAY_PUSH(tags, okapi_proptag_t) = computed->tag;
    }
}

/* ---- the plan ---- */

static apr_status_t prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    list_t list = {.table = table, .scratch_pool = scratch_pool};
    apr_status_t rv = okapi__array_create(&table->array);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    list.array = table->array;
    list.leaves = apr_array_make(table->array->pool, 16, sizeof(okapi__leaf_t));
    list.objects = apr_array_make(table->array->pool, 16, sizeof(okapi_object_t *));
    rv = kinds[table->kind].list(&list);
    okapi__array_sort(list.leaves);
    table->array->leaves = (okapi__leaf_t *)list.leaves->elts;
    table->array->nleaves = list.leaves->nelts;
    table->array->objects = (okapi_object_t **)list.objects->elts;
    okapi__array_finish(table->array, table->view);
    okapi__visible(table, scratch_pool);
    return rv;
}

static void finish(okapi_table_t *table)
{
    if (table->array) {
        apr_pool_destroy(table->array->pool);
        table->array = NULL;
    }
}

const okapi__plan_t okapi__plan_list = {prepare,
                                        finish,
                                        okapi__array_refs,
                                        okapi__array_of_id,
                                        okapi__array_skip,
                                        okapi__array_count,
                                        okapi__array_number};
