/* fulltext.c - the index of words of a store as a whole: its state, beginning anew, its end. */
#include <okapi/error.h>

#include "engine_private.h"
#include "fulltext_private.h"

typedef struct index_t {
    okapi_id_t store_id;
    okapi_fulltext_state_t *state;
} index_t;

/* ---- state ---- */

static apr_status_t read_counts(okapi__conn_t *conn, const index_t *index,
                                apr_pool_t *scratch_pool)
{
    okapi_fulltext_state_t *state = index->state;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_DOCS_COUNT,
                                           DB_ARGS(DB_I(index->store_id)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        state->messages = okapi__rows_int(rows, 0);
        state->partial = okapi__rows_int(rows, 1);
        state->unreadable = okapi__rows_int(rows, 2);
    }
    return rv;
}

static apr_status_t read_state(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const index_t *index = baton;
    apr_array_header_t *segments;
    okapi__rows_t *rows;
    int found;
    *index->state = (okapi_fulltext_state_t){0};
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_STATE,
                                           DB_ARGS(DB_I(index->store_id)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        index->state->cn = okapi__rows_int(rows, 0);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__segments_list(&segments, conn, index->store_id, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < segments->nelts; i++) {
        index->state->segments++;
        index->state->bytes += APR_ARRAY_IDX(segments, i, okapi__segment_t).bytes;
    }
    return rv == APR_SUCCESS ? read_counts(conn, index, scratch_pool) : rv;
}

apr_status_t okapi_fulltext_state(okapi_fulltext_state_t *state, okapi_t *okapi,
                                  okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    index_t index = {store_id, state};
    return okapi__db_read(okapi->db, read_state, &index, scratch_pool);
}

/* ---- beginning anew ---- */

/* What there is becomes waste at once; feeding removes it, and the documents, before it begins. */
static apr_status_t reset(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const index_t *index = baton;
    apr_status_t rv = okapi__db_exec(conn, STMT_FTS_STATE_RESET, NULL,
                                     DB_ARGS(DB_I(okapi_time_now()), DB_I(index->store_id)),
                                     scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__db_exec(conn, STMT_FTS_SEGMENTS_RESET, NULL,
                                DB_ARGS(DB_I(OKAPI__SEGMENT_GONE), DB_I(index->store_id)),
                                scratch_pool)
               : rv;
}

apr_status_t okapi_fulltext_reset(okapi_t *okapi, okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    index_t index = {store_id, NULL};
    return okapi__db_write(okapi->db, reset, &index, scratch_pool);
}

/* ---- the end ---- */

static apr_status_t drop(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const index_t *index = baton;
    apr_status_t rv = okapi__db_exec(conn, STMT_FTS_DOCS_DROP, NULL,
                                     DB_ARGS(DB_I(index->store_id), DB_I(APR_INT64_MAX)),
                                     scratch_pool);
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_FTS_STATE_DROP, NULL,
                                              DB_ARGS(DB_I(index->store_id)), scratch_pool)
                             : rv;
}

apr_status_t okapi__fulltext_purge(okapi_t *okapi, okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    index_t index = {store_id, NULL};
    apr_status_t rv = okapi_fulltext_reset(okapi, store_id, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__segments_sweep(okapi, store_id, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__db_write(okapi->db, drop, &index, scratch_pool) : rv;
}
