/* fulltext_feed.c - the index of words follows the change sequence.
 *
 * A round goes from one change number to the store's at that moment, folder by folder, and in each
 * by number. Where it is stands in fts_state and moves in the transaction that adds what was
 * found; it moves only from where this process has read it to be, so of two that feed a store one
 * has worked in vain, and one that dies has left nothing half done.
 */
#include <okapi/error.h>

#include "cn.h"
#include "engine_private.h"
#include "fulltext_private.h"

enum {
    BATCH_MESSAGES = 200, /* of one segment, at most, */
    BATCH_PLACES = 200000, /* unless a single one has more words */
    DROP_DOCS = 5000
};

/* A row of fts_state. UPTO is -1 after a reset, until its documents have gone. */
typedef struct state_t {
    okapi_cn_t cn, upto;
    okapi_id_t folder_id;  /* of the round: those before it are done, */
    okapi_cn_t at_cn;      /* and in it what isn't above this */
    okapi_id_t at_id;
    apr_int64_t next_doc, next_segment;
} state_t;

/* A message that isn't in the index, or not as it is. */
typedef struct item_t {
    okapi_id_t id;
    apr_int64_t rev, doc;
    int flags;
    state_t after; /* where the round is when it is done */
} item_t;

typedef struct feed_t {
    okapi_t *okapi;
    okapi_id_t store_id;
    const okapi_fulltext_reader_t *reader;
    int (*stop)(void *baton);
    void *stop_baton;
    okapi_fulltext_fed_t *fed;
    state_t from, to;
    apr_array_header_t *items; /* of item_t, in POOL; those that are done are counted by DONE */
    int done;
    okapi__packer_t packer;
    okapi__reads_t reads;
    apr_pool_t *pool; /* of a step */
} feed_t;

/* ---- what there is to do ---- */

