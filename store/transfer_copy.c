/* transfer_copy.c - one message's properties, recipients, attachments and what is embedded, under
 * other ids. Blobs aren't copied: who has them refers to the same ones. */
#include <okapi/error.h>

#include "transfer_private.h"

/* Messages within messages, should the database have a circle of them. */
enum { DEPTH_MAX = 100 };

typedef struct copy_t {
    okapi__conn_t *conn;
    okapi__stock_t *stock;
    okapi__translation_t *translation; /* NULL within a store */
} copy_t;

static apr_status_t take_id(okapi_id_t *id, okapi__stock_t *stock)
{
    *id = stock->next;
    if (stock->next >= stock->end) {
        return APR_INCOMPLETE;
    }
    stock->next++;
    return APR_SUCCESS;
}

/* ---- into another store ---- */

static apr_status_t translate_message(const copy_t *c, okapi_id_t from, okapi_id_t to,
                                      apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows, *raw = NULL;
    int found, has_raw = 0;
    apr_status_t rv = okapi__db_select_one(&rows, &found, c->conn, STMT_MSG_PROPS,
                                           DB_ARGS(DB_I(from)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_select_one(&raw, &has_raw, c->conn, STMT_MSG_SKELETON, DB_ARGS(DB_I(from)),
                                  scratch_pool);
    }
    if (rv != APR_SUCCESS || !found) {
        return rv != APR_SUCCESS ? rv : OKAPI_ECORRUPT;
    }
    okapi_binary_t skeleton = has_raw ? okapi__rows_blob(raw, 0) : (okapi_binary_t){NULL, 0};
    okapi_binary_t props = okapi__rows_blob(rows, 1), recipients = okapi__rows_blob(rows, 2);
    rv = okapi__translate_props(&props, c->translation, scratch_pool);
    apr_status_t rv2 = okapi__translate_recipients(&recipients, c->translation, scratch_pool);
    if (rv != APR_SUCCESS || rv2 != APR_SUCCESS) {
        return rv != APR_SUCCESS ? rv : rv2;
    }
    return okapi__db_exec(c->conn, STMT_MSG_PROPS_ADD, NULL,
                          DB_ARGS(DB_I(to), DB_B(props.data, props.len),
                                  DB_B(recipients.data, recipients.len),
                                  skeleton.len ? DB_B(skeleton.data, skeleton.len) : DB_NULL),
                          scratch_pool);
}

static apr_status_t translate_large(const copy_t *c, okapi_id_t from, okapi_id_t to,
                                    apr_pool_t *scratch_pool)
{
    okapi__propbag_t bag;
    okapi__propbag_init(&bag, scratch_pool);
    apr_status_t rv = okapi__propbag_load_large(&bag, c->conn, from, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < bag.large->nelts; i++) {
        const okapi__large_t *l = &APR_ARRAY_IDX(bag.large, i, okapi__large_t);
        apr_int64_t tag = l->tag;
        rv = okapi__translate_tag(&tag, c->translation);
        if (rv == APR_SUCCESS && tag) {
            rv = okapi__db_exec(c->conn, STMT_BIGPROP_ADD, NULL,
                                DB_ARGS(DB_I(to), DB_I(tag), DB_I(l->blob_id), DB_I(l->size)),
                                scratch_pool);
        }
    }
    return rv;
}

/* ---- within a store, or by the functions above ---- */

static apr_status_t copy_message_row(const copy_t *c, okapi_id_t from, okapi_id_t to,
                                     apr_pool_t *scratch_pool)
{
    apr_int64_t affected;
    if (c->translation) {
        return translate_message(c, from, to, scratch_pool);
    }
    apr_status_t rv = okapi__db_exec(c->conn, STMT_COPY_PROPS, &affected,
                                     DB_ARGS(DB_I(to), DB_I(from)), scratch_pool);
    return rv == APR_SUCCESS && affected == 0 ? OKAPI_ECORRUPT : rv;
}

static apr_status_t copy_large(const copy_t *c, okapi_id_t from, okapi_id_t to,
                               apr_pool_t *scratch_pool)
{
    return c->translation ? translate_large(c, from, to, scratch_pool)
                          : okapi__db_exec(c->conn, STMT_COPY_BIGPROP, NULL,
                                           DB_ARGS(DB_I(to), DB_I(from)), scratch_pool);
}

static apr_status_t copy_message(const copy_t *c, okapi_id_t from, okapi_id_t to, int depth,
                                 apr_pool_t *scratch_pool);

typedef struct attached_t {
    okapi_id_t num, id, method, size, embedded_id;
    okapi_binary_t props;
} attached_t;

static apr_status_t copy_attachment(const copy_t *c, const attached_t *from, okapi_id_t message_id,
                                    int depth, apr_pool_t *scratch_pool)
{
    okapi_id_t id, embedded_id = 0;
    okapi_binary_t props = from->props;
    apr_status_t rv = take_id(&id, c->stock);
    if (rv == APR_SUCCESS && from->embedded_id) {
        rv = take_id(&embedded_id, c->stock);
    }
    if (rv == APR_SUCCESS && c->translation) {
        rv = okapi__translate_props(&props, c->translation, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__db_exec(c->conn, STMT_ATTACH_ADD, NULL,
                            DB_ARGS(DB_I(message_id), DB_I(from->num), DB_I(id),
                                    DB_I(from->method), DB_I(from->size),
                                    embedded_id ? DB_I(embedded_id) : DB_NULL,
                                    DB_B(props.data, props.len)),
                            scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = copy_large(c, from->id, id, scratch_pool);
    }
    return rv == APR_SUCCESS && embedded_id
               ? copy_message(c, from->embedded_id, embedded_id, depth + 1, scratch_pool)
               : rv;
}

static apr_status_t list_attachments(const copy_t *c, okapi_id_t message_id,
                                     apr_array_header_t *attached, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, c->conn, STMT_COPY_ATTACHMENTS,
                                       DB_ARGS(DB_I(message_id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        attached_t *a = apr_array_push(attached);
        a->num = okapi__rows_int(rows, 0);
        a->id = okapi__rows_int(rows, 1);
        a->method = okapi__rows_int(rows, 2);
        a->size = okapi__rows_int(rows, 3);
        a->embedded_id = okapi__rows_int(rows, 4);
        a->props = okapi__rows_blob(rows, 5);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t copy_message(const copy_t *c, okapi_id_t from, okapi_id_t to, int depth,
                                 apr_pool_t *scratch_pool)
{
    apr_array_header_t *attached = apr_array_make(scratch_pool, 4, sizeof(attached_t));
    apr_status_t rv = depth > DEPTH_MAX ? OKAPI_ECORRUPT : APR_SUCCESS;
    if (rv == APR_SUCCESS) {
        rv = copy_message_row(c, from, to, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = copy_large(c, from, to, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = list_attachments(c, from, attached, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < attached->nelts; i++) {
        rv = copy_attachment(c, &APR_ARRAY_IDX(attached, i, attached_t), to, depth, scratch_pool);
    }
    return rv;
}

apr_status_t okapi__message_copy_parts(okapi__conn_t *conn, okapi_id_t from, okapi_id_t to,
                                       okapi__stock_t *stock, okapi__translation_t *translation,
                                       apr_pool_t *scratch_pool)
{
    copy_t c = {conn, stock, translation};
    return copy_message(&c, from, to, 0, scratch_pool);
}

/* Attachments and what is embedded keep their ids: only who they belong to has another. */
apr_status_t okapi__message_rekey_parts(okapi__conn_t *conn, okapi_id_t from, okapi_id_t to,
                                        apr_pool_t *scratch_pool)
{
    static const okapi__stmt_e stmts[] = {STMT_REKEY_PROPS, STMT_REKEY_BIGPROP, STMT_REKEY_ATTACH,
                                          STMT_FTS_DOC_REKEY};
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < 4; i++) {
        rv = okapi__db_post(conn, stmts[i], DB_ARGS(DB_I(to), DB_I(from)), scratch_pool);
    }
    return rv;
}
