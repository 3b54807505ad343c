/* followup.h - what follows from a message: others that are changed and sent, in one durable
 * commit with it. */
#ifndef OKAPI_FOLLOWUP_H
#define OKAPI_FOLLOWUP_H

#include <okapi/message.h>

typedef struct okapi_followup_sending_t {
    okapi_message_t *message; /* new, in the folder Spooler Queue; removed once it is sent */
    const char *sender;       /* of the envelope */
    apr_array_header_t *recipients; /* of const char *: addresses, not one twice */
} okapi_followup_sending_t;

typedef struct okapi_followup_t {
    apr_array_header_t *saved; /* of okapi_message_t *: new or changed ones of the same store */
    apr_array_header_t *sent;  /* of okapi_followup_sending_t */

    /* All of it was decided by what is in this folder, as of this number of the store's sequence:
     * if something in it was added or changed since, nothing is done and the answer is
     * OKAPI_EOBJECTMODIFIED. 0: it doesn't matter. */
    okapi_id_t decided_by;
    okapi_cn_t decided_at;

    okapi_id_t folder_id; /* the message that arrives goes here; 0: where it would go anyway */
    apr_pool_t *pool;     /* lives until it is committed */
} okapi_followup_t;

okapi_followup_t *okapi_followup_create(apr_pool_t *result_pool);

/* Says what follows from MESSAGE, which is about to be delivered, and may change it. */
typedef apr_status_t (*okapi_follow_t)(okapi_followup_t *followup, okapi_message_t *message,
                                       void *baton, apr_pool_t *scratch_pool);

/* Commits what follows from no message that arrives. OKAPI_EOBJECTMODIFIED: decide again. */
apr_status_t okapi_followup_commit(okapi_store_t *store, const okapi_followup_t *followup,
                                   apr_pool_t *scratch_pool);

#endif
