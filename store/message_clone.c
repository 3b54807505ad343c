/* message_clone.c - a new message with the content of another one, saved or not. */
#include <okapi/error.h>

#include "message_private.h"

/* Small values are copied, large ones refer to the same bytes or blob. */
static void clone_bag(okapi__propbag_t *to, const okapi__propbag_t *from, int with_raw)
{
    apr_array_clear(to->large);
    for (int i = 0; i < okapi_props_count(from->props); i++) {
        okapi_props_set(to->props, okapi_props_at(from->props, i));
    }
    for (int i = 0; i < from->large->nelts; i++) {
        const okapi__large_t *l = &APR_ARRAY_IDX(from->large, i, okapi__large_t);
        if (l->tag < OKAPI__TAG_RAW || with_raw) {
            APR_ARRAY_PUSH(to->large, okapi__large_t) = *l;
        }
    }
}

static apr_status_t clone_attachment(okapi_message_t *to, okapi_attachment_t *from,
                                     apr_pool_t *scratch_pool)
{
    okapi_message_t *embedded = NULL;
    apr_status_t rv = okapi__attachment_need(from, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_attachment_embedded(&embedded, from, scratch_pool);
        rv = rv == OKAPI_ENOTFOUND ? APR_SUCCESS : rv;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_attachment_t *attachment = okapi_attachment_create(to, from->method);
    attachment->num = from->num;
    clone_bag(&attachment->bag, &from->bag, 1);
    return embedded ? okapi__message_copy_content(okapi_attachment_create_embedded(attachment),
                                                  embedded, 1, scratch_pool)
                    : APR_SUCCESS;
}

apr_status_t okapi__message_copy_content(okapi_message_t *to, okapi_message_t *from, int with_raw,
                                         apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi__message_need(from, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__attachments_need(from, scratch_pool);
    }
    if (rv == APR_SUCCESS && with_raw) {
        rv = okapi__raw_copy(to, from, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    to->row.flags = from->row.flags & ~(apr_uint32_t)OKAPI__MSGFLAG_DELIVERED;
    to->row.ctime = from->row.ctime;
    clone_bag(&to->bag, &from->bag, with_raw);
    for (int i = 0; i < from->recipients->nelts; i++) {
        const okapi_recipient_t *r = APR_ARRAY_IDX(from->recipients, i, okapi_recipient_t *);
        okapi_recipient_t *copy = okapi_message_add_recipient(to, r->type);
        for (int j = 0; j < okapi_props_count(r->props); j++) {
            okapi_props_set(copy->props, okapi_props_at(r->props, j));
        }
    }
    for (int i = 0; rv == APR_SUCCESS && i < from->attachments->nelts; i++) {
        rv = clone_attachment(to, APR_ARRAY_IDX(from->attachments, i, okapi_attachment_t *),
                              scratch_pool);
    }
    return rv;
}

apr_status_t okapi__message_clone(okapi_message_t **clone, okapi_message_t *from,
                                  okapi_id_t folder_id, int with_raw, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi_message_create(clone, from->store, folder_id, 0, result_pool,
                                           scratch_pool);
    return rv == APR_SUCCESS ? okapi__message_copy_content(*clone, from, with_raw, scratch_pool)
                             : rv;
}

apr_status_t okapi_message_copy(okapi_message_t *to, okapi_message_t *from,
                                apr_pool_t *scratch_pool)
{
    return okapi__message_copy_content(to, from, 0, scratch_pool);
}
