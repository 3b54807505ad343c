/* tap.h - the Test Anything Protocol for the C unit tests: checks, a pool, and the exit status.
 *
 * A test's main is: pool = tap_pool(); checks; return done_testing().
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>

static int tap__run;
static int tap__failed;

/* A line of explanation beside the results. */
__attribute__((format(printf, 1, 2))) static inline void diag(const char *format, ...)
{
    va_list ap;

    fputs("# ", stdout);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}

__attribute__((format(printf, 2, 0))) static inline int tap__result(int passed, const char *format,
                                                                   va_list ap)
{
    tap__run++;
    tap__failed += !passed;
    printf("%sok %d - ", passed ? "" : "not ", tap__run);
    vprintf(format, ap);
    putchar('\n');
    return passed;
}

/* Each check returns whether it passed. */
__attribute__((format(printf, 2, 3))) static inline int ok(int passed, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    tap__result(passed != 0, format, ap);
    va_end(ap);
    return passed != 0;
}

__attribute__((format(printf, 3, 4))) static inline int is_int(long long got, long long want,
                                                               const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    tap__result(got == want, format, ap);
    va_end(ap);
    if (got != want) {
        diag("     got: %lld (0x%llx)", got, got);
        diag("expected: %lld (0x%llx)", want, want);
    }
    return got == want;
}

__attribute__((format(printf, 3, 4))) static inline int is_str(const char *got, const char *want,
                                                               const char *format, ...)
{
    int passed = got && want ? strcmp(got, want) == 0 : got == want;
    va_list ap;

    va_start(ap, format);
    tap__result(passed, format, ap);
    va_end(ap);
    if (!passed) {
        diag("     got: %s", got ? got : "(null)");
        diag("expected: %s", want ? want : "(null)");
    }
    return passed;
}

static inline void tap__dump(const char *label, const void *data, size_t len)
{
    const unsigned char *p = data;

    printf("# %s (%zu):", label, len);
    for (size_t i = 0; i < len && i < 256; i++)
        printf(" %02x", p[i]);
    puts(len > 256 ? " ..." : "");
}

__attribute__((format(printf, 5, 6))) static inline int is_mem(const void *got, size_t got_len,
                                                               const void *want, size_t want_len,
                                                               const char *format, ...)
{
    int passed = got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0);
    va_list ap;

    va_start(ap, format);
    tap__result(passed, format, ap);
    va_end(ap);
    if (!passed) {
        tap__dump("     got", got, got_len);
        tap__dump("expected", want, want_len);
    }
    return passed;
}

static inline void skip_all(const char *reason)
{
    printf("1..0 # SKIP %s\n", reason);
    exit(0);
}

/* What main returns. */
static inline int done_testing(void)
{
    printf("1..%d\n", tap__run);
    if (tap__failed)
        diag("%d of %d failed", tap__failed, tap__run);
    return tap__failed != 0;
}

/* The root pool of a test, with APR initialized; both end with the process. */
static inline apr_pool_t *tap_pool(void)
{
    apr_pool_t *pool;

    if (apr_initialize() || apr_pool_create(&pool, NULL)) {
        puts("Bail out! APR cannot be initialized");
        exit(1);
    }
    atexit(apr_terminate);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return pool;
}

#endif
