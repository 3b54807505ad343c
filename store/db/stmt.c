/* stmt.c - statements: prepared on first use of a connection, run with checked arguments, and
 * the rows that come back.
 */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "db/private.h"

#define MAX_ARGS 72

/* A column of each engine; NULL where it is SQLite's. */
static const struct {
    const char *name;
    const char *sql[3];
} statements[STMT__COUNT] = {
#define OKAPI_STMT(name, sqlite, mysql, pgsql) [name] = {#name, {sqlite, mysql, pgsql}},
#include "db/statements.def"
#undef OKAPI_STMT
};

struct okapi__rows_t {
    okapi__conn_t *conn;
    apr_pool_t *pool;
    apr_pool_t *driver_pool; /* the driver's part; may be the same */
    apr_dbd_results_t *results;
    apr_dbd_row_t *row;
    int next; /* the next row's number, where rows are asked for by number */
    okapi__rows_t *older; /* of the connection's */
    apr_status_t status;
};

/* ---- failures ---- */

/* Only the first line of TEXT: PostgreSQL's further ones show values. What is tried again is worth
 * an error only when it still fails in the end: db.c. */
static void log_failure(okapi__conn_t *conn, const okapi__failure_t *meaning, const char *what,
                        int rc, const char *text)
{
    if (meaning->advice != NULL) {
        okapi__db_log(conn->db, meaning->patience > 0 ? OKAPI_LOG_DEBUG : OKAPI_LOG_ERROR,
                      meaning->status, "database %s: %s: %.*s (%d): %s", conn->db->label, what,
                      (int)strcspn(text, "\r\n"), text, rc, meaning->advice);
    }
}

okapi__failure_e okapi__conn_failure(okapi__conn_t *conn, int rc, const char *what)
{
    const char *text;
    okapi__failure_e failure;

    if (rc == 0) {
        return FAILURE_NONE;
    }
    text = apr_dbd_error(conn->db->driver, conn->handle, rc);
    if (text == NULL) {
        text = "";
    }
    failure = okapi__dialect_classify(conn->db->dialect, rc, text);
    conn->discard |= okapi__failures[failure].discard;
    log_failure(conn, &okapi__failures[failure], what, rc, text);
    return failure;
}

apr_status_t okapi__conn_poison(okapi__conn_t *conn, okapi__failure_e failure)
{
    if (failure != FAILURE_NONE) {
        conn->failure = failure;
        conn->status = okapi__failures[failure].status;
    }
    return conn->status;
}

static apr_status_t poison(okapi__conn_t *conn, int rc, const char *what)
{
    return okapi__conn_poison(conn, okapi__conn_failure(conn, rc, what));
}

okapi__failure_e okapi__conn_sql(okapi__conn_t *conn, const char *sql)
{
    int affected = 0;

    if (okapi__script_waits(conn) && okapi__script_flush(conn) != APR_SUCCESS) {
        return conn->failure;
    }
    return okapi__conn_failure(conn, apr_dbd_query(conn->db->driver, conn->handle, &affected, sql),
                               sql);
}

/* ---- arguments ---- */

/* 'i', 's' or 'b' for each %lld, %s and %pDb; NULL if SQL holds another. */
static const char *parameter_kinds(const char *sql, apr_pool_t *pool)
{
    static const struct {
        const char *format;
        char kind;
    } formats[] = {{"%lld", 'i'}, {"%s", 's'}, {"%pDb", 'b'}};
    char kinds[MAX_ARGS + 1];
    int n = 0;

    while ((sql = strchr(sql, '%')) != NULL) {
        apr_size_t i, len = 0;
        if (sql[1] == '%') {
            sql += 2;
            continue;
        }
        for (i = 0; i < sizeof(formats) / sizeof(formats[0]) && len == 0; i++) {
            if (strncmp(sql, formats[i].format, strlen(formats[i].format)) == 0) {
                len = strlen(formats[i].format);
                kinds[n] = formats[i].kind;
            }
        }
        if (len == 0 || ++n > MAX_ARGS) {
            return NULL;
        }
        sql += len;
    }
    return apr_pstrmemdup(pool, kinds, (apr_size_t)n);
}

/* Adds to the driver's array: one slot for each argument, but four for a blob that isn't NULL
 * (bytes, length, and table and column, which only Oracle looks at). */
