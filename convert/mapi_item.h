/* mapi_item.h - a message outside of any store: what a TNEF stream (MS-OXTNEF) and a .msg file
 * (MS-OXMSG) both are. Each format is a codec between its bytes and this tree; the tree becomes a
 * message of a store, and is made of one, in one place for all of them.
 *
 * Bytes in a tree aren't copied: they lie in what was read, or in the pool of the message.
 */
#ifndef OKAPI__MAPI_ITEM_H
#define OKAPI__MAPI_ITEM_H

#include <okapi/message.h>
#include <okapi/named.h>

typedef struct okapi__item_prop_t {
    okapi_propval_t value;
    const okapi_propname_t *name; /* of a named property, whose tag has its type only; or NULL */
} okapi__item_prop_t;

typedef struct okapi__item_t {
    apr_array_header_t *props;       /* okapi__item_prop_t; of two with one id the last is valid */
    apr_array_header_t *recipients;  /* apr_array_header_t *: the props of each */
    apr_array_header_t *attachments; /* okapi__item_file_t */
} okapi__item_t;

typedef struct okapi__item_file_t {
    apr_array_header_t *props;
    int method;            /* ATTACH_BY_VALUE, ...; 0 is none */
    okapi_binary_t data;   /* of ATTACH_BY_VALUE and ATTACH_OLE; data NULL is none */
    okapi__item_t *message; /* of ATTACH_EMBEDDED_MSG */
} okapi__item_file_t;

/* What one reading may still make, however small its input is. */
typedef struct okapi__item_limits_t {
    int depth;       /* of messages inside each other */
    int attachments; /* of all of them, as are the next */
    int recipients;
    int values; /* of properties, each of multiple ones counted */
} okapi__item_limits_t;

#define OKAPI__ITEM_LIMITS {20, 2048, 10000, 500000} /* 2048 is MS-OXMSG 2.2.2 */

/* Takes N of what is LEFT; 0, and none is left, if there aren't as many. */
static inline int okapi__item_spend(int *left, apr_size_t n)
{
    int is_enough = n <= (apr_size_t)*left;
    *left = is_enough ? *left - (int)n : 0;
    return is_enough;
}

/* ---- mapi_item.c ---- */

okapi__item_t *okapi__item_create(apr_pool_t *result_pool);
void okapi__item_put(apr_array_header_t *props, okapi_propval_t value,
                     const okapi_propname_t *name);

/* The value of an unnamed property, of TAG's type; NULL if there is none. */
const okapi_propval_t *okapi__item_get(const apr_array_header_t *props, okapi_proptag_t tag);
const char *okapi__item_str(const apr_array_header_t *props, okapi_proptag_t tag,
                            const char *absent);
apr_int64_t okapi__item_int(const apr_array_header_t *props, okapi_proptag_t tag,
                            apr_int64_t absent);

/* What the attachment is called, "" if it has no name. */
const char *okapi__item_file_name(const okapi__item_file_t *file);

/* Is the property carried from one store to another? What tells where an object is, who may do
 * what with it, or what is to become of it, isn't. */
int okapi__item_is_carried(okapi_proptag_t tag);

/* ---- mapi_item_store.c ---- */

/* Fills a new message. The item's bytes outlive its saving. */
apr_status_t okapi__item_to_message(okapi_message_t *message, const okapi__item_t *item,
                                    apr_pool_t *scratch_pool);

/* The values of PROPS with the ids their names have in STORE: array of okapi_propval_t. */
apr_status_t okapi__item_values(apr_array_header_t **values, okapi_store_t *store,
                                const apr_array_header_t *props, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);

/* One recipient and one attachment of it. */
apr_status_t okapi__item_recipient_to_message(okapi_message_t *message,
                                              const apr_array_header_t *props,
                                              apr_pool_t *scratch_pool);
apr_status_t okapi__item_file_to_message(okapi_message_t *message, const okapi__item_file_t *file,
                                         apr_pool_t *scratch_pool);

/* All of MESSAGE that is carried. */
apr_status_t okapi__item_of_message(okapi__item_t **item, okapi_message_t *message,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* ---- mapi_item_names.c ---- */

/* okapi_named_ids for names that a stranger may have written: of what isn't among those every
 * client uses, new ones are made only until the store has a certain number. 0 for the others. */
apr_status_t okapi__item_name_ids(okapi_store_t *store, const okapi_propname_t *names, int n,
                                  apr_uint16_t *ids, apr_pool_t *scratch_pool);

/* ---- mapi_value.c: values as pieces of bytes, which each format frames in its own way ---- */

typedef enum okapi__shape_e {
    OKAPI__SHAPE_FIXED,
    OKAPI__SHAPE_TEXT8,
    OKAPI__SHAPE_TEXT16,
    OKAPI__SHAPE_BYTES,
    OKAPI__SHAPE_OBJECT /* bytes behind an interface's identifier, or a storage */
} okapi__shape_e;

typedef struct okapi__shape_t {
    apr_uint16_t type; /* without MV_FLAG */
    apr_byte_t shape;  /* okapi__shape_e */
    apr_byte_t size;   /* of what is fixed, in bytes */
} okapi__shape_t;

/* The row of TAG's type; NULL if no property in a file has it. */
const okapi__shape_t *okapi__shape_of(okapi_proptag_t tag, int *multiple);

/* The value TAG of N pieces; text becomes PT_UNICODE, bytes aren't copied. A single value has one
 * piece. OKAPI_EFORMAT if one of what is fixed is too short. */
apr_status_t okapi__value_of_pieces(okapi_propval_t *value, okapi_proptag_t tag,
                                    const okapi_binary_t *pieces, int n, apr_uint32_t codepage,
                                    apr_pool_t *result_pool);

/* And back: array of okapi_binary_t. Text is UTF-16LE with its zero. NULL if the value is of a type
 * that no file has. */
apr_array_header_t *okapi__pieces_of_value(const okapi_propval_t *value, apr_pool_t *result_pool);

/* Bytes of Windows' code page as text, up to the first zero. */
const char *okapi__codepage_text(okapi_binary_t bytes, apr_uint32_t codepage,
                                 apr_pool_t *result_pool);

#endif
