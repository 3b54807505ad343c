/* rule_extended.c - extended rules, which clients make as associated messages of a folder because
 * they may be longer than a ROP: MS-OXORULE 2.2.4. */
#include <string.h>

#include <okapi/error.h>
#include <okapi/named.h>

#include "message_private.h"
#include "rule_private.h"

enum {
    RULES_MAX = 100, /* of a folder; the others aren't run (MS-OXORULE_R789) */
    NAMES_MAX = 1000,
    ACTIONS_VERSION = 1
};

static const okapi_codec_t codec = {OKAPI_FORM_WIDE, 0};

/* ---- finding them ---- */

typedef struct list_t {
    okapi_id_t folder_id;
    apr_array_header_t *ids; /* of okapi_id_t */
} list_t;

static apr_status_t list_ids(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *list = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_RULE_EXTENDED,
                                       DB_ARGS(DB_I(list->folder_id), DB_I(RULES_MAX)),
                                       scratch_pool);
    apr_array_clear(list->ids);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        APR_ARRAY_PUSH(list->ids, okapi_id_t) = okapi__rows_int(rows, 0);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Its properties as those of another rule; condition and actions as they are. */
static apr_status_t read_one(okapi_rule_t *rule, okapi_message_t *message, apr_pool_t *result_pool)
{
    static const okapi_proptag_t tags[] = {PR_RULE_MSG_NAME, PR_RULE_MSG_PROVIDER,
                                           PR_EXTENDED_RULE_MSG_CONDITION,
                                           PR_EXTENDED_RULE_MSG_ACTIONS};
    static const okapi_proptag_t names[] = {PR_RULE_NAME, PR_RULE_PROVIDER,
                                            PR_EXTENDED_RULE_MSG_CONDITION,
                                            PR_EXTENDED_RULE_MSG_ACTIONS};
    const okapi_props_t *props = message->bag.props;
    okapi_propval_t values[4];
    *rule = (okapi_rule_t){.id = message->id, .is_extended = 1};
    rule->sequence = (apr_int32_t)okapi_props_int(props, PR_RULE_MSG_SEQUENCE, 0);
    rule->state = (apr_uint32_t)okapi_props_int(props, PR_RULE_MSG_STATE, 0);
    rule->props = okapi_props_create(result_pool);
    apr_status_t rv = okapi_object_get(&message->object, tags, 4, 0, values, result_pool,
                                       result_pool);
    for (int i = 0; rv == APR_SUCCESS && i < 4; i++) {
        if (values[i].tag == tags[i]) {
            values[i].tag = names[i];
            okapi_props_set(rule->props, &values[i]);
        }
    }
    return rv;
}

/* Puts RULE behind those of RULES, from FIRST on, that come before it. */
static void insert(apr_array_header_t *rules, int first, const okapi_rule_t *rule)
{
    int i = rules->nelts;
    apr_array_push(rules);
    for (; i > first && APR_ARRAY_IDX(rules, i - 1, okapi_rule_t).sequence > rule->sequence; i--) {
        APR_ARRAY_IDX(rules, i, okapi_rule_t) = APR_ARRAY_IDX(rules, i - 1, okapi_rule_t);
    }
    APR_ARRAY_IDX(rules, i, okapi_rule_t) = *rule;
}

apr_status_t okapi__rules_read_extended(apr_array_header_t *rules, okapi_store_t *store,
                                        okapi_id_t folder_id, apr_pool_t *result_pool)
{
    list_t list = {folder_id, apr_array_make(result_pool, 2, sizeof(okapi_id_t))};
    int first = rules->nelts;
    apr_status_t rv = okapi__db_read(store->okapi->db, list_ids, &list, result_pool);
    for (int i = 0; rv == APR_SUCCESS && i < list.ids->nelts; i++) {
        okapi_message_t *message;
        okapi_rule_t rule;
        rv = okapi_message_open(&message, store, folder_id,
                                APR_ARRAY_IDX(list.ids, i, okapi_id_t), result_pool, result_pool);
        if (rv == APR_SUCCESS) {
            rv = read_one(&rule, message, result_pool);
        }
        if (rv == APR_SUCCESS) {
            insert(rules, first, &rule);
        }
        rv = rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv; /* it has just gone */
    }
    return rv;
}

/* ---- NamedPropertyInformation: 2.2.4.2 ---- */

typedef struct names_t {
    apr_size_t n;
    apr_uint16_t *theirs, *ours;
} names_t;

/* PropertyName, MS-OXCDATA 2.6.1. */
static void read_name(okapi_reader_t *r, okapi_propname_t *name, apr_pool_t *result_pool)
{
    name->kind = okapi_read_u8(r);
    name->guid = okapi_read_guid(r);
    if (name->kind == MNID_ID) {
        name->lid = okapi_read_u32(r);
    } else if (name->kind == MNID_STRING) {
        apr_size_t size = okapi_read_u8(r);
        const unsigned char *text = okapi_read_bytes(r, size);
        name->name = text ? okapi_utf16_decode(text, size, result_pool) : "";
    } else {
        okapi_reader_fail(r);
    }
}

