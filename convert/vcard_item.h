/* vcard_item.h - what the steps of a conversion between vCard and MAPI share. */
#ifndef OKAPI__VCARD_ITEM_H
#define OKAPI__VCARD_ITEM_H

#include <okapi/named.h>
#include <okapi/vcard.h>

#include "ical_tree.h"

/* The named properties: those of contact_props.def, and these by their names. */
enum {
#define CONTACT_PROP(symbol, lid, type) OKAPI__CONTACT_##symbol,
#include "contact_props.def"
#undef CONTACT_PROP
    OKAPI__CONTACT_KEYWORDS,
    OKAPI__CONTACT_UID,
    OKAPI__CONTACT_KEPT, /* see keep.h */
    OKAPI__CONTACT_PROPS
};

/* One card and the message it is or becomes. */
typedef struct okapi__card_t {
    okapi_proptag_t tags[OKAPI__CONTACT_PROPS]; /* 0: the store doesn't have it */
    okapi__comp_t *comp;                        /* in the syntax of 3.0 and 4.0 */
    okapi_message_t *message;
    const char *state;    /* the REV of what is written, until that is known: vcard.c */
    okapi_props_t *props; /* of the message: to be set, or as they are */
    apr_pool_t *pool;
} okapi__card_t;

#define OKAPI__CONTACT_TAG(card, symbol) ((card)->tags[OKAPI__CONTACT_##symbol])

/* ---- vcard_item.c ---- */

apr_status_t okapi__card_open(okapi__card_t *card, okapi_message_t *message, int create,
                              apr_pool_t *result_pool);

/* The message's properties, without those it doesn't have. */
apr_status_t okapi__card_load(okapi__card_t *card);

/* Sets TAG unless it is 0 or VALUE has nothing. */
void okapi__card_put(okapi__card_t *card, okapi_proptag_t tag, const char *value);
const char *okapi__card_get(const okapi__card_t *card, okapi_proptag_t tag); /* "" if absent */

/* Without the name of a line's group: "TEL" of "ITEM1.TEL". */
const char *okapi__card_line_name(const okapi__line_t *line);
const okapi__line_t *okapi__card_line(const okapi__comp_t *comp, const char *name);

/* Adds a line that is the item's SLOT (keep.h). */
void okapi__card_add(okapi__card_t *card, const char *slot, const char *name, const char *params,
                     const char *value);

/* The labels beside lines that have slots are in those. */
void okapi__card_join_labels(okapi__comp_t *comp);

/* Is WORD (upper case) one of the line's TYPEs? */
int okapi__card_is_type(const okapi__line_t *line, const char *word);

/* The N fields of a value that semicolons divide, as text; those it doesn't have are "". */
void okapi__card_fields(const char **fields, int n, const char *value, apr_pool_t *result_pool);

/* ---- vcard_table.c: a value each ---- */

void okapi__card_table_read(okapi__card_t *card);
void okapi__card_table_write(okapi__card_t *card);

/* ---- vcard_name.c: N, FN, ORG ---- */

void okapi__card_names_read(okapi__card_t *card);
void okapi__card_names_write(okapi__card_t *card);

/* ---- vcard_reach.c: TEL, EMAIL, ADR ---- */

void okapi__card_reach_read(okapi__card_t *card);
void okapi__card_reach_write(okapi__card_t *card);

/* ---- vcard_key.c ---- */

void okapi__card_keys_read(okapi__card_t *card);
void okapi__card_keys_write(okapi__card_t *card);

/* ---- vcard_photo.c ---- */

/* The text of a line's bytes in either syntax; NULL if it only says where they are. */
const char *okapi__card_base64(const okapi__line_t *line);

/* The bytes live in RESULT_POOL. */
apr_status_t okapi__card_photo_read(okapi__card_t *card, apr_pool_t *result_pool);
apr_status_t okapi__card_photo_write(okapi__card_t *card);

/* ---- vcard_list.c: the members of a distribution list ---- */

int okapi__card_is_list(const okapi__comp_t *comp);
void okapi__card_members_read(okapi__card_t *card);
void okapi__card_members_write(okapi__card_t *card);

/* ---- vcard_dialect.c ---- */

/* TEXT (UTF-8) with what 2.1 folds in its own ways on one line each. */
const char *okapi__vcard_unfold(const char *text, apr_pool_t *result_pool);

/* What a card has of 2.1 in the syntax of 3.0: types as parameters, quoted-printable undone. */
void okapi__card_normalize(okapi__comp_t *card);

/* Which version a card's VERSION names; 3.0 if none that we know. */
okapi_vcard_version_e okapi__card_version(const okapi__comp_t *card);

/* Writes a card in VERSION's syntax; if that is the one it has, its lines stay what they are. */
void okapi__card_write(okapi_writer_t *w, okapi__comp_t *card, okapi_vcard_version_e version);

#endif
