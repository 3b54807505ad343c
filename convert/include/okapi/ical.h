/* ical.h - iCalendar (RFC 5545, 5546, 7986) to MAPI and back: MS-OXCICAL.
 *
 * Whatever MAPI has no property for is kept with the item, within limits, and comes back when the
 * item is written, unless a client has changed what it belongs to.
 */
#ifndef OKAPI_ICAL_H
#define OKAPI_ICAL_H

#include <okapi/message.h>

typedef struct okapi_ical_t okapi_ical_t;

/* Reads TEXT; whatever charset it is in. OKAPI_EFORMAT or OKAPI_ETOOCOMPLEX with *WHY, a sentence
 * for people, for what isn't iCalendar. */
apr_status_t okapi_ical_parse(okapi_ical_t **ical, const char **why, okapi_binary_t text,
                              apr_pool_t *result_pool);

/* The items in it: an event, task or journal entry is one together with its exceptions; so is each
 * exception whose series isn't there, and each free/busy time. */
int okapi_ical_count(const okapi_ical_t *ical);
const char *okapi_ical_uid(const okapi_ical_t *ical, int i);       /* NULL if it has none */
const char *okapi_ical_component(const okapi_ical_t *ical, int i); /* "VEVENT", ... */
const char *okapi_ical_method(const okapi_ical_t *ical);           /* "REQUEST", ...; or NULL */

/* Fills the new MESSAGE with item I. ZONE names the time zone of whom it belongs to, in which times
 * without one are: NULL is UTC. OKAPI_EFORMAT with *WHY if the item makes no sense. */
apr_status_t okapi_ical_to_message(okapi_message_t *message, const char **why,
                                   const okapi_ical_t *ical, int i, const char *zone,
                                   apr_pool_t *result_pool, apr_pool_t *scratch_pool);

enum {
    OKAPI_ICAL_PLAIN = 0x1 /* only what MAPI's properties say, nothing that was kept */
};

/* The N messages as one iCalendar stream. */
apr_status_t okapi_ical_from_messages(okapi_binary_t *text, okapi_message_t *const *messages, int n,
                                      int flags, apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
