/* dialect.c - how SQLite, MariaDB and PostgreSQL differ, as tables.
 *
 * The settings and the symptoms were found by measuring; the reason stands beside each one that
 * isn't obvious.
 */
#include <string.h>

#include <apr_lib.h>

#include "db/private.h"

const okapi__failure_t okapi__failures[] = {
    [FAILURE_NONE] = {APR_SUCCESS, 0, 0, 0, NULL},
    [FAILURE_BUSY] = {OKAPI_EBUSY, 10000, 2, 0, "another program keeps it locked"},
    [FAILURE_CONFLICT] = {OKAPI_EBUSY, 10000, 1, 0, "transactions get into each other's way"},
    [FAILURE_LOST] = {OKAPI_ENODATABASE, 10000, 10, 1, "is the database server running?"},
    [FAILURE_STALE] = {OKAPI_EBUSY, 10000, 1, 1, "its schema changes again and again"},
    [FAILURE_DUPLICATE] = {OKAPI_EEXISTS, 0, 0, 0, NULL},
    [FAILURE_IS_THERE] = {OKAPI_EEXISTS, 0, 0, 0, NULL},
    [FAILURE_FULL] = {OKAPI_EDISKFULL, 0, 0, 0, "make room on its disk; this was not stored"},
    [FAILURE_READONLY] = {OKAPI_EREADONLY, 0, 0, 1,
                          "must be writable for the user that runs this program"},
    [FAILURE_CORRUPT] = {OKAPI_ECORRUPT, 0, 0, 1,
                         "the file is damaged or no database; keep a copy and restore a backup"},
    [FAILURE_IO] = {OKAPI_EDATABASE, 0, 0, 1, "look for errors of the disk in the system's log"},
    [FAILURE_UNREACHABLE] = {OKAPI_ENODATABASE, 0, 0, 1,
                             "check the Database setting, and who may open what it names"},
    [FAILURE_OTHER] = {OKAPI_EDATABASE, 0, 0, 0, "this is unexpected"},
};

/* ---- SQLite ---- */

/* page_size counts only in a database's first moment. A message touches some twenty pages, the same
 * ones again and again: a checkpoint every 4000 writes each of them once for many. busy_timeout would sleep while it holds the
 * driver's process-wide mutex: writelock.c keeps writers apart instead. */
static const char *const sqlite_session[] = {
    "PRAGMA busy_timeout=0",    "PRAGMA page_size=8192",    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  "PRAGMA foreign_keys=ON",   "PRAGMA secure_delete=FAST",
    "PRAGMA cache_size=-16384", "PRAGMA temp_store=MEMORY", "PRAGMA wal_autocheckpoint=4000",
    NULL};

static const char *const sqlite_read[] = {"BEGIN", NULL};
/* IMMEDIATE: a transaction that begins by reading and then writes could only fail. */
static const char *const sqlite_write[] = {"BEGIN IMMEDIATE", NULL};

/* Every error of a prepared statement is number 1 first. */
static const okapi__symptom_t sqlite_symptoms[] = {
    {0, "schema has changed", FAILURE_STALE},
    {0, "not an error", FAILURE_STALE}, /* a stale statement's second use */
    {0, "UNIQUE constraint failed", FAILURE_DUPLICATE},
    {0, "already exists", FAILURE_IS_THERE},
    {0, "duplicate column name", FAILURE_IS_THERE},
    {0, "locked", FAILURE_BUSY},
    {0, "disk is full", FAILURE_FULL},
    {0, "readonly database", FAILURE_READONLY},
    {0, "is not a database", FAILURE_CORRUPT},
    {0, "malformed", FAILURE_CORRUPT},
    {0, "disk I/O error", FAILURE_IO},
    {0, "unable to open database", FAILURE_UNREACHABLE},
    {0, NULL, FAILURE_OTHER}};

static const okapi__word_t sqlite_words[] = {{"B", "BIGINT NOT NULL", NULL},
                                             {"I", "INTEGER NOT NULL", NULL},
                                             {"S", "SMALLINT NOT NULL", NULL},
                                             {"V", "VARCHAR", " NOT NULL"},
                                             {"X", "BLOB", NULL},
                                             {"CL", "WITHOUT ROWID", NULL},
                                             {"HOT", "", NULL},
                                             {NULL, NULL, NULL}};

