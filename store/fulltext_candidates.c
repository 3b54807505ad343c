/* fulltext_candidates.c - which messages a restriction can match, found by the words in it.
 *
 * A restriction compares characters and the index knows words, so a text is looked for by those of
 * its words that are whole in whatever it is found in: not by its first one, if the rest of a word
 * may stand before it, and by the beginning of its last one. All folding of restrictions is part of
 * the index's, hence what matches is found.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "access.h"
#include "fulltext_private.h"
#include "message_private.h"

typedef struct narrow_t {
    okapi_store_t *store;
    okapi_id_t folder_id;
    const okapi_restriction_t *restriction;
    okapi__conn_t *conn;
    apr_array_header_t *segments;
    apr_array_header_t *ids; /* the result, or NULL */
    apr_pool_t *result_pool;
} narrow_t;

static const struct {
    okapi_proptag_t tag;
    int field;
} fields[] = {
    {PR_SUBJECT, OKAPI_FULLTEXT_SUBJECT},
    {PR_NORMALIZED_SUBJECT, OKAPI_FULLTEXT_SUBJECT},
    {PR_BODY, OKAPI_FULLTEXT_BODY},
    {PR_SENDER_NAME, OKAPI_FULLTEXT_SENDER},
    {PR_SENT_REPRESENTING_NAME, OKAPI_FULLTEXT_SENDER},
};

/* The field of the index that has all of the property's words; 0: none. */
static int field_of(okapi_proptag_t tag)
{
    for (apr_size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (OKAPI_PROP_ID(fields[i].tag) == OKAPI_PROP_ID(tag)) {
            return fields[i].field;
        }
    }
    return 0;
}

/* ---- sets of documents, in order; NULL is all of them ---- */

static apr_array_header_t *both(const apr_array_header_t *a, apr_array_header_t *b,
                                apr_pool_t *result_pool)
{
    apr_array_header_t *set = apr_array_make(result_pool, 16, sizeof(apr_int64_t));
    for (int i = 0, j = 0; i < a->nelts && j < b->nelts;) {
        apr_int64_t x = APR_ARRAY_IDX(a, i, apr_int64_t), y = APR_ARRAY_IDX(b, j, apr_int64_t);
        if (x == y) {
            APR_ARRAY_PUSH(set, apr_int64_t) = x;
        }
        i += x <= y;
        j += y <= x;
    }
    return set;
}

static apr_array_header_t *either(const apr_array_header_t *a, const apr_array_header_t *b,
                                  apr_pool_t *result_pool)
{
    apr_array_header_t *set = apr_array_make(result_pool, a->nelts + b->nelts + 1,
                                             sizeof(apr_int64_t));
    for (int i = 0, j = 0; i < a->nelts || j < b->nelts;) {
        apr_int64_t x = i < a->nelts ? APR_ARRAY_IDX(a, i, apr_int64_t) : APR_INT64_MAX;
        apr_int64_t y = j < b->nelts ? APR_ARRAY_IDX(b, j, apr_int64_t) : APR_INT64_MAX;
        APR_ARRAY_PUSH(set, apr_int64_t) = x < y ? x : y;
        i += x <= y;
        j += y <= x;
    }
    return set;
}

/* ---- texts ---- */

/* Is a plain word of PATTERN a word of its own in every text that has PATTERN? */
static int is_whole(const okapi__word_t *word, const okapi_restriction_t *res)
{
    return !word->begins || (res->fuzzy & FL_LEVEL_MASK) != FL_SUBSTRING;
}

static int may_go_on(const okapi__word_t *word, const okapi_restriction_t *res)
{
    return word->ends && (res->fuzzy & FL_LEVEL_MASK) != FL_FULLSTRING;
}

/* Narrows *SET by one word; it stays as it is if that can't be looked for. */
static apr_status_t narrow_by(apr_array_header_t **set, const narrow_t *n, int field,
                              const okapi_restriction_t *res, const okapi__word_t *word,
                              apr_pool_t *pool)
{
    okapi_fulltext_term_t term = {apr_pstrmemdup(pool, word->text, word->len), field, 0};
    apr_array_header_t *docs;
    int has_word;
    if (word->is_dense ? word->is_last && !word->is_first : !is_whole(word, res)) {
        return APR_SUCCESS;
    }
    term.prefix = !word->is_dense && may_go_on(word, res);
    apr_status_t rv = okapi__fulltext_find(&docs, &has_word, n->conn, n->store->id, n->segments,
                                           &term, *set, pool, pool);
    if (rv == OKAPI_ETOOBIG) {
        return APR_SUCCESS;
    }
    *set = rv == APR_SUCCESS && has_word ? docs : *set;
    return rv;
}

