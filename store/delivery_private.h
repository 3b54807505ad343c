/* delivery_private.h - what delivery, rules and automatic replies share. */
#ifndef OKAPI_DELIVERY_PRIVATE_H
#define OKAPI_DELIVERY_PRIVATE_H

#include <apr_hash.h>
#include <okapi/delivery.h>
#include <okapi/followup.h>

#include "message_private.h"
#include "queue_private.h"
#include "rule_private.h"

/* ---- delivery.c ---- */

/* The tags of the properties that say who somebody is, in one of a message's roles. */
typedef struct okapi__person_tags_t {
    okapi_proptag_t entryid, search_key, name, addrtype, address, smtp;
} okapi__person_tags_t;

apr_status_t okapi__delivery_person(okapi_message_t *message, const okapi__person_tags_t *tags,
                                    const okapi_user_t *user, apr_pool_t *scratch_pool);

/* PR_RCVD_REPRESENTING_* of USER. */
apr_status_t okapi__delivery_represent(okapi_message_t *message, const okapi_user_t *user,
                                       apr_pool_t *scratch_pool);

/* Every address of the store's owner, and whether ADDRESS is one of them, "+detail" or not. */
apr_status_t okapi__delivery_own_addresses(apr_hash_t **own, okapi_store_t *store,
                                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
int okapi__delivery_is_own(const okapi_store_t *store, apr_hash_t *own, const char *address,
                           apr_pool_t *scratch_pool);

/* ---- delivered.c ---- */

/* A delivery that is to be remembered. */
typedef struct okapi__delivered_t {
    okapi_id_t store_id;
    const okapi_envelope_t *envelope; /* with its digest */
    int is_repeated;                  /* it has been there: OKAPI_EEXISTS is for that reason */
} okapi__delivered_t;

/* Remembers the okapi__delivered_t BATON, in the transaction that delivers. */
apr_status_t okapi__delivered_add(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool);

/* ---- arrival.c: what is known of a message that arrives ---- */

typedef struct okapi__arrival_t {
    okapi_message_t *message;
    apr_hash_t *own;       /* the addresses of who gets it */
    const char *sender;    /* the envelope's, or who it says it is from; "": nobody */
    int is_automatic;      /* a list's or a machine's: nobody wants an answer to it */
    int suppressed;        /* bits of PR_AUTO_RESPONSE_SUPPRESS */
    const char *forwarded; /* the mailboxes whose rules have forwarded it, as in our header field */
    int hops;              /* how many those are */
} okapi__arrival_t;

/* PR_AUTO_RESPONSE_SUPPRESS, MS-OXOMSG 2.2.1.77. */
enum { OKAPI__SUPPRESS_OOF = 0x10, OKAPI__SUPPRESS_REPLY = 0x20 };

/* The field in which those who forward a message leave their addresses. */
#define OKAPI__FORWARDED_FIELD "X-Okapi-Forwarded"

apr_status_t okapi__arrival_read(okapi__arrival_t *arrival, okapi_message_t *message,
                                 const okapi_envelope_t *envelope, apr_hash_t *own,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* May a reply be sent that nobody wrote? BIT says of which kind. */
int okapi__arrival_answered(const okapi__arrival_t *arrival, int bit);

/* Has it been forwarded from here before, or too often? */
int okapi__arrival_loops(const okapi__arrival_t *arrival, apr_pool_t *scratch_pool);

/* ---- rule_run.c ---- */

/* A message in a folder, while the folder's rules are tried on it. */
typedef struct okapi__visit_t {
    const struct okapi__visit_t *from; /* the folder it was moved from; NULL: none */
    okapi_message_t *message;
    okapi_id_t folder_id;
    okapi_message_t *moved;       /* the first copy of those that are left of it; NULL: itself */
    apr_array_header_t *deferred; /* of const okapi_rule_t *: the client's */
    int is_moved, is_deleted;
    int is_done; /* only rules for out of office are tried any more */
    apr_uint32_t flags; /* it is saved with */
} okapi__visit_t;

/* A rule that can't be run, and the bits its state gets. */
typedef struct okapi__broken_rule_t {
    okapi_id_t folder_id, rule_id;
    apr_uint32_t state;
} okapi__broken_rule_t;

/* Why a rule could not be run: PR_RULE_ERROR, MS-OXORULE 2.2.7.2. */
typedef enum okapi__rule_error_e {
    OKAPI__RULE_ERROR_PARSING = 4,
    OKAPI__RULE_ERROR_EXECUTING = 5,
    OKAPI__RULE_ERROR_MOVING = 6,
    OKAPI__RULE_ERROR_TEMPLATE = 10
} okapi__rule_error_e;

/* What the rules of a folder, and of those they move to, make of a message. */
typedef struct okapi__rule_run_t {
    okapi_store_t *store;
    const okapi__arrival_t *arrival;
    const okapi_rule_t *rule;    /* the one that is being run */
    okapi__rule_error_e error;   /* what it means if its action fails */
    int is_oof;                  /* the owner is out of office; -1: nobody asked yet */
    int has_oof_reply;           /* a rule says who is told so, and what */
    apr_array_header_t
        *savings; /* of okapi__saving_t: where it goes, and what the client is told */
    apr_array_header_t *sendings; /* of okapi__sending_t * */
    apr_hash_t *delegated;       /* folded addresses that get it as delegates */
    apr_array_header_t *broken;  /* of okapi__broken_rule_t */
    const okapi_followup_t *followup; /* NULL: nothing else is saved */
    apr_status_t refusal;        /* of OP_BOUNCE; APR_SUCCESS: it isn't refused */
    okapi__delivered_t *delivered; /* NULL: it isn't remembered */
    apr_pool_t *pool;
} okapi__rule_run_t;

/* ARRIVAL is NULL if no message arrives: then no rules are run. */
void okapi__rule_run_init(okapi__rule_run_t *run, okapi_store_t *store,
                          const okapi__arrival_t *arrival, apr_pool_t *pool);

/* Runs the rules of the folder the message, a draft, is in. Only the database can make it fail. */
apr_status_t okapi__rule_run(okapi__rule_run_t *run, okapi_message_t *message);

/* Tries the rules of the folder VISIT is in. */
apr_status_t okapi__rule_visit(okapi__rule_run_t *run, okapi__visit_t *visit);

/* Fills the message's row, so that conditions see what the saved message will have. */
apr_status_t okapi__rule_fill_row(okapi_message_t *message, apr_pool_t *scratch_pool);

/* Saves all that came of it, in one durable commit. */
apr_status_t okapi__rule_run_save(okapi__rule_run_t *run, apr_pool_t *scratch_pool);

/* ---- rule_do.c, rule_reply.c, rule_forward.c: the actions, rule_actions.def ---- */

/* OKAPI_ENOTFOUND, OKAPI_EACCESS, OKAPI_EINVAL, OKAPI_ENOSUPPORT: the rule fails, no more. */
typedef apr_status_t (*okapi__action_do_t)(okapi__rule_run_t *run, okapi__visit_t *visit,
                                           const okapi_action_t *action);

#define OKAPI_ACTION(symbol, type, fields, name)                                                   \
    apr_status_t okapi__action_##name(okapi__rule_run_t *run, okapi__visit_t *visit,               \
                                      const okapi_action_t *action);
#include <okapi/rule_actions.def>
#undef OKAPI_ACTION

/* Makes a delegate of USER get the message (MS-OXORULE_R539 to R545), once. */
apr_status_t okapi__delegate_copy(okapi__rule_run_t *run, okapi_message_t *message,
                                  const char *name, const char *address);

/* ---- outgoing.c: messages that are made here ---- */

/* A message that is sent if the run is saved. */
typedef struct okapi__sending_t {
    okapi_message_t *message;
    const char *sender;             /* of the envelope */
    apr_array_header_t *recipients; /* of const char *: addresses, each once */
    okapi_id_t entry_id;
    int is_once;                    /* to its recipient, by RULE_ID: oof_sent */
    okapi_id_t rule_id;
    int is_skipped;                 /* the transaction found that he has been told */
} okapi__sending_t;

/* A new one in the Spooler Queue folder, from nobody and to nobody yet. */
apr_status_t okapi__outgoing_create(okapi__sending_t **sending, okapi__rule_run_t *run);

/* Sends it with the run, unless it has no recipients. */
apr_status_t okapi__outgoing_send(okapi__sending_t *sending, okapi__rule_run_t *run);

/* It is from the owner of the mailbox. The envelope has its own sender. */
apr_status_t okapi__outgoing_from_owner(okapi__sending_t *sending, apr_pool_t *scratch_pool);

/* A recipient, unless it is one already: of the envelope only with MAPI_ORIG. NAME may be empty. */
void okapi__outgoing_add(okapi__sending_t *sending, int type, const char *name,
                         const char *address, apr_pool_t *scratch_pool);

/* Where mail for somebody with these properties goes to; NULL if that isn't known. */
apr_status_t okapi__outgoing_address(const char **address, okapi_t *okapi,
                                     const okapi_props_t *props, apr_pool_t *result_pool,
                                     apr_pool_t *scratch_pool);

/* Removes what a copy of received mail has that is only true of the mail. */
void okapi__outgoing_forget(okapi__sending_t *sending);

/* A field of the message's header. */
apr_status_t okapi__outgoing_field(okapi__sending_t *sending, const char *name, const char *value,
                                   apr_pool_t *scratch_pool);

/* Makes it an answer to MESSAGE that nobody wrote: RFC 3834. */
apr_status_t okapi__outgoing_answer(okapi__sending_t *sending, okapi_message_t *message,
                                    apr_pool_t *scratch_pool);

/* The subject of MESSAGE behind PREFIX. */
apr_status_t okapi__outgoing_subject(okapi__sending_t *sending, okapi_message_t *message,
                                     const char *prefix, apr_pool_t *scratch_pool);

/* ---- followup.c ---- */

/* Has the run save and send what follows; and, in its transaction, whether what that was decided by
 * is still so. */
apr_status_t okapi__followup_add(okapi__rule_run_t *run, const okapi_followup_t *followup);
apr_status_t okapi__followup_check(okapi__conn_t *conn, const okapi_followup_t *followup,
                                   apr_pool_t *scratch_pool);

/* ---- oof.c, oof_reply.c ---- */

/* Is the owner out of office now? */
apr_status_t okapi__oof_is_on(int *is_on, okapi__conn_t *conn, okapi_id_t store_id,
                              apr_pool_t *scratch_pool);

/* What PR_OOF_STATE is set to. In a transaction that has locked the store's row. */
apr_status_t okapi__oof_switch(okapi__conn_t *conn, okapi_id_t store_id, int is_on,
                               apr_pool_t *scratch_pool);

/* Has ADDRESS (folded) been told by the rule RULE_ID? */
apr_status_t okapi__oof_told(int *told, okapi__conn_t *conn, okapi_id_t store_id,
                             okapi_id_t rule_id, const char *address, apr_pool_t *scratch_pool);

/* The same within a transaction that has locked the store's row, and he has now. */
apr_status_t okapi__oof_tell(int *told, okapi__conn_t *conn, okapi_id_t store_id,
                             okapi_id_t rule_id, const char *address, apr_pool_t *scratch_pool);

/* The reply of the out of office settings, if there is to be one. */
apr_status_t okapi__oof_reply(okapi__rule_run_t *run, okapi_message_t *message);

/* ---- rule_message.c: messages in the Deferred Action folder ---- */

/* Tells the client to do the actions of RULES (of const okapi_rule_t *) with MESSAGE, by a DAM for
 * each of their providers (MS-OXORULE 2.2.6). */
apr_status_t okapi__rule_defer(okapi__rule_run_t *run, okapi_message_t *message,
                               okapi_id_t folder_id, const apr_array_header_t *rules);

/* Tells the client that RULE, or its action NUMBER, failed (a DEM, MS-OXORULE 2.2.7). ACTION may be
 * NULL. */
apr_status_t okapi__rule_complain(okapi__rule_run_t *run, okapi_message_t *message,
                                  okapi_id_t folder_id, const okapi_rule_t *rule,
                                  okapi__rule_error_e error, const okapi_action_t *action,
                                  int number);

#endif
