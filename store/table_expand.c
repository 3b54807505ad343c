/* table_expand.c - expanding and collapsing categories, and the state of all of them as bytes that
 * a client keeps (MS-OXCTABL 2.2.2.17 to 2.2.2.20). */
#include <string.h>

#include <okapi/error.h>
#include <openssl/evp.h>

#include "table_private.h"

enum {
    STATE_VERSION = 1,
    STATE_MAX = 65535, /* CollapseStateSize has two bytes */
    PRINT_SIZE = 8
};

/* ---- one category ---- */

static const okapi__category_t *category_of(const okapi_table_t *table, apr_int64_t id)
{
    for (int i = 0; i < table->array->ncategories; i++) {
        if (table->array->categories[i].id == id) {
            return &table->array->categories[i];
        }
    }
    return NULL;
}

static int rows_of(const okapi_table_t *table)
{
    return table->nruns ? table->runs[table->nruns - 1].before + table->runs[table->nruns - 1].n
                        : 0;
}

/* Sets whether the category is EXPANDED. *COUNT: rows that come, or go. Between prepare and
 * finish. */
static apr_status_t set_expanded(okapi_table_t *table, apr_int64_t category_id, int expanded,
                                 const okapi__category_t **category, apr_uint32_t *count,
                                 apr_pool_t *scratch_pool)
{
    int before = rows_of(table);
    *category = table->view->sort ? category_of(table, category_id) : NULL;
    if (!*category) {
        return OKAPI_ENOTFOUND;
    }
    if (okapi__is_expanded(table, *category) == expanded) {
        return expanded ? OKAPI_ENOTCOLLAPSED : OKAPI_ENOTEXPANDED;
    }
    if (!okapi__toggle(table, *category)) {
        return OKAPI_ETOOCOMPLEX;
    }
    okapi__visible(table, scratch_pool);
    *count = (apr_uint32_t)(expanded ? rows_of(table) - before : before - rows_of(table));
    return APR_SUCCESS;
}

/* The first MAX of the rows that came, and the cursor behind them. */
static apr_status_t read_expanded(okapi_table_t *table, const okapi__category_t *category,
                                  int max, apr_array_header_t *rows, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    apr_array_header_t *refs;
    okapi__place_at(&table->cursor, category->key, 0);
    if (max <= 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__table_fetch(&refs, table, &table->cursor, max, 0, NULL, result_pool);
    for (int i = 0; rv == APR_SUCCESS && i < refs->nelts; i++) {
        rv = okapi__table_row(apr_array_push(rows), table, &APR_ARRAY_IDX(refs, i, okapi__ref_t),
                              result_pool, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi_table_advance(table, rows, rows->nelts, 0) : rv;
}

/* Expanding and collapsing is of contents tables that have columns: MS-OXCTABL 3.2.5.2. */
static apr_status_t prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    if (table->kind != OKAPI_TABLE_CONTENTS) {
        return OKAPI_ENOSUPPORT;
    }
    if (table->view->ncolumns == 0) {
        return OKAPI_ENOTSET;
    }
    return okapi__table_prepare(table, scratch_pool);
}

apr_status_t okapi_table_expand(okapi_table_t *table, apr_int64_t category_id, int max,
                                apr_uint32_t *count, apr_array_header_t **rows,
                                apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__category_t *category;
    *count = 0;
    *rows = apr_array_make(result_pool, 16, sizeof(okapi_row_t));
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = set_expanded(table, category_id, 1, &category, count, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        max = max < (int)*count ? max : (int)*count;
        rv = read_expanded(table, category, max, *rows, result_pool, scratch_pool);
    }
    return okapi__table_finish(table, rv);
}

apr_status_t okapi_table_collapse(okapi_table_t *table, apr_int64_t category_id,
                                  apr_uint32_t *count, apr_pool_t *scratch_pool)
{
    const okapi__category_t *category;
    *count = 0;
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = set_expanded(table, category_id, 0, &category, count, scratch_pool);
    }
    return okapi__table_finish(table, rv);
}

/* ---- all of them ---- */

void okapi__toggled_write(okapi_writer_t *w, const okapi_table_t *table)
{
    okapi_write_u32(w, (apr_uint32_t)table->toggled->nelts);
    for (int i = 0; i < table->toggled->nelts; i++) {
        okapi_write_u64(w, (apr_uint64_t)APR_ARRAY_IDX(table->toggled, i, apr_int64_t));
    }
}

void okapi__toggled_read(okapi_reader_t *r, okapi_table_t *table)
{
    apr_size_t n = okapi_read_count(r, okapi_read_u32(r), 8);
    apr_array_clear(table->toggled);
    for (apr_size_t i = 0; i < n && !r->failed; i++) {
        apr_int64_t id = (apr_int64_t)okapi_read_u64(r);
        if (n > OKAPI__TOGGLED_MAX ||
            (i > 0 && APR_ARRAY_IDX(table->toggled, (int)i - 1, apr_int64_t) >= id)) {
            okapi_reader_fail(r);
        }
        APR_ARRAY_PUSH(table->toggled, apr_int64_t) = id;
    }
}

/* Of the sort order and the restriction, which a state is only good for. */
static void print_of(unsigned char *print, const okapi__view_t *view, apr_pool_t *scratch_pool)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    okapi_writer_t w;
    okapi_writer_init(&w, 64, APR_SIZE_MAX, scratch_pool);
    okapi_write_u32(&w, (apr_uint32_t)view->sort_bytes.len);
    okapi_write_bytes(&w, view->sort_bytes.data, view->sort_bytes.len);
    okapi_write_bytes(&w, view->restriction_bytes.data, view->restriction_bytes.len);
    EVP_Digest(w.data, w.len, digest, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < PRINT_SIZE; i++) {
        print[i] = digest[i];
    }
}

