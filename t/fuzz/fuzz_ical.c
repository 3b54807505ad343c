/* fuzz_ical.c - any bytes as iCalendar: what is read becomes messages, these iCalendar that is read
 * again, and their instances are found, all in bounded time. */
#include <okapi/ical.h>
#include <okapi/recurrence.h>

#include "charset.h"
#include "fuzz.h"
#include "mailbox.h"

enum { ITEMS = 5, INSTANCES = 1000 };

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

static int fill(okapi_message_t **message, const okapi_ical_t *ical, int i, apr_pool_t *pool)
{
    const char *why = NULL;
    MUST(okapi_message_create(message, store, inbox, 0, pool, pool) == APR_SUCCESS);
    apr_status_t status =
        okapi_ical_to_message(*message, &why, ical, i, "Europe/Berlin", pool, pool);
    MUST(status == APR_SUCCESS || (status == OKAPI_EFORMAT && why && *why));
    return status == APR_SUCCESS;
}

static void expand(okapi_message_t *message, apr_pool_t *pool)
{
    const okapi_time_t year = (okapi_time_t)366 * 86400 * 10000000;
    apr_array_header_t *instances;
    apr_status_t status =
        okapi_message_instances(&instances, message, 395 * year, 405 * year, INSTANCES, pool, pool);
    MUST(status == APR_SUCCESS || status == OKAPI_ETOOCOMPLEX || status == OKAPI_ENOSUPPORT ||
         status == OKAPI_EFORMAT);
    MUST(instances->nelts <= INSTANCES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_binary_t text = {data, size}, back;
    okapi_ical_t *ical, *again;
    const char *why;
    okapi_message_t *messages[ITEMS];
    int n = 0;
    if (!store)
        begin();
    if (okapi_ical_parse(&ical, &why, text, pool) == APR_SUCCESS) {
        for (int i = 0; i < okapi_ical_count(ical) && n < ITEMS; i++)
            n += fill(&messages[n], ical, i, pool);
        for (int i = 0; i < n; i++)
            expand(messages[i], pool);
        for (int plain = 0; plain < 2; plain++) {
            MUST(okapi_ical_from_messages(&back, messages, n, plain ? OKAPI_ICAL_PLAIN : 0, pool,
                                          pool) == APR_SUCCESS);
            MUST(okapi__utf8_valid(back));
            MUST(okapi_ical_parse(&again, &why, back, pool) == APR_SUCCESS);
            MUST(n == 0 || okapi_ical_count(again) > 0); /* what has one UID may be one then */
        }
    } else {
        MUST(*why);
    }
    apr_pool_destroy(pool);
    return 0;
}
