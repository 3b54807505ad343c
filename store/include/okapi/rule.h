/* rule.h - what a folder does with mail delivered into it (MS-OXORULE).
 *
 * A rule is a condition, which is a restriction, and a list of actions. The rules of a folder are
 * tried in the order of their sequence numbers on each message okapi_deliver puts there. One that
 * fails is marked ST_ERROR, and its owner told by a message in the Deferred Action folder; mail is
 * delivered all the same. Actions that only the client can do are left there for it, too.
 *
 * What rules send goes to the outgoing queue (queue.h) in the same commit. Nobody is answered who
 * might be a machine or a list, and a message is forwarded once from each mailbox.
 *
 * Extended rules, which are associated messages of the folder (MS-OXORULE 2.2.4), are tried after
 * the others.
 */
#ifndef OKAPI_RULE_H
#define OKAPI_RULE_H

#include <okapi/folder.h>
#include <okapi/restriction.h>

/* Bytes of an extended rule's condition: PR_EXTENDED_RULE_SIZE_LIMIT. */
enum { OKAPI_EXTENDED_RULE_MAX = 96 * 1024 };

/* PR_RULE_STATE, MS-OXORULE 2.2.1.3.1.3. */
enum { ST_ENABLED = 0x01, ST_ERROR = 0x02, ST_ONLY_WHEN_OOF = 0x04, ST_KEEP_OOF_HIST = 0x08,
       ST_EXIT_LEVEL = 0x10, ST_SKIP_IF_SCL_IS_SAFE = 0x20, ST_RULE_PARSE_ERROR = 0x40 };

/* ---- actions, MS-OXORULE 2.2.5 ---- */

/* One enumerator per row of rule_actions.def: OP_MOVE = 0x01, ... */
typedef enum okapi_action_e {
#define OKAPI_ACTION(symbol, type, fields, name) symbol = (type),
#include <okapi/rule_actions.def>
#undef OKAPI_ACTION
    OKAPI__ACTION_NONE = 0
} okapi_action_e;

/* Flavors of OP_FORWARD, and of OP_REPLY and OP_OOF_REPLY. */
enum { FWD_PRESERVE_SENDER = 0x1, FWD_DO_NOT_MUNGE_MSG = 0x2, FWD_AS_ATTACHMENT = 0x4,
       FWD_AS_SMS = 0x8 };
enum { DO_NOT_SEND_TO_ORIGINATOR = 0x1, STOCK_REPLY_TEMPLATE = 0x2 };

typedef struct okapi_action_recipient_t {
    apr_byte_t reserved;
    int nvalues;
    okapi_propval_t *values;
} okapi_action_recipient_t;

typedef struct okapi_action_t {
    okapi_action_e type;
    apr_uint32_t flavor;
    apr_uint32_t flags;           /* the client's own */
    apr_byte_t is_local;          /* OP_MOVE, OP_COPY: the folder is in this store */
    okapi_binary_t store, folder; /* likewise: the folder is a ServerEid of 21 bytes if it is local,
                                   * an entry id in an extended rule */
    apr_uint64_t template_fid;    /* OP_REPLY, OP_OOF_REPLY of a standard rule, as on the wire */
    apr_uint64_t template_mid;
    okapi_binary_t template_entryid; /* of an extended one */
    okapi_guid_t template_guid;
    okapi_binary_t data;          /* OP_DEFER_ACTION */
    apr_uint32_t code;            /* OP_BOUNCE */
    okapi_propval_t value;        /* OP_TAG */
    int nrecipients;              /* OP_FORWARD, OP_DELEGATE */
    okapi_action_recipient_t *recipients;
} okapi_action_t;

/* RuleAction: an array of okapi_action_t. OKAPI_FORM_ROP is a standard rule's, OKAPI_FORM_WIDE that
 * of an extended one. Bytes stay where they are in the reader's buffer. */
void okapi_actions_read(okapi_reader_t *r, apr_array_header_t **actions,
                        const okapi_codec_t *codec, apr_pool_t *result_pool);
void okapi_actions_write(okapi_writer_t *w, const apr_array_header_t *actions,
                         const okapi_codec_t *codec);

/* The folder of this store that an OP_MOVE or OP_COPY of a standard rule names; 0: none. */
okapi_id_t okapi_action_folder(const okapi_action_t *action);

/* ---- rules of a folder ---- */

typedef struct okapi_rule_t {
    okapi_id_t id;
    apr_int32_t sequence;
    apr_uint32_t state;
    int is_extended;      /* never in a list of them */
    okapi_props_t *props; /* PR_RULE_ID, PR_RULE_NAME, PR_RULE_CONDITION, PR_RULE_ACTIONS, ... */
} okapi_rule_t;

/* Array of okapi_rule_t, in the order they are tried. OKAPI_EACCESS unless the actor owns the
 * folder. */
apr_status_t okapi_rule_list(apr_array_header_t **rules, okapi_folder_t *folder,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool);

typedef enum okapi_rule_e { /* RuleDataFlags, MS-OXORULE 2.2.1.3 */
    OKAPI_RULE_ADD = 0x1,
    OKAPI_RULE_MODIFY = 0x2, /* the one of PR_RULE_ID: its other properties stay */
    OKAPI_RULE_REMOVE = 0x4  /* likewise */
} okapi_rule_e;

typedef struct okapi_rule_change_t {
    okapi_rule_e what;
    const okapi_propval_t *values; /* properties of MS-OXORULE 2.2.1.3.1 only */
    int n;
} okapi_rule_change_t;

/* All changes or none, durable at once; with REPLACE what was there goes first, and changes are
 * ADDs only. OKAPI_EINVAL for what is no rule, OKAPI_ENOTFOUND if there is none of that id,
 * OKAPI_ENOMEMORY if the folder would have too many, OKAPI_EACCESS unless the actor owns it. */
apr_status_t okapi_rule_modify(okapi_folder_t *folder, const okapi_rule_change_t *changes, int n,
                               int replace, apr_pool_t *scratch_pool);

/* A client has taken the message of SERVER_ID (PR_DAM_ORIG_MSG_SVREID) to where it is CLIENT_ID:
 * each deferred action message for it says so from now on (MS-OXORULE 3.2.5.4). */
apr_status_t okapi_rule_update_deferred(okapi_store_t *store, okapi_binary_t server_id,
                                        okapi_binary_t client_id, apr_pool_t *scratch_pool);

#endif
