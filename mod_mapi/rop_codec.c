/* rop_codec.c - headers of ROP requests and responses, and the leaves of rops.def. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rops_gen.h"

int rop_succeeded(apr_uint32_t status)
{
    return status == 0 || (status & 0xFFFF0000u) == 0x00040000u;
}

/* ---- requests ---- */

void rop_request_read(okapi_reader_t *r, rop_request_t *q, const rop_codec_t *c)
{
    memset(&q->h, 0, sizeof(q->h));
    q->h.id = okapi_read_u8(r);
    const rop_info_t *info = &rop_table[q->h.id];
    if (info->name == NULL || (info->flags & ROP_PUSH)) {
        okapi_reader_fail(r);
        return;
    }
    q->h.logon_id = okapi_read_u8(r);
    if (info->flags & ROP_SAVE)
        q->h.response_index = okapi_read_u8(r);
    if (info->flags & ROP_HAS_IN)
        q->h.in_index = okapi_read_u8(r);
    if (info->flags & ROP_HAS_DEST)
        q->h.dest_index = okapi_read_u8(r);
    if (info->flags & ROP_HAS_OUT)
        q->h.out_index = okapi_read_u8(r);
    if (info->request_read != NULL) {
        memset(&q->u, 0, info->request_size);
        info->request_read(r, q, c);
    }
}

void rop_request_write(okapi_writer_t *w, const rop_request_t *q, const rop_codec_t *c)
{
    const rop_info_t *info = &rop_table[q->h.id];
    okapi_write_u8(w, q->h.id);
    okapi_write_u8(w, q->h.logon_id);
    if (info->flags & ROP_SAVE)
        okapi_write_u8(w, q->h.response_index);
    if (info->flags & ROP_HAS_IN)
        okapi_write_u8(w, q->h.in_index);
    if (info->flags & ROP_HAS_DEST)
        okapi_write_u8(w, q->h.dest_index);
    if (info->flags & ROP_HAS_OUT)
        okapi_write_u8(w, q->h.out_index);
    if (info->request_write != NULL)
        info->request_write(w, q, c);
}

/* ---- responses ---- */

void rop_response_read(okapi_reader_t *r, rop_response_t *q, const rop_codec_t *c)
{
    memset(&q->h, 0, sizeof(q->h));
    q->h.id = okapi_read_u8(r);
    const rop_info_t *info = &rop_table[q->h.id];
    if (info->name == NULL || (info->flags & ROP_NOREPLY)) {
        okapi_reader_fail(r);
        return;
    }
    if (!(info->flags & ROP_PUSH)) {
        q->h.index = okapi_read_u8(r);
        q->h.status = okapi_read_u32(r);
        if ((info->flags & ROP_HAS_DEST) && q->h.status == ROP_NULL_DESTINATION)
            q->h.dest_index = (apr_byte_t)okapi_read_u32(r);
    }
    if (info->response_read != NULL) {
        memset(&q->u, 0, info->response_size);
        info->response_read(r, q, c);
    }
}

void rop_response_write(okapi_writer_t *w, const rop_response_t *q, const rop_codec_t *c)
{
    const rop_info_t *info = &rop_table[q->h.id];
    okapi_write_u8(w, info->answer);
    if (!(info->flags & ROP_PUSH)) {
        okapi_write_u8(w, q->h.index);
        okapi_write_u32(w, q->h.status);
        if ((info->flags & ROP_HAS_DEST) && q->h.status == ROP_NULL_DESTINATION)
            okapi_write_u32(w, q->h.dest_index);
    }
    if (info->response_write != NULL)
        info->response_write(w, q, c);
}

/* ---- trace ---- */

#define TRACE_MAX 1000

