/* mapi_value.c - property values as pieces of bytes: what one value of a type is in TNEF and in
 * .msg files, whatever lengths, counts and padding each has around it. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "charset.h"
#include "mapi_item.h"

static const okapi__shape_t shapes[] = {
    {PT_UNICODE, OKAPI__SHAPE_TEXT16, 0}, {PT_LONG, OKAPI__SHAPE_FIXED, 4},
    {PT_BINARY, OKAPI__SHAPE_BYTES, 0},   {PT_BOOLEAN, OKAPI__SHAPE_FIXED, 1},
    {PT_SYSTIME, OKAPI__SHAPE_FIXED, 8},  {PT_STRING8, OKAPI__SHAPE_TEXT8, 0},
    {PT_SHORT, OKAPI__SHAPE_FIXED, 2},    {PT_FLOAT, OKAPI__SHAPE_FIXED, 4},
    {PT_DOUBLE, OKAPI__SHAPE_FIXED, 8},   {PT_CURRENCY, OKAPI__SHAPE_FIXED, 8},
    {PT_APPTIME, OKAPI__SHAPE_FIXED, 8},  {PT_I8, OKAPI__SHAPE_FIXED, 8},
    {PT_CLSID, OKAPI__SHAPE_FIXED, 16},   {PT_OBJECT, OKAPI__SHAPE_OBJECT, 0},
    {PT_ERROR, OKAPI__SHAPE_FIXED, 4},
};

const okapi__shape_t *okapi__shape_of(okapi_proptag_t tag, int *multiple)
{
    apr_uint16_t type = OKAPI_PROP_TYPE(tag);
    *multiple = (type & MV_FLAG) != 0;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (shapes[i].type == (type & ~MV_FLAG)) {
            int is_single = type == (PT_BOOLEAN | MV_FLAG) || type == (PT_OBJECT | MV_FLAG) ||
                            type == (PT_ERROR | MV_FLAG);
            return is_single ? NULL : &shapes[i];
        }
    return NULL;
}

const char *okapi__codepage_text(okapi_binary_t bytes, apr_uint32_t codepage,
                                 apr_pool_t *result_pool)
{
    const unsigned char *zero = bytes.len ? memchr(bytes.data, 0, bytes.len) : NULL;
    apr_size_t i = 0;
    if (zero)
        bytes.len = (apr_size_t)(zero - bytes.data);
    while (i < bytes.len && bytes.data[i] < 0x80)
        i++;
    if (i == bytes.len)
        return apr_pstrmemdup(result_pool, (const char *)bytes.data, bytes.len);
    const okapi__charset_t *charset = okapi__charset_by_codepage((int)codepage);
    if (!charset)
        charset = okapi__charset_by_codepage(1252);
    return okapi__charset_decode(charset, bytes, NULL, result_pool);
}

/* ---- pieces to a value ---- */

/* The fixed values are as a ROP has them: MS-OXCDATA 2.11.1. */
static apr_status_t read_fixed(okapi_propval_t *value, okapi_proptag_t tag,
                               const okapi__shape_t *shape, int multiple,
                               const okapi_binary_t *pieces, int n, apr_pool_t *pool)
{
    static const okapi_codec_t codec = {OKAPI_FORM_WIDE, 0};
    okapi_writer_t w;
    okapi_reader_t r;
    apr_size_t size = (apr_size_t)n * shape->size + 4;
    okapi_writer_init(&w, size, size, pool);
    if (multiple)
        okapi_write_u32(&w, (apr_uint32_t)n);
    for (int i = 0; i < n; i++) {
        if (pieces[i].len < shape->size)
            return OKAPI_EFORMAT;
        okapi_write_bytes(&w, pieces[i].data, shape->size);
    }
    okapi_reader_init(&r, w.data, w.len);
    okapi_propval_read(&r, tag, value, &codec, pool);
    return okapi_reader_status(&r, 1);
}

static const char *read_text(const okapi__shape_t *shape, okapi_binary_t piece,
                             apr_uint32_t codepage, apr_pool_t *pool)
{
    return shape->shape == OKAPI__SHAPE_TEXT16 ? okapi_utf16_decode(piece.data, piece.len, pool)
                                               : okapi__codepage_text(piece, codepage, pool);
}

