/* delivered.c - what was delivered not long ago.
 *
 * A mail server that doesn't hear our answer, because the connection or one of us has died, sends
 * the message again: byte for byte the same one, with the trace field it has put in front
 * (RFC 5321 4.4), which has its own number and time for each message it takes on. So the commit
 * that delivers a message also keeps its digest for a while, and a second one with the same digest
 * for the same place is known to be there. What has no trace field has not come by a mail
 * server: nothing is known of how often it is meant to be delivered, and it isn't remembered.
 */
#include <apr_strings.h>
#include <okapi/error.h>

#include "blob.h"
#include "delivery_private.h"

enum { DIGEST_LENGTH = 32, STEP = 1000 /* rows; STMT_DELIVERED_STEP */ };

const char *okapi_delivery_digest(okapi_binary_t raw, apr_pool_t *result_pool)
{
    char hash[65];
    return okapi__blob_hash(hash, raw) == APR_SUCCESS
               ? apr_pstrmemdup(result_pool, hash, DIGEST_LENGTH)
               : NULL;
}

apr_status_t okapi__delivered_add(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi__delivered_t *d = baton;
    apr_status_t rv = okapi__db_exec(conn, STMT_DELIVERED_ADD, NULL,
                                     DB_ARGS(DB_I(d->store_id), DB_S(d->envelope->digest),
                                             DB_I(d->envelope->folder_id), DB_I(okapi_time_now())),
                                     scratch_pool);
    d->is_repeated = rv == OKAPI_EEXISTS;
    return rv;
}

/* ---- forgetting it ---- */

typedef struct forgetting_t {
    okapi_time_t before;
    apr_int64_t gone; /* in this step */
} forgetting_t;

static apr_status_t forget_some(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    forgetting_t *f = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_DELIVERED_STEP,
                                           DB_ARGS(DB_I(f->before)), scratch_pool);
    okapi_time_t upto = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : f->before - 1;
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_DELIVERED_FORGET, &f->gone,
                                              DB_ARGS(DB_I(upto)), scratch_pool)
                             : rv;
}

apr_status_t okapi_delivered_forget(okapi_t *okapi, int (*stop)(void *baton), void *baton,
                                    apr_int64_t *forgotten, apr_pool_t *scratch_pool)
{
    apr_time_t age = apr_time_from_sec(3600) * okapi->config->delivery_memory;
    forgetting_t f = {.before = okapi_time_from_apr(apr_time_now() - age)};
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    *forgotten = 0;
    do {
        if (rv == APR_SUCCESS) {
            rv = okapi__db_write(okapi->db, forget_some, &f, pool);
        }
        *forgotten += rv == APR_SUCCESS ? f.gone : 0;
        apr_pool_clear(pool);
    } while (rv == APR_SUCCESS && f.gone >= STEP && !(stop && stop(baton)));
    apr_pool_destroy(pool);
    return rv;
}
