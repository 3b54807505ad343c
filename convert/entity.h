/* entity.h - the tree of a message's MIME entities, as ranges of its bytes.
 *
 * Built in one pass without recursion or copying, with a bound on depth and number, however the
 * message is nested: what lies deeper or comes later stays whole in one opaque entity.
 */
#ifndef OKAPI__ENTITY_H
#define OKAPI__ENTITY_H

#include <okapi/types.h>

#include "transfer.h"

typedef enum okapi__entity_e {
    OKAPI__ENTITY_LEAF,
    OKAPI__ENTITY_MULTIPART, /* has at least one child */
    OKAPI__ENTITY_MESSAGE,   /* has one child, the message */
    OKAPI__ENTITY_OPAQUE     /* not taken apart: too deep or too many */
} okapi__entity_e;

typedef struct okapi__entity_t {
    okapi__entity_e kind;
    char eol;               /* '\n', or '\r' where the message knows no other */
    okapi_binary_t headers; /* the header section without the empty line after it */
    okapi_binary_t body;    /* still in its transfer encoding */
    const char *type;       /* "text", "plain": lower case, what they default to if absent */
    const char *subtype;
    okapi__transfer_e transfer;
    struct okapi__entity_t *parent;
    struct okapi__entity_t *first, *last, *next; /* children and sibling */
} okapi__entity_t;

typedef struct okapi__entity_limits_t {
    apr_size_t max_header; /* bytes of one header section */
    int max_depth;         /* of multiparts and messages inside each other */
    int parts_left;        /* counted down; may be shared by several trees */
    int was_cut;           /* set if something was left opaque */
} okapi__entity_limits_t;

/* The tree of the message RAW. A header section beyond the limit ends there and the rest is body:
 * see okapi__entity_header_size for who wants to refuse it instead. */
okapi__entity_t *okapi__entity_parse(okapi_binary_t raw, okapi__entity_limits_t *limits,
                                     apr_pool_t *result_pool);

/* How lines end in RAW: '\n' (with or without '\r' before it), or '\r' if it has no '\n'. */
char okapi__entity_eol(okapi_binary_t raw);

/* Bytes of the header section of RAW, or anything above MAX if it is longer than that. */
apr_size_t okapi__entity_header_size(okapi_binary_t raw, apr_size_t max);

int okapi__entity_is(const okapi__entity_t *entity, const char *type, const char *subtype);

/* The body without its transfer encoding; inside the message's own bytes if there is none. */
okapi_binary_t okapi__entity_content(const okapi__entity_t *entity, apr_pool_t *result_pool);

/* Headers and body as they stand in the message. */
okapi_binary_t okapi__entity_bytes(const okapi__entity_t *entity);

#endif
