/* table_read.c - what the calls on a table have in common: reading between preparing its plan and
 * finishing it. */
#include <apr_strings.h>

#include "access.h"
#include "table_private.h"

enum { ANONYMOUS = -1 };

static int needs_array(const okapi_table_t *table)
{
    return okapi__folder_shows_links(table->folder, okapi__table_part(table)) ||
           !(table->folder->rights & OKAPI_RIGHT_READ_ANY) ||
           (!table->store->sees_private && okapi__index_is_text(table->view->index));
}

apr_status_t okapi__table_prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    if (table->kind == OKAPI_TABLE_CONTENTS) {
        rv = okapi__table_need_folder(table, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__private_prepare(table->store, scratch_pool);
        }
        /* An index has the rows of all, and the places of texts that aren't for everybody; of what
         * a search has found there is none. */
        if (rv == APR_SUCCESS && needs_array(table)) {
            table->view->plan = &okapi__plan_array;
        }
    }
    return rv == APR_SUCCESS ? table->view->plan->prepare(table, scratch_pool) : rv;
}

okapi_id_t okapi__table_viewer(const okapi_table_t *table)
{
    const okapi_store_t *store = table->store;
    int sees_all = store->sees_private && (table->folder->rights & OKAPI_RIGHT_READ_ANY) &&
                   !okapi_store_is_public(store); /* where everybody has read something else */
    return sees_all ? 0 : store->actor->id ? store->actor->id : ANONYMOUS;
}

apr_status_t okapi__table_finish(okapi_table_t *table, apr_status_t rv)
{
    table->view->plan->finish(table);
    return rv;
}

typedef struct reading_t {
    okapi_table_t *table;
    okapi__scan_t scan;
    apr_array_header_t *refs;
    const okapi__place_t *place; /* whose number is asked for, or that is left */
    okapi__place_t moving;
    apr_int32_t skip, moved;
    apr_int64_t inst_id;
    apr_uint32_t count, number;
    apr_pool_t *pool; /* of the references and rows */
} reading_t;

static apr_status_t run(reading_t *r, okapi__work_t work, apr_pool_t *scratch_pool)
{
    return okapi__db_read(r->table->store->okapi->db, work, r, scratch_pool);
}

/* ---- rows ---- */

static apr_status_t read_refs(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    okapi_table_t *table = r->table;
    r->refs = apr_array_make(r->pool, r->scan.max < 64 ? r->scan.max : 64, sizeof(okapi__ref_t));
    apr_status_t rv = table->view->plan->refs(r->refs, table, conn, &r->scan, r->pool,
                                              scratch_pool);
    if (rv == APR_SUCCESS && r->scan.fetch && table->kind == OKAPI_TABLE_CONTENTS) {
        rv = okapi__rows_fetch(r->refs, table->folder, okapi__table_part(table), r->scan.needs,
                               conn, r->pool, scratch_pool);
    }
    return rv;
}

apr_status_t okapi__table_keys(apr_array_header_t **refs, okapi_table_t *table,
                               const okapi__place_t *place, int max, int backward,
                               apr_pool_t *pool)
{
    reading_t r = {.table = table, .pool = pool};
    r.scan = (okapi__scan_t){.place = place, .max = max, .backward = backward != 0};
    apr_status_t rv = run(&r, read_refs, pool);
    *refs = r.refs;
    return rv;
}

/* OKAPI__NEED_* of the columns and the tags ALSO. */
static int needs_of(const okapi_table_t *table, const apr_array_header_t *also)
{
    const okapi__view_t *view = table->view;
    int needs = okapi__cells_need(view->columns, view->ncolumns);
    if (also) {
        needs |= okapi__cells_need((const okapi_proptag_t *)also->elts, also->nelts);
    }
    return needs;
}

apr_status_t okapi__table_fetch(apr_array_header_t **refs, okapi_table_t *table,
                                const okapi__place_t *place, int max, int backward,
                                const apr_array_header_t *also, apr_pool_t *pool)
{
    reading_t r = {.table = table, .pool = pool};
    r.scan = (okapi__scan_t){.place = place, .max = max, .backward = backward != 0, .fetch = 1};
    r.scan.needs = needs_of(table, also);
    apr_status_t rv = run(&r, read_refs, pool);
    *refs = r.refs;
    return rv;
}

