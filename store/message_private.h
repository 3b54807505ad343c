/* message_private.h - how an open message looks inside: its row in the folder, its properties,
 * recipients and attachments.
 *
 * A message is made in one of three ways: opened (all of it is read at once), created, or as the
 * row of a table (only the row is there; the rest is read when somebody asks for it).
 */
#ifndef OKAPI_MESSAGE_PRIVATE_H
#define OKAPI_MESSAGE_PRIVATE_H

#include <okapi/message.h>

#include "propbag.h"
#include "store_private.h"

/* message.part */
enum { OKAPI__PART_NORMAL = 0, OKAPI__PART_ASSOCIATED = 1, OKAPI__PART_SOFT_DELETED = 2 };

/* message.flags: PR_MESSAGE_FLAGS in the low half, and above it what no client sees, such as
 * OKAPI__MSGFLAG_DELIVERED. */
enum {
    OKAPI__MSGFLAG_MASK = 0xFFFF,
    OKAPI__MSGFLAG_READ = MSGFLAG_READ | MSGFLAG_EVERREAD /* one goes with the other */
};

/* Characters of the text columns. */
enum {
    OKAPI__CLASS_MAX = 64,
    OKAPI__PREFIX_MAX = 16,
    OKAPI__SUBJECT_MAX = 255,
    OKAPI__SENDER_MAX = 128,
    OKAPI__DISPLAY_TO_MAX = 255,
    OKAPI__KEY_MAX = 64
};

/* A row of the message table: what lists of a folder show and sort by. Everything that is also a
 * property is a copy, texts cut to their column. */
typedef struct okapi__message_row_t {
    okapi_id_t folder_id, id; /* 0 while it is new, or embedded */
    int part;
    okapi_cn_t cn; /* of the last change of content */
    apr_uint32_t flags;
    okapi_time_t delivered, submitted; /* 0: none */
    okapi_time_t ctime, mtime;
    apr_int64_t size, imap_uid;
    int importance, flag_status;
    int icon;        /* -1: none */
    const char *message_class;
    const char *prefix, *subject, *subject_key; /* SUBJECT is the normalized one */
    const char *sender, *sender_key;            /* PR_SENT_REPRESENTING_NAME */
    const char *display_to;
    okapi_time_t start, end; /* 0: none */
    okapi_id_t creator;      /* the user who made it; 0: it was delivered */
    okapi_time_t deleted;    /* softly; 0: it isn't */

    /* Written, but not read again. */
    int attachments; /* those a user sees */
    apr_int64_t conversation, message_id_hash;
} okapi__message_row_t;

struct okapi_message_t {
    okapi_object_t object;
    okapi_store_t *store;
    okapi_attachment_t *parent;      /* that it is embedded in, or NULL */
    okapi_id_t id;                   /* of its msg_props row; 0 while it is new */
    apr_uint32_t rights;             /* of the actor, as okapi__message_rights has them */
    int hidden;                      /* it is private and not for the actor */
    okapi__message_row_t row;
    int loaded;                      /* the following three are there */
    apr_int64_t rev;                 /* of the properties as read */
    okapi__propbag_t bag;
    okapi_binary_t skeleton;         /* packed, if it is small (raw.c); data NULL: not known */
    int is_raw_set;                  /* since it was read or saved */
    apr_array_header_t *recipients;  /* of okapi_recipient_t * */
    apr_array_header_t *attachments; /* of okapi_attachment_t *, by number; NULL: not read yet */
    int dirty;                       /* changed since it was read or saved */
    unsigned bodies_set;             /* forms of the body set since BODIES_REV was read or saved */
    apr_int64_t bodies_rev;
    okapi_id_t reserved_id;          /* of a new one: the id it will get; 0: any */
    okapi_id_t saving_id;            /* ID, or the one it gets by the save that is under way */
    apr_pool_t *pool;
};

struct okapi_attachment_t {
    okapi_object_t object;
    okapi_message_t *message;
    apr_uint32_t num;
    okapi_id_t id; /* 0 while it is new */
    int method;
    apr_int64_t size;
    okapi_id_t embedded_id;
    okapi_message_t *embedded; /* NULL: not opened */
    int loaded;                /* the bag is filled */
    okapi__propbag_t bag;
    int dirty;
};

