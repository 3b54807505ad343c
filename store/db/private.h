/* private.h - what the files of store/db share: the database, its connections, the dialects.
 *
 * A connection belongs to one thread at a time: from its leaving the pool of connections to its
 * return. Whatever it allocates for good lives in its own pool.
 */
#ifndef OKAPI_DB_PRIVATE_H
#define OKAPI_DB_PRIVATE_H

#include <stdarg.h>

#include <apr_buckets.h>
#include <apr_dbd.h>
#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_reslist.h>
#include <apr_thread_mutex.h>

#include "db/db.h"

/* ---- dialect.c: what differs between the engines, as data ---- */

/* The kinds of failure, and what each means: rows of okapi__failures. */
typedef enum okapi__failure_e {
    FAILURE_NONE,
    FAILURE_BUSY,     /* somebody else writes: wait and run the work again */
    FAILURE_CONFLICT, /* deadlock, serialisation: roll back and run it again */
    FAILURE_LOST,     /* the connection is gone */
    FAILURE_STALE,    /* its prepared statements are */
    FAILURE_DUPLICATE,
    FAILURE_IS_THERE, /* what a migration wanted to create; or what it wanted to drop isn't */
    FAILURE_FULL,
    FAILURE_READONLY,
    FAILURE_CORRUPT,
    FAILURE_IO,
    FAILURE_UNREACHABLE,
    FAILURE_OTHER
} okapi__failure_e;

typedef struct okapi__failure_t {
    apr_status_t status; /* what callers get in the end */
    int patience;        /* milliseconds for which the work is tried again; 0: never */
    int pause;           /* most milliseconds before the first repetition; grows to tenfold */
    int discard;         /* the connection can't be used again */
    const char *advice;  /* for the log; NULL: an ordinary outcome, not logged */
} okapi__failure_t;

extern const okapi__failure_t okapi__failures[];

/* How an engine announces a failure: by the driver's number, or by a part of the text. */
typedef struct okapi__symptom_t {
    int number;       /* 0: look at the text */
    const char *text; /* NULL ends the table: the failure of what has no symptom */
    okapi__failure_e failure;
} okapi__symptom_t;

/* A word of the schema's template and what it stands for. */
typedef struct okapi__word_t {
    const char *word;
    const char *sql;   /* replaces it */
    const char *after; /* goes behind a parenthesis that follows it; NULL: none follows */
} okapi__word_t;

typedef struct okapi__dialect_t {
    okapi__engine_e engine;
    const char *driver;             /* APR DBD's name of it, also the scheme in okapi.conf */
    const char *name;               /* for humans */
    const char *params;             /* goes behind the administrator's connection parameters */
    const char *const *session;     /* run on each new connection; NULL ends the list */
    const char *const *begin_read;  /* statements that begin a transaction; NULL ends the list */
    const char *const *begin_write;
    const char *script[3];          /* several statements in one message: what goes before all of
                                       them, behind each, at the end; NULL: there is no message */
    int random;                     /* apr_dbd_pbselect's argument; then rows are numbered from 1 */
    int ddl_commits;                /* a migration isn't atomic */
    const okapi__symptom_t *symptoms;
    const okapi__word_t *words;
    const char *table_options;      /* goes behind CREATE TABLE ...(...) */
} okapi__dialect_t;

/* The dialect of "sqlite3:PATH", "mysql:...", "pgsql:..."; *PARAMS is the part after the colon.
 * NULL if the scheme is unknown. */
const okapi__dialect_t *okapi__dialect_of(const char *database, const char **params);

okapi__failure_e okapi__dialect_classify(const okapi__dialect_t *dialect, int number,
                                         const char *text);

/* Decodes PostgreSQL's text form of a bytea ("\x" and hex digits) in place into LEN bytes. */
apr_status_t okapi__bytea_decode(char *data, apr_size_t *len);

/* ---- file.c, writelock.c: SQLite's ---- */

/* The file's place is good for a database, and the lock beside it is open. With CREATE the file
 * exists afterwards. */
apr_status_t okapi__file_open(okapi__db_t *db, int create, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool);

typedef struct okapi__writelock_t okapi__writelock_t;

apr_status_t okapi__writelock_create(okapi__writelock_t **lock, const char *path,
                                     apr_pool_t *result_pool);
