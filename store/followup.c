/* followup.c - messages that are saved and sent because of another one. */
#include <okapi/error.h>
#include <okapi/followup.h>

#include "delivery_private.h"

okapi_followup_t *okapi_followup_create(apr_pool_t *result_pool)
{
    okapi_followup_t *followup = apr_pcalloc(result_pool, sizeof(*followup));
    followup->saved = apr_array_make(result_pool, 2, sizeof(okapi_message_t *));
    followup->sent = apr_array_make(result_pool, 1, sizeof(okapi_followup_sending_t));
    followup->pool = result_pool;
    return followup;
}

apr_status_t okapi__followup_add(okapi__rule_run_t *run, const okapi_followup_t *followup)
{
    apr_status_t rv = APR_SUCCESS;
    run->followup = followup;
    for (int i = 0; i < followup->saved->nelts; i++) {
        APR_ARRAY_PUSH(run->savings, okapi__saving_t) =
            (okapi__saving_t){.message = APR_ARRAY_IDX(followup->saved, i, okapi_message_t *),
                              .flags = OKAPI__SAVE_ANY_SIZE};
    }
    for (int i = 0; rv == APR_SUCCESS && i < followup->sent->nelts; i++) {
        const okapi_followup_sending_t *s =
            &APR_ARRAY_IDX(followup->sent, i, okapi_followup_sending_t);
        okapi__sending_t *sending = apr_pcalloc(run->pool, sizeof(*sending));
        sending->message = s->message;
        sending->sender = s->sender;
        sending->recipients = s->recipients;
        rv = okapi__outgoing_send(sending, run);
    }
    return rv;
}

static int is_ours(const okapi_followup_t *followup, okapi_id_t id)
{
    for (int i = 0; i < followup->saved->nelts; i++) {
        if (APR_ARRAY_IDX(followup->saved, i, okapi_message_t *)->saving_id == id) {
            return 1;
        }
    }
    return 0;
}

/* By now the transaction has taken change numbers, so nobody else can until it ends. */
apr_status_t okapi__followup_check(okapi__conn_t *conn, const okapi_followup_t *followup,
                                   apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int is_stale = 0;
    if (!followup->decided_by || followup->saved->nelts == 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__db_select(
        &rows, conn, STMT_CHANGED_SINCE,
        DB_ARGS(DB_I(followup->decided_by), DB_I(followup->decided_at),
                DB_I(followup->saved->nelts + 1)),
        scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        is_stale |= !is_ours(followup, okapi__rows_int(rows, 0));
    }
    rv = rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
    return rv == APR_SUCCESS && is_stale ? OKAPI_EOBJECTMODIFIED : rv;
}

apr_status_t okapi_followup_commit(okapi_store_t *store, const okapi_followup_t *followup,
                                   apr_pool_t *scratch_pool)
{
    okapi__rule_run_t run;
    okapi__rule_run_init(&run, store, NULL, scratch_pool);
    apr_status_t rv = okapi__followup_add(&run, followup);
    return rv == APR_SUCCESS ? okapi__rule_run_save(&run, scratch_pool) : rv;
}
