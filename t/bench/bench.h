/* bench.h - clocks, a place to work and a table to print for the programs of `make bench`. The
 * database is the one of the engine that is being tested (t/unit/test_database.h).
 */
#ifndef OKAPI_BENCH_H
#define OKAPI_BENCH_H

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <okapi/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "test_database.h"

/* Seconds of a clock that nobody sets. */
static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void bench_die(const char *what, apr_status_t status)
{
    char text[200];
    fprintf(stderr, "%s: %s\n", what, okapi_strerror(status, text, sizeof text));
    exit(1);
}

#define BENCH_TRY(call)                                                                            \
    do {                                                                                           \
        apr_status_t bench_status_ = (call);                                                       \
        if (bench_status_ != APR_SUCCESS)                                                          \
            bench_die(#call, bench_status_);                                                       \
    } while (0)

/* A new folder below $TMPDIR, for bench_remove. A real disk, please: the figures are about durable
 * commits. */
static inline const char *bench_folder(apr_pool_t *pool)
{
    const char *base = getenv("TMPDIR");
    char *path = apr_pstrcat(pool, base ? base : "/var/tmp", "/okapi-bench-XXXXXX", NULL);
    if (!mkdtemp(path))
        bench_die(path, APR_FROM_OS_ERROR(errno));
    return path;
}

static inline void bench_remove(const char *folder, apr_pool_t *pool)
{
    if (system(apr_pstrcat(pool, "rm -rf '", folder, "'", NULL)) != 0)
        fprintf(stderr, "%s was not removed\n", folder);
}

/* A configuration with a new database, which SQLite has in FOLDER and a server until POOL goes. */
static inline okapi_config_t *bench_config(const char *folder, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, folder, "/okapi.conf", NULL), *message;
    okapi_config_t *config;
    FILE *f = fopen(path, "w");
    if (!f)
        bench_die(path, APR_FROM_OS_ERROR(errno));
    fprintf(f, "Database %s\nRunDirectory %s\nDomain example.org\n",
            test_database(apr_pstrcat(pool, folder, "/store.db", NULL), pool), folder);
    fclose(f);
    BENCH_TRY(okapi_config_read(&config, &message, path, pool));
    return config;
}

static inline const char *bench_engine(void)
{
    return test_engine_is("mysql") ? "MariaDB" : test_engine_is("pgsql") ? "PostgreSQL" : "SQLite";
}

/* ---- what is printed: a title, then lines of what Okapi needs, and a rival ---- */

static inline void bench_title(const char *title, const char *unit)
{
    printf("\n%s: %s\n  %-50s %10s %10s  okapi/plain\n", bench_engine(), title, unit, "okapi",
           "plain");
}

static inline void bench_line(const char *what, double ours, double plain)
{
    printf("  %-50s %10.0f %10.0f  %11.2f\n", what, ours, plain, ours / plain);
    fflush(stdout);
}

#endif
