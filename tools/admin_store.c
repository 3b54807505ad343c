/* admin_store.c - okapi-admin store: the database and the mailboxes in it. */
#include <apr_strings.h>
#include <okapi/blob.h>
#include <okapi/error.h>
#include <okapi/folder.h>
#include <okapi/quota.h>

#include "admin.h"

static const output_column_t list_columns[] = {{"owner", "Owner", OUTPUT_TEXT},
                                               {"email", "Address", OUTPUT_TEXT},
                                               {"messages", "Messages", OUTPUT_NUMBER},
                                               {"bytes", "Size", OUTPUT_BYTES},
                                               {"change", "Change", OUTPUT_NUMBER},
                                               {"guid", "GUID", OUTPUT_TEXT},
                                               {NULL, NULL, OUTPUT_TEXT}};

static const output_column_t show_columns[] = {{"owner", "Owner", OUTPUT_TEXT},
                                               {"email", "Address", OUTPUT_TEXT},
                                               {"folders", "Folders", OUTPUT_NUMBER},
                                               {"messages", "Messages", OUTPUT_NUMBER},
                                               {"unread", "Unread", OUTPUT_NUMBER},
                                               {"hidden", "Hidden", OUTPUT_NUMBER},
                                               {"deleted", "Recoverable", OUTPUT_NUMBER},
                                               {"bytes", "Size", OUTPUT_BYTES},
                                               {"limit", "Limit", OUTPUT_LIMIT},
                                               {"change", "Change", OUTPUT_NUMBER},
                                               {"guid", "GUID", OUTPUT_TEXT},
                                               {NULL, NULL, OUTPUT_TEXT}};

int admin_store_create_database(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    apr_status_t rv = okapi_create(tool->config, &tool->host, tool->pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "the database %s can't be created", tool_database(tool));
    }
    output_done(json_pack("{s:s}", "database", tool_database(tool)), admin->as_json,
                "The database %s is ready.", tool_database(tool));
    return EX_OK;
}

/* *ROW is what lists say of the mailbox. */
static apr_status_t describe(json_t **row, okapi_store_t *store, apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {PR_CONTENT_COUNT, PR_MESSAGE_SIZE_EXTENDED};
    const okapi_user_t *owner = okapi_store_owner(store);
    okapi_propval_t values[2];
    okapi_cn_t cn;
    apr_status_t rv = okapi_object_get(okapi_store_object(store), tags, 2, 0, values, pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_cn(store, &cn, pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *row = json_pack("{s:s, s:s, s:I, s:s, s:i, s:I, s:I}", "owner",
                     okapi_store_is_public(store) ? TOOL_PUBLIC : owner->name, "email",
                     owner->email, "id", (json_int_t)okapi_store_id(store), "guid",
                     okapi_guid_format(okapi_store_guid(store), pool), "messages",
                     (int)values[0].v.i32, "bytes", (json_int_t)values[1].v.i64, "change",
                     (json_int_t)cn);
    return APR_SUCCESS;
}

/* And what its folders count. */
static apr_status_t add_counts(json_t *row, okapi_store_t *store, apr_pool_t *pool)
{
    okapi_folder_stat_t sum = {0};
    okapi_folder_t *root;
    okapi_quota_t quota;
    apr_array_header_t *nodes;
    apr_status_t rv =
        okapi_folder_open(&root, store, okapi_store_special(store, OKAPI_FOLDER_ROOT), pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_tree(&nodes, root, pool, pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < nodes->nelts; i++) {
        const okapi_folder_stat_t *stat = &APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).stat;
        sum.unread += stat->unread;
        sum.associated += stat->associated;
        sum.soft_deleted += stat->soft_deleted;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_quota_effective(&quota, store);
    json_object_set_new(row, "folders", json_integer(nodes->nelts));
    if (!okapi_store_is_public(store)) { /* what is read there, each reader knows for himself */
        json_object_set_new(row, "unread", json_integer((json_int_t)sum.unread));
    }
    json_object_set_new(row, "hidden", json_integer((json_int_t)sum.associated));
    json_object_set_new(row, "deleted", json_integer((json_int_t)sum.soft_deleted));
    json_object_set_new(row, "limit", json_integer((json_int_t)quota.receive));
    return APR_SUCCESS;
}

int admin_store_show(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool;
    okapi_store_t *store;
    json_t *record;
    int code = admin_open_mailbox(admin, 0, &store);
    if (code) {
        return code;
    }
    apr_status_t rv = describe(&record, store, pool);
    if (rv == APR_SUCCESS) {
        rv = add_counts(record, store, pool);
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the mailbox of %s can't be read", admin_arg(admin, 0));
    }
    output_record(record, show_columns, admin->as_json, pool);
    return EX_OK;
}

int admin_store_list(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool, *row_pool;
    apr_array_header_t *users;
    apr_status_t rv = okapi_user_list(&users, admin->tool.okapi, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the users can't be read");
    }
    json_t *rows = json_array(), *row;
    apr_pool_create(&row_pool, pool);
    for (int i = 0; i <= users->nelts; i++) { /* the last one is nobody's */
        const okapi_user_t *user =
            i < users->nelts ? APR_ARRAY_IDX(users, i, okapi_user_t *) : NULL;
        okapi_store_t *store;
        apr_pool_clear(row_pool);
        rv = tool_open_mailbox(&admin->tool, user, &store, row_pool);
        if (rv == OKAPI_ENOTFOUND && !user) {
            break;
        }
        if (rv == APR_SUCCESS) {
            rv = describe(&row, store, row_pool);
        }
        if (rv != APR_SUCCESS) {
            json_decref(rows);
            return tool_fail(&admin->tool, rv, "the mailbox of %s can't be read",
                             user ? user->name : TOOL_PUBLIC);
        }
        json_array_append_new(rows, row);
    }
    output_table(rows, list_columns, admin->as_json, pool);
    return EX_OK;
}

int admin_store_collect(admin_t *admin)
{
    const char *age = admin_option(admin, "age");
    okapi_blob_garbage_t garbage;
    char *end = NULL;
    apr_int64_t minutes = age ? apr_strtoi64(age, &end, 10) : 60;
    if (age && (!*age || *end || minutes < 0 || minutes > APR_INT32_MAX)) {
        return tool_usage_error(&admin->tool, "okapi-admin store collect",
                                "--age takes a number of minutes");
    }
    apr_status_t rv = okapi_blob_collect(admin->tool.okapi, apr_time_from_sec(minutes * 60), NULL,
                                         NULL, &garbage, admin->tool.pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "collecting what nobody uses");
    }
    output_done(json_pack("{s:I, s:I}", "values", (json_int_t)garbage.blobs, "bytes",
                          (json_int_t)garbage.bytes),
                admin->as_json,
                "%" APR_INT64_T_FMT " values of %" APR_INT64_T_FMT " bytes were removed.",
                garbage.blobs, garbage.bytes);
    return EX_OK;
}
