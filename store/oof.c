/* oof.c - the out of office settings of a mailbox, and who has been told. */
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/oof.h>

#include "delivery_private.h"

int okapi_oof_is_on(const okapi_oof_t *oof, okapi_time_t now)
{
    return oof->state == OKAPI_OOF_ON ||
           (oof->state == OKAPI_OOF_SCHEDULED && oof->start <= now && now < oof->end);
}

/* ---- reading ---- */

/* The columns state, start_t, end_t. */
static void read_state(okapi_oof_t *oof, okapi__rows_t *rows)
{
    oof->state = (okapi_oof_e)okapi__rows_int(rows, 0);
    oof->start = okapi__rows_int(rows, 1);
    oof->end = okapi__rows_int(rows, 2);
}

apr_status_t okapi__oof_is_on(int *is_on, okapi__conn_t *conn, okapi_id_t store_id,
                              apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int found;
    okapi_oof_t oof = {0};
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_OOF_STATE,
                                           DB_ARGS(DB_I(store_id)), scratch_pool);
    if (rv == APR_SUCCESS && found) {
        read_state(&oof, rows);
    }
    *is_on = okapi_oof_is_on(&oof, okapi_time_now());
    return rv;
}

/* *FOUND 0: there is no row yet, which says nothing. */
static apr_status_t read_all(okapi_oof_t *oof, int *found, okapi__conn_t *conn,
                             okapi_id_t store_id, apr_pool_t *result_pool,
                             apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    *oof = (okapi_oof_t){.replies[OKAPI_OOF_INTERNAL].is_sent = 1};
    apr_status_t rv = okapi__db_select_one(&rows, found, conn, STMT_OOF_GET,
                                           DB_ARGS(DB_I(store_id)), scratch_pool);
    int is_there = rv == APR_SUCCESS && *found;
    if (is_there) {
        read_state(oof, rows);
    }
    for (int i = 0; i < OKAPI_OOF__AUDIENCES; i++) {
        okapi_oof_reply_t *reply = &oof->replies[i];
        okapi_binary_t text = {NULL, 0};
        if (is_there) {
            reply->is_sent = (int)(okapi__rows_int(rows, 3) >> i & 1);
            text = okapi__rows_blob(rows, 4 + i);
        }
        reply->html = text.len ? apr_pstrmemdup(result_pool, (const char *)text.data, text.len)
                               : "";
    }
    return rv;
}

typedef struct work_t {
    okapi_store_t *store;
    okapi_oof_t *oof;
    apr_pool_t *result_pool;
} work_t;

static apr_status_t get_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const work_t *b = baton;
    int found;
    return read_all(b->oof, &found, conn, b->store->id, b->result_pool, scratch_pool);
}

apr_status_t okapi_oof_get(okapi_oof_t *oof, okapi_store_t *store, apr_pool_t *result_pool,
                           apr_pool_t *scratch_pool)
{
    work_t b = {store, oof, result_pool};
    return store->full_access ? okapi__db_read(store->okapi->db, get_work, &b, scratch_pool)
                              : OKAPI_EACCESS;
}

/* ---- changing ---- */

static okapi__arg_t text_of(const okapi_oof_t *oof, okapi_oof_audience_e audience)
{
    const char *html = oof->replies[audience].html;
    return DB_B(html, strlen(html));
}

static apr_status_t write_all(okapi__conn_t *conn, okapi_id_t store_id, const okapi_oof_t *oof,
                              int is_there, apr_pool_t *scratch_pool)
{
    int sent = 0;
    for (int i = 0; i < OKAPI_OOF__AUDIENCES; i++) {
        sent |= (oof->replies[i].is_sent != 0) << i;
    }
    return okapi__db_exec(conn, is_there ? STMT_OOF_SET : STMT_OOF_ADD, NULL,
                          DB_ARGS(DB_I(oof->state), DB_I(oof->start), DB_I(oof->end), DB_I(sent),
                                  text_of(oof, OKAPI_OOF_INTERNAL),
                                  text_of(oof, OKAPI_OOF_EXTERNAL_KNOWN),
                                  text_of(oof, OKAPI_OOF_EXTERNAL_UNKNOWN), DB_I(store_id)),
                          scratch_pool);
}

