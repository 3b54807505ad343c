/* vcard.h - vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) to MAPI contacts and distribution lists,
 * and back: MS-OXVCARD, MS-OXOCNTC.
 *
 * Whatever MAPI has no property for is kept with the item, within limits, and comes back when it is
 * written, unless a client has changed what it belongs to.
 */
#ifndef OKAPI_VCARD_H
#define OKAPI_VCARD_H

#include <okapi/message.h>

typedef struct okapi_vcard_t okapi_vcard_t;

/* Reads TEXT; whatever charset it is in. OKAPI_EFORMAT or OKAPI_ETOOCOMPLEX with *WHY, a sentence
 * for people, for what isn't vCard. */
apr_status_t okapi_vcard_parse(okapi_vcard_t **vcard, const char **why, okapi_binary_t text,
                               apr_pool_t *result_pool);

int okapi_vcard_count(const okapi_vcard_t *vcard);
const char *okapi_vcard_uid(const okapi_vcard_t *vcard, int i); /* NULL if it has none */
int okapi_vcard_is_list(const okapi_vcard_t *vcard, int i);     /* a group of people */

/* Fills the new MESSAGE with card I. RESULT_POOL, where a photo lives, must outlive its saving.
 * OKAPI_EFORMAT with *WHY if the card says nothing at all. */
apr_status_t okapi_vcard_to_message(okapi_message_t *message, const char **why,
                                    const okapi_vcard_t *vcard, int i, apr_pool_t *result_pool,
                                    apr_pool_t *scratch_pool);

typedef enum okapi_vcard_version_e {
    OKAPI_VCARD_AS_IT_CAME, /* 3.0 for what came as none */
    OKAPI_VCARD_21,
    OKAPI_VCARD_30,
    OKAPI_VCARD_40
} okapi_vcard_version_e;

enum {
    OKAPI_VCARD_PLAIN = 0x1 /* only what MAPI's properties say, nothing that was kept */
};

/* The N contacts and lists, one card behind the other. */
apr_status_t okapi_vcard_from_messages(okapi_binary_t *text, okapi_message_t *const *messages,
                                       int n, okapi_vcard_version_e version, int flags,
                                       apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