apr_status_t okapi__value_of_pieces(okapi_propval_t *value, okapi_proptag_t tag,
                                    const okapi_binary_t *pieces, int n, apr_uint32_t codepage,
                                    apr_pool_t *result_pool)
{
    int multiple;
    const okapi__shape_t *shape = okapi__shape_of(tag, &multiple);
    memset(value, 0, sizeof(*value));
    if (!shape || (!multiple && n != 1))
        return OKAPI_EFORMAT;
    value->tag = tag;
    if (shape->shape == OKAPI__SHAPE_FIXED)
        return read_fixed(value, tag, shape, multiple, pieces, n, result_pool);
    if (shape->shape == OKAPI__SHAPE_TEXT8)
        value->tag = OKAPI_PROP_RETYPE(tag, multiple ? PT_MV_UNICODE : PT_UNICODE);
    if (!multiple) {
        if (shape->shape == OKAPI__SHAPE_TEXT8 || shape->shape == OKAPI__SHAPE_TEXT16)
            value->v.str = read_text(shape, pieces[0], codepage, result_pool);
        else
            value->v.bin = pieces[0];
        return APR_SUCCESS;
    }
    value->v.mv.count = (apr_uint32_t)n;
    if (shape->shape == OKAPI__SHAPE_BYTES) {
        value->v.mv.v.bin =
            apr_pmemdup(result_pool, pieces, sizeof(*pieces) * (apr_size_t)(n ? n : 1));
        return APR_SUCCESS;
    }
    const char **texts = apr_pcalloc(result_pool, sizeof(*texts) * (apr_size_t)(n + 1));
    for (int i = 0; i < n; i++)
        texts[i] = read_text(shape, pieces[i], codepage, result_pool);
    value->v.mv.v.str = texts;
    return APR_SUCCESS;
}

/* ---- a value to pieces ---- */

static void push(apr_array_header_t *pieces, const void *data, apr_size_t len)
{
    okapi_binary_t piece = {data, len};
    APR_ARRAY_PUSH(pieces, okapi_binary_t) = piece;
}

static void push_text(apr_array_header_t *pieces, const char *text)
{
    apr_size_t max = strlen(text) * 2 + 2;
    okapi_writer_t w;
    okapi_writer_init(&w, max, max, pieces->pool);
    okapi_write_str16z(&w, text);
    push(pieces, w.data, w.len);
}

static void push_fixed(apr_array_header_t *pieces, const okapi_propval_t *value,
                       const okapi__shape_t *shape, int multiple)
{
    static const okapi_codec_t codec = {OKAPI_FORM_WIDE, 0};
    apr_size_t n = multiple ? value->v.mv.count : 1, skip = multiple ? 4 : 0;
    okapi_writer_t w;
    okapi_writer_init(&w, n * shape->size + skip, n * shape->size + skip, pieces->pool);
    okapi_propval_write(&w, value, &codec);
    for (apr_size_t i = 0; i < n; i++)
        push(pieces, w.data + skip + i * shape->size, shape->size);
}

apr_array_header_t *okapi__pieces_of_value(const okapi_propval_t *value, apr_pool_t *result_pool)
{
    int multiple;
    const okapi__shape_t *shape = okapi__shape_of(value->tag, &multiple);
    if (!shape)
        return NULL;
    apr_uint32_t n = multiple ? value->v.mv.count : 1;
    apr_array_header_t *pieces = apr_array_make(result_pool, (int)n, sizeof(okapi_binary_t));
    if (shape->shape == OKAPI__SHAPE_FIXED) {
        push_fixed(pieces, value, shape, multiple);
        return pieces;
    }
    int is_text = shape->shape == OKAPI__SHAPE_TEXT8 || shape->shape == OKAPI__SHAPE_TEXT16;
    for (apr_uint32_t i = 0; i < n; i++) {
        if (is_text)
            push_text(pieces, multiple ? value->v.mv.v.str[i] : value->v.str);
        else if (multiple)
            push(pieces, value->v.mv.v.bin[i].data, value->v.mv.v.bin[i].len);
        else
            push(pieces, value->v.bin.data, value->v.bin.len);
    }
    return pieces;
}
