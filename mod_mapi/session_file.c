/* session_file.c - sessions in files: locking, storing, expiring. */
#include "session_file.h"

#include <string.h>
#include <sys/file.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_portable.h>
#include <apr_strings.h>

#define SESSION_SIZE_MAX (4 * 1024 * 1024)

int mapi_session_id_valid(const char *id)
{
    return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32;
}

static const char *path_of(const mapi_sessions_t *sessions, const char *id, apr_pool_t *pool)
{
    return apr_pstrcat(pool, sessions->dir, "/", id, NULL);
}

static int expired(const mapi_sessions_t *sessions, const apr_finfo_t *info)
{
    return info->mtime + sessions->lifetime < apr_time_now();
}

static apr_status_t load(mapi_session_t **session, const mapi_sessions_t *sessions, const char *id,
                         apr_file_t *file, apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_status_t rv = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_MTIME, file);

    if (rv != APR_SUCCESS)
        return rv;
    if (expired(sessions, &info) || info.size > SESSION_SIZE_MAX)
        return OKAPI_ENOTFOUND;
    char *data = apr_palloc(pool, (apr_size_t)info.size + 1);
    rv = apr_file_read_full(file, data, (apr_size_t)info.size, NULL);
    if (rv != APR_SUCCESS)
        return rv;
    rv = mapi_session_decode(session, apr_pstrdup(pool, id), data, (apr_size_t)info.size, pool);
    return rv == OKAPI_EFORMAT ? OKAPI_ENOTFOUND : rv;
}

/* apr_file_lock is fcntl's lock, which threads of one process share: flock's isn't shared. */
static apr_status_t lock(apr_file_t *file)
{
    apr_os_file_t fd;

    apr_os_file_get(&fd, file);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return APR_SUCCESS;
    return errno == EWOULDBLOCK ? OKAPI_EBUSY : errno;
}

/* Is FILE still what PATH names? Storing replaces it. */
static int is_current(apr_file_t *file, const char *path, apr_pool_t *pool)
{
    apr_finfo_t opened, named;

    return apr_file_info_get(&opened, APR_FINFO_IDENT, file) == APR_SUCCESS &&
           apr_stat(&named, path, APR_FINFO_IDENT, pool) == APR_SUCCESS &&
           opened.inode == named.inode && opened.device == named.device;
}

static apr_status_t open_file(apr_file_t **file, const char *path, apr_pool_t *pool)
{
    apr_status_t rv =
        apr_file_open(file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool);

    return APR_STATUS_IS_ENOENT(rv) ? OKAPI_ENOTFOUND : rv;
}

apr_status_t mapi_session_open(mapi_session_t **session, const mapi_sessions_t *sessions,
                               const char *id, apr_pool_t *result_pool)
{
    const char *path = path_of(sessions, id, result_pool);
    apr_file_t *file;
    apr_status_t rv;

    for (;;) {
        rv = open_file(&file, path, result_pool);
        if (rv != APR_SUCCESS)
            return rv;
        rv = lock(file);
        if (rv != APR_SUCCESS)
            return rv;
        if (is_current(file, path, result_pool))
            break;
        apr_file_close(file);
    }
    rv = load(session, sessions, id, file, result_pool);
    if (rv == APR_SUCCESS)
        (*session)->lock = file;
    else
        apr_file_close(file);
    return rv;
}

void mapi_session_unlock(mapi_session_t *session)
{
    if (session != NULL && session->lock != NULL) {
        apr_file_close(session->lock);
        session->lock = NULL;
    }
}

apr_status_t mapi_session_read(mapi_session_t **session, const mapi_sessions_t *sessions,
                               const char *id, apr_pool_t *result_pool)
{
    apr_file_t *file;
    apr_status_t rv = open_file(&file, path_of(sessions, id, result_pool), result_pool);

    if (rv != APR_SUCCESS)
        return rv;
    rv = load(session, sessions, id, file, result_pool);
    apr_file_close(file);
    return rv;
}

static apr_status_t create_file(apr_file_t **file, const mapi_sessions_t *sessions,
                                const char *path, apr_pool_t *pool)
{
    apr_int32_t flags = APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BINARY;
    apr_fileperms_t owner_only = APR_FPROT_UREAD | APR_FPROT_UWRITE;
    apr_status_t rv = apr_file_open(file, path, flags, owner_only, pool);

    if (!APR_STATUS_IS_ENOENT(rv))
        return rv;
    rv = apr_dir_make_recursive(sessions->dir, owner_only | APR_FPROT_UEXECUTE, pool);
    if (rv != APR_SUCCESS)
        return rv;
    return apr_file_open(file, path, flags, owner_only, pool);
}

apr_status_t mapi_session_store(mapi_session_t *session, const mapi_sessions_t *sessions,
                                apr_pool_t *scratch_pool)
{
    const char *path = path_of(sessions, session->id, scratch_pool);
    const char *fresh = apr_pstrcat(scratch_pool, path, ".new", NULL);
    okapi_writer_t w;
    apr_file_t *file;
    apr_status_t rv;

    session->generation++;
    okapi_writer_init(&w, 4096, SESSION_SIZE_MAX, scratch_pool);
    mapi_session_encode(session, &w);
    if (w.failed)
        return OKAPI_ETOOCOMPLEX;
    rv = create_file(&file, sessions, fresh, scratch_pool);
    if (rv != APR_SUCCESS)
        return rv;
    rv = apr_file_write_full(file, w.data, w.len, NULL);
    apr_file_close(file);
    if (rv == APR_SUCCESS)
        rv = apr_file_rename(fresh, path, scratch_pool);
    if (rv != APR_SUCCESS)
        apr_file_remove(fresh, scratch_pool);
    return rv;
}

void mapi_session_delete(const mapi_sessions_t *sessions, const char *id, apr_pool_t *scratch_pool)
{
    apr_file_remove(path_of(sessions, id, scratch_pool), scratch_pool);
}

void mapi_session_touch(const mapi_sessions_t *sessions, const char *id, apr_pool_t *scratch_pool)
{
    apr_file_mtime_set(path_of(sessions, id, scratch_pool), apr_time_now(), scratch_pool);
}

void mapi_session_sweep(const mapi_sessions_t *sessions, apr_pool_t *scratch_pool)
{
    apr_dir_t *dir;
    apr_finfo_t info;

    if (apr_dir_open(&dir, sessions->dir, scratch_pool) != APR_SUCCESS)
        return;
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE | APR_FINFO_MTIME, dir) ==
           APR_SUCCESS)
        if (info.filetype == APR_REG && expired(sessions, &info))
            apr_file_remove(path_of(sessions, info.name, scratch_pool), scratch_pool);
    apr_dir_close(dir);
}
