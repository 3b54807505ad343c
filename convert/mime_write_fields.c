/* mime_write_fields.c - the header section of a message that is written: MS-OXCMAIL 2.1.3.1 and
 * 2.1.3.2. One table says what it has: header_fields.def. */
#include "mime_write.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/named.h>
#include <unicode/uloc.h>

#include "header.h"

typedef struct row_t {
    const char *name;
    apr_status_t (*write)(okapi__letter_t *letter, const struct row_t *row);
    okapi_proptag_t tag;
} row_t;

static const okapi__who_tags_t representing_tags = {
    PR_SENT_REPRESENTING_NAME, PR_SENT_REPRESENTING_ADDRTYPE, PR_SENT_REPRESENTING_EMAIL_ADDRESS,
    PR_SENT_REPRESENTING_SMTP_ADDRESS, PR_SENT_REPRESENTING_ENTRYID};
static const okapi__who_tags_t sender_tags = {PR_SENDER_NAME, PR_SENDER_ADDRTYPE,
                                              PR_SENDER_EMAIL_ADDRESS, PR_SENDER_SMTP_ADDRESS,
                                              PR_SENDER_ENTRYID};

/* ---- kinds of field ---- */

static apr_status_t write_none(okapi__letter_t *letter, const row_t *row)
{
    return APR_SUCCESS;
}

static apr_status_t write_text(okapi__letter_t *letter, const row_t *row)
{
    okapi__write_text(&letter->fields, row->name, okapi_props_str(letter->props, row->tag, ""),
                      letter->pool);
    return APR_SUCCESS;
}

static apr_status_t write_tokens(okapi__letter_t *letter, const row_t *row)
{
    okapi__write_tokens(&letter->fields, row->name, okapi_props_str(letter->props, row->tag, ""),
                        letter->pool);
    return APR_SUCCESS;
}

/* A field that PS_INTERNET_HEADERS has. How it came is nobody's business when it goes on. */
static apr_status_t write_named(okapi__letter_t *letter, const row_t *row)
{
    const char *value = okapi__letter_named(letter, row->name);
    int is_trace = strcmp(row->name, "Return-Path") == 0;
    if (value && !(is_trace && letter->out->flags & OKAPI_MIME_SEND))
        okapi__write_text(&letter->fields, row->name, value, letter->pool);
    return APR_SUCCESS;
}

static void put_date(okapi__letter_t *letter, const char *name, okapi_time_t time)
{
    char date[APR_RFC822_DATE_LEN];
    if (apr_rfc822_date(date, okapi_time_to_apr(time)) == APR_SUCCESS) {
        date[strlen(date) - 3] = '\0'; /* "GMT", which RFC 5322 calls obsolete */
        okapi__write_begin(&letter->fields, name, apr_pstrcat(letter->pool, date, "+0000", NULL));
        okapi__write_end(&letter->fields);
    }
}

static apr_status_t write_date(okapi__letter_t *letter, const row_t *row)
{
    const okapi_propval_t *time = okapi_props_get(letter->props, row->tag);
    if (time && time->v.time > 0)
        put_date(letter, row->name, time->v.time);
    return APR_SUCCESS;
}

/* What is sent has a date; a draft has that of its last change. */
static apr_status_t write_submitted(okapi__letter_t *letter, const row_t *row)
{
    const okapi_propval_t *time = okapi_props_get(letter->props, row->tag);
    if (!time)
        time = okapi_props_get(letter->props, PR_LAST_MODIFICATION_TIME);
    if (time && time->v.time > 0)
        put_date(letter, row->name, time->v.time);
    return APR_SUCCESS;
}

static const char *hex_of(okapi_binary_t bytes, apr_pool_t *pool)
{
    char *hex = apr_pcalloc(pool, bytes.len * 2 + 1);
    for (apr_size_t i = 0; i < bytes.len; i++)
        apr_snprintf(hex + i * 2, 3, "%02x", bytes.data[i]);
    return hex;
}

/* Each message that is sent has one, the same however often it is tried. */
static apr_status_t write_message_id(okapi__letter_t *letter, const row_t *row)
{
    const char *id = okapi_props_str(letter->props, row->tag, "");
    const okapi_propval_t *key = okapi_props_get(letter->props, PR_SOURCE_KEY);
    if (!*id && key && (letter->out->flags & OKAPI_MIME_SEND))
        id = apr_pstrcat(letter->pool, "<", hex_of(key->v.bin, letter->pool), "@",
                         okapi_config(letter->out->okapi)->server_name, ">", NULL);
    okapi__write_tokens(&letter->fields, row->name, id, letter->pool);
    letter->id = *id ? id : NULL;
    return APR_SUCCESS;
}

