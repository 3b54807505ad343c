/* rule_run.c - the rules of a folder, run on a message that comes into it: MS-OXORULE 3.2.5.1. */
#include <okapi/doorbell.h>
#include <okapi/error.h>

#include "delivery_private.h"
#include "table_private.h"

void okapi__rule_run_init(okapi__rule_run_t *run, okapi_store_t *store,
                          const okapi__arrival_t *arrival, apr_pool_t *pool)
{
    *run = (okapi__rule_run_t){.store = store,
                               .arrival = arrival,
                               .is_oof = -1,
                               .pool = pool};
    run->savings = apr_array_make(pool, 2, sizeof(okapi__saving_t));
    run->sendings = apr_array_make(pool, 2, sizeof(okapi__sending_t *));
    run->broken = apr_array_make(pool, 2, sizeof(okapi__broken_rule_t));
    run->delegated = apr_hash_make(pool);
}

/* ---- is a rule tried? ---- */

apr_status_t okapi__rule_fill_row(okapi_message_t *message, apr_pool_t *scratch_pool)
{
    okapi_binary_t packed;
    apr_status_t rv = okapi__propbag_pack(&packed, &message->bag, scratch_pool);
    message->row.size = (apr_int64_t)packed.len;
    for (int i = 0; i < message->bag.large->nelts; i++) {
        const okapi__large_t *l = &APR_ARRAY_IDX(message->bag.large, i, okapi__large_t);
        message->row.size += l->tag < OKAPI__TAG_RAW ? l->size : 0;
    }
    for (int i = 0; i < message->attachments->nelts; i++) {
        const okapi_attachment_t *a = APR_ARRAY_IDX(message->attachments, i, okapi_attachment_t *);
        for (int j = 0; j < a->bag.large->nelts; j++) {
            message->row.size += APR_ARRAY_IDX(a->bag.large, j, okapi__large_t).size;
        }
    }
    return rv == APR_SUCCESS ? okapi__message_row_fill(&message->row, message, message->pool) : rv;
}

typedef struct question_t {
    okapi_id_t store_id, rule_id;
    const char *address;
    int answer;
} question_t;

static apr_status_t ask_is_on(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    question_t *q = baton;
    return okapi__oof_is_on(&q->answer, conn, q->store_id, scratch_pool);
}

static apr_status_t ask_told(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    question_t *q = baton;
    return okapi__oof_told(&q->answer, conn, q->store_id, q->rule_id, q->address, scratch_pool);
}

