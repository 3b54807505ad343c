/* rop_table.c - tables: columns, order, restriction, rows and where the cursor is: MS-OXCTABL.
 *
 * Everything is done at once, so that each TableStatus is TBLSTAT_COMPLETE.
 */
#include "rops_handlers.h"

#define TBLSTAT_COMPLETE 0x00

#define ON(kind)         (1 << (kind)) /* in a set of okapi_table_e */

enum {
    ON_ANY = ON(OKAPI_TABLE__LAST) - 1,
    ON_FOLDERS = ON(OKAPI_TABLE_CONTENTS) | ON(OKAPI_TABLE_HIERARCHY),
    ON_CONTENTS = ON(OKAPI_TABLE_CONTENTS)
};

enum { QUERY_NO_ADVANCE = 0x01 }; /* QueryRowsFlags, MS-OXCTABL 2.2.2.5.1 */
enum { FIND_BACKWARD = 0x01 };    /* FindRowFlags, MS-OXCTABL 2.2.2.14.1 */
#define BOOKMARK_CUSTOM 0x03      /* Origin, MS-OXCTABL 2.2.2.1.2 */

/* The table behind the input handle if it is of one of the KINDS that the ROP is for. */
static apr_status_t get_table(mapi_rop_ctx_t *ctx, int kinds, okapi_table_t **table)
{
    apr_status_t rv = mapi_handle_table(ctx, ctx->in, table);
    if (rv == APR_SUCCESS && !(kinds & ON(okapi_table_kind(*table)))) {
        return OKAPI_ENOSUPPORT;
    }
    return rv;
}

/* Likewise, for what looks at rows. From the first time on the client has a view of the table
 * that notifications keep fresh (MS-OXCNOTIF 3.1.4.3): it knows of all that was before. */
static apr_status_t get_view(mapi_rop_ctx_t *ctx, int kinds, okapi_table_t **table)
{
    apr_status_t rv = get_table(ctx, kinds, table);
    mapi_table_state_t *state = &ctx->in->u.table;
    if (rv != APR_SUCCESS || state->silent || state->cn != 0) {
        return rv;
    }
    okapi_store_t *store;
    rv = mapi_handle_store(ctx, ctx->in, &store);
    return rv == APR_SUCCESS ? okapi_store_cn(store, &state->cn, ctx->scratch_pool) : rv;
}

/* Likewise, for what MS-OXCTABL 3.2.5.2 refuses before RopSetColumns. */
static apr_status_t get_columned(mapi_rop_ctx_t *ctx, int kinds, okapi_table_t **table)
{
    apr_status_t rv = get_view(ctx, kinds, table);
    int n = 0;
    if (rv == APR_SUCCESS) {
        okapi_table_columns(*table, &n);
        rv = n > 0 ? APR_SUCCESS : OKAPI_ENOTSET;
    }
    return rv;
}

/* ---- what the table shows ---- */

/* Property types that columns may have, and whether MV_FLAG may stand with them. */
static const struct {
    apr_uint16_t type;
    int multivalued;
} column_types[] = {
    {PT_SHORT, 1},   {PT_LONG, 1},    {PT_FLOAT, 1},  {PT_DOUBLE, 1}, {PT_CURRENCY, 1},
    {PT_APPTIME, 1}, {PT_BOOLEAN, 0}, {PT_OBJECT, 0}, {PT_I8, 1},     {PT_STRING8, 1},
    {PT_UNICODE, 1}, {PT_SYSTIME, 1}, {PT_CLSID, 1},  {PT_SVREID, 0}, {PT_SRESTRICT, 0},
    {PT_ACTIONS, 0}, {PT_BINARY, 1},
};

static int is_column_type(okapi_proptag_t tag)
{
    apr_uint16_t type = OKAPI_PROP_TYPE(tag);
    int multivalued = (type & MV_FLAG) != 0;
    if ((type & MV_INSTANCE) && !multivalued) {
        return 0;
    }
    type &= ~(MV_FLAG | MV_INSTANCE);
    for (apr_size_t i = 0; i < sizeof(column_types) / sizeof(column_types[0]); i++) {
        if (column_types[i].type == type) {
            return !multivalued || column_types[i].multivalued;
        }
    }
    return 0;
}

