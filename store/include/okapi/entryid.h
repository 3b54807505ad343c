/* entryid.h - identifiers that are computed, never stored (MS-OXCDATA 2.2). */
#ifndef OKAPI_ENTRYID_H
#define OKAPI_ENTRYID_H

#include <okapi/property.h>

/* FID and MID on the wire: replica id 1 in two little-endian bytes, then the counter in six
 * big-endian ones, here as the 64-bit integer that holds these bytes (little-endian machine
 * value, as PT_I8 carries it). */
apr_uint64_t okapi_eid_of(okapi_id_t id);
okapi_id_t okapi_id_of_eid(apr_uint64_t eid); /* 0 if the replica isn't 1 */

/* LongTermID, 24 bytes: replica GUID, counter, two bytes of zero. */
void okapi_longtermid_write(okapi_writer_t *w, const okapi_guid_t *replica, okapi_id_t id);

/* GID/XID (PR_SOURCE_KEY, PR_CHANGE_KEY), 22 bytes. */
okapi_binary_t okapi_xid(const okapi_guid_t *replica, apr_int64_t counter, apr_pool_t *result_pool);

/* PR_PREDECESSOR_CHANGE_LIST with one change key: SizedXid, MS-OXCFXICS 2.2.2.3. */
okapi_binary_t okapi_pcl(const okapi_guid_t *replica, okapi_cn_t cn, apr_pool_t *result_pool);

/* Folder entry id, 46 bytes, and message entry id, 70 bytes: MS-OXCDATA 2.2.4. */
okapi_binary_t okapi_entryid_folder(const okapi_guid_t *store, okapi_id_t folder,
                                    apr_pool_t *result_pool);
okapi_binary_t okapi_entryid_message(const okapi_guid_t *store, okapi_id_t folder,
                                     okapi_id_t message, apr_pool_t *result_pool);

/* The same of what is in the public store. */
okapi_binary_t okapi_entryid_public_folder(const okapi_guid_t *store, okapi_id_t folder,
                                           apr_pool_t *result_pool);
okapi_binary_t okapi_entryid_public_message(const okapi_guid_t *store, okapi_id_t folder,
                                            okapi_id_t message, apr_pool_t *result_pool);

/* Mailbox store entry id, MS-OXCDATA 2.2.4.3; the public store's without a DN. */
okapi_binary_t okapi_entryid_store(const char *server_name, const char *mailbox_dn,
                                   apr_pool_t *result_pool);

okapi_binary_t okapi_entryid_public_store(const char *server_name, apr_pool_t *result_pool);

/* One-off recipient entry id, MS-OXCDATA 2.2.5.1. */
okapi_binary_t okapi_entryid_oneoff(const char *name, const char *addrtype, const char *address,
                                    apr_pool_t *result_pool);

/* Address book entry id of a user's DN, MS-OXCDATA 2.2.5.2. */
okapi_binary_t okapi_entryid_addressbook(const char *dn, apr_uint32_t display_type,
                                         apr_pool_t *result_pool);

/* The DN of an address book entry id, or of a PermanentEntryID, which is the same (MS-OXNSPI
 * 2.3.9.3); NULL if it isn't one. */
const char *okapi_entryid_addressbook_dn(okapi_binary_t entryid, apr_pool_t *result_pool);

/* Which object an entry id of this store, or of what is in the public store STORE, means; *MESSAGE
 * is 0 for a folder's. OKAPI_EFORMAT. */
apr_status_t okapi_entryid_parse(okapi_binary_t entryid, const okapi_guid_t *store,
                                 okapi_id_t *folder, okapi_id_t *message);

#endif
