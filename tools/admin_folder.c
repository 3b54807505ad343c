/* admin_folder.c - okapi-admin folder: the folders of a user. */
#include <okapi/folder.h>

#include "admin.h"

static const output_column_t columns[] = {
    {"name", "Folder", OUTPUT_TREE},         {"class", "Class", OUTPUT_TEXT},
    {"messages", "Messages", OUTPUT_NUMBER}, {"unread", "Unread", OUTPUT_NUMBER},
    {"bytes", "Size", OUTPUT_BYTES},         {NULL, NULL, OUTPUT_TEXT}};

static json_t *row_of(const okapi_folder_node_t *node)
{
    return json_pack("{s:s, s:i, s:I, s:s, s:I, s:I, s:I, s:I}", "name",
                     okapi_folder_name(node->folder), "depth", node->depth, "id",
                     (json_int_t)okapi_folder_id(node->folder), "class",
                     okapi_folder_class(node->folder), "messages", (json_int_t)node->stat.content,
                     "unread", (json_int_t)node->stat.unread, "associated",
                     (json_int_t)node->stat.associated, "bytes", (json_int_t)node->stat.bytes);
}

int admin_folder_list(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool;
    okapi_user_t *user;
    okapi_store_t *store;
    okapi_folder_t *root;
    apr_array_header_t *nodes;
    int code = admin_find_user(admin, 0, &user);
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_store_open(&store, admin->tool.okapi, user, user, pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_open(&root, store, okapi_store_special(store, OKAPI_FOLDER_ROOT), pool,
                               pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_tree(&nodes, root, pool, pool);
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the folders of %s can't be read", user->name);
    }
    json_t *rows = json_array();
    for (int i = 0; i < nodes->nelts; i++) {
        json_array_append_new(rows, row_of(&APR_ARRAY_IDX(nodes, i, okapi_folder_node_t)));
    }
    output_table(rows, columns, admin->as_json, pool);
    return EX_OK;
}