static void pack(const void **slots, int *count, const okapi__arg_t *args, int nargs)
{
    int i, n = *count;

    for (i = 0; i < nargs; i++) {
        const okapi__arg_t *arg = &args[i];
        switch (arg->kind) {
        case OKAPI__ARG_INT:
            slots[n++] = &arg->i;
            break;
        case OKAPI__ARG_STR:
            slots[n++] = arg->p;
            break;
        case OKAPI__ARG_BLOB:
            slots[n++] = arg->p != NULL ? arg->p : "";
            slots[n++] = &arg->len;
            slots[n++] = NULL;
            slots[n++] = NULL;
            break;
        case OKAPI__ARG_NULL:
            slots[n++] = NULL;
            break;
        }
    }
    *count = n;
}

static int are_taken(const char *kinds, const okapi__arg_t *args, int nargs)
{
    int i, fits = (int)strlen(kinds) == nargs;

    for (i = 0; fits && i < nargs; i++) {
        fits = args[i].kind == OKAPI__ARG_NULL || kinds[i] == "isb"[args[i].kind];
    }
    return fits;
}

/* The program is wrong; that is told where it is, not left to the engines, which differ. */
static apr_status_t misused(okapi__conn_t *conn, const char *name, const char *complaint)
{
    okapi__db_log(conn->db, OKAPI_LOG_ERROR, APR_EINVAL, "%s: %s", name, complaint);
    conn->failure = FAILURE_OTHER;
    conn->status = APR_EINVAL;
    return conn->status;
}

/* The driver gives PostgreSQL the name bare, which folds it, but later asks for it as it was. */
static const char *label(const char *name, apr_pool_t *pool)
{
    char *lower = apr_pstrdup(pool, name), *p;

    for (p = lower; *p != '\0'; p++) {
        *p = (char)apr_tolower(*p);
    }
    return lower;
}

const char *okapi__stmt_name(okapi__stmt_e stmt)
{
    return statements[stmt].name;
}

const char *okapi__stmt_sql(const okapi__conn_t *conn, okapi__stmt_e stmt)
{
    const char *sql = statements[stmt].sql[conn->db->dialect->engine];

    return sql != NULL ? sql : statements[stmt].sql[OKAPI__SQLITE];
}

apr_status_t okapi__stmt_prepare(okapi__conn_t *conn, okapi__stmt_e stmt)
{
    okapi__prepared_t *p = &conn->prepared[stmt];
    const char *name = statements[stmt].name;
    const char *sql = okapi__stmt_sql(conn, stmt);
    int rc;

    if (conn->status != APR_SUCCESS || p->handle != NULL) {
        return conn->status;
    }
    p->kinds = parameter_kinds(sql, conn->stmt_pool);
    if (p->kinds == NULL) {
        return misused(conn, name, "a parameter is none of %lld, %s and %pDb");
    }
    rc = apr_dbd_prepare(conn->db->driver, conn->stmt_pool, conn->handle, sql,
                         label(name, conn->stmt_pool), &p->handle);
    if (rc != 0) {
        p->handle = NULL;
    }
    return poison(conn, rc, name);
}

/* On every engine alike, so that none has what another couldn't take. */
static int too_large(const okapi__arg_t *args, int nargs)
{
    apr_size_t sum = 0;
    int i;

    for (i = 0; i < nargs && sum <= OKAPI__DB_ARGS_MAX; i++) {
        sum += args[i].kind == OKAPI__ARG_STR && args[i].p != NULL ? strlen(args[i].p)
                                                                   : args[i].len;
    }
    return sum > OKAPI__DB_ARGS_MAX;
}

apr_status_t okapi__stmt_bind(const void **slots, int *n, okapi__conn_t *conn, okapi__stmt_e stmt,
                              const okapi__arg_t *args, int nargs)
{
    apr_status_t rv = okapi__stmt_prepare(conn, stmt);

    if (rv) {
        return rv;
    }
    if (!are_taken(conn->prepared[stmt].kinds, args, nargs)) {
        return misused(conn, statements[stmt].name,
                       "its parameters are not what the program passes");
    }
    if (too_large(args, nargs)) {
        conn->failure = FAILURE_OTHER;
        conn->status = OKAPI_ETOOBIG;
        return conn->status;
    }
    if (slots != NULL) {
        pack(slots, n, args, nargs);
    }
    return APR_SUCCESS;
}

/* ---- running ---- */

apr_status_t okapi__conn_writes(okapi__conn_t *conn, okapi__stmt_e stmt)
{
    if (conn->mode == MODE_READ || conn->mode == MODE_READ_LOOSE) {
        return misused(conn, statements[stmt].name, "it writes in a reading transaction");
    }
    conn->wrote = 1;
    return APR_SUCCESS;
}

