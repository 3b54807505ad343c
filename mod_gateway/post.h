/* post.h - one message for several recipients: each is told what became of it. */
#ifndef GW_POST_H
#define GW_POST_H

#include <okapi/receive.h>

typedef struct gw_post_t gw_post_t;

/* From SENDER ("": nobody), delivered with the engine OKAPI. */
gw_post_t *gw_post_create(okapi_t *okapi, const char *sender, apr_pool_t *result_pool);

/* One more; the status is that of okapi_address_resolve, and if it isn't APR_SUCCESS nothing is
 * added. */
apr_status_t gw_post_add(gw_post_t *post, const char *address, apr_pool_t *scratch_pool);

const char *gw_post_sender(const gw_post_t *post);
int gw_post_count(const gw_post_t *post);
const char *gw_post_address(const gw_post_t *post, int i);

/* Delivers RAW, once to each place whatever number of addresses leads there. When it returns all is
 * durable, or has failed. */
void gw_post_deliver(gw_post_t *post, okapi_binary_t raw, apr_pool_t *scratch_pool);

/* What became of it for recipient I, of whom there may be several: OKAPI_EBUSY and the like as long
 * as somebody may get it later, else the first refusal. */
apr_status_t gw_post_status(const gw_post_t *post, int i);

#endif
