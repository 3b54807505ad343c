/* headers.c - header fields to properties: MS-OXCMAIL 2.2.3.1 and 2.2.3.2. One table says which:
 * header_fields.def. */
#include "converter.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <gmime/gmime.h>
#include <okapi/named.h>
#include <unicode/uloc.h>

#include "charset.h"

typedef struct header_t header_t;

enum { NAMED_MAX = 4 };

/* What has to be known of several headers before it can be said, or costs a look into the database,
 * which isn't done for each of a million repetitions: first values; data is NULL if absent. */
typedef struct reading_t {
    okapi__draft_t *draft;
    okapi_binary_t from, sender, keywords, followup;
    okapi_propname_t names[NAMED_MAX]; /* of PS_INTERNET_HEADERS */
    okapi_binary_t named[NAMED_MAX];
    int nnamed;
    const char *topic;           /* Thread-Topic */
    okapi_time_t received;       /* stands in for a missing or unreadable date; 0 if absent */
} reading_t;

struct header_t {
    const char *name;
    apr_status_t (*read)(reading_t *r, const header_t *h, okapi_binary_t value);
    okapi_proptag_t tag; /* what READ sets, or a MAPI_TO */
};

static char *text_of(reading_t *r, okapi_binary_t value)
{
    return okapi__header_text(value, r->draft->charset, r->draft->mime->scratch_pool);
}

static int is_set(const reading_t *r, okapi_proptag_t tag)
{
    const apr_array_header_t *values = r->draft->values;
    for (int i = 0; i < values->nelts; i++)
        if (APR_ARRAY_IDX(values, i, okapi_propval_t).tag == tag)
            return 1;
    return 0;
}

/* ---- the kinds of header; of repeated ones the first counts ---- */

static apr_status_t read_text(reading_t *r, const header_t *h, okapi_binary_t value)
{
    const char *text = text_of(r, value);
    if (*text && !is_set(r, h->tag))
        okapi__draft_put_str(r->draft, h->tag, text);
    return APR_SUCCESS;
}

/* RFC 5322 3.3 and what programs make of it; 0 if it is no date. */
static okapi_time_t parse_date(const char *text)
{
    GDateTime *date = g_mime_utils_header_decode_date(text);
    if (!date)
        return 0;
    gint64 seconds = g_date_time_to_unix(date);
    g_date_time_unref(date);
    okapi_time_t time = okapi_time_from_apr(apr_time_from_sec(seconds));
    return time > 0 ? time : 0;
}

static apr_status_t read_date(reading_t *r, const header_t *h, okapi_binary_t value)
{
    okapi_time_t time = parse_date(text_of(r, value));
    if (time && !is_set(r, h->tag))
        okapi__draft_put(r->draft, okapi_propval_time(h->tag, time));
    return APR_SUCCESS;
}

/* When the first of those who passed it on had the message: the last Received field counts. */
static apr_status_t read_received(reading_t *r, const header_t *h, okapi_binary_t value)
{
    const char *date = strrchr(text_of(r, value), ';');
    okapi_time_t time = date ? parse_date(date + 1) : 0;
    if (time)
        r->received = time;
    return APR_SUCCESS;
}

static apr_status_t read_recipients(reading_t *r, const header_t *h, okapi_binary_t value)
{
    static const okapi__person_tags_t tags = {
        .name = PR_ORIGINAL_SENDER_NAME,
        .addrtype = PR_ORIGINAL_SENDER_ADDRTYPE,
        .email = PR_ORIGINAL_SENDER_EMAIL_ADDRESS,
        .entryid = PR_ORIGINAL_SENDER_ENTRYID,
        .search_key = PR_ORIGINAL_SENDER_SEARCH_KEY,
    };
    if (!r->draft->reports_delivery)
        return okapi__recipients_add(r->draft, (int)h->tag, value);
    /* It reports on others: to who sent the message. */
    apr_array_header_t *people = okapi__addresses(r->draft, value);
    if (h->tag != MAPI_TO || people->nelts == 0 || is_set(r, PR_ORIGINAL_SENDER_NAME))
        return APR_SUCCESS;
    return okapi__person_values(r->draft, &APR_ARRAY_IDX(people, 0, okapi__address_t), &tags,
                                r->draft->values);
}

