/* entryid.c - identifiers that are computed: MS-OXCDATA 2.2. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>

#define REPLICA_ID 1

/* The object types of 2.2.4 in entry ids of long life. */
enum {
    PRIVATE_FOLDER = 0x0001,
    PUBLIC_FOLDER = 0x0003,
    PRIVATE_MESSAGE = 0x0007,
    PUBLIC_MESSAGE = 0x0009
};

enum { FOLDER_SIZE = 46, MESSAGE_SIZE = 70, XID_SIZE = 22 };

/* muidStoreWrap and the providers of mailboxes and of the public store, 2.2.4.3. */
static const okapi_guid_t store_wrap_uid = {{0x38, 0xA1, 0xBB, 0x10, 0x05, 0xE5, 0x10, 0x1A, 0xA1,
                                             0xBB, 0x08, 0x00, 0x2B, 0x2A, 0x56, 0xC2}};
static const okapi_guid_t mailbox_uid = {{0x1B, 0x55, 0xFA, 0x20, 0xAA, 0x66, 0x11, 0xCD, 0x9B,
                                          0xC8, 0x00, 0xAA, 0x00, 0x2F, 0xC4, 0x5A}};
static const okapi_guid_t public_store_uid = {{0x1C, 0x83, 0x02, 0x10, 0xAA, 0x66, 0x11, 0xCD, 0x9B,
                                               0xC8, 0x00, 0xAA, 0x00, 0x2F, 0xC4, 0x5A}};
/* The provider of what is in the public store, 2.2.4.1. */
static const okapi_guid_t public_uid = {{0x1A, 0x44, 0x73, 0x90, 0xAA, 0x66, 0x11, 0xCD, 0x9B, 0xC8,
                                         0x00, 0xAA, 0x00, 0x2F, 0xC4, 0x5A}};
static const okapi_guid_t oneoff_uid = {{0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19, 0x9D,
                                         0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02}};
static const okapi_guid_t addressbook_uid = {{0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42, 0x10, 0x1A, 0xB4,
                                              0xB9, 0x08, 0x00, 0x2B, 0x2F, 0xE1, 0x82}};

static okapi_binary_t written(const okapi_writer_t *w)
{
    okapi_binary_t bin = {w->data, w->len};

    return bin;
}

/* ---- ids ---- */

apr_uint64_t okapi_eid_of(okapi_id_t id)
{
    apr_uint64_t eid = 0;

    for (int i = 0; i < 6; i++)
        eid = eid << 8 | ((apr_uint64_t)id >> (8 * i) & 0xFF);
    return eid << 16 | REPLICA_ID;
}

okapi_id_t okapi_id_of_eid(apr_uint64_t eid)
{
    okapi_id_t id = 0;

    if ((eid & 0xFFFF) != REPLICA_ID)
        return 0;
    for (int i = 2; i < 8; i++)
        id = id << 8 | (okapi_id_t)(eid >> (8 * i) & 0xFF);
    return id;
}

void okapi_longtermid_write(okapi_writer_t *w, const okapi_guid_t *replica, okapi_id_t id)
{
    okapi_write_guid(w, replica);
    okapi_write_u48be(w, (apr_uint64_t)id);
    okapi_write_u16(w, 0);
}

okapi_binary_t okapi_xid(const okapi_guid_t *replica, apr_int64_t counter, apr_pool_t *result_pool)
{
    okapi_writer_t w;

    okapi_writer_init(&w, XID_SIZE, XID_SIZE, result_pool);
    okapi_write_guid(&w, replica);
    okapi_write_u48be(&w, (apr_uint64_t)counter);
    return written(&w);
}

okapi_binary_t okapi_pcl(const okapi_guid_t *replica, okapi_cn_t cn, apr_pool_t *result_pool)
{
    okapi_writer_t w;

    okapi_writer_init(&w, 1 + XID_SIZE, 1 + XID_SIZE, result_pool);
    okapi_write_u8(&w, XID_SIZE);
    okapi_write_guid(&w, replica);
    okapi_write_u48be(&w, (apr_uint64_t)cn);
    return written(&w);
}