/* ---- people ---- */

static void put_person(okapi__letter_t *letter, const char *name, okapi__address_t who)
{
    apr_array_header_t *one = apr_array_make(letter->pool, 1, sizeof(who));
    if (!*who.address)
        who.address = who.name;
    if (*who.address)
        APR_ARRAY_PUSH(one, okapi__address_t) = who;
    okapi__write_addresses(&letter->fields, name, one, letter->pool);
}

/* Whom the message is from: who sent it, if it represents nobody. */
static apr_status_t author(okapi__address_t *who, okapi__letter_t *letter)
{
    apr_status_t status = okapi__who(who, letter->out, letter->props, &representing_tags);
    if (status == APR_SUCCESS && !*who->address && !*who->name)
        status = okapi__who(who, letter->out, letter->props, &sender_tags);
    return status;
}

static apr_status_t write_from(okapi__letter_t *letter, const row_t *row)
{
    okapi__address_t who;
    apr_status_t status = author(&who, letter);
    if (status == APR_SUCCESS)
        put_person(letter, row->name, who);
    return status;
}

static apr_status_t write_sender(okapi__letter_t *letter, const row_t *row)
{
    okapi__address_t from, sender;
    apr_status_t status = author(&from, letter);
    if (status == APR_SUCCESS)
        status = okapi__who(&sender, letter->out, letter->props, &sender_tags);
    if (status == APR_SUCCESS && strcasecmp(from.address, sender.address) != 0)
        put_person(letter, row->name, sender);
    return status;
}

static apr_status_t write_reply_to(okapi__letter_t *letter, const row_t *row)
{
    apr_array_header_t *people;
    apr_status_t status = okapi__who_reply_to(&people, letter);
    okapi__write_addresses(&letter->fields, row->name, people, letter->pool);
    return status;
}

/* The recipients of a delivery report are those it reports on. It goes to who sent to them. */
static apr_status_t write_report_to(okapi__letter_t *letter, const row_t *row)
{
    static const okapi__who_tags_t tags = {
        PR_ORIGINAL_SENDER_NAME, PR_ORIGINAL_SENDER_ADDRTYPE, PR_ORIGINAL_SENDER_EMAIL_ADDRESS,
        0, PR_ORIGINAL_SENDER_ENTRYID};
    okapi__address_t who;
    if (row->tag != MAPI_TO)
        return APR_SUCCESS;
    apr_status_t status = okapi__who(&who, letter->out, letter->props, &tags);
    if (status == APR_SUCCESS)
        put_person(letter, row->name, who);
    return status;
}

static apr_status_t write_recipients(okapi__letter_t *letter, const row_t *row)
{
    apr_array_header_t *people;
    int is_secret = row->tag == MAPI_BCC && (letter->out->flags & OKAPI_MIME_SEND);
    const char *report = okapi__report_type(letter);
    if (is_secret)
        return APR_SUCCESS;
    if (report && strcmp(report, "delivery-status") == 0)
        return write_report_to(letter, row);
    apr_status_t status = okapi__who_recipients(&people, letter, (int)row->tag);
    okapi__write_addresses(&letter->fields, row->name, people, letter->pool);
    return status;
}

/* To whom a receipt goes: the one who is named, or the author. */
static apr_status_t write_receipt(okapi__letter_t *letter, const row_t *row)
{
    static const okapi__who_tags_t tags = {PR_READ_RECEIPT_NAME, PR_READ_RECEIPT_ADDRTYPE,
                                           PR_READ_RECEIPT_EMAIL_ADDRESS,
                                           PR_READ_RECEIPT_SMTP_ADDRESS, PR_READ_RECEIPT_ENTRYID};
    okapi__address_t who;
    if (!okapi_props_int(letter->props, row->tag, 0))
        return APR_SUCCESS;
    apr_status_t status = okapi__who(&who, letter->out, letter->props, &tags);
    if (status == APR_SUCCESS && (!*who.address || row->tag != PR_READ_RECEIPT_REQUESTED))
        status = author(&who, letter);
    if (status == APR_SUCCESS)
        put_person(letter, row->name, who);
    return status;
}

/* ---- words for numbers ---- */

