/* reader.c - the bounded reader. */
#include <string.h>

#include <okapi/error.h>
#include <okapi/wire.h>

void okapi_reader_init(okapi_reader_t *r, const void *data, apr_size_t len)
{
    r->p = len ? data : (const unsigned char *)"";
    r->end = r->p + len;
    r->failed = 0;
}

/* Nothing is left after a failure, so that loops over what is left end. */
void okapi_reader_fail(okapi_reader_t *r)
{
    r->failed = 1;
    r->p = r->end;
}

apr_status_t okapi_reader_status(const okapi_reader_t *r, int at_end)
{
    return r->failed || (at_end && r->p != r->end) ? OKAPI_EFORMAT : APR_SUCCESS;
}

okapi_reader_t okapi_read_sub(okapi_reader_t *r, apr_size_t len)
{
    const unsigned char *bytes = okapi_read_bytes(r, len);
    okapi_reader_t sub;

    okapi_reader_init(&sub, bytes, bytes ? len : 0);
    sub.failed = !bytes;
    return sub;
}

apr_uint64_t okapi_read_u48be(okapi_reader_t *r)
{
    const unsigned char *bytes = okapi_read_bytes(r, 6);
    apr_uint64_t v = 0;

    for (int i = 0; bytes && i < 6; i++)
        v = v << 8 | bytes[i];
    return v;
}

okapi_guid_t okapi_read_guid(okapi_reader_t *r)
{
    const unsigned char *bytes = okapi_read_bytes(r, sizeof(okapi_guid_t));
    okapi_guid_t guid = {{0}};

    if (bytes)
        memcpy(guid.bytes, bytes, sizeof(guid.bytes));
    return guid;
}

apr_size_t okapi_read_count(okapi_reader_t *r, apr_uint64_t count, apr_size_t min_size)
{
    if (r->failed || count > okapi_reader_left(r) / min_size) {
        okapi_reader_fail(r);
        return 0;
    }
    return (apr_size_t)count;
}

const char *okapi_read_str8z(okapi_reader_t *r)
{
    const unsigned char *zero = memchr(r->p, 0, okapi_reader_left(r));
    const char *s = (const char *)r->p;

    if (!zero) {
        okapi_reader_fail(r);
        return "";
    }
    r->p = zero + 1;
    return s;
}

const char *okapi_read_str16z(okapi_reader_t *r, apr_pool_t *result_pool)
{
    const unsigned char *start = r->p;
    const unsigned char *p = start;

    while (r->end - p >= 2 && (p[0] || p[1]))
        p += 2;
    if (r->end - p < 2) {
        okapi_reader_fail(r);
        return "";
    }
    r->p = p + 2;
    return okapi_utf16_decode(start, (apr_size_t)(p - start), result_pool);
}
