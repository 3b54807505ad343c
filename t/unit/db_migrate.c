/* db_migrate.c - migrations from nothing and from each version, killed before and after every one
 * of their statements, and going on. What comes out is the same as without, and what was stored in
 * an older version is still there.
 */
#include "db_rows.h"
#include "fault.h"

enum { MOST_STEPS = 2000, MOST_BYTES = 2000 };

/* The statements at which a process has died, "-" before or "+" after each. */
static struct {
    const char *names[MOST_STEPS];
    int n;
} died;

/* In the child: where to tell its death; the statement before, which makes one COMMIT another. */
static int report = -1;
static char previous[MOST_BYTES];

static int known(const char *name)
{
    int i;

    for (i = 0; i < died.n; i++) {
        if (strcmp(died.names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

static void die_once(okapi__conn_t *conn, const char *sql, char when)
{
    char name[2 * MOST_BYTES];

    if (conn->mode == MODE_READ || strncmp(sql, "SET ", 4) == 0) {
        return; /* it begins its session, or looks for the version */
    }
    apr_snprintf(name, sizeof(name), "%c%s after %s", when, sql, previous);
    if (!known(name)) {
        if (write(report, name, strlen(name)) < 0) {
            _exit(1);
        }
        kill(getpid(), SIGKILL);
    }
}

static void die_before(okapi__conn_t *conn, const char *sql)
{
    die_once(conn, sql, '-');
}

static void die_after(okapi__conn_t *conn, const char *sql)
{
    die_once(conn, sql, '+');
    apr_cpystrn(previous, sql, sizeof(previous));
}

/* Opens, and so migrates, the database in a process of its own. 1: it died, and where is in DIED;
 * 0: it came to the end; -1: it failed. */
static int migrate_until_dead(apr_pool_t *pool)
{
    char name[2 * MOST_BYTES];
    int ends[2], status;
    ssize_t len;
    pid_t pid;

    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        return -1;
    }
    if (pid == 0) {
        apr_pool_t *child_pool;
        apr_pool_create(&child_pool, NULL);
        report = ends[1];
        fault.before = die_before;
        fault.after = die_after;
        open_db(1, child_pool);
        _exit(0);
    }
    close(ends[1]);
    len = read(ends[0], name, sizeof(name));
    close(ends[0]);
    waitpid(pid, &status, 0);
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status) == 0 ? 0 : -1;
    }
    if (len <= 0 || died.n == MOST_STEPS) {
        return -1;
    }
    died.names[died.n++] = apr_pstrmemdup(pool, name, (apr_size_t)len);
    return 1;
}

/* ---- what comes out ---- */

typedef struct description_t {
    const char *engine;
    int columns;
    const char *sql;
} description_t;

static const description_t descriptions[] = {
    {"sqlite3", 2, "SELECT name, sql FROM sqlite_master ORDER BY name"},
    {"mysql", 6,
     "SELECT table_name, column_name, column_type, is_nullable, column_default, collation_name"
     " FROM information_schema.columns WHERE table_schema = DATABASE()"
     " ORDER BY table_name, ordinal_position"},
    {"mysql", 5,
     "SELECT table_name, index_name, seq_in_index, column_name, non_unique"
     " FROM information_schema.statistics WHERE table_schema = DATABASE()"
     " ORDER BY table_name, index_name, seq_in_index"},
    {"mysql", 3,
     "SELECT table_name, engine, table_collation FROM information_schema.tables"
     " WHERE table_schema = DATABASE() ORDER BY table_name"},
    {"pgsql", 7,
     "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,"
     " column_default, collation_name FROM information_schema.columns"
     " WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"},
    {"pgsql", 2,
     "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
     " ORDER BY indexname"},
    {"pgsql", 3,
     "SELECT c.relname, c.reloptions, a.attstorage FROM pg_class c JOIN pg_attribute a"
     " ON a.attrelid = c.oid WHERE c.relnamespace = current_schema()::regnamespace"
     " AND c.relkind = 'r' AND a.attnum > 0 ORDER BY c.relname, a.attnum"},
};

static const char *describe(const char *url, apr_pool_t *pool)
{
    const char *text = "";
    apr_size_t i;

    for (i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
        const description_t *d = &descriptions[i];
        if (test_engine_is(d->engine)) {
            const char *rows = test_rows(url, d->sql, d->columns, pool);
            text = apr_pstrcat(pool, text, rows != NULL ? rows : "failed\n", NULL);
        }
    }
    return text;
}

/* The first line in which they differ. */
static void show_difference(const char *got, const char *want)
{
    while (*got != '\0' && strcspn(got, "\n") == strcspn(want, "\n") &&
           strncmp(got, want, strcspn(got, "\n") + 1) == 0) {
        got += strcspn(got, "\n") + 1;
        want += strcspn(want, "\n") + 1;
    }
    diag("     got: %.*s", (int)strcspn(got, "\n"), got);
    diag("expected: %.*s", (int)strcspn(want, "\n"), want);
}

/* ---- the test ---- */

static int version_of(apr_pool_t *pool)
{
    const char *rows = test_rows(test_url, "SELECT version FROM schema_version", 1, pool);

    return rows != NULL ? atoi(rows) : 0;
}

/* Something in tables of version 1 that every later one has to bring along. */
static void store_something(apr_pool_t *pool)
{
    static const char *const sql[] = {
        "INSERT INTO store_cn(store_id, cn, tomb_floor, bytes) VALUES(7, 8, 9, 10)",
        "INSERT INTO msg_props(id, rev, props) VALUES(1, 2, '')",
        "UPDATE id_seq SET next_id = 1001"};
    apr_size_t i;

    for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        is_int(test_sql(test_url, sql[i], pool), 0, "%s", sql[i]);
    }
}

