/* leaf_recipient.c - a message's recipients on the wire: RecipientRow, MS-OXCDATA 2.8.3. */
#include <string.h>

#include <apr_strings.h>

#include "leaf_recipient.h"

#define COLUMNS_MAX 64    /* more properties than any client gives a recipient */
#define VALUE_MAX   1000  /* bytes of text or binary; longer ones are cut or left out */
#define ROW_MAX     65535 /* RecipientRowSize is 16 bits */

enum { /* RecipientFlags, MS-OXCDATA 2.8.3.1 */
       ROW_NO_TYPE = 0x0000,
       ROW_X500DN = 0x0001,
       ROW_SMTP = 0x0003,
       ROW_EMAIL_ADDRESS = 0x0008,
       ROW_DISPLAY_NAME = 0x0010,
       ROW_TRANSMITTABLE_NAME = 0x0020,
       ROW_TRANSMITTABLE_NAME_SAME = 0x0040,
       ROW_NO_RICH_TEXT = 0x0100,
       ROW_UNICODE = 0x0200,
       ROW_ADDRESS_TYPE = 0x8000
};

/* What the row's own fields say; PR_ROWID and PR_RECIPIENT_TYPE stand before the row. */
static const okapi_proptag_t in_fields[] = {
    PR_DISPLAY_NAME,   PR_ADDRTYPE, PR_EMAIL_ADDRESS, PR_TRANSMITABLE_DISPLAY_NAME,
    PR_SEND_RICH_INFO, PR_ROWID,    PR_RECIPIENT_TYPE};

static void add_column(apr_array_header_t *columns, okapi_proptag_t tag)
{
    for (apr_size_t i = 0; i < sizeof(in_fields) / sizeof(in_fields[0]); i++) {
        if (OKAPI_PROP_ID(in_fields[i]) == OKAPI_PROP_ID(tag)) {
            return;
        }
    }
    for (int i = 0; i < columns->nelts; i++) {
        if (APR_ARRAY_IDX(columns, i, okapi_proptag_t) == tag) {
            return;
        }
    }
    if (columns->nelts < COLUMNS_MAX) {
        APR_ARRAY_PUSH(columns, okapi_proptag_t) = tag;
    }
}

apr_array_header_t *rop_recipient_columns(const okapi_message_t *message, apr_pool_t *result_pool)
{
    apr_array_header_t *columns = apr_array_make(result_pool, 8, sizeof(okapi_proptag_t));
    add_column(columns, PR_OBJECT_TYPE);
    add_column(columns, PR_DISPLAY_TYPE);
    add_column(columns, PR_ENTRYID);
    int n = okapi_message_recipient_count(message);
    for (int i = 0; i < n; i++) {
        const okapi_props_t *props = okapi_message_recipient(message, i)->props;
        for (int j = 0; j < okapi_props_count(props); j++) {
            add_column(columns, okapi_props_at(props, j)->tag);
        }
    }
    return columns;
}

/* A text property, cut between characters if it is absurdly long: a row has to fit the answer. */
static const char *text(const okapi_props_t *props, okapi_proptag_t tag, const char *absent,
                        apr_pool_t *pool)
{
    const char *s = okapi_props_str(props, tag, absent);
    apr_size_t len = strlen(s);
    if (len <= VALUE_MAX) {
        return s;
    }
    len = VALUE_MAX;
    while (len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80) {
        len--;
    }
    return apr_pstrmemdup(pool, s, len);
}

/* A recipient that was never resolved has no entry id: its one-off id says the same. */
static okapi_propval_t entryid(const okapi_props_t *props, const char *type, const char *address,
                               apr_pool_t *pool)
{
    okapi_binary_t id;
    if (!strcmp(type, "EX")) {
        id = okapi_entryid_addressbook(
            address, (apr_uint32_t)okapi_props_int(props, PR_DISPLAY_TYPE, 0), pool);
    } else {
        const char *name = text(props, PR_DISPLAY_NAME, address, pool);
        id = okapi_entryid_oneoff(name, type, address, pool);
    }
    return okapi_propval_bin(PR_ENTRYID, id.data, id.len);
}

#define MAPI_MAILUSER 6

