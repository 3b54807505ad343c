/* raw.c - the bytes of a message as they came from the Internet: taken apart when they are set,
 * put together again when they are read. */
#include <string.h>

#include <apr_strings.h>

#include <okapi/error.h>
#include <okapi/wire.h>

#include "message_private.h"
#include "skeleton.h"
#include "stream_private.h"

/* A skeleton of few bytes stands in the message's row, packed: how it is encoded, its length, and
 * its one chunk. A longer one is a blob; so is, without a try, one that text's usual quarter doesn't
 * fit of. */
enum { PACKED_HEAD = 5, PACKED_MAX = 4096, PACKABLE_MAX = 4 * PACKED_MAX };

/* ---- taking apart ---- */

static int is_blank(unsigned char c)
{
    return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}

/* Fills PIECE if the part can be made of its value again, to the byte. */
static int match(okapi__piece_t *piece, const okapi_raw_part_t *part, okapi_binary_t raw)
{
    okapi_binary_t text = {raw.data + part->offset, part->length};
    okapi_binary_t value = {part->value.data + part->skip, part->value.len - part->skip};
    *piece = (okapi__piece_t){.at = part->offset, .length = part->length, .skip = part->skip};
    piece->form.size = value.len;
    if (text.len == value.len && memcmp(text.data, value.data, text.len) == 0) {
        return 1;
    }
    /* Empty lines around it stay in the skeleton. */
    while (text.len && is_blank(*text.data)) {
        text.data++;
        text.len--;
        piece->at++;
    }
    while (text.len && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    piece->length = text.len;
    piece->is_base64 = 1;
    return okapi__base64_match(&piece->form, text, value);
}

/* Is PART in RAW, behind the byte END? And is its value one that is kept as a blob? */
static int usable(const okapi_raw_part_t *part, okapi_binary_t raw, apr_uint64_t end)
{
    return part->offset >= end && part->offset <= raw.len &&
           part->length <= raw.len - part->offset && part->value.len > OKAPI__LARGE_VALUE &&
           part->skip <= part->value.len;
}

static void drop_raw(okapi__propbag_t *bag)
{
    okapi__large_t *large = (okapi__large_t *)bag->large->elts;
    int kept = 0;
    for (int i = 0; i < bag->large->nelts; i++) {
        if (large[i].tag < OKAPI__TAG_RAW) {
            large[kept++] = large[i];
        }
    }
    bag->large->nelts = kept;
}

void okapi__raw_drop(okapi_message_t *message)
{
    drop_raw(&message->bag);
    message->skeleton = (okapi_binary_t){NULL, 0};
    message->is_raw_set = 1;
    okapi__message_touch(message);
}

/* SKELETON in RESULT_POOL as it stands in the row; data NULL if it is too long for that. */
static okapi_binary_t pack(okapi_binary_t skeleton, okapi__packers_t *packers,
                           apr_pool_t *result_pool)
{
    okapi__blob_t blob = {.bytes = skeleton};
    okapi_binary_t packed = {NULL, 0};
    apr_pool_t *pool;
    if (skeleton.len > PACKABLE_MAX) {
        return packed;
    }
    apr_pool_create(&pool, result_pool);
    okapi__blob_encode(&blob, packers, pool);
    apr_size_t len = PACKED_HEAD + blob.chunks[0].len;
    if (len <= PACKED_MAX) {
        okapi_writer_t w;
        okapi_writer_init(&w, len, len, result_pool);
        okapi_write_u8(&w, (apr_byte_t)blob.enc);
        okapi_write_u32(&w, (apr_uint32_t)skeleton.len);
        okapi_write_bytes(&w, blob.chunks[0].data, blob.chunks[0].len);
        packed = (okapi_binary_t){w.data, w.len};
    }
    apr_pool_destroy(pool);
    return packed;
}

void okapi_message_set_raw(okapi_message_t *message, okapi_binary_t raw,
                           const okapi_raw_part_t *parts, int nparts)
{
    okapi__propbag_t *bag = &message->bag;
    okapi__skeleton_t skeleton = {.size = raw.len};
    apr_uint64_t end = 0;
    drop_raw(bag);
    skeleton.pieces = apr_palloc(message->pool, sizeof(okapi__piece_t) * (apr_size_t)(nparts + 1));
    for (int i = 0; i < nparts && skeleton.npieces < OKAPI__PIECES_MAX; i++) {
        okapi__piece_t *piece = &skeleton.pieces[skeleton.npieces];
        if (usable(&parts[i], raw, end) && match(piece, &parts[i], raw)) {
            okapi__propbag_set_bytes(bag, OKAPI__TAG_PIECE(skeleton.npieces), parts[i].value);
            skeleton.npieces++;
            end = piece->at + piece->length;
        }
    }
    okapi_binary_t encoded = okapi__skeleton_encode(&skeleton, raw, message->pool);
    message->skeleton = pack(encoded, message->store->okapi->packers, message->pool);
    message->is_raw_set = 1;
    if (!message->skeleton.data) {
        okapi__propbag_set_bytes(bag, OKAPI__TAG_RAW, encoded);
    }
    okapi__message_touch(message);
}

/* ---- putting together ---- */

typedef struct raw_stream_t {
    okapi_stream_t stream;
    okapi__db_t *db;
    okapi_stream_t *encoded; /* the skeleton */
    okapi__skeleton_t skeleton;
    okapi__large_t *values;  /* of the pieces */
    okapi_stream_t *value;   /* the one of piece number OPEN */
    int open;                /* -1: none */
    apr_pool_t *value_pool;  /* holds it, and with it one chunk */
} raw_stream_t;

static apr_status_t open_value(raw_stream_t *s, int i)
{
    const okapi__piece_t *piece = &s->skeleton.pieces[i];
    if (s->open == i) {
        return APR_SUCCESS;
    }
    apr_pool_clear(s->value_pool);
    s->open = -1;
    apr_status_t rv = okapi__large_stream(&s->value, &s->values[i], s->db, s->value_pool);
    if (rv == APR_SUCCESS &&
        (apr_uint64_t)s->value->size - piece->skip < piece->form.size) {
        rv = OKAPI_ECORRUPT;
    }
    s->open = rv == APR_SUCCESS ? i : -1;
    return rv;
}

/* Bytes of piece I from its byte OFFSET on; *LEN becomes how many it were. */
static apr_status_t read_piece(raw_stream_t *s, int i, apr_uint64_t offset, unsigned char *out,
                               apr_size_t *len, apr_pool_t *scratch_pool)
{
    enum { WINDOW = 16384 };
    unsigned char bytes[WINDOW];
    const okapi__piece_t *piece = &s->skeleton.pieces[i];
    apr_uint64_t first;
    apr_size_t n;
    apr_status_t rv = open_value(s, i);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!piece->is_base64) {
        return s->value->read_at(s->value, (apr_int64_t)(piece->skip + offset), out, *len,
                                 scratch_pool);
    }
    if (*len > WINDOW) { /* its text is longer than the bytes */
        *len = WINDOW;
    }
    okapi__base64_span(&piece->form, offset, *len, &first, &n);
    if (n > 0) {
        rv = s->value->read_at(s->value, (apr_int64_t)(piece->skip + first), bytes, n,
                               scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        okapi__base64_write(out, &piece->form, offset, *len, bytes);
    }
    return rv;
}

/* Reads up to LEN bytes at OFFSET that are from one source; *LEN becomes how many it were. */
static apr_status_t read_some(raw_stream_t *s, apr_uint64_t offset, unsigned char *out,
                              apr_size_t *len, apr_pool_t *scratch_pool)
{
    apr_uint64_t covered = 0, end = s->skeleton.size;
    for (int i = 0; i < s->skeleton.npieces; i++) {
        const okapi__piece_t *piece = &s->skeleton.pieces[i];
        if (offset < piece->at) {
            end = piece->at;
            break;
        }
        if (offset - piece->at < piece->length) {
            apr_uint64_t left = piece->at + piece->length - offset;
            *len = left < *len ? (apr_size_t)left : *len;
            return read_piece(s, i, offset - piece->at, out, len, scratch_pool);
        }
        covered += piece->length;
    }
    *len = end - offset < *len ? (apr_size_t)(end - offset) : *len;
    return s->encoded->read_at(s->encoded, (apr_int64_t)(s->skeleton.head + offset - covered), out,
                               *len, scratch_pool);
}

static apr_status_t raw_read_at(okapi_stream_t *stream, apr_int64_t offset, void *buffer,
                                apr_size_t len, apr_pool_t *scratch_pool)
{
    unsigned char *out = buffer;
    apr_status_t rv = APR_SUCCESS;
    while (rv == APR_SUCCESS && len > 0) {
        apr_size_t n = len;
        rv = read_some((raw_stream_t *)stream, (apr_uint64_t)offset, out, &n, scratch_pool);
        out += n;
        offset += (apr_int64_t)n;
        len -= n;
    }
    return rv;
}

static apr_status_t load_skeleton(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi_message_t *message = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_MSG_SKELETON,
                                           DB_ARGS(DB_I(message->id)), message->pool);
    if (rv == APR_SUCCESS && found) {
        message->skeleton = okapi__rows_blob(rows, 0);
    }
    return rv;
}

