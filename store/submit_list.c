/* submit_list.c - who is in a personal distribution list: MS-OXOCNTC 2.2.2.4.1. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>
#include <okapi/named.h>

#include "delivery_private.h"
#include "submit_private.h"

enum {
    LIST_MEMBERS = 0x8055, /* PidLidDistributionListMembers */
    EMAIL_1 = 0x8083,      /* PidLidEmail1EmailAddress; the others of a contact are 0x10 further */
    WRAPPED_HEAD = 21,     /* Flags, ProviderUID, Type */
    ONEOFF_HEAD = 24,      /* Flags, ProviderUID, Version, Flags: MS-OXCDATA 2.2.5.1 */
    ONEOFF_WIDE = 0x8000,
    DEPTH_MAX = 8
};

/* Type of a wrapped entry id: what it is in the low bits, which of a contact's addresses above. */
enum { TYPE_MASK = 0x0F, TYPE_CONTACT = 3, TYPE_LIST = 4, SLOT_SHIFT = 4, SLOT_MASK = 3 };

static const unsigned char wrapped_uid[16] = {0xC0, 0x91, 0xAD, 0xD3, 0x51, 0x9D, 0xCF, 0x11,
                                              0xA4, 0xA9, 0x00, 0xAA, 0x00, 0x47, 0xFA, 0xA4};
static const unsigned char oneoff_uid[16] = {0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19,
                                             0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02};

static int has_uid(okapi_binary_t id, const unsigned char *uid, apr_size_t head)
{
    return id.len >= head && memcmp(id.data + 4, uid, 16) == 0;
}

/* ---- one-off members ---- */

/* The next zero-terminated text, of ASCII: an address has nothing else here. NULL at the end. */
static const char *next_text(okapi_reader_t *r, int is_wide, apr_pool_t *result_pool)
{
    apr_size_t left = okapi_reader_left(r), n = 0;
    char *text = apr_palloc(result_pool, left + 1);
    while (!r->failed) {
        unsigned c = is_wide ? okapi_read_u16(r) : okapi_read_u8(r);
        if (r->failed || c == 0) {
            break;
        }
        text[n++] = c < 0x80 ? (char)c : '?';
    }
    text[n] = '\0';
    return r->failed ? NULL : text;
}

static const char *oneoff_address(okapi_binary_t id, apr_pool_t *result_pool)
{
    okapi_reader_t r;
    okapi_reader_init(&r, id.data + ONEOFF_HEAD - 2, id.len - ONEOFF_HEAD + 2);
    int is_wide = (okapi_read_u16(&r) & ONEOFF_WIDE) != 0;
    (void)next_text(&r, is_wide, result_pool); /* the name */
    const char *type = next_text(&r, is_wide, result_pool);
    const char *address = next_text(&r, is_wide, result_pool);
    return type && address && strcasecmp(type, "SMTP") == 0 ? address : NULL;
}

/* ---- members that are items ---- */

static apr_status_t named_value(okapi_propval_t *v, okapi_message_t *message, apr_uint32_t lid,
                                apr_uint16_t type, apr_pool_t *pool)
{
    const okapi_propname_t name = {okapi_psetid_address, MNID_ID, lid, NULL};
    apr_uint16_t id;
    *v = okapi_propval_error(OKAPI_PROP_TAG(type, 0), 0);
    apr_status_t rv = okapi_named_ids(message->store, &name, 1, 0, &id, pool);
    if (rv != APR_SUCCESS || !id) {
        return rv;
    }
    okapi_proptag_t tag = OKAPI_PROP_TAG(type, id);
    return okapi_object_get(&message->object, &tag, 1, 0, v, pool, pool);
}

/* The item of the mailbox that ENTRYID means; *ITEM is NULL if there is none for the actor. */
static apr_status_t open_item(okapi_message_t **item, okapi_store_t *store, okapi_binary_t entryid,
                              apr_pool_t *pool)
{
    okapi_id_t folder, id;
    *item = NULL;
    if (okapi_entryid_parse(entryid, &store->guid, &folder, &id) != APR_SUCCESS || !id) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi_message_open(item, store, folder, id, pool, pool);
    return rv == OKAPI_ENOTFOUND || rv == OKAPI_EACCESS ? APR_SUCCESS : rv;
}

