/* script.c - several statements in one message to a server.
 *
 * To a server and back takes longer than what it does there. So of a writing transaction nothing is
 * sent before something has to be known: what begins it and the statements that were posted wait
 * for the first that answers a question, or for the COMMIT, and then go with it.
 *
 * MariaDB takes a compound statement, which is prepared once for each sequence that the store
 * writes. PostgreSQL takes prepared statements by their names and with their values in one text,
 * of which the last may even be a SELECT. SQLite is no server.
 */
#include <string.h>

#include <apr_strings.h>

#include "db/private.h"

enum {
    MOST_STATEMENTS = 16,
    MOST_BYTES = 1048576, /* of arguments */
    MOST_SCRIPTS = 64     /* that a connection keeps prepared */
};

/* One message. */
typedef struct script_t {
    int begins, commits;
    const okapi__call_t *calls;
    int n;
} script_t;

int okapi__script_waits(const okapi__conn_t *conn)
{
    return conn->to_begin || conn->posted.all->nelts > 0;
}

void okapi__script_forget(okapi__conn_t *conn)
{
    conn->to_begin = 0;
    apr_pool_clear(conn->posted.pool);
    conn->posted.all = apr_array_make(conn->posted.pool, MOST_STATEMENTS, sizeof(okapi__call_t));
    conn->posted.size = 0;
}

/* ---- MariaDB: a compound statement ---- */

/* What tells one script from another but for the values. */
static const char *key_of(const script_t *script, apr_pool_t *pool)
{
    char *key = apr_psprintf(pool, "%d%d", script->begins, script->commits);

    for (int i = 0; i < script->n; i++) {
        key = apr_pstrcat(pool, key, " ", okapi__stmt_name(script->calls[i].stmt), NULL);
    }
    return key;
}

static const char *compound(const okapi__conn_t *conn, const script_t *script, apr_pool_t *pool)
{
    const okapi__dialect_t *dialect = conn->db->dialect;
    const char *behind = dialect->script[1], *sql = dialect->script[0];

    for (int i = 0; script->begins && dialect->begin_write[i] != NULL; i++) {
        sql = apr_pstrcat(pool, sql, dialect->begin_write[i], behind, NULL);
    }
    for (int i = 0; i < script->n; i++) {
        sql = apr_pstrcat(pool, sql, okapi__stmt_sql(conn, script->calls[i].stmt), behind, NULL);
    }
    return apr_pstrcat(pool, sql, script->commits ? "COMMIT" : "", script->commits ? behind : "",
                       dialect->script[2], NULL);
}

/* *PREPARED is NULL if there are enough of them. */
static int prepare(apr_dbd_prepared_t **prepared, okapi__conn_t *conn, const script_t *script,
                   const char *key, apr_pool_t *pool)
{
    int rc = 0;

    *prepared = apr_hash_get(conn->scripts, key, APR_HASH_KEY_STRING);
    if (*prepared == NULL && apr_hash_count(conn->scripts) < MOST_SCRIPTS) {
        rc = apr_dbd_prepare(conn->db->driver, conn->stmt_pool, conn->handle,
                             compound(conn, script, pool), key, prepared);
        if (rc == 0) {
            apr_hash_set(conn->scripts, apr_pstrdup(conn->stmt_pool, key), APR_HASH_KEY_STRING,
                         *prepared);
        }
    }
    return rc;
}

/* Arguments were bound when they were posted, so nothing can be wrong with them. */
static const void **all_slots(okapi__conn_t *conn, const script_t *script, apr_pool_t *pool)
{
    int n = 0, nargs = 0;

    for (int i = 0; i < script->n; i++) {
        nargs += script->calls[i].nargs;
    }
    const void **slots = apr_palloc(pool, sizeof(*slots) * (4 * (apr_size_t)nargs + 1));
    for (int i = 0; i < script->n; i++) {
        const okapi__call_t *call = &script->calls[i];
        okapi__stmt_bind(slots, &n, conn, call->stmt, call->args, call->nargs);
    }
    return slots;
}

/* ---- PostgreSQL: a text ---- */

static const char *hex(const unsigned char *data, apr_size_t len, apr_pool_t *pool)
{
    static const char digits[] = "0123456789abcdef";
    char *text = apr_palloc(pool, 2 * len + 5), *p = text;

    *p++ = '\'';
    *p++ = '\\';
    *p++ = 'x';
    for (apr_size_t i = 0; i < len; i++) {
        *p++ = digits[data[i] >> 4];
        *p++ = digits[data[i] & 15];
    }
    *p++ = '\'';
    *p = '\0';
    return text;
}

