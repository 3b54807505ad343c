/* vcard_name.c - who somebody is: N, FN, ORG (MS-OXVCARD 2.1.3.2, MS-OXOCNTC 2.2.1.1). */
#include "vcard_item.h"

#include <string.h>

#include <apr_strings.h>

/* N's fields, in their order: RFC 6350 6.2.2. */
static const okapi_proptag_t name_tags[] = {PR_SURNAME, PR_GIVEN_NAME, PR_MIDDLE_NAME,
                                            PR_DISPLAY_NAME_PREFIX, PR_GENERATION};
enum { NAMES = sizeof(name_tags) / sizeof(name_tags[0]) };

static void read_name(okapi__card_t *card)
{
    const okapi__line_t *line = okapi__card_line(card->comp, "N");
    const char *fields[NAMES];
    if (!line)
        return;
    okapi__card_fields(fields, NAMES, line->value, card->pool);
    for (int i = 0; i < NAMES; i++)
        okapi__card_put(card, name_tags[i], fields[i]);
}

static void read_company(okapi__card_t *card)
{
    const okapi__line_t *line = okapi__card_line(card->comp, "ORG");
    const char *fields[2];
    if (!line)
        return;
    okapi__card_fields(fields, 2, line->value, card->pool);
    okapi__card_put(card, PR_COMPANY_NAME, fields[0]);
    okapi__card_put(card, PR_DEPARTMENT_NAME, fields[1]);
}

static const char *join(okapi__card_t *card, const char *a, const char *between, const char *b)
{
    return *a && *b ? apr_pstrcat(card->pool, a, between, b, NULL) : *a ? a : b;
}

/* Every contact needs a name to be listed by. */
static const char *full_name(okapi__card_t *card)
{
    const okapi__line_t *line = okapi__card_line(card->comp, "FN");
    const char *name = line ? okapi__text_read(line->value, card->pool) : "";
    if (!*name)
        name = join(card,
                    join(card, okapi__card_get(card, PR_GIVEN_NAME), " ",
                         okapi__card_get(card, PR_MIDDLE_NAME)),
                    " ", okapi__card_get(card, PR_SURNAME));
    if (!*name)
        name = okapi__card_get(card, PR_NICKNAME);
    if (!*name)
        name = okapi__card_get(card, PR_COMPANY_NAME);
    return *name ? name : okapi__card_get(card, OKAPI__CONTACT_TAG(card, EMAIL1_ADDRESS));
}

void okapi__card_names_read(okapi__card_t *card)
{
    read_name(card);
    read_company(card);
    const char *name = full_name(card);
    const char *under = join(card, okapi__card_get(card, PR_SURNAME), ", ",
                             join(card, okapi__card_get(card, PR_GIVEN_NAME), " ",
                                  okapi__card_get(card, PR_MIDDLE_NAME)));
    okapi__card_put(card, PR_DISPLAY_NAME, name);
    okapi__card_put(card, PR_SUBJECT, name);
    okapi__card_put(card, OKAPI__CONTACT_TAG(card, FILE_UNDER), *under ? under : name);
    okapi__card_put(card, OKAPI__CONTACT_TAG(card, LIST_NAME),
                    okapi__card_is_list(card->comp) ? name : "");
}

/* Fields with semicolons between them, without empty ones at the end after the first LEAST. */
static void write_fields(okapi__card_t *card, const char *name, const okapi_proptag_t *tags, int n,
                         int least)
{
    const char *value = "";
    int last = 0;
    for (int i = 0; i < n; i++)
        if (*okapi__card_get(card, tags[i]))
            last = i + 1;
    if (!last)
        return;
    for (int i = 0; i < n && (i < last || i < least); i++)
        value = apr_pstrcat(card->pool, value, i ? ";" : "",
                            okapi__text_write(okapi__card_get(card, tags[i]), card->pool), NULL);
    okapi__comp_add(card->comp, name, NULL, value);
}

void okapi__card_names_write(okapi__card_t *card)
{
    static const okapi_proptag_t company[] = {PR_COMPANY_NAME, PR_DEPARTMENT_NAME};
    const char *name = okapi__card_get(card, PR_DISPLAY_NAME);
    if (!*name)
        name = okapi__card_get(card, PR_SUBJECT);
    okapi__comp_add(card->comp, "FN", NULL, okapi__text_write(name, card->pool));
    write_fields(card, "N", name_tags, NAMES, NAMES);
    if (!okapi__card_line(card->comp, "N")) /* 3.0 demands one */
        okapi__comp_add(card->comp, "N", NULL,
                        apr_pstrcat(card->pool, okapi__text_write(name, card->pool), ";;;;", NULL));
    write_fields(card, "ORG", company, 2, 1);
}
