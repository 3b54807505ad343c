/* rule_action.c - the actions of rules in bytes: RuleAction, MS-OXORULE 2.2.5. */
#include <okapi/entryid.h>
#include <okapi/rule.h>

/* The fields of each kind's ActionData in wire order. */
static const char *const fields_of[] = {
#define OKAPI_ACTION(symbol, type, fields, name) [symbol] = (fields),
#include <okapi/rule_actions.def>
#undef OKAPI_ACTION
};

enum {
    N_KINDS = sizeof(fields_of) / sizeof(fields_of[0]),
    SERVER_EID_SIZE = 21 /* MS-OXORULE 2.2.5.1.2.1.1 */
};

/* ---- reading ---- */

static int is_wide(const okapi_codec_t *codec)
{
    return codec->form != OKAPI_FORM_ROP;
}

static apr_size_t read_size(okapi_reader_t *r, const okapi_codec_t *codec)
{
    return is_wide(codec) ? okapi_read_u32(r) : okapi_read_u16(r);
}

static okapi_binary_t read_counted(okapi_reader_t *r, const okapi_codec_t *codec)
{
    okapi_binary_t bin = {NULL, read_size(r, codec)};
    bin.data = okapi_read_bytes(r, bin.len);
    bin.len = bin.data ? bin.len : 0;
    return bin;
}

static void read_recipient(okapi_reader_t *r, okapi_action_recipient_t *recipient,
                           const okapi_codec_t *codec, apr_pool_t *result_pool)
{
    recipient->reserved = okapi_read_u8(r);
    apr_size_t n = okapi_read_count(r, read_size(r, codec), 5); /* a tag and at least a byte */
    if (n == 0) {
        okapi_reader_fail(r);
        return;
    }
    recipient->values = apr_pcalloc(result_pool, n * sizeof(okapi_propval_t));
    for (apr_size_t i = 0; i < n && !r->failed; i++) {
        okapi_tagged_read(r, &recipient->values[i], codec, result_pool);
        recipient->nvalues++;
    }
}

static void read_recipients(okapi_reader_t *r, okapi_action_t *action, const okapi_codec_t *codec,
                            apr_pool_t *result_pool)
{
    apr_size_t n = okapi_read_count(r, read_size(r, codec), is_wide(codec) ? 10 : 8);
    if (n == 0) {
        okapi_reader_fail(r);
        return;
    }
    action->recipients = apr_pcalloc(result_pool, n * sizeof(okapi_action_recipient_t));
    for (apr_size_t i = 0; i < n && !r->failed; i++) {
        read_recipient(r, &action->recipients[i], codec, result_pool);
        action->nrecipients++;
    }
}

static void read_template(okapi_reader_t *r, okapi_action_t *action, const okapi_codec_t *codec)
{
    if (is_wide(codec)) {
        action->template_entryid = read_counted(r, codec);
    } else {
        action->template_fid = okapi_read_u64(r);
        action->template_mid = okapi_read_u64(r);
    }
    action->template_guid = okapi_read_guid(r);
}

static void read_field(okapi_reader_t *r, char field, okapi_action_t *action,
                       const okapi_codec_t *codec, apr_pool_t *result_pool)
{
    switch (field) {
    case 'L':
        action->is_local = is_wide(codec) ? 1 : okapi_read_u8(r);
        break;
    case 'S':
        action->store = read_counted(r, codec);
        break;
    case 'F':
        action->folder = read_counted(r, codec);
        break;
    case 'T':
        read_template(r, action, codec);
        break;
    case 'D':
        action->data.len = okapi_reader_left(r);
        action->data.data = okapi_read_bytes(r, action->data.len);
        break;
    case 'C':
        action->code = okapi_read_u32(r);
        break;
    case 'R':
        read_recipients(r, action, codec, result_pool);
        break;
    case 'P':
        okapi_tagged_read(r, &action->value, codec, result_pool);
        break;
    }
}

static void read_action(okapi_reader_t *r, okapi_action_t *action, const okapi_codec_t *codec,
                        apr_pool_t *result_pool)
{
    okapi_reader_t block = okapi_read_sub(r, read_size(r, codec));
    apr_byte_t type = okapi_read_u8(&block);
    const char *field = type < N_KINDS ? fields_of[type] : NULL;
    action->flavor = okapi_read_u32(&block);
    action->flags = okapi_read_u32(&block);
    if (!field) {
        okapi_reader_fail(r);
        return;
    }
    action->type = (okapi_action_e)type;
    for (; *field; field++) {
        read_field(&block, *field, action, codec, result_pool);
    }
    if (okapi_reader_status(&block, 1) != APR_SUCCESS) {
        okapi_reader_fail(r);
    }
}

