/* report.c - what became of a message: delivery status notifications (RFC 3464) and disposition
 * notifications (RFC 8098) as report items and back: MS-OXCMAIL 2.1.3.6 and 2.2.3.7. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>

#include "converter.h"
#include "mime_write.h"

/* The worst of its recipients says what a report is: the first counts. */
static const struct {
    const char *action, *message_class, *status;
} actions[] = {
    {"failed", "REPORT.IPM.Note.NDR", "5.0.0"},
    {"delayed", "REPORT.IPM.Note.Delayed.DR", "4.0.0"},
    {"relayed", "REPORT.IPM.Note.Relayed.DR", "2.0.0"},
    {"expanded", "REPORT.IPM.Note.Expanded.DR", "2.0.0"},
    {"delivered", "REPORT.IPM.Note.DR", "2.0.0"},
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]), NO_DIAGNOSTIC = -1 };

/* Subject and detail of a Status, and X.400's diagnostic that means the same. */
static const struct {
    int status, diagnostic;
} diagnostics[] = {
    {11, 0 /* OR_NAME_UNRECOGNIZED */},  {14, 1 /* OR_NAME_AMBIGUOUS */},
    {46, 3 /* LOOP_DETECTED */},         {21, 4 /* RECIPIENT_UNAVAILABLE */},
    {47, 5 /* MAXIMUM_TIME_EXPIRED */},  {34, 7 /* CONTENT_TOO_LONG */},
    {23, 7 /* CONTENT_TOO_LONG */},      {53, 16 /* TOO_MANY_RECIPIENTS */},
};
enum { DIAGNOSTICS = sizeof(diagnostics) / sizeof(diagnostics[0]) };

/* ---- reading ---- */

/* The fields that matter of one group of a report's lines. */
typedef struct group_t {
    okapi_binary_t final, original, action, status, remote, diagnostic, attempt, reporting;
    okapi_binary_t disposition, message_id, key;
} group_t;

static const struct {
    const char *name;
    size_t offset;
} group_fields[] = {
    {"Final-Recipient", offsetof(group_t, final)},
    {"Original-Recipient", offsetof(group_t, original)},
    {"Action", offsetof(group_t, action)},
    {"Status", offsetof(group_t, status)},
    {"Remote-MTA", offsetof(group_t, remote)},
    {"Diagnostic-Code", offsetof(group_t, diagnostic)},
    {"Last-Attempt-Date", offsetof(group_t, attempt)},
    {"Reporting-MTA", offsetof(group_t, reporting)},
    {"Disposition", offsetof(group_t, disposition)},
    {"Original-Message-ID", offsetof(group_t, message_id)},
    {"X-MSExch-Correlation-Key", offsetof(group_t, key)},
};

/* The next group of REST, moving it behind that; 0 at the end. */
static int next_group(okapi_binary_t *rest, char eol, group_t *group)
{
    okapi__field_t field;
    int found = 0;
    memset(group, 0, sizeof(*group));
    while (rest->len) {
        if (!okapi__field_next(rest, eol, &field)) {
            const unsigned char *nl = memchr(rest->data, eol, rest->len);
            apr_size_t line = nl ? (apr_size_t)(nl + 1 - rest->data) : rest->len;
            int is_empty = *rest->data == '\n' || *rest->data == '\r';
            rest->data += line;
            rest->len -= line;
            if (found && is_empty)
                return 1;
            continue;
        }
        found = 1;
        for (size_t i = 0; i < sizeof(group_fields) / sizeof(group_fields[0]); i++) {
            okapi_binary_t *value =
                (okapi_binary_t *)(void *)((char *)group + group_fields[i].offset);
            if (!value->data && okapi__field_is(&field, group_fields[i].name))
                *value = field.value;
        }
    }
    return found;
}

static const char *text_of(okapi__draft_t *draft, okapi_binary_t value)
{
    return value.data ? okapi__header_text(value, draft->charset, draft->mime->scratch_pool) : "";
}

