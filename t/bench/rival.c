/* rival.c - plain prepared statements, as rival.h says. */
#include "rival.h"

#include <string.h>
#include <sys/stat.h>

#include <apr_dbd.h>

#include "bench.h"

struct rival_t {
    const char *engine; /* sqlite3, mysql, pgsql */
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_pool_t *pool;
};

struct rival_stmt_t {
    rival_t *rival;
    apr_dbd_prepared_t *prepared;
};

static int is_engine(const rival_t *rival, const char *name)
{
    return strcmp(rival->engine, name) == 0;
}

static void must(const rival_t *rival, int rc, const char *sql)
{
    if (rc != 0) {
        fprintf(stderr, "%.200s: %s\n", sql, apr_dbd_error(rival->driver, rival->handle, rc));
        exit(1);
    }
}

/* As the store's connections are set (store/db/dialect.c). */
static void set_up(rival_t *rival)
{
    static const char *const pragmas[] = {"PRAGMA page_size=8192", "PRAGMA journal_mode=WAL",
                                          "PRAGMA synchronous=FULL", "PRAGMA cache_size=-16384",
                                          "PRAGMA wal_autocheckpoint=4000",
                                          "PRAGMA busy_timeout=10000"};
    if (is_engine(rival, "sqlite3")) {
        for (apr_size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
            apr_dbd_results_t *results = NULL;
            apr_dbd_select(rival->driver, rival->pool, rival->handle, &results, pragmas[i], 0);
        }
    } else if (is_engine(rival, "mysql")) {
        rival_sql(rival, "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin");
        rival_sql(rival, "SET SESSION sql_mode='PIPES_AS_CONCAT,STRICT_ALL_TABLES'");
        rival_sql(rival, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    }
}

static apr_status_t close_rival(void *data)
{
    const rival_t *rival = data;
    apr_dbd_close(rival->driver, rival->handle);
    return APR_SUCCESS;
}

rival_t *rival_open(const char *database, apr_pool_t *pool)
{
    rival_t *rival = apr_pcalloc(pool, sizeof(*rival));
    const char *colon = strchr(database, ':'), *error = NULL;
    rival->engine = apr_pstrmemdup(pool, database, (apr_size_t)(colon - database));
    rival->pool = pool;
    BENCH_TRY(apr_dbd_init(pool));
    BENCH_TRY(apr_dbd_get_driver(pool, rival->engine, &rival->driver));
    if (apr_dbd_open_ex(rival->driver, pool, colon + 1, &rival->handle, &error) != APR_SUCCESS) {
        bench_die(error ? error : database, APR_EGENERAL);
    }
    apr_pool_cleanup_register(pool, rival, close_rival, apr_pool_cleanup_null);
    set_up(rival);
    return rival;
}

void rival_sql(rival_t *rival, const char *sql)
{
    int affected;
    must(rival, apr_dbd_query(rival->driver, rival->handle, &affected, sql), sql);
}

apr_int64_t rival_number(rival_t *rival, const char *sql)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_int64_t number = 0;
    apr_pool_t *pool;
    int by_number = is_engine(rival, "pgsql");
    apr_pool_create(&pool, rival->pool);
    must(rival, apr_dbd_select(rival->driver, pool, rival->handle, &results, sql, by_number), sql);
    while (apr_dbd_get_row(rival->driver, pool, results, &row, by_number ? 1 : -1) == 0) {
        const char *text = apr_dbd_get_entry(rival->driver, row, 0);
        number = text ? apr_atoi64(text) : 0;
        if (by_number) {
            break;
        }
    }
    apr_pool_destroy(pool);
    return number;
}

void rival_begin(rival_t *rival)
{
    rival_sql(rival, is_engine(rival, "sqlite3") ? "BEGIN IMMEDIATE" : "BEGIN");
}

void rival_commit(rival_t *rival)
{
    rival_sql(rival, "COMMIT");
}