void okapi_actions_read(okapi_reader_t *r, apr_array_header_t **actions,
                        const okapi_codec_t *codec, apr_pool_t *result_pool)
{
    apr_size_t n = okapi_read_count(r, read_size(r, codec), is_wide(codec) ? 13 : 11);
    *actions = apr_array_make(result_pool, (int)n, sizeof(okapi_action_t));
    for (apr_size_t i = 0; i < n && !r->failed; i++) {
        okapi_action_t action = {0};
        read_action(r, &action, codec, result_pool);
        APR_ARRAY_PUSH(*actions, okapi_action_t) = action;
    }
}

/* ---- writing ---- */

static void write_size(okapi_writer_t *w, apr_size_t size, const okapi_codec_t *codec)
{
    if (is_wide(codec)) {
        okapi_write_u32(w, (apr_uint32_t)size);
    } else {
        w->failed |= size > 0xFFFF;
        okapi_write_u16(w, (apr_uint16_t)size);
    }
}

static void write_counted(okapi_writer_t *w, okapi_binary_t bin, const okapi_codec_t *codec)
{
    write_size(w, bin.len, codec);
    okapi_write_bytes(w, bin.data, bin.len);
}

static void write_recipients(okapi_writer_t *w, const okapi_action_t *action,
                             const okapi_codec_t *codec)
{
    write_size(w, (apr_size_t)action->nrecipients, codec);
    for (int i = 0; i < action->nrecipients; i++) {
        const okapi_action_recipient_t *recipient = &action->recipients[i];
        okapi_write_u8(w, recipient->reserved);
        write_size(w, (apr_size_t)recipient->nvalues, codec);
        for (int j = 0; j < recipient->nvalues; j++) {
            okapi_tagged_write(w, &recipient->values[j], codec);
        }
    }
}

static void write_template(okapi_writer_t *w, const okapi_action_t *action,
                           const okapi_codec_t *codec)
{
    if (is_wide(codec)) {
        write_counted(w, action->template_entryid, codec);
    } else {
        okapi_write_u64(w, action->template_fid);
        okapi_write_u64(w, action->template_mid);
    }
    okapi_write_guid(w, &action->template_guid);
}

static void write_field(okapi_writer_t *w, char field, const okapi_action_t *action,
                        const okapi_codec_t *codec)
{
    switch (field) {
    case 'L':
        if (!is_wide(codec)) {
            okapi_write_u8(w, action->is_local);
        }
        break;
    case 'S':
        write_counted(w, action->store, codec);
        break;
    case 'F':
        write_counted(w, action->folder, codec);
        break;
    case 'T':
        write_template(w, action, codec);
        break;
    case 'D':
        okapi_write_bytes(w, action->data.data, action->data.len);
        break;
    case 'C':
        okapi_write_u32(w, action->code);
        break;
    case 'R':
        write_recipients(w, action, codec);
        break;
    case 'P':
        okapi_tagged_write(w, &action->value, codec);
        break;
    }
}

void okapi_actions_write(okapi_writer_t *w, const apr_array_header_t *actions,
                         const okapi_codec_t *codec)
{
    write_size(w, (apr_size_t)actions->nelts, codec);
    for (int i = 0; i < actions->nelts && !w->failed; i++) {
        const okapi_action_t *action = &APR_ARRAY_IDX(actions, i, okapi_action_t);
        apr_size_t start = w->len;
        write_size(w, 0, codec); /* known below */
        apr_size_t begin = w->len;
        okapi_write_u8(w, (apr_byte_t)action->type);
        okapi_write_u32(w, action->flavor);
        okapi_write_u32(w, action->flags);
        for (const char *field = fields_of[action->type]; *field; field++) {
            write_field(w, *field, action, codec);
        }
        apr_size_t size = w->len - begin;
        w->failed |= !is_wide(codec) && size > 0xFFFF;
        if (!w->failed && is_wide(codec)) {
            okapi_write_u32_at(w, start, (apr_uint32_t)size);
        } else if (!w->failed) {
            okapi_write_u16_at(w, start, (apr_uint16_t)size);
        }
    }
}

/* ---- meaning ---- */

okapi_id_t okapi_action_folder(const okapi_action_t *action)
{
    okapi_reader_t r;
    okapi_reader_init(&r, action->folder.data, action->folder.len);
    int ours = okapi_read_u8(&r);
    apr_uint64_t eid = okapi_read_u64(&r);
    return action->is_local && ours == 1 && action->folder.len == SERVER_EID_SIZE
               ? okapi_id_of_eid(eid)
               : 0;
}