static void trace(okapi_writer_t *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void trace(okapi_writer_t *t, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    okapi_write_bytes(t, text, n < (int)sizeof(text) ? (apr_size_t)n : sizeof(text) - 1);
}

void rop_trace_number(okapi_writer_t *t, const char *name, apr_int64_t value)
{
    trace(t, value < 0 || value > 0xFFFF ? " %s=0x%" APR_UINT64_T_HEX_FMT : " %s=%" APR_INT64_T_FMT,
          name, value);
}

static const char *trace_end(okapi_writer_t *t)
{
    okapi_writer_truncate(t, t->len);
    t->max += 1;
    okapi_write_u8(t, '\0');
    return t->failed ? "" : (const char *)t->data;
}

const char *rop_trace_request(const rop_request_t *q, apr_pool_t *result_pool)
{
    const rop_info_t *info = &rop_table[q->h.id];
    okapi_writer_t t;
    okapi_writer_init(&t, 128, TRACE_MAX, result_pool);
    trace(&t, "%s logon=%d", info->name, q->h.logon_id);
    if (info->flags & ROP_HAS_IN)
        trace(&t, " in=%d", q->h.in_index);
    if (info->flags & ROP_HAS_DEST)
        trace(&t, " dest=%d", q->h.dest_index);
    if (info->flags & ROP_HAS_OUT)
        trace(&t, " out=%d", q->h.out_index);
    if (info->request_trace != NULL)
        info->request_trace(&t, q);
    return trace_end(&t);
}

const char *rop_trace_response(const rop_response_t *q, apr_pool_t *result_pool)
{
    const rop_info_t *info = &rop_table[q->h.id];
    okapi_writer_t t;
    okapi_writer_init(&t, 128, TRACE_MAX, result_pool);
    trace(&t, "%s", info->name);
    if (!(info->flags & ROP_PUSH))
        trace(&t, " index=%d status=0x%08X", q->h.index, q->h.status);
    if (info->response_trace != NULL && rop_succeeded(q->h.status))
        info->response_trace(&t, q);
    return trace_end(&t);
}

/* ---- leaves ---- */

okapi_id_t rop_id_read(okapi_reader_t *r)
{
    return okapi_id_of_eid(okapi_read_u64(r));
}

void rop_id_write(okapi_writer_t *w, okapi_id_t id)
{
    okapi_write_u64(w, id == 0 ? 0 : okapi_eid_of(id));
}

void rop_longtermid_read(okapi_reader_t *r, mapi_longtermid_t *v)
{
    v->replica = okapi_read_guid(r);
    v->id = (okapi_id_t)okapi_read_u48be(r);
    okapi_read_u16(r); /* Pad */
}

void rop_longtermid_write(okapi_writer_t *w, const mapi_longtermid_t *v)
{
    okapi_longtermid_write(w, &v->replica, v->id);
}

okapi_binary_t rop_bin_read(okapi_reader_t *r, apr_size_t len)
{
    okapi_binary_t v = {NULL, 0};
    const unsigned char *data = okapi_read_bytes(r, len);
    if (data != NULL) {
        v.data = data;
        v.len = len;
    }
    return v;
}

void rop_bin8_write(okapi_writer_t *w, const okapi_binary_t *v)
{
    w->failed |= v->len > 0xFF;
    okapi_write_u8(w, (apr_byte_t)v->len);
    okapi_write_bytes(w, v->data, v->len);
}

void rop_bin16_write(okapi_writer_t *w, const okapi_binary_t *v)
{
    w->failed |= v->len > 0xFFFF;
    okapi_write_u16(w, (apr_uint16_t)v->len);
    okapi_write_bytes(w, v->data, v->len);
}

void rop_bin32_write(okapi_writer_t *w, const okapi_binary_t *v)
{
    okapi_write_u32(w, (apr_uint32_t)v->len);
    okapi_write_bytes(w, v->data, v->len);
}

void rop_raw_write(okapi_writer_t *w, const okapi_binary_t *v)
{
    okapi_write_bytes(w, v->data, v->len);
}

/* A string of the client's code page is what PT_STRING8 is as a property value. */
const char *rop_strz_read(okapi_reader_t *r, int is_unicode, const rop_codec_t *c)
{
    okapi_propval_t v = {0};
    okapi_propval_read(r, is_unicode ? PT_UNICODE : PT_STRING8, &v, &c->prop, c->pool);
    return r->failed ? "" : v.v.str;
}

void rop_strz_write(okapi_writer_t *w, const char *s, int is_unicode, const rop_codec_t *c)
{
    okapi_propval_t v = okapi_propval_str(is_unicode ? PT_UNICODE : PT_STRING8, s ? s : "");
    okapi_propval_write(w, &v, &c->prop);
}

enum { TYPED_NONE, TYPED_EMPTY, TYPED_STRING8, TYPED_REDUCED, TYPED_UNICODE };

/* Reduced Unicode leaves out the high byte of every unit, all of which are zero. */
static const char *reduced_read(okapi_reader_t *r, apr_pool_t *pool)
{
    const char *s = okapi_read_str8z(r);
    if (r->failed)
        return "";
    char *utf8 = apr_palloc(pool, 2 * strlen(s) + 1), *p = utf8;
    for (; *s != '\0'; s++) {
        unsigned char ch = (unsigned char)*s;
        if (ch < 0x80) {
            *p++ = (char)ch;
        } else {
            *p++ = (char)(0xC0 | ch >> 6);
            *p++ = (char)(0x80 | (ch & 0x3F));
        }
    }
    *p = '\0';
    return utf8;
}

const char *rop_typedstr_read(okapi_reader_t *r, const rop_codec_t *c)
{
    switch (okapi_read_u8(r)) {
    case TYPED_NONE:
        return NULL;
    case TYPED_EMPTY:
        return "";
    case TYPED_STRING8:
        return rop_strz_read(r, 0, c);
    case TYPED_REDUCED:
        return reduced_read(r, c->pool);
    case TYPED_UNICODE:
        return okapi_read_str16z(r, c->pool);
    default:
        okapi_reader_fail(r);
        return NULL;
    }
}

static int is_ascii(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s >= 0x80)
            return 0;
    return 1;
}

