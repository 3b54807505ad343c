/* mime_write_attach.c - attachments as parts: MS-OXCMAIL 2.1.3.4, and what is signed or encrypted:
 * MS-OXOSMIME 2.2. */
#include "mime_write.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/tnef.h>

enum { ATT_MHTML_REF = 4 /* PR_ATTACH_FLAGS */, SCANNED = 1 << 20 };

/* One attachment on its way. */
typedef struct item_t {
    okapi__letter_t *letter;
    okapi_attachment_t *attachment;
    okapi_props_t *props;
    okapi_message_t *embedded; /* or NULL */
    okapi_stream_t *data;      /* NULL if it has none */
    const char *type, *name;
    int is_shown; /* in the text */
} item_t;

static const okapi_proptag_t item_tags[] = {
    PR_ATTACH_METHOD,      PR_ATTACH_LONG_FILENAME,    PR_ATTACH_FILENAME,
    PR_ATTACH_MIME_TAG,    PR_ATTACH_CONTENT_ID,       PR_ATTACH_CONTENT_LOCATION,
    PR_ATTACH_FLAGS,       PR_ATTACHMENT_HIDDEN,       PR_TEXT_ATTACHMENT_CHARSET,
    PR_DISPLAY_NAME,       PR_ATTACH_CONTENT_BASE};
enum { ITEM_TAGS = sizeof(item_tags) / sizeof(item_tags[0]) };

/* ---- what is known of it ---- */

/* type/subtype, or NULL: nothing else may stand there. */
static const char *checked_type(const char *type)
{
    int slashes = 0;
    for (const char *p = type; *p; p++) {
        slashes += *p == '/';
        if (*p <= ' ' || *p > '~' || strchr("()<>@,;:\\\"[]?=", *p))
            return NULL;
    }
    return slashes == 1 && *type != '/' && type[strlen(type) - 1] != '/' ? type : NULL;
}

/* Was it named when it came, because it had no name: "ATT" and five digits? */
static int is_made_up(const char *name)
{
    if (strncmp(name, "ATT", 3) != 0)
        return 0;
    for (int i = 3; i < 8; i++)
        if (!apr_isdigit(name[i]))
            return 0;
    return name[8] == '.';
}

static apr_status_t open_content(item_t *item)
{
    apr_pool_t *pool = item->letter->pool;
    okapi_object_t *object = okapi_attachment_object(item->attachment);
    apr_status_t status = okapi_attachment_embedded(&item->embedded, item->attachment, pool);
    if (status != OKAPI_ENOTFOUND)
        return status;
    item->embedded = NULL;
    status = okapi_object_stream(&item->data, object, PR_ATTACH_DATA_BIN, 0, pool, pool);
    if (status != OKAPI_ENOTFOUND)
        return status;
    item->data = NULL;
    return APR_SUCCESS;
}

static apr_status_t open_item(item_t *item, okapi__letter_t *letter, int i, int has_html)
{
    apr_pool_t *pool = letter->pool;
    okapi_propval_t values[ITEM_TAGS];
    *item = (item_t){.letter = letter};
    apr_status_t status = okapi_attachment_open(
        &item->attachment, letter->message, okapi_message_attachment_num(letter->message, i), pool);
    if (status == APR_SUCCESS)
        status = okapi_object_get(okapi_attachment_object(item->attachment), item_tags, ITEM_TAGS,
                                  0, values, pool, pool);
    if (status == APR_SUCCESS)
        status = open_content(item);
    if (status != APR_SUCCESS)
        return status;
    item->props = okapi_props_create(pool);
    for (int k = 0; k < ITEM_TAGS; k++)
        if (values[k].tag == item_tags[k])
            okapi_props_set(item->props, &values[k]);
    item->name = okapi_props_str(item->props, PR_ATTACH_LONG_FILENAME, NULL);
    if (!item->name)
        item->name = okapi_props_str(item->props, PR_ATTACH_FILENAME, "");
    if (is_made_up(item->name))
        item->name = "";
    item->type = checked_type(okapi_props_str(item->props, PR_ATTACH_MIME_TAG, ""));
    if (!item->type)
        item->type = "application/octet-stream";
    item->is_shown = has_html &&
                     (okapi_props_int(item->props, PR_ATTACH_FLAGS, 0) & ATT_MHTML_REF) &&
                     (okapi_props_get(item->props, PR_ATTACH_CONTENT_ID) ||
                      okapi_props_get(item->props, PR_ATTACH_CONTENT_LOCATION));
    return APR_SUCCESS;
}