/* "rfc822; x" is x. */
static const char *typed_text(okapi__draft_t *draft, okapi_binary_t value)
{
    const char *text = text_of(draft, value), *semicolon = strchr(text, ';');
    text = semicolon ? semicolon + 1 : text;
    return text + strspn(text, " ");
}

static int action_of(okapi__draft_t *draft, const group_t *group)
{
    const char *text = text_of(draft, group->action);
    int i = 0;
    while (i < ACTIONS && strncasecmp(text, actions[i].action, strlen(actions[i].action)) != 0)
        i++;
    return group->final.data || group->original.data ? i : ACTIONS;
}

static okapi_binary_t machine_text(okapi__draft_t *draft)
{
    return okapi__entity_content(draft->report, draft->mime->scratch_pool);
}

int okapi__report_find(okapi__draft_t *draft)
{
    const okapi__entity_t *root = draft->root;
    group_t group;
    if (root->kind != OKAPI__ENTITY_MULTIPART || !okapi__entity_is(root, "multipart", "report"))
        return 0;
    for (const okapi__entity_t *part = root->first; part; part = part->next) {
        int is_status = okapi__entity_is(part, "message", "delivery-status");
        if (part->kind != OKAPI__ENTITY_LEAF ||
            (!is_status && !okapi__entity_is(part, "message", "disposition-notification")))
            continue;
        draft->report = part;
        okapi_binary_t rest = machine_text(draft);
        while (next_group(&rest, okapi__entity_eol(rest), &group)) {
            int action = action_of(draft, &group);
            if (is_status && action < ACTIONS) {
                draft->action = draft->reports_delivery && draft->action < action ? draft->action
                                                                                  : action;
                draft->reports_delivery = 1;
            }
            if (!is_status && group.disposition.data)
                return 1;
        }
        if (draft->reports_delivery)
            return 1;
    }
    draft->report = NULL;
    return 0;
}

/* Status: MS-OXCMAIL 2.2.3.7.1.3. */
static void put_status(okapi_props_t *props, const char *text)
{
    int parts[3] = {0, 0, 0}, diagnostic = NO_DIAGNOSTIC;
    for (int i = 0; i < 3 && *text; i++) {
        parts[i] = atoi(text);
        parts[i] = parts[i] < 0 || parts[i] > 9 ? 0 : parts[i];
        text += strcspn(text, ".");
        text += *text == '.';
    }
    for (int i = 0; i < DIAGNOSTICS; i++)
        if (diagnostics[i].status == parts[1] * 10 + parts[2])
            diagnostic = diagnostics[i].diagnostic;
    okapi_props_set_i32(props, PR_NDR_STATUS_CODE, parts[0] * 100 + parts[1] * 10 + parts[2]);
    okapi_props_set_i32(props, PR_NDR_DIAG_CODE, diagnostic);
    okapi_props_set_i32(props, PR_NDR_REASON_CODE, 0);
}

static apr_status_t add_recipient(okapi__draft_t *draft, const group_t *group)
{
    const char *address = typed_text(draft, group->final.data ? group->final : group->original);
    const char *remote = typed_text(draft, group->remote);
    const char *told = typed_text(draft, group->diagnostic);
    okapi__address_t who = {"", address};
    okapi_recipient_t *recipient;
    if (!*address)
        return APR_SUCCESS;
    apr_status_t status = okapi__recipient_add(&recipient, draft, MAPI_TO, &who);
    if (status != APR_SUCCESS || !recipient)
        return status;
    put_status(recipient->props, text_of(draft, group->status));
    if (*remote)
        okapi_props_set_str(recipient->props, PR_DSN_REMOTE_MTA, remote);
    if (*told) {
        okapi_props_set_str(recipient->props, PR_SUPPLEMENTARY_INFO, told);
        okapi_props_set_str(recipient->props, PR_REPORT_TEXT, told);
    }
    return APR_SUCCESS;
}

