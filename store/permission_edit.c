/* permission_edit.c - the list of a folder's permissions, read and changed (MS-OXCPERM 2.2.1 and
 * 2.2.2). */
#include <string.h>

#include <apr_strings.h>
#include <okapi/permission.h>

#include "access.h"
#include "cn.h"
#include "text.h"

enum {
    FREEBUSY = OKAPI_RIGHT_FREEBUSY_SIMPLE | OKAPI_RIGHT_FREEBUSY_DETAILED,
    KNOWN_RIGHTS = OKAPI_RIGHT_ALL | OKAPI_RIGHT_CONTACT | FREEBUSY, /* MS-OXCPERM 2.2.7 */
    NAME_MAX_CHARS = 64
};

/* permission.flags: somebody has set the free/busy rights, so they no longer follow from others. */
enum { FREEBUSY_IS_SET = 0x1 };

/* ---- reading ---- */

typedef struct listing_t {
    okapi_id_t folder_id;
    int flags;
    apr_array_header_t *entries;
    okapi_permission_t anonymous;
    apr_pool_t *result_pool;
} listing_t;

/* A row of STMT_PERMISSION_LIST: the names of two tables, one of which has it. */
static okapi_permission_t entry_of_row(okapi__rows_t *rows, apr_pool_t *result_pool)
{
    okapi_permission_t entry = {.is_group = okapi__rows_is_null(rows, 3)};
    const char *fullname = okapi__rows_str(rows, entry.is_group ? 6 : 4);
    entry.name = apr_pstrdup(result_pool, okapi__rows_str(rows, 0));
    entry.display_name = *fullname ? apr_pstrdup(result_pool, fullname) : entry.name;
    entry.member_id = okapi__rows_int(rows, entry.is_group ? 5 : 3);
    return entry;
}

static void add_row(listing_t *b, okapi__rows_t *rows)
{
    const char *member = okapi__rows_str(rows, 0);
    apr_uint32_t rights = (apr_uint32_t)okapi__rows_int(rows, 1);
    if (!(b->flags & OKAPI_PERMISSIONS_FREEBUSY)) {
        rights &= ~(apr_uint32_t)FREEBUSY;
    }
    if (strcmp(member, OKAPI__MEMBER_DEFAULT) == 0) {
        APR_ARRAY_IDX(b->entries, 0, okapi_permission_t).rights = rights;
    } else if (strcmp(member, OKAPI__MEMBER_ANONYMOUS) == 0) {
        b->anonymous.rights = rights;
    } else {
        okapi_permission_t entry = entry_of_row(rows, b->result_pool);
        entry.rights = rights;
        APR_ARRAY_PUSH(b->entries, okapi_permission_t) = entry;
    }
}