static apr_status_t of_content(apr_array_header_t **set, const narrow_t *n,
                               const okapi_restriction_t *res, apr_pool_t *pool)
{
    int field = field_of(res->tag), type = OKAPI_PROP_TYPE(res->prop.tag);
    okapi__words_t words;
    okapi__word_t word;
    apr_status_t rv = APR_SUCCESS;
    if (!field || (type != PT_UNICODE && type != PT_STRING8)) {
        return APR_SUCCESS;
    }
    okapi__words_init(&words, res->prop.v.str, pool);
    while (rv == APR_SUCCESS && okapi__words_next(&words, &word)) {
        rv = narrow_by(set, n, field, res, &word, pool);
    }
    return rv;
}

/* ---- restrictions ---- */

static apr_status_t of(apr_array_header_t **set, const narrow_t *n, const okapi_restriction_t *res,
                       apr_pool_t *pool);

static apr_status_t of_all(apr_array_header_t **set, const narrow_t *n,
                           const okapi_restriction_t *res, apr_pool_t *pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < res->n; i++) {
        apr_array_header_t *docs;
        rv = of(&docs, n, &res->children[i], pool);
        if (rv == APR_SUCCESS && docs) {
            *set = *set ? both(*set, docs, pool) : docs;
        }
    }
    return rv;
}

static apr_status_t of_any(apr_array_header_t **set, const narrow_t *n,
                           const okapi_restriction_t *res, apr_pool_t *pool)
{
    apr_array_header_t *found = apr_array_make(pool, 16, sizeof(apr_int64_t));
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < res->n; i++) {
        apr_array_header_t *docs;
        rv = of(&docs, n, &res->children[i], pool);
        if (rv == APR_SUCCESS && !docs) {
            return APR_SUCCESS; /* one that can match anything */
        }
        found = rv == APR_SUCCESS ? either(found, docs, pool) : found;
    }
    *set = found;
    return rv;
}

/* *SET has all documents that RES can match; NULL: that can't be told. */
static apr_status_t of(apr_array_header_t **set, const narrow_t *n, const okapi_restriction_t *res,
                       apr_pool_t *pool)
{
    *set = NULL;
    switch (res->type) {
    case RES_AND:
    case RES_COMMENT:
    case RES_COUNT:
        return of_all(set, n, res, pool);
    case RES_OR:
        return of_any(set, n, res, pool);
    case RES_CONTENT:
        return of_content(set, n, res, pool);
    default:
        return APR_SUCCESS;
    }
}

/* ---- messages ---- */

static void take(void *baton, const okapi__found_t *found)
{
    const narrow_t *n = baton;
    if (found->folder_id == n->folder_id) {
        APR_ARRAY_PUSH(n->ids, okapi_id_t) = found->id;
    }
}

/* Those of which the index doesn't know everything, or others than the actor sees. */
static apr_status_t add_uncertain(const narrow_t *n, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, n->conn, STMT_FTS_STATE,
                                           DB_ARGS(DB_I(n->store->id)), scratch_pool);
    okapi_cn_t cn = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    if (rv == APR_SUCCESS) {
        rv = okapi__db_select(&rows, n->conn, STMT_FTS_UNCERTAIN,
                              DB_ARGS(DB_I(n->folder_id), DB_I(cn),
                                      DB_I(n->store->sees_private ? 0 : OKAPI__MSGFLAG_PRIVATE)),
                              scratch_pool);
    }
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(n->ids, okapi_id_t) = okapi__rows_int(rows, 0);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static int by_number(const void *a, const void *b)
{
    apr_int64_t x = *(const apr_int64_t *)a, y = *(const apr_int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_once(apr_array_header_t *ids)
{
    okapi_id_t *id = (okapi_id_t *)ids->elts;
    int n = 0;
    qsort(id, (size_t)ids->nelts, sizeof(*id), by_number);
    for (int i = 0; i < ids->nelts; i++) {
        if (n == 0 || id[n - 1] != id[i]) {
            id[n++] = id[i];
        }
    }
    ids->nelts = n;
}

static apr_status_t narrow(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    narrow_t *n = baton;
    apr_array_header_t *docs;
    n->conn = conn;
    n->ids = NULL;
    apr_status_t rv = okapi__segments_list(&n->segments, conn, n->store->id, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = of(&docs, n, n->restriction, scratch_pool);
    }
    if (rv != APR_SUCCESS || !docs) {
        return rv;
    }
    n->ids = apr_array_make(n->result_pool, docs->nelts + 1, sizeof(okapi_id_t));
    rv = okapi__fulltext_resolve(conn, n->store->id, docs, take, n, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = add_uncertain(n, scratch_pool);
    }
    sort_once(n->ids);
    return rv;
}

apr_status_t okapi__fulltext_candidates(apr_array_header_t **ids, okapi_store_t *store,
                                        okapi_id_t folder_id,
                                        const okapi_restriction_t *restriction,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    narrow_t n = {.store = store, .folder_id = folder_id, .restriction = restriction,
                  .result_pool = result_pool};
    apr_status_t rv = okapi__db_read(store->okapi->db, narrow, &n, scratch_pool);
    *ids = rv == APR_SUCCESS ? n.ids : NULL;
    return rv;
}
