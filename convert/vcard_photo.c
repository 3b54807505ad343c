/* vcard_photo.c - PHOTO with its bytes, which MAPI has as a hidden attachment: MS-OXOCNTC 2.2.1.8.
 */
#include "vcard_item.h"

#include <string.h>
#include <strings.h>

#include <apr_base64.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/stream.h>

#include "transfer.h"

enum { MAX_PHOTO = 4 << 20 }; /* bytes; a larger one stays a line that is kept, if there is room */

static const struct {
    const char *magic;
    apr_size_t len;
    const char *type, *name;
} kinds[] = {{"\xFF\xD8", 2, "JPEG", "ContactPicture.jpg"},
             {"\x89PNG", 4, "PNG", "ContactPicture.png"},
             {"GIF8", 4, "GIF", "ContactPicture.gif"},
             {"", 0, NULL, "ContactPicture.jpg"}};

static int kind_of(okapi_binary_t bytes)
{
    int i = 0;
    while (bytes.len < kinds[i].len || memcmp(bytes.data, kinds[i].magic, kinds[i].len) != 0)
        i++;
    return i;
}

const char *okapi__card_base64(const okapi__line_t *line)
{
    if (strncasecmp(line->value, "data:", 5) == 0) {
        const char *comma = strstr(line->value, ";base64,");
        return comma ? comma + strlen(";base64,") : NULL;
    }
    const char *encoding = okapi__line_param(line, "ENCODING");
    return encoding && (strcasecmp(encoding, "b") == 0 || strcasecmp(encoding, "base64") == 0)
               ? line->value
               : NULL;
}

apr_status_t okapi__card_photo_read(okapi__card_t *card, apr_pool_t *result_pool)
{
    const okapi__line_t *line = okapi__card_line(card->comp, "PHOTO");
    const char *text = line ? okapi__card_base64(line) : NULL;
    if (!text || strlen(text) / 4 * 3 > MAX_PHOTO)
        return APR_SUCCESS;
    okapi_binary_t bytes = okapi__transfer_decode(
        OKAPI__TRANSFER_BASE64, (okapi_binary_t){(const unsigned char *)text, strlen(text)},
        result_pool);
    if (!bytes.len)
        return APR_SUCCESS;
    okapi_attachment_t *attachment = okapi_attachment_create(card->message, ATTACH_BY_VALUE);
    const char *name = kinds[kind_of(bytes)].name;
    const okapi_propval_t values[] = {okapi_propval_bool(PR_ATTACHMENT_CONTACTPHOTO, 1),
                                      okapi_propval_bool(PR_ATTACHMENT_HIDDEN, 1),
                                      okapi_propval_str(PR_DISPLAY_NAME, name),
                                      okapi_propval_str(PR_ATTACH_LONG_FILENAME, name),
                                      okapi_propval_i32(PR_RENDERING_POSITION, -1)};
    okapi_attachment_set_data(attachment, bytes);
    if (OKAPI__CONTACT_TAG(card, HAS_PICTURE))
        okapi_props_set_bool(card->props, OKAPI__CONTACT_TAG(card, HAS_PICTURE), 1);
    return okapi_object_set(okapi_attachment_object(attachment), values,
                            sizeof(values) / sizeof(values[0]), card->pool);
}

static apr_status_t find_photo(okapi_binary_t *bytes, okapi__card_t *card)
{
    apr_pool_t *pool = card->pool;
    int n = okapi_message_attachment_count(card->message);
    *bytes = (okapi_binary_t){NULL, 0};
    for (int i = 0; i < n; i++) {
        const okapi_proptag_t tags[] = {PR_ATTACHMENT_CONTACTPHOTO, PR_ATTACH_DATA_BIN};
        okapi_propval_t values[2];
        okapi_attachment_t *attachment;
        apr_status_t status = okapi_attachment_open(
            &attachment, card->message, okapi_message_attachment_num(card->message, i), pool);
        if (status == APR_SUCCESS)
            status = okapi_object_get(okapi_attachment_object(attachment), tags, 1, 0, values, pool,
                                      pool);
        if (status == APR_SUCCESS && values[0].tag == tags[0] && values[0].v.boolean) {
            status = okapi_object_get(okapi_attachment_object(attachment), &tags[1], 1, 0,
                                      &values[1], pool, pool);
            if (status == APR_SUCCESS && values[1].tag == tags[1])
                *bytes = values[1].v.bin;
            return status;
        }
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}

apr_status_t okapi__card_photo_write(okapi__card_t *card)
{
    okapi_binary_t bytes;
    apr_status_t status = find_photo(&bytes, card);
    if (status != APR_SUCCESS || !bytes.len || bytes.len > 2 * MAX_PHOTO)
        return status;
    const char *type = kinds[kind_of(bytes)].type;
    char *text = apr_palloc(card->pool, (apr_size_t)apr_base64_encode_len((int)bytes.len));
    apr_base64_encode_binary(text, bytes.data, (int)bytes.len);
    okapi__comp_add(card->comp, "PHOTO",
                    apr_pstrcat(card->pool, "ENCODING=b", type ? ";TYPE=" : NULL, type, NULL),
                    text);
    return APR_SUCCESS;
}
