/* db.h - the thin layer over APR DBD. Only store/db includes apr_dbd.h; the engine's other files
 * see SQL through the names of the statement table and these calls.
 *
 * A read or a write runs as a work function inside a transaction. It may run more than once (the
 * database was busy, a deadlock, a lost connection), so it has no side effects but its baton's,
 * which it sets anew each time. What committed is never run again, even if the connection was lost
 * before that was known. The first error poisons the transaction: later calls return the
 * same status, and the transaction is rolled back. A work function never begins another
 * transaction: it may hold the only connection and the lock of writers. Several writers' work may
 * be done in one transaction, by the thread of one of them while the others wait.
 */
#ifndef OKAPI_DB_H
#define OKAPI_DB_H

#include <okapi/engine.h>
#include <okapi/types.h>

typedef struct okapi__db_t okapi__db_t;     /* the database of a process: thread-safe */
typedef struct okapi__conn_t okapi__conn_t; /* one connection inside one transaction */
typedef struct okapi__rows_t okapi__rows_t;

typedef enum okapi__engine_e { OKAPI__SQLITE, OKAPI__MYSQL, OKAPI__PGSQL } okapi__engine_e;

/* One enumerator per row of the statement table, e.g. STMT_FOLDER_BY_ID. */
typedef enum okapi__stmt_e {
#define OKAPI_STMT(name, sqlite, mysql, pgsql) name,
#include "db/statements.def"
#undef OKAPI_STMT
    STMT__COUNT
} okapi__stmt_e;

/* An argument of a statement, in the order of its %lld, %s and %pDb. DB_S(NULL) is NULL, but
 * DB_B(NULL, 0) an empty value. */
typedef struct okapi__arg_t {
    enum { OKAPI__ARG_INT, OKAPI__ARG_STR, OKAPI__ARG_BLOB, OKAPI__ARG_NULL } kind;
    apr_int64_t i;
    const void *p;
    apr_size_t len;
} okapi__arg_t;

#define DB_I(x)      ((okapi__arg_t){OKAPI__ARG_INT, (x), NULL, 0})
#define DB_S(x)      ((okapi__arg_t){OKAPI__ARG_STR, 0, (x), 0})
#define DB_B(d, n)   ((okapi__arg_t){OKAPI__ARG_BLOB, 0, (d), (n)})
#define DB_NULL      ((okapi__arg_t){OKAPI__ARG_NULL, 0, NULL, 0})
#define DB_ARGS(...) (const okapi__arg_t[]){__VA_ARGS__}, \
                     (int)(sizeof((const okapi__arg_t[]){__VA_ARGS__}) / sizeof(okapi__arg_t))
#define DB_NO_ARGS   NULL, 0

/* Ids in one statement: OKAPI_IDS in stmt_base.def. */
enum { OKAPI__DB_IDS = 32 };

/* The arguments of OKAPI_IDS: the N ids there are, then 0. */
static inline void okapi__db_ids(okapi__arg_t *args, const okapi_id_t *ids, int n)
{
    for (int i = 0; i < OKAPI__DB_IDS; i++) {
        args[i] = DB_I(i < n ? ids[i] : 0);
    }
}

/* Opens the pool of connections and migrates the schema. With CREATE also makes a database that
 * isn't there; otherwise a missing one is OKAPI_ENODATABASE. LOG gets the engine's own words. */
apr_status_t okapi__db_open(okapi__db_t **db, const okapi_config_t *config, int create,
                            const okapi_host_t *host, apr_pool_t *result_pool,
                            apr_pool_t *scratch_pool);

okapi__engine_e okapi__db_engine(const okapi__db_t *db);

typedef apr_status_t (*okapi__work_t)(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool);

/* Run WORK in one transaction: a consistent reading view, or a durable commit. Results that have
 * to outlive the call go to a pool of the baton's. */
apr_status_t okapi__db_read(okapi__db_t *db, okapi__work_t work, void *baton,
                            apr_pool_t *scratch_pool);

/* The same for work that needs no one view of what it reads: each of its statements sees what is
 * committed by then. Without a transaction a look at one row is one message to a server and back,
 * not three. */
apr_status_t okapi__db_read_loose(okapi__db_t *db, okapi__work_t work, void *baton,
                                  apr_pool_t *scratch_pool);

apr_status_t okapi__db_write(okapi__db_t *db, okapi__work_t work, void *baton,
                             apr_pool_t *scratch_pool);

/* All arguments of a statement together: MariaDB takes 16 MB at once, and drops the connection of
 * who sends more. */
#define OKAPI__DB_ARGS_MAX 16000000

/* *AFFECTED (may be NULL) is the number of rows changed. OKAPI_EEXISTS for a duplicate key,
 * OKAPI_ETOOBIG for arguments of more than OKAPI__DB_ARGS_MAX bytes. */
apr_status_t okapi__db_exec(okapi__conn_t *conn, okapi__stmt_e stmt, apr_int64_t *affected,
                            const okapi__arg_t *args, int nargs, apr_pool_t *scratch_pool);

/* The same for a statement whose result nobody waits for: a server gets it in one message with what
 * comes next, in the order of the calls. So its failure may show only there, or at the commit. */
apr_status_t okapi__db_post(okapi__conn_t *conn, okapi__stmt_e stmt, const okapi__arg_t *args,
                            int nargs, apr_pool_t *scratch_pool);

/* ROWS and everything read from it live in POOL; the calls on ROWS itself are for the work
 * function only. Engines may copy the whole result to POOL: limit it in SQL. */
apr_status_t okapi__db_select(okapi__rows_t **rows, okapi__conn_t *conn, okapi__stmt_e stmt,
                              const okapi__arg_t *args, int nargs, apr_pool_t *pool);

int okapi__rows_next(okapi__rows_t *rows); /* 1: there is a row */
apr_int64_t okapi__rows_int(okapi__rows_t *rows, int column);        /* NULL: 0 */
int okapi__rows_is_null(okapi__rows_t *rows, int column);
const char *okapi__rows_str(okapi__rows_t *rows, int column);        /* NULL: "" */
okapi_binary_t okapi__rows_blob(okapi__rows_t *rows, int column);    /* NULL: data NULL */
/* What ended the loop over okapi__rows_next: APR_SUCCESS, or the connection's error. */
apr_status_t okapi__rows_status(const okapi__rows_t *rows);

/* Select that has one row at most. *FOUND 0: none. Column access as above. */
apr_status_t okapi__db_select_one(okapi__rows_t **rows, int *found, okapi__conn_t *conn,
                                  okapi__stmt_e stmt, const okapi__arg_t *args, int nargs,
                                  apr_pool_t *pool);

/* N consecutive ids from this process's block, which is refilled in a short transaction of its
 * own. Call it before the transaction that uses them, never inside one. They are durable as soon
 * as any later commit is; so an id must not leave the database (to a client, say) before one. */
apr_status_t okapi__db_take_ids(okapi__db_t *db, int n, apr_int64_t *first,
                                apr_pool_t *scratch_pool);

#endif
