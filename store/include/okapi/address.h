/* address.h - where mail for an address goes.
 *
 * An address is a user's (the user's own, the user's name at the server's domain, an alias), a
 * group's, then it stands for the mailboxes of everybody in it, or a folder's. Case doesn't matter,
 * nor whether the local part is quoted. What follows a separator (AddressSeparator in okapi.conf,
 * RFC 5233) is a detail, unless somebody has the address as it is.
 */
#ifndef OKAPI_ADDRESS_H
#define OKAPI_ADDRESS_H

#include <okapi/store.h>

/* A place that mail is delivered to. */
typedef struct okapi_target_t {
    const okapi_user_t *user; /* whose mailbox; NULL: the public store */
    okapi_id_t folder_id;     /* 0: where messages of its class are received */
} okapi_target_t;

/* Array of okapi_target_t, each once: where mail for ADDRESS, or for a user or group of this NAME,
 * goes. OKAPI_EUNKNOWNUSER if there is nobody, not in the group either. */
apr_status_t okapi_address_resolve(apr_array_header_t **targets, okapi_t *okapi,
                                   const char *address, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool);

int okapi_target_equal(const okapi_target_t *a, const okapi_target_t *b);

/* The target's store, opened to deliver into it. */
apr_status_t okapi_target_open(okapi_store_t **store, okapi_t *okapi,
                               const okapi_target_t *target, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);

/* ---- further addresses ---- */

/* Whose: address.kind. */
typedef enum okapi_address_kind_e {
    OKAPI_ADDRESS_OF_USER = 1,
    OKAPI_ADDRESS_OF_GROUP = 4,
    OKAPI_ADDRESS_OF_FOLDER = 5
} okapi_address_kind_e;

/* Array of const char *, sorted: what the user, group or folder ID was given. */
apr_status_t okapi_address_list(apr_array_header_t **addresses, okapi_t *okapi,
                                okapi_address_kind_e kind, okapi_id_t id, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);

/* OKAPI_EEXISTS if somebody has it, OKAPI_EINVAL if it can't be one. */
apr_status_t okapi_address_add(okapi_t *okapi, okapi_address_kind_e kind, okapi_id_t id,
                               const char *address, apr_pool_t *scratch_pool);

/* OKAPI_ENOTFOUND if it isn't one of these. */
apr_status_t okapi_address_remove(okapi_t *okapi, okapi_address_kind_e kind, okapi_id_t id,
                                  const char *address, apr_pool_t *scratch_pool);

#endif
