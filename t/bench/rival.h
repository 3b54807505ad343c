/* rival.h - what a database is measured by: plain prepared statements over a connection of one's
 * own, with nothing between them and the driver. What fails ends the program.
 */
#ifndef OKAPI_BENCH_RIVAL_H
#define OKAPI_BENCH_RIVAL_H

#include <apr_pools.h>

typedef struct rival_t rival_t;
typedef struct rival_stmt_t rival_stmt_t;

/* To DATABASE, a value of the setting; closed with POOL. */
rival_t *rival_open(const char *database, apr_pool_t *pool);

/* One statement without results. */
void rival_sql(rival_t *rival, const char *sql);

/* One number. */
apr_int64_t rival_number(rival_t *rival, const char *sql);

void rival_begin(rival_t *rival);
void rival_commit(rival_t *rival);

/* %lld, %s and %pDb (four of ARGS: data, length, table, column) stand for arguments, given as in
 * apr_dbd_pbquery. Lives as long as RIVAL. */
rival_stmt_t *rival_prepare(rival_t *rival, const char *sql);
void rival_exec(rival_stmt_t *stmt, const void **args, apr_pool_t *pool);

/* How many rows it has. The first COLUMNS values of each are read and copied to POOL. */
int rival_rows(rival_stmt_t *stmt, const void **args, int columns, apr_pool_t *pool);

/* What stands behind FROM and gives the numbers 0 to N - 1 as i. */
const char *rival_series(const rival_t *rival, int n, apr_pool_t *pool);

/* A literal of these bytes. */
const char *rival_bytes(const rival_t *rival, const void *data, apr_size_t len, apr_pool_t *pool);

/* After many changes: what a server does by itself within minutes. */
void rival_settle(rival_t *rival, const char *table);

/* Bytes on the disk; SQLite's after its last connection is closed. */
apr_int64_t rival_size(const char *database, apr_pool_t *pool);

#endif
