/* mime_write_people.c - whom a message is from and for, as addresses of the Internet: MS-OXCMAIL
 * 2.1.3.1. */
#include "mime_write.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/entryid.h>

/* The address of the user that Outlook knows by DN; NULL if there is none. */
static apr_status_t user_address(const char **address, okapi__mime_out_t *out, const char *dn)
{
    okapi_user_t *user;
    const char *known = apr_hash_get(out->addresses, dn, APR_HASH_KEY_STRING);
    *address = NULL;
    if (!known) {
        const char *name = okapi_user_name_of_dn(out->okapi, dn, out->pool);
        apr_status_t status =
            name ? okapi_user_by_login(&user, out->okapi, name, out->pool, out->pool)
                 : OKAPI_EUNKNOWNUSER;
        if (status != APR_SUCCESS && status != OKAPI_EUNKNOWNUSER)
            return status;
        known = status == APR_SUCCESS ? user->email : "";
        apr_hash_set(out->addresses, apr_pstrdup(out->pool, dn), APR_HASH_KEY_STRING, known);
    }
    *address = *known ? known : NULL;
    return APR_SUCCESS;
}

/* An address of another kind inside one of the Internet: MS-OXCMAIL 2.1.3.1.7.1. */
static const char *encapsulated(okapi__mime_out_t *out, const char *type, const char *address)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 128, strlen(address) * 3 + strlen(type) + 400, out->pool);
    okapi_write_bytes(&w, "IMCEA", 5);
    okapi_write_bytes(&w, type, strlen(type));
    okapi_write_u8(&w, '-');
    for (const unsigned char *p = (const unsigned char *)address; *p; p++) {
        const char *hex = apr_psprintf(out->pool, "+%02X", *p);
        if (apr_isalnum(*p) || *p == '-' || *p == '=')
            okapi_write_u8(&w, *p);
        else if (*p == '/')
            okapi_write_u8(&w, '_');
        else
            okapi_write_bytes(&w, hex, 3);
    }
    okapi_write_u8(&w, '@');
    okapi_write_str8z(&w, okapi_config(out->okapi)->domain);
    return okapi_writer_status(&w) == APR_SUCCESS ? (const char *)w.data : "";
}

/* A one-off entry id says it itself: MS-OXCDATA 2.2.5.1. */
static int read_oneoff(okapi__address_t *who, const char **type, okapi_binary_t entryid,
                       apr_pool_t *pool)
{
    static const unsigned char provider[] = {0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19,
                                             0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02};
    okapi_reader_t r;
    okapi_reader_init(&r, entryid.data, entryid.len);
    okapi_read_u32(&r);
    const unsigned char *uid = okapi_read_bytes(&r, sizeof(provider));
    if (!uid || memcmp(uid, provider, sizeof(provider)) != 0)
        return 0;
    okapi_read_u16(&r);
    int is_wide = okapi_read_u16(&r) & 0x8000;
    const char *texts[3];
    for (int i = 0; i < 3; i++)
        texts[i] = is_wide ? okapi_read_str16z(&r, pool) : okapi_read_str8z(&r);
    who->name = texts[0];
    *type = texts[1];
    who->address = texts[2];
    return okapi_reader_status(&r, 0) == APR_SUCCESS;
}

/* *ADDRESS by an entry id of either kind; "" if it is of neither. */
static apr_status_t by_entryid(okapi__address_t *who, okapi__mime_out_t *out,
                               okapi_binary_t entryid)
{
    const char *type, *dn = okapi_entryid_addressbook_dn(entryid, out->pool), *found;
    if (dn) {
        apr_status_t status = user_address(&found, out, dn);
        who->address = found ? found : encapsulated(out, "EX", dn);
        return status;
    }
    okapi__address_t oneoff;
    if (read_oneoff(&oneoff, &type, entryid, out->pool) && *oneoff.address) {
        who->address = strcasecmp(type, "SMTP") == 0 ? oneoff.address
                                                     : encapsulated(out, type, oneoff.address);
        who->name = *who->name ? who->name : oneoff.name;
    }
    return APR_SUCCESS;
}

