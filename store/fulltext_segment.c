/* fulltext_segment.c - the rows a segment consists of. */
#include "fulltext_private.h"

#include <okapi/error.h>

#include "engine_private.h"

enum { DROP_BLOCKS = 100 }; /* in one transaction */

apr_status_t okapi__segments_list(apr_array_header_t **segments, okapi__conn_t *conn,
                                  okapi_id_t store_id, apr_pool_t *result_pool)
{
    okapi__rows_t *rows;
    *segments = apr_array_make(result_pool, 32, sizeof(okapi__segment_t));
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_FTS_SEGMENTS, DB_ARGS(DB_I(store_id)),
                                       result_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi__segment_t *s = apr_array_push(*segments);
        s->id = okapi__rows_int(rows, 0);
        s->level = (int)okapi__rows_int(rows, 1);
        s->first_doc = okapi__rows_int(rows, 2);
        s->last_doc = okapi__rows_int(rows, 3);
        s->docs = okapi__rows_int(rows, 4);
        s->bytes = okapi__rows_int(rows, 5);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi__segment_add(okapi__conn_t *conn, okapi_id_t store_id,
                                const okapi__segment_t *segment, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_FTS_SEGMENT_ADD, NULL,
                          DB_ARGS(DB_I(store_id), DB_I(segment->id), DB_I(segment->level),
                                  DB_I(segment->first_doc), DB_I(segment->last_doc),
                                  DB_I(segment->docs), DB_I(segment->bytes)),
                          scratch_pool);
}

apr_status_t okapi__blocks_add(okapi__conn_t *conn, okapi_id_t store_id, apr_int64_t segment,
                               apr_int64_t first_seq, const apr_array_header_t *blocks,
                               apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < blocks->nelts; i++) {
        const okapi__block_t *block = &APR_ARRAY_IDX(blocks, i, okapi__block_t);
        rv = okapi__db_exec(conn, STMT_FTS_BLOCK_ADD, NULL,
                            DB_ARGS(DB_I(store_id), DB_I(segment), DB_I(first_seq + i),
                                    DB_S(block->first), DB_B(block->data.data, block->data.len)),
                            scratch_pool);
    }
    return rv;
}

/* ---- sweeping ---- */

typedef struct sweep_t {
    okapi_id_t store_id;
    apr_int64_t segment; /* 0: there is none */
    int done;            /* it has gone, with its row */
} sweep_t;

static apr_status_t find_waste(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    sweep_t *s = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_SEGMENT_WASTE,
                                           DB_ARGS(DB_I(s->store_id)), scratch_pool);
    s->segment = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

/* Blocks go from the last to the first, the row with the first ones. */
static apr_status_t drop_some(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    sweep_t *s = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_BLOCK_LAST,
                                           DB_ARGS(DB_I(s->store_id), DB_I(s->segment)),
                                           scratch_pool);
    apr_int64_t from = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) - DROP_BLOCKS + 1 : 0;
    s->done = from <= 0;
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_FTS_BLOCKS_DROP, NULL,
                            DB_ARGS(DB_I(s->store_id), DB_I(s->segment), DB_I(s->done ? 0 : from)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS && s->done
               ? okapi__db_exec(conn, STMT_FTS_SEGMENT_DROP, NULL,
                                DB_ARGS(DB_I(s->store_id), DB_I(s->segment)), scratch_pool)
               : rv;
}

apr_status_t okapi__segments_sweep(okapi_t *okapi, okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    sweep_t s = {.store_id = store_id};
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    while (rv == APR_SUCCESS) {
        apr_pool_clear(pool);
        rv = okapi__db_read(okapi->db, find_waste, &s, pool);
        if (rv != APR_SUCCESS || !s.segment) {
            break;
        }
        do {
            apr_pool_clear(pool);
            rv = okapi__db_write(okapi->db, drop_some, &s, pool);
        } while (rv == APR_SUCCESS && !s.done);
    }
    apr_pool_destroy(pool);
    return rv;
}
