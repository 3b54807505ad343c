/* message_row.c - the row of a message in its folder, read from the database and made from the
 * message. */
#include <string.h>

#include <apr_strings.h>
#include <openssl/evp.h>
#include <okapi/collate.h>
#include <okapi/named.h>

#include "message_private.h"
#include "text.h"

void okapi__message_row_read(okapi__message_row_t *row, okapi__rows_t *rows,
                             apr_pool_t *result_pool)
{
    int c = 0;
    row->folder_id = okapi__rows_int(rows, c++);
    row->id = okapi__rows_int(rows, c++);
    row->part = (int)okapi__rows_int(rows, c++);
    row->cn = okapi__rows_int(rows, c++);
    row->flags = (apr_uint32_t)okapi__rows_int(rows, c++);
    row->delivered = okapi__rows_int(rows, c++);
    row->submitted = okapi__rows_int(rows, c++);
    row->ctime = okapi__rows_int(rows, c++);
    row->mtime = okapi__rows_int(rows, c++);
    row->size = okapi__rows_int(rows, c++);
    row->imap_uid = okapi__rows_int(rows, c++);
    row->importance = (int)okapi__rows_int(rows, c++);
    row->flag_status = (int)okapi__rows_int(rows, c++);
    row->icon = (int)okapi__rows_int(rows, c++);
    row->message_class = apr_pstrdup(result_pool, okapi__rows_str(rows, c++));
    row->prefix = apr_pstrdup(result_pool, okapi__rows_str(rows, c++));
    row->subject = apr_pstrdup(result_pool, okapi__rows_str(rows, c++));
    row->subject_key = apr_pstrdup(result_pool, okapi__rows_str(rows, c++));
    row->sender = apr_pstrdup(result_pool, okapi__rows_str(rows, c++));
    row->sender_key = apr_pstrdup(result_pool, okapi__rows_str(rows, c++));
    row->display_to = apr_pstrdup(result_pool, okapi__rows_str(rows, c++));
    row->start = okapi__rows_int(rows, c++);
    row->end = okapi__rows_int(rows, c++);
    row->creator = okapi__rows_int(rows, c++);
    row->deleted = okapi__rows_int(rows, c++);
}

/* ---- from the message ---- */

enum { LID_CLEAN_GOID = 0x0023 };

enum { KEY_BYTES = OKAPI__KEY_MAX * 6 / 8 };

/* Base64 with an alphabet in the order of ASCII, and without padding, so that a key which is the
 * beginning of another comes before it. */
static const char *encode(okapi_binary_t key, apr_pool_t *result_pool)
{
    static const char digits[] = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    char *out = apr_palloc(result_pool, OKAPI__KEY_MAX + 1);
    apr_size_t n = 0;
    unsigned bits = 0, have = 0;
    for (apr_size_t i = 0; i < key.len; i++) {
        bits = (bits << 8 | key.data[i]) & 0xFFFF;
        for (have += 8; have >= 6; have -= 6) {
            out[n++] = digits[bits >> (have - 6) & 63];
        }
    }
    if (have > 0) {
        out[n++] = digits[bits << (6 - have) & 63];
    }
    out[n] = '\0';
    return out;
}

const char *okapi__text_key(const char *text, apr_pool_t *result_pool)
{
    return encode(okapi_sort_key_of_text(text, KEY_BYTES, result_pool), result_pool);
}

/* The key of a text that goes on has the same primary weights and then more of them, which are
 * above the separator that ends them here, and below 0xFF. */
const char *okapi__text_key_above(const char *prefix, apr_pool_t *result_pool)
{
    enum { SEPARATOR = 1 };
    okapi_binary_t key = okapi_sort_key_of_text(prefix, KEY_BYTES, result_pool);
    unsigned char *above = apr_palloc(result_pool, KEY_BYTES);
    const unsigned char *end = key.len ? memchr(key.data, SEPARATOR, key.len) : NULL;
    memset(above, 0xFF, KEY_BYTES);
    if (key.len > 0) {
        memcpy(above, key.data, end ? (apr_size_t)(end - key.data) : key.len);
    }
    return encode((okapi_binary_t){above, KEY_BYTES}, result_pool);
}

/* 63 bits, so that every engine keeps it as it is; 0 for no bytes. */
apr_int64_t okapi__message_hash(const void *data, apr_size_t len)
{
    unsigned char digest[32];
    apr_uint64_t h = 0;
    if (!len || !EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL)) {
        return 0;
    }
    for (int i = 0; i < 8; i++) {
        h = h << 8 | digest[i];
    }
    return (apr_int64_t)(h >> 1);
}

/* What an appointment is known by to everybody who takes part, PidLidCleanGlobalObjectId, takes the
 * place of the id that only mail has. */
