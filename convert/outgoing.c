/* outgoing.c - the bytes of a message that is sent. */
#include <string.h>

#include <okapi/mime.h>
#include <okapi/outgoing.h>

#include "entity.h"
#include "header.h"

/* Who gets it secretly, and what those who receive it say: RFC 5322 3.6.3, RFC 5321 4.4. */
static int stays_here(const okapi__field_t *field)
{
    return okapi__field_is(field, "Bcc") || okapi__field_is(field, "Resent-Bcc") ||
           okapi__field_is(field, "Return-Path");
}

/* The bytes as they came may have such fields. Of two senders the first is ours (submit.h). */
static okapi_binary_t without_ours(okapi_binary_t raw, apr_pool_t *result_pool)
{
    okapi__field_t field;
    okapi_binary_t rest = raw;
    char eol = okapi__entity_eol(raw);
    apr_size_t len = 0;
    int senders = 0;
    unsigned char *out = apr_palloc(result_pool, raw.len + 1);
    while (okapi__field_next(&rest, eol, &field)) {
        senders += okapi__field_is(&field, "Sender");
        if (!stays_here(&field) && !(okapi__field_is(&field, "Sender") && senders > 1)) {
            apr_size_t n = (apr_size_t)(rest.data - field.name.data);
            memcpy(out + len, field.name.data, n);
            len += n;
        }
    }
    memcpy(out + len, rest.data, rest.len);
    return (okapi_binary_t){out, len + rest.len};
}

apr_status_t okapi_outgoing_bytes(okapi_binary_t *bytes, okapi_message_t *message,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_binary_t raw;
    apr_status_t rv = okapi_mime_from_message(&raw, message, OKAPI_MIME_SEND, scratch_pool,
                                              scratch_pool);
    if (rv == APR_SUCCESS) {
        *bytes = without_ours(raw, result_pool);
    }
    return rv;
}