apr_status_t rop_set_columns(mapi_rop_ctx_t *ctx, const rop_set_columns_request_t *req,
                             rop_set_columns_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_table(ctx, ON_ANY, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    int valid = req->n_property_tags > 0;
    for (int i = 0; valid && i < req->n_property_tags; i++) {
        valid = is_column_type(req->property_tags[i]);
    }
    rv = valid ? okapi_table_set_columns(table, req->property_tags, req->n_property_tags)
               : OKAPI_EINVAL;
    if (rv != APR_SUCCESS) {
        okapi_table_set_columns(table, NULL, 0); /* MS-OXCTABL 3.2.5.2: none until it succeeds */
    }
    res->table_status = TBLSTAT_COMPLETE;
    return rv;
}

apr_status_t rop_sort_table(mapi_rop_ctx_t *ctx, const rop_sort_table_request_t *req,
                            rop_sort_table_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_table(ctx, ON_CONTENTS, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    const okapi_sort_t *sort = &req->sort_orders;
    res->table_status = TBLSTAT_COMPLETE;
    return okapi_table_sort(table, sort->n > 0 ? sort : NULL);
}

apr_status_t rop_restrict(mapi_rop_ctx_t *ctx, const rop_restrict_request_t *req,
                          rop_restrict_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_table(ctx, ON_FOLDERS, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    res->table_status = TBLSTAT_COMPLETE;
    return okapi_table_restrict(table, req->restriction);
}

apr_status_t rop_reset_table(mapi_rop_ctx_t *ctx, const rop_reset_table_request_t *req,
                             rop_reset_table_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_table(ctx, ON_CONTENTS, &table);
    if (rv == APR_SUCCESS) {
        okapi_table_reset(table);
        ctx->in->u.table.cn = 0;
    }
    return rv;
}

apr_status_t rop_query_columns_all(mapi_rop_ctx_t *ctx, const rop_query_columns_all_request_t *req,
                                   rop_query_columns_all_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_view(ctx, ON_ANY, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_array_header_t *tags;
    rv = okapi_table_all_columns(table, &tags, ctx->scratch_pool, ctx->scratch_pool);
    if (rv == APR_SUCCESS) {
        res->property_tags = (okapi_proptag_t *)tags->elts;
        res->n_property_tags = tags->nelts;
    }
    return rv;
}

/* ---- rows ---- */

/* The least bytes of a column's value in a row: what is absent takes 5 (flag and error code). */
static apr_size_t least_size(okapi_proptag_t tag)
{
    switch (OKAPI_PROP_TYPE(tag)) {
    case PT_BOOLEAN:
    case PT_STRING8:
        return 1;
    case PT_SHORT:
    case PT_UNICODE:
    case PT_BINARY:
        return 2;
    default:
        return 4;
    }
}

/* No more rows than this can fit into ROOM bytes. */
static apr_size_t most_rows(okapi_table_t *table, apr_size_t room)
{
    int n;
    const okapi_proptag_t *columns = okapi_table_columns(table, &n);
    apr_size_t least = 1;
    for (int i = 0; i < n; i++) {
        least += least_size(columns[i]);
    }
    return room / least + 1;
}

/* Appends the row if it fits. */
static int write_row(okapi_writer_t *w, okapi_table_t *table, const okapi_row_t *row,
                     const rop_codec_t *codec)
{
    int n;
    const okapi_proptag_t *columns = okapi_table_columns(table, &n);
    apr_size_t before = w->len;
    okapi_proprow_write(w, columns, row->values, n, &codec->prop);
    if (okapi_writer_status(w) != APR_SUCCESS) {
        okapi_writer_truncate(w, before);
        return 0;
    }
    return 1;
}

/* Appends as many of the first N rows as fit and returns how many. BACKWARD they come nearest to
 * the cursor first and are sent in the table's order (MS-OXCTABL 3.2.5.5). */
static int write_rows(okapi_writer_t *w, okapi_table_t *table, const apr_array_header_t *rows,
                      int n, int backward, const rop_codec_t *codec)
{
    int taken = 0;
    while (taken < n && write_row(w, table, &APR_ARRAY_IDX(rows, taken, okapi_row_t), codec)) {
        taken++;
    }
    if (backward) {
        okapi_writer_truncate(w, 0);
        for (int i = taken - 1; i >= 0; i--) {
            write_row(w, table, &APR_ARRAY_IDX(rows, i, okapi_row_t), codec);
        }
    }
    return taken;
}

#define QUERY_ROWS_FIXED 3 /* Origin and RowCount before the rows */

static apr_size_t room_for_rows(const mapi_rop_ctx_t *ctx, apr_size_t fixed)
{
    return ctx->room > fixed ? ctx->room - fixed : 0;
}

apr_status_t rop_query_rows(mapi_rop_ctx_t *ctx, const rop_query_rows_request_t *req,
                            rop_query_rows_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_ANY, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_writer_t w;
    apr_size_t room = room_for_rows(ctx, QUERY_ROWS_FIXED);
    okapi_writer_init(&w, room < 4096 ? room : 4096, room, ctx->scratch_pool);
    apr_size_t most = most_rows(table, room);
    int wanted = req->row_count < most ? req->row_count : (int)most;
    int backward = !req->forward_read;
    /* One more than wanted tells whether the cursor ends at the table's end. */
    apr_array_header_t *rows;
    rv = okapi_table_rows(table, wanted + 1, backward, 0, &rows, ctx->scratch_pool,
                          ctx->scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (wanted > rows->nelts) {
        wanted = rows->nelts;
    }
    int taken = write_rows(&w, table, rows, wanted, backward, &ctx->codec);
    if (taken == 0 && wanted > 0) {
        return OKAPI_EBUFFERTOOSMALL;
    }
    if (!(req->query_rows_flags & QUERY_NO_ADVANCE) && taken > 0) {
        rv = okapi_table_advance(table, rows, taken, backward);
    }
    res->origin = taken < rows->nelts ? BOOKMARK_CURRENT
                  : backward          ? BOOKMARK_BEGINNING
                                      : BOOKMARK_END;
    res->row_count = (apr_uint16_t)taken;
    res->row_data = (okapi_binary_t){w.data, w.len};
    return rv;
}

/* Moves the cursor to where a search begins. */
static apr_status_t seek_origin(mapi_rop_ctx_t *ctx, okapi_table_t *table,
                                const rop_find_row_request_t *req, int *row_gone)
{
    apr_int32_t moved;
    switch (req->origin) {
    case BOOKMARK_BEGINNING:
    case BOOKMARK_END:
        return okapi_table_seek(table, (okapi_origin_e)req->origin, 0, &moved, ctx->scratch_pool);
    case BOOKMARK_CURRENT:
        return APR_SUCCESS;
    case BOOKMARK_CUSTOM:
        return okapi_table_bookmark_seek(table, req->bookmark, 0, &moved, row_gone,
                                         ctx->scratch_pool);
    default:
        return OKAPI_EINVAL;
    }
}

#define FIND_ROW_FIXED 2 /* RowNoLongerVisible and HasRowData before the row */

apr_status_t rop_find_row(mapi_rop_ctx_t *ctx, const rop_find_row_request_t *req,
                          rop_find_row_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_FOLDERS, &table);
    if (rv == APR_SUCCESS && req->restriction == NULL) {
        rv = OKAPI_EINVAL;
    }
    if (rv == APR_SUCCESS) {
        rv = seek_origin(ctx, table, req, &res->row_no_longer_visible);
    }
    okapi_row_t *row = NULL;
    if (rv == APR_SUCCESS) {
        rv = okapi_table_find(table, req->restriction, req->find_row_flags & FIND_BACKWARD, &row,
                              ctx->scratch_pool, ctx->scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (row == NULL) {
        return OKAPI_ENOTFOUND;
    }
    okapi_writer_t w;
    okapi_writer_init(&w, 512, room_for_rows(ctx, FIND_ROW_FIXED), ctx->scratch_pool);
    if (!write_row(&w, table, row, &ctx->codec)) {
        return OKAPI_EBUFFERTOOSMALL;
    }
    res->has_row_data = 1;
    res->row_data = (okapi_binary_t){w.data, w.len};
    return APR_SUCCESS;
}

/* ---- the cursor ---- */

apr_status_t rop_query_position(mapi_rop_ctx_t *ctx, const rop_query_position_request_t *req,
                                rop_query_position_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_view(ctx, ON_ANY, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return okapi_table_position(table, &res->numerator, &res->denominator, ctx->scratch_pool);
}

apr_status_t rop_seek_row(mapi_rop_ctx_t *ctx, const rop_seek_row_request_t *req,
                          rop_seek_row_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_view(ctx, ON_ANY, &table);
    if (rv == APR_SUCCESS && req->origin > BOOKMARK_END) {
        rv = OKAPI_EINVAL;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = okapi_table_seek(table, (okapi_origin_e)req->origin, req->row_count, &res->rows_sought,
                          ctx->scratch_pool);
    res->has_sought_less = res->rows_sought != req->row_count;
    return rv;
}

apr_status_t rop_seek_row_bookmark(mapi_rop_ctx_t *ctx, const rop_seek_row_bookmark_request_t *req,
                                   rop_seek_row_bookmark_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_FOLDERS, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = okapi_table_bookmark_seek(table, req->bookmark, req->row_count, &res->rows_sought,
                                   &res->row_no_longer_visible, ctx->scratch_pool);
    res->has_sought_less = res->rows_sought != req->row_count;
    return rv;
}

apr_status_t rop_seek_row_fractional(mapi_rop_ctx_t *ctx,
                                     const rop_seek_row_fractional_request_t *req,
                                     rop_seek_row_fractional_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_view(ctx, ON_ANY, &table);
    if (rv == APR_SUCCESS && req->denominator == 0) {
        rv = OKAPI_EINVAL;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return okapi_table_seek_fraction(table, req->numerator, req->denominator, ctx->scratch_pool);
}

apr_status_t rop_create_bookmark(mapi_rop_ctx_t *ctx, const rop_create_bookmark_request_t *req,
                                 rop_create_bookmark_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_table(ctx, ON_FOLDERS, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return okapi_table_bookmark_create(table, &res->bookmark, ctx->scratch_pool);
}

apr_status_t rop_free_bookmark(mapi_rop_ctx_t *ctx, const rop_free_bookmark_request_t *req,
                               rop_free_bookmark_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_FOLDERS, &table);
    return rv == APR_SUCCESS ? okapi_table_bookmark_free(table, req->bookmark) : rv;
}

/* ---- categories ---- */

#define EXPAND_ROW_FIXED 6 /* ExpandedRowCount and RowCount before the rows */

apr_status_t rop_expand_row(mapi_rop_ctx_t *ctx, const rop_expand_row_request_t *req,
                            rop_expand_row_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_CONTENTS, &table);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_writer_t w;
    apr_size_t room = room_for_rows(ctx, EXPAND_ROW_FIXED), most = most_rows(table, room);
    int wanted = req->max_row_count < most ? req->max_row_count : (int)most;
    apr_array_header_t *rows;
    rv = okapi_table_expand(table, req->category_id, wanted, &res->expanded_row_count, &rows,
                            ctx->scratch_pool, ctx->scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_writer_init(&w, room < 4096 ? room : 4096, room, ctx->scratch_pool);
    int taken = write_rows(&w, table, rows, rows->nelts, 0, &ctx->codec);
    res->row_count = (apr_uint16_t)taken;
    res->row_data = (okapi_binary_t){w.data, w.len};
    apr_int32_t moved; /* back to behind the last one that fits */
    return okapi_table_seek(table, BOOKMARK_CURRENT, taken - rows->nelts, &moved,
                            ctx->scratch_pool);
}

apr_status_t rop_collapse_row(mapi_rop_ctx_t *ctx, const rop_collapse_row_request_t *req,
                              rop_collapse_row_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_CONTENTS, &table);
    return rv == APR_SUCCESS ? okapi_table_collapse(table, req->category_id,
                                                    &res->collapsed_row_count, ctx->scratch_pool)
                             : rv;
}

apr_status_t rop_get_collapse_state(mapi_rop_ctx_t *ctx,
                                    const rop_get_collapse_state_request_t *req,
                                    rop_get_collapse_state_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_CONTENTS, &table);
    return rv == APR_SUCCESS ? okapi_table_collapse_state(table, req->row_id,
                                                          req->row_instance_number,
                                                          &res->collapse_state, ctx->scratch_pool,
                                                          ctx->scratch_pool)
                             : rv;
}

apr_status_t rop_set_collapse_state(mapi_rop_ctx_t *ctx,
                                    const rop_set_collapse_state_request_t *req,
                                    rop_set_collapse_state_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_columned(ctx, ON_CONTENTS, &table);
    return rv == APR_SUCCESS ? okapi_table_set_collapse_state(table, req->collapse_state,
                                                              &res->bookmark, ctx->scratch_pool,
                                                              ctx->scratch_pool)
                             : rv;
}

/* ---- asynchronous operations, of which there are none ---- */

apr_status_t rop_get_status(mapi_rop_ctx_t *ctx, const rop_get_status_request_t *req,
                            rop_get_status_response_t *res)
{
    okapi_table_t *table;
    res->table_status = TBLSTAT_COMPLETE;
    return get_table(ctx, ON_ANY, &table);
}

apr_status_t rop_abort(mapi_rop_ctx_t *ctx, const rop_abort_request_t *req,
                       rop_abort_response_t *res)
{
    okapi_table_t *table;
    apr_status_t rv = get_table(ctx, ON_FOLDERS, &table);
    return rv == APR_SUCCESS ? OKAPI_EUNABLETOABORT : rv;
}
