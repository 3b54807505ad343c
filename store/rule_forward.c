/* rule_forward.c - rules that pass mail on: OP_FORWARD and OP_DELEGATE, MS-OXORULE 2.2.5.1.2.4,
 * 3.2.5.1. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "delivery_private.h"
#include "text.h"

enum { ADDRESS_MAX = 320, SMS_MAX = 160, UTF_16LE = 1200, UTF_16BE = 1201 };

/* ---- what goes with every one ---- */

/* Our mark among those that are there, and whose the envelope is: nobody's if it was nobody's, so
 * that a report that can't be passed on either doesn't come back. */
static apr_status_t mark(okapi__sending_t *sending, const okapi__rule_run_t *run)
{
    const okapi__arrival_t *arrival = run->arrival;
    const char *own = run->store->owner->email;
    const char *all = *arrival->forwarded
                          ? apr_pstrcat(run->pool, arrival->forwarded, ", ", own, NULL)
                          : own;
    sending->sender = *arrival->sender ? own : "";
    return okapi__outgoing_field(sending, OKAPI__FORWARDED_FIELD, all, run->pool);
}

static int is_refused(const okapi__rule_run_t *run)
{
    if (!okapi__arrival_loops(run->arrival, run->pool)) {
        return 0;
    }
    okapi_log(run->store->okapi, OKAPI_LOG_WARNING, APR_SUCCESS,
              "a message for %s isn't passed on, as it has been before: by %s",
              run->store->owner->name, run->arrival->forwarded);
    return 1;
}

/* ---- recipients ---- */

static okapi_props_t *props_of(const okapi_action_recipient_t *recipient, apr_pool_t *result_pool)
{
    okapi_props_t *props = okapi_props_create(result_pool);
    for (int i = 0; i < recipient->nvalues; i++) {
        okapi_propval_t v = recipient->values[i];
        if (OKAPI_PROP_TYPE(v.tag) == PT_STRING8) {
            v.tag = OKAPI_PROP_RETYPE(v.tag, PT_UNICODE);
        }
        okapi_props_set(props, &v);
    }
    return props;
}

/* Not to who sent it, nor to ourselves (MS-OXORULE_R537). OKAPI_EINVAL if nobody can be reached. */
static apr_status_t add_recipients(okapi__sending_t *sending, okapi__rule_run_t *run,
                                   const okapi_action_t *action, int in_envelope_only)
{
    apr_status_t rv = APR_SUCCESS;
    int known = 0;
    for (int i = 0; rv == APR_SUCCESS && i < action->nrecipients; i++) {
        const okapi_props_t *props = props_of(&action->recipients[i], run->pool);
        int type = (int)okapi_props_int(props, PR_RECIPIENT_TYPE, MAPI_TO) & 0x0F;
        const char *address;
        rv = okapi__outgoing_address(&address, run->store->okapi, props, run->pool, run->pool);
        if (rv != APR_SUCCESS || !address) {
            continue;
        }
        known++;
        const char *folded = okapi__text_fold(address, ADDRESS_MAX, run->pool);
        if (strcmp(folded, run->arrival->sender) != 0 &&
            !okapi__delivery_is_own(run->store, run->arrival->own, folded, run->pool)) {
            okapi__outgoing_add(sending, in_envelope_only ? MAPI_ORIG : type ? type : MAPI_TO,
                                okapi_props_str(props, PR_DISPLAY_NAME, ""), address, run->pool);
        }
    }
    return rv == APR_SUCCESS && !known ? OKAPI_EINVAL : rv;
}

/* ---- the text before the text ---- */

typedef struct line_t {
    const char *label, *text;
} line_t;

enum { NLINES = 4 };

