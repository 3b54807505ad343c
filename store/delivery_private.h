/* delivery_private.h - what delivery, rules and automatic replies share. */
#ifndef OKAPI_DELIVERY_PRIVATE_H
#define OKAPI_DELIVERY_PRIVATE_H

#include <apr_hash.h>
#include <okapi/delivery.h>

#include "message_private.h"
#include "rule_private.h"

/* ---- delivery.c ---- */

/* PR_RCVD_REPRESENTING_* of USER. */
apr_status_t okapi__delivery_represent(okapi_message_t *message, const okapi_user_t *user,
                                       apr_pool_t *scratch_pool);

/* Every address of the store's owner, and whether ADDRESS is one of them, "+detail" or not. */
apr_status_t okapi__delivery_own_addresses(apr_hash_t **own, okapi_store_t *store,
                                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
int okapi__delivery_is_own(apr_hash_t *own, const char *address, apr_pool_t *scratch_pool);

/* ---- rule_run.c ---- */

/* A rule that can't be run, and the bits its state gets. */
typedef struct okapi__broken_rule_t {
    okapi_id_t folder_id, rule_id;
    apr_uint32_t state;
} okapi__broken_rule_t;

/* What the rules of a folder, and of those they move to, make of a message. */
typedef struct okapi__rule_run_t {
    okapi_store_t *store;
    int is_oof;                  /* the owner is out of office; -1: nobody asked yet */
    apr_array_header_t *savings; /* of okapi__saving_t: where it goes, and what the client is told */
    apr_array_header_t *broken;  /* of okapi__broken_rule_t */
    int is_refused;              /* by OP_BOUNCE */
    apr_pool_t *pool;
} okapi__rule_run_t;

void okapi__rule_run_init(okapi__rule_run_t *run, okapi_store_t *store, apr_pool_t *pool);

/* Runs the rules of the folder MESSAGE, a draft, is in. Only the database can make it fail. */
apr_status_t okapi__rule_run(okapi__rule_run_t *run, okapi_message_t *message);

/* In the transaction that saves run->savings. BATON is the run. */
apr_status_t okapi__rule_run_broken(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool);

/* ---- rule_message.c: messages in the Deferred Action folder ---- */

/* Tells the client to do the actions of RULE with MESSAGE (a DAM, MS-OXORULE 2.2.6). */
apr_status_t okapi__rule_defer(okapi__rule_run_t *run, okapi_message_t *message,
                               okapi_id_t folder_id, const okapi_rule_t *rule);

/* Why a rule could not be run: PR_RULE_ERROR, MS-OXORULE 2.2.7.2. */
typedef enum okapi__rule_error_e {
    OKAPI__RULE_ERROR_PARSING = 4,
    OKAPI__RULE_ERROR_EXECUTING = 5,
    OKAPI__RULE_ERROR_MOVING = 6
} okapi__rule_error_e;

/* Tells the client that RULE, or its action NUMBER, failed (a DEM, MS-OXORULE 2.2.7). ACTION may be
 * NULL. */
apr_status_t okapi__rule_complain(okapi__rule_run_t *run, okapi_message_t *message,
                                  okapi_id_t folder_id, const okapi_rule_t *rule,
                                  okapi__rule_error_e error, const okapi_action_t *action,
                                  int number);

#endif
