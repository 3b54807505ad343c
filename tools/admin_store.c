/* admin_store.c - okapi-admin store: the database and the mailboxes in it. */
#include <apr_strings.h>
#include <okapi/blob.h>
#include <okapi/store.h>

#include "admin.h"

static const output_column_t columns[] = {{"owner", "Owner", OUTPUT_TEXT},
                                          {"email", "Address", OUTPUT_TEXT},
                                          {"messages", "Messages", OUTPUT_NUMBER},
                                          {"bytes", "Size", OUTPUT_BYTES},
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

/* *ROW is what there is to know about the mailbox of USER. */
static apr_status_t describe(json_t **row, admin_t *admin, const okapi_user_t *user,
                             apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {PR_CONTENT_COUNT, PR_MESSAGE_SIZE_EXTENDED};
    okapi_propval_t values[2];
    okapi_store_t *store;
    okapi_cn_t cn;
    apr_status_t rv = okapi_store_open(&store, admin->tool.okapi, user, user, pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_get(okapi_store_object(store), tags, 2, 0, values, pool, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_store_cn(store, &cn, pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *row = json_pack("{s:s, s:s, s:I, s:s, s:i, s:I, s:I}", "owner", user->name, "email",
                     user->email, "id", (json_int_t)okapi_store_id(store), "guid",
                     okapi_guid_format(okapi_store_guid(store), pool), "messages",
                     (int)values[0].v.i32, "bytes", (json_int_t)values[1].v.i64, "change",
                     (json_int_t)cn);
    return APR_SUCCESS;
}

int admin_store_show(admin_t *admin)
{
    okapi_user_t *user;
    json_t *record;
    int code = admin_find_user(admin, 0, &user);
    if (code) {
        return code;
    }
    apr_status_t rv = describe(&record, admin, user, admin->tool.pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the mailbox of %s can't be read", user->name);
    }
    output_record(record, columns, admin->as_json, admin->tool.pool);
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
    for (int i = 0; i < users->nelts; i++) {
        const okapi_user_t *user = APR_ARRAY_IDX(users, i, okapi_user_t *);
        apr_pool_clear(row_pool);
        rv = describe(&row, admin, user, row_pool);
        if (rv != APR_SUCCESS) {
            json_decref(rows);
            return tool_fail(&admin->tool, rv, "the mailbox of %s can't be read", user->name);
        }
        json_array_append_new(rows, row);
    }
    output_table(rows, columns, admin->as_json, pool);
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