/* ---- message.c ---- */

/* A message in RESULT_POOL without anything in it. */
okapi_message_t *okapi__message_make(okapi_store_t *store, apr_pool_t *result_pool);

/* Reads properties and recipients, unless they are there. */
apr_status_t okapi__message_load(okapi_message_t *message, okapi__conn_t *conn,
                                 apr_pool_t *scratch_pool);
apr_status_t okapi__message_need(okapi_message_t *message, apr_pool_t *scratch_pool);

/* The same from what a select brought. */
apr_status_t okapi__message_fill(okapi_message_t *message, okapi_binary_t props,
                                 okapi_binary_t recipients);

/* All of a message whose ID is set; the row of an embedded one too. */
apr_status_t okapi__message_read(okapi_message_t *message, okapi__conn_t *conn,
                                 apr_pool_t *scratch_pool);

/* Marks it and those it is embedded in. */
void okapi__message_touch(okapi_message_t *message);

/* ---- private.c ---- */

/* What the actor, who has RIGHTS on the folder, may do with the message whose row has been read; a
 * private one loses of its row what isn't for him. */
void okapi__message_admit(okapi_message_t *message, apr_uint32_t rights);

/* Removes from the properties and recipients of a hidden message what isn't for the actor. */
void okapi__private_veil(okapi_message_t *message);

/* It has no bytes from the Internet any more. */
void okapi__raw_drop(okapi_message_t *message);

/* Gives TO the bytes from the Internet that FROM has in its row, if it has some. */
apr_status_t okapi__raw_copy(okapi_message_t *to, okapi_message_t *from, apr_pool_t *scratch_pool);

/* Sets in ROW whether the message is private. Outside of a transaction. */
apr_status_t okapi__private_mark(okapi_message_t *message, okapi__message_row_t *row,
                                 apr_pool_t *scratch_pool);

/* ---- rule_extended.c ---- */

/* OKAPI_ETOOBIG if it is an extended rule whose condition is longer than those may be. */
apr_status_t okapi__rule_check_extended(const okapi_message_t *message);

/* ---- delegate.c ---- */

/* Whom the owner's Delegate Information object names; NULL if MESSAGE isn't it. And these become
 * the list. */
apr_array_header_t *okapi__delegates_named(const okapi_message_t *message, apr_pool_t *result_pool);
apr_status_t okapi__delegates_replace(okapi__conn_t *conn, const okapi_store_t *store,
                                      const apr_array_header_t *listed, apr_pool_t *scratch_pool);

/* ---- message_save.c ---- */

/* With OKAPI_SAVE_DELIVERY: read all the same, because a rule says so. Without: it may be larger
 * than what a client may save, because it has mail in it that was accepted. */
#define OKAPI__SAVE_READ     0x80000000u
#define OKAPI__SAVE_ANY_SIZE 0x40000000u

typedef struct okapi__saving_t {
    okapi_message_t *message;
    apr_uint32_t flags;    /* OKAPI_SAVE_* */
    const int *is_skipped; /* what okapi__batch_t.first decided; NULL: it is saved */
} okapi__saving_t;

/* What else is done in the transaction that saves messages; NULL: nothing. */
typedef struct okapi__batch_t {
    okapi__work_t first, last;
    void *baton;
} okapi__batch_t;

/* Messages of one store in one durable commit. ALSO may be NULL. */
apr_status_t okapi__messages_save(okapi_store_t *store, const okapi__saving_t *savings, int n,
                                  const okapi__batch_t *also, apr_pool_t *scratch_pool);

/* Gives a new message the id that it will be saved under. */
apr_status_t okapi__message_reserve(okapi_message_t *message, apr_pool_t *scratch_pool);

/* ---- message_clone.c ---- */

/* A new message with everything that FROM has: the bytes as they came from the Internet only with
 * WITH_RAW. Large values aren't copied but shared; those of an unsaved message outlive the clone.
 */
