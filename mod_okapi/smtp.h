/* smtp.h - a conversation with the mail server that takes what is sent: SMTP (RFC 5321), or LMTP
 * (RFC 2033) with Okapi itself.
 *
 * libcurl resolves, connects, encrypts and logs in; from there on it lends its connection. The mail
 * itself is handed over here, because each recipient has an answer of his own, and because what a
 * message needs of the server (8BITMIME, SMTPUTF8, DSN) is said with it.
 */
#ifndef OKAPI_SMTP_H
#define OKAPI_SMTP_H

#include <okapi/config.h>
#include <okapi/types.h>

typedef struct okapi__smtp_t okapi__smtp_t;

/* An answer, or what stands for one. */
typedef struct okapi__smtp_reply_t {
    int code;         /* 0: there was none, so nobody knows */
    const char *text; /* "550 5.1.1 there is no such user", one line */
} okapi__smtp_reply_t;

typedef struct okapi__smtp_mail_t {
    const char *sender;            /* "" is the null sender */
    const char *const *recipients; /* at most 100: RFC 5321 4.5.3.1.8 */
    int n;
    okapi_binary_t bytes;          /* any line ends */
    int wants_report;              /* of successful delivery, RFC 3461 */
} okapi__smtp_mail_t;

/* The server's libraries, once in a process before it has threads. */
apr_status_t okapi__smtp_init(void);

/* To the relay of CONFIG. All that happens on the connection happens before DEADLINE, and ends when
 * *STOPPING is set, unless it is only the answer to a whole message that is waited for.
 * Otherwise *ERROR says what is wrong, in RESULT_POOL, whose cleanup ends the connection. */
apr_status_t okapi__smtp_connect(okapi__smtp_t **smtp, const char **error,
                                 const okapi_config_t *config, apr_time_t deadline,
                                 const int *stopping, apr_pool_t *result_pool);

/* REPLIES[i], in RESULT_POOL, is what became of recipient I. After an error the connection is of no
 * use any more, and replies are those that came. */
apr_status_t okapi__smtp_send(okapi__smtp_t *smtp, const okapi__smtp_mail_t *mail,
                              okapi__smtp_reply_t *replies, apr_pool_t *result_pool);

#endif
