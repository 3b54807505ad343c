/* transfer.h - content transfer encodings undone. */
#ifndef OKAPI__TRANSFER_H
#define OKAPI__TRANSFER_H

#include <okapi/types.h>

typedef enum okapi__transfer_e {
    OKAPI__TRANSFER_IDENTITY,
    OKAPI__TRANSFER_BASE64,
    OKAPI__TRANSFER_QUOTED,
    OKAPI__TRANSFER_UUENCODE
} okapi__transfer_e;

/* By the value of a Content-Transfer-Encoding field; what is unknown is identity. */
okapi__transfer_e okapi__transfer_by_name(const char *name);

/* BYTES themselves if there is nothing to undo. What isn't of the encoding is skipped. */
okapi_binary_t okapi__transfer_decode(okapi__transfer_e transfer, okapi_binary_t bytes,
                                      apr_pool_t *result_pool);

#endif
