/* table.c - tables as callers know them: opening, reading, moving the cursor, bookmarks, finding. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "table_private.h"

enum { WALK_BATCH = 1000 }; /* rows of one step of a walk that reads keys only */

/* ---- opening ---- */

static apr_status_t count_rows(okapi_table_t *table, apr_uint32_t *count, apr_pool_t *scratch_pool);

static apr_status_t open_on_folder(okapi_table_t **table, apr_uint32_t *count, okapi_table_e kind,
                                   okapi_folder_t *folder, int flags, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool)
{
    okapi_table_t *t = okapi__table_make(folder->store, result_pool);
    t->kind = kind;
    t->flags = flags;
    t->folder_id = folder->id;
    t->folder = folder;
    apr_status_t rv = okapi__table_set_view(t, NULL, 0, NULL, NULL);
    if (rv == APR_SUCCESS) {
        rv = count_rows(t, count, scratch_pool);
    }
    *table = rv == APR_SUCCESS ? t : NULL;
    return rv;
}

apr_status_t okapi_table_contents(okapi_table_t **table, apr_uint32_t *count,
                                  okapi_folder_t *folder, int flags, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    *table = NULL;
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI_RIGHT_READ_ANY);
    return rv == APR_SUCCESS ? open_on_folder(table, count, OKAPI_TABLE_CONTENTS, folder, flags,
                                              result_pool, scratch_pool)
                             : rv;
}

apr_status_t okapi_table_hierarchy(okapi_table_t **table, apr_uint32_t *count,
                                   okapi_folder_t *folder, int flags, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool)
{
    return open_on_folder(table, count, OKAPI_TABLE_HIERARCHY, folder, flags, result_pool,
                          scratch_pool);
}

apr_status_t okapi_table_attachments(okapi_table_t **table, okapi_message_t *message,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    *table = okapi__table_make(message->store, result_pool);
    (*table)->kind = OKAPI_TABLE_ATTACHMENTS;
    (*table)->message = message;
    return okapi__table_set_view(*table, NULL, 0, NULL, NULL);
}

okapi_table_e okapi_table_kind(const okapi_table_t *table)
{
    return table->kind;
}

okapi_id_t okapi_table_folder_id(const okapi_table_t *table)
{
    return table->folder_id;
}

/* ---- columns, sort order, restriction ---- */

/* To the first row, and the bookmarks are void. */
static void begin(okapi_table_t *table)
{
    okapi__place_begin(&table->cursor);
    for (int i = 0; i < table->bookmarks->nelts; i++) {
        APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t).number = 0;
    }
}

void okapi_table_set_columns(okapi_table_t *table, const okapi_proptag_t *tags, int n)
{
    const okapi__view_t *view = table->view;
    /* It fails for sort orders and restrictions only, and these were good before. */
    okapi__table_set_view(table, tags, n, view->sort, view->restriction);
}

const okapi_proptag_t *okapi_table_columns(const okapi_table_t *table, int *n)
{
    *n = table->view->ncolumns;
    return table->view->columns;
}

apr_status_t okapi_table_sort(okapi_table_t *table, const okapi_sort_t *sort)
{
    const okapi__view_t *view = table->view;
    apr_status_t rv = okapi__table_set_view(table, view->columns, view->ncolumns, sort,
                                            view->restriction);
    if (rv == APR_SUCCESS) {
        begin(table);
    }
    return rv;
}

apr_status_t okapi_table_restrict(okapi_table_t *table, const okapi_restriction_t *restriction)
{
    const okapi__view_t *view = table->view;
    apr_status_t rv = okapi__table_set_view(table, view->columns, view->ncolumns, view->sort,
                                            restriction);
    if (rv == APR_SUCCESS) {
        begin(table);
    }
    return rv;
}

void okapi_table_reset(okapi_table_t *table)
{
    okapi__table_set_view(table, NULL, 0, NULL, NULL);
    begin(table);
}

