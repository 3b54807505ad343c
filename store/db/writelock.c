/* writelock.c - one writer at a time, on SQLite.
 *
 * SQLite has one writer at a time anyway, but doesn't queue: who finds it busy sleeps and tries
 * again, and most of the time goes to sleeping. Here threads queue at a mutex and processes at a
 * lock on a file beside the database, which the system takes back from a process that dies.
 * A mutex of httpd's could not be shared with tools and delivery agents. A process that opens the
 * same database twice isn't kept apart from itself: SQLite's own lock does that, more slowly.
 */
#include <apr_strings.h>

#include "db/private.h"

struct okapi__writelock_t {
    apr_thread_mutex_t *mutex;
    apr_file_t *file;
};

apr_status_t okapi__writelock_create(okapi__writelock_t **lock, const char *path,
                                     apr_pool_t *result_pool)
{
    okapi__writelock_t *l = apr_pcalloc(result_pool, sizeof(*l));
    apr_status_t rv;

    rv = apr_thread_mutex_create(&l->mutex, APR_THREAD_MUTEX_DEFAULT, result_pool);
    if (rv) {
        return rv;
    }
    rv = apr_file_open(&l->file, path, APR_FOPEN_READ | APR_FOPEN_WRITE, APR_FPROT_OS_DEFAULT,
                       result_pool);
    if (rv) {
        return rv;
    }
    *lock = l;
    return APR_SUCCESS;
}

apr_status_t okapi__writelock_acquire(okapi__writelock_t *lock)
{
    apr_status_t rv = apr_thread_mutex_lock(lock->mutex);

    if (rv) {
        return rv;
    }
    rv = apr_file_lock(lock->file, APR_FLOCK_EXCLUSIVE);
    if (rv) {
        apr_thread_mutex_unlock(lock->mutex);
    }
    return rv;
}

void okapi__writelock_release(okapi__writelock_t *lock)
{
    apr_file_unlock(lock->file);
    apr_thread_mutex_unlock(lock->mutex);
}
