/* queue.h - messages on their way out.
 *
 * An entry is an envelope and the message it is for, which stays where it is: what a client submits
 * in the folder it wrote it in, what a rule sends in the Spooler Queue folder of its mailbox, with
 * PR_DELETE_AFTER_SUBMIT. Who sends takes entries that are due for some time, reports what became
 * of each recipient, and removes the entry once none is waiting. If it dies, the entry is due again
 * when that time is over. A message that isn't there any more is not to be sent.
 *
 * Header fields that a message is to have beside what follows from its properties are its named
 * properties of PS_INTERNET_HEADERS. One that has its bytes as they came (okapi_message_raw) is
 * passed on: it is sent as these bytes, with those fields before them.
 */
#ifndef OKAPI_QUEUE_H
#define OKAPI_QUEUE_H

#include <okapi/message.h>

typedef enum okapi_queue_state_e {
    OKAPI_QUEUE_WAITING = 0,
    OKAPI_QUEUE_DONE = 1,
    OKAPI_QUEUE_FAILED = 2, /* for good */
    OKAPI_QUEUE_TOLD = 3    /* and the sender knows */
} okapi_queue_state_e;

typedef struct okapi_queue_recipient_t {
    int number; /* from 0 */
    const char *address;
    okapi_queue_state_e state;
    const char *status; /* the last answer about it, "" if there was none */
} okapi_queue_recipient_t;

typedef struct okapi_queue_entry_t {
    okapi_id_t id, store_id, message_id;
    const char *sender;      /* "" is the null sender */
    okapi_time_t created;    /* or, if it was deferred, until when */
    okapi_time_t not_before;
    int tries;               /* after which it was given back */
    int is_held;             /* somebody has taken it, as of now */
    const char *error;       /* of the last try, "" if there was none */
    const char *holder;      /* who took it: okapi_queue_report knows it by that */
    apr_array_header_t *recipients; /* of okapi_queue_recipient_t, by number */
} okapi_queue_entry_t;

typedef struct okapi_queue_envelope_t {
    const char *sender;
    const apr_array_header_t *recipients; /* of const char *: addresses, not one twice */
    okapi_time_t not_before;              /* 0: at once */
} okapi_queue_envelope_t;

/* Saves MESSAGE with all pending changes and MSGFLAG_SUBMIT and queues it, in one durable commit.
 * OKAPI_EINVAL without recipients, OKAPI_EEXISTS if it is queued already. */
apr_status_t okapi_queue_submit(okapi_message_t *message, const okapi_queue_envelope_t *envelope,
                                apr_pool_t *scratch_pool);

/* All entries, as an array of okapi_queue_entry_t by id: up to MAX that follow AFTER (0: the
 * first). */
apr_status_t okapi_queue_list(apr_array_header_t **entries, okapi_t *okapi, okapi_id_t after,
                              int max, apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Up to MAX entries that are due, those that were due first before others. For DURATION nobody else
 * gets them. */
apr_status_t okapi_queue_take(apr_array_header_t **entries, okapi_t *okapi, int max,
                              apr_interval_time_t duration, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool);

typedef struct okapi_queue_report_t {
    const okapi_queue_recipient_t *recipients; /* those of whom something is known now */
    int n;
    const char *error;    /* why some are still waiting; "" */
    okapi_time_t retry_at; /* it is given back, to be taken from then on; 0: it stays taken */
} okapi_queue_report_t;

/* After a try with an entry that was taken. OKAPI_EOBJECTMODIFIED if it took so long that somebody
 * else has it, OKAPI_ENOTFOUND if it was removed. */
apr_status_t okapi_queue_report(okapi_t *okapi, const okapi_queue_entry_t *entry,
                                const okapi_queue_report_t *report, apr_pool_t *scratch_pool);

/* When the next entry is due, in the past too; 0 if there is none. */
apr_status_t okapi_queue_next(okapi_time_t *time, okapi_t *okapi, apr_pool_t *scratch_pool);

/* It is due now, unless somebody works on it. OKAPI_ENOTFOUND. */
apr_status_t okapi_queue_hurry(okapi_t *okapi, okapi_id_t id, apr_pool_t *scratch_pool);

/* OKAPI_ENOTFOUND. The message is the caller's matter. */
apr_status_t okapi_queue_remove(okapi_t *okapi, okapi_id_t id, apr_pool_t *scratch_pool);

#endif