apr_status_t okapi__who(okapi__address_t *who, okapi__mime_out_t *out, const okapi_props_t *props,
                        const okapi__who_tags_t *tags)
{
    const char *type = okapi_props_str(props, tags->addrtype, "");
    const char *email = okapi_props_str(props, tags->email, "");
    const okapi_propval_t *entryid = okapi_props_get(props, tags->entryid);
    apr_status_t status = APR_SUCCESS;
    const char *found = NULL;
    who->name = okapi_props_str(props, tags->name, "");
    who->address = okapi_props_str(props, tags->smtp, "");
    if (!*who->address && *email && (strcasecmp(type, "SMTP") == 0 || !*type))
        who->address = email;
    if (!*who->address && strcasecmp(type, "EX") == 0 && *email) {
        status = user_address(&found, out, email);
        who->address = found ? found : "";
    }
    if (!*who->address && entryid && status == APR_SUCCESS)
        status = by_entryid(who, out, entryid->v.bin);
    if (!*who->address && *type && *email)
        who->address = encapsulated(out, type, email);
    return status;
}

static void add(apr_array_header_t *people, okapi__address_t who)
{
    if (!*who.address)
        who.address = who.name; /* all that is known */
    if (*who.address)
        APR_ARRAY_PUSH(people, okapi__address_t) = who;
}

enum { RECIP_SENDABLE = 0x1 }; /* PR_RECIPIENT_FLAGS */

apr_status_t okapi__who_recipients(apr_array_header_t **people, okapi__letter_t *letter, int type)
{
    static const okapi__who_tags_t tags = {PR_DISPLAY_NAME, PR_ADDRTYPE, PR_EMAIL_ADDRESS,
                                           PR_SMTP_ADDRESS, PR_ENTRYID};
    apr_status_t status = APR_SUCCESS;
    int n = okapi_message_recipient_count(letter->message);
    *people = apr_array_make(letter->pool, 4, sizeof(okapi__address_t));
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        const okapi_recipient_t *recipient = okapi_message_recipient(letter->message, i);
        okapi__address_t who;
        /* Who takes part in a meeting, but isn't told: MS-OXOCAL 2.2.4.10.1 */
        int is_sent = (int)okapi_props_int(recipient->props, PR_RECIPIENT_FLAGS, RECIP_SENDABLE);
        if ((recipient->type & 0x0F) != type || !(is_sent & RECIP_SENDABLE))
            continue;
        status = okapi__who(&who, letter->out, recipient->props, &tags);
        add(*people, who);
    }
    return status;
}

/* FlatEntryList, MS-OXCDATA 2.3.3, with the names beside it. */
apr_status_t okapi__who_reply_to(apr_array_header_t **people, okapi__letter_t *letter)
{
    const okapi_propval_t *entries = okapi_props_get(letter->props, PR_REPLY_RECIPIENT_ENTRIES);
    apr_status_t status = APR_SUCCESS;
    okapi_reader_t r;
    *people = apr_array_make(letter->pool, 2, sizeof(okapi__address_t));
    if (!entries)
        return APR_SUCCESS;
    char *names = apr_pstrdup(letter->pool,
                              okapi_props_str(letter->props, PR_REPLY_RECIPIENT_NAMES, ""));
    okapi_reader_init(&r, entries->v.bin.data, entries->v.bin.len);
    apr_uint32_t count = okapi_read_u32(&r);
    okapi_read_u32(&r);
    count = (apr_uint32_t)okapi_read_count(&r, count, 4);
    for (; count && status == APR_SUCCESS; count--) {
        okapi_binary_t entryid = {.len = okapi_read_u32(&r)};
        entryid.data = okapi_read_bytes(&r, entryid.len);
        if (!entryid.data)
            break;
        apr_size_t padding = (4 - entryid.len % 4) % 4;
        okapi_read_bytes(&r, padding < okapi_reader_left(&r) ? padding : okapi_reader_left(&r));
        char *name = names;
        names += strcspn(names, ";");
        if (*names)
            *names++ = '\0';
        okapi__address_t who = {"", ""};
        status = by_entryid(&who, letter->out, entryid);
        if (!*who.name) /* PR_REPLY_RECIPIENT_NAMES doesn't say where a name with ";" ends */
            who.name = name + strspn(name, " ");
        add(*people, who);
    }
    return status;
}
