/* table_state.c - what a table is: making it, its view, and the table as a value that is encoded
 * and decoded. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "access.h"
#include "table_private.h"

enum {
    STATE_VERSION = 2,
    RESTRICTION_MAX = 1 << 20 /* bytes, encoded */
};

static const okapi_codec_t packed = {OKAPI_FORM_PACKED, 0};

int okapi__table_part(const okapi_table_t *table)
{
    return (table->flags & OKAPI_TABLE_ASSOCIATED ? OKAPI__PART_ASSOCIATED : OKAPI__PART_NORMAL) |
           (table->flags & OKAPI_TABLE_SOFT_DELETED ? OKAPI__PART_SOFT_DELETED : 0);
}

apr_status_t okapi__table_need_folder(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    if (table->folder) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi_folder_open(&table->folder, table->store, table->folder_id, table->pool,
                                        scratch_pool);
    if (rv == APR_SUCCESS && table->kind == OKAPI_TABLE_CONTENTS) {
        rv = okapi__contents_check(table->folder->rights);
    }
    if (rv != APR_SUCCESS) {
        table->folder = NULL;
    }
    return rv;
}

okapi_table_t *okapi__table_make(okapi_store_t *store, apr_pool_t *result_pool)
{
    okapi_table_t *table = apr_pcalloc(result_pool, sizeof(*table));
    table->store = store;
    table->pool = result_pool;
    table->bookmarks = apr_array_make(result_pool, 0, sizeof(okapi__bookmark_t));
    table->toggled = apr_array_make(result_pool, 0, sizeof(apr_int64_t));
    okapi__place_init(&table->cursor, result_pool);
    return table;
}

/* ---- the view ---- */

static const okapi__plan_t *plan_of(const okapi_table_t *table, const okapi__view_t *view)
{
    if (table->kind != OKAPI_TABLE_CONTENTS) {
        return &okapi__plan_list;
    }
    return view->index ? &okapi__plan_index : &okapi__plan_array;
}

/* The one multivalued property of which each value makes a row of its own. */
static apr_status_t add_instances(okapi__view_t *view, okapi_proptag_t tag)
{
    int type = OKAPI_PROP_TYPE(tag);
    if (!(type & MV_INSTANCE)) {
        return APR_SUCCESS;
    }
    if (!(type & MV_FLAG)) {
        return OKAPI_EINVAL;
    }
    if (view->instance_tag && view->instance_tag != tag) {
        return OKAPI_ETOOCOMPLEX;
    }
    view->instance_tag = tag;
    return APR_SUCCESS;
}

/* MS-OXCTABL 2.2.2.3.1: categories come first, and only the key behind them may say what the last
 * of them are sorted by. */
