/* vcard_item.c - a card's named properties, and what its lines have in common. */
#include "vcard_item.h"

#include <string.h>
#include <strings.h>

#include <apr_hash.h>
#include <apr_strings.h>

/* ---- properties ---- */

static const struct {
    apr_uint32_t lid;
    const char *name;
    okapi_proptag_t type;
} named[OKAPI__CONTACT_PROPS] = {
#define CONTACT_PROP(symbol, lid, type) {lid, NULL, type},
#include "contact_props.def"
#undef CONTACT_PROP
    {0, "Keywords", PT_MV_UNICODE},
    {0, "okapi:vcard-uid", PT_UNICODE},
    {0, "okapi:vcard", PT_UNICODE},
};

apr_status_t okapi__card_open(okapi__card_t *card, okapi_message_t *message, int create,
                              apr_pool_t *result_pool)
{
    okapi_propname_t names[OKAPI__CONTACT_PROPS];
    apr_uint16_t ids[OKAPI__CONTACT_PROPS];
    for (int i = 0; i < OKAPI__CONTACT_PROPS; i++)
        names[i] =
            (okapi_propname_t){named[i].name ? okapi_ps_public_strings : okapi_psetid_address,
                               named[i].name ? MNID_STRING : MNID_ID, named[i].lid, named[i].name};
    apr_status_t status = okapi_named_ids(okapi_message_store(message), names, OKAPI__CONTACT_PROPS,
                                          create, ids, result_pool);
    *card = (okapi__card_t){.message = message, .pool = result_pool};
    for (int i = 0; i < OKAPI__CONTACT_PROPS && status == APR_SUCCESS; i++)
        card->tags[i] = ids[i] ? OKAPI_PROP_TAG(named[i].type, ids[i]) : 0;
    card->props = okapi_props_create(result_pool);
    return status;
}

apr_status_t okapi__card_load(okapi__card_t *card)
{
    apr_array_header_t *tags;
    apr_pool_t *pool = card->pool;
    okapi_object_t *object = okapi_message_object(card->message);
    apr_status_t status = okapi_object_tags(object, &tags, pool, pool);
    if (status != APR_SUCCESS)
        return status;
    okapi_propval_t *values = apr_palloc(pool, sizeof(*values) * (apr_size_t)tags->nelts);
    status = okapi_object_get(object, (const okapi_proptag_t *)tags->elts, tags->nelts, 0, values,
                              pool, pool);
    for (int i = 0; i < tags->nelts && status == APR_SUCCESS; i++)
        if (OKAPI_PROP_TYPE(values[i].tag) != PT_ERROR)
            okapi_props_set(card->props, &values[i]);
    return status;
}

void okapi__card_put(okapi__card_t *card, okapi_proptag_t tag, const char *value)
{
    if (tag && value && *value)
        okapi_props_set_str(card->props, tag, value);
}

const char *okapi__card_get(const okapi__card_t *card, okapi_proptag_t tag)
{
    return tag ? okapi_props_str(card->props, tag, "") : "";
}

/* ---- lines ---- */

const char *okapi__card_line_name(const okapi__line_t *line)
{
    const char *dot = strrchr(line->name, '.');
    return dot ? dot + 1 : line->name;
}

const okapi__line_t *okapi__card_line(const okapi__comp_t *comp, const char *name)
{
    for (int i = 0; i < comp->lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        if (strcmp(okapi__card_line_name(line), name) == 0)
            return line;
    }
    return NULL;
}

void okapi__card_add(okapi__card_t *card, const char *slot, const char *name, const char *params,
                     const char *value)
{
    okapi__line_t *line = okapi__comp_add(card->comp, name, params, value);
    if (line)
        line->slot = slot;
}

/* Apple names what is in a group of vCard's by a line of its own: "item1.X-ABLabel" tells what kind
 * of number "item1.TEL" is. */
void okapi__card_join_labels(okapi__comp_t *comp)
{
    apr_hash_t *slots = apr_hash_make(comp->lines->pool);
    for (int i = 0; i < comp->lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        apr_ssize_t len = okapi__card_line_name(line) - line->name;
        if (len && line->slot && !apr_hash_get(slots, line->name, len))
            apr_hash_set(slots, line->name, len, line->slot);
    }
    for (int i = 0; i < comp->lines->nelts; i++) {
        okapi__line_t *line = &APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        const char *name = okapi__card_line_name(line);
        if (name != line->name && (!strcmp(name, "X-ABLABEL") || !strcmp(name, "X-ABADR")))
            line->slot = apr_hash_get(slots, line->name, name - line->name);
    }
}

/* TYPE=HOME;TYPE="work,fax": whichever way they are written. */
int okapi__card_is_type(const okapi__line_t *line, const char *word)
{
    for (int i = 0; line->params && i < line->params->nelts; i++) {
        const okapi__param_t *param = &APR_ARRAY_IDX(line->params, i, okapi__param_t);
        if (strcmp(param->name, "PREF") == 0 && strcmp(word, "PREF") == 0)
            return 1;
        if (strcmp(param->name, "TYPE") != 0)
            continue;
        for (const char *p = param->value; *p;) {
            apr_size_t len = strcspn(p, ",");
            if (len == strlen(word) && strncasecmp(p, word, len) == 0)
                return 1;
            p += len + (p[len] == ',');
        }
    }
    return 0;
}

void okapi__card_fields(const char **fields, int n, const char *value, apr_pool_t *result_pool)
{
    for (int i = 0; i < n; i++) {
        apr_size_t len = 0;
        while (value[len] && value[len] != ';')
            len += value[len] == '\\' && value[len + 1] ? 2 : 1;
        fields[i] = okapi__text_read(apr_pstrmemdup(result_pool, value, len), result_pool);
        value += len + (value[len] == ';');
    }
}
