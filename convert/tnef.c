/* tnef.c - TNEF streams and messages of a store. */
#include "tnef.h"

#include <apr_strings.h>
#include <okapi/error.h>

apr_status_t okapi_tnef_to_message(okapi_message_t *message, const char **why,
                                   okapi_binary_t stream, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool)
{
    okapi__item_limits_t limits = OKAPI__ITEM_LIMITS;
    okapi__item_t *item;
    apr_status_t status = okapi__tnef_read(&item, why, stream, &limits, result_pool);
    return status == APR_SUCCESS ? okapi__item_to_message(message, item, scratch_pool) : status;
}

apr_status_t okapi_tnef_files(apr_array_header_t **files, const char **why, okapi_binary_t stream,
                              apr_pool_t *result_pool)
{
    okapi__item_limits_t limits = OKAPI__ITEM_LIMITS;
    okapi__item_t *item;
    *files = apr_array_make(result_pool, 4, sizeof(okapi_tnef_file_t));
    apr_status_t status = okapi__tnef_read(&item, why, stream, &limits, result_pool);
    for (int i = 0; status == APR_SUCCESS && i < item->attachments->nelts; i++) {
        const okapi__item_file_t *file = &APR_ARRAY_IDX(item->attachments, i, okapi__item_file_t);
        okapi_tnef_file_t *row = apr_array_push(*files);
        row->name = okapi__item_file_name(file);
        row->type = okapi__item_str(file->props, PR_ATTACH_MIME_TAG, "");
        row->data = file->data;
    }
    return status;
}

apr_status_t okapi_tnef_from_message(okapi_binary_t *stream, okapi_message_t *message,
                                     const char *message_id, apr_pool_t *result_pool,
                                     apr_pool_t *scratch_pool)
{
    apr_size_t max = (apr_size_t)okapi_config(okapi_store_engine(okapi_message_store(message)))
                         ->max_message;
    okapi_writer_t w;
    okapi__item_t *item;
    apr_status_t status = okapi__item_of_message(&item, message, scratch_pool, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    if (message_id)
        okapi__item_put(item->props,
                        okapi_propval_bin(PR_TNEF_CORRELATION_KEY, message_id,
                                          strlen(message_id) + 1),
                        NULL);
    okapi_writer_init(&w, 65536, max + max / 2, result_pool);
    okapi__tnef_write(&w, item);
    stream->data = w.data;
    stream->len = w.len;
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}
