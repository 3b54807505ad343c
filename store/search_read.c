/* search_read.c - the searches of a store as a step begins with them. */
#include <okapi/error.h>

#include "search_private.h"
#include "table_private.h"

enum { CRITERIA_MAX = 1 << 20 }; /* bytes of a restriction, encoded */

static const okapi_codec_t packed = {OKAPI_FORM_PACKED, 0};

/* ---- columns ---- */

apr_status_t okapi__search_unpack(okapi_restriction_t **restriction, const okapi_id_t **ids, int *n,
                                  okapi_binary_t restriction_column, okapi_binary_t scope_column,
                                  apr_pool_t *result_pool)
{
    okapi_reader_t r;
    *restriction = NULL;
    *ids = NULL;
    *n = 0;
    if (!restriction_column.data || !scope_column.data) {
        return APR_SUCCESS;
    }
    *restriction = apr_palloc(result_pool, sizeof(**restriction));
    okapi_reader_init(&r, restriction_column.data, restriction_column.len);
    okapi_restriction_read(&r, *restriction, &packed, result_pool);
    if (okapi_reader_status(&r, 1) != APR_SUCCESS) {
        return OKAPI_ECORRUPT;
    }
    okapi_id_t *all = apr_palloc(result_pool, scope_column.len + 1);
    okapi_reader_init(&r, scope_column.data, scope_column.len);
    for (apr_size_t i = 0; i < scope_column.len / 8; i++) {
        all[i] = (okapi_id_t)okapi_read_u64(&r);
    }
    *n = (int)(scope_column.len / 8);
    *ids = all;
    return APR_SUCCESS;
}

apr_status_t okapi__search_pack(okapi_binary_t *restriction_column, okapi_binary_t *scope_column,
                                const okapi_restriction_t *restriction, const okapi_id_t *ids,
                                int n, apr_pool_t *result_pool)
{
    okapi_writer_t w, scope;
    okapi_writer_init(&w, 256, CRITERIA_MAX, result_pool);
    okapi_restriction_write(&w, restriction, &packed);
    okapi_writer_init(&scope, 64, 8 * OKAPI_SEARCH_FOLDERS_MAX, result_pool);
    for (int i = 0; i < n; i++) {
        okapi_write_u64(&scope, (apr_uint64_t)ids[i]);
    }
    *restriction_column = (okapi_binary_t){w.data, w.len};
    *scope_column = (okapi_binary_t){scope.data, scope.len};
    return okapi_writer_status(&w) != APR_SUCCESS || okapi_writer_status(&scope) != APR_SUCCESS
               ? OKAPI_ETOOCOMPLEX
               : APR_SUCCESS;
}

/* ---- the position ---- */

static apr_status_t read_position(okapi__conn_t *conn, okapi__searches_t *s, int *found,
                                  apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select_one(&rows, found, conn, STMT_SEARCH_POSITION,
                                           DB_ARGS(DB_I(s->store->id)), scratch_pool);
    if (rv == APR_SUCCESS && *found) {
        s->cn = s->upto = okapi__rows_int(rows, 0);
        s->rev = okapi__rows_int(rows, 1);
        s->busy = okapi__rows_int(rows, 2) != 0;
        s->store_cn = okapi__rows_int(rows, 3);
    }
    return rv;
}

typedef struct position_t {
    okapi__searches_t *searches;
    int found;
} position_t;

static apr_status_t position_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    position_t *b = baton;
    return read_position(conn, b->searches, &b->found, scratch_pool);
}

apr_status_t okapi__searches_position(okapi__searches_t *s, int *found, okapi_store_t *store,
                                      apr_pool_t *scratch_pool)
{
    position_t b = {s, 0};
    *s = (okapi__searches_t){.store = store};
    apr_status_t rv = okapi__db_read(store->okapi->db, position_work, &b, scratch_pool);
    *found = b.found;
    return rv;
}

/* ---- all of it ---- */

