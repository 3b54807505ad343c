/* rule.c - the rules of a folder: reading and changing the list. */
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "cn.h"
#include "rule_private.h"

enum { RULES_MAX = 500, RULES_BYTES_MAX = 1024 * 1024 }; /* of a folder */

/* The properties of a standard rule that a client may set: MS-OXORULE 2.2.1.3.1. */
static const okapi_proptag_t settable[] = {
    PR_RULE_SEQUENCE,  PR_RULE_STATE,         PR_RULE_NAME,      PR_RULE_PROVIDER, PR_RULE_LEVEL,
    PR_RULE_USER_FLAGS, PR_RULE_PROVIDER_DATA, PR_RULE_CONDITION, PR_RULE_ACTIONS};

/* ---- reading ---- */

/* The columns id, seq, state, props. */
static apr_status_t rule_of_row(okapi_rule_t *rule, okapi__rows_t *rows, apr_pool_t *result_pool)
{
    okapi_binary_t props = okapi__rows_blob(rows, 3);
    rule->id = okapi__rows_int(rows, 0);
    rule->sequence = (apr_int32_t)okapi__rows_int(rows, 1);
    rule->state = (apr_uint32_t)okapi__rows_int(rows, 2);
    rule->is_extended = 0;
    apr_status_t rv = okapi_props_unpack(&rule->props, props.data, props.len, result_pool);
    if (rv == APR_SUCCESS) {
        okapi_propval_t id = okapi_propval_i64(PR_RULE_ID, rule->id);
        okapi_props_set(rule->props, &id);
        okapi_props_set_i32(rule->props, PR_RULE_SEQUENCE, rule->sequence);
        okapi_props_set_i32(rule->props, PR_RULE_STATE, (apr_int32_t)rule->state);
    }
    return rv;
}

apr_status_t okapi__rules_read(apr_array_header_t **rules, okapi__conn_t *conn,
                               okapi_id_t folder_id, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    *rules = apr_array_make(result_pool, 4, sizeof(okapi_rule_t));
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_RULE_LIST, DB_ARGS(DB_I(folder_id)),
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        rv = rule_of_row(apr_array_push(*rules), rows, result_pool);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

typedef struct list_t {
    okapi_id_t folder_id;
    apr_array_header_t *rules;
    apr_pool_t *result_pool;
} list_t;

static apr_status_t read_list(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *list = baton;
    return okapi__rules_read(&list->rules, conn, list->folder_id, list->result_pool, scratch_pool);
}

apr_status_t okapi_rule_list(apr_array_header_t **rules, okapi_folder_t *folder,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    list_t list = {.folder_id = folder->id, .result_pool = result_pool};
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI_RIGHT_OWNER);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(folder->store->okapi->db, read_list, &list, scratch_pool);
    }
    *rules = list.rules;
    return rv;
}

/* ---- a rule as an object, for tables ---- */

static apr_status_t stored(const okapi_props_t **props, okapi_object_t *object,
                           apr_pool_t *scratch_pool)
{
    *props = ((okapi__rule_object_t *)object)->rule->props;
    return APR_SUCCESS;
}

static const okapi__computed_t nothing_computed[] = {{0, 0, NULL}};

static const okapi__object_class_t rule_class = {
    .kind = OKAPI_OBJECT_RULE,
    .computed = nothing_computed,
    .stored = stored,
};

okapi_object_t *okapi__rule_object(const okapi_rule_t *rule, apr_pool_t *result_pool)
{
    okapi__rule_object_t *object = apr_palloc(result_pool, sizeof(*object));
    object->object.object_class = &rule_class;
    object->rule = rule;
    return &object->object;
}

const okapi_proptag_t *okapi__rule_tags(int *n)
{
    static const okapi_proptag_t tags[] = {
        PR_RULE_ID,         PR_RULE_SEQUENCE,      PR_RULE_STATE,     PR_RULE_NAME,
        PR_RULE_PROVIDER,   PR_RULE_LEVEL,         PR_RULE_USER_FLAGS, PR_RULE_PROVIDER_DATA,
        PR_RULE_CONDITION,  PR_RULE_ACTIONS};
    *n = sizeof(tags) / sizeof(tags[0]);
    return tags;
}

/* ---- what is a rule ---- */

