/* test_database.h - a test's database: SQLite in a file or, where OKAPI_TEST_ENGINE names a server
 * (the setting Database without a dbname), a new one there that goes away with its pool.
 */
#ifndef TEST_DATABASE_H
#define TEST_DATABASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_dbd.h>
#include <apr_strings.h>

/* Runs SQL over a connection of its own to DATABASE, a value of the setting; 0 if it succeeds. */
static inline int test_sql(const char *database, const char *sql, apr_pool_t *parent)
{
    const char *colon = strchr(database, ':'), *error = NULL;
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_pool_t *pool;
    int affected, rc;

    apr_pool_create(&pool, parent);
    rc = apr_dbd_init(pool) != APR_SUCCESS ||
         apr_dbd_get_driver(pool, apr_pstrmemdup(pool, database, (apr_size_t)(colon - database)),
                            &driver) != APR_SUCCESS ||
         apr_dbd_open_ex(driver, pool, colon + 1, &handle, &error) != APR_SUCCESS;
    if (rc == 0) {
        rc = apr_dbd_query(driver, handle, &affected, sql);
        error = rc != 0 ? apr_pstrdup(pool, apr_dbd_error(driver, handle, rc)) : NULL;
        apr_dbd_close(driver, handle);
    }
    if (rc != 0) {
        printf("# %s: %d %s\n", sql, rc, error != NULL ? error : "no connection");
    }
    apr_pool_destroy(pool);
    return rc;
}

/* The first COLUMNS columns of all rows that SQL gives, as text; NULL if it fails. */
static inline const char *test_rows(const char *database, const char *sql, int columns,
                                    apr_pool_t *pool)
{
    const char *colon = strchr(database, ':'), *text = "";
    const apr_dbd_driver_t *driver;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_dbd_t *handle;
    int i, n, by_number = strncmp(database, "pgsql:", 6) == 0;

    if (apr_dbd_init(pool) != APR_SUCCESS ||
        apr_dbd_get_driver(pool, apr_pstrmemdup(pool, database, (apr_size_t)(colon - database)),
                           &driver) != APR_SUCCESS ||
        apr_dbd_open(driver, pool, colon + 1, &handle) != APR_SUCCESS) {
        return NULL;
    }
    if (apr_dbd_select(driver, pool, handle, &results, sql, by_number) != 0) {
        text = NULL;
    }
    for (n = 1; text != NULL &&
                apr_dbd_get_row(driver, pool, results, &row, by_number ? n : -1) == 0;
         n++) {
        for (i = 0; i < columns; i++) {
            const char *entry = apr_dbd_get_entry(driver, row, i);
            text = apr_pstrcat(pool, text, entry != NULL ? entry : "NULL",
                               i < columns - 1 ? "|" : "\n", NULL);
        }
    }
    apr_dbd_close(driver, handle);
    return text;
}

/* sqlite3, mysql or pgsql */
static inline int test_engine_is(const char *name)
{
    const char *server = getenv("OKAPI_TEST_ENGINE");

    return strncmp(server != NULL ? server : "sqlite3:", name, strlen(name)) == 0;
}

typedef struct test_database_t {
    const char *admin; /* where databases are made and dropped */
    const char *drop;
    pid_t owner;
    apr_pool_t *pool;
} test_database_t;

/* A child of the test leaves what belongs to its parent. */
static inline apr_status_t test_database_drop(void *data)
{
    const test_database_t *database = data;

    if (database->owner == getpid()) {
        test_sql(database->admin, database->drop, NULL);
    }
    return APR_SUCCESS;
}

/* The setting Database of an empty database; PATH is the file if it is SQLite's. */
static inline const char *test_database(const char *path, apr_pool_t *pool)
{
    static int count;
    const char *server = getenv("OKAPI_TEST_ENGINE"), *name;
    test_database_t *database;

    if (server == NULL) {
        return apr_pstrcat(pool, "sqlite3:", path, NULL);
    }
    database = apr_pcalloc(pool, sizeof(*database));
    name = apr_psprintf(pool, "okapi_test_%d_%d", (int)getpid(), ++count);
    database->owner = getpid();
    database->admin = server;
    database->drop = apr_pstrcat(pool, "DROP DATABASE ", name, NULL);
    if (test_engine_is("pgsql")) {
        database->admin = apr_pstrcat(pool, server, " dbname=postgres", NULL);
        database->drop = apr_pstrcat(pool, database->drop, " WITH (FORCE)", NULL);
    }
    if (test_sql(database->admin, apr_pstrcat(pool, "CREATE DATABASE ", name, NULL), pool) != 0) {
        puts("Bail out! no database for the test");
        exit(1);
    }
    apr_pool_cleanup_register(pool, database, test_database_drop, apr_pool_cleanup_null);
    return apr_pstrcat(pool, server, " dbname=", name, NULL);
}

#endif
