/* rule_run.c - the rules of a folder, run on a message that comes into it: MS-OXORULE 3.2.5.1. */
#include <okapi/error.h>

#include "delivery_private.h"
#include "table_private.h"

enum { MOVES_MAX = 10 }; /* from folder to folder, each with rules of its own */

/* A message in a folder, while the folder's rules are tried on it. */
typedef struct visit_t {
    const struct visit_t *from; /* the folder it was moved from; NULL: none */
    okapi_message_t *message;
    okapi_id_t folder_id;
    okapi_message_t *moved;       /* the first copy of those that are left of it; NULL: itself */
    apr_array_header_t *deferred; /* of const okapi_rule_t *: the client's */
    int is_moved, is_deleted;
    int is_done; /* only rules for out of office are tried any more */
    apr_uint32_t flags; /* it is saved with */
} visit_t;

void okapi__rule_run_init(okapi__rule_run_t *run, okapi_store_t *store, apr_pool_t *pool)
{
    *run = (okapi__rule_run_t){.store = store, .is_oof = -1, .pool = pool};
    run->savings = apr_array_make(pool, 2, sizeof(okapi__saving_t));
    run->broken = apr_array_make(pool, 2, sizeof(okapi__broken_rule_t));
}

/* ---- the condition ---- */

/* What the saved message will have in its row, so that conditions see it. */
static apr_status_t fill_row(okapi_message_t *message, apr_pool_t *scratch_pool)
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
    okapi__message_row_fill(&message->row, message, message->pool);
    return rv;
}

/* What can't be read is no reason to tell people that somebody is away. */
static int is_out_of_office(okapi__rule_run_t *run)
{
    const okapi_proptag_t tag = PR_OOF_STATE;
    okapi_propval_t v;
    if (run->is_oof < 0) {
        run->is_oof = okapi_object_get(&run->store->object, &tag, 1, 0, &v, run->pool,
                                       run->pool) == APR_SUCCESS &&
                      v.tag == PR_OOF_STATE && v.v.boolean;
    }
    return run->is_oof;
}

static int is_tried(okapi__rule_run_t *run, const visit_t *visit, const okapi_rule_t *rule)
{
    const okapi_props_t *props = visit->message->bag.props;
    int is_for_oof = (rule->state & ST_ONLY_WHEN_OOF) != 0;
    if (!(rule->state & ST_ENABLED) || (rule->state & ST_RULE_PARSE_ERROR)) {
        return 0; /* MS-OXORULE_R516 */
    }
    if (is_for_oof ? !is_out_of_office(run) : visit->is_done) {
        return 0; /* MS-OXORULE_R517, R560, R550 */
    }
    return !((rule->state & ST_SKIP_IF_SCL_IS_SAFE) &&
             okapi_props_int(props, PR_CONTENT_FILTER_SCL, 0) == -1); /* MS-OXORULE_R74 */
}

/* ---- failures ---- */

/* It is told once, until the rule is set anew (MS-OXORULE_R813, R581). */
static apr_status_t break_rule(okapi__rule_run_t *run, visit_t *visit, const okapi_rule_t *rule,
                               okapi__rule_error_e error, const okapi_action_t *action, int number)
{
    okapi__broken_rule_t broken = {visit->folder_id, rule->id, ST_ERROR};
    if (rule->state & ST_ERROR) {
        return APR_SUCCESS;
    }
    if (error == OKAPI__RULE_ERROR_PARSING) {
        broken.state |= ST_RULE_PARSE_ERROR;
    }
    broken.state |= rule->state;
    APR_ARRAY_PUSH(run->broken, okapi__broken_rule_t) = broken;
    okapi_log(run->store->okapi, OKAPI_LOG_WARNING, APR_SUCCESS,
              "a rule of %s (%" APR_INT64_T_FMT ") failed with error %d at action %d",
              run->store->owner->name, rule->id, (int)error, number);
    return okapi__rule_complain(run, visit->message, visit->folder_id, rule, error, action, number);
}

