/* vcard.c - vCards read and written: MS-OXVCARD. */
#include <strings.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "charset.h"
#include "ical_time.h"
#include "keep.h"
#include "vcard_item.h"

enum { MAX_STREAM = 256 << 20, ICON_CONTACT = 512, ICON_LIST = 514 };

struct okapi_vcard_t {
    apr_array_header_t *cards; /* okapi__comp_t *, with their VERSION */
};

/* ---- reading ---- */

static void add_cards(okapi_vcard_t *vcard, const okapi__comp_t *comp)
{
    for (int i = 0; i < comp->children->nelts; i++) {
        okapi__comp_t *card = APR_ARRAY_IDX(comp->children, i, okapi__comp_t *);
        if (strcmp(card->name, "VCARD") != 0)
            continue;
        okapi__card_normalize(card);
        APR_ARRAY_PUSH(vcard->cards, okapi__comp_t *) = card;
    }
}

apr_status_t okapi_vcard_parse(okapi_vcard_t **result, const char **why, okapi_binary_t text,
                               apr_pool_t *result_pool)
{
    okapi_vcard_t *vcard = apr_palloc(result_pool, sizeof(*vcard));
    okapi__comp_t *root;
    *why = "";
    vcard->cards = apr_array_make(result_pool, 4, sizeof(okapi__comp_t *));
    const char *utf8 =
        okapi__charset_decode(okapi__charset_of(text, NULL, NULL), text, NULL, result_pool);
    apr_status_t status =
        okapi__comp_parse(&root, why, okapi__vcard_unfold(utf8, result_pool), result_pool);
    if (status != APR_SUCCESS)
        return status;
    add_cards(vcard, root);
    if (vcard->cards->nelts == 0) {
        *why = "there is no VCARD";
        return OKAPI_EFORMAT;
    }
    *result = vcard;
    return APR_SUCCESS;
}

int okapi_vcard_count(const okapi_vcard_t *vcard)
{
    return vcard->cards->nelts;
}

const char *okapi_vcard_uid(const okapi_vcard_t *vcard, int i)
{
    const okapi__line_t *line =
        okapi__card_line(APR_ARRAY_IDX(vcard->cards, i, okapi__comp_t *), "UID");
    return line ? line->value : NULL;
}

int okapi_vcard_is_list(const okapi_vcard_t *vcard, int i)
{
    return okapi__card_is_list(APR_ARRAY_IDX(vcard->cards, i, okapi__comp_t *));
}

static apr_status_t put_props(okapi_message_t *message, const okapi_props_t *props,
                              apr_pool_t *pool)
{
    apr_array_header_t *values = apr_array_make(pool, 40, sizeof(okapi_propval_t));
    for (int i = 0; i < okapi_props_count(props); i++)
        APR_ARRAY_PUSH(values, okapi_propval_t) = *okapi_props_at(props, i);
    return okapi_object_set(okapi_message_object(message), (const okapi_propval_t *)values->elts,
                            values->nelts, pool);
}

/* ---- writing ---- */

/* Without a UID an item still is one, and always the same. */
static void add_uid(okapi__card_t *card)
{
    const okapi_propval_t *key = okapi_props_get(card->props, PR_SEARCH_KEY);
    const char *uid = "";
    if (okapi__comp_line(card->comp, "UID") || !key)
        return;
    for (apr_size_t i = 0; i < key->v.bin.len && i < 32; i++)
        uid = apr_psprintf(card->pool, "%s%02x", uid, key->v.bin.data[i]);
    okapi__comp_add(card->comp, "UID", NULL, uid);
}

/* What is kept of REV has to go when anything else changes: it is compared with a hash of all else.
 */
static void add_state(okapi__card_t *card)
{
    card->state = okapi__keep_hash(card->comp, card->pool);
    okapi__comp_add(card->comp, "REV", NULL, card->state);
}

/* A REV that isn't what was kept is when the message was changed: MS-OXVCARD 2.1.3.7.4. */
static void finish_rev(okapi__card_t *card)
{
    const okapi_propval_t *time = okapi_props_get(card->props, PR_LAST_MODIFICATION_TIME);
    apr_array_header_t *lines = card->comp->lines;
    int n = 0;
    for (int i = 0; i < lines->nelts; i++) {
        okapi__line_t line = APR_ARRAY_IDX(lines, i, okapi__line_t);
        if (strcmp(line.name, "REV") != 0 || strcmp(line.value, card->state) != 0)
            APR_ARRAY_IDX(lines, n++, okapi__line_t) = line;
    }
    int is_changed = n < lines->nelts;
    lines->nelts = n;
    if (is_changed && time) {
        const okapi__ical_time_t t = {okapi__civil_of_time(time->v.time), 0, 1};
        okapi__comp_add(card->comp, "REV", NULL, okapi__ical_time_format(&t, card->pool));
    }
}