static apr_status_t read_state(feed_t *f, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_STATE,
                                           DB_ARGS(DB_I(f->store_id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    f->from = (state_t){.cn = okapi__rows_int(rows, 0), .upto = okapi__rows_int(rows, 1)};
    f->from.folder_id = okapi__rows_int(rows, 2);
    f->from.at_cn = okapi__rows_int(rows, 3);
    f->from.at_id = okapi__rows_int(rows, 4);
    f->from.next_doc = okapi__rows_int(rows, 5);
    f->from.next_segment = okapi__rows_int(rows, 6);
    f->to = f->from;
    return APR_SUCCESS;
}

/* The folder where the round goes on; 0: nowhere. */
static apr_status_t next_folder(feed_t *f, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_FOLDER,
                                           DB_ARGS(DB_I(f->store_id), DB_I(f->to.folder_id),
                                                   DB_I(f->to.cn)),
                                           scratch_pool);
    okapi_id_t folder_id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    if (folder_id != f->to.folder_id || !f->to.at_cn) {
        f->to.folder_id = folder_id;
        f->to.at_cn = f->to.cn + 1;
        f->to.at_id = 0;
    }
    return rv;
}

static apr_status_t list_messages(feed_t *f, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int wanted = BATCH_MESSAGES - f->items->nelts, n = 0;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_FTS_MESSAGES,
                                       DB_ARGS(DB_I(f->to.folder_id), DB_I(f->to.at_cn),
                                               DB_I(f->to.upto), DB_I(f->to.at_cn),
                                               DB_I(f->to.at_id), DB_I(wanted)),
                                       scratch_pool);
    for (; rv == APR_SUCCESS && okapi__rows_next(rows); n++) {
        item_t *item = apr_array_push(f->items);
        f->to.at_id = okapi__rows_int(rows, 0);
        f->to.at_cn = okapi__rows_int(rows, 1);
        *item = (item_t){.id = f->to.at_id, .rev = okapi__rows_int(rows, 2), .after = f->to};
    }
    if (n < wanted) {
        f->to.folder_id++; /* this one is done */
        f->to.at_cn = f->to.at_id = 0;
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Begins a round, if none is under way, and finds the next messages of it. */
static apr_status_t plan(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    feed_t *f = baton;
    apr_array_clear(f->items);
    apr_status_t rv = read_state(f, conn, scratch_pool);
    if (rv == APR_SUCCESS && f->to.upto >= 0 && f->to.upto <= f->to.cn) {
        rv = okapi__cn_read(conn, f->store_id, &f->to.upto, NULL, scratch_pool);
        f->to.folder_id = 0;
    }
    while (rv == APR_SUCCESS && f->to.upto > f->to.cn && f->items->nelts < BATCH_MESSAGES) {
        rv = next_folder(f, conn, scratch_pool);
        if (rv == APR_SUCCESS && f->to.folder_id) {
            rv = list_messages(f, conn, scratch_pool);
        } else {
            f->to.cn = f->to.upto;
            f->to.folder_id = f->to.at_cn = f->to.at_id = 0;
        }
    }
    return rv;
}

/* ---- doing it ---- */

/* Reads messages until the batch is full. */
static apr_status_t collect(feed_t *f)
{
    okapi__builder_t *builder = okapi__builder_create(f->pool);
    okapi__text_t text = {f->okapi, &f->reads, f->reader, builder, f->fed, 0, 0};
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, f->pool);
    f->to.next_doc = f->from.next_doc;
    for (f->done = 0; rv == APR_SUCCESS && f->done < f->items->nelts; f->done++) {
        item_t *item = &APR_ARRAY_IDX(f->items, f->done, item_t);
        if (f->done > 0 && (okapi__builder_size(builder) >= BATCH_PLACES ||
                            (f->stop && f->stop(f->stop_baton)))) {
            apr_int64_t next_doc = f->to.next_doc;
            f->to = APR_ARRAY_IDX(f->items, f->done - 1, item_t).after;
            f->to.next_doc = next_doc;
            break;
        }
        apr_pool_clear(pool);
        item->doc = f->to.next_doc++;
        okapi__builder_doc(builder, item->doc);
        rv = okapi__text_add_message(&text, f->store_id, item->id, pool);
        item->flags = text.flags;
        if (rv == OKAPI_EOBJECTDELETED) { /* meanwhile */
            rv = APR_SUCCESS;
        }
    }
    apr_pool_destroy(pool);
    okapi__packer_init(&f->packer, f->pool);
    okapi__builder_pack(builder, &f->packer);
    return rv;
}

/* APR_EOF if another process has moved it. */
static apr_status_t move_state(okapi__conn_t *conn, const feed_t *f, apr_pool_t *scratch_pool)
{
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(
        conn, STMT_FTS_STATE_MOVE, &affected,
        DB_ARGS(DB_I(f->to.cn), DB_I(f->to.upto), DB_I(f->to.folder_id), DB_I(f->to.at_cn),
                DB_I(f->to.at_id), DB_I(f->to.next_doc), DB_I(f->to.next_segment),
                DB_I(okapi_time_now()), DB_I(f->store_id), DB_I(f->from.cn), DB_I(f->from.upto),
                DB_I(f->from.folder_id), DB_I(f->from.at_cn), DB_I(f->from.at_id),
                DB_I(f->from.next_doc), DB_I(f->from.next_segment)),
        scratch_pool);
    return rv == APR_SUCCESS && affected == 0 ? APR_EOF : rv;
}

static apr_status_t add_docs(okapi__conn_t *conn, const feed_t *f, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < f->done; i++) {
        const item_t *item = &APR_ARRAY_IDX(f->items, i, item_t);
        rv = okapi__db_exec(conn, STMT_FTS_DOC_DROP, NULL, DB_ARGS(DB_I(item->id)), scratch_pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__db_exec(conn, STMT_FTS_DOC_ADD, NULL,
                                DB_ARGS(DB_I(f->store_id), DB_I(item->doc), DB_I(item->rev),
                                        DB_I(item->flags), DB_I(item->id)),
                                scratch_pool);
        }
    }
    return rv;
}

static apr_status_t commit(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    feed_t *f = baton;
    okapi__segment_t segment = {.id = f->from.next_segment, .first_doc = f->from.next_doc};
    f->to.next_segment = f->from.next_segment + (f->done > 0);
    apr_status_t rv = move_state(conn, f, scratch_pool);
    if (rv != APR_SUCCESS || f->done == 0) {
        return rv;
    }
    segment.last_doc = f->to.next_doc - 1;
    segment.docs = f->done;
    segment.bytes = f->packer.bytes;
    rv = add_docs(conn, f, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__segment_add(conn, f->store_id, &segment, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__blocks_add(conn, f->store_id, segment.id, 0,
                                                 f->packer.blocks, scratch_pool)
                             : rv;
}

/* ---- after a reset ---- */

static apr_status_t drop_docs(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    feed_t *f = baton;
    okapi__rows_t *rows;
    int n = 0;
    apr_int64_t last = 0;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_FTS_DOCS_RANGE,
                                       DB_ARGS(DB_I(f->store_id), DB_I(0), DB_I(APR_INT64_MAX),
                                               DB_I(DROP_DOCS)),
                                       scratch_pool);
    for (; rv == APR_SUCCESS && okapi__rows_next(rows); n++) {
        last = okapi__rows_int(rows, 0);
    }
    rv = rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
    f->to.upto = n < DROP_DOCS ? 0 : -1;
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_FTS_DOCS_DROP, NULL,
                            DB_ARGS(DB_I(f->store_id), DB_I(last + 1)), scratch_pool);
    }
    return rv == APR_SUCCESS ? move_state(conn, f, scratch_pool) : rv;
}

