/* fulltext_search.c - which messages have all of some words, of those the actor may read. */
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "access.h"
#include "fulltext_private.h"
#include "message_private.h"

enum { AT_ONCE = 32 }; /* the statements' */

typedef struct search_t {
    okapi_store_t *store;
    const okapi_fulltext_term_t *terms;
    int nterms;
    const okapi_id_t *folders;
    int nfolders; /* 0: all */
    int has_word;
    apr_hash_t *rights;
    apr_array_header_t *hits;
    apr_pool_t *pool;
} search_t;

/* ---- from documents to messages ---- */

/* Runs a statement that takes SOME of 32 numbers, after STORE_ID unless that is 0. */
static apr_status_t select_32(okapi__rows_t **rows, okapi__conn_t *conn, okapi__stmt_e stmt,
                              okapi_id_t store_id, const apr_int64_t *some, int n,
                              apr_pool_t *pool)
{
    okapi__arg_t args[1 + AT_ONCE];
    int nargs = 0;
    if (store_id) {
        args[nargs++] = DB_I(store_id);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        args[nargs++] = DB_I(i < n ? some[i] : 0);
    }
    return okapi__db_select(rows, conn, stmt, args, nargs, pool);
}

static apr_status_t resolve_some(okapi__conn_t *conn, okapi_id_t store_id, const apr_int64_t *docs,
                                 int n, okapi__message_fn_t each, void *baton, apr_pool_t *pool)
{
    apr_int64_t ids[AT_ONCE];
    okapi__rows_t *rows;
    apr_status_t rv = select_32(&rows, conn, STMT_FTS_DOC_MESSAGES, store_id, docs, n, pool);
    for (n = 0; rv == APR_SUCCESS && n < AT_ONCE && okapi__rows_next(rows); n++) {
        ids[n] = okapi__rows_int(rows, 0);
    }
    rv = rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
    if (rv == APR_SUCCESS) {
        rv = select_32(&rows, conn, STMT_FTS_MESSAGE_ROWS, 0, ids, n, pool);
    }
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        const okapi__found_t found = {okapi__rows_int(rows, 0), okapi__rows_int(rows, 1),
                                      (int)okapi__rows_int(rows, 2),
                                      (apr_uint32_t)okapi__rows_int(rows, 3),
                                      okapi__rows_int(rows, 4)};
        each(baton, &found);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi__fulltext_resolve(okapi__conn_t *conn, okapi_id_t store_id,
                                     const apr_array_header_t *docs, okapi__message_fn_t each,
                                     void *baton, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < docs->nelts; i += AT_ONCE) {
        int left = docs->nelts - i;
        apr_pool_clear(pool);
        rv = resolve_some(conn, store_id, &APR_ARRAY_IDX(docs, i, apr_int64_t),
                          left < AT_ONCE ? left : AT_ONCE, each, baton, pool);
    }
    apr_pool_destroy(pool);
    return rv;
}

/* ---- searching ---- */

static int is_in(const search_t *s, okapi_id_t folder_id)
{
    for (int i = 0; i < s->nfolders; i++) {
        if (s->folders[i] == folder_id) {
            return 1;
        }
    }
    return s->nfolders == 0;
}

static void take(void *baton, const okapi__found_t *found)
{
    search_t *s = baton;
    apr_uint32_t rights = okapi__rights_in(s->rights, found->folder_id);
    if (is_in(s, found->folder_id) && okapi__rights_visible(rights) &&
        !okapi__message_hidden(s->store, found->flags, found->creator) &&
        okapi__message_rights(s->store, rights, found->part, found->flags, found->creator) &
            OKAPI_RIGHT_READ_ANY) {
        okapi_fulltext_hit_t *hit = apr_array_push(s->hits);
        *hit = (okapi_fulltext_hit_t){found->folder_id, found->id};
    }
}

/* Terms are looked for in turn, each among what the ones before have left. */
static apr_status_t search(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    search_t *s = baton;
    apr_array_header_t *segments, *docs = NULL;
    apr_status_t rv = okapi__segments_list(&segments, conn, s->store->id, scratch_pool);
    apr_array_clear(s->hits);
    s->has_word = 0;
    for (int i = 0; rv == APR_SUCCESS && i < s->nterms && !(docs && docs->nelts == 0); i++) {
        apr_array_header_t *found;
        int has_word;
        rv = okapi__fulltext_find(&found, &has_word, conn, s->store->id, segments, &s->terms[i],
                                  docs, scratch_pool, scratch_pool);
        if (rv == APR_SUCCESS && has_word) {
            docs = found;
            s->has_word = 1;
        }
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__rights_of_store(&s->rights, conn, s->store, scratch_pool);
    }
    return rv == APR_SUCCESS && s->has_word
               ? okapi__fulltext_resolve(conn, s->store->id, docs, take, s, scratch_pool)
               : rv;
}

static int by_id(const void *a, const void *b)
{
    okapi_id_t x = ((const okapi_fulltext_hit_t *)a)->id, y = ((const okapi_fulltext_hit_t *)b)->id;
    return (x > y) - (x < y);
}

apr_status_t okapi_fulltext_search(apr_array_header_t **hits, okapi_store_t *store,
                                   const okapi_fulltext_term_t *terms, int nterms,
                                   const okapi_id_t *folders, int nfolders,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    search_t s = {.store = store, .terms = terms, .nterms = nterms, .folders = folders,
                  .nfolders = nfolders};
    *hits = s.hits = apr_array_make(result_pool, 16, sizeof(okapi_fulltext_hit_t));
    apr_status_t rv = okapi__db_read(store->okapi->db, search, &s, scratch_pool);
    if (rv == APR_SUCCESS && !s.has_word) {
        rv = OKAPI_EINVAL;
    }
    qsort(s.hits->elts, (size_t)s.hits->nelts, sizeof(okapi_fulltext_hit_t), by_id);
    return rv;
}

/* ---- what people type ---- */

apr_array_header_t *okapi_fulltext_parse(const char *text, int fields, apr_pool_t *result_pool)
{
    apr_array_header_t *terms = apr_array_make(result_pool, 4, sizeof(okapi_fulltext_term_t));
    while (*(text += strspn(text, " \t\r\n")) != '\0') {
        int quoted = *text == '"';
        apr_size_t len = strcspn(text + quoted, quoted ? "\"" : " \t\r\n\"");
        okapi_fulltext_term_t *term = apr_array_push(terms);
        *term = (okapi_fulltext_term_t){.fields = fields};
        term->text = apr_pstrmemdup(result_pool, text + quoted, len);
        text += quoted + len;
        text += quoted && *text == '"';
        if (!quoted && len > 0 && text[-1] == '*') {
            term->prefix = 1;
        }
    }
    return terms;
}
