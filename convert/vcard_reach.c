/* vcard_reach.c - how somebody is reached: TEL, EMAIL, ADR (MS-OXVCARD 2.1.3.4 and 2.1.3.5,
 * MS-OXOCNTC 2.2.1.2 to 2.2.1.4). */
#include "vcard_item.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>
#include <okapi/entryid.h>

/* ---- telephones ---- */

/* A number with all of a row's types is that row's, if it has none yet: the first that fits. */
static const struct {
    const char *types[2];
    okapi_proptag_t tag;
} telephones[] = {
    {{"FAX", "HOME"}, PR_HOME_FAX_NUMBER},
    {{"FAX", "WORK"}, PR_BUSINESS_FAX_NUMBER},
    {{"FAX", NULL}, PR_PRIMARY_FAX_NUMBER},
    {{"PAGER", NULL}, PR_PAGER_TELEPHONE_NUMBER},
    {{"CELL", NULL}, PR_MOBILE_TELEPHONE_NUMBER},
    {{"CAR", NULL}, PR_CAR_TELEPHONE_NUMBER},
    {{"ISDN", NULL}, PR_ISDN_NUMBER},
    {{"TLX", NULL}, PR_TELEX_NUMBER},
    {{"TTYTDD", NULL}, PR_TTYTDD_PHONE_NUMBER},
    {{"TEXTPHONE", NULL}, PR_TTYTDD_PHONE_NUMBER},
    {{"RADIO", NULL}, PR_RADIO_TELEPHONE_NUMBER},
    {{"CALLBACK", NULL}, PR_CALLBACK_TELEPHONE_NUMBER},
    {{"X-EVOLUTION-CALLBACK", NULL}, PR_CALLBACK_TELEPHONE_NUMBER},
    {{"ASSISTANT", NULL}, PR_ASSISTANT_TELEPHONE_NUMBER},
    {{"X-EVOLUTION-ASSISTANT", NULL}, PR_ASSISTANT_TELEPHONE_NUMBER},
    {{"COMPANY", NULL}, PR_COMPANY_MAIN_PHONE_NUMBER},
    {{"X-EVOLUTION-COMPANY", NULL}, PR_COMPANY_MAIN_PHONE_NUMBER},
    {{"WORK", NULL}, PR_BUSINESS_TELEPHONE_NUMBER},
    {{"WORK", NULL}, PR_BUSINESS2_TELEPHONE_NUMBER},
    {{"HOME", NULL}, PR_HOME_TELEPHONE_NUMBER},
    {{"HOME", NULL}, PR_HOME2_TELEPHONE_NUMBER},
    {{"PREF", NULL}, PR_PRIMARY_TELEPHONE_NUMBER},
    {{NULL, NULL}, PR_OTHER_TELEPHONE_NUMBER},
    {{NULL, NULL}, PR_PRIMARY_TELEPHONE_NUMBER},
};
enum { TELEPHONES = sizeof(telephones) / sizeof(telephones[0]) };

static int has_types(const okapi__line_t *line, const char *const *types)
{
    for (int i = 0; i < 2; i++)
        if (types[i] && !okapi__card_is_type(line, types[i]))
            return 0;
    return 1;
}

static const char *telephone_slot(int i, apr_pool_t *pool)
{
    return apr_psprintf(pool, "TEL:%04X", (unsigned int)OKAPI_PROP_ID(telephones[i].tag));
}

/* 4.0 writes tel: URIs. */
static void read_telephone(okapi__card_t *card, okapi__line_t *line)
{
    const char *number = okapi__text_read(line->value, card->pool);
    if (strncasecmp(number, "tel:", 4) == 0)
        number += 4;
    for (int i = 0; i < TELEPHONES && *number; i++)
        if (has_types(line, telephones[i].types) &&
            !okapi_props_get(card->props, telephones[i].tag)) {
            okapi__card_put(card, telephones[i].tag, number);
            line->slot = telephone_slot(i, card->comp->lines->pool);
            return;
        }
}