apr_status_t okapi__rule_run_broken(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi__rule_run_t *run = baton;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < run->broken->nelts; i++) {
        const okapi__broken_rule_t *b = &APR_ARRAY_IDX(run->broken, i, okapi__broken_rule_t);
        rv = okapi__db_exec(conn, STMT_RULE_SET_STATE, NULL,
                            DB_ARGS(DB_I(b->state), DB_I(b->folder_id), DB_I(b->rule_id)),
                            scratch_pool);
    }
    return rv;
}

/* ---- actions ---- */

static apr_status_t run_visit(okapi__rule_run_t *run, visit_t *visit);

static int was_in(const visit_t *visit, okapi_id_t folder_id)
{
    for (; visit; visit = visit->from) {
        if (visit->folder_id == folder_id) {
            return 1;
        }
    }
    return 0;
}

static int moves_of(const visit_t *visit)
{
    int n = 0;
    for (; visit; visit = visit->from) {
        n++;
    }
    return n;
}

/* Another one in the folder. Moved, it is tried on that folder's rules at once (MS-OXORULE_R512),
 * unless it has been there. OKAPI_ENOTFOUND if there is no such folder. */
static apr_status_t place_copy(okapi__rule_run_t *run, visit_t *visit,
                               const okapi_action_t *action)
{
    visit_t next = {.from = visit, .flags = visit->flags};
    next.folder_id = okapi_action_folder(action);
    apr_status_t rv = okapi__message_clone(&next.message, visit->message, next.folder_id, 1,
                                           run->pool, run->pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (action->type == OP_COPY || was_in(visit, next.folder_id) || moves_of(visit) > MOVES_MAX) {
        APR_ARRAY_PUSH(run->savings, okapi__saving_t) =
            (okapi__saving_t){.message = next.message, .flags = next.flags};
    } else {
        rv = run_visit(run, &next);
    }
    if (rv == APR_SUCCESS && action->type == OP_MOVE) {
        visit->is_moved = 1;
        visit->moved = visit->moved ? visit->moved : next.moved ? next.moved : next.message;
    }
    return rv;
}

static apr_status_t tag_message(okapi__rule_run_t *run, visit_t *visit,
                                const okapi_action_t *action)
{
    apr_status_t rv = okapi_object_set(&visit->message->object, &action->value, 1, run->pool);
    return rv == APR_SUCCESS ? fill_row(visit->message, run->pool) : rv;
}

static apr_status_t do_action(okapi__rule_run_t *run, visit_t *visit, const okapi_action_t *action)
{
    switch (action->type) {
    case OP_MOVE:
    case OP_COPY:
        return place_copy(run, visit, action);
    case OP_TAG:
        return tag_message(run, visit, action);
    case OP_MARK_AS_READ:
        visit->flags |= OKAPI__SAVE_READ;
        return APR_SUCCESS;
    case OP_BOUNCE:
        run->is_refused = 1;
        visit->is_deleted = visit->is_done = 1; /* MS-OXORULE_R547 */
        return APR_SUCCESS;
    case OP_DELETE:
        visit->is_deleted = visit->is_done = 1;
        return APR_SUCCESS;
    default: /* what sends or is the client's is sorted out before */
        return OKAPI_ENOSUPPORT;
    }
}

/* Whose actions these are. A rule is done by one side as a whole: half of "forward, then delete"
 * would lose the message. */
typedef enum side_e { SIDE_SERVER, SIDE_CLIENT, SIDE_SENDER } side_e;

static side_e side_of(const apr_array_header_t *actions)
{
    side_e side = SIDE_SERVER;
    for (int i = 0; i < actions->nelts; i++) {
        const okapi_action_t *a = &APR_ARRAY_IDX(actions, i, okapi_action_t);
        int elsewhere = (a->type == OP_MOVE || a->type == OP_COPY) && !a->is_local;
        if (a->type == OP_REPLY || a->type == OP_OOF_REPLY || a->type == OP_FORWARD ||
            a->type == OP_DELEGATE) {
            return SIDE_SENDER;
        }
        if (a->type == OP_DEFER_ACTION || elsewhere) {
            side = SIDE_CLIENT;
        }
    }
    return side;
}

/* The first action that fails ends the rule, but not delivery; the database's failures do. */
static apr_status_t do_actions(okapi__rule_run_t *run, visit_t *visit, const okapi_rule_t *rule,
                               const apr_array_header_t *actions)
{
    for (int i = 0; i < actions->nelts; i++) {
        const okapi_action_t *action = &APR_ARRAY_IDX(actions, i, okapi_action_t);
        apr_status_t rv = do_action(run, visit, action);
        if (rv == OKAPI_ENOTFOUND || rv == OKAPI_EACCESS || rv == OKAPI_EINVAL ||
            rv == OKAPI_ENOSUPPORT) {
            return break_rule(run, visit, rule,
                              action->type == OP_MOVE || action->type == OP_COPY
                                  ? OKAPI__RULE_ERROR_MOVING
                                  : OKAPI__RULE_ERROR_EXECUTING,
                              action, i);
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

/* ---- one rule, and all ---- */

static apr_status_t run_rule(okapi__rule_run_t *run, visit_t *visit, const okapi_rule_t *rule)
{
    static const okapi__view_t no_view = {0};
    const okapi__ref_t row = {.object = &visit->message->object};
    okapi__parsed_rule_t parsed;
    apr_status_t rv = APR_SUCCESS;
    if (!is_tried(run, visit, rule)) {
        return APR_SUCCESS;
    }
    if (okapi__rule_parse(&parsed, rule, run->pool) != APR_SUCCESS) {
        return break_rule(run, visit, rule, OKAPI__RULE_ERROR_PARSING, NULL, 0);
    }
    if (parsed.has_condition &&
        !okapi__cell_match(&row, &no_view, &parsed.condition, &rv, run->pool)) {
        return rv;
    }
    switch (side_of(parsed.actions)) {
    case SIDE_SERVER:
        rv = do_actions(run, visit, rule, parsed.actions);
        break;
    case SIDE_CLIENT:
        APR_ARRAY_PUSH(visit->deferred, const okapi_rule_t *) = rule;
        break;
    case SIDE_SENDER:
        okapi_log(run->store->okapi, OKAPI_LOG_WARNING, APR_SUCCESS,
                  "a rule of %s (%" APR_INT64_T_FMT ") is not run: there is nothing yet that sends "
                  "replies and forwards",
                  run->store->owner->name, rule->id);
        return APR_SUCCESS;
    }
    visit->is_done |= (rule->state & ST_EXIT_LEVEL) != 0; /* MS-OXORULE_R857 */
    return rv;
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

static apr_status_t run_visit(okapi__rule_run_t *run, visit_t *visit)
{
    list_t list = {visit->folder_id, NULL, run->pool};
    visit->flags |= OKAPI_SAVE_DELIVERY;
    visit->deferred = apr_array_make(run->pool, 2, sizeof(const okapi_rule_t *));
    apr_status_t rv = okapi__db_read(run->store->okapi->db, read_rules, &list, run->pool);
    if (rv == APR_SUCCESS && list.rules->nelts > 0) {
        rv = fill_row(visit->message, run->pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < list.rules->nelts; i++) {
        rv = run_rule(run, visit, &APR_ARRAY_IDX(list.rules, i, okapi_rule_t));
    }
    if (rv == APR_SUCCESS && !visit->is_moved && !visit->is_deleted) {
        APR_ARRAY_PUSH(run->savings, okapi__saving_t) =
            (okapi__saving_t){.message = visit->message, .flags = visit->flags};
    }
    for (int i = 0; rv == APR_SUCCESS && !visit->is_deleted && i < visit->deferred->nelts; i++) {
        rv = okapi__rule_defer(run, visit->moved ? visit->moved : visit->message, visit->folder_id,
                               APR_ARRAY_IDX(visit->deferred, i, const okapi_rule_t *));
    }
    return rv;
}

apr_status_t okapi__rule_run(okapi__rule_run_t *run, okapi_message_t *message)
{
    visit_t visit = {.message = message, .folder_id = message->row.folder_id};
    return run_visit(run, &visit);
}
