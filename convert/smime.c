/* smime.c - signed and encrypted messages stay as they are: MS-OXOSMIME 2.1. */
#include "converter.h"

#include <string.h>
#include <apr_strings.h>
#include <okapi/named.h>

static const char *root_param(okapi__draft_t *draft, const char *name)
{
    okapi__field_t field;
    const char *value = NULL;
    if (okapi__field_find(draft->root->headers, draft->root->eol, "Content-Type", &field))
        value = okapi__header_param(field.value, name, NULL, draft->mime->scratch_pool);
    return value ? value : "";
}

static int is_opaque(okapi__draft_t *draft)
{
    const okapi__entity_t *root = draft->root;
    if (root->kind != OKAPI__ENTITY_LEAF)
        return 0;
    if (okapi__entity_is(root, "application", "pkcs7-mime") ||
        okapi__entity_is(root, "application", "x-pkcs7-mime"))
        return 1;
    const char *name = okapi__part_filename(draft, root);
    apr_size_t n = name ? strlen(name) : 0;
    return okapi__entity_is(root, "application", "octet-stream") && n > 4 &&
           strcasecmp(name + n - 4, ".p7m") == 0;
}

static int is_clear_signed(okapi__draft_t *draft)
{
    if (draft->root->kind != OKAPI__ENTITY_MULTIPART ||
        !okapi__entity_is(draft->root, "multipart", "signed"))
        return 0;
    const char *protocol = root_param(draft, "protocol");
    return strcasecmp(protocol, "application/pkcs7-signature") == 0 ||
           strcasecmp(protocol, "application/x-pkcs7-signature") == 0;
}

/* The signed entity with the one header that makes it readable by itself. Every byte under the
 * signature is as it came. */
static okapi_binary_t signed_bytes(okapi__draft_t *draft)
{
    const okapi__entity_t *root = draft->root;
    okapi__field_t field;
    okapi_binary_t body = root->body;
    if (!okapi__field_find(root->headers, root->eol, "Content-Type", &field))
        return body;
    apr_size_t size = field.value.len + body.len + 64;
    unsigned char *data = apr_palloc(draft->mime->result_pool, size), *to = data;
    memcpy(to, "Content-Type:", 13);
    to += 13;
    memcpy(to, field.value.data, field.value.len);
    to += field.value.len;
    memcpy(to, "\r\n\r\n", 4);
    to += 4;
    memcpy(to, body.data, body.len);
    okapi_binary_t bytes = {data, (apr_size_t)(to - data) + body.len};
    return bytes;
}

/* PidNameContentType: what is said of the encrypted bytes beside their type. */
static apr_status_t put_content_type(okapi__draft_t *draft)
{
    const okapi_propname_t name = {okapi_ps_internet_headers, MNID_STRING, 0, "Content-Type"};
    apr_pool_t *pool = draft->mime->scratch_pool;
    okapi__field_t field;
    apr_uint16_t id;
    if (!okapi__field_find(draft->root->headers, draft->root->eol, "Content-Type", &field))
        return APR_SUCCESS;
    apr_status_t status =
        okapi_named_ids(okapi_message_store(draft->message), &name, 1, 1, &id, pool);
    if (status == APR_SUCCESS)
        okapi__draft_put_str(draft, OKAPI_PROP_TAG(PT_UNICODE, id),
                             okapi__header_text(field.value, draft->charset, pool));
    return status;
}

apr_status_t okapi__draft_smime(okapi__draft_t *draft, okapi__content_t **content)
{
    apr_pool_t *pool = draft->mime->scratch_pool;
    int is_clear = is_clear_signed(draft);
    *content = NULL;
    if (!is_clear && !is_opaque(draft))
        return APR_SUCCESS;

    *content = okapi__content_of(draft, draft->root);
    if (!is_clear)
        (*content)->pieces->nelts = 0;
    (*content)->attachments->nelts = 0;
    okapi__draft_put_str(draft, PR_MESSAGE_CLASS,
                         is_clear ? "IPM.Note.SMIME.MultipartSigned" : "IPM.Note.SMIME");

    if (!is_clear) { /* MS-OXOSMIME 2.1.3.1: its smime-type */
        apr_status_t status = put_content_type(draft);
        if (status != APR_SUCCESS)
            return status;
    }
    const char *name = is_clear ? NULL : okapi__part_filename(draft, draft->root);
    if (!name)
        name = "smime.p7m";
    const char *type = apr_pstrcat(pool, draft->root->type, "/", draft->root->subtype, NULL);
    okapi_attachment_t *attachment = okapi_attachment_create(draft->message, ATTACH_BY_VALUE);
    okapi_binary_t body = draft->root->body;
    okapi_binary_t data = is_clear ? signed_bytes(draft)
                                   : okapi__entity_content(draft->root, draft->mime->result_pool);
    okapi_attachment_set_data(attachment, data);
    okapi__mime_keep_part(draft->mime, body, data, is_clear ? data.len - body.len : 0);
    const okapi_propval_t values[] = {
        okapi_propval_str(PR_ATTACH_MIME_TAG, type),
        okapi_propval_str(PR_ATTACH_LONG_FILENAME, name),
        okapi_propval_str(PR_ATTACH_FILENAME, "smime.p7m"),
        okapi_propval_str(PR_ATTACH_EXTENSION, ".p7m"),
        okapi_propval_str(PR_DISPLAY_NAME, name),
        okapi_propval_i32(PR_RENDERING_POSITION, -1),
    };
    return okapi_object_set(okapi_attachment_object(attachment), values,
                            sizeof(values) / sizeof(values[0]), pool);
}
