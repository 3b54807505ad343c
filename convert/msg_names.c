/* msg_names.c - the storage that maps ids of named properties to names: MS-OXMSG 2.2.3. */
#include "msg.h"

#include <string.h>

#include <apr_strings.h>

enum { GUID_MAPI = 1, GUID_PUBLIC_STRINGS = 2, GUID_FIRST = 3, MAX_NAMES = 0x7FFE };

/* ---- reading ---- */

static okapi_binary_t set_of(const okapi__cfb_node_t *names, int id, apr_pool_t *pool)
{
    okapi_binary_t none = {(const unsigned char *)"", 0};
    const okapi__cfb_node_t *node =
        okapi__cfb_find(names, apr_psprintf(pool, OKAPI__MSG_NAME_SET, id));
    return node ? node->data : none;
}

static int read_guid(okapi_guid_t *guid, okapi_binary_t guids, unsigned index)
{
    if (index == GUID_MAPI)
        *guid = okapi_ps_mapi;
    else if (index == GUID_PUBLIC_STRINGS)
        *guid = okapi_ps_public_strings;
    else if (index >= GUID_FIRST && (apr_size_t)(index - GUID_FIRST) * 16 + 16 <= guids.len)
        memcpy(guid->bytes, guids.data + (apr_size_t)(index - GUID_FIRST) * 16, 16);
    else
        return 0;
    return 1;
}

static const char *read_string(okapi_binary_t strings, apr_size_t offset, apr_pool_t *pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, strings.data, strings.len);
    okapi_read_bytes(&r, offset);
    apr_size_t len = okapi_read_u32(&r);
    const unsigned char *text = okapi_read_bytes(&r, len);
    return text ? okapi_utf16_decode(text, len, pool) : NULL;
}

apr_array_header_t *okapi__msg_names_read(const okapi__cfb_node_t *root, apr_pool_t *result_pool)
{
    const okapi__cfb_node_t *names = okapi__cfb_find(root, OKAPI__MSG_NAMES);
    okapi_binary_t guids = set_of(names, OKAPI__MSG_GUIDS, result_pool);
    okapi_binary_t entries = set_of(names, OKAPI__MSG_ENTRIES, result_pool);
    okapi_binary_t strings = set_of(names, OKAPI__MSG_STRINGS, result_pool);
    apr_size_t n = entries.len / 8 < MAX_NAMES ? entries.len / 8 : MAX_NAMES;
    apr_array_header_t *all = apr_array_make(result_pool, (int)n, sizeof(okapi_propname_t *));
    okapi_reader_t r;
    okapi_reader_init(&r, entries.data, entries.len);
    for (; n > 0; n--) {
        okapi_propname_t *name = apr_pcalloc(result_pool, sizeof(*name));
        name->lid = okapi_read_u32(&r);
        unsigned index = okapi_read_u16(&r);
        okapi_read_u16(&r); /* its own number */
        name->kind = index & 1 ? MNID_STRING : MNID_ID;
        if (name->kind == MNID_STRING) {
            name->name = read_string(strings, name->lid, result_pool);
            name->lid = 0;
        }
        int is_whole = read_guid(&name->guid, guids, index >> 1) &&
                       (name->kind == MNID_ID || name->name);
        APR_ARRAY_PUSH(all, okapi_propname_t *) = is_whole ? name : NULL;
    }
    return all;
}

/* ---- writing ---- */

struct okapi__msg_names_t {
    apr_hash_t *ids;   /* by key: the number, plus one */
    apr_hash_t *guids; /* by GUID: its index */
    okapi_writer_t guid_set, entry_set, string_set;
    okapi_writer_t hashes[OKAPI__MSG_NHASHES];
    int count;
    apr_pool_t *pool;
};

okapi__msg_names_t *okapi__msg_names_create(apr_pool_t *result_pool)
{
    enum { MAX_SET = 64 * 1024 * 1024 };
    okapi__msg_names_t *names = apr_pcalloc(result_pool, sizeof(*names));
    names->ids = apr_hash_make(result_pool);
    names->guids = apr_hash_make(result_pool);
    names->pool = result_pool;
    okapi_writer_init(&names->guid_set, 160, MAX_SET, result_pool);
    okapi_writer_init(&names->entry_set, 512, MAX_SET, result_pool);
    okapi_writer_init(&names->string_set, 1024, MAX_SET, result_pool);
    for (int i = 0; i < OKAPI__MSG_NHASHES; i++)
        okapi_writer_init(&names->hashes[i], 64, MAX_SET, result_pool);
    return names;
}