rival_stmt_t *rival_prepare(rival_t *rival, const char *sql)
{
    static int count;
    rival_stmt_t *stmt = apr_pcalloc(rival->pool, sizeof(*stmt));
    stmt->rival = rival;
    must(rival,
         apr_dbd_prepare(rival->driver, rival->pool, rival->handle, sql,
                         apr_psprintf(rival->pool, "rival%d", count++), &stmt->prepared),
         sql);
    return stmt;
}

void rival_exec(rival_stmt_t *stmt, const void **args, apr_pool_t *pool)
{
    rival_t *rival = stmt->rival;
    int affected;
    must(rival,
         apr_dbd_pbquery(rival->driver, pool, rival->handle, &affected, stmt->prepared, args),
         "a prepared statement");
}

int rival_rows(rival_stmt_t *stmt, const void **args, int columns, apr_pool_t *pool)
{
    rival_t *rival = stmt->rival;
    int by_number = is_engine(rival, "pgsql"), n = 0;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    must(rival,
         apr_dbd_pbselect(rival->driver, pool, rival->handle, &results, stmt->prepared, by_number,
                          args),
         "a prepared statement");
    while (apr_dbd_get_row(rival->driver, pool, results, &row, by_number ? n + 1 : -1) == 0) {
        for (int i = 0; i < columns; i++) {
            apr_pstrdup(pool, apr_dbd_get_entry(rival->driver, row, i));
        }
        n++;
    }
    return n;
}

const char *rival_series(const rival_t *rival, int n, apr_pool_t *pool)
{
    if (is_engine(rival, "mysql")) {
        return apr_psprintf(pool, "(SELECT CAST(seq AS SIGNED) AS i FROM seq_0_to_%d) AS c", n - 1);
    }
    if (is_engine(rival, "pgsql")) {
        return apr_psprintf(pool, "generate_series(CAST(0 AS BIGINT), %d) AS c(i)", n - 1);
    }
    return apr_psprintf(pool,
                        "(WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r"
                        " WHERE i < %d) SELECT i FROM r) AS c",
                        n - 1);
}

const char *rival_bytes(const rival_t *rival, const void *data, apr_size_t len, apr_pool_t *pool)
{
    int escaped = is_engine(rival, "pgsql");
    char *hex = apr_palloc(pool, len * 2 + 1);
    hex[0] = '\0';
    for (apr_size_t i = 0; i < len; i++) {
        apr_snprintf(hex + 2 * i, 3, "%02x", ((const unsigned char *)data)[i]);
    }
    return apr_pstrcat(pool, escaped ? "CAST('\\x" : "x'", hex, escaped ? "' AS BYTEA)" : "'",
                       NULL);
}

void rival_settle(rival_t *rival, const char *table)
{
    if (is_engine(rival, "pgsql")) {
        rival_sql(rival, apr_pstrcat(rival->pool, "VACUUM ANALYZE ", table, NULL));
    } else if (is_engine(rival, "mysql")) {
        rival_number(rival, apr_pstrcat(rival->pool, "ANALYZE TABLE ", table, NULL));
    }
}

apr_int64_t rival_size(const char *database, apr_pool_t *pool)
{
    struct stat st;
    if (strncmp(database, "sqlite3:", 8) == 0) {
        return stat(database + 8, &st) == 0 ? (apr_int64_t)st.st_size : 0;
    }
    rival_t *rival = rival_open(database, pool);
    if (is_engine(rival, "pgsql")) {
        return rival_number(rival, "SELECT pg_database_size(current_database())");
    }
    /* Statistics, which are what knows the sizes, are brought up to date when the server likes. */
    rival_number(rival, "ANALYZE TABLE blob_chunk, blobs, message, msg_props, attach, bigprop");
    return rival_number(rival, "SELECT SUM(data_length + index_length) FROM"
                               " information_schema.tables WHERE table_schema = DATABASE()");
}