static apr_status_t read_of_id(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    okapi_table_t *table = r->table;
    r->refs = apr_array_make(r->pool, 1, sizeof(okapi__ref_t));
    apr_status_t rv = table->view->plan->of_id(r->refs, table, conn, r->inst_id, r->pool,
                                               scratch_pool);
    if (rv == APR_SUCCESS && table->kind == OKAPI_TABLE_CONTENTS) {
        rv = okapi__rows_fetch(r->refs, table->folder, okapi__table_part(table), r->scan.needs,
                               conn, r->pool, scratch_pool);
    }
    return rv;
}

apr_status_t okapi__table_of_id(apr_array_header_t **refs, okapi_table_t *table,
                                apr_int64_t inst_id, const apr_array_header_t *also,
                                apr_pool_t *pool)
{
    reading_t r = {.table = table, .inst_id = inst_id, .pool = pool};
    r.scan.needs = needs_of(table, also);
    apr_status_t rv = run(&r, read_of_id, pool);
    *refs = r.refs;
    return rv;
}

apr_status_t okapi__table_row(okapi_row_t *row, const okapi_table_t *table,
                              const okapi__ref_t *ref, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    const okapi__view_t *view = table->view;
    apr_status_t rv = APR_SUCCESS;
    row->id = ref->category ? 0 : ref->id;
    row->key.data = apr_pmemdup(result_pool, ref->key.data, ref->key.len);
    row->key.len = ref->key.len;
    row->values = apr_palloc(result_pool, sizeof(*row->values) * (apr_size_t)(view->ncolumns + 1));
    for (int i = 0; rv == APR_SUCCESS && i < view->ncolumns; i++) {
        rv = okapi__cell(&row->values[i], ref, view, view->columns[i], result_pool, scratch_pool);
    }
    return rv;
}

/* ---- moving ---- */

static apr_status_t skip_rows(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    r->moved = 0;
    okapi__place_copy(&r->moving, r->place);
    return r->table->view->plan->skip(&r->moving, r->skip, &r->moved, r->table, conn,
                                      scratch_pool);
}

apr_status_t okapi__table_skip(okapi_table_t *table, okapi__place_t *place, apr_int32_t count,
                               apr_int32_t *moved, apr_pool_t *scratch_pool)
{
    reading_t r = {.table = table, .place = place, .skip = count};
    okapi__place_init(&r.moving, scratch_pool);
    apr_status_t rv = count ? run(&r, skip_rows, scratch_pool) : APR_SUCCESS;
    if (rv == APR_SUCCESS && count) {
        okapi__place_copy(place, &r.moving);
    }
    *moved = r.moved;
    return rv;
}

/* ---- counts ---- */

static apr_status_t read_count(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    return r->table->view->plan->count(&r->count, r->table, conn, scratch_pool);
}

static apr_status_t read_number(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    apr_status_t rv = read_count(conn, r, scratch_pool);
    return rv == APR_SUCCESS ? r->table->view->plan->number(&r->number, r->table, conn, r->place,
                                                            scratch_pool)
                             : rv;
}

apr_status_t okapi__table_count(apr_uint32_t *count, okapi_table_t *table,
                                apr_pool_t *scratch_pool)
{
    reading_t r = {.table = table};
    apr_status_t rv = okapi__table_prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = run(&r, read_count, scratch_pool);
    }
    *count = r.count;
    return okapi__table_finish(table, rv);
}

apr_status_t okapi_table_position(okapi_table_t *table, apr_uint32_t *numerator,
                                  apr_uint32_t *denominator, apr_pool_t *scratch_pool)
{
    reading_t r = {.table = table, .place = &table->cursor};
    apr_status_t rv = okapi__table_prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = run(&r, read_number, scratch_pool);
    }
    *numerator = r.number < r.count ? r.number : r.count;
    *denominator = r.count;
    return okapi__table_finish(table, rv);
}
