/* search_fill.c - looking through the folders of a search that has begun, or that have come into
 * it, and forgetting what was found in those that have left it: some messages at a time. */
#include <okapi/error.h>

#include "search_private.h"
#include "table_private.h"

/* A folder to be worked on. */
typedef struct work_t {
    okapi__searches_t *s;
    okapi__search_t *search;
    okapi__scope_t *scope;
    int max;                  /* messages at most */
    apr_array_header_t *refs; /* of okapi__ref_t: to be looked at */
    apr_hash_t *unread;       /* message id: int *, of those of REFS that are linked */
    apr_array_header_t *left; /* of okapi__link_t: in a folder that left */
} work_t;

/* ---- a folder that left ---- */

static apr_status_t list_links(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    work_t *w = baton;
    okapi__rows_t *rows;
    apr_array_clear(w->left);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_LINK_SCOPE,
                                       DB_ARGS(DB_I(w->search->run_id),
                                               DB_I(w->scope->folder_id), DB_I(w->max)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(w->left, okapi__link_t) =
            (okapi__link_t){.msg_id = okapi__rows_int(rows, 0),
                            .what = OKAPI__LINK_DROP,
                            .was_unread = okapi__rows_int(rows, 1) != 0};
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t leave(work_t *w, int *done, apr_pool_t *scratch_pool)
{
    w->left = apr_array_make(scratch_pool, 16, sizeof(okapi__link_t));
    apr_status_t rv = okapi__db_read(w->s->store->okapi->db, list_links, w, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (int i = 0; i < w->left->nelts; i++) {
        okapi__search_link(w->search, APR_ARRAY_IDX(w->left, i, okapi__link_t));
    }
    *done = w->left->nelts;
    if (w->left->nelts < w->max) {
        APR_ARRAY_PUSH(w->search->gone, okapi_id_t) = w->scope->folder_id;
        apr_hash_set(w->search->scopes, &w->scope->folder_id, sizeof(w->scope->folder_id), NULL);
    }
    return rv;
}

/* ---- a folder that is looked through ---- */

static apr_status_t list_linked(okapi__conn_t *conn, work_t *w, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    if (w->refs->nelts == 0) {
        return APR_SUCCESS;
    }
    okapi_id_t last = APR_ARRAY_IDX(w->refs, w->refs->nelts - 1, okapi__ref_t).id;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_LINK_RANGE,
                                       DB_ARGS(DB_I(w->search->run_id),
                                               DB_I(w->scope->folder_id), DB_I(w->scope->after),
                                               DB_I(last)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_id_t *id = apr_palloc(w->s->pool, sizeof(*id));
        int *unread = apr_palloc(w->s->pool, sizeof(*unread));
        *id = okapi__rows_int(rows, 0);
        *unread = okapi__rows_int(rows, 1) != 0;
        apr_hash_set(w->unread, id, sizeof(*id), unread);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t list_messages(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    work_t *w = baton;
    okapi_folder_t folder = okapi__search_folder(w->s->store, w->scope->folder_id);
    apr_array_clear(w->refs);
    apr_hash_clear(w->unread);
    apr_status_t rv = okapi__rows_list(w->refs, &folder, OKAPI__PART_NORMAL, w->scope->after,
                                       w->max, w->search->needs | OKAPI__NEED_ROW, conn,
                                       w->s->pool, scratch_pool);
    return rv == APR_SUCCESS ? list_linked(conn, w, scratch_pool) : rv;
}

/* What is linked and fits is kept up to date by following it. */
static apr_status_t try(work_t *w, const okapi__ref_t *ref, apr_pool_t *scratch_pool)
{
    const int *was_unread = apr_hash_get(w->unread, &ref->id, sizeof(ref->id));
    const okapi__message_row_t *row = &((const okapi_message_t *)ref->object)->row;
    apr_status_t rv = APR_SUCCESS;
    int fits = okapi__search_matches(w->search, ref->object, &rv, scratch_pool);
    okapi__link_t link = {.msg_id = ref->id,
                          .scope_id = w->scope->folder_id,
                          .what = fits ? OKAPI__LINK_ADD : OKAPI__LINK_DROP,
                          .unread = !(row->flags & MSGFLAG_READ),
                          .was_unread = was_unread && *was_unread};
    if (rv == APR_SUCCESS && fits == !was_unread &&
        (!fits || okapi__search_has_room(w->search))) {
        okapi__search_link(w->search, link);
    }
    return rv;
}

static apr_status_t look_through(work_t *w, int *done, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    w->refs = apr_array_make(scratch_pool, 64, sizeof(okapi__ref_t));
    w->unread = apr_hash_make(scratch_pool);
    apr_status_t rv = okapi__db_read(w->s->store->okapi->db, list_messages, w, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = apr_pool_create(&pool, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < w->refs->nelts; i++) {
        apr_pool_clear(pool);
        rv = try(w, &APR_ARRAY_IDX(w->refs, i, okapi__ref_t), pool);
    }
    apr_pool_destroy(pool);
    *done = w->refs->nelts;
    w->scope->after = w->refs->nelts < w->max || !okapi__search_has_room(w->search)
                          ? OKAPI__SCOPE_DONE
                          : APR_ARRAY_IDX(w->refs, w->refs->nelts - 1, okapi__ref_t).id;
    APR_ARRAY_PUSH(w->search->moves, okapi__scope_t) = *w->scope;
    return rv;
}

/* ---- what is to be done ---- */

static int needs_work(const okapi__search_t *search, const okapi__scope_t *scope)
{
    return scope->after == OKAPI__SCOPE_LEAVING ||
           (scope->after != OKAPI__SCOPE_DONE && search->state != OKAPI__SEARCH_STOPPED);
}

static okapi__scope_t *next_scope(const okapi__search_t *search, apr_pool_t *scratch_pool)
{
    for (apr_hash_index_t *hi = apr_hash_first(scratch_pool, search->scopes); hi;
         hi = apr_hash_next(hi)) {
        okapi__scope_t *scope = apr_hash_this_val(hi);
        if (needs_work(search, scope)) {
            return scope;
        }
    }
    return NULL;
}

static int find_work(work_t *w, apr_pool_t *scratch_pool)
{
    for (int i = 0; i < w->s->all->nelts; i++) {
        w->search = APR_ARRAY_IDX(w->s->all, i, okapi__search_t *);
        w->scope = next_scope(w->search, scratch_pool);
        if (w->scope) {
            return 1;
        }
    }
    return 0;
}

/* Searches that were being filled and have no folder left to be looked through are complete. */
static void complete(okapi__searches_t *s, apr_pool_t *scratch_pool)
{
    for (int i = 0; i < s->all->nelts; i++) {
        okapi__search_t *search = APR_ARRAY_IDX(s->all, i, okapi__search_t *);
        search->completes =
            search->state == OKAPI__SEARCH_FILLING && !next_scope(search, scratch_pool);
    }
}

apr_status_t okapi__searches_fill(okapi__searches_t *s, int n, int *lost, apr_pool_t *scratch_pool)
{
    work_t w = {.s = s};
    apr_status_t rv = APR_SUCCESS;
    *lost = 0;
    while (rv == APR_SUCCESS && n > 0 && find_work(&w, scratch_pool)) {
        int done = 0;
        w.max = n;
        rv = w.scope->after == OKAPI__SCOPE_LEAVING ? leave(&w, &done, scratch_pool)
                                                    : look_through(&w, &done, scratch_pool);
        n -= done + 1; /* an empty folder costs something, too */
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    complete(s, scratch_pool);
    s->busy = find_work(&w, scratch_pool);
    return okapi__searches_write(s, lost, scratch_pool);
}