static apr_status_t unpack(okapi_stream_t **stream, okapi_binary_t packed,
                           apr_pool_t *result_pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, packed.data, packed.len);
    okapi__blob_enc_e enc = (okapi__blob_enc_e)okapi_read_u8(&r);
    apr_size_t len = okapi_read_u32(&r);
    okapi_binary_t chunk = {r.p, okapi_reader_left(&r)};
    if (r.failed || len > OKAPI__BLOB_CHUNK) {
        return OKAPI_ECORRUPT;
    }
    apr_status_t rv = okapi__blob_decode(&chunk, enc, len, result_pool);
    if (rv == APR_SUCCESS) {
        *stream = okapi__stream_memory(chunk.data, chunk.len, result_pool);
    }
    return rv;
}

/* Reads what stands in the message's row, unless it is known, isn't there, or isn't for the
 * actor. */
static apr_status_t need_skeleton(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    if (message->skeleton.data || message->is_raw_set || !message->id || message->hidden) {
        return APR_SUCCESS;
    }
    return okapi__db_read(message->store->okapi->db, load_skeleton, message, scratch_pool);
}

apr_status_t okapi__raw_copy(okapi_message_t *to, okapi_message_t *from, apr_pool_t *scratch_pool)
{
    apr_status_t rv = need_skeleton(from, scratch_pool);
    if (rv == APR_SUCCESS && from->skeleton.data) {
        to->skeleton.data = apr_pmemdup(to->pool, from->skeleton.data, from->skeleton.len);
        to->skeleton.len = from->skeleton.len;
        to->is_raw_set = 1;
    }
    return rv;
}