static apr_status_t add_item(okapi_store_t *store, okapi_binary_t entryid, int type, int depth,
                             okapi__member_t member, void *baton, apr_pool_t *pool)
{
    okapi_message_t *item;
    okapi_propval_t v;
    apr_uint32_t slot = (apr_uint32_t)(type >> SLOT_SHIFT & SLOT_MASK);
    apr_status_t rv = open_item(&item, store, entryid, pool);
    if (rv != APR_SUCCESS || !item) {
        return rv;
    }
    if ((type & TYPE_MASK) == TYPE_LIST) {
        return okapi__submit_list(item, depth + 1, member, baton, pool);
    }
    rv = named_value(&v, item, EMAIL_1 + 0x10 * slot, PT_UNICODE, pool);
    return rv == APR_SUCCESS && OKAPI_PROP_TYPE(v.tag) == PT_UNICODE ? member(baton, v.v.str) : rv;
}

static apr_status_t add_directory(okapi_store_t *store, okapi_binary_t entryid,
                                  okapi__member_t member, void *baton, apr_pool_t *pool)
{
    okapi_props_t *props = okapi_props_create(pool);
    const char *address;
    okapi_props_set_bin(props, PR_ENTRYID, entryid.data, entryid.len);
    apr_status_t rv = okapi__outgoing_address(&address, store->okapi, props, pool, pool);
    return rv == APR_SUCCESS && address ? member(baton, address) : rv;
}

static apr_status_t add_member(okapi_store_t *store, okapi_binary_t id, int depth,
                               okapi__member_t member, void *baton, apr_pool_t *pool)
{
    int type = 0;
    if (has_uid(id, wrapped_uid, WRAPPED_HEAD)) {
        type = id.data[WRAPPED_HEAD - 1];
        id.data += WRAPPED_HEAD;
        id.len -= WRAPPED_HEAD;
    }
    if ((type & TYPE_MASK) == TYPE_CONTACT || (type & TYPE_MASK) == TYPE_LIST) {
        return add_item(store, id, type, depth, member, baton, pool);
    }
    if (has_uid(id, oneoff_uid, ONEOFF_HEAD)) {
        const char *address = oneoff_address(id, pool);
        return address ? member(baton, address) : APR_SUCCESS;
    }
    return add_directory(store, id, member, baton, pool);
}

apr_status_t okapi__submit_list(okapi_message_t *list, int depth, okapi__member_t member,
                                void *baton, apr_pool_t *scratch_pool)
{
    okapi_propval_t v;
    if (depth > DEPTH_MAX) {
        return APR_SUCCESS; /* it is in itself */
    }
    apr_status_t rv = named_value(&v, list, LIST_MEMBERS, PT_MV_BINARY, scratch_pool);
    if (rv != APR_SUCCESS || OKAPI_PROP_TYPE(v.tag) != PT_MV_BINARY) {
        return rv;
    }
    for (apr_uint32_t i = 0; rv == APR_SUCCESS && i < v.v.mv.count; i++) {
        rv = add_member(list->store, v.v.mv.v.bin[i], depth, member, baton, scratch_pool);
    }
    return rv;
}

apr_status_t okapi__submit_list_of(okapi_message_t **list, okapi_store_t *store,
                                   const okapi_props_t *props, apr_pool_t *result_pool)
{
    const okapi_propval_t *entryid = okapi_props_get(props, PR_ENTRYID);
    *list = NULL;
    if (!entryid || strcasecmp(okapi_props_str(props, PR_ADDRTYPE, ""), "MAPIPDL") != 0) {
        return APR_SUCCESS;
    }
    return open_item(list, store, entryid->v.bin, result_pool);
}
