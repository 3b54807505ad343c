/* pace.c - many messages in short transactions. */
#include <apr_tables.h>
#include <apr_time.h>
#include <okapi/error.h>

#include "pace.h"

enum {
    STEP_FIRST = 64, /* messages of the first transaction */
    STEP_LEAST = 16, /* where a commit alone takes long, fewer would only make more of them */
    STEP_MAX = 512,
    STEP_USEC = 20000,
    REST_MAX_USEC = 5000
};

/* Runs a step of N messages, then rests. *SIZE is how many the next one shall have. */
static apr_status_t run(int *size, const okapi_id_t *ids, int n, okapi__step_t step, void *baton,
                        apr_pool_t *scratch_pool)
{
    apr_time_t start = apr_time_now();
    apr_status_t rv = step(baton, ids, n, scratch_pool);
    apr_time_t took = apr_time_now() - start;
    if (took > STEP_USEC) {
        *size = *size / 2 > STEP_LEAST ? *size / 2 : STEP_LEAST;
    } else if (took < STEP_USEC / 2 && *size < STEP_MAX) {
        *size *= 2;
    }
    return rv;
}

static void rest(apr_time_t start)
{
    apr_time_t share = (apr_time_now() - start) / 4;
    apr_sleep(share < REST_MAX_USEC ? share : REST_MAX_USEC);
}

apr_status_t okapi__pace_list(const okapi_id_t *ids, int n, okapi__step_t step, void *baton,
                              apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    int size = STEP_FIRST, at = 0;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    while (rv == APR_SUCCESS && at < n) {
        apr_time_t start = apr_time_now();
        int some = n - at < size ? n - at : size;
        apr_pool_clear(pool);
        rv = run(&size, ids + at, some, step, baton, pool);
        at += some;
        if (at < n) {
            rest(start);
        }
    }
    apr_pool_destroy(pool);
    return rv;
}

typedef struct scan_t {
    okapi_id_t folder_id;
    const okapi__pace_filter_t *filter;
    okapi_id_t after;
    int max;
    apr_array_header_t *ids;
} scan_t;

static apr_status_t scan(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    scan_t *s = baton;
    const okapi__pace_filter_t *f = s->filter;
    okapi__rows_t *rows;
    apr_array_clear(s->ids);
    apr_status_t rv = okapi__db_select(
        &rows, conn, STMT_PACE_MESSAGES,
        DB_ARGS(DB_I(s->folder_id), DB_I(s->after), DB_I(f->first_part), DB_I(f->last_part),
                DB_I(f->upto ? f->upto : APR_INT64_MAX),
                DB_I(f->deleted_before ? f->deleted_before : APR_INT64_MAX), DB_I(f->mask),
                DB_I(f->flags), DB_I(s->max)),
        scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(s->ids, okapi_id_t) = okapi__rows_int(rows, 0);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi__pace_folder(okapi__db_t *db, okapi_id_t folder_id,
                                const okapi__pace_filter_t *filter, okapi__step_t step,
                                void *baton, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    scan_t s = {.folder_id = folder_id, .filter = filter, .max = STEP_FIRST};
    s.ids = apr_array_make(scratch_pool, STEP_MAX, sizeof(okapi_id_t));
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    while (rv == APR_SUCCESS) {
        apr_time_t start = apr_time_now();
        int wanted = s.max;
        apr_pool_clear(pool);
        rv = okapi__db_read(db, scan, &s, pool);
        if (rv != APR_SUCCESS || s.ids->nelts == 0) {
            break;
        }
        s.after = APR_ARRAY_IDX(s.ids, s.ids->nelts - 1, okapi_id_t);
        rv = run(&s.max, (const okapi_id_t *)s.ids->elts, s.ids->nelts, step, baton, pool);
        if (s.ids->nelts < wanted) {
            break;
        }
        rest(start);
    }
    apr_pool_destroy(pool);
    return rv;
}