static okapi_propval_t column_value(const okapi_props_t *props, okapi_proptag_t tag,
                                    const char *type, const char *address, apr_pool_t *pool)
{
    const okapi_propval_t *v = okapi_props_get(props, tag);
    int too_long = v != NULL && okapi_propval_size(v) > 2 * VALUE_MAX;
    if (tag == PR_ENTRYID && (v == NULL || v->v.bin.len == 0 || too_long)) {
        return entryid(props, type, address, pool);
    }
    if (v != NULL) {
        return too_long ? okapi_propval_error(tag, okapi_error_mapi(OKAPI_ENOMEMORY)) : *v;
    }
    switch (tag) {
    case PR_OBJECT_TYPE:
        return okapi_propval_i32(tag, MAPI_MAILUSER);
    case PR_DISPLAY_TYPE:
        return okapi_propval_i32(tag, 0); /* DT_MAILUSER */
    default:
        return okapi_propval_error(tag, okapi_error_mapi(OKAPI_ENOTFOUND));
    }
}

static void write_properties(okapi_writer_t *w, const okapi_props_t *props,
                             const apr_array_header_t *columns, const char *type,
                             const char *address, const rop_codec_t *c, apr_pool_t *pool)
{
    const okapi_proptag_t *tags = (const okapi_proptag_t *)columns->elts;
    okapi_propval_t *values = apr_palloc(pool, (apr_size_t)columns->nelts * sizeof(*values));
    for (int i = 0; i < columns->nelts; i++) {
        values[i] = column_value(props, tags[i], type, address, pool);
    }
    okapi_write_u16(w, (apr_uint16_t)columns->nelts);
    okapi_proprow_write(w, tags, values, columns->nelts, &c->prop);
}

static apr_uint16_t row_flags(const okapi_props_t *props, const char *type, const char *name,
                              const char *transmittable)
{
    apr_uint16_t flags = ROW_UNICODE | ROW_DISPLAY_NAME;
    if (!strcmp(type, "EX")) {
        flags |= ROW_X500DN;
    } else {
        flags |= ROW_EMAIL_ADDRESS | (!strcmp(type, "SMTP") ? ROW_SMTP : ROW_ADDRESS_TYPE);
    }
    flags |= !strcmp(transmittable, name) ? ROW_TRANSMITTABLE_NAME_SAME : ROW_TRANSMITTABLE_NAME;
    const okapi_propval_t *rich = okapi_props_get(props, PR_SEND_RICH_INFO);
    if (rich != NULL && !rich->v.boolean) {
        flags |= ROW_NO_RICH_TEXT;
    }
    return flags;
}

okapi_binary_t rop_recipient_row(const okapi_recipient_t *recipient,
                                 const apr_array_header_t *columns, const rop_codec_t *c,
                                 apr_pool_t *result_pool)
{
    const okapi_props_t *props = recipient->props;
    const char *type = text(props, PR_ADDRTYPE, "SMTP", result_pool);
    const char *address = text(props, PR_EMAIL_ADDRESS, "", result_pool);
    const char *name = text(props, PR_DISPLAY_NAME, address, result_pool);
    const char *transmittable = text(props, PR_TRANSMITABLE_DISPLAY_NAME, name, result_pool);
    apr_uint16_t flags = row_flags(props, type, name, transmittable);

    okapi_writer_t w;
    okapi_writer_init(&w, 256, ROW_MAX, result_pool);
    okapi_write_u16(&w, flags);
    if ((flags & 0x0007) == ROW_X500DN) {
        okapi_write_u8(&w, 0); /* AddressPrefixUsed: the DN is whole */
        okapi_write_u8(&w, (apr_byte_t)okapi_props_int(props, PR_DISPLAY_TYPE, 0));
        okapi_write_str8z(&w, address);
    }
    if (flags & ROW_ADDRESS_TYPE) {
        okapi_write_str8z(&w, type);
    }
    if (flags & ROW_EMAIL_ADDRESS) {
        okapi_write_str16z(&w, address);
    }
    okapi_write_str16z(&w, name);
    if (flags & ROW_TRANSMITTABLE_NAME) {
        okapi_write_str16z(&w, transmittable);
    }
    write_properties(&w, props, columns, type, address, c, result_pool);
    return (okapi_binary_t){w.data, w.failed ? 0 : w.len};
}
