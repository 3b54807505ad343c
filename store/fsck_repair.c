/* fsck_repair.c - repairs that take more than a statement. */
#include <apr_strings.h>

#include "cn.h"
#include "fsck_private.h"
#include "message_private.h"
#include "text.h"

enum { NAME_MAX_CHARS = 255, ADDRESS_MAX_CHARS = 254 };

static const okapi__stat_delta_t no_delta = {0};

/* The user's own address, unless somebody else has got it. */
apr_status_t okapi__repair_address(const okapi__repair_t *repair, apr_pool_t *scratch_pool)
{
    const okapi__damage_t *d = repair->damage;
    const char *address = okapi__text_fold(d->t, ADDRESS_MAX_CHARS, scratch_pool);
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, repair->conn, STMT_FSCK_ADDRESS_OF,
                                           DB_ARGS(DB_S(address)), scratch_pool);
    if (rv != APR_SUCCESS || found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    return okapi__db_exec(repair->conn, STMT_ADDRESS_ADD, NULL,
                          DB_ARGS(DB_S(address), DB_I(d->key), DB_I(0)), scratch_pool);
}

/* Puts the folder ID below PARENT_ID under NAME, or one made from it if that is taken. */
static apr_status_t put_folder(const okapi__repair_t *r, okapi_id_t id, okapi_id_t parent_id,
                               const char *name, apr_pool_t *scratch_pool)
{
    okapi_id_t existing;
    const char *key = okapi__text_fold(name, NAME_MAX_CHARS, scratch_pool);
    apr_status_t rv =
        okapi__folder_name_check(r->conn, parent_id, key, id, &existing, scratch_pool);
    if (rv == OKAPI_EDUPLICATENAME || !*key) {
        name = apr_psprintf(scratch_pool, "%s (%" APR_INT64_T_FMT ")",
                            okapi__text_clean(name, NAME_MAX_CHARS - 25, scratch_pool), id);
        key = okapi__text_fold(name, NAME_MAX_CHARS, scratch_pool);
        rv = APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(r->conn, STMT_FSCK_FOLDER_NAME, NULL,
                            DB_ARGS(DB_I(parent_id), DB_S(name), DB_S(key), DB_I(r->cn),
                                    DB_I(r->cn), DB_I(r->cn), DB_I(id)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi__stat_add(r->conn, parent_id, &no_delta, r->cn, scratch_pool)
               : rv;
}

apr_status_t okapi__repair_tree(const okapi__repair_t *repair, apr_pool_t *scratch_pool)
{
    const okapi__damage_t *d = repair->damage;
    return d->b && d->a != d->b ? put_folder(repair, d->a, d->b, d->s, scratch_pool)
                                : OKAPI_ENOTFOUND;
}

apr_status_t okapi__repair_key(const okapi__repair_t *repair, apr_pool_t *scratch_pool)
{
    const okapi__damage_t *d = repair->damage;
    return put_folder(repair, d->key, d->a, d->s, scratch_pool);
}

/* A message without a folder goes to the inbox; in a mailbox without one it is nobody's. */
apr_status_t okapi__repair_lost(const okapi__repair_t *repair, apr_pool_t *scratch_pool)
{
    const okapi__damage_t *d = repair->damage;
    okapi__stat_delta_t delta = {.uids = 1};
    apr_int64_t uid;
    if (!d->b) {
        return okapi__messages_erase(repair->conn, d->a, &d->key, 1, scratch_pool);
    }
    apr_status_t rv = okapi__uid_next(repair->conn, d->b, &uid, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(repair->conn, STMT_FSCK_LOST_SET, NULL,
                            DB_ARGS(DB_I(d->b), DB_I(repair->cn), DB_I(repair->cn),
                                    DB_I(repair->cn), DB_I(uid), DB_I(d->key)),
                            scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi__stat_add(repair->conn, d->b, &delta, repair->cn, scratch_pool)
               : rv;
}

/* One of those that share a number gets another: a message, else a folder. */
apr_status_t okapi__repair_number(const okapi__repair_t *repair, apr_pool_t *scratch_pool)
{
    static const struct {
        okapi__stmt_e find, set;
    } kinds[] = {{STMT_FSCK_TWICE_MESSAGES, STMT_FSCK_NUMBER_SET},
                 {STMT_FSCK_TWICE_FOLDERS, STMT_FSCK_FOLDER_NUMBER_SET}};
    const okapi__damage_t *d = repair->damage;
    okapi__arg_t cn = DB_I(repair->cn);
    for (int i = 0; i < 2; i++) {
        okapi__rows_t *rows;
        int found;
        apr_status_t rv = okapi__db_select_one(&rows, &found, repair->conn, kinds[i].find,
                                               DB_ARGS(DB_I(d->store_id), DB_I(d->a)),
                                               scratch_pool);
        if (rv != APR_SUCCESS || found) {
            return rv != APR_SUCCESS ? rv
                                     : okapi__db_exec(repair->conn, kinds[i].set, NULL,
                                                      DB_ARGS(cn, cn, cn,
                                                              DB_I(okapi__rows_int(rows, 0))),
                                                      scratch_pool);
        }
    }
    return OKAPI_ENOTFOUND; /* tombstones only, which tell nobody anything wrong */
}

/* The special folder of number `a`, should its row still be there. */
apr_status_t okapi__repair_special(const okapi__repair_t *repair, apr_pool_t *scratch_pool)
{
    const okapi__damage_t *d = repair->damage;
    okapi__rows_t *rows;
    okapi__arg_t cn = DB_I(repair->cn);
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, repair->conn, STMT_FSCK_SPECIAL_BACK,
                                           DB_ARGS(DB_I(d->store_id), DB_I(d->a)), scratch_pool);
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ENOTFOUND;
    }
    return okapi__db_exec(repair->conn, STMT_FSCK_FOLDER_BACK, NULL,
                          DB_ARGS(cn, cn, cn, DB_I(okapi__rows_int(rows, 0))), scratch_pool);
}
