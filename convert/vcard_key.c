/* vcard_key.c - KEY with a certificate: PR_USER_X509_CERTIFICATE (MS-OXVCARD 2.1.3.8.2). A key of
 * another kind, or one that is elsewhere, is a line that is kept. */
#include "vcard_item.h"

#include <apr_encode.h>
#include <apr_strings.h>

#include "transfer.h"

enum { MAX_KEYS = 20, MAX_KEY = 64 * 1024 };

static const char slot[] = "KEY:X509";

/* ASN.1's SEQUENCE, which each certificate in DER is. */
static int is_der(okapi_binary_t bytes)
{
    return bytes.len > 4 && bytes.data[0] == 0x30 && bytes.data[1] >= 0x80;
}

void okapi__card_keys_read(okapi__card_t *card)
{
    okapi_binary_t keys[MAX_KEYS];
    apr_uint32_t n = 0;
    for (int i = 0; i < card->comp->lines->nelts && n < MAX_KEYS; i++) {
        okapi__line_t *line = &APR_ARRAY_IDX(card->comp->lines, i, okapi__line_t);
        const char *text =
            strcmp(okapi__card_line_name(line), "KEY") == 0 ? okapi__card_base64(line) : NULL;
        if (!text || strlen(text) > MAX_KEY / 3 * 4)
            continue;
        okapi_binary_t bytes = {(const unsigned char *)text, strlen(text)};
        bytes = okapi__transfer_decode(OKAPI__TRANSFER_BASE64, bytes, card->pool);
        if (is_der(bytes)) {
            keys[n++] = bytes;
            line->slot = slot;
        }
    }
    okapi_propval_t value = {.tag = PR_USER_X509_CERTIFICATE};
    value.v.mv.count = n;
    value.v.mv.v.bin = keys;
    if (n)
        okapi_props_set(card->props, &value);
}

/* The certificate of a value: itself, or as Outlook has it, among others behind a tag and a length
 * that counts both. */
static okapi_binary_t certificate_of(okapi_binary_t value)
{
    enum { TAG_CERTIFICATE = 3, HEAD = 4 };
    okapi_reader_t r;
    okapi_reader_init(&r, value.data, value.len);
    while (!is_der(value) && okapi_reader_left(&r) > 0) {
        int tag = okapi_read_u16(&r);
        apr_size_t len = okapi_read_u16(&r);
        if (len < HEAD)
            break;
        const unsigned char *bytes = okapi_read_bytes(&r, len - HEAD);
        if (bytes && tag == TAG_CERTIFICATE)
            value = (okapi_binary_t){bytes, len - HEAD};
    }
    return value;
}

void okapi__card_keys_write(okapi__card_t *card)
{
    const okapi_propval_t *keys = okapi_props_get(card->props, PR_USER_X509_CERTIFICATE);
    for (apr_uint32_t i = 0; keys && i < keys->v.mv.count && i < MAX_KEYS; i++) {
        okapi_binary_t key = certificate_of(keys->v.mv.v.bin[i]);
        if (is_der(key))
            okapi__card_add(card, slot, "KEY", "ENCODING=b;TYPE=X509",
                            apr_pencode_base64_binary(card->pool, key.data, (apr_ssize_t)key.len,
                                                      APR_ENCODE_NONE, NULL));
    }
}
