/* mime_write.h - what the steps of a conversion from MAPI to MIME share. */
#ifndef OKAPI__MIME_WRITE_H
#define OKAPI__MIME_WRITE_H

#include <apr_hash.h>
#include <okapi/mime.h>

#include "mime_encode.h"

/* A whole conversion: the message and those embedded in it. */
typedef struct okapi__mime_out_t {
    okapi_t *okapi;
    int flags;
    okapi_mime_sink_t sink;
    void *baton;
    okapi_writer_t buffer;
    const char *boundary; /* how all of them begin */
    int boundaries;
    apr_hash_t *addresses; /* by the name Outlook knows a user by */
    int depth;             /* messages around the one being written */
    apr_pool_t *pool;      /* for all of it */
} okapi__mime_out_t;

/* One message being written. */
typedef struct okapi__letter_t {
    okapi__mime_out_t *out;
    okapi_message_t *message;
    okapi_props_t *props;      /* all but its bodies */
    apr_hash_t *named;         /* const char * of PS_INTERNET_HEADERS, by lower-case name */
    apr_array_header_t *names; /* of these, in order */
    const char *id;            /* its Message-ID; NULL if it has none */
    okapi_writer_t fields;     /* its header section */
    apr_pool_t *pool;
} okapi__letter_t;

typedef enum okapi__source_e {
    OKAPI__SOURCE_BYTES,
    OKAPI__SOURCE_ENTITY, /* bytes with header fields of their own, as they stand */
    OKAPI__SOURCE_DATA,   /* of an attachment */
    OKAPI__SOURCE_MESSAGE,
    OKAPI__SOURCE_MULTIPART
} okapi__source_e;

/* A node of what a message becomes. */
typedef struct okapi__part_t {
    okapi__source_e source;
    okapi_writer_t fields; /* Content-*, each with its line end */
    okapi_binary_t bytes;
    okapi__encoding_e encoding;
    okapi_stream_t *data;
    okapi_message_t *message;
    const char *boundary;
    struct okapi__part_t *first, *last, *next;
} okapi__part_t;

/* ---- mime_write.c ---- */

okapi__part_t *okapi__part_create(okapi__letter_t *letter, okapi__source_e source);

/* Of a multipart SUBTYPE; parameters can still be added to its one field. */
okapi__part_t *okapi__part_multipart(okapi__letter_t *letter, const char *subtype);
void okapi__part_add(okapi__part_t *parent, okapi__part_t *child);

/* "Content-Transfer-Encoding", if it has to be said. */
void okapi__part_encode(okapi__part_t *part, okapi__encoding_e encoding);

/* ---- mime_write_fields.c ---- */

/* The properties of the letter's message, and its header section but for what its parts say. */
apr_status_t okapi__letter_load(okapi__letter_t *letter);
apr_status_t okapi__letter_fields(okapi__letter_t *letter);

/* Are the attachments and all properties in a TNEF stream? */
int okapi__letter_has_tnef(const okapi__letter_t *letter);

/* NULL if PS_INTERNET_HEADERS hasn't NAME. */
const char *okapi__letter_named(const okapi__letter_t *letter, const char *name);

/* ---- mime_write_people.c ---- */

/* The properties that tell one person. */
typedef struct okapi__who_tags_t {
    okapi_proptag_t name, addrtype, email, smtp, entryid;
} okapi__who_tags_t;

/* ADDRESS is "" if PROPS tell of nobody. */
apr_status_t okapi__who(okapi__address_t *who, okapi__mime_out_t *out, const okapi_props_t *props,
                        const okapi__who_tags_t *tags);

/* Array of okapi__address_t: the recipients of TYPE; those of PR_REPLY_RECIPIENT_ENTRIES. */
apr_status_t okapi__who_recipients(apr_array_header_t **people, okapi__letter_t *letter, int type);
apr_status_t okapi__who_reply_to(apr_array_header_t **people, okapi__letter_t *letter);

/* ---- mime_write_body.c ---- */

/* The body in all its forms; NULL if there is none. *HAS_HTML: it may refer to attachments. */
apr_status_t okapi__letter_body(okapi__part_t **body, int *has_html, okapi__letter_t *letter);

/* ---- report.c ---- */

/* What a message reports on, as the subtype of message/ that says it; NULL if it is no report. */
const char *okapi__report_type(const okapi__letter_t *letter);
apr_status_t okapi__report_part(okapi__part_t **part, okapi__letter_t *letter);

/* ---- mime_write_attach.c ---- */

typedef struct okapi__enclosures_t {
    apr_array_header_t *related; /* okapi__part_t *: what the HTML refers to */
    apr_array_header_t *forms;   /* other forms of the text */
    apr_array_header_t *mixed;
} okapi__enclosures_t;

apr_status_t okapi__letter_enclosures(okapi__enclosures_t *enclosures, okapi__letter_t *letter,
                                      int has_html);

/* The message as a TNEF stream, "winmail.dat". */
apr_status_t okapi__letter_tnef(okapi__enclosures_t *enclosures, okapi__letter_t *letter);

/* What a signed or encrypted message is; NULL for any other. */
apr_status_t okapi__letter_secured(okapi__part_t **root, okapi__letter_t *letter);

#endif
