/* db_files.c - the database layer on SQLite: the file and its settings, what a bad disk does to
 * it, and what a crash leaves. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "db_rows.h"

/* The first value of the rows SQL gives, as text. */
static const char *pragma(okapi__conn_t *conn, const char *sql, apr_pool_t *pool)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;

    if (apr_dbd_select(conn->db->driver, pool, conn->handle, &results, sql, 0) != 0 ||
        apr_dbd_get_row(conn->db->driver, pool, results, &row, -1) != 0) {
        return NULL;
    }
    return apr_dbd_get_entry(conn->db->driver, row, 0);
}

/* ---- opening ---- */

static void refused(const char *name, int create, apr_status_t want, const char *part,
                    apr_pool_t *pool)
{
    apr_status_t rv;

    open_file_db(name, create, 1, &rv, pool);
    is_int(rv, want, "%s is refused", name);
    ok(logged(part), "saying: %s", part);
}

static void put_file(const char *name, const char *bytes, size_t len, long offset, apr_pool_t *pool)
{
    int fd = open(test_path(name, pool), O_WRONLY | O_CREAT, 0644);

    if (pwrite(fd, bytes, len, offset) != (ssize_t)len) {
        diag("%s can't be written", name);
    }
    close(fd);
}

static void opening(apr_pool_t *pool)
{
    okapi_config_t config = {.path = "/etc/okapi.conf", .database = "oracle:x", .connections = 1};
    okapi_host_t host = {.log = keep_line};
    okapi__db_t *db;
    char garbage[4096];
    apr_status_t rv;
    struct stat st;

    is_int(okapi__db_open(&db, &config, 1, &host, pool, pool), OKAPI_ECONFIG, "unknown engine");
    ok(logged("/etc/okapi.conf: Database must begin with sqlite3:"), "says where to look");
    refused("no/store.db", 1, OKAPI_ENODATABASE, "its directory", pool);
    refused("store.db", 0, OKAPI_ENODATABASE, "can't be found", pool);
    put_file("empty.db", "", 0, 0, pool);
    refused("empty.db", 0, OKAPI_ENODATABASE, "has no tables of Okapi's", pool);
    memset(garbage, 'g', sizeof(garbage));
    put_file("garbage.db", garbage, sizeof(garbage), 0, pool);
    refused("garbage.db", 0, OKAPI_ECORRUPT, "is not a database", pool);
    refused("garbage.db", 1, OKAPI_ECORRUPT, "restore a backup", pool);

    ok(open_file_db("store.db", 1, 1, &rv, pool) != NULL, "created");
    ok(stat(test_path("store.db", pool), &st) == 0 && (st.st_mode & 07) == 0,
       "not for everybody: %o", (unsigned)st.st_mode);
    ok(open_file_db("store.db", 1, 1, &rv, pool) != NULL, "creating it again only opens it");
    ok(open_file_db("store.db", 0, 1, &rv, pool) != NULL, "opened");
}

static apr_status_t check_settings(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    is_str(pragma(conn, "PRAGMA page_size", scratch_pool), "8192", "page_size");
    is_str(pragma(conn, "PRAGMA journal_mode", scratch_pool), "wal", "journal_mode");
    is_str(pragma(conn, "PRAGMA synchronous", scratch_pool), "2", "synchronous is FULL");
    is_str(pragma(conn, "PRAGMA foreign_keys", scratch_pool), "1", "foreign_keys");
    is_str(pragma(conn, "PRAGMA busy_timeout", scratch_pool), "0", "busy_timeout");
    is_str(pragma(conn, "PRAGMA secure_delete", scratch_pool), "2", "secure_delete is FAST");
    return APR_SUCCESS;
}

static void settings(apr_pool_t *pool)
{
    apr_status_t rv;
    okapi__db_t *db = open_file_db("store.db", 0, 1, &rv, pool);
    apr_int64_t id;

    okapi__db_take_ids(db, 1, &id, pool); /* changes synchronous for a moment */
    okapi__db_read(db, check_settings, NULL, pool);
}

/* ---- what can be read but not written; root may write everything ---- */

static void refused_to_nobody(const char *what, apr_pool_t *pool)
{
    pid_t pid = fork();

    if (pid == 0) {
        apr_status_t rv;
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(2);
        }
        open_file_db("store.db", 0, 1, &rv, pool);
        _exit(rv != OKAPI_EREADONLY || !logged("must be writable for the user"));
    }
    ok(ended_well(pid), "%s is refused", what);
}

static void readonly(apr_pool_t *pool)
{
    chmod(test_dir, 0755);
    chmod(test_path("store.db", pool), 0444);
    refused_to_nobody("a file that may only be read", pool);
    chmod(test_path("store.db", pool), 0644);
    chmod(test_dir, 0555);
    refused_to_nobody("a directory that may only be read", pool);
    chmod(test_dir, 0700);
}