apr_status_t okapi__rule_parse(okapi__parsed_rule_t *parsed, const okapi_rule_t *rule,
                               apr_pool_t *result_pool)
{
    const okapi_propval_t *condition = okapi_props_get(rule->props, PR_RULE_CONDITION);
    const okapi_propval_t *actions = okapi_props_get(rule->props, PR_RULE_ACTIONS);
    okapi_reader_t r;
    parsed->has_condition = condition && condition->v.bin.len > 0;
    if (parsed->has_condition) {
        okapi_reader_init(&r, condition->v.bin.data, condition->v.bin.len);
        okapi_restriction_read(&r, &parsed->condition, &okapi__rule_codec, result_pool);
        if (okapi_reader_status(&r, 1) != APR_SUCCESS) {
            return OKAPI_EINVAL;
        }
    }
    if (!actions) {
        return OKAPI_EINVAL;
    }
    okapi_reader_init(&r, actions->v.bin.data, actions->v.bin.len);
    okapi_actions_read(&r, &parsed->actions, &okapi__rule_codec, result_pool);
    return okapi_reader_status(&r, 1) == APR_SUCCESS ? APR_SUCCESS : OKAPI_EINVAL;
}

const okapi_codec_t okapi__rule_codec = {OKAPI_FORM_ROP, 0};

/* As PT_UNICODE if it is text; 0 if a rule has no such property. */
static okapi_proptag_t settable_tag(okapi_proptag_t tag)
{
    if (OKAPI_PROP_TYPE(tag) == PT_STRING8) {
        tag = OKAPI_PROP_RETYPE(tag, PT_UNICODE);
    }
    for (apr_size_t i = 0; i < sizeof(settable) / sizeof(settable[0]); i++) {
        if (settable[i] == tag) {
            return tag;
        }
    }
    return 0;
}

/* Sets what CHANGE has in RULE. */
static apr_status_t apply(okapi_rule_t *rule, const okapi_rule_change_t *change,
                          apr_pool_t *scratch_pool)
{
    /* Clients are not to set these: MS-OXORULE_R65, R76. */
    const apr_uint32_t servers = ST_ERROR | ST_RULE_PARSE_ERROR;
    okapi__parsed_rule_t parsed;
    for (int i = 0; i < change->n; i++) {
        okapi_propval_t v = change->values[i];
        if (v.tag == PR_RULE_ID) {
            continue;
        }
        v.tag = settable_tag(v.tag);
        if (!v.tag) {
            return OKAPI_EINVAL;
        }
        okapi_props_set(rule->props, &v);
    }
    rule->sequence = (apr_int32_t)okapi_props_int(rule->props, PR_RULE_SEQUENCE, 0);
    rule->state = (apr_uint32_t)okapi_props_int(rule->props, PR_RULE_STATE, 0) & ~servers;
    return okapi__rule_parse(&parsed, rule, scratch_pool);
}

static okapi_id_t id_of(const okapi_rule_change_t *change)
{
    for (int i = 0; i < change->n; i++) {
        if (change->values[i].tag == PR_RULE_ID) {
            return change->values[i].v.i64;
        }
    }
    return 0;
}

/* ---- changing ---- */

typedef struct modify_t {
    okapi_folder_t *folder;
    const okapi_rule_change_t *changes;
    int n, replace;
    okapi_id_t first_id; /* of as many as there are changes */
    okapi_cn_t cn;
    int has_rules;
} modify_t;

static okapi_rule_t *find(apr_array_header_t *rules, okapi_id_t id)
{
    for (int i = 0; i < rules->nelts; i++) {
        okapi_rule_t *rule = &APR_ARRAY_IDX(rules, i, okapi_rule_t);
        if (rule->id == id && id) {
            return rule;
        }
    }
    return NULL;
}

static apr_status_t change_one(apr_array_header_t *rules, const okapi_rule_change_t *change,
                               okapi_id_t new_id, apr_pool_t *scratch_pool)
{
    okapi_rule_t *rule;
    if (change->what == OKAPI_RULE_ADD) {
        rule = apr_array_push(rules);
        *rule = (okapi_rule_t){.id = new_id, .props = okapi_props_create(scratch_pool)};
        return apply(rule, change, scratch_pool);
    }
    rule = find(rules, id_of(change));
    if (!rule) {
        return OKAPI_ENOTFOUND;
    }
    if (change->what == OKAPI_RULE_MODIFY) {
        return apply(rule, change, scratch_pool);
    }
    rule->id = 0;
    return APR_SUCCESS;
}

