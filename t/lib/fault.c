/* fault.c - disks that fail: preloaded, it lets one of a process' writes go wrong.
 *
 * Writes, truncations and syncs of files in FAULT_DIR are counted from 1. The one with the number
 * FAULT_AT goes wrong as FAULT_KIND says:
 *   EIO     it fails, the next one doesn't
 *   ENOSPC  it fails, and so do all after it: the disk is full
 *   short   half of it is written, as if a signal had come
 * The number of calls there were is written to the file FAULT_COUNT, if that is set, at the end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int calls; /* atomic */

static int is_ours(int fd)
{
    const char *dir = getenv("FAULT_DIR");
    char link[40], path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (!dir || n < 0) {
        return 0;
    }
    path[n] = '\0';
    return strncmp(path, dir, strlen(dir)) == 0;
}

static int is_kind(const char *kind)
{
    const char *wanted = getenv("FAULT_KIND");
    return wanted && strcmp(wanted, kind) == 0;
}

typedef enum fault_e { NONE, FAIL, SHORT } fault_e;

/* What happens to the next call, whose errno is set. */
static fault_e next_fault(int fd)
{
    const char *at = getenv("FAULT_AT");
    if (!is_ours(fd)) {
        return NONE;
    }
    int call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST), wanted = at ? atoi(at) : 0;
    if (wanted == 0 || call < wanted || (call > wanted && !is_kind("ENOSPC"))) {
        return NONE;
    }
    errno = is_kind("ENOSPC") ? ENOSPC : EIO;
    return is_kind("short") ? SHORT : FAIL;
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("FAULT_COUNT");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%d\n", calls);
        fclose(file);
    }
}

/* ---- the calls ---- */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define EXPORT     __attribute__((visibility("default")))

EXPORT ssize_t write(int fd, const void *data, size_t n)
{
    fault_e fault = next_fault(fd);
    return fault == FAIL ? -1 : REAL(write)(fd, data, fault == SHORT ? (n + 1) / 2 : n);
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t n, off_t offset)
{
    fault_e fault = next_fault(fd);
    return fault == FAIL ? -1 : REAL(pwrite)(fd, data, fault == SHORT ? (n + 1) / 2 : n, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t n, off64_t offset)
{
    fault_e fault = next_fault(fd);
    return fault == FAIL ? -1 : REAL(pwrite64)(fd, data, fault == SHORT ? (n + 1) / 2 : n, offset);
}

/* What can't be short fails then. A full disk can still make files shorter. */

EXPORT int ftruncate(int fd, off_t length)
{
    return next_fault(fd) && !is_kind("ENOSPC") ? -1 : REAL(ftruncate)(fd, length);
}

EXPORT int ftruncate64(int fd, off64_t length)
{
    return next_fault(fd) && !is_kind("ENOSPC") ? -1 : REAL(ftruncate64)(fd, length);
}

EXPORT int posix_fallocate(int fd, off_t offset, off_t length)
{
    return next_fault(fd) ? errno : REAL(posix_fallocate)(fd, offset, length);
}

EXPORT int fsync(int fd)
{
    return next_fault(fd) ? -1 : REAL(fsync)(fd);
}

EXPORT int fdatasync(int fd)
{
    return next_fault(fd) ? -1 : REAL(fdatasync)(fd);
}
