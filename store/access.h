/* access.h - who may do what: permissions, groups, delegates, private messages. Everything that
 * reads or writes for an actor asks here. */
#ifndef OKAPI_ACCESS_H
#define OKAPI_ACCESS_H

#include <okapi/permission.h>

#include "store_private.h"

/* permission.member of the default entry, for everybody who is known, and of the anonymous one. */
#define OKAPI__MEMBER_DEFAULT   ""
#define OKAPI__MEMBER_ANONYMOUS "*"

/* The member an entry for USER has. */
const char *okapi__member_of(const okapi_user_t *user);

/* Each of these makes a folder visible, and the last column those that one may have something in
 * without being allowed to read what others have there. */
enum {
    OKAPI__RIGHTS_VISIBLE = OKAPI_RIGHT_VISIBLE | OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_OWNER,
    OKAPI__RIGHTS_OWN = OKAPI_RIGHT_CREATE | OKAPI_RIGHT_EDIT_OWNED | OKAPI_RIGHT_DELETE_OWNED
};

/* OKAPI_EACCESS unless the actor has one of NEEDED in some folder of the store. */
apr_status_t okapi__store_entered(okapi__conn_t *conn, const okapi_store_t *store,
                                  apr_uint32_t needed, apr_pool_t *scratch_pool);

/* May somebody with RIGHTS list a folder's messages, or at least those of his own? */
apr_status_t okapi__contents_check(apr_uint32_t rights);

/* May a new message be made by somebody with RIGHTS on its folder? */
apr_status_t okapi__create_check(apr_uint32_t rights, int associated);

/* What the actor may do with one message of a folder in which he has RIGHTS: READ_ANY, EDIT_ANY and
 * DELETE_ANY are set if this one may be read, changed, deleted, by whatever right. PART, FLAGS and
 * CREATOR are the message's columns. */
apr_uint32_t okapi__message_rights(const okapi_store_t *store, apr_uint32_t rights, int part,
                                   apr_uint32_t flags, okapi_id_t creator);

/* Is a private message hidden from the actor, who then sees only that there is something? */
int okapi__message_hidden(const okapi_store_t *store, apr_uint32_t flags, okapi_id_t creator);

/* Reads what okapi__private_veil needs to know of the store. Outside of a transaction, before
 * messages are read for somebody who doesn't see what is private. */
apr_status_t okapi__private_prepare(okapi_store_t *store, apr_pool_t *scratch_pool);

/* Removes all that was ever given to the user or group: it is being deleted. */
apr_status_t okapi__access_forget(okapi__conn_t *conn, okapi_id_t id, const char *name,
                                  apr_pool_t *scratch_pool);

/* ---- lists of permissions as tables: permission_row.c ---- */

okapi_object_t *okapi__permission_object(okapi_t *okapi, const okapi_permission_t *entry,
                                         apr_pool_t *result_pool);
const okapi_proptag_t *okapi__permission_tags(int *n);

/* ---- delegates: delegate.c ---- */

/* OKAPI_DELEGATE_* of a user; 0 if he isn't one. */
apr_status_t okapi__delegate_flags(apr_uint32_t *flags, okapi__conn_t *conn, okapi_id_t store_id,
                                   okapi_id_t user_id, apr_pool_t *scratch_pool);

/* ---- limits: quota.c ---- */

/* OKAPI_EQUOTA if the store has become too large by ADDED bytes, which okapi__cn_take has taken
 * already: whoever makes it larger asks after that. */
apr_status_t okapi__quota_check(okapi__conn_t *conn, const okapi_store_t *store, apr_int64_t added,
                                apr_pool_t *scratch_pool);

/* ---- groups: group.c ---- */

/* Names of all groups a user is in, those of groups included, as an array of const char *. */
apr_status_t okapi__groups_of(apr_array_header_t **names, okapi__conn_t *conn, okapi_id_t user_id,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* The id of the user or group NAME (folded). OKAPI_EUNKNOWNUSER. */
apr_status_t okapi__member_id(okapi_id_t *id, okapi__conn_t *conn, const char *name,
                              apr_pool_t *scratch_pool);

#endif
