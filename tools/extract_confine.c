/* extract_confine.c - what okapi-extract may not: much memory or time, and nearly all system
 * calls. */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "extract.h"

static const struct {
    int resource;
    rlim_t limit;
} limits[] = {
#ifndef __SANITIZE_ADDRESS__ /* which needs more than there is */
    {RLIMIT_AS, (rlim_t)768 << 20},
#endif
    {RLIMIT_CPU, 20}, /* seconds */
    {RLIMIT_FSIZE, 0},
    {RLIMIT_CORE, 0},
    {RLIMIT_NOFILE, 8},
};

/* The last one is asked by sanitizers. */
static const int allowed[] = {
    SCMP_SYS(brk),           SCMP_SYS(mmap),           SCMP_SYS(munmap),
    SCMP_SYS(mremap),        SCMP_SYS(mprotect),       SCMP_SYS(madvise),
    SCMP_SYS(write),         SCMP_SYS(writev),         SCMP_SYS(futex),
    SCMP_SYS(exit),          SCMP_SYS(exit_group),     SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),  SCMP_SYS(getrandom),      SCMP_SYS(getpid),
    SCMP_SYS(gettid),        SCMP_SYS(sched_yield),    SCMP_SYS(sigaltstack),
};

int extract_limit(void)
{
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit = {limits[i].limit, limits[i].limit};
        if (setrlimit(limits[i].resource, &limit) != 0) {
            return -1;
        }
    }
    return prctl(PR_SET_PDEATHSIG, SIGKILL) | prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Whatever else is tried fails, as if it weren't permitted: libraries look for files that are
 * only useful. */
int extract_confine(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = filter ? 0 : -1;
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && rc == 0; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    if (rc == 0) { /* abort(): to itself only */
        rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(tgkill), 0);
    }
    if (rc == 0) {
        rc = seccomp_load(filter);
    }
    seccomp_release(filter);
    return rc;
}