static apr_status_t list(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi_permission_t everybody = {OKAPI_MEMBER_DEFAULT, 0, "", "", 0};
    static const okapi_permission_t anonymous = {OKAPI_MEMBER_ANONYMOUS, 0, "", "Anonymous", 0};
    listing_t *b = baton;
    okapi__rows_t *rows;
    apr_array_clear(b->entries);
    APR_ARRAY_PUSH(b->entries, okapi_permission_t) = everybody;
    b->anonymous = anonymous;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_PERMISSION_LIST,
                                       DB_ARGS(DB_I(b->folder_id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        add_row(b, rows);
    }
    APR_ARRAY_PUSH(b->entries, okapi_permission_t) = b->anonymous;
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_permission_list(apr_array_header_t **entries, okapi_folder_t *folder, int flags,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    listing_t b = {.folder_id = folder->id,
                   .flags = flags,
                   .entries = apr_array_make(result_pool, 8, sizeof(okapi_permission_t)),
                   .result_pool = result_pool};
    *entries = b.entries;
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI__RIGHTS_VISIBLE);
    return rv == APR_SUCCESS ? okapi__db_read(folder->store->okapi->db, list, &b, scratch_pool)
                             : rv;
}

/* ---- changing ---- */

typedef struct edit_t {
    okapi_folder_t *folder;
    const okapi_permission_change_t *changes;
    int n, flags;
    okapi_cn_t cn;
    okapi_time_t now;
} edit_t;

/* permission.member of what is to be changed; NULL if nobody has the id. */
static apr_status_t find_member(const char **member, okapi__conn_t *conn,
                                const okapi_permission_change_t *change, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    okapi_id_t id;
    int found;
    if (change->name && *change->name) {
        *member = okapi__text_fold(change->name, NAME_MAX_CHARS, scratch_pool);
        return okapi__member_id(&id, conn, *member, scratch_pool);
    }
    if (change->name || change->member_id == OKAPI_MEMBER_DEFAULT) {
        *member = OKAPI__MEMBER_DEFAULT;
        return APR_SUCCESS;
    }
    if (change->member_id == OKAPI_MEMBER_ANONYMOUS) {
        *member = OKAPI__MEMBER_ANONYMOUS;
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__db_select_one(
        &rows, &found, conn, STMT_MEMBER_BY_ID,
        DB_ARGS(DB_I(change->member_id), DB_I(change->member_id)), scratch_pool);
    *member = rv == APR_SUCCESS && found ? apr_pstrdup(scratch_pool, okapi__rows_str(rows, 0))
                                         : NULL;
    return rv;
}

/* The free/busy rights of an entry nobody has set any for: MS-OXCPERM, product behaviour 5. */
static apr_uint32_t usual_freebusy(const edit_t *b, const char *member, apr_uint32_t rights)
{
    if (b->folder->special != OKAPI_FOLDER_CALENDAR ||
        strcmp(member, OKAPI__MEMBER_ANONYMOUS) == 0) {
        return 0;
    }
    return OKAPI_RIGHT_FREEBUSY_SIMPLE |
           (rights & OKAPI_RIGHT_READ_ANY ? OKAPI_RIGHT_FREEBUSY_DETAILED : 0);
}

static int is_reserved(const char *member)
{
    return strcmp(member, OKAPI__MEMBER_DEFAULT) == 0 ||
           strcmp(member, OKAPI__MEMBER_ANONYMOUS) == 0;
}

static apr_status_t put(edit_t *b, okapi__conn_t *conn, const char *member,
                        const okapi_permission_change_t *change, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_uint32_t rights = change->rights & KNOWN_RIGHTS;
    apr_status_t rv =
        okapi__db_select_one(&rows, &found, conn, STMT_PERMISSION_GET,
                             DB_ARGS(DB_I(b->folder->id), DB_S(member)), scratch_pool);
    if (rv != APR_SUCCESS ||
        (!found && change->what == OKAPI_PERMISSION_MODIFY && !is_reserved(member))) {
        return rv; /* not in the list: MS-OXCPERM 3.2.5.2 wants it ignored */
    }
    apr_int64_t flags = found ? okapi__rows_int(rows, 1) : 0;
    if (b->flags & OKAPI_PERMISSIONS_FREEBUSY) {
        flags |= FREEBUSY_IS_SET;
    } else {
        rights &= ~(apr_uint32_t)FREEBUSY;
        rights |= flags & FREEBUSY_IS_SET ? (apr_uint32_t)okapi__rows_int(rows, 0) & FREEBUSY
                                          : usual_freebusy(b, member, rights);
    }
    return okapi__db_exec(conn, found ? STMT_PERMISSION_SET : STMT_PERMISSION_PUT, NULL,
                          DB_ARGS(DB_I(rights), DB_I(flags), DB_I(b->folder->id), DB_S(member)),
                          scratch_pool);
}

static apr_status_t apply(edit_t *b, okapi__conn_t *conn, const okapi_permission_change_t *change,
                          apr_pool_t *scratch_pool)
{
    const char *member;
    apr_status_t rv = find_member(&member, conn, change, scratch_pool);
    if (rv != APR_SUCCESS || !member) {
        return rv;
    }
    return change->what == OKAPI_PERMISSION_REMOVE
               ? okapi__db_exec(conn, STMT_PERMISSION_REMOVE, NULL,
                                DB_ARGS(DB_I(b->folder->id), DB_S(member)), scratch_pool)
               : put(b, conn, member, change, scratch_pool);
}

/* The list is a property of the folder: its change is one of the folder. */
static apr_status_t write_edit(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    edit_t *b = baton;
    okapi_id_t id = b->folder->id, parent_id = b->folder->parent_id;
    apr_int64_t affected = 0;
    b->now = okapi_time_now();
    apr_status_t rv = okapi__cn_take(conn, b->folder->store->id, 1, 0, &b->cn, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_PERMISSION_TOUCH, &affected,
                            DB_ARGS(DB_I(b->cn), DB_I(b->cn), DB_I(b->now), DB_I(id)),
                            scratch_pool);
    }
    if (rv == APR_SUCCESS && !affected) {
        rv = OKAPI_EOBJECTDELETED;
    }
    if (rv == APR_SUCCESS && (b->flags & OKAPI_PERMISSIONS_REPLACE)) {
        rv = okapi__db_exec(conn, STMT_PERMISSION_CLEAR, NULL, DB_ARGS(DB_I(id)), scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < b->n; i++) {
        rv = apply(b, conn, &b->changes[i], scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi__stat_add(conn, parent_id ? parent_id : id, &no_delta, b->cn, scratch_pool)
               : rv;
}

static apr_status_t check_changes(const okapi_permission_change_t *changes, int n, int flags)
{
    for (int i = 0; i < n; i++) {
        switch (changes[i].what) {
        case OKAPI_PERMISSION_ADD:
            break;
        case OKAPI_PERMISSION_MODIFY:
        case OKAPI_PERMISSION_REMOVE:
            if (!(flags & OKAPI_PERMISSIONS_REPLACE)) {
                break;
            } /* MS-OXCPERM 2.2.2.1: entries can only be added then */
            return OKAPI_EINVAL;
        default:
            return OKAPI_EINVAL;
        }
    }
    return APR_SUCCESS;
}

apr_status_t okapi_permission_modify(okapi_folder_t *folder,
                                     const okapi_permission_change_t *changes, int n, int flags,
                                     apr_pool_t *scratch_pool)
{
    okapi_store_t *store = folder->store;
    edit_t b = {.folder = folder, .changes = changes, .n = n, .flags = flags};
    if (folder->is_search) {
        return OKAPI_ENOSUPPORT; /* it shows what only the owner may see */
    }
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI_RIGHT_OWNER);
    if (rv == APR_SUCCESS) {
        rv = check_changes(changes, n, flags);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(store->okapi->db, write_edit, &b, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    folder->cn = b.cn;
    folder->mtime = b.now;
    okapi__changed(store->okapi, store->id);
    return APR_SUCCESS;
}

/* ---- forgetting ---- */

apr_status_t okapi__access_forget(okapi__conn_t *conn, okapi_id_t id, const char *name,
                                  apr_pool_t *scratch_pool)
{
    static const okapi__stmt_e stmts[] = {STMT_DELEGATE_FORGET, STMT_USER_READ_FORGET};
    apr_status_t rv = okapi__db_exec(conn, STMT_PERMISSION_DELETE_MEMBER, NULL, DB_ARGS(DB_S(name)),
                                     scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_GROUP_MEMBER_GONE, NULL, DB_ARGS(DB_I(id), DB_I(id)),
                            scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < 2; i++) {
        rv = okapi__db_exec(conn, stmts[i], NULL, DB_ARGS(DB_I(id)), scratch_pool);
    }
    return rv == APR_SUCCESS ? okapi__db_exec(conn, STMT_SEND_AS_FORGET, NULL,
                                              DB_ARGS(DB_I(id), DB_S(name)), scratch_pool)
                             : rv;
}
