/* engine.c - one open database and what a process shares around it. */
#include <stdarg.h>

#include <apr_strings.h>
#include <apr_version.h>
#include <okapi/doorbell.h>

#include "blob.h"
#include "cache.h"
#include "engine_private.h"
#include "table_private.h"

enum {
    CACHED_STORES = 1024,      /* some hundred bytes each; named properties some ten KB */
    CACHED_ARRAYS = 128 << 20  /* bytes of tables' sorted rows: two million rows, say */
};

static apr_status_t caches_create(okapi_t *okapi, apr_pool_t *result_pool)
{
    apr_allocator_t *allocator;
    apr_status_t rv = apr_thread_mutex_create(&okapi->mutex, APR_THREAD_MUTEX_DEFAULT, result_pool);
    if (rv == APR_SUCCESS) {
        rv = apr_allocator_create(&allocator);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = apr_pool_create_ex(&okapi->cache_pool, result_pool, NULL, allocator);
    if (rv != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return rv;
    }
    apr_allocator_owner_set(allocator, okapi->cache_pool);
    apr_pool_tag(okapi->cache_pool, "okapi_cache");
    okapi->stores = okapi__cache_create(CACHED_STORES, okapi->cache_pool);
    okapi->named = okapi__cache_create(CACHED_STORES, okapi->cache_pool);
    return okapi__arrays_create(&okapi->arrays, CACHED_ARRAYS, result_pool);
}

apr_status_t okapi_open(okapi_t **okapi, const okapi_config_t *config, const okapi_host_t *host,
                        apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_t *opened = apr_pcalloc(result_pool, sizeof(*opened));
    opened->config = config;
    okapi_guid_t id = okapi_guid_create();
    apr_cpystrn(opened->id, okapi_guid_format(&id, scratch_pool), sizeof(opened->id));
    if (host) {
        opened->host = *host;
    }
    apr_status_t rv = caches_create(opened, result_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__packers_create(&opened->packers, result_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_open(&opened->db, config, 0, &opened->host, result_pool, scratch_pool);
    }
    *okapi = rv == APR_SUCCESS ? opened : NULL;
    return rv;
}

apr_status_t okapi_create(const okapi_config_t *config, const okapi_host_t *host,
                          apr_pool_t *scratch_pool)
{
    static const okapi_host_t silent = {0};
    okapi__db_t *db;
    apr_pool_t *pool; /* the database is closed with it */
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_open(&db, config, 1, host ? host : &silent, pool, scratch_pool);
        apr_pool_destroy(pool);
    }
    return rv;
}

const okapi_config_t *okapi_config(const okapi_t *okapi)
{
    return okapi->config;
}

void okapi_log(const okapi_t *okapi, okapi_log_e level, apr_status_t status, const char *format,
               ...)
{
    char line[1024]; /* longer ones are cut */
    va_list args;
    if (!okapi->host.log) {
        return;
    }
    va_start(args, format);
    apr_vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    okapi->host.log(okapi->host.baton, level, status, line);
}

void okapi__changed(okapi_t *okapi, okapi_id_t store_id)
{
    if (okapi->host.ring) {
        okapi->host.ring(okapi->host.baton, store_id);
    } else {
        okapi_doorbell_ring(okapi->config, store_id);
    }
}

/* Writes without changing anything, so a read-only or full disk is noticed. */
static apr_status_t touch(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return okapi__db_exec(conn, STMT_PING, NULL, DB_NO_ARGS, scratch_pool);
}

apr_status_t okapi_ping(okapi_t *okapi, apr_pool_t *scratch_pool)
{
    return okapi__db_write(okapi->db, touch, NULL, scratch_pool);
}