static int needs_of(const okapi_restriction_t *restriction, apr_pool_t *scratch_pool)
{
    apr_array_header_t *tags = apr_array_make(scratch_pool, 16, sizeof(okapi_proptag_t));
    okapi_restriction_tags(restriction, tags);
    return okapi__cells_need((const okapi_proptag_t *)tags->elts, tags->nelts);
}

/* A row of STMT_SEARCH_LIST. */
static apr_status_t add_search(okapi__searches_t *s, okapi__rows_t *rows)
{
    apr_pool_t *pool = s->pool;
    okapi__search_t *search = apr_pcalloc(pool, sizeof(*search));
    search->folder_id = okapi__rows_int(rows, 0);
    search->run_id = okapi__rows_int(rows, 1);
    search->state = (okapi__search_e)okapi__rows_int(rows, 2);
    search->flags = (apr_uint32_t)okapi__rows_int(rows, 3);
    apr_status_t rv = okapi__search_unpack(&search->restriction, &search->asked, &search->nasked,
                                           okapi__rows_blob(rows, 4), okapi__rows_blob(rows, 5),
                                           pool);
    if (rv == APR_SUCCESS && !search->restriction) {
        rv = OKAPI_ECORRUPT;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    search->content = okapi__rows_int(rows, 6);
    search->parent_id = okapi__rows_int(rows, 7);
    search->needs = needs_of(search->restriction, pool);
    search->limit = search->restriction->type == RES_COUNT ? search->restriction->value
                                                           : APR_INT64_MAX;
    search->scopes = apr_hash_make(pool);
    search->links = apr_array_make(pool, 0, sizeof(okapi__link_t));
    search->moves = apr_array_make(pool, 0, sizeof(okapi__scope_t));
    search->gone = apr_array_make(pool, 0, sizeof(okapi_id_t));
    APR_ARRAY_PUSH(s->all, okapi__search_t *) = search;
    return APR_SUCCESS;
}

static apr_status_t read_list(okapi__conn_t *conn, okapi__searches_t *s, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_SEARCH_LIST,
                                       DB_ARGS(DB_I(s->store->id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        rv = add_search(s, rows);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static okapi__search_t *of_run(const okapi__searches_t *s, okapi_id_t run_id)
{
    for (int i = 0; i < s->all->nelts; i++) {
        okapi__search_t *search = APR_ARRAY_IDX(s->all, i, okapi__search_t *);
        if (search->run_id == run_id) {
            return search;
        }
    }
    return NULL;
}

static apr_status_t read_scopes(okapi__conn_t *conn, okapi__searches_t *s,
                                apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_SCOPE_LIST, DB_ARGS(DB_I(s->store->id)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi__search_t *search = of_run(s, okapi__rows_int(rows, 0));
        if (search) {
            okapi__scope_t *scope = apr_palloc(s->pool, sizeof(*scope));
            *scope = (okapi__scope_t){okapi__rows_int(rows, 1), okapi__rows_int(rows, 2)};
            apr_hash_set(search->scopes, &scope->folder_id, sizeof(scope->folder_id), scope);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t read_all(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi__searches_t *s = baton;
    int found;
    apr_array_clear(s->all);
    apr_status_t rv = read_position(conn, s, &found, scratch_pool);
    if (rv == APR_SUCCESS && found) {
        rv = read_list(conn, s, scratch_pool);
    }
    return rv == APR_SUCCESS && found ? read_scopes(conn, s, scratch_pool) : rv;
}

apr_status_t okapi__searches_read(okapi__searches_t **s, okapi_store_t *store,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    *s = apr_pcalloc(result_pool, sizeof(**s));
    (*s)->store = store;
    (*s)->pool = result_pool;
    (*s)->all = apr_array_make(result_pool, 8, sizeof(okapi__search_t *));
    return okapi__db_read(store->okapi->db, read_all, *s, scratch_pool);
}
