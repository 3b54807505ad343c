/* lease.c - rows that say who does something, and until when. */
#include <okapi/error.h>
#include <okapi/lease.h>

#include "engine_private.h"

typedef struct lease_t {
    const okapi_t *okapi;
    const char *name;
    okapi_time_t now, until;
    int is_free; /* what a look said */
    int taken;
} lease_t;

static void begin(lease_t *lease, const okapi_t *okapi, const char *name,
                  apr_interval_time_t duration)
{
    apr_time_t now = apr_time_now();
    *lease = (lease_t){.okapi = okapi, .name = name};
    lease->now = okapi_time_from_apr(now);
    lease->until = okapi_time_from_apr(now + duration);
}

static apr_status_t look_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lease_t *lease = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_LEASE_TAKEN,
                                           DB_ARGS(DB_S(lease->name), DB_I(lease->now),
                                                   DB_S(lease->okapi->id)),
                                           scratch_pool);
    lease->is_free = !found;
    return rv;
}

static apr_status_t take_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    lease_t *lease = baton;
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(conn, STMT_LEASE_TAKE, &affected,
                                     DB_ARGS(DB_S(lease->okapi->id), DB_I(lease->until),
                                             DB_S(lease->name), DB_I(lease->now),
                                             DB_S(lease->okapi->id)),
                                     scratch_pool);
    if (rv == APR_SUCCESS && affected == 0) {
        rv = okapi__db_exec(conn, STMT_LEASE_ADD, &affected,
                            DB_ARGS(DB_S(lease->name), DB_S(lease->okapi->id),
                                    DB_I(lease->until)),
                            scratch_pool);
    }
    lease->taken = affected > 0;
    return rv;
}

/* Looks first, since mostly there is nothing to take. */
apr_status_t okapi_lease_take(int *taken, okapi_t *okapi, const char *name,
                              apr_interval_time_t duration, apr_pool_t *scratch_pool)
{
    lease_t lease;
    begin(&lease, okapi, name, duration);
    apr_status_t rv = okapi__db_read(okapi->db, look_work, &lease, scratch_pool);
    if (rv == APR_SUCCESS && lease.is_free) {
        rv = okapi__db_write(okapi->db, take_work, &lease, scratch_pool);
    }
    *taken = rv == APR_SUCCESS && lease.taken;
    return rv;
}

static apr_status_t end_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const lease_t *lease = baton;
    return okapi__db_exec(conn, STMT_LEASE_END, NULL,
                          DB_ARGS(DB_I(lease->until), DB_S(lease->name), DB_S(lease->okapi->id)),
                          scratch_pool);
}

apr_status_t okapi_lease_end(okapi_t *okapi, const char *name, apr_interval_time_t pause,
                             apr_pool_t *scratch_pool)
{
    lease_t lease;
    begin(&lease, okapi, name, pause);
    return okapi__db_write(okapi->db, end_work, &lease, scratch_pool);
}
