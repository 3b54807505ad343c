/* submit.c - for t/30-delivery/send.t: what a client of any protocol does to send.
 *
 *   submit CONF ACTOR OWNER MODE [after=SECONDS] < MESSAGE
 *
 * ACTOR makes a message of this mail in OWNER's mailbox. MODE draft saves it in Drafts; raw submits
 * it as the client made it, plain without its bytes; abort does that and takes it back. Prints what
 * came of it: ok, or the symbol of an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/mime.h>
#include <okapi/submit.h>

enum { MAIL_MAX = 1 << 24 };

static void must(apr_status_t status, const char *what)
{
    char buffer[200];
    if (status != APR_SUCCESS) {
        fprintf(stderr, "submit: %s: %s\n", what, okapi_strerror(status, buffer, sizeof(buffer)));
        exit(1);
    }
}

static okapi_store_t *open_store(const char *conf, const char *actor, const char *owner,
                                 apr_pool_t *pool)
{
    okapi_config_t *config;
    const char *message = "";
    okapi_t *okapi;
    okapi_user_t *users[2];
    okapi_store_t *store;
    must(okapi_config_read(&config, &message, conf, pool), message);
    must(okapi_open(&okapi, config, NULL, pool, pool), "open");
    must(okapi_user_by_login(&users[0], okapi, actor, pool, pool), actor);
    must(okapi_user_by_login(&users[1], okapi, owner, pool, pool), owner);
    must(okapi_store_open(&store, okapi, users[0], users[1], pool, pool), "mailbox");
    return store;
}

static okapi_message_t *read_mail(okapi_store_t *store, int is_draft, apr_pool_t *pool)
{
    char *data = apr_palloc(pool, MAIL_MAX);
    okapi_binary_t raw = {(unsigned char *)data, fread(data, 1, MAIL_MAX, stdin)};
    okapi_message_t *message;
    must(okapi_message_create(&message, store,
                              okapi_store_special(store, is_draft ? OKAPI_FOLDER_DRAFTS
                                                                  : OKAPI_FOLDER_OUTBOX),
                              0, pool, pool),
         "create");
    must(okapi_mime_to_message(message, raw, pool, pool), "convert");
    return message;
}

static apr_status_t run(okapi_message_t *message, const char *mode, apr_pool_t *pool)
{
    if (strcmp(mode, "draft") == 0) {
        return okapi_message_save(message, 0, pool);
    }
    apr_status_t rv = okapi_submit(message, strcmp(mode, "raw") == 0 ? OKAPI_SUBMIT_RAW : 0, pool);
    return rv == APR_SUCCESS && strcmp(mode, "abort") == 0 ? okapi_submit_abort(message, pool) : rv;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    okapi_mime_init();
    if (argc < 5) {
        return 2;
    }
    okapi_store_t *store = open_store(argv[1], argv[2], argv[3], pool);
    okapi_message_t *message = read_mail(store, strcmp(argv[4], "draft") == 0, pool);
    if (argc > 5 && strncmp(argv[5], "after=", 6) == 0) {
        okapi_propval_t v = okapi_propval_time(
            PR_DEFERRED_SEND_TIME,
            okapi_time_from_apr(apr_time_now() + apr_time_from_sec(atoi(argv[5] + 6))));
        must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "time");
    }
    apr_status_t rv = run(message, argv[4], pool);
    const char *symbol = okapi_error_symbol(rv);
    printf("%s\n", rv == APR_SUCCESS ? "ok" : symbol ? symbol : "error");
    apr_pool_destroy(pool);
    return 0;
}
