/* fulltext_find.c - the documents that have a word, the beginning of one, or several words in a
 * row.
 *
 * An occurrence is one number - document, field, position - so the next word of a phrase is found
 * by adding to it.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "fulltext_private.h"

enum {
    BLOCKS_AT_ONCE = 16,
    DOC_SHIFT = 29, /* five bits of fields, 24 of position */
    FIELD_SHIFT = 24,
    FOUND_MAX = 32 << 20 /* occurrences in memory */
};

/* What is looked for, and what was found. */
typedef struct find_t {
    okapi__conn_t *conn;
    okapi_id_t store_id;
    const apr_array_header_t *segments;
    const apr_array_header_t *filter; /* documents of interest, or NULL */
    int filter_at;
    const char *word, *above; /* from the one up to the other */
    apr_size_t len;
    int prefix;
    int fields;
    int with_positions; /* else there is one occurrence for a document, without a place */
    apr_int64_t doc;    /* whose positions are read */
    apr_uint64_t *found;
    int nfound, size;
    int is_sorted;
    apr_pool_t *pool;
} find_t;

static void push(find_t *f, apr_uint64_t occurrence)
{
    if (f->nfound == f->size && f->size < FOUND_MAX) {
        int size = f->size ? 2 * f->size : 256;
        apr_uint64_t *found = apr_palloc(f->pool, sizeof(*found) * (apr_size_t)size);
        if (f->nfound) {
            memcpy(found, f->found, sizeof(*found) * (apr_size_t)f->nfound);
        }
        f->found = found;
        f->size = size;
    }
    if (f->nfound < f->size) {
        f->is_sorted &= f->nfound == 0 || f->found[f->nfound - 1] < occurrence;
        f->found[f->nfound] = occurrence;
    }
    f->nfound++;
}

static void push_position(void *baton, int field, int position)
{
    find_t *f = baton;
    if (field & f->fields) {
        push(f, (apr_uint64_t)f->doc << DOC_SHIFT | (apr_uint64_t)field << FIELD_SHIFT |
                    (apr_uint64_t)position);
    }
}

/* Documents come in ascending order within an entry, and start anew with the next. */
static int is_of_interest(find_t *f, apr_int64_t doc)
{
    const apr_int64_t *docs = f->filter ? (const apr_int64_t *)f->filter->elts : NULL;
    if (!docs) {
        return 1;
    }
    int n = f->filter->nelts;
    if (f->filter_at > 0 && (f->filter_at >= n || docs[f->filter_at - 1] >= doc)) {
        f->filter_at = 0;
    }
    while (f->filter_at < n && docs[f->filter_at] < doc) {
        f->filter_at++;
    }
    return f->filter_at < n && docs[f->filter_at] == doc;
}

static apr_status_t take_entry(find_t *f, const okapi__entry_iter_t *entry)
{
    okapi__postings_t postings;
    okapi__posting_t posting;
    int good = 1;
    okapi__postings_init(&postings, entry->postings);
    while (good && okapi__postings_next(&postings, &posting)) {
        if (!(posting.fields & f->fields) || !is_of_interest(f, posting.doc)) {
            continue;
        }
        f->doc = posting.doc;
        if (f->with_positions) {
            good = okapi__positions_each(&posting, push_position, f);
        } else {
            push(f, (apr_uint64_t)posting.doc << DOC_SHIFT);
        }
    }
    return good && !postings.bad ? APR_SUCCESS : OKAPI_ECORRUPT;
}

static int matches(const find_t *f, const okapi__entry_iter_t *entry)
{
    return entry->len >= f->len && memcmp(entry->word, f->word, f->len) == 0 &&
           (f->prefix || entry->len == f->len);
}

static apr_status_t take_block(find_t *f, okapi_binary_t block)
{
    okapi__entry_iter_t entries;
    apr_status_t rv = APR_SUCCESS;
    okapi__entries_init(&entries, block);
    while (rv == APR_SUCCESS && okapi__entries_next(&entries)) {
        if (matches(f, &entries)) {
            rv = take_entry(f, &entries);
        } else if (okapi__word_compare(entries.word, entries.len, f->word, f->len) > 0) {
            break;
        }
    }
    return rv == APR_SUCCESS && entries.bad ? OKAPI_ECORRUPT : rv;
}

/* The block before those that begin with the word may have it, too. */
static apr_status_t first_block(apr_int64_t *seq, const find_t *f, apr_int64_t segment,
                                apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, f->conn, STMT_FTS_BLOCK_BEFORE,
                                           DB_ARGS(DB_I(f->store_id), DB_I(segment),
                                                   DB_S(f->word)),
                                           scratch_pool);
    *seq = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

static apr_status_t search_segment(find_t *f, apr_int64_t segment, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    apr_int64_t seq;
    int n;
    apr_status_t rv = first_block(&seq, f, segment, scratch_pool);
    apr_pool_create(&pool, scratch_pool);
    do {
        okapi__rows_t *rows;
        n = 0;
        apr_pool_clear(pool);
        if (rv == APR_SUCCESS) {
            rv = okapi__db_select(&rows, f->conn, STMT_FTS_BLOCKS_UPTO,
                                  DB_ARGS(DB_I(f->store_id), DB_I(segment), DB_I(seq),
                                          DB_S(f->above), DB_I(BLOCKS_AT_ONCE)),
                                  pool);
        }
        for (; rv == APR_SUCCESS && okapi__rows_next(rows); n++) {
            seq = okapi__rows_int(rows, 0) + 1;
            rv = take_block(f, okapi__rows_blob(rows, 1));
        }
        rv = rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
    } while (rv == APR_SUCCESS && n == BLOCKS_AT_ONCE);
    apr_pool_destroy(pool);
    return rv;
}

