/* fulltext_private.h - the index of words inside: words of a text, postings, segments.
 *
 * Words are found in C and postings are kept in our own blocks, because the databases' own full
 * text differs in what a word is and has one index for all stores. A batch of messages becomes a
 * segment, which never changes; when there are many small ones they are merged into a larger one.
 */
#ifndef OKAPI_FULLTEXT_PRIVATE_H
#define OKAPI_FULLTEXT_PRIVATE_H

#include <apr_hash.h>
#include <okapi/fulltext.h>
#include <okapi/restriction.h>

#include "db/db.h"

/* ---- fulltext_word.c ---- */

enum { OKAPI__WORD_MAX = 40 }; /* characters of a word that are kept */

typedef struct okapi__word_t {
    const char *text; /* folded, in the text that is walked */
    apr_size_t len;
    int position;   /* in the text, from 0 */
    int is_dense;   /* of a script without spaces: a pair of characters, or a run's last one */
    int is_first;   /* dense: the run begins here */
    int is_last;    /* dense: it ends here, and TEXT is one character */
    int begins, ends; /* the folded text begins or ends with it */
} okapi__word_t;

typedef struct okapi__words_t {
    const char *text;
    int at, len;
    int position;
    int in_run; /* inside of a dense one */
} okapi__words_t;

void okapi__words_init(okapi__words_t *words, const char *text, apr_pool_t *result_pool);
int okapi__words_next(okapi__words_t *words, okapi__word_t *word); /* 1: there is one */

/* ---- fulltext_posting.c: where a word stands ---- */

/* Documents are numbered within the store; fields are OKAPI_FULLTEXT_*. */
typedef struct okapi__posting_t {
    apr_int64_t doc;
    int fields;                     /* those that have the word */
    int is_single;                  /* it has it once */
    const unsigned char *positions; /* packed, for each field in turn */
    apr_size_t len;
} okapi__posting_t;

typedef struct okapi__postings_t {
    const unsigned char *at, *end;
    apr_int64_t doc;
    int bad; /* what was read makes no sense */
} okapi__postings_t;

void okapi__postings_init(okapi__postings_t *postings, okapi_binary_t packed);
int okapi__postings_next(okapi__postings_t *postings, okapi__posting_t *posting);

/* Calls EACH for each position. 0 if they make no sense. */
int okapi__positions_each(const okapi__posting_t *posting,
                          void (*each)(void *baton, int field, int position), void *baton);

/* A block: words in order, each with postings. */
typedef struct okapi__entry_iter_t {
    const unsigned char *at, *end;
    char word[256];
    apr_size_t len;
    okapi_binary_t postings; /* packed */
    int bad;
} okapi__entry_iter_t;

void okapi__entries_init(okapi__entry_iter_t *entries, okapi_binary_t block);
int okapi__entries_next(okapi__entry_iter_t *entries);

/* strcmp for words with lengths. */
int okapi__word_compare(const void *a, apr_size_t a_len, const void *b, apr_size_t b_len);

typedef struct okapi__block_t {
    const char *first; /* word */
    okapi_binary_t data;
} okapi__block_t;

/* Writes blocks: a word, then its postings by document, then the next word. */
typedef struct okapi__packer_t {
    apr_array_header_t *blocks; /* of okapi__block_t: those that are full */
    apr_pool_t *blocks_pool;
    okapi_writer_t block, entry; /* as far as they have come */
    char word[256], last[256];   /* the entry's, and that of the one before it */
    apr_size_t word_len, last_len;
    const char *first; /* the block's */
    apr_int64_t doc;   /* the entry's last */
    apr_int64_t bytes; /* of all blocks so far */
} okapi__packer_t;

/* A number in seven bits of each byte, the lowest first. */
void okapi__number_write(okapi_writer_t *w, apr_uint64_t n);

void okapi__packer_init(okapi__packer_t *packer, apr_pool_t *result_pool);
void okapi__packer_word(okapi__packer_t *packer, const char *word, apr_size_t len);
void okapi__packer_add(okapi__packer_t *packer, const okapi__posting_t *posting);
void okapi__packer_finish(okapi__packer_t *packer);

/* Forgets the full blocks. */
void okapi__packer_clear(okapi__packer_t *packer);

/* ---- fulltext_builder.c ---- */

/* Collects the words of documents, in the order of their numbers, until they are packed. */
typedef struct okapi__builder_t okapi__builder_t;
okapi__builder_t *okapi__builder_create(apr_pool_t *result_pool);
int okapi__builder_size(const okapi__builder_t *builder); /* positions so far */

void okapi__builder_doc(okapi__builder_t *builder, apr_int64_t doc);

/* Adds TEXT to FIELD of the document; fields in ascending order. With NEW_ONLY only words that the
 * field hasn't yet. 0 if there is more of it than is kept. */
int okapi__builder_add(okapi__builder_t *builder, int field, const char *text, int new_only,
                       apr_pool_t *scratch_pool);