apr_status_t okapi__db_exec(okapi__conn_t *conn, okapi__stmt_e stmt, apr_int64_t *affected,
                            const okapi__arg_t *args, int nargs, apr_pool_t *scratch_pool)
{
    const void *slots[4 * MAX_ARGS];
    apr_status_t rv;
    int n = 0;

    if (affected != NULL) {
        *affected = 0;
    }
    rv = okapi__stmt_bind(slots, &n, conn, stmt, args, nargs);
    if (rv == APR_SUCCESS) {
        rv = okapi__conn_writes(conn, stmt);
    }
    if (rv) {
        return rv;
    }
    if (okapi__script_waits(conn)) {
        const okapi__call_t call = {stmt, args, nargs};
        rv = okapi__script_exec(conn, &call, affected != NULL ? &n : NULL);
    } else {
        rv = poison(conn,
                    apr_dbd_pbquery(conn->db->driver, scratch_pool, conn->handle, &n,
                                    conn->prepared[stmt].handle, slots),
                    statements[stmt].name);
    }
    if (rv == APR_SUCCESS && affected != NULL) {
        *affected = n;
    }
    return rv;
}

/* ---- what MariaDB's driver keeps of a result ---- */

/* It leaves members of the columns' MYSQL_BIND as they are, and the library believes one of them,
 * the offset into a value. So it gets a pool whose memory is zero: small pieces fill each of its
 * nodes to the end, before it is emptied. Nodes come from an allocator that keeps them for the next
 * result, which is the connection's. So whoever lives longer, ROWS' pool or the transaction, the
 * driver's pool goes with the other. */
static apr_status_t zeroed_pool(apr_pool_t **pool, apr_pool_t *parent, apr_allocator_t *allocator)
{
    enum { PIECE = 64, ENOUGH = 24 * 1024 };
    apr_status_t rv = apr_pool_create_ex(pool, parent, NULL, allocator);
    int i;

    if (rv) {
        return rv;
    }
    for (i = 0; i < ENOUGH; i += PIECE) {
        apr_pcalloc(*pool, PIECE);
    }
    apr_pool_clear(*pool);
    return APR_SUCCESS;
}

static apr_status_t leave_connection(void *data)
{
    okapi__rows_t *rows = data, **link = &rows->conn->rows;

    while (*link != rows) {
        link = &(*link)->older;
    }
    *link = rows->older;
    return APR_SUCCESS;
}

static apr_status_t make_driver_pool(okapi__rows_t *rows, apr_pool_t *pool)
{
    okapi__conn_t *conn = rows->conn;
    apr_status_t rv = zeroed_pool(&rows->driver_pool, pool, conn->results);

    if (rv == APR_SUCCESS) {
        rows->older = conn->rows;
        conn->rows = rows;
        apr_pool_cleanup_register(rows->driver_pool, rows, leave_connection, apr_pool_cleanup_null);
    }
    return rv;
}

void okapi__rows_forget(okapi__conn_t *conn)
{
    while (conn->rows != NULL) {
        conn->rows->results = NULL;
        apr_pool_destroy(conn->rows->driver_pool);
    }
}

apr_status_t okapi__db_select(okapi__rows_t **rows, okapi__conn_t *conn, okapi__stmt_e stmt,
                              const okapi__arg_t *args, int nargs, apr_pool_t *pool)
{
    const okapi__call_t call = {stmt, args, nargs};
    const void *slots[4 * MAX_ARGS];
    okapi__rows_t *r = apr_pcalloc(pool, sizeof(*r));
    int n = 0;

    r->conn = conn;
    r->pool = pool;
    r->driver_pool = pool;
    r->next = 1;
    *rows = r;
    r->status = okapi__stmt_bind(slots, &n, conn, stmt, args, nargs);
    if (r->status == APR_SUCCESS && okapi__script_waits(conn)) {
        r->status = okapi__script_select(&r->results, conn, &call, pool);
    }
    if (r->status != APR_SUCCESS || r->results != NULL) {
        return r->status;
    }
    if (conn->db->dialect->engine == OKAPI__MYSQL) {
        r->status = make_driver_pool(r, pool);
    }
    if (r->status == APR_SUCCESS) {
        r->status = poison(conn,
                           apr_dbd_pbselect(conn->db->driver, r->driver_pool, conn->handle,
                                            &r->results, conn->prepared[stmt].handle,
                                            conn->db->dialect->random, slots),
                           statements[stmt].name);
    }
    return r->status;
}