/* What the message's properties say, nothing that was kept. */
static apr_status_t write_card(okapi__card_t *card)
{
    const char *class = okapi_props_str(card->props, PR_MESSAGE_CLASS, "");
    card->comp = okapi__comp_create("VCARD", card->pool);
    okapi__card_names_write(card);
    if (strncasecmp(class, "IPM.DistList", 12) == 0)
        okapi__card_members_write(card);
    okapi__card_reach_write(card);
    okapi__card_table_write(card);
    okapi__card_keys_write(card);
    apr_status_t status = okapi__card_photo_write(card);
    add_state(card);
    add_uid(card);
    return status;
}

/* What is said of the message's properties is compared with what was said of the card. */
static apr_status_t keep(okapi__card_t *card, okapi_message_t *message)
{
    okapi__card_t written;
    apr_status_t status = okapi__card_open(&written, message, 0, card->pool);
    if (status == APR_SUCCESS)
        status = okapi__card_load(&written);
    if (status == APR_SUCCESS)
        status = write_card(&written);
    if (status != APR_SUCCESS)
        return status;
    const char *text = okapi__keep_difference(okapi_store_engine(okapi_message_store(message)),
                                              card->comp, written.comp, card->pool);
    okapi_propval_t value = okapi_propval_str(OKAPI__CONTACT_TAG(card, KEPT), text);
    return text && value.tag
               ? okapi_object_set(okapi_message_object(message), &value, 1, card->pool)
               : APR_SUCCESS;
}

apr_status_t okapi_vcard_to_message(okapi_message_t *message, const char **why,
                                    const okapi_vcard_t *vcard, int i, apr_pool_t *result_pool,
                                    apr_pool_t *scratch_pool)
{
    okapi__card_t card;
    apr_status_t status = okapi__card_open(&card, message, 1, scratch_pool);
    *why = "";
    if (status != APR_SUCCESS)
        return status;
    card.comp = APR_ARRAY_IDX(vcard->cards, i, okapi__comp_t *);
    if (card.comp->lines->nelts == 0) {
        *why = "the card is empty";
        return OKAPI_EFORMAT;
    }
    int is_list = okapi__card_is_list(card.comp);
    okapi__card_table_read(&card);
    okapi__card_reach_read(&card);
    okapi__card_keys_read(&card);
    okapi__card_names_read(&card);
    if (is_list)
        okapi__card_members_read(&card);
    okapi__card_join_labels(card.comp);
    okapi_props_set_str(card.props, PR_MESSAGE_CLASS, is_list ? "IPM.DistList" : "IPM.Contact");
    okapi_props_set_i32(card.props, PR_ICON_INDEX, is_list ? ICON_LIST : ICON_CONTACT);
    status = okapi__card_photo_read(&card, result_pool);
    if (status == APR_SUCCESS)
        status = put_props(message, card.props, scratch_pool);
    return status == APR_SUCCESS ? keep(&card, message) : status;
}

static apr_status_t add_message(okapi_writer_t *w, okapi_message_t *message,
                                okapi_vcard_version_e version, int flags, apr_pool_t *scratch_pool)
{
    okapi__card_t card;
    apr_status_t status = okapi__card_open(&card, message, 0, scratch_pool);
    if (status == APR_SUCCESS)
        status = okapi__card_load(&card);
    if (status == APR_SUCCESS)
        status = write_card(&card);
    if (status != APR_SUCCESS)
        return status;
    const char *kept = okapi__card_get(&card, OKAPI__CONTACT_TAG(&card, KEPT));
    if (!(flags & OKAPI_VCARD_PLAIN))
        okapi__keep_apply(card.comp, kept, scratch_pool);
    finish_rev(&card);
    okapi__card_write(w, card.comp,
                      version == OKAPI_VCARD_AS_IT_CAME ? okapi__card_version(card.comp) : version);
    return APR_SUCCESS;
}

apr_status_t okapi_vcard_from_messages(okapi_binary_t *text, okapi_message_t *const *messages,
                                       int n, okapi_vcard_version_e version, int flags,
                                       apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_writer_t w;
    apr_pool_t *each;
    apr_status_t status = apr_pool_create(&each, scratch_pool);
    okapi_writer_init(&w, 4096, MAX_STREAM, result_pool);
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        status = add_message(&w, messages[i], version, flags, each);
        apr_pool_clear(each);
    }
    apr_pool_destroy(each);
    *text = (okapi_binary_t){w.data, w.len};
    return status != APR_SUCCESS                    ? status
           : okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS
                                                    : OKAPI_ETOOBIG;
}
