/* admin.h - okapi-admin: one table of commands, one function each. */
#ifndef OKAPI_TOOLS_ADMIN_H
#define OKAPI_TOOLS_ADMIN_H

#include <apr_tables.h>
#include <okapi/address.h>
#include <okapi/folder.h>

#include "common.h"
#include "output.h"

/* A command while it runs. */
typedef struct admin_t {
    tool_t tool;
    int as_json;
    apr_array_header_t *args; /* of const char *: as many as the command takes */
    apr_table_t *options;     /* long name: value, "" for what takes none; some several times */
} admin_t;

typedef enum admin_needs_e {
    ADMIN_NEEDS_NOTHING,
    ADMIN_NEEDS_CONFIG,
    ADMIN_NEEDS_DATABASE
} admin_needs_e;

/* An option beside the common ones; VALUE is what stands for its argument, NULL if it has none.
 * NAME NULL ends an array. */
typedef struct admin_option_t {
    const char *name;
    const char *value;
    const char *help;
} admin_option_t;

typedef struct admin_command_t {
    const char *noun, *verb;
    const char *args; /* "NAME", separated by blanks; each is required */
    const char *help; /* a sentence */
    admin_needs_e needs;
    const admin_option_t *options; /* may be NULL */
    const char *more;              /* lines that its help has besides; may be NULL */
    int (*run)(admin_t *admin);    /* returns an exit code */
} admin_command_t;

static inline const char *admin_arg(const admin_t *admin, int i)
{
    return APR_ARRAY_IDX(admin->args, i, const char *);
}

static inline const char *admin_option(const admin_t *admin, const char *name)
{
    return apr_table_get(admin->options, name);
}

/* The user named by the I-th argument. */
int admin_find_user(admin_t *admin, int i, okapi_user_t **user);

/* The mailbox of that user, or the public store (TOOL_PUBLIC), as an administrator sees it. */
int admin_open_mailbox(admin_t *admin, int i, okapi_store_t **store);

/* The folder in it that the I-th argument names by its path; "/" is what people see as its top. */
int admin_open_folder(admin_t *admin, int i, okapi_store_t *store, okapi_folder_t **folder);

/* Gives ID the addresses of the options --alias and takes away those of --remove-alias; NAME is
 * whose they are, for messages. */
int admin_change_aliases(admin_t *admin, okapi_address_kind_e kind, okapi_id_t id,
                         const char *name);

/* What ID has, as a JSON array. */
int admin_list_aliases(admin_t *admin, okapi_address_kind_e kind, okapi_id_t id, json_t **aliases);

int admin_config_template(admin_t *admin);
int admin_delegate_add(admin_t *admin);
int admin_delegate_list(admin_t *admin);
int admin_delegate_remove(admin_t *admin);
int admin_folder_address(admin_t *admin);
int admin_folder_create(admin_t *admin);
int admin_folder_list(admin_t *admin);
int admin_group_add(admin_t *admin);
int admin_group_create(admin_t *admin);
int admin_group_delete(admin_t *admin);
int admin_group_list(admin_t *admin);
int admin_group_remove(admin_t *admin);
int admin_group_set(admin_t *admin);
int admin_group_show(admin_t *admin);
int admin_index_list(admin_t *admin);
int admin_index_rebuild(admin_t *admin);
int admin_index_search(admin_t *admin);
int admin_index_show(admin_t *admin);
int admin_index_update(admin_t *admin);
int admin_message_export(admin_t *admin);
int admin_message_import(admin_t *admin);
int admin_oof_set(admin_t *admin);
int admin_oof_show(admin_t *admin);
int admin_permission_list(admin_t *admin);
int admin_permission_remove(admin_t *admin);
int admin_permission_set(admin_t *admin);
int admin_public_create(admin_t *admin);
int admin_public_list(admin_t *admin);
int admin_queue_drop(admin_t *admin);
int admin_queue_list(admin_t *admin);
int admin_queue_retry(admin_t *admin);
int admin_queue_show(admin_t *admin);
int admin_quota_defaults(admin_t *admin);
int admin_quota_list(admin_t *admin);
int admin_quota_set(admin_t *admin);
int admin_quota_show(admin_t *admin);
int admin_send_as_add(admin_t *admin);
int admin_send_as_list(admin_t *admin);
int admin_send_as_remove(admin_t *admin);
int admin_store_collect(admin_t *admin);
int admin_store_create_database(admin_t *admin);
int admin_store_list(admin_t *admin);
int admin_store_show(admin_t *admin);
int admin_user_add(admin_t *admin);
int admin_user_delete(admin_t *admin);
int admin_user_list(admin_t *admin);
int admin_user_passwd(admin_t *admin);
int admin_user_set(admin_t *admin);
int admin_user_show(admin_t *admin);

#endif
