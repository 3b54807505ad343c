/* skeleton.c - the bytes of a skeleton. */
#include <okapi/error.h>
#include <okapi/wire.h>

#include "skeleton.h"

enum { VERSION = 1, FIXED = 13, PIECE = 28 }; /* bytes before the pieces, and of each of them */
enum { AS_IT_IS = 0, BASE64 = 1 };

static void write_head(okapi_writer_t *w, const okapi__skeleton_t *skeleton)
{
    okapi_write_u8(w, VERSION);
    okapi_write_u64(w, skeleton->size);
    okapi_write_u32(w, (apr_uint32_t)skeleton->npieces);
    for (int i = 0; i < skeleton->npieces; i++) {
        const okapi__piece_t *piece = &skeleton->pieces[i];
        okapi_write_u64(w, piece->at);
        okapi_write_u64(w, piece->skip);
        okapi_write_u64(w, piece->form.size);
        okapi_write_u8(w, piece->is_base64 ? BASE64 : AS_IT_IS);
        okapi_write_u8(w, piece->is_base64 ? piece->form.eol : 0);
        okapi_write_u16(w, piece->is_base64 ? piece->form.line : 0);
    }
}

okapi_binary_t okapi__skeleton_encode(const okapi__skeleton_t *skeleton, okapi_binary_t raw,
                                      apr_pool_t *result_pool)
{
    apr_size_t size = FIXED + (apr_size_t)skeleton->npieces * PIECE + raw.len, at = 0;
    okapi_writer_t w;
    for (int i = 0; i < skeleton->npieces; i++) {
        size -= (apr_size_t)skeleton->pieces[i].length;
    }
    okapi_writer_init(&w, size, size, result_pool);
    write_head(&w, skeleton);
    for (int i = 0; i < skeleton->npieces; i++) {
        const okapi__piece_t *piece = &skeleton->pieces[i];
        okapi_write_bytes(&w, raw.data + at, (apr_size_t)piece->at - at);
        at = (apr_size_t)(piece->at + piece->length);
    }
    okapi_write_bytes(&w, raw.data + at, raw.len - at);
    return (okapi_binary_t){w.data, w.len};
}

static void read_piece(okapi__piece_t *piece, okapi_reader_t *r)
{
    piece->at = okapi_read_u64(r);
    piece->skip = okapi_read_u64(r);
    piece->form.size = okapi_read_u64(r);
    apr_byte_t encoding = okapi_read_u8(r);
    piece->form.eol = okapi_read_u8(r);
    piece->form.line = okapi_read_u16(r);
    piece->is_base64 = encoding == BASE64;
    if (encoding > BASE64 || piece->form.size > APR_INT64_MAX / 4 ||
        piece->skip > APR_INT64_MAX / 4) {
        okapi_reader_fail(r);
    }
    piece->length = piece->is_base64 ? okapi__base64_length(&piece->form) : piece->form.size;
}

/* The LEN bytes from OFFSET on; OKAPI_ECORRUPT if there are fewer. */
static apr_status_t read_exactly(okapi_reader_t *r, okapi_stream_t *stream, apr_int64_t offset,
                                 apr_size_t len, apr_pool_t *pool)
{
    apr_size_t got = len;
    unsigned char *bytes = apr_palloc(pool, len + 1);
    apr_status_t rv = okapi_stream_read_at(stream, offset, bytes, &got, pool);
    okapi_reader_init(r, bytes, got);
    return rv == APR_SUCCESS && got < len ? OKAPI_ECORRUPT : rv;
}

apr_status_t okapi__skeleton_decode(okapi__skeleton_t *skeleton, okapi_stream_t *encoded,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_reader_t r;
    apr_uint64_t end = 0, covered = 0;
    apr_status_t rv = read_exactly(&r, encoded, 0, FIXED, scratch_pool);
    apr_byte_t version = rv == APR_SUCCESS ? okapi_read_u8(&r) : 0;
    skeleton->size = okapi_read_u64(&r);
    apr_uint32_t n = okapi_read_u32(&r);
    if (rv != APR_SUCCESS || version != VERSION || n > OKAPI__PIECES_MAX) {
        return rv != APR_SUCCESS ? rv : OKAPI_ECORRUPT;
    }
    skeleton->head = FIXED + (apr_size_t)n * PIECE;
    skeleton->npieces = (int)n;
    skeleton->pieces = apr_palloc(result_pool, sizeof(okapi__piece_t) * (n + 1));
    rv = read_exactly(&r, encoded, FIXED, (apr_size_t)n * PIECE, scratch_pool);
    for (apr_uint32_t i = 0; rv == APR_SUCCESS && i < n; i++) {
        okapi__piece_t *piece = &skeleton->pieces[i];
        read_piece(piece, &r);
        if (r.failed || piece->at < end || piece->at > skeleton->size ||
            piece->length > skeleton->size - piece->at) {
            return OKAPI_ECORRUPT;
        }
        end = piece->at + piece->length;
        covered += piece->length;
    }
    apr_uint64_t literal = (apr_uint64_t)okapi_stream_size(encoded) - skeleton->head;
    return rv == APR_SUCCESS && skeleton->size - covered != literal ? OKAPI_ECORRUPT : rv;
}
