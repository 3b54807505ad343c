/* table.c - tables as callers know them: opening, columns, sort order, restriction, rows. */
#include <okapi/error.h>

#include "access.h"
#include "table_private.h"

/* ---- opening ---- */

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
        rv = okapi__table_count(count, t, scratch_pool);
    }
    *table = rv == APR_SUCCESS ? t : NULL;
    return rv;
}

apr_status_t okapi_table_contents(okapi_table_t **table, apr_uint32_t *count,
                                  okapi_folder_t *folder, int flags, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    *table = NULL;
    apr_status_t rv = okapi__contents_check(folder->rights);
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

apr_status_t okapi_table_rules(okapi_table_t **table, okapi_folder_t *folder,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_uint32_t count;
    *table = NULL;
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI_RIGHT_OWNER);
    return rv == APR_SUCCESS ? open_on_folder(table, &count, OKAPI_TABLE_RULES, folder, 0,
                                              result_pool, scratch_pool)
                             : rv;
}

apr_status_t okapi_table_permissions(okapi_table_t **table, okapi_folder_t *folder, int flags,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_uint32_t count;
    *table = NULL;
    apr_status_t rv = okapi__rights_check(folder->rights, OKAPI__RIGHTS_VISIBLE);
    return rv == APR_SUCCESS ? open_on_folder(table, &count, OKAPI_TABLE_PERMISSIONS, folder, flags,
                                              result_pool, scratch_pool)
                             : rv;
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

apr_status_t okapi_table_set_columns(okapi_table_t *table, const okapi_proptag_t *tags, int n)
{
    const okapi__view_t *view = table->view;
    return okapi__table_set_view(table, tags, n, view->sort, view->restriction);
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
        apr_array_clear(table->toggled);
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
    okapi__table_set_view(table, NULL, 0, NULL, NULL); /* nothing that could be wrong */
    apr_array_clear(table->toggled);
    begin(table);
}

apr_status_t okapi_table_all_columns(okapi_table_t *table, apr_array_header_t **tags,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    *tags = apr_array_make(result_pool, 64, sizeof(okapi_proptag_t));
    if (table->kind != OKAPI_TABLE_CONTENTS) {
        okapi__list_tags(*tags, table->kind);
        return APR_SUCCESS;
    }
    for (const okapi__computed_t *computed = okapi__message_computed; computed->tag; computed++) {
        APR_ARRAY_PUSH(*tags, okapi_proptag_t) = computed->tag;
    }
    for (const okapi_proptag_t *tag = okapi__cell_tags(); *tag; tag++) {
        APR_ARRAY_PUSH(*tags, okapi_proptag_t) = *tag;
    }
    return APR_SUCCESS;
}

/* ---- rows ---- */

apr_status_t okapi_table_rows(okapi_table_t *table, int max, int backward, int advance,
                              apr_array_header_t **rows, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    const okapi__view_t *view = table->view;
    apr_array_header_t *refs = NULL;
    *rows = apr_array_make(result_pool, 16, sizeof(okapi_row_t));
    if (view->ncolumns == 0) {
        return OKAPI_ENOTSET;
    }
    apr_status_t rv = okapi__table_prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        /* Cells point into what is fetched. */
        rv = okapi__table_fetch(&refs, table, &table->cursor, max, backward, NULL, result_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < refs->nelts; i++) {
        rv = okapi__table_row(apr_array_push(*rows), table, &APR_ARRAY_IDX(refs, i, okapi__ref_t),
                              result_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS && advance) {
        rv = okapi_table_advance(table, *rows, (*rows)->nelts, backward);
    }
    return okapi__table_finish(table, rv);
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
