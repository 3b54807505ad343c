/* rtf_lzfu.c - compressed RTF: MS-OXRTFCP.
 *
 * The specification's dictionary is a ring of 4,096 bytes. Here it is the last 4,096 bytes of one
 * stretch that has the initial dictionary, then the document: a position of the ring is the last
 * position of the stretch with the same low 12 bits.
 */
#include <okapi/rtf.h>

#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/wire.h>

enum {
    HEADER_SIZE = 16,
    RING_SIZE = 4096,
    RING_MASK = RING_SIZE - 1,
    MATCH_MIN = 2,
    MATCH_MAX = 17,
    GROWTH_MAX = 9 /* of contents: two bytes become at most 17 */
};

#define COMPRESSED   0x75465A4Cu /* "LZFu" */
#define UNCOMPRESSED 0x414C454Du /* "MELA" */

/* 2.1.2.1; without its terminator it has DICTIONARY_SIZE bytes */
static const char dictionary[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    "\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

enum { DICTIONARY_SIZE = sizeof(dictionary) - 1 };

/* 2.1.3.2: the polynomial that everybody has, but neither start nor end are inverted. */
static apr_uint32_t crc_of(okapi_binary_t bytes)
{
    apr_uint32_t table[256], crc = 0;
    for (apr_uint32_t i = 0; i < 256; i++) {
        apr_uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
        table[i] = c;
    }
    for (apr_size_t i = 0; i < bytes.len; i++)
        crc = table[(crc ^ bytes.data[i]) & 0xFF] ^ crc >> 8;
    return crc;
}

/* ---- decompression: 2.2.1 ---- */

/* Expands CONTENTS into OUT, which has the initial dictionary and room up to END. Returns where it
 * ended; NULL if a reference is to what was never written. */
static unsigned char *expand(unsigned char *out, const unsigned char *end, okapi_binary_t contents)
{
    const unsigned char *base = out - DICTIONARY_SIZE, *p = contents.data;
    const unsigned char *stop = p + contents.len;
    for (unsigned control = 1; out < end; control >>= 1) {
        if (control == 1) {
            if (p == stop)
                break;
            control = 0x100u | *p++;
        }
        if (!(control & 1)) {
            if (p == stop)
                break;
            *out++ = *p++;
            continue;
        }
        if (stop - p < 2)
            break;
        apr_size_t at = (apr_size_t)(out - base), offset = (apr_size_t)(p[0] << 4 | p[1] >> 4);
        apr_size_t len = (p[1] & 0xFu) + MATCH_MIN, back = (at - offset) & RING_MASK;
        p += 2;
        if (back == 0)
            break;
        if (back > at)
            return NULL;
        if (len > (apr_size_t)(end - out))
            len = (apr_size_t)(end - out);
        for (; len; len--, out++) /* which may read what it has just written */
            *out = out[-(apr_ssize_t)back];
    }
    return out;
}

static apr_status_t decompress(okapi_binary_t *rtf, okapi_binary_t contents, apr_size_t size,
                               apr_pool_t *result_pool)
{
    if (size > contents.len * GROWTH_MAX)
        size = contents.len * GROWTH_MAX;
    unsigned char *buffer = apr_palloc(result_pool, DICTIONARY_SIZE + size + 1);
    memcpy(buffer, dictionary, DICTIONARY_SIZE);
    unsigned char *start = buffer + DICTIONARY_SIZE, *end = expand(start, start + size, contents);
    if (!end)
        return OKAPI_EFORMAT;
    *end = 0;
    *rtf = (okapi_binary_t){start, (apr_size_t)(end - start)};
    return APR_SUCCESS;
}

apr_status_t okapi_rtf_decompress(okapi_binary_t *rtf, okapi_binary_t compressed, apr_size_t max,
                                  apr_pool_t *result_pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, compressed.data, compressed.len);
    apr_size_t compressed_size = okapi_read_u32(&r), size = okapi_read_u32(&r);
    apr_uint32_t type = okapi_read_u32(&r), crc = okapi_read_u32(&r);
    *rtf = (okapi_binary_t){NULL, 0};
    if (r.failed)
        return OKAPI_EFORMAT;
    okapi_binary_t contents = {r.p, okapi_reader_left(&r)};
    if (type == UNCOMPRESSED) { /* writers don't agree on what its sizes count */
        if (size > contents.len)
            size = contents.len;
        if (size > max)
            return OKAPI_ETOOBIG;
        char *bytes = apr_pstrmemdup(result_pool, (const char *)contents.data, size);
        *rtf = (okapi_binary_t){(unsigned char *)bytes, size};
        return APR_SUCCESS;
    }
    /* The size counts the rest of the header; what stands behind the contents belongs to nobody. */
    if (compressed_size < HEADER_SIZE - 4 || compressed_size - (HEADER_SIZE - 4) > contents.len)
        return OKAPI_EFORMAT;
    contents.len = compressed_size - (HEADER_SIZE - 4);
    if (type != COMPRESSED || crc != crc_of(contents))
        return OKAPI_EFORMAT;
    return size > max ? OKAPI_ETOOBIG : decompress(rtf, contents, size, result_pool);
}

/* ---- compression: 2.2.2 ----
 *
 * The rule is: of all positions in the ring, oldest first, the first one with the longest match.
 * Positions with the same two bytes are a queue, so only those are looked at that match at all.
 */
