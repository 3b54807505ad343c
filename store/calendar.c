/* calendar.c - appointments by their global object id, through the index of messages' ids. */
#include <okapi/calendar.h>

#include "message_private.h"

enum { HITS_MAX = 100 };

typedef struct find_t {
    okapi_id_t store_id;
    apr_int64_t hash;
    apr_array_header_t *hits;
} find_t;

static apr_status_t find(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const find_t *f = baton;
    okapi__rows_t *rows;
    apr_array_clear(f->hits);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_CALENDAR_FIND,
                                       DB_ARGS(DB_I(f->store_id), DB_I(f->hash), DB_I(HITS_MAX)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(f->hits, okapi_calendar_hit_t) = (okapi_calendar_hit_t){
            okapi__rows_int(rows, 0), okapi__rows_int(rows, 1),
            okapi__rows_int(rows, 2) >= OKAPI__PART_SOFT_DELETED};
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_calendar_find(apr_array_header_t **hits, okapi_store_t *store,
                                 okapi_binary_t goid, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool)
{
    find_t f = {store->id, okapi__message_hash(goid.data, goid.len),
                apr_array_make(result_pool, 2, sizeof(okapi_calendar_hit_t))};
    *hits = f.hits;
    return f.hash ? okapi__db_read(store->okapi->db, find, &f, scratch_pool) : APR_SUCCESS;
}
