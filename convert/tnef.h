/* tnef.h - what reading and writing a TNEF stream share: MS-OXTNEF 2.1.3. */
#ifndef OKAPI__TNEF_H
#define OKAPI__TNEF_H

#include <okapi/tnef.h>

#include "mapi_item.h"

#define OKAPI__TNEF_SIGNATURE 0x223E9F78u

/* Attributes: the kind of their data in the high half. One enumerator per row of tnef_attrs.def. */
typedef enum okapi__att_e {
#define OKAPI__ATT(symbol, id, level, form, tag) symbol = (id),
#include "tnef_attrs.def"
#undef OKAPI__ATT
} okapi__att_e;

enum { OKAPI__TNEF_MESSAGE = 1, OKAPI__TNEF_ATTACHMENT = 2 }; /* levels */

/* How an attribute's data is one property. */
typedef enum okapi__att_form_e {
    OKAPI__ATT_SPECIAL, /* it isn't: a function of its own */
    OKAPI__ATT_TEXT,    /* of the stream's code page, with a zero */
    OKAPI__ATT_BYTES,
    OKAPI__ATT_DATE,    /* seven 16-bit integers */
    OKAPI__ATT_LONG,
    OKAPI__ATT_SHORT,   /* 16 bits for a boolean */
    OKAPI__ATT_HEX      /* bytes as hexadecimal digits */
} okapi__att_form_e;

typedef struct okapi__att_t {
    apr_uint32_t id;
    apr_byte_t level;
    apr_byte_t form; /* okapi__att_form_e */
    okapi_proptag_t tag;
} okapi__att_t;

/* All of them; the last has the id 0. */
extern const okapi__att_t okapi__tnef_attributes[];

/* Message classes of Microsoft Mail in attMessageClass: MS-OXTNEF 2.1.3.3.5. */
typedef struct okapi__tnef_class_t {
    const char *legacy, *mapi;
} okapi__tnef_class_t;

extern const okapi__tnef_class_t okapi__tnef_classes[]; /* ends with NULL */

/* Of PT_OBJECT values: IMessage, IStorage, IStream. */
extern const okapi_guid_t okapi__iid_message, okapi__iid_storage, okapi__iid_stream;

/* The tree of STREAM; *WHY if there is none. */
apr_status_t okapi__tnef_read(okapi__item_t **item, const char **why, okapi_binary_t stream,
                              okapi__item_limits_t *limits, apr_pool_t *result_pool);

/* ITEM's stream is appended. */
void okapi__tnef_write(okapi_writer_t *w, const okapi__item_t *item);

#endif
