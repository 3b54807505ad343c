/* rule_private.h - rules inside the engine: read within a transaction, taken apart, run. */
#ifndef OKAPI_RULE_PRIVATE_H
#define OKAPI_RULE_PRIVATE_H

#include <okapi/rule.h>

#include "store_private.h"

/* How rules keep their conditions and actions: as RopModifyRules brought them. */
extern const okapi_codec_t okapi__rule_codec;

/* ---- rule.c ---- */

apr_status_t okapi__rules_read(apr_array_header_t **rules, okapi__conn_t *conn,
                               okapi_id_t folder_id, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);

typedef struct okapi__parsed_rule_t {
    int has_condition; /* otherwise it is for every message */
    okapi_restriction_t condition;
    apr_array_header_t *actions; /* of okapi_action_t */
} okapi__parsed_rule_t;

/* OKAPI_EINVAL. What it gives points into the rule's properties. */
apr_status_t okapi__rule_parse(okapi__parsed_rule_t *parsed, const okapi_rule_t *rule,
                               apr_pool_t *result_pool);

/* ---- rule_extended.c: MS-OXORULE 2.2.4 ---- */

/* Adds the extended rules of a folder to RULES, in their order. */
apr_status_t okapi__rules_read_extended(apr_array_header_t *rules, okapi_store_t *store,
                                        okapi_id_t folder_id, apr_pool_t *result_pool);

/* OKAPI_EINVAL. Named properties get the ids that they have in the store. */
apr_status_t okapi__rule_parse_extended(okapi__parsed_rule_t *parsed, const okapi_rule_t *rule,
                                        okapi_store_t *store, apr_pool_t *result_pool);

/* ---- rule.c ---- */

/* A rule as a row of a table, and what columns there are. */
typedef struct okapi__rule_object_t {
    okapi_object_t object;
    const okapi_rule_t *rule;
} okapi__rule_object_t;

okapi_object_t *okapi__rule_object(const okapi_rule_t *rule, apr_pool_t *result_pool);
const okapi_proptag_t *okapi__rule_tags(int *n);

#endif
