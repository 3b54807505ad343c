/* rule.c - the list of a folder's rules. */
#include <okapi/rule.h>

#include "mailbox.h"

static const char delete_it[] = "\1\0" "\11\0" "\12" "\0\0\0\0" "\0\0\0\0";
static const char has_subject[] = "\10" "\x1F\0\x37\0"; /* RES_EXIST */

static okapi_propval_t bin(okapi_proptag_t tag, const char *data, apr_size_t len)
{
    return okapi_propval_bin(tag, data, len);
}

static apr_status_t add(mailbox_t *m, const char *name, int sequence, int replace,
                        apr_pool_t *pool)
{
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_RULE_NAME, name), okapi_propval_i32(PR_RULE_SEQUENCE, sequence),
        okapi_propval_i32(PR_RULE_STATE, ST_ENABLED | ST_ERROR | ST_RULE_PARSE_ERROR),
        bin(PR_RULE_CONDITION, has_subject, sizeof(has_subject) - 1),
        bin(PR_RULE_ACTIONS, delete_it, sizeof(delete_it) - 1)};
    const okapi_rule_change_t change = {OKAPI_RULE_ADD, values, 5};
    return okapi_rule_modify(m->inbox, &change, 1, replace, pool);
}

static apr_status_t change(mailbox_t *m, okapi_rule_e what, okapi_id_t id, okapi_propval_t v,
                           apr_pool_t *pool)
{
    const okapi_propval_t values[] = {okapi_propval_i64(PR_RULE_ID, id), v};
    const okapi_rule_change_t c = {what, values, v.tag ? 2 : 1};
    return okapi_rule_modify(m->inbox, &c, 1, 0, pool);
}

/* The names of the rules in their order. */
static const char *names(mailbox_t *m, apr_array_header_t **rules, apr_pool_t *pool)
{
    const char *all = "";
    mailbox_must(okapi_rule_list(rules, m->inbox, pool, pool), "list");
    for (int i = 0; i < (*rules)->nelts; i++) {
        const okapi_rule_t *rule = &APR_ARRAY_IDX(*rules, i, okapi_rule_t);
        all = apr_pstrcat(pool, all, *all ? " " : "",
                          okapi_props_str(rule->props, PR_RULE_NAME, "?"), NULL);
    }
    return all;
}

static int inbox_has_rules(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *inbox;
    mailbox_must(okapi_folder_open(&inbox, m->store, okapi_folder_id(m->inbox), pool, pool),
                 "inbox");
    return okapi_folder_has_rules(inbox);
}

int main(void)
{
    const okapi_propval_t nothing = {0};
    apr_pool_t *pool = tap_pool();
    apr_array_header_t *rules;
    mailbox_t m;
    okapi_cn_t before, after;
    mailbox_create(&m, pool);
    is_str(names(&m, &rules, pool), "", "no rules at first");
    is_int(inbox_has_rules(&m, pool), 0, "and the folder says so"); /* MS-OXORULE_R606 */
    mailbox_must(okapi_store_cn(m.store, &before, pool), "cn");
    is_int(add(&m, "second", 20, 0, pool), APR_SUCCESS, "added"); /* MS-OXORULE_R731 */
    is_int(add(&m, "first", 10, 0, pool), APR_SUCCESS, "another one");
    is_str(names(&m, &rules, pool), "first second", "in order of sequence"); /* MS-OXORULE_R57 */
    is_int(inbox_has_rules(&m, pool), 1, "the folder has rules"); /* MS-OXORULE_R605 */
    mailbox_must(okapi_store_cn(m.store, &after, pool), "cn");
    is_int(after, before + 2, "it changed with each"); /* MS-OXORULE_R604 */
    const okapi_rule_t first = APR_ARRAY_IDX(rules, 0, okapi_rule_t);
    const okapi_rule_t second = APR_ARRAY_IDX(rules, 1, okapi_rule_t);
    ok(first.id && second.id && first.id != second.id, "ids differ"); /* MS-OXORULE_R597 R598 */
    is_int(first.state, ST_ENABLED, "errors aren't the client's"); /* MS-OXORULE_R66 R77 */
    const okapi_propval_t *condition = okapi_props_get(first.props, PR_RULE_CONDITION);
    is_mem(condition->v.bin.data, condition->v.bin.len, has_subject, sizeof(has_subject) - 1,
           "the condition as it was");

    is_int(change(&m, OKAPI_RULE_MODIFY, first.id, okapi_propval_i32(PR_RULE_SEQUENCE, 30), pool),
           APR_SUCCESS, "modified"); /* MS-OXORULE_R732 */
    is_str(names(&m, &rules, pool), "second first", "the order is another, the rest stays");
    is_int(change(&m, OKAPI_RULE_MODIFY, 4711, nothing, pool), OKAPI_ENOTFOUND, "no such rule");
    is_int(change(&m, OKAPI_RULE_MODIFY, first.id,
                  bin(PR_RULE_ACTIONS, "\1\0", 2), pool),
           OKAPI_EINVAL, "actions that are none"); /* MS-OXORULE_R594 */
    is_int(change(&m, OKAPI_RULE_MODIFY, first.id, bin(PR_RULE_CONDITION, "\x42", 1), pool),
           OKAPI_EINVAL, "a condition that is none");
    is_int(change(&m, OKAPI_RULE_MODIFY, first.id, okapi_propval_i32(PR_IMPORTANCE, 1), pool),
           OKAPI_EINVAL, "a property of something else"); /* MS-OXORULE_R39 */
    is_int(change(&m, 8, first.id, nothing, pool), OKAPI_EINVAL, "an unknown kind of change");
    is_str(names(&m, &rules, pool), "second first", "nothing of that happened");
    is_int(change(&m, OKAPI_RULE_REMOVE, second.id, nothing, pool), APR_SUCCESS,
           "removed"); /* MS-OXORULE_R733 */
    is_str(names(&m, &rules, pool), "first", "one is left");
    is_int(add(&m, "only", 1, 1, pool), APR_SUCCESS, "replaced"); /* MS-OXORULE_R669 */
    is_str(names(&m, &rules, pool), "only", "by another");
    okapi_rule_change_t modify = {OKAPI_RULE_MODIFY, NULL, 0};
    is_int(okapi_rule_modify(m.inbox, &modify, 1, 1, pool), OKAPI_EINVAL,
           "only new ones can replace"); /* MS-OXORULE_R670 */
    is_int(okapi_rule_modify(m.inbox, NULL, 0, 1, pool), APR_SUCCESS, "replaced by none");
    is_int(inbox_has_rules(&m, pool), 0, "no rules again"); /* MS-OXORULE_R606 */
    return done_testing();
}
