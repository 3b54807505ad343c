/* folder_props.c - the properties of a folder (MS-OXCFOLD 2.2.2.2). */
#include <apr_strings.h>
#include <okapi/entryid.h>

#include "store_private.h"

enum {
    MAPI_FOLDER = 3,   /* PR_OBJECT_TYPE */
    ACCESS_MODIFY = 1, /* PR_ACCESS, MS-OXCPRPT 2.2.1.1 */
    ACCESS_READ = 2,
    ACCESS_DELETE = 4,
    ACCESS_CREATE_HIERARCHY = 8,
    ACCESS_CREATE_CONTENTS = 0x10,
    ACCESS_CREATE_ASSOCIATED = 0x20,
    FLAG_IPM = 1, /* PR_FOLDER_FLAGS */
    FLAG_SEARCH = 2,
    FLAG_NORMAL = 4
};

typedef enum folder_type_e { FOLDER_ROOT = 0, FOLDER_GENERIC = 1, FOLDER_SEARCH = 2 } folder_type_e;

#define VALUE(name)                                                                                \
    static apr_status_t name(okapi_propval_t *v, okapi_object_t *object, apr_pool_t *result_pool,  \
                             apr_pool_t *scratch_pool)

static okapi_folder_t *folder_of(okapi_object_t *object)
{
    return (okapi_folder_t *)object;
}

static apr_status_t number(okapi_propval_t *v, apr_int64_t value)
{
    v->v.i32 = value > APR_INT32_MAX ? APR_INT32_MAX : (apr_int32_t)value;
    return APR_SUCCESS;
}

static apr_status_t time_is(okapi_propval_t *v, okapi_time_t value)
{
    v->v.time = value;
    return APR_SUCCESS;
}

static apr_status_t boolean(okapi_propval_t *v, int value)
{
    v->v.boolean = value != 0;
    return APR_SUCCESS;
}

static folder_type_e type_of(const okapi_folder_t *folder)
{
    return folder->special == OKAPI_FOLDER_ROOT ? FOLDER_ROOT
           : folder->is_search                  ? FOLDER_SEARCH
                                                : FOLDER_GENERIC;
}

/* ---- what it is ---- */

VALUE(object_type)
{
    return number(v, MAPI_FOLDER);
}

VALUE(folder_type)
{
    return number(v, type_of(folder_of(object)));
}

/* Special folders outside of the IPM subtree hang on the root; all others are inside. */
VALUE(folder_flags)
{
    const okapi_folder_t *folder = folder_of(object);
    const okapi__special_t *special = okapi__special(folder->special);
    int is_ipm =
        !special || (special->which != OKAPI_FOLDER_ROOT && special->parent != OKAPI_FOLDER_ROOT);
    if (folder->special >= OKAPI_FOLDER_NON_IPM_SUBTREE) {
        is_ipm = 0;
    }
    if (folder->special == OKAPI_FOLDER_IPM_SUBTREE) {
        is_ipm = 1;
    }
    return number(v, (is_ipm ? FLAG_IPM : 0) |
                         (type_of(folder) == FOLDER_SEARCH ? FLAG_SEARCH : FLAG_NORMAL));
}

VALUE(display_name)
{
    v->v.str = apr_pstrdup(result_pool, folder_of(object)->name);
    return APR_SUCCESS;
}

VALUE(container_class)
{
    const okapi_folder_t *folder = folder_of(object);
    if (!*folder->container_class) {
        return OKAPI_ENOTFOUND;
    }
    v->v.str = apr_pstrdup(result_pool, folder->container_class);
    return APR_SUCCESS;
}

VALUE(is_hidden)
{
    int special = folder_of(object)->special;
    return boolean(v, special == OKAPI_FOLDER_CONVERSATION_ACTIONS ||
                          special == OKAPI_FOLDER_QUICK_STEPS);
}

VALUE(has_rules)
{
    return boolean(v, okapi_folder_has_rules(folder_of(object)));
}

VALUE(depth)
{
    const okapi_folder_t *folder = folder_of(object);
    return folder->depth ? number(v, folder->depth) : OKAPI_ENOTFOUND;
}

/* ---- identity ---- */

VALUE(fid)
{
    v->v.i64 = (apr_int64_t)okapi_eid_of(folder_of(object)->id);
    return APR_SUCCESS;
}

static okapi_id_t parent_of(const okapi_folder_t *folder)
{
    return folder->parent_id ? folder->parent_id : folder->id;
}

VALUE(parent_fid)
{
    v->v.i64 = (apr_int64_t)okapi_eid_of(parent_of(folder_of(object)));
    return APR_SUCCESS;
}