/* ---- its transfer encoding ---- */

/* Text as such if it stands that; anything else as base64, which isn't allowed for what consists of
 * header fields (RFC 2046 5.2, RFC 3464 2.1): its lines become those of mail. */
static apr_status_t encode(okapi__part_t *part, item_t *item)
{
    int is_message = strncasecmp(item->type, "message/", 8) == 0;
    okapi__encoding_e encoding = OKAPI__ENCODING_BASE64;
    okapi__content_scan_t scan;
    okapi_binary_t bytes;
    apr_pool_t *pool = item->letter->pool;
    if (item->data && okapi_stream_size(item->data) <= SCANNED &&
        (is_message || strncasecmp(item->type, "text/", 5) == 0)) {
        apr_status_t status = okapi_stream_read_all(item->data, SCANNED, &bytes, pool, pool);
        if (status != APR_SUCCESS)
            return status;
        if (is_message && !memchr(bytes.data, 0, bytes.len))
            bytes = okapi__crlf((const char *)bytes.data, bytes.len, pool);
        okapi__scan_init(&scan);
        okapi__scan(&scan, bytes);
        encoding = okapi__encoding_for(&scan, item->letter->out->flags & OKAPI_MIME_8BIT);
        if (encoding == OKAPI__ENCODING_QUOTED && (is_message || scan.bare))
            encoding = OKAPI__ENCODING_BASE64;
        if (encoding != OKAPI__ENCODING_BASE64) {
            part->source = OKAPI__SOURCE_BYTES;
            part->bytes = bytes;
        }
    }
    okapi__part_encode(part, encoding);
    return APR_SUCCESS;
}

/* ---- its part ---- */

static const char *safe_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p == '/' || *p == '\\')
            name = p + 1;
    return name;
}

static void put_type(okapi__part_t *part, const item_t *item)
{
    apr_pool_t *pool = item->letter->pool;
    const char *charset = okapi_props_str(item->props, PR_TEXT_ATTACHMENT_CHARSET, "");
    int is_message = strncasecmp(item->type, "message/", 8) == 0;
    okapi__write_begin(&part->fields, "Content-Type",
                       item->embedded && !is_message ? "message/rfc822" : item->type);
    if (*charset && strncasecmp(item->type, "text/", 5) == 0)
        okapi__write_param(&part->fields, "charset", charset, pool);
    if (*item->name)
        okapi__write_param(&part->fields, "name", safe_name(item->name), pool);
    okapi__write_end(&part->fields);
}

static void put_disposition(okapi__part_t *part, const item_t *item)
{
    apr_pool_t *pool = item->letter->pool;
    okapi__write_begin(&part->fields, "Content-Disposition",
                       item->is_shown ? "inline" : "attachment");
    if (*item->name)
        okapi__write_param(&part->fields, "filename", safe_name(item->name), pool);
    if (item->data)
        okapi__write_param(&part->fields, "size",
                           apr_psprintf(pool, "%" APR_INT64_T_FMT, okapi_stream_size(item->data)),
                           pool);
    okapi__write_end(&part->fields);
}

static void put_ids(okapi__part_t *part, const item_t *item)
{
    apr_pool_t *pool = item->letter->pool;
    const char *id = okapi_props_str(item->props, PR_ATTACH_CONTENT_ID, "");
    if (*id)
        okapi__write_tokens(&part->fields, "Content-ID", apr_pstrcat(pool, "<", id, ">", NULL),
                            pool);
    okapi__write_tokens(&part->fields, "Content-Location",
                        okapi_props_str(item->props, PR_ATTACH_CONTENT_LOCATION, ""), pool);
    okapi__write_tokens(&part->fields, "Content-Base",
                        okapi_props_str(item->props, PR_ATTACH_CONTENT_BASE, ""), pool);
}

static apr_status_t part_of(okapi__part_t **part, item_t *item)
{
    *part = okapi__part_create(item->letter, item->embedded ? OKAPI__SOURCE_MESSAGE
                                                            : OKAPI__SOURCE_DATA);
    (*part)->data = item->data;
    (*part)->message = item->embedded;
    put_type(*part, item);
    put_disposition(*part, item);
    put_ids(*part, item);
    return item->embedded ? APR_SUCCESS : encode(*part, item);
}

/* Another form of the text, which nobody sees: see attach.c. */
static int is_form(const item_t *item)
{
    return !item->is_shown && !item->embedded && !*item->name &&
           okapi_props_int(item->props, PR_ATTACHMENT_HIDDEN, 0) &&
           strncasecmp(item->type, "text/", 5) == 0;
}

