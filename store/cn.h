/* cn.h - the change sequence of a store, its folders' counts and its tombstones: what every
 * transaction that changes something writes.
 *
 * Order within a transaction: blobs and properties first, then okapi__cn_take, whose row lock
 * makes the order of commits the order of numbers, then the rows that carry the number.
 */
#ifndef OKAPI_CN_H
#define OKAPI_CN_H

#include <okapi/types.h>

#include "db/db.h"

/* N consecutive change numbers of the store: *LAST - N + 1 to *LAST. BYTES is added to the
 * store's size. */
apr_status_t okapi__cn_take(okapi__conn_t *conn, okapi_id_t store_id, int n, apr_int64_t bytes,
                            okapi_cn_t *last, apr_pool_t *scratch_pool);

/* One number, and the IMAP uid that a new message of FOLDER_ID gets with it. OKAPI_ENOTFOUND if the
 * folder is deleted. */
apr_status_t okapi__cn_take_uid(okapi__conn_t *conn, okapi_id_t store_id, okapi_id_t folder_id,
                                apr_int64_t bytes, okapi_cn_t *cn, apr_int64_t *uid,
                                apr_pool_t *scratch_pool);

/* The last change number, and below which one tombstones are no longer kept (may be NULL). */
apr_status_t okapi__cn_read(okapi__conn_t *conn, okapi_id_t store_id, okapi_cn_t *cn,
                            okapi_cn_t *tomb_floor, apr_pool_t *scratch_pool);

/* What a transaction adds to the counts of a folder; negative to take away. */
typedef struct okapi__stat_delta_t {
    apr_int64_t content, unread, associated, soft_deleted, bytes;
    apr_int64_t uids;    /* IMAP uids taken */
    apr_int64_t deleted; /* messages that left the folder, for ever counting up */
} okapi__stat_delta_t;

/* Also sets the folder's last change to CN and now. After okapi__cn_take, so under its lock. */
apr_status_t okapi__stat_add(okapi__conn_t *conn, okapi_id_t folder_id,
                             const okapi__stat_delta_t *delta, okapi_cn_t cn,
                             apr_pool_t *scratch_pool);

/* The IMAP uid the next message of the folder gets, to be read under the lock as well. */
apr_status_t okapi__uid_next(okapi__conn_t *conn, okapi_id_t folder_id, apr_int64_t *uid,
                             apr_pool_t *scratch_pool);

/* Adds SIGN times a message of this kind: softly deleted ones count for themselves, without
 * bytes. */
void okapi__stat_count(okapi__stat_delta_t *delta, int part, apr_uint32_t flags, apr_int64_t size,
                       int sign);

/* What okapi__cn_take couldn't know yet: BYTES more in the store. */
apr_status_t okapi__cn_add_bytes(okapi__conn_t *conn, okapi_id_t store_id, apr_int64_t bytes,
                                 apr_pool_t *scratch_pool);

typedef enum okapi__tombstone_e {
    OKAPI__TOMBSTONE_MESSAGE = 1,
    OKAPI__TOMBSTONE_ASSOCIATED = 2,
    OKAPI__TOMBSTONE_FOLDER = 3, /* in the former parent */
    OKAPI__TOMBSTONE_MOVED = 4,  /* the same, but the folder exists, in another one of the store */
    OKAPI__TOMBSTONE_LINK = 5    /* a message that this search folder shows no longer */
} okapi__tombstone_e;

apr_status_t okapi__tombstone_add(okapi__conn_t *conn, okapi_id_t folder_id, okapi_cn_t cn,
                                  okapi_id_t object_id, okapi__tombstone_e kind,
                                  apr_int64_t imap_uid, apr_pool_t *scratch_pool);

#endif