static const char *what_is_stored(apr_pool_t *pool)
{
    return apr_pstrcat(pool,
                       test_rows(test_url, "SELECT store_id, cn, tomb_floor, bytes FROM store_cn",
                                 4, pool),
                       test_rows(test_url, "SELECT id, rev FROM msg_props", 2, pool),
                       test_rows(test_url, "SELECT name, next_id FROM id_seq", 2, pool), NULL);
}

static int run_to_the_end(apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    int outcome, version, last = 0;

    apr_pool_create(&iterpool, pool);
    while ((outcome = migrate_until_dead(pool)) == 1) {
        apr_pool_clear(iterpool);
        version = version_of(iterpool);
        if (version == last) {
            continue;
        }
        is_int(version, last + 1, "one version after the other; after %d deaths", died.n);
        if (version == 1) {
            store_something(iterpool);
        }
        last = version;
    }
    apr_pool_destroy(iterpool);
    return outcome;
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    const char *straight, *url, *got, *want;
    row_t row = {50, 0, 0};
    apr_status_t rv;

    make_test_dir(pool);
    straight = test_database(test_path("straight.db", pool), pool);
    ok(open_url(straight, 1, 1, &rv, pool) != NULL, "a database that nobody interrupts");
    url = test_url;
    is_int(run_to_the_end(pool), 0, "one where a process dies at every statement is made, too");
    ok(died.n > 2 * 30, "after %d deaths", died.n);
    got = describe(url, pool);
    want = describe(straight, pool);
    if (!ok(strcmp(got, want) == 0, "they are the same")) {
        show_difference(got, want);
    }
    ok(strlen(got) > 1000, "in all that is described in %d bytes", (int)strlen(got));
    is_str(what_is_stored(pool), "7|8|9|10\n1|2\nobject|1001\n", "what was stored is there");
    is_int(okapi__db_write(open_db(0, pool), add_row, &row, pool), APR_SUCCESS, "it can be used");
    remove_test_dir(pool);
    return done_testing();
}
