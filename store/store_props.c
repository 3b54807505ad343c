/* store_props.c - the properties of an open store (MS-OXCSTOR 2.2.2.1). */
#include <apr_strings.h>
#include <okapi/entryid.h>

#include "access.h"
#include "delivery_private.h"

enum {
    MAPI_STORE = 1,       /* PR_OBJECT_TYPE */
    VALID_FOLDERS = 0xFF, /* PR_VALID_FOLDER_MASK: all eight of them exist */
    WINDOWS_1252 = 1252,
    ENGLISH_US = 0x0409,
    DISPLAY_TYPE_USER = 0 /* DT_MAILUSER */
};

/* PR_STORE_SUPPORT_MASK: unique entry ids, search, modify, create, attachments, OLE, submit,
 * notifications, multivalues, categories, RTF, restrictions, sorting, HTML, Unicode. */
enum {
    STORE_SUPPORT = 0x0001 | 0x0004 | 0x0008 | 0x0010 | 0x0020 | 0x0040 | 0x0080 | 0x0100 | 0x0200 |
                    0x0400 | 0x0800 | 0x1000 | 0x2000 | 0x00010000 | 0x00040000
};

#define VALUE(name)                                                                                \
    static apr_status_t name(okapi_propval_t *v, okapi_object_t *object, apr_pool_t *result_pool,  \
                             apr_pool_t *scratch_pool)

static okapi_store_t *store_of(okapi_object_t *object)
{
    return (okapi_store_t *)object;
}

static const char *name_of(const okapi_user_t *user)
{
    return *user->fullname ? user->fullname : user->name;
}

static apr_status_t number(okapi_propval_t *v, apr_int32_t value)
{
    v->v.i32 = value;
    return APR_SUCCESS;
}

VALUE(object_type)
{
    return number(v, MAPI_STORE);
}

VALUE(support_mask)
{
    return number(v, STORE_SUPPORT);
}

VALUE(valid_folders)
{
    return number(v, VALID_FOLDERS);
}

VALUE(no_search_folders)
{
    return number(v, 0);
}

VALUE(extended_rule_limit)
{
    return number(v, OKAPI_EXTENDED_RULE_MAX);
}

VALUE(codepage)
{
    return number(v, WINDOWS_1252);
}

VALUE(locale)
{
    return number(v, ENGLISH_US);
}

VALUE(entryid)
{
    v->v.bin = okapi__store_entryid(store_of(object), result_pool);
    return APR_SUCCESS;
}

VALUE(guid)
{
    okapi_store_t *store = store_of(object);
    v->v.bin.data = apr_pmemdup(result_pool, store->guid.bytes, sizeof(store->guid.bytes));
    v->v.bin.len = sizeof(store->guid.bytes);
    return APR_SUCCESS;
}

/* MS-OXCSTOR 2.2.2.1.1.13: pairs of replica id and GUID; there is one. */
VALUE(replid_map)
{
    okapi_store_t *store = store_of(object);
    okapi_writer_t w;
    okapi_writer_init(&w, 18, 18, result_pool);
    okapi_write_u16(&w, 1);
    okapi_write_guid(&w, &store->guid);
    v->v.bin.data = w.data;
    v->v.bin.len = w.len;
    return okapi_writer_status(&w);
}

VALUE(display_name)
{
    const okapi_store_t *store = store_of(object);
    const char *name = name_of(store->owner);
    v->v.str = okapi_store_is_public(store) ? name : apr_pstrcat(result_pool, "Mailbox - ", name,
                                                                 NULL);
    return APR_SUCCESS;
}

VALUE(owner_name)
{
    const okapi_store_t *store = store_of(object);
    v->v.str = apr_pstrdup(result_pool, name_of(store->owner));
    return okapi_store_is_public(store) ? OKAPI_ENOTFOUND : APR_SUCCESS;
}

VALUE(actor_name)
{
    v->v.str = apr_pstrdup(result_pool, name_of(store_of(object)->actor));
    return APR_SUCCESS;
}

static apr_status_t user_entryid(okapi_propval_t *v, const okapi_store_t *store,
                                 const okapi_user_t *user, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool)
{
    v->v.bin = okapi_entryid_addressbook(okapi_user_dn(store->okapi, user, scratch_pool),
                                         DISPLAY_TYPE_USER, result_pool);
    return APR_SUCCESS;
}

VALUE(owner_entryid)
{
    okapi_store_t *store = store_of(object);
    return okapi_store_is_public(store)
               ? OKAPI_ENOTFOUND
               : user_entryid(v, store, store->owner, result_pool, scratch_pool);
}

VALUE(actor_entryid)
{
    okapi_store_t *store = store_of(object);
    return user_entryid(v, store, store->actor, result_pool, scratch_pool);
}

/* In kilobytes, as quotas are. */
VALUE(max_submit)
{
    return number(v, (apr_int32_t)(store_of(object)->okapi->config->max_message / 1024));
}

