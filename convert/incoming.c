/* incoming.c - the bytes of a message while it comes in. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/mime.h>
#include <okapi/receive.h>

enum { FIRST_SIZE = 65536 };

/* Not in a pool: most messages are small, one may be very large, and its buffer grows. */
struct okapi_incoming_t {
    unsigned char *data;
    apr_size_t len, size;
    apr_int64_t max;
    apr_status_t status;
    apr_pool_t *pool;
};

static apr_status_t release(void *baton)
{
    okapi_incoming_t *incoming = baton;
    free(incoming->data);
    return APR_SUCCESS;
}

okapi_incoming_t *okapi_incoming_create(apr_int64_t max, apr_pool_t *result_pool)
{
    okapi_incoming_t *incoming = apr_pcalloc(result_pool, sizeof(*incoming));
    incoming->max = max;
    incoming->pool = result_pool;
    apr_pool_cleanup_register(result_pool, incoming, release, apr_pool_cleanup_null);
    return incoming;
}

static apr_status_t fail(okapi_incoming_t *incoming, apr_status_t status)
{
    free(incoming->data);
    incoming->data = NULL;
    incoming->len = incoming->size = 0;
    incoming->status = status;
    return status;
}

/* Room for N more bytes. */
static apr_status_t need(okapi_incoming_t *incoming, apr_size_t n)
{
    apr_size_t size = incoming->size ? incoming->size : FIRST_SIZE;
    while (size < incoming->len + n)
        size *= 2;
    if (size > incoming->size) {
        unsigned char *data = realloc(incoming->data, size);
        if (!data)
            return fail(incoming, APR_ENOMEM);
        incoming->data = data;
        incoming->size = size;
    }
    return APR_SUCCESS;
}

apr_status_t okapi_incoming_add(okapi_incoming_t *incoming, const void *data, apr_size_t len)
{
    if (incoming->status != APR_SUCCESS || len == 0)
        return incoming->status;
    if ((apr_int64_t)(incoming->len + len) > incoming->max)
        return fail(incoming, OKAPI_ETOOBIG);
    if (need(incoming, len) == APR_SUCCESS) {
        memcpy(incoming->data + incoming->len, data, len);
        incoming->len += len;
    }
    return incoming->status;
}

/* The line that records SENDER, in the line ends of RAW. */
static const char *return_path(const char *sender, okapi_binary_t raw, apr_pool_t *pool)
{
    const unsigned char *nl = raw.len ? memchr(raw.data, '\n', raw.len) : NULL;
    int is_crlf = nl && nl > raw.data && nl[-1] == '\r';
    apr_size_t n = strlen(sender);
    if (n >= 2 && sender[0] == '<' && sender[n - 1] == '>')
        sender = apr_pstrmemdup(pool, sender + 1, n - 2);
    return apr_pstrcat(pool, "Return-Path: <", sender, is_crlf ? ">\r\n" : ">\n", NULL);
}

apr_status_t okapi_incoming_finish(okapi_binary_t *raw, okapi_incoming_t *incoming,
                                   const char *sender)
{
    *raw = (okapi_binary_t){incoming->data, incoming->len};
    if (incoming->status == APR_SUCCESS && sender && !okapi_mime_has_header(*raw, "Return-Path")) {
        const char *line = return_path(sender, *raw, incoming->pool);
        apr_size_t n = strlen(line);
        if (need(incoming, n) == APR_SUCCESS) {
            memmove(incoming->data + n, incoming->data, incoming->len);
            memcpy(incoming->data, line, n);
            incoming->len += n;
        }
        *raw = (okapi_binary_t){incoming->data, incoming->len};
    }
    return incoming->status;
}
