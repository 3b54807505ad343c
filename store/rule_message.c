/* rule_message.c - what rules leave for the client in the Deferred Action folder: actions only it
 * can do, and errors. MS-OXORULE 2.2.6, 2.2.7. */
#include <string.h>

#include <okapi/entryid.h>
#include <okapi/error.h>
#include <okapi/table.h>

#include "delivery_private.h"

enum { ACTIONS_MAX = 1024 * 1024 }; /* the rules of a folder have no more */

/* Nobody's client works for the public store, so there it has none. */
static int has_folder(const okapi_store_t *store)
{
    return okapi_store_special(store, OKAPI_FOLDER_DEFERRED_ACTION) != 0;
}

/* In the Deferred Action folder, with what both kinds have; saved with the run. */
static apr_status_t make(okapi_message_t **made, okapi__rule_run_t *run, okapi_message_t *message,
                         okapi_id_t folder_id, const okapi_rule_t *rule,
                         const char *message_class)
{
    okapi_store_t *store = run->store;
    apr_status_t rv = okapi__message_reserve(message, run->pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_message_create(made, store,
                                  okapi_store_special(store, OKAPI_FOLDER_DEFERRED_ACTION), 0,
                                  run->pool, run->pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_binary_t original = okapi_entryid_message(&store->guid, message->row.folder_id,
                                                    message->reserved_id, run->pool);
    okapi_binary_t folder = okapi_entryid_folder(&store->guid, folder_id, run->pool);
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_MESSAGE_CLASS, message_class),
        okapi_propval_i32(PR_MESSAGE_FLAGS, MSGFLAG_READ),
        okapi_propval_bin(PR_DAM_ORIGINAL_ENTRYID, original.data, original.len),
        okapi_propval_bin(PR_RULE_FOLDER_ENTRYID, folder.data, folder.len),
        okapi_propval_str(PR_RULE_PROVIDER, okapi_props_str(rule->props, PR_RULE_PROVIDER, ""))};
    APR_ARRAY_PUSH(run->savings, okapi__saving_t) = (okapi__saving_t){.message = *made};
    return okapi_object_set(&(*made)->object, values, sizeof(values) / sizeof(values[0]),
                            run->pool);
}

/* ServerEid of the message, MS-OXCDATA 2.11.1.4. */
static okapi_propval_t server_eid(okapi_message_t *message, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 21, 21, pool);
    okapi_write_u8(&w, 1);
    okapi_write_u64(&w, okapi_eid_of(message->row.folder_id));
    okapi_write_u64(&w, okapi_eid_of(message->reserved_id));
    okapi_write_u32(&w, 0);
    return okapi_propval_bin(PR_DAM_ORIG_MSG_SVREID, w.data, w.len);
}

static const char *provider_of(const apr_array_header_t *rules, int i)
{
    return okapi_props_str(APR_ARRAY_IDX(rules, i, const okapi_rule_t *)->props, PR_RULE_PROVIDER,
                           "");
}

/* The actions of those of RULES, from FIRST on, that are of its provider, as one RuleAction; and of
 * the first rule the id, once for each (MS-OXORULE_R366, R368). */
static apr_status_t join(okapi_writer_t *actions, okapi_writer_t *ids,
                         const apr_array_header_t *rules, int first)
{
    const char *provider = provider_of(rules, first);
    apr_uint16_t count = 0;
    okapi_write_u16(actions, 0); /* known below */
    for (int i = first; i < rules->nelts; i++) {
        const okapi_rule_t *rule = APR_ARRAY_IDX(rules, i, const okapi_rule_t *);
        if (strcmp(provider_of(rules, i), provider) == 0) {
            const okapi_binary_t *bin = &okapi_props_get(rule->props, PR_RULE_ACTIONS)->v.bin;
            okapi_reader_t r;
            okapi_reader_init(&r, bin->data, bin->len);
            count = (apr_uint16_t)(count + okapi_read_u16(&r));
            okapi_write_bytes(actions, r.p, okapi_reader_left(&r));
            okapi_write_u64(ids, (apr_uint64_t)APR_ARRAY_IDX(rules, first,
                                                             const okapi_rule_t *)->id);
        }
    }
    okapi_write_u16_at(actions, 0, count);
    return okapi_writer_status(actions) == APR_SUCCESS ? okapi_writer_status(ids) : OKAPI_ETOOBIG;
}

