/* dialect.c - what the engines' drivers say, understood; the schema in each one's words. */
#include <apr_strings.h>

#include "db/private.h"
#include "tap.h"

static void check(const char *database, int number, const char *text, okapi__failure_e want)
{
    const char *params;

    is_int(okapi__dialect_classify(okapi__dialect_of(database, &params), number, text), want,
           "%s %d %.*s", database, number, (int)strcspn(text, "\n"), text);
}

static void classified(void)
{
    check("sqlite3:", 1, "database schema has changed", FAILURE_STALE);
    check("sqlite3:", 1, "not an error", FAILURE_STALE);
    check("sqlite3:", 5, "database is locked", FAILURE_BUSY);
    check("sqlite3:", 6, "database table is locked: message", FAILURE_BUSY);
    check("sqlite3:", 1, "UNIQUE constraint failed: users.name", FAILURE_DUPLICATE);
    check("sqlite3:", 1, "database or disk is full", FAILURE_FULL);
    check("sqlite3:", 1, "attempt to write a readonly database", FAILURE_READONLY);
    check("sqlite3:", 26, "file is not a database", FAILURE_CORRUPT);
    check("sqlite3:", 1, "database disk image is malformed", FAILURE_CORRUPT);
    check("sqlite3:", 1, "disk I/O error", FAILURE_IO);
    check("sqlite3:", 14, "unable to open database file", FAILURE_UNREACHABLE);
    check("sqlite3:", 1, "near \"SELEC\": syntax error", FAILURE_OTHER);

    check("mysql:", 1213, "Deadlock found when trying to get lock", FAILURE_CONFLICT);
    check("mysql:", 1412, "Table definition has changed, please retry", FAILURE_CONFLICT);
    check("mysql:", 1452, "Cannot add or update a child row", FAILURE_CONFLICT);
    check("mysql:", 1062, "Duplicate entry 'john' for key 'name'", FAILURE_DUPLICATE);
    check("mysql:", 2006, "Server has gone away", FAILURE_LOST);
    check("mysql:", 2013, "Lost connection to server during query", FAILURE_LOST);
    check("mysql:", 1047, "WSREP has not yet prepared node for application use", FAILURE_LOST);
    check("mysql:", 1615, "Prepared statement needs to be re-prepared", FAILURE_STALE);
    check("mysql:", 1050, "Table 'store' already exists", FAILURE_IS_THERE);
    check("mysql:", 1114, "The table 'message' is full", FAILURE_FULL);
    check("mysql:", 1290, "The server is running with the --read-only option", FAILURE_READONLY);
    check("mysql:", 1045, "Access denied for user", FAILURE_UNREACHABLE);
    check("mysql:", 1406, "Data too long for column", FAILURE_OTHER);

    check("pgsql:", 7, "ERROR:  40001: could not serialize access\n", FAILURE_CONFLICT);
    check("pgsql:", 7, "ERROR:  40P01: deadlock detected\n", FAILURE_CONFLICT);
    check("pgsql:", 7, "ERROR:  23505: duplicate key value\nDETAIL:  40001\n", FAILURE_DUPLICATE);
    check("pgsql:", 7, "ERROR:  23503: violates foreign key constraint\n", FAILURE_CONFLICT);
    check("pgsql:", 7, "ERROR:  0A000: cached plan must not change result type\n", FAILURE_STALE);
    check("pgsql:", 7, "FATAL:  57P01: terminating connection\n", FAILURE_LOST);
    check("pgsql:", 7, "server closed the connection unexpectedly\n", FAILURE_LOST);
    check("pgsql:", 7, "no connection to the server\n", FAILURE_LOST);
    check("pgsql:", 7, "ERROR:  53100: could not extend file\n", FAILURE_FULL);
    check("pgsql:", 7, "ERROR:  25006: cannot execute UPDATE\n", FAILURE_READONLY);
    check("pgsql:", 7, "ERROR:  42601: syntax error\n", FAILURE_OTHER);
}

static void schemes(void)
{
    const char *params = NULL;

    is_int(okapi__dialect_of("sqlite3:/a:b", &params)->engine, OKAPI__SQLITE, "sqlite3");
    is_str(params, "/a:b", "its path");
    is_int(okapi__dialect_of("mysql:host=x", &params)->engine, OKAPI__MYSQL, "mysql");
    is_int(okapi__dialect_of("pgsql:", &params)->engine, OKAPI__PGSQL, "pgsql");
    ok(okapi__dialect_of("sqlite:/a", &params) == NULL, "sqlite isn't one");
    ok(okapi__dialect_of("sqlite3", &params) == NULL, "nor is a name without colon");
}

static void expands(const char *database, const char *template, const char *want, apr_pool_t *pool)
{
    const char *params;

    is_str(okapi__schema_expand(okapi__dialect_of(database, &params), template, pool), want,
           "%s %s", database, template);
}

static void templates(apr_pool_t *pool)
{
    static const char table[] =
        "CREATE TABLE t_B(a B, b V(5), c X, d X NOT NULL, PRIMARY KEY(a)) CL";
    static const char hot[] = "CREATE TABLE s(n S, i I, e BIGINT) HOT";

    expands("sqlite3:", table,
            "CREATE TABLE t_B(a BIGINT NOT NULL, b VARCHAR(5) NOT NULL, c BLOB, d BLOB NOT NULL, "
            "PRIMARY KEY(a)) WITHOUT ROWID",
            pool);
    expands("mysql:", table,
            "CREATE TABLE t_B(a BIGINT NOT NULL, b VARCHAR(5) NOT NULL, c MEDIUMBLOB, "
            "d MEDIUMBLOB NOT NULL, PRIMARY KEY(a))  ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
            "COLLATE=utf8mb4_nopad_bin",
            pool);
    expands("pgsql:", table,
            "CREATE TABLE t_B(a BIGINT NOT NULL, b VARCHAR(5) COLLATE \"C\" NOT NULL, c BYTEA, "
            "d BYTEA NOT NULL, PRIMARY KEY(a)) ",
            pool);
    expands("sqlite3:", hot, "CREATE TABLE s(n SMALLINT NOT NULL, i INTEGER NOT NULL, e BIGINT) ",
            pool);
    expands("pgsql:", hot,
            "CREATE TABLE s(n SMALLINT NOT NULL, i INTEGER NOT NULL, e BIGINT) "
            "WITH (fillfactor=50)",
            pool);
    expands("mysql:", "CREATE INDEX i ON s(n)", "CREATE INDEX i ON s(n)", pool);
}

static void decoded(const char *text, const char *want, apr_size_t len, apr_pool_t *pool)
{
    char *data = apr_pstrdup(pool, text);
    apr_size_t n = strlen(text);

    is_int(okapi__bytea_decode(data, &n), APR_SUCCESS, "%s decoded", text);
    is_mem(data, n, want, len, "its bytes");
}

static void bytea(apr_pool_t *pool)
{
    static const char *const wrong[] = {"", "\\", "abcd", "\\x1", "\\x1g", "\\xg1"};
    size_t i;

    decoded("\\x", "", 0, pool);
    decoded("\\x00ff5cAB", "\x00\xff\x5c\xab", 4, pool);
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        apr_size_t n = strlen(wrong[i]);
        is_int(okapi__bytea_decode(apr_pstrdup(pool, wrong[i]), &n), OKAPI_EDATABASE, "refused: %s",
               wrong[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    classified();
    schemes();
    templates(pool);
    bytea(pool);
    return done_testing();
}
