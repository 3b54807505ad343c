/* arrival.c - what is known of a message that arrives: who sent it, whether a machine did, and
 * whose rules have forwarded it. No automatic reply goes to machines and lists, which might answer
 * it: RFC 3834 2, RFC 5230 4.6, MS-OXORULE 3.2.5.1. */
#include <string.h>

#include <apr_fnmatch.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/named.h>

#include "delivery_private.h"
#include "text.h"

enum { ADDRESS_MAX = 320, FORWARDED_MAX = 4096, HOPS_MAX = 10 };

/* ---- a header's fields ---- */

typedef struct field_t {
    const char *name, *value; /* the value still folded */
    apr_size_t name_len, value_len;
} field_t;

/* The field at *P, which moves on. Lines that are none are passed over. */
static int next_field(field_t *field, const char **p)
{
    while (**p) {
        const char *line = *p, *end = line, *colon;
        do {
            end += strcspn(end, "\n");
            end += *end == '\n';
        } while (*end == ' ' || *end == '\t');
        *p = end;
        colon = memchr(line, ':', (apr_size_t)(end - line));
        if (colon && colon > line) {
            *field = (field_t){line, colon + 1, (apr_size_t)(colon - line),
                               (apr_size_t)(end - colon - 1)};
            return 1;
        }
    }
    return 0;
}

static int is_field(const field_t *field, const char *name)
{
    return strlen(name) == field->name_len &&
           strncasecmp(field->name, name, field->name_len) == 0;
}

/* The value in one line, without blanks around it. */
static const char *unfold(const field_t *field, apr_pool_t *result_pool)
{
    char *text = apr_pstrmemdup(result_pool, field->value, field->value_len);
    for (char *p = text; *p; p++) {
        *p = *p == '\r' || *p == '\n' || *p == '\t' ? ' ' : *p;
    }
    for (char *end = text + strlen(text); end > text && end[-1] == ' ';) {
        *--end = '\0';
    }
    return text + strspn(text, " ");
}

/* Does VALUE begin with the token WORD? */
static int begins(const char *value, const char *word)
{
    apr_size_t n = strlen(word);
    return strncasecmp(value, word, n) == 0 && (!value[n] || strchr(" ;,(\t", value[n]));
}

static int is_machines(const field_t *field, apr_pool_t *scratch_pool)
{
    if (is_field(field, "Auto-Submitted")) { /* RFC 3834 5 */
        return !begins(unfold(field, scratch_pool), "no");
    }
    if (is_field(field, "Precedence")) {
        const char *value = unfold(field, scratch_pool);
        return begins(value, "bulk") || begins(value, "list") || begins(value, "junk");
    }
    return field->name_len > 5 && strncasecmp(field->name, "List-", 5) == 0; /* RFC 2369, 2919 */
}

/* ---- who sent it ---- */

static const char *bare(const char *address, apr_pool_t *result_pool)
{
    apr_size_t n = strlen(address);
    return n >= 2 && address[0] == '<' && address[n - 1] == '>'
               ? apr_pstrmemdup(result_pool, address + 1, n - 2)
               : address;
}

/* Who the message says it is from. */
static const char *author(const okapi_message_t *message)
{
    static const okapi_proptag_t tags[] = {
        PR_SENT_REPRESENTING_SMTP_ADDRESS, PR_SENT_REPRESENTING_EMAIL_ADDRESS,
        PR_SENDER_SMTP_ADDRESS, PR_SENDER_EMAIL_ADDRESS};
    for (int i = 0; i < 4; i++) {
        const char *address = okapi_props_str(message->bag.props, tags[i], "");
        if (strchr(address, '@')) {
            return address;
        }
    }
    return "";
}

/* Addresses behind which there is nobody who reads: RFC 3834 2, RFC 2142. A "*" stands for
 * anything. */
static int is_daemon(const char *address, apr_pool_t *scratch_pool)
{
    static const char *const names[] = {
        "mailer-daemon", "postmaster", "noreply*",  "no-reply*", "donotreply*", "do-not-reply*",
        "*-noreply",     "*-no-reply", "owner-*",   "*-owner",   "*-request",   "*-bounces",
        "bounce*",       "*-bounce*",  "listserv*", "majordomo", "daemon",      "uucp"};
    const char *at = strrchr(address, '@');
    const char *local = at ? apr_pstrmemdup(scratch_pool, address, (apr_size_t)(at - address))
                           : address;
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (apr_fnmatch(names[i], local, APR_FNM_CASE_BLIND) == APR_SUCCESS) {
            return 1;
        }
    }
    return 0;
}

