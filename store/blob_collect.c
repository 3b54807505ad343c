/* blob_collect.c - removing blobs that nothing refers to any more.
 *
 * Nobody counts references: the count of a file that everybody gets would be a row everybody waits
 * for. Instead old blobs are looked through, a window of ids at a time, for those without any. When
 * somebody begins to use one at that moment, the foreign key of bigprop makes one of the two
 * transactions run again: the collector then finds a reference, or the writer finds no blob and
 * stores it anew.
 */
#include <apr_tables.h>
#include <okapi/blob.h>
#include <okapi/error.h>

#include "blob.h"
#include "engine_private.h"

enum {
    WINDOW = 1000,           /* blobs looked at in one reading transaction */
    STEP_BLOBS = 50,         /* removed in one writing transaction, at most, */
    STEP_BYTES = 16 << 20,   /* and bytes, unless it is a single one */
    PAUSE = 1000             /* microseconds after it, for those who wait to write */
};

typedef struct candidate_t {
    okapi_id_t id;
    apr_int64_t size;
} candidate_t;

typedef struct collect_t {
    okapi_time_t before;          /* only blobs made before it */
    okapi_id_t from, to;          /* the window (from, to]; to 0: there are no more */
    apr_array_header_t *found;    /* of candidate_t, in POOL */
    int next;                     /* the first of them that isn't removed yet */
    int taken;                    /* how many the transaction tried, */
    okapi_blob_garbage_t removed; /* and what it has removed */
    apr_pool_t *pool;
} collect_t;

static apr_status_t find_end(collect_t *c, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_BLOB_WINDOW,
                                           DB_ARGS(DB_I(c->from), DB_I(WINDOW)), scratch_pool);
    c->to = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

static apr_status_t find_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    collect_t *c = baton;
    okapi__rows_t *rows;
    apr_status_t rv = find_end(c, conn, scratch_pool);
    c->found = apr_array_make(c->pool, 16, sizeof(candidate_t));
    c->next = 0;
    if (rv != APR_SUCCESS || !c->to) {
        return rv;
    }
    rv = okapi__db_select(&rows, conn, STMT_BLOB_GARBAGE,
                          DB_ARGS(DB_I(c->from), DB_I(c->to), DB_I(c->before)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        candidate_t *candidate = apr_array_push(c->found);
        candidate->id = okapi__rows_int(rows, 0);
        candidate->size = okapi__rows_int(rows, 1);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* The row goes first, and the chunks only with it: a reference that is committed between the two
 * statements keeps the row, or is refused by its absence. */
apr_status_t okapi__blob_drop(okapi__conn_t *conn, okapi_id_t id, int *dropped,
                              apr_pool_t *scratch_pool)
{
    apr_int64_t affected;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_BLOB_DROP, &affected, DB_ARGS(DB_I(id), DB_I(id)), scratch_pool);
    *dropped = rv == APR_SUCCESS && affected > 0;
    return *dropped ? okapi__db_exec(conn, STMT_BLOB_CHUNKS_DROP, NULL, DB_ARGS(DB_I(id)),
                                     scratch_pool)
                    : rv;
}

static apr_status_t drop_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    collect_t *c = baton;
    apr_int64_t bytes = 0;
    apr_status_t rv = APR_SUCCESS;
    c->removed = (okapi_blob_garbage_t){0, 0};
    c->taken = 0;
    for (int i = c->next; i < c->found->nelts && c->taken < STEP_BLOBS; i++) {
        const candidate_t *candidate = &APR_ARRAY_IDX(c->found, i, candidate_t);
        int dropped;
        bytes += candidate->size;
        if (c->taken > 0 && bytes > STEP_BYTES) {
            break;
        }
        rv = okapi__blob_drop(conn, candidate->id, &dropped, scratch_pool);
        if (rv != APR_SUCCESS) {
            break;
        }
        c->taken++;
        c->removed.blobs += dropped;
        c->removed.bytes += dropped ? candidate->size : 0;
    }
    return rv;
}

/* Removes what was found in one window. */
static apr_status_t drop_found(collect_t *c, okapi_t *okapi, int (*stop)(void *baton), void *baton,
                               okapi_blob_garbage_t *garbage)
{
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, c->pool);
    while (rv == APR_SUCCESS && c->next < c->found->nelts && !(stop && stop(baton))) {
        rv = okapi__db_write(okapi->db, drop_work, c, pool);
        if (rv == APR_SUCCESS) {
            c->next += c->taken;
            garbage->blobs += c->removed.blobs;
            garbage->bytes += c->removed.bytes;
            apr_sleep(PAUSE);
        }
        apr_pool_clear(pool);
    }
    return rv;
}

apr_status_t okapi_blob_collect(okapi_t *okapi, apr_interval_time_t age, int (*stop)(void *baton),
                                void *baton, okapi_blob_garbage_t *garbage,
                                apr_pool_t *scratch_pool)
{
    collect_t c = {.before = okapi_time_from_apr(apr_time_now() - age)};
    apr_status_t rv = apr_pool_create(&c.pool, scratch_pool);
    *garbage = (okapi_blob_garbage_t){0, 0};
    while (rv == APR_SUCCESS && !(stop && stop(baton))) {
        apr_pool_clear(c.pool);
        rv = okapi__db_read(okapi->db, find_work, &c, c.pool);
        if (rv != APR_SUCCESS || !c.to) {
            break;
        }
        rv = drop_found(&c, okapi, stop, baton, garbage);
        c.from = c.to;
    }
    apr_pool_destroy(c.pool);
    return rv;
}
