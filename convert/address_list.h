/* address_list.h - address lists as people and programs really write them. */
#ifndef OKAPI__ADDRESS_LIST_H
#define OKAPI__ADDRESS_LIST_H

#include <apr_tables.h>
#include <okapi/types.h>

typedef struct okapi__address_t {
    const char *name;    /* "" if there is none */
    const char *address; /* as it was written, never empty; the name where nothing else is given */
} okapi__address_t;

/* Array of okapi__address_t: the mailboxes of TEXT, which okapi__header_structured made, those in
 * groups too. */
apr_array_header_t *okapi__address_list(const char *text, apr_pool_t *result_pool);

#endif
