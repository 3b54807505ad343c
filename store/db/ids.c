/* ids.c - numbers for new objects, handed out from blocks.
 *
 * A block's transaction need not be durable by itself. On SQLite it isn't synced: commits are
 * appended to one write-ahead log, and after a power failure SQLite takes the log up to the first
 * frame whose running checksum is wrong. So whatever later commit survives, the block's commit
 * before it does. The object's own commit is synced; its id can't be handed out again.
 */
#include "db/private.h"

#define BLOCK             1000
#define BLOCK_SHORT_LIVED 16

typedef struct block_t {
    apr_int64_t size;
    apr_int64_t first; /* result */
} block_t;

static apr_status_t take_block(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    block_t *block = baton;
    okapi__rows_t *rows;
    apr_status_t rv;
    int found;

    rv = okapi__db_exec(conn, STMT_IDS_TAKE, NULL, DB_ARGS(DB_I(block->size)), scratch_pool);
    if (rv) {
        return rv;
    }
    rv = okapi__db_select_one(&rows, &found, conn, STMT_IDS_NEXT, DB_NO_ARGS, scratch_pool);
    if (rv) {
        return rv;
    }
    if (!found) {
        return OKAPI_ECORRUPT;
    }
    block->first = okapi__rows_int(rows, 0) - block->size;
    rv = okapi__rows_status(rows);
    return rv ? rv : okapi__mark_expire(conn, scratch_pool); /* now and then, so why not here */
}

/* Called with the mutex held. */
static apr_status_t refill(okapi__db_t *db, int n, apr_pool_t *scratch_pool)
{
    int usual = db->host.short_lived ? BLOCK_SHORT_LIVED : BLOCK;
    block_t block = {n > usual ? n : usual, 0};
    apr_status_t rv = okapi__db_run(db, MODE_WRITE_ORDERED, take_block, &block, scratch_pool);

    if (rv) {
        return rv;
    }
    if (block.first != db->ids.end) { /* else it continues the old block */
        db->ids.next = block.first;
    }
    db->ids.end = block.first + block.size;
    return APR_SUCCESS;
}

apr_status_t okapi__db_take_ids(okapi__db_t *db, int n, apr_int64_t *first,
                                apr_pool_t *scratch_pool)
{
    apr_status_t rv = apr_thread_mutex_lock(db->ids.mutex);

    if (rv) {
        return rv;
    }
    if (db->ids.end - db->ids.next < n) {
        rv = refill(db, n, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        *first = db->ids.next;
        db->ids.next += n;
    }
    apr_thread_mutex_unlock(db->ids.mutex);
    return rv;
}
