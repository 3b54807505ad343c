/* fulltext_merge.c - many small segments become a larger one.
 *
 * Segments follow each other in the numbers of their documents, so to merge neighbours is to write
 * each word's postings one after the other, without those of documents that have gone. The new
 * segment is written in short transactions and takes the others' place in a last one; a merge that
 * was interrupted leaves waste, which is swept, and begins anew.
 */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "engine_private.h"
#include "fulltext_private.h"

enum {
    FANOUT = 8,        /* segments of a level make one of the next */
    FANOUT_MAX = 64,
    PAGE = 8,          /* blocks that are read at once, of each segment */
    STEP_BLOCKS = 32,  /* blocks written in one transaction */
    DOCS_AT_ONCE = 10000
};

/* A segment that is read. */
typedef struct input_t {
    okapi__segment_t segment;
    apr_array_header_t *blocks; /* of okapi_binary_t: a page */
    int next;                   /* the first of them that isn't begun */
    apr_int64_t seq;            /* of the next page's first */
    okapi__entry_iter_t entry;
    int at_end;
    apr_pool_t *pool; /* of the page */
} input_t;

typedef struct merge_t {
    okapi_t *okapi;
    okapi_id_t store_id;
    input_t inputs[FANOUT_MAX];
    int n;
    input_t *reading;
    okapi__segment_t output;
    unsigned char *live; /* a bit for each document from the first */
    okapi__packer_t packer;
    apr_int64_t seq; /* of the next block */
    int tidy;        /* look for what has gone, too, which takes counting */
    int (*stop)(void *baton);
    void *stop_baton;
    apr_pool_t *pool;
} merge_t;

/* ---- which ---- */

/* A run of neighbours on one level that is long enough, as the first of them and how many. */
static int find_run(const apr_array_header_t *segments, int *first)
{
    const okapi__segment_t *s = (const okapi__segment_t *)segments->elts;
    for (int i = segments->nelts - 1, n = 1; i >= 0; i--) {
        n = i < segments->nelts - 1 && s[i].level == s[i + 1].level ? n + 1 : 1;
        if (n >= FANOUT && (i == 0 || s[i - 1].level != s[i].level || n == FANOUT_MAX)) {
            *first = i;
            return n;
        }
    }
    return 0;
}

/* A segment of which at least half has gone. */
static int find_dead(const merge_t *m, okapi__conn_t *conn, const apr_array_header_t *segments,
                     int *first, apr_status_t *rv, apr_pool_t *scratch_pool)
{
    for (int i = 0; i < segments->nelts && *rv == APR_SUCCESS; i++) {
        const okapi__segment_t *s = &APR_ARRAY_IDX(segments, i, okapi__segment_t);
        okapi__rows_t *rows;
        int found;
        *rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_SEGMENT_LIVE,
                                   DB_ARGS(DB_I(m->store_id), DB_I(s->first_doc),
                                           DB_I(s->last_doc)),
                                   scratch_pool);
        if (*rv == APR_SUCCESS && found && okapi__rows_int(rows, 0) * 2 < s->docs) {
            *first = i;
            return 1;
        }
    }
    return 0;
}

static apr_status_t choose(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    merge_t *m = baton;
    apr_array_header_t *segments;
    int first = 0;
    apr_status_t rv = okapi__segments_list(&segments, conn, m->store_id, scratch_pool);
    m->n = rv == APR_SUCCESS ? find_run(segments, &first) : 0;
    m->output.level = 1;
    if (rv == APR_SUCCESS && !m->n && m->tidy) {
        m->n = find_dead(m, conn, segments, &first, &rv, scratch_pool);
        m->output.level = 0;
    }
    for (int i = 0; i < m->n; i++) {
        m->inputs[i].segment = APR_ARRAY_IDX(segments, first + i, okapi__segment_t);
    }
    if (m->n) {
        m->output.level += m->inputs[0].segment.level;
        m->output.first_doc = m->inputs[0].segment.first_doc;
        m->output.last_doc = m->inputs[m->n - 1].segment.last_doc;
    }
    return rv;
}

/* ---- which documents ---- */

typedef struct live_t {
    merge_t *m;
    apr_int64_t from, last;
    int n;
} live_t;