typedef struct queues_t {
    apr_uint32_t oldest[1 << 16], newest[1 << 16]; /* by pair: position + 1; 0 is none */
    apr_uint32_t next[RING_SIZE];                  /* the newer one behind each position */
} queues_t;

typedef struct compressor_t {
    const unsigned char *bytes; /* dictionary and document */
    apr_uint32_t at, end;
    queues_t *queues;
} compressor_t;

static unsigned pair_at(const compressor_t *c, apr_uint32_t at)
{
    return (unsigned)(c->bytes[at] << 8 | c->bytes[at + 1]);
}

static void enter(compressor_t *c, apr_uint32_t at)
{
    queues_t *q = c->queues;
    unsigned pair = pair_at(c, at);
    if (q->oldest[pair])
        q->next[(q->newest[pair] - 1) & RING_MASK] = at + 1;
    else
        q->oldest[pair] = at + 1;
    q->newest[pair] = at + 1;
    q->next[at & RING_MASK] = 0;
}

/* One position on: a byte enters the ring, and the one whose place it takes leaves it. */
static void advance(compressor_t *c)
{
    if (c->at >= RING_MASK) {
        unsigned pair = pair_at(c, c->at - RING_MASK);
        c->queues->oldest[pair] = c->queues->next[(c->at - RING_MASK) & RING_MASK];
    }
    if (c->at + 1 < c->end)
        enter(c, c->at);
    c->at++;
}

/* Length of the best match for what comes next, 0 if there is none, and its position. */
static apr_uint32_t best_match(const compressor_t *c, apr_uint32_t *position)
{
    const unsigned char *input = c->bytes + c->at;
    apr_uint32_t max = c->end - c->at < MATCH_MAX ? c->end - c->at : MATCH_MAX, best = 0;
    if (max < MATCH_MIN)
        return 0;
    for (apr_uint32_t entry = c->queues->oldest[pair_at(c, c->at)]; entry && best < max;
         entry = c->queues->next[(entry - 1) & RING_MASK]) {
        const unsigned char *candidate = c->bytes + entry - 1;
        apr_uint32_t len = MATCH_MIN;
        if (best && candidate[best] != input[best])
            continue;
        while (len < max && candidate[len] == input[len])
            len++;
        if (len > best) {
            best = len;
            *position = entry - 1;
        }
    }
    return best;
}

static void write_reference(unsigned char **out, apr_uint32_t position, apr_uint32_t code)
{
    apr_uint32_t reference = (position & RING_MASK) << 4 | code;
    *(*out)++ = (unsigned char)(reference >> 8);
    *(*out)++ = (unsigned char)reference;
}

/* Writes tokens, eight behind each control byte, and the reference to nothing that ends them. */
static unsigned char *compress(compressor_t *c, unsigned char *out)
{
    unsigned char *control = NULL;
    for (unsigned token = 0;; token++) {
        apr_uint32_t position, len;
        if (token % 8 == 0) {
            control = out++;
            *control = 0;
        }
        if (c->at == c->end) {
            *control |= (unsigned char)(1u << token % 8);
            write_reference(&out, c->at, 0);
            return out;
        }
        len = best_match(c, &position);
        if (len) {
            *control |= (unsigned char)(1u << token % 8);
            write_reference(&out, position, len - MATCH_MIN);
        } else {
            *out++ = c->bytes[c->at];
            len = 1;
        }
        while (len--)
            advance(c);
    }
}

apr_status_t okapi_rtf_compress(okapi_binary_t *compressed, okapi_binary_t rtf,
                                apr_pool_t *result_pool)
{
    apr_pool_t *pool;
    okapi_writer_t w;
    if (rtf.len >= APR_INT32_MAX)
        return OKAPI_ETOOBIG;
    apr_size_t room = HEADER_SIZE + rtf.len + rtf.len / 8 + 8;
    unsigned char *start = apr_palloc(result_pool, room);
    apr_pool_create(&pool, result_pool);
    unsigned char *bytes = apr_palloc(pool, DICTIONARY_SIZE + rtf.len + 1);
    memcpy(bytes, dictionary, DICTIONARY_SIZE);
    if (rtf.len)
        memcpy(bytes + DICTIONARY_SIZE, rtf.data, rtf.len);
    compressor_t c = {bytes, 0, DICTIONARY_SIZE + (apr_uint32_t)rtf.len,
                      apr_pcalloc(pool, sizeof(queues_t))};
    while (c.at < DICTIONARY_SIZE)
        advance(&c);
    okapi_binary_t contents = {start + HEADER_SIZE, 0};
    contents.len = (apr_size_t)(compress(&c, start + HEADER_SIZE) - contents.data);
    apr_pool_destroy(pool);

    okapi_writer_init(&w, HEADER_SIZE, HEADER_SIZE, result_pool);
    okapi_write_u32(&w, (apr_uint32_t)contents.len + HEADER_SIZE - 4);
    okapi_write_u32(&w, (apr_uint32_t)rtf.len);
    okapi_write_u32(&w, COMPRESSED);
    okapi_write_u32(&w, crc_of(contents));
    memcpy(start, w.data, HEADER_SIZE);
    *compressed = (okapi_binary_t){start, HEADER_SIZE + contents.len};
    return APR_SUCCESS;
}