/* ---- folders and messages ---- */

/* EntryID flags of long life, and the provider. */
static void write_head(okapi_writer_t *w, const okapi_guid_t *provider)
{
    okapi_write_u32(w, 0);
    okapi_write_guid(w, provider);
}

static okapi_binary_t folder_entryid(const okapi_guid_t *provider, apr_uint16_t type,
                                     const okapi_guid_t *store, okapi_id_t folder,
                                     apr_pool_t *result_pool)
{
    okapi_writer_t w;

    okapi_writer_init(&w, FOLDER_SIZE, FOLDER_SIZE, result_pool);
    write_head(&w, provider);
    okapi_write_u16(&w, type);
    okapi_longtermid_write(&w, store, folder);
    return written(&w);
}

okapi_binary_t okapi_entryid_folder(const okapi_guid_t *store, okapi_id_t folder,
                                    apr_pool_t *result_pool)
{
    return folder_entryid(store, PRIVATE_FOLDER, store, folder, result_pool);
}

okapi_binary_t okapi_entryid_public_folder(const okapi_guid_t *store, okapi_id_t folder,
                                           apr_pool_t *result_pool)
{
    return folder_entryid(&public_uid, PUBLIC_FOLDER, store, folder, result_pool);
}

static okapi_binary_t message_entryid(const okapi_guid_t *provider, apr_uint16_t type,
                                      const okapi_guid_t *store, okapi_id_t folder,
                                      okapi_id_t message, apr_pool_t *result_pool)
{
    okapi_writer_t w;

    okapi_writer_init(&w, MESSAGE_SIZE, MESSAGE_SIZE, result_pool);
    write_head(&w, provider);
    okapi_write_u16(&w, type);
    okapi_longtermid_write(&w, store, folder);
    okapi_longtermid_write(&w, store, message);
    return written(&w);
}

okapi_binary_t okapi_entryid_message(const okapi_guid_t *store, okapi_id_t folder,
                                     okapi_id_t message, apr_pool_t *result_pool)
{
    return message_entryid(store, PRIVATE_MESSAGE, store, folder, message, result_pool);
}

okapi_binary_t okapi_entryid_public_message(const okapi_guid_t *store, okapi_id_t folder,
                                            okapi_id_t message, apr_pool_t *result_pool)
{
    return message_entryid(&public_uid, PUBLIC_MESSAGE, store, folder, message, result_pool);
}

static int is_guid(okapi_reader_t *r, const okapi_guid_t *want)
{
    okapi_guid_t got = okapi_read_guid(r);

    return memcmp(got.bytes, want->bytes, sizeof(got.bytes)) == 0;
}

/* LongTermID of an object of this store; 0, which no object has, for anything else. */
static okapi_id_t read_longtermid(okapi_reader_t *r, const okapi_guid_t *store)
{
    int ours = is_guid(r, store);
    okapi_id_t id = (okapi_id_t)okapi_read_u48be(r);
    apr_uint16_t pad = okapi_read_u16(r);

    return ours && pad == 0 ? id : 0;
}

apr_status_t okapi_entryid_parse(okapi_binary_t entryid, const okapi_guid_t *store,
                                 okapi_id_t *folder, okapi_id_t *message)
{
    okapi_reader_t r;
    apr_uint16_t type;
    okapi_guid_t provider;
    int is_public, is_message, ours;

    okapi_reader_init(&r, entryid.data, entryid.len);
    ours = okapi_read_u32(&r) == 0;
    provider = okapi_read_guid(&r);
    is_public = okapi_guid_equal(&provider, &public_uid);
    ours = ours && (is_public || okapi_guid_equal(&provider, store));
    type = okapi_read_u16(&r);
    is_message = type == (is_public ? PUBLIC_MESSAGE : PRIVATE_MESSAGE);
    *folder = read_longtermid(&r, store);
    *message = is_message ? read_longtermid(&r, store) : 0;
    if (okapi_reader_status(&r, 1) || !ours || *folder == 0 ||
        (is_message ? *message == 0 : type != (is_public ? PUBLIC_FOLDER : PRIVATE_FOLDER))) {
        *folder = *message = 0;
        return OKAPI_EFORMAT;
    }
    return APR_SUCCESS;
}