VALUE(entryid)
{
    const okapi_folder_t *folder = folder_of(object);
    v->v.bin = okapi__folder_entryid(folder->store, folder->id, result_pool);
    return APR_SUCCESS;
}

VALUE(parent_entryid)
{
    const okapi_folder_t *folder = folder_of(object);
    v->v.bin = okapi__folder_entryid(folder->store, parent_of(folder), result_pool);
    return APR_SUCCESS;
}

VALUE(source_key)
{
    const okapi_folder_t *folder = folder_of(object);
    v->v.bin = okapi_xid(&folder->store->guid, folder->id, result_pool);
    return APR_SUCCESS;
}

VALUE(parent_source_key)
{
    const okapi_folder_t *folder = folder_of(object);
    v->v.bin = okapi_xid(&folder->store->guid, parent_of(folder), result_pool);
    return APR_SUCCESS;
}

VALUE(store_guid)
{
    const okapi_guid_t *guid = &folder_of(object)->store->guid;
    v->v.bin.data = apr_pmemdup(result_pool, guid->bytes, sizeof(guid->bytes));
    v->v.bin.len = sizeof(guid->bytes);
    return APR_SUCCESS;
}

VALUE(store_entryid)
{
    v->v.bin = okapi__store_entryid(folder_of(object)->store, result_pool);
    return APR_SUCCESS;
}

/* ---- changes ---- */

VALUE(change_num)
{
    v->v.i64 = (apr_int64_t)okapi_eid_of(folder_of(object)->cn);
    return APR_SUCCESS;
}

VALUE(change_key)
{
    const okapi_folder_t *folder = folder_of(object);
    v->v.bin = okapi_xid(&folder->store->guid, folder->cn, result_pool);
    return APR_SUCCESS;
}

VALUE(predecessors)
{
    const okapi_folder_t *folder = folder_of(object);
    v->v.bin = okapi_pcl(&folder->store->guid, folder->cn, result_pool);
    return APR_SUCCESS;
}

VALUE(creation_time)
{
    return time_is(v, folder_of(object)->ctime);
}

VALUE(modification_time)
{
    return time_is(v, folder_of(object)->mtime);
}

VALUE(deleted_on)
{
    v->v.time = folder_of(object)->deleted;
    return v->v.time ? APR_SUCCESS : OKAPI_ENOTFOUND;
}

VALUE(content_time)
{
    return time_is(v, folder_of(object)->content_time);
}

/* MS-OXCFOLD 2.2.2.2.1.8: grows with every subfolder that comes or goes. */
VALUE(hierarchy_change)
{
    v->v.i32 = (apr_int32_t)(folder_of(object)->stat.last_cn & APR_INT32_MAX);
    return APR_SUCCESS;
}

/* ---- counts ---- */

VALUE(content_count)
{
    return number(v, folder_of(object)->stat.content);
}

VALUE(unread_count)
{
    return number(v, folder_of(object)->stat.unread);
}

VALUE(associated_count)
{
    return number(v, folder_of(object)->stat.associated);
}

VALUE(soft_deleted_count)
{
    return number(v, folder_of(object)->stat.soft_deleted);
}

VALUE(deleted_total)
{
    return number(v, folder_of(object)->deleted_total);
}

VALUE(size)
{
    return number(v, folder_of(object)->stat.bytes);
}

VALUE(size_extended)
{
    v->v.i64 = folder_of(object)->stat.bytes;
    return APR_SUCCESS;
}

VALUE(subfolders)
{
    return boolean(v, folder_of(object)->has_subfolders);
}

/* ---- access ---- */

VALUE(rights)
{
    return number(v, folder_of(object)->rights &
                         ~(OKAPI_RIGHT_FREEBUSY_SIMPLE | OKAPI_RIGHT_FREEBUSY_DETAILED));
}

VALUE(access_flags)
{
    apr_uint32_t rights = folder_of(object)->rights;
    apr_uint32_t access = ACCESS_READ;
    if (rights & OKAPI_RIGHT_OWNER) {
        access |= ACCESS_MODIFY | ACCESS_DELETE;
    }
    if (rights & OKAPI_RIGHT_CREATE_SUBFOLDER) {
        access |= ACCESS_CREATE_HIERARCHY;
    }
    if (rights & OKAPI_RIGHT_CREATE) {
        access |= ACCESS_CREATE_CONTENTS | ACCESS_CREATE_ASSOCIATED;
    }
    return number(v, access);
}

VALUE(access_level)
{
    return number(v, (folder_of(object)->rights & OKAPI_RIGHT_OWNER) != 0);
}

