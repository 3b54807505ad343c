/* rule_reply.c - rules that answer: OP_REPLY and OP_OOF_REPLY, MS-OXORULE 2.2.5.1.2.2, 3.2.5.1. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "delivery_private.h"

/* What makes the two kinds differ. */
typedef struct kind_t {
    const char *message_class; /* what the template's has to begin with */
    const char *prefix;        /* of the subject, if the template has none */
    const char *stock;         /* the server's own text: MS-OXORULE_R289 */
} kind_t;

static const kind_t reply_kind = {
    "IPM.Note.rules.ReplyTemplate", "Re: ",
    "This is an automatic reply. Your message has been delivered.\r\n"};
static const kind_t oof_kind = {
    "IPM.Note.rules.OOFTemplate", "Automatic reply: ",
    "This is an automatic reply. I am out of the office and will read your message when I am "
    "back.\r\n"};

/* *TEMPLATE is NULL if it isn't needed and isn't there. */
static apr_status_t open_template(okapi_message_t **template, okapi__rule_run_t *run,
                                  const okapi_action_t *action)
{
    okapi_id_t folder = okapi_id_of_eid(action->template_fid);
    okapi_id_t id = okapi_id_of_eid(action->template_mid);
    apr_status_t rv = APR_SUCCESS;
    run->error = OKAPI__RULE_ERROR_TEMPLATE;
    if (action->template_entryid.len) {
        rv = okapi_entryid_parse(action->template_entryid, &run->store->guid, &folder, &id);
        rv = rv == APR_SUCCESS ? rv : OKAPI_EINVAL;
    }
    if (rv == APR_SUCCESS) {
        rv = folder && id ? okapi_message_open(template, run->store, folder, id, run->pool,
                                               run->pool)
                          : OKAPI_ENOTFOUND;
    }
    if (rv == OKAPI_ENOTFOUND && (action->flavor & STOCK_REPLY_TEMPLATE)) {
        *template = NULL;
        return APR_SUCCESS;
    }
    return rv;
}

/* Those the template names are told too. */
static apr_status_t add_template_recipients(okapi__sending_t *sending, okapi__rule_run_t *run,
                                            const okapi_message_t *template)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < template->recipients->nelts; i++) {
        const okapi_recipient_t *r = APR_ARRAY_IDX(template->recipients, i, okapi_recipient_t *);
        const char *address;
        rv = okapi__outgoing_address(&address, run->store->okapi, r->props, run->pool, run->pool);
        if (rv == APR_SUCCESS && address) {
            okapi__outgoing_add(sending, r->type & 0x0F,
                                okapi_props_str(r->props, PR_DISPLAY_NAME, ""), address,
                                run->pool);
        }
    }
    return rv;
}

/* Content and class. */
static apr_status_t fill(okapi__sending_t *sending, okapi_message_t *message,
                         okapi_message_t *template, const kind_t *kind, int is_stock,
                         apr_pool_t *scratch_pool)
{
    okapi__propbag_t *bag = &sending->message->bag;
    apr_status_t rv = template ? okapi__message_copy_content(sending->message, template, 0,
                                                             scratch_pool)
                               : APR_SUCCESS;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi__outgoing_forget(sending);
    const char *message_class = okapi_props_str(bag->props, PR_MESSAGE_CLASS, "");
    if (strncasecmp(message_class, kind->message_class, strlen(kind->message_class)) != 0) {
        okapi_props_set_str(bag->props, PR_MESSAGE_CLASS, kind->message_class); /* R795 */
    }
    if (is_stock) {
        okapi__propbag_unset(bag, PR_HTML);
        okapi__propbag_unset(bag, PR_RTF_COMPRESSED);
        okapi__propbag_unset(bag, PR_BODY);
        okapi_props_set_str(bag->props, PR_BODY, kind->stock);
    }
    return *okapi_props_str(bag->props, PR_NORMALIZED_SUBJECT, "")
               ? APR_SUCCESS
               : okapi__outgoing_subject(sending, message, kind->prefix, scratch_pool);
}

static apr_status_t make_reply(okapi__sending_t **sending, okapi__rule_run_t *run,
                               okapi_message_t *message, const okapi_action_t *action,
                               const kind_t *kind)
{
    okapi_message_t *template;
    apr_status_t rv = open_template(&template, run, action);
    if (rv == APR_SUCCESS) {
        rv = okapi__outgoing_create(sending, run);
    }
    if (rv == APR_SUCCESS) {
        rv = fill(*sending, message, template, kind, action->flavor & STOCK_REPLY_TEMPLATE,
                  run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__outgoing_from_owner(*sending, run->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__outgoing_answer(*sending, message, run->pool);
    }
    if (rv == APR_SUCCESS && !(action->flavor & DO_NOT_SEND_TO_ORIGINATOR)) {
        okapi__outgoing_add(*sending, MAPI_TO,
                            okapi_props_str(message->bag.props, PR_SENT_REPRESENTING_NAME, ""),
                            run->arrival->sender, run->pool);
    }
    if (rv == APR_SUCCESS && template) {
        rv = add_template_recipients(*sending, run, template);
    }
    /* MS-OXORULE_R663 */
    return rv == APR_SUCCESS && (*sending)->recipients->nelts == 0 ? OKAPI_EINVAL : rv;
}

apr_status_t okapi__action_reply(okapi__rule_run_t *run, okapi__visit_t *visit,
                                 const okapi_action_t *action)
{
    okapi__sending_t *sending;
    if (!okapi__arrival_answered(run->arrival, OKAPI__SUPPRESS_REPLY)) {
        return APR_SUCCESS; /* MS-OXORULE_R526, R528 */
    }
    apr_status_t rv = make_reply(&sending, run, visit->message, action, &reply_kind);
    return rv == APR_SUCCESS ? okapi__outgoing_send(sending, run) : rv;
}

apr_status_t okapi__action_oof_reply(okapi__rule_run_t *run, okapi__visit_t *visit,
                                     const okapi_action_t *action)
{
    okapi__sending_t *sending;
    if (!okapi__arrival_answered(run->arrival, OKAPI__SUPPRESS_OOF)) {
        return APR_SUCCESS; /* MS-OXORULE_R533, R924 */
    }
    apr_status_t rv = make_reply(&sending, run, visit->message, action, &oof_kind);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    run->has_oof_reply = 1;
    sending->is_once = (run->rule->state & ST_KEEP_OOF_HIST) != 0;
    sending->rule_id = run->rule->id;
    return okapi__outgoing_send(sending, run);
}
