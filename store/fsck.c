/* fsck.c - goes through the table of checks: finds, tells, repairs. */
#include <string.h>

#include <apr_strings.h>

#include "cn.h"
#include "fsck_private.h"
#include "message_private.h"

/* A check looks at a range of keys at a time: a short statement, whatever there is in all. */
enum { RANGE = 20000 };

/* Repairs of one key until it has to be in order. */
enum { TRIES_MAX = 1000 };

typedef struct run_t {
    okapi_t *okapi;
    okapi_fsck_t *fsck;
    const okapi__check_t *check;
    apr_int64_t after, upto;     /* the range */
    apr_array_header_t *damages; /* of okapi__damage_t */
    int mended;                  /* in this transaction */
    apr_pool_t *pool;            /* of the damages */
} run_t;

/* ---- finding ---- */

static void take_row(okapi__damage_t *d, const run_t *run, okapi__rows_t *rows)
{
    okapi_binary_t bytes;
    *d = (okapi__damage_t){.key = okapi__rows_int(rows, 0), .store_id = okapi__rows_int(rows, 1)};
    d->a = okapi__rows_int(rows, 2);
    d->s = d->t = "";
    switch (run->check->columns) {
    case DAMAGE_NUMBERS:
        d->b = okapi__rows_int(rows, 3);
        d->c = okapi__rows_int(rows, 4);
        break;
    case DAMAGE_TEXTS:
        d->b = okapi__rows_int(rows, 3);
        d->s = apr_pstrdup(run->pool, okapi__rows_str(rows, 4));
        d->t = apr_pstrdup(run->pool, okapi__rows_str(rows, 5));
        break;
    case DAMAGE_BYTES:
        bytes = okapi__rows_blob(rows, 3);
        d->bytes = (okapi_binary_t){apr_pmemdup(run->pool, bytes.data, bytes.len), bytes.len};
        break;
    }
}

static apr_status_t find(okapi__conn_t *conn, run_t *run, apr_pool_t *scratch_pool)
{
    const okapi__check_t *check = run->check;
    okapi__arg_t args[2 * OKAPI__RANGES];
    okapi__rows_t *rows;
    int nargs = 2 * (check->ranges ? check->ranges : 1);
    for (int i = 0; i < nargs; i++) {
        args[i] = i % 2 ? DB_I(run->upto) : DB_I(run->after);
    }
    apr_array_clear(run->damages);
    apr_status_t rv = okapi__db_select(&rows, conn, check->stmt, args, nargs, scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi__damage_t d;
        take_row(&d, run, rows);
        if (!check->is_damaged || check->is_damaged(&d, scratch_pool)) {
            APR_ARRAY_PUSH(run->damages, okapi__damage_t) = d;
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t find_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    return find(conn, baton, scratch_pool);
}

/* ---- repairing ---- */

static okapi__arg_t argument(char what, const okapi__repair_t *r)
{
    switch (what) {
    case 'k': return DB_I(r->damage->key);
    case 's': return DB_I(r->damage->store_id);
    case 'a': return DB_I(r->damage->a);
    case 'b': return DB_I(r->damage->b);
    case 'c': return DB_I(r->damage->c);
    case 'w': return DB_S(r->damage->s);
    case 'n': return DB_I(r->cn);
    default: return DB_I(okapi_time_now());
    }
}

static apr_status_t apply(const okapi__check_t *check, const okapi__repair_t *r,
                          apr_pool_t *scratch_pool)
{
    okapi__arg_t args[16];
    apr_status_t rv = check->repair ? check->repair(r, scratch_pool) : APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < OKAPI__REMEDIES && check->repairs[i].args; i++) {
        const okapi__remedy_t *remedy = &check->repairs[i];
        int n = 0;
        for (; remedy->args[n]; n++) {
            args[n] = argument(remedy->args[n], r);
        }
        rv = okapi__db_exec(r->conn, remedy->stmt, NULL, args, n, scratch_pool);
    }
    return rv;
}

/* Finds the damage of one key again, now that nobody else writes to its store, and mends it. */
static apr_status_t repair_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    run_t *run = baton;
    const okapi__check_t *check = run->check;
    okapi_cn_t last = 0;
    int n;
    run->mended = 0;
    apr_status_t rv = find(conn, run, scratch_pool);
    n = run->damages->nelts;
    if (rv != APR_SUCCESS || n == 0) {
        return rv;
    }
    okapi_id_t store_id = APR_ARRAY_IDX(run->damages, 0, okapi__damage_t).store_id;
    if ((check->flags & CHECK_NUMBERED) && store_id) {
        rv = okapi__cn_take(conn, store_id, n, 0, &last, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = find(conn, run, scratch_pool);
        }
        n = n < run->damages->nelts ? n : run->damages->nelts;
    }
    for (int i = 0; rv == APR_SUCCESS && i < (check->flags & CHECK_ONE ? n > 0 : n); i++) {
        okapi__repair_t r = {conn, &APR_ARRAY_IDX(run->damages, i, okapi__damage_t),
                             last ? last - n + 1 + i : 0};
        rv = apply(check, &r, scratch_pool);
        run->mended++;
    }
    return rv;
}

