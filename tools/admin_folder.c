/* admin_folder.c - okapi-admin folder: the folders of a mailbox. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

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
    okapi_store_t *store;
    okapi_folder_t *root;
    apr_array_header_t *nodes;
    int code = admin_open_mailbox(admin, 0, &store);
    if (code) {
        return code;
    }
    apr_status_t rv =
        okapi_folder_open(&root, store, okapi_store_special(store, OKAPI_FOLDER_ROOT), pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_folder_tree(&nodes, root, pool, pool);
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the folders of %s can't be read", admin_arg(admin, 0));
    }
    json_t *rows = json_array();
    for (int i = 0; i < nodes->nelts; i++) {
        json_array_append_new(rows, row_of(&APR_ARRAY_IDX(nodes, i, okapi_folder_node_t)));
    }
    output_table(rows, columns, admin->as_json, pool);
    return EX_OK;
}

int admin_folder_address(admin_t *admin)
{
    static const output_column_t address_columns[] = {{"folder", "Folder", OUTPUT_TEXT},
                                                      {"aliases", "Aliases", OUTPUT_TEXT},
                                                      {NULL, NULL, OUTPUT_TEXT}};
    const char *path = admin_arg(admin, 1);
    okapi_store_t *store;
    okapi_folder_t *folder;
    json_t *aliases;
    int code = admin_open_mailbox(admin, 0, &store);
    if (!code) {
        code = admin_open_folder(admin, 1, store, &folder);
    }
    if (!code) {
        code = admin_change_aliases(admin, OKAPI_ADDRESS_OF_FOLDER, okapi_folder_id(folder), path);
    }
    if (!code) {
        code =
            admin_list_aliases(admin, OKAPI_ADDRESS_OF_FOLDER, okapi_folder_id(folder), &aliases);
    }
    if (code) {
        return code;
    }
    output_record(json_pack("{s:s, s:o}", "folder", path, "aliases", aliases), address_columns,
                  admin->as_json, admin->tool.pool);
    return EX_OK;
}

/* Divides PATH into the folder that the new one goes into and the name it gets. */
static const char *split(const char **parent, const char *path, apr_pool_t *pool)
{
    apr_size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    char *copy = apr_pstrmemdup(pool, path, len), *slash = strrchr(copy, '/');
    *parent = "/";
    if (!slash) {
        return copy;
    }
    *slash = '\0';
    *parent = slash == copy ? "/" : copy;
    return slash + 1;
}

int admin_folder_create(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    const char *path = admin_arg(admin, 1), *parent_path, *name;
    okapi_store_t *store;
    okapi_folder_t *parent;
    okapi_id_t id;
    int code = admin_open_mailbox(admin, 0, &store);
    if (code) {
        return code;
    }
    name = split(&parent_path, path, tool->pool);
    APR_ARRAY_IDX(admin->args, 1, const char *) = parent_path;
    code = admin_open_folder(admin, 1, store, &parent);
    if (code) {
        return code;
    }
    apr_status_t rv =
        okapi_folder_create(&id, parent, name, admin_option(admin, "class"), tool->pool);
    if (rv == OKAPI_EDUPLICATENAME) {
        tool_error(tool, "%s has a folder \"%s\" already", admin_arg(admin, 0), path);
        return EX_CANTCREAT;
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "\"%s\" can't be made", path);
    }
    output_done(json_pack("{s:I, s:s, s:s}", "id", (json_int_t)id, "name", name, "path", path),
                admin->as_json, "Made the folder \"%s\".", path);
    return EX_OK;
}
