/* table_key.c - the keys of rows: bytes whose order is the order of a table. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/collate.h>
#include <okapi/error.h>

#include "table_private.h"

enum {
    ID_SIZE = 8,
    ABSENT = 0, /* before a value: rows without one come first */
    PRESENT = 1
};

/* ---- places ---- */

void okapi__place_init(okapi__place_t *place, apr_pool_t *result_pool)
{
    memset(place, 0, sizeof(*place));
    place->pool = result_pool;
}

void okapi__place_begin(okapi__place_t *place)
{
    place->at_end = 0;
    place->before = 0;
    place->len = 0;
}

void okapi__place_end(okapi__place_t *place)
{
    okapi__place_begin(place);
    place->at_end = 1;
}

void okapi__place_at(okapi__place_t *place, okapi_binary_t key, int before)
{
    if (place->size < key.len) {
        place->size = key.len * 2 > 128 ? key.len * 2 : 128;
        place->key = apr_palloc(place->pool, place->size);
    }
    if (key.len > 0) {
        memmove(place->key, key.data, key.len);
    }
    place->len = key.len;
    place->at_end = 0;
    place->before = before;
}

void okapi__place_copy(okapi__place_t *place, const okapi__place_t *from)
{
    okapi__place_at(place, (okapi_binary_t){from->key, from->len}, from->before);
    place->at_end = from->at_end;
}

int okapi__place_precedes(const okapi__place_t *place, okapi_binary_t key)
{
    int order = okapi__key_compare((okapi_binary_t){place->key, place->len}, key);
    return !place->at_end && (order < 0 || (order == 0 && place->before));
}

void okapi__place_write(okapi_writer_t *w, const okapi__place_t *place)
{
    okapi_write_u8(w, (apr_byte_t)(place->at_end << 1 | place->before));
    okapi_write_u16(w, (apr_uint16_t)place->len);
    okapi_write_bytes(w, place->key, place->len);
}

void okapi__place_read(okapi_reader_t *r, okapi__place_t *place)
{
    apr_byte_t flags = okapi_read_u8(r);
    apr_size_t len = okapi_read_u16(r);
    const unsigned char *key = okapi_read_bytes(r, len);
    if (key) {
        okapi__place_at(place, (okapi_binary_t){key, len}, flags & 1);
        place->at_end = flags >> 1 & 1;
    }
}

/* ---- keys ---- */

int okapi__key_compare(okapi_binary_t a, okapi_binary_t b)
{
    apr_size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

static void big_endian(okapi_writer_t *w, apr_uint64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8) {
        okapi_write_u8(w, (apr_byte_t)(v >> shift));
    }
}

void okapi__key_number(okapi_writer_t *w, apr_int64_t number)
{
    okapi_write_u8(w, PRESENT);
    big_endian(w, (apr_uint64_t)number ^ (apr_uint64_t)1 << 63);
}

void okapi__key_text(okapi_writer_t *w, const void *text, apr_size_t len)
{
    okapi_write_u8(w, PRESENT);
    okapi_write_bytes(w, text, len);
    okapi_write_u8(w, 0);
}

/* Zeros become two bytes, so that the end of a value sorts before any more of it. */
static void key_binary(okapi_writer_t *w, okapi_binary_t bin, apr_size_t max)
{
    okapi_write_u8(w, PRESENT);
    for (apr_size_t i = 0; i < bin.len && i < max; i++) {
        okapi_write_u8(w, bin.data[i]);
        if (bin.data[i] == 0) {
            okapi_write_u8(w, 0xFF);
        }
    }
    okapi_write_u16(w, 0);
}

/* IEEE numbers order as their bits do, negative ones the other way round. */
static void key_double(okapi_writer_t *w, double v)
{
    apr_uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    okapi_write_u8(w, PRESENT);
    big_endian(w, bits >> 63 ? ~bits : bits | (apr_uint64_t)1 << 63);
}

/* The form of the parts of a column. */
typedef enum form_e { FORM_NONE, FORM_NUMBER, FORM_TEXT, FORM_BINARY } form_e;

static form_e form_of(okapi_proptag_t tag)
{
    int type = OKAPI_PROP_TYPE(tag);
    if (type & MV_INSTANCE) {
        type &= ~(MV_INSTANCE | MV_FLAG);
    }
    switch (type) {
    case PT_SHORT:
    case PT_LONG:
    case PT_BOOLEAN:
    case PT_I8:
    case PT_CURRENCY:
    case PT_SYSTIME:
    case PT_FLOAT:
    case PT_DOUBLE:
    case PT_APPTIME:
        return FORM_NUMBER;
    case PT_UNICODE:
    case PT_STRING8:
        return FORM_TEXT;
    case PT_CLSID:
    case PT_BINARY:
        return FORM_BINARY;
    default: /* what has no order */
        return FORM_NONE;
    }
}

