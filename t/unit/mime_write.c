/* mime_write.c - messages as Internet mail: each kind of field, body and attachment. */
#include <okapi/mime.h>
#include <okapi/named.h>

#include "mailbox.h"

static okapi_message_t *draft(mailbox_t *m, const okapi_propval_t *values, int n, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_object_set(okapi_message_object(message), values, n, pool), "set");
    return message;
}

static const char *written(okapi_message_t *message, int flags, apr_pool_t *pool)
{
    okapi_binary_t raw;
    mailbox_must(okapi_mime_from_message(&raw, message, flags, pool, pool), "write");
    return apr_pstrmemdup(pool, (const char *)raw.data, raw.len);
}

static int has(const char *text, const char *part)
{
    int found = strstr(text, part) != NULL;
    if (!found)
        diag("no \"%s\" in:\n%s", part, text);
    return found;
}

int main(void)
{
    static mailbox_t m;
    apr_pool_t *pool = tap_pool();
    mailbox_create(&m, pool);
    mailbox_open(&m, pool);
    okapi_mime_init();
    const okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, "plain"),
                                      okapi_propval_str(PR_BODY, "hello\r\n")};
    const char *text = written(draft(&m, values, 2, pool), 0, pool);
    ok(has(text, "Subject: plain\r\n"), "a subject");
    ok(has(text, "\r\n\r\nhello\r\n"), "a body");
    return done_testing();
}
