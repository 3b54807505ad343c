/* sender.h - who sends in this child what is in the outgoing queue. */
#ifndef OKAPI_SENDER_H
#define OKAPI_SENDER_H

#include "okapi_httpd.h"

/* Starts it for one database, whose configuration is CONFIG. The cleanup of POOL ends it. */
apr_status_t okapi__sender_start(okapi__process_t *process, okapi__backend_t *backend,
                                 const okapi_config_t *config, apr_pool_t *pool);

#endif
