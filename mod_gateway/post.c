/* post.c - one message for several recipients.
 *
 * Their mailboxes are filled at the same time, by threads of the child's, so that they share
 * durable commits as messages do that come by several connections.
 */
#include "mod_gateway.h"
#include "post.h"

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include <okapi/address.h>
#include <okapi/error.h>

typedef struct delivery_t {
    gw_post_t *post;
    okapi_target_t target;
    apr_status_t status;
} delivery_t;

typedef struct recipient_t {
    const char *address;
    apr_array_header_t *deliveries; /* of delivery_t * */
} recipient_t;

struct gw_post_t {
    okapi_t *okapi;
    const char *sender;
    apr_array_header_t *recipients; /* of recipient_t */
    apr_array_header_t *deliveries; /* of delivery_t *, to different places */
    okapi_binary_t raw;
    apr_pool_t *pool;

    apr_thread_mutex_t *mutex; /* guards what follows */
    apr_thread_cond_t *done;
    int next;    /* delivery that nobody has begun */
    int running; /* helpers that haven't ended */
};

gw_post_t *gw_post_create(okapi_t *okapi, const char *sender, apr_pool_t *result_pool)
{
    gw_post_t *post = apr_pcalloc(result_pool, sizeof(*post));

    post->okapi = okapi;
    post->sender = apr_pstrdup(result_pool, sender);
    post->recipients = apr_array_make(result_pool, 4, sizeof(recipient_t));
    post->deliveries = apr_array_make(result_pool, 4, sizeof(delivery_t *));
    post->pool = result_pool;
    return post;
}

static delivery_t *delivery_to(gw_post_t *post, const okapi_target_t *target)
{
    delivery_t *delivery;
    int i;

    for (i = 0; i < post->deliveries->nelts; i++) {
        delivery = APR_ARRAY_IDX(post->deliveries, i, delivery_t *);
        if (okapi_target_equal(&delivery->target, target)) {
            return delivery;
        }
    }
    delivery = apr_pcalloc(post->pool, sizeof(*delivery));
    delivery->post = post;
    delivery->target = *target;
    APR_ARRAY_PUSH(post->deliveries, delivery_t *) = delivery;
    return delivery;
}

apr_status_t gw_post_add(gw_post_t *post, const char *address, apr_pool_t *scratch_pool)
{
    apr_array_header_t *targets;
    recipient_t *recipient;
    apr_status_t rv =
        okapi_address_resolve(&targets, post->okapi, address, post->pool, scratch_pool);
    int i;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    recipient = apr_array_push(post->recipients);
    recipient->address = apr_pstrdup(post->pool, address);
    recipient->deliveries = apr_array_make(post->pool, targets->nelts, sizeof(delivery_t *));
    for (i = 0; i < targets->nelts; i++) {
        APR_ARRAY_PUSH(recipient->deliveries, delivery_t *) =
            delivery_to(post, &APR_ARRAY_IDX(targets, i, okapi_target_t));
    }
    return APR_SUCCESS;
}

const char *gw_post_sender(const gw_post_t *post)
{
    return post->sender;
}

int gw_post_count(const gw_post_t *post)
{
    return post->recipients->nelts;
}

const char *gw_post_address(const gw_post_t *post, int i)
{
    return APR_ARRAY_IDX(post->recipients, i, recipient_t).address;
}

/* ---- delivering ---- */

static apr_status_t deliver(const delivery_t *delivery, apr_pool_t *scratch_pool)
{
    const gw_post_t *post = delivery->post;
    okapi_envelope_t envelope = {.sender = post->sender,
                                 .folder_id = delivery->target.folder_id};
    okapi_store_t *store;
    apr_status_t rv = okapi_target_open(&store, post->okapi, &delivery->target, scratch_pool,
                                        scratch_pool);

    return rv == APR_SUCCESS ? okapi_receive(store, post->raw, &envelope, scratch_pool) : rv;
}

static delivery_t *take_next(gw_post_t *post)
{
    delivery_t *delivery = NULL;

    apr_thread_mutex_lock(post->mutex);
    if (post->next < post->deliveries->nelts) {
        delivery = APR_ARRAY_IDX(post->deliveries, post->next++, delivery_t *);
    }
    apr_thread_mutex_unlock(post->mutex);
    return delivery;
}

static void deliver_all(gw_post_t *post)
{
    delivery_t *delivery;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL); /* of this thread only */
    while ((delivery = take_next(post)) != NULL) {
        delivery->status = deliver(delivery, pool);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
}

static void *APR_THREAD_FUNC help(apr_thread_t *thread, void *baton)
{
    gw_post_t *post = baton;

    deliver_all(post);
    apr_thread_mutex_lock(post->mutex);
    post->running--;
    apr_thread_cond_signal(post->done);
    apr_thread_mutex_unlock(post->mutex);
    return NULL;
}

/* As many as are useful; if there are none, this thread does it alone. */
static void call_helpers(gw_post_t *post)
{
    apr_thread_pool_t *helpers = gw_helpers();
    int i, useful = post->deliveries->nelts - 1;

    if (helpers != NULL && useful > (int)apr_thread_pool_thread_max_get(helpers)) {
        useful = (int)apr_thread_pool_thread_max_get(helpers);
    }
    for (i = 0; helpers != NULL && i < useful; i++) {
        apr_thread_mutex_lock(post->mutex);
        post->running++;
        apr_thread_mutex_unlock(post->mutex);
        if (apr_thread_pool_push(helpers, help, post, APR_THREAD_TASK_PRIORITY_NORMAL, post) !=
            APR_SUCCESS) {
            apr_thread_mutex_lock(post->mutex);
            post->running--;
            apr_thread_mutex_unlock(post->mutex);
            return;
        }
    }
}

void gw_post_deliver(gw_post_t *post, okapi_binary_t raw, apr_pool_t *scratch_pool)
{
    int i;

    post->raw = raw;
    for (i = 0; i < post->deliveries->nelts; i++) {
        APR_ARRAY_IDX(post->deliveries, i, delivery_t *)->status = OKAPI_EBUSY;
    }
    if (apr_thread_mutex_create(&post->mutex, APR_THREAD_MUTEX_DEFAULT, scratch_pool) !=
            APR_SUCCESS ||
        apr_thread_cond_create(&post->done, scratch_pool) != APR_SUCCESS) {
        return;
    }
    call_helpers(post);
    deliver_all(post);
    apr_thread_mutex_lock(post->mutex);
    while (post->running > 0) {
        apr_thread_cond_wait(post->done, post->mutex);
    }
    apr_thread_mutex_unlock(post->mutex);
}

apr_status_t gw_post_status(const gw_post_t *post, int i)
{
    const recipient_t *recipient = &APR_ARRAY_IDX(post->recipients, i, recipient_t);
    const okapi_config_t *config = okapi_config(post->okapi);
    apr_status_t worst = APR_SUCCESS;
    int j;

    for (j = 0; j < recipient->deliveries->nelts; j++) {
        apr_status_t rv = APR_ARRAY_IDX(recipient->deliveries, j, delivery_t *)->status;
        int code = okapi_receive_reply(rv, config).code;

        if (code >= 400 && code < 500) {
            return rv;
        }
        worst = worst == APR_SUCCESS ? rv : worst;
    }
    return worst;
}
