/* writer.c - the growing, bounded writer. */
#include <string.h>

#include <okapi/error.h>
#include <okapi/wire.h>

void okapi_writer_init(okapi_writer_t *w, apr_size_t first, apr_size_t max, apr_pool_t *pool)
{
    w->size = first < max ? first : max;
    w->data = apr_palloc(pool, w->size);
    w->len = 0;
    w->max = max;
    w->pool = pool;
    w->failed = 0;
}

apr_status_t okapi_writer_status(const okapi_writer_t *w)
{
    return w->failed ? OKAPI_EBUFFERTOOSMALL : APR_SUCCESS;
}

void okapi_writer_truncate(okapi_writer_t *w, apr_size_t len)
{
    if (len < w->len)
        w->len = len;
    w->failed = 0;
}

/* Room for N more bytes, or NULL and failed. */
static unsigned char *reserve(okapi_writer_t *w, apr_size_t n)
{
    unsigned char *room;

    if (w->failed || n > w->max - w->len) {
        w->failed = 1;
        return NULL;
    }
    if (n > w->size - w->len) {
        apr_size_t size = w->size < w->max / 2 ? w->size * 2 : w->max;
        unsigned char *data;

        if (size < w->len + n)
            size = w->len + n;
        data = apr_palloc(w->pool, size);
        if (w->len)
            memcpy(data, w->data, w->len);
        w->data = data;
        w->size = size;
    }
    room = w->data + w->len;
    w->len += n;
    return room;
}

static void put_le(unsigned char *out, apr_uint64_t v, apr_size_t size)
{
    for (apr_size_t i = 0; i < size; i++, v >>= 8)
        out[i] = (unsigned char)v;
}

static void write_le(okapi_writer_t *w, apr_uint64_t v, apr_size_t size)
{
    unsigned char *out = reserve(w, size);

    if (out)
        put_le(out, v, size);
}

void okapi_write_u8(okapi_writer_t *w, apr_byte_t v)
{
    write_le(w, v, 1);
}

void okapi_write_u16(okapi_writer_t *w, apr_uint16_t v)
{
    write_le(w, v, 2);
}

void okapi_write_u32(okapi_writer_t *w, apr_uint32_t v)
{
    write_le(w, v, 4);
}

void okapi_write_u64(okapi_writer_t *w, apr_uint64_t v)
{
    write_le(w, v, 8);
}

void okapi_write_u48be(okapi_writer_t *w, apr_uint64_t v)
{
    unsigned char *out = reserve(w, 6);

    for (int i = 0; out && i < 6; i++)
        out[i] = (unsigned char)(v >> (40 - 8 * i));
}

void okapi_write_bytes(okapi_writer_t *w, const void *data, apr_size_t len)
{
    unsigned char *out = reserve(w, len);

    if (out && len)
        memcpy(out, data, len);
}

void okapi_write_guid(okapi_writer_t *w, const okapi_guid_t *guid)
{
    okapi_write_bytes(w, guid->bytes, sizeof(guid->bytes));
}

void okapi_write_str8z(okapi_writer_t *w, const char *s)
{
    okapi_write_bytes(w, s, strlen(s) + 1);
}

static void overwrite(okapi_writer_t *w, apr_size_t offset, apr_uint64_t v, apr_size_t size)
{
    if (w->failed || offset > w->len || size > w->len - offset)
        w->failed = 1;
    else
        put_le(w->data + offset, v, size);
}

void okapi_write_u16_at(okapi_writer_t *w, apr_size_t offset, apr_uint16_t v)
{
    overwrite(w, offset, v, 2);
}

void okapi_write_u32_at(okapi_writer_t *w, apr_size_t offset, apr_uint32_t v)
{
    overwrite(w, offset, v, 4);
}