apr_status_t okapi__writelock_acquire(okapi__writelock_t *lock);
void okapi__writelock_release(okapi__writelock_t *lock);

/* ---- writers.c ---- */

typedef struct okapi__writers_t okapi__writers_t;

apr_status_t okapi__writers_create(okapi__writers_t **line, apr_pool_t *result_pool);

/* Like okapi__db_run of MODE_WRITE, but durable together with what others write. */
apr_status_t okapi__writers_write(okapi__db_t *db, okapi__work_t work, void *baton,
                                apr_pool_t *scratch_pool);

/* ---- conn.c ---- */

/* A pool with an allocator of its own, so that no other thread's work gets in its way. */
apr_status_t okapi__pool_create(apr_pool_t **pool, apr_pool_t *parent);

/* The connections, at most MAX, none of them open yet. Their pools are subpools of POOL, made
 * under the list's lock; nobody else may make subpools of it. */
apr_status_t okapi__connections_create(okapi__db_t *db, int max, apr_pool_t *pool);

/* Runs a PRAGMA of SQLite's. They answer with a row, which the driver's query call takes for a
 * failure. */
okapi__failure_e okapi__conn_pragma(okapi__conn_t *conn, const char *sql, apr_pool_t *scratch_pool);

/* ---- db.c ---- */

struct okapi__db_t {
    const okapi__dialect_t *dialect;
    const apr_dbd_driver_t *driver;
    const char *params;
    const char *label; /* for the log: the path, or the engine's name; never a password */
    const char *path;  /* SQLite: the file; else NULL */
    okapi_host_t host;
    apr_reslist_t *connections;
    okapi__writelock_t *writelock; /* SQLite: held by whoever writes; else NULL */
    okapi__writers_t *writers;     /* SQLite: the line of this process's writers; else NULL */
    int answers;                   /* it did when it was asked last; set atomically */
    struct {
        apr_thread_mutex_t *mutex;
        apr_int64_t next, end; /* [next, end) is this process's */
    } ids;
};

/* A statement as this connection knows it. */
typedef struct okapi__prepared_t {
    apr_dbd_prepared_t *handle; /* NULL until its first use */
    const char *kinds;          /* of its parameters: 'i', 's', 'b' each */
} okapi__prepared_t;

typedef enum okapi__mode_e {
    MODE_READ,
    MODE_READ_LOOSE,     /* without a transaction */
    MODE_WRITE,
    MODE_WRITE_UNMARKED, /* may be repeated though it has committed: mark.c */
    MODE_WRITE_ORDERED   /* that, and durable no later than the next MODE_WRITE: ids.c */
} okapi__mode_e;

/* Statements that wait, in order: script.c. */
typedef struct okapi__posted_t {
    apr_array_header_t *all; /* of okapi__call_t, in the pool */
    apr_size_t size;         /* of their arguments */
    apr_pool_t *pool;
} okapi__posted_t;

/* What a transaction stores that commits: mark.c. An id of 0 is none. */
typedef struct okapi__mark_t {
    apr_int64_t time, id;
} okapi__mark_t;

struct okapi__conn_t {
    okapi__db_t *db;
    apr_pool_t *pool;
    apr_pool_t *stmt_pool; /* goes before the handle does, which its cleanups need */
    apr_dbd_t *handle;
    apr_bucket_brigade *brigade; /* empty but while a blob is read */
    okapi__mode_e mode;          /* of the transaction it is in */
    okapi__failure_e failure;    /* what poisoned the transaction */
    apr_status_t status;         /* okapi__failures[failure].status, or the caller's error */
    int discard;                 /* don't use it after this transaction */
    int wrote;                   /* this transaction did */
    int to_begin;                /* the server hasn't been told that it begins: script.c */
    okapi__posted_t posted;      /* statements of it that the server gets with the next one */
    okapi__mark_t mark;          /* of this transaction, once it tries to commit */
    okapi__mark_t last_mark;     /* of the one before, still stored */
    apr_allocator_t *results;    /* MariaDB: for what its driver keeps of a result: stmt.c */
    okapi__rows_t *rows;         /* MariaDB: that this transaction has selected and still has */
    apr_hash_t *scripts;         /* MariaDB's, prepared, by what they do: script.c */
    okapi__prepared_t prepared[STMT__COUNT];
};