/* Under the lock of the store's row. With a change of the state everybody is told anew
 * (MS-OXORULE_R585); not with one of the texts. */
static apr_status_t replace(okapi__conn_t *conn, okapi_id_t store_id, const okapi_oof_t *oof,
                            apr_pool_t *scratch_pool)
{
    okapi_oof_t old;
    int found;
    apr_status_t rv = read_all(&old, &found, conn, store_id, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = write_all(conn, store_id, oof, found, scratch_pool);
    }
    int is_same = old.state == oof->state &&
                  (oof->state != OKAPI_OOF_SCHEDULED ||
                   (old.start == oof->start && old.end == oof->end));
    return rv == APR_SUCCESS && !is_same
               ? okapi__db_exec(conn, STMT_OOF_SENT_CLEAR, NULL, DB_ARGS(DB_I(store_id)),
                                scratch_pool)
               : rv;
}

static apr_status_t set_work(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const work_t *b = baton;
    apr_status_t rv = okapi__db_exec(conn, STMT_STORE_LOCK, NULL, DB_ARGS(DB_I(b->store->id)),
                                     scratch_pool);
    return rv == APR_SUCCESS ? replace(conn, b->store->id, b->oof, scratch_pool) : rv;
}

apr_status_t okapi_oof_set(okapi_store_t *store, const okapi_oof_t *oof, apr_pool_t *scratch_pool)
{
    okapi_oof_t copy = *oof;
    work_t b = {.store = store, .oof = &copy};
    if (!store->full_access) {
        return OKAPI_EACCESS;
    }
    if (oof->state > OKAPI_OOF_SCHEDULED ||
        (oof->state == OKAPI_OOF_SCHEDULED && oof->end <= oof->start)) {
        return OKAPI_EINVAL;
    }
    for (int i = 0; i < OKAPI_OOF__AUDIENCES; i++) {
        if (strlen(oof->replies[i].html) > OKAPI_OOF_TEXT_MAX) {
            return OKAPI_ETOOBIG;
        }
    }
    return okapi__db_write(store->okapi->db, set_work, &b, scratch_pool);
}

apr_status_t okapi__oof_switch(okapi__conn_t *conn, okapi_id_t store_id, int is_on,
                               apr_pool_t *scratch_pool)
{
    okapi_oof_t oof;
    int found;
    apr_status_t rv = read_all(&oof, &found, conn, store_id, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS || okapi_oof_is_on(&oof, okapi_time_now()) == is_on) {
        return rv;
    }
    oof.state = is_on ? OKAPI_OOF_ON : OKAPI_OOF_OFF;
    return replace(conn, store_id, &oof, scratch_pool);
}

/* ---- who has been told ---- */

apr_status_t okapi__oof_told(int *told, okapi__conn_t *conn, okapi_id_t store_id,
                             okapi_id_t rule_id, const char *address, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    return okapi__db_select_one(&rows, told, conn, STMT_OOF_SENT,
                                DB_ARGS(DB_I(store_id), DB_I(rule_id), DB_S(address)),
                                scratch_pool);
}

apr_status_t okapi__oof_tell(int *told, okapi__conn_t *conn, okapi_id_t store_id,
                             okapi_id_t rule_id, const char *address, apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi__oof_told(told, conn, store_id, rule_id, address, scratch_pool);
    return rv == APR_SUCCESS && !*told
               ? okapi__db_exec(conn, STMT_OOF_SENT_ADD, NULL,
                                DB_ARGS(DB_I(store_id), DB_I(rule_id), DB_S(address),
                                        DB_I(okapi_time_now())),
                                scratch_pool)
               : rv;
}