static apr_status_t write_rule(okapi__conn_t *conn, okapi_id_t folder_id, const okapi_rule_t *rule,
                               apr_size_t *bytes, apr_pool_t *scratch_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 512, RULES_BYTES_MAX, scratch_pool);
    okapi_props_unset(rule->props, PR_RULE_ID);
    okapi_props_unset(rule->props, PR_RULE_SEQUENCE);
    okapi_props_unset(rule->props, PR_RULE_STATE);
    okapi_props_pack(&w, rule->props);
    *bytes += w.len;
    if (okapi_writer_status(&w) != APR_SUCCESS || *bytes > RULES_BYTES_MAX) {
        return OKAPI_ENOMEMORY;
    }
    return okapi__db_exec(conn, STMT_RULE_ADD, NULL,
                          DB_ARGS(DB_I(folder_id), DB_I(rule->id), DB_I(rule->sequence),
                                  DB_I(rule->state), DB_B(w.data, w.len)),
                          scratch_pool);
}

/* The list is short and changes rarely: it is written anew. */
static apr_status_t write_list(okapi__conn_t *conn, modify_t *m, const apr_array_header_t *rules,
                               apr_pool_t *scratch_pool)
{
    apr_size_t bytes = 0;
    int written = 0;
    apr_status_t rv = okapi__db_exec(conn, STMT_RULE_CLEAR, NULL, DB_ARGS(DB_I(m->folder->id)),
                                     scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < rules->nelts; i++) {
        const okapi_rule_t *rule = &APR_ARRAY_IDX(rules, i, okapi_rule_t);
        if (rule->id) {
            rv = ++written > RULES_MAX ? OKAPI_ENOMEMORY
                                       : write_rule(conn, m->folder->id, rule, &bytes,
                                                    scratch_pool);
        }
    }
    m->has_rules = written > 0;
    return rv;
}

/* PR_HAS_RULES is the folder's, so the folder changes with its rules (MS-OXORULE_R604). */
static apr_status_t modify_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    static const okapi__stat_delta_t no_delta = {0};
    modify_t *m = baton;
    apr_array_header_t *rules = apr_array_make(scratch_pool, m->n, sizeof(okapi_rule_t));
    apr_status_t rv = okapi__cn_take(conn, m->folder->store->id, 1, 0, &m->cn, scratch_pool);
    if (rv == APR_SUCCESS && !m->replace) {
        rv = okapi__rules_read(&rules, conn, m->folder->id, scratch_pool, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < m->n; i++) {
        rv = change_one(rules, &m->changes[i], m->first_id + i, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = write_list(conn, m, rules, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(conn, STMT_RULE_FOLDER_CHANGED, NULL,
                            DB_ARGS(DB_I(m->cn), DB_I(m->cn), DB_I(m->folder->id)), scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi__stat_add(conn, m->folder->parent_id ? m->folder->parent_id : m->folder->id,
                                 &no_delta, m->cn, scratch_pool)
               : rv;
}

apr_status_t okapi_rule_modify(okapi_folder_t *folder, const okapi_rule_change_t *changes, int n,
                               int replace, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = folder->store->okapi;
    modify_t m = {.folder = folder, .changes = changes, .n = n, .replace = replace};
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI_RIGHT_OWNER);
    for (int i = 0; rv == APR_SUCCESS && i < n; i++) {
        int known = changes[i].what == OKAPI_RULE_ADD ||
                    (!replace && (changes[i].what == OKAPI_RULE_MODIFY ||
                                  changes[i].what == OKAPI_RULE_REMOVE));
        rv = known ? APR_SUCCESS : OKAPI_EINVAL;
    }
    if (rv == APR_SUCCESS && n > 0) {
        rv = okapi__db_take_ids(okapi->db, n, &m.first_id, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_write(okapi->db, modify_work, &m, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        folder->has_rules = m.has_rules;
        folder->cn = m.cn;
        okapi__changed(okapi, folder->store->id);
    }
    return rv;
}