static apr_status_t keep(okapi_binary_t *first, okapi_binary_t value)
{
    if (!first->data)
        *first = value;
    return APR_SUCCESS;
}

static apr_status_t read_from(reading_t *r, const header_t *h, okapi_binary_t value)
{
    return keep(&r->from, value);
}

static apr_status_t read_sender(reading_t *r, const header_t *h, okapi_binary_t value)
{
    return keep(&r->sender, value);
}

static apr_status_t read_keywords(reading_t *r, const header_t *h, okapi_binary_t value)
{
    return keep(&r->keywords, value);
}

static apr_status_t read_followup(reading_t *r, const header_t *h, okapi_binary_t value)
{
    return keep(&r->followup, value);
}

/* Where clients look for a header without a property: MS-OXCMAIL 2.2.3.2.24. */
static apr_status_t read_named(reading_t *r, const header_t *h, okapi_binary_t value)
{
    for (int i = 0; i < r->nnamed; i++)
        if (strcmp(r->names[i].name, h->name) == 0)
            return APR_SUCCESS;
    if (r->nnamed < NAMED_MAX) {
        r->names[r->nnamed] =
            (okapi_propname_t){okapi_ps_internet_headers, MNID_STRING, 0, h->name};
        r->named[r->nnamed++] = value;
    }
    return APR_SUCCESS;
}

static apr_status_t read_reply_to(reading_t *r, const header_t *h, okapi_binary_t value)
{
    return is_set(r, PR_REPLY_RECIPIENT_ENTRIES) ? APR_SUCCESS : okapi__reply_to(r->draft, value);
}

static apr_status_t read_topic(reading_t *r, const header_t *h, okapi_binary_t value)
{
    const char *topic = text_of(r, value);
    if (!r->topic && *topic)
        r->topic = topic;
    return APR_SUCCESS;
}

static apr_status_t read_thread_index(reading_t *r, const header_t *h, okapi_binary_t value)
{
    okapi_binary_t index =
        okapi__transfer_decode(OKAPI__TRANSFER_BASE64, value, r->draft->mime->scratch_pool);
    if (index.len >= 22 &&
        !is_set(r, h->tag)) /* MS-OXOMSG 2.2.1.3: the header alone is that long */
        okapi__draft_put(r->draft, okapi_propval_bin(h->tag, index.data, index.len));
    return APR_SUCCESS;
}

/* The value of the row of WORDS that TEXT begins with; ABSENT if there is none. */
typedef struct word_value_t {
    const char *word;
    int value;
} word_value_t;

static int word_value(const word_value_t *words, const char *text, int absent)
{
    for (; words->word; words++)
        if (strncasecmp(text, words->word, strlen(words->word)) == 0)
            return words->value;
    return absent;
}

static apr_status_t read_importance(reading_t *r, const header_t *h, okapi_binary_t value)
{
    static const word_value_t words[] = {{"high", 2}, {"normal", 1}, {"low", 0}, {"1", 2}, {"2", 2},
                                         {"3", 1},    {"4", 0},      {"5", 0},   {NULL, 0}};
    int importance = word_value(words, text_of(r, value), -1);
    if (importance >= 0 && !is_set(r, PR_IMPORTANCE))
        okapi__draft_put(r->draft, okapi_propval_i32(PR_IMPORTANCE, importance));
    return APR_SUCCESS;
}

/* X.400's urgency says the importance too, unless a header of its own does. */
static apr_status_t read_priority(reading_t *r, const header_t *h, okapi_binary_t value)
{
    static const word_value_t words[] = {
        {"urgent", 1}, {"normal", 0}, {"non-urgent", -1}, {NULL, 0}};
    int priority = word_value(words, text_of(r, value), -2);
    if (priority >= -1 && !is_set(r, PR_PRIORITY))
        okapi__draft_put(r->draft, okapi_propval_i32(PR_PRIORITY, priority));
    return APR_SUCCESS;
}

static apr_status_t read_sensitivity(reading_t *r, const header_t *h, okapi_binary_t value)
{
    static const word_value_t words[] = {
        {"personal", 1}, {"private", 2}, {"company-confidential", 3}, {NULL, 0}};
    int sensitivity = word_value(words, text_of(r, value), 0);
    if (!is_set(r, PR_SENSITIVITY))
        okapi__draft_put(r->draft, okapi_propval_i32(PR_SENSITIVITY, sensitivity));
    return APR_SUCCESS;
}