/* ---- a store ---- */

static apr_status_t add_state(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const feed_t *f = baton;
    return okapi__db_exec(conn, STMT_FTS_STATE_ADD, NULL,
                          DB_ARGS(DB_I(f->store_id), DB_I(okapi_time_now())), scratch_pool);
}

/* Merges as long as there is something to merge. */
static apr_status_t merge(const feed_t *f)
{
    int level = 0, tidy = 0;
    apr_status_t rv = APR_SUCCESS;
    while (rv == APR_SUCCESS && level >= 0 && !(f->stop && f->stop(f->stop_baton))) {
        rv = okapi__fulltext_merge(f->okapi, f->store_id, tidy, f->stop, f->stop_baton, &level,
                                   f->pool);
        tidy |= level >= 2;
    }
    return rv == APR_SUCCESS ? okapi__segments_sweep(f->okapi, f->store_id, f->pool) : rv;
}

static int is_moved(const feed_t *f)
{
    return f->to.cn != f->from.cn || f->to.upto != f->from.upto || f->done > 0;
}

/* One step; *MORE is set if it wasn't the last one. APR_EOF: somebody else feeds this store. */
static apr_status_t step(feed_t *f, int *more)
{
    apr_status_t rv = okapi__db_read(f->okapi->db, plan, f, f->pool);
    *more = 0;
    f->done = 0;
    if (rv == OKAPI_ENOTFOUND) {
        *more = 1;
        return okapi__db_write(f->okapi->db, add_state, f, f->pool);
    }
    if (rv == APR_SUCCESS && f->from.upto < 0) {
        *more = 1;
        rv = okapi__segments_sweep(f->okapi, f->store_id, f->pool);
        return rv == APR_SUCCESS ? okapi__db_write(f->okapi->db, drop_docs, f, f->pool) : rv;
    }
    if (rv == APR_SUCCESS && f->items->nelts) {
        rv = collect(f);
    }
    if (rv != APR_SUCCESS || !is_moved(f)) {
        return rv;
    }
    rv = okapi__db_write(f->okapi->db, commit, f, f->pool);
    *more = f->to.cn < f->to.upto || f->items->nelts >= BATCH_MESSAGES;
    if (rv == APR_SUCCESS && f->done > 0) {
        f->fed->messages += f->done;
        rv = merge(f);
    }
    return rv;
}

static apr_status_t feed_store(feed_t *f, apr_pool_t *scratch_pool)
{
    int more = 1;
    apr_status_t rv = APR_SUCCESS;
    apr_pool_create(&f->pool, scratch_pool);
    while (rv == APR_SUCCESS && more && !(f->stop && f->stop(f->stop_baton))) {
        apr_pool_clear(f->pool);
        f->items = apr_array_make(f->pool, BATCH_MESSAGES, sizeof(item_t));
        rv = step(f, &more);
    }
    apr_pool_destroy(f->pool);
    return rv == APR_EOF ? APR_SUCCESS : rv;
}

/* ---- all stores ---- */

typedef struct behind_t {
    okapi_id_t after, store_id; /* the next one that is behind; 0: none is */
} behind_t;

static apr_status_t find_behind(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    behind_t *b = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_BEHIND,
                                           DB_ARGS(DB_I(b->after)), scratch_pool);
    b->store_id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

apr_status_t okapi_fulltext_is_behind(int *is_behind, okapi_t *okapi, apr_pool_t *scratch_pool)
{
    behind_t b = {0, 0};
    apr_status_t rv = okapi__db_read(okapi->db, find_behind, &b, scratch_pool);
    *is_behind = b.store_id != 0;
    return rv;
}

apr_status_t okapi_fulltext_feed(okapi_t *okapi, okapi_id_t store_id,
                                 const okapi_fulltext_reader_t *reader, int (*stop)(void *baton),
                                 void *baton, okapi_fulltext_fed_t *fed, apr_pool_t *scratch_pool)
{
    feed_t f = {.okapi = okapi, .reader = reader, .stop = stop, .stop_baton = baton, .fed = fed};
    behind_t b = {0, store_id};
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    apr_pool_create(&f.reads.pool, scratch_pool);
    f.reads.by_key = apr_hash_make(f.reads.pool);
    *fed = (okapi_fulltext_fed_t){0};
    do {
        apr_pool_clear(pool);
        if (!store_id) {
            rv = okapi__db_read(okapi->db, find_behind, &b, pool);
        }
        f.store_id = b.store_id;
        if (rv == APR_SUCCESS && f.store_id) {
            rv = feed_store(&f, pool);
        }
        b.after = b.store_id;
    } while (rv == APR_SUCCESS && b.store_id && !store_id && !(stop && stop(baton)));
    apr_pool_destroy(f.reads.pool);
    apr_pool_destroy(pool);
    return rv;
}
