/* message.h - messages: properties, recipients, attachments, embedded messages.
 *
 * An open or new message is a value in its pool. Changes collect in it and become durable, all
 * or nothing, in okapi_message_save.
 */
#ifndef OKAPI_MESSAGE_H
#define OKAPI_MESSAGE_H

#include <okapi/folder.h>

typedef struct okapi_message_t okapi_message_t;       /* is an okapi_object_t */
typedef struct okapi_attachment_t okapi_attachment_t; /* is an okapi_object_t */

enum { MSGFLAG_READ = 0x1, MSGFLAG_UNMODIFIED = 0x2, MSGFLAG_SUBMIT = 0x4, MSGFLAG_UNSENT = 0x8,
       MSGFLAG_HASATTACH = 0x10, MSGFLAG_FROMME = 0x20, MSGFLAG_ASSOCIATED = 0x40,
       MSGFLAG_RESEND = 0x80, MSGFLAG_NOTIFYREAD = 0x100, MSGFLAG_NOTIFYUNREAD = 0x200,
       MSGFLAG_EVERREAD = 0x400, MSGFLAG_INTERNET = 0x2000 };

enum { MAPI_ORIG = 0, MAPI_TO = 1, MAPI_CC = 2, MAPI_BCC = 3 };

enum { ATTACH_BY_VALUE = 1, ATTACH_EMBEDDED_MSG = 5, ATTACH_OLE = 6 };

/* FOLDER_ID 0 looks in the whole store. OKAPI_ENOTFOUND, OKAPI_EACCESS. */
apr_status_t okapi_message_open(okapi_message_t **message, okapi_store_t *store,
                                okapi_id_t folder_id, okapi_id_t id, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);

/* One that was softly deleted, to be read only: okapi_message_open doesn't find it. */
apr_status_t okapi_message_open_deleted(okapi_message_t **message, okapi_store_t *store,
                                        okapi_id_t folder_id, okapi_id_t id,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* A new one in memory, without id until it is saved. */
apr_status_t okapi_message_create(okapi_message_t **message, okapi_store_t *store,
                                  okapi_id_t folder_id, int associated, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool);

okapi_object_t *okapi_message_object(okapi_message_t *message);
okapi_store_t *okapi_message_store(const okapi_message_t *message);
/* Gives TO, a new message, all properties, recipients and attachments of FROM, but not the bytes
 * that came from the Internet. Large values are shared: those of an unsaved FROM outlive TO. */
apr_status_t okapi_message_copy(okapi_message_t *to, okapi_message_t *from,
                                apr_pool_t *scratch_pool);

okapi_id_t okapi_message_id(const okapi_message_t *message);        /* 0 while it is new */
okapi_id_t okapi_message_folder_id(const okapi_message_t *message); /* 0 if embedded */

/* A part of a message as it came from the Internet whose content is the value of a property, an
 * attachment's data for instance. */
typedef struct okapi_raw_part_t {
    apr_size_t offset, length; /* in the message, still in its transfer encoding */
    okapi_binary_t value;
    apr_size_t skip; /* bytes of VALUE before those that the part has */
} okapi_raw_part_t;

/* The bytes as they came from the Internet, which okapi_message_raw gives exactly again. They and
 * the values of PARTS aren't copied: they outlive the message. PARTS, in order, tells what is
 * stored anyway. Each is checked: what doesn't give the same bytes, as they are or in base64, is
 * kept twice. */
void okapi_message_set_raw(okapi_message_t *message, okapi_binary_t raw,
                           const okapi_raw_part_t *parts, int nparts);
apr_status_t okapi_message_raw(okapi_stream_t **stream, okapi_message_t *message,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* ---- recipients ---- */

typedef struct okapi_recipient_t {
    apr_uint32_t row_id;
    int type;             /* MAPI_TO, ... and the flags of MS-OXCMSG 2.2.3.1.2 */
    okapi_props_t *props; /* PR_DISPLAY_NAME, PR_ADDRTYPE, PR_EMAIL_ADDRESS, PR_SMTP_ADDRESS, ... */
} okapi_recipient_t;

int okapi_message_recipient_count(const okapi_message_t *message);
const okapi_recipient_t *okapi_message_recipient(const okapi_message_t *message, int i);
okapi_recipient_t *okapi_message_add_recipient(okapi_message_t *message, int type);
void okapi_message_clear_recipients(okapi_message_t *message);

/* ---- attachments ---- */

int okapi_message_attachment_count(const okapi_message_t *message);
apr_uint32_t okapi_message_attachment_num(const okapi_message_t *message, int i);

/* Loaded once, into the message's pool, as its embedded message is: opening it again gives the
 * same one, with its pending changes. */
apr_status_t okapi_attachment_open(okapi_attachment_t **attachment, okapi_message_t *message,
                                   apr_uint32_t num, apr_pool_t *scratch_pool);

/* In the message's pool; becomes durable with the message. */
okapi_attachment_t *okapi_attachment_create(okapi_message_t *message, int method);

okapi_object_t *okapi_attachment_object(okapi_attachment_t *attachment);
apr_uint32_t okapi_attachment_num(const okapi_attachment_t *attachment);
okapi_message_t *okapi_attachment_message(const okapi_attachment_t *attachment);

/* PR_ATTACH_DATA_BIN. Not copied: the bytes outlive the message. */
void okapi_attachment_set_data(okapi_attachment_t *attachment, okapi_binary_t data);

/* The message of an ATTACH_EMBEDDED_MSG. OKAPI_ENOTFOUND if it is of another kind. */
apr_status_t okapi_attachment_embedded(okapi_message_t **embedded, okapi_attachment_t *attachment,
                                       apr_pool_t *scratch_pool);

/* A new one for an ATTACH_EMBEDDED_MSG, saved with its outermost message. */
okapi_message_t *okapi_attachment_create_embedded(okapi_attachment_t *attachment);

/* ---- saving ---- */

enum {
    OKAPI_SAVE_DELIVERY = 0x1 /* new mail: unread, announced as such, PR_MESSAGE_DELIVERY_TIME */
};

/* Durable when it returns APR_SUCCESS; the store's waiters are rung. */
apr_status_t okapi_message_save(okapi_message_t *message, apr_uint32_t flags,
                                apr_pool_t *scratch_pool);

#endif
