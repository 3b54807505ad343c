/* search_follow.c - searches along the change sequence: what changed in their folders is tried
 * against their restrictions. */
#include <stdlib.h>

#include <apr_strings.h>
#include <okapi/change.h>
#include <okapi/error.h>

#include "search_private.h"
#include "store_private.h"
#include "table_private.h"

enum {
    CHANGES_MAX = 256, /* of one step */
    CHANGES_KEPT = 16  /* without consequence, until it is written down that there were none */
};

/* ---- matching ---- */

int okapi__search_matches(const okapi__search_t *search, okapi_object_t *message,
                          apr_status_t *status, apr_pool_t *scratch_pool)
{
    okapi__ref_t ref = {.id = okapi_message_id((okapi_message_t *)message), .object = message};
    return okapi__cell_match(&ref, NULL, search->restriction, status, scratch_pool);
}

okapi_folder_t okapi__search_folder(okapi_store_t *store, okapi_id_t id)
{
    return (okapi_folder_t){.store = store, .id = id, .rights = OKAPI_RIGHT_ALL};
}

/* ---- what changed ---- */

typedef struct step_t {
    okapi__searches_t *s;
    apr_array_header_t *candidates; /* of okapi__candidate_t, by folder: they are there */
    apr_array_header_t *gone;       /* of okapi_id_t */
    int rescopes;                   /* the tree of folders changed */
    int needs;
    apr_pool_t *pool;
} step_t;

static const okapi__scope_t *scope_of(const okapi__search_t *search, okapi_id_t folder_id)
{
    return apr_hash_get(search->scopes, &folder_id, sizeof(folder_id));
}

static int is_searched(const okapi__searches_t *s, okapi_id_t folder_id)
{
    for (int i = 0; i < s->all->nelts; i++) {
        if (scope_of(APR_ARRAY_IDX(s->all, i, okapi__search_t *), folder_id)) {
            return 1;
        }
    }
    return 0;
}

static void sort_out(step_t *step, const apr_array_header_t *changes, okapi_cn_t since)
{
    for (int i = 0; i < changes->nelts; i++) {
        const okapi_change_t *change = &APR_ARRAY_IDX(changes, i, okapi_change_t);
        if (change->is_link || change->is_associated) {
            continue;
        }
        if (change->is_folder) {
            step->rescopes |= change->kind == OKAPI_CHANGE_DELETED || change->content_cn > since;
        } else if (!is_searched(step->s, change->folder_id)) {
            continue;
        } else if (change->kind == OKAPI_CHANGE_DELETED) {
            APR_ARRAY_PUSH(step->gone, okapi_id_t) = change->id;
        } else {
            okapi__candidate_t *c = apr_array_push(step->candidates);
            *c = (okapi__candidate_t){change->folder_id, change->id,
                                      change->kind != OKAPI_CHANGE_READ, NULL};
        }
    }
}

static int by_folder(const void *a, const void *b)
{
    const okapi__candidate_t *x = a, *y = b;
    return x->folder_id != y->folder_id ? (x->folder_id > y->folder_id ? 1 : -1)
                                        : (x->id > y->id) - (x->id < y->id);
}

/* ---- the messages ---- */

typedef struct fetch_t {
    step_t *step;
    int first, n; /* candidates of one folder */
} fetch_t;

static apr_status_t fetch_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    fetch_t *b = baton;
    step_t *step = b->step;
    okapi__candidate_t *c = &APR_ARRAY_IDX(step->candidates, b->first, okapi__candidate_t);
    okapi_folder_t folder = okapi__search_folder(step->s->store, c->folder_id);
    apr_array_header_t *refs = apr_array_make(scratch_pool, b->n, sizeof(okapi__ref_t));
    for (int i = 0; i < b->n; i++) {
        c[i].object = NULL;
        *(okapi__ref_t *)apr_array_push(refs) = (okapi__ref_t){.id = c[i].id};
    }
    apr_status_t rv = okapi__rows_fetch(refs, &folder, OKAPI__PART_NORMAL, step->needs, conn,
                                        step->pool, scratch_pool);
    for (int i = 0, at = 0; rv == APR_SUCCESS && i < refs->nelts; i++) {
        const okapi__ref_t *ref = &APR_ARRAY_IDX(refs, i, okapi__ref_t);
        while (c[at].id != ref->id) { /* both are ascending */
            at++;
        }
        c[at].object = ref->object;
    }
    return rv;
}