static void put_word(okapi__letter_t *letter, const row_t *row, const char *const *words, int i)
{
    if (words[i]) {
        okapi__write_begin(&letter->fields, row->name, words[i]);
        okapi__write_end(&letter->fields);
    }
}

/* The property, 0 to MAX; what it isn't is ABSENT. */
static int number(const okapi__letter_t *letter, const row_t *row, int max, int absent)
{
    apr_int64_t value = okapi_props_int(letter->props, row->tag, absent);
    return value >= 0 && value <= max ? (int)value : absent;
}

static apr_status_t write_importance(okapi__letter_t *letter, const row_t *row)
{
    static const char *const words[] = {"low", NULL, "high"};
    put_word(letter, row, words, number(letter, row, 2, 1));
    return APR_SUCCESS;
}

static apr_status_t write_x_priority(okapi__letter_t *letter, const row_t *row)
{
    static const char *const words[] = {"5", NULL, "1"};
    put_word(letter, row, words, number(letter, row, 2, 1));
    return APR_SUCCESS;
}

static apr_status_t write_priority(okapi__letter_t *letter, const row_t *row)
{
    static const char *const words[] = {"non-urgent", NULL, "urgent"};
    apr_int64_t priority = okapi_props_int(letter->props, row->tag, 0);
    put_word(letter, row, words, priority < 0 ? 0 : priority > 0 ? 2 : 1);
    return APR_SUCCESS;
}

static apr_status_t write_sensitivity(okapi__letter_t *letter, const row_t *row)
{
    static const char *const words[] = {NULL, "Personal", "Private", "Company-Confidential"};
    put_word(letter, row, words, number(letter, row, 3, 0));
    return APR_SUCCESS;
}

/* MS-OXCMAIL 2.1.3.2.11: which automatic answers the sender doesn't want. */
static apr_status_t write_suppress(okapi__letter_t *letter, const row_t *row)
{
    static const char *const words[] = {"DR", "NDR", "RN", "NRN", "OOF", "AutoReply"};
    apr_int64_t bits = okapi_props_int(letter->props, row->tag, 0);
    const char *value = (apr_int32_t)bits == -1 ? "All" : "";
    for (int i = 0; i < 6 && (apr_int32_t)bits != -1; i++)
        if (bits & (1 << i))
            value = apr_pstrcat(letter->pool, value, *value ? ", " : "", words[i], NULL);
    okapi__write_text(&letter->fields, row->name, value, letter->pool);
    return APR_SUCCESS;
}

/* ---- the others ---- */

static apr_status_t write_thread_index(okapi__letter_t *letter, const row_t *row)
{
    const okapi_propval_t *index = okapi_props_get(letter->props, row->tag);
    if (!index || index->v.bin.len < 22 || index->v.bin.len > 4000)
        return APR_SUCCESS;
    const char *text = okapi__base64(index->v.bin, letter->pool);
    apr_size_t len = strlen(text);
    okapi__write_begin(&letter->fields, row->name, "");
    for (apr_size_t i = 0; i < len; i += 60) { /* blanks in base64 are nothing */
        okapi_write_bytes(&letter->fields, "\r\n ", i ? 3 : 0);
        okapi_write_bytes(&letter->fields, text + i, len - i < 60 ? len - i : 60);
    }
    okapi__write_end(&letter->fields);
    return APR_SUCCESS;
}

/* The value of a named property of any type; NULL if the message doesn't have it. */
static apr_status_t named_value(const okapi_propval_t **value, okapi__letter_t *letter,
                                const okapi_propname_t *name)
{
    apr_uint16_t id;
    apr_status_t status = okapi_named_ids(okapi_message_store(letter->message), name, 1, 0, &id,
                                          letter->pool);
    *value = status == APR_SUCCESS && id
                 ? okapi_props_get(letter->props, OKAPI_PROP_TAG(PT_UNSPECIFIED, id))
                 : NULL;
    return status;
}

static apr_status_t write_keywords(okapi__letter_t *letter, const row_t *row)
{
    const okapi_propname_t name = {okapi_ps_public_strings, MNID_STRING, 0, "Keywords"};
    const okapi_propval_t *value;
    apr_array_header_t *words = apr_array_make(letter->pool, 4, sizeof(const char *));
    apr_status_t status = named_value(&value, letter, &name);
    if (value && OKAPI_PROP_TYPE(value->tag) == PT_MV_UNICODE)
        for (apr_uint32_t i = 0; i < value->v.mv.count; i++)
            APR_ARRAY_PUSH(words, const char *) = value->v.mv.v.str[i];
    okapi__write_phrases(&letter->fields, row->name, words, letter->pool);
    return status;
}