/* ---- stores and recipients ---- */

/* 2.2.4.3; DN NULL: there is no field for it. */
static okapi_binary_t store_entryid(const okapi_guid_t *provider, apr_uint32_t wrapped_type,
                                    const char *server_name, const char *dn,
                                    apr_pool_t *result_pool)
{
    static const char dll_name[14] = "EMSMDB.DLL";
    apr_size_t size = 4 + 16 + 2 + sizeof(dll_name) + 4 + 16 + 4 + strlen(server_name) + 1 +
                      (dn != NULL ? strlen(dn) + 1 : 0);
    okapi_writer_t w;

    okapi_writer_init(&w, size, size, result_pool);
    write_head(&w, &store_wrap_uid);
    okapi_write_u8(&w, 0); /* Version */
    okapi_write_u8(&w, 0); /* Flag */
    okapi_write_bytes(&w, dll_name, sizeof(dll_name));
    write_head(&w, provider);
    okapi_write_u32(&w, wrapped_type);
    okapi_write_str8z(&w, server_name);
    if (dn != NULL)
        okapi_write_str8z(&w, dn);
    return written(&w);
}

okapi_binary_t okapi_entryid_store(const char *server_name, const char *mailbox_dn,
                                   apr_pool_t *result_pool)
{
    return store_entryid(&mailbox_uid, 0x0000000C, server_name, mailbox_dn, result_pool);
}

okapi_binary_t okapi_entryid_public_store(const char *server_name, apr_pool_t *result_pool)
{
    return store_entryid(&public_store_uid, 0x00000006, server_name, NULL, result_pool);
}

okapi_binary_t okapi_entryid_oneoff(const char *name, const char *addrtype, const char *address,
                                    apr_pool_t *result_pool)
{
    apr_size_t size = 24 + 2 * (strlen(name) + strlen(addrtype) + strlen(address) + 3);
    okapi_writer_t w;

    okapi_writer_init(&w, size, size, result_pool);
    write_head(&w, &oneoff_uid);
    okapi_write_u16(&w, 0);      /* Version */
    okapi_write_u16(&w, 0x9001); /* M: MIME, not TNEF; U: Unicode; L: not to be looked up */
    okapi_write_str16z(&w, name);
    okapi_write_str16z(&w, addrtype);
    okapi_write_str16z(&w, address);
    return written(&w);
}

okapi_binary_t okapi_entryid_addressbook(const char *dn, apr_uint32_t display_type,
                                         apr_pool_t *result_pool)
{
    apr_size_t size = 28 + strlen(dn) + 1;
    okapi_writer_t w;

    okapi_writer_init(&w, size, size, result_pool);
    write_head(&w, &addressbook_uid);
    okapi_write_u32(&w, 1); /* Version */
    okapi_write_u32(&w, display_type);
    okapi_write_str8z(&w, dn);
    return written(&w);
}

const char *okapi_entryid_addressbook_dn(okapi_binary_t entryid, apr_pool_t *result_pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, entryid.data, entryid.len);
    int ours = okapi_read_u32(&r) == 0 && is_guid(&r, &addressbook_uid);
    okapi_read_u32(&r); /* Version, or R4 */
    okapi_read_u32(&r); /* the display type */
    const char *dn = okapi_read_str8z(&r);
    return ours && okapi_reader_status(&r, 1) == APR_SUCCESS ? apr_pstrdup(result_pool, dn) : NULL;
}
