/* model_read.c - a store as its tables show it, and whether its folders count right. */
#include <okapi/search.h>
#include <okapi/table.h>

#include "model.h"

typedef struct counts_t {
    long long content, unread, associated, soft_deleted, bytes;
} counts_t;

enum { COLUMN_FLAGS, COLUMN_SIZE, COLUMNS };

/* What the tables of one folder show goes into MODEL. */
typedef struct reading_t {
    model_t *model;
    int with_deleted; /* messages that were softly deleted, too */
    counts_t counts;
} reading_t;

static void read_row(reading_t *r, const okapi_row_t *row, okapi_id_t folder_id, int flags)
{
    counts_t *counts = &r->counts;
    int is_soft = (flags & OKAPI_TABLE_SOFT_DELETED) != 0;
    int is_associated = (flags & OKAPI_TABLE_ASSOCIATED) != 0;
    int is_read = (row->values[COLUMN_FLAGS].v.i32 & MSGFLAG_READ) != 0;
    counts->soft_deleted += is_soft;
    if (!is_soft) {
        counts->bytes += row->values[COLUMN_SIZE].v.i32;
        counts->content += !is_associated;
        counts->associated += is_associated;
        counts->unread += !is_associated && !is_read;
    } else if (!r->with_deleted) {
        return;
    }
    model_object_t *object = model_add(r->model, row->id);
    object->parent = folder_id;
    object->is_soft = is_soft;
    object->is_associated = is_associated;
    object->is_read = is_read;
}

static void read_contents(reading_t *r, okapi_folder_t *folder, int flags, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[COLUMNS] = {PR_MESSAGE_FLAGS, PR_MESSAGE_SIZE};
    okapi_table_t *table;
    apr_uint32_t count;
    apr_array_header_t *rows;
    int n = 0;
    mailbox_must(okapi_table_contents(&table, &count, folder, flags, pool, pool), "contents");
    okapi_table_set_columns(table, columns, COLUMNS);
    do {
        mailbox_must(okapi_table_rows(table, 100, 0, 1, &rows, pool, pool), "rows");
        for (int i = 0; i < rows->nelts; i++) {
            read_row(r, &APR_ARRAY_IDX(rows, i, okapi_row_t), okapi_folder_id(folder), flags);
        }
        n += rows->nelts;
    } while (rows->nelts > 0);
    if (n != (int)count) {
        diag("a table of folder %lld says %u rows and has %d",
             (long long)okapi_folder_id(folder), count, n);
        r->counts.content = -1;
    }
}

static int is_count(okapi_folder_t *folder, const char *what, long long stat, long long found)
{
    if (stat != found) {
        diag("folder %lld: %s is %lld, but there are %lld", (long long)okapi_folder_id(folder),
             what, stat, found);
    }
    return stat == found;
}

static int read_folder(reading_t *r, okapi_folder_t *folder, apr_pool_t *pool)
{
    static const int parts[] = {0, OKAPI_TABLE_ASSOCIATED, OKAPI_TABLE_SOFT_DELETED,
                                OKAPI_TABLE_SOFT_DELETED | OKAPI_TABLE_ASSOCIATED};
    const counts_t *counts = &r->counts;
    okapi_folder_stat_t stat;
    model_object_t *object = model_add(r->model, okapi_folder_id(folder));
    object->parent = okapi_folder_parent_id(folder);
    object->is_folder = 1;
    object->writer = okapi_folder_is_search(folder) ? MODEL_NOBODY : 0;
    r->counts = (counts_t){0};
    for (int i = 0; i < 4; i++) {
        read_contents(r, folder, parts[i], pool);
    }
    mailbox_must(okapi_folder_stat(folder, &stat, pool), "counts");
    model_find(r->model, okapi_folder_id(folder))->last_cn = stat.last_cn;
    return is_count(folder, "content", stat.content, counts->content) &
           is_count(folder, "unread", stat.unread, counts->unread) &
           is_count(folder, "associated", stat.associated, counts->associated) &
           is_count(folder, "softly deleted", stat.soft_deleted, counts->soft_deleted) &
           is_count(folder, "bytes", stat.bytes, counts->bytes);
}

static int read_all(reading_t *r, okapi_store_t *store, okapi_id_t top, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    apr_array_header_t *nodes;
    apr_pool_t *each;
    int is_right;
    r->model->n = 0;
    apr_pool_create(&each, pool);
    mailbox_must(okapi_folder_open(&folder, store, top, pool, pool), "top");
    mailbox_must(okapi_folder_tree(&nodes, folder, pool, pool), "folders");
    is_right = read_folder(r, folder, pool);
    for (int i = 0; i < nodes->nelts; i++) {
        is_right &= read_folder(r, APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).folder, each);
        apr_pool_clear(each);
    }
    for (int i = 0; i < r->model->n; i++) {
        mailbox_must(model_load(&r->model->objects[i], store, each), "values");
        apr_pool_clear(each);
    }
    return is_right;
}

int model_read(model_t *model, okapi_store_t *store, apr_pool_t *pool)
{
    reading_t r = {.model = model};
    okapi_id_t root = okapi_store_special(store, OKAPI_FOLDER_ROOT);
    int is_right = read_all(&r, store, root, pool);
    model_find(model, root)->parent = 0;
    return is_right;
}

int model_read_tree(model_t *model, okapi_store_t *store, okapi_id_t top, apr_pool_t *pool)
{
    reading_t r = {.model = model, .with_deleted = 1};
    return read_all(&r, store, top, pool);
}