static void put_disposition(okapi__draft_t *draft, const group_t *group)
{
    const char *disposition = text_of(draft, group->disposition);
    const char *kind = typed_text(draft, group->disposition);
    const char *id = text_of(draft, group->message_id);
    int is_read = strncasecmp(kind, "deleted", 7) != 0 && strncasecmp(kind, "denied", 6) != 0 &&
                  strncasecmp(kind, "failed", 6) != 0;
    okapi__draft_put_str(draft, PR_MESSAGE_CLASS,
                         is_read ? "REPORT.IPM.Note.IPNRN" : "REPORT.IPM.Note.IPNNRN");
    okapi__draft_put_str(draft, PR_REPORT_DISPOSITION, disposition);
    if (*id)
        okapi__draft_put_str(draft, PR_INTERNET_RETURN_PATH, id); /* PidTagOriginalMessageId */
    if (group->key.data) {
        okapi_binary_t key = okapi__transfer_decode(OKAPI__TRANSFER_BASE64, group->key,
                                                    draft->mime->scratch_pool);
        okapi__draft_put(draft, okapi_propval_bin(PR_PARENT_KEY, key.data, key.len));
    }
}

apr_status_t okapi__draft_report(okapi__draft_t *draft)
{
    okapi_binary_t rest = machine_text(draft);
    apr_status_t status = APR_SUCCESS;
    group_t group;
    int has_reporter = 0;
    if (draft->reports_delivery)
        okapi__draft_put_str(draft, PR_MESSAGE_CLASS, actions[draft->action].message_class);
    while (status == APR_SUCCESS && next_group(&rest, okapi__entity_eol(rest), &group)) {
        if (group.reporting.data && !has_reporter++)
            okapi__draft_put_str(draft, PR_DSN_REPORTING_MTA, typed_text(draft, group.reporting));
        if (draft->reports_delivery) {
            if (action_of(draft, &group) < ACTIONS)
                status = add_recipient(draft, &group);
        } else if (group.disposition.data) {
            put_disposition(draft, &group);
            break;
        }
    }
    return status;
}

/* ---- writing ---- */

const char *okapi__report_type(const okapi__letter_t *letter)
{
    const char *class = okapi_props_str(letter->props, PR_MESSAGE_CLASS, "");
    apr_size_t len = strlen(class);
    if (strncasecmp(class, "REPORT.", 7) != 0)
        return NULL;
    if (strcasecmp(class + len - 6, ".IPNRN") == 0 || strcasecmp(class + len - 7, ".IPNNRN") == 0)
        return "disposition-notification";
    if (strcasecmp(class + len - 3, ".DR") == 0 || strcasecmp(class + len - 4, ".NDR") == 0)
        return "delivery-status";
    return NULL;
}

/* The row of actions for a class of any message: REPORT.IPM.Schedule.Meeting.Request.NDR, too. */
static int action_of_class(const char *class)
{
    static const char prefix[] = "REPORT.IPM.Note";
    apr_size_t len = strlen(class);
    for (int i = 0; i < ACTIONS; i++) {
        const char *suffix = actions[i].message_class + sizeof(prefix) - 1;
        apr_size_t n = strlen(suffix);
        if (len > n && strcasecmp(class + len - n, suffix) == 0)
            return i;
    }
    return 0;
}

static const char *status_of(const okapi_props_t *props, int action, apr_pool_t *pool)
{
    int code = (int)okapi_props_int(props, PR_NDR_STATUS_CODE, 0);
    apr_int64_t diagnostic = okapi_props_int(props, PR_NDR_DIAG_CODE, NO_DIAGNOSTIC);
    for (int i = 0; i < DIAGNOSTICS && !code; i++)
        if (action == 0 && diagnostics[i].diagnostic == diagnostic)
            code = 500 + diagnostics[i].status;
    if (code < 200 || code > 599)
        return actions[action].status;
    return apr_psprintf(pool, "%d.%d.%d", code / 100, code / 10 % 10, code % 10);
}