static apr_status_t fetch(step_t *step, apr_pool_t *scratch_pool)
{
    okapi__db_t *db = step->s->store->okapi->db;
    apr_array_header_t *all = step->candidates;
    apr_status_t rv = APR_SUCCESS;
    qsort(all->elts, (size_t)all->nelts, sizeof(okapi__candidate_t), by_folder);
    for (fetch_t b = {step, 0, 0}; rv == APR_SUCCESS && b.first < all->nelts; b.first += b.n) {
        okapi_id_t folder_id = APR_ARRAY_IDX(all, b.first, okapi__candidate_t).folder_id;
        for (b.n = 1; b.first + b.n < all->nelts &&
                      APR_ARRAY_IDX(all, b.first + b.n, okapi__candidate_t).folder_id == folder_id;
             b.n++) {
        }
        rv = okapi__db_read(db, fetch_work, &b, scratch_pool);
    }
    return rv;
}

/* ---- what is linked ---- */

typedef struct linked_t {
    const okapi__search_t *search;
    const apr_array_header_t *ids; /* of okapi_id_t */
    apr_hash_t *unread;            /* message id: int *, of those that are linked */
    apr_pool_t *pool;
} linked_t;

static void add_linked(linked_t *b, okapi__rows_t *rows)
{
    okapi_id_t *id = apr_palloc(b->pool, sizeof(*id));
    int *unread = apr_palloc(b->pool, sizeof(*unread));
    *id = okapi__rows_int(rows, 0);
    *unread = okapi__rows_int(rows, 1) != 0;
    apr_hash_set(b->unread, id, sizeof(*id), unread);
}

static apr_status_t linked_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    linked_t *b = baton;
    apr_status_t rv = APR_SUCCESS;
    apr_hash_clear(b->unread);
    for (int at = 0; rv == APR_SUCCESS && at < b->ids->nelts; at += OKAPI__DB_IDS) {
        okapi__arg_t args[1 + OKAPI__DB_IDS];
        okapi__rows_t *rows;
        int left = b->ids->nelts - at;
        args[0] = DB_I(b->search->run_id);
        okapi__db_ids(args + 1, &APR_ARRAY_IDX(b->ids, at, okapi_id_t),
                      left < OKAPI__DB_IDS ? left : OKAPI__DB_IDS);
        rv = okapi__db_select(&rows, conn, STMT_LINK_IDS, args, 1 + OKAPI__DB_IDS, scratch_pool);
        while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
            add_linked(b, rows);
        }
        rv = rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
    }
    return rv;
}

/* ---- deciding ---- */

/* A message that is there, and what is known of its link (NULL: none). A static search doesn't ask
 * again what matches, but shows what it has found as it is now. */
static apr_status_t decide(okapi__search_t *search, const okapi__candidate_t *c,
                           const int *was_unread, apr_pool_t *scratch_pool)
{
    const okapi__scope_t *scope = scope_of(search, c->folder_id);
    apr_status_t rv = APR_SUCCESS;
    if (!c->object || !scope || scope->after == OKAPI__SCOPE_LEAVING) {
        return rv;
    }
    okapi__link_t link = {.msg_id = c->id, .scope_id = c->folder_id};
    link.unread = !(((const okapi_message_t *)c->object)->row.flags & MSGFLAG_READ);
    link.was_unread = was_unread && *was_unread;
    int fits = search->flags & STATIC_SEARCH
                   ? was_unread != NULL
                   : okapi__search_matches(search, c->object, &rv, scratch_pool);
    if (rv != APR_SUCCESS || (!fits && !was_unread)) {
        return rv;
    }
    link.what = !fits          ? OKAPI__LINK_DROP
                : !was_unread  ? OKAPI__LINK_ADD
                : c->edited    ? OKAPI__LINK_EDIT
                               : OKAPI__LINK_READ;
    if (link.what != OKAPI__LINK_ADD || okapi__search_has_room(search)) {
        okapi__search_link(search, link);
    }
    return rv;
}

