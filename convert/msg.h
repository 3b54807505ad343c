/* msg.h - the names and sizes of a .msg file: MS-OXMSG 2. */
#ifndef OKAPI__MSG_H
#define OKAPI__MSG_H

#include <okapi/msg.h>

#include "cfb.h"
#include "mapi_item.h"

#define OKAPI__MSG_PROPERTIES "__properties_version1.0"
#define OKAPI__MSG_NAMES      "__nameid_version1.0"
#define OKAPI__MSG_RECIPIENT  "__recip_version1.0_#"
#define OKAPI__MSG_ATTACHMENT "__attach_version1.0_#"
#define OKAPI__MSG_VALUE      "__substg1.0_%08X"
#define OKAPI__MSG_NAME_SET   "__substg1.0_%04X0102" /* of the names' storage */

/* Streams of the storage of names: MS-OXMSG 2.2.3. */
enum { OKAPI__MSG_GUIDS = 0x0002, OKAPI__MSG_ENTRIES = 0x0003, OKAPI__MSG_STRINGS = 0x0004,
       OKAPI__MSG_HASHES = 0x1000, OKAPI__MSG_NHASHES = 0x1F };

/* Of the property stream, by whose it is: MS-OXMSG 2.4.1. */
enum { OKAPI__MSG_TOP_HEADER = 32, OKAPI__MSG_EMBEDDED_HEADER = 24, OKAPI__MSG_SUB_HEADER = 8 };

/* The entries below the storage of names: okapi_propname_t *, NULL where it has none that makes
 * sense; the index is the property's id above 0x8000. */
apr_array_header_t *okapi__msg_names_read(const okapi__cfb_node_t *root, apr_pool_t *result_pool);

/* Ids for names while a file is being written. */
typedef struct okapi__msg_names_t okapi__msg_names_t;

okapi__msg_names_t *okapi__msg_names_create(apr_pool_t *result_pool);

/* The id of NAME in this file; 0 if it has too many names. */
apr_uint16_t okapi__msg_names_id(okapi__msg_names_t *names, const okapi_propname_t *name);

/* Adds their storage to ROOT. */
void okapi__msg_names_write(const okapi__msg_names_t *names, okapi__cfb_node_t *root);

/* ---- the file as a tree, and back ---- */

apr_status_t okapi__msg_read(okapi__item_t **item, const char **why, okapi_binary_t file,
                             apr_pool_t *result_pool);
void okapi__msg_write(okapi_writer_t *w, const okapi__item_t *item);

#endif
