/* submit_private.h - what the files of submission share. */
#ifndef OKAPI_SUBMIT_PRIVATE_H
#define OKAPI_SUBMIT_PRIVATE_H

#include <okapi/submit.h>

#include "message_private.h"

/* May ACTOR, by name or by a group, send as the user OWNER_ID? */
apr_status_t okapi__send_as_check(int *may, okapi__conn_t *conn, okapi_id_t owner_id,
                                  const okapi_user_t *actor, apr_pool_t *scratch_pool);

/* Who a message says it is from; NULL if that is nobody of this server, and *ADDRESS is what it
 * says. *ADDRESS is NULL if it doesn't. */
apr_status_t okapi__submit_represented(okapi_user_t **user, const char **address,
                                       okapi_message_t *message, apr_pool_t *result_pool,
                                       apr_pool_t *scratch_pool);

/* The personal distribution list that a recipient with PROPS is; *LIST is NULL if he is none. */
apr_status_t okapi__submit_list_of(okapi_message_t **list, okapi_store_t *store,
                                   const okapi_props_t *props, apr_pool_t *result_pool);

/* Calls MEMBER with the address of each of LIST, those of lists in it too; DEPTH is 0. */
typedef apr_status_t (*okapi__member_t)(void *baton, const char *address);
apr_status_t okapi__submit_list(okapi_message_t *list, int depth, okapi__member_t member,
                                void *baton, apr_pool_t *scratch_pool);

/* The addresses MESSAGE goes to (of const char *), each once, groups as their members; recipients
 * get the addresses that were found out (PR_SMTP_ADDRESS). One without an address is there by his
 * name. OKAPI_EINVAL if there are none, OKAPI_ETOOMANYRECIPIENTS. */
apr_status_t okapi__submit_recipients(apr_array_header_t **addresses, okapi_message_t *message,
                                      apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
