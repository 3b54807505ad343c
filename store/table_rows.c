/* table_rows.c - rows of contents tables out of the database: what the message table has, and
 * properties only when a column, a restriction or a sort asks for what it hasn't. */
#include <apr_strings.h>

#include "per_user_read.h"
#include "table_private.h"

typedef struct stmts_t {
    okapi__stmt_e of_ids, all;
} stmts_t;

int okapi__folder_shows_links(const okapi_folder_t *folder, int part)
{
    return folder->is_search && part == OKAPI__PART_NORMAL;
}

/* The rows whose further properties one statement gets. */
typedef struct batch_t {
    okapi__ref_t *refs;
    int n;
} batch_t;

static okapi_message_t *find(const batch_t *batch, okapi_id_t id)
{
    for (int i = 0; i < batch->n; i++) {
        if (batch->refs[i].id == id) {
            return (okapi_message_t *)batch->refs[i].object;
        }
    }
    return NULL;
}

/* The arguments of OKAPI_IDS. */
static void ids_of(okapi__arg_t *args, const batch_t *batch)
{
    for (int i = 0; i < OKAPI__DB_IDS; i++) {
        args[i] = DB_I(i < batch->n ? batch->refs[i].id : 0);
    }
}

/* TABLE_LIST_COLUMNS. Texts are in the pool of ROWS already. */
static void read_list_row(okapi__message_row_t *row, okapi__rows_t *rows)
{
    int c = 0;
    row->id = okapi__rows_int(rows, c++);
    row->flags = (apr_uint32_t)okapi__rows_int(rows, c++);
    row->delivered = okapi__rows_int(rows, c++);
    row->size = okapi__rows_int(rows, c++);
    row->importance = (int)okapi__rows_int(rows, c++);
    row->icon = (int)okapi__rows_int(rows, c++);
    row->creator = okapi__rows_int(rows, c++);
    row->message_class = okapi__rows_str(rows, c++);
    row->prefix = okapi__rows_str(rows, c++);
    row->subject = okapi__rows_str(rows, c++);
    row->sender = okapi__rows_str(rows, c++);
}

/* What a search folder shows is in other folders: each row says in which. */
static int reads_row(const okapi_folder_t *folder, int part, int needs)
{
    return (needs & OKAPI__NEED_ROW) || okapi__folder_shows_links(folder, part);
}

static const stmts_t *stmts_of(const okapi_folder_t *folder, int part, int needs)
{
    static const stmts_t list = {STMT_TABLE_IDS_LIST, STMT_TABLE_ALL_LIST},
                         rows = {STMT_TABLE_IDS_ROWS, STMT_TABLE_ALL_ROWS},
                         links = {STMT_TABLE_IDS_LINKS, STMT_TABLE_ALL_LINKS};
    return okapi__folder_shows_links(folder, part) ? &links
           : needs & OKAPI__NEED_ROW               ? &rows
                                                   : &list;
}

okapi_message_t *okapi__row_message(okapi__rows_t *rows, const okapi_folder_t *folder, int part,
                                    int needs, apr_pool_t *result_pool)
{
    okapi_message_t *message = okapi__message_make(folder->store, result_pool);
    if (reads_row(folder, part, needs)) {
        okapi__message_row_read(&message->row, rows, result_pool);
    } else {
        read_list_row(&message->row, rows);
        message->row.folder_id = folder->id;
        message->row.part = part;
    }
    message->id = message->row.id;
    okapi__message_admit(message, folder->rights);
    return message;
}

/* ---- properties ---- */