/* Limits and sizes are told to those who have full access. */
static apr_status_t kilobytes(okapi_propval_t *v, const okapi_store_t *store, apr_int64_t bytes)
{
    if (!bytes || !store->full_access) {
        return OKAPI_ENOTFOUND; /* MS-OXCSTOR 2.2.2.1.1.2: unset, so there is no limit */
    }
    return number(v, bytes / 1024 > APR_INT32_MAX ? APR_INT32_MAX : (apr_int32_t)(bytes / 1024));
}

#define QUOTA(name)                                                                                \
    VALUE(quota_##name)                                                                            \
    {                                                                                              \
        okapi_quota_t quota;                                                                       \
        okapi_quota_effective(&quota, store_of(object));                                           \
        return kilobytes(v, store_of(object), quota.name);                                         \
    }

QUOTA(warn)
QUOTA(send)
QUOTA(receive)

VALUE(size)
{
    apr_int64_t bytes = store_of(object)->bytes;
    return store_of(object)->full_access
               ? number(v, bytes > APR_INT32_MAX ? APR_INT32_MAX : (apr_int32_t)bytes)
               : OKAPI_ENOTFOUND;
}

VALUE(size_extended)
{
    v->v.i64 = store_of(object)->bytes;
    return store_of(object)->full_access ? APR_SUCCESS : OKAPI_ENOTFOUND;
}

typedef struct count_t {
    okapi_id_t store_id;
    apr_int64_t count;
} count_t;

static apr_status_t read_count(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    count_t *b = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_STORE_CONTENT,
                                           DB_ARGS(DB_I(b->store_id)), scratch_pool);
    b->count = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

typedef struct oof_t {
    okapi_id_t store_id;
    int is_on;
} oof_t;

static apr_status_t read_oof(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    oof_t *b = baton;
    return okapi__oof_is_on(&b->is_on, conn, b->store_id, scratch_pool);
}

VALUE(oof_state)
{
    okapi_store_t *store = store_of(object);
    oof_t baton = {store->id, 0};
    apr_status_t rv = okapi__db_read(store->okapi->db, read_oof, &baton, scratch_pool);
    v->v.boolean = baton.is_on;
    return rv;
}

VALUE(content_count)
{
    okapi_store_t *store = store_of(object);
    count_t baton = {store->id, 0};
    if (!store->full_access) {
        return OKAPI_ENOTFOUND;
    }
    apr_status_t rv = okapi__db_read(store->okapi->db, read_count, &baton, scratch_pool);
    v->v.i32 = (apr_int32_t)baton.count;
    return rv;
}

VALUE(special)
{
    return okapi__special_entryid(v, store_of(object), result_pool);
}

VALUE(ren_entryids)
{
    return okapi__special_ren_entryids(v, store_of(object), result_pool);
}

VALUE(ren_entryids_ex)
{
    return okapi__special_ren_entryids_ex(v, store_of(object), result_pool);
}

VALUE(freebusy_entryids)
{
    return okapi__special_freebusy_entryids(v, store_of(object), result_pool);
}

static const okapi__computed_t computed[] = {
    {PR_OBJECT_TYPE, 0, object_type},
    {PR_ENTRYID, 0, entryid},
    {PR_STORE_ENTRYID, 0, entryid},
    {PR_RECORD_KEY, 0, guid},
    {PR_STORE_RECORD_KEY, 0, guid},
    {PR_MAPPING_SIGNATURE, 0, guid},
    {PR_SERIALIZED_REPLID_GUID_MAP, 0, replid_map},
    {PR_DISPLAY_NAME, OKAPI__PROP_DEFAULT, display_name},
    {PR_MAILBOX_OWNER_NAME, 0, owner_name},
    {PR_MAILBOX_OWNER_ENTRYID, 0, owner_entryid},
    {PR_USER_NAME, 0, actor_name},
    {PR_USER_ENTRYID, 0, actor_entryid},
    {PR_STORE_SUPPORT_MASK, 0, support_mask},
    {PR_STORE_STATE, 0, no_search_folders},
    {PR_VALID_FOLDER_MASK, 0, valid_folders},
    {PR_MAX_SUBMIT_MESSAGE_SIZE, 0, max_submit},
    {PR_EXTENDED_RULE_SIZE_LIMIT, 0, extended_rule_limit},
    {PR_PROHIBIT_SEND_QUOTA, 0, quota_send},
    {PR_PROHIBIT_RECEIVE_QUOTA, 0, quota_receive},
    {PR_STORAGE_QUOTA_LIMIT, 0, quota_warn},
    {PR_QUOTA_WARNING, 0, quota_warn},
    {PR_QUOTA_SEND, 0, quota_send},
    {PR_QUOTA_RECEIVE, 0, quota_receive},
    {PR_MESSAGE_SIZE, 0, size},
    {PR_MESSAGE_SIZE_EXTENDED, 0, size_extended},
    {PR_CONTENT_COUNT, 0, content_count},
    {PR_CODE_PAGE_ID, 0, codepage},
    {PR_LOCALE_ID, OKAPI__PROP_DEFAULT, locale},
    {PR_SORT_LOCALE_ID, OKAPI__PROP_DEFAULT, locale},
    {PR_OOF_STATE, OKAPI__PROP_DEFAULT, oof_state}, /* never stored: oof.c has it */
    {PR_ADDITIONAL_REN_ENTRYIDS, OKAPI__PROP_HIDDEN, ren_entryids},
    {PR_ADDITIONAL_REN_ENTRYIDS_EX, OKAPI__PROP_HIDDEN, ren_entryids_ex},
    {PR_FREEBUSY_ENTRYIDS, OKAPI__PROP_HIDDEN, freebusy_entryids},
#define OKAPI_SPECIAL(symbol, number, parent, name, container_class, entryid_tag)                  \
    {(entryid_tag) ? (entryid_tag) : PT_NULL, 0, special},
#include <okapi/special_folders.def>
#undef OKAPI_SPECIAL
    {PR_IPM_PUBLIC_FOLDERS_ENTRYID, 0, special},
    {PR_NON_IPM_SUBTREE_ENTRYID, 0, special},
    {PR_EFORMS_REGISTRY_ENTRYID, 0, special},
    {PR_SPLUS_FREE_BUSY_ENTRYID, 0, special},
    {PR_OFFLINE_ADDRBOOK_ENTRYID, 0, special},
    {0, 0, NULL}};

/* ---- stored ---- */

typedef struct edit_t {
    okapi_store_t *store;
    const okapi__prop_edit_t *edit; /* NULL: only read */
    okapi_props_t *props;
} edit_t;

static apr_status_t read_props(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    edit_t *b = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_STORE_PROPS,
                                           DB_ARGS(DB_I(b->store->id)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_EOBJECTDELETED;
    }
    /* Whoever sees nothing in the store sees nothing of the store. */
    rv = okapi__store_entered(conn, b->store, OKAPI__RIGHTS_VISIBLE, scratch_pool);
    if (rv == OKAPI_EACCESS) {
        b->props = okapi_props_create(b->store->pool);
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__props_of_column(&b->props, okapi__rows_blob(rows, 0), b->store->pool);
    }
    if (rv == APR_SUCCESS) {
        okapi_props_unset(b->props, PR_OOF_STATE); /* where version 4 kept it */
    }
    return rv;
}

static apr_status_t stored(const okapi_props_t **props, okapi_object_t *object,
                           apr_pool_t *scratch_pool)
{
    okapi_store_t *store = store_of(object);
    edit_t baton = {.store = store};
    if (!store->props) {
        apr_status_t rv = okapi__db_read(store->okapi->db, read_props, &baton, scratch_pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        store->props = baton.props;
    }
    *props = store->props;
    return APR_SUCCESS;
}

/* Setting PR_OOF_STATE switches what oof.h has on or off. */
static apr_status_t switch_oof(okapi__conn_t *conn, const edit_t *b, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < b->edit->nvalues; i++) {
        const okapi_propval_t *v = &b->edit->values[i];
        if (v->tag == PR_OOF_STATE) {
            rv = okapi__oof_switch(conn, b->store->id, v->v.boolean != 0, scratch_pool);
        }
    }
    return rv;
}

static apr_status_t write_props(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    edit_t *b = baton;
    okapi_binary_t column;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_STORE_LOCK, NULL, DB_ARGS(DB_I(b->store->id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = read_props(conn, b, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = switch_oof(conn, b, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        okapi__prop_edit_apply(b->edit, b->props);
        okapi_props_unset(b->props, PR_OOF_STATE);
        rv = okapi__props_to_column(&column, b->props, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return okapi__db_exec(conn, STMT_STORE_SET_PROPS, NULL,
                          DB_ARGS(DB_B(column.data, column.len), DB_I(b->store->id)), scratch_pool);
}

static apr_status_t edit_props(okapi_store_t *store, const okapi__prop_edit_t *edit,
                               apr_pool_t *scratch_pool)
{
    edit_t baton = {.store = store, .edit = edit};
    if (!store->full_access) {
        return OKAPI_EACCESS;
    }
    apr_status_t rv = okapi__db_write(store->okapi->db, write_props, &baton, scratch_pool);
    if (rv == APR_SUCCESS) {
        store->props = baton.props;
    }
    return rv;
}

static apr_status_t set(okapi_object_t *object, const okapi_propval_t *values, int n,
                        apr_pool_t *scratch_pool)
{
    okapi__prop_edit_t edit = {.values = values, .nvalues = n};
    return edit_props(store_of(object), &edit, scratch_pool);
}

static apr_status_t unset(okapi_object_t *object, const okapi_proptag_t *tags, int n,
                          apr_pool_t *scratch_pool)
{
    okapi__prop_edit_t edit = {.unset = tags, .nunset = n};
    return edit_props(store_of(object), &edit, scratch_pool);
}

const okapi__object_class_t okapi__store_class = {
    .kind = OKAPI_OBJECT_STORE,
    .computed = computed,
    .stored = stored,
    .set = set,
    .unset = unset,
};