void rop_typedstr_write(okapi_writer_t *w, const char *s, const rop_codec_t *c)
{
    if (s == NULL) {
        okapi_write_u8(w, TYPED_NONE);
    } else if (*s == '\0') {
        okapi_write_u8(w, TYPED_EMPTY);
    } else if (is_ascii(s)) {
        okapi_write_u8(w, TYPED_REDUCED);
        okapi_write_str8z(w, s);
    } else {
        okapi_write_u8(w, TYPED_UNICODE);
        okapi_write_str16z(w, s);
    }
}

void rop_tagged_read(okapi_reader_t *r, okapi_propval_t *v, const rop_codec_t *c)
{
    okapi_tagged_read(r, v, &c->prop, c->pool);
}

void rop_tagged_write(okapi_writer_t *w, const okapi_propval_t *v, const rop_codec_t *c)
{
    okapi_tagged_write(w, v, &c->prop);
}

#define PROPNAME_NONE 0xFF /* kind -1 in memory: named.h */

void rop_propname_read(okapi_reader_t *r, okapi_propname_t *v, const rop_codec_t *c)
{
    apr_byte_t kind = okapi_read_u8(r);
    v->guid = okapi_read_guid(r);
    v->kind = kind == PROPNAME_NONE ? -1 : kind;
    if (kind == MNID_ID) {
        v->lid = okapi_read_u32(r);
    } else if (kind == MNID_STRING) {
        okapi_reader_t name = okapi_read_sub(r, okapi_read_u8(r));
        v->name = okapi_read_str16z(&name, c->pool);
        if (name.failed)
            okapi_reader_fail(r);
    } else if (kind != PROPNAME_NONE) {
        okapi_reader_fail(r);
    }
}

void rop_propname_write(okapi_writer_t *w, const okapi_propname_t *v)
{
    okapi_write_u8(w, v->kind < 0 ? PROPNAME_NONE : (apr_byte_t)v->kind);
    okapi_write_guid(w, &v->guid);
    if (v->kind == MNID_ID) {
        okapi_write_u32(w, v->lid);
    } else if (v->kind == MNID_STRING) {
        apr_size_t at = w->len;
        okapi_write_u8(w, 0);
        okapi_write_str16z(w, v->name);
        apr_size_t size = w->len - at - 1;
        w->failed |= size > 0xFF;
        if (!w->failed)
            w->data[at] = (unsigned char)size;
    }
}

okapi_propval_t *rop_props16_read(okapi_reader_t *r, int *n, const rop_codec_t *c)
{
    okapi_reader_t values = okapi_read_sub(r, okapi_read_u16(r));
    *n = (int)okapi_read_count(&values, okapi_read_u16(&values), 4);
    okapi_propval_t *v = apr_pcalloc(c->pool, (apr_size_t)*n * sizeof(*v));
    for (int i = 0; i < *n; i++)
        rop_tagged_read(&values, &v[i], c);
    if (values.failed)
        okapi_reader_fail(r);
    return v;
}

/* Fills in a 16-bit size written as zero at OFFSET: of what was written since. */
static void patch_size16(okapi_writer_t *w, apr_size_t offset)
{
    apr_size_t size = w->len - offset - 2;
    w->failed |= size > 0xFFFF;
    okapi_write_u16_at(w, offset, (apr_uint16_t)size);
}

void rop_props16_write(okapi_writer_t *w, const okapi_propval_t *v, int n, const rop_codec_t *c)
{
    apr_size_t at = w->len;
    okapi_write_u16(w, 0);
    okapi_write_u16(w, (apr_uint16_t)n);
    for (int i = 0; i < n; i++)
        rop_tagged_write(w, &v[i], c);
    patch_size16(w, at);
}

okapi_restriction_t *rop_restriction16_read(okapi_reader_t *r, const rop_codec_t *c)
{
    okapi_reader_t sub = okapi_read_sub(r, okapi_read_u16(r));
    if (okapi_reader_left(&sub) == 0)
        return NULL;
    okapi_restriction_t *v = apr_pcalloc(c->pool, sizeof(*v));
    okapi_restriction_read(&sub, v, &c->prop, c->pool);
    if (sub.failed)
        okapi_reader_fail(r);
    return v;
}

void rop_restriction16_write(okapi_writer_t *w, const okapi_restriction_t *v, const rop_codec_t *c)
{
    apr_size_t at = w->len;
    okapi_write_u16(w, 0);
    if (v != NULL) {
        okapi_restriction_write(w, v, &c->prop);
        patch_size16(w, at);
    }
}
