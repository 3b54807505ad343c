/* store_create.c - a new mailbox: its row, the default folders, permissions, receive folders. */
#include "search_private.h"
#include "store_private.h"
#include "text.h"

/* Where messages are delivered in a new mailbox, MS-OXCSTOR 3.2.3. */
static const struct {
    const char *message_class;
    okapi_special_e folder;
} receive_folders[] = {{"", OKAPI_FOLDER_INBOX},
                       {"IPM", OKAPI_FOLDER_INBOX},
                       {"IPM.Note", OKAPI_FOLDER_INBOX},
                       {"Report.IPM", OKAPI_FOLDER_INBOX},
                       {"IPC", OKAPI_FOLDER_ROOT}};

enum { NRECEIVE = sizeof(receive_folders) / sizeof(receive_folders[0]) };

/* One id for the store, one for each special folder: the folder of number N is STORE_ID + N. */
int okapi__store_ids_needed(void)
{
    return OKAPI_FOLDER__LAST;
}

static okapi_id_t folder_id(const okapi__store_creation_t *creation, int which)
{
    return creation->store_id + which;
}

apr_status_t okapi__store_add(const okapi__store_creation_t *creation, const char *owner,
                              okapi_cn_t cn, apr_pool_t *scratch_pool)
{
    okapi_guid_t guid = okapi_guid_create();
    apr_status_t rv = okapi__db_exec(
        creation->conn, STMT_STORE_ADD, NULL,
        DB_ARGS(DB_I(creation->store_id), DB_S(okapi__guid_hex(&guid, scratch_pool)),
                DB_I(creation->kind), DB_S(owner),
                DB_I(folder_id(creation, OKAPI_FOLDER_ROOT)), DB_I(0), DB_I(0), DB_NULL),
        scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* The folders take the first numbers of the sequence: the one of number N is change N. */
    return okapi__db_exec(creation->conn, STMT_STORE_CN_ADD, NULL,
                          DB_ARGS(DB_I(creation->store_id), DB_I(cn)),
                          scratch_pool);
}

apr_status_t okapi__store_add_folder(const okapi__store_creation_t *creation,
                                     const okapi__special_t *special, apr_pool_t *scratch_pool)
{
    okapi_id_t id = folder_id(creation, special->which);
    okapi_cn_t cn = special->which;
    okapi_id_t parent = special->parent ? folder_id(creation, special->parent) : id;
    const char *key = okapi__text_fold(special->name, 255, scratch_pool);
    apr_status_t rv = okapi__db_exec(
        creation->conn, STMT_FOLDER_ADD, NULL,
        DB_ARGS(DB_I(id), DB_I(creation->store_id), DB_I(parent), DB_I(special->which),
                DB_S(special->name), DB_S(key), DB_S(special->container_class), DB_I(cn), DB_I(cn),
                DB_I(cn), DB_I(creation->now), DB_I(creation->now), DB_NULL),
        scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(creation->conn, STMT_STAT_NEW, NULL,
                            DB_ARGS(DB_I(id), DB_I(apr_time_sec(okapi_time_to_apr(creation->now))),
                                    DB_I(cn), DB_I(creation->now)),
                            scratch_pool);
    }
    /* Clients give these their criteria. */
    int is_search = special->which == OKAPI_FOLDER_REMINDERS || special->which == OKAPI_FOLDER_TODO;
    return rv == APR_SUCCESS && is_search
               ? okapi__search_add(creation->conn, creation->store_id, id, scratch_pool)
               : rv;
}

static apr_status_t add_receive_folder(const okapi__store_creation_t *creation, int i,
                                       apr_pool_t *scratch_pool)
{
    return okapi__db_exec(creation->conn, STMT_RECEIVE_ADD, NULL,
                          DB_ARGS(DB_I(creation->store_id), DB_S(receive_folders[i].message_class),
                                  DB_I(folder_id(creation, receive_folders[i].folder)),
                                  DB_I(creation->now)),
                          scratch_pool);
}

apr_status_t okapi__store_create(okapi__conn_t *conn, const char *owner, okapi_id_t first_id,
                                 apr_pool_t *scratch_pool)
{
    okapi__store_creation_t creation = {conn, OKAPI__STORE_MAILBOX, first_id, okapi_time_now()};
    apr_status_t rv = okapi__store_add(&creation, owner, OKAPI_FOLDER__LAST - 1, scratch_pool);
    for (int which = 1; rv == APR_SUCCESS && which < OKAPI_FOLDER__LAST; which++) {
        const okapi__special_t *special = okapi__special(which);
        rv = special ? okapi__store_add_folder(&creation, special, scratch_pool) : APR_SUCCESS;
    }
    for (int i = 0; rv == APR_SUCCESS && i < NRECEIVE; i++) {
        rv = add_receive_folder(&creation, i, scratch_pool);
    }
    /* Everybody sees when somebody is busy, not with what: MS-OXCPERM, product behaviour 5. */
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_PERMISSION_ADD, NULL,
                            DB_ARGS(DB_I(folder_id(&creation, OKAPI_FOLDER_CALENDAR)), DB_S(""),
                                    DB_I(OKAPI_RIGHT_FREEBUSY_SIMPLE)),
                            scratch_pool);
    }
    return rv;
}
