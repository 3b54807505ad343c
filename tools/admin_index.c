/* admin_index.c - okapi-admin index: the index of words of a mailbox. */
#include <okapi/extract.h>
#include <okapi/fulltext.h>
#include <okapi/message.h>

#include "admin.h"

static const output_column_t columns[] = {{"owner", "Owner", OUTPUT_TEXT},
                                          {"indexed", "Indexed", OUTPUT_NUMBER},
                                          {"change", "Change", OUTPUT_NUMBER},
                                          {"messages", "Messages", OUTPUT_NUMBER},
                                          {"partial", "Partial", OUTPUT_NUMBER},
                                          {"unreadable", "Unreadable", OUTPUT_NUMBER},
                                          {"segments", "Segments", OUTPUT_NUMBER},
                                          {"bytes", "Size", OUTPUT_BYTES},
                                          {NULL, NULL, OUTPUT_TEXT}};

static const output_column_t hit_columns[] = {{"id", "Message", OUTPUT_NUMBER},
                                              {"folder", "Folder", OUTPUT_NUMBER},
                                              {"subject", "Subject", OUTPUT_TEXT},
                                              {NULL, NULL, OUTPUT_TEXT}};

static const char *name_of(const okapi_store_t *store)
{
    return okapi_store_is_public(store) ? TOOL_PUBLIC : okapi_store_owner(store)->name;
}

static apr_status_t describe(json_t **row, admin_t *admin, okapi_store_t *store, apr_pool_t *pool)
{
    okapi_fulltext_state_t state;
    okapi_cn_t cn;
    apr_status_t rv =
        okapi_fulltext_state(&state, admin->tool.okapi, okapi_store_id(store), pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_cn(store, &cn, pool);
    }
    if (rv == APR_SUCCESS) {
        *row = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "owner", name_of(store),
                         "indexed", (json_int_t)state.cn, "change", (json_int_t)cn, "messages",
                         (json_int_t)state.messages, "partial", (json_int_t)state.partial,
                         "unreadable", (json_int_t)state.unreadable, "segments",
                         (json_int_t)state.segments, "bytes", (json_int_t)state.bytes);
    }
    return rv;
}

int admin_index_show(admin_t *admin)
{
    okapi_store_t *store;
    json_t *record;
    int code = admin_open_mailbox(admin, 0, &store);
    if (code) {
        return code;
    }
    apr_status_t rv = describe(&record, admin, store, admin->tool.pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the index of %s can't be read", name_of(store));
    }
    output_record(record, columns, admin->as_json, admin->tool.pool);
    return EX_OK;
}

int admin_index_list(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool, *row_pool;
    apr_array_header_t *users;
    apr_status_t rv = okapi_user_list(&users, admin->tool.okapi, pool, pool);
    json_t *rows = json_array();
    apr_pool_create(&row_pool, pool);
    for (int i = 0; rv == APR_SUCCESS && i < users->nelts; i++) {
        okapi_store_t *store;
        json_t *row;
        apr_pool_clear(row_pool);
        rv = tool_open_mailbox(&admin->tool, APR_ARRAY_IDX(users, i, okapi_user_t *), &store,
                               row_pool);
        if (rv == APR_SUCCESS) {
            rv = describe(&row, admin, store, row_pool);
        }
        if (rv == APR_SUCCESS) {
            json_array_append_new(rows, row);
        }
    }
    if (rv != APR_SUCCESS) {
        json_decref(rows);
        return tool_fail(&admin->tool, rv, "the indexes can't be read");
    }
    output_table(rows, columns, admin->as_json, pool);
    return EX_OK;
}

/* ---- feeding ---- */

static int feed(admin_t *admin, okapi_store_t *store)
{
    apr_pool_t *pool = admin->tool.pool;
    okapi_fulltext_reader_t reader = okapi_extract_reader(admin->tool.okapi, pool);
    okapi_fulltext_fed_t fed;
    apr_status_t rv = okapi_fulltext_feed(admin->tool.okapi, okapi_store_id(store), &reader, NULL,
                                          NULL, &fed, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the index of %s can't be brought up to date",
                         name_of(store));
    }
    output_done(json_pack("{s:I, s:I, s:I}", "messages", (json_int_t)fed.messages, "unreadable",
                          (json_int_t)fed.unreadable, "bytes", (json_int_t)fed.bytes),
                admin->as_json,
                "%" APR_INT64_T_FMT " messages were indexed; %" APR_INT64_T_FMT
                " bodies and attachments couldn't be read.",
                fed.messages, fed.unreadable);
    return EX_OK;
}

int admin_index_update(admin_t *admin)
{
    okapi_store_t *store;
    int code = admin_open_mailbox(admin, 0, &store);
    return code ? code : feed(admin, store);
}

int admin_index_rebuild(admin_t *admin)
{
    okapi_store_t *store;
    int code = admin_open_mailbox(admin, 0, &store);
    if (code) {
        return code;
    }
    apr_status_t rv =
        okapi_fulltext_reset(admin->tool.okapi, okapi_store_id(store), admin->tool.pool);
    return rv == APR_SUCCESS
               ? feed(admin, store)
               : tool_fail(&admin->tool, rv, "the index of %s can't be emptied", name_of(store));
}

/* ---- searching ---- */

static json_t *describe_hit(okapi_store_t *store, const okapi_fulltext_hit_t *hit,
                            apr_pool_t *pool)
{
    static const okapi_proptag_t tag = PR_SUBJECT;
    okapi_message_t *message;
    okapi_propval_t subject = {0};
    apr_status_t rv = okapi_message_open(&message, store, hit->folder_id, hit->id, pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &subject, pool, pool);
    }
    return json_pack("{s:I, s:I, s:s}", "id", (json_int_t)hit->id, "folder",
                     (json_int_t)hit->folder_id, "subject",
                     rv == APR_SUCCESS && subject.tag == tag ? subject.v.str : "");
}

int admin_index_search(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool, *row_pool;
    apr_array_header_t *hits;
    okapi_store_t *store;
    int code = admin_open_mailbox(admin, 0, &store);
    if (code) {
        return code;
    }
    const apr_array_header_t *terms =
        okapi_fulltext_parse(admin_arg(admin, 1), OKAPI_FULLTEXT_ALL, pool);
    apr_status_t rv =
        okapi_fulltext_search(&hits, store, (const okapi_fulltext_term_t *)terms->elts,
                              terms->nelts, NULL, 0, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "\"%s\" can't be looked for", admin_arg(admin, 1));
    }
    json_t *rows = json_array();
    apr_pool_create(&row_pool, pool);
    for (int i = 0; i < hits->nelts; i++) {
        apr_pool_clear(row_pool);
        json_array_append_new(rows, describe_hit(store,
                                                 &APR_ARRAY_IDX(hits, i, okapi_fulltext_hit_t),
                                                 row_pool));
    }
    output_table(rows, hit_columns, admin->as_json, pool);
    return EX_OK;
}
