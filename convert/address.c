/* address.c - senders and recipients: MS-OXCMAIL 2.2.3.1. */
#include "converter.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/entryid.h>

enum { MAILUSER = 6 /* PR_OBJECT_TYPE */, DT_MAILUSER = 0 /* PR_DISPLAY_TYPE */ };

apr_array_header_t *okapi__addresses(okapi__draft_t *draft, okapi_binary_t value)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    return okapi__address_list(okapi__header_structured(value, draft->charset, pool), pool);
}

/* ---- people ---- */

static const okapi_user_t stranger = {0};

/* Each address is looked up once in a conversion, and not more than a bounded number: a message may
 * name any number of people. */
apr_status_t okapi__people_find(okapi__mime_t *mime, const apr_array_header_t *addresses)
{
    apr_pool_t *pool = mime->scratch_pool;
    int n = 0, most = addresses->nelts;
    const char **wanted = apr_palloc(pool, sizeof(*wanted) * (apr_size_t)(most + 1));
    okapi_user_t **users = apr_palloc(pool, sizeof(*users) * (apr_size_t)(most + 1));
    for (int i = 0; i < most && mime->lookups_left > 0; i++) {
        const char *address = APR_ARRAY_IDX(addresses, i, okapi__address_t).address;
        if (strchr(address, '@') && !apr_hash_get(mime->users, address, APR_HASH_KEY_STRING)) {
            apr_hash_set(mime->users, address, APR_HASH_KEY_STRING, &stranger);
            wanted[n++] = address;
            mime->lookups_left--;
        }
    }
    apr_status_t status = okapi_users_by_address(users, mime->okapi, wanted, n, pool, pool);
    for (int i = 0; status == APR_SUCCESS && i < n; i++)
        if (users[i])
            apr_hash_set(mime->users, wanted[i], APR_HASH_KEY_STRING, users[i]);
    return status;
}

/* The local user of ADDRESS, or NULL. */
static apr_status_t local_user(const okapi_user_t **user, okapi__mime_t *mime,
                               const okapi__address_t *address)
{
    const apr_array_header_t one = {.nelts = 1, .elt_size = sizeof(*address),
                                    .elts = (char *)(okapi__address_t *)address};
    apr_status_t status = okapi__people_find(mime, &one);
    *user = apr_hash_get(mime->users, address->address, APR_HASH_KEY_STRING);
    if (*user == &stranger)
        *user = NULL;
    return status;
}

static void put(apr_array_header_t *values, okapi_propval_t value)
{
    if (value.tag)
        APR_ARRAY_PUSH(values, okapi_propval_t) = value;
}

/* PR_SEARCH_KEY: "TYPE:ADDRESS" in capitals with its terminator (MS-OXCMSG 2.2.1.8). */
static okapi_propval_t search_key(okapi_proptag_t tag, const char *type, const char *address,
                                  apr_pool_t *pool)
{
    char *key = apr_pstrcat(pool, type, ":", address, NULL);
    for (char *p = key; *p; p++)
        *p = (char)apr_toupper(*p);
    return okapi_propval_bin(tag, key, strlen(key) + 1);
}

apr_status_t okapi__person_values(okapi__draft_t *draft, const okapi__address_t *address,
                                  const okapi__person_tags_t *tags, apr_array_header_t *values)
{
    okapi__mime_t *mime = draft->mime;
    apr_pool_t *pool = mime->scratch_pool;
    const okapi_user_t *user;
    apr_status_t status = local_user(&user, mime, address);
    if (status != APR_SUCCESS)
        return status;

    const char *name = address->name, *type = "SMTP", *email = address->address;
    okapi_binary_t entryid;
    if (user) {
        type = "EX";
        email = okapi_user_dn(mime->okapi, user, pool);
        entryid = okapi_entryid_addressbook(email, DT_MAILUSER, pool);
        if (!*name)
            name = user->fullname;
    }
    if (!*name)
        name = address->address;
    if (!user)
        entryid = okapi_entryid_oneoff(name, type, email, pool);
    put(values, okapi_propval_str(tags->name, name));
    put(values, okapi_propval_str(tags->addrtype, type));
    put(values, okapi_propval_str(tags->email, email));
    put(values, okapi_propval_str(tags->smtp, address->address));
    put(values, okapi_propval_bin(tags->entryid, entryid.data, entryid.len));
    put(values, search_key(tags->search_key, type, email, pool));
    return APR_SUCCESS;
}