void okapi__db_log(const okapi__db_t *db, okapi_log_e level, apr_status_t status,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

apr_status_t okapi__db_run(okapi__db_t *db, okapi__mode_e mode, okapi__work_t work, void *baton,
                           apr_pool_t *scratch_pool);

/* ---- mark.c ---- */

/* Before CONN's transaction commits: posts, if it has to have a mark, what stores conn->mark. */
apr_status_t okapi__mark_post(okapi__conn_t *conn);

/* After the loss of a connection that was about to commit MARK: has it? If not, it can't any
 * more. An error: that can't be found out. */
apr_status_t okapi__mark_find_out(int *committed, okapi__db_t *db, const okapi__mark_t *mark,
                                  apr_pool_t *scratch_pool);

/* After a COMMIT on CONN that failed: makes sure that it has not happened, should SQLite find it in
 * its log at the next start. */
void okapi__mark_bury(okapi__conn_t *conn);

/* Removes the marks of those who died. */
apr_status_t okapi__mark_expire(okapi__conn_t *conn, apr_pool_t *scratch_pool);

/* ---- stmt.c ---- */

/* What was selected can't be read any more. */
void okapi__rows_forget(okapi__conn_t *conn);

/* Runs SQL that is no statement of the table, after what is posted: session settings, BEGIN, DDL.
 * Doesn't poison. */
okapi__failure_e okapi__conn_sql(okapi__conn_t *conn, const char *sql);

/* CONN's transaction is about to write by STMT, if it may. */
apr_status_t okapi__conn_writes(okapi__conn_t *conn, okapi__stmt_e stmt);

/* Poisons CONN's transaction if there is a FAILURE. */
apr_status_t okapi__conn_poison(okapi__conn_t *conn, okapi__failure_e failure);

/* The failure of the driver's return value RC, logged with WHAT if it is worth a line. */
okapi__failure_e okapi__conn_failure(okapi__conn_t *conn, int rc, const char *what);

/* Prepares STMT for the connection, if it isn't yet. */
apr_status_t okapi__stmt_prepare(okapi__conn_t *conn, okapi__stmt_e stmt);

const char *okapi__stmt_name(okapi__stmt_e stmt);
const char *okapi__stmt_sql(const okapi__conn_t *conn, okapi__stmt_e stmt);

/* Prepares STMT and makes sure that it takes these arguments. Fills SLOTS as the driver wants them
 * and adds to *N how many; SLOTS may be NULL. */
apr_status_t okapi__stmt_bind(const void **slots, int *n, okapi__conn_t *conn, okapi__stmt_e stmt,
                              const okapi__arg_t *args, int nargs);

/* ---- script.c ---- */

/* A statement and its arguments. */
typedef struct okapi__call_t {
    okapi__stmt_e stmt;
    const okapi__arg_t *args;
    int nargs;
} okapi__call_t;

/* Does something wait to go with the next statement? */
int okapi__script_waits(const okapi__conn_t *conn);

/* What waits is done. */
apr_status_t okapi__script_flush(okapi__conn_t *conn);

/* The same with CALL after it. *AFFECTED (may be NULL) is of CALL only. */
apr_status_t okapi__script_exec(okapi__conn_t *conn, const okapi__call_t *call, int *affected);

/* The same with CALL, a SELECT, after it, if the engine can: else *RESULTS is NULL. */
apr_status_t okapi__script_select(apr_dbd_results_t **results, okapi__conn_t *conn,
                                  const okapi__call_t *call, apr_pool_t *pool);

/* What waits is done, and the transaction commits, if it has begun. Doesn't poison. */
okapi__failure_e okapi__script_commit(okapi__conn_t *conn);

/* Nothing waits any longer. */
void okapi__script_forget(okapi__conn_t *conn);

/* ---- schema.c ---- */

/* Brings the database to this program's version; CREATE: also from nothing. */
apr_status_t okapi__schema_migrate(okapi__db_t *db, int create, apr_pool_t *scratch_pool);

/* TEMPLATE in DIALECT's words. */
const char *okapi__schema_expand(const okapi__dialect_t *dialect, const char *template,
                                 apr_pool_t *result_pool);

#endif
