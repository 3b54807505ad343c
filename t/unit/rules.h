/* rules.h - a mailbox with rules, for the tests of what rules do. */
#ifndef RULES_H
#define RULES_H

#include <okapi/delivery.h>
#include <okapi/entryid.h>
#include <okapi/named.h>
#include <okapi/queue.h>
#include <okapi/rule.h>
#include <okapi/table.h>

#include "mailbox.h"

static const okapi_codec_t rule_codec = {OKAPI_FORM_ROP, 0};

typedef struct rules_t {
    mailbox_t m;
    int sequence;
    apr_pool_t *pool;
} rules_t;

static inline okapi_action_t rules_simple(okapi_action_e type)
{
    return (okapi_action_t){.type = type};
}

static inline okapi_action_t rules_to_folder(rules_t *f, okapi_action_e type, okapi_id_t folder_id)
{
    okapi_action_t action = {.type = type, .is_local = 1};
    okapi_writer_t w;
    okapi_writer_init(&w, 21, 21, f->pool);
    okapi_write_u8(&w, 1);
    okapi_write_u64(&w, okapi_eid_of(folder_id));
    okapi_write_u64(&w, 0);
    okapi_write_u32(&w, 0);
    action.store = (okapi_binary_t){(const unsigned char *)"s", 1};
    action.folder = (okapi_binary_t){w.data, w.len};
    return action;
}

/* A rule for subjects that contain WORD (NULL: every message), after those added before. */
static inline void rules_add(rules_t *f, okapi_id_t folder_id, const char *word, apr_uint32_t state,
                             const okapi_action_t *actions, int n)
{
    okapi_restriction_t contains = {
        .type = RES_CONTENT, .fuzzy = FL_SUBSTRING | FL_IGNORECASE, .tag = PR_SUBJECT};
    apr_array_header_t *list = apr_array_make(f->pool, n, sizeof(okapi_action_t));
    okapi_writer_t condition, bytes;
    okapi_folder_t *folder;
    for (int i = 0; i < n; i++) {
        APR_ARRAY_PUSH(list, okapi_action_t) = actions[i];
    }
    contains.prop = okapi_propval_str(PR_SUBJECT, word ? word : "");
    okapi_writer_init(&condition, 64, 4096, f->pool);
    okapi_restriction_write(&condition, &contains, &rule_codec);
    okapi_writer_init(&bytes, 64, 4096, f->pool);
    okapi_actions_write(&bytes, list, &rule_codec);
    const okapi_propval_t values[] = {
        okapi_propval_i32(PR_RULE_SEQUENCE, ++f->sequence),
        okapi_propval_i32(PR_RULE_STATE, (apr_int32_t)state),
        okapi_propval_str(PR_RULE_PROVIDER, "test"),
        okapi_propval_bin(PR_RULE_ACTIONS, bytes.data, bytes.len),
        okapi_propval_bin(PR_RULE_CONDITION, condition.data, condition.len)};
    const okapi_rule_change_t change = {OKAPI_RULE_ADD, values, word ? 5 : 4};
    mailbox_must(okapi_folder_open(&folder, f->m.store, folder_id, f->pool, f->pool), "folder");
    mailbox_must(okapi_rule_modify(folder, &change, 1, 0, f->pool), "rule");
}

static inline void rules_add_one(rules_t *f, const char *word, apr_uint32_t state,
                                 okapi_action_t action)
{
    rules_add(f, okapi_folder_id(f->m.inbox), word, state, &action, 1);
}

static inline void rules_forget(rules_t *f, okapi_id_t folder_id)
{
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, f->m.store, folder_id, f->pool, f->pool), "folder");
    mailbox_must(okapi_rule_modify(folder, NULL, 0, 1, f->pool), "no rules");
}

static inline okapi_id_t rules_special(rules_t *f, okapi_special_e which)
{
    return okapi_store_special(f->m.store, which);
}

/* ---- mail that arrives ---- */

