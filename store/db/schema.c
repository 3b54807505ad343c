/* schema.c - the schema, made and brought up to date by numbered migrations that only go forward.
 *
 * A migration runs in one transaction together with its number, so an interrupted one hasn't
 * happened. MariaDB commits at every DDL statement: there an interrupted migration is run again
 * and passes over what is already there, so a migration's other statements must bear repetition.
 */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "db/private.h"

#define ENGINE_ANY (-1)

typedef struct step_t {
    int engine; /* ENGINE_ANY, or the only okapi__engine_e it is for */
    const char *sql;
} step_t;

#define OKAPI_SCHEMA(sql)       {ENGINE_ANY, sql},
#define OKAPI_SCHEMA_PGSQL(sql) {OKAPI__PGSQL, sql},

static const step_t version_1[] = {
#include "db/schema_1.def"
    {ENGINE_ANY, NULL}};

static const step_t version_2[] = {
#include "db/schema_2.def"
    {ENGINE_ANY, NULL}};

static const step_t version_3[] = {
#include "db/schema_3.def"
    {ENGINE_ANY, NULL}};

static const step_t version_4[] = {
#include "db/schema_4.def"
    {ENGINE_ANY, NULL}};

static const step_t version_5[] = {
#include "db/schema_5.def"
    {ENGINE_ANY, NULL}};

static const step_t version_6[] = {
#include "db/schema_6.def"
    {ENGINE_ANY, NULL}};

/* The migration to version N stands at N - 1. */
static const step_t *const migrations[] = {version_1, version_2, version_3,
                                           version_4, version_5, version_6};

#define LATEST ((int)(sizeof(migrations) / sizeof(migrations[0])))

static const char version_table[] =
    "CREATE TABLE IF NOT EXISTS schema_version(component V(32), version I, applied B, "
    "PRIMARY KEY(component))";

/* ---- templates ---- */

/* What the LEN bytes at WORD stand for; NULL: for themselves. */
static const okapi__word_t *find_word(const okapi__dialect_t *dialect, const char *word,
                                      apr_size_t len)
{
    const okapi__word_t *w;

    for (w = dialect->words; w->word != NULL; w++) {
        if (strlen(w->word) == len && memcmp(w->word, word, len) == 0) {
            return w;
        }
    }
    return NULL;
}

const char *okapi__schema_expand(const okapi__dialect_t *dialect, const char *template,
                                 apr_pool_t *result_pool)
{
    const char *p = template, *sql = "";

    while (*p != '\0') {
        apr_size_t len = 0;
        const okapi__word_t *word;

        while (apr_isalnum(p[len]) || p[len] == '_') {
            len++;
        }
        word = find_word(dialect, p, len);
        if (word != NULL) {
            sql = apr_pstrcat(result_pool, sql, word->sql, NULL);
            p += len;
            len = word->after != NULL ? strcspn(p, ")") + 1 : 0;
        } else if (len == 0) {
            len = 1;
        }
        sql = apr_pstrcat(result_pool, sql, apr_pstrmemdup(result_pool, p, len),
                          word != NULL ? word->after : NULL, NULL);
        p += len;
    }
    if (strncmp(template, "CREATE TABLE", strlen("CREATE TABLE")) == 0) {
        sql = apr_pstrcat(result_pool, sql, dialect->table_options, NULL);
    }
    return sql;
}

/* ---- migrating ---- */

static apr_status_t run_step(okapi__conn_t *conn, const char *template, apr_pool_t *scratch_pool)
{
    const okapi__dialect_t *dialect = conn->db->dialect;
    okapi__failure_e failure =
        okapi__conn_sql(conn, okapi__schema_expand(dialect, template, scratch_pool));

    if (failure == FAILURE_IS_THERE && dialect->ddl_commits) {
        failure = FAILURE_NONE;
    }
    if (failure != FAILURE_NONE) {
        conn->failure = failure;
        conn->status = okapi__failures[failure].status;
    }
    return conn->status;
}

static apr_status_t select_int(int *value, okapi__conn_t *conn, okapi__stmt_e stmt,
                               apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, stmt, DB_NO_ARGS, scratch_pool);

    *value = found ? (int)okapi__rows_int(rows, 0) : 0;
    return rv;
}

/* The version in *BATON, an int; 0 without a schema. */
static apr_status_t read_version(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    int *version = baton;
    apr_status_t rv = select_int(version, conn, STMT_SCHEMA_THERE, scratch_pool);

    if (rv == APR_SUCCESS && *version > 0) {
        rv = select_int(version, conn, STMT_SCHEMA_VERSION, scratch_pool);
    }
    return rv;
}

static apr_status_t write_version(okapi__conn_t *conn, int version, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, version == 1 ? STMT_SCHEMA_INSERT : STMT_SCHEMA_UPDATE, NULL,
                          DB_ARGS(DB_I(version), DB_I(okapi_time_now())), scratch_pool);
}

/* *BATON, an int, is the version to go to: the next one. */
static apr_status_t migrate_one(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    int target = *(int *)baton, version = 0, locked;
    const step_t *step;
    apr_status_t rv;

    /* The statements it has prepared are stale afterwards; also ends MariaDB's lock. */
    conn->discard = 1;
    rv = select_int(&locked, conn, STMT_SCHEMA_LOCK, scratch_pool);
    if (rv == APR_SUCCESS && !locked) {
        return OKAPI_EBUSY; /* another process migrates for very long */
    }
    if (rv == APR_SUCCESS && target == 1) {
        rv = run_step(conn, version_table, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = select_int(&version, conn, STMT_SCHEMA_VERSION, scratch_pool);
    }
    if (rv || version >= target) {
        return rv; /* another process was faster */
    }
    for (step = migrations[target - 1]; step->sql != NULL && rv == APR_SUCCESS; step++) {
        if (step->engine == ENGINE_ANY || step->engine == (int)conn->db->dialect->engine) {
            rv = run_step(conn, step->sql, scratch_pool);
        }
    }
    return rv ? rv : write_version(conn, target, scratch_pool);
}

apr_status_t okapi__schema_migrate(okapi__db_t *db, int create, apr_pool_t *scratch_pool)
{
    int version;
    apr_status_t rv = okapi__db_read(db, read_version, &version, scratch_pool);

    if (rv) {
        return rv;
    }
    if (version == 0 && !create) {
        okapi__db_log(db, OKAPI_LOG_ERROR, OKAPI_ENODATABASE,
                      "database %s has no tables of Okapi's: create them with okapi-admin",
                      db->label);
        return OKAPI_ENODATABASE;
    }
    if (version > LATEST) {
        okapi__db_log(db, OKAPI_LOG_ERROR, OKAPI_EDATABASE,
                      "database %s has schema version %d, this program knows %d: update it",
                      db->label, version, LATEST);
        return OKAPI_EDATABASE;
    }
    for (version++; version <= LATEST && rv == APR_SUCCESS; version++) {
        okapi__db_log(db, OKAPI_LOG_INFO, APR_SUCCESS,
                      "database %s: migrating to schema version %d", db->label, version);
        rv = okapi__db_run(db, MODE_WRITE_UNMARKED, migrate_one, &version, scratch_pool);
    }
    return rv;
}
