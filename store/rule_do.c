/* rule_do.c - what rules do with a message itself: MS-OXORULE 2.2.5, 3.2.5.1. */
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "delivery_private.h"

enum { MOVES_MAX = 10 }; /* from folder to folder, each with rules of its own */

enum { BOUNCE_TOO_LARGE = 0x0D, BOUNCE_NO_DISPLAY = 0x1F, BOUNCE_DENIED = 0x26 };

/* ---- elsewhere ---- */

static int was_in(const okapi__visit_t *visit, okapi_id_t folder_id)
{
    for (; visit; visit = visit->from) {
        if (visit->folder_id == folder_id) {
            return 1;
        }
    }
    return 0;
}

static int moves_of(const okapi__visit_t *visit)
{
    int n = 0;
    for (; visit; visit = visit->from) {
        n++;
    }
    return n;
}

/* A folder entry id in an extended rule, a ServerEid in another one. 0: none of this store. */
static okapi_id_t target(const okapi__rule_run_t *run, const okapi_action_t *action)
{
    okapi_id_t folder, message;
    return okapi_entryid_parse(action->folder, &run->store->guid, &folder, &message) ==
                       APR_SUCCESS && !message
               ? folder
               : okapi_action_folder(action);
}

/* Another one in the folder; NEXT is its visit. OKAPI_ENOTFOUND if there is no such folder. */
static apr_status_t place_copy(okapi__visit_t *next, okapi__rule_run_t *run, okapi__visit_t *visit,
                               const okapi_action_t *action)
{
    *next = (okapi__visit_t){.from = visit, .flags = visit->flags};
    next->folder_id = target(run, action);
    run->error = OKAPI__RULE_ERROR_MOVING;
    return okapi__message_clone(&next->message, visit->message, next->folder_id, 1, run->pool,
                                run->pool);
}

static void save_copy(okapi__rule_run_t *run, const okapi__visit_t *next)
{
    APR_ARRAY_PUSH(run->savings, okapi__saving_t) =
        (okapi__saving_t){.message = next->message, .flags = next->flags};
}

apr_status_t okapi__action_copy(okapi__rule_run_t *run, okapi__visit_t *visit,
                                const okapi_action_t *action)
{
    okapi__visit_t next;
    apr_status_t rv = place_copy(&next, run, visit, action);
    if (rv == APR_SUCCESS) {
        save_copy(run, &next);
    }
    return rv;
}

/* Moved, it is tried on that folder's rules at once (MS-OXORULE_R512), unless it has been there. */
apr_status_t okapi__action_move(okapi__rule_run_t *run, okapi__visit_t *visit,
                                const okapi_action_t *action)
{
    okapi__visit_t next;
    apr_status_t rv = place_copy(&next, run, visit, action);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (was_in(visit, next.folder_id) || moves_of(visit) > MOVES_MAX) {
        save_copy(run, &next);
    } else {
        const okapi_rule_t *rule = run->rule;
        rv = okapi__rule_visit(run, &next);
        run->rule = rule;
    }
    visit->is_moved = 1;
    visit->moved = visit->moved ? visit->moved : next.moved ? next.moved : next.message;
    return rv;
}

/* ---- the message ---- */

apr_status_t okapi__action_tag(okapi__rule_run_t *run, okapi__visit_t *visit,
                               const okapi_action_t *action)
{
    apr_status_t rv = okapi_object_set(&visit->message->object, &action->value, 1, run->pool);
    return rv == APR_SUCCESS ? okapi__rule_fill_row(visit->message, run->pool) : rv;
}

apr_status_t okapi__action_mark_as_read(okapi__rule_run_t *run, okapi__visit_t *visit,
                                        const okapi_action_t *action)
{
    visit->flags |= OKAPI__SAVE_READ;
    return APR_SUCCESS;
}

apr_status_t okapi__action_delete(okapi__rule_run_t *run, okapi__visit_t *visit,
                                  const okapi_action_t *action)
{
    visit->is_deleted = visit->is_done = 1;
    return APR_SUCCESS;
}

/* MS-OXORULE 2.2.5.1.2.5. Who brought the message tells its sender (MS-OXORULE_R546, R547). */
apr_status_t okapi__action_bounce(okapi__rule_run_t *run, okapi__visit_t *visit,
                                  const okapi_action_t *action)
{
    switch (action->code) {
    case BOUNCE_TOO_LARGE:
        run->refusal = OKAPI_EREFUSEDSIZE;
        break;
    case BOUNCE_NO_DISPLAY:
        run->refusal = OKAPI_EREFUSEDFORM;
        break;
    case BOUNCE_DENIED:
        run->refusal = OKAPI_EREFUSED;
        break;
    default:
        return OKAPI_EINVAL;
    }
    visit->is_deleted = visit->is_done = 1;
    return APR_SUCCESS;
}

/* ---- the client's ---- */

/* Told once the message has found its place: the client has to find it there. */
apr_status_t okapi__action_defer(okapi__rule_run_t *run, okapi__visit_t *visit,
                                 const okapi_action_t *action)
{
    APR_ARRAY_PUSH(visit->deferred, const okapi_rule_t *) = run->rule;
    return APR_SUCCESS;
}