apr_status_t okapi_table_all_columns(okapi_table_t *table, apr_array_header_t **tags,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__computed_t *computed = table->kind == OKAPI_TABLE_CONTENTS
                                            ? okapi__message_computed
                                        : table->kind == OKAPI_TABLE_HIERARCHY
                                            ? okapi__folder_computed
                                            : okapi__attachment_computed;
    *tags = apr_array_make(result_pool, 64, sizeof(okapi_proptag_t));
    for (; computed->tag; computed++) {
        APR_ARRAY_PUSH(*tags, okapi_proptag_t) = computed->tag;
    }
    if (table->kind == OKAPI_TABLE_CONTENTS) {
        for (const okapi_proptag_t *tag = okapi__cell_tags(); *tag; tag++) {
            APR_ARRAY_PUSH(*tags, okapi_proptag_t) = *tag;
        }
    }
    return APR_SUCCESS;
}

/* ---- reading ---- */

typedef struct reading_t {
    okapi_table_t *table;
    const okapi__place_t *place;
    int max, backward;
    int fetch, need_props; /* the rows too; their properties too */
    apr_array_header_t *refs;
    apr_uint32_t count, number;
    apr_pool_t *pool; /* of the references and rows */
} reading_t;

static apr_status_t read_refs(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    okapi_table_t *table = r->table;
    r->refs = apr_array_make(r->pool, 16, sizeof(okapi__ref_t));
    apr_status_t rv = table->view->plan->refs(r->refs, table, conn, r->place, r->max, r->backward,
                                              r->pool, scratch_pool);
    if (rv == APR_SUCCESS && r->fetch) {
        rv = okapi__rows_fetch(r->refs, table->folder, okapi__table_part(table), r->need_props,
                               conn, r->pool, scratch_pool);
    }
    return rv;
}

static apr_status_t read_count(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    return r->table->view->plan->count(&r->count, r->table, conn, scratch_pool);
}

static apr_status_t read_number(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    reading_t *r = baton;
    apr_status_t rv = read_count(conn, r, scratch_pool);
    return rv == APR_SUCCESS ? r->table->view->plan->number(&r->number, r->table, conn, r->place,
                                                            scratch_pool)
                             : rv;
}

/* Each call of the API reads between these two. */
static apr_status_t prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    apr_status_t rv = APR_SUCCESS;
    if (table->kind == OKAPI_TABLE_CONTENTS) {
        rv = okapi__table_need_folder(table, scratch_pool);
    }
    return rv == APR_SUCCESS ? table->view->plan->prepare(table, scratch_pool) : rv;
}

static apr_status_t finish(okapi_table_t *table, apr_status_t rv)
{
    table->view->plan->finish(table);
    return rv;
}

static apr_status_t run(reading_t *r, okapi__work_t work, apr_pool_t *scratch_pool)
{
    return okapi__db_read(r->table->store->okapi->db, work, r, scratch_pool);
}

static apr_status_t count_rows(okapi_table_t *table, apr_uint32_t *count, apr_pool_t *scratch_pool)
{
    reading_t r = {.table = table, .pool = scratch_pool};
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = run(&r, read_count, scratch_pool);
    }
    *count = r.count;
    return finish(table, rv);
}

/* Do the columns, or what is searched for, ask for more than the rows have? */
static int needs_props(const okapi_proptag_t *tags, int n)
{
    int needed = 0;
    for (int i = 0; i < n; i++) {
        needed |= !okapi__cell_in_row(tags[i]);
    }
    return needed;
}

/* Up to MAX rows around PLACE, in POOL. Between prepare and finish. */
static apr_status_t fetch(reading_t *r, const okapi__place_t *place, int max, int backward,
                          apr_pool_t *pool)
{
    r->place = place;
    r->max = max;
    r->backward = backward != 0;
    r->fetch = r->table->kind == OKAPI_TABLE_CONTENTS;
    r->pool = pool;
    return run(r, read_refs, pool);
}