static void describe(line_t lines[NLINES], okapi_message_t *message, apr_pool_t *result_pool)
{
    const okapi_props_t *props = message->bag.props;
    const okapi_propval_t *sent = okapi_props_get(props, PR_CLIENT_SUBMIT_TIME);
    const char *name = okapi_props_str(props, PR_SENT_REPRESENTING_NAME, "");
    const char *address = okapi_props_str(props, PR_SENT_REPRESENTING_SMTP_ADDRESS, "");
    char *date = apr_palloc(result_pool, APR_RFC822_DATE_LEN);
    apr_rfc822_date(date, sent ? okapi_time_to_apr(sent->v.time) : apr_time_now());
    lines[0] = (line_t){"From", *address && strcmp(name, address) != 0
                                    ? apr_pstrcat(result_pool, name, " <", address, ">", NULL)
                                    : name};
    lines[1] = (line_t){"Sent", date};
    lines[2] = (line_t){"To", okapi__recipients_display(message->recipients, MAPI_TO,
                                                        result_pool)};
    lines[3] = (line_t){"Subject",
                        apr_pstrcat(result_pool, okapi_props_str(props, PR_SUBJECT_PREFIX, ""),
                                    okapi_props_str(props, PR_NORMALIZED_SUBJECT, ""), NULL)};
}

static const char *plain_head(const line_t lines[NLINES], apr_pool_t *result_pool)
{
    const char *head = "-----Original Message-----\r\n";
    for (int i = 0; i < NLINES; i++) {
        head = apr_pstrcat(result_pool, head, lines[i].label, ": ", lines[i].text, "\r\n", NULL);
    }
    return apr_pstrcat(result_pool, head, "\r\n", NULL);
}

/* TEXT for HTML of any code page that has ASCII in it. */
static const char *escape(const char *text, apr_pool_t *result_pool)
{
    text = okapi__text_clean(text, strlen(text), result_pool);
    char *out = apr_palloc(result_pool, strlen(text) * 10 + 1), *p = out;
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int more = *s < 0xC0 ? 0 : *s < 0xE0 ? 1 : *s < 0xF0 ? 2 : 3;
        unsigned c = more ? *s & (0x3Fu >> more) : *s;
        for (s++; more > 0; more--) {
            c = c << 6 | (*s++ & 0x3Fu);
        }
        if (c < 0x80 && !strchr("<>&\"", (int)c)) {
            *p++ = (char)c;
        } else {
            p += apr_snprintf(p, 11, "&#%u;", c);
        }
    }
    *p = '\0';
    return out;
}

static const char *html_head(const line_t lines[NLINES], apr_pool_t *result_pool)
{
    const char *head = "<div>";
    for (int i = 0; i < NLINES; i++) {
        head = apr_pstrcat(result_pool, head, "<b>", lines[i].label, ":</b> ",
                           escape(lines[i].text, result_pool), "<br>", NULL);
    }
    return apr_pstrcat(result_pool, head, "</div><hr>", NULL);
}

/* Where the text of an HTML document begins: behind its <body>. */
static apr_size_t body_of(const char *html, apr_size_t len)
{
    for (apr_size_t i = 0; i + 6 < len; i++) {
        if (strncasecmp(html + i, "<body", 5) == 0 && strchr("> \t\r\n", html[i + 5])) {
            const char *end = memchr(html + i, '>', len - i);
            return end ? (apr_size_t)(end - html) + 1 : 0;
        }
    }
    return 0;
}

