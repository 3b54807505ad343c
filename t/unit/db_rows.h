/* db_rows.h - work for transactions: rows of the table msg_props, written and counted. */
#ifndef OKAPI_DB_ROWS_H
#define OKAPI_DB_ROWS_H

#include "db_fixture.h"

/* One row. */
typedef struct row_t {
    apr_int64_t id;
    int runs;        /* how often the work ran */
    apr_status_t rv; /* to return in the end */
} row_t;

static inline apr_status_t add_row(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    row_t *row = baton;
    apr_status_t rv;

    row->runs++;
    rv = okapi__db_exec(conn, STMT_PROPS_ADD, NULL,
                        DB_ARGS(DB_I(row->id), DB_I(0), DB_B("x", 1), DB_NULL), scratch_pool);
    return rv ? rv : row->rv;
}

/* How many rows there are from .id on. */
static inline apr_status_t count_rows(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    row_t *row = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv;

    row->runs++;
    rv = okapi__db_select_one(&rows, &found, conn, STMT_PROPS_SUM,
                              DB_ARGS(DB_I(row->id), DB_I(APR_INT64_MAX)), scratch_pool);
    if (rv == APR_SUCCESS) {
        row->id = okapi__rows_int(rows, 0);
    }
    return rv;
}

/* Turns .id to 0 if there is no such row. */
static inline apr_status_t find_row(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    row_t *row = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_PROPS_GET,
                                           DB_ARGS(DB_I(row->id)), scratch_pool);

    if (rv == APR_SUCCESS && !found) {
        row->id = 0;
    }
    return rv;
}

static inline int has_row(okapi__db_t *db, apr_int64_t id, apr_pool_t *pool)
{
    row_t row = {id, 0, 0};

    return okapi__db_read(db, find_row, &row, pool) == APR_SUCCESS && row.id == id;
}

#endif