/* As in MS-OXRTFCP 3.1.3.2: with neither a start value nor a final inversion. */
static apr_uint32_t crc_of(const unsigned char *data, apr_size_t len)
{
    apr_uint32_t crc = 0;
    for (apr_size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return crc;
}

static unsigned guid_index(okapi__msg_names_t *names, const okapi_guid_t *guid)
{
    if (okapi_guid_equal(guid, &okapi_ps_mapi))
        return GUID_MAPI;
    if (okapi_guid_equal(guid, &okapi_ps_public_strings))
        return GUID_PUBLIC_STRINGS;
    apr_size_t index = (apr_size_t)apr_hash_get(names->guids, guid->bytes, 16);
    if (!index) {
        index = GUID_FIRST + apr_hash_count(names->guids);
        okapi_write_guid(&names->guid_set, guid);
        apr_hash_set(names->guids, apr_pmemdup(names->pool, guid->bytes, 16), 16, (void *)index);
    }
    return (unsigned)index;
}

/* What the hash has of a string: the CRC of its UTF-16 bytes. */
static apr_uint32_t add_string(okapi__msg_names_t *names, const char *text)
{
    okapi_writer_t *w = &names->string_set;
    okapi_write_u32(w, 0);
    apr_size_t start = w->len;
    okapi_write_utf16(w, text);
    apr_size_t len = w->len - start;
    if (w->failed)
        return 0;
    apr_uint32_t crc = crc_of(w->data + start, len);
    okapi_write_u32_at(w, start - 4, (apr_uint32_t)len);
    okapi_write_bytes(w, "\0\0\0", (4 - len % 4) % 4);
    return crc;
}

apr_uint16_t okapi__msg_names_id(okapi__msg_names_t *names, const okapi_propname_t *name)
{
    int is_number = name->kind == MNID_ID;
    const char *key =
        apr_psprintf(names->pool, "%s %u %s", okapi_guid_format(&name->guid, names->pool),
                     is_number ? name->lid : 0, is_number ? "" : name->name);
    apr_size_t number = (apr_size_t)apr_hash_get(names->ids, key, APR_HASH_KEY_STRING);
    if (number)
        return (apr_uint16_t)(0x8000 + number - 1);
    if (names->count >= MAX_NAMES)
        return 0;
    unsigned index = guid_index(names, &name->guid) << 1 | !is_number;
    apr_uint32_t offset = (apr_uint32_t)names->string_set.len;
    apr_uint32_t hashed = is_number ? name->lid : add_string(names, name->name);
    okapi_writer_t *hash = &names->hashes[(hashed ^ index) % OKAPI__MSG_NHASHES];
    okapi_write_u32(&names->entry_set, is_number ? name->lid : offset);
    okapi_write_u16(&names->entry_set, (apr_uint16_t)index);
    okapi_write_u16(&names->entry_set, (apr_uint16_t)names->count);
    okapi_write_u32(hash, hashed);
    okapi_write_u16(hash, (apr_uint16_t)index);
    okapi_write_u16(hash, (apr_uint16_t)names->count);
    names->count++;
    apr_hash_set(names->ids, key, APR_HASH_KEY_STRING, (void *)(apr_size_t)names->count);
    return (apr_uint16_t)(0x8000 + names->count - 1);
}

static void add_set(okapi__cfb_node_t *storage, int id, const okapi_writer_t *w)
{
    okapi_binary_t data = {w->data, w->len};
    okapi__cfb_add_stream(storage, apr_psprintf(w->pool, OKAPI__MSG_NAME_SET, id), data);
}

void okapi__msg_names_write(const okapi__msg_names_t *names, okapi__cfb_node_t *root)
{
    okapi__cfb_node_t *storage = okapi__cfb_add_storage(root, OKAPI__MSG_NAMES);
    add_set(storage, OKAPI__MSG_GUIDS, &names->guid_set);
    add_set(storage, OKAPI__MSG_ENTRIES, &names->entry_set);
    add_set(storage, OKAPI__MSG_STRINGS, &names->string_set);
    for (int i = 0; i < OKAPI__MSG_NHASHES; i++)
        if (names->hashes[i].len)
            add_set(storage, OKAPI__MSG_HASHES + i, &names->hashes[i]);
}