/* What root makes in a directory of httpd's user must be httpd's. */
static void ownership(apr_pool_t *pool)
{
    static const char *const files[] = {"store.db", "store.db.lock"};
    const char *dir = test_path("theirs", pool);
    struct stat st;
    apr_status_t rv;
    apr_size_t i;

    if (geteuid() != 0) {
        diag("not root: whom a new database belongs to isn't looked at");
        return;
    }
    ok(mkdir(dir, 0750) == 0 && chown(dir, 65534, 65534) == 0, "a directory of somebody else's");
    ok(open_file_db("theirs/store.db", 1, 1, &rv, pool) != NULL, "root creates a database in it");
    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const char *path = apr_pstrcat(pool, dir, "/", files[i], NULL);
        ok(stat(path, &st) == 0 && st.st_uid == 65534 && st.st_gid == 65534, "%s is theirs",
           files[i]);
    }
}

/* ---- a disk that fails meanwhile ---- */

static apr_status_t limit_pages(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    pragma(conn, baton, scratch_pool);
    return APR_SUCCESS;
}

static apr_status_t add_megabyte(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_PROPS_ADD, NULL,
                          DB_ARGS(DB_I(*(int *)baton), DB_I(0),
                                  DB_B(apr_pcalloc(scratch_pool, 1 << 20), 1 << 20), DB_NULL),
                          scratch_pool);
}

static void disk_full(apr_pool_t *pool)
{
    struct rlimit old, tight;
    apr_status_t rv;
    okapi__db_t *db = open_file_db("store.db", 0, 1, &rv, pool);
    int id = 1;

    okapi__db_read(db, limit_pages, "PRAGMA max_page_count=60", pool);
    is_int(okapi__db_write(db, add_megabyte, &id, pool), OKAPI_EDISKFULL, "a full disk");
    ok(logged("STMT_PROPS_ADD: database or disk is full"), "is told");
    ok(logged("/store.db"), "with the path");
    ok(!has_row(db, id, pool), "nothing was stored, and the connection goes on");
    okapi__db_read(db, limit_pages, "PRAGMA max_page_count=100000", pool);
    is_int(okapi__db_write(db, add_megabyte, &id, pool), APR_SUCCESS, "there is room again");

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_FSIZE, &tight);
    id = 2;
    is_int(okapi__db_write(db, add_megabyte, &id, pool), OKAPI_EDATABASE, "an I/O error");
    setrlimit(RLIMIT_FSIZE, &old);
    ok(logged("failed to commit, and so does everything after it"), "is told");
    is_int(okapi__db_write(db, add_megabyte, &id, pool), APR_SUCCESS, "the next write succeeds");
    ok(has_row(db, 1, pool) && has_row(db, 2, pool), "and all is there");
}

static void corrupt(apr_pool_t *parent)
{
    char noise[8192];
    row_t row = {0, 0, 0};
    apr_pool_t *pool;
    apr_status_t rv;
    okapi__db_t *db;
    int page;

    apr_pool_create(&pool, parent);
    db = open_file_db("corrupt.db", 1, 1, &rv, pool);
    apr_pool_destroy(pool); /* closing brings all pages from the log to the file */
    memset(noise, 0xA5, sizeof(noise));
    for (page = 2; page < 40; page++) {
        put_file("corrupt.db", noise, sizeof(noise), page * 8192L, parent);
    }
    db = open_file_db("corrupt.db", 0, 1, &rv, parent);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(db, count_rows, &row, parent);
    }
    is_int(rv, OKAPI_ECORRUPT, "a damaged file");
    ok(logged("malformed") && logged("restore a backup"), "is told");
}

/* ---- crashes ---- */

static void copy_prefix(const char *from, const char *to, long len, apr_pool_t *pool)
{
    int in = open(test_path(from, pool), O_RDONLY);
    int out = open(test_path(to, pool), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char buffer[4096];
    ssize_t n;

    while (len > 0 && (n = read(in, buffer, len < 4096 ? (size_t)len : 4096)) > 0) {
        if (write(out, buffer, (size_t)n) != n) {
            break;
        }
        len -= n;
    }
    close(in);
    close(out);
}

/* Work: *BATON is an id that is used but could be handed out again, 0 if there is none. */
static apr_status_t find_reusable(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    apr_int64_t *id = baton, used;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_PROPS_SUM,
                                           DB_ARGS(DB_I(0), DB_I(APR_INT64_MAX)), scratch_pool);

    if (rv) {
        return rv;
    }
    used = okapi__rows_int(rows, 1);
    rv = okapi__db_select_one(&rows, &found, conn, STMT_IDS_NEXT, DB_NO_ARGS, scratch_pool);
    *id = rv == APR_SUCCESS && used >= okapi__rows_int(rows, 0) ? used : 0;
    return rv;
}

