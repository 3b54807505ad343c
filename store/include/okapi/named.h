/* named.h - named properties (MS-OXCDATA 2.6.1, MS-OXCPRPT 3.2.5.9): a name is mapped to an id of
 * 0x8001..0xFFFE once per store, for ever. */
#ifndef OKAPI_NAMED_H
#define OKAPI_NAMED_H

#include <okapi/store.h>
#include <okapi/property.h>

enum { MNID_ID = 0x00, MNID_STRING = 0x01 };

typedef struct okapi_propname_t {
    okapi_guid_t guid;
    int kind;           /* MNID_ID or MNID_STRING */
    apr_uint32_t lid;   /* MNID_ID */
    const char *name;   /* MNID_STRING: UTF-8, compared without case */
} okapi_propname_t;

/* PS_MAPI, PS_PUBLIC_STRINGS, PSETID_Common, ...: MS-OXPROPS 1.3.2. */
extern const okapi_guid_t okapi_ps_mapi;
extern const okapi_guid_t okapi_ps_public_strings;
extern const okapi_guid_t okapi_ps_internet_headers;
extern const okapi_guid_t okapi_psetid_appointment;
extern const okapi_guid_t okapi_psetid_task;
extern const okapi_guid_t okapi_psetid_address;
extern const okapi_guid_t okapi_psetid_common;
extern const okapi_guid_t okapi_psetid_note;
extern const okapi_guid_t okapi_psetid_log;
extern const okapi_guid_t okapi_psetid_meeting;
extern const okapi_guid_t okapi_psetid_sharing;

/* IDS[i] for NAMES[i]; 0 where there is none and CREATE is 0, or the actor may not write
 * anything. */
apr_status_t okapi_named_ids(okapi_store_t *store, const okapi_propname_t *names, int n, int create,
                             apr_uint16_t *ids, apr_pool_t *scratch_pool);

/* NAMES[i] for IDS[i]; kind -1 where there is none. An id below 0x8000 is PS_MAPI with its
 * number. */
apr_status_t okapi_named_names(okapi_store_t *store, const apr_uint16_t *ids, int n,
                               okapi_propname_t *names, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);

/* All of a store, or of one GUID if it isn't NULL. */
apr_status_t okapi_named_list(okapi_store_t *store, const okapi_guid_t *guid,
                              apr_array_header_t **ids, apr_array_header_t **names,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