static apr_status_t read_receipt(reading_t *r, const header_t *h, okapi_binary_t value)
{
    static const okapi__person_tags_t tags = {
        PR_READ_RECEIPT_NAME,         PR_READ_RECEIPT_ADDRTYPE, PR_READ_RECEIPT_EMAIL_ADDRESS,
        PR_READ_RECEIPT_SMTP_ADDRESS, PR_READ_RECEIPT_ENTRYID,  PR_READ_RECEIPT_SEARCH_KEY};
    apr_array_header_t *addresses = okapi__addresses(r->draft, value);
    if (addresses->nelts == 0 || is_set(r, h->tag))
        return APR_SUCCESS;
    okapi__draft_put(r->draft, okapi_propval_bool(h->tag, 1));
    okapi__draft_put(r->draft, okapi_propval_bool(PR_NON_RECEIPT_NOTIFICATION_REQUESTED, 1));
    return okapi__person_values(r->draft, &APR_ARRAY_IDX(addresses, 0, okapi__address_t), &tags,
                                r->draft->values);
}

static apr_status_t read_flag(reading_t *r, const header_t *h, okapi_binary_t value)
{
    if (!is_set(r, h->tag))
        okapi__draft_put(r->draft, okapi_propval_bool(h->tag, 1));
    return APR_SUCCESS;
}

/* MS-OXCMAIL 2.2.3.2.14: which automatic answers the sender doesn't want. */
static apr_status_t read_suppress(reading_t *r, const header_t *h, okapi_binary_t value)
{
    static const word_value_t words[] = {{"none", 0},   {"all", -1},         {"dr", 0x1},
                                         {"ndr", 0x2},  {"rn", 0x4},         {"nrn", 0x8},
                                         {"oof", 0x10}, {"autoreply", 0x20}, {NULL, 0}};
    int suppress = 0;
    for (const char *p = text_of(r, value); *p; p += strspn(p, ", ")) {
        suppress |= word_value(words, p, 0);
        p += strcspn(p, ", ");
    }
    if (!is_set(r, h->tag))
        okapi__draft_put(r->draft, okapi_propval_i32(h->tag, suppress));
    return APR_SUCCESS;
}

/* PR_MESSAGE_LOCALE_ID: the first language that ICU knows. */
static apr_status_t read_language(reading_t *r, const header_t *h, okapi_binary_t value)
{
    char locale[ULOC_FULLNAME_CAPACITY];
    UErrorCode error = U_ZERO_ERROR;
    char *text = text_of(r, value);
    text[strcspn(text, ", ;")] = '\0';
    uloc_forLanguageTag(text, locale, sizeof(locale), NULL, &error);
    apr_int32_t lcid = U_SUCCESS(error) ? (apr_int32_t)uloc_getLCID(locale) : 0;
    if (lcid && !is_set(r, h->tag))
        okapi__draft_put(r->draft, okapi_propval_i32(h->tag, lcid));
    return APR_SUCCESS;
}

static const header_t headers[] = {
#define HEADER_FIELD(name, reader, writer, tag) {name, read_##reader, tag},
#include "header_fields.def"
#undef HEADER_FIELD
};

/* ---- those that are read later ---- */

/* The ids of names, made if this is the first message to have them. */
static apr_status_t named_ids(apr_uint16_t *ids, reading_t *r, const okapi_propname_t *names, int n)
{
    return okapi_named_ids(okapi_message_store(r->draft->message), names, n, 1, ids,
                           r->draft->mime->scratch_pool);
}

enum { MAX_KEYWORDS = 100 };

/* The next of TEXT's words, which commas or semicolons end, in place; NULL if there is none. What
 * is quoted is one. */
static const char *next_keyword(char **text)
{
    char *p = *text + strspn(*text, ",; "), *to = p, *word = p;
    int is_quoted = 0;
    for (; *p && (is_quoted || (*p != ',' && *p != ';')); p++) {
        if (*p == '"')
            is_quoted = !is_quoted;
        else
            *to++ = is_quoted && *p == '\\' && p[1] ? *++p : *p;
    }
    *text = *p ? p + 1 : p;
    while (to > word && to[-1] == ' ')
        to--;
    *to = '\0';
    return *word || **text ? word : NULL;
}

