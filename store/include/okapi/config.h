/* config.h - okapi.conf: what httpd, the tools and the delivery agent all have to know.
 *
 * One setting a line, "Name value", '#' begins a comment; names without case, as httpd's.
 */
#ifndef OKAPI_CONFIG_H
#define OKAPI_CONFIG_H

#include <okapi/types.h>

typedef enum okapi_send_tls_e {
    OKAPI_SEND_TLS_NONE,
    OKAPI_SEND_TLS_MAY,
    OKAPI_SEND_TLS_MUST
} okapi_send_tls_e;

/* Who gets a copy of what others send in his name: the sum of these. */
enum { OKAPI_SENT_COPY_AS = 1, OKAPI_SENT_COPY_BEHALF = 2 };

typedef struct okapi_config_t {
    const char *path;          /* the file itself */
    const char *database;      /* "sqlite3:/var/lib/okapi/store.db", "mysql:...", "pgsql:..." */
    const char *run_dir;       /* sessions, doorbell, locks; should be a tmpfs */
    const char *domain;        /* of addresses and of logins without one */
    const char *server_name;   /* how clients reach this server; default: the host's name */
    apr_int64_t max_message;   /* bytes of one message, delivered or saved */
    apr_int64_t max_header;    /* bytes of one message's header section */
    apr_int64_t mime_depth;    /* nested parts that are taken apart; deeper ones stay attachments */
    const char *extract_program; /* makes text of documents; "none", or a name or path */
    apr_int64_t connections;   /* database connections per process */
    apr_int64_t quota_warn;    /* limits of stores that have none of their own, bytes; 0: none */
    apr_int64_t quota_send;
    apr_int64_t quota_receive;
    apr_int64_t quota_bounce;  /* mail that is over the limit is refused for good */
    const char *address_separator; /* characters; NULL or "none": there are none */
    apr_int64_t detail_folders;    /* what follows one is a folder's name */
    apr_int64_t delivery_memory;   /* hours */
    const char *send_relay;       /* "smtp://localhost:25"; "none": nothing is sent */
    apr_int64_t send_tls;         /* okapi_send_tls_e */
    const char *send_ca_file;     /* "": the system's */
    const char *send_credentials; /* a file, its first line is user:password; "": none */
    const char *send_helo;        /* default: the server's name */
    apr_int64_t send_connections; /* messages one process sends at once */
    apr_int64_t send_timeout;     /* of one try; this and the following in seconds */
    apr_int64_t send_retry, send_retry_max, send_give_up;
    apr_int64_t sent_copy;        /* OKAPI_SENT_COPY_* */
    apr_int64_t max_recipients;   /* of one message */
} okapi_config_t;

/* Reads PATH. On an error *MESSAGE says file, line and what is wrong, and the status is
 * OKAPI_ECONFIG (or APR's if the file can't be read). */
apr_status_t okapi_config_read(okapi_config_t **config, const char **message, const char *path,
                               apr_pool_t *result_pool);

/* The text of a commented okapi.conf with every setting, its sentence of help and its default. */
const char *okapi_config_template(apr_pool_t *result_pool);

#endif