/* The encoded skeleton, wherever it is. OKAPI_ENOTFOUND if there is none. */
static apr_status_t open_skeleton(okapi_stream_t **encoded, okapi_message_t *message,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__db_t *db = message->store->okapi->db;
    if (okapi__propbag_large(&message->bag, OKAPI__TAG_RAW)) {
        return okapi__propbag_stream(encoded, &message->bag, OKAPI__TAG_RAW, db, result_pool);
    }
    apr_status_t rv = need_skeleton(message, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return message->skeleton.data ? unpack(encoded, message->skeleton, result_pool)
                                  : OKAPI_ENOTFOUND;
}

apr_status_t okapi_message_raw(okapi_stream_t **raw, okapi_message_t *message,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__propbag_t *bag = &message->bag;
    raw_stream_t *s = apr_pcalloc(result_pool, sizeof(*s));
    s->db = message->store->okapi->db;
    s->stream.read_at = raw_read_at;
    s->open = -1;
    apr_status_t rv = okapi__message_need(message, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = open_skeleton(&s->encoded, message, result_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__skeleton_decode(&s->skeleton, s->encoded, result_pool, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    s->stream.size = (apr_int64_t)s->skeleton.size;
    s->values = apr_palloc(result_pool,
                           sizeof(okapi__large_t) * (apr_size_t)(s->skeleton.npieces + 1));
    for (int i = 0; i < s->skeleton.npieces; i++) {
        const okapi__large_t *value = okapi__propbag_large(bag, OKAPI__TAG_PIECE(i));
        if (!value) {
            return OKAPI_ECORRUPT;
        }
        s->values[i] = *value;
    }
    *raw = &s->stream;
    return apr_pool_create(&s->value_pool, result_pool);
}
