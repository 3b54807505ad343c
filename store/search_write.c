/* search_write.c - what a step does to searches, in one transaction. */
#include <okapi/error.h>

#include "cn.h"
#include "search_private.h"

void okapi__search_link(okapi__search_t *search, okapi__link_t link)
{
    search->content += (link.what == OKAPI__LINK_ADD) - (link.what == OKAPI__LINK_DROP);
    APR_ARRAY_PUSH(search->links, okapi__link_t) = link;
}

int okapi__search_has_room(const okapi__search_t *search)
{
    return search->content < search->limit;
}

typedef struct writing_t {
    okapi__searches_t *s;
    okapi_cn_t cn; /* the next number to give */
} writing_t;

/* ---- links ---- */

static apr_status_t write_link(okapi__conn_t *conn, const okapi__search_t *search,
                               const okapi__link_t *link, okapi_cn_t cn, apr_pool_t *scratch_pool)
{
    okapi__arg_t run = DB_I(search->run_id), id = DB_I(link->msg_id), number = DB_I(cn),
                 unread = DB_I(link->unread);
    apr_status_t rv;
    switch (link->what) {
    case OKAPI__LINK_ADD:
        return okapi__db_exec(conn, STMT_LINK_ADD, NULL,
                              DB_ARGS(run, id, DB_I(link->scope_id), unread, number, number,
                                      number),
                              scratch_pool);
    case OKAPI__LINK_READ:
        return okapi__db_exec(conn, STMT_LINK_READ, NULL, DB_ARGS(unread, number, run, id),
                              scratch_pool);
    case OKAPI__LINK_EDIT:
        return okapi__db_exec(conn, STMT_LINK_EDIT, NULL, DB_ARGS(unread, number, number, run, id),
                              scratch_pool);
    default:
        rv = okapi__db_exec(conn, STMT_LINK_DROP, NULL, DB_ARGS(run, id), scratch_pool);
        return rv == APR_SUCCESS ? okapi__tombstone_add(conn, search->folder_id, cn, link->msg_id,
                                                        OKAPI__TOMBSTONE_LINK, 0, scratch_pool)
                                 : rv;
    }
}

static void count(okapi__stat_delta_t *delta, const okapi__link_t *link)
{
    delta->unread += (link->what != OKAPI__LINK_DROP && link->unread) -
                     (link->what != OKAPI__LINK_ADD && link->was_unread);
    delta->content += (link->what == OKAPI__LINK_ADD) - (link->what == OKAPI__LINK_DROP);
    delta->deleted += link->what == OKAPI__LINK_DROP;
}

static apr_status_t write_links(okapi__conn_t *conn, writing_t *w, const okapi__search_t *search,
                                apr_pool_t *scratch_pool)
{
    okapi__stat_delta_t delta = {0};
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < search->links->nelts; i++) {
        const okapi__link_t *link = &APR_ARRAY_IDX(search->links, i, okapi__link_t);
        count(&delta, link);
        rv = write_link(conn, search, link, w->cn++, scratch_pool);
    }
    return rv == APR_SUCCESS && search->links->nelts
               ? okapi__stat_add(conn, search->folder_id, &delta, w->cn - 1, scratch_pool)
               : rv;
}

/* ---- scopes and state ---- */

static apr_status_t write_scopes(okapi__conn_t *conn, const okapi__search_t *search,
                                 apr_pool_t *scratch_pool)
{
    okapi__arg_t run = DB_I(search->run_id);
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < search->moves->nelts; i++) {
        const okapi__scope_t *scope = &APR_ARRAY_IDX(search->moves, i, okapi__scope_t);
        int is_new = !apr_hash_get(search->scopes, &scope->folder_id, sizeof(scope->folder_id));
        rv = okapi__db_exec(conn, is_new ? STMT_SCOPE_ADD : STMT_SCOPE_SET, NULL,
                            DB_ARGS(DB_I(scope->after), run, DB_I(scope->folder_id)),
                            scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < search->gone->nelts; i++) {
        rv = okapi__db_exec(conn, STMT_SCOPE_DROP, NULL,
                            DB_ARGS(run, DB_I(APR_ARRAY_IDX(search->gone, i, okapi_id_t))),
                            scratch_pool);
    }
    return rv;
}

/* That a search is complete is a change of its folder. */
static apr_status_t write_completion(okapi__conn_t *conn, writing_t *w,
                                     const okapi__search_t *search, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    okapi_cn_t cn = w->cn++;
    apr_status_t rv = okapi__db_exec(conn, STMT_SEARCH_COMPLETE, NULL,
                                     DB_ARGS(DB_I(OKAPI__SEARCH_COMPLETE), DB_I(cn),
                                             DB_I(search->folder_id)),
                                     scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_SEARCH_TOUCH, NULL,
                            DB_ARGS(DB_I(cn), DB_I(search->folder_id)), scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi__stat_add(conn, search->parent_id, &no_delta, cn, scratch_pool)
               : rv;
}

/* ---- all of it ---- */

static int numbers_needed(const okapi__searches_t *s)
{
    int n = 0;
    for (int i = 0; i < s->all->nelts; i++) {
        const okapi__search_t *search = APR_ARRAY_IDX(s->all, i, okapi__search_t *);
        n += search->links->nelts + search->completes;
    }
    return n;
}

/* APR_EOF, which rolls back, if another step was faster. What this one does itself need not be
 * followed, unless somebody else came in between. */
static apr_status_t write_position(okapi__conn_t *conn, const okapi__searches_t *s,
                                   okapi_cn_t first, okapi_cn_t last, apr_pool_t *scratch_pool)
{
    apr_int64_t affected;
    okapi_cn_t upto = first <= last && s->upto == first - 1 ? last : s->upto;
    apr_status_t rv = okapi__db_exec(conn, STMT_SEARCH_POSITION_SET, &affected,
                                     DB_ARGS(DB_I(upto), DB_I(s->busy), DB_I(s->store->id),
                                             DB_I(s->rev)),
                                     scratch_pool);
    return rv == APR_SUCCESS && affected == 0 ? APR_EOF : rv;
}

static apr_status_t write_step(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    writing_t *w = baton;
    const okapi__searches_t *s = w->s;
    int n = numbers_needed(s);
    okapi_cn_t last = 0;
    apr_status_t rv =
        n ? okapi__cn_take(conn, s->store->id, n, 0, &last, scratch_pool) : APR_SUCCESS;
    w->cn = last - n + 1;
    if (rv == APR_SUCCESS) {
        rv = write_position(conn, s, w->cn, last, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < s->all->nelts; i++) {
        const okapi__search_t *search = APR_ARRAY_IDX(s->all, i, okapi__search_t *);
        rv = write_links(conn, w, search, scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = write_scopes(conn, search, scratch_pool);
        }
        if (rv == APR_SUCCESS && search->completes) {
            rv = write_completion(conn, w, search, scratch_pool);
        }
    }
    return rv;
}

apr_status_t okapi__searches_write(okapi__searches_t *s, int *lost, apr_pool_t *scratch_pool)
{
    writing_t w = {s, 0};
    okapi_t *okapi = s->store->okapi;
    apr_status_t rv = okapi__db_write(okapi->db, write_step, &w, scratch_pool);
    *lost = rv == APR_EOF;
    if (rv == APR_SUCCESS && numbers_needed(s)) {
        okapi__changed(okapi, s->store->id);
    }
    return *lost ? APR_SUCCESS : rv;
}
