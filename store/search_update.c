/* search_update.c - when searches are brought up to date: by who looks at them, and in the
 * background. */
#include <apr_strings.h>
#include <apr_time.h>
#include <okapi/error.h>
#include <okapi/user.h>

#include "cn.h"
#include "search_private.h"

enum {
    FILL_FIRST = 64, /* messages of the first step of filling */
    FILL_MAX = 2048,
    STEP_USEC = 20000,
    LOOK_USEC = 50000, /* for who looks: then it shows what there is */
    SWEEP = 500        /* links of a step */
};

/* How far to go. */
typedef struct pass_t {
    okapi_store_t *store;
    okapi_cn_t to;   /* changes up to here, and no further: others go on making them */
    okapi_cn_t from; /* up to here nothing has consequences that aren't written */
    int everything;  /* the position too, if nothing follows from it */
    int fill;
    apr_time_t until; /* no more filling after that; 0: to the end */
    int n;            /* messages of a step */
    int (*stop)(void *baton);
    void *baton;
} pass_t;

/* The sequence was forgotten before it was followed: what is kept up to date by it starts anew. */
static apr_status_t restart_all(okapi__searches_t *s, apr_pool_t *scratch_pool)
{
    int lost;
    s->upto = s->store_cn;
    apr_status_t rv = okapi__searches_write(s, &lost, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && !lost && i < s->all->nelts; i++) {
        const okapi__search_t *search = APR_ARRAY_IDX(s->all, i, okapi__search_t *);
        okapi_folder_t folder = okapi__search_folder(s->store, search->folder_id);
        if (!(search->flags & STATIC_SEARCH)) {
            rv = okapi__search_start(&folder, NULL, NULL, 0, search->flags, scratch_pool);
        }
    }
    return rv;
}

/* Longer steps as long as they are short. */
static void adapt(pass_t *pass, apr_time_t start)
{
    apr_time_t took = apr_time_now() - start;
    if (took > STEP_USEC && pass->n > 1) {
        pass->n /= 2;
    } else if (took < STEP_USEC / 2 && pass->n < FILL_MAX) {
        pass->n *= 2;
    }
}

