/* prop_codec.c - one property value in bytes: PropertyValue and TaggedPropertyValue of MS-OXCDATA
 * 2.11.2 and 2.11.4, and the database's packed form (store/FORMAT.md).
 *
 * The form decides how wide counts are and how text looks; the type's row (proptype.c) decides
 * everything else.
 */
#include <string.h>

#include <apr_strings.h>
#include <okapi/restriction.h>

#include "mapi/codepage.h"
#include "mapi/proptype.h"

/* Bytes of the counts before PT_BINARY and before an ACTIONS' parts, and before text, which
 * without one ends with a zero: MS-OXCDATA 2.11.1.1. */
static const struct layout_t {
    apr_byte_t binary_count;
    apr_byte_t text_count;
} layouts[] = {
    [OKAPI_FORM_ROP] = {2, 0},
    [OKAPI_FORM_WIDE] = {4, 0},
    [OKAPI_FORM_PACKED] = {4, 4},
};

static void write_count(okapi_writer_t *w, apr_size_t count, int width)
{
    if (count > (width == 2 ? 0xFFFF : 0xFFFFFFFFu))
        w->failed = 1;
    else if (width == 2)
        okapi_write_u16(w, (apr_uint16_t)count);
    else
        okapi_write_u32(w, (apr_uint32_t)count);
}

static apr_size_t read_count(okapi_reader_t *r, int width)
{
    return width == 2 ? okapi_read_u16(r) : okapi_read_u32(r);
}

/* ---- writing ---- */

static void write_fixed(okapi_writer_t *w, const void *element, apr_size_t size)
{
    apr_uint16_t u16;
    apr_uint32_t u32;
    apr_uint64_t u64;

    switch (size) {
    case 2:
        memcpy(&u16, element, 2);
        okapi_write_u16(w, u16);
        break;
    case 4:
        memcpy(&u32, element, 4);
        okapi_write_u32(w, u32);
        break;
    default:
        memcpy(&u64, element, 8);
        okapi_write_u64(w, u64);
    }
}

static void write_text(okapi_writer_t *w, apr_byte_t kind, const char *text,
                       const okapi_codec_t *codec)
{
    if (layouts[codec->form].text_count) {
        apr_size_t len = strlen(text);

        okapi_write_u32(w, (apr_uint32_t)len);
        okapi_write_bytes(w, text, len);
    } else if (kind == OKAPI__KIND_TEXT16) {
        okapi_write_str16z(w, text);
    } else {
        okapi__codepage_write(w, text, codec->codepage);
        okapi_write_u8(w, 0);
    }
}

static void write_binary(okapi_writer_t *w, apr_byte_t kind, const okapi_binary_t *bin,
                         const okapi_codec_t *codec)
{
    int width = layouts[codec->form].binary_count;

    if (codec->form == OKAPI_FORM_PACKED || kind == OKAPI__KIND_BINARY)
        write_count(w, bin->len, width);
    else if (kind == OKAPI__KIND_SVREID)
        write_count(w, bin->len, 2);
    okapi_write_bytes(w, bin->data, bin->len);
}

static void write_element(okapi_writer_t *w, const okapi__proptype_t *type, const void *element,
                          const okapi_codec_t *codec)
{
    switch ((okapi__kind_e)type->kind) {
    case OKAPI__KIND_NONE:
        break;
    case OKAPI__KIND_FIXED:
        write_fixed(w, element, type->size);
        break;
    case OKAPI__KIND_BOOLEAN:
        okapi_write_u8(w, *(const int *)element != 0);
        break;
    case OKAPI__KIND_GUID:
        okapi_write_guid(w, element);
        break;
    case OKAPI__KIND_TEXT8:
    case OKAPI__KIND_TEXT16:
        write_text(w, type->kind, *(const char *const *)element, codec);
        break;
    case OKAPI__KIND_BINARY:
    case OKAPI__KIND_SVREID:
    case OKAPI__KIND_RESTRICTION:
    case OKAPI__KIND_ACTIONS:
        write_binary(w, type->kind, element, codec);
    }
}

void okapi_propval_write(okapi_writer_t *w, const okapi_propval_t *v, const okapi_codec_t *codec)
{
    int multiple;
    const okapi__proptype_t *type = okapi__proptype_find(OKAPI_PROP_TYPE(v->tag), &multiple);
    const char *element;
    apr_uint32_t count;

    if (!type) {
        w->failed = 1;
        return;
    }
    element = okapi__propval_elements(v, multiple, &count);
    if (multiple)
        okapi_write_u32(w, count);
    for (; count > 0 && !w->failed; count--, element += type->size)
        write_element(w, type, element, codec);
}

void okapi_tagged_write(okapi_writer_t *w, const okapi_propval_t *v, const okapi_codec_t *codec)
{
    okapi_write_u32(w, v->tag);
    okapi_propval_write(w, v, codec);
}

/* ---- reading ---- */

static void read_fixed(okapi_reader_t *r, void *element, apr_size_t size)
{
    apr_uint16_t u16;
    apr_uint32_t u32;
    apr_uint64_t u64;

    switch (size) {
    case 2:
        u16 = okapi_read_u16(r);
        memcpy(element, &u16, 2);
        break;
    case 4:
        u32 = okapi_read_u32(r);
        memcpy(element, &u32, 4);
        break;
    default:
        u64 = okapi_read_u64(r);
        memcpy(element, &u64, 8);
    }
}

static const char *read_counted_text(okapi_reader_t *r, apr_pool_t *result_pool)
{
    apr_size_t len = okapi_read_u32(r);
    const unsigned char *text = okapi_read_bytes(r, len);

    if (text && memchr(text, 0, len))
        okapi_reader_fail(r);
    return r->failed ? "" : apr_pstrmemdup(result_pool, (const char *)text, len);
}

