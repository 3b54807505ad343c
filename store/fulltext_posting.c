/* fulltext_posting.c - blocks of words with the places where they stand, packed and unpacked.
 * FORMAT.md has the format.
 */
#include <string.h>

#include <apr_strings.h>

#include "fulltext_private.h"

/* A block is closed when it has so many bytes: few enough to be read for one word, enough to fill
 * the pages of a database. */
enum { BLOCK_BYTES = 32768, ENTRY_MAX = 1 << 20, IS_SINGLE = 0x80 };

/* ---- numbers: seven bits in a byte, the lowest first ---- */

void okapi__number_write(okapi_writer_t *w, apr_uint64_t n)
{
    for (; n >= 0x80; n >>= 7) {
        okapi_write_u8(w, (apr_byte_t)(n | 0x80));
    }
    okapi_write_u8(w, (apr_byte_t)n);
}

static int read_number(const unsigned char **at, const unsigned char *end, apr_uint64_t *n)
{
    *n = 0;
    for (int shift = 0; *at < end && shift < 63; shift += 7) {
        unsigned char byte = *(*at)++;
        *n |= (apr_uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return 1;
        }
    }
    return 0;
}

/* ---- postings ---- */

void okapi__postings_init(okapi__postings_t *postings, okapi_binary_t packed)
{
    *postings = (okapi__postings_t){.at = packed.data, .end = packed.data + packed.len};
}

/* Moves AT behind the positions of FIELDS fields. */
static int skip_positions(const unsigned char **at, const unsigned char *end, int fields,
                          int is_single)
{
    apr_uint64_t count, n;
    if (is_single) {
        return read_number(at, end, &n);
    }
    for (; fields; fields &= fields - 1) {
        if (!read_number(at, end, &count)) {
            return 0;
        }
        while (count-- > 0) {
            if (!read_number(at, end, &n)) {
                return 0;
            }
        }
    }
    return 1;
}

int okapi__postings_next(okapi__postings_t *postings, okapi__posting_t *posting)
{
    apr_uint64_t delta;
    if (postings->at >= postings->end || postings->bad) {
        return 0;
    }
    postings->bad = 1;
    if (!read_number(&postings->at, postings->end, &delta) || postings->at >= postings->end) {
        return 0;
    }
    int head = *postings->at++;
    postings->doc += (apr_int64_t)delta;
    *posting = (okapi__posting_t){.doc = postings->doc, .fields = head & OKAPI_FULLTEXT_ALL};
    posting->is_single = (head & IS_SINGLE) != 0;
    posting->positions = postings->at;
    if (!skip_positions(&postings->at, postings->end, posting->fields, posting->is_single)) {
        return 0;
    }
    posting->len = (apr_size_t)(postings->at - posting->positions);
    postings->bad = 0;
    return 1;
}

int okapi__positions_each(const okapi__posting_t *posting,
                          void (*each)(void *baton, int field, int position), void *baton)
{
    const unsigned char *at = posting->positions, *end = at + posting->len;
    for (int left = posting->fields; left; left &= left - 1) {
        apr_uint64_t count = 1, position = 0, delta;
        if (!posting->is_single && !read_number(&at, end, &count)) {
            return 0;
        }
        for (; count > 0; count--) {
            if (!read_number(&at, end, &delta)) {
                return 0;
            }
            position += delta;
            each(baton, left & -left, (int)position);
        }
    }
    return 1;
}

/* ---- blocks ---- */

void okapi__entries_init(okapi__entry_iter_t *entries, okapi_binary_t block)
{
    entries->at = block.data;
    entries->end = block.data + block.len;
    entries->len = 0;
    entries->bad = 0;
}

