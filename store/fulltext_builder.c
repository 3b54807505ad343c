/* fulltext_builder.c - the words of a batch of messages, collected in memory until they are
 * packed. */
#include <stdlib.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "fulltext_private.h"

/* Positions a field may have, and those left out between two texts of it. */
enum { POSITION_MAX = 0xF00000, GAP = 16 };

typedef struct word_t {
    const char *text;
    apr_size_t len;
    apr_int64_t doc; /* the last that has it, */
    int field;       /* in this field */
    apr_uint32_t number, count, first; /* of the places */
} word_t;

typedef struct place_t {
    apr_uint32_t word, doc;
    apr_uint32_t position; /* and the field above 24 bits */
} place_t;

struct okapi__builder_t {
    apr_hash_t *by_text;
    apr_array_header_t *words;  /* of word_t * */
    apr_array_header_t *places; /* of place_t, as they come */
    apr_array_header_t *docs;   /* their numbers */
    int field, next;            /* the field that is filled, and its next position */
    apr_pool_t *pool;
};

okapi__builder_t *okapi__builder_create(apr_pool_t *result_pool)
{
    okapi__builder_t *builder = apr_pcalloc(result_pool, sizeof(*builder));
    builder->by_text = apr_hash_make(result_pool);
    builder->words = apr_array_make(result_pool, 4096, sizeof(word_t *));
    builder->places = apr_array_make(result_pool, 65536, sizeof(place_t));
    builder->docs = apr_array_make(result_pool, 256, sizeof(apr_int64_t));
    builder->pool = result_pool;
    return builder;
}

int okapi__builder_size(const okapi__builder_t *builder)
{
    return builder->places->nelts;
}

void okapi__builder_doc(okapi__builder_t *builder, apr_int64_t doc)
{
    APR_ARRAY_PUSH(builder->docs, apr_int64_t) = doc;
    builder->field = 0;
}

static word_t *word_of(okapi__builder_t *builder, const okapi__word_t *w)
{
    word_t *word = apr_hash_get(builder->by_text, w->text, (apr_ssize_t)w->len);
    if (!word) {
        word = apr_pcalloc(builder->pool, sizeof(*word));
        word->text = apr_pmemdup(builder->pool, w->text, w->len);
        word->len = w->len;
        word->number = (apr_uint32_t)builder->words->nelts;
        APR_ARRAY_PUSH(builder->words, word_t *) = word;
        apr_hash_set(builder->by_text, word->text, (apr_ssize_t)word->len, word);
    }
    return word;
}

int okapi__builder_add(okapi__builder_t *builder, int field, const char *text, int new_only,
                       apr_pool_t *scratch_pool)
{
    apr_uint32_t doc = (apr_uint32_t)builder->docs->nelts - 1;
    apr_int64_t number = APR_ARRAY_IDX(builder->docs, doc, apr_int64_t);
    okapi__words_t words;
    okapi__word_t w;
    int base = builder->field == field ? builder->next + GAP : 0;
    builder->field = field;
    okapi__words_init(&words, text, scratch_pool);
    while (okapi__words_next(&words, &w)) {
        word_t *word = word_of(builder, &w);
        builder->next = base + w.position + 1;
        if (builder->next >= POSITION_MAX) {
            return 0;
        }
        if (new_only && word->doc == number && word->field == field && word->count) {
            continue;
        }
        word->doc = number;
        word->field = field;
        word->count++;
        place_t *place = apr_array_push(builder->places);
        *place = (place_t){word->number, doc,
                           (apr_uint32_t)field << 24 | (apr_uint32_t)(base + w.position)};
    }
    return 1;
}

static int by_text(const void *a, const void *b)
{
    const word_t *x = *(word_t *const *)a, *y = *(word_t *const *)b;
    return okapi__word_compare(x->text, x->len, y->text, y->len);
}

/* The places by word, those of each word as they came. */
static place_t *sort_places(okapi__builder_t *builder)
{
    const place_t *places = (const place_t *)builder->places->elts;
    word_t **words = (word_t **)builder->words->elts;
    place_t *sorted = apr_palloc(builder->pool,
                                 sizeof(*sorted) * (apr_size_t)(builder->places->nelts + 1));
    apr_uint32_t *next = apr_palloc(builder->pool,
                                    sizeof(*next) * (apr_size_t)(builder->words->nelts + 1));
    apr_uint32_t first = 0;
    for (int i = 0; i < builder->words->nelts; i++) {
        words[i]->first = next[i] = first;
        first += words[i]->count;
    }
    for (int i = 0; i < builder->places->nelts; i++) {
        sorted[next[places[i].word]++] = places[i];
    }
    return sorted;
}

/* Packs the places of one document in one word, at most N; returns how many there were. */
static apr_uint32_t pack_doc(okapi__builder_t *builder, okapi__packer_t *packer,
                             okapi_writer_t *positions, const place_t *places, apr_uint32_t n)
{
    okapi__posting_t posting = {
        .doc = APR_ARRAY_IDX(builder->docs, places->doc, apr_int64_t)};
    apr_uint32_t all = 0;
    while (all < n && places[all].doc == places->doc) {
        posting.fields |= (int)(places[all++].position >> 24);
    }
    posting.is_single = all == 1;
    okapi_writer_truncate(positions, 0);
    for (apr_uint32_t i = 0; i < all;) {
        apr_uint32_t field = places[i].position >> 24, count = 0, last = 0;
        while (i + count < all && places[i + count].position >> 24 == field) {
            count++;
        }
        if (!posting.is_single) {
            okapi__number_write(positions, count);
        }
        for (; count > 0; count--, i++) {
            apr_uint32_t position = places[i].position & 0xFFFFFF;
            okapi__number_write(positions, position - last);
            last = position;
        }
    }
    posting.positions = positions->data;
    posting.len = positions->len;
    okapi__packer_add(packer, &posting);
    return all;
}

void okapi__builder_pack(okapi__builder_t *builder, okapi__packer_t *packer)
{
    place_t *places = sort_places(builder);
    word_t **words = (word_t **)builder->words->elts;
    okapi_writer_t positions;
    okapi_writer_init(&positions, 4096, 64 << 20, builder->pool);
    qsort(words, (size_t)builder->words->nelts, sizeof(*words), by_text);
    for (int i = 0; i < builder->words->nelts; i++) {
        okapi__packer_word(packer, words[i]->text, words[i]->len);
        for (apr_uint32_t n = 0; n < words[i]->count;) {
            n += pack_doc(builder, packer, &positions, places + words[i]->first + n,
                          words[i]->count - n);
        }
    }
    okapi__packer_finish(packer);
}