/* PidNameKeywords: the categories. */
static apr_status_t put_keywords(reading_t *r)
{
    const okapi_propname_t name = {okapi_ps_public_strings, MNID_STRING, 0, "Keywords"};
    apr_pool_t *pool = r->draft->mime->scratch_pool;
    apr_uint16_t id;
    char *text = okapi__header_structured(r->keywords, r->draft->charset, pool);
    const char **words = apr_palloc(pool, sizeof(*words) * MAX_KEYWORDS), *word;
    apr_uint32_t n = 0;
    while (n < MAX_KEYWORDS && (word = next_keyword(&text)))
        if (*word)
            words[n++] = word;
    if (n == 0)
        return APR_SUCCESS;
    apr_status_t status = named_ids(&id, r, &name, 1);
    if (status != APR_SUCCESS)
        return status;
    okapi_propval_t keywords = {OKAPI_PROP_TAG(PT_MV_UNICODE, id)};
    keywords.v.mv.count = n;
    keywords.v.mv.v.str = words;
    okapi__draft_put(r->draft, keywords);
    return APR_SUCCESS;
}

static apr_status_t put_named(reading_t *r)
{
    apr_uint16_t ids[NAMED_MAX];
    if (r->nnamed == 0)
        return APR_SUCCESS;
    apr_status_t status = named_ids(ids, r, r->names, r->nnamed);
    for (int i = 0; i < r->nnamed && status == APR_SUCCESS; i++)
        okapi__draft_put_str(r->draft, OKAPI_PROP_TAG(PT_UNICODE, ids[i]), text_of(r, r->named[i]));
    return status;
}

/* X-Message-Flag: what the sender wants to be done, as a flag on the message (MS-OXCMAIL
 * 2.2.3.2.15, MS-OXOFLAG 2.2.1). */
static apr_status_t put_followup(reading_t *r)
{
    enum { FLAGGED = 2, RED = 6, TODO = 0x1 };
    const okapi_propname_t name = {okapi_psetid_common, MNID_ID, 0x8530, NULL};
    apr_uint16_t id;
    if (!r->followup.data)
        return APR_SUCCESS;
    const char *request = text_of(r, r->followup);
    apr_status_t status = *request ? named_ids(&id, r, &name, 1) : APR_SUCCESS;
    if (status != APR_SUCCESS || !*request)
        return status;
    okapi__draft_put_str(r->draft, OKAPI_PROP_TAG(PT_UNICODE, id), request);
    okapi__draft_put(r->draft, okapi_propval_i32(PR_FLAG_STATUS, FLAGGED));
    okapi__draft_put(r->draft, okapi_propval_i32(PR_FOLLOWUP_ICON, RED));
    okapi__draft_put(r->draft, okapi_propval_i32(PR_TODO_ITEM_FLAGS, TODO));
    return APR_SUCCESS;
}

/* From is whom the message represents, Sender who sent it; one stands for both if alone. */
static apr_status_t put_senders(reading_t *r)
{
    static const okapi__person_tags_t sender_tags = {
        PR_SENDER_NAME,         PR_SENDER_ADDRTYPE, PR_SENDER_EMAIL_ADDRESS,
        PR_SENDER_SMTP_ADDRESS, PR_SENDER_ENTRYID,  PR_SENDER_SEARCH_KEY};
    static const okapi__person_tags_t representing_tags = {
        PR_SENT_REPRESENTING_NAME,          PR_SENT_REPRESENTING_ADDRTYPE,
        PR_SENT_REPRESENTING_EMAIL_ADDRESS, PR_SENT_REPRESENTING_SMTP_ADDRESS,
        PR_SENT_REPRESENTING_ENTRYID,       PR_SENT_REPRESENTING_SEARCH_KEY};
    apr_array_header_t *from = okapi__addresses(r->draft, r->from);
    apr_array_header_t *sender = okapi__addresses(r->draft, r->sender);
    if (from->nelts == 0)
        from = sender;
    if (sender->nelts == 0)
        sender = from;
    if (from->nelts == 0)
        return APR_SUCCESS;
    apr_status_t status = okapi__person_values(r->draft, &APR_ARRAY_IDX(from, 0, okapi__address_t),
                                               &representing_tags, r->draft->values);
    if (status != APR_SUCCESS)
        return status;
    return okapi__person_values(r->draft, &APR_ARRAY_IDX(sender, 0, okapi__address_t), &sender_tags,
                                r->draft->values);
}