int okapi__entries_next(okapi__entry_iter_t *entries)
{
    apr_uint64_t len;
    if (entries->at >= entries->end || entries->bad) {
        return 0;
    }
    entries->bad = 1;
    if (entries->end - entries->at < 2) {
        return 0;
    }
    apr_size_t shared = *entries->at++, more = *entries->at++;
    if (shared > entries->len || shared + more > sizeof(entries->word) ||
        more > (apr_size_t)(entries->end - entries->at)) {
        return 0;
    }
    memcpy(entries->word + shared, entries->at, more);
    entries->len = shared + more;
    entries->at += more;
    if (!read_number(&entries->at, entries->end, &len) ||
        len > (apr_uint64_t)(entries->end - entries->at)) {
        return 0;
    }
    entries->postings = (okapi_binary_t){entries->at, (apr_size_t)len};
    entries->at += len;
    entries->bad = 0;
    return 1;
}

int okapi__word_compare(const void *a, apr_size_t a_len, const void *b, apr_size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* ---- packing ---- */

void okapi__packer_init(okapi__packer_t *packer, apr_pool_t *result_pool)
{
    memset(packer, 0, sizeof(*packer));
    apr_pool_create(&packer->blocks_pool, result_pool);
    packer->blocks = apr_array_make(packer->blocks_pool, 64, sizeof(okapi__block_t));
    okapi_writer_init(&packer->block, 3 * BLOCK_BYTES, ENTRY_MAX * 4, result_pool);
    okapi_writer_init(&packer->entry, 2 * BLOCK_BYTES, ENTRY_MAX * 2, result_pool);
}

void okapi__packer_clear(okapi__packer_t *packer)
{
    apr_pool_clear(packer->blocks_pool);
    packer->blocks = apr_array_make(packer->blocks_pool, 64, sizeof(okapi__block_t));
}

static void close_block(okapi__packer_t *packer)
{
    okapi__block_t *block;
    if (packer->block.len == 0) {
        return;
    }
    block = apr_array_push(packer->blocks);
    /* Its first entry begins with the word's lengths, 0 and all of it. */
    block->first = apr_pstrmemdup(packer->blocks_pool, (const char *)packer->block.data + 2,
                                  packer->block.data[1]);
    block->data.data = apr_pmemdup(packer->blocks_pool, packer->block.data, packer->block.len);
    block->data.len = packer->block.len;
    packer->bytes += (apr_int64_t)packer->block.len;
    packer->last_len = 0;
    okapi_writer_truncate(&packer->block, 0);
}

static void close_entry(okapi__packer_t *packer)
{
    apr_size_t shared = 0;
    if (packer->entry.len == 0) {
        return;
    }
    while (shared < packer->last_len && shared < packer->word_len &&
           packer->last[shared] == packer->word[shared]) {
        shared++;
    }
    okapi_write_u8(&packer->block, (apr_byte_t)shared);
    okapi_write_u8(&packer->block, (apr_byte_t)(packer->word_len - shared));
    okapi_write_bytes(&packer->block, packer->word + shared, packer->word_len - shared);
    okapi__number_write(&packer->block, packer->entry.len);
    okapi_write_bytes(&packer->block, packer->entry.data, packer->entry.len);
    memcpy(packer->last, packer->word, packer->word_len);
    packer->last_len = packer->word_len;
    packer->doc = 0;
    okapi_writer_truncate(&packer->entry, 0);
    if (packer->block.len >= BLOCK_BYTES) {
        close_block(packer);
    }
}

void okapi__packer_word(okapi__packer_t *packer, const char *word, apr_size_t len)
{
    close_entry(packer);
    packer->word_len = len < sizeof(packer->word) ? len : sizeof(packer->word) - 1;
    memcpy(packer->word, word, packer->word_len);
}

void okapi__packer_add(okapi__packer_t *packer, const okapi__posting_t *posting)
{
    okapi__number_write(&packer->entry, (apr_uint64_t)(posting->doc - packer->doc));
    okapi_write_u8(&packer->entry,
                   (apr_byte_t)(posting->fields | (posting->is_single ? IS_SINGLE : 0)));
    okapi_write_bytes(&packer->entry, posting->positions, posting->len);
    packer->doc = posting->doc;
    if (packer->entry.len >= BLOCK_BYTES) {
        close_entry(packer);
    }
}

void okapi__packer_finish(okapi__packer_t *packer)
{
    close_entry(packer);
    close_block(packer);
}
