/* db_fixture.h - a database in a directory of the test's own, and what it logged. */
#ifndef OKAPI_DB_FIXTURE_H
#define OKAPI_DB_FIXTURE_H

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "db/private.h"
#include "tap.h"
#include "test_database.h"

static char test_dir[] = "/tmp/okapi-db-XXXXXX";
static const char *test_url;   /* of the database that open_db opens */
static char last_line[1024]; /* the last one logged above INFO */

static inline void keep_line(void *baton, okapi_log_e level, apr_status_t status, const char *line)
{
    if (level <= OKAPI_LOG_WARNING) {
        apr_cpystrn(last_line, line, sizeof(last_line));
    }
}

static inline int logged(const char *part)
{
    int found = strstr(last_line, part) != NULL;

    if (!found) {
        diag("logged: %s", last_line);
    }
    return found;
}

static inline const char *test_path(const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, test_dir, "/", name, NULL);
}

/* NULL with *RV set if it can't be opened. */
static inline okapi__db_t *open_url(const char *url, int create, int connections, apr_status_t *rv,
                                    apr_pool_t *pool)
{
    okapi_config_t config = {.path = "okapi.conf", .database = url, .connections = connections};
    okapi_host_t host = {.log = keep_line};
    okapi__db_t *db;

    last_line[0] = '\0';
    *rv = okapi__db_open(&db, &config, create, &host, pool, pool);
    return *rv == APR_SUCCESS ? db : NULL;
}

/* SQLite, in the file NAME. */
static inline okapi__db_t *open_file_db(const char *name, int create, int connections,
                                        apr_status_t *rv, apr_pool_t *pool)
{
    return open_url(apr_pstrcat(pool, "sqlite3:", test_path(name, pool), NULL), create, connections,
                    rv, pool);
}

/* The database most tests use. */
static inline okapi__db_t *open_db(int create, apr_pool_t *pool)
{
    apr_status_t rv;
    okapi__db_t *db = open_url(test_url, create, 4, &rv, pool);

    if (db == NULL) {
        printf("Bail out! the test's database can't be opened: %d %s\n", rv, last_line);
        exit(1);
    }
    return db;
}

/* The directory, and the database that goes away with POOL. */
static inline void make_test_dir(apr_pool_t *pool)
{
    if (mkdtemp(test_dir) == NULL) {
        puts("Bail out! no temporary directory");
        exit(1);
    }
    test_url = test_database(test_path("store.db", pool), pool);
}

static inline void remove_tree(const char *path, apr_pool_t *pool)
{
    apr_dir_t *dir;
    apr_finfo_t entry;

    if (apr_dir_open(&dir, path, pool) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        const char *inside = apr_pstrcat(pool, path, "/", entry.name, NULL);
        if (entry.filetype != APR_DIR) {
            apr_file_remove(inside, pool);
        } else if (entry.name[0] != '.') {
            remove_tree(inside, pool);
        }
    }
    apr_dir_close(dir);
    rmdir(path);
}

/* The children of a test leave by _exit and don't come here. */
static inline void remove_test_dir(apr_pool_t *pool)
{
    remove_tree(test_dir, pool);
}

/* A process of its own that runs WORK on a database it opens itself. */
static inline pid_t spawn(void (*work)(okapi__db_t *db, int n, apr_pool_t *pool), int n,
                          apr_pool_t *pool)
{
    pid_t pid = fork();

    if (pid == 0) {
        apr_pool_t *child_pool;
        apr_pool_create(&child_pool, NULL);
        work(open_db(1, child_pool), n, child_pool);
        apr_pool_destroy(child_pool);
        _exit(0);
    }
    return pid;
}

/* 1 if the process ended by itself and in peace. */
static inline int ended_well(pid_t pid)
{
    int status;

    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
