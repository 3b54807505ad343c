/* prop_edit.c - the stored properties of stores and folders: one packed column, changed as a
 * whole. */
#include "store_private.h"

/* Clients keep views and forms here, tens of kilobytes; what is large belongs into messages. */
enum { COLUMN_MAX = 1024 * 1024 };

void okapi__prop_edit_apply(const okapi__prop_edit_t *edit, okapi_props_t *props)
{
    for (int i = 0; i < edit->nvalues; i++) {
        okapi_props_set(props, &edit->values[i]);
    }
    for (int i = 0; i < edit->nunset; i++) {
        okapi_props_unset(props, edit->unset[i]);
    }
}

apr_status_t okapi__props_of_column(okapi_props_t **props, okapi_binary_t column,
                                    apr_pool_t *result_pool)
{
    if (!column.data) {
        *props = okapi_props_create(result_pool);
        return APR_SUCCESS;
    }
    return okapi_props_unpack(props, column.data, column.len, result_pool) == APR_SUCCESS
               ? APR_SUCCESS
               : OKAPI_ECORRUPT;
}

apr_status_t okapi__props_to_column(okapi_binary_t *column, const okapi_props_t *props,
                                    apr_pool_t *result_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 1024, COLUMN_MAX, result_pool);
    okapi_props_pack(&w, props);
    column->data = w.data;
    column->len = w.len;
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}
