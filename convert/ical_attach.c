/* ical_attach.c - files inside of an item: ATTACH in base64 and attachments, RFC 5545 3.8.1.1, RFC
 * 8607 4.2 and MS-OXCICAL 2.1.3.1.1.20.1. One that is a URI is kept beside. */
#include <strings.h>
#include <apr_encode.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "ical_item.h"
#include "transfer.h"

enum { MAX_FILES = 100 };

/* ---- reading ---- */

/* The name without folders and control characters; NULL if there is none. */
static const char *filename_of(const okapi__line_t *line, apr_pool_t *pool)
{
    static const char *const params[] = {"FILENAME", "X-FILENAME", "X-LABEL", "X-ORACLE-FILENAME",
                                         "X-APPLE-FILENAME"};
    const char *name = NULL;
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]) && !name; i++)
        name = okapi__line_param(line, params[i]);
    for (apr_size_t len; name && name[len = strcspn(name, "/\\")];)
        name += len + 1;
    if (!name || !*name)
        return NULL;
    char *clean = apr_pstrdup(pool, name), *to = clean;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p >= ' ')
            *to++ = *p;
    *to = 0;
    return *clean ? clean : NULL;
}

static apr_status_t add_file(okapi__item_t *item, const okapi__line_t *line, okapi_binary_t data)
{
    apr_pool_t *pool = item->cal->pool;
    const char *name = filename_of(line, pool), *type = okapi__line_param(line, "FMTTYPE");
    okapi_attachment_t *attachment = okapi_attachment_create(item->message, ATTACH_BY_VALUE);
    okapi_propval_t values[5] = {okapi_propval_i32(PR_RENDERING_POSITION, -1)};
    int n = 1;
    if (name) {
        const char *dot = strrchr(name, '.');
        values[n++] = okapi_propval_str(PR_ATTACH_LONG_FILENAME, name);
        values[n++] = okapi_propval_str(PR_DISPLAY_NAME, name);
        if (dot)
            values[n++] = okapi_propval_str(PR_ATTACH_EXTENSION, dot);
    }
    if (type && *type)
        values[n++] = okapi_propval_str(PR_ATTACH_MIME_TAG, type);
    okapi_attachment_set_data(attachment, data);
    return okapi_object_set(okapi_attachment_object(attachment), values, n, pool);
}

apr_status_t okapi__attach_read(okapi__item_t *item, apr_pool_t *data_pool)
{
    apr_status_t status = APR_SUCCESS;
    int files = 0;
    for (int i = 0; i < item->comp->lines->nelts && status == APR_SUCCESS; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(item->comp->lines, i, okapi__line_t);
        const char *encoding = okapi__line_param(line, "ENCODING");
        if (strcmp(line->name, "ATTACH") != 0 || !encoding || strcasecmp(encoding, "BASE64") != 0)
            continue;
        okapi_binary_t text = {(const unsigned char *)line->value, strlen(line->value)};
        okapi_binary_t data = okapi__transfer_decode(OKAPI__TRANSFER_BASE64, text, data_pool);
        if (data.len > 0 && files++ < MAX_FILES)
            status = add_file(item, line, data);
    }
    return status;
}

/* ---- writing ---- */

static void write_file(okapi__item_t *item, const okapi_propval_t *type,
                       const okapi_propval_t *name, okapi_binary_t data)
{
    apr_pool_t *pool = item->cal->pool;
    const char *params = "ENCODING=BASE64;VALUE=BINARY";
    if (OKAPI_PROP_TYPE(name->tag) == PT_UNICODE)
        params =
            apr_pstrcat(pool, params, ";FILENAME=", okapi__param_write(name->v.str, pool), NULL);
    if (OKAPI_PROP_TYPE(type->tag) == PT_UNICODE)
        params =
            apr_pstrcat(pool, "FMTTYPE=", okapi__param_write(type->v.str, pool), ";", params, NULL);
    okapi__comp_add(
        item->comp, "ATTACH", params,
        apr_pencode_base64_binary(pool, data.data, (apr_ssize_t)data.len, APR_ENCODE_NONE, NULL));
}

apr_status_t okapi__attach_write(okapi__item_t *item)
{
    static const okapi_proptag_t tags[] = {PR_ATTACH_METHOD, PR_ATTACHMENT_HIDDEN,
                                           PR_ATTACH_MIME_TAG, PR_ATTACH_LONG_FILENAME,
                                           PR_ATTACH_DATA_BIN};
    enum { METHOD, HIDDEN, TYPE, NAME, DATA, TAGS };
    apr_pool_t *pool = item->cal->pool;
    int n = okapi_message_attachment_count(item->message);
    for (int i = 0; i < n && i < MAX_FILES; i++) {
        okapi_attachment_t *attachment;
        okapi_propval_t v[TAGS];
        apr_status_t status = okapi_attachment_open(
            &attachment, item->message, okapi_message_attachment_num(item->message, i), pool);
        /* the data of what isn't written isn't read */
        if (status == APR_SUCCESS)
            status =
                okapi_object_get(okapi_attachment_object(attachment), tags, DATA, 0, v, pool, pool);
        if (status != APR_SUCCESS)
            return status;
        if (v[METHOD].tag != tags[METHOD] || v[METHOD].v.i32 != ATTACH_BY_VALUE ||
            (v[HIDDEN].tag == tags[HIDDEN] && v[HIDDEN].v.boolean))
            continue;
        status = okapi_object_get(okapi_attachment_object(attachment), &tags[DATA], 1, 0, &v[DATA],
                                  pool, pool);
        if (status != APR_SUCCESS)
            return status;
        if (v[DATA].tag == tags[DATA] && v[DATA].v.bin.len > 0)
            write_file(item, &v[TYPE], &v[NAME], v[DATA].v.bin);
    }
    return APR_SUCCESS;
}
