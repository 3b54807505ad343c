/* fuzz_vcard.c - any bytes as vCards: what is read becomes messages, these vCards of each version
 * that are read again. */
#include <okapi/error.h>
#include <okapi/vcard.h>

#include "charset.h"
#include "fuzz.h"
#include "mailbox.h"

enum { CARDS = 5 };

/* The mailbox that messages are made in; nothing is ever saved there. */
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
    MUST(okapi_open(&okapi, &mailbox.config, &quiet, pool, pool) == APR_SUCCESS);
    MUST(okapi_user_by_login(&user, okapi, "john", pool, pool) == APR_SUCCESS);
    MUST(okapi_store_open(&store, okapi, user, user, pool, pool) == APR_SUCCESS);
    inbox = okapi_store_special(store, OKAPI_FOLDER_INBOX);
}

static int fill(okapi_message_t **message, const okapi_vcard_t *vcard, int i, apr_pool_t *pool)
{
    const char *why = NULL;
    MUST(okapi_message_create(message, store, inbox, 0, pool, pool) == APR_SUCCESS);
    apr_status_t status = okapi_vcard_to_message(*message, &why, vcard, i, pool, pool);
    MUST(status == APR_SUCCESS || (status == OKAPI_EFORMAT && why && *why));
    return status == APR_SUCCESS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_binary_t text = {data, size}, back;
    okapi_vcard_t *vcard, *again;
    okapi_message_t *messages[CARDS];
    const char *why;
    int n = 0;
    if (!store)
        begin();
    if (okapi_vcard_parse(&vcard, &why, text, pool) == APR_SUCCESS) {
        for (int i = 0; i < okapi_vcard_count(vcard) && n < CARDS; i++)
            n += fill(&messages[n], vcard, i, pool);
        for (int version = OKAPI_VCARD_AS_IT_CAME; n && version <= OKAPI_VCARD_40; version++)
            for (int flags = 0; flags <= OKAPI_VCARD_PLAIN; flags++) {
                MUST(okapi_vcard_from_messages(&back, messages, n, (okapi_vcard_version_e)version,
                                               flags, pool, pool) == APR_SUCCESS);
                MUST(okapi__utf8_valid(back));
                MUST(okapi_vcard_parse(&again, &why, back, pool) == APR_SUCCESS);
                MUST(okapi_vcard_count(again) == n);
            }
    } else {
        MUST(*why);
    }
    apr_pool_destroy(pool);
    return 0;
}