/* PidLidFlagRequest: what is to be done. */
static apr_status_t write_followup(okapi__letter_t *letter, const row_t *row)
{
    const okapi_propname_t name = {okapi_psetid_common, MNID_ID, 0x8530, NULL};
    const okapi_propval_t *value;
    apr_status_t status = named_value(&value, letter, &name);
    if (value && OKAPI_PROP_TYPE(value->tag) == PT_UNICODE)
        okapi__write_text(&letter->fields, row->name, value->v.str, letter->pool);
    return status;
}

static apr_status_t write_language(okapi__letter_t *letter, const row_t *row)
{
    char tag[ULOC_FULLNAME_CAPACITY];
    UErrorCode error = U_ZERO_ERROR;
    uint32_t lcid = (uint32_t)okapi_props_int(letter->props, row->tag, 0);
    if (lcid == 0)
        return APR_SUCCESS;
    uloc_getLocaleForLCID(lcid, tag, sizeof(tag), &error);
    for (char *p = tag; U_SUCCESS(error) && *p; p++)
        if (*p == '_')
            *p = '-';
    if (U_SUCCESS(error))
        okapi__write_text(&letter->fields, row->name, tag, letter->pool);
    return APR_SUCCESS;
}

static const row_t rows[] = {
#define HEADER_FIELD(name, reader, writer, tag) {name, write_##writer, tag},
#include "header_fields.def"
#undef HEADER_FIELD
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* ---- fields that no row has ---- */

static int is_name(const char *name, apr_size_t len)
{
    for (apr_size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == ':')
            return 0;
    return len > 0 && len < 200;
}

/* What a row or the parts say, and what Exchange says to itself: MS-OXCMAIL 2.1.3.2.17. */
static int is_reserved(const char *name, apr_size_t len)
{
    static const char *const prefixes[] = {"X-Microsoft-Exchange-Organization",
                                           "X-Microsoft-Exchange-Forest"};
    static const char *const names[] = {
        "MIME-Version",        "Content-Type", "Content-Transfer-Encoding",
        "Content-Disposition", "Content-ID",   "Content-Location",
        "Content-Description", "Content-MD5",  "Content-Base",
        "Content-Length",      "Lines",        "X-MS-TNEF-Correlator"};
    for (apr_size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return 1;
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
            return 1;
    for (int i = 0; i < ROWS; i++)
        if (rows[i].write != write_none && strlen(rows[i].name) == len &&
            strncasecmp(name, rows[i].name, len) == 0)
            return 1;
    return 0;
}

static void write_others(okapi__letter_t *letter)
{
    for (int i = 0; i < letter->names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(letter->names, i, const char *);
        if (is_name(name, strlen(name)) && !is_reserved(name, strlen(name)))
            okapi__write_text(&letter->fields, name, okapi__letter_named(letter, name),
                              letter->pool);
    }
}

static char *unfolded(okapi_binary_t value, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, value.len + 1), *to = text;
    for (apr_size_t i = 0; i < value.len; i++)
        if (value.data[i] != '\r' && value.data[i] != '\n')
            *to++ = (char)value.data[i];
    *to = '\0';
    return text + strspn(text, " \t");
}

/* A field as it came: what was encoded in it is so again. */
static void write_again(okapi__letter_t *letter, const char *name, okapi_binary_t value)
{
    const char *text = unfolded(value, letter->pool);
    if (strstr(text, "=?"))
        okapi__write_text(&letter->fields, name, okapi__header_text(value, NULL, letter->pool),
                          letter->pool);
    else
        okapi__write_tokens(&letter->fields, name, text, letter->pool);
}

/* What else the header section had when it came: who passed it on, signatures, ... */
static void write_transport(okapi__letter_t *letter)
{
    const char *section = okapi_props_str(letter->props, PR_TRANSPORT_MESSAGE_HEADERS, "");
    okapi_binary_t rest = {(const unsigned char *)section, strlen(section)};
    okapi__field_t field;
    char eol = strchr(section, '\n') ? '\n' : '\r';
    while (okapi__field_next(&rest, eol, &field)) {
        const char *name =
            apr_pstrmemdup(letter->pool, (const char *)field.name.data, field.name.len);
        if (is_name(name, field.name.len) && !is_reserved(name, field.name.len) &&
            !okapi__letter_named(letter, name))
            write_again(letter, name, field.value);
    }
}

/* ---- all of them ---- */

static char *lower_case(const char *name, apr_pool_t *pool)
{
    char *lower = apr_pstrdup(pool, name);
    for (char *p = lower; *p; p++)
        *p = (char)apr_tolower(*p);
    return lower;
}

int okapi__letter_has_tnef(const okapi__letter_t *letter)
{
    return (letter->out->flags & OKAPI_MIME_TNEF) && letter->out->depth == 1;
}

const char *okapi__letter_named(const okapi__letter_t *letter, const char *name)
{
    return apr_hash_get(letter->named, lower_case(name, letter->pool), APR_HASH_KEY_STRING);
}

static apr_status_t load_named(okapi__letter_t *letter)
{
    apr_pool_t *pool = letter->pool;
    int count = okapi_props_count(letter->props), n = 0;
    apr_uint16_t *ids = apr_palloc(pool, sizeof(*ids) * (apr_size_t)(count + 1));
    const okapi_propval_t **values = apr_palloc(pool, sizeof(*values) * (apr_size_t)(count + 1));
    okapi_propname_t *names = apr_palloc(pool, sizeof(*names) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const okapi_propval_t *value = okapi_props_at(letter->props, i);
        if (OKAPI_PROP_IS_NAMED(value->tag) && OKAPI_PROP_TYPE(value->tag) == PT_UNICODE) {
            values[n] = value;
            ids[n++] = OKAPI_PROP_ID(value->tag);
        }
    }
    letter->named = apr_hash_make(pool);
    letter->names = apr_array_make(pool, 4, sizeof(const char *));
    apr_status_t status = okapi_named_names(okapi_message_store(letter->message), ids, n, names,
                                            pool, pool);
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        if (names[i].kind != MNID_STRING ||
            !okapi_guid_equal(&names[i].guid, &okapi_ps_internet_headers))
            continue;
        apr_hash_set(letter->named, lower_case(names[i].name, pool), APR_HASH_KEY_STRING,
                     values[i]->v.str);
        APR_ARRAY_PUSH(letter->names, const char *) = names[i].name;
    }
    return status;
}

