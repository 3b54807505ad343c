/* vcard_table.c - the properties that are one value in vCard and in MAPI: MS-OXVCARD 2.1.3. One
 * table says which; whoever adds one adds a row. */
#include "vcard_item.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "ical_time.h"

typedef struct code_t {
    const char *text;
    int value;
} code_t;

typedef struct row_t row_t;

/* How a value is read and written; without WRITE it is a second spelling. READ says whether the
 * property is what the line says, or would be if MAPI could say it; if not, a further row for the
 * name may have room. TYPE is one of the words the line must have, or NULL. */
struct row_t {
    const char *name, *type;
    int (*read)(okapi__card_t *card, const row_t *row, okapi_proptag_t tag, const char *value);
    void (*write)(okapi__card_t *card, const row_t *row, const okapi_propval_t *value);
    okapi_proptag_t tag; /* 0: NAMED */
    int named;
    const code_t *codes;
};

static const char *slot_of(const row_t *row, apr_pool_t *result_pool);

static void add(okapi__card_t *card, const row_t *row, const char *value)
{
    okapi__card_add(card, slot_of(row, card->pool), row->name,
                    row->type ? apr_pstrcat(card->pool, "TYPE=", row->type, NULL) : NULL, value);
}

/* ---- text ---- */

/* Of several the first. */
static int put_first(okapi__card_t *card, okapi_proptag_t tag, const char *text)
{
    if (!okapi_props_get(card->props, tag))
        okapi__card_put(card, tag, text);
    return *text && strcmp(okapi__card_get(card, tag), text) == 0;
}

static int read_text(okapi__card_t *card, const row_t *row, okapi_proptag_t tag, const char *value)
{
    return put_first(card, tag, okapi__text_read(value, card->pool));
}

static void write_text(okapi__card_t *card, const row_t *row, const okapi_propval_t *value)
{
    if (*value->v.str)
        add(card, row, okapi__text_write(value->v.str, card->pool));
}

static int read_uri(okapi__card_t *card, const row_t *row, okapi_proptag_t tag, const char *value)
{
    return put_first(card, tag, value);
}

static void write_uri(okapi__card_t *card, const row_t *row, const okapi_propval_t *value)
{
    const char *text = value->v.str;
    if (*text && text[strcspn(text, "\r\n")] == 0)
        add(card, row, text);
}

static int read_list(okapi__card_t *card, const row_t *row, okapi_proptag_t tag, const char *value)
{
    enum { MOST = 1000 };
    apr_pool_t *pool = card->pool;
    const okapi_propval_t *old = okapi_props_get(card->props, tag);
    apr_array_header_t *all = apr_array_make(pool, 8, sizeof(const char *));
    for (apr_uint32_t i = 0; old && i < old->v.mv.count; i++)
        APR_ARRAY_PUSH(all, const char *) = old->v.mv.v.str[i];
    apr_array_cat(all, okapi__text_list(value, pool));
    okapi_propval_t list = {.tag = tag};
    list.v.mv.count = (apr_uint32_t)all->nelts;
    list.v.mv.v.str = (const char *const *)all->elts;
    if (all->nelts > 0 && all->nelts <= MOST)
        okapi_props_set(card->props, &list);
    return 1;
}

static void write_list(okapi__card_t *card, const row_t *row, const okapi_propval_t *value)
{
    apr_array_header_t *parts = apr_array_make(card->pool, 8, sizeof(const char *));
    for (apr_uint32_t i = 0; i < value->v.mv.count; i++)
        APR_ARRAY_PUSH(parts, const char *) = okapi__text_write(value->v.mv.v.str[i], card->pool);
    if (parts->nelts > 0)
        add(card, row, apr_array_pstrcat(card->pool, parts, ','));
}

/* ---- codes, dates ---- */

static int read_code(okapi__card_t *card, const row_t *row, okapi_proptag_t tag, const char *value)
{
    for (const code_t *c = row->codes; c->text; c++)
        if (strcasecmp(value, c->text) == 0)
            okapi_props_set_i32(card->props, tag, c->value);
    return 1;
}