static void init(okapi__enclosures_t *enclosures, okapi__letter_t *letter)
{
    enclosures->related = apr_array_make(letter->pool, 4, sizeof(okapi__part_t *));
    enclosures->forms = apr_array_make(letter->pool, 4, sizeof(okapi__part_t *));
    enclosures->mixed = apr_array_make(letter->pool, 4, sizeof(okapi__part_t *));
}

apr_status_t okapi__letter_tnef(okapi__enclosures_t *enclosures, okapi__letter_t *letter)
{
    okapi__part_t *part = okapi__part_create(letter, OKAPI__SOURCE_BYTES);
    init(enclosures, letter);
    okapi__write_begin(&part->fields, "Content-Type", "application/ms-tnef");
    okapi__write_param(&part->fields, "name", "winmail.dat", letter->pool);
    okapi__write_end(&part->fields);
    okapi__write_begin(&part->fields, "Content-Disposition", "attachment");
    okapi__write_param(&part->fields, "filename", "winmail.dat", letter->pool);
    okapi__write_end(&part->fields);
    okapi__part_encode(part, OKAPI__ENCODING_BASE64);
    APR_ARRAY_PUSH(enclosures->mixed, okapi__part_t *) = part;
    return okapi_tnef_from_message(&part->bytes, letter->message, letter->id, letter->pool,
                                   letter->pool);
}

apr_status_t okapi__letter_enclosures(okapi__enclosures_t *enclosures, okapi__letter_t *letter,
                                      int has_html)
{
    int n = okapi_message_attachment_count(letter->message);
    apr_status_t status = APR_SUCCESS;
    init(enclosures, letter);
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        item_t item;
        okapi__part_t *part;
        status = open_item(&item, letter, i, has_html);
        if (status == APR_SUCCESS)
            status = part_of(&part, &item);
        if (status == APR_SUCCESS)
            APR_ARRAY_PUSH(item.is_shown    ? enclosures->related
                           : is_form(&item) ? enclosures->forms
                                            : enclosures->mixed,
                           okapi__part_t *) = part;
    }
    return status;
}

/* ---- signed and encrypted ---- */

/* The attachment is the message's body with its Content-Type before it: every byte stands. */
static apr_status_t signed_part(okapi__part_t **root, item_t *item)
{
    apr_size_t max = (apr_size_t)okapi_config(item->letter->out->okapi)->max_message;
    *root = okapi__part_create(item->letter, OKAPI__SOURCE_ENTITY);
    apr_status_t status = okapi_stream_read_all(item->data, max, &(*root)->bytes,
                                                item->letter->pool, item->letter->pool);
    int is_entity = (*root)->bytes.len > 13 &&
                    strncasecmp((const char *)(*root)->bytes.data, "Content-Type:", 13) == 0;
    if (status == APR_SUCCESS && !is_entity)
        *root = NULL;
    return status;
}

static apr_status_t opaque_part(okapi__part_t **root, item_t *item)
{
    okapi__letter_t *letter = item->letter;
    const char *type = okapi__letter_named(letter, "content-type");
    *root = okapi__part_create(letter, OKAPI__SOURCE_DATA);
    (*root)->data = item->data;
    if (type) { /* MS-OXOSMIME 2.1.3.1: with its smime-type */
        okapi__write_tokens(&(*root)->fields, "Content-Type", type, letter->pool);
    } else {
        item->name = *item->name ? item->name : "smime.p7m";
        if (strcmp(item->type, "application/octet-stream") == 0)
            item->type = "application/pkcs7-mime";
        put_type(*root, item);
    }
    put_disposition(*root, item);
    okapi__part_encode(*root, OKAPI__ENCODING_BASE64);
    return APR_SUCCESS;
}

apr_status_t okapi__letter_secured(okapi__part_t **root, okapi__letter_t *letter)
{
    const char *class = okapi_props_str(letter->props, PR_MESSAGE_CLASS, "");
    int is_signed = strcasecmp(class, "IPM.Note.SMIME.MultipartSigned") == 0;
    item_t item;
    *root = NULL;
    if ((!is_signed && strcasecmp(class, "IPM.Note.SMIME") != 0) ||
        okapi_message_attachment_count(letter->message) != 1)
        return APR_SUCCESS;
    apr_status_t status = open_item(&item, letter, 0, 0);
    if (status != APR_SUCCESS || !item.data)
        return status;
    return is_signed ? signed_part(root, &item) : opaque_part(root, &item);
}