static int can_repair(const run_t *run)
{
    return run->check->remedy && (run->check->repair || run->check->repairs[0].args);
}

/* *MENDED if nothing of this key is wrong any more. */
static apr_status_t repair_key(run_t *run, apr_int64_t key, okapi_id_t store_id, int *mended,
                               apr_pool_t *scratch_pool)
{
    apr_array_header_t *damages = run->damages;
    run_t one = *run;
    apr_status_t rv = APR_SUCCESS;
    *mended = 0;
    one.after = key - 1;
    one.upto = key;
    one.damages = apr_array_make(scratch_pool, 4, sizeof(okapi__damage_t));
    one.pool = scratch_pool;
    int tries = run->check->flags & CHECK_ONE ? TRIES_MAX : 2;
    for (int i = 0; rv == APR_SUCCESS && !*mended && i < tries; i++) {
        rv = okapi__db_write(run->okapi->db, repair_work, &one, scratch_pool);
        *mended = rv == APR_SUCCESS && one.mended == 0;
    }
    if (rv == OKAPI_ENOTFOUND) {
        rv = APR_SUCCESS; /* what it would take isn't there */
    }
    if (*mended && store_id) {
        okapi__changed(run->okapi, store_id);
    }
    run->damages = damages;
    return rv;
}

/* ---- telling ---- */

typedef struct owner_t {
    okapi_id_t store_id;
    const char *name;
    apr_pool_t *pool;
} owner_t;

static apr_status_t owner_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    owner_t *o = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FSCK_OWNER,
                                           DB_ARGS(DB_I(o->store_id)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        o->name = okapi__rows_int(rows, 1) == OKAPI__STORE_PUBLIC
                      ? okapi__public_owner.fullname
                      : apr_pstrdup(o->pool, okapi__rows_str(rows, 0));
    }
    return rv;
}

static const char *number(apr_int64_t n, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, n);
}

static const char *expand(const char *text, const okapi__damage_t *d, apr_pool_t *pool)
{
    const char *out = "";
    for (const char *p; (p = strchr(text, '%')); text = p + 2) {
        const char *value = p[1] == 'k'   ? number(d->key, pool)
                            : p[1] == 'a' ? number(d->a, pool)
                            : p[1] == 'b' ? number(d->b, pool)
                            : p[1] == 'c' ? number(d->c, pool)
                            : p[1] == 's' ? d->s
                            : p[1] == 't' ? d->t
                                          : "%";
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, text, (apr_size_t)(p - text)), value,
                          NULL);
    }
    return apr_pstrcat(pool, out, text, NULL);
}