void okapi__builder_pack(okapi__builder_t *builder, okapi__packer_t *packer);

/* ---- fulltext_segment.c ---- */

/* fts_segment.level of those that aren't part of the index: being made, to be removed. */
enum { OKAPI__SEGMENT_BUILDING = -1, OKAPI__SEGMENT_GONE = -2 };

typedef struct okapi__segment_t {
    apr_int64_t id;
    int level;
    apr_int64_t first_doc, last_doc;
    apr_int64_t docs, bytes;
} okapi__segment_t;

/* Those that are part of the index, the oldest first, as an array of okapi__segment_t. */
apr_status_t okapi__segments_list(apr_array_header_t **segments, okapi__conn_t *conn,
                                  okapi_id_t store_id, apr_pool_t *result_pool);
apr_status_t okapi__segment_add(okapi__conn_t *conn, okapi_id_t store_id,
                                const okapi__segment_t *segment, apr_pool_t *scratch_pool);
apr_status_t okapi__blocks_add(okapi__conn_t *conn, okapi_id_t store_id, apr_int64_t segment,
                               apr_int64_t first_seq, const apr_array_header_t *blocks,
                               apr_pool_t *scratch_pool);

/* Removes what is no part of the index, in short transactions. */
apr_status_t okapi__segments_sweep(okapi_t *okapi, okapi_id_t store_id, apr_pool_t *scratch_pool);

/* ---- fulltext_merge.c ---- */

/* Merges one group of segments, if there is one that should be, or with TIDY rewrites one of which
 * most has gone. *LEVEL is that of what has become of them; -1: there was nothing to do. */
apr_status_t okapi__fulltext_merge(okapi_t *okapi, okapi_id_t store_id, int tidy,
                                   int (*stop)(void *baton), void *baton, int *level,
                                   apr_pool_t *scratch_pool);

/* ---- fulltext_text.c ---- */

/* fts_doc.flags */
enum {
    OKAPI__DOC_PARTIAL = 0x1,    /* it has more text than is kept */
    OKAPI__DOC_UNREADABLE = 0x2 /* something in it couldn't be read */
};

/* What was read of large values, which are often the same in several messages. */
typedef struct okapi__reads_t {
    apr_hash_t *by_key; /* blob and source: what came of it */
    apr_size_t bytes;
    apr_pool_t *pool;
} okapi__reads_t;

typedef struct okapi__text_t {
    okapi_t *okapi;
    okapi__reads_t *reads;
    const okapi_fulltext_reader_t *reader;
    okapi__builder_t *builder;
    okapi_fulltext_fed_t *fed;
    apr_size_t left; /* bytes of the message's text that may still come */
    int flags;       /* OKAPI__DOC_* */
} okapi__text_t;

/* Adds the text of the message ID to the builder's document. OKAPI_EOBJECTDELETED. */
apr_status_t okapi__text_add_message(okapi__text_t *text, okapi_id_t store_id, okapi_id_t id,
                                     apr_pool_t *scratch_pool);

/* ---- fulltext_find.c ---- */

/* Adds to DOCS, an array of apr_int64_t, the documents that have the term, in order; FILTER (may be
 * NULL) has those that are of interest. *HAS_WORD 0: there is no word in it. */
apr_status_t okapi__fulltext_find(apr_array_header_t **docs, int *has_word, okapi__conn_t *conn,
                                  okapi_id_t store_id, const apr_array_header_t *segments,
                                  const okapi_fulltext_term_t *term,
                                  const apr_array_header_t *filter, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool);

/* ---- fulltext_search.c ---- */

/* A message that is a document: those that aren't deleted, in a folder that isn't. */
typedef struct okapi__found_t {
    okapi_id_t id, folder_id;
    int part;
    apr_uint32_t flags;
    okapi_id_t creator;
} okapi__found_t;
typedef void (*okapi__message_fn_t)(void *baton, const okapi__found_t *found);
apr_status_t okapi__fulltext_resolve(okapi__conn_t *conn, okapi_id_t store_id,
                                     const apr_array_header_t *docs, okapi__message_fn_t each,
                                     void *baton, apr_pool_t *scratch_pool);

/* ---- fulltext_candidates.c ---- */

/* Which messages of a folder RESTRICTION can match, as the actor sees them: *IDS is an array of
 * okapi_id_t in order that has all that match, and some that don't; each is to be tried. *IDS is
 * NULL if the index can't tell: then all messages are. */
apr_status_t okapi__fulltext_candidates(apr_array_header_t **ids, okapi_store_t *store,
                                        okapi_id_t folder_id,
                                        const okapi_restriction_t *restriction,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* ---- fulltext.c ---- */

/* Removes everything of a store that is deleted, in short transactions. */
apr_status_t okapi__fulltext_purge(okapi_t *okapi, okapi_id_t store_id, apr_pool_t *scratch_pool);

#endif