static apr_status_t read_live(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    live_t *l = baton;
    merge_t *m = l->m;
    okapi__rows_t *rows;
    l->n = 0;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_FTS_DOCS_RANGE,
                                       DB_ARGS(DB_I(m->store_id), DB_I(l->from),
                                               DB_I(m->output.last_doc), DB_I(DOCS_AT_ONCE)),
                                       scratch_pool);
    for (; rv == APR_SUCCESS && okapi__rows_next(rows); l->n++) {
        l->last = okapi__rows_int(rows, 0);
        m->live[(l->last - m->output.first_doc) / 8] |=
            (unsigned char)(1 << (l->last - m->output.first_doc) % 8);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static int is_live(const merge_t *m, apr_int64_t doc)
{
    apr_int64_t bit = doc - m->output.first_doc;
    return doc >= m->output.first_doc && doc <= m->output.last_doc &&
           (m->live[bit / 8] >> bit % 8 & 1);
}

/* The new segment's row, and without the documents of messages that left while they were read. */
static apr_status_t begin_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    merge_t *m = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_exec(conn, STMT_FTS_SEGMENT_TAKE, NULL, DB_ARGS(DB_I(m->store_id)),
                                     scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_select_one(&rows, &found, conn, STMT_FTS_STATE, DB_ARGS(DB_I(m->store_id)),
                                  scratch_pool);
    }
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : APR_EOF;
    }
    m->output.id = okapi__rows_int(rows, 6) - 1;
    okapi__segment_t building = m->output;
    building.level = OKAPI__SEGMENT_BUILDING;
    rv = okapi__segment_add(conn, m->store_id, &building, scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__db_exec(conn, STMT_FTS_DOCS_ORPHAN, NULL,
                                DB_ARGS(DB_I(m->store_id), DB_I(m->output.first_doc),
                                        DB_I(m->output.last_doc)),
                                scratch_pool)
               : rv;
}

static apr_status_t begin(merge_t *m, apr_pool_t *scratch_pool)
{
    live_t l = {.m = m, .from = m->output.first_doc};
    apr_int64_t range = m->output.last_doc - m->output.first_doc + 1;
    apr_status_t rv = okapi__db_write(m->okapi->db, begin_work, m, scratch_pool);
    m->live = apr_pcalloc(m->pool, (apr_size_t)(range / 8 + 1));
    do {
        if (rv == APR_SUCCESS) {
            rv = okapi__db_read(m->okapi->db, read_live, &l, scratch_pool);
            m->output.docs += l.n;
            l.from = l.last + 1;
        }
    } while (rv == APR_SUCCESS && l.n == DOCS_AT_ONCE);
    return rv;
}

/* ---- reading ---- */