/* Is row I the first for its property? The others are second spellings. */
static int is_first(int i)
{
    for (int k = 0; k < i; k++)
        if (telephones[k].tag == telephones[i].tag)
            return 0;
    return 1;
}

static void write_telephones(okapi__card_t *card)
{
    for (int i = 0; i < TELEPHONES; i++) {
        const char *number = okapi__card_get(card, telephones[i].tag);
        const char *const *types = telephones[i].types;
        if (*number && is_first(i))
            okapi__card_add(card, telephone_slot(i, card->pool), "TEL",
                            types[0] ? apr_pstrcat(card->pool, "TYPE=", types[0],
                                                   types[1] ? "," : NULL, types[1], NULL)
                                     : NULL,
                            okapi__text_write(number, card->pool));
    }
}

/* ---- addresses of mail ---- */

static const struct {
    int display_name, type, address, original_display_name, original_entryid;
} emails[] = {
#define EMAIL(n)                                                                                   \
    {                                                                                              \
        OKAPI__CONTACT_EMAIL##n##_DISPLAY_NAME, OKAPI__CONTACT_EMAIL##n##_ADDRESS_TYPE,            \
            OKAPI__CONTACT_EMAIL##n##_ADDRESS, OKAPI__CONTACT_EMAIL##n##_ORIGINAL_DISPLAY_NAME,    \
            OKAPI__CONTACT_EMAIL##n##_ORIGINAL_ENTRYID                                             \
    }
    EMAIL(1), EMAIL(2), EMAIL(3)
#undef EMAIL
};
enum { EMAILS = sizeof(emails) / sizeof(emails[0]) };

static const char *const email_slots[] = {"EMAIL:1", "EMAIL:2", "EMAIL:3"};

static void put_email(okapi__card_t *card, int i, const char *address, const char *name)
{
    const okapi_proptag_t *tags = card->tags;
    okapi_binary_t entryid = okapi_entryid_oneoff(name, "SMTP", address, card->pool);
    okapi__card_put(
        card, tags[emails[i].display_name],
        strcmp(name, address) == 0 ? address : apr_psprintf(card->pool, "%s (%s)", name, address));
    okapi__card_put(card, tags[emails[i].type], "SMTP");
    okapi__card_put(card, tags[emails[i].address], address);
    okapi__card_put(card, tags[emails[i].original_display_name], address);
    if (tags[emails[i].original_entryid])
        okapi_props_set_bin(card->props, tags[emails[i].original_entryid], entryid.data,
                            entryid.len);
}

/* Which of its addresses a contact has, by which address books list it: MS-OXOCNTC 2.2.1.2.11 and
 * 2.2.1.2.12. */
static void put_email_list(okapi__card_t *card, int n)
{
    static const apr_int32_t indexes[] = {0, 1, 2};
    okapi_propval_t list = {.tag = OKAPI__CONTACT_TAG(card, EMAIL_LIST)};
    list.v.mv.count = (apr_uint32_t)n;
    list.v.mv.v.i32 = indexes;
    if (!n || !list.tag || !OKAPI__CONTACT_TAG(card, EMAIL_TYPES))
        return;
    okapi_props_set(card->props, &list);
    okapi_props_set_i32(card->props, OKAPI__CONTACT_TAG(card, EMAIL_TYPES), (1 << n) - 1);
}

static const char *name_of(okapi__card_t *card, const char *address)
{
    const okapi__line_t *line = okapi__card_line(card->comp, "FN");
    const char *name = line ? okapi__text_read(line->value, card->pool) : "";
    return *name ? name : address;
}

static void write_emails(okapi__card_t *card)
{
    for (int i = 0; i < EMAILS; i++) {
        const char *address = okapi__card_get(card, card->tags[emails[i].address]);
        if (*address)
            okapi__card_add(card, email_slots[i], "EMAIL", "TYPE=INTERNET",
                            okapi__text_write(address, card->pool));
    }
}

