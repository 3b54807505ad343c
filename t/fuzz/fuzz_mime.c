/* fuzz_mime.c - any bytes become a message, in bounded time, and all its text is UTF-8; it becomes
 * mail again, whose lines are as RFC 5322 wants them and which is read again. */
#include <okapi/mime.h>

#include "charset.h"
#include "fuzz.h"
#include "mailbox.h"

/* The mailbox that drafts are made in; nothing is ever saved there. */
static apr_pool_t *root;
static okapi_store_t *store;
static okapi_id_t inbox;

static void end(void)
{
    apr_pool_destroy(root);
}

static void begin(void)
{
    static const okapi_host_t quiet = {0};
    static mailbox_t mailbox;
    okapi_t *okapi;
    okapi_user_t *user;
    apr_pool_t *pool = root = fuzz_pool();
    atexit(end);
    mailbox_create(&mailbox, pool);
    mailbox.config.max_message = 1 << 20;
    mailbox.config.max_header = 1 << 18;
    mailbox.config.mime_depth = 20;
    MUST(okapi_open(&okapi, &mailbox.config, &quiet, pool, pool) == APR_SUCCESS);
    MUST(okapi_user_by_login(&user, okapi, "john", pool, pool) == APR_SUCCESS);
    MUST(okapi_store_open(&store, okapi, user, user, pool, pool) == APR_SUCCESS);
    inbox = okapi_store_special(store, OKAPI_FOLDER_INBOX);
    okapi_mime_init();
}

static void check_text(const okapi_propval_t *value)
{
    if (OKAPI_PROP_TYPE(value->tag) != PT_UNICODE)
        return;
    okapi_binary_t text = {(const unsigned char *)value->v.str, strlen(value->v.str)};
    MUST(okapi__utf8_valid(text));
}

static void check_object(okapi_object_t *object, apr_pool_t *pool)
{
    apr_array_header_t *tags;
    MUST(okapi_object_tags(object, &tags, pool, pool) == APR_SUCCESS);
    for (int i = 0; i < tags->nelts; i++) {
        okapi_proptag_t tag = APR_ARRAY_IDX(tags, i, okapi_proptag_t);
        okapi_propval_t value;
        MUST(okapi_object_get(object, &tag, 1, 0, &value, pool, pool) == APR_SUCCESS);
        check_text(&value);
    }
}

static void check_message(okapi_message_t *message, apr_pool_t *pool)
{
    check_object(okapi_message_object(message), pool);
    for (int i = 0; i < okapi_message_recipient_count(message); i++) {
        const okapi_props_t *props = okapi_message_recipient(message, i)->props;
        for (int k = 0; k < okapi_props_count(props); k++)
            check_text(okapi_props_at(props, k));
    }
    for (int i = 0; i < okapi_message_attachment_count(message); i++) {
        okapi_attachment_t *attachment;
        okapi_message_t *embedded;
        apr_uint32_t num = okapi_message_attachment_num(message, i);
        MUST(okapi_attachment_open(&attachment, message, num, pool) == APR_SUCCESS);
        check_object(okapi_attachment_object(attachment), pool);
        if (okapi_attachment_embedded(&embedded, attachment, pool) == APR_SUCCESS)
            check_message(embedded, pool);
    }
}

static okapi_message_t *read_mail(okapi_binary_t raw, apr_pool_t *pool)
{
    okapi_message_t *message;
    MUST(okapi_message_create(&message, store, inbox, 0, pool, pool) == APR_SUCCESS);
    apr_status_t status = okapi_mime_to_message(message, raw, pool, pool);
    MUST(status == APR_SUCCESS || status == OKAPI_ETOOBIG);
    return status == APR_SUCCESS ? message : NULL;
}

/* Signed parts go out as they came: they may have zeros then. */
static void check_lines(okapi_binary_t raw, okapi_binary_t came)
{
    if (memmem(came.data, came.len, "\0", 1) != NULL)
        return;
    apr_size_t line = 0;
    for (apr_size_t i = 0; i < raw.len; i++) {
        int is_end = raw.data[i] == '\n';
        MUST(raw.data[i] != 0);
        line = is_end ? 0 : line + 1;
        MUST(line <= 2000);
    }
}

/* What comes back of the properties. */
static void round_trip(okapi_message_t *message, okapi_binary_t came, apr_pool_t *pool)
{
    okapi_binary_t raw;
    okapi_message_t *again;
    apr_status_t status = okapi_mime_from_message(&raw, message, OKAPI_MIME_PLAIN, pool, pool);
    MUST(status == APR_SUCCESS || status == OKAPI_ETOOCOMPLEX || status == OKAPI_ETOOBIG);
    if (status != APR_SUCCESS)
        return;
    check_lines(raw, came);
    again = read_mail(raw, pool);
    if (again)
        check_message(again, pool);
    MUST(okapi_mime_from_message(&raw, message, OKAPI_MIME_SEND | OKAPI_MIME_8BIT, pool, pool) ==
         APR_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_binary_t raw = {data, size};
    okapi_message_t *message;
    if (!store)
        begin();
    message = read_mail(raw, pool);
    if (message) {
        check_message(message, pool);
        round_trip(message, raw, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