apr_status_t okapi__message_clone(okapi_message_t **clone, okapi_message_t *from,
                                  okapi_id_t folder_id, int with_raw, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool);

/* The same into TO, a new message that is embedded somewhere, for instance. */
apr_status_t okapi__message_copy_content(okapi_message_t *to, okapi_message_t *from, int with_raw,
                                         apr_pool_t *scratch_pool);

/* ---- message_row.c ---- */

/* From the columns MESSAGE_COLUMNS; texts in RESULT_POOL. */
void okapi__message_row_read(okapi__message_row_t *row, okapi__rows_t *rows,
                             apr_pool_t *result_pool);

/* Sets what follows from the properties, recipients and attachments. Outside of a transaction. */
apr_status_t okapi__message_row_fill(okapi__message_row_t *row, okapi_message_t *message,
                                     apr_pool_t *result_pool);

/* The number that an id of LEN bytes is found by: message.msgid_hash. */
apr_int64_t okapi__message_hash(const void *data, apr_size_t len);

/* ---- message_erase.c ---- */

/* Deletes rows, properties, recipients, attachments and what is embedded. The counts, the
 * tombstones and the order of cn.h are the caller's. */
apr_status_t okapi__messages_erase(okapi__conn_t *conn, okapi_id_t folder_id,
                                   const okapi_id_t *ids, int n, apr_pool_t *scratch_pool);

/* What subject_key and sender_key have: the beginning of the text's sort key as text that every
 * database orders by its bytes; and what is above those of all texts that begin with PREFIX (from
 * below, they have okapi__text_key(PREFIX)). */
const char *okapi__text_key(const char *text, apr_pool_t *result_pool);
const char *okapi__text_key_above(const char *prefix, apr_pool_t *result_pool);

/* ---- message_computed.c ---- */

extern const okapi__computed_t okapi__message_computed[];
extern const okapi__computed_t okapi__attachment_computed[];

/* ---- message_body.c ---- */

/* Forms of the body that are made of another one; which one is native. */
#define OKAPI__BODY(name)                                                       \
    apr_status_t okapi__body_##name(okapi_propval_t *v, okapi_object_t *object, \
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool)
OKAPI__BODY(native);
OKAPI__BODY(rtf_in_sync);
OKAPI__BODY(text);
OKAPI__BODY(html);
OKAPI__BODY(html_text);
OKAPI__BODY(rtf);

/* Before the VALUES are set: of forms that don't belong to the same text nothing stays. */
void okapi__bodies_set(okapi_message_t *message, const okapi_propval_t *values, int n);

/* ---- subject.c ---- */

/* Divides SUBJECT into prefix and normalized subject: PREFIX if it begins with it, otherwise by
 * the rule of MS-OXCMAIL 2.2.3.2.6.1. PREFIX may be NULL. */
void okapi__subject_split(const char **new_prefix, const char **normalized, const char *subject,
                          const char *prefix, apr_pool_t *result_pool);

/* ---- recipient.c ---- */

/* msg_props.recips and back; OKAPI_ETOOBIG, OKAPI_ECORRUPT. */
apr_status_t okapi__recipients_pack(okapi_binary_t *packed, const apr_array_header_t *recipients,
                                    apr_pool_t *result_pool);
apr_status_t okapi__recipients_unpack(apr_array_header_t **recipients, okapi_binary_t packed,
                                      apr_pool_t *result_pool);

/* The names of one TYPE, "; " between them, as PR_DISPLAY_TO has them. */
const char *okapi__recipients_display(const apr_array_header_t *recipients, int type,
                                      apr_pool_t *result_pool);

/* ---- attachment.c ---- */

/* Reads the list of attachments, unless it is there. */
apr_status_t okapi__attachments_load(okapi_message_t *message, okapi__conn_t *conn,
                                     apr_pool_t *scratch_pool);
apr_status_t okapi__attachments_need(okapi_message_t *message, apr_pool_t *scratch_pool);

/* Reads the properties of one, unless they are there. */
apr_status_t okapi__attachment_need(okapi_attachment_t *attachment, apr_pool_t *scratch_pool);

int okapi__attachment_hidden(const okapi_attachment_t *attachment);

#endif
