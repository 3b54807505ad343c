/* extract_process.c - starting a program for one document, and ending it when its time is over.
 *
 * The document is a file in memory, so nobody waits for anybody to read; only the text comes
 * through a pipe. posix_spawn, because httpd has other threads, between whose fork and exec
 * nothing may be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "extract_process.h"

/* What the program says by its exit code; see tools/extract.h. */
enum { EXIT_NO_TEXT = 3, COPY_BYTES = 262144 };

static apr_status_t write_all(int file, const char *data, apr_size_t len)
{
    while (len > 0) {
        ssize_t n = write(file, data, len);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        data += n > 0 ? n : 0;
        len -= n > 0 ? (apr_size_t)n : 0;
    }
    return APR_SUCCESS;
}

/* *FILE has the bytes and is at its beginning. */
static apr_status_t fill(int *file, okapi_stream_t *bytes, apr_pool_t *scratch_pool)
{
    char *buffer = apr_palloc(scratch_pool, COPY_BYTES);
    apr_int64_t size = okapi_stream_size(bytes);
    apr_status_t rv = APR_SUCCESS;
    *file = memfd_create("document", MFD_CLOEXEC);
    if (*file < 0) {
        return errno;
    }
    for (apr_int64_t at = 0; rv == APR_SUCCESS && at < size;) {
        apr_size_t len = COPY_BYTES;
        rv = okapi_stream_read_at(bytes, at, buffer, &len, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = len ? write_all(*file, buffer, len) : OKAPI_ECORRUPT;
            at += (apr_int64_t)len;
        }
    }
    if (rv == APR_SUCCESS && lseek(*file, 0, SEEK_SET) != 0) {
        rv = errno;
    }
    if (rv != APR_SUCCESS) {
        close(*file);
    }
    return rv;
}

/* The child has its three files and no other, and no signal is blocked or ignored. */
static apr_status_t start(pid_t *pid, const char *program, int input, int output)
{
    char *const argv[] = {(char *)program, NULL}, *const envp[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, 0);
    posix_spawn_file_actions_adddup2(&files, output, 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int rc = posix_spawn(pid, program, &files, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

/* Reads until the program closes its output: APR_SUCCESS, OKAPI_ETOOBIG or APR_TIMEUP. */
static apr_status_t receive(int pipe, char *text, apr_size_t *len, apr_size_t max,
                            apr_time_t until)
{
    char more;
    *len = 0;
    for (;;) {
        struct pollfd ready = {.fd = pipe, .events = POLLIN};
        apr_time_t left = until - apr_time_now();
        int rc = left > 0 ? poll(&ready, 1, (int)(left / 1000) + 1) : 0;
        if (rc == 0) {
            return APR_TIMEUP;
        }
        ssize_t n = rc < 0 ? -1
                           : read(pipe, *len < max ? text + *len : &more,
                                  *len < max ? max - *len : 1);
        if (n == 0) {
            return APR_SUCCESS;
        }
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        if (n > 0 && *len == max) {
            return OKAPI_ETOOBIG;
        }
        *len += n > 0 ? (apr_size_t)n : 0;
    }
}

/* Takes what is left of the program and says how it ended. */
static apr_status_t finish(okapi__extraction_t *extraction, pid_t pid, apr_status_t rv,
                           const char **text, apr_pool_t *result_pool)
{
    int status = 0;
    if (rv != APR_SUCCESS) {
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rv == OKAPI_ETOOBIG || (rv == APR_SUCCESS && WIFEXITED(status) && !WEXITSTATUS(status))) {
        return rv;
    }
    *text = NULL;
    if (rv == APR_SUCCESS && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_TEXT) {
        return APR_SUCCESS;
    }
    extraction->failure =
        rv == APR_TIMEUP ? "it takes too long"
        : WIFSIGNALED(status)
            ? apr_psprintf(result_pool, "its reader died of signal %d", WTERMSIG(status))
            : "it is damaged, or protected";
    return OKAPI_EFORMAT;
}

apr_status_t okapi__extract_run(okapi__extraction_t *extraction, const char **text,
                                okapi_stream_t *bytes, apr_size_t max, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool)
{
    apr_time_t until = apr_time_now() + extraction->timeout;
    char *buffer = apr_palloc(result_pool, max + 1);
    apr_size_t len = 0;
    int input, ends[2];
    pid_t pid;
    *text = NULL;
    extraction->failure = NULL;
    apr_status_t rv = fill(&input, bytes, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        rv = errno;
        close(input);
        return rv;
    }
    rv = start(&pid, extraction->program, input, ends[1]);
    close(input);
    close(ends[1]);
    if (rv == APR_SUCCESS) {
        rv = receive(ends[0], buffer, &len, max, until);
        *text = buffer;
        rv = finish(extraction, pid, rv, text, result_pool);
    }
    close(ends[0]);
    buffer[len] = '\0';
    return rv;
}