static const char *read_text(okapi_reader_t *r, apr_byte_t kind, const okapi_codec_t *codec,
                             apr_pool_t *result_pool)
{
    const char *bytes;

    if (layouts[codec->form].text_count)
        return read_counted_text(r, result_pool);
    if (kind == OKAPI__KIND_TEXT16)
        return okapi_read_str16z(r, result_pool);
    bytes = okapi_read_str8z(r);
    return okapi__codepage_decode(bytes, strlen(bytes), codec->codepage, result_pool);
}

/* Moves past RuleAction, MS-OXORULE 2.2.5: a count of blocks, each behind its length. */
static void skip_actions(okapi_reader_t *r, int width)
{
    apr_size_t count = okapi_read_count(r, read_count(r, width), (apr_size_t)width);

    for (; count > 0 && !r->failed; count--)
        okapi_read_bytes(r, read_count(r, width));
}

/* Rules don't nest: a restriction's own values are of neither of these two kinds. */
static void skip_structure(okapi_reader_t *r, apr_byte_t kind, const okapi_codec_t *codec,
                           apr_pool_t *scratch_pool)
{
    okapi_restriction_t res;

    if (kind == OKAPI__KIND_ACTIONS)
        skip_actions(r, layouts[codec->form].binary_count);
    else
        okapi_restriction_read(r, &res, codec, scratch_pool);
}

static okapi_binary_t read_binary(okapi_reader_t *r, apr_byte_t kind, const okapi_codec_t *codec,
                                  apr_pool_t *result_pool)
{
    const unsigned char *bytes = r->p;
    okapi_binary_t bin = {NULL, 0};

    if (codec->form == OKAPI_FORM_PACKED || kind == OKAPI__KIND_BINARY) {
        bin.len = read_count(r, layouts[codec->form].binary_count);
        bytes = okapi_read_bytes(r, bin.len);
    } else if (kind == OKAPI__KIND_SVREID) {
        bin.len = okapi_read_u16(r);
        bytes = okapi_read_bytes(r, bin.len);
    } else {
        skip_structure(r, kind, codec, result_pool);
        bin.len = (apr_size_t)(r->p - bytes);
    }
    if (r->failed)
        bin.len = 0;
    bin.data = apr_pmemdup(result_pool, bin.len ? bytes : (const unsigned char *)"",
                           bin.len ? bin.len : 1);
    return bin;
}

static void read_element(okapi_reader_t *r, const okapi__proptype_t *type, void *element,
                         const okapi_codec_t *codec, apr_pool_t *result_pool)
{
    switch ((okapi__kind_e)type->kind) {
    case OKAPI__KIND_NONE:
        break;
    case OKAPI__KIND_FIXED:
        read_fixed(r, element, type->size);
        break;
    case OKAPI__KIND_BOOLEAN:
        *(int *)element = okapi_read_u8(r) != 0;
        break;
    case OKAPI__KIND_GUID:
        *(okapi_guid_t *)element = okapi_read_guid(r);
        break;
    case OKAPI__KIND_TEXT8:
    case OKAPI__KIND_TEXT16:
        *(const char **)element = read_text(r, type->kind, codec, result_pool);
        break;
    case OKAPI__KIND_BINARY:
    case OKAPI__KIND_SVREID:
    case OKAPI__KIND_RESTRICTION:
    case OKAPI__KIND_ACTIONS:
        *(okapi_binary_t *)element = read_binary(r, type->kind, codec, result_pool);
    }
}

/* The fewest bytes an element takes, by which its claimed count is checked. */
static apr_size_t min_size(const okapi__proptype_t *type, const okapi_codec_t *codec)
{
    const struct layout_t *layout = &layouts[codec->form];

    if (okapi__kind_is_text(type->kind))
        return layout->text_count ? layout->text_count : type->kind == OKAPI__KIND_TEXT16 ? 2 : 1;
    return okapi__kind_is_bytes(type->kind) ? layout->binary_count : type->size;
}

static void read_multiple(okapi_reader_t *r, const okapi__proptype_t *type, okapi_propval_t *v,
                          const okapi_codec_t *codec, apr_pool_t *result_pool)
{
    apr_size_t count = okapi_read_count(r, okapi_read_u32(r), min_size(type, codec));
    char *elements = apr_pcalloc(result_pool, (count ? count : 1) * type->size);

    v->v.mv.count = (apr_uint32_t)count;
    v->v.mv.v.bin = (void *)elements;
    for (apr_size_t i = 0; i < count; i++)
        read_element(r, type, elements + i * type->size, codec, result_pool);
}

void okapi_propval_read(okapi_reader_t *r, okapi_proptag_t tag, okapi_propval_t *v,
                        const okapi_codec_t *codec, apr_pool_t *result_pool)
{
    int multiple;
    const okapi__proptype_t *type = okapi__proptype_find(OKAPI_PROP_TYPE(tag), &multiple);

    memset(v, 0, sizeof(*v));
    v->tag = tag;
    if (!type) {
        v->tag = OKAPI_PROP_RETYPE(tag, PT_NULL);
        okapi_reader_fail(r);
    } else if (multiple) {
        read_multiple(r, type, v, codec, result_pool);
    } else {
        read_element(r, type, &v->v, codec, result_pool);
    }
}

void okapi_tagged_read(okapi_reader_t *r, okapi_propval_t *v, const okapi_codec_t *codec,
                       apr_pool_t *result_pool)
{
    okapi_propval_read(r, okapi_read_u32(r), v, codec, result_pool);
}