static apr_status_t read_page(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    merge_t *m = baton;
    input_t *in = m->reading;
    okapi__rows_t *rows;
    apr_pool_clear(in->pool);
    in->blocks = apr_array_make(in->pool, PAGE, sizeof(okapi_binary_t));
    in->next = 0;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_FTS_BLOCKS,
                                       DB_ARGS(DB_I(m->store_id), DB_I(in->segment.id),
                                               DB_I(in->seq), DB_I(PAGE)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_binary_t data = okapi__rows_blob(rows, 1);
        data.data = apr_pmemdup(in->pool, data.data, data.len);
        APR_ARRAY_PUSH(in->blocks, okapi_binary_t) = data;
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* To the next entry of an input. */
static apr_status_t advance(merge_t *m, input_t *in, apr_pool_t *scratch_pool)
{
    while (!in->at_end && !okapi__entries_next(&in->entry)) {
        if (in->entry.bad) {
            return OKAPI_ECORRUPT;
        }
        if (in->next == in->blocks->nelts) {
            m->reading = in;
            apr_status_t rv = okapi__db_read(m->okapi->db, read_page, m, scratch_pool);
            if (rv != APR_SUCCESS) {
                return rv;
            }
            in->seq += in->blocks->nelts;
        }
        in->at_end = in->blocks->nelts == 0;
        if (!in->at_end) {
            okapi__entries_init(&in->entry,
                                APR_ARRAY_IDX(in->blocks, in->next++, okapi_binary_t));
        }
    }
    return APR_SUCCESS;
}

/* The input with the least word, of those with the same the first. */
static input_t *least(merge_t *m)
{
    input_t *best = NULL;
    for (int i = 0; i < m->n; i++) {
        input_t *in = &m->inputs[i];
        if (!in->at_end && (!best || okapi__word_compare(in->entry.word, in->entry.len,
                                                         best->entry.word, best->entry.len) < 0)) {
            best = in;
        }
    }
    return best;
}

/* ---- writing ---- */

/* APR_EOF if the new segment has been swept. */
static apr_status_t write_blocks(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const merge_t *m = baton;
    apr_int64_t affected;
    apr_status_t rv = okapi__db_exec(conn, STMT_FTS_SEGMENT_GROW, &affected,
                                     DB_ARGS(DB_I(m->packer.bytes), DB_I(m->store_id),
                                             DB_I(m->output.id), DB_I(OKAPI__SEGMENT_BUILDING)),
                                     scratch_pool);
    if (rv != APR_SUCCESS || affected == 0) {
        return rv != APR_SUCCESS ? rv : APR_EOF;
    }
    return okapi__blocks_add(conn, m->store_id, m->output.id, m->seq, m->packer.blocks,
                             scratch_pool);
}

static apr_status_t flush(merge_t *m, apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi__db_write(m->okapi->db, write_blocks, m, scratch_pool);
    m->seq += m->packer.blocks->nelts;
    okapi__packer_clear(&m->packer);
    return rv;
}

static apr_status_t add_entry(merge_t *m, const okapi__entry_iter_t *entry)
{
    okapi__postings_t postings;
    okapi__posting_t posting;
    okapi__postings_init(&postings, entry->postings);
    while (okapi__postings_next(&postings, &posting)) {
        if (is_live(m, posting.doc)) {
            okapi__packer_add(&m->packer, &posting);
        }
    }
    return postings.bad ? OKAPI_ECORRUPT : APR_SUCCESS;
}

static apr_status_t run(merge_t *m, apr_pool_t *scratch_pool)
{
    char word[sizeof(m->packer.word)] = "";
    apr_size_t len = 0;
    input_t *in;
    apr_status_t rv = APR_SUCCESS;
    while (rv == APR_SUCCESS && (in = least(m)) != NULL) {
        if (in->entry.len != len || memcmp(in->entry.word, word, len) != 0) {
            len = in->entry.len;
            memcpy(word, in->entry.word, len);
            okapi__packer_word(&m->packer, word, len);
        }
        rv = add_entry(m, &in->entry);
        if (rv == APR_SUCCESS && m->packer.blocks->nelts >= STEP_BLOCKS) {
            rv = m->stop && m->stop(m->stop_baton) ? APR_EINTR : flush(m, scratch_pool);
        }
        if (rv == APR_SUCCESS) {
            rv = advance(m, in, scratch_pool);
        }
    }
    okapi__packer_finish(&m->packer);
    return rv;
}

/* APR_EOF if they aren't all there any more. */
static apr_status_t take_places(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    merge_t *m = baton;
    apr_int64_t affected;
    apr_status_t rv = write_blocks(conn, m, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < m->n; i++) {
        const okapi__segment_t *s = &m->inputs[i].segment;
        rv = okapi__db_exec(conn, STMT_FTS_SEGMENT_LEVEL, &affected,
                            DB_ARGS(DB_I(OKAPI__SEGMENT_GONE), DB_I(m->store_id), DB_I(s->id),
                                    DB_I(s->level)),
                            scratch_pool);
        if (rv == APR_SUCCESS && affected == 0) {
            rv = APR_EOF;
        }
    }
    if (rv == APR_SUCCESS) {
        int level = m->output.docs ? m->output.level : OKAPI__SEGMENT_GONE;
        rv = okapi__db_exec(conn, STMT_FTS_SEGMENT_DONE, NULL,
                            DB_ARGS(DB_I(level), DB_I(m->output.docs), DB_I(m->store_id),
                                    DB_I(m->output.id)),
                            scratch_pool);
    }
    return rv;
}

static apr_status_t merge(merge_t *m, apr_pool_t *scratch_pool)
{
    apr_status_t rv = begin(m, scratch_pool);
    okapi__packer_init(&m->packer, m->pool);
    for (int i = 0; i < m->n; i++) {
        input_t *in = &m->inputs[i];
        apr_pool_create(&in->pool, m->pool);
        in->blocks = apr_array_make(in->pool, 0, sizeof(okapi_binary_t));
        if (rv == APR_SUCCESS) {
            rv = advance(m, in, scratch_pool);
        }
    }
    if (rv == APR_SUCCESS) {
        rv = run(m, scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__db_write(m->okapi->db, take_places, m, scratch_pool) : rv;
}

apr_status_t okapi__fulltext_merge(okapi_t *okapi, okapi_id_t store_id, int tidy,
                                   int (*stop)(void *baton), void *baton, int *level,
                                   apr_pool_t *scratch_pool)
{
    apr_pool_t *pool, *step_pool;
    apr_pool_create(&pool, scratch_pool);
    apr_pool_create(&step_pool, pool);
    merge_t *m = apr_pcalloc(pool, sizeof(*m));
    m->okapi = okapi;
    m->store_id = store_id;
    m->tidy = tidy;
    m->stop = stop;
    m->stop_baton = baton;
    m->pool = pool;
    apr_status_t rv = okapi__db_read(okapi->db, choose, m, step_pool);
    int n = m->n;
    if (rv == APR_SUCCESS && n) {
        rv = merge(m, step_pool);
    }
    *level = rv == APR_SUCCESS && n ? m->output.level : -1;
    apr_pool_destroy(pool);
    return rv == APR_EOF || rv == APR_EINTR ? APR_SUCCESS : rv;
}
