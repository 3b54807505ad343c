/* msg.c - .msg files and messages of a store. */
#include "msg.h"

#include <okapi/error.h>

apr_status_t okapi_msg_to_message(okapi_message_t *message, const char **why, okapi_binary_t file,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__item_t *item;
    apr_status_t status = okapi__msg_read(&item, why, file, result_pool);
    return status == APR_SUCCESS ? okapi__item_to_message(message, item, scratch_pool) : status;
}

apr_status_t okapi_msg_from_message(okapi_binary_t *file, okapi_message_t *message,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_size_t max = (apr_size_t)okapi_config(okapi_store_engine(okapi_message_store(message)))
                         ->max_message;
    okapi_writer_t w;
    okapi__item_t *item;
    apr_status_t status = okapi__item_of_message(&item, message, scratch_pool, scratch_pool);
    if (status != APR_SUCCESS)
        return status;
    okapi_writer_init(&w, 65536, max + max / 2, result_pool);
    okapi__msg_write(&w, item);
    file->data = w.data;
    file->len = w.len;
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}