apr_status_t okapi__fsck_tell(okapi_t *okapi, okapi_fsck_t *fsck, const okapi__check_t *check,
                              const okapi__damage_t *d, okapi_fsck_state_e state,
                              apr_pool_t *scratch_pool)
{
    owner_t owner = {d->store_id, "", scratch_pool};
    apr_status_t rv = d->store_id ? okapi__db_read(okapi->db, owner_work, &owner, scratch_pool)
                                  : APR_SUCCESS;
    okapi_fsck_finding_t finding = {.check = check->name,
                                    .owner = owner.name,
                                    .sentence = expand(check->sentence, d, scratch_pool),
                                    .remedy = check->remedy,
                                    .state = state};
    fsck->damaged++;
    fsck->repaired += state == OKAPI_FSCK_REPAIRED;
    if (rv == APR_SUCCESS && fsck->found) {
        fsck->found(fsck->baton, &finding);
    }
    return rv;
}

/* ---- all of it ---- */

/* What was found in a range: rows of one key follow one another. */
static apr_status_t deal_with(run_t *run, apr_pool_t *scratch_pool)
{
    okapi_fsck_state_e state = OKAPI_FSCK_FOUND;
    apr_int64_t key = -1;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < run->damages->nelts; i++) {
        const okapi__damage_t *d = &APR_ARRAY_IDX(run->damages, i, okapi__damage_t);
        int mended;
        if (!can_repair(run)) {
            state = OKAPI_FSCK_LOST;
        } else if (run->fsck->repair && d->key != key) {
            rv = repair_key(run, d->key, d->store_id, &mended, scratch_pool);
            state = mended ? OKAPI_FSCK_REPAIRED : OKAPI_FSCK_LOST;
        }
        key = d->key;
        if (rv == APR_SUCCESS) {
            rv = okapi__fsck_tell(run->okapi, run->fsck, run->check, d, state, scratch_pool);
        }
    }
    return rv;
}

static apr_status_t last_id_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv =
        okapi__db_select_one(&rows, &found, conn, STMT_FSCK_END, DB_NO_ARGS, scratch_pool);
    *(apr_int64_t *)baton = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

static apr_status_t run_check(run_t *run, apr_pool_t *scratch_pool)
{
    apr_int64_t end = 0;
    apr_pool_t *pool;
    apr_status_t rv = okapi__db_read(run->okapi->db, last_id_work, &end, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = apr_pool_create(&pool, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* The last range is open: damaged keys may be any. */
    for (run->after = -1, run->upto = 0; rv == APR_SUCCESS && run->upto != APR_INT64_MAX;
         run->after = run->upto) {
        apr_pool_clear(pool);
        run->pool = pool;
        run->upto = run->after + RANGE < end ? run->after + RANGE : APR_INT64_MAX;
        run->damages = apr_array_make(pool, 8, sizeof(okapi__damage_t));
        rv = okapi__db_read(run->okapi->db, find_work, run, pool);
        if (rv == APR_SUCCESS) {
            rv = deal_with(run, pool);
        }
    }
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t okapi_fsck(okapi_t *okapi, okapi_fsck_t *fsck, apr_pool_t *scratch_pool)
{
    run_t run = {.okapi = okapi, .fsck = fsck};
    apr_status_t rv = APR_SUCCESS;
    fsck->damaged = fsck->repaired = 0;
    for (run.check = okapi__checks; rv == APR_SUCCESS && run.check->name; run.check++) {
        if (fsck->begin) {
            fsck->begin(fsck->baton, run.check->name, run.check->what);
        }
        rv = run_check(&run, scratch_pool);
    }
    return rv == APR_SUCCESS && fsck->deep ? okapi__fsck_deep(okapi, fsck, scratch_pool) : rv;
}

void okapi_fsck_checks(void (*each)(void *baton, const char *check, const char *what, int deep),
                       void *baton)
{
    for (const okapi__check_t *check = okapi__checks; check->name; check++) {
        each(baton, check->name, check->what, 0);
    }
    for (const okapi__check_t *check = okapi__deep_checks; check->name; check++) {
        each(baton, check->name, check->what, 1);
    }
}