/* One step; *DONE if there was nothing to do. */
static apr_status_t step(pass_t *pass, int *done, apr_pool_t *scratch_pool)
{
    okapi__searches_t *s;
    int lost;
    apr_status_t rv = okapi__searches_read(&s, pass->store, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (s->cn > pass->from) {
        pass->from = s->cn;
    }
    if (pass->from < pass->to) {
        rv = okapi__searches_follow(s, &pass->from, pass->everything, &lost, scratch_pool);
        if (rv == OKAPI_ESYNC) {
            return restart_all(s, scratch_pool);
        }
        if (lost) {
            pass->from = 0;
        }
        return rv;
    }
    apr_time_t start = apr_time_now();
    *done = !pass->fill || !s->busy || (pass->until && start >= pass->until);
    if (!*done) {
        rv = okapi__searches_fill(s, pass->n, &lost, scratch_pool);
        adapt(pass, start);
    }
    return rv;
}

static apr_status_t run(pass_t *pass, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    int done = 0;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    while (rv == APR_SUCCESS && !done && !(pass->stop && pass->stop(pass->baton))) {
        apr_pool_clear(pool);
        rv = step(pass, &done, pool);
    }
    apr_pool_destroy(pool);
    return rv;
}

/* ---- who looks ---- */

apr_status_t okapi__search_look(okapi_store_t *store, int fill, apr_pool_t *scratch_pool)
{
    okapi__searches_t s;
    int found;
    if (!store->full_access) {
        return APR_SUCCESS; /* who can't see them */
    }
    apr_status_t rv = okapi__searches_position(&s, &found, store, scratch_pool);
    if (rv != APR_SUCCESS || !found || (s.cn >= s.store_cn && !(fill && s.busy))) {
        return rv;
    }
    pass_t pass = {.store = store, .to = s.store_cn, .fill = fill, .n = FILL_FIRST};
    pass.until = apr_time_now() + LOOK_USEC;
    rv = run(&pass, scratch_pool);
    return rv == OKAPI_EREADONLY || rv == OKAPI_EDISKFULL || rv == OKAPI_EBUSY ? APR_SUCCESS : rv;
}

apr_status_t okapi_search_update(okapi_store_t *store, apr_pool_t *scratch_pool)
{
    return okapi__search_look(store, 0, scratch_pool);
}

/* ---- in the background ---- */

typedef struct due_t {
    okapi_id_t store_id; /* a store with a higher id; 0: there is none */
    const char *owner;
    okapi_id_t run_id; /* a run to be swept away; 0: none */
    apr_int64_t links; /* some of it: their number and last id */
    okapi_id_t last;
    apr_pool_t *pool;
} due_t;

static apr_status_t next_store(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    due_t *due = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_SEARCH_DUE,
                                           DB_ARGS(DB_I(due->store_id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        due->store_id = found ? okapi__rows_int(rows, 0) : 0;
        due->owner = found ? apr_pstrdup(due->pool, okapi__rows_str(rows, 1)) : NULL;
    }
    return rv;
}

static apr_status_t next_sweep(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    due_t *due = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_SWEEP_NEXT, DB_NO_ARGS,
                                           scratch_pool);
    due->run_id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    if (rv == APR_SUCCESS && due->run_id) {
        rv = okapi__db_select_one(&rows, &found, conn, STMT_SWEEP_WINDOW,
                                  DB_ARGS(DB_I(due->run_id), DB_I(SWEEP)), scratch_pool);
        due->links = rv == APR_SUCCESS ? okapi__rows_int(rows, 0) : 0;
        due->last = rv == APR_SUCCESS ? okapi__rows_int(rows, 1) : 0;
    }
    return rv;
}

static apr_status_t sweep_some(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const due_t *due = baton;
    return due->links
               ? okapi__db_exec(conn, STMT_SWEEP_LINKS, NULL,
                                DB_ARGS(DB_I(due->run_id), DB_I(due->last)), scratch_pool)
               : okapi__db_exec(conn, STMT_SWEEP_DONE, NULL, DB_ARGS(DB_I(due->run_id)),
                                scratch_pool);
}

static apr_status_t sweep(okapi_t *okapi, int (*stop)(void *baton), void *baton,
                          apr_pool_t *scratch_pool)
{
    due_t due = {.pool = scratch_pool};
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    do {
        apr_pool_clear(pool);
        rv = rv == APR_SUCCESS ? okapi__db_read(okapi->db, next_sweep, &due, pool) : rv;
        if (rv == APR_SUCCESS && due.run_id) {
            rv = okapi__db_write(okapi->db, sweep_some, &due, pool);
        }
    } while (rv == APR_SUCCESS && due.run_id && !(stop && stop(baton)));
    apr_pool_destroy(pool);
    return rv;
}

/* As its owner sees it. */
static apr_status_t run_store(okapi_t *okapi, const char *owner, int (*stop)(void *baton),
                              void *baton, apr_pool_t *scratch_pool)
{
    pass_t pass = {.everything = 1, .fill = 1, .n = FILL_FIRST, .stop = stop, .baton = baton};
    okapi_user_t *user;
    apr_status_t rv = okapi_user_by_login(&user, okapi, owner, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_open(&pass.store, okapi, user, user, scratch_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_store_cn(pass.store, &pass.to, scratch_pool);
    }
    return rv == APR_SUCCESS ? run(&pass, scratch_pool) : rv;
}

apr_status_t okapi_search_due(int *due, okapi_t *okapi, apr_pool_t *scratch_pool)
{
    due_t d = {.pool = scratch_pool};
    apr_status_t rv = okapi__db_read(okapi->db, next_store, &d, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(okapi->db, next_sweep, &d, scratch_pool);
    }
    *due = d.store_id || d.run_id;
    return rv;
}

/* A mailbox that fails doesn't hold up the others. */
apr_status_t okapi_search_run(okapi_t *okapi, int (*stop)(void *baton), void *baton,
                              apr_pool_t *scratch_pool)
{
    apr_status_t failed = APR_SUCCESS;
    apr_pool_t *pool;
    due_t due = {0};
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    due.pool = pool;
    while (rv == APR_SUCCESS && !(stop && stop(baton))) {
        apr_pool_clear(pool);
        rv = okapi__db_read(okapi->db, next_store, &due, pool);
        if (rv != APR_SUCCESS || !due.store_id) {
            break;
        }
        apr_status_t status = run_store(okapi, due.owner, stop, baton, pool);
        failed = failed == APR_SUCCESS ? status : failed;
    }
    if (rv == APR_SUCCESS) {
        rv = sweep(okapi, stop, baton, pool);
    }
    apr_pool_destroy(pool);
    return rv == APR_SUCCESS ? failed : rv;
}