/* Before the row, or where the cursor is if there is no such row. */
static apr_status_t place_of(okapi__place_t *place, okapi_table_t *table, apr_int64_t inst_id,
                             apr_uint32_t instance, apr_pool_t *scratch_pool)
{
    apr_array_header_t *refs;
    okapi__place_copy(place, &table->cursor);
    apr_status_t rv = okapi__table_of_id(&refs, table, inst_id, NULL, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < refs->nelts; i++) {
        const okapi__ref_t *ref = &APR_ARRAY_IDX(refs, i, okapi__ref_t);
        if (ref->category || ref->instance == instance) {
            okapi__place_at(place, ref->key, 1);
        }
    }
    return rv;
}

apr_status_t okapi_table_collapse_state(okapi_table_t *table, apr_int64_t inst_id,
                                        apr_uint32_t instance, okapi_binary_t *state,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    unsigned char print[PRINT_SIZE];
    okapi__place_t place;
    okapi_writer_t w;
    okapi__place_init(&place, scratch_pool);
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = place_of(&place, table, inst_id, instance, scratch_pool);
    }
    if (okapi__table_finish(table, rv) != APR_SUCCESS) {
        return rv;
    }
    print_of(print, table->view, scratch_pool);
    okapi_writer_init(&w, 256, STATE_MAX, result_pool);
    okapi_write_u8(&w, STATE_VERSION);
    okapi_write_bytes(&w, print, PRINT_SIZE);
    okapi__toggled_write(&w, table);
    okapi__place_write(&w, &place);
    *state = (okapi_binary_t){w.data, w.len};
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOCOMPLEX;
}

apr_status_t okapi_table_set_collapse_state(okapi_table_t *table, okapi_binary_t state,
                                            okapi_binary_t *bookmark, apr_pool_t *result_pool,
                                            apr_pool_t *scratch_pool)
{
    unsigned char print[PRINT_SIZE];
    okapi_table_t *read = okapi__table_make(table->store, scratch_pool);
    okapi_reader_t r;
    if (table->kind != OKAPI_TABLE_CONTENTS || table->view->ncolumns == 0) {
        return table->kind != OKAPI_TABLE_CONTENTS ? OKAPI_ENOSUPPORT : OKAPI_ENOTSET;
    }
    okapi_reader_init(&r, state.data, state.len);
    if (okapi_read_u8(&r) != STATE_VERSION) {
        okapi_reader_fail(&r);
    }
    const unsigned char *told = okapi_read_bytes(&r, PRINT_SIZE);
    print_of(print, table->view, scratch_pool);
    okapi__toggled_read(&r, read);
    okapi__place_read(&r, &read->cursor);
    if (okapi_reader_status(&r, 1) != APR_SUCCESS || memcmp(told, print, PRINT_SIZE) != 0) {
        return OKAPI_EINVAL;
    }
    apr_status_t rv = okapi__bookmark_at(table, bookmark, &read->cursor, result_pool);
    if (rv == APR_SUCCESS) {
        okapi__place_copy(&table->cursor, &read->cursor);
        table->toggled = apr_array_copy(table->pool, read->toggled);
    }
    return rv;
}