/* ---- MariaDB ---- */

/* Readers want one view for a whole transaction, so REPEATABLE READ is the session's level, and
 * a writer asks for its own. Strict: no silently cut or changed values. */
static const char *const mysql_session[] = {
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin",
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", NULL};
static const char *const mysql_read[] = {"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
                                         NULL};
static const char *const mysql_write[] = {"SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
                                          "START TRANSACTION", NULL};

/* 1451 and 1452: a foreign key, by which collecting old blobs and using one meet; the work looks
 * again. 1290 and 1836: the server became a replica. 1051 and 1091: what was to be dropped isn't
 * there. */
static const okapi__symptom_t mysql_symptoms[] = {
    {1213, "", FAILURE_CONFLICT},    {1205, "", FAILURE_CONFLICT},
    {1020, "", FAILURE_CONFLICT},    {1412, "", FAILURE_CONFLICT},
    {1451, "", FAILURE_CONFLICT},    {1452, "", FAILURE_CONFLICT},
    {1062, "", FAILURE_DUPLICATE},   {2002, "", FAILURE_LOST},
    {2003, "", FAILURE_LOST},        {2006, "", FAILURE_LOST},
    {2013, "", FAILURE_LOST},        {2055, "", FAILURE_LOST},
    {2056, "", FAILURE_LOST},        {1047, "", FAILURE_LOST},
    {1053, "", FAILURE_LOST},        {1927, "", FAILURE_LOST},
    {1040, "", FAILURE_LOST},        {1243, "", FAILURE_STALE},
    {1615, "", FAILURE_STALE},       {2014, "", FAILURE_STALE},
    {2030, "", FAILURE_STALE},       {1050, "", FAILURE_IS_THERE},
    {1060, "", FAILURE_IS_THERE},    {1061, "", FAILURE_IS_THERE},
    {1051, "", FAILURE_IS_THERE},    {1091, "", FAILURE_IS_THERE},
    {1021, "", FAILURE_FULL},        {1114, "", FAILURE_FULL},
    {1290, "", FAILURE_READONLY},    {1836, "", FAILURE_READONLY},
    {1044, "", FAILURE_UNREACHABLE}, {1045, "", FAILURE_UNREACHABLE},
    {1049, "", FAILURE_UNREACHABLE}, {126, "", FAILURE_CORRUPT},
    {1034, "", FAILURE_CORRUPT},     {0, NULL, FAILURE_OTHER}};

static const okapi__word_t mysql_words[] = {{"B", "BIGINT NOT NULL", NULL},
                                            {"I", "INTEGER NOT NULL", NULL},
                                            {"S", "SMALLINT NOT NULL", NULL},
                                            {"V", "VARCHAR", " NOT NULL"},
                                            {"X", "MEDIUMBLOB", NULL},
                                            {"CL", "", NULL},
                                            {"HOT", "", NULL},
                                            {NULL, NULL, NULL}};

/* ---- PostgreSQL ---- */

static const char *const pgsql_session[] = {
    "SET client_min_messages=error", "SET client_encoding='UTF8'", "SET bytea_output='hex'", NULL};
static const char *const pgsql_read[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL};
static const char *const pgsql_write[] = {"BEGIN ISOLATION LEVEL READ COMMITTED", NULL};

/* The driver's number is always 7; conn.c asks libpq to put the SQLSTATE into the text. What has
 * none comes from libpq itself: the connection broke. */
static const okapi__symptom_t pgsql_symptoms[] = {{0, "ERROR:  40001", FAILURE_CONFLICT},
                                                  {0, "ERROR:  40P01", FAILURE_CONFLICT},
                                                  {0, "ERROR:  55P03", FAILURE_CONFLICT},
                                                  {0, "ERROR:  23503", FAILURE_CONFLICT},
                                                  {0, "ERROR:  23505", FAILURE_DUPLICATE},
                                                  {0, "ERROR:  42P07", FAILURE_IS_THERE},
                                                  {0, "ERROR:  42701", FAILURE_IS_THERE},
                                                  {0, "ERROR:  26000", FAILURE_STALE},
                                                  {0, "ERROR:  0A000", FAILURE_STALE},
                                                  {0, "ERROR:  53100", FAILURE_FULL},
                                                  {0, "ERROR:  25006", FAILURE_READONLY},
                                                  {0, "ERROR:  XX001", FAILURE_CORRUPT},
                                                  {0, "ERROR:  XX002", FAILURE_CORRUPT},
                                                  {0, "FATAL:  28", FAILURE_UNREACHABLE},
                                                  {0, "FATAL:  3D000", FAILURE_UNREACHABLE},
                                                  {0, "ERROR:  57P0", FAILURE_LOST},
                                                  {0, "ERROR:  08", FAILURE_LOST},
                                                  {0, "ERROR:  ", FAILURE_OTHER},
                                                  {0, NULL, FAILURE_LOST}};

/* C: by bytes, as on the other engines, whatever the database's own collation is. */
static const okapi__word_t pgsql_words[] = {{"B", "BIGINT NOT NULL", NULL},
                                            {"I", "INTEGER NOT NULL", NULL},
                                            {"S", "SMALLINT NOT NULL", NULL},
                                            {"V", "VARCHAR", " COLLATE \"C\" NOT NULL"},
                                            {"X", "BYTEA", NULL},
                                            {"CL", "", NULL},
                                            {"HOT", "WITH (fillfactor=50)", NULL},
                                            {NULL, NULL, NULL}};

/* ---- */

/* MariaDB's parameters: reconnect=1, the default, goes on in the middle of a lost transaction;
 * fldsz bounds what the driver allocates for every column of BLOB type in every row;
 * CLIENT_FOUND_ROWS makes "affected" mean what it means elsewhere. Several statements go to it in
 * one message only as one compound statement. */
static const okapi__dialect_t dialects[] = {
    {OKAPI__SQLITE, "sqlite3", "SQLite", "", sqlite_session, sqlite_read, sqlite_write,
     {NULL, NULL, NULL}, 0, 0, sqlite_symptoms, sqlite_words, ""},
    {OKAPI__MYSQL, "mysql", "MariaDB", " reconnect=0 fldsz=262144 flags=CLIENT_FOUND_ROWS",
     mysql_session, mysql_read, mysql_write, {"BEGIN NOT ATOMIC ", "; ", "END"}, 0, 1,
     mysql_symptoms, mysql_words, " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin"},
    {OKAPI__PGSQL, "pgsql", "PostgreSQL", "", pgsql_session, pgsql_read, pgsql_write, {"", "; ", ""}, 1,
     0, pgsql_symptoms, pgsql_words, ""},
};

const okapi__dialect_t *okapi__dialect_of(const char *database, const char **params)
{
    const char *colon = strchr(database, ':');
    apr_size_t i;

    if (colon == NULL) {
        return NULL;
    }
    for (i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        apr_size_t len = strlen(dialects[i].driver);
        if ((apr_size_t)(colon - database) == len &&
            strncmp(database, dialects[i].driver, len) == 0) {
            *params = colon + 1;
            return &dialects[i];
        }
    }
    return NULL;
}

okapi__failure_e okapi__dialect_classify(const okapi__dialect_t *dialect, int number,
                                         const char *text)
{
    const okapi__symptom_t *symptom;

    for (symptom = dialect->symptoms; symptom->text != NULL; symptom++) {
        if (symptom->number ? symptom->number == number : strstr(text, symptom->text) != NULL) {
            break;
        }
    }
    return symptom->failure;
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

apr_status_t okapi__bytea_decode(char *data, apr_size_t *len)
{
    apr_size_t n, i;

    if (*len < 2 || data[0] != '\\' || data[1] != 'x' || *len % 2 != 0) {
        return OKAPI_EDATABASE;
    }
    n = (*len - 2) / 2;
    for (i = 0; i < n; i++) {
        char high = data[2 + 2 * i], low = data[3 + 2 * i];
        if (!apr_isxdigit(high) || !apr_isxdigit(low)) {
            return OKAPI_EDATABASE;
        }
        data[i] = (char)(hex_digit(high) << 4 | hex_digit(low));
    }
    *len = n;
    return APR_SUCCESS;
}