static apr_status_t hash_of_ids(apr_int64_t *hash, const okapi_message_t *message,
                                apr_pool_t *scratch_pool)
{
    static const char appointment[] = "IPM.Appointment";
    const okapi_propname_t name = {okapi_psetid_meeting, MNID_ID, LID_CLEAN_GOID, NULL};
    const okapi_props_t *props = message->bag.props;
    const char *id = okapi_props_str(props, PR_INTERNET_MESSAGE_ID, "");
    apr_status_t rv = APR_SUCCESS;
    *hash = okapi__message_hash(id, strlen(id));
    if (strncasecmp(okapi_props_str(props, PR_MESSAGE_CLASS, ""), appointment,
                    sizeof(appointment) - 1) == 0) {
        apr_uint16_t prop_id = 0;
        rv = okapi_named_ids(message->store, &name, 1, 0, &prop_id, scratch_pool);
        const okapi_propval_t *goid =
            prop_id ? okapi_props_get(props, OKAPI_PROP_TAG(PT_BINARY, prop_id)) : NULL;
        if (goid) {
            *hash = okapi__message_hash(goid->v.bin.data, goid->v.bin.len);
        }
    }
    return rv;
}

/* The conversation's GUID within PR_CONVERSATION_INDEX (MS-OXOMSG 2.2.1.3) as a number. */
static apr_int64_t conversation(const okapi_props_t *props)
{
    const okapi_propval_t *index = okapi_props_get(props, PR_CONVERSATION_INDEX);
    apr_uint64_t id = 0;
    if (!index || index->v.bin.len < 22) {
        return 0;
    }
    for (int i = 0; i < 8; i++) {
        id = id << 8 | index->v.bin.data[6 + i];
    }
    return (apr_int64_t)(id >> 1);
}

static okapi_time_t time_of(const okapi_props_t *props, okapi_proptag_t tag)
{
    const okapi_propval_t *v = okapi_props_get(props, tag);
    return v ? v->v.time : 0;
}

static int visible_attachments(const okapi_message_t *message)
{
    int n = 0;
    for (int i = 0; i < message->attachments->nelts; i++) {
        n += !okapi__attachment_hidden(APR_ARRAY_IDX(message->attachments, i,
                                                     okapi_attachment_t *));
    }
    return n;
}

apr_status_t okapi__message_row_fill(okapi__message_row_t *row, okapi_message_t *message,
                                     apr_pool_t *result_pool)
{
    const okapi_props_t *props = message->bag.props;
    const char *subject = okapi_props_str(props, PR_NORMALIZED_SUBJECT, "");
    const char *sender = okapi_props_str(props, PR_SENT_REPRESENTING_NAME, "");
    row->delivered = time_of(props, PR_MESSAGE_DELIVERY_TIME);
    row->submitted = time_of(props, PR_CLIENT_SUBMIT_TIME);
    row->importance = (int)okapi_props_int(props, PR_IMPORTANCE, 1);
    row->flag_status = (int)okapi_props_int(props, PR_FLAG_STATUS, 0);
    row->icon = (int)okapi_props_int(props, PR_ICON_INDEX, -1);
    row->conversation = conversation(props);
    row->message_class = okapi__text_clean(okapi_props_str(props, PR_MESSAGE_CLASS, "IPM.Note"),
                                           OKAPI__CLASS_MAX, result_pool);
    row->prefix = okapi__text_clean(okapi_props_str(props, PR_SUBJECT_PREFIX, ""),
                                    OKAPI__PREFIX_MAX, result_pool);
    row->subject = okapi__text_clean(subject, OKAPI__SUBJECT_MAX, result_pool);
    row->subject_key = okapi__text_key(row->subject, result_pool);
    row->sender = okapi__text_clean(sender, OKAPI__SENDER_MAX, result_pool);
    row->sender_key = okapi__text_key(row->sender, result_pool);
    row->display_to = okapi__text_clean(okapi__recipients_display(message->recipients, MAPI_TO,
                                                                  result_pool),
                                        OKAPI__DISPLAY_TO_MAX, result_pool);
    row->start = time_of(props, PR_START_DATE);
    row->end = time_of(props, PR_END_DATE);
    row->attachments = visible_attachments(message);
    row->flags &= ~(apr_uint32_t)(MSGFLAG_HASATTACH | MSGFLAG_ASSOCIATED);
    row->flags |= row->attachments ? MSGFLAG_HASATTACH : 0;
    row->flags |= row->part & OKAPI__PART_ASSOCIATED ? MSGFLAG_ASSOCIATED : 0;
    return hash_of_ids(&row->message_id_hash, message, result_pool);
}