/* The cells of a row. */
static apr_status_t make_row(okapi_row_t *row, const okapi_table_t *table, const okapi__ref_t *ref,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__view_t *view = table->view;
    apr_status_t rv = APR_SUCCESS;
    row->id = ref->id;
    row->key = (okapi_binary_t){apr_pmemdup(result_pool, ref->key.data, ref->key.len),
                                ref->key.len};
    row->values = apr_palloc(result_pool, sizeof(*row->values) * (apr_size_t)(view->ncolumns + 1));
    for (int i = 0; rv == APR_SUCCESS && i < view->ncolumns; i++) {
        rv = okapi__cell(&row->values[i], ref->object, view->columns[i], result_pool,
                         scratch_pool);
    }
    return rv;
}

apr_status_t okapi_table_rows(okapi_table_t *table, int max, int backward, int advance,
                              apr_array_header_t **rows, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    const okapi__view_t *view = table->view;
    reading_t r = {.table = table};
    *rows = apr_array_make(result_pool, 16, sizeof(okapi_row_t));
    if (view->ncolumns == 0) {
        return OKAPI_ENOTSET;
    }
    r.need_props = needs_props(view->columns, view->ncolumns);
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        /* Cells point into the rows. */
        rv = fetch(&r, &table->cursor, max, backward, result_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < r.refs->nelts; i++) {
        rv = make_row(apr_array_push(*rows), table, &APR_ARRAY_IDX(r.refs, i, okapi__ref_t),
                      result_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS && advance) {
        rv = okapi_table_advance(table, *rows, (*rows)->nelts, backward);
    }
    return finish(table, rv);
}

apr_status_t okapi_table_advance(okapi_table_t *table, const apr_array_header_t *rows, int taken,
                                 int backward)
{
    if (taken < 0 || taken > rows->nelts) {
        return OKAPI_EINVAL;
    }
    if (taken > 0) {
        okapi__place_at(&table->cursor, APR_ARRAY_IDX(rows, taken - 1, okapi_row_t).key,
                        backward != 0);
    }
    return APR_SUCCESS;
}

/* ---- moving ---- */

/* Moves PLACE by COUNT rows at most, reading their keys only. Between prepare and finish. */
static apr_status_t walk(okapi_table_t *table, okapi__place_t *place, apr_int32_t count,
                         apr_int32_t *moved, apr_pool_t *scratch_pool)
{
    int backward = count < 0;
    apr_int64_t left = backward ? -(apr_int64_t)count : count;
    reading_t r = {.table = table, .place = place, .backward = backward};
    apr_int64_t done = 0;
    apr_status_t rv = apr_pool_create(&r.pool, scratch_pool);
    while (rv == APR_SUCCESS && left > 0) {
        r.max = left < WALK_BATCH ? (int)left : WALK_BATCH;
        apr_pool_clear(r.pool);
        rv = run(&r, read_refs, r.pool);
        if (rv == APR_SUCCESS) {
            int n = r.refs->nelts;
            if (n > 0) {
                okapi__place_at(place, APR_ARRAY_IDX(r.refs, n - 1, okapi__ref_t).key, backward);
            }
            done += n;
            left = n < r.max ? 0 : left - n;
        }
    }
    apr_pool_destroy(r.pool);
    *moved = (apr_int32_t)(backward ? -done : done);
    return rv;
}

apr_status_t okapi_table_position(okapi_table_t *table, apr_uint32_t *numerator,
                                  apr_uint32_t *denominator, apr_pool_t *scratch_pool)
{
    reading_t r = {.table = table, .place = &table->cursor, .pool = scratch_pool};
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = run(&r, read_number, scratch_pool);
    }
    *numerator = r.number < r.count ? r.number : r.count;
    *denominator = r.count;
    return finish(table, rv);
}

