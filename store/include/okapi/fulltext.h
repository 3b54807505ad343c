/* fulltext.h - the words of a store's messages: subjects, bodies, senders, recipients, attachments.
 *
 * An index is fed in the background from the change sequence, so it is a little behind the store.
 * It finds words, without case, accents, width or kind of kana; what is found is the same on every
 * database. A word is a run of letters and digits; scripts that are written without spaces are
 * found by any run of their characters.
 */
#ifndef OKAPI_FULLTEXT_H
#define OKAPI_FULLTEXT_H

#include <apr_tables.h>
#include <okapi/store.h>

/* ---- searching ---- */

enum {
    OKAPI_FULLTEXT_SUBJECT = 0x01,
    OKAPI_FULLTEXT_BODY = 0x02,
    OKAPI_FULLTEXT_SENDER = 0x04,     /* names and addresses */
    OKAPI_FULLTEXT_RECIPIENTS = 0x08,
    OKAPI_FULLTEXT_ATTACHMENTS = 0x10, /* their names, their text, messages in them */
    OKAPI_FULLTEXT_ALL = 0x1F
};

/* One or more words that stand next to each other, in this order, in one of FIELDS. With PREFIX
 * the last of them may go on. */
typedef struct okapi_fulltext_term_t {
    const char *text;
    int fields; /* 0: all */
    int prefix;
} okapi_fulltext_term_t;

typedef struct okapi_fulltext_hit_t {
    okapi_id_t folder_id, id;
} okapi_fulltext_hit_t;

/* The messages that have all of TERMS, by id, as an array of okapi_fulltext_hit_t: those in FOLDERS
 * (N 0: in all) that the actor may read. Terms without a word are passed over; OKAPI_EINVAL if none
 * has one, OKAPI_ETOOBIG for phrases of words that are too common. */
apr_status_t okapi_fulltext_search(apr_array_header_t **hits, okapi_store_t *store,
                                   const okapi_fulltext_term_t *terms, int nterms,
                                   const okapi_id_t *folders, int nfolders,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* What people type, as an array of okapi_fulltext_term_t: words, "phrases in quotation marks",
 * begin* of words. */
apr_array_header_t *okapi_fulltext_parse(const char *text, int fields, apr_pool_t *result_pool);

/* ---- feeding ---- */

/* What a body or an attachment is. */
typedef struct okapi_fulltext_source_t {
    const char *mime_type; /* "text/html"; "" if it isn't known */
    const char *filename;  /* "" for a body */
    int codepage;          /* of text, if it is declared; 0: unknown */
} okapi_fulltext_source_t;

/* The type of PR_RTF_COMPRESSED. */
#define OKAPI_FULLTEXT_RTF_COMPRESSED "application/x-rtf-compressed"

/* Makes text of bytes. */
typedef struct okapi_fulltext_reader_t {
    /* Answers *TEXT in UTF-8, at most MAX bytes of it; NULL if the kind has no text. OKAPI_ETOOBIG:
     * it is but the beginning. OKAPI_EFORMAT: it can't be read, now or later. Any other error ends
     * the feeding, which goes on from there another time. */
    apr_status_t (*read)(void *baton, const char **text, const okapi_fulltext_source_t *source,
                         okapi_stream_t *bytes, apr_size_t max, apr_pool_t *result_pool,
                         apr_pool_t *scratch_pool);
    void *baton;
} okapi_fulltext_reader_t;

typedef struct okapi_fulltext_fed_t {
    apr_int64_t messages;   /* indexed */
    apr_int64_t unreadable; /* bodies and attachments that gave no text though they should */
    apr_int64_t bytes;      /* of text */
} okapi_fulltext_fed_t;

/* Are there stores with changes that aren't in the index? */
apr_status_t okapi_fulltext_is_behind(int *is_behind, okapi_t *okapi, apr_pool_t *scratch_pool);

/* Brings the index of one store (0: all) up to date, in short transactions; STOP (may be NULL) is
 * asked between them. It goes on where it, or another process, was stopped. *FED is also set when
 * it fails. */
apr_status_t okapi_fulltext_feed(okapi_t *okapi, okapi_id_t store_id,
                                 const okapi_fulltext_reader_t *reader, int (*stop)(void *baton),
                                 void *baton, okapi_fulltext_fed_t *fed, apr_pool_t *scratch_pool);

/* Empties the index of a store: the next feeding begins anew. */
apr_status_t okapi_fulltext_reset(okapi_t *okapi, okapi_id_t store_id, apr_pool_t *scratch_pool);

typedef struct okapi_fulltext_state_t {
    okapi_cn_t cn;          /* everything up to here is in the index */
    apr_int64_t messages;   /* in the index */
    apr_int64_t partial;    /* of these, with more text than is kept */
    apr_int64_t unreadable; /* and with something that couldn't be read */
    apr_int64_t segments;   /* pieces the index consists of */
    apr_int64_t bytes;      /* of the database */
} okapi_fulltext_state_t;

apr_status_t okapi_fulltext_state(okapi_fulltext_state_t *state, okapi_t *okapi,
                                  okapi_id_t store_id, apr_pool_t *scratch_pool);

#endif