/* One for all rules of a provider (MS-OXORULE_R569, R571). */
static apr_status_t defer_some(okapi__rule_run_t *run, okapi_message_t *message,
                               okapi_id_t folder_id, const apr_array_header_t *rules, int first)
{
    okapi_message_t *dam;
    okapi_writer_t actions, ids;
    okapi_writer_init(&actions, 256, ACTIONS_MAX, run->pool);
    okapi_writer_init(&ids, 8, ACTIONS_MAX, run->pool);
    apr_status_t rv = join(&actions, &ids, rules, first);
    if (rv == APR_SUCCESS) {
        rv = make(&dam, run, message, folder_id, APR_ARRAY_IDX(rules, first, const okapi_rule_t *),
                  "IPC.Microsoft Exchange 4.0.Deferred Action");
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    const okapi_propval_t values[] = {
        okapi_propval_bool(PR_DAM_BACK_PATCHED, 0),
        okapi_propval_bin(PR_CLIENT_ACTIONS, actions.data, actions.len),
        okapi_propval_bin(PR_RULE_IDS, ids.data, ids.len), server_eid(message, run->pool)};
    return okapi_object_set(&dam->object, values, sizeof(values) / sizeof(values[0]), run->pool);
}

apr_status_t okapi__rule_defer(okapi__rule_run_t *run, okapi_message_t *message,
                               okapi_id_t folder_id, const apr_array_header_t *rules)
{
    const okapi_propval_t has_dams = okapi_propval_bool(PR_HAS_DAMS, 1);
    apr_status_t rv = APR_SUCCESS;
    if (rules->nelts == 0 || !has_folder(run->store)) {
        return APR_SUCCESS;
    }
    for (int i = 0; rv == APR_SUCCESS && i < rules->nelts; i++) {
        int earlier = 0;
        while (strcmp(provider_of(rules, earlier), provider_of(rules, i)) != 0) {
            earlier++;
        }
        rv = earlier < i ? APR_SUCCESS : defer_some(run, message, folder_id, rules, i);
    }
    return rv == APR_SUCCESS ? okapi_object_set(&message->object, &has_dams, 1, run->pool) : rv;
}

apr_status_t okapi__rule_complain(okapi__rule_run_t *run, okapi_message_t *message,
                                  okapi_id_t folder_id, const okapi_rule_t *rule,
                                  okapi__rule_error_e error, const okapi_action_t *action,
                                  int number)
{
    okapi_message_t *dem;
    const okapi_propval_t values[] = {
        okapi_propval_i32(PR_RULE_ERROR, (apr_int32_t)error),
        okapi_propval_i32(PR_RULE_ACTION_TYPE, action ? (apr_int32_t)action->type : 0),
        okapi_propval_i32(PR_RULE_ACTION_NUMBER, action ? number : 0),
        okapi_propval_i64(PR_RULE_ID, rule->id)};
    if (!has_folder(run->store)) {
        return APR_SUCCESS;
    }
    apr_status_t rv = make(&dem, run, message, folder_id, rule,
                           "IPC.Microsoft Exchange 4.0.Deferred Error");
    return rv == APR_SUCCESS ? okapi_object_set(&dem->object, values,
                                                sizeof(values) / sizeof(values[0]), run->pool)
                             : rv;
}

/* ---- messages that a client has taken away ---- */

static apr_status_t update_one(okapi_store_t *store, okapi_id_t id, okapi_binary_t client_id,
                               apr_pool_t *scratch_pool)
{
    const okapi_propval_t values[] = {
        okapi_propval_bin(PR_DAM_ORIG_MSG_SVREID, client_id.data, client_id.len),
        okapi_propval_bool(PR_DAM_BACK_PATCHED, 1)};
    okapi_message_t *dam;
    apr_status_t rv = okapi_message_open(&dam, store, 0, id, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_set(&dam->object, values, 2, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_message_save(dam, 0, scratch_pool);
    }
    return rv == OKAPI_ENOTFOUND || rv == OKAPI_EOBJECTDELETED ? APR_SUCCESS : rv;
}

/* Some at a time: *IDS are those among the next rows that are for SERVER_ID. */
static apr_status_t next_ids(apr_array_header_t **ids, int *is_end, okapi_table_t *table,
                             okapi_binary_t server_id, apr_pool_t *scratch_pool)
{
    enum { BATCH = 100 };
    apr_array_header_t *rows;
    apr_status_t rv = okapi_table_rows(table, BATCH, 0, 1, &rows, scratch_pool, scratch_pool);
    *ids = apr_array_make(scratch_pool, 4, sizeof(okapi_id_t));
    *is_end = rv != APR_SUCCESS || rows->nelts == 0;
    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        const okapi_row_t *row = &APR_ARRAY_IDX(rows, i, okapi_row_t);
        const okapi_binary_t *bin = &row->values[0].v.bin;
        if (row->values[0].tag == PR_DAM_ORIG_MSG_SVREID && bin->len == server_id.len &&
            memcmp(bin->data, server_id.data, bin->len) == 0) {
            APR_ARRAY_PUSH(*ids, okapi_id_t) = row->id;
        }
    }
    return rv;
}

apr_status_t okapi_rule_update_deferred(okapi_store_t *store, okapi_binary_t server_id,
                                        okapi_binary_t client_id, apr_pool_t *scratch_pool)
{
    static const okapi_proptag_t columns[] = {PR_DAM_ORIG_MSG_SVREID};
    okapi_folder_t *folder;
    okapi_table_t *table;
    apr_uint32_t count;
    int is_end = 0;
    if (server_id.len == 0 || client_id.len == 0) {
        return OKAPI_EINVAL;
    }
    if (!store->full_access || !has_folder(store)) {
        return OKAPI_EACCESS;
    }
    apr_status_t rv = okapi_folder_open(&folder, store,
                                        okapi_store_special(store, OKAPI_FOLDER_DEFERRED_ACTION),
                                        scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_table_contents(&table, &count, folder, 0, scratch_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_table_set_columns(table, columns, 1);
    }
    while (rv == APR_SUCCESS && !is_end) {
        apr_array_header_t *ids;
        rv = next_ids(&ids, &is_end, table, server_id, scratch_pool);
        for (int i = 0; rv == APR_SUCCESS && i < ids->nelts; i++) {
            rv = update_one(store, APR_ARRAY_IDX(ids, i, okapi_id_t), client_id, scratch_pool);
        }
    }
    return rv;
}