static int by_number(const void *a, const void *b)
{
    apr_uint64_t x = *(const apr_uint64_t *)a, y = *(const apr_uint64_t *)b;
    return (x > y) - (x < y);
}

/* In order, each once. */
static void sort(find_t *f)
{
    int n = 0;
    if (f->is_sorted) {
        return;
    }
    qsort(f->found, (size_t)f->nfound, sizeof(*f->found), by_number);
    for (int i = 0; i < f->nfound; i++) {
        if (n == 0 || f->found[n - 1] != f->found[i]) {
            f->found[n++] = f->found[i];
        }
    }
    f->nfound = n;
}

/* All occurrences of one word. */
static apr_status_t find_word(find_t *f, const okapi__word_t *word, int prefix,
                              apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    f->word = apr_pstrmemdup(f->pool, word->text, word->len);
    f->len = word->len;
    f->prefix = prefix;
    /* Nothing is above the last character there is. */
    f->above = prefix ? apr_pstrcat(f->pool, f->word, "\xF4\x8F\xBF\xBF", NULL) : f->word;
    f->found = NULL;
    f->nfound = f->size = 0;
    f->is_sorted = 1;
    for (int i = 0; rv == APR_SUCCESS && i < f->segments->nelts; i++) {
        const okapi__segment_t *s = &APR_ARRAY_IDX(f->segments, i, okapi__segment_t);
        rv = search_segment(f, s->id, scratch_pool);
        rv = rv == APR_SUCCESS && f->nfound > f->size ? OKAPI_ETOOBIG : rv;
    }
    if (rv == APR_SUCCESS) {
        sort(f);
    }
    return rv;
}

/* ---- phrases ---- */

/* The words of a term that are looked for: of a run without spaces its pairs, which say what the
 * last character is; a single one of these is the beginning of a pair, or a run's end. */
static apr_array_header_t *words_of(const okapi_fulltext_term_t *term, apr_pool_t *result_pool)
{
    apr_array_header_t *words = apr_array_make(result_pool, 8, sizeof(okapi__word_t));
    okapi__words_t walk;
    okapi__word_t word;
    okapi__words_init(&walk, term->text, result_pool);
    while (okapi__words_next(&walk, &word)) {
        if (!word.is_dense || !word.is_last || word.is_first) {
            APR_ARRAY_PUSH(words, okapi__word_t) = word;
        }
    }
    return words;
}

static int is_prefix(const okapi__word_t *word, int is_last_word, const okapi_fulltext_term_t *term)
{
    return word->is_dense ? word->is_last : is_last_word && term->prefix;
}

/* Keeps of N occurrences of a phrase's first words those that go on with MORE, DISTANCE behind. */
static int intersect(apr_uint64_t *found, int n, const find_t *more, int distance)
{
    int kept = 0;
    for (int i = 0, j = 0; i < n; i++) {
        apr_uint64_t wanted = found[i] + (apr_uint64_t)distance;
        while (j < more->nfound && more->found[j] < wanted) {
            j++;
        }
        if (j < more->nfound && more->found[j] == wanted) {
            found[kept++] = found[i];
        }
    }
    return kept;
}

static void push_docs(apr_array_header_t *docs, const apr_uint64_t *found, int n)
{
    for (int i = 0; i < n; i++) {
        apr_int64_t doc = (apr_int64_t)(found[i] >> DOC_SHIFT);
        if (docs->nelts == 0 || APR_ARRAY_IDX(docs, docs->nelts - 1, apr_int64_t) != doc) {
            APR_ARRAY_PUSH(docs, apr_int64_t) = doc;
        }
    }
}

apr_status_t okapi__fulltext_find(apr_array_header_t **docs, int *has_word, okapi__conn_t *conn,
                                  okapi_id_t store_id, const apr_array_header_t *segments,
                                  const okapi_fulltext_term_t *term,
                                  const apr_array_header_t *filter, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, scratch_pool);
    const apr_array_header_t *words = words_of(term, pool);
    find_t f = {.conn = conn, .store_id = store_id, .segments = segments, .filter = filter};
    apr_uint64_t *found = NULL;
    int n = 0;
    apr_status_t rv = APR_SUCCESS;
    f.fields = term->fields ? term->fields : OKAPI_FULLTEXT_ALL;
    f.with_positions = words->nelts > 1;
    f.pool = pool;
    *has_word = words->nelts > 0;
    *docs = apr_array_make(result_pool, 16, sizeof(apr_int64_t));
    for (int i = 0; rv == APR_SUCCESS && i < words->nelts; i++) {
        const okapi__word_t *word = &APR_ARRAY_IDX(words, i, okapi__word_t);
        rv = find_word(&f, word, is_prefix(word, i == words->nelts - 1, term), pool);
        if (rv == APR_SUCCESS && i == 0) {
            found = f.found;
            n = f.nfound;
        } else if (rv == APR_SUCCESS) {
            n = intersect(found, n, &f,
                          word->position - APR_ARRAY_IDX(words, 0, okapi__word_t).position);
        }
        if (n == 0) {
            break;
        }
    }
    if (rv == APR_SUCCESS) {
        push_docs(*docs, found, n);
    }
    apr_pool_destroy(pool);
    return rv;
}