/* A message for john from Mary with this subject and these header fields (NULL: none). */
static inline okapi_message_t *rules_draft(rules_t *f, const char *subject, const char *fields)
{
    const char *header = apr_pstrcat(f->pool, "From: Mary <mary@example.net>\r\n", fields, NULL);
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_SUBJECT, subject),
        okapi_propval_str(PR_BODY, "The text"),
        okapi_propval_str(PR_SENT_REPRESENTING_NAME, "Mary"),
        okapi_propval_str(PR_SENT_REPRESENTING_SMTP_ADDRESS, "mary@example.net"),
        okapi_propval_str(PR_INTERNET_MESSAGE_ID, "<1@example.net>"),
        okapi_propval_str(PR_TRANSPORT_MESSAGE_HEADERS, header)};
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, f->m.store, okapi_folder_id(f->m.inbox), 0, f->pool,
                                      f->pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 6, f->pool), "set");
    okapi_recipient_t *r = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(r->props, PR_DISPLAY_NAME, "John Doe");
    okapi_props_set_str(r->props, PR_SMTP_ADDRESS, "john@example.org");
    return message;
}

/* ---- the queue ---- */

static inline apr_array_header_t *rules_queue(rules_t *f)
{
    apr_array_header_t *entries;
    mailbox_must(okapi_queue_list(&entries, f->m.okapi, 0, 1000, f->pool, f->pool), "queue");
    return entries;
}

/* What is in the queue, and empties it; an entry for each delivery is expected. NULL: nothing. */
static inline const okapi_queue_entry_t *rules_sent(rules_t *f)
{
    apr_array_header_t *entries = rules_queue(f);
    for (int i = 0; i < entries->nelts; i++) {
        const okapi_queue_entry_t *entry = &APR_ARRAY_IDX(entries, i, okapi_queue_entry_t);
        mailbox_must(okapi_queue_remove(f->m.okapi, entry->id, f->pool), "remove");
    }
    return entries->nelts ? &APR_ARRAY_IDX(entries, 0, okapi_queue_entry_t) : NULL;
}

/* Delivers it from SENDER and gives the first of what is sent then. */
static inline const okapi_queue_entry_t *rules_deliver(rules_t *f, okapi_message_t *message,
                                                       const char *sender)
{
    const okapi_envelope_t envelope = {.sender = sender};
    mailbox_must(okapi_deliver(message, &envelope, f->pool), "deliver");
    return rules_sent(f);
}

/* The addresses of an entry, with blanks between them; "-" for no entry. */
static inline const char *rules_to(rules_t *f, const okapi_queue_entry_t *entry)
{
    const char *all = "";
    for (int i = 0; entry && i < entry->recipients->nelts; i++) {
        all =
            apr_pstrcat(f->pool, all, i ? " " : "",
                        APR_ARRAY_IDX(entry->recipients, i, okapi_queue_recipient_t).address, NULL);
    }
    return entry ? all : "-";
}

static inline okapi_message_t *rules_open(rules_t *f, const okapi_queue_entry_t *entry)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_open(&message, f->m.store, 0, entry->message_id, f->pool, f->pool),
                 "open what is sent");
    return message;
}

static inline okapi_propval_t rules_get(rules_t *f, okapi_message_t *message, okapi_proptag_t tag)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, f->pool, f->pool),
                 "get");
    return v;
}

/* A text property; "" if there is none. */
static inline const char *rules_text(rules_t *f, okapi_message_t *message, okapi_proptag_t tag)
{
    okapi_propval_t v = rules_get(f, message, tag);
    return v.tag == tag ? v.v.str : "";
}

/* A field of its header. */
static inline const char *rules_field(rules_t *f, okapi_message_t *message, const char *name)
{
    const okapi_propname_t propname = {okapi_ps_internet_headers, MNID_STRING, 0, name};
    apr_uint16_t id;
    mailbox_must(okapi_named_ids(f->m.store, &propname, 1, 0, &id, f->pool), "name");
    return id ? rules_text(f, message, OKAPI_PROP_TAG(PT_UNICODE, id)) : "";
}

#endif