apr_status_t okapi__recipient_add(okapi_recipient_t **recipient, okapi__draft_t *draft, int type,
                                  const okapi__address_t *address)
{
    static const okapi__person_tags_t tags = {PR_DISPLAY_NAME, PR_ADDRTYPE, PR_EMAIL_ADDRESS,
                                              PR_SMTP_ADDRESS, PR_ENTRYID,  PR_SEARCH_KEY};
    okapi__mime_t *mime = draft->mime;
    *recipient = NULL;
    if (mime->recipients_left <= 0)
        return APR_SUCCESS;
    apr_array_header_t *values = apr_array_make(mime->scratch_pool, 9, sizeof(okapi_propval_t));
    apr_status_t status = okapi__person_values(draft, address, &tags, values);
    if (status != APR_SUCCESS)
        return status;
    put(values, okapi_propval_i32(PR_RECIPIENT_TYPE, type));
    put(values, okapi_propval_i32(PR_OBJECT_TYPE, MAILUSER));
    put(values, okapi_propval_i32(PR_DISPLAY_TYPE, DT_MAILUSER));
    *recipient = okapi_message_add_recipient(draft->message, type);
    for (int k = 0; k < values->nelts; k++)
        okapi_props_set((*recipient)->props, &APR_ARRAY_IDX(values, k, okapi_propval_t));
    mime->recipients_left--;
    return APR_SUCCESS;
}

apr_status_t okapi__recipients_add(okapi__draft_t *draft, int type, okapi_binary_t value)
{
    apr_array_header_t *addresses = okapi__addresses(draft, value);
    apr_status_t status = APR_SUCCESS;
    for (int i = 0; i < addresses->nelts && status == APR_SUCCESS; i++) {
        okapi_recipient_t *recipient;
        status = okapi__recipient_add(&recipient, draft, type,
                                      &APR_ARRAY_IDX(addresses, i, okapi__address_t));
    }
    return status;
}

/* FlatEntryList, MS-OXCDATA 2.3.3: count, size, then length and bytes of each entry id, padded
 * to four. */
apr_status_t okapi__reply_to(okapi__draft_t *draft, okapi_binary_t value)
{
    static const okapi__person_tags_t tags = {.name = PR_DISPLAY_NAME, .entryid = PR_ENTRYID};
    okapi__mime_t *mime = draft->mime;
    apr_pool_t *pool = mime->scratch_pool;
    apr_array_header_t *addresses = okapi__addresses(draft, value);
    okapi_writer_t w, names;
    okapi_writer_init(&w, 256, value.len * 16 + 65536, pool);
    okapi_writer_init(&names, 256, value.len * 16 + 65536, pool);
    okapi_write_u32(&w, 0);
    okapi_write_u32(&w, 0);
    apr_uint32_t n = 0;
    for (int i = 0; i < addresses->nelts && mime->recipients_left > 0; i++) {
        const okapi__address_t *address = &APR_ARRAY_IDX(addresses, i, okapi__address_t);
        apr_array_header_t *values = apr_array_make(pool, 2, sizeof(okapi_propval_t));
        apr_status_t status = okapi__person_values(draft, address, &tags, values);
        if (status != APR_SUCCESS)
            return status;
        const char *name = APR_ARRAY_IDX(values, 0, okapi_propval_t).v.str;
        okapi_binary_t entryid = APR_ARRAY_IDX(values, 1, okapi_propval_t).v.bin;
        okapi_write_u32(&w, (apr_uint32_t)entryid.len);
        okapi_write_bytes(&w, entryid.data, entryid.len);
        okapi_write_bytes(&w, "\0\0\0", (4 - entryid.len % 4) % 4);
        okapi_write_bytes(&names, ";", n > 0);
        okapi_write_bytes(&names, name, strlen(name));
        n++;
        mime->recipients_left--;
    }
    okapi_write_u8(&names, 0);
    if (n == 0 || okapi_writer_status(&w) != APR_SUCCESS ||
        okapi_writer_status(&names) != APR_SUCCESS)
        return APR_SUCCESS;
    okapi_write_u32_at(&w, 0, n);
    okapi_write_u32_at(&w, 4, (apr_uint32_t)(w.len - 8));
    okapi__draft_put(draft, okapi_propval_bin(PR_REPLY_RECIPIENT_ENTRIES, w.data, w.len));
    okapi__draft_put_str(draft, PR_REPLY_RECIPIENT_NAMES, (const char *)names.data);
    return APR_SUCCESS;
}
