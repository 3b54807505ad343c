/* msg.h - messages as .msg files (MS-OXMSG), which Outlook saves and opens. */
#ifndef OKAPI_MSG_H
#define OKAPI_MSG_H

#include <okapi/message.h>

/* Fills the new MESSAGE with what FILE has; FILE outlives its saving. OKAPI_EFORMAT or
 * OKAPI_ETOOCOMPLEX with *WHY, a sentence for people. */
apr_status_t okapi_msg_to_message(okapi_message_t *message, const char **why, okapi_binary_t file,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* MESSAGE as a file. OKAPI_ETOOBIG above what a message may have. */
apr_status_t okapi_msg_from_message(okapi_binary_t *file, okapi_message_t *message,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