static void key_of_number(okapi_writer_t *w, const okapi_propval_t *v)
{
    switch (OKAPI_PROP_TYPE(v->tag)) {
    case PT_SHORT:
        okapi__key_number(w, v->v.i16);
        break;
    case PT_LONG:
        okapi__key_number(w, v->v.i32);
        break;
    case PT_BOOLEAN:
        okapi__key_number(w, v->v.boolean);
        break;
    case PT_SYSTIME:
        okapi__key_number(w, v->v.time);
        break;
    case PT_FLOAT:
        key_double(w, v->v.flt);
        break;
    case PT_DOUBLE:
    case PT_APPTIME:
        key_double(w, v->v.dbl);
        break;
    default:
        okapi__key_number(w, v->v.i64);
    }
}

void okapi__key_value(okapi_writer_t *w, okapi_proptag_t tag, const okapi_propval_t *v,
                      apr_size_t max)
{
    okapi_binary_t key;
    switch (form_of(v->tag) == form_of(tag) ? form_of(tag) : FORM_NONE) {
    case FORM_NUMBER:
        key_of_number(w, v);
        break;
    case FORM_TEXT:
        key = okapi_sort_key_of_text(v->v.str, max, w->pool);
        okapi__key_text(w, key.data, key.len);
        break;
    case FORM_BINARY:
        key = OKAPI_PROP_TYPE(v->tag) == PT_CLSID ? (okapi_binary_t){v->v.guid.bytes, 16}
                                                  : v->v.bin;
        key_binary(w, key, max);
        break;
    case FORM_NONE:
        okapi_write_u8(w, ABSENT);
    }
}

void okapi__key_id(okapi_writer_t *w, okapi_id_t id)
{
    big_endian(w, (apr_uint64_t)id);
}

void okapi__key_instance(okapi_writer_t *w, apr_uint32_t instance)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        okapi_write_u8(w, (apr_byte_t)(instance >> shift));
    }
}

void okapi__key_descend(okapi_writer_t *w, apr_size_t offset)
{
    for (; offset < w->len; offset++) {
        w->data[offset] = (unsigned char)~w->data[offset];
    }
}

/* ---- and back ---- */

int okapi__key_part_is_absent(const unsigned char *part, int descending)
{
    return (unsigned char)(descending ? ~*part : *part) == ABSENT;
}

/* The first zero in KEY from AT on, as it was before it was turned round, or its end. */
static apr_size_t zero_from(okapi_binary_t key, apr_size_t at, int descending)
{
    const unsigned char *zero = memchr(key.data + at, descending ? 0xFF : 0, key.len - at);
    return zero ? (apr_size_t)(zero - key.data) : key.len;
}

apr_size_t okapi__key_part_end(okapi_binary_t key, apr_size_t at, okapi_proptag_t tag,
                               int descending)
{
    apr_size_t end = at + 1;
    if (at >= key.len || okapi__key_part_is_absent(key.data + at, descending)) {
        return end < key.len ? end : key.len;
    }
    switch (form_of(tag)) {
    case FORM_NUMBER:
        end += 8;
        break;
    case FORM_TEXT:
        end = zero_from(key, end, descending) + 1;
        break;
    case FORM_BINARY: /* two zeros: a single one is part of it, and 0xFF follows */
        do {
            end = zero_from(key, end, descending) + 2;
        } while (end < key.len &&
                 (unsigned char)(descending ? ~key.data[end - 1] : key.data[end - 1]) != 0);
        break;
    case FORM_NONE:
        break;
    }
    return end < key.len ? end : key.len;
}

static apr_uint64_t from_big_endian(const unsigned char *p, int descending)
{
    apr_uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | p[i];
    }
    return descending ? ~v : v;
}

apr_status_t okapi__key_split(okapi__key_t *split, okapi_binary_t key, int is_text, int descending,
                              apr_pool_t *result_pool)
{
    split->number = 0;
    split->text = "";
    if (is_text ? key.len < 2 + ID_SIZE : key.len != 1 + 8 + ID_SIZE) {
        return OKAPI_EFORMAT;
    }
    split->id = (okapi_id_t)from_big_endian(key.data + key.len - ID_SIZE, descending);
    if (is_text) {
        apr_size_t len = key.len - 2 - ID_SIZE;
        char *text = apr_pstrmemdup(result_pool, (const char *)key.data + 1, len);
        for (apr_size_t i = 0; descending && i < len; i++) {
            text[i] = (char)~text[i];
        }
        split->text = text;
        return APR_SUCCESS;
    }
    split->number = (apr_int64_t)(from_big_endian(key.data + 1, descending) ^
                                  (apr_uint64_t)1 << 63);
    return APR_SUCCESS;
}