/* Says before the text whose it was. The form as RTF is dropped, for the others have the same. */
static apr_status_t introduce(okapi__sending_t *sending, okapi_message_t *message,
                              apr_pool_t *scratch_pool)
{
    static const okapi_proptag_t tags[] = {PR_BODY, PR_HTML, PR_INTERNET_CPID};
    okapi_propval_t v[3], set[2];
    line_t lines[NLINES];
    int n = 0;
    apr_status_t rv = okapi_object_get(&message->object, tags, 3, 0, v, scratch_pool,
                                       scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    describe(lines, message, scratch_pool);
    int is_wide = v[2].tag == PR_INTERNET_CPID &&
                  (v[2].v.i32 == UTF_16LE || v[2].v.i32 == UTF_16BE);
    if (v[0].tag == PR_BODY) {
        set[n++] = okapi_propval_str(PR_BODY, apr_pstrcat(scratch_pool,
                                                          plain_head(lines, scratch_pool),
                                                          v[0].v.str, NULL));
    }
    if (v[1].tag == PR_HTML && is_wide) {
        set[n++] = v[1];
    } else if (v[1].tag == PR_HTML) {
        const char *html = (const char *)v[1].v.bin.data, *head = html_head(lines, scratch_pool);
        apr_size_t at = body_of(html, v[1].v.bin.len), len = strlen(head);
        char *all = apr_palloc(scratch_pool, v[1].v.bin.len + len + 1);
        memcpy(all, html, at);
        memcpy(all + at, head, len);
        memcpy(all + at + len, html + at, v[1].v.bin.len - at);
        set[n++] = okapi_propval_bin(PR_HTML, all, v[1].v.bin.len + len);
    }
    if (n > 0) {
        okapi__propbag_unset(&sending->message->bag, PR_RTF_COMPRESSED);
    }
    return n > 0 ? okapi_object_set(&sending->message->object, set, n, scratch_pool) : APR_SUCCESS;
}

/* ---- the forms of a forwarded message: MS-OXORULE 2.2.5.1.1 ---- */

static apr_status_t fill_attached(okapi__sending_t *sending, okapi_message_t *message,
                                  apr_pool_t *scratch_pool)
{
    okapi_attachment_t *attachment = okapi_attachment_create(sending->message,
                                                             ATTACH_EMBEDDED_MSG);
    const char *subject = okapi_props_str(message->bag.props, PR_NORMALIZED_SUBJECT, "");
    const okapi_propval_t values[] = {okapi_propval_str(PR_DISPLAY_NAME, subject),
                                      okapi_propval_i32(PR_RENDERING_POSITION, -1)};
    apr_status_t rv = okapi_object_set(&attachment->object, values, 2, scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__message_copy_content(okapi_attachment_create_embedded(attachment), message,
                                             1, scratch_pool)
               : rv;
}

/* Who, what about, and as much of the text as a short message has room for. */
static apr_status_t fill_short(okapi__sending_t *sending, okapi_message_t *message,
                               apr_pool_t *scratch_pool)
{
    const okapi_proptag_t tag = PR_BODY;
    const okapi_props_t *props = message->bag.props;
    okapi_propval_t body;
    apr_status_t rv = okapi_object_get(&message->object, &tag, 1, 0, &body, scratch_pool,
                                       scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    const char *text = apr_pstrcat(scratch_pool,
                                   okapi_props_str(props, PR_SENT_REPRESENTING_NAME, ""), ": ",
                                   okapi_props_str(props, PR_NORMALIZED_SUBJECT, ""), "\r\n",
                                   body.tag == tag ? body.v.str : "", NULL);
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_MESSAGE_CLASS, "IPM.Note.Mobile.SMS"),
        okapi_propval_str(PR_BODY, okapi__text_clean(text, SMS_MAX, scratch_pool))};
    return okapi_object_set(&sending->message->object, values, 2, scratch_pool);
}

/* With its own bytes if nothing of it changes. */
static apr_status_t fill_copy(okapi__sending_t *sending, okapi_message_t *message,
                              apr_uint32_t flavor, apr_pool_t *scratch_pool)
{
    int is_same = (flavor & FWD_DO_NOT_MUNGE_MSG) && (flavor & FWD_PRESERVE_SENDER);
    apr_status_t rv = okapi__message_copy_content(sending->message, message, is_same,
                                                  scratch_pool);
    if (rv != APR_SUCCESS || is_same) {
        return rv;
    }
    okapi__outgoing_forget(sending);
    return flavor & FWD_DO_NOT_MUNGE_MSG ? APR_SUCCESS : introduce(sending, message, scratch_pool);
}

static apr_status_t fill(okapi__sending_t *sending, okapi_message_t *message, apr_uint32_t flavor,
                         apr_pool_t *scratch_pool)
{
    apr_status_t rv = flavor & FWD_AS_ATTACHMENT
                          ? fill_attached(sending, message, scratch_pool)
                      : flavor & FWD_AS_SMS ? fill_short(sending, message, scratch_pool)
                                            : fill_copy(sending, message, flavor, scratch_pool);
    if (rv == APR_SUCCESS && !(flavor & FWD_DO_NOT_MUNGE_MSG)) {
        rv = okapi__outgoing_subject(sending, message, "FW: ", scratch_pool);
    }
    return rv == APR_SUCCESS && !(flavor & FWD_PRESERVE_SENDER)
               ? okapi__outgoing_from_owner(sending, scratch_pool)
               : rv;
}

/* ---- the actions ---- */

apr_status_t okapi__action_forward(okapi__rule_run_t *run, okapi__visit_t *visit,
                                   const okapi_action_t *action)
{
    const apr_uint32_t same = FWD_PRESERVE_SENDER | FWD_DO_NOT_MUNGE_MSG;
    apr_uint32_t flavor = action->flavor;
    okapi__sending_t *sending;
    if (flavor & (FWD_AS_ATTACHMENT | FWD_AS_SMS)) {
        flavor &= (apr_uint32_t)(FWD_AS_ATTACHMENT | FWD_AS_SMS); /* MS-OXORULE_R280, R283 */
    }
    if (is_refused(run)) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__outgoing_create(&sending, run);
    if (rv == APR_SUCCESS) {
        rv = fill(sending, visit->message, flavor, run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = mark(sending, run);
    }
    if (rv == APR_SUCCESS) {
        rv = add_recipients(sending, run, action, (flavor & same) == same);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_props_set_bool(sending->message->bag.props, PR_AUTO_FORWARDED, 1);
    return okapi__outgoing_send(sending, run);
}

apr_status_t okapi__delegate_copy(okapi__rule_run_t *run, okapi_message_t *message,
                                  const char *name, const char *address)
{
    const char *folded = okapi__text_fold(address, ADDRESS_MAX, run->pool);
    okapi__sending_t *sending;
    if (apr_hash_get(run->delegated, folded, APR_HASH_KEY_STRING) ||
        okapi__delivery_is_own(run->store, run->arrival->own, folded, run->pool)) {
        return APR_SUCCESS;
    }
    apr_hash_set(run->delegated, folded, APR_HASH_KEY_STRING, folded);
    apr_status_t rv = okapi__outgoing_create(&sending, run);
    if (rv == APR_SUCCESS) {
        rv = okapi__message_copy_content(sending->message, message, 1, run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__delivery_represent(sending->message, run->store->owner, run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__outgoing_field(sending, OKAPI_DELEGATED_FIELD, run->store->owner->email,
                                   run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = mark(sending, run);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_props_set_bool(sending->message->bag.props, PR_DELEGATED_BY_RULE, 1);
    okapi__outgoing_add(sending, MAPI_ORIG, name, address, run->pool);
    return okapi__outgoing_send(sending, run);
}

apr_status_t okapi__action_delegate(okapi__rule_run_t *run, okapi__visit_t *visit,
                                    const okapi_action_t *action)
{
    apr_status_t rv = APR_SUCCESS;
    int known = 0;
    if (is_refused(run)) {
        return APR_SUCCESS;
    }
    for (int i = 0; rv == APR_SUCCESS && i < action->nrecipients; i++) {
        const okapi_props_t *props = props_of(&action->recipients[i], run->pool);
        const char *address;
        rv = okapi__outgoing_address(&address, run->store->okapi, props, run->pool, run->pool);
        if (rv == APR_SUCCESS && address) {
            known++;
            rv = okapi__delegate_copy(run, visit->message,
                                      okapi_props_str(props, PR_DISPLAY_NAME, ""), address);
        }
    }
    return rv == APR_SUCCESS && !known ? OKAPI_EINVAL : rv;
}
