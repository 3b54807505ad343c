/* notify.h - notifications (MS-OXCNOTIF): from cursors in the change sequence to RopNotify. */
#ifndef MAPI_NOTIFY_H
#define MAPI_NOTIFY_H

#include "rop.h"

/* *EVENTS is 1 if a subscription or table of SESSION has something to say. Answers a held
 * NotificationWait, so it is asked often: compares change numbers before it looks at changes. */
apr_status_t mapi_session_has_events(mapi_session_t *session, okapi_t *engine,
                                     const okapi_user_t *user, int *events,
                                     apr_pool_t *scratch_pool);

/* Appends a RopNotify for each event to an Execute's responses and moves the cursors past them, as
 * long as they fit W's maximum; RopPending if some are left (MS-OXCROPS 3.2.4.1). */
apr_status_t mapi_notify_append(mapi_rop_ctx_t *ctx, okapi_writer_t *w);

#endif
