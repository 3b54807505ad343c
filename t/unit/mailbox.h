/* mailbox.h - a mailbox in a database of its own, for the tests of what lives in mailboxes. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/folder.h>

#include "engine_private.h"
#include "tap.h"
#include "test_database.h"

typedef struct mailbox_t {
    okapi_config_t config;
    okapi_t *okapi;
    okapi_user_t *user;
    okapi_store_t *store;
    okapi_folder_t *inbox;
    apr_pool_t *pool;
} mailbox_t;

/* A test has nothing to test without it. */
static inline void mailbox_must(apr_status_t status, const char *what)
{
    char buffer[200];
    if (status != APR_SUCCESS) {
        printf("Bail out! %s: %s\n", what, okapi_strerror(status, buffer, sizeof(buffer)));
        exit(1);
    }
}

static char mailbox_logged[200]; /* the beginning of the last line */

static inline void mailbox_log(void *baton, okapi_log_e level, apr_status_t status,
                               const char *line)
{
    apr_cpystrn(mailbox_logged, line, sizeof(mailbox_logged));
    diag("%s", line);
}

static apr_status_t mailbox_remove(void *dir)
{
    apr_pool_t *pool;
    apr_dir_t *d;
    apr_finfo_t entry;
    apr_pool_create(&pool, NULL);
    if (apr_dir_open(&d, dir, pool) == APR_SUCCESS) {
        while (apr_dir_read(&entry, APR_FINFO_NAME, d) == APR_SUCCESS) {
            unlink(apr_pstrcat(pool, dir, "/", entry.name, NULL));
        }
        apr_dir_close(d);
    }
    rmdir(dir);
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* Another engine on the database of MAILBOX, with its user, store and inbox: in a child process,
 * for instance. */
static inline void mailbox_open(mailbox_t *mailbox, apr_pool_t *pool)
{
    static const okapi_host_t host = {.log = mailbox_log};
    mailbox->pool = pool;
    mailbox_must(okapi_open(&mailbox->okapi, &mailbox->config, &host, pool, pool), "open");
    mailbox_must(okapi_user_by_login(&mailbox->user, mailbox->okapi, "john", pool, pool), "user");
    mailbox_must(okapi_store_open(&mailbox->store, mailbox->okapi, mailbox->user, mailbox->user,
                                  pool, pool),
                 "store");
    mailbox_must(okapi_folder_open(&mailbox->inbox, mailbox->store,
                                   okapi_store_special(mailbox->store, OKAPI_FOLDER_INBOX), pool,
                                   pool),
                 "inbox");
}

/* The mailbox of john, in a new database that goes away with POOL. */
static inline void mailbox_create(mailbox_t *mailbox, apr_pool_t *pool)
{
    static const okapi_host_t host = {.log = mailbox_log};
    okapi_t *okapi;
    apr_pool_t *making;
    const okapi_user_t user = {.name = "john", .email = "john@example.org",
                               .fullname = "John Doe"};
    const char *tmp;
    mailbox_must(apr_temp_dir_get(&tmp, pool), "temporary directory");
    char *dir = apr_pstrcat(pool, tmp, "/okapi-unit-XXXXXX", NULL);
    if (!mkdtemp(dir)) {
        mailbox_must(errno, "mkdtemp");
    }
    apr_pool_cleanup_register(pool, dir, mailbox_remove, apr_pool_cleanup_null);
    mailbox->config = (okapi_config_t){
        .path = "okapi.conf",
        .database = test_database(apr_pstrcat(pool, dir, "/store.db", NULL), pool),
        .run_dir = dir,
        .domain = "example.org",
        .server_name = "mail.example.org",
        .max_message = 100 * 1024 * 1024,
        .max_header = 1024 * 1024,
        .mime_depth = 50,
        .connections = 2,
        .address_separator = "+",
        .delivery_memory = 120,
    };
    apr_pool_create(&making, pool);
    mailbox_must(okapi_create(&mailbox->config, &host, making), "create");
    mailbox_must(okapi_open(&okapi, &mailbox->config, &host, making, making), "open");
    mailbox_must(okapi_user_add(okapi, &user, NULL, making), "user add");
    apr_pool_destroy(making);
    mailbox_open(mailbox, pool);
}

#endif