static apr_status_t check_sort(const okapi_table_t *table, const okapi_sort_t *sort)
{
    if (sort->n > OKAPI__SORT_KEYS_MAX) {
        return OKAPI_ETOOCOMPLEX;
    }
    if (sort->ncategories > sort->n || sort->nexpanded > sort->ncategories) {
        return OKAPI_EINVAL;
    }
    if (sort->ncategories > 0 && table->kind != OKAPI_TABLE_CONTENTS) {
        return OKAPI_ENOSUPPORT;
    }
    for (int i = 0; i < sort->n; i++) {
        int order = sort->keys[i].order, type = OKAPI_PROP_TYPE(sort->keys[i].tag);
        int aggregate = order == TABLE_SORT_MAX_CATEGORY || order == TABLE_SORT_MIN_CATEGORY;
        if ((order > TABLE_SORT_DESCEND && !(aggregate && i > 0 && i == sort->ncategories)) ||
            type == PT_UNSPECIFIED || type == PT_ERROR) {
            return OKAPI_EINVAL;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t copy_sort(okapi__view_t *view, const okapi_table_t *table,
                              const okapi_sort_t *sort)
{
    okapi_writer_t w;
    apr_status_t rv = check_sort(table, sort);
    for (int i = 0; rv == APR_SUCCESS && i < sort->n; i++) {
        rv = add_instances(view, sort->keys[i].tag);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_sort_t *copy = apr_pmemdup(view->pool, sort, sizeof(*sort));
    copy->keys = apr_pmemdup(view->pool, sort->keys, sizeof(*sort->keys) * (apr_size_t)sort->n);
    okapi_writer_init(&w, 16, 1024, view->pool);
    okapi_sort_write(&w, sort);
    view->sort = copy;
    view->sort_bytes = (okapi_binary_t){w.data, w.len};
    return APR_SUCCESS;
}

/* A copy by way of the encoded form, which is needed anyway. */
static apr_status_t copy_restriction(okapi__view_t *view, const okapi_restriction_t *restriction)
{
    okapi_restriction_t *copy = apr_palloc(view->pool, sizeof(*copy));
    okapi_writer_t w;
    okapi_reader_t r;
    okapi_writer_init(&w, 256, RESTRICTION_MAX, view->pool);
    okapi_restriction_write(&w, restriction, &packed);
    okapi_reader_init(&r, w.data, w.len);
    okapi_restriction_read(&r, copy, &packed, view->pool);
    if (okapi_writer_status(&w) != APR_SUCCESS || okapi_reader_status(&r, 1) != APR_SUCCESS) {
        return OKAPI_ETOOCOMPLEX;
    }
    view->restriction = copy;
    view->limited = copy->type == RES_COUNT;
    view->limit = copy->value < APR_INT32_MAX ? (int)copy->value : APR_INT32_MAX;
    view->restriction_bytes = (okapi_binary_t){w.data, w.len};
    return APR_SUCCESS;
}

apr_status_t okapi__table_set_view(okapi_table_t *table, const okapi_proptag_t *columns,
                                   int ncolumns, const okapi_sort_t *sort,
                                   const okapi_restriction_t *restriction)
{
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, table->pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi__view_t *view = apr_pcalloc(pool, sizeof(*view));
    view->pool = pool;
    view->ncolumns = ncolumns;
    view->columns = apr_pmemdup(pool, ncolumns ? columns : (okapi_proptag_t[]){0},
                                sizeof(*columns) * (apr_size_t)(ncolumns ? ncolumns : 1));
    if (sort && sort->n > 0) {
        rv = copy_sort(view, table, sort);
    }
    for (int i = 0; rv == APR_SUCCESS && i < ncolumns; i++) {
        rv = add_instances(view, columns[i]);
    }
    if (rv == APR_SUCCESS && restriction) {
        rv = copy_restriction(view, restriction);
    }
    if (rv != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return rv;
    }
    view->index = view->restriction || view->instance_tag ? NULL : okapi__index_of(view->sort);
    view->plan = plan_of(table, view);
    if (table->view) {
        apr_pool_destroy(table->view->pool);
    }
    table->view = view;
    return APR_SUCCESS;
}

/* ---- as a value ---- */

void okapi_table_encode(const okapi_table_t *table, okapi_writer_t *w)
{
    const okapi__view_t *view = table->view;
    okapi_write_u8(w, STATE_VERSION);
    okapi_write_u8(w, (apr_byte_t)table->kind);
    okapi_write_u8(w, (apr_byte_t)table->flags);
    okapi_write_u64(w, (apr_uint64_t)table->folder_id);
    okapi_write_u32(w, (apr_uint32_t)view->ncolumns);
    for (int i = 0; i < view->ncolumns; i++) {
        okapi_write_u32(w, view->columns[i]);
    }
    okapi_write_u32(w, (apr_uint32_t)view->sort_bytes.len);
    okapi_write_bytes(w, view->sort_bytes.data, view->sort_bytes.len);
    okapi_write_u32(w, (apr_uint32_t)view->restriction_bytes.len);
    okapi_write_bytes(w, view->restriction_bytes.data, view->restriction_bytes.len);
    okapi__place_write(w, &table->cursor);
    okapi_write_u32(w, table->last_bookmark);
    okapi_write_u32(w, (apr_uint32_t)table->bookmarks->nelts);
    for (int i = 0; i < table->bookmarks->nelts; i++) {
        const okapi__bookmark_t *b = &APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t);
        okapi_write_u32(w, b->number);
        okapi__place_write(w, &b->place);
    }
    okapi__toggled_write(w, table);
}

static apr_status_t decode_view(okapi_table_t *table, okapi_reader_t *r, apr_pool_t *scratch_pool)
{
    okapi_sort_t sort;
    okapi_restriction_t restriction;
    int ncolumns = (int)okapi_read_count(r, okapi_read_u32(r), 4);
    okapi_proptag_t *columns = apr_palloc(scratch_pool,
                                          sizeof(*columns) * (apr_size_t)(ncolumns + 1));
    for (int i = 0; i < ncolumns; i++) {
        columns[i] = okapi_read_u32(r);
    }
    okapi_reader_t sort_bytes = okapi_read_sub(r, okapi_read_u32(r));
    int sorted = okapi_reader_left(&sort_bytes) > 0;
    if (sorted) {
        okapi_sort_read(&sort_bytes, &sort, scratch_pool);
    }
    okapi_reader_t restriction_bytes = okapi_read_sub(r, okapi_read_u32(r));
    int restricted = okapi_reader_left(&restriction_bytes) > 0;
    if (restricted) {
        okapi_restriction_read(&restriction_bytes, &restriction, &packed, scratch_pool);
    }
    if (r->failed || sort_bytes.failed || restriction_bytes.failed) {
        return OKAPI_EFORMAT;
    }
    return okapi__table_set_view(table, columns, ncolumns, sorted ? &sort : NULL,
                                 restricted ? &restriction : NULL);
}

static void decode_places(okapi_table_t *table, okapi_reader_t *r)
{
    okapi__place_read(r, &table->cursor);
    table->last_bookmark = okapi_read_u32(r);
    apr_size_t n = okapi_read_count(r, okapi_read_u32(r), 7);
    for (apr_size_t i = 0; i < n && !r->failed; i++) {
        okapi__bookmark_t *b = apr_array_push(table->bookmarks);
        b->number = okapi_read_u32(r);
        okapi__place_init(&b->place, table->pool);
        okapi__place_read(r, &b->place);
    }
    okapi__toggled_read(r, table);
}

apr_status_t okapi_table_decode(okapi_table_t **table, okapi_reader_t *r, okapi_store_t *store,
                                okapi_message_t *message, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    okapi_table_t *t = okapi__table_make(store, result_pool);
    *table = NULL;
    if (okapi_read_u8(r) != STATE_VERSION) {
        okapi_reader_fail(r);
    }
    t->kind = okapi_read_u8(r);
    t->flags = okapi_read_u8(r);
    t->folder_id = (okapi_id_t)okapi_read_u64(r);
    t->message = t->kind == OKAPI_TABLE_ATTACHMENTS ? message : NULL;
    if (r->failed || t->kind < OKAPI_TABLE_CONTENTS || t->kind >= OKAPI_TABLE__LAST ||
        (t->kind == OKAPI_TABLE_ATTACHMENTS && !message)) {
        return OKAPI_EFORMAT;
    }
    apr_status_t rv = decode_view(t, r, scratch_pool);
    if (rv == APR_SUCCESS) {
        decode_places(t, r);
        rv = okapi_reader_status(r, 0);
    }
    *table = rv == APR_SUCCESS ? t : NULL;
    return rv;
}
