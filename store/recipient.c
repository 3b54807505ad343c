/* recipient.c - the recipients of a message: a list of property sets, packed in one column. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "message_private.h"

/* Of the column, which is one argument of a statement. */
enum { RECIPIENTS_MAX = 16000000 };

/* The class within PR_RECIPIENT_TYPE, whose high bits are flags (MS-OXCMSG 2.2.3.1.2). */
enum { TYPE_MASK = 0x0F };

int okapi_message_recipient_count(const okapi_message_t *message)
{
    return message->recipients->nelts;
}

const okapi_recipient_t *okapi_message_recipient(const okapi_message_t *message, int i)
{
    return APR_ARRAY_IDX(message->recipients, i, okapi_recipient_t *);
}

okapi_recipient_t *okapi_message_add_recipient(okapi_message_t *message, int type)
{
    apr_array_header_t *all = message->recipients;
    okapi_recipient_t *recipient = apr_palloc(message->pool, sizeof(*recipient));
    recipient->row_id = all->nelts ? APR_ARRAY_IDX(all, all->nelts - 1,
                                                   okapi_recipient_t *)->row_id + 1 : 0;
    recipient->type = type;
    recipient->props = okapi_props_create(message->pool);
    APR_ARRAY_PUSH(all, okapi_recipient_t *) = recipient;
    okapi__message_touch(message);
    return recipient;
}

void okapi_message_clear_recipients(okapi_message_t *message)
{
    apr_array_clear(message->recipients);
    okapi__message_touch(message);
}

/* ---- the column: a count, then for each its row id, its type, and its properties packed ---- */

apr_status_t okapi__recipients_pack(okapi_binary_t *packed, const apr_array_header_t *recipients,
                                    apr_pool_t *result_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 512, RECIPIENTS_MAX, result_pool);
    okapi_write_u32(&w, (apr_uint32_t)recipients->nelts);
    for (int i = 0; i < recipients->nelts; i++) {
        const okapi_recipient_t *recipient = APR_ARRAY_IDX(recipients, i, okapi_recipient_t *);
        okapi_write_u32(&w, recipient->row_id);
        okapi_write_u32(&w, (apr_uint32_t)recipient->type);
        apr_size_t at = w.len;
        okapi_write_u32(&w, 0);
        okapi_props_pack(&w, recipient->props);
        okapi_write_u32_at(&w, at, (apr_uint32_t)(w.len - at - 4));
    }
    packed->data = w.data;
    packed->len = w.len;
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}

apr_status_t okapi__recipients_unpack(apr_array_header_t **recipients, okapi_binary_t packed,
                                      apr_pool_t *result_pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, packed.data, packed.len);
    apr_size_t n = packed.len ? okapi_read_count(&r, okapi_read_u32(&r), 12) : 0;
    *recipients = apr_array_make(result_pool, (int)n, sizeof(okapi_recipient_t *));
    for (apr_size_t i = 0; i < n && !r.failed; i++) {
        okapi_recipient_t *recipient = apr_palloc(result_pool, sizeof(*recipient));
        recipient->row_id = okapi_read_u32(&r);
        recipient->type = (int)okapi_read_u32(&r);
        okapi_reader_t props = okapi_read_sub(&r, okapi_read_u32(&r));
        if (okapi_props_unpack(&recipient->props, props.p, okapi_reader_left(&props),
                               result_pool) != APR_SUCCESS) {
            okapi_reader_fail(&r);
        }
        APR_ARRAY_PUSH(*recipients, okapi_recipient_t *) = recipient;
    }
    return okapi_reader_status(&r, 1) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ECORRUPT;
}

/* ---- as text ---- */

static const char *display_name(const okapi_recipient_t *recipient)
{
    static const okapi_proptag_t names[] = {PR_DISPLAY_NAME, PR_SMTP_ADDRESS, PR_EMAIL_ADDRESS};
    const char *name = "";
    for (apr_size_t i = 0; !*name && i < sizeof(names) / sizeof(names[0]); i++) {
        name = okapi_props_str(recipient->props, names[i], "");
    }
    return name;
}

const char *okapi__recipients_display(const apr_array_header_t *recipients, int type,
                                      apr_pool_t *result_pool)
{
    struct iovec *parts = apr_palloc(result_pool,
                                     sizeof(*parts) * 2 * (apr_size_t)(recipients->nelts + 1));
    apr_size_t n = 0;
    for (int i = 0; i < recipients->nelts; i++) {
        const okapi_recipient_t *recipient = APR_ARRAY_IDX(recipients, i, okapi_recipient_t *);
        const char *name = display_name(recipient);
        if ((recipient->type & TYPE_MASK) != type || !*name) {
            continue;
        }
        if (n > 0) {
            parts[n++] = (struct iovec){.iov_base = (void *)"; ", .iov_len = 2};
        }
        parts[n++] = (struct iovec){.iov_base = (void *)name, .iov_len = strlen(name)};
    }
    return n ? apr_pstrcatv(result_pool, parts, n, NULL) : "";
}