/* ---- addresses of houses ---- */

/* ADR's fields: RFC 6350 6.3.1. */
enum { BOX, EXTENDED, STREET, CITY, REGION, CODE, COUNTRY, ADR_FIELDS };

typedef struct address_t {
    const char *slot, *type;          /* type NULL: any other */
    int postal_id;                    /* PidLidPostalAddressId */
    int whole;                        /* all of it in one text: a named property */
    okapi_proptag_t tags[ADR_FIELDS]; /* 0: NAMED; an extended address is a line of the street */
    int named[ADR_FIELDS];
} address_t;

static const address_t addresses[] = {
    {"ADR:WORK",
     "WORK",
     2,
     OKAPI__CONTACT_WORK_ADDRESS,
     {0},
     {OKAPI__CONTACT_WORK_POST_OFFICE_BOX, 0, OKAPI__CONTACT_WORK_STREET, OKAPI__CONTACT_WORK_CITY,
      OKAPI__CONTACT_WORK_STATE, OKAPI__CONTACT_WORK_POSTAL_CODE, OKAPI__CONTACT_WORK_COUNTRY}},
    {"ADR:HOME",
     "HOME",
     1,
     OKAPI__CONTACT_HOME_ADDRESS,
     {PR_HOME_ADDRESS_POST_OFFICE_BOX, 0, PR_HOME_ADDRESS_STREET, PR_HOME_ADDRESS_CITY,
      PR_HOME_ADDRESS_STATE_OR_PROVINCE, PR_HOME_ADDRESS_POSTAL_CODE, PR_HOME_ADDRESS_COUNTRY},
     {0}},
    {"ADR:OTHER",
     NULL,
     3,
     OKAPI__CONTACT_OTHER_ADDRESS,
     {PR_OTHER_ADDRESS_POST_OFFICE_BOX, 0, PR_OTHER_ADDRESS_STREET, PR_OTHER_ADDRESS_CITY,
      PR_OTHER_ADDRESS_STATE_OR_PROVINCE, PR_OTHER_ADDRESS_POSTAL_CODE, PR_OTHER_ADDRESS_COUNTRY},
     {0}},
};
enum { ADDRESSES = sizeof(addresses) / sizeof(addresses[0]) };

/* Its value is PidLidPostalAddressId's. */
static const char postal_line[] = "X-MS-OL-DEFAULT-POSTAL-ADDRESS";

/* The same of the address mail is sent to. */
static const okapi_proptag_t postal_tags[ADR_FIELDS] = {
    PR_POST_OFFICE_BOX, 0,         PR_STREET_ADDRESS, PR_LOCALITY, PR_STATE_OR_PROVINCE,
    PR_POSTAL_CODE,     PR_COUNTRY};

static okapi_proptag_t address_tag(const okapi__card_t *card, const address_t *a, int field)
{
    return field == EXTENDED ? 0 : a->tags[field] ? a->tags[field] : card->tags[a->named[field]];
}

static const char *with_line(okapi__card_t *card, const char *text, const char *line)
{
    return *text && *line ? apr_pstrcat(card->pool, text, "\r\n", line, NULL) : *text ? text : line;
}

static const char *whole_of(okapi__card_t *card, const char *const *fields)
{
    const char *town = apr_pstrcat(card->pool, fields[CITY], *fields[CITY] ? " " : "",
                                   fields[REGION], *fields[REGION] ? " " : "", fields[CODE], NULL);
    const char *text = with_line(card, fields[BOX], fields[STREET]);
    return with_line(card, with_line(card, text, town), fields[COUNTRY]);
}

/* Which one mail is sent to: the one that Outlook's line says, else a preferred one, else the first
 * (POSTAL, or NULL). */