/* ---- all of it ---- */

static void add_forwarded(okapi__arrival_t *arrival, const char *value, apr_pool_t *result_pool)
{
    if (*value && strlen(arrival->forwarded) + strlen(value) < FORWARDED_MAX) {
        arrival->forwarded = apr_pstrcat(result_pool, arrival->forwarded,
                                         *arrival->forwarded ? ", " : "", value, NULL);
    }
    for (const char *p = value; *value && p; p = strchr(p + 1, ',')) {
        arrival->hops++;
    }
}

/* What the header says; *RETURN_PATH is NULL if it doesn't say that. */
static void read_fields(okapi__arrival_t *arrival, const char *header, const char **return_path,
                        apr_pool_t *result_pool)
{
    field_t field;
    while (next_field(&field, &header)) {
        arrival->is_automatic |= is_machines(&field, result_pool);
        if (is_field(&field, OKAPI__FORWARDED_FIELD)) {
            add_forwarded(arrival, unfold(&field, result_pool), result_pool);
        } else if (!*return_path && is_field(&field, "Return-Path")) {
            *return_path = bare(unfold(&field, result_pool), result_pool);
        }
    }
}

/* What never was on the Internet has the fields that it would have had as properties. */
static apr_status_t read_named(okapi__arrival_t *arrival, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    const okapi_propname_t names[] = {
        {okapi_ps_internet_headers, MNID_STRING, 0, OKAPI__FORWARDED_FIELD},
        {okapi_ps_internet_headers, MNID_STRING, 0, "Auto-Submitted"}};
    okapi_message_t *message = arrival->message;
    apr_uint16_t ids[2] = {0, 0};
    apr_status_t rv = okapi_named_ids(message->store, names, 2, 0, ids, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (ids[0]) {
        add_forwarded(arrival,
                      okapi_props_str(message->bag.props, OKAPI_PROP_TAG(PT_UNICODE, ids[0]), ""),
                      result_pool);
    }
    if (ids[1]) {
        arrival->is_automatic |= !begins(
            okapi_props_str(message->bag.props, OKAPI_PROP_TAG(PT_UNICODE, ids[1]), "no"), "no");
    }
    return APR_SUCCESS;
}

apr_status_t okapi__arrival_read(okapi__arrival_t *arrival, okapi_message_t *message,
                                 const okapi_envelope_t *envelope, apr_hash_t *own,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi_proptag_t tag = PR_TRANSPORT_MESSAGE_HEADERS;
    const okapi_props_t *props = message->bag.props;
    const char *return_path = NULL;
    okapi_propval_t header;
    *arrival = (okapi__arrival_t){.message = message, .own = own, .forwarded = ""};
    apr_status_t rv = okapi_object_get(&message->object, &tag, 1, 0, &header, scratch_pool,
                                       scratch_pool);
    if (rv == APR_SUCCESS && header.tag == tag) {
        read_fields(arrival, header.v.str, &return_path, result_pool);
    } else if (rv == APR_SUCCESS) {
        rv = read_named(arrival, result_pool, scratch_pool);
    }
    const char *sender = envelope->sender ? bare(envelope->sender, result_pool)
                         : return_path    ? return_path
                                          : author(message);
    arrival->sender = okapi__text_fold(sender, ADDRESS_MAX, result_pool);
    arrival->suppressed = (int)okapi_props_int(props, PR_AUTO_RESPONSE_SUPPRESS, 0);
    arrival->is_automatic |=
        !strchr(arrival->sender, '@') || is_daemon(arrival->sender, scratch_pool) ||
        okapi__delivery_is_own(message->store, own, arrival->sender, scratch_pool) ||
        okapi_props_int(props, PR_AUTO_FORWARDED, 0) ||
        strncasecmp(okapi_props_str(props, PR_MESSAGE_CLASS, ""), "REPORT.", 7) == 0;
    return rv;
}

int okapi__arrival_answered(const okapi__arrival_t *arrival, int bit)
{
    return !arrival->is_automatic && !(arrival->suppressed & bit);
}

int okapi__arrival_loops(const okapi__arrival_t *arrival, apr_pool_t *scratch_pool)
{
    char *last, *all = apr_pstrdup(scratch_pool, arrival->forwarded);
    if (arrival->hops >= HOPS_MAX) {
        return 1;
    }
    for (char *p = apr_strtok(all, ", ", &last); p; p = apr_strtok(NULL, ", ", &last)) {
        if (okapi__delivery_is_own(arrival->message->store, arrival->own, p, scratch_pool)) {
            return 1;
        }
    }
    return 0;
}