static apr_status_t write_status(okapi_writer_t *w, okapi__letter_t *letter)
{
    static const okapi__who_tags_t tags = {PR_DISPLAY_NAME, PR_ADDRTYPE, PR_EMAIL_ADDRESS,
                                           PR_SMTP_ADDRESS, PR_ENTRYID};
    apr_pool_t *pool = letter->pool;
    int action = action_of_class(okapi_props_str(letter->props, PR_MESSAGE_CLASS, ""));
    const char *host = okapi_config(letter->out->okapi)->server_name;
    apr_status_t status = APR_SUCCESS;
    host = okapi_props_str(letter->props, PR_DSN_REPORTING_MTA, host);
    okapi__write_text(w, "Reporting-MTA", apr_pstrcat(pool, "dns; ", host, NULL), pool);
    for (int i = 0; i < okapi_message_recipient_count(letter->message); i++) {
        const okapi_props_t *props = okapi_message_recipient(letter->message, i)->props;
        const char *remote = okapi_props_str(props, PR_DSN_REMOTE_MTA, NULL);
        const char *told = okapi_props_str(props, PR_SUPPLEMENTARY_INFO, NULL);
        okapi__address_t who;
        status = okapi__who(&who, letter->out, props, &tags);
        if (status != APR_SUCCESS)
            break;
        okapi__write_end(w);
        okapi__write_text(w, "Final-Recipient", apr_pstrcat(pool, "rfc822; ", who.address, NULL),
                          pool);
        okapi__write_text(w, "Action", actions[action].action, pool);
        okapi__write_text(w, "Status", status_of(props, action, pool), pool);
        if (remote)
            okapi__write_text(w, "Remote-MTA", apr_pstrcat(pool, "dns; ", remote, NULL), pool);
        if (told)
            okapi__write_text(w, "Diagnostic-Code", apr_pstrcat(pool, "smtp; ", told, NULL), pool);
    }
    return status;
}

static apr_status_t write_disposition(okapi_writer_t *w, okapi__letter_t *letter)
{
    static const okapi__who_tags_t tags = {PR_SENDER_NAME, PR_SENDER_ADDRTYPE,
                                           PR_SENDER_EMAIL_ADDRESS, PR_SENDER_SMTP_ADDRESS,
                                           PR_SENDER_ENTRYID};
    apr_pool_t *pool = letter->pool;
    const char *class = okapi_props_str(letter->props, PR_MESSAGE_CLASS, "");
    int is_read = strcasecmp(class + strlen(class) - 6, ".IPNRN") == 0;
    const char *disposition = is_read ? "manual-action/MDN-sent-manually; displayed"
                                      : "manual-action/MDN-sent-manually; deleted";
    const okapi_propval_t *key = okapi_props_get(letter->props, PR_PARENT_KEY);
    okapi__address_t who;
    apr_status_t status = okapi__who(&who, letter->out, letter->props, &tags);
    okapi__write_text(w, "Final-Recipient", apr_pstrcat(pool, "rfc822; ", who.address, NULL), pool);
    okapi__write_text(w, "Disposition",
                      okapi_props_str(letter->props, PR_REPORT_DISPOSITION, disposition), pool);
    okapi__write_tokens(w, "Original-Message-ID",
                        okapi_props_str(letter->props, PR_INTERNET_RETURN_PATH, ""), pool);
    if (key)
        okapi__write_text(w, "X-MSExch-Correlation-Key", okapi__base64(key->v.bin, pool), pool);
    return status;
}

apr_status_t okapi__report_part(okapi__part_t **part, okapi__letter_t *letter)
{
    const char *type = okapi__report_type(letter);
    okapi_writer_t w;
    okapi_writer_init(&w, 1024, 64 << 20, letter->pool);
    apr_status_t status = strcmp(type, "delivery-status") == 0 ? write_status(&w, letter)
                                                               : write_disposition(&w, letter);
    *part = okapi__part_create(letter, OKAPI__SOURCE_BYTES);
    (*part)->bytes = (okapi_binary_t){w.data, w.len};
    okapi__write_begin(&(*part)->fields, "Content-Type",
                       apr_pstrcat(letter->pool, "message/", type, NULL));
    okapi__write_end(&(*part)->fields);
    return status == APR_SUCCESS ? okapi_writer_status(&w) : status;
}