apr_status_t okapi_table_seek(okapi_table_t *table, okapi_origin_e origin, apr_int32_t count,
                              apr_int32_t *moved, apr_pool_t *scratch_pool)
{
    *moved = 0;
    switch (origin) {
    case BOOKMARK_BEGINNING:
        okapi__place_begin(&table->cursor);
        break;
    case BOOKMARK_CURRENT:
        break;
    case BOOKMARK_END:
        okapi__place_end(&table->cursor);
        break;
    default:
        return OKAPI_EINVAL;
    }
    if (count == 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = walk(table, &table->cursor, count, moved, scratch_pool);
    }
    return finish(table, rv);
}

apr_status_t okapi_table_seek_fraction(okapi_table_t *table, apr_uint32_t numerator,
                                       apr_uint32_t denominator, apr_pool_t *scratch_pool)
{
    apr_uint32_t count;
    apr_int32_t moved;
    if (denominator == 0) {
        return OKAPI_EINVAL;
    }
    if (numerator == 0 || numerator >= denominator) {
        return okapi_table_seek(table, numerator ? BOOKMARK_END : BOOKMARK_BEGINNING, 0, &moved,
                                scratch_pool);
    }
    apr_status_t rv = count_rows(table, &count, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_int64_t target = (apr_int64_t)count * numerator / denominator;
    int from_end = target > count / 2; /* the shorter way */
    return okapi_table_seek(table, from_end ? BOOKMARK_END : BOOKMARK_BEGINNING,
                            (apr_int32_t)(from_end ? target - count : target), &moved,
                            scratch_pool);
}

/* ---- bookmarks ---- */

static okapi__bookmark_t *bookmark_of(okapi_table_t *table, okapi_binary_t bookmark)
{
    okapi_reader_t r;
    okapi_reader_init(&r, bookmark.data, bookmark.len);
    apr_uint32_t number = okapi_read_u32(&r);
    if (okapi_reader_status(&r, 1) != APR_SUCCESS || number == 0) {
        return NULL;
    }
    for (int i = 0; i < table->bookmarks->nelts; i++) {
        okapi__bookmark_t *b = &APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t);
        if (b->number == number) {
            return b;
        }
    }
    return NULL;
}

/* One that was freed, or a new one; NULL if there are too many. */
static okapi__bookmark_t *new_bookmark(okapi_table_t *table)
{
    okapi__bookmark_t *b = NULL;
    for (int i = 0; !b && i < table->bookmarks->nelts; i++) {
        if (APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t).number == 0) {
            b = &APR_ARRAY_IDX(table->bookmarks, i, okapi__bookmark_t);
        }
    }
    if (!b && table->bookmarks->nelts < OKAPI_TABLE_BOOKMARKS) {
        b = apr_array_push(table->bookmarks);
        okapi__place_init(&b->place, table->pool);
    }
    if (b) {
        b->number = ++table->last_bookmark;
    }
    return b;
}

/* The row at PLACE, as a place before it; the table's end if there is none. *SAME: PLACE was
 * before this very row. Between prepare and finish. */
