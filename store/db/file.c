/* file.c - SQLite's file: what SQLite would say in general terms only, or make by itself, is looked
 * at first.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_portable.h>
#include <apr_strings.h>

#include "db/private.h"

/* Mail is nobody else's business. SQLite gives its further files the same permissions. */
#define PERMISSIONS (APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD | APR_FPROT_GWRITE)

static const char *directory_of(const char *path, apr_pool_t *result_pool)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL) {
        return ".";
    }
    return slash == path ? "/" : apr_pstrmemdup(result_pool, path, (apr_size_t)(slash - path));
}

static int allowed(const char *path, int access)
{
    return faccessat(AT_FDCWD, path, access, AT_EACCESS) == 0;
}

/* What root's tools make belongs to whom the directory belongs: httpd's user has to open it, too.
 * Only a file just made is given away, and by its descriptor. */
static apr_status_t give_to_owner(apr_file_t *file, const char *dir)
{
    apr_os_file_t fd;
    struct stat st;

    apr_os_file_get(&fd, file);
    if (geteuid() == 0 && (stat(dir, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0)) {
        return errno;
    }
    return APR_SUCCESS;
}

/* APR_EEXIST if there is one. */
static apr_status_t create_file(const char *path, apr_pool_t *scratch_pool)
{
    apr_file_t *file;
    apr_status_t rv =
        apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL, PERMISSIONS,
                      scratch_pool);

    if (rv) {
        return rv;
    }
    rv = give_to_owner(file, directory_of(path, scratch_pool));
    apr_file_close(file);
    return rv;
}

static apr_status_t check_directory(const okapi__db_t *db, const char *dir,
                                    apr_pool_t *scratch_pool)
{
    apr_finfo_t finfo;
    apr_status_t rv = apr_stat(&finfo, dir, APR_FINFO_TYPE, scratch_pool);

    if (rv == APR_SUCCESS && finfo.filetype == APR_DIR) {
        return APR_SUCCESS;
    }
    okapi__db_log(db, OKAPI_LOG_ERROR, rv,
                  "database %s: its directory %s is missing: create it, owned by the user that "
                  "httpd runs as",
                  db->path, dir);
    return OKAPI_ENODATABASE;
}

static apr_status_t check_file(const okapi__db_t *db, int create, apr_pool_t *scratch_pool)
{
    apr_finfo_t finfo;
    apr_status_t rv = apr_stat(&finfo, db->path, APR_FINFO_TYPE, scratch_pool);

    if (create && APR_STATUS_IS_ENOENT(rv)) {
        rv = create_file(db->path, scratch_pool);
        if (rv && !APR_STATUS_IS_EEXIST(rv)) {
            okapi__db_log(db, OKAPI_LOG_ERROR, rv, "database %s can't be created", db->path);
            return APR_STATUS_IS_ENOSPC(rv) ? OKAPI_EDISKFULL : OKAPI_EREADONLY;
        }
    } else if (rv) {
        okapi__db_log(db, OKAPI_LOG_ERROR, rv,
                      "database %s can't be found: create it with okapi-admin, or correct the "
                      "Database setting",
                      db->path);
        return OKAPI_ENODATABASE;
    }
    return APR_SUCCESS;
}

/* Its log and our lock stand beside the file, so the directory has to be writable too. */
static apr_status_t check_access(const okapi__db_t *db, const char *dir)
{
    if (allowed(dir, W_OK | X_OK) && allowed(db->path, R_OK | W_OK)) {
        return APR_SUCCESS;
    }
    okapi__db_log(db, OKAPI_LOG_ERROR, apr_get_os_error(), "database %s: it and its directory %s",
                  db->path, okapi__failures[FAILURE_READONLY].advice);
    return OKAPI_EREADONLY;
}

apr_status_t okapi__file_open(okapi__db_t *db, int create, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    const char *lock_path = apr_pstrcat(scratch_pool, db->path, ".lock", NULL);
    const char *dir = directory_of(db->path, scratch_pool);
    apr_status_t rv = check_directory(db, dir, scratch_pool);

    if (rv == APR_SUCCESS) {
        rv = check_file(db, create, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = check_access(db, dir);
    }
    if (rv) {
        return rv;
    }
    rv = create_file(lock_path, scratch_pool);
    if (rv == APR_SUCCESS || APR_STATUS_IS_EEXIST(rv)) {
        rv = okapi__writelock_create(&db->writelock, lock_path, result_pool);
    }
    if (rv) {
        okapi__db_log(db, OKAPI_LOG_ERROR, rv, "the lock %s can't be opened: it %s", lock_path,
                      okapi__failures[FAILURE_READONLY].advice);
        return OKAPI_EREADONLY;
    }
    return APR_SUCCESS;
}
