/* per_user_keep.c - what a mailbox keeps of its owner's reading in public folders (MS-OXCSTOR
 * 3.2.5.10 to 3.2.5.13). */
#include <apr_strings.h>
#include <okapi/idset.h>
#include <okapi/per_user.h>

#include "access.h"
#include "text.h"

enum { FOLDERS_MAX = 4096 }; /* of a mailbox */

typedef struct keeping_t {
    okapi_store_t *mailbox;
    okapi_per_user_t kept;
    int found;
    apr_array_header_t *list; /* of okapi_per_user_t */
    apr_pool_t *result_pool;
} keeping_t;

static apr_status_t may(const okapi_store_t *mailbox)
{
    return okapi_store_is_public(mailbox) ? OKAPI_ENOSUPPORT
           : mailbox->full_access         ? APR_SUCCESS
                                          : OKAPI_EACCESS;
}

static apr_status_t read_kept(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    keeping_t *b = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select_one(
        &rows, &b->found, conn, STMT_PER_USER_GET,
        DB_ARGS(DB_I(b->mailbox->id), DB_S(okapi__guid_hex(&b->kept.replica, scratch_pool)),
                DB_I(b->kept.folder_id)),
        scratch_pool);
    if (rv == APR_SUCCESS && b->found) {
        okapi_binary_t set = okapi__rows_blob(rows, 1);
        b->kept.set.data = apr_pmemdup(b->result_pool, set.data, set.len);
        b->kept.set.len = set.len;
        rv = okapi__guid_of_hex(&b->kept.source, okapi__rows_str(rows, 0));
    }
    return rv;
}

apr_status_t okapi_per_user_kept(okapi_per_user_t *kept, okapi_store_t *mailbox,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    keeping_t b = {.mailbox = mailbox, .kept = *kept, .result_pool = result_pool};
    apr_status_t rv = may(mailbox);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(mailbox->okapi->db, read_kept, &b, scratch_pool);
    }
    *kept = b.kept;
    return rv == APR_SUCCESS && !b.found ? OKAPI_ENOTFOUND : rv;
}

static apr_status_t list_all(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    keeping_t *b = baton;
    okapi__rows_t *rows;
    apr_array_clear(b->list);
    apr_status_t rv = okapi__db_select(
        &rows, conn, STMT_PER_USER_LIST,
        DB_ARGS(DB_I(b->mailbox->id), DB_S(okapi__guid_hex(&b->kept.source, scratch_pool))),
        scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_per_user_t *kept = apr_array_push(b->list);
        *kept = (okapi_per_user_t){.folder_id = okapi__rows_int(rows, 1),
                                   .source = b->kept.source};
        rv = okapi__guid_of_hex(&kept->replica, okapi__rows_str(rows, 0));
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_per_user_list(apr_array_header_t **list, okapi_store_t *mailbox,
                                 const okapi_guid_t *source, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool)
{
    keeping_t b = {.mailbox = mailbox,
                   .kept.source = *source,
                   .list = apr_array_make(result_pool, 8, sizeof(okapi_per_user_t)),
                   .result_pool = result_pool};
    *list = b.list;
    apr_status_t rv = may(mailbox);
    return rv == APR_SUCCESS ? okapi__db_read(mailbox->okapi->db, list_all, &b, scratch_pool) : rv;
}

static apr_status_t check_room(okapi__conn_t *conn, okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_PER_USER_COUNT,
                                           DB_ARGS(DB_I(store_id)), scratch_pool);
    return rv == APR_SUCCESS && okapi__rows_int(rows, 0) >= FOLDERS_MAX ? OKAPI_ETOOCOMPLEX : rv;
}

/* Under the lock of the store's row, so that nobody adds the same one meanwhile. */
static apr_status_t write_kept(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const keeping_t *b = baton;
    const okapi_per_user_t *kept = &b->kept;
    okapi__arg_t source = DB_S(okapi__guid_hex(&kept->source, scratch_pool)),
                 replica = DB_S(okapi__guid_hex(&kept->replica, scratch_pool));
    okapi_id_t store_id = b->mailbox->id;
    apr_int64_t affected = 0;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_STORE_LOCK, NULL, DB_ARGS(DB_I(store_id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_PER_USER_SET, &affected,
                            DB_ARGS(source, DB_I(okapi_time_now()),
                                    DB_B(kept->set.data, kept->set.len), DB_I(store_id), replica,
                                    DB_I(kept->folder_id)),
                            scratch_pool);
    }
    if (rv != APR_SUCCESS || affected) {
        return rv;
    }
    rv = check_room(conn, store_id, scratch_pool);
    return rv == APR_SUCCESS
               ? okapi__db_exec(conn, STMT_PER_USER_ADD, NULL,
                                DB_ARGS(source, DB_I(okapi_time_now()),
                                        DB_B(kept->set.data, kept->set.len), DB_I(store_id),
                                        replica, DB_I(kept->folder_id)),
                                scratch_pool)
               : rv;
}

apr_status_t okapi_per_user_keep(okapi_store_t *mailbox, const okapi_per_user_t *kept,
                                 apr_pool_t *scratch_pool)
{
    keeping_t b = {.mailbox = mailbox, .kept = *kept};
    apr_array_header_t *ranges;
    okapi_reader_t r;
    apr_status_t rv = may(mailbox);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_reader_init(&r, kept->set.data, kept->set.len);
    if (kept->set.len > OKAPI_PER_USER_MAX ||
        okapi_idset_read(&ranges, &r, &kept->replica, scratch_pool) != APR_SUCCESS) {
        return OKAPI_ECORRUPT;
    }
    return okapi__db_write(mailbox->okapi->db, write_kept, &b, scratch_pool);
}