static const char *literal(const okapi__conn_t *conn, const okapi__arg_t *arg, apr_pool_t *pool)
{
    switch (arg->kind) {
    case OKAPI__ARG_INT:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, arg->i);
    case OKAPI__ARG_BLOB:
        return hex(arg->p, arg->len, pool);
    case OKAPI__ARG_STR:
        if (arg->p != NULL) {
            return apr_pstrcat(
                pool, "'", apr_dbd_escape(conn->db->driver, pool, arg->p, conn->handle), "'", NULL);
        }
        break;
    case OKAPI__ARG_NULL:
        break;
    }
    return "NULL";
}

static void add(apr_array_header_t *pieces, const char *piece)
{
    APR_ARRAY_PUSH(pieces, const char *) = piece;
}

static const char *text_of(const okapi__conn_t *conn, const script_t *script, apr_pool_t *pool)
{
    apr_array_header_t *pieces = apr_array_make(pool, 64, sizeof(const char *));
    const char *const *begin = conn->db->dialect->begin_write;

    for (; script->begins && *begin != NULL; begin++) {
        add(pieces, *begin);
        add(pieces, "; ");
    }
    for (int i = 0; i < script->n; i++) {
        const okapi__call_t *call = &script->calls[i];
        add(pieces, i > 0 ? "; EXECUTE " : "EXECUTE ");
        add(pieces, okapi__stmt_name(call->stmt));
        for (int j = 0; j < call->nargs; j++) {
            add(pieces, j > 0 ? ", " : "(");
            add(pieces, literal(conn, &call->args[j], pool));
        }
        add(pieces, call->nargs > 0 ? ")" : "");
    }
    if (script->commits) {
        add(pieces, script->n > 0 ? "; COMMIT" : "COMMIT");
    }
    return apr_array_pstrcat(pool, pieces, 0);
}

/* ---- sending ---- */

/* One after the other. */
static okapi__failure_e send_each(okapi__conn_t *conn, const script_t *script, int *affected,
                                  apr_pool_t *pool)
{
    const char *const *begin = conn->db->dialect->begin_write;
    okapi__failure_e failure = FAILURE_NONE;

    for (; script->begins && *begin != NULL && failure == FAILURE_NONE; begin++) {
        failure = okapi__conn_sql(conn, *begin);
    }
    for (int i = 0; i < script->n && failure == FAILURE_NONE; i++) {
        const okapi__call_t *call = &script->calls[i];
        const script_t one = {.calls = call, .n = 1};
        failure = okapi__conn_failure(
            conn,
            apr_dbd_pbquery(conn->db->driver, pool, conn->handle, affected,
                            conn->prepared[call->stmt].handle, all_slots(conn, &one, pool)),
            okapi__stmt_name(call->stmt));
    }
    return script->commits && failure == FAILURE_NONE ? okapi__conn_sql(conn, "COMMIT") : failure;
}

static okapi__failure_e send_compound(okapi__conn_t *conn, const script_t *script, int *affected,
                                      apr_pool_t *pool)
{
    const char *key = key_of(script, pool);
    apr_dbd_prepared_t *prepared;
    int rc = prepare(&prepared, conn, script, key, pool);

    if (rc == 0 && prepared == NULL) {
        return send_each(conn, script, affected, pool);
    }
    if (rc == 0) {
        rc = apr_dbd_pbquery(conn->db->driver, pool, conn->handle, affected, prepared,
                             all_slots(conn, script, pool));
    }
    return okapi__conn_failure(conn, rc, key);
}

static okapi__failure_e send_text(okapi__conn_t *conn, const script_t *script, int *affected,
                                  apr_pool_t *pool)
{
    return okapi__conn_failure(
        conn,
        apr_dbd_query(conn->db->driver, conn->handle, affected, text_of(conn, script, pool)),
        key_of(script, pool));
}

/* Everything that waits, as a script; nothing waits any longer, but its arguments are there until
 * the next okapi__script_forget. */
static script_t take(okapi__conn_t *conn, int commits)
{
    script_t script = {conn->to_begin, commits, (okapi__call_t *)conn->posted.all->elts,
                       conn->posted.all->nelts};

    conn->to_begin = 0;
    conn->posted.all->nelts = 0;
    return script;
}

static okapi__failure_e send_all(okapi__conn_t *conn, int *affected, int commits)
{
    script_t script = take(conn, commits);
    apr_pool_t *pool = conn->posted.pool;
    okapi__failure_e failure;

    if (script.begins + script.n + script.commits == 1 && !script.begins) {
        failure = send_each(conn, &script, affected, pool);
    } else if (conn->db->dialect->engine == OKAPI__MYSQL) {
        failure = send_compound(conn, &script, affected, pool);
    } else {
        failure = send_text(conn, &script, affected, pool);
    }
    okapi__script_forget(conn);
    return failure;
}

