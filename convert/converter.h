/* converter.h - what the steps of one conversion from MIME to MAPI share. */
#ifndef OKAPI__CONVERTER_H
#define OKAPI__CONVERTER_H

#include <apr_hash.h>
#include <okapi/mime.h>

#include "address_list.h"
#include "entity.h"
#include "header.h"
#include "transfer.h"

/* A whole conversion: the message and those embedded in it. */
typedef struct okapi__mime_t {
    okapi_t *okapi;
    okapi__entity_limits_t limits;
    apr_hash_t *users; /* by address: okapi_user_t of those that were looked up: address.c */
    int lookups_left;  /* in the user table */
    int recipients_left;
    okapi_binary_t raw;            /* the message */
    apr_array_header_t *raw_parts; /* okapi_raw_part_t */
    apr_pool_t *result_pool; /* lives until the message is saved */
    apr_pool_t *scratch_pool;
} okapi__mime_t;

/* One message being filled. */
typedef struct okapi__draft_t {
    okapi__mime_t *mime;
    okapi_message_t *message;
    const okapi__entity_t *root;
    int depth;                  /* containers around ROOT */
    const okapi__entity_t *report; /* what a program is to read of a report; NULL: it is none */
    int reports_delivery, action;  /* report.c: of delivery, and which action */
    const char *charset;        /* what raw 8-bit text in its headers is likely to be in, or NULL */
    apr_array_header_t *values; /* okapi_propval_t, set all at once */
} okapi__draft_t;

/* ---- mime.c ---- */

/* Properties, recipients, attachments of MESSAGE, out of ROOT that lies inside DEPTH containers. */
apr_status_t okapi__draft_fill(okapi__mime_t *mime, okapi_message_t *message,
                               const okapi__entity_t *root, int depth);

/* BODY, if it stands in the message as it came, is VALUE but for its first SKIP bytes in a transfer
 * encoding. VALUE lives until the message is saved. */
void okapi__mime_keep_part(okapi__mime_t *mime, okapi_binary_t body, okapi_binary_t value,
                           apr_size_t skip);

/* The values aren't copied: they live in the conversion's scratch pool. */
void okapi__draft_put(okapi__draft_t *draft, okapi_propval_t value);
void okapi__draft_put_str(okapi__draft_t *draft, okapi_proptag_t tag, const char *text);

/* ---- headers.c ---- */

apr_status_t okapi__draft_headers(okapi__draft_t *draft);

/* ---- address.c ---- */

/* Array of okapi__address_t: the mailboxes of an address field. */
apr_array_header_t *okapi__addresses(okapi__draft_t *draft, okapi_binary_t value);

/* Looks up which of ADDRESSES, okapi__address_t, are local users', all at once: what comes after
 * finds them known. */
apr_status_t okapi__people_find(okapi__mime_t *mime, const apr_array_header_t *addresses);

/* The properties one person has by their role: PR_SENDER_*, a recipient's, ... */
typedef struct okapi__person_tags_t {
    okapi_proptag_t name, addrtype, email, smtp, entryid, search_key;
} okapi__person_tags_t;

/* The values TAGS (0: not wanted) of ADDRESS, pushed on VALUES. A local user is known by the
 * directory's name for him, anyone else by a one-off entry id. */
apr_status_t okapi__person_values(okapi__draft_t *draft, const okapi__address_t *address,
                                  const okapi__person_tags_t *tags, apr_array_header_t *values);

apr_status_t okapi__recipients_add(okapi__draft_t *draft, int type, okapi_binary_t value);

/* *RECIPIENT is NULL if there are too many. */
apr_status_t okapi__recipient_add(okapi_recipient_t **recipient, okapi__draft_t *draft, int type,
                                  const okapi__address_t *address);

/* PR_REPLY_RECIPIENT_ENTRIES and _NAMES. */
apr_status_t okapi__reply_to(okapi__draft_t *draft, okapi_binary_t value);

/* ---- body.c ---- */

/* What a message's parts are to it. */
typedef struct okapi__content_t {
    apr_array_header_t *pieces;      /* of the body, in reading order */
    apr_array_header_t *attachments; /* const okapi__entity_t *, in order */
    apr_hash_t *decoded;             /* the pieces' parts as text */
    const char *html;                /* PR_HTML as UTF-8, or NULL */
    apr_size_t html_len;
} okapi__content_t;

/* Which parts make the body and which are attachments: MS-OXCMAIL 2.2.3.3.2. */
okapi__content_t *okapi__content_of(okapi__draft_t *draft, const okapi__entity_t *root);

/* PR_BODY, PR_HTML and what goes with them. */
void okapi__draft_body(okapi__draft_t *draft, okapi__content_t *content);

/* The file name a part was given, without directories and control characters; NULL if none. */
const char *okapi__part_filename(okapi__draft_t *draft, const okapi__entity_t *entity);

/* ---- attach.c ---- */

apr_status_t okapi__draft_attachments(okapi__draft_t *draft, okapi__content_t *content);

/* ---- report.c ---- */

/* Is the message a report? Its properties, and what became of each recipient. */
int okapi__report_find(okapi__draft_t *draft);
apr_status_t okapi__draft_report(okapi__draft_t *draft);

/* ---- mime_meeting.c ---- */

/* The message's text/calendar part, if it has one that is for a meeting, as its properties
 * (MS-OXCICAL 2.1.3.1.1.1, RFC 6047); it is no attachment then. */
apr_status_t okapi__draft_meeting(okapi__draft_t *draft, okapi__content_t *content,
                                  int *is_meeting);

/* A mail without text has the meeting's. */
void okapi__draft_meeting_body(okapi__draft_t *draft);

/* ---- mime_tnef.c ---- */

/* If a part is the message's own TNEF stream, what is in it goes into the message, and the part is
 * taken out of CONTENT. The first NHEADERS of the draft's values are what the headers say. */
apr_status_t okapi__draft_tnef(okapi__draft_t *draft, okapi__content_t *content, int nheaders);

/* ---- smime.c ---- */

/* For a signed or encrypted message (MS-OXOSMIME 2.1): its class and one attachment, and what a
 * reader sees of it in *CONTENT. *CONTENT is NULL for any other. */
apr_status_t okapi__draft_smime(okapi__draft_t *draft, okapi__content_t **content);

#endif
