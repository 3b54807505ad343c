/* vcard_list.c - groups of people: KIND:group and MEMBER of 4.0, the same as X-ADDRESSBOOKSERVER-*
 * in 3.0, as a personal distribution list (MS-OXOCNTC 2.2.2). Members that only a UID names have no
 * address: they stay lines that are kept. */
#include "vcard_item.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/wire.h>

enum { MAX_MEMBERS = 5000 };

static const char slot[] = "MEMBER:"; /* all members that have addresses */

int okapi__card_is_list(const okapi__comp_t *comp)
{
    static const char *const names[] = {"KIND", "X-ADDRESSBOOKSERVER-KIND"};
    for (int i = 0; i < 2; i++) {
        const okapi__line_t *line = okapi__card_line(comp, names[i]);
        if (line && strcasecmp(line->value, "group") == 0)
            return 1;
    }
    return 0;
}

void okapi__card_members_read(okapi__card_t *card)
{
    apr_pool_t *pool = card->pool;
    apr_array_header_t *members = apr_array_make(pool, 8, sizeof(okapi_binary_t));
    for (int i = 0; i < card->comp->lines->nelts; i++) {
        okapi__line_t *line = &APR_ARRAY_IDX(card->comp->lines, i, okapi__line_t);
        const char *name = okapi__card_line_name(line);
        if ((strcmp(name, "MEMBER") == 0 || strcmp(name, "X-ADDRESSBOOKSERVER-MEMBER") == 0) &&
            strncasecmp(line->value, "mailto:", 7) == 0 && members->nelts < MAX_MEMBERS) {
            line->slot = slot;
            const char *address = line->value + 7, *cn = okapi__line_param(line, "CN");
            APR_ARRAY_PUSH(members, okapi_binary_t) =
                okapi_entryid_oneoff(cn ? cn : address, "SMTP", address, pool);
        }
    }
    okapi_propval_t value = {.tag = OKAPI__CONTACT_TAG(card, LIST_ONEOFF_MEMBERS)};
    value.v.mv.count = (apr_uint32_t)members->nelts;
    value.v.mv.v.bin = (const okapi_binary_t *)members->elts;
    if (!members->nelts || !value.tag || !OKAPI__CONTACT_TAG(card, LIST_MEMBERS))
        return;
    okapi_props_set(card->props, &value);
    value.tag = OKAPI__CONTACT_TAG(card, LIST_MEMBERS);
    okapi_props_set(card->props, &value);
}

/* Name and address of a one-off entry id in Unicode (MS-OXCDATA 2.2.5.1); 0 for any other. */
static int read_oneoff(okapi_binary_t entryid, const char **name, const char **address,
                       apr_pool_t *pool)
{
    enum { FLAGS_AND_PROVIDER = 20, UNICODE_STRINGS = 0x8000 };
    okapi_reader_t r;
    okapi_reader_init(&r, entryid.data, entryid.len);
    okapi_read_bytes(&r, FLAGS_AND_PROVIDER);
    okapi_read_u16(&r); /* version */
    int flags = okapi_read_u16(&r);
    if (!(flags & UNICODE_STRINGS))
        return 0;
    *name = okapi_read_str16z(&r, pool);
    const char *type = okapi_read_str16z(&r, pool);
    *address = okapi_read_str16z(&r, pool);
    return okapi_reader_status(&r, 0) == APR_SUCCESS && strcasecmp(type, "SMTP") == 0;
}

void okapi__card_members_write(okapi__card_t *card)
{
    okapi_proptag_t tag = OKAPI__CONTACT_TAG(card, LIST_ONEOFF_MEMBERS);
    const okapi_propval_t *members = tag ? okapi_props_get(card->props, tag) : NULL;
    okapi__comp_add(card->comp, "X-ADDRESSBOOKSERVER-KIND", NULL, "group");
    for (apr_uint32_t i = 0; members && i < members->v.mv.count; i++) {
        const char *name, *address;
        if (read_oneoff(members->v.mv.v.bin[i], &name, &address, card->pool))
            okapi__card_add(
                card, slot, "X-ADDRESSBOOKSERVER-MEMBER",
                strcmp(name, address) == 0
                    ? NULL
                    : apr_pstrcat(card->pool, "CN=", okapi__param_write(name, card->pool), NULL),
                apr_pstrcat(card->pool, "mailto:", address, NULL));
    }
}