/* ---- all of them ---- */

static int names_people(const header_t *h)
{
    return h->read == read_recipients || h->read == read_reply_to || h->read == read_from ||
           h->read == read_sender;
}

static apr_status_t find_people(okapi__draft_t *draft)
{
    apr_array_header_t *people =
        apr_array_make(draft->mime->scratch_pool, 8, sizeof(okapi__address_t));
    okapi_binary_t rest = draft->root->headers;
    okapi__field_t field;
    while (okapi__field_next(&rest, draft->root->eol, &field))
        for (apr_size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
            if (names_people(&headers[i]) && okapi__field_is(&field, headers[i].name))
                apr_array_cat(people, okapi__addresses(draft, field.value));
    return okapi__people_find(draft->mime, people);
}

static apr_status_t apply_field(reading_t *r, const okapi__field_t *field)
{
    for (apr_size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        if (okapi__field_is(field, headers[i].name))
            return headers[i].read(r, &headers[i], field->value);
    return APR_SUCCESS;
}

/* PR_CONVERSATION_TOPIC: what Thread-Topic says, else the subject without the prefix that the store
 * divides from it. */
static apr_status_t put_topic(reading_t *r)
{
    okapi_object_t *object = okapi_message_object(r->draft->message);
    const apr_array_header_t *values = r->draft->values;
    apr_pool_t *pool = r->draft->mime->scratch_pool;
    const okapi_proptag_t tag = PR_NORMALIZED_SUBJECT;
    okapi_propval_t subject;
    for (int i = 0; i < values->nelts && !r->topic; i++) {
        const okapi_propval_t *value = &APR_ARRAY_IDX(values, i, okapi_propval_t);
        if (value->tag != PR_SUBJECT)
            continue;
        apr_status_t status = okapi_object_set(object, value, 1, pool);
        if (status == APR_SUCCESS)
            status = okapi_object_get(object, &tag, 1, 0, &subject, pool, pool);
        if (status != APR_SUCCESS)
            return status;
        if (subject.tag == tag)
            r->topic = subject.v.str;
    }
    if (r->topic)
        okapi__draft_put_str(r->draft, PR_CONVERSATION_TOPIC, r->topic);
    return APR_SUCCESS;
}

apr_status_t okapi__draft_headers(okapi__draft_t *draft)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    reading_t r = {draft};
    okapi_binary_t rest = draft->root->headers;
    okapi__field_t field;
    apr_status_t status = find_people(draft);
    while (status == APR_SUCCESS && okapi__field_next(&rest, draft->root->eol, &field))
        status = apply_field(&r, &field);
    if (status == APR_SUCCESS)
        status = put_senders(&r);
    if (status == APR_SUCCESS)
        status = put_keywords(&r);
    if (status == APR_SUCCESS)
        status = put_followup(&r);
    if (status == APR_SUCCESS)
        status = put_named(&r);
    if (status == APR_SUCCESS)
        status = put_topic(&r);
    if (status != APR_SUCCESS)
        return status;
    if (r.received && !is_set(&r, PR_CLIENT_SUBMIT_TIME))
        okapi__draft_put(draft, okapi_propval_time(PR_CLIENT_SUBMIT_TIME, r.received));
    if (r.received && draft->depth) /* an embedded message was delivered to somebody else */
        okapi__draft_put(draft, okapi_propval_time(PR_MESSAGE_DELIVERY_TIME, r.received));

    okapi_binary_t section = draft->root->headers;
    okapi__draft_put_str(draft, PR_TRANSPORT_MESSAGE_HEADERS,
                         okapi__charset_decode(okapi__charset_of(section, NULL, draft->charset),
                                               section, NULL, pool));
    return APR_SUCCESS;
}