apr_status_t okapi__script_flush(okapi__conn_t *conn)
{
    int affected = 0;

    return okapi__script_waits(conn) ? okapi__conn_poison(conn, send_all(conn, &affected, 0))
                                     : conn->status;
}

/* ---- what waits ---- */

static void copy_arg(okapi__arg_t *copy, const okapi__arg_t *arg, apr_pool_t *pool)
{
    *copy = *arg;
    if (arg->kind == OKAPI__ARG_STR && arg->p != NULL) {
        copy->p = apr_pstrdup(pool, arg->p);
    } else if (arg->kind == OKAPI__ARG_BLOB && arg->p != NULL) {
        copy->p = apr_pmemdup(pool, arg->p, arg->len);
    }
}

static apr_size_t size_of(const okapi__arg_t *args, int nargs)
{
    apr_size_t size = 0;

    for (int i = 0; i < nargs; i++) {
        size += args[i].kind == OKAPI__ARG_STR && args[i].p != NULL ? strlen(args[i].p)
                                                                    : args[i].len;
    }
    return size;
}

apr_status_t okapi__db_post(okapi__conn_t *conn, okapi__stmt_e stmt, const okapi__arg_t *args,
                            int nargs, apr_pool_t *scratch_pool)
{
    okapi__posted_t *posted = &conn->posted;
    apr_size_t size = size_of(args, nargs);
    apr_status_t rv;

    if (conn->db->dialect->script[0] == NULL) {
        return okapi__db_exec(conn, stmt, NULL, args, nargs, scratch_pool);
    }
    rv = okapi__stmt_bind(NULL, NULL, conn, stmt, args, nargs);
    rv = rv ? rv : okapi__conn_writes(conn, stmt);
    if (rv == APR_SUCCESS &&
        (posted->all->nelts >= MOST_STATEMENTS || posted->size + size > MOST_BYTES)) {
        rv = okapi__script_flush(conn);
    }
    if (rv == APR_SUCCESS) {
        okapi__arg_t *copies = apr_palloc(posted->pool, sizeof(*copies) * (apr_size_t)(nargs + 1));
        for (int i = 0; i < nargs; i++) {
            copy_arg(&copies[i], &args[i], posted->pool);
        }
        APR_ARRAY_PUSH(posted->all, okapi__call_t) = (okapi__call_t){stmt, copies, nargs};
        posted->size += size;
    }
    return rv;
}

/* ---- what it waits for ---- */

/* MariaDB counts the rows of all of a script. */
apr_status_t okapi__script_exec(okapi__conn_t *conn, const okapi__call_t *call, int *affected)
{
    int counts = affected != NULL && conn->db->dialect->engine == OKAPI__MYSQL, ignored = 0;
    apr_status_t rv = APR_SUCCESS;

    if (conn->posted.all->nelts > 0 &&
        (counts || conn->posted.size + size_of(call->args, call->nargs) > MOST_BYTES)) {
        rv = okapi__script_flush(conn);
    }
    if (rv == APR_SUCCESS) {
        APR_ARRAY_PUSH(conn->posted.all, okapi__call_t) = *call;
        rv = okapi__conn_poison(conn, send_all(conn, affected != NULL ? affected : &ignored, 0));
    }
    return rv;
}

apr_status_t okapi__script_select(apr_dbd_results_t **results, okapi__conn_t *conn,
                                  const okapi__call_t *call, apr_pool_t *pool)
{
    const okapi__db_t *db = conn->db;
    script_t script;
    int rc;

    *results = NULL;
    if (db->dialect->engine == OKAPI__MYSQL) {
        return okapi__script_flush(conn);
    }
    APR_ARRAY_PUSH(conn->posted.all, okapi__call_t) = *call;
    script = take(conn, 0);
    rc = apr_dbd_select(db->driver, pool, conn->handle, results,
                        text_of(conn, &script, conn->posted.pool), db->dialect->random);
    okapi__conn_poison(conn, okapi__conn_failure(conn, rc, key_of(&script, conn->posted.pool)));
    okapi__script_forget(conn);
    return conn->status;
}

okapi__failure_e okapi__script_commit(okapi__conn_t *conn)
{
    int affected = 0;

    if (conn->db->dialect->script[0] == NULL) {
        return okapi__conn_sql(conn, "COMMIT");
    }
    if (conn->to_begin && conn->posted.all->nelts == 0) {
        okapi__script_forget(conn);
        return FAILURE_NONE;
    }
    return okapi__mark_post(conn) == APR_SUCCESS ? send_all(conn, &affected, 1) : conn->failure;
}