static apr_status_t row_at(okapi_table_t *table, okapi__place_t *at, int *same,
                           const okapi__place_t *place, apr_pool_t *scratch_pool)
{
    reading_t r = {.table = table, .place = place, .max = 1, .pool = scratch_pool};
    apr_status_t rv = run(&r, read_refs, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (r.refs->nelts == 0) {
        *same = place->at_end;
        okapi__place_end(at);
        return APR_SUCCESS;
    }
    okapi_binary_t key = APR_ARRAY_IDX(r.refs, 0, okapi__ref_t).key;
    *same = !place->at_end && place->before &&
            okapi__key_compare(key, (okapi_binary_t){place->key, place->len}) == 0;
    okapi__place_at(at, key, 1);
    return APR_SUCCESS;
}

apr_status_t okapi_table_bookmark_create(okapi_table_t *table, okapi_binary_t *bookmark,
                                         apr_pool_t *result_pool)
{
    okapi__bookmark_t *b = new_bookmark(table);
    apr_pool_t *pool;
    okapi_writer_t w;
    int same;
    if (!b) {
        return OKAPI_ETOOCOMPLEX;
    }
    apr_pool_create(&pool, result_pool);
    apr_status_t rv = prepare(table, pool);
    if (rv == APR_SUCCESS) {
        rv = row_at(table, &b->place, &same, &table->cursor, pool);
    }
    finish(table, rv);
    apr_pool_destroy(pool);
    if (rv != APR_SUCCESS) {
        b->number = 0;
        return rv;
    }
    okapi_writer_init(&w, 4, 4, result_pool);
    okapi_write_u32(&w, b->number);
    *bookmark = (okapi_binary_t){w.data, w.len};
    return APR_SUCCESS;
}

apr_status_t okapi_table_bookmark_free(okapi_table_t *table, okapi_binary_t bookmark)
{
    okapi__bookmark_t *b = bookmark_of(table, bookmark);
    if (!b) {
        return OKAPI_EINVALIDBOOKMARK;
    }
    b->number = 0;
    return APR_SUCCESS;
}

apr_status_t okapi_table_bookmark_seek(okapi_table_t *table, okapi_binary_t bookmark,
                                       apr_int32_t count, apr_int32_t *moved, int *row_gone,
                                       apr_pool_t *scratch_pool)
{
    const okapi__bookmark_t *b = bookmark_of(table, bookmark);
    int same = 1;
    *moved = 0;
    *row_gone = 0;
    if (!b) {
        return OKAPI_EINVALIDBOOKMARK;
    }
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = row_at(table, &table->cursor, &same, &b->place, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        *row_gone = !same;
        rv = walk(table, &table->cursor, count, moved, scratch_pool);
    }
    return finish(table, rv);
}

/* ---- finding ---- */

/* The first of the references that matches, or -1. */
static int first_match(const apr_array_header_t *refs, const okapi_restriction_t *restriction,
                       apr_status_t *rv, apr_pool_t *scratch_pool)
{
    for (int i = 0; *rv == APR_SUCCESS && i < refs->nelts; i++) {
        if (okapi__cell_match(APR_ARRAY_IDX(refs, i, okapi__ref_t).object, restriction, rv,
                              scratch_pool)) {
            return i;
        }
    }
    return -1;
}

static apr_status_t find(okapi_table_t *table, const okapi_restriction_t *restriction,
                         int backward, okapi_row_t **row, apr_pool_t *result_pool,
                         apr_pool_t *scratch_pool)
{
    apr_array_header_t *tags = apr_array_make(scratch_pool, 8, sizeof(okapi_proptag_t));
    reading_t r = {.table = table};
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    okapi_restriction_tags(restriction, tags);
    r.need_props = needs_props((okapi_proptag_t *)tags->elts, tags->nelts) ||
                   needs_props(table->view->columns, table->view->ncolumns);
    do {
        apr_pool_clear(pool);
        rv = fetch(&r, &table->cursor, OKAPI__TABLE_BATCH, backward, pool);
        int at = rv == APR_SUCCESS ? first_match(r.refs, restriction, &rv, pool) : -1;
        if (at >= 0) {
            const okapi__ref_t *ref = &APR_ARRAY_IDX(r.refs, at, okapi__ref_t);
            okapi__place_at(&table->cursor, ref->key, 1);
            *row = apr_palloc(result_pool, sizeof(**row));
            rv = make_row(*row, table, ref, result_pool, pool);
        } else if (rv == APR_SUCCESS && r.refs->nelts > 0) {
            okapi__place_at(&table->cursor,
                            APR_ARRAY_IDX(r.refs, r.refs->nelts - 1, okapi__ref_t).key, backward);
        }
    } while (rv == APR_SUCCESS && !*row && r.refs->nelts > 0);
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t okapi_table_find(okapi_table_t *table, const okapi_restriction_t *restriction,
                              int backward, okapi_row_t **row, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    *row = NULL;
    if (table->view->ncolumns == 0) {
        return OKAPI_ENOTSET;
    }
    apr_status_t rv = prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = find(table, restriction, backward != 0, row, result_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS && !*row) {
        okapi__place_end(&table->cursor);
    }
    return finish(table, rv);
}