static apr_status_t fetch_props(const batch_t *batch, okapi__conn_t *conn,
                                apr_pool_t *scratch_pool)
{
    okapi__arg_t ids[OKAPI__DB_IDS];
    okapi__rows_t *rows;
    ids_of(ids, batch);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_TABLE_PROPS, ids, OKAPI__DB_IDS,
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_message_t *message = find(batch, okapi__rows_int(rows, 0));
        if (message) {
            rv = okapi__message_fill(message, okapi__rows_blob(rows, 1),
                                     okapi__rows_blob(rows, 2));
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t fetch_large(const batch_t *batch, okapi__conn_t *conn,
                                apr_pool_t *scratch_pool)
{
    okapi__arg_t ids[OKAPI__DB_IDS];
    okapi__rows_t *rows;
    ids_of(ids, batch);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_TABLE_LARGE, ids, OKAPI__DB_IDS,
                                       scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_message_t *message = find(batch, okapi__rows_int(rows, 0));
        if (message && message->loaded && !message->hidden) {
            okapi__propbag_add_large(&message->bag, okapi__rows_int(rows, 1),
                                     okapi__rows_int(rows, 2), okapi__rows_int(rows, 3));
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* In the public store it is the actor's own whether a message is read. */
static apr_status_t fetch_read(const batch_t *batch, const okapi_folder_t *folder,
                               okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    if (!okapi_store_is_public(folder->store)) {
        return rv;
    }
    for (int i = 0; rv == APR_SUCCESS && i < batch->n; i++) {
        okapi_message_t *message = (okapi_message_t *)batch->refs[i].object;
        if (message) {
            rv = okapi__per_user_flags(&message->row.flags, conn, folder->store, folder->id,
                                       message->id, scratch_pool);
        }
    }
    return rv;
}

/* One pool for each statement's result, which is copied by what reads it. */
static apr_status_t fetch_behind(const batch_t *batch, okapi__conn_t *conn,
                                 apr_pool_t *scratch_pool)
{
    apr_status_t rv = fetch_props(batch, conn, scratch_pool);
    return rv == APR_SUCCESS ? fetch_large(batch, conn, scratch_pool) : rv;
}

/* ---- rows ---- */

static apr_status_t fetch_rows(batch_t *batch, const okapi_folder_t *folder, int part, int needs,
                               okapi__conn_t *conn, apr_pool_t *result_pool)
{
    okapi__arg_t args[2 + OKAPI__DB_IDS];
    okapi__rows_t *rows;
    args[0] = DB_I(folder->id);
    args[1] = DB_I(part);
    ids_of(args + 2, batch);
    apr_status_t rv = okapi__db_select(&rows, conn, stmts_of(folder, part, needs)->of_ids, args,
                                       2 + OKAPI__DB_IDS, result_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_message_t *message = okapi__row_message(rows, folder, part, needs, result_pool);
        for (int i = 0; i < batch->n; i++) {
            if (batch->refs[i].id == message->id) {
                batch->refs[i].object = &message->object;
            }
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Removes those without an object. */
static void compact(apr_array_header_t *refs)
{
    int kept = 0;
    for (int i = 0; i < refs->nelts; i++) {
        okapi__ref_t ref = APR_ARRAY_IDX(refs, i, okapi__ref_t);
        if (ref.object) {
            APR_ARRAY_IDX(refs, kept++, okapi__ref_t) = ref;
        }
    }
    refs->nelts = kept;
}

apr_status_t okapi__rows_fetch(apr_array_header_t *refs, okapi_folder_t *folder, int part,
                               int needs, okapi__conn_t *conn, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    apr_pool_t *iterpool;
    apr_status_t rv = apr_pool_create(&iterpool, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < refs->nelts; i += OKAPI__DB_IDS) {
        int left = refs->nelts - i;
        batch_t batch = {&APR_ARRAY_IDX(refs, i, okapi__ref_t),
                         left < OKAPI__DB_IDS ? left : OKAPI__DB_IDS};
        apr_pool_clear(iterpool);
        if (!batch.refs[0].object) { /* a plan gives the objects of all rows, or of none */
            rv = fetch_rows(&batch, folder, part, needs, conn, result_pool);
        }
        if (rv == APR_SUCCESS) {
            rv = fetch_read(&batch, folder, conn, iterpool);
        }
        if (rv == APR_SUCCESS && needs & OKAPI__NEED_PROPS) {
            rv = fetch_behind(&batch, conn, iterpool);
        }
    }
    apr_pool_destroy(iterpool);
    compact(refs);
    return rv;
}

apr_status_t okapi__rows_list(apr_array_header_t *refs, okapi_folder_t *folder, int part,
                              okapi_id_t after, int max, int needs, okapi__conn_t *conn,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, stmts_of(folder, part, needs)->all,
                                       DB_ARGS(DB_I(folder->id), DB_I(part), DB_I(after),
                                               DB_I(max)),
                                       result_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_message_t *message = okapi__row_message(rows, folder, part, needs, result_pool);
        okapi__ref_t *ref = apr_array_push(refs);
        *ref = (okapi__ref_t){.id = message->id, .object = &message->object};
    }
    rv = rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
    return rv == APR_SUCCESS ? okapi__rows_fetch(refs, folder, part, needs, conn, result_pool,
                                                 scratch_pool)
                             : rv;
}