/* ---- special folders, on the inbox and the root: MS-OXOSFLD 2.2.3 ---- */

static int names_specials(const okapi_folder_t *folder)
{
    return folder->special == OKAPI_FOLDER_INBOX || folder->special == OKAPI_FOLDER_ROOT;
}

#define VALUE_OF_SPECIAL(name, function)                                                           \
    VALUE(name)                                                                                    \
    {                                                                                              \
        const okapi_folder_t *folder = folder_of(object);                                          \
        return names_specials(folder) ? function(v, folder->store, result_pool) : OKAPI_ENOTFOUND; \
    }

VALUE_OF_SPECIAL(special, okapi__special_entryid)
VALUE_OF_SPECIAL(ren_entryids, okapi__special_ren_entryids)
VALUE_OF_SPECIAL(ren_entryids_ex, okapi__special_ren_entryids_ex)
VALUE_OF_SPECIAL(freebusy_entryids, okapi__special_freebusy_entryids)

const okapi__computed_t okapi__folder_computed[] = {
    {PR_OBJECT_TYPE, 0, object_type},
    {PR_FOLDER_TYPE, 0, folder_type},
    {PR_FOLDER_FLAGS, 0, folder_flags},
    {PR_DISPLAY_NAME, OKAPI__PROP_DEFAULT, display_name},
    {PR_CONTAINER_CLASS, OKAPI__PROP_DEFAULT, container_class},
    {PR_ATTR_HIDDEN, OKAPI__PROP_DEFAULT, is_hidden},
    {PR_HAS_RULES, 0, has_rules},
    {PR_DEPTH, 0, depth},
    {PR_FID, 0, fid},
    {PR_PARENT_FID, 0, parent_fid},
    {PR_ENTRYID, 0, entryid},
    {PR_INSTANCE_KEY, 0, source_key},
    {PR_RECORD_KEY, 0, source_key},
    {PR_SOURCE_KEY, 0, source_key},
    {PR_PARENT_ENTRYID, 0, parent_entryid},
    {PR_PARENT_SOURCE_KEY, 0, parent_source_key},
    {PR_STORE_ENTRYID, 0, store_entryid},
    {PR_STORE_RECORD_KEY, 0, store_guid},
    {PR_MAPPING_SIGNATURE, 0, store_guid},
    {PR_CHANGE_NUM, 0, change_num},
    {PR_CHANGE_KEY, 0, change_key},
    {PR_PREDECESSOR_CHANGE_LIST, 0, predecessors},
    {PR_CREATION_TIME, 0, creation_time},
    {PR_LAST_MODIFICATION_TIME, 0, modification_time},
    {PR_LOCAL_COMMIT_TIME, 0, modification_time},
    {PR_LOCAL_COMMIT_TIME_MAX, 0, content_time},
    {PR_DELETED_ON, 0, deleted_on},
    {PR_HIERARCHY_CHANGE_NUM, 0, hierarchy_change},
    {PR_CONTENT_COUNT, 0, content_count},
    {PR_CONTENT_UNREAD, 0, unread_count},
    {PR_ASSOC_CONTENT_COUNT, 0, associated_count},
    {PR_DELETED_MSG_COUNT, 0, soft_deleted_count},
    {PR_DELETED_COUNT_TOTAL, 0, deleted_total},
    {PR_MESSAGE_SIZE, 0, size},
    {PR_MESSAGE_SIZE_EXTENDED, 0, size_extended},
    {PR_SUBFOLDERS, 0, subfolders},
    {PR_RIGHTS, 0, rights},
    {PR_ACCESS, 0, access_flags},
    {PR_ACCESS_LEVEL, 0, access_level},
    {PR_ADDITIONAL_REN_ENTRYIDS, OKAPI__PROP_DEFAULT, ren_entryids},
    {PR_ADDITIONAL_REN_ENTRYIDS_EX, OKAPI__PROP_DEFAULT, ren_entryids_ex},
    {PR_FREEBUSY_ENTRYIDS, OKAPI__PROP_DEFAULT, freebusy_entryids},
    {PR_IPM_APPOINTMENT_ENTRYID, 0, special},
    {PR_IPM_CONTACT_ENTRYID, 0, special},
    {PR_IPM_JOURNAL_ENTRYID, 0, special},
    {PR_IPM_NOTE_ENTRYID, 0, special},
    {PR_IPM_TASK_ENTRYID, 0, special},
    {PR_IPM_DRAFTS_ENTRYID, 0, special},
    {PR_REM_ONLINE_ENTRYID, 0, special},
    {0, 0, NULL}};