apr_status_t okapi__db_select_one(okapi__rows_t **rows, int *found, okapi__conn_t *conn,
                                  okapi__stmt_e stmt, const okapi__arg_t *args, int nargs,
                                  apr_pool_t *pool)
{
    apr_status_t rv = okapi__db_select(rows, conn, stmt, args, nargs, pool);

    *found = rv == APR_SUCCESS && okapi__rows_next(*rows);
    return (*rows)->status;
}

/* ---- rows ---- */

int okapi__rows_next(okapi__rows_t *rows)
{
    const apr_dbd_driver_t *driver = rows->conn->db->driver;
    int rc;

    if (rows->status || rows->results == NULL) {
        return 0;
    }
    if (rows->conn->db->dialect->random) {
        if (rows->next > apr_dbd_num_tuples(driver, rows->results)) {
            return 0;
        }
        rc = apr_dbd_get_row(driver, rows->driver_pool, rows->results, &rows->row, rows->next++);
    } else {
        rc = apr_dbd_get_row(driver, rows->driver_pool, rows->results, &rows->row, -1);
    }
    if (rc == 0) {
        return 1;
    }
    rows->results = NULL; /* the driver has freed them at their end */
    if (rc != -1) {
        rows->status = poison(rows->conn, rc, "reading rows");
    }
    return 0;
}

apr_status_t okapi__rows_status(const okapi__rows_t *rows)
{
    return rows->status;
}

/* A value that can't be read poisons the transaction like any other error. */
static void unreadable(okapi__rows_t *rows, int column)
{
    okapi__conn_t *conn = rows->conn;

    okapi__db_log(conn->db, OKAPI_LOG_ERROR, OKAPI_EDATABASE,
                  "database %s: column %d of a row can't be read", conn->db->label, column);
    conn->failure = FAILURE_OTHER;
    conn->status = rows->status = OKAPI_EDATABASE;
}

/* The column in the wanted form; 0 for NULL. */
static int datum(okapi__rows_t *rows, int column, apr_dbd_type_e type, void *data)
{
    apr_status_t rv = apr_dbd_datum_get(rows->conn->db->driver, rows->row, column, type, data);

    if (rv && !APR_STATUS_IS_ENOENT(rv)) {
        unreadable(rows, column);
    }
    return rv == APR_SUCCESS;
}

apr_int64_t okapi__rows_int(okapi__rows_t *rows, int column)
{
    apr_int64_t value = 0;

    return datum(rows, column, APR_DBD_TYPE_LONGLONG, &value) ? value : 0;
}

int okapi__rows_is_null(okapi__rows_t *rows, int column)
{
    void *value;

    return !datum(rows, column, APR_DBD_TYPE_NULL, &value);
}

const char *okapi__rows_str(okapi__rows_t *rows, int column)
{
    char *value = NULL;

    if (!datum(rows, column, APR_DBD_TYPE_STRING, &value) || value == NULL) {
        return "";
    }
    /* SQLite's driver has copied it to the pool; the others' next row or end overwrites it. */
    return rows->conn->db->dialect->engine == OKAPI__SQLITE ? value
                                                            : apr_pstrdup(rows->pool, value);
}

/* The bytes of BRIGADE in POOL; where they are one bucket in the pool already, not copied. */
static apr_status_t gather(char **data, apr_size_t *len, apr_bucket_brigade *brigade, int in_pool,
                           apr_pool_t *pool)
{
    const char *bytes = NULL;
    apr_status_t rv;

    if (!in_pool) {
        return apr_brigade_pflatten(brigade, data, len, pool);
    }
    *len = 0;
    rv = APR_BRIGADE_EMPTY(brigade)
             ? APR_SUCCESS
             : apr_bucket_read(APR_BRIGADE_FIRST(brigade), &bytes, len, APR_BLOCK_READ);
    *data = (char *)bytes;
    return rv;
}

okapi_binary_t okapi__rows_blob(okapi__rows_t *rows, int column)
{
    okapi__engine_e engine = rows->conn->db->dialect->engine;
    apr_bucket_brigade *brigade = rows->conn->brigade;
    okapi_binary_t value = {NULL, 0};
    char *data = NULL;
    apr_status_t rv;

    if (!datum(rows, column, APR_DBD_TYPE_BLOB, brigade)) {
        return value;
    }
    rv = gather(&data, &value.len, brigade, engine == OKAPI__SQLITE, rows->pool);
    apr_brigade_cleanup(brigade);
    if (rv == APR_SUCCESS && engine == OKAPI__PGSQL) {
        rv = okapi__bytea_decode(data, &value.len);
    }
    if (rv) {
        unreadable(rows, column);
        value.len = 0;
        return value;
    }
    value.data = (const unsigned char *)(data != NULL && value.len > 0 ? data : "");
    return value;
}
