/* search_source.c - from a search folder to where its messages really are. */
#include <string.h>

#include <okapi/error.h>

#include "search_private.h"

enum { PAGE = 500 }; /* links read at once */

apr_status_t okapi__search_shows(int *shows, okapi__conn_t *conn, okapi_id_t folder_id,
                                 okapi_id_t msg_id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    return okapi__db_select_one(&rows, shows, conn, STMT_LINK_FIND,
                                DB_ARGS(DB_I(folder_id), DB_I(msg_id)), scratch_pool);
}

/* Messages of one folder. */
typedef struct group_t {
    okapi_id_t folder_id;
    apr_array_header_t *ids; /* of okapi_id_t */
    apr_array_header_t *at;  /* of int: where they stand among those that were asked for */
} group_t;

typedef struct sources_t {
    okapi_id_t folder_id; /* the search folder */
    const okapi_id_t *ids;
    int n;
    okapi_id_t after; /* links of messages with a higher id, if all are asked for */
    int count;        /* of them, in this page */
    apr_hash_t *groups;
    apr_array_header_t *order; /* of group_t * */
    apr_pool_t *pool;
} sources_t;

static void add(sources_t *b, okapi_id_t folder_id, okapi_id_t id, int at)
{
    group_t *group = apr_hash_get(b->groups, &folder_id, sizeof(folder_id));
    if (!group) {
        group = apr_palloc(b->pool, sizeof(*group));
        *group = (group_t){folder_id, apr_array_make(b->pool, 16, sizeof(okapi_id_t)),
                           apr_array_make(b->pool, 16, sizeof(int))};
        apr_hash_set(b->groups, &group->folder_id, sizeof(group->folder_id), group);
        APR_ARRAY_PUSH(b->order, group_t *) = group;
    }
    APR_ARRAY_PUSH(group->ids, okapi_id_t) = id;
    APR_ARRAY_PUSH(group->at, int) = at;
}

static void begin(sources_t *b)
{
    apr_hash_clear(b->groups);
    apr_array_clear(b->order);
}

/* What it doesn't show may still be in it: an associated message. */
static apr_status_t find_named(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    sources_t *b = baton;
    apr_status_t rv = APR_SUCCESS;
    begin(b);
    for (int i = 0; rv == APR_SUCCESS && i < b->n; i++) {
        okapi__rows_t *rows;
        int found;
        rv = okapi__db_select_one(&rows, &found, conn, STMT_LINK_FIND,
                                  DB_ARGS(DB_I(b->folder_id), DB_I(b->ids[i])), scratch_pool);
        if (rv == APR_SUCCESS) {
            add(b, found ? okapi__rows_int(rows, 0) : b->folder_id, b->ids[i], i);
        }
    }
    return rv;
}

static apr_status_t find_page(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    sources_t *b = baton;
    okapi__rows_t *rows;
    okapi_id_t last = b->after;
    begin(b);
    b->count = 0;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_LINK_ALL,
                                       DB_ARGS(DB_I(b->folder_id), DB_I(b->after), DB_I(PAGE)),
                                       scratch_pool);
    for (; rv == APR_SUCCESS && okapi__rows_next(rows); b->count++) {
        last = okapi__rows_int(rows, 0);
        add(b, okapi__rows_int(rows, 1), last, 0);
    }
    rv = rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
    if (rv == APR_SUCCESS) {
        b->after = last;
    }
    return rv;
}

static apr_status_t each_group(const sources_t *b, okapi_folder_t *search, int *partial,
                               okapi__source_t each, void *baton, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->order->nelts; i++) {
        const group_t *group = APR_ARRAY_IDX(b->order, i, group_t *);
        okapi_folder_t *folder = search;
        int some = 0;
        if (group->folder_id != search->id) {
            rv = okapi_folder_open(&folder, search->store, group->folder_id, scratch_pool,
                                   scratch_pool);
        }
        if (rv == APR_SUCCESS) {
            rv = each(baton, folder, (const okapi_id_t *)group->ids->elts,
                      (const int *)group->at->elts, group->ids->nelts, &some, scratch_pool);
        } else if (rv == OKAPI_ENOTFOUND) { /* it was deleted meanwhile */
            some = 1;
            rv = APR_SUCCESS;
        }
        *partial |= some;
    }
    return rv;
}

apr_status_t okapi__search_sources(okapi_folder_t *folder, const okapi_id_t *ids, int n,
                                   int *partial, okapi__source_t each, void *baton,
                                   apr_pool_t *scratch_pool)
{
    sources_t b = {.folder_id = folder->id, .ids = ids, .n = n};
    okapi__db_t *db = folder->store->okapi->db;
    apr_status_t rv = apr_pool_create(&b.pool, scratch_pool);
    *partial = 0;
    do {
        apr_pool_clear(b.pool);
        b.groups = apr_hash_make(b.pool);
        b.order = apr_array_make(b.pool, 8, sizeof(group_t *));
        if (rv == APR_SUCCESS) {
            rv = okapi__db_read(db, n ? find_named : find_page, &b, b.pool);
        }
        if (rv == APR_SUCCESS) {
            rv = each_group(&b, folder, partial, each, baton, b.pool);
        }
    } while (rv == APR_SUCCESS && n == 0 && b.count == PAGE);
    apr_pool_destroy(b.pool);
    return rv;
}