static void write_code(okapi__card_t *card, const row_t *row, const okapi_propval_t *value)
{
    for (const code_t *c = row->codes; c->text; c++)
        if (c->value == value->v.i32) {
            add(card, row, c->text);
            return;
        }
}

/* "1985-04-12", "19850412T000000Z": its day. A date without a year isn't one to MAPI. */
static int read_date(okapi__card_t *card, const row_t *row, okapi_proptag_t tag, const char *value)
{
    char digits[9];
    int n = 0;
    okapi__ical_time_t t;
    for (const char *p = value; *p && *p != 'T' && n < 9; p++)
        if (*p != '-')
            digits[n++] = *p;
    if (n != 8 || *value == '-')
        return 1;
    digits[8] = 0;
    if (!okapi__ical_time_parse(&t, digits) || !t.is_date)
        return 1;
    okapi_props_set_time(card->props, tag, okapi__civil_time(t.civil));
    if (card->tags[row->named])
        okapi_props_set_time(card->props, card->tags[row->named], okapi__civil_time(t.civil));
    return 1;
}

/* Clients keep the beginning of the day in their zone, which is less than half a day from UTC's,
 * and beside it the day itself. */
static void write_date(okapi__card_t *card, const row_t *row, const okapi_propval_t *value)
{
    okapi_proptag_t local = card->tags[row->named];
    const okapi_propval_t *day = local ? okapi_props_get(card->props, local) : NULL;
    okapi__civil_t civil = day ? okapi__civil_of_time(day->v.time)
                               : okapi__civil_of_time(value->v.time) + OKAPI__DAY / 2;
    okapi__ical_time_t t = {okapi__civil_days(civil) * OKAPI__DAY, 1, 0};
    const char *text = okapi__ical_time_format(&t, card->pool);
    if (strlen(text) == 8)
        add(card, row, apr_psprintf(card->pool, "%.4s-%.2s-%.2s", text, text + 4, text + 6));
}

/* ---- the table ---- */

static const code_t classes[] = {{"PRIVATE", 2}, {"CONFIDENTIAL", 3}, {NULL, 0}};
static const code_t genders[] = {{"F", 1}, {"M", 2}, {NULL, 0}};
static const code_t wab_genders[] = {{"1", 1}, {"2", 2}, {NULL, 0}};

#define TEXT          read_text, write_text
#define URI           read_uri, write_uri
#define NAMED(symbol) 0, OKAPI__CONTACT_##symbol