static void put_postal(okapi__card_t *card, const address_t *postal)
{
    const okapi__line_t *line = okapi__card_line(card->comp, postal_line);
    okapi_proptag_t id = OKAPI__CONTACT_TAG(card, POSTAL_ADDRESS_ID);
    for (int i = 0; line && i < ADDRESSES; i++)
        if (atoi(line->value) == addresses[i].postal_id && card->tags[addresses[i].whole] &&
            okapi_props_get(card->props, card->tags[addresses[i].whole]))
            postal = &addresses[i];
    if (!id || !postal)
        return;
    for (int i = 0; i < ADR_FIELDS; i++)
        okapi__card_put(card, postal_tags[i], okapi__card_get(card, address_tag(card, postal, i)));
    okapi_props_set_i32(card->props, id, postal->postal_id);
}

static void read_address(okapi__card_t *card, okapi__line_t *line, const address_t **postal)
{
    const char *fields[ADR_FIELDS];
    const address_t *a = addresses;
    while (a->type && !okapi__card_is_type(line, a->type))
        a++;
    if (card->tags[a->whole] && okapi_props_get(card->props, card->tags[a->whole]))
        return; /* there is room for one of each kind */
    okapi__card_fields(fields, ADR_FIELDS, line->value, card->pool);
    fields[STREET] = with_line(card, fields[STREET], fields[EXTENDED]);
    for (int i = 0; i < ADR_FIELDS; i++)
        okapi__card_put(card, address_tag(card, a, i), fields[i]);
    const char *whole = whole_of(card, fields);
    okapi__card_put(card, card->tags[a->whole], whole);
    if (!*whole)
        return;
    line->slot = a->slot;
    if (!*postal || okapi__card_is_type(line, "PREF"))
        *postal = a;
}

static void write_address(okapi__card_t *card, const address_t *a)
{
    const char *value = "";
    int is_there = 0;
    for (int i = 0; i < ADR_FIELDS; i++) {
        const char *field = okapi__card_get(card, address_tag(card, a, i));
        is_there |= *field != 0;
        value = apr_pstrcat(card->pool, value, i ? ";" : "", okapi__text_write(field, card->pool),
                            NULL);
    }
    if (is_there)
        okapi__card_add(card, a->slot, "ADR",
                        a->type ? apr_pstrcat(card->pool, "TYPE=", a->type, NULL) : NULL, value);
}

static void write_postal(okapi__card_t *card)
{
    okapi_proptag_t tag = OKAPI__CONTACT_TAG(card, POSTAL_ADDRESS_ID);
    const okapi_propval_t *id = tag ? okapi_props_get(card->props, tag) : NULL;
    if (id && id->v.i32 > 0 && id->v.i32 <= ADDRESSES)
        okapi__comp_add(card->comp, postal_line, NULL, apr_itoa(card->pool, id->v.i32));
}

/* ---- all of them ---- */

void okapi__card_reach_read(okapi__card_t *card)
{
    int n = 0;
    const address_t *postal = NULL;
    for (int i = 0; i < card->comp->lines->nelts; i++) {
        okapi__line_t *line = &APR_ARRAY_IDX(card->comp->lines, i, okapi__line_t);
        const char *name = okapi__card_line_name(line);
        if (strcmp(name, "TEL") == 0) {
            read_telephone(card, line);
        } else if (strcmp(name, "ADR") == 0) {
            read_address(card, line, &postal);
        } else if (strcmp(name, "EMAIL") == 0 && n < EMAILS) {
            const char *address = okapi__text_read(line->value, card->pool);
            if (strncasecmp(address, "mailto:", 7) == 0)
                address += 7;
            if (*address) {
                line->slot = email_slots[n];
                put_email(card, n++, address, name_of(card, address));
            }
        }
    }
    put_email_list(card, n);
    put_postal(card, postal);
}

void okapi__card_reach_write(okapi__card_t *card)
{
    write_telephones(card);
    write_emails(card);
    for (int i = 0; i < ADDRESSES; i++)
        write_address(card, &addresses[i]);
    write_postal(card);
}