static apr_status_t decide_all(okapi__search_t *search, const step_t *step,
                               const apr_array_header_t *ids, apr_pool_t *scratch_pool)
{
    linked_t linked = {search, ids, apr_hash_make(step->pool), step->pool};
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(step->s->store->okapi->db, linked_work, &linked, pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < step->gone->nelts; i++) {
        okapi_id_t id = APR_ARRAY_IDX(step->gone, i, okapi_id_t);
        const int *unread = apr_hash_get(linked.unread, &id, sizeof(id));
        if (unread) {
            okapi__search_link(search, (okapi__link_t){.msg_id = id,
                                                       .what = OKAPI__LINK_DROP,
                                                       .was_unread = *unread});
        }
    }
    for (int i = 0; rv == APR_SUCCESS && i < step->candidates->nelts; i++) {
        const okapi__candidate_t *c = &APR_ARRAY_IDX(step->candidates, i, okapi__candidate_t);
        apr_pool_clear(pool);
        rv = decide(search, c, apr_hash_get(linked.unread, &c->id, sizeof(c->id)), pool);
    }
    apr_pool_destroy(pool);
    return rv;
}

static apr_array_header_t *ids_of(const step_t *step)
{
    apr_array_header_t *ids = apr_array_copy(step->pool, step->gone);
    for (int i = 0; i < step->candidates->nelts; i++) {
        APR_ARRAY_PUSH(ids, okapi_id_t) = APR_ARRAY_IDX(step->candidates, i, okapi__candidate_t).id;
    }
    return ids;
}

static int has_consequence(const okapi__searches_t *s)
{
    for (int i = 0; i < s->all->nelts; i++) {
        const okapi__search_t *search = APR_ARRAY_IDX(s->all, i, okapi__search_t *);
        if (search->links->nelts || search->moves->nelts) {
            return 1;
        }
    }
    return 0;
}

apr_status_t okapi__searches_follow(okapi__searches_t *s, okapi_cn_t *from, int write, int *lost,
                                    apr_pool_t *scratch_pool)
{
    step_t step = {.s = s, .needs = OKAPI__NEED_ROW, .pool = s->pool};
    apr_array_header_t *changes;
    *lost = 0;
    apr_status_t rv = okapi__changes(&changes, &s->upto, s->store, 0, *from, CHANGES_MAX,
                                     scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    step.candidates = apr_array_make(s->pool, 16, sizeof(okapi__candidate_t));
    step.gone = apr_array_make(s->pool, 16, sizeof(okapi_id_t));
    sort_out(&step, changes, *from);
    for (int i = 0; i < s->all->nelts; i++) {
        step.needs |= APR_ARRAY_IDX(s->all, i, okapi__search_t *)->needs;
    }
    rv = step.rescopes ? okapi__searches_rescope(s, scratch_pool) : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = fetch(&step, scratch_pool);
    }
    apr_array_header_t *ids = ids_of(&step);
    for (int i = 0; rv == APR_SUCCESS && ids->nelts && i < s->all->nelts; i++) {
        rv = decide_all(APR_ARRAY_IDX(s->all, i, okapi__search_t *), &step, ids, scratch_pool);
    }
    if (rv == APR_SUCCESS && (write || has_consequence(s) || changes->nelts >= CHANGES_KEPT)) {
        rv = okapi__searches_write(s, lost, scratch_pool);
    }
    *from = s->upto;
    return rv;
}