static apr_status_t read_names(names_t *names, okapi_reader_t *r, okapi_store_t *store,
                               apr_pool_t *result_pool)
{
    names->n = okapi_read_count(r, okapi_read_u16(r), 2);
    if (names->n == 0 || names->n > NAMES_MAX) {
        return names->n ? OKAPI_EINVAL : APR_SUCCESS;
    }
    okapi_propname_t *wanted = apr_pcalloc(result_pool, names->n * sizeof(*wanted));
    names->theirs = apr_pcalloc(result_pool, names->n * sizeof(apr_uint16_t));
    names->ours = apr_pcalloc(result_pool, names->n * sizeof(apr_uint16_t));
    for (apr_size_t i = 0; i < names->n; i++) {
        names->theirs[i] = okapi_read_u16(r);
    }
    okapi_reader_t block = okapi_read_sub(r, okapi_read_u32(r));
    for (apr_size_t i = 0; i < names->n; i++) {
        read_name(&block, &wanted[i], result_pool);
    }
    if (okapi_reader_status(&block, 1) != APR_SUCCESS || r->failed) {
        return OKAPI_EINVAL;
    }
    return okapi_named_ids(store, wanted, (int)names->n, 1, names->ours, result_pool);
}

/* What no name is given for stays as it is: then it was never meant to be named. */
static void translate(okapi_proptag_t *tag, const names_t *names)
{
    for (apr_size_t i = 0; i < names->n && OKAPI_PROP_IS_NAMED(*tag); i++) {
        if (names->theirs[i] == OKAPI_PROP_ID(*tag)) {
            *tag = OKAPI_PROP_TAG(OKAPI_PROP_TYPE(*tag), names->ours[i]);
            return;
        }
    }
}

/* As deep as okapi_restriction_read lets it be. */
static void translate_all(okapi_restriction_t *r, const names_t *names)
{
    translate(&r->tag, names);
    translate(&r->tag2, names);
    translate(&r->prop.tag, names);
    for (int i = 0; i < r->n; i++) {
        translate_all(&r->children[i], names);
    }
}

/* ---- condition and actions ---- */

static apr_status_t parse_condition(okapi__parsed_rule_t *parsed, const okapi_rule_t *rule,
                                    okapi_store_t *store, apr_pool_t *result_pool)
{
    const okapi_propval_t *v = okapi_props_get(rule->props, PR_EXTENDED_RULE_MSG_CONDITION);
    names_t names = {0};
    okapi_reader_t r;
    parsed->has_condition = v && v->v.bin.len > 0;
    if (!parsed->has_condition) {
        return APR_SUCCESS;
    }
    if (v->v.bin.len > OKAPI_EXTENDED_RULE_MAX) {
        return OKAPI_EINVAL;
    }
    okapi_reader_init(&r, v->v.bin.data, v->v.bin.len);
    apr_status_t rv = read_names(&names, &r, store, result_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    parsed->has_condition = okapi_reader_left(&r) > 0;
    if (parsed->has_condition) {
        okapi_restriction_read(&r, &parsed->condition, &codec, result_pool);
    }
    if (okapi_reader_status(&r, 1) != APR_SUCCESS) {
        return OKAPI_EINVAL;
    }
    if (parsed->has_condition) {
        translate_all(&parsed->condition, &names);
    }
    return APR_SUCCESS;
}

apr_status_t okapi__rule_parse_extended(okapi__parsed_rule_t *parsed, const okapi_rule_t *rule,
                                        okapi_store_t *store, apr_pool_t *result_pool)
{
    const okapi_propval_t *v = okapi_props_get(rule->props, PR_EXTENDED_RULE_MSG_ACTIONS);
    names_t names = {0};
    okapi_reader_t r;
    apr_status_t rv = parse_condition(parsed, rule, store, result_pool);
    if (rv != APR_SUCCESS || !v) {
        return rv != APR_SUCCESS ? rv : OKAPI_EINVAL;
    }
    okapi_reader_init(&r, v->v.bin.data, v->v.bin.len);
    rv = read_names(&names, &r, store, result_pool);
    if (rv != APR_SUCCESS || okapi_read_u32(&r) != ACTIONS_VERSION) {
        return rv != APR_SUCCESS ? rv : OKAPI_EINVAL;
    }
    okapi_actions_read(&r, &parsed->actions, &codec, result_pool);
    if (okapi_reader_status(&r, 1) != APR_SUCCESS) {
        return OKAPI_EINVAL;
    }
    for (int i = 0; i < parsed->actions->nelts; i++) {
        translate(&APR_ARRAY_IDX(parsed->actions, i, okapi_action_t).value.tag, &names);
    }
    return APR_SUCCESS;
}

/* MS-OXORULE_R1016. */
apr_status_t okapi__rule_check_extended(const okapi_message_t *message)
{
    const okapi__large_t *condition =
        okapi__propbag_large(&message->bag, PR_EXTENDED_RULE_MSG_CONDITION);
    return condition && condition->size > OKAPI_EXTENDED_RULE_MAX ? OKAPI_ETOOBIG : APR_SUCCESS;
}
