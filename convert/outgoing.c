/* outgoing.c - the bytes of a message that is sent. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/mime.h>
#include <okapi/named.h>
#include <okapi/outgoing.h>

#include "entity.h"
#include "header.h"

enum { LINE_LENGTH = 76, EXTRA = 1 << 20 };

/* ---- fields that are added ---- */

/* VALUE as a field's: one line, folded behind commas where it is long. */
static const char *fold(const char *value, const char *eol, apr_pool_t *result_pool)
{
    apr_size_t len = strlen(value), column = 0;
    char *out = apr_palloc(result_pool, 3 * len + 1), *p = out;
    for (; *value; value++, column++) {
        *p++ = (unsigned char)*value < ' ' || *value == 0x7F ? ' ' : *value;
        if (*value == ',' && value[1] == ' ' && column > LINE_LENGTH) {
            p = apr_cpystrn(p, eol, strlen(eol) + 1);
            column = 0;
        }
    }
    *p = '\0';
    return out;
}

static int has_field(okapi_binary_t raw, const char *name, const char *value, apr_pool_t *pool)
{
    okapi__field_t field;
    okapi_binary_t rest = raw;
    char eol = okapi__entity_eol(raw);
    while (okapi__field_next(&rest, eol, &field)) {
        if (okapi__field_is(&field, name) &&
            strcmp(okapi__header_text(field.value, NULL, pool), value) == 0) {
            return 1;
        }
    }
    return 0;
}

/* *FIELDS, in RESULT_POOL, are those the message has as named properties and RAW hasn't. */
static apr_status_t added_fields(const char **fields, okapi_message_t *message, okapi_binary_t raw,
                                 const char *eol, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_array_header_t *ids, *names;
    *fields = "";
    apr_status_t rv = okapi_named_list(okapi_message_store(message), &okapi_ps_internet_headers,
                                       &ids, &names, scratch_pool, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < ids->nelts; i++) {
        const okapi_propname_t *name = &APR_ARRAY_IDX(names, i, okapi_propname_t);
        okapi_proptag_t tag = OKAPI_PROP_TAG(PT_UNICODE, APR_ARRAY_IDX(ids, i, apr_uint16_t));
        okapi_propval_t v;
        rv = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, scratch_pool,
                              scratch_pool);
        if (rv == APR_SUCCESS && v.tag == tag && name->kind == MNID_STRING &&
            strpbrk(name->name, ": \t\r\n") == NULL &&
            !has_field(raw, name->name, v.v.str, scratch_pool)) {
            *fields = apr_pstrcat(result_pool, *fields, name->name, ": ",
                                  fold(v.v.str, eol, scratch_pool), eol, NULL);
        }
    }
    return rv;
}

/* Is NAME one of FIELDS? */
static int is_added(const char *fields, const okapi__field_t *field)
{
    for (const char *p = fields; *p;) {
        if (strncasecmp(p, (const char *)field->name.data, field->name.len) == 0 &&
            p[field->name.len] == ':') {
            return 1;
        }
        p = strchr(p, '\n');
        p = p ? p + 1 : "";
    }
    return 0;
}

/* ---- fields that don't leave ---- */

/* Who gets it secretly, and what those who receive it say: RFC 5322 3.6.3, RFC 5321 4.4. */
static int stays_here(const okapi__field_t *field)
{
    return okapi__field_is(field, "Bcc") || okapi__field_is(field, "Resent-Bcc") ||
           okapi__field_is(field, "Return-Path");
}

/* RAW behind FIELDS, which replace those of the same names. */
static okapi_binary_t assemble(const char *fields, okapi_binary_t raw, apr_pool_t *result_pool)
{
    okapi__field_t field;
    okapi_binary_t rest = raw;
    char eol = okapi__entity_eol(raw);
    apr_size_t len = strlen(fields);
    unsigned char *out = apr_palloc(result_pool, len + raw.len + 1);
    memcpy(out, fields, len);
    while (okapi__field_next(&rest, eol, &field)) {
        if (!stays_here(&field) && !is_added(fields, &field)) {
            apr_size_t n = (apr_size_t)(rest.data - field.name.data);
            memcpy(out + len, field.name.data, n);
            len += n;
        }
    }
    memcpy(out + len, rest.data, rest.len);
    return (okapi_binary_t){out, len + rest.len};
}

/* ---- all of it ---- */

static apr_status_t read_raw(okapi_binary_t *raw, okapi_message_t *message, apr_pool_t *pool)
{
    const okapi_config_t *config = okapi_config(okapi_store_engine(okapi_message_store(message)));
    okapi_stream_t *stream;
    apr_status_t rv = okapi_message_raw(&stream, message, pool, pool);
    return rv == APR_SUCCESS
               ? okapi_stream_read_all(stream, (apr_size_t)config->max_message + EXTRA, raw, pool,
                                       pool)
               : rv;
}

apr_status_t okapi_outgoing_bytes(okapi_binary_t *bytes, okapi_message_t *message,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *fields = "";
    okapi_binary_t raw;
    apr_status_t rv = read_raw(&raw, message, scratch_pool);
    if (rv == APR_SUCCESS) {
        const char *eol = memchr(raw.data, '\r', raw.len) ? "\r\n" : "\n";
        rv = added_fields(&fields, message, raw, eol, scratch_pool, scratch_pool);
    } else if (rv == OKAPI_ENOTFOUND) {
        rv = OKAPI_ENOSUPPORT;
    }
    if (rv == APR_SUCCESS) {
        *bytes = assemble(fields, raw, result_pool);
    }
    return rv;
}