apr_status_t okapi__letter_load(okapi__letter_t *letter)
{
    static const okapi_proptag_t bodies[] = {PR_BODY, PR_HTML, PR_RTF_COMPRESSED};
    apr_pool_t *pool = letter->pool;
    okapi_object_t *object = okapi_message_object(letter->message);
    apr_array_header_t *tags;
    apr_status_t status = okapi_object_tags(object, &tags, pool, pool);
    if (status != APR_SUCCESS)
        return status;
    okapi_proptag_t *wanted = (okapi_proptag_t *)tags->elts;
    int n = 0;
    for (int i = 0; i < tags->nelts; i++) {
        int is_body = 0;
        for (int k = 0; k < 3; k++)
            is_body |= OKAPI_PROP_ID(wanted[i]) == OKAPI_PROP_ID(bodies[k]);
        if (!is_body)
            wanted[n++] = wanted[i];
    }
    okapi_propval_t *values = apr_palloc(pool, sizeof(*values) * (apr_size_t)(n + 1));
    status = okapi_object_get(object, wanted, n, 0, values, pool, pool);
    letter->props = okapi_props_create(pool);
    for (int i = 0; i < n && status == APR_SUCCESS; i++)
        if (OKAPI_PROP_TYPE(values[i].tag) != PT_ERROR)
            okapi_props_set(letter->props, &values[i]);
    return status == APR_SUCCESS ? load_named(letter) : status;
}

apr_status_t okapi__letter_fields(okapi__letter_t *letter)
{
    apr_status_t status = APR_SUCCESS;
    int is_sent = letter->out->flags & OKAPI_MIME_SEND && letter->out->depth == 1;
    if (!is_sent)
        write_transport(letter);
    for (int i = 0; i < ROWS && status == APR_SUCCESS; i++)
        status = rows[i].write(letter, &rows[i]);
    write_others(letter);
    if (letter->id && okapi__letter_has_tnef(letter)) /* MS-OXCMAIL 2.1.3.2.26 */
        okapi__write_tokens(&letter->fields, "X-MS-TNEF-Correlator", letter->id, letter->pool);
    okapi__write_begin(&letter->fields, "MIME-Version", "1.0");
    okapi__write_end(&letter->fields);
    return status;
}
