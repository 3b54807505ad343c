/* receive.c - a message from the Internet comes for a mailbox. */
#include <okapi/error.h>
#include <okapi/meeting.h>
#include <okapi/mime.h>
#include <okapi/receive.h>

/* The new message in the store; its decoded attachments live in POOL until it is delivered. */
static apr_status_t convert(okapi_message_t **message, okapi_store_t *store, okapi_binary_t raw,
                            const okapi_envelope_t *envelope, apr_pool_t *pool)
{
    apr_pool_t *scratch_pool;
    okapi_id_t folder_id = envelope->folder_id
                               ? envelope->folder_id
                               : okapi_store_special(store, OKAPI_FOLDER_INBOX);
    apr_status_t status = okapi_message_create(message, store, folder_id, 0, pool, pool);
    if (status != APR_SUCCESS)
        return status;
    apr_pool_create(&scratch_pool, pool);
    status = okapi_mime_to_message(*message, raw, pool, scratch_pool);
    apr_pool_destroy(scratch_pool);
    return status;
}

/* A calendar that changes while a meeting is processed in it is looked at again. */
static apr_status_t deliver(okapi_store_t *store, okapi_binary_t raw,
                            const okapi_envelope_t *envelope, apr_pool_t *scratch_pool)
{
    enum { TRIES = 10 };
    apr_status_t status = OKAPI_EOBJECTMODIFIED;
    for (int i = 0; i < TRIES && (status == OKAPI_EOBJECTMODIFIED ||
                                  status == OKAPI_EOBJECTDELETED); i++) {
        okapi_message_t *message;
        apr_pool_t *pool;
        apr_pool_create(&pool, scratch_pool);
        status = convert(&message, store, raw, envelope, pool);
        if (status == APR_SUCCESS)
            status = okapi_deliver(message, envelope, pool);
        apr_pool_destroy(pool);
    }
    return status;
}

apr_status_t okapi_receive(okapi_store_t *store, okapi_binary_t raw,
                           const okapi_envelope_t *envelope, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = okapi_store_engine(store);
    okapi_envelope_t once = *envelope;
    if (okapi_config(okapi)->delivery_memory && okapi_mime_has_header(raw, "Received"))
        once.digest = okapi_delivery_digest(raw, scratch_pool);
    once.follow = okapi_meeting_follow;
    apr_status_t status = deliver(store, raw, &once, scratch_pool);
    if (status == OKAPI_EREPEATED) {
        okapi_log(okapi, OKAPI_LOG_INFO, APR_SUCCESS,
                  "a message for %s was delivered before; its sender missed the answer",
                  okapi_store_owner(store)->fullname);
        return APR_SUCCESS;
    }
    return status;
}

/* ---- what its sender is told ---- */

static const struct {
    apr_status_t status;
    okapi_reply_t reply;
} replies[] = {
    {APR_SUCCESS, {250, "2.1.5"}},        {OKAPI_EUNKNOWNUSER, {550, "5.1.1"}},
    {OKAPI_ETOOBIG, {552, "5.3.4"}},      {OKAPI_EREFUSED, {550, "5.7.1"}},
    {OKAPI_EREFUSEDSIZE, {552, "5.2.3"}}, {OKAPI_EREFUSEDFORM, {550, "5.6.1"}},
    {OKAPI_EQUOTA, {452, "4.2.2"}},       {OKAPI_EDISKFULL, {452, "4.3.1"}},
};

okapi_reply_t okapi_receive_reply(apr_status_t status, const okapi_config_t *config)
{
    if (status == OKAPI_EQUOTA && config->quota_bounce)
        return (okapi_reply_t){552, "5.2.2"};
    for (apr_size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
        if (replies[i].status == status)
            return replies[i].reply;
    return (okapi_reply_t){451, "4.3.0"};
}