static apr_status_t look_whether_oof(okapi__rule_run_t *run)
{
    question_t q = {.store_id = run->store->id};
    if (run->is_oof >= 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__db_read_loose(run->store->okapi->db, ask_is_on, &q, run->pool);
    run->is_oof = q.answer;
    return rv;
}

/* Does the rule tell people that somebody is away, and each of them once? MS-OXORULE_R556. */
static int is_told_once(const okapi_rule_t *rule, const apr_array_header_t *actions)
{
    for (int i = 0; i < actions->nelts && (rule->state & ST_KEEP_OOF_HIST); i++) {
        if (APR_ARRAY_IDX(actions, i, okapi_action_t).type == OP_OOF_REPLY) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t is_tried(int *tried, okapi__rule_run_t *run, const okapi__visit_t *visit,
                             const okapi_rule_t *rule)
{
    const okapi_props_t *props = visit->message->bag.props;
    int is_for_oof = (rule->state & ST_ONLY_WHEN_OOF) != 0;
    *tried = 0;
    if (!(rule->state & ST_ENABLED) || (rule->state & ST_RULE_PARSE_ERROR) ||
        (visit->is_done && !is_for_oof)) {
        return APR_SUCCESS; /* MS-OXORULE_R516, R560, R550 */
    }
    apr_status_t rv = is_for_oof ? look_whether_oof(run) : APR_SUCCESS; /* MS-OXORULE_R517 */
    *tried = !(is_for_oof && !run->is_oof) &&
             !((rule->state & ST_SKIP_IF_SCL_IS_SAFE) &&
               okapi_props_int(props, PR_CONTENT_FILTER_SCL, 0) == -1); /* MS-OXORULE_R74 */
    return rv;
}

/* MS-OXORULE_R557. Who was told by a rule isn't told by the settings either. */
static apr_status_t was_told(int *told, okapi__rule_run_t *run, const okapi_rule_t *rule)
{
    question_t q = {run->store->id, rule->id, run->arrival->sender, 0};
    apr_status_t rv = okapi__db_read_loose(run->store->okapi->db, ask_told, &q, run->pool);
    run->has_oof_reply |= q.answer;
    *told = q.answer;
    return rv;
}

/* ---- failures ---- */

/* It is told once, until the rule is set anew (MS-OXORULE_R813, R581). An extended one's owner
 * isn't told (R376). */
static apr_status_t break_rule(okapi__rule_run_t *run, okapi__visit_t *visit,
                               okapi__rule_error_e error, const okapi_action_t *action, int number)
{
    const okapi_rule_t *rule = run->rule;
    okapi__broken_rule_t broken = {visit->folder_id, rule->id, ST_ERROR};
    if (rule->state & ST_ERROR) {
        return APR_SUCCESS;
    }
    if (error == OKAPI__RULE_ERROR_PARSING) {
        broken.state |= ST_RULE_PARSE_ERROR;
    }
    broken.state |= rule->state;
    okapi_log(run->store->okapi, OKAPI_LOG_WARNING, APR_SUCCESS,
              "a rule of %s (%" APR_INT64_T_FMT ") failed with error %d at action %d",
              run->store->owner->name, rule->id, (int)error, number);
    if (rule->is_extended) {
        return APR_SUCCESS;
    }
    APR_ARRAY_PUSH(run->broken, okapi__broken_rule_t) = broken;
    return okapi__rule_complain(run, visit->message, visit->folder_id, rule, error, action, number);
}

/* ---- actions ---- */

static const okapi__action_do_t functions[] = {
#define OKAPI_ACTION(symbol, type, fields, name) [symbol] = okapi__action_##name,
#include <okapi/rule_actions.def>
#undef OKAPI_ACTION
};

/* A rule is done by one side as a whole: half of "forward, then delete" would lose the message. */
static int is_clients(const apr_array_header_t *actions)
{
    for (int i = 0; i < actions->nelts; i++) {
        const okapi_action_t *a = &APR_ARRAY_IDX(actions, i, okapi_action_t);
        if (a->type == OP_DEFER_ACTION ||
            ((a->type == OP_MOVE || a->type == OP_COPY) && !a->is_local)) {
            return 1;
        }
    }
    return 0;
}

/* The first action that fails ends the rule, but not delivery; the database's failures do. */
static apr_status_t do_actions(okapi__rule_run_t *run, okapi__visit_t *visit,
                               const apr_array_header_t *actions)
{
    for (int i = 0; i < actions->nelts; i++) {
        const okapi_action_t *action = &APR_ARRAY_IDX(actions, i, okapi_action_t);
        run->error = OKAPI__RULE_ERROR_EXECUTING;
        apr_status_t rv = functions[action->type](run, visit, action);
        if (rv == OKAPI_ENOTFOUND || rv == OKAPI_EACCESS || rv == OKAPI_EINVAL ||
            rv == OKAPI_ENOSUPPORT) {
            return break_rule(run, visit, run->error, action, i);
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

/* ---- one rule, and all ---- */

static apr_status_t run_parsed(okapi__rule_run_t *run, okapi__visit_t *visit,
                               const okapi__parsed_rule_t *parsed)
{
    static const okapi__view_t no_view = {0};
    const okapi__ref_t row = {.object = &visit->message->object};
    apr_status_t rv = APR_SUCCESS;
    int told = 0;
    if (is_told_once(run->rule, parsed->actions)) {
        rv = was_told(&told, run, run->rule);
    }
    if (rv != APR_SUCCESS || told ||
        (parsed->has_condition &&
         !okapi__cell_match(&row, &no_view, &parsed->condition, &rv, run->pool))) {
        return rv;
    }
    if (!is_clients(parsed->actions)) {
        rv = do_actions(run, visit, parsed->actions);
    } else {
        rv = run->rule->is_extended /* MS-OXORULE_R349 */
                 ? break_rule(run, visit, OKAPI__RULE_ERROR_EXECUTING, NULL, 0)
                 : okapi__action_defer(run, visit, NULL);
    }
    visit->is_done |= (run->rule->state & ST_EXIT_LEVEL) != 0; /* MS-OXORULE_R857 */
    return rv;
}

static apr_status_t run_rule(okapi__rule_run_t *run, okapi__visit_t *visit,
                             const okapi_rule_t *rule)
{
    okapi__parsed_rule_t parsed;
    int tried;
    apr_status_t rv = is_tried(&tried, run, visit, rule);
    if (rv != APR_SUCCESS || !tried) {
        return rv;
    }
    run->rule = rule;
    rv = rule->is_extended ? okapi__rule_parse_extended(&parsed, rule, run->store, run->pool)
                           : okapi__rule_parse(&parsed, rule, run->pool);
    return rv == APR_SUCCESS    ? run_parsed(run, visit, &parsed)
           : rv == OKAPI_EINVAL ? break_rule(run, visit, OKAPI__RULE_ERROR_PARSING, NULL, 0)
                                : rv;
}

typedef struct list_t {
    okapi_id_t folder_id;
    apr_array_header_t *rules;
    apr_pool_t *pool;
} list_t;

static apr_status_t read_rules(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *list = baton;
    return okapi__rules_read(&list->rules, conn, list->folder_id, list->pool, scratch_pool);
}

/* The standard ones, then the extended ones, each kind in its order. */
static apr_status_t all_rules(apr_array_header_t **rules, okapi__rule_run_t *run,
                              okapi_id_t folder_id)
{
    list_t list = {folder_id, NULL, run->pool};
    apr_status_t rv = okapi__db_read(run->store->okapi->db, read_rules, &list, run->pool);
    *rules = list.rules;
    return rv == APR_SUCCESS && !okapi_store_is_public(run->store) /* MS-OXORULE_R638 */
               ? okapi__rules_read_extended(*rules, run->store, folder_id, run->pool)
               : rv;
}

apr_status_t okapi__rule_visit(okapi__rule_run_t *run, okapi__visit_t *visit)
{
    apr_array_header_t *rules;
    visit->flags |= OKAPI_SAVE_DELIVERY;
    visit->deferred = apr_array_make(run->pool, 2, sizeof(const okapi_rule_t *));
    apr_status_t rv = all_rules(&rules, run, visit->folder_id);
    if (rv == APR_SUCCESS && rules->nelts > 0) {
        rv = okapi__rule_fill_row(visit->message, run->pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < rules->nelts; i++) {
        rv = run_rule(run, visit, &APR_ARRAY_IDX(rules, i, okapi_rule_t));
    }
    if (rv == APR_SUCCESS && !visit->is_moved && !visit->is_deleted) {
        APR_ARRAY_PUSH(run->savings, okapi__saving_t) =
            (okapi__saving_t){.message = visit->message, .flags = visit->flags};
    }
    return rv == APR_SUCCESS && !visit->is_deleted
               ? okapi__rule_defer(run, visit->moved ? visit->moved : visit->message,
                                   visit->folder_id, visit->deferred)
               : rv;
}

apr_status_t okapi__rule_run(okapi__rule_run_t *run, okapi_message_t *message)
{
    okapi__visit_t visit = {.message = message, .folder_id = message->row.folder_id};
    return okapi__rule_visit(run, &visit);
}

/* ---- in the transaction ---- */

/* Who has been told by now isn't told again: the lock makes deliveries from one sender wait for
 * each other. */
static apr_status_t skip_told(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    okapi__rule_run_t *run = baton;
    apr_status_t rv = run->delivered ? okapi__delivered_add(conn, run->delivered, scratch_pool)
                                     : APR_SUCCESS;
    int is_locked = 0;
    for (int i = 0; rv == APR_SUCCESS && i < run->sendings->nelts; i++) {
        okapi__sending_t *s = APR_ARRAY_IDX(run->sendings, i, okapi__sending_t *);
        if (s->is_once && !is_locked) {
            rv = okapi__db_exec(conn, STMT_STORE_LOCK, NULL, DB_ARGS(DB_I(run->store->id)),
                                scratch_pool);
            is_locked = 1;
        }
        if (s->is_once && rv == APR_SUCCESS) {
            rv = okapi__oof_tell(&s->is_skipped, conn, run->store->id, s->rule_id,
                                 run->arrival->sender, scratch_pool);
        }
    }
    return rv;
}

static apr_status_t write_run(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi__rule_run_t *run = baton;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < run->broken->nelts; i++) {
        const okapi__broken_rule_t *b = &APR_ARRAY_IDX(run->broken, i, okapi__broken_rule_t);
        rv = okapi__db_exec(conn, STMT_RULE_SET_STATE, NULL,
                            DB_ARGS(DB_I(b->state), DB_I(b->folder_id), DB_I(b->rule_id)),
                            scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < run->sendings->nelts; i++) {
        const okapi__sending_t *s = APR_ARRAY_IDX(run->sendings, i, okapi__sending_t *);
        const okapi_queue_envelope_t envelope = {s->sender, s->recipients, 0};
        if (!s->is_skipped) {
            rv = okapi__queue_add(conn, s->entry_id, run->store->id, s->message->saving_id,
                                  &envelope, scratch_pool);
        }
    }
    return rv == APR_SUCCESS && run->followup
               ? okapi__followup_check(conn, run->followup, scratch_pool)
               : rv;
}

apr_status_t okapi__rule_run_save(okapi__rule_run_t *run, apr_pool_t *scratch_pool)
{
    const okapi__batch_t also = {skip_told, write_run, run};
    apr_status_t rv = okapi__messages_save(run->store, (const okapi__saving_t *)run->savings->elts,
                                           run->savings->nelts, &also, scratch_pool);
    if (rv == APR_SUCCESS && run->sendings->nelts > 0) {
        okapi__changed(run->store->okapi, OKAPI_DOORBELL_QUEUE);
    }
    return rv;
}