/* A power failure may keep any beginning of the log, since the blocks of ids aren't synced. In
 * none of them is an id in use that would be handed out again. */
static void lost_log(apr_pool_t *parent)
{
    apr_pool_t *pool;
    apr_status_t rv;
    okapi__db_t *db;
    struct stat log;
    apr_int64_t id = 0;
    long len;
    int i, safe = 1, tried = 0;

    apr_pool_create(&pool, parent);
    db = open_file_db("log.db", 1, 1, &rv, pool);
    for (i = 0; i < 10; i++) {
        row_t row = {0, 0, 0};
        okapi__db_take_ids(db, 600, &row.id, pool);
        okapi__db_write(db, add_row, &row, pool);
    }
    stat(test_path("log.db-wal", pool), &log);
    for (len = log.st_size; len > log.st_size / 2; len -= 3333) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, pool);
        copy_prefix("log.db", "lost.db", 1L << 30, iterpool);
        copy_prefix("log.db-wal", "lost.db-wal", len, iterpool);
        db = open_file_db("lost.db", 0, 1, &rv, iterpool);
        if (db == NULL || okapi__db_read(db, find_reusable, &id, iterpool) || id != 0) {
            diag("with %ld bytes of the log: %d, id %ld", len, rv, (long)id);
            safe = 0;
        }
        apr_pool_destroy(iterpool);
        tried++;
    }
    apr_pool_destroy(pool);
    ok(safe && tried > 5, "no id in use is handed out again after a lost end of the log (%d)",
       tried);
}

/* Begins the first migration as this program would, and dies in the middle. */
static void die_migrating(const char *path, apr_pool_t *pool)
{
    static const char *const steps[] = {
        "BEGIN IMMEDIATE", "CREATE TABLE schema_version(component TEXT, version INTEGER)",
        "CREATE TABLE id_seq(name TEXT)"};
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    int affected;
    size_t i;

    apr_dbd_get_driver(pool, "sqlite3", &driver);
    apr_dbd_open(driver, pool, path, &handle);
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        apr_dbd_query(driver, handle, &affected, steps[i]);
    }
    kill(getpid(), SIGKILL);
}

static void interrupted(apr_pool_t *pool)
{
    apr_status_t rv;
    row_t row = {1, 0, 0};
    okapi__db_t *db;
    pid_t pid = fork();

    if (pid == 0) {
        die_migrating(test_path("half.db", pool), pool);
    }
    ok(!ended_well(pid), "a process dies in the middle of a migration");
    db = open_file_db("half.db", 1, 1, &rv, pool);
    is_int(rv, APR_SUCCESS, "the next one does it");
    is_int(okapi__db_write(db, add_row, &row, pool), APR_SUCCESS, "all of it");
}

static apr_status_t run_sql(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__conn_sql(conn, baton) == FAILURE_NONE ? APR_SUCCESS : OKAPI_EDATABASE;
}

/* Where DDL commits by itself an interrupted migration leaves some of its tables. */
static void interrupted_piecemeal(apr_pool_t *pool)
{
    apr_status_t rv;
    okapi__db_t *db = open_file_db("half.db", 0, 1, &rv, pool);
    okapi__dialect_t piecemeal = *db->dialect;

    okapi__db_write(db, run_sql, "DELETE FROM schema_version", pool);
    okapi__db_write(db, run_sql, "DROP TABLE tombstone", pool);
    is_int(okapi__schema_migrate(db, 1, pool), OKAPI_EEXISTS,
           "tables that can't be there stop a migration");
    piecemeal.ddl_commits = 1;
    db->dialect = &piecemeal;
    is_int(okapi__schema_migrate(db, 1, pool), APR_SUCCESS, "those that can don't");
    is_int(okapi__db_write(db, run_sql, "DELETE FROM tombstone", pool), APR_SUCCESS,
           "the rest is made");
    open_file_db("half.db", 0, 1, &rv, pool);
    is_int(rv, APR_SUCCESS, "the version is noted");
}

static void newer(apr_pool_t *pool)
{
    apr_status_t rv;
    okapi__db_t *db = open_file_db("half.db", 0, 1, &rv, pool);

    okapi__db_write(db, run_sql, "UPDATE schema_version SET version = 1000", pool);
    open_file_db("half.db", 0, 1, &rv, pool);
    is_int(rv, OKAPI_EDATABASE, "a newer schema than the program knows is refused");
    ok(logged("schema version 1000"), "and told");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    if (!test_engine_is("sqlite3")) {
        skip_all("it is about SQLite's files");
    }
    make_test_dir(pool);
    opening(pool);
    settings(pool);
    readonly(pool);
    ownership(pool);
    disk_full(pool);
    corrupt(pool);
    lost_log(pool);
    interrupted(pool);
    interrupted_piecemeal(pool);
    newer(pool);
    remove_test_dir(pool);
    return done_testing();
}