static const row_t rows[] = {
    {"NOTE", NULL, TEXT, PR_BODY, 0, NULL},
    {"NICKNAME", NULL, TEXT, PR_NICKNAME, 0, NULL},
    {"TITLE", NULL, TEXT, PR_TITLE, 0, NULL},
    {"ROLE", NULL, TEXT, PR_PROFESSION, 0, NULL},
    {"URL", "HOME", URI, PR_PERSONAL_HOME_PAGE, 0, NULL},
    {"URL", "WORK", URI, PR_BUSINESS_HOME_PAGE, 0, NULL},
    {"URL", NULL, URI, NAMED(HTML), NULL},
    {"IMPP", NULL, URI, NAMED(IM_ADDRESS), NULL},
    {"X-MS-IMADDRESS", NULL, read_uri, NULL, NAMED(IM_ADDRESS), NULL},
    {"FBURL", NULL, URI, NAMED(FREEBUSY_LOCATION), NULL},
    {"CATEGORIES", NULL, read_list, write_list, NAMED(KEYWORDS), NULL},
    {"CLASS", NULL, read_code, write_code, PR_SENSITIVITY, 0, classes},
    {"GENDER", NULL, read_code, write_code, PR_GENDER, 0, genders},
    {"X-WAB-GENDER", NULL, read_code, NULL, PR_GENDER, 0, wab_genders},
    {"BDAY", NULL, read_date, write_date, PR_BIRTHDAY, OKAPI__CONTACT_BIRTHDAY_LOCAL, NULL},
    {"X-ANNIVERSARY", NULL, read_date, write_date, PR_WEDDING_ANNIVERSARY,
     OKAPI__CONTACT_ANNIVERSARY_LOCAL, NULL},
    {"ANNIVERSARY", NULL, read_date, NULL, PR_WEDDING_ANNIVERSARY, OKAPI__CONTACT_ANNIVERSARY_LOCAL,
     NULL},
    {"X-EVOLUTION-ANNIVERSARY", NULL, read_date, NULL, PR_WEDDING_ANNIVERSARY,
     OKAPI__CONTACT_ANNIVERSARY_LOCAL, NULL},
    {"X-SPOUSE", NULL, TEXT, PR_SPOUSE_NAME, 0, NULL},
    {"X-MS-SPOUSE", NULL, read_text, NULL, PR_SPOUSE_NAME, 0, NULL},
    {"X-EVOLUTION-SPOUSE", NULL, read_text, NULL, PR_SPOUSE_NAME, 0, NULL},
    {"X-MANAGER", NULL, TEXT, PR_MANAGER_NAME, 0, NULL},
    {"X-MS-MANAGER", NULL, read_text, NULL, PR_MANAGER_NAME, 0, NULL},
    {"X-EVOLUTION-MANAGER", NULL, read_text, NULL, PR_MANAGER_NAME, 0, NULL},
    {"X-ASSISTANT", NULL, TEXT, PR_ASSISTANT, 0, NULL},
    {"X-MS-ASSISTANT", NULL, read_text, NULL, PR_ASSISTANT, 0, NULL},
    {"X-EVOLUTION-ASSISTANT", NULL, read_text, NULL, PR_ASSISTANT, 0, NULL},
    {"X-MS-INTERESTS", NULL, TEXT, PR_HOBBIES, 0, NULL},
    {"X-MS-CHILD", NULL, read_list, write_list, PR_CHILDRENS_NAMES, 0, NULL},
    {"X-PHONETIC-FIRST-NAME", NULL, TEXT, NAMED(YOMI_FIRST_NAME), NULL},
    {"X-PHONETIC-LAST-NAME", NULL, TEXT, NAMED(YOMI_LAST_NAME), NULL},
    {"X-PHONETIC-ORG", NULL, TEXT, NAMED(YOMI_COMPANY_NAME), NULL},
    {"X-MS-TEXT", NULL, TEXT, NAMED(USER_FIELD1), NULL},
    {"X-MS-TEXT", NULL, TEXT, NAMED(USER_FIELD2), NULL},
    {"X-MS-TEXT", NULL, TEXT, NAMED(USER_FIELD3), NULL},
    {"X-MS-TEXT", NULL, TEXT, NAMED(USER_FIELD4), NULL},
    {"UID", NULL, URI, NAMED(UID), NULL},
};

static okapi_proptag_t tag_of(const okapi__card_t *card, const row_t *row)
{
    return row->tag ? row->tag : card->tags[row->named];
}

/* That of the first row for the property: a second spelling is the same thing. */
static const char *slot_of(const row_t *row, apr_pool_t *result_pool)
{
    const row_t *first = rows;
    while (first->tag != row->tag || first->named != row->named)
        first++;
    return apr_pstrcat(result_pool, first->name, ":", first->type, NULL);
}

static void read_line(okapi__card_t *card, okapi__line_t *line)
{
    const char *name = okapi__card_line_name(line);
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        const row_t *row = &rows[k];
        if (strcmp(name, row->name) == 0 && (!row->type || okapi__card_is_type(line, row->type)) &&
            tag_of(card, row) && row->read(card, row, tag_of(card, row), line->value)) {
            line->slot = slot_of(row, card->comp->lines->pool);
            return;
        }
    }
}

void okapi__card_table_read(okapi__card_t *card)
{
    for (int i = 0; i < card->comp->lines->nelts; i++)
        read_line(card, &APR_ARRAY_IDX(card->comp->lines, i, okapi__line_t));
}

void okapi__card_table_write(okapi__card_t *card)
{
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        okapi_proptag_t tag = tag_of(card, &rows[k]);
        const okapi_propval_t *value = tag ? okapi_props_get(card->props, tag) : NULL;
        if (value && rows[k].write)
            rows[k].write(card, &rows[k], value);
    }
}
