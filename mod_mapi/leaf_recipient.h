/* leaf_recipient.h - a message's recipients on the wire: RecipientRow, MS-OXCDATA 2.8.3. */
#ifndef MAPI_LEAF_RECIPIENT_H
#define MAPI_LEAF_RECIPIENT_H

#include <okapi/message.h>

#include "rop_codec.h"

/* Array of okapi_proptag_t, the RecipientColumns: what the recipients of MESSAGE have beyond the
 * fields that a RecipientRow has anyway; always with PR_ENTRYID, without which clients can't use
 * a recipient, and PR_OBJECT_TYPE and PR_DISPLAY_TYPE. */
apr_array_header_t *rop_recipient_columns(const okapi_message_t *message, apr_pool_t *result_pool);

/* The RecipientRow of RECIPIENT with its values of COLUMNS. Text is Unicode. */
okapi_binary_t rop_recipient_row(const okapi_recipient_t *recipient,
                                 const apr_array_header_t *columns, const rop_codec_t *c,
                                 apr_pool_t *result_pool);

#endif
